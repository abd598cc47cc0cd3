"""Measured indicators: strictly read, blanks filled by rule and never silently."""

import csv
import re
import statistics
from pathlib import Path

import pytest

from alignsim import documents, evidence, indicators
from alignsim.documents import DocumentError
from alignsim.indicators import KEYS, Figure

COLUMNS = indicators.columns()
YEARS = (2013, 2021)
NUMBERS = [name for name in COLUMNS if COLUMNS[name].missing]


def cells(code, region="North", **stated):
    """A row of a table: 1 in every column unless stated."""
    return {
        "iso3": code,
        "name": code.title(),
        "region": region,
        **dict.fromkeys(COLUMNS, "1"),
        **stated,
    }


@pytest.fixture
def table(tmp_path: Path):
    """Reads a table of these rows."""

    def made(*rows):
        file = tmp_path / "indicators-2013.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, [*KEYS, *COLUMNS], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return indicators.read(2013, file)

    return made


def three(**stated):
    """Three states of the north that are measured throughout."""
    return [cells(code, **stated) for code in ("AAA", "BBB", "CCC")]


# --- what is shipped --------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_state_has_a_row_and_suffices(year):
    rows = indicators.read(year).rows
    assert len(rows) == 195
    assert min(row.measured for row in rows.values()) >= indicators.SUFFICES
    assert all(list(row.figures) == list(COLUMNS) for row in rows.values())


def test_both_years_have_the_same_states_names_and_regions():
    first, second = (indicators.read(year).rows for year in YEARS)
    assert [(r.code, r.name, r.region) for r in first.values()] == [
        (r.code, r.name, r.region) for r in second.values()
    ]


def test_the_years_are_those_of_the_tables():
    assert indicators.years() == list(YEARS)


@pytest.mark.parametrize("year", YEARS)
def test_figures_and_ranges_are_within_bounds(year):
    for code, row in indicators.read(year).rows.items():
        for name, figure in row.figures.items():
            low, high = COLUMNS[name].bounds
            assert low <= figure.low <= figure.value <= figure.high <= high, (code, name)


@pytest.mark.parametrize("year", YEARS)
def test_yes_or_no_is_yes_or_no(year):
    for name, column in COLUMNS.items():
        if column.unit == "0 or 1":
            assert column.bounds == (0.0, 1.0)
            assert set(indicators.read(year).column(name).values()) <= {0.0, 1.0}, name


@pytest.mark.parametrize("year", YEARS)
def test_every_column_has_a_version_and_sources_that_are_known(year):
    known = evidence.load()
    for name, column in COLUMNS.items():
        assert column.version[str(year)].strip(), name
        assert column.sources(year), name
        assert [one for one in column.sources(year) if not known.knows(one)] == [], name


def test_ideal_points_are_of_the_session_before_the_vote_itself():
    version = COLUMNS["ideal_point"].version
    sessions = {year: re.findall(r"session (\d\d)", text)[0] for year, text in version.items()}
    assert sessions == {"2013": "67", "2021": "75"}


@pytest.mark.parametrize("year", YEARS)
def test_shares_of_russian_trade_are_parts_of_one_whole(year):
    assert sum(indicators.read(year).column("russia_trade_share").values()) <= 1.0


@pytest.mark.parametrize("year", YEARS)
def test_who_is_in_nato_or_the_g7_is_no_partner_and_no_member_an_associate(year):
    for code, row in indicators.read(year).rows.items():
        assert not (row["nato"] and row["nato_partner"]), code
        assert not (row["eu"] and row["eu_associate"]), code


def test_memberships_are_of_their_year():
    first, second = (indicators.read(year) for year in YEARS)
    assert [sum(t.column("eu").values()) for t in (first, second)] == [28, 27]
    assert [sum(t.column("nato").values()) for t in (first, second)] == [28, 30]
    assert [sum(t.column("g7").values()) for t in (first, second)] == [7, 7]
    joined = {s for s in second.rows if second.rows[s]["nato"] > first.rows[s]["nato"]}
    assert joined == {"MNE", "MKD"}
    assert (first.rows["GBR"]["eu"], second.rows["GBR"]["eu"]) == (1.0, 0.0)


@pytest.mark.parametrize("year", YEARS)
def test_states_without_votes_have_an_ideal_point_that_is_not_measured(year):
    for code in ("TWN", "XKX"):
        assert not indicators.read(year).rows[code].figures["ideal_point"].measured


# --- what is measured -------------------------------------------------------------------------


def test_a_measured_figure_has_the_error_of_its_column(table):
    row = table(*three(ideal_point="-2")).rows["AAA"]
    assert COLUMNS["ideal_point"].error == 0.1
    assert row.figures["ideal_point"] == Figure(-2.0, -2.2, -1.8, True)
    assert row["ideal_point"] == -2.0


def test_a_range_is_cut_off_at_the_bounds(table):
    figures = table(*three(ideal_point="3.9", polyarchy="0.95")).rows["AAA"].figures
    assert figures["ideal_point"] == Figure(3.9, pytest.approx(3.51), 4.0, True)
    assert figures["polyarchy"] == Figure(0.95, pytest.approx(0.855), 1.0, True)


def test_a_column_without_an_error_has_no_range(table):
    assert table(*three()).rows["BBB"].figures["eu"] == Figure(1.0, 1.0, 1.0, True)


def test_a_state_is_told_by_code_name_and_region(table):
    row = table(*three()).rows["BBB"]
    assert (row.code, row.name, row.region, row.measured) == ("BBB", "Bbb", "North", 1.0)


# --- what is filled ---------------------------------------------------------------------------

POINTS = {
    "AAA": ("North", "0.0"), "BBB": ("North", "1.0"), "CCC": ("North", "3.0"), "DDD": ("North", ""),
    "EEE": ("South", "-3.0"), "FFF": ("South", "-2.0"), "GGG": ("South", ""),
    "HHH": ("West", ""),
}  # fmt: skip
"""Ideal points by state, with its region."""


@pytest.fixture
def filled(table):
    rows = [cells(code, region, ideal_point=v) for code, (region, v) in POINTS.items()]
    return {code: row.figures["ideal_point"] for code, row in table(*rows).rows.items()}


def test_a_blank_is_filled_by_the_median_of_its_region(filled):
    assert filled["DDD"].value == 1.0


def test_a_region_of_fewer_than_three_figures_takes_the_median_of_the_world(filled):
    assert filled["GGG"].value == filled["HHH"].value == 0.0  # of -3, -2, 0, 1, 3


def test_a_filled_figure_has_the_range_of_nine_in_ten_of_the_world(filled):
    # of -3, -2, 0, 1, 3: a twentieth of the way along is a fifth of the way from -3 to -2
    for code in ("DDD", "GGG", "HHH"):
        assert (filled[code].low, filled[code].high) == pytest.approx((-2.8, 2.6))


def test_what_is_filled_says_so_and_what_is_measured_is_left_alone(filled):
    assert [code for code, figure in filled.items() if not figure.measured] == ["DDD", "GGG", "HHH"]
    for code, (_, point) in POINTS.items():
        assert not point or filled[code].value == float(point)


def test_a_range_that_would_leave_out_the_filled_value_is_widened_to_it(table):
    far = [cells(code, "South", ideal_point="4") for code in ("XXA", "XXB", "XXC")]
    many = [cells(f"{a}{b}A", ideal_point="-1") for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"]
    blank = cells("XXD", "South", ideal_point="")
    figure = table(*many, *far, blank).rows["XXD"].figures["ideal_point"]
    assert figure == Figure(4.0, -1.0, 4.0, False)


def test_democracy_is_filled_by_the_median_of_the_ten_nearest(table):
    known = [cells(f"AA{'ABCDEFGHIJKL'[n]}", democracy=str(n / 4), polyarchy=str(n / 20))
             for n in range(12)]  # fmt: skip
    blank = cells("ZZZ", "South", democracy="2.7", polyarchy="")
    figure = table(*known, blank).rows["ZZZ"].figures["polyarchy"]
    assert figure.value == statistics.median(n / 20 for n in range(2, 12))
    assert (figure.low, figure.high) == pytest.approx((0.0275, 0.5225))
    assert not figure.measured


def test_states_alike_in_democracy_are_taken_in_the_order_of_their_codes(table):
    known = [cells(f"AA{letter}", polyarchy=str(n / 20), democracy="0")
             for n, letter in enumerate("ABCDEFGHIJKL")]  # fmt: skip
    blank = cells("ZZZ", polyarchy="", democracy="0")
    forward = table(*known, blank).rows["ZZZ"]["polyarchy"]
    assert forward == statistics.median(n / 20 for n in range(10))


def test_a_blank_that_means_none_known_is_zero_and_may_be_as_much_as_the_median(table):
    shares = {"AAA": "0.1", "BBB": "0.3", "CCC": "0.8", "DDD": ""}
    rows = [cells(code, nuclear_electricity=share) for code, share in shares.items()]
    figure = table(*rows).rows["DDD"].figures["nuclear_electricity"]
    assert figure == Figure(0.0, 0.0, 0.3, False)


def test_medians_of_a_region_are_of_its_states_filled_or_not(table):
    found = table(*(cells(code, region, ideal_point=v) for code, (region, v) in POINTS.items()))
    assert found.median("ideal_point", "North") == 1.0  # of 0, 1, 3 and the 1 filled in
    assert found.median("ideal_point", "South") == -2.0  # of -3, -2 and the 0 filled in


def test_a_state_with_too_few_columns_is_left_out(table):
    assert len(NUMBERS) >= 12
    enough = cells("EEE", **dict.fromkeys(NUMBERS[:10], ""))
    few = cells("FFF", **dict.fromkeys(NUMBERS[:11], ""))
    found = table(*three(), enough, few)
    assert list(found.rows) == ["AAA", "BBB", "CCC", "EEE"]
    assert found.rows["EEE"].measured == pytest.approx(21 / 31)


# --- faults -----------------------------------------------------------------------------------

FAULTS = {
    "small letters": ({"iso3": "jpn"}, r":5: iso3: 'jpn' should be three capital letters"),
    "two letters": ({"iso3": "JP"}, r":5: iso3: 'JP' should be three capital letters"),
    "letters of another script": ({"iso3": "ЯПО"}, r":5: iso3: 'ЯПО' should be three capital"),
    "a state named twice": ({"iso3": "AAA"}, r":5: iso3: AAA stands twice"),
    "no name": ({"name": ""}, r":5: name: should not be blank"),
    "no region": ({"region": " "}, r":5: region: should not be blank"),
    "a word": ({"polyarchy": "much"}, r":5: polyarchy: 'much' is not a number"),
    "a decimal comma": ({"polyarchy": "0,5"}, r":5: polyarchy: '0,5' is not a number"),
    "above the bound": ({"polyarchy": "1.1"}, r":5: polyarchy: 1.1 is not share \(0 to 1\)"),
    "below the bound": ({"ideal_point": "-5"}, r":5: ideal_point: -5 is not ideal point \(-4 to 4"),
    "no number": ({"capability": "nan"}, r":5: capability: nan is not share of world capability"),
    "infinity": ({"us_troops": "inf"}, r":5: us_troops: inf is not persons"),
    "a blank that no rule fills": ({"g7": ""}, r":5: g7: should not be blank"),
}


@pytest.mark.parametrize(("stated", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_with_file_line_and_column(table, stated, message):
    with pytest.raises(DocumentError, match=rf"indicators-2013\.csv{message}") as fault:
        table(*three(), {**cells("JPN"), **stated})
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("blanks", [1, 3])
def test_a_column_of_too_few_figures_cannot_fill_its_blanks(table, blanks):
    rows = three()
    for row in rows[:blanks]:
        row["ideal_point"] = ""
    with pytest.raises(DocumentError, match=r"\.csv: ideal_point: fewer than 3 figures"):
        table(*rows)


HEAD = ",".join([*KEYS, *COLUMNS])
ROW = ",".join(cells("AAA").values())
WHOLE_FAULTS = {
    "unknown column": (f"{HEAD},x\n{ROW},1\n", r":1: column x is unknown"),
    "missing column": (
        HEAD.replace(",ideal_point", "") + f"\n{ROW[:-2]}\n",
        r":1: column ideal_point is missing",
    ),
    "missing region": (HEAD.replace(",region", "") + "\n", r":1: column region is missing"),
    "a column twice": (f"{HEAD},eu\n{ROW},1\n", r":1: column eu stands twice"),
    "too few cells": (f"{HEAD}\n{ROW[:-2]}\n", r":2: should have 34 cells"),
    "too many cells": (f"{HEAD}\n{ROW},1\n", r":2: should have 34 cells"),
    "an open quote": (f'{HEAD}\n{ROW[:-1]}"1\n', r":2: unexpected end of data"),
    "no states": (f"{HEAD}\n", r": has no states"),
    "nothing": ("", r":1: column iso3 is missing"),
}


@pytest.mark.parametrize(("text", "message"), WHOLE_FAULTS.values(), ids=WHOLE_FAULTS)
def test_a_fault_of_the_whole_table_is_one_line(tmp_path: Path, text, message):
    file = tmp_path / "indicators-2013.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(DocumentError, match=rf"indicators-2013\.csv{message}") as fault:
        indicators.read(2013, file)
    assert "\n" not in str(fault.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(DocumentError, match=r"none\.csv: cannot be read: No such file"):
        indicators.read(2013, tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match=r"binary\.csv: cannot be read: is not text"):
        indicators.read(2013, tmp_path / "binary.csv")


# --- the description of the columns -----------------------------------------------------------

COLUMN = """\
kind: columns
columns:
  eu:
    meaning: member
    unit: 0 or 1
    bounds: [0, 1]
    version: {"2013": "2013"}
    source: orgs-2020
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: columns", "kind: column", r":1: kind: should be 'columns'"),
        ("    unit: 0 or 1\n", "", r":3: columns\.eu: missing key unit"),
        ("    unit:", "    units:", r":5: columns\.eu\.units: unknown key; allowed: meaning, unit"),
        ("bounds: [0, 1]", "bounds: [0]", r":6: columns\.eu\.bounds: should have two"),
        ("bounds: [0, 1]", "bounds: [0, x]", r":6: columns\.eu\.bounds\.1: should be a valid n"),
        ("    source:", "    error: 1.5\n    source:", r":8: columns\.eu\.error: should be less"),
        ("    source:", "    missing: guess\n    source:", r":8: columns\.eu\.missing: should be"),
    ],
)
def test_a_fault_of_the_description_names_line_and_path(old, new, message):
    assert indicators.parse(documents.parse(COLUMN.encode(), "columns.yaml"))
    assert old in COLUMN
    document = documents.parse(COLUMN.replace(old, new).encode(), "columns.yaml")
    with pytest.raises(DocumentError, match=rf"columns\.yaml{message}") as fault:
        indicators.parse(document)
    assert "\n" not in str(fault.value)


def test_sources_may_be_one_a_list_or_differ_by_year():
    assert COLUMNS["eu"].sources(2013) == ["orgs-2020"]
    assert COLUMNS["nato_partner"].sources(2021) == ["orgs-2020", "nato-partners"]
    assert COLUMNS["russia_trade"].sources(2013) == ["cow-trade", "wb-gdp"]
    assert COLUMNS["russia_trade"].sources(2021) == ["imf-imts", "wb-gdp"]
