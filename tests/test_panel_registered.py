"""The registered forecast of 2022: as it was committed, on the inputs that it names.

And what keeps the outcomes of 2022 away from every fit that could inform it.
"""

import hashlib
import json

import numpy as np
import pytest

from alignsim import calibrate, chain, evidence, history, outcomes, reading
from alignsim.documents import DocumentError
from alignsim.panel import baselines, fits, registering, shipped, specification
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
    assert chosen.model_dump(mode="json", exclude_none=True) == MANIFEST_TOLD["specification"]


REGISTERED = {
    "manifest.json": "2bc0ee31da81ce351eab3b638fc756baff121fbfaee67794c3545de8e20e77db",
    "preregistration.md": "d994065cac4ed7c756d570dd55064e11634479fb44ce8850b3ed7727ba017993",
    "panel.yaml": "ced3eeb8817eb7a8b4feb3e7cd8c7b10958b833c4a8edc38051b171668fda3d8",
}
"""Files that stay as they are for ever. The manifest has the hashes of the tables."""


@pytest.mark.parametrize("name", REGISTERED)
def test_what_was_registered_stays_as_it_is(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == REGISTERED[name]


# --- the outcomes of 2022 stay away from every fit ------------------------------------------------

TABLE = "outcomes-2022.csv"
NAMED = """\
ends:
  table: outcomes-2022.csv
  course: [{date: "2022-02", value: 4, range: [3, 5], source: [eu-packages-2022]}]
"""


def specified(folder, *changes):
    """The shipped study with changes."""
    text = (FOLDER / "panel.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "panel.yaml"
    file.write_text(text, "utf-8")
    return file


ON_2022 = ("fit_on: world-2014\nforecast: world-2022\n", f"fit_on: world-2022\n{NAMED}")


def test_the_world_of_2022_has_no_ends_unless_a_specification_names_them():
    scenario = reading.read("world-2022")
    assert history.ends(scenario) == {}
    known = {one.state for one in history.documented(scenario) if one.state in scenario.allies}
    assert known == {"JPN", "KOR"}
    assert outcomes.tables() == ["outcomes-2014.csv", TABLE]


def test_no_shipped_study_reads_the_outcomes_of_2022(monkeypatch):
    """Neither the weights that ship nor the registered forecast rest on them."""
    read = []
    shipped_table = outcomes.shipped.__wrapped__
    monkeypatch.setattr(outcomes, "shipped", lambda name: read.append(name) or shipped_table(name))
    root = evidence.data_root() / "experiments"
    jobs = []
    for file in [FOLDER / "panel.yaml", FOLDER / "verdict-2022" / "without-movers.yaml"]:
        chosen = specification.read(file)
        assert chosen.ends is None
        jobs += [fits.job(chosen, name) for name in chosen.fits]
    for file in sorted((root / "calibration").glob("*.yaml")):
        jobs += calibrate.read(file).jobs()
    for one in jobs:
        assert one.digest
        assert one.target()
    assert set(read) == {"outcomes-2014.csv"}


def test_a_fit_reads_the_outcomes_that_its_specification_names(tmp_path):
    chosen = specification.read(
        specified(tmp_path, ON_2022, ("without: [JPN, KOR]", "without: []"))
    )
    one = fits.job(chosen, "flat")
    known = {False: (0, 1), True: (2, 5)}
    ends = outcomes.shipped(TABLE)
    target = one.target()
    for unit, (low, high) in zip(
        chain.units(reading.read("world-2022")), target.world.ends.tolist(), strict=True
    ):
        if unit != "EU" and ends[unit].joined is not None:
            assert (low, high) == known[ends[unit].joined == 1.0]
    assert one.digest != fits.job(specification.read(FOLDER / "panel.yaml"), "flat").digest


def test_no_forecast_of_2022_may_rest_on_its_outcomes(tmp_path):
    text = f"fit_on: world-2022\n{NAMED}forecast: world-2022\n"
    file = specified(tmp_path, (ON_2022[0], text))
    said = "forecast: begins before world-2022 is over, whose ends the weights are told"
    with pytest.raises(DocumentError, match=said):
        specification.read(file)
    made = specification.read(specified(tmp_path, ON_2022)).model_copy(
        update={"forecast": "world-2022"}
    )
    with pytest.raises(ValueError, match="world-2022 begins before world-2022 is over"):
        registering.forecasts(made, {})


def test_a_study_that_names_no_world_to_forecast_forecasts_none(tmp_path):
    chosen = specification.read(specified(tmp_path, ON_2022))
    with pytest.raises(ValueError, match="names no world to forecast"):
        registering.forecasts(chosen, {})


def test_a_table_that_is_not_there_is_told(tmp_path):
    file = specified(tmp_path, (ON_2022[0], ON_2022[1].replace("2022.csv", "2023.csv")))
    with pytest.raises(DocumentError, match=r"ends.table: no such table; there are outcomes-2014"):
        specification.read(file)


def test_no_world_starts_from_outcomes_that_are_still_to_come(tmp_path):
    text = (evidence.data_root() / "configs" / "world" / "world-2022.yaml").read_text("utf-8")
    file = tmp_path / "world-2022.yaml"
    file.write_text(text.replace("after: outcomes-2014.csv", f"after: {TABLE}"), "utf-8")
    with pytest.raises(DocumentError, match="after: is not of before the world begins, in 2022-02"):
        reading.read(file)
