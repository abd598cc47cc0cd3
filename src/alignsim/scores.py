"""Scores of probability forecasts of decisions against what was documented.

Throughout, ``probabilities`` is (T, K): one row per documented step, one column per option in the
order of the scale, rows summing to one; ``observed`` is (T,): the documented option of each step
by index; a path is (T,): one option per step. Steps that are not documented are not passed.
Inputs that break this raise ValueError.

The ranked probability score (Epstein 1969) respects the order of the options, the log score does
not; both are strictly proper (Gneiting and Raftery 2007): nobody does better by reporting other
probabilities than those believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignsim.decision import JOINED

Floats = NDArray[np.float64]
Options = NDArray[np.int64]

KINDS = ("level", "engagement", "stance")
SUM_TOLERANCE = 1e-9
Z95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""
JEFFREYS = 0.5
"""Pseudo-count per option: Jeffreys' prior of a multinomial (Jeffreys 1946), Dirichlet(1/2)."""


# --- from runs to forecasts ---------------------------------------------------------------


def smoothed(counts: ArrayLike) -> Floats:
    """Probabilities (T, K) from counts (T, K) of runs per option: (count + 1/2) / (runs + K/2).

    An option that no run took keeps a little probability, so that the log score of a forecast
    from finitely many runs is finite (Jeffreys 1946). Rows without runs come out uniform.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"counts: expected (steps, options >= 2), got shape {table.shape}")
    table = table.astype(np.float64)
    if not np.all(np.isfinite(table)) or np.any(table < 0) or np.any(table != np.floor(table)):
        raise ValueError("counts: expected whole numbers of runs, none negative")
    runs = table.sum(axis=1, keepdims=True)
    rows: Floats = (table + JEFFREYS) / (runs + JEFFREYS * table.shape[1])
    return rows


def modal(probabilities: ArrayLike) -> Options:
    """Most probable option of each step, (T,); the lowest at a tie."""
    return np.asarray(np.argmax(_rows(probabilities), axis=1), dtype=np.int64)


# --- proper scores ------------------------------------------------------------------------


def ranked_probability_score(probabilities: ArrayLike, observed: ArrayLike) -> float:
    """Ranked probability score of ordered options, in [0, 1]; 0 is best (Epstein 1969).

    Mean over steps of the squared differences between forecast and observed cumulative
    probability, summed over the K - 1 thresholds and divided by K - 1.
    """
    rows, options = _pair(probabilities, observed)
    thresholds = rows.shape[1] - 1
    forecast = np.cumsum(rows, axis=1)[:, :-1]
    happened = options[:, np.newaxis] <= np.arange(thresholds)
    return float(np.mean(np.sum((forecast - happened) ** 2, axis=1) / thresholds))


def log_score(probabilities: ArrayLike, observed: ArrayLike) -> float:
    """Mean natural logarithm of the probability given to what happened; <= 0, 0 is best.

    Minus infinity where something happened that was given no probability: see `smoothed`.
    Proper and local (Gneiting and Raftery 2007, section 4.1).
    """
    rows, options = _pair(probabilities, observed)
    with np.errstate(divide="ignore"):
        return float(np.mean(np.log(rows[np.arange(len(options)), options])))


# --- the side taken, and when -------------------------------------------------------------


def side_probability(probabilities_at_end: ArrayLike, observed_at_end: int) -> float:
    """Probability (in [0, 1], 1 is best) of the documented side: joined (`JOINED` up) or not.

    Takes one row, (K,), and the documented level of the same step.
    """
    row = np.asarray(probabilities_at_end, dtype=np.float64)
    if row.ndim != 1 or len(row) <= JOINED:
        raise ValueError(f"probabilities: expected (levels > {JOINED},), got shape {row.shape}")
    rows, options = _pair(row[np.newaxis], [observed_at_end])
    part = rows[0, JOINED:] if options[0] >= JOINED else rows[0, :JOINED]
    return float(part.sum())


def first_joining(path: ArrayLike) -> int:
    """First step at level `JOINED` or higher; the number of steps if there is none."""
    joined = np.flatnonzero(_path(path, "path") >= JOINED)
    return int(joined[0]) if len(joined) else len(np.asarray(path))


def join_error(modal_path: ArrayLike, observed_path: ArrayLike) -> int:
    """Steps by which the modal path joins too late (> 0) or too early (< 0); 0 is best.

    A path that never joins counts as joining just after its last step, so that the error of one
    that should have joined, or should not have, is a lower bound in size.
    """
    forecast, observed = _paths(modal_path, observed_path)
    return first_joining(forecast) - first_joining(observed)


def share_within(modal_path: ArrayLike, observed: ArrayLike, distance: int) -> float:
    """Share of steps, in [0, 1], at which the modal option is at most `distance` off; 1 is best.

    With distance 0 the share of exact hits, which needs no order of the options.
    """
    if distance < 0:
        raise ValueError(f"distance: expected 0 or more, got {distance}")
    forecast, happened = _paths(modal_path, observed)
    return float(np.mean(np.abs(forecast - happened) <= distance))


# --- all of them --------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """Scores of one forecaster; None where a score has no meaning for the decision.

    `p_documented_side` and `join_error_steps` are of levels only; `rps` and `share_within_one`
    need ordered options. The join error is whole in a score of one decision, not in a mean.
    """

    rps: float | None
    log_score: float | None
    p_documented_side: float | None
    share_exact: float | None
    share_within_one: float | None
    join_error_steps: int | float | None


def score(
    probabilities: ArrayLike, observed: ArrayLike, kind: str, *, ordinal: bool = True
) -> Score:
    """Every score of a forecast (T, K) of one decision, given what was documented, (T,).

    ``kind`` is the decision: level, engagement or stance. Pass ``ordinal=False`` for options
    without an order: the leader's stance, none, press or assure. The target's, coerce, neutral
    and court, has one. The side is that of the last row.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not ordinal and kind != "stance":
        raise ValueError(f"ordinal: options of {kind} have an order")
    rows, options = _pair(probabilities, observed)
    likeliest = modal(rows)
    is_level = kind == "level"
    return Score(
        rps=ranked_probability_score(rows, options) if ordinal else None,
        log_score=log_score(rows, options),
        p_documented_side=side_probability(rows[-1], int(options[-1])) if is_level else None,
        share_exact=share_within(likeliest, options, 0),
        share_within_one=share_within(likeliest, options, 1) if ordinal else None,
        join_error_steps=join_error(likeliest, options) if is_level else None,
    )


def mean_score(scores: Sequence[Score]) -> Score:
    """Mean of each field over the scores that have it, each score with the same weight.

    A field that none has is None. Join errors keep their sign and may cancel.
    """
    if not scores:
        raise ValueError("scores: none given")
    return Score(
        **{
            field.name: _mean([getattr(entry, field.name) for entry in scores])
            for field in fields(Score)
        }
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


# --- checks -------------------------------------------------------------------------------


def _rows(probabilities: ArrayLike) -> Floats:
    rows = np.asarray(probabilities, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[0] < 1 or rows.shape[1] < 2:
        raise ValueError(
            f"probabilities: expected (steps >= 1, options >= 2), got shape {rows.shape}"
        )
    if not np.all(np.isfinite(rows)) or np.any(rows < 0.0):
        raise ValueError("probabilities: expected finite numbers, none negative")
    off = np.abs(rows.sum(axis=1) - 1.0)
    if np.any(off > SUM_TOLERANCE):
        raise ValueError(f"probabilities: row {int(np.argmax(off))} does not sum to one")
    return rows


def _path(path: ArrayLike, name: str) -> Options:
    options = np.asarray(path)
    if options.ndim != 1 or len(options) < 1 or options.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected options by index, one per step")
    if np.any(options < 0):
        raise ValueError(f"{name}: an option is negative")
    return options.astype(np.int64)


def _paths(modal_path: ArrayLike, observed: ArrayLike) -> tuple[Options, Options]:
    first, second = _path(modal_path, "modal path"), _path(observed, "observed")
    if len(first) != len(second):
        raise ValueError(f"paths: {len(first)} and {len(second)} steps")
    return first, second


def _pair(probabilities: ArrayLike, observed: ArrayLike) -> tuple[Floats, Options]:
    rows, options = _rows(probabilities), _path(observed, "observed")
    if len(rows) != len(options):
        raise ValueError(f"observed: {len(options)} steps for {len(rows)} rows of probabilities")
    if np.any(options >= rows.shape[1]):
        raise ValueError(f"observed: an option is beyond the {rows.shape[1]} of the forecast")
    return rows, options
