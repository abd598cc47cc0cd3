"""The commands of the world panel, as a user types them, and what they print."""

import inspect
import json
import re
import shlex
import types
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest

from alignsim import cli, jobs, nested, plots, reading, weights
from alignsim.decision import LevelTerms
from alignsim.panel import (
    baselines,
    energy,
    fits,
    forecasting,
    leaving,
    panel_report,
    plots_map,
    registering,
    within,
)
from alignsim.panel import specification as specifications
from alignsim.panel.registering import COLUMNS, FROM_FLAT, FROM_JOINT, Forecasts, Scored
from alignsim.panel.within import FLAT, FREE, THEORY, Within, World
from tests import panels
from tests.panels import SPECIFICATION, STATES, UNION
from tests.studies import ROOT, left_in, missing

TINY = SPECIFICATION.replace("draws: 8", "draws: 4").replace("runs_a_draw: 2", "runs_a_draw: 1")
TINY = TINY.replace("resamples: 20", "resamples: 5")
PANEL = ("fit", "forecast", "score", "verdict")


@pytest.fixture
def ask(commanded):
    """Runs a command of the panel."""
    return lambda *arguments: commanded("panel", *arguments)


@pytest.fixture
def stand_in(monkeypatch, few_baselines):
    """Samples are draws of the prior, weighed as they are; few baselines."""
    smoother = types.SimpleNamespace(psislw=lambda logs: (logs, 0.1))
    monkeypatch.setattr(jobs, "run", panels.results)
    monkeypatch.setattr(leaving, "imported", lambda name: smoother)


@pytest.fixture
def few_baselines(monkeypatch):
    """Most of the time goes with the penalised logit, which has tests of its own."""
    monkeypatch.setattr(baselines, "PLAIN", baselines.PLAIN[:3])
    monkeypatch.setattr(baselines, "ALL", (*baselines.PLAIN[:2], baselines.SAME))


@pytest.fixture
def undrawn(monkeypatch):
    """No figure is drawn: that takes longest, and other tests do it."""
    monkeypatch.setattr(plots, "rendered", lambda figure, form: form.encode())


@pytest.fixture
def worlds(tmp_path):
    """A folder with both worlds."""
    folder = tmp_path / "worlds"
    folder.mkdir()
    return folder


def narrow(text):
    """Whether a terminal of 100 columns holds a text."""
    return max(map(len, text.splitlines())) <= 100


# --- fit ----------------------------------------------------------------------------------------

TABLES = {
    "left-out-2014.csv", "reliability-2014.csv", "scores-2014.csv", "calibration-2014.csv",
    "energy-2014.csv", "identified.csv", "groups.csv",
}  # fmt: skip
FIGURES = {"scores-2014.png", "calibration-2014.png", "map-2014.png"}


def test_fitting_writes_tables_figures_and_weights(ask, stand_in, worlds):
    file = panels.study(worlds, TINY)
    told = ask("fit", file, "--out", "out", "--weights", "mine", "--date", "2026-01-02")
    assert told.code == 0, told.err
    assert narrow(told.out)
    assert told.out.startswith("2014, each unit left out in turn, the EU as one\n\nall states ")
    for heading in ("2014, each region left out", "log Bayes factor", "What narrows each term",
                    "Energy and joining in 2014 without the theory"):  # fmt: skip
        assert heading in told.out
    assert told.last == "out: 14 files beside the samples"
    assert left_in("out") == TABLES | FIGURES
    for name in FIGURES:
        assert Path("out", name).read_bytes().startswith(b"\x89PNG")
    assert left_in("mine") == {
        "world-2014.yaml", "world-2014-draws.csv", "world-2014-joint.yaml",
        "world-2014-joint-draws.csv",
    }  # fmt: skip
    assert weights.read_set("mine/world-2014.yaml").date == "2026-01-02"
    assert len(weights.read_draws("mine/world-2014-joint.yaml")) == 4
    left_out = pd.read_csv("out/left-out-2014.csv")
    assert left_out["iso3"].tolist() == [*STATES, *STATES]
    assert left_out["left_out"].tolist() == ["unit"] * 14 + ["region"] * 14
    assert set(left_out.loc[left_out["iso3"].isin(UNION), "unit"]) == {"EU"}
    assert left_out["joined"].isna().sum() == 2, "the Swiss came some of the way"


@pytest.mark.slow
def test_fitting_prints_json(ask, stand_in, undrawn, worlds):
    told = ask("fit", panels.study(worlds, TINY), "--out", "out", "--json")
    assert told.code == 0, told.err
    record = json.loads(told.out)
    assert set(record) == TABLES
    for name, rows in record.items():
        assert len(rows) == len(pd.read_csv(Path("out", name)))
    assert {row["shape"] for row in record["reliability-2014.csv"]} == {None, 0.1}
    assert record["groups.csv"][1]["left_out"] == "supply_at_risk diversification"


def test_weights_are_of_today_unless_a_date_is_given(ask, stand_in, undrawn, worlds, monkeypatch):
    from alignsim import calibrate

    monkeypatch.setattr(calibrate, "today", lambda: "2031-05-06")
    found = types.SimpleNamespace(world=None)
    monkeypatch.setattr(within, "within", lambda *given: found)
    monkeypatch.setattr(energy, "energy", lambda *given: None)
    for name in ("within_frames", "within_figures"):
        monkeypatch.setattr(panel_report, name, lambda *given: {})
    monkeypatch.setattr(panel_report, "within_text", lambda *given: "")
    told = ask("fit", panels.study(worlds, TINY), "--out", "out", "--weights", "mine")
    assert told.code == 0, told.err
    assert weights.read_set("mine/world-2014.yaml").date == "2031-05-06"


# --- forecast -----------------------------------------------------------------------------------


def test_forecasting_writes_tables_a_manifest_and_figures(ask, stand_in, worlds):
    file = panels.study(worlds, TINY)
    told = ask("forecast", file, "--out", "out")
    assert told.code == 0, told.err
    assert narrow(told.out)
    assert told.out.startswith("14 states of The world in 2022: ")
    assert "Those that move most, and the terms that move them" in told.out
    assert told.last == "out: 11 files"
    assert left_in("out") == {
        "forecast-2022.csv", "forecast-2022-from-joint.csv", "forecast-2022-flat-prior.csv",
        "forecast-2022-base-rate.csv", "forecast-2022-ideal-point.csv",
        "forecast-2022-same-as-2014.csv", "forecast-2022-theory-same-as-2014.csv",
        "manifest.json", "movers.csv", "dots-2022.png", "map-2022.png",
    }  # fmt: skip
    movers = pd.read_csv("out/movers.csv")
    assert len(movers) == 11
    forecast = pd.read_csv("out/forecast-2022.csv").set_index("iso3")
    after = movers.set_index("unit")["after"]
    runs = 4  # draws of a run each
    for unit, state in (("MEX", "MEX"), ("EU", "FRA")):
        told = forecasting.smoothed(after[unit], runs)
        assert forecast.loc[state, "p_joined"] == pytest.approx(told, abs=1e-5)


@pytest.mark.slow
def test_forecasting_prints_json_and_what_is_printed_can_be_scored(ask, stand_in, undrawn, worlds):
    told = ask("forecast", panels.study(worlds, TINY), "--out", "out", "--json")
    assert told.code == 0, told.err
    record = json.loads(told.out)
    assert set(record) == {THEORY, "movers"}
    assert [row["iso3"] for row in record[THEORY]] == sorted(STATES)
    Path("outcomes.csv").write_text("iso3,outcome\nCAN,yes\nMEX,no\nTUR,partial\n")
    told = ask("score", "outcomes.csv", "--forecasts", "out")
    assert told.code == 0, told.err
    assert told.out.startswith("2 states in 2 units are scored; left out: 1 partial, 11 no outcome")


# --- score --------------------------------------------------------------------------------------

FORECASTERS = (
    THEORY, FROM_JOINT, FROM_FLAT, *(baseline.name for baseline in baselines.ALL),
    f"{THEORY} + same as 2014",
)  # fmt: skip
OUTCOMES = "iso3,outcome\nCAN,yes\nFRA,1\nDEU,yes\nMEX,no\nJPN,0\nTUR,ambiguous\nITA,yes\n"


@pytest.fixture
def issued(tmp_path, worlds):
    """A folder of forecasts, some of them sure of what will not happen."""
    study = specifications.read(panels.study(worlds, TINY))
    tables = {}
    for place, name in enumerate(FORECASTERS):
        p = np.round(np.random.default_rng(place).uniform(0.05, 0.95, len(STATES)), 3)
        p[STATES.index("CAN")] = 0.0 if place == 3 else 0.9
        tables[name] = pd.DataFrame(
            {"iso3": STATES, "p_joined": p, "p_joined_low": p, "p_joined_high": p,
             "modal_level": 0}
        )  # fmt: skip
    found = Forecasts(reading.read(study.forecast), tables, None)
    registering.issue(study, found, {}, tmp_path / "issued")
    (tmp_path / "outcomes.csv").write_text(OUTCOMES)
    return tmp_path / "issued"


def test_scoring_prints_and_writes(ask, issued):
    before = {file.name: file.read_bytes() for file in issued.iterdir()}
    arguments = ("score", "outcomes.csv", "--forecasts", "issued", "--resamples", "20")
    told = ask(*arguments, "--out", "scores")
    assert told.code == 0, told.err
    assert narrow(told.out)
    assert (
        "5 states in 4 units are scored; left out: 1 ambiguous, 1 not forecast, 8 no outcome"
        in (" ".join(told.out.split()))
    )
    for name in FORECASTERS:
        rows = len(re.findall(rf"^{re.escape(name)} {{2,}}", told.out, re.MULTILINE))
        assert rows == (3 if name == THEORY else 6), "scores, and how far behind the theory"
    assert "-inf" in told.out, "the base rate was sure that Canada stays out"
    assert told.last == "scores: 4 files"
    assert left_in("scores") == {
        "scores.csv", "calibration.csv", "scores.png", "calibration.png",
    }  # fmt: skip
    assert {file.name: file.read_bytes() for file in issued.iterdir()} == before
    shown = ask(*arguments, "--json")
    record = json.loads(shown.out)
    assert set(record) == {"scores.csv", "calibration.csv"}
    impossible = [row for row in record["scores.csv"] if row["log_score"] is None]
    assert {row["forecaster"] for row in impossible} == {"base rate"}
    other = ask(*arguments, "--json", "--seed", "1")
    assert json.loads(other.out) != record


def test_the_same_seed_scores_alike(ask, issued):
    arguments = ("score", "outcomes.csv", "--forecasts", "issued", "--json", "--resamples", "9")
    told = ask(*arguments, "--seed", "3")
    assert told.code == 0, told.err
    assert ask(*arguments, "--seed", "3").out == told.out


SCORE_FAULTS = [
    ("iso3,outcome\n", "outcomes.csv: has no states"),
    ("iso3\nCAN\n", "outcomes.csv:1: column outcome is missing"),
    (
        "iso3,outcome\nCAN,yes\nMEX,maybe\n",
        "outcomes.csv:3: outcome: 'maybe' is not one of yes, no",
    ),
    ("iso3,outcome\nEU,yes\n", "outcomes.csv:2: iso3: 'EU' should be three capital letters"),
    ("iso3,outcome\nITA,yes\nTUR,partial\n", "no state with a forecast has the outcome yes or no"),
]


@pytest.mark.parametrize(("text", "said"), SCORE_FAULTS)
def test_outcomes_that_cannot_be_scored_are_told_in_one_line(ask, issued, text, said):
    Path("outcomes.csv").write_text(text)
    told = ask("score", "outcomes.csv", "--forecasts", "issued", "--out", "scores")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"alignsim: {said}")
    assert told.err.count("\n") == 1
    assert not Path("scores").exists()


def test_forecasts_that_were_changed_or_are_not_there_are_told_in_one_line(ask, issued):
    arguments = ("score", "outcomes.csv", "--forecasts", "issued", "--out", "scores")
    file = issued / "forecast-2022-base-rate.csv"
    file.write_bytes(file.read_bytes().replace(b",0.", b",1.", 1))
    told = ask(*arguments)
    assert told.code == 2
    assert (
        told.err == f"alignsim: issued/{file.name}: is not what was hashed when it was forecast\n"
    )
    file.unlink()
    told = ask(*arguments)
    assert told.err == f"alignsim: issued/{file.name}: cannot be read: No such file or directory\n"
    (issued / "manifest.json").write_text("{}")
    told = ask(*arguments)
    assert told.err == "alignsim: issued/manifest.json: is no manifest of forecasts\n"
    told = ask("score", "outcomes.csv", "--forecasts", "nowhere")
    assert told.code == 2
    assert told.err.startswith("alignsim: nowhere/manifest.json: cannot be read: No such file")
    assert not Path("scores").exists()


# --- what goes wrong ----------------------------------------------------------------------------


def examples(command):
    """Commands that the help of a command and of those below gives as examples."""
    found = [
        pytest.param(shlex.split(line), id=line.strip())
        for line in inspect.cleandoc(command.help).splitlines()
        if line.startswith("  alignsim ")
    ]
    for below in getattr(command, "commands", {}).values():
        found += examples(below)
    return found


@pytest.mark.parametrize("example", examples(cli.cli.commands["panel"]))
def test_examples_of_the_help_are_commands(example):
    group, name, *arguments = example[1:]
    command = cli.cli.commands[group].commands[name]
    context = command.make_context(name, arguments)
    assert isinstance(context, click.Context)
    if "specification" in context.params:
        assert (ROOT / context.params["specification"]).is_file()


@pytest.mark.parametrize("command", PANEL)
def test_help_says_what_and_shows_how(ask, command):
    told = ask(command, "--help")
    assert told.code == 0
    assert narrow(told.out)
    assert re.search(rf"Examples?:\n +alignsim panel {command} ", told.out)
    assert command in ask("--help").out


@pytest.mark.parametrize("command", ["fit", "forecast"])
def test_a_file_that_is_not_there_or_of_another_kind_is_told_in_one_line(ask, worlds, command):
    told = ask(command, "nowhere.yaml", "--out", "out")
    assert (told.code, told.out) == (2, "")
    assert told.err == "alignsim: nowhere.yaml: cannot be read: No such file or directory\n"
    file = panels.study(worlds, TINY.replace("kind: panel", "kind: sweep"))
    told = ask(command, file, "--out", "out")
    assert told.code == 2
    assert told.err == f"alignsim: {file}:2: kind: should be 'panel'\n"
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("command", "library"),
    [("fit", "dynesty"), ("fit", "arviz"), ("fit", "sklearn"), ("forecast", "dynesty"),
     ("forecast", "sklearn")],
)  # fmt: skip
def test_a_missing_library_is_told_before_any_work(ask, monkeypatch, worlds, command, library):
    missing(monkeypatch, library)
    monkeypatch.setattr(jobs, "run", None)
    told = ask(command, panels.study(worlds, TINY), "--out", "out")
    assert told.code == 2
    assert told.err == f'alignsim: {library}: needs pip install "alignsim[studies]"\n'
    assert not Path("out").exists()


OPTIONS = [
    ("fit", ("--out", "out", "--workers", "0"), "--workers"),
    ("fit", ("--out", "out", "--date", "yesterday"), "'yesterday' does not match"),
    ("fit", ("--out", "out", "--luck"), "--luck"),
    ("fit", (), "Missing option '--out'"),
    ("forecast", (), "Missing option '--out'"),
    ("forecast", ("--out", "out", "--weights", "mine"), "--weights"),
    ("score", (), "Missing option '--forecasts'"),
    ("score", ("--forecasts", "out", "--resamples", "0"), "--resamples"),
    ("score", ("--forecasts", "out", "--seed", "-1"), "--seed"),
]


@pytest.mark.parametrize(("command", "arguments", "said"), OPTIONS)
def test_a_wrong_option_is_told(ask, command, arguments, said):
    told = ask(command, "file", *arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert said in told.err
    assert left_in(".") == set()


@pytest.mark.parametrize("command", ["fit", "forecast"])
def test_a_damaged_sample_or_a_file_for_a_folder_is_told_in_one_line(
    ask, worlds, monkeypatch, command
):
    file = panels.study(worlds, TINY)
    samples = Path("out/samples")
    samples.mkdir(parents=True)
    for name in specifications.read(file).fits:
        job = fits.job(specifications.read(file), name)
        (samples / f"{job.digest}.json").write_text("half")
    before = left_in("out")
    told = ask(command, file, "--out", "out")
    assert (told.code, told.out) == (2, "")
    assert re.fullmatch(r"alignsim: out/samples/\w+\.json: is damaged; delete it\n", told.err)
    assert left_in("out") == before
    Path("taken").write_text("")
    told = ask(command, file, "--out", "taken")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("alignsim: taken")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("command", ["fit", "forecast"])
def test_an_interruption_leaves_nothing_half_written(ask, worlds, monkeypatch, command):
    def stopped(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "run", stopped)
    told = ask(command, panels.study(worlds, TINY), "--out", "out")
    assert (told.code, told.out) == (130, "")
    assert told.last == "alignsim: stopped"
    assert not Path("out").exists()


# --- what is printed ----------------------------------------------------------------------------

SUBSETS = ("all states", "without the EU", "not joined in 2014")


def scores(names, subsets=SUBSETS):
    """Scores of the widest numbers there may be."""
    values = {"brier": (0.1234, 0.0123, 0.9876), "log_score": (-12.345, -23.456, -1.234)}
    rows = [
        {"subset": subset, "forecaster": name, "auc": np.nan if subset == SUBSETS[2] else 0.987}
        | {f"{score}{end}": value
           for score, own in values.items()
           for end, value in zip(("", "_low", "_high"), own, strict=True)}
        | {f"{score}_difference{end}": value
           for score, own in values.items()
           for end, value in zip(("", "_low", "_high"), own, strict=True)}
        for subset in subsets
        for name in names
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_scores_say_what_was_scored_and_stay_narrow():
    left_out = dict.fromkeys(("partial", "ambiguous", "exclude", "not forecast", "no outcome"), 123)
    found = Scored(scores(FORECASTERS), pd.DataFrame(), 190, 165, left_out)
    text = panel_report.scored_text(found)
    assert narrow(text)
    assert " ".join(text.split()).startswith(
        "190 states in 165 units are scored; left out: 123 partial, 123 ambiguous, 123 exclude,"
        " 123 not forecast, 123 no outcome all states Brier [90 %]"
    )
    for subset in SUBSETS:
        assert text.count(f"\n{subset} ") == text.count(f"Scored on {subset}\n") == 1
    assert text.count("+12.345 [+1.234, +23.456]") == len(SUBSETS) * (len(FORECASTERS) - 1)
    rows = [line for line in text.splitlines() if line.startswith(f"{THEORY}  ")]
    assert [re.split(r"  +", row) for row in rows] == [
        [THEORY, "0.1234 [0.0123, 0.9876]", "-12.345 [-23.456, -1.234]", auc]
        for auc in ("0.99", "0.99", "-")
    ]
    assert "left out: none" in panel_report.scored_text(
        Scored(scores([THEORY]), pd.DataFrame(), 14, 12, {})
    )


def forecasts(p, scenario):
    """Forecasts of the theory alone."""
    table = pd.DataFrame({"iso3": scenario.allies, "p_joined": p})
    table = table.assign(p_joined_low=table["p_joined"], p_joined_high=table["p_joined"])
    return Forecasts(scenario, {THEORY: table.assign(modal_level=0)}, None)


def test_a_forecast_says_how_many_join_and_who_moves_by_what(worlds):
    scenario = reading.read(panels.world_file(worlds, "world-2022"))
    found = forecasts([0.96, 0.94, 0.51, 0.5, 0.49, 0.06, 0.04, *[0.0] * 7], scenario)
    longest = sorted((name.replace("_", " ") for name in LevelTerms._fields), key=len)[-3:]
    movers = pd.DataFrame(
        {"name": ["Saint Vincent and the Grenadines"] * 20, "before": 0.126, "after": 1.0,
         "moved_by": "; ".join(f"{name} -12.34" for name in longest)}
    )  # fmt: skip
    text = panel_report.forecast_text(found, movers)
    assert narrow(text)
    assert " ".join(text.split()).startswith(
        "14 states of The world in 2022: 3 more likely in than out, 1 of them almost surely;"
        " 8 almost surely out; expected number that join 4"
    )
    assert text.count("Saint Vincent") == panel_report.MOST_MOVERS
    assert "0.13" in text
    assert "diversification -12.34" in text


def test_states_are_grouped_by_bloc_in_the_year_of_the_forecast(worlds):
    scenario = reading.read(panels.world_file(worlds, "world-2022"))
    assert panel_report.blocs(scenario) == {
        **dict.fromkeys(("DEU", "FRA", "POL"), "European Union"),
        **dict.fromkeys(("CAN", "GBR", "JPN", "NOR", "TUR"), "G7 or NATO"),
        "CHE": "EU associate",
        **dict.fromkeys(("AUS", "KOR", "MEX"), "other ally of the US"),
        **dict.fromkeys(("CHN", "NZL"), "other"),
    }
    earlier = reading.read(panels.world_file(worlds, "world-2014"))
    assert panel_report.blocs(earlier)["GBR"] == "European Union"


@pytest.fixture
def found(worlds):
    """What is said within 2014, made up."""
    world = World.of(str(panels.world_file(worlds, "world-2014")))
    names = [THEORY, FLAT, FREE, *(baseline.name for baseline in baselines.PLAIN)]
    table = pd.DataFrame(0.25, list(STATES), names)
    table.loc["CHE", "base rate"] = np.nan
    told = [scores(names, SUBSETS[:2]).assign(left_out=label) for label in ("unit", "region")]
    shapes = pd.DataFrame({"forecaster": THEORY, "group": ["A", "B"], "shape": [np.nan, -np.inf]})
    curves = within.calibration(table, world.joined, world.unit, world.subsets())
    return Within(world, table, table + 0.5, shapes, pd.concat(told), curves)


EFFECTS = pd.DataFrame(
    [
        {"index": index, "controls": name, "effect": -12.34, "effect_low": -23.4, "effect_high": 1}
        for index in energy.ENERGY
        for name in energy.CONTROLS
    ]
)
IDENTIFIED = pd.DataFrame(
    [
        {"term": term, "two_allies": -0.123, "world": 0.5, "both": 0.99, "strength": 123.4,
         "strength_low": 0.01234, "strength_high": 1234.5}
        for term in LevelTerms._fields
    ]
)  # fmt: skip
GROUPS = pd.DataFrame(
    {"fit": ["flat", "less"], "left_out": ["", "supply_at_risk values"],
     "log_bayes_factor": [0.0, -12.34], "error": [0.0, 0.2]}
)  # fmt: skip


def test_a_fit_is_told_in_words_and_numbers(found):
    text = panel_report.within_text(found, EFFECTS, IDENTIFIED, GROUPS)
    assert narrow(text)
    for label in ("unit", "region"):
        assert f"2014, each {label} left out in turn, the EU as one" in text
    for name in (FREE, "penalised logit"):
        assert text.count(f"{name} ") == 4
    assert re.search(r"nothing +\+0\.0 ± 0\.0\n", text)
    assert re.search(r"supply at risk, values +-12\.3 ± 0\.2\n", text)
    assert re.search(r"market +-0\.12 +0\.50 +0\.99 +123 \[0\.012, 1\.2e\+03\]\n", text)
    assert re.search(r"diversification need +with proximity +-12\.3 \[-23\.4, \+1\.0\]\n", text)


def test_tables_of_a_fit_are_plain_records_without_what_is_no_number(found):
    frames = panel_report.within_frames(found, EFFECTS, IDENTIFIED, GROUPS)
    assert set(frames) == TABLES
    records = panel_report.records(frames)
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert [row["shape"] for row in records["reliability-2014.csv"]] == [None, None]
    states = records["left-out-2014.csv"]
    assert len(states) == 2 * len(STATES)
    switzerland = states[STATES.index("CHE")]
    assert (switzerland["joined"], switzerland["base rate"]) == (None, None)
    assert (switzerland[THEORY], states[len(STATES)][THEORY]) == (0.25, 0.75)
    assert (
        states[STATES.index("FRA")] | {"region": "European Union", "unit": "EU"}
        == (states[STATES.index("FRA")])
    )


def test_figures_of_a_fit_outline_those_that_joined(found):
    figures = panel_report.within_figures(found)
    assert set(figures) == FIGURES
    patches = {patch.get_gid(): patch for patch in figures["map-2014.png"].axes[0].patches}
    thin = patches["MEX"].get_linewidth()
    outlined = {state for state in STATES if patches[state].get_linewidth() > thin}
    assert outlined == set(found.world.joined.index[found.world.joined == 1.0])
    told = {patches[state].get_facecolor() for state in STATES}
    assert len(told) == 1
    panels_ = [axis.get_title("left") for axis in figures["scores-2014.png"].axes]
    assert panels_[:2] == list(SUBSETS[:2])


def test_files_are_written_whole_to_six_digits(tmp_path, undrawn):
    frame = pd.DataFrame({"a": [1 / 3, np.nan], "b": ["x", "y, z"]})
    figure = plots_map.tile_map(pd.DataFrame(columns=list(COLUMNS)))
    files = panel_report.write({"one.csv": frame}, {"two.png": figure}, tmp_path / "new")
    assert [file.name for file in files] == ["one.csv", "two.png"]
    assert files[0].read_text() == 'a,b\n0.333333,x\n,"y, z"\n'
    assert files[1].read_bytes() == b"png"
    assert left_in(tmp_path) == {"one.csv", "two.png"}


# --- the real thing -----------------------------------------------------------------------------

REAL = TINY.replace(
    "  without-energy: {title: Without energy, leave: [supply_at_risk, diversification]}\n", ""
)


def content(folder):
    """Every file of a folder by its path, besides the one that says that somebody works there."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(Path(folder).rglob("*"))
        if file.is_file() and file.name != "lock"
    }


@pytest.mark.slow
def test_fit_forecast_and_score_from_end_to_end(ask, worlds, monkeypatch, few_baselines):
    """Sampled, the same bytes on one worker and on two; nothing is made again."""
    file = panels.study(worlds, REAL)
    made = []
    sample = nested.sample

    def noted(*given):
        made.append(given)
        return sample(*given)

    monkeypatch.setattr(nested, "sample", noted)
    told = ask("fit", file, "--out", "one", "--weights", "mine", "--date", "2026-01-02")
    assert told.code == 0, told.err
    assert len(made) == len(list(Path("one/samples").glob("*.json"))) >= 6
    other = ask("fit", file, "--out", "two", "--workers", "2")
    assert other.code == 0, other.err
    assert other.out == told.out
    assert content("two") == content("one")

    before, count = content("one"), len(made)
    again = ask("fit", file, "--out", "one")
    assert (again.code, again.out) == (0, told.out)
    for folder in ("one", "two"):
        told = ask("forecast", file, "--out", folder)
        assert told.code == 0, told.err
    assert len(made) == count
    assert content("one") == content("two")
    assert before.items() <= content("one").items()
    assert len(weights.read_draws("mine/world-2014.yaml")) == 4

    Path("outcomes.csv").write_text(OUTCOMES)
    told = ask("score", "outcomes.csv", "--forecasts", "one", "--json")
    assert told.code == 0, told.err
    found = pd.DataFrame(json.loads(told.out)["scores.csv"])
    kept = {baseline.name for baseline in baselines.ALL}
    theory = {THEORY, FROM_JOINT, FROM_FLAT, f"{THEORY} + same as 2014"}
    assert set(found["forecaster"]) == kept | theory
    assert set(found["subset"]) == set(SUBSETS)
