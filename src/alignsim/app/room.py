"""A room: one game with the people who play it, and the record of those who left it.

Everything that is refused is refused in one sentence.
"""

import secrets
import unicodedata
from dataclasses import dataclass, field

from alignsim.app import game as games
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game
from alignsim.app.texts import t
from alignsim.decision import LEVELS
from alignsim.scenario import Scenario

MAX_NAME = 40
LETTERS = "BCDFGHJKMNPQRSTVWXZ"
"""Letters of a code: none that is taken for another or for a digit, and no vowels, so no words."""
CODE_LENGTH = 5


class RoomError(ValueError):
    """Why a room refuses something, in one sentence for the page."""


@dataclass
class Player:
    """Someone at a seat.

    ``browser`` tells one browser of a class from another, as far as it is known. ``said_at`` is the
    time of the prediction. ``since`` is the first step that is the player's own, ``until`` the
    first that no longer is; None while the seat is held. ``ends`` says that the player wants to
    end the game here.
    """

    token: str
    name: str = ""
    said: Prediction | None = None
    browser: str = ""
    said_at: float = 0.0
    since: int = 0
    until: int | None = None
    ends: bool = False

    def decided(self, step: int) -> bool:
        """Whether a choice of a step at the player's seat was this player's."""
        return self.since <= step and (self.until is None or step < self.until)


@dataclass
class Room:
    """A game with its players by seat, and those who gave their seats up.

    ``begun`` is False while players gather; ``stopped`` ends a game before its last step.
    """

    code: str
    game: Game
    players: dict[str, Player] = field(default_factory=dict)
    left: list[tuple[str, Player]] = field(default_factory=list)
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
    def people(self) -> list[tuple[str, Player]]:
        """Everyone who plays or played, by seat; at a seat, who left first comes first."""
        found = [*self.left, *self.players.items()]
        order = games.seats(self.game.scenario)
        return sorted(found, key=lambda one: order.index(one[0]))

    @property
    def told(self) -> bool:
        """Whether there is anything to keep: a prediction or a choice."""
        return self.played or any(player.said is not None for _, player in self.people)

    @property
    def deciding(self) -> list[Player]:
        """Players whose seats are in their own hands."""
        return [player for seat, player in self.players.items() if seat in self.game.seats]

    def seat_of(self, token: str) -> str | None:
        """The seat that a token opens."""
        for seat, player in self.players.items():
            if secrets.compare_digest(player.token.encode(), token.encode("utf-8", "replace")):
                return seat
        return None

    def take(self, seat: str) -> None:
        """Put a seat into a player's hands, from the next choice it has. Raises GameError.

        Before the game has begun nobody has moved, whatever seats are held.
        """
        held = games.take(self.game, seat)
        self.game = held if self.begun else games.Game(held.start, held.seed, held.seats)

    def sit(self, seat: str, player: Player) -> None:
        """Give a seat to a player; of one who had it the record stays."""
        self.rise(seat)
        player.since = len(self.game.made(seat))
        self.players[seat] = player

    def rise(self, seat: str) -> None:
        """Take a player from a seat; prediction and choices stay on record."""
        player = self.players.pop(seat, None)
        if player is not None:
            player.until = len(self.game.made(seat))
            self.left.append((seat, player))

    def welcome_back(self, seat: str) -> None:
        """Give the player of a seat the record back that the same student left there."""
        player = self.players[seat]
        for one, gone in self.left:
            if (one, gone.name, gone.browser) == (seat, player.name, player.browser):
                self.left.remove((one, gone))
                player.said, player.said_at, player.since = gone.said, gone.said_at, gone.since
                return

    def stop_if_all_agree(self) -> None:
        """End the game where everyone who still decides wants to end it."""
        self.stopped |= bool(self.deciding) and all(player.ends for player in self.deciding)


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
