"""Scores in which a unit counts once: by hand, against scikit-learn, and by their properties."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from alignsim.panel import panel_scores
from alignsim.panel.panel_scores import SCORES, auc, brier, calibration, log_score, unit_weights

STATES = list("ABCDEFGH")


def series(values) -> pd.Series:
    return pd.Series(list(values), STATES[: len(values)], dtype=float)


ones = unit_weights(pd.Series(list("ABCD"), list("ABCD")))


@st.composite
def samples(draw: st.DrawFn) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Forecasts on a grid, so that there are ties; outcomes of both kinds; units of 1 to 8."""
    size = draw(st.integers(2, 8))
    p = draw(st.lists(st.integers(1, 19), min_size=size, max_size=size))
    rest = draw(st.lists(st.integers(0, 1), min_size=size - 2, max_size=size - 2))
    unit = draw(st.lists(st.sampled_from("uvwxyz"), min_size=size, max_size=size))
    return series(p) / 20, series([1, 0, *rest]), pd.Series(unit, STATES[:size])


# --- by hand --------------------------------------------------------------------------------


def test_a_unit_counts_once():
    unit = pd.Series(["EU", "EU", "USA", "EU"], ["FRA", "DEU", "USA", "ITA"])
    assert unit_weights(unit).to_dict() == {"FRA": 1 / 3, "DEU": 1 / 3, "USA": 1, "ITA": 1 / 3}


def test_brier_and_log_score_by_hand():
    p, joined = series([0.9, 0.4, 0.2]), series([1, 1, 0])
    weight = series([0.5, 0.5, 1.0])
    # (.5 * .01 + .5 * .36 + .04) / 2
    assert brier(p, joined, weight) == pytest.approx(0.1125, abs=1e-15)
    expected = (0.5 * math.log(0.9) + 0.5 * math.log(0.4) + math.log(0.8)) / 2
    assert log_score(p, joined, weight) == pytest.approx(expected, abs=1e-15)


def test_auc_by_hand():
    # Pairs (joined, not), weights: (.7, .7) tie, 1 * 1 / 2; (.7, .1) right, 1 * 2;
    # (.3, .7) wrong, 3 * 1; (.3, .1) right, 3 * 2: (.5 + 2 + 6) / 12
    p, joined = series([0.7, 0.3, 0.7, 0.1]), series([1, 1, 0, 0])
    assert auc(p, joined, series([1, 3, 1, 2])) == pytest.approx(8.5 / 12, abs=1e-15)


def test_auc_of_one_class_is_missing():
    assert math.isnan(auc(series([0.5, 0.6]), series([1, 1]), series([1, 1])))
    assert math.isnan(auc(series([0.5, 0.6]), series([1, 0]), series([1, 0])))


def test_certain_and_wrong_is_minus_infinity_and_certain_and_right_is_zero():
    weight = series([1, 1])
    assert log_score(series([0.0, 1.0]), series([0, 1]), weight) == 0.0
    assert log_score(series([0.5, 1.0]), series([0, 0]), weight) == -math.inf
    assert log_score(series([0.5, 1.0]), series([0, 0]), series([1, 0])) == pytest.approx(
        math.log(0.5)
    )


def test_states_may_come_in_any_order():
    p, joined, weight = series([0.9, 0.4, 0.2]), series([1, 1, 0]), series([1, 2, 3])
    for score in (brier, log_score, auc):
        assert score(p[::-1], joined, weight.iloc[[1, 0, 2]]) == score(p, joined, weight)


def test_calibration_by_hand():
    p, joined = series([0.0, 0.1, 0.5, 0.9, 1.0]), series([0, 0, 1, 1, 0])
    got = calibration(p, joined, series([1, 3, 2, 1, 1]), [0, 0.25, 0.5, 0.75, 1])
    # 0.5 belongs to the bin that it opens, 1 to the last; the second bin is empty.
    assert got["bin_low"].tolist() == [0, 0.5, 0.75]
    assert got["bin_high"].tolist() == [0.25, 0.75, 1]
    assert got["forecast"].to_numpy() == pytest.approx([0.075, 0.5, 0.95])
    assert got["observed"].tolist() == [0, 1, 0.5]
    assert got["weight"].tolist() == [4, 2, 2]
    lows = [0, beta.ppf(0.05, 2.5, 0.5), beta.ppf(0.05, 1.5, 1.5)]
    highs = [beta.ppf(0.95, 0.5, 4.5), 1, beta.ppf(0.95, 1.5, 1.5)]
    assert got["low"].to_numpy() == pytest.approx(lows)
    assert got["high"].to_numpy() == pytest.approx(highs)


# --- against scikit-learn, and properties ---------------------------------------------------


@settings(max_examples=40)
@given(samples())
def test_as_scikit_learn(sample):
    metrics = pytest.importorskip("sklearn.metrics")
    p, joined, unit = sample
    weight = unit_weights(unit)
    told = {"sample_weight": weight}
    assert brier(p, joined, weight) == pytest.approx(metrics.brier_score_loss(joined, p, **told))
    assert log_score(p, joined, weight) == pytest.approx(-metrics.log_loss(joined, p, **told))
    assert auc(p, joined, weight) == pytest.approx(metrics.roc_auc_score(joined, p, **told))


@given(samples(), st.integers(1, 5))
def test_a_bloc_of_many_like_members_scores_as_one_state(sample, copies):
    p, joined, _ = sample
    names = [*p.index, *(f"A{number}" for number in range(copies))]
    rows = [*p.index, *["A"] * copies]
    unit = pd.Series(["EU" if row == "A" else row for row in rows], names)
    grown = [pd.Series(one[rows].to_numpy(), names) for one in (p, joined)]
    alone = unit_weights(pd.Series(p.index, p.index))
    for score in (brier, log_score, auc):
        assert score(*grown, unit_weights(unit)) == pytest.approx(score(p, joined, alone))


@given(samples())
def test_auc_sees_the_order_only(sample):
    p, joined, unit = sample
    weight = unit_weights(unit)
    got = auc(p, joined, weight)
    assert auc(p**3, joined, weight) == got
    assert auc(0.1 + p / 2, joined, weight) == got
    assert auc(1 - p, joined, weight) == pytest.approx(1 - got)


@given(samples(), st.floats(0.0, 1.0))
def test_no_constant_beats_the_share_that_joined(sample, constant):
    _, joined, unit = sample
    weight = unit_weights(unit)
    share = float(np.average(joined, weights=weight))
    best, other = (pd.Series(value, joined.index) for value in (share, constant))
    assert brier(best, joined, weight) <= brier(other, joined, weight) + 1e-12
    assert log_score(best, joined, weight) >= log_score(other, joined, weight) - 1e-12


@given(samples())
def test_ranges(sample):
    p, joined, unit = sample
    weight = unit_weights(unit)
    assert 0 <= brier(p, joined, weight) <= 1
    assert log_score(p, joined, weight) <= 0
    assert 0 <= auc(p, joined, weight) <= 1
    assert 0 < weight.max() <= 1
    assert weight.sum() == pytest.approx(unit.nunique())


# --- the table and its intervals ------------------------------------------------------------


def planted(size: int = 60) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    rng = np.random.default_rng(7)
    states = [f"S{number:02}" for number in range(size)]
    truth = rng.uniform(0.05, 0.95, size)
    joined = pd.Series((rng.random(size) < truth).astype(float), states)
    forecasts = pd.DataFrame({"truth": truth, "half": 0.5, "reversed": 1 - truth}, index=states)
    unit = pd.Series(["EU"] * 10 + states[10:], states)
    return forecasts, joined, unit


def test_a_table_has_the_scores_and_differences_of_every_forecaster():
    forecasts, joined, unit = planted()
    subsets = {"all": list(joined.index), "not EU": list(joined.index[10:])}
    got = panel_scores.table(forecasts, joined, unit, subsets, 200, 3, "half")
    assert got[["subset", "forecaster"]].to_numpy().tolist() == [
        [subset, name] for subset in subsets for name in forecasts.columns
    ]
    assert got["states"].tolist() == [60] * 3 + [50] * 3
    assert got["units"].tolist() == [51] * 3 + [50] * 3
    weight = unit_weights(unit)
    for place, name in enumerate(forecasts.columns):
        for score in SCORES:
            alone = getattr(panel_scores, score)(forecasts[name], joined, weight)
            assert got[score][place] == pytest.approx(alone)
    for score in SCORES:
        assert (got[f"{score}_low"] <= got[score]).all()
        assert (got[score] <= got[f"{score}_high"]).all()
        reference = got[got["forecaster"] == "half"].filter(like=f"{score}_difference")
        assert (reference == 0).all(axis=None)
        assert got[f"{score}_difference"][0] == pytest.approx(got[score][0] - got[score][1])
    # Brier: the truth is better than a half, and its reverse worse, beyond doubt.
    assert got["brier_difference_high"][0] < 0 < got["brier_difference_low"][2]


def test_the_seed_decides_and_other_subsets_do_not_matter():
    forecasts, joined, unit = planted()
    some = {"one": list(joined.index[5:30])}
    more = {"all": list(joined.index), **some}
    first, again, other = (
        panel_scores.table(forecasts, joined, unit, some, 50, seed, "half") for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    beside = panel_scores.table(forecasts, joined, unit, more, 50, 0, "half")
    pd.testing.assert_frame_equal(beside.iloc[3:].reset_index(drop=True), first)


def test_states_without_an_outcome_and_names_of_units_do_not_matter():
    forecasts, joined, unit = planted()
    got = panel_scores.bootstrap(forecasts, joined, unit, 50, 0, "half")
    longer = pd.concat([forecasts, pd.DataFrame({"truth": 0.3}, index=["XKX"])])
    named = pd.concat([unit.map("unit {}".format), pd.Series({"XKX": "EU"})])
    other = panel_scores.bootstrap(longer, joined, named, 50, 0, "half")
    pd.testing.assert_frame_equal(got, other)


def test_a_unit_is_drawn_whole():
    labels = np.array([0, 1, 0, 2, 0])
    counts = panel_scores.resamples(labels, 100, 0)
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 0] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(counts, axis=0)) > 1


def test_an_interval_covers_the_score_of_the_population():
    rng = np.random.default_rng(11)
    hits, trials, size = 0, 60, 60
    states = [f"S{number}" for number in range(size)]
    unit = pd.Series(states, states)
    for trial in range(trials):
        joined = pd.Series((rng.random(size) < 0.3).astype(float), states)
        forecasts = pd.DataFrame({"own": 0.6}, index=states)
        got = panel_scores.bootstrap(forecasts, joined, unit, 200, trial, "own").iloc[0]
        # Expected Brier score: .3 * .16 + .7 * .36
        hits += got["brier_low"] <= 0.3 <= got["brier_high"]
    assert 0.8 <= hits / trials <= 0.98


def test_resamples_of_one_class_are_left_out_of_the_auc_and_infinities_stay():
    joined = series([1, 0, 0])
    unit = pd.Series(joined.index, joined.index)
    forecasts = pd.DataFrame({"sure": [1.0, 1.0, 0.2], "own": [0.6, 0.3, 0.3]}, joined.index)
    got = panel_scores.bootstrap(forecasts, joined, unit, 300, 0, "own").set_index("forecaster")
    assert got.loc["own", ["auc", "auc_low", "auc_high"]].tolist() == [1, 1, 1]
    assert got.loc["sure", "log_score"] == got.loc["sure", "log_score_low"] == -math.inf
    assert -1 < got.loc["sure", "log_score_high"] <= 0
    only = panel_scores.bootstrap(forecasts, joined[["B", "C"]], unit, 50, 0, "sure")
    assert only.filter(like="auc").isna().all(axis=None)
    assert only["log_score_difference"].isna().tolist() == [True, False]


# --- what is refused ------------------------------------------------------------------------


def test_wrong_shapes_are_refused():
    p, joined, weight = series([0.9, 0.4]), series([1, 0]), series([1, 1])
    cases = [
        ((p, joined.replace(1.0, 2.0), weight), "^joined: expected 1 or 0"),
        ((p, joined.replace(1.0, math.nan), weight), "^joined: expected 1 or 0"),
        ((p + 0.2, joined, weight), "^forecast: expected probabilities"),
        ((p.replace(0.4, math.nan), joined, weight), "^forecast: expected probabilities"),
        ((p, joined, -weight), "^weight: expected finite"),
        ((p, joined, weight * 0), "^weight: expected finite"),
        ((series([0.9]), joined, weight), "expected the same states"),
        ((p.rename({"B": "X"}), joined, weight), "^p: no B"),
        ((p, joined.rename({"B": "A"}), weight), "^joined: A stands twice"),
        ((p[[]], joined[[]], weight[[]]), "^joined: no state"),
    ]
    for arguments, words in cases:
        for score in (brier, log_score, auc):
            with pytest.raises(ValueError, match=words):
                score(*arguments)
    for edges in ([0], [0, 0.5], [0.1, 1], [0, 0.5, 0.5, 1], [0, math.nan, 1]):
        with pytest.raises(ValueError, match=r"^edges"):
            calibration(p, joined, weight, edges)
    with pytest.raises(ValueError, match=r"a state has no unit"):
        unit_weights(pd.Series(["EU", None]))


def test_wrong_tables_are_refused():
    forecasts, joined, unit = planted(20)
    good = {"all": list(joined.index)}

    def refused(words: str, **changes: object) -> None:
        given = {"forecasts": forecasts, "joined": joined, "unit": unit, "subsets": good}
        given |= {"draws": 5, "seed": 0, "reference": "half"}
        with pytest.raises(ValueError, match=words):
            panel_scores.table(**(given | changes))

    refused("^subsets: none", subsets={})
    refused("^subset few: expected states", subsets={"few": []})
    refused("^subset few: expected states", subsets={"few": ["S01", "S01"]})
    refused("^subset few: no outcome of ATA", subsets={"few": ["S01", "ATA"]})
    refused("^forecasts: no S03", forecasts=forecasts.drop(index="S03"))
    refused("^unit: no S03", unit=unit.drop("S03"))
    refused("^reference: none", reference="none")
    refused("^draws", draws=0)
    refused("^forecasts: expected columns", forecasts=forecasts[["half", "half"]])
    refused("^forecasts: expected columns", forecasts=forecasts[[]])
