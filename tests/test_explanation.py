"""Why this option and not the next: along the documented course, or in a free run."""

import math

import pytest

from alignsim import history, reading, terms, weights
from alignsim.evidence import load
from alignsim.explanation import explain
from alignsim.model import AlignmentModel
from alignsim.traceability import claims_in
from tests.strategies import EPISODES, decisions

CRIMEA = reading.read("crimea-2014")
NEUTRAL = weights.read("neutral")


def stated(scenario, state, date, decision="level", toward=None):
    """The documented option of a decision at a date."""
    step = scenario.calendar.step_of(date)
    found = [
        record.value
        for record in history.documented(scenario)
        if (record.state, record.decision, record.toward, record.step)
        == (state, decision, toward, step)
    ]
    return found[0]


@pytest.mark.parametrize(
    ("name", "state", "date", "option", "neighbours"),
    [
        ("crimea-2014", "KOR", "2014-07", 0, [1]),  # nothing below 0
        ("crimea-2014", "JPN", "2014-10", 3, [4, 2]),
        ("crimea-2014", "USA", "2014-03", 2, [3, 1]),
        ("ukraine-2022", "USA", "2022-03", 5, [4]),  # nothing above 5
        ("rapprochement-2016", "JPN", "2016-Q2", 3, [4, 2]),
    ],
)
def test_the_documented_option_is_set_against_its_neighbours(name, state, date, option, neighbours):
    explained = explain(reading.read(name), NEUTRAL, state, date)
    assert explained.option == explained.documented == explained.decision.chosen == option
    assert list(explained.neighbours) == neighbours
    assert explained.decision.draw is None


@pytest.mark.parametrize("state", ["USA", "JPN", "KOR"])
@pytest.mark.parametrize("date", ["2014-03", "2014-07", "2014-12"])
def test_gains_sum_to_the_difference_of_utility(state, date):
    explained = explain(CRIMEA, NEUTRAL, state, date)
    made = explained.decision
    for neighbour, differences in explained.neighbours.items():
        gained = sum(difference.gain for difference in differences)
        assert gained == pytest.approx(made.utilities[neighbour] - made.utilities[explained.option])
        assert {d.term for d in differences} == set(made.terms[0])
        for difference in differences:
            assert difference.here == made.terms[explained.option][difference.term]
            assert difference.there == made.terms[neighbour][difference.term]


def test_the_largest_difference_comes_first():
    for differences in explain(CRIMEA, NEUTRAL, "JPN", "2014-10").neighbours.values():
        sizes = [abs(difference.gain) for difference in differences]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > sizes[-1]


@pytest.mark.parametrize("name", EPISODES)
def test_every_difference_names_the_claims_of_its_term(name):
    known = load().claims
    scenario = reading.read(name)
    for state, decision in (("JPN", "level"), ("KOR", "engagement"), ("USA", "level")):
        explained = explain(scenario, NEUTRAL, state, scenario.calendar.ends[1], decision)
        for differences in explained.neighbours.values():
            for difference in differences:
                assert difference.claims
                assert difference.claims == claims_in(getattr(terms, difference.term))
                assert set(difference.claims) <= set(known)


def test_the_decision_is_explained_as_of_the_documented_past():
    # In September 2014 Japan went to 3: in October staying costs nothing, a level less nearly 0.2.
    # The shock of July, seen with a lag, still opens the status quo a little.
    explained = explain(CRIMEA, NEUTRAL, "JPN", "2014-10")
    inertia = {
        neighbour: next(d for d in differences if d.term == "inertia")
        for neighbour, differences in explained.neighbours.items()
    }
    assert inertia[4].here == inertia[2].here == 0.0
    assert (NEUTRAL.dynamics.persistence, NEUTRAL.dynamics.attention) == (0.5, 5.0)
    seen, before = 0.0, 0.0
    for severity in (0.45, 0.45, 0.6, 0.6, 0.75, 0.75, 0.75, 0.75):  # March to October
        seen, before = (seen + severity) / 2.0, seen
    cost = -0.2 * NEUTRAL.weights.inertia * math.exp(-5.0 * (seen - before))
    assert -0.2 < cost < -0.18
    assert inertia[4].there == pytest.approx(cost)
    assert inertia[2].there == pytest.approx(cost)


def test_along_the_documented_course_the_seed_makes_no_difference():
    # everyone has decided as documented; only what the record does not hold would be drawn
    one, other = (explain(CRIMEA, NEUTRAL, "JPN", "2014-12", seed=seed) for seed in (0, 1))
    assert one == other


def test_engagement_and_stances_are_explained_too():
    engaged = explain(CRIMEA, NEUTRAL, "KOR", "2014-07", "engagement")
    assert engaged.option == stated(CRIMEA, "KOR", "2014-07", "engagement") == 2
    assert list(engaged.neighbours) == [1]
    pressed = explain(CRIMEA, NEUTRAL, "USA", "2014-03", "stance", "KOR")
    assert pressed.decision.options[pressed.option] == "press"
    assert list(pressed.neighbours) == [0, 2]  # a stance has no order: against every other one
    courted = explain(CRIMEA, NEUTRAL, "RUS", "2014-03-18", "stance", "JPN")
    assert courted.decision.options[courted.option] == "court"


# --- free runs --------------------------------------------------------------------------------


@pytest.mark.parametrize(("run", "seed"), [(0, 0), (3, 0), (3, 9)])
def test_a_free_run_is_explained_as_it_ran(run, seed):
    model = AlignmentModel(CRIMEA, NEUTRAL, run, seed).run_all()
    explained = explain(CRIMEA, NEUTRAL, "JPN", "2014-09", run=run, seed=seed)
    assert explained.decision == decisions(model, "JPN", "level")[6]
    assert explained.option == explained.decision.chosen
    assert explained.documented == 3  # what is on record stands beside it
    assert explained.decision.draw is not None


def test_a_what_if_has_no_documented_course_and_runs_freely():
    settled = reading.read("islands-settled")
    explained = explain(settled, NEUTRAL, "JPN", "2014-09")
    model = AlignmentModel(settled, NEUTRAL, 0, 0).run_all()
    assert explained.decision == decisions(model, "JPN", "level")[6]
    assert explained.option == explained.decision.chosen


def test_where_nothing_is_documented_the_option_taken_is_explained():
    unrecorded = CRIMEA.model_copy(update={"name": "unrecorded"})
    explained = explain(unrecorded, NEUTRAL, "JPN", "2014-09", seed=4)
    model = AlignmentModel(CRIMEA, NEUTRAL, 0, 4).run_all()
    assert explained.documented is None
    assert explained.decision == decisions(model, "JPN", "level")[6]
    assert explained.option == explained.decision.chosen


# --- rows and refusals --------------------------------------------------------------------


def test_rows_are_one_a_term_and_neighbour():
    explained = explain(CRIMEA, NEUTRAL, "JPN", "2014-10")
    rows = explained.rows()
    made = explained.decision
    assert len(rows) == 2 * len(made.terms[0])
    assert [row["against"] for row in rows] == ["4"] * 11 + ["2"] * 11
    for row in rows:
        assert (row["date"], row["state"], row["decision"]) == ("2014-10", "JPN", "level")
        assert (row["option"], row["toward"]) == ("3", None)
        assert row["gain"] == row["there"] - row["here"]
        assert row["probability"] == made.probabilities[3]
        assert row["against_probability"] == made.probabilities[int(row["against"])]
        assert row["claims"] == list(claims_in(getattr(terms, row["term"])))


@pytest.mark.parametrize("date", ["2014-02", "2015-01", "2014-13", "July", ""])
def test_a_date_outside_the_episode_is_refused(date):
    with pytest.raises(ValueError, match="is not in crimea-2014, 2014-03 to 2014-12"):
        explain(CRIMEA, NEUTRAL, "JPN", date)


@pytest.mark.parametrize(
    ("state", "decision", "toward"),
    [
        ("FRA", "level", None),
        ("EU", "level", None),  # a bloc is no agent
        ("RUS", "level", None),
        ("USA", "engagement", None),
        ("KOR", "stance", None),
        ("USA", "stance", "FRA"),
        ("JPN", "mood", None),
    ],
)
def test_a_decision_that_nobody_takes_is_refused(state, decision, toward):
    with pytest.raises(
        ValueError, match=r"no decision .*; (there are|who decides:) .*(JPN|KOR|RUS)"
    ):
        explain(CRIMEA, NEUTRAL, state, "2014-07", decision, toward)
