"""Which states move most between two worlds, and the terms that move them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import chain, decision, situation
from alignsim.decision import JOINED, LEVELS, LevelTerms
from alignsim.panel import forecasting
from alignsim.scenario import Scenario
from alignsim.situation import WORLD_ALIGNMENT, WORLD_SEVERITY
from alignsim.weights import Parameters

Floats = NDArray[np.float64]

MOST_DRAWS = 100
"""Draws of the weights that terms are averaged over."""
SHOWN = 3
"""Terms that a table names of each state."""


@dataclass(frozen=True)
class Side:
    """What moves each unit to join in a world: P(joined) (U,), and terms (U, terms) in log odds."""

    joined: Floats
    terms: Floats


def side(scenario: Scenario, drawn: Sequence[Parameters], runs: NDArray[np.int64]) -> Side:
    """Both for a world, of which runs (draws, A, 6) say where each state comes to."""
    levels = (runs.sum(axis=0) / runs[:, 0].sum()) @ np.arange(LEVELS)
    joined = forecasting.shares(runs).mean(axis=0)
    first = [scenario.allies.index(own[0]) for own in chain.units(scenario).values()]
    return Side(joined[first], weighed(scenario, drawn, levels))


def weighed(
    scenario: Scenario, drawn: Sequence[Parameters], levels: Floats, opened: bool = False
) -> Floats:
    """Terms of each unit in log odds, (U, terms), where states stand at levels (A,) in 0 to 5.

    A term is the log odds of having just joined over not having moved, level 2 against 0: weight
    times precision times the term's difference, averaged over draws, with the leader as
    documented. It is that of the last step; where ``opened``, of the step at which severity has
    just risen most, so that inertia holds states back least.
    """
    world = chain.world(scenario)
    line = world.line
    step = scenario.calendar.steps - 1
    if opened:
        course = np.concatenate([[line.initial_severity], line.world[:, WORLD_SEVERITY]])
        step = int(np.argmax(np.diff(course)))
    leader = int(world.leader[step])
    blocs = line.bloc_levels[step].tolist()
    totals = [
        situation.circle_total(circle.tolist(), leader, blocs, levels.tolist())
        for circle in line.members
    ]
    grouped = chain.units(scenario)
    found = np.zeros((len(grouped), len(LevelTerms._fields)))
    chosen = drawn[:: max(1, len(drawn) // MOST_DRAWS)]
    for one in chosen:
        dynamics = situation.per_step(one.dynamics, line.months)
        severity, resistance = chain.courses(world, dynamics)[step].tolist()
        for place, own in enumerate(grouped.values()):
            for ally in own:
                a = scenario.allies.index(ally)
                coalition = situation.coalition_level(
                    line.looks_to[a].tolist(), totals, line.others.tolist(), float(levels[a])
                )
                view = situation.ally_view(
                    line.allies[step, a].tolist(), 1.0, 0.0, severity,
                    float(line.world[step, WORLD_ALIGNMENT]),
                    dynamics.abstention_premium, False, 0.0, leader, coalition, 0.0, 0, 0,
                    resistance if opened else 1.0,
                )  # fmt: skip
                there = decision.level_terms(one.weights, view, JOINED)
                here = decision.level_terms(one.weights, view, 0)
                gain = np.array(there) - np.array(here)
                voice = float(line.voices[a]) if line.union[a] >= 0 else 1.0
                found[place] += voice * one.weights.precision_level * gain / len(chosen)
    return found


def table(
    scenarios: tuple[Scenario, Scenario],
    sides: tuple[Side, Side],
) -> pd.DataFrame:
    """Units of both worlds, those that move most first: P(joined) before and after, and terms.

    ``moved_by`` names the terms whose log odds changed most in the direction of the move.
    """
    names = [list(chain.units(scenario)) for scenario in scenarios]
    before, after = sides
    rows = []
    for unit in names[1]:
        if unit not in names[0]:
            continue
        old, new = names[0].index(unit), names[1].index(unit)
        change = float(after.joined[new] - before.joined[old])
        moved = after.terms[new] - before.terms[old]
        order = np.argsort(-moved * (1.0 if change >= 0.0 else -1.0), kind="stable")[:SHOWN]
        rows.append(
            {
                "unit": unit,
                "name": scenarios[1].label(unit),
                "before": float(before.joined[old]),
                "after": float(after.joined[new]),
                "change": change,
                "moved_by": "; ".join(
                    f"{LevelTerms._fields[k].replace('_', ' ')} {moved[k]:+.2f}" for k in order
                ),
                **{f"{name}_change": float(moved[k]) for k, name in enumerate(LevelTerms._fields)},
            }
        )
    found = pd.DataFrame(rows)
    return found.iloc[np.argsort(-found["change"].abs().to_numpy(), kind="stable")].reset_index(
        drop=True
    )
