"""Results of a sweep for a study: P(joined) by factor, from the chunk files one after the other.

Rows of runs are added up to points and points to combinations of values, in whole numbers, so
that the order of the files does not matter and memory holds one file and the combinations.
Intervals are over runs, as if these were independent. Replications share their draws across
points, so that points differ more surely than two intervals suggest; a bin of scattered points
differs less surely than that, for the runs of a point also share the values of other factors.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from alignsim import sweep_columns, sweep_store
from alignsim.decision import ENGAGEMENTS, JOINED, LEVELS
from alignsim.documents import DocumentError
from alignsim.scores import Z95
from alignsim.sweep_columns import Axis, Floats, Whole

By = Sequence[str]

OUTCOMES = ("runs", "joined", "p_joined", "low", "high", "mean_level", "mean_engagement")
"""Columns of a summary beside ``scenario``, ``state`` and the factors."""
BINS = 10
MAX_GRID = 10_000
"""Values of a factor that states them, up to which they are shown one by one."""
_ALLY = re.compile(r"^([A-Z][A-Z0-9]*)_engagement(?:_0)?$")


@dataclass(frozen=True)
class Study:
    """What the manifest of a sweep's folder says, and how much of the sweep is there."""

    folder: Path
    title: str
    kind: str
    keep: str
    scenarios: tuple[str, ...]
    allies: tuple[str, ...]
    """Empty where no chunk is there yet."""
    paths: dict[str, str]
    """Path of each factor by name, in order."""
    grids: frozenset[str]
    """Factors whose values are stated one by one, or evenly spaced."""
    logs: frozenset[str]
    total: float | None
    """What the factors of a simplex sum to."""
    points: int
    runs: int
    chunks: int
    missing: int
    failed: int
    """Points that the model does not take."""
    weights: str
    shifts: frozenset[str]
    """Factors whose values move the dated ones."""
    digests: dict[str, str]
    """Hash of each scenario by name."""
    files: tuple[Path, ...] = field(repr=False)


def design(folder: Path) -> Study:
    """Read what a sweep is. Raises DocumentError where the folder is no sweep's."""
    manifest = sweep_store.read_manifest(folder)
    files, missing = sweep_store.chunk_files(folder)
    try:
        stated = manifest["specification"]
        kind, factors = stated["design"]["kind"], stated["factors"]
        names = manifest["factors"]
        grids = {n for n, f in factors.items() if "values" in f or "steps" in f}
        return Study(
            folder,
            stated["title"],
            kind,
            stated["keep"],
            tuple(manifest["hashes"]["scenarios"]),
            _allies(files[0]) if files else (),
            {name: factors[name]["path"] if name in factors else name for name in names},
            frozenset(names) if kind == "simplex" else frozenset(grids),
            frozenset(n for n, f in factors.items() if f.get("scale") == "log"),
            stated["design"].get("total", 1.0) if kind == "simplex" else None,
            manifest["points"],
            manifest["runs"],
            manifest["chunks"],
            missing,
            sweep_store.failed_points(folder),
            stated["weights"],
            frozenset(n for n, f in factors.items() if f.get("change") == "shift"),
            manifest["hashes"]["scenarios"],
            tuple(files),
        )
    except (KeyError, TypeError, AttributeError):
        message = "not the manifest of a sweep"
        raise DocumentError(str(folder / sweep_store.MANIFEST), None, "", message) from None


def summarise(
    folder: Path,
    by: By,
    state: str | None = None,
    bins: int = BINS,
    date: str | None = None,
) -> pd.DataFrame:
    """One row a scenario, ally and combination of the factors in ``by`` that has runs.

    Columns: ``scenario``, ``state``, the factors, ``runs``, ``joined`` (runs at level 2 or more
    at the last step, or at ``date``), ``p_joined``, ``low`` and ``high`` (95 % Wilson interval),
    ``mean_level`` and ``mean_engagement``. A factor named like one of these has an underscore
    after its name.

    A factor with a stated grid, or with at most ``bins`` values, is shown by value; another by
    the centre of ``bins`` equal bins of what was observed, equal in logarithms where its scale
    is; a decision by the names of its options. ``attrs`` of the frame say what the sweep is:
    ``missing`` counts the chunks that are not there. Raises ValueError for what is not in the
    sweep, DocumentError for a folder that is no sweep's or has no chunk yet.
    """
    return _summaries(design(folder), [tuple(by)], state, bins, date)[0]


def tabulated(
    folder: Path, by: list[str], state: str | None = None, date: str | None = None
) -> pd.DataFrame:
    """The table that suits a sweep: by the factors named, by all of them if they are two at most,
    otherwise what each does by itself. Raises as :func:`summarise` does.
    """
    names = by or list(design(folder).paths)
    if by or len(names) <= 2:
        return summarise(folder, names, state, date=date)
    return effects(profiles(folder, state, date=date))


def profiles(
    folder: Path,
    state: str | None = None,
    bins: int = BINS,
    date: str | None = None,
    names: By | None = None,
) -> dict[str, pd.DataFrame]:
    """:func:`summarise` by each factor alone, or by each of some, in one reading of the files."""
    study = design(folder)
    names = tuple(names or study.paths)
    frames = _summaries(study, [(name,) for name in names], state, bins, date)
    return dict(zip(names, frames, strict=True))


def effects(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What each factor does by itself, from :func:`profiles`; largest change first.

    One row a scenario, ally and factor: ``first`` and ``last`` value or bin, ``p_first`` and
    ``p_last``, P(joined) there, and their ``difference``. The values of a decision are those with
    the lowest and the highest P(joined); beside them numbers are text as well. Between bins of few
    points a difference may be chance.
    """
    rows = []
    for name, frame in found.items():
        column = column_of(name)
        for (scenario, state), part in frame.groupby(["scenario", "state"], sort=False):
            options = not pd.api.types.is_float_dtype(part[column])
            ordered = part.sort_values("p_joined", kind="stable") if options else part
            rows.append(
                {"scenario": scenario, "state": state, "factor": name}
                | _change(ordered.iloc[0], ordered.iloc[-1], column)
            )
    some = next(iter(found.values()))
    order = list(dict.fromkeys(zip(some["scenario"], some["state"], strict=True)))
    rows.sort(key=lambda row: -abs(row["difference"]))
    rows.sort(key=lambda row: order.index((row["scenario"], row["state"])))
    frame = pd.DataFrame(rows)
    for end in ("first", "last"):
        if frame[end].map(type).nunique() > 1:  # a column has one type
            frame[end] = [one if isinstance(one, str) else f"{one:.6g}" for one in frame[end]]
    frame.attrs = dict(some.attrs)
    return frame


def _change(first: Any, last: Any, column: str) -> dict[str, Any]:
    return {
        "first": first[column],
        "last": last[column],
        "p_first": first.p_joined,
        "p_last": last.p_joined,
        "difference": last.p_joined - first.p_joined,
    }


def by_point(folder: Path) -> pd.DataFrame:
    """One row a scenario, ally and point that has runs, by point.

    Columns: ``scenario``, ``state``, ``point``, ``runs``, ``joined``, ``mean_level`` and
    ``mean_engagement``, at the last step. Raises DocumentError as :func:`summarise` does.
    """
    study = design(folder)
    states = _checked(study, [()], None, BINS, None)
    parts = []
    for scenarios, table, sums in _points(study, ["point"], states, None):
        for index, state in enumerate(states):
            runs, joined, level, engagement = sums[:, 4 * index : 4 * index + 4].T
            columns = {"scenario": np.array(study.scenarios, object)[scenarios], "state": state}
            columns |= {"point": table["point"].to_numpy(), "runs": runs, "joined": joined}
            columns |= {"mean_level": level / runs, "mean_engagement": engagement / runs}
            parts.append(pd.DataFrame(columns))
    if not parts:
        raise DocumentError(str(folder), None, "", "no run is there: every point failed")
    return pd.concat(parts).sort_values(["point", "state"], ignore_index=True)


def column_of(name: str) -> str:
    """Column of a factor in a summary."""
    return f"{name}_" if name in (*OUTCOMES, "state") else name


def wilson(joined: Any, runs: Any) -> tuple[Floats, Floats]:
    """95 % Wilson score interval of a share; ``runs`` above 0."""
    share, spread = joined / runs, Z95**2 / runs
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = Z95 * np.sqrt(share * (1.0 - share) / runs + spread / (4.0 * runs)) / (1.0 + spread)
    # Rounding must not push a bound past the share that it holds.
    return np.minimum(centre - half, share).clip(0.0), np.maximum(centre + half, share).clip(max=1)


# --- reading --------------------------------------------------------------------------------


def _axes(study: Study, names: list[str], bins: int) -> dict[str, Axis]:
    """Values one by one where there are few, else bins."""
    limits = {name: MAX_GRID if name in study.grids else bins for name in names}
    seen: dict[str, Any] = {}
    options: dict[str, list[str]] = {}
    for file in study.files if names else ():
        table = sweep_columns.read(file, names)
        for name in names if table.num_rows else ():
            column = table[name]
            if pa.types.is_dictionary(column.type):
                options[name] = column.chunk(0).dictionary.to_pylist()
            found = np.unique(sweep_columns.plain(column.unique()))
            held = np.union1d(seen[name], found) if name in seen else found
            # One more than the limit tells that there are too many; both ends are among them.
            seen[name] = np.append(held[: limits[name]], held[limits[name] :][-1:])
    axes = {}
    for name in names:
        values = seen.get(name, np.zeros(0)).tolist()
        if name in options:
            axes[name] = Axis(name, [option for option in options[name] if option in values])
        elif len(values) <= limits[name]:
            axes[name] = Axis(name, values)
        else:
            spaced = np.geomspace if name in study.logs else np.linspace
            marks = spaced(values[0], values[-1], 2 * bins + 1)
            axes[name] = Axis(name, marks[1::2].tolist(), marks[::2])
    return axes


def _summaries(
    study: Study, groups: Sequence[By], state: str | None, bins: int, date: str | None
) -> list[pd.DataFrame]:
    """A summary by each group of factors. Reads the files twice: for the values, then the runs."""
    states = _checked(study, groups, state, bins, date)
    names = list(dict.fromkeys(name for group in groups for name in group))
    axes = _axes(study, names, bins)
    sizes = [(len(study.scenarios), *(len(axes[n].values) for n in group)) for group in groups]
    for group, size in zip(groups, sizes, strict=True):
        if math.prod(size) >= 2**62:
            raise ValueError(f"too many combinations of {', '.join(group)}; name fewer factors")
    width = 4 * len(states)
    totals = [(np.zeros(0, np.int64), np.zeros((0, width), np.int64)) for _ in groups]
    for scenarios, table, sums in _points(study, names, states, date):
        codes = {name: axes[name].codes(table[name]) for name in names}
        for index, (group, size) in enumerate(zip(groups, sizes, strict=True)):
            keys = np.ravel_multi_index((scenarios, *(codes[name] for name in group)), size)
            held, counted = totals[index]
            totals[index] = _grouped(np.append(held, keys), np.concatenate([counted, sums]))
    if not len(totals[0][0]):
        raise DocumentError(str(study.folder), None, "", "no run is there: every point failed")
    frames = [
        _frame(study, states, [axes[name] for name in group], size, total)
        for group, size, total in zip(groups, sizes, totals, strict=True)
    ]
    for frame in frames:
        frame.attrs["date"] = date
    return frames


def _checked(
    study: Study, groups: Sequence[By], state: str | None, bins: int, date: str | None
) -> tuple[str, ...]:
    """The allies asked for. Raises ValueError with what is allowed."""
    if not study.files:
        raise DocumentError(str(study.folder), None, "", f"0 of {study.chunks} chunks are there")
    for group in groups:
        for name in group:
            if name not in study.paths:
                raise ValueError(f"no factor {name!r}; allowed: {', '.join(study.paths)}")
        if len(set(group)) < len(group):
            raise ValueError(f"a factor is named twice: {', '.join(group)}")
    if state is not None and state not in study.allies:
        raise ValueError(f"no ally {state!r}; allowed: {', '.join(study.allies)}")
    if bins < 1:
        raise ValueError(f"bins should be 1 or more, not {bins}")
    if date is not None:
        _check_date(study, date)
    return study.allies if state is None else (state,)


def _check_date(study: Study, date: str) -> None:
    if study.keep not in ("steps", "step-counts"):
        raise ValueError(f"the sweep keeps the last step only ({study.keep}); leave out the date")
    dates = sweep_columns.read(study.files[0], ["date"])["date"]
    known = dates.chunk(0).dictionary.to_pylist() if dates.num_chunks else []
    if known and date not in known:
        raise ValueError(f"no step {date!r}; allowed: {', '.join(known)}")


def _points(
    study: Study, names: list[str], states: tuple[str, ...], date: str | None
) -> Iterator[tuple[Whole, pa.Table, Whole]]:
    """Per file: scenario of each point, its factors, and its sums, (points, states x sums)."""
    stepwise = study.keep in ("steps", "step-counts")
    columns = [c for state in states for c in _outcomes(study, state)]
    extra = (["runs"] if study.keep in ("counts", "step-counts") else []) + (
        ["step", "date"] if stepwise else []
    )
    for file in study.files:
        table = sweep_columns.read(file, ["point", "scenario", *names, *extra, *columns])
        scenarios = pd.Index(study.scenarios).get_indexer(sweep_columns.plain(table["scenario"]))
        if stepwise:
            wanted = _at_step(table, scenarios, date)
            table, scenarios = table.filter(pa.array(wanted)), scenarios[wanted]
        if table.num_rows == 0:
            continue
        points = table["point"].to_numpy()
        starts = np.flatnonzero(np.append(True, points[1:] != points[:-1]))
        sums = np.concatenate([_sums(study, table, state) for state in states], axis=1)
        factors = table.select(names).take(pa.array(starts))
        yield scenarios[starts], factors, np.add.reduceat(sums, starts, axis=0)


def _at_step(table: pa.Table, scenarios: Any, date: str | None) -> NDArray[np.bool_]:
    """Rows of the date, or of the last step of each scenario; scenarios differ in length."""
    if date is not None:
        return np.asarray(sweep_columns.plain(table["date"]) == date)
    steps = table["step"].to_numpy()
    last = np.zeros(scenarios.max(initial=-1) + 1, steps.dtype)
    np.maximum.at(last, scenarios, steps)
    return np.asarray(steps == last[scenarios])


def _outcomes(study: Study, state: str) -> list[str]:
    if study.keep in ("final", "steps"):
        return [f"{state}_level", f"{state}_engagement"]
    levels = [f"{state}_level_{option}" for option in range(LEVELS)]
    engagements = [f"{state}_engagement_{option}" for option in range(ENGAGEMENTS)]
    return [f"{state}_joined", *levels, *engagements]


def _sums(study: Study, table: pa.Table, state: str) -> Whole:
    """Runs, joined runs, and levels and engagements added up, of each row: (rows, 4)."""
    columns = [table[name].to_numpy().astype(np.int64) for name in _outcomes(study, state)]
    if study.keep in ("final", "steps"):
        level, engagement = columns
        return np.stack([np.ones_like(level), level >= JOINED, level, engagement], axis=1)
    joined, options = columns[0], np.stack(columns[1:], axis=1)
    level = options[:, :LEVELS] @ np.arange(LEVELS)
    engagement = options[:, LEVELS:] @ np.arange(ENGAGEMENTS)
    runs = table["runs"].to_numpy().astype(np.int64)
    return np.stack([runs, joined, level, engagement], axis=1)


def _grouped(keys: Whole, rows: Whole) -> tuple[Whole, Whole]:
    """Rows of the same key added up, by key."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[starts], np.add.reduceat(rows[order], starts, axis=0)


def _frame(
    study: Study, states: tuple[str, ...], axes: list[Axis], size: Any, total: Any
) -> pd.DataFrame:
    keys, sums = total
    scenarios, *codes = np.unravel_index(keys, size)
    parts = []
    for index, state in enumerate(states):
        runs, joined, level, engagement = sums[:, 4 * index : 4 * index + 4].T
        columns = {"scenario": np.array(study.scenarios, object)[scenarios], "state": state}
        columns |= {column_of(a.name): a.shown(c) for a, c in zip(axes, codes, strict=True)}
        low, high = wilson(joined, runs)
        measures = (runs, joined, joined / runs, low, high, level / runs, engagement / runs)
        columns |= dict(zip(OUTCOMES, measures, strict=True)) | {"_order": scenarios}
        parts.append(pd.DataFrame(columns))
    frame = pd.concat(parts).sort_values("_order", kind="stable", ignore_index=True)
    frame = frame.drop(columns="_order")
    binned = [axis.name for axis in axes if axis.edges is not None]
    about: dict[Any, Any] = {
        key: sorted(value) if isinstance(value, frozenset) else value  # Parquet keeps plain data
        for key, value in vars(study).items()
        if key not in ("folder", "files")
    }
    frame.attrs = about | {"by": [axis.name for axis in axes], "binned": binned}
    return frame


def _allies(file: Path) -> tuple[str, ...]:
    matched = (_ALLY.match(name) for name in sweep_columns.opened(file).schema_arrow.names)
    return tuple(found[1] for found in matched if found)
