"""How a documented course is coded: what was open, what a coder can tell apart, histories likewise.

A history of the model is coded as the documented one is, so that a test of the calibration on it
tests what the calibration does.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim import kernel, wholes
from alignsim.decision import ENGAGEMENTS, LEADER_STANCES, LEVELS, TARGET_STANCES, Weights
from alignsim.kernel import LogProbabilities, Outcome, Ranges
from alignsim.likelihood import TABLES, Course
from alignsim.situation import LEADER_CEILING, Dynamics

Integers = NDArray[np.int64]

OPTIONS = {
    "leader_level": LEVELS,
    "leader_stance": len(LEADER_STANCES),
    "target_stance": len(TARGET_STANCES),
    "level": LEVELS,
    "engagement": ENGAGEMENTS,
}
"""Options of each table of decisions, in the order in which the engine makes them in a step."""

Place = tuple[str, tuple[int, ...]]
"""A decision of a course: its table, and where it stands there."""


def sizes(course: Course, table: str) -> Integers:
    """Number of options of each decision of a table, (T,) or (T, A)."""
    taken = getattr(course.line, f"fixed_{table}")
    if table != "leader_level":
        return np.full(taken.shape, OPTIONS[table])
    ceiling = course.line.leader[:, LEADER_CEILING].astype(np.int64)
    return np.asarray(np.maximum(ceiling, taken) + 1)


def bounds(course: Course, table: str) -> tuple[Integers, Integers]:
    """Lowest and highest option as coded, each (T,) or (T, A); -1 where one does not count."""
    ranges = getattr(course.ranges, table)
    return ranges[..., 0], ranges[..., 1]


def informative(course: Course, table: str) -> NDArray[np.bool_]:
    """Which decisions of a table count, and are not coded as any option at all."""
    low, high = bounds(course, table)
    return np.asarray((low >= 0) & (high - low + 1 < sizes(course, table)))


@wholes.taken(seed=wholes.SEED)
def planted(course: Course, weights: Weights, dynamics: Dynamics, seed: int) -> Course:
    """A history that the model makes under given weights, coded as well as the documented one is.

    Where the coder of the documented course could not tell some options apart, this one cannot
    either, and writes down the same option for all of them; every other option is told exactly.
    A decision of which nothing is known, or that does not count, is held as documented. The
    likelihood of what is so coded is then exact: each record has the probability of its options
    given the course as written down.
    """
    documented = {table: getattr(course.line, f"fixed_{table}") for table in TABLES}
    fixed = {table: np.where(informative(course, table), -1, documented[table]) for table in TABLES}
    vague = _vague(course)
    while True:
        line = _held(course, fixed)
        made = kernel.simulate(line, weights, dynamics, seed, 0, 1)
        taken = {table: getattr(made, table)[0].astype(np.int64) for table in TABLES}
        place = _first_rewritten(course, vague, taken)
        if place is None:
            break
        # Written down as another option: what follows is played again from there.
        table, at = place
        fixed[table][at] = documented[table][at]
    return Course(
        _held(course, taken),
        Ranges(**{table: _cells(course, table, taken[table]) for table in TABLES}),
        LogProbabilities(*map(np.zeros_like, course.logs)),
        Outcome(*map(np.zeros_like, course.out)),
        course.counted,
    )


def _held(course: Course, taken: dict[str, Integers]) -> Any:
    """The timeline of a course with other decisions fixed."""
    parts: dict[str, Any] = {f"fixed_{table}": taken[table] for table in TABLES}
    return course.line._replace(**parts)


def _vague(course: Course) -> list[Place]:
    """Informative decisions coded as a range, in the order in which the engine makes them."""
    places: list[Place] = []
    for table in TABLES:
        low, high = bounds(course, table)
        found = np.argwhere(informative(course, table) & (low < high))
        places += [(table, tuple(row)) for row in found.tolist()]
    return sorted(places, key=lambda place: (place[1][0], list(OPTIONS).index(place[0]), place[1]))


def _first_rewritten(
    course: Course, vague: Sequence[Place], taken: dict[str, Integers]
) -> Place | None:
    """The first decision that is not what its coder writes down."""
    for table, at in vague:
        low, high = getattr(course.ranges, table)[at]
        written = getattr(course.line, f"fixed_{table}")[at]
        if low <= taken[table][at] <= high and taken[table][at] != written:
            return table, at
    return None


def _cells(course: Course, table: str, taken: Integers) -> Integers:
    """Ranges of what was written down: the documented range where inside it, otherwise exact."""
    low, high = bounds(course, table)
    inside = (low <= taken) & (taken <= high)
    cells = np.stack([np.where(inside, low, taken), np.where(inside, high, taken)], axis=-1)
    return np.ascontiguousarray(np.where((low >= 0)[..., None], cells, -1), dtype=np.int64)
