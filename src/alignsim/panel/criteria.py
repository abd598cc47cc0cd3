"""What was registered with the forecast of 2022, sentence by sentence, against what happened.

The sentences are read from ``preregistration.md`` beside the forecast. Here stands what each asks
of the scores and of the states.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from alignsim import documents
from alignsim.documents import DocumentError
from alignsim.outcomes import Outcome
from alignsim.panel import baselines
from alignsim.panel.within import ALL_STATES, NEW_STATES, THEORY

REGISTRATION = "preregistration.md"
Counts = Literal["for", "against"]
HEADS: dict[Counts, str] = {
    "for": "**What would count for the theory**",
    "against": "**What would count against it**",
}
UNLIKELY, HALF = 0.05, 0.5
AREA = 0.9
"""Least area under the curve that counts for the theory."""
MOST_UNLIKELY, MOST_DOUBTFUL, LEAST_MOVERS = 4, 9, 6
"""How many may join of those given less than 0.05 and of those given 0.05 to 0.5, and how many
movers have to."""
SURPRISES, FEW_MOVERS = 5, 4
"""From how many of the unlikely, and up to how many of the movers, it counts against the theory."""
WITHOUT = "theory without norms and coalition"
POSITION, ALL_INDICATORS, CLUBS, RATE = (
    "ideal point", "penalised logit", "ideal point, NATO, EU", "base rate",
)  # fmt: skip
SAME = baselines.SAME.name
MEASURES = {"log_score": "log score", "brier": "Brier score"}


@dataclass(frozen=True)
class Part:
    """One comparison that a sentence asks for: what it is, the figure, and whether it holds."""

    counts: Counts
    number: int
    part: str
    figure: str
    met: bool | None
    """None where what it asks for was not given."""


@dataclass(frozen=True)
class Found:
    """What the parts are judged by: forecasts, outcomes, scores and calibration curves."""

    tables: Mapping[str, pd.DataFrame]
    ends: Mapping[str, Outcome]
    before: Mapping[str, Outcome]
    scores: pd.DataFrame
    calibration: pd.DataFrame
    without: pd.DataFrame | None
    """Scores of theory and WITHOUT on all states."""


def parts(found: Found) -> list[Part]:
    """Every comparison of every sentence, in the order of the registration."""
    mixed = [f"{name} + {SAME}" for name in (POSITION, ALL_INDICATORS, CLUBS)]
    rivals = (POSITION, ALL_INDICATORS, *mixed[:2])
    area = _row(found.scores, NEW_STATES, THEORY)["auc"]
    return [
        *(
            _better("for", 1, found.scores, rival, measure, ALL_STATES)
            for rival in rivals
            for measure in MEASURES
        ),
        *(
            _better("for", 2, found.scores, rival, "log_score", NEW_STATES)
            for rival in (RATE, POSITION, SAME)
        ),
        Part(
            "for", 2, f"area under the curve, {NEW_STATES}", f"{area:.3f}; above {AREA}",
            area > AREA,
        ),
        _movers("for", 3, found, lambda count: count >= LEAST_MOVERS, f"{LEAST_MOVERS} or more"),
        _band("for", 4, found, (0.0, UNLIKELY), lambda count: count <= MOST_UNLIKELY,
              f"no more than {MOST_UNLIKELY}"),
        _band("for", 4, found, (UNLIKELY, HALF), lambda count: count <= MOST_DOUBTFUL,
              f"no more than {MOST_DOUBTFUL}"),
        *_calibrated(found.calibration),
        *(
            _worse("against", 1, found.scores, rival) for rival in (CLUBS, mixed[2])
        ),
        _band("against", 2, found, (0.0, UNLIKELY), lambda count: count >= SURPRISES,
              f"{SURPRISES} or more"),
        _movers("against", 3, found, lambda count: count <= FEW_MOVERS, f"{FEW_MOVERS} or fewer"),
        *_simpler(found.without),
    ]  # fmt: skip


# --- scores ---------------------------------------------------------------------------------


def _row(scores: pd.DataFrame, subset: str, forecaster: str) -> dict[str, Any]:
    own = scores[(scores["subset"] == subset) & (scores["forecaster"] == forecaster)]
    return {str(name): value for name, value in own.iloc[0].items()}


def _lead(scores: pd.DataFrame, subset: str, rival: str, measure: str) -> tuple[float, str]:
    """By how much the theory is ahead, above 0 where it is better; and the figure in words."""
    mine, other = (_row(scores, subset, name) for name in (THEORY, rival))
    sign = -1.0 if measure == "log_score" else 1.0
    lead = sign * other[f"{measure}_difference"]
    ends = sorted(sign * other[f"{measure}_difference_{end}"] for end in ("low", "high"))
    return lead, (
        f"{mine[measure]:.4f} against {other[measure]:.4f}; "
        f"ahead by {lead:+.4f} [{ends[0]:+.4f}, {ends[1]:+.4f}]"
    )


def _better(
    counts: Counts, number: int, scores: pd.DataFrame, rival: str, measure: str, subset: str
) -> Part:
    lead, figure = _lead(scores, subset, rival, measure)
    part = f"{MEASURES[measure]} better than {rival}, {subset}"
    return Part(counts, number, part, figure, lead > 0.0)


def _worse(counts: Counts, number: int, scores: pd.DataFrame, rival: str) -> Part:
    lead, figure = _lead(scores, ALL_STATES, rival, "log_score")
    return Part(counts, number, f"log score worse than {rival}, {ALL_STATES}", figure, lead < 0.0)


def _simpler(without: pd.DataFrame | None) -> list[Part]:
    """Whether the theory does better without the terms that it names as movers."""
    found = []
    for measure, words in MEASURES.items():
        part = f"{words} better without norms and the coalition, {ALL_STATES}"
        if without is None:
            found.append(Part("against", 4, part, "not fitted", None))
        else:
            lead, figure = _lead(without, ALL_STATES, WITHOUT, measure)
            found.append(Part("against", 4, part, figure, lead < 0.0))
    return found


# --- states ---------------------------------------------------------------------------------


def movers(tables: Mapping[str, pd.DataFrame], before: Mapping[str, Outcome]) -> list[str]:
    """States held to be more likely in than out that 2014 records as out or unclear."""
    table = tables[THEORY].sort_values("p_joined", ascending=False, kind="stable")
    chosen = table["iso3"][table["p_joined"] >= HALF]
    return [state for state in chosen if before[state].outcome != "yes"]


def _joined(found: Found, states: list[str]) -> list[str]:
    return [state for state in states if state in found.ends and found.ends[state].joined == 1.0]


def _movers(counts: Counts, number: int, found: Found, holds: Any, bar: str) -> Part:
    own = movers(found.tables, found.before)
    return _count(counts, number, found, own, f"movers that joined: {bar}", holds)


def _band(
    counts: Counts, number: int, found: Found, ends: tuple[float, float], holds: Any, bar: str
) -> Part:
    """Of those given a probability from one end to below the other, how many joined."""
    low, high = ends
    table = found.tables[THEORY]
    inside = (table["p_joined"] >= low) & (table["p_joined"] < high)
    given = f"less than {high:g}" if low == 0.0 else f"{low:g} to {high:g}"
    part = f"states given {given} that joined: {bar}"
    return _count(counts, number, found, list(table["iso3"][inside]), part, holds)


def _count(
    counts: Counts, number: int, found: Found, states: list[str], part: str, holds: Any
) -> Part:
    table = found.tables[THEORY].set_index("iso3")["p_joined"]
    joined = _joined(found, states)
    named = f" ({', '.join(joined)})" if joined else ""
    figure = f"{len(joined)} of {len(states)}{named}; {table.loc[states].sum():.1f} expected"
    return Part(counts, number, part, figure, bool(holds(len(joined))))


def _calibrated(calibration: pd.DataFrame) -> list[Part]:
    """A part a bin of the theory's curve on all states."""
    own = calibration[(calibration["subset"] == ALL_STATES) & (calibration["forecaster"] == THEORY)]
    found = []
    for row in own.to_dict("records"):
        holds = row["low"] <= row["forecast"] <= row["high"]
        figure = (
            f"forecast {row['forecast']:.3f}, joined {row['observed']:.3f} "
            f"[{row['low']:.3f}, {row['high']:.3f}]"
        )
        part = f"bin {row['bin_low']:g} to {row['bin_high']:g} holds the diagonal"
        found.append(Part("for", 5, part, figure, bool(holds)))
    return found


# --- sentences ------------------------------------------------------------------------------


def sentences(folder: Path) -> dict[tuple[Counts, int], str]:
    """The registered sentences by side and number. Raises DocumentError without them."""
    file = folder / REGISTRATION
    text = documents.text(file)
    found: dict[tuple[Counts, int], str] = {}
    for counts, head in HEADS.items():
        _, _, rest = text.partition(head)
        section = rest.partition("\n**")[0]
        for number, sentence in re.findall(r"^(\d+)\. (.+)$", section, re.MULTILINE):
            found[counts, int(number)] = sentence
        if not section.strip():
            raise DocumentError(str(file), None, "", f"has no part {head.strip('*')!r}")
    return found


def together(counts: Counts, held: list[bool | None]) -> bool | None:
    """Whether a sentence holds. One that counts for the theory asks for all its parts; one that
    counts against it, for any. None where that cannot be told.
    """
    known = [one for one in held if one is not None]
    if counts == "for":
        return False if False in known else (None if len(known) < len(held) else True)
    return True if True in known else (None if len(known) < len(held) else False)
