"""After a game: the paths beside one another, what each choice cost, and how predictions fared.

The cost of a choice is what the best option would have been worth in the situation as it was, less
what the chosen one was worth, by the model's own utilities; it looks one step ahead and no further.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from alignsim import history
from alignsim.agents import Decision
from alignsim.app import forecasting
from alignsim.app import game as games
from alignsim.app.forecasting import Span
from alignsim.app.game import Game
from alignsim.decision import JOINED
from alignsim.history import Key
from alignsim.scores import modal

Path = tuple[int | None, ...]
"""An option at each step; None where there is none."""


@dataclass(frozen=True)
class Courses:
    """One decision over the steps: as played, as documented, and as the model forecasts it.

    ``alone`` is the model's own run with the same luck; ``bands`` hold the share of the runs, and
    the lowest and highest option at each step. ``ranges`` are those of the documented coding.
    """

    key: Key
    played: Path
    documented: Path
    likely: Path
    alone: Path
    bands: tuple[Span, ...]
    ranges: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Cost:
    """What one choice of a player cost against the best option, in all and by term.

    A term's share is what the best option has more in it; negative where the choice was ahead.
    ``chance`` is the probability with which the model would have chosen so. ``documented`` is the
    option that history took at that step, where the world has one.
    """

    step: int
    key: Key
    options: tuple[str, ...]
    chosen: int
    best: int
    cost: float
    chance: float
    terms: tuple[tuple[str, float], ...]
    documented: int | None = None

    @property
    def as_history(self) -> bool:
        """Whether history took the same option."""
        return self.documented == self.chosen


@dataclass(frozen=True)
class Prediction:
    """What a player said of each ally before the game, in the scenario's order.

    ``chances`` are per cent for having joined by the end, ``levels`` the levels at the end.
    """

    chances: tuple[int, ...]
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """One ally's prediction beside the model's, and history where the world has one."""

    ally: str
    chance: int
    level: int
    model: float
    joined: bool | None
    documented: int | None

    @property
    def score(self) -> float | None:
        """Brier score of the player: 0 is best, 1 worst."""
        return brier(self.chance / 100.0, self.joined)

    @property
    def model_score(self) -> float | None:
        """Brier score of the model's share of runs."""
        return brier(self.model, self.joined)


def brier(chance: float, happened: bool | None) -> float | None:
    """Squared distance of a probability from what happened; None where nothing did."""
    return None if happened is None else squared(chance, happened)


def squared(chance: float, happened: bool) -> float:
    """The Brier score of one probability."""
    return (chance - float(happened)) ** 2


# --- paths ----------------------------------------------------------------------------------------


def has_history(game: Game) -> bool:
    """Whether the game's world is one that was: an episode, and no what-if."""
    return game.scenario.episode == game.scenario.name


@lru_cache(maxsize=games.KEPT)
def courses(game: Game, key: Key) -> Courses:
    """The courses of one decision."""
    scenario = game.scenario
    forecast = forecasting.forecast(game.setting)
    records = forecast.documented.get(key, []) if has_history(game) else []
    known = {record.step: record.value for record in records}
    chances = forecast.chances(key)
    steps = range(scenario.calendar.steps)
    return Courses(
        key=key,
        played=_path(game, key),
        documented=tuple(known.get(step) for step in steps),
        likely=tuple(int(option) for option in modal(chances)),
        alone=_path(games.alone(game), key),
        bands=forecasting.bands(chances),
        ranges=forecasting.coding_ranges(records),
    )


def _path(game: Game, key: Key) -> Path:
    taken = games.position(game).taken
    return tuple(taken.get((key, step)) for step in range(game.scenario.calendar.steps))


def apart(one: Sequence[int | None], other: Sequence[int | None]) -> list[int]:
    """Steps at which two courses differ; steps that either lacks are left out."""
    pairs = enumerate(zip(one, other, strict=True))
    return [step for step, (a, b) in pairs if a is not None and b is not None and a != b]


def compared(one: Sequence[int | None], other: Sequence[int | None]) -> int:
    """Steps that both courses have."""
    return sum(a is not None and b is not None for a, b in zip(one, other, strict=True))


# --- costs ----------------------------------------------------------------------------------------


@lru_cache(maxsize=games.KEPT)
def costs(game: Game, seat: str) -> tuple[Cost, ...]:
    """What each choice that a player made for a seat cost, in the order of play."""
    own = {step for step, move in enumerate(game.made(seat)) if move is not None}
    settled = {
        (offer_key, step)
        for step in own
        for offer_key in games.keys(game.scenario, seat)
        if games.settled(game, offer_key, step) is not None
    }
    known = _documented(game)
    found = []
    for made in games.position(game).past:
        key = (made.state, made.decision, made.toward)
        if made.state == seat and made.step in own and (key, made.step) not in settled:
            found.append(replace(of_decision(made), documented=known.get((key, made.step))))
    return tuple(found)


def _documented(game: Game) -> dict[tuple[Key, int], int]:
    """What history took, by decision and step; nothing for a what-if."""
    if not has_history(game):
        return {}
    records = history.documented(game.scenario)
    return {
        (key, one.step): one.value for key, own in history.by_key(records).items() for one in own
    }


def of_decision(made: Decision) -> Cost:
    """The cost of a decision as it was made; of equally good options the chosen one is the best."""
    top = max(made.utilities)
    best = made.chosen if made.utilities[made.chosen] == top else int(np.argmax(made.utilities))
    there, here = made.terms[best], made.terms[made.chosen]
    split = [(name, there[name] - here[name]) for name in here]
    return Cost(
        step=made.step,
        key=(made.state, made.decision, made.toward),
        options=made.options,
        chosen=made.chosen,
        best=best,
        cost=top - made.utilities[made.chosen],
        chance=made.probabilities[made.chosen],
        terms=tuple(sorted(split, key=lambda one: -abs(one[1]))),
    )


# --- predictions ----------------------------------------------------------------------------------


def verdicts(game: Game, said: Prediction) -> list[Verdict]:
    """Each ally's prediction beside the model's and, where there is one, history's answer."""
    forecast = forecasting.forecast(game.setting)
    found = []
    for ally, chance, level in zip(game.scenario.allies, said.chances, said.levels, strict=True):
        documented = final_level(game, ally)
        joined = None if documented is None else documented >= JOINED
        found.append(Verdict(ally, chance, level, forecast.joined(ally), joined, documented))
    return found


def final_level(game: Game, ally: str) -> int | None:
    """The documented level at the last step; None for a what-if."""
    if not has_history(game):
        return None
    records = history.by_step(history.documented(game.scenario))
    record = records.get((ally, "level", None, game.scenario.calendar.steps - 1))
    return None if record is None else record.value
