"""One scenario run, once or many times: the record that ``alignsim run`` prints and writes."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from alignsim import documents, history, paths, reading, tables, wholes
from alignsim import weights as weight_sets
from alignsim.agents import Decision
from alignsim.model import AlignmentModel
from alignsim.scenario import Scenario
from alignsim.weights import Parameters

Record = dict[str, Any]


@wholes.taken(runs=wholes.ONE_UP, seed=wholes.SEED)
def record(scenario: str, runs: int, seed: int, weights: str) -> tuple[Record, str]:
    """Run a scenario; the record for files and ``--json``, and the text for people.

    One run is a Mesa run with every decision; more are an ensemble. Raises DocumentError.
    """
    played = reading.read(scenario)
    fitted = weight_sets.read(weights)
    head: Record = {
        "scenario": played.name,
        "digest": played.digest,
        "weights": fitted.name,
        "runs": runs,
        "seed": seed,
    }
    title = f"{played.title}\n{runs} free run{'s' * (runs > 1)}, seed {seed}, weights {fitted.name}"
    if runs == 1:
        model = AlignmentModel(played, fitted, rng=seed).run_all()
        head["decisions"] = [decided(made) for made in model.decisions]
        head["steps"] = model.datacollector.get_model_vars_dataframe().to_dict("records")
        head["paths"] = single_paths(played, model.decisions)
    else:
        head |= _ensemble(played, fitted, runs, seed)
    many = len(played.allies) > tables.MOST_ALLIES
    shown = (tables.ends if many else tables.paths)(played, head["paths"])
    return head, f"{title}\n\n{shown}"


def _ensemble(played: Scenario, fitted: Parameters, runs: int, seed: int) -> Record:
    from alignsim import ensemble  # the compiler is slow to import, and one run does without it

    forecast = ensemble.free_runs(played, fitted, runs, seed)
    steps = [
        {"date": date, "pressure": float(pressure), "misalignment": float(misalignment)}
        for date, pressure, misalignment in zip(
            played.calendar.dates,
            forecast.outcome.pressure.mean(axis=0),
            forecast.outcome.misalignment.mean(axis=0),
            strict=True,
        )
    ]
    return {
        "steps": steps,
        "paths": paths.of_ensemble(forecast, history.documented(played)),
    }


def single_paths(played: Scenario, decisions: list[Decision]) -> list[Record]:
    """The same rows as an ensemble of one: what was chosen, with certainty."""
    documented = history.by_step(history.documented(played))
    keys = dict.fromkeys((made.state, made.decision, made.toward) for made in decisions)
    rows = []
    for key in keys:
        for made in decisions:
            if (made.state, made.decision, made.toward) == key:
                certain = [float(option == made.chosen) for option in range(len(made.options))]
                found = documented.get((*key, made.step))
                rows.append(paths.row(played, key, made.step, made.chosen, certain, found))
    return rows


def decided(made: Decision) -> Record:
    """One decision with every option's probability, utility and terms."""
    return {
        "step": made.step,
        "date": made.date,
        "state": made.state,
        "decision": made.decision,
        "toward": made.toward,
        "chosen": made.options[made.chosen],
        "draw": made.draw,
        "options": [
            {"option": name, "probability": chance, "utility": utility, "terms": weighed}
            for name, chance, utility, weighed in zip(
                made.options, made.probabilities, made.utilities, made.terms, strict=True
            )
        ],
    }


def write(record_: Record, folder: Path) -> None:
    """Write ``run.json`` and ``paths.csv`` into a folder, each whole or not at all."""
    documents.write_whole(folder / "run.json", json.dumps(record_, indent=1) + "\n")
    documents.write_whole(folder / "paths.csv", as_csv(record_["paths"]))


def as_csv(rows: list[Record]) -> str:
    """Flat records as CSV; lists become space-separated numbers."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                key: " ".join(f"{item:.6g}" for item in value) if isinstance(value, list) else value
                for key, value in row.items()
            }
        )
    return stream.getvalue()
