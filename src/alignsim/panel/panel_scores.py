"""Scores of forecasts that states join, each unit counting once, and how sure they are.

A unit is a state, or a bloc that decides as one: of a unit with n states in the sample each
weighs 1/n. Series and tables are indexed by state (iso3): ``p`` is P(joined) in [0, 1],
``joined`` 1.0 or 0.0, ``weight`` 0 or more, ``unit`` the label of the unit. Intervals are of 90 %.
Inputs that break this raise ValueError.

The formulas are those of scikit-learn (the tests hold them against it), written for many sets of
weights at once: the bootstrap would take minutes otherwise. Nor is the log score clipped here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from alignsim import wholes
from alignsim.scores import JEFFREYS

Floats = NDArray[np.float64]

SCORES = ("brier", "log_score", "auc")
TAIL = 0.05
"""Probability beyond each end of an interval of 90 %."""


def unit_weights(unit: pd.Series) -> pd.Series:
    """Weight of each state, in (0, 1]: one over the number of states of its unit here."""
    indexed(unit, "unit")
    if unit.isna().any():
        raise ValueError("unit: a state has no unit")
    return 1.0 / unit.groupby(unit).transform("size").astype(np.float64)


# --- scores of one forecast -----------------------------------------------------------------


def brier(p: pd.Series, joined: pd.Series, weight: pd.Series) -> float:
    """Weighted mean of (p - joined)^2, in [0, 1]; 0 is best (Brier 1950). Proper."""
    return _single(p, joined, weight)["brier"]


def log_score(p: pd.Series, joined: pd.Series, weight: pd.Series) -> float:
    """Weighted mean natural logarithm of the probability given to what happened; <= 0, 0 is best.

    Minus infinity where a state of positive weight did what was given probability 0. Proper.
    """
    return _single(p, joined, weight)["log_score"]


def auc(p: pd.Series, joined: pd.Series, weight: pd.Series) -> float:
    """Probability that a state that joined had the higher forecast than one that did not.

    Weighted over pairs, ties count half; in [0, 1], 1/2 is chance (Hanley and McNeil 1982).
    NaN where all or none joined. It sees the order of the forecasts only, and is not proper.
    """
    return _single(p, joined, weight)["auc"]


def calibration(
    p: pd.Series, joined: pd.Series, weight: pd.Series, edges: Sequence[float]
) -> pd.DataFrame:
    """Forecasts by bin against how many joined: a row a bin that has weight.

    ``edges`` rise from 0 to 1; a bin holds its lower edge, the last both. Columns: ``bin_low``,
    ``bin_high``, ``forecast`` (weighted mean), ``observed`` (weighted share), ``weight`` (units)
    and ``low``, ``high``: Jeffreys' interval of the share, which reaches 0 where none joined and
    1 where all did (Brown, Cai and DasGupta 2001). It takes units to be independent.
    """
    chances, happened, weights = _arrays(p, joined, weight)
    cuts = np.asarray(edges, dtype=np.float64)
    if len(cuts) < 2 or cuts[0] != 0.0 or cuts[-1] != 1.0 or not np.all(np.diff(cuts) > 0.0):
        raise ValueError("edges: expected numbers that rise from 0 to 1")
    bins = np.minimum(np.searchsorted(cuts, chances, side="right"), len(cuts) - 1) - 1
    rows = []
    for place in range(len(cuts) - 1):
        inside = bins == place
        total = float(weights[inside].sum())
        if total > 0.0:
            positive = float(weights[inside] @ happened[inside])
            low, high = _jeffreys(positive, total)
            rows.append(
                {
                    "bin_low": cuts[place],
                    "bin_high": cuts[place + 1],
                    "forecast": float(weights[inside] @ chances[inside]) / total,
                    "observed": positive / total,
                    "weight": total,
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)


def _jeffreys(positive: float, total: float) -> tuple[float, float]:
    belief = beta(positive + JEFFREYS, total - positive + JEFFREYS)
    low = float(belief.ppf(TAIL)) if positive > 0.0 else 0.0
    high = float(belief.ppf(1.0 - TAIL)) if positive < total else 1.0
    return low, high


def _single(p: pd.Series, joined: pd.Series, weight: pd.Series) -> dict[str, float]:
    chances, happened, weights = _arrays(p, joined, weight)
    found = _measured(chances[np.newaxis], happened, weights[np.newaxis])
    return {name: float(values[0, 0]) for name, values in found.items()}


# --- scores of many, with intervals ---------------------------------------------------------


@wholes.taken(draws=wholes.ONE_UP, seed=wholes.SEED)
def table(
    forecasts: pd.DataFrame,
    joined: pd.Series,
    unit: pd.Series,
    subsets: Mapping[str, Sequence[str]],
    draws: int,
    seed: int,
    reference: str,
) -> pd.DataFrame:
    """Every score of every forecaster on every subset of states: a row a subset and forecaster.

    ``forecasts`` has a column of P(joined) a forecaster. States without a recorded outcome may
    stand in it and in ``unit``, not in a subset. Columns: ``subset``, then those of `bootstrap`.
    The row of a subset does not depend on which others are asked for.
    """
    indexed(joined, "joined")
    if not subsets:
        raise ValueError("subsets: none given")
    parts = []
    for name, states in subsets.items():
        chosen = list(states)
        if not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(f"subset {name}: expected states, each once")
        if unknown := sorted(set(chosen) - set(joined.index)):
            raise ValueError(f"subset {name}: no outcome of {', '.join(unknown)}")
        part = bootstrap(forecasts, joined.loc[chosen], unit, draws, seed, reference)
        part.insert(0, "subset", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@wholes.taken(draws=wholes.ONE_UP, seed=wholes.SEED)
def bootstrap(
    forecasts: pd.DataFrame,
    joined: pd.Series,
    unit: pd.Series,
    draws: int,
    seed: int,
    reference: str,
) -> pd.DataFrame:
    """Scores on the states of ``joined``, with bootstrap intervals: a row a forecaster.

    Units are drawn with replacement, as many as there are, the states of a unit together: a
    cluster bootstrap (Davison and Hinkley 1997, section 3.8). All forecasters meet the same
    ``draws`` resamples, so that the difference to the ``reference``, one of them, is paired.

    Columns: ``forecaster``, ``states``, ``units``, and of each of `SCORES` the value, ``_low``,
    ``_high``, ``_difference`` (forecaster less reference: below 0 is better of the Brier score,
    above 0 of the others), ``_difference_low``, ``_difference_high``. The ends are the nearest
    resample outward of the 5th and 95th percentile: between infinities none could be
    interpolated. A resample in which all or none joined is left out of the interval of the AUC;
    one where both score minus infinity, out of that of the difference.
    """
    chances, happened, units = _sample(forecasts, joined, unit)
    if reference not in forecasts.columns:
        raise ValueError(f"reference: {reference} is not among the forecasters")
    if draws < 1:
        raise ValueError(f"draws: expected 1 or more, got {draws}")
    place = forecasts.columns.tolist().index(reference)
    weights, labels = unit_weights(units).to_numpy(), pd.factorize(units)[0]
    counts = resamples(labels, draws, seed)
    value = _measured(chances, happened, weights[np.newaxis])
    drawn = _measured(chances, happened, weights * counts)
    columns: dict[str, Any] = {
        "forecaster": forecasts.columns.to_numpy(),
        "states": len(happened),
        "units": len(set(labels)),
    }
    for name in SCORES:
        columns |= _interval(name, value[name], drawn[name])
        apart = [_less(scores, scores[:, [place]]) for scores in (value[name], drawn[name])]
        columns |= _interval(f"{name}_difference", *apart)
    return pd.DataFrame(columns)


@wholes.taken(draws=wholes.ONE_UP, seed=wholes.SEED)
def resamples(labels: NDArray[np.int64], draws: int, seed: int) -> Floats:
    """How often each state is drawn when units are, (draws, N); ``labels`` (N,) are 0, 1, ..."""
    units = int(labels.max()) + 1
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(units, np.full(units, 1.0 / units), size=draws)
    return counts[:, labels].astype(np.float64)


def _measured(chances: Floats, happened: Floats, weights: Floats) -> dict[str, Floats]:
    """Each score (D, F) of forecasts (F, N) of what happened (N,) under weights (D, N)."""
    total = weights.sum(axis=1, keepdims=True)
    given = np.where(happened == 1.0, chances, 1.0 - chances)
    impossible = given == 0.0
    logs = np.log(np.where(impossible, 1.0, given))
    scored = weights @ logs.T / total
    scored[weights @ impossible.T.astype(np.float64) > 0.0] = -np.inf
    squares = (chances - happened) ** 2
    return {
        "brier": weights @ squares.T / total,
        "log_score": scored,
        "auc": _auc(chances, happened, weights),
    }


def _auc(chances: Floats, happened: Floats, weights: Floats) -> Floats:
    """Weighted share of pairs in the right order, (D, F); ties half, NaN without pairs."""
    yes, no = happened == 1.0, happened == 0.0
    pairs = weights[:, yes].sum(axis=1) * weights[:, no].sum(axis=1)
    found = np.full((len(weights), len(chances)), np.nan)
    for column, row in enumerate(chances):
        order = (np.sign(row[yes][:, np.newaxis] - row[no]) + 1.0) / 2.0
        right = (weights[:, yes] @ order * weights[:, no]).sum(axis=1)
        np.divide(right, pairs, out=found[:, column], where=pairs > 0.0)
    return found


def _less(scores: Floats, other: Floats) -> Floats:
    with np.errstate(invalid="ignore"):  # both minus infinity: NaN
        less: Floats = scores - other
    return less


def _interval(name: str, value: Floats, drawn: Floats) -> dict[str, Floats]:
    """Columns of a score (1, F) and of its percentiles over resamples (D, F)."""
    low, high = np.full(drawn.shape[1], np.nan), np.full(drawn.shape[1], np.nan)
    for column, scores in enumerate(drawn.T):
        known = scores[~np.isnan(scores)]
        if len(known):
            low[column] = np.quantile(known, TAIL, method="lower")
            high[column] = np.quantile(known, 1.0 - TAIL, method="higher")
    return {name: value[0], f"{name}_low": low, f"{name}_high": high}


# --- checks ---------------------------------------------------------------------------------


def indexed(values: pd.Series | pd.DataFrame, name: str) -> None:
    """Raises ValueError where there is no state, or one twice."""
    if not len(values):
        raise ValueError(f"{name}: no state")
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()][0]
        raise ValueError(f"{name}: {twice} stands twice")


def aligned(values: Any, states: pd.Index, name: str) -> Any:
    """Rows of a Series or table in the order of ``states``. Raises ValueError on a missing one."""
    indexed(values, name)
    if len(missing := states.difference(values.index)):
        raise ValueError(f"{name}: no {', '.join(map(str, missing))}")
    return values.loc[states]


def outcomes(joined: pd.Series) -> Floats:
    """The outcomes (N,). Raises ValueError on any but 1 and 0, on no state or one twice."""
    indexed(joined, "joined")
    happened = joined.to_numpy(dtype=np.float64)
    if not np.all((happened == 0.0) | (happened == 1.0)):
        raise ValueError("joined: expected 1 or 0 of each state")
    return happened


def _chances(values: Floats) -> Floats:
    if not np.all((values >= 0.0) & (values <= 1.0)):  # false of NaN too
        raise ValueError("forecast: expected probabilities from 0 to 1, none missing")
    return values


def _arrays(p: pd.Series, joined: pd.Series, weight: pd.Series) -> tuple[Floats, Floats, Floats]:
    happened = outcomes(joined)
    if len(p) != len(joined) or len(weight) != len(joined):
        raise ValueError("p, joined, weight: expected the same states")
    chances = _chances(aligned(p, joined.index, "p").to_numpy(dtype=np.float64))
    weights = aligned(weight, joined.index, "weight").to_numpy(dtype=np.float64)
    if not np.all(np.isfinite(weights)) or np.any(weights < 0.0) or not weights.sum() > 0.0:
        raise ValueError("weight: expected finite numbers, none negative, not all zero")
    return chances, happened, weights


def _sample(
    forecasts: pd.DataFrame, joined: pd.Series, unit: pd.Series
) -> tuple[Floats, Floats, pd.Series]:
    """Forecasts (F, N), outcomes (N,) and units of the states that have an outcome."""
    happened = outcomes(joined)
    if not len(forecasts.columns) or not forecasts.columns.is_unique:
        raise ValueError("forecasts: expected columns of forecasters, each once")
    rows = aligned(forecasts, joined.index, "forecasts")
    chances = _chances(rows.to_numpy(dtype=np.float64).T)
    return chances, happened, aligned(unit, joined.index, "unit")
