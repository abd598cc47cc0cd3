"""A posterior as an InferenceData: draws, prior, log likelihoods and predictions with named axes.

The groups are those of ArviZ (Kumar et al. 2019), so that its diagnostics and plots work on a
calibration. Every documented decision that counts is one place on the axis ``record``, with its
episode, state, kind, toward and date beside it.
"""

import importlib.metadata
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import (
    calibrate,
    coding,
    documents,
    ensemble,
    extras,
    history,
    jobs,
    likelihood,
    weights,
    wholes,
)
from alignsim.calibrate import Posterior
from alignsim.decision import LEVELS
from alignsim.history import Documented, Key
from alignsim.kernel import Ranges
from alignsim.likelihood import TABLES, Course
from alignsim.scenario import Scenario
from alignsim.variants import Base
from alignsim.weights import GROUP_OF, TERMS, Parameters

Floats = NDArray[np.float64]

AXES = {
    "groups": ("group_weight", "group"),
    "terms": ("term_weight", "term"),
    "precision": ("precision", "kind"),
    "dynamics": ("dynamics", "process"),
}
"""Variable and axis of each part of a weight set."""
TOTAL = "total_weight"
RECORD, OPTION = "record", "option"
LIBRARIES = ("alignsim", "arviz", "dynesty", "numba", "numpy")


@wholes.taken(predictions_seed=wholes.SEED)
def inference_data(posterior: Posterior, predictions_seed: int = 0) -> Any:
    """The posterior as an ``arviz.InferenceData``; one chain, for draws are independent of order.

    Groups: ``posterior`` and ``prior`` (weights by group and term, ``total_weight`` their product,
    precisions by kind of decision, dynamics); ``log_likelihood`` (of each record, in each draw);
    ``observed_data`` (option, lowest and highest as coded); ``posterior_predictive`` (the option a
    free run of each draw takes, and ``chance`` of each option given the documented past, averaged
    over draws); ``sample_stats`` (``lp``, the log likelihood of each draw). Attributes name the
    evidence, its error, seed and versions. Raises DocumentError where ArviZ is missing.
    """
    arviz = _arviz()
    parameters = calibrate.parameters(posterior.specification.name, posterior.table)
    counted = records(posterior)
    logs = pointwise(posterior, parameters)
    groups = {
        "posterior": _numbers(posterior.table),
        "prior": _numbers(calibrate.prior_draws(posterior.specification)),
        "log_likelihood": _dataset({"decision": (_draw_axes(RECORD), logs[None])}, counted),
        "observed_data": _observed(counted),
        "posterior_predictive": _predicted(posterior, parameters, counted, predictions_seed),
        "sample_stats": _dataset({"lp": (_draw_axes(), logs.sum(axis=1)[None])}),
    }
    # Nothing of the machine or the hour: the same posterior gives the same content.
    return arviz.InferenceData(**groups, attrs=_attributes(posterior))


def _arviz() -> Any:
    with warnings.catch_warnings():
        # It announces a later version, which pyproject.toml leaves out.
        warnings.simplefilter("ignore", FutureWarning)
        return extras.imported("arviz")


def _attributes(posterior: Posterior) -> dict[str, Any]:
    specification = posterior.specification
    versions = {f"version_{name}": importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "specification": specification.name,
        "specification_digest": documents.digest(specification.model_dump(mode="json")),
        "fit_on": ", ".join(specification.fit_on),
        "seed": str(specification.seed),
        "log_evidence": posterior.evidence,
        "log_evidence_error": posterior.error,
        "likelihood_evaluations": sum(result.calls for result in posterior.results),
        "effective_sample_size": min(result.effective for result in posterior.results),
        **versions,
    }


def _draw_axes(*more: str) -> tuple[str, ...]:
    return ("chain", "draw", *more)


def _dataset(variables: dict[str, Any], counted: Sequence["Record"] = ()) -> Any:
    """A dataset with numbered chains and draws, and what is known of each record."""
    xarray = extras.imported("xarray")
    made = xarray.Dataset(variables)
    known: dict[str, Any] = {
        axis: np.arange(made.sizes[axis])
        for axis in ("chain", "draw", OPTION)
        if axis in made.sizes
    }
    if RECORD in made.sizes:
        known[RECORD] = [record.name for record in counted]
        for field in ("episode", "state", "kind", "toward", "date"):
            known[field] = (RECORD, [getattr(record, field) for record in counted])
    return made.assign_coords(known)


# --- numbers --------------------------------------------------------------------------------


def _numbers(table: pd.DataFrame) -> Any:
    """Draws of weight sets, a row each, as variables with named axes."""
    variables, known = {}, {}
    for part, (variable, axis) in AXES.items():
        names = weights.PARTS[part]
        values = table[[f"{part}.{name}" for name in names]].to_numpy()
        variables[variable] = (_draw_axes(axis), values[None])
        known[axis] = list(names)
    groups = table[[f"groups.{GROUP_OF[term]}" for term in TERMS]].to_numpy()
    own = table[[f"terms.{term}" for term in TERMS]].to_numpy()
    variables[TOTAL] = (_draw_axes("term"), (groups * own)[None])
    of_group = ("term", [GROUP_OF[term] for term in TERMS])
    return _dataset(variables).assign_coords(**known, group_of_term=of_group)


# --- records --------------------------------------------------------------------------------


class Record:
    """A documented decision that counts, and where it stands in a course."""

    def __init__(self, scenario: Scenario, key: Key, documented: Documented) -> None:
        """Take the name of the episode and what is documented."""
        self.scenario, self.key, self.step = scenario, key, documented.step
        self.episode, self.date = scenario.name, documented.date
        self.state, self.decision, toward = key
        self.toward = toward or ""
        self.kind, self.place = likelihood.place(scenario, key)
        self.value, self.low, self.high = documented.value, documented.low, documented.high

    @property
    def name(self) -> str:
        """Unique within a calibration."""
        return " ".join(filter(None, (self.episode, self.date, self.state, self.kind, self.toward)))


def records(posterior: Posterior) -> list[Record]:
    """Every documented decision that counts, in the order of :func:`pointwise`."""
    job = posterior.results[0].job
    found = []
    for base in _coded(job).bases():
        scenario = base.scenario
        known = history.by_step(history.documented(scenario))
        for key, step in likelihood.names(scenario, job.judged.counts(scenario)):
            if (*key, step) in known:
                found.append(Record(scenario, key, known[(*key, step)]))
    return found


def _coded(job: jobs.Job) -> jobs.Job:
    """The job with the inputs as coded."""
    return job.model_copy(update={"inputs": None})


def pointwise(posterior: Posterior, parameters: Sequence[Parameters]) -> Floats:
    """Log probability of each record in each draw, (draws, records).

    Of a calibration over drawings of the inputs, each draw is judged with the inputs it is from.
    """
    of = _drawing(posterior)
    courses = {number: _courses(posterior.results[number].job) for number in sorted(set(of))}
    return np.stack(
        [
            np.concatenate(likelihood.pointwise(own, courses[number]))
            for own, number in zip(parameters, of, strict=True)
        ]
    )


def _courses(job: jobs.Job) -> tuple[Course, ...]:
    courses = job.target().courses
    assert courses is not None
    return courses


def _drawing(posterior: Posterior) -> list[int]:
    """The sample that each row of the table is from."""
    if len(posterior.results) == 1:
        return [0] * len(posterior.table)
    known = {
        row: number
        for number, result in enumerate(posterior.results)
        for row in calibrate.draws(result).itertuples(index=False, name=None)
    }
    return [known[row] for row in posterior.table.itertuples(index=False, name=None)]


def _observed(counted: Sequence[Record]) -> Any:
    names = {"decision": "value", "decision_low": "low", "decision_high": "high"}
    return _dataset(
        {
            name: ((RECORD,), np.array([getattr(one, field) for one in counted], dtype=np.int64))
            for name, field in names.items()
        },
        counted,
    )


# --- predictions ----------------------------------------------------------------------------


def _predicted(
    posterior: Posterior, parameters: Sequence[Parameters], counted: Sequence[Record], seed: int
) -> Any:
    job = _coded(posterior.results[0].job)
    runs = {base.scenario.name: _free(base, parameters, seed) for base in job.bases()}
    taken = [runs[one.episode].chosen(one.key)[:, one.step] for one in counted]
    chances = one_step(_courses(job), parameters)
    return _dataset(
        {
            "decision": (_draw_axes(RECORD), np.stack(taken, axis=-1)[None]),
            "chance": ((RECORD, OPTION), chances),
        },
        counted,
    )


def _free(base: Base, parameters: Sequence[Parameters], seed: int) -> ensemble.Ensemble:
    drawn = tuple(parameters)
    return ensemble.of_draws(base.scenario, drawn[0], drawn, len(drawn), seed)


def one_step(courses: Sequence[Course], parameters: Sequence[Parameters]) -> Floats:
    """Probability of each option of each record given the documented past, averaged over draws.

    Shape (records, 6); not a number where a decision has no such option. The engine gives the
    probability of an option as if that were what is documented.
    """
    parts = []
    for course in courses:
        if not course.counted:
            continue
        whole = np.full((course.counted, LEVELS), np.nan)
        sizes = np.concatenate([_open(course, table) for table in TABLES])
        for option in range(LEVELS):
            has = sizes > option
            asked = course._replace(ranges=_asking(course, option))
            found = [np.exp(likelihood.pointwise(own, [asked])[0]) for own in parameters]
            whole[has, option] = np.mean(found, axis=0)[has]
        parts.append(whole)
    return np.concatenate(parts)


def _open(course: Course, table: str) -> NDArray[np.int64]:
    """Number of options of each decision of a table that counts, in order."""
    return coding.sizes(course, table)[coding.bounds(course, table)[0] >= 0]


def _asking(course: Course, option: int) -> Ranges:
    """Ranges that hold one option of every decision that counts and has it; its last otherwise."""
    made = {}
    for table in TABLES:
        ranges = getattr(course.ranges, table).copy()
        counts = ranges[..., 0] >= 0
        ranges[counts] = np.minimum(option, _open(course, table) - 1)[:, None]
        made[table] = ranges
    return Ranges(**made)


# --- files ----------------------------------------------------------------------------------


def write(idata: Any, file: Path) -> None:
    """Write an InferenceData as netCDF, whole or not at all. Raises DocumentError, OSError."""
    h5netcdf, backends = extras.imported("h5netcdf"), extras.imported("xarray.backends")
    made = io.BytesIO()
    with h5netcdf.File(made, "w") as root:
        root.attrs.update(idata.attrs)
        for name in idata.groups():
            group = idata[name]
            numbers = [
                key for key, values in group.variables.items() if values.dtype.kind in "biuf"
            ]
            store = backends.H5NetCDFStore(root.create_group(name))
            group.dump_to_store(store, encoding={key: {"zlib": True} for key in numbers})
    documents.write_whole(file, made.getvalue())


def read(file: Path) -> Any:
    """Read one back. Raises DocumentError for a file that is none."""
    arviz = _arviz()
    try:
        return arviz.from_netcdf(str(file), engine="h5netcdf")
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise documents.DocumentError(str(file), None, "", f"cannot be read: {reason}") from None
