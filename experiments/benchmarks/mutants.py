"""Says what share of the single changes to the theory its tests catch, from a run of mutmut.

``make mutants`` runs mutmut as `pyproject.toml` sets it up, and then this, which prints every
change that lives and a line for each module. Ends with 1 where a module is below the bar, or where
mutmut tried nothing. A change counts as caught only when a test fails: not when time ran out, nor
when mutmut did not come to it.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

BAR = 0.95
"""Least share of the changes to each module that its tests must catch."""


def results() -> Iterator[tuple[str, str]]:
    """Name and fate of every change, as mutmut tells them."""
    told = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        check=True,
        capture_output=True,
        text=True,
    )
    for line in told.stdout.splitlines():
        name, colon, fate = line.strip().partition(": ")
        if colon:
            yield name, fate


def change(name: str) -> str:
    """The lines that a change takes away and puts in."""
    told = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], check=True, capture_output=True, text=True
    )
    lines = told.stdout.splitlines()
    return "\n".join(
        f"    {line}"
        for line in lines
        if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))
    )


def shares(fates: Sequence[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """Changes caught, and changes in all, of each module in the order of the alphabet."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, fate in fates:
        module = name.split(".x_")[0]
        counts[module][0] += fate == "killed"
        counts[module][1] += 1
    return {module: (caught, tried) for module, (caught, tried) in sorted(counts.items())}


def main() -> int:
    """Print what was caught and what lives; 0 where every module reaches the bar."""
    fates = list(results())
    for name, fate in fates:
        if fate not in ("killed", "not checked"):
            print(f"{name}: {fate}\n{change(name)}")
    table = shares(fates)
    table["all"] = (
        sum(caught for caught, _ in table.values()),
        sum(tried for _, tried in table.values()),
    )
    for module, (caught, tried) in table.items():
        print(f"{module}: {caught} of {tried} caught{f', {caught / tried:.1%}' if tried else ''}")
    low = [name for name, (caught, tried) in table.items() if not tried or caught < BAR * tried]
    if low:
        print(f"below {BAR:.0%}: {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
