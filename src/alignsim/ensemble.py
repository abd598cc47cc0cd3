"""Free runs of a scenario, and the forecast they make of each decision."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignsim import kernel, timeline, wholes
from alignsim import weights as weight_sets
from alignsim.history import Key
from alignsim.kernel import Outcome
from alignsim.scenario import Scenario, decisions, options
from alignsim.timeline import Timeline
from alignsim.weights import Parameters


@dataclass(frozen=True)
class Ensemble:
    """Many free runs of one scenario under one weight set and seed."""

    scenario: Scenario
    parameters: Parameters
    seed: int
    outcome: Outcome
    drawn: tuple[Parameters, ...] = ()
    """Draws of the posterior that the runs took in turn; none where all took ``parameters``."""

    def parameters_of(self, run: int) -> Parameters:
        """What a run took, by its number."""
        return self.drawn[run % len(self.drawn)] if self.drawn else self.parameters

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


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED, first=wholes.RUN)
def free_runs(
    scenario: Scenario, parameters: Parameters, runs: int, seed: int, first: int = 0
) -> Ensemble:
    """Run a scenario freely from its first step, never fed the documented past.

    Runs are numbered from ``first``; the same seed and number give the same decisions as
    :class:`alignsim.model.AlignmentModel`. Raises ValueError for runs below 1, or a seed or run
    out of range.
    """
    wholes.whole("run", first + runs - 1, wholes.RUN)
    line = timeline.build(scenario)
    outcome = kernel.simulate(line, parameters.weights, parameters.dynamics, seed, first, runs)
    return Ensemble(scenario, parameters, seed, outcome)


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def posterior_runs(
    scenario: Scenario, name: str | Path, runs: int, seed: int, line: Timeline | None = None
) -> Ensemble:
    """Free runs that carry what is not known of the weights: run r takes draw r, in turn.

    The draws are those of a weight set by name or file; one without draws gives plain free runs.
    ``line`` holds the arrays of the scenario, built unless given. Raises as :func:`free_runs` does.
    """
    centre, drawn = weight_sets.read(name), weight_sets.read_draws(name)
    return of_draws(scenario, centre, drawn, runs, seed, line)


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def of_draws(
    scenario: Scenario,
    centre: Parameters,
    drawn: tuple[Parameters, ...],
    runs: int,
    seed: int,
    line: Timeline | None = None,
) -> Ensemble:
    """The same for given draws, of which there is one at least, and their centre."""
    line = timeline.build(scenario) if line is None else line
    made = []
    for run in range(runs):
        _, weights, dynamics = drawn[run % len(drawn)]
        made.append(kernel.simulate(line, weights, dynamics, seed, run, 1))
    return Ensemble(scenario, centre, seed, _joined(made), drawn)


@wholes.taken(runs_a_draw=wholes.ONE_UP, seed=wholes.SEED)
def runs_of_draws(
    scenario: Scenario,
    centre: Parameters,
    drawn: tuple[Parameters, ...],
    runs_a_draw: int,
    seed: int,
) -> tuple[Ensemble, NDArray[np.int64]]:
    """Many runs of each draw, to tell what is not known of the weights from chance.

    Returns the runs, draw after draw, and the draw of each, (runs,).
    """
    line = timeline.build(scenario)
    made = [
        kernel.simulate(line, weights, dynamics, seed, index * runs_a_draw, runs_a_draw)
        for index, (_, weights, dynamics) in enumerate(drawn)
    ]
    each = np.repeat(np.arange(len(drawn)), runs_a_draw)
    return Ensemble(scenario, centre, seed, _joined(made), tuple(drawn[d] for d in each)), each


def _joined(made: list[Outcome]) -> Outcome:
    return Outcome(*(np.concatenate(part) for part in zip(*made, strict=True)))
