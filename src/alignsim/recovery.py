"""Planted truth: weights are drawn from the prior, histories played, and the weights looked for.

Simulation-based calibration (Cook, Gelman and Rubin 2006; Talts et al. 2018): if sampler and
likelihood are right, the rank of a planted number among draws of its posterior is uniform, over
replications. The log likelihood is ranked as well, since it sees faults that no single number
shows (Modrak et al. 2023). Faults made on purpose say what the test would have caught. What
the ranks tell is in :mod:`alignsim.recovery_tables`.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from alignsim import (
    calibrate,
    coding,
    documents,
    jobs,
    kernel,
    nested,
    priors,
    refresh,
    shapes,
    wholes,
)
from alignsim.decision import GROUPS
from alignsim.documents import Document, DocumentError
from alignsim.jobs import Job
from alignsim.likelihood import Course
from alignsim.nested import Settings, Target
from alignsim.priors import NAMES, PRECISION, Prior, Space
from alignsim.shapes import Frozen
from alignsim.wholes import MAX_SEED

Floats = NDArray[np.float64]

DOUBLED, FORGOTTEN = "precision doubled", "episode forgotten"
Fault = Literal["precision doubled", "episode forgotten"]
"""Precisions doubled where the likelihood is evaluated; the last episode left out, after which
every number still has uniform ranks, and only the log likelihood does not."""
RIGHT = "none"
"""What tables call the likelihood as it is."""

LIKELIHOOD = "log_likelihood"
"""The test quantity that depends on the history as well."""


class Specification(Frozen):
    """A planted-truth test, as in ``experiments/recovery``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["recovery"]
    note: str
    calibration: Annotated[str, Field(min_length=1)]
    """A calibration, by its file beside this one."""
    replications: Annotated[int, Field(ge=2, le=100_000, strict=True)]
    draws: Annotated[int, Field(ge=9, le=9_999, strict=True)]
    sampler: Settings
    refresh: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    """Metropolis steps of each draw after nested sampling."""
    faults: tuple[Fault, ...] = ()
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0


@dataclass(frozen=True)
class Plan:
    """A planted-truth test and the calibration that it tests."""

    specification: Specification
    calibration: calibrate.Specification

    @property
    def digest(self) -> str:
        """Hash of both specifications, as far as they move a result."""
        own = self.specification.model_dump(mode="json", exclude={"name", "note", "calibration"})
        tested = self.calibration.model_dump(
            mode="json", exclude={"name", "note", "sampler", "refresh"}
        )
        return documents.digest([own, tested])

    def replications(self) -> list["Replication"]:
        """All posteriors to sample: of the right likelihood first, then of each fault."""
        specification = self.specification
        (job, *_) = self.calibration.jobs()
        job = job.model_copy(
            update={
                "settings": specification.sampler,
                "draws": specification.draws,
                "refresh": specification.refresh,
            }
        )
        return [
            Replication(job=job, number=number, seed=specification.seed, fault=fault)
            for fault in (None, *specification.faults)
            for number in range(specification.replications)
        ]


def read(file: Path | str) -> Plan:
    """Read a specification and the calibration that it names. Raises DocumentError."""
    return parse(documents.read(file))


def parse(document: Document) -> Plan:
    """Check a specification, and the calibration that it names. Raises DocumentError."""
    specification = shapes.parsed(Specification, document)
    if (specification.draws + 1) % 20:
        message = "should be one less than a multiple of 20, so that ranks halve and bin evenly"
        raise document.error(("draws",), message)
    beside = Path(document.file).parent / specification.calibration
    calibration = calibrate.read(beside)
    if calibration.input_draws is not None:
        raise document.error(("calibration",), "should have the inputs as coded: no input_draws")
    return Plan(specification, calibration)


# --- what is planted and looked for ---------------------------------------------------------


def quantities(space: Space, prior: Prior, normals: Floats) -> dict[str, Floats]:
    """Every number of points (N, P), each (N,): totals, precisions, dynamics, groups, coordinates.

    Coordinates that one of the other numbers rises with have the same ranks and are left out.
    """
    found = np.array([priors.numbers(space, point) for point in normals])
    named = {name: found[:, NAMES.index(name)] for name in space.names}
    terms = [name for name in space.names if not name.startswith(PRECISION)]
    parts = [priors.parts(prior, terms, row)["groups"] for row in found]
    for group, members in GROUPS.items():
        if sum(member in terms for member in members) > 1:
            named[f"groups.{group}"] = np.array([part[group] for part in parts])
    for index, name in enumerate(space.names):
        if np.any(space.root[index, :index]):
            named[f"coordinates.{name}"] = normals[:, index]
    return named


def misjudged(target: Target, fault: Fault | None) -> Target:
    """The target with a likelihood that is wrong on purpose; the prior stays."""
    space, courses = _theory(target)
    if fault == DOUBLED:
        precise = np.array([name.startswith(PRECISION) for name in space.names])
        mean = space.mean + math.log(2.0) * precise
        return target._replace(space=space._replace(mean=mean))
    if fault == FORGOTTEN:
        last = max(index for index, course in enumerate(courses) if course.counted)
        kept = [
            course._replace(counted=course.counted * (i != last))
            for i, course in enumerate(courses)
        ]
        return target._replace(courses=tuple(kept))
    return target


@cache
def _target(job: str) -> Target:
    """The target of a job given as JSON, which can be hashed."""
    return Job.model_validate_json(job).target()


def _theory(target: Target) -> tuple[Space, tuple[Course, ...]]:
    """Space and courses of a target that is no rule: calibrations have no others."""
    assert target.space is not None
    assert target.courses is not None
    return target.space, target.courses


@cache
def source() -> str:
    """Hash of all that plays a history and looks for its weights."""
    return kernel.digest(__name__)


class Replication(Frozen):
    """One planted truth, the history it makes, and the posterior from that history."""

    job: Job
    number: int
    seed: int
    fault: Fault | None = None

    @property
    def name(self) -> str:
        """What progress calls it."""
        return f"{self.number + 1}" if self.fault is None else f"{self.number + 1}, {self.fault}"

    @property
    def digest(self) -> str:
        """Hash of all that it rests on, this file's code among it."""
        own = self.model_dump(mode="json", exclude={"job"})
        return documents.digest([self.job.digest, own, source()])

    def truth(self) -> tuple[Floats, Target]:
        """The planted coordinates (P,), and what is known: histories made under them.

        The same whatever the fault.
        """
        target = _target(self.job.model_dump_json())
        space, courses = _theory(target)
        rng = np.random.default_rng([self.seed, self.number])
        normals = rng.standard_normal(target.size)
        found = priors.numbers(space, normals)
        weights, dynamics = priors.weights_of(found), priors.dynamics_of(found)
        # Each episode has a seed of its own: the draws of two would be the same otherwise.
        made = tuple(
            coding.planted(course, weights, dynamics, int(rng.integers(2**63)))
            for course in courses
        )
        return normals, target._replace(courses=made)

    def made(self, checkpoint: Path) -> str:
        """Ranks of the planted numbers among the draws of their posterior, as text."""
        normals, target = self.truth()
        seed = int(documents.digest([self.seed, self.number, self.fault])[:15], 16)
        judged = misjudged(target, self.fault)
        found = nested.sample(judged, self.job.settings, seed, checkpoint)
        draws = refresh.refreshed(judged, found, self.job.draws, self.job.refresh, seed)
        points = np.vstack([normals, draws])
        values = quantities(_theory(target)[0], self.job.prior, points)
        values[LIKELIHOOD] = np.array([nested.evaluate(target, point) for point in points])
        content = {
            "ranks": {name: int((all_[1:] < all_[0]).sum()) for name, all_ in values.items()},
            "information": found.information,
            "calls": found.calls,
            "effective": found.effective,
        }
        return json.dumps(content)


@wholes.taken(workers=wholes.ONE_UP)
def run(
    plan: Plan,
    folder: Path,
    workers: int = 1,
    told: Callable[[int, str], None] = lambda done, name: None,
) -> pd.DataFrame:
    """Ranks of all replications, or what a folder lacks of them: a row each.

    Columns: ``fault`` (:data:`RIGHT` for the likelihood as it is), ``replication``, then the
    ranks, 0 to the number of draws, of every number. The same plan gives the same table on any
    number of workers. Raises DocumentError for a damaged file, or where a worker dies.
    """
    works = plan.replications()
    files = jobs.make(works, folder / "replications", workers, told)
    rows = [_row(work, file) for work, file in zip(works, files, strict=True)]
    return pd.DataFrame(rows)


def _row(work: Replication, file: Path) -> dict[str, Any]:
    try:
        ranks: dict[str, int] = json.loads(file.read_text(documents.ENCODING))["ranks"]
        return {"fault": work.fault or RIGHT, "replication": work.number, **ranks}
    except (ValueError, KeyError, TypeError):
        raise DocumentError(str(file), None, "", "is damaged; delete it") from None
