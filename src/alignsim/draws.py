"""Counter-based random draws: (seed, run, step, agent, decision) to a uniform in [0, 1).

Philox4x32-10 (Salmon et al. 2011), keyed by the 64-bit seed, with run, step, agent and decision
as its counter. A draw therefore depends on nothing but its name: two what-ifs under one seed
share every draw, in any order and on any number of workers. The arithmetic is right on
Python integers and, wrapped at 64 bits, on int64 arrays and when compiled.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Word = TypeVar("Word", int, NDArray[np.int64])

LEVEL, ENGAGEMENT, STANCE = range(3)
"""The decisions of a counter. A stance adds the index of the ally it is toward."""

_MASK32 = 0xFFFFFFFF


def _high(multiplier: int, word: Word) -> Word:
    """High 32 bits of a 32 x 32 bit product; a product that wraps at 64 bits still has them."""
    return ((multiplier * word) >> 32) & _MASK32


def _low(multiplier: int, word: Word) -> Word:
    """Low 32 bits of a 32 x 32 bit product."""
    return (multiplier * word) & _MASK32


def philox(
    key0: int, key1: int, c0: Word, c1: Word, c2: Word, c3: Word
) -> tuple[Word, Word, Word, Word]:
    """Philox4x32-10: two key words and four counter words, all 32 bits, to four random words."""
    for _ in range(10):
        high0, low0 = _high(0xD2511F53, c0), _low(0xD2511F53, c0)
        high1, low1 = _high(0xCD9E8D57, c2), _low(0xCD9E8D57, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 = (key0 + 0x9E3779B9) & _MASK32
        key1 = (key1 + 0xBB67AE85) & _MASK32
    return c0, c1, c2, c3


def unit(word0: Word, word1: Word) -> Word:
    """53 random bits of two words as a float in [0, 1)."""
    return ((word0 >> 5) * 67108864 + (word1 >> 6)) / 9007199254740992.0  # type: ignore[return-value]


def key(seed: int) -> tuple[int, int]:
    """The two 32-bit key words of a seed from 0 to 2^64 - 1."""
    return seed & _MASK32, (seed >> 32) & _MASK32


def uniform(key0: int, key1: int, run: int, step: int, agent: int, decision: int) -> float:
    """The draw of one decision, in [0, 1), under the key words of a seed.

    The counters are below 2^32. Decision numbers are LEVEL, ENGAGEMENT, and STANCE plus the index
    of the ally a stance is toward.
    """
    word0, word1, _, _ = philox(key0, key1, run, step, agent, decision)
    return unit(word0, word1)
