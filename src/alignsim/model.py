"""The Mesa model: the readable reference engine."""

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from alignsim import draws, situation, terms
from alignsim import reading as scenarios
from alignsim import timeline as timelines
from alignsim import weights as weight_sets
from alignsim.agents import Ally, Decision, Leader, Target, Union
from alignsim.decision import Weights
from alignsim.scenario import Scenario
from alignsim.timeline import Timeline
from alignsim.weights import Parameters


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

    The model stops (``running`` turns False) after the scenario's last step. Raises DocumentError
    for a fault in a file, ValueError for a seed or run out of range, RuntimeError for a step past
    the end.

    """

    def __init__(
        self,
        scenario: Scenario | str | Path = "crimea-2014",
        weights: Parameters | str | Path = "calibrated",
        run: int = 0,
        rng: Any = None,
        line: Timeline | None = None,
    ) -> None:
        """Set the stage a step before the scenario begins."""
        self.draw_seed = _draw_seed(rng)
        run = operator.index(run)
        draws.check(self.draw_seed, run)
        self.draw_key = draws.key(self.draw_seed)
        super().__init__(rng=self.draw_seed)
        self.running: bool = True
        self.scenario = scenario if isinstance(scenario, Scenario) else scenarios.read(scenario)
        self.run = run
        chosen = weights if isinstance(weights, Parameters) else weight_sets.read(weights)
        self.weights: Weights = chosen.weights
        self.timeline = timelines.build(self.scenario) if line is None else line
        self.dynamics = situation.per_step(chosen.dynamics, self.timeline.months)
        self.decisions: list[Decision] = []
        self.step_index = -1
        self.severity_before = float(self.timeline.initial_severity)
        self.alignment_added = 0.0
        self.ally_codes = self.scenario.allies
        self.members: list[list[float]] = self.timeline.members.tolist()
        self.others: list[float] = self.timeline.others.tolist()
        self.looks_to: list[list[float]] = self.timeline.looks_to.tolist()
        self.union_numbers: list[int] = self.timeline.union.tolist()
        self._people()
        self._look(0)
        self.pressure = 0.0
        self.misalignment = 0.0
        self.datacollector = _collector()

    def _people(self) -> None:
        """Create the agents; their numbers key the draws."""
        line = self.timeline
        self.leader = Leader(self, self.scenario.leader, 0, line.initial_leader)
        self.target = Target(self, self.scenario.target, 1)
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
        self.unions = [self._union(number) for number in range(len(self.scenario.unions))]

    def _union(self, number: int) -> Union:
        """A union of the scenario; its number follows those of the allies."""
        members = [a for a in self.allies if self.union_numbers[a.position] == number]
        voices = [float(self.timeline.voices[ally.position]) for ally in members]
        code = list(self.scenario.unions)[number]
        return Union(self, code, 2 + len(self.allies) + number, members, voices)

    def _look(self, step: int) -> None:
        """Read the scenario's inputs of a step."""
        line = self.timeline
        self.date = self.scenario.calendar.dates[step]
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
        self.running = self.step_index + 1 < self.scenario.calendar.steps

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
        """Step to the end of the scenario and return the model."""
        while self.running:
            self.step()
        return self


def _draw_seed(rng: Any) -> int:
    """The seed of the draws: an integer as it is, otherwise 63 bits of the generator given."""
    if isinstance(rng, int | np.integer):
        return int(rng)
    return int(np.random.default_rng(rng).integers(2**63))


def _collector() -> mesa.DataCollector:
    return mesa.DataCollector(
        model_reporters={
            "date": "date",
            "severity": "severity",
            "alignment": "alignment",
            "pressure": "pressure",
            "misalignment": "misalignment",
            "leader_level": lambda model: model.leader.level,
        },
        agenttype_reporters={
            Ally: {
                "state": "code",
                "level": "level",
                "engagement": "engagement",
                "perceived_severity": "severity",
            },
            Target: {"state": "code", "stances": lambda agent: tuple(agent.stances)},
            Leader: {
                "state": "code",
                "level": "level",
                "stances": lambda agent: tuple(agent.stances),
            },
        },
    )
