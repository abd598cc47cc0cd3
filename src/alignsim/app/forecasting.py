"""What a setting forecasts: the ensemble behind a page, and the few numbers that it shows first.

Every number here is that of ``alignsim run`` with the scenario file, weight file and seed that the
page offers.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from alignsim import history, kernel, paths, scores, variants
from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting
from alignsim.decision import JOINED
from alignsim.ensemble import Ensemble
from alignsim.history import Documented, Key
from alignsim.scores import Score
from alignsim.variants import InputTarget, PointError, Setting

RUNS = 2000
"""Free runs of every forecast."""
KEPT = 64
"""Forecasts kept for the next one who asks the same: a class starts from one setting."""
LEVER_RUNS = 100
"""Runs by which inputs are ranked."""
STARTING = ("initial_level", "initial_engagement")
"""Inputs of an ally that say where it stood before; they are no levers."""


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

    def joined(self, state: str, step: int = -1) -> float:
        """Share of the runs in which a state stands at level 2 or more at a step."""
        chances = self.ensemble.frequencies((state, "level", None))
        return float(sum(chances[step, JOINED:].tolist()))

    def modal(self, key: Key, step: int = -1) -> int:
        """The most probable option of a decision at a step; the lowest at a tie."""
        return int(scores.modal(self.ensemble.frequencies(key))[step])

    def first_joining(self, state: str) -> int:
        """First step at which the most probable level has joined; the number of steps if none."""
        chances = self.ensemble.frequencies((state, "level", None))
        return scores.first_joining(scores.modal(chances))

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
    found = []
    for name in here.scenario.states[state]:
        path = f"states.{state}.{name}"
        if name not in STARTING:
            found.append((-_reach(episode, state, path), path))
    return tuple(path for size, path in sorted(found) if size)


def _reach(start: str, state: str, path: str) -> float:
    """How far an input moves a state's mean level between its bounds."""
    here = settings.base(start)
    named = settings.target(start, path)
    assert isinstance(named, InputTarget)
    moved = [0.0]
    for bound in (named.row.low, named.row.high):
        try:
            line = variants.vary(here, [Setting(named)], [bound]).line
        except PointError:
            continue
        moved.append(abs(_mean_level(start, state, line) - _mean_level(start, state)))
    return max(moved)


def _mean_level(start: str, state: str, line: object = None) -> float:
    here = settings.base(start)
    _, weights, dynamics = here.parameters
    used = here.line if line is None else line
    out = kernel.simulate(used, weights, dynamics, 0, 0, LEVER_RUNS)
    if state == here.scenario.leader:
        return float(out.leader_level.mean())
    return float(out.level[:, :, here.scenario.allies.index(state)].mean())
