"""Free runs of a scenario, and the forecast they make of each decision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignsim import draws, kernel, timeline
from alignsim.history import Key
from alignsim.kernel import Outcome
from alignsim.scenario import Scenario, decisions, options
from alignsim.weights import Parameters


@dataclass(frozen=True)
class Ensemble:
    """Many free runs of one scenario under one weight set and seed."""

    scenario: Scenario
    parameters: Parameters
    seed: int
    outcome: Outcome

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(self.outcome.leader_level.shape[0])

    @property
    def decisions(self) -> list[Key]:
        """Every decision of the scenario: state, decision, toward."""
        return decisions(self.scenario)

    def chosen(self, key: Key) -> NDArray[np.int8]:
        """Options taken in each run and step, as indices: shape (runs, steps)."""
        state, decision, toward = key
        scenario, outcome = self.scenario, self.outcome
        if state == scenario.leader and decision == "level":
            return outcome.leader_level
        column = scenario.allies.index(toward if toward is not None else state)
        if state == scenario.leader:
            return outcome.leader_stance[:, :, column]
        if state == scenario.target:
            return outcome.target_stance[:, :, column]
        taken = outcome.level if decision == "level" else outcome.engagement
        return taken[:, :, column]

    def counts(self, key: Key) -> NDArray[np.int64]:
        """Runs per step and option: shape (steps, options)."""
        taken = self.chosen(key)
        size = len(options(self.scenario, key[0], key[1]))
        return np.stack([np.bincount(column, minlength=size) for column in taken.T])

    def frequencies(self, key: Key) -> NDArray[np.float64]:
        """Share of runs per step and option: shape (steps, options)."""
        return self.counts(key) / self.runs


def free_runs(
    scenario: Scenario, parameters: Parameters, runs: int, seed: int, first: int = 0
) -> Ensemble:
    """Run a scenario freely from its first step, never fed the documented past.

    Runs are numbered from ``first``; the same seed and number give the same decisions as
    :class:`alignsim.model.AlignmentModel`. Raises ValueError for runs below 1, or a seed or run
    out of range.
    """
    if runs < 1:
        raise ValueError(f"runs {runs} is not at least 1")
    draws.check(seed, first)
    draws.check(seed, first + runs - 1)
    line = timeline.build(scenario)
    outcome = kernel.simulate(line, parameters.weights, parameters.dynamics, seed, first, runs)
    return Ensemble(scenario, parameters, seed, outcome)
