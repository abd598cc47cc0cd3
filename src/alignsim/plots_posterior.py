"""Figures of a posterior: how it was found, what it says, and what it makes of history."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from alignsim import calibrate, extras, jobs, plots, recovery_tables
from alignsim import weights as weight_sets
from alignsim.calibrate import Posterior
from alignsim.decision import PRECISIONS
from alignsim.documents import DocumentError
from alignsim.plots import BANDS, BLACK, BLUE, GREY, SKY, Floats

ORANGE = "#D55E00"
TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
CHANCE_BINS = 10


def label(number: str) -> str:
    """A number of a weight set in words: ``groups.norms`` as norms."""
    return number.partition(".")[2].replace("_", " ") if "." in number else number.replace("_", " ")


# --- the course of the sampler --------------------------------------------------------------


@plots.styled
def trace(result: jobs.Result) -> Figure:
    """The nested sample against the log of the prior volume left, from the whole prior inward.

    Log likelihood and posterior mass above, then group weights and precisions at the points given
    up, the darker the more posterior weight. Raises DocumentError where no course was kept.
    """
    course = result.trace
    if course is None:
        fault = "was sampled before courses were kept; sample it again into a new folder"
        raise DocumentError(result.job.name, None, "", fault)
    table = calibrate.draws(jobs.Result(result.job, 0.0, 0.0, 0.0, 0, 0.0, course.normals))
    names = [name for name in _free(table) if not name.startswith(("terms.", "dynamics."))]
    columns = 3
    rows = 1 + -(-len(names) // columns)
    figure = Figure((plots.WIDTH, 1.15 * rows + 0.9), dpi=plots.DPI, layout="constrained")
    grid = figure.add_gridspec(rows, columns, height_ratios=[1.5] + [1.0] * (rows - 1))
    top = figure.add_subplot(grid[0, :])
    _course(top, course)
    mass = _shares(course)
    for index, name in enumerate(names):
        place = grid[1 + index // columns, index % columns]
        axis = figure.add_subplot(place, sharex=top)
        _values(axis, course.volumes, table[name].to_numpy(), mass)
        axis.set_title(_titled(name), loc="left", fontsize=7.5, pad=2)
        axis.tick_params(labelbottom=index + columns >= len(names))
    figure.supxlabel("log prior volume left", fontsize=8)
    return figure


def _course(axis: Axes, course: jobs.Trace) -> None:
    """Log likelihood on the left, share of the posterior already passed on the right."""
    axis.plot(course.volumes, course.logs, color=BLUE, linewidth=1.6)
    # What the first points say is as unlikely as numbers come: it would flatten all else.
    low = np.quantile(course.logs, 0.25)
    axis.set_ylim(low - 0.1 * (course.logs[-1] - low), course.logs[-1] + 2.0)
    axis.set_xlim(0.0, 1.02 * course.volumes[-1])
    axis.set_ylabel("log likelihood")
    axis.tick_params(labelbottom=False)
    other = axis.twinx()
    other.spines["right"].set_visible(True)
    passed = np.cumsum(course.weights)
    other.plot(course.volumes, passed, "--", color=BLACK, linewidth=1.2)
    other.set_ylim(0.0, 1.02)
    other.set_ylabel("posterior passed")
    handles = [
        Line2D([], [], color=BLUE, linewidth=1.6, label="log likelihood at the point given up"),
        Line2D([], [], color=BLACK, linewidth=1.2, linestyle="--", label="posterior passed"),
    ]
    axis.legend(handles=handles, loc="upper left")


def _shares(course: jobs.Trace) -> Floats:
    """Posterior weight of each stretch, as a share of the greatest."""
    return np.asarray(course.weights / course.weights.max())


def _values(axis: Axes, volumes: Floats, values: Floats, mass: Floats) -> None:
    order = np.argsort(mass)
    axis.scatter(
        volumes[order],
        values[order],
        s=3.0 + 7.0 * mass[order],
        c=0.12 + 0.88 * mass[order],
        cmap="Blues",
        vmin=0.0,
        vmax=1.0,
        linewidth=0,
    )
    _log_axis(axis, "y", values)


def _log_axis(axis: Axes, which: str, values: Floats, beyond: float = 1.3) -> None:
    """A logarithmic axis with plain numbers on few ticks."""
    low, high = values.min() / beyond, values.max() * beyond
    getattr(axis, f"set_{which}scale")("log")
    getattr(axis, f"set_{which}lim")(low, high)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    ticks = ticks if len(ticks) < 5 else [tick for tick in ticks if f"{tick:g}".strip("0.") == "1"]
    getattr(axis, f"set_{which}ticks")(ticks, [f"{tick:g}" for tick in ticks])
    getattr(axis, f"{which}axis").set_minor_locator(NullLocator())


def _titled(name: str) -> str:
    return f"{label(name)}, precision" if name.startswith("precision.") else label(name)


def _free(table: pd.DataFrame) -> list[str]:
    """Numbers that vary, of which a lone term of its group is left out: its group says the same."""
    found = [str(name) for name in table if table[name].max() > table[name].min()]
    groups = [weight_sets.GROUP_OF[n[6:]] for n in found if n.startswith("terms.")]
    return [
        name
        for name in found
        if not name.startswith("terms.") or groups.count(weight_sets.GROUP_OF[name[6:]]) > 1
    ]


# --- pairs ----------------------------------------------------------------------------------


@plots.styled
def corner(posterior: Posterior) -> Figure:
    """Group weights and precisions in pairs on log axes; dashed: nine tenths of the prior.

    Raises DocumentError where the library ``corner`` is missing.
    """
    library = extras.imported("corner")
    free = _free(posterior.table)
    names = [name for name in free if name.startswith(("groups.", "precision."))]
    before = np.log10(calibrate.prior_draws(posterior.specification)[names].to_numpy())
    after = np.log10(posterior.table[names].to_numpy())
    low, high = np.quantile(before, [0.002, 0.998], axis=0)
    low, high = np.minimum(low, after.min(axis=0)), np.maximum(high, after.max(axis=0))
    ranges = np.stack([low, high], axis=1).tolist()
    figure = Figure((11.0, 11.0), dpi=110)
    shared: dict[str, Any] = {
        "fig": figure,
        "range": ranges,
        "bins": 24,
        "levels": (0.5, 0.9),
        "smooth": 1.4,
        "smooth1d": 1.2,
        "plot_datapoints": False,
        "plot_density": False,
    }
    for values, colour, line in ((before, GREY, "--"), (after, BLUE, "-")):
        library.corner(
            values,
            # Both as shares: there are many more draws of the prior.
            weights=np.full(len(values), 1.0 / len(values)),
            color=colour,
            fill_contours=line == "-",
            no_fill_contours=line != "-",
            contour_kwargs={"linestyles": line, "linewidths": 0.8},
            hist_kwargs={"linestyle": line},
            **shared,
        )
    _relabel(figure, names)
    return figure


def _relabel(figure: Figure, names: Sequence[str]) -> None:
    """Plain numbers on log axes, and names that do not run into each other."""
    size = len(names)
    axes = np.array(figure.axes).reshape(size, size)
    for row in range(size):
        for column in range(row + 1):
            axis = axes[row, column]
            ticks = [-1.0, 0.0, 1.0, 2.0]
            low, high = axis.get_xlim()
            axis.set_xticks([tick for tick in ticks if low < tick < high])
            axis.set_xticklabels([])
            if row == column:
                heights = [np.asarray(line.get_ydata()).max() for line in axis.lines]
                axis.set_ylim(0.0, 1.1 * max(heights))
                axis.set_title(_titled(names[row]).replace(" ", "\n"), fontsize=7.5)
                axis.set_yticks([])
            else:
                low, high = axis.get_ylim()
                axis.set_yticks([tick for tick in ticks if low < tick < high])
                axis.set_yticklabels([])
            if row == size - 1:
                axis.set_xticklabels([f"{10**tick:g}" for tick in axis.get_xticks()], rotation=0)
                axis.set_xlabel(_titled(names[column]).replace(" ", "\n"), fontsize=7.5)
            if column == 0 and row:
                axis.set_yticklabels([f"{10**tick:g}" for tick in axis.get_yticks()], rotation=0)
                axis.set_ylabel(_titled(names[row]).replace(" ", "\n"), fontsize=7.5)
    figure.subplots_adjust(left=0.07, right=0.985, bottom=0.07, top=0.97, wspace=0.06, hspace=0.06)
    handles = [
        Line2D([], [], color=BLUE, label="posterior, 50 % and 90 %"),
        Line2D([], [], color=GREY, linestyle="--", label="prior, 50 % and 90 %"),
    ]
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.97, 0.97), fontsize=10)


# --- what the decisions teach ---------------------------------------------------------------


@plots.styled
def intervals(posterior: Posterior) -> Figure:
    """Prior and posterior intervals of every number, the most learnt first.

    Weights and precisions as multiples of the prior's median, on a log axis; what is uniform
    before, as a share of its range. Contraction is 1 less the ratio of variances.
    """
    table = calibrate.summary(posterior)
    free = _free(posterior.table)
    table = table[table.number.isin(free)].sort_values("contraction", ascending=False)
    before = calibrate.prior_draws(posterior.specification)
    plain = table.number.str.startswith("dynamics.")
    parts = [table[~plain], table[plain]]
    figure = Figure((plots.WIDTH, 0.19 * len(table) + 1.5), dpi=plots.DPI, layout="constrained")
    axes = figure.subplots(2, 1, height_ratios=[max(len(part), 1) for part in parts])
    for axis, part in zip(axes, parts, strict=True):
        _intervals(axis, part, posterior.table, before)
    axes[0].set_xscale("log")
    axes[0].axvline(1.0, color=GREY, linewidth=0.6, linestyle=":")
    ticks = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
    axes[0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].xaxis.set_minor_locator(NullLocator())
    axes[0].set_xlim(0.045, 22.0)
    axes[0].set_xlabel("multiple of the prior's median")
    axes[1].set_xlim(0.0, 1.0)
    axes[1].set_xlabel("share of the range that was possible")
    figure.legend(
        handles=[
            Line2D([], [], color=GREY, linewidth=1.0, label="prior, 90 %"),
            Line2D([], [], color=GREY, linewidth=3.5, alpha=0.5, label="prior, 50 %"),
            Line2D([], [], color=BLUE, linewidth=1.6, label="posterior, 90 %"),
            Line2D([], [], color=BLUE, linewidth=4.5, label="posterior, 50 %"),
            Line2D([], [], color=BLACK, marker="|", linestyle="", label="posterior median"),
        ],
        loc="outside lower center",
        ncols=5,
        columnspacing=1.2,
    )
    return figure


def _intervals(axis: Axes, part: pd.DataFrame, after: pd.DataFrame, before: pd.DataFrame) -> None:
    for row, name in enumerate(part.number):
        prior = before[name].to_numpy()
        low, width = 0.0, float(np.median(prior))
        if name.startswith("dynamics."):
            low, width = prior.min(), prior.max() - prior.min()
        for values, colour, shift, thin, wide in (
            (prior, GREY, 0.2, 1.0, 3.5),
            (after[name].to_numpy(), BLUE, -0.17, 1.6, 4.5),
        ):
            for mass, thick in ((0.9, thin), (0.5, wide)):
                ends = np.quantile((values - low) / width, [0.5 - mass / 2, 0.5 + mass / 2])
                faint = 0.5 if colour == GREY and mass < 0.9 else 1.0
                axis.plot(ends, [row + shift] * 2, color=colour, linewidth=thick, alpha=faint)
        median = (np.median(after[name]) - low) / width
        axis.plot(median, row - 0.17, "|", color=BLACK, markersize=6, markeredgewidth=1.2)
    names = [_owned(name) for name in part.number]
    axis.set_yticks(range(len(part)), names)
    axis.set_ylim(len(part) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    for row, value in enumerate(part.contraction):
        axis.annotate(
            f"{value:.2f}",
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7,
            annotation_clip=False,
        )
    axis.annotate(
        "contraction", (1.01, 1.0), xycoords="axes fraction", xytext=(0, 3),
        textcoords="offset points", fontsize=7, ha="left", annotation_clip=False,
    )  # fmt: skip


def _owned(name: str) -> str:
    """A number with what it belongs to."""
    part, _, own = name.partition(".")
    kinds = {"groups": "group", "precision": "precision", "terms": "term"}
    return f"{own.replace('_', ' ')} ({kinds[part]})" if part in kinds else own.replace("_", " ")


# --- predictions of what is known -----------------------------------------------------------


@plots.styled
def predictive(idata: Any) -> Figure:
    """What free runs of the posterior and one-step probabilities make of the documented course.

    Levels of each ally and episode beside the 50 % and 90 % bands of free runs, and below, over
    all records: how often options given some probability one step ahead were what happened.
    """
    seen, told = idata.observed_data, idata.posterior_predictive
    chosen = np.asarray(seen.kind == "level")
    states = list(dict.fromkeys(seen.state.values[chosen]))
    episodes = list(dict.fromkeys(seen.episode.values[chosen]))
    height = 1.45 * len(states) + 3.1
    figure = Figure((plots.WIDTH, height), dpi=plots.DPI, layout="constrained")
    ratios = [1.45 * len(states) + 0.4, 2.4]
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=ratios)).tolist()
    axes = upper.subplots(len(states), len(episodes), sharey=True, squeeze=False)
    for row, state in zip(axes, states, strict=True):
        for axis, episode in zip(row, episodes, strict=True):
            at = chosen & np.asarray((seen.state == state) & (seen.episode == episode))
            _level(axis, seen.isel(record=at), told.isel(record=at))
            axis.set_title(f"{state}, {episode}", loc="left", fontsize=7.5)
        row[0].set_ylabel("level")
    diamond: dict[str, Any] = {"marker": "D", "markersize": 3.4, "markerfacecolor": "none"}
    expected = Line2D([], [], color=ORANGE, linestyle="", label="expected a step ahead", **diamond)
    handles: list[Any] = [plots.documented_handle(), expected, *plots.band_handles()]
    upper.legend(handles=handles, loc="outside lower center", ncols=4)
    left, right = lower.subplots(1, 2)
    _calibration(left, seen, told)
    _surprise(right, seen, told)
    return figure


def _level(axis: Axes, seen: Any, told: Any) -> None:
    """One ally's levels in one episode."""
    taken = told.decision.values.reshape(-1, seen.sizes["record"])
    steps = np.arange(seen.sizes["record"])
    edges = np.append(steps - 0.5, len(steps) - 0.5)
    for mass, colour in BANDS:
        tail = (1.0 - mass) / 2.0
        low = np.quantile(taken, tail, axis=0, method="inverted_cdf") - 0.38
        high = np.quantile(taken, 1.0 - tail, axis=0, method="inverted_cdf") + 0.38
        axis.stairs(high, edges, baseline=low, fill=True, color=colour, linewidth=0)
    chance = told.chance.values
    expected = np.nansum(chance * np.arange(chance.shape[1]), axis=1)
    axis.plot(steps, expected, "D", color=ORANGE, markersize=3.4, markerfacecolor="none")
    values, low, high = (
        seen[name].values for name in ("decision", "decision_low", "decision_high")
    )
    axis.errorbar(steps, values, [values - low, high - values], fmt="none", ecolor=BLACK,
                  elinewidth=0.9, capsize=2.0)  # fmt: skip
    axis.plot(steps, values, "o-", color=BLACK, markersize=2.8, linewidth=0.8)
    dates = seen.date.values
    ticks = steps[:: max(1, len(steps) // 3)]
    axis.set_xticks(ticks, [str(dates[tick]) for tick in ticks])
    axis.set_ylim(-0.6, 5.6)
    axis.set_yticks(range(6))


def _pairs_of_chance(seen: Any, told: Any) -> tuple[Floats, Floats]:
    """One-step probability of each option told exactly, and whether it happened."""
    exact = np.asarray(seen.decision_low == seen.decision_high)
    chance = told.chance.values[exact]
    happened = seen.decision.values[exact][:, None] == np.arange(chance.shape[1])
    has = ~np.isnan(chance)
    return chance[has], happened[has]


def _calibration(axis: Axes, seen: Any, told: Any) -> None:
    """Shares that happened, by the probability given, with 95 % intervals."""
    chance, happened = _pairs_of_chance(seen, told)
    bins = np.minimum((chance * CHANCE_BINS).astype(int), CHANCE_BINS - 1)
    axis.plot([0, 1], [0, 1], ":", color=GREY, linewidth=0.8)
    for index in np.unique(bins):
        own = bins == index
        share, count = float(happened[own].mean()), int(own.sum())
        low, high = recovery_tables.wilson(share, count)
        at = float(chance[own].mean())
        axis.plot([at, at], [low, high], color=BLUE, linewidth=1.0)
        axis.plot(at, share, "o", color=BLUE, markersize=3.6)
        axis.annotate(f"{count}", (at, 1.05), ha="center", fontsize=6.5, color=GREY)
    axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(-0.03, 1.12)
    axis.set_xlabel("probability given one step ahead")
    axis.set_ylabel("share that happened")
    axis.set_title("all decisions, options by probability", loc="left", fontsize=7.5)


def _surprise(axis: Axes, seen: Any, told: Any) -> None:
    """Probability given to what is documented, by kind of decision, lowest first."""
    options = np.arange(told.chance.shape[1])
    inside = (options >= seen.decision_low.values[:, None]) & (
        options <= seen.decision_high.values[:, None]
    )
    given = np.nansum(told.chance.values * inside, axis=1)
    styles = zip(("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))), (BLUE, ORANGE, BLACK, SKY, GREY),
                 strict=True)  # fmt: skip
    for kind, (line, colour) in zip(PRECISIONS, styles, strict=True):
        own = np.sort(given[np.asarray(seen.kind == kind)])
        if len(own):
            share = (np.arange(len(own)) + 0.5) / len(own)
            axis.plot(share, own, linestyle=line, color=colour, label=kind.replace("_", " "))
    axis.set_xlabel("share of the decisions, least expected first")
    axis.set_ylabel("probability given")
    axis.set_ylim(0.0, 1.02)
    axis.legend(loc="lower right")
    axis.set_title("what is documented, by kind", loc="left", fontsize=7.5)
