"""Parts of the page The world that tell of one state: chances, what moves it, and reasons."""

from dataclasses import dataclass, replace

from htmltools import Tag, TagChild, TagList, tags

from alignsim.app import charts, drawing, why, wording, world
from alignsim.app import page as frame
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting
from alignsim.app.texts import all_texts, t
from alignsim.app.world import AFTER, BEFORE, YEARS, Chance, Reasons, Results

NAME = "world"
OWN = ("year", "forecaster", "state")
"""Parts of the address that are the page's own."""
TERMS = 6
"""Terms shown of those that move a state."""
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


def _moved(view: View) -> list[TagChild]:
    """What moves its unit from 2014 to 2022."""
    title = tags.h3(t(f"{NAME}.moves.title"))
    unit = world.unit(AFTER, view.state)
    found = view.found.moved.get(unit)
    if found is None or unit != world.unit(BEFORE, view.state):
        return [title, tags.p(t(f"{NAME}.moves.none"))]
    terms = [one for one in found.terms if abs(one[1]) >= why.EVEN][:TERMS]
    numbers = {
        "before": charts.percent(found.before),
        "after": charts.percent(found.after),
    }
    bars = [(t(f"terms.{term}.name"), change) for term, change in terms]
    return [
        title,
        tags.p(rich(t(f"{NAME}.moves.about", **numbers))),
        drawing.bars(bars, t(f"{NAME}.moves.bars", state=view.label), narrow=True),
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
