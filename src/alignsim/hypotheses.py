"""Rival explanations: which terms of the theory each knows, declared with the claims behind them.

A hypothesis is the theory with some terms, the others silent; or the theory with an input held; or
a rule without theory (:mod:`alignsim.rules`). What it says of a history is a target for the
sampler of :mod:`alignsim.nested`.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from alignsim import history, likelihood, priors, rules, timeline, variant_paths, variants
from alignsim.decision import ALLY_GROUPS, GROUPS, PRECISIONS
from alignsim.likelihood import Counts, Course
from alignsim.nested import Target
from alignsim.priors import Prior, Space
from alignsim.scenario import Scenario
from alignsim.shapes import Frozen
from alignsim.variants import Base, Setting
from alignsim.weights import GROUP_OF, TERMS, WeightSet

ALLY_TERMS = tuple(term for group in ALLY_GROUPS for term in GROUPS[group])
"""Terms that an ally weighs; those of leader and target are no part of what hypotheses dispute."""
OTHER_TERMS = tuple(term for term in TERMS if GROUP_OF[term] not in ALLY_GROUPS)
ALLY_DECISIONS = ("level", "engagement")

Claim = Annotated[str, Field(pattern=r"^[A-Z]\d\d-\d\d$")]


class Hypothesis(Frozen):
    """One explanation; ``terms`` are an ally's, besides those that all hypotheses keep."""

    title: str
    claims: tuple[Claim, ...] = ()
    terms: Literal["all"] | tuple[Literal[ALLY_TERMS], ...] = ()  # type: ignore[valid-type]
    without: tuple[Literal[ALLY_TERMS], ...] = ()  # type: ignore[valid-type]
    hold: dict[str, float] = Field(default_factory=dict, description="Inputs held at a value.")
    rule: Literal["persistence", "follow the leader", "severity"] | None = None

    def known(self, always: Collection[str]) -> frozenset[str]:
        """Terms that have a weight, those of leader and target among them."""
        own = ALLY_TERMS if self.terms == "all" else self.terms
        return frozenset({*own, *always, *OTHER_TERMS} - set(self.without))


class Judged(Frozen):
    """Which documented decisions count: of which episodes, allies and kinds."""

    episodes: tuple[str, ...]
    allies: tuple[str, ...] | None = None
    """Decisions of and toward these allies, and the leader's level; None for all allies."""
    only_allies: bool = False
    """Levels and engagement of the allies alone."""

    def counts(self, scenario: Scenario) -> Counts:
        """Whether a decision of a scenario counts."""

        def judge(state: str, decision: str, toward: str | None) -> bool:
            if scenario.name not in self.episodes:
                return False
            if self.only_allies and (state not in scenario.allies):
                return False
            ally = toward if toward is not None else state
            if ally not in scenario.allies:
                return True
            return self.allies is None or ally in self.allies

        return judge


def courses(
    bases: Iterable[Base], judged: Judged, held: Sequence[tuple[str, float]] = ()
) -> tuple[Course, ...]:
    """The documented course of each base, with the decisions that count. Raises PointError.

    ``held`` inputs are set in each. Bases of which nothing counts are kept: the engine is then
    compiled once for any choice of episodes.
    """
    made = []
    for base in bases:
        scenario, records = base.scenario, history.documented(base.scenario)
        if held:
            settings = [Setting(variant_paths.target(base, path)) for path, _ in held]
            scenario = variants.vary(base, settings, [value for _, value in held]).scenario
        line = timeline.build(history.replayed(scenario, records))
        made.append(likelihood.course(scenario, judged.counts(scenario), line, records))
    return tuple(made)


def space(
    hypothesis: Hypothesis,
    always: Collection[str],
    prior: Prior,
    dynamics: WeightSet,
    judged: Judged,
) -> Space:
    """The free numbers of a hypothesis, where it is no rule."""
    known = hypothesis.known(always)
    if not judged.only_allies:
        return priors.space(prior, dynamics, known, PRECISIONS)
    return priors.space(prior, dynamics, known - set(OTHER_TERMS), ALLY_DECISIONS)


def target(
    hypothesis: Hypothesis,
    always: Collection[str],
    prior: Prior,
    dynamics: WeightSet,
    bases: Iterable[Base],
    judged: Judged,
) -> Target:
    """What the sampler samples for a hypothesis. Raises PointError."""
    along = courses(bases, judged, tuple(hypothesis.hold.items()))
    if hypothesis.rule is not None:
        kind = rules.KINDS[hypothesis.rule]
        rule = rules.of_courses(kind, along, prior.precision_centre, prior.precision)
        return Target(rules.SIZES[kind], rule=rule)
    own = space(hypothesis, always, prior, dynamics, judged)
    return Target(len(own.place), own, along)
