"""The registered forecast of 2022: as it was committed, on the inputs that it names."""

import hashlib
import json

import numpy as np
import pytest

from alignsim import evidence, history, reading
from alignsim.panel import baselines, registering, shipped, specification
from alignsim.panel.registering import COLUMNS, FROM_FLAT, FROM_JOINT, MANIFEST
from alignsim.panel.within import THEORY

FOLDER = shipped.folder()
MANIFEST_TOLD = json.loads((FOLDER / MANIFEST).read_text("utf-8"))


def test_every_forecaster_is_there_under_its_hash():
    found = registering.reread(FOLDER)
    names = {one.name for one in baselines.ALL}
    assert set(found) == {THEORY, FROM_JOINT, FROM_FLAT, f"{THEORY} + same as 2014", *names}


def test_no_table_lies_beside_the_manifest_without_a_hash():
    tables = {file.name for file in FOLDER.glob("forecast-*.csv")}
    assert tables == set(MANIFEST_TOLD["files"])


@pytest.mark.parametrize("forecaster", [THEORY, FROM_JOINT, FROM_FLAT, "penalised logit"])
def test_each_table_has_every_state_and_the_same_shape(forecaster):
    table = shipped.forecasts()[forecaster]
    assert tuple(table.columns) == COLUMNS
    assert list(table["iso3"]) == sorted(reading.read("world-2022").allies)
    for name in COLUMNS[1:4]:
        assert table[name].between(0.0, 1.0).all()
    assert (table["p_joined_low"] <= table["p_joined_high"]).all()
    assert table["modal_level"].isin(range(6)).all()
    assert np.isfinite(np.log(table["p_joined"])).all()


def test_the_inputs_are_still_those_that_were_registered():
    root = evidence.data_root()
    for name, sha in MANIFEST_TOLD["inputs"].items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == sha, name
    for name, digest in MANIFEST_TOLD["scenarios"].items():
        assert reading.read(name).digest == digest


def test_the_specification_is_still_that_which_was_registered():
    chosen = specification.read(FOLDER / "panel.yaml")
    assert chosen.model_dump(mode="json") == MANIFEST_TOLD["specification"]


def test_no_outcome_of_the_world_of_2022_is_known_here():
    scenario = reading.read("world-2022")
    assert history.ends(scenario) == {}
    known = {one.state for one in history.documented(scenario) if one.state in scenario.allies}
    assert known == {"JPN", "KOR"}
    folders = [evidence.data_root() / name for name in ("seeds", "configs", "experiments")]
    tables = {file.name for folder in folders for file in folder.rglob("*outcomes-*.csv")}
    assert tables == {"outcomes-2014.csv"}
