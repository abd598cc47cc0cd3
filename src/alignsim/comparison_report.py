"""What `alignsim compare` and `alignsim forecast` print and write: tables, figures, words."""

import json
import textwrap
from pathlib import Path
from typing import Any, cast

import pandas as pd

from alignsim import documents, forecast_scores, forecasts, model_comparison, plots, tables
from alignsim import plots_comparison as figures
from alignsim.forecasts import Plan
from alignsim.model_comparison import Comparison

WRAP = 96
Frames = dict[str, pd.DataFrame]


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


# --- the comparison -------------------------------------------------------------------------


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write table (CSV, LaTeX), record (JSON), verdict and figure (PNG, SVG), each whole."""
    figure = figures.comparison(comparison)
    record = json.dumps(model_comparison.record(comparison), indent=1, allow_nan=False)
    contents: dict[str, bytes | str] = {
        "comparison.csv": _csv(comparison.table),
        "comparison.tex": _latex(comparison),
        "verdict.txt": "\n".join(model_comparison.verdict(comparison)) + "\n",
        "comparison.json": f"{record}\n",
        "comparison.png": plots.rendered(figure, "png"),
        "comparison.svg": plots.rendered(figure, "svg"),
    }
    return _written(folder, contents)


COLUMNS = ("free", "log evidence", "log Bayes f.", "by episode", "by ally")


def _cells(comparison: Comparison, name: str) -> list[list[str]]:
    """Rows of the table as text; the first cell is the field that names a hypothesis."""
    rows = []
    for row in comparison.table.to_dict("records"):
        cells = [row[name], str(row["numbers"])]
        cells += [
            _with_error(row["evidence"], row["error"]),
            _with_error(row["bayes_factor"], row["bayes_factor_error"]),
        ]
        for kind in ("episode", "ally"):
            field = f"leave_one_{kind}_out"
            cells.append(_with_error(row[field], row[f"{field}_error"]))
        rows.append(cells)
    return rows


def _latex(comparison: Comparison) -> str:
    """The table for a paper, with the rules of booktabs."""
    frame = pd.DataFrame(_cells(comparison, "title"), columns=["explanation", *COLUMNS])
    written = str(frame.to_latex(index=False, escape=True, column_format="lrrrrr"))
    return written.replace("+-", "$\\pm$")


def comparison_text(comparison: Comparison) -> str:
    """The table and the verdict, at most 100 columns wide."""
    note = (
        "Log evidence: log probability of all decisions of the allies before any was seen. Log "
        "Bayes factor: against the theory in full. By episode, by ally: log probability of each "
        "after the others. +- is the standard error of the sampler."
    )
    said = [textwrap.fill(line, WRAP) for line in model_comparison.verdict(comparison)]
    return "\n\n".join(
        [
            tables.text(_cells(comparison, "hypothesis"), ["hypothesis", *COLUMNS]),
            textwrap.fill(note, WRAP),
            "\n".join(said),
        ]
    )


def _with_error(value: float, error: float) -> str:
    return f"{value:.1f} +- {error:.1f}" if error else f"{value:.1f}"


# --- the forecasts --------------------------------------------------------------------------


def write_forecasts(plan: Plan, found: Frames, folder: Path) -> list[Path]:
    """Write ``means.csv``, ``sides.csv``, ``findings.txt`` and the figures beside the scores."""
    table = forecasts.reread(folder)
    contents: dict[str, bytes | str] = {
        "means.csv": _csv(forecast_scores.means(found)),
        "sides.csv": _csv(pd.DataFrame(forecast_scores.sides(plan, found))),
        "findings.txt": "\n".join(findings(plan, found)) + "\n",
        "forecasts.png": plots.rendered(figures.forecasts(plan, table), "png"),
        "forecast-scores.png": plots.rendered(figures.scores(plan, found), "png"),
    }
    return _written(folder, contents)


def forecasts_text(plan: Plan, found: Frames) -> str:
    """Scores of the model beside the best baseline, then what held and what failed."""
    rows = []
    means = forecast_scores.means(found)
    for (decision, name), group in means.groupby(["decision", "forecast"], sort=False):
        own = group[group["forecaster"] == "model"].iloc[0]
        for field, rising in (("rps", True), ("log_score", False)):
            others = group[group["forecaster"] != "model"]
            rival = others.sort_values(field, ascending=rising).iloc[0]
            label = "RPS" if field == "rps" else "log score"
            value, other = own[field], rival[field]
            rows.append([name, decision, label, f"{value:.3f}", f"{other:.3f}"])
            rows[-1].append(rival["forecaster"])
    columns = ["forecast", "decision", "score", "model", "best other", "which"]
    said = [textwrap.fill(line, WRAP) for line in findings(plan, found)]
    return "\n\n".join([tables.text(rows, columns), "\n".join(said)])


def findings(plan: Plan, found: Frames) -> list[str]:
    """In words: sides that came out right and wrong, and what each miss would have needed."""
    said = []
    for row in forecast_scores.sides(plan, found):
        title = plan.specification.forecasts[row["forecast"]].title
        told = "right" if row["right"] else "WRONG"
        said.append(
            f"{title}: {row['state']} in {row['episode']}: the documented side has "
            f"{row['p_documented_side']:.2f}: {told}."
        )
    missed = found["diagnosis"]
    keys = ["forecast", "episode", "state", "decision"]
    for key, group in missed.groupby(keys, sort=False):
        name, episode, state, decision = map(str, cast(tuple[Any, ...], key))
        said.append(
            _missed(plan.specification.forecasts[name].title, episode, state, decision, group)
        )
    return said


def _missed(title: str, episode: str, state: str, decision: str, group: pd.DataFrame) -> str:
    first = group.iloc[0]
    own = group[group["term"].fillna("") != ""]
    reason = "only because earlier steps were missed"
    if len(own):
        worst = own.sort_values("given_past").iloc[0]
        reason = f"in {worst['date']} it would have taken {worst['reason']}"
    return (
        f"{title}: {state} {decision} in {episode} missed at {len(group)} steps, first in "
        f"{first['date']} (documented {first['documented']}, forecast {first['modal']}): {reason}."
    )


def forecasts_record(plan: Plan, found: Frames, folder: Path) -> dict[str, Any]:
    """What ``--json`` prints."""
    manifest = json.loads(documents.text(folder / forecasts.MANIFEST))
    return forecast_scores.record(plan, found, manifest)


def _written(folder: Path, contents: dict[str, bytes | str]) -> list[Path]:
    for name, content in contents.items():
        documents.write_whole(folder / name, content)
    return [folder / name for name in contents]
