"""The points of a sweep: a design's coordinates as values of factors, and these as variants."""

import fnmatch
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import (
    designs,
    designs_screening,
    documents,
    reading,
    shapes,
    sweep_specification,
    variant_paths,
    variants,
)
from alignsim import weights as weight_sets
from alignsim.documents import Document, DocumentError
from alignsim.scenario import Scenario
from alignsim.sweep_specification import Factor, Specification
from alignsim.variants import (
    Base,
    DecisionTarget,
    InputTarget,
    Setting,
    Target,
    Variant,
    WeightTarget,
)
from alignsim.weights import WeightSet

Floats = NDArray[np.float64]
POSTERIOR = (0.05, 0.95)
"""Quantiles of a file of draws that a posterior range spans."""


@dataclass(frozen=True)
class Spread:
    """How a coordinate becomes the value of one factor.

    A coordinate is an index into ``grid`` where the design is factorial; otherwise it lies in
    [0, 1) and picks from the grid, or from the interval. Without either it is scaled by ``high``.
    """

    name: str
    grid: tuple[float, ...] | None = None
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False

    def values(self, coordinates: Floats, indexed: bool) -> Floats:
        """Values of a column of coordinates, (points,)."""
        if self.grid is not None:
            size = len(self.grid)
            index = coordinates if indexed else np.minimum(coordinates * size, size - 1)
            return np.asarray(self.grid)[index.astype(np.int64)]
        if self.whole:
            steps = np.floor(coordinates * (self.high - self.low + 1.0))
            return np.asarray(np.minimum(self.low + steps, self.high))
        if self.log:
            return np.asarray(self.low * np.exp(coordinates * math.log(self.high / self.low)))
        return np.asarray(self.low + coordinates * (self.high - self.low))


@dataclass(frozen=True)
class Sweep:
    """A specification with its scenarios read, its paths found and its design laid out."""

    specification: Specification
    bases: tuple[Base, ...]
    settings: tuple[tuple[Setting, ...], ...]  # per base
    spreads: tuple[Spread, ...]
    design: designs.Design
    files: dict[str, str]
    """SHA-256 of every other file the specification names."""

    @property
    def points(self) -> int:
        """Points of the design, times the scenarios; scenarios vary slowest."""
        return len(self.bases) * self.design.size

    @property
    def runs(self) -> int:
        """Points times replications."""
        return self.points * self.specification.replications

    @property
    def names(self) -> list[str]:
        """Names of the factors, in order."""
        return [spread.name for spread in self.spreads]

    def base(self, point: int) -> int:
        """Index of the scenario of a point."""
        return point // self.design.size

    def values(self, first: int, count: int) -> Floats:
        """Values of the factors at consecutive points, (count, factors).

        Not a number where a point leaves a factor as it is.
        """
        parts = []
        while count:
            offset = first % self.design.size
            taken = min(count, self.design.size - offset)
            parts.append(self._within(offset, taken))
            first, count = first + taken, count - taken
        return np.concatenate(parts)

    def _within(self, first: int, count: int) -> Floats:
        coordinates = self.design.coordinates(first, count)
        indexed = isinstance(self.design, designs.Factorial)
        if isinstance(self.design, designs.Table):
            return coordinates
        columns = [
            spread.values(coordinates[:, index], indexed)
            for index, spread in enumerate(self.spreads)
        ]
        return np.stack(columns, axis=1)

    def variant(self, point: int, values: Sequence[float]) -> Variant:
        """The scenario, weights and arrays of a point. Raises PointError."""
        index = self.base(point)
        moved = [
            (setting, value)
            for setting, value in zip(self.settings[index], values, strict=True)
            if not math.isnan(value)
        ]
        settings, numbers = zip(*moved, strict=True) if moved else ((), ())
        return variants.vary(self.bases[index], settings, numbers)

    def shown(self, point: int, values: Sequence[float]) -> list[float | str]:
        """The values as tables show them: options by name, places in a range as numbers."""
        index = self.base(point)
        return [
            _present(setting, self.bases[index])
            if math.isnan(value)
            else setting.target.shown(self.bases[index], value, setting.how)
            for setting, value in zip(self.settings[index], values, strict=True)
        ]

    @property
    def options(self) -> list[tuple[str, ...] | None]:
        """Of each factor the options it picks from; None where it is a number."""
        return [
            (*setting.target.names, variants.FREE)
            if isinstance(setting.target, DecisionTarget)
            else None
            for setting in self.settings[0]
        ]


def _present(setting: Setting, base: Base) -> float:
    """What is in force at the last step; 0 of a shift, not a number of an index."""
    if setting.how == "shift":
        return 0.0
    stated = setting.target.stated(base)
    return math.nan if stated is None else stated[0]


def read(file: Path | str) -> Sweep:
    """Read a specification and all it names. Raises DocumentError."""
    return of_document(documents.read(file))


def of_document(document: Document) -> Sweep:
    """The same for a document, whose other files lie beside it. Raises DocumentError."""
    return _Reader(sweep_specification.parse(document), document).sweep()


class _Reader:
    """Reads what a specification names; faults are told at its lines."""

    def __init__(self, specification: Specification, document: Document) -> None:
        self.specification = specification
        self.document = document
        self.folder = Path(document.file).parent
        self.files: dict[str, str] = {}
        weights = self._weights(specification.weights, ("weights",))
        self.bases = tuple(
            Base.of(self._scenario(index, name), weights)
            for index, name in enumerate(specification.scenarios)
        )
        self._check_states()

    def sweep(self) -> Sweep:
        factors = dict(self.specification.factors) | self._evidence()
        self._check_paths(factors)
        settings = tuple(
            tuple(self._setting(base, name, factor) for name, factor in factors.items())
            for base in self.bases
        )
        self._check_targets(list(factors), settings[0])
        spreads = tuple(
            self._spread(name, factor, setting)
            for (name, factor), setting in zip(factors.items(), settings[0], strict=True)
        )
        design = self._design(spreads, settings[0])
        return Sweep(self.specification, self.bases, settings, spreads, design, self.files)

    # --- what is named

    def _beside(self, name: str) -> Path:
        return self.folder / name

    def _scenario(self, index: int, name: str) -> Scenario:
        if name.endswith((".yaml", ".yml")):
            return reading.read(self._beside(name))
        return reading.named(self.document, ("scenarios", index), name)

    def _weights(self, name: str, at: tuple[str, ...]) -> WeightSet:
        if name.endswith((".yaml", ".yml")):
            return weight_sets.read_set(self._beside(name))
        try:
            return weight_sets.read_set(name)
        except DocumentError as error:
            if "no such weights" in str(error):
                raise self.document.error(at, str(error)) from None
            raise

    def _check_states(self) -> None:
        def cast(base: Base) -> tuple[Any, ...]:
            scenario = base.scenario
            return scenario.leader, scenario.target, scenario.allies

        names = [base.scenario.name for base in self.bases]
        for index, base in enumerate(self.bases):
            if names[index] in names[:index]:
                raise self.document.error(("scenarios", index), f"{names[index]} stands twice")
            if cast(base) != cast(self.bases[0]):
                message = (
                    f"should have the leader, target and allies of {self.bases[0].scenario.name}"
                )
                raise self.document.error(("scenarios", index), message)

    def _hashed(self, name: str, at: tuple[str, ...]) -> Path:
        file = self._beside(name)
        try:
            self.files[name] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise self.document.error(at, f"{name} cannot be read: {error.strerror}") from None
        return file

    # --- factors

    def _evidence(self) -> dict[str, Factor]:
        """A factor for each input that matches and whose range has width in some scenario."""
        found: dict[str, Factor] = {}
        taken = {factor.path for factor in self.specification.factors.values()}
        for index, pattern in enumerate(self.specification.evidence or ()):
            paths = variant_paths.input_paths(self.bases[0].scenario)
            matching = fnmatch.filter(paths, pattern)
            if not matching:
                raise self.document.error(("evidence", index), f"no input matches {pattern}")
            try:
                wide = [p for p in matching if any(_has_width(base, p) for base in self.bases)]
            except ValueError as error:
                raise self.document.error(("evidence", index), str(error)) from None
            for path in wide:
                if path not in taken:
                    found[path] = Factor.model_validate({"path": path, "range": "stated"})
        return found

    def _check_paths(self, factors: dict[str, Factor]) -> None:
        seen: set[str] = set()
        for name, factor in factors.items():
            if factor.path in seen:
                raise self.document.error(("factors", name, "path"), "is varied twice")
            seen.add(factor.path)
        if not factors:
            raise self.document.error(("evidence",), "no input that matches has a range with width")

    def _setting(self, base: Base, name: str, factor: Factor) -> Setting:
        try:
            target = variant_paths.target(base, factor.path)
        except ValueError as error:
            raise self.document.error(("factors", name, "path"), str(error)) from None
        if factor.range is not None:
            if target.stated(base) is None:
                raise self.document.error(("factors", name, "range"), "no range is stated for this")
            return Setting(target, "range")
        return Setting(target, factor.change)

    def _check_targets(self, names: list[str], settings: tuple[Setting, ...]) -> None:
        """The same under two paths, such as an event by its month and by its day."""
        seen: list[Target] = []
        for name, setting in zip(names, settings, strict=True):
            bare = replace(setting.target, path="")
            if bare in seen:
                raise self.document.error(("factors", name, "path"), "is varied twice")
            seen.append(bare)

    def _spread(self, name: str, factor: Factor, setting: Setting) -> Spread:
        at = ("factors", name)
        target, kind = setting.target, self.specification.design.kind
        if factor.values is not None:
            grid = tuple(
                self._number(target, value, setting, (*at, "values", index))
                for index, value in enumerate(factor.values)
            )
            for index in shapes.doubled(grid):
                fault = f"{factor.values[index]} stands twice"
                raise self.document.error((*at, "values", index), fault)
            return Spread(name, grid=grid)
        if isinstance(target, DecisionTarget) and kind != "table":
            raise self.document.error(
                at, f"a decision needs values, or a table: {', '.join(target.names)}, free"
            )
        if kind == "simplex":
            return Spread(name, high=self.specification.design.total or 1.0)
        low, high = self._interval(name, factor, target)
        if setting.how == "value" and kind != "table":
            keys = ("posterior", "posterior") if factor.posterior else ("from", "to")
            for key, end in zip(keys, (low, high), strict=True):
                if fault := target.fault(end):
                    raise self.document.error((*at, key), fault)
        whole = isinstance(target, InputTarget) and target.row.whole and setting.how == "value"
        spread = Spread(name, None, low, high, factor.scale == "log", whole)
        if factor.steps is not None:
            even = np.linspace(0.0, 1.0, factor.steps)
            grid = tuple(dict.fromkeys(spread.values(even, indexed=False).tolist()))
            return Spread(name, grid=grid)
        return spread

    def _number(self, target: Target, value: Any, setting: Setting, at: tuple[Any, ...]) -> float:
        """A stated value as a number; an option by its name."""
        try:
            if isinstance(target, DecisionTarget):
                return target.option(value)
            number = float(value)
        except ValueError as error:
            message = f"{value!r} is not a number" if isinstance(value, str) else str(error)
            if isinstance(target, DecisionTarget):
                message = str(error)
            raise self.document.error(at, message) from None
        if not math.isfinite(number):
            raise self.document.error(at, "should be a finite number")
        if setting.how == "value" and (fault := target.fault(number)):
            raise self.document.error(at, fault)
        return number

    def _interval(self, name: str, factor: Factor, target: Target) -> tuple[float, float]:
        if factor.start is not None and factor.end is not None:
            return factor.start, factor.end
        if factor.posterior is not None:
            return self._posterior(factor.posterior, target, ("factors", name, "posterior"))
        return 0.0, 1.0

    def _posterior(self, name: str, target: Target, at: tuple[str, ...]) -> tuple[float, float]:
        """The range that a weight file states, or that draws span."""
        if not isinstance(target, WeightTarget):
            raise self.document.error(at, "a posterior is of weights")
        file = self._hashed(name, at)
        if name.endswith((".yaml", ".yml")):
            low, high = getattr(weight_sets.read_set(file), target.part)[target.name].range
            return float(low), float(high)
        table = self._table(file, at)
        column = f"{target.part}.{target.name}"
        if column not in table:
            raise self.document.error(at, f"{name} has no column {column}")
        if not pd.api.types.is_numeric_dtype(table[column]) or not len(table[column].dropna()):
            raise self.document.error(at, f"{column} of {name} should hold numbers")
        low, high = table[column].quantile(list(POSTERIOR))
        return float(low), float(high)

    def _table(self, file: Path, at: tuple[str, ...]) -> pd.DataFrame:
        try:
            if file.suffix == ".parquet":
                return pd.read_parquet(file)
            return pd.read_csv(file, dtype=None)
        except (ValueError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise self.document.error(at, f"{file.name} cannot be read: {reason}") from None

    # --- designs

    def _design(self, spreads: tuple[Spread, ...], settings: tuple[Setting, ...]) -> designs.Design:
        design, seed = self.specification.design, self.specification.seed
        factors = len(spreads)
        try:
            match design.kind:
                case "factorial":
                    return designs.Factorial(tuple(len(spread.grid or ()) for spread in spreads))
                case "latin-hypercube":
                    return designs.LatinHypercube(design.points or 0, factors, seed)
                case "sobol":
                    return designs.Sobol(design.points or 0, factors, seed)
                case "saltelli":
                    second = design.second_order is not False
                    return designs.Saltelli(design.base or 0, factors, seed, second)
                case "simplex":
                    return designs.Simplex(design.divisions or 0, factors)
                case "morris":
                    trajectories, levels = design.trajectories or 0, design.levels or 0
                    return designs_screening.Morris(trajectories, levels, factors, seed)
                case "one-at-a-time":
                    return designs_screening.OneAtATime(factors)
                case "table":
                    return designs.Table(self._rows(spreads, settings))
        except DocumentError:
            raise
        except ValueError as error:
            raise self.document.error(("design",), str(error)) from None

    def _rows(self, spreads: tuple[Spread, ...], settings: tuple[Setting, ...]) -> Any:
        """The points of a table, by the names of the factors."""
        design = self.specification.design
        at: tuple[Any, ...] = ("design", "rows" if design.rows is not None else "file")
        if design.rows is not None:
            table = pd.DataFrame([dict(row) for row in design.rows], dtype=object)
        else:
            table = self._table(self._hashed(design.file or "", at), at)
        names = [spread.name for spread in spreads]
        if sorted(map(str, table.columns)) != sorted(names):
            raise self.document.error(
                at, f"should have the columns {', '.join(names)}, and only these"
            )
        columns = []
        for name, setting in zip(names, settings, strict=True):
            columns.append(
                [self._cell(setting, value, (*at, row)) for row, value in enumerate(table[name])]
            )
        rows = tuple(zip(*columns, strict=True))
        for index in shapes.doubled(rows if design.rows is not None else ()):
            raise self.document.error((*at, index), "stands twice")
        return rows

    def _cell(self, setting: Setting, value: Any, at: tuple[Any, ...]) -> float:
        """A value of a table; one out of bounds is a point that fails, not a fault of the file."""
        try:
            if isinstance(setting.target, DecisionTarget):
                return setting.target.option(value)
            number = float(value)
        except (TypeError, ValueError):
            raise self.document.error(
                at, f"row {at[-1]}: {value!r} is not a value of {setting.target.path}"
            ) from None
        if not math.isfinite(number):
            raise self.document.error(at, f"row {at[-1]}: {setting.target.path} is missing")
        return number


def _has_width(base: Base, path: str) -> bool:
    target = variant_paths.target(base, path)
    assert isinstance(target, InputTarget)
    quantity = target.quantity(base.scenario)
    ranges = [quantity.range, *(change.range for change in quantity.changes)]
    return any(low < high for low, high in ranges)
