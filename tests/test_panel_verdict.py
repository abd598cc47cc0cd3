"""The verdict on the registered forecast: what is published, and how it is judged."""

import json
import math
import re
import shutil

import pandas as pd
import pytest

from alignsim import outcomes, reading
from alignsim.documents import DocumentError
from alignsim.evidence import data_root
from alignsim.outcomes import Outcome
from alignsim.panel import criteria, registering, shipped, verdict, verdict_report
from alignsim.panel.verdict import READINGS, RECORDED
from alignsim.panel.within import ALL_STATES, THEORY

FOLDER = shipped.folder()
PUBLISHED = FOLDER / shipped.VERDICT
OUTCOMES = data_root() / "seeds" / "outcomes-2022.csv"
WITHOUT = PUBLISHED / "without-movers.csv"


@pytest.fixture(scope="module")
def found():
    return verdict.verdict(FOLDER, OUTCOMES, WITHOUT)


# --- what is published ------------------------------------------------------------------------


def test_every_published_table_is_made_again_to_the_byte(tmp_path, commanded):
    command = ["panel", "verdict", str(OUTCOMES), "--forecasts", str(FOLDER), "--without",
               str(WITHOUT), "--out", str(tmp_path)]  # fmt: skip
    done = commanded(*command)
    assert done.code == 0, done.err
    made = {file.name: file.read_bytes() for file in tmp_path.glob("*.csv")}
    known = {file.name: file.read_bytes() for file in PUBLISHED.glob("*.csv") if file != WITHOUT}
    assert made == known
    assert {file.name for file in tmp_path.glob("*.png")} == {
        file.name for file in PUBLISHED.glob("*.png")
    }
    states, scores, table = (pd.read_csv(PUBLISHED / name) for name in
                             ("states.csv", "scores.csv", "criteria.csv"))  # fmt: skip
    assert " ".join(done.out.split()).startswith(verdict.said(scores, table, states))


def test_the_command_that_scores_gives_the_published_scores_to_the_byte(tmp_path, commanded):
    command = ["panel", "score", str(OUTCOMES), "--forecasts", str(FOLDER), "--out", str(tmp_path)]
    done = commanded(*command)
    assert done.code == 0, done.err
    assert (tmp_path / "scores.csv").read_bytes() == (PUBLISHED / "scores.csv").read_bytes()
    scores = pd.read_csv(PUBLISHED / "scores.csv")
    row = scores[(scores["subset"] == ALL_STATES) & (scores["forecaster"] == THEORY)].iloc[0]
    assert f"{row['log_score']:.3f}" in done.out
    assert int(row["states"]) - int(row["units"]) == 26  # the EU's 27 count once


def test_the_verdict_as_json_has_every_table(tmp_path, commanded):
    command = ["panel", "verdict", str(OUTCOMES), "--forecasts", str(FOLDER), "--json",
               "--out", str(tmp_path), "--resamples", "5"]  # fmt: skip
    done = commanded(*command)
    told = json.loads(done.out)
    assert set(told) == {file.name for file in tmp_path.glob("*.csv")}
    simpler = [
        row for row in told["criteria.csv"] if (row["counts"], row["number"]) == ("against", 4)
    ]
    assert {row["met_as_recorded"] for row in simpler} == {"not known"}


def test_what_failed_is_published_with_what_held():
    """On states that had not joined in 2014 the theory is behind the ideal point."""
    table = pd.read_csv(PUBLISHED / "criteria.csv").set_index("part")["met_as_recorded"]
    assert table["log score better than ideal point, not joined in 2014"] == "not met"
    assert table["area under the curve, not joined in 2014"] == "not met"
    assert table["movers that joined: 6 or more"] == "not met"
    assert table["movers that joined: 4 or fewer"] == "met"
    assert table["log score better than ideal point, all states"] == "met"


@pytest.mark.parametrize("file", ["README.md", "experiments/README.md", "docs/world.md"])
def test_the_pages_lead_with_the_figures_of_the_table(file):
    text = (data_root() / file).read_text("utf-8")
    scores = pd.read_csv(PUBLISHED / "scores.csv").set_index(["subset", "forecaster"])
    for subset in (ALL_STATES, "not joined in 2014"):
        for name in (THEORY, "ideal point"):
            assert f"{scores.loc[(subset, name), 'log_score']:.3f}" in text
    assert f"{scores.loc[('not joined in 2014', THEORY), 'auc']:.2f}" in text


def test_the_post_mortem_names_every_state_on_the_wrong_side():
    text = (PUBLISHED / "README.md").read_text("utf-8")
    states = pd.read_csv(PUBLISHED / "states.csv")
    for row in states[states["standing"] == "miss"].itertuples():
        assert row.name in text
    numbers = re.findall(r"0\.\d{3}", text)
    scores = pd.read_csv(PUBLISHED / "scores.csv")
    known = {f"{abs(value):.3f}" for value in scores.select_dtypes("number").to_numpy().ravel()}
    assert numbers
    assert set(numbers) <= known


# --- how it is judged -------------------------------------------------------------------------


def test_the_registered_sentences_are_read_from_the_registration():
    told = criteria.sentences(FOLDER)
    assert list(told) == [("for", n) for n in range(1, 6)] + [("against", n) for n in range(1, 5)]
    text = (FOLDER / "preregistration.md").read_text("utf-8")
    assert all(f". {sentence}\n" in text for sentence in told.values())


def test_a_registration_that_is_not_there_or_damaged_is_told(tmp_path):
    with pytest.raises(DocumentError, match=r"preregistration\.md: cannot be read"):
        criteria.sentences(tmp_path)
    (tmp_path / "preregistration.md").write_text("Nothing.")
    with pytest.raises(DocumentError, match="has no part 'What would count for the theory'"):
        criteria.sentences(tmp_path)


@pytest.mark.parametrize(
    ("counts", "held", "whole"),
    [
        ("for", [True, True], True),
        ("for", [True, False], False),
        ("for", [True, None], None),
        ("for", [False, None], False),
        ("against", [False, False], False),
        ("against", [True, False], True),
        ("against", [False, None], None),
        ("against", [True, None], True),
    ],
)
def test_for_the_theory_all_parts_must_hold_and_against_it_any(counts, held, whole):
    assert criteria.together(counts, held) is whole


def test_the_movers_are_the_nine_that_were_registered(found):
    tables, _, before = registering.registered(FOLDER)
    named = criteria.movers(tables, before)
    scenario = reading.read("world-2022")
    text = criteria.sentences(FOLDER)["for", 3]
    assert [scenario.label(state) in text for state in named] == [True] * 9


def test_every_part_of_the_registration_is_judged_by_its_numbers(found):
    """Counted again, without the code that judges."""
    table = registering.reread(FOLDER)[THEORY].set_index("iso3")["p_joined"]
    ends = outcomes.read(OUTCOMES)
    yes = {state for state, one in ends.items() if one.outcome == "yes"}
    low, middle = table.index[table < 0.05], table.index[(table >= 0.05) & (table < 0.5)]
    parts = found.criteria.set_index("part")["figure"]
    assert parts["states given less than 0.05 that joined: no more than 4"].startswith(
        f"{len(yes & set(low))} of {len(low)} ("
    )
    assert parts["states given 0.05 to 0.5 that joined: no more than 9"].startswith(
        f"{len(yes & set(middle))} of {len(middle)} ("
    )
    assert len(low) == 111
    assert len(middle) == 35
    scores = found.scored[RECORDED].scores.set_index(["subset", "forecaster"])["log_score"]
    mine, other = scores[ALL_STATES, THEORY], scores[ALL_STATES, "ideal point"]
    assert parts["log score better than ideal point, all states"].startswith(
        f"{mine:.4f} against {other:.4f}; ahead by {mine - other:+.4f} ["
    )


def test_partial_records_are_counted_either_way(found):
    states = {name: scored.states for name, scored in found.scored.items()}
    partial = sum(one.outcome == "partial" for one in outcomes.read(OUTCOMES).values())
    assert states == {
        name: states[RECORDED] + (0 if name == RECORDED else partial) for name in READINGS
    }
    ends = {"AAA": Outcome("partial", 1, 1, 3, ()), "BBB": Outcome("no", 0, 0, 1, ())}
    read = verdict.counted(ends, "yes")
    assert [one.outcome for one in read.values()] == ["yes", "no"]
    parts = found.criteria.set_index("part")
    moved = parts.loc["movers that joined: 6 or more"]
    assert (moved["met_as_recorded"], moved["met_partial_as_joined"]) == ("not met", "met")


def test_losses_are_minus_the_log_of_what_was_given_to_what_happened(found):
    states = found.states.set_index("iso3")
    for state, given in (("SGP", "p"), ("ISR", "1 - p")):
        p = states.loc[state, "p_joined"]
        assert states.loc[state, "log_loss"] == pytest.approx(-math.log(eval(given, {"p": p})))
    assert math.isnan(states.loc["GEO", "log_loss"])
    assert states["share"].sum() == pytest.approx(1.0)
    weights = states["share"] / states["log_loss"]
    assert weights["DEU"] == pytest.approx(weights["SGP"] / 27)
    scored = found.scored[RECORDED].scores.set_index(["subset", "forecaster"])["log_score"]
    units = found.scored[RECORDED].units
    total = (states["log_loss"] * weights / weights["SGP"]).sum()
    assert scored[ALL_STATES, THEORY] == pytest.approx(-total / units)


def test_states_are_hits_misses_doubtful_or_not_counted(found):
    standing = found.states.set_index("iso3")["standing"]
    assert standing["KOR"] == standing["CHN"] == "hit"
    assert standing["SGP"] == standing["ISR"] == "miss"
    assert standing["BIH"] == "doubtful"
    assert standing["BLR"] == "not counted"


def test_terms_of_the_diagnosis_add_up(found):
    table = found.diagnosis
    terms = table.columns[table.columns.get_loc("share") + 1 : -1]
    assert "values" in terms
    assert list(table["log_odds"]) == pytest.approx(list(table[terms].sum(axis=1)))
    assert "EU" in set(table["unit"])
    # The sum tells who was held to join: all but two of those above a half, and few others.
    likely, pushed = table["p_joined"] > 0.5, table["log_odds"] > 0.0
    assert (likely == pushed).mean() > 0.97


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("iso3,p\nSGP,0.1\n", "1: column p_joined is missing"),
        ("iso3,p_joined\nSGP,0.1\n", "iso3: no AFG, AGO, ALB, AND, ARE"),
        (None, "cannot be read"),
    ],
)
def test_a_table_without_movers_that_is_damaged_is_told(tmp_path, commanded, text, said):
    file = tmp_path / "without.csv"
    if text is not None:
        file.write_text(text)
    done = commanded("panel", "verdict", str(OUTCOMES), "--forecasts", str(FOLDER),
                     "--without", str(file), "--out", str(tmp_path / "out"))  # fmt: skip
    assert done.code == 2
    assert said in done.last
    assert not (tmp_path / "out").exists()


def test_a_forecast_that_was_changed_is_not_judged(tmp_path):
    copy = tmp_path / "panel"
    shutil.copytree(FOLDER, copy)
    file = copy / "forecast-2022.csv"
    file.write_text(file.read_text().replace("SGP,0.00", "SGP,0.90"))
    with pytest.raises(DocumentError, match="is not what was hashed when it was forecast"):
        verdict.verdict(copy, OUTCOMES)


def test_a_sentence_counts_in_the_tally_once():
    rows = [("for", 1, "not met"), ("for", 1, "not met"), ("against", 1, "met")]
    table = pd.DataFrame(rows, columns=["counts", "number", "sentence_met"])
    good, bad = verdict.tallies(table)
    assert (good.met, good.of, bad.met, bad.of) == (0, 1, 1, 1)


def test_the_map_marks_misses_and_doubtful_records(found):
    figure = verdict_report.map_figure(found.states)
    marked = [patch.get_gid() for patch in figure.axes[0].patches if " " in (patch.get_gid() or "")]
    expected = {
        f"forecast on the wrong side {state}"
        for state in found.states["iso3"][found.states["standing"] == "miss"]
    } | {
        f"record in part or unclear {state}"
        for state in found.states["iso3"][found.states["standing"] == "doubtful"]
    }
    assert set(marked) == expected
