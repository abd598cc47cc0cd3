"""Many free runs, and the forecast they make."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import ensemble, history, paths, reading, timeline, weights
from alignsim.decision import LEADER_STANCES, TARGET_STANCES
from alignsim.model import AlignmentModel
from tests.strategies import changed, decided, differences, examples, flat, lasting, with_allies

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


@pytest.mark.slow
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


# --- runs that carry what is not known of the weights ---------------------------------------

DRAWN = (flat(0.2), flat(1.0, attention=4.0), flat(3.0, persistence=0.5))
"""Three unlike draws of a posterior."""


@pytest.mark.parametrize("name", ["crimea-2014", "ukraine-2022"])
def test_a_run_is_the_mesa_run_of_its_draw(name):
    scenario, centre = reading.read(name), weights.read("calibrated")
    runs = ensemble.posterior_runs(scenario, "calibrated", 12, seed=5)
    drawn = weights.read_draws("calibrated")
    assert [runs.parameters_of(run) for run in range(12)] == list(drawn[:12])
    assert runs.parameters == centre
    assert runs.runs == 12
    assert differences(runs, 0) == []
    # and of no other: all runs under the centre are other runs
    assert differences(ensemble.Ensemble(scenario, centre, 5, runs.outcome), 0) != []


@examples(10)
@given(st.integers(1, 10), st.integers(0, 2**64 - 1))
def test_draws_are_taken_in_turn(count, seed):
    runs = ensemble.of_draws(CRIMEA, NEUTRAL, DRAWN, count, seed)
    for run in range(count):
        assert runs.parameters_of(run) is DRAWN[run % 3]
        alone = ensemble.free_runs(CRIMEA, DRAWN[run % 3], 1, seed, first=run)
        assert same([part[run : run + 1] for part in runs.outcome], alone.outcome)


def test_a_difference_in_one_run_is_one_in_its_draw():
    """Negative control: draws in another order are seen."""
    runs = ensemble.of_draws(CRIMEA, NEUTRAL, DRAWN, 12, seed=0)
    turned = ensemble.Ensemble(CRIMEA, NEUTRAL, 0, runs.outcome, DRAWN[::-1])
    assert differences(runs, 0) == []
    assert differences(turned, 0) != []


def test_one_draw_gives_plain_free_runs():
    plain = ensemble.free_runs(CRIMEA, NEUTRAL, 20, seed=1)
    assert same(ensemble.of_draws(CRIMEA, NEUTRAL, (NEUTRAL,), 20, 1).outcome, plain.outcome)
    neutral = ensemble.posterior_runs(CRIMEA, "neutral", 20, seed=1)
    assert same(neutral.outcome, plain.outcome)
    assert neutral.parameters_of(7) == plain.parameters_of(7) == NEUTRAL


def test_posterior_runs_of_one_seed_are_the_same_bytes():
    made = [ensemble.posterior_runs(CRIMEA, "calibrated", 60, seed=s) for s in (3, 3, 4)]
    assert same(made[0].outcome, made[1].outcome)
    assert not same(made[0].outcome, made[2].outcome)
    assert [part.dtype for part in made[0].outcome] == [
        part.dtype for part in ensemble.free_runs(CRIMEA, NEUTRAL, 1, seed=0).outcome
    ]


def test_fewer_runs_than_draws_take_the_first_draws():
    few, many = (ensemble.of_draws(CRIMEA, NEUTRAL, DRAWN, count, 0) for count in (2, 8))
    assert same(few.outcome, [part[:2] for part in many.outcome])


def test_a_timeline_that_is_given_is_used():
    grave = changed(CRIMEA, world__severity=1.0)
    runs = ensemble.posterior_runs(CRIMEA, "neutral", 30, 0, timeline.build(grave))
    assert same(runs.outcome, ensemble.free_runs(grave, NEUTRAL, 30, seed=0).outcome)
    assert not same(runs.outcome, ensemble.free_runs(CRIMEA, NEUTRAL, 30, seed=0).outcome)


@pytest.mark.slow
def test_posterior_runs_are_wider_than_those_of_their_centre():
    """What is not known of the weights adds to what is left to chance."""
    key = ("JPN", "level", None)
    centre = weights.read("fitted-2022")
    sharp = ensemble.free_runs(CRIMEA, centre, 1000, seed=0).frequencies(key)
    wide = ensemble.posterior_runs(CRIMEA, "fitted-2022", 1000, seed=0).frequencies(key)
    entropy = [-np.sum(p * np.log(p + 1e-12), axis=1).mean() for p in (sharp, wide)]
    assert entropy[1] > entropy[0]


@pytest.mark.parametrize(("runs", "seed"), [(0, 0), (-1, 0), (5, -1), (5, 2**64)])
def test_posterior_runs_are_refused_as_free_runs_are(runs, seed):
    with pytest.raises(ValueError, match=r"runs|is not in 0 to"):
        ensemble.posterior_runs(CRIMEA, "neutral", runs, seed)


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
