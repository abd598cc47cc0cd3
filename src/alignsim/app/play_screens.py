"""What a player sees at each moment of a game, from the room alone."""

from typing import NamedTuple

from htmltools import TagList

from alignsim.app import play_debrief, play_held, play_setup, play_steps
from alignsim.app.room import Room


class Screen(NamedTuple):
    """What the page shows: a kind, the step it is about, and a count that draws it anew."""

    kind: str
    step: int = 0
    tick: int = 0

    @property
    def moment(self) -> str:
        """What the heading is about; a new one takes the focus."""
        return f"{self.kind}-{self.step}"


SETUP = Screen("setup")
SEATED = ("predict", "lobby", "decide", "wait", "held", "debrief")
"""Kinds of screens of someone who has a seat."""


def screen_of(
    room: Room | None, seat: str | None, had: str = "", shut: bool = False, shown: bool = True
) -> Screen:
    """What a player sees, who ``had`` a seat before. Forms have no tick: they are drawn once.

    ``shut`` says that the teacher closed the room, ``shown`` that its history may be shown.
    """
    if room is None:
        return Screen("shut" if shut else "ended")
    if seat is None:
        return Screen("returning" if had in room.free and not room.over else "displaced")
    if room.over:
        return Screen("debrief" if shown else "held")
    if room.players[seat].said is None:
        return Screen("predict")
    if not room.begun:
        return Screen("lobby")
    now = room.position
    if seat in now.waiting:
        return Screen("decide", now.step)
    return Screen("wait", now.step, room.version)


def drawn(screen: Screen, room: Room, seat: str, explores: bool = True) -> TagList:
    """What a seated player sees, as tags; ``explores`` says that other pages are open."""
    if screen.kind == "predict":
        return play_setup.predict(room)
    if screen.kind == "lobby":
        return play_setup.lobby(room)
    if screen.kind == "decide":
        return play_steps.deciding(room, seat, screen.moment)
    if screen.kind == "wait":
        return play_steps.waiting(room, seat, screen.moment)
    if screen.kind == "held":
        return play_held.held(room, seat, screen.moment)
    return play_debrief.debriefing(room, seat, screen.moment, explores)
