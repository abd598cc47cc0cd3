"""The frozen schema of a scenario: episodes, and the what-ifs that extend them.

Reading ends in a :class:`Scenario` or in one DocumentError that names file, line and path.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from alignsim import documents, evidence, inputs
from alignsim.documents import Document, DocumentError, Location

Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,3}$")]
Date = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Source = Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1)]
Steps = Annotated[int, Field(ge=1, le=600, strict=True)]

MAX_EXTENDS = 8
DECISIONS = ("level", "engagement", "stance")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(_Frozen):
    """A dated change of a quantity: an event if it carries a label."""

    date: Date
    value: Finite
    range: tuple[Finite, Finite]
    source: Source
    label: Text | None = None


class Quantity(_Frozen):
    """A number with its low-high range, unit and sources, and its dated changes."""

    value: Finite
    range: tuple[Finite, Finite]
    unit: Text
    source: Source
    year: int | None = None
    note: Text | None = None
    changes: tuple[Change, ...] = ()

    def at(self, date: str) -> float:
        """Value in force at the end of a month, ``YYYY-MM``."""
        value = self.value
        for change in self.changes:
            if change.date[:7] <= date:
                value = change.value
        return value


class Calendar(_Frozen):
    """First month, length of a step and number of steps."""

    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    step: Literal["month", "quarter"]
    steps: Steps

    @property
    def months(self) -> int:
        """Months a step lasts."""
        return 1 if self.step == "month" else 3

    @property
    def ends(self) -> list[str]:
        """Last month of each step, ``YYYY-MM``: what happens within a step counts in it."""
        year, month = (int(part) for part in self.start.split("-"))
        first = year * 12 + month - 1
        last = [first + (step + 1) * self.months - 1 for step in range(self.steps)]
        return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in last]

    @property
    def dates(self) -> list[str]:
        """Label of each step: ``2014-03``, or ``2015-Q1``."""
        if self.step == "month":
            return self.ends
        return [f"{end[:4]}-Q{(int(end[5:]) + 2) // 3}" for end in self.ends]

    def step_of(self, date: str) -> int | None:
        """Step that holds a date (``YYYY-MM``, ``YYYY-MM-DD`` or a step's label), or None."""
        if date in self.dates:
            return self.dates.index(date)
        if not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", date) or date[:7] < self.start:
            return None
        for step, end in enumerate(self.ends):
            if date[:7] <= end:
                return step
        return None


class Bloc(_Frozen):
    """A group that acts as one, follows a dated course and is not an agent."""

    name: Text
    level: Quantity
    russia_trade_share: Quantity


class Club(_Frozen):
    """States and blocs that decide on sanctions together."""

    members: Annotated[list[Code], Field(min_length=2)]
    source: Source


class Fixed(_Frozen):
    """A decision that is set rather than chosen, from one date to another."""

    state: Code
    decision: Literal["level", "engagement", "stance"]
    toward: Code | None = None
    start: Date = Field(alias="from")
    end: Date = Field(alias="to")
    option: int | str
    source: Source
    note: Text | None = None


class Scenario(_Frozen):
    """A scenario, checked: who decides what, when, and on which inputs."""

    name: Name
    kind: Literal["episode"]
    title: Text
    summary: Text
    calendar: Calendar
    leader: Code
    target: Code
    allies: Annotated[tuple[Code, ...], Field(min_length=1, max_length=1000)]
    world: dict[str, Quantity]
    blocs: dict[Code, Bloc] = {}
    clubs: dict[Code, Club] = {}
    states: dict[Code, dict[str, Quantity]]
    fixed: tuple[Fixed, ...] = ()
    labels: dict[Code, Text] = {}
    _episode: str | None = PrivateAttr(None)

    @property
    def episode(self) -> str:
        """Name of the episode this scenario is, or extends."""
        return self._episode or self.name

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the file's layout."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def label(self, state: str) -> str:
        """Name of a state for people; its code where none is given."""
        return self.labels.get(state, state)


class WhatIf(_Frozen):
    """A what-if: an episode, or another what-if, with some paths set to other values."""

    name: Name
    kind: Literal["whatif"]
    extends: Name
    title: Text
    why: Text
    claims: Annotated[list[str], Field(min_length=1)]
    set: Annotated[dict[str, Any], Field(min_length=1)]


# --- reading ------------------------------------------------------------------------------


def read(name: str | Path) -> Scenario:
    """Read and check a scenario by shipped name (``crimea-2014``) or by file.

    A what-if comes back as the episode it extends with its settings applied.
    Raises DocumentError.
    """
    return resolve(documents.read(find(name)))


def resolve(document: Document) -> Scenario:
    """Check a document and apply what it extends. Raises DocumentError."""
    base, layers = _chain(document)
    data = base.data
    for layer in reversed(layers):
        data = apply(data, layer)
    if layers:
        return _derived(_checked(_relined(base, data, document)), document.data["name"])
    return _checked(base)


def _derived(scenario: Scenario, name: str) -> Scenario:
    """The scenario under a what-if's name; its episode is remembered."""
    derived = scenario.model_copy(update={"name": name})
    derived._episode = scenario.name
    return derived


def read_whatif(name: str | Path) -> tuple[WhatIf, Document]:
    """Read a what-if by shipped name or by file, unresolved. Raises DocumentError."""
    document = documents.read(find(name))
    if document.data.get("kind") != "whatif":
        raise document.error(("kind",), "this is not a what-if")
    return _parsed(WhatIf, document), document


def with_settings(
    scenario: str | Path, whatifs: list[str], settings: list[tuple[str, str]]
) -> Scenario:
    """An episode with what-ifs and then single ``path=value`` settings applied.

    Raises DocumentError where a what-if extends another episode or a path does not exist.
    """
    base, layers = _chain(documents.read(find(scenario)))
    data = base.data
    for layer in reversed(layers):
        data = apply(data, layer)
    last = base
    for name in whatifs:
        _, document = read_whatif(name)
        root, chain = _chain(document)
        if root.data.get("name") != base.data.get("name"):
            raise document.error(
                ("extends",), f"extends {root.data.get('name')}, not {base.data.get('name')}"
            )
        for layer in reversed(chain):
            data = apply(data, layer)
        last = document
    for path, text in settings:
        setting = Document("--set", {"set": {path: {"value": _number(path, text)}}}, {})
        data = apply(data, setting)
        last = setting
    checked = _checked(_relined(base, data, last))
    name = "+".join([*(str(item) for item in whatifs), *(f"{p}={v}" for p, v in settings)])
    if layers:
        name = f"{layers[0].data['name']}+{name}" if name else layers[0].data["name"]
    return _derived(checked, name) if name else checked


def _number(path: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DocumentError("--set", None, path, f"{text!r} is not a number") from None


def shipped(folder: Literal["episodes", "whatifs"]) -> list[str]:
    """Names of the shipped episodes or what-ifs, sorted."""
    return sorted(file.stem for file in (evidence.data_root() / "configs" / folder).glob("*.yaml"))


def find(name: str | Path) -> Path:
    """File of a scenario given by shipped name or by path."""
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name)
    for folder in ("episodes", "whatifs"):
        file = evidence.data_root() / "configs" / folder / f"{text}.yaml"
        if file.is_file():
            return file
    known = ", ".join(shipped("episodes"))
    raise DocumentError(text[:100], None, "", f"no such scenario; shipped episodes: {known}")


def _chain(document: Document) -> tuple[Document, list[Document]]:
    """The episode at the root and the what-ifs above it, nearest last."""
    layers: list[Document] = []
    names: list[str] = []
    while document.data.get("kind") == "whatif":
        whatif = _parsed(WhatIf, document)
        if whatif.name in names or len(layers) >= MAX_EXTENDS:
            raise document.error(("extends",), f"a cycle: {' -> '.join([*names, whatif.name])}")
        _check_claims(document, whatif)
        layers.append(document)
        names.append(whatif.name)
        beside = Path(document.file).parent / f"{whatif.extends}.yaml"
        try:
            document = documents.read(beside if beside.is_file() else find(whatif.extends))
        except DocumentError as error:
            if "no such scenario" in str(error):
                raise document.error(("extends",), f"no scenario named {whatif.extends}") from None
            raise
    return document, layers


def _check_claims(document: Document, whatif: WhatIf) -> None:
    for index, claim in enumerate(whatif.claims):
        if not re.fullmatch(r"(L17|D14|C22)-\d\d", claim):
            raise document.error(("claims", index), f"{claim!r} is not a claim id such as C22-19")


def apply(data: dict[str, Any], layer: Document) -> dict[str, Any]:
    """Data of a scenario with the settings of one what-if; the original stays as it is.

    A set quantity keeps unit and range of the one it replaces unless it states its own, and drops
    the dated changes, so that the value holds throughout.
    """
    result: dict[str, Any] = json.loads(json.dumps(data))
    for path, setting in layer.data["set"].items():
        where: Location = ("set", path)
        if path == "fixed":
            result["fixed"] = [*result.get("fixed", []), *_list_of(layer, where, setting)]
            continue
        *parents, last = path.split(".")
        node: Any = result
        for key in parents:
            node = node.get(key) if isinstance(node, dict) else None
        old = node.get(last) if isinstance(node, dict) else None
        if not isinstance(node, dict) or not isinstance(old, dict) or "value" not in old:
            raise layer.error(where, "no such quantity, or not one (such as states.JPN.g7)")
        if not isinstance(setting, dict) or "value" not in setting:
            raise layer.error(where, "a mapping with value and source")
        if layer.file != "--set" and "source" not in setting:
            raise layer.error(where, "missing key source")
        kept = {key: old[key] for key in ("unit", "range") if key in old}
        node[last] = {"source": ["command line"], **kept, **setting}
        if "range" not in setting:
            node[last]["range"] = [setting["value"], setting["value"]]
    return result


def _list_of(layer: Document, where: Location, setting: Any) -> list[Any]:
    if not isinstance(setting, list):
        raise layer.error(where, "a list of fixed decisions")
    return setting


def _relined(base: Document, data: dict[str, Any], layer: Document) -> Document:
    """The merged data under the what-if's name, with its lines where it set something."""
    document = Document(layer.file, data, {})
    for path in layer.data.get("set", {}):
        line = layer.line(("set", path))
        target: Location = tuple(path.split("."))
        document.lines[target] = line
        for below, number in layer.lines.items():
            if below[:2] == ("set", path):
                document.lines[target + below[2:]] = number
    return document


# --- checking -----------------------------------------------------------------------------


def _parsed(model: type[Any], document: Document) -> Any:
    """Validate against a pydantic model; the first fault becomes one DocumentError."""
    data = document.data
    try:
        return model.model_validate(_listed(data))
    except ValidationError as error:
        first = min(error.errors(), key=lambda item: document.line(_path(item["loc"], data)))
        raise document.error(*_explained(first, model, data)) from None


def _listed(node: Any) -> Any:
    """The same data with a single ``source`` given as a list of one."""
    if isinstance(node, dict):
        listed = {key: _listed(value) for key, value in node.items()}
        if isinstance(listed.get("source"), str):
            listed["source"] = [listed["source"]]
        return listed
    return [_listed(item) for item in node] if isinstance(node, list) else node


def _path(loc: tuple[Any, ...], data: Any) -> Location:
    """The part of a pydantic location that stands in the data."""
    path: list[Any] = []
    node = data
    for key in loc:
        path.append(key)
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            break
    return tuple(path)


def _explained(item: Any, model: type[BaseModel], data: Any) -> tuple[Location, str]:
    path = _path(item["loc"], data)
    if item["type"] == "extra_forbidden":
        return path, f"unknown key; allowed: {', '.join(_allowed(model, item['loc'][:-1]))}"
    if item["type"] == "missing":
        return path[:-1], f"missing key {item['loc'][-1]}"
    message = item["msg"].replace("Input should be", "should be")
    return path, message[0].lower() + message[1:]


def _allowed(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Keys allowed at a pydantic location."""
    kinds: dict[str, type[BaseModel]] = {
        "calendar": Calendar,
        "blocs": Bloc,
        "clubs": Club,
        "fixed": Fixed,
        "changes": Change,
    }
    here: type[BaseModel] = model
    for depth, key in enumerate(loc):
        if key in kinds:
            here = kinds[key]
        elif (
            (key in ("level", "russia_trade_share") and "blocs" in loc)
            or (loc[0] == "world" and depth == 1)
            or (loc[0] == "states" and depth == 2)
        ):
            here = Quantity
    return [field.alias or name for name, field in here.model_fields.items()]


def _checked(document: Document) -> Scenario:
    scenario: Scenario = _parsed(Scenario, document)
    _check_states(document, scenario)
    _check_table(document, ("world",), scenario.world, inputs.WORLD)
    for code, bloc in scenario.blocs.items():
        table = {"level": bloc.level, "russia_trade_share": bloc.russia_trade_share}
        _check_table(document, ("blocs", code), table, inputs.BLOC)
    for code, table in scenario.states.items():
        _check_table(document, ("states", code), table, role_table(scenario, code))
    for index, fixed in enumerate(scenario.fixed):
        _check_fixed(document, ("fixed", index), scenario, fixed)
    return scenario


def role_table(scenario: Scenario, state: str) -> dict[str, inputs.Input]:
    """The input table of a state's role."""
    if state == scenario.leader:
        return inputs.LEADER
    return inputs.TARGET if state == scenario.target else inputs.ALLY


def _check_states(document: Document, scenario: Scenario) -> None:
    roles = [scenario.leader, scenario.target, *scenario.allies]
    for index, ally in enumerate(scenario.allies):
        if ally in roles[: 2 + index]:
            raise document.error(("allies", index), f"{ally} is named twice")
    for state in roles:
        if state not in scenario.states:
            raise document.error(("states",), f"missing state {state}")
    for state in scenario.states:
        if state not in roles:
            raise document.error(("states", state), f"unknown state; allowed: {', '.join(roles)}")
    for code in scenario.blocs:
        if code in roles:
            raise document.error(("blocs", code), "a bloc cannot also be a state")
    for code, club in scenario.clubs.items():
        for index, member in enumerate(club.members):
            if member not in [scenario.leader, *scenario.allies, *scenario.blocs]:
                raise document.error(("clubs", code, "members", index), f"unknown state {member}")
    for state in scenario.labels:
        if state not in [*roles, *scenario.blocs]:
            raise document.error(("labels", state), "unknown state")


def _check_table(
    document: Document,
    path: Location,
    quantities: dict[str, Quantity],
    table: dict[str, inputs.Input],
) -> None:
    for name in quantities:
        if name not in table:
            raise document.error((*path, name), f"unknown key; allowed: {', '.join(table)}")
    for name, row in table.items():
        if name not in quantities:
            raise document.error(path, f"missing key {name}")
        _check_quantity(document, (*path, name), quantities[name], row)


def _check_quantity(
    document: Document, path: Location, quantity: Quantity, row: inputs.Input
) -> None:
    if quantity.unit != row.unit:
        raise document.error((*path, "unit"), f"{quantity.unit!r} should be {row.unit!r}")
    _check_value(document, path, quantity.value, quantity.range, row)
    before = ""
    for index, change in enumerate(quantity.changes):
        below = (*path, "changes", index)
        _check_value(document, below, change.value, change.range, row)
        if change.date[:7] <= before[:7]:
            fault = "stands twice" if change.date[:7] == before[:7] else "is out of order"
            raise document.error((*below, "date"), f"{change.date} {fault}; sort by month")
        before = change.date


def _check_value(
    document: Document,
    path: Location,
    value: float,
    bounds: tuple[float, float],
    row: inputs.Input,
) -> None:
    for key, number in (("value", value), ("range", bounds[0]), ("range", bounds[1])):
        if not row.low <= number <= row.high:
            raise document.error((*path, key), f"{number:g} is not {row.allowed}")
    if row.whole and value != int(value):
        raise document.error((*path, "value"), f"{value:g} is not a whole number")
    if not bounds[0] <= value <= bounds[1]:
        raise document.error((*path, "range"), f"does not hold the value {value:g}")


def _check_fixed(document: Document, path: Location, scenario: Scenario, fixed: Fixed) -> None:
    actors = [scenario.leader, *scenario.allies, scenario.target]
    if fixed.state not in actors:
        raise document.error((*path, "state"), f"unknown state; allowed: {', '.join(actors)}")
    if (fixed.decision == "stance") != (fixed.toward is not None):
        raise document.error((*path, "toward"), "goes with a stance, and only with one")
    if fixed.toward is not None and fixed.toward not in scenario.allies:
        raise document.error((*path, "toward"), f"one of {', '.join(scenario.allies)}")
    if fixed.end < fixed.start:
        raise document.error((*path, "to"), "is before from")
    if option_index(scenario, fixed) is None:
        raise document.error((*path, "option"), f"not an option of this {fixed.decision}")


STANCES = {"leader": ("none", "press", "assure"), "target": ("coerce", "neutral", "court")}


def options(scenario: Scenario, state: str, decision: str) -> tuple[str, ...]:
    """Option names of a state's decision; empty where the state does not take it."""
    if decision == "stance":
        if state == scenario.leader:
            return STANCES["leader"]
        return STANCES["target"] if state == scenario.target else ()
    if decision == "engagement":
        return ("0", "1", "2") if state in scenario.allies else ()
    return () if state == scenario.target else ("0", "1", "2", "3", "4", "5")


def option_index(scenario: Scenario, fixed: Fixed) -> int | None:
    """Index of a fixed decision's option, or None where it is not one."""
    names = options(scenario, fixed.state, fixed.decision)
    return names.index(str(fixed.option)) if str(fixed.option) in names else None


# --- the schema for editors ---------------------------------------------------------------


@cache
def json_schema() -> dict[str, Any]:
    """A JSON Schema of scenario files, for completion and checks in editors."""
    episode = Scenario.model_json_schema(by_alias=True)
    definitions = episode.pop("$defs")
    _loosen(definitions)
    whatif = WhatIf.model_json_schema()
    ally, leader, target = (
        _table_schema(table) for table in (inputs.ALLY, inputs.LEADER, inputs.TARGET)
    )
    episode["properties"]["world"] = _table_schema(inputs.WORLD)
    definitions["Bloc"]["properties"].update(_table_schema(inputs.BLOC)["properties"])
    episode["properties"]["states"]["additionalProperties"] = {"anyOf": [ally, leader, target]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "alignsim scenario",
        "description": "An episode, or a what-if that extends one.",
        "oneOf": [episode, whatif],
        "$defs": definitions,
    }


def _loosen(definitions: dict[str, Any]) -> None:
    """A source may be one id or a list of them."""
    for definition in definitions.values():
        source = definition.get("properties", {}).get("source")
        if source is not None:
            definition["properties"]["source"] = {"anyOf": [{"type": "string"}, source]}


def _table_schema(table: dict[str, inputs.Input]) -> dict[str, Any]:
    properties = {}
    for row in table.values():
        properties[row.name] = {
            "description": f"{row.meaning} ({row.kind})",
            "allOf": [{"$ref": "#/$defs/Quantity"}],
            "properties": {
                "value": {"minimum": row.low, "maximum": row.high},
                "unit": {"const": row.unit},
            },
        }
    return {
        "type": "object",
        "properties": properties,
        "required": list(table),
        "additionalProperties": False,
    }
