"""Experimental designs: what they enumerate, that slices fit together, and known answers."""

import functools
import itertools
import math
import pickle
import sys
import threading
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.analyze import sobol as salib_analysis
from SALib.sample import sobol as salib_sample
from scipy.stats import chi2, norm, qmc

from alignsim import draws
from alignsim.designs import Factorial, LatinHypercube, Saltelli, Simplex, Sobol, Table
from tests.strategies import examples, seeds

BILLION = 10**9

SMALL = [
    Factorial((3, 1, 4, 2)),
    Simplex(6, 4),
    Simplex(5, 1),
    Table(((0.5, -1.0), (0.25, 7.0), (1e300, 0.0))),
    LatinHypercube(37, 3, 0),
    Sobol(45, 4, 0),
    Saltelli(5, 3, 7, second_order=True),
    Saltelli(8, 3, 7, second_order=False),
]
LARGE = [
    Factorial((1000, 1000, 1000)),
    Simplex(44720, 3),
    Simplex(33, 9),
    LatinHypercube(BILLION, 3, 5),
    Sobol(BILLION, 3, 5),
    Saltelli(2**27, 3, 5, second_order=True),
]
DEEP = [
    Factorial((2**31, 2**31)),
    Simplex(10**6, 4),
    Simplex(1, 1000),
    LatinHypercube(2**40, 2, 2**64 - 1),
    Sobol(2**53, 2, 2**64 - 1),
    Saltelli(2**53, 2, 2**64 - 1, second_order=True),
]


def whole(design):
    return design.coordinates(0, design.size)


# --- what every design promises -----------------------------------------------------------


@examples(60)
@given(st.sampled_from(SMALL), st.data())
def test_slices_join_to_the_whole_whatever_the_cuts_and_their_order(design, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, design.size), max_size=6)))
    bounds = list(itertools.pairwise([0, *cuts, design.size]))
    parts = {
        (start, stop): design.coordinates(start, stop - start)
        for start, stop in data.draw(st.permutations(bounds))
    }
    joined = np.concatenate([parts[bound] for bound in bounds])
    assert joined.tobytes() == whole(design).tobytes()


@examples(60)
@given(st.sampled_from(LARGE + DEEP), st.data())
def test_far_slices_agree_where_they_overlap(design, data):
    count = min(design.size, 200)
    edges = [2**k for k in range(8, 53)] + [0, design.size // 2, design.size - count]
    first = data.draw(
        st.one_of(
            st.integers(0, design.size - count),
            st.sampled_from([max(0, e - 50) for e in edges if e <= design.size - count]),
        )
    )
    skipped = data.draw(st.integers(0, count))
    together = design.coordinates(first, count)
    apart = design.coordinates(first + skipped, count - skipped)
    assert together[skipped:].tobytes() == apart.tobytes()


@pytest.mark.parametrize("design", SMALL + LARGE + DEEP, ids=repr)
def test_coordinates_are_rows_of_floats_within_their_range(design):
    rows = design.coordinates(design.size // 2, min(3, design.size - design.size // 2))
    assert rows.dtype == np.float64
    assert rows.ndim == 2
    assert design.coordinates(design.size, 0).shape == (0, rows.shape[1])
    if isinstance(design, LatinHypercube | Sobol | Saltelli):
        assert np.all((rows >= 0) & (rows < 1))


@pytest.mark.parametrize("design", SMALL + LARGE + DEEP, ids=repr)
def test_pickling_keeps_a_design_and_its_results(design):
    again = pickle.loads(pickle.dumps(design))
    assert again == design
    assert hash(again) == hash(design)
    count = min(5, design.size)
    rows = design.coordinates(design.size - count, count)
    assert again.coordinates(again.size - count, count).tobytes() == rows.tobytes()


@pytest.mark.parametrize("design", LARGE, ids=repr)
def test_any_slice_of_a_design_of_many_points_takes_little_memory(design):
    assert design.size >= 10**7
    design.coordinates(0, 1)  # modules and direction numbers are loaded once
    tracemalloc.start()
    try:
        for first in (0, design.size // 2, design.size - 1000):
            design.coordinates(first, 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8e6


@pytest.mark.parametrize("design", SMALL + LARGE, ids=repr)
@pytest.mark.parametrize(("before", "count"), [(0, 1), (3, 4), (-1, 0)])
def test_a_slice_beyond_the_design_is_refused(design, before, count):
    with pytest.raises(ValueError, match="slice: expected points of 0 to"):
        design.coordinates(design.size - before, count)


def test_a_slice_that_starts_or_ends_before_the_design_is_refused():
    for first, count in [(-1, 1), (0, -1), (3, -1)]:
        with pytest.raises(ValueError, match="slice"):
            Sobol(8, 2, 0).coordinates(first, count)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Factorial(()), "number of factors"),
        (lambda: Factorial((3, 0)), "number of values"),
        (lambda: Factorial((2**53 + 1,)), "number of values"),
        (lambda: Factorial((2**31, 2**31, 2)), r"2\^62 combinations or fewer"),
        (lambda: Simplex(0, 2), "divisions"),
        (lambda: Simplex(10**6 + 1, 2), "divisions"),
        (lambda: Simplex(2, 0), "parts"),
        (lambda: Simplex(2, 10**6 + 1), "parts"),
        (lambda: Simplex(33, 34), r"2\^62 points or fewer"),
        (lambda: Simplex(10**6, 10**6), r"2\^62 points or fewer"),
        (lambda: Simplex(10**6, 5), r"2\^62 points or fewer"),
        (lambda: Table(()), "one row or more"),
        (lambda: Table(((),)), "one row or more"),
        (lambda: Table(((1.0, 2.0), (3.0,))), "all of one length"),
        (lambda: Table(((1.0, math.nan),)), "finite"),
        (lambda: LatinHypercube(0, 2, 1), "points"),
        (lambda: LatinHypercube(2**40 + 1, 2, 1), "points"),
        (lambda: LatinHypercube(3.5, 2, 1), "points: expected a whole number"),
        (lambda: LatinHypercube(2, 0, 1), "factors"),
        (lambda: LatinHypercube(2, 2, -1), "seed -1"),
        (lambda: Sobol(0, 2, 1), "points"),
        (lambda: Sobol(2**53 + 1, 2, 1), "points"),
        (lambda: Sobol(2, 21202, 1), "factors"),
        (lambda: Sobol(2, 2, 2**64), "seed"),
        (lambda: Saltelli(0, 2, 1, second_order=True), "base"),
        (lambda: Saltelli(2, 10601, 1, second_order=True), "factors"),
        (lambda: Saltelli(2**53, 1000, 1, second_order=True), "number of rows"),
        (lambda: Saltelli(2, 2, 2**64, second_order=False), "seed"),
    ],
)
def test_arguments_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@examples(10)
@given(st.lists(seeds, min_size=2, max_size=3, unique=True))
def test_different_seeds_give_different_points_and_the_same_seed_the_same(drawn):
    for make in (
        lambda seed: LatinHypercube(50, 2, seed),
        lambda seed: Sobol(50, 2, seed),
        lambda seed: Saltelli(50, 2, seed, second_order=False),
    ):
        samples = [whole(make(seed)).tobytes() for seed in drawn]
        assert len(set(samples)) == len(drawn)
        assert samples == [whole(make(seed)).tobytes() for seed in drawn]


# --- all combinations ---------------------------------------------------------------------


@examples(50)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple))
def test_a_factorial_is_the_product_of_its_factors_in_order(counts):
    expected = list(itertools.product(*map(range, counts)))
    assert list(map(tuple, whole(Factorial(counts)).tolist())) == expected


def test_the_last_point_of_a_factorial_has_the_last_value_of_each_factor():
    design = Factorial((2**20, 3, 2**40))
    assert design.size == 3 * 2**60
    assert design.coordinates(design.size - 1, 1).tolist() == [[2**20 - 1, 2, 2**40 - 1]]
    assert design.coordinates(2**41, 1).tolist() == [[0, 2, 0]]


@examples(50)
@given(st.integers(1, 7), st.integers(1, 5))
def test_a_simplex_is_all_compositions_in_lexicographic_order(divisions, parts):
    steps = itertools.product(range(divisions + 1), repeat=parts)
    expected = [[step / divisions for step in row] for row in steps if sum(row) == divisions]
    assert whole(Simplex(divisions, parts)).tolist() == expected


@pytest.mark.parametrize("design", [Simplex(7, 20), Simplex(10**6, 4), Simplex(1, 1000)], ids=repr)
def test_shares_sum_to_one_and_run_from_the_last_part_to_the_first(design):
    count = min(500, design.size)
    for first in (0, design.size // 3, design.size - count):
        rows = design.coordinates(first, count)
        steps = rows * design.divisions
        assert np.all(np.abs(rows.sum(axis=1) - 1.0) <= 1e-12)
        assert np.all(rows >= 0)
        assert np.all(np.abs(steps - np.round(steps)) < 1e-6)
        assert np.round(steps).tolist() == sorted(np.round(steps).tolist())
    ends = [0.0] * (design.parts - 1)
    assert design.coordinates(0, 1).tolist() == [[*ends, 1.0]]
    assert design.coordinates(design.size - 1, 1).tolist() == [[1.0, *ends]]


def test_a_table_is_kept_by_value():
    rows = [[0.25, 1], [2, 3.5], [0.0, -1.0]]
    assert Table(rows) == Table(np.array(rows)) == Table(tuple(map(tuple, rows)))
    assert hash(Table(rows)) == hash(Table(np.array(rows)))
    assert whole(Table(rows)).tolist() == rows
    table = Table(rows)
    rows[0][0] = 9.0
    whole(table)[0, 0] = 9.0
    assert table.coordinates(0, 1).tolist() == [[0.25, 1.0]]


# --- Latin hypercube ----------------------------------------------------------------------


def strata(values, points):
    """Stratum of each coordinate, in exact arithmetic."""
    fractions = (value.as_integer_ratio() for value in values)
    return [top * points // bottom for top, bottom in fractions]


def test_each_stratum_of_each_factor_has_one_point_at_all_small_sizes():
    for points in range(1, 201):
        for column in whole(LatinHypercube(points, 2, points)).T:
            assert sorted(strata(column.tolist(), points)) == list(range(points))
            assert sorted(np.floor(column * points).tolist()) == list(range(points))


@pytest.mark.parametrize("points", [4095, 4096, 4097, 10007, 65536, 200_000])
def test_each_stratum_has_one_point_at_larger_sizes(points):
    for column in whole(LatinHypercube(points, 2, 0)).T:
        assert np.array_equal(np.sort(np.floor(column * points)), np.arange(points))


@pytest.mark.parametrize("points", [BILLION, 2**40 - 1, 2**40])
def test_the_strata_of_part_of_a_large_hypercube_differ_and_spread(points):
    rows = LatinHypercube(points, 2, 3).coordinates(points // 2, 20_000)
    for column in rows.T:
        images = strata(column.tolist(), points)
        assert np.floor(column * points).tolist() == images
        assert len(set(images)) == len(images)
        assert min(images) >= 0
        assert max(images) < points
        assert fits(np.bincount((column * 50).astype(int), minlength=50))
    assert abs(np.corrcoef(rows.T)[0, 1]) < 0.03


def fits(counts, shares=None):
    """Whether counts may come from cells of these shares, or equal ones (one miss in 10^5)."""
    expected = counts.sum() * (1 / len(counts) if shares is None else shares)
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1) > 1e-5


@pytest.mark.parametrize("points", [2, 3, 4, 5, 6])
def test_all_orders_of_few_strata_are_equally_likely(points):
    # Each factor has its own permutation: many factors are many permutations.
    columns = np.floor(whole(LatinHypercube(points, 15_000, 1)) * points).astype(np.int64)
    found, counts = np.unique(columns.T, axis=0, return_counts=True)
    assert list(map(tuple, found.tolist())) == list(itertools.permutations(range(points)))
    assert fits(counts)


@pytest.mark.parametrize("points", [7, 9, 25, 100, 5000])
def test_pairs_of_images_are_equally_likely(points):
    images = np.floor(LatinHypercube(points, 40_000, 2**63).coordinates(0, 2) * points)
    cells = np.minimum(points, 9)
    of_image = np.arange(points) * cells // points
    sizes = np.bincount(of_image)
    # Two images differ: a cell of n images has n (n - 1) ordered pairs of them.
    shares = (np.outer(sizes, sizes) - np.diag(sizes)).ravel() / (points * (points - 1))
    first, second = of_image[images.astype(np.int64)]
    counts = np.bincount(first * cells + second, minlength=cells**2)
    assert not counts[shares == 0].any()
    assert fits(counts[shares > 0], shares[shares > 0])


@pytest.mark.parametrize("points", [9, 25])
def test_odd_and_even_orders_are_equally_likely(points):
    columns = np.floor(whole(LatinHypercube(points, 2000, 4)) * points).astype(int)
    odd = round(sum((1 - np.linalg.det(np.eye(points)[order])) / 2 for order in columns.T))
    assert fits(np.array([odd, 2000 - odd]))


def test_the_place_within_a_stratum_is_uniform_and_apart_from_the_stratum():
    points = 20_000
    column = whole(LatinHypercube(points, 1, 9))[:, 0] * points
    places = column % 1.0
    assert fits(np.bincount((places * 40).astype(int), minlength=40))
    assert abs(np.corrcoef(places, np.floor(column))[0, 1]) < 0.03


def one_by_one(points, factor, seed, number):
    """A coordinate of a Latin hypercube, on Python integers without limit."""
    key = draws.key(seed)
    lefts = math.ceil(math.sqrt(points))
    lefts += lefts % 2
    rights = math.ceil(points / lefts)
    image = number
    while True:
        left, right = image // rights, image % rights
        for turn in range(32 if points < 4096 else 8):
            digit = left if turn % 2 else right
            high, low, _, _ = draws.philox(*key, digit, turn, factor, 2**32 - 1)
            function = high // 2 * 2**32 + low
            if turn % 2:
                right = (right + function) % rights
            else:
                left = (left + function) % lefts
        image = left * rights + right
        if image < points:
            break
    high, low, _, _ = draws.philox(*key, number % 2**32, number // 2**32, factor, 2**32 - 2)
    grid = 2 ** (50 - points.bit_length())
    place = (math.floor(draws.unit(high, low) * grid) + Fraction(1, 2)) / grid
    return float((image + place) / points)


@examples(60)
@given(st.one_of(st.integers(1, 50), st.integers(1, 2**40)), seeds, st.data())
def test_a_hypercube_is_the_published_cipher_with_cycle_walking(points, seed, data):
    number = data.draw(st.integers(0, points - 1))
    row = LatinHypercube(points, 3, seed).coordinates(number, 1)
    assert row.tolist() == [[one_by_one(points, factor, seed, number) for factor in range(3)]]


# --- Sobol' sequences ---------------------------------------------------------------------


def scipys(points, factors, seed):
    """The sequence by SciPy alone."""
    engine = qmc.Sobol(factors, bits=53, rng=np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return engine.random(points)


@examples(40)
@given(st.integers(1, 3000), st.integers(1, 8), seeds, st.data())
def test_a_sobol_design_is_scipys_sequence(points, factors, seed, data):
    first = data.draw(st.integers(0, points))
    count = data.draw(st.integers(0, points - first))
    rows = Sobol(points, factors, seed).coordinates(first, count)
    expected = scipys(points, factors, seed)[first : first + count]
    assert rows.tobytes() == expected.tobytes()


def test_each_single_point_of_a_sobol_design_can_be_had_alone():
    design = Sobol(600, 3, 1)
    alone = np.concatenate([design.coordinates(number, 1) for number in reversed(range(600))])
    assert alone[::-1].tobytes() == scipys(600, 3, 1).tobytes()


def test_numbers_of_points_that_are_no_power_of_two_cause_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for count in (0, 1, 3, 1000):
            Sobol(1000, 2, 3).coordinates(0, count)
            Sobol(1000, 2, 3).coordinates(1000 - count, count)
            Saltelli(1000, 2, 3, second_order=True).coordinates(0, count)


@pytest.mark.parametrize("first", [0, 2**20, BILLION // 256 * 256, 2**32 - 256, 2**52 + 512])
def test_each_aligned_block_has_one_point_in_each_stratum_however_far(first):
    rows = Sobol(2**53, 4, 11).coordinates(first, 256)
    for column in rows.T:
        assert np.array_equal(np.sort(np.floor(column * 256)), np.arange(256))


@pytest.mark.parametrize("edge", [2**16, 2**30, 2**31, 2**32, 2**33, 2**40, 2**52])
def test_drawing_on_and_starting_anew_agree_across_powers_of_two(edge):
    design = Sobol(2**53, 3, 2)
    together = design.coordinates(edge - 40, 80)
    for skipped in (1, 39, 40, 41, 79):
        apart = design.coordinates(edge - 40 + skipped, 80 - skipped)
        assert apart.tobytes() == together[skipped:].tobytes()


def test_threads_that_share_a_sobol_design_do_not_disturb_each_other():
    design, found = Sobol(800, 3, 8), {}

    def take(turn):
        for start in range(turn, 800, 8):
            found[start] = design.coordinates(start, 1)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take, args=(turn,)) for turn in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    joined = np.concatenate([found[start] for start in range(800)])
    assert joined.tobytes() == whole(design).tobytes()


# --- Saltelli's cross-sample --------------------------------------------------------------


def salibs(base, factors, seed, second_order, monkeypatch):
    """SALib's sample from a sequence of as many bits as ours."""
    problem = {"num_vars": factors, "names": list("abcdefgh")[:factors]}
    problem["bounds"] = [[0.0, 1.0]] * factors
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(salib_sample.qmc, "Sobol", functools.partial(qmc.Sobol, bits=53))
        return salib_sample.sample(
            problem, base, calc_second_order=second_order, seed=np.random.default_rng(seed)
        )


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize(
    ("base", "factors", "seed"), [(1, 1, 0), (8, 1, 1), (7, 2, 2), (16, 5, 2**64 - 1)]
)
def test_the_cross_sample_is_salibs(base, factors, seed, second_order, monkeypatch):
    ours = whole(Saltelli(base, factors, seed, second_order))
    expected = salibs(base, factors, seed, second_order, monkeypatch)
    assert ours.shape == (base * ((2 if second_order else 1) * factors + 2), factors)
    assert ours.tobytes() == expected.tobytes()


@examples(30)
@given(st.integers(1, 20), st.integers(1, 6), seeds, st.booleans())
def test_each_block_crosses_the_halves_of_one_point(base, factors, seed, second_order):
    points = whole(Sobol(base, 2 * factors, seed))
    expected = []
    for point in points.tolist():
        a, b = point[:factors], point[factors:]
        expected.append(a)
        for into, other in ((a, b), (b, a))[: 2 if second_order else 1]:
            for k in range(factors):
                expected.append([*into[:k], other[k], *into[k + 1 :]])
        expected.append(b)
    assert whole(Saltelli(base, factors, seed, second_order)).tolist() == expected


def test_salib_finds_the_indices_of_the_ishigami_function_on_our_sample():
    # Ishigami and Homma (1990) with a = 7, b = 0.1; indices in closed form.
    a, b = 7.0, 0.1
    x = (2.0 * whole(Saltelli(2**12, 3, 0, second_order=True)) - 1.0) * math.pi
    results = np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])
    problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[-math.pi, math.pi]] * 3}
    found = salib_analysis.analyze(problem, results, calc_second_order=True, seed=1)
    first = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    second, both = a**2 / 8.0, 8.0 * b**2 * math.pi**8 / 225.0
    total = first + second + both
    np.testing.assert_allclose(found["S1"], np.array([first, second, 0.0]) / total, atol=0.01)
    np.testing.assert_allclose(
        found["ST"], np.array([first + both, second, both]) / total, atol=0.01
    )
    assert found["S2"][0, 2] == pytest.approx(both / total, abs=0.02)


def test_a_normal_integral_over_a_sobol_design_is_exact_to_three_places():
    values = norm.ppf(whole(Sobol(2**12, 2, 6)))
    assert np.mean(np.prod(values**2, axis=1)) == pytest.approx(1.0, abs=5e-3)
