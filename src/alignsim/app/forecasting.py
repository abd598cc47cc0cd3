"""What a setting forecasts: the ensemble behind a page, and the few numbers that it shows first.

Every number here is that of ``alignsim run`` with the scenario file, weight file and seed that the
page offers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import history, kernel, paths, scores, variants
from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting
from alignsim.decision import JOINED
from alignsim.ensemble import Ensemble
from alignsim.history import Documented, Key
from alignsim.plots import BANDS
from alignsim.plots_paths import central
from alignsim.scores import Score
from alignsim.timeline import Timeline
from alignsim.variants import Base, InputTarget, PointError, Setting

RUNS = 2000
"""Free runs of every forecast."""
KEPT = 64
"""Forecasts kept for the next one who asks the same: a class starts from one setting."""
LEVER_RUNS = 100
"""Runs by which inputs are ranked."""
STARTING = ("initial_level", "initial_engagement")
"""Inputs of an ally that say where it stood before; they are no levers."""


class Span(NamedTuple):
    """A band that holds a share of the runs: lowest and highest option at each step."""

    mass: float
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Forecast:
    """Free runs of a setting beside the documented course of its episode."""

    setting: PageSetting
    ensemble: Ensemble
    records: tuple[Documented, ...]

    @cached_property
    def documented(self) -> dict[Key, list[Documented]]:
        """Documented decisions by state, decision and toward."""
        return history.by_key(list(self.records))

    @cached_property
    def rows(self) -> paths.Rows:
        """A row a decision and step, as ``alignsim run`` writes them to ``paths.csv``."""
        return paths.of_ensemble(self.ensemble, list(self.records))

    @cached_property
    def _chances(self) -> dict[Key, NDArray[np.float64]]:
        return {}

    def chances(self, key: Key) -> NDArray[np.float64]:
        """Share of the runs per step and option, (steps, options), counted once."""
        if key not in self._chances:
            self._chances[key] = self.ensemble.frequencies(key)
        return self._chances[key]

    def joined(self, state: str, step: int = -1) -> float:
        """Share of the runs in which a state stands at level 2 or more at a step."""
        return float(sum(self.chances((state, "level", None))[step, JOINED:].tolist()))

    def modal(self, key: Key, step: int = -1) -> int:
        """The most probable option of a decision at a step; the lowest at a tie."""
        return int(scores.modal(self.chances(key))[step])

    def agreement(self, key: Key) -> Score | None:
        """Scores against what is documented; None where nothing is."""
        found = self.documented.get(key)
        if not found:
            return None
        chances = scores.smoothed(self.ensemble.counts(key))
        steps = [record.step for record in found]
        observed = np.array([record.value for record in found])
        return scores.score(chances[steps], observed, key[1], ordinal=key[1] != "stance")


@lru_cache(maxsize=KEPT)
def forecast(setting: PageSetting) -> Forecast:
    """The forecast of a setting. Raises SettingError where its numbers do not go together."""
    scenario, parameters, line = setting.variant()
    outcome = kernel.simulate(line, parameters.weights, parameters.dynamics, setting.seed, 0, RUNS)
    # No page shows these two, and they are four fifths of what would be kept.
    nothing = np.empty((0, 0))
    outcome = outcome._replace(pressure=nothing, misalignment=nothing)
    made = Ensemble(scenario, parameters, setting.seed, outcome)
    return Forecast(setting, made, tuple(history.documented(scenario)))


@lru_cache(maxsize=KEPT)
def levers(episode: str, state: str) -> tuple[str, ...]:
    """Inputs of a state, as paths, by how far each moves its mean level, most first.

    Each is set alone to the bounds of the schema. Inputs that move nothing are left out.
    """
    here = settings.base(episode)
    now = _mean_level(here, state, here.line)
    found = []
    for name in here.scenario.states[state]:
        path = f"states.{state}.{name}"
        if name not in STARTING:
            found.append((-_reach(here, state, path, now), path))
    return tuple(path for size, path in sorted(found) if size)


def _reach(here: Base, state: str, path: str, now: float) -> float:
    """How far an input moves a state's mean level from ``now``, between its bounds."""
    named = settings.target(here.scenario.name, path)
    assert isinstance(named, InputTarget)
    moved = [0.0]
    for bound in (named.row.low, named.row.high):
        try:
            line = variants.vary(here, [Setting(named)], [bound]).line
        except PointError:
            continue
        moved.append(abs(_mean_level(here, state, line) - now))
    return max(moved)


def _mean_level(here: Base, state: str, line: Timeline) -> float:
    _, weights, dynamics = here.parameters
    out = kernel.simulate(line, weights, dynamics, 0, 0, LEVER_RUNS)
    if state == here.scenario.leader:
        return float(out.leader_level.mean())
    return float(out.level[:, :, here.scenario.allies.index(state)].mean())


# --- what charts are drawn from -----------------------------------------------------------------


def bands(chances: NDArray[np.float64]) -> tuple[Span, ...]:
    """The central bands of a forecast, wide ones first."""
    found = []
    for mass, _ in BANDS:
        low, high = central(chances, mass)
        found.append(Span(mass, tuple(low.tolist()), tuple(high.tolist())))
    return tuple(found)


def coding_ranges(records: Iterable[Documented]) -> tuple[tuple[int, int, int], ...]:
    """Step, lowest and highest option where careful coding leaves more than one."""
    return tuple((one.step, one.low, one.high) for one in records if one.low < one.high)
