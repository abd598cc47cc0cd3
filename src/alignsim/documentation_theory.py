"""Generated documentation of the theory: terms, constants, weights and literature, as Markdown."""

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import ModuleType
from typing import Any

from alignsim import decision, documents, evidence, indices, situation, terms, traceability
from alignsim import weights as weight_sets

SHIPPED_WEIGHTS = "calibrated"
SPECIFICATION = "experiments/calibration/all.yaml"
NO_ADDRESS = ("print", "not stated")
"""What a reference gives as its address where it has none."""

ENTERS: dict[str, tuple[str, ...]] = {
    "level": decision.LevelTerms._fields,
    "engagement": decision.EngagementTerms._fields,
    "leader's level": decision.LeaderTerms._fields,
    "leader's stance": decision.LeaderStanceTerms._fields,
    "target's stance": decision.TargetTerms._fields,
}
"""Decisions, and the terms of their utility."""

_CLAIMS = r"[A-Z]\d\d-\d+(?:,\s*[A-Z]\d\d-\d+)*"
_CITATION = re.compile(rf"\s*\({_CLAIMS}\)|;\s*{_CLAIMS}")
_FORMULA = re.compile(r"[-+(]|exp\(|\w+ (\w+ )?[+(]")
_FORMULA_END = re.compile(r"[.;:](?=\s|$)\s*")

Function = Callable[..., Any]


# --- theory -------------------------------------------------------------------------------


def theory() -> str:
    """Every term by group, every feedback and every record, as its docstring states it."""
    head = ("term", "enters", "formula", "what it says", "claims")
    blocks = []
    for group, names in decision.GROUPS.items():
        rows = [_stated(getattr(terms, name), _decisions(name)) for name in names]
        blocks += [f"**{in_words(group)}**", as_table(head, rows)]
    weighed = {name for names in decision.GROUPS.values() for name in names}
    apart = {*weighed, *traceability.FEEDBACKS, *traceability.RECORDS}
    public = (name for name, item in vars(terms).items() if inspect.isfunction(item))
    others: dict[str, list[Function]] = {
        "Parts of terms": [getattr(terms, name) for name in public if name not in apart],
        "Feedbacks": [getattr(terms, name) for name in traceability.FEEDBACKS],
        "Records": [
            *(getattr(terms, name) for name in traceability.RECORDS),
            *traceability.RECORDED,
        ],
    }
    for title, functions in others.items():
        rows = [_stated(function) for function in functions]
        blocks += [f"**{title}**", as_table(("name", *head[2:]), rows)]
    return "\n\n".join(blocks)


def _decisions(term: str) -> str:
    return ", ".join(name for name, fields in ENTERS.items() if term in fields)


def _stated(function: Function, *more: str) -> tuple[str, ...]:
    """A row of a function: name, more, formula, what it says, claims."""
    summary, formula, rest = parts(function)
    code = f"`{formula}`" if formula else ""
    text = f"{summary} {rest}".strip()
    return f"`{function.__name__}`", *more, code, text, ", ".join(traceability.claims_in(function))


def parts(function: Function) -> tuple[str, str, str]:
    """Summary, formula and remainder of a docstring, without claims; a formula may be missing."""
    summary, _, body = (inspect.getdoc(function) or "").partition("\n\n")
    summary, body = (_CITATION.sub("", text.replace("``", "`")) for text in (summary, body))
    summary, body = (" ".join(text.split()) for text in (summary, body))
    if not _FORMULA.match(body):
        return summary, "", body
    formula, *rest = _FORMULA_END.split(body, maxsplit=1)
    return summary, formula, _sentence(rest[0]) if rest else ""


def _sentence(text: str) -> str:
    """Text with a capital at its start, unless that is a symbol of one letter."""
    return text if text[1:2] == " " else text[:1].upper() + text[1:]


def constants() -> str:
    """Constants of the theory: those of ``terms`` and ``indices`` with a docstring."""
    rows = [
        (f"`{name}`", f"{getattr(module, name):g}", text)
        for module in (terms, indices)
        for name, text in _docstrings(module).items()
    ]
    return as_table(("constant", "value", "meaning"), rows)


def _docstrings(item: ModuleType | type) -> dict[str, str]:
    """The string below each name of a module or class: Python keeps them in the source only."""
    tree = ast.parse(inspect.getsource(item))
    body = tree.body if isinstance(item, ModuleType) else getattr(tree.body[0], "body", [])
    found = {}
    for named, below in pairwise(body):
        if isinstance(named, ast.Assign):
            target = named.targets[0]
        elif isinstance(named, ast.AnnAssign):
            target = named.target
        else:
            continue
        text = below.value if isinstance(below, ast.Expr) else None
        if isinstance(target, ast.Name) and isinstance(text, ast.Constant):
            found[target.id] = " ".join(str(text.value).split())
    return found


def weights() -> str:
    """The shipped weights, with the precisions and the dynamics."""
    stated = weight_sets.read_set(SHIPPED_WEIGHTS)
    specification = documents.read(evidence.data_root() / SPECIFICATION).data
    prior = ", ".join(f"{name} {value:g}" for name, value in specification["prior"].items())
    lines = [
        f"- set: `{stated.name}` ({stated.status}), {stated.date}. {stated.note}",
        f"- data: {stated.data}",
        f"- method: {' '.join(stated.method.split())}",
        f"- prior: {prior} (`{SPECIFICATION}`)",
        f"- draws: `configs/weights/{stated.draws}`",
    ]
    groups = [
        (f"`{name}`", _value(number), _range(number), ", ".join(decision.GROUPS[name]))
        for name, number in stated.groups.items()
    ]
    own = [
        (
            f"`{name}`",
            weight_sets.GROUP_OF[name],
            _value(number),
            _range(number),
            f"{stated.groups[weight_sets.GROUP_OF[name]].value * number.value:.3g}",
        )
        for name, number in stated.terms.items()
    ]
    precisions = [
        (f"`{name}`", _value(number), _range(number)) for name, number in stated.precision.items()
    ]
    meanings = _docstrings(situation.Dynamics)
    dynamics = [
        (f"`{name}`", _value(number), _range(number), meanings[name], ", ".join(number.source))
        for name, number in stated.dynamics.items()
    ]
    return "\n\n".join(
        (
            "\n".join(lines),
            "**Precisions**, by kind of decision",
            as_table(("kind", "precision", "range"), precisions),
            "**Groups**",
            as_table(("group", "weight", "range", "terms"), groups),
            "**Terms**; the total is group weight times term weight",
            as_table(("term", "group", "weight", "range", "total"), own),
            "**Dynamics**; those whose source is not the calibration are set",
            as_table(("parameter", "value", "range", "meaning", "sources"), dynamics),
        )
    )


def _value(number: weight_sets.Number) -> str:
    return f"{number.value:.3g}"


def _range(number: weight_sets.Number) -> str:
    low, high = number.range
    return f"{low:.3g} to {high:.3g}"


def literature() -> str:
    """The works that code and documentation cite, with their ids in ``seeds/``."""
    works = evidence.load().references
    cited = (name for name, work in works.items() if work.kind == "literature")
    return "\n".join(f"- `{name}`: {reference(name)}" for name in cited)


def reference(name: str) -> str:
    """A reference as a bibliography has it."""
    work = evidence.load().references[name]
    words = [work.by.removesuffix(".") + "."]
    words.append(work.title if work.title.endswith("?") else f"{work.title}.")
    if work.address.startswith("http"):
        words.append(f"<{work.address.replace('<', '%3C').replace('>', '%3E')}>")
    elif work.address not in NO_ADDRESS:
        words.append(f"{work.address}.")
    return " ".join(words)


# --- Markdown -----------------------------------------------------------------------------


def in_words(name: str) -> str:
    """A name in words: ``supply_at_risk`` as Supply at risk."""
    return name.replace("_", " ").capitalize()


def as_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; each row has the cells of the head."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    """A cell whose bars do not end it: code with a bar becomes HTML, which every renderer takes."""
    if "|" not in text:
        return text
    return re.sub("`([^`]*)`", r"<code>\1</code>", text).replace("|", "&#124;")
