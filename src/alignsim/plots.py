"""Figures of the report, readable in grey and for the colour-blind.

Every function returns a matplotlib figure and touches no global state; :func:`rendered` turns one
into the same bytes every time. Colours are those of Okabe and Ito (2008); line style, marker or
hatch says the same again. The font is the one that comes with matplotlib, so that a figure looks
alike everywhere.
"""

import io
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from alignsim import baselines, history, scores
from alignsim.agents import Decision
from alignsim.decision import ALLY_GROUPS, JOINED
from alignsim.ensemble import Ensemble
from alignsim.evaluation import MODEL, Evaluation, Rows
from alignsim.history import Documented, Key
from alignsim.model import AlignmentModel
from alignsim.scenario import Calendar, Scenario
from alignsim.weights import GROUP_OF, Parameters

Floats = NDArray[np.float64]
Format = Literal["png", "svg"]

LADDER = ("none", "diplomatic", "targeted", "sectoral", "broad", "energy")
ENGAGEMENT = ("frozen", "maintained", "expanded")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

WIDTH = 7.2
DPI = 200
OVERVIEW_DPI = 150
BLACK, GREY, LIGHT = "#000000", "#6b6b6b", "#c8c8c8"
BLUE, SKY = "#0072B2", "#56B4E9"
BANDS = ((0.9, "#dbe8f3"), (0.5, "#9dc4e2"))
HALF = 0.38
"""Half the height of a band around a level, in levels."""

GROUP_STYLES = {
    "alliance_dependence": ("#0072B2", ""),
    "energy_security": ("#D55E00", "////"),
    "regional_threat": ("#009E73", "...."),
    "norms": ("#56B4E9", "\\\\\\\\"),
    "commerce": ("#F0E442", "xxxx"),
    "inertia": ("#d9d9d9", ""),
}

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    "lines.solid_capstyle": "butt",
    "svg.fonttype": "path",
    "svg.hashsalt": "alignsim",
}
_styled = matplotlib.style.context(["default", STYLE])


def rendered(figure: Figure, form: Format) -> bytes:
    """The figure as a file: the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}}[form]
    stream = io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once: each pass would move things a little
        figure.savefig(stream, format=form, dpi="figure", metadata=metadata)
    return stream.getvalue()


# --- decisions against history ------------------------------------------------------------


@_styled
def decision_paths(forecast: Ensemble, records: list[Documented]) -> Figure:
    """Forecast and documented course of every level and every ally's engagement, over time."""
    scenario = forecast.scenario
    keys: list[Key] = [(scenario.leader, "level", None)]
    for ally in scenario.allies:
        keys += [(ally, "level", None), (ally, "engagement", None)]
    heights = [1.3 if decision == "level" else 0.62 for _, decision, _ in keys]
    figure = Figure((WIDTH, sum(heights) + 1.1), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(keys), 1, sharex=True, squeeze=False, height_ratios=heights)
    grouped = history.by_key(records)
    for axis, key in zip(axes[:, 0], keys, strict=True):
        _course(axis, forecast, key, grouped.get(key, []))
        _events(axis, scenario, labelled=axis is axes[0, 0])
    _dates(axes[-1, 0], scenario.calendar, every=1)
    figure.legend(handles=_course_legend(), loc="outside lower center", ncols=3)
    return figure


def _course(axis: Axes, forecast: Ensemble, key: Key, records: list[Documented]) -> None:
    """One panel: bands, the most probable option, what is documented."""
    state, decision, _ = key
    chances = forecast.frequencies(key)
    for mass, colour in BANDS:
        low, high = central(chances, mass)
        _stairs(axis, high + HALF, baseline=low - HALF, fill=True, color=colour, linewidth=0)
    _stairs(axis, scores.modal(chances), color=BLUE, linewidth=2.2, linestyle=(0, (2.2, 1)))
    _documented(axis, records)
    names = LADDER if decision == "level" else ENGAGEMENT
    axis.set_yticks(range(len(names)), [f"{name} {index}" for index, name in enumerate(names)])
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="#ececec", linewidth=0.5)
    axis.set_axisbelow(True)
    title = forecast.scenario.label(state)
    _beside(axis, 1.0, title, fontweight="bold")
    if decision == "engagement":
        _beside(axis, 0.72, "engagement")
        return
    axis.axhline(JOINED - 0.5, color=GREY, linewidth=0.7, linestyle=":")
    _beside(axis, 0.88, "sanctions level")
    joined = chances[-1, JOINED:].sum()
    _beside(axis, 0.5, f"P(joined) at\nthe end: {joined:.2f}")
    if records:
        _beside(axis, 0.25, "documented:\n" + ("joined" if records[-1].value >= JOINED else "not"))


def central(chances: Floats, mass: float) -> tuple[Floats, Floats]:
    """Lowest and highest option of the central band that holds at least ``mass``, per step."""
    tail, cumulative = (1.0 - mass) / 2.0, np.cumsum(chances, axis=1)
    low = np.argmax(cumulative > tail, axis=1)
    high = np.argmax(cumulative >= 1.0 - tail - 1e-12, axis=1)
    return low.astype(np.float64), high.astype(np.float64)


def _stairs(axis: Axes, values: Any, **style: Any) -> None:
    """A value held over each step, centred on its number."""
    style.setdefault("baseline", None)
    axis.stairs(values, np.arange(len(values) + 1) - 0.5, **style)


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
    low = np.array([record.value - record.low for record in unsure])
    high = np.array([record.high - record.value for record in unsure])
    axis.errorbar(
        [record.step for record in unsure],
        [record.value for record in unsure],
        yerr=np.stack([low, high]),
        fmt="none",
        ecolor=BLACK,
        elinewidth=0.9,
        capsize=2.4,
        capthick=0.9,
    )


def _beside(axis: Axes, height: float, text: str, **style: Any) -> None:
    axis.text(1.015, height, text, transform=axis.transAxes, va="top", linespacing=1.15, **style)


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
    for step, after in zip(labels, steps[1:], strict=False):
        room = int((after - step) / scenario.calendar.steps * 78)
        axis.annotate(
            textwrap.fill(labels[step], max(room, 10)),
            (step - 0.5, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=7,
            color=GREY,
        )


def _dates(axis: Axes, calendar: Calendar, every: int) -> None:
    """Steps by month or quarter, the year below the first of each."""
    labels, year = [], ""
    for end in calendar.ends[::every]:
        month = int(end[5:])
        name = MONTHS[month - 1] if calendar.step == "month" else f"Q{(month + 2) // 3}"
        labels.append(name if end[:4] == year else f"{name}\n{end[:4]}")
        year = end[:4]
    axis.set_xticks(range(0, calendar.steps, every), labels)
    axis.set_xlim(-0.5, calendar.steps - 0.5)


def _course_legend() -> list[Any]:
    return [
        Line2D([], [], color=BLACK, linewidth=0.9, marker="o", markersize=3.4, label="documented"),
        Line2D([], [], color=BLACK, linewidth=0.9, marker="|", linestyle="", label="coding range"),
        Line2D(
            [], [], color=BLUE, linewidth=2.2, linestyle=(0, (2.2, 1)), label="model, most probable"
        ),
        *(
            Patch(color=colour, label=f"{mass:.0%} of the runs".replace("%", " %"))
            for mass, colour in reversed(BANDS)
        ),
        Line2D([], [], color=GREY, linewidth=0.7, linestyle=":", label="joined from here up"),
    ]


@_styled
def overview(result: Evaluation) -> Figure:
    """Probability of every level and the documented course: allies in rows, episodes in columns."""
    episodes = list(result.ensembles.values())
    allies = list(dict.fromkeys(ally for one in episodes for ally in one.scenario.allies))
    figure = Figure((1600 / OVERVIEW_DPI, 900 / OVERVIEW_DPI), dpi=OVERVIEW_DPI)
    figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.08)
    axes = figure.subplots(len(allies), len(episodes), sharey=True, squeeze=False)
    colours = LinearSegmentedColormap.from_list("white to blue", ["#ffffff", SKY, BLUE])
    shade = None
    for column, forecast in zip(axes.T, episodes, strict=True):
        scenario = forecast.scenario
        grouped = history.by_key(history.documented(scenario))
        for axis, ally in zip(column, allies, strict=True):
            if ally not in scenario.allies:
                axis.set_axis_off()
                continue
            key: Key = (ally, "level", None)
            shade = axis.pcolormesh(
                np.arange(scenario.calendar.steps + 1) - 0.5,
                np.arange(len(LADDER) + 1) - 0.5,
                forecast.frequencies(key).T,
                cmap=colours,
                vmin=0.0,
                vmax=1.0,
                edgecolor="white",
                linewidth=0.6,
            )
            _documented(axis, grouped.get(key, []))
            axis.axhline(JOINED - 0.5, color=GREY, linewidth=0.9, linestyle=":")
            axis.set_title(f"{scenario.label(ally)}, {_years(scenario.calendar)}", loc="left")
            axis.set_yticks(range(len(LADDER)), [f"{n} {i}" for i, n in enumerate(LADDER)])
            axis.tick_params(length=0)
            _dates(axis, scenario.calendar, every=3)
    if shade is not None:
        bar = figure.colorbar(shade, ax=axes, shrink=0.6, aspect=28, pad=0.015)
        bar.set_label("share of the model's free runs")
        bar.outline.set_linewidth(0.4)  # type: ignore[operator]
    figure.legend(
        handles=[*_course_legend()[:2], _course_legend()[-1]], loc="outside lower center", ncols=3
    )
    return figure


def _years(calendar: Calendar) -> str:
    first, last = calendar.ends[0][:4], calendar.ends[-1][:4]
    return first if first == last else f"{first}-{last}"


# --- why: utilities by weight group --------------------------------------------------------

Pair = tuple[int, int]


@dataclass(frozen=True)
class _Comparison:
    """Which option of a decision is held against which other, given the documented one."""

    title: str
    decision: str
    pair: Callable[[int, int], Pair | None]  # from documented option and number of options


COMPARISONS = (
    _Comparison(
        "(a) The documented level,\nor 2 where it is lower, over none",
        "level",
        lambda option, _: (max(option, JOINED), 0),
    ),
    _Comparison(
        "(b) One level more\nthan documented",
        "level",
        lambda option, size: (option + 1, option) if option + 1 < size else None,
    ),
    _Comparison(
        "(c) The documented engagement,\nor 1 where it is 0, over 0",
        "engagement",
        lambda option, _: (max(option, 1), 0),
    ),
)


@_styled
def stacked_utilities(
    scenario: Scenario, parameters: Parameters, state: str, seed: int = 0
) -> Figure:
    """What sanctions, one level more, and engagement are worth to an ally, by weight group.

    Along the documented course: at each step everybody has decided as documented up to then.
    """
    decided = list(_replayed_decisions(scenario, parameters, state, seed))
    figure = Figure((WIDTH, 2.9), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(COMPARISONS), squeeze=False)[0]
    for axis, comparison in zip(axes, COMPARISONS, strict=True):
        parts = np.zeros((len(ALLY_GROUPS), scenario.calendar.steps))
        parts[:] = np.nan
        for made, option in decided:
            pair = comparison.pair(option, len(made.options))
            if made.decision == comparison.decision and pair is not None:
                parts[:, made.step] = _by_group(made, *pair)
        _stack(axis, parts)
        axis.set_title(comparison.title, loc="left", fontsize=8)
        _dates(axis, scenario.calendar, every=3)
    axes[0].set_ylabel("difference in utility")
    handles: list[Any] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor=BLACK, linewidth=0.4, label=_plain(group))
        for group, (colour, hatch) in GROUP_STYLES.items()
    ]
    handles.append(
        Line2D([], [], color=BLACK, marker="D", markerfacecolor="white", markersize=4, label="net")
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _replayed_decisions(
    scenario: Scenario, parameters: Parameters, state: str, seed: int
) -> Iterator[tuple[Decision, int]]:
    """Each documented decision of a state as the model weighs it, and the documented option."""
    model = AlignmentModel(history.replayed(scenario), parameters, rng=seed).run_all()
    found = {
        (record.step, record.decision): record.value
        for record in history.documented(scenario)
        if record.state == state
    }
    for made in model.decisions:
        if made.state == state and (made.step, made.decision) in found:
            yield made, found[made.step, made.decision]


def _by_group(made: Decision, option: int, other: int) -> list[float]:
    """Utility of one option less that of another, by weight group."""
    sums = dict.fromkeys(ALLY_GROUPS, 0.0)
    for name, value in made.terms[option].items():
        sums[GROUP_OF[name]] += value - made.terms[other][name]
    return list(sums.values())


def _stack(axis: Axes, parts: Floats) -> None:
    """Bars of the groups, gains upward and losses downward, and their net as a line."""
    steps = np.arange(parts.shape[1])
    above, below = np.zeros(len(steps)), np.zeros(len(steps))
    for group, values in zip(ALLY_GROUPS, np.nan_to_num(parts), strict=True):
        colour, hatch = GROUP_STYLES[group]
        axis.bar(
            steps,
            values,
            0.84,
            np.where(values >= 0.0, above, below),
            color=colour,
            hatch=hatch,
            edgecolor=BLACK,
            linewidth=0.4,
        )
        above += np.maximum(values, 0.0)
        below += np.minimum(values, 0.0)
    axis.axhline(0.0, color=BLACK, linewidth=0.6)
    net = parts.sum(axis=0)
    axis.plot(steps, net, "-", color="white", linewidth=2.6)
    axis.plot(steps, net, "D-", color=BLACK, markerfacecolor="white", markersize=3.6, linewidth=1.1)


def _plain(name: str) -> str:
    return name.replace("_", " ")


# --- scores, and the coalition --------------------------------------------------------------


@_styled
def score_bars(means: Rows) -> Figure:
    """Mean ranked probability score and log score of every forecaster, best first."""
    figure = Figure((WIDTH, 0.24 * len(means) + 1.0), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    names = [row["forecaster"] for row in means]
    for axis, field, label in (
        (left, "rps", "mean ranked probability score"),
        (right, "log_score", "mean log score, sign turned"),
    ):
        sizes = [abs(row[field]) for row in means]
        bars = axis.barh(names, sizes, 0.7, edgecolor=BLACK, linewidth=0.5)
        for bar, name in zip(bars, names, strict=True):
            colour, hatch, _ = _forecaster_style(name)
            bar.set(facecolor=colour, hatch=hatch)
        axis.bar_label(bars, [f"{row[field]:.3f}" for row in means], padding=2, fontsize=7)
        axis.set_xlabel(f"{label} (shorter is better)")
        axis.set_xlim(0.0, 1.15 * max(sizes))
        axis.tick_params(axis="y", length=0)
    left.invert_yaxis()
    for tick, name in zip(left.get_yticklabels(), names, strict=True):
        tick.set_fontweight("bold" if name == MODEL else "normal")
    styles = dict.fromkeys(_forecaster_style(name) for name in names)
    figure.legend(
        handles=[
            Patch(facecolor=colour, hatch=hatch, edgecolor=BLACK, linewidth=0.5, label=label)
            for colour, hatch, label in styles
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _forecaster_style(name: str) -> tuple[str, str, str]:
    """Colour, hatch and what kind of forecaster it is."""
    if name == MODEL:
        return BLUE, "", "the model"
    if name in baselines.NAMES:
        return "#e4e4e4", "", "baseline without the model"
    return "#cfe3f2", "////", "the model with other weights"


@_styled
def pressure(ensembles: dict[str, Ensemble]) -> Figure:
    """Coalition pressure on the target and misalignment of the coalition, per episode."""
    figure = Figure((WIDTH, 3.6), dpi=DPI, layout="constrained")
    axes = figure.subplots(2, len(ensembles), sharey="row", sharex="col", squeeze=False)
    for column, forecast in zip(axes.T, ensembles.values(), strict=True):
        scenario = forecast.scenario
        replay = AlignmentModel(
            history.replayed(scenario), forecast.parameters, rng=forecast.seed
        ).run_all()
        known = replay.datacollector.get_model_vars_dataframe()
        for axis, measure in zip(column, ("pressure", "misalignment"), strict=True):
            values = getattr(forecast.outcome, measure)
            for mass, colour in BANDS:
                low, high = np.quantile(values, [0.5 - mass / 2, 0.5 + mass / 2], axis=0)
                axis.fill_between(range(len(low)), low, high, color=colour, linewidth=0)
            axis.plot(values.mean(axis=0), "--", color=BLUE, linewidth=1.8)
            axis.plot(known[measure].to_numpy(), "o-", color=BLACK, linewidth=0.9, markersize=2.6)
            axis.set_ylim(bottom=0.0)
        column[0].set_title(_years(scenario.calendar), loc="left")
        _dates(column[1], scenario.calendar, every=3)
    axes[0, 0].set_ylabel("coalition pressure")
    axes[1, 0].set_ylabel("misalignment")
    figure.align_ylabels()
    handles = _course_legend()
    mean = Line2D([], [], color=BLUE, linewidth=1.8, linestyle="--", label="model, mean")
    figure.legend(handles=[handles[0], mean, *handles[3:5]], loc="outside lower center", ncols=4)
    return figure
