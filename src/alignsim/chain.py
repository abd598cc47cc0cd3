"""How probable it is that each state has joined by the end, exactly and compiled.

Given the documented course of the leader and of all other states, what one unit does is a Markov
chain over its level: what it decides in a step depends on the step before through its own level
only. The distribution over levels 0-5 is carried from step to step; what the leader's stance toward
the unit is not documented, and summed over. A unit is a state, or a union that decides as one.

Exact where the feedbacks on energy, alignment and threat are at rest (their yearly rates are 0):
these would make a state depend on its whole past.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import decision, history, kernel, likelihood, outcomes, situation, terms, timeline
from alignsim.decision import ASSURE, JOINED, LEVELS, PRESS, Weights
from alignsim.history import Documented, Ends
from alignsim.outcomes import Outcome
from alignsim.scenario import Scenario
from alignsim.situation import (
    DEPENDENCE,
    LEADER_ASSURED_SUPPLY,
    WORLD_ALIGNMENT,
    WORLD_SEVERITY,
    Dynamics,
)
from alignsim.timeline import Timeline

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STANCES = len(decision.LEADER_STANCES)


class World(NamedTuple):
    """A world along its documented course, as arrays; units U, steps T, allies A."""

    line: Timeline
    leader: Integers  # (T,): its documented level
    coalition: Floats  # (T, A): what each ally sees of the others
    members: Integers  # (A,): allies by index, unit after unit
    starts: Integers  # (U + 1,): where each unit's members begin
    voices: Floats  # (A,): weight of each of ``members`` in its unit
    first: Integers  # (U,): level before the first step
    ends: Integers  # (U, 2): levels it may have come to, lowest and highest; -1 if not counted


def units(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """States by unit: a union's members under its code, all others by themselves."""
    found: dict[str, tuple[str, ...]] = {}
    union_of = {m: code for code, union in scenario.unions.items() for m in union.members}
    for ally in scenario.allies:
        code = union_of.get(ally, ally)
        found[code] = (*found.get(code, ()), ally)
    return found


def world(
    scenario: Scenario,
    line: Timeline | None = None,
    records: Sequence[Documented] | None = None,
    without: Sequence[str] = (),
    stated: Ends | None = None,
) -> World:
    """A world along its documented course. ``without`` names units that do not count.

    ``line`` holds the scenario's arrays, built unless given; ``stated`` says where states had come
    to, as in :func:`alignsim.history.ends`. A state without a documented course counts as not
    having moved. Raises ValueError where the leader's level is not documented, or members of a
    union ended apart.
    """
    known = history.documented(scenario, stated) if records is None else records
    line = timeline.build(scenario) if line is None else line
    levels = np.tile(line.initial_levels, (scenario.calendar.steps, 1))
    leader = np.full(scenario.calendar.steps, -1)
    for record in known:
        if record.decision == "level" and record.state == scenario.leader:
            leader[record.step] = record.value
        elif record.decision == "level":
            levels[record.step, scenario.allies.index(record.state)] = record.value
    if (leader < 0).any():
        raise ValueError(f"{scenario.name}: the leader's level is not documented throughout")
    grouped = units(scenario)
    members = [scenario.allies.index(ally) for own in grouped.values() for ally in own]
    sizes = [len(own) for own in grouped.values()]
    return World(
        Timeline(*(likelihood.plain(part) for part in line)),
        leader,
        _coalition(line, leader, levels),
        np.array(members),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.array([line.voices[a] if line.union[a] >= 0 else 1.0 for a in members]),
        np.array([line.initial_levels[scenario.allies.index(own[0])] for own in grouped.values()]),
        _ends(history.ends(scenario, stated), grouped, without),
    )


def _coalition(line: Timeline, leader: Integers, levels: Integers) -> Floats:
    """What each ally sees of the others at each step, (T, A), all as documented."""
    found = np.zeros(levels.shape)
    before = line.initial_levels
    circles = [circle.tolist() for circle in line.members]
    for step in range(len(levels)):
        blocs, own = line.bloc_levels[step].tolist(), before.tolist()
        totals = [situation.circle_total(c, int(leader[step]), blocs, own) for c in circles]
        for a in range(levels.shape[1]):
            found[step, a] = situation.coalition_level(
                line.looks_to[a].tolist(), totals, line.others.tolist(), float(own[a])
            )
        before = levels[step]
    return found


def _ends(
    known: dict[str, Outcome], grouped: dict[str, tuple[str, ...]], without: Sequence[str]
) -> Integers:
    """Levels that each unit may have come to, (U, 2)."""
    found = np.full((len(grouped), 2), -1)
    for index, (unit, own) in enumerate(grouped.items()):
        words = {known[ally].outcome for ally in own if ally in known} - {"exclude"}
        if len(words) > 1:
            raise ValueError(f"{unit}: members ended apart")
        if words and unit not in without:
            found[index] = BOUNDS[words.pop()]
    return found


BOUNDS = {word: (low, high) for word, (low, _, high) in outcomes.BOUNDS.items()}
"""Lowest and highest level that an outcome allows."""


# --- compiled -------------------------------------------------------------------------------


def courses(one: Any, dynamics: Any) -> Any:
    """Severity as allies perceive it and the resistance that leaves, (T, 2); of a step's length."""
    steps = len(one.leader)
    found = np.empty((steps, 2))
    severity = one.line.initial_severity
    for step in range(steps):
        event = one.line.world[step, WORLD_SEVERITY]
        perceived = terms.perceived_severity(severity, event, dynamics.persistence)
        found[step, 0] = perceived
        found[step, 1] = terms.resistance(severity, perceived, dynamics.attention)
        severity = perceived
    return found


def weigh(
    one: Any, w: Weights, dynamics: Any, seen: Any, unit: int, step: int, utilities: Any
) -> None:
    """A unit's utility of each level under each stance of the leader, inertia aside, (3, 6)."""
    line = one.line
    leader_row = line.leader[step]
    for stance in range(STANCES):
        for level in range(LEVELS):
            utilities[stance, level] = 0.0
    own = np.empty(LEVELS)
    for index in range(one.starts[unit], one.starts[unit + 1]):
        a = one.members[index]
        for stance in range(STANCES):
            # Pressure moves nobody who does not depend on the leader: as without a stance.
            if stance != PRESS or line.allies[step, a, DEPENDENCE] > 0.0:
                supply = leader_row[LEADER_ASSURED_SUPPLY] if stance == ASSURE else 0.0
                view = situation.ally_view(
                    line.allies[step, a],
                    1.0,
                    0.0,
                    seen[step, 0],
                    line.world[step, WORLD_ALIGNMENT],
                    dynamics.abstention_premium,
                    stance == PRESS,
                    supply,
                    one.leader[step],
                    one.coalition[step, a],
                    0.0,
                    0,
                    0,
                    seen[step, 1],
                )
                for level in range(LEVELS):
                    weighed = decision.level_terms(w, view, level)
                    own[level] = decision.total(weighed) - weighed.inertia
            for level in range(LEVELS):
                utilities[stance, level] += one.voices[index] * own[level]


def stances(
    one: Any, w: Weights, unit: int, step: int, level: int, utilities: Any, masses: Any
) -> None:
    """Probability of each stance of the leader toward a unit at a level, into ``masses`` (3,)."""
    line = one.line
    for stance in range(STANCES):
        utilities[stance] = 0.0
    for index in range(one.starts[unit], one.starts[unit + 1]):
        view = situation.leader_stance_view(
            line.leader[step],
            line.allies[step, one.members[index]],
            1.0,
            line.world[step, WORLD_SEVERITY],
            one.leader[step],
            level,
        )
        for stance in range(STANCES):
            own = decision.total(decision.leader_stance_terms(w, view, stance))
            utilities[stance] += one.voices[index] * own
    decision.choose(utilities, w.precision_leader_stance, 0.0, masses)
    mass = 0.0
    for stance in range(STANCES):
        mass += masses[stance]
    for stance in range(STANCES):
        masses[stance] /= mass


def distribution(one: Any, w: Weights, dynamics: Any, seen: Any, unit: int, room: Any) -> Any:
    """Probability of each level of a unit after the last step, (6,).

    Inertia depends on the distance of two levels only, so that the odds of moving are the product
    of those of the level and those of the distance: far fewer exponentials than one a pair.
    """
    now, then = np.zeros(LEVELS), np.empty(LEVELS)
    now[one.first[unit]] = 1.0
    toward: Any = np.empty(STANCES)
    options: Any = np.empty(STANCES)
    masses: Any = np.empty(LEVELS)
    stays, odds = np.empty(LEVELS), np.empty((STANCES, LEVELS))
    for step in range(len(one.leader)):
        weigh(one, w, dynamics, seen, unit, step, room)
        for distance in range(LEVELS):
            moved = terms.inertia(0.0, decision.unit_level(distance), seen[step, 1])
            stays[distance] = math.exp(w.precision_level * w.inertia * moved)
        for stance in range(STANCES):
            decision.choose(room[stance], w.precision_level, 0.0, masses)
            for level in range(LEVELS):
                odds[stance, level] = masses[level]
        for level in range(LEVELS):
            then[level] = 0.0
        for before in range(LEVELS):
            if now[before] < TINY:
                continue
            stances(one, w, unit, step, before, options, toward)
            for stance in range(STANCES):
                if toward[stance] < TINY:
                    continue
                mass = 0.0
                for level in range(LEVELS):
                    masses[level] = odds[stance, level] * stays[abs(before - level)]
                    mass += masses[level]
                if mass < UNDERFLOW:
                    mass = pairwise(w, room[stance], before, seen[step, 1], masses)
                share = now[before] * toward[stance] / mass
                for level in range(LEVELS):
                    then[level] += share * masses[level]
        now, then = then, now
    return now


def pairwise(w: Weights, utilities: Any, before: int, resistance: float, masses: Any) -> Any:
    """Sum of the odds of each level from one before, which are left in ``masses`` (6,)."""
    options: Any = np.empty(LEVELS)
    x_before = decision.unit_level(before)
    for level in range(LEVELS):
        moved = terms.inertia(x_before, decision.unit_level(level), resistance)
        options[level] = utilities[level] + w.inertia * moved
    decision.choose(options, w.precision_level, 0.0, masses)
    mass = 0.0
    for level in range(LEVELS):
        mass += masses[level]
    return mass


UNDERFLOW = 1e-250
"""Sum of products of odds below which they may have lost what counts."""
TINY = 1e-12
"""Probability of a level or stance below which its consequences are not followed."""


def distributions(w: Weights, dynamics: Dynamics, one: Any) -> Any:
    """Probability of each level of each unit after the last step, (U, 6).

    ``dynamics`` are the yearly and monthly ones.
    """
    per_step = situation.per_step(dynamics, one.line.months)
    seen = courses(one, per_step)
    room = np.empty((STANCES, LEVELS))
    count = len(one.starts) - 1
    found = np.empty((count, LEVELS))
    for unit in range(count):
        found[unit] = distribution(one, w, per_step, seen, unit, room)
    return found


def log_likelihood(w: Weights, dynamics: Dynamics, one: Any) -> Any:
    """Log probability of where all units that count had come to."""
    per_step = situation.per_step(dynamics, one.line.months)
    seen = courses(one, per_step)
    room = np.empty((STANCES, LEVELS))
    total = 0.0
    for unit in range(len(one.starts) - 1):
        if one.ends[unit, 0] >= 0:
            found = distribution(one, w, per_step, seen, unit, room)
            part = 0.0
            for level in range(one.ends[unit, 0], one.ends[unit, 1] + 1):
                part += found[level]
            total += np.log(max(part, FLOOR))
    return total


FLOOR = 1e-300
"""Least probability of a documented end: its log stays finite, and says how hopeless it is."""

COMPILED = (courses, weigh, stances, pairwise, distribution, distributions, log_likelihood)
"""What compiled code may call, callees first."""


def probabilities(weights: Weights, dynamics: Dynamics, one: World) -> Floats:
    """The same, compiled: probability of each level of each unit, (U, 6)."""
    return np.asarray(_compiled()(weights, dynamics, one))


def joined(levels: Floats) -> Floats:
    """Probability of having joined from those of the levels, on the last axis."""
    return np.asarray(levels[..., JOINED:].sum(axis=-1))


@cache
def _compiled() -> Any:
    return kernel.compiled(distributions, COMPILED)
