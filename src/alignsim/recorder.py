"""What a Mesa run leaves on record, the same under every Mesa that is admitted."""

from typing import TYPE_CHECKING, Any

import mesa
import pandas as pd

from alignsim.agents import Ally, Leader, State, Target, Union

if TYPE_CHECKING:
    from alignsim.model import AlignmentModel

KINDS: dict[type[State], tuple[str, ...]] = {
    Leader: ("state", "level", "stances"),
    Target: ("state", "stances"),
    Ally: ("state", "level", "engagement", "perceived_severity"),
    Union: ("state", "level"),
}
"""The columns that an agent of each kind fills; the others are None."""


class Recorder(mesa.DataCollector):  # type: ignore[misc]
    """Every agent's decisions, a row an agent and step, and the world's course, a row a step.

    Columns of agents: ``kind`` (leader, target, ally or union), ``state``, ``level`` (0 to 5;
    None for a union whose members are all set), ``engagement`` (0 to 2), ``perceived_severity``
    (0 to 1) and ``stances``, the number of the stance toward each ally, in the allies' order.

    ``mesa.batch_run`` returns all of them, the last step included. Up to Mesa 3.4 it leaves out
    what is reported by the type of an agent, and it looks for a step by its number from 0 while
    Mesa files it from 1. So all agents are reported alike, and steps are filed from 0.
    """

    def __init__(self) -> None:
        """Start with nothing on record."""
        super().__init__(
            model_reporters={
                "date": "date",
                "severity": "severity",
                "alignment": "alignment",
                "pressure": "pressure",
                "misalignment": "misalignment",
                "leader_level": leader_level,
            },
            agent_reporters={
                "kind": kind,
                "state": state,
                "level": level,
                "engagement": engagement,
                "perceived_severity": perceived_severity,
                "stances": stances,
            },
        )

    def collect(self, model: "AlignmentModel") -> None:
        """Record the step that the model has made."""
        super().collect(_Numbered(model))

    def get_agenttype_vars_dataframe(self, agent_type: type[State]) -> pd.DataFrame:
        """The rows of one kind of agents, with the columns that it fills."""
        frame = self.get_agent_vars_dataframe()
        rows = frame["kind"] == agent_type.__name__.lower()
        found: pd.DataFrame = frame.loc[rows, list(KINDS[agent_type])]
        whole = {"level", "engagement"} & set(found.columns[found.notna().all()])
        return found.astype(dict.fromkeys(sorted(whole), int))


class _Numbered:
    """A model as its record sees it: steps and time are the number of the step, from 0."""

    def __init__(self, model: "AlignmentModel") -> None:
        self.model = model
        self.steps = self.time = model.step_index

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)


# Functions rather than names of attributes: Mesa makes of a name what cannot be pickled.


def leader_level(model: "AlignmentModel") -> int:
    """The leader's sanctions level."""
    return model.leader.level


def kind(agent: State) -> str:
    """What an agent is."""
    return type(agent).__name__.lower()


def state(agent: State) -> str:
    """The code of an agent."""
    return agent.code


def level(agent: State) -> int | None:
    """The sanctions level, of those that have one."""
    if isinstance(agent, Union):
        return agent.choice if agent.choice >= 0 else None
    return getattr(agent, "level", None)


def engagement(agent: State) -> int | None:
    """How far an ally engages with the target."""
    return getattr(agent, "engagement", None)


def perceived_severity(agent: State) -> float | None:
    """The severity that an ally sees."""
    return getattr(agent, "severity", None)


def stances(agent: State) -> tuple[int, ...] | None:
    """The stances of leader or target, in the allies' order."""
    held = getattr(agent, "stances", None)
    return None if held is None else tuple(held)
