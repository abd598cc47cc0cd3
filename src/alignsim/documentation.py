"""The parts of the documentation that come from code and data.

Pages in ``docs/`` mark them with ``<!-- generated: NAME -->`` and ``<!-- end generated -->``, each
on a line of its own; NAME is one of SECTIONS. ``python -m alignsim.documentation`` writes what has
changed, together with the index of claims in ``seeds/`` and the JSON Schema in ``configs/``.
"""

import ast
import csv
import inspect
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from alignsim import (
    decision,
    documents,
    evidence,
    history,
    indices,
    inputs,
    reading,
    schema,
    situation,
    terms,
    traceability,
)
from alignsim import weights as weight_sets
from alignsim.scenario import Quantity, Scenario

SHIPPED_WEIGHTS = "calibrated"
SPECIFICATION = "experiments/calibration/all.yaml"
PAGES = "docs/*.md"
DATA = ("input", "history", "what-if")
"""Carriers of claims that are data; the others are parts of the theory."""
INDEX = Path("seeds/index.csv")
SCHEMA = Path("configs/scenario.schema.json")
END = "<!-- end generated -->"

NO_ADDRESS = ("print", "not stated")
"""What a reference gives as its address where it has none."""

ROLES = {
    "World": inputs.WORLD,
    "Ally": inputs.ALLY,
    "Leader": inputs.LEADER,
    "Target": inputs.TARGET,
    "Bloc": inputs.BLOC,
}
ENTERS: dict[str, tuple[str, ...]] = {
    "level": decision.LevelTerms._fields,
    "engagement": decision.EngagementTerms._fields,
    "leader's level": decision.LeaderTerms._fields,
    "leader's stance": decision.LeaderStanceTerms._fields,
    "target's stance": decision.TargetTerms._fields,
}
"""Decisions, and the terms of their utility."""

_BEGIN = re.compile(r"<!-- generated: ([a-z-]+) -->")
_CLAIMS = r"[A-Z]\d\d-\d+(?:,\s*[A-Z]\d\d-\d+)*"
_CITATION = re.compile(rf"\s*\({_CLAIMS}\)|;\s*{_CLAIMS}")
_FORMULA = re.compile(r"[-+(]|\w+ (\w+ )?[+(]")
_FORMULA_END = re.compile(r"[.;:](?=\s|$)\s*")

Function = Callable[..., Any]


def main() -> None:
    """Write what has changed, and name it."""
    root = evidence.data_root()
    if not (root / "docs").is_dir():
        sys.exit("alignsim.documentation: works in the repository only")
    for file, text in render().items():
        if not (root / file).is_file() or (root / file).read_text(encoding="utf-8") != text:
            documents.write_whole(root / file, text)
            print(file)


def render() -> dict[Path, str]:
    """Every file with generated parts as it should stand, by path from the repository's root.

    Raises DocumentError where a page's markers do not match.
    """
    root = evidence.data_root()
    rendered = {INDEX: index(), SCHEMA: schema.as_text()}
    for file in sorted(root.glob(PAGES)):
        text = file.read_text(encoding="utf-8")
        if _BEGIN.search(text):
            path = file.relative_to(root)
            rendered[path] = fill(text, path.as_posix())
    return rendered


def fill(text: str, name: str) -> str:
    """A page with its generated parts made anew; ``name`` is for messages."""
    lines: list[str] = []
    section = None
    for number, line in enumerate(text.splitlines(), start=1):
        start = _BEGIN.fullmatch(line)
        if start:
            if section is not None:
                raise documents.DocumentError(name, number, "", f"{section} has no end")
            section = start[1]
            if section not in SECTIONS:
                fault = f"no part {section}; there are {', '.join(SECTIONS)}"
                raise documents.DocumentError(name, number, "", fault)
            lines += [line, "", SECTIONS[section](), ""]
        elif line == END:
            if section is None:
                raise documents.DocumentError(name, number, "", "an end without a start")
            section = None
        if section is None:
            lines.append(line)
    if section is not None:
        raise documents.DocumentError(name, None, "", f"{section} has no end")
    return "\n".join(lines) + "\n"


# --- the index of claims ------------------------------------------------------------------


def index() -> str:
    """What carries each claim as CSV, a line a claim and carrier; context has an empty one."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("claim", "kind", "what", "carrier"))
    for row in traceability.flat():
        writer.writerow((row["claim"], row["kind"], row["what"], row["name"]))
    return stream.getvalue()


def claims() -> str:
    """Claims by article: the parts of the theory that carry them, and how many data do."""
    blocks = []
    rows = traceability.matrix()
    for article in dict.fromkeys(row.claim.partition("-")[0] for row in rows):
        table = []
        for row in rows:
            if row.claim.startswith(f"{article}-"):
                count = Counter(carrier.what for carrier in row.carriers)
                table.append(
                    (
                        row.claim,
                        "/".join(row.kind),
                        _theory_of(row.carriers),
                        *(str(count[what] or "") for what in DATA),
                    )
                )
        head = ("claim", "kind", "carried in the theory by", "inputs", "history", "what-ifs")
        blocks += [f"**{article}**: {_reference(article)}", _table(head, table)]
    context = sum(1 for row in rows if not row.carriers and set(row.kind) == {"X"})
    bare = ", ".join(traceability.uncarried(rows)) or "none"
    blocks.append(f"{len(rows)} claims; context only: {context}; carried by nothing: {bare}.")
    return "\n\n".join(blocks)


def _theory_of(carriers: Iterable[traceability.Carrier]) -> str:
    """Carriers in the theory, by what they are."""
    found = (carrier for carrier in carriers if carrier.what not in DATA)
    return "; ".join(
        f"{what} {', '.join(f'`{carrier.name}`' for carrier in group)}"
        for what, group in groupby(found, key=lambda carrier: carrier.what)
    )


# --- inputs and scenarios -----------------------------------------------------------------


def input_tables() -> str:
    """Tables of inputs, by role."""
    blocks = []
    for role, table in ROLES.items():
        rows = [
            (f"`{row.name}`", row.unit, f"{row.low:,.0f} to {row.high:,.0f}", row.kind, row.meaning)
            for row in table.values()
        ]
        blocks += [f"**{role}**", _table(("input", "unit", "range", "kind", "meaning"), rows)]
    return "\n\n".join(blocks)


def episodes() -> str:
    """Calendars of the shipped episodes, and their dated changes with sources."""
    blocks = []
    for name in reading.shipped("episodes"):
        scenario = reading.read(name)
        dates = scenario.calendar.dates
        recorded = len(history.documented(scenario))
        blocks.append(
            f"**{name}**: {scenario.title}. {len(dates)} steps of a {scenario.calendar.step}, "
            f"{dates[0]} to {dates[-1]}; leader {scenario.leader}, target {scenario.target}, "
            f"allies {', '.join(scenario.allies)}; {recorded} documented decisions. "
            f"A step before the start: {_start(scenario)}."
        )
        rows = sorted(_changes(scenario), key=lambda row: (row[0], not row[1], row[2]))
        blocks.append(_table(("date", "event", "input", "value", "sources"), rows))
    return "\n\n".join(blocks)


def _start(scenario: Scenario) -> str:
    """The state of play a step before an episode, in words."""
    stated = [f"severity {scenario.world['initial_severity'].value:g} as the allies see it"]
    for code in (scenario.leader, *scenario.allies):
        table = scenario.states[code]
        held = [name for name in ("level", "engagement") if f"initial_{name}" in table]
        words = (f"{name} {table[f'initial_{name}'].value:g}" for name in held)
        stated.append(f"{code} {', '.join(words)}")
    return "; ".join(stated)


def _changes(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    for path, quantity in _quantities(scenario):
        before = quantity.value
        for change in quantity.changes:
            moved = f"{before:g} → {change.value:g}" if change.value != before else f"{before:g}"
            sources = ", ".join(change.source)
            yield change.date, change.label or "", f"`{path}`", moved, sources
            before = change.value


def _quantities(scenario: Scenario) -> Iterator[tuple[str, Quantity]]:
    for name, quantity in scenario.world.items():
        yield f"world.{name}", quantity
    for code, bloc in scenario.blocs.items():
        yield f"blocs.{code}.level", bloc.level
        yield f"blocs.{code}.russia_trade_share", bloc.russia_trade_share
    for code, table in scenario.states.items():
        for name, quantity in table.items():
            yield f"states.{code}.{name}", quantity


def whatifs() -> str:
    """The shipped what-ifs."""
    rows = []
    for name in reading.shipped("whatifs"):
        stated, _ = reading.read_whatif(name)
        row = (f"`{name}`", reading.read(name).episode, stated.title, ", ".join(stated.claims))
        rows.append(row)
    return _table(("what-if", "episode", "what it changes", "claims"), rows)


# --- theory -------------------------------------------------------------------------------


def theory() -> str:
    """Every term by group, every feedback and every record, as its docstring states it."""
    head = ("term", "enters", "formula", "what it says", "claims")
    blocks = []
    for group, names in decision.GROUPS.items():
        rows = [_stated(getattr(terms, name), _decisions(name)) for name in names]
        blocks += [f"**{_words(group)}**", _table(head, rows)]
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
        blocks += [f"**{title}**", _table(("name", *head[2:]), rows)]
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
    return _table(("constant", "value", "meaning"), rows)


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
    penalty = ", ".join(f"{name} {value:g}" for name, value in specification["penalty"].items())
    lines = [
        f"- set: `{stated.name}` ({stated.status}), {stated.date}. {stated.note}",
        f"- data: {stated.data}",
        f"- method: {' '.join(stated.method.split())}",
        f"- penalty: {penalty} (`{SPECIFICATION}`)",
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
        (f"`{name}`", f"{number.value:g}", _range(number), meanings[name], ", ".join(number.source))
        for name, number in stated.dynamics.items()
    ]
    return "\n\n".join(
        (
            "\n".join(lines),
            "**Precisions**, by kind of decision",
            _table(("kind", "precision", "range"), precisions),
            "**Groups**",
            _table(("group", "weight", "range", "terms"), groups),
            "**Terms**; the total is group weight times term weight",
            _table(("term", "group", "weight", "range", "total"), own),
            "**Dynamics**, set and not fitted",
            _table(("parameter", "value", "range", "meaning", "sources"), dynamics),
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
    return "\n".join(f"- `{name}`: {_reference(name)}" for name in cited)


def _reference(name: str) -> str:
    work = evidence.load().references[name]
    words = [work.by.removesuffix(".") + "."]
    words.append(work.title if work.title.endswith("?") else f"{work.title}.")
    if work.address.startswith("http"):
        words.append(f"<{work.address.replace('<', '%3C').replace('>', '%3E')}>")
    elif work.address not in NO_ADDRESS:
        words.append(f"{work.address}.")
    return " ".join(words)


# --- Markdown -----------------------------------------------------------------------------


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    """A cell whose bars do not end it: code with a bar becomes HTML, which every renderer takes."""
    if "|" not in text:
        return text
    return re.sub("`([^`]*)`", r"<code>\1</code>", text).replace("|", "&#124;")


SECTIONS: dict[str, Callable[[], str]] = {
    "inputs": input_tables,
    "episodes": episodes,
    "whatifs": whatifs,
    "terms": theory,
    "constants": constants,
    "weights": weights,
    "claims": claims,
    "literature": literature,
}
"""What may be generated, by the name in the marker."""


if __name__ == "__main__":
    main()
