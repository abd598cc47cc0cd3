"""Weight sets: one vector for all allies and episodes, read from ``configs/weights``."""

import csv
import io
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from alignsim import documents, evidence, shapes
from alignsim.decision import GROUPS, PRECISIONS, Weights
from alignsim.documents import Document, DocumentError
from alignsim.shapes import Frozen
from alignsim.situation import Dynamics

TERMS = tuple(term for group in GROUPS.values() for term in group)
GROUP_OF = {term: group for group, names in GROUPS.items() for term in names}


RATES = ("energy_drift", "alignment_rise", "threat_rise")
MAX_RATE = 2.0
"""Highest yearly rate of a feedback: what it moves then stays within its bounds."""

MAX_NUMBER = 10_000.0
Finite = Annotated[float, Field(ge=0.0, le=MAX_NUMBER, allow_inf_nan=False, strict=True)]


class Number(Frozen):
    """A weight or parameter with its uncertainty and source."""

    value: Finite
    range: tuple[Finite, Finite]
    source: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class WeightSet(Frozen):
    """A weight file: group weights, term weights within their group, precision and dynamics."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["weights"]
    status: Literal["calibrated", "illustrative"]
    note: str
    data: str
    method: str
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    draws: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.csv$")] | None = None
    """File beside this one with draws of a posterior; the values are its centre."""
    precision: dict[str, Number]
    groups: dict[str, Number]
    terms: dict[str, Number]
    dynamics: dict[str, Number]


PARTS: dict[str, tuple[str, ...]] = {
    "groups": tuple(GROUPS),
    "terms": TERMS,
    "dynamics": Dynamics._fields,
    "precision": PRECISIONS,
}
"""Parts of a weight set, and the numbers of each."""


class Parameters(NamedTuple):
    """What both engines take: total term weights and the dynamics."""

    name: str
    weights: Weights
    dynamics: Dynamics


@cache
def read(name: str | Path = "calibrated") -> Parameters:
    """Read a weight set by shipped name or by file. Raises DocumentError."""
    return parameters(read_set(name))


def read_set(name: str | Path) -> WeightSet:
    """The same with ranges, sources and status."""
    return parse(documents.read(find(name)))


@cache
def read_draws(name: str | Path = "calibrated") -> tuple[Parameters, ...]:
    """Draws of a weight set's posterior, equally likely; the set itself where it has none.

    The file has a row a draw and a column a number, such as ``groups.norms``. Raises DocumentError.
    """
    weights = read_set(name)
    if weights.draws is None:
        return (parameters(weights),)
    file = find(name).with_name(weights.draws)
    return tuple(_draw(weights.name, row, file, line) for line, row in _rows(file))


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows of a file of draws with their lines. Raises DocumentError."""
    reader = csv.DictReader(io.StringIO(documents.text(file)))
    expected = {f"{part}.{name}" for part, names in PARTS.items() for name in names}
    try:
        columns = reader.fieldnames or ()
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DocumentError(str(file), reader.line_num, "", str(error)) from None
    for column in sorted(expected ^ set(columns)):
        fault_ = "is missing" if column in expected else "is unknown"
        raise DocumentError(str(file), 1, "", f"column {column} {fault_}")
    for column in sorted(expected):
        if columns.count(column) > 1:
            raise DocumentError(str(file), 1, "", f"column {column} stands twice")
    for line, row in rows:
        if None in row:
            raise DocumentError(str(file), line, "", f"has more than {len(columns)} numbers")
    if not rows:
        raise DocumentError(str(file), None, "", "has no draws")
    return rows


def _draw(name: str, row: dict[str, str], file: Path, line: int) -> Parameters:
    numbers: dict[str, dict[str, float]] = {part: {} for part in PARTS}
    for column, text in row.items():
        part, _, number = column.partition(".")
        try:
            value = float(text)
        except (TypeError, ValueError):
            raise DocumentError(str(file), line, column, f"{text!r} is not a number") from None
        if wrong := fault(part, number, value):
            raise DocumentError(str(file), line, column, f"{value:g} {wrong}")
        numbers[part][number] = value
    return from_numbers(name, numbers)


def find(name: str | Path) -> Path:
    """File of a weight set given by shipped name or by path."""
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name)
    folder = evidence.data_root() / "configs" / "weights"
    file = folder / f"{text}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(found.stem for found in folder.glob("*.yaml")))
        raise DocumentError(text[:100], None, "", f"no such weights; shipped: {known}")
    return file


def parse(document: Document) -> WeightSet:
    """Check a weight file. Raises DocumentError."""
    weights = shapes.parsed(WeightSet, document)
    for key, expected in PARTS.items():
        stated = getattr(weights, key)
        for name in stated:
            if name not in expected:
                raise document.error((key, name), f"unknown key; allowed: {', '.join(expected)}")
        for name in expected:
            if name not in stated:
                raise document.error((key,), f"missing key {name}")
    for part in PARTS:
        for name, number in getattr(weights, part).items():
            if wrong := fault(part, name, number.value):
                raise document.error((part, name, "value"), wrong)
    for part in PARTS:
        for name, number in getattr(weights, part).items():
            if not number.range[0] <= number.value <= number.range[1]:
                message = f"does not hold the value {number.value:g}"
                raise document.error((part, name, "range"), message)
    return weights


def check(document: Document) -> None:
    """Check a weight file and the draws that it names. Raises DocumentError."""
    weights = parse(document)
    if weights.draws is not None:
        read_draws(Path(document.file))


def fault(part: str, name: str, number: float) -> str:
    """What is wrong with a number of a weight set; empty if nothing."""
    if not 0.0 <= number <= MAX_NUMBER:
        return f"should be 0 to {MAX_NUMBER:g}"
    if part == "precision" and number <= 0.0:
        return "should be above 0"
    if name in RATES and number > MAX_RATE:
        return f"should be at most {MAX_RATE:g}"
    if name == "persistence" and number >= 1.0:
        return "should be below 1"
    return ""


def parameters(weights: WeightSet) -> Parameters:
    """Total term weights (group times term) and dynamics of a weight set."""
    numbers = {
        part: {name: number.value for name, number in getattr(weights, part).items()}
        for part in PARTS
    }
    return from_numbers(weights.name, numbers)


def from_numbers(name: str, numbers: dict[str, dict[str, float]]) -> Parameters:
    """The same from the plain numbers of each part of a weight set."""
    return Parameters(
        name,
        combine(numbers["groups"], numbers["terms"], numbers["precision"]),
        Dynamics(**numbers["dynamics"]),
    )


def combine(
    groups: dict[str, float], terms: dict[str, float], precision: dict[str, float]
) -> Weights:
    """Total weights from group weights, term weights within the group, and the precisions."""
    totals = {name: groups[GROUP_OF[name]] * terms[name] for name in TERMS}
    return Weights(**totals, **{f"precision_{kind}": precision[kind] for kind in PRECISIONS})
