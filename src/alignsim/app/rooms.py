"""Rooms: games that one or more people play at the same time, kept in memory only.

A room has a code to join it by, and each player a secret token that opens their seat. Rooms are
few, names short, and what nobody plays is forgotten; nothing is written down unless it is exported.
Everything that is refused is refused in one sentence.
"""

import secrets
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alignsim.app import game as games
from alignsim.app import moves as texts_of_moves
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game, GameError
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.app.wording import seat_name
from alignsim.decision import LEVELS
from alignsim.history import Key
from alignsim.scenario import Scenario

MAX_ROOMS = 100
IDLE = 3 * 60 * 60.0
"""Seconds after which a room that nobody plays is forgotten."""
UNPLAYED = 10 * 60.0
"""Seconds after which a room without a single choice gives way when there is no place left."""
MAX_NAME = 40
LETTERS = "BCDFGHJKMNPQRSTVWXZ"
"""Letters of a code: none that is taken for another or for a digit, and no vowels, so no words."""
CODE_LENGTH = 5


class RoomError(ValueError):
    """Why a room refuses something, in one sentence for the page."""


@dataclass
class Player:
    """Someone at a seat."""

    token: str
    name: str = ""
    said: Prediction | None = None


@dataclass
class Room:
    """A game with its players by seat.

    ``begun`` is False while players gather; ``stopped`` ends a game before its last step.
    """

    code: str
    game: Game
    players: dict[str, Player] = field(default_factory=dict)
    begun: bool = False
    stopped: bool = False
    version: int = 0
    touched: float = 0.0

    @property
    def position(self) -> games.Position:
        """Where the game stands."""
        return games.position(self.game)

    @property
    def over(self) -> bool:
        """Whether nothing is left to decide."""
        return self.stopped or self.position.over

    @property
    def free(self) -> list[str]:
        """Seats that can be taken: those without a player, or left to the model."""
        held = [seat for seat in self.players if seat in self.game.seats]
        return [seat for seat in games.seats(self.game.scenario) if seat not in held]

    @property
    def played(self) -> bool:
        """Whether anyone has chosen anything."""
        return any(move is not None for _, moves in self.game.moves for move in moves)

    @property
    def alone(self) -> bool:
        """Whether one player decides, and the model for all others."""
        return len(self.game.seats) == 1

    def seat_of(self, token: str) -> str | None:
        """The seat that a token opens."""
        for seat, player in self.players.items():
            if secrets.compare_digest(player.token.encode(), token.encode("utf-8", "replace")):
                return seat
        return None


class Rooms:
    """All rooms of one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without rooms; ``clock`` tells seconds."""
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._told: list[Callable[[], None]] = []
        self.version = 0
        """Counts every change in any room."""

    def tell(self, changed: Callable[[], None]) -> None:
        """Call a function after every change in any room."""
        self._told.append(changed)

    # --- finding ----------------------------------------------------------------------------------

    def all(self) -> list[Room]:
        """Rooms that are kept, oldest first."""
        self._forget()
        return list(self._rooms.values())

    def find(self, code: str) -> Room | None:
        """The room of a code, however it is written; None if there is none."""
        self._forget()
        return self._rooms.get(tidy_code(code))

    def version_of(self, code: str) -> int:
        """A number that changes whenever the room does; -1 where there is none."""
        room = self._rooms.get(tidy_code(code))
        return -1 if room is None else room.version

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
        self, setting: PageSetting, seat: str, name: str = "", shared: bool = False
    ) -> tuple[Room, Player]:
        """A new room with one player; with ``shared`` it waits for others before it begins.

        Raises RoomError, GameError, SettingError.
        """
        checked = settings.checked(PageSetting(setting.start, setting.seed))
        game = games.fresh(checked, seat)
        return self._open(self._new_code(), game, seat, tidy_name(name), begun=not shared)

    def resume(
        self, code: str, setting: PageSetting, seat: str, moves: str, name: str = ""
    ) -> tuple[Room, Player]:
        """Go on with a game whose room is gone, from its moves and under its old code.

        Whoever comes first opens the room again; those who follow take their seats in it. Raises
        RoomError, GameError, SettingError.
        """
        room = self.find(code)
        if room is not None:
            if (room.game.start, room.game.seed) != (setting.start, setting.seed):
                raise RoomError(t("play.faults.no_place"))
            return self.join(code, seat, name)
        tidy = tidy_code(code)
        if len(tidy) != CODE_LENGTH or set(tidy) - set(LETTERS):
            tidy = self._new_code()
        game = texts_of_moves.from_text(setting.start, setting.seed, moves, held=[seat])
        return self._open(tidy, game, seat, tidy_name(name), begun=True)

    def join(self, code: str, seat: str, name: str = "") -> tuple[Room, Player]:
        """Take a free seat, from the next choice that it has. Raises RoomError, GameError."""
        room = self._room(code)
        if seat not in room.free:
            games.keys(room.game.scenario, seat)
            raise RoomError(t("play.faults.taken", seat=seat_name(room.game.scenario, seat)))
        room.game = games.take(room.game, seat)
        return room, self._sit(room, seat, tidy_name(name))

    def leave(self, code: str, token: str) -> None:
        """Give a seat up to the model; a room without players is closed. Raises RoomError."""
        room, seat = self.seated(code, token)
        del room.players[seat]
        if room.game.seats == (seat,):
            # Without a player the model would play to the end: others get their seats back.
            for other in room.players:
                room.game = games.take(room.game, other)
        room.game = games.hand(room.game, seat)
        if not room.players:
            del self._rooms[room.code]
        self._touch(room)

    # --- playing ----------------------------------------------------------------------------------

    def predict(self, code: str, token: str, said: Prediction) -> None:
        """Keep a player's prediction; it cannot be changed. Raises RoomError."""
        room, seat = self.seated(code, token)
        if room.players[seat].said is not None:
            raise RoomError(t("play.faults.said"))
        room.players[seat].said = check_prediction(room.game.scenario, said)
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
        room, own = self.seated(code, token)
        if seat == own or seat not in room.position.waiting:
            raise RoomError(t("play.faults.not_waited"))
        room.game = games.hand(room.game, seat)
        self._touch(room)

    def take_back(self, code: str, token: str) -> None:
        """Play on at a seat that was left to the model. Raises RoomError, GameError."""
        room, seat = self.seated(code, token)
        room.game = games.take(room.game, seat)
        self._touch(room)

    def stop(self, code: str, token: str) -> None:
        """End a game before its last step, if nobody else plays in it. Raises RoomError."""
        room, seat = self.seated(code, token)
        if room.game.seats != (seat,):
            raise RoomError(t("play.faults.not_alone"))
        room.stopped = True
        self._touch(room)

    # --- the store --------------------------------------------------------------------------------

    def _open(
        self, code: str, game: Game, seat: str, name: str, begun: bool
    ) -> tuple[Room, Player]:
        self._forget()
        if len(self._rooms) >= MAX_ROOMS and not self._make_place():
            raise RoomError(t("play.faults.full", most=MAX_ROOMS))
        room = Room(code, game, begun=begun)
        self._rooms[code] = room
        return room, self._sit(room, seat, name)

    def _sit(self, room: Room, seat: str, name: str) -> Player:
        player = Player(secrets.token_urlsafe(12), name)
        room.players[seat] = player
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
            if code not in self._rooms:
                return code

    def _forget(self) -> None:
        """Drop rooms that have been idle for too long."""
        now = self._clock()
        idle = [one.code for one in self._rooms.values() if now - one.touched > IDLE]
        for code in idle:
            del self._rooms[code]
        if idle:
            self._changed()

    def _make_place(self) -> bool:
        """Drop the longest idle room in which nothing was chosen, if it has been idle a while."""
        now = self._clock()
        unplayed = [
            room
            for room in self._rooms.values()
            if not room.played and now - room.touched > UNPLAYED
        ]
        if not unplayed:
            return False
        del self._rooms[min(unplayed, key=lambda room: room.touched).code]
        return True


# --- checks ---------------------------------------------------------------------------------------


def tidy_code(code: str) -> str:
    """A code as it is kept: capital letters, without spaces and dashes."""
    return "".join(letter for letter in code[:20].upper() if letter.isalpha())


def tidy_name(name: str) -> str:
    """A name without control characters and doubled spaces. Raises RoomError for a long one."""
    if len(name) > 10 * MAX_NAME:
        raise RoomError(t("play.faults.name", most=MAX_NAME))
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in name)
    tidy = " ".join(shown.split())
    if len(tidy) > MAX_NAME:
        raise RoomError(t("play.faults.name", most=MAX_NAME))
    return tidy


def check_prediction(scenario: Scenario, said: Prediction) -> Prediction:
    """The prediction, if it has a chance and a level for every ally. Raises RoomError."""
    whole = len(scenario.allies)
    if len(said.chances) != whole or len(said.levels) != whole:
        raise RoomError(t("play.faults.prediction"))
    if not all(_whole(chance, 100) for chance in said.chances):
        raise RoomError(t("play.faults.chance"))
    if not all(_whole(level, LEVELS - 1) for level in said.levels):
        raise RoomError(t("play.faults.prediction"))
    return said


def _whole(number: int, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= most
