"""What `alignsim calibrate` prints and writes: the posterior, its summary and its figures."""

import textwrap
from pathlib import Path

from alignsim import calibrate, documents, plots, plots_posterior, posterior, tables
from alignsim.calibrate import Posterior

WRAP = 96


def write(found: Posterior, folder: Path) -> list[Path]:
    """Write ``posterior.nc``, ``summary.csv`` and a figure of each kind, each whole."""
    data = posterior.inference_data(found)
    posterior.write(data, folder / "posterior.nc")
    table = calibrate.summary(found).to_csv(index=False, float_format="%.5g", lineterminator="\n")
    documents.write_whole(folder / "summary.csv", table)
    figures = {
        "trace": plots_posterior.trace(found.results[0]),
        "corner": plots_posterior.corner(found),
        "intervals": plots_posterior.intervals(found),
        "predictive": plots_posterior.predictive(data),
    }
    for name, figure in figures.items():
        documents.write_whole(folder / f"{name}.png", plots.rendered(figure, "png"))
    names = ["posterior.nc", "summary.csv", *(f"{name}.png" for name in figures)]
    return [folder / name for name in names]


def as_text(found: Posterior) -> str:
    """The summary as a table, at most 100 columns wide."""
    rows = [
        [
            row["number"],
            f"{row['mean']:.3g}",
            f"{row['low']:.3g} to {row['high']:.3g}",
            f"{row['contraction']:.2f}",
        ]
        for row in calibrate.summary(found).to_dict("records")
    ]
    calls = sum(result.calls for result in found.results)
    head = (
        f"{found.specification.name}: {found.decisions} documented decisions of "
        f"{', '.join(found.specification.fit_on)}; log marginal likelihood {found.evidence:.2f} "
        f"+- {found.error:.2f}; {calls:,} likelihoods. Contraction: 0 where the decisions teach "
        "nothing beyond the prior, towards 1 where they teach all."
    )
    table = tables.text(rows, ["number", "mean", "90 % interval", "contraction"])
    return f"{textwrap.fill(head, WRAP)}\n\n{table}"
