"""Designs that move one factor at a time: from what is, and along trajectories.

As the designs of :mod:`alignsim.designs`; they stand apart for what they lack: a point without a
value for a factor, and a sampler of their own.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alignsim import extras, wholes

Floats = NDArray[np.float64]

SAMPLER = "SALib"
"""The library that samples trajectories, imported only there."""
MAX_NUMBERS = 10**8
"""Most coordinates of a design of trajectories, which is held in memory."""


@dataclass(frozen=True)
class OneAtATime:
    """Everything as it is, then each factor alone at the low and at the high end of its range.

    2 x `factors` + 1 points. A coordinate is 0 or 1, or not a number where a factor is left as
    the scenario or the weight file has it: point 0 leaves all, points 2 i + 1 and 2 i + 2 all but
    factor i.
    """

    factors: int

    def __post_init__(self) -> None:
        if self.factors < 1:
            raise ValueError(f"factors: expected 1 or more, got {self.factors}")

    @property
    def size(self) -> int:
        """Number of points."""
        return 2 * self.factors + 1

    def coordinates(self, first: int, count: int) -> Floats:
        """Points (count, factors); ValueError beyond the design."""
        numbers = _numbers(first, count, self.size)
        rows = np.full((count, self.factors), np.nan)
        moved = np.flatnonzero(numbers > 0)
        factors, ends = np.divmod(numbers[moved] - 1, 2)
        rows[moved, factors] = ends
        return rows


@dataclass(frozen=True)
class Morris:
    """Trajectories of Morris (1991): from a random point of a grid, one factor after another.

    `trajectories` x (`factors` + 1) points on a grid of `levels` even values of [0, 1], both ends
    included; `levels` is even. Each step moves one factor by levels / (2 (levels - 1)). Sampled
    by SALib with ``default_rng(seed)``, which another version of either may change.
    """

    trajectories: int
    levels: int
    factors: int
    seed: int

    def __post_init__(self) -> None:
        if self.trajectories < 1 or self.factors < 1:
            raise ValueError("trajectories and factors: expected 1 or more")
        if self.levels < 2 or self.levels % 2:
            raise ValueError(f"levels: expected an even number, got {self.levels}")
        if self.size * self.factors > MAX_NUMBERS:
            raise ValueError(f"trajectories: expected fewer, got {self.trajectories}")
        object.__setattr__(self, "seed", wholes.whole("seed", self.seed, wholes.SEED))

    @property
    def size(self) -> int:
        """Number of points."""
        return self.trajectories * (self.factors + 1)

    def coordinates(self, first: int, count: int) -> Floats:
        """Points (count, factors); ValueError beyond the design, DocumentError without SALib."""
        _numbers(first, count, self.size)
        return _trajectories(self)[first : first + count].copy()


@lru_cache(maxsize=2)
def _trajectories(design: Morris) -> Floats:
    sampler = extras.imported(f"{SAMPLER}.sample.morris")
    # A generator, not a number: what the library does with seed 0 is then no matter.
    rng = np.random.default_rng(design.seed)
    sampled = sampler.sample(
        unit_problem(design.factors), design.trajectories, design.levels, seed=rng
    )
    return np.asarray(sampled, np.float64)


def unit_problem(factors: int) -> dict[str, object]:
    """What SALib is told of this many factors, each in [0, 1]."""
    return {
        "num_vars": factors,
        "names": [f"x{factor}" for factor in range(factors)],
        "bounds": [[0.0, 1.0]] * factors,
    }


def _numbers(first: int, count: int, size: int) -> NDArray[np.int64]:
    if first < 0 or count < 0 or first + count > size:
        raise ValueError(
            f"slice: expected points of 0 to {size - 1}, got {count} points from {first} on"
        )
    return np.arange(first, first + count, dtype=np.int64)
