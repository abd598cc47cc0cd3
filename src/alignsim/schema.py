"""A JSON Schema of scenario files, for completion and checks in editors.

It knows shape, units and bounds; :mod:`alignsim.checks` alone knows what holds across keys.
"""

import copy
import json
import re
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from alignsim import inputs, worlds
from alignsim.scenario import CODE, Scenario, WhatIf
from alignsim.worlds import World

Schema = dict[str, Any]

TABLES = {
    "Ally": inputs.ALLY,
    "Leader": inputs.LEADER,
    "Target": inputs.TARGET,
    "World": inputs.WORLD,
}


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles made of field names: editors show the name anyway."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema() -> Schema:
    """The schema, draft 2020-12: an episode, or a what-if or world where ``kind`` says so."""
    return copy.deepcopy(_schema())


def as_text() -> str:
    """The schema as it stands in ``configs/scenario.schema.json``."""
    return json.dumps(_schema(), indent=2, sort_keys=False) + "\n"


@cache
def _schema() -> Schema:
    definitions: Schema = {}
    episode = _model(Scenario, definitions)
    whatif = _model(WhatIf, definitions)
    world = _model(World, definitions)
    definitions["Setting"] = _setting(definitions["Quantity"])
    definitions |= _units("Quantity") | _units("Setting")
    for name, table in TABLES.items():
        definitions[name] = _table(name, table)
    definitions["Bloc"]["properties"].update(_rows(inputs.BLOC, "Quantity"))
    episode["properties"]["world"] = _reference("World")
    roles = [_reference(role) for role in ("Ally", "Leader", "Target")]
    episode["properties"]["states"]["patternProperties"] = {CODE: {"anyOf": roles}}
    for key in ("states", "blocs", "clubs", "unions", "labels"):
        episode["properties"][key]["additionalProperties"] = False
    whatif["properties"]["set"] = _settings(whatif["properties"]["set"])
    for key in ("clubs", "unions"):
        world["properties"][key]["additionalProperties"] = False
    world["properties"]["same"] |= _same()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "alignsim scenario",
        "description": "An episode, a what-if that extends one, or a world that is like one.",
        "type": "object",
        "required": ["name", "kind"],
        "properties": {
            "kind": {
                "enum": ["episode", "whatif", "world"],
                "description": "What this file is.",
            }
        },
        **_where("whatif", "WhatIf", _where("world", "WorldScenario", _reference("Scenario"))),
        "$defs": {**definitions, "Scenario": episode, "WhatIf": whatif, "WorldScenario": world},
    }


def _where(kind: str, name: str, otherwise: Schema) -> Schema:
    """What holds for a file of one kind, and what for others."""
    stated = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
    return {"if": stated, "then": _reference(name), "else": otherwise}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _model(model: type[Scenario | WhatIf | World], definitions: Schema) -> Schema:
    """Schema of a model; what it refers to is added to ``definitions``."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Untitled)
    definitions.update(schema.pop("$defs", {}))
    return schema


def _setting(quantity: Schema) -> Schema:
    """A quantity in a what-if: unit and range may be left out."""
    setting = copy.deepcopy(quantity)
    setting["title"] = "Setting"
    setting["description"] = "A quantity's new value; it holds throughout unless changes are given."
    setting["required"] = ["value", "source"]
    return setting


def _table(name: str, table: dict[str, inputs.Input]) -> Schema:
    """All the inputs of a role; those without a default are required."""
    return {
        "title": name,
        "description": f"Inputs of {'the ' if name != 'Ally' else 'an '}{name.lower()}.",
        "type": "object",
        "properties": _rows(table, "Quantity"),
        "required": [name for name, row in table.items() if row.default is None],
        "additionalProperties": False,
    }


def _rows(table: dict[str, inputs.Input], kind: str) -> Schema:
    return {name: _row(row, kind) for name, row in table.items()}


def _row(row: inputs.Input, kind: str) -> Schema:
    """One input: what it means, and its unit's definition."""
    return {
        "description": f"{row.meaning} ({row.kind}); {row.allowed}",
        "$ref": f"#/$defs/{_unit_name(row.unit, kind)}",
    }


def _unit_name(unit: str, kind: str) -> str:
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', unit.lower())}"


def _units(kind: str) -> Schema:
    """A definition for each unit: a quantity, or a setting, with its unit and bounds."""
    tables = (*TABLES.values(), inputs.BLOC)
    rows = {row.unit: row for table in tables for row in table.values()}
    return {_unit_name(unit, kind): _unit(row, kind) for unit, row in rows.items()}


def _unit(row: inputs.Input, kind: str) -> Schema:
    number: Schema = {"minimum": row.low, "maximum": row.high}
    if row.whole:
        number["multipleOf"] = 1
    bounds = {"value": number, "range": {"items": number}}
    return {
        "allOf": [{"$ref": f"#/$defs/{kind}"}],
        "properties": {
            **bounds,
            "unit": {"const": row.unit},
            "changes": {"items": {"properties": bounds}},
        },
    }


def _settings(stated: Schema) -> Schema:
    """The paths a what-if may set."""
    code = CODE.strip("^$")
    states = {**inputs.ALLY, **inputs.LEADER, **inputs.TARGET}
    return {
        **stated,
        "description": "New quantities by path, such as states.JPN.gas_share; fixed decisions.",
        "properties": {
            "fixed": {"type": "array", "items": {"$ref": "#/$defs/Fixed"}},
            **{f"world.{name}": _row(row, "Setting") for name, row in inputs.WORLD.items()},
        },
        "patternProperties": {
            **_patterns(rf"^states\.{code}\.", states),
            **_patterns(rf"^blocs\.{code}\.", inputs.BLOC),
        },
        "additionalProperties": False,
    }


def _same() -> Schema:
    """The inputs that a world states alike for all allies: those that it measures for none."""
    rows = {name: row for name, row in inputs.ALLY.items() if name not in worlds.MEASURED}
    return {
        "properties": _rows(rows, "Quantity"),
        "required": list(rows),
        "additionalProperties": False,
    }


def _patterns(prefix: str, table: dict[str, inputs.Input]) -> Schema:
    return {f"{prefix}{name}$": _row(row, "Setting") for name, row in table.items()}
