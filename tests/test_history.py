"""What the governments did, and how it is laid over a scenario."""

import functools
import math
from pathlib import Path

import pytest

from alignsim import history, reading
from alignsim.documents import DocumentError
from alignsim.evidence import load
from alignsim.history import Course, Entry
from alignsim.model import AlignmentModel
from alignsim.scenario import options
from tests.strategies import EPISODES, decisions, with_allies

SCENARIOS = {name: reading.read(name) for name in EPISODES}


def course(name, state, decision, toward=None):
    """The documented options of a decision, step by step."""
    grouped = history.by_key(history.documented(SCENARIOS[name]))
    return [record.value for record in grouped[state, decision, toward]]


# --- the record, as the model's documentation has it ------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "levels"),
    [
        ("crimea-2014", "USA", [2, 2, 2, 2, 3, 3, 3, 3, 3, 3]),
        ("crimea-2014", "JPN", [1, 2, 2, 2, 2, 2, 3, 3, 3, 3]),
        ("crimea-2014", "KOR", [0] * 10),
        ("rapprochement-2016", "USA", [3] * 12),
        ("rapprochement-2016", "JPN", [3] * 12),
        ("rapprochement-2016", "KOR", [0] * 12),
        ("ukraine-2022", "USA", [4] + [5] * 8),
        ("ukraine-2022", "JPN", [3] + [4] * 8),
        ("ukraine-2022", "KOR", [3] * 9),
    ],
)
def test_documented_levels(name, state, levels):
    assert course(name, state, "level") == levels


def test_documented_engagement():
    assert course("crimea-2014", "JPN", "engagement") == [1] * 10
    assert course("crimea-2014", "KOR", "engagement") == [2] * 10
    for ally in ("JPN", "KOR"):
        rising = course("rapprochement-2016", ally, "engagement")
        assert rising == sorted(rising)
        assert rising[-4:] == [2] * 4
        assert course("ukraine-2022", ally, "engagement") == [1] * 9


def test_russia_courted_both_and_then_coerced_japan():
    for ally in ("JPN", "KOR"):
        assert set(course("rapprochement-2016", "RUS", "stance", ally)) == {2}
    assert course("ukraine-2022", "RUS", "stance", "JPN")[-8:] == [0] * 8


def test_japan_joined_in_2014_and_south_korea_did_not_but_both_in_2022():
    ends = {
        (name, ally): course(name, ally, "level")[-1] >= 2
        for name in ("crimea-2014", "ukraine-2022")
        for ally in ("JPN", "KOR")
    }
    assert ends == {
        ("crimea-2014", "JPN"): True,
        ("crimea-2014", "KOR"): False,
        ("ukraine-2022", "JPN"): True,
        ("ukraine-2022", "KOR"): True,
    }


@pytest.mark.parametrize("name", EPISODES)
def test_every_record_has_a_range_sources_and_its_own_step(name):
    scenario = SCENARIOS[name]
    records = history.documented(scenario)
    known = load()
    for record in records:
        size = len(options(scenario, record.state, record.decision))
        assert 0 <= record.low <= record.value <= record.high < size
        assert scenario.calendar.dates[record.step] == record.date
        assert record.source
        assert all(known.knows(source) for source in record.source)
        assert (record.decision == "stance") == (record.toward is not None)
    names = [(r.step, r.state, r.decision, r.toward) for r in records]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", EPISODES)
def test_levels_and_engagement_are_documented_at_every_step(name):
    steps = SCENARIOS[name].calendar.steps
    assert len(course(name, "USA", "level")) == steps
    for ally in ("JPN", "KOR"):
        for decision in ("level", "engagement"):
            assert len(course(name, ally, decision)) == steps


def test_grouping_keeps_every_record_and_the_order_of_time():
    records = history.documented(SCENARIOS["crimea-2014"])
    grouped = history.by_key(records)
    assert sum(len(group) for group in grouped.values()) == len(records)
    for group in grouped.values():
        assert [record.step for record in group] == sorted(record.step for record in group)


# --- what-ifs and replays ---------------------------------------------------------------------


@pytest.mark.parametrize("name", reading.shipped("whatifs"))
def test_a_what_if_has_the_history_of_its_episode(name):
    whatif = reading.read(name)
    assert whatif.episode in EPISODES
    assert history.documented(whatif) == history.documented(SCENARIOS[whatif.episode])


def test_a_scenario_of_its_own_has_no_history():
    assert history.documented(SCENARIOS["crimea-2014"].model_copy(update={"name": "other"})) == []


@pytest.mark.parametrize("name", EPISODES)
def test_a_replay_decides_as_documented_and_draws_the_rest(name):
    scenario = SCENARIOS[name]
    model = AlignmentModel(history.replayed(scenario), "neutral", rng=0).run_all()
    documented = {
        (r.step, r.state, r.decision, r.toward): r.value for r in history.documented(scenario)
    }
    for made in model.decisions:
        key = (made.step, made.state, made.decision, made.toward)
        assert (made.draw is None) == (key in documented)
        assert made.chosen == documented.get(key, made.chosen)
    assert len(model.decisions) >= len(documented) > 0


@pytest.mark.parametrize("name", EPISODES)
def test_the_likelihood_of_a_replay_is_the_same_under_any_seed(name):
    """Every decision of the shipped episodes is documented: a replay leaves nothing to chance."""
    replay = history.replayed(SCENARIOS[name])
    models = [AlignmentModel(replay, "neutral", rng=seed).run_all() for seed in (0, 1)]
    assert all(made.draw is None for model in models for made in model.decisions)
    surprise = [
        sum(math.log(made.probabilities[made.chosen]) for made in model.decisions)
        for model in models
    ]
    assert surprise[0] == surprise[1] < 0.0


def test_a_replay_leaves_the_scenario_as_it_was():
    scenario = SCENARIOS["crimea-2014"]
    before = scenario.digest
    history.replayed(scenario)
    assert scenario.digest == before
    model = AlignmentModel(scenario, "neutral", rng=0).run_all()
    assert all(made.draw is not None for made in decisions(model, "JPN", "level"))


# --- courses ----------------------------------------------------------------------------------


def entry(date, value, low=None, high=None):
    bounds = (value if low is None else low, value if high is None else high)
    return Entry(date=date, value=value, range=bounds, source=["D14-01"])


@pytest.fixture
def recorded(monkeypatch):
    """Levels of Japan under a course made up for the test."""

    def documented(*entries, state="JPN", decision="level"):
        made = Course(state=state, decision=decision, course=list(entries))
        monkeypatch.setattr(history, "read", lambda: {"crimea-2014": [made]})
        return history.documented(SCENARIOS["crimea-2014"])

    return documented


def test_an_entry_holds_until_the_next(recorded):
    records = recorded(entry("2014-05", 1), entry("2014-07-17", 2, 1, 3))
    assert [record.step for record in records] == list(range(2, 10))
    assert [record.value for record in records] == [1, 1] + [2] * 6
    assert {(r.low, r.high) for r in records[2:]} == {(1, 3)}


@pytest.mark.parametrize(
    "entries",
    [
        [entry("2014-02", 1)],  # before the episode
        [entry("2015-01", 1)],  # after it
        [entry("2014-05", 1), entry("2014-04", 2)],  # out of order
        [entry("2014-05-01", 1), entry("2014-05-31", 2)],  # two in one step
    ],
)
def test_dates_outside_the_episode_or_out_of_order_are_refused(recorded, entries):
    with pytest.raises(ValueError, match="crimea-2014: JPN level: dates"):
        recorded(*entries)


def test_a_range_that_does_not_hold_the_value_is_refused(recorded):
    with pytest.raises(ValueError, match="crimea-2014: JPN: 2014-03: range"):
        recorded(entry("2014-03", 3, 1, 2))


@pytest.mark.parametrize(
    ("decision", "value"), [("level", 6), ("level", "press"), ("engagement", 3)]
)
def test_an_option_that_does_not_exist_is_refused(recorded, decision, value):
    with pytest.raises(ValueError, match="not in tuple"):
        recorded(entry("2014-03", value), decision=decision)


def test_history_is_found_by_code_and_not_by_place():
    copies = with_allies(SCENARIOS["crimea-2014"], 2)  # no Japan in it
    found = history.documented(copies)
    assert {(record.state, record.decision) for record in found} == {("USA", "level")}


# --- worlds -----------------------------------------------------------------------------------

WORLD = reading.read("world-2014")


@functools.cache
def world_records():
    return history.by_key(history.documented(WORLD))


def levels_of(state):
    """Documented levels of a state in world-2014, step by step."""
    return world_records()[state, "level", None]


def test_a_world_has_the_decisions_of_the_episode_that_it_is_like():
    known = history.by_step(history.documented(SCENARIOS["crimea-2014"]))
    world = history.by_step(history.documented(WORLD))
    assert {key: world[key] for key in known} == known


def test_a_world_of_which_no_ends_are_documented_has_none():
    assert history.ends(SCENARIOS["crimea-2014"]) == {}
    later = reading.read("world-2022")
    assert history.ends(later) == {}
    assert {record.state for record in history.documented(later)} == {"USA", "RUS", "JPN", "KOR"}


def test_every_ally_of_the_world_of_2014_has_an_end_and_a_course_to_it():
    ends = history.ends(WORLD)
    assert set(ends) == set(WORLD.allies)
    for ally in WORLD.allies:
        records = levels_of(ally)
        assert [record.step for record in records] == list(range(WORLD.calendar.steps))
        assert records[-1].value == ends[ally].level


@pytest.mark.parametrize(
    ("state", "levels"),
    [
        ("DEU", [2] * 4 + [3] * 6),  # with the regulations of March and July
        ("NZL", [2] * 10),  # travel bans alone
        ("CHE", [1] * 10),  # as far as it came
        ("IND", [0] * 10),
        ("JPN", [1, 2, 2, 2, 2, 2, 3, 3, 3, 3]),  # its own dates are known
    ],
)
def test_a_state_went_with_the_union_as_far_as_it_came(state, levels):
    assert [record.value for record in levels_of(state)] == levels


def test_ranges_of_a_made_up_course_hold_its_levels_and_sources_are_both():
    for record in levels_of("NZL"):
        assert record.low <= record.value <= record.high
    assert {"stuff-2014-03-23", "eu-reg-833-2014"} <= set(levels_of("NZL")[-1].source)


def test_a_what_if_on_a_world_ends_as_the_world_did():
    whatif = WORLD.derived("other")
    assert history.ends(whatif) == history.ends(WORLD)
    assert history.documented(whatif) == history.documented(WORLD)


def test_a_faulty_file_is_named(tmp_path: Path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    text = "history:\n  crimea-2014:\n    - {state: JPN}\nworlds: {}\n"
    (seeds / "history.yaml").write_text(text)
    with pytest.raises(DocumentError, match=r"history\.yaml:3: history\.crimea-2014\.0"):
        history.read(tmp_path)
