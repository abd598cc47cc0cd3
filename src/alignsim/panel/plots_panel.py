"""Figures of the world panel: all states as dots, calibration and scores.

Forecasts are tables with a row a state: iso3, p_joined, p_joined_low, p_joined_high, modal_level.
"""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alignsim import plots
from alignsim.plots import BLACK, BLUE, GREY, WIDTH

# --- all states as dots -----------------------------------------------------------------------

PANELS, KEYS = 3, 3
"""Panels side by side, and entries of the legend in a row."""
ROW = 0.143
"""Height of a row of the dot plot, in inches."""
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)
MARKERS = "os^DvPX<>*p"
"""Lengths without a common divisor: colour and marker together part 77 groups."""
OTHER = "other"


@plots.styled
def dot_plot(
    forecast: pd.DataFrame, names: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> Figure:
    """Every state's P(joined) with its interval, the likeliest first, down three panels.

    ``names`` by iso3; ``groups``, such as regions, part the states in colour and marker.
    """
    rows = forecast.assign(
        name=[names[state] for state in forecast["iso3"]],
        group=[groups.get(state, OTHER) if groups else "" for state in forecast["iso3"]],
    ).sort_values(["p_joined", "name"], ascending=[False, True])
    styles = _group_styles(rows["group"]) if groups else {"": (BLUE, "o")}
    each = -(-len(rows) // PANELS)
    keys = 1 + len(styles) // KEYS
    figure = Figure((WIDTH, ROW * (each + 1.2 * keys) + 0.65), dpi=plots.DPI, layout="constrained")
    for place, axis in enumerate(figure.subplots(1, PANELS)):
        _dots(axis, rows.iloc[place * each : (place + 1) * each], styles)
        axis.set_ylim(each - 0.3, -0.7)
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=4, markeredgewidth=0.0, label=group)
        for group, (colour, marker) in styles.items()
        if group
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="90 % interval"))
    figure.legend(handles=handles, loc="outside lower center", ncols=KEYS)
    return figure


def _group_styles(found: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each group, in the order of the alphabet; others come last."""
    order = sorted(set(found), key=lambda group: (group == OTHER, group))
    return {
        group: (GROUP_COLOURS[place % len(GROUP_COLOURS)], MARKERS[place % len(MARKERS)])
        for place, group in enumerate(order)
    }


def _dots(axis: Axes, rows: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> None:
    """States from the top down, and an axis of probabilities below and above."""
    heights = np.arange(len(rows))
    axis.hlines(heights, 0.0, 1.0, color="#ececec", linewidth=0.5, zorder=0)
    axis.axvline(0.5, color="#b5b5b5", linewidth=0.6, zorder=0)
    for group in dict.fromkeys(rows["group"]):
        colour, marker = styles[group]
        inside = (rows["group"] == group).to_numpy()
        own, where = rows[inside], heights[inside]
        ends = own["p_joined_low"], own["p_joined_high"]
        axis.hlines(where, *ends, color=colour, linewidth=1.0, alpha=0.6)
        style: dict[str, Any] = {"color": colour, "markersize": 3.4, "markeredgewidth": 0.0}
        axis.plot(own["p_joined"], where, marker, clip_on=False, **style)
    axis.set(xlim=(-0.03, 1.03), xlabel="P(joined)")
    axis.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    axis.set_yticks(heights, rows["name"], fontsize=6.3)
    axis.tick_params(axis="y", length=0, pad=2)
    axis.tick_params(axis="x", top=True, labeltop=True, length=2)
    axis.spines["left"].set_visible(False)


# --- calibration ------------------------------------------------------------------------------

A_ROW = 5
LETTERS = 21
THEORY = "theory"
PALE = "#e8f1f8"
POINT = (8.0, 60.0)
"""Area of a point: what all have, and what the heaviest has besides."""


@plots.styled
def calibration_plot(table: pd.DataFrame, theory: str = THEORY) -> Figure:
    """Share that joined against the mean forecast of a bin, a panel a forecaster.

    Columns: forecaster, mean, observed, low, high, weight. A point is as large as its weight; on
    the diagonal forecasts are as often right as they say.
    """
    names = list(dict.fromkeys(table["forecaster"]))
    lines = -(-len(names) // A_ROW)
    columns = -(-len(names) // lines)
    side = WIDTH / max(columns, 3)
    figure = Figure((side * columns, (side + 0.3) * lines + 0.5), dpi=plots.DPI)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for place, (axis, name) in enumerate(zip(axes.flat, names, strict=False)):
        colour, weight = (BLUE, "bold") if name == theory else (GREY, "normal")
        _curve(axis, table[table["forecaster"] == name], table["weight"].max(), colour)
        title = textwrap.fill(name, LETTERS)
        axis.set_title(title, loc="left", fontsize=7.5, fontweight=weight, pad=3)
        if place + columns >= len(names):
            axis.tick_params(labelbottom=True)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("share that joined")
    for axis in axes[-1]:
        axis.set_xlabel("forecast P(joined)")
    style: dict[str, Any] = {"color": GREY, "linestyle": ""}
    handles = [
        Line2D([], [], marker="o", markersize=4.5, markeredgecolor=BLACK, markeredgewidth=0.5,
               label="a bin, larger with more states", **style),
        Line2D([], [], marker="|", markersize=9, label="90 % interval", **style),
        Line2D([], [], color=GREY, linewidth=0.7, linestyle=":", label="as often as forecast"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=min(columns, 3))
    return figure


def _curve(axis: Axes, rows: pd.DataFrame, heaviest: float, colour: str) -> None:
    found = rows.sort_values("mean")
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":")
    axis.vlines(found["mean"], found["low"], found["high"], color=colour, linewidth=0.9)
    axis.plot(found["mean"], found["observed"], color=colour, linewidth=0.7, alpha=0.6)
    areas = POINT[0] + POINT[1] * found["weight"] / heaviest
    axis.scatter(found["mean"], found["observed"], areas, color=colour, edgecolor=BLACK,
                 linewidth=0.5, zorder=3, clip_on=False)  # fmt: skip
    axis.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    axis.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    axis.set_yticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])


# --- scores -----------------------------------------------------------------------------------

SCORES = (
    ("log_score", "log score (right is better)"),
    ("brier", "Brier score (left is better)"),
)
FAR = 3.0
"""A log score this many times the median is beyond the panel: an arrow and its number."""


@plots.styled
def scores_plot(table: pd.DataFrame, theory: str = THEORY) -> Figure:
    """Log and Brier score of each forecaster with intervals, a column a subset of the states.

    Columns: forecaster, subset, and brier and log_score with _low and _high. The theory is
    highlighted, and its score is the dotted line.
    """
    names = list(dict.fromkeys(table["forecaster"]))
    subsets = list(dict.fromkeys(table["subset"]))
    figure = Figure((WIDTH, 0.36 * len(names) + 1.7), dpi=plots.DPI, layout="constrained")
    axes = figure.subplots(len(SCORES), len(subsets), sharex="row", sharey=True, squeeze=False)
    for line, (score, label) in zip(axes, SCORES, strict=True):
        floor = _floor(table[score].to_numpy(dtype=np.float64))
        for axis, subset in zip(line, subsets, strict=True):
            own = table[table["subset"] == subset].set_index("forecaster")
            for place, name in enumerate(names):
                if name in own.index:
                    _score(axis, place, own.loc[name], score, floor, name == theory)
            axis.tick_params(axis="y", length=0)
            axis.set_xlabel(label)
    for axis, subset in zip(axes[0], subsets, strict=True):
        axis.set_title(subset, loc="left")
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(names)), names)
        for tick, name in zip(axis.get_yticklabels(), names, strict=True):
            tick.set_fontweight("bold" if name == theory else "normal")
    figure.legend(handles=_score_keys(), loc="outside lower center", ncols=3)
    return figure


def _floor(values: plots.Floats) -> float:
    """Where a panel ends on the left: nothing is cut off of scores that are not negative."""
    return float(FAR * np.median(values[np.isfinite(values)])) if values.min() < 0.0 else -np.inf


def _score(axis: Axes, place: int, row: Any, score: str, floor: float, theory: bool) -> None:
    """A score and its interval; an arrow at the floor where it is beyond."""
    value = float(row[score])
    low, high = (float(row[f"{score}_{end}"]) for end in ("low", "high"))
    colour = BLUE if theory else GREY
    if theory:
        axis.axhspan(place - 0.5, place + 0.5, color=PALE, linewidth=0, zorder=0)
        axis.axvline(max(value, floor), color=BLUE, linewidth=0.7, linestyle=":", zorder=0)
    if high > floor:
        axis.plot([max(low, floor), high], [place] * 2, color=colour, linewidth=1.0)
    if value >= floor:
        axis.plot(value, place, "D" if theory else "o", color=colour, markersize=4,
                  markeredgecolor=BLACK, markeredgewidth=0.5)  # fmt: skip
        return
    axis.plot(floor, place, "<", color=colour, markersize=4, clip_on=False)
    number = "−∞" if np.isinf(value) else f"{value:.1f}".replace("-", "−")
    axis.annotate(number, (floor, place), (6, 0), textcoords="offset points", va="center",
                  fontsize=7)  # fmt: skip


def _score_keys() -> list[Any]:
    style: dict[str, Any] = {"markersize": 4, "markeredgecolor": BLACK, "markeredgewidth": 0.5}
    return [
        Line2D([], [], color=BLUE, marker="D", label="theory, 90 % interval", **style),
        Line2D([], [], color=GREY, marker="o", label="baseline, 90 % interval", **style),
        Line2D([], [], color=BLUE, linewidth=0.7, linestyle=":", label="the theory's score"),
    ]
