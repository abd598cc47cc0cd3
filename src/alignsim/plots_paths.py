"""Figures of forecast decisions against documented history."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alignsim import history, plots, scores
from alignsim.decision import JOINED
from alignsim.ensemble import Ensemble
from alignsim.evaluation import Evaluation
from alignsim.history import Documented, Key
from alignsim.plots import BANDS, BLACK, BLUE, GREY, SKY, Floats
from alignsim.scenario import Scenario

LADDER = ("none", "diplomatic", "targeted", "sectoral", "broad", "energy")
ENGAGEMENT = ("frozen", "maintained", "expanded")

HALF = 0.38
"""Half the height of a band around an option, in options."""
DASHES = (0, (2.2, 1.0))
LETTERS = 78
"""Letters of an event's label that fit the width of a figure."""
OVERVIEW_PIXELS = (1600, 900)
OVERVIEW_DPI = 150


@plots.styled
def decision_paths(forecast: Ensemble, records: list[Documented]) -> Figure:
    """Forecast and documented course of every level and every ally's engagement, over time."""
    scenario = forecast.scenario
    keys: list[Key] = [(scenario.leader, "level", None)]
    for ally in scenario.allies:
        keys += [(ally, "level", None), (ally, "engagement", None)]
    heights = [1.3 if decision == "level" else 0.62 for _, decision, _ in keys]
    figure = Figure((plots.WIDTH, sum(heights) + 1.1), dpi=plots.DPI, layout="constrained")
    axes = figure.subplots(len(keys), 1, sharex=True, squeeze=False, height_ratios=heights)
    grouped = history.by_key(records)
    for axis, key in zip(axes[:, 0], keys, strict=True):
        _course(axis, forecast, key, grouped.get(key, []))
        _events(axis, scenario, labelled=axis is axes[0, 0])
    plots.dates(axes[-1, 0], scenario.calendar, sparse=False)
    modal = Line2D(
        [], [], color=BLUE, linewidth=2.2, linestyle=DASHES, label="model, most probable"
    )
    figure.legend(
        handles=[
            plots.documented_handle(),
            _range_handle(),
            modal,
            _joined_handle(),
            *plots.band_handles(),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _course(axis: Axes, forecast: Ensemble, key: Key, records: list[Documented]) -> None:
    """One panel: bands, the most probable option, what is documented."""
    state, decision, _ = key
    chances = forecast.frequencies(key)
    for mass, colour in BANDS:
        low, high = central(chances, mass)
        _stairs(axis, high + HALF, baseline=low - HALF, fill=True, color=colour, linewidth=0)
    _stairs(axis, scores.modal(chances), color=BLUE, linewidth=2.2, linestyle=DASHES)
    _documented(axis, records)
    names = LADDER if decision == "level" else ENGAGEMENT
    axis.set_yticks(range(len(names)), [f"{name} {index}" for index, name in enumerate(names)])
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="#ececec", linewidth=0.5)
    axis.set_axisbelow(True)
    _beside(axis, 0, forecast.scenario.label(state), fontweight="bold")
    if decision == "engagement":
        _beside(axis, 1, "engagement")
        return
    _beside(axis, 1, "sanctions level")
    axis.axhline(JOINED - 0.5, color=GREY, linewidth=0.7, linestyle=":")
    _beside(axis, 3, "P(joined) at")
    _beside(axis, 4, f"the end: {chances[-1, JOINED:].sum():.2f}")
    if records:
        _beside(axis, 5.3, "documented:")
        _beside(axis, 6.3, "joined" if records[-1].value >= JOINED else "not joined")


def central(chances: Floats, mass: float) -> tuple[Floats, Floats]:
    """Lowest and highest option of the central band that holds at least ``mass``, per step."""
    tail, cumulative = (1.0 - mass) / 2.0, np.cumsum(chances, axis=1)
    rounding = 1e-12
    low = np.argmax(cumulative > tail + rounding, axis=1)
    high = np.argmax(cumulative >= 1.0 - tail - rounding, axis=1)
    return low.astype(np.float64), high.astype(np.float64)


def _stairs(axis: Axes, values: Any, baseline: Floats | None = None, **style: Any) -> None:
    """A value held over each step, centred on its number."""
    axis.stairs(values, np.arange(len(values) + 1) - 0.5, baseline=baseline, **style)


def _documented(axis: Axes, records: list[Documented]) -> None:
    """Documented options as a line with markers, and the range of careful coding."""
    if not records:
        return
    values = np.full(max(record.step for record in records) + 1, np.nan)
    for record in records:
        values[record.step] = record.value
    _stairs(axis, values, color=BLACK, linewidth=0.9)
    axis.plot(values, "o", color=BLACK, markersize=3.4)
    unsure = [record for record in records if record.low < record.high]
    axis.errorbar(
        [record.step for record in unsure],
        [record.value for record in unsure],
        yerr=[
            [record.value - record.low for record in unsure],
            [record.high - record.value for record in unsure],
        ],
        fmt="none",
        ecolor=BLACK,
        elinewidth=0.9,
        capsize=2.4,
        capthick=0.9,
    )


def _beside(axis: Axes, line: float, text: str, **style: Any) -> None:
    """A line of text to the right of a panel, counted from its top."""
    axis.annotate(
        text,
        (1.015, 1.0),
        xycoords="axes fraction",
        xytext=(0, -8 - 10 * line),
        textcoords="offset points",
        **style,
    )


def _events(axis: Axes, scenario: Scenario, labelled: bool) -> None:
    """A light line where each step with an event begins; its label above the first panel."""
    labels: dict[int, str] = {}
    for change in scenario.world["severity"].changes:
        step = scenario.calendar.step_of(change.date)
        if change.label and step is not None:
            labels[step] = change.label
    for step in labels:
        axis.axvline(step - 0.5, color=GREY, linewidth=0.6, linestyle=(0, (5, 2)), zorder=0.5)
    if not labelled:
        return
    steps = [*labels, scenario.calendar.steps]
    for step, after in zip(labels, steps[1:], strict=True):
        room = int((after - step) / scenario.calendar.steps * LETTERS)
        axis.annotate(
            textwrap.fill(labels[step], max(room, 10)),
            (step - 0.5, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=7,
            color=GREY,
        )


def _range_handle() -> Line2D:
    return Line2D(
        [],
        [],
        color=BLACK,
        linestyle="",
        marker="|",
        markersize=7,
        markeredgewidth=0.9,
        label="range of careful coding",
    )


def _joined_handle() -> Line2D:
    return Line2D([], [], color=GREY, linewidth=0.7, linestyle=":", label="joined from here up")


@plots.styled
def overview(result: Evaluation) -> Figure:
    """Probability of every level and the documented course: allies in rows, episodes in columns."""
    episodes = list(result.ensembles.values())
    allies = list(dict.fromkeys(ally for one in episodes for ally in one.scenario.allies))
    width, height = OVERVIEW_PIXELS
    figure = Figure((width / OVERVIEW_DPI, height / OVERVIEW_DPI), dpi=OVERVIEW_DPI)
    figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.08)
    axes = figure.subplots(len(allies), len(episodes), sharey=True, squeeze=False)
    shade: Any = None
    for column, forecast in zip(axes.T, episodes, strict=True):
        for axis, ally in zip(column, allies, strict=True):
            if ally in forecast.scenario.allies:
                shade = _shaded(axis, forecast, ally)
            else:
                axis.set_axis_off()
    bar = figure.colorbar(shade, ax=axes, shrink=0.6, aspect=28, pad=0.015)
    bar.set_label("share of the model's free runs")
    figure.legend(
        handles=[plots.documented_handle(), _range_handle(), _joined_handle()],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _shaded(axis: Axes, forecast: Ensemble, ally: str) -> Any:
    """One panel of the overview; returns what a colour bar needs."""
    scenario = forecast.scenario
    key: Key = (ally, "level", None)
    shade = axis.pcolormesh(
        np.arange(scenario.calendar.steps + 1) - 0.5,
        np.arange(len(LADDER) + 1) - 0.5,
        forecast.frequencies(key).T,
        cmap=LinearSegmentedColormap.from_list("white to blue", ["#ffffff", SKY, BLUE]),
        vmin=0.0,
        vmax=1.0,
        edgecolor="white",
        linewidth=0.6,
    )
    _documented(axis, history.by_key(history.documented(scenario)).get(key, []))
    axis.axhline(JOINED - 0.5, color=GREY, linewidth=0.9, linestyle=":")
    axis.set_title(f"{scenario.label(ally)}, {plots.years(scenario.calendar)}", loc="left")
    axis.set_yticks(range(len(LADDER)), [f"{name} {index}" for index, name in enumerate(LADDER)])
    axis.tick_params(length=0)
    plots.dates(axis, scenario.calendar, sparse=True)
    return shade
