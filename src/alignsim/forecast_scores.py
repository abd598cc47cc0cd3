"""Scores of out-of-sample forecasts beside every baseline, and the diagnosis of what failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignsim import baselines, documents, evaluation, forecasts, history, jobs, reading
from alignsim.agents import Decision
from alignsim.decision import JOINED, total
from alignsim.evaluation import MODEL, Rows
from alignsim.forecasts import Forecast, Plan
from alignsim.history import Documented, Key
from alignsim.hypotheses import Judged
from alignsim.model import AlignmentModel
from alignsim.scenario import Scenario, options
from alignsim.scores import smoothed
from alignsim.weights import Parameters

SCORES, CALIBRATION, DIAGNOSIS = "scores.csv", "calibration.csv", "diagnosis.csv"
BINS = 10
KEPT = ("level", "engagement")


def score(plan: Plan, folder: Path) -> dict[str, pd.DataFrame]:
    """Score the forecasts of a folder as they were written, and write the tables beside them.

    ``scores`` has a row a forecast, decision and forecaster; ``calibration`` sets probabilities
    against what happened; ``diagnosis`` has a row a decision of an ally that the forecast missed.
    Raises DocumentError where the forecasts are not those that were hashed.
    """
    table = forecasts.reread(folder, plan)
    found = {
        "scores": _scores(plan, table),
        "calibration": _calibration(plan, table),
        "diagnosis": _diagnoses(plan, table, folder),
    }
    for name, file in zip(found, (SCORES, CALIBRATION, DIAGNOSIS), strict=True):
        text = found[name].to_csv(index=False, float_format="%.6g", lineterminator="\n")
        documents.write_whole(folder / file, text)
    return found


def _records(one: Forecast, scenario: Scenario, fitted: bool = False) -> list[Documented]:
    """Documented decisions that a forecast is scored on, or that its weights have seen."""
    known = history.documented(scenario)
    if not fitted:
        return [r for r in known if one.judges(scenario, r.state, r.decision)]
    counts = Judged(episodes=one.fit_on, allies=one.fit_allies).counts(scenario)
    return [r for r in known if counts(r.state, r.decision, r.toward)]


# --- scores ---------------------------------------------------------------------------------


def _scores(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    rows: Rows = []
    for name, one in plan.specification.forecasts.items():
        for episode in one.score:
            scenario = reading.read(episode)
            records = _records(one, scenario)
            runs = plan.specification.draws * plan.specification.runs_a_draw
            own = _chances(table, name, scenario, records, runs)
            scored = evaluation.score_rows(scenario, records, own, MODEL, name)
            for label, chances in _baselines(one, scenario, records).items():
                scored += evaluation.score_rows(scenario, records, chances, label, name)
            rows += [{"forecast": name, **row} for row in scored]
    return pd.DataFrame(rows).drop(columns=["toward", "fit_on"])


def _chances(
    table: pd.DataFrame, name: str, scenario: Scenario, records: list[Documented], runs: int
) -> dict[Key, Any]:
    """Forecast probabilities (T, K) of each decision, smoothed as those of any ensemble."""
    found = {}
    for key in history.by_key(records):
        own = _course(table, name, scenario.name, key)
        size = len(options(scenario, key[0], key[1]))
        shares = own[[f"p{option}" for option in range(size)]].to_numpy()
        found[key] = smoothed(np.round(shares * runs))
    return found


def _course(table: pd.DataFrame, name: str, episode: str, key: Key) -> pd.DataFrame:
    state, decision, _ = key
    where = (table["forecast"] == name) & (table["episode"] == episode)
    return table[where & (table["state"] == state) & (table["decision"] == decision)]


def _baselines(
    one: Forecast, scenario: Scenario, records: list[Documented]
) -> dict[str, dict[Key, Any]]:
    """Every baseline; the base rate is that of the decisions that the weights have seen."""
    fitted = {name: reading.read(name) for name in one.fit_on}
    pool = {name: _records(one, other, fitted=True) for name, other in fitted.items()}
    roles = {name: baselines.roles(other) for name, other in fitted.items()}
    # The leader's course is given to those that follow it, whatever is scored.
    known = history.documented(scenario)
    made = baselines.forecasts(scenario, known, pool, roles)
    keys = set(history.by_key(records))
    return {
        label: {key: chances for key, chances in own.items() if key in keys}
        for label, own in made.items()
    }


def _calibration(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Forecast probabilities of single options against how often these happened.

    A row a bin of equal width: number of forecasts, their mean probability, share that happened.
    Allies' levels and engagement only; decisions a step apart are no independent trials.
    """
    chances: list[float] = []
    happened: list[bool] = []
    for name, one in plan.specification.forecasts.items():
        for episode in one.score:
            scenario = reading.read(episode)
            for key, records in history.by_key(_records(one, scenario)).items():
                if key[0] not in scenario.allies:
                    continue
                own = _course(table, name, episode, key)
                for option in range(len(options(scenario, key[0], key[1]))):
                    shares = own[f"p{option}"].to_numpy()
                    chances += [float(shares[record.step]) for record in records]
                    happened += [record.value == option for record in records]
    bins = np.minimum((np.array(chances) * BINS).astype(int), BINS - 1)
    frame = pd.DataFrame({"bin": bins, "probability": chances, "happened": happened})
    found = frame.groupby("bin").agg(
        forecasts=("probability", "size"),
        probability=("probability", "mean"),
        happened=("happened", "mean"),
    )
    return found.reset_index(drop=True)


# --- what failed, and why -------------------------------------------------------------------


def _diagnoses(plan: Plan, table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    wanted = [job for one in plan.calibrations.values() for job in one.jobs()]
    results = jobs.run(wanted, folder / "samples")
    for (name, one), result in zip(plan.specification.forecasts.items(), results, strict=True):
        weights = forecasts.centre(forecasts.draws(result))
        for episode in one.score:
            scenario = reading.read(episode)
            replay = AlignmentModel(history.replayed(scenario), weights, rng=0).run_all()
            for record in _records(one, scenario):
                if record.state in scenario.allies:
                    key = (record.state, record.decision, record.toward)
                    forecast = _course(table, name, episode, key).iloc[record.step]
                    if not record.low <= forecast["modal"] <= record.high:
                        rows.append(_diagnosis(name, scenario, record, forecast, replay, weights))
    columns = ["forecast", "episode", "state", "decision", "date", "documented", "modal"]
    columns += ["probability", "given_past", "side_missed", "term", "factor", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _diagnosis(
    name: str,
    scenario: Scenario,
    record: Documented,
    forecast: Any,
    replay: AlignmentModel,
    weights: Parameters,
) -> dict[str, Any]:
    """One missed decision: was it the past that was forecast wrongly, or the decision itself?"""
    (made,) = (
        one
        for one in replay.decisions
        if (one.step, one.state, one.decision) == (record.step, record.state, record.decision)
    )
    given = total(made.probabilities[record.low : record.high + 1])
    term, factor, reason = "", None, "earlier steps: given the documented past it is the likeliest"
    best = int(np.argmax(made.utilities))
    if not record.low <= best <= record.high:
        term, factor, reason = turning_point(made, record.value, best)
    joined = [option >= JOINED for option in (record.value, forecast["modal"])]
    return {
        "forecast": name,
        "episode": scenario.name,
        "state": record.state,
        "decision": record.decision,
        "date": record.date,
        "documented": record.value,
        "modal": int(forecast["modal"]),
        "probability": total(
            tuple(float(forecast[f"p{o}"]) for o in range(record.low, record.high + 1))
        ),
        "given_past": float(given),
        "side_missed": record.decision == "level" and joined[0] != joined[1],
        "term": term,
        "factor": factor,
        "reason": reason,
    }


def turning_point(made: Decision, documented: int, best: int) -> tuple[str, float, str]:
    """The term that would have had to differ least for the documented option to be the likeliest.

    A term is its weight times an index of inputs, so that the factor may be of either: how many
    times as large it would have had to be for the two options to draw level. No single factor,
    0 or above, does it where none is found.
    """
    deficit = made.utilities[best] - made.utilities[documented]
    candidates = []
    for name, here in made.terms[documented].items():
        gain = here - made.terms[best][name]
        if gain > 0.0:
            candidates.append((np.log1p(deficit / gain), name, 1.0 + deficit / gain))
        elif gain < -deficit:
            factor = 1.0 + deficit / gain
            candidates.append((-np.log(factor), name, factor))
    if not candidates:
        return "", float("nan"), "no single term: several would have had to differ"
    _, name, factor = min(candidates)
    readable = name.replace("_", " ")
    return name, float(factor), f"{readable}, or its inputs, {factor:.2f} times as large"


# --- in words -------------------------------------------------------------------------------


def sides(plan: Plan, found: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Of each forecast and ally: probability of the documented side at the end, right or wrong."""
    own = found["scores"]
    own = own[(own["forecaster"] == MODEL) & (own["decision"] == "level")]
    rows = []
    for row in own.to_dict("records"):
        scenario = reading.read(row["episode"])
        if row["state"] in scenario.allies:
            rows.append(
                {
                    "forecast": row["forecast"],
                    "episode": row["episode"],
                    "state": row["state"],
                    "p_documented_side": row["p_documented_side"],
                    "right": row["p_documented_side"] > 0.5,
                }
            )
    return rows


def means(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean scores of the allies' levels and engagement by forecast and forecaster, best first."""
    own = found["scores"]
    allied = own[own["state"].isin(_allies(own)) & own["decision"].isin(KEPT)]
    fields = ["rps", "log_score", "p_documented_side", "share_exact"]
    table = allied.groupby(["decision", "forecast", "forecaster"], sort=False)[fields].mean()
    return table.reset_index().sort_values(["decision", "forecast", "rps"], kind="stable")


def _allies(scores: pd.DataFrame) -> Sequence[str]:
    found: set[str] = set()
    for episode in scores["episode"].unique():
        found |= set(reading.read(episode).allies)
    return sorted(found)


def record(plan: Plan, found: dict[str, pd.DataFrame], manifest: dict[str, Any]) -> dict[str, Any]:
    """What ``--json`` prints."""

    def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
        records: Any = table.to_dict("records")
        return [
            {key: None if value != value else value for key, value in row.items()}
            for row in records
        ]

    return {
        "name": plan.specification.name,
        "sha256": manifest["sha256"],
        "sides": sides(plan, found),
        "means": rows(means(found)),
        "calibration": rows(found["calibration"]),
        "diagnosis": rows(found["diagnosis"]),
    }
