"""What the tests of studies share: a stand-in for the sampler, and small specifications."""

import contextlib
import importlib
import io
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow as pa

from alignsim.nested import Sample, Settings, Target

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ROOT / "experiments"

POINTS = 120

CALIBRATION = """\
name: tiny
kind: calibration
note: "A test: few points"
fit_on: [crimea-2014]
groups: [norms]
prior: {precision_centre: 6.0, precision: 1.5, group: 1.0, term: 0.7}
dynamics: neutral
sampler: {live_points: 20, steps: 5, remaining: 5}
draws: 12
seed: 0
"""
"""A calibration that is sampled in a second where the engine is compiled."""


def prior_sample(
    target: Target,
    settings: Settings,
    seed: int,
    checkpoint: Path | None = None,
    progress: Any = None,
) -> Sample:
    """In place of the sampler: draws of the prior, equally weighted, as if nothing were known.

    It asks for no likelihood, so that what is made of a sample is tested without the compiler.
    """
    normals = np.random.default_rng(seed).standard_normal((POINTS, target.size))
    return Sample(
        normals=normals,
        logs=np.zeros(POINTS),
        weights=np.full(POINTS, 1.0 / POINTS),
        evidence=-float(seed % 7) - 1.0,
        error=0.1,
        information=0.0,
        calls=POINTS,
    )


COMPARISON = """\
name: tiny
kind: comparison
note: A test with rules alone, which need no engine.
episodes: [crimea-2014, ukraine-2022]
prior: {precision_centre: 6.0, precision: 1.5, group: 1.0, term: 0.7}
dynamics: neutral
always: [inertia, coherence]
full: {sampler: {live_points: 20, steps: 5, remaining: 2}, input_draws: 2, prior_scales: [0.5, 1.5]}
quick: {sampler: {live_points: 20, steps: 5, remaining: 2}, input_draws: 0, prior_scales: []}
seed: 0
hypotheses:
  full:
    title: Persistence
    rule: persistence
  follow:
    title: Follow the leader
    rule: follow the leader
  severity:
    title: Severity
    rule: severity
"""
"""A comparison that is sampled in seconds, compiled or not."""

FORECASTS = """\
name: tiny
kind: forecasts
note: A test with few draws and runs.
calibration: calibration.yaml
sampler: {live_points: 20, steps: 5, remaining: 5}
draws: 4
runs_a_draw: 5
seed: 0
forecasts:
  forth:
    title: Forth
    fit_on: [crimea-2014]
    score: [ukraine-2022]
  across:
    title: Across
    fit_on: [crimea-2014]
    fit_allies: [JPN]
    score: [crimea-2014]
    score_allies: [KOR]
"""


def forecasts_file(folder: Path, text: str = FORECASTS) -> Path:
    """A specification of forecasts with its calibration beside it."""
    (folder / "calibration.yaml").write_text(CALIBRATION)
    (folder / "forecasts.yaml").write_text(text)
    return folder / "forecasts.yaml"


def left_in(folder):
    """Names of all files in a folder, besides the one that says that somebody works there."""
    found = (file for file in Path(folder).rglob("*") if file.is_file())
    return {file.name for file in found if file.name != "lock"}


@contextlib.contextmanager
def full_disk(left=1024):
    """No file can grow beyond some bytes: as on a full disk, a write fails by its descriptor."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def missing(monkeypatch, library):
    """A library cannot be imported, as where its extra is not installed."""
    load = importlib.import_module

    def without(name, *more):
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return load(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)


def goes_everywhere(table, folder):
    """A table of one type a column, that Arrow, Parquet, Polars and CSV take."""
    assert len(table) > 0
    for column in table:
        kinds = {type(cell) for cell in table[column].dropna()}
        assert len(kinds) <= 1, f"{column} has {kinds}"
    made = pa.Table.from_pandas(table, preserve_index=False)
    assert [str(field.name) for field in made.schema if pa.types.is_null(field.type)] == []
    table.to_parquet(folder / "a.parquet")
    assert polars.from_pandas(table).shape == table.shape
    assert polars.read_parquet(folder / "a.parquet").height == len(table)
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert list(again.columns) == list(map(str, table.columns))
    assert len(again) == len(table)
