"""The figure of the world panel that is a map: a square a state, coloured by its forecast.

Forecasts are tables with a row a state: iso3, p_joined, p_joined_low, p_joined_high.
"""

import textwrap
from collections.abc import Collection, Mapping
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from alignsim import plots
from alignsim.panel import tiles
from alignsim.plots import BLACK, WIDTH

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
TRIANGLE: list[Point] = [(0.06, 0.62), (0.06, 0.94), (0.38, 0.94)]
"""A corner mark within a cell, from its upper left."""
MISSED, DOUBTFUL = "#D55E00", "#ffffff"
"""Colours of the corner marks."""
MARKS = {MISSED: "forecast on the wrong side", DOUBTFUL: "record in part or unclear"}


@plots.styled
def tile_map(
    forecast: pd.DataFrame,
    joined: Collection[str] = (),
    title: str = "",
    roles: Mapping[str, str] = ROLES,
    missed: Collection[str] = (),
    doubtful: Collection[str] = (),
) -> Figure:
    """The world with a square a state, coloured by P(joined); outlined, those of ``joined``.

    A corner is cut off where the interval is wider than WIDE. States of the grid without a
    forecast are grey. A lower corner is marked of those ``missed``, whose forecast was on the
    wrong side, and of those ``doubtful``, whose record does not say. Raises ValueError on a state
    that the grid does not have.
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
        if state in missed or state in doubtful:
            _mark(axis, state, tile, MISSED if state in missed else DOUBTFUL)
    _scale(axis)
    missing = set(places) - set(rows.index)
    told = {state: role for state, role in roles.items() if state in missing}
    wide = bool((rows["p_joined_high"] - rows["p_joined_low"] > WIDE).any())
    marks = [mark for mark, own in ((MISSED, missed), (DOUBTFUL, doubtful)) if own]
    _map_legend(axis, told, missing, wide, bool(joined), marks)
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


def _mark(axis: Axes, state: str, tile: tiles.Tile, mark: str) -> None:
    """A triangle in the lower left corner of a square; its ``gid`` is the mark and the state."""
    corner = [(tile.column + x, tile.row + y) for x, y in TRIANGLE]
    axis.add_patch(
        Polygon(
            corner, facecolor=mark, edgecolor=BLACK, linewidth=0.6, gid=f"{MARKS[mark]} {state}"
        )
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
    axis: Axes,
    roles: Mapping[str, str],
    missing: Collection[str],
    wide: bool,
    outcomes: bool,
    marks: Collection[str] = (),
) -> None:
    """What is not colour, below the colour bar."""
    handles = []
    if wide:
        label = f"90 % interval wider than {WIDE:g}"
        handles.append(_key(label, "white", _outline(-0.5, -0.5, True)))
    if outcomes:
        handles.append(_key("documented: joined", "white", edge=BLACK, edge_width=1.4))
    for mark in marks:
        handles.append(_key(MARKS[mark], mark, [(x - 0.5, y - 0.5) for x, y in TRIANGLE], BLACK))
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
        labelspacing=0.2 if marks else 0.5,
        fontsize=6.6 if marks else 7,
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
