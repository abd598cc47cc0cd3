"""Rules without theory: their probabilities by hand, and the records that they are judged by."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import history, likelihood, nested, reading, rules
from alignsim.rules import FOLLOW, KINDS, PERSISTENCE, SEVERITY, SIZES, THRESHOLD_SPREAD, Rule
from tests.strategies import EPISODES, examples

LEVEL, ENGAGEMENT = 6, 3
STEEP = 1.5
"""Spread of the logs of slopes in these tests; their centre is 6."""


def one_row(kind, size, before=0, leader=0, severity=0.5, low=0, high=None):
    """A rule judged by one decision."""
    whole = [np.array([x]) for x in (size, before, leader)]
    ends = [np.array([x]) for x in (low, low if high is None else high)]
    return Rule(kind, math.log(6.0), STEEP, *whole, np.array([severity]), *ends)


def chances(kind, size, normals, **row):
    """Probability of each option."""
    normals = np.array(normals, float)
    return [
        rules.probability(one_row(kind, size, low=option, **row), normals, 0)
        for option in range(size)
    ]


def logit(masses):
    return [mass / sum(masses) for mass in masses]


def slope(normal):
    return math.exp(math.log(6.0) + STEEP * normal)


def sure(cut):
    return 1.0 / (1.0 + math.exp(-cut))


# --- by hand ------------------------------------------------------------------------------------


def test_persistence_falls_with_the_distance_from_what_was():
    found = chances(PERSISTENCE, LEVEL, [0.0, 9.9], before=2)
    assert found == pytest.approx(logit([math.exp(-6.0 * abs(k - 2) / 5.0) for k in range(6)]))
    found = chances(PERSISTENCE, ENGAGEMENT, [9.9, -0.4], before=1)
    assert found == pytest.approx(
        logit([math.exp(-slope(-0.4) * abs(k - 1) / 2) for k in range(3)])
    )
    assert chances(PERSISTENCE, LEVEL, [0.3, 0.1], before=2, leader=5) == chances(
        PERSISTENCE, LEVEL, [0.3, 0.1], before=2, leader=0
    )


def test_following_falls_with_the_distance_from_the_leader_as_well():
    normals = [0.2, 9.9, -0.5]
    found = chances(FOLLOW, LEVEL, normals, before=1, leader=4)
    expected = [
        math.exp(-(slope(0.2) * abs(k - 1) + slope(-0.5) * abs(k - 4)) / 5.0) for k in range(6)
    ]
    assert found == pytest.approx(logit(expected))
    # Where the leader has moved on, following is likelier than without a leader.
    assert found[4] > chances(PERSISTENCE, LEVEL, normals[:2], before=1)[4]


def test_engagement_follows_nobody():
    rows = [chances(FOLLOW, ENGAGEMENT, [0.2, 0.1, 2.0], before=1, leader=k) for k in (0, 5)]
    assert rows[0] == rows[1] == chances(PERSISTENCE, ENGAGEMENT, [0.2, 0.1], before=1)


def test_severity_is_an_ordered_logit():
    normals = np.array([-0.3, 0.1, -0.2, 0.4, 0.0, 0.2, 0.5, -0.6, -0.1])
    steps = np.exp([0.1, -0.2, 0.4, 0.0])
    cuts = -0.3 * THRESHOLD_SPREAD + np.concatenate([[0.0], np.cumsum(steps)])
    below = [0.0, *(sure(cut - slope(0.2) * 0.7) for cut in cuts), 1.0]
    found = chances(SEVERITY, LEVEL, normals, severity=0.7)
    assert found == pytest.approx(np.diff(below), rel=1e-9)
    cuts = 0.5 * THRESHOLD_SPREAD + np.array([0.0, math.exp(-0.6)])
    below = [0.0, *(sure(cut + slope(-0.1) * 0.7) for cut in cuts), 1.0]
    found = chances(SEVERITY, ENGAGEMENT, normals, severity=0.7)
    assert found == pytest.approx(np.diff(below), rel=1e-9)


# --- what all promise ---------------------------------------------------------------------------

points = {
    kind: st.tuples(*(st.floats(-3.0, 3.0) for _ in range(size))).map(np.array)
    for kind, size in SIZES.items()
}
anything = st.sampled_from(sorted(points)).flatmap(
    lambda kind: st.tuples(st.just(kind), points[kind])
)


@examples(200)
@given(
    anything,
    st.sampled_from([LEVEL, ENGAGEMENT]),
    st.integers(0, 2),
    st.integers(0, 5),
    st.floats(0.0, 1.0),
)
def test_options_have_probability_one_together(rule, size, before, leader, severity):
    kind, normals = rule
    row = {"before": before, "leader": leader, "severity": severity}
    found = chances(kind, size, normals, **row)
    assert sum(found) == pytest.approx(1.0, abs=1e-9)
    assert min(found) >= 0.0
    everything = one_row(kind, size, high=size - 1, **row)
    assert rules.probability(everything, normals, 0) == pytest.approx(1.0, abs=1e-12)


@examples(200)
@given(anything, st.sampled_from([LEVEL, ENGAGEMENT]), st.data())
def test_a_range_has_the_probability_of_its_options(rule, size, data):
    kind, normals = rule
    low, high = sorted(data.draw(st.integers(0, size - 1)) for _ in range(2))
    row = {"before": 1, "leader": 3, "severity": 0.4}
    found = rules.probability(one_row(kind, size, low=low, high=high, **row), normals, 0)
    assert found == pytest.approx(
        sum(chances(kind, size, normals, **row)[low : high + 1]), abs=1e-9
    )


@examples(100)
@given(points[SEVERITY], st.floats(0.0, 0.9), st.floats(0.01, 0.1))
def test_a_graver_breach_makes_for_more_sanctions_and_less_engagement(normals, severity, more):
    def reached(size, at_least, severity):
        row = one_row(SEVERITY, size, low=at_least, high=size - 1, severity=severity)
        return rules.probability(row, normals, 0)

    for level in range(1, LEVEL):
        now, then = reached(LEVEL, level, severity), reached(LEVEL, level, severity + more)
        assert then >= now - 1e-12
    for degree in range(1, ENGAGEMENT):
        now, then = (reached(ENGAGEMENT, degree, s) for s in (severity, severity + more))
        assert then <= now + 1e-12


@pytest.mark.parametrize("normal", [-30.0, 30.0])
@pytest.mark.parametrize("kind", KINDS.values())
def test_far_out_it_stays_a_number(kind, normal):
    """Very low rather than infinite, or none: a sampler asks of such points as well."""
    normals = np.full(SIZES[kind], normal)
    for size in (LEVEL, ENGAGEMENT):
        for option in range(size):
            row = one_row(kind, size, before=2, leader=4, severity=0.9, low=option)
            found = rules.log_likelihood(row, normals)
            assert math.isfinite(found)
            assert -700.0 < found <= 0.0


def test_a_small_probability_keeps_its_digits():
    """The top option of an ordered logit with a threshold 60 above: exp(-60), not none."""
    normals = np.zeros(SIZES[SEVERITY])
    normals[0] = 20.0
    row = one_row(SEVERITY, LEVEL, low=5, severity=0.0)
    assert rules.log_likelihood(row, normals) == pytest.approx(-64.0, abs=1e-9)


# --- the records --------------------------------------------------------------------------------


@pytest.mark.parametrize("episode", EPISODES)
def test_rows_are_the_decisions_of_allies_with_what_was_before(episode):
    scenario = reading.read(episode)
    records = history.documented(scenario)
    course = likelihood.course(scenario, lambda state, kind, toward: kind != "stance")
    rule = rules.of_courses(FOLLOW, (course,), 6.0, STEEP)
    taken = {(r.state, r.decision, r.step): r for r in records if r.toward is None}
    start = {
        (ally, kind): int(scenario.states[ally][f"initial_{kind}"].value)
        for ally in scenario.allies
        for kind in ("level", "engagement")
    }
    led = int(scenario.states["USA"]["initial_level"].value)
    row = 0
    for kind, size in (("level", LEVEL), ("engagement", ENGAGEMENT)):
        for step, end in enumerate(scenario.calendar.ends):
            for ally in scenario.allies:
                record = taken[ally, kind, step]
                before = taken[ally, kind, step - 1].value if step else start[ally, kind]
                leader = taken["USA", "level", step - 1].value if step else led
                assert rule.size[row] == size
                assert rule.before[row] == before
                assert rule.leader[row] == leader
                assert rule.severity[row] == scenario.world["severity"].at(end)
                assert (rule.low[row], rule.high[row]) == (record.low, record.high)
                row += 1
    assert row == len(rule.size)
    assert (rule.centre, rule.spread) == (math.log(6.0), STEEP)


def test_rows_of_several_courses_stand_one_after_another():
    courses = tuple(likelihood.course(reading.read(name), korea) for name in EPISODES)
    whole = rules.of_courses(SEVERITY, courses, 6.0, STEEP)
    apart = [rules.of_courses(SEVERITY, (course,), 6.0, STEEP) for course in courses]
    assert whole.low.tolist() == [x for rule in apart for x in rule.low.tolist()]
    assert len(whole.low) == sum(course.counted for course in courses)


def korea(state, kind, toward):
    return state == "KOR"


def test_what_does_not_count_is_given_and_no_row():
    scenario = reading.read("ukraine-2022")
    course = likelihood.course(scenario, korea)
    rule = rules.of_courses(FOLLOW, (course,), 6.0, STEEP)
    assert len(rule.size) == 2 * scenario.calendar.steps
    assert len(set(rule.leader.tolist())) > 1, "the leader's course is known all the same"


def test_nothing_that_counts_makes_an_empty_rule():
    course = likelihood.course(reading.read("crimea-2014"), lambda *key: False)
    for kind, size in SIZES.items():
        rule = rules.of_courses(kind, (course,), 6.0, STEEP)
        assert len(rule.size) == 0
        assert rules.log_likelihood(rule, np.zeros(size)) == 0.0


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_log_likelihood_is_the_sum_over_rows_compiled_or_not(kind):
    courses = tuple(
        likelihood.course(reading.read(name), lambda s, k, t: s in ("JPN", "KOR"))
        for name in EPISODES
    )
    rule = rules.of_courses(kind, courses, 6.0, STEEP)
    for normals in np.random.default_rng(0).standard_normal((3, SIZES[kind])):
        shares = [rules.probability(rule, normals, row) for row in range(len(rule.size))]
        expected = sum(map(math.log, shares))
        assert rules.log_likelihood(rule, normals) == pytest.approx(expected, rel=1e-12)
        found = nested.evaluate(nested.Target(len(normals), rule=rule), normals)
        assert found == pytest.approx(expected, rel=1e-12)
