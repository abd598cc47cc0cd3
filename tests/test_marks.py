"""A byte order mark, which some editors and spreadsheets write, is no part of what is read."""

import codecs
import json
import re
import shutil
from pathlib import Path

import pytest

import alignsim
from alignsim import documents, forecasts, indicators, outcomes, reading, sweep_points, sweep_store
from alignsim import weights as weight_sets
from alignsim.documents import DocumentError
from alignsim.panel import registering
from tests.studies import EXPERIMENTS, ROOT

SWEEP = """\
name: mine
kind: sweep
title: Mine
scenarios: [crimea-2014]
factors:
  norms: {path: weights.groups.norms, posterior: draws.csv}
design: {kind: sobol, points: 8}
replications: 5
keep: final
"""
WEIGHTS = ROOT / "configs" / "weights"
WORLD = ROOT / "configs" / "world"


def fitted(folder: Path) -> object:
    (draws,) = folder.glob("*.csv")
    weights = draws.with_name(draws.name.replace("-draws.csv", ".yaml"))
    return weight_sets.read_draws(weights)


def swept(folder: Path) -> object:
    return sweep_points.read(folder / "sweep.yaml").spreads


READERS = {
    "scenario": ([ROOT / "configs/episodes/crimea-2014.yaml"], lambda folder: reading.read(
        folder / "crimea-2014.yaml").digest),
    "weights and their draws": (
        [WEIGHTS / "calibrated.yaml", WEIGHTS / "calibrated-draws.csv"], fitted),
    "outcomes": ([ROOT / "seeds/outcomes-2014.csv"], lambda folder: outcomes.read(
        folder / "outcomes-2014.csv")),
    "indicators": ([WORLD / "indicators-2013.csv"], lambda folder: indicators.read(
        2013, folder / "indicators-2013.csv")),
}  # fmt: skip


def marked(folder: Path) -> Path:
    """The folder, with a mark before every file."""
    for file in folder.iterdir():
        file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    return folder


@pytest.mark.parametrize("name", READERS)
def test_c11_a_mark_before_a_file_changes_nothing(name, tmp_path):
    files, read = READERS[name]
    for kind in ("plain", "marked"):
        (tmp_path / kind).mkdir()
        for file in files:
            shutil.copy(file, tmp_path / kind)
    assert read(marked(tmp_path / "marked")) == read(tmp_path / "plain")


def test_c11_validate_takes_draws_with_a_mark(tmp_path):
    for name in ("calibrated.yaml", "calibrated-draws.csv"):
        shutil.copy(WEIGHTS / name, tmp_path)
    file = marked(tmp_path) / "calibrated.yaml"
    assert alignsim.validate([file]).fault.tolist() == [""]


def test_c11_a_sweep_takes_the_range_of_draws_with_a_mark(tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    shutil.copy(WEIGHTS / "calibrated-draws.csv", tmp_path / "draws.csv")
    plain = swept(tmp_path)
    # The first column of the table is the one that a mark would hide.
    text = (tmp_path / "draws.csv").read_text()
    columns = text.partition("\n")[0].split(",")
    first = columns.index("groups.norms")
    rows = [line.split(",") for line in text.splitlines()]
    turned = [[row[first], *row[:first], *row[first + 1 :]] for row in rows]
    (tmp_path / "draws.csv").write_text("\n".join(",".join(row) for row in turned))
    assert swept(marked(tmp_path)) == plain


def test_c11_manifests_are_read_with_a_mark(tmp_path):
    for study in ("forecasts", "panel"):
        shutil.copytree(EXPERIMENTS / study, tmp_path / study)
        manifest = tmp_path / study / "manifest.json"
        manifest.write_bytes(codecs.BOM_UTF8 + manifest.read_bytes())
    assert len(forecasts.reread(tmp_path / "forecasts")) > 0
    assert set(registering.registered(tmp_path / "panel")[0]) == set(
        registering.registered(EXPERIMENTS / "panel")[0]
    )
    (tmp_path / sweep_store.MANIFEST).write_text(json.dumps({"chunks": 3}), "utf-8-sig")
    assert sweep_store.read_manifest(tmp_path) == {"chunks": 3}


def test_c11_every_reader_of_text_leaves_marks_out():
    """What reads text as plain UTF-8 reads the project's own sources, which have no mark."""
    own = {"documentation.py", "traceability.py", "sweep_store.py", "sources.py"}
    plain = re.compile(r"""read_text\((encoding=)?"utf-?8"|\.open\(encoding=|\.decode\("utf""")
    found = {file.name for file in (ROOT / "src").rglob("*.py") if plain.search(file.read_text())}
    assert found == own


@pytest.mark.parametrize("content", [b"\xff\xfei\x00", b"\xff"])
def test_what_is_not_utf_8_is_refused_by_name(tmp_path, content):
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        documents.text(file)
    assert str(caught.value) == f"{file}: cannot be read: is not text"
