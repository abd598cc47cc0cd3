"""Whether energy tells who joined once proximity and blocs are known: logits without the theory."""

import numpy as np
import pandas as pd

from alignsim import timeline
from alignsim.indices import NEARNESS_KM
from alignsim.panel import baselines, panel_scores
from alignsim.panel.specification import Specification
from alignsim.panel.within import World
from alignsim.situation import ALLY_COLUMNS

CONTROLS: dict[str, tuple[str, ...]] = {
    "alone": (),
    "with proximity": ("nearness_russia",),
    "with proximity and blocs": ("nearness_russia", "eu", "nato", "g7", "eu_associate"),
    "with proximity, blocs and ideal point": (
        "nearness_russia", "eu", "nato", "g7", "eu_associate", "ideal_point",
    ),
}  # fmt: skip
ENERGY = ("exposure", "diversification_need", "trade")
"""Indices that the theory makes of energy and trade with Russia, each in [0, 1]."""


def energy(specification: Specification, world: World) -> pd.DataFrame:
    """Whether energy tells who joined, beyond proximity and blocs: a row an index and controls.

    Logits without the theory, with the priors of the baselines: ``effect`` is the difference in
    log odds between the index at 1 and at 0, with a 90 % interval over resamples of units.
    """
    rows = []
    seen = _indices(world)
    for index in ENERGY:
        for name, controls in CONTROLS.items():
            columns = (index, *controls)
            fitter = baselines.Logit(name, columns).fitter(
                seen.loc[world.joined.index], world.joined, world.unit.loc[world.joined.index]
            )
            effects = _effects(fitter, index, world, specification)
            low, high = np.quantile(effects[1:], (panel_scores.TAIL, 1.0 - panel_scores.TAIL))
            rows.append(
                {
                    "index": index,
                    "controls": name,
                    "effect": effects[0],
                    "effect_low": float(low),
                    "effect_high": float(high),
                }
            )
    return pd.DataFrame(rows)


def _indices(world: World) -> pd.DataFrame:
    """Features, with nearness to Russia and the indices of energy and trade."""
    first = pd.DataFrame(
        timeline.build(world.scenario).allies[0],
        index=list(world.scenario.allies),
        columns=list(ALLY_COLUMNS),
    )
    near = np.exp(-world.features["distance_russia"] / NEARNESS_KM)
    return world.features.assign(nearness_russia=near, **{name: first[name] for name in ENERGY})


def _effects(
    fitter: baselines.Fitter, index: str, world: World, specification: Specification
) -> list[float]:
    """Difference in log odds over the index, on the sample and on each resample."""
    units = world.unit.loc[world.joined.index]
    weight = panel_scores.unit_weights(units).to_numpy()
    counts = panel_scores.resamples(
        pd.factorize(units)[0], specification.resamples, specification.seed
    )
    found = []
    for one in (weight, *(weight * count for count in counts)):
        fitted = fitter(one)
        assert isinstance(fitted, baselines.Logistic)
        at = fitted.columns.index(index)
        found.append(float(fitted.slopes[at] / fitted.scale[at]))
    return found
