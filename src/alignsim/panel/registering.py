"""Forecasts of a world whose outcome nobody here knows: written, hashed, and scored by hash alone.

:func:`issue` writes one table a forecaster, all of one shape, and a manifest with their hashes and
those of the inputs and the code. :func:`reread` gives them back, and refuses one that was changed.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignsim import documents, evidence, history, kernel, reading, sources, wholes
from alignsim.decision import JOINED
from alignsim.documents import DocumentError
from alignsim.outcomes import Outcome
from alignsim.panel import baselines, features, forecasting, panel_scores, within
from alignsim.panel.fits import Fitted
from alignsim.panel.specification import Specification, over_before
from alignsim.panel.within import THEORY, World
from alignsim.scenario import Scenario

MANIFEST = "manifest.json"
COLUMNS = ("iso3", "p_joined", "p_joined_low", "p_joined_high", "modal_level")
FROM_JOINT, FROM_FLAT = "theory, joint fit", "theory, flat prior"
JOINED_LEVEL = 3
"""Level that most states that joined in 2014 came to: what a baseline, which knows no levels, says
of a state that it holds to join."""


@dataclass(frozen=True)
class Forecasts:
    """Tables of one shape by forecaster, and the runs of the theory's, (draws, A, 6)."""

    scenario: Scenario
    tables: dict[str, pd.DataFrame]
    runs: Any


def forecasts(specification: Specification, fitted: dict[str, Fitted]) -> Forecasts:
    """What every forecaster says of the world that is forecast. Deterministic.

    Raises ValueError where the specification names none, or one that begins before that is over
    whose ends the weights are told.
    """
    if specification.forecast is None:
        raise ValueError(f"{specification.name}: names no world to forecast")
    scenario = reading.read(specification.forecast)
    if not over_before(reading.read(specification.fit_on), scenario):
        raise ValueError(f"{scenario.name} begins before {specification.fit_on} is over")
    lines = forecasting.drawn(
        scenario, specification.dynamics, specification.draws, specification.seed
    )

    def runs(name: str) -> Any:
        drawn = fitted[name].drawn
        return forecasting.counts(lines, drawn, specification.runs_a_draw, specification.seed)

    main = runs(specification.main)
    tables = {THEORY: forecasting.table(scenario, main)}
    for name, title in (("joint", FROM_JOINT), ("flat", FROM_FLAT)):
        if name in fitted and name != specification.main:
            tables[title] = forecasting.table(scenario, runs(name))
    before = World.of(specification.fit_on, specification.ends)
    rows = features.table(scenario, features.year(scenario))
    for baseline in baselines.ALL:
        tables[baseline.name] = _baseline(baseline, specification, before, rows)
    tables[f"{THEORY} + {baselines.SAME.name}"] = _pooled(
        tables[THEORY], tables[baselines.SAME.name]
    )
    return Forecasts(scenario, tables, main)


def _baseline(
    baseline: baselines.Baseline, specification: Specification, before: World, rows: pd.DataFrame
) -> pd.DataFrame:
    """A baseline fitted on the world before, with the interval of its refits."""
    given = (before.features, before.joined, before.unit)
    p = baseline.fit(*given).p(rows)
    bounds = baselines.intervals(
        baseline, *given, rows, specification.resamples, specification.seed
    )
    found = pd.DataFrame(
        {
            "iso3": rows.index,
            "p_joined": p.to_numpy(),
            "p_joined_low": np.minimum(bounds["low"].to_numpy(), p.to_numpy()),
            "p_joined_high": np.maximum(bounds["high"].to_numpy(), p.to_numpy()),
            "modal_level": np.where(p > 0.5, JOINED_LEVEL, 0),
        }
    )
    return found.sort_values("iso3", ignore_index=True)


def _pooled(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Half and half, as baselines are mixed."""
    found = one.copy()
    for name in COLUMNS[1:4]:
        found[name] = (one[name] + other[name]) / 2.0
    joins = (found["p_joined"] > 0.5).to_numpy()
    level = one["modal_level"].to_numpy()
    found["modal_level"] = np.where(
        joins == (level >= JOINED), level, np.where(joins, JOINED_LEVEL, 0)
    )
    return found


# --- written and hashed ---------------------------------------------------------------------


def file_of(forecaster: str, year: str) -> str:
    """Name of a forecaster's table; the theory's has none added."""
    own = {
        THEORY: "",
        FROM_JOINT: "-from-joint",
        FROM_FLAT: "-flat-prior",
    }
    plain = re.sub("[^a-z0-9]+", "-", forecaster.lower())
    return f"forecast-{year}{own.get(forecaster, f'-{plain}')}.csv"


def issue(
    specification: Specification, found: Forecasts, fitted: dict[str, Fitted], folder: Path
) -> list[Path]:
    """Write every table and then the manifest; files of the same forecasts are the same bytes."""
    year = found.scenario.calendar.start[:4]
    files, stated = [], {}
    for forecaster, table in found.tables.items():
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        file = folder / file_of(forecaster, year)
        documents.write_whole(file, text)
        files.append(file)
        stated[file.name] = {"forecaster": forecaster, "sha256": _sha(text.encode())}
    manifest = {
        "files": stated,
        "specification": specification.model_dump(mode="json", exclude_none=True),
        "fits": {name: one.result.job.digest for name, one in fitted.items()},
        "scenarios": {
            name: reading.read(name).digest
            for name in (specification.fit_on, specification.forecast)
            if name is not None
        },
        "inputs": _inputs(),
        "code": code(),
        "versions": _versions(),
    }
    documents.write_whole(folder / MANIFEST, f"{json.dumps(manifest, indent=1)}\n")
    return [*files, folder / MANIFEST]


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _inputs() -> dict[str, str]:
    """Hashes of the files that worlds are made of."""
    root = evidence.data_root()
    names = ["seeds/history.yaml", "seeds/outcomes-2014.csv"]
    names += [
        file.relative_to(root).as_posix()
        for kind in ("*.csv", "*.yaml")
        for file in sorted((root / "configs" / "world").glob(kind))
        if file.name != "tiles.csv"
    ]
    return {name: _sha((root / name).read_bytes()) for name in names}


def code() -> dict[str, str]:
    """SHA-256 of what computes the forecasts: of all together as ``engine``, and of each module."""
    each = {
        name.removeprefix(f"{sources.PACKAGE}."): _sha(sources.text(name).encode())
        for name in sources.modules(__name__)
    }
    return {"engine": kernel.digest(__name__), **each}


def _versions() -> dict[str, str]:
    """Of this package, and of the libraries that compute; one of them is imported by its name."""
    named = {name: sources.version(name) for name in ("alignsim", "scikit-learn")}
    return dict(sorted((named | sources.versions(__name__)).items()))


def reread(folder: Path) -> dict[str, pd.DataFrame]:
    """The forecasts of a folder by forecaster, as they were written.

    Raises DocumentError where a file or the manifest is missing, or is not what was hashed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(documents.ENCODING))
        stated = {
            name: (one["forecaster"], one["sha256"]) for name, one in manifest["files"].items()
        }
    except OSError as error:
        raise DocumentError(
            str(folder / MANIFEST), None, "", f"cannot be read: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DocumentError(
            str(folder / MANIFEST), None, "", "is no manifest of forecasts"
        ) from None
    found = {}
    for name, (forecaster, sha) in stated.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise DocumentError(
                str(folder / name), None, "", f"cannot be read: {error.strerror}"
            ) from None
        if _sha(content) != sha:
            raise DocumentError(
                str(folder / name), None, "", "is not what was hashed when it was forecast"
            )
        found[forecaster] = pd.read_csv(folder / name)
    return found


def registered(folder: Path) -> tuple[dict[str, pd.DataFrame], Scenario, dict[str, Outcome]]:
    """Forecasts of a folder, the world that they are of, and where states stood before.

    Raises DocumentError as :func:`reread` does.
    """
    tables = reread(folder)
    stated = json.loads((folder / MANIFEST).read_text(documents.ENCODING)).get("specification")
    try:
        fit_on, forecast = str(stated["fit_on"]), str(stated["forecast"])
    except (KeyError, TypeError):
        raise DocumentError(
            str(folder / MANIFEST), None, "", "is no manifest of forecasts"
        ) from None
    return tables, reading.read(forecast), history.ends(reading.read(fit_on))


# --- scored ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """How forecasts did: scores by forecaster and subset, calibration, and what was scored."""

    scores: pd.DataFrame
    calibration: pd.DataFrame
    states: int
    units: int
    left_out: dict[str, int]
    """States of the table that were not scored, by reason."""


@wholes.taken(resamples=wholes.ONE_UP, seed=wholes.SEED)
def score(
    tables: dict[str, pd.DataFrame],
    ends: dict[str, Outcome],
    scenario: Scenario,
    before: dict[str, Outcome],
    resamples: int = 1000,
    seed: int = 0,
) -> Scored:
    """Score forecasts of a world against outcomes by state; a union counts once.

    States whose outcome is an interval or excluded, or that were not forecast, are left out.
    Raises ValueError where none is left.
    """
    chances = pd.DataFrame(
        {name: table.set_index("iso3")["p_joined"] for name, table in tables.items()}
    )
    joined = features.joined(ends, scenario)
    unit = features.unit(scenario)
    if joined.empty:
        raise ValueError("no state with a forecast has the outcome yes or no")
    world = World(scenario, chances, joined, unit, unit)
    known = pd.Series({state: one.joined for state, one in before.items()}, dtype=float)
    subsets = {name: own for name, own in world.subsets(known).items() if own}
    scores = panel_scores.table(chances, joined, unit, subsets, resamples, seed, THEORY)
    return Scored(
        scores,
        within.calibration(chances, joined, unit, subsets),
        len(joined),
        int(unit.loc[joined.index].nunique()),
        _left_out(ends, joined, scenario),
    )


def _left_out(ends: dict[str, Outcome], joined: pd.Series, scenario: Scenario) -> dict[str, int]:
    found: dict[str, int] = {}
    for state, one in ends.items():
        if state not in joined.index:
            reason = one.outcome if state in scenario.allies else "not forecast"
            found[reason] = found.get(reason, 0) + 1
    missing = sum(state not in ends for state in scenario.allies)
    return found | ({"no outcome": missing} if missing else {})
