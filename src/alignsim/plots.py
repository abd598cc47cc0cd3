"""Figures of the report, readable in grey and for the colour-blind.

Every function returns a matplotlib figure and touches no global state; :func:`rendered` turns one
into the same bytes every time. Colours are those of Okabe and Ito (2008); line style, marker or
hatch says the same again. The font is the one that comes with matplotlib, so that a figure looks
alike everywhere. Decision paths are in :mod:`alignsim.plots_paths`.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from alignsim import baselines, history, wholes
from alignsim.agents import Decision
from alignsim.decision import ALLY_GROUPS, JOINED
from alignsim.ensemble import Ensemble
from alignsim.evaluation import MODEL, Rows
from alignsim.model import AlignmentModel
from alignsim.scenario import Calendar, Scenario
from alignsim.weights import GROUP_OF, Parameters

Floats = NDArray[np.float64]
Format = Literal["png", "svg"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WIDTH = 7.2
DPI = 200
BLACK, GREY, BLUE, SKY = "#000000", "#6b6b6b", "#0072B2", "#56B4E9"
BANDS = ((0.9, "#dbe8f3"), (0.5, "#9dc4e2"))
"""Share of the runs a band holds, and its colour; wide bands lie beneath narrow ones."""

GROUP_STYLES = {
    "alliance_dependence": ("#0072B2", ""),
    "energy_security": ("#E69F00", "////"),
    "regional_threat": ("#009E73", "||||"),
    "norms": ("#56B4E9", "\\\\\\\\"),
    "commerce": ("#F0E442", "xxxx"),
    "inertia": ("#eeeeee", ""),
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
styled = matplotlib.style.context(["default", STYLE])
"""Draws a figure in the style of the report, whatever the user's own settings."""


@styled
def rendered(figure: Figure, form: Format) -> bytes:
    """The figure as a file: the same figure gives the same bytes."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.execute(figure)
        figure.set_layout_engine("none")  # laid out once: each pass would move things a little
    metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}}[form]
    stream = io.BytesIO()
    figure.savefig(stream, format=form, dpi="figure", metadata=metadata)
    return stream.getvalue()


# --- shared by figures ----------------------------------------------------------------------


def dates(axis: Axes, calendar: Calendar, sparse: bool) -> None:
    """Steps by month or quarter, the year below the first of each.

    Sparse names every third month, or the first quarter of each year.
    """
    every = 1 if not sparse else 3 if calendar.step == "month" else 4
    labels, year = [], ""
    for end in calendar.ends[::every]:
        month = int(end[5:])
        name = MONTHS[month - 1] if calendar.step == "month" else f"Q{(month + 2) // 3}"
        labels.append(f"{name}\n" + ("" if end[:4] == year else end[:4]))
        year = end[:4]
    axis.set_xticks(range(0, calendar.steps, every), labels)
    axis.set_xlim(-0.5, calendar.steps - 0.5)


def years(calendar: Calendar) -> str:
    """The year or years of an episode, such as 2015–2017."""
    first, last = calendar.ends[0][:4], calendar.ends[-1][:4]
    return first if first == last else f"{first}–{last}"


def documented_handle() -> Line2D:
    """Legend entry of what is documented."""
    return Line2D(
        [], [], color=BLACK, linewidth=0.9, marker="o", markersize=3.4, label="documented"
    )


def band_handles() -> list[Patch]:
    """Legend entries of the probability bands, narrow first."""
    return [
        Patch(color=colour, label=f"{mass:.0%} of the runs") for mass, colour in reversed(BANDS)
    ]


def beside(
    axis: Axes,
    row: float,
    above: float,
    text: str,
    colour: str,
    size: float = 7.5,
    right: float = 1.02,
) -> None:
    """A line of text to the right of a row, some points above it; the panel ends at 1."""
    axis.annotate(
        text,
        (right, row),
        xycoords=axis.get_yaxis_transform(),
        xytext=(0.0, above),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=size,
    )


# --- why: utilities by weight group ---------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """An option of a decision held against another, both given by the documented one."""

    title: str
    decision: str
    pair: Callable[[int, int], tuple[int, int] | None]
    """Option and the other one, from the documented option and the number of options."""


COMPARISONS = (
    Comparison(
        "(a) The documented level, or 2\nwhere it is lower, over none",
        "level",
        lambda option, _: (max(option, JOINED), 0),
    ),
    Comparison(
        "(b) One level more\nthan documented",
        "level",
        lambda option, size: (option + 1, option) if option + 1 < size else None,
    ),
    Comparison(
        "(c) The documented engagement,\nor 1 where it is 0, over 0",
        "engagement",
        lambda option, _: (max(option, 1), 0),
    ),
)


@wholes.taken(seed=wholes.SEED)
def differences(scenario: Scenario, parameters: Parameters, state: str, seed: int = 0) -> Floats:
    """What each comparison is worth to an ally: by comparison, weight group and step.

    Along the documented course: at each step everybody has decided as documented up to then; the
    seed matters only where a decision is not documented. Not a number where there is nothing to
    compare.
    """
    documented = {
        (record.step, record.decision): record.value
        for record in history.documented(scenario)
        if record.state == state
    }
    parts = np.full((len(COMPARISONS), len(ALLY_GROUPS), scenario.calendar.steps), np.nan)
    for made in (
        AlignmentModel(history.replayed(scenario), parameters, rng=seed).run_all().decisions
    ):
        option = documented.get((made.step, made.decision))
        if made.state != state or option is None:
            continue
        for panel, comparison in enumerate(COMPARISONS):
            pair = comparison.pair(option, len(made.options))
            if made.decision == comparison.decision and pair is not None:
                parts[panel, :, made.step] = _by_group(made, *pair)
    return parts


@styled
@wholes.taken(seed=wholes.SEED)
def stacked_utilities(
    scenario: Scenario, parameters: Parameters, state: str, seed: int = 0
) -> Figure:
    """:func:`differences` as bars, a panel a comparison, with their net."""
    parts = differences(scenario, parameters, state, seed)
    figure = Figure((WIDTH, 2.9), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(COMPARISONS), squeeze=False)[0]
    for axis, comparison, values in zip(axes, COMPARISONS, parts, strict=True):
        _stack(axis, values)
        axis.set_title(comparison.title, loc="left", fontsize=8)
        dates(axis, scenario.calendar, sparse=True)
    axes[0].set_ylabel("difference in utility")
    handles: list[Any] = [
        Patch(
            facecolor=colour,
            hatch=hatch,
            edgecolor=BLACK,
            linewidth=0.4,
            label=group.replace("_", " "),
        )
        for group, (colour, hatch) in GROUP_STYLES.items()
    ]
    handles.append(
        Line2D([], [], color=BLACK, marker="D", markerfacecolor="white", markersize=4, label="net")
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


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
    if np.isnan(net).all():
        axis.set_yticks([])
        axis.text(0.5, 0.5, "there is none", transform=axis.transAxes, ha="center", va="center")


# --- scores, and the coalition --------------------------------------------------------------


@styled
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
    left.set_ylim(len(names) - 0.5, -0.5)
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


@styled
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
        column[0].set_title(years(scenario.calendar), loc="left")
        dates(column[1], scenario.calendar, sparse=True)
    for row, label in zip(axes, ("coalition pressure", "misalignment"), strict=True):
        row[0].set_ylim(bottom=0.0)
        row[0].set_ylabel(label)
    figure.align_ylabels()
    mean = Line2D([], [], color=BLUE, linewidth=1.8, linestyle="--", label="model, mean")
    figure.legend(
        handles=[documented_handle(), mean, *band_handles()], loc="outside lower center", ncols=4
    )
    return figure
