"""World scenarios: every state an ally, its inputs made from measured indicators, none judged.

A file of kind ``world`` says which episode's calendar, events, leader and target it takes, and
which year's indicators. :func:`expanded` makes an episode of it. What a coder judges in the
four-agent episodes is measured here by a stand-in that works for any state, or alike for all.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from alignsim import checks, indicators, indices, inputs, outcomes, shapes
from alignsim.documents import Document
from alignsim.indicators import Figure, Row, Table
from alignsim.outcomes import Outcome
from alignsim.scenario import MEANINGS, Club, Code, Line, Name, Quantity, Text, Union
from alignsim.shapes import Frozen


class World(Frozen):
    """A world: an episode's course, with every state an ally."""

    name: Name = Field(description="Small letters, digits and dashes.")
    kind: Literal["world"]
    title: Line = Field(description="One line for tables and figures.")
    summary: Text = Field(description="What happened, in a sentence or two.")
    like: Name = Field(description="Episode whose calendar, world, leader and target hold here.")
    indicators: Annotated[int, Field(ge=1900, le=2999, strict=True)] = Field(
        description="Year of the table of indicators."
    )
    without: tuple[Code, ...] = Field((), description="States that take no side by their nature.")
    unions: dict[Code, Union] = Field(
        default_factory=dict, description="States that decide on sanctions as one, by code."
    )
    clubs: dict[Code, Club] = Field(
        default_factory=dict, description="Who looks to whom when it decides, by code."
    )
    same: dict[str, Quantity] = Field(description="Inputs without an indicator: alike for all.")
    after: str | None = Field(
        None, description="Table of outcomes that sets the level each state starts from."
    )


def like(document: Document) -> str:
    """Name of the episode that a world's file is like. Raises DocumentError."""
    return shapes.parsed(World, document, MEANINGS).like


def expanded(document: Document, episode: Document) -> Document:
    """The episode that a world's file stands for. Raises DocumentError.

    ``episode`` is the one that it is like, checked by itself.
    """
    world = shapes.parsed(World, document, MEANINGS)
    _check_tables(document, world, episode)
    table = indicators.read(world.indicators)
    leader, target = episode.data["leader"], episode.data["target"]
    left_out = {leader, target, *world.without}
    rows = [row for code, row in table.rows.items() if code not in left_out]
    for index, code in enumerate(world.without):
        if code not in table.rows:
            raise document.error(("without", index), f"no state {code} in the table")
    _check_same(document, world)
    data = {
        **{key: document.data[key] for key in ("name", "title", "summary")},
        "kind": "episode",
        "history": world.like,
        **{key: episode.data[key] for key in ("calendar", "leader", "target", "world")},
        "allies": [row.code for row in rows],
        "unions": document.data.get("unions", {}),
        "clubs": document.data.get("clubs", {}),
        "states": {
            **{code: episode.data["states"][code] for code in (leader, target)},
            **_states(world, table, rows),
        },
        "labels": {
            **{code: episode.data["labels"][code] for code in (leader, target)},
            **{code: union.name for code, union in world.unions.items()},
            **{row.code: row.name for row in rows},
        },
    }
    made = Document(document.file, data, dict(document.places))
    for path in (("calendar",), ("world",), ("states", leader), ("states", target)):
        made.adopt(path, episode, path)
    return made


def _check_tables(document: Document, world: World, episode: Document) -> None:
    """The tables that it names are there, and none knows what is still to come."""
    if world.indicators not in indicators.years():
        known = ", ".join(map(str, indicators.years()))
        raise document.error(("indicators",), f"no table of {world.indicators}; there are {known}")
    if world.after is None:
        return
    if world.after not in outcomes.tables():
        known = ", ".join(outcomes.tables())
        raise document.error(("after",), f"no such table; there are {known}")
    start = str(episode.data["calendar"]["start"])
    if outcomes.year(world.after) >= int(start[:4]):
        raise document.error(("after",), f"is not of before the world begins, in {start}")


def _check_same(document: Document, world: World) -> None:
    """All inputs that are measured for no state are given, and no other."""
    expected = [name for name in inputs.ALLY if name not in MEASURED]
    for name in world.same:
        if name not in expected:
            raise document.error(("same", name), f"unknown key; allowed: {', '.join(expected)}")
    for name in expected:
        if name not in world.same:
            raise document.error(("same",), f"missing key {name}")
        checks.quantity(document, ("same", name), world.same[name], inputs.ALLY[name])


def _states(world: World, table: Table, rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """Inputs of every ally, as a scenario file would state them."""
    same = {name: quantity.model_dump(mode="json") for name, quantity in world.same.items()}
    starts = {} if world.after is None else outcomes.shipped(world.after)
    made = {}
    for row in rows:
        own = _measured(table, row)
        if row.code in starts:
            own["initial_level"] = _start(starts[row.code])
        made[row.code] = {name: own.get(name) or same[name] for name in inputs.ALLY}
    return made


# --- from indicators to inputs --------------------------------------------------------------

TAKEN = (
    "us_defence_pact", "us_troops", "g7", "eu", "nato", "nato_partner", "eu_associate",
    "import_dependence", "nuclear_electricity", "capability", "distance_china", "rivalry_china",
    "disputes_china", "distance_russia", "rivalry_russia", "disputes_russia",
    "distance_north_korea", "rivalry_north_korea", "disputes_north_korea", "russia_trade",
    "russia_trade_share",
)  # fmt: skip
"""Inputs that are a column as it stands."""
SUPPLIERS = ("gas_from_russia", "oil_from_russia", "oil_from_middle_east")
"""Columns that are as they stand where a state imports on balance, and 0 where it does not."""
RIVALS = {"china": "CHN", "russia": "RUS", "north_korea": "PRK"}
MEASURED = (
    *TAKEN, *SUPPLIERS, "coal_from_russia", "norms_emphasis", "regional_isolation",
    "independence_wish", "strain_china", "strain_russia", "strain_north_korea", "role_in_talks",
    "russian_aims",
)  # fmt: skip
"""Inputs that the indicators make up; the others are alike for all."""


def _measured(table: Table, row: Row) -> dict[str, dict[str, Any]]:
    """Inputs of one state from its indicators, by the index formulas."""
    own = row.figures
    found = {name: _figure(table, name, own[name], name) for name in TAKEN}
    importer = row["import_dependence"] > 0.0 or not own["import_dependence"].measured
    for name in SUPPLIERS:
        if importer:
            found[name] = _figure(table, name, own[name], name)
        else:
            note = "imports nothing on balance"
            found[name] = _stated(table, name, 0.0, (0.0, 0.0), [name], note)
    found["coal_from_russia"] = _coal(table, found)
    found["norms_emphasis"] = _figure(table, "norms_emphasis", own["polyarchy"], "polyarchy")
    found["regional_isolation"] = _distance(
        table, row, "regional_isolation", table.median("ideal_point", row.region)
    )
    leader = table.rows["USA"]["ideal_point"]
    found["independence_wish"] = _distance(table, row, "independence_wish", leader)
    for rival, code in RIVALS.items():
        other = table.rows[code]["ideal_point"]
        found[f"strain_{rival}"] = _distance(table, row, f"strain_{rival}", other)
    talks = 0.5 * row["six_party"]
    found["role_in_talks"] = _stated(
        table, "role_in_talks", talks, (0.0, 2.0 * talks), ["six_party"]
    )
    ties = indices.institutional_ties(row["russian_pact"], row["sco"], row["brics"])
    found["russian_aims"] = _stated(
        table,
        "russian_aims",
        ties,
        (ties, ties),
        ["russian_pact", "sco", "brics"],
        _filled(own["russian_pact"], "russian_pact"),
    )
    return found


def _coal(table: Table, found: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """No table of coal by origin: the mean of the shares of gas and of oil, and a wide range."""
    gas, oil = (found[name]["value"] for name in ("gas_from_russia", "oil_from_russia"))
    highs = [found[name]["range"][1] for name in ("gas_from_russia", "oil_from_russia")]
    columns = ["gas_from_russia", "oil_from_russia"]
    note = "no table of coal by origin: mean of the Russian shares of gas and oil"
    return _stated(table, "coal_from_russia", (gas + oil) / 2.0, (0.0, max(highs)), columns, note)


def _distance(table: Table, row: Row, name: str, other: float) -> dict[str, Any]:
    """A political distance, and its range over that of the state's own ideal point."""
    own = row.figures["ideal_point"]
    value = indices.political_distance(own.value, other)
    ends = [indices.political_distance(end, other) for end in (own.low, own.high)]
    low = 0.0 if own.low <= other <= own.high else min(*ends, value)
    bounds, note = (low, max(*ends, value)), _filled(own, "ideal_point")
    return _stated(table, name, value, bounds, ["ideal_point"], note)


def _figure(table: Table, name: str, figure: Figure, column: str) -> dict[str, Any]:
    bounds, note = (figure.low, figure.high), _filled(figure, column)
    return _stated(table, name, figure.value, bounds, [column], note)


def _filled(figure: Figure, column: str) -> str:
    """What is said of a figure that is not measured; empty of one that is."""
    return "" if figure.measured else f"no figure: filled by the rule of column {column}"


def _stated(
    table: Table,
    name: str,
    value: float,
    bounds: tuple[float, float],
    columns: list[str],
    note: str = "",
) -> dict[str, Any]:
    """A quantity as a scenario file would state it."""
    known = indicators.columns()
    sources = [source for column in columns for source in known[column].sources(table.year)]
    made: dict[str, Any] = {
        "value": value,
        "range": list(bounds),
        "unit": inputs.ALLY[name].unit,
        "year": table.year,
        "source": list(dict.fromkeys(sources)),
    }
    return made | ({"note": note} if note else {})


def _start(outcome: Outcome) -> dict[str, Any]:
    """The level reached, taken to hold until the next episode; an excluded state starts at 0."""
    sure = outcome.outcome in ("yes", "no")
    bounds = [outcome.level] * 2 if sure else [outcome.low, outcome.high]
    return {
        "value": outcome.level,
        "range": bounds,
        "unit": inputs.ALLY["initial_level"].unit,
        "year": 2014,
        "source": list(outcome.source),
    }
