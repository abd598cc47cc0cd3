"""The bars of the sweep engine, each a ratio of two sides timed in one run.

Run: make bench (about 25 minutes on 2 cores). Writes results.json beside this file: name, value,
unit, bar, met, machine, date. Names may be given, to time only those; the others are kept.
"""

import datetime
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import app_load
import mesa
import numba

from alignsim import documents, jobs, kernel, reading, sweep_points, sweep_workers, sweeps, timeline
from alignsim import weights as weight_sets
from alignsim.model import AlignmentModel
from alignsim.panel import fits, specification
from alignsim.scenario import Club, Scenario, Table

RESULTS = Path(__file__).with_name("results.json")
VALUES = (0.2, 0.4, 0.6, 0.8, 1.0)
SWEEP = """
name: bench
kind: sweep
title: Norms in five steps
scenarios: [crimea-2014]
factors:
  norms: {{path: weights.groups.norms, values: [{values}]}}
design: {{kind: factorial}}
replications: {replications}
keep: {keep}
"""


def read_sweep(runs: int, keep: str) -> sweep_points.Sweep:
    values = ", ".join(map(str, VALUES))
    text = SWEEP.format(values=values, replications=runs // len(VALUES), keep=keep)
    return sweep_points.of_document(documents.parse(text.encode(), "bench.yaml"))


def swept(runs: int, keep: str, execute: sweeps.Execute = sweep_workers.serial) -> float:
    """Seconds of a sweep, from the plan to the last file."""
    with tempfile.TemporaryDirectory() as folder:
        return sweeps.run(read_sweep(runs, keep), Path(folder), execute).seconds


def best(play: Callable[[], float], times: int = 3) -> float:
    return min(play() for _ in range(times))


def timed(play: Callable[[], object]) -> float:
    start = time.perf_counter()
    play()
    return time.perf_counter() - start


# --- the compiled engine ----------------------------------------------------------------------


def against_mesa() -> float:
    """Runs a second of a sweep to files over those of batch_run, one process, final decisions."""
    base = weight_sets.read_set("calibrated")
    group = base.groups["norms"]
    sets = [
        weight_sets.parameters(
            base.model_copy(
                update={"groups": base.groups | {"norms": group.model_copy(update={"value": v})}}
            )
        )
        for v in VALUES
    ]
    parameters = {
        "scenario": [reading.read("crimea-2014")],
        "weights": sets,
        "run": range(60),
        "rng": [0],
    }
    mesa_runs = len(sets) * 60

    def batch() -> float:
        return timed(
            lambda: mesa.batch_run(
                AlignmentModel,
                parameters,
                number_processes=1,
                data_collection_period=-1,
                display_progress=False,
            )
        )

    runs = 400_000
    swept(1000, "counts")
    return (runs / best(lambda: swept(runs, "counts"))) / (mesa_runs / best(batch))


@numba.njit
def exponentials(utilities, times):  # type: ignore[no-untyped-def]
    total = 0.0
    for _ in range(times):
        for utility in utilities:
            total += math.exp(utility)
    return total


def against_exponentials() -> float:
    """Time of the engine over that of one exponential an option of each decision."""
    scenario, fitted = reading.read("crimea-2014"), weight_sets.read()
    line = timeline.build(scenario)
    model = AlignmentModel(scenario, fitted, rng=0).run_all()
    options = [-0.01 * i for i in range(sum(len(made.options) for made in model.decisions))]
    needed = numba.typed.List(options)
    runs = 40_000

    def engine() -> float:
        arguments = (line, fitted.weights, fitted.dynamics, 0, 0, runs)
        return timed(lambda: kernel.simulate(*arguments))

    engine(), exponentials(needed, 1)
    bare = best(lambda: timed(lambda: exponentials(needed, runs)), 7)
    return best(engine, 7) / bare


def with_allies(scenario: Scenario, count: int) -> Scenario:
    """The scenario with copies of its allies under other codes; they share their trade."""
    codes = [f"A{number}" for number in range(count)]
    originals = dict(zip(codes, itertools.cycle(scenario.allies), strict=False))
    share = len(scenario.allies) / count

    def copied(original: str) -> Table:
        own = dict(scenario.states[original])
        traded = own["russia_trade_share"]
        own["russia_trade_share"] = traded.model_copy(update={"value": traded.value * share})
        return Table(own)

    states = {code: copied(original) for code, original in originals.items()}
    others = {c: t for c, t in scenario.states.items() if c not in scenario.allies}
    clubs = {
        name: Club(
            members=tuple(m for m in club.members if m not in scenario.allies)
            + tuple(code for code, original in originals.items() if original in club.members),
            source=club.source,
        )
        for name, club in scenario.clubs.items()
    }
    return scenario.model_copy(
        update={
            "allies": tuple(codes),
            "states": Table(states | others),
            "clubs": Table(clubs),
        }
    )


def many_allies() -> float:
    """Time an ally and step of a run with 200 allies over that with 2."""
    fitted = weight_sets.read()

    def cost(count: int) -> float:
        line = timeline.build(with_allies(reading.read("crimea-2014"), count))
        runs = 80_000 // count
        play = (line, fitted.weights, fitted.dynamics, 0, 0, runs)
        kernel.simulate(*play)
        return best(lambda: timed(lambda: kernel.simulate(*play)), 5) / runs / count

    return cost(200) / cost(2)


# --- many processes, and many runs ------------------------------------------------------------


def two_workers() -> float:
    """Time of a sweep of 10^7 runs with one worker over that with two, start-up included."""

    def processes(workers: int) -> sweeps.Execute:
        return lambda make, indices: sweep_workers.processes(make, indices, workers)

    return swept(10_000_000, "counts", processes(1)) / swept(10_000_000, "counts", processes(2))


def dask() -> float:
    """Time of a sweep of 10^7 runs by a local Dask cluster over that by as many processes."""

    def on_cluster() -> float:
        start = time.perf_counter()
        with sweep_workers.local_cluster(2) as client:
            swept(10_000_000, "counts", lambda make, i: sweep_workers.dask(make, i, client))
        return time.perf_counter() - start

    plain = swept(10_000_000, "counts", lambda make, i: sweep_workers.processes(make, i, 2))
    return on_cluster() / plain


ONE = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import bench
bench.swept(1000, "counts")
runs = int(sys.argv[2])
seconds = bench.swept(runs, "counts")
print(json.dumps([seconds / runs, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def alone(runs: int) -> tuple[float, float]:
    """Seconds a run, and the peak of memory in KiB, of a sweep in a process of its own."""
    command = [sys.executable, "-c", ONE, str(RESULTS.parent), str(runs)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak = json.loads(shown)
    return seconds, peak


def scale() -> dict[str, float]:
    """Time a run and peak memory of 10^8 runs over those of 10^5."""
    small = [alone(100_000) for _ in range(5)]
    large = alone(100_000_000)
    return {
        "time_per_run_1e8_vs_1e5": large[0] / statistics.median(one[0] for one in small),
        "memory_1e8_vs_1e5": large[1] / statistics.median(one[1] for one in small),
        "peak_memory_1e8_mib": large[1] / 1024,
    }


def rate() -> float:
    """Runs a second of a sweep in one process, counts kept."""
    swept(1000, "counts")
    return 1_000_000 / best(lambda: swept(1_000_000, "counts"))


# --- the world panel --------------------------------------------------------------------------


def world_run() -> float:
    """Milliseconds of a run of world-2014, ten steps of 192 allies, in the compiled engine."""
    line = timeline.build(reading.read("world-2014"))
    _, weights, dynamics = weight_sets.read("world-2014")
    runs = 1000

    def play() -> object:
        return kernel.simulate(line, weights, dynamics, 0, 0, runs)

    play()
    return 1000.0 * best(lambda: timed(play)) / runs


def panel_fit() -> float:
    """Minutes of the registered fit of the world, in one process."""
    chosen = specification.read(RESULTS.parents[1] / "panel" / "panel.yaml")
    with tempfile.TemporaryDirectory() as folder:
        job = fits.job(chosen, chosen.main)
        return timed(lambda: jobs.make([job], Path(folder))) / 60.0


# --- results ------------------------------------------------------------------------------------

BARS = {
    "kernel_vs_mesa_batch_run": ("times the runs per second", ">=", 1000.0),
    "kernel_vs_bare_exponentials": ("times the time", "<=", 3.0),
    "two_workers_vs_one": ("times as fast", ">=", 1.8),
    "dask_vs_plain": ("times the time", "<=", 1.1),
    "cost_200_vs_2_allies": ("times the time per ally and step", "<=", 1.2),
    "time_per_run_1e8_vs_1e5": ("times the time per run", "<=", 1.1),
    "memory_1e8_vs_1e5": ("times the peak memory", "<=", 1.2),
    "peak_memory_1e8_mib": ("MiB", "<=", 1024.0),
    "runs_per_second": ("runs per second", None, None),
    "world_run_ms": ("ms a run of 192 allies and 10 steps", "<=", 1.0),
    "panel_fit_minutes": ("minutes, one process", "<=", 15.0),
    "app_update_median_ms": ("ms, 30 students for 2 minutes", "<=", 300.0),
    "app_update_p95_ms": ("ms, 95th percentile", "<=", 1000.0),
    "app_errors": ("errors and lost answers", "<=", 0.0),
    "app_updates_per_second": ("updates per second", None, None),
    "app_memory_end_vs_half": ("times the memory after one minute", "<=", 1.05),
    "app_memory_end_mib": ("MiB", None, None),
    "app_first_page_ms": ("ms until the charts stand, first reader", "<=", 2000.0),
}
MEASURES: dict[str, Callable[[], float | dict[str, float]]] = {
    "kernel_vs_mesa_batch_run": against_mesa,
    "kernel_vs_bare_exponentials": against_exponentials,
    "cost_200_vs_2_allies": many_allies,
    "runs_per_second": rate,
    "two_workers_vs_one": two_workers,
    "dask_vs_plain": dask,
    "time_per_run_1e8_vs_1e5": scale,
    "world_run_ms": world_run,
    "panel_fit_minutes": panel_fit,
    "app_update_median_ms": app_load.measured,
}


def machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}"


def record(name: str, value: float) -> dict[str, object]:
    unit, sense, bar = BARS[name]
    met = None if bar is None else (value >= bar if sense == ">=" else value <= bar)
    return {
        "name": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "bar": None if bar is None else f"{sense} {bar:g}",
        "met": met,
        "machine": machine(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def main(names: list[str]) -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    results = {entry["name"]: entry for entry in known}
    for name in names or MEASURES:
        found = MEASURES[name]()
        for one, value in (found if isinstance(found, dict) else {name: found}).items():
            results[one] = record(one, value)
            print(f"{one}: {value:.4g} (bar {results[one]['bar']})", flush=True)
        ordered = [results[one] for one in BARS if one in results]
        documents.write_whole(RESULTS, json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
