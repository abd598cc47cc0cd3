"""Weight sets: how they are read, what is refused and where, and how weights combine."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import documents, weights
from alignsim.decision import GROUPS, PRECISIONS, Weights
from alignsim.documents import DocumentError
from alignsim.evidence import data_root, load
from alignsim.situation import Dynamics
from alignsim.weights import GROUP_OF, PARTS, TERMS
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
        ("abandonment: {value: 1.0", "abandonment: {value: 10001.0", "  abandonment:", "10000"),
        (
            "attention: {value: 5.0, range: [0.0, 10.0]",
            "attention: {value: -1.0, range: [-1.0, 10.0]",
            "  attention:",
            "dynamics.attention.value: ",
        ),
        (
            "  attention: {value: 5.0",
            "  attraction: {value: 5.0",
            "  attraction:",
            "dynamics.attraction: unknown key; allowed: persistence, attention,",
        ),
        ("status: illustrative", "draws: ../x.csv\nstatus: illustrative", "draws:", "draws: "),
        ("status: illustrative", "draws: x.txt\nstatus: illustrative", "draws:", "draws: "),
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


# --- draws of a posterior ---------------------------------------------------------------------

COLUMNS = [f"{part}.{name}" for part, names in PARTS.items() for name in names]


def numbers(factor=1.0):
    """A row of a file of draws: the neutral set, with its group weights multiplied."""
    neutral = weights.read_set("neutral")
    row = {
        f"{part}.{name}": getattr(neutral, part)[name].value
        for part in PARTS
        for name in PARTS[part]
    }
    return row | {f"groups.{name}": factor for name in GROUPS}


@pytest.fixture
def with_draws(tmp_path):
    """A weight file that names draws, and a way to write these; both are this test's own."""

    def write(text):
        file = tmp_path / "mine.yaml"
        file.write_text(TEXT.replace("kind: weights", "draws: mine.csv\nkind: weights"))
        if text is not None:
            (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
        return file

    return write


def as_csv(*rows):
    lines = [",".join(COLUMNS), *(",".join(str(row[name]) for name in COLUMNS) for row in rows)]
    return "\n".join(lines) + "\n"


def test_draws_are_read_in_their_order(with_draws):
    file = with_draws(as_csv(numbers(0.5), numbers(2.0), numbers(3.0)))
    drawn = weights.read_draws(file)
    assert [draw.weights.abandonment for draw in drawn] == [0.5, 2.0, 3.0]
    neutral = weights.read("neutral")
    for draw, factor in zip(drawn, (0.5, 2.0, 3.0), strict=True):
        expected = {term: factor * getattr(neutral.weights, term) for term in TERMS}
        assert draw.weights == neutral.weights._replace(**expected)
        assert draw.dynamics == neutral.dynamics
        assert draw.name == "neutral"


def test_the_order_of_columns_does_not_matter(with_draws):
    row = numbers(2.0)
    turned = list(reversed(COLUMNS))
    text = "\n".join([",".join(turned), ",".join(str(row[name]) for name in turned)])
    (drawn,) = weights.read_draws(with_draws(text))
    assert drawn.weights.market == 2.0
    assert drawn.dynamics == weights.read("neutral").dynamics


def test_a_set_without_draws_is_its_own_only_draw():
    assert weights.read_draws("neutral") == (weights.read("neutral"),)


SAMPLED = [name for name in SHIPPED if name != "neutral"]


@pytest.mark.parametrize("name", SAMPLED)
def test_a_shipped_set_is_the_centre_of_its_draws(name):
    stated, drawn = weights.read_set(name), weights.read_draws(name)
    assert stated.status == "calibrated"
    table = pd.read_csv(FILE.with_name(stated.draws))
    assert len(drawn) == len(table) >= 200
    assert len(set(drawn)) > 50
    for part in PARTS:
        for key in PARTS[part]:
            number, column = getattr(stated, part)[key], table[f"{part}.{key}"]
            if column.nunique() > 1:
                assert number.source == ["calibration"]
                low, high = number.range
                # what is stated is the 5th to the 95th percentile
                assert ((low <= column) & (column <= high)).mean() == pytest.approx(0.9, abs=0.02)
            else:
                assert column.iloc[0] == pytest.approx(number.value, rel=1e-4)


def test_dynamics_that_are_not_estimated_are_alike_in_all_draws():
    drawn = weights.read_draws("calibrated")
    for name in weights.RATES:
        assert {getattr(draw.dynamics, name) for draw in drawn} == {
            getattr(weights.read("neutral").dynamics, name)
        }
    for name in ("persistence", "attention", "abstention_premium"):
        assert len({getattr(draw.dynamics, name) for draw in drawn}) > 50


def refused(file):
    """The one line that a file of draws is refused with."""
    with pytest.raises(DocumentError) as caught:
        weights.read_draws(file)
    told = str(caught.value)
    assert "\n" not in told
    return told


def spoiled(column, value):
    """Two good draws and a third with one number spoiled."""
    return as_csv(numbers(), numbers(), numbers() | {column: value})


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        (
            as_csv(numbers()).replace("terms.market,", "", 1),
            ":1: ",
            "column terms.market is missing",
        ),
        (
            as_csv(numbers()).replace("terms.market,", "terms.bazaar,", 1),
            ":1: ",
            "column terms.bazaar is unknown",
        ),
        (as_csv(numbers()).replace("\n", ",luck\n", 1), ":1: ", "column luck is unknown"),
        (
            as_csv(numbers()).replace("\n", ",terms.market\n", 1),
            ":1: ",
            "column terms.market stands twice",
        ),
        (spoiled("groups.norms", "much"), ":4: ", "groups.norms: 'much' is not a number"),
        (spoiled("groups.norms", ""), ":4: ", "groups.norms: '' is not a number"),
        (spoiled("groups.norms", "nan"), ":4: ", "groups.norms: nan should be 0 to 10000"),
        (spoiled("groups.norms", "inf"), ":4: ", "groups.norms: inf should be 0 to 10000"),
        (spoiled("groups.norms", -0.5), ":4: ", "groups.norms: -0.5 should be 0 to 10000"),
        (spoiled("terms.market", 10001), ":4: ", "terms.market: 10001 should be 0 to 10000"),
        (spoiled("precision.level", 0), ":4: ", "precision.level: 0 should be above 0"),
        (spoiled("dynamics.persistence", 1), ":4: ", "dynamics.persistence: 1 should be below 1"),
        (spoiled("dynamics.threat_rise", 3), ":4: ", "dynamics.threat_rise: 3 should be at most 2"),
        (as_csv(), ": ", "has no draws"),
        ("", ":1: ", "is missing"),
        (None, ": ", "cannot be read: No such file"),
    ],
)
def test_a_fault_in_the_draws_is_told_in_one_line(with_draws, text, at, message):
    file = with_draws(text)
    told = refused(file)
    assert told.startswith(f"{file.with_name('mine.csv')}{at}")
    assert message in told


def test_a_short_row_of_draws_is_refused_at_its_line(with_draws):
    text = as_csv(numbers(), numbers())
    cut = text.rstrip("\n").rpartition(",")[0]
    assert ":3: " in refused(with_draws(cut))


def test_a_long_row_of_draws_is_refused_at_its_line(with_draws):
    text = as_csv(numbers(), numbers()).rstrip("\n")
    assert ":3: has more than " in refused(with_draws(f"{text},1.0\n"))


def test_draws_that_are_no_text_are_refused(with_draws, tmp_path):
    file = with_draws(as_csv(numbers()))
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00")
    assert refused(file).endswith("cannot be read: is not text")
