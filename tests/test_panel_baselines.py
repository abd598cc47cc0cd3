"""Baselines of the world panel: known answers, what they may not see, and how sure they are."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from alignsim.baselines import SOFTENING
from alignsim.panel import baselines
from alignsim.panel.baselines import ALL, PLAIN, SAME, Mixed, intervals, leave_out
from alignsim.panel.panel_scores import log_score, unit_weights

pytest.importorskip("sklearn")
RATE, IDEAL, THREE, RIDGE = PLAIN
KINDS = (*PLAIN, SAME, ALL[6])  # and one mixture: the others would take long

World = tuple[pd.DataFrame, pd.Series, pd.Series]


def world(size: int = 40, bloc: int = 6, noise: float = 0.6, seed: int = 5) -> World:
    """States that join by their ideal point; the first are a bloc, and all of it joined."""
    rng = np.random.default_rng(seed)
    states = [f"S{number:02}" for number in range(size)]
    member = np.arange(size) < bloc
    ideal = rng.normal(size=size) + member
    features = pd.DataFrame(
        {
            "ideal_point": ideal,
            "nato": (rng.random(size) < 0.3).astype(float),
            "eu": member.astype(float),
            "trade": rng.normal(size=size),
            "troops": rng.exponential(size=size),
        },
        index=states,
    )
    joined = (ideal + rng.logistic(scale=noise, size=size) > 0.8) | member
    unit = pd.Series(np.where(member, "EU", states), states)
    return features, pd.Series(joined.astype(float), states), unit


def alone(features: pd.DataFrame) -> pd.Series:
    return pd.Series(features.index, features.index)


# --- known answers --------------------------------------------------------------------------


def test_names_and_order():
    assert [one.name for one in ALL] == [
        "base rate",
        "ideal point",
        "ideal point, NATO, EU",
        "penalised logit",
        "same as 2014",
        "base rate + same as 2014",
        "ideal point + same as 2014",
        "ideal point, NATO, EU + same as 2014",
        "penalised logit + same as 2014",
    ]


def test_base_rate_and_same_and_their_mixture_by_hand():
    states = ["FRA", "DEU", "USA", "CHN", "XKX"]
    features = pd.DataFrame(index=states)
    unit = pd.Series(["EU", "EU", "USA", "CHN", "XKX"], states)
    joined = pd.Series([1.0, 1.0, 1.0, 0.0], states[:4])
    # Three units, two of which joined: 2.5 / 4
    assert RATE.fit(features, joined, unit).p(features).to_numpy() == pytest.approx([0.625] * 5)
    same = [1 - SOFTENING] * 3 + [SOFTENING, 0.625]
    assert SAME.fit(features, joined, unit).p(features).to_numpy() == pytest.approx(same)
    mixed = ALL[5].fit(features, joined, unit).p(features)
    assert mixed.to_numpy() == pytest.approx((np.array(same) + 0.625) / 2)
    assert mixed.index.tolist() == states


def test_a_logit_is_the_mode_under_its_prior():
    features, joined, unit = world()
    weight = unit_weights(unit).to_numpy()
    columns = features[["ideal_point", "nato", "eu"]].to_numpy()
    centre = np.average(columns, axis=0, weights=weight)
    half = 2 * np.sqrt(np.average((columns - centre) ** 2, axis=0, weights=weight))
    scaled = (columns - centre) / [half[0], 1, 1]

    def loss(numbers: np.ndarray) -> float:
        logits = numbers[0] + scaled @ numbers[1:]
        fits = np.logaddexp(0, np.where(joined == 1, -logits, logits))
        return float(weight @ fits + (numbers[1:] ** 2).sum() / (2 * 2.5**2))

    best = minimize(loss, np.zeros(4), tol=1e-10).x
    expected = 1 / (1 + np.exp(-(best[0] + scaled @ best[1:])))
    got = THREE.fit(features, joined, unit).p(features)
    assert got.to_numpy() == pytest.approx(expected, abs=1e-5)


def test_the_penalty_is_the_best_of_those_tried_over_folds_of_whole_units():
    features, joined, unit = world()
    fold = pd.Series(baselines._folds(joined, unit), unit.index)
    assert fold.groupby(unit).nunique().max() == 1
    units = joined.groupby(unit).mean().to_frame("share")
    units["fold"] = fold.groupby(unit).first()
    assert units.groupby("fold").size().between(3, 4).all()
    assert np.ptp(units.groupby("fold")["share"].sum()) <= 1
    weight = unit_weights(unit)
    scores = {}
    for variance in baselines.STRENGTHS:
        p = pd.Series(np.nan, joined.index)
        for number in range(10):
            out = fold == number
            rows = features[~out]
            own = baselines._fitter(rows, tuple(rows), joined[~out], "deviation", variance)
            p[out] = own(weight[~out].to_numpy()).p(features[out])
        scores[variance] = log_score(p, joined, weight)
    assert baselines.strength(features, joined, unit) == max(scores, key=scores.__getitem__)


def test_noise_alone_gets_the_strongest_penalty_and_a_clear_cause_a_weak_one():
    features, joined, unit = world(size=60, noise=0.1)
    clear = baselines.strength(features, joined, unit)
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(60, 20)), features.index)
    noise.columns = [f"c{number}" for number in range(20)]
    assert baselines.strength(noise, joined, unit) < 0.1 <= clear


# --- properties -----------------------------------------------------------------------------


@settings(max_examples=4)
@given(st.integers(1, 9), st.integers(0, 50))
def test_a_bloc_of_many_like_members_fits_as_one_state(copies, seed):
    features, joined, _ = world(size=25, bloc=1, seed=seed)
    rows = [*features.index, *["S00"] * copies]
    names = [*features.index, *(f"T{number}" for number in range(copies))]
    unit = pd.Series(["S00" if row == "S00" else row for row in rows], names)
    grown = features.loc[rows].set_axis(names), joined.loc[rows].set_axis(names)
    for baseline in KINDS:
        single = baseline.fit(features, joined, alone(features)).p(features)
        many = baseline.fit(*grown, unit).p(features)
        assert many.to_numpy() == pytest.approx(single.to_numpy(), abs=1e-6)


@pytest.mark.parametrize("baseline", ALL, ids=lambda one: one.name)
def test_rows_may_come_in_any_order_and_the_units_of_measurement_do_not_matter(baseline):
    features, joined, unit = world()
    expected = baseline.fit(features, joined, unit).p(features)
    turned = baseline.fit(features[::-1], joined.sample(frac=1.0, random_state=1), unit[::-1])
    assert turned.p(features[features.columns[::-1]]).to_numpy() == pytest.approx(
        expected.to_numpy(), abs=1e-7
    )
    other = features.assign(ideal_point=features["ideal_point"] * 100 - 7)
    got = baseline.fit(other, joined, unit).p(other)
    assert got.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-7)


@pytest.mark.parametrize("baseline", ALL, ids=lambda one: one.name)
def test_states_without_an_outcome_change_nothing_and_are_forecast(baseline):
    features, joined, unit = world()
    known = joined.iloc[:30]
    got = baseline.fit(features, known, unit).p(features)
    expected = baseline.fit(features[:30], known, unit[:30]).p(features)
    pd.testing.assert_series_equal(got, expected)
    assert got.between(0, 1, inclusive="neither").all()
    assert got.index.equals(features.index)


@pytest.mark.parametrize("baseline", ALL, ids=lambda one: one.name)
def test_perfect_separation_and_columns_that_do_not_vary_stay_finite(baseline):
    features, _, unit = world()
    joined = (features["ideal_point"] > 0.5).astype(float)
    features = features.assign(nato=joined, eu=0.1, trade=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = baseline.fit(features, joined, unit)
    far = features.assign(eu=1.0, trade=3.0)
    for rows in (features, far):
        assert fitted.p(rows).between(0, 1, inclusive="neither").all()
    # What never varied has no weight.
    pd.testing.assert_series_equal(fitted.p(features), fitted.p(far))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_only_leaves_the_base_rate(outcome):
    features, joined, unit = world(size=20)
    only = joined * 0 + outcome
    rate = RATE.fit(features, only, unit).p(features)
    assert rate.iloc[0] == pytest.approx((15 * outcome + 0.5) / 16)
    for baseline in PLAIN:
        pd.testing.assert_series_equal(baseline.fit(features, only, unit).p(features), rate)


# --- out of sample --------------------------------------------------------------------------


def regions(joined: pd.Series) -> pd.Series:
    """The bloc in one region, the others in three."""
    region = pd.Series([f"r{number % 3}" for number in range(len(joined))], joined.index)
    region[:4] = "Europe"
    return region


def test_leave_out_is_a_fit_on_the_others():
    features, joined, unit = world(size=16, bloc=4)
    cases = [(one, regions(joined)) for one in KINDS] + [(THREE, unit)]
    for baseline, groups in cases:
        got = leave_out(baseline, features, joined, unit, groups)
        for state in ("S01", "S09"):
            rest = groups[groups != groups[state]].index
            own = baseline.fit(features.loc[rest], joined[rest], unit[rest])
            assert got[state] == own.p(features)[state]


@pytest.mark.parametrize("baseline", KINDS, ids=lambda one: one.name)
def test_the_outcomes_of_a_group_do_not_reach_its_own_forecast(baseline):
    features, joined, unit = world(size=16, bloc=4)
    groups = regions(joined)
    before = leave_out(baseline, features, joined, unit, groups)
    # An outlier is planted: no state of the bloc joins, then all of another region.
    for name, outcome in (("Europe", 0.0), ("r1", 1.0)):
        out = groups == name
        after = leave_out(baseline, features, joined.where(~out, outcome), unit, groups)
        pd.testing.assert_series_equal(before[out], after[out])
        assert (before[~out] != after[~out]).any()


def test_a_mixture_out_of_sample_is_the_mean_of_its_parts():
    features, joined, unit = world(size=20)
    parts = [leave_out(one, features, joined, unit, unit) for one in (IDEAL, SAME)]
    mixed = leave_out(Mixed("both", (IDEAL, SAME)), features, joined, unit, unit)
    assert mixed.to_numpy() == pytest.approx(((parts[0] + parts[1]) / 2).to_numpy())
    # What is left out has no record.
    rate = leave_out(RATE, features, joined, unit, unit)
    pd.testing.assert_series_equal(parts[1], rate)


# --- intervals ------------------------------------------------------------------------------


def test_intervals_are_of_the_seed_and_hold_the_forecast():
    features, joined, unit = world()
    for baseline in KINDS:
        got, again, other = (
            intervals(baseline, features, joined, unit, features, 30, seed) for seed in (0, 0, 1)
        )
        pd.testing.assert_frame_equal(got, again)
        assert baseline is SAME or not got.equals(other)
        p = baseline.fit(features, joined, unit).p(features)
        assert ((got["low"] <= p) & (p <= got["high"])).mean() > 0.8
        assert got.index.equals(features.index)
    sure = intervals(SAME, features, joined, unit, features, 20, 0)
    assert (sure["low"] == sure["high"]).all()  # a record is known, in whatever resample


def test_the_penalty_is_chosen_once(monkeypatch):
    features, joined, unit = world()
    asked = []
    choose = baselines.strength
    monkeypatch.setattr(
        baselines, "strength", lambda *data: asked.append(len(data[1])) or choose(*data)
    )
    intervals(RIDGE, features, joined, unit, features, 10, 0)
    assert asked == [len(joined)]


def test_a_resample_of_one_outcome_falls_back_on_the_base_rate():
    features, _, _ = world(size=6, bloc=0)
    joined = pd.Series([1.0, 0, 0, 0, 0, 0], features.index)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = intervals(IDEAL, features, joined, alone(features), features, 100, 0)
    # Without the only state that joined, a third of the resamples: 0.5 / 7
    assert got["low"].max() <= 0.5 / 7 + 1e-12
    assert np.isfinite(got.to_numpy()).all()


# --- what is refused ------------------------------------------------------------------------


def test_wrong_inputs_are_refused():
    features, joined, unit = world(size=12)
    cases = [
        ((features.drop(index="S03"), joined, unit), "^features: no S03"),
        ((features.drop(columns="ideal_point"), joined, unit), "no column ideal_point"),
        ((features.assign(ideal_point=np.nan), joined, unit), "^features: expected finite"),
        ((pd.concat([features, features[:1]]), joined, unit), "^features: S00 stands twice"),
        ((pd.concat([features] * 2, axis=1), joined, unit), "^features: a column stands twice"),
        ((features, joined + 1, unit), "^joined: expected 1 or 0"),
        ((features, joined[[]], unit), "^joined: no state"),
        ((features, joined, unit.drop("S03")), "^unit: no S03"),
        ((features, joined, unit.replace("S08", None)), "a state has no unit"),
    ]
    for arguments, words in cases:
        with pytest.raises(ValueError, match=words):
            IDEAL.fit(*arguments)
    fitted = IDEAL.fit(features, joined, unit)
    with pytest.raises(ValueError, match=r"no column ideal_point"):
        fitted.p(features[["nato"]])
    with pytest.raises(ValueError, match=r"^groups: expected two or more"):
        leave_out(IDEAL, features, joined, unit, unit * 0 + "all")
    with pytest.raises(ValueError, match=r"^groups: no S03"):
        leave_out(IDEAL, features, joined, unit, unit.drop("S03"))
    with pytest.raises(ValueError, match=r"^draws"):
        intervals(IDEAL, features, joined, unit, features, 0, 0)
