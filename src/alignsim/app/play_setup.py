"""What a player sees before the first step: opening or joining a game, predicting, gathering.

Functions here return tags and know nothing of sessions. Controls are the browser's own, under the
names by which :mod:`alignsim.app.play` reads them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from htmltools import Tag, TagChild, TagList, tags
from shiny import ui

from alignsim.app import game as games
from alignsim.app import page, wording
from alignsim.app import setting as settings
from alignsim.app.page import rich
from alignsim.app.room import CODE_LENGTH, MAX_NAME, Room, tidy_code
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import LEVELS
from alignsim.scenario import Scenario


class Choice(NamedTuple):
    """One option of a group of radio buttons."""

    value: str
    label: TagChild
    note: TagChild = None
    checked: bool = False


def radios(name: str, legend: TagChild, choices: Sequence[Choice], style: str = "") -> Tag:
    """A group of radio buttons, whose value is the input of that name."""
    return tags.fieldset(
        tags.legend(legend),
        *(
            tags.label(
                tags.input(
                    type="radio",
                    name=name,
                    value=choice.value,
                    checked="" if choice.checked else None,
                ),
                tags.span(
                    tags.strong(choice.label),
                    tags.span(" ", choice.note, class_="note") if choice.note else None,
                ),
                class_="choice",
            )
            for choice in choices
        ),
        id=name,
        class_=f"shiny-input-radiogroup {style}".strip(),
    )


def heading(text: TagChild, moment: str) -> Tag:
    """The heading of what is shown now; it takes the focus whenever ``moment`` changes."""
    return tags.h2(text, id="now", tabindex="-1", data_moment=moment)


def text_field(
    name: str, label: str, help_: TagChild, value: str = "", most: int = MAX_NAME
) -> Tag:
    """A line of text with its label and help."""
    return tags.div(
        tags.label(label, for_=name),
        tags.input(
            type="text",
            id=name,
            value=value,
            maxlength=str(most),
            autocomplete="off",
            spellcheck="false",
            aria_describedby=f"{name}-help",
        ),
        tags.p(help_, class_="note", id=f"{name}-help"),
        class_="field",
    )


def number_field(name: str, label: TagChild, low: int, high: int) -> Tag:
    """A whole number, not yet given, with its label."""
    return tags.div(
        tags.label(label, for_=name),
        tags.input(
            type="number",
            id=name,
            min=str(low),
            max=str(high),
            step="1",
            inputmode="numeric",
        ),
        class_="field",
    )


# --- opening and joining --------------------------------------------------------------------------


def way_back() -> Tag:
    """The way back to a game that this window has left for another page; the script fills it in."""
    before, _, after = t("play.room.back", link="|").partition("|")
    link = tags.a(t("play.room.back_link"), href=page.HERE)
    return tags.p(before, link, after, id="way-back", role="note", hidden="")


def setup(setting: PageSetting, starts: Sequence[str], code: str = "") -> TagList:
    """The page before a game: open one of some starts, or join one by its code."""
    chosen = setting.start if setting.start in starts else (*starts, "")[0]
    opening = _opening(PageSetting(chosen, setting.seed), starts) if starts else _not_open()
    return TagList(
        tags.p(t("play.lead"), class_="lead"),
        tags.div(opening, joining(code), class_="doors"),
    )


def _not_open() -> Tag:
    return tags.section(heading(t("play.setup.open"), "setup"), tags.p(t("play.setup.none")))


def _opening(setting: PageSetting, starts: Sequence[str]) -> Tag:
    return tags.section(
        heading(t("play.setup.open"), "setup"),
        tags.div(
            tags.label(t("play.setup.scenario"), for_="start"),
            _scenarios(setting.start, starts),
            class_="field",
        ),
        ui.output_ui("scene"),
        radios(
            "who",
            t("play.setup.who"),
            [
                Choice("alone", t("play.setup.alone"), checked=True),
                Choice("shared", t("play.setup.shared")),
            ],
        ),
        text_field("name", t("play.setup.name"), t("play.setup.name_help")),
        tags.details(
            tags.summary(t("play.setup.more")),
            tags.div(
                tags.label(t("play.setup.seed"), for_="seed"),
                tags.input(type="text", id="seed", value=str(setting.seed), inputmode="numeric"),
                class_="field",
            ),
            tags.p(rich(t("play.setup.seed_help")), class_="note"),
        ),
        ui.input_action_button("open", t("play.setup.go"), class_="main"),
    )


def joining(code: str = "") -> Tag:
    """Join a game by its code."""
    return tags.section(
        tags.h2(t("play.setup.join")),
        text_field("code", t("play.setup.code"), t("play.setup.code_help"), code, 2 * CODE_LENGTH),
        ui.output_ui("places"),
    )


def _scenarios(chosen: str, starts: Sequence[str]) -> Tag:
    """The starts: episodes first, then the what-ifs upon each."""
    known = settings.starts()
    groups = [(t("play.setup.episodes"), [name for name in starts if known[name].episode == name])]
    for episode in groups[0][1]:
        names = [name for name in starts if known[name].episode == episode != name]
        groups.append((t("play.setup.whatifs", title=known[episode].title), names))
    return tags.select(
        *(
            tags.optgroup(
                *(
                    tags.option(
                        settings.title(name), value=name, selected="" if name == chosen else None
                    )
                    for name in names
                ),
                label=label,
            )
            for label, names in groups
            if names
        ),
        id="start",
    )


def scene(start: str, seat: str | None = None) -> TagList:
    """When the chosen scenario plays, and its seats."""
    scenario = settings.base(start).scenario
    calendar = scenario.calendar
    span = t(
        "play.setup.span",
        first=wording.month(calendar.start),
        last=wording.month(calendar.ends[-1]),
        steps=calendar.steps,
        step=t(f"play.setup.step.{calendar.step}"),
    )
    return TagList(
        tags.p(span, class_="note"),
        radios("seat", t("play.setup.seat"), _seats(scenario, games.seats(scenario), seat)),
    )


def places(room: Room | None, code: str) -> TagList:
    """The free seats of the game with a code, as far as it is known."""
    if len(tidy_code(code)) < CODE_LENGTH:
        return TagList(tags.p(t("play.setup.wait_code"), class_="note"))
    if room is None:
        return TagList(tags.p(t("play.setup.unknown", code=tidy_code(code)), role="status"))
    if room.over or not room.free:
        return TagList(tags.p(t("play.setup.none_free", code=room.code), role="status"))
    scenario = room.game.scenario
    legend = t("play.setup.found", title=settings.title(room.game.start))
    return TagList(
        radios("join_seat", legend, _seats(scenario, room.free, None)),
        text_field("join_name", t("play.setup.name"), t("play.setup.name_help")),
        ui.input_action_button("join", t("play.setup.join_go"), class_="main"),
    )


def _seats(scenario: Scenario, seats: Sequence[str], chosen: str | None) -> list[Choice]:
    return [
        Choice(
            seat,
            wording.seat_name(scenario, seat),
            t("play.setup.role", state=scenario.label(seat), role=wording.role(scenario, seat)),
            seat == chosen,
        )
        for seat in seats
    ]


def ended(fault: str = "", fresh: str = page.HERE) -> TagList:
    """A game whose room is gone: go on from its moves, or start anew."""
    can = t("play.ended.cannot", fault=fault) if fault else t("play.ended.can")
    return TagList(
        heading(t("play.ended.head"), "ended"),
        tags.p(t("play.ended.why")),
        tags.p(can),
        tags.div(
            None
            if fault
            else ui.input_action_button("resume", t("play.ended.go_on"), class_="main"),
            _fresh(fresh),
            class_="row",
        ),
    )


def _fresh(address: str) -> Tag:
    return tags.a(t("play.ended.fresh"), href=address, class_="button", data_forget="")


def shut(fresh: str = page.HERE) -> TagList:
    """A game whose room the teacher has closed."""
    return TagList(
        heading(t("play.ended.shut_head"), "shut"),
        tags.p(t("play.ended.shut")),
        _fresh(fresh),
    )


def returning() -> TagList:
    """A place that is free again, for the one who had it."""
    return TagList(
        heading(t("play.ended.back"), "returning"),
        tags.p(t("play.ended.free")),
        ui.input_action_button("resume", t("play.ended.retake"), class_="main"),
    )


def displaced(code: str) -> TagList:
    """A place in a room that somebody else has now, or that was given up."""
    return TagList(
        heading(t("play.ended.head"), "displaced"),
        tags.p(t("play.ended.place")),
        joining(code),
    )


# --- before the first step ------------------------------------------------------------------------


def predict(room: Room) -> TagList:
    """The form for a prediction of each ally."""
    scenario = room.game.scenario
    which = "history" if scenario.episode == scenario.name else "whatif"
    end = wording.date(scenario, scenario.calendar.steps - 1)
    return TagList(
        heading(t("play.predict.head"), "predict"),
        tags.p(
            t(f"play.predict.{which}", title=settings.title(scenario.name), date=end), class_="lead"
        ),
        tags.p(rich(t("play.predict.chance_help")), class_="note"),
        tags.div(*(_prediction(scenario, ally, end) for ally in scenario.allies), class_="allies"),
        ui.input_action_button("predict", t("play.predict.go"), class_="main"),
    )


def _prediction(scenario: Scenario, ally: str, end: str) -> Tag:
    levels = [
        Choice(str(level), f"{level} {wording.option_name('level', level)}", _level_note(level))
        for level in range(LEVELS)
    ]
    who = t("play.predict.ally", state=scenario.label(ally), date=end)
    return tags.section(
        tags.h3(who),
        number_field(f"chance_{ally}", t("play.predict.chance"), 0, 100),
        radios(f"final_{ally}", t("play.predict.level"), levels),
        aria_label=who,
    )


def _level_note(level: int) -> str:
    return t(f"levels.{level}.meaning")


def lobby(room: Room) -> TagList:
    """Waiting for others before a shared game begins."""
    return TagList(
        heading(t("play.lobby.head"), "lobby"),
        tags.p(t("play.lobby.text", code=room.code), class_="lead"),
        ui.input_action_button("begin", t("play.lobby.begin"), class_="main"),
    )
