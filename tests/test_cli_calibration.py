"""The commands that let history judge, as a user types them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from alignsim import calibration_report, forecast_scores, nested, plots, weights
from tests.studies import (
    CALIBRATION,
    COMPARISON,
    FORECASTS,
    ROOT,
    forecasts_file,
    left_in,
    missing,
    prior_sample,
)

ONE = FORECASTS.replace(FORECASTS[FORECASTS.index("  forth:") : FORECASTS.index("  across:")], "")
"""A single forecast: each that is scored takes its time."""

STUDIES = sorted((ROOT / "experiments").glob("*/*.yaml"))


@pytest.fixture
def ask(commanded):
    """Runs a command."""
    return commanded


@pytest.fixture
def stand_in(monkeypatch):
    """Samples are draws of the prior."""
    monkeypatch.setattr(nested, "sample", prior_sample)


@pytest.fixture
def undrawn(monkeypatch):
    """No figure is drawn and no posterior kept: that takes longest, and other tests do it."""
    monkeypatch.setattr(calibration_report, "write", lambda found, folder: [])
    monkeypatch.setattr(plots, "rendered", lambda figure, form: form.encode())


def written(name, text):
    Path(name).write_text(text)
    return name


# --- calibrate ----------------------------------------------------------------------------------


def test_calibrating_writes_the_posterior_and_the_weights(ask, stand_in):
    file = written("fit.yaml", CALIBRATION)
    told = ask("calibrate", file, "--out", "out", "--weights", "mine.yaml", "--date", "2026-01-02")
    assert told.code == 0, told.err
    assert max(map(len, told.out.splitlines())) <= 100
    assert told.out.startswith("tiny: 90 documented decisions of crimea-2014; log marginal")
    assert told.last == "mine-draws.csv: written"
    for line in told.err.strip().splitlines():
        if line.endswith(": written"):
            assert Path(line.removesuffix(": written")).stat().st_size > 0
    assert {"posterior.nc", "summary.csv"} <= left_in("out")
    found = weights.read_set("./mine.yaml")
    assert (found.name, found.date) == ("tiny", "2026-01-02")
    assert len(weights.read_draws("./mine.yaml")) == 12
    assert len(pd.read_csv("out/summary.csv")) > 10


def test_calibrating_prints_json(ask, stand_in, undrawn):
    told = ask("calibrate", written("fit.yaml", CALIBRATION), "--json")
    assert told.code == 0, told.err
    record = json.loads(told.out)
    assert (record["name"], record["decisions"]) == ("tiny", 90)
    assert list(Path("tiny/samples").glob("*.json")), "the folder has the name of the study"
    again = ask("calibrate", "fit.yaml", "--json")
    assert json.loads(again.out) == record


def test_weights_that_would_not_be_read_are_told_in_one_line(ask, stand_in, undrawn):
    file = written("fit.yaml", CALIBRATION)
    told = ask("calibrate", file, "--weights", "my weights.yaml")
    assert told.code == 2
    assert told.last.startswith("alignsim: my weights.yaml:")
    assert not list(Path().glob("my weights*"))
    told = ask("calibrate", file, "--weights", "mine.yaml", "--date", "yesterday")
    assert told.code == 2
    assert "'yesterday' does not match the format '%Y-%m-%d'" in told.err


# --- compare ------------------------------------------------------------------------------------


def test_comparing_prints_the_table_and_the_verdict(ask, stand_in):
    told = ask("compare", written("rivals.yaml", COMPARISON), "--quick")
    assert told.code == 0, told.err
    assert max(map(len, told.out.splitlines())) <= 100
    assert "The decisions favour most:" in told.out
    folder = Path("comparison-quick")
    assert {"comparison.csv", "verdict.txt", "comparison.json"} <= left_in(folder)
    shown = ask("compare", "rivals.yaml", "--quick", "--json")
    assert shown.code == 0
    record = json.loads(shown.out)
    assert record == json.loads((folder / "comparison.json").read_text())
    assert record["quick"]


def test_a_whole_comparison_has_a_folder_of_its_own(ask, stand_in, undrawn):
    told = ask("compare", written("rivals.yaml", COMPARISON))
    assert told.code == 0, told.err
    assert "over priors and inputs" in " ".join(told.out.split())
    assert len(list(Path("comparison/samples").glob("*.json"))) == 27


# --- forecast -----------------------------------------------------------------------------------


def test_forecasting_writes_hashes_and_then_scores(ask, stand_in, monkeypatch, tmp_path):
    forecasts_file(tmp_path, ONE)
    score, before = forecast_scores.score, []

    def noted(plan, folder):
        before.extend(left_in(folder))
        return score(plan, folder)

    monkeypatch.setattr(forecast_scores, "score", noted)
    told = ask("forecast", "forecasts.yaml", "--out", "out")
    assert told.code == 0, told.err
    assert {"forecasts.csv", "manifest.json"} <= set(before)
    assert "scores.csv" not in before
    assert max(map(len, told.out.splitlines())) <= 100
    assert "Across: KOR in crimea-2014: the documented side has" in " ".join(told.out.split())
    assert {"scores.csv", "findings.txt", "sides.csv", "diagnosis.csv"} <= left_in("out")


@pytest.mark.slow
def test_scoring_alone_makes_no_forecast_and_refuses_a_changed_one(
    ask, stand_in, undrawn, tmp_path
):
    forecasts_file(tmp_path, ONE)
    arguments = ("forecast", "forecasts.yaml", "--out", "out", "--only-score")
    told = ask(*arguments)
    assert told.code == 2
    assert told.last == "alignsim: out/forecasts.csv: cannot be read"
    assert ask(*arguments[:-1]).code == 0
    stored = Path("out/forecasts.csv")
    content = stored.read_bytes()
    told = ask(*arguments, "--json")
    assert told.code == 0
    assert json.loads(told.out)["sides"]
    assert stored.read_bytes() == content
    stored.write_bytes(content.replace(b"2014-03", b"2014-02", 1))
    told = ask(*arguments)
    assert told.code == 2
    assert told.last == "alignsim: out/forecasts.csv: is not what was hashed before scoring"


# --- what goes wrong ----------------------------------------------------------------------------

COMMANDS = {
    "calibrate": (CALIBRATION, ("--out", "out")),
    "compare": (COMPARISON, ("--out", "out")),
    "forecast": (ONE, ("--out", "out")),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there_is_told_in_one_line(ask, command):
    told = ask(command, "nowhere.yaml", *COMMANDS[command][1])
    assert told.code == 2
    assert told.err == "alignsim: nowhere.yaml: cannot be read: No such file or directory\n"
    assert left_in(".") == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_another_kind_is_told_in_one_line(ask, command):
    kinds = {"calibrate": "calibration", "compare": "comparison", "forecast": "forecasts"}
    text = COMMANDS[command][0].replace(f"kind: {kinds[command]}", "kind: sweep")
    told = ask(command, written("wrong.yaml", text), *COMMANDS[command][1])
    assert told.code == 2
    assert told.err == f"alignsim: wrong.yaml:2: kind: should be '{kinds[command]}'\n"
    assert left_in(".") == {"wrong.yaml"}


@pytest.mark.parametrize(
    ("command", "library"),
    [
        ("calibrate", "dynesty"),
        ("calibrate", "arviz"),
        ("calibrate", "corner"),
        ("compare", "dynesty"),
        ("forecast", "dynesty"),
    ],
)
def test_a_missing_library_is_told_before_any_work(ask, monkeypatch, tmp_path, command, library):
    missing(monkeypatch, library)
    monkeypatch.setattr(nested, "sample", None)
    forecasts_file(tmp_path, ONE)
    told = ask(command, written("study.yaml", COMMANDS[command][0]), *COMMANDS[command][1])
    assert told.code == 2
    assert told.err == f'alignsim: {library}: needs pip install "alignsim[studies]"\n'
    assert not Path("out").exists()


@pytest.mark.parametrize("arguments", [("--workers", "0"), ("--luck",)])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_told(ask, command, arguments):
    told = ask(command, written("study.yaml", COMMANDS[command][0]), "--out", "out", *arguments)
    assert told.code == 2
    assert arguments[0] in told.last


def test_a_forecast_needs_a_folder(ask, tmp_path):
    forecasts_file(tmp_path, ONE)
    told = ask("forecast", "forecasts.yaml")
    assert told.code == 2
    assert "Missing option '--out'" in told.last


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interruption_leaves_nothing_half_written(ask, undrawn, monkeypatch, tmp_path, command):
    """What was sampled before is kept, and the same command goes on."""
    forecasts_file(tmp_path, ONE)
    text = f"{CALIBRATION}input_draws: 2\n" if command == "calibrate" else COMMANDS[command][0]
    arguments = (command, written("study.yaml", text), *COMMANDS[command][1])
    before = 0 if command == "forecast" else 1
    calls = []

    def stopping(*given):
        calls.append(given)
        if len(calls) == before + 1:
            raise KeyboardInterrupt
        return prior_sample(*given)

    monkeypatch.setattr(nested, "sample", stopping)
    told = ask(*arguments)
    assert (told.code, told.out) == (130, "")
    assert told.last == "alignsim: stopped"
    assert [Path(name).suffix for name in left_in("out")] == [".json"] * before
    assert ask(*arguments).code == 0
    assert len(calls) == len(list(Path("out/samples").glob("*.json"))) + 1


LONG = COMPARISON.replace("live_points: 20, steps: 5, remaining: 2", "live_points: 400, steps: 60")


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "workers"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_a_comparison_ends_on_request(tmp_path, sent, workers):
    (tmp_path / "rivals.yaml").write_text(LONG)
    command = [sys.executable, "-c", "from alignsim.cli import main; main()", "compare"]
    command += ["rivals.yaml", "--out", "out", "--workers", workers]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    samples = tmp_path / "out" / "samples"
    for _ in range(600):
        if samples.is_dir() and any(samples.glob("*.json")):
            break
        time.sleep(0.1)
    process.send_signal(sent)
    _, shown = process.communicate(timeout=60)
    assert process.returncode == 130, shown
    assert shown.strip().splitlines()[-1] == "alignsim: stopped"
    left = left_in(tmp_path / "out")
    assert left
    assert {Path(name).suffix for name in left} <= {".json", ".checkpoint"}
    for file in samples.glob("*.json"):
        json.loads(file.read_text())


# --- validate -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_shipped_study_is_valid(ask):
    told = ask("validate", *STUDIES)
    assert told.code == 0, told.err
    assert told.out.splitlines() == [f"{file}: ok" for file in STUDIES]
    kinds = {"calibration", "comparison", "forecasts"}
    assert kinds <= {file.parent.name for file in STUDIES}


@pytest.mark.parametrize("command", COMMANDS)
def test_validate_tells_the_fault_of_a_study(ask, tmp_path, command):
    forecasts_file(tmp_path, ONE)
    good = written("good.yaml", COMMANDS[command][0])
    bad = written("bad.yaml", COMMANDS[command][0].replace("seed: 0", "seed: none"))
    told = ask("validate", good, bad)
    assert told.code == 2
    assert told.out == "good.yaml: ok\n"
    assert told.err.startswith("bad.yaml:")
    assert ": seed: " in told.err
    assert len(told.err.splitlines()) == 1
    faults = json.loads(ask("validate", good, bad, "--json").out)
    assert [bool(one["fault"]) for one in faults] == [False, True]
