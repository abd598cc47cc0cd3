"""Forecasts of a world: free runs, what moves states, what is hashed, and how outcomes score it."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignsim import (
    drawn_inputs,
    history,
    jobs,
    outcomes,
    reading,
    situation,
    sources,
    terms,
    timeline,
)
from alignsim.decision import LevelTerms
from alignsim.documents import DocumentError
from alignsim.evidence import data_root
from alignsim.model import AlignmentModel
from alignsim.panel import baselines, features, fits, forecasting, movers, registering, within
from alignsim.panel import specification as specifications
from alignsim.panel.registering import COLUMNS, FROM_FLAT, FROM_JOINT, MANIFEST
from alignsim.panel.within import THEORY
from tests import panels
from tests.panels import DRAWS, RUNS, STATES, UNION
from tests.strategies import flat


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of few states, whose folder has both worlds."""
    return specifications.read(panels.study(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def fitted(study, tmp_path_factory):
    """Every fit, with draws of the prior."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "run", panels.results)
        return fits.fit(study, tmp_path_factory.mktemp("fits"))


@pytest.fixture(scope="module")
def before(study):
    return reading.read(study.fit_on)


@pytest.fixture(scope="module")
def after(study):
    return reading.read(study.forecast)


MILD = flat(0.3, precision=3.0)
"""Weights under which nobody is sure of anything."""
FIRM = flat(1.0, precision=6.0)


# --- free runs ------------------------------------------------------------------------------


def test_the_leader_alone_is_led(after):
    led = forecasting.led(after)
    documented = {
        record.step: record.value
        for record in history.documented(after)
        if (record.state, record.decision) == ("USA", "level")
    }
    assert after.fixed == ()
    assert {(one.state, one.decision) for one in led.fixed} == {("USA", "level")}
    line = timeline.build(led)
    assert line.fixed_leader_level.tolist() == [documented[step] for step in range(len(documented))]
    free = timeline.build(after)
    assert (free.fixed_leader_level < 0).all()
    for name, part in zip(line._fields, line, strict=True):
        if name != "fixed_leader_level":
            assert np.array_equal(part, getattr(free, name)), name


def test_a_leader_without_a_course_cannot_be_led(after):
    elsewhere = after.model_copy(update={"history": "elsewhere"})
    with pytest.raises(ValueError, match="world-2022: the leader's level is not documented"):
        forecasting.led(elsewhere)


def test_runs_are_counted_by_level(after):
    lines = forecasting.measured(after)
    found = forecasting.counts(lines, [MILD, FIRM], RUNS, seed=0)
    assert found.shape == (2, len(STATES), 6)
    assert (found.sum(axis=2) == RUNS).all()
    again = forecasting.counts(lines, [MILD, FIRM], RUNS, seed=0)
    assert np.array_equal(found, again)
    assert not np.array_equal(found, forecasting.counts(lines, [MILD, FIRM], RUNS, seed=1))


def test_runs_are_numbered_on_from_draw_to_draw(after):
    lines = forecasting.measured(after)
    parts = forecasting.counts(lines, [MILD, MILD], 3, seed=0)
    whole = forecasting.counts(lines, [MILD], 6, seed=0)
    assert np.array_equal(parts.sum(axis=0), whole[0])
    assert not np.array_equal(parts[0], parts[1])


def test_runs_are_those_of_the_mesa_model(after):
    found = forecasting.counts(forecasting.measured(after), [FIRM, MILD], 2, seed=7)
    for draw, drawn in enumerate((FIRM, MILD)):
        told = np.zeros((len(STATES), 6), dtype=int)
        for run in (2 * draw, 2 * draw + 1):
            model = AlignmentModel(forecasting.led(after), drawn, run, rng=7).run_all()
            for place, ally in enumerate(model.allies):
                told[place, ally.level] += 1
        assert np.array_equal(found[draw], told)


def test_members_of_a_union_come_to_one_level(after):
    found = forecasting.counts(forecasting.measured(after), [MILD], 20, seed=0)[0]
    members = [STATES.index(state) for state in UNION if state != "GBR"]
    assert all(np.array_equal(found[members[0]], found[place]) for place in members)
    assert not np.array_equal(found[members[0]], found[STATES.index("GBR")]), "it has left"


def test_each_draw_meets_a_world_of_its_own(study, after):
    lines = forecasting.drawn(after, study.dynamics, DRAWS, seed=0)
    assert len(lines) == DRAWS
    measured = forecasting.measured(after)[0]
    for line in lines:
        assert not np.array_equal(line.allies, measured.allies)
        assert np.array_equal(line.fixed_leader_level, measured.fixed_leader_level)
        assert np.array_equal(line.members, measured.members)
    assert len({line.allies.tobytes() for line in lines}) == DRAWS
    found = forecasting.counts(lines[:2], [MILD] * 3, RUNS, seed=0)
    for draw, line in enumerate((lines[0], lines[1], lines[0])):
        alone = forecasting.counts([line], [MILD] * 3, RUNS, seed=0)
        assert np.array_equal(found[draw], alone[draw])


def test_drawn_inputs_stay_within_their_ranges(study, after):
    lines = forecasting.drawn(after, study.dynamics, 40, seed=0)
    column = situation.ALLY_COLUMNS.index("norms")
    place = after.allies.index("TUR")
    low, high = after.states["TUR"]["norms_emphasis"].range
    drawn = [line.allies[0, place, column] for line in lines]
    assert low <= min(drawn) < max(drawn) <= high
    assert max(drawn) - min(drawn) > 0.9 * (high - low), "throughout: a Latin hypercube"


def test_too_few_drawings_are_a_fault_of_the_world(study, after, monkeypatch):
    every = drawn_inputs.worlds
    for taken, enough in ((4, True), (3, False)):
        monkeypatch.setattr(
            drawn_inputs,
            "worlds",
            lambda base, draws, seed, taken=taken: list(every(base, draws, seed))[:taken],
        )
        if enough:
            assert len(forecasting.drawn(after, study.dynamics, 8, seed=0)) == 4
        else:
            with pytest.raises(DocumentError, match="world-2022: takes 3 of 8 drawings"):
                forecasting.drawn(after, study.dynamics, 8, seed=0)


def test_the_table_by_hand(after):
    """Three draws of ten runs: all of a state join, none, or more and more."""
    runs = np.zeros((3, len(STATES), 6), dtype=int)
    runs[:, :, 0] = 10
    runs[:, 0] = (0, 0, 0, 10, 0, 0)
    runs[:, 1] = ((10, 0, 0, 0, 0, 0), (4, 2, 3, 1, 0, 0), (1, 1, 2, 6, 0, 0))
    backwards = after.model_copy(update={"allies": after.allies[::-1]})
    table = forecasting.table(backwards, runs[:, ::-1])
    assert tuple(table.columns) == COLUMNS
    assert table["iso3"].tolist() == sorted(STATES)
    rows = table.set_index("iso3")
    # half a run on either side of thirty
    assert rows.loc[STATES[0]].tolist() == [30.5 / 31.0, 1.0, 1.0, 3]
    assert rows.loc[STATES[2]].tolist() == [0.5 / 31.0, 0.0, 0.0, 0]
    # joined in 0, 4 and 8 of ten: mean .4, and a tenth of the way between neighbours at the ends
    assert rows.loc[STATES[1]].tolist() == pytest.approx([12.5 / 31.0, 0.04, 0.76, 0])
    assert (table["p_joined_low"] <= table["p_joined_high"]).all()


# --- what moves states ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(after):
    """Runs of two draws of the world that is forecast."""
    return forecasting.counts(forecasting.measured(after), [MILD, FIRM], 10, seed=0)


def level_of(runs, state):
    """Mean level of a state over all runs, on the unit interval."""
    found = runs[:, STATES.index(state)].sum(axis=0)
    return float(found @ np.arange(6) / found.sum() / 5.0)


def seen(scenario, dynamics):
    """Severity at the last step, as perceived over steps of one month."""
    line = timeline.build(scenario)
    assert line.months == 1
    perceived = line.initial_severity
    for step in range(scenario.calendar.steps):
        perceived = terms.perceived_severity(
            perceived, line.world[step, situation.WORLD_SEVERITY], dynamics.persistence
        )
    return perceived


def test_terms_of_a_side_by_hand(after, runs):
    """Log odds of level 2 over level 0, term by term, of Japan, which looks to the G7."""
    w, d = FIRM.weights, FIRM.dynamics
    found = movers.side(after, [FIRM], runs)
    place = list(features.unit(after).drop_duplicates()).index("JPN")
    line = timeline.build(after)
    own = dict(zip(situation.ALLY_COLUMNS, line.allies[-1, STATES.index("JPN")], strict=True))
    severity, alignment = seen(after, d), line.world[-1, situation.WORLD_ALIGNMENT]
    leader = forecasting.measured(after)[0].fixed_leader_level[-1] / 5.0
    union = sum(level_of(runs, state) for state in ("DEU", "FRA", "POL")) / 3.0
    others = (leader + level_of(runs, "CAN") + level_of(runs, "GBR") + union) / 4.0

    def gains(term, *arguments):
        return getattr(terms, term)(*arguments, 0.4) - getattr(terms, term)(*arguments, 0.0)

    supply = (own["exposure"], terms.assured(own["replaceable"], 0.0))
    told = {
        "abandonment": gains("abandonment", own["dependence"], 0.0, leader),
        "coalition": gains("coalition", own["membership"], others),
        "independence": gains("independence", own["independence"], leader),
        "supply_at_risk": gains("supply_at_risk", *supply, own["price_advantage"]),
        "diversification": gains("diversification", own["diversification_need"], supply[1]),
        "precedent": gains(
            "precedent", severity, alignment, own["threat_china"], own["threat_russia"]
        ),
        "balancing": gains("balancing", alignment, own["threat_china"]),
        "peninsula": gains(
            "peninsula", severity, own["threat_north_korea"], own["hoped_return"],
            own["role_in_talks"],
        ),
        "values": gains("values", own["norms"], severity),
        "market": gains("market", own["trade"], d.abstention_premium, others, own["aims"]),
        "inertia": terms.inertia(0.0, 0.4, 1.0) - terms.inertia(0.0, 0.0, 1.0),
    }  # fmt: skip
    assert set(told) == set(LevelTerms._fields)
    for term, gain in told.items():
        k = LevelTerms._fields.index(term)
        expected = w.precision_level * getattr(w, term) * gain
        assert found.terms[place, k] == pytest.approx(expected), term
    joined = runs[:, STATES.index("JPN"), 2:].sum() / runs[:, 0].sum()
    assert found.joined[place] == pytest.approx(joined)


def test_terms_are_means_over_draws_and_over_members(after, runs):
    apart = [movers.side(after, [drawn], runs).terms for drawn in (MILD, FIRM)]
    both = movers.side(after, [MILD, FIRM], runs)
    assert both.terms == pytest.approx((apart[0] + apart[1]) / 2.0)
    k = LevelTerms._fields.index("values")
    unit = list(features.unit(after).drop_duplicates()).index("EU")
    column = situation.ALLY_COLUMNS.index("norms")
    norms = timeline.build(after).allies[-1, :, column]
    members = [STATES.index(state) for state in ("DEU", "FRA", "POL")]
    mexico = list(features.unit(after).drop_duplicates()).index("MEX")
    ratio = norms[members].mean() / norms[STATES.index("MEX")]
    assert both.terms[unit, k] == pytest.approx(ratio * both.terms[mexico, k])


def test_many_draws_are_thinned(after, runs, monkeypatch):
    monkeypatch.setattr(movers, "MOST_DRAWS", 2)
    found = movers.side(after, [MILD, FIRM, MILD, FIRM], runs)
    assert found.terms == pytest.approx(movers.side(after, [MILD], runs).terms)


def sides(before, after, old, new):
    """Both sides from P(joined) and the terms that are not 0, by unit."""
    made = []
    for scenario, told in ((before, old), (after, new)):
        names = list(features.unit(scenario).drop_duplicates())
        joined, found = np.full(len(names), 0.5), np.zeros((len(names), len(LevelTerms._fields)))
        for unit, (p, own) in told.items():
            joined[names.index(unit)] = p
            for term, value in own.items():
                found[names.index(unit), LevelTerms._fields.index(term)] = value
        made.append(movers.Side(joined, found))
    return tuple(made)


def test_movers_stand_in_order_with_the_terms_that_moved_them(study, before, after):
    both = sides(
        before,
        after,
        {"MEX": (0.1, {"values": 1.0, "market": -2.0}), "TUR": (0.6, {"abandonment": 2.0})},
        {
            "MEX": (0.4, {"values": 1.5, "market": -1.0, "coalition": -3.0, "inertia": 0.25}),
            "TUR": (0.2, {"abandonment": 0.5, "precedent": 9.0, "supply_at_risk": -1.0}),
            "EU": (0.55, {"balancing": 1.0}),
        },
    )
    table = movers.table((before, after), both)
    assert table["unit"].tolist()[:3] == ["TUR", "MEX", "EU"]
    assert len(table) == 11
    assert "GBR" not in set(table["unit"]), "it was a member then and is none now"
    rows = table.set_index("unit")
    assert rows.loc["TUR", ["before", "after"]].tolist() == [0.6, 0.2]
    assert rows.loc["TUR", "change"] == pytest.approx(-0.4)
    assert rows.loc["TUR", "name"] == "Turkey"
    assert rows.loc["EU", "name"] == "European Union"
    assert rows.loc["TUR", "moved_by"].startswith("abandonment -1.50; supply at risk -1.00; ")
    assert rows.loc["MEX", "moved_by"] == "market +1.00; values +0.50; inertia +0.25"
    assert rows.loc["TUR", "precedent_change"] == 9.0
    assert rows.loc["CAN", "change"] == 0.0
    assert (table["change"].abs().diff().dropna() <= 0.0).all()


# --- issued and hashed ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(study, fitted):
    return registering.forecasts(study, fitted)


@pytest.fixture(scope="module")
def issued(study, fitted, found, tmp_path_factory):
    """A folder of forecasts, and the files that were named."""
    folder = tmp_path_factory.mktemp("issued")
    return folder, registering.issue(study, found, fitted, folder)


def test_every_forecaster_has_a_table_of_one_shape(found):
    mixed = f"{THEORY} + same as 2014"
    names = [THEORY, FROM_JOINT, FROM_FLAT, *(one.name for one in baselines.ALL), mixed]
    assert list(found.tables) == names
    for name, table in found.tables.items():
        assert tuple(table.columns) == COLUMNS, name
        assert table["iso3"].tolist() == sorted(STATES), name
        chances = table[["p_joined", "p_joined_low", "p_joined_high"]].to_numpy()
        assert ((chances >= 0.0) & (chances <= 1.0)).all(), name
        assert (table["p_joined_low"] <= table["p_joined_high"]).all(), name
        assert set(table["modal_level"]) <= set(range(6)), name


def test_the_theory_is_that_of_its_own_runs(study, fitted, after, found):
    lines = forecasting.drawn(after, study.dynamics, DRAWS, study.seed)
    for name, title in (("four-agent", THEORY), ("joint", FROM_JOINT)):
        told = forecasting.counts(lines, fitted[name].drawn, RUNS, study.seed)
        assert found.tables[title].equals(forecasting.table(after, told))
        if title == THEORY:
            assert np.array_equal(found.runs, told)


def test_baselines_are_fitted_on_2014_and_asked_of_2022(study, after, found):
    world = within.World.of(study.fit_on)
    rows = features.table(after, 2021)
    for baseline in baselines.ALL:
        table = found.tables[baseline.name].set_index("iso3")
        told = baseline.fit(world.features, world.joined, world.unit).p(rows)
        assert table["p_joined"].to_dict() == pytest.approx(told.to_dict())
        assert (table["p_joined_low"] <= table["p_joined"]).all()
        assert (table["p_joined"] <= table["p_joined_high"]).all()
        assert (table["modal_level"] == np.where(told.loc[table.index] > 0.5, 3, 0)).all()
    rates = found.tables["base rate"].set_index("iso3")
    assert rates["p_joined"].to_numpy() == pytest.approx((6.0 + 0.5) / 11.0)
    assert (rates["p_joined_low"] < rates["p_joined_high"]).all()


def test_the_pool_is_the_mean_and_its_level_is_on_its_side(found):
    theory, same = (found.tables[name].set_index("iso3") for name in (THEORY, "same as 2014"))
    pool = found.tables[f"{THEORY} + same as 2014"].set_index("iso3")
    for name in COLUMNS[1:4]:
        assert pool[name].to_dict() == pytest.approx(((theory[name] + same[name]) / 2).to_dict())
    assert ((pool["modal_level"] >= 2) == (pool["p_joined"] > 0.5)).all()


def test_the_level_of_the_pool_by_hand():
    """The theory's own, unless the pool takes the state to the other side."""
    theory, same = (
        pd.DataFrame(dict.fromkeys(COLUMNS[1:4], p) | {"modal_level": level})
        for p, level in (([0.9, 0.3, 0.3, 0.8], [4, 1, 1, 4]), ([0.98, 0.02, 0.98, 0.02], 0))
    )
    pool = registering._pooled(theory, same)
    assert pool["p_joined_low"].tolist() == pytest.approx([0.94, 0.16, 0.64, 0.41])
    assert pool["modal_level"].tolist() == [4, 1, 3, 0]


def test_a_fit_that_is_not_made_has_no_table(study, fitted):
    """And the main one has none beside the theory's."""
    brief = study.model_copy(update={"main": "flat", "runs_a_draw": 1, "resamples": 1, "draws": 2})
    told = registering.forecasts(brief, {"flat": fitted["flat"]})
    assert set(told.tables) == {
        THEORY, f"{THEORY} + same as 2014", *(one.name for one in baselines.ALL),
    }  # fmt: skip


FILES = {
    THEORY: "forecast-2022.csv",
    FROM_JOINT: "forecast-2022-from-joint.csv",
    FROM_FLAT: "forecast-2022-flat-prior.csv",
    "ideal point, NATO, EU": "forecast-2022-ideal-point-nato-eu.csv",
    "penalised logit + same as 2014": "forecast-2022-penalised-logit-same-as-2014.csv",
}


def test_files_are_named_after_forecasters_and_hashed(study, fitted, found, issued):
    folder, files = issued
    manifest = json.loads((folder / MANIFEST).read_text())
    assert [file.name for file in files] == [*manifest["files"], MANIFEST]
    assert {file.name for file in folder.iterdir()} == {file.name for file in files}
    named = {one["forecaster"]: name for name, one in manifest["files"].items()}
    assert list(named) == list(found.tables)
    assert FILES.items() <= named.items()
    for name, one in manifest["files"].items():
        assert one["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert manifest["specification"] == study.model_dump(mode="json", exclude_none=True)
    assert manifest["fits"] == {name: one.result.job.digest for name, one in fitted.items()}


def test_the_manifest_hashes_inputs_scenarios_and_code(study, issued):
    manifest = json.loads((issued[0] / MANIFEST).read_text())
    root = data_root()
    assert {
        "seeds/history.yaml", "seeds/outcomes-2014.csv", "configs/world/indicators-2013.csv",
        "configs/world/indicators-2021.csv", "configs/world/world-2014.yaml",
        "configs/world/world-2022.yaml", "configs/world/columns.yaml",
    } == set(manifest["inputs"])  # fmt: skip
    for name, sha in manifest["inputs"].items():
        assert sha == hashlib.sha256((root / name).read_bytes()).hexdigest()
    for name, digest in manifest["scenarios"].items():
        assert digest == reading.read(name).digest
    assert set(manifest["scenarios"]) == {study.fit_on, study.forecast}
    code = manifest["code"]
    counted = {name.removeprefix("alignsim.") for name in sources.modules(registering.__name__)}
    assert set(code) == {"engine", *counted}
    libraries = sources.versions(registering.__name__)
    assert set(manifest["versions"]) == {"alignsim", "scikit-learn", *libraries}
    assert (
        code["panel.forecasting"]
        == hashlib.sha256(Path(forecasting.__file__).read_bytes()).hexdigest()
    )


@pytest.mark.slow
def test_the_same_forecasts_are_the_same_bytes(study, fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(baselines, "ALL", (*baselines.PLAIN[:3], baselines.SAME))
    for folder in ("one", "two"):
        told = registering.forecasts(study, fitted)
        files = registering.issue(study, told, fitted, tmp_path / folder)
    assert len(files) == 9
    for file in files:
        assert file.read_bytes() == (tmp_path / "one" / file.name).read_bytes()


def test_forecasts_are_read_again_as_written(study, found, issued, before, after):
    tables, scenario, known = registering.registered(issued[0])
    assert list(tables) == list(found.tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, found.tables[name], rtol=1e-5, check_dtype=False)
    assert scenario == after
    assert known == history.ends(before)


@pytest.fixture
def copied(issued, tmp_path):
    """The folder of forecasts, to be spoiled."""
    return Path(shutil.copytree(issued[0], tmp_path / "copied"))


def test_a_changed_byte_anywhere_is_refused(copied):
    for name in json.loads((copied / MANIFEST).read_text())["files"]:
        file = copied / name
        content = file.read_bytes()
        for changed in (content.replace(b"1", b"2", 1), content + b"\n", b""):
            file.write_bytes(changed)
            with pytest.raises(DocumentError) as caught:
                registering.reread(copied)
            assert str(caught.value) == f"{file}: is not what was hashed when it was forecast"
        file.write_bytes(content)
    assert registering.reread(copied)


@pytest.mark.parametrize("name", ["forecast-2022.csv", "forecast-2022-base-rate.csv", MANIFEST])
def test_a_missing_file_is_told(copied, name):
    (copied / name).unlink()
    with pytest.raises(DocumentError, match=f"{name}: cannot be read: No such file"):
        registering.registered(copied)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no JSON", b"[]", b"3", b"{}", b'{"files": 3}', b'{"files": {"a.csv": {}}}',
        b'{"files": {"a.csv": "b"}}', b'\xff{"files": {}}', b'{"files": {}}',
        b'{"files": {}, "specification": []}', b'{"files": {}, "specification": {"fit_on": "x"}}',
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        registering.registered(tmp_path)
    assert str(caught.value) == f"{tmp_path / MANIFEST}: is no manifest of forecasts"


def test_a_world_that_is_no_more_is_told(copied):
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["specification"]["forecast"] = "gone/world-2022.yaml"
    (copied / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DocumentError, match=r"gone/world-2022\.yaml: cannot be read"):
        registering.registered(copied)


# --- scored ---------------------------------------------------------------------------------

CHANCES = {"DEU": 0.9, "FRA": 0.8, "POL": 0.6, "CAN": 0.7, "MEX": 0.2}


def forecast_of(chances, otherwise=0.5):
    """A table of forecasts."""
    p = [chances.get(state, otherwise) for state in STATES]
    return pd.DataFrame({"iso3": STATES, "p_joined": p})


TABLES = {THEORY: forecast_of(CHANCES), "even": forecast_of({})}
OUTCOMES = """\
iso3,outcome
DEU,yes
FRA,yes
POL,yes
CAN,yes
MEX,no
TUR,partial
CHE,ambiguous
NZL,exclude
ITA,yes
BRA,no
"""


def read(tmp_path, text):
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    return outcomes.read(file)


@pytest.fixture
def scored(tmp_path, before, after):
    ends = read(tmp_path, OUTCOMES)
    return registering.score(TABLES, ends, after, history.ends(before), 20)


def test_scores_by_hand_with_the_union_once(scored):
    assert (scored.states, scored.units) == (5, 3)
    rows = scored.scores.set_index(["subset", "forecaster"])
    whole = rows.loc[("all states", THEORY)]
    assert (whole["states"], whole["units"]) == (5, 3)
    assert whole["brier"] == pytest.approx(((0.01 + 0.04 + 0.16) / 3 + 0.09 + 0.04) / 3)
    logs = sum(math.log(CHANCES[state]) for state in ("DEU", "FRA", "POL")) / 3
    assert whole["log_score"] == pytest.approx((logs + math.log(0.7) + math.log(0.8)) / 3)
    assert whole["auc"] == 1.0
    assert whole["brier_difference"] == 0.0
    even = rows.loc[("all states", "even")]
    assert (even["brier"], even["auc"]) == (0.25, 0.5)
    assert even["log_score_difference"] == pytest.approx(math.log(0.5) - whole["log_score"])


def test_scores_of_states_without_the_union_and_of_those_that_were_out(scored):
    rows = scored.scores.set_index(["subset", "forecaster"])
    alone = rows.loc[("without the EU", THEORY)]
    assert (alone["states"], alone["units"]) == (2, 2)
    assert alone["brier"] == pytest.approx((0.09 + 0.04) / 2)
    new = rows.loc[("not joined in 2014", THEORY)]  # Mexico alone: the others were in
    assert (new["states"], new["units"]) == (1, 1)
    assert new["brier"] == pytest.approx(0.04)
    assert math.isnan(new["auc"])


def test_what_is_not_scored_is_counted_by_reason(scored):
    assert scored.left_out == {
        "partial": 1, "ambiguous": 1, "exclude": 1, "not forecast": 2, "no outcome": 6,
    }  # fmt: skip


def test_bins_of_calibration_hold_all_units(scored):
    curves = scored.calibration[scored.calibration["subset"] == "all states"]
    own = curves[curves["forecaster"] == THEORY]
    bins = own.set_index("bin_low")[["observed", "weight"]]
    assert bins.index.tolist() == [0.1, 0.5, 0.7, 0.9]  # MEX; POL; CAN, FRA; DEU
    assert bins["observed"].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert bins["weight"].tolist() == pytest.approx([1.0, 1 / 3, 4 / 3, 1 / 3])


def test_outcomes_as_words_and_as_numbers_score_alike(tmp_path, before, after, scored):
    text = OUTCOMES.replace(",yes", ",1").replace("MEX,no", "MEX,0.0").replace(",no", ",0")
    other = registering.score(TABLES, read(tmp_path, text), after, history.ends(before), 20)
    pd.testing.assert_frame_equal(other.scores, scored.scores)
    pd.testing.assert_frame_equal(other.calibration, scored.calibration)
    assert other.left_out == scored.left_out


def test_only_where_somebody_is_in_a_subset_is_it_scored(tmp_path, before, after):
    ends = read(tmp_path, "iso3,outcome\nDEU,yes\nFRA,no\n")
    found = registering.score(TABLES, ends, after, history.ends(before), 20)
    assert set(found.scores["subset"]) == {"all states"}
    assert found.units == 1
    assert found.left_out == {"no outcome": 12}


def test_nothing_is_left_out_where_all_is_known(tmp_path, after):
    text = "iso3,outcome\n" + "".join(f"{state},no\n" for state in STATES)
    found = registering.score(TABLES, read(tmp_path, text), after, {}, 5)
    assert found.left_out == {}
    assert (found.states, found.units) == (14, 12)


def test_without_a_yes_or_no_there_is_nothing_to_score(tmp_path, before, after):
    for text in ("TUR,partial\n", "ITA,yes\n"):
        ends = read(tmp_path, f"iso3,outcome\n{text}")
        with pytest.raises(ValueError, match="no state with a forecast has the outcome yes or no"):
            registering.score(TABLES, ends, after, history.ends(before))
