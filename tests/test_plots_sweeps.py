import os

import numpy as np
import pytest

from alignsim import plots, plots_simplex, plots_sweeps, reading, sweep_points, sweep_tables, sweeps

# Without the compiler a run takes some 500 times as long.
RUNS = 3 if os.environ.get("NUMBA_DISABLE_JIT") else 10
HEAD = f"""name: mine
kind: sweep
title: Mine
scenarios: [crimea-2014, ukraine-2022]
replications: {RUNS}
keep: counts
"""
SPECIFICATIONS = {
    "heatmap": """factors:
  severity: {path: world.severity, from: 0.0, to: 1.0, steps: 4}
  alliance: {path: indices.KOR.dependence, from: 0.0, to: 1.0, steps: 4}
design: {kind: factorial}
""",
    "curves": """factors:
  severity: {path: world.severity, from: 0.0, to: 1.0}
design: {kind: sobol, points: 32}
""",
    "multiples": """factors:
  severity: {path: world.severity, from: 0.0, to: 1.0}
  dependence: {path: indices.KOR.dependence, from: 0.01, to: 1.0, scale: log}
  stance: {path: decisions.USA.stance.KOR, values: [press, free]}
design: {kind: latin-hypercube, points: 40}
""",
    "simplex": """factors:
  alliance: {path: weights.groups.alliance_dependence}
  energy: {path: weights.groups.energy_security}
  norms: {path: weights.groups.norms}
design: {kind: simplex, divisions: 4, total: 3.0}
""",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for name, text in SPECIFICATIONS.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "sweep.yaml").write_text(HEAD + text, "utf-8")
        sweeps.run(sweep_points.read(folder / "sweep.yaml"), folder / "out")
        found[name] = folder / "out"
    return found


def small(figure):
    """The figure in few points: quicker, and laid out like the whole."""
    figure.set_dpi(50)
    return plots.rendered(figure, "png")


def titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes if axis.get_title(loc="left")]


@pytest.mark.parametrize("kind", plots_sweeps.KINDS)
def test_each_kind_is_chosen_and_has_the_same_bytes_twice(folders, kind):
    first, second = (plots_sweeps.figure(folders[kind], state="KOR") for _ in range(2))
    assert first.get_figwidth() == pytest.approx(plots.WIDTH)
    assert small(first) == small(second)
    named = plots_sweeps.figure(folders[kind], kind, state="KOR")
    assert titles(named) == titles(first)


def test_a_drawing_has_the_same_bytes_twice(folders):
    first, second = (plots_sweeps.figure(folders["simplex"], state="KOR") for _ in range(2))
    assert plots.rendered(first, "svg") == plots.rendered(second, "svg")


def test_a_map_shows_the_summary(folders):
    figure = plots_sweeps.figure(folders["heatmap"], state="KOR")
    assert titles(figure) == ["crimea-2014, KOR", "ukraine-2022, KOR"]
    found = sweep_tables.summarise(folders["heatmap"], ["severity", "alliance"], "KOR")
    own = found[found["scenario"] == "ukraine-2022"]
    expected = own.pivot(index="alliance", columns="severity", values="p_joined").to_numpy()
    drawn = np.asarray(figure.axes[1].collections[0].get_array())
    assert drawn.tolist() == expected.tolist()
    assert figure.axes[1].get_xlabel() == "severity (world)"
    assert figure.axes[0].get_ylabel() == "alliance: KOR dependence (index)"


def test_present_values_are_those_of_the_last_step(folders):
    present = plots_simplex.present(folders["heatmap"])
    assert set(present) == {"crimea-2014", "ukraine-2022"}
    scenario = reading.read("ukraine-2022")
    severity = scenario.world["severity"].at(scenario.calendar.ends[-1])
    assert present["ukraine-2022"]["severity"] == severity
    assert 0.0 < present["crimea-2014"]["alliance"] < 1.0
    assert set(present["crimea-2014"]) == {"severity", "alliance"}
    assert set(plots_simplex.present(folders["multiples"])["crimea-2014"]) == {
        "severity",
        "dependence",
    }


def test_curves_show_the_summary(folders):
    figure = plots_sweeps.figure(folders["curves"])
    found = sweep_tables.summarise(folders["curves"], ["severity"])
    own = found[(found["scenario"] == "crimea-2014") & (found["state"] == "JPN")]
    assert figure.axes[0].lines[0].get_ydata().tolist() == own["p_joined"].tolist()
    assert figure.axes[0].get_ylim() == (-0.03, 1.03)


def test_a_decision_is_an_axis_of_names(folders):
    folder = folders["multiples"]
    figure = plots_sweeps.figure(folder, "curves", by=["stance"])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["press", "free"]
    figure = plots_sweeps.figure(folder, by=["stance", "severity"], bins=3)
    assert [tick.get_text() for tick in figure.axes[2].get_xticklabels()] == ["press", "free"]
    lines = plots_sweeps.figure(folder, "curves", by=["stance", "severity"], bins=3)
    labels = [text.get_text() for text in lines.legends[0].get_texts()]
    assert labels == ["stance press", "stance free", "95 % interval over runs"]
    assert small(lines)


def test_a_summary_is_drawn_without_its_folder_and_without_its_attributes(folders):
    frame = sweep_tables.summarise(folders["heatmap"], ["severity", "alliance"])
    assert len(titles(plots_sweeps.figure(frame))) == 4
    frame.attrs = {}
    figure = plots_sweeps.figure(frame, state="KOR")
    assert len(titles(figure)) == 2
    assert small(figure)


def test_gaps_and_missing_chunks_are_shown(folders):
    frame = sweep_tables.summarise(folders["heatmap"], ["severity", "alliance"])
    frame.attrs |= {"missing": 1, "chunks": 3}
    figure = plots_sweeps.figure(frame.drop(index=5))
    assert "no runs" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert figure.get_suptitle() == "Mine\nincomplete: 2 of 3 chunks"
    frame = sweep_tables.summarise(folders["simplex"], ["alliance", "energy", "norms"])
    assert small(plots_sweeps.figure(frame.drop(index=6), "simplex"))


def test_what_does_not_go_together_is_refused(folders):
    with pytest.raises(ValueError, match="no kind 'pie'; allowed: heatmap"):
        plots_sweeps.figure(folders["heatmap"], "pie")
    with pytest.raises(ValueError, match="heatmap takes 2 factors, not 1"):
        plots_sweeps.figure(folders["curves"], "heatmap")
    frame = sweep_tables.summarise(folders["simplex"], ["alliance", "energy", "norms"])
    with pytest.raises(ValueError, match="from the folder"):
        plots_sweeps.figure(frame, "multiples")
    with pytest.raises(ValueError, match="no rows of USA"):
        plots_sweeps.figure(frame, state="USA")
    with pytest.raises(ValueError, match="no factor 'gas'"):
        plots_sweeps.figure(folders["multiples"], by=["gas", "severity", "stance"])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("indices.KOR.exposure", "KOR exposure (index)"),
        ("weights.groups.energy_security", "weight of energy security"),
        ("decisions.USA.stance.KOR", "stance of USA toward KOR"),
        ("decisions.JPN.level@2014-03..2014-06", "level of JPN, 2014-03..2014-06"),
        ("blocs.EU.russia_trade_share", "EU Russia trade share"),
        ("world.severity@2014-07", "severity (world), 2014-07"),
    ],
)
def test_paths_are_put_in_words(path, words):
    assert plots_simplex.in_words(path) == words
