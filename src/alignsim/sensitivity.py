"""Sensitivity of each ally's outcomes to weights and inputs: sweeps run, and tables made of them.

Four sweeps under common random numbers: Saltelli's design for Sobol' indices, trajectories for
elementary effects, one factor at a time for tornadoes, and a Latin hypercube for scenario
discovery. Outcomes are those at the last step: P(joined), mean level, mean engagement.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignsim import designs, designs_screening, sensitivity_indices, sweep_tables, sweeps
from alignsim.sensitivity_indices import Floats, Index
from alignsim.sensitivity_sweeps import METHODS, Factor, Method, Plan
from alignsim.sweep_workers import serial

OUTCOMES = ("p_joined", "mean_level", "mean_engagement")
"""At the last step: share of runs at level 2 or more; mean level, 0 to 5; engagement, 0 to 2."""
HALF = 0.5

Series = dict[tuple[str, str], pd.DataFrame]
"""By scenario and ally: outcomes of every point of the design, not a number where it failed."""
Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """Tables of a study, tidy: a row an index, a factor, or a side of a box.

    All begin with ``scenario`` and ``state``, and name a factor by its path and ``kind`` (input or
    weight).

    ``outcomes``: ``method``, ``outcome``, ``points``, ``failed``, ``mean``, ``sd`` of each outcome
    over a design. ``sobol`` and ``morris``: ``outcome``, ``factor``, ``kind``, ``index``,
    ``value``, ``low``, ``high``; no rows of an outcome that does not vary. ``tornado``: ``low``,
    ``now`` and ``high`` of a factor, those in force at the last step, and the outcomes there.
    ``boxes``: ``outcome``, ``cases`` among ``points``, then ``factor``, ``kind``, the restricted
    ``low`` to ``high`` within ``from`` and ``to``, and ``coverage``, ``density`` and ``mass`` of
    the box; one row without a factor where there is no box.
    """

    plan: Plan
    outcomes: pd.DataFrame
    sobol: pd.DataFrame
    morris: pd.DataFrame
    tornado: pd.DataFrame
    boxes: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        names = ("sobol", "morris", "tornado", "boxes", "outcomes")
        return {name: getattr(self, name) for name in names}


def run(
    plan: Plan,
    folder: Path,
    execute: sweeps.Execute = serial,
    progress: Callable[[Method], Callable[[sweeps.Progress], None]] | None = None,
) -> Result:
    """Run the sweeps that are not there yet, into folders by method, and tabulate them.

    Interrupted at any moment, the same call goes on where it stopped. Raises as
    :func:`alignsim.sweeps.run` does, and DocumentError where a library is missing.
    """
    for method in METHODS:
        shown = None if progress is None else progress(method)
        sweeps.run(plan.sweeps[method], folder / method, execute, shown)
    return tabulated(plan, folder)


def tabulated(plan: Plan, folder: Path) -> Result:
    """The tables of a study whose sweeps are complete."""
    found = {method: _series(plan, folder, method) for method in METHODS}
    return Result(
        plan,
        pd.DataFrame([row for method in METHODS for row in _described(method, found[method])]),
        _frame(plan, found["sobol"], _sobol),
        _frame(plan, found["morris"], _morris),
        pd.DataFrame(list(_tornado(plan, found["tornado"]))),
        pd.DataFrame(list(_boxes(plan, found["discovery"], found["tornado"]))),
    )


def _series(plan: Plan, folder: Path, method: Method) -> Series:
    size = plan.sweeps[method].design.size
    rows = sweep_tables.by_point(folder / method)
    rows["p_joined"] = rows["joined"] / rows["runs"]
    rows["point"] %= size
    order = [(s.name, state) for s in plan.scenarios for state in s.allies]
    known = dict(iter(rows.groupby(["scenario", "state"])))
    empty = rows.iloc[:0]
    return {
        key: known.get(key, empty).set_index("point")[list(OUTCOMES)].reindex(range(size))
        for key in order
    }


def _described(method: Method, found: Series) -> Iterator[dict[str, Any]]:
    for (scenario, state), frame in found.items():
        for outcome in OUTCOMES:
            values = frame[outcome]
            yield {
                "scenario": scenario,
                "state": state,
                "method": method,
                "outcome": outcome,
                "points": len(values),
                "failed": int(values.isna().sum()),
                "mean": values.mean(),
                "sd": values.std(ddof=0),
            }


# --- indices ----------------------------------------------------------------------------------


def _sobol(plan: Plan, values: Floats) -> list[Index]:
    design = plan.sweeps["sobol"].design
    assert isinstance(design, designs.Saltelli)
    return sensitivity_indices.sobol(design, values, plan.specification.seed)


def _morris(plan: Plan, values: Floats) -> list[Index]:
    design = plan.sweeps["morris"].design
    assert isinstance(design, designs_screening.Morris)
    return sensitivity_indices.morris(design, values, plan.specification.seed)


COLUMNS = ("scenario", "state", "outcome", "factor", "kind", "index", "value", "low", "high")


def _frame(
    plan: Plan, found: Series, analyse: Callable[[Plan, Floats], list[Index]]
) -> pd.DataFrame:
    rows = []
    for (scenario, state), frame in found.items():
        for outcome in OUTCOMES:
            for index in analyse(plan, frame[outcome].to_numpy()):
                factor = plan.factors[index.factor]
                numbers = (index.name, index.value, index.low, index.high)
                rows.append((scenario, state, outcome, factor.path, factor.kind, *numbers))
    return pd.DataFrame(rows, columns=list(COLUMNS))


# --- one at a time ------------------------------------------------------------------------------


def _tornado(plan: Plan, found: Series) -> Iterator[dict[str, Any]]:
    sweep = plan.sweeps["tornado"]
    for number, scenario in enumerate(plan.scenarios):
        first = number * sweep.design.size
        values = sweep.values(first, sweep.design.size)
        now, *moved = (sweep.shown(first + i, row.tolist()) for i, row in enumerate(values))
        for state in scenario.allies:
            outcomes = found[scenario.name, state].to_numpy()
            for index, factor in enumerate(plan.factors):
                low, high = 2 * index, 2 * index + 1
                row = {
                    "scenario": scenario.name,
                    "state": state,
                    **_named(factor),
                    "unit": factor.unit,
                    "low": moved[low][index],
                    "now": now[index],
                    "high": moved[high][index],
                }
                for outcome, column in zip(OUTCOMES, outcomes.T, strict=True):
                    row |= {
                        f"{outcome}_low": column[low + 1],
                        f"{outcome}_now": column[0],
                        f"{outcome}_high": column[high + 1],
                    }
                yield row


def _named(factor: Factor) -> dict[str, Any]:
    return {"factor": factor.path, "kind": factor.kind}


# --- scenario discovery -------------------------------------------------------------------------


def _boxes(plan: Plan, found: Series, alone: Series) -> Iterator[dict[str, Any]]:
    sweep = plan.sweeps["discovery"]
    points = sweep.design.coordinates(0, sweep.design.size)
    for number, scenario in enumerate(plan.scenarios):
        for state in scenario.allies:
            key = scenario.name, state
            joins = bool(alone[key]["p_joined"].iloc[0] > HALF)
            wanted = {"joined": True, "not-joined": False}.get(
                plan.specification.discovery.outcome, not joins
            )
            chances = found[key]["p_joined"].to_numpy()
            known = ~np.isnan(chances)
            cases = (chances[known] > HALF) == wanted
            row = {
                "scenario": scenario.name,
                "state": state,
                "outcome": "joined" if wanted else "not-joined",
                "points": int(known.sum()),
                "cases": int(cases.sum()),
            }
            yield from _sides(plan, number, row, sensitivity_indices.box(points[known], cases))


def _sides(
    plan: Plan, number: int, row: dict[str, Any], box: sensitivity_indices.Box | None
) -> Iterator[dict[str, Any]]:
    """Rows of a box; one without a factor where there is none."""
    if box is None:
        sides = dict.fromkeys(("factor", "kind", "low", "high", "from", "to"))
        yield row | sides | dict.fromkeys(("coverage", "density", "mass"))
        return
    shares = {"coverage": box.coverage, "density": box.density, "mass": box.mass}
    for side in box.restrictions:
        places = (side.low, side.high, 0.0, 1.0)
        shown = [_at(plan, number, side.factor, place) for place in places]
        ends = dict(zip(("low", "high", "from", "to"), shown, strict=True))
        yield row | _named(plan.factors[side.factor]) | ends | shares


def _at(plan: Plan, number: int, factor: int, place: float) -> float | str:
    """The number that a factor has at a place, 0 to 1, of its range in a scenario."""
    sweep = plan.sweeps["discovery"]
    value = float(sweep.spreads[factor].values(np.array([place]), indexed=False)[0])
    setting = sweep.settings[number][factor]
    return setting.target.shown(sweep.bases[number], value, setting.how)
