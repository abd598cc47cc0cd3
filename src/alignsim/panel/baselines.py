"""Forecasts that states join, made without the theory and fitted on the same episode.

Tables and series are indexed by state (iso3): ``features`` is a table of floats without blanks,
``joined`` 1.0 or 0.0 of the states with a recorded outcome, ``unit`` the label of the unit that
decides: the state itself, or a bloc. A unit counts once: of n states each weighs 1/n in every
fit. Features and units of states without an outcome may stand in the tables and are not used.
Inputs that break this raise ValueError; DocumentError says what to install where scikit-learn,
which fits the logits, is missing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit, xlogy

from alignsim import wholes
from alignsim.baselines import SOFTENING
from alignsim.extras import imported
from alignsim.panel.panel_scores import TAIL, aligned, indexed, outcomes, resamples, unit_weights
from alignsim.scores import JEFFREYS

Floats = NDArray[np.float64]
Scaling = Literal["range", "deviation"]

PRIOR_SCALE = 2.5
"""Standard deviation of the normal prior of a coefficient, in logits (Gelman et al. 2008)."""
STRENGTHS = tuple(float(10.0**power) for power in np.arange(-3.0, 1.5, 0.5))
"""Prior variances that the penalised logit chooses from, the strongest penalty first."""
FOLDS = 10
TOLERANCE = 1e-8
"""Largest gradient, of the mean log likelihood, at which a fit has converged."""
CONSTANT = 1e-9
"""Spread, against the size of its values, below which a column does not vary."""


# --- what a baseline is ---------------------------------------------------------------------


class Fitted(Protocol):
    """A fitted baseline."""

    def p(self, features: pd.DataFrame) -> pd.Series:
        """P(joined), in [0, 1], of each row of a table with the columns that were fitted."""
        ...


Fitter = Callable[[Floats], Fitted]
"""From weights (N,) of the training rows, some of them 0, to a fitted baseline."""


@dataclass(frozen=True)
class Baseline(ABC):
    """A way to forecast from features, under the name it is reported by."""

    name: str

    def fit(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitted:
        """Fitted on the states that have an outcome."""
        rows, units = _training(features, joined, unit)
        return self.fitter(rows, joined, units)(unit_weights(units).to_numpy())

    @abstractmethod
    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """What is left to do once all that is chosen on the whole sample has been.

        Rows of the three are the same states in the same order.
        """


@dataclass(frozen=True)
class BaseRate(Baseline):
    """The share of units that joined, with Jeffreys' half counts: never 0 or 1."""

    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """No feature is used."""
        happened = joined.to_numpy(dtype=np.float64)
        return lambda weight: Logistic.flat((), base_rate(happened, weight))


@dataclass(frozen=True)
class Logit(Baseline):
    """Logit on few columns, with a weakly informative prior (Gelman et al. 2008).

    Membership of a bloc that joins as one separates the outcomes: maximum likelihood has no
    maximum. Inputs are centred, binary ones left with a range of one and others given a standard
    deviation of a half, and each coefficient has a normal prior of scale 2.5, the intercept
    none: a unit step by which the odds change more than a hundredfold is held to be rare.
    Gelman et al. take a Cauchy prior of that scale; the normal one is log-concave, so that there
    is a single mode, and under separation tails lighter than Cauchy's are advised (Ghosh, Li and
    Mitra 2018). Firth's (1993) penalty would not do: it has no estimate where the bloc, left
    out, leaves a column without variation, which the prior gives no weight; and it draws
    forecasts towards a half (Puhr et al. 2017).
    """

    columns: tuple[str, ...]

    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """Only the columns of the baseline are used."""
        return _fitter(features, self.columns, joined, "range", PRIOR_SCALE**2)


@dataclass(frozen=True)
class Penalised(Baseline):
    """Logit on all columns, standardised on the training rows, with a ridge penalty.

    The penalty (le Cessie and van Houwelingen 1992) has the best log score over ten folds of the
    training rows that keep units whole, the stronger one at a tie; `FOLDS` are dealt out by
    outcome and name, so that each has its share of those that joined and nothing is left to
    chance or to the order of rows. Ridge rather than elastic net: indicators of the same thing
    share its weight, the mode is single, and it is found without random steps.
    The intercept is free. In a bootstrap the penalty stays that of the whole sample.
    """

    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """The penalty is chosen here."""
        columns = tuple(map(str, features.columns))
        return _fitter(features, columns, joined, "deviation", strength(features, joined, unit))


@dataclass(frozen=True)
class Same(Baseline):
    """The outcome that was recorded, softened as every deterministic baseline is.

    A state without a recorded outcome gets the base rate: so does each that is left out of a
    fit, since its outcome is not known then. In a bootstrap the record stays known.
    """

    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """No feature is used."""
        happened = joined.to_numpy(dtype=np.float64)
        recorded = pd.Series(np.where(happened == 1.0, 1.0 - SOFTENING, SOFTENING), joined.index)
        return lambda weight: Recorded(recorded, base_rate(happened, weight))


@dataclass(frozen=True)
class Mixed(Baseline):
    """Equally weighted mean of the forecasts of two baselines: a linear pool (Stone 1961).

    The weight is not fitted: on one episode nothing could fit it, since "same as before" hits
    every outcome that it has been told. Out of sample it is the mean of its parts out of sample.
    """

    parts: tuple[Baseline, Baseline]

    def fitter(self, features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> Fitter:
        """Both parts meet the same weights."""
        fitters = [part.fitter(features, joined, unit) for part in self.parts]
        return lambda weight: Pooled(tuple(fitter(weight) for fitter in fitters))


PLAIN: tuple[Baseline, ...] = (
    BaseRate("base rate"),
    Logit("ideal point", ("ideal_point",)),
    Logit("ideal point, NATO, EU", ("ideal_point", "nato", "eu")),
    Penalised("penalised logit"),
)
SAME = Same("same as 2014")
ALL: tuple[Baseline, ...] = (
    *PLAIN,
    SAME,
    *(Mixed(f"{part.name} + {SAME.name}", (part, SAME)) for part in PLAIN),
)
"""Every baseline, in the order in which they are reported."""


# --- fitted ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Logistic:
    """A logit in scaled columns: P = logistic(intercept + slopes . (x - centre) / scale)."""

    columns: tuple[str, ...]
    centre: Floats
    scale: Floats
    slopes: Floats
    intercept: float

    @classmethod
    def flat(cls, columns: tuple[str, ...], rate: float) -> "Logistic":
        """The same probability, in (0, 1), for every state."""
        zeros = np.zeros(len(columns))
        return cls(columns, zeros, zeros + 1.0, zeros, float(logit(rate)))

    def p(self, features: pd.DataFrame) -> pd.Series:
        """P(joined); see `Fitted`."""
        return pd.Series(self.at(_matrix(features, self.columns)), features.index, name="p")

    def at(self, rows: Floats) -> Floats:
        """P(joined), (N,), of rows (N, K)."""
        found: Floats = expit(self.intercept + (rows - self.centre) / self.scale @ self.slopes)
        return found


@dataclass(frozen=True, eq=False)
class Recorded:
    """A probability by state, and one for all others."""

    recorded: pd.Series
    otherwise: float

    def p(self, features: pd.DataFrame) -> pd.Series:
        """P(joined); see `Fitted`."""
        indexed(features, "features")
        return self.recorded.reindex(features.index, fill_value=self.otherwise).rename("p")


@dataclass(frozen=True, eq=False)
class Pooled:
    """Mean of the probabilities of its parts."""

    parts: tuple[Fitted, ...]

    def p(self, features: pd.DataFrame) -> pd.Series:
        """P(joined); see `Fitted`."""
        chances = np.mean([part.p(features).to_numpy() for part in self.parts], axis=0)
        return pd.Series(chances, features.index, name="p")


# --- fitting --------------------------------------------------------------------------------


def base_rate(happened: Floats, weight: Floats) -> float:
    """Weighted share of outcomes (N,), in (0, 1), with half a count added to either side."""
    return float((weight @ happened + JEFFREYS) / (weight.sum() + 2.0 * JEFFREYS))


def strength(features: pd.DataFrame, joined: pd.Series, unit: pd.Series) -> float:
    """Prior variance of `STRENGTHS` with the best log score over folds of whole units.

    The rows of the three are the same states. The strongest penalty where all or none joined.
    """
    columns = tuple(map(str, features.columns))
    rows, happened = _matrix(features, columns), joined.to_numpy(dtype=np.float64)
    fold, weight = _folds(joined, unit), unit_weights(unit).to_numpy()
    if len(set(happened)) < 2 or len(set(fold)) < 2:
        return STRENGTHS[0]
    losses = [0.0] * len(STRENGTHS)
    for out in (fold == number for number in range(fold.max() + 1)):
        for place, variance in enumerate(STRENGTHS):
            own = _fit(rows[~out], happened[~out], weight[~out], columns, "deviation", variance)
            chances = own.at(rows[out])
            logs = xlogy(happened[out], chances) + xlogy(1.0 - happened[out], 1.0 - chances)
            losses[place] -= float(weight[out] @ logs)
    return STRENGTHS[int(np.argmin(losses))]


def _folds(joined: pd.Series, unit: pd.Series) -> NDArray[np.int64]:
    """Fold of each state, (N,): units in order of outcome and name, dealt out in turn."""
    share = joined.groupby(unit).mean()
    order = sorted(share.index, key=lambda label: (share[label], str(label)))
    fold = {label: place % min(FOLDS, len(order)) for place, label in enumerate(order)}
    return unit.map(fold).to_numpy(dtype=np.int64)


def _fitter(
    features: pd.DataFrame,
    columns: tuple[str, ...],
    joined: pd.Series,
    scaling: Scaling,
    variance: float,
) -> Fitter:
    rows, happened = _matrix(features, columns), joined.to_numpy(dtype=np.float64)
    return lambda weight: _fit(rows, happened, weight, columns, scaling, variance)


def _fit(
    rows: Floats,
    happened: Floats,
    weight: Floats,
    columns: tuple[str, ...],
    scaling: Scaling,
    variance: float,
) -> Logistic:
    """Mode of a logit with normal priors of slopes in scaled columns; the intercept is free.

    The base rate where all or none of the rows that weigh joined: an intercept has no mode then.
    """
    there = weight > 0.0
    rows, happened, weight = rows[there], happened[there], weight[there]
    if len(set(happened)) < 2 or not columns:
        return Logistic.flat(columns, base_rate(happened, weight))
    centre, scale = _scaled(rows, weight, scaling)
    sklearn, model = imported("sklearn"), _model(variance)
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        model.fit((rows - centre) / scale, happened, sample_weight=weight)
    return Logistic(columns, centre, scale, model.coef_[0].copy(), float(model.intercept_[0]))


def _model(variance: float) -> Any:
    """An estimator that takes no random steps."""
    logistic = imported("sklearn.linear_model").LogisticRegression
    return logistic(C=variance, solver="newton-cholesky", tol=TOLERANCE, max_iter=1000)


def _scaled(rows: Floats, weight: Floats, scaling: Scaling) -> tuple[Floats, Floats]:
    """Weighted mean and scale, (K,) each, of columns; 1 of a column that does not vary.

    By "deviation" the weighted standard deviation; by "range" twice that, of a column with two
    values the distance between them.
    """
    centre = np.average(rows, axis=0, weights=weight)
    scale = np.sqrt(np.average((rows - centre) ** 2, axis=0, weights=weight))
    low, high = rows.min(axis=0), rows.max(axis=0)
    if scaling == "range":
        binary = np.all((rows == low) | (rows == high), axis=0)
        scale = np.where(binary, high - low, 2.0 * scale)
    varies = high - low > CONSTANT * np.maximum(1.0, np.abs(centre))
    return centre, np.where(varies, scale, 1.0)


# --- out of sample, and how sure ------------------------------------------------------------


def leave_out(
    baseline: Baseline,
    features: pd.DataFrame,
    joined: pd.Series,
    unit: pd.Series,
    groups: pd.Series,
) -> pd.Series:
    """P(joined) of each state with an outcome when all states of its group are out of the fit.

    With ``groups`` the units, one unit is left out at a time; with regions, one region. Members
    of a bloc outside the group that is left out stay in, and count as one. The AUC of a base
    rate is no use here, near 0 by construction: it is lower without a state that joined. Raises
    ValueError where a group holds every state.
    """
    rows, units = _training(features, joined, unit)
    held = aligned(groups, joined.index, "groups")
    if held.isna().any() or held.nunique() < 2:
        raise ValueError("groups: expected two or more, and one for every state")
    found = pd.Series(np.nan, joined.index, name="p")
    for group in held.unique():
        out = held == group
        fitted = baseline.fit(rows[~out], joined[~out], units[~out])
        found[out] = fitted.p(rows[out])
    return found


@wholes.taken(draws=wholes.ONE_UP, seed=wholes.SEED)
def intervals(
    baseline: Baseline,
    features: pd.DataFrame,
    joined: pd.Series,
    unit: pd.Series,
    new_features: pd.DataFrame,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """90 % intervals of P(joined) of each row of new features: columns ``low`` and ``high``.

    Percentiles over ``draws`` refits, each on as many units as there are, drawn with replacement
    (a cluster bootstrap). They say how far the fit is uncertain, not the outcome. The penalty
    and the record of the outcomes stay those of the whole sample.
    """
    rows, units = _training(features, joined, unit)
    if draws < 1:
        raise ValueError(f"draws: expected 1 or more, got {draws}")
    fitter, weight = baseline.fitter(rows, joined, units), unit_weights(units).to_numpy()
    counts = resamples(pd.factorize(units)[0], draws, seed)
    chances = [fitter(weight * count).p(new_features).to_numpy() for count in counts]
    low, high = np.quantile(chances, (TAIL, 1.0 - TAIL), axis=0)
    return pd.DataFrame({"low": low, "high": high}, index=new_features.index)


# --- checks ---------------------------------------------------------------------------------


def _training(
    features: pd.DataFrame, joined: pd.Series, unit: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Features and units of the states that have an outcome, in its order."""
    outcomes(joined)
    rows = aligned(features, joined.index, "features")
    return rows, aligned(unit, joined.index, "unit")


def _matrix(features: pd.DataFrame, columns: tuple[str, ...]) -> Floats:
    """The columns as (N, K)."""
    indexed(features, "features")
    if not features.columns.is_unique:
        raise ValueError("features: a column stands twice")
    if missing := [name for name in columns if name not in features.columns]:
        raise ValueError(f"features: no column {', '.join(missing)}")
    values = features[list(columns)].to_numpy(dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError("features: expected finite numbers, none missing")
    return values
