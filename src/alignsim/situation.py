"""What each agent sees when it decides, from a scenario's row of inputs and the state of play.

Shared by both engines, like the decisions themselves: rows are lists of floats here and arrays
when compiled, in the order of the ``*_COLUMNS``.
"""

from collections.abc import Sequence
from typing import NamedTuple

from alignsim import terms
from alignsim.decision import (
    AllyView,
    LeaderStanceView,
    LeaderView,
    TargetView,
    unit_engagement,
    unit_level,
)

ALLY_COLUMNS = (
    "dependence",
    "membership",
    "independence",
    "exposure",
    "replaceable",
    "price_advantage",
    "diversification_need",
    "threat_china",
    "threat_russia",
    "threat_north_korea",
    "hoped_return",
    "role_in_talks",
    "norms",
    "trade",
    "aims",
    "outlet",
    "concession_price",
    "trade_share",
)
(
    DEPENDENCE,
    MEMBERSHIP,
    INDEPENDENCE,
    EXPOSURE,
    REPLACEABLE,
    PRICE_ADVANTAGE,
    DIVERSIFICATION_NEED,
    THREAT_CHINA,
    THREAT_RUSSIA,
    THREAT_NORTH_KOREA,
    HOPED_RETURN,
    ROLE_IN_TALKS,
    NORMS,
    TRADE,
    AIMS,
    OUTLET,
    CONCESSION_PRICE,
    TRADE_SHARE,
) = range(len(ALLY_COLUMNS))

LEADER_COLUMNS = (
    "norms",
    "stakes",
    "exposure",
    "trade",
    "aims",
    "escalation_risk",
    "pressing_cost",
    "assuring_cost",
    "assured_supply",
    "ceiling",
    "trade_share",
)
(
    LEADER_NORMS,
    LEADER_STAKES,
    LEADER_EXPOSURE,
    LEADER_TRADE,
    LEADER_AIMS,
    LEADER_ESCALATION_RISK,
    LEADER_PRESSING_COST,
    LEADER_ASSURING_COST,
    LEADER_ASSURED_SUPPLY,
    LEADER_CEILING,
    LEADER_TRADE_SHARE,
) = range(len(LEADER_COLUMNS))

WORLD_COLUMNS = ("severity", "alignment")
WORLD_SEVERITY, WORLD_ALIGNMENT = range(len(WORLD_COLUMNS))

Row = Sequence[float]


class Dynamics(NamedTuple):
    """Parameters that are not weights: memory, free riding and the speed of the feedbacks."""

    persistence: float
    """rho, per month: how much of last month's perception of severity remains (D14-16)."""
    attention: float
    """alpha: how much a sudden rise in severity weakens inertia (D14-17)."""
    abstention_premium: float
    """beta: how much more abstaining pays when everyone else joins (D14-02)."""
    energy_drift: float
    """Yearly growth of Russian energy exposure under expanded engagement (L17-18)."""
    alignment_rise: float
    """Yearly rise of China-Russia alignment under full pressure on Russia (C22-11)."""
    threat_rise: float
    """Yearly rise of Russia's threat to an ally it coerces (C22-11)."""


def per_step(dynamics: Dynamics, months: int) -> Dynamics:
    """Rates per step of a number of months from the yearly, and monthly, ones."""
    years = months / 12.0
    persistence = 1.0
    for _ in range(months):
        persistence *= dynamics.persistence
    return Dynamics(
        persistence,
        dynamics.attention,
        dynamics.abstention_premium,
        dynamics.energy_drift * years,
        dynamics.alignment_rise * years,
        dynamics.threat_rise * years,
    )


def circle_total(members: Row, leader: int, blocs: Row, levels: Sequence[int]) -> float:
    """Sum of x over a circle's members: the leader now, blocs and allies of the step before.

    ``members`` holds 1 for each member and 0 for others: leader, blocs, allies. A union counts
    once: each of its n allies with 1/n.
    """
    total = members[0] * unit_level(leader)
    for index in range(len(blocs)):
        total += members[1 + index] * blocs[index]
    for index in range(len(levels)):
        total += members[1 + len(blocs) + index] * unit_level(levels[index])
    return total


def own_level(levels: Sequence[int], unions: Sequence[int], ally: int) -> float:
    """Level 0-5 that an ally's circles count it with: its own, or the mean of its whole union.

    ``unions`` holds the number of each ally's union, or -1.
    """
    if unions[ally] < 0:
        return float(levels[ally])
    total, count = 0, 0
    for index in range(len(levels)):
        if unions[index] == unions[ally]:
            total += levels[index]
            count += 1
    return total / count


def union_mean(values: Row, voices: Row) -> float:
    """A union's value of what its free members value: the mean by voice, or plain without any.

    Voices are >= 0. Those who break ranks are left out of both.
    """
    total, heard, plain = 0.0, 0.0, 0.0
    for index in range(len(values)):
        total += voices[index] * values[index]
        heard += voices[index]
        plain += values[index]
    return total / heard if heard > 0.0 else plain / len(values)


def coalition_level(looks_to: Row, totals: Row, others: Row, level: float) -> float:
    """x_bar: mean over an ally's circles of the mean over their other members.

    ``looks_to`` weighs the circles and sums to one; ``others`` counts a circle's members less one.
    The ally's ``level``, as :func:`own_level` has it, is taken out of the totals that all share.
    """
    mean = 0.0
    for circle in range(len(totals)):
        if looks_to[circle] > 0.0:
            mean += looks_to[circle] * (totals[circle] - unit_level(level)) / others[circle]
    return mean


def pressure(
    leader: int,
    leader_share: float,
    blocs: Row,
    bloc_shares: Row,
    levels: Sequence[int],
    shares: Row,
) -> float:
    """P in [0, 1]: levels weighted by each sanctioner's share in Russia's trade (D14-30)."""
    total = leader_share * unit_level(leader)
    for index in range(len(blocs)):
        total += bloc_shares[index] * blocs[index]
    for index in range(len(levels)):
        total += shares[index] * unit_level(levels[index])
    return total


def spread(leader: int, levels: Sequence[int]) -> float:
    """Misalignment among the leader and its allies (C22-04)."""
    level_sum = leader
    square_sum = leader * leader
    for index in range(len(levels)):
        level_sum += levels[index]
        square_sum += levels[index] * levels[index]
    return terms.misalignment(level_sum, square_sum, 1 + len(levels))


def leader_view(row: Row, severity: float, resistance: float, level_before: int) -> LeaderView:
    """The leader's situation; it sees the event itself, without the allies' lag."""
    return LeaderView(
        severity,
        row[LEADER_NORMS],
        row[LEADER_STAKES],
        row[LEADER_EXPOSURE],
        0.0,
        row[LEADER_TRADE],
        row[LEADER_AIMS],
        row[LEADER_ESCALATION_RISK],
        unit_level(level_before),
        resistance,
    )


def leader_stance_view(
    row: Row, ally: Row, scale: float, severity: float, level: int, ally_before: int
) -> LeaderStanceView:
    """The leader's situation toward one ally, whose level is that of the step before."""
    unreplaced = (
        exposure(ally, scale)
        * (1.0 - ally[REPLACEABLE])
        * (1.0 + ally[PRICE_ADVANTAGE])
        * row[LEADER_ASSURED_SUPPLY]
    )
    return LeaderStanceView(
        severity,
        row[LEADER_STAKES],
        ally[DEPENDENCE],
        unreplaced,
        unit_level(level) - unit_level(ally_before),
        row[LEADER_PRESSING_COST],
        row[LEADER_ASSURING_COST],
    )


def target_view(
    ally: Row, alignment: float, coalition_pressure: float, severity: float, ally_before: int
) -> TargetView:
    """The target's situation toward one ally; the severity of its breach is the confrontation."""
    return TargetView(
        ally[OUTLET],
        alignment,
        coalition_pressure,
        ally[CONCESSION_PRICE],
        severity,
        unit_level(ally_before),
    )


def exposure(ally: Row, scale: float) -> float:
    """Russian energy exposure after the drift that engagement has caused, at most 1."""
    return min(1.0, ally[EXPOSURE] * scale)


def ally_view(
    row: Row,
    scale: float,
    threat_added: float,
    severity: float,
    alignment: float,
    abstention_premium: float,
    pressed: bool,
    assured_supply: float,
    leader: int,
    coalition: float,
    courting: float,
    level_before: int,
    engagement_before: int,
    resistance: float,
) -> AllyView:
    """An ally's situation. ``assured_supply`` is 0 unless the leader assures it this step."""
    return AllyView(
        row[DEPENDENCE],
        row[MEMBERSHIP],
        row[INDEPENDENCE],
        exposure(row, scale),
        terms.assured(row[REPLACEABLE], assured_supply),
        row[PRICE_ADVANTAGE],
        row[DIVERSIFICATION_NEED],
        severity,
        alignment,
        row[THREAT_CHINA],
        terms.compounded(row[THREAT_RUSSIA], threat_added),
        row[THREAT_NORTH_KOREA],
        row[HOPED_RETURN],
        row[ROLE_IN_TALKS],
        row[NORMS],
        row[TRADE],
        row[AIMS],
        abstention_premium,
        1.0 if pressed else 0.0,
        unit_level(leader),
        coalition,
        courting,
        unit_level(level_before),
        unit_engagement(engagement_before),
        resistance,
    )
