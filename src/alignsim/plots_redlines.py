"""Figure of red lines: how far each change is from what is, beside how sure what is itself is."""

import textwrap
from collections.abc import Callable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from alignsim import inputs, plots, redline_tables
from alignsim.plots import BLACK, BLUE, GREY
from alignsim.redline_tables import RedLine, RedLines, named, shown

MOST = 15
"""Rows of a figure; where there are fewer red lines, what comes closest without one follows."""
ROW, AROUND, MARGIN = 0.31, 0.75, 0.9
"""Height of a row, and of what stands around a panel and around all of them, in inches."""
LETTERS = 48
BAR = "#c9c9c9"
TICKS = (0.5, 1.0, 2.0, 5.0)


class Panel(NamedTuple):
    """Rows on one axis: what they are, what it shows, and how a row is drawn on it."""

    title: str
    label: str
    lines: list[RedLine]
    draw: Callable[[Axes, int, RedLine], None]


@plots.styled
def figure(result: RedLines) -> Figure:
    """The nearest red lines, at most MOST, each with its evidence range, interval and values.

    Changes of inputs are in evidence ranges; of those without such a range in shares of their
    bounds. Decisions, and what comes closest where no value is enough, show the probability.
    """
    panels = _panels(result)
    rows = [len(panel.lines) for panel in panels]
    height = ROW * sum(rows) + AROUND * len(panels) + MARGIN
    made = Figure((plots.WIDTH, height), dpi=plots.DPI)
    made.suptitle(_title(result), x=0.01, ha="left", fontsize=9)
    if not panels:
        made.text(0.01, 0.3, "There is nothing to show.")
        return made
    made.set_layout_engine("constrained", h_pad=0.08)
    axes = made.subplots(len(panels), 1, squeeze=False, height_ratios=rows)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        _rows(axis, panel)
    handles = _handles(panels)
    columns = 4 if len(handles) < 5 else 3
    made.legend(handles=handles, loc="outside lower center", ncols=columns)
    return made


def _title(result: RedLines) -> str:
    does, deed = named(result.to)
    where = f"{result.label}, {result.scenario}"
    if result.already:
        return f"{where}: already {does}"
    title = f"{where}: what alone would make it {deed}"
    if not (result.draws and result.found):
        return title
    draws = f"in brackets: share of {result.draws} draws of the other inputs in which it does"
    return f"{title}\n{draws}"


def _panels(result: RedLines) -> list[Panel]:
    found = result.found[:MOST]
    scaled = [line for line in found if line.units is not None]
    bounded = [line for line in found if line.units is None and line.change is not None]
    decided = [line for line in found if line.change is None]
    close = redline_tables.misses(result)[: max(MOST - len(found), 0)]
    chance, draw = f"share of runs in which it {named(result.to)[0]}", _chance(result)
    widths = "change, in widths of the evidence range; logarithmic beyond one"
    bounds = "value, from the lowest that can be to the highest"
    panels = [
        Panel("Inputs and events with an evidence range", widths, scaled, _on_evidence),
        Panel("Inputs and events without one", bounds, bounded, _on_bounds),
        Panel("Decisions, taken throughout", chance, decided, draw),
        Panel("No red line: the closest values", chance, close, draw),
    ]
    return [panel for panel in panels if panel.lines]


def _rows(axis: Axes, panel: Panel) -> None:
    """Names to the left, drawings, values to the right; the nearest on top."""
    for row, line in enumerate(panel.lines):
        axis.axhline(row, color="#ececec", linewidth=0.5, zorder=0)
        panel.draw(axis, row, line)
        _values(axis, row, line)
    axis.set_ylim(len(panel.lines) - 0.5, -0.5)
    axis.set_yticks(range(len(panel.lines)), [_name(line) for line in panel.lines])
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel(panel.label)
    axis.set_title(panel.title, loc="left", fontweight="bold", fontsize=8)
    if panel.draw is _on_evidence:
        _ticks(axis)
    missed = panel.lines[0].threshold is None
    plots.beside(axis, -0.5, 4.0, "now → closest" if missed else "now → red line", GREY)


def _ticks(axis: Axes) -> None:
    """Plain numbers, which the scale has not: halves and wholes to 2, then 5, 10, 20 and so on."""
    low, high = axis.get_xlim()
    most = max(-low, high)
    steps = [TICKS[0], *(one * 10.0**power for power in range(5) for one in TICKS[1:])]
    if most > 10.0:
        steps = [1.0] + [10.0**power for power in range(1, 6)]
    marks = [sign * step for step in steps for sign in (-1.0, 1.0)]
    kept = sorted(mark for mark in [0.0, *marks] if low <= mark <= high)
    axis.set_xticks(kept, [f"{mark:+g}".replace("-", "−") if mark else "0" for mark in kept])
    axis.minorticks_off()


def _name(line: RedLine) -> str:
    """Who and what, on two lines at most."""
    place, _, month = line.path.partition("@")
    head, *rest = place.split(".")
    if line.bounds is None:
        actor, *decision = rest
        return f"{actor}: {' toward '.join(decision)}"
    name = line.meaning if head == "world" else f"{rest[0]}: {line.meaning}"
    name += f", {month}" if month else ""
    name += f" ({line.note})" if line.note else ""
    letters = LETTERS if len(name) <= LETTERS else min(LETTERS, len(name) // 2 + 8)
    return "\n".join(textwrap.wrap(name, letters, max_lines=2, placeholder=" …"))


def _values(axis: Axes, row: int, line: RedLine) -> None:
    """Present value and red line, or closest value, over their unit."""
    missed = line.threshold is None
    to = shown(line.closest if missed else line.threshold, line.present)
    draws = "" if missed or line.share is None else f" ({line.share:.0%})"
    above = 3.5 if line.bounds else 0.0
    plots.beside(axis, row, above, f"{shown(line.present)} → {to}{draws}", BLACK)
    if line.bounds:
        plots.beside(axis, row, -5.5, inputs.plain_unit(line.unit), GREY, 6.2)


# --- how a row is drawn -------------------------------------------------------------------------


def _on_evidence(axis: Axes, row: int, line: RedLine) -> None:
    """On the change in evidence ranges: linear to one, logarithmic beyond."""
    assert line.evidence is not None
    width, now = line.evidence[1] - line.evidence[0], float(line.present)
    axis.set_xscale("symlog", linthresh=1.0, linscale=0.6)
    start = (line.evidence[0] - now) / width
    axis.barh(row, 1.0, 0.46, start, color=BAR, linewidth=0, zorder=1)
    _marks(axis, row, line, lambda value: (value - now) / width)


def _on_bounds(axis: Axes, row: int, line: RedLine) -> None:
    """On the value as a share of its bounds."""
    assert line.bounds is not None
    low, high = line.bounds
    axis.set_xlim(-0.04, 1.04)
    _marks(axis, row, line, lambda value: (value - low) / (high - low))


def _marks(axis: Axes, row: int, line: RedLine, placed: Callable[[float], float]) -> None:
    """What is, the red line and its interval."""
    now, there = placed(float(line.present)), placed(float(line.threshold or 0.0))
    axis.plot([now, there], [row, row], color=GREY, linewidth=0.7, linestyle=":", zorder=2)
    if line.low is not None and line.high is not None:
        ends = [placed(line.low), placed(line.high)]
        axis.plot(ends, [row, row], "|-", color=BLUE, linewidth=1.6, markersize=6, zorder=3)
    axis.plot(now, row, "o", color=BLACK, markersize=4, zorder=4)
    axis.plot(there, row, "D", color=BLUE, markersize=5, markeredgecolor="white", zorder=5)


def _chance(result: RedLines) -> Callable[[Axes, int, RedLine], None]:
    """On the probability of the outcome, from what it is as things are."""

    def draw(axis: Axes, row: int, line: RedLine) -> None:
        there = line.probability or 0.0
        axis.set_xlim(-0.04, 1.04)
        if result.to in redline_tables.OUTCOMES:  # a level needs no half to be modal
            axis.axvline(0.5, color=GREY, linewidth=0.7, linestyle=(0, (5, 2)), zorder=0.5)
        axis.plot([result.present, there], [row, row], ":", color=GREY, linewidth=0.7, zorder=2)
        axis.plot(result.present, row, "o", color=BLACK, markersize=4, zorder=4)
        fill = "white" if line.threshold is None else BLUE
        axis.plot(there, row, "D", color=BLUE, markerfacecolor=fill, markersize=5, zorder=5)

    return draw


def _handles(panels: list[Panel]) -> list[Line2D | Patch]:
    drawn = {panel.draw for panel in panels}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BLACK, marker="o", markersize=4, linestyle="", label="as it is")
    ]
    if _on_evidence in drawn:
        handles.append(Patch(color=BAR, label="evidence range"))
    if any(panel.lines[0].threshold is not None for panel in panels):
        handles.append(
            Line2D([], [], color=BLUE, marker="D", markersize=5, linestyle="", label="red line")
        )
    if any(line.low is not None for panel in panels for line in panel.lines):
        handles.append(
            Line2D([], [], color=BLUE, marker="|", markersize=6, label="its 5–95 % over the draws")
        )
    if panels[-1].lines[0].threshold is None:
        handles.append(
            Line2D(
                [],
                [],
                color=BLUE,
                marker="D",
                markersize=5,
                markerfacecolor="white",
                linestyle="",
                label="closest value, which is not enough",
            )
        )
    return handles
