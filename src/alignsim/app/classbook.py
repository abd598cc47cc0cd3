"""What a class has done, over all rooms: predictions beside history, and a file to keep."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from statistics import fmean

from alignsim.app import debrief, forecasting
from alignsim.app import game as games
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game
from alignsim.app.rooms import Room
from alignsim.decision import JOINED
from alignsim.scenario import options

COLUMNS = ("room", "scenario", "seed", "seat", "name", "kind", "date", "about", "value")
"""Columns of the file: one prediction or choice a row."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet would take for a formula."""


@dataclass(frozen=True)
class Said:
    """One player's prediction."""

    room: str
    seat: str
    name: str
    said: Prediction


@dataclass(frozen=True)
class Sheet:
    """All predictions for one scenario, and what they are held against.

    ``history`` holds the documented final level of each ally; None for a what-if. ``model`` holds
    the share of the model's runs that joined.
    """

    start: str
    entries: tuple[Said, ...]
    history: tuple[int, ...] | None
    model: tuple[float, ...]

    @property
    def chances(self) -> list[float]:
        """Mean probability of each ally, per cent."""
        return [
            fmean(column) for column in zip(*(e.said.chances for e in self.entries), strict=True)
        ]

    @property
    def levels(self) -> list[float]:
        """Mean level of each ally."""
        return [
            fmean(column) for column in zip(*(e.said.levels for e in self.entries), strict=True)
        ]

    def score(self, said: Prediction) -> float | None:
        """Mean Brier score of one prediction over the allies; None for a what-if."""
        return self._score([chance / 100.0 for chance in said.chances])

    @property
    def mean_score(self) -> float | None:
        """Brier score of the class's mean probabilities."""
        return self._score([chance / 100.0 for chance in self.chances])

    @property
    def model_score(self) -> float | None:
        """Brier score of the model's shares of runs."""
        return self._score(self.model)

    def _score(self, chances: Sequence[float]) -> float | None:
        if self.history is None:
            return None
        pairs = zip(chances, self.history, strict=True)
        return fmean(debrief.squared(chance, level >= JOINED) for chance, level in pairs)


def sheets(rooms: Iterable[Room]) -> list[Sheet]:
    """A sheet for each scenario that somebody predicted."""
    entries: dict[str, list[Said]] = {}
    for room in rooms:
        for seat, player in room.players.items():
            if player.said is not None:
                entry = Said(room.code, seat, player.name, player.said)
                entries.setdefault(room.game.start, []).append(entry)
    return [_sheet(Game(start), tuple(found)) for start, found in entries.items()]


def _sheet(game: Game, entries: tuple[Said, ...]) -> Sheet:
    allies = game.scenario.allies
    levels = [debrief.final_level(game, ally) for ally in allies]
    known = tuple(level for level in levels if level is not None)
    forecast = forecasting.forecast(game.setting)
    return Sheet(
        game.start,
        entries,
        known if len(known) == len(allies) else None,
        tuple(forecast.joined(ally) for ally in allies),
    )


# --- the file -------------------------------------------------------------------------------------


def as_csv(rooms: Iterable[Room]) -> str:
    """Every prediction and every choice of a player, one a row."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for room in rooms:
        for seat in games.seats(room.game.scenario):
            for row in _rows(room, seat):
                writer.writerow([_harmless(str(cell)) for cell in row])
    return out.getvalue()


def _rows(room: Room, seat: str) -> Iterator[list[object]]:
    game, player = room.game, room.players.get(seat)
    head = [room.code, game.start, game.seed, seat, player.name if player else ""]
    allies, dates = game.scenario.allies, game.scenario.calendar.dates
    if player is not None and player.said is not None:
        for ally, chance, level in zip(
            allies, player.said.chances, player.said.levels, strict=True
        ):
            yield [*head, "predicted per cent", dates[-1], ally, chance]
            yield [*head, "predicted level", dates[-1], ally, level]
    for step, move in enumerate(game.made(seat)):
        for key, option in zip(games.keys(game.scenario, seat), move or (), strict=False):
            name = options(game.scenario, seat, key[1])[option]
            yield [*head, key[1], dates[step], key[2] or "", name]


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
