"""Out of sample: nothing scored was fitted on, nothing scored was changed, and scores by hand."""

import hashlib
import json
import math

import numpy as np
import pandas as pd
import pytest

from alignsim import (
    comparison_report,
    forecast_scores,
    forecasts,
    history,
    jobs,
    nested,
    plots_comparison,
    reading,
)
from alignsim.agents import Decision
from alignsim.documents import DocumentError
from alignsim.forecasts import Forecast, Plan
from alignsim.model import AlignmentModel
from tests.strategies import EPISODES
from tests.studies import CALIBRATION, EXPERIMENTS, FORECASTS, forecasts_file, prior_sample

FOLDER = EXPERIMENTS / "forecasts"
SHIPPED = forecasts.read(FOLDER / "forecasts.yaml")
LEVELS = [f"p{level}" for level in range(6)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A plan, the folder of its forecasts, and how they score; samples are draws of the prior."""
    folder = tmp_path_factory.mktemp("forecasts")
    plan = forecasts.read(forecasts_file(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nested, "sample", prior_sample)
        table = forecasts.issue(plan, folder / "out")
        found = forecast_scores.score(plan, folder / "out")
    return plan, folder / "out", table, found


def rows_of(table, forecast, state, decision):
    where = (table["forecast"] == forecast) & (table["state"] == state)
    return table[where & (table["decision"] == decision)].reset_index(drop=True)


# --- specifications -----------------------------------------------------------------------------


def test_each_forecast_has_a_calibration_of_its_own(tmp_path):
    plan = forecasts.read(forecasts_file(tmp_path))
    assert list(plan.calibrations) == ["forth", "across"]
    across = plan.calibrations["across"]
    assert (across.name, across.fit_on, across.allies) == ("across", ("crimea-2014",), ("JPN",))
    assert (across.draws, across.seed) == (4, 0)
    assert across.sampler == plan.specification.sampler
    assert across.groups == ("norms",)


UNSEEN = "score: should not be what the weights are fitted on"
FORTH = "    score: [ukraine-2022]\n"
FAULTS = [
    ("kind: forecasts", "kind: guesses", 2, "kind: should be 'forecasts'"),
    ("draws: 4", "draws: 0", 6, "draws: should be greater than or equal to 1"),
    ("runs_a_draw: 5", "runs: 5", 7, "runs: unknown key; allowed: name, kind, note, calibration"),
    (FORTH, "    score: [moon-2030]\n", 13, "forth.score.0: one of crimea-2014, rapprochement"),
    (FORTH, "    score: []\n", 13, "forth.score: should have at least 1 item"),
    (FORTH, "    score: [crimea-2014]\n", 13, f"forecasts.forth.{UNSEEN}"),
    (FORTH, "    score: [ukraine-2022, crimea-2014]\n", 13, f"forecasts.forth.{UNSEEN}"),
    ("    score_allies: [KOR]\n", "", 18, f"forecasts.across.{UNSEEN}"),
    ("    fit_allies: [JPN]\n", "", 17, f"forecasts.across.{UNSEEN}"),
    ("score_allies: [KOR]", "score_allies: [KOR, JPN]", 18, f"forecasts.across.{UNSEEN}"),
    ("score_allies: [KOR]", "score_allies: [FRA]", 19, "score_allies.0: FRA is not an ally in all"),
    ("fit_allies: [JPN]", "fit_allies: [USA]", 17, "fit_allies.0: USA is not an ally in all"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS)
def test_a_fault_names_file_line_key_and_what_is_allowed(tmp_path, old, new, line, said):
    assert FORECASTS.count(old) == 1
    file = forecasts_file(tmp_path, FORECASTS.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        forecasts.read(file)
    told = str(caught.value)
    assert told.startswith(f"{file}:{line}: "), told
    assert said in told
    assert "\n" not in told


def test_what_is_apart_in_time_may_have_any_allies(tmp_path):
    text = FORECASTS.replace(FORTH, FORTH + "    fit_allies: [KOR]\n    score_allies: [KOR]\n")
    plan = forecasts.read(forecasts_file(tmp_path, text))
    assert plan.specification.forecasts["forth"].score_allies == ("KOR",)


def test_faults_of_the_calibration_are_told_where_they_stand(tmp_path):
    file = forecasts_file(tmp_path)
    (tmp_path / "calibration.yaml").write_text(CALIBRATION.replace("[norms]", "[luck]"))
    with pytest.raises(DocumentError, match=r"calibration\.yaml:5: groups\.0: one of"):
        forecasts.read(file)
    (tmp_path / "calibration.yaml").write_text(f"{CALIBRATION}input_draws: 4\n")
    with pytest.raises(DocumentError, match=r"forecasts\.yaml:4: calibration: .*no input_draws"):
        forecasts.read(file)
    (tmp_path / "calibration.yaml").unlink()
    with pytest.raises(DocumentError, match=r"calibration\.yaml: cannot be read"):
        forecasts.read(file)


@pytest.mark.parametrize(
    ("allies", "state", "decision", "expected"),
    [
        (None, "JPN", "level", True),
        (None, "KOR", "engagement", True),
        (None, "USA", "level", True),
        (None, "USA", "stance", False),
        (None, "RUS", "stance", False),
        (("KOR",), "KOR", "engagement", True),
        (("KOR",), "JPN", "level", False),
        (("KOR",), "USA", "level", False),
    ],
)
def test_levels_and_engagement_are_scored_where_they_were_not_seen(
    allies, state, decision, expected
):
    one = Forecast(title="x", fit_on=("a",), score=("b",), score_allies=allies)
    assert one.judges(reading.read("crimea-2014"), state, decision) is expected


@pytest.mark.slow
def test_shipped_forecasts_fit_on_nothing_that_they_score():
    """Decision by decision, by what the likelihood counts and what the scores take."""
    for name, one in SHIPPED.specification.forecasts.items():
        (job,) = SHIPPED.calibrations[name].jobs()
        scored = 0
        for episode in EPISODES:
            scenario = reading.read(episode)
            counts = job.judged.counts(scenario)
            for record in history.documented(scenario):
                seen = counts(record.state, record.decision, record.toward)
                judged = episode in one.score and one.judges(
                    scenario, record.state, record.decision
                )
                assert not (seen and judged), (name, record)
                scored += judged
        assert scored > 0


def test_every_split_asked_for_is_shipped():
    def split(one):
        return (set(one.fit_on), one.fit_allies, set(one.score), one.score_allies)

    found = [split(one) for one in SHIPPED.specification.forecasts.values()]
    crimea, middle, ukraine = EPISODES
    for fit, score in (
        ({crimea}, {ukraine}),
        ({ukraine}, {crimea}),
        ({middle, ukraine}, {crimea}),
        ({crimea, ukraine}, {middle}),
        ({crimea, middle}, {ukraine}),
    ):
        assert (fit, None, score, None) in found
    everything = set(EPISODES)
    assert (everything, ("JPN",), everything, ("KOR",)) in found
    assert (everything, ("KOR",), everything, ("JPN",)) in found


# --- forecasts ----------------------------------------------------------------------------------


def test_the_table_has_a_row_a_step_of_each_decision_that_is_scored(small):
    _, _, table, _ = small
    forth, across = (table[table["forecast"] == name] for name in ("forth", "across"))
    keys = {tuple(key) for key in forth[["state", "decision"]].to_numpy()}
    assert keys == {
        ("USA", "level"), ("JPN", "level"), ("KOR", "level"), ("JPN", "engagement"),
        ("KOR", "engagement"),
    }  # fmt: skip
    assert len(forth) == 5 * 9
    assert set(across["state"]) == {"KOR"}
    assert len(across) == 2 * 10
    korea = rows_of(table, "across", "KOR", "level")
    assert list(korea["date"]) == list(reading.read("crimea-2014").calendar.dates)
    assert len(table) == 65


def test_probabilities_are_shares_of_runs(small):
    _, _, table, _ = small
    shares = table[LEVELS].to_numpy()
    assert np.nansum(shares, axis=1) == pytest.approx(1.0)
    level = table[table["decision"] == "level"]
    assert level[["p2", "p3", "p4", "p5"]].sum(axis=1).to_numpy() == pytest.approx(
        level["p_joined"].to_numpy()
    )
    assert (level["low"] <= level["p_joined"] + 1e-12).all()
    assert (level["p_joined"] <= level["high"] + 1e-12).all()
    engagement = table[table["decision"] == "engagement"]
    assert engagement[["p3", "p4", "p5", "p_joined"]].isna().all(axis=None)
    assert (np.nanargmax(shares, axis=1) == table["modal"]).all()


def test_runs_are_those_of_the_model_under_each_draw(small):
    """Draw after draw, run after run, as the Mesa model plays them."""
    plan, folder, table, _ = small
    (job,) = plan.calibrations["across"].jobs()
    drawn = forecasts.draws(jobs.run([job], folder / "samples")[0])
    scenario = reading.read("crimea-2014")
    taken = np.zeros((10, 6))
    joined = np.zeros((4, 10))
    for index, parameters in enumerate(drawn):
        for run in range(5):
            played = AlignmentModel(scenario, parameters, 5 * index + run, 0).run_all()
            for made in played.decisions:
                if (made.state, made.decision) == ("KOR", "level"):
                    taken[made.step, made.chosen] += 1.0 / 20.0
                    joined[index, made.step] += (made.chosen >= 2) / 5.0
    korea = rows_of(table, "across", "KOR", "level")
    assert korea[LEVELS].to_numpy() == pytest.approx(taken)
    assert korea["low"].to_numpy() == pytest.approx(np.quantile(joined, 0.05, axis=0))
    assert korea["high"].to_numpy() == pytest.approx(np.quantile(joined, 0.95, axis=0))


def test_the_centre_is_the_mean_of_logs_or_of_what_may_be_nothing(small):
    plan, folder, _, _ = small
    (job,) = plan.calibrations["forth"].jobs()
    drawn = forecasts.draws(jobs.run([job], folder / "samples")[0])
    centre = forecasts.centre(drawn)
    inertia = [one.weights.inertia for one in drawn]
    assert centre.weights.inertia == pytest.approx(math.exp(np.log(inertia).mean()))
    assert centre.weights.market == 0.0
    assert centre.dynamics.energy_drift == pytest.approx(drawn[0].dynamics.energy_drift)


def test_the_hash_is_that_of_the_file(small):
    plan, folder, _, _ = small
    manifest = json.loads((folder / forecasts.MANIFEST).read_text())
    content = (folder / forecasts.TABLE).read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["specification"] == plan.specification.model_dump(mode="json")
    assert manifest["fits"] == {
        name: one.jobs()[0].digest for name, one in plan.calibrations.items()
    }
    for name, digest in manifest["scenarios"].items():
        assert digest == reading.read(name).digest


def test_forecasts_are_the_same_when_made_again(small, tmp_path, monkeypatch):
    plan, folder, _, _ = small
    monkeypatch.setattr(nested, "sample", prior_sample)
    forecasts.issue(plan, tmp_path)
    for name in (forecasts.TABLE, forecasts.MANIFEST):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_nothing_is_scored_before_it_is_written_and_hashed(small, tmp_path, monkeypatch):
    plan, _, _, _ = small
    monkeypatch.setattr(nested, "sample", prior_sample)
    forecasts.issue(plan, tmp_path)
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {forecasts.TABLE, forecasts.MANIFEST, "samples"}
    with pytest.raises(DocumentError, match=r"forecasts\.csv: cannot be read"):
        forecast_scores.score(plan, tmp_path / "nowhere")


# --- what was changed since is refused ----------------------------------------------------------


@pytest.fixture
def copied(small, tmp_path):
    """The forecasts and their manifest, to be spoilt."""
    _, folder, _, _ = small
    for name in (forecasts.TABLE, forecasts.MANIFEST):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path


@pytest.mark.parametrize("at", [0, 1000, -1])
def test_a_changed_byte_is_refused(small, copied, at):
    plan, *_ = small
    file = copied / forecasts.TABLE
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        forecast_scores.score(plan, copied)
    assert str(caught.value) == f"{file}: is not what was hashed before scoring"
    assert {one.name for one in copied.iterdir()} == {forecasts.TABLE, forecasts.MANIFEST}


@pytest.mark.parametrize("text", ["", "{}", "[]", '"sha"', "\x00"])
def test_a_manifest_that_is_none_is_refused(copied, text):
    (copied / forecasts.MANIFEST).write_text(text)
    with pytest.raises(DocumentError, match=r"manifest\.json: is no manifest"):
        forecasts.reread(copied)


def test_a_missing_manifest_is_told(copied):
    (copied / forecasts.MANIFEST).unlink()
    with pytest.raises(DocumentError, match=r"manifest\.json: cannot be read"):
        forecasts.reread(copied)


def test_forecasts_of_another_specification_are_not_scored(small, copied):
    plan, *_ = small
    other = Plan(plan.specification.model_copy(update={"runs_a_draw": 6}), plan.calibrations)
    with pytest.raises(DocumentError, match=r"manifest\.json: is of another specification"):
        forecast_scores.score(other, copied)
    forecasts.reread(copied, plan)


def test_what_is_read_again_is_what_was_written(small, copied):
    _, _, table, _ = small
    pd.testing.assert_frame_equal(forecasts.reread(copied), table, rtol=1e-5, check_dtype=False)


# --- scores by hand -----------------------------------------------------------------------------


def jeffreys(counts):
    counts = np.asarray(counts, dtype=float)
    return (counts + 0.5) / (counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1])


def ranked(chances, values):
    happened = np.arange(chances.shape[1] - 1) >= np.array(values)[:, None]
    return ((chances.cumsum(axis=1)[:, :-1] - happened) ** 2).mean()


def documented(episode, state, decision):
    records = history.documented(reading.read(episode))
    return [r for r in records if (r.state, r.decision) == (state, decision)]


def score_of(found, forecaster, forecast="across", state="KOR", decision="level"):
    rows = rows_of(found["scores"], forecast, state, decision)
    (row,) = rows[rows["forecaster"] == forecaster].to_dict("records")
    return row


def test_the_models_scores_by_hand(small):
    _, _, table, found = small
    values = [record.value for record in documented("crimea-2014", "KOR", "level")]
    chances = jeffreys(20 * rows_of(table, "across", "KOR", "level")[LEVELS].to_numpy())
    row = score_of(found, "model")
    assert row["rps"] == pytest.approx(ranked(chances, values))
    assert row["log_score"] == pytest.approx(np.log(chances[range(10), values]).mean())
    assert row["p_documented_side"] == pytest.approx(chances[-1, :2].sum())
    assert row["share_exact"] == pytest.approx((chances.argmax(axis=1) == values).mean())
    assert row["episode"] == "crimea-2014"


def test_the_base_rate_is_that_of_the_decisions_that_were_fitted_on(small):
    _, _, _, found = small
    korea = [record.value for record in documented("crimea-2014", "KOR", "level")]
    japan = [record.value for record in documented("crimea-2014", "JPN", "level")]
    rate = jeffreys(np.bincount(japan, minlength=6))
    chances = np.tile(rate, (10, 1))
    assert score_of(found, "base rate")["rps"] == pytest.approx(ranked(chances, korea))
    both = jeffreys(np.bincount(japan + korea, minlength=6))
    later = [record.value for record in documented("ukraine-2022", "KOR", "level")]
    expected = ranked(np.tile(both, (9, 1)), later)
    assert score_of(found, "base rate", "forth")["rps"] == pytest.approx(expected)


def test_fitted_records_are_those_that_the_likelihood_counts():
    one = Forecast(
        title="x", fit_on=("crimea-2014",), fit_allies=("JPN",), score=("crimea-2014",),
        score_allies=("KOR",),
    )  # fmt: skip
    scenario = reading.read("crimea-2014")
    seen = {
        (r.state, r.decision, r.toward)
        for r in forecast_scores._records(one, scenario, fitted=True)
    }
    assert seen == {
        ("USA", "level", None), ("JPN", "level", None), ("JPN", "engagement", None),
        ("USA", "stance", "JPN"), ("RUS", "stance", "JPN"),
    }  # fmt: skip


def test_all_baselines_are_scored_on_the_same_decisions(small):
    _, _, _, found = small
    scores = found["scores"]
    levels = scores[(scores["state"] != "USA") & (scores["decision"] == "level")]
    names = levels.groupby(["forecast", "state"])["forecaster"].agg(set)
    assert all(one == names.iloc[0] for one in names)
    assert {"model", "base rate", "follow the leader", "stay as before"} <= names.iloc[0]
    assert set(scores[scores["forecast"] == "across"]["state"]) == {"KOR"}


def test_calibration_counts_every_option_of_every_decision_of_an_ally(small):
    _, _, table, found = small
    curve = found["calibration"]
    levels, degrees = 2 * 9 + 10, 2 * 9 + 10
    assert curve["forecasts"].sum() == 6 * levels + 3 * degrees
    happened = (curve["forecasts"] * curve["happened"]).sum()
    assert happened == pytest.approx(levels + degrees), "one option of each happened"
    mass = (curve["forecasts"] * curve["probability"]).sum()
    assert mass == pytest.approx(levels + degrees), "probabilities of each sum to one"
    shares = table[table["state"] != "USA"][LEVELS].to_numpy()
    tenths = np.minimum(np.floor(10.0 * shares[~np.isnan(shares)]), 9.0)
    assert list(curve["forecasts"]) == list(np.unique(tenths, return_counts=True)[1])
    assert curve["probability"].is_monotonic_increasing


def test_sides_by_hand(small):
    plan, _, _, found = small
    rows = {(row["forecast"], row["state"]): row for row in forecast_scores.sides(plan, found)}
    assert set(rows) == {("forth", "JPN"), ("forth", "KOR"), ("across", "KOR")}
    for (forecast, state), row in rows.items():
        expected = score_of(found, "model", forecast, state)["p_documented_side"]
        assert row["p_documented_side"] == expected
        assert row["right"] == (expected > 0.5)


def test_means_are_over_allies_best_first(small):
    _, _, _, found = small
    means = forecast_scores.means(found)
    own = means[(means["forecast"] == "forth") & (means["decision"] == "level")]
    assert own["rps"].is_monotonic_increasing
    model = own[own["forecaster"] == "model"].iloc[0]
    expected = np.mean([score_of(found, "model", "forth", s)["rps"] for s in ("JPN", "KOR")])
    assert model["rps"] == pytest.approx(expected)


# --- what failed, and why -----------------------------------------------------------------------


def made(documented_terms, best_terms):
    """A decision between option 0, which happened, and option 1, which the model has likelier."""
    totals = tuple(sum(terms.values()) for terms in (documented_terms, best_terms))
    return Decision(
        0, "2014-03", "KOR", "level", None, ("0", "1"), (documented_terms, best_terms), totals,
        (0.4, 0.6), 0, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("here", "there", "term", "factor"),
    [
        # Behind by 0.3, 0.1 ahead in norms: four times as much makes up for it.
        ({"values": 0.1, "market": -0.25, "aims": -0.15}, {}, "values", 4.0),
        # Behind by 0.35: trade at three tenths is less of a change than norms at 4.5 times.
        ({"values": 0.1, "market": -0.5, "aims": 0.05}, {}, "market", 0.3),
        # Behind by 0.02: either loss would have to fall by a third, the gain to grow by a fifth.
        ({"values": 0.1, "market": -0.06, "aims": -0.06}, {}, "values", 1.2),
        # Behind by 0.13; what both options have alike makes no difference, however large.
        (
            {"inertia": 5.0, "market": -0.2, "values": 0.05, "aims": 0.02},
            {"inertia": 5.0},
            "market",
            0.35,
        ),
    ],
)
def test_the_turning_point_by_hand(here, there, term, factor):
    there = dict.fromkeys(here, 0.0) | there
    decision = made(here, there)
    found, times, said = forecast_scores.turning_point(decision, 0, 1)
    assert (found, times) == (term, pytest.approx(factor))
    assert said == f"{term}, or its inputs, {factor:.2f} times as large"
    changed = [sum(v * (times if n == term else 1.0) for n, v in t.items()) for t in (here, there)]
    assert changed[0] == pytest.approx(changed[1]), "the options draw level"


def test_no_single_term_may_be_to_blame():
    here, there = {"a": -0.2, "b": -0.2}, {"a": 0.0, "b": 0.0}
    term, factor, said = forecast_scores.turning_point(made(here, there), 0, 1)
    assert term == ""
    assert math.isnan(factor)
    assert said == "no single term: several would have had to differ"


def missed(plan, table):
    """Allies' decisions whose likeliest forecast is outside of what is coded."""
    for name, one in plan.specification.forecasts.items():
        for episode in one.score:
            scenario = reading.read(episode)
            for record in history.documented(scenario):
                ally = record.state in scenario.allies
                if ally and one.judges(scenario, record.state, record.decision):
                    own = rows_of(table, name, record.state, record.decision).iloc[record.step]
                    if not record.low <= own["modal"] <= record.high:
                        yield name, scenario, record, own


def test_every_missed_decision_is_diagnosed_and_no_other(small):
    plan, _, table, found = small
    rows = found["diagnosis"].to_dict("records")
    expected = list(missed(plan, table))
    assert expected, "forecasts from the prior miss something"
    for row, (name, scenario, record, own) in zip(rows, expected, strict=True):
        assert (row["forecast"], row["episode"]) == (name, scenario.name)
        assert (row["state"], row["decision"]) == (record.state, record.decision)
        assert (row["date"], row["documented"]) == (record.date, record.value)
        assert row["modal"] == own["modal"]
        inside = [f"p{option}" for option in range(record.low, record.high + 1)]
        assert row["probability"] == pytest.approx(own[inside].sum())
        across = (record.value >= 2) != (own["modal"] >= 2)
        assert row["side_missed"] == (record.decision == "level" and across)


def replayed(plan, folder, name, scenario, term="", factor=1.0):
    """Decisions of the documented course under a forecast's centre, one term weighed otherwise."""
    (job,) = plan.calibrations[name].jobs()
    centre = forecasts.centre(forecasts.draws(jobs.run([job], folder / "samples")[0]))
    if term:
        weight = getattr(centre.weights, term) * factor
        centre = centre._replace(weights=centre.weights._replace(**{term: weight}))
    played = AlignmentModel(history.replayed(scenario), centre, rng=0).run_all()
    return {(m.state, m.decision, m.date): m for m in played.decisions}


def test_the_factor_draws_the_options_level(small):
    """Given the documented past, with that term so many times as large, neither is likelier."""
    plan, folder, _, found = small
    turned = found["diagnosis"][found["diagnosis"]["term"] != ""]
    assert len(turned) > 0
    for row in turned.groupby(["state", "decision", "term"]).head(1).to_dict("records"):
        scenario = reading.read(row["episode"])
        key = (row["state"], row["decision"], row["date"])
        before = replayed(plan, folder, row["forecast"], scenario)[key]
        best = int(np.argmax(before.utilities))
        after = replayed(plan, folder, row["forecast"], scenario, row["term"], row["factor"])[key]
        assert before.utilities[best] > before.utilities[row["documented"]]
        assert after.utilities[best] == pytest.approx(after.utilities[row["documented"]], abs=1e-9)


@pytest.mark.slow
def test_a_miss_that_only_the_past_explains_names_no_term(small):
    """Given the documented past, the likeliest option is as coded, or a term is named."""
    plan, folder, _, found = small
    for (name, episode), rows in found["diagnosis"].groupby(["forecast", "episode"]):
        played = replayed(plan, folder, name, reading.read(episode))
        for row in rows.to_dict("records"):
            own = played[row["state"], row["decision"], row["date"]]
            known = documented(episode, row["state"], row["decision"])
            (record,) = (r for r in known if r.date == row["date"])
            inside = slice(record.low, record.high + 1)
            assert row["given_past"] == pytest.approx(sum(own.probabilities[inside]))
            likeliest = int(np.argmax(own.utilities)) in range(record.low, record.high + 1)
            assert row["reason"].startswith("earlier steps") == likeliest
            assert not (likeliest and row["term"])


# --- reports ------------------------------------------------------------------------------------


def test_the_report_is_written_beside_the_scores(small):
    plan, folder, _, found = small
    files = comparison_report.write_forecasts(plan, found, folder)
    names = {file.name for file in files}
    assert {"means.csv", "sides.csv", "findings.txt", "forecasts.png"} <= names
    assert all(file.stat().st_size > 0 for file in files)
    for name in ("scores", "calibration", "diagnosis"):
        stored = pd.read_csv(folder / f"{name}.csv")
        expected = found[name].astype(stored.dtypes.drop("term", errors="ignore"))
        if "term" in stored:
            stored["term"] = stored["term"].fillna("")
        pd.testing.assert_frame_equal(stored, expected, rtol=1e-5, check_dtype=False)


def test_the_text_fits_a_terminal_and_says_what_is_wrong(small):
    plan, _, _, found = small
    shown = comparison_report.forecasts_text(plan, found)
    assert max(map(len, shown.splitlines())) <= 100
    for row in forecast_scores.sides(plan, found):
        assert f"{row['p_documented_side']:.2f}: {'right' if row['right'] else 'WRONG'}." in (
            " ".join(shown.split())
        )


def test_findings_name_the_term_or_the_past():
    rows = pd.DataFrame(
        [
            {"date": "2014-04", "documented": 1, "modal": 3, "given_past": 0.3, "term": "",
             "reason": "earlier steps"},
            {"date": "2014-05", "documented": 1, "modal": 2, "given_past": 0.2, "term": "market",
             "reason": "market, or its inputs, 2.00 times as large"},
        ]
    )  # fmt: skip
    said = comparison_report._missed("Forth", "crimea-2014", "KOR", "level", rows)
    assert said == (
        "Forth: KOR level in crimea-2014 missed at 2 steps, first in 2014-04 (documented 1, "
        "forecast 3): in 2014-05 it would have taken market, or its inputs, 2.00 times as large."
    )
    said = comparison_report._missed("Forth", "crimea-2014", "KOR", "level", rows[:1])
    assert said.endswith("only because earlier steps were missed.")


def test_the_record_is_plain_json(small):
    plan, folder, _, found = small
    record = comparison_report.forecasts_record(plan, found, folder)
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again["sha256"] == json.loads((folder / forecasts.MANIFEST).read_text())["sha256"]
    assert len(again["diagnosis"]) == len(found["diagnosis"])
    assert len(again["sides"]) == 3


def test_the_figures_show_each_ally_once(small):
    plan, _, table, found = small
    figure = plots_comparison.forecasts(plan, table)
    shown = [axis.get_title(loc="left") for axis in figure.axes if axis.get_visible()]
    assert shown == [
        "Forth:\nJapan, 2022", "Forth:\nSouth Korea, 2022", "Across:\nSouth Korea, 2014",
    ]  # fmt: skip
    left, *_ = plots_comparison.scores(plan, found).axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["Forth", "Across"]


# --- with the sampler itself --------------------------------------------------------------------


@pytest.mark.slow
def test_forecasts_from_end_to_end(tmp_path):
    plan = forecasts.read(forecasts_file(tmp_path))
    for name in ("one", "two"):
        forecasts.issue(plan, tmp_path / name)
        forecast_scores.score(plan, tmp_path / name)
    files = ("forecasts.csv", "scores.csv", "diagnosis.csv", "calibration.csv")
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


# --- the committed results ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed():
    """Tables by name; the hash of the forecasts is checked as they are read."""
    names = ("scores", "calibration", "diagnosis", "means", "sides")
    return {
        "forecasts": forecasts.reread(FOLDER, SHIPPED),
        **{name: pd.read_csv(FOLDER / f"{name}.csv") for name in names},
    }


def test_three_of_four_forecasts_between_2014_and_2022_are_on_the_right_side(committed):
    sides = committed["sides"]
    between = sides[sides["forecast"].isin(["2014-to-2022", "2022-to-2014"])]
    assert sorted(zip(between["forecast"], between["state"], strict=True)) == [
        ("2014-to-2022", "JPN"),
        ("2014-to-2022", "KOR"),
        ("2022-to-2014", "JPN"),
        ("2022-to-2014", "KOR"),
    ]
    assert (between["right"] == (between["p_documented_side"] > 0.5)).all()
    assert between["right"].sum() >= 3


def test_committed_sides_follow_from_the_hashed_forecasts(committed):
    runs = SHIPPED.specification.draws * SHIPPED.specification.runs_a_draw
    for row in committed["sides"].to_dict("records"):
        table = committed["forecasts"]
        own = rows_of(
            table[table["episode"] == row["episode"]], row["forecast"], row["state"], "level"
        )
        last = documented(row["episode"], row["state"], "level")[-1]
        chances = jeffreys(np.round(runs * own[LEVELS].to_numpy()[last.step]))
        side = chances[2:] if last.value >= 2 else chances[:2]
        assert row["p_documented_side"] == pytest.approx(side.sum(), rel=1e-4)


def test_committed_forecasts_cover_the_shipped_specification(committed):
    assert set(committed["forecasts"]["forecast"]) == set(SHIPPED.specification.forecasts)
    for name, one in SHIPPED.specification.forecasts.items():
        own = committed["forecasts"][committed["forecasts"]["forecast"] == name]
        assert set(own["episode"]) == set(one.score)
        scores = committed["scores"]
        assert set(scores[scores["forecast"] == name]["episode"]) == set(one.score)


@pytest.mark.slow
def test_committed_scores_follow_from_the_hashed_forecasts(committed):
    again = forecast_scores._scores(SHIPPED, committed["forecasts"])
    pd.testing.assert_frame_equal(again, committed["scores"], rtol=1e-4, check_dtype=False)
    curve = forecast_scores._calibration(SHIPPED, committed["forecasts"])
    pd.testing.assert_frame_equal(curve, committed["calibration"], rtol=1e-4, check_dtype=False)


def test_the_committed_diagnosis_has_every_missed_decision(committed):
    found = committed["diagnosis"]
    expected = [
        (name, scenario.name, record.state, record.decision, record.date)
        for name, scenario, record, _ in _missed_by_episode(committed["forecasts"])
    ]
    columns = ["forecast", "episode", "state", "decision", "date"]
    assert [tuple(row) for row in found[columns].to_numpy().tolist()] == expected
    assert (found["term"].isna() == found["factor"].isna()).all()


def _missed_by_episode(table):
    for name, one in SHIPPED.specification.forecasts.items():
        for episode in one.score:
            alone = one.model_copy(update={"score": (episode,)})
            specification = SHIPPED.specification.model_copy(update={"forecasts": {name: alone}})
            yield from missed(
                Plan(specification, SHIPPED.calibrations), table[table["episode"] == episode]
            )
