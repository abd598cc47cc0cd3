"""A scenario as arrays: what holds at each step, for both engines.

The index formulas turn a scenario's dated indicators into the inputs of the terms; columns are
those of :mod:`alignsim.situation`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import indices, inputs
from alignsim.decision import total, unit_level
from alignsim.scenario import Fixed, Quantity, Scenario, later, option_index
from alignsim.situation import ALLY_COLUMNS, LEADER_COLUMNS

Array = NDArray[np.float64]
Choices = NDArray[np.int64]


WORLD_OF_ALLIES = ("middle_east_turmoil", "china_capability", "north_korea_capability")
"""Inputs of the world that enter every ally's row."""


class Timeline(NamedTuple):
    """All that both engines need of a scenario, besides weights.

    Shapes in steps T, allies A, blocs B, circles C: the clubs that allies look to. ``members``
    holds 1 for the members of a circle (leader, blocs, allies), or 1/n for each of the n allies of
    a union, which counts once; ``others`` is their sum less one; rows of ``looks_to`` sum to one.
    ``union`` is the number of an ally's union, or -1; ``voices`` of its members sum to one.
    ``fixed_*`` hold an option, or -1 where the agent chooses.
    """

    months: int
    allies: Array  # (T, A, len(ALLY_COLUMNS))
    leader: Array  # (T, len(LEADER_COLUMNS))
    world: Array  # (T, 2): severity, alignment
    bloc_levels: Array  # (T, B), on the unit scale, of the step before
    bloc_levels_now: Array  # (T, B)
    bloc_shares: Array  # (T, B)
    members: Array  # (C, 1 + B + A)
    others: Array  # (C,)
    looks_to: Array  # (A, C)
    union: Choices  # (A,)
    voices: Array  # (A,), 0 for who is in no union
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
    members, looks_to = _circles(scenario)
    return Timeline(
        months=scenario.calendar.months,
        allies=np.stack([_ally_rows(scenario, ally) for ally in scenario.allies], axis=1),
        members=members,
        others=members.sum(axis=1) - 1.0,
        looks_to=looks_to,
        union=_unions(scenario),
        voices=_voices(scenario),
        **_leader_part(scenario),
        **_world_part(scenario),
        **_bloc_part(scenario),
        **_start_part(scenario),
        **_fixed_part(scenario),
    )


Part = Literal["leader", "world", "blocs", "starts", "fixed"]


def rebuilt(
    line: Timeline, scenario: Scenario, parts: Collection[Part], allies: Collection[str]
) -> Timeline:
    """The timeline of a scenario that differs from another's in these parts and allies only.

    Much faster than building it whole. Which states there are, their clubs, their unions and the
    calendar are those of ``line``.
    """
    make = {
        "leader": _leader_part,
        "world": _world_part,
        "blocs": _bloc_part,
        "starts": _start_part,
        "fixed": _fixed_part,
    }
    fields: dict[str, Any] = {}
    for part in parts:
        fields |= make[part](scenario)
    if allies:
        fields["allies"] = line.allies.copy()
        for ally in allies:
            fields["allies"][:, scenario.allies.index(ally)] = _ally_rows(scenario, ally)
        fields["voices"] = _voices(scenario)
    return line._replace(**fields)


def _ally_rows(scenario: Scenario, ally: str) -> Array:
    """One ally's rows, (T, len(ALLY_COLUMNS))."""
    world = {name: scenario.world[name] for name in WORLD_OF_ALLIES}
    tables = [scenario.states[ally], world, scenario.states[scenario.target]]
    return _course(scenario, tables, lambda end: _ally(scenario, ally, end))


def _leader_part(scenario: Scenario) -> dict[str, Any]:
    tables = [scenario.states[scenario.leader]]
    return {"leader": _course(scenario, tables, lambda end: _leader(scenario, end))}


def _world_part(scenario: Scenario) -> dict[str, Any]:
    rows = _course(scenario, [scenario.world], lambda end: _world(scenario, end))
    return {"world": rows, "initial_severity": scenario.before(scenario.world["initial_severity"])}


def _course(
    scenario: Scenario,
    tables: Sequence[Mapping[str, Quantity]],
    row: Callable[[str], list[float]],
) -> Array:
    """A row for each step, evaluated anew only where a quantity of the tables changes."""
    changes = {
        change.date[:7]
        for table in tables
        for quantity in table.values()
        for change in quantity.changes
    }
    rows: list[list[float]] = []
    before = ""
    for end in scenario.calendar.ends:
        if not rows or any(before < month <= end for month in changes):
            rows.append(row(end))
        else:
            rows.append(rows[-1])
        before = end
    return np.array(rows)


def _bloc_part(scenario: Scenario) -> dict[str, Any]:
    ends, blocs = scenario.calendar.ends, scenario.blocs.values()
    shape = (len(ends), len(blocs))
    now = np.array([[unit_level(bloc.level.at(end)) for bloc in blocs] for end in ends])
    start = np.array([[unit_level(scenario.before(bloc.level)) for bloc in blocs]])
    shares = np.array([[bloc.russia_trade_share.at(end) for bloc in blocs] for end in ends])
    now, start = now.reshape(shape), start.reshape(1, len(blocs))
    return {
        "bloc_levels": np.concatenate([start, now[:-1]]),
        "bloc_levels_now": now,
        "bloc_shares": shares.reshape(shape),
    }


def _start_part(scenario: Scenario) -> dict[str, Any]:
    def start(state: str, decision: str) -> int:
        return int(scenario.before(scenario.states[state][f"initial_{decision}"]))

    return {
        "initial_leader": start(scenario.leader, "level"),
        "initial_levels": np.array([start(ally, "level") for ally in scenario.allies]),
        "initial_engagements": np.array([start(ally, "engagement") for ally in scenario.allies]),
    }


def _fixed_part(scenario: Scenario) -> dict[str, Any]:
    def own(decision: str) -> Choices:
        return np.stack([_fixed(scenario, a, decision)[:, 0] for a in scenario.allies], axis=1)

    return {
        "fixed_leader_level": _fixed(scenario, scenario.leader, "level")[:, 0].copy(),
        "fixed_leader_stance": _fixed(scenario, scenario.leader, "stance"),
        "fixed_target_stance": _fixed(scenario, scenario.target, "stance"),
        "fixed_level": own("level"),
        "fixed_engagement": own("engagement"),
    }


def _at(table: dict[str, Quantity], end: str) -> dict[str, float]:
    return {name: quantity.at(end) for name, quantity in table.items()}


def _ally(scenario: Scenario, ally: str, end: str) -> list[float]:
    """One ally's row at a step, in ALLY_COLUMNS order."""
    own = inputs.ALLY_DEFAULTS | _at(scenario.states[ally], end)
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
            own["g7"], own["eu"], own["nato"], own["nato_partner"], own["eu_associate"]
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


def _circles(scenario: Scenario) -> tuple[Array, Array]:
    """Members of each circle, and the weight of each circle to each ally.

    An ally looks to its clubs and its union's alike, and to the union that it is an associate of
    as to a club. One in no club looks to all parties: it has no club to lag behind, yet sees how
    many others join (D14-02).
    """
    parties = [scenario.leader, *scenario.blocs, *scenario.allies]
    asked = [(code, a) for code, union in scenario.unions.items() for a in union.associates]
    circles = [club.members for club in scenario.clubs.values()] + asked
    weighed = [_weights(scenario, circle) for circle in circles] + [_weights(scenario, parties)]
    members = np.array([[weights.get(party, 0.0) for party in parties] for weights in weighed])
    looks_to = (members[:, 1 + len(scenario.blocs) :].T > 0.0).astype(np.float64)
    for circle, (_, associate) in enumerate(asked, len(scenario.clubs)):
        looks_to[:, circle] = [float(ally == associate) for ally in scenario.allies]
    looks_to[:, -1] = looks_to[:, :-1].sum(axis=1) == 0.0
    return members, looks_to / looks_to.sum(axis=1, keepdims=True)


def _weights(scenario: Scenario, circle: Collection[str]) -> dict[str, float]:
    """Weight of each party in a circle: a union counts once, whoever names it or its members."""
    weights = dict.fromkeys(circle, 1.0)
    for code, union in scenario.unions.items():
        if code in circle or not weights.keys().isdisjoint(union.members):
            weights |= dict.fromkeys(union.members, 1.0 / len(union.members))
    return weights


def _unions(scenario: Scenario) -> Choices:
    """Number of each ally's union, in the order of the file, or -1: (A,)."""
    numbers = {m: u for u, one in enumerate(scenario.unions.values()) for m in one.members}
    return np.array([numbers.get(ally, -1) for ally in scenario.allies], dtype=np.int64)


def _voices(scenario: Scenario) -> Array:
    """Weight of each member in its union, (A,): alike, also where none has any capability."""
    voices = dict.fromkeys(scenario.allies, 0.0)
    first = scenario.calendar.ends[0]
    for union in scenario.unions.values():
        given = dict.fromkeys(union.members, 1.0)
        if union.rule == "capability":
            found = {m: scenario.states[m]["capability"].at(first) for m in union.members}
            given = found if any(found.values()) else given
        whole = total(tuple(given.values()))  # from Python 3.12 on sum() rounds otherwise
        voices |= {member: voice / whole for member, voice in given.items()}
    return np.array(list(voices.values()))


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
    return entry.start[:7] <= end and entry.end[:7] >= later(end, 1 - months)
