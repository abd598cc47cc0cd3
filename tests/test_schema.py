import copy
import json

import jsonschema
import pytest

from alignsim import documents, evidence, inputs, reading, schema

VALIDATOR = jsonschema.Draft202012Validator(schema.json_schema())
SHIPPED = [name for folder in reading.FOLDERS for name in reading.shipped(folder)]
TABLES = {
    "Ally": inputs.ALLY,
    "Leader": inputs.LEADER,
    "Target": inputs.TARGET,
    "World": inputs.WORLD,
    "Bloc": inputs.BLOC,
}


def data_of(name):
    return copy.deepcopy(documents.read(reading.find(name)).data)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


def test_committed_schema_is_current():
    file = evidence.data_root() / "configs" / "scenario.schema.json"
    expected = json.dumps(schema.json_schema(), indent=2, sort_keys=False) + "\n"
    assert file.read_text("utf-8") == expected == schema.as_text()


def test_schema_handed_out_is_a_copy():
    schema.json_schema()["$defs"].clear()
    assert schema.json_schema()["$defs"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_valid_and_name_the_schema(name):
    VALIDATOR.validate(data_of(name))
    first = reading.find(name).read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../scenario.schema.json"


def put(path, value):
    """A change of the data: set, or with None drop, what stands at a path."""

    def change(data):
        *parents, last = path
        for key in parents:
            data = data[key]
        if value is None:
            del data[last]
        else:
            data[last] = value

    return change


JPN = ("states", "JPN")
EPISODE_FAULTS = {
    "unknown key": put(("laeder",), "USA"),
    "unknown key in calendar": put(("calendar", "x"), 1),
    "unknown input": put((*JPN, "x"), {"value": 0, "range": [0, 0], "unit": "km", "source": "me"}),
    "input of another role": put(("states", "USA", "g7"), {"value": 0}),
    "unknown key of a quantity": put((*JPN, "g7", "x"), 1),
    "unknown key of a change": put(("world", "severity", "changes", 0, "x"), 1),
    "unknown key of a bloc": put(("blocs", "EU", "x"), 1),
    "missing input": put((*JPN, "g7"), None),
    "missing input of the world": put(("world", "severity"), None),
    "missing source": put((*JPN, "g7", "source"), None),
    "empty source": put((*JPN, "g7", "source"), []),
    "wrong unit": put((*JPN, "us_troops", "unit"), "people"),
    "above the bound": put((*JPN, "gas_share", "value"), 1.98),
    "range beyond the bound": put((*JPN, "gas_share", "range"), [0, 1.98]),
    "change beyond the bound": put(("world", "severity", "changes", 0, "value"), 7),
    "level of a bloc": put(("blocs", "EU", "level", "value"), 6),
    "half a level": put(("states", "USA", "ceiling", "value"), 4.5),
    "range of three": put((*JPN, "gas_share", "range"), [0, 0, 1]),
    "text as a number": put((*JPN, "gas_share", "value"), "0.5"),
    "bool as a number": put((*JPN, "gas_share", "value"), True),
    "month 13": put(("calendar", "start"), "2014-13"),
    "kind": put(("kind",), "weights"),
    "no kind": put(("kind",), None),
    "code": put(("leader",), "usa"),
    "code of a state": put(("states", "jpn"), {}),
    "code of a club": put(("clubs", "g7"), {}),
}


@pytest.mark.parametrize("change", EPISODE_FAULTS.values(), ids=EPISODE_FAULTS)
def test_fault_in_an_episode_is_refused(change):
    data = data_of("crimea-2014")
    change(data)
    assert not VALIDATOR.is_valid(data)


SET = ("set", "states.JPN.gas_from_usa")
WHATIF_FAULTS = {
    "unknown key": put(("x",), 1),
    "missing extends": put(("extends",), None),
    "unknown input": put(("set", "states.JPN.x"), {"value": 0, "source": "me"}),
    "unknown top": put(("set", "calendar.steps"), {"value": 1, "source": "me"}),
    "missing source": put((*SET, "source"), None),
    "unknown key of a quantity": put((*SET, "x"), 1),
    "above the bound": put((*SET, "value"), 1.98),
    "wrong unit": put((*SET, "unit"), "km"),
    "number": put(SET, 1),
    "fixed as a mapping": put(("set", "fixed"), {}),
    "fixed with an unknown key": put(("set", "fixed"), [{"x": 1}]),
    "claim": put(("claims",), ["C22"]),
    "empty": put(("set",), {}),
}


@pytest.mark.parametrize("change", WHATIF_FAULTS.values(), ids=WHATIF_FAULTS)
def test_fault_in_a_whatif_is_refused(change):
    data = data_of("us-lng")
    change(data)
    assert not VALIDATOR.is_valid(data)


SAME = ("same", "gas_share")
WORLD_FAULTS = {
    "unknown key": put(("x",), 1),
    "key of an episode": put(("allies",), ["JPN", "KOR"]),
    "missing like": put(("like",), None),
    "missing indicators": put(("indicators",), None),
    "year as text": put(("indicators",), "2013"),
    "missing same": put(("same",), None),
    "missing input of same": put(SAME, None),
    "measured input in same": put(("same", "ideal_point"), {"value": 0}),
    "input of one state in same": put(("same", "g7"), {"value": 0}),
    "missing source": put((*SAME, "source"), None),
    "wrong unit": put((*SAME, "unit"), "km"),
    "above the bound": put((*SAME, "value"), 1.98),
    "unknown key of a quantity": put((*SAME, "x"), 1),
    "code of a union": put(("unions", "eu"), {}),
    "unknown key of a union": put(("unions", "EU", "x"), 1),
    "rule of a union": put(("unions", "EU", "rule"), "veto"),
    "code of a club": put(("clubs", "g7"), {}),
    "code of a state": put(("without",), ["ukr"]),
}


@pytest.mark.parametrize("change", WORLD_FAULTS.values(), ids=WORLD_FAULTS)
def test_fault_in_a_world_is_refused(change):
    data = data_of("world-2014")
    change(data)
    assert not VALIDATOR.is_valid(data)


def test_an_episode_may_have_unions_and_the_history_of_another():
    data = data_of("crimea-2014")
    data["unions"] = {"UN": {"name": "Union", "members": ["JPN", "KOR"], "source": "me"}}
    data["history"] = "ukraine-2022"
    VALIDATOR.validate(data)


@pytest.mark.parametrize("kind", ["episode", "whatif"])
def test_a_world_under_another_kind_is_refused(kind):
    data = data_of("world-2014")
    data["kind"] = kind
    assert not VALIDATOR.is_valid(data)


def test_whatif_may_set_every_input():
    data = data_of("us-lng")
    setting = {"value": 0, "source": "me"}
    states = {**inputs.ALLY, **inputs.LEADER, **inputs.TARGET}
    data["set"] = {
        **{f"states.JPN.{name}": setting for name in states},
        **{f"world.{name}": setting for name in inputs.WORLD},
        **{f"blocs.EU.{name}": setting for name in inputs.BLOC},
    }
    VALIDATOR.validate(data)


@pytest.mark.parametrize(("role", "table"), TABLES.items(), ids=TABLES)
def test_every_input_has_description_unit_and_bounds(role, table):
    definitions = schema.json_schema()["$defs"]
    properties = definitions[role]["properties"]
    for name, row in table.items():
        assert row.meaning in properties[name]["description"]
        unit = definitions[properties[name]["$ref"].removeprefix("#/$defs/")]["properties"]
        assert unit["unit"] == {"const": row.unit}
        assert unit["value"]["minimum"] == row.low
        assert unit["value"]["maximum"] == row.high
        assert ("multipleOf" in unit["value"]) == row.whole


def test_every_key_of_a_scenario_is_described():
    definitions = schema.json_schema()["$defs"]
    for model in ("Scenario", "WhatIf", "WorldScenario"):
        for name, value in definitions[model]["properties"].items():
            target = value.get("$ref", "#/$defs/none").removeprefix("#/$defs/")
            described = "description" in value or "description" in definitions.get(target, {})
            assert described or "const" in value, name


def test_inputs_of_one_name_or_unit_agree():
    """The schema keeps one definition a unit, and one path pattern a name."""
    rows = [row for table in TABLES.values() for row in table.values()]
    bounds = {row.unit: (row.low, row.high, row.whole) for row in rows}
    assert all(bounds[row.unit] == (row.low, row.high, row.whole) for row in rows)
    states = {**inputs.ALLY, **inputs.LEADER, **inputs.TARGET}
    for table in (inputs.ALLY, inputs.LEADER, inputs.TARGET):
        assert all(states[name] == row for name, row in table.items())
