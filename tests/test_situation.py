"""What each agent sees when it decides: every function on answers worked by hand."""

import math

import pytest

from alignsim import situation
from alignsim.decision import AllyView, LeaderStanceView, LeaderView, TargetView
from alignsim.situation import ALLY_COLUMNS, LEADER_COLUMNS, WORLD_COLUMNS, Dynamics

ALLY = {
    "dependence": 0.81,
    "membership": 0.32,
    "independence": 0.23,
    "exposure": 0.5,
    "replaceable": 0.25,
    "price_advantage": 0.2,
    "diversification_need": 0.47,
    "threat_china": 0.78,
    "threat_russia": 0.3,
    "threat_north_korea": 0.69,
    "hoped_return": 0.41,
    "role_in_talks": 0.12,
    "norms": 0.93,
    "trade": 0.14,
    "aims": 0.65,
    "outlet": 0.44,
    "concession_price": 0.76,
    "trade_share": 0.07,
}
LEADER = {
    "norms": 0.91,
    "stakes": 0.72,
    "exposure": 0.03,
    "trade": 0.04,
    "aims": 0.15,
    "escalation_risk": 0.36,
    "pressing_cost": 0.27,
    "assuring_cost": 0.48,
    "assured_supply": 0.5,
    "ceiling": 4.0,
    "trade_share": 0.09,
}


def row(columns: tuple[str, ...], values: dict[str, float]) -> list[float]:
    """A row of inputs in the order of its columns."""
    assert set(columns) == set(values)
    return [values[name] for name in columns]


ALLY_ROW = row(ALLY_COLUMNS, ALLY)
LEADER_ROW = row(LEADER_COLUMNS, LEADER)


def test_every_column_has_its_own_name_and_place():
    for columns, prefix in ((ALLY_COLUMNS, ""), (LEADER_COLUMNS, "LEADER_")):
        places = [getattr(situation, prefix + name.upper()) for name in columns]
        assert places == list(range(len(columns)))
    assert WORLD_COLUMNS == ("severity", "alignment")
    assert (situation.WORLD_SEVERITY, situation.WORLD_ALIGNMENT) == (0, 1)


# --- rates ----------------------------------------------------------------------------------

YEARLY = Dynamics(
    persistence=0.5,
    attention=3.0,
    abstention_premium=0.7,
    energy_drift=0.08,
    alignment_rise=0.12,
    threat_rise=0.2,
)


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (1, Dynamics(0.5, 3.0, 0.7, 0.08 / 12, 0.01, 0.2 / 12)),
        # a quarter of a year: 0.5 x 0.5 x 0.5; a quarter of each yearly rate
        (3, Dynamics(0.125, 3.0, 0.7, 0.02, 0.03, 0.05)),
        (12, Dynamics(1 / 4096, 3.0, 0.7, 0.08, 0.12, 0.2)),  # 2^12 = 4096; the yearly rates
    ],
)
def test_rates_per_step_by_hand(months, expected):
    assert situation.per_step(YEARLY, months) == pytest.approx(expected, abs=1e-15)


# --- circles --------------------------------------------------------------------------------


def test_a_circle_adds_the_levels_of_its_members_by_hand():
    # leader at 4: 0.8; blocs 0.5 x 0.4 + 0.25 x 0.8 = 0.4;
    # allies 0.2 x 5/5 + 0.4 x 3/5 + 0 x 2/5 = 0.44
    members = [1.0, 0.5, 0.25, 0.2, 0.4, 0.0]
    got = situation.circle_total(members, 4, [0.4, 0.8], [5, 3, 2])
    assert got == pytest.approx(1.64, abs=1e-15)


def test_a_leader_outside_a_circle_does_not_count():
    # 0 x 4/5 + 1 x 0.3 + 1 x 1/5
    got = situation.circle_total([0.0, 1.0, 1.0], 4, [0.3], [1])
    assert got == pytest.approx(0.5, abs=1e-15)


def test_c22_a_union_is_counted_with_the_mean_of_its_allies():
    # unions 0 (allies 1, 2 and 4) and 1 (ally 3); ally 0 is in none
    levels, unions = [2, 0, 4, 5, 5], [-1, 0, 0, 1, 0]
    got = [situation.own_level(levels, unions, ally) for ally in range(5)]
    assert got == [2.0, 3.0, 3.0, 5.0, 3.0]  # (0 + 4 + 5) / 3


def test_allies_without_a_union_do_not_form_one():
    assert [situation.own_level([1, 4], [-1, -1], ally) for ally in range(2)] == [1.0, 4.0]


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ([3.0, 1.0], 0.35),  # (3 x 0.2 + 1 x 0.8) / 4
        ([0.3, 0.1], 0.35),  # voices need not add up to one
        ([0.0, 2.0], 0.8),  # who has no voice does not count
        ([0.0, 0.0], 0.5),  # nobody has one: (0.2 + 0.8) / 2
    ],
)
def test_c22_the_mean_of_a_union_by_hand(voices, expected):
    assert situation.union_mean([0.2, 0.8], voices) == pytest.approx(expected, abs=1e-15)


def test_c22_the_plain_mean_of_three_by_hand():
    # (0.1 + 0.2 + 0.6) / 3
    assert situation.union_mean([0.1, 0.2, 0.6], [0.0] * 3) == pytest.approx(0.3, abs=1e-15)


def test_the_level_of_a_coalition_by_hand():
    # the ally's own level 2 is 0.4: 0.25 (3 - 0.4) / 4 + 0.75 (1.4 - 0.4) / 2 = 0.1625 + 0.375;
    # the third circle, to which it does not look, has no other member
    got = situation.coalition_level([0.25, 0.75, 0.0], [3.0, 1.4, 9.0], [4.0, 2.0, 0.0], 2.0)
    assert got == pytest.approx(0.5375, abs=1e-15)


def test_who_looks_to_no_circle_sees_no_coalition():
    assert situation.coalition_level([0.0], [2.0], [0.0], 1.0) == 0.0
    assert situation.coalition_level([], [], [], 1.0) == 0.0


# --- the state of play ----------------------------------------------------------------------


def test_the_pressure_on_the_target_by_hand():
    # leader at 4: 0.2 x 0.8 = 0.16; blocs 0.1 x 0.5 + 0.3 x 1 = 0.35;
    # allies 0.05 x 5/5 + 0.25 x 2/5 = 0.15
    got = situation.pressure(4, 0.2, [0.5, 1.0], [0.1, 0.3], [5, 2], [0.05, 0.25])
    assert got == pytest.approx(0.66, abs=1e-15)


@pytest.mark.parametrize(
    ("leader", "levels", "expected"),
    [
        (5, [5, 0, 0], 0.5),  # 1, 1, 0, 0 around 0.5
        (1, [2, 3], math.sqrt(0.08 / 3.0)),  # 0.2, 0.4, 0.6 around 0.4: (0.04 + 0 + 0.04) / 3
        (3, [0, 0], math.sqrt(0.08)),  # 0.6, 0, 0 around 0.2: (0.16 + 0.04 + 0.04) / 3
        (4, [], 0.0),  # alone
    ],
)
def test_the_spread_of_the_levels_by_hand(leader, levels, expected):
    assert situation.spread(leader, levels) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [(1.0, 0.5), (1.2, 0.6), (0.0, 0.0), (2.0, 1.0), (3.0, 1.0)],  # 0.5 x scale, at most 1
)
def test_the_exposure_after_its_drift_by_hand(scale, expected):
    assert situation.exposure(ALLY_ROW, scale) == pytest.approx(expected, abs=1e-15)


# --- what each one sees ---------------------------------------------------------------------


def test_what_the_leader_sees():
    got = situation.leader_view(LEADER_ROW, severity=0.8, resistance=0.6, level_before=3)
    assert got == pytest.approx(
        LeaderView(
            severity=0.8,
            norms=0.91,
            stakes=0.72,
            exposure=0.03,
            replaceable=0.0,  # nobody assures the leader
            trade=0.04,
            aims=0.15,
            escalation_risk=0.36,
            level_before=0.6,  # 3 / 5
            resistance=0.6,
        )
    )


def test_c22_what_the_leader_sees_of_an_ally():
    got = situation.leader_stance_view(
        LEADER_ROW, ALLY_ROW, scale=1.2, severity=0.8, level=4, ally_before=1
    )
    assert got == pytest.approx(
        LeaderStanceView(
            severity=0.8,
            stakes=0.72,
            dependence=0.81,
            # exposure 0.5 x 1.2, not replaced 1 - 0.25, at its price 1 + 0.2, assured 0.5:
            # 0.6 x 0.75 x 1.2 x 0.5
            unreplaced_supply=0.27,
            gap=0.6,  # (4 - 1) / 5
            pressing_cost=0.27,
            assuring_cost=0.48,
        )
    )


def test_c22_no_supply_is_unreplaced_where_all_can_be_replaced():
    def unreplaced(**settings):
        ally = row(ALLY_COLUMNS, {**ALLY, **settings})
        view = situation.leader_stance_view(LEADER_ROW, ally, 1.0, 0.8, 4, 1)
        return view.unreplaced_supply

    assert unreplaced(replaceable=1.0) == 0.0
    # 0.5 x 1 x 1.2 x 0.5, and 0.5 x 0.75 x 1 x 0.5
    assert unreplaced(replaceable=0.0) == pytest.approx(0.3, abs=1e-15)
    assert unreplaced(price_advantage=0.0) == pytest.approx(0.1875, abs=1e-15)


def test_what_the_target_sees_of_an_ally():
    got = situation.target_view(
        ALLY_ROW, alignment=0.35, coalition_pressure=0.55, severity=0.8, ally_before=2
    )
    assert got == pytest.approx(
        TargetView(
            outlet=0.44,
            alignment=0.35,
            coalition_pressure=0.55,
            concession_price=0.76,
            confrontation=0.8,
            level_before=0.4,  # 2 / 5
        )
    )


def seen(pressed: bool) -> AllyView:
    return situation.ally_view(
        ALLY_ROW,
        scale=1.2,
        threat_added=0.5,
        severity=0.83,
        alignment=0.37,
        abstention_premium=1.1,
        pressed=pressed,
        assured_supply=0.6,
        leader=4,
        coalition=0.57,
        courting=-1.0,
        level_before=3,
        engagement_before=1,
        resistance=0.66,
    )


def test_what_an_ally_sees():
    assert seen(pressed=True) == pytest.approx(
        AllyView(
            dependence=0.81,
            membership=0.32,
            independence=0.23,
            exposure=0.6,  # 0.5 x 1.2
            replaceable=0.7,  # 0.25 + 0.75 x 0.6
            price_advantage=0.2,
            diversification_need=0.47,
            severity=0.83,
            alignment=0.37,
            threat_china=0.78,
            threat_russia=0.65,  # 0.3 + 0.7 x 0.5
            threat_north_korea=0.69,
            hoped_return=0.41,
            role_in_talks=0.12,
            norms=0.93,
            trade=0.14,
            aims=0.65,
            abstention_premium=1.1,
            pressure=1.0,
            leader=0.8,  # 4 / 5
            coalition=0.57,
            courting=-1.0,
            level_before=0.6,  # 3 / 5
            engagement_before=0.5,  # 1 / 2
            resistance=0.66,
        )
    )


def test_an_ally_that_is_not_pressed_sees_the_same_without_pressure():
    assert seen(pressed=False) == seen(pressed=True)._replace(pressure=0.0)
