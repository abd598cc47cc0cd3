"""Flat records of forecast and documented decisions, one a decision and step."""

from typing import TYPE_CHECKING, Any

from alignsim import history, scores
from alignsim.history import Documented, Key
from alignsim.scenario import Scenario, options

if TYPE_CHECKING:
    from alignsim.ensemble import Ensemble

Rows = list[dict[str, Any]]


def of_ensemble(forecast: "Ensemble", records: list[Documented]) -> Rows:
    """The forecast of every decision and step, and what is documented."""
    documented = history.by_step(records)
    scenario = forecast.scenario
    rows = []
    for key in forecast.decisions:
        chances = forecast.frequencies(key)
        modal = scores.modal(chances)
        for step in range(scenario.calendar.steps):
            found = documented.get((*key, step))
            rows.append(row(scenario, key, step, int(modal[step]), chances[step].tolist(), found))
    return rows


def row(
    scenario: Scenario,
    key: Key,
    step: int,
    modal: int,
    chances: list[float],
    found: Documented | None,
) -> dict[str, Any]:
    """One record; options are numbers for levels and engagement, names for stances."""
    state, decision, toward = key
    names = options(scenario, state, decision)
    return {
        "episode": scenario.name,
        "state": state,
        "decision": decision,
        "toward": toward,
        "date": scenario.calendar.dates[step],
        "documented": _option(names, found.value if found else None),
        "low": _option(names, found.low if found else None),
        "high": _option(names, found.high if found else None),
        "modal": _option(names, modal),
        "probabilities": chances,
    }


def _option(names: tuple[str, ...], index: int | None) -> int | str | None:
    if index is None:
        return None
    return int(names[index]) if names[index].isdigit() else names[index]
