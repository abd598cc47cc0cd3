"""What the ranks of planted numbers tell: coverage of intervals, and whether the ranks are uniform.

A planted number is covered by the central 90 % interval of its posterior where its rank among
the draws is in the central nine tenths of what it can be. Uniform ranks are tested number by
number, corrected for their many (Holm 1979), and all together by their spread: intervals that are
too narrow push ranks outward, ones that are too wide draw them in (Talts et al. 2018).
"""

import importlib.metadata
import json
import math
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tabulate import tabulate

from alignsim import documents
from alignsim.recovery import LIKELIHOOD, RIGHT, Plan

Floats = NDArray[np.float64]

KEYS = ["fault", "replication"]
"""Columns of a table of ranks that are no numbers."""
MASSES = (0.5, 0.9)
BINS = 20
ALPHA = 0.01
"""Chance that a right likelihood is called wrong."""
Z95 = 1.959963984540054
LIBRARIES = ("dynesty", "numba", "numpy", "scipy")


def covered(ranks: pd.DataFrame, draws: int, mass: float) -> pd.DataFrame:
    """Whether the central interval of the draws holds each planted number, as the ranks.

    Exact where ``mass`` leaves a whole number of ranks on each side.
    """
    beyond = round((draws + 1) * (1.0 - mass) / 2.0)
    numbers = ranks.drop(columns=KEYS)
    return (numbers >= beyond) & (numbers <= draws - beyond)


def coverage(ranks: pd.DataFrame, draws: int) -> pd.DataFrame:
    """A row a fault and number: shares covered, and the test of uniform ranks.

    Columns: ``fault``, ``number``, ``covered_50``, ``covered_90`` with ``low`` and ``high`` (its
    95 % interval, Wilson 1927), ``chi_square`` over bins of ranks, ``p_value``, and ``p_holm``
    corrected for the numbers tested.
    """
    rows = []
    for fault, own in ranks.groupby("fault", sort=False):
        half, most = (covered(own, draws, mass).mean() for mass in MASSES)
        values, chances = uniformity(own.drop(columns=KEYS).to_numpy(), draws)
        corrected = holm(chances)
        for index, number in enumerate(half.index):
            low, high = wilson(float(most[number]), len(own))
            rows.append(
                {
                    "fault": fault,
                    "number": number,
                    "covered_50": float(half[number]),
                    "covered_90": float(most[number]),
                    "low": low,
                    "high": high,
                    "chi_square": values[index],
                    "p_value": chances[index],
                    "p_holm": corrected[index],
                }
            )
    return pd.DataFrame(rows)


def uniformity(ranks: NDArray[np.int64], draws: int) -> tuple[Floats, Floats]:
    """Chi-square of ranks (N, Q) from 0 to ``draws`` over even bins: values and p-values, (Q,)."""
    from scipy.stats import chi2

    bins = ranks * BINS // (draws + 1)
    counts = np.stack([np.bincount(column, minlength=BINS) for column in bins.T])
    expected = len(ranks) / BINS
    values = ((counts - expected) ** 2).sum(axis=1) / expected
    return values, np.asarray(chi2.sf(values, BINS - 1))


def holm(chances: Floats) -> Floats:
    """p-values (Q,) corrected for their number by Holm's step-down rule."""
    order = np.argsort(chances)
    scaled = chances[order] * np.arange(len(chances), 0, -1)
    found = np.empty(len(chances))
    found[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return found


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a binomial share (Wilson 1927)."""
    wide = Z95**2 / count
    centre = (share + wide / 2.0) / (1.0 + wide)
    half = Z95 * math.sqrt(share * (1.0 - share) / count + wide / (4.0 * count)) / (1.0 + wide)
    return centre - half, centre + half


def spread(ranks: pd.DataFrame, draws: int) -> tuple[float, float]:
    """Variance of the ranks as a multiple of that of uniform ones, over all numbers; its error.

    The standard error is over replications, since numbers of one posterior go together.
    """
    size = draws + 1
    share = (ranks.drop(columns=KEYS).to_numpy() + 0.5) / size - 0.5
    each = (12.0 * share**2 / (1.0 - size**-2.0)).mean(axis=1)
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each)))


def verdicts(ranks: pd.DataFrame, draws: int) -> pd.DataFrame:
    """A row a fault: coverage over all numbers, and whether the test calls the likelihood wrong.

    Columns: ``fault``, ``replications``, ``covered_50`` and ``covered_90`` with standard errors
    over replications, ``least`` and ``most`` covered at 90 % of any number, ``spread`` and its
    error, ``p_ranks`` (the smallest corrected p-value of a number), ``number`` (which),
    ``p_spread``, and ``caught``.
    """
    from scipy.stats import t

    rows = []
    table = coverage(ranks, draws)
    for fault, own in ranks.groupby("fault", sort=False):
        tested = table[table.fault == fault]
        worst = tested.iloc[int(tested.p_value.to_numpy().argmin())]
        row: dict[str, Any] = {"fault": fault, "replications": len(own)}
        for mass in MASSES:
            each = covered(own, draws, mass).mean(axis=1)
            row[f"covered_{mass * 100:.0f}"] = float(each.mean())
            row[f"error_{mass * 100:.0f}"] = float(each.std(ddof=1) / math.sqrt(len(own)))
        row |= {"least": tested.covered_90.min(), "most": tested.covered_90.max()}
        row["spread"], row["spread_error"] = spread(own, draws)
        row |= {"p_ranks": worst.p_holm, "number": worst.number}
        away = abs(row["spread"] - 1.0) / row["spread_error"]
        row["p_spread"] = float(2.0 * t.sf(away, len(own) - 1))
        # Two tests share the chance of a false alarm.
        row["caught"] = bool(min(row["p_ranks"], row["p_spread"]) < ALPHA / 2.0)
        rows.append(row)
    return pd.DataFrame(rows)


# --- told and kept --------------------------------------------------------------------------


def as_text(ranks: pd.DataFrame, draws: int) -> str:
    """The verdicts as a table."""
    found = verdicts(ranks, draws)
    rows = [
        [
            row.fault,
            row.replications,
            f"{row.covered_50:.3f} ± {row.error_50:.3f}",
            f"{row.covered_90:.3f} ± {row.error_90:.3f}",
            f"{row.least:.2f} to {row.most:.2f}",
            f"{row.spread:.2f} ± {row.spread_error:.2f}",
            f"{row.p_ranks:.2g} ({row.number})",
            "wrong" if row.caught else "right",
        ]
        for row in found.itertuples()
    ]
    headers = ["fault", "replications", "covered by 50 %", "by 90 %", "least and most of a number"]
    headers += ["spread of ranks", "smallest p (Holm)", "called"]
    return str(tabulate(rows, headers, disable_numparse=True))


def record(plan: Plan, ranks: pd.DataFrame) -> dict[str, Any]:
    """What was found, from what specification, with which libraries."""
    found = verdicts(ranks, plan.specification.draws)
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "name": plan.specification.name,
        "specification": plan.digest,
        "numbers": len(ranks.columns) - len(KEYS),
        "versions": {"python": platform.python_version(), **versions},
        "verdicts": json.loads(found.to_json(orient="records")),
    }


def write(plan: Plan, ranks: pd.DataFrame, folder: Path) -> list[Path]:
    """Write ``ranks.csv``, ``coverage.csv`` and ``summary.json`` into a folder, each whole."""
    table = coverage(ranks, plan.specification.draws)
    texts = {
        "ranks.csv": ranks.to_csv(index=False, lineterminator="\n"),
        "coverage.csv": table.to_csv(index=False, float_format="%.4g", lineterminator="\n"),
        "summary.json": json.dumps(record(plan, ranks), indent=1) + "\n",
    }
    for name, text in texts.items():
        documents.write_whole(folder / name, text)
    return [folder / name for name in texts]


def right(ranks: pd.DataFrame) -> pd.DataFrame:
    """The rows of the likelihood as it is."""
    return ranks[ranks.fault == RIGHT]


def ordered(ranks: pd.DataFrame) -> list[str]:
    """Numbers in the order to show them: the log likelihood last."""
    names = [name for name in ranks.columns if name not in (*KEYS, LIKELIHOOD)]
    return [*names, LIKELIHOOD]
