"""The compiled engine: the loop over runs and steps around the functions of the theory.

No formula stands here. The functions of ``terms``, ``decision``, ``situation`` and ``draws`` are
made callable from compiled code as they are; what is written here is the order of a step, which
the Mesa model shares and parity tests hold together, choice by choice.
"""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import compiler, decision, draws, situation, terms
from alignsim.decision import ASSURE, COERCE, PRESS, Weights
from alignsim.situation import (
    LEADER_ASSURED_SUPPLY,
    LEADER_CEILING,
    LEADER_TRADE_SHARE,
    TRADE_SHARE,
    WORLD_ALIGNMENT,
    WORLD_SEVERITY,
    Dynamics,
)

_THEORY = (terms, decision, situation, draws)


class Outcome(NamedTuple):
    """Decisions of many runs, as option indices; shapes in runs R, steps T, allies A."""

    leader_level: NDArray[np.int8]  # (R, T)
    leader_stance: NDArray[np.int8]  # (R, T, A)
    target_stance: NDArray[np.int8]  # (R, T, A)
    level: NDArray[np.int8]  # (R, T, A)
    engagement: NDArray[np.int8]  # (R, T, A)
    pressure: NDArray[np.float64]  # (R, T)
    misalignment: NDArray[np.float64]  # (R, T)


def room(runs: int, steps: int, allies: int) -> Outcome:
    """An outcome of zeros, to be filled."""
    each = (runs, steps, allies)
    return Outcome(
        np.zeros((runs, steps), np.int8),
        np.zeros(each, np.int8),
        np.zeros(each, np.int8),
        np.zeros(each, np.int8),
        np.zeros(each, np.int8),
        np.zeros((runs, steps)),
        np.zeros((runs, steps)),
    )


class Ranges(NamedTuple):
    """Options that documented decisions may have been: lowest and highest on the last axis.

    The lowest is -1 where a decision does not count.
    """

    leader_level: NDArray[np.int64]  # (T, 2)
    leader_stance: NDArray[np.int64]  # (T, A, 2)
    target_stance: NDArray[np.int64]  # (T, A, 2)
    level: NDArray[np.int64]  # (T, A, 2)
    engagement: NDArray[np.int64]  # (T, A, 2)


class LogProbabilities(NamedTuple):
    """Log probability of each documented decision, given the course before it; 0 if not counted."""

    leader_level: NDArray[np.float64]  # (T,)
    leader_stance: NDArray[np.float64]  # (T, A)
    target_stance: NDArray[np.float64]  # (T, A)
    level: NDArray[np.float64]  # (T, A)
    engagement: NDArray[np.float64]  # (T, A)


def digest(*starts: str) -> str:
    """SHA-256 of the compiler, and of the source of the engine, of modules, and of all they import.

    Modules are named as in :func:`alignsim.sources.modules`, whose rule holds.
    """
    return compiler.digest(__name__, *starts)


def cache_folder(*starts: str) -> Path | None:
    """A cache folder for exactly this source; None where there is no place for one."""
    return compiler.cache_folder(digest(*starts))


def is_compiled() -> bool:
    """Whether a first call will find the compiled code in the cache."""
    return compiler.is_kept(_simulate, cache_folder())


def compiled(function: Callable[..., Any], callees: Iterable[Callable[..., Any]] = ()) -> Any:
    """Compile a function that may call those of the theory, the engine's and ``callees``.

    All are functions of this package.
    """
    called = tuple(callees)
    theory = [item for module in _THEORY for item in compiler.functions(module)]
    starts = sorted({one.__module__ for one in (function, *called)})
    known: list[Callable[..., Any]] = [*theory, _view, _hear, _settle, _simulate, *called]
    return compiler.compiled(function, known, cache_folder(*starts))


class _Allies(NamedTuple):
    """Where each ally stands while a step is under way; all (A,)."""

    level: Any
    engagement: Any
    severity: Any
    resistance: Any
    scale: Any
    added: Any
    leader_stance: Any
    target_stance: Any


class _Pool(NamedTuple):
    """What the free members of each union U have said so far, and what the union chose of it."""

    utilities: Any  # (U, options, A): filled as far as heard
    voices: Any  # (U, A)
    heard: Any  # (U,)
    chosen: Any  # (U,)


def _view(
    line: Any,
    step: int,
    a: int,
    at: _Allies,
    leader: int,
    alignment: float,
    premium: float,
    totals: Any,
) -> decision.AllyView:
    """The situation an ally decides in."""
    supply = 0.0
    if at.leader_stance[a] == ASSURE:
        supply = line.leader[step, LEADER_ASSURED_SUPPLY]
    own = situation.own_level(at.level, line.union, a)
    return situation.ally_view(
        line.allies[step, a],
        at.scale[a],
        at.added[a],
        at.severity[a],
        alignment,
        premium,
        at.leader_stance[a] == PRESS,
        supply,
        leader,
        situation.coalition_level(line.looks_to[a], totals, line.others, own),
        decision.courting(at.target_stance[a]),
        at.level[a],
        at.engagement[a],
        at.resistance[a],
    )


def _hear(pool: _Pool, union: int, voice: float, utilities: Any) -> None:
    """Keep a free member's utilities for the mean of its union."""
    place = pool.heard[union]
    pool.voices[union, place] = voice
    for option in range(len(utilities)):
        pool.utilities[union, option, place] = utilities[option]
    pool.heard[union] = place + 1


def _settle(
    pool: _Pool, union: int, utilities: Any, precision: float, draw: float, masses: Any
) -> None:
    """A union chooses by the mean of its members, who are then heard anew."""
    heard = pool.heard[union]
    pool.heard[union] = 0
    if heard > 0:
        for option in range(len(utilities)):
            utilities[option] = situation.union_mean(
                pool.utilities[union, option, :heard], pool.voices[union, :heard]
            )
        pool.chosen[union] = decision.choose(utilities, precision, draw, masses)


def _simulate(
    line: Any,
    w: Weights,
    dynamics: Dynamics,
    key0: int,
    key1: int,
    first: int,
    out: Outcome,
    ranges: Ranges | None,
    logs: Any,
) -> None:
    """Run ``first``, ``first + 1``, … into the rows of ``out``; ``dynamics`` are per step.

    With ``ranges``, what the engine gave them is left in ``logs``. Without, the compiler leaves
    these parts out.
    """
    runs, steps = out.leader_level.shape
    allies = line.allies.shape[1]
    utilities: Any = np.empty(decision.LEVELS)
    masses: Any = np.empty(decision.LEVELS)
    circles = line.members.shape[0]
    totals: Any = np.empty(circles)
    level: Any = np.empty(allies, np.int64)
    engagement = np.empty(allies, np.int64)
    next_level = np.empty(allies, np.int64)
    next_engagement = np.empty(allies, np.int64)
    severity = np.empty(allies)
    resistance = np.empty(allies)
    scale = np.empty(allies)
    added = np.empty(allies)
    leader_stance = np.empty(allies, np.int64)
    target_stance = np.empty(allies, np.int64)
    at = _Allies(
        level, engagement, severity, resistance, scale, added, leader_stance, target_stance
    )
    unions = 0
    for a in range(allies):
        unions = max(unions, line.union[a] + 1)
    pool = _Pool(
        np.empty((unions, decision.LEVELS, allies)),
        np.empty((unions, allies)),
        np.zeros(unions, np.int64),
        np.empty(unions, np.int64),
    )
    for row in range(runs):
        run = first + row
        leader = line.initial_leader
        alignment_added = 0.0
        event_before = line.initial_severity
        for a in range(allies):
            level[a] = line.initial_levels[a]
            engagement[a] = line.initial_engagements[a]
            severity[a] = line.initial_severity
            scale[a] = 1.0
            added[a] = 0.0
        for step in range(steps):
            event = line.world[step, WORLD_SEVERITY]
            alignment = terms.compounded(line.world[step, WORLD_ALIGNMENT], alignment_added)
            leader_row = line.leader[step]
            blocs = line.bloc_levels[step]
            shares = line.bloc_shares[step]
            trade = line.allies[step, :, TRADE_SHARE]
            for a in range(allies):
                perceived = terms.perceived_severity(severity[a], event, dynamics.persistence)
                resistance[a] = terms.resistance(severity[a], perceived, dynamics.attention)
                severity[a] = perceived

            resisting = terms.resistance(event_before, event, dynamics.attention)
            leader_view = situation.leader_view(leader_row, event, resisting, leader)
            event_before = event
            fixed = line.fixed_leader_level[step]
            highest = max(int(leader_row[LEADER_CEILING]), fixed)
            for option in range(highest + 1):
                utilities[option] = decision.total(decision.leader_terms(w, leader_view, option))
            leader = fixed
            if ranges is not None:
                low, high = ranges.leader_level[step, 0], ranges.leader_level[step, 1]
                logs.leader_level[step] = decision.log_probability(
                    utilities[: highest + 1], w.precision_leader_level, low, high
                )
            if fixed < 0:
                draw = draws.uniform(key0, key1, run, step, 0, draws.LEVEL)
                leader = decision.choose(
                    utilities[: highest + 1], w.precision_leader_level, draw, masses
                )

            for a in range(allies):
                leader_stance[a] = line.fixed_leader_stance[step, a]
                counts = False
                if ranges is not None:
                    counts = ranges.leader_stance[step, a, 0] >= 0
                if leader_stance[a] < 0 or counts:
                    stance_view = situation.leader_stance_view(
                        leader_row, line.allies[step, a], scale[a], event, leader, level[a]
                    )
                    for option in range(3):
                        utilities[option] = decision.total(
                            decision.leader_stance_terms(w, stance_view, option)
                        )
                if ranges is not None:
                    low, high = ranges.leader_stance[step, a, 0], ranges.leader_stance[step, a, 1]
                    logs.leader_stance[step, a] = decision.log_probability(
                        utilities[:3], w.precision_leader_stance, low, high
                    )
                if leader_stance[a] < 0 and line.union[a] >= 0:
                    _hear(pool, line.union[a], line.voices[a], utilities[:3])
                elif leader_stance[a] < 0:
                    draw = draws.uniform(key0, key1, run, step, 0, draws.STANCE + a)
                    leader_stance[a] = decision.choose(
                        utilities[:3], w.precision_leader_stance, draw, masses
                    )
            for union in range(unions):
                draw = draws.uniform(key0, key1, run, step, 0, draws.STANCE + allies + union)
                _settle(pool, union, utilities[:3], w.precision_leader_stance, draw, masses)
            if unions > 0:
                for a in range(allies):
                    if leader_stance[a] < 0:
                        leader_stance[a] = pool.chosen[line.union[a]]

            pressure = situation.pressure(
                leader, leader_row[LEADER_TRADE_SHARE], blocs, shares, level, trade
            )
            for a in range(allies):
                target_stance[a] = line.fixed_target_stance[step, a]
                counts = False
                if ranges is not None:
                    counts = ranges.target_stance[step, a, 0] >= 0
                if target_stance[a] < 0 or counts:
                    target_view = situation.target_view(
                        line.allies[step, a], alignment, pressure, event, level[a]
                    )
                    for option in range(3):
                        utilities[option] = decision.total(
                            decision.target_terms(w, target_view, option)
                        )
                if ranges is not None:
                    low, high = ranges.target_stance[step, a, 0], ranges.target_stance[step, a, 1]
                    logs.target_stance[step, a] = decision.log_probability(
                        utilities[:3], w.precision_target_stance, low, high
                    )
                if target_stance[a] < 0:
                    draw = draws.uniform(key0, key1, run, step, 1, draws.STANCE + a)
                    target_stance[a] = decision.choose(
                        utilities[:3], w.precision_target_stance, draw, masses
                    )

            for circle in range(circles):
                totals[circle] = situation.circle_total(line.members[circle], leader, blocs, level)
            premium = dynamics.abstention_premium
            if unions > 0:
                for a in range(allies):
                    if line.union[a] >= 0 and line.fixed_level[step, a] < 0:
                        view = _view(line, step, a, at, leader, alignment, premium, totals)
                        for option in range(decision.LEVELS):
                            utilities[option] = decision.total(
                                decision.level_terms(w, view, option)
                            )
                        _hear(pool, line.union[a], line.voices[a], utilities)
            for union in range(unions):
                draw = draws.uniform(key0, key1, run, step, 2 + allies + union, draws.LEVEL)
                _settle(pool, union, utilities, w.precision_level, draw, masses)

            for a in range(allies):
                view = _view(line, step, a, at, leader, alignment, premium, totals)
                next_level[a] = line.fixed_level[step, a]
                if next_level[a] < 0 and line.union[a] >= 0:
                    next_level[a] = pool.chosen[line.union[a]]
                if next_level[a] < 0 or ranges is not None:
                    for option in range(decision.LEVELS):
                        utilities[option] = decision.total(decision.level_terms(w, view, option))
                if ranges is not None:
                    low, high = ranges.level[step, a, 0], ranges.level[step, a, 1]
                    logs.level[step, a] = decision.log_probability(
                        utilities, w.precision_level, low, high
                    )
                if next_level[a] < 0:
                    draw = draws.uniform(key0, key1, run, step, 2 + a, draws.LEVEL)
                    next_level[a] = decision.choose(utilities, w.precision_level, draw, masses)
                next_engagement[a] = line.fixed_engagement[step, a]
                if next_engagement[a] < 0 or ranges is not None:
                    for option in range(decision.ENGAGEMENTS):
                        utilities[option] = decision.total(
                            decision.engagement_terms(w, view, next_level[a], option)
                        )
                if ranges is not None:
                    low, high = ranges.engagement[step, a, 0], ranges.engagement[step, a, 1]
                    logs.engagement[step, a] = decision.log_probability(
                        utilities[: decision.ENGAGEMENTS], w.precision_engagement, low, high
                    )
                if next_engagement[a] < 0:
                    draw = draws.uniform(key0, key1, run, step, 2 + a, draws.ENGAGEMENT)
                    next_engagement[a] = decision.choose(
                        utilities[: decision.ENGAGEMENTS], w.precision_engagement, draw, masses
                    )

            for a in range(allies):
                level[a] = next_level[a]
                engagement[a] = next_engagement[a]
                coerced = 1.0 if target_stance[a] == COERCE else 0.0
                scale[a] = terms.energy_drift(
                    scale[a], decision.unit_engagement(engagement[a]), dynamics.energy_drift
                )
                added[a] = terms.rise(added[a], coerced, dynamics.threat_rise)
                out.level[row, step, a] = level[a]
                out.engagement[row, step, a] = engagement[a]
                out.leader_stance[row, step, a] = leader_stance[a]
                out.target_stance[row, step, a] = target_stance[a]
            pressure = situation.pressure(
                leader,
                leader_row[LEADER_TRADE_SHARE],
                line.bloc_levels_now[step],
                shares,
                level,
                trade,
            )
            out.leader_level[row, step] = leader
            out.pressure[row, step] = pressure
            out.misalignment[row, step] = situation.spread(leader, level)
            alignment_added = terms.rise(alignment_added, pressure, dynamics.alignment_rise)


@cache
def engine() -> Any:
    """The compiled engine; compiles on first use, and reads the code from a cache after that."""
    return compiled(_simulate)


def simulate(
    line: Any, weights: Weights, dynamics: Dynamics, seed: int, first: int, runs: int
) -> Outcome:
    """Free runs ``first`` to ``first + runs - 1`` of a timeline.

    ``dynamics`` are the yearly and monthly ones; the timeline says how long a step is.
    """
    steps, allies = line.allies.shape[:2]
    out = room(runs, steps, allies)
    per_step = situation.per_step(dynamics, line.months)
    engine()(line, weights, per_step, *draws.key(seed), first, out, None, None)
    return out
