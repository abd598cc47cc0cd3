"""Every claim is carried, every number has a source; and the coding rubric agrees with both.

Run as a program, this file writes the two tables of docs/rubric.md anew.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alignsim import documents, evidence, indices, inputs, terms, traceability
from alignsim.model import AlignmentModel
from alignsim.situation import ALLY_COLUMNS
from alignsim.traceability import Carrier, Row

EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
RUBRIC = Path(__file__).parents[1] / "docs" / "rubric.md"
TABLES = {"ally": inputs.ALLY, "leader": inputs.LEADER, "world": inputs.WORLD}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the shipped seeds and configurations, for spoiling."""
    for folder in ("seeds", "configs"):
        shutil.copytree(evidence.data_root() / folder, tmp_path / folder)
    return tmp_path


def spoil(file: Path, old: str, new: str) -> int:
    """Replace a passage of a file, once; return its line."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def row(kind: str, *carriers: Carrier) -> Row:
    return Row("D14-05", tuple(kind), "A claim.", carriers)


# --- what is shipped ----------------------------------------------------------------------


def test_every_claim_but_context_is_carried() -> None:
    assert traceability.uncarried() == []


@pytest.mark.parametrize(
    ("kind", "carriers"),
    [
        ("M", {"term", "feedback", "record", "index", "input"}),
        ("F", {"term", "index", "input"}),
        ("O", {"history"}),
        ("W", {"what-if"}),
    ],
)
def test_claims_are_carried_by_what_their_kind_asks_for(kind: str, carriers: set[str]) -> None:
    for claim in traceability.matrix():
        if kind in claim.kind:
            assert carriers & {carrier.what for carrier in claim.carriers}, claim.claim


def test_every_cited_claim_exists() -> None:
    assert traceability.unknown_claims() == []


def test_every_number_has_a_source_that_exists() -> None:
    assert traceability.unsourced() == []


def test_every_term_and_index_cites_a_claim() -> None:
    assert traceability.uncited() == []
    assert traceability.uncited([item for item in vars(indices).values() if _public(item)]) == []


def _public(item: Any) -> bool:
    name = getattr(item, "__name__", "_")
    return getattr(item, "__module__", "") == indices.__name__ and not name.startswith("_")


def test_the_matrix_has_a_row_a_claim_in_order() -> None:
    assert [claim.claim for claim in traceability.matrix()] == list(evidence.load().claims)


def test_the_matrix_is_the_same_each_time_and_safe_to_change() -> None:
    traceability.matrix().clear()
    first = traceability.matrix()
    traceability._rows.cache_clear()
    assert traceability.matrix() == first


def test_carriers_are_sorted_by_kind_and_named_once() -> None:
    for claim in traceability.matrix():
        order = [traceability.WHAT.index(carrier.what) for carrier in claim.carriers]
        assert order == sorted(order)
        assert len(set(claim.carriers)) == len(claim.carriers)


@pytest.mark.parametrize(
    ("claim", "what", "name"),
    [
        ("D14-24", "term", "abandonment"),
        ("L17-18", "feedback", "energy_drift"),
        ("D14-16", "feedback", "dynamics.persistence"),
        ("D14-02", "feedback", "dynamics.abstention_premium"),
        ("D14-17", "feedback", "resistance"),
        ("D14-17", "feedback", "dynamics.attention"),
        ("D14-17", "term", "inertia"),
        ("D14-30", "record", "pressure"),
        ("C22-04", "record", "misalignment"),
        ("C22-04", "record", "spread"),
        ("L17-12", "index", "replaceable"),
        ("D14-08", "input", "crimea-2014: states.JPN.russian_aims"),
        ("D14-17", "input", "crimea-2014: world.severity 2014-05"),
        ("C22-16", "input", "ukraine-2022: blocs.EU.level 2022-04-08"),
        ("D14-06", "input", "crimea-2014: clubs.G7"),
        ("D14-06", "input", "world-2014: clubs.G7"),
        ("L17-17", "input", "world-2014: same.oil_from_usa"),
        ("D14-23", "input", "columns: six_party"),
        ("D14-13", "history", "crimea-2014: JPN level 2014-04"),
        ("L17-15", "history", "rapprochement-2016: RUS stance toward JPN 2015-01"),
        ("C22-19", "what-if", "us-lng"),
        ("C22-19", "what-if", "us-lng: states.JPN.gas_from_usa"),
        ("C22-20", "what-if", "shared-red-lines: USA stance toward KOR 2022-02"),
    ],
)
def test_known_carriers_are_found(claim: str, what: str, name: str) -> None:
    found = {item.claim: item.carriers for item in traceability.matrix()}
    assert Carrier(what, name) in found[claim]


def test_feedbacks_and_records_are_functions_of_the_theory() -> None:
    for name in (*traceability.FEEDBACKS, *traceability.RECORDS):
        assert callable(getattr(terms, name))


# --- negative controls --------------------------------------------------------------------


def test_a_claim_without_carriers_is_found() -> None:
    assert traceability.uncarried([row("M")]) == ["D14-05"]
    assert traceability.uncarried([row("MX")]) == ["D14-05"]
    assert traceability.uncarried([row("M", Carrier("term", "abandonment"))]) == []


def test_context_may_be_carried_by_nothing() -> None:
    assert traceability.uncarried([row("X")]) == []
    bare = {claim.claim for claim in traceability.matrix() if not claim.carriers}
    assert bare == {"C22-13", "C22-22"}


def test_a_new_claim_that_nothing_carries_is_found(root: Path) -> None:
    file = root / "seeds" / "coalition-2022.yaml"
    claim = "\n  - {id: C22-24, kind: [M], place: here, claim: New., who: [JPN], when: now}\n"
    file.write_text(file.read_text(encoding="utf-8").rstrip() + claim, encoding="utf-8")
    assert traceability.uncarried(traceability.matrix(root)) == ["C22-24"]


def test_a_term_without_claims_is_found() -> None:
    def hunch(level: float) -> float:
        """Fear of the unknown (nobody in particular)."""
        return -level

    def silent(level: float) -> float:
        return -level

    assert traceability.uncited([hunch, terms.abandonment, silent]) == ["hunch", "silent"]


def test_a_claim_that_no_article_makes_is_found() -> None:
    sources = {"terms.py": '"""Right (D14-05).\n\nWrong (D14-99, L18-01)."""', "other.py": "L17-20"}
    assert traceability.unknown_claims(sources) == ["terms.py:3: D14-99", "terms.py:3: L18-01"]


def test_an_unspoiled_copy_has_no_faults(root: Path) -> None:
    assert traceability.unsourced(root) == []
    assert traceability.matrix(root) == traceability.matrix()


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "configs/episodes/crimea-2014.yaml",
            "year: 2013, source: iea-gas}",
            "year: 2013}",
            "states.JPN.gas_from_russia: no source",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            "source: iea-gas}",
            "source: iea-gass}",
            "states.JPN.gas_from_russia: names 'iea-gass', which is neither a claim nor a ref",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            "source: [D14-17, rubric], label",
            "source: [D14-71, rubric], label",
            "world.severity.changes.1: names 'D14-71', which is neither",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            ", source: [D14-17, rubric], label",
            ", label",
            "world.severity.changes.1: no source",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            ", source: [D14-06, orgs-2020]}",
            "}",
            "clubs.G7: no source",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            "unit: rubric, source: rubric}",
            "unit: rubric, source: []}",
            "world.initial_severity: no source",
        ),
        (
            "configs/episodes/crimea-2014.yaml",
            "calendar: {start",
            "fudge: 1.1\ncalendar: {start",
            "no source",
        ),
        (
            "configs/whatifs/us-lng.yaml",
            "claims: [C22-19",
            "claims: [C22-91",
            "names 'C22-91', which is no claim",
        ),
        (
            "configs/whatifs/shared-red-lines.yaml",
            "option: assure, source: [C22-20],",
            "option: assure,",
            "set.fixed.0: no source",
        ),
        (
            "configs/weights/neutral.yaml",
            "value: 6.0, range: [2.0, 20.0], source: [design]",
            "value: 6.0, range: [2.0, 20.0]",
            "precision.level: no source",
        ),
        (
            "seeds/history.yaml",
            "source: [us-eo-13660,",
            "source: [us-eo-13666,",
            "names 'us-eo-13666', which is neither",
        ),
    ],
)
def test_a_number_without_a_source_or_with_a_false_one_is_found(
    root: Path, file: str, old: str, new: str, fault: str
) -> None:
    line = spoil(root / file, old, new)
    faults = traceability.unsourced(root)
    assert len(faults) == 1
    assert fault in faults[0]
    assert re.match(rf"{file}:\d+: ", faults[0])
    if "no source" not in fault:
        assert abs(int(faults[0].split(":")[1]) - line) <= 1


def test_a_false_source_of_one_year_is_found(root: Path) -> None:
    spoil(root / "configs/world/columns.yaml", "[imf-imts, wb-gdp]", "[imf-imts, wb-gdpp]")
    assert [fault.partition(": ")[2] for fault in traceability.unsourced(root)] == [
        "columns.russia_trade: names 'wb-gdpp', which is neither a claim nor a reference"
    ]


def test_structural_numbers_are_few() -> None:
    assert sorted(traceability.STRUCTURAL) == [("calendar", "steps"), ("indicators",)]


# --- output -------------------------------------------------------------------------------


def test_flat_has_every_claim_and_is_json() -> None:
    records = traceability.flat()
    assert {record["claim"] for record in records} == set(evidence.load().claims)
    assert all(set(record) == {"claim", "kind", "text", "what", "name"} for record in records)
    assert json.loads(json.dumps(records)) == records
    assert [record["what"] for record in records if record["claim"] == "C22-13"] == [None]


def test_text_fits_the_terminal_and_names_every_carrier() -> None:
    text = traceability.as_text()
    assert max(len(line) for line in text.splitlines()) <= traceability.WIDTH
    together = " ".join(text.split())
    for record in traceability.flat():
        if record["name"]:
            assert record["name"].rpartition(": ")[2] in together
    assert "73 claims; context only: 2; carried by nothing: none" in together


def test_a_single_claim_stands_in_full() -> None:
    one = [claim for claim in traceability.matrix() if claim.claim == "D14-11"]
    assert one[0].text in " ".join(traceability.as_text(one).split())


def test_claims_in_reads_a_docstring_once() -> None:
    assert traceability.claims_in(terms.restraint) == ("D14-24",)
    assert traceability.claims_in(lambda: None) == ()


# --- the coding rubric --------------------------------------------------------------------


def _judged() -> list[str]:
    names = [row.name for table in TABLES.values() for row in table.values() if _is_judged(row)]
    return list(dict.fromkeys(names))


def _is_judged(row: inputs.Input) -> bool:
    return row.kind == "judged"


def _sections() -> dict[str, str]:
    """Text below each ``###`` heading of the rubric, by the names in it."""
    parts = re.split(r"^#{2,3} (.*)$", RUBRIC.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {
        name: text
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
        for name in heading.split(", ")
    }


@pytest.mark.parametrize("name", _judged())
def test_every_judged_input_has_anchors_and_claims(name: str) -> None:
    section = _sections()[name]
    if name == "ceiling":  # read off the ladder
        return
    anchors = re.findall(r"^\| ([\d.]+) \| \S", section, flags=re.M)
    expected = ["0", "0.25", "0.5", "0.75", "1"]
    if "severity" in name:
        expected = ["0", "0.2", "0.45", "0.6", "0.75", "1"]
    assert anchors == expected
    assert re.search(r"\b(L17|D14|C22)-\d\d\b", section)


def test_the_rubric_names_only_what_exists() -> None:
    text = RUBRIC.read_text(encoding="utf-8")
    known = evidence.load()
    assert traceability.unknown_claims({"rubric.md": text}) == []
    named = re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", text)
    assert [name for name in named if not known.knows(name)] == []


def test_the_rubric_states_the_constants_of_the_code() -> None:
    stated = re.findall(r"`([A-Z_]{3,})` = ([\d.]+)", RUBRIC.read_text(encoding="utf-8"))
    assert {name for name, _ in stated} == {
        *(name for name in vars(indices) if name.isupper()),
        *(name for name in vars(terms) if name.isupper()),
    }
    for name, value in stated:
        constant = getattr(indices, name, None) or getattr(terms, name)
        assert float(value.rstrip(".")) == constant, name


def test_judged_values_and_ranges_keep_the_rules() -> None:
    for where, name, value, (low, high) in _coded():
        assert value * 20 == pytest.approx(round(value * 20)), where
        widest = 0.10 if name == "severity" else 0.20
        assert low <= value <= high, where
        assert value - low <= widest + 1e-9, where
        assert high - value <= widest + 1e-9, where


def _coded() -> Iterator[tuple[str, str, float, tuple[float, float]]]:
    """Every judged value of episodes and what-ifs: place, input, value, range."""
    judged = set(_judged())
    for file in sorted((evidence.data_root() / "configs").glob("*s/*.yaml")):
        for path, node in traceability._mappings(documents.read(file).data):
            keys = [key for step in path for key in str(step).split(".")]
            name = next((key for key in keys if key in judged), None)
            if name is not None and "value" in node:
                yield f"{file.name}: {'.'.join(keys)}", name, node["value"], tuple(node["range"])


def test_the_rubric_shows_the_values_as_coded() -> None:
    text = RUBRIC.read_text(encoding="utf-8")
    again = f"not current: run python tests/{Path(__file__).name}"
    assert _judged_table() in text, again
    assert _index_table() in text, again


def test_the_rubric_owns_up_to_claims_on_both_sides() -> None:
    """Claims behind a judged input and the documented history of the same episode."""
    judged = set(_judged())
    both = set()
    for claim in traceability.matrix():
        sides: dict[str, set[str]] = {"input": set(), "history": set()}
        for carrier in claim.carriers:
            episode, _, name = carrier.name.partition(": ")
            if carrier.what == "history" or judged & set(re.split(r"[. ]", name)):
                sides.setdefault(carrier.what, set()).add(episode)
        if sides["input"] & sides["history"]:
            both.add(claim.claim)
    confessed = RUBRIC.read_text(encoding="utf-8").split("## What to doubt first")[1]
    assert set(re.findall(r"\b(?:L17|D14|C22)-\d\d\b", confessed)) == both


def _judged_table() -> str:
    """Judged inputs by state and episode, as Markdown."""
    episodes = {
        name: documents.read(evidence.data_root() / "configs" / "episodes" / f"{name}.yaml").data
        for name in EPISODES
    }
    lines = [f"| input | of | {' | '.join(EPISODES)} |", "|---|---|" + "---|" * len(EPISODES)]
    for name in _judged():
        for state in ("world", "USA", "JPN", "KOR"):
            cells = []
            for data in episodes.values():
                table = data["world"] if state == "world" else data["states"][state]
                if name in table:
                    cells.append(_course(table[name]))
            if cells:
                lines.append(f"| {name} | {state} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _course(quantity: dict[str, Any]) -> str:
    text = f"{quantity['value']:.2f}"
    value = quantity["value"]
    for change in quantity.get("changes", []):
        if change["value"] != value:
            value = change["value"]
            text += f" → {value:.2f} ({change['date'][:7]})"
    return text


def _index_table() -> str:
    """Index values of each ally at the first step, as Markdown."""
    shown = {
        "dependence": "D",
        "membership": "K",
        "exposure": "ε",
        "replaceable": "r",
        "diversification_need": "δ",
        "trade": "k",
        "outlet": "o",
        "threat_china": "θ China",
        "threat_russia": "θ Russia",
        "threat_north_korea": "θ North Korea",
    }
    lines = [f"| episode | of | {' | '.join(shown.values())} |", "|---|---|" + "---|" * len(shown)]
    for episode in EPISODES:
        model = AlignmentModel(episode, weights="neutral", rng=0)
        for position, ally in enumerate(model.ally_codes):
            values = dict(zip(ALLY_COLUMNS, model.timeline.allies[0, position], strict=True))
            cells = " | ".join(f"{values[column]:.2f}" for column in shown)
            lines.append(f"| {episode} | {ally} | {cells} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    rubric = RUBRIC.read_text(encoding="utf-8")
    for mark, table in (("judged", _judged_table()), ("indices", _index_table())):
        head, rest = rubric.split(f"<!-- {mark} -->\n")
        tail = rest[rest.index(f"<!-- /{mark} -->") :]
        rubric = f"{head}<!-- {mark} -->\n{table}{tail}"
    documents.write_whole(RUBRIC, rubric)
