"""A scenario as arrays: what holds at each step, for both engines.

The index formulas turn a scenario's dated indicators into the inputs of the terms; columns are
those of :mod:`alignsim.situation`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import indices
from alignsim.decision import unit_level
from alignsim.scenario import Fixed, Quantity, Scenario, option_index
from alignsim.situation import ALLY_COLUMNS, LEADER_COLUMNS

Array = NDArray[np.float64]
Choices = NDArray[np.int64]


class Timeline(NamedTuple):
    """All that both engines need of a scenario, besides weights.

    Shapes in steps T, allies A, blocs B. ``club`` rows weigh (leader, blocs, allies) in an ally's
    coalition level and sum to one. ``fixed_*`` hold an option, or -1 where the agent chooses.
    """

    months: int
    allies: Array  # (T, A, len(ALLY_COLUMNS))
    leader: Array  # (T, len(LEADER_COLUMNS))
    world: Array  # (T, 2): severity, alignment
    bloc_levels: Array  # (T, B), on the unit scale, of the step before
    bloc_levels_now: Array  # (T, B)
    bloc_shares: Array  # (T, B)
    club: Array  # (A, 1 + B + A)
    initial_severity: float
    initial_leader: int
    initial_levels: Choices  # (A,)
    initial_engagements: Choices  # (A,)
    fixed_leader_level: Choices  # (T,)
    fixed_leader_stance: Choices  # (T, A)
    fixed_target_stance: Choices  # (T, A)
    fixed_level: Choices  # (T, A)
    fixed_engagement: Choices  # (T, A)


def build(scenario: Scenario) -> Timeline:
    """Evaluate a scenario at every step."""
    ends = scenario.calendar.ends
    allies = scenario.allies
    now = np.array([[unit_level(b.level.at(end)) for b in scenario.blocs.values()] for end in ends])
    now = now.reshape(len(ends), len(scenario.blocs))
    start = np.array([[unit_level(b.level.value) for b in scenario.blocs.values()]])
    start = start.reshape(1, len(scenario.blocs))
    states = scenario.states
    return Timeline(
        months=scenario.calendar.months,
        allies=np.array([[_ally(scenario, ally, end) for ally in allies] for end in ends]),
        leader=np.array([_leader(scenario, end) for end in ends]),
        world=np.array([_world(scenario, end) for end in ends]),
        bloc_levels=np.concatenate([start, now[:-1]]),
        bloc_levels_now=now,
        bloc_shares=np.array(
            [[b.russia_trade_share.at(end) for b in scenario.blocs.values()] for end in ends]
        ).reshape(len(ends), len(scenario.blocs)),
        club=_clubs(scenario),
        initial_severity=scenario.world["initial_severity"].value,
        initial_leader=int(states[scenario.leader]["initial_level"].value),
        initial_levels=np.array([int(states[a]["initial_level"].value) for a in allies]),
        initial_engagements=np.array([int(states[a]["initial_engagement"].value) for a in allies]),
        fixed_leader_level=_fixed(scenario, scenario.leader, "level")[:, 0].copy(),
        fixed_leader_stance=_fixed(scenario, scenario.leader, "stance"),
        fixed_target_stance=_fixed(scenario, scenario.target, "stance"),
        fixed_level=np.stack([_fixed(scenario, a, "level")[:, 0] for a in allies], axis=1),
        fixed_engagement=np.stack(
            [_fixed(scenario, a, "engagement")[:, 0] for a in allies], axis=1
        ),
    )


def _at(table: dict[str, Quantity], end: str) -> dict[str, float]:
    return {name: quantity.at(end) for name, quantity in table.items()}


def _ally(scenario: Scenario, ally: str, end: str) -> list[float]:
    """One ally's row at a step, in ALLY_COLUMNS order."""
    own = _at(scenario.states[ally], end)
    world = _at(scenario.world, end)
    capabilities = {
        "china": world["china_capability"],
        "north_korea": world["north_korea_capability"],
        "russia": scenario.states[scenario.target]["capability"].at(end),
    }
    threat = {
        rival: indices.threat(
            own["capability"],
            capability,
            own[f"distance_{rival}"],
            own[f"rivalry_{rival}"],
            own[f"disputes_{rival}"],
            own[f"strain_{rival}"],
        )
        for rival, capability in capabilities.items()
    }
    values = {
        "dependence": indices.alliance_dependence(
            own["us_defence_pact"],
            own["us_troops"],
            max(threat["china"], threat["north_korea"]),
            own["regional_isolation"],
        ),
        "membership": indices.club_membership(
            own["g7"], own["eu"], own["nato"], own["nato_partner"]
        ),
        "independence": own["independence_wish"],
        "exposure": indices.russian_energy(
            own["gas_share"],
            own["gas_from_russia"],
            own["oil_share"],
            own["oil_from_russia"],
            own["coal_share"],
            own["coal_from_russia"],
            own["import_dependence"],
        ),
        "replaceable": indices.replaceable(
            own["gas_share"],
            own["gas_from_russia"],
            own["gas_from_usa"],
            own["oil_share"],
            own["oil_from_russia"],
            own["oil_from_usa"],
            own["coal_share"],
            own["coal_from_russia"],
            own["nuclear_electricity"],
        ),
        "price_advantage": own["price_advantage"],
        "diversification_need": indices.diversification_need(
            own["oil_from_middle_east"], world["middle_east_turmoil"]
        ),
        "threat_china": threat["china"],
        "threat_russia": threat["russia"],
        "threat_north_korea": threat["north_korea"],
        "hoped_return": own["hoped_return"],
        "role_in_talks": own["role_in_talks"],
        "norms": own["norms_emphasis"],
        "trade": indices.trade_exposure(own["russia_trade"]),
        "aims": own["russian_aims"],
        "outlet": indices.outlet(own["russia_trade_share"]),
        "concession_price": own["concession_price"],
        "trade_share": own["russia_trade_share"],
    }
    return [values[column] for column in ALLY_COLUMNS]


def _leader(scenario: Scenario, end: str) -> list[float]:
    """The leader's row at a step, in LEADER_COLUMNS order."""
    own = _at(scenario.states[scenario.leader], end)
    values = {
        "norms": own["norms_emphasis"],
        "stakes": own["leadership_stakes"],
        # All fuel counted as oil: an upper bound, and negligible even so.
        "exposure": indices.russian_energy(
            0.0, 0.0, 1.0, own["oil_from_russia"], 0.0, 0.0, own["import_dependence"]
        ),
        "trade": indices.trade_exposure(own["russia_trade"]),
        "aims": own["russian_aims"],
        "escalation_risk": own["escalation_risk"],
        "pressing_cost": own["pressing_cost"],
        "assuring_cost": own["assuring_cost"],
        "assured_supply": own["assured_supply"],
        "ceiling": own["ceiling"],
        "trade_share": own["russia_trade_share"],
    }
    return [values[column] for column in LEADER_COLUMNS]


def _world(scenario: Scenario, end: str) -> list[float]:
    return [
        scenario.world["severity"].at(end),
        scenario.world["china_russia_alignment"].at(end),
    ]


def _clubs(scenario: Scenario) -> Array:
    """Weights of leader, blocs and allies in each ally's coalition level.

    The mean over the ally's clubs of the mean over their other members. An ally in no club looks
    to all parties alike: it has no club to lag behind, yet sees how many others join (D14-02).
    """
    parties = [scenario.leader, *scenario.blocs, *scenario.allies]
    weights = np.zeros((len(scenario.allies), len(parties)))
    for row, ally in enumerate(scenario.allies):
        circles = [
            [member for member in club.members if member != ally]
            for club in scenario.clubs.values()
            if ally in club.members
        ] or [[party for party in parties if party != ally]]
        for circle in circles:
            for member in circle:
                weights[row, parties.index(member)] += 1.0 / (len(circles) * len(circle))
    return weights


def _fixed(scenario: Scenario, state: str, decision: str) -> Choices:
    """Options fixed for a state's decision: (T, A) for stances, the first column otherwise."""
    calendar = scenario.calendar
    fixed = np.full((calendar.steps, len(scenario.allies)), -1, dtype=np.int64)
    for entry in scenario.fixed:
        if (entry.state, entry.decision) != (state, decision):
            continue
        column = scenario.allies.index(entry.toward) if entry.toward else 0
        option = option_index(scenario, entry)
        for step in range(calendar.steps):
            if _covers(entry, calendar.ends[step], calendar.months) and option is not None:
                fixed[step, column] = option
    return fixed


def _covers(entry: Fixed, end: str, months: int) -> bool:
    """Whether a fixed decision holds in the step that ends with a month."""
    year, month = int(end[:4]), int(end[5:7])
    index = year * 12 + month - months
    first = f"{index // 12:04d}-{index % 12 + 1:02d}"
    return entry.start[:7] <= end and entry.end[:7] >= first
