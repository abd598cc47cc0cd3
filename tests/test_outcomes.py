"""Tables of where states had come to: read strictly, whoever wrote them."""

import re
from pathlib import Path

import pytest

from alignsim import evidence, indicators, outcomes
from alignsim.documents import DocumentError
from alignsim.outcomes import BOUNDS, WORDS, Outcome

SHIPPED = outcomes.shipped("outcomes-2014.csv")
LATER = outcomes.shipped("outcomes-2022.csv")


@pytest.fixture
def table(tmp_path: Path):
    """Reads a table of these lines."""

    def made(*lines: str, head: str = "iso3,outcome,low,level,high,source"):
        file = tmp_path / "table.csv"
        file.write_text("\n".join((head, *lines)) + "\n", "utf-8")
        return outcomes.read(file)

    return made


# --- what is shipped --------------------------------------------------------------------------


def test_the_table_of_2014_has_every_state_of_the_panel():
    assert list(SHIPPED) == list(indicators.read(2013).rows)


def test_there_are_two_tables():
    assert outcomes.tables() == ["outcomes-2014.csv", "outcomes-2022.csv"]
    assert [outcomes.year(name) for name in outcomes.tables()] == [2014, 2022]


def test_every_record_has_sources_that_are_known():
    known = evidence.load()
    for state, record in [*SHIPPED.items(), *LATER.items()]:
        assert record.source, state
        assert [one for one in record.source if not known.knows(one)] == [], state


def test_thirty_eight_states_joined_in_2014_of_which_twenty_eight_as_one():
    words = {word: [s for s, r in SHIPPED.items() if r.outcome == word] for word in WORDS}
    eu = [code for code, row in indicators.read(2013).rows.items() if row["eu"] == 1.0]
    assert len(words["yes"]) == 38
    assert len(eu) == 28
    assert set(eu) < set(words["yes"])
    assert words["partial"] == ["CHE", "GEO"]
    assert words["ambiguous"] == ["MDA"]
    assert words["exclude"] == ["RUS", "UKR"]


def test_levels_of_2014_agree_with_their_words():
    for state, record in SHIPPED.items():
        low, _, high = BOUNDS[record.outcome]
        assert low <= record.low <= record.level <= record.high <= high, state


def test_forty_seven_states_joined_in_2022_of_which_twenty_seven_as_one():
    words = {word: [s for s, r in LATER.items() if r.outcome == word] for word in WORDS}
    eu = [code for code, row in indicators.read(2021).rows.items() if row["eu"] == 1.0]
    assert list(LATER) == list(SHIPPED)
    assert len(words["yes"]) == 47
    assert len(eu) == 27
    assert set(eu) < set(words["yes"])
    assert words["partial"] == ["ATG", "BHS", "BIH", "FSM", "GEO"]
    assert words["exclude"] == ["BLR", "RUS", "UKR"]


def test_levels_of_2022_agree_with_their_words():
    """Ranges may reach beyond: some records could be read one level further."""
    for state, record in LATER.items():
        low, _, high = BOUNDS[record.outcome]
        assert low <= record.level <= high, state
        assert record.low <= record.level <= record.high, state


# --- reading ----------------------------------------------------------------------------------


def test_a_table_needs_no_more_than_state_and_outcome(table):
    found = table("JPN,yes", "KOR,no", "CHE,partial", "MDA,ambiguous", "UKR,exclude",
                  head="iso3,outcome")  # fmt: skip
    assert found == {
        "JPN": Outcome("yes", 2, 2, 5, ()),
        "KOR": Outcome("no", 0, 0, 1, ()),
        "CHE": Outcome("partial", 1, 1, 3, ()),
        "MDA": Outcome("ambiguous", 0, 0, 3, ()),
        "UKR": Outcome("exclude", 0, 0, 0, ()),
    }


@pytest.mark.parametrize(
    ("written", "word"),
    [("1", "yes"), ("0", "no"), ("1.0", "yes"), ("0.0", "no"), ("YES", "yes"), (" No ", "no")],
)
def test_yes_and_no_may_be_written_as_numbers_and_in_capitals(table, written, word):
    assert table(f"JPN,{written}", head="iso3,outcome")["JPN"].outcome == word


def test_only_yes_and_no_say_whether_a_state_joined(table):
    found = table(*(f"AA{letter},{word},,,," for letter, word in zip("ABCDE", WORDS, strict=True)))
    assert [one.joined for one in found.values()] == [1.0, 0.0, None, None, None]


def test_intervals_hold_both_sides_of_having_joined():
    for word in ("partial", "ambiguous"):
        low, level, high = BOUNDS[word]
        assert low < outcomes.JOINED <= high
        assert low <= level <= high


def test_levels_that_are_stated_take_the_place_of_the_usual_ones(table):
    assert table("JPN,yes,2,3,4,gsdb D14-13")["JPN"] == Outcome("yes", 3, 2, 4, ("gsdb", "D14-13"))
    assert table("JPN,yes,,3,,")["JPN"] == Outcome("yes", 3, 2, 5, ())


def test_other_columns_their_order_and_a_mark_at_the_start_are_let_be(table):
    found = table("Japan,yes,JPN,x", head="\ufeffname,outcome,iso3,remark")
    assert found == {"JPN": Outcome("yes", 2, 2, 5, ())}


FAULTS = {
    "unknown word": ("JPN,maybe,,,,", r":2: outcome: 'maybe' is not one of yes, no, partial"),
    "no word": ("JPN,,,,,", r":2: outcome: '' is not one of"),
    "half a number": ("JPN,0.5,,,,", r":2: outcome: '0.5' is not one of"),
    "small letters": ("jpn,yes,,,,", r":2: iso3: 'jpn' should be three capital letters"),
    "digits": ("J4N,yes,,,,", r":2: iso3: 'J4N' should be three capital letters"),
    "no state": (",yes,,,,", r":2: iso3: '' should be three capital letters"),
    "level 6": ("JPN,yes,,6,,", r":2: level: '6' is not a level 0 to 5"),
    "two digits in a row": ("JPN,yes,,,45,", r":2: high: '45' is not a level 0 to 5"),
    "half a level": ("JPN,yes,,2.5,,", r":2: level: '2.5' is not a level 0 to 5"),
    "level beyond its range": ("JPN,yes,2,4,3,", r":2: level: 4 is not within 2 to 3"),
    "level below its range": ("JPN,yes,2,1,3,", r":2: level: 1 is not within 2 to 3"),
    "too many cells": ("JPN,yes,,,,gsdb,more", r":2: should have 6 cells"),
    "an open quote": ('JPN,"yes,,,,', r":2: unexpected end of data"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_with_file_line_and_column(table, line, message):
    with pytest.raises(DocumentError, match=rf"table\.csv.*{message}") as fault:
        table(line)
    assert "\n" not in str(fault.value)


def test_the_line_is_that_of_the_fault(table):
    with pytest.raises(DocumentError, match=r"table\.csv:4: iso3: 'JPN' stands twice"):
        table("JPN,yes,,,,", "KOR,no,,,,", "JPN,no,,,,")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("iso3,joined", "column outcome is missing"),
        ("state,outcome", "column iso3 is missing"),
        ("iso3,outcome,outcome", "column outcome stands twice"),
    ],
)
def test_a_table_without_its_columns_is_refused(table, head, message):
    with pytest.raises(DocumentError, match=rf"table\.csv:1: {message}"):
        table("JPN,yes,yes", head=head)


def test_a_table_without_states_is_refused(table):
    with pytest.raises(DocumentError, match=r"table\.csv: has no states"):
        table()


def test_a_missing_file_a_folder_and_what_is_not_text_are_named(tmp_path: Path):
    with pytest.raises(DocumentError, match=r"none\.csv: cannot be read: No such file"):
        outcomes.read(tmp_path / "none.csv")
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        outcomes.read(tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"iso3,outcome\nJPN,\xff\xfe\n")
    with pytest.raises(DocumentError, match=re.escape("binary.csv: cannot be read: is not text")):
        outcomes.read(tmp_path / "binary.csv")


def test_an_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DocumentError, match=r"empty\.csv:1: column iso3 is missing"):
        outcomes.read(tmp_path / "empty.csv")
