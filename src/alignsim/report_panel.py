"""The world panel in the report: what was committed of it, as tables, figures and words.

The verdict on the registered forecast of 2022 comes first.
"""

from typing import Any, NamedTuple

from matplotlib.figure import Figure

from alignsim import reading, tables
from alignsim.decision import JOINED
from alignsim.panel import panel_report, plots_panel, shipped, verdict, verdict_report
from alignsim.panel.within import ALL_STATES, THEORY
from alignsim.report_tables import Table

WORLD = "world-2022"
SCORES = verdict_report.FILES[verdict.RECORDED]
MOST = 12
"""Movers that the page shows."""

Drawn = tuple[str, Figure, str, str]
"""Name, figure, alternative text, caption."""


class Section(NamedTuple):
    """What the page says of the panel besides its figures."""

    sentences: list[str]
    criteria: Table
    dearest: Table
    scores: Table
    movers: Table


def _rows(frame: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows


def section() -> Section:
    """Words and tables of the section. Raises DocumentError where a committed table is damaged."""
    return Section(_sentences(), _criteria(), _dearest(), _scores(), _movers())


def _all_states() -> list[dict[str, Any]]:
    scores = shipped.table("scores-2014.csv")
    return _rows(scores[(scores["left_out"] == "unit") & (scores["subset"] == ALL_STATES)])


def _sentences() -> list[str]:
    scores = {row["forecaster"]: row for row in _all_states()}
    theory = scores[THEORY]
    rivals = [scores[name] for name in ("ideal point", "penalised logit")]
    compared = "; ".join(
        f"{row['forecaster']} {row['brier']:.3f} and {row['log_score']:.2f}" for row in rivals
    )
    forecast = shipped.forecasts()[THEORY]
    p = forecast["p_joined"]
    judged = [_judged(name) for name in (SCORES, verdict_report.CRITERIA, verdict_report.STATES)]
    return [
        f"2022. {verdict.said(*judged)}",
        f"2014, each of {theory['units']} units left out in turn: Brier score "
        f"{theory['brier']:.3f}, log score {theory['log_score']:.2f} ({compared}).",
        f"The forecast of 2022 was made from 2014 and registered by its hash before any table of "
        f"outcomes was made: of {len(forecast)} states {int((p > 0.5).sum())} are more likely in "
        f"than out; {p.sum():.0f} are expected to join.",
    ]


def _judged(name: str) -> Any:
    return shipped.table(f"{shipped.VERDICT}/{name}")


def _criteria() -> Table:
    """What was registered, part by part."""
    cells = [
        [f"{row['counts']} {row['number']}", row["part"], row["figure"], row["met_as_recorded"]]
        for row in _rows(_judged(verdict_report.CRITERIA))
    ]
    caption = (
        "What was registered to count for and against the theory, part by part. A sentence that "
        "counts for it asks for all its parts, one that counts against it for any."
    )
    return Table(caption, ["Counts", "What", "Figure", "As recorded"], cells)


def _dearest() -> Table:
    """The states that cost the forecast most."""
    states = _judged(verdict_report.STATES)
    cells = [
        [
            row["name"],
            f"{row['p_joined']:.3f}",
            row["outcome"],
            f"{row['log_loss']:.2f}",
            f"{row['share']:.0%}",
        ]
        for row in _rows(states[states["standing"] == verdict.MISS])
    ]
    caption = (
        "States that the forecast had on the wrong side. The loss is minus the log of the "
        "probability given to what happened; the last column is its part in that of all."
    )
    return Table(caption, ["State", "P(joined)", "Joined", "Loss", "Of all"], cells)


def _scores() -> Table:
    rows = _all_states()
    cells = [
        [
            row["forecaster"],
            *(
                f"{tables.number(row[name], 3)} [{tables.number(row[f'{name}_low'], 3)}, "
                f"{tables.number(row[f'{name}_high'], 3)}]"
                for name in ("brier", "log_score")
            ),
        ]
        for row in rows
    ]
    caption = (
        "The world in 2014: states forecast by weights and fits that have not seen them, the EU as "
        "one. In brackets 90 % intervals over resamples of units."
    )
    marked = [row["forecaster"] for row in rows].index(THEORY)
    return Table(caption, ["Forecaster", "Brier score", "Log score"], cells, marked=marked)


def _movers() -> Table:
    cells = [
        [row["name"], f"{row['before']:.2f}", f"{row['after']:.2f}", row["moved_by"]]
        for row in _rows(shipped.table("movers.csv").head(MOST))
    ]
    caption = (
        "States that the theory moves most from 2014 to 2022, and the terms that move them: change "
        f"in the log odds of level {JOINED} against 0."
    )
    columns = ["State", "P(joined) 2014", "P(joined) 2022", "Moved by"]
    return Table(caption, columns, cells)


def drawn() -> list[Drawn]:
    """The three figures of the section."""
    scenario = reading.read(WORLD)
    forecast = shipped.forecasts()[THEORY].sort_values("p_joined", ascending=False)
    first = ", ".join(forecast["iso3"].head(8))
    names = {state: scenario.label(state) for state in scenario.allies}
    judged = _judged(SCORES)
    return [
        (
            "world-map-2022",
            verdict_report.map_figure(_judged(verdict_report.STATES)),
            "A map with a square a state, the darker the more likely the state was to join in "
            f"2022, with those that did, and those on the wrong side. {_sentences()[0]}",
            "The world of 2022 as forecast from 2014, and what happened: P(joined) of each state; "
            "outlined, those that joined. A corner marks a forecast on the wrong side, or a record "
            "in part. A cut corner marks an interval wider than a half.",
        ),
        (
            "world-scores-2022",
            plots_panel.scores_plot(judged, THEORY),
            "Log and Brier scores of every registered forecaster with 90 % intervals, on all "
            "states, without the EU, and on states that had not joined in 2014.",
            "How the registered forecasts of 2022 did, with 90 % intervals over resamples of "
            "units, the EU as one.",
        ),
        (
            "world-dots-2022",
            plots_panel.dot_plot(forecast, names, panel_report.blocs(scenario)),
            f"All states by P(joined) in 2022 with 90 % intervals; the first are {first}.",
            "All states by P(joined) in 2022, with 90 % intervals over weights and inputs.",
        ),
    ]
