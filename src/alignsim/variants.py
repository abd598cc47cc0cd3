"""Variants of a scenario and a weight set: paths set to values, thousands of times a second.

:mod:`alignsim.variant_paths` says what paths there are. Inputs and weights keep the bounds of
their files; a value beyond them is a :class:`PointError`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from alignsim import checks, timeline
from alignsim import weights as weight_sets
from alignsim.inputs import Input
from alignsim.scenario import Change, Quantity, Scenario, Table
from alignsim.situation import LEADER_TRADE_SHARE, TRADE_SHARE
from alignsim.timeline import WORLD_OF_ALLIES, Part, Timeline
from alignsim.weights import Parameters, WeightSet

How = Literal["value", "shift", "range"]
"""``value`` holds throughout; ``shift`` moves every dated value; ``range`` is a place, 0 to 1, in
the stated range of every dated value."""

FREE = "free"
EVENT_SOURCE = ("variant",)


class PointError(ValueError):
    """Values that the model does not take; the text is the reason, in one line."""


class Variant(NamedTuple):
    """What both engines need of one point."""

    scenario: Scenario
    parameters: Parameters
    line: Timeline


@dataclass(frozen=True)
class Base:
    """A scenario and a weight set that variants differ from."""

    scenario: Scenario
    weights: WeightSet
    line: Timeline

    @classmethod
    def of(cls, scenario: Scenario, weights: WeightSet) -> "Base":
        """Build the arrays once."""
        return cls(scenario, weights, timeline.build(scenario))

    @cached_property
    def parameters(self) -> Parameters:
        """Weights and dynamics as both engines take them."""
        return weight_sets.parameters(self.weights)


@dataclass
class _Draft:
    """A variant under way: changed tables and numbers, and what to rebuild."""

    base: Base
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    states: dict[str, dict[str, Quantity]] = field(default_factory=dict)
    world: dict[str, Quantity] = field(default_factory=dict)
    blocs: dict[str, dict[str, Quantity]] = field(default_factory=dict)
    parts: set[Part] = field(default_factory=set)
    allies: set[str] = field(default_factory=set)
    edits: list[Callable[[Timeline], Timeline]] = field(default_factory=list)
    shares_edited: bool = False

    def done(self) -> Variant:
        """The variant. Raises PointError where its parts do not go together."""
        scenario = self._scenario()
        line = timeline.rebuilt(self.base.line, scenario, self.parts, self.allies)
        for edit in self.edits:
            line = edit(line)
        if self.shares_edited and (fault := _shares_fault(scenario, line)):
            raise PointError(fault)
        return Variant(scenario, self._parameters(), line)

    def quantity(self, target: "InputTarget") -> Quantity:
        """The quantity as set so far."""
        kind, *owner, name = target.place
        tables = self.states if kind == "states" else self.blocs
        table = self.world if kind == "world" else tables.get(owner[0], {})
        return table[name] if name in table else target.quantity(self.base.scenario)

    def _scenario(self) -> Scenario:
        base = self.base.scenario
        update: dict[str, Any] = {}
        if self.states:
            changed = {code: Table({**base.states[code], **t}) for code, t in self.states.items()}
            update["states"] = Table({**base.states, **changed})
        if self.world:
            update["world"] = Table({**base.world, **self.world})
        if self.blocs:
            blocs = {code: base.blocs[code].model_copy(update=t) for code, t in self.blocs.items()}
            update["blocs"] = Table({**base.blocs, **blocs})
        if not update:
            return base
        scenario = base.model_copy(update=update)
        started = {code for code, t in self.states.items() if "initial_level" in t}
        for code, union in base.unions.items():
            if started.intersection(union.members) and (
                fault := checks.start_fault(scenario, code)
            ):
                raise PointError(f"unions.{code}.members: {fault}")
        traded = any(
            "russia_trade_share" in t for t in (*self.states.values(), *self.blocs.values())
        )
        if traded and (fault := checks.trade_shares_fault(scenario)):
            raise PointError(fault)
        return scenario

    def _parameters(self) -> Parameters:
        if not self.weights:
            return self.base.parameters
        parts = {
            part: {name: number.value for name, number in getattr(self.base.weights, part).items()}
            | self.weights.get(part, {})
            for part in weight_sets.PARTS
        }
        return weight_sets.from_numbers(self.base.weights.name, parts)


def _shares_fault(scenario: Scenario, line: Timeline) -> str:
    """Shares in the target's trade with indices set; empty if they are parts of one whole."""
    totals = line.leader[:, LEADER_TRADE_SHARE] + line.bloc_shares.sum(axis=1)
    totals = totals + line.allies[:, :, TRADE_SHARE].sum(axis=1)
    step = int(totals.argmax())
    return checks.trade_sum_fault(totals[step], scenario.calendar.ends[step])


def _between(low: float, high: float, place: float) -> float:
    """The number at a place, 0 to 1, of a range; both ends exactly."""
    return high if place == 1.0 else min(low + place * (high - low), high)


# --- what a path names ----------------------------------------------------------------------


@dataclass(frozen=True)
class Target(ABC):
    """What a path names in a base."""

    path: str

    @abstractmethod
    def fault(self, value: float) -> str:
        """What is wrong with a value; empty if nothing."""

    @abstractmethod
    def set(self, draft: _Draft, value: float, how: How) -> None:
        """Set it in a draft. Raises PointError."""

    def stated(self, base: Base) -> tuple[float, tuple[float, float]] | None:
        """Value at the last step and its stated range; None where no file states one."""
        return None

    def shown(self, base: Base, value: float, how: How) -> float | str:
        """What a table shows for a value: the number in force at the last step."""
        return value


@dataclass(frozen=True)
class InputTarget(Target):
    """An input, or with a month the change of it dated to that month: an event."""

    place: tuple[str, ...]
    row: Input
    month: str | None = None

    def fault(self, value: float) -> str:
        """Outside the bounds of the input, or not whole."""
        return self.row.fault(value)

    def quantity(self, scenario: Scenario) -> Quantity:
        """The quantity as the scenario states it."""
        name = self.place[-1]
        if self.place[0] == "world":
            return scenario.world[name]
        if self.place[0] == "blocs":
            found: Quantity = getattr(scenario.blocs[self.place[1]], name)
            return found
        return scenario.states[self.place[1]][name]

    def stated(self, base: Base) -> tuple[float, tuple[float, float]] | None:
        """That of the event, or of the last change within the scenario."""
        quantity = self.quantity(base.scenario)
        last = base.scenario.calendar.ends[-1]
        found: tuple[float, tuple[float, float]] = (quantity.value, quantity.range)
        for change in quantity.changes:
            if change.date[:7] == self.month:
                return change.value, change.range
            if change.date[:7] <= last:
                found = (change.value, change.range)
        return found if self.month is None else None

    def shown(self, base: Base, value: float, how: How) -> float | str:
        """A place in the range as the number that it is."""
        stated = self.stated(base)
        if how != "range" or stated is None:
            return value
        return self._within(stated[1], value)

    def set(self, draft: _Draft, value: float, how: How) -> None:
        """Set every dated value, or that of the event."""
        name = self.place[-1]
        scenario = draft.base.scenario
        now = self.quantity(scenario) if self.month is None else draft.quantity(self)
        changed = self._changed(now, value, how)
        if self.place[0] == "world":
            draft.world[name] = changed
            draft.parts.add("world")
            if name in WORLD_OF_ALLIES:
                draft.allies.update(scenario.allies)
            return
        code = self.place[1]
        tables = draft.blocs if self.place[0] == "blocs" else draft.states
        tables.setdefault(code, {})[name] = changed
        if self.place[0] == "blocs":
            draft.parts.add("blocs")
        elif code == scenario.target:
            draft.allies.update(scenario.allies)
        else:
            draft.parts.add("starts")
            if code == scenario.leader:
                draft.parts.add("leader")
            else:
                draft.allies.add(code)

    def _changed(self, quantity: Quantity, value: float, how: How) -> Quantity:
        if self.month is not None:
            return self._event(quantity, self.month, value, how)
        if how == "value":
            self._check(value)
            return quantity.model_copy(
                update={"value": value, "range": (value, value), "changes": ()}
            )
        changes = tuple(
            change.model_copy(update={"value": self._moved(change.value, change.range, value, how)})
            for change in quantity.changes
        )
        moved = self._moved(quantity.value, quantity.range, value, how)
        return quantity.model_copy(update={"value": moved, "changes": changes})

    def _event(self, quantity: Quantity, month: str, value: float, how: How) -> Quantity:
        known = {change.date[:7]: change for change in quantity.changes}
        change = known.get(month)
        if change is None:
            now = quantity.at(month)
            change = Change(
                date=month, value=now, range=(now, now), source=EVENT_SOURCE, label=None
            )
        moved = self._moved(change.value, change.range, value, how)
        known[month] = change.model_copy(update={"value": moved})
        ordered = tuple(known[date] for date in sorted(known))
        return quantity.model_copy(update={"changes": ordered})

    def _moved(self, now: float, bounds: tuple[float, float], value: float, how: How) -> float:
        if how == "shift":
            return self._clipped(now + value)
        if how == "range":
            return self._within(bounds, value)
        self._check(value)
        return value

    def _clipped(self, value: float) -> float:
        held = min(max(value, self.row.low), self.row.high)
        return float(round(held)) if self.row.whole else held

    def _within(self, bounds: tuple[float, float], place: float) -> float:
        low, high = bounds
        if self.row.whole:
            return min(low + float(int(place * (high - low + 1.0))), high)
        return _between(low, high, place)

    def _check(self, value: float) -> None:
        if fault := self.fault(value):
            raise PointError(f"{self.path}: {fault}")


@dataclass(frozen=True)
class WeightTarget(Target):
    """A number of the weight set."""

    part: str
    name: str

    def fault(self, value: float) -> str:
        """Outside the bounds of weight files."""
        return weight_sets.fault(self.part, self.name, value)

    def stated(self, base: Base) -> tuple[float, tuple[float, float]]:
        """As the weight file states it."""
        number = getattr(base.weights, self.part)[self.name]
        return number.value, number.range

    def shown(self, base: Base, value: float, how: How) -> float | str:
        """A place in the range as the number that it is."""
        return self._number(base, value) if how == "range" else value

    def _number(self, base: Base, place: float) -> float:
        _, (low, high) = self.stated(base)
        return _between(low, high, place)

    def set(self, draft: _Draft, value: float, how: How) -> None:
        """Set the number; a shift is from the stated one."""
        if how == "range":
            value = self._number(draft.base, value)
        elif how == "shift":
            value = max(0.0, self.stated(draft.base)[0] + value)
        if fault := self.fault(value):
            raise PointError(f"{self.path}: {value:g} {fault}")
        draft.weights.setdefault(self.part, {})[self.name] = value


@dataclass(frozen=True)
class IndexTarget(Target):
    """A column of an ally's row, at all steps, whatever its inputs are."""

    ally: int
    column: int

    def fault(self, value: float) -> str:
        """Indices lie in 0 to 1."""
        return "" if 0.0 <= value <= 1.0 else f"{value:g} is not an index (0 to 1)"

    def set(self, draft: _Draft, value: float, how: How) -> None:
        """Overwrite the column, or move it within its bounds."""
        if how == "value" and (fault := self.fault(value)):
            raise PointError(f"{self.path}: {fault}")
        draft.shares_edited |= self.column == TRADE_SHARE

        def edit(line: Timeline) -> Timeline:
            allies = line.allies.copy()
            now = allies[:, self.ally, self.column]
            moved = value if how == "value" else (now + value).clip(0.0, 1.0)
            allies[:, self.ally, self.column] = moved
            return line._replace(allies=allies)

        draft.edits.append(edit)


@dataclass(frozen=True)
class DecisionTarget(Target):
    """A decision that is set to an option, or left free, over some steps."""

    table: str
    ally: int | None
    names: tuple[str, ...]
    steps: slice

    def fault(self, value: float) -> str:
        """An option by index, or -1 for free."""
        known = value in range(-1, len(self.names))
        return "" if known else f"should be one of {', '.join((*self.names, FREE))}"

    def shown(self, base: Base, value: float, how: How) -> float | str:
        """The name of the option."""
        return FREE if value < 0 else self.names[int(value)]

    def option(self, name: Any) -> float:
        """Index of an option by its name. Raises ValueError."""
        names = (*self.names, FREE)
        if isinstance(name, bool) or str(name) not in names:
            raise ValueError(f"should be one of {', '.join(names)}")
        return -1.0 if str(name) == FREE else float(names.index(str(name)))

    def set(self, draft: _Draft, value: float, how: How) -> None:
        """Fix the steps, or free them even where the scenario fixes them."""
        if fault := self.fault(value):
            raise PointError(f"{self.path}: {fault}")

        def edit(line: Timeline) -> Timeline:
            fixed = getattr(line, self.table).copy()
            where = self.steps if self.ally is None else (self.steps, self.ally)
            fixed[where] = int(value)
            return line._replace(**{self.table: fixed})

        draft.edits.append(edit)


@dataclass(frozen=True)
class Setting:
    """A target and how values act on it."""

    target: Target
    how: How = "value"


def _is_event(target: Target) -> bool:
    return isinstance(target, InputTarget) and target.month is not None


def vary(base: Base, settings: Sequence[Setting], values: Sequence[float]) -> Variant:
    """The base with every setting at its value; later ones win. Raises PointError.

    Events come upon what their input is otherwise set to, wherever they stand.
    """
    draft = _Draft(base)
    pairs = list(zip(settings, map(float, values), strict=True))
    for setting, value in sorted(pairs, key=lambda pair: _is_event(pair[0].target)):
        if not math.isfinite(value):
            raise PointError(f"{setting.target.path}: {value:g} is not a finite number")
        if setting.how == "range" and not 0.0 <= value <= 1.0:
            raise PointError(f"{setting.target.path}: {value:g} is not a place in a range (0 to 1)")
        setting.target.set(draft, value, setting.how)
    return draft.done()
