"""Explanations without theory, with free numbers of their own: what any theory must beat.

A rule says how probable an ally's level and engagement are from what was in force before, what the
leader did, and how severe the breach is. *Persistence* keeps to what was; *follow the leader*
closes in on the leader's level of the step before; both are logits in distances. *Severity* is an
ordered logit (McCullagh 1980) with the perceived severity as its only cause. Free numbers are
standard normals before any decision is seen, as in :mod:`alignsim.priors`.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim.decision import ENGAGEMENTS, LEVELS
from alignsim.likelihood import Course, Floats

Name = Literal["persistence", "follow the leader", "severity"]
PERSISTENCE, FOLLOW, SEVERITY = range(3)
KINDS: dict[str, int] = {"persistence": PERSISTENCE, "follow the leader": FOLLOW,
                         "severity": SEVERITY}  # fmt: skip
SIZES = {PERSISTENCE: 2, FOLLOW: 3, SEVERITY: (LEVELS - 1) + 1 + (ENGAGEMENTS - 1) + 1}
"""Free numbers of each rule."""

THRESHOLD_SPREAD = 3.0
"""Of the first threshold of an ordered logit: in logits, wide enough for any share."""

FARTHEST = 700.0
"""Logit that the exponential still takes."""


class Rule(NamedTuple):
    """A rule and the decisions of allies that it is judged by, one a row."""

    kind: int
    centre: float  # of the log of a slope: as the precision of the theory, in the same unit
    spread: float  # its standard deviation
    size: NDArray[np.int64]  # (N,): number of options, 6 for a level and 3 for engagement
    before: NDArray[np.int64]  # (N,)
    leader: NDArray[np.int64]  # (N,): the leader's level of the step before
    severity: Floats  # (N,): of the breach, without a lag
    low: NDArray[np.int64]  # (N,)
    high: NDArray[np.int64]  # (N,)


def of_courses(kind: int, courses: tuple[Course, ...], centre: float, deviation: float) -> Rule:
    """The rule over every ally's decision that counts in the courses.

    Slopes are log-normal about ``centre``, with ``deviation`` of the log.
    """
    rows: list[tuple[Any, ...]] = []
    for course in courses:
        line, steps = course.line, len(course.line.world)
        leader = [line.initial_leader, *line.fixed_leader_level[:-1].tolist()]
        for table, options, start in (
            ("level", LEVELS, line.initial_levels),
            ("engagement", ENGAGEMENTS, line.initial_engagements),
        ):
            taken = getattr(line, f"fixed_{table}")
            for step in range(steps):
                for ally in range(taken.shape[1]):
                    low, high = getattr(course.ranges, table)[step, ally].tolist()
                    before = taken[step - 1, ally] if step else start[ally]
                    if low >= 0:
                        severity = line.world[step, 0]
                        rows.append((options, before, leader[step], severity, low, high))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 6).T
    size, before, led, low, high = (
        np.ascontiguousarray(columns[place], dtype=np.int64) for place in (0, 1, 2, 4, 5)
    )
    severities = np.ascontiguousarray(columns[3])
    return Rule(kind, math.log(centre), deviation, size, before, led, severities, low, high)


# --- compiled -------------------------------------------------------------------------------


def slope(rule: Any, normal: float) -> Any:
    """A positive number of the rule."""
    return math.exp(rule.centre + rule.spread * normal)


def threshold(normals: Any, first: int, option: int) -> Any:
    """Ordered logit: where an option ends and the next begins."""
    cut = THRESHOLD_SPREAD * normals[first]
    for index in range(option):
        cut += math.exp(normals[first + 1 + index])
    return cut


def logistic(logit: float) -> float:
    """Share with a logit; never beyond what a float holds."""
    return 1.0 / (1.0 + math.exp(min(-logit, FARTHEST)))


def between(rule: Any, normals: Any, row: int) -> Any:
    """Ordered logit: probability of the options that are documented.

    A difference of two shares, written as a product: it keeps its digits however small it is.
    """
    size = rule.size[row]
    first = 0 if size == LEVELS else LEVELS
    effect = slope(rule, normals[first + size - 1]) * rule.severity[row]
    if size == ENGAGEMENTS:
        effect = -effect  # a graver breach makes for less engagement
    share, lower, upper = 1.0, 0.0, 0.0
    if rule.low[row] > 0:
        lower = threshold(normals, first, rule.low[row] - 1)
        share *= logistic(effect - lower)
    if rule.high[row] < size - 1:
        upper = threshold(normals, first, rule.high[row])
        share *= logistic(upper - effect)
        if rule.low[row] > 0:
            share *= -math.expm1(lower - upper)
    return share


def distance(rule: Any, normals: Any, row: int, option: int) -> Any:
    """Logit of an option: how far it is from what was, and from the leader."""
    unit = float(rule.size[row] - 1)
    moved = abs(option - rule.before[row]) / unit
    if rule.size[row] == ENGAGEMENTS:
        return -slope(rule, normals[1]) * moved
    value = -slope(rule, normals[0]) * moved
    if rule.kind == FOLLOW:
        value -= slope(rule, normals[2]) * abs(option - rule.leader[row]) / unit
    return value


def probability(rule: Any, normals: Any, row: int) -> Any:
    """Probability of the options that are documented in a row."""
    if rule.kind == SEVERITY:
        return between(rule, normals, row)
    top = distance(rule, normals, row, 0)
    for option in range(1, rule.size[row]):
        top = max(top, distance(rule, normals, row, option))
    whole, part = 0.0, 0.0
    for option in range(rule.size[row]):
        share = math.exp(distance(rule, normals, row, option) - top)
        whole += share
        if rule.low[row] <= option <= rule.high[row]:
            part += share
    return part / whole


def log_likelihood(rule: Any, normals: Any) -> float:
    """Log likelihood of a rule at a point (P,); very low rather than infinite where it fails."""
    total = 0.0
    for row in range(len(rule.size)):
        total += math.log(max(probability(rule, normals, row), 1e-300))
    return total


COMPILED = (slope, threshold, logistic, between, distance, probability, log_likelihood)
"""What compiled code may call, callees first."""
