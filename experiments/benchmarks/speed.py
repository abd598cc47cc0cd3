"""Timings as ratios of one run: start-up against a bare Python, engines against each other.

Run: python experiments/benchmarks/speed.py > speed.json
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from alignsim import ensemble, reading, weights
from alignsim.model import AlignmentModel

ENTRY = [sys.executable, "-c", "from alignsim.cli import main; main()"]
BARE = [sys.executable, "-c", "pass"]


def seconds(command: list[str], times: int = 7) -> float:
    """Median wall time of a command after one warm-up."""
    taken = []
    for attempt in range(times + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        if attempt:
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def runs_a_second(play: Callable[[], object], runs: int) -> float:
    start = time.perf_counter()
    play()
    return runs / (time.perf_counter() - start)


def main() -> None:
    bare = seconds(BARE)
    help_ = seconds([*ENTRY, "--help"])
    single = seconds([*ENTRY, "run", "crimea-2014", "--runs", "1"])
    scenario, fitted = reading.read("crimea-2014"), weights.read()
    ensemble.free_runs(scenario, fitted, 10, 0)
    compiled = runs_a_second(lambda: ensemble.free_runs(scenario, fitted, 50_000, 0), 50_000)

    def play_in_mesa() -> None:
        for run in range(50):
            AlignmentModel(scenario, fitted, run=run, rng=0).run_all()

    mesa = runs_a_second(play_in_mesa, 50)
    print(
        json.dumps(
            {
                "help_s": round(help_, 3),
                "help_over_bare_python": round(help_ / bare, 2),
                "single_run_s": round(single, 3),
                "single_run_over_bare_python": round(single / bare, 2),
                "mesa_runs_per_s": round(mesa),
                "compiled_runs_per_s": round(compiled),
                "compiled_over_mesa": round(compiled / mesa),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
