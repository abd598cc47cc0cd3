"""The theory, one function per utility term and feedback.

Every function is pure and scalar and uses ``math`` only, so that the Mesa agents call it as
plain Python and the compiled engine compiles the very same source. Symbols:

* ``x = level / 5`` is a sanctions level on the unit interval, ``x_L`` the leader's,
  ``x_bar`` the mean of the coalition the ally looks to, ``x_before`` its own level a step ago;
* ``y = engagement / 2`` is engagement with the target: 0 frozen, 0.5 maintained, 1 expanded;
* ``z`` is the target's stance: -1 coerce, 0 neutral, +1 court.

Inputs lie in [0, 1] unless a docstring says otherwise. A term returns its contribution before
its weight. The claim ids (L17, D14, C22) point into ``seeds/``; the traceability matrix is read
from these docstrings.
"""

import math

SUPPLY_AT_STAKE_BEFORE_ENERGY_STEP = 0.25
"""Share of the supply at risk that a level-4 package already endangers: payments, insurance and
shipping suffer although energy itself is exempt (C22-18). The rest falls at level 5."""

COURTING_SWING = 0.5
"""How far courting widens, and coercion narrows, the openings with Russia."""


# --- alliance dependence ------------------------------------------------------------------


def abandonment(dependence: float, pressure: float, leader: float, level: float) -> float:
    """Cost of lagging behind the leader's sanctions (Snyder 1984; L17-07, D14-04, D14-05, D14-24,
    D14-27, D14-28, C22-06).

    -D (1 + p) max(0, x_L - x); p is 1 while the leader presses. In [-2, 0]; zero once the ally
    has caught up. The gap enters linearly: a squared gap would reward the first step most.
    """
    return -dependence * (1.0 + pressure) * max(0.0, leader - level)


def coalition(membership: float, coalition_level: float, level: float) -> float:
    """Cost of lagging behind the clubs one decides in (Martin 1992; D14-06, D14-18, D14-19).

    -K max(0, x_bar - x). In [-1, 0].
    """
    return -membership * max(0.0, coalition_level - level)


def independence(wish: float, leader: float, level: float) -> float:
    """Reward for visibly not following the leader (L17-10).

    +q max(0, x_L - x). In [0, 1].
    """
    return wish * max(0.0, leader - level)


# --- energy security ----------------------------------------------------------------------


def supply_endangered(level: float) -> float:
    """Share h(x) of Russian supply that a level puts at risk: 0 up to level 3, most at level 5.

    Piecewise linear and convex through (0.6, 0), (0.8, 0.25), (1, 1); C22-16, C22-18. The ladder
    itself exempts energy below level 5, so levels 1 to 3 endanger nothing.
    """
    if level <= 0.6:
        return 0.0
    if level <= 0.8:
        return SUPPLY_AT_STAKE_BEFORE_ENERGY_STEP * (level - 0.6) / 0.2
    return (
        SUPPLY_AT_STAKE_BEFORE_ENERGY_STEP
        + (1.0 - SUPPLY_AT_STAKE_BEFORE_ENERGY_STEP) * (level - 0.8) / 0.2
    )


def supply_at_risk(
    exposure: float, replaceable: float, price_advantage: float, level: float
) -> float:
    """Russian energy that the level endangers (L17-11, L17-12, L17-16, L17-17, D14-09, C22-14,
    C22-15, C22-16, C22-18, C22-21).

    -eps (1 - r) (1 + pi) h(x): exposure that others cannot replace, at its price advantage.
    In [-2, 0].
    """
    return -exposure * (1.0 - replaceable) * (1.0 + price_advantage) * supply_endangered(level)


def diversification(need: float, replaceable: float, stance: float) -> float:
    """Diversification away from the Middle East that a tougher line forgoes (L17-13, L17-14,
    D14-03, D14-22).

    -delta (1 - r) x. In [-1, 0].
    """
    return -need * (1.0 - replaceable) * stance


# --- regional threat ----------------------------------------------------------------------


def precedent(
    severity: float, alignment: float, threat_china: float, threat_russia: float, level: float
) -> float:
    """Answering a precedent set by a threat and by the rival aligned with it (Walt 1987; C22-05,
    C22-11, C22-12).

    +s (c theta_China + theta_Russia) x. In [0, 2].
    """
    return severity * (alignment * threat_china + threat_russia) * level


def balancing(alignment: float, threat_china: float, level: float) -> float:
    """Keeping Russia as a counterweight to China, while the two stand apart (Walt 1987; L17-08,
    L17-09).

    -(1 - c) theta_China x. In [-1, 0]. Changes the sign of China's threat with alignment c.
    """
    return -(1.0 - alignment) * threat_china * level


def peninsula(
    severity: float, threat_north_korea: float, hoped_return: float, role: float, level: float
) -> float:
    """The Korean peninsula: solidarity to be repaid, against Russia's role in the talks (C22-07,
    C22-08, C22-09, D14-23).

    +s theta_NK b x - m x. In [-1, 1].
    """
    return severity * threat_north_korea * hoped_return * level - role * level


# --- norms --------------------------------------------------------------------------------


def values(emphasis: float, severity: float, level: float) -> float:
    """Upholding the rules that the event broke (L17-19, L17-20, C22-05, C22-06).

    +n s x. In [0, 1].
    """
    return emphasis * severity * level


# --- commerce -----------------------------------------------------------------------------


def market(
    trade: float, abstention_premium: float, coalition_level: float, aims: float, level: float
) -> float:
    """Market access and political aims with Russia given up (D14-02, D14-07, D14-08, D14-20,
    D14-21, L17-04, L17-05, L17-06, C22-10, C22-23).

    -(k (1 + beta x_bar) + d) x^2: abstaining pays more the more others join. In [-(2 + beta), 0].
    """
    return -(trade * (1.0 + abstention_premium * coalition_level) + aims) * level * level


# --- inertia ------------------------------------------------------------------------------


def inertia(before: float, now: float, resistance: float) -> float:
    """Cost of changing course at all, and more the further (Samuelson and Zeckhauser 1988; D14-17).

    -R |x - x_before|. In [-1, 0]; also for engagement. Linear, not squared: sanctions change
    seldom and in packages, so the first step costs as much as the next. R is 1 in quiet times and
    less when the breach has just grown graver (``resistance``).
    """
    return -resistance * abs(now - before)


# --- engagement with the target -----------------------------------------------------------


def supply_lost(
    exposure: float, replaceable: float, price_advantage: float, engagement: float
) -> float:
    """Frozen relations lose the supply at risk; keeping them up keeps it (L17-11, C22-17).

    -eps (1 - r) (1 + pi) max(0, 1 - 2 y). In [-2, 0].
    """
    lost = max(0.0, 1.0 - 2.0 * engagement)
    return -exposure * (1.0 - replaceable) * (1.0 + price_advantage) * lost


def restraint(dependence: float, pressure: float, leader: float, engagement: float) -> float:
    """How the alliance restrains closeness to the leader's adversary (Snyder 1984; D14-24).

    -D (1 + p) x_L y^2. In [-2, 0]. Squared: keeping up old ties is tolerated, expansion is not.
    """
    return -dependence * (1.0 + pressure) * leader * engagement * engagement


def market_courted(
    trade: float,
    abstention_premium: float,
    coalition_level: float,
    aims: float,
    courting: float,
    engagement: float,
) -> float:
    """Openings and aims that engagement serves, wider when Russia courts (D14-02, D14-07, D14-10,
    D14-25, L17-02, L17-04, L17-06, L17-15, C22-17).

    +(k (1 + beta x_bar) + d) (1 + z / 2) y: coercion halves the openings but does not close them.
    In [0, 1.5 (2 + beta)].
    """
    opening = trade * (1.0 + abstention_premium * coalition_level) + aims
    return opening * (1.0 + COURTING_SWING * courting) * engagement


def coherence(level: float, engagement: float) -> float:
    """Sanctions and closeness contradict each other (D14-17, D14-24).

    -x y^2. In [-1, 0]. Squared for the same reason as restraint.
    """
    return -level * engagement * engagement


# --- the leader ---------------------------------------------------------------------------


def leadership(stakes: float, severity: float, level: float) -> float:
    """The leader's interest in an answer to the breach (D14-11, D14-30).

    +g s x. In [0, 1].
    """
    return stakes * severity * level


def escalation(risk: float, level: float) -> float:
    """Risk of escalation with a nuclear power that the leader's sanctions add (C22-05).

    -a x^2. In [-1, 0].
    """
    return -risk * level * level


def coalition_gain(stakes: float, severity: float, leverage: float, gap: float) -> float:
    """What moving one ally adds to the expected coalition (D14-30, C22-04, C22-20).

    +g s v max(0, gap): v is the ally's dependence when pressed, its unreplaced supply when
    assured; gap is the leader's level less the ally's. In [0, 2].
    """
    return stakes * severity * leverage * max(0.0, gap)


def stance_cost(cost: float) -> float:
    """Political price of pressing, material price of assuring an ally (C22-19, C22-20, C22-21).

    -cost. In [-1, 0].
    """
    return -cost


# --- the target ---------------------------------------------------------------------------


def outlets(outlet: float, alignment: float, coalition_pressure: float, stance: float) -> float:
    """Outlets in North-East Asia, worth more under sanctions and less beside China (L17-15,
    D14-10, D14-25).

    +o (1 - c) (1 + P) z. In [-2, 2].
    """
    return outlet * (1.0 - alignment) * (1.0 + coalition_pressure) * stance


def concession(price: float, stance: float) -> float:
    """What courting this ally would cost Russia, such as the islands (L17-04, D14-08).

    -kappa max(0, z). In [-1, 0].
    """
    return -price * max(0.0, stance)


def retaliation(confrontation: float, level: float, stance: float) -> float:
    """Answering sanctions in kind (C22-11, D14-17).

    -s x z: courting a sanctioner costs face, coercing it pays. In [-1, 1].
    """
    return -confrontation * level * stance


# --- feedbacks ----------------------------------------------------------------------------


def perceived_severity(before: float, event: float, persistence: float) -> float:
    """Severity as an ally sees it, waiting for the crisis to calm (D14-16).

    rho s + (1 - rho) event. In [0, 1].
    """
    return persistence * before + (1.0 - persistence) * event


def resistance(before: float, now: float, attention: float) -> float:
    """How far the status quo resists: attention to a shock opens it (Baumgartner and Jones 1993;
    Birkland 1997; D14-17).

    exp(-alpha max(0, s - s_before)). s is severity as the decider perceives it; a fall opens
    nothing. In (0, 1]; alpha, the attention, is 0 or more.
    """
    return math.exp(-attention * max(0.0, now - before))


def energy_drift(scale: float, engagement: float, rate: float) -> float:
    """Factor on Russian energy exposure: cooperation raises dependence (L17-18, L17-03).

    scale (1 + rate (2 y - 1)): grows while engagement is expanded, shrinks while frozen.
    ``rate`` is per step. Never below zero.
    """
    return max(0.0, scale * (1.0 + rate * (2.0 * engagement - 1.0)))


def rise(so_far: float, cause: float, rate: float) -> float:
    """A quantity in [0, 1] pushed up by a cause in [0, 1], with diminishing returns.

    so_far + rate cause (1 - so_far). China-Russia alignment rises with the pressure on Russia
    (C22-11); Russia's threat rises with its coercion (C22-11).
    """
    return so_far + rate * cause * (1.0 - so_far)


def compounded(base: float, added: float) -> float:
    """A dated series with the endogenous rise on top, both in [0, 1] (C22-11).

    base + (1 - base) added.
    """
    return base + (1.0 - base) * added


def assured(replaceable: float, supply: float) -> float:
    """Replaceable share once the leader has assured long-term supply (C22-19, L17-17).

    r + (1 - r) a. In [0, 1].
    """
    return replaceable + (1.0 - replaceable) * supply


def misalignment(level_sum: int, square_sum: int, partners: int) -> float:
    """Spread of the partners' levels: their standard deviation on the unit scale (C22-04).

    sqrt(n S2 - S1^2) / (5 n), where S1 = ``level_sum`` and S2 = ``square_sum`` sum the levels 0-5
    and their squares over n = ``partners`` (>= 1). Of whole numbers, so that it is 0 exactly where
    all levels are equal. In [0, 0.5].
    """
    return math.sqrt(max(0, partners * square_sum - level_sum * level_sum)) / (5.0 * partners)
