"""Results of a sweep for a terminal: a table of combinations, or of what each factor does."""

import contextlib
from pathlib import Path
from typing import Any

import pandas as pd

from alignsim import sweep_tables, tables

MAX_LINES = 200
"""Combinations that a table lists."""
TOP = 20
"""Factors of an ally that the one-at-a-time table names."""


def as_text(
    source: Path | pd.DataFrame,
    by: sweep_tables.By | None = None,
    state: str | None = None,
    bins: int = sweep_tables.BINS,
    date: str | None = None,
) -> str:
    """A table of at most 100 columns, under a headline, of a folder or of a summary.

    Without ``by`` a folder's factors where there are at most two, else what each does by itself.
    Raises as :func:`sweep_tables.summarise` does.
    """
    if isinstance(source, pd.DataFrame):
        frame, body = source, _listed(source)
    elif by is None and len(sweep_tables.design(source).paths) > 2:
        found = sweep_tables.profiles(source, state, bins, date)
        frame, body = next(iter(found.values())), _one_at_a_time(sweep_tables.effects(found))
    else:
        names = list(sweep_tables.design(source).paths) if by is None else by
        frame = sweep_tables.summarise(source, names, state, bins, date)
        body = _listed(frame)
    return f"{headline(frame)}\n\n{body}"


def headline(frame: pd.DataFrame) -> str:
    """Title, runs, failed points and missing chunks of a summary."""
    about = frame.attrs
    if "title" not in about:
        return "P(joined)"
    counted = int(frame.loc[frame["state"] == frame["state"].iloc[0], "runs"].sum())
    when = f"at {about['date']}" if about["date"] else "at the last step"
    lines = [about["title"], f"P(joined) {when}; {counted:,} of {about['runs']:,} runs"]
    if about["failed"]:
        lines[-1] += f"; {about['failed']:,} of {about['points']:,} points failed"
    if about["missing"]:
        there = about["chunks"] - about["missing"]
        lines.append(f"INCOMPLETE: {there} of {about['chunks']} chunks")
    return "\n".join(lines)


def _listed(frame: pd.DataFrame) -> str:
    """A line a combination."""
    factors = [n for n in frame.columns if n not in ("scenario", "state", *sweep_tables.OUTCOMES)]
    # What is left of the line beside the numbers, shared out.
    room = (tables.WIDTH - 55) // (len(factors) + 1)
    lines = [
        [
            _cut(row["scenario"], room),
            row["state"],
            *(_value(row[name], room) for name in factors),
            f"{row['runs']:,}",
            tables.number(row["p_joined"], 3),
            f"[{row['low']:.3f}, {row['high']:.3f}]",
            tables.number(row["mean_level"]),
            tables.number(row["mean_engagement"]),
        ]
        for row in frame.head(MAX_LINES).to_dict("records")
    ]
    names = [_cut(name, room) for name in factors]
    headers = ["scenario", "ally", *names, "runs", "P", "95 %", "level", "eng."]
    shown = tables.text(lines, headers, ("left", "left", *["right"] * (len(headers) - 2)))
    return shown + _more(len(frame) - MAX_LINES, "lines")


def _one_at_a_time(found: pd.DataFrame) -> str:
    """A block an ally: the factors that change P(joined) most, from the first to the last value."""
    blocks = []
    for (scenario, state), part in found.groupby(["scenario", "state"], sort=False):
        lines = [
            [
                _cut(row["factor"], 38),
                _value(row["first"], 9),
                _value(row["last"], 9),
                tables.number(row["p_first"]),
                tables.number(row["p_last"]),
                f"{row['difference']:+.2f}",
            ]
            for row in part.head(TOP).to_dict("records")
        ]
        headers = ["factor", "from", "to", "P", "P", "difference"]
        shown = tables.text(lines, headers, ("left", *["right"] * 5))
        blocks.append(f"{scenario}, {state}\n{shown}{_more(len(part) - TOP, 'factors')}")
    note = "Bins of few points differ by the other factors too: a small difference may be chance."
    return "\n\n".join([*blocks, note])


def _more(count: int, what: str) -> str:
    return f"\n… and {count:,} {what} more" if count > 0 else ""


def _cut(text: Any, room: int) -> str:
    return str(text) if len(str(text)) <= room else f"{str(text)[: max(1, room - 1)]}…"


def _value(value: Any, room: int) -> str:
    with contextlib.suppress(ValueError):  # of an option's name
        value = f"{float(value):.4g}"
    return _cut(value, room)
