"""Total utilities and the choice from them.

Each ``*_terms`` function weighs the functions of :mod:`alignsim.terms` for one option of one
decision and returns every term, so that a decision can be explained as it was made. Views and
weights are named tuples of floats: readable here, compilable as they stand.
"""

import math
from collections.abc import MutableSequence, Sequence
from typing import NamedTuple

from alignsim import terms

LEVELS = 6
ENGAGEMENTS = 3
LEVEL_NAMES = tuple(str(level) for level in range(LEVELS))
ENGAGEMENT_NAMES = tuple(str(degree) for degree in range(ENGAGEMENTS))
LEADER_STANCES = ("none", "press", "assure")
TARGET_STANCES = ("coerce", "neutral", "court")
NONE, PRESS, ASSURE = range(3)
COERCE, NEUTRAL, COURT = range(3)
JOINED = 2
"""The lowest level that counts as having joined the sanctions."""


class Weights(NamedTuple):
    """Total weight of each term (group weight times term weight, >= 0) and the precisions (> 0).

    Each kind of decision has its own precision lambda: how much of what moves it the model does
    not see differs by kind (heteroskedastic logit, Swait and Louviere 1993).
    """

    abandonment: float
    coalition: float
    independence: float
    supply_at_risk: float
    diversification: float
    precedent: float
    balancing: float
    peninsula: float
    values: float
    market: float
    inertia: float
    supply_lost: float
    restraint: float
    market_courted: float
    coherence: float
    leadership: float
    escalation: float
    coalition_gain: float
    stance_cost: float
    outlets: float
    concession: float
    retaliation: float
    precision_level: float
    precision_engagement: float
    precision_leader_level: float
    precision_leader_stance: float
    precision_target_stance: float


GROUPS: dict[str, tuple[str, ...]] = {
    "energy_security": ("supply_at_risk", "diversification", "supply_lost"),
    "alliance_dependence": ("abandonment", "coalition", "independence", "restraint"),
    "regional_threat": ("precedent", "balancing", "peninsula"),
    "norms": ("values",),
    "commerce": ("market", "market_courted"),
    "inertia": ("inertia", "coherence"),
    "leadership": ("leadership", "escalation", "coalition_gain", "stance_cost"),
    "target": ("outlets", "concession", "retaliation"),
}
"""Weight groups and their terms; the first six weigh an ally's decision."""

ALLY_GROUPS = tuple(GROUPS)[:6]
PRECISIONS = ("level", "engagement", "leader_level", "leader_stance", "target_stance")


class AllyView(NamedTuple):
    """What an ally knows when it decides; symbols and ranges as in :mod:`alignsim.terms`."""

    dependence: float
    membership: float
    independence: float
    exposure: float
    replaceable: float
    price_advantage: float
    diversification_need: float
    severity: float
    alignment: float
    threat_china: float
    threat_russia: float
    threat_north_korea: float
    hoped_return: float
    role_in_talks: float
    norms: float
    trade: float
    aims: float
    abstention_premium: float
    pressure: float
    leader: float
    coalition: float
    courting: float
    level_before: float
    engagement_before: float
    resistance: float


class LevelTerms(NamedTuple):
    """Weighted terms of an ally's utility of one sanctions level."""

    abandonment: float
    coalition: float
    independence: float
    supply_at_risk: float
    diversification: float
    precedent: float
    balancing: float
    peninsula: float
    values: float
    market: float
    inertia: float


class EngagementTerms(NamedTuple):
    """Weighted terms of an ally's utility of one degree of engagement."""

    supply_lost: float
    diversification: float
    restraint: float
    precedent: float
    balancing: float
    peninsula: float
    values: float
    market_courted: float
    coherence: float
    inertia: float


class LeaderView(NamedTuple):
    """What the leader knows when it sets its own level."""

    severity: float
    norms: float
    stakes: float
    exposure: float
    replaceable: float
    trade: float
    aims: float
    escalation_risk: float
    level_before: float
    resistance: float


class LeaderTerms(NamedTuple):
    """Weighted terms of the leader's utility of one sanctions level."""

    leadership: float
    values: float
    supply_at_risk: float
    market: float
    escalation: float
    inertia: float


class LeaderStanceView(NamedTuple):
    """What the leader knows of one ally when it chooses a stance toward it."""

    severity: float
    stakes: float
    dependence: float
    unreplaced_supply: float
    gap: float
    pressing_cost: float
    assuring_cost: float


class LeaderStanceTerms(NamedTuple):
    """Weighted terms of the leader's utility of one stance toward one ally."""

    coalition_gain: float
    stance_cost: float


class TargetView(NamedTuple):
    """What the target knows of one ally when it chooses a stance toward it."""

    outlet: float
    alignment: float
    coalition_pressure: float
    concession_price: float
    confrontation: float
    level_before: float


class TargetTerms(NamedTuple):
    """Weighted terms of the target's utility of one stance toward one ally."""

    outlets: float
    concession: float
    retaliation: float


def unit_level(level: float) -> float:
    """Sanctions level 0-5 on the unit interval."""
    return level / 5.0


def unit_engagement(engagement: float) -> float:
    """Engagement 0-2 on the unit interval."""
    return engagement / 2.0


def courting(stance: float) -> float:
    """Target stance 0-2 (coerce, neutral, court) as -1, 0, +1."""
    return stance - 1.0


def level_terms(w: Weights, v: AllyView, level: int) -> LevelTerms:
    """Weighted terms of an ally's sanctions level 0-5."""
    x = unit_level(level)
    return LevelTerms(
        w.abandonment * terms.abandonment(v.dependence, v.pressure, v.leader, x),
        w.coalition * terms.coalition(v.membership, v.coalition, x),
        w.independence * terms.independence(v.independence, v.leader, x),
        w.supply_at_risk * terms.supply_at_risk(v.exposure, v.replaceable, v.price_advantage, x),
        w.diversification * terms.diversification(v.diversification_need, v.replaceable, x),
        w.precedent * terms.precedent(v.severity, v.alignment, v.threat_china, v.threat_russia, x),
        w.balancing * terms.balancing(v.alignment, v.threat_china, x),
        w.peninsula
        * terms.peninsula(v.severity, v.threat_north_korea, v.hoped_return, v.role_in_talks, x),
        w.values * terms.values(v.norms, v.severity, x),
        w.market * terms.market(v.trade, v.abstention_premium, v.coalition, v.aims, x),
        w.inertia * terms.inertia(v.level_before, x, v.resistance),
    )


def engagement_terms(w: Weights, v: AllyView, level: int, engagement: int) -> EngagementTerms:
    """Weighted terms of an ally's engagement 0-2, given the level just chosen.

    Terms shared with the level decision enter with engagement as a softer line: what a level
    costs, engagement earns, and the reverse.
    """
    y = unit_engagement(engagement)
    return EngagementTerms(
        w.supply_lost * terms.supply_lost(v.exposure, v.replaceable, v.price_advantage, y),
        -w.diversification * terms.diversification(v.diversification_need, v.replaceable, y),
        w.restraint * terms.restraint(v.dependence, v.pressure, v.leader, y),
        -w.precedent * terms.precedent(v.severity, v.alignment, v.threat_china, v.threat_russia, y),
        -w.balancing * terms.balancing(v.alignment, v.threat_china, y),
        -w.peninsula
        * terms.peninsula(v.severity, v.threat_north_korea, v.hoped_return, v.role_in_talks, y),
        -w.values * terms.values(v.norms, v.severity, y),
        w.market_courted
        * terms.market_courted(v.trade, v.abstention_premium, v.coalition, v.aims, v.courting, y),
        w.coherence * terms.coherence(unit_level(level), y),
        w.inertia * terms.inertia(v.engagement_before, y, v.resistance),
    )


def leader_terms(w: Weights, v: LeaderView, level: int) -> LeaderTerms:
    """Weighted terms of the leader's own sanctions level 0-5."""
    x = unit_level(level)
    return LeaderTerms(
        w.leadership * terms.leadership(v.stakes, v.severity, x),
        w.values * terms.values(v.norms, v.severity, x),
        w.supply_at_risk * terms.supply_at_risk(v.exposure, v.replaceable, 0.0, x),
        w.market * terms.market(v.trade, 0.0, 0.0, v.aims, x),
        w.escalation * terms.escalation(v.escalation_risk, x),
        w.inertia * terms.inertia(v.level_before, x, v.resistance),
    )


def leader_stance_terms(w: Weights, v: LeaderStanceView, stance: int) -> LeaderStanceTerms:
    """Weighted terms of a leader's stance toward an ally: none, press or assure."""
    if stance == PRESS:
        leverage, cost = v.dependence, v.pressing_cost
    elif stance == ASSURE:
        leverage, cost = v.unreplaced_supply, v.assuring_cost
    else:
        leverage, cost = 0.0, 0.0
    return LeaderStanceTerms(
        w.coalition_gain * terms.coalition_gain(v.stakes, v.severity, leverage, v.gap),
        w.stance_cost * terms.stance_cost(cost),
    )


def target_terms(w: Weights, v: TargetView, stance: int) -> TargetTerms:
    """Weighted terms of the target's stance toward an ally: coerce, neutral or court."""
    z = courting(stance)
    return TargetTerms(
        w.outlets * terms.outlets(v.outlet, v.alignment, v.coalition_pressure, z),
        w.concession * terms.concession(v.concession_price, z),
        w.retaliation * terms.retaliation(v.confrontation, v.level_before, z),
    )


def total(weighted: tuple[float, ...]) -> float:
    """Utility of an option: the sum of its weighted terms, in their order."""
    utility = 0.0
    for term in weighted:
        utility += term
    return utility


def choose(
    utilities: Sequence[float], precision: float, uniform: float, masses: MutableSequence[float]
) -> int:
    """Logit quantal response from one uniform draw in [0, 1) (McKelvey and Palfrey 1995).

    P(option) is proportional to exp(precision * utility); ``masses``, room for one float an
    option, is left holding these. Returns the first option whose cumulative mass exceeds the
    draw's share of the whole; where rounding leaves that beyond the last, the last option.
    """
    top = utilities[0]
    for utility in utilities:
        top = max(top, utility)
    mass = 0.0
    for option in range(len(utilities)):
        masses[option] = math.exp(precision * (utilities[option] - top))
        mass += masses[option]
    cumulative = 0.0
    for option in range(len(utilities)):
        cumulative += masses[option]
        if uniform * mass < cumulative:
            return option
    return len(utilities) - 1


def probabilities(utilities: Sequence[float], precision: float) -> list[float]:
    """Logit probabilities of the options, in their order; they sum to one up to rounding."""
    top = max(utilities)
    masses = [math.exp(precision * (utility - top)) for utility in utilities]
    mass = 0.0
    for share in masses:
        mass += share
    return [share / mass for share in masses]


def log_probability(utilities: Sequence[float], precision: float, low: int, high: int) -> float:
    """Log of the logit probability that the option is one of ``low`` to ``high``.

    0 where ``low`` is negative: nothing is documented. Finite however improbable the options.
    """
    if low < 0:
        return 0.0
    top, best = utilities[0], utilities[low]
    for utility in utilities:
        top = max(top, utility)
    for option in range(low, high + 1):
        best = max(best, utilities[option])
    mass, part = 0.0, 0.0
    for option in range(len(utilities)):
        mass += math.exp(precision * (utilities[option] - top))
    for option in range(low, high + 1):
        part += math.exp(precision * (utilities[option] - best))
    return precision * (best - top) + math.log(part) - math.log(mass)
