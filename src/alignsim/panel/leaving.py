"""Leaving units or regions out: what weights that have not seen them say of them.

Draws of the whole posterior are weighed by one over the likelihood of what is left out, smoothed
(Vehtari et al. 2024: Pareto smoothed importance sampling). Where that is not reliable, and where
an episode's decisions of the same state would tell, the weights are sampled again without.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import chain, jobs, wholes
from alignsim.extras import imported
from alignsim.jobs import Result
from alignsim.panel import fits
from alignsim.panel.fits import Fitted, Told
from alignsim.panel.specification import Specification
from alignsim.scenario import Scenario

Floats = NDArray[np.float64]
By = Callable[[Fitted], Floats]
"""P(joined) of each unit by each draw of a fit, (draws, U)."""

RELIABLE = 0.7
"""Largest Pareto shape at which the smoothed weights are trusted."""
EVEN = 0.9
"""Share of effective draws from which weights are so even that their shape says nothing."""


@dataclass(frozen=True)
class LeftOut:
    """What is said of the units of one group by weights that have not seen them."""

    group: str
    units: tuple[int, ...]
    fitted: Fitted
    weights: Floats  # (draws,), summing to one
    shape: float
    """Pareto shape; NaN where the weights were sampled again."""

    def mean(self, values: Floats) -> Floats:
        """Mean over the draws of values (draws, ...)."""
        return np.asarray(np.tensordot(self.weights, values, axes=1))


@wholes.taken(workers=wholes.ONE_UP)
def left_out(
    specification: Specification,
    scenario: Scenario,
    fitted: Fitted,
    groups: pd.Series,
    folder: Path,
    workers: int = 1,
    told: Told = lambda done, name: None,
    resample: bool = True,
) -> list[LeftOut]:
    """One entry a group; ``groups`` labels every ally, those of a unit alike.

    Without ``resample``, draws are weighed however unreliable that is; their shape tells.
    """
    grouped = chain.units(scenario)
    names = list(grouped)
    labels = {unit: str(groups[own[0]]) for unit, own in grouped.items()}
    found: dict[str, LeftOut] = {}
    again: dict[str, list[str]] = {}
    for group in dict.fromkeys(labels.values()):
        own = [unit for unit in names if labels[unit] == group]
        places = tuple(names.index(unit) for unit in own)
        counted = [place for place in places if not np.isnan(fitted.logs[0, place])]
        if set(own) & set(fitted.fit.without):
            again[group] = own
            continue
        weights, shape = _smoothed(-fitted.logs[:, counted].sum(axis=1))
        even = 1.0 / np.square(weights).sum() > EVEN * len(weights)
        if resample and shape > RELIABLE and not even:
            again[group] = own
        found[group] = LeftOut(group, places, fitted, weights, shape)
    for group, result in _again(specification, fitted, again, folder, workers, told).items():
        places = tuple(names.index(unit) for unit in again[group])
        fresh = Fitted(fitted.name, fitted.fit, result, fitted.world)
        even = np.full(len(fresh.drawn), 1.0 / len(fresh.drawn))
        found[group] = LeftOut(group, places, fresh, even, float("nan"))
    return [found[group] for group in dict.fromkeys(labels.values())]


def _smoothed(logs: Floats) -> tuple[Floats, float]:
    """Normalised smoothed weights of draws, and the Pareto shape."""
    if np.ptp(logs) == 0.0:
        return np.full(len(logs), 1.0 / len(logs)), float("-inf")
    smoothed, shape = imported("arviz").psislw(logs)
    weights = np.exp(np.asarray(smoothed))
    return weights / weights.sum(), float(shape)


def _again(
    specification: Specification,
    fitted: Fitted,
    groups: dict[str, list[str]],
    folder: Path,
    workers: int,
    told: Told,
) -> dict[str, Result]:
    """Samples without each group; an episode then counts by its other allies alone."""
    wanted = []
    for own in groups.values():
        kept = tuple(ally for ally in fitted.fit.without if ally not in own)
        touched = set(own) & set(fitted.fit.without)
        wanted.append(fits.job(specification, fitted.name, own, kept if touched else None))
    results = jobs.run(wanted, folder / "samples", workers, told) if wanted else []
    return dict(zip(groups, results, strict=True))


def p_joined(scenario: Scenario, parts: Sequence[LeftOut], by: By) -> pd.Series:
    """P(joined) of every ally by weights that have not seen its group."""
    grouped = list(chain.units(scenario).values())
    found: dict[str, float] = {}
    for part in parts:
        chances = part.mean(by(part.fitted)).clip(0.0, 1.0)  # sums round beyond one
        for unit in part.units:
            found |= dict.fromkeys(grouped[unit], float(chances[unit]))
    return pd.Series(found).loc[list(scenario.allies)]
