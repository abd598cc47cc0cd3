"""The Mesa agents: a leader, its allies and the target, each deciding by its own utility."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import mesa

from alignsim import decision, draws, situation, terms
from alignsim.decision import (
    ASSURE,
    COERCE,
    ENGAGEMENT_NAMES,
    LEADER_STANCES,
    LEVEL_NAMES,
    NEUTRAL,
    NONE,
    PRESS,
    TARGET_STANCES,
)
from alignsim.timeline import Choices

if TYPE_CHECKING:
    from alignsim.model import AlignmentModel


@dataclass(frozen=True)
class Decision:
    """One decision as it was made: every option's terms, utility and probability.

    ``terms`` holds, per option, the weighted terms by name; ``draw`` is the uniform that chose,
    or None where the option was fixed by the scenario.
    """

    step: int
    date: str
    state: str
    decision: str
    toward: str | None
    options: tuple[str, ...]
    terms: tuple[dict[str, float], ...]
    utilities: tuple[float, ...]
    probabilities: tuple[float, ...]
    chosen: int
    draw: float | None


class State(mesa.Agent):  # type: ignore[misc]
    """A state that decides; ``index`` numbers the agents for the draws."""

    def __init__(self, model: "AlignmentModel", code: str, index: int) -> None:
        """Join the model under an ISO code."""
        super().__init__(model)
        self.code = code
        self.index = index

    def choose(
        self,
        name: str,
        options: Sequence[str],
        weigh: Callable[[int], Any],
        precision: float,
        fixed: int,
        number: int,
        toward: str | None = None,
    ) -> int:
        """Weigh every option, choose by quantal response unless fixed, and record the decision."""
        model: AlignmentModel = self.model
        weighed = [weigh(option) for option in range(len(options))]
        utilities = [decision.total(option) for option in weighed]
        draw = draws.uniform(*model.draw_key, model.run, model.step_index, self.index, number)
        chosen = fixed if fixed >= 0 else decision.choose(utilities, precision, draw, utilities[:])
        model.decisions.append(
            Decision(
                step=model.step_index,
                date=model.date,
                state=self.code,
                decision=name,
                toward=toward,
                options=tuple(options),
                terms=tuple(option._asdict() for option in weighed),
                utilities=tuple(utilities),
                probabilities=tuple(decision.probabilities(utilities, precision)),
                chosen=chosen,
                draw=None if fixed >= 0 else draw,
            )
        )
        return chosen

    def choose_stance(
        self,
        options: Sequence[str],
        weigh: Callable[[int], Any],
        precision: float,
        fixed: Choices,
        ally: "Ally",
    ) -> int:
        """Choose a stance toward an ally; ``fixed`` holds (steps, allies) options, or -1."""
        model: AlignmentModel = self.model
        return self.choose(
            "stance",
            options,
            weigh,
            precision,
            int(fixed[model.step_index, ally.position]),
            draws.STANCE + ally.position,
            toward=ally.code,
        )


class Leader(State):
    """The United States: its own sanctions level, then a stance toward each ally."""

    def __init__(self, model: "AlignmentModel", code: str, index: int, level: int) -> None:
        """Start at the level of the step before the episode."""
        super().__init__(model, code, index)
        self.level = level
        self.stances = [NONE] * len(model.ally_codes)

    def decide_level(self) -> None:
        """Choose the level, up to the ceiling the scenario sets (D14-11, D14-30)."""
        model: AlignmentModel = self.model
        resistance = terms.resistance(
            model.severity_before, model.severity, model.dynamics.attention
        )
        view = situation.leader_view(model.leader_row, model.severity, resistance, self.level)
        ceiling = int(model.leader_row[situation.LEADER_CEILING])
        fixed = int(model.timeline.fixed_leader_level[model.step_index])
        self.level = self.choose(
            "level",
            LEVEL_NAMES[: max(ceiling, fixed) + 1],
            lambda level: decision.leader_terms(model.weights, view, level),
            model.weights.precision_leader_level,
            fixed,
            draws.LEVEL,
        )

    def decide_stances(self) -> None:
        """Press, assure or leave each ally (C22-04, C22-19, C22-20)."""
        model: AlignmentModel = self.model
        for ally in model.allies:
            view = situation.leader_stance_view(
                model.leader_row,
                ally.row,
                ally.energy_scale,
                model.severity,
                self.level,
                ally.level,
            )
            self.stances[ally.position] = self.choose_stance(
                LEADER_STANCES,
                partial(decision.leader_stance_terms, model.weights, view),
                model.weights.precision_leader_stance,
                model.timeline.fixed_leader_stance,
                ally,
            )


class Target(State):
    """Russia: a stance toward each ally."""

    def __init__(self, model: "AlignmentModel", code: str, index: int) -> None:
        """Start neutral toward everyone."""
        super().__init__(model, code, index)
        self.stances = [NEUTRAL] * len(model.ally_codes)

    def decide_stances(self) -> None:
        """Coerce, leave or court each ally (L17-15, D14-10)."""
        model: AlignmentModel = self.model
        pressure = model.pressure_now()
        for ally in model.allies:
            view = situation.target_view(
                ally.row, model.alignment, pressure, model.severity, ally.level
            )
            self.stances[ally.position] = self.choose_stance(
                TARGET_STANCES,
                partial(decision.target_terms, model.weights, view),
                model.weights.precision_target_stance,
                model.timeline.fixed_target_stance,
                ally,
            )


class Ally(State):
    """An ally of the leader: a sanctions level, then engagement given the level."""

    def __init__(
        self, model: "AlignmentModel", code: str, index: int, position: int, start: tuple[int, int]
    ) -> None:
        """Start at the level and engagement of the step before the episode."""
        super().__init__(model, code, index)
        self.position = position
        self.level, self.engagement = start
        self.next_level, self.next_engagement = start
        self.severity = float(model.timeline.initial_severity)
        self.resistance = 1.0
        self.energy_scale = 1.0
        self.threat_added = 0.0

    @property
    def row(self) -> list[float]:
        """Inputs at this step, in ALLY_COLUMNS order."""
        model: AlignmentModel = self.model
        return model.ally_rows[self.position]

    def perceive(self) -> None:
        """Follow the event with a lag (D14-16); a shock draws attention (D14-17)."""
        dynamics = self.model.dynamics
        perceived = terms.perceived_severity(
            self.severity, self.model.severity, dynamics.persistence
        )
        self.resistance = terms.resistance(self.severity, perceived, dynamics.attention)
        self.severity = perceived

    def decide(self) -> None:
        """Choose level and engagement, seeing the others' levels of the step before."""
        model: AlignmentModel = self.model
        view = self.view()
        fixed_level = int(model.timeline.fixed_level[model.step_index, self.position])
        fixed_engagement = int(model.timeline.fixed_engagement[model.step_index, self.position])
        level = self.choose(
            "level",
            LEVEL_NAMES,
            lambda option: decision.level_terms(model.weights, view, option),
            model.weights.precision_level,
            fixed_level,
            draws.LEVEL,
        )
        self.next_level = level
        self.next_engagement = self.choose(
            "engagement",
            ENGAGEMENT_NAMES,
            lambda option: decision.engagement_terms(model.weights, view, level, option),
            model.weights.precision_engagement,
            fixed_engagement,
            draws.ENGAGEMENT,
        )

    def view(self) -> decision.AllyView:
        """The situation this ally decides in."""
        model: AlignmentModel = self.model
        leader, target = model.leader, model.target
        stance = leader.stances[self.position]
        supply = model.leader_row[situation.LEADER_ASSURED_SUPPLY] if stance == ASSURE else 0.0
        return situation.ally_view(
            self.row,
            self.energy_scale,
            self.threat_added,
            self.severity,
            model.alignment,
            model.dynamics.abstention_premium,
            stance == PRESS,
            supply,
            leader.level,
            situation.coalition_level(
                model.looks_to[self.position], model.circle_totals, model.others, self.level
            ),
            decision.courting(target.stances[self.position]),
            self.level,
            self.engagement,
            self.resistance,
        )

    def commit(self) -> None:
        """Make the decisions of this step visible to all."""
        self.level, self.engagement = self.next_level, self.next_engagement

    def feed_back(self) -> None:
        """Engagement raises dependence (L17-18); coercion raises the threat (C22-11)."""
        dynamics = self.model.dynamics
        self.energy_scale = terms.energy_drift(
            self.energy_scale, decision.unit_engagement(self.engagement), dynamics.energy_drift
        )
        coerced = 1.0 if self.model.target.stances[self.position] == COERCE else 0.0
        self.threat_added = terms.rise(self.threat_added, coerced, dynamics.threat_rise)
