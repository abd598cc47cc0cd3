import dataclasses
import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import mesa
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import (
    designs,
    evidence,
    history,
    sources,
    sweep_outcomes,
    sweep_points,
    sweep_store,
    sweep_workers,
    sweeps,
)
from alignsim.decision import ENGAGEMENTS, JOINED, LEADER_STANCES, LEVELS, TARGET_STANCES
from alignsim.documents import DocumentError
from alignsim.model import AlignmentModel
from alignsim.scores import ranked_probability_score, share_within
from alignsim.sweep_points import Sweep
from alignsim.sweeps import Block, Maker, Plan
from tests.strategies import examples

MIXED = """  energy: {path: indices.KOR.exposure, from: 0.0, to: 1.0}
  stance: {path: decisions.USA.stance.KOR, values: [none, press, free]}
  level: {path: "decisions.JPN.level@2014-05..2014-07", values: [0, 3, free]}
  event: {path: "world.severity@2014-07", from: 0.0, to: 1.0}
  shift: {path: states.JPN.gas_share, from: -0.1, to: 0.1, change: shift}
  start: {path: states.KOR.initial_level, from: 0, to: 5}
  norms: {path: weights.groups.norms, range: stated}
  precision: {path: weights.precision.level, from: 0.1, to: 10.0, scale: log}
  memory: {path: weights.dynamics.persistence, range: stated}"""
ENERGY = "  energy: {path: indices.KOR.exposure, from: 0.0, to: 1.0}"


def specification(**changes: str) -> str:
    keys = {
        "name": "mine",
        "kind": "sweep",
        "title": "Mine",
        "scenarios": "[crimea-2014]",
        "factors": f"\n{ENERGY}",
        "design": "{kind: latin-hypercube, points: 12}",
        "replications": "3",
        "seed": "7",
        "keep": "final",
    } | changes
    return "".join(f"{key}: {value}\n" for key, value in keys.items())


def sweep(folder: Path, **changes: str) -> Sweep:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "mine.yaml").write_text(specification(**changes))
    return sweep_points.read(folder / "mine.yaml")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch):
    """Four points a chunk."""
    monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 4.5 * sweeps.SECONDS_A_POINT)
    monkeypatch.setattr(sweeps, "SECONDS_A_DECIDER", 0.0)


def dataset(folder: Path) -> dict[str, bytes]:
    """Every file of a dataset but those that say who holds it."""
    files = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {
        str(name): file.read_bytes()
        for name, file in files.items()
        if name.parts[0] not in ("tmp", "lock")
    }


def rows(folder: Path) -> pd.DataFrame:
    files, missing = sweep_store.chunk_files(folder)
    assert not missing
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def made(folder: Path, **changes: str) -> tuple[Sweep, pd.DataFrame]:
    found = sweep(folder, **changes)
    sweeps.run(found, folder / "out")
    return found, rows(folder / "out")


# --- what the rows say ----------------------------------------------------------------------


def mesa_run(found: Sweep, point: int, replication: int) -> AlignmentModel:
    variant = found.variant(point, found.values(point, 1)[0].tolist())
    model = AlignmentModel(
        variant.scenario,
        variant.parameters,
        run=replication,
        rng=found.specification.seed,
        line=variant.line,
    ).run_all()
    getattr(mesa.Agent, "_ids", {}).pop(model, None)
    return model


def decided(model: AlignmentModel) -> dict[tuple[str, str, Any], list[int]]:
    paths: dict[tuple[str, str, Any], list[int]] = {}
    for entry in model.decisions:
        paths.setdefault((entry.state, entry.decision, entry.toward), []).append(entry.chosen)
    return paths


def expected_decisions(model: AlignmentModel, step: int) -> dict[str, Any]:
    paths, told = decided(model), model.played
    found: dict[str, Any] = {f"{told.leader}_level": paths[told.leader, "level", None][step]}
    for ally in told.allies:
        found[f"{ally}_level"] = paths[ally, "level", None][step]
        found[f"{ally}_engagement"] = paths[ally, "engagement", None][step]
        own = paths[told.leader, "stance", ally][step]
        found[f"{told.leader}_stance_{ally}"] = LEADER_STANCES[own]
        other = paths[told.target, "stance", ally][step]
        found[f"{told.target}_stance_{ally}"] = TARGET_STANCES[other]
    for name in ("pressure", "misalignment"):
        found[name] = model.datacollector.model_vars[name][step]
    return found


def expected_scores(model: AlignmentModel) -> dict[str, float | None]:
    paths, told = decided(model), model.played
    records = history.by_key(history.documented(told))
    found: dict[str, float | None] = {}
    for ally in told.allies:
        levels = paths[ally, "level", None]
        found[f"{ally}_first_joined"] = next(
            (step for step, level in enumerate(levels) if level >= JOINED), None
        )
        for decision, size in (("level", LEVELS), ("engagement", ENGAGEMENTS)):
            known = records.get((ally, decision, None), [])
            rps = exact = None
            if known:
                path = np.array(paths[ally, decision, None])[[record.step for record in known]]
                truth = np.array([record.value for record in known])
                rps = ranked_probability_score(np.eye(size)[path], truth)
                exact = share_within(path, truth, 0)
            found[f"{ally}_{decision}_rps"], found[f"{ally}_{decision}_exact"] = rps, exact
    return found


def agrees(row: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if value is None:
            assert pd.isna(row[name]), name
        elif name.endswith(("_rps", "_exact")):
            assert row[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name
        else:
            assert row[name] == value, name


@pytest.mark.parametrize("design", ["latin-hypercube, points: 12", "sobol, points: 12"])
@pytest.mark.parametrize("names", ["crimea-2014", "crimea-2014, islands-settled"])
def test_every_row_is_a_run_of_the_mesa_model(tmp_path: Path, design: str, names: str):
    found, table = made(
        tmp_path, factors=f"\n{MIXED}", design=f"{{kind: {design}}}", scenarios=f"[{names}]"
    )
    assert len(table) == found.runs == found.points * 3
    assert table["point"].tolist() == np.repeat(np.arange(found.points), 3).tolist()
    assert table["replication"].tolist() == [0, 1, 2] * found.points
    for row in random.Random(1).sample(table.to_dict("records"), 24):
        model = mesa_run(found, row["point"], row["replication"])
        agrees(row, expected_decisions(model, -1) | expected_scores(model))
        values = found.values(row["point"], 1)[0].tolist()
        shown = found.shown(row["point"], values)
        assert [row[name] for name in found.names] == shown
        assert row["scenario"] == found.bases[found.base(row["point"])].scenario.name


def test_scores_are_of_the_episode_of_each_scenario(tmp_path: Path):
    names = ("crimea-2014", "ukraine-2022")
    factors = "\n  precision: {path: weights.precision.level, from: 0.1, to: 10.0}"
    found, table = made(tmp_path, factors=factors, scenarios=f"[{', '.join(names)}]")
    for row in random.Random(2).sample(table.to_dict("records"), 16):
        model = mesa_run(found, row["point"], row["replication"])
        agrees(row, expected_decisions(model, -1) | expected_scores(model))
    assert set(table["scenario"]) == set(names)
    assert table.groupby("scenario", observed=True)["KOR_level_rps"].mean().nunique() == 2


@pytest.mark.slow
@examples(12, shrink=False)
@given(
    st.integers(0, 10**18 - 1),
    st.sets(st.sampled_from(MIXED.split("\n")), min_size=1),
    st.integers(0, 11),
    st.integers(0, 2),
)
def test_any_factors_give_rows_of_the_mesa_model(
    tmp_path_factory: pytest.TempPathFactory, seed: int, lines: set[str], point: int, run: int
):
    factors = "\n" + "\n".join(sorted(lines))
    found = sweep(tmp_path_factory.mktemp("any"), factors=factors, seed=str(seed))
    table = pd.read_parquet(io.BytesIO(Maker.of(found)(0).rows))
    row = table.query("point == @point and replication == @run").iloc[0].to_dict()
    model = mesa_run(found, point, run)
    agrees(row, expected_decisions(model, -1) | expected_scores(model))


def test_steps_are_the_decisions_of_each_step_and_end_as_final_does(tmp_path: Path):
    found, steps = made(tmp_path / "a", factors=f"\n{MIXED}", keep="steps")
    _, final = made(tmp_path / "b", factors=f"\n{MIXED}")
    calendar = found.bases[0].scenario.calendar
    assert len(steps) == found.runs * calendar.steps
    assert list(steps.columns[:2]) == ["point", "replication"]
    assert steps["step"].tolist() == list(range(calendar.steps)) * found.runs
    assert steps["date"].tolist() == list(calendar.dates) * found.runs
    last = steps[steps["step"] == calendar.steps - 1].reset_index(drop=True)
    shared = [name for name in last.columns if name not in ("step", "date")]
    pd.testing.assert_frame_equal(last[shared], final[shared])
    for point, replication in ((0, 0), (5, 1), (11, 2)):
        model = mesa_run(found, point, replication)
        run = steps[(steps["point"] == point) & (steps["replication"] == replication)]
        for row in run.to_dict("records"):
            agrees(row, expected_decisions(model, row["step"]))


def counted(decisions: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Counts of options, from rows of decisions."""
    columns = {}
    for state, kinds in (("USA", ["level"]), ("JPN", ["level", "engagement"])):
        for kind in kinds:
            for option in range(LEVELS if kind == "level" else ENGAGEMENTS):
                columns[f"{state}_{kind}_{option}"] = decisions[f"{state}_{kind}"] == option
    columns["JPN_joined"] = decisions["JPN_level"] >= JOINED
    return pd.DataFrame(columns).groupby([decisions[name] for name in by]).sum().reset_index()


@pytest.mark.slow
@pytest.mark.parametrize(("kept", "counts"), [("final", "counts"), ("steps", "step-counts")])
def test_counts_are_the_rows_counted(tmp_path: Path, kept: str, counts: str):
    changes = {
        "factors": f"\n{MIXED}",
        "replications": "8",
        "scenarios": "[crimea-2014, islands-settled]",
    }
    _, each = made(tmp_path / "a", keep=kept, **changes)
    _, summed = made(tmp_path / "b", keep=counts, **changes)
    by = ["point"] if kept == "final" else ["point", "step"]
    expected = counted(each, by)
    assert len(summed) == len(expected)
    assert set(summed["runs"]) == {8}
    assert (summed["replication"] == 0).all()
    for name in expected.columns:
        assert summed[name].tolist() == expected[name].tolist(), name
    options = [f"KOR_level_{level}" for level in range(LEVELS)]
    assert (summed[options].sum(axis=1) == 8).all()
    assert (summed[options[JOINED:]].sum(axis=1) == summed["KOR_joined"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("counts", ["counts", "step-counts"])
def test_blocks_of_a_point_add_up(tmp_path: Path, monkeypatch, counts: str):
    changes = {"factors": f"\n{MIXED}", "replications": "25", "keep": counts}
    _, whole = made(tmp_path / "a", **changes)
    monkeypatch.setattr(sweeps, "MAX_BLOCK", 10)
    monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 1e-9)
    found, parts = made(tmp_path / "b", **changes)
    assert Maker.of(found).plan.chunks == 36
    starts = parts.drop_duplicates(["point", "replication"])
    assert starts["replication"].tolist() == [0, 10, 20] * 12
    assert starts["runs"].tolist() == [10, 10, 5] * 12
    by = ["point"] if counts == "counts" else ["point", "step"]
    numbers = ["runs", *(name for name in whole.columns if name[:3] in ("USA", "JPN", "KOR"))]
    pd.testing.assert_frame_equal(
        parts.groupby(by)[numbers].sum().reset_index(), whole[[*by, *numbers]], check_dtype=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["final", "steps", "counts", "step-counts"])
def test_batches_of_a_block_give_the_same_bytes(tmp_path: Path, monkeypatch, kept: str):
    found = sweep(tmp_path, factors=f"\n{MIXED}", replications="23", keep=kept)
    whole = Maker.of(found)(0)
    a_run = 10 * (17 + 4 * 2)
    batches = partial(sweep_outcomes.batches, bytes_at_once=5 * a_run)
    assert list(batches(23, found.bases[0].scenario)) == [(0, 5), (5, 5), (10, 5), (15, 5), (20, 3)]
    monkeypatch.setattr(sweep_outcomes, "batches", batches)
    assert Maker.of(found)(0) == whole


def test_all_points_share_their_draws(tmp_path: Path):
    """Two points with the same values have the same runs."""
    (tmp_path / "t.csv").write_text("energy\n0.5\n0.9\n0.5\n")
    design = "{kind: table, file: t.csv}"
    factors = "\n  energy: {path: indices.KOR.exposure}"
    _, table = made(tmp_path, factors=factors, design=design, replications="30", keep="steps")
    first, other, same = (
        table[table["point"] == point].drop(columns=["point"]).reset_index(drop=True)
        for point in range(3)
    )
    pd.testing.assert_frame_equal(first, same)
    assert not first.equals(other)


def test_fewer_replications_are_the_first_of_more(tmp_path: Path):
    _, few = made(tmp_path / "a", replications="3")
    _, many = made(tmp_path / "b", replications="9")
    begun = many[many["replication"] < 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, begun)


def test_a_scenario_without_an_ally_of_its_episode_is_swept(tmp_path, short_episode: str):
    """History tells of Japan, which is no ally here."""
    (tmp_path / "alone.yaml").write_text(short_episode)
    _, table = made(tmp_path, scenarios="[alone.yaml]")
    assert len(table) == 36
    assert "JPN_level" not in table


# --- the same dataset whatever happens --------------------------------------------------------

BAD = """{kind: table, rows: [{energy: 0.1}, {energy: 7}, {energy: 0.2}, {energy: 0.3},
  {energy: -1}, {energy: 0.4}, {energy: 0.5}, {energy: 0.6}, {energy: 0.7}, {energy: 0.8}]}"""
BAD_CHANGES = {"factors": "\n  energy: {path: indices.KOR.exposure}", "design": BAD}


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path, small_chunks, after: int):
    found = sweep(tmp_path, **BAD_CHANGES)
    report = sweeps.run(found, tmp_path / "whole")
    assert (report.made, report.failed, report.points, report.runs) == (3, 2, 10, 30)
    whole = dataset(tmp_path / "whole")
    told = []

    def stop(progress: sweeps.Progress) -> None:
        told.append((progress.before, progress.done, progress.total))
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweeps.run(found, tmp_path / "cut", progress=stop)
    partly = dataset(tmp_path / "cut")
    assert sum(name.startswith("chunks") for name in partly) == after
    assert partly.items() <= whole.items()
    told.clear()
    report = sweeps.run(found, tmp_path / "cut", progress=lambda p: told.append((p.before, p.done)))
    assert (report.made, report.failed, report.damaged) == (3 - after, 2, 0)
    assert told[-1] == (12 * after, 30)
    assert dataset(tmp_path / "cut") == whole
    again = sweeps.run(found, tmp_path / "cut")
    assert (again.made, again.failed, again.runs) == (0, 2, 30)
    assert dataset(tmp_path / "cut") == whole


@pytest.mark.slow
@pytest.mark.parametrize("way", ["processes", "dask", "backwards"])
def test_the_dataset_is_the_same_whoever_makes_it(tmp_path, small_chunks, way: str):
    found = sweep(tmp_path, factors=f"\n{MIXED}")
    sweeps.run(found, tmp_path / "whole")
    if way == "processes":
        report = sweeps.run(found, tmp_path / "out", partial(sweep_workers.processes, workers=2))
    elif way == "dask":
        with sweep_workers.local_cluster(2) as client:
            execute = partial(sweep_workers.dask, client=client)
            report = sweeps.run(found, tmp_path / "out", execute)
    else:
        report = sweeps.run(
            found, tmp_path / "out", lambda make, indices: map(make, [*indices][::-1])
        )
    assert report.made == 3
    assert dataset(tmp_path / "out") == dataset(tmp_path / "whole")


def test_a_maker_goes_to_other_machines(tmp_path, small_chunks, monkeypatch):
    maker = Maker.of(sweep(tmp_path, factors=f"\n{MIXED}", keep="counts"))
    sent = pickle.loads(pickle.dumps(maker))
    assert [sent(index) for index in (2, 0, 1)] == [maker(index) for index in (2, 0, 1)]
    monkeypatch.setattr(sweeps, "engine", lambda *more: {"numpy": "0"})
    with pytest.raises(DocumentError, match="another version of alignsim or its libraries"):
        sent(0)


def test_readers_take_the_folder_as_it_stands(tmp_path, small_chunks):
    found, table = made(tmp_path, factors=f"\n{MIXED}")
    folder = tmp_path / "out" / "chunks"
    assert list(table.columns[:3]) == ["point", "replication", "scenario"]
    assert list(table.columns[3 : 3 + len(found.names)]) == found.names
    for read in (
        pd.read_parquet(folder),
        pl.read_parquet(folder).to_pandas(),
        duckdb.sql(f"select * from '{folder}/*.parquet'").df(),
    ):
        assert list(read.columns) == list(table.columns)
        assert len(read) == found.runs
        joined = read.sort_values(["point", "replication"])["KOR_first_joined"]
        assert joined.isna().tolist() == table["KOR_first_joined"].isna().tolist()
        assert set(read["stance"].astype(str)) == {"none", "press", "free"}
        assert read["pressure"].sum() == pytest.approx(table["pressure"].sum())


# Sent to a process of its own: it tells of each chunk that is written.
SCRIPT = """
import sys, time
from pathlib import Path
from alignsim import sweep_points, sweep_workers, sweeps

sweeps.SECONDS_A_CHUNK, sweeps.SECONDS_A_DECIDER = 4.5 * sweeps.SECONDS_A_POINT, 0.0

def slowly(make, indices):
    for index in indices:
        chunk = make(index)
        yield chunk
        print(index, flush=True)
        time.sleep(float(sys.argv[3]))

if __name__ == "__main__":
    sweeps.run(sweep_points.read(sys.argv[1]), Path(sys.argv[2]), slowly)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_signal_costs_the_chunk_in_flight_at_most(tmp_path, small_chunks, number: int):
    found = sweep(tmp_path, **BAD_CHANGES)
    sweeps.run(found, tmp_path / "whole")
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "mine.yaml")]
    process = subprocess.Popen(
        [*command, str(tmp_path / "out"), "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        # The store writes a chunk before it asks for the next, after which its number is told.
        assert process.stdout.readline() == "0\n"
        process.send_signal(number)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert process.returncode != 0
    partly = dataset(tmp_path / "out")
    assert sum(name.startswith("chunks") for name in partly) == 1
    report = sweeps.run(found, tmp_path / "out")
    assert (report.made, report.damaged, report.failed) == (2, 0, 2)
    assert dataset(tmp_path / "out") == dataset(tmp_path / "whole")


@pytest.mark.slow
def test_kills_at_any_moment_leave_whole_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 4.5 * sweeps.SECONDS_A_POINT)
    monkeypatch.setattr(sweeps, "SECONDS_A_DECIDER", 0.0)
    found = sweep(tmp_path, design="{kind: latin-hypercube, points: 400}")
    sweeps.run(found, tmp_path / "whole")
    whole = dataset(tmp_path / "whole")
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "mine.yaml")]
    rng = random.Random(3)
    for _ in range(3):
        process = subprocess.Popen(
            [*command, str(tmp_path / "out"), "0.001"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        process.wait()
        process.stdout.close()
        partly = dataset(tmp_path / "out")
        assert partly.items() <= whole.items()
    report = sweeps.run(found, tmp_path / "out")
    assert report.damaged == 0
    assert dataset(tmp_path / "out") == whole


@pytest.mark.parametrize("folder", ["chunks", "failures"])
@pytest.mark.parametrize("how", ["flip", "cut", "remove"])
def test_a_damaged_file_is_found_and_made_again(tmp_path, small_chunks, folder: str, how: str):
    found = sweep(tmp_path, **BAD_CHANGES)
    sweeps.run(found, tmp_path / "out")
    whole = dataset(tmp_path / "out")
    file = sorted((tmp_path / "out" / folder).iterdir())[0]
    raw = file.read_bytes()
    if how == "flip":
        file.write_bytes(raw[:50] + bytes([raw[50] ^ 1]) + raw[51:])
    elif how == "cut":
        file.write_bytes(raw[:-7])
    else:
        file.unlink()
    report = sweeps.run(found, tmp_path / "out")
    assert report.made == 1
    assert report.damaged == (0 if (folder, how) == ("chunks", "remove") else 1)
    assert dataset(tmp_path / "out") == whole


# --- another sweep is refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"replications": "4"}, "specification.replications is 3 there, 4 here"),
        ({"seed": "8"}, "specification.seed is 7 there, 8 here"),
        ({"keep": "steps"}, 'specification.keep is "final" there, "steps" here'),
        (
            {"factors": f"\n{ENERGY.replace('to: 1.0', 'to: 0.9')}"},
            "specification.factors.energy.to is 1.0 there, 0.9 here",
        ),
        ({"weights": "neutral"}, 'specification.weights is "calibrated" there, "neutral" here'),
        (
            {"scenarios": "[ukraine-2022]"},
            'specification.scenarios.0 is "crimea-2014" there, "ukraine-2022" here',
        ),
        (
            {"design": "{kind: latin-hypercube, points: 13}"},
            "specification.design.points is 12 there, 13 here",
        ),
    ],
)
def test_a_changed_specification_is_refused(tmp_path: Path, changes, named: str):
    sweeps.run(sweep(tmp_path), tmp_path / "out")
    before = dataset(tmp_path / "out")
    with pytest.raises(DocumentError) as caught:
        sweeps.run(sweep(tmp_path, **changes), tmp_path / "out")
    assert named in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert dataset(tmp_path / "out") == before


@pytest.mark.parametrize("kind", ["table", "scenario", "weights", "posterior"])
def test_a_changed_file_is_refused(tmp_path: Path, short_episode: str, kind: str):
    shipped = evidence.data_root() / "configs" / "weights" / "neutral.yaml"
    changes, name, text, old, new = {
        "table": (
            {
                "factors": "\n  energy: {path: indices.KOR.exposure}",
                "design": "{kind: table, file: f.csv}",
            },
            "f.csv",
            "energy\n0.5\n0.6\n",
            "0.6",
            "0.7",
        ),
        "scenario": (
            {"scenarios": "[f.yaml]"},
            "f.yaml",
            short_episode.replace("crimea-2014", "alone", 1),
            "value: 0.75",
            "value: 0.76",
        ),
        "weights": (
            {"weights": "f.yaml"},
            "f.yaml",
            shipped.read_text(),
            "attention: {value: 5.0",
            "attention: {value: 5.1",
        ),
        "posterior": (
            {"factors": "\n  norms: {path: weights.groups.norms, posterior: f.csv}"},
            "f.csv",
            "groups.norms\n0.5\n0.6\n",
            "0.6",
            "0.7",
        ),
    }[kind]
    (tmp_path / name).write_text(text)
    sweeps.run(sweep(tmp_path, **changes), tmp_path / "out")
    sweeps.run(sweep(tmp_path, **changes), tmp_path / "out")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(DocumentError, match=r"hashes\.\S+ is ") as caught:
        sweeps.run(sweep(tmp_path, **changes), tmp_path / "out")
    assert "made by another specification" in str(caught.value)


def test_a_changed_engine_is_refused(tmp_path: Path, monkeypatch):
    found = sweep(tmp_path)
    sweeps.run(found, tmp_path / "out")
    changed = sweeps.engine() | {"source": "0" * 64}
    monkeypatch.setattr(sweeps, "engine", lambda *more: changed)
    with pytest.raises(DocumentError, match=r"engine\.source is .* there, \"0000"):
        sweeps.run(found, tmp_path / "out")


def test_the_sampler_of_trajectories_is_part_of_the_sweeps_that_use_it(tmp_path, monkeypatch):
    """Another version of it may give other points, and half of each would be no design."""
    screened = sweep(tmp_path / "one", design="{kind: morris, trajectories: 2, levels: 4}")
    plain = sweep(tmp_path / "two")
    before = [sweeps.manifest(each)["engine"] for each in (screened, plain)]
    assert before[0] == before[1] | {"SALib": sources.version("SALib")}
    own = sources.version
    monkeypatch.setattr(sources, "version", lambda name: "0" if name == "SALib" else own(name))
    sweeps.engine.cache_clear()
    try:
        after = [sweeps.manifest(each)["engine"] for each in (screened, plain)]
    finally:
        sweeps.engine.cache_clear()
    assert after[0]["SALib"] == "0"
    assert after[1] == before[1]


# --- points that fail -----------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["final", "counts"])
def test_points_that_fail_are_told_and_have_no_rows(tmp_path, small_chunks, kept: str):
    _, table = made(tmp_path, **BAD_CHANGES, keep=kept)
    assert sorted(set(table["point"])) == [0, 2, 3, 5, 6, 7, 8, 9]
    failures = pd.concat(map(pd.read_parquet, sweep_store.failure_files(tmp_path / "out")))
    assert failures["point"].tolist() == [1, 4]
    assert failures["energy"].tolist() == [7.0, -1.0]
    assert set(failures["scenario"]) == {"crimea-2014"}
    assert failures["reason"].tolist() == [
        "indices.KOR.exposure: 7 is not an index (0 to 1)",
        "indices.KOR.exposure: -1 is not an index (0 to 1)",
    ]


def test_a_point_of_several_blocks_fails_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "MAX_BLOCK", 2)
    monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 1e-9)
    found = sweep(tmp_path, **BAD_CHANGES, keep="counts")
    report = sweeps.run(found, tmp_path / "out")
    assert (report.made, report.failed) == (20, 2)
    assert rows(tmp_path / "out")["runs"].sum() == 8 * 3


def test_trade_shares_above_1_fail(tmp_path: Path):
    factors = """
  eu: {path: blocs.EU.russia_trade_share}
  usa: {path: states.USA.russia_trade_share}"""
    design = "{kind: table, rows: [{eu: 0.3, usa: 0.1}, {eu: 0.7, usa: 0.4}]}"
    found, table = made(tmp_path, factors=factors, design=design)
    assert set(table["point"]) == {0}
    (file,) = sweep_store.failure_files(tmp_path / "out")
    failures = pd.read_parquet(file)
    assert failures["point"].tolist() == [1]
    assert "trade" in failures["reason"][0]
    assert sweeps.run(found, tmp_path / "out").failed == 1


@pytest.mark.parametrize("kept", ["final", "steps", "counts", "step-counts"])
def test_chunks_of_failed_points_only_are_readable(tmp_path, small_chunks, kept: str):
    rows_ = ", ".join(f"{{energy: {value}}}" for value in (3, 4, 5, 6, 7, 0.5, 0.6, 0.7, 0.8))
    factors = """
  energy: {path: indices.KOR.exposure}"""
    design = f"{{kind: table, rows: [{rows_}]}}"
    found = sweep(tmp_path, factors=factors, design=design, keep=kept)
    report = sweeps.run(found, tmp_path / "out")
    assert (report.made, report.failed) == (3, 5)
    files, _ = sweep_store.chunk_files(tmp_path / "out")
    assert pq.read_metadata(files[0]).num_rows == 0
    empty, full = (pq.read_schema(file) for file in (files[0], files[2]))
    assert empty.remove_metadata() == full.remove_metadata()
    folder = tmp_path / "out" / "chunks"
    count = 4 * (3 if kept in ("final", "steps") else 1) * (10 if "step" in kept else 1)
    assert len(pd.read_parquet(folder)) == count
    assert len(pl.read_parquet(folder)) == count
    assert len(duckdb.sql(f"select * from '{folder}/*.parquet'").df()) == count


def test_all_points_failing_is_a_dataset_without_rows(tmp_path: Path):
    factors = """
  energy: {path: indices.KOR.exposure}
  stance: {path: decisions.USA.stance.KOR}"""
    design = "{kind: table, rows: [{energy: 7, stance: press}, {energy: 8, stance: free}]}"
    found, table = made(tmp_path, factors=factors, design=design)
    assert len(table) == 0
    assert list(table.columns[:5]) == ["point", "replication", "scenario", "energy", "stance"]
    assert {"JPN_level", "KOR_first_joined", "pressure"} <= set(table.columns)
    assert sweeps.run(found, tmp_path / "out").failed == 2


# --- large designs, and the plan --------------------------------------------------------------

HUGE = {
    "latin-hypercube": (f"\n{ENERGY}", "{kind: latin-hypercube, points: 1000000000}"),
    "factorial": (
        """
  a: {path: indices.KOR.exposure, from: 0.0, to: 1.0, steps: 10000}
  b: {path: indices.JPN.exposure, from: 0.0, to: 1.0, steps: 100000}""",
        "{kind: factorial}",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HUGE)
def test_a_billion_points_start_at_once_in_little_memory(tmp_path, kind: str):
    factors, design = HUGE[kind]
    kernel_ready = sweep(tmp_path, replications="1")
    Maker.of(kernel_ready)(0)
    tracemalloc.start()
    try:
        started = time.perf_counter()
        found = sweep(tmp_path, factors=factors, design=design, replications="1", keep="counts")
        maker = Maker.of(found)
        sweeps.manifest(found)
        assert time.perf_counter() - started < 5.0
        assert (found.points, maker.plan.chunks) == (10**9, sweeps.MAX_CHUNKS)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    for index in (0, maker.plan.chunks - 1):
        chunk = maker(index)
        table = pq.read_table(io.BytesIO(chunk.rows))
        size = maker.plan.blocks_a_chunk
        points = table["point"].to_numpy()
        assert points.tolist() == list(range(index * size, (index + 1) * size))
        assert chunk.runs == size
        if kind == "factorial":
            a, b = np.divmod(points, 100_000)
            assert table["a"].to_numpy() == pytest.approx(a / 9999)
            assert table["b"].to_numpy() == pytest.approx(b / 99999)


def test_a_chunk_of_a_billion_points_is_made_in_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "MAX_CHUNKS", 10**9)
    factors, design = HUGE["factorial"]
    found = sweep(tmp_path, factors=factors, design=design, replications="1", keep="counts")
    plan = Maker.of(found).plan
    maker = dataclasses.replace(Maker.of(found), plan=dataclasses.replace(plan, blocks_a_chunk=50))
    maker(0)
    tracemalloc.start()
    try:
        chunk = maker(maker.plan.chunks - 1)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    points = pq.read_table(io.BytesIO(chunk.rows))["point"].to_pylist()
    assert points == list(range(10**9 - 50, 10**9))


def test_the_first_and_the_last_of_a_billion_points_have_values(tmp_path: Path):
    for factors, design in HUGE.values():
        found = sweep(tmp_path, factors=factors, design=design)
        for first in (0, 10**9 - 3):
            values = found.values(first, 3)
            assert np.isfinite(values).all()
            assert len({tuple(row) for row in values.tolist()}) == 3


@examples(200)
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_blocks_cover_each_run_exactly_once(points: int, replications: int, data):
    block = data.draw(st.integers(1, replications))
    plan = Plan(points, replications, block, data.draw(st.integers(1, 50)))
    seen = []
    for chunk in range(plan.chunks):
        blocks = plan.blocks(chunk)
        assert 1 <= len(blocks) <= plan.blocks_a_chunk
        assert plan.runs(chunk) == sum(found.runs for found in blocks)
        for found in blocks:
            assert 1 <= found.runs <= block
            seen += [(found.point, found.first + run) for run in range(found.runs)]
    assert seen == [(point, run) for point in range(points) for run in range(replications)]
    assert plan.blocks(plan.chunks) == []
    point, run = data.draw(st.integers(0, points - 1)), data.draw(st.integers(0, replications - 1))
    if hasattr(plan, "place"):
        chunk, first = plan.place(point, run)
        (held,) = [f for f in plan.blocks(chunk) if (f.point, f.first) == (point, first)]
        assert held.first <= run < held.first + held.runs


def test_a_plan_worked_by_hand():
    plan = Plan(points=3, replications=25, block=10, blocks_a_chunk=4)
    assert (plan.blocks_a_point, plan.chunks) == (3, 3)
    assert plan.blocks(0) == [Block(0, 0, 10), Block(0, 10, 10), Block(0, 20, 5), Block(1, 0, 10)]
    assert plan.blocks(2) == [Block(2, 20, 5)]
    assert [plan.runs(chunk) for chunk in range(3)] == [35, 35, 5]


@examples(100)
@given(
    st.integers(1, 10**9),
    st.integers(1, 10**7),
    st.sampled_from(["final", "steps", "counts", "step-counts"]),
)
def test_no_chunk_is_too_large(
    tmp_path_factory: pytest.TempPathFactory, points: int, replications: int, kept: str
):
    base = _planned(tmp_path_factory)
    specification_ = base.specification.model_copy(
        update={"replications": replications, "keep": kept}
    )
    found = Sweep(
        specification_,
        base.bases,
        base.settings,
        base.spreads,
        designs.LatinHypercube(points, 1, 0),
        {},
    )
    maker = Maker.of(found)
    plan, keeper = maker.plan, maker.keepers[0]
    assert 1 <= plan.block <= replications
    if not keeper.counted:
        assert keeper.rows(plan.block) <= sweeps.MAX_ROWS
    else:
        assert plan.block <= sweeps.MAX_BLOCK
    assert plan.chunks <= sweeps.MAX_CHUNKS
    if points * plan.blocks_a_point <= sweeps.MAX_CHUNKS:
        assert plan.blocks_a_chunk * keeper.rows(plan.block) <= sweeps.MAX_ROWS


_PLANNED: list[Sweep] = []


def _planned(factory: pytest.TempPathFactory) -> Sweep:
    if not _PLANNED:
        _PLANNED.append(sweep(factory.mktemp("planned")))
    return _PLANNED[0]


# --- the manifest ---------------------------------------------------------------------------


def test_the_manifest_says_all_that_the_dataset_rests_on(tmp_path: Path):
    (tmp_path / "t.csv").write_text("energy\n0.5\n0.6\n")
    changes = {
        "factors": "\n  energy: {path: indices.KOR.exposure}",
        "design": "{kind: table, file: t.csv}",
        "scenarios": "[crimea-2014, ukraine-2022]",
    }
    found = sweep(tmp_path, **changes)
    told = sweeps.manifest(found)
    text = json.dumps(told, allow_nan=False, sort_keys=True)
    assert text == json.dumps(sweeps.manifest(sweep(tmp_path, **changes)), sort_keys=True)
    assert json.loads(text) == told
    hashes = told["hashes"]
    assert list(hashes["scenarios"]) == ["crimea-2014", "ukraine-2022"]
    for digest in (
        hashes["specification"],
        hashes["weights"],
        hashes["evidence"],
        hashes["files"]["t.csv"],
        *hashes["scenarios"].values(),
        told["engine"]["source"],
    ):
        assert len(digest) == 64
        int(digest, 16)
    libraries = {"numba", "numpy", "pandas", "pyarrow", "scipy"}
    assert set(told["engine"]) == {"alignsim", "source", *libraries}
    assert (told["points"], told["runs"], told["factors"]) == (4, 12, ["energy"])
    assert told["specification"]["seed"] == 7
    sweeps.run(found, tmp_path / "out")
    written = sweep_store.read_manifest(tmp_path / "out")
    assert written == {**told, "chunks": 1}


def test_the_manifest_does_not_depend_on_the_folder_or_the_process(tmp_path: Path):
    here = sweeps.manifest(sweep(tmp_path / "a"))
    assert here == sweeps.manifest(sweep(tmp_path / "b"))
    code = (
        "import json, sys; from alignsim import sweep_points, sweeps;"
        "print(json.dumps(sweeps.manifest(sweep_points.read(sys.argv[1])), sort_keys=True))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "5"}
    there = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "b" / "mine.yaml")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert json.loads(there.stdout) == here


def test_progress_tells_runs_and_failures(tmp_path, small_chunks):
    told = []
    found = sweep(tmp_path, **BAD_CHANGES)
    report = sweeps.run(
        found,
        tmp_path / "out",
        progress=lambda p: told.append((p.before, p.done, p.total, p.failed)),
    )
    assert told == [(0, 12, 30, 1), (0, 24, 30, 2), (0, 30, 30, 2)]
    assert report.seconds > 0.0
