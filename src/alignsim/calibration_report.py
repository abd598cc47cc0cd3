"""What `alignsim calibrate` prints and writes: the posterior, its summary and its figures."""

import textwrap
from pathlib import Path

from alignsim import calibrate, documents, plots, plots_posterior, posterior, tables
from alignsim.calibrate import Posterior

WRAP = 96


def write(found: Posterior, folder: Path) -> list[Path]:
    """Write ``posterior.nc``, ``summary.csv`` and a figure of each kind, each whole."""
    files = [folder / "posterior.nc", folder / "summary.csv"]
    posterior.write(posterior.inference_data(found), files[0])
    summary = calibrate.summary(found)
    documents.write_whole(files[1], summary.to_csv(index=False, float_format="%.5g"))
    for name, draw in plots_posterior.FIGURES.items():
        files.append(folder / f"{name}.png")
        documents.write_whole(files[-1], plots.rendered(draw(found), "png"))
    return files


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
