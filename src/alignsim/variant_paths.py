"""The paths that a variant can set, and what each names.

* ``states.KOR.gas_share``, ``world.severity``, ``blocs.EU.level``: an input;
* ``world.severity@2014-07``: an event, the change of an input dated to that month;
* ``indices.KOR.exposure``: an index that the inputs make up, at all steps;
* ``decisions.USA.stance.KOR``, ``decisions.JPN.level``: a decision, set or left free; with
  ``@2014-03..2014-06`` only within these months;
* ``weights.groups.norms``, ``weights.terms.market``, ``weights.precision.level``,
  ``weights.dynamics.persistence``: a number of the weight set.
"""

from collections.abc import Callable
from typing import Any

from alignsim import inputs
from alignsim import weights as weight_sets
from alignsim.scenario import Scenario, decisions, options, role_table
from alignsim.situation import ALLY_COLUMNS
from alignsim.variants import (
    Base,
    DecisionTarget,
    IndexTarget,
    InputTarget,
    Target,
    WeightTarget,
)


def target(base: Base, path: str) -> Target:
    """What a path names. Raises ValueError with what is allowed in its place."""
    head, _, rest = path.partition(".")
    parsers: dict[str, Callable[[Base, str, str], Target]] = {
        "states": _input,
        "world": _input,
        "blocs": _input,
        "indices": _index,
        "decisions": _decision,
        "weights": _weight,
    }
    return parsers[_known(head, parsers)](base, path, rest)


def _known(name: str, allowed: Any) -> str:
    if name not in allowed:
        raise ValueError(f"no {name[:60] or 'such key'} here; allowed: {', '.join(allowed)}")
    return name


def _input(base: Base, path: str, rest: str) -> InputTarget:
    scenario = base.scenario
    rest, at, month = rest.partition("@")
    place = (path.partition(".")[0], *rest.split("."))
    table = inputs.WORLD
    if place[0] != "world":
        code = _known(place[1], scenario.blocs if place[0] == "blocs" else scenario.states)
        table = inputs.BLOC if place[0] == "blocs" else role_table(scenario, code)
    depth = 2 if place[0] == "world" else 3
    row = table[_known(".".join(place[depth - 1 :]), table)]
    if not at:
        return InputTarget(path, place, row)
    step = _step(scenario, month)
    by_label = month in scenario.calendar.dates
    return InputTarget(path, place, row, scenario.calendar.ends[step] if by_label else month[:7])


def _index(base: Base, path: str, rest: str) -> IndexTarget:
    code, _, column = rest.partition(".")
    ally = base.scenario.allies.index(_known(code, base.scenario.allies))
    return IndexTarget(path, ally, ALLY_COLUMNS.index(_known(column, ALLY_COLUMNS)))


def _weight(base: Base, path: str, rest: str) -> WeightTarget:
    part, _, name = rest.partition(".")
    names = weight_sets.PARTS[_known(part, weight_sets.PARTS)]
    return WeightTarget(path, part, _known(name, names))


def _decision(base: Base, path: str, rest: str) -> DecisionTarget:
    scenario = base.scenario
    rest, at, window = rest.partition("@")
    code, decision, toward, *more = [*rest.split("."), "", ""]
    _known(code, (scenario.leader, *scenario.allies, scenario.target))
    kinds = [kind for kind in ("level", "engagement", "stance") if options(scenario, code, kind)]
    names = options(scenario, code, _known(decision, kinds))
    tables = {scenario.leader: "fixed_leader_", scenario.target: "fixed_target_"}
    name = f"{tables.get(code, 'fixed_')}{decision}"
    if decision == "stance":
        ally: int | None = scenario.allies.index(_known(toward, scenario.allies))
    else:
        ally = None if code == scenario.leader else scenario.allies.index(code)
    if any(more) or (toward and decision != "stance"):
        raise ValueError(f"nothing stands below {decision} here: {path[:60]}")
    steps = _window(scenario, window) if at else slice(None)
    return DecisionTarget(path, name, ally, names, steps)


def _window(scenario: Scenario, window: str) -> slice:
    first, between, last = window.partition("..")
    start, end = _step(scenario, first), _step(scenario, last if between else first)
    if end < start:
        raise ValueError(f"{last} is before {first}")
    return slice(start, end + 1)


def _step(scenario: Scenario, date: str) -> int:
    step = scenario.calendar.step_of(date)
    if step is None:
        dates = scenario.calendar.dates
        told = date[:40] or "no date"
        raise ValueError(f"{told} is not in {scenario.name}, {dates[0]} to {dates[-1]}")
    return step


# --- which there are ------------------------------------------------------------------------


def input_paths(scenario: Scenario) -> list[str]:
    """Every input of the world, the blocs and the states, in the order of the file."""
    world = [f"world.{name}" for name in scenario.world]
    blocs = [f"blocs.{code}.{name}" for code in scenario.blocs for name in inputs.BLOC]
    states = [f"states.{code}.{name}" for code, own in scenario.states.items() for name in own]
    return [*world, *blocs, *states]


def event_paths(base: Base) -> list[str]:
    """Every dated change of an input within the scenario, as ``world.severity@2014-07``."""
    scenario = base.scenario
    found = []
    for path in input_paths(scenario):
        named = target(base, path)
        assert isinstance(named, InputTarget)
        months = (change.date[:7] for change in named.quantity(scenario).changes)
        found += [
            f"{path}@{month}" for month in months if scenario.calendar.step_of(month) is not None
        ]
    return found


def decision_paths(scenario: Scenario) -> list[str]:
    """Every decision: levels, engagements, and stances toward each ally."""
    return [".".join(("decisions", *filter(None, key))) for key in decisions(scenario)]
