"""The Mesa agents: a leader, its allies and the target, each deciding by its own utility.

A union is one more: it decides on sanctions for its members, by the mean of theirs.
"""

from collections.abc import Callable, Mapping, Sequence
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

if TYPE_CHECKING:
    from alignsim.model import AlignmentModel


@dataclass(frozen=True)
class Decision:
    """One decision as it was made: every option's terms, utility and probability.

    ``terms`` holds, per option, the weighted terms by name; ``draw`` is the uniform that chose,
    or None where the option was fixed by the scenario or by a union. A member of a union has the
    terms and probabilities that it would decide by alone, the union the mean of these terms.
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
        weighed = [weigh(option) for option in range(len(options))]
        utilities = [decision.total(option) for option in weighed]
        return self.settle(
            name, options, weighed, utilities, precision, fixed, number, toward=toward
        )

    def settle(
        self,
        name: str,
        options: Sequence[str],
        weighed: Sequence[Any],
        utilities: list[float],
        precision: float,
        fixed: int,
        number: int,
        toward: str | None = None,
    ) -> int:
        """The same with the options weighed: terms and utility of each."""
        model: AlignmentModel = self.model
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
        fixed: int,
        ally: "Ally",
    ) -> int:
        """Choose a stance toward an ally; ``fixed`` is an option, or -1."""
        return self.choose(
            "stance",
            options,
            weigh,
            precision,
            fixed,
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
        """Press, assure or leave each ally, a union as one (C22-04, C22-19, C22-20)."""
        model: AlignmentModel = self.model
        fixed = model.timeline.fixed_leader_stance[model.step_index].tolist()
        for union in model.unions:
            free = [ally for ally in union.members if fixed[ally.position] < 0]
            stance = self._stance_toward(union, free)
            for ally in free:
                fixed[ally.position] = stance
        for ally in model.allies:
            self.stances[ally.position] = self.choose_stance(
                LEADER_STANCES,
                self._weigher(ally),
                model.weights.precision_leader_stance,
                fixed[ally.position],
                ally,
            )

    def _stance_toward(self, union: "Union", free: Sequence["Ally"]) -> int:
        """One stance toward the members of a union for which it is not fixed; -1 without any."""
        weights = self.model.weights
        return union.mean_choice(
            self,
            "stance",
            LEADER_STANCES,
            {ally: self._weigher(ally) for ally in free},
            weights.precision_leader_stance,
            draws.STANCE + union.place,
            toward=union.code,
        )

    def _weigher(self, ally: "Ally") -> Callable[[int], decision.LeaderStanceTerms]:
        """Terms of each stance toward an ally."""
        model: AlignmentModel = self.model
        view = situation.leader_stance_view(
            model.leader_row, ally.row, ally.energy_scale, model.severity, self.level, ally.level
        )
        return partial(decision.leader_stance_terms, model.weights, view)


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
                int(model.timeline.fixed_target_stance[model.step_index, ally.position]),
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
        self.union: Union | None = None
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

    @property
    def fixed_level(self) -> int:
        """The level that the scenario sets for this step, or -1."""
        model: AlignmentModel = self.model
        return int(model.timeline.fixed_level[model.step_index, self.position])

    def perceive(self) -> None:
        """Follow the event with a lag (D14-16); a shock draws attention (D14-17)."""
        dynamics = self.model.dynamics
        perceived = terms.perceived_severity(
            self.severity, self.model.severity, dynamics.persistence
        )
        self.resistance = terms.resistance(self.severity, perceived, dynamics.attention)
        self.severity = perceived

    def decide(self) -> None:
        """Choose level and engagement, seeing the others' levels of the step before.

        A member of a union takes the level that the union has chosen.
        """
        model: AlignmentModel = self.model
        view = self.view()
        fixed_level = self.fixed_level
        if fixed_level < 0 and self.union is not None:
            fixed_level = self.union.choice
        fixed_engagement = int(model.timeline.fixed_engagement[model.step_index, self.position])
        level = self.choose(
            "level",
            LEVEL_NAMES,
            partial(decision.level_terms, model.weights, view),
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
        own = situation.own_level(model.ally_levels, model.union_numbers, self.position)
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
                model.looks_to[self.position], model.circle_totals, model.others, own
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


class Union(State):
    """Allies that decide on sanctions as one: by the mean of their utilities, with one draw.

    A member whose decision the scenario sets breaks ranks: it holds to that and has no voice.
    """

    def __init__(
        self,
        model: "AlignmentModel",
        code: str,
        index: int,
        members: Sequence[Ally],
        voices: Sequence[float],
    ) -> None:
        """Seat the members, in the order of the allies, with the weight of each one's voice."""
        super().__init__(model, code, index)
        self.members = tuple(members)
        self.voices = dict(zip(self.members, voices, strict=True))
        self.choice = -1
        for ally in self.members:
            ally.union = self

    @property
    def place(self) -> int:
        """Number after the allies, for the draw of a stance toward it."""
        model: AlignmentModel = self.model
        return self.index - model.allies[0].index

    def decide(self) -> None:
        """Choose the level of all members that the scenario leaves free; -1 without any.

        A level that is set for all members alike is weighed by all, as the union's own.
        """
        weights = self.model.weights
        heard = [ally for ally in self.members if ally.fixed_level < 0]
        levels, fixed = {ally.fixed_level for ally in self.members}, -1
        if not heard and len(levels) == 1:
            heard, fixed = list(self.members), levels.pop()
        self.choice = self.mean_choice(
            self,
            "level",
            LEVEL_NAMES,
            {ally: partial(decision.level_terms, weights, ally.view()) for ally in heard},
            weights.precision_level,
            draws.LEVEL,
            fixed=fixed,
        )

    def mean_choice(
        self,
        actor: State,
        name: str,
        options: Sequence[str],
        weighers: Mapping[Ally, Callable[[int], Any]],
        precision: float,
        number: int,
        toward: str | None = None,
        fixed: int = -1,
    ) -> int:
        """An actor's choice by the mean over some members, recorded as one; -1 without any."""
        if not weighers:
            return -1
        voices = [self.voices[ally] for ally in weighers]
        means, utilities = [], []
        for option in range(len(options)):
            weighed = [weigh(option) for weigh in weighers.values()]
            columns = zip(*weighed, strict=True)
            mean = [situation.union_mean(column, voices) for column in columns]
            means.append(type(weighed[0])(*mean))
            # Not the sum of the mean terms: that may differ in the last bit.
            own = [decision.total(terms_) for terms_ in weighed]
            utilities.append(situation.union_mean(own, voices))
        return actor.settle(name, options, means, utilities, precision, fixed, number, toward)
