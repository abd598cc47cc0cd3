"""How probable a documented history is under given weights, exactly and compiled.

Given what happened so far, each next decision has a logit probability; a history has the product
of those along its documented course. A record coded as a range counts with the probability of any
of its options. The compiled engine gives these probabilities as it replays the course, so that
no formula stands here either.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import history, kernel, situation, timeline
from alignsim.decision import Weights
from alignsim.history import Documented, Key
from alignsim.kernel import LogProbabilities, Outcome, Ranges
from alignsim.scenario import Scenario, decisions
from alignsim.situation import Dynamics
from alignsim.timeline import Timeline
from alignsim.weights import Parameters

Floats = NDArray[np.float64]
Counts = Callable[[str, str, str | None], bool]
"""Whether a decision, by state, decision and toward, counts."""

TABLES = LogProbabilities._fields


class Course(NamedTuple):
    """A documented course as the engine replays it, and room for what it finds.

    The rooms are overwritten by every evaluation, so that none has to be made.
    """

    line: Timeline
    ranges: Ranges
    logs: LogProbabilities
    out: Outcome
    counted: int


class UnionsError(ValueError):
    """A course with unions: their decisions have no likelihood here."""


class IncompleteError(ValueError):
    """A course in which some decision is not documented: the decisions after it are not given."""


def everything(state: str, decision: str, toward: str | None) -> bool:
    """Every documented decision counts."""
    return True


def course(
    scenario: Scenario,
    counts: Counts = everything,
    line: Timeline | None = None,
    records: Sequence[Documented] | None = None,
) -> Course:
    """The documented course of a scenario's episode, ready to be evaluated.

    ``line`` holds the arrays of the scenario as replayed, built unless given; ``records`` are
    those of its episode. Only decisions for which ``counts`` is true enter the likelihood; all are
    given. Raises IncompleteError where a decision of a step is not documented, UnionsError for a
    scenario with unions.
    """
    if scenario.unions:
        raise UnionsError(
            f"{scenario.name}: unions have no likelihood; worlds are judged by the panel"
        )
    known = history.documented(scenario) if records is None else records
    replay = timeline.build(history.replayed(scenario, known)) if line is None else line
    steps, allies = replay.allies.shape[:2]
    ranges = Ranges(np.full((steps, 2), -1), *(np.full((steps, allies, 2), -1) for _ in range(4)))
    for record in known:
        key = (record.state, record.decision, record.toward)
        if counts(*key):
            where = place(scenario, key)
            getattr(ranges, where[0])[record.step, *where[1]] = record.low, record.high
    # The leader has no option beyond its ceiling, however uncertain its coding.
    highest = np.maximum(replay.leader[:, situation.LEADER_CEILING], replay.fixed_leader_level)
    ranges.leader_level[:, 1] = np.minimum(ranges.leader_level[:, 1], highest)
    _check_complete(scenario, known)
    return Course(
        Timeline(*(plain(part) for part in replay)),
        ranges,
        LogProbabilities(np.zeros(steps), *(np.zeros((steps, allies)) for _ in range(4))),
        kernel.room(1, steps, allies),
        sum(int((table[..., 0] >= 0).sum()) for table in ranges),
    )


def place(scenario: Scenario, key: Key) -> tuple[str, tuple[int, ...]]:
    """Table of a decision, and its column there."""
    state, decision, toward = key
    if toward is not None:
        role = "leader" if state == scenario.leader else "target"
        return f"{role}_stance", (scenario.allies.index(toward),)
    if state == scenario.leader:
        return "leader_level", ()
    return decision, (scenario.allies.index(state),)


def plain(part: Any) -> Any:
    """One layout for all arrays, so that the engine is compiled once for all courses."""
    return np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part


def _check_complete(scenario: Scenario, records: Sequence[Documented]) -> None:
    known = {(r.state, r.decision, r.toward, r.step) for r in records}
    for key in decisions(scenario):
        for step in range(scenario.calendar.steps):
            if (*key, step) not in known:
                name = " ".join(filter(None, key))
                date = scenario.calendar.dates[step]
                raise IncompleteError(f"{scenario.name}: {name} of {date} is not documented")


def log_likelihood(weights: Weights, dynamics: Dynamics, courses: Any) -> float:
    """Log probability of every decision that counts in a tuple of courses; compiled by its users.

    ``dynamics`` are the yearly and monthly ones.
    """
    total = 0.0
    for one in courses:
        if one.counted > 0:
            per_step = situation.per_step(dynamics, one.line.months)
            kernel._simulate(one.line, weights, per_step, 0, 0, 0, one.out, one.ranges, one.logs)
            total += _sum(one.logs)
    return total


def _sum(logs: LogProbabilities) -> float:
    """Sum of all tables, step by step in their order."""
    total = 0.0
    steps, allies = logs.level.shape
    for step in range(steps):
        total += logs.leader_level[step]
        for a in range(allies):
            total += logs.leader_stance[step, a] + logs.target_stance[step, a]
            total += logs.level[step, a] + logs.engagement[step, a]
    return total


COMPILED = (_sum, log_likelihood)
"""What compiled code may call, callees first."""


def pointwise(parameters: Parameters, courses: Sequence[Course]) -> list[Floats]:
    """Log probability of each decision that counts: of each course, (decisions,).

    In the order of :func:`names`.
    """
    found = []
    for one in courses:
        per_step = situation.per_step(parameters.dynamics, one.line.months)
        arguments = (one.line, parameters.weights, per_step, 0, 0, 0, one.out)
        kernel.engine()(*arguments, one.ranges, one.logs)
        found.append(
            np.concatenate(
                [
                    logs[ranges[..., 0] >= 0]
                    for logs, ranges in zip(one.logs, one.ranges, strict=True)
                ]
            )
        )
    return found


def names(scenario: Scenario, counts: Counts = everything) -> list[tuple[Key, int]]:
    """Decision and step of each log probability of :func:`pointwise`."""
    keys = [key for key in decisions(scenario) if counts(*key)]
    listed = []
    for table in TABLES:
        own = [key for key in keys if place(scenario, key)[0] == table]
        listed += [(key, step) for step in range(scenario.calendar.steps) for key in own]
    return listed
