"""Red lines as records, as flat rows for files, and as a table for a terminal of 100 columns."""

import math
import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Literal

from alignsim import tables
from alignsim.tables import WIDTH, number

NEARER = 0.05
"""How much likelier a value must make the outcome to be worth a line, where none is enough."""
MISSES = 8
OUTCOMES = {"joined": ("joins", "join"), "not-joined": ("stays out", "stay out")}


@dataclass(frozen=True)
class RedLine:
    """What one candidate must come to for the outcome to be modal: its ``threshold``.

    Values are numbers in ``unit``, or options of a decision, taken throughout; of an input with a
    dated course they are those in force at the last step, and the whole course is shifted.
    ``change`` is threshold less present, and ``units`` counts it in widths of the evidence range,
    where that has one. ``low`` and ``high`` are the 5th and 95th percentile of the threshold on
    the same side, over the draws that have one, the present value where no change is needed;
    ``share`` is theirs among the draws. ``probability`` is the share of runs with the outcome.

    Where nothing within ``bounds`` does it, ``threshold`` and what follows from it are None.
    ``closest`` is then the value, of those looked at, with the most nearly modal outcome, None
    where all leave it as likely; ``probability`` is that there, and ``share`` that of draws in
    which a bound does it or no change is needed. ``note`` is an event's label, or further options
    that do it.
    """

    path: str
    kind: Literal["input", "event", "stance", "decision"]
    meaning: str
    unit: str
    present: float | str
    evidence: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None
    note: str = ""
    sources: tuple[str, ...] = ()
    threshold: float | str | None = None
    change: float | None = None
    units: float | None = None
    low: float | None = None
    high: float | None = None
    share: float | None = None
    within_evidence: bool | None = None
    probability: float | None = None
    closest: float | str | None = None

    @property
    def rank(self) -> tuple[int, float]:
        """Sorts by units; inputs without by share of their bounds; decisions; no threshold."""
        if self.threshold is None:
            return 3, -(self.probability or 0.0)
        if self.change is None or self.bounds is None:
            return 2, -(self.probability or 0.0)
        if self.units is None:
            return 1, abs(self.change) / (self.bounds[1] - self.bounds[0])
        return 0, abs(self.units)


@dataclass(frozen=True)
class RedLines:
    """The red lines of a state, nearest first; those without a threshold last.

    As things are, ``modal`` is the modal level at the last step, ``joined`` the share of runs at
    level 2 or more, ``present`` that with the outcome; ``already`` says that it is modal:
    there are then no lines. ``already_share`` is the share of draws of every input in which it is.
    """

    scenario: str
    state: str
    label: str
    to: str
    modal: int
    joined: float
    present: float
    already: bool
    already_share: float | None
    runs: int
    draws: int
    seed: int
    lines: tuple[RedLine, ...]

    @property
    def found(self) -> list[RedLine]:
        """Lines with a threshold."""
        return [line for line in self.lines if line.threshold is not None]

    def rows(self) -> list[dict[str, Any]]:
        """Flat records: one a candidate."""
        head = {"scenario": self.scenario, "state": self.state, "to": self.to}
        return [{**head, **_flat(line)} for line in self.lines]


def _flat(line: RedLine) -> dict[str, Any]:
    row = asdict(line)
    for name in ("evidence", "bounds"):
        low, high = row.pop(name) or (None, None)
        row |= {f"{name}_low": low, f"{name}_high": high}
    return {**row, "sources": list(line.sources)}


def shown(value: float | str | None, present: float | str | None = None) -> str:
    """A value to three digits, thousands as k, rounded away from a present value if one is given.

    A red line as shown is then still crossed. Options are shown as they are.
    """
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(present, float):
        value = _outward(value, present)
    return f"{value / 1000.0:.3g}k" if abs(value) >= 10000.0 else f"{value:.4g}"


def _outward(value: float, present: float) -> float:
    if value in (0.0, present):
        return value
    digits = 2 - math.floor(math.log10(abs(value)))
    scaled = value * 10.0**digits
    near = round(scaled)
    if abs(scaled - near) > 1e-6:  # otherwise it has three digits as it is
        near = math.ceil(scaled) if value > present else math.floor(scaled)
    return float(near / 10.0**digits)


def interval(line: RedLine) -> str:
    """Percentiles of the threshold; empty where there are none."""
    if line.low is None or line.high is None:
        return ""
    return f"{shown(float(f'{line.low:.3g}'))}–{shown(float(f'{line.high:.3g}'))}"


def size(units: float | None) -> str:
    """A change in evidence ranges, to two digits or so."""
    return "-" if units is None else number(abs(units), 2 if abs(units) < 10.0 else 0)


def named(to: str) -> tuple[str, str]:
    """What the state then does: ``joins`` and ``join``, ``ends at level 3`` and so on."""
    return OUTCOMES.get(to, (f"ends at level {to}", f"end at level {to}"))


def misses(result: RedLines) -> list[RedLine]:
    """Lines without a threshold that still make the outcome clearly likelier, closest first."""
    least = result.present + NEARER
    return [
        line
        for line in result.lines
        if line.threshold is None
        and line.closest is not None
        and (line.probability or 0.0) >= least
    ]


def headline(result: RedLines) -> str:
    """What is so, and what comes nearest to changing it, in plain words."""
    does, deed = named(result.to)
    now = f"level {result.modal} at the end, P(joined) {number(result.joined)}"
    said = f"{result.label}, {result.scenario}: {now}."
    if result.already:
        return f"{said} {result.label} already {does}; {_ask(result.to)}."
    if not result.found:
        return f"{said} No single change within its bounds makes it {deed}."
    first = result.found[0]
    change = f"{first.path} from {shown(first.present)} to {shown(first.threshold, first.present)}"
    ranges = "" if first.units is None else f" ({size(first.units)} evidence ranges)"
    return f"{said} The least single change that makes it {deed}: {change}{ranges}."


def _ask(to: str) -> str:
    other = {"joined": "not-joined", "not-joined": "joined"}.get(to)
    return f"ask --to {other}" if other else "ask --to another level"


def as_text(result: RedLines, top: int | None = None) -> str:
    """The red lines as a table, the ``top`` ones if given, and what comes closest without any."""
    parts = [textwrap.fill(headline(result), WIDTH)]
    if result.already_share is not None:
        parts.append(
            f"With all inputs drawn from their evidence ranges it {named(result.to)[0]} in "
            f"{result.already_share:.0%} of {result.draws} draws."
        )
    if result.found:
        parts += ["", _table(result.found[:top]), "", *_legend(result, top)]
    if not result.already:
        parts += ["", *_without(result)]
    return "\n".join(parts)


def _table(lines: list[RedLine]) -> str:
    return tables.text(
        [
            [
                line.path,
                shown(line.present),
                shown(line.threshold, line.present) + ("*" if line.within_evidence else ""),
                interval(line) or "-",
                size(line.units),
                "-" if line.share is None else f"{line.share:.0%}",
                number(line.probability),
            ]
            for line in lines
        ],
        ["one change", "now", "red line", "5–95 %", "ranges", "draws", "P"],
        ("left", *["right"] * 6),
    )


def _legend(result: RedLines, top: int | None) -> list[str]:
    left = len(result.found[top:]) if top is not None else 0
    more = f"{left} more, further off, are not shown. " if left else ""
    return textwrap.wrap(
        f"{more}Red line: where the outcome becomes the modal one (* within the evidence range). "
        f"5–95 %: where it lies in {result.draws} draws of the other inputs from their evidence "
        "ranges, of those that have it. Ranges: the change in widths of the evidence range. Draws: "
        "how many have it. P: share of the runs with the outcome at the red line.",
        WIDTH,
    )


def _without(result: RedLines) -> list[str]:
    """Those without a threshold: how many, and what comes closest."""
    none = [line for line in result.lines if line.threshold is None]
    if not none:
        return []
    idle = sum(line.closest is None for line in none)
    said = [
        f"None within range, up to the bounds: {len(none)} changes; {idle} of them leave the "
        "outcome as likely as it is."
    ]
    close = misses(result)[:MISSES]
    if not close:
        return [*said, "None makes the outcome clearly likelier."]
    rows = [
        [
            line.path,
            shown(line.present),
            shown(line.closest, line.present),
            number(line.probability),
        ]
        for line in close
    ]
    return [*said, "", tables.text(rows, ["closest", "now", "at", "P"], ("left", *["right"] * 3))]
