"""Index formulas: measured indicators and coded judgements to the inputs of the terms.

They are the same for every state and date, were fixed before anything was fitted, and return
values in [0, 1]. ``math`` only. Units of the arguments are those of the input table.
"""

import math

FULL_EXPOSURE = 0.25
"""Russian share of primary energy that counts as full exposure: about the largest buyers'."""
FULL_TRADE = 0.05
"""Trade with Russia over GDP that counts as full exposure."""
FULL_OUTLET = 0.10
"""Share in Russia's trade that counts as a full outlet."""
NEARNESS_KM = 1000.0
"""Distance over which proximity falls by a factor e."""
DISPUTES_SCALE = 5.0
"""Militarised disputes over which the remaining doubt about hostility falls by a factor e."""
TROOPS_SCALE = 5.0
"""log10 of the number of troops that counts as full: 100 000 persons."""
FULL_DISTANCE = 4.0
"""Difference of ideal points that counts as full: about that of the leader and its opponents."""


def russian_energy(
    gas: float,
    gas_from_russia: float,
    oil: float,
    oil_from_russia: float,
    coal: float,
    coal_from_russia: float,
    import_dependence: float,
) -> float:
    """Exposure eps: Russian share by fuel, times the fuel's share, times import dependence.

    Over FULL_EXPOSURE, at most 1 (L17-13, D14-09, C22-14).
    """
    russian = gas * gas_from_russia + oil * oil_from_russia + coal * coal_from_russia
    return min(1.0, max(0.0, import_dependence) * russian / FULL_EXPOSURE)


def replaceable(
    gas: float,
    gas_from_russia: float,
    gas_from_usa: float,
    oil: float,
    oil_from_russia: float,
    oil_from_usa: float,
    coal: float,
    coal_from_russia: float,
    nuclear: float,
) -> float:
    """Replaceable share r of Russian energy: by US supply of the same fuel, and nuclear power.

    Of each fuel the US share of what comes from either the US or Russia, weighted by the fuel's
    part in Russian energy; no US coal is counted. Nuclear power then covers its share of the
    rest: 1 - (1 - american) (1 - nuclear). 1 if nothing comes from Russia (L17-12, L17-17,
    C22-19).
    """
    russian = gas * gas_from_russia + oil * oil_from_russia + coal * coal_from_russia
    if russian <= 0.0:
        return 1.0
    covered = gas * gas_from_russia * _american(gas_from_usa, gas_from_russia)
    covered += oil * oil_from_russia * _american(oil_from_usa, oil_from_russia)
    return 1.0 - (1.0 - covered / russian) * (1.0 - nuclear)


def _american(from_usa: float, from_russia: float) -> float:
    """US share of what comes from either."""
    return from_usa / (from_usa + from_russia) if from_usa > 0.0 else 0.0


def diversification_need(oil_from_middle_east: float, turmoil: float) -> float:
    """Need delta: Middle East concentration times turmoil there (L17-13, D14-22)."""
    return oil_from_middle_east * turmoil


def trade_exposure(trade: float) -> float:
    """Exposure k: trade with Russia over GDP, over FULL_TRADE, at most 1 (D14-21, C22-23)."""
    return min(1.0, trade / FULL_TRADE)


def outlet(share: float) -> float:
    """Outlet o: a state's share in Russia's trade, over FULL_OUTLET, at most 1 (L17-15)."""
    return min(1.0, share / FULL_OUTLET)


def club_membership(g7: float, eu: float, nato: float, partner: float, associate: float) -> float:
    """Membership K: 1 in G7 or EU, which set sanctions policy; 0.7 in NATO, or asked by the EU to
    align without a seat; 0.3 as a NATO partner (D14-06, L17-20).
    """
    return max(g7, eu, 0.7 * nato, 0.7 * associate, 0.3 * partner)


def threat(
    own_capability: float,
    other_capability: float,
    distance_km: float,
    rivalry: float,
    disputes: float,
    strain: float,
) -> float:
    """Threat theta by balance of threat: power, proximity and hostility (Walt 1987; L17-08).

    The geometric mean of relative capability, exp(-distance / NEARNESS_KM) and hostility, the
    last the mean of strategic rivalry (0 or 1), past militarised disputes and present strain.
    Geometric, because a threat needs all three.
    """
    power = other_capability / (own_capability + other_capability) if other_capability else 0.0
    proximity = math.exp(-distance_km / NEARNESS_KM)
    hostility = (rivalry + 1.0 - math.exp(-disputes / DISPUTES_SCALE) + strain) / 3.0
    return float((power * proximity * hostility) ** (1.0 / 3.0))


def alliance_dependence(
    pact: float, troops: float, threat_by_others: float, isolation: float
) -> float:
    """Dependence D on the leader: pact times the mean of troops, threat and isolation (L17-07,
    D14-04, D14-05, D14-27, D14-28).

    Troops count by their order of magnitude, 100 000 being full.
    """
    presence = min(1.0, math.log10(1.0 + troops) / TROOPS_SCALE)
    return pact * (presence + threat_by_others + isolation) / 3.0


# --- of the world panel, where no coder judges ------------------------------------------------


def political_distance(own: float, other: float) -> float:
    """Distance of foreign policies: difference of UN General Assembly ideal points over
    FULL_DISTANCE, at most 1 (Bailey, Strezhnev and Voeten 2017; L17-10, D14-28).

    From the leader it stands for the wish for independence, from a rival for present strain, and
    from the median of its region for isolation.
    """
    return min(1.0, abs(own - other) / FULL_DISTANCE)


def institutional_ties(pact: float, sco: float, brics: float) -> float:
    """Aims d with Russia, by treaty: 1 with a defence pact, 0.5 in the Shanghai Cooperation
    Organisation or BRICS, which ask for less (L17-04, D14-21).
    """
    return max(pact, 0.5 * sco, 0.5 * brics)
