"""Every utility term and feedback keeps its contract; what the theory says of them holds."""

import dataclasses
import inspect
import math
import types
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alignsim import terms
from tests.strategies import (
    CHECKS,
    TINY,
    Argument,
    Contract,
    between,
    documented,
    examples,
    monotone,
    reaches_bounds,
    right_at_worked_points,
    unit,
    unlisted,
    within_bounds,
)

LEVELS = [level / 5.0 for level in range(6)]


def up(low: float = 0.0, high: float = 1.0) -> Argument:
    return Argument(low, high, "+")


def down(low: float = 0.0, high: float = 1.0) -> Argument:
    return Argument(low, high, "-")


def turns(low: float = 0.0, high: float = 1.0) -> Argument:
    return Argument(low, high, "~")


@st.composite
def _spreads(draw: st.DrawFn) -> dict[str, float]:
    levels = draw(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=4))
    squares = sum(level * level for level in levels)
    return {"level_sum": sum(levels), "square_sum": squares, "partners": float(len(levels))}


def _is_spread(arguments: dict[str, float]) -> bool:
    """Sums that levels from 0 to 5 can have."""
    level_sum, square_sum = arguments["level_sum"], arguments["square_sum"]
    partners = arguments["partners"]
    return level_sum * level_sum <= partners * square_sum and square_sum <= 5.0 * level_sum


TABLE = (
    Contract(
        terms.abandonment,
        "In [-2, 0]",
        between(-2.0, 0.0),
        {"dependence": down(), "pressure": down(), "leader": down(), "level": up()},
        (
            ((0.8, 0.0, 0.6, 0.2), -0.32),  # 0.8 (0.6 - 0.2)
            ((0.8, 1.0, 0.6, 0.2), -0.64),  # pressed: twice as much
            ((0.8, 1.0, 0.6, 0.8), 0.0),  # ahead of the leader
        ),
    ),
    Contract(
        terms.coalition,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"membership": down(), "coalition_level": down(), "level": up()},
        (((1.0, 0.5, 0.2), -0.3), ((0.3, 0.5, 0.2), -0.09), ((1.0, 0.5, 0.6), 0.0)),
    ),
    Contract(
        terms.independence,
        "In [0, 1]",
        between(0.0, 1.0),
        {"wish": up(), "leader": up(), "level": down()},
        (((0.5, 0.8, 0.2), 0.3), ((0.5, 0.8, 0.8), 0.0), ((0.0, 1.0, 0.0), 0.0)),
    ),
    Contract(
        terms.supply_endangered,
        "0 up to level 3, most at level 5",
        between(0.0, 1.0),
        {"level": up()},
        (
            ((0.0,), 0.0),
            ((0.6,), 0.0),
            ((0.7,), 0.125),
            ((0.8,), 0.25),
            ((0.9,), 0.625),
            ((1.0,), 1),
        ),
    ),
    Contract(
        terms.supply_at_risk,
        "In [-2, 0]",
        between(-2.0, 0.0),
        {"exposure": down(), "replaceable": up(), "price_advantage": down(), "level": down()},
        (
            ((0.4, 0.25, 0.1, 1.0), -0.33),  # 0.4 x 0.75 x 1.1
            ((0.4, 0.25, 0.1, 0.8), -0.0825),  # a quarter of it
            ((0.4, 0.25, 0.1, 0.6), 0.0),
            ((0.4, 1.0, 0.1, 1.0), 0.0),  # all of it can be replaced
        ),
    ),
    Contract(
        terms.diversification,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"need": down(), "replaceable": up(), "stance": down()},
        (((0.5, 0.2, 0.4), -0.16), ((0.5, 1.0, 0.4), 0.0), ((0.5, 0.0, 1.0), -0.5)),
    ),
    Contract(
        terms.precedent,
        "In [0, 2]",
        between(0.0, 2.0),
        {
            "severity": up(),
            "alignment": up(),
            "threat_china": up(),
            "threat_russia": up(),
            "level": up(),
        },
        (
            ((0.5, 0.5, 0.8, 0.6, 0.4), 0.2),  # 0.5 (0.4 + 0.6) 0.4
            ((0.5, 0.0, 0.8, 0.6, 0.4), 0.12),  # China apart: Russia alone
            ((0.0, 0.5, 0.8, 0.6, 0.4), 0.0),
        ),
    ),
    Contract(
        terms.balancing,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"alignment": up(), "threat_china": down(), "level": down()},
        (((0.25, 0.8, 0.5), -0.3), ((1.0, 0.8, 0.5), 0.0), ((0.0, 1.0, 1.0), -1.0)),
    ),
    Contract(
        terms.peninsula,
        "In [-1, 1]",
        between(-1.0, 1.0),
        {
            "severity": up(),
            "threat_north_korea": up(),
            "hoped_return": up(),
            "role": down(),
            "level": turns(),
        },
        (
            ((1.0, 0.5, 0.4, 0.1, 0.5), 0.05),  # (0.2 - 0.1) 0.5
            ((0.5, 0.5, 0.4, 0.3, 0.5), -0.1),  # (0.1 - 0.3) 0.5
            ((1.0, 0.5, 0.4, 0.1, 0.0), 0.0),
        ),
    ),
    Contract(
        terms.values,
        "In [0, 1]",
        between(0.0, 1.0),
        {"emphasis": up(), "severity": up(), "level": up()},
        (((0.5, 0.8, 0.5), 0.2), ((0.5, 0.0, 0.5), 0.0), ((1.0, 1.0, 1.0), 1.0)),
    ),
    Contract(
        terms.market,
        "In [-(2 + beta), 0]",
        lambda a: (-(2.0 + a["abstention_premium"]), 0.0),
        {
            "trade": down(),
            "abstention_premium": down(0.0, 2.0),
            "coalition_level": down(),
            "aims": down(),
            "level": down(),
        },
        (
            ((0.4, 1.0, 0.5, 0.2, 0.5), -0.2),  # (0.4 x 1.5 + 0.2) / 4
            ((0.4, 1.0, 0.0, 0.2, 0.5), -0.15),  # nobody else joins: less to be had
            ((0.4, 1.0, 0.5, 0.2, 1.0), -0.8),  # twice the level, four times the cost
        ),
    ),
    Contract(
        terms.inertia,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"before": turns(), "now": turns(), "resistance": down()},
        (
            ((0.2, 0.6, 1.0), -0.4),
            ((0.6, 0.2, 1.0), -0.4),
            ((0.2, 0.6, 0.25), -0.1),  # a shock has opened three quarters of it
            ((0.4, 0.4, 1.0), 0.0),
        ),
    ),
    Contract(
        terms.supply_lost,
        "In [-2, 0]",
        between(-2.0, 0.0),
        {"exposure": down(), "replaceable": up(), "price_advantage": down(), "engagement": up()},
        (
            ((0.4, 0.25, 0.1, 0.0), -0.33),  # frozen: all that level 5 endangers
            ((0.4, 0.25, 0.1, 0.25), -0.165),  # half way to maintained: half of it (C22)
            ((0.4, 0.25, 0.1, 0.5), 0.0),  # maintained
            ((0.4, 0.25, 0.1, 1.0), 0.0),
        ),
    ),
    Contract(
        terms.restraint,
        "In [-2, 0]",
        between(-2.0, 0.0),
        {"dependence": down(), "pressure": down(), "leader": down(), "engagement": down()},
        (
            ((0.8, 0.0, 0.5, 1.0), -0.4),
            ((0.8, 1.0, 0.5, 1.0), -0.8),
            ((0.8, 0.0, 0.5, 0.5), -0.1),  # half the engagement, a quarter of the cost
        ),
    ),
    Contract(
        terms.market_courted,
        "In [0, 1.5 (2 + beta)]",
        lambda a: (0.0, 1.5 * (2.0 + a["abstention_premium"])),
        {
            "trade": up(),
            "abstention_premium": up(0.0, 2.0),
            "coalition_level": up(),
            "aims": up(),
            "courting": up(-1.0, 1.0),
            "engagement": up(),
        },
        (
            ((0.4, 1.0, 0.5, 0.2, 0.0, 0.5), 0.4),  # (0.4 x 1.5 + 0.2) / 2
            ((0.4, 1.0, 0.5, 0.2, 1.0, 0.5), 0.6),  # courted: half as much again
            ((0.4, 1.0, 0.5, 0.2, -1.0, 0.5), 0.2),  # coerced: half
        ),
    ),
    Contract(
        terms.coherence,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"level": down(), "engagement": down()},
        (((0.6, 1.0), -0.6), ((0.6, 0.5), -0.15), ((0.0, 1.0), 0.0)),
    ),
    Contract(
        terms.leadership,
        "In [0, 1]",
        between(0.0, 1.0),
        {"stakes": up(), "severity": up(), "level": up()},
        (((0.5, 0.8, 0.5), 0.2), ((0.5, 0.0, 1.0), 0.0), ((1.0, 1.0, 1.0), 1.0)),
    ),
    Contract(
        terms.escalation,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"risk": down(), "level": down()},
        (((0.5, 0.4), -0.08), ((0.5, 0.8), -0.32), ((0.0, 1.0), 0.0)),
    ),
    Contract(
        terms.coalition_gain,
        "In [0, 2]",
        between(0.0, 2.0),
        {"stakes": up(), "severity": up(), "leverage": up(0.0, 2.0), "gap": up(-1.0, 1.0)},
        (((0.5, 0.8, 0.5, 0.6), 0.12), ((0.5, 0.8, 2.0, 0.6), 0.48), ((0.5, 0.8, 0.5, -0.2), 0.0)),
    ),
    Contract(
        terms.stance_cost,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"cost": down()},
        (((0.0,), 0.0), ((0.4,), -0.4), ((1.0,), -1.0)),
    ),
    Contract(
        terms.outlets,
        "In [-2, 2]",
        between(-2.0, 2.0),
        {
            "outlet": turns(),
            "alignment": turns(),
            "coalition_pressure": turns(),
            "stance": up(-1.0, 1.0),
        },
        (
            ((0.4, 0.5, 0.5, 1.0), 0.3),  # 0.4 x 0.5 x 1.5
            ((0.4, 0.5, 0.5, -1.0), -0.3),
            ((0.4, 1.0, 0.5, 1.0), 0.0),  # wholly beside China: no need of other outlets
            ((0.4, 0.5, 0.5, 0.0), 0.0),
        ),
    ),
    Contract(
        terms.concession,
        "In [-1, 0]",
        between(-1.0, 0.0),
        {"price": down(), "stance": down(-1.0, 1.0)},
        (((0.6, 1.0), -0.6), ((0.6, 0.0), 0.0), ((0.6, -1.0), 0.0)),
    ),
    Contract(
        terms.retaliation,
        "In [-1, 1]",
        between(-1.0, 1.0),
        {"confrontation": turns(), "level": turns(), "stance": down(-1.0, 1.0)},
        (((0.5, 0.8, 1.0), -0.4), ((0.5, 0.8, -1.0), 0.4), ((0.5, 0.0, -1.0), 0.0)),
    ),
    Contract(
        terms.perceived_severity,
        "In [0, 1]",
        between(0.0, 1.0),
        {"before": up(), "event": up(), "persistence": turns()},
        (((0.2, 0.8, 0.5), 0.5), ((0.2, 0.8, 0.0), 0.8), ((0.2, 0.8, 1.0), 0.2)),
    ),
    Contract(
        terms.resistance,
        "In (0, 1]",
        between(math.exp(-10.0), 1.0),  # the breach grows by the whole scale, all attend
        {"before": up(), "now": down(), "attention": down(0.0, 10.0)},
        (
            ((0.2, 0.7, 2.0), math.exp(-1.0)),
            ((0.0, 0.5, 2.0 * math.log(2.0)), 0.5),  # half of it is left
            ((0.7, 0.2, 2.0), 1.0),  # a breach that calms opens nothing
            ((0.4, 0.4, 10.0), 1.0),
            ((0.0, 1.0, 0.0), 1.0),  # no attention
        ),
    ),
    Contract(
        terms.energy_drift,
        "Never below zero",
        lambda _: (0.0, None),
        {"scale": up(0.0, 4.0), "engagement": up(), "rate": turns(0.0, 2.0)},
        (
            ((1.0, 1.0, 0.05), 1.05),
            ((2.0, 0.0, 0.05), 1.9),
            ((1.5, 0.5, 0.05), 1.5),  # maintained: no drift
            ((1.0, 0.0, 2.0), 0.0),
        ),
    ),
    Contract(
        terms.rise,
        "A quantity in [0, 1]",
        between(0.0, 1.0),
        {"so_far": up(), "cause": up(), "rate": up()},
        (((0.0, 0.5, 0.2), 0.1), ((0.5, 0.5, 0.2), 0.55), ((1.0, 1.0, 0.2), 1.0)),
    ),
    Contract(
        terms.compounded,
        "both in [0, 1]",
        between(0.0, 1.0),
        {"base": up(), "added": up()},
        (((0.3, 0.0), 0.3), ((0.3, 0.5), 0.65), ((1.0, 0.5), 1.0)),
    ),
    Contract(
        terms.assured,
        "In [0, 1]",
        between(0.0, 1.0),
        {"replaceable": up(), "supply": up()},
        (((0.2, 0.25), 0.4), ((0.2, 0.0), 0.2), ((0.2, 1.0), 1.0)),
    ),
    Contract(
        terms.misalignment,
        "In [0, 0.5]",
        between(0.0, 0.5),
        {
            "level_sum": dataclasses.replace(down(0.0, 20.0), whole=True),
            "square_sum": dataclasses.replace(up(0.0, 100.0), whole=True),
            "partners": Argument(1.0, 4.0, "~", whole=True),
        },
        (
            ((5, 25, 2), 0.5),  # one at 0, one at 5: sqrt(50 - 25) / 10
            ((6, 18, 2), 0.0),  # both at 3
            ((3, 9, 3), 0.08**0.5),  # 0, 0, 3: sqrt(27 - 9) / 15
        ),
        possible=_is_spread,
        drawn=_spreads(),
    ),
)

CONTRACTS = {contract.name: contract for contract in TABLE}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("contract", TABLE, ids=lambda contract: contract.name)
def test_every_term_keeps_its_contract(contract: Contract, check: Callable[[Contract], None]):
    check(contract)


def test_no_term_is_without_a_contract():
    assert unlisted(terms, TABLE) == set()
    assert unlisted(terms, TABLE[1:]) == {TABLE[0].name}  # and one that were would be noticed


def test_the_theory_knows_nothing_but_math():
    modules = {item.__name__ for item in vars(terms).values() if inspect.ismodule(item)}
    assert modules == {"math"}


# --- negative controls: a wrong term does not pass ------------------------------------------


def wrong_sign(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: +D (1 + p) max(0, x_L - x). In [-2, 0]."""
    return dependence * (1.0 + pressure) * max(0.0, leader - level)


def squared_gap(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: -D (1 + p) max(0, x_L - x)^2. In [-2, 0]."""
    return -dependence * (1.0 + pressure) * max(0.0, leader - level) ** 2


def too_strong(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: twice as much. In [-2, 0]."""
    return -2.0 * dependence * (1.0 + pressure) * max(0.0, leader - level)


def too_weak(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: half as much. In [-2, 0]."""
    return -0.5 * dependence * (1.0 + pressure) * max(0.0, leader - level)


def deaf_to_pressure(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: without p. In [-2, 0]."""
    return -2.0 * dependence * max(0.0, leader - level)


def turning(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05: ahead of the leader costs as well. In [-2, 0]."""
    return -dependence * (1.0 + pressure) * abs(leader - level)


def uncited(dependence: float, pressure: float, leader: float, level: float) -> float:
    """In [-2, 0]."""
    return terms.abandonment(dependence, pressure, leader, level)


def invented(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-99. In [-2, 0]."""
    return terms.abandonment(dependence, pressure, leader, level)


def unbounded(dependence: float, pressure: float, leader: float, level: float) -> float:
    """D14-05."""
    return terms.abandonment(dependence, pressure, leader, level)


def renamed(need: float, pressure: float, leader: float, level: float) -> float:
    """D14-05. In [-2, 0]."""
    return terms.abandonment(need, pressure, leader, level)


def alarmed_by_calm(before: float, now: float, attention: float) -> float:
    """D14-17: exp(-alpha |s - s_before|). In (0, 1]."""
    return math.exp(-attention * abs(now - before))


def stiffened(before: float, now: float, attention: float) -> float:
    """D14-17: exp(+alpha max(0, s - s_before)). In (0, 1]."""
    return math.exp(attention * max(0.0, now - before))


def inattentive(before: float, now: float, attention: float) -> float:
    """D14-17: 1. In (0, 1]."""
    return 1.0


def half_open(before: float, now: float, attention: float) -> float:
    """D14-17: half as attentive. In (0, 1]."""
    return math.exp(-0.5 * attention * max(0.0, now - before))


def never_resisting(before: float, now: float, resistance: float) -> float:
    """D14-17: -(1 - R) |x - x_before|. In [-1, 0]."""
    return -(1.0 - resistance) * abs(now - before)


def deaf_inertia(before: float, now: float, resistance: float) -> float:
    """D14-17: -|x - x_before|. In [-1, 0]."""
    return -abs(now - before)


@pytest.mark.parametrize(
    ("wrong", "check", "name"),
    [
        (alarmed_by_calm, monotone, "resistance"),
        (alarmed_by_calm, right_at_worked_points, "resistance"),
        (stiffened, within_bounds, "resistance"),
        (stiffened, monotone, "resistance"),
        (inattentive, monotone, "resistance"),
        (half_open, reaches_bounds, "resistance"),
        (half_open, right_at_worked_points, "resistance"),
        (never_resisting, monotone, "inertia"),
        (deaf_inertia, monotone, "inertia"),
        (deaf_inertia, right_at_worked_points, "inertia"),
    ],
)
def test_a_status_quo_that_resists_otherwise_is_caught(
    wrong: types.FunctionType, check: Callable[[Contract], None], name: str
):
    check(CONTRACTS[name])
    with pytest.raises(AssertionError):
        check(dataclasses.replace(CONTRACTS[name], function=wrong))


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (wrong_sign, within_bounds),
        (wrong_sign, monotone),
        (wrong_sign, right_at_worked_points),
        (squared_gap, right_at_worked_points),
        (too_strong, within_bounds),
        (too_weak, reaches_bounds),
        (deaf_to_pressure, monotone),
        (turning, monotone),
        (uncited, documented),
        (invented, documented),
        (unbounded, documented),
        (renamed, documented),
    ],
)
def test_a_wrong_term_is_caught(wrong: types.FunctionType, check: Callable[[Contract], None]):
    contract = CONTRACTS["abandonment"]
    check(contract)
    with pytest.raises(AssertionError):
        check(dataclasses.replace(contract, function=wrong))


# --- alliance -------------------------------------------------------------------------------


@examples(100)
@given(unit, unit, unit, unit)
def test_who_has_caught_up_fears_no_abandonment(dependence, pressure, leader, ahead):
    level = leader + ahead * (1.0 - leader)
    assert terms.abandonment(dependence, pressure, leader, level) == 0.0
    assert terms.independence(dependence, leader, level) == 0.0


@examples(100)
@given(unit, unit, unit)
def test_pressing_doubles_the_fear_of_abandonment(dependence, leader, level):
    calm = terms.abandonment(dependence, 0.0, leader, level)
    assert terms.abandonment(dependence, 1.0, leader, level) == pytest.approx(2.0 * calm, abs=TINY)


@examples(100)
@given(unit, st.integers(0, 3))
def test_every_step_toward_the_leader_relieves_alike(dependence, level):
    gains = [
        terms.abandonment(dependence, 0.0, 1.0, LEVELS[i + 1])
        - terms.abandonment(dependence, 0.0, 1.0, LEVELS[i])
        for i in (level, level + 1)
    ]
    assert gains[0] == pytest.approx(gains[1], abs=TINY)


# --- energy ---------------------------------------------------------------------------------


def test_levels_below_four_endanger_no_supply():
    shares = [terms.supply_endangered(level) for level in LEVELS]
    assert shares[:4] == [0.0, 0.0, 0.0, 0.0]
    assert shares[4:] == pytest.approx([0.25, 1.0], abs=TINY)


@examples(300)
@given(unit, unit, unit)
def test_supply_endangered_is_convex(one, other, share):
    mixed = terms.supply_endangered(share * one + (1.0 - share) * other)
    chord = share * terms.supply_endangered(one) + (1.0 - share) * terms.supply_endangered(other)
    assert mixed <= chord + TINY


@examples(100)
@given(unit, unit, unit)
def test_freezing_relations_loses_what_the_energy_step_endangers(exposure, replaceable, price):
    lost = terms.supply_lost(exposure, replaceable, price, 0.0)
    endangered = terms.supply_at_risk(exposure, replaceable, price, 1.0)
    assert lost == pytest.approx(endangered, abs=TINY)


@examples(100)
@given(unit, unit, unit)
def test_an_assurance_covers_its_part_of_what_is_unreplaced(replaceable, supply, exposure):
    bare = terms.supply_at_risk(exposure, replaceable, 0.0, 1.0)
    covered = terms.supply_at_risk(exposure, terms.assured(replaceable, supply), 0.0, 1.0)
    assert covered == pytest.approx((1.0 - supply) * bare, abs=TINY)


# --- regional threat ------------------------------------------------------------------------


def effect_of_china(severity: float, alignment: float, threat: float, level: float) -> float:
    """What China's threat adds to a level, through both terms that know it."""
    with_china = terms.precedent(severity, alignment, threat, 0.3, level)
    without = terms.precedent(severity, alignment, 0.0, 0.3, level)
    return with_china - without + terms.balancing(alignment, threat, level)


@examples(100)
@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0), st.sampled_from(LEVELS[1:]), unit)
def test_the_sign_of_chinas_threat_turns_with_its_alignment(severity, threat, level, alignment):
    # s c theta x - (1 - c) theta x is zero at c = 1 / (1 + s)
    turn = 1.0 / (1.0 + severity)
    assert effect_of_china(severity, turn, threat, level) == pytest.approx(0.0, abs=TINY)
    assume(abs(alignment - turn) > 1e-6)
    effect = effect_of_china(severity, alignment, threat, level)
    assert (effect > 0.0) == (alignment > turn)


def test_china_apart_holds_japan_back_and_china_beside_russia_drives_it():
    # 2014: s = 0.75, c = 0.3: 0.225 - 0.7; 2022: s = 1, c = 0.7: 0.7 - 0.3; both x 0.8 x 0.4
    assert effect_of_china(0.75, 0.3, 0.8, 0.4) == pytest.approx(-0.475 * 0.32)
    assert effect_of_china(1.0, 0.7, 0.8, 0.4) == pytest.approx(0.4 * 0.32)


# --- commerce -------------------------------------------------------------------------------


@examples(100)
@given(
    st.floats(0.01, 1.0),
    st.floats(0.01, 2.0),
    st.floats(0.0, 0.9),
    unit,
    st.sampled_from(LEVELS[1:]),
)
def test_abstaining_pays_more_the_more_others_join(trade, premium, others, aims, level):
    def reward(coalition: float) -> float:
        """What abstaining keeps: level 0 against a level."""
        abstaining = terms.market(trade, premium, coalition, aims, 0.0)
        return abstaining - terms.market(trade, premium, coalition, aims, level)

    more = reward(others + 0.1) - reward(others)
    assert more == pytest.approx(0.1 * trade * premium * level**2, abs=TINY)
    assert more > 0.0


def test_the_first_steps_cost_least_in_the_market():
    costs = [-terms.market(0.3, 1.0, 0.5, 0.4, level) for level in LEVELS]
    steps = np.diff(costs)
    assert (np.diff(steps) > 0.0).all()


# --- inertia and spread ---------------------------------------------------------------------


@examples(100)
@given(unit, unit, st.floats(0.1, 1.0))
def test_going_up_costs_as_much_as_going_down(one, other, resistance):
    assert terms.inertia(one, other, resistance) == terms.inertia(other, one, resistance)
    assert (terms.inertia(one, other, resistance) == 0.0) == (one == other)


@examples(100)
@given(unit, unit, unit)
def test_what_resists_less_costs_less_in_proportion(one, other, resistance):
    firm = terms.inertia(one, other, 1.0)
    assert firm == -abs(one - other)
    assert terms.inertia(one, other, resistance) == pytest.approx(resistance * firm, abs=TINY)


@examples(100)
@given(st.lists(unit, min_size=3, max_size=3).map(sorted), st.floats(0.0, 10.0))
def test_a_shock_in_two_parts_opens_as_much_as_at_once(severities, attention):
    low, middle, high = severities
    parts = terms.resistance(low, middle, attention) * terms.resistance(middle, high, attention)
    assert parts == pytest.approx(terms.resistance(low, high, attention), rel=1e-9)


@examples(100)
@given(unit, unit, st.floats(0.0, 10.0))
def test_only_a_rise_draws_attention(one, other, attention):
    low, high = sorted((one, other))
    assert terms.resistance(high, low, attention) == 1.0
    assert terms.resistance(low, low, attention) == 1.0
    assert terms.resistance(low, high, 0.0) == 1.0
    assert terms.resistance(low, high, attention) <= 1.0


@examples(100)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=1000))
def test_misalignment_is_the_standard_deviation_of_the_levels(levels):
    squares = [level * level for level in levels]
    got = terms.misalignment(sum(levels), sum(squares), len(levels))
    # Exact until the root: as close as a sum of fractions allows.
    assert got == pytest.approx(np.std(np.array(levels) / 5.0), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("level", range(6))
def test_c18_misalignment_of_equal_levels_is_zero(level):
    for partners in range(1, 1001):
        found = terms.misalignment(partners * level, partners * level * level, partners)
        assert found == 0.0, partners


# --- feedbacks ------------------------------------------------------------------------------


@examples(100)
@given(unit, unit, unit, st.integers(0, 30))
def test_perceived_severity_approaches_the_event_geometrically(start, event, persistence, steps):
    perceived = start
    for _ in range(steps):
        perceived = terms.perceived_severity(perceived, event, persistence)
    # s_n = e + rho^n (s_0 - e)
    assert perceived == pytest.approx(event + persistence**steps * (start - event), abs=1e-9)


@examples(100)
@given(unit, unit, st.integers(0, 30))
def test_a_steady_cause_uses_up_what_is_left_to_rise(cause, rate, steps):
    risen = 0.0
    for _ in range(steps):
        risen = terms.rise(risen, cause, rate)
    # 1 - (1 - rate cause)^n
    assert risen == pytest.approx(1.0 - (1.0 - rate * cause) ** steps, abs=1e-9)


@examples(100)
@given(st.floats(0.0, 3.0), unit)
def test_maintained_engagement_leaves_dependence_as_it_is(scale, rate):
    assert terms.energy_drift(scale, 0.5, rate) == scale


@examples(100)
@given(st.floats(0.1, 3.0), st.floats(0.001, 0.5))
def test_cooperation_raises_dependence_and_freezing_lowers_it(scale, rate):
    assert terms.energy_drift(scale, 0.0, rate) < scale < terms.energy_drift(scale, 1.0, rate)
