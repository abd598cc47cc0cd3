"""Weights from where the states of a world had come to, sampled as calibrations are."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import calibrate, chain, documents, hypotheses, jobs, nested, priors, reading, wholes
from alignsim import weights as weight_sets
from alignsim.chain import World
from alignsim.history import Ends
from alignsim.hypotheses import Hypothesis, Judged
from alignsim.jobs import Job, Result
from alignsim.panel.specification import Fit, Specification
from alignsim.priors import Space
from alignsim.scenario import Scenario
from alignsim.weights import RATES, Parameters

Floats = NDArray[np.float64]
Told = Callable[[int, str], None]


class PanelJob(Job):
    """One nested sample of weights from a world, and from decisions of episodes."""

    world: str
    ends: Ends | None = None
    """Where its states had come to, if the specification says so."""
    without: tuple[str, ...]
    """Units whose end does not count."""
    free_terms: tuple[str, ...]
    free_precisions: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Hash of the job and of all that it rests on."""
        rests_on = jobs.foundations(self.episodes, self.dynamics, __name__)
        own = _world_digest(self.world, self.ends and self.ends.model_dump_json())
        return documents.digest([self.content, rests_on, own])

    @property
    def terms(self) -> frozenset[str]:
        """Terms that have a weight."""
        return frozenset(self.free_terms)

    def space(self) -> Space:
        """The free numbers."""
        known = weight_sets.read_set(self.dynamics)
        return priors.space(self.prior, known, self.free_terms, self.free_precisions)

    def target(self) -> nested.Target:
        """What is sampled."""
        own = self.space()
        along = hypotheses.courses(self.bases(), self.judged)
        ends = chain.world(_scenario(self.world), without=self.without, stated=self.ends)
        return nested.Target(len(own.place), own, along, None, ends)


@cache
def _scenario(world: str) -> Scenario:
    return reading.read(world)


@cache
def _world_digest(world: str, stated: str | None) -> str:
    scenario = _scenario(world)
    one = chain.world(scenario, stated=Ends.model_validate_json(stated) if stated else None)
    arrays = [np.asarray(part).tolist() for part in (*one.line, *one[1:])]
    return documents.digest([scenario.digest, arrays])


def job(
    specification: Specification,
    name: str,
    left_out: Sequence[str] = (),
    allies: tuple[str, ...] | None = None,
) -> PanelJob:
    """The job of one fit; with units left out of the world, and allies alone in the episodes."""
    fit = specification.fits[name]
    return PanelJob(
        name=name if not left_out else f"{name} without {', '.join(left_out)[:40]}",
        hypothesis=Hypothesis(title=fit.title),
        always=calibrate.ALWAYS,
        prior=specification.prior,
        dynamics=specification.dynamics,
        episodes=tuple(reading.shipped("episodes")),
        judged=Judged(episodes=() if allies == () else fit.episodes, allies=allies),
        settings=specification.sampler,
        seed=specification.seed,
        draws=specification.draws,
        refresh=specification.refresh,
        world=specification.fit_on,
        ends=specification.ends,
        without=tuple(sorted({*fit.without, *left_out})),
        free_terms=fit.terms,
        free_precisions=fit.precisions,
    )


@dataclass(frozen=True)
class Fitted:
    """Draws of the weights of one fit, and what they say of the world that was fitted."""

    name: str
    fit: Fit
    result: Result
    world: World

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a draw, columns as in weight files; the feedbacks are at rest."""
        drawn = calibrate.draws(self.result)
        return drawn.assign(**{f"dynamics.{rate}": 0.0 for rate in RATES})

    @cached_property
    def drawn(self) -> tuple[Parameters, ...]:
        """The draws as both engines take them."""
        return calibrate.parameters(self.name, self.table)

    @cached_property
    def levels(self) -> Floats:
        """Probability of each level of each unit by each draw, (draws, U, 6)."""
        found = [chain.probabilities(one.weights, one.dynamics, self.world) for one in self.drawn]
        return np.array(found)

    @cached_property
    def joined(self) -> Floats:
        """Probability that each unit has joined by each draw, (draws, U)."""
        return chain.joined(self.levels)

    @cached_property
    def logs(self) -> Floats:
        """Log probability of each unit's documented end by each draw, (draws, U); NaN without."""
        found = np.full(self.joined.shape, np.nan)
        for unit, (low, high) in enumerate(self.world.ends):
            if low >= 0:
                mass = self.levels[:, unit, low : high + 1].sum(axis=1)
                found[:, unit] = np.log(np.maximum(mass, chain.FLOOR))
        return found


@wholes.taken(workers=wholes.ONE_UP)
def fit(
    specification: Specification,
    folder: Path,
    workers: int = 1,
    told: Told = lambda done, name: None,
) -> dict[str, Fitted]:
    """Every fit of a specification, sampled in a folder or found there. Deterministic."""
    wanted = [job(specification, name) for name in specification.fits]
    results = jobs.run(wanted, folder / "samples", workers, told)
    world = chain.world(_scenario(specification.fit_on), stated=specification.ends)
    return {
        name: Fitted(name, own, result, world)
        for (name, own), result in zip(specification.fits.items(), results, strict=True)
    }


# --- what the world teaches -----------------------------------------------------------------


def identified(specification: Specification, fits: dict[str, Fitted]) -> pd.DataFrame:
    """How far each source of evidence narrows each term that bears on joining: a row a term.

    Contraction of the log of the term's total weight times the precision of levels: 1 less the
    ratio of posterior to prior variance (Betancourt 2018). ``two_allies`` are the draws shipped
    for the episode of the main fit; ``world`` the flat fit, ``both`` the main one.
    """
    main, flat = fits[specification.main], fits["flat"]
    known = [term for term in flat.fit.terms if term in main.fit.terms]
    before = _strengths(calibrate.draws(_prior_result(flat.result.job)), known)
    allies = _strengths(_shipped(main.fit.episodes), known)
    world, both = _strengths(flat.table, known), _strengths(main.table, known)
    rows = []
    for term in known:
        prior = before[term].var()
        low, middle, high = np.exp(np.quantile(both[term], (0.05, 0.5, 0.95)))
        rows.append(
            {
                "term": term,
                "two_allies": float(1.0 - allies[term].var() / prior),
                "world": float(1.0 - world[term].var() / prior),
                "both": float(1.0 - both[term].var() / prior),
                "strength": float(middle),
                "strength_low": float(low),
                "strength_high": float(high),
            }
        )
    return pd.DataFrame(rows)


PRIOR_DRAWS = 4000


def _prior_result(one: Job) -> Result:
    normals = np.random.default_rng(0).standard_normal((PRIOR_DRAWS, len(one.space().place)))
    return Result(one, 0.0, 0.0, 0.0, 0, 0.0, normals)


def _shipped(episodes: Sequence[str]) -> pd.DataFrame:
    """Draws of the shipped weights that saw these episodes."""
    name = "fitted-2014" if tuple(episodes) == ("crimea-2014",) else "calibrated"
    file = weight_sets.find(name)
    return pd.read_csv(file.with_name(weight_sets.read_set(name).draws or ""))


def _strengths(table: pd.DataFrame, known: Sequence[str]) -> pd.DataFrame:
    """Log of total weight times precision of levels, by term that has a weight, of draws."""
    precision = np.log(table["precision.level"])
    return pd.DataFrame(
        {
            term: np.log(table[f"groups.{weight_sets.GROUP_OF[term]}"])
            + np.log(table[f"terms.{term}"])
            + precision
            for term in known
        }
    )


def groups(fits: dict[str, Fitted]) -> pd.DataFrame:
    """What the world says of the flat fit against those without a group: a row a fit.

    ``log_bayes_factor`` is the log marginal likelihood less that of the flat fit, with the
    standard error of the difference.
    """
    flat = fits["flat"].result
    rows: list[dict[str, Any]] = []
    for name, one in fits.items():
        if name == "flat" or one.fit.leave:
            error = float(np.hypot(one.result.error, flat.error)) if name != "flat" else 0.0
            rows.append(
                {
                    "fit": name,
                    "left_out": " ".join(one.fit.leave),
                    "log_marginal_likelihood": one.result.evidence,
                    "log_bayes_factor": one.result.evidence - flat.evidence,
                    "error": error,
                }
            )
    return pd.DataFrame(rows)


def shipped_as(specification: Specification) -> dict[str, str]:
    """Weight files by fit: of the main one, and of that with all decisions."""
    world = _scenario(specification.fit_on).name
    main = {specification.main: f"{world}.yaml"}
    joint = {"joint": f"{world}-joint.yaml"}
    return main | {name: file for name, file in joint.items() if name in specification.fits}


# --- the weight file ------------------------------------------------------------------------


def weight_files(specification: Specification, fitted: Fitted, file: Path, date: str) -> list[Path]:
    """Write a weight file, its draws beside it. Raises DocumentError where it would be refused."""
    base = weight_sets.read_set(specification.dynamics)
    beside = file.with_name(f"{file.stem}-draws.csv")
    counted = int((fitted.result.job.target().world.ends[:, 0] >= 0).sum())  # type: ignore[union-attr]
    note = f"{fitted.fit.title}. The yearly feedbacks are at rest, as in the likelihood."
    lines = [
        "# Fitted by `alignsim panel fit`; change its specification, not this file.",
        f"name: {file.stem}",
        "kind: weights",
        "status: calibrated",
        f"note: {json.dumps(note, ensure_ascii=False)}",
        f"data: ends of {counted} units of {_scenario(specification.fit_on).name}"
        + "".join(f", decisions of {episode}" for episode in fitted.fit.episodes),
        "method: posterior mean of the logs, 90 % intervals; log marginal likelihood"
        f" {fitted.result.evidence:.2f} +- {fitted.result.error:.2f}",
        f'date: "{date}"',
        f"draws: {beside.name}",
        *calibrate.numbers(fitted.table, _at_rest(base)),
    ]
    text = "\n".join(lines) + "\n"
    weight_sets.parse(documents.parse(text.encode(), str(file)))
    csv = fitted.table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    documents.write_whole(beside, csv)
    documents.write_whole(file, text)
    return [file, beside]


def _at_rest(base: weight_sets.WeightSet) -> weight_sets.WeightSet:
    still = {
        name: number.model_copy(update={"value": 0.0, "range": (0.0, 0.0), "source": ["design"]})
        if name in RATES
        else number
        for name, number in base.dynamics.items()
    }
    return base.model_copy(update={"dynamics": still})
