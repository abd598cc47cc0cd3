"""Memberships that a state could have: some clubs are open to the states of Europe alone.

The Treaty on European Union lets any European state apply (article 49), and the North Atlantic
Treaty invites any other European state (article 10).
"""

from collections.abc import Iterable
from functools import cache

from alignsim import indicators
from alignsim.documents import DocumentError
from alignsim.scenario import Scenario

EUROPEAN = ("eu", "eu_associate", "nato")
"""Inputs that are memberships of European states."""
ELSEWHERE = (
    "East and South-East Asia", "South Asia", "Oceania", "Latin America and the Caribbean",
    "Sub-Saharan Africa",
)  # fmt: skip
"""Regions whose states are neither in Europe nor beside it, by the world's table of indicators."""
YEAR = 2021
"""Year of the table; regions do not change."""


@cache
def region(state: str) -> str:
    """Region of a state, empty where the world's table has none."""
    try:
        rows = indicators.read(YEAR).rows
    except DocumentError:
        # Regions are a convenience here: without the table everything is possible.
        return ""
    return rows[state].region if state in rows else ""


def is_possible(scenario: Scenario, path: str) -> bool:
    """Whether the input of a path could be otherwise: a membership that is open, or none at all.

    A membership that the scenario states is possible.
    """
    head, state, name = [*path.partition("@")[0].split("."), "", ""][:3]
    if head != "states" or name not in EUROPEAN:
        return True
    own = scenario.states.get(state, {}).get(name)
    if own is not None and (own.value or any(change.value for change in own.changes)):
        return True
    return region(state) not in ELSEWHERE


def possible_paths(scenario: Scenario, paths: Iterable[str]) -> list[str]:
    """The paths whose inputs could be otherwise."""
    return [path for path in paths if is_possible(scenario, path)]
