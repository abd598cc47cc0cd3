"""What a sweep keeps of its runs: columns of decisions, scores and counts, by name.

Columns of a state begin with its code: ``JPN_level``, ``KOR_engagement``, ``USA_stance_KOR``.
``counts`` and ``step-counts`` have a column an option, ``KOR_level_3``, and ``KOR_joined``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alignsim import history, kernel
from alignsim.decision import (
    ENGAGEMENTS,
    JOINED,
    LEADER_STANCES,
    LEVELS,
    TARGET_STANCES,
)
from alignsim.documents import DocumentError
from alignsim.kernel import Outcome
from alignsim.scenario import Scenario
from alignsim.sweep_specification import Keep

Columns = dict[str, NDArray[Any]]

LEVEL_SPAN = LEVELS - 1
ENGAGEMENT_SPAN = ENGAGEMENTS - 1


@dataclass(frozen=True)
class Keeper:
    """Turns the outcome of a scenario's runs into columns; ``observed`` is what history records.

    ``observed`` maps (ally, decision) to (T,) options, -1 where nothing is documented.
    """

    keep: Keep
    scenario: Scenario
    observed: dict[tuple[str, str], NDArray[np.int64]]

    @classmethod
    def of(cls, keep: Keep, scenario: Scenario) -> "Keeper":
        """Read what is documented of the scenario's episode."""
        observed = {
            (ally, decision): np.full(scenario.calendar.steps, -1)
            for ally in scenario.allies
            for decision in ("level", "engagement")
        }
        try:
            records = history.documented(scenario)
        except DocumentError:
            raise
        except ValueError:  # a scenario of one's own, with other states or dates than history
            records = []
        for record in records:
            if (record.state, record.decision) in observed:
                observed[record.state, record.decision][record.step] = record.value
        return cls(keep, scenario, observed)

    @property
    def counted(self) -> bool:
        """Whether runs are counted rather than kept one by one."""
        return self.keep in ("counts", "step-counts")

    @property
    def stepwise(self) -> bool:
        """Whether there is a row a step."""
        return self.keep in ("steps", "step-counts")

    def rows(self, runs: int) -> int:
        """Rows that this many runs of one point make."""
        steps = self.scenario.calendar.steps if self.stepwise else 1
        return steps * (1 if self.counted else runs)

    def columns(self, outcome: Outcome) -> Columns:
        """Columns of a batch of runs: rows by run and then step, or one a step of counts.

        Counts of two batches of the same point add up.
        """
        if self.counted:
            return _counts(self.scenario, _last(outcome, not self.stepwise))
        if self.stepwise:
            return _decisions(self.scenario, outcome)
        return _decisions(self.scenario, _last(outcome, True)) | self._scores(outcome)

    def _scores(self, outcome: Outcome) -> Columns:
        """First joining and the distance from what is documented, a number a run."""
        columns: Columns = {}
        for index, ally in enumerate(self.scenario.allies):
            levels = outcome.level[:, :, index]
            joined = levels >= JOINED
            first = np.where(joined.any(axis=1), joined.argmax(axis=1), -1)
            columns[f"{ally}_first_joined"] = first.astype(np.int16)
            taken = (("level", levels, LEVEL_SPAN),)
            engagement = outcome.engagement[:, :, index]
            for decision, path, span in (*taken, ("engagement", engagement, ENGAGEMENT_SPAN)):
                known = self.observed[ally, decision]
                distance = np.abs(path - known)[:, known >= 0]
                if distance.shape[1] == 0:
                    rps = exact = np.full(len(path), np.nan)
                else:
                    rps, exact = distance.mean(axis=1) / span, (distance == 0).mean(axis=1)
                columns[f"{ally}_{decision}_rps"] = rps
                columns[f"{ally}_{decision}_exact"] = exact
        return columns

    def arrow(self, name: str, values: NDArray[Any]) -> pa.Array:
        """A column for a Parquet file: stances by name, null where there is nothing to say."""
        for actor, names in (
            (self.scenario.leader, LEADER_STANCES),
            (self.scenario.target, TARGET_STANCES),
        ):
            if name.startswith(f"{actor}_stance_"):
                return pa.DictionaryArray.from_arrays(values, pa.array(names))
        if name.endswith("_first_joined"):
            return pa.array(values, mask=values < 0)
        return pa.array(values, from_pandas=True)

    def empty(self) -> Columns:
        """The columns without rows, for their names and types."""
        outcome = kernel.room(0, self.scenario.calendar.steps, len(self.scenario.allies))
        return {name: column[:0] for name, column in self.columns(outcome).items()}


def batches(runs: int, scenario: Scenario, bytes_at_once: int = 2**25) -> Iterator[tuple[int, int]]:
    """Cut runs into batches (first, count) whose outcomes take some 32 MiB: memory stays flat."""
    a_run = scenario.calendar.steps * (17 + 4 * len(scenario.allies))
    size = max(1, bytes_at_once // a_run)
    for first in range(0, runs, size):
        yield first, min(size, runs - first)


def _last(outcome: Outcome, wanted: bool) -> Outcome:
    """The last step only, if wanted."""
    return Outcome._make(table[:, -1:] for table in outcome) if wanted else outcome


def _decisions(scenario: Scenario, outcome: Outcome) -> Columns:
    """Every decision, and the state of play, rows by run and then step."""
    leader, target = scenario.leader, scenario.target
    columns: Columns = {f"{leader}_level": outcome.leader_level.ravel()}
    for index, ally in enumerate(scenario.allies):
        columns[f"{ally}_level"] = outcome.level[:, :, index].ravel()
        columns[f"{ally}_engagement"] = outcome.engagement[:, :, index].ravel()
        columns[f"{leader}_stance_{ally}"] = outcome.leader_stance[:, :, index].ravel()
        columns[f"{target}_stance_{ally}"] = outcome.target_stance[:, :, index].ravel()
    return columns | {
        "pressure": outcome.pressure.ravel(),
        "misalignment": outcome.misalignment.ravel(),
    }


def _counts(scenario: Scenario, outcome: Outcome) -> Columns:
    """Runs that took each option, a row a step."""
    columns: Columns = {}
    for level in range(LEVELS):
        taken = (outcome.leader_level == level).sum(axis=0)
        columns[f"{scenario.leader}_level_{level}"] = taken
    tables = (("level", outcome.level, LEVELS), ("engagement", outcome.engagement, ENGAGEMENTS))
    found = {
        (decision, option): (table == option).sum(axis=0)
        for decision, table, size in tables
        for option in range(size)
    }
    for index, ally in enumerate(scenario.allies):
        for (decision, option), counts in found.items():
            columns[f"{ally}_{decision}_{option}"] = counts[:, index]
        joined = sum(found["level", level][:, index] for level in range(JOINED, LEVELS))
        columns[f"{ally}_joined"] = np.asarray(joined)
    return columns
