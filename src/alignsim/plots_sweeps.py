"""Figures of a sweep: P(joined) as a map, as curves, as small multiples, or over a simplex.

Maps are drawn in colours that grow lighter evenly, so that they read in grey too; lines differ in
colour, stroke and marker.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from alignsim import plots, plots_simplex, sweep_tables
from alignsim.plots import GREY, Floats
from alignsim.plots_simplex import Panel

Kind = Literal["heatmap", "curves", "multiples", "simplex"]
KINDS: tuple[Kind, ...] = ("heatmap", "curves", "multiples", "simplex")

PANELS = 12
"""Factors that small multiples show."""
MAX_LINES = 6
LINES: tuple[tuple[str, Any, str], ...] = (
    ("#0072B2", "-", "o"),
    ("#D55E00", (0, (4, 1.5)), "s"),
    ("#009E73", (0, (1.2, 1.2)), "^"),
    ("#CC79A7", (0, (5, 1.2, 1.2, 1.2)), "D"),
    ("#000000", (0, (7, 2)), "v"),
    ("#E69F00", (0, (2.5, 1)), "P"),
)
"""Colour, stroke and marker of each line of a panel."""


def figure(
    source: Path | pd.DataFrame,
    kind: Kind | None = None,
    state: str | None = None,
    by: Sequence[str] | None = None,
    bins: int = sweep_tables.BINS,
) -> Figure:
    """Draw a sweep's folder, or a summary by :func:`sweep_tables.summarise`, of one ally or all.

    Without ``kind``: a simplex of three factors as such, two factors as a heat map, one as
    curves, more as small multiples, which need the folder. ``by`` names the factors to draw, of
    a folder. Raises ValueError where the kind does not go with the factors, and as ``summarise``.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"no kind {str(kind)[:40]!r}; allowed: {', '.join(KINDS)}")
    if isinstance(source, pd.DataFrame):
        frame = source if state is None else source[source["state"] == state]
        if frame.empty:
            raise ValueError(f"the summary has no rows of {state or 'any ally'}")
        return _drawn(frame, kind or automatic(plots_simplex.attributes(frame)), {})
    study = sweep_tables.design(source)
    names = list(study.paths) if by is None else list(by)
    chosen = kind or automatic(vars(study) | {"by": names})
    if chosen == "multiples":
        return multiples(sweep_tables.profiles(source, state, bins, names=names))
    frame = sweep_tables.summarise(source, names, state, bins)
    return _drawn(frame, chosen, plots_simplex.present(source))


def automatic(about: dict[str, Any]) -> Kind:
    """The kind of figure for a summary's attributes, or a study's with ``by``."""
    factors = len(about["by"])
    if factors == 3 and about.get("kind") == "simplex" and len(about["paths"]) == 3:
        return "simplex"
    return "curves" if factors == 1 else "heatmap" if factors == 2 else "multiples"


def _drawn(frame: pd.DataFrame, kind: Kind, known: dict[str, dict[str, float]]) -> Figure:
    factors = len(plots_simplex.attributes(frame)["by"])
    allowed = {"heatmap": (2,), "curves": (1, 2), "simplex": (3,), "multiples": ()}[kind]
    if factors not in allowed:
        if kind == "multiples":
            raise ValueError("small multiples are drawn from the folder of a sweep")
        numbers = " or ".join(map(str, allowed))
        raise ValueError(f"the kind {kind} takes {numbers} factors, not {factors}")
    if kind == "curves":
        return curves(frame)
    return heatmap(frame, known) if kind == "heatmap" else plots_simplex.simplex(frame)


# --- heat map -------------------------------------------------------------------------------


@plots.styled
def heatmap(frame: pd.DataFrame, known: dict[str, dict[str, float]] | None = None) -> Figure:
    """P(joined) by two factors, a panel a scenario and ally; a line where it is a half.

    ``known`` is the present value of factors by scenario, and is marked with a cross.
    """
    about = plots_simplex.attributes(frame)
    (x_name, x), (y_name, y) = plots_simplex.factor_columns(about)
    drawn, panels = plots_simplex.panelled(frame, 2.3)
    shown: set[str] = set()
    for panel in panels:
        table = (
            panel.rows.pivot(index=y, columns=x, values="p_joined").sort_index().sort_index(axis=1)
        )
        across = _scale(table.columns, x_name in about["logs"])
        upward = _scale(table.index, y_name in about["logs"])
        shade = panel.axis.pcolormesh(
            across.edges,
            upward.edges,
            table.to_numpy(),
            cmap=plots_simplex.COLOURS,
            vmin=0.0,
            vmax=1.0,
        )
        shown |= _half(panel.axis, across, upward, table.to_numpy())
        if table.isna().to_numpy().any():
            panel.axis.patch.set(hatch="////", edgecolor=GREY, facecolor="white")
            shown.add("failed")
        across.mark(panel.axis, "x")
        upward.mark(panel.axis, "y")
        here = (known or {}).get(panel.scenario, {})
        if x_name in here and y_name in here:
            shown |= _cross(panel.axis, across, upward, here[x_name], here[y_name])
    _label(panels, plots_simplex.named(x_name, about), plots_simplex.named(y_name, about))
    plots_simplex.colour_bar(drawn, shade, panels)
    return plots_simplex.finished(
        drawn, about, [handle for key, handle in plots_simplex.map_keys().items() if key in shown]
    )


class Scale(NamedTuple):
    """Places of a factor's values along an axis, and the edges between them."""

    places: Floats
    edges: Floats
    names: list[str]  # of options; empty for numbers
    log: bool

    def mark(self, axis: Axes, which: Literal["x", "y"]) -> None:
        """Name options; spread numbers on their scale."""
        if self.names:
            axis.set(**{f"{which}ticks": self.places, f"{which}ticklabels": self.names})
        elif self.log:
            axis.set(**{f"{which}scale": "log"})


def _scale(values: Any, log: bool) -> Scale:
    if not pd.api.types.is_numeric_dtype(values):
        places = np.arange(len(values), dtype=np.float64)
        names = [str(value) for value in values]
        return Scale(places, np.append(places, len(values)) - 0.5, names, False)
    places = np.asarray(values, np.float64)
    if len(places) == 1:
        return Scale(places, np.append(places - 0.5, places + 0.5), [], False)
    log = log and places[0] > 0.0
    even = np.log(places) if log else places
    inner = (even[1:] + even[:-1]) / 2.0
    edges = np.concatenate([[2 * even[0] - inner[0]], inner, [2 * even[-1] - inner[-1]]])
    return Scale(places, np.exp(edges) if log else edges, [], log)


def _half(axis: Axes, across: Scale, upward: Scale, values: Floats) -> set[str]:
    """The line of P(joined) 0.5, where it is crossed."""
    numbers = not across.names and not upward.names and min(values.shape) > 1
    if not numbers or not np.nanmin(values) < 0.5 < np.nanmax(values):
        return set()
    lines = axis.contour(
        across.places, upward.places, np.ma.masked_invalid(values), [0.5], colors="white"
    )
    lines.set(linewidth=1.3, path_effects=plots_simplex.OUTLINE)
    return {"half"}


def _cross(axis: Axes, across: Scale, upward: Scale, x: float, y: float) -> set[str]:
    inside = across.edges[0] <= x <= across.edges[-1] and upward.edges[0] <= y <= upward.edges[-1]
    if across.names or upward.names or not inside:
        return set()
    axis.plot(
        x,
        y,
        "x",
        color="white",
        markersize=6,
        markeredgewidth=1.4,
        path_effects=plots_simplex.OUTLINE,
    )
    return {"present"}


def _label(panels: list[Panel], x: str, y: str) -> None:
    for panel in panels:
        if panel.bottom:
            panel.axis.set_xlabel(textwrap.fill(x, 46))
        if panel.left:
            panel.axis.set_ylabel(textwrap.fill(y, 34))


# --- curves ---------------------------------------------------------------------------------


@plots.styled
def curves(frame: pd.DataFrame) -> Figure:
    """P(joined) against a factor with its 95 % band: a line an ally, or a value of a second one.

    The second factor, of at most six values, is the one that is not a number; with it there is a
    panel an ally. Raises ValueError for more values.
    """
    about = plots_simplex.attributes(frame)
    factors = plots_simplex.factor_columns(about)
    if len(factors) == 2:
        factors.sort(
            key=lambda factor: (not _numeric(frame[factor[1]]), frame[factor[1]].nunique() * -1)
        )
    name, column = factors[0]
    other = factors[1][1] if len(factors) == 2 else "state"
    values = list(
        pd.unique(frame[other].sort_values()) if other != "state" else frame[other].unique()
    )
    if len(values) > MAX_LINES:
        raise ValueError(
            f"{factors[1][0] if len(factors) == 2 else other} has more than {MAX_LINES} values"
        )
    drawn, panels = plots_simplex.panelled(frame, 2.2, states=other != "state")
    for panel in panels:
        for value, line in zip(values, LINES, strict=False):
            part = panel.rows[panel.rows[other] == value]
            _curve(panel.axis, part, column, line)
        _unit(panel.axis)
        if name in about["logs"]:
            panel.axis.set_xscale("log")
    _label(panels, plots_simplex.named(name, about), plots_simplex.LABEL)
    said = "" if other == "state" else f"{factors[1][0].replace('_', ' ')} "
    named = [value if isinstance(value, str) else f"{value:g}" for value in values]
    return plots_simplex.finished(drawn, about, _handles(f"{said}{value}" for value in named))


def _numeric(column: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _curve(axis: Axes, part: pd.DataFrame, column: str, line: Any, size: float = 3.0) -> None:
    """A line with its band; options of a decision as points with bars."""
    colour, stroke, marker = line
    p, low, high = (part[name].to_numpy() for name in ("p_joined", "low", "high"))
    if _numeric(part[column]):
        x = part[column].to_numpy()
        axis.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
        axis.plot(x, p, color=colour, linestyle=stroke, marker=marker, markersize=size, linewidth=1)
        return
    options = (
        list(part[column].cat.categories) if hasattr(part[column], "cat") else list(part[column])
    )
    x = np.array([options.index(option) for option in part[column]])
    axis.errorbar(
        x, p, [p - low, high - p], fmt=marker, color=colour, markersize=size, elinewidth=0.9
    )
    axis.set_xticks(range(len(options)), options)
    axis.set_xlim(-0.5, len(options) - 0.5)


def _unit(axis: Axes) -> None:
    """Both bounds of a probability, and a light line at a half."""
    axis.set_ylim(-0.03, 1.03)
    axis.set_yticks([0.0, 0.5, 1.0])
    axis.axhline(0.5, color=GREY, linewidth=0.5, linestyle=":", zorder=0.5)


def _handles(labels: Iterable[str]) -> list[Any]:
    lines = [
        Line2D([], [], color=c, linestyle=s, marker=m, markersize=3.4, linewidth=1.1, label=label)
        for label, (c, s, m) in zip(labels, LINES, strict=False)
    ]
    return [*lines, Patch(facecolor="#c9c9c9", label="95 % interval over runs")]


# --- small multiples ------------------------------------------------------------------------


@plots.styled
def multiples(found: dict[str, pd.DataFrame]) -> Figure:
    """P(joined) by each factor alone, of the twelve that change it most; see ``profiles``."""
    some = next(iter(found.values()))
    series = list(dict.fromkeys(zip(some["scenario"], some["state"], strict=True)))
    if len(series) > MAX_LINES:
        raise ValueError(f"more than {MAX_LINES} lines a panel; name one ally")
    ranked = sweep_tables.effects(found)
    sizes = ranked["difference"].abs().groupby(ranked["factor"]).max()
    top = sorted(found, key=lambda name: -sizes[name])[:PANELS]
    columns = min(4, len(top))
    rows = math.ceil(len(top) / columns)
    drawn = Figure((plots.WIDTH, rows * 1.55 + 0.8), dpi=plots.DPI, layout="constrained")
    axes = drawn.subplots(rows, columns, sharey=True, squeeze=False)
    for axis in axes.flat[len(top) :]:
        axis.set_axis_off()
    about = plots_simplex.attributes(some)
    for axis, name in zip(axes.flat, top, strict=False):
        _small(axis, found[name], name, series, about)
    for row in axes:
        row[0].set_ylabel(plots_simplex.LABEL)
    alone = some["scenario"].nunique() == 1
    labels = [state if alone else f"{scenario}, {state}" for scenario, state in series]
    if alone:
        about["title"] = f"{about['title']} ({series[0][0]})"
    return plots_simplex.finished(drawn, about, _handles(labels))


def _small(
    axis: Axes,
    frame: pd.DataFrame,
    name: str,
    series: list[tuple[Any, Any]],
    about: dict[str, Any],
) -> None:
    column = sweep_tables.column_of(name)
    for (scenario, state), line in zip(series, LINES, strict=False):
        part = frame[(frame["scenario"] == scenario) & (frame["state"] == state)]
        _curve(axis, part, column, line, 2.2)
    _unit(axis)
    if _numeric(frame[column]):
        axis.locator_params(axis="x", nbins=3)
    axis.set_title(textwrap.fill(plots_simplex.named(name, about), 26), fontsize=7, loc="left")
