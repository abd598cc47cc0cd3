"""The commands as functions that return pandas tables.

A seed (0 to 2^64 - 1), a number of runs (1 or more) and the number of a run (0 to 2^32 - 1) may be
whole numbers of any library. ValueError is raised where one is out of range, TypeError for what is
no whole number, booleans among them.
"""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from alignsim import (
    calibrate,
    comparison,
    documents,
    ensemble,
    evaluation,
    explanation,
    forecasts,
    history,
    indicators,
    model_comparison,
    paths,
    reading,
    recovery,
    schema,
    scores,
    sensitivity_sweeps,
    shapes,
    sweep_points,
    traceability,
    wholes,
)
from alignsim import weights as weight_sets
from alignsim.documents import DocumentError
from alignsim.panel import specification
from alignsim.scenario import Scenario


def load(
    name: str | Path,
    whatifs: Iterable[str] = (),
    settings: Iterable[tuple[str, float]] = (),
) -> Scenario:
    """A scenario by shipped name or file, with what-ifs and ``(path, value)`` settings applied.

    Raises DocumentError.

    >>> import alignsim
    >>> alignsim.load("crimea-2014").calendar.dates[0]
    '2014-03'
    """
    changes = [(path, str(value)) for path, value in settings]
    return reading.with_settings(name, list(whatifs), changes)


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def run(
    name: str | Path | Scenario,
    runs: int = evaluation.RUNS,
    seed: int = 0,
    weights: str | Path = "calibrated",
) -> pd.DataFrame:
    """Free runs of a scenario: a row a decision and step, with the share of runs per option.

    Columns: episode, state, decision, toward, date, documented, low, high, modal, probabilities.
    Options are text, "2" or "press", since a column has one type; probabilities is a list.
    Raises DocumentError for a fault in a file, ValueError for runs below 1.

    >>> import alignsim
    >>> table = alignsim.run("crimea-2014", runs=200, seed=0)
    >>> japan = table.query("state == 'JPN' and decision == 'level'")
    >>> len(japan)
    10
    """
    played = name if isinstance(name, Scenario) else reading.read(name)
    forecast = ensemble.free_runs(played, weight_sets.read(weights), runs, seed)
    return _typed(paths.of_ensemble(forecast, history.documented(played)))


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def reproduce(runs: int = evaluation.RUNS, seed: int = 0) -> dict[str, pd.DataFrame]:
    """All shipped episodes beside history: tables ``paths`` and ``scores``.

    >>> import alignsim
    >>> tables = alignsim.reproduce(runs=200)
    >>> sorted(tables)
    ['paths', 'scores']
    """
    result = evaluation.evaluate(runs, seed)
    return {"paths": _typed(result.paths), "scores": _typed(result.scores)}


@wholes.taken(run=wholes.RUN, seed=wholes.SEED)
def explain(
    name: str | Path | Scenario,
    state: str,
    date: str,
    decision: str = "level",
    toward: str | None = None,
    run: int | None = None,
    seed: int = 0,
    weights: str | Path = "calibrated",
) -> pd.DataFrame:
    """Why a decision fell as it did: a row a term and neighbouring option, largest gain first.

    Along the documented course unless ``run`` names a free run. Raises ValueError where the
    scenario has no such decision.

    >>> import alignsim
    >>> table = alignsim.explain("crimea-2014", state="KOR", date="2014-07")
    >>> sorted(table.against.unique())
    ['1']
    """
    played = name if isinstance(name, Scenario) else reading.read(name)
    found = explanation.explain(
        played, weight_sets.read(weights), state, date, decision, toward, run, seed
    )
    return _typed(found.rows())


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def whatif(
    name: str | Path,
    whatifs: Iterable[str] = (),
    settings: Iterable[tuple[str, float]] = (),
    runs: int = evaluation.RUNS,
    seed: int = 0,
    weights: str | Path = "calibrated",
) -> pd.DataFrame:
    """What-ifs against their episode under common random numbers, with 95 % intervals.

    Each what-if is a variant of its own; ``settings`` are applied on top of each, or alone.
    Raises DocumentError for a fault in a file, ValueError for a what-if that is named twice.

    >>> import alignsim
    >>> table = alignsim.whatif("crimea-2014", ["seoul-isolated"], runs=200)
    >>> table.whatif.unique().tolist()
    ['seoul-isolated']
    """
    changes = [(path, str(value)) for path, value in settings]
    whatifs = list(whatifs)
    for index in shapes.doubled(map(str, whatifs)):
        raise ValueError(f"whatifs: {whatifs[index]} stands twice")
    base = reading.read(name)
    variants = [reading.with_settings(name, [item], changes) for item in whatifs]
    if not variants:
        variants = [reading.with_settings(name, [], changes)]
    fitted = weight_sets.read(weights)
    return _typed(comparison.compare(base, variants, fitted, runs, seed))


NUMBERS = tuple(field.name for field in dataclasses.fields(scores.Score))
"""Columns of numbers that may all be missing."""


def _typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table whose columns have one type each, also where a column is empty: text, or numbers."""
    table = pd.DataFrame(rows)
    for column in table.columns[[kind.kind == "O" for kind in table.dtypes]]:
        known = table[column].dropna()
        if column in NUMBERS:
            table[column] = table[column].astype(float)
        elif not known.map(lambda cell: isinstance(cell, list)).any():
            text = table[column].map(str, na_action="ignore")
            table[column] = text.astype("string")
    return table


def evidence_matrix() -> pd.DataFrame:
    """The traceability matrix: a row a claim and carrier.

    >>> import alignsim
    >>> alignsim.evidence_matrix().claim.nunique()
    73
    """
    return _typed(traceability.flat())


def validate(files: Iterable[str | Path]) -> pd.DataFrame:
    """Check scenario, weight and study files: a row a file, with the fault or an empty text.

    >>> import alignsim
    >>> alignsim.validate(["no-such-file.yaml"]).fault[0]
    'no-such-file.yaml: cannot be read: No such file or directory'
    """
    return _typed([{"file": str(file), "fault": fault(file)} for file in files])


CHECKS: dict[str, Callable[[documents.Document], object]] = {
    "weights": weight_sets.check,
    "sweep": sweep_points.of_document,
    "sensitivity": sensitivity_sweeps.of_document,
    "calibration": calibrate.parse,
    "comparison": model_comparison.parse,
    "forecasts": forecasts.parse,
    "recovery": recovery.parse,
    "panel": specification.parse,
    "columns": indicators.parse,
}
"""What checks a file of each kind; scenarios are of three kinds of their own."""


def fault(file: str | Path) -> str:
    """The fault of a scenario, weight or study file in one line; empty where there is none."""
    try:
        document = documents.read(file)
        kind = document.data.get("kind")
        CHECKS.get(kind if isinstance(kind, str) else "", reading.resolve)(document)
    except DocumentError as error:
        return str(error)
    return ""


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files.

    >>> import alignsim
    >>> alignsim.scenario_schema()["title"]
    'alignsim scenario'
    """
    return schema.json_schema()
