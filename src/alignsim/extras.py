"""Libraries of the optional extras, imported only where they are used."""

import importlib
import importlib.metadata
import warnings
from collections.abc import Iterator
from typing import Any

from packaging.requirements import Requirement

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


def ready(*modules: str, extra: str = "studies") -> None:
    """Refuse to start what would fail later, after long work, for want of a library.

    Raises DocumentError where one of the modules is missing, or where a library that is installed,
    of the extra or of alignsim itself, has a version that alignsim does not admit.
    """
    for module in modules:
        imported(module, extra)
    for needed in _requirements(extra):
        try:
            version = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if not needed.specifier.contains(version, prereleases=True):
            message = f'is version {version}, needs {needed.specifier}: pip install "{needed}"'
            raise DocumentError(needed.name, None, "", message)


def _requirements(extra: str) -> Iterator[Requirement]:
    """What alignsim asks for, by itself and for an extra, on this Python."""
    for line in importlib.metadata.requires("alignsim") or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            needed.marker = None
            yield needed
