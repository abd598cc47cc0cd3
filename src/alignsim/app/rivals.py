"""The rival explanations: what each forecasts, how it scores, and what the committed studies say.

Forecasts and scores are those of ``alignsim reproduce``; the verdict and the forecasts of what the
weights had not seen are read from ``experiments/``, where ``alignsim compare`` and ``alignsim
forecast`` wrote them.
"""

import csv
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import (
    baselines,
    documents,
    ensemble,
    evaluation,
    evidence,
    history,
    model_comparison,
    shapes,
)
from alignsim.app import setting as settings
from alignsim.decision import ALLY_GROUPS, GROUPS
from alignsim.evaluation import MODEL, NEUTRAL, Rows
from alignsim.history import Documented, Key
from alignsim.hypotheses import ALLY_DECISIONS, ALLY_TERMS, Hypothesis
from alignsim.model_comparison import Specification
from alignsim.scenario import Scenario

RUNS = evaluation.RUNS
"""Free runs of every forecast."""
SEED = 0
"""Of every forecast: the page shows the documented cases, whatever a visitor has set elsewhere."""

THEORIES: dict[str, str] = {
    MODEL: "calibrated",
    NEUTRAL: "neutral",
    **{name.replace("-", " "): name for name in evaluation.SINGLE_GROUPS},
}
"""Weight set of each forecaster that is the theory or a part of it."""
RULES = baselines.NAMES
FITTED_RULES = ("base rate",)
"""Rules that have seen the documented decisions."""

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """One decision of one ally in one episode."""

    episode: str
    state: str
    decision: str

    @property
    def key(self) -> Key:
        """State, decision, toward."""
        return self.state, self.decision, None


@dataclass(frozen=True)
class Weighed:
    """Forecasts of all documented cases by every explanation, and their scores."""

    chances: dict[tuple[str, str], dict[Key, Floats]]
    """Shares of the runs, (steps, options), by episode and forecaster, of the allies' decisions."""
    rows: Rows

    def forecasters(self, case: Case) -> list[str]:
        """Those that say something of a case, the theories before the rules."""
        return [
            name
            for name in (*THEORIES, *RULES)
            if case.key in self.chances.get((case.episode, name), {})
        ]

    def of(self, case: Case, forecaster: str) -> Floats:
        """Probability of each option at each step, (steps, options)."""
        return self.chances[case.episode, forecaster][case.key]

    def scores(self, case: Case) -> dict[str, dict[str, float | None]]:
        """Scores of a case by forecaster."""
        return {
            row["forecaster"]: row
            for row in self.rows
            if (row["episode"], row["state"], row["decision"]) == case
        }

    def means(self, decision: str) -> dict[str, dict[str, float | None]]:
        """Mean scores over all allies and episodes by forecaster."""
        found = evaluation.means(self.rows, allies(), decision)
        return {row["forecaster"]: row for row in found}


@cache
def episodes() -> dict[str, Scenario]:
    """The documented episodes by name."""
    return {name: one for name, one in settings.starts().items() if one.episode == name}


@cache
def records(episode: str) -> tuple[Documented, ...]:
    """Documented decisions of an episode."""
    return tuple(history.documented(episodes()[episode]))


def of_case(case: Case) -> list[Documented]:
    """Documented decisions of one case, by step."""
    return history.by_key(list(records(case.episode)))[case.key]


def allies() -> set[str]:
    """Allies of all episodes."""
    return {ally for scenario in episodes().values() for ally in scenario.allies}


@lru_cache(maxsize=2)
def weighed(runs: int) -> Weighed:
    """All forecasts and scores, as ``alignsim reproduce --runs`` makes them."""
    chances: dict[tuple[str, str], dict[Key, Floats]] = {}
    rows: Rows = []
    pool = {name: list(records(name)) for name in episodes()}
    roles = {name: baselines.roles(scenario) for name, scenario in episodes().items()}
    for episode, scenario in episodes().items():
        keys = [(ally, what, None) for ally in scenario.allies for what in ALLY_DECISIONS]
        for name, weights in THEORIES.items():
            made = ensemble.posterior_runs(scenario, weights, runs, SEED)
            chances[episode, name] = {key: made.frequencies(key) for key in keys}
            fit_on = "none" if name == NEUTRAL else "all"
            rows += evaluation.model_rows(made, pool[episode], name, fit_on)
        for name, own in baselines.forecasts(scenario, pool[episode], pool, roles).items():
            chances[episode, name] = {key: own[key] for key in keys if key in own}
            fit_on = "all" if name in FITTED_RULES else "none"
            rows += evaluation.score_rows(scenario, pool[episode], own, name, fit_on)
    return Weighed(chances, rows)


def modal(chances: Floats) -> list[float | None]:
    """Most probable option at each step; None where several are equally probable."""
    best = chances.max(axis=1, keepdims=True)
    alone = np.isclose(chances, best).sum(axis=1) == 1
    options = chances.argmax(axis=1)
    return [float(option) if one else None for option, one in zip(options, alone, strict=True)]


# --- what an explanation holds ------------------------------------------------------------------


@cache
def _compared() -> Specification:
    # Its shape alone is checked: the whole check plays every episode, and tests make it.
    return shapes.parsed(Specification, documents.read(_file("comparison/comparison.yaml")))


def hypotheses() -> dict[str, Hypothesis]:
    """The explanations that are compared, by name."""
    return _compared().hypotheses


@cache
def hypothesis_of(forecaster: str) -> str | None:
    """The compared explanation that a forecaster is; None where it is none of them."""
    if forecaster == MODEL:
        return model_comparison.FULL
    for group in ALLY_GROUPS:
        if THEORIES.get(forecaster) == evaluation.single_group(group):
            return next(n for n, h in hypotheses().items() if set(h.terms) == set(GROUPS[group]))
    return None


def kept_by_all() -> tuple[str, ...]:
    """Terms that every explanation keeps."""
    return _compared().always


def terms_of(name: str) -> list[str]:
    """Terms of an ally that an explanation has besides those that all keep; none for a rule."""
    one = hypotheses()[name]
    if one.rule is not None:
        return []
    known = one.known(())
    return [term for term in ALLY_TERMS if term in known and term not in kept_by_all()]


# --- committed studies --------------------------------------------------------------------------


class Verdict(NamedTuple):
    """How the documented decisions judge one explanation, against the theory in full."""

    name: str
    title: str
    numbers: int
    evidence: float
    error: float
    factor: float
    """Log Bayes factor."""
    factor_error: float
    low: float
    high: float
    """Range of the log Bayes factor over priors and inputs drawn from their evidence ranges."""

    @property
    def standing(self) -> str:
        """How it stands against the theory in full: cannot be told apart, better, worse."""
        return model_comparison.standing(self.factor, self.factor_error)

    @property
    def is_full(self) -> bool:
        """Whether it is the theory in full itself."""
        return self.name == model_comparison.FULL


class Side(NamedTuple):
    """Whether a forecast from other decisions had an ally on the documented side."""

    forecast: str
    episode: str
    state: str
    probability: float
    right: bool


class Decisions(NamedTuple):
    """How much there is to judge by."""

    documented: int
    """Decisions of all states."""
    judged: int
    """Levels and engagement of the allies, by which the explanations are compared."""
    changes: int
    """Of these, how many differ from the step before."""


@cache
def verdicts() -> tuple[Verdict, ...]:
    """The comparison that is committed, best explanation first."""
    return tuple(
        Verdict(
            row["hypothesis"],
            row["title"],
            int(row["numbers"]),
            float(row["evidence"]),
            float(row["error"]),
            float(row["bayes_factor"]),
            float(row["bayes_factor_error"]),
            min(float(row["priors_least"]), float(row["inputs_least"])),
            max(float(row["priors_most"]), float(row["inputs_most"])),
        )
        for row in _rows("comparison/comparison.csv")
    )


@cache
def sides() -> tuple[Side, ...]:
    """Sides forecast by weights that had not seen them, as committed."""
    return tuple(
        Side(
            row["forecast"],
            row["episode"],
            row["state"],
            float(row["p_documented_side"]),
            row["right"] == "True",
        )
        for row in _rows("forecasts/sides.csv")
    )


@cache
def ahead_of_rules(decision: str) -> tuple[int, int]:
    """Forecasts of unseen decisions in which the theory is closer than every rule, and of all.

    Closer is a lower mean ranked probability score.
    """
    scores: dict[str, dict[str, float]] = {}
    for row in _rows("forecasts/means.csv"):
        if row["decision"] == decision:
            scores.setdefault(row["forecast"], {})[row["forecaster"]] = float(row["rps"])
    won = [min(one, key=lambda name: one[name]) == MODEL for one in scores.values()]
    return sum(won), len(won)


@cache
def decisions() -> Decisions:
    """Documented decisions, those that are judged, and the changes of course among these."""
    documented = judged = changes = 0
    for episode, scenario in episodes().items():
        for (state, decision, _), known in history.by_key(list(records(episode))).items():
            documented += len(known)
            if state in scenario.allies:
                judged += len(known)
                start = int(scenario.before(scenario.states[state][f"initial_{decision}"]))
                course = [start, *(record.value for record in known)]
                changes += sum(before != after for before, after in pairwise(course))
    return Decisions(documented, judged, changes)


def _rows(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(documents.text(_file(file)), newline="")))


def _file(name: str) -> Path:
    return evidence.data_root() / "experiments" / name
