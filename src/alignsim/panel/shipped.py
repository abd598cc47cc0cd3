"""The committed results of the world panel, as ``experiments/panel`` has them."""

from functools import cache
from pathlib import Path

import pandas as pd

from alignsim import evidence
from alignsim.documents import DocumentError
from alignsim.panel import registering

TABLES = (
    "scores-2014.csv", "left-out-2014.csv", "calibration-2014.csv", "energy-2014.csv",
    "identified.csv", "groups.csv", "movers.csv",
)  # fmt: skip

VERDICT = "verdict-2022"
"""Folder of the verdict on the registered forecast."""


def folder() -> Path:
    """Where the results are."""
    return evidence.data_root() / "experiments" / "panel"


@cache
def table(name: str) -> pd.DataFrame:
    """One of :data:`TABLES`, or of the verdict's folder.

    Raises DocumentError where it cannot be read.
    """
    file = folder() / name
    try:
        return pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise DocumentError(str(file), None, "", f"cannot be read: {error}") from None


@cache
def forecasts() -> dict[str, pd.DataFrame]:
    """The registered forecasts by forecaster, checked against their hashes.

    Raises DocumentError as :func:`alignsim.panel.registering.reread` does.
    """
    return registering.reread(folder())
