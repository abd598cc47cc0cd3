"""What baselines are given of each state: every indicator of its table, blanks filled by rule."""

from collections.abc import Mapping

import pandas as pd

from alignsim import chain, indicators
from alignsim.outcomes import Outcome
from alignsim.scenario import Scenario


def table(scenario: Scenario, year: int) -> pd.DataFrame:
    """Indicators of a world's allies: a row a state, a column an indicator."""
    rows = indicators.read(year).rows
    return pd.DataFrame(
        {
            name: {ally: rows[ally][name] for ally in scenario.allies}
            for name in indicators.columns()
        },
        index=list(scenario.allies),
    )


def year(scenario: Scenario) -> int:
    """Year of a world's indicators, as its quantities state it."""
    found = scenario.states[scenario.allies[0]]["capability"].year
    if found is None:
        raise ValueError(f"{scenario.name}: no year of its indicators")
    return found


def unit(scenario: Scenario) -> pd.Series:
    """Unit of each ally: its union's code, or its own."""
    return pd.Series(
        {ally: code for code, own in chain.units(scenario).items() for ally in own}
    ).loc[list(scenario.allies)]


def region(scenario: Scenario, year: int) -> pd.Series:
    """Region of each ally; a union is one of its own, since it decides as one."""
    rows = indicators.read(year).rows
    named = {ally: union.name for union in scenario.unions.values() for ally in union.members}
    return pd.Series({ally: named.get(ally, rows[ally].region) for ally in scenario.allies})


def joined(ends: Mapping[str, Outcome], scenario: Scenario) -> pd.Series:
    """1.0 or 0.0 of each ally whose outcome is one or the other; intervals stay out."""
    known = {ally: ends[ally].joined for ally in scenario.allies if ally in ends}
    return pd.Series({ally: one for ally, one in known.items() if one is not None}, dtype=float)
