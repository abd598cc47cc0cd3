"""The specification of a sensitivity study, as in ``experiments/sensitivity``: shape and checks."""

from typing import Annotated, Literal

from pydantic import Field

from alignsim import shapes
from alignsim.documents import Document
from alignsim.scenario import MEANINGS, Line, Name, Text
from alignsim.shapes import Frozen
from alignsim.wholes import MAX_SEED

Side = Literal["joined", "not-joined", "otherwise"]
"""What scenario discovery looks for: the modal side at the last step, or the one that the episode
as it is does not take."""

Patterns = Annotated[tuple[Line, ...], Field(min_length=1)]
Replications = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class Vary(Frozen):
    """What is varied: inputs over their evidence ranges, weights over theirs, or both."""

    inputs: Patterns | None = Field(None, description="Patterns over inputs: states.KOR.* or *.")
    weights: Patterns | None = Field(
        None, description="Patterns over a weight file's numbers: groups.*, precision.level or *."
    )
    posterior: Line | None = Field(
        None, description="Draws of the weights: each over its 5th to 95th percentile there."
    )


class Sobol(Frozen):
    """Size of Saltelli's design: base x (factors + 2) points."""

    base: Annotated[int, Field(ge=4, le=2**20, strict=True)]


class Morris(Frozen):
    """Size of the design of trajectories: trajectories x (factors + 1) points."""

    trajectories: Annotated[int, Field(ge=2, le=10_000, strict=True)]
    levels: Annotated[int, Field(ge=2, le=100, multiple_of=2, strict=True)] = 4


class Tornado(Frozen):
    """Replications of each point with one factor moved."""

    replications: Replications = 1000


class Discovery(Frozen):
    """Size of the Latin hypercube, and the outcome whose box is looked for."""

    points: Annotated[int, Field(ge=20, le=2**20, strict=True)]
    outcome: Side = "otherwise"


class Specification(Frozen):
    """A sensitivity study: what is varied, the size of each design, how often each point is run."""

    name: Name
    kind: Literal["sensitivity"]
    title: Line
    note: Text | None = Field(None, description="Why the study is made.")
    scenarios: Patterns = Field(description="Shipped names, or files relative to this one.")
    weights: Line = Field("calibrated", description="A shipped name, or a file.")
    vary: Vary
    sobol: Sobol
    morris: Morris
    tornado: Tornado = Tornado()
    discovery: Discovery
    replications: Replications
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0


def parse(document: Document) -> Specification:
    """Check a specification by itself: not whether what it names exists. Raises DocumentError."""
    found = shapes.parsed(Specification, document, MEANINGS)
    if found.vary.inputs is None and found.vary.weights is None:
        raise document.error(("vary",), "nothing is varied: state inputs, weights, or both")
    if found.vary.posterior is not None and found.vary.weights is None:
        raise document.error(("vary", "posterior"), "is of weights; state which under weights")
    return found


def quick(specification: Specification) -> Specification:
    """The same study with designs that take seconds: to see that it runs, not to be reported."""
    return specification.model_copy(
        update={
            "sobol": Sobol(base=min(specification.sobol.base, 16)),
            "morris": Morris(
                trajectories=min(specification.morris.trajectories, 4),
                levels=specification.morris.levels,
            ),
            "tornado": Tornado(replications=min(specification.tornado.replications, 100)),
            "discovery": Discovery(
                points=min(specification.discovery.points, 256),
                outcome=specification.discovery.outcome,
            ),
            "replications": min(specification.replications, 20),
        }
    )
