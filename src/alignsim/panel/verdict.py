"""The registered forecast of 2022 against who had joined by the end of October 2022."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from alignsim import chain, outcomes, wholes
from alignsim import weights as weight_sets
from alignsim.decision import LevelTerms
from alignsim.documents import DocumentError
from alignsim.outcomes import Outcome, Word
from alignsim.panel import criteria, features, movers, panel_scores, registering
from alignsim.panel.criteria import WITHOUT, Found, Part
from alignsim.panel.registering import FROM_FLAT, Scored
from alignsim.panel.within import ALL_STATES, THEORY
from alignsim.scenario import Scenario

READINGS: dict[str, Word] = {
    "as recorded": "partial",
    "partial as joined": "yes",
    "partial as not joined": "no",
}
"""How partial records are counted; as recorded, they are left out."""
RECORDED = "as recorded"
WEIGHTS = "world-2014"
"""Draws that the registered forecast rests on."""
HIT, MISS, DOUBTFUL, NOT_COUNTED = "hit", "miss", "doubtful", "not counted"
"""Standing of a state: on the right side of a half, on the wrong one, with a partial record, or
without a record that counts."""


@dataclass(frozen=True)
class Verdict:
    """Scores by reading of partial records, criteria, and what each state cost."""

    scored: dict[str, Scored]
    criteria: pd.DataFrame
    states: pd.DataFrame
    diagnosis: pd.DataFrame


@wholes.taken(resamples=wholes.ONE_UP, seed=wholes.SEED)
def verdict(
    folder: Path,
    file: Path,
    without: Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Verdict:
    """Score the forecasts of a folder against a table of outcomes, and judge what was registered.

    ``without`` is a table of forecasts, iso3 and p_joined, by the theory without norms and the
    coalition. Deterministic. Raises DocumentError where a file is damaged or was changed since it
    was hashed, and ValueError where no state can be scored.
    """
    tables, scenario, before = registering.registered(folder)
    simpler = None if without is None else _table(without, scenario)
    ends = outcomes.read(file)
    scored, judged = {}, {}
    for name, word in READINGS.items():
        own = counted(ends, word)
        found = registering.score(tables, own, scenario, before, resamples, seed)
        scored[name] = found
        rivals = None
        if simpler is not None:
            two = {THEORY: tables[THEORY], WITHOUT: simpler}
            rivals = registering.score(two, own, scenario, before, resamples, seed).scores
        told = Found(tables, own, before, found.scores, found.calibration, rivals)
        judged[name] = criteria.parts(told)
    states = _states(tables, ends, scenario)
    return Verdict(
        scored,
        _criteria(criteria.sentences(folder), judged),
        states,
        _diagnosis(scenario, ends, states),
    )


def counted(ends: Mapping[str, Outcome], word: Word) -> dict[str, Outcome]:
    """Outcomes with every partial one read as a word."""
    return {
        state: one._replace(outcome=word) if one.outcome == "partial" else one
        for state, one in ends.items()
    }


def _table(file: Path, scenario: Scenario) -> pd.DataFrame:
    """A forecaster's table. Raises DocumentError."""
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no table"
        raise DocumentError(str(file), None, "", f"cannot be read: {reason}") from None
    for name in ("iso3", "p_joined"):
        if name not in table.columns:
            raise DocumentError(str(file), 1, "", f"column {name} is missing")
    if missing := sorted(set(scenario.allies) - set(table["iso3"])):
        raise DocumentError(str(file), None, "iso3", f"no {', '.join(missing[:5])}")
    return table


# --- sentence by sentence -------------------------------------------------------------------


def _criteria(
    sentences: Mapping[tuple[criteria.Counts, int], str], judged: Mapping[str, list[Part]]
) -> pd.DataFrame:
    """A row a part of a sentence. ``met`` and its two siblings say whether the part holds under
    each reading of partial records, ``sentence_met`` whether the whole sentence does, as recorded.
    """
    rows = []
    for place, part in enumerate(judged[RECORDED]):
        held = {name: parts[place].met for name, parts in judged.items()}
        whole = [
            one.met
            for one in judged[RECORDED]
            if (one.counts, one.number) == (part.counts, part.number)
        ]
        rows.append(
            {
                "counts": part.counts,
                "number": part.number,
                "sentence": sentences[part.counts, part.number],
                "part": part.part,
                "figure": part.figure,
                **{f"met {name}": _word(one) for name, one in held.items()},
                "sentence met": _word(criteria.together(part.counts, whole)),
            }
        )
    return pd.DataFrame(rows).rename(columns=lambda name: name.replace(" ", "_"))


def _word(held: bool | None) -> str:
    return {True: "met", False: "not met", None: "not known"}[held]


class Tally(NamedTuple):
    """How many of the registered sentences hold, and of how many."""

    counts: str
    met: int
    of: int


def tallies(table: pd.DataFrame) -> tuple[Tally, Tally]:
    """What counts for the theory, and what against it, of a table of criteria."""
    whole = table.drop_duplicates(["counts", "number"])

    def tally(counts: str) -> Tally:
        own = whole[whole["counts"] == counts]
        return Tally(counts, int((own["sentence_met"] == "met").sum()), len(own))

    return tally("for"), tally("against")


# --- state by state -------------------------------------------------------------------------


def _states(
    tables: Mapping[str, pd.DataFrame], ends: Mapping[str, Outcome], scenario: Scenario
) -> pd.DataFrame:
    """A row a state, the dearest first: forecast, outcome, standing, and its part in the loss.

    ``log_loss`` is minus the log of the probability given to what happened, ``share`` its part in
    the sum over units, a state of a union counting one over the union's size;
    ``log_loss_flat_prior`` is the same of the forecast by the flat prior.
    """
    joined = features.joined(ends, scenario)
    unit = features.unit(scenario)
    weight = panel_scores.unit_weights(unit.loc[joined.index])
    frame = tables[THEORY].set_index("iso3").loc[list(scenario.allies)]
    flat = tables[FROM_FLAT].set_index("iso3")["p_joined"].loc[frame.index]
    loss = _loss(frame["p_joined"], joined)
    weighed = loss * weight.reindex(frame.index)
    words = [ends[state].outcome if state in ends else "no outcome" for state in frame.index]
    found = pd.DataFrame(
        {
            "iso3": frame.index,
            "name": [scenario.label(state) for state in frame.index],
            "unit": unit.to_numpy(),
            "p_joined": frame["p_joined"].to_numpy(),
            "p_joined_low": frame["p_joined_low"].to_numpy(),
            "p_joined_high": frame["p_joined_high"].to_numpy(),
            "outcome": words,
            "standing": [
                _standing(float(p), word) for p, word in zip(frame["p_joined"], words, strict=True)
            ],
            "log_loss": loss.to_numpy(),
            "share": (weighed / weighed.sum()).to_numpy(),
            "p_joined_flat_prior": flat.to_numpy(),
            "log_loss_flat_prior": _loss(flat, joined).to_numpy(),
        }
    )
    return found.sort_values(["share", "iso3"], ascending=[False, True], ignore_index=True)


def _loss(p: pd.Series, joined: pd.Series) -> pd.Series:
    happened = joined.reindex(p.index)
    given = p.where(happened == 1.0, 1.0 - p)
    loss: pd.Series = -np.log(given).where(happened.notna())
    return loss


def _standing(p: float, word: str) -> str:
    if word in ("yes", "no"):
        return HIT if (p > criteria.HALF) == (word == "yes") else MISS
    return DOUBTFUL if word in ("partial", "ambiguous") else NOT_COUNTED


def _diagnosis(
    scenario: Scenario, ends: Mapping[str, Outcome], states: pd.DataFrame
) -> pd.DataFrame:
    """A row a unit, the dearest first: its terms in log odds with all others where they ended.

    ``log_odds`` is their sum: of having just joined against staying out, averaged over the draws
    of the registered weights. Level by level there is more to P(joined), so that the two differ.
    """
    levels = np.array(
        [float(ends[ally].level) if ally in ends else 0.0 for ally in scenario.allies]
    )
    terms = movers.weighed(scenario, weight_sets.read_draws(WEIGHTS), levels, opened=True)
    own = pd.DataFrame(terms, columns=list(LevelTerms._fields), index=list(chain.units(scenario)))
    own = own.loc[:, (own != 0.0).any()]
    told = states.groupby("unit", sort=False).agg(
        name=("name", "first"),
        p_joined=("p_joined", "first"),
        outcome=("outcome", "first"),
        share=("share", "sum"),
    )
    told["name"] = [scenario.label(unit) for unit in told.index]
    found = told.join(own.assign(log_odds=own.sum(axis=1)))
    order = np.argsort(-found["share"].to_numpy(), kind="stable")
    return found.iloc[order].reset_index(names="unit")


# --- in words -------------------------------------------------------------------------------


def said(scores: pd.DataFrame, table: pd.DataFrame, states: pd.DataFrame) -> str:
    """The verdict in three sentences, from the tables as they are written."""
    rows: dict[str, Any] = {
        str(row["forecaster"]): row
        for row in scores[scores["subset"] == ALL_STATES].to_dict("records")
    }
    mine, rival = rows[THEORY], rows[criteria.POSITION]
    hits, misses = (int((states["standing"] == one).sum()) for one in (HIT, MISS))
    good, bad = tallies(table)
    return (
        f"The forecast was on the right side of a half for {hits} of {hits + misses} states with a "
        f"clear record. Its log score is {mine['log_score']:.3f} against "
        f"{rival['log_score']:.3f} of the ideal point alone. Of {good.of} sentences registered to "
        f"count for the theory, {_came_true(good.met)}; of {bad.of} registered to count against "
        f"it, {_came_true(bad.met)}."
    )


def _came_true(count: int) -> str:
    return f"{count or 'none'} came true"
