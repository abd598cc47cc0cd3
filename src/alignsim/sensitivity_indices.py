"""Sensitivity indices of numbers computed at the points of a design, and boxes of scenarios.

First-order and total indices by Saltelli et al. (2010), after Sobol' (2001); elementary effects by
Morris (1991) with the mean of their sizes by Campolongo et al. (2007), all computed by SALib.
Boxes by the patient rule induction method (PRIM) of Friedman and Fisher (1999), as EMA Workbench
has it for scenario discovery (Bryant and Lempert 2010).

Values that are not a number are of points that failed. Nothing here knows the model: a function
with known indices goes the same way.
"""

import math
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import designs_screening, extras, wholes
from alignsim.designs import Saltelli
from alignsim.designs_screening import Morris

Floats = NDArray[np.float64]

CONFIDENCE = (0.025, 0.975)
"""Quantiles of the bootstrap that an interval spans: 95 %."""
RESAMPLES = 500
LEAST = 1e-9
"""Standard deviation below which an outcome does not vary."""
CARRIERS = 10.0
"""Fewest points, in effect, that the variance of an outcome may rest on."""
PEEL = 0.05
"""Share of a box that a peel takes off."""
CASES = 20
"""Fewest points with the outcome, and without it, that a box is looked for in."""
SIDE, WHOLE = 0.001, 0.01
"""Chance above which a side of a box is dropped (quasi-p value, Bryant and Lempert 2010), and
above which the unseen points do not confirm the box."""


class Index(NamedTuple):
    """An index of a factor, by its column; ``low`` and ``high`` are its 95 % interval, if any."""

    factor: int
    name: str
    value: float
    low: float
    high: float


class Restriction(NamedTuple):
    """The interval that a factor, by its column, is restricted to; 0 or 1 where it is not."""

    factor: int
    low: float
    high: float


class Box(NamedTuple):
    """Where an outcome is common: ``density`` of the points in the box have it.

    ``coverage`` is the share of all points with the outcome that lie in it, ``mass`` that of all
    points; all in 0 to 1.
    """

    coverage: float
    density: float
    mass: float
    restrictions: tuple[Restriction, ...]


def varies(values: Floats) -> bool:
    """Whether values, those that are numbers, differ at enough points to have indices.

    The points that the variance rests on are (sum d^2)^2 / sum d^4, d being the distance from the
    mean: all n of a coin's throws, n / 1.8 of a uniform variable, one of a single exception.
    """
    known = values[~np.isnan(values)]
    if len(known) < CARRIERS or float(known.std()) <= LEAST:
        return False
    squares = (known - known.mean()) ** 2
    return float(squares.sum() ** 2 / (squares**2).sum()) >= CARRIERS


def whole_blocks(values: Floats, size: int) -> NDArray[np.bool_]:
    """Which blocks of ``size`` consecutive points have a value at every point, (blocks,)."""
    return np.asarray(~np.isnan(values.reshape(-1, size)).any(axis=1))


@wholes.taken(seed=wholes.SEED)
def sobol(design: Saltelli, values: Floats, seed: int) -> list[Index]:
    """``first-order`` and ``total`` indices of each factor; none of values that do not vary.

    ``values`` (points,) are in the order of the design, which has no second order. Blocks with a
    failed point are left out. The bootstrap resamples blocks. An index is a share of the
    variance; an estimate may lie a little outside of 0 to 1.
    """
    if design.second_order:
        raise ValueError("expected a design without second order")
    size = design.factors + 2
    kept = values.reshape(-1, size)[whole_blocks(values, size)].ravel()
    if not varies(kept[np.arange(len(kept)) % size % (size - 1) == 0]):  # points A and B
        return []
    found = extras.imported("SALib.analyze.sobol").analyze(
        designs_screening.unit_problem(design.factors),
        kept,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        keep_resamples=True,
        seed=_seed(seed),
    )
    return [
        index
        for name, key in (("first-order", "S1"), ("total", "ST"))
        for index in _indices(name, found[key], found[f"{key}_conf_all"])
    ]


def _seed(seed: int) -> int:
    """SALib takes 0 for no seed at all."""
    return seed + 1


def _indices(name: str, values: Floats, resampled: Floats) -> list[Index]:
    """Indices with the interval of their bootstrap, (resamples, factors), which holds them."""
    low, high = np.quantile(resampled, CONFIDENCE, axis=0)
    return [
        Index(factor, name, float(value), float(min(below, value)), float(max(above, value)))
        for factor, (value, below, above) in enumerate(zip(values, low, high, strict=True))
    ]


@wholes.taken(seed=wholes.SEED)
def morris(design: Morris, values: Floats, seed: int) -> list[Index]:
    """``mu``, ``mu_star`` and ``sigma`` of each factor's elementary effects.

    None of values that do not vary. In units of the outcome for a move from one end of the
    factor's range to the other. Only ``mu_star`` has an interval, by bootstrap over trajectories;
    the ends of the others are not numbers. Trajectories with a failed point are left out.
    """
    size = design.factors + 1
    kept = whole_blocks(values, size)
    points = design.coordinates(0, design.size).reshape(-1, size, design.factors)[kept]
    outcomes = values.reshape(-1, size)[kept].ravel()
    if kept.sum() < 2 or not varies(outcomes):
        return []
    found = extras.imported("SALib.analyze.morris").analyze(
        designs_screening.unit_problem(design.factors),
        points.reshape(-1, design.factors),
        outcomes,
        num_levels=design.levels,
        num_resamples=RESAMPLES,
        seed=np.random.default_rng(seed),
    )
    none = np.full(design.factors, math.nan)
    halves = {"mu": none, "mu_star": np.asarray(found["mu_star_conf"], np.float64), "sigma": none}
    return [
        Index(factor, name, float(value), max(float(value - half), 0.0), float(value + half))
        if name == "mu_star"
        else Index(factor, name, float(value), math.nan, math.nan)
        for name, widths in halves.items()
        for factor, (value, half) in enumerate(zip(found[name], widths, strict=True))
    ]


def box(points: Floats, cases: NDArray[np.bool_]) -> Box | None:
    """The box in which the cases are common; None where there are too few to tell, or none is.

    ``points`` (n, factors) in [0, 1], ``cases`` (n,) whether each has the outcome. Found in the
    points of even number, of which CASES with the outcome and CASES without are needed. Of the
    boxes along the peeling trajectory, each without the sides that are not significant, it is the
    one with the largest harmonic mean of coverage and density. Its coverage, density and mass are
    those among the points of odd number, which it has not seen; there is no box where these do
    not confirm that it holds more cases than chance has it.
    """
    seen, unseen = (points[::2], cases[::2]), (points[1::2], cases[1::2])
    if min(seen[1].sum(), (~seen[1]).sum()) < CASES:
        return None
    restrictions = max(_peeled(*seen), key=lambda sides: _harmonic(*seen, sides))
    inside = _inside(unseen[0], restrictions)
    hits, wanted = int((inside & unseen[1]).sum()), int(unseen[1].sum())
    if not restrictions or not hits or _by_chance(hits, int(inside.sum()), unseen[1]) > WHOLE:
        return None
    narrow = sorted(restrictions, key=lambda side: side.high - side.low)
    return Box(hits / wanted, hits / int(inside.sum()), float(inside.mean()), tuple(narrow))


def _inside(points: Floats, restrictions: list[Restriction]) -> NDArray[np.bool_]:
    inside = np.ones(len(points), bool)
    for side in restrictions:
        column = points[:, side.factor]
        inside &= (side.low <= column) & (column <= side.high)
    return inside


def _harmonic(points: Floats, cases: NDArray[np.bool_], restrictions: list[Restriction]) -> float:
    """Harmonic mean of coverage and density: twice the hits over cases and points inside."""
    inside = _inside(points, restrictions)
    return 2.0 * float((inside & cases).sum()) / float(inside.sum() + cases.sum())


def _by_chance(hits: int, inside: int, cases: NDArray[np.bool_]) -> float:
    """Chance of as many hits where the box says nothing (binomial, one-sided)."""
    from scipy import stats

    return float(stats.binomtest(hits, inside, float(cases.mean()), "greater").pvalue)


def _peeled(points: Floats, cases: NDArray[np.bool_]) -> list[list[Restriction]]:
    """Significant restrictions of every box along PRIM's peeling trajectory."""
    frame = pd.DataFrame(points, columns=[f"x{factor}" for factor in range(points.shape[1])])
    prim = extras.imported("ema_workbench.analysis.prim")
    with warnings.catch_warnings():
        for kind in (FutureWarning, DeprecationWarning):  # of pandas, at each peel
            warnings.filterwarnings("ignore", category=kind, module="ema_workbench")
        # The threshold is what makes a case, too: any above zero, and no box is refused.
        found = prim.Prim(
            frame, cases.astype(int), threshold=1e-9, peel_alpha=PEEL, mass_min=CASES / len(cases)
        ).find_box()
    return [_significant(*pair) for pair in zip(found.box_lims, found.qp, strict=True)]


def _significant(limits: pd.DataFrame, chances: dict[str, list[float]]) -> list[Restriction]:
    """The sides of a box that are significant; a chance is -1 where there is no side."""
    restrictions = []
    for name, (below, above) in chances.items():
        low = float(limits[name].iloc[0]) if 0.0 <= below <= SIDE else 0.0
        high = float(limits[name].iloc[1]) if 0.0 <= above <= SIDE else 1.0
        if (low, high) != (0.0, 1.0):
            restrictions.append(Restriction(int(name[1:]), low, high))
    return restrictions
