"""One decision of a setting explained, and the red lines nearest to it. Nothing here is drawn."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from alignsim import explanation, redlines
from alignsim.agents import Decision
from alignsim.app import forecasting
from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting, SettingError
from alignsim.explanation import Explanation
from alignsim.history import Key
from alignsim.redline_tables import RedLines
from alignsim.scenario import decisions

RED_LINE_RUNS = 200
KEPT = 128


@dataclass(frozen=True)
class Reasons:
    """A decision explained: along the documented course, or in a free run of the setting."""

    setting: PageSetting
    key: Key
    step: int
    found: Explanation
    run: int | None
    share: float
    """Share of the free runs that take the option explained, at this step."""

    @property
    def made(self) -> Decision:
        """The decision with all options."""
        return self.found.decision


def chosen(
    setting: PageSetting, state: str, decision: str, toward: str, date: str
) -> tuple[Key, int]:
    """A decision and step by the words of an address. Raises SettingError."""
    scenario = setting.base.scenario
    key = (state, decision, toward or None)
    known = decisions(scenario)
    if key not in known:
        wanted = " ".join(filter(None, (state[:9], decision[:12], toward[:9])))
        raise SettingError(f"{scenario.title} has no decision {wanted}.")
    step = scenario.calendar.step_of(date[:10])
    if step is None:
        raise SettingError(f"{date[:10]} is not in {scenario.title}.")
    return key, step


@lru_cache(maxsize=KEPT)
def reasons(setting: PageSetting, key: Key, step: int) -> Reasons:
    """Why a decision fell as it did.

    The documented case is followed along its documented course. In any other the first free run
    is taken in which the decision falls as in most of them.
    """
    made = forecasting.forecast(setting)
    scenario, parameters = made.ensemble.scenario, made.ensemble.parameters
    state, decision, toward = key
    run = None
    if not setting.is_documented:
        taken = made.ensemble.chosen(key)[:, step]
        run = int(np.argmax(taken == made.modal(key, step)))
    found = explanation.explain(
        scenario,
        parameters,
        state,
        scenario.calendar.dates[step],
        decision,
        toward,
        run,
        setting.seed,
    )
    share = float(made.chances(key)[step, found.option])
    return Reasons(setting, key, step, found, run, share)


@lru_cache(maxsize=KEPT)
def red_lines(setting: PageSetting, state: str) -> RedLines:
    """The red lines toward the side that a state does not end on in most runs."""
    made = forecasting.forecast(setting)
    side = "not-joined" if made.joined(state) >= 0.5 else "joined"
    weights = settings.weights(setting)
    return redlines.find(
        made.ensemble.scenario, weights, state, side, RED_LINE_RUNS, setting.seed, draws=0
    )
