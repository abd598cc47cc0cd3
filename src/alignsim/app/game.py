"""A game: a shipped scenario in which people decide for some states, and the model for the rest.

A game is its choices. It is played by running the Mesa model anew with the chosen options fixed, so
that the same seed and choices always give the same game, and everyone else keeps the same luck
whatever the players do. Within a step the leader decides first, then the target, then all allies
together, as in the model: an ally sees what leader and target have just decided, and what the other
allies decided the step before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from alignsim.agents import Decision
from alignsim.app import setting as settings
from alignsim.app import wording
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.history import Key
from alignsim.model import AlignmentModel
from alignsim.scenario import Scenario, options
from alignsim.situation import LEADER_CEILING
from alignsim.timeline import Choices, Timeline

RUN = 0
"""The run that games play; free run 0 of the seed is the model without players."""
KEPT = 256
"""Positions kept: every player of a room asks for the same."""

Move = tuple[int, ...]
"""One option for each decision that a seat takes in a step, in the order of :func:`keys`."""
Moves = tuple[tuple[str, tuple[Move | None, ...]], ...]
"""Moves of each seat, step by step; None where the model decided for it."""


class GameError(ValueError):
    """What is wrong with a choice or with moves, in one sentence for the page."""


@dataclass(frozen=True)
class Game:
    """A start, a seed, the seats that people hold now, and all that was chosen so far."""

    start: str
    seed: int = 0
    seats: tuple[str, ...] = ()
    moves: Moves = ()

    @property
    def setting(self) -> PageSetting:
        """The unchanged setting it is played in."""
        return PageSetting(self.start, self.seed)

    @property
    def scenario(self) -> Scenario:
        """The scenario that is played."""
        return settings.base(self.start).scenario

    @property
    def line(self) -> Timeline:
        """The scenario's arrays, without the players' choices."""
        return settings.base(self.start).line

    def made(self, seat: str) -> tuple[Move | None, ...]:
        """The moves of a seat so far."""
        return dict(self.moves).get(seat, ())


@dataclass(frozen=True)
class Offer:
    """One decision that a seat has to take: its options, and the option of the step before.

    ``settled`` is the option where the scenario sets it, and nobody chooses.
    """

    key: Key
    options: tuple[str, ...]
    before: int | None
    settled: int | None


@dataclass(frozen=True)
class Position:
    """Where a game stands: what was decided, what is seen of this step already, who must choose.

    ``phase`` counts within the step: leader, target, allies. A game that is over has ``step`` equal
    to the number of steps.
    """

    game: Game
    step: int
    phase: int
    waiting: tuple[str, ...]
    past: tuple[Decision, ...]
    visible: tuple[Decision, ...]

    @property
    def over(self) -> bool:
        """Whether every step has been played."""
        return self.step == self.game.scenario.calendar.steps

    @property
    def taken(self) -> dict[tuple[Key, int], int]:
        """Every option that players may know, by decision and step."""
        return {
            ((made.state, made.decision, made.toward), made.step): made.chosen
            for made in (*self.past, *self.visible)
        }

    def before(self, key: Key) -> int | None:
        """The option of the step before; None for a stance at the first step."""
        if self.step:
            return self.taken[key, self.step - 1]
        return initial(self.game, key)

    def offers(self, seat: str) -> list[Offer]:
        """What a seat decides in this step. Raises GameError for a state that is no seat."""
        game = self.game
        return [
            Offer(
                key, _allowed(game, key, self.step), self.before(key), settled(game, key, self.step)
            )
            for key in keys(game.scenario, seat)
        ]


# --- seats and decisions --------------------------------------------------------------------------


def phases(scenario: Scenario) -> tuple[tuple[str, ...], ...]:
    """Who decides when within a step."""
    return (scenario.leader,), (scenario.target,), tuple(scenario.allies)


def seats(scenario: Scenario) -> tuple[str, ...]:
    """States that people can play: allies first, as pages list them."""
    return (*scenario.allies, scenario.leader, scenario.target)


def keys(scenario: Scenario, seat: str) -> list[Key]:
    """Decisions that a seat takes in each step, in the model's order. Raises GameError."""
    stances: list[Key] = [(seat, "stance", ally) for ally in scenario.allies]
    if seat == scenario.leader:
        return [(seat, "level", None), *stances]
    if seat == scenario.target:
        return stances
    if seat in scenario.allies:
        return [(seat, "level", None), (seat, "engagement", None)]
    raise GameError(t("play.faults.no_seat", seat=seat[:9]))


def initial(game: Game, key: Key) -> int | None:
    """The option before the first step; None for a stance."""
    state, decision, _ = key
    if decision == "stance":
        return None
    if state == game.scenario.leader:
        return int(game.line.initial_leader)
    starts = game.line.initial_levels if decision == "level" else game.line.initial_engagements
    return int(starts[game.scenario.allies.index(state)])


def phase_of(scenario: Scenario, seat: str) -> int:
    """The phase of a step in which a seat decides."""
    return next(number for number, group in enumerate(phases(scenario)) if seat in group)


def _allowed(game: Game, key: Key, step: int) -> tuple[str, ...]:
    """Option names of a decision in a step; the leader's levels end at its ceiling."""
    state, decision, _ = key
    names = options(game.scenario, state, decision)
    if state == game.scenario.leader and decision == "level":
        fixed = settled(game, key, step)
        ceiling = int(game.line.leader[step, LEADER_CEILING])
        return names[: max(ceiling, -1 if fixed is None else fixed) + 1]
    return names


def settled(game: Game, key: Key, step: int) -> int | None:
    """The option that the scenario sets, or None where it is chosen."""
    option = int(_column(game.scenario, game.line, key)[step])
    return option if option >= 0 else None


def _column(scenario: Scenario, line: Timeline, key: Key) -> Choices:
    """The fixed options of one decision over the steps; a view into the arrays of ``line``."""
    state, decision, toward = key
    if state == scenario.leader and decision == "level":
        return line.fixed_leader_level
    number = scenario.allies.index(state if toward is None else toward)
    if state == scenario.leader:
        return line.fixed_leader_stance[:, number]
    if state == scenario.target:
        return line.fixed_target_stance[:, number]
    return (line.fixed_level if decision == "level" else line.fixed_engagement)[:, number]


# --- playing --------------------------------------------------------------------------------------


@lru_cache(maxsize=KEPT)
def position(game: Game) -> Position:
    """Play a game up to the first choice that is still missing."""
    scenario = game.scenario
    model = replay(game)
    for step in range(scenario.calendar.steps):
        phase, waiting = _pending(game, step)
        model.step()
        if waiting:
            seen = {state for group in phases(scenario)[:phase] for state in group}
            past = tuple(made for made in model.decisions if made.step < step)
            # The model has played the whole step; what a missing choice may change is not shown.
            now = [made for made in model.decisions if made.step == step and made.state in seen]
            return Position(game, step, phase, waiting, past, tuple(now))
    return Position(game, scenario.calendar.steps, 0, (), tuple(model.decisions), ())


def replay(game: Game) -> AlignmentModel:
    """The Mesa model of a game, before its first step."""
    parameters = settings.base(game.start).parameters
    return AlignmentModel(game.scenario, parameters, RUN, game.seed, _filled(game))


def fresh(setting: PageSetting, seat: str) -> Game:
    """A new game with one player. Raises GameError for a state that is no seat."""
    game = Game(setting.start, setting.seed, (seat,))
    keys(game.scenario, seat)
    return game


def alone(game: Game) -> Game:
    """The same game without players: what the model does with the same luck."""
    return Game(game.start, game.seed)


def _pending(game: Game, step: int) -> tuple[int, tuple[str, ...]]:
    """The first phase of a step that lacks choices, and whose."""
    for number, group in enumerate(phases(game.scenario)):
        waiting = tuple(
            seat
            for seat in group
            if seat in game.seats
            and len(game.made(seat)) <= step
            and any(settled(game, key, step) is None for key in keys(game.scenario, seat))
        )
        if waiting:
            return number, waiting
    return 0, ()


def _filled(game: Game) -> Timeline:
    """The scenario's arrays with the players' choices fixed."""
    line = game.line
    names = [name for name in Timeline._fields if name.startswith("fixed_")]
    copies: dict[str, Any] = {name: np.array(getattr(line, name)) for name in names}
    filled = line._replace(**copies)
    for seat, moves in game.moves:
        for number, key in enumerate(keys(game.scenario, seat)):
            column = _column(game.scenario, filled, key)
            for step, move in enumerate(moves):
                if move is not None:
                    column[step] = move[number]
    return filled


def choose(game: Game, seat: str, step: int, chosen: Mapping[Key, int]) -> Game:
    """The game after a seat has chosen in a step. Raises GameError with one sentence.

    Decisions that the scenario settles need not be chosen.
    """
    now = position(game)
    if now.step != step or seat not in now.waiting:
        raise GameError(t("play.faults.not_now"))
    move = []
    for offer in now.offers(seat):
        option = chosen.get(offer.key) if offer.settled is None else offer.settled
        if option is None:
            raise GameError(
                t("play.faults.choose", decision=wording.decision(game.scenario, offer.key))
            )
        check_option(game, offer.key, step, option)
        move.append(option)
    return with_moves(game, seat, (*padded(game, seat, step), tuple(move)))


def hand(game: Game, seat: str) -> Game:
    """The game with a seat left to the model from now on; its choices so far stand."""
    return replace(game, seats=tuple(one for one in game.seats if one != seat))


def take(game: Game, seat: str) -> Game:
    """The game with a seat in a player's hands from the next choice it has. Raises GameError."""
    keys(game.scenario, seat)
    if seat in game.seats:
        return game
    held = tuple(one for one in seats(game.scenario) if one in (*game.seats, seat))
    return replace(with_moves(game, seat, padded(game, seat, due(game, seat))), seats=held)


def due(game: Game, seat: str) -> int:
    """The first step that a seat can still decide."""
    now = position(game)
    decided = not now.over and phase_of(game.scenario, seat) < now.phase
    return now.step + decided


def padded(game: Game, seat: str, step: int) -> tuple[Move | None, ...]:
    """A seat's moves, with the model's share written down up to a step."""
    made = game.made(seat)
    return (*made, *(None for _ in range(step - len(made))))


def with_moves(game: Game, seat: str, moves: tuple[Move | None, ...]) -> Game:
    """The game with the moves of one seat in place of those it had."""
    known = {**dict(game.moves), seat: moves}
    order = seats(game.scenario)
    return replace(game, moves=tuple((one, known[one]) for one in order if one in known))


def check_option(game: Game, key: Key, step: int, option: int) -> None:
    """Raise GameError for an option that a decision does not have in a step."""
    allowed = _allowed(game, key, step)
    fixed = settled(game, key, step)
    if isinstance(option, bool) or not isinstance(option, int):
        raise GameError(t("play.faults.no_option"))
    if fixed is not None and option != fixed:
        raise GameError(t("play.faults.settled"))
    if not 0 <= option < len(allowed):
        whole = options(game.scenario, key[0], key[1])
        if 0 <= option < len(whole):
            raise GameError(t("play.faults.ceiling", most=len(allowed) - 1))
        raise GameError(t("play.faults.no_option"))
