"""Sensitivity studies of the model: specification, sweeps, tables, figures and the command."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from alignsim import (
    cli_studies,
    documents,
    plots_sensitivity,
    sensitivity,
    sensitivity_report,
    sensitivity_specification,
    sensitivity_sweeps,
    sweep_replay,
    sweep_workers,
    sweeps,
)
from alignsim.documents import DocumentError
from alignsim.redline_tables import shown
from alignsim.sensitivity_sweeps import METHODS

SPEC = """\
name: few
kind: sensitivity
title: Four factors
scenarios: [crimea-2014, ukraine-2022]
vary:
  inputs: [states.KOR.norms_emphasis, world.severity]
  weights: [groups.alliance_dependence, dynamics.persistence]
sobol: {base: 16}
morris: {trajectories: 6}
tornado: {replications: 2}
discovery: {points: 40}
replications: 2
"""
SMALL = SPEC.replace(", ukraine-2022", "").replace("base: 16", "base: 4")
SMALL = SMALL.replace("trajectories: 6", "trajectories: 2").replace("points: 40", "points: 20")
ROOT = Path(__file__).parents[1]


def planned(text=SPEC, folder=Path(), quick=False):
    document = documents.parse(text.encode(), str(folder / "few.yaml"))
    return sensitivity_sweeps.of_document(document, quick)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sweeps of a finished study."""
    base = tmp_path_factory.mktemp("study")
    sensitivity.run(planned(), base)
    return base


@pytest.fixture(scope="module")
def result(folder):
    return sensitivity.tabulated(planned(), folder)


# --- specification ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("vary:", "varied:", "few.yaml:5: varied: unknown key; allowed: name, kind, title"),
        ("{base: 16}", "{base: 3}", "few.yaml:8: sobol.base: should be greater than or equal to 4"),
        ("{trajectories: 6}", "{trajectories: 6, levels: 3}", ":9: morris.levels: should be a mul"),
        ("morris: {trajectories: 6}\n", "", "few.yaml:1: missing key morris"),
        ("{points: 40}", "{points: 40, outcome: won}", ":11: discovery.outcome: should be 'joined"),
        ("40}\nreplications: 2", "40}\nreplications: 0", "few.yaml:12: replications: should be"),
        ("kind: sensitivity", "kind: sweep", "few.yaml:2: kind: should be 'sensitivity'"),
        (", world.severity", ", world.gravity", "few.yaml:6: vary.inputs.1: no input matches wor"),
        ("groups.alliance", "teams.alliance", ":7: vary.weights.0: no weight matches teams.alli"),
        ("crimea-2014", "crimea-2015", "few.yaml:4: scenarios.0: crimea-2015: no such scenario"),
        ("crimea-2014", "ukraine-2022", "few.yaml:4: scenarios.1: ukraine-2022 stands twice"),
        ("vary:", "weights: nowhere\nvary:", "few.yaml:5: weights: nowhere: no such weights"),
        (
            "vary:",
            "vary:\n  posterior: none.csv",
            "few.yaml:6: vary.posterior: none.csv cannot be read: No such file",
        ),
    ],
)
def test_a_fault_names_line_path_and_what_is_allowed(old, new, fault):
    with pytest.raises(DocumentError) as caught:
        planned(SPEC.replace(old, new, 1))
    assert fault in str(caught.value)


def changed(inputs=True, weights=True, extra=""):
    head, _, tail = SPEC.partition("vary:\n")
    first, second, *rest = tail.splitlines(keepends=True)
    kept = (first if inputs else "") + (second if weights else "") + extra
    return head + (f"vary:\n{kept}" if kept else "vary: {}\n") + "".join(rest)


def test_something_must_be_varied():
    with pytest.raises(DocumentError, match=r":5: vary: nothing is varied: state inputs, weights"):
        planned(changed(inputs=False, weights=False))
    with pytest.raises(DocumentError, match=r":7: vary\.posterior: is of weights"):
        planned(changed(weights=False, extra="  posterior: draws.csv\n"))


def test_inputs_or_weights_alone_will_do():
    assert {factor.kind for factor in planned(changed(weights=False)).factors} == {"input"}
    assert {factor.kind for factor in planned(changed(inputs=False)).factors} == {"weight"}


def test_a_weight_without_width_is_not_varied(tmp_path):
    text = (ROOT / "configs" / "weights" / "calibrated.yaml").read_text("utf-8")
    lines = [
        "  persistence: {value: 0.5, range: [0.5, 0.5], source: [design]}"
        if "persistence:" in line
        else line
        for line in text.splitlines()
    ]
    (tmp_path / "own.yaml").write_text("\n".join(lines))
    text = SPEC.replace("vary:", "weights: own.yaml\nvary:")
    paths = [factor.path for factor in planned(text, tmp_path).factors]
    assert "weights.dynamics.persistence" not in paths
    assert len(paths) == 3
    alone = text.replace("groups.alliance_dependence, ", "")
    alone = alone.replace("  inputs: [states.KOR.norms_emphasis, world.severity]\n", "")
    with pytest.raises(DocumentError, match=r"vary\.weights: no weight that matches has a range"):
        planned(alone, tmp_path)


def test_weights_vary_in_their_logarithm_dynamics_and_inputs_evenly():
    plan = planned()
    assert [factor.path for factor in plan.factors] == [
        "weights.groups.alliance_dependence",
        "weights.dynamics.persistence",
        "states.KOR.norms_emphasis",
        "world.severity",
    ]
    assert [spread.log for spread in plan.sweeps["sobol"].spreads] == [True, False, False, False]
    assert plan.factors[3].unit
    for sweep in plan.sweeps.values():
        assert sweep.names == plan.sweeps["sobol"].names


def test_a_posterior_gives_the_ranges(tmp_path):
    draws = pd.DataFrame({"groups.norms": [float(i) for i in range(1, 102)]})
    draws.to_csv(tmp_path / "draws.csv", index=False)
    text = SPEC.replace("[groups.alliance_dependence, dynamics.persistence]", '["groups.norms"]')
    text = text.replace("vary:", "vary:\n  posterior: draws.csv")
    spread = planned(text, tmp_path).sweeps["tornado"].spreads[0]
    assert (spread.low, spread.high, spread.log) == (6.0, 96.0, True)
    faulty = text.replace("groups.norms", "groups.*")
    with pytest.raises(DocumentError, match=r"few.yaml:6: vary.posterior.*has no column"):
        planned(faulty, tmp_path)


def test_quick_only_shrinks():
    plan = planned(SPEC.replace("base: 16", "base: 4096"), quick=True)
    assert plan.specification.sobol.base == 16
    assert plan.specification.discovery.points == 40
    assert plan.specification.replications == 2
    assert sensitivity_specification.quick(plan.specification) == plan.specification


# --- sweeps and tables --------------------------------------------------------------------------


def test_each_method_is_a_sweep_that_plays_again(folder):
    plan = planned()
    for method in METHODS:
        last = plan.sweeps[method].points - 1
        again = sweep_replay.replay(folder / method, f"{last}:1")
        assert again.differences == []
        assert again.counted


def test_one_at_a_time_differs_from_what_is_in_one_factor_only(folder, result):
    plan = planned()
    sweep = plan.sweeps["tornado"]
    asis = sweep.variant(0, sweep.values(0, 1)[0].tolist())
    assert asis.scenario is sweep.bases[0].scenario
    assert asis.parameters is sweep.bases[0].parameters
    rows = pd.read_parquet(folder / "tornado" / "chunks")
    stated = rows[rows["point"] == 0].iloc[0]
    moved = rows[rows["point"] == 2].iloc[0]
    assert moved["groups_alliance_dependence"] > stated["groups_alliance_dependence"]
    assert moved["world.severity"] == stated["world.severity"]
    row = result.tornado.iloc[0]
    assert row["low"] < row["now"] == stated["groups_alliance_dependence"] < row["high"]
    assert row["p_joined_high"] == moved["JPN_joined"] / 2
    assert row["p_joined_now"] == stated["JPN_joined"] / 2


def test_tables_are_tidy(result):
    head = ["scenario", "state", "outcome", "factor", "kind", "index", "value", "low", "high"]
    for table, names in (
        (result.sobol, {"first-order", "total"}),
        (result.morris, {"mu", "mu_star", "sigma"}),
    ):
        assert list(table.columns) == head
        assert set(table["index"]) == names
        assert table["value"].notna().all()
        assert set(table["kind"]) == {"input", "weight"}
    bounded = result.morris[result.morris["index"] == "mu_star"]
    assert (bounded["low"] <= bounded["value"]).all()
    assert (bounded["value"] <= bounded["high"]).all()
    assert len(result.tornado) == 2 * 2 * 4
    assert len(result.outcomes) == 2 * 2 * 3 * 4
    assert list(result.boxes.columns) == [
        "scenario",
        "state",
        "outcome",
        "points",
        "cases",
        "factor",
        "kind",
        "low",
        "high",
        "from",
        "to",
        "coverage",
        "density",
        "mass",
    ]
    assert (result.outcomes["failed"] == 0).all()


def test_an_outcome_that_does_not_vary_has_no_rows(result):
    steady = result.outcomes[(result.outcomes["method"] == "sobol") & (result.outcomes["sd"] == 0)]
    assert len(steady)
    key = ["scenario", "state", "outcome"]
    assert steady[key].merge(result.sobol[key]).empty
    text = sensitivity_report.as_text(result)
    assert "nan" not in text
    assert "P(joined) varies at a few points at most" in text


def same_files(one, other):
    names = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    kept = [name for name in names if name.suffix in (".csv", ".png", ".parquet")]
    assert len(kept) > 10
    for name in kept:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow
def test_interrupted_and_resumed_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 0.002)  # several chunks

    def halted(make, indices):
        for number, index in enumerate(indices):
            if number == 1:
                raise KeyboardInterrupt
            yield make(index)

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    sensitivity_report.write(sensitivity.run(planned(SMALL), whole), whole)
    with pytest.raises(KeyboardInterrupt):
        sensitivity.run(planned(SMALL), parts, halted)
    seen = []

    def progress(method):
        seen.append(method)
        return lambda state: None

    sensitivity_report.write(sensitivity.run(planned(SMALL), parts, progress=progress), parts)
    assert seen == list(METHODS)
    same_files(whole, parts)


@pytest.mark.slow
def test_two_workers_give_the_same_bytes_as_one(folder, tmp_path):
    sensitivity_report.write(sensitivity.tabulated(planned(), folder), folder)
    found = sensitivity.run(
        planned(), tmp_path, lambda make, left: sweep_workers.processes(make, left, 2)
    )
    sensitivity_report.write(found, tmp_path)
    same_files(folder, tmp_path)


def test_failed_points_are_counted_and_left_out(folder, monkeypatch):
    from alignsim import sweep_tables

    complete = sweep_tables.by_point

    def lossy(where):
        rows = complete(where)
        return rows[rows["point"] % 7 != 3]

    monkeypatch.setattr(sweep_tables, "by_point", lossy)
    found = sensitivity.tabulated(planned(), folder)
    assert (found.outcomes["failed"] > 0).all()
    assert (found.boxes["points"] < 40).all()
    assert found.sobol["value"].notna().all()
    plots_sensitivity.tornado(found, found.plan.scenarios[0], "KOR")


@pytest.mark.parametrize(("outcome", "side"), [("joined", "joined"), ("not-joined", "not-joined")])
def test_the_outcome_looked_for_can_be_named(folder, outcome, side):
    text = SPEC.replace("{points: 40}", f"{{points: 40, outcome: {outcome}}}")
    found = sensitivity.tabulated(planned(text), folder)
    assert set(found.boxes["outcome"]) == {side}


def test_otherwise_is_the_side_that_is_not_taken(result):
    columns = result.boxes[["scenario", "state", "outcome"]].itertuples(index=False, name=None)
    wanted = set(columns)
    assert ("crimea-2014", "KOR", "joined") in wanted
    assert ("ukraine-2022", "JPN", "not-joined") in wanted


def test_a_box_is_told_in_numbers_and_in_words(folder, result, monkeypatch):
    from alignsim import sensitivity_indices
    from alignsim.sensitivity_indices import Box, Restriction

    sides = (Restriction(2, 0.5, 1.0), Restriction(0, 0.0, 0.5), Restriction(1, 0.25, 0.75))
    monkeypatch.setattr(sensitivity_indices, "box", lambda *_: Box(0.5, 0.9, 0.1, sides))
    found = sensitivity.tabulated(planned(), folder)
    scenario = found.plan.scenarios[0]
    rows = found.boxes[(found.boxes["scenario"] == "crimea-2014") & (found.boxes["state"] == "KOR")]
    alone = found.tornado.set_index(["scenario", "state", "factor"])
    for row in rows.itertuples():
        ends = alone.loc[("crimea-2014", "KOR", row.factor)]
        assert (row[rows.columns.get_loc("from") + 1], row.to) == (ends["low"], ends["high"])
    weight = rows[rows["factor"] == "weights.groups.alliance_dependence"].iloc[0]
    assert weight["high"] == pytest.approx(math.sqrt(weight["from"] * weight["to"]))
    told = sensitivity_report.box_in_words(found, scenario, "KOR")
    assert "It joins at" in told
    assert "South Korea: norms emphasis at least" in told
    assert "weight of alliance dependence (group) at most" in told
    rate = rows[rows["factor"] == "weights.dynamics.persistence"].iloc[0]
    quarter = (rate["to"] - rate["from"]) / 4.0
    assert rate["low"] == pytest.approx(rate["from"] + quarter)
    assert rate["high"] == pytest.approx(rate["to"] - quarter)
    assert f"persistence {shown(rate['low'])} to {shown(rate['high'])} (of " in told
    assert "There 90% of the points do, with 50% of all that do, in 10% of the space." in told


def test_without_any_variation_there_is_nothing_to_show(result):
    from dataclasses import replace

    steady = result.tornado.copy()
    for outcome in sensitivity.OUTCOMES:
        for end in ("low", "high"):
            steady[f"{outcome}_{end}"] = steady[f"{outcome}_now"]
    empty = replace(result, sobol=result.sobol.iloc[:0], tornado=steady)
    assert "No outcome varies, or only at a few points" in sensitivity_report.as_text(empty)
    drawn = plots_sensitivity.across(empty)
    assert drawn.texts[-1].get_text() == "No outcome varies."
    drawn = plots_sensitivity.tornado(empty, empty.plan.scenarios[0], "JPN")
    assert drawn.texts[-1].get_text() == "No factor moves an outcome."


def test_an_index_that_one_method_lacks_is_a_dash(result):
    from dataclasses import replace

    text = sensitivity_report.as_text(replace(result, morris=result.morris.iloc[:0]))
    assert any(line.rstrip().endswith(" -") for line in text.splitlines())


def test_text_fits_a_terminal_and_names_are_readable(result):
    text = sensitivity_report.as_text(result)
    assert max(map(len, text.splitlines())) <= 100
    assert "weight of alliance dependence (group)" in text
    assert "South Korea, crimea-2014: P(joined)" in text
    scenario = result.plan.scenarios[0]
    assert plots_sensitivity.named("blocs.EU.level", scenario) == "European Union: level"
    assert plots_sensitivity.named("weights.terms.market", scenario) == "weight of market (term)"
    assert plots_sensitivity.named("world.severity", scenario) == "severity (world)"


def test_each_kind_has_its_share_of_a_figure():
    rows = pd.DataFrame({"kind": ["weight"] * 9 + ["input"] * 9, "place": range(18)})
    chosen = plots_sensitivity.top(rows, 10)
    assert chosen["kind"].tolist() == ["weight"] * 6 + ["input"] * 4
    assert len(plots_sensitivity.top(rows[rows["kind"] == "input"], 8)) == 8


# --- the command --------------------------------------------------------------------------------


def ask(*arguments):
    return CliRunner().invoke(cli_studies.sensitivity, arguments)


@pytest.mark.slow
def test_the_command_writes_tables_and_figures_of_sweeps_that_are_there(folder, tmp_path):
    (tmp_path / "few.yaml").write_text(SPEC)
    asked = ask(str(tmp_path / "few.yaml"), "--out", str(folder))
    assert asked.exit_code == 0, asked.output
    assert "Four factors\n4 factors; points: 192 for Sobol’ indices" in asked.stdout
    written = {path.name for path in folder.iterdir() if path.is_file()}
    figures = {
        f"tornado-{scenario}-{state}.png"
        for scenario in ("crimea-2014", "ukraine-2022")
        for state in ("JPN", "KOR")
    }
    tables = {f"{name}.csv" for name in ("boxes", "morris", "outcomes", "sobol", "tornado")}
    assert written == {"across.png"} | figures | tables
    record = json.loads(ask(str(tmp_path / "few.yaml"), "--out", str(folder), "--json").stdout)
    assert set(record) == {"sobol", "morris", "tornado", "boxes", "outcomes"}
    assert record["tornado"][0]["factor"] == "weights.groups.alliance_dependence"


def test_wrong_arguments_are_told(tmp_path, monkeypatch):
    assert ask("few.yaml").exit_code == 2
    missing = ask(str(tmp_path / "none.yaml"), "--out", str(tmp_path / "out"))
    assert isinstance(missing.exception, DocumentError)
    assert "none.yaml: cannot be read" in str(missing.exception)
    (tmp_path / "few.yaml").write_text(SPEC)
    monkeypatch.setitem(sys.modules, "ema_workbench", None)
    bare = ask(str(tmp_path / "few.yaml"), "--out", str(tmp_path / "out"))
    assert str(bare.exception) == 'ema_workbench: needs pip install "alignsim[studies]"'
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_request_to_end_stops_cleanly_and_the_command_goes_on(tmp_path):
    (tmp_path / "few.yaml").write_text(SPEC.replace("base: 16", "base: 4096"))
    code = (
        "import sys; from alignsim import cli, cli_studies; "
        "cli.cli.add_command(cli_studies.sensitivity); cli.main()"
    )
    command = ["sensitivity", str(tmp_path / "few.yaml"), "--out", str(tmp_path / "out")]
    process = subprocess.Popen([sys.executable, "-c", code, *command], stderr=subprocess.PIPE)
    chunks = tmp_path / "out" / "sobol" / "chunks"
    deadline = time.monotonic() + 60.0
    while not list(chunks.glob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.decode().strip().splitlines()[-1] == "alignsim: stopped"
    assert list(chunks.glob("*.parquet"))
    assert not (tmp_path / "out" / "sobol.csv").exists()


def test_the_shipped_study_is_valid():
    for file in (ROOT / "experiments" / "sensitivity").glob("*.yaml"):
        plan = sensitivity_sweeps.read(file)
        assert len(plan.factors) > 100
