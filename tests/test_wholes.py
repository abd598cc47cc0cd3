"""Seeds, runs and workers: any whole number of any library, and nothing else."""

import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest

import alignsim
from alignsim import designs, designs_screening, runs, wholes
from alignsim.model import AlignmentModel

NAMES = {"seed": -1, "predictions_seed": -1, "runs": 0, "runs_a_draw": 0, "workers": 0}
"""Arguments that every public function takes alike, with a number that none does."""
INNER = {
    "alignsim.app.moves.from_text", "alignsim.app.setting.from_file",  # from an address, as text
    "alignsim.draws.key", "alignsim.kernel.room", "alignsim.kernel.simulate",  # the engine's own
    "alignsim.panel.forecasting.smoothed", "alignsim.panel.movers.side",  # arrays
    "alignsim.sweep_outcomes.batches", "alignsim.sweep_tables.wilson",
    "alignsim.nested.log_likelihood",
}  # fmt: skip


class Five:
    """A whole number of some other library."""

    def __index__(self) -> int:
        return 5


FIVES = [5, np.int8(5), np.int64(5), np.uint8(5), np.uint64(5), Five()]
NONE = [True, False, np.True_, 5.0, np.float64(5.0), "5", pd.NA, float("nan")]


def public():
    """Every public function and method with one of the arguments, but for the commands."""
    for module in pkgutil.walk_packages(alignsim.__path__, "alignsim."):
        if module.name.rpartition(".")[2].startswith("cli"):
            continue
        found = vars(importlib.import_module(module.name))
        for name, item in found.items():
            whole = f"{module.name}.{name}"
            if name.startswith("_") or getattr(item, "__module__", "") != module.name:
                continue
            if inspect.isfunction(item) and whole not in INNER:
                known = inspect.signature(item).parameters
                for argument in filter(known.__contains__, NAMES):
                    yield pytest.param(item, argument, id=f"{whole}-{argument}")


@pytest.mark.parametrize(("function", "argument"), list(public()))
def test_c10_every_public_function_refuses_what_is_no_whole_number(function, argument):
    others = {
        name: 1 if name in wholes_of(function) else None
        for name, one in inspect.signature(function).parameters.items()
        if one.default is inspect.Parameter.empty
    }
    for wrong in NONE:
        with pytest.raises(TypeError, match=rf"^{argument} .* is not a whole number$"):
            function(**{**others, argument: wrong})
    with pytest.raises(ValueError, match=rf"^{argument} {NAMES[argument]} is not "):
        function(**{**others, argument: NAMES[argument]})
    if "seed" in argument:
        told = rf"^{argument} {2**64} is not in 0 to 2\^64 - 1$"
        with pytest.raises(ValueError, match=told):
            function(**{**others, argument: 2**64})


def wholes_of(function):
    return {*NAMES, "draws", "count", "steps", "first"} & set(
        inspect.signature(function).parameters
    )


def test_c10_the_functions_of_the_package_are_among_them():
    names = {param.id for param in public()}
    assert {
        "alignsim.api.run-seed", "alignsim.api.run-runs", "alignsim.api.whatif-seed",
        "alignsim.api.reproduce-runs", "alignsim.api.explain-seed", "alignsim.jobs.make-workers",
        "alignsim.redlines.find-workers", "alignsim.sweep_workers.processes-workers",
    } <= names  # fmt: skip


@pytest.mark.parametrize("five", FIVES, ids=lambda five: type(five).__name__)
def test_c10_any_whole_number_is_one(five):
    found = wholes.whole("seed", five, wholes.SEED)
    assert (found, type(found)) == (5, int)
    assert AlignmentModel(run=five, rng=five).draw_seed == 5
    assert designs.Sobol(4, 2, five) == designs.Sobol(4, 2, 5)
    for made in (
        designs.LatinHypercube(4, 2, five),
        designs.Saltelli(4, 2, five, False),
        designs_screening.Morris(2, 4, 2, five),
    ):
        assert type(made.seed) is int


@pytest.mark.parametrize(
    "five", [np.uint64(5), np.int32(5), Five()], ids=lambda one: str(type(one))
)
def test_c10_tables_are_the_same_under_any_whole_number(five):
    scenario = "crimea-2014"
    plain = alignsim.run(scenario, runs=5, seed=5)
    assert alignsim.run(scenario, runs=five, seed=five).equals(plain)
    asked = {"state": "KOR", "date": "2014-04"}
    told = alignsim.explain(scenario, **asked, run=5, seed=5)
    assert alignsim.explain(scenario, **asked, run=five, seed=five).equals(told)
    changed = alignsim.whatif(scenario, ["seoul-isolated"], runs=5, seed=5)
    assert alignsim.whatif(scenario, ["seoul-isolated"], runs=five, seed=five).equals(changed)
    assert runs.record(scenario, five, five, "neutral")[0]["seed"] == 5


@pytest.mark.parametrize("wrong", NONE, ids=repr)
def test_c10_the_model_and_the_designs_refuse_what_is_no_whole_number(wrong):
    with pytest.raises(TypeError, match=r"^seed .* is not a whole number$"):
        AlignmentModel(rng=wrong)
    with pytest.raises(TypeError, match=r"^run .* is not a whole number$"):
        AlignmentModel(run=wrong, rng=0)
    with pytest.raises(TypeError, match=r"^seed .* is not a whole number$"):
        designs.Sobol(4, 2, wrong)


@pytest.mark.parametrize("wrong", [-1, 2**64, 10**300])
def test_c10_a_seed_out_of_range_is_told_in_a_short_line(wrong):
    with pytest.raises(ValueError, match=r"is not in 0 to 2\^64 - 1$") as caught:
        alignsim.run("crimea-2014", runs=2, seed=wrong)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("rng", [[1, 2], (1, 2), np.array([1, 2])], ids=repr)
def test_a_sequence_seeds_a_generator_of_the_seed(rng):
    assert AlignmentModel(rng=rng).draw_seed == AlignmentModel(rng=[1, 2]).draw_seed
