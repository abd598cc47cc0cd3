"""The teacher's page: the address for the class, what it may see, its games and predictions.

The page opens with a key that stands in its address. Without it neither the page nor its connection
says anything about the class.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urljoin

import segno
from htmltools import Tag, TagChild, tags
from shiny import Inputs, Outputs, Session, reactive, render, ui
from starlette.requests import Request

from alignsim import __version__
from alignsim.app import asking, classbook, signals, teacher_lesson, teacher_tables
from alignsim.app import page as frame
from alignsim.app.gate import is_key
from alignsim.app.lesson import PLAY, Lesson
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t

FILE = "alignsim-class.csv"
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")

PageFunction = Callable[[Request], Tag]
ServerFunction = Callable[[Inputs, Outputs, Session], None]


def page(key: str) -> PageFunction:
    """The page function for a key."""

    def made(request: Request) -> Tag:
        if not is_key(key, request.query_params.get("key", "")):
            refused = frame.alert(t("teacher.refused"))
            return frame.document("teacher", PageSetting(), refused, pages=(PLAY,))
        return frame.document(
            "teacher",
            PageSetting(),
            tags.link(rel="stylesheet", href=f"{frame.UP}static/play.css?{__version__}"),
            tags.p(t("teacher.lead"), class_="lead"),
            ui.output_ui("fault"),
            _invitation(request),
            tags.section(
                tags.h2(t("teacher.lesson.head")),
                tags.p(t("teacher.lesson.lead")),
                ui.output_ui("lesson"),
            ),
            tags.section(tags.h2(t("teacher.rooms")), ui.output_ui("rooms")),
            tags.section(tags.h2(t("teacher.predictions")), ui.output_ui("predictions")),
            tags.section(
                ui.download_link("export", t("teacher.save"), class_="button"),
                tags.p(t("teacher.save_help"), class_="note"),
                class_="no-print",
            ),
            asking.dialog("end", t("teacher.ask.end"), t("teacher.ask.end_yes")),
            asking.dialog("shut", t("teacher.ask.shut"), t("teacher.ask.shut_yes")),
            tags.script(src=f"{frame.UP}static/play.js?{__version__}", defer=""),
        )

    return made


def _invitation(request: Request) -> Tag:
    """The address for the class, in letters and as a QR code, unless it is this machine's own."""
    head = tags.h2(t("teacher.join"))
    host = request.url.hostname or ""
    if host in LOOPBACK:
        return tags.section(head, tags.p(t("teacher.local", host=host)))
    address = urljoin(str(request.url), f"{frame.UP}{PLAY}/")
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


def server(rooms: Rooms, lesson: Lesson, key: str) -> ServerFunction:
    """The server function of the page."""
    changed = signals.of(rooms, lesson)

    def start(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
        query = dict(frame.asked(session))
        if not is_key(key, query.get("key", "")):
            return

        fault = reactive.value("")

        @reactive.effect
        @reactive.event(input.order)
        def _() -> None:
            fault.set(teacher_lesson.obey(input.order(), lesson, rooms))

        _draw(rooms, lesson, changed, fault)

        @render.download_link(filename=FILE, encoding="utf-8-sig")
        def export() -> Iterator[str]:
            yield classbook.as_csv(rooms.kept())

    return start


def _draw(
    rooms_: Rooms,
    lesson_: Lesson,
    changed: reactive.Value[tuple[int, int]],
    told: reactive.Value[str],
) -> None:
    """What the teacher sees."""

    @render.ui
    def fault() -> TagChild:
        return frame.alert(told()) if told() else None

    @render.ui
    def lesson() -> TagChild:
        changed()
        return teacher_lesson.controls(lesson_)

    @render.ui
    def rooms() -> TagChild:
        changed()
        return teacher_tables.room_table(rooms_.all())

    @render.ui
    def predictions() -> TagChild:
        changed()
        return teacher_tables.prediction_tables(classbook.sheets(rooms_.kept()), lesson_.shows)
