"""Tables of the report's page, and the rows of a result that they and its words are made of."""

from dataclasses import dataclass
from typing import Any

from alignsim import plots, tables
from alignsim.decision import JOINED
from alignsim.evaluation import MODEL, Evaluation, Rows
from alignsim.scenario import Scenario

DASH = "–"
SCORE_COLUMNS = ("RPS", "Log score", "P(documented side)", "Exact", "Within one")
LATE = "Joined too late by"


@dataclass(frozen=True)
class Table:
    """A table of the page; the first cell of a row names it.

    ``groups`` are headings over several columns each; the marked row is the model's.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    groups: tuple[tuple[str, int], ...] = ()
    marked: int | None = None


# --- rows of a result -----------------------------------------------------------------------


def allies(result: Evaluation) -> set[str]:
    """Allies of all episodes."""
    return {ally for one in result.ensembles.values() for ally in one.scenario.allies}


def of_model(result: Evaluation) -> Rows:
    """Scores of the model under the shipped weights."""
    return [row for row in result.scores if (row["forecaster"], row["fit_on"]) == (MODEL, "all")]


def of_allies(result: Evaluation) -> Rows:
    """Of these, the scores of the allies' levels."""
    return [
        row
        for row in of_model(result)
        if row["decision"] == "level"
        and row["state"] in result.ensembles[row["episode"]].scenario.allies
    ]


def at_the_end(result: Evaluation, row: dict[str, Any]) -> dict[str, Any]:
    """The last documented step of the level that a row of scores is about."""
    documented = [
        step
        for step in result.paths
        if (step["episode"], step["state"], step["decision"])
        == (row["episode"], row["state"], "level")
        and step["documented"] is not None
    ]
    return documented[-1]


def side(level: int) -> str:
    """The side that a level stands for."""
    return "joined" if level >= JOINED else "not joined"


# --- tables ---------------------------------------------------------------------------------


def glance(result: Evaluation) -> Table:
    """How each ally's course ended, and how close the model came."""
    rows = []
    for row in of_allies(result):
        scenario = result.ensembles[row["episode"]].scenario
        last = at_the_end(result, row)
        rows.append(
            [
                f"{scenario.label(row['state'])}, {plots.years(scenario.calendar)}",
                f"{last['documented']}, {side(last['documented'])}",
                str(last["modal"]),
                _number(row["p_documented_side"]),
                f"{row['share_exact']:.0%}",
                f"{row['share_within_one']:.0%}",
                _signed(row["join_error_steps"]),
            ]
        )
    columns = ["Ally", "Documented at the end", "Most probable at the end"]
    columns += [*SCORE_COLUMNS[2:], LATE]
    caption = (
        "Each ally and episode. Exact and within one: share of the steps at which the most "
        "probable level is the documented one, or at most one off. Last column in steps."
    )
    return Table(caption, columns, rows)


def paths(result: Evaluation, scenario: Scenario, stances: bool) -> Table:
    """Decisions of an episode, a row a step: documented, most probable, P(joined) for levels."""
    courses: dict[str, Rows] = {}
    for row in result.paths:
        if row["episode"] == scenario.name and (row["decision"] == "stance") == stances:
            courses.setdefault(_decision(scenario, row), []).append(row)
    rows = [[date] for date in scenario.calendar.dates]
    columns, groups = ["Date"], []
    for name, course in courses.items():
        shown = ["history", "model"]
        if course[0]["decision"] == "level":
            shown.append("P(joined)")
        columns += shown
        groups.append((name, len(shown)))
        for cells, row in zip(rows, course, strict=True):
            cells += [_documented(row), str(row["modal"])]
            if len(shown) > 2:
                cells.append(_number(sum(row["probabilities"][JOINED:])))
    what = "stances" if stances else "sanctions levels and engagement"
    caption = f"{scenario.title}: {what}, as documented (history) and most probable (model)."
    if not stances:
        caption += " In brackets: the range of careful coding."
    return Table(caption, columns, rows, tuple(groups))


def means(rows: Rows) -> Table:
    """Mean scores of every forecaster."""
    cells = [[row["forecaster"], *_scores(row)] for row in rows]
    marked = [row["forecaster"] for row in rows].index(MODEL)
    caption = "Mean scores of the allies' levels over allies and episodes, best first."
    return Table(caption, ["Forecaster", *SCORE_COLUMNS], cells, marked=marked)


def scores(result: Evaluation, rows: Rows, caption: str) -> Table:
    """Scores of one forecaster, a row a decision."""
    cells = []
    for row in rows:
        scenario = result.ensembles[row["episode"]].scenario
        name = f"{row['episode']}: {_decision(scenario, row)}"
        cells.append([name, *_scores(row), _signed(row["join_error_steps"])])
    return Table(caption, ["Decision", *SCORE_COLUMNS, LATE], cells)


def conclusions(result: Evaluation) -> Table:
    """What is concluded, and whether it survives the evidence ranges of the inputs."""
    rows = [
        [one.statement, _number(one.coded), _number(one.drawn), one.stands]
        for one in result.conclusions
    ]
    caption = (
        "Probability of each conclusion with the inputs as coded, and with weights and runs over "
        "inputs drawn from their evidence ranges. It stands from 0.9."
    )
    return Table(caption, ["Conclusion", "As coded", "Drawn", "Verdict"], rows)


# --- cells ----------------------------------------------------------------------------------


def _decision(scenario: Scenario, row: dict[str, Any]) -> str:
    toward = f" toward {scenario.label(row['toward'])}" if row["toward"] else ""
    return f"{scenario.label(row['state'])}, {row['decision']}{toward}"


def _documented(row: dict[str, Any]) -> str:
    if row["documented"] is None:
        return DASH
    unsure = row["low"] != row["high"] and row["decision"] != "stance"
    return f"{row['documented']}" + (f" ({row['low']}–{row['high']})" if unsure else "")


def _scores(row: dict[str, Any]) -> list[str]:
    return [
        _number(row["rps"], 3),
        _number(row["log_score"], 3),
        _number(row["p_documented_side"]),
        _number(row["share_exact"]),
        _number(row["share_within_one"]),
    ]


def _number(value: float | None, digits: int = 2) -> str:
    return DASH if value is None else tables.number(value, digits)


def _signed(steps: int | None) -> str:
    if steps is None:
        return DASH
    return f"{steps:+d}" if steps else "0"
