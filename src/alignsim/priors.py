"""What is thought of the numbers of a weight set before any decision is seen.

Every weight is a group weight times a term weight, each log-normal about one; a precision is
log-normal about a centre of its own; memory and free riding are uniform over their stated ranges.
Samplers work on independent standard normals, one a free number; :func:`numbers` turns them into
weights. The total weight of a term is what decisions depend on, so that the group weight is
integrated out: totals of one group are correlated log-normals, exactly as the product implies.
"""

import math
from collections.abc import Collection, Mapping
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from alignsim import weights as weight_sets
from alignsim.decision import ALLY_GROUPS, GROUPS, PRECISIONS, Weights, total
from alignsim.shapes import Frozen
from alignsim.situation import Dynamics
from alignsim.weights import GROUP_OF, TERMS, WeightSet

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NAMES = (*Weights._fields, *Dynamics._fields)
"""Every number that both engines take, in order: total weights, precisions, dynamics."""

FREE_DYNAMICS = ("persistence", "attention", "abstention_premium")
"""Dynamics that decisions can tell of; the feedbacks are too slow for three short episodes."""

PRECISION = "precision_"


class Prior(Frozen):
    """Standard deviations of the logs, and the centre of the precisions.

    Weights have centre one: inputs lie in [0, 1], so that a term of weight one can move utility
    by about one.
    """

    precision_centre: Annotated[float, Field(gt=0, le=1000)]
    precision: Annotated[float, Field(gt=0, le=5)]
    group: Annotated[float, Field(gt=0, le=5)]
    term: Annotated[float, Field(gt=0, le=5)]

    def scaled(self, factor: float) -> "Prior":
        """The prior with all standard deviations multiplied by a factor above 0."""
        return self.model_copy(
            update={name: factor * getattr(self, name) for name in ("precision", "group", "term")}
        )


class Space(NamedTuple):
    """How standard normals (P,) become the numbers of :data:`NAMES`, as arrays for the compiler."""

    base: Floats  # (len(NAMES),): what is not free; 0 for terms left out
    place: Integers  # (P,): which number each coordinate sets
    mean: Floats  # (P,): of the log
    root: Floats  # (P, P): lower triangular, root of the covariance of the logs
    low: Floats  # (P,): of a uniform number; its high end is at most low for a log-normal one
    high: Floats  # (P,)

    @property
    def names(self) -> list[str]:
        """Names of the free numbers, in order."""
        return [NAMES[place] for place in self.place]


def space(
    prior: Prior, dynamics: WeightSet, terms: Collection[str], kinds: Collection[str]
) -> Space:
    """The free numbers of a theory that knows some terms, judged by some kinds of decisions.

    ``terms`` are kept, the others have weight 0; ``kinds`` are the precisions that are free, the
    others stay at their centre. Values and ranges of the dynamics are those of a weight set; one
    whose range has no width is not free.
    """
    free = [name for name in TERMS if name in terms]
    base = np.zeros(len(NAMES))
    for kind in PRECISIONS:
        base[NAMES.index(f"{PRECISION}{kind}")] = prior.precision_centre
    for name, number in dynamics.dynamics.items():
        base[NAMES.index(name)] = number.value
    precisions = [f"{PRECISION}{kind}" for kind in PRECISIONS if kind in kinds]
    ranges = {name: dynamics.dynamics[name].range for name in FREE_DYNAMICS}
    named = [*free, *precisions, *(n for n, (low, high) in ranges.items() if low < high)]
    size, first = len(named), len(free) + len(precisions)
    covariance = np.eye(size)
    mean, low, high = np.zeros(size), np.zeros(size), np.zeros(size)
    for i, name in enumerate(free):
        for j, other in enumerate(free):
            shared = prior.group**2 if GROUP_OF[name] == GROUP_OF[other] else 0.0
            covariance[i, j] = shared + (prior.term**2 if i == j else 0.0)
    for i in range(len(free), first):
        covariance[i, i] = prior.precision**2
        mean[i] = math.log(prior.precision_centre)
    for i in range(first, size):
        low[i], high[i] = ranges[named[i]]
    place = np.array([NAMES.index(name) for name in named])
    root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    return Space(base, place, mean, root, low, high)


# --- from coordinates to numbers, compiled or not -------------------------------------------


def numbers(space: Space, normals: Floats) -> Floats:
    """All numbers, (len(NAMES),), at standard normals (P,)."""
    found = space.base.copy()
    for i in range(len(normals)):
        if space.high[i] > space.low[i]:
            share = 0.5 * (1.0 + math.erf(normals[i] / math.sqrt(2.0)))
            found[space.place[i]] = space.low[i] + share * (space.high[i] - space.low[i])
        else:
            log = space.mean[i]
            for j in range(i + 1):
                log += space.root[i, j] * normals[j]
            found[space.place[i]] = math.exp(log)
    return found


def weights_of(n: Floats) -> Weights:
    """Weights from all numbers; written out, since the compiler takes no list of arguments."""
    return Weights(
        n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13],
        n[14], n[15], n[16], n[17], n[18], n[19], n[20], n[21], n[22], n[23], n[24], n[25], n[26],
    )  # fmt: skip


def dynamics_of(n: Floats) -> Dynamics:
    """Dynamics from all numbers."""
    return Dynamics(n[27], n[28], n[29], n[30], n[31], n[32])


COMPILED = (numbers, weights_of, dynamics_of)
"""What compiled code may call."""


# --- from numbers to weight files -----------------------------------------------------------


def parts(prior: Prior, terms: Collection[str], found: Floats) -> dict[str, dict[str, float]]:
    """The parts of a weight set from all numbers.

    Totals are split into the expected group weight given them, and what is left for the terms;
    group weights of an ally are scaled to mean one, and the precisions take up the scale. A term
    that is not kept has weight 0: by its group where none of the group is kept, else by its own.
    """
    by_name = dict(zip(NAMES, found.tolist(), strict=True))
    groups = {}
    for group, members in GROUPS.items():
        kept = [name for name in members if name in terms]
        groups[group] = math.exp(_group_log(prior, [by_name[name] for name in kept])) if kept else 0
    ally = [groups[group] for group in ALLY_GROUPS if groups[group]]
    scale = sum(ally) / len(ally) if ally else 1.0
    return {
        "precision": {kind: by_name[f"{PRECISION}{kind}"] * scale for kind in PRECISIONS},
        "groups": {group: weight / scale for group, weight in groups.items()},
        "terms": {
            name: by_name[name] / groups[GROUP_OF[name]]
            if name in terms
            else float(groups[GROUP_OF[name]] == 0)
            for name in TERMS
        },
        "dynamics": {name: by_name[name] for name in Dynamics._fields},
    }


def _group_log(prior: Prior, totals: list[float]) -> float:
    """Expected log of a group weight given the totals of its terms: a normal conditional."""
    share = prior.group**2 / (prior.term**2 + len(totals) * prior.group**2)
    return share * total(tuple(math.log(one) for one in totals))


def of_parts(parts: Mapping[str, Mapping[str, float]]) -> Floats:
    """All numbers of the parts of a weight set: the reverse of :func:`parts`, up to the scale."""
    made = weight_sets.from_numbers("", {part: dict(own) for part, own in parts.items()})
    return np.array([*made.weights, *made.dynamics])
