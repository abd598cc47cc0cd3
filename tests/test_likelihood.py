"""The likelihood: what the Mesa model itself gave the documented decisions, and its sum."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from alignsim import decision, history, kernel, likelihood, nested, priors, reading, weights
from alignsim.decision import PRECISIONS, Weights
from alignsim.history import Documented
from alignsim.likelihood import IncompleteError, UnionsError
from alignsim.model import AlignmentModel
from alignsim.priors import NAMES, Space
from alignsim.scenario import decisions, options
from alignsim.situation import Dynamics
from alignsim.weights import TERMS, Parameters
from tests.strategies import EPISODES, changed, examples, flat, scenarios, with_union

NEUTRAL = weights.read("neutral")
SETS = {
    "neutral": NEUTRAL,
    "calibrated": weights.read("calibrated"),
    "norms-only": weights.read("norms-only"),
    "flat": flat(0.7, 2.0),
    "moving": flat(
        1.5, 4.0, persistence=0.8, attention=6.0, abstention_premium=1.5, energy_drift=0.4,
        alignment_rise=0.6, threat_rise=0.9,
    ),
}  # fmt: skip


def by_mesa(scenario, parameters, records=None):
    """Log probability of each documented decision, as the Mesa model records its own choices."""
    known = history.documented(scenario) if records is None else records
    replay = AlignmentModel(history.replayed(scenario, known), parameters, rng=0).run_all()
    found = {}
    documented = history.by_step(known)
    for made in replay.decisions:
        record = documented.get((made.state, made.decision, made.toward, made.step))
        if record is not None:
            share = sum(made.probabilities[record.low : record.high + 1])
            found[(made.state, made.decision, made.toward), made.step] = math.log(share)
    assert len(found) == len(known)
    return found


def agree(found, expected):
    """To 1e-12, of the number itself where that is large."""
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def compiled(parameters, courses):
    """The log likelihood as samplers call it: every number set, none of them free."""
    nothing = np.empty(0)
    base = np.array([*parameters.weights, *parameters.dynamics])
    fixed = Space(base, np.empty(0, np.int64), nothing, np.empty((0, 0)), nothing, nothing)
    return nested.evaluate(nested.Target(0, fixed, courses), nothing)


@pytest.fixture(scope="module")
def shipped():
    """The courses of all shipped episodes, as one tuple."""
    return tuple(likelihood.course(reading.read(name)) for name in EPISODES)


# --- against the model's own records ------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("episode", EPISODES)
def test_it_is_what_the_model_recorded_along_the_documented_course(episode, name):
    scenario, parameters = reading.read(episode), SETS[name]
    expected = by_mesa(scenario, parameters)
    (found,) = likelihood.pointwise(parameters, [likelihood.course(scenario)])
    for place, one in zip(likelihood.names(scenario), found, strict=True):
        agree(one, expected.pop(place))
    assert not expected


@pytest.mark.parametrize("name", SETS)
def test_it_sums_over_episodes_compiled_or_not(shipped, name):
    parameters = SETS[name]
    expected = sum(sum(by_mesa(reading.read(one), parameters).values()) for one in EPISODES)
    agree(likelihood.log_likelihood(parameters.weights, parameters.dynamics, shipped), expected)
    agree(compiled(parameters, shipped), expected)


moderate = st.builds(
    lambda terms, precisions, persistence, attention, premium, rates: Parameters(
        "drawn", Weights(*terms, *precisions), Dynamics(persistence, attention, premium, *rates)
    ),
    st.tuples(*(st.one_of(st.just(0.0), st.floats(0.0, 3.0)) for _ in TERMS)),
    st.tuples(*(st.floats(0.05, 5.0) for _ in PRECISIONS)),
    st.floats(0.0, 0.95),
    st.floats(0.0, 10.0),
    st.floats(0.0, 2.0),
    st.tuples(*(st.floats(0.0, 1.0) for _ in range(3))),
)
"""Sets under which no probability is too small for a float."""


@pytest.mark.slow
@examples(20)
@given(moderate, st.sampled_from(EPISODES))
def test_it_is_what_the_model_recorded_whatever_the_weights(parameters, episode):
    scenario = reading.read(episode)
    expected = sum(by_mesa(scenario, parameters).values())
    courses = (likelihood.course(scenario),)
    found = likelihood.pointwise(parameters, courses)[0]
    assert float(found.sum()) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    agree(likelihood.log_likelihood(parameters.weights, parameters.dynamics, courses), expected)


def invented(scenario, draw):
    """A documented course of any scenario, every decision coded as a range."""
    records = []
    for state, kind, toward in decisions(scenario):
        last = len(options(scenario, state, kind)) - 1
        for step, date in enumerate(scenario.calendar.dates):
            low, value, high = sorted(draw(st.integers(0, last)) for _ in range(3))
            records.append(Documented(step, date, state, kind, toward, value, low, high, ("-",)))
    return records


@examples(15, shrink=False)
@given(scenarios(most_allies=3, most_steps=4), moderate, st.data())
def test_it_is_what_the_model_recorded_in_any_scenario(scenario, parameters, data):
    records = invented(scenario, data.draw)
    expected = by_mesa(scenario, parameters, records)
    (found,) = likelihood.pointwise(parameters, [likelihood.course(scenario, records=records)])
    for place, one in zip(likelihood.names(scenario), found, strict=True):
        agree(one, expected[place])


def test_a_range_counts_as_any_of_its_options(shipped):
    """Wider ranges make histories likelier; a range of everything is certain."""
    scenario = reading.read("crimea-2014")
    records = history.documented(scenario)
    (exact,) = likelihood.pointwise(
        NEUTRAL,
        [likelihood.course(scenario, records=[one_option(record) for record in records])],
    )
    (coded,) = likelihood.pointwise(NEUTRAL, shipped[:1])
    wide = [every_option(scenario, record) for record in records]
    (sure,) = likelihood.pointwise(NEUTRAL, [likelihood.course(scenario, records=wide)])
    assert (exact <= coded).all()
    assert (exact < coded).any(), "crimea-2014 has decisions that are coded as ranges"
    assert_allclose(sure, 0.0, atol=1e-12)


def one_option(record):
    return replace(record, low=record.value, high=record.value)


def every_option(scenario, record):
    last = len(options(scenario, record.state, record.decision)) - 1
    return replace(record, low=0, high=last)


def test_a_leader_has_no_option_beyond_its_ceiling():
    scenario = changed(reading.read("crimea-2014"), USA__ceiling=2)
    records = [
        every_option(scenario, record) if record.state == "USA" else record
        for record in history.documented(scenario)
    ]
    expected = by_mesa(scenario, NEUTRAL, records)
    course = likelihood.course(scenario, records=records)
    (found,) = likelihood.pointwise(NEUTRAL, [course])
    assert course.ranges.leader_level[:, 1].min() == 2
    for place, one in zip(likelihood.names(scenario), found, strict=True):
        agree(one, expected[place])


# --- which decisions count ----------------------------------------------------------------------


def levels_of_japan(state, kind, toward):
    return (state, kind) == ("JPN", "level")


def test_only_what_counts_enters(shipped):
    scenario = reading.read("ukraine-2022")
    course = likelihood.course(scenario, levels_of_japan)
    assert course.counted == scenario.calendar.steps
    (found,) = likelihood.pointwise(NEUTRAL, [course])
    expected = by_mesa(scenario, NEUTRAL)
    listed = likelihood.names(scenario, levels_of_japan)
    assert [place for place, _ in listed] == [("JPN", "level", None)] * scenario.calendar.steps
    for place, one in zip(listed, found, strict=True):
        agree(one, expected[place])
    total = likelihood.log_likelihood(NEUTRAL.weights, NEUTRAL.dynamics, (course,))
    agree(total, sum(expected[place] for place in listed))


def test_parts_that_count_add_up_to_the_whole():
    """A decision counts once: those of the allies, of the leader and of the target are all."""
    scenario = reading.read("rapprochement-2016")
    states = ("USA", "JPN", "KOR", "RUS")
    parts = [
        likelihood.course(scenario, lambda state, kind, toward, own=one: state == own)
        for one in states
    ]
    arguments = (NEUTRAL.weights, NEUTRAL.dynamics)
    whole = likelihood.log_likelihood(*arguments, (likelihood.course(scenario),))
    agree(sum(likelihood.log_likelihood(*arguments, (part,)) for part in parts), whole)
    assert sum(part.counted for part in parts) == likelihood.course(scenario).counted


def test_where_nothing_counts_the_engine_is_not_asked(monkeypatch):
    course = likelihood.course(reading.read("crimea-2014"), lambda *key: False)
    assert course.counted == 0
    assert likelihood.names(reading.read("crimea-2014"), lambda *key: False) == []
    monkeypatch.setattr(kernel, "_simulate", None)
    assert likelihood.log_likelihood(NEUTRAL.weights, NEUTRAL.dynamics, (course,)) == 0.0


def test_a_decision_given_and_not_counted_still_makes_the_course():
    """Korea's levels depend on what Japan is given to have done, whether that counts or not."""
    scenario = reading.read("ukraine-2022")
    records = history.documented(scenario)
    other = [
        replace(record, value=0, low=0, high=0)
        if (record.state, record.decision) == ("JPN", "level")
        else record
        for record in records
    ]

    def korea(state, kind, toward):
        return (state, kind) == ("KOR", "level")

    (as_it_was,) = likelihood.pointwise(NEUTRAL, [likelihood.course(scenario, korea)])
    (otherwise,) = likelihood.pointwise(
        NEUTRAL, [likelihood.course(scenario, korea, records=other)]
    )
    assert as_it_was[0] == otherwise[0], "nothing is known of this step when it is taken"
    assert (as_it_was[1:] != otherwise[1:]).any()


def test_a_gap_in_the_course_is_told():
    scenario = reading.read("crimea-2014")
    records = history.documented(scenario)
    gap = next(r for r in records if (r.state, r.decision, r.step) == ("KOR", "level", 4))
    with pytest.raises(IncompleteError) as caught:
        likelihood.course(scenario, records=[r for r in records if r != gap])
    assert str(caught.value) == "crimea-2014: KOR level of 2014-07 is not documented"
    stance = next(r for r in records if (r.state, r.toward, r.step) == ("RUS", "JPN", 0))
    with pytest.raises(IncompleteError, match="RUS stance JPN of 2014-03 is not documented"):
        likelihood.course(scenario, records=[r for r in records if r != stance])


def test_a_course_with_unions_is_refused():
    scenario = with_union(reading.read("crimea-2014"), "UNI", ("JPN", "KOR"))
    with pytest.raises(UnionsError) as caught:
        likelihood.course(scenario)
    assert str(caught.value) == (
        "crimea-2014: unions have no likelihood; worlds are judged by the panel"
    )


def test_evaluations_leave_nothing_behind(shipped):
    """The rooms of a course are used again: the same weights give the same number after others."""
    first = likelihood.pointwise(NEUTRAL, shipped)
    likelihood.pointwise(SETS["moving"], shipped)
    again = likelihood.pointwise(NEUTRAL, shipped)
    for before, after in zip(first, again, strict=True):
        assert before.tobytes() == after.tobytes()


def test_numbers_stand_where_the_engine_reads_them():
    numbers = np.arange(1.0, len(NAMES) + 1.0)
    chosen, dynamics = priors.weights_of(numbers), priors.dynamics_of(numbers)
    assert [*chosen, *dynamics] == numbers.tolist()
    assert (*chosen._fields, *dynamics._fields) == NAMES


# --- of one decision ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("utilities", "precision", "low", "high", "expected"),
    [
        ([0.3, 0.3], 7.0, 0, 0, math.log(0.5)),
        ([0.3, 0.3], 7.0, 1, 1, math.log(0.5)),
        ([1.0, 1.0, 1.0], 2.0, 0, 1, math.log(2.0 / 3.0)),
        ([0.0, 1.0], math.log(3.0), 1, 1, math.log(0.75)),
        ([0.0, 1.0], math.log(3.0), 0, 0, math.log(0.25)),
        ([0.1, 0.9, -4.0], 3.0, 0, 2, 0.0),
        ([0.1, 0.9, -4.0], 3.0, -1, -1, 0.0),
        ([0.0, 1000.0], 2.0, 0, 0, -2000.0),
        ([0.0, 1000.0], 2.0, 1, 1, 0.0),
    ],
)
def test_the_log_of_a_logit_by_hand(utilities, precision, low, high, expected):
    found = decision.log_probability(utilities, precision, low, high)
    assert found == pytest.approx(expected, abs=1e-12)


utilities_of = st.lists(st.floats(-20.0, 20.0), min_size=2, max_size=6)


@examples(200)
@given(utilities_of, st.floats(0.01, 100.0))
def test_options_have_probability_one_together(utilities, precision):
    logs = [decision.log_probability(utilities, precision, k, k) for k in range(len(utilities))]
    assert math.fsum(map(math.exp, logs)) == pytest.approx(1.0, abs=1e-12)
    shares = decision.probabilities(utilities, precision)
    for log, share in zip(logs, shares, strict=True):
        assert math.exp(log) == pytest.approx(share, rel=1e-9, abs=1e-300)


@examples(100)
@given(utilities_of, st.floats(0.01, 10.0))
def test_a_range_has_the_probability_of_its_options(utilities, precision):
    shares = decision.probabilities(utilities, precision)
    for low, high in itertools.combinations_with_replacement(range(len(utilities)), 2):
        found = decision.log_probability(utilities, precision, low, high)
        expected = math.fsum(shares[low : high + 1])
        assert math.exp(found) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@examples(200)
@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=6), st.floats(1e-6, 1e4), st.data())
def test_it_stays_finite_however_improbable(utilities, precision, data):
    low, high = sorted(data.draw(st.integers(0, len(utilities) - 1)) for _ in range(2))
    found = decision.log_probability(utilities, precision, low, high)
    assert math.isfinite(found)
    assert found <= 1e-12
