"""What several test files share: contracts of functions, scenarios made in code, random inputs.

A :class:`Contract` states what a function of the theory promises. The ``CHECKS`` hold a function
to it, on a grid that includes the corners of its domain and on drawn arguments.
"""

import functools
import inspect
import itertools
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import mesa
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alignsim import evidence, inputs, reading
from alignsim.decision import PRECISIONS, Weights
from alignsim.ensemble import Ensemble
from alignsim.inputs import Input
from alignsim.model import AlignmentModel
from alignsim.scenario import (
    Bloc,
    Calendar,
    Change,
    Club,
    Fixed,
    Quantity,
    Scenario,
    Table,
    Union,
    options,
)
from alignsim.situation import Dynamics
from alignsim.weights import MAX_NUMBER, MAX_RATE, TERMS, Parameters

EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
TINY = 1e-12
"""Rounding error allowed between two ways of writing the same sum."""


def examples(count: int, shrink: bool = True) -> Any:
    """Settings of a property test: the same examples at every call, however long they take.

    Without ``shrink`` the first failing example is told as it is: for tests that take so long
    that minutes would pass in search of a simpler one. The profile may leave that out for all.
    """
    shrinks = shrink and Phase.shrink in settings.default.phases
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        suppress_health_check=slow,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrinks else [])],
    )


unit = st.floats(0.0, 1.0)
seeds = st.one_of(
    st.just(0), st.sampled_from([1, 2**32 - 1, 2**32, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1)
)


# --- contracts ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Argument:
    """Range of an argument, and which way the result goes as it grows.

    ``+`` never down and sometimes up, ``-`` the reverse, ``~`` up for some values of the other
    arguments and down for others.
    """

    low: float
    high: float
    direction: str
    whole: bool = False


@dataclass(frozen=True)
class Contract:
    """What a function promises.

    ``bounds`` are the least and the greatest result, both attained (None: no such bound), for the
    arguments given; ``stated`` is how the docstring puts them. ``points`` are worked by hand.
    ``possible`` says which arguments go together, and ``drawn`` how to draw such.
    """

    function: Callable[..., float]
    stated: str
    bounds: Callable[[dict[str, float]], tuple[float, float | None]]
    arguments: dict[str, Argument]
    points: tuple[tuple[tuple[float, ...], float], ...]
    possible: Callable[[dict[str, float]], bool] = lambda _: True
    drawn: st.SearchStrategy[dict[str, float]] | None = None
    module: ModuleType | None = None

    @property
    def name(self) -> str:
        return self.function.__name__

    def __call__(self, arguments: Mapping[str, float]) -> float:
        return self.function(**arguments)


def between(low: float, high: float) -> Callable[[dict[str, float]], tuple[float, float]]:
    """Bounds that do not depend on the arguments."""
    return lambda _: (low, high)


def public_functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Functions that a module defines and offers."""
    return {
        name: item
        for name, item in inspect.getmembers(module, inspect.isfunction)
        if item.__module__ == module.__name__ and not name.startswith("_")
    }


def unlisted(module: ModuleType, table: tuple[Contract, ...]) -> set[str]:
    """Public functions of a module without a contract."""
    return set(public_functions(module)) - {contract.name for contract in table}


def _values(argument: Argument, count: int) -> list[float]:
    """Evenly spread values of an argument, both ends included."""
    span = argument.high - argument.low
    values = [argument.low + span * index / (count - 1) for index in range(count)]
    return sorted({float(round(value)) for value in values}) if argument.whole else values


def grid(contract: Contract) -> Iterator[dict[str, float]]:
    """Possible arguments on a grid that includes the corners."""
    count = 5 if len(contract.arguments) < 5 else 3
    columns = [_values(argument, count) for argument in contract.arguments.values()]
    for values in itertools.product(*columns):
        arguments = dict(zip(contract.arguments, values, strict=True))
        if contract.possible(arguments):
            yield arguments


def _drawn(argument: Argument) -> st.SearchStrategy[float]:
    if argument.whole:
        return st.integers(int(argument.low), int(argument.high)).map(float)
    return st.floats(argument.low, argument.high)


def _arguments(contract: Contract) -> st.SearchStrategy[dict[str, float]]:
    if contract.drawn is not None:
        return contract.drawn
    return st.fixed_dictionaries({n: _drawn(a) for n, a in contract.arguments.items()})


def documented(contract: Contract) -> None:
    """The docstring cites claims that exist and states the bounds; the table has every argument."""
    text = inspect.getdoc(contract.function) or ""
    claims = re.findall(r"\b[A-Z]\d\d-\d+\b", text)
    assert claims, f"{contract.name} cites no claim"
    unknown = set(claims) - set(evidence.load().claims)
    assert not unknown, f"{contract.name} cites {unknown}"
    where = text if contract.module is None else inspect.getdoc(contract.module) or ""
    assert contract.stated in " ".join(where.split()), f"{contract.name}: {contract.stated}"
    assert list(inspect.signature(contract.function).parameters) == list(contract.arguments)


def right_at_worked_points(contract: Contract) -> None:
    """Values worked by hand come out."""
    assert len({expected for _, expected in contract.points}) >= 2, "points must tell apart"
    for values, expected in contract.points:
        assert math.isclose(contract.function(*values), expected, rel_tol=1e-9, abs_tol=TINY), (
            f"{contract.name}{values} is {contract.function(*values)}, not {expected}"
        )


def within_bounds(contract: Contract) -> None:
    """The result is a finite number between the bounds."""

    def inside(arguments: dict[str, float]) -> None:
        low, high = contract.bounds(arguments)
        result = contract(arguments)
        assert math.isfinite(result)
        assert result >= low - TINY, f"{contract.name}: {arguments}: {result} < {low}"
        assert high is None or result <= high + TINY, f"{contract.name}: {arguments}: {result}"

    for arguments in grid(contract):
        inside(arguments)
    examples(100)(given(_arguments(contract))(inside))()


def reaches_bounds(contract: Contract) -> None:
    """Both bounds are attained: they are no wider than they must be."""
    slack_low, slack_high = math.inf, math.inf
    for arguments in grid(contract):
        low, high = contract.bounds(arguments)
        slack_low = min(slack_low, contract(arguments) - low)
        slack_high = min(slack_high, 0.0 if high is None else high - contract(arguments))
    assert slack_low <= TINY, f"{contract.name} stays {slack_low} above its lower bound"
    assert slack_high <= TINY, f"{contract.name} stays {slack_high} below its upper bound"


def monotone(contract: Contract) -> None:
    """Each argument moves the result the way the table says, and none is idle."""
    changes: dict[str, set[str]] = {name: set() for name in contract.arguments}

    def move(arguments: dict[str, float], name: str, other: float) -> None:
        moved = {**arguments, name: other}
        if other <= arguments[name] or not contract.possible(moved):
            return
        gain = contract(moved) - contract(arguments)
        direction = contract.arguments[name].direction
        assert direction in ("+", "~") or gain <= TINY, f"{contract.name}: {name} up: {arguments}"
        assert direction in ("-", "~") or gain >= -TINY, (
            f"{contract.name}: {name} down: {arguments}"
        )
        if abs(gain) > TINY:
            changes[name].add("+" if gain > 0.0 else "-")

    for arguments in grid(contract):
        count = 5 if len(contract.arguments) < 5 else 3
        for name, argument in contract.arguments.items():
            for other in _values(argument, count):
                move(arguments, name, other)
    for name, argument in contract.arguments.items():
        expected = {"+", "-"} if argument.direction == "~" else {argument.direction}
        assert changes[name] == expected, f"{contract.name}: {name} goes {changes[name] or 'idle'}"

    @examples(100)
    @given(_arguments(contract), st.sampled_from(sorted(contract.arguments)), st.data())
    def anywhere(arguments: dict[str, float], name: str, data: st.DataObject) -> None:
        move(arguments, name, data.draw(_drawn(contract.arguments[name])))

    anywhere()


CHECKS = (documented, right_at_worked_points, within_bounds, reaches_bounds, monotone)


# --- scenarios ----------------------------------------------------------------------------

Setting = float | tuple[float, dict[str, float]]
"""A value throughout, or a first value and dated changes."""


def quantity(name: str, setting: Setting) -> Quantity:
    """A quantity of the input table by name."""
    value, changes = setting if isinstance(setting, tuple) else (setting, {})
    return Quantity(
        value=value,
        range=(value, value),
        unit=_input(name).unit,
        source=("design",),
        changes=tuple(
            Change(date=date, value=after, range=(after, after), source=("design",))
            for date, after in changes.items()
        ),
    )


def _input(name: str) -> Input:
    for table in (inputs.ALLY, inputs.LEADER, inputs.TARGET, inputs.WORLD, inputs.BLOC):
        if name in table:
            return table[name]
    raise KeyError(name)


def changed(scenario: Scenario, **settings: Setting) -> Scenario:
    """The scenario with quantities set: ``world__severity=0.5``, ``JPN__norms_emphasis=1.0``."""
    world, states, blocs = dict(scenario.world), dict(scenario.states), dict(scenario.blocs)
    for path, setting in settings.items():
        owner, name = path.split("__")
        new = quantity(name, setting)
        if owner == "world":
            assert name in world
            world[name] = new
        elif owner in blocs:
            blocs[owner] = blocs[owner].model_copy(update={name: new})
        else:
            assert name in states[owner]
            states[owner] = Table({**states[owner], name: new})
    return scenario.model_copy(
        update={"world": Table(world), "states": Table(states), "blocs": Table(blocs)}
    )


def decided(
    scenario: Scenario,
    state: str,
    decision: str,
    by_month: Mapping[str, int | str],
    toward: Any = None,
) -> Scenario:
    """The scenario with a state's decision fixed month by month; a month may be ``from..to``."""
    entries = []
    for months, option in by_month.items():
        start, _, end = months.partition("..")
        entries.append(
            Fixed.model_validate(
                {
                    "state": state,
                    "decision": decision,
                    "toward": toward,
                    "from": start,
                    "to": end or start,
                    "option": option,
                    "source": ["design"],
                }
            )
        )
    return scenario.model_copy(update={"fixed": (*scenario.fixed, *entries)})


def with_clubs(scenario: Scenario, *circles: tuple[str, ...]) -> Scenario:
    """The scenario with these clubs and no others."""
    clubs = {
        f"C{index:02d}": Club(members=members, source=("design",))
        for index, members in enumerate(circles)
    }
    return scenario.model_copy(update={"clubs": Table(clubs)})


def with_union(
    scenario: Scenario,
    code: str,
    members: Sequence[str],
    rule: str = "mean",
    associates: Sequence[str] = (),
) -> Scenario:
    """The scenario with one union more; its clubs are to name it, not its members."""
    union = Union.model_validate(
        {
            "name": code,
            "members": tuple(members),
            "rule": rule,
            "associates": tuple(associates),
            "source": ("design",),
        }
    )
    return scenario.model_copy(update={"unions": Table({**scenario.unions, code: union})})


def lasting(scenario: Scenario, steps: int) -> Scenario:
    """The scenario cut or stretched to a number of steps."""
    calendar = scenario.calendar.model_copy(update={"steps": steps})
    return scenario.model_copy(update={"calendar": calendar})


def with_allies(scenario: Scenario, count: int) -> Scenario:
    """The scenario with copies of its allies in turn, under new codes, in the same clubs."""
    copies = {
        f"A{index:03d}": scenario.allies[index % len(scenario.allies)] for index in range(count)
    }
    copies_of = {
        member: tuple(code for code, of in copies.items() if of == member)
        for member in scenario.allies
    }
    clubs = {
        name: club.model_copy(
            update={
                "members": tuple(
                    itertools.chain.from_iterable(copies_of.get(m, (m,)) for m in club.members)
                )
            }
        )
        for name, club in scenario.clubs.items()
    }
    others = {code: scenario.states[code] for code in (scenario.leader, scenario.target)}
    states = {**others, **{code: scenario.states[of] for code, of in copies.items()}}
    return scenario.model_copy(
        update={
            "allies": tuple(copies),
            "clubs": Table(clubs),
            "states": Table(states),
            "labels": Table(),
            "fixed": (),
        }
    )


def decisions(model: AlignmentModel, state: str, decision: str, toward: Any = None) -> list[Any]:
    """What a state has decided so far, step by step."""
    wanted = (state, decision, toward)
    return [made for made in model.decisions if (made.state, made.decision, made.toward) == wanted]


def flat_weights(weight: float = 1.0, precision: float = 5.0) -> Weights:
    """Every term weighs the same."""
    return Weights(
        **dict.fromkeys(TERMS, weight),
        **{f"precision_{kind}": precision for kind in PRECISIONS},
    )


def flat(weight: float = 1.0, precision: float = 5.0, **dynamics: float) -> Parameters:
    """Every term weighs the same; dynamics are still unless stated."""
    still = dict.fromkeys(Dynamics._fields, 0.0)
    return Parameters("flat", flat_weights(weight, precision), Dynamics(**{**still, **dynamics}))


# --- random scenarios and weights ----------------------------------------------------------

Choose = Callable[[Sequence[Any]], Any]
"""How a structure is drawn: by hypothesis, which can simplify it, or by a generator, fast."""

BEFORE = 3
"""Months before the start in which an input may already change."""


@functools.cache
def _base() -> Scenario:
    return reading.read("crimea-2014")


def _random_value(rng: random.Random, row: Input, most: float | None) -> float:
    """A value within an input's bounds: one in five at an end of them."""
    place = rng.random()
    high = min(row.high, 3000.0) if row.unit == "km" else row.high
    high = high if most is None else most
    value = row.low if place < 0.1 else high if place < 0.2 else rng.uniform(row.low, high)
    return float(round(value)) if row.whole else value


def _random_date(rng: random.Random, month: str) -> str:
    return month if rng.random() < 0.5 else f"{month}-{rng.randint(1, 28):02d}"


def _random_table(
    rng: random.Random, rows: Mapping[str, Input], months: list[str], share: float = 0.0
) -> Any:
    """Inputs of a state, a bloc or the world; ``share`` is the most it has of Russian trade."""
    table = {}
    for name, row in rows.items():
        most = share if name == "russia_trade_share" else None
        often = len(months) if name == "severity" else 2
        if inputs.of_start(name):  # holds before the start, and cannot change later
            often = 0
        changed_in = {rng.choice(months) for _ in range(often) if rng.random() < 0.2}
        changes = {
            _random_date(rng, month): _random_value(rng, row, most) for month in sorted(changed_in)
        }
        table[name] = quantity(name, (_random_value(rng, row, most), changes))
    return Table(table)


def _random_shares(rng: random.Random, parties: Sequence[str]) -> dict[str, float]:
    """Parts of one whole, some of them large."""
    parts = [rng.expovariate(1.0) ** 2 for _ in parties]
    whole = sum(parts) * (1.0 + 1e-12)
    return {party: part / whole for party, part in zip(parties, parts, strict=True)}


def _random_inputs(
    rng: random.Random, calendar: Calendar, allies: Sequence[str], blocs: Sequence[str]
) -> Scenario:
    """Any inputs within bounds, changing before and during the time, of these states and blocs."""
    first = int(calendar.start[:4]) * 12 + int(calendar.start[5:]) - 1
    months = [
        f"{month // 12:04d}-{month % 12 + 1:02d}"
        for month in range(first - BEFORE, first + calendar.steps * calendar.months)
    ]
    share = _random_shares(rng, ["USA", *allies, *blocs])
    courses = {code: _random_table(rng, inputs.BLOC, months, share[code]) for code in blocs}
    states = {
        "USA": _random_table(rng, inputs.LEADER, months, share["USA"]),
        "RUS": _random_table(rng, inputs.TARGET, months),
        **{code: _random_table(rng, inputs.ALLY, months, share[code]) for code in allies},
    }
    return _base().model_copy(
        update={
            "name": "random",
            "calendar": calendar,
            "allies": tuple(allies),
            "world": _random_table(rng, inputs.WORLD, months),
            "blocs": Table({code: Bloc(name=code, **courses[code]) for code in blocs}),
            "states": Table(states),
            "clubs": Table(),
            "fixed": (),
            "labels": Table(),
        }
    )


def _codes(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{index:02d}" for index in range(count))


def _with_one_fixed(choose: Choose, scenario: Scenario) -> Scenario:
    """The scenario with one decision more that is fixed for some time."""
    state = choose([scenario.leader, scenario.target, *scenario.allies])
    taken = [name for name in ("level", "engagement", "stance") if options(scenario, state, name)]
    decision = choose(taken)
    toward = choose(scenario.allies) if decision == "stance" else None
    option = choose(options(scenario, state, decision))
    ends = scenario.calendar.ends
    first, last = sorted((choose(ends), choose(ends)))
    return decided(scenario, state, decision, {f"{first}..{last}": option}, toward)


def _with_random_unions(rng: random.Random, scenario: Scenario) -> Scenario:
    """The scenario with one or two unions, which its clubs name instead of their members."""
    places = rng.sample(scenario.allies, len(scenario.allies))
    count = 2 if len(places) >= 4 and rng.random() < 0.5 else 1
    size = rng.randint(2, len(places) // count)
    groups = [places[first * size : (first + 1) * size] for first in range(count)]
    outside = places[count * size :]
    union_of = {member: f"U{u:02d}" for u, group in enumerate(groups) for member in group}
    for u, group in enumerate(groups):
        start = scenario.states[group[0]]["initial_level"].value
        scenario = changed(scenario, **{f"{member}__initial_level": start for member in group})
        asked = rng.sample(outside, min(len(outside), rng.choice((0, 0, 1, 3))))
        rule = rng.choice(("mean", "capability"))
        scenario = with_union(scenario, f"U{u:02d}", group, rule, asked)
    circles = [
        tuple(dict.fromkeys(union_of.get(member, member) for member in club.members))
        for club in scenario.clubs.values()
    ]
    return with_clubs(scenario, *(circle for circle in circles if len(circle) > 1))


@st.composite
def scenarios(draw: st.DrawFn, most_allies: int = 8, most_steps: int = 12) -> Scenario:
    """Scenarios with any inputs within bounds, any blocs, clubs and fixed decisions.

    Structure is drawn by hypothesis; the many numbers come from one drawn seed.
    """
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))
    allies = _codes("A", draw(st.integers(1, most_allies)))
    blocs = _codes("B", draw(st.integers(0, 3)))
    calendar = Calendar(
        start="2014-10",
        step=draw(st.sampled_from(["month", "quarter"])),
        steps=draw(st.integers(1, most_steps)),
    )
    parties = ["USA", *allies, *blocs]
    circles = draw(
        st.lists(st.lists(st.sampled_from(parties), min_size=2, unique=True), max_size=3)
    )
    scenario = _random_inputs(rng, calendar, allies, blocs)
    scenario = with_clubs(scenario, *(tuple(circle) for circle in circles))
    for _ in range(draw(st.integers(0, 6))):
        scenario = _with_one_fixed(lambda values: draw(st.sampled_from(values)), scenario)
    return scenario


def random_scenario(rng: random.Random, allies: int, steps: int) -> Scenario:
    """The same from a generator alone: for tests of thousands."""
    step = rng.choice(["month", "quarter"])
    month = rng.choice((1, 4, 7, 10)) if step == "quarter" else rng.randint(1, 12)
    calendar = Calendar(start=f"{rng.randint(1960, 2040)}-{month:02d}", step=step, steps=steps)
    blocs = _codes("B", rng.randint(0, 3))
    scenario = _random_inputs(rng, calendar, _codes("A", allies), blocs)
    parties = ["USA", *scenario.allies, *blocs]
    circles = [
        tuple(rng.sample(parties, rng.randint(2, len(parties)))) for _ in range(rng.randint(0, 4))
    ]
    scenario = with_clubs(scenario, *circles)
    for _ in range(rng.choice((0, rng.randint(1, 6), 2 * allies))):
        scenario = _with_one_fixed(rng.choice, scenario)
    if allies > 1 and rng.random() < 0.4:
        scenario = _with_random_unions(rng, scenario)
    return scenario


MOST_WEIGHT = MAX_NUMBER**2
"""Of a term in total: the greatest weight of a file times the greatest of its group."""


@st.composite
def parameter_sets(draw: st.DrawFn) -> Parameters:
    """Any weights that a file may hold, some of them zero, any precisions and any dynamics."""
    weight = st.one_of(st.just(0.0), st.floats(0.0, 10.0), st.floats(0.0, MOST_WEIGHT))
    precision = st.one_of(st.floats(0.01, 10.0), st.floats(0.0, MAX_NUMBER, exclude_min=True))
    rate = st.floats(0.0, MAX_RATE)
    dynamics = Dynamics(
        persistence=draw(st.floats(0.0, 1.0, exclude_max=True)),
        attention=draw(st.one_of(st.just(0.0), st.floats(0.0, 10.0), st.floats(0.0, MAX_NUMBER))),
        abstention_premium=draw(st.one_of(st.floats(0.0, 2.0), st.floats(0.0, MAX_NUMBER))),
        energy_drift=draw(rate),
        alignment_rise=draw(rate),
        threat_rise=draw(rate),
    )
    return Parameters(
        "random",
        Weights(
            **{term: draw(weight) for term in TERMS},
            **{f"precision_{kind}": draw(precision) for kind in PRECISIONS},
        ),
        dynamics,
    )


def random_parameters(rng: random.Random) -> Parameters:
    """The same from a generator alone: every other set moderate, so that choices are open."""
    if rng.random() < 0.5:
        scale = rng.choice((0.1, 1.0, 3.0))
        weigh = functools.partial(rng.uniform, 0.0, scale)
        precisions = {kind: rng.uniform(0.1, 5.0) for kind in PRECISIONS}
        premium, attention = rng.uniform(0.0, 2.0), rng.choice((0.0, rng.uniform(0.0, 10.0)))
    else:
        order = rng.choice(((-300.0, 8.0), (-3.0, 3.0), (0.0, 1.0)))
        extremes = (0.0, MOST_WEIGHT, 10.0 ** rng.uniform(*order), 10.0 ** rng.uniform(*order))
        weigh = functools.partial(rng.choice, extremes)
        precisions = {kind: 10.0 ** rng.uniform(-6.0, 4.0) for kind in PRECISIONS}
        premium = rng.choice((0.0, MAX_NUMBER, rng.uniform(0.0, 2.0)))
        attention = rng.choice((0.0, MAX_NUMBER, rng.uniform(0.0, 10.0)))
    rates = (0.0, MAX_RATE, rng.uniform(0.0, 1.0))
    return Parameters(
        "random",
        Weights(
            **{term: weigh() for term in TERMS},
            **{f"precision_{kind}": precision for kind, precision in precisions.items()},
        ),
        Dynamics(
            persistence=rng.choice((0.0, 1.0 - 2.0**-53, rng.random(), rng.random())),
            attention=attention,
            abstention_premium=premium,
            energy_drift=rng.choice(rates),
            alignment_rise=rng.choice(rates),
            threat_rise=rng.choice(rates),
        ),
    )


# --- the two engines ------------------------------------------------------------------------


def differences(runs: Ensemble, first: int) -> list[str]:
    """Where the kernel's runs differ from the Mesa model's: in a choice, or in what is recorded.

    ``first`` is the number of the first run. What is recorded agrees to the bit or not at all.
    """
    scenario, outcome = runs.scenario, runs.outcome
    chosen = {key: runs.chosen(key) for key in runs.decisions}
    found = []
    for row in range(runs.runs):
        run = first + row
        model = AlignmentModel(scenario, runs.parameters_of(run), run, runs.seed).run_all()
        # A union's choice is that of its members, which is what the kernel keeps.
        own = [
            made
            for made in model.decisions
            if not {made.state, made.toward} & scenario.unions.keys()
        ]
        assert len(own) == len(chosen) * scenario.calendar.steps
        for made in own:
            other = int(chosen[made.state, made.decision, made.toward][row, made.step])
            if other != made.chosen:
                found.append(f"{made.date} {made.state} {made.decision}: {made.chosen}, {other}")
        for name in ("pressure", "misalignment"):
            recorded = np.array(model.datacollector.model_vars[name])
            if recorded.tobytes() != getattr(outcome, name)[row].tobytes():
                found.append(name)
        # Mesa numbers agents in a table that keeps every model for good: thousands fill the memory
        getattr(mesa.Agent, "_ids", {}).pop(model, None)
    return found
