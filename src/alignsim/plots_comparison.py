"""Figures of rival explanations and of out-of-sample forecasts."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from alignsim import forecast_scores, history, plots, reading
from alignsim.evaluation import MODEL
from alignsim.forecasts import Plan
from alignsim.model_comparison import CLEAR, FULL, Comparison
from alignsim.plots import BLACK, BLUE, DPI, GREY, SKY, WIDTH

PALE = "#e4e4e4"
FORECASTS_A_ROW = 4


@plots.styled
def comparison(comparison: Comparison) -> Figure:
    """Bayes factors against the full theory, and held-out decisions, a row a hypothesis.

    Far losers are cut off at the left edge with an arrow and their number.
    """
    rows: Any = comparison.table.to_dict("records")
    figure = Figure((WIDTH, 0.27 * len(rows) + 1.3), dpi=DPI, layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=[1.5, 1, 1])
    full = next(row for row in rows if row["hypothesis"] == FULL)
    _factors(left, rows)
    for axis, kind in ((middle, "episode"), (right, "ally")):
        field = f"leave_one_{kind}_out"
        values = np.array([row[field] for row in rows])
        errors = np.array([row[f"{field}_error"] for row in rows])
        floor = _floor(values)
        _points(axis, values, errors, floor)
        axis.axvline(full[field], color=GREY, linewidth=0.7, linestyle=":")
        axis.set_xlabel(f"log probability of each\n{kind} after the others")
    left.set_yticks(range(len(rows)), [row["title"] for row in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    for tick, row in zip(left.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if row["hypothesis"] == FULL else "normal")
    figure.legend(handles=_comparison_handles(comparison), loc="outside lower center", ncols=3)
    return figure


def _factors(axis: Axes, rows: list[dict[str, Any]]) -> None:
    values = np.array([row["bayes_factor"] for row in rows])
    errors = np.array([row["bayes_factor_error"] for row in rows])
    floor = _floor(values)
    axis.axvspan(-CLEAR, CLEAR, color=PALE, zorder=0, linewidth=0)
    axis.axvline(0.0, color=BLACK, linewidth=0.6)
    for index, row in enumerate(rows):
        for what, offset, width in (("inputs", 0.2, 3.2), ("priors", -0.2, 3.2)):
            if f"{what}_least" in row and row["hypothesis"] != FULL:
                ends = [max(row[f"{what}_least"], floor), max(row[f"{what}_most"], floor)]
                colour = SKY if what == "inputs" else "#E69F00"
                style: Any = {"solid_capstyle": "butt", "color": colour, "linewidth": width}
                axis.plot(ends, [index + offset] * 2, zorder=1, **style)
    _points(axis, values, errors, floor)
    axis.set_xlabel("log Bayes factor against\nthe theory in full")


def _floor(values: Any) -> float:
    """Where the axis is cut: the worst of those within 40 of the best, with some room."""
    near = values[values > values.max() - 40.0]
    return float(near.min() - 6.0)


def _points(axis: Axes, values: Any, errors: Any, floor: float) -> None:
    for index, (value, error) in enumerate(zip(values, errors, strict=True)):
        if value < floor:
            axis.plot([floor], [index], marker="<", color=BLACK, markersize=4)
            axis.annotate(
                f"{value:.0f}", (floor, index), (6, 0), textcoords="offset points", va="center",
                fontsize=7,
            )  # fmt: skip
        else:
            axis.errorbar(
                [value], [index], xerr=[2.0 * error], fmt="o", color=BLACK, markersize=3.4,
                capsize=2, linewidth=0.9,
            )  # fmt: skip
    axis.set_xlim(left=floor - 2.0)
    axis.tick_params(axis="y", length=0)


def _comparison_handles(comparison: Comparison) -> list[Any]:
    handles: list[Any] = [
        Line2D([], [], color=BLACK, marker="o", markersize=3.4, linewidth=0.9,
               label="estimate ± 2 standard errors"),
        Patch(color=PALE, label="odds below 20 to 1 either way"),
        Line2D([], [], color=GREY, linewidth=0.7, linestyle=":", label="the theory in full"),
    ]  # fmt: skip
    if comparison.complete:
        handles += [
            Line2D(
                [], [], color="#E69F00", linewidth=3.2, label="priors half and 1.5 times as wide"
            ),
            Line2D([], [], color=SKY, linewidth=3.2, label="inputs drawn from evidence ranges"),
        ]
    return handles


@plots.styled
def forecasts(plan: Plan, table: pd.DataFrame) -> Figure:
    """Levels of the allies as forecast out of sample, a panel a forecast, episode and ally.

    Cells are shaded by the probability of a level; the line is what is documented.
    """
    levels = table[table["decision"] == "level"]
    keys: Any = levels[["forecast", "episode", "state"]].drop_duplicates().to_numpy().tolist()
    panels = [key for key in keys if key[2] in reading.read(key[1]).allies]
    height = -(-len(panels) // FORECASTS_A_ROW)
    figure = Figure((WIDTH, 1.55 * height + 0.4), dpi=DPI, layout="constrained")
    axes = figure.subplots(height, FORECASTS_A_ROW, squeeze=False).ravel()
    for axis, (name, episode, state) in zip(axes, panels, strict=False):
        own = levels[
            (levels["forecast"] == name)
            & (levels["episode"] == episode)
            & (levels["state"] == state)
        ]
        scenario = reading.read(episode)
        shares = own[[f"p{option}" for option in range(6)]].to_numpy().T
        axis.imshow(shares, origin="lower", aspect="auto", cmap="Blues", vmin=0.0, vmax=1.0)
        course = [
            record.value
            for record in history.documented(scenario)
            if (record.state, record.decision) == (state, "level")
        ]
        axis.plot(course, "o-", color=BLACK, linewidth=0.9, markersize=2.6)
        title = plan.specification.forecasts[name].title
        axis.set_title(f"{title}:\n{scenario.label(state)}, {plots.years(scenario.calendar)}",
                       loc="left", fontsize=6.6)  # fmt: skip
        plots.dates(axis, scenario.calendar, sparse=True)
        axis.set_yticks(range(6))
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    figure.supylabel("sanctions level", fontsize=8)
    return figure


@plots.styled
def scores(plan: Plan, found: dict[str, pd.DataFrame]) -> Figure:
    """Mean ranked probability score of each forecast beside the baselines', and the calibration."""
    means = forecast_scores.means(found)
    names = list(plan.specification.forecasts)
    figure = Figure((WIDTH, 0.3 * len(names) + 1.7), dpi=DPI, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.2, 1.2, 1])
    for axis, decision in ((left, "level"), (middle, "engagement")):
        own = means[means["decision"] == decision]
        for index, name in enumerate(names):
            group = own[own["forecast"] == name]
            others = group[group["forecaster"] != MODEL]["rps"]
            axis.plot(others, [index] * len(others), "|", color=GREY, markersize=7)
            model = group[group["forecaster"] == MODEL]["rps"]
            axis.plot(model, [index], "o", color=BLUE, markersize=5, markeredgecolor=BLACK)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_xlim(left=0.0)
        axis.set_title(f"{decision}s" if decision == "level" else decision, loc="left")
        axis.set_xlabel("mean ranked\nprobability score")
    left.set_yticks(
        range(len(names)),
        [plan.specification.forecasts[name].title for name in names],
        fontsize=6.8,
    )
    middle.set_yticks(range(len(names)), [])
    curve = found["calibration"]
    right.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":")
    sizes = 4.0 + 60.0 * curve["forecasts"] / curve["forecasts"].max()
    right.scatter(curve["probability"], curve["happened"], s=sizes, color=BLUE, edgecolor=BLACK)
    right.set_xlabel("forecast probability\nof an option")
    right.set_ylabel("share that happened")
    right.set_title("calibration", loc="left")
    right.set_aspect("equal")
    figure.legend(
        handles=[
            Line2D(
                [], [], color=BLUE, marker="o", markeredgecolor=BLACK, linestyle="", label="model"
            ),
            Line2D([], [], color=GREY, marker="|", linestyle="", label="baselines"),
        ],
        loc="outside lower center",
        ncols=2,
    )
    return figure
