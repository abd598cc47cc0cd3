"""Within 2014: what each forecaster says of states that it has not seen, beside what they did."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from alignsim import history, reading, wholes
from alignsim.history import Ends
from alignsim.panel import baselines, features, forecasting, leaving, panel_scores
from alignsim.panel.fits import Fitted, Floats, Told
from alignsim.panel.leaving import By, LeftOut
from alignsim.panel.specification import Specification
from alignsim.scenario import Scenario

THEORY, FLAT, FREE = "theory", "theory, flat prior", "theory, coalition forecast"
"""The main fit and the flat one with the others' course as documented; the main one in free runs,
where unions and clubs are forecast as well."""
ALL_STATES, NEW_STATES = "all states", "not joined in 2014"
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Bins of calibration curves."""


@dataclass(frozen=True)
class World:
    """The world that was fitted, as forecasters without the theory see it."""

    scenario: Scenario
    features: pd.DataFrame
    joined: pd.Series
    unit: pd.Series
    region: pd.Series

    @classmethod
    def of(cls, name: str, stated: Ends | None = None) -> "World":
        """Read a world whose ends are documented, or ``stated``."""
        scenario = reading.read(name)
        year = features.year(scenario)
        return cls(
            scenario,
            features.table(scenario, year),
            features.joined(history.ends(scenario, stated), scenario),
            features.unit(scenario),
            features.region(scenario, year),
        )

    def subsets(self, before: pd.Series | None = None) -> dict[str, list[str]]:
        """Names of states to score: all, without unions, and those that had not joined before."""
        known = list(self.joined.index)
        alone = [state for state in known if self.unit[state] == state]
        found = {ALL_STATES: known, "without the EU": alone}
        if before is not None:
            new = [state for state in known if before.get(state) != 1.0]
            found[NEW_STATES] = new
        return found


@dataclass(frozen=True)
class Within:
    """P(joined) of each state by forecasters that have not seen it, and how they score.

    ``by_unit`` and ``by_region`` have a row a state and a column a forecaster; ``shapes`` tells of
    each group left out how reliable the weighing of draws was (Pareto shape; blank where the
    weights were sampled again).
    """

    world: World
    by_unit: pd.DataFrame
    by_region: pd.DataFrame
    shapes: pd.DataFrame
    scores: pd.DataFrame
    calibration: pd.DataFrame


@wholes.taken(workers=wholes.ONE_UP)
def within(
    specification: Specification,
    fits: dict[str, Fitted],
    folder: Path,
    workers: int = 1,
    told: Told = lambda done, name: None,
) -> Within:
    """Leave units and regions out of every fit, theory and baselines alike. Deterministic."""
    world = World.of(specification.fit_on, specification.ends)
    groups = {"unit": world.unit, "region": world.region}
    tables, shapes = {}, []
    for label, labels in groups.items():
        found, told_shapes = _left_out(specification, world, fits, labels, folder, workers, told)
        tables[label] = found
        shapes.append(told_shapes.assign(left_out=label))
    scores = [
        panel_scores.table(
            table.loc[world.joined.index],
            world.joined,
            world.unit,
            world.subsets(),
            specification.resamples,
            specification.seed,
            THEORY,
        ).assign(left_out=label)
        for label, table in tables.items()
    ]
    return Within(
        world,
        tables["unit"],
        tables["region"],
        pd.concat(shapes, ignore_index=True),
        pd.concat(scores, ignore_index=True),
        calibration(tables["unit"], world.joined, world.unit, world.subsets()),
    )


def _left_out(
    specification: Specification,
    world: World,
    fits: dict[str, Fitted],
    labels: pd.Series,
    folder: Path,
    workers: int,
    told: Told,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """P(joined) by forecaster, and the reliability of each group, for one way of leaving out."""
    scenario = world.scenario
    parts: dict[str, list[LeftOut]] = {
        name: leaving.left_out(
            specification, scenario, fits[fit], labels, folder, workers, told, name == THEORY
        )
        for name, fit in ((THEORY, specification.main), (FLAT, "flat"))
    }
    columns = {
        name: leaving.p_joined(scenario, found, lambda fitted: fitted.joined)
        for name, found in parts.items()
    }
    free = leaving.p_joined(scenario, parts[THEORY], _free(specification, scenario))
    runs = specification.draws * specification.runs_a_draw
    columns[FREE] = pd.Series(forecasting.smoothed(free.to_numpy(), runs), free.index)
    for baseline in baselines.PLAIN:
        columns[baseline.name] = baselines.leave_out(
            baseline, world.features, world.joined, world.unit, labels
        )
    shapes = [
        {"forecaster": name, "group": part.group, "shape": part.shape}
        for name, found in parts.items()
        for part in found
    ]
    return pd.DataFrame(columns), pd.DataFrame(shapes)


def _free(specification: Specification, scenario: Scenario) -> By:
    """P(joined) of each unit by each draw in free runs, as measured; kept for each fit."""
    lines = forecasting.measured(scenario)
    kept: dict[int, Floats] = {}

    def chances(fitted: Fitted) -> Floats:
        if id(fitted) not in kept:
            runs = forecasting.counts(
                lines, fitted.drawn, specification.runs_a_draw, specification.seed
            )
            kept[id(fitted)] = _by_unit(scenario, forecasting.shares(runs))
        return kept[id(fitted)]

    return chances


def _by_unit(scenario: Scenario, by_ally: Floats) -> Floats:
    """Of allies (draws, A) the first member of each unit (draws, U): a unit joins as one."""
    first = features.unit(scenario).drop_duplicates().index
    return by_ally[:, [scenario.allies.index(ally) for ally in first]]


def calibration(
    forecasts: pd.DataFrame,
    joined: pd.Series,
    unit: pd.Series,
    subsets: dict[str, list[str]],
) -> pd.DataFrame:
    """Calibration curve of each forecaster on each subset: a row a subset, forecaster and bin."""
    parts = []
    for subset, states in subsets.items():
        happened, weight = joined.loc[states], panel_scores.unit_weights(unit.loc[states])
        for name in forecasts.columns:
            curve = panel_scores.calibration(forecasts.loc[states, name], happened, weight, EDGES)
            curve.insert(0, "forecaster", name)
            curve.insert(0, "subset", subset)
            parts.append(curve)
    return pd.concat(parts, ignore_index=True)
