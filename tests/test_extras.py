"""What a study needs is there, and of a version that will do, before the study starts."""

import importlib.metadata
from pathlib import Path

import pytest

from alignsim import extras
from alignsim.documents import DocumentError
from tests.studies import EXPERIMENTS, missing

STUDIES = {
    "calibrate": (EXPERIMENTS / "calibration" / "2014.yaml",),
    "compare": (EXPERIMENTS / "comparison" / "comparison.yaml",),
    "forecast": (EXPERIMENTS / "forecasts" / "forecasts.yaml",),
    "recover": (EXPERIMENTS / "recovery" / "recovery.yaml",),
    "sensitivity": (EXPERIMENTS / "sensitivity" / "all-factors.yaml",),
    "panel fit": (EXPERIMENTS / "panel" / "panel.yaml",),
    "panel forecast": (EXPERIMENTS / "panel" / "panel.yaml",),
}

MORRIS = """\
name: screened
kind: sweep
title: Screened
scenarios: [crimea-2014]
factors:
  norms: {path: states.KOR.norms_emphasis, from: 0.0, to: 1.0}
  severity: {path: world.severity, from: 0.2, to: 0.8}
design: {kind: morris, trajectories: 2, levels: 4}
replications: 2
keep: final
seed: 0
"""


@pytest.fixture
def asked(monkeypatch):
    """What alignsim asks for, and what is installed of it."""
    lines = ["jinja2>=3.1.6", 'salib>=1.5.2; extra == "studies"', 'segno>=1.6; extra == "app"']
    installed = {}
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: installed.get(name) or version(name)
    )
    return installed


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize(
    ("library", "version", "needed"),
    [("jinja2", "3.1.5", ">=3.1.6"), ("salib", "1.5.1", ">=1.5.2")],
)
def test_c14_a_version_that_will_not_do_is_told_before_any_work(
    commanded, asked, study, library, version, needed
):
    asked[library] = version
    told = commanded(*study.split(), *STUDIES[study], "--out", "out")
    assert told.code == 2
    install = f'pip install "{library}{needed}"'
    assert told.err == f"alignsim: {library}: is version {version}, needs {needed}: {install}\n"
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("study", "library"), [("calibrate", "h5py"), ("calibrate", "h5netcdf"), ("recover", "dynesty")]
)
def test_c14_a_library_that_files_need_is_missed_before_any_work(
    commanded, monkeypatch, study, library
):
    missing(monkeypatch, library)
    told = commanded(study, *STUDIES[study], "--out", "out")
    assert told.code == 2
    assert told.err == f'alignsim: {library}: needs pip install "alignsim[studies]"\n'
    assert not Path("out").exists()


def test_c14_a_screening_sweep_asks_for_its_sampler_before_any_work(
    commanded, monkeypatch, asked, tmp_path
):
    (tmp_path / "screened.yaml").write_text(MORRIS)
    asked["salib"] = "1.5.1"
    told = commanded("sweep", "screened.yaml", "--out", "out")
    assert (told.code, told.last[:36]) == (2, "alignsim: salib: is version 1.5.1, n")
    missing(monkeypatch, "SALib")
    told = commanded("sweep", "screened.yaml", "--out", "out")
    assert (told.code, told.last) == (2, 'alignsim: SALib: needs pip install "alignsim[studies]"')
    assert not Path("out").exists()


def test_c14_what_another_extra_needs_is_not_asked_for(asked):
    asked["segno"] = "1.0"
    extras.ready("SALib")
    with pytest.raises(DocumentError, match=r'segno: is version 1.0, needs >=1.6: pip install "se'):
        extras.ready("segno", extra="app")


def test_c14_all_that_is_installed_here_will_do():
    for extra in ("app", "cluster", "studies", "test"):
        extras.ready(extra=extra)
