"""Figures of the world panel: a tile map, all states as dots, calibration and scores.

Forecasts are tables with a row a state: iso3, p_joined, p_joined_low, p_joined_high, modal_level.
"""

import textwrap
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from alignsim import plots
from alignsim.panel import tiles
from alignsim.plots import BLACK, BLUE, GREY, WIDTH

ROLES = {"RUS": "target", "UKR": "attacked", "USA": "leader"}
"""States that have no forecast because of what they are in the episode."""

COLOURS = "YlGnBu"
"""Colours of P(joined): safe for the colour-blind, and without a grey that roles could be."""
ROLE, ABSENT, EDGE = "#a8a8a8", "#e6e6e6", "#8a8a8a"
WIDE = 0.5
"""An interval wider than this is marked."""
SIDE, CORNER = 0.93, 0.36
"""Side of a square and what is cut off it, in cells."""
DARK = 0.45
"""Letters are white on colours of less than this luminance."""

Point = tuple[float, float]


# --- the tile map -----------------------------------------------------------------------------


@plots.styled
def tile_map(
    forecast: pd.DataFrame,
    joined: Collection[str] = (),
    title: str = "",
    roles: Mapping[str, str] = ROLES,
) -> Figure:
    """The world with a square a state, coloured by P(joined); outlined, those of ``joined``.

    A corner is cut off where the interval is wider than WIDE. States of the grid without a
    forecast are grey. Raises ValueError on a state that the grid does not have.
    """
    places = tiles.layout()
    rows = forecast.set_index("iso3")
    if unknown := sorted(set(rows.index) - set(places)):
        raise ValueError(f"no place on the map: {', '.join(unknown)}")
    height = max(tile.row for tile in places.values()) + 1
    width = max(tile.column for tile in places.values()) + 1
    figure, axis = _grid(width, height, title)
    for state, tile in places.items():
        face, wide = ROLE if state in roles else ABSENT, False
        if state in rows.index:
            row: Any = rows.loc[state]
            face = colour_of(row["p_joined"])
            wide = row["p_joined_high"] - row["p_joined_low"] > WIDE
        _square(axis, state, tile, face, wide, state in joined)
    _scale(axis)
    missing = set(places) - set(rows.index)
    told = {state: role for state, role in roles.items() if state in missing}
    wide = bool((rows["p_joined_high"] - rows["p_joined_low"] > WIDE).any())
    _map_legend(axis, told, missing, wide, bool(joined))
    return figure


def colour_of(chance: float) -> str:
    """The colour of a probability on the map."""
    return matplotlib.colors.to_hex(matplotlib.colormaps[COLOURS](float(chance)))


def _grid(width: int, height: int, title: str) -> tuple[Figure, Axes]:
    """An empty figure in which a cell is as wide as high, with room for a title."""
    top = 0.9 if title else 0.1
    scale = WIDTH / (width + 0.2)
    figure = Figure((WIDTH, scale * (height + 0.1 + top)), dpi=plots.DPI)
    axis = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axis.set_axis_off()
    axis.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -top))
    axis.text(0.05, -0.35, title, fontsize=9, va="center")
    return figure, axis


def _square(
    axis: Axes, state: str, tile: tiles.Tile, face: str, wide: bool, outlined: bool
) -> None:
    """A state's square with its code; ``gid`` is the state."""
    axis.add_patch(
        Polygon(
            _outline(tile.column, tile.row, wide, inset=0.03 if outlined else 0.0),
            facecolor=face,
            edgecolor=BLACK if outlined else EDGE,
            linewidth=1.4 if outlined else 0.3,
            joinstyle="miter",
            gid=state,
        )
    )
    axis.text(
        tile.column + 0.5,
        tile.row + 0.53,
        state,
        ha="center",
        va="center",
        fontsize=6.2,
        color="white" if luminance(face) < DARK else BLACK,
    )


def _outline(left: float, top: float, wide: bool, inset: float = 0.0) -> list[Point]:
    """Corners of a square in its cell, without the upper right one where it is wide."""
    gap = (1.0 - SIDE) / 2.0 + inset
    west, east, north, south = left + gap, left + 1.0 - gap, top + gap, top + 1.0 - gap
    cut = [(east - CORNER, north), (east, north + CORNER)] if wide else [(east, north)]
    return [(west, north), *cut, (east, south), (west, south)]


def luminance(colour: str) -> float:
    """How bright a colour looks, 0 to 1, as sRGB weighs it."""
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _scale(axis: Axes) -> None:
    """The colour bar, in the empty north-west."""
    inset = axis.inset_axes((0.15, 0.95, 6.6, 0.42), transform=axis.transData)
    shades = ScalarMappable(matplotlib.colors.Normalize(0.0, 1.0), COLOURS)
    bar = axis.figure.colorbar(shades, cax=inset, orientation="horizontal")
    bar.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], labels=["0", "0.25", "0.5", "0.75", "1"])
    bar.outline.set_linewidth(0.4)
    inset.tick_params(length=2, pad=1.5, labelsize=6.5)
    inset.set_title("P(joined)", loc="left", fontsize=7.5, pad=3)


def _map_legend(
    axis: Axes, roles: Mapping[str, str], missing: Collection[str], wide: bool, outcomes: bool
) -> None:
    """What is not colour, below the colour bar."""
    handles = []
    if wide:
        label = f"90 % interval wider than {WIDE:g}"
        handles.append(_key(label, "white", _outline(-0.5, -0.5, True)))
    if outcomes:
        handles.append(_key("documented: joined", "white", edge=BLACK, edge_width=1.4))
    if roles:
        words = ", ".join(f"{state}\N{NO-BREAK SPACE}{role}" for state, role in roles.items())
        handles.append(_key(textwrap.fill(f"no forecast: {words}", 34), ROLE))
    if set(missing) - set(roles):
        handles.append(_key("left out", ABSENT))
    axis.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.1, 1.75),
        bbox_transform=axis.transData,
        borderpad=0.2,
        handletextpad=0.3,
        fontsize=7,
    )


def _key(
    label: str,
    face: str,
    outline: list[Point] | None = None,
    edge: str = EDGE,
    edge_width: float = 0.5,
) -> Line2D:
    """A legend entry that looks like a square of the map."""
    marker: Any = "s" if outline is None else [(x, -y) for x, y in [*outline, outline[0]]]
    return Line2D(
        [],
        [],
        linestyle="",
        marker=marker,
        markersize=8.0,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=edge_width,
        label=label,
    )


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
