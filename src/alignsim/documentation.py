"""The parts of the documentation that come from code and data.

Pages in ``docs/`` mark them with ``<!-- generated: NAME -->`` and ``<!-- end generated -->``, each
on a line of its own; NAME is one of SECTIONS. ``python -m alignsim.documentation`` writes what has
changed, together with the index of claims in ``seeds/`` and the JSON Schema in ``configs/``.
"""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from alignsim import (
    documents,
    evidence,
    history,
    indicators,
    inputs,
    reading,
    schema,
    traceability,
)
from alignsim.documentation_theory import (
    as_table,
    constants,
    literature,
    reference,
    theory,
    weights,
)
from alignsim.scenario import Scenario, quantities

PAGES = "docs/*.md"
DATA = ("input", "history", "what-if")
"""Carriers of claims that are data; the others are parts of the theory."""
INDEX = Path("seeds/index.csv")
SCHEMA = Path("configs/scenario.schema.json")
END = "<!-- end generated -->"

ROLES = {
    "World": inputs.WORLD,
    "Ally": inputs.ALLY,
    "Leader": inputs.LEADER,
    "Target": inputs.TARGET,
    "Bloc": inputs.BLOC,
}
_BEGIN = re.compile(r"<!-- generated: ([a-z-]+) -->")


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
        blocks += [f"**{article}**: {reference(article)}", as_table(head, table)]
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
        blocks += [f"**{role}**", as_table(("input", "unit", "range", "kind", "meaning"), rows)]
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
        blocks.append(as_table(("date", "event", "input", "value", "sources"), rows))
    return "\n\n".join(blocks)


def _start(scenario: Scenario) -> str:
    """The state of play a step before an episode, in words."""
    severity = scenario.before(scenario.world["initial_severity"])
    stated = [f"severity {severity:g} as the allies see it"]
    for code in (scenario.leader, *scenario.allies):
        table = scenario.states[code]
        held = [name for name in ("level", "engagement") if f"initial_{name}" in table]
        words = (f"{name} {scenario.before(table[f'initial_{name}']):g}" for name in held)
        stated.append(f"{code} {', '.join(words)}")
    return "; ".join(stated)


def _changes(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    for path, quantity in quantities(scenario):
        before = quantity.value
        for change in quantity.changes:
            moved = f"{before:g} → {change.value:g}" if change.value != before else f"{before:g}"
            sources = ", ".join(change.source)
            yield change.date, change.label or "", f"`{path}`", moved, sources
            before = change.value


def whatifs() -> str:
    """The shipped what-ifs."""
    rows = []
    for name in reading.shipped("whatifs"):
        stated, _ = reading.read_whatif(name)
        row = (f"`{name}`", reading.read(name).episode, stated.title, ", ".join(stated.claims))
        rows.append(row)
    return as_table(("what-if", "episode", "what it changes", "claims"), rows)


def world_columns() -> str:
    """Columns of the indicators: what they are, of which dataset and version, on what terms."""
    known = evidence.load().references
    rows = []
    for name, column in indicators.columns().items():
        ids = dict.fromkeys(
            source for year in indicators.years() for source in column.sources(year)
        )
        found = [known[source] for source in ids if source in known]
        datasets = "; ".join(f"{one.title} ({one.by})" for one in found) or ", ".join(ids)
        licences = "; ".join(dict.fromkeys(one.licence for one in found))
        versions = "; ".join(f"{year}: {text}" for year, text in column.version.items())
        filled = column.missing or "never blank"
        rows.append((f"`{name}`", column.meaning, datasets, versions, licences, filled))
    head = ("column", "what", "dataset", "version", "licence, as seen", "if blank")
    return as_table(head, rows)


SECTIONS: dict[str, Callable[[], str]] = {
    "inputs": input_tables,
    "episodes": episodes,
    "whatifs": whatifs,
    "terms": theory,
    "constants": constants,
    "weights": weights,
    "claims": claims,
    "literature": literature,
    "world-columns": world_columns,
}
"""What may be generated, by the name in the marker."""


if __name__ == "__main__":
    main()
