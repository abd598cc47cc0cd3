"""The page The world: what the theory, fitted on 2014, forecasts of about 190 states in 2022."""

from collections.abc import Mapping
from functools import partial
from html import escape

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, render, ui
from starlette.requests import Request

from alignsim import __version__
from alignsim.app import forms, working, world, world_map, world_state
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import below, t
from alignsim.app.world import AFTER, BEFORE, YEARS, Results, ResultsError, Score
from alignsim.app.world_map import Square
from alignsim.app.world_state import NAME, OWN, View
from alignsim.documents import DocumentError
from alignsim.panel.within import NEW_STATES, THEORY

RIVAL = "ideal point"
"""What the verdict sets beside the theory: UN votes alone."""
MET = "met"
MARKED = (world.MISS, world.DOUBTFUL)
"""Standings that have a mark on the map."""


def page(request: Request) -> Tag:
    """The page: everything but the reasons, which take a moment and follow."""
    setting, fault = frame.given(request, *OWN)
    try:
        view, faults = _view(setting, dict(request.query_params))
        shown = _shown(view)
    except ResultsError as error:
        faults, shown = [t(f"{NAME}.missing", fault=error)], TagList()
    return frame.document(
        NAME,
        setting,
        forms.style(),
        tags.link(rel="stylesheet", href=f"{frame.UP}static/world.css?{__version__}"),
        tags.script(src=f"{frame.UP}static/world.js?{__version__}", defer=""),
        fault,
        *(frame.alert(one) for one in faults),
        tags.p(rich(t(f"{NAME}.lead")), class_="lead"),
        tags.p(t(f"{NAME}.registered")),
        None if setting.is_documented else tags.p(t(f"{NAME}.documented_only"), class_="note"),
        shown,
        _limits(),
    )


def server(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
    """Look for the reasons once the page stands."""
    asked = frame.asked(session)
    try:
        setting = settings.from_query(asked, OWN)
    except SettingError:
        setting = PageSetting()

    @render.ui
    async def reasons() -> TagChild:
        try:
            view, _ = _view(setting, dict(asked))
            found = await working.off_loop(world.reasons, view.year, view.state)
        except working.BusyError:
            return frame.alert(t("frame.busy"))
        except ResultsError:
            return None
        except DocumentError:
            return frame.alert(t(f"{NAME}.why.missing", name=world.WEIGHTS))
        return world_state.reasons(view, found)


def _view(setting: PageSetting, given: Mapping[str, str]) -> tuple[View, list[str]]:
    """What the address asks for, and a sentence on each part that there is not.

    Raises ResultsError.
    """
    found = world.results()
    faults: list[str] = []
    known = partial(forms.known, NAME, given, faults)
    year = known("year", YEARS, AFTER)
    names = {world.slug(name): name for name in found.every}
    forecaster = names[known("forecaster", names, world.slug(THEORY))]
    if forecaster not in found.forecasters(year):
        name = world_state.forecaster_name(forecaster)
        faults.append(t(f"{NAME}.fault.silent", name=name, year=year))
        forecaster = THEORY
    state = known("state", world.allies(), found.first)
    return View(setting, found, year, forecaster, state), faults


def _shown(view: View) -> TagList:
    return TagList(
        tags.p(tags.strong(_verdict(view.found))),
        _choices(view),
        tags.div(_map(view), world_state.chosen(view), class_="world"),
        tags.section(
            tags.h2(t(f"{NAME}.why.title", state=view.label, year=view.year)),
            ui.output_ui("reasons"),
            tags.p(t(f"{NAME}.why.waiting"), class_="waiting"),
        ),
        _every(view),
        _scores(view.found),
        _judged(view.found),
    )


def _verdict(found: Results) -> str:
    """The verdict on the registered forecast in a few sentences."""
    counts = found.standings(AFTER, THEORY)
    scores = {one.forecaster: one for one in found.scores[AFTER]}
    met = {
        side: [word for (counts_for, _), word in found.met.items() if counts_for == side]
        for side in ("for", "against")
    }
    return t(
        f"{NAME}.verdict",
        hits=counts[world.HIT],
        clear=counts[world.HIT] + counts[world.MISS],
        mine=_plain(scores[THEORY].log_score[0], 3),
        rival=_plain(scores[RIVAL].log_score[0], 3),
        held=met["for"].count(MET),
        of=len(met["for"]),
        against=met["against"].count(MET),
        of_against=len(met["against"]),
    )


def _choices(view: View) -> Tag:
    names = {world.slug(name): world_state.forecaster_name(name) for name in view.found.every}
    states = {state: world.scenario(AFTER).label(state) for state in world.ordered(world.allies())}
    return tags.form(
        forms.carried(view.setting),
        forms.choice("year", t(f"{NAME}.choose.year"), below(f"{NAME}.years"), view.year),
        forms.choice(
            "forecaster", t(f"{NAME}.choose.forecaster"), names, world.slug(view.forecaster)
        ),
        forms.choice("state", t(f"{NAME}.choose.state"), states, view.state),
        tags.button(t(f"{NAME}.choose.show"), class_="main"),
        method="get",
        action=frame.HERE,
        class_="row controls",
    )


# --- the map ------------------------------------------------------------------------------------


def _map(view: View) -> Tag:
    title = t(
        f"{NAME}.map.title",
        year=t(f"{NAME}.years.{view.year}"),
        name=world_state.forecaster_name(view.forecaster),
    )
    return tags.section(
        tags.h2(title),
        tags.p(
            world_state.forecaster_about(view.forecaster), " ", t(f"{NAME}.map.keys"), class_="note"
        ),
        tags.a(t(f"{NAME}.map.skip"), href="#chosen", class_="skip"),
        tags.div(
            world_map.world(_squares(view), title),
            class_="wide",
            tabindex="0",
            role="region",
            aria_label=t(f"{NAME}.map.region"),
        ),
        _legend(view),
    )


def _squares(view: View) -> dict[str, Square]:
    scenario = world.scenario(view.year)
    squares = {}
    for state in world.allies():
        chance = view.chance(view.year, view.forecaster, state)
        standing = view.found.standing(view.year, view.forecaster, state)
        named = {"state": scenario.label(state)}
        if chance is None:
            label, styles, number = t(f"{NAME}.map.silent", **named), ["silent"], t(f"{NAME}.none")
        else:
            label = t(f"{NAME}.map.says", **named, chance=world_state.spoken(chance))
            styles, number = [world_map.shade(chance.p)], f"{100 * chance.p:.0f}"
        if state in view.found.records[view.year]:
            side = world_state.record(view.found, view.year, state)
            label = t(f"{NAME}.map.known", label=label, side=side)
            styles += ["joined"] if view.found.records[view.year][state] else []
        squares[state] = Square(
            label,
            tuple(styles),
            view.address(state=state) + "#chosen",
            number,
            chance is not None and chance.wide,
            state == view.state,
            standing if standing in MARKED else "",
        )
    for role, state in world.roles().items():
        label = t(f"{NAME}.map.role", state=world.role_label(state), role=t(f"{NAME}.roles.{role}"))
        squares[state] = Square(label, ("role",))
    return squares


def _legend(view: View) -> Tag:
    keys = [
        world_map.scale(t(f"{NAME}.legend.low"), t(f"{NAME}.legend.high")),
        world_map.key(t(f"{NAME}.legend.chosen"), "chosen"),
        world_map.key(t(f"{NAME}.legend.role"), "role"),
    ]
    keys += [
        world_map.key(t(f"{NAME}.legend.joined", year=view.year), "joined"),
        *(world_map.key(t(f"{NAME}.legend.{one}"), "silent", mark=one) for one in MARKED),
    ]
    if view.year == BEFORE:
        if any(view.chance(view.year, view.forecaster, one) is None for one in world.allies()):
            keys.append(world_map.key(t(f"{NAME}.legend.silent"), "silent"))
    else:
        keys.append(world_map.key(t(f"{NAME}.legend.wide"), "silent", cut=True))
    return tags.ul(*(tags.li(one) for one in keys), class_="legend")


# --- all states, and scores ---------------------------------------------------------------------


def _every(view: View) -> Tag:
    """The map in numbers, the likeliest first."""
    scenario = world.scenario(AFTER)
    name = world_state.forecaster_name(view.forecaster)

    def place(state: str) -> tuple[float, str]:
        found = view.chance(view.year, view.forecaster, state)
        return -(found.p if found else -1.0), scenario.label(state)

    head = (t(f"{NAME}.choose.state"), BEFORE, AFTER, t(f"{NAME}.interval_of", year=AFTER))
    caption = t(f"{NAME}.every.caption", name=name)
    rows = (_row(view, state) for state in sorted(world.allies(), key=place))
    return tags.details(
        tags.summary(t(f"{NAME}.every.title")),
        tags.div(
            tags.table(
                tags.caption(caption),
                tags.thead(tags.tr(*(tags.th(one, scope="col") for one in head))),
                tags.tbody(frame.raw("".join(rows))),
            ),
            class_="wide",
            tabindex="0",
            role="region",
            aria_label=caption,
        ),
    )


def _row(view: View, state: str) -> str:
    """A state in numbers, as markup: a thousand tags would take longer than all the rest."""
    before, after = (view.chance(year, view.forecaster, state) for year in YEARS)
    cells = (
        world_state.percent(before), world_state.percent(after), world_state.interval(after),
    )  # fmt: skip
    return (
        f'<tr><th scope="row"><a href="{escape(view.address(state=state))}#chosen">'
        f"{escape(world.scenario(AFTER).label(state))}</a></th>"
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    )


def _scores(found: Results) -> Tag:
    """How close each came: to 2022 as registered, and to 2014 without having seen the state."""
    return tags.section(
        tags.h2(t(f"{NAME}.scores.title")),
        tags.p(rich(t(f"{NAME}.scores.about"))),
        _score_table(found.scores[AFTER], "registered"),
        _score_table(found.scores[NEW_STATES], "fresh"),
        tags.p(rich(t(f"{NAME}.scores.about_left_out"))),
        _score_table(found.scores[BEFORE], "left_out"),
        id="scores",
    )


def _score_table(scores: tuple[Score, ...], name: str) -> Tag:
    """Scores of every forecaster, best first."""
    rows = sorted(scores, key=lambda one: one.brier[0])
    words = {"states": rows[0].states, "units": rows[0].units}
    caption = t(f"{NAME}.scores.captions.{name}", **words)
    head: list[TagChild] = [
        t(f"{NAME}.choose.forecaster"), frame.gloss("brier"), frame.gloss("log_score"),
    ]  # fmt: skip
    return tags.div(
        tags.table(
            tags.caption(caption),
            tags.thead(tags.tr(*(tags.th(one, scope="col") for one in head))),
            tags.tbody(*(_score_row(one) for one in rows)),
            class_="scores",
        ),
        class_="wide",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _score_row(one: Score) -> Tag:
    return tags.tr(
        tags.th(world_state.forecaster_name(one.forecaster), scope="row"),
        tags.td(_score(one.brier, 4), class_="number"),
        tags.td(_score(one.log_score, 3), class_="number"),
        class_="marked" if one.forecaster == THEORY else None,
    )


def _score(score: tuple[float, float, float], digits: int) -> str:
    value, low, high = (_plain(one, digits) for one in score)
    return t(f"{NAME}.scores.cell", value=value, low=low, high=high)


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-inf", "−∞").replace("-", "−")


# --- words --------------------------------------------------------------------------------------


def _points(key: str) -> Tag:
    """The texts below a key as a list."""
    texts = below(f"{NAME}.{key}").values()
    return tags.ul(*(tags.li(rich(text)) for text in texts), class_="points")


def _registered(found: Results, side: str) -> Tag:
    """What was registered to count on one side, each with whether it holds."""
    points = below(f"{NAME}.judged.points.{side}").values()
    return tags.ol(
        *(
            tags.li(
                tags.strong(t(f"{NAME}.judged.held.{found.met[side, number].replace(' ', '_')}")),
                " ",
                rich(text),
            )
            for number, text in enumerate(points, start=1)
        ),
        class_="points",
    )


def _judged(found: Results) -> Tag:
    """What would count for and against the theory, and what of it came true."""
    return tags.section(
        tags.h2(t(f"{NAME}.judged.title")),
        tags.p(t(f"{NAME}.judged.about")),
        tags.h3(t(f"{NAME}.judged.for")),
        _registered(found, "for"),
        tags.h3(t(f"{NAME}.judged.against")),
        _registered(found, "against"),
        tags.p(t(f"{NAME}.judged.not")),
        tags.p(t(f"{NAME}.judged.file"), " ", tags.code("experiments/panel/preregistration.md")),
        id="judged",
    )


def _limits() -> Tag:
    return tags.section(
        tags.h2(t(f"{NAME}.limits.title")),
        _points("limits.points"),
        id="limits",
    )
