"""Rival explanations weighed: what is asked, the arithmetic of evidence, and what is said."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignsim import comparison_report, documents, jobs, model_comparison, plots_comparison, priors
from alignsim.documents import DocumentError
from alignsim.jobs import Result
from alignsim.model_comparison import ALLY, CLEAR, EPISODE, ERRORS, FULL, Comparison, Question
from tests.strategies import EPISODES
from tests.studies import COMPARISON, EXPERIMENTS, prior_sample

SHIPPED = model_comparison.read()
FOLDER = EXPERIMENTS / "comparison"


def spec(text=COMPARISON):
    return model_comparison.parse(documents.parse(text.encode(), "tiny.yaml"))


TINY = spec()


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    """The whole of a small comparison, of samples of the prior, and their folder."""
    folder = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.nested, "sample", prior_sample)
        return model_comparison.compare(TINY, folder), folder


# --- what is asked ------------------------------------------------------------------------------


def test_every_evidence_is_asked_for():
    asked = model_comparison.questions(TINY, TINY.full)
    for name in TINY.hypotheses:
        own = [(question.kind, question.which) for question in asked if question.hypothesis == name]
        assert own == [
            ("all", ""),
            ("episode", "crimea-2014"),
            ("episode", "ukraine-2022"),
            ("ally", "JPN"),
            ("ally", "KOR"),
            ("prior", "0.5"),
            ("prior", "1.5"),
            ("inputs", "0"),
            ("inputs", "1"),
        ]
    quick = model_comparison.questions(TINY, TINY.quick)
    assert {question.kind for question in quick} == {"all", "episode", "ally"}
    assert len(quick) == 3 * 5


def job(kind="all", which="", name="full"):
    return model_comparison.job(TINY, TINY.full, Question(name, kind, which))


def decisions_of(one):
    return len(one.target().rule.size)


def test_only_levels_and_engagement_of_allies_judge():
    assert job().judged.only_allies
    assert decisions_of(job()) == 2 * 2 * (10 + 9)


def test_leaving_out_leaves_out_the_decisions_and_keeps_the_course():
    """What is left out is not judged; what was done in it is given all the same."""
    assert decisions_of(job("episode", "crimea-2014")) == 2 * 2 * 9
    assert decisions_of(job("episode", "ukraine-2022")) == 2 * 2 * 10
    assert decisions_of(job("ally", "JPN")) == decisions_of(job("ally", "KOR")) == 2 * 19
    assert job("ally", "JPN").judged.allies == ("KOR",)
    assert job("episode", "crimea-2014").episodes == TINY.episodes


def test_priors_and_inputs_are_varied_one_at_a_time():
    assert job("prior", "0.5").prior == TINY.prior.scaled(0.5)
    assert job("inputs", "1").inputs == (1, 2)
    assert job("inputs", "1").prior == job().prior == TINY.prior
    assert job().inputs is None


def test_each_question_is_a_sample_of_its_own():
    asked = model_comparison.questions(TINY, TINY.full)
    made = [model_comparison.job(TINY, TINY.full, question) for question in asked]
    assert len({one.digest for one in made}) == len(asked)
    assert made[1].name == "full episode crimea-2014"


# --- arithmetic ---------------------------------------------------------------------------------

EVIDENCE = {
    "full": {"all": -20.0, "crimea-2014": -12.0, "ukraine-2022": -9.0, "JPN": -11.0, "KOR": -10.5},
    "follow": {"all": -24.0, "crimea-2014": -13.0, "ukraine-2022": -8.0, "JPN": -16, "KOR": -7.0},
    "severity": {"all": -19.8, "crimea-2014": -11.0, "ukraine-2022": -9.0, "JPN": -9, "KOR": -9.0},
}
FACTORS = {"prior": [-3.0, -6.0], "inputs": [-5.0, 1.0]}
"""Of following: over priors and over drawings of the inputs, with full at -20 in each."""


def answer(question):
    """A made-up result; every error is 0.1 or 0.2."""
    name, kind, which = question.hypothesis, question.kind, question.which
    if kind in ("prior", "inputs"):
        place = ["0.5", "1.5"].index(which) if kind == "prior" else int(which)
        evidence = -20.0 + (FACTORS[kind][place] if name == "follow" else 0.0)
    else:
        evidence = EVIDENCE[name][which or "all"]
    error = 0.2 if kind == "all" else 0.1
    one = model_comparison.job(TINY, TINY.full, question)
    return Result(one, evidence, error, 1.0, 100, 50.0, np.empty((0, 0)))


def answers(effort):
    return {question: answer(question) for question in model_comparison.questions(TINY, effort)}


def made_up(effort=TINY.full):
    """A comparison of these, tabulated."""
    found = answers(effort)
    return Comparison(TINY, effort, found, model_comparison.tabulated(TINY, effort, found))


def test_a_bayes_factor_is_a_difference_of_evidences():
    found = answers(TINY.full)
    assert model_comparison.bayes_factor(found, "follow") == pytest.approx(
        (-4.0, math.hypot(0.2, 0.2))
    )
    assert model_comparison.bayes_factor(found, "severity")[0] == pytest.approx(0.2)
    assert model_comparison.bayes_factor(found, "follow", "inputs", "1") == pytest.approx(
        (1.0, math.hypot(0.1, 0.1))
    )
    assert model_comparison.bayes_factor(found, FULL) == (0.0, 0.0)


def test_what_is_held_out_is_the_evidence_with_it_less_that_without():
    found = answers(TINY.full)
    value, error = model_comparison.held_out(found, "full", EPISODE)
    assert value == pytest.approx((-20.0 + 12.0) + (-20.0 + 9.0))
    assert error == pytest.approx(math.sqrt((2 * 0.2) ** 2 + 0.1**2 + 0.1**2))
    value, _ = model_comparison.held_out(found, "follow", ALLY)
    assert value == pytest.approx((-24.0 + 16.0) + (-24.0 + 7.0))


def test_the_table_has_a_row_a_hypothesis_best_first():
    table = made_up().table
    assert list(table["hypothesis"]) == ["severity", "full", "follow"]
    assert list(table) == [
        "hypothesis", "title", "numbers", "evidence", "error", "bayes_factor",
        "bayes_factor_error", "leave_one_episode_out", "leave_one_episode_out_error",
        "leave_one_ally_out", "leave_one_ally_out_error", "priors_least", "priors_most",
        "inputs_mean", "inputs_least", "inputs_most", "inputs_full_ahead",
    ]  # fmt: skip
    assert list(table["numbers"]) == [9, 2, 3]
    follow = table.set_index("hypothesis").loc["follow"]
    assert (follow["priors_least"], follow["priors_most"]) == pytest.approx((-6.0, -3.0))
    assert (follow["inputs_least"], follow["inputs_most"]) == pytest.approx((-5.0, 1.0))
    assert (follow["inputs_mean"], follow["inputs_full_ahead"]) == pytest.approx((-2.0, 0.5))
    full = table.set_index("hypothesis").loc["full"]
    assert math.isnan(full["inputs_full_ahead"])
    assert full["priors_least"] == full["priors_most"] == 0.0


def test_the_prior_as_stated_is_among_those_it_is_varied_over():
    found = model_comparison._over_priors(answers(TINY.full), TINY.full, "severity")
    assert found == pytest.approx({"priors_least": 0.0, "priors_most": 0.2})


def test_a_quick_comparison_varies_nothing_and_says_so():
    found = made_up(TINY.quick)
    assert not found.complete
    assert not [name for name in found.table if name.startswith(("priors", "inputs"))]
    assert model_comparison.record(found)["quick"]
    assert made_up().complete


# --- in words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "error", "expected"),
    [
        (0.0, 0.0, "cannot be told apart from"),
        (0.99, 0.1, "cannot be told apart from"),
        (-0.99, 0.1, "cannot be told apart from"),
        (1.9, 1.0, "cannot be told apart from"),
        (-1.9, 1.0, "cannot be told apart from"),
        (50.0, 26.0, "cannot be told apart from"),
        (1.0, 0.1, "better than"),
        (-2.1, 1.0, "worse than"),
        (-3.1, 0.1, "worse than"),
        (-3.2, 0.1, "clearly worse than"),
        (3.2, 0.1, "clearly better than"),
        (-1e6, 0.1, "clearly worse than"),
    ],
)
def test_standing_is_clear_only_beyond_odds_and_error(factor, error, expected):
    """Within twice the error, or less than a nat: not told apart. Clear: odds of 20 beyond it."""
    assert (CLEAR, ERRORS) == (3.0, 2.0)
    assert model_comparison.standing(factor, error) == expected


def test_the_verdict_by_hand():
    assert model_comparison.verdict(made_up()) == [
        "The decisions favour most: Severity.",
        "It cannot be told apart from: Persistence.",
        "Severity: cannot be told apart from the theory in full (log Bayes factor +0.2 +- 0.3); "
        "over priors and inputs +0.0 to +0.2, not always on the same side.",
        "Follow the leader: clearly worse than the theory in full (log Bayes factor -4.0 +- 0.3); "
        "over priors and inputs -6.0 to +1.0, not always on the same side.",
        "Of each episode from the others, 'Persistence' forecasts best (-19.0), not to be told "
        "apart from 'Severity' (-19.6; difference 0.6 +- 0.6).",
        "Of each ally from the others, 'Persistence' forecasts best (-18.5), ahead of 'Severity' "
        "(-21.6; difference 3.1 +- 0.6).",
    ]


def with_evidence(**evidence):
    """The made-up comparison, with some whole evidences changed."""
    answered = {
        question: replace(result, evidence=evidence[question.hypothesis])
        if question.kind == "all" and question.hypothesis in evidence
        else result
        for question, result in answers(TINY.quick).items()
    }
    table = model_comparison.tabulated(TINY, TINY.quick, answered)
    return Comparison(TINY, TINY.quick, answered, table)


def test_a_clear_best_is_told_without_rivals():
    said = model_comparison.verdict(with_evidence(full=-10.0))
    assert said[0] == "The decisions favour most: Persistence."
    assert not any(line.startswith("It cannot be told apart") for line in said)
    assert "Severity: clearly worse than the theory in full" in said[1]
    assert "over priors" not in " ".join(said)


def test_the_same_side_throughout_is_said_where_it_is(monkeypatch):
    monkeypatch.setitem(FACTORS, "inputs", [-5.0, -2.0])
    said = " ".join(model_comparison.verdict(made_up()))
    assert "over priors and inputs -6.0 to -2.0, the same side throughout." in said


def test_the_record_is_plain_json():
    found = json.loads(json.dumps(model_comparison.record(made_up()), allow_nan=False))
    assert found["samples"] == 27
    assert found["calls"] == 2700
    assert not found["quick"]
    assert found["verdict"] == model_comparison.verdict(made_up())
    by_name = {row["hypothesis"]: row for row in found["hypotheses"]}
    assert by_name["full"]["inputs_full_ahead"] is None
    assert by_name["follow"]["bayes_factor"] == -4.0


# --- from samples --------------------------------------------------------------------------------


def test_a_comparison_rests_on_its_samples(weighed):
    found, folder = weighed
    assert len(list((folder / "samples").glob("*.json"))) == 27
    full = found.answers[Question("full", "all")]
    table = found.table.set_index("hypothesis")
    for name in TINY.hypotheses:
        own = found.answers[Question(name, "all")]
        assert table.loc[name, "evidence"] == own.evidence
        factor = table.loc[name, "bayes_factor"]
        assert factor == (0.0 if name == "full" else own.evidence - full.evidence)
    assert list(found.table["evidence"]) == sorted(found.table["evidence"], reverse=True)


def test_it_is_not_made_twice(weighed, monkeypatch):
    found, folder = weighed
    monkeypatch.setattr(jobs.nested, "sample", None)
    again = model_comparison.compare(TINY, folder)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_a_quick_one_is_part_of_the_whole_where_the_effort_is_alike(weighed, monkeypatch):
    found, folder = weighed
    monkeypatch.setattr(jobs.nested, "sample", None)
    quick = model_comparison.compare(TINY, folder, quick=True)
    columns = list(quick.table)
    pd.testing.assert_frame_equal(quick.table, found.table[columns])


@pytest.mark.slow
def test_rules_are_weighed_on_any_number_of_workers(tmp_path):
    one = model_comparison.compare(TINY, tmp_path / "one", quick=True)
    two = model_comparison.compare(TINY, tmp_path / "two", quick=True, workers=2)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.table["evidence"].between(-150.0, -20.0).all()
    assert model_comparison.verdict(one) == model_comparison.verdict(two)


@pytest.mark.slow
def test_hypotheses_of_the_theory_are_weighed(tmp_path):
    """Norms with an input held and norms free: two theories and a rule, sampled by the engine."""
    known = "terms: [values, supply_lost]"
    text = COMPARISON.replace("[crimea-2014, ukraine-2022]", f"[{', '.join(EPISODES)}]")
    text = text.replace("rule: persistence", known)
    text = text.replace("rule: follow the leader", f"{known}\n    hold: {{world.severity: 0.5}}")
    found = model_comparison.compare(spec(text), tmp_path, quick=True)
    table = found.table.set_index("hypothesis")
    assert table.loc["full", "numbers"] == table.loc["follow", "numbers"] == 9
    assert table.loc["follow", "evidence"] < table.loc["full", "evidence"], (
        "severity without its course explains less"
    )


def test_the_report_is_written_whole(weighed, tmp_path):
    found, _ = weighed
    files = comparison_report.write_comparison(found, tmp_path)
    names = {"comparison.csv", "verdict.txt", "comparison.json", "comparison.png"}
    assert names < {file.name for file in files}
    assert all(file.stat().st_size > 0 for file in files)
    table = pd.read_csv(tmp_path / "comparison.csv")
    pd.testing.assert_frame_equal(table, found.table, rtol=1e-5, check_dtype=False)
    said = (tmp_path / "verdict.txt").read_text().splitlines()
    assert said == model_comparison.verdict(found)
    record = json.loads((tmp_path / "comparison.json").read_text())
    assert record["verdict"] == said
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    again = comparison_report.write_comparison(found, tmp_path / "again")
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]


def test_the_text_fits_a_terminal():
    found = comparison_report.comparison_text(made_up())
    assert max(map(len, found.splitlines())) <= 100
    assert "-24.0 +- 0.2" in found
    assert "-4.0 +- 0.3" in found
    assert re.search(r"full +2 +-20\.0 \+- 0\.2 +0\.0 ", found), "of full against itself no error"


def test_the_figure_cuts_far_losers_off_and_names_them():
    far = with_evidence(follow=-900.0)
    figure = plots_comparison.comparison(far)
    left, middle, right = figure.axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == list(far.table["title"])
    written = [text.get_text() for text in left.texts]
    assert written == ["-880"]
    assert left.get_xlim()[0] > -100.0
    assert len(middle.texts) == len(right.texts) == 1
    bold = [tick.get_text() for tick in left.get_yticklabels() if tick.get_fontweight() == "bold"]
    assert bold == ["Persistence"]


@pytest.mark.parametrize("effort", [TINY.full, TINY.quick], ids=["full", "quick"])
def test_the_legend_names_what_was_varied(effort):
    (legend,) = plots_comparison.comparison(made_up(effort)).legends
    shown = [text.get_text() for text in legend.get_texts()]
    varied = [text for text in shown if "priors" in text or "inputs" in text]
    assert len(varied) == (2 if effort is TINY.full else 0)


# --- faults of a specification ------------------------------------------------------------------

FOLLOW = "    rule: follow the leader\n"
FAULTS = [
    ("kind: comparison", "kind: contest", 2, "kind: should be 'comparison'"),
    ("note: A", "remark: A", 3, "remark: unknown key; allowed: name, kind, note, episodes"),
    ("crimea-2014", "crimea-2015", 4, "episodes.0: crimea-2015: no such scenario"),
    ("term: 0.7", "term: 0", 5, "prior.term: should be greater than 0"),
    ("[inertia, coherence]", "[inertia, luck]", 7, "always.1: should be 'supply_at_risk'"),
    ("input_draws: 2", "input_draws: -1", 8, "full.input_draws: should be greater than or equal"),
    ("[0.5, 1.5]", "[0.5, 0]", 8, "full.prior_scales.1: should be greater than 0"),
    ("  full:\n", "  fuller:\n", 11, "hypotheses: missing key full: what all are compared with"),
    (FOLLOW, "", 15, "hypotheses.follow: should have terms or a rule"),
    (FOLLOW, "    rule: a coin\n", 17, "follow.rule: should be 'persistence', 'follow the leader'"),
    (FOLLOW, FOLLOW + "    terms: all\n", 17, "rule: goes with neither terms nor without nor hold"),
    (FOLLOW, FOLLOW + "    without: [values]\n", 17, "rule: goes with neither terms nor without"),
    (FOLLOW, "    terms: [luck]\n", 17, "hypotheses.follow.terms"),
    (FOLLOW, FOLLOW + "    claims: [Z99-99]\n", 18, "claims.0: Z99-99: no such claim"),
    (
        FOLLOW,
        "    terms: all\n    hold: {world.luck: 0.3}\n",
        18,
        "hypotheses.follow.hold.world.luck: no luck",
    ),
    (
        FOLLOW,
        "    terms: all\n    hold: {world.severity: 1.5}\n",
        18,
        "1.5 is not a rubric score (0 to 1)",
    ),
    (
        FOLLOW,
        "    terms: all\n    hold: {indices.JPN.exposure: 0.5}\n",
        18,
        "should be an input, such as world.severity",
    ),
    (
        FOLLOW,
        "    terms: all\n    hold: {world.severity@2014-07: 0.5}\n",
        18,
        "should be an input, such as world.severity",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS, ids=[f[3][:40] for f in FAULTS])
def test_a_fault_names_file_line_key_and_what_is_allowed(tmp_path, old, new, line, said):
    assert COMPARISON.count(old) == 1
    broken = tmp_path / "broken.yaml"
    broken.write_text(COMPARISON.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        model_comparison.read(broken)
    told = str(caught.value)
    assert told.startswith(f"{broken}:{line}: "), told
    assert said in told
    assert "\n" not in told


def test_a_comparison_of_one_is_none(tmp_path):
    text = COMPARISON[: COMPARISON.index("  follow:")]
    with pytest.raises(DocumentError, match="hypotheses: should have at least 2 items"):
        spec(text)


def test_a_faulty_episode_is_told_where_its_fault_is(tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nkind: episode\nluck: 1\n")
    with pytest.raises(DocumentError, match=r"mine\.yaml:\d+: "):
        spec(COMPARISON.replace("ukraine-2022", str(tmp_path / "mine.yaml")))


# --- the shipped comparison and its committed results -------------------------------------------


def test_the_shipped_comparison_covers_all_episodes_and_allies():
    assert SHIPPED.episodes == EPISODES
    assert SHIPPED.allies() == ("JPN", "KOR")
    assert SHIPPED.full.input_draws >= 8
    assert min(SHIPPED.full.prior_scales) < 1.0 < max(SHIPPED.full.prior_scales)
    calibrated = documents.read(EXPERIMENTS / "calibration" / "all.yaml").data["prior"]
    assert priors.Prior.model_validate(calibrated) == SHIPPED.prior


@pytest.fixture(scope="module")
def committed():
    return pd.read_csv(FOLDER / "comparison.csv")


def test_committed_results_have_a_row_for_each_shipped_hypothesis(committed):
    titles = {name: one.title for name, one in SHIPPED.hypotheses.items()}
    assert dict(zip(committed["hypothesis"], committed["title"], strict=True)) == titles
    for row in committed.to_dict("records"):
        target = model_comparison.job(SHIPPED, SHIPPED.full, Question(row["hypothesis"], "all"))
        assert row["numbers"] == target.target().size


def test_committed_results_agree_with_themselves(committed):
    table = committed.set_index("hypothesis")
    full = table.loc[FULL]
    assert list(committed["evidence"]) == sorted(committed["evidence"], reverse=True)
    assert np.isfinite(committed.drop(columns=["title", "inputs_full_ahead"]).iloc[:, 1:]).all(
        axis=None
    )
    for name, row in table.iterrows():
        if name == FULL:
            assert (row["bayes_factor"], row["bayes_factor_error"]) == (0.0, 0.0)
            continue
        digits = 1e-5 * (abs(row["evidence"]) + abs(full["evidence"]))
        difference = row["evidence"] - full["evidence"]
        assert row["bayes_factor"] == pytest.approx(difference, abs=digits)
        error = math.hypot(row["error"], full["error"])
        assert row["bayes_factor_error"] == pytest.approx(error, rel=1e-4)
        assert row["priors_least"] <= row["bayes_factor"] <= row["priors_most"]
        assert row["inputs_least"] <= row["inputs_mean"] <= row["inputs_most"]
        assert 0.0 <= row["inputs_full_ahead"] <= 1.0


def test_the_committed_verdict_is_that_of_the_committed_table(committed):
    said = (FOLDER / "verdict.txt").read_text("utf-8").splitlines()
    assert said == model_comparison.verdict(Comparison(SHIPPED, SHIPPED.full, {}, committed))
    paper = (FOLDER / "comparison.tex").read_text("utf-8")
    assert all(
        f"{row['title']} & {row['numbers']} &" in paper for row in committed.to_dict("records")
    )
