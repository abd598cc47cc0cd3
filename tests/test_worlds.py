"""Worlds: every state an ally, its inputs measured and none judged."""

import json
import math
import statistics
import time
from pathlib import Path

import pytest

from alignsim import (
    api,
    documents,
    evidence,
    indicators,
    indices,
    inputs,
    outcomes,
    reading,
    timeline,
    worlds,
)
from alignsim.documents import Document, DocumentError
from alignsim.indicators import Figure, Row, Table
from alignsim.scenario import quantities
from alignsim.situation import ALLY_COLUMNS

FOLDER = evidence.data_root() / "configs" / "world"
WORLDS = {"world-2014": "crimea-2014", "world-2022": "ukraine-2022"}
READ = {name: reading.read(name) for name in WORLDS}
LIKE = {name: reading.read(like) for name, like in WORLDS.items()}
TABLES = {"world-2014": indicators.read(2013), "world-2022": indicators.read(2021)}
EACH = pytest.mark.parametrize("name", WORLDS)


# --- what is shipped --------------------------------------------------------------------------


def test_both_worlds_are_shipped_and_the_description_of_their_tables_is_none():
    assert reading.shipped("world") == list(WORLDS)
    with pytest.raises(DocumentError, match="columns: no such scenario"):
        reading.read("columns")


@EACH
def test_every_state_but_leader_target_and_ukraine_is_an_ally(name):
    allies = READ[name].allies
    assert len(allies) == 192
    assert set(TABLES[name].rows) - set(allies) == {"USA", "RUS", "UKR"}


@EACH
def test_the_course_is_that_of_the_episode_that_it_is_like(name):
    world, like = READ[name], LIKE[name]
    assert (world.leader, world.target) == (like.leader, like.target) == ("USA", "RUS")
    assert world.calendar == like.calendar
    assert world.world == like.world
    for state in (like.leader, like.target):
        assert world.states[state] == like.states[state]
        assert world.label(state) == like.label(state)
    assert world.history == like.name
    assert world.blocs == {}


@EACH
def test_states_and_the_union_have_names_for_people(name):
    world = READ[name]
    assert set(world.labels) == {"USA", "RUS", "EU", *world.allies}
    assert world.label("LIE") == "Liechtenstein"
    assert world.label("EU") == "European Union"


@EACH
def test_every_quantity_has_sources_that_are_known_and_a_range_that_holds_it(name):
    known = evidence.load()
    for path, quantity in quantities(READ[name]):
        assert quantity.source, path
        assert all(known.knows(source) for source in quantity.source), path
        assert quantity.range[0] <= quantity.value <= quantity.range[1], path


@EACH
def test_measured_inputs_are_of_the_year_of_the_table(name):
    year = TABLES[name].year
    for ally in READ[name].allies:
        for key in worlds.MEASURED:
            assert READ[name].states[ally][key].year == year


@EACH
def test_inputs_that_nothing_measures_are_alike_for_all(name):
    world = READ[name]
    for key in set(inputs.ALLY) - {*worlds.MEASURED, "initial_level"}:
        assert len({world.states[ally][key].model_dump_json() for ally in world.allies}) == 1, key


def test_two_states_with_the_same_indicators_have_the_same_inputs():
    """Nothing knows a state by its name: nobody judged it."""
    table = TABLES["world-2014"]
    for twin in ("JPN", "LIE", "IND"):
        own = table.rows[twin]
        copied = Row("ZZZ", "Elsewhere", own.region, own.figures)
        assert worlds._measured(table, copied) == worlds._measured(table, own)


@EACH
def test_a_figure_that_stands_as_it_is_carries_a_note_where_it_was_filled(name):
    world, table = READ[name], TABLES[name]
    for ally in world.allies:
        figures = table.rows[ally].figures
        imports = figures["import_dependence"]
        exporter = imports.measured and imports.value == 0.0
        for key in (*worlds.TAKEN, *worlds.SUPPLIERS):
            note = world.states[ally][key].note
            if exporter and key in worlds.SUPPLIERS:
                assert note == "imports nothing on balance"
                assert world.states[ally][key].value == 0.0
            else:
                filled = f"no figure: filled by the rule of column {key}"
                assert note == (None if figures[key].measured else filled)


@EACH
def test_what_is_made_of_filled_columns_carries_a_note_too(name):
    world, table = READ[name], TABLES[name]
    for ally in world.allies:
        figures, own = table.rows[ally].figures, world.states[ally]
        assert own["coal_from_russia"].note.startswith("no table of coal by origin")
        assert (own["russian_aims"].note is None) == figures["russian_pact"].measured
        for key in ("independence_wish", "strain_china", "regional_isolation"):
            assert (own[key].note is None) == figures["ideal_point"].measured


@EACH
def test_the_members_of_the_union_are_those_of_the_year(name):
    members = READ[name].unions["EU"].members
    assert {ally for ally in READ[name].allies if TABLES[name].rows[ally]["eu"]} == set(members)
    assert ("GBR" in members) == (name == "world-2014")


@EACH
def test_the_associates_of_the_union_are_those_of_the_table(name):
    associates = READ[name].unions["EU"].associates
    rows = TABLES[name].rows
    assert {ally for ally in READ[name].allies if rows[ally]["eu_associate"]} == set(associates)
    assert {"GEO", "MDA"} <= set(associates) or name == "world-2014"


@EACH
@pytest.mark.parametrize(("club", "column"), [("G7", "g7"), ("NATO", "nato")])
def test_clubs_are_those_of_the_table_with_the_union_for_its_members(name, club, column):
    world, rows = READ[name], TABLES[name].rows
    union = world.unions["EU"].members
    stated = set(world.clubs[club].members)
    assert {"USA", "EU"} <= stated
    assert stated - {"USA", "EU"} == {
        ally for ally in world.allies if rows[ally][column] and ally not in union
    }


def test_in_2014_everyone_starts_at_nothing():
    world = READ["world-2014"]
    assert {world.states[ally]["initial_level"].value for ally in world.allies} == {0.0}


def test_in_2022_everyone_starts_where_2014_had_left_them():
    world, reached = READ["world-2022"], outcomes.shipped("outcomes-2014.csv")
    for ally in world.allies:
        level = world.states[ally]["initial_level"]
        assert level.value == reached[ally].level
        assert level.source == reached[ally].source
        sure = reached[ally].outcome in ("yes", "no")
        bounds = [level.value] * 2 if sure else [reached[ally].low, reached[ally].high]
        assert list(level.range) == bounds
    assert {world.states[ally]["initial_level"].value for ally in ("DEU", "NOR", "JPN")} == {3.0}
    assert world.states["NZL"]["initial_level"].value == 2.0
    assert world.states["CHE"]["initial_level"].value == 1.0
    assert world.states["IND"]["initial_level"].value == 0.0


# --- worked by hand ---------------------------------------------------------------------------


def input_of(state, key, name="world-2014"):
    return READ[name].states[state][key].value


def column_of(state, column, name="world-2014"):
    line = timeline.build(READ[name])
    return line.allies[0, READ[name].allies.index(state), ALLY_COLUMNS.index(column)]


def test_norway_sells_energy_and_buys_none():
    """Net exporters import nothing on balance: whose share of it is Russian says nothing."""
    for key in ("import_dependence", *worlds.SUPPLIERS, "coal_from_russia"):
        assert input_of("NOR", key) == 0.0
    assert column_of("NOR", "exposure") == 0.0
    assert column_of("NOR", "replaceable") == 1.0


def test_norway_in_2013_by_hand():
    # ideal points: own 0.9028, leader 2.567, China -0.8598, Russia 0.1189, North Korea -2.098
    assert input_of("NOR", "independence_wish") == pytest.approx((2.567 - 0.9028) / 4)
    assert input_of("NOR", "strain_china") == pytest.approx((0.9028 + 0.8598) / 4)
    assert input_of("NOR", "strain_russia") == pytest.approx((0.9028 - 0.1189) / 4)
    assert input_of("NOR", "strain_north_korea") == pytest.approx((0.9028 + 2.098) / 4)
    assert input_of("NOR", "norms_emphasis") == 0.897  # polyarchy as it stands
    assert input_of("NOR", "russian_aims") == 0.0
    assert input_of("NOR", "role_in_talks") == 0.0
    # in NATO, and an associate: 0.7; trade with Russia 0.00628 over 0.05
    assert column_of("NOR", "membership") == 0.7
    assert column_of("NOR", "trade") == pytest.approx(0.00628 / 0.05)
    assert column_of("NOR", "outlet") == pytest.approx(0.003952 / 0.10)
    # Russia: capability of 0.0394, at no distance, seven disputes, strain 0.195975
    russia = READ["world-2014"].states["RUS"]["capability"].value
    power = russia / (russia + 0.001722)
    hostility = (0.0 + 1.0 - math.exp(-7 / 5) + 0.195975) / 3
    assert column_of("NOR", "threat_russia") == pytest.approx((power * hostility) ** (1 / 3))
    # the pact; 84 troops; China the larger threat by far
    isolation = input_of("NOR", "regional_isolation")
    threat = max(column_of("NOR", "threat_china"), column_of("NOR", "threat_north_korea"))
    expected = (math.log10(85) / 5 + threat + isolation) / 3
    assert column_of("NOR", "dependence") == pytest.approx(expected)


def test_liechtenstein_in_2013_by_hand():
    """No troops, no pact, few figures: most of what it buys is filled in, and says so."""
    assert column_of("LIE", "dependence") == 0.0
    assert column_of("LIE", "membership") == 0.7  # in EFTA: asked to align
    assert column_of("LIE", "independence") == pytest.approx((2.567 - 0.7842) / 4)
    gas, oil = 0.195, 0.141  # medians of its region
    assert (input_of("LIE", "gas_from_russia"), input_of("LIE", "oil_from_russia")) == (gas, oil)
    coal = (gas + oil) / 2
    assert input_of("LIE", "coal_from_russia") == pytest.approx(coal)
    russian = 0.237 * gas + 0.329 * oil + 0.301 * coal
    assert column_of("LIE", "exposure") == pytest.approx(0.99 * russian / 0.25)
    assert READ["world-2014"].states["LIE"]["gas_from_russia"].range == (0.0, 1.0)


def test_isolation_is_the_distance_from_the_median_of_the_region():
    table = TABLES["world-2014"]
    for state in ("NOR", "JPN", "ISR"):
        region = [
            r["ideal_point"] for r in table.rows.values() if r.region == table.rows[state].region
        ]
        own = table.rows[state]["ideal_point"]
        expected = indices.political_distance(own, statistics.median(region))
        assert input_of(state, "regional_isolation") == expected


@pytest.mark.parametrize(
    ("state", "aims"), [("BLR", 1.0), ("CHN", 0.5), ("BRA", 0.5), ("JPN", 0.0)]
)
def test_aims_with_russia_are_ties_by_treaty(state, aims):
    assert input_of(state, "russian_aims") == aims


@pytest.mark.parametrize(
    ("state", "role"), [("JPN", 0.5), ("KOR", 0.5), ("CHN", 0.5), ("DEU", 0.0)]
)
def test_parties_to_the_talks_have_half_a_role_and_a_wide_range(state, role):
    quantity = READ["world-2014"].states[state]["role_in_talks"]
    assert (quantity.value, quantity.range) == (role, (0.0, 2 * role))


def own_table(**points):
    """A table of ideal points alone, as (value, low, high)."""
    rows = {
        code: Row(code, code, "North", {"ideal_point": Figure(*point, True)})
        for code, point in points.items()
    }
    return Table(2013, rows)


@pytest.mark.parametrize(
    ("point", "expected", "bounds"),
    [
        ((1.0, 0.5, 1.5), 0.25, (0.125, 0.375)),
        ((1.0, -1.0, 2.0), 0.25, (0.0, 0.5)),  # the other stands within
        ((-1.0, -1.5, -0.5), 0.25, (0.125, 0.375)),
        ((3.9, 3.5, 4.0), 0.975, (0.875, 1.0)),
    ],
)
def test_the_range_of_a_distance_is_that_of_the_ideal_point(point, expected, bounds):
    table = own_table(AAA=point)
    found = worlds._distance(table, table.rows["AAA"], "strain_china", 0.0)
    assert found["value"] == pytest.approx(expected)
    assert found["range"] == pytest.approx(bounds)


# --- a world's file ---------------------------------------------------------------------------


def world_file(folder: Path, name: str = "mine", **changes):
    """A file of a world like world-2014, with keys changed, or dropped where None."""
    data = dict(documents.read(FOLDER / "world-2014.yaml").data)
    data |= {"name": name, **changes}
    file = folder / f"{name}.yaml"
    kept = {key: value for key, value in data.items() if value is not None}
    file.write_text(json.dumps(kept, indent=1), "utf-8")
    return file


def same(**changes):
    """Inputs alike for all, with some changed, or dropped where None."""
    data = {**documents.read(FOLDER / "world-2014.yaml").data["same"], **changes}
    return {key: value for key, value in data.items() if value is not None}


SHARE = same()["gas_share"]
UNION = documents.read(FOLDER / "world-2014.yaml").data["unions"]["EU"]
FAULTS = {
    "unknown like": ({"like": "atlantis"}, r"like: no episode named atlantis"),
    "like a what-if": ({"like": "us-lng"}, r"like: us-lng is not an episode"),
    "like a world": ({"like": "world-2022"}, r"like: world-2022 is not an episode"),
    "no like": ({"like": None}, r"missing key like"),
    "an after that is not over": (
        {"after": "outcomes-2014.csv"},
        r"after: is not of before the world begins, in 2014-03",
    ),
    "an unknown key": ({"allies": ["JPN"]}, r"allies: unknown key; allowed: name, kind"),
    "missing same": ({"same": None}, r"missing key same"),
    "a missing key in same": ({"same": same(oil_share=None)}, r"same: missing key oil_share"),
    "an unknown key in same": (
        {"same": same(colour=SHARE)},
        r"same\.colour: unknown key; allowed: gas_share, oil_share",
    ),
    "a measured input in same": ({"same": same(nato=SHARE)}, r"same\.nato: unknown key; allowed"),
    "a wrong unit in same": (
        {"same": same(gas_share={**SHARE, "unit": "km"})},
        r"same\.gas_share\.unit: should be share of primary energy",
    ),
    "a value beyond its bound in same": (
        {"same": same(gas_share={**SHARE, "value": 1.5})},
        r"same\.gas_share\.value: 1\.5 is not",
    ),
    "a range that leaves the value out": (
        {"same": same(gas_share={**SHARE, "range": [0.3, 0.4]})},
        r"same\.gas_share\.range: does not hold the value 0\.237",
    ),
    "a year without a table": ({"indicators": 1999}, r"indicators: no table of 1999; there are 20"),
    "a year as text": ({"indicators": "2013"}, r"indicators: should be a valid integer"),
    "an unknown table of outcomes": (
        {"after": "../seeds/history.yaml"},
        r"after: no such table; there are outcomes-2014\.csv",
    ),
    "an unknown state without": ({"without": ["UKR", "XYZ"]}, r"without\.1: no state XYZ in the"),
    "a union of the leader": (
        {"unions": {"EU": {**UNION, "members": ["USA", "DEU"]}}},
        r"unions\.EU\.members\.0: unknown state USA; allowed: AFG, .*, …$",
    ),
    "a club of strangers": (
        {"clubs": {"G7": {"members": ["USA", "XYZ"], "source": "orgs-2020"}}},
        r"clubs\.G7\.members\.1: unknown state XYZ; allowed: USA, AFG, .*, …$",
    ),
}


@pytest.mark.parametrize(("changes", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_world_is_one_line_with_file_line_and_path(tmp_path: Path, changes, message):
    file = world_file(tmp_path, **changes)
    with pytest.raises(DocumentError, match=rf"mine\.yaml:\d+: {message}") as fault:
        reading.read(file)
    assert "\n" not in str(fault.value)
    assert api.fault(file) == str(fault.value)


def test_the_line_is_that_of_the_key(tmp_path: Path):
    file = world_file(tmp_path, same=same(gas_share={**SHARE, "value": 1.5}))
    lines = file.read_text("utf-8").splitlines()
    line = lines.index('   "value": 1.5,') + 1
    with pytest.raises(DocumentError, match=rf"mine\.yaml:{line}: same\.gas_share\.value"):
        reading.read(file)


def test_a_union_whose_members_start_apart_is_refused(tmp_path: Path):
    unions = {"EU": {**UNION, "members": ["DEU", "IND"], "associates": []}}
    later = {"like": "ukraine-2022", "indicators": 2021, "after": "outcomes-2014.csv"}
    file = world_file(tmp_path, unions=unions, clubs={}, **later)
    with pytest.raises(
        DocumentError, match=r"mine\.yaml:\d+: unions\.EU\.members: DEU starts at 3"
    ):
        reading.read(file)


def test_a_fault_of_the_episode_is_told_where_it_stands(tmp_path: Path):
    episode = (evidence.data_root() / "configs" / "episodes" / "crimea-2014.yaml").read_text(
        "utf-8"
    )
    spoiled = episode.replace("name: crimea-2014", "name: spoiled").replace(
        "step: month", "step: w"
    )
    (tmp_path / "spoiled.yaml").write_text(spoiled, "utf-8")
    file = world_file(tmp_path, like="spoiled")
    with pytest.raises(DocumentError, match=r"spoiled\.yaml:\d+: calendar\.step"):
        reading.read(file)


def test_a_world_without_unions_and_clubs_is_one(tmp_path: Path):
    found = reading.read(world_file(tmp_path, unions=None, clubs=None))
    assert found.unions == found.clubs == {}
    assert found.kind == "episode"


def test_an_unchanged_copy_is_the_same_world(tmp_path: Path):
    found = reading.read(world_file(tmp_path, "world-2014"))
    assert found.digest == READ["world-2014"].digest
    assert found == READ["world-2014"]


def test_expanding_a_world_leaves_its_file_and_the_episode_as_they_were():
    document = documents.read(FOLDER / "world-2014.yaml")
    episode = documents.read(reading.find("crimea-2014"))
    before = [Document.copied(document).data, Document.copied(episode).data]
    worlds.expanded(document, episode)
    assert [document.data, episode.data] == before


@EACH
def test_the_shipped_files_pass_their_check(name):
    assert api.fault(FOLDER / f"{name}.yaml") == ""
    assert api.fault(FOLDER / "columns.yaml") == ""


# --- what-ifs on a world ----------------------------------------------------------------------

WHATIF = """\
name: norway-unarmed
kind: whatif
extends: world-2014
title: Norway without troops
why: What the troops do.
set:
  states.NOR.us_troops: {value: 0, source: design}
  world.severity: {value: 0.5, source: design}
"""


@pytest.fixture
def whatif(tmp_path: Path) -> Path:
    file = tmp_path / "norway-unarmed.yaml"
    file.write_text(WHATIF, "utf-8")
    return file


def test_a_what_if_extends_a_world(whatif: Path):
    found, base = reading.read(whatif), READ["world-2014"]
    assert found.name == "norway-unarmed"
    assert found.episode == "world-2014"
    assert found.states["NOR"]["us_troops"].value == 0.0
    assert found.world["severity"].value == 0.5
    assert found.states["SWE"] == base.states["SWE"]
    assert found.allies == base.allies


def test_a_single_setting_on_a_world_holds_or_is_refused():
    setting = [("states.LIE.norms_emphasis", "1.0")]
    changed = reading.with_settings("world-2014", [], setting)
    assert changed.states["LIE"]["norms_emphasis"].value == 1.0
    with pytest.raises(DocumentError, match=r"states\.LIE\.colour: no colour here"):
        reading.with_settings("world-2014", [], [("states.LIE.colour", "1.0")])


def test_a_fault_of_a_what_if_on_a_world_is_told_in_the_what_if(whatif: Path):
    whatif.write_text(WHATIF.replace("value: 0,", "value: -1,"), "utf-8")
    with pytest.raises(DocumentError, match=r"norway-unarmed\.yaml:7: set\.states\.NOR\.us_troops"):
        reading.read(whatif)


def test_a_what_if_may_extend_a_world_beside_it(tmp_path: Path, whatif: Path):
    world_file(tmp_path, "ours", title="Ours")
    whatif.write_text(WHATIF.replace("extends: world-2014", "extends: ours"), "utf-8")
    assert reading.read(whatif).episode == "ours"


# --- time -------------------------------------------------------------------------------------


@EACH
def test_a_world_is_read_in_less_than_two_seconds(name):
    began = time.process_time()
    reading.read(name)
    assert time.process_time() - began < 2.0
