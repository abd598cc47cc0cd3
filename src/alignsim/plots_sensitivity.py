"""Figures of a sensitivity study: a tornado an ally and episode, and total indices across them.

Inputs and weights differ in colour and in hatch or marker, so that they part in grey too.
"""

import textwrap
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from alignsim import plots, plots_simplex
from alignsim.plots import BLACK, GREY
from alignsim.redline_tables import shown
from alignsim.scenario import Scenario
from alignsim.sensitivity import Result
from alignsim.sensitivity_sweeps import Kind

BARS, ROWS = 16, 24
"""Factors of a tornado, and of the figure across episodes; of each kind its share at most."""
SHARES: dict[Kind, float] = {"weight": 0.6, "input": 0.4}
ROW, AROUND = 0.3, 1.5
"""Height of a row, and of what stands around all of them, in inches."""
LETTERS = 42


class Style(NamedTuple):
    """How factors of a kind are drawn."""

    label: str
    colour: str
    hatch: str
    marker: str


STYLES: dict[Kind, Style] = {
    "input": Style("input, over its evidence range", "#56B4E9", "", "o"),
    "weight": Style("weight, over its range", "#E69F00", "/////", "s"),
}
PANELS = (("p_joined", "P(joined)", 1.0), ("mean_level", "mean level", 5.0))
"""Outcome, its name, and its largest value."""
RIGHT = 1.04
"""Where text to the right of a panel begins; the panel ends at 1."""
ENDS = ("low", "now", "high")


def named(path: str, scenario: Scenario) -> str:
    """A factor as a reader would say it: whose it is, and what."""
    words = plots_simplex.in_words(path)
    head, code, *_ = path.split(".")
    if head in ("states", "blocs"):
        return f"{scenario.label(code)}: {words.removeprefix(code).strip()}"
    ending = {"groups": " (group)", "terms": " (term)"}.get(code, "") if head == "weights" else ""
    return f"{words}{ending}"


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a tornado, the largest swing first; those that move nothing are left out.

    A swing is the distance between the lowest and the highest outcome at the two ends and now, as
    a share of the outcome's bounds: the larger of P(joined) and mean level.
    """
    swing = np.zeros(len(rows))
    for outcome, _, most in PANELS:
        ends = rows[[f"{outcome}_{end}" for end in ENDS]].to_numpy()
        swing = np.maximum(swing, (np.nanmax(ends, axis=1) - np.nanmin(ends, axis=1)) / most)
    order = np.argsort(-swing, kind="stable")
    return rows.iloc[order[swing[order] > 0.0]]


def top(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first rows of each kind, weights first, and not more of one than is its share.

    Where only one kind is there, it has all places.
    """
    alone = rows["kind"].nunique() < 2
    return pd.concat(
        rows[rows["kind"] == kind].head(count if alone else round(count * share))
        for kind, share in SHARES.items()
    )


# --- a tornado --------------------------------------------------------------------------------


@plots.styled
def tornado(result: Result, scenario: Scenario, state: str) -> Figure:
    """What each factor does alone, from the low to the high end of its range; the largest."""
    table = result.tornado
    rows = table[(table["scenario"] == scenario.name) & (table["state"] == state)]
    shown_rows = top(ranked(rows), BARS)
    drawn = Figure((plots.WIDTH, ROW * max(len(shown_rows), 1) + AROUND), dpi=plots.DPI)
    runs = result.plan.specification.tornado.replications
    title = f"{scenario.label(state)}, {scenario.title}: one factor at a time, {runs:,} runs each"
    drawn.suptitle(textwrap.fill(title, 95), x=0.01, ha="left", fontsize=9)
    if shown_rows.empty:
        drawn.text(0.01, 0.3, "No factor moves an outcome.")
        return drawn
    drawn.set_layout_engine("constrained")
    axes = drawn.subplots(1, len(PANELS), sharey=True)
    for axis, (outcome, label, most) in zip(axes, PANELS, strict=True):
        _bars(axis, shown_rows, outcome)
        axis.set_xlabel(label)
        _limits(axis, shown_rows, outcome, most)
    names = [
        textwrap.shorten(named(path, scenario), LETTERS, placeholder="…")
        for path in shown_rows["factor"]
    ]
    axes[0].set_yticks(range(len(shown_rows)), names)
    axes[0].set_ylim(len(shown_rows) - 0.5, -0.9)
    _ends(axes[-1], shown_rows)
    drawn.legend(handles=_tornado_keys(), loc="outside lower center", ncols=3)
    return drawn


def _bars(axis: Axes, rows: pd.DataFrame, outcome: str) -> None:
    """A bar from the lowest to the highest outcome; an open mark at the low end, a full one at the
    high end of the factor.
    """
    now = float(rows[f"{outcome}_now"].iloc[0])
    for place, (_, row) in enumerate(rows.iterrows()):
        style = STYLES[row["kind"]]
        ends = [row[f"{outcome}_{end}"] for end in ENDS]
        left, right = np.nanmin(ends), np.nanmax(ends)
        axis.barh(
            place,
            right - left,
            0.62,
            left,
            color=style.colour,
            hatch=style.hatch,
            edgecolor=BLACK,
            linewidth=0.4,
            zorder=2,
        )
        # The open mark is the larger: it shows behind a full one at the same place.
        for end, fill, size in ((ends[0], "white", 4.6), (ends[2], BLACK, 2.8)):
            axis.plot(
                end,
                place,
                "o",
                color=BLACK,
                markerfacecolor=fill,
                markersize=size,
                markeredgewidth=0.7,
                zorder=4,
                clip_on=False,
            )
    axis.axvline(now, color=BLACK, linewidth=0.8, zorder=3)
    axis.tick_params(axis="y", length=0)


def _limits(axis: Axes, rows: pd.DataFrame, outcome: str, most: float) -> None:
    """All of P(joined); of levels what is needed, one level at least."""
    if most == 1.0:
        axis.set_xlim(-0.02, 1.02)
        axis.set_xticks([0.0, 0.5, 1.0])
        return
    ends = rows[[f"{outcome}_{end}" for end in ENDS]].to_numpy()
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    spare = max(0.06 * (high - low), (1.0 - (high - low)) / 2.0)
    axis.set_xlim(max(low - spare, -0.05), min(high + spare, most + 0.05))


def _ends(axis: Axes, rows: pd.DataFrame) -> None:
    """The range of each factor to the right of the panels, over where it stands now."""
    for place, (_, row) in enumerate(rows.iterrows()):
        low, now, high = (shown(float(row[end])) for end in ENDS)
        plots.beside(axis, place, 3.8, f"{low} to {high}", BLACK, 7.0, RIGHT)
        plots.beside(axis, place, -4.6, f"now {now}", GREY, 6.2, RIGHT)
    plots.beside(axis, -0.9, 0.0, "range", GREY, 7.0, RIGHT)


def _tornado_keys() -> list[Any]:
    marks = [
        Line2D(
            [],
            [],
            color=BLACK,
            marker="o",
            markersize=size,
            markerfacecolor=fill,
            linestyle="",
            label=f"{end} end of the range",
        )
        for end, fill, size in (("low", "white", 4.6), ("high", BLACK, 2.8))
    ]
    as_is = Line2D([], [], color=BLACK, linewidth=0.8, label="as it is")
    return [*_patches(), *marks, as_is]


def _patches() -> list[Patch]:
    return [
        Patch(
            facecolor=style.colour,
            hatch=style.hatch,
            edgecolor=BLACK,
            linewidth=0.4,
            label=style.label,
        )
        for style in STYLES.values()
    ]


# --- across episodes ----------------------------------------------------------------------------


@plots.styled
def across(result: Result) -> Figure:
    """Total Sobol' indices with intervals: a column an ally and episode, a row a factor.

    The weights and inputs with the largest index anywhere. An outcome has no mark where it does
    not vary, or at too few points.
    """
    total = result.sobol[result.sobol["index"] == "total"]
    total = total[total["outcome"].isin([outcome for outcome, *_ in PANELS])]
    largest = total.sort_values("value", ascending=False, kind="stable")
    factors = list(top(largest.drop_duplicates("factor"), ROWS)["factor"])
    columns = [(scenario, state) for scenario in result.plan.scenarios for state in scenario.allies]
    columns.sort(key=lambda column: column[1])
    drawn = Figure((plots.WIDTH, 0.24 * max(len(factors), 1) + 1.5), dpi=plots.DPI)
    title = f"{result.plan.specification.title}: total Sobol’ index, 95 % interval"
    drawn.suptitle(title, x=0.01, ha="left", fontsize=9)
    if not factors:
        drawn.text(0.01, 0.3, "No outcome varies.")
        return drawn
    drawn.set_layout_engine("constrained", w_pad=0.02)
    axes = drawn.subplots(1, len(columns), sharex=True, sharey=True, squeeze=False)[0]
    steady = False
    for axis, (scenario, state) in zip(axes, columns, strict=True):
        own = total[(total["scenario"] == scenario.name) & (total["state"] == state)]
        star = "" if "p_joined" in set(own["outcome"]) else " *"
        steady = steady or bool(star)
        _dots(axis, own, factors)
        years = plots.years(scenario.calendar)
        axis.set_title(f"{scenario.label(state)}\n{years}{star}", fontsize=7.5)
    axes[0].set_yticks(range(len(factors)), [named(path, columns[0][0]) for path in factors])
    axes[0].set_ylim(len(factors) - 0.5, -0.6)
    widest = 1.06 * float(total[total["factor"].isin(factors)]["high"].max())
    axes[0].set_xlim(-0.05 * widest, min(widest, 1.05))
    axes[0].locator_params(axis="x", nbins=3)
    axes[0].xaxis.set_major_formatter("{x:g}")
    if steady:
        title += "\n* P(joined) is the same at all points, or at nearly all"
    drawn.suptitle(title, x=0.01, ha="left", fontsize=9)
    drawn.legend(handles=_dot_keys(), loc="outside lower center", ncols=4)
    return drawn


def _dots(axis: Axes, rows: pd.DataFrame, factors: list[str]) -> None:
    """An index a row and outcome: P(joined) full and above, mean level open and below."""
    for place in range(len(factors)):
        axis.axhline(place, color="#ececec", linewidth=0.5, zorder=0)
    for row in rows.to_dict("records"):
        if row["factor"] not in factors:
            continue
        style = STYLES[row["kind"]]
        main = row["outcome"] == "p_joined"
        height = factors.index(row["factor"]) + (-0.17 if main else 0.17)
        axis.plot([row["low"], row["high"]], [height, height], color=BLACK, linewidth=0.7, zorder=2)
        axis.plot(
            row["value"],
            height,
            style.marker,
            color=BLACK,
            markerfacecolor=style.colour if main else "white",
            markersize=3.6,
            markeredgewidth=0.5,
            zorder=3,
        )
    axis.tick_params(axis="y", length=0)


def _dot_keys() -> list[Any]:
    return [
        Line2D(
            [],
            [],
            color=BLACK,
            linestyle="",
            marker=style.marker,
            markerfacecolor=style.colour if full else "white",
            markersize=3.8,
            markeredgewidth=0.5,
            label=f"{kind}: {outcome}",
        )
        for kind, style in STYLES.items()
        for outcome, full in (("P(joined)", True), ("mean level", False))
    ]
