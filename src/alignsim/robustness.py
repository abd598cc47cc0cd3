"""Which conclusions survive what careful coders could also have written.

Each conclusion is given its probability twice: under the posterior of the weights with inputs as
coded, and under the posterior that integrates over the evidence ranges of the inputs, in worlds
whose inputs are drawn from them too.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from alignsim import drawn_inputs, ensemble, history, wholes
from alignsim import weights as weight_sets
from alignsim.decision import ALLY_GROUPS, GROUPS, JOINED
from alignsim.scenario import Scenario
from alignsim.variants import Base
from alignsim.weights import Parameters

Floats = NDArray[np.float64]

CODED, DRAWN = "calibrated", "calibrated-inputs"
SURE = 0.9
"""Probability from which a conclusion is held to stand."""
WORLDS = 20


@dataclass(frozen=True)
class Conclusion:
    """A statement, and its probability with inputs as coded and as drawn."""

    statement: str
    coded: float
    drawn: float

    @property
    def stands(self) -> str:
        """Whether it stands, only with the inputs as coded, or not at all."""
        if self.coded < SURE:
            return "not settled"
        return "survives" if self.drawn >= SURE else "only as coded"


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def conclusions(scenarios: dict[str, Scenario], runs: int, seed: int) -> list[Conclusion]:
    """Sides that the allies end on, in free runs, and the order of the weights of the groups.

    Of the order of two groups the more probable one is stated. The same seed, the same result.
    """
    found = []
    for scenario in scenarios.values():
        coded, drawn = _joined(scenario, CODED, runs, seed), _worlds(scenario, runs, seed)
        for index, ally in enumerate(scenario.allies):
            found.append(_side(scenario, ally, float(coded[index]), float(drawn[index])))
    return found + _orders()


def _joined(scenario: Scenario, name: str, runs: int, seed: int) -> Floats:
    """Share of runs in which each ally has joined at the end, (allies,)."""
    forecast = ensemble.posterior_runs(scenario, name, runs, seed)
    share: Floats = (forecast.outcome.level[:, -1] >= JOINED).mean(axis=0)
    return share


def _worlds(scenario: Scenario, runs: int, seed: int) -> Floats:
    """The same over drawings of the inputs, the weights drawn alike."""
    centre, drawn = weight_sets.read(DRAWN), weight_sets.read_draws(DRAWN)
    base = Base.of(scenario, weight_sets.read_set(DRAWN))
    each = max(1, runs // WORLDS)
    shares = []
    for number, world in enumerate(drawn_inputs.worlds(base, WORLDS, seed)):
        # Each world meets other draws of the weights.
        turned = (*drawn[number * each % len(drawn) :], *drawn[: number * each % len(drawn)])
        forecast = ensemble.of_draws(world.scenario, centre, turned, each, seed, world.line)
        shares.append((forecast.outcome.level[:, -1] >= JOINED).mean(axis=0))
    mean: Floats = np.mean(shares, axis=0)
    return mean


def _side(scenario: Scenario, ally: str, coded: float, drawn: float) -> Conclusion:
    """The documented side of an ally at the end; the likelier one where none is documented."""
    ends = [
        record.value
        for record in history.documented(scenario)
        if (record.state, record.decision) == (ally, "level")
    ]
    joined = ends[-1] >= JOINED if ends else coded >= 0.5
    verb = "joins" if joined else "does not join"
    chances = (coded, drawn) if joined else (1.0 - coded, 1.0 - drawn)
    return Conclusion(f"{scenario.label(ally)} {verb} ({scenario.name})", *chances)


def _orders() -> list[Conclusion]:
    coded, drawn = (_groups(weight_sets.read_draws(name)) for name in (CODED, DRAWN))
    found = []
    for first, second in combinations(range(len(ALLY_GROUPS)), 2):
        share = float((coded[:, first] > coded[:, second]).mean())
        high, low = (first, second) if share >= 0.5 else (second, first)
        statement = f"{_name(high)} weighs more than {_name(low)}"
        shares = [float((table[:, high] > table[:, low]).mean()) for table in (coded, drawn)]
        found.append(Conclusion(statement, *shares))
    return sorted(found, key=lambda one: -one.coded)


def _groups(drawn: tuple[Parameters, ...]) -> Floats:
    """Mean total weight of each group's terms, (draws, groups)."""
    return np.array(
        [
            [
                np.exp(np.mean([np.log(getattr(one.weights, term)) for term in GROUPS[group]]))
                for group in ALLY_GROUPS
            ]
            for one in drawn
        ]
    )


def _name(group: int) -> str:
    return ALLY_GROUPS[group].replace("_", " ")
