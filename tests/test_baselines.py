"""Baselines, against facts of the shipped episodes and small pools made by hand."""

from functools import cache

import numpy as np
import pytest

from alignsim import baselines, history, reading, scores
from alignsim.history import Documented

EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
EVERY_DECISION = ("uniform", "stay as before", "base rate")
JAPAN, KOREA = ("JPN", "level", None), ("KOR", "level", None)


@cache
def shipped(episode):
    """A scenario, its records, and the baselines with all shipped episodes as the pool."""
    scenarios = {name: reading.read(name) for name in EPISODES}
    pool = {name: history.documented(scenario) for name, scenario in scenarios.items()}
    roles = {name: baselines.roles(scenario) for name, scenario in scenarios.items()}
    scenario, records = scenarios[episode], pool[episode]
    return scenario, records, baselines.forecasts(scenario, records, pool, roles)


def record(step, state, decision, value, toward=None):
    return Documented(step, "2014-03", state, decision, toward, value, value, value, ("x",))


def path(forecast):
    return scores.modal(forecast).tolist()


@pytest.mark.parametrize("episode", EPISODES)
def test_every_forecast_can_be_scored(episode):
    scenario, records, got = shipped(episode)
    keys = list(history.by_key(records))
    assert tuple(got) == baselines.NAMES
    for name, forecasts in got.items():
        if name in EVERY_DECISION:
            assert list(forecasts) == keys
        else:
            assert sorted(forecasts) == [JAPAN, KOREA]
        for key, forecast in forecasts.items():
            count = {"level": 6, "engagement": 3, "stance": 3}[key[1]]
            assert forecast.shape == (scenario.calendar.steps, count)
            assert forecast.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
            assert (forecast > 0).all()


def test_roles():
    assert baselines.roles(reading.read("crimea-2014")) == {
        "USA": "leader",
        "JPN": "ally",
        "KOR": "ally",
        "RUS": "target",
    }


def test_uniform_spreads_evenly_over_the_options_there_are():
    _, _, got = shipped("crimea-2014")
    assert got["uniform"]["USA", "level", None] == pytest.approx(1 / 6)
    assert got["uniform"]["RUS", "stance", "JPN"] == pytest.approx(1 / 3)


def test_never_join_stays_at_zero():
    _, _, got = shipped("crimea-2014")
    # 0.9 on level 0, 0.1 over the five others: joined, levels 2-5, 4 * 0.02
    assert got["never join"][JAPAN][-1] == pytest.approx([0.9] + [0.02] * 5)
    assert scores.side_probability(got["never join"][JAPAN][-1], 3) == pytest.approx(0.08)
    assert path(got["never join"][KOREA]) == [0] * 10


def test_match_the_leader_is_told_its_documented_level():
    _, _, got = shipped("crimea-2014")
    # The leader: 2 from March, 3 from July (Executive Orders 13660 and 13662).
    assert path(got["match the leader"][JAPAN]) == [2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    assert got["match the leader"][JAPAN][0] == pytest.approx([0.02, 0.02, 0.9, 0.02, 0.02, 0.02])
    np.testing.assert_array_equal(got["match the leader"][KOREA], got["match the leader"][JAPAN])


@pytest.mark.parametrize(
    ("episode", "expected"),
    [
        ("crimea-2014", [0, 2, 2, 2, 2, 3, 3, 3, 3, 3]),  # the leader had no sanctions before
        ("ukraine-2022", [3, 4, 5, 5, 5, 5, 5, 5, 5]),  # those of 2014 were in force, then 4, 5
    ],
)
def test_follow_the_leader_is_a_step_late(episode, expected):
    _, _, got = shipped(episode)
    assert path(got["follow the leader"][KOREA]) == expected


def test_stay_as_before():
    _, _, got = shipped("rapprochement-2016")
    before = got["stay as before"]
    assert before[JAPAN] == pytest.approx(np.array([[0.02, 0.02, 0.02, 0.9, 0.02, 0.02]] * 12))
    assert path(before[KOREA]) == [0] * 12
    assert path(before["USA", "level", None]) == [3] * 12
    # engagement at the end of 2014: Japan 1, South Korea 2; 0.1 over the two others
    assert before["JPN", "engagement", None][0] == pytest.approx([0.05, 0.9, 0.05])
    assert before["KOR", "engagement", None][0] == pytest.approx([0.05, 0.05, 0.9])
    # the target: coerce, neutral, court
    assert before["RUS", "stance", "KOR"][0] == pytest.approx([0.05, 0.9, 0.05])


def test_stay_as_before_of_the_leaders_stance_is_none():
    _, _, got = shipped("crimea-2014")
    key = ("USA", "stance", "KOR")
    # none, press, assure
    assert got["stay as before"][key] == pytest.approx(np.array([[0.9, 0.05, 0.05]] * 10))


# --- base rate, from pools made by hand ---------------------------------------------------


def test_base_rate_by_hand():
    scenario = reading.read("crimea-2014")
    roles = baselines.roles(scenario)
    records = [record(0, "JPN", "level", 1), record(0, "USA", "level", 2)]
    pool = {
        "a": [
            *records,
            record(1, "JPN", "level", 2),
            record(0, "KOR", "level", 0),
            record(0, "JPN", "engagement", 2),
        ],
        "b": [record(0, "KOR", "level", 0), record(0, "USA", "level", 5)],
    }
    got = baselines.forecasts(scenario, records, pool, {"a": roles, "b": roles})["base rate"]
    # allies' levels in both: 1, 2, 0, 0: (2.5, 1.5, 1.5, .5, .5, .5) / (4 + 3)
    assert got[JAPAN] == pytest.approx(np.array([[2.5, 1.5, 1.5, 0.5, 0.5, 0.5]] * 10) / 7)
    # leaders' levels: 2, 5: (.5, .5, 1.5, .5, .5, 1.5) / (2 + 3)
    wanted = np.array([[0.5, 0.5, 1.5, 0.5, 0.5, 1.5]] * 10) / 5
    assert got["USA", "level", None] == pytest.approx(wanted)


def test_base_rate_goes_by_the_role_in_each_episode():
    scenario = reading.read("crimea-2014")
    records = [record(0, "JPN", "level", 3)]
    pool = {"a": records, "b": [record(0, "JPN", "level", 5), record(0, "USA", "level", 1)]}
    roles = {"a": {"JPN": "ally"}, "b": {"JPN": "leader", "USA": "ally"}}
    got = baselines.forecasts(scenario, records, pool, roles)["base rate"][JAPAN]
    # allies: Japan's 3 in a, the United States' 1 in b; Japan's 5 was a leader's
    assert got[0] == pytest.approx(np.array([0.5, 1.5, 0.5, 1.5, 0.5, 0.5]) / 5)


def test_roles_in_the_pool_are_those_of_the_scenario_by_default():
    scenario = reading.read("crimea-2014")
    records = [record(0, "JPN", "level", 3), record(0, "USA", "level", 5)]
    got = baselines.forecasts(scenario, records, {"a": records})["base rate"]
    assert got[JAPAN][0] == pytest.approx(np.array([0.5, 0.5, 0.5, 1.5, 0.5, 0.5]) / 4)
    with pytest.raises(ValueError, match="no role of AUS in a"):
        baselines.forecasts(scenario, records, {"a": [record(0, "AUS", "level", 1)]})


def test_base_rate_keeps_the_stances_of_leader_and_target_apart():
    scenario = reading.read("crimea-2014")
    roles = baselines.roles(scenario)
    records = [record(0, "USA", "stance", 1, "KOR"), record(0, "RUS", "stance", 2, "KOR")]
    got = baselines.forecasts(scenario, records, {"a": records}, {"a": roles})["base rate"]
    assert got["USA", "stance", "KOR"][0] == pytest.approx(np.array([0.5, 1.5, 0.5]) / 2.5)
    assert got["RUS", "stance", "KOR"][0] == pytest.approx(np.array([0.5, 0.5, 1.5]) / 2.5)


def test_base_rate_of_an_empty_pool_is_uniform():
    scenario = reading.read("crimea-2014")
    got = baselines.forecasts(scenario, [record(0, "JPN", "level", 3)], {}, {})
    assert got["base rate"][JAPAN] == pytest.approx(1 / 6)


@pytest.mark.parametrize("roles", [{}, {"a": {"KOR": "ally"}}])
def test_a_pool_without_roles_is_refused(roles):
    scenario = reading.read("crimea-2014")
    records = [record(0, "JPN", "level", 3)]
    with pytest.raises(ValueError, match="no role of JPN in a"):
        baselines.forecasts(scenario, records, {"a": records}, roles)


# --- the edges ----------------------------------------------------------------------------


def test_the_leaders_level_holds_where_it_is_not_documented():
    scenario = reading.read("ukraine-2022")  # nine steps, the leader at 3 before
    roles = {"a": baselines.roles(scenario)}
    records = [
        record(0, "KOR", "level", 0),
        record(2, "USA", "level", 4),
        record(5, "USA", "level", 5),
    ]
    got = baselines.forecasts(scenario, records, {"a": records}, roles)
    assert path(got["match the leader"][KOREA]) == [3, 3, 4, 4, 4, 5, 5, 5, 5]
    assert path(got["follow the leader"][KOREA]) == [3, 3, 3, 4, 4, 4, 5, 5, 5]


def test_a_third_ally_is_forecast_like_the_others():
    scenario = reading.read("rapprochement-2016")
    more = scenario.model_copy(
        update={
            "allies": (*scenario.allies, "AUS"),
            "states": {**scenario.states, "AUS": scenario.states["JPN"]},
        }
    )
    records = [record(0, "AUS", "level", 2)]
    pool = {"a": records}
    got = baselines.forecasts(more, records, pool, {"a": baselines.roles(more)})
    key = ("AUS", "level", None)
    assert all(list(forecasts) == [key] for forecasts in got.values())
    assert path(got["stay as before"][key]) == [3] * 12
    assert path(got["base rate"][key]) == [2] * 12


def test_an_episode_without_records_has_no_forecasts():
    scenario = reading.read("crimea-2014")
    got = baselines.forecasts(scenario, [], {}, {})
    assert got == {name: {} for name in baselines.NAMES}


@pytest.mark.parametrize("option", [-1, 3])
def test_softened_refuses_an_option_that_is_not_one(option):
    with pytest.raises(ValueError, match="not one of 3"):
        baselines.softened([0, option], 3)
