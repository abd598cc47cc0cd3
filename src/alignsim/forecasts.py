"""Out of sample: forecasts of what the weights have not seen, written and hashed before scoring.

A forecast is a set of free runs from the first step of an episode, over draws of a posterior that
knows other decisions only. :func:`issue` writes all forecasts with a manifest that carries their
hash; :func:`alignsim.forecast_scores.score` reads them back, and refuses a file that is not the
one that was written.
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from alignsim import calibrate, documents, ensemble, jobs, kernel, priors, reading, shapes, wholes
from alignsim.calibrate import Specification as Calibration
from alignsim.decision import JOINED
from alignsim.documents import Document, DocumentError
from alignsim.ensemble import Ensemble
from alignsim.jobs import Result
from alignsim.nested import Settings
from alignsim.scenario import Scenario
from alignsim.shapes import Frozen
from alignsim.weights import Parameters
from alignsim.wholes import MAX_SEED

Floats = NDArray[np.float64]
TABLE, MANIFEST = "forecasts.csv", "manifest.json"
OPTIONS = 6
"""Most options of a decision; the table has a column of probabilities for each."""


class Forecast(Frozen):
    """What is fitted on, and what is scored."""

    title: str
    fit_on: Annotated[tuple[str, ...], Field(min_length=1)]
    fit_allies: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    score: Annotated[tuple[str, ...], Field(min_length=1)]
    score_allies: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    def judges(self, scenario: Scenario, state: str, decision: str) -> bool:
        """Whether a state's decision is scored: allies, or the leader where no ally is picked."""
        if self.score_allies is not None:
            return state in self.score_allies and decision != "stance"
        return decision != "stance" and state != scenario.target


class Specification(Frozen):
    """Out-of-sample forecasts, as in ``experiments/forecasts``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["forecasts"]
    note: str
    calibration: str
    sampler: Settings
    draws: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    refresh: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    runs_a_draw: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    forecasts: Annotated[dict[str, Forecast], Field(min_length=1)]


@dataclass(frozen=True)
class Plan:
    """A specification and the calibration of each forecast."""

    specification: Specification
    calibrations: dict[str, Calibration]


def read(file: Path | str) -> Plan:
    """Read a specification and the calibration that it names. Raises DocumentError."""
    return parse(documents.read(file))


def parse(document: Document) -> Plan:
    """Check a specification and what it names, beside it. Raises DocumentError.

    What is scored must not have been fitted on.
    """
    found = shapes.parsed(Specification, document)
    base = calibrate.read(Path(document.file).parent / found.calibration)
    if base.input_draws is not None:
        raise document.error(("calibration",), "should have the inputs as coded: no input_draws")
    plans = {}
    for name, one in found.forecasts.items():
        at = ("forecasts", name)
        for key in ("fit_on", "score"):
            for index, episode in enumerate(getattr(one, key)):
                if episode not in reading.shipped("episodes"):
                    known = ", ".join(reading.shipped("episodes"))
                    raise document.error((*at, key, index), f"one of {known}")
        _check_unseen(document, at, one)
        plans[name] = base.model_copy(
            update={
                "name": name,
                "fit_on": one.fit_on,
                "allies": one.fit_allies,
                "sampler": found.sampler,
                "draws": found.draws,
                "refresh": found.refresh,
                "seed": found.seed,
            }
        )
    return Plan(found, plans)


def _check_unseen(document: Document, at: tuple[Any, ...], one: Forecast) -> None:
    for key in ("fit_allies", "score_allies"):
        for index, ally in enumerate(getattr(one, key) or ()):
            if not all(
                ally in reading.read(episode).allies for episode in (*one.fit_on, *one.score)
            ):
                raise document.error((*at, key, index), f"{ally} is not an ally in all episodes")
    apart = set(one.fit_allies or ()) & set(one.score_allies or ()) == set()
    if set(one.fit_on) & set(one.score) and not (one.fit_allies and one.score_allies and apart):
        raise document.error((*at, "score"), "should not be what the weights are fitted on")


# --- the forecasts --------------------------------------------------------------------------


@wholes.taken(workers=wholes.ONE_UP)
def issue(
    plan: Plan,
    folder: Path,
    workers: int = 1,
    told: Callable[[int, str], None] = lambda done, name: None,
) -> pd.DataFrame:
    """Fit, forecast, and write the table and its manifest. Deterministic; nothing is scored.

    The table has a row a forecast, episode, decision and step: probabilities of the options
    ``p0`` ..., and of levels ``p_joined`` with the 5th to 95th percentile over the draws.
    """
    wanted = [job for one in plan.calibrations.values() for job in one.jobs()]
    results = jobs.run(wanted, folder / "samples", workers, told)
    tables = []
    for (name, one), result in zip(plan.specification.forecasts.items(), results, strict=True):
        drawn = draws(result)
        for episode in one.score:
            tables.append(_table(plan.specification, name, one, reading.read(episode), drawn))
    table = pd.concat(tables, ignore_index=True)
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    documents.write_whole(folder / TABLE, text)
    documents.write_whole(folder / MANIFEST, f"{json.dumps(_manifest(plan, text), indent=1)}\n")
    return table


def draws(result: Result) -> tuple[Parameters, ...]:
    """The draws of a sample as both engines take them."""
    return calibrate.parameters(result.job.name, calibrate.draws(result))


def centre(drawn: tuple[Parameters, ...]) -> Parameters:
    """The mean of the draws, of the log where all are above zero."""
    table = np.array([[*one.weights, *one.dynamics] for one in drawn])
    means = table.mean(axis=0)
    above = (table > 0.0).all(axis=0)
    means[above] = np.exp(np.log(table[:, above]).mean(axis=0))
    return Parameters(drawn[0].name, priors.weights_of(means), priors.dynamics_of(means))


def _table(
    specification: Specification,
    name: str,
    one: Forecast,
    scenario: Scenario,
    drawn: tuple[Parameters, ...],
) -> pd.DataFrame:
    forecast, each = ensemble.runs_of_draws(
        scenario, centre(drawn), drawn, specification.runs_a_draw, specification.seed
    )
    rows = []
    for key in forecast.decisions:
        if one.judges(scenario, key[0], key[1]):
            rows += _rows(name, forecast, key, each)
    return pd.DataFrame(rows)


def _rows(name: str, forecast: Ensemble, key: Any, each: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Rows of one decision; ``each`` is the draw of every run, (runs,)."""
    state, decision, _ = key
    scenario, taken = forecast.scenario, forecast.chosen(key)
    chances = forecast.frequencies(key)
    rows = []
    for step, date in enumerate(scenario.calendar.dates):
        row: dict[str, Any] = {
            "forecast": name,
            "episode": scenario.name,
            "state": state,
            "decision": decision,
            "date": date,
            "modal": int(chances[step].argmax()),
        }
        for option in range(OPTIONS):
            inside = option < chances.shape[1]
            row[f"p{option}"] = float(chances[step, option]) if inside else None
        if decision == "level":
            joined = np.bincount(each, taken[:, step] >= JOINED) / np.bincount(each)
            low, high = np.quantile(joined, calibrate.INTERVAL)
            row |= {"p_joined": float(joined.mean()), "low": float(low), "high": float(high)}
        rows.append(row)
    return rows


def _manifest(plan: Plan, text: str) -> dict[str, Any]:
    """What the forecasts rest on, and the hash that they are known by."""
    episodes = sorted({e for one in plan.specification.forecasts.values() for e in one.score})
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "specification": plan.specification.model_dump(mode="json"),
        "fits": {name: one.jobs()[0].digest for name, one in plan.calibrations.items()},
        "scenarios": {name: reading.read(name).digest for name in episodes},
        "engine": kernel.digest(__name__),
        "version": importlib.metadata.version("alignsim"),
    }


def reread(folder: Path, plan: Plan | None = None) -> pd.DataFrame:
    """The forecasts as they were written.

    Raises DocumentError where the hash is another, or the specification is that of another plan.
    """
    try:
        content = (folder / TABLE).read_bytes()
        manifest = json.loads((folder / MANIFEST).read_text(documents.ENCODING))
        stated, specification = manifest["sha256"], manifest["specification"]
    except OSError as error:
        raise DocumentError(str(error.filename), None, "", "cannot be read") from None
    except (ValueError, KeyError, TypeError):
        raise DocumentError(str(folder / MANIFEST), None, "", "is no manifest") from None
    if plan is not None and specification != plan.specification.model_dump(mode="json"):
        raise DocumentError(str(folder / MANIFEST), None, "", "is of another specification")
    if hashlib.sha256(content).hexdigest() != stated:
        raise DocumentError(str(folder / TABLE), None, "", "is not what was hashed before scoring")
    return pd.read_csv(folder / TABLE)
