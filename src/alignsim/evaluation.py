"""The main job: free-run forecasts of every episode beside documented history, and their scores."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim import baselines, ensemble, history, paths, reading, robustness, scores, wholes
from alignsim.decision import ALLY_GROUPS
from alignsim.ensemble import Ensemble
from alignsim.history import Documented, Key
from alignsim.robustness import Conclusion
from alignsim.scenario import Scenario
from alignsim.scores import Score

RUNS = 2000
MODEL = "model"
NEUTRAL = "model, neutral weights"
OUT_OF_SAMPLE = (("fitted-2014", "ukraine-2022"), ("fitted-2022", "crimea-2014"))
FIT_ON = {"fitted-2014": "crimea-2014", "fitted-2022": "ukraine-2022"}

Rows = paths.Rows


def single_group(group: str) -> str:
    """Name of the weight set, and forecaster, that knows one group only."""
    return f"{group.replace('_', '-')}-only"


SINGLE_GROUPS = tuple(single_group(group) for group in ALLY_GROUPS if group != "inertia")


@dataclass(frozen=True)
class Evaluation:
    """Everything ``alignsim reproduce`` reports."""

    runs: int
    seed: int
    ensembles: dict[str, Ensemble]  # by episode, under the shipped weights
    paths: Rows
    scores: Rows
    conclusions: list[Conclusion]

    def record(self) -> dict[str, Rows]:
        """The object that ``--json`` prints."""
        return {"paths": self.paths, "scores": self.scores}


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def evaluate(runs: int = RUNS, seed: int = 0, weights: str = "calibrated") -> Evaluation:
    """Forecast all shipped episodes in free runs, score them, and score every baseline.

    Runs carry what is not known of the weights, where a weight set has draws. The same seed gives
    the same result. Raises DocumentError for a fault in a shipped file.
    """
    scenarios = {name: reading.read(name) for name in reading.shipped("episodes")}
    pool = {name: history.documented(scenario) for name, scenario in scenarios.items()}
    roles = {name: baselines.roles(scenario) for name, scenario in scenarios.items()}
    ensembles = {
        name: ensemble.posterior_runs(scenario, weights, runs, seed)
        for name, scenario in scenarios.items()
    }
    rows_of_paths: Rows = []
    rows: Rows = []
    for name, scenario in scenarios.items():
        rows_of_paths += paths.of_ensemble(ensembles[name], pool[name])
        rows += model_rows(ensembles[name], pool[name], MODEL, "all")
        for other, label, fit_on in _rivals():
            forecast = ensemble.posterior_runs(scenario, other, runs, seed)
            rows += model_rows(forecast, pool[name], label, fit_on)
        rows += _baseline_rows(scenario, pool, roles)
    for weight_set, name in OUT_OF_SAMPLE:
        forecast = ensemble.posterior_runs(scenarios[name], weight_set, runs, seed)
        rows += model_rows(forecast, pool[name], MODEL, FIT_ON[weight_set])
    settled = robustness.conclusions(scenarios, runs, seed)
    return Evaluation(runs, seed, ensembles, rows_of_paths, rows, settled)


def _rivals() -> Iterable[tuple[str, str, str]]:
    """Other weight sets to score: neutral ones, and each group of the theory alone."""
    yield "neutral", NEUTRAL, "none"
    for name in SINGLE_GROUPS:
        yield name, name.replace("-", " "), "all"


def model_rows(forecast: Ensemble, records: list[Documented], forecaster: str, fit_on: str) -> Rows:
    """Scores of an ensemble, one row a documented decision of the episode."""
    chances = {key: scores.smoothed(forecast.counts(key)) for key in history.by_key(records)}
    return score_rows(forecast.scenario, records, chances, forecaster, fit_on)


def _baseline_rows(
    scenario: Scenario,
    pool: dict[str, list[Documented]],
    roles: dict[str, dict[str, baselines.Role]],
) -> Rows:
    rows: Rows = []
    records = pool[scenario.name]
    for name, forecasts in baselines.forecasts(scenario, records, pool, roles).items():
        fit_on = "all" if name == "base rate" else "none"
        rows += score_rows(scenario, records, forecasts, name, fit_on)
    return rows


def score_rows(
    scenario: Scenario,
    records: list[Documented],
    chances: dict[Key, NDArray[np.float64]],
    forecaster: str,
    fit_on: str,
) -> Rows:
    """Scores of forecasts, shape (steps, options) each, at the documented steps."""
    rows = []
    for key, documented in history.by_key(records).items():
        if key not in chances:
            continue
        state, decision, toward = key
        steps = [record.step for record in documented]
        result = scores.score(
            chances[key][steps],
            np.array([record.value for record in documented]),
            decision,
            ordinal=not (decision == "stance" and state == scenario.leader),
        )
        rows.append(
            {
                "episode": scenario.name,
                "state": state,
                "decision": decision,
                "toward": toward,
                "forecaster": forecaster,
                "fit_on": fit_on,
                **asdict(result),
            }
        )
    return rows


def means(rows: Rows, allies: set[str], decision: str = "level") -> Rows:
    """Mean scores over allies and episodes of each forecaster, best ranked probability score first.

    Only forecasters that forecast every episode are compared; out-of-sample rows stay out.
    """
    grouped: dict[tuple[str, str], Rows] = {}
    for row in rows:
        if row["decision"] == decision and row["state"] in allies:
            grouped.setdefault((row["forecaster"], row["fit_on"]), []).append(row)
    longest = max(len(group) for group in grouped.values())
    result = []
    for (forecaster, fit_on), group in grouped.items():
        if len(group) == longest:
            mean = scores.mean_score([_score(row) for row in group])
            result.append({"forecaster": forecaster, "fit_on": fit_on, **asdict(mean)})
    return sorted(result, key=lambda row: (row["rps"], row["forecaster"]))


def _score(row: dict[str, Any]) -> Score:
    return Score(**{field.name: row[field.name] for field in fields(Score)})


def out_of_sample(rows: Rows) -> Rows:
    """The rows of weights fitted on one episode and scored on another."""
    return [row for row in rows if row["fit_on"] in FIT_ON.values()]
