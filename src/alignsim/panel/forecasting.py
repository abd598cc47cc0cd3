"""What fitted weights say of a world: free runs from its first step, the leader's course given.

Everyone but the leader decides freely, the unions and clubs that states look to among them. Each
draw of the weights meets its own drawing of the inputs from their ranges, so that what was not
measured widens the interval.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import drawn_inputs, history, kernel, timeline, wholes
from alignsim import weights as weight_sets
from alignsim.calibrate import INTERVAL
from alignsim.decision import JOINED, LEVELS
from alignsim.documents import DocumentError
from alignsim.scenario import Scenario
from alignsim.scores import JEFFREYS
from alignsim.timeline import Timeline
from alignsim.variants import Base
from alignsim.weights import Parameters

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SPARE = 2
"""Drawings of the inputs made for each that is needed: the model refuses some."""


def led(scenario: Scenario) -> Scenario:
    """The scenario with the leader's level fixed as documented, and nothing else.

    Raises ValueError where it is not documented throughout.
    """
    own = [
        record
        for record in history.documented(scenario)
        if (record.state, record.decision) == (scenario.leader, "level")
    ]
    if len(own) < scenario.calendar.steps:
        raise ValueError(f"{scenario.name}: the leader's level is not documented throughout")
    return history.replayed(scenario, own)


@wholes.taken(runs_a_draw=wholes.ONE_UP, seed=wholes.SEED)
def counts(
    lines: Sequence[Timeline], drawn: Sequence[Parameters], runs_a_draw: int, seed: int
) -> Integers:
    """Runs of each draw by the level that each ally is at after the last step, (draws, A, 6).

    ``lines`` has one world a draw, or one for all; runs are numbered on from draw to draw.
    """
    found = []
    for index, one in enumerate(drawn):
        line = lines[index % len(lines)]
        first = index * runs_a_draw
        outcome = kernel.simulate(line, one.weights, one.dynamics, seed, first, runs_a_draw)
        last = outcome.level[:, -1, :]
        found.append([np.bincount(column, minlength=LEVELS) for column in last.T])
    return np.array(found)


def shares(found: Integers) -> Floats:
    """Share of the runs of each draw in which each ally has joined, (draws, A)."""
    return np.asarray(found[:, :, JOINED:].sum(axis=2) / found.sum(axis=2))


def smoothed(p: Floats, runs: int) -> Floats:
    """A share of runs with half a count on either side: finitely many runs prove nothing certain
    (Jeffreys 1946), and a log score must stay finite.
    """
    return np.asarray((p * runs + JEFFREYS) / (runs + 2.0 * JEFFREYS))


def measured(scenario: Scenario) -> list[Timeline]:
    """The world with its inputs as measured."""
    return [timeline.build(led(scenario))]


@wholes.taken(draws=wholes.ZERO_UP, seed=wholes.SEED)
def drawn(scenario: Scenario, dynamics: str, draws: int, seed: int) -> list[Timeline]:
    """Worlds with every input at a place in its range, one a draw. Raises DocumentError."""
    base = Base.of(led(scenario), weight_sets.read_set(dynamics))
    lines = [one.line for one in drawn_inputs.worlds(base, draws, seed)]
    if SPARE * len(lines) < draws:
        message = f"takes {len(lines)} of {draws} drawings of its inputs"
        raise DocumentError(scenario.name, None, "", message)
    return lines


def table(scenario: Scenario, found: Integers) -> pd.DataFrame:
    """The forecast of every ally from counts (draws, A, 6): a row a state, sorted by code.

    ``p_joined`` is the mean over draws, in (0, 1), ``p_joined_low`` and ``_high`` the 5th and 95th
    percentile; ``modal_level`` the most frequent level of all runs.
    """
    each, runs = shares(found), int(found[:, 0].sum())
    low, high = np.quantile(each, INTERVAL, axis=0)
    rows = pd.DataFrame(
        {
            "iso3": scenario.allies,
            "p_joined": smoothed(each.mean(axis=0), runs),
            "p_joined_low": low,
            "p_joined_high": high,
            "modal_level": found.sum(axis=0).argmax(axis=1),
        }
    )
    return rows.sort_values("iso3", ignore_index=True)
