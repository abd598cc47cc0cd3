"""Inputs drawn from their evidence ranges: what other careful coders could have written."""

from collections.abc import Iterator

from alignsim import variant_paths, variants, wholes
from alignsim.designs import LatinHypercube
from alignsim.variants import Base, PointError, Setting


@wholes.taken(draws=wholes.ZERO_UP, seed=wholes.SEED)
def worlds(base: Base, draws: int, seed: int, without: str = "") -> Iterator[Base]:
    """Bases with every input but one at a place in its evidence range: a Latin hypercube.

    A dated course moves as a whole. A draw that the model refuses, such as trade shares beyond
    the whole, is left out.
    """
    paths = variant_paths.input_paths(base.scenario)
    kept = [column for column, path in enumerate(paths) if path != without]
    moved = [Setting(variant_paths.target(base, paths[at]), "range") for at in kept]
    design = LatinHypercube(max(draws, 1), len(paths), seed)
    for row in design.coordinates(0, draws)[:, kept].tolist():
        try:
            made = variants.vary(base, moved, row)
        except PointError:
            continue
        yield Base(made.scenario, base.weights, made.line)
