"""Numbers as the page Evidence searches them: each as its file states it, with its sources.

They come from the episodes, the what-ifs, the weight sets and the documented history.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from alignsim import evidence, history
from alignsim import weights as weight_sets
from alignsim.app import catalogue, naming, wording
from alignsim.app import setting as settings
from alignsim.app.catalogue import NAME, Source
from alignsim.app.rivals import episodes
from alignsim.app.texts import t
from alignsim.history import Course, Entry
from alignsim.scenario import Change, Club, Quantity, Scenario, Union, options, quantities
from alignsim.weights import PARTS

NumberKind = Literal["input", "history", "what-if", "weight"]


class Number(NamedTuple):
    """One number of the model with all that a referee asks of it."""

    kind: NumberKind
    place: str
    """Episode, what-if or weight set, by its title."""
    owner: str
    meaning: str
    path: str
    value: str
    range: str
    unit: str
    date: str
    how: str
    """Measured or judged; how weights were made."""
    note: str
    sources: tuple[Source, ...]
    words: str


@cache
def numbers() -> tuple[Number, ...]:
    """Every number: inputs and history by episode, what-ifs, weight sets."""
    made: list[Number] = []
    for scenario in episodes().values():
        made += _of_episode(scenario)
        made += _of_history(scenario)
    for name, scenario in settings.starts().items():
        if name not in episodes():
            made += _of_whatif(name, scenario)
    folder = evidence.data_root() / "configs" / "weights"
    for file in sorted(folder.glob("*.yaml")):
        made += _of_weights(file.stem)
    return tuple(made)


@cache
def named() -> frozenset[str]:
    """Claims that a number names as a source."""
    return frozenset(one.id for row in numbers() for one in row.sources if one.is_claim)


def _number(kind: NumberKind, name: str, sources: tuple[Source, ...], **fields: str) -> Number:
    """A number with the words that find it: its texts, its path, its sources by id and title."""
    blank = dict.fromkeys(("owner", "unit", "date", "how", "note", "range"), "")
    said = [t(f"{NAME}.number_kinds.{kind}"), name, *fields.values()]
    for one in sources:
        said += [one.id] if one.is_claim else [one.id, one.title, one.by]
    words = " ".join(said).casefold()
    return Number(kind=kind, sources=sources, words=words, **{**blank, **fields})


def _of_episode(scenario: Scenario) -> Iterator[Number]:
    for path, quantity in quantities(scenario):
        yield from _of_quantity(scenario, path, quantity)
    yield from _of_members(scenario)


def _of_members(scenario: Scenario) -> Iterator[Number]:
    """Who looks to whom: members of clubs, and of unions, which decide as one."""
    groups: dict[str, Club | Union] = {f"clubs.{code}": one for code, one in scenario.clubs.items()}
    groups |= {f"unions.{code}": one for code, one in scenario.unions.items()}
    for path, group in groups.items():
        yield _number(
            "input",
            scenario.name,
            catalogue.sources(group.source),
            place=scenario.title,
            owner=catalogue.label(path.partition(".")[2]),
            meaning=catalogue.meaning_of(scenario, path),
            path=path,
            value=", ".join(catalogue.label(one) for one in group.members),
        )


def _of_quantity(scenario: Scenario, path: str, quantity: Quantity) -> Iterator[Number]:
    """A quantity, and each of its dated changes."""
    row = catalogue.input_of(scenario, path)
    same = {
        "place": scenario.title,
        "owner": catalogue.owner_of(path),
        "meaning": catalogue.meaning_of(scenario, path),
        "unit": naming.unit(quantity.unit),
        "how": t(f"{NAME}.how.{row.kind}") if row else "",
    }
    stated: list[tuple[Quantity | Change, str, str, str]] = [
        (quantity, path, str(quantity.year or ""), quantity.note or "")
    ]
    for change in quantity.changes:
        from_ = t(f"{NAME}.since", date=_day(change.date))
        stated.append((change, f"{path} {change.date}", from_, change.label or ""))
    for one, where, date, note in stated:
        numbers_ = {"value": _shown(one.value), "range": _span(one.range)}
        yield _number(
            "input",
            f"{scenario.name} {path.split('.')[1]}",
            catalogue.sources(list(one.source)),
            **same,
            **numbers_,
            path=where,
            date=date,
            note=note,
        )


def _of_history(scenario: Scenario) -> Iterator[Number]:
    for course in history.read().get(scenario.name, []):
        names = options(scenario, course.state, course.decision)
        for entry in course.course:
            toward = f".{course.toward}" if course.toward else ""
            yield _number(
                "history",
                scenario.name,
                catalogue.sources(entry.source),
                place=scenario.title,
                owner=catalogue.label(course.state),
                meaning=catalogue.decision_name(course.decision, course.toward),
                path=f"history.{course.state}.{course.decision}{toward} {entry.date}",
                value=_option(course.decision, entry.value, names),
                range=t(f"{NAME}.span", low=_end(course, entry, 0), high=_end(course, entry, 1)),
                date=t(f"{NAME}.since", date=_day(entry.date)),
            )


def _end(course: Course, entry: Entry, which: int) -> str:
    """An end of a coding range: a stance by its name, other options by number."""
    end = entry.range[which]
    return t(f"stances.{end}.name") if course.decision == "stance" else str(end)


def _option(decision: str, value: int | str, names: tuple[str, ...]) -> str:
    """An option by number and name."""
    group = {"level": "levels", "engagement": "engagements", "stance": "stances"}[decision]
    name = t(f"{group}.{value}.name")
    return name if decision == "stance" else f"{names.index(str(value))} {name}"


def _of_whatif(name: str, scenario: Scenario) -> Iterator[Number]:
    whatif = settings.whatif(name)
    for path, entry in whatif.set.items():
        if path == "fixed":
            yield from (_of_fixed(scenario, whatif.title, one) for one in entry)
            continue
        row = catalogue.input_of(scenario, path)
        for one in (entry, *entry.get("changes", [])):
            dated = "date" in one
            yield _number(
                "what-if",
                f"{name} {path.split('.')[1]}",
                catalogue.sources(one["source"]),
                place=whatif.title,
                owner=catalogue.owner_of(path),
                meaning=catalogue.meaning_of(scenario, path),
                path=f"{path} {one['date']}" if dated else path,
                value=_shown(one["value"]),
                range=_span(one["range"]) if "range" in one else "",
                unit=naming.unit(row.unit) if row else "",
                date=t(f"{NAME}.since", date=_day(one["date"])) if dated else "",
                note=one.get("note") or one.get("label") or "",
            )


def _of_fixed(scenario: Scenario, title: str, entry: Mapping[str, Any]) -> Number:
    """A decision that a what-if fixes."""
    state, decision, toward = entry["state"], entry["decision"], entry.get("toward")
    dates = {"low": _day(entry["from"]), "high": _day(entry["to"])}
    return _number(
        "what-if",
        scenario.name,
        catalogue.sources(entry["source"]),
        place=title,
        owner=catalogue.label(state),
        meaning=catalogue.decision_name(decision, toward),
        path=".".join(filter(None, ("fixed", state, decision, toward))),
        value=_option(decision, entry["option"], options(scenario, state, decision)),
        date=t(f"{NAME}.span", **dates),
        note=entry.get("note") or "",
    )


def _of_weights(name: str) -> Iterator[Number]:
    weights = weight_sets.read_set(name)
    how = t(f"{NAME}.how.weights", data=weights.data, method=weights.method)
    for part in PARTS:
        for key, number in getattr(weights, part).items():
            yield _number(
                "weight",
                name,
                catalogue.sources(number.source),
                place=t(f"{NAME}.weights", name=name),
                meaning=_weight_meaning(part, key),
                path=f"{part}.{key}",
                value=_shown(number.value),
                range=_span(number.range),
                how=how,
            )


def _weight_meaning(part: str, key: str) -> str:
    if part in ("groups", "terms"):
        return t(f"{NAME}.{part}", name=t(f"{part}.{key}.name"))
    return t(f"{NAME}.{part}.{key}")


def _shown(value: float) -> str:
    return f"{value:.10g}"


def _span(ends: Iterable[float]) -> str:
    low, high = ends
    return t(f"{NAME}.span", low=_shown(low), high=_shown(high))


def _day(date: str) -> str:
    """A date in words: 18 Mar 2014, or Mar 2014."""
    return f"{date[8:].lstrip('0')} {wording.month(date)}".strip()
