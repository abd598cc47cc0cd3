"""What a government could know when it decided: events, its own inputs, the interests at stake.

Everything here comes from the evidence: the scenario's dated inputs with their sources, and claims
of the articles. Nothing is later than the step, and nothing tells what a seat decided, neither the
player's own nor another's:

- events are those of the world and the blocs, and of governments that change, up to the step's end;
- claims are mechanisms and facts (kinds M and F), never outcomes or what-ifs, said in the words of
  the time: ``texts/en/briefs.yaml`` holds the sentence of each with the first month in which it
  could be known, and what is not in there is not shown;
- a figure of a year is shown once that year is over; until then the one before it, if there is one;
- sources that report events are named by kind, since their headlines tell what was decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from alignsim import evidence
from alignsim.app import forecasting
from alignsim.app import setting as settings
from alignsim.app.texts import below
from alignsim.evidence import Claim, Reference
from alignsim.inputs import FLAG, Input
from alignsim.scenario import Quantity, Scenario, role_table

ALWAYS = "always"
"""In place of a month, for a sentence that holds at all times."""
OF_THE_INVASION = ("C22-05", "C22-07", "C22-12")
"""Claims whose sentences speak of the breach as it was: left out where a what-if changes it."""
GENERAL = "general"
MEASURED = "measured"
NOT_SHOWN = ("initial_level", "initial_engagement", "ceiling")
"""Inputs that the page shows elsewhere: where a seat stands, and which options it has."""
AIMS = ("russian_aims", "concession_price")
"""Inputs whose dated changes tell what Moscow and an ally did to one another: no events."""
TARGET_SEES = ("concession_price", "russia_trade_share")
"""Inputs of each ally that describe the target's own situation toward it."""
TITLED = ("dataset", "literature")
"""Kinds of references that are named by their titles."""


class Event(NamedTuple):
    """Something that happened: its date, and words for it."""

    date: str
    label: str


class Said(NamedTuple):
    """A claim of an article in the words of a brief."""

    id: str
    text: str


class Stated(NamedTuple):
    """A value of an input that could be known, its year where it has one, and its sources."""

    value: float
    year: int | None
    source: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """One input as far as it is known at a step: its number, unit, year and sources.

    ``state`` is whose input it is: the seat's own, or that of an ally whom the target sees so.
    ``claims`` are those that may be shown; ``is_changed`` says that the what-if played set it.
    """

    name: str
    state: str
    row: Input
    value: float
    year: int | None
    titles: tuple[str, ...]
    kinds: tuple[str, ...]
    claims: tuple[Said, ...]
    is_changed: bool


@dataclass(frozen=True)
class Brief:
    """What a seat knows at a step, most important first."""

    start: str
    seat: str
    step: int
    severity: float
    events: tuple[Event, ...]
    news: tuple[Event, ...]
    interests: tuple[Said, ...]
    figures: tuple[Figure, ...]

    @property
    def measured(self) -> list[Figure]:
        """Figures that were measured."""
        return [figure for figure in self.figures if figure.row.kind == "measured"]

    @property
    def judged(self) -> list[Figure]:
        """Figures that were judged, by the rubric."""
        return [figure for figure in self.figures if figure.row.kind == "judged"]


@cache
def brief(start: str, seat: str, step: int) -> Brief:
    """The brief of a seat at a step of a start."""
    scenario = settings.base(start).scenario
    end = scenario.calendar.ends[step]
    known = _events(scenario, end)
    figures = tuple(_figures(scenario, seat, end))
    before = scenario.calendar.ends[step - 1] if step else ""
    return Brief(
        start=start,
        seat=seat,
        step=step,
        severity=scenario.world["severity"].at(end),
        events=known,
        news=tuple(event for event in known if event.date[:7] > before),
        interests=_interests(scenario, seat, end, figures),
        figures=figures,
    )


# --- events ---------------------------------------------------------------------------------------


def _events(scenario: Scenario, end: str) -> tuple[Event, ...]:
    """Labelled changes up to the end of a month, in their order."""
    quantities = [*scenario.world.values(), *(bloc.level for bloc in scenario.blocs.values())]
    for table in scenario.states.values():
        quantities += [quantity for name, quantity in table.items() if name not in AIMS]
    found = {
        Event(change.date, change.label)
        for quantity in quantities
        for change in quantity.changes
        if change.label and change.date[:7] <= end
    }
    return tuple(sorted(found))


# --- claims ---------------------------------------------------------------------------------------


@cache
def sentences(claim: str) -> tuple[tuple[str, str], ...]:
    """First months and sentences of a claim in briefs, earliest first; none for one never shown."""
    found = below(f"briefs.{claim}")
    return tuple(sorted(("" if month == ALWAYS else month, text) for month, text in found.items()))


def said(claim: str, end: str) -> Said | None:
    """A claim as a brief at the end of a month says it; None where it says nothing."""
    known = [text for month, text in sentences(claim) if month <= end]
    return Said(claim, known[-1]) if known and known[-1] else None


def period(claim: Claim) -> tuple[str, str]:
    """First and last month that a claim speaks of; all time for a general one."""
    if claim.when == GENERAL:
        return "0000-01", "0000-01"
    first, _, last = claim.when.partition("..")
    last = last or first
    return (first if len(first) > 4 else f"{first}-01"), (last if len(last) > 4 else f"{last}-12")


def _interests(
    scenario: Scenario, seat: str, end: str, figures: tuple[Figure, ...]
) -> tuple[Said, ...]:
    """Claims that name the seat, those behind its most important inputs first.

    Of the others those are left out that speak of years gone by. Claims behind what a what-if
    changed no longer hold in its world, and are left out too.
    """
    claims = evidence.load().claims
    ranked = [claim.id for figure in figures for claim in figure.claims if not figure.is_changed]
    recent = [name for name, claim in claims.items() if is_recent(claim, scenario)]
    overturned = _overturned(scenario, figures)
    found = [
        said(name, end)
        for name in dict.fromkeys([*ranked, *recent])
        if seat in claims[name].who and name not in overturned
    ]
    return tuple(one for one in found if one is not None)


def is_recent(claim: Claim, scenario: Scenario) -> bool:
    """Whether a claim is general, or speaks of the year before the episode or of later."""
    year_before = int(scenario.calendar.start[:4]) - 1
    return claim.when == GENERAL or int(period(claim)[1][:4]) >= year_before


def _overturned(scenario: Scenario, figures: tuple[Figure, ...]) -> set[str]:
    """Claims that no longer hold in the world of a what-if."""
    changed = (figure for figure in figures if figure.is_changed)
    found = {source for figure in changed for source in _before(scenario, figure)}
    same = scenario.world["severity"] == settings.starts()[scenario.episode].world["severity"]
    return found if same else found | set(OF_THE_INVASION)


def _before(scenario: Scenario, figure: Figure) -> tuple[str, ...]:
    """Sources of an input in the episode that a what-if extends."""
    return settings.starts()[scenario.episode].states[figure.state][figure.name].source


# --- figures --------------------------------------------------------------------------------------


def _figures(scenario: Scenario, seat: str, end: str) -> Iterator[Figure]:
    """A seat's inputs as far as they are known, those that move it most first."""
    references = evidence.load().references
    for state, name in _ranked(scenario, seat):
        quantity = scenario.states[state][name]
        row = role_table(scenario, state)[name]
        now = known(quantity, row, end)
        if now is None:
            continue
        named = [references[one] for one in now.source if one in references]
        claims = [said(one, end) for one in now.source]
        yield Figure(
            name=name,
            state=state,
            row=row,
            value=now.value,
            year=now.year,
            titles=tuple(one.title for one in named if one.kind in TITLED),
            kinds=_kinds(named),
            claims=tuple(one for one in claims if one is not None),
            is_changed=quantity != settings.starts()[scenario.episode].states[state][name],
        )


def known(quantity: Quantity, row: Input, end: str) -> Stated | None:
    """The last value of an input that could be known at the end of a month; None if none could.

    What is measured over a year is known once the year is over; what holds from a day, from then.
    """
    found = None
    for since, stated in _dated(quantity, row):
        if since <= end:
            found = stated
    return found


def _dated(quantity: Quantity, row: Input) -> Iterator[tuple[str, Stated]]:
    """Values of an input by the first month in which each could be known, in their order."""
    year = quantity.year
    since = "" if year is None else _year_after(year)
    yield since, Stated(quantity.value, year, tuple(quantity.source))
    for change in quantity.changes:
        since, year = change.date[:7], None
        if row.kind == MEASURED and row.unit != FLAG:
            year = int(change.date[:4])
            since = _year_after(year)
        yield since, Stated(change.value, year, tuple(change.source))


def _year_after(year: int) -> str:
    return f"{year + 1}-01"


def _ranked(scenario: Scenario, seat: str) -> list[tuple[str, str]]:
    """State and name of each input of a seat, in its order."""
    if seat == scenario.target:
        toward = [(ally, name) for name in TARGET_SEES for ally in scenario.allies]
        return [*toward, *((seat, name) for name in scenario.states[seat])]
    order = [path.rpartition(".")[2] for path in forecasting.levers(scenario.name, seat)]
    names = dict.fromkeys([*order, *scenario.states[seat]])
    return [(seat, name) for name in names if name not in (*NOT_SHOWN, *_unseen(scenario, seat))]


def _unseen(scenario: Scenario, seat: str) -> tuple[str, ...]:
    """Inputs kept with an ally that describe the target's situation, not the ally's."""
    return ("concession_price",) if seat in scenario.allies else ()


def _kinds(references: list[Reference]) -> tuple[str, ...]:
    """Kinds of the references that are not named, each once."""
    return tuple(dict.fromkeys(one.kind for one in references if one.kind not in TITLED))


def shown_value(figure: Figure) -> str:
    """A figure's number as people write it: a share in per cent, a flag as it is."""
    value, unit = figure.value, figure.row.unit
    if unit.startswith("share"):
        return f"{100 * value:.3g} %"
    if unit in ("persons", "km"):
        return f"{value:,.0f}"
    return f"{value:g}"
