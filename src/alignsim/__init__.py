"""alignsim: an agent-based simulation of alliance alignment choices.

The commands as functions that return pandas tables; see :mod:`alignsim.api`.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "AlignmentModel",
    "evidence_matrix",
    "explain",
    "load",
    "reproduce",
    "run",
    "scenario_schema",
    "validate",
    "whatif",
]

if TYPE_CHECKING:
    from alignsim.api import (
        evidence_matrix,
        explain,
        load,
        reproduce,
        run,
        scenario_schema,
        validate,
        whatif,
    )
    from alignsim.model import AlignmentModel


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must answer at once."""
    if name == "AlignmentModel":
        from alignsim.model import AlignmentModel

        return AlignmentModel
    if name in __all__:
        from alignsim import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
