import itertools
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import (
    documents,
    evidence,
    reading,
    sweep_points,
    sweep_specification,
    variant_paths,
    variants,
)
from alignsim import weights as weight_sets
from alignsim.documents import DocumentError
from alignsim.sweep_points import Sweep
from tests.strategies import examples

SPEC = """name: mine
kind: sweep
title: Mine
scenarios: [crimea-2014]
factors:
  energy: {path: indices.KOR.exposure, from: 0.0, to: 1.0}
design: {kind: sobol, points: 8}
replications: 5
keep: final
"""
ENERGY = "  energy: {path: indices.KOR.exposure, from: 0.0, to: 1.0}"
DESIGN = "{kind: sobol, points: 8}"
PLAIN = "  energy: {path: indices.KOR.exposure}"
NORMS = "  norms: {path: weights.groups.norms, "


@pytest.fixture(autouse=True, scope="module")
def _read_once():
    """Shipped files are read once: reading is tested elsewhere, and takes most of the time."""
    scenario, weights = reading.read, weight_sets.read_set
    known: dict = {}

    def once(read):
        def found(name):
            if isinstance(name, Path):
                return read(name)
            if (read, name) not in known:
                known[read, name] = read(name)
            return known[read, name]

        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read", once(scenario))
        patch.setattr(weight_sets, "read_set", once(weights))
        yield


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def line_of(text: str, marker: str) -> int:
    assert marker in text
    return text[: text.index(marker)].count("\n") + 1


def sweep(folder: Path, text: str) -> Sweep:
    (folder / "mine.yaml").write_text(text)
    return sweep_points.read(folder / "mine.yaml")


def fault(folder: Path, text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        sweep(folder, text)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value).replace(f"{folder}/", "")


def table_design(rows: str) -> tuple[str, str]:
    return DESIGN, f"{{kind: table, rows: {rows}}}"


# Each case: what to replace in the specification, a text on the line that the message must name,
# and what the message says after file and line, or the beginning of it.
FAULTS: dict[str, tuple[tuple[tuple[str, str], ...], str, str]] = {
    # --- shape
    "unknown key on top": (
        (("title:", "tilte: x\ntitle:"),),
        "tilte",
        "tilte: unknown key; allowed: name, kind, title, note, scenarios, weights, factors,",
    ),
    "unknown key of a factor": (
        (("to: 1.0", "to: 1.0, by: 2"),),
        "energy",
        "factors.energy.by: unknown key; allowed: path, values, from, to, range, posterior, steps,",
    ),
    "the name of a field in place of its key": (
        (("from: 0.0", "start: 0.0"),),
        "energy",
        "factors.energy.start: unknown key; allowed: path, values, from, to, ",
    ),
    "unknown key of a design": (
        (("points: 8", "points: 8, point: 1"),),
        "design",
        "design.point: unknown key; allowed: kind, points, base, second_order, trajectories,",
    ),
    "missing key on top": (
        (("title: Mine\n", ""),),
        "name: mine",
        "missing key title",
    ),
    "missing path": ((("path: indices.KOR.exposure, ", ""),), "energy", "factors.energy: missing"),
    "missing kind of design": ((("kind: sobol, ", ""),), "design", "design: missing key kind"),
    "missing keep": ((("keep: final\n", ""),), "name: mine", "missing key keep"),
    "missing replications": ((("replications: 5\n", ""),), "name", "missing key replications"),
    "another kind of file": ((("kind: sweep", "kind: episode"),), "kind:", "kind: should be 'swee"),
    "name with capitals": (
        (("name: mine", "name: Mine!"),),
        "name:",
        "name: should be a name of small letters, digits and dashes",
    ),
    "no scenarios": (
        (("[crimea-2014]", "[]"),),
        "scenarios",
        "scenarios: should have at least 1 item",
    ),
    "scenarios no list": (
        (("[crimea-2014]", "crimea-2014"),),
        "scenarios",
        "scenarios: should be a list",
    ),
    "factors a list": (((f"{ENERGY}\n", "  [a, b]\n"),), "factors", "factors: should be a mapping"),
    "factor a number": (((ENERGY, "  energy: 7"),), "energy", "factors.energy: should be a map"),
    "path a number": (
        (("path: indices.KOR.exposure", "path: 7"),),
        "energy",
        "factors.energy.path: should be text",
    ),
    "from as text": (
        (("from: 0.0", "from: low"),),
        "energy",
        "factors.energy.from: should be a valid number",
    ),
    "from infinite": (
        (("from: 0.0", "from: -.inf"),),
        "energy",
        "factors.energy.from: should be a finite number",
    ),
    "values empty": (
        (("from: 0.0, to: 1.0", "values: []"),),
        "energy",
        "factors.energy.values: should have at least 1 item",
    ),
    "values no list": (
        (("from: 0.0, to: 1.0", "values: 1"),),
        "energy",
        "factors.energy.values: should be a list",
    ),
    "a value that is a list": (
        (("from: 0.0, to: 1.0", "values: [[1, 2]]"),),
        "energy",
        "factors.energy.values.0: should be a number, or the name of an option such as press",
    ),
    "a value that is true": (
        (("from: 0.0, to: 1.0", "values: [0.5, true]"),),
        "energy",
        "factors.energy.values.1: should be a number, or the name of an option such as press",
    ),
    "a value that is missing": (
        (("from: 0.0, to: 1.0", "values: [0.5, null]"),),
        "energy",
        "factors.energy.values.1: should be a number, or the name of an option such as press",
    ),
    "range misspelt": (
        (("from: 0.0, to: 1.0", "range: state"),),
        "energy",
        "factors.energy.range: should be 'stated'",
    ),
    "scale misspelt": (
        (("to: 1.0", "to: 1.0, scale: logarithmic"),),
        "energy",
        "factors.energy.scale: should be 'linear' or 'log'",
    ),
    "change misspelt": (
        (("to: 1.0", "to: 1.0, change: move"),),
        "energy",
        "factors.energy.change: should be 'value' or 'shift'",
    ),
    "one step": (
        ((DESIGN, "{kind: factorial}"), ("to: 1.0", "to: 1.0, steps: 1")),
        "energy",
        "factors.energy.steps: should be greater than or equal to 2",
    ),
    "steps and a half": (
        ((DESIGN, "{kind: factorial}"), ("to: 1.0", "to: 1.0, steps: 2.5")),
        "energy",
        "factors.energy.steps: should be a valid integer",
    ),
    "design unknown": (
        (("sobol", "halton"),),
        "design",
        "design.kind: should be 'factorial', 'latin-hypercube', 'sobol', 'saltelli', 'simplex',",
    ),
    "no points": (
        (("points: 8", "points: 0"),),
        "design",
        "design.points: should be greater than or equal to 1",
    ),
    "points as text": (
        (("points: 8", "points: many"),),
        "design",
        "design.points: should be a valid integer",
    ),
    "replications 0": (
        (("replications: 5", "replications: 0"),),
        "replications",
        "replications: should be greater than or equal to 1",
    ),
    "replications true": (
        (("replications: 5", "replications: true"),),
        "replications",
        "replications: should be a valid integer",
    ),
    "replications beyond the draws": (
        (("replications: 5", "replications: 99999999999999999"),),
        "replications",
        "replications: should be less than or equal to",
    ),
    "seed negative": (
        (("keep: final", "keep: final\nseed: -1"),),
        "seed",
        "seed: should be greater than or equal to 0",
    ),
    "keep unknown": (
        (("keep: final", "keep: all"),),
        "keep",
        "keep: should be 'final', 'steps', 'counts' or 'step-counts'",
    ),
    # --- factors
    "nothing varied": (((f"factors:\n{ENERGY}\n", ""),), "name", "factors: nothing is varied: st"),
    "factors empty": (
        ((f"factors:\n{ENERGY}\n", "factors: {}\n"),),
        "factors",
        "factors: nothing is varied: state factors, or evidence",
    ),
    "reserved name": (
        (("  energy:", "  replication:"),),
        "  replication",
        "factors.replication: not one of point, replication, scenario, runs, step, date, reason",
    ),
    "name of what is kept": (
        (("  energy:", "  pressure:"),),
        "  pressure",
        "factors.pressure: not one of point, replication, scenario, ",
    ),
    "column with capitals": (
        (("  energy:", "  Energy:"),),
        "  Energy",
        "factors.Energy: should be a name of small letters, digits and underscores, such as energy",
    ),
    "column with a dash": (
        (("  energy:", "  the-energy:"),),
        "  the-energy",
        "factors.the-energy: should be a name of small letters, digits and underscores",
    ),
    "column that begins with a digit": (
        (("  energy:", '  "7up":'),),
        "7up",
        "factors.7up: should be a name of small letters, digits and underscores",
    ),
    "column of 41 letters": (
        (("  energy:", f"  {'a' * 41}:"),),
        "aaaa",
        f"factors.{'a' * 41}: should be a name of small letters",
    ),
    "from alone": ((("from: 0.0, ", ""),), "energy", "factors.energy.to: from and to go together"),
    "to alone": ((("0.0, to: 1.0", "0.0"),), "energy", "factors.energy.from: from and to go to"),
    "values and from, to": (
        (("from:", "values: [0.5], from:"),),
        "energy",
        "factors.energy.path: should state one of values, from and to, range, posterior",
    ),
    "from, to and range": (
        (("from:", "range: stated, from:"),),
        "energy",
        "factors.energy.path: should state one of values, from and to, range, posterior",
    ),
    "no values at all": (
        ((ENERGY, PLAIN),),
        "energy",
        "factors.energy.path: should state one of values, from and to, range, posterior",
    ),
    "from above to": (
        (("from: 0.0", "from: 1.5"),),
        "energy",
        "factors.energy.from: 1.5 is not below to, 1",
    ),
    "from equal to to": (
        (("from: 0.0", "from: 1.0"),),
        "energy",
        "factors.energy.from: 1 is not below to, 1",
    ),
    "log from 0": (
        (("to: 1.0", "to: 1.0, scale: log"),),
        "energy",
        "factors.energy.scale: a log scale needs from and to above 0",
    ),
    "log of values": (
        (("from: 0.0, to: 1.0", "values: [0.5], scale: log"),),
        "energy",
        "factors.energy.scale: a log scale needs from and to above 0",
    ),
    "steps in a Sobol design": (
        (("to: 1.0", "to: 1.0, steps: 3"),),
        "energy",
        "factors.energy.steps: goes with an interval in a factorial design",
    ),
    "steps of values": (
        ((DESIGN, "{kind: factorial}"), ("from: 0.0, to: 1.0", "values: [0.5, 1], steps: 2")),
        "energy",
        "factors.energy.steps: goes with an interval in a factorial design",
    ),
    "factorial without steps": (
        ((DESIGN, "{kind: factorial}"),),
        "energy",
        "factors.energy.path: a factorial design needs values or steps",
    ),
    "shift of a stated range": (
        ((ENERGY, "  s: {path: world.severity, range: stated, change: shift}"),),
        "  s:",
        "factors.s.change: a stated range is of values, not of shifts",
    ),
    "shift of a posterior": (
        ((ENERGY, f"{NORMS}posterior: weights.yaml, change: shift}}"),),
        "  norms",
        "factors.norms.change: ",
    ),
    "values in a table": (
        (table_design("[{energy: 0.5}]"),),
        "energy",
        "factors.energy.path: a table gives the values itself; state the path only",
    ),
    "steps in a simplex": (
        ((DESIGN, "{kind: simplex, divisions: 2}"), ("from: 0.0, to: 1.0", "steps: 3")),
        "energy",
        "factors.energy.path: a simplex gives the values itself; state the path only",
    ),
    "decisions in a simplex": (
        (
            (DESIGN, "{kind: simplex, divisions: 2}"),
            (ENERGY, "  a: {path: decisions.KOR.level}\n  b: {path: weights.groups.norms}"),
        ),
        "  a: ",
        "factors.a",
    ),
    # --- designs
    "Sobol without points": (((", points: 8", ""),), "design", "design: missing key points"),
    "hypercube without points": (
        ((DESIGN, "{kind: latin-hypercube}"),),
        "design",
        "design: missing key points",
    ),
    "Saltelli without base": (((DESIGN, "{kind: saltelli}"),), "design", "design: missing key bas"),
    "simplex without divisions": (
        ((DESIGN, "{kind: simplex}"), (ENERGY, PLAIN)),
        "design",
        "design: missing key divisions",
    ),
    "base in a Sobol design": (
        (("points: 8", "points: 8, base: 4"),),
        "design",
        "design.base: not of a sobol; allowed: kind, points",
    ),
    "points in a factorial": (
        ((DESIGN, "{kind: factorial, points: 8}"),),
        "design",
        "design.points: not of a factorial; allowed: kind",
    ),
    "points in a Saltelli design": (
        ((DESIGN, "{kind: saltelli, base: 8, points: 8}"),),
        "design",
        "design.points: not of a saltelli; allowed: kind, base, second_order",
    ),
    "total in a hypercube": (
        ((DESIGN, "{kind: latin-hypercube, points: 8, total: 1.0}"),),
        "design",
        "design.total: not of a latin-hypercube; allowed: kind, points",
    ),
    "second order in a Sobol design": (
        (("points: 8", "points: 8, second_order: false"),),
        "design",
        "design.second_order: not of a sobol; allowed: kind, points",
    ),
    "hypercube too large": (
        ((DESIGN, f"{{kind: latin-hypercube, points: {2**40 + 1}}}"),),
        "design",
        "design: points: ",
    ),
    "simplex too large": (
        ((DESIGN, "{kind: simplex, divisions: 20000}"), (ENERGY, PLAIN)),
        "design",
        "design.divisions: should be less than or equal to 10000",
    ),
    "table with both file and rows": (
        ((DESIGN, "{kind: table, file: a.csv, rows: [{energy: 1}]}"), (ENERGY, PLAIN)),
        "design",
        "design: a table has a file or rows",
    ),
    "table with neither": (
        ((DESIGN, "{kind: table}"), (ENERGY, PLAIN)),
        "design",
        "design: a table has a file or rows",
    ),
    "table without rows": (
        (table_design("[]"), (ENERGY, PLAIN)),
        "design",
        "design.rows: should have at least 1 item",
    ),
    "table with another column": (
        (table_design("[{energie: 0.5}]"), (ENERGY, PLAIN)),
        "design",
        "design.rows: should have the columns energy, and only these",
    ),
    "table with a column more": (
        (table_design("[{energy: 0.5, x: 1}]"), (ENERGY, PLAIN)),
        "design",
        "design.rows: should have the columns energy, and only these",
    ),
    "table with text": (
        (table_design("[{energy: 0.5}, {energy: much}]"), (ENERGY, PLAIN)),
        "design",
        "design.rows.1: row 1: 'much' is not a value of indices.KOR.exposure",
    ),
    "table with a hole": (
        (
            table_design("[{energy: 0.5}, {norms: 1}]"),
            (ENERGY, f"{PLAIN}\n  norms: {{path: weights.groups.norms}}"),
        ),
        "design",
        "design.rows.1: row 1: indices.KOR.exposure is missing",
    ),
    "table with an unknown option": (
        (table_design("[{d: pres}]"), (ENERGY, "  d: {path: decisions.USA.stance.KOR}")),
        "design",
        "design.rows.0: row 0: 'pres' is not a value of decisions.USA.stance.KOR",
    ),
    "table file missing": (
        ((DESIGN, "{kind: table, file: nowhere.csv}"), (ENERGY, PLAIN)),
        "design",
        "design.file: nowhere.csv cannot be read: No such file or directory",
    ),
    "table file empty": (
        ((DESIGN, "{kind: table, file: empty.csv}"), (ENERGY, PLAIN)),
        "design",
        "design.file: empty.csv cannot be read: ",
    ),
    "table file without rows": (
        ((DESIGN, "{kind: table, file: header.csv}"), (ENERGY, PLAIN)),
        "design",
        "design",
    ),
    "table file binary": (
        ((DESIGN, "{kind: table, file: binary.csv}"), (ENERGY, PLAIN)),
        "design",
        "design.file: binary.csv cannot be read: ",
    ),
    "table file no Parquet": (
        ((DESIGN, "{kind: table, file: binary.parquet}"), (ENERGY, PLAIN)),
        "design",
        "design.file: binary.parquet cannot be read: ",
    ),
    "table file a folder": (
        ((DESIGN, "{kind: table, file: folder}"), (ENERGY, PLAIN)),
        "design",
        "design.file: folder cannot be read: Is a directory",
    ),
    "table file with a hole": (
        ((DESIGN, "{kind: table, file: hole.csv}"), (ENERGY, PLAIN)),
        "design",
        "design.file.1: row 1: indices.KOR.exposure is missing",
    ),
    # --- paths
    "path unknown": (
        (("indices.KOR.exposure", "index.KOR.exposure"),),
        "energy",
        "factors.energy.path: no index here; allowed: states, world, blocs, indices, decisions, we",
    ),
    "state unknown": (
        (("indices.KOR", "indices.PRK"),),
        "energy",
        "factors.energy.path: no PRK here; allowed: JPN, KOR",
    ),
    "index unknown": (
        (("KOR.exposure", "KOR.exposition"),),
        "energy",
        "factors.energy.path: no exposition here; allowed: ",
    ),
    "input unknown": (
        (("indices.KOR.exposure", "states.KOR.gas"),),
        "energy",
        "factors.energy.path: no gas here; allowed: us_defence_pact,",
    ),
    "input of another role": (
        (("indices.KOR.exposure", "states.USA.g7"),),
        "energy",
        "factors.energy.path: no g7 here; allowed: norms_emphasis, leadership_stakes,",
    ),
    "weight unknown": (
        (("indices.KOR.exposure", "weights.groups.norm"),),
        "energy",
        "factors.energy.path: no norm here; allowed: energy_security,",
    ),
    "decision unknown": (
        (("indices.KOR.exposure, from: 0.0, to: 1.0", "decisions.KOR.stance, values: [0]"),),
        "energy",
        "factors.energy.path: no stance here; allowed: level, engagement",
    ),
    "event outside the scenario": (
        (("indices.KOR.exposure", "world.severity@2016-01"),),
        "energy",
        "factors.energy.path: 2016-01 is not in crimea-2014, 2014-03 to 2014-12",
    ),
    "path twice": (
        ((ENERGY, f"{ENERGY}\n{ENERGY.replace('energy', 'again')}"),),
        "  again",
        "factors.again.path: is varied twice",
    ),
    # --- values
    "index out of bounds": (
        (("to: 1.0", "to: 1.5"),),
        "energy",
        "factors.energy.to: 1.5 is not an index (0 to 1)",
    ),
    "index below its bounds": (
        (("from: 0.0", "from: -0.5"),),
        "energy",
        "factors.energy.from: -0.5 is not an index (0 to 1)",
    ),
    "value out of bounds": (
        ((ENERGY, "  s: {path: world.severity, values: [0.5, 1.2]}"),),
        "  s:",
        "factors.s.values.1: 1.2 is not a rubric score (0 to 1)",
    ),
    "half a level": (
        ((ENERGY, "  s: {path: states.USA.ceiling, values: [0, 2.5]}"),),
        "  s:",
        "factors.s.values.1: 2.5 is not a whole number",
    ),
    "interval from half a level": (
        ((ENERGY, "  s: {path: states.USA.ceiling, from: 0.5, to: 3.0}"),),
        "  s:",
        "factors.s.from: 0.5 is not a whole number",
    ),
    "weight out of bounds": (
        ((ENERGY, f"{NORMS}from: 0.5, to: 20000.0}}"),),
        "  norms",
        "factors.norms.to: should be 0 to 10000",
    ),
    "precision 0": (
        ((ENERGY, "  s: {path: weights.precision.level, from: 0.0, to: 2.0}"),),
        "  s:",
        "factors.s.from: should be above 0",
    ),
    "value not finite": (
        ((ENERGY, "  s: {path: world.severity, values: [.nan]}"),),
        "  s:",
        "factors.s.values.0: ",
    ),
    "shift not finite": (
        ((ENERGY, "  s: {path: world.severity, values: [.nan], change: shift}"),),
        "  s:",
        "factors.s.values.0: ",
    ),
    "text for a number": (
        ((ENERGY, "  s: {path: world.severity, values: [high]}"),),
        "  s:",
        "factors.s.values.0: 'high' is not a number",
    ),
    "option misspelt": (
        ((ENERGY, "  d: {path: decisions.USA.stance.KOR, values: [none, pres]}"),),
        "  d:",
        "factors.d.values.1: should be one of none, press, assure, free",
    ),
    "level too high": (
        ((ENERGY, "  d: {path: decisions.KOR.level, values: [0, 6]}"),),
        "  d:",
        "factors.d.values.1: should be one of 0, 1, 2, 3, 4, 5, free",
    ),
    "interval of a decision": (
        ((ENERGY, "  d: {path: decisions.KOR.level, from: 0, to: 5}"),),
        "  d:",
        "factors.d",
    ),
    "stated range of a decision": (
        ((ENERGY, "  d: {path: decisions.KOR.level, range: stated}"),),
        "  d:",
        "factors.d",
    ),
    "stated range of an index": (
        (("from: 0.0, to: 1.0", "range: stated"),),
        "energy",
        "factors.energy.range: no range is stated for this",
    ),
    "stated range of an event that is none": (
        ((ENERGY, "  s: {path: world.severity@2014-10, range: stated}"),),
        "  s:",
        "factors.s.range: no range is stated for this",
    ),
    # --- posterior
    "posterior of an input": (
        ((ENERGY, "  s: {path: world.severity, posterior: draws.csv}"),),
        "  s:",
        "factors.s.posterior: a posterior is of weights",
    ),
    "posterior missing": (
        ((ENERGY, f"{NORMS}posterior: nowhere.csv}}"),),
        "  norms",
        "factors.norms.posterior: nowhere.csv cannot be read: No such file or directory",
    ),
    "posterior without the column": (
        ((ENERGY, f"{NORMS}posterior: draws.csv}}"),),
        "  norms",
        "factors.norms.posterior: draws.csv has no column groups.norms",
    ),
    "posterior of words": (
        ((ENERGY, f"{NORMS}posterior: words.csv}}"),),
        "  norms",
        "factors.norms.posterior: ",
    ),
    "posterior out of bounds": (
        ((ENERGY, f"{NORMS}posterior: wild.csv}}"),),
        "  norms",
        "factors.norms",
    ),
    "posterior with holes only": (
        ((ENERGY, f"{NORMS}posterior: holes.csv}}"),),
        "  norms",
        "factors.norms",
    ),
    # --- evidence
    "evidence matches nothing": (
        ((f"factors:\n{ENERGY}", 'evidence: ["states.KOR.*", "states.PRK.*"]'),),
        "evidence",
        "evidence.1: no input matches states.PRK.*",
    ),
    "evidence without width": (
        ((f"factors:\n{ENERGY}", "evidence: [states.KOR.us_defence_pact]"),),
        "evidence",
        "evidence: no input that matches has a range with width",
    ),
    "evidence empty": (
        ((f"factors:\n{ENERGY}", "evidence: []"),),
        "evidence",
        "evidence: should have at least 1 item",
    ),
    "evidence with a factorial": (
        ((f"factors:\n{ENERGY}", 'evidence: ["*"]'), (DESIGN, "{kind: factorial}")),
        "evidence",
        "evidence: does not go with a factorial",
    ),
    "evidence with a simplex": (
        ((f"factors:\n{ENERGY}", 'evidence: ["*"]'), (DESIGN, "{kind: simplex, divisions: 2}")),
        "evidence",
        "evidence: does not go with a simplex",
    ),
    "evidence with a table": (
        ((f"factors:\n{ENERGY}", 'evidence: ["*"]'), (DESIGN, "{kind: table, file: a.csv}")),
        "evidence",
        "evidence: does not go with a table",
    ),
    # --- scenarios and weights
    "scenario unknown": (
        (("[crimea-2014]", "[crimea-2014, crimea-2015]"),),
        "scenarios",
        "scenarios.1: crimea-2015: no such scenario; shipped episodes: ",
    ),
    "scenario twice": (
        (("[crimea-2014]", "[crimea-2014, ukraine-2022, crimea-2014]"),),
        "scenarios",
        "scenarios.2: crimea-2014 stands twice",
    ),
    "scenario twice by name and by file": (
        (("[crimea-2014]", "[crimea-2014, copy.yaml]"),),
        "scenarios",
        "scenarios.1: ",
    ),
    "scenario with other allies": (
        (("[crimea-2014]", "[crimea-2014, alone.yaml]"),),
        "scenarios",
        "scenarios.1: should have the leader, target and allies of crimea-2014",
    ),
    "weights unknown": (
        (("keep: final", "keep: final\nweights: calibratd"),),
        "weights",
        "weights: calibratd: no such weights; shipped: ",
    ),
    "duplicate key": ((("keep: final", "keep: final\nkeep: steps"),), "keep: steps", "keep: dupli"),
}


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, short_episode: str) -> Path:
    """A folder with the files that specifications name."""
    folder = tmp_path_factory.mktemp("beside")
    root = evidence.data_root() / "configs"
    (folder / "empty.csv").write_text("")
    (folder / "header.csv").write_text("energy\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 4)
    (folder / "binary.parquet").write_bytes(bytes(range(256)) * 4)
    (folder / "folder").mkdir()
    (folder / "hole.csv").write_text('energy\n0.5\n""\n0.7\n')
    (folder / "draws.csv").write_text("groups.norm,terms.market\n1,2\n2,3\n")
    (folder / "words.csv").write_text("groups.norms\nlow\nhigh\n")
    (folder / "wild.csv").write_text("groups.norms\n-5\n5\n")
    (folder / "holes.csv").write_text("groups.norms,x\n,1\n,2\n")
    (folder / "alone.yaml").write_text(short_episode.replace("crimea-2014", "alone", 1))
    shipped = (root / "episodes" / "crimea-2014.yaml").read_text("utf-8")
    (folder / "copy.yaml").write_text(shipped, "utf-8")
    (folder / "weights.yaml").write_bytes((root / "weights" / "fitted-2014.yaml").read_bytes())
    return folder


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_at_its_line_with_what_is_allowed(beside: Path, case: str):
    changes, marker, message = FAULTS[case]
    text = edited(SPEC, *changes)
    told = fault(beside, text)
    assert told.startswith(f"mine.yaml:{line_of(text, marker)}: {message}"), told


@pytest.mark.parametrize(
    "change",
    [
        ("[crimea-2014]", "[nowhere.yaml]"),
        ("keep: final", "keep: final\nweights: nowhere.yaml"),
        ("[crimea-2014]", "[binary.csv]"),
    ],
)
def test_a_named_file_that_cannot_be_read_is_told_in_one_line(beside: Path, change):
    name = re.search(r"\w+\.(yaml|csv)", change[1])
    assert name is not None
    assert name[0] in fault(beside, edited(SPEC, change))


def test_a_fault_in_a_named_file_is_told_at_its_own_line(tmp_path: Path, short_episode: str):
    (tmp_path / "bad.yaml").write_text(short_episode.replace("leader: USA", "laeder: USA"))
    told = fault(tmp_path, edited(SPEC, ("[crimea-2014]", "[bad.yaml]")))
    assert told.startswith("bad.yaml:")
    assert "laeder: unknown key" in told
    shipped = evidence.data_root() / "configs" / "weights" / "calibrated.yaml"
    (tmp_path / "w.yaml").write_text(shipped.read_text("utf-8").replace("groups:", "group:"))
    text = edited(SPEC, (ENERGY, f"{NORMS}posterior: w.yaml}}"))
    told = fault(tmp_path, text)
    assert told.startswith("w.yaml:")
    assert "group: unknown key" in told


def test_a_missing_specification_is_told(tmp_path: Path):
    with pytest.raises(DocumentError, match=r"none\.yaml: cannot be read: No such file"):
        sweep_points.read(tmp_path / "none.yaml")


@examples(150)
@given(
    st.dictionaries(
        st.sampled_from(list(sweep_specification.Specification.model_fields)),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(-5, 10**9), st.floats(), st.text()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["energy", "path", "kind", "rows"]), inner),
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_whatever_stands_under_a_key_is_a_fault_in_one_line_or_is_right(changes: dict):
    data = {
        "name": "mine",
        "kind": "sweep",
        "title": "Mine",
        "scenarios": ["crimea-2014"],
        "factors": {"energy": {"path": "indices.KOR.exposure", "from": 0.0, "to": 1.0}},
        "design": {"kind": "sobol", "points": 8},
        "replications": 5,
        "keep": "final",
    } | changes
    try:
        sweep_specification.parse(documents.Document("mine.yaml", data))
    except DocumentError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


# --- right ones -----------------------------------------------------------------------------


def values(found: Sweep) -> np.ndarray:
    return found.values(0, found.points)


def test_a_seed_of_0_is_a_seed(tmp_path: Path):
    default, zero, one = (
        sweep(tmp_path, SPEC + stated) for stated in ("", "seed: 0\n", "seed: 1\n")
    )
    assert zero.specification.seed == 0
    assert np.array_equal(values(default), values(zero))
    assert not np.array_equal(values(zero), values(one))
    highest = sweep(tmp_path, SPEC + f"seed: {10**18 - 1}\n")
    assert highest.specification.seed == 10**18 - 1


def test_points_times_replications_are_the_runs(tmp_path: Path):
    found = sweep(tmp_path, SPEC)
    assert (found.points, found.runs, found.names) == (8, 40, ["energy"])
    assert found.files == {}
    assert found.specification.weights == "calibrated"


def test_a_factorial_lists_all_combinations_the_last_varying_fastest(tmp_path: Path):
    factors = """  energy: {path: indices.KOR.exposure, from: 0.0, to: 1.0, steps: 3}
  stance: {path: decisions.USA.stance.KOR, values: [press, free]}
  level: {path: decisions.JPN.level, values: [0, 5]}
  ceiling: {path: states.USA.ceiling, from: 0, to: 5, steps: 3}
  pact: {path: states.KOR.us_defence_pact, values: [1, 0]}"""
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, "{kind: factorial}")))
    expected = list(
        itertools.product([0.0, 0.5, 1.0], [1.0, -1.0], [0.0, 5.0], [0.0, 3.0, 5.0], [1.0, 0.0])
    )
    assert found.points == len(expected) == 72
    assert np.array_equal(values(found), expected)
    assert found.shown(0, expected[0]) == [0.0, "press", "0", 0.0, 1.0]
    assert found.shown(0, expected[-1]) == [1.0, "free", "5", 5.0, 0.0]
    assert found.options[0] is None
    assert found.options[1] == ("none", "press", "assure", "free")
    for point in range(0, 72, 5):
        found.variant(point, values(found)[point])


def test_more_steps_than_whole_numbers_give_each_of_them_once(tmp_path: Path):
    factor = "  c: {path: states.USA.ceiling, from: 1, to: 3, steps: 50}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factor), (DESIGN, "{kind: factorial}")))
    assert values(found).ravel().tolist() == [1.0, 2.0, 3.0]


def test_a_log_scale_has_equal_ratios(tmp_path: Path):
    factor = f"{NORMS}from: 0.01, to: 100, scale: log, steps: 5}}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factor), (DESIGN, "{kind: factorial}")))
    assert values(found).ravel() == pytest.approx([0.01, 0.1, 1.0, 10.0, 100.0], rel=1e-12)
    factor = f"{NORMS}from: 0.01, to: 100, scale: log}}"
    drawn = values(sweep(tmp_path, edited(SPEC, (ENERGY, factor), ("points: 8", "points: 4096"))))
    assert 0.01 <= drawn.min() < 0.0101
    assert 99.0 < drawn.max() < 100.0
    assert np.median(drawn) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("design", "size"),
    [
        ("{kind: sobol, points: 24}", 24),
        ("{kind: latin-hypercube, points: 24}", 24),
        ("{kind: saltelli, base: 4}", 4 * 6),
        ("{kind: saltelli, base: 4, second_order: true}", 4 * 6),
        ("{kind: saltelli, base: 4, second_order: false}", 4 * 4),
    ],
)
def test_coordinates_become_values_within_the_interval(tmp_path: Path, design: str, size: int):
    factors = """  energy: {path: indices.KOR.exposure, from: 0.25, to: 0.75}
  ceiling: {path: states.USA.ceiling, from: 2, to: 5}"""
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, design)))
    made = values(found)
    assert made.shape == (size, 2)
    assert made[:, 0].min() >= 0.25
    assert made[:, 0].max() < 0.75
    assert set(made[:, 1]) <= {2.0, 3.0, 4.0, 5.0}
    assert set(np.round((made[:, 0] - 0.25) * 2 * 4).astype(int)) >= {1, 2, 3}


def test_whole_numbers_and_listed_values_are_equally_likely(tmp_path: Path):
    factors = """  ceiling: {path: states.USA.ceiling, from: 2, to: 5}
  level: {path: decisions.JPN.level, values: [0, 3, free]}
  energy: {path: indices.KOR.exposure, values: [0.1, 0.9]}"""
    design = "{kind: latin-hypercube, points: 1200}"
    made = values(sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, design))))
    for column, expected in enumerate(([2, 3, 4, 5], [-1, 0, 3], [0.1, 0.9])):
        found, counts = np.unique(made[:, column], return_counts=True)
        assert found.tolist() == expected
        assert counts.tolist() == [1200 // len(expected)] * len(expected)


def test_a_stated_range_spans_low_to_high_of_the_input(tmp_path: Path):
    factors = """  gas: {path: states.KOR.gas_share, range: stated}
  market: {path: weights.terms.market, range: stated}
  start: {path: states.JPN.initial_engagement, range: stated}
  event: {path: "world.severity@2014-05", range: stated}
  severity: {path: world.severity, range: stated}"""
    design = "{kind: latin-hypercube, points: 4000}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, design)))
    made = values(found)
    shown = np.array([found.shown(0, row) for row in made.tolist()], float)
    stated = weight_sets.read_set("calibrated")
    bounds = [(0.155, 0.18), stated.terms["market"].range, (1.0, 2.0), (0.50, 0.65), (0.65, 0.80)]
    for column, (low, high) in enumerate(bounds):
        assert shown[:, column].min() == pytest.approx(low, abs=(high - low) / 1000)
        assert shown[:, column].max() == pytest.approx(high, abs=(high - low) / 1000)
        assert low <= shown[:, column].min() <= shown[:, column].max() <= high
    assert np.count_nonzero(shown[:, 2] == 1.0) == 2000
    for row, told in zip(made[:5].tolist(), shown[:5], strict=True):
        scenario, parameters, _ = found.variant(0, row)
        assert scenario.states["KOR"]["gas_share"].value == told[0]
        commerce = stated.groups["commerce"].value
        assert parameters.weights.market == pytest.approx(commerce * told[1])
        assert scenario.states["JPN"]["initial_engagement"].value == told[2]


def test_stated_range_ends_are_values_of_a_factorial(tmp_path: Path):
    factor = "  gas: {path: states.KOR.gas_share, range: stated, steps: 3}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factor), (DESIGN, "{kind: factorial}")))
    shown = [found.shown(0, row)[0] for row in values(found).tolist()]
    assert shown == pytest.approx([0.155, 0.1675, 0.18], rel=1e-12)


@pytest.mark.parametrize(
    "names", ["crimea-2014", "rapprochement-2016", "ukraine-2022", "crimea-2014, ukraine-2022"]
)
def test_all_evidence_is_each_input_with_width_once(tmp_path: Path, names: str):
    text = edited(
        SPEC,
        (f"factors:\n{ENERGY}", 'evidence: ["states.KOR.*", "*", "world.*"]'),
        ("[crimea-2014]", f"[{names}]"),
    )
    found = sweep(tmp_path, text)
    wide = set()
    for base in found.bases:
        scenario = base.scenario
        tables = {f"states.{code}": dict(own) for code, own in scenario.states.items()}
        tables["world"] = dict(scenario.world)
        for code, bloc in scenario.blocs.items():
            tables[f"blocs.{code}"] = {
                name: getattr(bloc, name) for name in ("level", "russia_trade_share")
            }
        for owner, table in tables.items():
            for name, quantity in table.items():
                parts = [quantity, *quantity.changes]
                if any(part.range[0] < part.range[1] for part in parts):
                    wide.add(f"{owner}.{name}")
    assert sorted(found.names) == sorted(wide)
    assert len(found.names) == len(set(found.names)) > 80
    assert all(setting.how == "range" for setting in found.settings[0])
    for point in (0, found.points - 1):
        found.variant(point, found.values(point, 1)[0])


def test_evidence_of_a_bloc_that_another_scenario_lacks_is_a_fault(tmp_path: Path):
    shipped = evidence.data_root() / "configs" / "episodes" / "crimea-2014.yaml"
    text = re.sub(r"\nblocs:\n.*?\nclubs:", "\nclubs:", shipped.read_text("utf-8"), flags=re.DOTALL)
    text = edited(text, ("[USA, JPN, EU]", "[USA, JPN]"), (", EU: European Union", ""))
    (tmp_path / "apart.yaml").write_text(text.replace("crimea-2014", "apart", 1), "utf-8")
    told = fault(
        tmp_path,
        edited(
            SPEC,
            (f"factors:\n{ENERGY}", 'evidence: ["*"]'),
            ("[crimea-2014]", "[crimea-2014, apart.yaml]"),
        ),
    )
    assert told.startswith("mine.yaml:5: ")
    assert "no EU here" in told


def test_evidence_leaves_out_what_is_a_factor_already(tmp_path: Path):
    factor = "  severity: {path: world.severity, from: 0.1, to: 0.2}"
    text = edited(SPEC, (ENERGY, f'{factor}\nevidence: ["world.*"]'))
    found = sweep(tmp_path, text)
    paths = [setting.target.path for setting in found.settings[0]]
    assert found.names[0] == "severity"
    assert paths.count("world.severity") == 1
    assert len(paths) == len(set(paths)) > 3
    assert found.names[1:] == paths[1:]


def test_evidence_alone_needs_no_factors(tmp_path: Path):
    text = edited(SPEC, (f"factors:\n{ENERGY}", "evidence: [states.KOR.gas_share]"))
    assert sweep(tmp_path, text).names == ["states.KOR.gas_share"]


def test_a_posterior_is_the_range_of_a_weight_file(beside: Path):
    text = edited(
        SPEC, (ENERGY, f"{NORMS}posterior: weights.yaml}}"), ("points: 8", "points: 4096")
    )
    found = sweep(beside, text)
    low, high = weight_sets.read_set(beside / "weights.yaml").groups["norms"].range
    made = values(found)
    assert (made.min(), made.max()) == pytest.approx((low, high), rel=0.01)
    assert low <= made.min()
    assert made.max() < high
    assert len(found.files["weights.yaml"]) == 64


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_posterior_spans_the_5th_to_the_95th_percentile_of_draws(tmp_path: Path, kind: str):
    draws = pd.DataFrame({"groups.norms": np.arange(101.0), "terms.market": np.arange(101.0) / 50})
    if kind == "csv":
        draws.to_csv(tmp_path / "d.csv", index=False)
    else:
        draws.to_parquet(tmp_path / "d.parquet", index=False)
    factors = f"""{NORMS}posterior: d.{kind}, steps: 3}}
  market: {{path: weights.terms.market, posterior: d.{kind}, steps: 2}}"""
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, "{kind: factorial}")))
    assert sorted(set(values(found)[:, 0])) == pytest.approx([5.0, 50.0, 95.0])
    assert sorted(set(values(found)[:, 1])) == pytest.approx([0.1, 1.9])
    assert list(found.files) == [f"d.{kind}"]


@pytest.mark.parametrize("total", [None, 1.0, 2.5])
def test_factors_of_a_simplex_sum_to_the_total(tmp_path: Path, total: float | None):
    groups = ("norms", "commerce", "inertia")
    factors = "\n".join(f"  {name}: {{path: weights.groups.{name}}}" for name in groups)
    stated = "" if total is None else f", total: {total}"
    design = f"{{kind: simplex, divisions: 5{stated}}}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, design)))
    made, whole = values(found), total or 1.0
    assert len(made) == math.comb(7, 2)
    assert made.sum(axis=1) == pytest.approx(whole, rel=1e-12)
    assert made.min() == 0.0
    assert made.max() == whole
    assert len({tuple(row) for row in made.tolist()}) == len(made)
    weights = found.variant(4, made[4]).parameters.weights
    terms = found.bases[0].weights.terms
    assert weights.market == pytest.approx(made[4][1] * terms["market"].value)


ROWS = [(0.5, "press", 3.0), (0.25, "free", 0.0), (1.0, "none", 5.0)]
TABLE = """  energy: {path: indices.KOR.exposure}
  stance: {path: decisions.USA.stance.KOR}
  ceiling: {path: states.USA.ceiling}"""


@pytest.mark.parametrize("kind", ["rows", "csv", "parquet"])
def test_a_table_has_its_rows_in_order_whatever_the_order_of_columns(tmp_path: Path, kind: str):
    frame = pd.DataFrame(ROWS, columns=["energy", "stance", "ceiling"])
    frame = frame[["stance", "ceiling", "energy"]]
    design = f"{{kind: table, file: t.{kind}}}"
    if kind == "rows":
        rows = [
            f"{{stance: {stance}, ceiling: {ceiling}, energy: {energy}}}"
            for energy, stance, ceiling in ROWS
        ]
        design = f"{{kind: table, rows: [{', '.join(rows)}]}}"
    elif kind == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
    else:
        frame.to_parquet(tmp_path / "t.parquet", index=False)
    found = sweep(tmp_path, edited(SPEC, (ENERGY, TABLE), (DESIGN, design)))
    assert values(found).tolist() == [[0.5, 1.0, 3.0], [0.25, -1.0, 0.0], [1.0, 0.0, 5.0]]
    assert [tuple(found.shown(0, row)) for row in values(found).tolist()] == ROWS
    assert bool(found.files) == (kind != "rows")


def test_a_table_of_levels_takes_numbers_and_names(tmp_path: Path):
    (tmp_path / "t.csv").write_text("a,b\n3,free\n0,5\n")
    factors = "  a: {path: decisions.JPN.level}\n  b: {path: decisions.KOR.level}"
    design = "{kind: table, file: t.csv}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors), (DESIGN, design)))
    assert values(found).tolist() == [[3.0, -1.0], [0.0, 5.0]]


def test_a_value_of_a_table_out_of_bounds_is_a_point_that_fails(tmp_path: Path):
    design = "{kind: table, rows: [{energy: 0.5}, {energy: 7}]}"
    found = sweep(tmp_path, edited(SPEC, (ENERGY, PLAIN), (DESIGN, design)))
    found.variant(0, found.values(0, 1)[0])
    with pytest.raises(variants.PointError, match=r"indices\.KOR\.exposure: 7 is not an index"):
        found.variant(1, found.values(1, 1)[0])


def test_two_scenarios_are_twice_the_points(tmp_path: Path):
    text = edited(SPEC, ("[crimea-2014]", "[crimea-2014, ukraine-2022]"))
    found, alone = sweep(tmp_path, text), sweep(tmp_path, SPEC)
    assert (found.points, found.runs) == (16, 80)
    assert [found.base(point) for point in (0, 7, 8, 15)] == [0, 0, 1, 1]
    assert np.array_equal(values(found), np.concatenate([values(alone)] * 2))
    assert np.array_equal(found.values(6, 5), values(found)[6:11])
    names = [found.variant(p, found.values(p, 1)[0]).scenario.name for p in (7, 8)]
    assert names == ["crimea-2014", "ukraine-2022"]


@pytest.mark.parametrize("change", ["shift", "value"])
def test_a_shift_is_not_held_to_the_bounds_of_values(tmp_path: Path, change: str):
    factor = f"  s: {{path: world.severity, from: -0.5, to: 0.5, change: {change}}}"
    text = edited(SPEC, (ENERGY, factor))
    if change == "value":
        assert "factors.s.from: -0.5 is not a rubric score" in fault(tmp_path, text)
        return
    found = sweep(tmp_path, text)
    scenario, _, _ = found.variant(0, [-0.1])
    assert scenario.world["severity"].at("2014-07") == pytest.approx(0.65)
    assert scenario.world["severity"].at("2014-03") == pytest.approx(0.35)


def test_files_beside_the_specification_are_found_from_anywhere(
    beside: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    text = edited(SPEC, ("[crimea-2014]", "[alone.yaml]"))
    (beside / "mine.yaml").write_text(f"{text}weights: weights.yaml\n")
    monkeypatch.chdir(tmp_path)
    found = sweep_points.read(beside / "mine.yaml")
    assert found.bases[0].scenario.name == "alone"
    assert found.bases[0].weights.name == "fitted-2014"


def test_the_specification_is_read_as_it_stands():
    specification = sweep_specification.Specification.model_validate(
        {
            "name": "mine",
            "kind": "sweep",
            "title": "Mine",
            "scenarios": ["crimea-2014"],
            "factors": {"energy": {"path": "indices.KOR.exposure", "from": 0.25, "to": 1.0}},
            "design": {"kind": "sobol", "points": 8},
            "replications": 5,
            "keep": "final",
        }
    )
    stated = specification.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert sweep_specification.Specification.model_validate(stated) == specification
    assert stated["factors"]["energy"]["from"] == 0.25
    assert "start" not in stated["factors"]["energy"]


@examples(60)
@given(st.data())
def test_values_of_any_slice_are_those_of_the_whole(data: st.DataObject):
    found = _sliced()
    first = data.draw(st.integers(0, found.points - 1))
    count = data.draw(st.integers(1, found.points - first))
    assert np.array_equal(found.values(first, count), values(found)[first : first + count])


_KNOWN: list[Sweep] = []


def _sliced() -> Sweep:
    if not _KNOWN:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            text = edited(
                SPEC,
                ("[crimea-2014]", "[crimea-2014, rapprochement-2016, ukraine-2022]"),
                (DESIGN, "{kind: latin-hypercube, points: 11}"),
            )
            _KNOWN.append(sweep(Path(folder), text))
    return _KNOWN[0]


def test_every_kind_of_path_can_be_a_factor(tmp_path: Path):
    base = sweep(tmp_path, SPEC).bases[0]
    paths = [
        *variant_paths.input_paths(base.scenario),
        *variant_paths.event_paths(base),
        *(
            f"weights.{part}.{name}"
            for part in weight_sets.PARTS
            for name in weight_sets.PARTS[part]
        ),
    ]
    factors = "\n".join(
        f'  f{index}: {{path: "{path}", range: stated}}' for index, path in enumerate(paths)
    )
    decisions = variant_paths.decision_paths(base.scenario)
    factors += "".join(
        f"\n  d{index}: {{path: {path}, values: [free]}}" for index, path in enumerate(decisions)
    )
    found = sweep(tmp_path, edited(SPEC, (ENERGY, factors)))
    assert len(found.names) == len(paths) + len(decisions)
    found.variant(3, found.values(3, 1)[0])
