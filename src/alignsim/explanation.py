"""Why a decision fell as it did: its terms against the next higher and lower option."""

from dataclasses import dataclass
from typing import Any

from alignsim import history, terms, wholes
from alignsim.agents import Decision
from alignsim.model import AlignmentModel
from alignsim.scenario import Scenario
from alignsim.traceability import claims_in
from alignsim.weights import Parameters

MOST_TOLD = 12
"""Most states or decisions that a message lists."""


@dataclass(frozen=True)
class Difference:
    """One term for the option explained and for its neighbour, and what the neighbour gains."""

    term: str
    here: float
    there: float
    claims: tuple[str, ...]

    @property
    def gain(self) -> float:
        """What moving to the neighbour would gain in this term; negative is a loss."""
        return self.there - self.here


@dataclass(frozen=True)
class Explanation:
    """One decision, and its terms against each neighbouring option, largest difference first."""

    decision: Decision
    option: int
    documented: int | None
    neighbours: dict[int, list[Difference]]

    def rows(self) -> list[dict[str, Any]]:
        """Flat records: one a term and neighbour."""
        made = self.decision
        return [
            {
                "date": made.date,
                "state": made.state,
                "decision": made.decision,
                "toward": made.toward,
                "option": made.options[self.option],
                "probability": made.probabilities[self.option],
                "against": made.options[neighbour],
                "against_probability": made.probabilities[neighbour],
                "term": difference.term,
                "here": difference.here,
                "there": difference.there,
                "gain": difference.gain,
                "claims": list(difference.claims),
            }
            for neighbour, differences in self.neighbours.items()
            for difference in differences
        ]


@wholes.taken(run=wholes.RUN, seed=wholes.SEED)
def explain(
    scenario: Scenario,
    parameters: Parameters,
    state: str,
    date: str,
    decision: str = "level",
    toward: str | None = None,
    run: int | None = None,
    seed: int = 0,
) -> Explanation:
    """Explain a state's decision at a date.

    By default along the documented course: everyone has decided as documented up to that date,
    and the documented option is explained. With ``run`` a free run of that number instead, and the
    option it took; a what-if has no documented course and is always a free run (run 0).
    Raises ValueError where the scenario has no such decision.
    """
    free = _free(scenario, run)
    made = _find(decided(scenario, parameters, date, run, seed), state, decision, toward)
    return of_made(scenario, made, documented=not free)


@wholes.taken(run=wholes.RUN, seed=wholes.SEED)
def decided(
    scenario: Scenario, parameters: Parameters, date: str, run: int | None = None, seed: int = 0
) -> list[Decision]:
    """Everyone's decisions at a date, made as :func:`explain` says.

    Raises ValueError for a date outside the scenario.
    """
    step = scenario.calendar.step_of(date)
    if step is None:
        dates = scenario.calendar.dates
        raise ValueError(f"{date} is not in {scenario.name}, {dates[0]} to {dates[-1]}")
    played = scenario if _free(scenario, run) else history.replayed(scenario)
    model = AlignmentModel(played, parameters, run=run or 0, rng=seed)
    while model.step_index < step:
        model.step()
    return [made for made in model.decisions if made.step == step]


def of_made(scenario: Scenario, made: Decision, documented: bool = False) -> Explanation:
    """Explain a decision by the option it took, or by the ``documented`` one where it is known."""
    known = _documented(scenario, made)
    option = known if documented and known is not None else made.chosen
    return Explanation(made, option, known, _neighbours(made, option))


def _free(scenario: Scenario, run: int | None) -> bool:
    """Whether a run is free; a what-if has no documented course."""
    return run is not None or scenario.episode != scenario.name


def _find(at_step: list[Decision], state: str, decision: str, toward: str | None) -> Decision:
    for made in at_step:
        if (made.state, made.decision) == (state, decision) and toward in (None, made.toward):
            return made
    wanted = f"{state} {decision}" + (f" toward {toward}" if toward else "")
    own = {_name(made) for made in at_step if made.state == state}
    known = sorted(own or {made.state for made in at_step})
    told = ", ".join(known[:MOST_TOLD]) + (", …" if len(known) > MOST_TOLD else "")
    raise ValueError(f"no decision {wanted}; {'there are' if own else 'who decides:'} {told}")


def _name(made: Decision) -> str:
    toward = f" toward {made.toward}" if made.toward else ""
    return f"{made.state} {made.decision}{toward}"


def _documented(scenario: Scenario, made: Decision) -> int | None:
    records = history.by_step(history.documented(scenario))
    record = records.get((made.state, made.decision, made.toward, made.step))
    return None if record is None else record.value


def _neighbours(made: Decision, option: int) -> dict[int, list[Difference]]:
    """Differences to the next higher and lower option, or for stances to every other one."""
    others = [option + 1, option - 1]
    if made.decision == "stance":
        others = [other for other in range(len(made.options)) if other != option]
    result = {}
    for other in others:
        if 0 <= other < len(made.options):
            here, there = made.terms[option], made.terms[other]
            differences = [
                Difference(name, here[name], there[name], claims_in(getattr(terms, name)))
                for name in here
            ]
            result[other] = sorted(differences, key=lambda item: -abs(item.gain))
    return result
