"""Parameter sweeps: a design cut into chunks of runs, each a Parquet file; local or on a cluster.

A run is named by its point and its replication. The replication is the number of the run in the
draws, so that all points share their draws: two of them differ only by their values. A chunk's
content depends on its number alone, and so the dataset is the same whoever makes it, and when.
"""

import contextlib
import hashlib
import math
import platform
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alignsim import (
    designs_screening,
    documents,
    evidence,
    kernel,
    sources,
    sweep_outcomes,
    sweep_store,
    sweep_workers,
)
from alignsim.documents import DocumentError
from alignsim.sweep_outcomes import Columns, Keeper
from alignsim.sweep_points import Sweep
from alignsim.sweep_store import Chunk, Store
from alignsim.variants import PointError, Variant

FORMAT = 1
SECONDS_A_CHUNK = 0.5
"""What a chunk takes, roughly: the most that an interruption loses."""
SECONDS_A_DECIDER, SECONDS_A_POINT = 2.5e-7, 1.5e-4
"""What an ally's step of one run takes, and a point without its runs; measured, and only used to
cut chunks."""
MAX_ROWS = 500_000
MAX_BLOCK = 100_000
"""Replications counted in one row: a point with more has several rows."""
MAX_CHUNKS = 50_000

Execute = Callable[[Callable[[int], Chunk], Iterable[int]], Iterator[Chunk]]


class Block(NamedTuple):
    """Some replications of one point."""

    point: int
    first: int
    runs: int


@dataclass(frozen=True)
class Plan:
    """How a sweep is cut: points into blocks of replications, and blocks into chunks."""

    points: int
    replications: int
    block: int  # replications a block, at most
    blocks_a_chunk: int

    @classmethod
    def of(cls, sweep: Sweep, keeper: Keeper) -> "Plan":
        """Cut so that a chunk is neither long to make nor large to hold."""
        replications = sweep.specification.replications
        rows_a_run = keeper.rows(1)
        block = min(replications, MAX_BLOCK if keeper.counted else max(1, MAX_ROWS // rows_a_run))
        deciders = max(b.line.allies.shape[0] * b.line.allies.shape[1] for b in sweep.bases)
        cost = SECONDS_A_POINT + block * deciders * SECONDS_A_DECIDER
        blocks = sweep.points * math.ceil(replications / block)
        fitting = min(int(SECONDS_A_CHUNK / cost), MAX_ROWS // keeper.rows(block))
        return cls(
            sweep.points, replications, block, max(1, fitting, math.ceil(blocks / MAX_CHUNKS))
        )

    @property
    def blocks_a_point(self) -> int:
        """Blocks that a point's replications make."""
        return math.ceil(self.replications / self.block)

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return math.ceil(self.points * self.blocks_a_point / self.blocks_a_chunk)

    def blocks(self, chunk: int) -> list[Block]:
        """The blocks of a chunk, by point and replication."""
        first = chunk * self.blocks_a_chunk
        last = min(first + self.blocks_a_chunk, self.points * self.blocks_a_point)
        found = []
        for number in range(first, last):
            point, part = divmod(number, self.blocks_a_point)
            start = part * self.block
            found.append(Block(point, start, min(self.block, self.replications - start)))
        return found

    def place(self, point: int, replication: int) -> tuple[int, int]:
        """The chunk that holds a run, and the first replication of its block."""
        part = replication // self.block
        number = point * self.blocks_a_point + part
        return number // self.blocks_a_chunk, part * self.block

    def runs(self, chunk: int) -> int:
        """Runs of a chunk, those of failed points included."""
        return self._runs_before(chunk + 1) - self._runs_before(chunk)

    def _runs_before(self, chunk: int) -> int:
        block = min(chunk * self.blocks_a_chunk, self.points * self.blocks_a_point)
        point, part = divmod(block, self.blocks_a_point)
        return point * self.replications + part * self.block


@dataclass(frozen=True)
class Maker:
    """Makes a chunk from its number: a pure function, for any process or machine."""

    sweep: Sweep
    keepers: tuple[Keeper, ...]
    plan: Plan
    engine: dict[str, str]

    @classmethod
    def of(cls, sweep: Sweep) -> "Maker":
        """Lay out the work of a sweep."""
        keep = sweep.specification.keep
        keepers = tuple(Keeper.of(keep, base.scenario) for base in sweep.bases)
        plan = Plan.of(sweep, max(keepers, key=lambda keeper: keeper.rows(1)))
        return cls(sweep, keepers, plan, _engine_of(sweep))

    def __call__(self, index: int) -> Chunk:
        """Make a chunk. Raises DocumentError where this machine has another engine."""
        if _engine_of(self.sweep) != self.engine:
            message = "has another version of alignsim or its libraries; install the same one"
            raise DocumentError(f"worker {platform.node()}", None, "", message)
        blocks = self.plan.blocks(index)
        first = blocks[0].point
        values = self.sweep.values(first, blocks[-1].point - first + 1)
        made: list[tuple[Block, Columns]] = []
        failed: dict[int, str] = {}
        for block in blocks:
            try:
                variant = self.sweep.variant(block.point, values[block.point - first].tolist())
            except PointError as error:
                if block.first == 0:
                    failed[block.point] = str(error)
                continue
            made.append((block, self._columns(block, variant)))
        failures = self._failures(failed, values, first)
        link = sweep_store.failures_name(index, failures)
        rows = self._rows(made, values, first)
        rows = rows.replace_schema_metadata({sweep_store.LINK: link})
        return Chunk(index, _parquet(rows), failures, self.plan.runs(index), len(failed))

    def _columns(self, block: Block, variant: Variant) -> Columns:
        """Outcome columns of a block, run in batches that fit the memory."""
        keeper = self.keepers[self.sweep.base(block.point)]
        parts = []
        for first, runs in sweep_outcomes.batches(block.runs, variant.scenario):
            outcome = kernel.simulate(
                variant.line,
                variant.parameters.weights,
                variant.parameters.dynamics,
                self.sweep.specification.seed,
                block.first + first,
                runs,
            )
            parts.append(keeper.columns(outcome))
        join = _added if keeper.counted else np.concatenate
        return {name: join([part[name] for part in parts]) for name in parts[0]}

    def _rows(self, made: list[tuple[Block, Columns]], values: Any, first: int) -> pa.Table:
        """The table of a chunk: point, replication, scenario, factors, what is kept."""
        keepers = [self.keepers[self.sweep.base(block.point)] for block, _ in made]
        sizes = [keeper.rows(block.runs) for keeper, (block, _) in zip(keepers, made, strict=True)]
        points = np.repeat(np.array([block.point for block, _ in made], np.int64), sizes)
        replications = [
            np.repeat(self._replications(keeper, block), keeper.rows(1))
            for keeper, (block, _) in zip(keepers, made, strict=True)
        ]
        table = {
            "point": pa.array(points),
            "replication": pa.array(np.concatenate([np.zeros(0, np.int64), *replications])),
        } | self._described(points, values, first)
        if self.keepers[0].counted:
            runs = np.repeat(np.array([block.runs for block, _ in made], np.int64), sizes)
            table["runs"] = pa.array(runs)
        if self.keepers[0].stepwise:
            table |= self._steps(keepers, sizes)
        for name, empty in self.keepers[0].empty().items():
            column = np.concatenate([empty, *(columns[name] for _, columns in made)])
            table[name] = self.keepers[0].arrow(name, column)
        return pa.table(table)

    def _replications(self, keeper: Keeper, block: Block) -> NDArray[np.int64]:
        size = 1 if keeper.counted else block.runs
        return np.arange(block.first, block.first + size, dtype=np.int64)

    def _steps(self, keepers: list[Keeper], sizes: list[int]) -> dict[str, pa.Array]:
        """Step and date of each row."""
        steps: list[NDArray[np.int16]] = [np.zeros(0, np.int16)]
        places: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
        calendars = [keeper.scenario.calendar.dates for keeper in self.keepers]
        dates = list(dict.fromkeys(date for calendar in calendars for date in calendar))
        for keeper, size in zip(keepers, sizes, strict=True):
            own = keeper.scenario.calendar.dates
            steps.append(np.tile(np.arange(len(own), dtype=np.int16), size // len(own)))
            place = np.array([dates.index(date) for date in own], np.int32)
            places.append(np.tile(place, size // len(own)))
        named = pa.DictionaryArray.from_arrays(np.concatenate(places), pa.array(dates))
        return {"step": pa.array(np.concatenate(steps)), "date": named}

    def _described(self, points: NDArray[np.int64], values: Any, first: int) -> dict[str, pa.Array]:
        """Scenario and factors of each row's point."""
        names = pa.array([base.scenario.name for base in self.sweep.bases])
        scenario = (points // self.sweep.design.size).astype(np.int32)
        found = {"scenario": pa.DictionaryArray.from_arrays(scenario, names)}
        distinct, rows = np.unique(points, return_inverse=True)
        shown = [
            self.sweep.shown(point, values[point - first].tolist()) for point in distinct.tolist()
        ]
        for index, (name, options) in enumerate(
            zip(self.sweep.names, self.sweep.options, strict=True)
        ):
            if options is None:
                column = np.array([row[index] for row in shown], np.float64)
                found[name] = pa.array(column[rows])
            else:
                codes = np.array([options.index(str(row[index])) for row in shown], np.int8)
                found[name] = pa.DictionaryArray.from_arrays(codes[rows], pa.array(options))
        return found

    def _failures(self, failed: dict[int, str], values: Any, first: int) -> bytes:
        if not failed:
            return b""
        points = np.array(list(failed), np.int64)
        described = self._described(points, values, first)
        reasons = pa.array(list(failed.values()))
        return _parquet(pa.table({"point": pa.array(points)} | described | {"reason": reasons}))


def _added(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return np.asarray(np.sum(parts, axis=0))


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


# --- what a sweep rests on ------------------------------------------------------------------


@cache
def engine(*more: str) -> dict[str, str]:
    """What makes the numbers: the hash of the source, and the versions of the libraries.

    The imports of this module tell both; ``more`` are libraries that only some sweeps use.
    """
    libraries = sources.versions(__name__) | {name: sources.version(name) for name in more}
    return {
        "alignsim": sources.version("alignsim"),
        "source": kernel.digest(__name__),
        **libraries,
    }


def _engine_of(sweep: Sweep) -> dict[str, str]:
    """The engine, and what samples the design where that is a library of its own."""
    screening = isinstance(sweep.design, designs_screening.Morris)
    return engine(designs_screening.SAMPLER) if screening else engine()


def manifest(sweep: Sweep) -> dict[str, Any]:
    """What a sweep is, in full; two sweeps with the same manifest have the same dataset."""
    stated = sweep.specification.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "format": FORMAT,
        "specification": stated,
        "hashes": {
            "specification": documents.digest(stated),
            "files": sweep.files,
            "scenarios": {base.scenario.name: base.scenario.digest for base in sweep.bases},
            "weights": documents.digest(sweep.bases[0].weights.model_dump(mode="json")),
            "evidence": _evidence(),
        },
        "engine": _engine_of(sweep),
        "factors": sweep.names,
        "points": sweep.points,
        "runs": sweep.runs,
    }


def _evidence() -> str:
    """Hash of the coded claims, the references and the documented history."""
    digest = hashlib.sha256()
    for file in sorted((evidence.data_root() / "seeds").glob("*.yaml")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


# --- running it -----------------------------------------------------------------------------


@dataclass
class Progress:
    """How far a sweep is: runs there were at the start, runs now and in all."""

    before: int
    done: int
    total: int
    failed: int = 0


class Report(NamedTuple):
    """The sweep as it is now, and what this call of :func:`run` made of it."""

    points: int
    runs: int
    failed: int  # points
    made: int  # chunks
    runs_made: int
    damaged: int
    seconds: float


def run(
    sweep: Sweep,
    folder: Path,
    execute: Execute = sweep_workers.serial,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Make the chunks that are not there yet, and write each as soon as it is made.

    Interrupted at any moment, the same call goes on where it stopped. Raises DocumentError where
    the folder is in use or another sweep's, OSError where it cannot be written.
    """
    started = time.perf_counter()
    maker = Maker.of(sweep)
    plan = maker.plan
    with Store(folder, manifest(sweep), plan.chunks) as store:
        done = store.done()
        before = sum(plan.runs(index) for index in done)
        state = Progress(before, before, sweep.runs)
        made = 0
        missing = (index for index in range(plan.chunks) if index not in done)
        chunks = execute(maker, missing)
        with (
            contextlib.closing(chunks)
            if isinstance(chunks, Generator)
            else contextlib.nullcontext()
        ):
            for chunk in chunks:
                store.write(chunk)
                made += 1
                state.done += chunk.runs
                state.failed += chunk.failed
                if progress is not None:
                    progress(state)
        damaged = store.damaged
    return Report(
        sweep.points,
        sweep.runs,
        sweep_store.failed_points(folder),
        made,
        state.done - before,
        damaged,
        time.perf_counter() - started,
    )
