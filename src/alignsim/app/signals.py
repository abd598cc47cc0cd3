"""What tells open pages that something has changed."""

from typing import TypeVar

from shiny import reactive

from alignsim.app.lesson import Lesson
from alignsim.app.rooms import Rooms

Value = TypeVar("Value")


def of(rooms: Rooms, lesson: Lesson) -> reactive.Value[tuple[int, int]]:
    """A value for all sessions that changes with the rooms and the lesson.

    A timer in each session would do as well, but each of its ticks sends a message to all of them.
    """
    changed = reactive.Value((0, 0))

    def tell() -> None:
        changed.set((rooms.version, lesson.version))

    rooms.tell(tell)
    lesson.tell(tell)
    return changed


def renew(value: reactive.Value[Value], now: Value) -> None:
    """Set a value if it has changed."""
    with reactive.isolate():
        before = value()
    if before != now:
        value.set(now)
