"""The specification of a parameter sweep, as in ``experiments/sweeps``: shape and checks."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from alignsim import shapes
from alignsim.documents import Document
from alignsim.scenario import MEANINGS, Line, Name, Text
from alignsim.shapes import Frozen
from alignsim.wholes import MAX_RUN, MAX_SEED

COLUMN = r"^[a-z][a-z0-9_]{0,39}$"
MEANINGS = MEANINGS | {
    COLUMN: "should be a name of small letters, digits and underscores, such as energy",
}
RESERVED = (
    "point",
    "replication",
    "scenario",
    "runs",
    "step",
    "date",
    "reason",
    "pressure",
    "misalignment",
)

Keep = Literal["final", "steps", "counts", "step-counts"]
Kind = Literal[
    "factorial",
    "latin-hypercube",
    "sobol",
    "saltelli",
    "simplex",
    "table",
    "morris",
    "one-at-a-time",
]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]


def _value(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("should be a number, or the name of an option such as press")
    return value


Value = Annotated[int | float | str, BeforeValidator(_value)]


class Factor(Frozen):
    """What is varied, and over which values.

    Exactly one of ``values``, ``from`` and ``to``, ``range`` or ``posterior``; none where the
    design gives the values itself (simplex, table).
    """

    path: Line = Field(description="What is varied, such as world.severity.")
    values: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    start: Finite | None = Field(None, alias="from")
    end: Finite | None = Field(None, alias="to")
    range: Literal["stated"] | None = Field(
        None, description="The evidence range of an input, or the range of a weight's file."
    )
    posterior: Line | None = Field(
        None, description="File of draws or weights: 5th to 95th percentile, or stated range."
    )
    steps: Annotated[int, Field(ge=2, le=100_000, strict=True)] | None = Field(
        None, description="Values of a factorial design, evenly spaced, both ends included."
    )
    scale: Literal["linear", "log"] = "linear"
    change: Literal["value", "shift"] = Field(
        "value", description="Set the value throughout, or move every dated value by it."
    )

    @property
    def span(self) -> bool:
        """Whether both ends of an interval are stated."""
        return self.start is not None and self.end is not None


class Design(Frozen):
    """Which points: the kind, and what that kind needs."""

    kind: Kind
    points: Annotated[int, Field(ge=1, le=2**62, strict=True)] | None = None
    base: Annotated[int, Field(ge=1, le=2**50, strict=True)] | None = Field(
        None, description="Base points of a Saltelli design."
    )
    second_order: bool | None = None
    trajectories: Annotated[int, Field(ge=1, le=10**6, strict=True)] | None = None
    levels: Annotated[int, Field(ge=2, le=1000, multiple_of=2, strict=True)] | None = Field(
        None, description="Values of a factor on the grid of a Morris design."
    )
    divisions: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None
    total: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = Field(
        None, description="What the factors of a simplex sum to."
    )
    file: Line | None = Field(None, description="CSV or Parquet file of a table's points.")
    rows: Annotated[tuple[dict[str, Value], ...], Field(min_length=1)] | None = None


NEEDS: dict[str, tuple[str, ...]] = {
    "factorial": (),
    "latin-hypercube": ("points",),
    "sobol": ("points",),
    "saltelli": ("base",),
    "simplex": ("divisions",),
    "table": (),
    "morris": ("trajectories", "levels"),
    "one-at-a-time": (),
}
MAY: dict[str, tuple[str, ...]] = NEEDS | {
    "saltelli": ("base", "second_order"),
    "simplex": ("divisions", "total"),
    "table": ("file", "rows"),
}
"""Keys that a design of each kind needs, and those it may have."""


class Specification(Frozen):
    """A sweep: what is varied, by which design, how often, and what is kept."""

    name: Name
    kind: Literal["sweep"]
    title: Line
    note: Text | None = Field(None, description="Why the sweep is made.")
    scenarios: Annotated[tuple[Line, ...], Field(min_length=1)] = Field(
        description="Shipped names, or files relative to this one."
    )
    weights: Line = Field("calibrated", description="A shipped name, or a file.")
    factors: dict[Annotated[str, Field(pattern=COLUMN)], Factor] = Field(default_factory=dict)
    evidence: Annotated[tuple[Line, ...], Field(min_length=1)] | None = Field(
        None, description="Every input that matches, over its evidence range: states.KOR.* or *."
    )
    design: Design
    replications: Annotated[int, Field(ge=1, le=MAX_RUN, strict=True)]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    keep: Keep = Field(
        description="Final decisions and scores, every step, or counts over the replications."
    )


def parse(document: Document) -> Specification:
    """Check a specification by itself: not whether its paths exist. Raises DocumentError."""
    specification = shapes.parsed(Specification, document, MEANINGS)
    _check_design(document, specification.design)
    if not specification.factors and specification.evidence is None:
        raise document.error(("factors",), "nothing is varied: state factors, or evidence")
    for name, factor in specification.factors.items():
        if name in RESERVED:
            raise document.error(("factors", name), f"not one of {', '.join(RESERVED)}")
        _check_factor(document, name, factor, specification.design.kind)
    if specification.evidence is not None and specification.design.kind in (
        "factorial",
        "simplex",
        "table",
    ):
        raise document.error(("evidence",), f"does not go with a {specification.design.kind}")
    return specification


def _check_design(document: Document, design: Design) -> None:
    for key in Design.model_fields:
        stated = key != "kind" and getattr(design, key) is not None
        if stated and key not in MAY[design.kind]:
            allowed = ", ".join(("kind", *MAY[design.kind]))
            raise document.error(("design", key), f"not of a {design.kind}; allowed: {allowed}")
    for key in NEEDS[design.kind]:
        if getattr(design, key) is None:
            raise document.error(("design",), f"missing key {key}")
    if design.kind == "table" and (design.file is None) == (design.rows is None):
        raise document.error(("design",), "a table has a file or rows")


def _check_factor(document: Document, name: str, factor: Factor, kind: str) -> None:
    def fault(key: str, message: str) -> Exception:
        path = (
            ("factors", name, key) if key in document.data["factors"][name] else ("factors", name)
        )
        return document.error(path, message)

    if (factor.start is None) != (factor.end is None):
        raise fault("from" if factor.end is None else "to", "from and to go together")
    ways = [factor.values is not None, factor.span, factor.range is not None]
    stated = sum([*ways, factor.posterior is not None])
    if kind in ("simplex", "table"):
        if stated or factor.steps is not None or factor.scale == "log":
            raise fault("path", f"a {kind} gives the values itself; state the path only")
        return
    if stated != 1:
        raise fault("path", "should state one of values, from and to, range, posterior")
    if kind == "factorial" and factor.values is None and factor.steps is None:
        raise fault("path", "a factorial design needs values or steps")
    if kind == "one-at-a-time" and factor.values is not None:
        raise fault("values", "one at a time has no values, only the ends of a range")
    if factor.steps is not None and (kind != "factorial" or factor.values is not None):
        raise fault("steps", "goes with an interval in a factorial design")
    if factor.start is not None and factor.end is not None and factor.start >= factor.end:
        raise fault("from", f"{factor.start:g} is not below to, {factor.end:g}")
    if factor.scale == "log" and not (factor.span and factor.start and factor.start > 0.0):
        raise fault("scale", "a log scale needs from and to above 0")
    if factor.change == "shift" and factor.range is not None:
        raise fault("change", "a stated range is of values, not of shifts")
    if factor.change == "shift" and factor.posterior is not None:
        raise fault("change", "a posterior is of values, not of shifts")
