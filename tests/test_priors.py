"""What is thought of the numbers beforehand: centres, spreads, ranges, and the way to files."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pydantic import ValidationError
from scipy import stats

from alignsim import likelihood, priors, reading, weights
from alignsim.decision import ALLY_GROUPS, GROUPS, PRECISIONS
from alignsim.hypotheses import ALLY_TERMS, OTHER_TERMS
from alignsim.model import AlignmentModel
from alignsim.priors import FREE_DYNAMICS, NAMES, Prior
from alignsim.situation import Dynamics
from alignsim.weights import GROUP_OF, PARTS, TERMS, Parameters
from tests.strategies import examples

PRIOR = Prior(precision_centre=6.0, precision=1.5, group=1.0, term=0.7)
NEUTRAL = weights.read_set("neutral")
SOME = ("supply_at_risk", "diversification", "values", "market", "market_courted", "inertia")
"""Terms of four groups: two, one, two and one of each."""


def space_of(terms=TERMS, kinds=PRECISIONS, prior=PRIOR, dynamics=NEUTRAL):
    return priors.space(prior, dynamics, terms, kinds)


def by_name(numbers):
    return dict(zip(NAMES, numbers.tolist(), strict=True))


def drawn(space, count):
    """Numbers at many draws of the prior: (count, len(NAMES))."""
    normals = np.random.default_rng(0).standard_normal((count, len(space.place)))
    return np.array([priors.numbers(space, point) for point in normals])


def normals_of(space):
    """Points at which no number overflows."""
    return st.tuples(*(st.floats(-4.0, 4.0) for _ in space.place)).map(np.array)


EVERYTHING, ALLIES = space_of(), space_of(SOME, ("level", "engagement"))


# --- from normals to numbers --------------------------------------------------------------------


def test_the_middle_of_the_prior_is_its_centre():
    numbers = by_name(priors.numbers(EVERYTHING, np.zeros(len(EVERYTHING.place))))
    for term in TERMS:
        assert numbers[term] == 1.0
    for kind in PRECISIONS:
        assert numbers[f"precision_{kind}"] == pytest.approx(6.0, rel=1e-15)
    for name in FREE_DYNAMICS:
        assert numbers[name] == pytest.approx(np.mean(NEUTRAL.dynamics[name].range), rel=1e-15)
    for name in set(Dynamics._fields) - set(FREE_DYNAMICS):
        assert numbers[name] == NEUTRAL.dynamics[name].value


def test_every_number_that_is_free_has_a_coordinate_of_its_own():
    names = EVERYTHING.names
    assert names == [*TERMS, *(f"precision_{kind}" for kind in PRECISIONS), *FREE_DYNAMICS]
    middle = priors.numbers(EVERYTHING, np.zeros(len(names)))
    for index, name in enumerate(names):
        moved = priors.numbers(EVERYTHING, np.eye(len(names))[index])
        changed = {NAMES[place] for place in np.flatnonzero(moved != middle)}
        assert name in changed
        # A coordinate of a term moves the group that it shares, hence others of it; no other.
        group = GROUP_OF.get(name)
        assert changed <= ({name} if group is None else set(GROUPS[group]))


def test_logs_have_the_moments_of_a_group_times_a_term():
    """Analytic against 10,000 draws: variance g2 + t2, and g2 shared within a group only."""
    count = 10_000
    logs = np.log(drawn(EVERYTHING, count)[:, [NAMES.index(term) for term in TERMS]])
    found = np.cov(logs, rowvar=False)
    for i, term in enumerate(TERMS):
        for j, other in enumerate(TERMS):
            shared = 1.0 if GROUP_OF[term] == GROUP_OF[other] else 0.0
            expected = shared + (0.49 if i == j else 0.0)
            # Standard error of a covariance of normals: sqrt((v1 v2 + c^2) / n).
            error = math.sqrt((1.49**2 + expected**2) / count)
            assert abs(found[i, j] - expected) < 5.0 * error, (term, other)
    assert_allclose(logs.mean(axis=0), 0.0, atol=5.0 * math.sqrt(1.49 / count))


def test_totals_are_spread_like_products_drawn_one_by_one():
    """The group integrated out is the group drawn: quantiles of the sum of two totals agree."""
    rng = np.random.default_rng(1)
    group = rng.normal(0.0, 1.0, 8_000)
    product = sum(np.exp(group + rng.normal(0.0, 0.7, 8_000)) for _ in range(2))
    table = drawn(ALLIES, 8_000)
    total = table[:, NAMES.index("market")] + table[:, NAMES.index("market_courted")]
    assert stats.ks_2samp(product, total).pvalue > 0.001
    alone = table[:, NAMES.index("market")] + table[:, NAMES.index("inertia")]
    assert stats.ks_2samp(product, alone).pvalue < 1e-6, "the test tells correlation from none"


def test_precisions_are_log_normal_about_their_centre():
    table = drawn(EVERYTHING, 4000)
    for kind in PRECISIONS:
        logs = (np.log(table[:, NAMES.index(f"precision_{kind}")]) - math.log(6.0)) / 1.5
        assert stats.kstest(logs, "norm").pvalue > 0.001


@pytest.mark.parametrize("name", FREE_DYNAMICS)
def test_dynamics_are_uniform_over_their_ranges(name):
    low, high = NEUTRAL.dynamics[name].range
    values = drawn(EVERYTHING, 4000)[:, NAMES.index(name)]
    assert ((values >= low) & (values <= high)).all()
    assert stats.kstest((values - low) / (high - low), "uniform").pvalue > 0.001
    far = np.zeros((2, len(EVERYTHING.place)))
    far[:, EVERYTHING.names.index(name)] = -40.0, 40.0
    ends = [priors.numbers(EVERYTHING, point)[NAMES.index(name)] for point in far]
    assert ends == [low, high]


def test_terms_left_out_weigh_nothing_and_other_precisions_stay():
    table = drawn(ALLIES, 50)
    for term in set(TERMS) - set(SOME):
        assert (table[:, NAMES.index(term)] == 0.0).all()
    for kind in ("leader_level", "leader_stance", "target_stance"):
        assert (table[:, NAMES.index(f"precision_{kind}")] == 6.0).all()
    assert (table[:, [NAMES.index(term) for term in SOME]] > 0.0).all()


def with_range(name, low, high):
    number = NEUTRAL.dynamics[name].model_copy(update={"value": low, "range": (low, high)})
    return NEUTRAL.model_copy(update={"dynamics": {**NEUTRAL.dynamics, name: number}})


def test_a_range_without_width_is_not_free():
    held = space_of(dynamics=with_range("attention", 3.0, 3.0))
    assert set(EVERYTHING.names) - set(held.names) == {"attention"}
    assert (drawn(held, 20)[:, NAMES.index("attention")] == 3.0).all()
    moved = space_of(dynamics=with_range("attention", 3.0, 3.5))
    assert moved.names == EVERYTHING.names


def test_a_scaled_prior_has_all_spreads_scaled_and_the_same_centre():
    scaled = PRIOR.scaled(0.5)
    assert scaled == Prior(precision_centre=6.0, precision=0.75, group=0.5, term=0.35)
    assert PRIOR.group == 1.0
    logs = np.log(drawn(space_of(prior=scaled), 2000)[:, NAMES.index("values")])
    assert logs.std() == pytest.approx(0.5 * math.sqrt(1.49), rel=0.08)


@pytest.mark.parametrize("key", ["precision_centre", "precision", "group", "term"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_prior_without_spread_or_centre_is_refused(key, value):
    with pytest.raises(ValidationError):
        Prior.model_validate({**PRIOR.model_dump(), key: value})


# --- from numbers to files ----------------------------------------------------------------------


def split(terms, numbers):
    return priors.parts(PRIOR, terms, numbers)


@examples(50)
@given(normals_of(EVERYTHING))
def test_the_split_keeps_every_total_up_to_one_scale(normals):
    numbers = priors.numbers(EVERYTHING, normals)
    again = priors.of_parts(split(TERMS, numbers))
    size = len(TERMS)
    scale = again[0] / numbers[0]
    assert_allclose(again[:size], scale * numbers[:size], rtol=1e-9)
    precisions = slice(size, size + len(PRECISIONS))
    assert_allclose(again[precisions], numbers[precisions] / scale, rtol=1e-9)
    assert again[precisions.stop :].tolist() == numbers[precisions.stop :].tolist()


@examples(50)
@given(normals_of(EVERYTHING), st.sets(st.sampled_from(ALLY_TERMS), min_size=1))
def test_groups_of_an_ally_weigh_one_on_average(normals, chosen):
    terms = {*chosen, *OTHER_TERMS}
    numbers = priors.numbers(EVERYTHING, normals)
    numbers[[NAMES.index(term) for term in set(TERMS) - terms]] = 0.0
    found = split(terms, numbers)
    known = [group for group in ALLY_GROUPS if set(GROUPS[group]) & terms]
    assert np.mean([found["groups"][group] for group in known]) == pytest.approx(1.0, rel=1e-12)
    for group in ALLY_GROUPS:
        assert (found["groups"][group] == 0.0) == (group not in known)
    assert {part: tuple(names) for part, names in found.items()} == PARTS


@examples(50)
@given(normals_of(EVERYTHING), st.sets(st.sampled_from(TERMS), min_size=1))
def test_a_term_that_is_not_kept_has_no_weight_after_the_split(normals, kept):
    """Also where other terms of its group are kept: it once got the weight of the group."""
    found = weights.from_numbers("kept", split(kept, priors.numbers(EVERYTHING, normals)))
    weighed = {term for term in TERMS if getattr(found.weights, term) != 0.0}
    assert weighed == kept


def test_the_split_changes_no_probability_of_any_choice():
    """A run of the Mesa model under the numbers, and under the weight file that they become."""
    for normals in np.random.default_rng(5).standard_normal((4, len(EVERYTHING.place))):
        numbers = priors.numbers(EVERYTHING, normals)
        plain = Parameters("plain", priors.weights_of(numbers), priors.dynamics_of(numbers))
        filed = weights.from_numbers("filed", split(TERMS, numbers))
        assert not np.allclose(filed.weights, plain.weights)
        runs = [AlignmentModel("crimea-2014", one, rng=3).run_all() for one in (plain, filed)]
        for one, other in zip(*(run.decisions for run in runs), strict=True):
            assert one.chosen == other.chosen
            assert_allclose(one.probabilities, other.probabilities, rtol=1e-9, atol=1e-12)


def test_the_split_changes_no_likelihood():
    courses = (likelihood.course(reading.read("ukraine-2022")),)
    for normals in np.random.default_rng(2).standard_normal((5, len(EVERYTHING.place))):
        numbers = priors.numbers(EVERYTHING, normals)
        found = [
            likelihood.log_likelihood(priors.weights_of(n), priors.dynamics_of(n), courses)
            for n in (numbers, priors.of_parts(split(TERMS, numbers)))
        ]
        assert found[0] == pytest.approx(found[1], rel=1e-10)


def test_a_group_weighs_what_is_expected_of_it_given_its_totals():
    """Of many products, those with given totals: the mean log of the group is the regression."""
    rng = np.random.default_rng(4)
    group = rng.normal(0.0, 1.0, 200_000)
    logs = group[:, None] + rng.normal(0.0, 0.7, (200_000, 2))
    slope = np.linalg.lstsq(logs, group, rcond=None)[0]
    totals = [math.exp(0.4), math.exp(-0.1)]
    expected = float(slope @ [0.4, -0.1])
    assert priors._group_log(PRIOR, totals) == pytest.approx(expected, abs=0.01)


def test_numbers_at_the_centre_become_a_file_of_ones():
    numbers = priors.numbers(ALLIES, np.zeros(len(ALLIES.place)))
    found = split(SOME, numbers)
    known = {GROUP_OF[term] for term in SOME}
    assert found["groups"] == {group: float(group in known) for group in GROUPS}
    kept = {term: float(term in SOME or GROUP_OF[term] not in known) for term in TERMS}
    assert found["terms"] == kept
    assert found["precision"] == pytest.approx(dict.fromkeys(PRECISIONS, 6.0))


def test_no_term_at_all_leaves_the_scale_alone():
    numbers = priors.numbers(space_of(()), np.zeros(len(space_of(()).place)))
    found = split((), numbers)
    assert set(found["groups"].values()) == {0}
    assert found["precision"]["level"] == pytest.approx(6.0)
