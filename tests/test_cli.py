"""The commands, as a user meets them: output, exit codes, one-line faults."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignsim import cli, reading, weights

EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")


def call(*arguments: str, code: int = 0) -> str:
    """Run a command in this process through the same door as the console script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["alignsim", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert stopped.value.code == code
    return ""


def output(*arguments: str) -> str:
    result = CliRunner().invoke(cli.cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def fault(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call(*arguments, code=2)
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "Traceback" not in shown.err
    return shown.err


@pytest.mark.parametrize(
    "command", ["run", "reproduce", "explain", "whatif", "evidence", "validate", "schema"]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    text = output(command, "--help")
    assert "Example" in text
    assert f"alignsim {command}" in text


def test_help_names_all_commands() -> None:
    text = output("--help")
    for command in ("run", "reproduce", "explain", "whatif", "evidence", "validate", "schema"):
        assert command in text


@pytest.mark.parametrize("episode", EPISODES)
def test_a_single_run_shows_every_state_within_100_columns(episode: str) -> None:
    text = output("run", episode, "--runs", "1", "--seed", "3")
    assert max(len(line) for line in text.splitlines()) <= 100
    for name in ("USA level", "JPN level", "KOR engagement", "RUS stance to KOR"):
        assert name in text


def test_a_single_run_as_json_holds_every_option_of_every_decision() -> None:
    record = json.loads(output("run", "crimea-2014", "--runs", "1", "--json"))
    assert len(record["decisions"]) == 10 * (1 + 2 + 2 + 2 * 2)
    for made in record["decisions"]:
        assert sum(option["probability"] for option in made["options"]) == pytest.approx(1.0)
        for option in made["options"]:
            assert sum(option["terms"].values()) == pytest.approx(option["utility"])


def test_an_ensemble_as_json_agrees_with_its_csv(tmp_path: Path) -> None:
    record = json.loads(
        output("run", "ukraine-2022", "--runs", "50", "--json", "--out", str(tmp_path))
    )
    assert json.loads((tmp_path / "run.json").read_text()) == record
    lines = (tmp_path / "paths.csv").read_text().splitlines()
    assert len(lines) == 1 + len(record["paths"])
    assert [step["date"] for step in record["steps"]] == [f"2022-{m:02d}" for m in range(2, 11)]


def test_seed_0_is_a_seed() -> None:
    first = output("run", "crimea-2014", "--runs", "20", "--json", "--seed", "0")
    assert first == output("run", "crimea-2014", "--runs", "20", "--json", "--seed", "0")
    assert first != output("run", "crimea-2014", "--runs", "20", "--json", "--seed", "1")


def test_explain_puts_the_largest_difference_first_with_its_claims() -> None:
    text = output("explain", "crimea-2014", "--state", "KOR", "--date", "2014-07")
    assert text.startswith("South Korea, 2014-07: level 0 (documented 0)")
    gains = [
        float(line.split()[-1])
        for line in re.findall(r"^\w.*?[+-]\d\.\d+ +[+-]\d\.\d+ +[+-]\d\.\d+", text, re.M)
    ]
    assert [abs(gain) for gain in gains] == sorted((abs(gain) for gain in gains), reverse=True)
    assert re.search(r"\b(L17|D14|C22)-\d\d\b", text)


def test_whatif_as_json_has_intervals_around_each_difference() -> None:
    rows = json.loads(output("whatif", "crimea-2014", "seoul-isolated", "--runs", "50", "--json"))
    assert {row["state"] for row in rows} == {"USA", "JPN", "KOR"}
    assert all(row["low"] <= row["difference"] <= row["high"] for row in rows)


def test_set_changes_one_quantity() -> None:
    text = output("whatif", "ukraine-2022", "--set", "world.severity=0.2", "--runs", "50")
    assert "world.severity=0.2" in text


def test_a_setting_that_changes_nothing_says_so() -> None:
    text = output("whatif", "crimea-2014", "--set", "states.JPN.g7=1", "--runs", "20")
    assert text == "No decision changes in any run.\n"


def test_evidence_prints_every_claim_or_one() -> None:
    assert len(re.findall(r"^(?:L17|D14|C22)-\d\d ", output("evidence"), re.M)) == 73
    assert "us-lng" in output("evidence", "--claim", "C22-19")
    assert json.loads(output("evidence", "--claim", "C22-19", "--json"))


def test_validate_checks_all_shipped_files() -> None:
    root = reading.find("crimea-2014").parents[1]
    files = sorted(str(file) for file in root.glob("*/*.yaml"))
    assert len(files) >= 3 + 16 + 2
    text = output("validate", *files)
    assert text.count(": ok\n") == len(files)


def test_validate_goes_on_after_a_fault(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("kind: episode\nunknown: 1\n")
    good = str(reading.find("crimea-2014"))
    call("validate", str(bad), good, code=2)
    shown = capsys.readouterr()
    assert shown.out == f"{good}: ok\n"
    assert shown.err.startswith(f"{bad}:")
    assert shown.err.count("\n") == 1


def test_validate_as_json_lists_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    good = str(reading.find("crimea-2014"))
    call("validate", "nowhere.yaml", good, "--json", code=2)
    bad, fine = json.loads(capsys.readouterr().out)
    assert fine == {"file": good, "fault": ""}
    assert "cannot be read" in bad["fault"]


def test_schema_is_json() -> None:
    assert json.loads(output("schema"))["title"] == "alignsim scenario"
    assert output("schema", "--json") == output("schema")


@pytest.mark.slow
def test_reproduce_prints_and_writes_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = output("reproduce", "--runs", "20")
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "Out of sample" in text
    assert (tmp_path / "report" / "index.html").stat().st_size > 100_000
    record = json.loads(output("reproduce", "--runs", "20", "--json"))
    assert record == json.loads((tmp_path / "report" / "reproduce.json").read_text())
    assert sorted(item.name for item in tmp_path.iterdir()) == ["report"]


@pytest.mark.slow
def test_calibrate_writes_a_weight_file_that_validates(tmp_path: Path) -> None:
    root = reading.find("crimea-2014").parents[2]
    shipped = (root / "experiments" / "calibration" / "2014.yaml").read_text()
    light = {
        "{live_points: 300, steps: 60}": "{live_points: 20, steps: 5, remaining: 9}",
        "refresh: 1000": "refresh: 5",
        "draws: 200": "draws: 60",
        "fit_on: [crimea-2014]": "fit_on: [crimea-2014]\nallies: [KOR]",
    }
    for old, new in light.items():
        assert old in shipped
        shipped = shipped.replace(old, new)
    specification = tmp_path / "light.yaml"
    specification.write_text(shipped)
    found, folder = tmp_path / "mine.yaml", tmp_path / "out"
    command = ["calibrate", str(specification), "--out", str(folder)]
    text = output(*command, "--weights", str(found), "--date", "2026-01-01")
    assert max(len(line) for line in text.splitlines()) <= 100
    assert {"posterior.nc", "summary.csv"} <= {item.name for item in folder.iterdir()}
    assert output("validate", str(found)) == f"{found}: ok\n"
    assert len(weights.read_draws(found)) == 60
    assert weights.read_set(found).date == "2026-01-01"
    samples = {item: item.read_bytes() for item in (folder / "samples").iterdir()}
    record = json.loads(output(*command, "--json"))
    assert record["fit_on"] == ["crimea-2014"]
    # what is there is not sampled again
    assert {item: item.read_bytes() for item in (folder / "samples").iterdir()} == samples


def test_a_whatif_table_fits_100_columns() -> None:
    setting = "states.KOR.norms_emphasis=0.987654321"
    text = output("whatif", "crimea-2014", "--set", setting, "--runs", "20")
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere"], "no such scenario"),
        (["run", "no/such.yaml"], "cannot be read"),
        (["run", "crimea-2014", "--runs", "0"], "--runs"),
        (["run", "crimea-2014", "--seed", "-1"], "--seed"),
        (["run", "crimea-2014", "--weights", "heavy"], "no such weights"),
        (["run"], "SCENARIO"),
        (["fly"], "fly"),
        (["explain", "crimea-2014", "--state", "KOR", "--date", "1999-01"], "2014-03 to 2014-12"),
        (["explain", "crimea-2014", "--state", "FRA", "--date", "2014-07"], "no decision FRA"),
        (["whatif", "crimea-2014"], "--set"),
        (["whatif", "crimea-2014", "us-lng"], "ukraine-2022"),
        (["whatif", "crimea-2014", "--set", "x"], "PATH=VALUE"),
        (["whatif", "crimea-2014", "--set", "states.JPN.g7=much"], "not a number"),
        (["whatif", "crimea-2014", "--set", "states.JPN.g7=nan"], "states.JPN.g7"),
        (["whatif", "crimea-2014", "--set", "states.JPN.moon=1"], "states.JPN.moon"),
        (["whatif", "crimea-2014", "--set", "states.JPN.g7=2"], "0 or 1"),
        (["evidence", "--claim", "D99-01"], "no such claim"),
        (["calibrate", "nowhere.yaml"], "cannot be read"),
    ],
)
def test_a_fault_of_the_user_ends_in_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert said in fault(capsys, *arguments)


def test_a_full_disk_ends_in_one_line_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    said = fault(capsys, "run", "crimea-2014", "--runs", "1", "--out", str(tmp_path / "out"))
    assert "No space left" in said
    assert not list((tmp_path / "out").iterdir())


def test_ctrl_c_ends_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "read", interrupted)
    call("run", "crimea-2014", "--runs", "1", code=130)
    assert capsys.readouterr().err.strip() == "alignsim: stopped"


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = [sys.executable, "-c", "from alignsim.cli import main; main()", "schema"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert b"Traceback" not in errors


# --- the browser app ----------------------------------------------------------------------------


def test_the_app_without_its_libraries_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shiny", None)
    assert fault(capsys, "app") == 'alignsim: shiny: needs pip install "alignsim[app]"\n'


def test_the_app_on_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = fault(capsys, "app", "--port", str(port), "--no-browser")
    assert told == f"alignsim: port {port}: address already in use; choose another with --port\n"


@pytest.mark.parametrize("in_class", [False, True])
def test_the_app_says_where_it_is(in_class: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from alignsim.app import serving

    served = []
    monkeypatch.setattr(serving, "serve", lambda place, browser: served.append((place, browser)))
    shown = output("app", "--port", "0", "--no-browser", *(["--class"] if in_class else []))
    place, browser = served[0]
    place.bound.close()
    assert place.in_class is in_class
    assert not browser
    assert f":{place.address.split(':')[-1]}" in shown
    assert ("Teacher:" in shown) is in_class


def test_serving_opens_a_browser_only_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    from alignsim.app import serving

    opened, ran = [], []
    for warming in ("warm", "warm_rest"):
        monkeypatch.setattr(serving, warming, lambda: None)
    monkeypatch.setattr(serving.webbrowser, "open", opened.append)
    monkeypatch.setattr(serving.threading, "Timer", _Now)
    monkeypatch.setattr(serving.uvicorn.Server, "run", lambda self, sockets: ran.append(sockets))
    for browser in (False, True):
        place = serving.bind(0, in_class=False)
        serving.serve(place, browser)
    assert opened == [place.address]
    assert len(ran) == 2


class _Now:
    """A timer that does not wait."""

    def __init__(self, _: float, act: Callable[..., None], arguments: list[str]) -> None:
        self.act, self.arguments = act, arguments

    def start(self) -> None:
        self.act(*self.arguments)
