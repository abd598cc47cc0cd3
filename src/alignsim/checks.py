"""Checks of a scenario's file: the first fault becomes one DocumentError, in plain words."""

from collections.abc import Collection

from alignsim import inputs, shapes
from alignsim.documents import Document, Location
from alignsim.scenario import (
    MEANINGS,
    Fixed,
    Quantity,
    Scenario,
    WhatIf,
    option_index,
    options,
    role_table,
)

KINDS = ("episode", "whatif", "world")
SUM_TOLERANCE = 1e-9
MOST_TOLD = 40
"""Names that a message lists: all inputs of a role, not all states of the world."""


def kind(document: Document) -> str:
    """Kind of a scenario file. Raises DocumentError where it is none."""
    stated = document.data.get("kind")
    if stated is None:
        raise document.error(("kind",), f"missing key kind: {', '.join(KINDS)}")
    if stated not in KINDS:
        raise document.error(("kind",), f"should be one of {', '.join(KINDS)}")
    return str(stated)


def episode(document: Document) -> Scenario:
    """Check an episode, or one that a what-if was applied to. Raises DocumentError."""
    scenario = shapes.parsed(Scenario, document, MEANINGS)
    _check_calendar(document, scenario)
    _check_states(document, scenario)
    _check_unions(document, scenario)
    _check_clubs(document, scenario)
    _check_table(document, ("world",), scenario.world, inputs.WORLD)
    for code, bloc in scenario.blocs.items():
        course = {"level": bloc.level, "russia_trade_share": bloc.russia_trade_share}
        _check_table(document, ("blocs", code), course, inputs.BLOC)
    for code, table in scenario.states.items():
        _check_table(document, ("states", code), table, role_table(scenario, code))
    if fault := trade_shares_fault(scenario):
        raise document.error(("states",), fault)
    _check_starts(document, scenario)
    for code in scenario.unions:
        if fault := start_fault(scenario, code):
            raise document.error(("unions", code, "members"), fault)
    for index, fixed in enumerate(scenario.fixed):
        _check_fixed(document, ("fixed", index), scenario, fixed)
    return scenario


def whatif(document: Document) -> WhatIf:
    """Check a what-if by itself: not whether its paths exist. Raises DocumentError."""
    parsed = shapes.parsed(WhatIf, document, MEANINGS)
    for path, setting in parsed.set.items():
        if path == "fixed":
            if not isinstance(setting, list):
                raise document.error(("set", path), "should be a list of fixed decisions")
        elif not isinstance(setting, dict):
            raise document.error(("set", path), "should be a mapping with value and source")
        else:
            for key in ("value", "source"):
                if key not in setting:
                    raise document.error(("set", path), f"missing key {key}")
    return parsed


# --- across keys --------------------------------------------------------------------------


def _check_calendar(document: Document, scenario: Scenario) -> None:
    calendar = scenario.calendar
    if calendar.step == "quarter" and calendar.start[5:] not in ("01", "04", "07", "10"):
        raise document.error(("calendar", "start"), "a quarter starts in month 01, 04, 07 or 10")


def _check_states(document: Document, scenario: Scenario) -> None:
    if scenario.target == scenario.leader:
        raise document.error(("target",), f"{scenario.target} is the leader")
    roles = [scenario.leader, scenario.target, *scenario.allies]
    for index, ally in enumerate(scenario.allies):
        if ally in roles[:2]:
            raise document.error(("allies", index), f"{ally} is the leader or the target")
    for state in roles:
        if state not in scenario.states:
            raise document.error(("states",), f"missing state {state}")
    for state in scenario.states:
        _check_known(document, ("states", state), state, roles)
    for code in scenario.blocs:
        if code in roles:
            raise document.error(("blocs", code), "a bloc cannot also be a state")
    named = [*roles, *scenario.blocs, *scenario.unions]
    for state in scenario.labels:
        _check_known(document, ("labels", state), state, named)


def _check_unions(document: Document, scenario: Scenario) -> None:
    taken = [scenario.leader, scenario.target, *scenario.allies, *scenario.blocs]
    union_of: dict[str, str] = {}
    for code, union in scenario.unions.items():
        if code in taken:
            raise document.error(("unions", code), "a union cannot also be a state or a bloc")
        for index, member in enumerate(union.members):
            path: Location = ("unions", code, "members", index)
            _check_known(document, path, member, list(scenario.allies))
            if member in union_of:
                raise document.error(path, f"{member} decides with {union_of[member]}")
            union_of[member] = code
    for code, union in scenario.unions.items():
        for index, associate in enumerate(union.associates):
            path = ("unions", code, "associates", index)
            _check_known(document, path, associate, list(scenario.allies))
            if associate in union_of:
                raise document.error(path, f"{associate} decides with {union_of[associate]}")


def start_fault(scenario: Scenario, code: str) -> str:
    """Members of a union start at one level, as they decide; empty if they do."""
    first, *others = scenario.unions[code].members
    level = scenario.before(scenario.states[first]["initial_level"])
    for other in others:
        own = scenario.before(scenario.states[other]["initial_level"])
        if own != level:
            return f"{first} starts at {level:g} and {other} at {own:g}; give one initial_level"
    return ""


def _check_clubs(document: Document, scenario: Scenario) -> None:
    parties = [scenario.leader, *scenario.allies, *scenario.blocs, *scenario.unions]
    union_of = {m: code for code, union in scenario.unions.items() for m in union.members}
    for code, club in scenario.clubs.items():
        for index, member in enumerate(club.members):
            path: Location = ("clubs", code, "members", index)
            _check_known(document, path, member, parties)
            if one := union_of.get(member):
                raise document.error(path, f"{member} decides with {one}; name {one}")


def _check_known(document: Document, path: Location, state: str, known: list[str]) -> None:
    if state not in known:
        raise document.error(path, f"unknown state {state}; allowed: {listed(known)}")


def listed(names: Collection[str]) -> str:
    """Names that are allowed, of many the first."""
    told = ", ".join(list(names)[:MOST_TOLD])
    return told if len(names) <= MOST_TOLD else f"{told}, …"


def _check_table(
    document: Document,
    path: Location,
    quantities: dict[str, Quantity],
    table: dict[str, inputs.Input],
) -> None:
    for name in quantities:
        if name not in table:
            raise document.error((*path, name), f"unknown key; allowed: {', '.join(table)}")
    for name, row in table.items():
        if name in quantities:
            quantity(document, (*path, name), quantities[name], row)
        elif row.default is None:
            raise document.error(path, f"missing key {name}")


def quantity(document: Document, path: Location, stated: Quantity, row: inputs.Input) -> None:
    """Check one quantity against its row of the input table. Raises DocumentError."""
    if stated.unit != row.unit:
        raise document.error((*path, "unit"), f"should be {row.unit}")
    _check_value(document, path, stated.value, stated.range, row)
    before = ""
    for index, change in enumerate(stated.changes):
        below = (*path, "changes", index)
        _check_value(document, below, change.value, change.range, row)
        if change.date[:7] <= before[:7]:
            fault = "stands twice" if change.date[:7] == before[:7] else "is out of order"
            raise document.error((*below, "date"), f"{change.date} {fault}; sort by month")
        before = change.date


def _check_value(
    document: Document,
    path: Location,
    value: float,
    bounds: tuple[float, float],
    row: inputs.Input,
) -> None:
    for key, number in (("value", value), ("range", bounds[0]), ("range", bounds[1])):
        if fault := row.fault(number):
            raise document.error((*path, key), fault)
    if not bounds[0] <= value <= bounds[1]:
        raise document.error((*path, "range"), f"does not hold the value {value:g}")


def _check_starts(document: Document, scenario: Scenario) -> None:
    """What holds a step before the start cannot change later."""
    tables: list[tuple[Location, dict[str, Quantity]]] = [(("world",), scenario.world)]
    tables += [(("states", code), table) for code, table in scenario.states.items()]
    for path, table in tables:
        for name in filter(inputs.of_start, table):
            for index, change in enumerate(table[name].changes):
                if change.date[:7] > scenario.calendar.before:
                    fault = f"{change.date} is too late; {name} holds before the start"
                    raise document.error((*path, name, "changes", index, "date"), fault)


def trade_shares_fault(scenario: Scenario) -> str:
    """Shares in the target's trade are parts of one whole, at every step; empty if they are."""
    parties = [scenario.states[state] for state in (scenario.leader, *scenario.allies)]
    shares = [party["russia_trade_share"] for party in parties]
    shares += [bloc.russia_trade_share for bloc in scenario.blocs.values()]
    for end in scenario.calendar.ends:
        if fault := trade_sum_fault(sum(share.at(end) for share in shares), end):
            return fault
    return ""


def trade_sum_fault(total: float, end: str) -> str:
    """What is wrong with the sum of the shares in a month; empty if nothing."""
    if total <= 1.0 + SUM_TOLERANCE:
        return ""
    return f"russia_trade_share of leader, allies and blocs sums to {total:.3g} in {end}; at most 1"


def _check_fixed(document: Document, path: Location, scenario: Scenario, fixed: Fixed) -> None:
    actors = [scenario.leader, *scenario.allies, scenario.target]
    _check_known(document, (*path, "state"), fixed.state, actors)
    if (fixed.decision == "stance") != (fixed.toward is not None):
        raise document.error((*path, "toward"), "goes with a stance, and only with one")
    if fixed.toward is not None:
        _check_known(document, (*path, "toward"), fixed.toward, list(scenario.allies))
    if fixed.end[: len(fixed.start)] < fixed.start[: len(fixed.end)]:
        raise document.error((*path, "to"), f"{fixed.end} is before {fixed.start}")
    names = options(scenario, fixed.state, fixed.decision)
    if not names:
        raise document.error((*path, "decision"), f"{fixed.state} takes no {fixed.decision}")
    if option_index(scenario, fixed) is None:
        raise document.error((*path, "option"), f"should be one of {', '.join(names)}")
