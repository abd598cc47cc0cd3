"""The commands of sweeps and red lines, as a user types them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from alignsim import cli

SPEC = """
name: norms
kind: sweep
title: Norms of the government's line
scenarios: [crimea-2014]
factors:
  norms: {path: states.KOR.norms_emphasis, values: [0.1, 0.9]}
  stance: {path: decisions.USA.stance.KOR, values: [press, free]}
design: {kind: factorial}
replications: 8
keep: final
"""
FAILING = """
name: failing
kind: sweep
title: A point out of bounds
scenarios: [crimea-2014]
factors:
  norms: {path: states.KOR.norms_emphasis}
design: {kind: table, rows: [{norms: 0.5}, {norms: 1.5}]}
replications: 4
keep: counts
"""


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep."""
    base = tmp_path_factory.mktemp("sweep")
    (base / "norms.yaml").write_text(SPEC)
    result = ask("sweep", str(base / "norms.yaml"), "--out", str(base / "out"))
    assert result.exit_code == 0, result.output
    assert "4 points, 32 runs" in result.stdout
    return base / "out"


def test_a_second_call_finds_nothing_to_do(folder):
    result = ask("sweep", str(folder.parent / "norms.yaml"), "--out", str(folder), "--json")
    assert json.loads(result.stdout)["runs_made"] == 0


def test_a_changed_specification_is_refused_with_the_difference(folder, tmp_path):
    changed = tmp_path / "norms.yaml"
    changed.write_text(SPEC.replace("replications: 8", "replications: 9"))
    result = ask("sweep", str(changed), "--out", str(folder))
    assert result.exit_code != 0
    assert "specification.replications is 8 there, 9 here" in str(result.exception)


def test_two_ways_at_once_are_refused(folder):
    result = ask(
        "sweep", "x.yaml", "--out", str(folder), "--workers", "2", "--dask", "tcp://nowhere:1"
    )
    assert result.exit_code == 2
    assert "one of --workers, --dask and --dask-local" in result.output


def test_points_that_fail_show_in_the_exit_code(tmp_path):
    (tmp_path / "failing.yaml").write_text(FAILING)
    result = ask("sweep", str(tmp_path / "failing.yaml"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "1 points failed" in result.stderr
    failures = pd.read_parquet(tmp_path / "out" / "failures")
    assert failures.point.tolist() == [1]
    assert "1.5 is not a rubric score (0 to 1)" in failures.reason[0]
    assert pd.read_parquet(tmp_path / "out" / "chunks").point.tolist() == [0]
    again = ask("replay", str(tmp_path / "out"), "1:0")
    assert again.exit_code == 2
    assert "1.5 is not" in again.output


@pytest.mark.parametrize("run", ["0:0", "3:7"])
def test_a_run_is_played_again_and_equals_its_row(folder, run):
    result = ask("replay", str(folder), run)
    assert result.exit_code == 0, result.output
    assert "Equal to what is stored, column by column." in result.stdout
    assert "South Korea, 2014-12: level" in result.stdout
    record = json.loads(ask("replay", str(folder), run, "--json").stdout)
    last = {(m["state"], m["decision"], m["toward"]): m["chosen"] for m in record["decisions"]}
    assert str(record["stored"][0]["KOR_level"]) == last["KOR", "level", None]
    assert record["stored"][0]["USA_stance_KOR"] == last["USA", "stance", "KOR"]


def test_a_row_that_is_another_is_told(folder, monkeypatch):
    from alignsim import sweep_replay

    stored = sweep_replay._stored

    def other(*arguments):
        rows = stored(*arguments)
        return [row | {"KOR_level": row["KOR_level"] + 1} for row in rows]

    monkeypatch.setattr(sweep_replay, "_stored", other)
    result = ask("replay", str(folder), "0:0")
    assert result.exit_code == 1
    assert "Other than the row stored in: KOR_level." in result.stdout


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        ("7", "write POINT:REPLICATION"),
        ("4:0", "point 4 is not in 0 to 3"),
        ("0:8", "replication 8 is not in 0 to 7"),
    ],
)
def test_a_run_that_is_not_there(folder, run, fault):
    result = ask("replay", str(folder), run)
    assert result.exit_code == 2
    assert fault in result.output


def test_explaining_another_state_and_date(folder):
    shown = ask("replay", str(folder), "0:0", "--state", "RUS", "--date", "2014-04").stdout
    assert "Russia, 2014-04: stance toward Japan" in shown
    wrong = ask("replay", str(folder), "0:0", "--state", "XXX")
    assert wrong.exit_code == 2


def test_tabulating_prints_or_writes(folder, tmp_path):
    shown = ask("tabulate", str(folder), "--by", "stance", "--state", "KOR")
    assert shown.exit_code == 0
    assert max(map(len, shown.stdout.splitlines())) <= 100
    rows = json.loads(ask("tabulate", str(folder), "--by", "stance", "--json").stdout)
    assert {row["stance"] for row in rows} == {"press", "free"}
    file = tmp_path / "table.csv"
    assert ask("tabulate", str(folder), "--csv", str(file)).exit_code == 0
    assert len(pd.read_csv(file)) == 8  # 2 x 2 combinations, 2 allies
    assert ask("tabulate", str(folder), "--by", "moon").exit_code == 2


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_c13_a_table_or_figure_goes_to_standard_output(folder, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "table.csv"
    assert ask("tabulate", str(folder), "--csv", str(file)).exit_code == 0
    told = ask("tabulate", str(folder), "--csv", name)
    assert told.stdout_bytes == file.read_bytes()
    drawn = ask("plot", str(folder), "--out", name)
    assert drawn.stdout_bytes.startswith(b"\x89PNG")
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]


def test_plotting_writes_the_file_asked_for(folder, tmp_path):
    file = tmp_path / "norms.svg"
    assert ask("plot", str(folder), "--out", str(file)).exit_code == 0
    assert file.read_bytes().startswith(b"<?xml")
    wrong = ask("plot", str(folder), "--out", str(tmp_path / "norms.gif"))
    assert wrong.exit_code == 2
    assert "should end in .png or .svg" in wrong.output


@pytest.mark.slow
def test_red_lines_print_and_draw(tmp_path):
    file = tmp_path / "japan.png"
    arguments = ("crimea-2014", "--state", "JPN", "--to", "not-joined", "--draws", "0")
    result = ask("redlines", *arguments, "--runs", "100", "--figure", str(file))
    assert result.exit_code == 0, result.output
    assert file.read_bytes().startswith(b"\x89PNG")
    assert max(map(len, result.stdout.splitlines())) <= 100
    alone = ask("redlines", *arguments, "--runs", "100", "--figure", "-")
    assert alone.stdout_bytes == file.read_bytes()
    rows = json.loads(ask("redlines", *arguments, "--runs", "100", "--json").stdout)
    assert any(row["threshold"] is not None for row in rows)
    assert ask("redlines", "crimea-2014", "--state", "JPN", "--to", "6").exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_ends_on_request_and_goes_on(tmp_path, sent):
    spec = tmp_path / "long.yaml"
    spec.write_text(SPEC.replace("replications: 8", "replications: 200000"))
    command = [sys.executable, "-c", "from alignsim.cli import main; main()"]
    command += ["sweep", str(spec), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    chunks = tmp_path / "out" / "chunks"
    for _ in range(600):
        if chunks.is_dir() and any(chunks.iterdir()):
            break
        time.sleep(0.1)
    process.send_signal(sent)
    _, shown = process.communicate(timeout=60)
    assert process.returncode == 130
    assert shown.strip().splitlines()[-1] == "alignsim: stopped"
    assert not list((tmp_path / "out" / "tmp").glob("*.part"))
    done = len(list(chunks.iterdir()))
    assert done >= 1
