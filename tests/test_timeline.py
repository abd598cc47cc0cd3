"""A scenario as arrays, and what each agent sees of it."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import baselines, history, indices, reading, situation, timeline
from alignsim.scenario import later
from alignsim.situation import ALLY_COLUMNS, LEADER_COLUMNS, Dynamics
from tests.strategies import (
    EPISODES,
    TINY,
    changed,
    decided,
    examples,
    lasting,
    scenarios,
    unit,
    with_allies,
    with_clubs,
)

CRIMEA = reading.read("crimea-2014")
QUARTERS = reading.read("rapprochement-2016")


# --- shape ----------------------------------------------------------------------------------


@examples(20)
@given(scenarios())
def test_shapes_follow_the_scenario(scenario):
    line = timeline.build(scenario)
    steps, allies = scenario.calendar.steps, len(scenario.allies)
    blocs = len(scenario.blocs)
    assert line.allies.shape == (steps, allies, len(ALLY_COLUMNS))
    assert line.leader.shape == (steps, len(LEADER_COLUMNS))
    assert line.world.shape == (steps, 2)
    for table in (line.bloc_levels, line.bloc_levels_now, line.bloc_shares):
        assert table.shape == (steps, blocs)
    circles = len(scenario.clubs) + 1
    assert line.members.shape == (circles, 1 + blocs + allies)
    assert line.others.shape == (circles,)
    assert line.looks_to.shape == (allies, circles)
    assert line.union.tolist() == [-1] * allies
    assert line.voices.tolist() == [0.0] * allies
    for table in (
        line.fixed_leader_stance,
        line.fixed_target_stance,
        line.fixed_level,
        line.fixed_engagement,
    ):
        assert table.shape == (steps, allies)
    assert line.fixed_leader_level.shape == (steps,)


@examples(20)
@given(scenarios())
def test_every_input_of_a_term_is_in_the_unit_interval(scenario):
    line = timeline.build(scenario)
    assert (line.allies >= 0.0).all()
    assert (line.allies <= 1.0).all()
    ceiling = LEADER_COLUMNS.index("ceiling")
    leader = np.delete(line.leader, ceiling, axis=1)
    assert (leader >= 0.0).all()
    assert (leader <= 1.0).all()
    assert set(line.leader[:, ceiling]) <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


@pytest.mark.parametrize("name", EPISODES)
def test_columns_hold_the_indices_of_the_scenario(name):
    """Row and columns in their order: each input is where its name says."""
    scenario = reading.read(name)
    line = timeline.build(scenario)
    for step, end in enumerate(scenario.calendar.ends):
        world = {key: table.at(end) for key, table in scenario.world.items()}
        assert line.world[step].tolist() == [world["severity"], world["china_russia_alignment"]]
        for position, ally in enumerate(scenario.allies):
            own = {key: table.at(end) for key, table in scenario.states[ally].items()}
            row = dict(zip(ALLY_COLUMNS, line.allies[step, position], strict=True))
            threats = {
                rival: indices.threat(
                    own["capability"],
                    capability,
                    *(own[f"{what}_{rival}"] for what in ("distance", "rivalry", "disputes")),
                    own[f"strain_{rival}"],
                )
                for rival, capability in (
                    ("china", world["china_capability"]),
                    ("north_korea", world["north_korea_capability"]),
                    ("russia", scenario.states["RUS"]["capability"].at(end)),
                )
            }
            assert {rival: row[f"threat_{rival}"] for rival in threats} == threats
            assert row["dependence"] == indices.alliance_dependence(
                own["us_defence_pact"],
                own["us_troops"],
                max(threats["china"], threats["north_korea"]),  # Russia's is the matter at hand
                own["regional_isolation"],
            )
            assert row["trade"] == indices.trade_exposure(own["russia_trade"])
            assert row["outlet"] == indices.outlet(own["russia_trade_share"])
            for column, name_ in (
                ("independence", "independence_wish"),
                ("price_advantage", "price_advantage"),
                ("hoped_return", "hoped_return"),
                ("role_in_talks", "role_in_talks"),
                ("norms", "norms_emphasis"),
                ("aims", "russian_aims"),
                ("concession_price", "concession_price"),
                ("trade_share", "russia_trade_share"),
            ):
                assert row[column] == own[name_]


def test_japan_of_2013_by_hand():
    """The energy and trade inputs of test_indices come out of the scenario as they went in."""
    scenario = changed(
        CRIMEA,
        JPN__gas_share=0.2,
        JPN__oil_share=0.4,
        JPN__coal_share=0.2,
        JPN__gas_from_russia=0.1,
        JPN__oil_from_russia=0.05,
        JPN__coal_from_russia=0.05,
        JPN__import_dependence=1.0,
        JPN__gas_from_usa=0.1,
        JPN__oil_from_usa=0.0,
        JPN__nuclear_electricity=0.0,
        JPN__oil_from_middle_east=0.8,
        JPN__russia_trade=0.01,
        world__middle_east_turmoil=0.5,
    )
    row = dict(zip(ALLY_COLUMNS, timeline.build(scenario).allies[0, 0], strict=True))
    assert row["exposure"] == pytest.approx(0.2)  # (0.02 + 0.02 + 0.01) / 0.25
    assert row["replaceable"] == pytest.approx(0.2)  # half of the gas: 0.01 of 0.05
    assert row["diversification_need"] == pytest.approx(0.4)
    assert row["trade"] == pytest.approx(0.2)


def test_the_targets_own_threat_does_not_bind_an_ally_to_the_leader():
    hostile = changed(
        CRIMEA,
        JPN__rivalry_russia=1.0,
        JPN__strain_russia=1.0,
        JPN__disputes_russia=100.0,
        JPN__distance_russia=0.0,
        RUS__capability=0.5,
    )
    before, after = (
        dict(zip(ALLY_COLUMNS, timeline.build(scenario).allies[0, 0], strict=True))
        for scenario in (CRIMEA, hostile)
    )
    assert after["threat_russia"] > after["threat_china"] > before["threat_russia"]
    assert after["dependence"] == before["dependence"]


# --- dates ----------------------------------------------------------------------------------


def test_a_copied_calendar_counts_its_own_months():
    calendar = CRIMEA.calendar
    assert len(calendar.ends) == calendar.steps  # looked at before it is copied
    copied = calendar.model_copy(update={"start": "2015-01", "steps": 2})
    assert copied.ends == ["2015-01", "2015-02"]


def test_a_change_counts_from_the_month_it_falls_in():
    scenario = changed(CRIMEA, world__severity=(0.1, {"2014-05-31": 0.6, "2014-07-01": 0.7}))
    severity = timeline.build(scenario).world[:, 0].tolist()
    assert severity == [0.1, 0.1, 0.6, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]


def test_a_change_before_the_start_is_in_force_from_the_first_step():
    scenario = changed(CRIMEA, world__severity=(0.1, {"2013-11": 0.4}))
    assert set(timeline.build(scenario).world[:, 0]) == {0.4}


def test_what_happens_within_a_quarter_counts_in_it():
    scenario = changed(QUARTERS, world__severity=(0.1, {"2015-03-31": 0.2, "2015-04-01": 0.3}))
    line = timeline.build(scenario)
    assert line.months == 3
    assert line.world[:3, 0].tolist() == [0.2, 0.3, 0.3]


def test_blocs_are_seen_with_their_level_of_the_step_before():
    scenario = changed(CRIMEA, EU__level=(1.0, {"2014-04": 2.0, "2014-06": 3.0}))
    line = timeline.build(scenario)
    assert line.bloc_levels_now[:5, 0].tolist() == [0.2, 0.4, 0.4, 0.6, 0.6]
    assert line.bloc_levels[:5, 0].tolist() == [0.2, 0.2, 0.4, 0.4, 0.6]


@pytest.mark.parametrize("scenario", [CRIMEA, QUARTERS], ids=lambda scenario: scenario.name)
def test_c19_a_bloc_starts_at_the_value_that_holds_in_the_step_before(scenario):
    start = scenario.calendar.start
    before, earlier = scenario.calendar.before, f"{int(start[:4]) - 2}-05"
    dated = {earlier: 2.0, f"{before}-28": 3.0, f"{start}-01": 5.0}
    line = timeline.build(changed(scenario, EU__level=(1.0, dated)))
    assert line.bloc_levels[:2, 0].tolist() == [0.6, 1.0]
    assert line.bloc_levels_now[0, 0] == 1.0


def test_c19_states_and_severity_start_at_the_value_that_holds_in_the_step_before():
    dated = (0.0, {"2013-06": 1.0, "2014-02-27": 2.0})
    scenario = changed(
        CRIMEA,
        USA__initial_level=dated,
        JPN__initial_level=dated,
        KOR__initial_engagement=dated,
        world__initial_severity=(0.0, {"2014-02": 0.25}),
    )
    line = timeline.build(scenario)
    assert (line.initial_leader, line.initial_levels[0], line.initial_engagements[1]) == (2, 2, 2)
    assert line.initial_severity == 0.25
    found = baselines.forecasts(scenario, history.documented(scenario), {}, pool_roles={})
    assert found["stay as before"]["JPN", "level", None].argmax(axis=1).tolist() == [2] * 10
    assert found["follow the leader"]["JPN", "level", None][0].argmax() == 2


@pytest.mark.parametrize(
    ("month", "months", "expected"),
    [("2014-01", -1, "2013-12"), ("2014-12", 1, "2015-01"), ("2014-03", 0, "2014-03")],
)
def test_months_are_counted_across_years(month, months, expected):
    assert later(month, months) == expected


@examples(20)
@given(scenarios(most_allies=4))
def test_every_step_holds_what_a_scenario_of_that_step_alone_would(scenario):
    """Rows may be carried over from step to step only where nothing changes."""
    line = timeline.build(scenario)
    calendar = scenario.calendar
    for step, end in enumerate(calendar.ends):
        first = int(end[:4]) * 12 + int(end[5:]) - calendar.months
        alone = calendar.model_copy(
            update={"start": f"{first // 12:04d}-{first % 12 + 1:02d}", "steps": 1}
        )
        assert alone.ends == [end]
        other = timeline.build(scenario.model_copy(update={"calendar": alone}))
        for name in ("allies", "leader", "world", "bloc_levels_now", "bloc_shares"):
            assert getattr(line, name)[step].tolist() == getattr(other, name)[0].tolist(), name


# --- clubs ----------------------------------------------------------------------------------


def coalition(scenario, leader, levels):
    """Each ally's coalition level, as both engines compute it; blocs as before the first step."""
    line = timeline.build(scenario)
    blocs = line.bloc_levels[0].tolist()
    totals = [situation.circle_total(row, leader, blocs, levels) for row in line.members.tolist()]
    others = line.others.tolist()
    return [
        situation.coalition_level(row, totals, others, level)
        for row, level in zip(line.looks_to.tolist(), levels, strict=True)
    ]


def weights_of(scenario, ally):
    """Weight of each party in an ally's coalition level: what it is with that party at 5 alone."""
    parties = (scenario.leader, *scenario.blocs, *scenario.allies)
    position = scenario.allies.index(ally)
    found = {}
    for party in parties:
        blocs = {f"{bloc}__level": 5.0 * (bloc == party) for bloc in scenario.blocs}
        levels = [5 * (other == party) for other in scenario.allies]
        leader = 5 * (scenario.leader == party)
        found[party] = coalition(changed(scenario, **blocs), leader, levels)[position]
    return found


def test_japan_looks_to_the_others_of_the_g7():
    scenario = with_clubs(CRIMEA, ("USA", "JPN", "EU"))
    assert weights_of(scenario, "JPN") == {"USA": 0.5, "EU": 0.5, "JPN": 0.0, "KOR": 0.0}


def test_who_is_in_no_club_looks_to_all_alike():
    scenario = with_clubs(CRIMEA, ("USA", "JPN", "EU"))
    third = pytest.approx(1.0 / 3.0)
    assert weights_of(scenario, "KOR") == {"USA": third, "EU": third, "JPN": third, "KOR": 0.0}


def test_without_clubs_all_look_to_all():
    assert timeline.build(with_clubs(CRIMEA)).looks_to.tolist() == [[1.0], [1.0]]
    third = pytest.approx(1.0 / 3.0)
    expected = {"USA": third, "EU": third, "JPN": 0.0, "KOR": third}
    assert weights_of(with_clubs(CRIMEA), "JPN") == expected


def test_clubs_count_alike_whatever_their_size():
    scenario = with_clubs(CRIMEA, ("JPN", "USA"), ("JPN", "USA", "EU", "KOR"))
    sixth = pytest.approx(1.0 / 6.0)  # half of a third
    expected = {"USA": pytest.approx(0.5 + 1.0 / 6.0), "EU": sixth, "JPN": 0.0, "KOR": sixth}
    assert weights_of(scenario, "JPN") == expected


def test_clubs_of_others_do_not_count():
    scenario = with_clubs(CRIMEA, ("JPN", "USA"), ("KOR", "EU"), ("USA", "EU"))
    assert weights_of(scenario, "JPN") == {"USA": 1.0, "EU": 0.0, "JPN": 0.0, "KOR": 0.0}
    assert timeline.build(scenario).looks_to.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]


def test_circles_are_the_clubs_and_one_of_all():
    line = timeline.build(with_clubs(CRIMEA, ("USA", "JPN", "EU"), ("KOR", "JPN")))
    # USA, EU, JPN, KOR
    assert line.members.tolist() == [[1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]]
    assert line.others.tolist() == [2, 1, 3]
    assert line.looks_to.tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]


@examples(50)
@given(scenarios())
def test_the_weights_of_circles_are_a_distribution(scenario):
    line = timeline.build(scenario)
    assert set(line.members.flat) <= {0.0, 1.0}
    assert (line.members[-1] == 1.0).all()
    assert line.others.tolist() == [sum(row) - 1 for row in line.members.tolist()]
    assert (line.others >= 1.0).all()
    assert (line.looks_to >= 0.0).all()
    assert line.looks_to.sum(axis=1) == pytest.approx(np.ones(len(scenario.allies)), abs=TINY)
    # nobody looks to a circle that it is not in
    own = line.members[:, 1 + len(scenario.blocs) :].T
    assert (own[line.looks_to > 0.0] == 1.0).all()


def mean_of_means(scenario, ally, levels):
    """Mean over an ally's clubs of the mean over their other members, in fractions."""
    clubs = [club.members for club in scenario.clubs.values() if ally in club.members]
    circles = clubs or [tuple(levels)]
    means = []
    for circle in circles:
        others = [levels[member] for member in circle if member != ally]
        means.append(sum(others, Fraction(0)) / len(others))
    return sum(means, Fraction(0)) / len(means)


@examples(200)
@given(scenarios(most_allies=12, most_steps=1), st.data())
def test_the_coalition_level_is_the_mean_over_clubs_of_the_mean_over_others(scenario, data):
    level = st.integers(0, 5)
    leader = data.draw(level)
    levels = [data.draw(level) for _ in scenario.allies]
    of = {
        scenario.leader: Fraction(leader, 5),
        **{
            code: Fraction(scenario.before(bloc.level)) / 5 for code, bloc in scenario.blocs.items()
        },
        **{code: Fraction(own, 5) for code, own in zip(scenario.allies, levels, strict=True)},
    }
    got = coalition(scenario, leader, levels)
    expected = [float(mean_of_means(scenario, ally, of)) for ally in scenario.allies]
    assert got == pytest.approx(expected, rel=0.0, abs=TINY)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_more_allies_of_a_kind_look_to_one_another(count):
    scenario = with_allies(CRIMEA, count)
    line = timeline.build(scenario)
    assert line.looks_to.sum(axis=1) == pytest.approx(np.ones(count))
    assert line.others.tolist()[-1] == 1 + count  # leader, bloc and allies, less one
    assert (line.allies[:, ::2] == line.allies[:, :1]).all()  # all Japans alike


# --- fixed decisions ------------------------------------------------------------------------


def test_nothing_is_fixed_unless_the_scenario_says_so():
    line = timeline.build(CRIMEA.model_copy(update={"fixed": ()}))
    for table in line[-5:]:
        assert (table == -1).all()


def test_a_fixed_decision_holds_from_month_to_month_and_no_longer():
    scenario = CRIMEA.model_copy(update={"fixed": ()})
    scenario = decided(scenario, "USA", "level", {"2014-04..2014-05": 4})
    scenario = decided(scenario, "KOR", "level", {"2014-03": 2})
    scenario = decided(scenario, "JPN", "engagement", {"2014-12": 0})
    scenario = decided(scenario, "USA", "stance", {"2014-03": "assure"}, toward="KOR")
    scenario = decided(scenario, "RUS", "stance", {"2013-01..2014-04": "court"}, toward="JPN")
    line = timeline.build(scenario)
    assert line.fixed_leader_level.tolist() == [-1, 4, 4] + [-1] * 7
    assert line.fixed_level[:2].tolist() == [[-1, 2], [-1, -1]]
    assert line.fixed_engagement[-2:].tolist() == [[-1, -1], [0, -1]]
    assert line.fixed_leader_stance[:2].tolist() == [[-1, 2], [-1, -1]]
    assert line.fixed_target_stance[:3].tolist() == [[2, -1], [2, -1], [-1, -1]]
    assert (line.fixed_level[:, 0] == -1).all()


def test_of_two_fixed_decisions_the_later_entry_holds():
    scenario = decided(CRIMEA, "JPN", "level", {"2014-03..2014-05": 1, "2014-04": 3})
    assert timeline.build(scenario).fixed_level[:4, 0].tolist() == [1, 3, 1, -1]


def test_a_fixed_decision_holds_in_every_quarter_that_it_touches():
    scenario = decided(
        QUARTERS, "JPN", "level", {"2015-03..2015-04": 1, "2015-12-31..2016-01-01": 2}
    )
    assert timeline.build(scenario).fixed_level[:6, 0].tolist() == [1, 1, -1, 2, 2, -1]


# --- situation ------------------------------------------------------------------------------


@examples(100)
@given(st.floats(0.0, 0.99), st.floats(0.0, 10.0), unit, unit, unit, unit)
def test_three_months_of_memory_make_a_quarters(
    persistence, attention, premium, drift, align, threat
):
    dynamics = Dynamics(persistence, attention, premium, drift, align, threat)
    month, quarter = situation.per_step(dynamics, 1), situation.per_step(dynamics, 3)
    assert month.persistence == persistence
    assert quarter.persistence == pytest.approx(persistence**3)
    # attention is to the rise of a step, however long: three rises open as much as their sum
    assert quarter.attention == month.attention == attention
    assert quarter.abstention_premium == month.abstention_premium == premium
    for name in ("energy_drift", "alignment_rise", "threat_rise"):
        yearly = getattr(dynamics, name)
        assert getattr(month, name) == pytest.approx(yearly / 12.0)
        assert getattr(quarter, name) == pytest.approx(yearly / 4.0)


def test_pressure_weighs_levels_by_share_in_russian_trade():
    # 0.1 x 5/5 + 0.4 x 0.6 + 0.05 x 2/5 + 0.02 x 0
    got = situation.pressure(5, 0.1, [0.6], [0.4], [2, 0], [0.05, 0.02])
    assert got == pytest.approx(0.36)
    assert situation.pressure(0, 0.1, [], [], [0], [0.5]) == 0.0


@examples(100)
@given(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=10))
def test_spread_is_the_standard_deviation_of_leader_and_allies(leader, levels):
    expected = np.std(np.array([leader, *levels]) / 5.0)
    found = situation.spread(leader, levels)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert (found == 0.0) == (len({leader, *levels}) == 1)


def test_a_circle_adds_up_leader_blocs_and_allies():
    # 5/5 + 0.6 + 2/5; the ally at 4 is no member
    assert situation.circle_total([1.0, 1.0, 0.0, 1.0], 5, [0.6], [4, 2]) == pytest.approx(2.0)
    assert situation.circle_total([0.0, 0.0, 1.0, 1.0], 5, [0.6], [4, 2]) == pytest.approx(1.2)


def test_the_coalition_level_leaves_out_the_ally_itself():
    # at 2/5, half of (2 - 0.4) / 2 and half of (1.2 - 0.4) / 1; the circle of ten is not its own
    got = situation.coalition_level([0.5, 0.5, 0.0], [2.0, 1.2, 9.0], [2.0, 1.0, 9.0], 2)
    assert got == pytest.approx(0.8)


@examples(100)
@given(unit, st.floats(0.0, 10.0))
def test_exposure_drifts_up_to_the_whole_and_no_further(exposure, scale):
    row = [0.0] * len(ALLY_COLUMNS)
    row[situation.EXPOSURE] = exposure
    assert situation.exposure(row, scale) == min(1.0, exposure * scale)


ROW = [(index + 1) / 20.0 for index in range(len(ALLY_COLUMNS))]


def test_an_ally_sees_its_row_the_feedbacks_and_the_stances():
    view = situation.ally_view(
        ROW,
        scale=1.5,
        threat_added=0.5,
        severity=0.7,
        alignment=0.4,
        abstention_premium=1.0,
        pressed=True,
        assured_supply=0.2,
        leader=4,
        coalition=0.3,
        courting=-1.0,
        level_before=2,
        engagement_before=1,
        resistance=0.6,
    )
    named = dict(zip(ALLY_COLUMNS, ROW, strict=True))
    same = set(view._fields) & set(named) - {"exposure", "replaceable", "threat_russia"}
    assert len(same) == 12
    assert {name: getattr(view, name) for name in same} == {name: named[name] for name in same}
    assert view.exposure == pytest.approx(1.5 * named["exposure"])
    r = named["replaceable"]
    assert view.replaceable == pytest.approx(r + 0.2 * (1.0 - r))
    theta = named["threat_russia"]
    assert view.threat_russia == pytest.approx(0.5 + 0.5 * theta)
    assert (view.severity, view.alignment, view.abstention_premium) == (0.7, 0.4, 1.0)
    assert (view.pressure, view.leader, view.coalition, view.courting) == (1.0, 0.8, 0.3, -1.0)
    assert (view.level_before, view.engagement_before, view.resistance) == (0.4, 0.5, 0.6)


def test_the_leader_sees_its_row_the_event_and_how_open_the_matter_is():
    row = [(index + 1) / 20.0 for index in range(len(LEADER_COLUMNS))]
    view = situation.leader_view(row, 0.8, 0.3, 4)
    named = dict(zip(LEADER_COLUMNS, row, strict=True))
    same = set(view._fields) & set(named)
    assert len(same) >= 5
    assert {name: getattr(view, name) for name in same} == {name: named[name] for name in same}
    assert (view.severity, view.resistance, view.level_before) == (0.8, 0.3, 0.8)


def test_the_leader_sees_what_an_assurance_would_replace():
    leader = [0.5] * len(LEADER_COLUMNS)
    leader[situation.LEADER_ASSURED_SUPPLY] = 0.1
    view = situation.leader_stance_view(leader, ROW, 2.0, 0.8, 4, 1)
    named = dict(zip(ALLY_COLUMNS, ROW, strict=True))
    unreplaced = 2.0 * named["exposure"] * (1.0 - named["replaceable"])
    expected = unreplaced * (1.0 + named["price_advantage"]) * 0.1
    assert view.unreplaced_supply == pytest.approx(expected)
    assert view.dependence == named["dependence"]
    assert view.gap == pytest.approx(0.6)


def test_the_target_answers_the_level_of_the_step_before():
    view = situation.target_view(ROW, 0.3, 0.4, 0.9, 2)
    named = dict(zip(ALLY_COLUMNS, ROW, strict=True))
    assert view == (named["outlet"], 0.3, 0.4, named["concession_price"], 0.9, 0.4)


def test_the_timeline_of_a_single_month():
    line = timeline.build(lasting(CRIMEA, 1))
    assert line.world.shape == (1, 2)
    assert line.bloc_levels.tolist() == [[CRIMEA.blocs["EU"].level.value / 5.0]]
    assert math.isfinite(line.allies.sum())
