"""Draws of a nested sample, moved on until they no longer show what walks they come from.

Points of a nested sample descend from few live points where walks are short beside the number of
dimensions; intervals are then too narrow. Each draw takes Metropolis steps that leave the posterior
as it is, so that any number of them is right, and enough of them forget the descent. Steps shaped
by the sample take turns with steps shaped by the prior (Cotter et al. 2013), for the shape of few
lineages is flat where these happen to agree.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim import kernel, nested, wholes
from alignsim.nested import Sample, Target

Floats = NDArray[np.float64]

BETAS = (0.05, 0.1, 0.2)
"""Sizes of steps shaped by the prior, as shares of its standard deviation."""
SHAPED = 0.8
"""Of the best size for Gaussians, 2.38 / sqrt(P): posteriors here bend."""
ROUNDS = 2
"""After each, the shape is taken anew from where the draws are."""


@wholes.taken(count=wholes.ONE_UP, steps=wholes.ZERO_UP, seed=wholes.SEED)
def refreshed(target: Target, found: Sample, count: int, steps: int, seed: int) -> Floats:
    """Equally weighted draws of the posterior (count, P), each moved by ``steps``; repeatable."""
    points = found.draws(count, seed)
    _, *parts = target
    rng = np.random.default_rng([seed, count, steps])
    spread = np.atleast_2d(np.cov(found.normals.T, aweights=found.weights))
    each = -(-steps // ROUNDS) if steps else 0
    for _ in range(ROUNDS if steps else 0):
        axes = np.linalg.cholesky(spread + 1e-9 * np.eye(target.size))
        _compiled()(
            *parts,
            points,
            SHAPED * 2.38 / math.sqrt(target.size) * axes,
            # A size of 0 stands for a shaped step.
            rng.choice([*(0.0 for _ in BETAS), *BETAS], (count, each)),
            rng.standard_normal((count, each, target.size)),
            rng.random((count, each)),
        )
        spread = 0.5 * (spread + np.atleast_2d(np.cov(points.T)))
    return points


def move(
    space: Any,
    courses: Any,
    rule: Any,
    world: Any,
    points: Any,
    axes: Any,
    betas: Any,
    steps: Any,
    uniforms: Any,
) -> Any:
    """Move points (N, P) in place by Metropolis steps of the posterior; how many were taken.

    ``steps`` (N, S, P) are standard normals, ``uniforms`` (N, S) decide; ``betas`` (N, S) are the
    sizes of steps shaped by the prior, 0 where ``axes`` (P, P) shape one.
    """
    taken = 0
    for index in range(len(points)):
        point = points[index].copy()
        reached = nested.log_likelihood(space, courses, rule, world, point)
        for step in range(betas.shape[1]):
            beta = betas[index, step]
            ratio = 0.0
            if beta > 0.0:
                proposed = math.sqrt(1.0 - beta * beta) * point + beta * steps[index, step]
            else:
                proposed = point + axes @ steps[index, step]
                ratio = 0.5 * (np.dot(point, point) - np.dot(proposed, proposed))
            needed = math.log(1.0 - uniforms[index, step]) - ratio
            found = nested.log_likelihood(space, courses, rule, world, proposed)
            if needed < found - reached:
                point, reached = proposed, found
                taken += 1
        points[index] = point
    return taken


@cache
def _compiled() -> Any:
    return kernel.compiled(move, nested.CALLEES)
