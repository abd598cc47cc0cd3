"""What-ifs against their episode, under common random numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim import ensemble, wholes
from alignsim.decision import JOINED
from alignsim.ensemble import Ensemble
from alignsim.scenario import Scenario
from alignsim.scores import Z95
from alignsim.weights import Parameters

MEASURES = {
    "joined at the end": "share of runs at level 2 or more at the last step",
    "level at the end": "mean level at the last step",
    "mean level": "mean level over all steps",
    "first joining": "mean first step at level 2 or more; a run that never joins counts all steps",
    "engagement at the end": "mean engagement at the last step",
}


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def compare(
    base: Scenario, variants: list[Scenario], parameters: Parameters, runs: int, seed: int
) -> list[dict[str, Any]]:
    """Differences of each what-if from the base, per state and measure, with 95 % intervals.

    Both sides draw the same uniforms, so that a run and its twin differ only by the cause; the
    interval is that of the mean paired difference over runs.
    """
    reference = ensemble.free_runs(base, parameters, runs, seed)
    rows = []
    for variant in variants:
        changed = ensemble.free_runs(variant, parameters, runs, seed)
        for state in [base.leader, *base.allies]:
            for measure in MEASURES:
                if measure.startswith("engagement") and state == base.leader:
                    continue
                rows.append(
                    {
                        "whatif": variant.name,
                        "episode": base.name,
                        "state": state,
                        "measure": measure,
                        **_difference(
                            _measured(reference, state, measure),
                            _measured(changed, state, measure),
                        ),
                    }
                )
    return rows


def _measured(runs: Ensemble, state: str, measure: str) -> NDArray[np.float64]:
    """One number a run."""
    if measure == "engagement at the end":
        return runs.chosen((state, "engagement", None))[:, -1].astype(np.float64)
    levels = runs.chosen((state, "level", None))
    joined = levels >= JOINED
    if measure == "joined at the end":
        return joined[:, -1].astype(np.float64)
    if measure == "level at the end":
        return levels[:, -1].astype(np.float64)
    if measure == "mean level":
        return np.asarray(levels.mean(axis=1), dtype=np.float64)
    never = levels.shape[1]
    first = np.where(joined.any(axis=1), joined.argmax(axis=1), never)
    return np.asarray(first, dtype=np.float64)


def _difference(base: NDArray[np.float64], changed: NDArray[np.float64]) -> dict[str, float]:
    paired = changed - base
    mean = float(paired.mean())
    error = float(paired.std(ddof=1) / np.sqrt(len(paired))) if len(paired) > 1 else 0.0
    return {
        "base": float(base.mean()),
        "changed": float(changed.mean()),
        "difference": mean,
        "low": mean - Z95 * error,
        "high": mean + Z95 * error,
    }
