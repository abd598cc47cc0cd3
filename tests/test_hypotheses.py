"""Rival explanations: those that are shipped, what each knows, and which decisions judge them."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from alignsim import (
    evidence,
    history,
    hypotheses,
    likelihood,
    model_comparison,
    nested,
    priors,
    reading,
    rules,
    weights,
)
from alignsim.decision import ALLY_GROUPS, GROUPS, PRECISIONS
from alignsim.hypotheses import ALLY_TERMS, OTHER_TERMS, Hypothesis, Judged
from alignsim.priors import FREE_DYNAMICS, NAMES, Prior
from alignsim.situation import WORLD_ALIGNMENT
from alignsim.variants import Base
from alignsim.weights import TERMS
from tests.strategies import EPISODES

SHIPPED = model_comparison.read()
PRIOR = Prior(precision_centre=6.0, precision=1.5, group=1.0, term=0.7)
NEUTRAL = weights.read_set("neutral")
ALWAYS = ("inertia", "coherence")
BOTH = Judged(episodes=EPISODES, only_allies=True)

KNOWN = {
    "full": set(ALLY_TERMS),
    "energy": {*GROUPS["energy_security"]},
    "alliance": {*GROUPS["alliance_dependence"]},
    "threat": {*GROUPS["regional_threat"]},
    "norms": {*GROUPS["norms"]},
    "commerce": {*GROUPS["commerce"]},
    "energy-and-alliance": {*GROUPS["energy_security"], *GROUPS["alliance_dependence"]},
    "without-balancing": set(ALLY_TERMS) - {"balancing"},
    "without-china-russia-turn": set(ALLY_TERMS),
    "without-norms": set(ALLY_TERMS) - set(GROUPS["norms"]),
    "independence": {"independence"},
}
"""Terms of each shipped explanation that is none of the rules, besides those that all keep."""
RULES = {
    "follow-the-leader": "follow the leader",
    "persistence": "persistence",
    "severity": "severity",
}


@pytest.fixture(scope="module")
def bases():
    return tuple(Base.of(reading.read(name), NEUTRAL) for name in EPISODES)


def target(hypothesis, bases, judged=BOTH):
    return hypotheses.target(hypothesis, ALWAYS, PRIOR, NEUTRAL, bases, judged)


# --- the shipped ones ---------------------------------------------------------------------------


def test_every_explanation_asked_for_is_shipped():
    assert set(SHIPPED.hypotheses) == {*KNOWN, *RULES}
    assert SHIPPED.always == ALWAYS
    assert len({one.title for one in SHIPPED.hypotheses.values()}) == len(SHIPPED.hypotheses)


@pytest.mark.parametrize("name", KNOWN)
def test_an_explanation_knows_its_terms_and_those_that_all_keep(name):
    found = SHIPPED.hypotheses[name]
    assert found.rule is None
    assert found.known(SHIPPED.always) == {*KNOWN[name], *ALWAYS, *OTHER_TERMS}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_knows_no_term(name):
    found = SHIPPED.hypotheses[name]
    assert found.rule == RULES[name]
    assert not found.terms
    assert not found.hold


@pytest.mark.parametrize("name", KNOWN)
def test_every_explanation_rests_on_claims_that_exist(name):
    found = SHIPPED.hypotheses[name]
    assert set(found.claims) <= set(evidence.load().claims)
    assert found.claims or name == "full"


def test_only_the_turn_of_china_holds_an_input():
    held = {name: one.hold for name, one in SHIPPED.hypotheses.items() if one.hold}
    assert held == {"without-china-russia-turn": {"world.china_russia_alignment": 0.30}}
    then = reading.read("crimea-2014").world["china_russia_alignment"]
    assert (then.value, then.changes) == (0.30, ()), "what it was in 2014"


def test_terms_of_allies_and_of_others_are_all_terms():
    assert {*ALLY_TERMS, *OTHER_TERMS} == set(TERMS)
    assert not set(ALLY_TERMS) & set(OTHER_TERMS)
    assert set(ALLY_TERMS) == {term for group in ALLY_GROUPS for term in GROUPS[group]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": ["luck"]},
        {"terms": ["leadership"]},
        {"without": ["luck"]},
        {"rule": "a coin"},
        {"claims": ["somewhere"]},
        {"hold": {"world.severity": "much"}},
        {"luck": 1},
    ],
)
def test_what_is_no_part_of_the_theory_is_refused(wrong):
    with pytest.raises(ValidationError):
        Hypothesis.model_validate({"title": "wrong", **wrong})


# --- what is held -------------------------------------------------------------------------------


def test_a_held_input_acts_in_every_episode(bases):
    turn = SHIPPED.hypotheses["without-china-russia-turn"]
    for base, course in zip(bases, target(turn, bases).courses, strict=True):
        assert (course.line.world[:, WORLD_ALIGNMENT] == 0.30).all()
        free = hypotheses.courses([base], BOTH)[0]
        others = np.delete(course.line.world, WORLD_ALIGNMENT, axis=1)
        assert (others == np.delete(free.line.world, WORLD_ALIGNMENT, axis=1)).all()
        for table, own in zip(free.ranges, course.ranges, strict=True):
            assert (table == own).all()
        assert (course.line.fixed_level == free.line.fixed_level).all()


def test_what_is_held_moves_the_likelihood_where_it_was_another(bases):
    turn, full = (SHIPPED.hypotheses[name] for name in ("without-china-russia-turn", "full"))
    same, other = (
        [
            np.concatenate(likelihood.pointwise(weights.read("neutral"), [course]))
            for course in target(one, bases).courses
        ]
        for one in (turn, full)
    )
    moved = [bool((a != b).any()) for a, b in zip(same, other, strict=True)]
    assert moved == [False, True, True]


def test_an_input_may_be_held_from_before_the_start(bases):
    held = Hypothesis(title="held", terms="all", hold={"states.JPN.initial_level": 3.0})
    for course in target(held, bases).courses:
        japan = 0
        assert course.line.initial_levels[japan] == 3


# --- what judges --------------------------------------------------------------------------------


def judged_keys(judged, name):
    scenario = reading.read(name)
    counts = judged.counts(scenario)
    keys = {(r.state, r.decision, r.toward) for r in history.documented(scenario)}
    return {key for key in keys if counts(*key)}


JAPAN = {
    ("JPN", "level", None),
    ("JPN", "engagement", None),
    ("USA", "stance", "JPN"),
    ("RUS", "stance", "JPN"),
}
KOREA = {(s.replace("JPN", "KOR"), d, t and "KOR") for s, d, t in JAPAN}
LEADER = {("USA", "level", None)}


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ({}, JAPAN | KOREA | LEADER),
        ({"allies": ("JPN",)}, JAPAN | LEADER),
        ({"allies": ("KOR", "JPN")}, JAPAN | KOREA | LEADER),
        ({"allies": ()}, LEADER),
        ({"only_allies": True}, {key for key in JAPAN | KOREA if key[2] is None}),
        ({"allies": ("KOR",), "only_allies": True}, {key for key in KOREA if key[2] is None}),
        ({"episodes": ("ukraine-2022",)}, set()),
        ({"episodes": ()}, set()),
    ],
)
def test_decisions_count_by_episode_ally_and_kind(judged, expected):
    found = Judged.model_validate({"episodes": ("crimea-2014",), **judged})
    assert judged_keys(found, "crimea-2014") == expected


def test_an_episode_without_anything_that_counts_is_kept(bases):
    found = hypotheses.courses(bases, Judged(episodes=("ukraine-2022",), only_allies=True))
    assert [course.counted for course in found] == [0, 0, 4 * 9]


# --- what is sampled ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
def test_free_numbers_are_the_known_terms_of_allies_and_what_they_need(name):
    hypothesis = SHIPPED.hypotheses[name]
    found = hypotheses.space(hypothesis, ALWAYS, PRIOR, NEUTRAL, BOTH)
    kinds = ["precision_level", "precision_engagement"]
    assert set(found.names) == {*KNOWN[name], *ALWAYS, *kinds, *FREE_DYNAMICS}


def test_leader_and_target_are_free_where_they_are_judged():
    judged = Judged(episodes=EPISODES)
    found = hypotheses.space(SHIPPED.hypotheses["norms"], ALWAYS, PRIOR, NEUTRAL, judged)
    kinds = {f"precision_{kind}" for kind in PRECISIONS}
    assert set(found.names) == {"values", *ALWAYS, *OTHER_TERMS, *kinds, *FREE_DYNAMICS}


@pytest.mark.parametrize("name", ["norms", "full"])
def test_a_point_has_the_likelihood_of_its_numbers(name, bases):
    found = target(SHIPPED.hypotheses[name], bases)
    assert found.size == len(found.space.place)
    for normals in np.random.default_rng(0).standard_normal((3, found.size)):
        numbers = priors.numbers(found.space, normals)
        silent = set(TERMS) - KNOWN[name] - set(ALWAYS)
        assert all(numbers[NAMES.index(term)] == 0.0 for term in silent)
        chosen, dynamics = priors.weights_of(numbers), priors.dynamics_of(numbers)
        expected = likelihood.log_likelihood(chosen, dynamics, found.courses)
        assert nested.evaluate(found, normals) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_judged_by_the_same_decisions(name, bases):
    found = target(SHIPPED.hypotheses[name], bases)
    theory = target(SHIPPED.hypotheses["full"], bases)
    assert found.space is None
    assert found.courses is None
    assert found.rule.kind == rules.KINDS[RULES[name]]
    assert found.size == rules.SIZES[found.rule.kind]
    assert len(found.rule.size) == sum(course.counted for course in theory.courses)
    assert (found.rule.centre, found.rule.spread) == (math.log(6.0), 1.5)
