"""What-ifs against their episode: measures by hand, and what common random numbers are worth."""

import math

import numpy as np
import pytest

from alignsim import comparison, ensemble, reading, weights
from alignsim.comparison import MEASURES, Z95
from alignsim.ensemble import Ensemble
from alignsim.kernel import Outcome
from tests.strategies import lasting

CRIMEA = reading.read("crimea-2014")
NEUTRAL = weights.read("neutral")


def rows_by(rows):
    return {(row["whatif"], row["state"], row["measure"]): row for row in rows}


# --- measures, by hand ----------------------------------------------------------------------


def fake(scenario, leader, japan, korea, engagement):
    """An ensemble of two runs and three steps; Korea engages as Japan does."""
    none = np.zeros((2, 3, 2), np.int8)
    outcome = Outcome(
        np.array(leader, np.int8),
        none,
        none,
        np.stack([np.array(japan, np.int8), np.array(korea, np.int8)], axis=2),
        np.stack([np.array(engagement, np.int8)] * 2, axis=2),
        np.zeros((2, 3)),
        np.zeros((2, 3)),
    )
    return Ensemble(scenario, NEUTRAL, 0, outcome)


@pytest.fixture
def by_hand(monkeypatch):
    """Differences between two tiny made-up ensembles."""
    base = lasting(CRIMEA, 3)
    variant = base.derived("other")
    idle = [[0, 0, 0], [0, 0, 0]]
    made = {
        base.name: fake(base, [[1, 2, 3], [3, 3, 3]], [[0, 1, 2], [2, 3, 1]], idle, [[1] * 3] * 2),
        "other": fake(
            variant, [[1, 2, 3], [3, 3, 3]], [[2, 2, 2], [0, 0, 0]], idle, [[0, 1, 2], [2, 1, 0]]
        ),
    }
    monkeypatch.setattr(ensemble, "free_runs", lambda scenario, *_: made[scenario.name])
    return rows_by(comparison.compare(base, [variant], NEUTRAL, 2, 0))


@pytest.mark.parametrize(
    ("measure", "base", "changed", "difference", "error"),
    [
        # a run each: base and changed; the error is the standard deviation over the root of two
        ("joined at the end", 0.5, 0.5, 0.0, 0.0),  # 1, 0 and 1, 0
        ("level at the end", 1.5, 1.0, -0.5, 0.5),  # 2, 1 and 2, 0: 0, -1
        ("mean level", 1.5, 1.0, -0.5, 1.5),  # 1, 2 and 2, 0: 1, -2
        ("first joining", 1.0, 1.5, 0.5, 2.5),  # 2, 0 and 0, never (3): -2, 3
        ("engagement at the end", 1.0, 1.0, 0.0, 1.0),  # 1, 1 and 2, 0: 1, -1
    ],
)
def test_measures_by_hand(by_hand, measure, base, changed, difference, error):
    row = by_hand["other", "JPN", measure]
    assert (row["base"], row["changed"], row["difference"]) == (base, changed, difference)
    assert row["low"] == pytest.approx(difference - 1.959964 * error, abs=1e-6)
    assert row["high"] == pytest.approx(difference + 1.959964 * error, abs=1e-6)


def test_a_state_that_never_joins_counts_all_steps(by_hand):
    row = by_hand["other", "KOR", "first joining"]
    assert (row["base"], row["changed"]) == (3.0, 3.0)


def test_every_state_but_the_target_is_measured_and_the_leader_engages_with_no_one(by_hand):
    states = {(state, measure) for _, state, measure in by_hand}
    expected = {(state, measure) for state in ("USA", "JPN", "KOR") for measure in MEASURES}
    assert states == expected - {("USA", "engagement at the end")}


def test_the_interval_holds_95_percent_of_the_normal_distribution():
    assert math.erf(Z95 / math.sqrt(2.0)) == pytest.approx(0.95, abs=1e-12)


# --- common random numbers ------------------------------------------------------------------


def test_the_same_scenario_under_another_name_makes_no_difference():
    rows = comparison.compare(CRIMEA, [CRIMEA.derived("same")], NEUTRAL, 50, 0)
    assert len(rows) == 14
    for row in rows:
        assert row["base"] == row["changed"]
        assert (row["difference"], row["low"], row["high"]) == (0.0, 0.0, 0.0)


def test_one_run_has_no_interval():
    settled = reading.read("islands-settled")
    for row in comparison.compare(CRIMEA, [settled], NEUTRAL, 1, 0):
        assert row["low"] == row["difference"] == row["high"]


@pytest.mark.slow
def test_pairing_narrows_the_interval():
    runs = 200
    settled = reading.read("islands-settled")
    row = rows_by(comparison.compare(CRIMEA, [settled], NEUTRAL, runs, 0))[
        "islands-settled", "JPN", "mean level"
    ]
    key = ("JPN", "level", None)
    sides = [
        ensemble.free_runs(scenario, NEUTRAL, runs, 0).chosen(key).mean(axis=1)
        for scenario in (CRIMEA, settled)
    ]
    unpaired = Z95 * math.sqrt(sum(side.var(ddof=1) for side in sides) / runs)
    paired = (row["high"] - row["low"]) / 2.0
    assert 0.0 < paired < 0.8 * unpaired
    assert row["difference"] == pytest.approx(sides[1].mean() - sides[0].mean())


def test_until_the_cause_reaches_them_twins_decide_alike():
    """Only Japan's own inputs change: in the first step nobody else decides otherwise."""
    one, other = (
        ensemble.free_runs(scenario, NEUTRAL, 100, 0)
        for scenario in (CRIMEA, reading.read("islands-settled"))
    )
    for key in (
        ("USA", "level", None),
        ("USA", "stance", "KOR"),
        ("RUS", "stance", "KOR"),
        ("KOR", "level", None),
        ("KOR", "engagement", None),
    ):
        assert (one.chosen(key)[:, 0] == other.chosen(key)[:, 0]).all()
    japan = ("JPN", "level", None)
    assert (one.chosen(japan)[:, 0] != other.chosen(japan)[:, 0]).any()


def test_several_what_ifs_stand_against_one_base():
    variants = [reading.read(name) for name in ("islands-settled", "full-invasion-2014")]
    together = comparison.compare(CRIMEA, variants, NEUTRAL, 20, 0)
    apart = [
        row for variant in variants for row in comparison.compare(CRIMEA, [variant], NEUTRAL, 20, 0)
    ]
    assert together == apart
    assert {row["episode"] for row in together} == {"crimea-2014"}
