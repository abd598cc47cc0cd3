"""Experimental designs for parameter sweeps, made slice by slice.

A design is a numbered list of points that is never held in memory: any run of consecutive points
can be asked for, in any order and in any process, and has the same bytes. A slice costs what its
own points cost, wherever it lies. Designs are equal if their arguments are; all can be pickled.

Coordinates are numbers in [0, 1), one column per factor; those of `Simplex` reach one, those of
`Factorial` are indices, and those of `Table` as given. Arguments out of range raise ValueError.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alignsim import draws, wholes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAX_POINTS, MAX_EXACT = 2**62, 2**53
"""Most points of any design, counted in 64 bits; most whole numbers that a float tells apart."""
MAX_HYPERCUBE = 2**40
"""Most points of a Latin hypercube: the place within a stratum then keeps nine bits or more."""
MAX_DIVISIONS = 10**6
"""Most divisions, or parts, of a simplex lattice: a slice makes a table of both."""
SOBOL_BITS, MAX_SOBOL_FACTORS = 53, 21201
"""Bits of a Sobol' coordinate: a float holds no more, so that none is rounded up to one; and
dimensions with direction numbers by Joe and Kuo (2008)."""
ROUNDS = 8
SMALL_ROUNDS, SMALL = 32, 4096
"""Rounds of a permutation, and those of one of fewer than `SMALL` points.

Three rounds are the least (Luby and Rackoff 1988), and each moves little where the digits are
few: after 8 rounds the orders of 8 points are 0.3 from equally likely, after 32 rounds 0.0005
(total variation, summed over all orders).
"""

_MASK32 = 0xFFFFFFFF
_PERMUTATION, _JITTER = 0xFFFFFFFF, 0xFFFFFFFE
"""Last words of the counters: no decision, so that a simulation under this seed shares no draw."""
_CHUNK = 8192
"""Numbers permuted at once: few enough for a processor's cache."""


class Design(Protocol):
    """A numbered list of points."""

    @property
    def size(self) -> int:
        """Number of points, 1 or more."""

    def coordinates(self, first: int, count: int) -> Floats:
        """Points `first` to `first + count - 1`, (count, factors); ValueError beyond the design."""


# --- designs that list all combinations ---------------------------------------------------


@dataclass(frozen=True)
class Factorial:
    """Full factorial of factors with `counts` values each; the last factor varies fastest.

    Coordinates are whole numbers, the index of each value, in the order of ``itertools.product``.
    """

    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", tuple(self.counts))
        _within("counts: the number of factors", len(self.counts), MAX_POINTS)
        for count in self.counts:
            _within("counts: the number of values", count, MAX_EXACT)
        if self.size > MAX_POINTS:
            raise ValueError(f"counts: expected 2^62 combinations or fewer, got {self.counts}")

    @property
    def size(self) -> int:
        """Product of the counts."""
        return math.prod(self.counts)

    def coordinates(self, first: int, count: int) -> Floats:
        """Indices (count, factors) of the values: the digits of the point's number."""
        left = _numbers(first, count, self.size)
        rows = np.empty((count, len(self.counts)), dtype=np.float64)
        for factor in reversed(range(len(self.counts))):
            left, rows[:, factor] = np.divmod(left, self.counts[factor])
        return rows


@dataclass(frozen=True)
class Simplex:
    """Simplex lattice {parts, divisions}: all shares in steps of 1 / divisions (Scheffe 1958).

    Each point has `parts` coordinates in [0, 1] that are multiples of 1 / `divisions` and sum to
    one (within 1e-12). The C(divisions + parts - 1, parts - 1) points are in lexicographic order,
    from (0, ..., 0, 1) to (1, 0, ..., 0).
    """

    divisions: int
    parts: int

    def __post_init__(self) -> None:
        _within("divisions", self.divisions, MAX_DIVISIONS)
        _within("parts", self.parts, MAX_DIVISIONS)
        # C(66, 33) is over the limit: only a binomial with a small lower index need be computed.
        if min(self.divisions, self.parts - 1) > 32 or self.size > MAX_POINTS:
            raise ValueError(
                f"simplex: expected 2^62 points or fewer, got the lattice of {self.parts} parts "
                f"and {self.divisions} divisions"
            )

    @property
    def size(self) -> int:
        """Number of ways to write `divisions` as an ordered sum of `parts` whole numbers."""
        return math.comb(self.divisions + self.parts - 1, self.parts - 1)

    def coordinates(self, first: int, count: int) -> Floats:
        """Shares (count, parts), unranked by the combinatorial number system.

        Counted from the end of the list, the points whose remainder after a part is below m take
        the first C(m + p - 2, p - 1) numbers, p being the parts left, whatever was left to share.
        """
        behind = self.size - 1 - _numbers(first, count, self.size)
        left = np.full(count, self.divisions, dtype=np.int64)
        rows = np.empty((count, self.parts), dtype=np.float64)
        for part, below in enumerate(self._starts()):
            after = np.searchsorted(below, behind, side="right") - 1
            behind -= below[after]
            rows[:, part] = left - after
            left = after
        rows[:, -1] = left
        return rows / self.divisions

    def _starts(self) -> list[Integers]:
        """For each part but the last, C(m + p - 2, p - 1) for m = 0 to divisions."""
        tables = [np.arange(self.divisions + 1, dtype=np.int64)]
        for _ in range(self.parts - 2):
            tables.append(np.cumsum(tables[-1]))
        return tables[: self.parts - 1][::-1]


@dataclass(frozen=True)
class Table:
    """Points given one by one: `values` are rows (points, factors) of finite numbers.

    Rows of any kind of sequence, or an array, are kept as tuples.
    """

    values: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        rows = tuple(tuple(float(value) for value in row) for row in self.values)
        if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("table: expected one row or more, all of one length of 1 or more")
        if not all(math.isfinite(value) for row in rows for value in row):
            raise ValueError("table: expected finite numbers")
        object.__setattr__(self, "values", rows)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.values)

    def coordinates(self, first: int, count: int) -> Floats:
        """The rows as they were given, (count, factors)."""
        _check_slice(first, count, self.size)
        rows = np.array(self.values[first : first + count], dtype=np.float64)
        return rows.reshape(count, len(self.values[0]))


# --- Latin hypercube ----------------------------------------------------------------------


@dataclass(frozen=True)
class LatinHypercube:
    """Latin hypercube: one point of each factor in each of `points` equal strata of [0, 1).

    McKay, Beckman and Conover (1979). The order of a factor's strata is a pseudo-random
    permutation that is computed point by point; the place within the stratum is uniform, on a
    grid of about 2^50 / points places. At most 2^40 points.
    """

    points: int
    factors: int
    seed: int

    def __post_init__(self) -> None:
        _within("points", self.points, MAX_HYPERCUBE)
        _within("factors", self.factors, _MASK32)
        object.__setattr__(self, "seed", wholes.whole("seed", self.seed, wholes.SEED))

    @property
    def size(self) -> int:
        """Number of points."""
        return self.points

    def coordinates(self, first: int, count: int) -> Floats:
        """Points (count, factors), each in [0, 1); about 0.6 microseconds a number."""
        _check_slice(first, count, self.points)
        rows = np.empty(count * self.factors, dtype=np.float64)
        for start in range(0, len(rows), _CHUNK):
            chunk = np.arange(start, min(start + _CHUNK, len(rows)), dtype=np.int64)
            numbers, factors = np.divmod(chunk, self.factors)
            rows[start : start + _CHUNK] = self._column(numbers + first, factors)
        return rows.reshape(count, self.factors)

    def _column(self, numbers: Integers, factors: Integers) -> Floats:
        """Coordinates (n,) of points by number (n,), each of one factor (n,)."""
        strata = _permuted(self.seed, self.points, numbers, factors)
        low, high, _, _ = draws.philox(
            *draws.key(self.seed), numbers & _MASK32, numbers >> 32, factors, np.array([_JITTER])
        )
        # The division is the only step that rounds, and by less than the gap to the next stratum.
        grid = float(2 ** (50 - self.points.bit_length()))
        places = (np.floor(draws.unit(low, high) * grid) + 0.5) / grid
        values: Floats = (strata + places) / self.points
        return values


def _permuted(seed: int, points: int, numbers: Integers, factors: Integers) -> Integers:
    """Images (n,) of `numbers` (n,) under the permutation of 0 to points - 1 of each factor (n,).

    A permutation of slightly more numbers is applied again to what it sends too high: cycle
    walking (Black and Rogaway 2002). A walk that starts within comes back.
    """
    images = _mixed(seed, points, numbers, factors)
    (outside,) = np.nonzero(images >= points)
    while len(outside):
        images[outside] = _mixed(seed, points, images[outside], factors[outside])
        outside = outside[images[outside] >= points]
    return images


def _mixed(seed: int, points: int, numbers: Integers, factors: Integers) -> Integers:
    """A permutation (n,) of 0 to left * right - 1 >= points - 1: a Feistel network.

    The generalised Feistel cipher of Black and Rogaway (2002): a number is a pair of digits, left
    and right of about the square root of the points, and each round adds to one digit a random
    function of the other. There is an even number of left digits: with two odd numbers every
    round, and so the whole, would be an even permutation.
    """
    lefts = math.isqrt(points - 1) + 1
    lefts += lefts % 2
    rights = -(-points // lefts)
    left, right = np.divmod(numbers, rights)
    for turn in range(0, SMALL_ROUNDS if points < SMALL else ROUNDS, 2):
        left = (left + _function(seed, turn, right, factors) % lefts) % lefts
        right = (right + _function(seed, turn + 1, left, factors) % rights) % rights
    return left * rights + right


def _function(seed: int, turn: int, digits: Integers, factors: Integers) -> Integers:
    """Random numbers (n,) of 63 bits: the function of a round, for each digit and factor (n,)."""
    high, low, _, _ = draws.philox(
        *draws.key(seed), digits, np.array([turn]), factors, np.array([_PERMUTATION])
    )
    return high >> 1 << 32 | low


# --- Sobol' sequences ---------------------------------------------------------------------


@dataclass(frozen=True)
class Sobol:
    """First `points` of a scrambled Sobol' sequence of [0, 1)^factors.

    Direction numbers of Joe and Kuo (2008), scrambled by a random linear matrix and shift
    (Matousek 1998), by SciPy: its sequence of 53 bits with ``default_rng(seed)``, which another
    version of SciPy or NumPy may change. Balanced where `points` is a power of two. At most 2^53
    points of 21201 factors; more than 2^32 points need SciPy 1.17.
    """

    points: int
    factors: int
    seed: int

    def __post_init__(self) -> None:
        _within("points", self.points, MAX_EXACT)
        _within("factors", self.factors, MAX_SOBOL_FACTORS)
        object.__setattr__(self, "seed", wholes.whole("seed", self.seed, wholes.SEED))

    @property
    def size(self) -> int:
        """Number of points."""
        return self.points

    def coordinates(self, first: int, count: int) -> Floats:
        """Points (count, factors), each in [0, 1); all slices start at the same small cost."""
        _check_slice(first, count, self.points)
        # The engine that is kept never draws: each slice has its own, in any order and thread.
        engine = copy.copy(_engine(self.factors, self.seed)).reset()
        if first == 0:
            # SciPy warns of a first draw of other than 2^m points; one point is 2^0.
            head = engine.random(min(count, 1))
            return np.concatenate([head, engine.random(count - len(head))])
        _jump(engine, int(first))
        rows: Floats = engine.random(int(count))
        return rows


@lru_cache(maxsize=8)
def _engine(factors: int, seed: int) -> Any:
    """SciPy's engine of a sequence, at its start."""
    from scipy.stats import qmc

    return qmc.Sobol(factors, scramble=True, bits=SOBOL_BITS, rng=np.random.default_rng(seed))


def _jump(engine: Any, first: int) -> None:
    """Set an engine at its start to draw point `first` >= 1 next, in 53 draws or fewer.

    SciPy goes forward point by point, which takes seconds for 10^9 points, and not at all beyond
    32 bits. The step to point 2^k changes a point by direction number k alone (Antonov and
    Saleev 1979), and steps commute: those of the bits of its Gray code lead to a point.
    """
    # An engine that has drawn n points holds point n - 1.
    gray = (first - 1) ^ (first - 1) >> 1
    for bit in range(gray.bit_length()):
        if gray >> bit & 1:
            engine.num_generated = 2**bit
            engine.random(1)
    engine.num_generated = first


@dataclass(frozen=True)
class Saltelli:
    """Cross-sample of a Sobol' sequence, for first-order, total and second-order Sobol' indices.

    Each of `base` points of a scrambled sequence in 2 x `factors` dimensions is cut into a point
    A and a point B, and gives a block of rows: A; for each factor, A with that coordinate of B;
    with `second_order`, for each factor, B with that coordinate of A; B (Saltelli 2002; Saltelli
    et al. 2010). This is the order of SALib, whose ``analyze.sobol.analyze`` takes the results in
    the order of the points. `base` should be a power of two.
    """

    base: int
    factors: int
    seed: int
    second_order: bool

    def __post_init__(self) -> None:
        _within("base", self.base, MAX_EXACT)
        _within("factors", self.factors, MAX_SOBOL_FACTORS // 2)
        _within("base: the number of rows", self.size, MAX_POINTS)
        object.__setattr__(self, "seed", wholes.whole("seed", self.seed, wholes.SEED))

    @property
    def size(self) -> int:
        """Number of rows: base x (2 x factors + 2), or base x (factors + 2)."""
        return self.base * self._block

    @property
    def _block(self) -> int:
        """Rows made of one point of the sequence."""
        return (2 if self.second_order else 1) * self.factors + 2

    def coordinates(self, first: int, count: int) -> Floats:
        """Rows (count, factors), each in [0, 1)."""
        points, places = np.divmod(_numbers(first, count, self.size), self._block)
        if count == 0:
            return np.empty((0, self.factors), dtype=np.float64)
        start, stop = int(points[0]), int(points[-1]) + 1
        sequence = Sobol(self.base, 2 * self.factors, self.seed).coordinates(start, stop - start)
        pairs = sequence[points - start]
        # The places of a block with second order: A, d times A, d times B, and B.
        places[places == self._block - 1] = 2 * self.factors + 1
        place, single = places[:, np.newaxis], np.arange(1, self.factors + 1)
        from_b = (place == single) | (place > self.factors) & (place != single + self.factors)
        rows: Floats = np.where(from_b, pairs[:, self.factors :], pairs[:, : self.factors])
        return rows


# --- checks -------------------------------------------------------------------------------


def _within(name: str, value: int, most: int) -> None:
    """Raise ValueError for a number of something that is not whole or not from 1 to `most`."""
    if not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name}: expected a whole number from 1 to {most}, got {value!r}")


def _check_slice(first: int, count: int, size: int) -> None:
    """Raise ValueError for a slice that is not within a design of `size` points."""
    if first < 0 or count < 0 or first + count > size:
        raise ValueError(
            f"slice: expected points of 0 to {size - 1}, got {count} points from {first} on"
        )


def _numbers(first: int, count: int, size: int) -> Integers:
    """Numbers (count,) of the points of a slice; ValueError for one that leaves the design."""
    _check_slice(first, count, size)
    return np.arange(first, first + count, dtype=np.int64)
