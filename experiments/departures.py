"""How much each departure from the first design matters: the table of docs/odd.md, section 6.

Each variant is this repository with one formula put back or varied, fitted again by
experiments/calibration/all.yaml and run freely. Run: python experiments/departures.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("src", "seeds", "configs", "experiments")
LINEAR_RESTRAINT = (
    ("terms", "leader * engagement * engagement", "leader * engagement"),
    ("terms", "-level * engagement * engagement", "-level * engagement"),
)
GAS_ONLY = (
    "indices",
    "    return 1.0 - (1.0 - covered / russian) * (1.0 - nuclear)",
    "    return 1.0 - (1.0 - _american(gas_from_usa, gas_from_russia)) * (1.0 - nuclear)",
)
SQUARED_GAP = (
    "terms",
    "(1.0 + pressure) * max(0.0, leader - level)",
    "(1.0 + pressure) * max(0.0, leader - level) ** 2",
)
EDITS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "as shipped": (),
    "(a) inertia squared": (("terms", "-abs(now - before)", "-(now - before) * (now - before)"),),
    "(c) replaceable by gas alone": (GAS_ONLY,),
    "(d) courting doubles": (("terms", "COURTING_SWING = 0.5", "COURTING_SWING = 1.0"),),
    "(d) no effect of courting": (("terms", "COURTING_SWING = 0.5", "COURTING_SWING = 0.0"),),
    "(e) restraint and coherence linear": LINEAR_RESTRAINT,
    "(f) x^3 for h(x)": (
        ("terms", "    if level <= 0.6:", "    return level**3\n    if level <= 0.6:"),
    ),
    "squared gap in abandonment": (SQUARED_GAP,),
}
SETTINGS: dict[str, dict[str, float]] = {
    "(j) persistence 0": {"persistence": 0.0},
    "(j) persistence 0.8": {"persistence": 0.8},
    "(j) feedbacks off": {"energy_drift": 0.0, "alignment_rise": 0.0, "threat_rise": 0.0},
    "(j) feedbacks doubled": {"energy_drift": 0.1, "alignment_rise": 0.1, "threat_rise": 0.4},
    "(j) beta 0": {"abstention_premium": 0.0},
    "(j) beta 2": {"abstention_premium": 2.0},
}


def measure(name: str, one_precision: bool, **dynamics: float) -> str:
    """Fit and run this tree; one row of the table."""
    import numpy as np
    from scipy.optimize import minimize

    from alignsim import calibrate, ensemble, evaluation, history, reading
    from alignsim import weights as weight_sets
    from alignsim.decision import PRECISIONS, Weights

    spec = calibrate.read(ROOT / "experiments" / "calibration" / "all.yaml")
    base = weight_sets.read(spec.dynamics)
    base = base._replace(dynamics=base.dynamics._replace(**dynamics))
    scenarios = [reading.read(episode) for episode in spec.fit_on]
    seen = [each for scenario in scenarios for each in calibrate.observe(scenario, base)]
    if one_precision:
        seen = [each._replace(kind=0) for each in seen]
    kept = calibrate.kept_terms(spec.groups)
    found = minimize(
        lambda vector: calibrate.objective(spec.penalty, seen, kept, vector),
        calibrate.centre(spec.penalty),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8},
    ).x
    likelihood, _ = calibrate.log_likelihood(seen, found, kept)
    precisions, _, _ = calibrate.split(found)
    if one_precision:
        precisions = np.full(len(PRECISIONS), precisions[0])
    totals = calibrate.total_weights(found, kept).tolist()
    named = dict(zip(weight_sets.TERMS, totals, strict=True))
    named |= {f"precision_{k}": float(v) for k, v in zip(PRECISIONS, precisions, strict=True)}
    fitted = base._replace(weights=Weights(**named))
    rows = []
    for scenario in scenarios:
        forecast = ensemble.free_runs(scenario, fitted, 2000, 0)
        rows += evaluation.model_rows(forecast, history.documented(scenario), "model", "all")
    (level,) = evaluation.means(rows, {"JPN", "KOR"})
    (engagement,) = evaluation.means(rows, {"JPN", "KOR"}, "engagement")
    return f"| {name} | {likelihood:.1f} | {level['rps']:.3f} | {engagement['rps']:.3f} |"


def in_a_copy(name: str, edits: tuple[tuple[str, str, str], ...]) -> None:
    """Measure a copy of this tree with some lines changed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, copy / part)
        for module, here, there in edits:
            file = copy / "src" / "alignsim" / f"{module}.py"
            text = file.read_text()
            if here not in text:
                raise SystemExit(f"{name}: {module}.py has no line {here!r}")
            file.write_text(text.replace(here, there))
        environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "XDG_CACHE_HOME": folder}
        command = [sys.executable, str(copy / "experiments" / "departures.py"), name]
        subprocess.run(command, check=True, env=environment)


def main() -> None:
    if len(sys.argv) == 2:
        print(measure(sys.argv[1], one_precision=False), flush=True)
        return
    print("| variant | log likelihood | score of levels | score of engagement |\n|---|---|---|---|")
    for name, edits in EDITS.items():
        in_a_copy(name, edits)
    print(measure("(b) one precision", one_precision=True))
    for name, dynamics in SETTINGS.items():
        print(measure(name, one_precision=False, **dynamics))


if __name__ == "__main__":
    main()
