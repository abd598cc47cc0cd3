"""The world panel in the report: what was committed of it, as tables, figures and words."""

from typing import Any, NamedTuple

from matplotlib.figure import Figure

from alignsim import reading, tables
from alignsim.decision import JOINED
from alignsim.panel import panel_report, plots_panel, shipped
from alignsim.panel.within import ALL_STATES, THEORY
from alignsim.report_tables import Table

WORLD = "world-2022"
MOST = 12
"""Movers that the page shows."""

Drawn = tuple[str, Figure, str, str]
"""Name, figure, alternative text, caption."""


class Section(NamedTuple):
    """What the page says of the panel besides its figures."""

    sentences: list[str]
    scores: Table
    movers: Table


def _rows(frame: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows


def section() -> Section:
    """Words and tables of the section. Raises DocumentError where a committed table is damaged."""
    return Section(_sentences(), _scores(), _movers())


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
    return [
        f"2014, each of {theory['units']} units left out in turn: Brier score "
        f"{theory['brier']:.3f}, log score {theory['log_score']:.2f} ({compared}).",
        f"2022, forecast from 2014 and registered by its hash before any outcome was looked up: "
        f"of {len(forecast)} states {int((p > 0.5).sum())} are more likely in than out; "
        f"{p.sum():.0f} are expected to join.",
    ]


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
    """The two figures of the section."""
    scenario = reading.read(WORLD)
    forecast = shipped.forecasts()[THEORY].sort_values("p_joined", ascending=False)
    first = ", ".join(forecast["iso3"].head(8))
    names = {state: scenario.label(state) for state in scenario.allies}
    return [
        (
            "world-map-2022",
            plots_panel.tile_map(forecast, (), ""),
            "A map with a square a state, the darker the more likely the state is to join in 2022. "
            f"{_sentences()[1]}",
            "The world of 2022 as forecast from 2014: P(joined) of each state. A cut corner marks "
            "an interval wider than a half.",
        ),
        (
            "world-dots-2022",
            plots_panel.dot_plot(forecast, names, panel_report.blocs(scenario)),
            f"All states by P(joined) in 2022 with 90 % intervals; the first are {first}.",
            "All states by P(joined) in 2022, with 90 % intervals over weights and inputs.",
        ),
    ]
