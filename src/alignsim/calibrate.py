"""Weights fitted to the documented decisions, by a committed specification.

Penalised maximum likelihood: along the documented course every decision has a logit probability,
which is linear in the weights before the precision (McFadden 1974). Replaying history in the model
gives the terms of every option; the penalty holds the log of every number to a common centre, so
that no weight moves without reason.
"""

import datetime
import math
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from alignsim import documents, history, reading, shapes
from alignsim import weights as weight_sets
from alignsim.decision import ALLY_GROUPS, GROUPS, PRECISIONS, Weights
from alignsim.model import AlignmentModel
from alignsim.scenario import Scenario
from alignsim.shapes import Frozen
from alignsim.weights import GROUP_OF, TERMS, Parameters

Vector = NDArray[np.float64]

LABEL = "alignsim calibrate"


class Penalty(Frozen):
    """Standard deviations of the logs, and the centre of the precisions."""

    precision: Annotated[float, Field(gt=0)]
    group: Annotated[float, Field(gt=0)]
    term: Annotated[float, Field(gt=0)]
    precision_centre: Annotated[float, Field(gt=0)]


class Specification(Frozen):
    """A calibration specification, as in ``experiments/calibration``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    note: str
    fit_on: Annotated[list[str], Field(min_length=1)]
    groups: Annotated[list[str], Field(min_length=1)]
    penalty: Penalty
    dynamics: str


class Observation(NamedTuple):
    """One documented decision with the unweighted terms of every option."""

    kind: int  # index into PRECISIONS
    observed: int
    features: Vector  # (options, len(TERMS))


def read(file: Path | str) -> Specification:
    """Read a specification. Raises DocumentError."""
    document = documents.read(file)
    specification = shapes.parsed(Specification, document)
    for index, group in enumerate(specification.groups):
        if group not in ALLY_GROUPS:
            raise document.error(("groups", index), f"one of {', '.join(ALLY_GROUPS)}")
    return specification


# --- parameters as a vector ---------------------------------------------------------------

_GROUP_NAMES = tuple(GROUPS)
_GROUP_INDEX = np.array([_GROUP_NAMES.index(GROUP_OF[term]) for term in TERMS])
SIZE = len(PRECISIONS) + len(_GROUP_NAMES) + len(TERMS)


def split(vector: Vector) -> tuple[Vector, Vector, Vector]:
    """Precisions, group weights and term weights of a vector of logs."""
    values = np.exp(vector)
    first, second = len(PRECISIONS), len(PRECISIONS) + len(_GROUP_NAMES)
    return values[:first], values[first:second], values[second:]


def kept_terms(groups: list[str]) -> Vector:
    """1 for the terms of groups that stay, 0 for an ally's other terms; inertia stays."""
    stay = {*groups, "inertia", *(name for name in GROUPS if name not in ALLY_GROUPS)}
    return np.array([1.0 if GROUP_OF[term] in stay else 0.0 for term in TERMS])


def total_weights(vector: Vector, kept: Vector) -> Vector:
    """Total weight of each term, in TERMS order."""
    _, groups, own = split(vector)
    return np.asarray(groups[_GROUP_INDEX] * own * kept)


# --- the likelihood -----------------------------------------------------------------------


def observe(scenario: Scenario, base: Parameters) -> list[Observation]:
    """Replay an episode as documented; the model's own records are the design matrix."""
    ones = Weights(*([1.0] * len(Weights._fields)))
    model = AlignmentModel(history.replayed(scenario), base._replace(weights=ones), rng=0)
    model.run_all()
    documented = history.by_step(history.documented(scenario))
    observations = []
    for made in model.decisions:
        record = documented.get((made.state, made.decision, made.toward, made.step))
        if record is not None:
            features = np.array([[t.get(name, 0.0) for name in TERMS] for t in made.terms])
            kind = PRECISIONS.index(precision_of(scenario, made.state, made.decision))
            observations.append(Observation(kind, record.value, features))
    return observations


def precision_of(scenario: Scenario, state: str, decision: str) -> str:
    """Which precision a state's decision has."""
    if state == scenario.leader:
        return f"leader_{decision}"
    return "target_stance" if state == scenario.target else decision


def log_likelihood(
    observations: list[Observation], vector: Vector, kept: Vector
) -> tuple[float, Vector]:
    """Log likelihood of the documented decisions, each given the documented past; its gradient."""
    precisions, _, _ = split(vector)
    totals = total_weights(vector, kept)
    likelihood = 0.0
    by_precision = np.zeros(len(PRECISIONS))
    by_term = np.zeros(len(TERMS))
    for kind, observed, features in observations:
        scaled = precisions[kind] * (features @ totals)
        scaled -= scaled.max()
        chances = np.exp(scaled)
        chances /= chances.sum()
        likelihood += math.log(chances[observed])
        surprise = precisions[kind] * (features[observed] - chances @ features)
        by_precision[kind] += surprise @ totals
        by_term += surprise * totals
    by_group = np.bincount(_GROUP_INDEX, by_term, len(_GROUP_NAMES))
    return likelihood, np.concatenate([by_precision, by_group, by_term])


def objective(
    settings: Penalty, observations: list[Observation], kept: Vector, vector: Vector
) -> tuple[float, Vector]:
    """Penalty less log likelihood, to be minimised, and its gradient."""
    likelihood, gradient = log_likelihood(observations, vector, kept)
    distance = (vector - centre(settings)) / deviations(settings)
    penalty = 0.5 * float(np.square(distance).sum())
    return penalty - likelihood, distance / deviations(settings) - gradient


def centre(settings: Penalty) -> Vector:
    """Centre of every log: weights at one, precisions at theirs."""
    middle = np.zeros(SIZE)
    middle[: len(PRECISIONS)] = math.log(settings.precision_centre)
    return middle


def deviations(settings: Penalty) -> Vector:
    """Standard deviation of every log."""
    return np.concatenate(
        [
            np.full(len(PRECISIONS), settings.precision),
            np.full(len(_GROUP_NAMES), settings.group),
            np.full(len(TERMS), settings.term),
        ]
    )


# --- the fit ------------------------------------------------------------------------------


class Fit(NamedTuple):
    """A fitted vector of logs, its standard errors, and the objective with its parts."""

    vector: Vector
    errors: Vector
    objective: float
    log_likelihood: float
    decisions: int


def fit(specification: Specification) -> Fit:
    """Minimise the objective from the centre. Deterministic.

    Standard errors are those of the penalised curvature at the optimum: they say how far the data
    and the penalty together leave each log free.
    """
    from scipy.optimize import minimize

    base = weight_sets.read(specification.dynamics)
    observations = [
        observation
        for name in specification.fit_on
        for observation in observe(reading.read(name), base)
    ]
    kept = kept_terms(specification.groups)
    settings = specification.penalty

    def loss(vector: Vector) -> tuple[float, Vector]:
        return objective(settings, observations, kept, vector)

    options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(loss, centre(settings), jac=True, method="L-BFGS-B", options=options)
    best = np.asarray(found.x, dtype=np.float64)
    likelihood, _ = log_likelihood(observations, best, kept)
    return Fit(best, _errors(loss, best), float(found.fun), likelihood, len(observations))


def _errors(loss: Any, best: Vector, width: float = 1e-5) -> Vector:
    """Square roots of the diagonal of the inverse curvature, by central differences."""
    curvature = np.empty((SIZE, SIZE))
    for index in range(SIZE):
        shift = np.zeros(SIZE)
        shift[index] = width
        curvature[index] = (loss(best + shift)[1] - loss(best - shift)[1]) / (2.0 * width)
    inverse = np.linalg.inv((curvature + curvature.T) / 2.0)
    return np.sqrt(np.diag(inverse))


# --- the weight file ----------------------------------------------------------------------


def weight_file(specification: Specification, found: Fit, source: str, date: str) -> str:
    """A weight file with the fitted numbers; group weights of an ally have mean one.

    Ranges are two standard errors of the log either way.
    """
    precisions, groups, own = split(found.vector)
    errors = np.split(found.errors, [len(PRECISIONS), len(PRECISIONS) + len(_GROUP_NAMES)])
    kept = kept_terms(specification.groups)
    used = np.array([any(kept[g == _GROUP_INDEX]) for g in range(len(_GROUP_NAMES))])
    ally = np.array([name in ALLY_GROUPS for name in _GROUP_NAMES])
    scale = float(np.mean(groups[ally & used]))
    base = weight_sets.read_set(specification.dynamics)
    lines = [
        f"# Fitted by `{LABEL}` from {source}; change that file, not this one.",
        f"name: {specification.name}",
        "kind: weights",
        "status: calibrated",
        f"note: {specification.note}",
        f"data: {found.decisions} documented decisions of {', '.join(specification.fit_on)}",
        f"method: penalised maximum likelihood; log likelihood {found.log_likelihood:.3f},"
        f" objective {found.objective:.3f}",
        f'date: "{date}"',
        "precision:",
        *_numbers(PRECISIONS, precisions * scale, errors[0]),
        "groups:",
        *_numbers(_GROUP_NAMES, groups / scale * used, errors[1]),
        "terms:",
        *_numbers(TERMS, own, errors[2]),
        "dynamics:",
    ]
    for name, number in base.dynamics.items():
        low, high = number.range
        lines.append(
            f"  {name}: {{value: {number.value}, range: [{low}, {high}], "
            f"source: [{', '.join(number.source)}]}}"
        )
    return "\n".join(lines) + "\n"


def _numbers(names: tuple[str, ...], values: Vector, errors: Vector) -> list[str]:
    lines = []
    for name, value, error in zip(names, values, errors, strict=True):
        low, high = value * math.exp(-2.0 * error), value * math.exp(2.0 * error)
        lines.append(
            f"  {name}: {{value: {value:.5g}, range: [{low:.3g}, {high:.3g}], "
            "source: [calibration]}"
        )
    return lines


def today() -> str:
    """Date of the fit, ``YYYY-MM-DD``."""
    return datetime.date.today().isoformat()


def summary(specification: Specification, found: Fit) -> dict[str, Any]:
    """What a fit found, for ``--json``."""
    return {
        "name": specification.name,
        "fit_on": list(specification.fit_on),
        "decisions": found.decisions,
        "objective": found.objective,
        "log_likelihood": found.log_likelihood,
    }
