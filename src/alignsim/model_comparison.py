"""Which explanation history favours: marginal likelihoods, Bayes factors, and held-out decisions.

The log marginal likelihood of a hypothesis is what it gave the documented decisions before it saw
any; the difference of two is the log of a Bayes factor (Kass and Raftery 1995). What it gives the
decisions of one episode, or of one ally, after it has seen all others is the difference of its
evidence with and without them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from alignsim import documents, evidence, jobs, reading, shapes, variant_paths, variants, wholes
from alignsim import weights as weight_sets
from alignsim.decision import total
from alignsim.documents import Document
from alignsim.hypotheses import ALLY_TERMS, Hypothesis, Judged
from alignsim.jobs import Job, Result
from alignsim.nested import Settings
from alignsim.priors import Prior
from alignsim.shapes import Frozen
from alignsim.variants import Base, InputTarget, Setting
from alignsim.wholes import MAX_SEED

FULL = "full"
CLEAR = 3.0
"""Log Bayes factor from which one speaks of strong evidence: odds of 20 (Kass and Raftery 1995)."""
ERRORS = 2.0
"""Standard errors by which a difference must exceed what the sampler does not know."""

EPISODE, ALLY = "episode", "ally"


class Effort(Frozen):
    """How thoroughly to compare."""

    sampler: Settings
    input_draws: Annotated[int, Field(ge=0, le=1000, strict=True)]
    prior_scales: tuple[Annotated[float, Field(gt=0, le=5)], ...]


class Specification(Frozen):
    """A comparison, as in ``experiments/comparison``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["comparison"]
    note: str
    episodes: Annotated[tuple[str, ...], Field(min_length=1)]
    prior: Prior
    dynamics: str
    always: tuple[Literal[ALLY_TERMS], ...]  # type: ignore[valid-type]
    full: Effort
    quick: Effort
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    hypotheses: Annotated[dict[str, Hypothesis], Field(min_length=2)]

    def allies(self) -> tuple[str, ...]:
        """Allies of the episodes."""
        return _allies(self.episodes)


@cache
def _allies(episodes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for e in episodes for a in reading.read(e).allies))


def read(file: Path | str | None = None) -> Specification:
    """Read a comparison; the shipped one by default. Raises DocumentError."""
    shipped = evidence.data_root() / "experiments" / "comparison" / "comparison.yaml"
    return parse(documents.read(shipped if file is None else file))


def parse(document: Document) -> Specification:
    """Check a comparison and what it names. Raises DocumentError."""
    found = shapes.parsed(Specification, document)
    if FULL not in found.hypotheses:
        raise document.error(("hypotheses",), f"missing key {FULL}: what all are compared with")
    weight_sets.read_set(found.dynamics)
    known = evidence.load().claims
    reading.all_named(document, "episodes", found.episodes)
    for name, hypothesis in found.hypotheses.items():
        at = ("hypotheses", name)
        if hypothesis.rule is None and not hypothesis.terms:
            raise document.error(at, "should have terms or a rule")
        if hypothesis.rule is not None and (
            hypothesis.terms or hypothesis.without or hypothesis.hold
        ):
            raise document.error((*at, "rule"), "goes with neither terms nor without nor hold")
        for index, claim in enumerate(hypothesis.claims):
            if claim not in known:
                raise document.error((*at, "claims", index), f"{claim}: no such claim")
        for path, value in hypothesis.hold.items():
            if fault := _hold_fault(found, path, value):
                raise document.error((*at, "hold", path), fault)
    return found


def _hold_fault(found: Specification, path: str, value: float) -> str:
    """What is wrong with an input held at a value; empty if nothing. It acts in every episode."""
    dynamics = weight_sets.read_set(found.dynamics)
    for name in found.episodes:
        base = Base.of(reading.read(name), dynamics)
        try:
            held = variant_paths.target(base, path)
            if not isinstance(held, InputTarget) or held.month is not None:
                return "should be an input, such as world.severity"
            variants.vary(base, [Setting(held)], [value])
        except ValueError as error:
            return str(error)
    return ""


# --- the samples that are needed ------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """One evidence of one hypothesis: what is left out, and what else differs from the base."""

    hypothesis: str
    kind: Literal["all", "episode", "ally", "prior", "inputs"]
    which: str = ""


def questions(specification: Specification, effort: Effort) -> list[Question]:
    """Every evidence that the comparison rests on."""
    found = []
    for name in specification.hypotheses:
        found.append(Question(name, "all"))
        found += [Question(name, "episode", one) for one in specification.episodes]
        found += [Question(name, "ally", one) for one in specification.allies()]
        found += [Question(name, "prior", f"{scale:g}") for scale in effort.prior_scales]
        found += [Question(name, "inputs", str(number)) for number in range(effort.input_draws)]
    return found


def job(specification: Specification, effort: Effort, question: Question) -> Job:
    """The nested sample that answers a question."""
    episodes, allies = specification.episodes, specification.allies()
    prior = specification.prior
    if question.kind == "episode":
        episodes = tuple(one for one in episodes if one != question.which)
    if question.kind == "ally":
        allies = tuple(one for one in allies if one != question.which)
    if question.kind == "prior":
        prior = prior.scaled(float(question.which))
    drawn = (int(question.which), effort.input_draws) if question.kind == "inputs" else None
    label = " ".join((question.hypothesis, question.kind, question.which)).strip()
    return Job(
        name=label,
        hypothesis=specification.hypotheses[question.hypothesis],
        always=specification.always,
        prior=prior,
        dynamics=specification.dynamics,
        episodes=specification.episodes,
        judged=Judged(episodes=episodes, allies=allies, only_allies=True),
        settings=effort.sampler,
        seed=specification.seed,
        inputs=drawn,
    )


# --- the comparison -------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """Evidence of every hypothesis, and what it gave what it had not seen.

    ``table`` has a row a hypothesis, best first; see :func:`tabulated`.
    """

    specification: Specification
    effort: Effort
    answers: dict[Question, Result]
    table: pd.DataFrame

    @property
    def complete(self) -> bool:
        """Whether priors and inputs were varied as well."""
        return self.effort.input_draws > 0


@wholes.taken(workers=wholes.ONE_UP)
def compare(
    specification: Specification,
    folder: Path,
    quick: bool = False,
    workers: int = 1,
    told: Callable[[int, str], None] = lambda done, name: None,
) -> Comparison:
    """Sample every evidence, or what a folder lacks of them. The same seed, the same result."""
    effort = specification.quick if quick else specification.full
    asked = questions(specification, effort)
    wanted = [job(specification, effort, question) for question in asked]
    answers = dict(zip(asked, jobs.run(wanted, folder / "samples", workers, told), strict=True))
    return Comparison(specification, effort, answers, tabulated(specification, effort, answers))


def tabulated(
    specification: Specification, effort: Effort, answers: dict[Question, Result]
) -> pd.DataFrame:
    """A row a hypothesis, highest evidence first.

    Columns: ``hypothesis``, ``title``, ``numbers`` (free ones), ``evidence`` (log marginal
    likelihood) and ``error`` (its standard error), ``bayes_factor`` (log, against the full theory)
    and ``bayes_factor_error``, ``leave_one_episode_out`` and ``leave_one_ally_out`` (summed log
    probability of decisions not seen) with errors, then, where varied, the least and most of the
    Bayes factor over priors, and its mean, least and most over the drawings of the inputs, with
    the share of drawings in which the full theory is ahead.
    """
    rows = []
    for name, hypothesis in specification.hypotheses.items():
        whole = answers[Question(name, "all")]
        factor, error = bayes_factor(answers, name)
        row: dict[str, Any] = {
            "hypothesis": name,
            "title": hypothesis.title,
            "numbers": whole.job.target().size,
            "evidence": whole.evidence,
            "error": whole.error,
            "bayes_factor": factor,
            "bayes_factor_error": error,
        }
        for kind in (EPISODE, ALLY):
            value, spread = held_out(answers, name, kind)
            row[f"leave_one_{kind}_out"], row[f"leave_one_{kind}_out_error"] = value, spread
        rows.append(row | _over_priors(answers, effort, name) | _over_inputs(answers, effort, name))
    table = pd.DataFrame(rows).sort_values("evidence", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def bayes_factor(
    answers: dict[Question, Result], name: str, kind: Any = "all", which: str = ""
) -> tuple[float, float]:
    """Log Bayes factor of a hypothesis against the full theory, and its standard error."""
    own, full = answers[Question(name, kind, which)], answers[Question(FULL, kind, which)]
    if name == FULL:
        return 0.0, 0.0
    return own.evidence - full.evidence, math.hypot(own.error, full.error)


def held_out(answers: dict[Question, Result], name: str, kind: str) -> tuple[float, float]:
    """Log probability of each part after the others, summed; and its standard error.

    log p(part | others) is the evidence with the part less that without it.
    """
    whole = answers[Question(name, "all")]
    without = [
        answer
        for question, answer in answers.items()
        if (question.hypothesis, question.kind) == (name, kind)
    ]
    value = total(tuple(whole.evidence - part.evidence for part in without))
    error = math.hypot(len(without) * whole.error, *(part.error for part in without))
    return value, error


def _factors(answers: dict[Question, Result], name: str, kind: str) -> list[float]:
    return [
        bayes_factor(answers, name, kind, question.which)[0]
        for question in answers
        if (question.hypothesis, question.kind) == (name, kind)
    ]


def _over_priors(answers: dict[Question, Result], effort: Effort, name: str) -> dict[str, float]:
    if not effort.prior_scales:
        return {}
    found = [*_factors(answers, name, "prior"), bayes_factor(answers, name)[0]]
    return {"priors_least": min(found), "priors_most": max(found)}


def _over_inputs(answers: dict[Question, Result], effort: Effort, name: str) -> dict[str, float]:
    if not effort.input_draws:
        return {}
    found = np.array(_factors(answers, name, "inputs"))
    return {
        "inputs_mean": float(found.mean()),
        "inputs_least": float(found.min()),
        "inputs_most": float(found.max()),
        "inputs_full_ahead": float((found < 0.0).mean()) if name != FULL else math.nan,
    }


# --- in words -------------------------------------------------------------------------------


def standing(factor: float, error: float) -> str:
    """How a hypothesis stands against another, by the log Bayes factor and its standard error."""
    if abs(factor) < max(ERRORS * error, 1.0):
        return "cannot be told apart from"
    how = "clearly " if abs(factor) >= CLEAR + ERRORS * error else ""
    return f"{how}{'better' if factor > 0.0 else 'worse'} than"


def verdict(comparison: Comparison) -> list[str]:
    """What the decisions say, a sentence or two a point; "cannot be told apart" where so."""
    table = comparison.table
    rows: Any = table.to_dict("records")
    best = rows[0]
    near = [
        row["title"]
        for row in rows[1:]
        if _margin(row, best)[0] < max(ERRORS * _margin(row, best)[1], 1.0)
    ]
    said = [f"The decisions favour most: {best['title']}."]
    if near:
        said.append(f"It cannot be told apart from: {'; '.join(near)}.")
    full = next(row for row in rows if row["hypothesis"] == FULL)
    for row in rows:
        if row is not full:
            said.append(_against_full(row))
    for kind in (EPISODE, ALLY):
        said.append(_held_out_verdict(rows, kind))
    return said


def _margin(row: dict[str, Any], best: dict[str, Any]) -> tuple[float, float]:
    return best["evidence"] - row["evidence"], math.hypot(best["error"], row["error"])


def _against_full(row: dict[str, Any]) -> str:
    factor, error = row["bayes_factor"], row["bayes_factor_error"]
    said = (
        f"{row['title']}: {standing(factor, error)} the theory in full "
        f"(log Bayes factor {factor:+.1f} +- {error:.1f})"
    )
    ranges = [
        (row[f"{what}_least"], row[f"{what}_most"])
        for what in ("priors", "inputs")
        if f"{what}_least" in row
    ]
    if ranges:
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        held = low * factor > 0.0 and high * factor > 0.0
        said += f"; over priors and inputs {low:+z.1f} to {high:+z.1f}, "
        said += "the same side throughout" if held else "not always on the same side"
    return f"{said}."


def _held_out_verdict(rows: Sequence[dict[str, Any]], kind: str) -> str:
    field = f"leave_one_{kind}_out"
    ordered = sorted(rows, key=lambda row: -row[field])
    first, second = ordered[0], ordered[1]
    gap = first[field] - second[field]
    error = math.hypot(first[f"{field}_error"], second[f"{field}_error"])
    told = "ahead of" if gap > ERRORS * error else "not to be told apart from"
    return (
        f"Of each {kind} from the others, {first['title']!r} forecasts best "
        f"({first[field]:.1f}), {told} {second['title']!r} ({second[field]:.1f}; difference "
        f"{gap:.1f} +- {error:.1f})."
    )


def record(comparison: Comparison) -> dict[str, Any]:
    """What ``--json`` prints."""
    cells = comparison.table.to_dict("records")
    rows = [{k: None if v != v else v for k, v in row.items()} for row in cells]
    return {
        "name": comparison.specification.name,
        "quick": comparison.effort is comparison.specification.quick,
        "samples": len(comparison.answers),
        "calls": sum(answer.calls for answer in comparison.answers.values()),
        "hypotheses": rows,
        "verdict": verdict(comparison),
    }
