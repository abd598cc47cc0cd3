"""One theory, two engines: the compiled kernel and the Mesa model agree exactly.

Here on any structure that hypothesis makes and on the shipped episodes; ``test_parity_random``
does so on 2,000 random cases, or as many as ``ALIGNSIM_PARITY_CASES`` says.
"""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import draws, ensemble, kernel, reading, situation, timeline, weights
from alignsim.kernel import Outcome
from tests.strategies import (
    EPISODES,
    decided,
    differences,
    examples,
    flat,
    lasting,
    parameter_sets,
    scenarios,
    seeds,
    with_allies,
)

NEUTRAL = weights.read("neutral")
COMPILED = not numba.config.DISABLE_JIT


@pytest.mark.slow
@examples(200, shrink=False)
@given(
    scenario=scenarios(),
    parameters=parameter_sets(),
    seed=seeds,
    first=st.one_of(st.integers(0, 50), st.integers(0, 2**32 - 2)),
)
def test_the_engines_agree_on_any_scenario(scenario, parameters, seed, first):
    assert differences(ensemble.free_runs(scenario, parameters, 2, seed, first), first) == []


NOISY = flat(
    0.5,
    precision=1.0,
    persistence=0.6,
    attention=3.0,
    abstention_premium=1.0,
    energy_drift=0.3,
    alignment_rise=0.3,
    threat_rise=0.3,
)
"""So noisy that every option is taken now and then."""


@pytest.mark.parametrize("parameters", [NEUTRAL, NOISY], ids=lambda parameters: parameters.name)
@pytest.mark.parametrize("name", EPISODES)
def test_the_engines_agree_on_the_shipped_episodes(name, parameters):
    runs = ensemble.free_runs(reading.read(name), parameters, 20, seed=0)
    assert differences(runs, 0) == []


@pytest.mark.parametrize("attention", [0.0, 0.5, 10.0, weights.MAX_NUMBER])
@pytest.mark.parametrize("name", EPISODES)
def test_the_engines_agree_on_shocks(name, attention):
    dynamics = NOISY.dynamics._replace(attention=attention)
    runs = ensemble.free_runs(reading.read(name), NOISY._replace(dynamics=dynamics), 5, seed=2)
    assert differences(runs, 0) == []


@pytest.mark.parametrize("name", EPISODES)
def test_there_is_something_to_agree_on(name):
    runs = ensemble.free_runs(reading.read(name), NOISY, 20, seed=0)
    keys = runs.decisions
    assert {key: len(np.unique(runs.chosen(key))) for key in keys} == {
        key: 6 if key[1] == "level" else 3 for key in keys
    }


@pytest.mark.parametrize("count", [1, 40])
def test_the_engines_agree_on_any_number_of_allies(count):
    scenario = with_allies(reading.read("ukraine-2022"), count)
    assert differences(ensemble.free_runs(scenario, NEUTRAL, 2, seed=1), 0) == []


@pytest.mark.parametrize("level", range(6))
@pytest.mark.parametrize("allies", [2, 6, 14])
def test_c18_misalignment_is_zero_in_both_engines_where_all_levels_are_equal(allies, level):
    scenario = with_allies(reading.read("crimea-2014"), allies)
    for state in (scenario.leader, *scenario.allies):
        scenario = decided(scenario, state, "level", {"2014-03..2014-12": level})
    runs = ensemble.free_runs(scenario, NEUTRAL, 1, seed=0)
    assert runs.outcome.misalignment.tobytes() == np.zeros((1, 10)).tobytes()
    assert differences(runs, 0) == []


def test_c18_misalignment_is_the_formula_of_whole_levels_to_the_bit():
    runs = ensemble.free_runs(reading.read("ukraine-2022"), NOISY, 20, seed=0)
    levels = np.concatenate([runs.outcome.leader_level[:, :, None], runs.outcome.level], axis=2)
    whole, count = levels.astype(np.int64), levels.shape[2]
    sums = count * (whole**2).sum(axis=2) - whole.sum(axis=2) ** 2
    expected = np.sqrt(sums.astype(np.float64)) / (5.0 * count)
    assert len(np.unique(expected)) > 10
    assert runs.outcome.misalignment.tobytes() == expected.tobytes()


# --- negative controls: disagreement would be seen ----------------------------------------


def test_another_run_is_seen_as_a_difference():
    runs = ensemble.free_runs(reading.read("crimea-2014"), NEUTRAL, 1, seed=0)
    assert differences(runs, 1) != []


def test_another_seed_is_seen_as_a_difference():
    runs = ensemble.free_runs(reading.read("crimea-2014"), NEUTRAL, 1, seed=0)
    same_key_but_for_the_high_word = ensemble.Ensemble(
        runs.scenario, runs.parameters, 2**32, runs.outcome
    )
    assert differences(same_key_but_for_the_high_word, 0) != []


def test_an_engine_deaf_to_shocks_would_be_seen():
    runs = ensemble.free_runs(reading.read("ukraine-2022"), NOISY, 20, seed=0)
    deaf = NOISY._replace(dynamics=NOISY.dynamics._replace(attention=0.0))
    assert differences(ensemble.Ensemble(runs.scenario, deaf, 0, runs.outcome), 0) != []


def test_one_decision_more_fixed_is_seen_as_a_difference():
    scenario = reading.read("crimea-2014")
    runs = ensemble.free_runs(scenario, NEUTRAL, 1, seed=0)
    last = int(runs.chosen(("KOR", "engagement", None))[0, -1])
    other = decided(scenario, "KOR", "engagement", {"2014-12": (last + 1) % 3})
    changed = ensemble.Ensemble(other, runs.parameters, runs.seed, runs.outcome)
    assert differences(changed, 0) == [f"2014-12 KOR engagement: {(last + 1) % 3}, {last}"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["world-2014", "world-2022"])
def test_the_worlds_run_alike_in_both_engines(name):
    world, parameters = reading.read(name), weights.read("world-2014")
    runs = ensemble.free_runs(world, parameters, 2, seed=5)
    assert differences(runs, 0) == []
    levels = runs.outcome.level
    members = [world.allies.index(state) for state in world.unions["EU"].members]
    assert (levels[:, :, members] == levels[:, :, members[:1]]).all()


# --- the same source, compiled or not -------------------------------------------------------


def empty(runs: int, steps: int, allies: int) -> Outcome:
    each = [np.zeros((runs, steps, allies), np.int8) for _ in range(4)]
    return Outcome(
        np.zeros((runs, steps), np.int8), *each, np.zeros((runs, steps)), np.zeros((runs, steps))
    )


@pytest.mark.parametrize("seed", [0, 2**40 + 3])
def test_the_kernel_as_plain_python_does_what_it_does_compiled(seed):
    line = timeline.build(lasting(reading.read("rapprochement-2016"), 6))
    parameters = NEUTRAL
    out = empty(4, 6, 2)
    dynamics = situation.per_step(parameters.dynamics, line.months)
    kernel._simulate(line, parameters.weights, dynamics, *draws.key(seed), 10, out, None, None)
    compiled = kernel.simulate(line, parameters.weights, parameters.dynamics, seed, 10, 4)
    for name, plain in out._asdict().items():
        assert plain.tobytes() == getattr(compiled, name).tobytes(), name
    assert out.level.any()


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_the_kernel_is_compiled():
    ensemble.free_runs(reading.read("crimea-2014"), flat(), 1, seed=0)
    assert kernel.engine().signatures
    assert kernel.is_compiled()
