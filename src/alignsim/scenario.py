"""The frozen schema of a scenario: episodes, and the what-ifs that extend them."""

import datetime
import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr
from pydantic import StringConstraints as Form

from alignsim import documents, inputs
from alignsim.decision import ENGAGEMENT_NAMES, LEADER_STANCES, LEVEL_NAMES, TARGET_STANCES
from alignsim.shapes import Frozen

CODE = r"^[A-Z][A-Z0-9]{1,3}$"
NAME = r"^[a-z0-9][a-z0-9-]{0,59}$"
MONTH = r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"
DATE = r"^[12][0-9]{3}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$"
CLAIM = r"^(L17|D14|C22)-[0-9]{2}$"
LINE = r"^[^\r\n]*$"

MEANINGS = {
    CODE: "should be a code of 2 to 4 capital letters and digits, such as JPN",
    NAME: "should be a name of small letters, digits and dashes, such as crimea-2014",
    MONTH: 'should be a month such as "2014-03"',
    DATE: 'should be a date such as "2014-03" or "2014-03-18"',
    CLAIM: "should be the id of a claim, such as C22-19",
    LINE: "should be one line of text",
}
"""What each pattern asks for, in words."""

K = TypeVar("K")
V = TypeVar("V")


class Table(dict[K, V]):
    """A dict that does not change once it is made."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a scenario does not change; make another with reading.with_settings")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (dict(self),)


def _real_date(date: str) -> str:
    try:
        datetime.date.fromisoformat(date if len(date) == 10 else f"{date}-01")
    except ValueError:
        raise ValueError(f"{date} is not in the calendar") from None
    return date


def _option(option: Any) -> Any:
    if isinstance(option, bool) or not isinstance(option, int | str):
        raise ValueError("should be a number such as 3, or a name such as press")
    return option


def _as_list(source: Any) -> Any:
    return [source] if isinstance(source, str) else source


Code = Annotated[str, Form(pattern=CODE)]
Name = Annotated[str, Form(pattern=NAME)]
Month = Annotated[str, Form(pattern=MONTH)]
Date = Annotated[str, Form(pattern=DATE), AfterValidator(_real_date)]
Text = Annotated[str, Form(strip_whitespace=True, min_length=1, max_length=2000)]
Line = Annotated[str, Form(strip_whitespace=True, min_length=1, max_length=200, pattern=LINE)]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Range = Annotated[tuple[Finite, Finite], Field(description="Low and high; they hold the value.")]
Year = Annotated[int, Field(ge=1000, le=2999, strict=True, description="Year of the figure.")]
Source = Annotated[
    tuple[Line, ...],
    Field(min_length=1, description="Ids of claims or references: one, or a list."),
    BeforeValidator(
        _as_list, json_schema_input_type=Line | Annotated[list[Line], Field(min_length=1)]
    ),
]


class Change(Frozen):
    """A dated change of a quantity: an event if it carries a label."""

    date: Date = Field(description="In force from this month on; quote it.")
    value: Finite
    range: Range
    source: Source
    label: Line | None = Field(None, description="What happened, for figures and tables.")


class Quantity(Frozen):
    """A number with its low-high range, unit and sources, and its dated changes."""

    value: Finite
    range: Range
    unit: Line = Field(description="The unit of the input, word for word.")
    source: Source
    year: Year | None = None
    note: Text | None = None
    changes: tuple[Change, ...] = Field((), description="Sorted, at most one a month.")

    def at(self, date: str) -> float:
        """Value in force at the end of a month, ``YYYY-MM``."""
        value = self.value
        for change in self.changes:
            if change.date[:7] <= date:
                value = change.value
        return value


def later(month: str, months: int) -> str:
    """The month, ``YYYY-MM``, so many months after one, or before it where they are negative."""
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 + months
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


@cache
def _ends(start: str, months: int, steps: int) -> tuple[str, ...]:
    return tuple(later(start, (step + 1) * months - 1) for step in range(steps))


class Calendar(Frozen):
    """First month, length of a step and number of steps."""

    start: Month = Field(description="First month; quote it.")
    step: Literal["month", "quarter"]
    steps: Annotated[int, Field(ge=1, le=600, strict=True)]

    @property
    def months(self) -> int:
        """Months a step lasts."""
        return 1 if self.step == "month" else 3

    @property
    def ends(self) -> list[str]:
        """Last month of each step, ``YYYY-MM``: what happens within a step counts in it."""
        return list(_ends(self.start, self.months, self.steps))

    @property
    def before(self) -> str:
        """Last month of the step before the first, ``YYYY-MM``."""
        return later(self.start, -1)

    @property
    def dates(self) -> list[str]:
        """Label of each step: ``2014-03``, or ``2015-Q1``."""
        if self.step == "month":
            return self.ends
        return [f"{end[:4]}-Q{(int(end[5:]) + 2) // 3}" for end in self.ends]

    def step_of(self, date: str) -> int | None:
        """Step that holds a date (``YYYY-MM``, ``YYYY-MM-DD`` or a step's label), or None."""
        if date in self.dates:
            return self.dates.index(date)
        if not re.fullmatch(DATE, date) or date[:7] < self.start:
            return None
        for step, end in enumerate(self.ends):
            if date[:7] <= end:
                return step
        return None


class Bloc(Frozen):
    """A group that acts as one, follows a dated course and is not an agent."""

    name: Line
    level: Quantity
    russia_trade_share: Quantity


class Club(Frozen):
    """States, blocs and unions that decide on sanctions together."""

    members: Annotated[tuple[Code, ...], Field(min_length=2)]
    source: Source


class Union(Frozen):
    """Allies that decide on sanctions as one, by the mean of their utilities."""

    name: Line
    members: Annotated[tuple[Code, ...], Field(min_length=2)] = Field(
        description="Allies that take one level, and toward which the leader takes one stance."
    )
    rule: Literal["mean", "capability"] = Field(
        "mean",
        description="Voices: all alike, or by each member's capability at the first step.",
    )
    associates: tuple[Code, ...] = Field(
        (), description="Allies outside that look to it: asked to align, without a seat."
    )
    source: Source


class Fixed(Frozen):
    """A decision that is set rather than chosen, from one date to another."""

    state: Code
    decision: Literal["level", "engagement", "stance"]
    toward: Code | None = Field(None, description="The ally a stance is taken toward.")
    start: Date = Field(alias="from")
    end: Date = Field(alias="to")
    option: Annotated[int | str, BeforeValidator(_option, json_schema_input_type=int | str)] = (
        Field(description="A level 0-5, an engagement 0-2, or the name of a stance.")
    )
    source: Source
    note: Text | None = None


Quantities = Annotated[dict[str, Quantity], AfterValidator(Table)]


class Scenario(Frozen):
    """A scenario: who decides what, when, and on which inputs. It does not change."""

    name: Name = Field(description="Small letters, digits and dashes.")
    kind: Literal["episode"]
    title: Line = Field(description="One line for tables and figures.")
    summary: Text = Field(description="What happened, in a sentence or two.")
    calendar: Calendar
    leader: Code = Field(description="The state that leads: it presses and assures.")
    target: Code = Field(description="The state that is sanctioned.")
    allies: Annotated[tuple[Code, ...], Field(min_length=1, max_length=1000)] = Field(
        description="The states that decide whether to follow."
    )
    world: Quantities
    blocs: Annotated[dict[Code, Bloc], AfterValidator(Table)] = Field(
        default_factory=Table, description="Groups that follow a dated course, by code."
    )
    clubs: Annotated[dict[Code, Club], AfterValidator(Table)] = Field(
        default_factory=Table, description="Who looks to whom when it decides, by code."
    )
    unions: Annotated[dict[Code, Union], AfterValidator(Table)] = Field(
        default_factory=Table, description="Allies that decide on sanctions as one, by code."
    )
    states: Annotated[dict[Code, Quantities], AfterValidator(Table)] = Field(
        description="Inputs of leader, target and every ally, by code."
    )
    fixed: tuple[Fixed, ...] = Field((), description="Decisions that are set, not chosen.")
    history: Name | None = Field(
        None, description="Episode whose documented decisions hold here; by default its own."
    )
    labels: Annotated[dict[Code, Line], AfterValidator(Table)] = Field(
        default_factory=Table, description="Names of states, blocs and unions for people."
    )
    _episode: str | None = PrivateAttr(None)

    @property
    def episode(self) -> str:
        """Name of the episode this scenario is, or extends."""
        return self._episode or self.name

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the file's layout."""
        # Files that do without a later key keep the digest that they had before it.
        absent = {key for key in ("unions", "history") if not getattr(self, key)}
        return documents.digest(self.model_dump(mode="json", by_alias=True, exclude=absent))

    def before(self, quantity: Quantity) -> float:
        """Value in force in the step before the start, dated changes up to then included."""
        return quantity.at(self.calendar.before)

    def label(self, state: str) -> str:
        """Name of a state for people; its code where none is given."""
        return self.labels.get(state, state)

    def derived(self, name: str) -> "Scenario":
        """The same under another name; the episode is remembered."""
        derived = self.model_copy(update={"name": name})
        derived._episode = self.episode
        return derived


class WhatIf(Frozen):
    """A what-if: an episode, or another what-if, with some paths set to other values."""

    name: Name = Field(description="Small letters, digits and dashes.")
    kind: Literal["whatif"]
    extends: Name = Field(
        description="A scenario's name: a file beside this one, or a shipped one."
    )
    title: Line = Field(description="One line for tables and figures.")
    why: Text = Field(description="What the question is, and why it is asked.")
    claims: tuple[Annotated[str, Form(pattern=CLAIM)], ...] = Field(
        (), description="Ids of the claims it comes from, such as C22-19; none for one of your own."
    )
    set: Annotated[dict[str, Any], Field(min_length=1)]


def role_table(scenario: Scenario, state: str) -> dict[str, inputs.Input]:
    """The input table of a state's role."""
    if state == scenario.leader:
        return inputs.LEADER
    return inputs.TARGET if state == scenario.target else inputs.ALLY


def options(scenario: Scenario, state: str, decision: str) -> tuple[str, ...]:
    """Option names of a state's decision; empty where the state does not take it."""
    if decision == "stance":
        if state == scenario.leader:
            return LEADER_STANCES
        return TARGET_STANCES if state == scenario.target else ()
    if decision == "engagement":
        return ENGAGEMENT_NAMES if state in scenario.allies else ()
    return () if state == scenario.target else LEVEL_NAMES


def decisions(scenario: Scenario) -> list[tuple[str, str, str | None]]:
    """Every decision of a step: state, decision, and the ally that a stance is toward."""
    own: list[tuple[str, str, str | None]] = [(scenario.leader, "level", None)]
    for decision in ("level", "engagement"):
        own += [(ally, decision, None) for ally in scenario.allies]
    for actor in (scenario.leader, scenario.target):
        own += [(actor, "stance", ally) for ally in scenario.allies]
    return own


def quantities(scenario: Scenario) -> Iterator[tuple[str, Quantity]]:
    """Every input with its path, in the order of the file."""
    for name, quantity in scenario.world.items():
        yield f"world.{name}", quantity
    for code, bloc in scenario.blocs.items():
        yield f"blocs.{code}.level", bloc.level
        yield f"blocs.{code}.russia_trade_share", bloc.russia_trade_share
    for code, table in scenario.states.items():
        for name, quantity in table.items():
            yield f"states.{code}.{name}", quantity


def option_index(scenario: Scenario, fixed: Fixed) -> int | None:
    """Index of a fixed decision's option, or None where it is not one."""
    names = options(scenario, fixed.state, fixed.decision)
    return names.index(str(fixed.option)) if str(fixed.option) in names else None
