"""The counter-based generator: known answers, an independent implementation, and its keys."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import draws
from tests.strategies import examples, seeds

EDGES = [0, 1, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
words = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from(EDGES))
six_words = st.tuples(*[words] * 6)

# Known answers of Random123 1.09, kat_vectors, philox4x32 with 10 rounds.
KNOWN = [
    ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0xA4093822, 0x299F31D0),
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN)
def test_known_answers(key, counter, expected):
    assert draws.philox(*key, *counter) == expected


def textbook_philox(key0: int, key1: int, *counter: int) -> tuple[int, ...]:
    """Philox4x32-10 as in Salmon et al. (2011), on integers without limit."""
    left0, right0, left1, right1 = counter[1], counter[0], counter[3], counter[2]
    for turn in range(10):
        k0 = (key0 + turn * 0x9E3779B9) % 2**32
        k1 = (key1 + turn * 0xBB67AE85) % 2**32
        product0 = right0 * 0xD2511F53
        product1 = right1 * 0xCD9E8D57
        right0, left0, right1, left1 = (
            product1 // 2**32 ^ left0 ^ k0,
            product1 % 2**32,
            product0 // 2**32 ^ left1 ^ k1,
            product0 % 2**32,
        )
    return right0, left0, right1, left1


@examples(300)
@given(six_words)
def test_the_generator_is_philox_as_published(arguments):
    assert draws.philox(*arguments) == textbook_philox(*arguments)


MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
@examples(100)
@given(st.lists(words, max_size=20))
def test_both_halves_of_a_product_are_right_on_numbers_and_on_arrays(multiplier, drawn):
    numbers = [*EDGES, *drawn]
    array = np.array(numbers, dtype=np.int64)
    # some of these products do not fit into 63 bits
    assert multiplier * max(numbers) > 2**63
    for half, expected in (
        (draws._high, [multiplier * word // 2**32 for word in numbers]),
        (draws._low, [multiplier * word % 2**32 for word in numbers]),
    ):
        assert [half(multiplier, word) for word in numbers] == expected
        assert half(multiplier, array).dtype == np.int64
        assert half(multiplier, array).tolist() == expected


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN)
def test_known_answers_on_arrays(key, counter, expected):
    columns = [np.array([word, 0, word], dtype=np.int64) for word in counter]
    rows = np.stack(draws.philox(*key, *columns), axis=1).tolist()
    assert rows == [list(expected), list(draws.philox(*key, 0, 0, 0, 0)), list(expected)]


@examples(50)
@given(words, words, st.lists(st.tuples(*[words] * 4), max_size=20))
def test_arrays_and_numbers_draw_alike(key0, key1, drawn):
    counters = [*itertools.product((0, 0x80000000, 0xFFFFFFFF), repeat=4), *drawn]
    columns = [np.array(column, dtype=np.int64) for column in zip(*counters, strict=True)]
    together = np.stack(draws.philox(key0, key1, *columns), axis=1)
    one_by_one = [draws.philox(key0, key1, *counter) for counter in counters]
    assert together.tolist() == [list(words_) for words_ in one_by_one]


@examples(100)
@given(words, words)
def test_a_uniform_is_made_of_the_first_53_bits(word0, word1):
    bits = (word0 >> 5 << 26) | word1 >> 6
    assert draws.unit(word0, word1) == bits / 2**53


def test_the_ends_of_the_unit_interval():
    assert draws.unit(0, 0) == 0.0
    assert draws.unit(0xFFFFFFFF, 0xFFFFFFFF) == 1.0 - 2.0**-53


@examples(100)
@given(six_words)
def test_uniforms_stay_below_one(arguments):
    assert 0.0 <= draws.uniform(*arguments) < 1.0


# --- what a draw depends on -------------------------------------------------------------------


def test_every_decision_of_every_agent_and_step_has_its_own_draw():
    names = list(itertools.product(range(5), range(12), range(10), range(10)))
    assert len({draws.uniform(0, 0, *name) for name in names}) == len(names)


def test_the_decisions_of_one_agent_are_told_apart():
    assert (draws.LEVEL, draws.ENGAGEMENT, draws.STANCE) == (0, 1, 2)
    # a leader's stances are numbered from STANCE on and never meet its level
    assert draws.LEVEL < draws.STANCE


@examples(100)
@given(seeds, seeds)
def test_seeds_up_to_64_bits_have_their_own_keys(one, other):
    assert (draws.key(one) == draws.key(other)) == (one == other)
    low, high = draws.key(one)
    assert low + (high << 32) == one


@pytest.mark.parametrize("seed", [1, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
def test_seed_0_is_a_seed_like_any_other(seed):
    zero = [draws.uniform(*draws.key(0), run, 0, 0, 0) for run in range(100)]
    other = [draws.uniform(*draws.key(seed), run, 0, 0, 0) for run in range(100)]
    assert set(zero).isdisjoint(other)


def test_draws_are_uniform_and_unrelated():
    count = 100_000
    runs = np.arange(count)

    def drawn(decision: int) -> np.ndarray:
        first, second, _, _ = draws.philox(*draws.key(7), runs, 3, 2, decision)
        return draws.unit(first, second)

    level, engagement = drawn(draws.LEVEL), drawn(draws.ENGAGEMENT)
    counts = np.bincount((level * 20).astype(int), minlength=20)
    # chi-squared with 19 degrees of freedom: 43.8 is exceeded once in a thousand
    assert ((counts - count / 20) ** 2 / (count / 20)).sum() < 43.8
    # correlations of independent draws have a standard error of 1 / sqrt(n)
    for one, other in ((level, engagement), (level[1:], level[:-1])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / count**0.5
    assert level[:5].tolist() == [
        draws.uniform(*draws.key(7), run, 3, 2, draws.LEVEL) for run in range(5)
    ]
