import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from alignsim import sweep_points, sweep_tables, sweep_text, sweeps
from alignsim.documents import DocumentError
from tests import studies

FACTORIAL = """name: mine
kind: sweep
title: Mine
scenarios: [crimea-2014, ukraine-2022]
factors:
  severity: {path: world.severity, from: 0.0, to: 1.0, steps: 3}
  stance: {path: decisions.USA.stance.KOR, values: [press, free]}
design: {kind: factorial}
replications: 20
keep: final
"""
SOBOL = """name: mine
kind: sweep
title: Mine
scenarios: [crimea-2014]
factors:
  severity: {path: world.severity, from: 0.0, to: 1.0}
  low: {path: weights.groups.norms, from: 0.1, to: 10.0, scale: log}
  stance: {path: decisions.USA.stance.KOR, values: [press, free]}
design: {kind: sobol, points: 64}
replications: 5
keep: final
"""
KEEPS = ("final", "counts", "steps", "step-counts")


def made(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch | None = None) -> Path:
    """The folder of a small sweep; in chunks of few rows where there is a monkeypatch."""
    if monkeypatch is not None:
        monkeypatch.setattr(sweeps, "SECONDS_A_CHUNK", 0.002)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sweep.yaml").write_text(text, "utf-8")
    sweeps.run(sweep_points.read(folder / "sweep.yaml"), folder / "out")
    return folder / "out"


def kept(keep: str, text: str = FACTORIAL) -> str:
    return text.replace("keep: final", f"keep: {keep}")


@pytest.fixture(scope="module")
def factorial(tmp_path_factory):
    return made(tmp_path_factory.mktemp("factorial"), FACTORIAL)


@pytest.fixture(scope="module")
def sobol(tmp_path_factory):
    return made(tmp_path_factory.mktemp("sobol"), SOBOL)


def test_the_design_is_what_the_specification_says(factorial):
    study = sweep_tables.design(factorial)
    assert (study.title, study.kind, study.keep) == ("Mine", "factorial", "final")
    assert study.scenarios == ("crimea-2014", "ukraine-2022")
    assert study.allies == ("JPN", "KOR")
    assert study.paths == {"severity": "world.severity", "stance": "decisions.USA.stance.KOR"}
    assert (study.points, study.runs, study.missing, study.failed) == (12, 240, 0, 0)


def test_a_summary_is_what_the_whole_dataset_says(factorial):
    found = sweep_tables.summarise(factorial, ["stance", "severity"])
    rows = duckdb.sql(f"""
        select scenario::varchar as scenario, stance::varchar as stance, severity,
               count(*) as runs, sum((KOR_level >= 2)::int)::bigint as joined,
               avg(KOR_level) as mean_level, avg(KOR_engagement) as mean_engagement
        from '{factorial}/chunks/*.parquet' group by all order by scenario, stance desc, severity
    """).df()
    korea = found[found["state"] == "KOR"].reset_index(drop=True)
    assert len(found) == 24
    assert korea["runs"].tolist() == [20] * 12
    assert korea["stance"].astype(str).tolist() == rows["stance"].tolist()
    for column in ("scenario", "severity", "runs", "joined", "mean_level", "mean_engagement"):
        assert korea[column].tolist() == rows[column].tolist(), column
    assert korea["p_joined"].tolist() == (rows["joined"] / rows["runs"]).tolist()


@pytest.mark.slow
def test_every_way_of_keeping_gives_the_same_numbers(tmp_path):
    frames = {
        keep: sweep_tables.summarise(made(tmp_path / keep, kept(keep)), ["severity", "stance"])
        for keep in KEEPS
    }
    for keep in KEEPS[1:]:
        pd.testing.assert_frame_equal(frames["final"], frames[keep], check_exact=True, obj=keep)
    date = {
        keep: sweep_tables.summarise(tmp_path / keep / "out", ["severity"], date="2022-06")
        for keep in KEEPS[2:]
    }
    pd.testing.assert_frame_equal(date["steps"], date["step-counts"], check_exact=True)
    assert set(date["steps"]["scenario"]) == {"ukraine-2022"}
    with pytest.raises(ValueError, match="leave out the date"):
        sweep_tables.summarise(tmp_path / "counts" / "out", ["severity"], date="2022-06")
    with pytest.raises(ValueError, match="no step '1999-01'; allowed: 2014"):
        sweep_tables.summarise(tmp_path / "steps" / "out", ["severity"], date="1999-01")


def test_chunks_change_nothing(tmp_path, factorial, monkeypatch):
    many = made(tmp_path, FACTORIAL, monkeypatch)
    assert sweep_tables.design(many).chunks > 1
    pd.testing.assert_frame_equal(
        sweep_tables.summarise(many, ["severity"]).reset_index(drop=True),
        sweep_tables.summarise(factorial, ["severity"]).reset_index(drop=True),
        check_exact=True,
    )


def test_many_values_are_put_into_equal_bins(sobol):
    found = sweep_tables.summarise(sobol, ["severity"], state="KOR", bins=4)
    rows = pd.read_parquet(sobol / "chunks")
    edges = np.linspace(rows["severity"].min(), rows["severity"].max(), 5)
    counted = np.histogram(rows["severity"], edges)[0]
    assert found["runs"].tolist() == counted.tolist()
    assert found["severity"].to_numpy() == pytest.approx((edges[1:] + edges[:-1]) / 2)
    joined = np.histogram(rows["severity"][rows["KOR_level"] >= 2], edges)[0]
    assert found["joined"].tolist() == joined.tolist()
    assert found.attrs["binned"] == ["severity"]


def test_a_logarithmic_factor_has_bins_in_logarithms_and_its_name_does_not_clash(sobol):
    found = sweep_tables.summarise(sobol, ["low"], state="KOR", bins=4)
    ratios = found["low_"].to_numpy()[1:] / found["low_"].to_numpy()[:-1]
    assert ratios == pytest.approx(ratios[0])
    assert found["low"].between(0.0, 1.0).all()


def test_options_stay_in_their_order_and_no_factor_gives_the_whole(sobol):
    found = sweep_tables.summarise(sobol, ["stance"], state="KOR")
    assert found["stance"].tolist() == ["press", "free"]
    whole = sweep_tables.summarise(sobol, [], state="KOR")
    assert whole["runs"].tolist() == [320]
    assert whole["joined"].sum() == found["joined"].sum()


def test_c9_tables_of_a_sweep_go_to_arrow_parquet_polars_and_csv(sobol, factorial, tmp_path):
    for table in (
        sweep_tables.summarise(factorial, ["severity", "stance"]),
        sweep_tables.tabulated(sobol, []),
        sweep_tables.by_point(sobol),
    ):
        studies.goes_everywhere(table, tmp_path)


def test_profiles_are_the_summaries_and_effects_their_ends(sobol):
    found = sweep_tables.profiles(sobol, bins=5)
    for name, frame in found.items():
        alone = sweep_tables.summarise(sobol, [name], bins=5)
        pd.testing.assert_frame_equal(frame, alone, check_exact=True)
    ranked = sweep_tables.effects(found)
    korea = ranked[ranked["state"] == "KOR"]
    assert sorted(korea["factor"]) == ["low", "severity", "stance"]
    assert korea["difference"].abs().is_monotonic_decreasing
    ends = found["severity"][found["severity"]["state"] == "KOR"]["p_joined"]
    row = korea.set_index("factor").loc["severity"]
    assert (row["p_first"], row["p_last"]) == (ends.iloc[0], ends.iloc[-1])
    assert row["difference"] == row["p_last"] - row["p_first"]


def test_wilson_intervals_are_those_of_the_books():
    low, high = sweep_tables.wilson(np.array([0, 81, 20]), np.array([20, 263, 20]))
    assert low == pytest.approx([0.0, 0.2553, 0.8389], abs=1e-4)
    assert high == pytest.approx([0.1611, 0.3662, 1.0], abs=1e-4)


def test_missing_chunks_are_told(tmp_path, monkeypatch):
    folder = made(tmp_path, FACTORIAL, monkeypatch)
    files = sorted((folder / "chunks").glob("*.parquet"))
    files[1].unlink()
    found = sweep_tables.summarise(folder, ["severity"])
    assert found.attrs["missing"] == 1
    assert f"INCOMPLETE: {len(files) - 1} of {len(files)} chunks" in sweep_text.as_text(folder)
    for file in files[:1] + files[2:]:
        file.unlink()
    with pytest.raises(DocumentError, match=f"0 of {len(files)} chunks are there"):
        sweep_tables.summarise(folder, ["severity"])


def test_failed_points_are_counted(tmp_path):
    rows = "[{severity: 0.5}, {severity: 2.0}, {severity: 0.7}]"
    text = FACTORIAL.replace(", from: 0.0, to: 1.0, steps: 3", "").replace(
        "{kind: factorial}", f"{{kind: table, rows: {rows}}}"
    )
    text = "\n".join(line for line in text.splitlines() if "stance" not in line)
    folder = made(tmp_path, text)
    assert sweep_tables.summarise(folder, ["severity"])["severity"].unique().tolist() == [0.5, 0.7]
    assert "80 of 120 runs; 2 of 6 points failed" in sweep_text.as_text(folder)


def test_what_is_not_in_the_sweep_is_refused_with_what_is(factorial):
    with pytest.raises(ValueError, match="no factor 'gas'; allowed: severity, stance"):
        sweep_tables.summarise(factorial, ["gas"])
    with pytest.raises(ValueError, match="no ally 'USA'; allowed: JPN, KOR"):
        sweep_tables.summarise(factorial, ["stance"], state="USA")
    with pytest.raises(ValueError, match="named twice"):
        sweep_tables.summarise(factorial, ["stance", "stance"])
    with pytest.raises(ValueError, match="bins should be 1 or more"):
        sweep_tables.summarise(factorial, ["stance"], bins=0)


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path, factorial):
    with pytest.raises(DocumentError, match="not the folder of a sweep"):
        sweep_tables.design(tmp_path)
    manifest = json.loads((factorial / "manifest.json").read_text("utf-8"))
    del manifest["specification"]["design"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DocumentError, match="not the manifest of a sweep"):
        sweep_tables.design(tmp_path)


def test_a_damaged_chunk_is_told_by_name(tmp_path):
    folder = made(tmp_path, FACTORIAL)
    file = next((folder / "chunks").glob("*.parquet"))
    file.write_bytes(b"nothing")
    with pytest.raises(DocumentError, match=f"{file.name}: is damaged"):
        sweep_tables.summarise(folder, ["severity"])


def test_tables_fit_the_terminal(factorial, sobol):
    for text in (
        sweep_text.as_text(factorial),
        sweep_text.as_text(sobol),
        sweep_text.as_text(sobol, ["severity", "low", "stance"], bins=3),
        sweep_text.as_text(sweep_tables.summarise(sobol, ["stance"])),
    ):
        assert max(map(len, text.splitlines())) <= 100
    assert sweep_text.as_text(factorial).startswith(
        "Mine\nP(joined) at the last step; 240 of 240 runs\n"
    )
    assert "crimea-2014, KOR\n" in sweep_text.as_text(sobol)
