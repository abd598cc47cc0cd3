"""What a government could know when it decided: events, its own inputs, the interests at stake.

Everything here comes from the evidence: the scenario's dated inputs with their sources, and claims
of the articles. Nothing tells what a seat decided, neither the player's own nor another's:

- events are those of the world and the blocs, and of governments that change, up to the step's end;
- claims are mechanisms and facts (kinds M and F), never outcomes or what-ifs, whose time has begun;
- :data:`HINDSIGHT` lists mechanisms and facts that tell the outcome of their own time in passing;
- sources that report events are named by kind, since their headlines tell what was decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from alignsim import evidence
from alignsim.app import forecasting
from alignsim.app import setting as settings
from alignsim.evidence import Claim, Reference
from alignsim.inputs import Input
from alignsim.scenario import Change, Quantity, Scenario, role_table

HINDSIGHT = {
    "L17-04": "tells that Tokyo drew closer to Moscow in the years it speaks of",
    "L17-12": "names the line of a president who came to office in 2017",
    "L17-15": "tells the stance that Moscow took in the years it speaks of",
    "D14-16": "tells when Tokyo acted",
    "D14-17": "tells how Tokyo began and that it went further",
    "D14-19": "tells that Tokyo had sanctions to end",
    "C22-06": "tells where Seoul's course went",
    "C22-15": "tells that both went on buying",
    "C22-16": "tells that both cut less than Europe",
    "C22-23": "tells that both stopped short",
}
"""Claims of kind M or F shown only in episodes that begin after the time they speak of, and why."""
KINDS = ("M", "F")
GENERAL = "general"
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


@dataclass(frozen=True)
class Figure:
    """One input as it stands at a step: its number, unit, year and sources.

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
    claims: tuple[Claim, ...]
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
    interests: tuple[Claim, ...]
    figures: tuple[Figure, ...]

    @property
    def measured(self) -> list[Figure]:
        """Figures that were measured."""
        return [figure for figure in self.figures if figure.row.kind == "measured"]

    @property
    def judged(self) -> list[Figure]:
        """Figures that were judged by the rubric."""
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


def may_be_shown(claim: Claim, scenario: Scenario, end: str) -> bool:
    """Whether a claim tells nothing that was decided in the episode, nor anything later."""
    first, last = period(claim)
    if "O" in claim.kind or not set(claim.kind) & set(KINDS):
        return False
    if claim.id in HINDSIGHT and scenario.calendar.start <= last:
        return False
    return first <= end


def period(claim: Claim) -> tuple[str, str]:
    """First and last month that a claim speaks of; all time for a general one."""
    if claim.when == GENERAL:
        return "0000-01", "0000-01"
    first, _, last = claim.when.partition("..")
    last = last or first
    return (first if len(first) > 4 else f"{first}-01"), (last if len(last) > 4 else f"{last}-12")


def _interests(
    scenario: Scenario, seat: str, end: str, figures: tuple[Figure, ...]
) -> tuple[Claim, ...]:
    """Claims that name the seat, those behind its most important inputs first.

    Of the others those are left out that speak of years gone by. Claims behind inputs that a
    what-if changed no longer hold in its world, and are left out too.
    """
    known = evidence.load().claims
    ranked = [claim.id for figure in figures for claim in figure.claims if not figure.is_changed]
    overturned = {
        source for figure in figures if figure.is_changed for source in _before(scenario, figure)
    }
    named = [
        claim.id
        for claim in known.values()
        if seat in claim.who and may_be_shown(claim, scenario, end)
    ]
    recent = [claim for claim in named if is_recent(known[claim], scenario)]
    own = [claim for claim in dict.fromkeys([*ranked, *recent]) if claim in named]
    return tuple(known[claim] for claim in own if claim not in overturned)


def is_recent(claim: Claim, scenario: Scenario) -> bool:
    """Whether a claim is general, or speaks of the year before the episode or of later."""
    year_before = int(scenario.calendar.start[:4]) - 1
    return claim.when == GENERAL or int(period(claim)[1][:4]) >= year_before


def _before(scenario: Scenario, figure: Figure) -> tuple[str, ...]:
    """Sources of an input in the episode that a what-if extends."""
    return settings.starts()[scenario.episode].states[figure.state][figure.name].source


# --- figures --------------------------------------------------------------------------------------


def _figures(scenario: Scenario, seat: str, end: str) -> Iterator[Figure]:
    """A seat's inputs, those that move it most first."""
    for state, name in _ranked(scenario, seat):
        quantity = scenario.states[state][name]
        change = _in_force(quantity, end)
        sources = quantity.source if change is None else change.source
        known = evidence.load()
        references = [known.references[one] for one in sources if one in known.references]
        claims = [known.claims[one] for one in sources if one in known.claims]
        yield Figure(
            name=name,
            state=state,
            row=role_table(scenario, state)[name],
            value=quantity.at(end),
            year=quantity.year if change is None else None,
            titles=tuple(one.title for one in references if one.kind in TITLED),
            kinds=_kinds(references),
            claims=tuple(one for one in claims if may_be_shown(one, scenario, end)),
            is_changed=quantity != settings.starts()[scenario.episode].states[state][name],
        )


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


def _in_force(quantity: Quantity, end: str) -> Change | None:
    """The last change up to the end of a month."""
    past = [change for change in quantity.changes if change.date[:7] <= end]
    return past[-1] if past else None


def shown_value(figure: Figure) -> str:
    """A figure's number as people write it: a share in per cent, a flag as it is."""
    value, unit = figure.value, figure.row.unit
    if unit.startswith("share"):
        return f"{100 * value:.3g} %"
    if unit in ("persons", "km"):
        return f"{value:,.0f}"
    return f"{value:g}"
