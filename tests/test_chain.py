"""The exact chain over levels: by hand, by enumeration, and against simulation."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from alignsim import chain, history, kernel, outcomes, reading, timeline, weights
from alignsim.agents import Ally
from alignsim.decision import LEVELS
from alignsim.history import Documented
from alignsim.model import AlignmentModel
from alignsim.outcomes import Outcome
from alignsim.scenario import Club, Table, options
from tests.strategies import changed, decided, flat, lasting, with_allies, with_clubs, with_union

CRIMEA = reading.read("crimea-2014")
NEUTRAL = weights.read("neutral")
AT_REST = {"energy_drift": 0.0, "alignment_rise": 0.0, "threat_rise": 0.0}
MOVING = flat(1.5, 2.0, persistence=0.6, attention=4.0, abstention_premium=1.2)
"""Every term at work, and the past only by what the chain carries."""


def at_rest(parameters):
    """The same without the feedbacks that remember."""
    return parameters._replace(dynamics=parameters.dynamics._replace(**AT_REST))


def weighing(precision=2.0, **terms):
    """These terms alone, all at rest."""
    none = flat(0.0, precision)
    return none._replace(weights=none.weights._replace(**terms))


def course(scenario, state, *values):
    """A documented course of levels, a value a step."""
    dates = scenario.calendar.dates
    return [
        Documented(step, dates[step], state, "level", None, value, value, value, ("design",))
        for step, value in enumerate(values)
    ]


def distributions(parameters, world):
    """Levels of each unit after the last step, (U, 6): plain Python, not compiled."""
    return chain.distributions(parameters.weights, parameters.dynamics, world)


def log_likelihood(parameters, world):
    return chain.log_likelihood(parameters.weights, parameters.dynamics, world)


@pytest.fixture
def ends(monkeypatch):
    """Sets where states ended, by the word of the outcome."""

    def made(**words):
        found = {
            state: Outcome(word, *(outcomes.BOUNDS[word][place] for place in (1, 0, 2)), ())
            for state, word in words.items()
        }
        monkeypatch.setattr(chain.history, "ends", lambda *_: found)

    return made


def few(scenario, *allies):
    """A world of these allies alone, with what is left of its unions and clubs."""
    unions = {
        code: union.model_copy(
            update={
                "members": tuple(m for m in union.members if m in allies),
                "associates": tuple(a for a in union.associates if a in allies),
            }
        )
        for code, union in scenario.unions.items()
    }
    clubs = {
        code: Club(
            members=tuple(m for m in club.members if m in {scenario.leader, *allies, *unions}),
            source=club.source,
        )
        for code, club in scenario.clubs.items()
    }
    states = {s: t for s, t in scenario.states.items() if s in {"USA", "RUS", *allies}}
    return scenario.model_copy(
        update={
            "allies": allies,
            "unions": Table(unions),
            "clubs": Table(clubs),
            "states": Table(states),
        }
    )


WORLD = reading.read("world-2014")
SMALL = few(WORLD, "JPN", "DEU", "NOR", "FRA", "CHE", "IND", "MDA")
UNITS = {
    "JPN": ("JPN",), "EU": ("DEU", "FRA"), "NOR": ("NOR",), "CHE": ("CHE",), "IND": ("IND",),
    "MDA": ("MDA",),
}  # fmt: skip

ALONE = lasting(with_clubs(with_allies(CRIMEA, 1)), 2)
"""Japan under another name and with nobody else, in March and April 2014."""
LED = course(ALONE, "USA", 2, 3)


# --- by hand ----------------------------------------------------------------------------------


def test_without_weights_every_level_is_as_probable():
    world = chain.world(ALONE, records=LED)
    assert_allclose(distributions(weighing(), world), np.full((1, LEVELS), 1 / 6), rtol=1e-12)


def test_under_inertia_alone_it_is_a_power_of_one_matrix():
    # odds of moving by d levels: exp(-precision inertia d / 5)
    levels = np.arange(LEVELS)
    odds = np.exp(-3.0 * 2.5 * np.abs(levels[:, None] - levels) / 5.0)
    move = odds / odds.sum(axis=1, keepdims=True)
    for steps, start in itertools.product((1, 2, 5), (0, 3)):
        scenario = changed(lasting(ALONE, steps), A000__initial_level=float(start))
        world = chain.world(scenario, records=course(scenario, "USA", *[2] * steps))
        expected = np.linalg.matrix_power(move, steps)[start]
        assert_allclose(distributions(weighing(3.0, inertia=2.5), world)[0], expected, rtol=1e-12)


def test_without_inertia_only_the_last_step_counts():
    # values: norms x severity x level / 5, and the leader's stance bears on nothing
    scenario = changed(
        ALONE, A000__norms_emphasis=0.8, world__severity=(0.3, {"2014-04": 0.6}),
        world__initial_severity=0.1,
    )  # fmt: skip
    odds = np.exp(4.0 * 1.5 * 0.8 * 0.6 * np.arange(LEVELS) / 5.0)
    found = distributions(weighing(4.0, values=1.5), chain.world(scenario, records=LED))
    assert_allclose(found[0], odds / odds.sum(), rtol=1e-12)


def test_a_union_weighs_the_mean_of_its_members():
    pair = changed(
        with_union(lasting(with_clubs(with_allies(CRIMEA, 2)), 1), "UNI", ("A000", "A001")),
        A000__norms_emphasis=1.0, A001__norms_emphasis=0.2, world__severity=0.5,
        world__initial_severity=0.5,
    )  # fmt: skip
    odds = np.exp(4.0 * 1.5 * 0.6 * 0.5 * np.arange(LEVELS) / 5.0)
    found = distributions(
        weighing(4.0, values=1.5), chain.world(pair, records=course(pair, "USA", 2))
    )
    assert found.shape == (1, LEVELS)
    assert_allclose(found[0], odds / odds.sum(), rtol=1e-12)


def test_a_union_weighs_its_members_by_capability_where_it_says_so():
    scenario = lasting(with_clubs(with_allies(CRIMEA, 2)), 1)
    pair = changed(
        with_union(scenario, "UNI", ("A000", "A001"), "capability"),
        A000__norms_emphasis=1.0, A001__norms_emphasis=0.2, world__severity=0.5,
        world__initial_severity=0.5, A000__capability=0.03, A001__capability=0.01,
    )  # fmt: skip
    odds = np.exp(4.0 * 1.5 * 0.8 * 0.5 * np.arange(LEVELS) / 5.0)  # (3 x 1 + 0.2) / 4
    found = distributions(
        weighing(4.0, values=1.5), chain.world(pair, records=course(pair, "USA", 2))
    )
    assert_allclose(found[0], odds / odds.sum(), rtol=1e-12)


def test_joined_are_the_levels_from_the_second_on():
    assert chain.joined(np.array([[0.1, 0.2, 0.3, 0.2, 0.15, 0.05]])) == pytest.approx([0.7])


# --- by enumeration ---------------------------------------------------------------------------


def enumerated(scenario, parameters, led):
    """Levels of the only ally after two steps, (6,): every path and stance, as Mesa has it."""
    (ally,) = scenario.allies
    first, last = scenario.calendar.ends
    names = options(scenario, "USA", "stance")
    total = np.zeros(LEVELS)
    for early, between, late in itertools.product(range(3), range(LEVELS), range(3)):
        path = decided(scenario, "USA", "level", {first: led[0], last: led[1]})
        path = decided(path, "USA", "stance", {first: names[early], last: names[late]}, ally)
        path = decided(path, ally, "level", {first: between, last: 0})
        model = AlignmentModel(path, parameters, rng=0).run_all()
        made = {(one.decision, one.step): one.probabilities for one in model.decisions
                if ally in (one.state, one.toward) and one.state != "RUS"}  # fmt: skip
        taken = made["stance", 0][early] * made["level", 0][between] * made["stance", 1][late]
        total += taken * np.array(made["level", 1])
    return total


@pytest.mark.parametrize("parameters", [MOVING, at_rest(NEUTRAL)], ids=["moving", "neutral"])
def test_it_is_the_sum_over_all_paths_and_stances(parameters):
    found = distributions(parameters, chain.world(ALONE, records=LED))
    assert_allclose(found[0], enumerated(ALONE, parameters, (2, 3)), rtol=1e-10)


def test_stances_of_the_leader_bear_on_it():
    """A control: the enumeration would not notice them if they did not."""
    lenient = changed(ALONE, USA__pressing_cost=1.0, USA__assuring_cost=1.0)
    dear = weighing(5.0, abandonment=2.0, coalition_gain=3.0, stance_cost=9.0)
    free = dear._replace(weights=dear.weights._replace(stance_cost=0.0))
    worlds = chain.world(lenient, records=LED)
    assert abs(distributions(dear, worlds) - distributions(free, worlds)).max() > 0.01


# --- what goes in -----------------------------------------------------------------------------


def test_members_of_a_union_are_one_unit_and_all_others_one_each():
    assert chain.units(SMALL) == UNITS
    assert len(chain.units(WORLD)) == 192 - 28 + 1


def test_units_stand_in_the_order_of_their_first_members():
    world = chain.world(SMALL)
    assert world.members.tolist() == [0, 1, 3, 2, 4, 5, 6]
    assert world.starts.tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert world.voices.tolist() == [1.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert world.first.tolist() == [0] * 6


def test_units_start_where_their_members_do():
    later = few(reading.read("world-2022"), *SMALL.allies)
    records = course(later, "USA", *[4] * later.calendar.steps)
    assert chain.world(later, records=records).first.tolist() == [3, 3, 3, 1, 0, 0]


def test_levels_that_count_are_those_that_the_outcome_allows():
    found = dict(zip(UNITS, chain.world(SMALL).ends.tolist(), strict=True))
    assert found == {
        "JPN": [2, 5],
        "EU": [2, 5],
        "NOR": [2, 5],
        "CHE": [1, 3],  # partial: an interval
        "IND": [0, 1],
        "MDA": [0, 3],  # ambiguous: a wider one
    }


def test_units_that_are_left_out_do_not_count():
    world = chain.world(SMALL, without=("EU", "JPN"))
    assert world.ends.tolist() == [[-1, -1], [-1, -1], [2, 5], [1, 3], [0, 1], [0, 3]]


def test_excluded_and_unknown_states_do_not_count(ends):
    ends(JPN="exclude", NOR="no", DEU="yes", FRA="yes", CHE="partial", IND="exclude")
    world = chain.world(SMALL, records=course(SMALL, "USA", *[2] * 10))
    assert world.ends.tolist() == [[-1, -1], [2, 5], [0, 1], [1, 3], [-1, -1], [-1, -1]]


def test_members_of_a_union_that_ended_apart_are_refused(ends):
    ends(DEU="yes", FRA="no")
    with pytest.raises(ValueError, match="EU: members ended apart"):
        chain.world(SMALL, records=course(SMALL, "USA", *[2] * 10))


def test_a_member_that_is_excluded_leaves_the_end_to_the_others(ends):
    ends(DEU="exclude", FRA="yes")
    world = chain.world(SMALL, records=course(SMALL, "USA", *[2] * 10))
    assert world.ends[1].tolist() == [2, 5]


@pytest.mark.parametrize("left", [0, 4, 9])
def test_a_leader_whose_level_is_not_documented_throughout_is_refused(left):
    records = course(SMALL, "USA", *[2] * 10)
    del records[left]
    with pytest.raises(ValueError, match="world-2014: the leader's level is not documented"):
        chain.world(SMALL, records=records)


def test_the_course_of_the_leader_is_as_documented():
    assert chain.world(SMALL).leader.tolist() == [2, 2, 2, 2, 3, 3, 3, 3, 3, 3]


def test_allies_see_of_the_others_what_the_model_shows_them_along_history(monkeypatch):
    seen = np.full((SMALL.calendar.steps, len(SMALL.allies)), np.nan)
    view = Ally.view

    def told(ally):
        found = view(ally)
        seen[ally.model.step_index, ally.position] = found.coalition
        return found

    monkeypatch.setattr(Ally, "view", told)
    levels = [one for one in history.documented(SMALL) if one.decision == "level"]
    AlignmentModel(history.replayed(SMALL, levels), NEUTRAL, rng=0).run_all()
    assert_allclose(chain.world(SMALL).coalition, seen, rtol=1e-12, atol=1e-12)


def test_a_state_without_a_course_has_not_moved():
    moving = course(SMALL, "DEU", *[3] * 10) + course(SMALL, "FRA", *[3] * 10)
    led = course(SMALL, "USA", *[2] * 10)
    seen = chain.world(SMALL, records=led + moving).coalition
    still = chain.world(SMALL, records=led).coalition
    nor = SMALL.allies.index("NOR")
    assert seen[0, nor] == still[0, nor]  # the step before the first: none has moved yet
    assert (seen[1:, nor] > still[1:, nor]).all()
    assert (still[:, nor] == still[0, nor]).all()


# --- what comes out ---------------------------------------------------------------------------


def test_levels_sum_to_one():
    found = distributions(MOVING, chain.world(SMALL))
    assert found.shape == (6, LEVELS)
    assert (found >= 0.0).all()
    assert_allclose(found.sum(axis=1), 1.0, rtol=1e-9)


def test_levels_sum_to_one_however_sharp_the_choices():
    sharp = flat(40.0, 200.0, persistence=0.5, attention=2.0)
    found = distributions(sharp, chain.world(SMALL))
    assert np.isfinite(found).all()
    assert_allclose(found.sum(axis=1), 1.0, rtol=1e-9)


def test_where_odds_underflow_moves_are_weighed_level_by_level():
    """Inertia and values pull apart with a force that no product of odds can hold."""
    scenario = changed(lasting(ALONE, 1), A000__norms_emphasis=1.0, world__severity=1.0,
                       world__initial_severity=1.0)  # fmt: skip
    torn = weighing(100.0, values=60.0, inertia=60.0 + math.log(3.0) / 20.0)
    # a level more is worth 60 / 5 and costs 60 / 5 and ln 3 / 100: odds fall by a third each
    odds = 3.0 ** -np.arange(LEVELS)
    found = distributions(torn, chain.world(scenario, records=course(scenario, "USA", 2)))
    assert_allclose(found[0], odds / odds.sum(), rtol=1e-9)


def test_the_log_likelihood_is_that_of_the_levels_that_each_unit_may_have_come_to():
    world = chain.world(SMALL)
    found = distributions(MOVING, world)
    parts = [row[low : high + 1].sum() for row, (low, high) in zip(found, world.ends, strict=True)]
    assert log_likelihood(MOVING, world) == pytest.approx(sum(map(math.log, parts)), rel=1e-12)


def test_units_that_do_not_count_leave_the_log_likelihood_alone():
    whole = log_likelihood(MOVING, chain.world(SMALL))
    rest = log_likelihood(MOVING, chain.world(SMALL, without=("EU", "MDA")))
    units = list(UNITS)
    two = chain.world(SMALL, without=[one for one in units if one not in ("EU", "MDA")])
    assert whole == pytest.approx(rest + log_likelihood(MOVING, two), rel=1e-12)
    assert log_likelihood(MOVING, chain.world(SMALL, without=units)) == 0.0


def test_an_end_that_cannot_be_has_a_log_likelihood_that_is_finite(ends):
    ends(IND="yes")
    hopeless = weighing(1e4, inertia=1.0)
    found = log_likelihood(hopeless, chain.world(SMALL, records=course(SMALL, "USA", *[0] * 10)))
    assert found == pytest.approx(math.log(chain.FLOOR))


def test_the_order_of_allies_changes_nothing():
    world, found = chain.world(SMALL), {}
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(SMALL.allies).tolist()
        other = few(WORLD, *order)
        one = chain.world(other)
        found[tuple(order)] = log_likelihood(MOVING, one)
        rows = dict(zip(chain.units(other), distributions(MOVING, one), strict=True))
        for unit, row in zip(UNITS, distributions(MOVING, world), strict=True):
            assert_allclose(rows[unit], row, rtol=1e-10)
    assert len(found) == 4
    assert max(found.values()) == pytest.approx(min(found.values()), rel=1e-12)


def test_a_union_of_one_kind_decides_as_each_of_it_would():
    """Two alike in a union are one of them alone, seen from outside and in."""
    alone = lasting(with_clubs(with_allies(CRIMEA, 1)), 3)
    pair = with_union(lasting(with_clubs(with_allies(CRIMEA, 2)), 3), "UNI", ("A000", "A001"))
    pair = changed(pair, **{f"A001__{name}": quantity.value
                            for name, quantity in alone.states["A000"].items()
                            if not quantity.changes})  # fmt: skip
    led = course(pair, "USA", 2, 2, 3)
    # whatever others do
    blind = MOVING._replace(weights=MOVING.weights._replace(coalition=0.0, market=0.0))
    one, two = (distributions(blind, chain.world(s, records=led)) for s in (alone, pair))
    assert_allclose(two, one, rtol=1e-10)


# --- compiled, and against simulation ---------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["neutral", "calibrated", "moving"])
def test_compiled_it_is_the_same(name):
    parameters = MOVING if name == "moving" else weights.read(name)
    world = chain.world(SMALL)
    found = chain.probabilities(parameters.weights, parameters.dynamics, world)
    assert_allclose(found, distributions(parameters, world), rtol=1e-9, atol=1e-12)


RUNS = 20_000


def simulated(line, free, parameters):
    """Shares of levels at the end when only some allies choose, (allies, 6)."""
    fixed = line.fixed_level.copy()
    fixed[:, free] = -1
    own = line._replace(
        fixed_level=fixed,
        # What follows bears on no level while the feedbacks are at rest, and takes time.
        fixed_engagement=np.zeros_like(fixed),
        fixed_target_stance=np.ones_like(fixed),
    )
    out = kernel.simulate(own, parameters.weights, parameters.dynamics, 7, 0, RUNS)
    last = out.level[:, -1, free]
    return np.stack([np.bincount(column, minlength=LEVELS) for column in last.T]) / RUNS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calibrated", "moving"])
def test_it_agrees_with_simulation_along_the_documented_course(name):
    """Each unit chooses alone, and all others do as they did."""
    parameters = MOVING if name == "moving" else at_rest(weights.read(name))
    levels = [one for one in history.documented(WORLD) if one.decision == "level"]
    line = timeline.build(history.replayed(WORLD, levels))
    units = chain.units(WORLD)
    exact = chain.probabilities(parameters.weights, parameters.dynamics, chain.world(WORLD))
    for unit in ("JPN", "CHE", "IND", "TUR", "EU"):
        free = [WORLD.allies.index(member) for member in units[unit]]
        shares = simulated(line, free, parameters)
        assert (shares == shares[0]).all()  # members of a union take one level
        expected = exact[list(units).index(unit)]
        error = np.sqrt(expected * (1.0 - expected) / RUNS)
        assert (abs(shares[0] - expected) <= 4.0 * error + 1.0 / RUNS).all(), unit
