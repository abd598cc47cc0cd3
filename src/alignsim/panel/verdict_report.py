"""What ``alignsim panel verdict`` prints and writes: tables, figures, words."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from alignsim import tables
from alignsim.panel import panel_report, plots_map, plots_panel, verdict
from alignsim.panel.verdict import DOUBTFUL, MISS, READINGS, RECORDED, Verdict
from alignsim.panel.within import THEORY

DEAREST = 12
"""Units whose terms are printed; the tables have all."""
FILES = {
    name: "scores.csv" if name == RECORDED else f"scores-{name.replace(' ', '-')}.csv"
    for name in READINGS
}
"""Table of scores of each reading of partial records."""
CRITERIA, STATES, DIAGNOSIS = "criteria.csv", "states.csv", "diagnosis.csv"


def frames(found: Verdict) -> dict[str, pd.DataFrame]:
    """Tables by file name."""
    recorded = found.scored[RECORDED]
    return {
        **{FILES[name]: scored.scores for name, scored in found.scored.items()},
        "calibration.csv": recorded.calibration,
        CRITERIA: found.criteria,
        STATES: found.states,
        DIAGNOSIS: found.diagnosis,
    }


def figures(found: Verdict) -> dict[str, Figure]:
    """Figures by file name."""
    recorded = found.scored[RECORDED]
    return {
        "map.png": map_figure(found.states, "2022: forecast from 2014, and what happened"),
        "scores.png": plots_panel.scores_plot(recorded.scores, THEORY),
        "calibration.png": panel_report.calibration_figure(recorded.calibration),
    }


def map_figure(states: pd.DataFrame, title: str = "") -> Figure:
    """The map of the forecast with the states that joined, misses, and doubtful records."""
    chosen = {word: list(states["iso3"][states["standing"] == word]) for word in (MISS, DOUBTFUL)}
    joined = list(states["iso3"][states["outcome"] == "yes"])
    return plots_map.tile_map(states, joined, title, missed=chosen[MISS], doubtful=chosen[DOUBTFUL])


def text(found: Verdict) -> str:
    """The verdict for a terminal: in words, sentence by sentence, and the dearest states."""
    scored = found.scored[RECORDED]
    return "\n\n".join(
        [
            textwrap.fill(
                verdict.said(scored.scores, found.criteria, found.states), panel_report.WRAP
            ),
            _criteria(found.criteria),
            "What was dearest: minus the log of the probability given to what happened, in units",
            _dearest(found.states),
            panel_report.scored_text(scored),
        ]
    )


def _criteria(table: pd.DataFrame) -> str:
    rows = [
        [f"{row['counts']} {row['number']}", row["part"], row["figure"], row["met_as_recorded"]]
        for row in table.to_dict("records")
    ]
    return tables.text(rows, ["counts", "what", "figure", "met"], ("left",) * 4)


def _dearest(states: pd.DataFrame) -> str:
    rows = [
        [
            str(row["name"]),
            f"{row['p_joined']:.3f}",
            str(row["outcome"]),
            f"{row['log_loss']:.2f}",
            f"{row['share']:.0%}",
        ]
        for row in states.head(DEAREST).to_dict("records")
    ]
    headers = ["", "P(joined)", "joined", "loss", "of all"]
    return tables.text(rows, headers, ("left", "right", "left", "right", "right"))
