"""A value that is written twice in a list is refused with file and line, in every kind of file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import alignsim
from alignsim import api, cli, documents, reading, shapes, sweep_points
from alignsim.documents import DocumentError
from tests.studies import ROOT

PAIRS = ("range", "bounds")
"""Keys of two ends, low and high, which may be equal."""
FILES = sorted([*ROOT.glob("configs/*/*.yaml"), *ROOT.glob("experiments/*/*.yaml")])

SWEEP = """\
name: small
kind: sweep
title: Small sweep
scenarios: [crimea-2014]
factors:
  severity: {path: world.severity, from: 0.2, to: 1.0, steps: 5}
  stance: {path: decisions.USA.stance.KOR, values: [none, press]}
design: {kind: factorial}
replications: 50
keep: counts
"""
TABLE = """\
name: small
kind: sweep
title: Small sweep
scenarios: [crimea-2014]
factors:
  severity: {path: world.severity}
  stance: {path: decisions.USA.stance.KOR}
design:
  kind: table
  rows:
    - {severity: 0.2, stance: none}
    - {severity: 0.3, stance: none}
replications: 50
keep: counts
"""


def lists(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the lists of single values below a node, but for pairs."""
    if isinstance(node, dict):
        for key, below in node.items():
            if key not in PAIRS and (*path, key) != ("set",):
                yield from lists(below, (*path, key))
    elif isinstance(node, list) and node and isinstance(node[0], str | int | float):
        yield path
    elif isinstance(node, list):
        for index, below in enumerate(node):
            yield from lists(below, (*path, index))


def fault(text: str, name: str) -> str:
    document = documents.parse(text.encode(), name)
    with pytest.raises(DocumentError) as caught:
        api.CHECKS.get(document.data["kind"], reading.resolve)(document)
    return str(caught.value)


def cases() -> Iterator[tuple[str, Path, tuple[Any, ...]]]:
    """A file and list for every kind of file and key: of lists alike the first."""
    known = set()
    for file in FILES:
        data = documents.read(file).data
        for path in lists(data):
            key = (data["kind"], path[-1], len(path))
            if key not in known:
                known.add(key)
                yield f"{data['kind']}-{path[-1]}", file, path


CASES = list(cases())


def test_there_is_a_case_for_every_kind_of_file():
    kinds = {name.partition("-")[0] for name, *_ in CASES}
    whole = {documents.read(file).data["kind"] for file in FILES}
    assert kinds == whole
    expected = "source allies members scenarios fit_on groups terms episodes claims faults without"
    assert {path[-1] for *_, path in CASES} >= set(expected.split())


@pytest.mark.parametrize(("file", "path"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_c12_a_value_written_twice_is_refused(file, path):
    data = documents.read(file).copied().data
    node = data
    for key in path:
        node = node[key]
    node.append(node[0])
    text = json.dumps(data, indent=1, ensure_ascii=False)
    place = (*path, len(node) - 1)
    line = documents.parse(text.encode(), "a.yaml").line(place)
    where = ".".join(map(str, place))
    assert fault(text, str(file)) == f"{file}:{line}: {where}: {node[0]} stands twice"


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (SWEEP, "[none, press]", "[none, none]", "7: factors.stance.values.1: none stands twice"),
        (SWEEP, "USA.stance.KOR, values: [none, press]", 'KOR.level, values: [0, "0"]',
         "7: factors.stance.values.1: 0 stands twice"),
        (SWEEP, "from: 0.2, to: 1.0, steps: 5", "values: [1, 0.5, 1.0]",
         "6: factors.severity.values.2: 1.0 stands twice"),
        (SWEEP, "[crimea-2014]", "[crimea-2014, crimea-2014]",
         "4: scenarios.1: crimea-2014 stands twice"),
        (TABLE, "severity: 0.3", "severity: 0.2", "12: design.rows.1: stands twice"),
        (TABLE, "severity: 0.3, stance: none", "severity: 0.20, stance: none",
         "12: design.rows.1: stands twice"),
    ],
)  # fmt: skip
def test_c12_a_point_of_a_sweep_written_twice_is_refused(text, old, new, told):
    sweep_points.of_document(documents.parse(text.encode(), "small.yaml"))
    assert fault(text.replace(old, new), "small.yaml") == f"small.yaml:{told}"


@pytest.mark.parametrize(
    ("file", "key"),
    [("calibration/all.yaml", "fit_on"), ("comparison/comparison.yaml", "episodes")],
)
def test_c12_one_scenario_under_two_names_is_refused(file, key):
    data = documents.read(ROOT / "experiments" / file).copied().data
    twice = ROOT / "configs" / "episodes" / "crimea-2014.yaml"
    data[key] = ["crimea-2014", str(twice)]
    told = fault(json.dumps(data), "a.yaml")
    assert told == f"a.yaml:1: {key}.1: crimea-2014 stands twice"


def test_c12_what_is_asked_twice_of_a_what_if_is_refused():
    asked = [("crimea-2014", ["seoul-isolated"] * 2, [])]
    asked += [("crimea-2014", [], [("world.severity", 0.1), ("world.severity", 0.2)])]
    told = ["whatifs: seoul-isolated stands twice", "--set: world.severity: stands twice"]
    for (name, whatifs, settings), message in zip(asked, told, strict=True):
        with pytest.raises(ValueError, match=f"^{message}$"):
            alignsim.whatif(name, whatifs, settings, runs=2)
    found = CliRunner().invoke(cli.cli, ["whatif", "crimea-2014", *["seoul-isolated"] * 2])
    assert found.exit_code == 2
    assert "whatifs: seoul-isolated stands twice" in found.output


@pytest.mark.parametrize(
    ("items", "expected"), [([], []), ([1, 2], []), ([1, 2, 1.0, 1], [2, 3]), (["a", "a"], [1])]
)
def test_doubled_names_every_item_that_has_stood_before(items, expected):
    assert list(shapes.doubled(items)) == expected
