"""What a class has done, over all rooms: predictions beside history, and a file to keep."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from statistics import fmean

from alignsim.app import debrief, forecasting
from alignsim.app import game as games
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game
from alignsim.app.room import Room
from alignsim.decision import JOINED
from alignsim.scenario import options

COLUMNS = ("room", "scenario", "seed", "seat", "name", "kind", "date", "about", "value", "again")
"""Columns of the file: one prediction or choice a row; ``again`` is "yes" for a prediction by a
student who had predicted the scenario before, which counts in no mean."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet would take for a formula."""


@dataclass(frozen=True)
class Said:
    """One player's prediction, and when it was made.

    ``again`` says that the same student predicted this scenario before: a later prediction may know
    how it ended, and counts in no mean.
    """

    room: str
    seat: str
    name: str
    said: Prediction
    browser: str = ""
    at: float = 0.0
    again: bool = False

    def same_student(self, other: "Said") -> bool:
        """Whether both are by one student, as far as browser, name and seat can tell."""
        same_name = self.name.casefold() == other.name.casefold()
        if self.browser and other.browser:
            return self.browser == other.browser and (same_name or not self.name or not other.name)
        if self.name and same_name:
            return True
        return same_name and (self.room, self.seat) == (other.room, other.seat)


@dataclass(frozen=True)
class Sheet:
    """All predictions for one scenario, earliest first, and what they are held against.

    ``history`` holds the documented final level of each ally; None for a what-if. ``model`` holds
    the share of the model's runs that joined.
    """

    start: str
    entries: tuple[Said, ...]
    history: tuple[int, ...] | None
    model: tuple[float, ...]

    @property
    def counted(self) -> list[Prediction]:
        """The predictions that count: the first of each student."""
        return [entry.said for entry in self.entries if not entry.again]

    @property
    def chances(self) -> list[float]:
        """Mean probability of each ally, per cent; every student counts once."""
        return [fmean(column) for column in zip(*(e.chances for e in self.counted), strict=True)]

    @property
    def levels(self) -> list[float]:
        """Mean level of each ally; every student counts once."""
        return [fmean(column) for column in zip(*(e.levels for e in self.counted), strict=True)]

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
    """A sheet for each scenario that somebody predicted, those who left their seats included."""
    return [_sheet(Game(start), found) for start, found in predictions(rooms).items()]


def predictions(rooms: Iterable[Room]) -> dict[str, tuple[Said, ...]]:
    """All predictions by scenario, earliest first."""
    entries: dict[str, list[Said]] = {}
    for room in rooms:
        for seat, player in room.people:
            if player.said is not None:
                entry = Said(
                    room.code, seat, player.name, player.said, player.browser, player.said_at
                )
                entries.setdefault(room.game.start, []).append(entry)
    return {start: _in_order(found) for start, found in entries.items()}


def _in_order(entries: Sequence[Said]) -> tuple[Said, ...]:
    """Predictions as they were made; those of a student who had predicted before are marked."""
    found: list[Said] = []
    for entry in sorted(entries, key=lambda one: one.at):
        again = any(entry.same_student(other) for other in found)
        found.append(replace(entry, again=again))
    return tuple(found)


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
    """Every prediction and every choice of a player, one a row, whether or not they have left."""
    rooms = list(rooms)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    found = predictions(rooms)
    for room in rooms:
        for seat in games.seats(room.game.scenario):
            said = [
                e for e in found.get(room.game.start, ()) if (e.room, e.seat) == (room.code, seat)
            ]
            for row in (*_said_rows(room, seat, said), *_choice_rows(room, seat)):
                writer.writerow([_harmless(str(cell)) for cell in row])
    return out.getvalue()


def _said_rows(room: Room, seat: str, said: Sequence[Said]) -> Iterator[list[object]]:
    scenario = room.game.scenario
    date = scenario.calendar.dates[-1]
    for entry in said:
        head = [room.code, room.game.start, room.game.seed, seat, entry.name]
        again = "yes" if entry.again else ""
        for ally, chance, level in zip(
            scenario.allies, entry.said.chances, entry.said.levels, strict=True
        ):
            yield [*head, "predicted per cent", date, ally, chance, again]
            yield [*head, "predicted level", date, ally, level, again]


def _choice_rows(room: Room, seat: str) -> Iterator[list[object]]:
    game, scenario = room.game, room.game.scenario
    sat = [player for one, player in room.people if one == seat]
    for step, move in enumerate(game.made(seat)):
        name = next((player.name for player in sat if player.decided(step)), "")
        head = [room.code, game.start, game.seed, seat, name]
        for key, option in zip(games.keys(scenario, seat), move or (), strict=False):
            chosen = options(scenario, seat, key[1])[option]
            yield [*head, key[1], scenario.calendar.dates[step], key[2] or "", chosen, ""]


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
