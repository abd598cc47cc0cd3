"""Tables of where states had come to by the end of an episode: joined or not, and how far."""

import csv
import io
import re
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from alignsim import documents, evidence
from alignsim.documents import DocumentError

Word = Literal["yes", "no", "partial", "ambiguous", "exclude"]
WORDS: tuple[Word, ...] = ("yes", "no", "partial", "ambiguous", "exclude")
NUMBERS: dict[str, Word] = {"1": "yes", "1.0": "yes", "0": "no", "0.0": "no"}
"""What a table may write for yes and no."""
HIGHEST = 5
JOINED = 2
BOUNDS: dict[Word, tuple[int, int, int]] = {
    "yes": (JOINED, JOINED, HIGHEST),
    "no": (0, 0, JOINED - 1),
    "partial": (1, 1, 3),
    "ambiguous": (0, 0, 3),
    "exclude": (0, 0, 0),
}
"""Lowest, likeliest and highest level where a table states none."""


class Outcome(NamedTuple):
    """Where a state had come to: an outcome, its level 0-5 with the range, and its sources.

    ``partial`` and ``ambiguous`` are intervals that hold both sides; ``exclude`` takes no part.
    """

    outcome: Word
    level: int
    low: int
    high: int
    source: tuple[str, ...]

    @property
    def joined(self) -> float | None:
        """1 or 0; None where the record does not say."""
        return {"yes": 1.0, "no": 0.0}.get(self.outcome)


def tables() -> list[str]:
    """Names of the tables in ``seeds``."""
    return sorted(file.name for file in (evidence.data_root() / "seeds").glob("outcomes-*.csv"))


def year(name: str) -> int:
    """Year whose outcomes a table of ``seeds`` has, as its name says."""
    return int(re.sub(r"\D", "", name))


@cache
def shipped(name: str) -> dict[str, Outcome]:
    """Outcomes by state, from a table in ``seeds``. Raises DocumentError."""
    return read(evidence.data_root() / "seeds" / name)


def read(file: Path) -> dict[str, Outcome]:
    """Outcomes by state, from a table with the columns ``iso3`` and ``outcome``.

    An outcome is one of WORDS, or 1 or 0. ``level``, ``low``, ``high`` (0-5) and ``source``, ids
    with blanks between, may stand beside; other columns are let be. Raises DocumentError.
    """
    reader = csv.DictReader(io.StringIO(documents.text(file)), strict=True)
    found: dict[str, Outcome] = {}
    try:
        names = list(reader.fieldnames or ())
        for name in ("iso3", "outcome", *names):
            if names.count(name) != 1:
                fault = "stands twice" if name in names else "is missing"
                raise DocumentError(str(file), 1, "", f"column {name} {fault}")
        for cells in reader:
            if None in cells:
                fault = f"should have {len(names)} cells"
                raise DocumentError(str(file), reader.line_num, "", fault)
            code = (cells["iso3"] or "").strip()
            if not re.fullmatch("[A-Z]{3}", code) or code in found:
                fault = "stands twice" if code in found else "should be three capital letters"
                raise DocumentError(str(file), reader.line_num, "iso3", f"{code!r} {fault}")
            found[code] = _outcome(file, reader.line_num, cells)
    except csv.Error as error:
        raise DocumentError(str(file), reader.reader.line_num, "", str(error)) from None
    if not found:
        raise DocumentError(str(file), None, "", "has no states")
    return found


def _outcome(file: Path, line: int, cells: dict[str, str | None]) -> Outcome:
    word = (cells["outcome"] or "").strip().lower()
    known = NUMBERS.get(word) or next((one for one in WORDS if one == word), None)
    if known is None:
        allowed = ", ".join((*WORDS, "1", "0"))
        raise DocumentError(str(file), line, "outcome", f"{word[:40]!r} is not one of {allowed}")
    levels = []
    for name, usual in zip(("low", "level", "high"), BOUNDS[known], strict=True):
        stated = (cells.get(name) or "").strip()
        if stated not in ("", *map(str, range(HIGHEST + 1))):
            raise DocumentError(str(file), line, name, f"{stated[:40]!r} is not a level 0 to 5")
        levels.append(int(stated) if stated else usual)
    low, level, high = levels
    if not low <= level <= high:
        raise DocumentError(str(file), line, "level", f"{level} is not within {low} to {high}")
    return Outcome(known, level, low, high, tuple((cells.get("source") or "").split()))
