"""The world panel as a page shows it: forecasts, ranks, movers, scores, and reasons.

Numbers are those committed in ``experiments/panel``, records of who joined among them; only the
reasons of a decision are computed here.
"""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignsim import chain, explanation, indicators, kernel, reading, timeline, weights
from alignsim.agents import Decision
from alignsim.decision import LEVELS
from alignsim.documents import DocumentError
from alignsim.explanation import Explanation
from alignsim.history import Key
from alignsim.panel import shipped
from alignsim.panel.features import year as year_of
from alignsim.panel.forecasting import led
from alignsim.panel.within import ALL_STATES, NEW_STATES, THEORY
from alignsim.scenario import Scenario

BEFORE, AFTER = "2014", "2022"
YEARS = (BEFORE, AFTER)
WEIGHTS = "world-2014"
"""Weights whose reasons are told."""
RUNS = 200
"""Free runs among which one like most is looked for."""
KEPT = 16
ATTACKED = "UKR"
"""The state that is attacked takes no side."""
EVEN = 0.5
"""Above this a forecast says that a state joins."""
WIDE = 0.5
"""An interval wider than this says hardly anything."""
TABLES = ("left-out-2014.csv", "movers.csv", "scores-2014.csv")
JUDGED = tuple(f"{shipped.VERDICT}/{name}" for name in ("states.csv", "scores.csv", "criteria.csv"))
HIT, MISS, DOUBTFUL = "hit", "miss", "doubtful"
LEFT_OUT = "unit"
CHANGE = "_change"
MEASURES = ("brier", "log_score")


class ResultsError(ValueError):
    """The committed results are missing or damaged."""


class Chance(NamedTuple):
    """P(joined) of a state, with the ends of its interval where they were kept."""

    p: float
    low: float | None = None
    high: float | None = None

    @property
    def wide(self) -> bool:
        """Whether the interval says hardly anything."""
        return self.low is not None and self.high is not None and self.high - self.low > WIDE

    @property
    def standing(self) -> str:
        """How sure it is: likely in or out beyond its interval, open, or hardly known."""
        if self.low is None or self.high is None:
            return "unsaid"
        if self.low > 0.5:
            return "in"
        if self.high < 0.5:
            return "out"
        return "wide" if self.wide else "open"


class Moved(NamedTuple):
    """What moves a unit between the two years: P(joined), and terms in log odds, largest first."""

    before: float
    after: float
    terms: tuple[tuple[str, float], ...]


class Score(NamedTuple):
    """How a forecaster did: each score with its interval."""

    forecaster: str
    states: int
    units: int
    brier: tuple[float, float, float]
    log_score: tuple[float, float, float]


@dataclass(frozen=True)
class Results:
    """The committed results: chances by year, forecaster and state; the others by state or unit."""

    chances: dict[str, dict[str, dict[str, Chance]]]
    records: dict[str, dict[str, bool | None]]
    """Who had joined by the end of each year; None where the record is partial or unclear."""
    moved: dict[str, Moved]
    scores: dict[str, tuple[Score, ...]]
    """Of 2014, each state left out; of 2022, as registered, on all states and on new ones."""
    met: dict[tuple[str, int], str]
    """Whether each registered sentence holds, by side and number."""

    def forecasters(self, year: str) -> tuple[str, ...]:
        """Names of the forecasters of a year, in the order of its files."""
        return tuple(self.chances[year])

    def standing(self, year: str, forecaster: str, state: str) -> str | None:
        """Hit, miss or doubtful record; None where nothing was said or nothing is recorded."""
        chance, records = self.of(year, forecaster, state), self.records[year]
        if chance is None or state not in records:
            return None
        joined = records[state]
        if joined is None:
            return DOUBTFUL
        return HIT if (chance.p > EVEN) == joined else MISS

    def standings(self, year: str, forecaster: str) -> dict[str, int]:
        """How many states there are of each standing."""
        found = [self.standing(year, forecaster, state) for state in self.chances[year][forecaster]]
        return {one: found.count(one) for one in (HIT, MISS, DOUBTFUL)}

    @property
    def every(self) -> tuple[str, ...]:
        """Forecasters of either year, those of 2022 first."""
        return tuple(dict.fromkeys((*self.forecasters(AFTER), *self.forecasters(BEFORE))))

    def of(self, year: str, forecaster: str, state: str) -> Chance | None:
        """What is said of a state; None where nothing is."""
        return self.chances[year].get(forecaster, {}).get(state)

    def rank(self, year: str, forecaster: str, state: str) -> tuple[int, int]:
        """Place among all states of which something is said, the likeliest first, and how many."""
        own = self.chances[year][forecaster]
        return 1 + sum(one.p > own[state].p for one in own.values()), len(own)

    @property
    def first(self) -> str:
        """The state by itself that moves most."""
        return next((unit for unit in self.moved if unit in allies()), allies()[0])


@cache
def scenario(year: str) -> Scenario:
    """The world of a year."""
    return reading.read(f"world-{year}")


def allies() -> tuple[str, ...]:
    """States that the panel speaks of."""
    return scenario(AFTER).allies


@cache
def _units(year: str) -> dict[str, str]:
    return {one: unit for unit, own in chain.units(scenario(year)).items() for one in own}


def unit(year: str, state: str) -> str:
    """Code of what decides: the state, or its union."""
    return _units(year).get(state, state)


def roles() -> dict[str, str]:
    """States that have no forecast, by what they are: leader, target, attacked."""
    own = scenario(AFTER)
    return {"leader": own.leader, "target": own.target, "attacked": ATTACKED}


def role_label(state: str) -> str:
    """Name of a state that has a role."""
    rows = indicators.read(year_of(scenario(AFTER))).rows
    return rows[state].name


def slug(forecaster: str) -> str:
    """A forecaster's name for addresses and texts."""
    return re.sub("[^a-z0-9]+", "-", forecaster.lower()).strip("-")


# --- committed results --------------------------------------------------------------------------


@cache
def results() -> Results:
    """The committed results. Raises ResultsError where they are missing or damaged."""
    try:
        found = _read()
    except (DocumentError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Where the folder is on this machine is nobody's business.
        raise ResultsError(str(error).replace(f"{shipped.folder()}/", "")) from None
    if not all(THEORY in found.chances[year] for year in YEARS) or not all(found.scores.values()):
        raise ResultsError(f"nothing is said of the {THEORY}")
    return found


def _read() -> Results:
    left_out, movers, scores = map(shipped.table, TABLES)
    states, judged, criteria = map(shipped.table, JUDGED)
    left_out = left_out[left_out["left_out"] == LEFT_OUT].set_index("iso3")
    known = [name for name in left_out.columns if name not in ("left_out", "unit", "region")]
    return Results(
        {
            BEFORE: {name: _chances(left_out, name) for name in known if name != "joined"},
            AFTER: {
                name: _chances(table.set_index("iso3"), "p_joined")
                for name, table in shipped.forecasts().items()
            },
        },
        {
            BEFORE: {
                str(state): None if pd.isna(value) else value == 1.0
                for state, value in left_out["joined"].items()
            },
            AFTER: _recorded(states),
        },
        {str(row["unit"]): _moved(row) for row in _rows(movers)},
        {
            BEFORE: _scored(scores[scores["left_out"] == LEFT_OUT], ALL_STATES),
            AFTER: _scored(judged, ALL_STATES),
            NEW_STATES: _scored(judged, NEW_STATES),
        },
        {
            (str(row["counts"]), int(row["number"])): str(row["sentence_met"])
            for row in _rows(criteria)
        },
    )


RECORDS = {"yes": True, "no": False, "partial": None, "ambiguous": None}


def _recorded(states: pd.DataFrame) -> dict[str, bool | None]:
    """Who had joined by the end of 2022, of those whose record counts."""
    return {
        str(row["iso3"]): RECORDS[row["outcome"]]
        for row in _rows(states)
        if row["outcome"] in RECORDS
    }


def _scored(table: pd.DataFrame, subset: str) -> tuple[Score, ...]:
    return tuple(_score(row) for row in _rows(table) if row["subset"] == subset)


def _rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    yield from table.to_dict("records")  # type: ignore[misc]


def _chances(table: pd.DataFrame, column: str) -> dict[str, Chance]:
    """Chances by state, those of the world alone; blank where nothing is said."""
    own = {str(row["iso3"]): row for row in _rows(table.reset_index())}
    ends = [f"{column}_low", f"{column}_high"]
    ends = [name for name in ends if name in table.columns]
    found = {}
    for state in allies():
        if state in own and not pd.isna(own[state][column]):
            found[state] = Chance(*(_share(own[state][name]) for name in (column, *ends)))
    return found


def _share(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{number} is no probability")
    return number


def _moved(row: dict[str, Any]) -> Moved:
    terms = [
        (name.removesuffix(CHANGE), float(value))
        for name, value in row.items()
        if name.endswith(CHANGE)
    ]
    order = sorted(terms, key=lambda one: -abs(one[1]))
    return Moved(_share(row["before"]), _share(row["after"]), tuple(order))


def _score(row: dict[str, Any]) -> Score:
    brier, log_score = (
        (float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]))
        for name in MEASURES
    )
    return Score(str(row["forecaster"]), int(row["states"]), int(row["units"]), brier, log_score)


# --- reasons ------------------------------------------------------------------------------------


class Reasons(NamedTuple):
    """A unit's last decision explained: along the course of 2014, or in a free run of 2022."""

    year: str
    state: str
    found: Explanation
    run: int | None
    share: float
    """Share of the free runs that end at the option explained."""

    @property
    def key(self) -> Key:
        """The decision: the level of the state, or of the union that decides for it."""
        return (self.found.decision.state, "level", None)


_one_at_a_time = threading.Lock()


@cache
def _played(year: str) -> Scenario:
    """The world as it is explained: of 2022 the leader's course is given and nothing else."""
    return led(scenario(year)) if year == AFTER else scenario(year)


@lru_cache(maxsize=KEPT)
def _decided(year: str, run: int | None) -> dict[str, Decision]:
    """The last levels that all states and unions decided on."""
    played = _played(year)
    made = explanation.decided(played, weights.read(WEIGHTS), played.calendar.dates[-1], run)
    return {one.state: one for one in made if one.decision == "level"}


@cache
def _ends() -> NDArray[np.int64]:
    """Levels at the end of free runs of 2022, (runs, A)."""
    parameters = weights.read(WEIGHTS)
    line = timeline.build(_played(AFTER))
    made = kernel.simulate(line, parameters.weights, parameters.dynamics, 0, 0, RUNS)
    return np.asarray(made.level[:, -1, :])


def reasons(year: str, state: str) -> Reasons:
    """Why a state, or the union that decides for it, ends where it does.

    The course of 2014 is followed as documented. Of 2022 the first free run is taken in which the
    state ends as in most. Takes a second for each run that is new. Raises DocumentError where
    there are no weights.
    """
    with _one_at_a_time:
        run, share = None, 1.0
        if year == AFTER:
            own = _ends()[:, allies().index(state)]
            most = int(np.bincount(own, minlength=LEVELS).argmax())
            run, share = int(np.argmax(own == most)), float((own == most).mean())
        made = _decided(year, run)[unit(year, state)]
        # Along the documented course the level taken is the documented one.
        return Reasons(year, state, explanation.of_made(_played(year), made), run, share)


def warm() -> None:
    """Make what the first reader of each year needs."""
    for year in YEARS:
        reasons(year, results().first)


def ordered(states: Iterable[str]) -> list[str]:
    """States by their names."""
    return sorted(states, key=scenario(AFTER).label)
