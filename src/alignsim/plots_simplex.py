"""A sweep over a simplex, and what all figures of a sweep share: panels, names, present values."""

import math
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.tri import Triangulation

from alignsim import plots, reading, sweep_tables, variant_paths
from alignsim import weights as weight_sets
from alignsim.plots import BLACK, GREY, Floats
from alignsim.variants import Base, IndexTarget

COLOURS = "cividis"
"""Colours of P(joined) on a map."""
LABEL = "P(joined)"
NAMES = ("Russian", "Russia", "China", "North Korea", "Middle East", "USA", "EU")
OUTLINE = [patheffects.withStroke(linewidth=2.6, foreground=BLACK)]
"""Dark edge of what is drawn in white on a map."""
ROOT3 = math.sqrt(3.0)


@plots.styled
def simplex(frame: pd.DataFrame) -> Figure:
    """P(joined) over three factors with a constant sum; each corner is one factor alone.

    Raises ValueError for fewer than three points.
    """
    about = attributes(frame)
    factors = factor_columns(about)
    drawn, panels = panelled(frame, 2.2)
    shown: set[str] = set()
    for panel in panels:
        shares = panel.rows[[column for _, column in factors]].to_numpy(np.float64)
        shares = shares / shares.sum(axis=1, keepdims=True)
        if len(shares) < 3:
            raise ValueError("a simplex needs three points at least")
        x, y = shares[:, 1] + shares[:, 2] / 2.0, shares[:, 2] * ROOT3 / 2.0
        values = panel.rows["p_joined"].to_numpy()
        grid = _meshed(x, y)
        shade = panel.axis.tripcolor(grid, values, cmap=COLOURS, vmin=0.0, vmax=1.0)
        if values.min() < 0.5 < values.max():
            lines = panel.axis.tricontour(grid, values, [0.5], colors="white")
            lines.set(linewidth=1.3, path_effects=OUTLINE)
            shown.add("half")
        _corners(panel.axis, [name.replace("_", " ") for name, _ in factors], about.get("total"))
    colour_bar(drawn, shade, panels)
    about["title"] += "\n" + "; ".join(named(name, about) for name, _ in factors)
    return finished(drawn, about, [handle for key, handle in map_keys().items() if key in shown])


def _meshed(x: Floats, y: Floats) -> Triangulation:
    """Neighbouring points joined; none across those that failed."""
    grid = Triangulation(x, y)
    ends = np.stack([x, y], axis=1)[grid.triangles]
    sides = np.linalg.norm(ends - np.roll(ends, 1, axis=1), axis=2).max(axis=1)
    grid.set_mask(sides > 1.5 * sides.min())
    return grid


def _corners(axis: Axes, names: list[str], total: float | None) -> None:
    axis.set_aspect("equal")
    axis.set_axis_off()
    axis.plot([0, 1, 0.5, 0], [0, 0, ROOT3 / 2, 0], color=BLACK, linewidth=0.7)
    axis.set(xlim=(-0.2, 1.2), ylim=(-0.17, 1.0))
    end = "" if total is None else f" = {total:g}"
    for name, x, y in zip(names, (0.0, 1.0, 0.5), (-0.03, -0.03, ROOT3 / 2 + 0.03), strict=True):
        place = "top" if y < 0 else "bottom"
        axis.text(x, y, f"{name}{end}", ha="center", va=place, fontsize=7)


# --- what axes say --------------------------------------------------------------------------


def in_words(path: str) -> str:
    """A path as a reader would say it: ``weights.groups.norms`` is the weight of norms."""
    path, _, when = path.partition("@")
    head, *parts = path.split(".")
    words = " ".join(parts).replace("_", " ")
    if head == "decisions":
        actor, decision, *toward = parts
        words = f"{decision} of {actor}" + (f" toward {toward[0]}" if toward else "")
    elif head == "weights":
        part, name = parts[0], parts[-1].replace("_", " ")
        nouns = {"groups": "weight of ", "terms": "weight of ", "precision": "precision of "}
        words = f"{nouns.get(part, '')}{name}"
    elif head in ("world", "indices"):
        words = f"{words} ({'world' if head == 'world' else 'index'})"
    for name in NAMES:
        words = re.sub(rf"\b{name}\b", name, words, flags=re.IGNORECASE)
    return f"{words}, {when}" if when else words


def named(name: str, about: dict[str, Any]) -> str:
    """A factor's name over its path in words; once where they are the same."""
    words = in_words(about["paths"].get(name, name))
    said = name.replace("_", " ")
    return words if "." in name or said in words else f"{said}: {words}"


def factor_columns(about: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and column of each factor."""
    return [(name, sweep_tables.column_of(name)) for name in about["by"]]


def attributes(frame: pd.DataFrame) -> dict[str, Any]:
    """Attributes of a summary; of one that lost them, what its columns tell."""
    others = ("scenario", "state", *sweep_tables.OUTCOMES)
    by = [name for name in frame.columns if name not in others]
    return {"by": by, "paths": {}, "logs": (), "missing": 0, "title": ""} | {
        str(key): value for key, value in frame.attrs.items()
    }


# --- panels ---------------------------------------------------------------------------------


def finished(drawn: Figure, about: dict[str, Any], handles: Sequence[Any] = ()) -> Figure:
    """Title, what is missing, and legend."""
    title = about["title"]
    if about["missing"]:
        there = about["chunks"] - about["missing"]
        title += f"\nincomplete: {there} of {about['chunks']} chunks"
    if title:
        lines = [textwrap.fill(line, 95) for line in title.splitlines()]
        drawn.suptitle("\n".join(lines), fontsize=9)
    if handles:
        drawn.legend(handles=list(handles), loc="outside lower center", ncols=min(4, len(handles)))
    return drawn


class Panel(NamedTuple):
    """An axis, what it is of, and its rows."""

    axis: Axes
    scenario: str
    state: str
    rows: pd.DataFrame
    left: bool
    bottom: bool


def panelled(frame: pd.DataFrame, height: float, states: bool = True) -> tuple[Figure, list[Panel]]:
    """A panel a scenario and ally, or a scenario; at most four in a row."""
    keys = ["scenario", "state"] if states else ["scenario"]
    groups = list(frame.groupby(keys, sort=False))
    scenarios, allies = frame["scenario"].nunique(), frame["state"].nunique() if states else 1
    columns = scenarios if scenarios <= 3 else allies if 1 < allies <= 3 else 3
    rows = math.ceil(len(groups) / columns)
    wide = {1: 1.25, 2: 1.1}.get(columns, 1.0) if states else 1.0
    drawn = Figure((plots.WIDTH, rows * height * wide + 0.95), dpi=plots.DPI, layout="constrained")
    axes = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    if columns == scenarios:  # groups go by scenario: one below the other
        groups.sort(
            key=lambda group: list(frame["state"].unique()).index(group[0][-1]) if states else 0
        )
    panels = []
    for index, axis in enumerate(axes.flat):
        if index >= len(groups):
            axis.set_axis_off()
            continue
        key, part = groups[index]
        left, bottom = index % columns == 0, index + columns >= len(groups)
        axis.tick_params(labelbottom=bottom)
        state = str(key[-1]) if states else ""
        panels.append(Panel(axis, str(key[0]), state, part, left, bottom))
        axis.set_title(f"{key[0]}, {state}" if states else str(key[0]), loc="left")
    return drawn, panels


def map_keys() -> dict[str, Any]:
    """Legend entries of a map."""
    white: dict[str, Any] = {"color": "white", "path_effects": OUTLINE}
    return {
        "half": Line2D([], [], linewidth=1.3, label="P(joined) = 0.5", **white),
        "present": Line2D(
            [], [], linestyle="", marker="x", markeredgewidth=1.4, label="present value", **white
        ),
        "failed": Patch(facecolor="white", edgecolor=GREY, hatch="////", label="no runs"),
    }


def colour_bar(drawn: Figure, shade: Any, panels: list[Panel]) -> None:
    """The colours of P(joined), beside the panels of a map."""
    axes = [panel.axis for panel in panels]
    bar = drawn.colorbar(shade, ax=axes, shrink=0.8, aspect=30, pad=0.02)
    bar.set_label(LABEL)
    bar.outline.set_linewidth(0.6)


# --- present values -------------------------------------------------------------------------


def present(folder: Path) -> dict[str, dict[str, float]]:
    """Present values of factors by scenario, those at the last step; what cannot be known is left.

    Known are those of shipped scenarios and weights that are what the sweep was made with.
    """
    study = sweep_tables.design(folder)
    return {
        scenario: _values(study, base)
        for scenario in study.scenarios
        if (base := _base(study, scenario)) is not None
    }


def _base(study: sweep_tables.Study, scenario: str) -> Base | None:
    try:
        base = Base.of(reading.read(scenario), weight_sets.read_set(study.weights))
    except (ValueError, OSError):
        return None
    return base if base.scenario.digest == study.digests[scenario] else None


def _values(study: sweep_tables.Study, base: Base) -> dict[str, float]:
    found = {}
    for name, path in study.paths.items():
        target = variant_paths.target(base, path)
        if name in study.shifts:
            found[name] = 0.0
        elif isinstance(target, IndexTarget):
            found[name] = float(base.line.allies[-1, target.ally, target.column])
        elif (stated := target.stated(base)) is not None:
            found[name] = stated[0]
    return found
