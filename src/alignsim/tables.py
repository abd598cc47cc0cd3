"""Tables for a terminal of 100 columns."""

from collections.abc import Sequence
from typing import Any

import tabulate

from alignsim.decision import JOINED
from alignsim.explanation import Explanation
from alignsim.robustness import Conclusion
from alignsim.scenario import Scenario

Rows = list[dict[str, Any]]

WIDTH = 100
tabulate.MIN_PADDING = 0
STEPS_A_BLOCK = 10
MOST_ALLIES = 20
"""Allies of which every decision is shown step by step; of more, where they are at the end."""
LEAST = 0.01
"""Least P(joined) of a state in the table of many that has not joined as documented."""
LONGEST_NAME = 30
STANCE_LETTERS = {
    "none": "-",
    "press": "press",
    "assure": "assur",
    "coerce": "coerc",
    "neutral": "-",
    "court": "court",
}


def number(value: float | None, digits: int = 2) -> str:
    """A number with fixed digits; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def text(rows: list[list[Any]], headers: list[str], align: tuple[str, ...] | None = None) -> str:
    """A plain table whose cells are strings as given.

    Raises ValueError where there is not one alignment for each column: some versions of tabulate
    pass over that, others fail.
    """
    if align is not None and len(align) != len(headers):
        raise ValueError(f"{len(align)} alignments for {len(headers)} columns")
    return str(
        tabulate.tabulate(
            rows, headers=headers, tablefmt="simple", disable_numparse=True, colalign=align
        )
    )


def paths(scenario: Scenario, rows: Rows) -> str:
    """Documented and modal course of every decision, and P(joined), steps side by side."""
    dates = scenario.calendar.dates
    blocks = []
    for start in range(0, len(dates), STEPS_A_BLOCK):
        shown = dates[start : start + STEPS_A_BLOCK]
        lines = []
        for key in _keys(rows):
            course = {row["date"]: row for row in rows if _key(row) == key}
            lines += _course(scenario, key, [course[date] for date in shown])
        blocks.append(text(lines, ["decision", "", *(_short(date) for date in shown)]))
    return "\n\n".join(blocks)


def ends(scenario: Scenario, rows: Rows) -> str:
    """Where each ally is at the last step, of a scenario of many: those that may have joined.

    The full course of every decision is in the files of ``--out`` and in ``--json``.
    """
    last = scenario.calendar.dates[-1]
    found = [
        row
        for row in rows
        if (row["decision"], row["date"]) == ("level", last) and row["state"] in scenario.allies
    ]
    joined = {row["state"]: sum(row["probabilities"][JOINED:]) for row in found}
    shown = [
        row
        for row in sorted(found, key=lambda row: (-joined[row["state"]], row["state"]))
        if joined[row["state"]] >= LEAST or (row["documented"] or 0) >= JOINED
    ]
    body = text(
        [
            [
                row["state"],
                scenario.label(row["state"])[:LONGEST_NAME],
                "." if row["documented"] is None else str(row["documented"]),
                str(row["modal"]),
                number(joined[row["state"]]),
            ]
            for row in shown
        ],
        ["state", "", "history", "model", "P(join)"],
        ("left", "left", "right", "right", "right"),
    )
    rest = len(found) - len(shown)
    return f"At the end, {last}:\n\n{body}\n\n{rest} other states with P(join) below {LEAST}"


def _short(date: str) -> str:
    return date[2:] if len(date) > 5 else date


def _key(row: dict[str, Any]) -> tuple[str, str, str | None]:
    return row["state"], row["decision"], row["toward"]


def _keys(rows: Rows) -> list[tuple[str, str, str | None]]:
    return list(dict.fromkeys(_key(row) for row in rows))


def _course(scenario: Scenario, key: tuple[str, str, str | None], rows: Rows) -> list[list[str]]:
    state, decision, toward = key
    name = f"{state} {decision}" + (f" to {toward}" if toward else "")
    documented = [row["documented"] for row in rows]
    lines = []
    if any(option is not None for option in documented):
        lines.append([name, "history", *(_option(option) for option in documented)])
        name = ""
    lines.append([name, "model", *(_option(row["modal"]) for row in rows)])
    if decision == "level" and state in scenario.allies:
        joined = [sum(row["probabilities"][2:]) for row in rows]
        lines.append(["", "P(join)", *(number(chance) for chance in joined)])
    return lines


def _option(option: int | str | None) -> str:
    if option is None:
        return "."
    return STANCE_LETTERS.get(str(option), str(option))


def score_means(rows: Rows) -> str:
    """Mean scores of every forecaster."""
    return text(
        [
            [
                row["forecaster"],
                number(row["rps"], 3),
                number(row["log_score"], 3),
                number(row["p_documented_side"]),
                number(row["share_exact"]),
                number(row["share_within_one"]),
            ]
            for row in rows
        ],
        ["forecaster", "RPS", "log score", "P(side)", "exact", "within 1"],
        ("left", *["right"] * 5),
    )


def scores(rows: Rows) -> str:
    """Scores of one forecaster, a line a decision."""
    return text(
        [
            [
                row["episode"],
                f"{row['state']} {row['decision']}"
                + (f" to {row['toward']}" if row["toward"] else ""),
                number(row["rps"], 3),
                number(row["log_score"], 3),
                number(row["p_documented_side"]),
                number(row["share_exact"]),
                number(row["share_within_one"]),
                "-" if row["join_error_steps"] is None else f"{row['join_error_steps']:+d}",
            ]
            for row in rows
        ],
        ["episode", "decision", "RPS", "log score", "P(side)", "exact", "within 1", "join error"],
        ("left", "left", *["right"] * 6),
    )


def differences(rows: Rows) -> str:
    """What-ifs against their episode; a state that nothing changes for is left out."""
    moved = {(row["whatif"], row["state"]) for row in rows if row["difference"]}
    shown = [row for row in rows if (row["whatif"], row["state"]) in moved]
    if not shown:
        return "No decision changes in any run."
    return text(
        [
            [
                _end_of(row["whatif"]),
                row["state"],
                row["measure"],
                number(row["base"]),
                number(row["changed"]),
                f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]",
            ]
            for row in shown
        ],
        ["what-if", "state", "measure", "episode", "what-if", "difference [95 %]"],
        ("left", "left", "left", "right", "right", "right"),
    )


def _end_of(name: str) -> str:
    """A name that fits its column: of a long one the end, where the value of a setting stands."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def explained(scenario: Scenario, found: Explanation) -> str:
    """A decision in words, then its terms against the neighbouring options."""
    made = found.decision
    toward = f" toward {scenario.label(made.toward)}" if made.toward else ""
    known = "" if found.documented is None else f" (documented {made.options[found.documented]})"
    chances = ", ".join(
        f"{name} {chance:.2f}"
        for name, chance in zip(made.options, made.probabilities, strict=True)
    )
    parts = [
        f"{scenario.label(made.state)}, {made.date}: {made.decision}{toward} "
        f"{made.options[found.option]}{known}",
        f"Probability of each option: {chances}",
    ]
    for neighbour, items in found.neighbours.items():
        gain = sum(item.gain for item in items)
        parts.append(
            f"\nAgainst {made.decision} {made.options[neighbour]}, which has utility {gain:+.3f}:"
        )
        parts.append(
            text(
                [
                    [
                        item.term.replace("_", " "),
                        f"{item.here:+.3f}",
                        f"{item.there:+.3f}",
                        f"{item.gain:+.3f}",
                        _claims(item.claims),
                    ]
                    for item in items
                    if item.here or item.there
                ],
                ["term", "here", "there", "gain", "claims"],
                ("left", "right", "right", "right", "left"),
            )
        )
    return "\n".join(parts)


def _claims(claims: tuple[str, ...]) -> str:
    """As many claim ids as fit the line."""
    shown = ", ".join(claims[:4])
    return f"{shown}, …" if len(claims) > 4 else shown


def conclusions(found: Sequence[Conclusion]) -> str:
    """What is concluded: probability with inputs as coded and as drawn, and whether it stands."""
    rows = [[one.statement, number(one.coded), number(one.drawn), one.stands] for one in found]
    return text(rows, ["conclusion", "as coded", "drawn", "verdict"])
