"""Weights from the documented decisions: posterior, weight file and draws, by a specification.

Bayes' rule with the exact likelihood of :mod:`alignsim.likelihood` and the priors of
:mod:`alignsim.priors`, sampled by :mod:`alignsim.nested`. With ``input_draws`` the weights are
calibrated once for each drawing of the coded inputs and the draws pooled alike, so that decisions
never move inputs: modular inference, a cut posterior (Plummer 2015).
"""

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from alignsim import documents, jobs, priors, reading, shapes, wholes
from alignsim import weights as weight_sets
from alignsim.decision import ALLY_GROUPS, GROUPS
from alignsim.documents import Document
from alignsim.history import documented
from alignsim.hypotheses import Hypothesis, Judged
from alignsim.jobs import Job, Result
from alignsim.nested import Settings
from alignsim.priors import Prior
from alignsim.shapes import Frozen
from alignsim.weights import PARTS, Parameters
from alignsim.wholes import MAX_SEED

Floats = NDArray[np.float64]

LABEL = "alignsim calibrate"
INTERVAL = (0.05, 0.95)
"""Quantiles of the posterior that ranges of weight files state."""
ALWAYS = ("inertia", "coherence")
"""Terms that every explanation keeps: the status quo is no rival of any."""


class Specification(Frozen):
    """A calibration specification, as in ``experiments/calibration``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["calibration"]
    note: str
    fit_on: Annotated[tuple[str, ...], Field(min_length=1)]
    allies: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Allies whose decisions count; by default all."""
    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    prior: Prior
    dynamics: str
    sampler: Settings
    draws: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    refresh: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    """Metropolis steps of each draw after the nested sample."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    input_draws: Annotated[int, Field(ge=2, le=1000, strict=True)] | None = None

    @property
    def hypothesis(self) -> Hypothesis:
        """The theory with the groups that it knows."""
        terms = tuple(term for group in self.groups for term in GROUPS[group])
        return Hypothesis(title=self.name, terms=terms)

    def known(self) -> frozenset[str]:
        """Terms that have a weight."""
        return self.hypothesis.known(ALWAYS)

    def jobs(self) -> list[Job]:
        """The nested samples to make: one, or one a drawing of the inputs."""
        count, episodes = self.input_draws, self.episodes()
        judged = Judged(episodes=tuple(self._fitted()), allies=self.allies)
        numbers = [None] if count is None else [(number, count) for number in range(count)]
        return [
            Job(
                name=self.name if inputs is None else f"{self.name}, inputs {inputs[0] + 1}",
                hypothesis=self.hypothesis,
                always=ALWAYS,
                prior=self.prior,
                dynamics=self.dynamics,
                episodes=episodes,
                judged=judged,
                settings=self.sampler,
                seed=self.seed,
                draws=self.draws,
                refresh=self.refresh,
                inputs=inputs,
            )
            for inputs in numbers
        ]

    def episodes(self) -> tuple[str, ...]:
        """Shipped episodes, and others that are fitted on; the engine replays all alike.

        A file that is fitted on stands for the shipped episode of the same name.
        """
        shipped = {name: name for name in reading.shipped("episodes")}
        return tuple((shipped | self._fitted()).values())

    def _fitted(self) -> dict[str, str]:
        """What is fitted on, by the scenario's own name."""
        shipped = reading.shipped("episodes")
        return {name if name in shipped else reading.read(name).name: name for name in self.fit_on}


def read(file: Path | str) -> Specification:
    """Read a specification. Raises DocumentError."""
    return parse(documents.read(file))


def parse(document: Document) -> Specification:
    """Check a specification and what it names. Raises DocumentError."""
    specification = shapes.parsed(Specification, document)
    for index, group in enumerate(specification.groups):
        if group not in ALLY_GROUPS:
            raise document.error(("groups", index), f"one of {', '.join(ALLY_GROUPS)}")
    weight_sets.read_set(specification.dynamics)
    for index, scenario in enumerate(reading.all_named(document, "fit_on", specification.fit_on)):
        for at, ally in enumerate(specification.allies or ()):
            if ally not in scenario.allies:
                raise document.error(("allies", at), f"one of {', '.join(scenario.allies)}")
        if not documented(scenario):
            fault = f"{specification.fit_on[index]} has no documented decisions"
            raise document.error(("fit_on", index), fault)
    return specification


# --- the posterior --------------------------------------------------------------------------


@dataclass(frozen=True)
class Posterior:
    """Equally weighted draws of a weight set's numbers, and the samples that they are from.

    ``table`` has a row a draw and a column a number, such as ``groups.norms``; ``results`` has one
    sample, or one a drawing of the inputs.
    """

    specification: Specification
    table: pd.DataFrame
    results: tuple[Result, ...]
    decisions: int

    @property
    def evidence(self) -> float:
        """Log marginal likelihood; averaged over drawings of the inputs."""
        logs = np.array([result.evidence for result in self.results])
        top = logs.max()
        return float(top + np.log(np.mean(np.exp(logs - top))))

    @property
    def error(self) -> float:
        """Standard error of the evidence of one sample."""
        return float(np.mean([result.error for result in self.results]))


@wholes.taken(workers=wholes.ONE_UP)
def calibrate(
    specification: Specification,
    folder: Path,
    workers: int = 1,
    told: Callable[[int, str], None] = lambda done, name: None,
) -> Posterior:
    """Sample the posterior, or what is left of it to sample, in a folder. Deterministic.

    Raises DocumentError for a damaged file of the folder.
    """
    results = jobs.run(specification.jobs(), folder / "samples", workers, told)
    table = pd.concat([draws(result) for result in results], ignore_index=True)
    if len(results) > 1:
        rng = np.random.default_rng(specification.seed)
        kept = rng.permutation(len(table))[: specification.draws]
        table = table.iloc[kept].reset_index(drop=True)
    counted = sum(course.counted for course in results[0].job.target().courses or ())
    return Posterior(specification, table, tuple(results), counted)


def draws(result: Result) -> pd.DataFrame:
    """Draws of a sample as numbers of a weight set: a row a draw, columns as in weight files."""
    job = result.job
    terms, own = job.terms, job.space()
    rows = []
    for normals in result.normals:
        parts = priors.parts(job.prior, terms, priors.numbers(own, normals))
        rows.append({f"{part}.{name}": parts[part][name] for part in PARTS for name in PARTS[part]})
    return pd.DataFrame(rows)


def by_part(row: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """A row of draws as the parts of a weight set."""
    return {part: {name: row[f"{part}.{name}"] for name in names} for part, names in PARTS.items()}


def parameters(name: str, table: pd.DataFrame) -> tuple[Parameters, ...]:
    """Each row of draws as both engines take it, under a name."""
    rows: Any = table.to_dict("records")
    return tuple(weight_sets.from_numbers(name, by_part(row)) for row in rows)


def summary(posterior: Posterior) -> pd.DataFrame:
    """A row a number: mean of its log as a number, standard deviation of the log, quantiles.

    ``contraction`` is one less the ratio of posterior to prior variance (of the log): 0 where the
    decisions teach nothing, towards 1 where they teach all (Betancourt 2018). Numbers that are
    uniform before are summarised as they are.
    """
    before = prior_draws(posterior.specification)
    rows = []
    for name in map(str, posterior.table):
        values, prior = posterior.table[name].to_numpy(), before[name].to_numpy()
        if values.max() == values.min():
            continue
        plain = name.startswith("dynamics.")
        after, prior = (values, prior) if plain else (np.log(values), np.log(prior))
        low, high = np.quantile(values, INTERVAL)
        rows.append(
            {
                "number": name,
                "mean": float(after.mean() if plain else np.exp(after.mean())),
                "sd": float(after.std()),
                "low": float(low),
                "median": float(np.median(values)),
                "high": float(high),
                "contraction": float(1.0 - after.var() / prior.var()),
            }
        )
    return pd.DataFrame(rows)


def prior_draws(specification: Specification, count: int = 4000) -> pd.DataFrame:
    """Draws of the prior, in the columns of the posterior; the same at every call."""
    (job, *_) = specification.jobs()
    normals = np.random.default_rng(0).standard_normal((count, len(job.space().place)))
    return draws(Result(job, 0.0, 0.0, 0.0, 0, 0.0, normals))


# --- the weight file ------------------------------------------------------------------------


def weight_file(posterior: Posterior, source: str, date: str, draws_file: str) -> str:
    """A weight file: the mean of each number's log, and the 5th to 95th percentile as range."""
    specification = posterior.specification
    base = weight_sets.read_set(specification.dynamics)
    lines = [
        f"# Calibrated by `{LABEL}` from {source}; change that file, not this one.",
        f"name: {specification.name}",
        "kind: weights",
        "status: calibrated",
        f"note: {json.dumps(specification.note, ensure_ascii=False)}",
        f"data: {posterior.decisions} documented decisions of {', '.join(specification.fit_on)}",
        f"method: posterior mean of the logs, 90 % intervals; log marginal likelihood"
        f" {posterior.evidence:.2f} +- {posterior.error:.2f}",
        f'date: "{date}"',
        f"draws: {draws_file}",
    ]
    return "\n".join([*lines, *numbers(posterior.table, base)]) + "\n"


def numbers(table: pd.DataFrame, base: weight_sets.WeightSet) -> list[str]:
    """Lines of a weight file with the numbers of draws; ``base`` states what was not free."""
    lines = []
    for part in ("precision", "groups", "terms", "dynamics"):
        lines.append(f"{part}:")
        for name in PARTS[part]:
            values = table[f"{part}.{name}"].to_numpy()
            stated = base.dynamics[name] if part == "dynamics" else None
            lines.append(f"  {name}: {_number(values, stated)}")
    return lines


def _number(values: Floats, stated: weight_sets.Number | None) -> str:
    """A number of the file; one that was not free stands as the file of the dynamics has it."""
    low, high = np.quantile(values, INTERVAL)
    source = "calibration"
    if stated is None:
        mean = float(np.exp(np.log(values).mean())) if values.min() > 0.0 else 0.0
    else:
        mean = float(values.mean())
        if values.max() == values.min():
            (low, high), source = stated.range, ", ".join(stated.source)
    # Rounded bounds must still hold the rounded value.
    low, high = min(float(f"{low:.3g}"), mean), max(float(f"{high:.3g}"), mean)
    return f"{{value: {mean:.5g}, range: [{low:.5g}, {high:.5g}], source: [{source}]}}"


def draws_file(posterior: Posterior) -> str:
    """The draws as CSV, to six digits: what :func:`alignsim.weights.read_draws` reads."""
    return str(posterior.table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def install(posterior: Posterior, file: Path, source: str, date: str) -> list[Path]:
    """Write a weight file and its draws beside it, each whole, the weight file last.

    Raises DocumentError, with nothing written, where it would not be read again.
    """
    beside = file.with_name(f"{file.stem}-draws.csv")
    text = weight_file(posterior, source, date, beside.name)
    weight_sets.parse(documents.parse(text.encode(), str(file)))
    documents.write_whole(beside, draws_file(posterior))
    documents.write_whole(file, text)
    return [file, beside]


def today() -> str:
    """Date of the fit, ``YYYY-MM-DD``."""
    return datetime.date.today().isoformat()


def record(posterior: Posterior) -> dict[str, Any]:
    """What a calibration found, for ``--json``."""
    rows: Any = summary(posterior).to_dict("records")
    return {
        "name": posterior.specification.name,
        "fit_on": list(posterior.specification.fit_on),
        "decisions": posterior.decisions,
        "evidence": posterior.evidence,
        "error": posterior.error,
        "calls": sum(result.calls for result in posterior.results),
        "effective": min(result.effective for result in posterior.results),
        "numbers": rows,
    }
