"""Weight sets: how they are read, what is refused and where, and how weights combine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import documents, weights
from alignsim.decision import GROUPS, PRECISIONS, Weights
from alignsim.documents import DocumentError
from alignsim.evidence import data_root, load
from alignsim.situation import Dynamics
from alignsim.weights import GROUP_OF, TERMS
from tests.strategies import examples

FILE = data_root() / "configs" / "weights" / "neutral.yaml"
TEXT = FILE.read_text("utf-8")
SHIPPED = sorted(file.stem for file in FILE.parent.glob("*.yaml"))


def parse(text):
    return weights.parse(documents.parse(text.encode(), "some.yaml"))


def line_of(text, part):
    """Line, from 1, on which a part of the text stands."""
    assert text.count(part) == 1
    return text[: text.index(part)].count("\n") + 1


# --- reading --------------------------------------------------------------------------------


def test_the_neutral_set_weighs_every_term_alike():
    parameters = weights.read("neutral")
    assert parameters.name == "neutral"
    assert {getattr(parameters.weights, term) for term in TERMS} == {1.0}
    assert len({getattr(parameters.weights, f"precision_{kind}") for kind in PRECISIONS}) == 1
    assert weights.read_set("neutral").status == "illustrative"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_sets_are_complete_and_sourced(name):
    stated = weights.read_set(name)
    assert stated.name == name
    assert set(stated.groups) == set(GROUPS)
    assert set(stated.terms) == set(TERMS)
    assert set(stated.precision) == set(PRECISIONS)
    assert set(stated.dynamics) == set(Dynamics._fields)
    known = load()
    for table in (stated.groups, stated.terms, stated.precision, stated.dynamics):
        for number in table.values():
            assert number.range[0] <= number.value <= number.range[1]
            assert number.source
            assert all(known.knows(source) for source in number.source)


def test_total_weights_are_group_times_term():
    for name in SHIPPED:
        stated, total = weights.read_set(name), weights.read(name).weights
        for term in TERMS:
            expected = stated.groups[GROUP_OF[term]].value * stated.terms[term].value
            assert getattr(total, term) == expected
        for kind in PRECISIONS:
            assert getattr(total, f"precision_{kind}") == stated.precision[kind].value


def test_a_set_goes_by_name_or_by_file(tmp_path):
    copy = tmp_path / "mine.yaml"
    copy.write_text(TEXT.replace("abandonment: {value: 1.0", "abandonment: {value: 2.0"))
    assert weights.read(FILE) == weights.read(str(FILE)) == weights.read("neutral")
    assert weights.read(copy).weights == weights.read("neutral").weights._replace(abandonment=2.0)


def test_an_unknown_name_is_told_the_shipped_ones():
    with pytest.raises(DocumentError, match=r"no such weights; shipped: .*neutral"):
        weights.read("no-such-weights")


def test_a_missing_file_is_named():
    with pytest.raises(DocumentError, match=r"nowhere\.yaml: cannot be read"):
        weights.read(Path("nowhere.yaml"))


# --- combining ------------------------------------------------------------------------------

positive = st.integers(0, 80).map(lambda eighths: eighths / 8.0)  # no rounding in what follows
tables = st.tuples(
    st.fixed_dictionaries(dict.fromkeys(GROUPS, positive)),
    st.fixed_dictionaries(dict.fromkeys(TERMS, positive)),
    st.fixed_dictionaries(dict.fromkeys(PRECISIONS, st.floats(0.1, 10.0))),
)


@examples(100)
@given(tables)
def test_a_group_weight_multiplies_its_terms_and_no_others(stated):
    groups, terms, precision = stated
    total = weights.combine(groups, terms, precision)
    for group, names in GROUPS.items():
        doubled = weights.combine({**groups, group: 2.0 * groups[group]}, terms, precision)
        for term in TERMS:
            factor = 2.0 if term in names else 1.0
            assert getattr(doubled, term) == factor * getattr(total, term)
        for kind in PRECISIONS:
            assert getattr(doubled, f"precision_{kind}") == precision[kind]


@pytest.mark.parametrize("group", GROUPS)
def test_one_group_alone_leaves_its_terms_alone(group):
    groups = {name: 1.0 if name == group else 0.0 for name in GROUPS}
    total = weights.combine(groups, dict.fromkeys(TERMS, 0.5), dict.fromkeys(PRECISIONS, 3.0))
    assert {term for term in TERMS if getattr(total, term)} == set(GROUPS[group])
    assert isinstance(total, Weights)


# --- faults -----------------------------------------------------------------------------------

ABANDONMENT = "  abandonment: {value: 1.0, range: [0.0, 3.0], source: [design]}\n"


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        (ABANDONMENT, "", "terms:", "terms: missing key abandonment"),
        (
            ABANDONMENT,
            ABANDONMENT + ABANDONMENT.replace("abandonment", "desertion"),
            "  desertion:",
            "terms.desertion: unknown key; allowed: ",
        ),
        ("abandonment: {value: 1.0", "abandonment: {value: -1.0", "  abandonment:", "value: "),
        ("abandonment: {value: 1.0", "abandonment: {value: .inf", "  abandonment:", "value: "),
        ("abandonment: {value: 1.0", "abandonment: {value: .nan", "  abandonment:", "value: "),
        ("abandonment: {value: 1.0", "abandonment: {value: '1'", "  abandonment:", "value: "),
        ("abandonment: {value: 1.0", "abandonment: {value: 1e9", "  abandonment:", "value: "),
        ("abandonment: {value: 1.0, ", "abandonment: {", "  abandonment:", "terms.abandonment"),
        (
            "  leader_level: {value: 6.0",
            "  leader_level: {value: 0.0",
            "  leader_level:",
            "precision.leader_level.value: should be above 0",
        ),
        (
            "persistence: {value: 0.5",
            "persistence: {value: 1.0",
            "  persistence:",
            "dynamics.persistence.value: should be below 1",
        ),
        (
            "threat_rise: {value: 0.20, range: [0.0, 0.5]",
            "threat_rise: {value: 3.0, range: [0.0, 5.0]",
            "  threat_rise:",
            "dynamics.threat_rise.value: should be at most 2",
        ),
        (
            "persistence: {value: 0.5, range: [0.0, 0.9]",
            "persistence: {value: 0.5, range: [0.6, 0.9]",
            "  persistence:",
            "dynamics.persistence.range: does not hold the value 0.5",
        ),
        (
            "persistence: {value: 0.5, range: [0.0, 0.9], source: [D14-16, design]",
            "persistence: {value: 0.5, range: [0.0, 0.9], source: []",
            "  persistence:",
            "dynamics.persistence.source",
        ),
        ('date: "2026-11-23"', "date: hello", "date:", "date: "),
        ("  norms: {value: 1.0, range: [0.0, 3.0], source: [design]}\n", "", "groups:", "norms"),
        ("status: illustrative", "status: fine", "status:", "status: "),
        ("kind: weights", "kind: episode", "kind:", "kind: "),
        ("name: neutral", "name: Neutral Set", "name:", "name: "),
        ("note: Equal", "remark: none\nnote: Equal", "remark:", "remark: "),
    ],
)
def test_a_fault_is_named_with_line_and_path(old, new, at, message):
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(DocumentError) as caught:
        parse(text)
    told = str(caught.value)
    assert told.startswith(f"some.yaml:{line_of(text, at)}: ")
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize("text", ["", "just text", "[1, 2]", "name: neutral\n"])
def test_what_is_no_weight_set_is_refused(text):
    with pytest.raises(DocumentError, match=r"^some\.yaml"):
        parse(text)


def test_a_key_twice_is_refused():
    with pytest.raises(DocumentError, match=r"terms\.abandonment: duplicate key"):
        parse(TEXT.replace(ABANDONMENT, ABANDONMENT * 2))
