"""The nested sampler: against integrals done by quadrature, and interrupted against not."""

import itertools
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from alignsim import nested, refresh, rules
from alignsim.nested import Sample, Settings, Target
from alignsim.rules import Rule
from tests.studies import full_disk

SETTINGS = Settings(live_points=60, steps=15)
NODES = 20
"""Of Gauss-Hermite quadrature in each dimension: more change nothing."""


def rule(kind: int, centre: float = 1.0, spread: float = 1.0) -> Rule:
    """Eight decisions of an ally that mostly keeps to what was and sometimes follows."""
    columns = np.array(
        # options, before, leader, lowest, highest
        [
            (6, 0, 2, 0, 0),
            (6, 0, 2, 1, 1),
            (6, 1, 3, 1, 2),
            (6, 2, 3, 2, 2),
            (6, 2, 3, 3, 3),
            (3, 2, 3, 2, 2),
            (3, 2, 3, 1, 1),
            (3, 1, 3, 1, 1),
        ]
    ).T
    size, before, leader, low, high = (np.ascontiguousarray(part) for part in columns)
    severity = np.linspace(0.2, 1.0, len(size))
    return Rule(kind, math.log(centre), spread, size, before, leader, severity, low, high)


def target(kind: int) -> Target:
    return Target(rules.SIZES[kind], rule=rule(kind))


def quadrature(kind: int) -> tuple[float, np.ndarray]:
    """Log evidence and posterior mean of the coordinates, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / math.sqrt(2.0 * math.pi)
    grid = list(itertools.product(range(NODES), repeat=rules.SIZES[kind]))
    points = nodes[np.array(grid)]
    mass = np.prod(weights[np.array(grid)], axis=1)
    own = target(kind)
    likelihoods = np.exp([nested.evaluate(own, point) for point in points])
    evidence = float(mass @ likelihoods)
    return math.log(evidence), (mass * likelihoods) @ points / evidence


@pytest.mark.parametrize(
    "kind", [rules.PERSISTENCE, pytest.param(rules.FOLLOW, marks=pytest.mark.slow)]
)
def test_evidence_and_posterior_are_those_of_quadrature(kind):
    evidence, mean = quadrature(kind)
    found = nested.sample(target(kind), SETTINGS, seed=0)
    assert found.error < 0.3
    assert abs(found.evidence - evidence) < 3.0 * found.error
    own = found.weights @ found.normals
    spread = np.sqrt(found.weights @ (found.normals - own) ** 2)
    # Points are not independent: a live point stands for the walks that began at it.
    assert np.all(np.abs(own - mean) < 3.5 * spread / math.sqrt(SETTINGS.live_points))


@pytest.mark.slow
def test_the_error_of_the_evidence_is_no_less_than_repetition_shows():
    evidence, _ = quadrature(rules.PERSISTENCE)
    light = Settings(live_points=25, steps=15, remaining=0.3)
    found = [nested.sample(target(rules.PERSISTENCE), light, seed) for seed in range(20)]
    scaled = np.array([(one.evidence - evidence) / one.error for one in found])
    # Of standard normals: a mean within 3.5 standard errors, a spread up to its 99.9 % quantile.
    assert abs(scaled.mean()) < 3.5 / math.sqrt(len(scaled))
    assert scaled.std(ddof=1) < 1.6


def test_the_quadrature_has_converged(monkeypatch):
    before, _ = quadrature(rules.PERSISTENCE)
    monkeypatch.setattr(f"{__name__}.NODES", 40)
    assert quadrature(rules.PERSISTENCE)[0] == pytest.approx(before, abs=1e-3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_sample_and_another_another():
    first, again, other = (
        nested.sample(target(rules.PERSISTENCE), SETTINGS, seed) for seed in (0, 0, 1)
    )
    assert_same(first, again)
    assert first.evidence != other.evidence


def assert_same(first: Sample, second: Sample) -> None:
    for name in ("normals", "logs", "weights"):
        assert_array_equal(getattr(first, name), getattr(second, name))
    for name in ("evidence", "error", "information", "calls"):
        assert getattr(first, name) == getattr(second, name)


@pytest.mark.parametrize("after", [2, 150])
def test_an_interrupted_sample_resumes_to_the_same(after, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(nested, "CHECKPOINT_SECONDS", 0)
    whole = nested.sample(target(rules.PERSISTENCE), SETTINGS, seed=3)
    checkpoint = tmp_path / "sample.checkpoint"
    seen: list[int] = []

    def stop(iterations: int, remaining: float) -> None:
        seen.append(iterations)
        if iterations >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nested.sample(target(rules.PERSISTENCE), SETTINGS, 3, checkpoint, stop)
    assert checkpoint.exists()
    told: list[tuple[int, float]] = []
    resumed = nested.sample(
        target(rules.PERSISTENCE), SETTINGS, 3, checkpoint, lambda *state: told.append(state)
    )
    assert_same(whole, resumed)
    assert told[0][0] >= max(seen) - 1, "it began again"
    assert told[-1][1] < SETTINGS.remaining + 0.1


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:9],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: bytes(len(raw)),
        lambda raw: b"something else altogether",
        lambda raw: pickle.dumps({"sampler": None}),
    ],
    ids=["empty", "bytes", "half", "less", "zeros", "other", "no sampler"],
)
def test_c3_a_damaged_checkpoint_is_begun_anew(damage, tmp_path: Path, monkeypatch):
    """As compiled code that is damaged: the program stopped at it, at every later start."""
    monkeypatch.setattr(nested, "CHECKPOINT_SECONDS", 0)
    checkpoint = tmp_path / "sample.checkpoint"
    light = Settings(live_points=20, steps=5, remaining=1.0)
    whole = nested.sample(target(rules.PERSISTENCE), light, 3, checkpoint)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    assert_same(whole, nested.sample(target(rules.PERSISTENCE), light, 3, checkpoint))


def test_c4_a_checkpoint_that_cannot_be_written_is_named(tmp_path: Path):
    light = Settings(live_points=20, steps=5, remaining=1.0)
    checkpoint = tmp_path / "sample.checkpoint"
    evaluated = nested.sample(target(rules.PERSISTENCE), light, 3)
    assert evaluated.calls
    with full_disk(), pytest.raises(OSError, match="File too large") as caught:
        nested.sample(target(rules.PERSISTENCE), light, 3, checkpoint)
    assert caught.value.filename == str(checkpoint)
    assert [*tmp_path.iterdir()] == []


def test_a_walk_stays_above_the_bound_and_leaves_the_prior_alone():
    """Without a bound the walk has the prior as its stationary distribution."""
    own = target(rules.PERSISTENCE)
    rng = np.random.default_rng(0)
    points, reached = [], []
    point = np.zeros(2)
    for _ in range(400):
        point, log, taken, calls = nested._compiled_walk()(
            own.space, own.courses, own.rule, own.world, point, -1e9, np.eye(2),
            rng.standard_normal((8, 2)), rng.random(8),
        )  # fmt: skip
        assert taken <= calls <= 8
        points.append(point)
        reached.append(log)
    spread = np.std(points, axis=0)
    assert np.all(np.abs(np.mean(points, axis=0)) < 0.25)
    assert np.all(np.abs(spread - 1.0) < 0.15)
    bound = float(np.nanmedian(reached))
    above = next(p for p in points if nested.evaluate(own, p) > bound)
    for _ in range(50):
        above, log, taken, _ = nested._compiled_walk()(
            own.space, own.courses, own.rule, own.world, above, bound, np.eye(2),
            rng.standard_normal((8, 2)), rng.random(8),
        )  # fmt: skip
        assert np.isnan(log) if taken == 0 else log > bound
        assert nested.evaluate(own, above) > bound


def test_draws_are_of_the_posterior_and_repeat():
    found = nested.sample(target(rules.PERSISTENCE), SETTINGS, seed=0)
    draws = found.draws(4000, seed=0)
    assert_array_equal(draws, found.draws(4000, seed=0))
    assert not np.array_equal(draws, found.draws(4000, seed=1))
    mean = found.weights @ found.normals
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 0.02)
    assert 1.0 < found.effective < len(found.logs)
    assert found.information > 0.0


# --- draws moved on -------------------------------------------------------------------------


def collapsed(size: int) -> Sample:
    """A sample whose draws are all one point, far out."""
    points = 0.01 * np.random.default_rng(0).standard_normal((50, size)) + 2.5
    return Sample(points, np.zeros(50), np.full(50, 0.02), 0.0, 0.1, 1.0, 1)


@pytest.mark.slow
def test_steps_forget_where_draws_began():
    """From one lineage to the posterior of quadrature, in mean and spread."""
    _, mean = quadrature(rules.PERSISTENCE)
    own = target(rules.PERSISTENCE)
    draws = refresh.refreshed(own, collapsed(2), 150, 120, seed=0)
    whole = nested.sample(own, SETTINGS, seed=0)
    spread = np.sqrt(whole.weights @ (whole.normals - whole.weights @ whole.normals) ** 2)
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 4.0 * spread / math.sqrt(len(draws)))
    assert np.all(np.abs(draws.std(axis=0) / spread - 1.0) < 0.3)


def test_moved_draws_repeat_and_none_move_without_steps():
    own, found = target(rules.FOLLOW), collapsed(3)
    assert_array_equal(refresh.refreshed(own, found, 5, 0, seed=2), found.draws(5, seed=2))
    first, again = (refresh.refreshed(own, found, 5, 7, seed=2) for _ in range(2))
    assert_array_equal(first, again)
    assert not np.array_equal(first, found.draws(5, seed=2))


def test_two_draws_can_be_moved():
    draws = refresh.refreshed(target(rules.PERSISTENCE), collapsed(2), 2, 20, seed=0)
    assert np.all(np.isfinite(draws))
