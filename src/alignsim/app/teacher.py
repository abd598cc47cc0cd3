"""The teacher's page: the address for the class, its games, its predictions, and a file to keep.

The page opens with a key that stands in its address. Without it neither the page nor its connection
says anything about the class.
"""

import secrets
from collections.abc import Callable, Iterator

import segno
from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, reactive, render, ui
from starlette.requests import Request

from alignsim import __version__
from alignsim.app import classbook, play, wording
from alignsim.app import game as games
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.classbook import Said, Sheet
from alignsim.app.page import rich
from alignsim.app.rooms import Room, Rooms
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import JOINED

FILE = "alignsim-class.csv"
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")

PageFunction = Callable[[Request], Tag]
ServerFunction = Callable[[Inputs, Outputs, Session], None]


def opens(key: str, given: str) -> bool:
    """Whether a key that was given opens the page; nothing does where there is no key."""
    return bool(key) and secrets.compare_digest(key.encode(), given.encode("utf-8", "replace"))


def page(key: str) -> PageFunction:
    """The page function for a key."""

    def made(request: Request) -> Tag:
        if not opens(key, request.query_params.get("key", "")):
            return frame.document("teacher", PageSetting(), frame.alert(t("teacher.refused")))
        return frame.document(
            "teacher",
            PageSetting(),
            tags.link(rel="stylesheet", href=f"/static/play.css?{__version__}"),
            tags.p(t("teacher.lead"), class_="lead"),
            _invitation(request.url.scheme, request.url.netloc, request.url.hostname or ""),
            tags.section(tags.h2(t("teacher.rooms")), ui.output_ui("rooms")),
            tags.section(
                tags.h2(t("teacher.predictions")),
                ui.output_ui("revealing"),
                ui.output_ui("predictions"),
            ),
            tags.section(
                ui.download_link("export", t("teacher.save"), class_="button"),
                tags.p(t("teacher.save_help"), class_="note"),
                class_="no-print",
            ),
        )

    return made


def _invitation(scheme: str, netloc: str, host: str) -> Tag:
    """The address for the class, in letters and as a QR code, unless it is this machine's own."""
    head = tags.h2(t("teacher.join"))
    if host in LOOPBACK:
        return tags.section(head, tags.p(t("teacher.local", host=host)))
    address = f"{scheme}://{netloc}/play/"
    label = t("teacher.qr", address=address)
    drawn = segno.make(address, micro=False).svg_inline(
        omitsize=True, border=2, light="#fff", title=label
    )
    return tags.section(
        head,
        tags.p(t("teacher.address")),
        tags.p(tags.strong(address), class_="big"),
        tags.div(frame.raw(drawn), class_="qr", role="img", aria_label=label),
    )


def server(rooms: Rooms, key: str) -> ServerFunction:
    """The server function of the page."""
    changed = play.signal(rooms)

    def start(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
        query = dict(frame.asked(session))
        if not opens(key, query.get("key", "")):
            return

        revealed = reactive.value(False)

        @reactive.effect
        @reactive.event(input.reveal)
        def _() -> None:
            revealed.set(not revealed())

        _draw(rooms, changed, revealed)

        @render.download_link(filename=FILE, encoding="utf-8-sig")
        def export() -> Iterator[str]:
            yield classbook.as_csv(rooms.all())

    return start


def _draw(rooms_: Rooms, changed: reactive.Value[int], revealed: reactive.Value[bool]) -> None:
    """What the teacher sees."""

    @render.ui
    def rooms() -> TagChild:
        changed()
        return room_table(rooms_.all())

    @render.ui
    def revealing() -> TagChild:
        label = t("teacher.hide" if revealed() else "teacher.reveal")
        return ui.input_action_button("reveal", label)

    @render.ui
    def predictions() -> TagChild:
        changed()
        return prediction_tables(classbook.sheets(rooms_.all()), revealed())


# --- games ----------------------------------------------------------------------------------------


def room_table(found: list[Room]) -> TagChild:
    """All games: who plays, how far they are, and for whom they wait."""
    if not found:
        return tags.p(t("teacher.no_rooms"))
    states = list(dict.fromkeys(s for room in found for s in games.seats(room.game.scenario)))
    scenario = found[0].game.scenario
    head: list[TagChild] = [t(f"teacher.{word}") for word in ("room", "scenario", "step")]
    head += [wording.seat_name(scenario, state) for state in states]
    rows = [_room_row(room, states) for room in found]
    return frame.table([*head, t("teacher.waiting")], rows, t("teacher.rooms_caption"))


def _room_row(room: Room, states: list[str]) -> list[TagChild]:
    scenario = room.game.scenario
    waiting = [wording.seat_name(scenario, seat) for seat in room.position.waiting]
    return [
        room.code,
        settings.title(room.game.start),
        _progress(room),
        *(_who(room, state) for state in states),
        ", ".join(waiting) if room.begun and not room.over else "",
    ]


def _progress(room: Room) -> str:
    if not room.begun:
        return t("teacher.gathering")
    if room.over:
        return t("teacher.done")
    steps = room.game.scenario.calendar.steps
    return t("teacher.step_of", step=room.position.step + 1, steps=steps)


def _who(room: Room, seat: str) -> str:
    player = room.players.get(seat)
    if seat in room.game.seats:
        return t("teacher.empty") if player is None else player.name or t("teacher.unnamed")
    return t("teacher.model" if room.begun else "teacher.empty")


# --- predictions ----------------------------------------------------------------------------------


def prediction_tables(sheets: list[Sheet], revealed: bool) -> TagChild:
    """A table for each scenario; what happened only when it is revealed."""
    if not sheets:
        return tags.p(t("teacher.no_predictions"))
    return TagList(*(_prediction_table(sheet, revealed) for sheet in sheets))


def _prediction_table(sheet: Sheet, revealed: bool) -> TagList:
    scenario = settings.base(sheet.start).scenario
    head: list[TagChild] = [t("teacher.who")]
    for ally in scenario.allies:
        head += [t(f"teacher.{word}", state=scenario.label(ally)) for word in ("chance", "level")]
    scored = revealed and sheet.history is not None
    rows: list[list[TagChild]] = [_said_row(sheet, one, scored) for one in sheet.entries]
    rows.append(_mean_row(sheet, scored))
    if revealed:
        rows += _revealed(sheet)
    caption = t(
        "teacher.predictions_caption",
        title=settings.title(sheet.start),
        date=wording.date(scenario, scenario.calendar.steps - 1),
    )
    note = ""
    if revealed:
        note = t("teacher.score_note" if scored else "teacher.whatif_note")
    return TagList(
        frame.table([*head, *([t("teacher.score")] if scored else [])], rows, caption),
        tags.p(rich(note), class_="note") if note else None,
    )


def _said_row(sheet: Sheet, one: Said, scored: bool) -> list[TagChild]:
    scenario = settings.base(sheet.start).scenario
    who = t(
        "teacher.player",
        name=one.name or t("teacher.unnamed"),
        seat=wording.seat_name(scenario, one.seat),
        room=one.room,
    )
    pairs = zip(one.said.chances, one.said.levels, strict=True)
    cells: list[TagChild] = [str(number) for pair in pairs for number in pair]
    return [who, *cells, *([_number(sheet.score(one.said))] if scored else [])]


def _mean_row(sheet: Sheet, scored: bool) -> list[TagChild]:
    pairs = zip(sheet.chances, sheet.levels, strict=True)
    cells: list[TagChild] = [f"{number:.1f}" for pair in pairs for number in pair]
    name = tags.strong(t("teacher.mean", count=len(sheet.entries)))
    return [name, *cells, *([_number(sheet.mean_score)] if scored else [])]


def _revealed(sheet: Sheet) -> list[list[TagChild]]:
    """The rows of the model and, where there is one, of history."""
    shares: list[TagChild] = [cell for share in sheet.model for cell in (f"{100 * share:.1f}", "")]
    if sheet.history is None:
        return [[t("teacher.model_row"), *shares]]
    happened: list[TagChild] = []
    for level in sheet.history:
        happened += [t("teacher.joined" if level >= JOINED else "teacher.not_joined"), str(level)]
    return [
        [t("teacher.model_row"), *shares, _number(sheet.model_score)],
        [tags.strong(t("teacher.history")), *happened, ""],
    ]


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
