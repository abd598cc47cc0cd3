"""The table of inputs: what a scenario states about the world, a bloc and each state.

One row an input: its unit (checked where a file states it), its bounds, whether it is measured
or judged by the rubric, and what it means. Schema, documentation and sliders are made from it.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["measured", "judged"]

FLAG, RUBRIC = "0 or 1", "rubric"
"""Units of a yes or no, and of what is judged."""
_PLAIN = {FLAG: "0 no, 1 yes", RUBRIC: "judged, 0 to 1"}

_NOUNS = {
    RUBRIC: "a rubric score",
    "share": "a share",
    "level": "a level",
    "engagement": "an engagement",
}


@dataclass(frozen=True)
class Input:
    """One input: its name in a scenario file, unit, inclusive bounds, kind and meaning."""

    name: str
    unit: str
    low: float
    high: float
    kind: Kind
    meaning: str
    whole: bool = False
    default: float | None = None
    """Value where a state does not state it; None where it must."""

    @property
    def allowed(self) -> str:
        """The bounds in words, for messages: ``a share (0 to 1)``."""
        if self.unit == FLAG:
            return self.unit
        noun = _NOUNS.get(self.unit.split()[0], f"a number of {self.unit}")
        return f"{noun} ({self.low:.0f} to {self.high:.0f})"

    def fault(self, number: float) -> str:
        """What is wrong with a value: ``1.98 is not a share (0 to 1)``; empty if nothing."""
        if not self.low <= number <= self.high:
            return f"{number:g} is not {self.allowed}"
        if self.whole and number != int(number):
            return f"{number:g} is not a whole number"
        return ""


def plain_unit(unit: str) -> str:
    """A unit in words for readers: what is judged, and which number says yes."""
    return _PLAIN.get(unit, unit)


def _share(name: str, of: str, meaning: str) -> Input:
    return Input(name, f"share of {of}", 0.0, 1.0, "measured", meaning)


def _flag(name: str, meaning: str, default: float | None = None) -> Input:
    return Input(name, FLAG, 0.0, 1.0, "measured", meaning, True, default)


def _judged(name: str, meaning: str) -> Input:
    return Input(name, RUBRIC, 0.0, 1.0, "judged", meaning)


def _measured(name: str, unit: str, high: float, meaning: str) -> Input:
    return Input(name, unit, 0.0, high, "measured", meaning)


def of_start(name: str) -> bool:
    """Whether an input says what holds in the step before the start, and never later."""
    return name.startswith("initial_")


def _table(*rows: Input) -> dict[str, Input]:
    return {row.name: row for row in rows}


_ENERGY = (
    _share("gas_share", "primary energy", "gas in primary energy consumption"),
    _share("oil_share", "primary energy", "oil in primary energy consumption"),
    _share("coal_share", "primary energy", "coal in primary energy consumption"),
    _share("gas_from_russia", "gas imports", "Russian share of gas imports, LNG included"),
    _share("oil_from_russia", "crude oil imports", "Russian share of crude oil imports"),
    _share("coal_from_russia", "coal imports", "Russian share of coal imports"),
    _share("import_dependence", "fossil fuel use", "net imports over fossil fuel consumption"),
    _share(
        "gas_from_usa", "gas imports", "US share of gas imports: what exists to replace it with"
    ),
    _share("oil_from_usa", "crude oil imports", "US share of crude oil imports"),
    _share("nuclear_electricity", "electricity", "nuclear share of electricity generated"),
)
_COMMERCE = (
    _share("russia_trade", "GDP", "goods trade with Russia over GDP"),
    _share("russia_trade_share", "Russian trade", "share in Russia's goods trade"),
    _judged("russian_aims", "political aims that cooperation with Russia serves"),
)
_START = (
    Input(
        "initial_level", "level 0-5", 0.0, 5.0, "measured", "level a step before the start", True
    ),
)


def _rival(rival: str, label: str) -> tuple[Input, ...]:
    return (
        _measured(f"distance_{rival}", "km", 20000.0, f"shortest distance to {label}"),
        _flag(f"rivalry_{rival}", f"strategic rivalry with {label}"),
        _measured(f"disputes_{rival}", "disputes", 500.0, f"militarised disputes with {label}"),
        _judged(f"strain_{rival}", f"present strain with {label}"),
    )


ALLY = _table(
    _flag("us_defence_pact", "defence pact with the leader"),
    _measured("us_troops", "persons", 1e6, "active-duty troops of the leader in the country"),
    _judged("regional_isolation", "isolation among the neighbours"),
    _flag("g7", "member of the G7"),
    _flag("eu", "member of the EU"),
    _flag("nato", "member of NATO"),
    _flag("nato_partner", "individual partner of NATO"),
    _flag("eu_associate", "asked by the EU to align with it, without a seat", default=0.0),
    _judged("independence_wish", "wish to signal independence from the leader"),
    *_ENERGY,
    _share("price_advantage", "spot price", "what long contracts with Russia save on spot"),
    _share("oil_from_middle_east", "crude oil imports", "Middle East share of crude oil imports"),
    _share("capability", "world capability", "composite national capability (CINC)"),
    *_rival("china", "China"),
    *_rival("russia", "Russia"),
    *_rival("north_korea", "North Korea"),
    _judged("hoped_return", "solidarity hoped for in return on North Korea"),
    _judged("role_in_talks", "need of Russia in the talks on North Korea"),
    _judged("norms_emphasis", "weight of democracy and rules in the government's line"),
    *_COMMERCE,
    _judged("concession_price", "what courting this ally would cost Russia"),
    *_START,
    Input(
        "initial_engagement",
        "engagement 0-2",
        0.0,
        2.0,
        "measured",
        "engagement a step before the start",
        True,
    ),
)
"""Inputs of an ally."""

ALLY_DEFAULTS = {name: row.default for name, row in ALLY.items() if row.default is not None}
"""Inputs that an ally need not state, and what then holds."""

LEADER = _table(
    _judged("norms_emphasis", "weight of democracy and rules in the government's line"),
    _judged("leadership_stakes", "interest of the leader in an answer"),
    _share("oil_from_russia", "crude oil imports", "Russian share of crude oil imports"),
    _share("import_dependence", "fossil fuel use", "net imports over fossil fuel consumption"),
    *_COMMERCE,
    _judged("escalation_risk", "risk of escalation with a nuclear power"),
    _judged("pressing_cost", "political cost of pressing an ally"),
    _judged("assuring_cost", "cost of assuring an ally's supply"),
    _judged("assured_supply", "part of the unreplaced supply that an assurance covers"),
    Input("ceiling", "level 0-5", 0.0, 5.0, "judged", "highest level the leader would go to", True),
    *_START,
)
"""Inputs of the leader."""

TARGET = _table(_share("capability", "world capability", "composite national capability (CINC)"))
"""Inputs of the target."""

WORLD = _table(
    _judged("severity", "severity of the target's breach of the rules"),
    _judged("initial_severity", "severity as the allies perceive it a step before the start"),
    _judged("china_russia_alignment", "alignment of China with Russia"),
    _judged("middle_east_turmoil", "turmoil in the Middle East"),
    _share("china_capability", "world capability", "composite national capability of China"),
    _share(
        "north_korea_capability", "world capability", "composite national capability of North Korea"
    ),
)
"""Inputs of the world."""

BLOC = _table(
    Input("level", "level 0-5", 0.0, 5.0, "measured", "sanctions level of the bloc", True),
    _share("russia_trade_share", "Russian trade", "share in Russia's goods trade"),
)
"""Inputs of a bloc that acts as one and is not an agent."""
