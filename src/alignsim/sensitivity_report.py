"""What a sensitivity study found: tables for a terminal of 100 columns, CSV files and figures."""

import json
import math
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from alignsim import documents, plots, plots_sensitivity, tables
from alignsim.plots_sensitivity import named
from alignsim.redline_tables import shown
from alignsim.scenario import Scenario
from alignsim.sensitivity import OUTCOMES, Result

TOP = 6
"""Factors of an ally and episode that the text names."""
LETTERS = 38
WORDS = {"p_joined": "P(joined)", "mean_level": "mean level", "mean_engagement": "mean engagement"}
SIDES = {"joined": "joins", "not-joined": "stays out"}
DIGITS = "%.4g"

Rows = list[dict[str, Any]]


def write(result: Result, folder: Path) -> list[Path]:
    """Write every table as CSV and every figure as PNG into a folder; the files written."""
    content: dict[str, bytes | str] = {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n", float_format=DIGITS)
        for name, frame in result.tables.items()
    }
    for scenario in result.plan.scenarios:
        for state in scenario.allies:
            figure = plots_sensitivity.tornado(result, scenario, state)
            content[f"tornado-{scenario.name}-{state}.png"] = plots.rendered(figure, "png")
    content["across.png"] = plots.rendered(plots_sensitivity.across(result), "png")
    for name, raw in content.items():
        documents.write_whole(folder / name, raw)
    return [folder / name for name in content]


def record(result: Result) -> dict[str, Any]:
    """All tables as lists of rows, for JSON; null where there is no number."""
    return {
        name: json.loads(frame.to_json(orient="records")) for name, frame in result.tables.items()
    }


def as_text(result: Result) -> str:
    """The largest indices and the box of each ally and episode."""
    stated = result.plan.specification
    points = {method: f"{sweep.points:,}" for method, sweep in result.plan.sweeps.items()}
    head = (
        f"{stated.title}\n{len(result.plan.factors)} factors; points: {points['sobol']} for Sobol’ "
        f"indices, {points['morris']} for elementary effects, {points['discovery']} for boxes"
    )
    blocks = [
        _block(result, scenario, state)
        for scenario in result.plan.scenarios
        for state in scenario.allies
    ]
    note = textwrap.fill(
        "Total: share of the variance that would be left if all but this factor were known; "
        "first: that by which it would fall if this factor were. mu*: mean size of what a move "
        "from one end of the range to the other does. In brackets 95 % intervals over the points.",
        tables.WIDTH,
    )
    return "\n\n".join([head, *blocks, note])


def _block(result: Result, scenario: Scenario, state: str) -> str:
    told = [
        f"{WORDS[row['outcome']].removeprefix('mean ')} {row['mean']:.2f} (sd {row['sd']:.2f})"
        for row in _own(result.outcomes, scenario, state)
        if row["method"] == "sobol"
    ]
    varying = {row["outcome"] for row in _own(result.sobol, scenario, state)}
    outcome = next((name for name in OUTCOMES if name in varying), None)
    parts = [f"{scenario.label(state)}, {scenario.name}: {', '.join(told)}"]
    if outcome is None:
        parts.append("No outcome varies, or only at a few points; there are no indices.")
    else:
        if outcome != "p_joined":
            told_of = f"P(joined) varies at a few points at most; indices of the {WORDS[outcome]}."
            parts.append(told_of)
        parts.append(_table(result, scenario, state, outcome))
    return "\n".join([*parts, textwrap.fill(box_in_words(result, scenario, state), tables.WIDTH)])


def _own(frame: pd.DataFrame, scenario: Scenario, state: str) -> Rows:
    own = frame[(frame["scenario"] == scenario.name) & (frame["state"] == state)]
    return [{str(key): value for key, value in row.items()} for row in own.to_dict("records")]


def _table(result: Result, scenario: Scenario, state: str, outcome: str) -> str:
    """The factors with the largest total indices."""
    rows = _own(result.sobol, scenario, state) + _own(result.morris, scenario, state)
    found = {(row["index"], row["factor"]): row for row in rows if row["outcome"] == outcome}
    factors = [factor for index, factor in found if index == "total"]
    factors.sort(key=lambda factor: -found["total", factor]["value"])
    cells = [
        [
            textwrap.shorten(named(factor, scenario), LETTERS, placeholder="…"),
            *(_interval(found.get((i, factor))) for i in ("total", "first-order", "mu_star")),
        ]
        for factor in factors[:TOP]
    ]
    headers = [WORDS[outcome], "total", "first", "mu*"]
    return tables.text(cells, headers, ("left", *["right"] * 3))


def _interval(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    return f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def box_in_words(result: Result, scenario: Scenario, state: str) -> str:
    """Where the outcome looked for is common, as a sentence."""
    rows = _own(result.boxes, scenario, state)
    first = rows[0]
    side = SIDES[first["outcome"]]
    told = f"It {side} at {first['cases']:,} of {first['points']:,} points"
    if pd.isna(first["factor"]):
        return f"{told}; no box of them is found."
    sides = "; ".join(_side(row, scenario) for row in rows)
    return (
        f"{told}. Box: {sides}. There {first['density']:.0%} of the points do, with "
        f"{first['coverage']:.0%} of all that do, in {first['mass']:.0%} of the space."
    )


def _side(row: dict[str, Any], scenario: Scenario) -> str:
    """One restriction: above, below, or between."""
    name, low, high = named(row["factor"], scenario), shown(row["low"]), shown(row["high"])
    ends = f"of {shown(row['from'])} to {shown(row['to'])}"
    if math.isclose(row["low"], row["from"]):
        return f"{name} at most {high} ({ends})"
    if math.isclose(row["high"], row["to"]):
        return f"{name} at least {low} ({ends})"
    return f"{name} {low} to {high} ({ends})"
