"""Rooms: games that one or more people play at the same time, kept in memory only.

A room has a code to join it by, and each player a secret token that opens their seat. Rooms are
few, names short, and what nobody plays is forgotten; nothing is written down unless it is exported.
Of a room that is gone the predictions and choices stay on record until the server ends.
"""

import secrets
import time
from collections.abc import Callable, Mapping

from alignsim.app import game as games
from alignsim.app import moves as texts_of_moves
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game, GameError
from alignsim.app.room import (
    CODE_LENGTH,
    LETTERS,
    Player,
    Room,
    RoomError,
    check_prediction,
    tidy_code,
    tidy_name,
)
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.app.wording import seat_name
from alignsim.history import Key

MAX_ROOMS = 100
IDLE = 3 * 60 * 60.0
"""Seconds after which a room that nobody plays is forgotten."""
UNPLAYED, ABANDONED = 10 * 60.0, 30 * 60.0
"""Seconds after which a room without a single choice, or any room in which nobody has done anything
since, gives way when there is no place left. A game that has ended gives way before both."""
MAX_RECORDS = 1000
"""Rooms that are gone and of which the record is kept."""


class Rooms:
    """All rooms of one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without rooms; ``clock`` tells seconds."""
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._gone: list[Room] = []
        self._shut: set[str] = set()
        self._told: list[Callable[[], None]] = []
        self.version = 0
        """Counts every change in any room."""

    def tell(self, changed: Callable[[], None]) -> None:
        """Call a function after every change in any room."""
        self._told.append(changed)

    # --- finding ----------------------------------------------------------------------------------

    def all(self) -> list[Room]:
        """Rooms that can be entered, oldest first."""
        self._forget()
        return list(self._rooms.values())

    def kept(self) -> list[Room]:
        """Rooms of which there is a record: those that are gone, then those of :meth:`all`."""
        return [*self._gone, *self.all()]

    def find(self, code: str) -> Room | None:
        """The room of a code, however it is written; None if there is none."""
        self._forget()
        return self._rooms.get(tidy_code(code))

    def version_of(self, code: str) -> int:
        """A number that changes whenever the room does; -1 where there is none."""
        room = self._rooms.get(tidy_code(code))
        return -1 if room is None else room.version

    def is_shut(self, code: str) -> bool:
        """Whether the teacher has closed the room of a code."""
        return tidy_code(code) in self._shut

    def seated(self, code: str, token: str) -> tuple[Room, str]:
        """The room and the seat that a token opens. Raises RoomError."""
        room = self._room(code)
        seat = room.seat_of(token)
        if seat is None:
            raise RoomError(t("play.faults.no_place"))
        return room, seat

    def _room(self, code: str) -> Room:
        room = self.find(code)
        if room is None:
            raise RoomError(t("play.faults.no_room", code=tidy_code(code)[: CODE_LENGTH + 1]))
        return room

    # --- coming and going -------------------------------------------------------------------------

    def create(
        self,
        setting: PageSetting,
        seat: str,
        name: str = "",
        shared: bool = False,
        browser: str = "",
    ) -> tuple[Room, Player]:
        """A new room with one player; with ``shared`` it waits for others before it begins.

        Raises RoomError, GameError, SettingError.
        """
        checked = settings.checked(PageSetting(setting.start, setting.seed))
        game = games.fresh(checked, seat)
        tidy = tidy_name(name)
        room = self._open(self._new_code(), game, begun=not shared)
        return room, self._sit(room, seat, tidy, browser)

    def resume(
        self,
        code: str,
        setting: PageSetting,
        seat: str,
        moves: str,
        name: str = "",
        begun: bool = True,
        browser: str = "",
    ) -> tuple[Room, Player]:
        """Go on with a game whose room is gone, from its moves and under its old code.

        Whoever comes first opens the room again; those who follow take their seats in it. With
        ``begun`` False its players were still gathering. Raises RoomError, GameError, SettingError.
        """
        if self.is_shut(code):
            raise RoomError(t("play.faults.shut"))
        room = self.find(code)
        if room is None:
            return self._reopen(code, setting, seat, moves, name, begun, browser)
        if (room.game.start, room.game.seed) != (setting.start, setting.seed):
            raise RoomError(t("play.faults.no_place"))
        _, player = self.join(code, seat, name, browser)
        room.welcome_back(seat)
        return room, player

    def _reopen(
        self,
        code: str,
        setting: PageSetting,
        seat: str,
        moves: str,
        name: str,
        begun: bool,
        browser: str,
    ) -> tuple[Room, Player]:
        tidy, named = tidy_code(code), tidy_name(name)
        if len(tidy) != CODE_LENGTH or set(tidy) - set(LETTERS):
            tidy = self._new_code()
        game = texts_of_moves.from_text(setting.start, setting.seed, moves, held=[seat])
        room = self._open(tidy, game, begun=begun or any(made for _, made in game.moves))
        player = self._sit(room, seat, named, browser)
        player.since = 0
        for old in [one for one in self._gone if (one.code, one.game.start) == (tidy, game.start)]:
            self._gone.remove(old)
            room.left = old.people
            room.welcome_back(seat)
        return room, player

    def join(self, code: str, seat: str, name: str = "", browser: str = "") -> tuple[Room, Player]:
        """Take a free seat, from the next choice that it has. Raises RoomError, GameError."""
        room = self._room(code)
        if seat not in room.free:
            games.keys(room.game.scenario, seat)
            raise RoomError(t("play.faults.taken", seat=seat_name(room.game.scenario, seat)))
        if room.stopped:
            raise RoomError(t("play.faults.not_now"))
        tidy = tidy_name(name)
        room.take(seat)
        return room, self._sit(room, seat, tidy, browser)

    def leave(self, code: str, token: str) -> None:
        """Give a seat up to the model; a room without players is closed. Raises RoomError."""
        room, seat = self.seated(code, token)
        over = room.over
        room.rise(seat)
        if not over:
            if room.game.seats == (seat,):
                # Without a player the model would play to the end: others get their seats back.
                for other in room.players:
                    room.take(other)
            room.game = games.hand(room.game, seat)
            room.stop_if_all_agree()
        if not room.players:
            self._close(room)
        self._touch(room)

    # --- playing ----------------------------------------------------------------------------------

    def predict(self, code: str, token: str, said: Prediction) -> None:
        """Keep a player's prediction; it cannot be changed. Raises RoomError."""
        room, seat = self.seated(code, token)
        player = room.players[seat]
        if player.said is not None:
            raise RoomError(t("play.faults.said"))
        player.said, player.said_at = check_prediction(room.game.scenario, said), self._clock()
        self._touch(room)

    def begin(self, code: str, token: str) -> None:
        """Begin a shared game: seats that nobody took are the model's. Raises RoomError."""
        room, _ = self.seated(code, token)
        room.begun = True
        self._touch(room)

    def choose(self, code: str, token: str, step: int, chosen: Mapping[Key, int]) -> None:
        """Take a seat's decisions of a step. Raises RoomError, GameError."""
        room, seat = self.seated(code, token)
        if not room.begun or room.stopped or room.players[seat].said is None:
            raise GameError(t("play.faults.not_now"))
        room.game = games.choose(room.game, seat, step, chosen)
        self._touch(room)

    def hand(self, code: str, token: str, seat: str) -> None:
        """Leave a seat that the others wait for to the model. Raises RoomError."""
        room, own = self._going_on(code, token)
        if seat == own or own not in room.game.seats or seat not in room.position.waiting:
            raise RoomError(t("play.faults.not_waited"))
        room.game = games.hand(room.game, seat)
        room.stop_if_all_agree()
        self._touch(room)

    def take_back(self, code: str, token: str) -> None:
        """Play on at a seat that was left to the model. Raises RoomError, GameError."""
        room, seat = self._going_on(code, token)
        room.take(seat)
        self._touch(room)

    def stop(self, code: str, token: str, wanted: bool = True) -> None:
        """Want to end a game before its last step, or no longer.

        It ends as soon as everyone who still decides in it wants so. Raises RoomError.
        """
        room, seat = self._going_on(code, token)
        room.players[seat].ends = wanted
        room.stop_if_all_agree()
        self._touch(room)

    def _going_on(self, code: str, token: str) -> tuple[Room, str]:
        """The room and the seat of a token, while the game is played. Raises RoomError."""
        room, seat = self.seated(code, token)
        if not room.begun or room.over:
            raise RoomError(t("play.faults.not_now"))
        return room, seat

    # --- what a teacher does ----------------------------------------------------------------------

    def end(self, code: str) -> None:
        """End a game, with a debrief of what was played so far. Raises RoomError."""
        room = self._room(code)
        room.stopped = not room.position.over
        self._touch(room)

    def shut(self, code: str) -> None:
        """Close a room for good; its record stays. Raises RoomError."""
        room = self._room(code)
        self._shut.add(room.code)
        self._close(room)
        self._touch(room)

    # --- the store --------------------------------------------------------------------------------

    def _open(self, code: str, game: Game, begun: bool) -> Room:
        self._forget()
        if len(self._rooms) >= MAX_ROOMS and not self._make_place():
            raise RoomError(t("play.faults.full", most=MAX_ROOMS))
        self._rooms[code] = Room(code, game, begun=begun)
        return self._rooms[code]

    def _sit(self, room: Room, seat: str, name: str, browser: str) -> Player:
        player = Player(secrets.token_urlsafe(12), name, browser=browser)
        room.sit(seat, player)
        self._touch(room)
        return player

    def _touch(self, room: Room) -> None:
        room.touched = self._clock()
        room.version += 1
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        for changed in self._told:
            changed()

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            if code not in self._rooms and code not in self._shut:
                return code

    def _close(self, room: Room) -> None:
        """Let nobody enter a room any more; what was said and chosen in it stays on record."""
        del self._rooms[room.code]
        if room.told:
            self._gone = [*self._gone, room][-MAX_RECORDS:]

    def _forget(self) -> None:
        """Close rooms that have been idle for too long."""
        now = self._clock()
        idle = [room for room in self._rooms.values() if now - room.touched > IDLE]
        for room in idle:
            self._close(room)
        if idle:
            self._changed()

    def _make_place(self) -> bool:
        """Close one room that gives way: one that has ended, else one that seems abandoned."""
        now = self._clock()
        longest_first = sorted(self._rooms.values(), key=lambda room: room.touched)
        ended = [room for room in longest_first if room.over]
        idle = [
            room
            for room in longest_first
            if now - room.touched > (ABANDONED if room.played else UNPLAYED)
        ]
        for room in (*ended, *idle)[:1]:
            self._close(room)
            return True
        return False
