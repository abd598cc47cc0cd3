"""The specification of a panel study, as in ``experiments/panel``."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from alignsim import chain, documents, history, indicators, outcomes, reading, shapes
from alignsim import weights as weight_sets
from alignsim.decision import PRECISIONS, LeaderStanceTerms, LevelTerms
from alignsim.documents import Document
from alignsim.history import Ends
from alignsim.nested import Settings
from alignsim.panel import features
from alignsim.priors import Prior
from alignsim.scenario import Scenario
from alignsim.shapes import Frozen
from alignsim.weights import TERMS
from alignsim.wholes import MAX_SEED

LEVEL_TERMS = tuple(dict.fromkeys((*LevelTerms._fields, *LeaderStanceTerms._fields)))
"""Terms that bear on whether a state joins: its own, and those of the leader's stance toward it."""
LEVEL_PRECISIONS = ("level", "leader_stance")


class Fit(Frozen):
    """One set of weights: from the world, and from documented decisions of episodes."""

    title: str
    episodes: tuple[str, ...] = ()
    """Episodes of four agents whose decisions count as well; none is the flat prior alone."""
    without: tuple[str, ...] = ()
    """States whose end in the world does not count, since an episode has their decisions."""
    leave: tuple[str, ...] = ()
    """Terms that have no weight."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms that are free."""
        known = TERMS if self.episodes else LEVEL_TERMS
        return tuple(name for name in known if name not in self.leave)

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions that are free."""
        return PRECISIONS if self.episodes else LEVEL_PRECISIONS


class Specification(Frozen):
    """A panel study: what is fitted, how thoroughly, and what is forecast."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    kind: Literal["panel"]
    note: str
    fit_on: str
    ends: Ends | None = None
    """Where the states of ``fit_on`` had come to; by default what ``seeds/history.yaml`` says."""
    forecast: str | None = None
    """World that is forecast; none where weights are fitted only."""
    main: str
    fits: Annotated[dict[str, Fit], Field(min_length=1)]
    prior: Prior
    dynamics: str
    sampler: Settings
    draws: Annotated[int, Field(ge=2, le=10_000, strict=True)]
    refresh: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    runs_a_draw: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    resamples: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0


def read(file: Path | str) -> Specification:
    """Read a specification. Raises DocumentError."""
    return parse(documents.read(file))


def parse(document: Document) -> Specification:
    """Check a specification and what it names. Raises DocumentError."""
    found = shapes.parsed(Specification, document)
    weight_sets.read_set(found.dynamics)
    worlds = {
        key: reading.named(document, (key,), name)
        for key in WORLDS
        if (name := getattr(found, key)) is not None
    }
    if found.ends is not None and found.ends.table not in outcomes.tables():
        known = ", ".join(outcomes.tables())
        raise document.error(("ends", "table"), f"no such table; there are {known}")
    if not history.ends(worlds["fit_on"], found.ends):
        raise document.error(("fit_on",), "of this world no ends are documented")
    for key, world in worlds.items():
        _check_world(document, key, world, found.ends if key == "fit_on" else None)
    if "forecast" in worlds and not over_before(worlds["fit_on"], worlds["forecast"]):
        fault = f"begins before {worlds['fit_on'].name} is over, whose ends the weights are told"
        raise document.error(("forecast",), fault)
    if found.main not in found.fits:
        raise document.error(("main",), f"one of {', '.join(found.fits)}")
    if FLAT not in found.fits:
        raise document.error(("fits",), f"missing key {FLAT}: the others are set against it")
    for name, fit in found.fits.items():
        _check_fit(document, name, fit, worlds["fit_on"])
    return found


WORLDS = ("fit_on", "forecast")
FLAT = "flat"
"""The fit on the world alone."""


def over_before(fit_on: Scenario, forecast: Scenario) -> bool:
    """Whether a world's ends are known before the other begins, so that they may inform it."""
    return fit_on.calendar.ends[-1] < forecast.calendar.dates[0]


def _check_world(document: Document, key: str, world: Scenario, stated: Ends | None) -> None:
    """The leader's course is documented, unions ended as one, and there are indicators."""
    try:
        chain.world(world, stated=stated)
        year = features.year(world)
    except ValueError as error:
        raise document.error((key,), str(error)) from None
    if year not in indicators.years():
        raise document.error((key,), f"{world.name}: no table of indicators of {year}")


def _check_fit(document: Document, name: str, fit: Fit, world: Scenario) -> None:
    at = ("fits", name)
    for index, episode in enumerate(fit.episodes):
        if episode not in reading.shipped("episodes"):
            known = ", ".join(reading.shipped("episodes"))
            raise document.error((*at, "episodes", index), f"one of {known}")
    for index, state in enumerate(fit.without):
        if state not in world.allies:
            raise document.error((*at, "without", index), f"{state} is no ally of {world.name}")
    for index, term in enumerate(fit.leave):
        if term not in LEVEL_TERMS:
            raise document.error((*at, "leave", index), f"one of {', '.join(LEVEL_TERMS)}")
