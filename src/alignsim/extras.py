"""Libraries of the optional extras, imported only where they are used."""

import importlib
import warnings
from typing import Any

from alignsim.documents import DocumentError

NOISE = ("ipyparallel not installed", "altair based interactive inspection not available")
"""What EMA Workbench warns of when it is imported: front ends that are not used here."""


def imported(module: str, extra: str = "studies") -> Any:
    """A module of an extra. Raises DocumentError with what to install where it is missing."""
    try:
        with warnings.catch_warnings():
            for message in NOISE:
                warnings.filterwarnings("ignore", message)
            return importlib.import_module(module)
    except ImportError:
        needed = f'needs pip install "alignsim[{extra}]"'
        raise DocumentError(module.partition(".")[0], None, "", needed) from None
