"""From indicators to inputs: the index formulas, on Japan of 2013 by hand and at the limits."""

import inspect
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import indices
from tests.strategies import CHECKS, Argument, Contract, between, examples, unit, unlisted


def up(high: float = 1.0) -> Argument:
    return Argument(0.0, high, "+")


def down(high: float = 1.0) -> Argument:
    return Argument(0.0, high, "-")


def turns(high: float = 1.0) -> Argument:
    return Argument(0.0, high, "~")


def contract(
    function: Callable[..., float],
    arguments: dict[str, Argument],
    *points: tuple[tuple[float, ...], float],
) -> Contract:
    """An index: in [0, 1], as the module says of all of them."""
    return Contract(function, "in [0, 1]", between(0.0, 1.0), arguments, points, module=indices)


JAPAN_FUELS = (0.225, 0.098, 0.454, 0.076, 0.257, 0.112)
"""Share of primary energy and Russian share, of gas, oil and coal, 2013."""

TABLE = (
    contract(
        indices.russian_energy,
        {
            "gas": up(),
            "gas_from_russia": up(),
            "oil": up(),
            "oil_from_russia": up(),
            "coal": up(),
            "coal_from_russia": up(),
            "import_dependence": up(),
        },
        # 0.225 x 0.098 + 0.454 x 0.076 + 0.257 x 0.112 = 0.02205 + 0.034504 + 0.028784 = 0.085338;
        # x 0.99 / 0.25
        ((*JAPAN_FUELS, 0.99), 0.085338 * 0.99 / 0.25),
        ((0.5, 0.4, 0.0, 0.0, 0.0, 0.0, 1.0), 0.8),  # 0.2 of all energy over 0.25
        ((0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 1.0), 1.0),  # 0.3 over 0.25 is full
        ((*JAPAN_FUELS, 0.0), 0.0),  # imports nothing
    ),
    contract(
        indices.replaceable,
        {
            "gas": turns(),
            "gas_from_russia": turns(),
            "gas_from_usa": up(),
            "oil": turns(),
            "oil_from_russia": turns(),
            "oil_from_usa": up(),
            "coal": down(),
            "coal_from_russia": down(),
            "nuclear": up(),
        },
        # US share of US and Russian gas 0.003 / 0.101; of Russian energy 0.02205 / 0.085338 is gas:
        # American 0.00767, then 1 - (1 - 0.00767) (1 - 0.013) = 0.02058
        (
            (0.225, 0.098, 0.003, 0.454, 0.076, 0.0, 0.257, 0.112, 0.013),
            1.0 - (1.0 - 0.02205 * 0.003 / 0.101 / 0.085338) * 0.987,
        ),
        ((0.2, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.5),  # as much American gas as Russian
        ((0.2, 0.1, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2), 0.8),  # 1 - 0.25 x 0.8
        ((0.2, 0.1, 0.1, 0.0, 0.0, 0.0, 0.2, 0.1, 0.0), 0.25),  # half of it coal: not covered
    ),
    contract(
        indices.diversification_need,
        {"oil_from_middle_east": up(), "turmoil": up()},
        ((0.827, 0.6), 0.4962),
        ((0.827, 0.0), 0.0),
    ),
    contract(
        indices.trade_exposure,
        {"trade": up()},
        ((0.0071,), 0.142),  # 0.0071 / 0.05
        ((0.05,), 1.0),
        ((0.2,), 1.0),
    ),
    contract(
        indices.outlet,
        {"share": up()},
        ((0.0445,), 0.445),  # 0.0445 / 0.10
        ((0.1,), 1.0),
        ((0.3,), 1.0),
    ),
    contract(
        indices.club_membership,
        {"g7": up(), "eu": up(), "nato": up(), "partner": up(), "associate": up()},
        ((1.0, 0.0, 0.0, 1.0, 0.0), 1.0),  # Japan
        ((0.0, 0.0, 0.0, 1.0, 0.0), 0.3),  # South Korea
        ((0.0, 0.0, 1.0, 1.0, 0.0), 0.7),
        ((0.0, 1.0, 1.0, 0.0, 0.0), 1.0),
        ((0.0, 0.0, 0.0, 0.0, 1.0), 0.7),  # Liechtenstein
        ((0.0, 0.0, 0.0, 0.0, 0.0), 0.0),
    ),
    contract(
        indices.political_distance,
        {"own": Argument(-4.0, 4.0, "~"), "other": Argument(-4.0, 4.0, "~")},
        ((0.5, 2.5), 0.5),  # 2 / 4
        ((2.5, 0.5), 0.5),
        ((1.2, 1.2), 0.0),
        ((-2.5, 3.0), 1.0),  # 5.5 over 4 is full
    ),
    contract(
        indices.institutional_ties,
        {"pact": up(), "sco": up(), "brics": up()},
        ((1.0, 0.0, 0.0), 1.0),  # Belarus
        ((0.0, 1.0, 1.0), 0.5),  # China
        ((0.0, 0.0, 1.0), 0.5),  # Brazil
        ((0.0, 0.0, 0.0), 0.0),
    ),
    contract(
        indices.threat,
        {
            "own_capability": down(),
            "other_capability": up(),
            "distance_km": down(20000.0),
            "rivalry": up(),
            "disputes": up(500.0),
            "strain": up(),
        },
        # China to Japan: power 0.2282 / 0.2637 = 0.8654, nearness exp(-0.414) = 0.6610,
        # hostility (1 + 1 - exp(-2) + 0.85) / 3 = 0.9049; cube root of 0.5176
        (
            (0.0355, 0.2282, 414.0, 1.0, 10.0, 0.85),
            (0.2282 / 0.2637 * math.exp(-0.414) * (2.85 - math.exp(-2.0)) / 3.0) ** (1.0 / 3.0),
        ),
        # Russia to Japan: 0.039 / 0.0745, exp(-0.046), (0 + 1 - exp(-1.8) + 0.3) / 3
        (
            (0.0355, 0.039, 46.0, 0.0, 9.0, 0.30),
            (0.039 / 0.0745 * math.exp(-0.046) * (1.3 - math.exp(-1.8)) / 3.0) ** (1.0 / 3.0),
        ),
        ((0.1, 0.1, 0.0, 0.0, 0.0, 0.75), 0.5),  # 1/2 x 1 x 1/4 = 1/8
        ((0.1, 0.1, 0.0, 0.0, 0.0, 0.0), 0.0),  # no hostility, no threat
        ((0.1, 0.0, 0.0, 1.0, 10.0, 1.0), 0.0),  # no capability, no threat
    ),
    contract(
        indices.alliance_dependence,
        {"pact": up(), "troops": up(1e6), "threat_by_others": up(), "isolation": up()},
        # Japan: troops log10(53116) / 5 = 0.9450, China's threat 0.8029, isolation 0.85
        ((1.0, 53115.0, 0.8029, 0.85), (math.log10(53116.0) / 5.0 + 0.8029 + 0.85) / 3.0),
        ((1.0, 999.0, 0.6, 0.3), 0.5),  # (3 / 5 + 0.6 + 0.3) / 3
        ((0.0, 53115.0, 0.8029, 0.85), 0.0),  # without a pact there is no alliance
    ),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("index", TABLE, ids=lambda index: index.name)
def test_every_index_keeps_its_contract(index: Contract, check: Callable[[Contract], None]):
    check(index)


def test_no_index_is_without_a_contract():
    assert unlisted(indices, TABLE) == set()


def test_the_indices_know_nothing_but_math():
    modules = {item.__name__ for item in vars(indices).values() if inspect.ismodule(item)}
    assert modules == {"math"}


def test_japan_2013_to_two_digits():
    """The figures of the rubric's table, from the indicators of 2013."""
    china = indices.threat(0.0355, 0.2282, 414.0, 1.0, 10.0, 0.85)
    korea = indices.threat(0.0355, 0.0132, 421.0, 0.0, 8.0, 0.70)
    dependence = indices.alliance_dependence(1.0, 53115.0, max(china, korea), 0.85)
    assert round(china, 2) == 0.80
    assert round(korea, 2) == 0.45
    assert round(dependence, 2) == 0.87
    assert round(indices.russian_energy(*JAPAN_FUELS, 0.99), 2) == 0.34


# --- replaceable ----------------------------------------------------------------------------

shares = st.floats(0.001, 1.0)


@examples(100)
@given(unit, unit, unit, unit, unit, unit)
def test_who_buys_nothing_from_russia_can_replace_all_of_it(gas, usa_gas, oil, usa_oil, coal, atom):
    assert indices.replaceable(gas, 0.0, usa_gas, oil, 0.0, usa_oil, coal, 0.0, atom) == 1.0


@examples(100)
@given(shares, shares, shares)
def test_american_gas_replaces_gas_and_not_oil(gas, russian, american):
    covers = indices.replaceable(gas, russian, american, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert covers == pytest.approx(american / (american + russian))
    assert indices.replaceable(0.0, 0.0, american, gas, russian, 0.0, 0.0, 0.0, 0.0) == 0.0


@examples(100)
@given(shares, shares, shares)
def test_american_oil_replaces_oil_and_not_coal(oil, russian, american):
    covers = indices.replaceable(0.0, 0.0, 0.0, oil, russian, american, 0.0, 0.0, 0.0)
    assert covers == pytest.approx(american / (american + russian))
    assert indices.replaceable(0.0, 0.0, 0.0, 0.0, 0.0, american, oil, russian, 0.0) == 0.0


@examples(100)
@given(shares, shares, unit)
def test_nuclear_power_covers_its_share_of_the_rest(gas, russian, nuclear):
    # half of the fuel American: 1 - (1 - 0.5) (1 - n)
    covers = indices.replaceable(gas, russian, russian, 0.0, 0.0, 0.0, 0.0, 0.0, nuclear)
    assert covers == pytest.approx(0.5 + 0.5 * nuclear)


# --- limits ---------------------------------------------------------------------------------


def test_without_troops_threat_and_isolation_remain():
    assert indices.alliance_dependence(1.0, 0.0, 0.6, 0.3) == pytest.approx(0.3)


def test_a_hundred_thousand_troops_count_in_full_and_more_do_not():
    full = indices.alliance_dependence(1.0, 99999.0, 0.0, 0.0)
    assert full == pytest.approx(1.0 / 3.0)
    assert indices.alliance_dependence(1.0, 1e6, 0.0, 0.0) == full


@examples(200)
@given(*[st.floats(0.0, 1.0)] * 2, st.floats(0.0, 20000.0), unit, st.floats(0.0, 500.0), unit)
def test_a_threat_needs_power_nearness_and_hostility(
    own, other, distance, rivalry, disputes, strain
):
    threat = indices.threat(own, other, distance, rivalry, disputes, strain)
    power = other / (own + other) if other else 0.0
    hostility = (rivalry + 1.0 - math.exp(-disputes / 5.0) + strain) / 3.0
    factors = (power, math.exp(-distance / 1000.0), hostility)
    assert min(factors) * 0.999999 <= threat <= max(factors) * 1.000001
