"""How much each departure from the first design matters: the table of docs/odd.md, section 6.

Each variant is this repository with one formula put back or varied, calibrated again by a lighter
sampler than experiments/calibration/all.yaml has, and run freely under draws of its posterior.
Run: python experiments/departures.py; all variants take about half an hour. Names of variants may
follow.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("src", "seeds", "configs", "experiments/calibration")
DRAWS, RUNS = 200, 2000
SCRIPT = Path("experiments", "departures.py")

Edit = tuple[str, str, str]
"""A file, what stands there, and what stands there instead."""

TERMS, PRIORS = "src/alignsim/terms.py", "src/alignsim/priors.py"
DYNAMICS = "configs/weights/neutral.yaml"


def held(name: str, value: float) -> Edit:
    """A number of the dynamics held at a value: its range has no width, so that it is not free."""
    for line in (ROOT / DYNAMICS).read_text(encoding="utf-8").splitlines():
        if line.startswith(f"  {name}: "):
            _, _, source = line.partition("source: ")
            return (
                DYNAMICS,
                line,
                f"  {name}: {{value: {value}, range: [{value}, {value}], source: {source}",
            )
    raise SystemExit(f"{DYNAMICS} has no {name}")


def feedbacks(factor: float) -> tuple[Edit, ...]:
    """All rates of the feedbacks multiplied."""
    rates = {"energy_drift": 0.05, "alignment_rise": 0.05, "threat_rise": 0.2}
    return tuple(held(name, factor * rate) for name, rate in rates.items())


VARIANTS: dict[str, tuple[Edit, ...]] = {
    "as shipped": (),
    "(a) inertia squared": (
        (TERMS, "-resistance * abs(now - before)", "-resistance * (now - before) * (now - before)"),
    ),
    "(b) one precision": (
        (
            PRIORS,
            "for kind in PRECISIONS if kind in kinds]",
            'for kind in PRECISIONS if kind == "level"]',
        ),
        # That of levels for all: the others stand behind it.
        (
            PRIORS,
            "            found[space.place[i]] = math.exp(log)\n",
            "            found[space.place[i]] = math.exp(log)\n    found[23:27] = found[22]\n",
        ),
    ),
    "(c) replaceable by gas alone": (
        (
            "src/alignsim/indices.py",
            "    return 1.0 - (1.0 - covered / russian) * (1.0 - nuclear)",
            "    return 1.0 - (1.0 - _american(gas_from_usa, gas_from_russia)) * (1.0 - nuclear)",
        ),
    ),
    "(d) courting doubles, coercion closes": (
        (TERMS, "COURTING_SWING = 0.5", "COURTING_SWING = 1.0"),
    ),
    "(d) no effect of courting": ((TERMS, "COURTING_SWING = 0.5", "COURTING_SWING = 0.0"),),
    "(e) restraint and coherence linear": (
        (TERMS, "leader * engagement * engagement", "leader * engagement"),
        (TERMS, "-level * engagement * engagement", "-level * engagement"),
    ),
    "(f) `x^3` in place of `h(x)`": (
        (TERMS, "    if level <= 0.6:", "    return level**3\n    if level <= 0.6:"),
    ),
    "(j) persistence 0": (held("persistence", 0.0),),
    "(j) persistence 0.8": (held("persistence", 0.8),),
    "(j) feedbacks off": feedbacks(0.0),
    "(j) feedbacks doubled": feedbacks(2.0),
    "(j) `beta` 0": (held("abstention_premium", 0.0),),
    "(j) `beta` 2": (held("abstention_premium", 2.0),),
    "(l) no attention": (held("attention", 0.0),),
    "squared gap in abandonment": (
        (
            TERMS,
            "(1.0 + pressure) * max(0.0, leader - level)",
            "(1.0 + pressure) * max(0.0, leader - level) ** 2",
        ),
    ),
}
HEAD = "| variant | log marginal likelihood | score of levels | score of engagement |"


def measure(name: str) -> str:
    """Calibrate and run this tree; one row of the table."""
    from alignsim import calibrate, ensemble, evaluation, history, nested, priors, reading
    from alignsim.weights import Parameters

    specification = calibrate.read(ROOT / "experiments" / "calibration" / "all.yaml")
    (job,) = specification.jobs()
    target = job.target()
    assert target.space is not None
    found = nested.sample(target, nested.Settings(live_points=200, steps=40), seed=0)
    made = [priors.numbers(target.space, normals) for normals in found.draws(DRAWS, 0)]
    drawn = tuple(Parameters(name, priors.weights_of(n), priors.dynamics_of(n)) for n in made)
    rows: list[dict[str, object]] = []
    for episode in specification.fit_on:
        scenario = reading.read(episode)
        forecast = ensemble.of_draws(scenario, drawn[0], drawn, RUNS, 0)
        rows += evaluation.model_rows(forecast, history.documented(scenario), "model", "all")
    (level,) = evaluation.means(rows, {"JPN", "KOR"})
    (engagement,) = evaluation.means(rows, {"JPN", "KOR"}, "engagement")
    return (
        f"| {name} | {found.evidence:.1f} ± {found.error:.1f} "
        f"| {level['rps']:.3f} | {engagement['rps']:.3f} |"
    )


def in_a_copy(source: Path, copy: Path, cache: Path, name: str) -> None:
    """Measure a copy of a tree with some lines changed."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy)
    for file, here, there in VARIANTS[name]:
        text = (copy / file).read_text(encoding="utf-8")
        if text.count(here) != 1:
            raise SystemExit(f"{name}: {file} has {text.count(here)} times {here!r}")
        (copy / file).write_text(text.replace(here, there), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, str(copy / SCRIPT), "--here", name]
    subprocess.run(command, check=True, env=environment)


def main() -> None:
    if sys.argv[1:2] == ["--here"]:
        print(measure(sys.argv[2]), flush=True)
        return
    print(f"{HEAD}\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # A copy of the tree as it is now: it may change while this runs.
        source = Path(folder, "source")
        for part in PARTS:
            shutil.copytree(ROOT / part, source / part)
        shutil.copy(__file__, source / SCRIPT)
        for name in sys.argv[1:] or VARIANTS:
            # One place for all, so that what is compiled alike is compiled once.
            in_a_copy(source, Path(folder, "tree"), Path(folder, "cache"), name)


if __name__ == "__main__":
    main()
