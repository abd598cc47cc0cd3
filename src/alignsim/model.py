"""The Mesa model: the readable reference engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from alignsim import draws, situation, terms, wholes
from alignsim import reading as scenarios
from alignsim import timeline as timelines
from alignsim import weights as weight_sets
from alignsim.agents import Ally, Decision, Leader, Target, Union
from alignsim.decision import Weights
from alignsim.recorder import Recorder
from alignsim.scenario import Scenario
from alignsim.timeline import Timeline
from alignsim.weights import Parameters

GENERATORS = (
    list,
    tuple,
    np.ndarray,
    np.random.BitGenerator,
    np.random.Generator,
    np.random.RandomState,
    np.random.SeedSequence,
)
"""What NumPy makes a generator of, besides a whole number."""


class AlignmentModel(mesa.Model):  # type: ignore[misc]
    """Four kinds of decisions a step, in fixed order: leader, target, allies, feedback.

    Parameters
    ----------
    scenario:
        A :class:`Scenario`, or the name or file of one.
    weights:
        :class:`Parameters`, or the name or file of a weight set.
    run:
        Number of the run under the seed; runs differ, what-ifs under one run share their draws.
    rng:
        Seed, 0 to 2^64 - 1. None draws one; the draws depend on it and on ``run`` alone.
    line:
        The scenario's arrays; built from it unless given, as for a point of a sweep that sets an
        index by itself.
    seed:
        The same as ``rng``. From Mesa 3.4 on ``mesa.batch_run`` puts the seeds that it is given,
        or None, into this parameter where a model has it, and else over ``rng``.

    ``played`` is the scenario. ``scenario`` is the same, or from Mesa 3.5 on, where that name is
    Mesa's, a scenario of Mesa's that has all that is in it. ``datacollector`` is a
    :class:`alignsim.recorder.Recorder`. A model can be pickled between any two steps.

    The model stops (``running`` turns False) after the scenario's last step. Raises DocumentError
    for a fault in a file, ValueError for a seed or run out of range or both ``rng`` and ``seed``,
    TypeError for one that is no whole number, RuntimeError for a step past the end.

    """

    def __init__(
        self,
        scenario: Scenario | str | Path = "crimea-2014",
        weights: Parameters | str | Path = "calibrated",
        run: int = 0,
        rng: Any = None,
        line: Timeline | None = None,
        seed: Any = None,
    ) -> None:
        """Set the stage a step before the scenario begins."""
        self.draw_seed = _draw_seed(rng, seed)
        self.draw_key = draws.key(self.draw_seed)
        super().__init__(rng=self.draw_seed)
        self.running: bool = True
        self.played = scenario if isinstance(scenario, Scenario) else scenarios.read(scenario)
        self._tell_mesa()
        self.run = wholes.whole("run", run, wholes.RUN)
        chosen = weights if isinstance(weights, Parameters) else weight_sets.read(weights)
        self.weights: Weights = chosen.weights
        self.timeline = timelines.build(self.played) if line is None else line
        self.dynamics = situation.per_step(chosen.dynamics, self.timeline.months)
        self.decisions: list[Decision] = []
        self.step_index = -1
        self.severity_before = float(self.timeline.initial_severity)
        self.alignment_added = 0.0
        self.ally_codes = self.played.allies
        self.members: list[list[float]] = self.timeline.members.tolist()
        self.others: list[float] = self.timeline.others.tolist()
        self.looks_to: list[list[float]] = self.timeline.looks_to.tolist()
        self.union_numbers: list[int] = self.timeline.union.tolist()
        self._people()
        self._look(0)
        self.pressure = 0.0
        self.misalignment = 0.0
        self.datacollector = Recorder()

    def _tell_mesa(self) -> None:
        """Set ``scenario``: ours, or from Mesa 3.5 on Mesa's own with all that ours holds."""
        found = getattr(self, "scenario", None)
        if found is None:
            self.scenario: Any = self.played
        else:
            self.scenario = type(found)(rng=self.draw_seed, **dict(self.played))

    def _people(self) -> None:
        """Create the agents; their numbers key the draws."""
        line = self.timeline
        self.leader = Leader(self, self.played.leader, 0, line.initial_leader)
        self.target = Target(self, self.played.target, 1)
        self.allies = [
            Ally(
                self,
                code,
                2 + position,
                position,
                (int(line.initial_levels[position]), int(line.initial_engagements[position])),
            )
            for position, code in enumerate(self.ally_codes)
        ]
        self.unions = [self._union(number) for number in range(len(self.played.unions))]

    def _union(self, number: int) -> Union:
        """A union of the scenario; its number follows those of the allies."""
        members = [a for a in self.allies if self.union_numbers[a.position] == number]
        voices = [float(self.timeline.voices[ally.position]) for ally in members]
        code = list(self.played.unions)[number]
        return Union(self, code, 2 + len(self.allies) + number, members, voices)

    def _look(self, step: int) -> None:
        """Read the scenario's inputs of a step."""
        line = self.timeline
        self.date = self.played.calendar.dates[step]
        self.ally_rows: list[list[float]] = line.allies[step].tolist()
        self.leader_row: list[float] = line.leader[step].tolist()
        self.severity = float(line.world[step, situation.WORLD_SEVERITY])
        self.alignment = terms.compounded(
            float(line.world[step, situation.WORLD_ALIGNMENT]), self.alignment_added
        )
        self.bloc_levels_before: list[float] = line.bloc_levels[step].tolist()
        self.bloc_levels: list[float] = line.bloc_levels_now[step].tolist()
        self.bloc_shares: list[float] = line.bloc_shares[step].tolist()

    def step(self) -> None:
        """One step: events, leader, target, allies together, record, feedback."""
        if not self.running:
            raise RuntimeError(f"the scenario ended after step {self.step_index}")
        self.step_index += 1
        self._look(self.step_index)
        allies = self.agents_by_type[Ally]
        allies.do("perceive")
        self.leader.decide_level()
        self.leader.decide_stances()
        self.target.decide_stances()
        self.circle_totals = [
            situation.circle_total(
                circle, self.leader.level, self.bloc_levels_before, self.ally_levels
            )
            for circle in self.members
        ]
        for union in self.unions:
            union.decide()
        allies.do("decide").do("commit")
        self._record()
        allies.do("feed_back")
        self.alignment_added = terms.rise(
            self.alignment_added, self.pressure, self.dynamics.alignment_rise
        )
        self.severity_before = self.severity
        self.running = self.step_index + 1 < self.played.calendar.steps

    @property
    def ally_levels(self) -> list[int]:
        """Sanctions level of each ally, as visible to all."""
        return [ally.level for ally in self.allies]

    def pressure_now(self, blocs: Sequence[float] | None = None) -> float:
        """Coalition pressure on the target: levels weighted by share in its trade (D14-30).

        While a step is under way, blocs and allies count with their levels of the step before.
        """
        return situation.pressure(
            self.leader.level,
            self.leader_row[situation.LEADER_TRADE_SHARE],
            self.bloc_levels_before if blocs is None else blocs,
            self.bloc_shares,
            self.ally_levels,
            [ally.row[situation.TRADE_SHARE] for ally in self.allies],
        )

    def _record(self) -> None:
        self.pressure = self.pressure_now(self.bloc_levels)
        self.misalignment = situation.spread(self.leader.level, self.ally_levels)
        self.datacollector.collect(self)

    def run_all(self) -> "AlignmentModel":
        """Step to the end of the scenario and return the model.

        Raises RuntimeError after a step that was interrupted: Mesa 3.5 takes no other then.
        """
        while self.running:
            before = self.step_index
            self.step()
            if self.step_index == before:
                raise RuntimeError(f"step {before} was interrupted; make the model again")
        return self


def _draw_seed(rng: Any, seed: Any) -> int:
    """The seed of the draws: a number as it is, otherwise 63 bits of the generator given."""
    if rng is not None and seed is not None:
        raise ValueError("rng and seed mean the same; give one of them")
    rng = seed if rng is None else rng
    if rng is None or isinstance(rng, GENERATORS):
        return int(np.random.default_rng(rng).integers(2**63))
    return wholes.whole("seed", rng, wholes.SEED)
