"""Nested sampling of a posterior and its marginal likelihood, by dynesty with a compiled walk.

Skilling (2006); Speagle (2020). dynesty keeps the live points, the volumes and the evidence. What
is added here is the walk that replaces the worst point: Metropolis steps on the scale on which the
prior is standard normal, shaped by the spread of the live points, all in compiled code, since one
likelihood costs less than a call from Python.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from alignsim import chain, kernel, likelihood, priors, rules, wholes
from alignsim.chain import World
from alignsim.likelihood import Course
from alignsim.priors import Space
from alignsim.rules import Rule
from alignsim.shapes import Frozen

Floats = NDArray[np.float64]
Progress = Callable[[int, float], None]
"""Told the iterations made, and how far the evidence may still rise (in logs)."""

ACCEPTED = 0.4
"""Share of steps to accept, between a half and what is best for Gaussians of many dimensions
(Roberts, Gelman and Gilks 1997)."""
CHECKPOINT_SECONDS = 20


class Settings(Frozen):
    """How thoroughly to sample."""

    live_points: Annotated[int, Field(ge=20, le=100_000, strict=True)]
    steps: Annotated[int, Field(ge=5, le=10_000, strict=True)]
    remaining: Annotated[float, Field(gt=0, le=10)] = 0.1
    """Stop where the live points could raise the log evidence by no more than this."""

    def alive(self, size: int) -> int:
        """Live points for a number of coordinates.

        With fewer than twice as many, their spread says nothing of some direction.
        """
        return max(self.live_points, 2 * size + 1)


class Target(NamedTuple):
    """What is sampled: the theory along documented courses and worlds, or a rule over records."""

    size: int
    space: Space | None = None
    courses: tuple[Course, ...] | None = None
    rule: Rule | None = None
    world: World | None = None


@dataclass(frozen=True)
class Sample:
    """A nested sample: points of falling prior volume, their weights, and the evidence.

    ``normals`` are coordinates (N, P), ``logs`` their log likelihoods (N,), ``weights`` the
    posterior weights (N,), summing to one. ``error`` is the standard error of ``evidence``, the
    log marginal likelihood; ``information`` the Kullback-Leibler divergence from prior to
    posterior, in nats.
    """

    normals: Floats
    logs: Floats
    weights: Floats
    evidence: float
    error: float
    information: float
    calls: int

    @property
    def effective(self) -> float:
        """Effective sample size (Kish 1965)."""
        return float(1.0 / np.square(self.weights).sum())

    @wholes.taken(count=wholes.ZERO_UP, seed=wholes.SEED)
    def draws(self, count: int, seed: int) -> Floats:
        """Equally weighted draws of the posterior, (count, P): systematic resampling."""
        rng = np.random.default_rng([seed, count])
        places = (rng.random() + np.arange(count)) / count
        index = np.searchsorted(np.cumsum(self.weights), places).clip(max=len(self.weights) - 1)
        return np.asarray(self.normals[rng.permutation(index)], dtype=np.float64)


# --- compiled -------------------------------------------------------------------------------


def log_likelihood(space: Any, courses: Any, rule: Any, world: Any, normals: Any) -> Any:
    """Log likelihood at a point (P,) of the theory or of a rule, whichever is given."""
    # Two conditions: the compiler leaves a branch out only where what it asks of is None.
    total = 0.0
    if rule is not None:
        total = rules.log_likelihood(rule, normals)
    if space is not None:
        found = priors.numbers(space, normals)
        weights, dynamics = priors.weights_of(found), priors.dynamics_of(found)
        total = likelihood.log_likelihood(weights, dynamics, courses)
        if world is not None:
            total += chain.log_likelihood(weights, dynamics, world)
    return total


def walk(
    space: Any,
    courses: Any,
    rule: Any,
    world: Any,
    start: Any,
    bound: float,
    axes: Any,
    steps: Any,
    uniforms: Any,
) -> Any:
    """Metropolis walk within the prior above a bound of the log likelihood.

    ``steps`` (W, P) are standard normals, shaped by ``axes`` (P, P); ``uniforms`` (W,) decide.
    Returns the last point, its log likelihood (not a number if no step was taken), and how many
    steps were taken and evaluated.
    """
    point, reached = start.copy(), np.nan
    taken, calls = 0, 0
    for index in range(len(uniforms)):
        proposed = point + axes @ steps[index]
        # The prior is standard normal: its ratio, and the likelihood only where that accepts.
        ratio = 0.5 * (np.dot(point, point) - np.dot(proposed, proposed))
        if math.log(1.0 - uniforms[index]) < ratio:
            found = log_likelihood(space, courses, rule, world, proposed)
            calls += 1
            if found > bound:
                point, reached = proposed, found
                taken += 1
    return point, reached, taken, calls


CALLEES = (
    *priors.COMPILED,
    *likelihood.COMPILED,
    *chain.COMPILED,
    *rules.COMPILED,
    log_likelihood,
)


@cache
def _compiled_walk() -> Any:
    return kernel.compiled(walk, CALLEES)


@cache
def _compiled_likelihood() -> Any:
    return kernel.compiled(log_likelihood, CALLEES)


def evaluate(target: Target, normals: Floats) -> float:
    """Log likelihood of a target at a point (P,)."""
    _, *parts = target
    return float(_compiled_likelihood()(*parts, np.ascontiguousarray(normals)))


# --- with dynesty ---------------------------------------------------------------------------


def _normals(cube: Floats) -> Floats:
    """Standard normals of a point of the unit cube."""
    from scipy.special import ndtri

    return np.asarray(ndtri(cube))


@cache
def _walker() -> Any:
    """The class of the walk; dynesty is imported only where something is sampled."""
    from dynesty.internal_samplers import RWalkSampler, SamplerReturn
    from dynesty.utils import get_random_generator
    from scipy.special import ndtr

    class CompiledWalk(RWalkSampler):  # type: ignore[misc]
        """dynesty's random walk, with its tuning, on the normal scale and compiled."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.sampler_kwargs["target"] = given["target"]

        def prepare_sampler(self, **given: Any) -> Any:
            """Shape the steps by the spread of the live points."""
            live = _normals(given["nested_sampler"].live_u)
            spread = np.cov(live, rowvar=False).reshape(live.shape[1], -1)
            root = np.linalg.cholesky(spread + 1e-12 * np.eye(len(spread)))
            given["axes"] = [root] * len(given["points"])
            return super().prepare_sampler(**given)

        @staticmethod
        def sample(args: Any) -> Any:
            """A new live point at the end of a walk from an old one."""
            target: Target = args.kwargs["target"]
            rng = get_random_generator(args.rseed)
            count, size = args.kwargs["walks"], len(args.u)
            start = _normals(args.u)
            _, *parts = target
            arguments = (*parts, start, float(args.loglstar))
            shape = np.ascontiguousarray(args.axes * (args.scale * 2.38 / math.sqrt(size)))
            point, reached, taken, calls = _compiled_walk()(
                *arguments, shape, rng.standard_normal((count, size)), rng.random(count)
            )
            if taken == 0:
                reached = evaluate(target, start)
            tuning = {"accept": taken, "reject": count - taken, "scale": args.scale}
            return SamplerReturn(
                u=ndtr(point),
                v=point,
                logl=reached,
                ncalls=max(calls, 1),
                tuning_info=tuning,
                evaluation_history=[],
                proposal_stats={"n_accept": taken, "n_reject": count - taken},
            )

    CompiledWalk.__qualname__ = CompiledWalk.__name__
    globals()[CompiledWalk.__name__] = CompiledWalk  # a checkpoint is read by this name
    return CompiledWalk


@dataclass(frozen=True)
class _Likelihood:
    """The log likelihood as dynesty calls it; a class, so that a checkpoint can hold it."""

    target: Target

    def __call__(self, normals: Floats) -> float:
        return evaluate(self.target, normals)


@wholes.taken(seed=wholes.SEED)
def sample(
    target: Target,
    settings: Settings,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Sample:
    """Sample a target. The same seed gives the same sample, also when resumed from ``checkpoint``.

    The checkpoint is written now and then, and removed by whoever has kept the result; a damaged
    one is begun anew. Raises OSError, with the name of the checkpoint, where it cannot be written.
    """
    import dynesty

    walker = _walker()
    restored = None if checkpoint is None else _restored(checkpoint)
    sampler = restored
    if sampler is None:
        sampler = dynesty.NestedSampler(
            _Likelihood(target),
            _normals,
            target.size,
            nlive=settings.alive(target.size),
            bound="none",
            sample=walker(
                target=target,
                ndim=target.size,
                ncdim=target.size,
                walks=settings.steps,
                facc=ACCEPTED,
            ),
            rstate=np.random.default_rng(seed),
        )
    try:
        sampler.run_nested(
            dlogz=settings.remaining,
            print_progress=progress is not None,
            print_func=_reporter(progress) if progress else None,
            checkpoint_file=None if checkpoint is None else str(checkpoint),
            checkpoint_every=CHECKPOINT_SECONDS,
            resume=restored is not None,
        )
    except OSError as error:
        if error.filename is None and checkpoint is not None:
            # A full disk is met by a descriptor, which has no name.
            error.filename = str(checkpoint)
        raise
    found = sampler.results
    weights = found.importance_weights()
    return Sample(
        normals=np.asarray(found.samples),
        logs=np.asarray(found.logl),
        weights=np.asarray(weights / weights.sum()),
        evidence=float(found.logz[-1]),
        error=float(found.logzerr[-1]),
        information=float(found.information[-1]),
        calls=int(np.sum(found.ncall)),
    )


def _restored(checkpoint: Path) -> Any | None:
    """The sampler of a checkpoint; None where there is none, or where it is damaged."""
    import dynesty

    if not checkpoint.exists():
        return None
    try:
        return dynesty.NestedSampler.restore(str(checkpoint))
    except OSError:
        raise
    except Exception:  # whatever is the matter with it: the same sample comes of a new start
        return None


def _reporter(progress: Progress) -> Callable[..., None]:
    def report(results: Any, niter: int, ncall: int, **more: Any) -> None:
        progress(niter, float(results.delta_logz))

    return report
