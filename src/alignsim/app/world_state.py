"""Parts of the page The world that tell of one state: chances, what moves it, and reasons."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from htmltools import Tag, TagChild, TagList, tags

from alignsim.app import charts, drawing, why, wording, world
from alignsim.app import page as frame
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting
from alignsim.app.texts import all_texts, t
from alignsim.app.world import AFTER, BEFORE, YEARS, Chance, Reasons, Results
from alignsim.panel.within import THEORY

NAME = "world"
OWN = ("year", "forecaster", "state")
"""Parts of the address that are the page's own."""
TERMS = 6
"""Terms shown of those that move a state."""
LEAST = 1e-6
"""The least probability that log odds are taken of, and as far from certainty the largest."""
MIXED = " + "
"""Between the names of two forecasters that are mixed."""


@dataclass(frozen=True)
class View:
    """All that the page shows: a state, a year and a forecaster."""

    setting: PageSetting
    found: Results
    year: str
    forecaster: str
    state: str

    @property
    def label(self) -> str:
        """Name of the state."""
        return world.scenario(self.year).label(self.state)

    def chance(self, year: str, forecaster: str, state: str | None = None) -> Chance | None:
        """What a forecaster says of a state, by default the chosen one."""
        return self.found.of(year, forecaster, state or self.state)

    def address(self, **parts: str) -> str:
        """The same page with other parts."""
        view = replace(self, **parts)  # type: ignore[arg-type]
        own = {
            "year": view.year, "forecaster": world.slug(view.forecaster), "state": view.state,
        }  # fmt: skip
        return frame.address(NAME, self.setting, **own)


# --- numbers and names in words -----------------------------------------------------------------


def percent(chance: Chance | None) -> str:
    """A probability in per cent."""
    return t(f"{NAME}.none") if chance is None else charts.percent(chance.p)


def interval(chance: Chance | None) -> str:
    """The interval of a probability, where it was kept."""
    if chance is None or chance.low is None or chance.high is None:
        return t(f"{NAME}.none")
    return t(f"{NAME}.interval", low=charts.percent(chance.low), high=charts.percent(chance.high))


def spoken(chance: Chance) -> str:
    """A probability with its interval, for those who listen."""
    if chance.low is None:
        return percent(chance)
    return t(f"{NAME}.spoken", chance=percent(chance), interval=interval(chance))


def record(found: Results, year: str, state: str) -> str:
    """What the records of a year say of a state."""
    known = found.records[year]
    if state not in known:
        return t(f"{NAME}.records.none")
    words = {True: "joined", False: "not_joined", None: "unclear"}
    return t(f"{NAME}.records.{words[known[state]]}")


def forecaster_name(name: str) -> str:
    """A forecaster in plain words; as the tables call it where there are none."""
    one, mixed, other = name.partition(MIXED)
    if mixed:
        return t(f"{NAME}.mixed", one=forecaster_name(one), other=forecaster_name(other))
    return all_texts().get(f"{NAME}.forecasters.{world.slug(name)}.name", name)


def forecaster_about(name: str) -> str:
    """What a forecaster does, in a sentence."""
    if MIXED in name:
        return t(f"{NAME}.mixed_about")
    return all_texts().get(f"{NAME}.forecasters.{world.slug(name)}.about", "")


# --- one state ----------------------------------------------------------------------------------


def chosen(view: View) -> Tag:
    """The chosen state: chances, how sure, what moves it, and what the others say."""
    unit = world.unit(view.year, view.state)
    union = None
    if unit != view.state:
        name = world.scenario(view.year).label(unit)
        union = tags.p(t(f"{NAME}.state.union", name=name), class_="note")
    now = view.chance(view.year, view.forecaster)
    return tags.section(
        tags.h2(view.label),
        union,
        _facts(view),
        _beside(view),
        tags.p(t(f"{NAME}.standing.{now.standing if now else 'silent'}")),
        *_moved(view),
        tags.details(tags.summary(t(f"{NAME}.others.title")), _others(view)),
        id="chosen",
        tabindex="-1",
    )


def _year(view: View, year: str) -> TagChild:
    """A year, with a link to its map unless it is shown."""
    if year == view.year or view.forecaster not in view.found.forecasters(year):
        return year
    return tags.a(year, href=view.address(year=year) + "#chosen")


def _facts(view: View) -> Tag:
    name = forecaster_name(view.forecaster)
    rows: list[list[TagChild]] = []
    for year in YEARS:
        chance = view.chance(year, view.forecaster)
        rank = t(f"{NAME}.none")
        if chance is not None:
            place, count = view.found.rank(year, view.forecaster, view.state)
            rank = t(f"{NAME}.state.rank_of", place=place, count=count)
        rows.append(
            [
                _year(view, year),
                tags.strong(percent(chance)),
                interval(chance),
                rank,
                record(view.found, year, view.state),
            ]
        )
    head: list[TagChild] = [
        t(f"{NAME}.state.{word}") for word in ("year", "joins", "interval", "rank", "records")
    ]
    return frame.table(head, rows, t(f"{NAME}.state.caption", name=name), class_="facts")


def _beside(view: View) -> Tag | None:
    """Whether the forecast shown was on the right side."""
    standing = view.found.standing(view.year, view.forecaster, view.state)
    if standing is None:
        return None
    return tags.p(tags.strong(t(f"{NAME}.beside.{standing}", year=view.year)))


class Moves(NamedTuple):
    """What the theory says of a state in both years, and bars of names and log odds between them.

    The bars add up to the difference of the log odds of the two probabilities.
    """

    before: float
    after: float
    bars: tuple[tuple[str, float], ...]

    @property
    def change(self) -> float:
        """The difference in log odds."""
        return log_odds(self.after) - log_odds(self.before)


def moves(found: Results, state: str) -> Moves | None:
    """What moves a state between the years; None where another unit decides for it than before.

    The largest terms have a bar each, the others one together. The last bar is what terms at the
    end of the runs do not hold.
    """
    unit = world.unit(AFTER, state)
    before, after = (found.of(year, THEORY, state) for year in YEARS)
    own = found.moved.get(unit)
    if own is None or before is None or after is None or unit != world.unit(BEFORE, state):
        return None
    large = [one for one in own.terms if abs(one[1]) >= why.EVEN][:TERMS]
    bars = [(t(f"terms.{term}.name"), change) for term, change in large]
    others = sum(change for _, change in own.terms) - sum(change for _, change in large)
    if abs(others) >= why.EVEN:
        bars.append((t(f"{NAME}.moves.others"), others))
    made = Moves(before.p, after.p, tuple(bars))
    rest = made.change - sum(change for _, change in bars)
    return made._replace(bars=(*bars, (t(f"{NAME}.moves.rest"), rest)))


def log_odds(p: float) -> float:
    """The log odds of a probability; of one that no run or every run shows, those of the next."""
    inside = min(max(p, LEAST), 1.0 - LEAST)
    return math.log(inside / (1.0 - inside))


def _moved(view: View) -> list[TagChild]:
    """What moves it from 2014 to 2022, by the theory."""
    title = tags.h3(t(f"{NAME}.moves.title"))
    found = moves(view.found, view.state)
    if found is None:
        return [title, tags.p(t(f"{NAME}.moves.none"))]
    numbers = {
        "before": charts.percent(found.before),
        "after": charts.percent(found.after),
        "change": drawing.signed(found.change),
    }
    return [
        title,
        tags.p(rich(t(f"{NAME}.moves.about", **numbers))),
        drawing.bars(found.bars, t(f"{NAME}.moves.bars", state=view.label), narrow=True),
    ]


def _others(view: View) -> Tag:
    """What every forecaster says of the state, with a link to its map."""
    rows: list[list[TagChild]] = []
    for name in view.found.every:
        year = view.year if name in view.found.forecasters(view.year) else AFTER
        if name not in view.found.forecasters(year):
            year = BEFORE
        link = tags.a(
            forecaster_name(name),
            href=view.address(forecaster=name, year=year),
            aria_current="true" if name == view.forecaster else None,
        )
        after = view.chance(AFTER, name)
        rows.append([link, percent(view.chance(BEFORE, name)), percent(after), interval(after)])
    head: list[TagChild] = [
        t(f"{NAME}.choose.forecaster"), BEFORE, AFTER, t(f"{NAME}.interval_of", year=AFTER),
    ]  # fmt: skip
    caption = t(f"{NAME}.others.caption", state=view.label)
    return frame.table(head, rows, caption, class_="others")


# --- reasons ------------------------------------------------------------------------------------


def reasons(view: View, found: Reasons) -> TagList:
    """The last decision of a state, or of its union, held against its neighbours."""
    scenario, made = world.scenario(found.year), found.found.decision
    words = {
        "name": wording.named(scenario, found.key),
        "date": wording.date(scenario, made.step),
        "option": wording.option(scenario, found.key, found.found.option),
    }
    return TagList(
        tags.p(t(f"{NAME}.why.head", **words), class_="lead"),
        tags.p(_how(found)),
        why.chances(scenario, found.key, made),
        *(
            why.against(view.setting, scenario, found.key, found.found, other)
            for other in found.found.neighbours
        ),
    )


def _how(found: Reasons) -> str:
    if found.run is None:
        return t(f"{NAME}.why.along")
    share = charts.percent(found.share)
    return t(f"{NAME}.why.free", run=found.run, runs=world.RUNS, share=share)
