"""Many free runs, and the forecast they make."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import ensemble, history, paths, reading, weights
from alignsim.decision import LEADER_STANCES, TARGET_STANCES
from alignsim.model import AlignmentModel
from tests.strategies import changed, decided, examples, flat, lasting, with_allies

CRIMEA = reading.read("crimea-2014")
NEUTRAL = weights.read("neutral")


def same(one, other):
    """Whether two outcomes are the same, byte by byte."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_keys_name_every_decision_once():
    runs = ensemble.free_runs(CRIMEA, NEUTRAL, 1, seed=0)
    assert runs.decisions == [
        ("USA", "level", None),
        ("JPN", "level", None),
        ("KOR", "level", None),
        ("JPN", "engagement", None),
        ("KOR", "engagement", None),
        ("USA", "stance", "JPN"),
        ("USA", "stance", "KOR"),
        ("RUS", "stance", "JPN"),
        ("RUS", "stance", "KOR"),
    ]


def test_counts_sum_to_the_runs_at_every_step():
    runs = ensemble.free_runs(CRIMEA, NEUTRAL, 100, seed=0)
    sizes = {"level": 6, "engagement": 3, "stance": 3}
    keys = runs.decisions
    for key in keys:
        counts = runs.counts(key)
        assert counts.shape == (10, sizes[key[1]])
        assert (counts.sum(axis=1) == 100).all()
        assert (counts >= 0).all()
        assert runs.frequencies(key) == pytest.approx(counts / 100.0)
        for option in range(counts.shape[1]):
            assert counts[:, option].tolist() == (runs.chosen(key) == option).sum(axis=0).tolist()


def test_each_key_has_its_own_column():
    scenario = decided(CRIMEA, "JPN", "level", {"2014-03..2014-12": 1})
    scenario = decided(scenario, "KOR", "level", {"2014-03..2014-12": 2})
    scenario = decided(scenario, "JPN", "engagement", {"2014-03..2014-12": 0})
    scenario = decided(scenario, "KOR", "engagement", {"2014-03..2014-12": 1})
    scenario = decided(scenario, "USA", "level", {"2014-03..2014-12": 5})
    expected = {
        ("USA", "level", None): 5,
        ("JPN", "level", None): 1,
        ("KOR", "level", None): 2,
        ("JPN", "engagement", None): 0,
        ("KOR", "engagement", None): 1,
    }
    stances = itertools.product(("USA", "RUS"), ("JPN", "KOR"))
    for option, (actor, toward) in zip((0, 1, 2, 1), stances, strict=True):
        name = (LEADER_STANCES if actor == "USA" else TARGET_STANCES)[option]
        scenario = decided(scenario, actor, "stance", {"2014-03..2014-12": name}, toward)
        expected[actor, "stance", toward] = option
    runs = ensemble.free_runs(scenario, NEUTRAL, 3, seed=0)
    keys = runs.decisions
    taken = {key: set(runs.chosen(key).ravel().tolist()) for key in keys}
    assert taken == {key: {option} for key, option in expected.items()}


def test_the_same_seed_gives_the_same_bytes():
    one = ensemble.free_runs(CRIMEA, NEUTRAL, 50, seed=3)
    assert same(one.outcome, ensemble.free_runs(CRIMEA, NEUTRAL, 50, seed=3).outcome)
    assert not same(one.outcome, ensemble.free_runs(CRIMEA, NEUTRAL, 50, seed=4).outcome)


@examples(20)
@given(st.integers(0, 2**31), st.integers(2, 12), st.data())
def test_two_halves_are_the_whole(first, runs, data):
    half = data.draw(st.integers(1, runs - 1))
    whole = ensemble.free_runs(CRIMEA, NEUTRAL, runs, 0, first).outcome
    parts = [
        ensemble.free_runs(CRIMEA, NEUTRAL, count, 0, start).outcome
        for count, start in ((half, first), (runs - half, first + half))
    ]
    joined = [np.concatenate(pair) for pair in zip(*parts, strict=True)]
    assert same(whole, joined)


@pytest.mark.parametrize("runs", [0, -1])
def test_fewer_runs_than_one_are_refused(runs):
    with pytest.raises(ValueError, match="runs"):
        ensemble.free_runs(CRIMEA, NEUTRAL, runs, seed=0)


def test_frequencies_approach_the_probabilities_of_the_first_decision():
    # The leader decides first: its probabilities at the first step are the same in every run.
    model = AlignmentModel(lasting(CRIMEA, 1), NEUTRAL, rng=0).run_all()
    expected = np.array(model.decisions[0].probabilities)
    count = 2000
    runs = ensemble.free_runs(lasting(CRIMEA, 1), NEUTRAL, count, seed=0)
    error = np.sqrt(expected * (1.0 - expected) / count)
    got = runs.frequencies(("USA", "level", None))[0]
    assert (np.abs(got - expected) <= 4.0 * error + 1e-12).all()


def test_an_event_moves_the_forecast():
    """Severity, norms and followers: a worse breach brings both allies to higher levels."""
    mild, grave = (
        ensemble.free_runs(changed(CRIMEA, world__severity=severity), flat(), 300, seed=0)
        for severity in (0.1, 1.0)
    )
    for ally in ("JPN", "KOR"):
        key = (ally, "level", None)
        assert grave.chosen(key)[:, -1].mean() > mild.chosen(key)[:, -1].mean() + 0.2


def test_forty_allies_have_forty_columns():
    runs = ensemble.free_runs(with_allies(lasting(CRIMEA, 2), 40), NEUTRAL, 2, seed=0)
    keys = runs.decisions
    assert len(keys) == 1 + 4 * 40
    assert len({runs.chosen(key).tobytes() for key in keys}) > 10


# --- flat records ---------------------------------------------------------------------------


def test_rows_hold_the_forecast_beside_the_record():
    runs = ensemble.free_runs(CRIMEA, NEUTRAL, 200, seed=0)
    records = [r for r in history.documented(CRIMEA) if (r.decision, r.step) != ("stance", 1)]
    rows = paths.of_ensemble(runs, records)
    assert len(rows) == 9 * 10
    at = {(r["state"], r["decision"], r["toward"], r["date"]): r for r in rows}
    assert len(at) == len(rows)
    keys = runs.decisions
    for key in keys:
        for step, date in enumerate(CRIMEA.calendar.dates):
            row = at[(*key, date)]
            assert row["probabilities"] == runs.frequencies(key)[step].tolist()
            best = row["probabilities"].index(max(row["probabilities"]))
            names = {"USA": LEADER_STANCES, "RUS": TARGET_STANCES}
            modal = names[key[0]][best] if key[1] == "stance" else best
            assert row["modal"] == modal
            assert row["episode"] == "crimea-2014"
    documented = {name for name, row in at.items() if row["documented"] is not None}
    assert documented == {(r.state, r.decision, r.toward, r.date) for r in records}
    assert len(documented) < len(rows)
    japan = at["JPN", "level", None, "2014-08"]
    assert (japan["documented"], japan["low"], japan["high"]) == (2, 2, 3)
    pressed = at["USA", "stance", "KOR", "2014-03"]
    assert (pressed["documented"], pressed["low"], pressed["high"]) == ("press", "none", "press")


@pytest.mark.parametrize(
    ("seed", "first", "runs"), [(-1, 0, 5), (2**64, 0, 5), (0, -1, 5), (0, 2**32 - 3, 5)]
)
def test_a_seed_or_run_out_of_range_is_refused(seed, first, runs):
    scenario, neutral = reading.read("crimea-2014"), weights.read("neutral")
    with pytest.raises(ValueError, match="is not in 0 to"):
        ensemble.free_runs(scenario, neutral, runs, seed, first)
