"""Figure of the test on planted truth, readable in grey."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from alignsim import plots, plots_posterior, recovery_tables
from alignsim.plots import GREY, SKY
from alignsim.recovery import LIKELIHOOD, RIGHT
from alignsim.recovery_tables import BINS

COLUMNS = 7
"""Histograms in a row."""


@plots.styled
def ranks(table: pd.DataFrame, draws: int, fault: str | None = None) -> Figure:
    """Histograms of the ranks of planted numbers; outlined, those under a wrong likelihood.

    Grey is where bars of uniform ranks lie 99 times in 100. ``fault`` is the wrong likelihood
    shown, the first by default.
    """
    from scipy.stats import binom

    faults = [name for name in table.fault.unique() if name != RIGHT]
    fault = faults[0] if fault is None and faults else fault
    right, wrong = table[table.fault == RIGHT], table[table.fault == fault]
    names = [n for n in recovery_tables.ordered(table) if not n.startswith("coordinates.")]
    rows = -(-len(names) // COLUMNS)
    figure = Figure((plots.WIDTH, 0.86 * rows + 0.8), dpi=plots.DPI, layout="constrained")
    axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    edges = np.linspace(0.0, 1.0, BINS // 2 + 1)
    count, expected = len(right), len(right) / (len(edges) - 1)
    band = binom.ppf([0.005, 0.995], count, 1.0 / (len(edges) - 1)) / expected
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for axis, name in zip(axes.flat, names, strict=False):
        axis.axhspan(*band, color="#e3e3e3", linewidth=0)
        heights = np.histogram((right[name] + 0.5) / (draws + 1), edges)[0] / expected
        axis.stairs(heights, edges, fill=True, color=SKY, linewidth=0)
        axis.axhline(1.0, color=GREY, linewidth=0.6, linestyle=":")
        if len(wrong):
            other = np.histogram((wrong[name] + 0.5) / (draws + 1), edges)[0] / expected
            axis.stairs(other, edges, color=plots_posterior.ORANGE, linewidth=0.9)
        title = "log likelihood" if name == LIKELIHOOD else plots_posterior.label(name)
        slant = "italic" if name.startswith("groups.") else "normal"
        title = title.replace("precision ", "λ ")
        axis.set_title(title, loc="left", fontsize=6, pad=2, fontstyle=slant)
        axis.set_xticks([0.0, 0.5, 1.0], ["0", "½", "1"])
        axis.set_ylim(0.0, 2.6)
    handles: list[Any] = [
        Patch(color=SKY, label=f"rank of the truth in its posterior, {count} times"),
        Patch(color="#e3e3e3", label="99 % of uniform ranks"),
    ]
    if len(wrong):
        handles.append(
            Line2D([], [], color=plots_posterior.ORANGE, label=f"wrong on purpose: {fault}")
        )
    handles.append(Line2D([], [], linestyle="", label="λ precision, italic group weight"))
    figure.supylabel("frequency, as a multiple of the uniform", fontsize=7.5)
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
