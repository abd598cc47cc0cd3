"""Indices and boxes of functions whose indices and boxes are known."""

import math
import sys

import numpy as np
import pytest
from scipy import stats

from alignsim import designs_screening, extras, sensitivity_indices
from alignsim.designs import LatinHypercube, Saltelli
from alignsim.designs_screening import Morris, OneAtATime
from alignsim.documents import DocumentError


def by_name(found, name):
    return {index.factor: index for index in found if index.name == name}


def ishigami(points):
    """Ishigami and Homma (1990) with a = 7 and b = 0.1; a fourth factor does nothing."""
    x = math.pi * (2.0 * points - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    """First-order and total indices, from the variances of its parts."""
    a, b = 7.0, 0.1
    first = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    second, both = a**2 / 8.0, b**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = first + second + both
    return (
        [first / whole, second / whole, 0.0, 0.0],
        [(first + both) / whole, second / whole, both / whole, 0.0],
    )


A = np.array([0.0, 0.5, 3.0, 9.0, 99.0, 99.0])
"""Of the g-function: the larger, the less a factor matters (Saltelli and Sobol' 1995)."""


def g_function(points):
    return np.prod((np.abs(4.0 * points - 2.0) + A) / (1.0 + A), axis=1)


def g_indices():
    parts = 1.0 / (3.0 * (1.0 + A) ** 2)
    whole = np.prod(1.0 + parts) - 1.0
    others = np.array([np.prod(np.delete(1.0 + parts, i)) for i in range(len(A))])
    return parts / whole, parts * others / whole


@pytest.mark.parametrize(
    ("function", "known", "factors", "base"),
    [(ishigami, ishigami_indices(), 4, 2048), (g_function, g_indices(), 6, 2048)],
)
@pytest.mark.parametrize("seed", [0, 7])
def test_sobol_indices_hold_the_published_values(function, known, factors, base, seed):
    design = Saltelli(base, factors, seed, False)
    found = sensitivity_indices.sobol(design, function(design.coordinates(0, design.size)), seed)
    assert [index.factor for index in found] == [*range(factors)] * 2
    for name, values in zip(("first-order", "total"), known, strict=True):
        for factor, index in by_name(found, name).items():
            assert index.low - 1e-9 <= values[factor] <= index.high + 1e-9, (name, factor)
            assert index.value == pytest.approx(values[factor], abs=0.04)
            assert index.low <= index.value <= index.high


def test_intervals_hold_the_published_values_about_as_often_as_they_say():
    known, held = ishigami_indices()[1], 0
    for seed in range(40):
        design = Saltelli(256, 4, seed, False)
        values = ishigami(design.coordinates(0, design.size))
        total = by_name(sensitivity_indices.sobol(design, values, seed), "total")
        held += sum(total[i].low <= known[i] <= total[i].high for i in range(3))
    assert held / 120 > 0.85


def test_a_factor_that_does_nothing_has_an_interval_around_zero():
    design = Saltelli(256, 5, 0, False)
    noise = np.random.default_rng(1).normal(0.0, 0.3, design.size)
    values = ishigami(design.coordinates(0, design.size)) + noise
    first = by_name(sensitivity_indices.sobol(design, values, 0), "first-order")
    for dummy in (3, 4):
        assert first[dummy].low <= 0.0 <= first[dummy].high


def test_shuffled_outcomes_have_no_first_order_index():
    design = Saltelli(512, 4, 0, False)
    values = np.random.default_rng(0).permutation(ishigami(design.coordinates(0, design.size)))
    for index in by_name(sensitivity_indices.sobol(design, values, 0), "first-order").values():
        assert index.low <= 0.05
        assert index.high >= -0.05
        assert abs(index.value) < 0.15


def test_the_same_seed_gives_the_same_intervals_and_another_others():
    design = Saltelli(64, 4, 0, False)
    values = ishigami(design.coordinates(0, design.size))
    first = sensitivity_indices.sobol(design, values, 0)
    np.random.seed(5)
    assert sensitivity_indices.sobol(design, values, 0) == first
    assert sensitivity_indices.sobol(design, values, 1) != first


def test_blocks_with_a_failed_point_are_left_out():
    design = Saltelli(512, 4, 0, False)
    values = ishigami(design.coordinates(0, design.size))
    values[[0, 7, 500]] = math.nan
    found = by_name(sensitivity_indices.sobol(design, values, 0), "total")
    assert found[0].value == pytest.approx(ishigami_indices()[1][0], abs=0.06)
    assert sensitivity_indices.sobol(design, np.full(design.size, math.nan), 0) == []


def test_a_design_with_second_order_is_refused():
    with pytest.raises(ValueError, match="without second order"):
        sensitivity_indices.sobol(Saltelli(4, 2, 0, True), np.zeros(24), 0)


@pytest.mark.parametrize(
    ("values", "varies"),
    [
        (np.full(100, 0.3), False),
        (np.full(100, math.nan), False),
        (np.arange(9.0), False),
        (np.arange(100) % 2, True),
        (np.linspace(0.0, 1.0, 30), True),
        (np.append(np.ones(500), 0.0), False),
        (np.append(np.ones(500), np.zeros(12)), True),
        (np.append(np.arange(50.0), math.nan), True),
    ],
)
def test_what_varies_at_too_few_points_has_no_indices(values, varies):
    assert sensitivity_indices.varies(np.asarray(values, float)) is varies


def test_a_constant_has_no_indices_and_warns_of_nothing(recwarn):
    design, screening = Saltelli(16, 3, 0, False), Morris(6, 4, 3, 0)
    assert sensitivity_indices.sobol(design, np.full(design.size, 0.7), 0) == []
    assert sensitivity_indices.morris(screening, np.full(screening.size, 0.7), 0) == []
    assert not recwarn.list


# --- elementary effects -------------------------------------------------------------------------


def test_of_a_linear_function_mu_is_the_coefficient_and_sigma_zero():
    design, slopes = Morris(8, 4, 4, 0), np.array([1.5, -2.0, 0.25, 0.0])
    values = design.coordinates(0, design.size) @ slopes + 3.0
    found = sensitivity_indices.morris(design, values, 0)
    for factor, slope in enumerate(slopes):
        assert by_name(found, "mu")[factor].value == pytest.approx(slope, abs=1e-12)
        star = by_name(found, "mu_star")[factor]
        assert (star.low, star.value, star.high) == pytest.approx((abs(slope),) * 3, abs=1e-12)
        sigma = by_name(found, "sigma")[factor]
        assert sigma.value == pytest.approx(0.0, abs=1e-12)
        assert math.isnan(sigma.low)


def test_an_interaction_shows_in_sigma_and_opposed_effects_in_mu_star():
    design = Morris(100, 4, 3, 2)
    x = design.coordinates(0, design.size)
    found = sensitivity_indices.morris(design, (x[:, 0] - 0.5) * (x[:, 1] - 0.5), 0)
    mu, star, sigma = (by_name(found, name) for name in ("mu", "mu_star", "sigma"))
    assert abs(mu[0].value) < 0.15 < star[0].low <= star[0].value <= star[0].high
    assert sigma[0].value > 0.2
    assert sigma[2].value == star[2].value == 0.0


def test_trajectories_with_a_failed_point_are_left_out():
    design = Morris(8, 4, 4, 0)
    values = design.coordinates(0, design.size) @ np.array([1.0, 2.0, 3.0, 4.0])
    values[6] = math.nan
    found = by_name(sensitivity_indices.morris(design, values, 0), "mu")
    assert [found[i].value for i in range(4)] == pytest.approx([1.0, 2.0, 3.0, 4.0])
    values[::5] = math.nan
    assert sensitivity_indices.morris(design, values, 0) == []


# --- designs ------------------------------------------------------------------------------------


def test_a_trajectory_moves_each_factor_once_by_the_same_step():
    design = Morris(5, 6, 7, 3)
    points = design.coordinates(0, design.size).reshape(5, 8, 7)
    steps = np.diff(points, axis=1)
    assert ((steps != 0.0).sum(axis=1) == 1).all()
    assert np.abs(steps[steps != 0.0]) == pytest.approx(np.full(35, 0.6))
    assert points.min() >= 0.0
    assert points.max() <= 1.0
    assert np.array_equal(design.coordinates(3, 9), design.coordinates(0, design.size)[3:12])
    assert not np.array_equal(points, Morris(5, 6, 7, 4).coordinates(0, 40).reshape(5, 8, 7))


def test_one_at_a_time_leaves_all_but_one_factor():
    points = OneAtATime(2).coordinates(0, 5)
    none = math.nan
    wanted = [[none, none], [0.0, none], [1.0, none], [none, 0.0], [none, 1.0]]
    np.testing.assert_array_equal(points, wanted)
    np.testing.assert_array_equal(OneAtATime(2).coordinates(2, 2), wanted[2:4])


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: OneAtATime(0), "factors: expected 1 or more"),
        (lambda: OneAtATime(2).coordinates(4, 2), "expected points of 0 to 4"),
        (lambda: Morris(0, 4, 2, 0), "expected 1 or more"),
        (lambda: Morris(2, 3, 2, 0), "levels: expected an even number, got 3"),
        (lambda: Morris(10**6, 4, 200, 0), "trajectories: expected fewer"),
        (lambda: Morris(2, 4, 2, -1), "seed"),
    ],
)
def test_faulty_designs_are_refused(make, fault):
    with pytest.raises(ValueError, match=fault):
        make()


# --- boxes --------------------------------------------------------------------------------------

POINTS = LatinHypercube(1500, 8, 0).coordinates(0, 1500)
PLANTED = (POINTS[:, 2] > 0.7) & (POINTS[:, 5] < 0.4)


@pytest.mark.slow
def test_prim_finds_the_planted_box():
    noisy = PLANTED ^ (np.random.default_rng(0).random(len(PLANTED)) < 0.02)
    box = sensitivity_indices.box(POINTS, noisy)
    assert {side.factor for side in box.restrictions} == {2, 5}
    sides = {side.factor: side for side in box.restrictions}
    assert sides[2].low == pytest.approx(0.7, abs=0.05)
    assert sides[2].high == 1.0
    assert sides[5].low == 0.0
    assert sides[5].high == pytest.approx(0.4, abs=0.05)
    assert box.density > 0.8
    assert box.coverage > 0.7
    assert box.mass == pytest.approx(0.12, abs=0.04)
    assert sensitivity_indices.box(POINTS, noisy) == box


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shuffled_cases_have_no_box(seed):
    shuffled = np.random.default_rng(seed).permutation(PLANTED)
    assert sensitivity_indices.box(POINTS, shuffled) is None


@pytest.mark.parametrize("cases", [np.zeros(1500, bool), np.ones(1500, bool), POINTS[:, 0] < 0.01])
def test_too_few_cases_to_tell_have_no_box(cases):
    assert sensitivity_indices.box(POINTS, cases) is None


def test_the_chance_of_hits_is_binomial():
    cases = np.arange(10) < 3
    assert sensitivity_indices._by_chance(5, 6, cases) == pytest.approx(stats.binom.sf(4, 6, 0.3))


# --- the extra ----------------------------------------------------------------------------------


def test_a_missing_library_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.analyze.sobol", None)
    design = Saltelli(16, 2, 0, False)
    with pytest.raises(DocumentError) as caught:
        sensitivity_indices.sobol(design, design.coordinates(0, design.size)[:, 0], 0)
    assert str(caught.value) == 'SALib: needs pip install "alignsim[studies]"'
    with pytest.raises(DocumentError, match='"alignsim\\[cluster\\]"'):
        extras.imported("no_such_module", "cluster")


def test_importing_the_workbench_warns_of_nothing(recwarn):
    extras.imported("ema_workbench.analysis.prim")
    assert not [w for w in recwarn.list if "ipyparallel" in str(w.message)]


def test_the_units_of_a_problem_are_those_of_the_design():
    assert designs_screening.unit_problem(2)["bounds"] == [[0.0, 1.0], [0.0, 1.0]]
