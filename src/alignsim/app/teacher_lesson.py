"""What the class may see: the part of the teacher's page that opens, reveals and closes."""

from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from alignsim.app import asking, lesson
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.lesson import Lesson
from alignsim.app.room import RoomError
from alignsim.app.rooms import Rooms
from alignsim.app.texts import t


def controls(now: Lesson) -> TagList:
    """What is open, case by case, and the buttons that change it."""
    verb = "close" if now.opened else "open"
    label = t(f"teacher.lesson.{verb}")
    head: list[TagChild] = [t(f"teacher.lesson.{word}") for word in ("case", "games", "history")]
    rows: list[list[TagChild]] = [
        [
            settings.title(case),
            t("teacher.lesson.games_all")
            if now.shows(case)
            else _switch(case in now.playable, case, ("play", "unplay"), "games"),
            t("teacher.lesson.history_on")
            if now.opened
            else _switch(case in now.revealed, case, ("reveal", "hide"), "history"),
        ]
        for case in lesson.cases()
    ]
    return TagList(
        frame.table(head, rows, t("teacher.lesson.caption")),
        tags.p(t("teacher.lesson.order"), class_="note"),
        tags.div(
            tags.p(t(f"teacher.lesson.pages_{'open' if now.opened else 'closed'}")),
            asking.order(verb, label, label, "pages"),
            class_="row",
        ),
    )


def _switch(on: bool, case: str, orders: tuple[str, str], what: str) -> Tag:
    """What holds of a case, and the button that turns it."""
    verb = orders[on]
    label = t(f"teacher.lesson.{verb}")
    spoken = t("teacher.lesson.of", what=label, case=settings.title(case))
    return tags.div(
        tags.span(t(f"teacher.lesson.{what}_{'on' if on else 'off'}")),
        asking.order(f"{verb} {case}", label, spoken, f"{what}-{case}"),
        class_="row",
    )


def obey(sent: Any, now: Lesson, rooms: Rooms) -> str:
    """Do what a button of the page asks for; the sentence on why it cannot be done, or nothing."""
    verb, _, what = sent.partition(" ") if isinstance(sent, str) else ("", "", "")
    if verb in ("play", "unplay"):
        now.let_play(what, verb == "play")
    elif verb in ("reveal", "hide"):
        now.reveal(what, verb == "reveal")
    elif sent in ("open", "close"):
        now.open(verb == "open")
    elif verb in ("end", "shut"):
        try:
            (rooms.end if verb == "end" else rooms.shut)(what)
        except RoomError as error:
            return str(error)
    return ""
