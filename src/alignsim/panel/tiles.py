"""The world as a grid of squares, one a state: where each stands on the map of the panel.

The layout is our own and is drawn by hand; it keeps who is whose neighbour before distances.
"""

import csv
from functools import cache
from typing import NamedTuple

from alignsim import documents
from alignsim.documents import DocumentError
from alignsim.evidence import data_root

NAME = "tiles.csv"
COLUMNS = ["iso3", "row", "column"]


class Tile(NamedTuple):
    """A place on the grid, counted from 0 at the top and at the left."""

    row: int
    column: int


@cache
def _shipped() -> tuple[tuple[str, Tile], ...]:
    return tuple(parsed(documents.text(data_root() / "configs" / "world" / NAME)).items())


def layout() -> dict[str, Tile]:
    """The place of every state, by iso3: a copy, the caller's to change."""
    return dict(_shipped())


def parsed(text: str) -> dict[str, Tile]:
    """A layout from the text of a table with the columns iso3, row, column.

    Raises DocumentError on other columns, on what is not a place, and on a state or place that
    stands twice.
    """
    reader = csv.reader(text.splitlines())
    if (head := next(reader, [])) != COLUMNS:
        raise DocumentError(NAME, 1, "", f"columns should be {', '.join(COLUMNS)}, not {head}")
    found: dict[str, Tile] = {}
    for line, cells in enumerate(reader, start=2):
        state, tile = _placed(line, cells)
        if state in found:
            raise DocumentError(NAME, line, state, "stands twice")
        if other := [name for name, place in found.items() if place == tile]:
            raise DocumentError(NAME, line, state, f"stands where {other[0]} does")
        found[state] = tile
    return found


def _placed(line: int, cells: list[str]) -> tuple[str, Tile]:
    match cells:
        case [state, row, column] if row.isdecimal() and column.isdecimal():
            return state, Tile(int(row), int(column))
    raise DocumentError(NAME, line, "", "should be a state, a row and a column counted from 0")
