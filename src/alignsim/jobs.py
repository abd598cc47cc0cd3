"""Nested samples as jobs: made once, on any number of workers, kept in a folder, found again.

A job is all that its sample depends on. Its file is named by the hash of that, so that a changed
input, formula or setting makes a new sample, and an interrupted study goes on where it stopped.
"""

import contextlib
import json
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import filelock
import numpy as np
from numpy.typing import NDArray

from alignsim import (
    documents,
    drawn_inputs,
    files,
    history,
    hypotheses,
    kernel,
    nested,
    reading,
    refresh,
    sources,
    sweep_workers,
    timeline,
    weights,
    wholes,
)
from alignsim.hypotheses import Hypothesis, Judged
from alignsim.nested import Sample, Settings
from alignsim.priors import Prior, Space
from alignsim.shapes import Frozen
from alignsim.variants import Base
from alignsim.weights import WeightSet

Floats = NDArray[np.float64]
Told = Callable[[int, str], None]
"""Told how many jobs are done, and the name of the last."""

SPARE = 2
"""Drawings of the inputs made for each that is needed: the model refuses some."""

_PART = "*.checkpoint.tmp"
"""Pattern of the sampler's checkpoints while it writes them."""

TRACED = 300
"""Points of a sample's course that are kept beside its draws."""


class Work(Protocol):
    """What is made once and kept: named by the hash of all that it rests on."""

    @property
    def name(self) -> str:
        """What progress calls it."""

    @property
    def digest(self) -> str:
        """Hash of the work and of all that it rests on."""

    def made(self, checkpoint: Path) -> str:
        """The result as text; a file for what a second start may go on from."""


class Job(Frozen):
    """One nested sample: of which hypothesis, under which prior, judged by what, how thoroughly."""

    name: str
    hypothesis: Hypothesis
    always: tuple[str, ...]
    prior: Prior
    dynamics: str
    episodes: tuple[str, ...]
    judged: Judged
    settings: Settings
    seed: int
    draws: int = 0
    refresh: int = 0
    """Metropolis steps of each draw after the nested sample."""
    inputs: tuple[int, int] | None = None
    """Number of a drawing of the inputs from their evidence ranges, and of how many; None for the
    values coded."""

    @property
    def digest(self) -> str:
        """Hash of the job and of all that it rests on."""
        rests_on = foundations(self.episodes, self.dynamics, __name__)
        return documents.digest([self.content, rests_on])

    @property
    def content(self) -> dict[str, Any]:
        """The job as plain data, whatever it is called."""
        return self.model_dump(mode="json", exclude={"name"})

    def bases(self) -> tuple[Base, ...]:
        """The scenarios, with inputs as coded or as drawn."""
        coded = _coded(self.episodes, self.dynamics)
        if self.inputs is None:
            return coded
        number, count = self.inputs
        return tuple(self._drawn(base, number, count) for base in coded)

    def _drawn(self, base: Base, number: int, count: int) -> Base:
        """Each episode is drawn by itself: a coder may err in one and not in another."""
        seed = int(documents.digest([self.seed, base.scenario.name])[:15], 16)
        drawn = list(drawn_inputs.worlds(base, SPARE * count, seed))
        if len(drawn) < count:
            message = f"takes {len(drawn)} of {SPARE * count} drawings; {count} are needed"
            raise documents.DocumentError(base.scenario.name, None, "", message)
        return drawn[number]

    @property
    def terms(self) -> frozenset[str]:
        """Terms that have a weight."""
        return self.hypothesis.known(self.always)

    def space(self) -> Space:
        """The free numbers."""
        known = _dynamics(self.dynamics)
        return hypotheses.space(self.hypothesis, self.always, self.prior, known, self.judged)

    def target(self) -> nested.Target:
        """What is sampled."""
        dynamics = _dynamics(self.dynamics)
        return hypotheses.target(
            self.hypothesis, self.always, self.prior, dynamics, self.bases(), self.judged
        )

    def made(self, checkpoint: Path) -> str:
        """The sample as the text of its file."""
        target, seed = self.target(), _seed(self)
        found = nested.sample(target, self.settings, seed, checkpoint)
        drawn = np.empty((0, 0))
        if self.draws:
            drawn = refresh.refreshed(target, found, self.draws, self.refresh, seed)
        return _as_text(self, found, drawn)


@cache
def _dynamics(name: str) -> WeightSet:
    return weights.read_set(name)


@cache
def _coded(episodes: tuple[str, ...], dynamics: str) -> tuple[Base, ...]:
    return tuple(Base.of(reading.read(name), _dynamics(dynamics)) for name in episodes)


@cache
def foundations(episodes: tuple[str, ...], dynamics: str, module: str) -> str:
    """Hash of scenarios, history, dynamics, and all that computes a sample.

    ``module`` is where the job is written: its source counts, that of all it imports, and the
    versions of the libraries.
    """
    scenarios = [reading.read(name) for name in episodes]
    lines = [timeline.build(history.replayed(one)) for one in scenarios]
    return documents.digest(
        {
            "scenarios": [scenario.digest for scenario in scenarios],
            "history": [list(map(str, history.documented(one))) for one in scenarios],
            "arrays": [[np.asarray(part).tolist() for part in line] for line in lines],
            "dynamics": _dynamics(dynamics).model_dump(mode="json"),
            "engine": kernel.digest(module),
            "libraries": sources.versions(module),
        }
    )


class Trace(NamedTuple):
    """The course of a sample, thinned to stretches of equally many points, from wide to narrow."""

    volumes: Floats  # (T,): log prior volume at the end of the stretch
    logs: Floats  # (T,): log likelihood there
    weights: Floats  # (T,): posterior weight of the stretch, summing to one
    normals: Floats  # (T, P): coordinates there


@dataclass(frozen=True)
class Result:
    """What is kept of a sample: evidence with its standard error, and equally weighted draws."""

    job: Job
    evidence: float
    error: float
    information: float
    calls: int
    effective: float
    normals: Floats  # (draws, P): coordinates
    trace: Trace | None = None  # none where no draws were asked for


@dataclass(frozen=True)
class Maker:
    """Makes or finds the result of a work by its number; can be sent to another process."""

    works: tuple[Work, ...]
    files: tuple[Path, ...]

    def __call__(self, index: int) -> int:
        """Make the result unless it is there; the number of the work.

        Raises DocumentError where this process runs another version than the one that asks.
        """
        work, file = self.works[index], self.files[index]
        if work.digest != file.stem:
            message = "the program or a file changed while it ran; run the same command again"
            raise documents.DocumentError(work.name, None, "", message)
        if not file.exists():
            checkpoint = file.with_suffix(".checkpoint")
            file.parent.mkdir(parents=True, exist_ok=True)
            with files.named(checkpoint):  # which the sampler writes
                text = work.made(checkpoint)
            documents.write_whole(file, text)
            checkpoint.unlink(missing_ok=True)
        return index


@wholes.taken(workers=wholes.ONE_UP)
def run(
    jobs: Sequence[Job],
    folder: Path,
    workers: int = 1,
    told: Told = lambda done, name: None,
) -> list[Result]:
    """Results of all jobs, in their order; those in the folder are not made again.

    The same jobs give the same results on any number of workers. Raises DocumentError for a
    damaged file, or where a worker dies.
    """
    kept = make(jobs, folder, workers, told)
    return [_read(job, file) for job, file in zip(jobs, kept, strict=True)]


@wholes.taken(workers=wholes.ONE_UP)
def make(
    works: Sequence[Work],
    folder: Path,
    workers: int = 1,
    told: Told = lambda done, name: None,
) -> list[Path]:
    """Files of all works, in their order; those in the folder are not made again.

    Raises DocumentError where a worker dies, or another process works in the folder.
    """
    kept = [folder / f"{work.digest}.json" for work in works]
    maker = Maker(tuple(works), tuple(kept))
    missing = [index for index, file in enumerate(kept) if not file.exists()]
    done = len(works) - len(missing)
    told(done, "")
    if missing:
        with _held(folder), contextlib.closing(_made(maker, missing, workers)) as made:
            for index in made:
                done += 1
                told(done, works[index].name)
    return kept


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One process a folder: two would spoil each other's checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise documents.DocumentError(str(folder), None, "", "in use by another process") from None
    try:
        for pattern in (files.PART, _PART):  # of a process that was killed
            for left in folder.glob(pattern):
                left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _made(maker: Maker, missing: list[int], workers: int) -> Generator[int, None, None]:
    if workers == 1 or len(missing) < 2:
        return sweep_workers.serial(maker, missing)
    return sweep_workers.processes(maker, missing, min(workers, len(missing)), "samples")


def _seed(job: Job) -> int:
    """A seed of the job's own, whatever stands beside it; the study's seed enters the hash.

    What the job rests on does not: an input or a comment that changes must not change the luck.
    """
    return int(documents.digest(job.content)[:15], 16)


def _as_text(job: Job, found: Sample, drawn: Floats) -> str:
    content = {
        "name": job.name,
        "evidence": found.evidence,
        "error": found.error,
        "information": found.information,
        "calls": found.calls,
        "effective": found.effective,
        "normals": drawn.tolist(),
    }
    if job.draws:
        trace = traced(found, job.settings.alive(found.normals.shape[1]))
        content["trace"] = {key: part.tolist() for key, part in trace._asdict().items()}
    return json.dumps(content)


def traced(found: Sample, live: int, points: int = TRACED) -> Trace:
    """The course of a sample of ``live`` points in ``points`` stretches, to six digits."""
    count = len(found.logs)
    ends = np.unique(np.linspace(0, count, min(points, count) + 1).astype(int))
    at = ends[1:] - 1
    parts = (
        _volumes(count, live)[at],
        found.logs[at],
        np.add.reduceat(found.weights, ends[:-1]),
        found.normals[at],
    )
    return Trace(*(np.array([f"{x:.6g}" for x in p.flat], float).reshape(p.shape) for p in parts))


def _volumes(count: int, live: int) -> Floats:
    """Log prior volume left at each of ``count`` points, of which the last ``live`` are alive.

    Expected ones: each point given up leaves a share live / (live + 1), and the points alive at
    the end divide what is left evenly (Skilling 2006; Speagle 2020).
    """
    given_up = -math.log1p(1.0 / live) * np.arange(1, count - live + 1)
    left = given_up[-1] if len(given_up) else 0.0
    return np.concatenate([given_up, left + np.log1p(-np.arange(1, live + 1) / (live + 1))])


def _read(job: Job, file: Path) -> Result:
    try:
        kept: dict[str, Any] = json.loads(file.read_text(documents.ENCODING))
        numbers = [kept[key] for key in ("evidence", "error", "information", "calls", "effective")]
        normals = np.array(kept["normals"], dtype=np.float64, ndmin=2)
        trace = kept.get("trace")
        if trace is not None:
            trace = Trace(*(np.array(trace[key], dtype=np.float64) for key in Trace._fields))
    except (ValueError, KeyError, TypeError):
        raise documents.DocumentError(str(file), None, "", "is damaged; delete it") from None
    return Result(job, *[*numbers, normals, trace])
