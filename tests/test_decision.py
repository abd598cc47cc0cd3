"""Choice by quantal response, and the utilities that the terms add up to."""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import decision, terms, weights
from alignsim.decision import (
    ASSURE,
    GROUPS,
    NONE,
    PRECISIONS,
    PRESS,
    AllyView,
    EngagementTerms,
    LeaderStanceTerms,
    LeaderStanceView,
    LeaderTerms,
    LeaderView,
    LevelTerms,
    TargetTerms,
    TargetView,
    Weights,
    probabilities,
    total,
)
from tests.strategies import TINY, examples, flat_weights, unit

utilities = st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=6)
precisions = st.floats(0.01, 50.0)
below_one = st.floats(0.0, 1.0, exclude_max=True)
COERCE, NEUTRAL, COURT = range(3)

ally_views = st.builds(
    AllyView,
    **{
        **dict.fromkeys(AllyView._fields, unit),
        "abstention_premium": st.floats(0.0, 2.0),
        "courting": st.sampled_from([-1.0, 0.0, 1.0]),
    },
)
ONES = flat_weights(1.0)


# --- choice ---------------------------------------------------------------------------------


def choose(values: Sequence[float], precision: float, draw: float) -> int:
    """The option that is chosen; the room for the masses holds rubbish at first."""
    return decision.choose(values, precision, draw, [math.nan] * len(values))


def test_two_options_follow_the_logistic_curve():
    # 1 / (1 + exp(-2 x 0.5)) = 0.731...
    got = probabilities([0.5, 0.0], 2.0)
    assert got == pytest.approx([1.0 / (1.0 + math.exp(-1.0)), 1.0 / (1.0 + math.e)], abs=1e-15)


def test_three_options_by_hand():
    # exp(0), exp(ln 2), exp(ln 5): 1/8, 2/8, 5/8
    got = probabilities([0.0, math.log(2.0), math.log(5.0)], 1.0)
    assert got == pytest.approx([0.125, 0.25, 0.625], abs=1e-15)


@examples(100)
@given(utilities, precisions)
def test_probabilities_are_a_distribution_in_the_order_of_utility(values, precision):
    got = probabilities(values, precision)
    assert sum(got) == pytest.approx(1.0, abs=TINY)
    for (u, p), (v, q) in itertools.combinations(zip(values, got, strict=True), 2):
        assert (p - q) * (u - v) >= 0.0
        if u == v:
            assert p == q


@examples(100)
@given(utilities, precisions, st.floats(-100.0, 100.0))
def test_only_differences_of_utility_count(values, precision, shift):
    shifted = probabilities([value + shift for value in values], precision)
    assert shifted == pytest.approx(probabilities(values, precision), rel=1e-9, abs=TINY)


@examples(100)
@given(utilities, precisions, st.floats(0.1, 10.0))
def test_scaling_utilities_is_scaling_precision(values, precision, scale):
    scaled = probabilities([value * scale for value in values], precision)
    assert scaled == pytest.approx(probabilities(values, precision * scale), rel=1e-9, abs=TINY)


@examples(100)
@given(utilities)
def test_without_precision_every_option_is_as_likely(values):
    got = probabilities(values, 1e-12)
    assert got == pytest.approx([1.0 / len(values)] * len(values), abs=1e-9)


@examples(100)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=6, unique=True), below_one)
def test_with_precision_without_end_the_best_option_is_taken(values, draw):
    best = values.index(max(values))
    assert choose([float(value) for value in values], 1e6, draw) == best
    assert probabilities([float(value) for value in values], 1e6)[best] == 1.0


def test_huge_utilities_do_not_overflow():
    assert probabilities([1e6, 0.0], 1e3) == [1.0, 0.0]
    assert choose([-1e6, 0.0], 1e3, 0.0) == 1


@examples(100)
@given(utilities, precisions)
def test_frequencies_over_a_grid_of_draws_are_the_probabilities(values, precision):
    size = 500
    taken = [choose(values, precision, (index + 0.5) / size) for index in range(size)]
    frequencies = np.bincount(taken, minlength=len(values)) / size
    assert frequencies == pytest.approx(probabilities(values, precision), abs=1.0 / size + TINY)


@examples(100)
@given(utilities, precisions, below_one, below_one)
def test_a_higher_draw_never_takes_a_lower_option(values, precision, one, other):
    low, high = sorted((one, other))
    assert choose(values, precision, low) <= choose(values, precision, high)


def test_the_first_option_whose_cumulative_probability_exceeds_the_draw():
    thirds = [0.0, 0.0, 0.0]
    assert [choose(thirds, 1.0, draw) for draw in (0.0, 0.33, 0.34, 0.66, 0.67)] == [0, 0, 1, 1, 2]
    assert [choose([0.0, 0.0], 1.0, draw) for draw in (0.4999999, 0.5)] == [0, 1]


GREATEST = 1.0 - 2.0**-53
"""The greatest draw there is."""


def test_the_greatest_draw_takes_the_last_option():
    # six sixths add up to no more than this draw; the draw's share of six masses stays below six
    assert not decision.total((1.0 / 6.0,) * 6) > GREATEST
    assert [choose([0.0] * count, 1.0, GREATEST) for count in range(1, 7)] == list(range(6))


def test_a_draw_of_one_would_take_the_last_option():
    assert choose([0.0] * 6, 1.0, 1.0) == 5


def masses_of(values: Sequence[float], precision: float) -> list[float]:
    return [math.exp(precision * (value - max(values))) for value in values]


@examples(300)
@given(
    st.lists(st.one_of(st.floats(-5.0, 5.0), st.floats(-1e6, 1e6)), min_size=1, max_size=6),
    precisions,
    st.one_of(below_one, st.sampled_from([0.0, GREATEST])),
)
def test_no_option_without_mass_is_taken(values, precision, draw):
    assert masses_of(values, precision)[choose(values, precision, draw)] > 0.0


@examples(300)
@given(utilities, precisions, below_one)
def test_the_option_taken_is_where_the_draw_falls_among_exact_sums(values, precision, draw):
    masses = [Fraction(mass) for mass in masses_of(values, precision)]
    bounds = [float(total_ / sum(masses)) for total_ in itertools.accumulate(masses)]
    option = choose(values, precision, draw)
    assert draw <= bounds[option] + TINY
    assert option == 0 or draw >= bounds[option - 1] - TINY


@examples(100)
@given(utilities, precisions, below_one, st.integers(0, 3))
def test_the_masses_are_left_in_their_room_and_nothing_else_is_touched(
    values, precision, draw, spare
):
    given_, room = list(values), [-1.0] * (len(values) + spare)
    option = decision.choose(given_, precision, draw, room)
    assert given_ == values
    assert room == masses_of(values, precision) + [-1.0] * spare
    shares = [mass / sum(room[: len(values)]) for mass in room[: len(values)]]
    assert probabilities(values, precision) == pytest.approx(shares, abs=TINY)
    # the room a decision leaves is as good as new to the next
    assert decision.choose(given_, precision, draw, room) == option


@examples(100)
@given(utilities, precisions, below_one)
def test_choice_is_the_same_on_arrays(values, precision, draw):
    room = np.empty(len(values))
    assert decision.choose(np.array(values), precision, draw, room) == choose(
        values, precision, draw
    )


# --- weights and terms ----------------------------------------------------------------------

RECORDS = (LevelTerms, EngagementTerms, LeaderTerms, LeaderStanceTerms, TargetTerms)


def test_every_term_has_a_weight_and_belongs_to_one_group():
    named = [term for group in GROUPS.values() for term in group]
    assert len(named) == len(set(named))
    precisions_ = tuple(f"precision_{kind}" for kind in PRECISIONS)
    assert set(Weights._fields) == {*named, *precisions_}
    assert set(weights.TERMS) == set(named)
    assert {weights.GROUP_OF[term] for term in named} == set(GROUPS)
    assert all(term in GROUPS[weights.GROUP_OF[term]] for term in named)


def test_every_weight_weighs_a_term_of_some_decision():
    weighed = {term for record in RECORDS for term in record._fields}
    assert weighed == set(weights.TERMS)
    assert all(callable(getattr(terms, term)) for term in weights.TERMS)


def test_the_groups_of_an_ally_are_those_that_an_ally_weighs():
    weighed = {weights.GROUP_OF[term] for term in (*LevelTerms._fields, *EngagementTerms._fields)}
    assert weighed == set(decision.ALLY_GROUPS)


@examples(100)
@given(st.lists(st.floats(-10.0, 10.0), max_size=12))
def test_utility_is_the_sum_of_the_terms_in_their_order(values):
    expected = 0.0
    for value in values:
        expected += value
    assert total(tuple(values)) == expected


def test_utility_adds_from_the_first_term_to_the_last():
    # 1e16 + 1 is lost to rounding; in another order it would not be
    assert total((1e16, 1.0, -1e16)) == 0.0
    assert total((1e16, -1e16, 1.0)) == 1.0


LEADER = LeaderView(0.8, 0.6, 0.7, 0.1, 0.2, 0.1, 0.3, 0.5, 0.2, 0.7)
LEADER_STANCE = LeaderStanceView(0.8, 0.7, 0.6, 0.2, 0.4, 0.3, 0.5)
TARGET = TargetView(0.4, 0.3, 0.5, 0.6, 0.8, 0.4)
ALLY = AllyView(*[0.1 + 0.03 * index for index in range(len(AllyView._fields))])

DECISIONS = {
    "level 2": lambda w: decision.level_terms(w, ALLY, 2),
    "level 5": lambda w: decision.level_terms(w, ALLY, 5),
    "frozen": lambda w: decision.engagement_terms(w, ALLY, 3, 0),
    "expanded": lambda w: decision.engagement_terms(w, ALLY, 3, 2),
    "leader": lambda w: decision.leader_terms(w, LEADER, 5),
    "press": lambda w: decision.leader_stance_terms(w, LEADER_STANCE, PRESS),
    "court": lambda w: decision.target_terms(w, TARGET, COURT),
}


@pytest.mark.parametrize("weigh", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("term", weights.TERMS)
def test_a_weight_multiplies_its_own_term_and_no_other(weigh, term):
    plain, tripled = weigh(ONES)._asdict(), weigh(ONES._replace(**{term: 3.0}))._asdict()
    assert tripled == {
        name: pytest.approx(3.0 * value if name == term else value) for name, value in plain.items()
    }


def test_each_term_counts_in_some_of_these_decisions():
    counting = {
        term
        for weigh in DECISIONS.values()
        for term, value in weigh(ONES)._asdict().items()
        if value
    }
    assert counting == set(weights.TERMS)


@pytest.mark.parametrize("weigh", DECISIONS.values(), ids=DECISIONS)
def test_without_weights_nothing_counts(weigh):
    assert total(weigh(flat_weights(0.0))) == 0.0


def test_the_terms_of_a_level_by_hand():
    view = AllyView(
        dependence=0.8,
        membership=0.5,
        independence=0.2,
        exposure=0.4,
        replaceable=0.25,
        price_advantage=0.1,
        diversification_need=0.5,
        severity=0.5,
        alignment=0.25,
        threat_china=0.8,
        threat_russia=0.6,
        threat_north_korea=0.5,
        hoped_return=0.4,
        role_in_talks=0.3,
        norms=0.5,
        trade=0.4,
        aims=0.2,
        abstention_premium=1.0,
        pressure=1.0,
        leader=1.0,
        coalition=0.9,
        courting=0.0,
        level_before=0.2,
        engagement_before=1.0,
        resistance=0.5,
    )
    assert decision.level_terms(ONES, view, 4) == pytest.approx(
        LevelTerms(
            abandonment=-0.32,  # 0.8 x 2 x (1 - 0.8)
            coalition=-0.05,  # 0.5 (0.9 - 0.8)
            independence=0.04,  # 0.2 x 0.2
            supply_at_risk=-0.0825,  # 0.4 x 0.75 x 1.1 / 4
            diversification=-0.3,  # 0.5 x 0.75 x 0.8
            precedent=0.32,  # 0.5 (0.2 + 0.6) 0.8
            balancing=-0.48,  # 0.75 x 0.8 x 0.8
            peninsula=-0.16,  # (0.5 x 0.5 x 0.4 - 0.3) 0.8
            values=0.2,  # 0.5 x 0.5 x 0.8
            market=-0.6144,  # (0.4 x 1.9 + 0.2) 0.64
            inertia=-0.3,  # 0.8 from 0.2, half open
        )
    )
    assert decision.engagement_terms(ONES, view, 4, 1) == pytest.approx(
        EngagementTerms(
            supply_lost=0.0,
            diversification=0.1875,  # 0.5 x 0.75 x 0.5
            restraint=-0.4,  # 0.8 x 2 x 1 x 0.25
            precedent=-0.2,
            balancing=0.3,
            peninsula=0.1,
            values=-0.125,
            market_courted=0.48,  # (0.4 x 1.9 + 0.2) 0.5
            coherence=-0.2,  # 0.8 x 0.25
            inertia=-0.25,
        )
    )


def test_the_terms_of_the_leaders_level_by_hand():
    view = LeaderView(
        severity=0.8,
        norms=0.5,
        stakes=0.7,
        exposure=0.2,
        replaceable=0.0,
        trade=0.1,
        aims=0.3,
        escalation_risk=0.5,
        level_before=0.4,
        resistance=0.25,
    )
    assert decision.leader_terms(ONES, view, 5) == pytest.approx(
        LeaderTerms(0.56, 0.4, -0.2, -0.4, -0.5, -0.15)
    )


def test_c22_the_terms_of_a_low_level_of_the_leader_by_hand():
    view = LeaderView(
        severity=0.8,
        norms=0.5,
        stakes=0.7,
        exposure=0.2,
        replaceable=0.25,
        trade=0.1,
        aims=0.3,
        escalation_risk=0.5,
        level_before=0.6,
        resistance=0.25,
    )
    assert decision.leader_terms(ONES, view, 2) == pytest.approx(
        LeaderTerms(
            leadership=0.224,  # 0.7 x 0.8 x 0.4
            values=0.16,  # 0.5 x 0.8 x 0.4
            supply_at_risk=0.0,  # none below level 4
            market=-0.064,  # (0.1 + 0.3) 0.16: nobody else's level counts
            escalation=-0.08,  # 0.5 x 0.16
            inertia=-0.05,  # 0.4 from 0.6, a quarter of it
        )
    )
    # 0.2 x 0.75 without a price advantage, a quarter of it at level 4
    assert decision.leader_terms(ONES, view, 4).supply_at_risk == pytest.approx(-0.0375)


@examples(100)
@given(ally_views, st.integers(0, 5), st.integers(0, 2), unit)
def test_a_shock_moves_inertia_and_nothing_else(view, level, engagement, resistance):
    firm, open_ = view._replace(resistance=1.0), view._replace(resistance=resistance)
    for weigh, option in (
        (lambda seen: decision.level_terms(ONES, seen, level), "level_before"),
        (
            lambda seen: decision.engagement_terms(ONES, seen, level, engagement),
            "engagement_before",
        ),
    ):
        before, after = weigh(firm)._asdict(), weigh(open_)._asdict()
        moved = {"level_before": level / 5.0, "engagement_before": engagement / 2.0}[option]
        cost = abs(moved - getattr(view, option))
        assert before.pop("inertia") == pytest.approx(-cost, abs=TINY)
        assert after.pop("inertia") == pytest.approx(-resistance * cost, abs=TINY)
        assert after == before


@examples(100)
@given(st.builds(LeaderView, *[unit] * len(LeaderView._fields)), st.integers(0, 5), unit)
def test_a_shock_moves_the_leaders_inertia_and_nothing_else(view, level, resistance):
    before = decision.leader_terms(ONES, view._replace(resistance=1.0), level)._asdict()
    after = decision.leader_terms(ONES, view._replace(resistance=resistance), level)._asdict()
    firm = before.pop("inertia")
    assert after.pop("inertia") == pytest.approx(resistance * firm, abs=TINY)
    assert after == before


# --- the probability of a record ------------------------------------------------------------


@examples(100)
@given(utilities, precisions, st.data())
def test_a_record_has_the_probability_of_any_of_its_options(values, precision, data):
    low = data.draw(st.integers(0, len(values) - 1))
    high = data.draw(st.integers(low, len(values) - 1))
    got = decision.log_probability(values, precision, low, high)
    shares = probabilities(values, precision)[low : high + 1]
    assert got <= TINY
    if sum(shares) > 1e-290:
        assert got == pytest.approx(math.log(sum(shares)), rel=1e-9, abs=1e-9)


def test_a_record_by_hand():
    # 1/8, 2/8, 5/8 as above
    values = [0.0, math.log(2.0), math.log(5.0)]
    got = [
        decision.log_probability(values, 1.0, low, high) for low, high in ((0, 0), (1, 2), (0, 2))
    ]
    assert got == pytest.approx([math.log(0.125), math.log(0.875), 0.0], abs=1e-15)


def test_what_is_not_documented_is_certain():
    assert decision.log_probability([0.0, 9.0], 2.0, -1, -1) == 0.0


def test_the_most_improbable_record_is_still_finite():
    # a share of exp(-1e6 x 1e3) is no number of the machine; its logarithm is
    assert decision.log_probability([0.0, -1e6, -2e6], 1e3, 1, 2) == pytest.approx(-1e9)


def test_c22_a_record_with_one_improbable_option_is_as_finite():
    # options 0 and 2 are as good, option 1 is out of the question: a half for 0 or 1, and 1 or 2
    values = [0.0, -1e6, 0.0]
    for low, high in ((0, 1), (1, 2)):
        got = decision.log_probability(values, 1e3, low, high)
        assert got == pytest.approx(-math.log(2.0), abs=1e-15)


@pytest.mark.parametrize(
    ("stance", "expected"),
    [
        (NONE, (0.0, 0.0)),
        (PRESS, (0.7 * 0.8 * 0.6 * 0.4, -0.3)),  # by its dependence
        (ASSURE, (0.7 * 0.8 * 0.2 * 0.4, -0.5)),  # by its unreplaced supply
    ],
)
def test_pressing_works_on_dependence_and_assuring_on_supply(stance, expected):
    assert decision.leader_stance_terms(ONES, LEADER_STANCE, stance) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("stance", "expected"),
    [
        (COERCE, (-0.42, 0.0, 0.32)),  # 0.4 x 0.7 x 1.5; 0.8 x 0.4
        (NEUTRAL, (0.0, 0.0, 0.0)),
        (COURT, (0.42, -0.6, -0.32)),
    ],
)
def test_courting_serves_outlets_and_costs_concessions_and_face(stance, expected):
    assert decision.target_terms(ONES, TARGET, stance) == pytest.approx(expected)


@examples(100)
@given(st.builds(LeaderStanceView, *[unit] * 4, st.floats(-1.0, 0.0), *[unit] * 2))
def test_nothing_is_gained_by_moving_an_ally_that_has_caught_up(view):
    for stance in (PRESS, ASSURE):
        assert decision.leader_stance_terms(ONES, view, stance).coalition_gain == 0.0


# --- engagement -----------------------------------------------------------------------------

SHARED = sorted(set(LevelTerms._fields) & set(EngagementTerms._fields) - {"inertia"})


def test_level_and_engagement_share_what_turns_on_the_line_toward_russia():
    assert SHARED == ["balancing", "diversification", "peninsula", "precedent", "values"]


@examples(100)
@given(ally_views, st.integers(0, 5))
def test_what_a_level_costs_engagement_earns(view, level):
    hardest = decision.level_terms(ONES, view, 5)._asdict()
    closest = decision.engagement_terms(ONES, view, level, 2)._asdict()
    assert {term: closest[term] for term in SHARED} == {term: -hardest[term] for term in SHARED}


@examples(100)
@given(ally_views, st.integers(0, 5))
def test_signs_of_engagement(view, level):
    """Energy, balancing and commerce pull engagement up; alliance, norms and level push it down."""
    frozen, maintained, expanded = (
        decision.engagement_terms(ONES, view, level, option) for option in range(3)
    )
    for closer, farther in ((maintained, frozen), (expanded, maintained)):
        assert closer.supply_lost >= farther.supply_lost
        assert closer.diversification >= farther.diversification
        assert closer.balancing >= farther.balancing
        assert closer.market_courted >= farther.market_courted
        assert closer.restraint <= farther.restraint
        assert closer.precedent <= farther.precedent
        assert closer.values <= farther.values
        assert closer.coherence <= farther.coherence
    assert expanded.supply_lost == maintained.supply_lost == 0.0


def pull(view: AllyView, level: int = 3) -> float:
    """What expanding engagement adds to utility over freezing it."""
    frozen, expanded = (
        total(decision.engagement_terms(ONES, view, level, option)) for option in (0, 2)
    )
    return expanded - frozen


DIRECTIONS = {
    "exposure": 1,
    "replaceable": -1,
    "price_advantage": 1,
    "diversification_need": 1,
    "role_in_talks": 1,
    "trade": 1,
    "aims": 1,
    "courting": 1,
    "engagement_before": 1,
    "dependence": -1,
    "pressure": -1,
    "leader": -1,
    "severity": -1,
    "alignment": -1,
    "threat_russia": -1,
    "hoped_return": -1,
    "norms": -1,
}


@examples(300)
@given(ally_views, st.sampled_from(sorted(DIRECTIONS)), st.floats(0.05, 1.0))
def test_what_draws_an_ally_toward_russia_and_what_keeps_it_away(view, name, step):
    moved = view._replace(**{name: getattr(view, name) + step})
    assert DIRECTIONS[name] * (pull(moved) - pull(view)) >= -TINY


@pytest.mark.parametrize("name", sorted(DIRECTIONS))
def test_each_of_them_counts(name):
    moved = ALLY._replace(**{name: getattr(ALLY, name) + 0.1})
    assert DIRECTIONS[name] * (pull(moved) - pull(ALLY)) > 0.001


@examples(100)
@given(ally_views, st.integers(0, 4))
def test_a_harder_level_leaves_less_room_for_engagement(view, level):
    assert pull(view, level + 1) < pull(view, level)


# --- units ----------------------------------------------------------------------------------


def test_options_on_the_unit_scale():
    assert [decision.unit_level(level) for level in range(6)] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert [decision.unit_engagement(degree) for degree in range(3)] == [0.0, 0.5, 1.0]
    assert [decision.courting(stance) for stance in range(3)] == [-1.0, 0.0, 1.0]
    assert decision.TARGET_STANCES == ("coerce", "neutral", "court")
    assert [decision.LEADER_STANCES[stance] for stance in (NONE, PRESS, ASSURE)] == [
        "none",
        "press",
        "assure",
    ]
