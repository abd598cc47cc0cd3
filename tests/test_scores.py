"""Scores, on cases worked by hand and on properties that hold for any forecast."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import scores
from alignsim.scores import Score


def distributions(size: int, lowest: int = 0) -> st.SearchStrategy[list[float]]:
    """Distributions over options, some of them with impossible ones where lowest is 0."""
    weights = st.lists(st.integers(lowest, 1000), min_size=size, max_size=size).filter(any)
    return weights.map(lambda drawn: [weight / sum(drawn) for weight in drawn])


@st.composite
def forecasts(draw: st.DrawFn, lowest: int = 0) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(2, 6))
    steps = draw(st.integers(1, 5))
    rows = draw(st.lists(distributions(count, lowest), min_size=steps, max_size=steps))
    observed = draw(st.lists(st.integers(0, count - 1), min_size=steps, max_size=steps))
    return np.array(rows), np.array(observed)


@st.composite
def pairs(draw: st.DrawFn, lowest: int = 0) -> tuple[list[float], list[float]]:
    count = draw(st.integers(2, 6))
    return draw(distributions(count, lowest)), draw(distributions(count, lowest))


# --- smoothing and the modal option -------------------------------------------------------


def test_smoothed_by_hand():
    # 3 runs over 3 options: (0 + .5, 1 + .5, 2 + .5) / (3 + 1.5) = (1, 3, 5) / 9
    # no run: (.5, .5, .5) / 1.5 = 1/3 each
    got = scores.smoothed([[0, 1, 2], [0, 0, 0]])
    assert got == pytest.approx(np.array([[1 / 9, 3 / 9, 5 / 9], [1 / 3] * 3]), abs=1e-15)


def test_smoothed_counts_each_row_by_its_own_runs():
    # (1.5, .5) / 2 and (9.5, .5) / 10
    got = scores.smoothed([[1, 0], [9, 0]])
    assert got == pytest.approx(np.array([[0.75, 0.25], [0.95, 0.05]]), abs=1e-15)


@given(st.integers(2, 6).flatmap(lambda k: st.lists(st.integers(0, 10**6), min_size=k, max_size=k)))
def test_smoothed_sums_to_one_and_excludes_nothing(counts):
    row = scores.smoothed([counts])[0]
    assert row.sum() == pytest.approx(1.0, abs=1e-12)
    assert (row > 0).all()
    assert np.isfinite(scores.log_score([row], [int(np.argmin(row))]))


@pytest.mark.parametrize(
    "counts", [[1, 2], [[1]], [[-1, 2]], [[0.5, 2]], [[math.nan, 1]], [[math.inf, 1]]]
)
def test_smoothed_refuses(counts):
    with pytest.raises(ValueError, match=r"^counts"):
        scores.smoothed(counts)


def test_modal_is_the_lowest_at_a_tie():
    rows = [[0.2, 0.3, 0.5], [0.4, 0.2, 0.4], [0.2, 0.4, 0.4], [1 / 3, 1 / 3, 1 / 3]]
    assert scores.modal(rows).tolist() == [2, 0, 1, 0]


# --- ranked probability score -------------------------------------------------------------


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        # forecast (.2, .5, .3): cumulative .2, .7 at the two thresholds
        (0, 0.365),  # observed 1, 1: (.64 + .09) / 2
        (1, 0.065),  # observed 0, 1: (.04 + .09) / 2
        (2, 0.265),  # observed 0, 0: (.04 + .49) / 2
    ],
)
def test_rps_of_three_options_by_hand(observed, expected):
    got = scores.ranked_probability_score([[0.2, 0.5, 0.3]], [observed])
    assert got == pytest.approx(expected, abs=1e-15)


def test_rps_is_the_mean_over_steps():
    # (.365 + .265) / 2, from the case above
    got = scores.ranked_probability_score([[0.2, 0.5, 0.3]] * 2, [0, 2])
    assert got == pytest.approx(0.315, abs=1e-15)


@pytest.mark.parametrize(
    ("observed", "squares"), [(0, 55), (1, 31), (2, 19), (3, 19), (4, 31), (5, 55)]
)
def test_rps_of_the_uniform_forecast_of_a_level(observed, squares):
    # cumulative k/6, k = 1..5. Observed j: sum of (k/6)^2 for k <= j and (1 - k/6)^2 beyond, / 5:
    # j = 0: 25+16+9+4+1 = 55; j = 1: 1 + 16+9+4+1 = 31; j = 2: 1+4 + 9+4+1 = 19; then mirrored;
    # all over 36 * 5 = 180
    got = scores.ranked_probability_score([[1 / 6] * 6], [observed])
    assert got == pytest.approx(squares / 180, abs=1e-15)


def test_rps_grows_with_distance_where_the_log_score_does_not():
    near, far = [[0.1, 0.9, 0.0]], [[0.1, 0.0, 0.9]]
    # near: cumulative .1, 1.0 against 1, 1: .81 / 2; far: .1, .1: (.81 + .81) / 2
    assert scores.ranked_probability_score(near, [0]) == pytest.approx(0.405, abs=1e-15)
    assert scores.ranked_probability_score(far, [0]) == pytest.approx(0.81, abs=1e-15)
    assert scores.log_score(near, [0]) == scores.log_score(far, [0])


def test_rps_reaches_both_ends():
    assert scores.ranked_probability_score(np.eye(6), range(6)) == 0.0
    assert scores.ranked_probability_score([[1.0, 0, 0], [0, 0, 1.0]], [2, 0]) == 1.0


@given(forecasts())
def test_rps_is_within_zero_and_one(case):
    assert 0.0 <= scores.ranked_probability_score(*case) <= 1.0 + 1e-12


@given(forecasts())
def test_rps_does_not_care_which_end_is_low(case):
    rows, observed = case
    mirrored = scores.ranked_probability_score(rows[:, ::-1], rows.shape[1] - 1 - observed)
    assert mirrored == pytest.approx(scores.ranked_probability_score(rows, observed), abs=1e-12)


@given(pairs())
def test_rps_is_strictly_proper(case):
    # Expected score of p under q exceeds that of q by the squared distance of their cumulative
    # probabilities over K - 1: least, and zero, at p = q.
    p, q = case
    count = len(q)

    def expected(forecast):
        return sum(
            q[option] * scores.ranked_probability_score([forecast], [option])
            for option in range(count)
        )

    excess = np.sum((np.cumsum(p) - np.cumsum(q))[:-1] ** 2) / (count - 1)
    assert expected(p) - expected(q) == pytest.approx(excess, abs=1e-12)


# --- log score ----------------------------------------------------------------------------


def test_log_score_by_hand():
    # (ln .5 + ln .125) / 2 = -(ln 2 + 3 ln 2) / 2 = -2 ln 2
    got = scores.log_score([[0.5, 0.5], [0.875, 0.125]], [0, 1])
    assert got == pytest.approx(-2 * math.log(2), abs=1e-15)


def test_log_score_of_the_uniform_forecast_is_minus_log_of_the_options():
    assert scores.log_score([[1 / 6] * 6] * 3, [0, 3, 5]) == pytest.approx(-math.log(6), abs=1e-15)


@pytest.mark.filterwarnings("error")
def test_log_score_at_both_ends():
    assert scores.log_score(np.eye(3), range(3)) == 0.0
    assert scores.log_score([[1.0, 0.0], [0.5, 0.5]], [1, 1]) == -math.inf


def test_c22_numbers_of_few_digits_are_scored_with_all():
    # ln .5 to sixteen digits, though .5 comes as a number of seven
    assert scores.log_score(np.float32([[0.5, 0.5]]), [0]) == pytest.approx(-math.log(2), abs=1e-15)


@given(forecasts(lowest=1))
def test_log_score_is_never_positive(case):
    assert scores.log_score(*case) <= 0.0


@given(pairs(lowest=1))
def test_log_score_is_strictly_proper(case):
    # What p loses under q is the Kullback-Leibler divergence of p from q: zero at p = q only.
    p, q = case

    def expected(forecast):
        return sum(q[option] * scores.log_score([forecast], [option]) for option in range(len(q)))

    divergence = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert expected(q) - expected(p) == pytest.approx(divergence, abs=1e-12)
    assert expected(p) <= expected(q) + 1e-12


# --- side and joining ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observed", "expected"), [(0, 0.3), (1, 0.3), (2, 0.7), (3, 0.7), (5, 0.7)]
)
def test_side_probability(observed, expected):
    # not joined: .1 + .2; joined, from level 2 up: .3 + .25 + .1 + .05
    row = [0.1, 0.2, 0.3, 0.25, 0.1, 0.05]
    assert scores.side_probability(row, observed) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ([2], 0),
        ([0, 1, 2, 3], 2),
        ([0, 5, 0], 1),  # joining counts even if it is taken back
        ([0, 1, 1], 3),  # never: the number of steps
    ],
)
def test_first_joining(path, step):
    assert scores.first_joining(path) == step


@pytest.mark.parametrize(
    ("forecast", "observed", "error"),
    [
        ([0, 0, 0, 2], [0, 2, 2, 2], 2),  # step 3 instead of 1: two late
        ([3, 3, 3, 3], [1, 1, 2, 2], -2),  # step 0 instead of 2: two early
        ([0, 5, 5, 5], [1, 2, 2, 2], 0),
        ([0, 0, 0, 0], [0, 2, 2, 2], 3),  # never (4) instead of 1
        ([0, 0, 2, 2], [0, 0, 0, 0], -2),  # 2 instead of never (4)
        ([1, 1, 1, 1], [0, 0, 0, 0], 0),  # never, rightly
    ],
)
def test_join_error(forecast, observed, error):
    assert scores.join_error(forecast, observed) == error


def test_share_within():
    # off by 0, 1, 2, 1
    forecast, observed = [0, 1, 2, 4], [0, 2, 0, 3]
    assert [scores.share_within(forecast, observed, d) for d in range(3)] == [0.25, 0.75, 1.0]


# --- all of them --------------------------------------------------------------------------

ROWS = [[0.5, 0.25, 0.25, 0.0], [0.25, 0.25, 0.5, 0.0]]
OBSERVED = [0, 3]


def test_score_of_a_level():
    # rps: cumulative .5 .75 1 against 1 1 1: .25 + .0625 = .3125; .25 .5 1 against 0 0 0:
    # .0625 + .25 + 1 = 1.3125; mean of thirds: 1.625 / 6. The log score is infinite: option 3
    # had no probability. Modal 0, 2: one exact hit, both within one. Joined at the end: .5;
    # modal and documented join at step 1 alike.
    assert scores.score(ROWS, OBSERVED, "level") == Score(
        rps=pytest.approx(1.625 / 6, abs=1e-15),
        log_score=-math.inf,
        p_documented_side=0.5,
        share_exact=0.5,
        share_within_one=1.0,
        join_error_steps=0,
    )


def test_score_of_a_level_takes_the_side_of_the_last_step():
    # Documented: joins at step 0, leaves at step 1. Not joined at the end: .25 + .25.
    # The modal path 0, 2 joins at step 1, one late.
    got = scores.score(ROWS, [2, 0], "level")
    assert (got.p_documented_side, got.join_error_steps) == (0.5, 1)
    got = scores.score([[0.0, 0.0, 1.0], [0.5, 0.375, 0.125]], [2, 0], "level")
    assert (got.p_documented_side, got.join_error_steps) == (0.875, 0)


def test_c22_the_side_at_the_end_is_that_of_the_last_of_three_steps():
    # at the last step .5 + .25 of levels 2 and 3, and level 3 is documented; at the others .0
    joined = [0.25, 0.0, 0.5, 0.25]
    got = scores.score([[0.5, 0.5, 0.0, 0.0]] * 2 + [joined], [0, 0, 3], "level")
    assert got.p_documented_side == 0.75


def test_c22_two_options_off_are_not_within_one():
    # modal 0 throughout, documented 0, 1, 2 and 3: off by 0, 1, 2, 3
    got = scores.score([[0.5, 0.25, 0.125, 0.125]] * 4, [0, 1, 2, 3], "level")
    assert (got.share_exact, got.share_within_one) == (0.25, 0.5)


@pytest.mark.parametrize("kind", ["engagement", "stance"])
def test_score_of_other_ordered_decisions_has_no_side(kind):
    got = scores.score(ROWS, OBSERVED, kind)
    assert (got.p_documented_side, got.join_error_steps) == (None, None)
    assert (got.rps, got.share_within_one) == (pytest.approx(1.625 / 6, abs=1e-15), 1.0)


def test_score_of_a_nominal_stance_knows_no_distance():
    # (ln .5 + ln .25) / 2 = -1.5 ln 2; modal 0, 0 against 0, 1
    got = scores.score([[0.5, 0.25, 0.25]] * 2, [0, 1], "stance", ordinal=False)
    expected = pytest.approx(-1.5 * math.log(2), abs=1e-15)
    assert got == Score(None, expected, None, 0.5, None, None)


def test_mean_score_leaves_out_what_is_not_there():
    level = Score(0.2, -1.0, 0.9, 1.0, 1.0, 3)
    early = Score(0.4, -2.0, 0.6, 0.5, 0.5, -2)
    nominal = Score(None, -6.0, None, 0.0, None, None)
    # log: -9 / 3; exact: 1.5 / 3; the others over two; join: (3 - 2) / 2, signed
    got = scores.mean_score([level, early, nominal])
    wanted = Score(0.3, -3.0, 0.75, 0.5, 0.75, 0.5)
    for field in fields(Score):
        assert getattr(got, field.name) == pytest.approx(getattr(wanted, field.name), abs=1e-15)


def test_mean_score_of_nothing_known_is_none():
    nominal = Score(None, -1.0, None, 1.0, None, None)
    assert scores.mean_score([nominal, nominal]) == nominal
    with pytest.raises(ValueError, match="none given"):
        scores.mean_score([])


# --- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([0.5, 0.5], "shape"),
        (np.empty((0, 3)), "shape"),
        ([[1.0]], "shape"),
        ([[[0.5, 0.5]]], "shape"),
        ([[0.5, 0.5], [0.5, 0.4]], "row 1 does not sum"),
        ([[0.5, 0.5 + 1e-8]], "row 0 does not sum"),
        ([[1.5, -0.5]], "negative"),
        ([[math.nan, 1.0]], "finite"),
        ([[math.inf, 0.0]], "finite"),
    ],
)
def test_broken_probabilities_are_refused(rows, match):
    observed = [0] * len(rows)
    for call in (
        lambda: scores.modal(rows),
        lambda: scores.ranked_probability_score(rows, observed),
        lambda: scores.log_score(rows, observed),
        lambda: scores.score(rows, observed, "engagement"),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def test_rounding_of_a_row_is_accepted():
    assert scores.modal([[0.5, 0.5 + 1e-10]]).tolist() == [1]


@pytest.mark.parametrize("observed", [[0], [0, 1, 1], [0, 2], [0, -1], [0.0, 1.0], [[0, 1]], []])
def test_broken_observations_are_refused(observed):
    rows = [[0.5, 0.5], [0.5, 0.5]]
    for call in (
        lambda: scores.ranked_probability_score(rows, observed),
        lambda: scores.log_score(rows, observed),
        lambda: scores.score(rows, observed, "engagement"),
    ):
        with pytest.raises(ValueError, match=r"^observed"):
            call()


@pytest.mark.parametrize(
    ("row", "observed", "match"),
    [
        ([0.5, 0.5], 0, "shape"),  # no option counts as joined
        ([[0.5, 0.3, 0.2]], 0, "shape"),
        ([0.5, 0.3, 0.1], 0, "sum to one"),
        ([0.5, 0.3, 0.2], 3, "beyond"),
        ([0.5, 0.3, 0.2], -1, "negative"),
    ],
)
def test_side_probability_refuses(row, observed, match):
    with pytest.raises(ValueError, match=match):
        scores.side_probability(row, observed)


def test_broken_paths_are_refused():
    with pytest.raises(ValueError, match="one per step"):
        scores.first_joining([])
    with pytest.raises(ValueError, match="2 and 3 steps"):
        scores.join_error([0, 2], [0, 2, 2])
    with pytest.raises(ValueError, match="1 and 2 steps"):
        scores.share_within([0], [0, 2], 1)
    with pytest.raises(ValueError, match="distance"):
        scores.share_within([0], [0], -1)


def test_c22_the_path_that_is_broken_is_named():
    with pytest.raises(ValueError, match=r"^path: expected"):
        scores.first_joining([0.5])
    with pytest.raises(ValueError, match=r"^path: an option"):
        scores.first_joining([-1])
    with pytest.raises(ValueError, match=r"^modal path: "):
        scores.join_error([0.5], [0])
    with pytest.raises(ValueError, match=r"^observed: "):
        scores.join_error([0], [0.5])


@pytest.mark.parametrize(
    "path", [np.empty(0, dtype=np.int64), np.zeros((2, 2), dtype=np.int64), np.int64(1)]
)
def test_c22_a_path_has_one_dimension_and_at_least_one_step(path):
    for call in (
        lambda: scores.first_joining(path),
        lambda: scores.share_within(path, path, 0),
        lambda: scores.log_score([[0.5, 0.5]] * 2, path),
    ):
        with pytest.raises(ValueError, match="one per step"):
            call()


def test_score_refuses_a_kind_it_does_not_know_and_levels_without_order():
    with pytest.raises(ValueError, match="'stances'"):
        scores.score(ROWS, OBSERVED, "stances")
    with pytest.raises(ValueError, match="level have an order"):
        scores.score(ROWS, OBSERVED, "level", ordinal=False)
