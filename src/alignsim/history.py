"""Documented decisions, and how they are laid over a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from alignsim import documents, evidence, outcomes, shapes
from alignsim.outcomes import Outcome
from alignsim.scenario import Fixed, Scenario, options
from alignsim.shapes import Frozen


class Entry(Frozen):
    """One dated entry of a course; holds to the next one, or to the end."""

    date: str
    value: int | str
    range: tuple[int | str, int | str]
    source: Annotated[list[str], Field(min_length=1)]


class Course(Frozen):
    """The documented course of one state's decision in one episode."""

    state: str
    decision: str
    toward: str | None = None
    course: Annotated[list[Entry], Field(min_length=1)]


class Ends(Frozen):
    """A world of which is documented where each state had come to by the end.

    ``course`` is how those got there whose own dates are not known: up to the level reached.
    """

    table: str
    course: Annotated[list[Entry], Field(min_length=1)]


class _File(Frozen):
    history: dict[str, list[Course]]
    worlds: dict[str, Ends]


@dataclass(frozen=True)
class Documented:
    """The documented option of one decision at one step, by index, with its coding range."""

    step: int
    date: str
    state: str
    decision: str
    toward: str | None
    value: int
    low: int
    high: int
    source: tuple[str, ...]


Key = tuple[str, str, str | None]
"""State, decision, toward."""


@cache
def _read(root: Path | None) -> _File:
    document = documents.read((root or evidence.data_root()) / "seeds" / "history.yaml")
    return shapes.parsed(_File, document)


def read(root: Path | None = None) -> dict[str, list[Course]]:
    """Documented courses by episode, from ``seeds/history.yaml``. Raises DocumentError."""
    return _read(root).history


def ends(scenario: Scenario, stated: Ends | None = None) -> dict[str, Outcome]:
    """Where each ally had come to by the end, of a world of which that is documented.

    ``stated`` is what is read instead of what ``seeds/history.yaml`` says of the world.
    """
    stated = stated or _read(None).worlds.get(scenario.episode)
    if stated is None:
        return {}
    found = outcomes.shipped(stated.table)
    return {ally: found[ally] for ally in scenario.allies if ally in found}


def _courses(scenario: Scenario, stated: Ends | None) -> list[Course]:
    """Courses that hold for a scenario: its episode's, and those towards a documented end."""
    roles = {scenario.leader, scenario.target, *scenario.allies, None}
    episode = scenario.history or scenario.episode
    known = [course for course in read().get(episode, []) if {course.state, course.toward} <= roles]
    own = {course.state for course in known if course.decision == "level"}
    stated = stated or _read(None).worlds.get(scenario.episode)
    if stated is None:
        return known
    reached = ends(scenario, stated).items()
    return known + [_towards(stated, ally, end) for ally, end in reached if ally not in own]


def _towards(stated: Ends, ally: str, end: Outcome) -> Course:
    """The course of a state that went with the others, as far as it came."""
    course = []
    for entry in stated.course:
        value = min(int(entry.value), end.level)
        low, high = min(int(entry.range[0]), end.low), min(int(entry.range[1]), end.high)
        course.append(
            Entry(
                date=entry.date,
                value=value,
                range=(min(low, value), max(high, value)),
                source=[*end.source, *entry.source],
            )
        )
    return Course(state=ally, decision="level", course=course)


def documented(scenario: Scenario, stated: Ends | None = None) -> list[Documented]:
    """Every documented decision of a scenario's episode, by course and step.

    A what-if has the history of its episode, a world that of the episode it is like. ``stated``
    is as in :func:`ends`. Raises ValueError on an option or date that the episode does not have.
    """
    records = []
    for course in _courses(scenario, stated):
        names = options(scenario, course.state, course.decision)
        calendar = scenario.calendar
        starts = [calendar.step_of(entry.date) for entry in course.course]
        if None in starts or starts != sorted(set(starts), key=lambda step: step or 0):
            raise ValueError(f"{scenario.name}: {course.state} {course.decision}: dates")
        for entry, start, after in zip(course.course, starts, [*starts[1:], None], strict=True):
            end = calendar.steps if after is None else after
            for step in range(start or 0, end):
                low, value, high = (
                    names.index(str(option))
                    for option in (entry.range[0], entry.value, entry.range[1])
                )
                if not low <= value <= high:
                    raise ValueError(f"{scenario.name}: {course.state}: {entry.date}: range")
                records.append(
                    Documented(
                        step,
                        calendar.dates[step],
                        course.state,
                        course.decision,
                        course.toward,
                        value,
                        low,
                        high,
                        tuple(entry.source),
                    )
                )
    return records


def by_key(records: list[Documented]) -> dict[Key, list[Documented]]:
    """Records grouped by state, decision and toward, in the order of the file."""
    grouped: dict[Key, list[Documented]] = {}
    for record in records:
        grouped.setdefault((record.state, record.decision, record.toward), []).append(record)
    return grouped


def by_step(records: list[Documented]) -> dict[tuple[str, str, str | None, int], Documented]:
    """Records by state, decision, toward and step."""
    return {(r.state, r.decision, r.toward, r.step): r for r in records}


def replayed(scenario: Scenario, records: Sequence[Documented] | None = None) -> Scenario:
    """The scenario with every documented decision fixed as it was made.

    ``records`` are those of its episode unless given. The likelihood of a history is the product
    of the model's probabilities of the documented decisions along it.
    """
    fixed = []
    for record in documented(scenario) if records is None else records:
        names = options(scenario, record.state, record.decision)
        month = scenario.calendar.ends[record.step]
        fixed.append(
            Fixed.model_validate(
                {
                    "state": record.state,
                    "decision": record.decision,
                    "toward": record.toward,
                    "from": month,
                    "to": month,
                    "option": names[record.value],
                    "source": list(record.source),
                }
            )
        )
    return scenario.model_copy(update={"fixed": (*scenario.fixed, *fixed)})
