"""Results of a sweep for a study: P(joined) by factor, from the chunk files one after the other.

Rows of runs are added up to points and points to combinations of values, in whole numbers, so
that the order of the files does not matter and memory holds one file and the combinations.
Replications share their draws across points: intervals are those of each combination by itself,
and differences between combinations are surer than two such intervals suggest.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alignsim import sweep_store, tables
from alignsim.decision import ENGAGEMENTS, JOINED, LEVELS
from alignsim.documents import DocumentError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
By = Sequence[str]

OUTCOMES = ("runs", "joined", "p_joined", "low", "high", "mean_level", "mean_engagement")
"""Columns of a summary beside ``scenario``, ``state`` and the factors."""
BINS = 10
MAX_GRID = 10_000
"""Values of a factor that states them, up to which they are shown one by one."""
MAX_LINES = 200
TOP = 20
"""Factors of an ally that the one-at-a-time table names."""
Z = 1.959963984540054
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
            sum(_opened(f).metadata.num_rows for f in sweep_store.failure_files(folder)),
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


def profiles(
    folder: Path, state: str | None = None, bins: int = BINS, date: str | None = None
) -> dict[str, pd.DataFrame]:
    """:func:`summarise` by each factor alone, in one reading of the files."""
    study = design(folder)
    frames = _summaries(study, [(name,) for name in study.paths], state, bins, date)
    return dict(zip(study.paths, frames, strict=True))


def effects(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What each factor does by itself, from :func:`profiles`; largest change first.

    One row a scenario, ally and factor: ``first`` and ``last`` value or bin, P(joined) there,
    and the ``difference`` with its 95 % interval by Newcombe's method, as if runs were
    independent. The values of a decision are those with the lowest and the highest P(joined).
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
    frame.attrs = dict(some.attrs)
    return frame


def _change(first: Any, last: Any, column: str) -> dict[str, Any]:
    difference = last.p_joined - first.p_joined
    below = math.hypot(last.p_joined - last.low, first.high - first.p_joined)
    above = math.hypot(last.high - last.p_joined, first.p_joined - first.low)
    return {
        "first": first[column],
        "last": last[column],
        "p_first": first.p_joined,
        "p_last": last.p_joined,
        "difference": difference,
        "low": difference - below,
        "high": difference + above,
    }


def column_of(name: str) -> str:
    """Column of a factor in a summary."""
    return f"{name}_" if name in (*OUTCOMES, "state") else name


def wilson(joined: Any, runs: Any) -> tuple[Floats, Floats]:
    """95 % Wilson score interval of a share; ``runs`` above 0."""
    share, spread = joined / runs, Z**2 / runs
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = Z * np.sqrt(share * (1.0 - share) / runs + spread / (4.0 * runs)) / (1.0 + spread)
    # Rounding must not push a bound past the share that it holds.
    return np.minimum(centre - half, share).clip(0.0), np.maximum(centre + half, share).clip(max=1)


# --- reading --------------------------------------------------------------------------------


class Axis(NamedTuple):
    """The values of a factor that a summary shows, and the bins they stand for."""

    name: str
    values: list[Any]
    edges: Floats | None = None

    def codes(self, column: pa.ChunkedArray) -> Whole:
        """Index into ``values`` of each row."""
        if self.edges is None:
            return np.asarray(pd.Index(self.values).get_indexer(_plain(column)), np.int64)
        found = np.searchsorted(self.edges, column.to_numpy(), side="right") - 1
        return np.asarray(found.clip(0, len(self.values) - 1), np.int64)

    def shown(self, codes: Any) -> Any:
        """A column of a summary: numbers, or options in their order."""
        if self.values and isinstance(self.values[0], str):
            return pd.Categorical(np.array(self.values)[codes], self.values, ordered=True)
        return np.array(self.values, np.float64)[codes]


def _axes(study: Study, names: list[str], bins: int) -> dict[str, Axis]:
    """Values one by one where there are few, else bins."""
    limits = {name: MAX_GRID if name in study.grids else bins for name in names}
    seen: dict[str, Any] = {}
    options: dict[str, list[str]] = {}
    for file in study.files if names else ():
        table = _read(file, names)
        for name in names if table.num_rows else ():
            column = table[name]
            if pa.types.is_dictionary(column.type):
                options[name] = column.chunk(0).dictionary.to_pylist()
            found = np.unique(_plain(column.unique()))
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
    dates = _read(study.files[0], ["date"])["date"]
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
        table = _read(file, ["point", "scenario", *names, *extra, *columns])
        scenarios = pd.Index(study.scenarios).get_indexer(_plain(table["scenario"]))
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
        return np.asarray(_plain(table["date"]) == date)
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
        key: value for key, value in vars(study).items() if key not in ("folder", "files")
    }
    frame.attrs = about | {"by": [axis.name for axis in axes], "binned": binned}
    return frame


def _plain(column: pa.ChunkedArray) -> Any:
    """Values as numpy, options by name."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_numpy(zero_copy_only=False)


def _allies(file: Path) -> tuple[str, ...]:
    matched = (_ALLY.match(name) for name in _opened(file).schema_arrow.names)
    return tuple(found[1] for found in matched if found)


def _opened(file: Path) -> Any:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError):
        raise DocumentError(str(file), None, "", "is damaged; run the sweep again") from None


def _read(file: Path, columns: list[str]) -> pa.Table:
    with _opened(file) as opened:
        try:
            return opened.read(columns=list(dict.fromkeys(columns)))
        except (pa.ArrowException, OSError):
            raise DocumentError(str(file), None, "", "is damaged; run the sweep again") from None


# --- for a terminal -------------------------------------------------------------------------


def as_text(
    source: Path | pd.DataFrame,
    by: By | None = None,
    state: str | None = None,
    bins: int = BINS,
    date: str | None = None,
) -> str:
    """A table of at most 100 columns, under a headline, of a folder or of a summary.

    Without ``by`` a folder's factors where there are at most two, else what each does by itself.
    Raises as :func:`summarise` does.
    """
    if isinstance(source, pd.DataFrame):
        frame, body = source, _listed(source)
    elif by is None and len(design(source).paths) > 2:
        found = profiles(source, state, bins, date)
        frame, body = next(iter(found.values())), _one_at_a_time(effects(found))
    else:
        names = list(design(source).paths) if by is None else by
        frame = summarise(source, names, state, bins, date)
        body = _listed(frame)
    return f"{headline(frame)}\n\n{body}"


def headline(frame: pd.DataFrame) -> str:
    """Title, runs, failed points and missing chunks of a summary."""
    about = frame.attrs
    if "title" not in about:
        return "P(joined)"
    counted = int(frame.loc[frame["state"] == frame["state"].iloc[0], "runs"].sum())
    when = f"at {about['date']}" if about["date"] else "at the last step"
    lines = [about["title"], f"P(joined) {when}; {counted:,} of {about['runs']:,} runs"]
    if about["failed"]:
        lines[-1] += f"; {about['failed']:,} of {about['points']:,} points failed"
    if about["missing"]:
        there = about["chunks"] - about["missing"]
        lines.append(f"INCOMPLETE: {there} of {about['chunks']} chunks")
    return "\n".join(lines)


def _listed(frame: pd.DataFrame) -> str:
    """A line a combination."""
    factors = [n for n in frame.columns if n not in ("scenario", "state", *OUTCOMES)]
    # What is left of the line beside the numbers, shared out.
    room = (tables.WIDTH - 55) // (len(factors) + 1)
    lines = [
        [
            _cut(row["scenario"], room),
            row["state"],
            *(_value(row[name], room) for name in factors),
            f"{row['runs']:,}",
            tables.number(row["p_joined"], 3),
            f"[{row['low']:.3f}, {row['high']:.3f}]",
            tables.number(row["mean_level"]),
            tables.number(row["mean_engagement"]),
        ]
        for row in frame.head(MAX_LINES).to_dict("records")
    ]
    names = [_cut(name, room) for name in factors]
    headers = ["scenario", "ally", *names, "runs", "P", "95 %", "level", "eng."]
    shown = tables.text(lines, headers, ("left", "left", *["right"] * (len(headers) - 2)))
    return shown + _more(len(frame) - MAX_LINES, "lines")


def _one_at_a_time(found: pd.DataFrame) -> str:
    """A block an ally: the factors that change P(joined) most, from the first to the last value."""
    blocks = []
    for (scenario, state), part in found.groupby(["scenario", "state"], sort=False):
        lines = [
            [
                _cut(row["factor"], 38),
                _value(row["first"], 9),
                _value(row["last"], 9),
                tables.number(row["p_first"]),
                tables.number(row["p_last"]),
                f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]",
            ]
            for row in part.head(TOP).to_dict("records")
        ]
        headers = ["factor", "from", "to", "P", "P", "difference [95 %]"]
        shown = tables.text(lines, headers, ("left", *["right"] * 5))
        blocks.append(f"{scenario}, {state}\n{shown}{_more(len(part) - TOP, 'factors')}")
    return "\n\n".join(blocks)


def _more(count: int, what: str) -> str:
    return f"\n… and {count:,} {what} more" if count > 0 else ""


def _cut(text: Any, room: int) -> str:
    return str(text) if len(str(text)) <= room else f"{str(text)[: max(1, room - 1)]}…"


def _value(value: Any, room: int) -> str:
    return _cut(f"{value:.4g}" if isinstance(value, float) else value, room)
