"""The model as Mesa and its users have it, under every Mesa that pyproject.toml admits."""

import copy
import itertools
import multiprocessing
import pickle
import re
import subprocess
import sys
from importlib import metadata

import mesa
import numpy as np
import pandas as pd
import pytest

from alignsim import reading, weights
from alignsim.agents import Ally, Leader, Target, Union
from alignsim.model import AlignmentModel
from tests.strategies import EPISODES, decisions, lasting, with_allies

CRIMEA = reading.read("crimea-2014")
MESA = tuple(int(part) for part in re.findall(r"\d+", metadata.version("mesa"))[:2])
MONTHS = len(CRIMEA.calendar.dates)


def played(scenario, run=0, rng=0):
    """A model that has run to the end of its scenario."""
    return AlignmentModel(scenario, "neutral", run, rng).run_all()


@pytest.fixture(autouse=True)
def way_to_start():
    """``batch_run`` changes for the whole process how processes are started."""
    before = multiprocessing.get_start_method(allow_none=True)
    yield
    multiprocessing.set_start_method(before, force=True)


def batch(parameters, **more):
    """Rows of ``mesa.batch_run`` in this process."""
    more = {"number_processes": 1, "display_progress": False} | more
    return pd.DataFrame(mesa.batch_run(AlignmentModel, parameters, **more))


def made(model, step):
    """What each agent decided in a step, as rows of ``batch_run`` say it."""
    found = {}
    for code in (model.played.leader, model.played.target, *model.played.allies):
        own = [one for one in model.decisions if (one.state, one.step) == (code, step)]
        of_kind = {one.decision: one.chosen for one in own if one.decision != "stance"}
        toward = tuple(one.chosen for one in own if one.decision == "stance")
        found[code] = (of_kind.get("level"), of_kind.get("engagement"), toward or None)
    return found


def told(rows):
    """The same of rows, by state."""
    wanted = rows[["level", "engagement", "stances"]].astype(object)
    wanted = wanted.where(wanted.notna(), None)
    return dict(zip(rows["state"], wanted.itertuples(index=False, name=None), strict=True))


# --- the record ---------------------------------------------------------------------------------


def test_the_record_of_the_model():
    model = played(CRIMEA)
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame["date"].tolist() == CRIMEA.calendar.dates
    assert frame["severity"].tolist() == [
        CRIMEA.world["severity"].at(e) for e in CRIMEA.calendar.ends
    ]
    levels = [made.chosen for made in decisions(model, "USA", "level")]
    assert frame["leader_level"].tolist() == levels
    assert frame["pressure"].between(0.0, 1.0).all()
    assert frame["misalignment"].between(0.0, 0.5).all()
    assert (frame["alignment"].diff().dropna() >= 0.0).all()


def test_the_record_of_the_agents():
    model = played(CRIMEA)
    allies = model.datacollector.get_agenttype_vars_dataframe(Ally)
    assert list(allies) == ["state", "level", "engagement", "perceived_severity"]
    assert len(allies) == MONTHS * 2
    for state in ("JPN", "KOR"):
        for what in ("level", "engagement"):
            column = allies[allies["state"] == state][what]
            assert column.dtype == int
            assert column.tolist() == [made.chosen for made in decisions(model, state, what)]
    for kind, state in ((Leader, "USA"), (Target, "RUS")):
        frame = model.datacollector.get_agenttype_vars_dataframe(kind)
        stances = [decisions(model, state, "stance", ally) for ally in ("JPN", "KOR")]
        expected = [(one.chosen, other.chosen) for one, other in zip(*stances, strict=True)]
        assert frame["stances"].tolist() == expected


def test_the_record_of_a_union():
    world = lasting(reading.read("world-2014"), 1)
    model = AlignmentModel(world, "world-2014", rng=0).run_all()
    found = model.datacollector.get_agenttype_vars_dataframe(Union)
    (union,) = model.unions
    assert found["state"].tolist() == [union.code]
    assert found["level"].tolist() == [decisions(model, union.code, "level")[0].chosen]


# --- batch_run ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rng", [0, 2**33])
def test_c2_batch_run_gives_what_every_agent_decided_last(rng):
    rows = batch({"scenario": "crimea-2014", "weights": ["neutral"], "run": [0, 1, 2], "rng": rng})
    assert sorted(set(rows["run"])) == [0, 1, 2]
    assert set(rows["date"]) == {"2014-12"}
    for run, of_run in rows.groupby("run"):
        model = played(CRIMEA, run, rng)
        assert told(of_run) == made(model, MONTHS - 1)
        expected = model.datacollector.get_model_vars_dataframe().iloc[-1].to_dict()
        for name, value in expected.items():
            assert set(of_run[name]) == {value}
        assert of_run["kind"].tolist() == ["leader", "target", "ally", "ally"]


def test_c2_batch_run_step_by_step_over_episodes():
    rows = batch(
        {"scenario": list(EPISODES), "weights": "neutral", "rng": [1, 2]}, data_collection_period=1
    )
    for name, rng in itertools.product(EPISODES, (1, 2)):
        model = played(reading.read(name), rng=rng)
        frame = model.datacollector.get_model_vars_dataframe()
        found = rows[(rows["scenario"] == name) & (rows["rng"] == rng)]
        for step, of_step in found.groupby("Step"):
            assert told(of_step) == made(model, step)
            for column in frame:
                assert set(of_step[column]) == {frame[column][step]}
        assert sorted(set(found["Step"])) == list(range(len(frame)))


def test_c2_batch_run_in_processes_of_its_own():
    rows = batch({"scenario": "crimea-2014", "weights": "neutral", "rng": [3]}, number_processes=2)
    assert told(rows) == made(played(CRIMEA, rng=3), MONTHS - 1)


def test_c2_batch_run_draws_seeds_where_none_is_given():
    rows = batch({"scenario": ["crimea-2014"], "weights": ["neutral"], "run": list(range(8))})
    again = batch({"scenario": ["crimea-2014"], "weights": ["neutral"], "run": list(range(8))})
    assert len(rows) == 8 * 4
    assert rows["perceived_severity"].equals(again["perceived_severity"])
    assert not rows[["level", "engagement", "stances"]].equals(
        again[["level", "engagement", "stances"]]
    )


@pytest.mark.skipif(MESA < (3, 4), reason="batch_run takes no seeds before")
def test_c2_batch_run_takes_seeds_of_its_own():
    rows = batch({"scenario": "crimea-2014", "weights": "neutral"}, rng=[5, 6])
    for rng, of_seed in rows.groupby("seed"):
        assert told(of_seed) == made(played(CRIMEA, rng=rng), MONTHS - 1)
    assert sorted(set(rows["seed"])) == [5, 6]


def test_rng_and_seed_are_the_same_and_not_both():
    assert AlignmentModel(CRIMEA, "neutral", seed=np.int64(9)).draw_seed == 9
    with pytest.raises(ValueError, match="rng and seed"):
        AlignmentModel(CRIMEA, "neutral", rng=1, seed=1)


# --- the names that Mesa has taken --------------------------------------------------------------


def test_c1_the_scenario_is_under_a_name_of_our_own_and_all_of_it_under_mesas():
    model = AlignmentModel("crimea-2014", "neutral", rng=3)
    assert model.played == CRIMEA
    for name in type(CRIMEA).model_fields:
        assert getattr(model.scenario, name) == getattr(CRIMEA, name), name
    if MESA < (3, 5):
        assert model.scenario is model.played
    else:
        from mesa.experimental.scenarios import Scenario

        assert isinstance(model.scenario, Scenario)
        assert model.scenario.rng == 3
        assert model.scenario.model is model
        assert model.leader.scenario is model.scenario


def test_c1_two_models_share_a_scenario_and_not_mesas():
    one, other = (AlignmentModel(CRIMEA, "neutral", rng=rng) for rng in (1, 2))
    assert one.played is other.played
    assert (one.scenario is other.scenario) == (MESA < (3, 5))


def test_a_step_that_was_interrupted_does_not_hang(monkeypatch):
    model = AlignmentModel(CRIMEA, "neutral", rng=0)

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(model.leader, "decide_level", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.run_all()
    if MESA >= (3, 5):
        with pytest.raises(RuntimeError, match="step 0 was interrupted; make the model again"):
            model.run_all()


# --- pickling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 4, MONTHS])
@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_c17_a_model_is_pickled_and_goes_on_to_the_same_decisions(steps, copied):
    model = AlignmentModel("crimea-2014", "neutral", rng=1)
    for _ in range(steps):
        model.step()
    twin = copied(model)
    assert twin.step_index == steps - 1
    twin.run_all()
    assert model.step_index == steps - 1
    whole = played(CRIMEA, rng=1)
    assert twin.decisions == whole.decisions
    for name in ("get_model_vars_dataframe", "get_agent_vars_dataframe"):
        here, there = (getattr(one.datacollector, name)() for one in (twin, whole))
        pd.testing.assert_frame_equal(here, there)


def test_c17_a_model_with_unions_and_many_allies_is_pickled():
    scenario = with_allies(lasting(CRIMEA, 3), 5)
    model = AlignmentModel(scenario, weights.read("neutral"), rng=1)
    model.step()
    assert pickle.loads(pickle.dumps(model)).run_all().decisions == model.run_all().decisions
    world = AlignmentModel(lasting(reading.read("world-2014"), 2), "world-2014", rng=1)
    world.step()
    assert pickle.loads(pickle.dumps(world)).run_all().decisions == world.run_all().decisions


# --- python -m ----------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["alignsim", "alignsim.cli"])
def test_c17_the_commands_by_the_name_of_the_package(module, tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    shown = run("run", "crimea-2014", "--runs", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "1 free run, seed 0" in shown.stdout
    faulty = run("run", "nowhere-1914")
    assert faulty.returncode == 2
    assert faulty.stderr.startswith("alignsim: nowhere-1914")
