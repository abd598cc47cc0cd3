"""The sweeps that a sensitivity study is made of, and the factors they share.

Each is a sweep as any other: its folder resumes, and its points can be played again. Inputs vary
evenly over their evidence ranges, dated courses as a whole. Weights are multipliers: a positive
one varies evenly in its logarithm, so that half and double lie as far from it; dynamics evenly.
"""

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from alignsim import documents, sensitivity_specification, sweep_points, variants
from alignsim import weights as weight_sets
from alignsim.documents import Document, Place
from alignsim.scenario import Scenario
from alignsim.sensitivity_specification import Specification
from alignsim.sweep_points import Sweep
from alignsim.variants import InputTarget, WeightTarget

Kind = Literal["input", "weight"]
Method = Literal["sobol", "morris", "tornado", "discovery"]
METHODS: tuple[Method, ...] = ("sobol", "morris", "tornado", "discovery")


class Factor(NamedTuple):
    """A number that is varied; the same in all scenarios."""

    path: str
    kind: Kind
    unit: str  # empty for weights


@dataclass(frozen=True)
class Plan:
    """A study laid out: its factors, in the order of every design's columns, and its sweeps."""

    specification: Specification
    factors: tuple[Factor, ...]
    sweeps: dict[Method, Sweep]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios, in order."""
        return tuple(base.scenario for base in self.sweeps["sobol"].bases)


def read(file: Path | str, quick: bool = False) -> Plan:
    """Read a specification and all it names, with small designs if ``quick``.

    Raises DocumentError.
    """
    return of_document(documents.read(file), quick)


def of_document(document: Document, quick: bool = False) -> Plan:
    """The same for a document, whose other files lie beside it. Raises DocumentError."""
    stated = sensitivity_specification.parse(document)
    stated = sensitivity_specification.quick(stated) if quick else stated
    drafts = _Drafts(document, stated)
    weights = _weights(document, stated, drafts)
    sweeps = {method: drafts.sweep(method, weights) for method in METHODS}
    settings = sweeps["sobol"].settings[0]
    return Plan(stated, tuple(_factor(setting) for setting in settings), sweeps)


def _factor(setting: variants.Setting) -> Factor:
    target = setting.target
    if isinstance(target, InputTarget):
        return Factor(target.path, "input", target.row.unit)
    return Factor(target.path, "weight", "")


@dataclass(frozen=True)
class _Drafts:
    """Writes specifications of sweeps; their faults are told where the study's file has them."""

    document: Document
    stated: Specification

    def sweep(self, method: Method, weights: dict[str, dict[str, Any]]) -> Sweep:
        """The sweep of a method over these factors and the inputs. Raises DocumentError."""
        stated = self.stated
        design: dict[str, Any] = {
            "sobol": {"kind": "saltelli", "base": stated.sobol.base, "second_order": False},
            "morris": {"kind": "morris", **stated.morris.model_dump()},
            "tornado": {"kind": "one-at-a-time"},
            "discovery": {"kind": "latin-hypercube", "points": stated.discovery.points},
        }[method]
        often = stated.tornado.replications if method == "tornado" else stated.replications
        data: dict[str, Any] = {
            "name": stated.name,
            "kind": "sweep",
            "title": stated.title,
            "scenarios": list(stated.scenarios),
            "weights": stated.weights,
            "factors": weights,
            "design": design,
            "replications": often,
            "seed": stated.seed,
            "keep": "counts",
        }
        if stated.vary.inputs is not None:
            data["evidence"] = list(stated.vary.inputs)
        return sweep_points.of_document(
            Document(self.document.file, data, self._places(method, list(weights)))
        )

    def _places(self, method: Method, weights: list[str]) -> dict[documents.Location, Place]:
        """Where the study's file states what the sweep's would."""
        named = "posterior" if self.stated.vary.posterior else "weights"
        origins: dict[documents.Location, documents.Location] = {
            ("weights",): ("weights",),
            ("factors",): ("vary", named),
            ("evidence",): ("vary", "inputs"),
            ("design",): (method,),
        }
        for name in weights:
            for key in ("path", "posterior", "range", "from", "to"):
                origins["factors", name, key] = ("vary", named)
        for index in range(len(self.stated.scenarios)):
            origins["scenarios", index] = ("scenarios", index)
        for index in range(len(self.stated.vary.inputs or ())):
            origins["evidence", index] = ("vary", "inputs", index)
        return {there: self.document.place(here) for there, here in origins.items()}


def _weights(
    document: Document, stated: Specification, drafts: _Drafts
) -> dict[str, dict[str, Any]]:
    """Factors of the weights: both ends as numbers; those whose range has width."""
    names = [f"{part}.{name}" for part, own in weight_sets.PARTS.items() for name in own]
    chosen: list[str] = []
    for index, pattern in enumerate(stated.vary.weights or ()):
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise document.error(("vary", "weights", index), f"no weight matches {pattern}")
        chosen += [name for name in matching if name not in chosen]
    if not chosen:
        return {}
    file = stated.vary.posterior
    how = {"range": "stated"} if file is None else {"posterior": file}
    asked = {_column(name): {"path": f"weights.{name}", **how} for name in chosen}
    # One sweep more, never run, reads the ranges as any sweep does.
    probe = drafts.sweep("discovery", asked)
    found = {}
    for name, spread, setting in zip(probe.names, probe.spreads, probe.settings[0], strict=True):
        if not isinstance(setting.target, WeightTarget):
            continue
        low, high = spread.low, spread.high
        if file is None:
            _, (low, high) = setting.target.stated(probe.bases[0])
        if low < high:
            log = low > 0.0 and setting.target.part != "dynamics"
            scale = {"scale": "log"} if log else {}
            found[name] = {"path": setting.target.path, "from": low, "to": high, **scale}
    if not found and stated.vary.inputs is None:
        raise document.error(("vary", "weights"), "no weight that matches has a range with width")
    return found


def _column(name: str) -> str:
    return name.replace(".", "_")
