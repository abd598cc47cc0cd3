"""Forecasts made without the model, to be beaten by it.

A forecast is (steps, K): a row of probabilities for every step of the scenario, documented or
not. The baselines are generous where they can be: two are told what the leader did, and one has
seen how often each option was taken.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignsim.history import Documented, Key, by_key
from alignsim.scenario import Scenario, options
from alignsim.scores import smoothed

Forecast = NDArray[np.float64]
Role = Literal["leader", "ally", "target"]

NAMES = (
    "uniform",
    "never join",
    "match the leader",
    "follow the leader",
    "stay as before",
    "base rate",
)
"""Every baseline, in the order in which they are reported."""

ALLIES_LEVEL_ONLY = ("never join", "match the leader", "follow the leader")
"""Baselines that say nothing but how far an ally's sanctions go."""

SOFTENING = 0.1
"""Probability a deterministic baseline gives to the other options, together.

Certain forecasts would lose infinitely much in the log score by a single miss.
"""

STANCE_BEFORE = {"leader": "none", "target": "neutral"}
"""Stance toward everybody before an episode starts."""


def roles(scenario: Scenario) -> dict[str, Role]:
    """Role of each state that decides: leader, ally or target."""
    acting: dict[str, Role] = dict.fromkeys(scenario.allies, "ally")
    acting[scenario.leader] = "leader"
    acting[scenario.target] = "target"
    return acting


def forecasts(
    scenario: Scenario,
    records: Sequence[Documented],
    pool: Mapping[str, Sequence[Documented]],
    pool_roles: Mapping[str, Mapping[str, Role]] | None = None,
) -> dict[str, dict[Key, Forecast]]:
    """Forecasts (steps, K) of every documented decision, by baseline and key.

    ``records`` are those of the scenario; ``pool`` the records of all episodes by name, from
    which the base rate is taken, and ``pool_roles`` their `roles`: by default each state has the
    role it has in the scenario. All of `NAMES` are keys; those in `ALLIES_LEVEL_ONLY` forecast
    the allies' levels and nothing else.
    Raises ValueError where an episode of the pool, or a state in it, has no role.
    """
    acting = roles(scenario)
    if pool_roles is None:
        pool_roles = dict.fromkeys(pool, acting)
    steps = scenario.calendar.steps
    leader = _leader_path(scenario, records)
    before = _start(scenario, scenario.leader, "level")
    found: dict[str, dict[Key, Forecast]] = {name: {} for name in NAMES}
    for key in by_key(list(records)):
        state, decision, _ = key
        count = len(options(scenario, state, decision))
        found["uniform"][key] = np.full((steps, count), 1.0 / count)
        found["stay as before"][key] = softened([_before(scenario, key)] * steps, count)
        rate = _base_rate(acting[state], decision, count, pool, pool_roles)
        found["base rate"][key] = np.tile(rate, (steps, 1))
        if acting[state] == "ally" and decision == "level":
            found["never join"][key] = softened([0] * steps, count)
            found["match the leader"][key] = softened(leader, count)
            found["follow the leader"][key] = softened([before, *leader[:-1]], count)
    return found


def softened(path: Sequence[int], count: int) -> Forecast:
    """A path (T,) of options as a forecast (T, count): all but `SOFTENING` on its option.

    The others share `SOFTENING` evenly. Raises ValueError on an option out of range.
    """
    chosen = np.asarray(path, dtype=np.int64)
    if np.any(chosen < 0) or np.any(chosen >= count):
        raise ValueError(f"path: an option is not one of {count}")
    forecast = np.full((len(chosen), count), SOFTENING / (count - 1))
    forecast[np.arange(len(chosen)), chosen] = 1.0 - SOFTENING
    return forecast


def _leader_path(scenario: Scenario, records: Sequence[Documented]) -> list[int]:
    """Leader's documented level at each step; it holds over steps that are not documented."""
    known = {
        record.step: record.value
        for record in records
        if (record.state, record.decision) == (scenario.leader, "level")
    }
    level = _start(scenario, scenario.leader, "level")
    path = []
    for step in range(scenario.calendar.steps):
        level = known.get(step, level)
        path.append(level)
    return path


def _before(scenario: Scenario, key: Key) -> int:
    """Option in force a step before the scenario starts."""
    state, decision, _ = key
    if decision == "stance":
        return options(scenario, state, decision).index(STANCE_BEFORE[roles(scenario)[state]])
    return _start(scenario, state, decision)


def _start(scenario: Scenario, state: str, decision: str) -> int:
    return int(scenario.before(scenario.states[state][f"initial_{decision}"]))


def _base_rate(
    role: Role,
    decision: str,
    count: int,
    pool: Mapping[str, Sequence[Documented]],
    pool_roles: Mapping[str, Mapping[str, Role]],
) -> Forecast:
    """Relative frequency of the options over the pool's states of a role, add-half smoothed."""
    counts = np.zeros((1, count))
    for episode, records in pool.items():
        for record in records:
            if record.decision != decision:
                continue
            if record.state not in pool_roles.get(episode, {}):
                raise ValueError(f"pool: no role of {record.state} in {episode}")
            if pool_roles[episode][record.state] == role:
                counts[0, record.value] += 1.0
    rate: Forecast = smoothed(counts)[0]
    return rate
