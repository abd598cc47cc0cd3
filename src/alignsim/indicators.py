"""Measured indicators of all states, from ``configs/world``: strictly read, blanks filled by rule.

A table has a row a state and the columns that ``columns.yaml`` describes, with their datasets. No
figure is made up silently: each tells whether it was measured, and a filled one has a wide range.
"""

import csv
import io
import re
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from alignsim import documents, evidence, shapes
from alignsim.documents import Document, DocumentError
from alignsim.shapes import Frozen

FEWEST = 3
"""States of a region that must have a figure before their median stands in for a blank."""
ALIKE = 10
"""States nearest in democracy whose median stands in for a blank."""
PARTS = 20
"""The range of a filled figure spans the world but for one part in so many at either end."""
SUFFICES = 2 / 3
"""Least share of the columns that must be measured for a state to count."""

Ids = str | tuple[str, ...]


class Column(Frozen):
    """What a column is, where it is from, and what is done where it is blank."""

    meaning: str
    unit: str
    bounds: tuple[float, float]
    error: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Half the range as a share of the value."""
    missing: Literal["region", "democracy", "zero"] | None = None
    version: dict[str, str]
    source: Ids | dict[str, Ids]

    def sources(self, year: int) -> list[str]:
        """Ids of the claims or references of a year's figures."""
        ids = self.source[str(year)] if isinstance(self.source, dict) else self.source
        return [ids] if isinstance(ids, str) else list(ids)


class _Columns(Frozen):
    kind: Literal["columns"]
    columns: dict[str, Column]


class Figure(NamedTuple):
    """One indicator of one state."""

    value: float
    low: float
    high: float
    measured: bool


@dataclass(frozen=True)
class Row:
    """One state: ISO 3166 alpha-3 code, name, region, and its figures by column."""

    code: str
    name: str
    region: str
    figures: dict[str, Figure]

    def __getitem__(self, column: str) -> float:
        """Value of a column."""
        return self.figures[column].value

    @property
    def measured(self) -> float:
        """Share of the columns that are measured."""
        return statistics.fmean(figure.measured for figure in self.figures.values())


class Table(NamedTuple):
    """All states of a year, in the order of the file."""

    year: int
    rows: dict[str, Row]

    def column(self, name: str) -> dict[str, float]:
        """One column by state."""
        return {code: row[name] for code, row in self.rows.items()}

    def median(self, name: str, region: str) -> float:
        """Median of a column over a region's states."""
        return statistics.median(row[name] for row in self.rows.values() if row.region == region)


KEYS = ("iso3", "name", "region")
STATE = "[A-Z]{3}"
"""ISO 3166 alpha-3 codes."""


@cache
def columns() -> dict[str, Column]:
    """Columns by name, in the order of the tables. Raises DocumentError."""
    return parse(documents.read(folder() / "columns.yaml"))


def parse(document: Document) -> dict[str, Column]:
    """Columns by name from a file that describes them. Raises DocumentError."""
    return shapes.parsed(_Columns, document).columns


def folder() -> Path:
    """Where the tables are."""
    return evidence.data_root() / "configs" / "world"


def years() -> list[int]:
    """Years of which there is a table."""
    return sorted(
        int(file.stem[-4:]) for file in folder().glob("indicators-[0-9][0-9][0-9][0-9].csv")
    )


@cache
def read(year: int, file: Path | None = None) -> Table:
    """The table of a year, ``indicators-<year>.csv`` unless a file is given. Raises DocumentError.

    A state less than SUFFICES of whose columns are measured is left out.
    """
    path = file or folder() / f"indicators-{year}.csv"
    raw = _cells(path)
    rows = {code: Row(code, *_told(raw[code]), {}) for code in raw}
    for name, column in columns().items():
        known = sum(cells[name] != "" for cells in raw.values())
        if known < min(FEWEST, len(raw)):
            fault = f"fewer than {FEWEST} figures: its blanks cannot be filled"
            raise DocumentError(str(path), None, name, fault)
        for code, figure in _column(name, column, raw, rows).items():
            rows[code].figures[name] = figure
    return Table(year, {code: row for code, row in rows.items() if row.measured >= SUFFICES})


def _told(cells: Mapping[str, str]) -> tuple[str, str]:
    return cells["name"], cells["region"]


def _cells(path: Path) -> dict[str, dict[str, str]]:
    """Cells by state and column; all names as expected and all numbers within bounds."""
    reader = csv.DictReader(io.StringIO(documents.text(path)), strict=True)
    found: dict[str, dict[str, str]] = {}
    try:
        _check_header(path, list(reader.fieldnames or ()))
        for cells in reader:
            fault = _fault(cells, found)
            if fault:
                raise DocumentError(str(path), reader.line_num, *fault)
            found[cells["iso3"]] = cells
    except csv.Error as error:
        raise DocumentError(str(path), reader.reader.line_num, "", str(error)) from None
    if not found:
        raise DocumentError(str(path), None, "", "has no states")
    return found


def _check_header(path: Path, names: list[str]) -> None:
    expected = [*KEYS, *columns()]
    for name in (*expected, *names):
        if name not in names or name not in expected:
            fault = "is missing" if name in expected else "is unknown"
            raise DocumentError(str(path), 1, "", f"column {name} {fault}")
        if names.count(name) > 1:
            raise DocumentError(str(path), 1, "", f"column {name} stands twice")


def _fault(cells: Mapping[str, str], before: Mapping[str, object]) -> tuple[str, str] | None:
    """Column and message of what is wrong with a row; None if nothing."""
    if None in cells or None in cells.values():
        return "", f"should have {len(KEYS) + len(columns())} cells"
    if not re.fullmatch(STATE, cells["iso3"]):
        return "iso3", f"{cells['iso3']!r} should be three capital letters"
    if cells["iso3"] in before:
        return "iso3", f"{cells['iso3']} stands twice"
    for name in KEYS:
        if not cells[name].strip():
            return name, "should not be blank"
    for name, column in columns().items():
        low, high = column.bounds
        try:
            wrong = cells[name] != "" and not low <= float(cells[name]) <= high
        except ValueError:
            return name, f"{cells[name]!r} is not a number"
        if wrong:
            return name, f"{cells[name]} is not {column.unit} ({low:g} to {high:g})"
        if cells[name] == "" and column.missing is None:
            return name, "should not be blank"
    return None


def _column(
    name: str, column: Column, raw: Mapping[str, Mapping[str, str]], rows: Mapping[str, Row]
) -> dict[str, Figure]:
    """Figures of one column: as measured, or filled by its rule."""
    known = {code: float(cells[name]) for code, cells in raw.items() if cells[name] != ""}
    fill = _fill(column, known, raw, rows)
    least, most = _span(column, list(known.values())) if len(known) < len(raw) else (0.0, 0.0)
    found = {}
    for code in raw:
        if code in known:
            value = known[code]
            half = column.error * abs(value)
            low, high = max(column.bounds[0], value - half), min(column.bounds[1], value + half)
            found[code] = Figure(value, low, high, True)
        else:
            value = fill(code)
            found[code] = Figure(value, min(value, least), max(value, most), False)
    return found


def _span(column: Column, known: list[float]) -> tuple[float, float]:
    """Range of a filled figure."""
    if column.missing == "zero":
        return 0.0, statistics.median(known)
    cuts = statistics.quantiles(known, n=PARTS, method="inclusive")
    return cuts[0], cuts[-1]


def _fill(
    column: Column,
    known: Mapping[str, float],
    raw: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, Row],
) -> Callable[[str], float]:
    """What stands in for a state's blank."""

    def region(code: str) -> float:
        own = [value for other, value in known.items() if rows[other].region == rows[code].region]
        return statistics.median(own if len(own) >= FEWEST else known.values())

    def alike(code: str) -> float:
        own = float(raw[code]["democracy"])
        near = sorted(known, key=lambda other: (abs(float(raw[other]["democracy"]) - own), other))
        return statistics.median(known[other] for other in near[:ALIKE])

    rules = {"region": region, "democracy": alike, "zero": lambda code: 0.0}
    return rules[column.missing or "zero"]
