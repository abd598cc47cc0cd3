"""A game's moves as a short text, for addresses, and back again.

``JPN-12.22_KOR-00.m`` says that Tokyo went to level 1, then 2, at engagement 2 both times, and that
the model decided the second step for Seoul. A seat's options of one step stand in the order of
:func:`alignsim.app.game.keys`. Every letter that comes in is checked, and nothing else is taken.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.game import Game, GameError, Move
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t

MAX_TEXT = 3000
"""Letters of the moves in an address."""
BY_MODEL = "m"

_SEAT = re.compile(r"([A-Z][A-Z0-9]{1,3})-((?:[0-9]+|m)(?:\.(?:[0-9]+|m))*)?", re.ASCII)


def text_of(game: Game, viewer: str | None = None) -> str:
    """The moves as text: those that everyone has seen, and of this step the viewer's own.

    A seat that the model plays now ends in ``m``.
    """
    now, held = games.position(game), (*game.seats, *dict(game.moves))
    parts = []
    for seat in (one for one in games.seats(game.scenario) if one in held):
        if seat in game.seats:
            shown = game.made(seat)[: games.due(game, seat) + (seat == viewer)]
        else:
            shown = games.padded(game, seat, now.step)[: now.step]
        parts.append(f"{seat}-{'.'.join(_digits(move) for move in shown)}")
    return "_".join(parts)


def _digits(move: Move | None) -> str:
    return BY_MODEL if move is None else "".join(str(option) for option in move)


def from_text(start: str, seed: int, text: str, held: Iterable[str] = ()) -> Game:
    """The game of moves written by :func:`text_of`. Raises GameError, SettingError.

    Seats whose moves end in ``m`` are the model's; ``held`` are in players' hands whatever they
    end in.
    """
    settings.checked(PageSetting(start, seed))
    game = Game(start, seed)
    if len(text) > MAX_TEXT:
        raise GameError(t("play.faults.moves"))
    for part in filter(None, text.split("_")):
        found = _SEAT.fullmatch(part)
        if not found or found[1] in dict(game.moves):
            raise GameError(t("play.faults.moves"))
        game = games.with_moves(game, found[1], _read(game, found[1], found[2] or ""))
    wanted = {seat for seat, moves in game.moves if not moves or moves[-1] is not None} | set(held)
    for seat in wanted:
        games.keys(game.scenario, seat)
    kept = tuple(seat for seat in games.seats(game.scenario) if seat in wanted)
    return _in_order(replace(game, seats=kept))


def _read(game: Game, seat: str, text: str) -> tuple[Move | None, ...]:
    """The moves of one seat, each option checked."""
    named = games.keys(game.scenario, seat)
    moves: list[Move | None] = []
    for step, word in enumerate(filter(None, text.split("."))):
        if step >= game.scenario.calendar.steps:
            raise GameError(t("play.faults.moves"))
        if word == BY_MODEL:
            moves.append(None)
            continue
        if len(word) != len(named):
            raise GameError(t("play.faults.moves"))
        for key, digit in zip(named, word, strict=True):
            games.check_option(game, key, step, int(digit))
        moves.append(tuple(int(digit) for digit in word))
    return tuple(moves)


def _in_order(game: Game) -> Game:
    """The game, if no seat in it is further than its turn. Raises GameError."""
    now = games.position(game)
    for seat, moves in game.moves:
        done = games.phase_of(game.scenario, seat) == now.phase and seat not in now.waiting
        if len(moves) > games.due(game, seat) + done:
            raise GameError(t("play.faults.moves"))
    return game
