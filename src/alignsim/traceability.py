"""The traceability matrix: what carries each claim, and what stands without a source.

Claims reach the model in two ways. Docstrings of the theory name the claims that a term, feedback,
index or record rests on; configurations and history name them as sources. Both are read here from
where they stand, so that the matrix cannot drift from the model.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from alignsim import documents, evidence, history, indices, situation, terms
from alignsim.documents import Document, Location
from alignsim.evidence import Evidence

WHAT = ("term", "feedback", "record", "index", "input", "history", "what-if")
"""Kinds of carriers, in the order of a row."""

FEEDBACKS = (
    "perceived_severity",
    "resistance",
    "energy_drift",
    "rise",
    "compounded",
    "assured",
)
"""Functions of ``terms`` that change the state of play between decisions."""
RECORDS = ("misalignment",)
"""Functions of ``terms`` that only enter the record of a step."""
RECORDED = (situation.pressure, situation.spread)
"""Functions of ``situation`` that enter the record of a step."""

STRUCTURAL: frozenset[Location] = frozenset({("calendar", "steps"), ("indicators",)})
"""Numbers of a configuration that are structure and not evidence: they need no source.

The second is the year of a table, whose columns have sources of their own."""
SOURCED_KEYS = frozenset({"value", "option", "members"})
"""A mapping with one of these keys states something about the world and names its source."""

WIDTH = 100
"""Columns of the printed matrix."""

_CLAIM = re.compile(r"\b[A-Z]\d\d-\d+\b")


class Carrier(NamedTuple):
    """A part of the model that carries a claim."""

    what: str
    """One of WHAT."""
    name: str
    """A function, ``episode: path``, ``episode: decision`` or a what-if."""


class Row(NamedTuple):
    """One claim and all that carries it."""

    claim: str
    kind: tuple[str, ...]
    text: str
    carriers: tuple[Carrier, ...]


def matrix(root: Path | None = None) -> list[Row]:
    """One row a claim, in the order of ``seeds/``; carriers in the order of WHAT, then as found.

    ``root`` holds ``seeds`` and ``configs`` (default: the shipped ones). Raises DocumentError
    where a file cannot be read.
    """
    return list(_rows(root))


def flat(rows: Iterable[Row] | None = None) -> list[dict[str, Any]]:
    """Flat records, one a claim and carrier; a claim that nothing carries has one with None."""
    return [
        {
            "claim": row.claim,
            "kind": "/".join(row.kind),
            "text": row.text,
            "what": carrier.what if carrier else None,
            "name": carrier.name if carrier else None,
        }
        for row in (matrix() if rows is None else rows)
        for carrier in row.carriers or (None,)
    ]


def as_text(rows: Iterable[Row] | None = None) -> str:
    """The matrix for a terminal of WIDTH columns; a single claim stands in full."""
    chosen = matrix() if rows is None else list(rows)
    blocks = [_block(row, whole=len(chosen) == 1) for row in chosen]
    if len(chosen) > 1:
        context = sum(1 for row in chosen if not row.carriers and set(row.kind) == {"X"})
        bare = ", ".join(uncarried(chosen)) or "none"
        blocks.append(f"{len(chosen)} claims; context only: {context}; carried by nothing: {bare}")
    return "\n\n".join(blocks)


def claims_in(function: Callable[..., Any]) -> tuple[str, ...]:
    """Claims that a function's docstring names, in its order."""
    return tuple(dict.fromkeys(_CLAIM.findall(function.__doc__ or "")))


def uncarried(rows: Iterable[Row] | None = None) -> list[str]:
    """Claims that nothing carries, context (kind X alone) excepted."""
    return [
        row.claim
        for row in (matrix() if rows is None else rows)
        if not row.carriers and set(row.kind) != {"X"}
    ]


def uncited(functions: Iterable[Callable[..., Any]] | None = None) -> list[str]:
    """Names of functions whose docstring names no claim (default: all of ``terms``)."""
    chosen = _functions(terms) if functions is None else functions
    return [function.__name__ for function in chosen if not claims_in(function)]


def unknown_claims(sources: Mapping[str, str] | None = None) -> list[str]:
    """Claim ids in source texts by name that no article has, as ``name:line: id``.

    Default: the modules of the package, so that comments count as well as docstrings.
    """
    if sources is None:
        files = sorted(Path(__file__).parent.glob("*.py"))
        sources = {file.name: file.read_text(encoding="utf-8") for file in files}
    known = evidence.load().claims
    return [
        f"{name}:{number}: {claim}"
        for name, text in sources.items()
        for number, line in enumerate(text.splitlines(), start=1)
        for claim in _CLAIM.findall(line)
        if claim not in known
    ]


def unsourced(root: Path | None = None) -> list[str]:
    """Numbers of ``configs/`` and of documented history without a source, or with a false one.

    A number belongs to the mapping it stands in, and that mapping names its sources: claims or
    references of ``root/seeds``. One line a fault, ``file:line: path: what is wrong``.
    """
    known = evidence.load(root)
    base = f"{root or evidence.data_root()}/"
    history_file = _folder(root) / "seeds" / "history.yaml"
    return [
        str(document.error(where, fault)).removeprefix(base)
        for document in (*_configs(root), documents.read(history_file))
        for path, node in _mappings(document.data)
        for where, fault in _faults(path, node, known)
    ]


def _block(row: Row, whole: bool) -> str:
    """A claim, and below it its carriers by kind; those of one file share its name."""
    head = f"{row.claim} ({'/'.join(row.kind)}) {row.text}"
    lines = textwrap.wrap(head, WIDTH) if whole else [textwrap.shorten(head, WIDTH)]
    for what in WHAT:
        groups: dict[str, list[str]] = {}
        for carrier in row.carriers:
            if carrier.what == what:
                file, _, name = carrier.name.rpartition(": ")
                groups.setdefault(file, []).append(name)
        joined = "; ".join(
            f"{file}: {', '.join(names)}" if file else ", ".join(names)
            for file, names in groups.items()
        )
        if joined:
            lines += textwrap.wrap(
                joined,
                WIDTH,
                initial_indent=f"  {what:<9}",
                subsequent_indent=" " * 11,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


# --- carriers -----------------------------------------------------------------------------


@cache
def _rows(root: Path | None) -> tuple[Row, ...]:
    claims = evidence.load(root).claims
    found: dict[str, dict[Carrier, None]] = {claim: {} for claim in claims}
    for claim, carrier in _carried(root):
        if claim in found:
            found[claim][carrier] = None
    return tuple(
        Row(
            claim.id,
            claim.kind,
            claim.claim,
            tuple(sorted(found[claim.id], key=lambda carrier: WHAT.index(carrier.what))),
        )
        for claim in claims.values()
    )


def _carried(root: Path | None) -> Iterator[tuple[str, Carrier]]:
    """Every claim that a carrier names; references among the sources are passed over above."""
    yield from _theory()
    for document in _configs(root):
        kind = document.data.get("kind")
        if kind in ("episode", "world"):
            yield from _sources(document, Carrier("input", f"{document.data['name']}: "))
        elif kind == "columns":
            yield from _sources(document, Carrier("input", "columns: "))
        elif kind == "whatif":
            name = str(document.data["name"])
            for claim in document.data.get("claims", []):
                yield claim, Carrier("what-if", name)
            yield from _sources(document, Carrier("what-if", f"{name}: "))
    for episode, courses in history.read(root).items():
        for course in courses:
            toward = f" toward {course.toward}" if course.toward else ""
            for entry in course.course:
                name = f"{episode}: {course.state} {course.decision}{toward} {entry.date}"
                for source in entry.source:
                    yield source, Carrier("history", name)


def _theory() -> Iterator[tuple[str, Carrier]]:
    """Claims that the docstrings of terms, indices and the situation name."""
    for function in _functions(terms):
        name = function.__name__
        what = "feedback" if name in FEEDBACKS else "record" if name in RECORDS else "term"
        yield from _named(claims_in(function), Carrier(what, name))
    for function in _functions(indices):
        yield from _named(claims_in(function), Carrier("index", function.__name__))
    for function in RECORDED:
        yield from _named(claims_in(function), Carrier("record", function.__name__))
    for field, text in _field_docstrings(situation.Dynamics).items():
        yield from _named(_CLAIM.findall(text), Carrier("feedback", f"dynamics.{field}"))


def _named(claims: Iterable[str], carrier: Carrier) -> Iterator[tuple[str, Carrier]]:
    for claim in claims:
        yield claim, carrier


def _functions(module: ModuleType) -> list[Callable[..., Any]]:
    """Public functions defined in a module, in the order of its source."""
    return [
        item
        for name, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and name[0] != "_"
    ]


def _field_docstrings(record: type) -> dict[str, str]:
    """The string below each field of a class: Python keeps them in the source only."""
    body = ast.parse(inspect.getsource(record)).body[0]
    texts: dict[str, str] = {}
    if isinstance(body, ast.ClassDef):
        for field, below in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                texts[field.target.id] = str(below.value.value)
    return texts


# --- configurations -----------------------------------------------------------------------


def _folder(root: Path | None) -> Path:
    return evidence.data_root() if root is None else root


@cache
def _configs(root: Path | None) -> tuple[Document, ...]:
    """Every YAML file of ``configs/``, by path."""
    files = sorted((_folder(root) / "configs").rglob("*.yaml"))
    return tuple(documents.read(file) for file in files)


def _mappings(node: Any, path: Location = ()) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Every mapping of a document with its path, outermost first."""
    if isinstance(node, dict):
        yield path, node
        for key, below in node.items():
            yield from _mappings(below, (*path, key))
    elif isinstance(node, list):
        for index, below in enumerate(node):
            yield from _mappings(below, (*path, index))


def _sources(document: Document, prefix: Carrier) -> Iterator[tuple[str, Carrier]]:
    """Sources of every mapping of a document, carried by its label under the prefix."""
    for path, node in _mappings(document.data):
        for source in _listed(node.get("source")):
            yield source, prefix._replace(name=prefix.name + _label(path, node))


def _label(path: Location, node: dict[str, Any]) -> str:
    """Name of a mapping: its path, with the date of a change; a fixed decision in words."""
    below = path[1:] if path[0] in ("set", "columns") else path
    if below[0] == "fixed":
        toward = f" toward {node['toward']}" if "toward" in node else ""
        return f"{node.get('state')} {node.get('decision')}{toward} {node.get('from')}"
    if len(below) > 1 and below[-2] == "changes":
        return f"{'.'.join(str(key) for key in below[:-2])} {node.get('date')}"
    return ".".join(str(key) for key in below)


def _faults(
    path: Location, node: dict[str, Any], known: Evidence
) -> Iterator[tuple[Location, str]]:
    """Faults of one mapping, with the place of each."""
    for claim in _listed(node.get("claims")):
        if claim not in known.claims:
            yield (*path, "claims"), f"names {claim!r}, which is no claim"
    sources = _listed(node.get("source"))
    for source in sources:
        if not known.knows(source):
            yield path, f"names {source!r}, which is neither a claim nor a reference"
    if not sources:
        numbers = [key for key, value in node.items() if _states_number(value)]
        stated = [key for key in numbers if (*path, key) not in STRUCTURAL]
        if stated or SOURCED_KEYS & node.keys():
            yield path, "no source"


def _listed(source: Any) -> list[str]:
    """Sources as a list, those by year one after another; what is not text is known to no one."""
    if source is None:
        return []
    if isinstance(source, dict):
        return [item for stated in source.values() for item in _listed(stated)]
    return [str(item) for item in source] if isinstance(source, list) else [str(source)]


def _states_number(value: Any) -> bool:
    """Whether a value is a number or a list that holds one; mappings state their own."""
    if isinstance(value, list):
        return any(_states_number(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)
