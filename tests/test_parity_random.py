"""The compiled engine and the Mesa model agree exactly, on 2,000 random cases.

A case is one scenario, one weight set, one seed and one run, all made from the case's number:
1 to 40 allies, 1 to 60 steps, any inputs, dated changes, blocs, clubs, unions and fixed decisions,
months or quarters, weights up to the greatest that a file may hold. Every decision of every agent
must be equal, and pressure and misalignment of every step equal to the bit.

``ALIGNSIM_PARITY_CASES=20000 python -m pytest tests/test_parity_random.py`` plays more cases, or
fewer. With the compiler off 200 are played unless the variable says otherwise; the engine then
does in plain Python what it does compiled.
"""

import os
import random
from typing import NamedTuple

import numba
import numpy as np
import pytest

from alignsim import checks, ensemble, timeline
from alignsim.documents import Document
from alignsim.kernel import Outcome
from alignsim.scenario import Scenario
from alignsim.weights import MAX_NUMBER, MAX_RATE, PRECISIONS, RATES, TERMS, Parameters
from tests.strategies import MOST_WEIGHT, differences, random_parameters, random_scenario

COMPILED = not numba.config.DISABLE_JIT
CASES = int(os.environ.get("ALIGNSIM_PARITY_CASES") or (2000 if COMPILED else 200))
BLOCK = 100
"""Cases a test: few enough that a failure is told soon."""

MOST_ALLIES = 40
MOST_STEPS = 60
EXTREMES = ((MOST_ALLIES, MOST_STEPS), (1, 1), (MOST_ALLIES, 1), (1, MOST_STEPS))
"""Sizes of the first cases."""


class Case(NamedTuple):
    """All that both engines are given."""

    scenario: Scenario
    parameters: Parameters
    seed: int
    run: int


def size(rng: random.Random) -> tuple[int, int]:
    """Allies and steps: mostly few, since time goes with their product, but now and then many."""
    allies = rng.randint(1, MOST_ALLIES if rng.random() < 0.2 else 6)
    steps = rng.randint(1, MOST_STEPS if rng.random() < 0.2 else 10)
    return allies, steps


def size_of(number: int) -> tuple[int, int]:
    """Allies and steps of a case."""
    return EXTREMES[number] if number < len(EXTREMES) else size(random.Random(number))


def case(number: int) -> Case:
    """The case of a number; the same on every machine."""
    allies, steps = size_of(number)
    rng = random.Random(f"case {number}")
    return Case(
        random_scenario(rng, allies, steps),
        random_parameters(rng),
        rng.choice((rng.getrandbits(64), rng.getrandbits(32), 2**64 - 1, 0)),
        rng.choice((rng.getrandbits(32), rng.randint(0, 100), 2**32 - 1, 0)),
    )


def played(made: Case) -> ensemble.Ensemble:
    """The one run of a case, by the compiled engine."""
    return ensemble.free_runs(made.scenario, made.parameters, 1, made.seed, made.run)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, CASES, BLOCK))
def test_the_engines_agree_on_random_cases(first):
    found = {}
    for number in range(first, min(first + BLOCK, CASES)):
        made = case(number)
        if wrong := differences(played(made), made.run):
            found[number] = wrong[:3]
    assert found == {}


# --- negative control: one difference anywhere would be seen ----------------------------------

OPTIONS = {"leader_level": 6, "leader_stance": 3, "target_stance": 3, "level": 6, "engagement": 3}


@pytest.mark.parametrize("number", range(4, 14))
@pytest.mark.parametrize("name", Outcome._fields)
def test_one_difference_in_one_place_is_seen(name, number):
    made = case(number)
    runs = played(made)
    values = getattr(runs.outcome, name)
    place = np.unravel_index(random.Random(number).randrange(values.size), values.shape)
    if name in OPTIONS:
        values[place] = (values[place] + 1) % OPTIONS[name]
    else:
        values[place] = np.nextafter(values[place], 2.0)  # the last bit
    assert len(differences(runs, made.run)) == 1


# --- what the cases are ---------------------------------------------------------------------


def test_every_number_of_allies_and_of_steps_is_among_2000_cases():
    sizes = [size_of(number) for number in range(2000)]
    assert {allies for allies, _ in sizes} == set(range(1, MOST_ALLIES + 1))
    assert {steps for _, steps in sizes} == set(range(1, MOST_STEPS + 1))
    assert set(EXTREMES) <= set(sizes[:BLOCK])


def test_no_two_cases_are_the_same():
    made = [case(number) for number in range(20)]
    for differing in (
        [each.scenario.digest for each in made],
        [each.parameters for each in made],
    ):
        assert len(set(differing)) == len(made)
    assert case(7) == made[7]


def test_cases_are_what_a_file_may_hold():
    for number in range(4, 24):
        made = case(number)
        data = made.scenario.model_dump(mode="json", by_alias=True)
        assert checks.episode(Document("random.yaml", data)) == made.scenario
        given, dynamics = made.parameters.weights._asdict(), made.parameters.dynamics
        assert all(0.0 <= given[term] <= MOST_WEIGHT for term in TERMS)
        assert all(0.0 < given[f"precision_{kind}"] <= MAX_NUMBER for kind in PRECISIONS)
        assert 0.0 <= dynamics.persistence < 1.0
        assert 0.0 <= dynamics.attention <= MAX_NUMBER
        assert 0.0 <= dynamics.abstention_premium <= MAX_NUMBER
        assert all(0.0 <= getattr(dynamics, name) <= MAX_RATE for name in RATES)


def test_the_cases_differ_in_all_that_a_scenario_may_hold():
    made = [case(number) for number in range(4, 104)]
    lines = [timeline.build(each.scenario) for each in made]
    assert {each.scenario.calendar.months for each in made} == {1, 3}
    assert {len(each.scenario.blocs) for each in made} == {0, 1, 2, 3}
    assert {len(each.scenario.clubs) for each in made} == {0, 1, 2, 3, 4}
    # allies in no club, in one and in several
    assert {int((row > 0.0).sum()) for line in lines for row in line.looks_to[:, :-1]} >= {0, 1, 2}
    _unions_differ([each.scenario for each in made], lines)
    for name in ("leader_level", "leader_stance", "target_stance", "level", "engagement"):
        fixed = {option for line in lines for option in getattr(line, f"fixed_{name}").flat}
        assert fixed == {-1, *range(OPTIONS[name])}
    for name in ("allies", "leader", "world", "bloc_levels", "bloc_shares"):
        assert any(len(np.unique(getattr(line, name), axis=0)) > 2 for line in lines), name
    assert any(0.0 in each.parameters.weights for each in made)
    assert any(MOST_WEIGHT in each.parameters.weights for each in made)
    attentions = [each.parameters.dynamics.attention for each in made]
    assert {0.0, MAX_NUMBER} <= set(attentions)
    assert sum(0.0 < attention <= 10.0 for attention in attentions) > 20
    assert max(each.seed for each in made) > 2**63
    assert max(each.run for each in made) == 2**32 - 1


def _unions_differ(scenarios, lines):
    unions = [union for scenario in scenarios for union in scenario.unions.values()]
    assert {len(scenario.unions) for scenario in scenarios} == {0, 1, 2}
    assert {union.rule for union in unions} == {"mean", "capability"}
    assert {len(union.associates) for union in unions} >= {0, 1, 3}
    assert any(
        scenario.unions.keys() & club.members
        for scenario in scenarios
        for club in scenario.clubs.values()
    )
    # steps at which some of a union's members break ranks, or all of them
    apart = {
        (bool(free.any()), bool(free.all()))
        for line in lines
        for number in set(line.union.tolist()) - {-1}
        for free in line.fixed_level[:, line.union == number] < 0
    }
    assert apart == {(True, True), (True, False), (False, False)}


@pytest.mark.slow
def test_there_is_something_to_agree_on():
    """Most cases leave choices open, and every option of every decision is taken in some."""
    taken = {name: set() for name in OPTIONS}
    open_ = 0
    for number in range(4, 54):
        made = case(number)
        first = played(made)
        other = played(made._replace(seed=made.seed ^ 1))
        for name, options in taken.items():
            options |= set(getattr(first.outcome, name).flat)
        open_ += any(
            not np.array_equal(getattr(first.outcome, name), getattr(other.outcome, name))
            for name in OPTIONS
        )
    assert taken == {name: set(range(count)) for name, count in OPTIONS.items()}
    assert open_ >= 35
