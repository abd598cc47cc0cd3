"""The fit: its likelihood, its gradient, planted truth, and the weights that are committed."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from alignsim import calibrate, documents, evidence, history, reading, weights
from alignsim.calibrate import Observation
from alignsim.decision import PRECISIONS, Weights
from alignsim.model import AlignmentModel
from alignsim.weights import TERMS

SPECIFICATIONS = sorted((evidence.data_root() / "experiments" / "calibration").glob("*.yaml"))
EVERYTHING = calibrate.kept_terms(
    ["energy_security", "alliance_dependence", "regional_threat", "norms", "commerce"]
)


def vector_of(chosen: Weights) -> np.ndarray:
    """Logs of a weight set whose group weights are all one."""
    totals = [getattr(chosen, term) for term in TERMS]
    precisions = [getattr(chosen, f"precision_{kind}") for kind in PRECISIONS]
    return np.log([*precisions, *([1.0] * 8), *totals])


def test_the_log_likelihood_is_that_of_the_models_own_records() -> None:
    base = weights.read("calibrated")
    scenario = reading.read("ukraine-2022")
    replay = AlignmentModel(history.replayed(scenario), base, rng=0).run_all()
    documented = {(r.step, r.state, r.decision, r.toward): r for r in history.documented(scenario)}
    expected = 0.0
    for made in replay.decisions:
        record = documented.get((made.step, made.state, made.decision, made.toward))
        if record is not None:
            expected += math.log(made.probabilities[record.value])
    observations = calibrate.observe(scenario, base)
    assert len(observations) == len(documented)
    found, _ = calibrate.log_likelihood(observations, vector_of(base.weights), EVERYTHING)
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_gradient_is_the_slope() -> None:
    base = weights.read("neutral")
    observations = calibrate.observe(reading.read("crimea-2014"), base)
    settings = calibrate.Penalty(precision=1.0, group=0.5, term=0.5, precision_centre=6.0)
    rng = np.random.default_rng(5)
    at = calibrate.centre(settings) + rng.normal(0, 0.3, calibrate.SIZE)
    kept = calibrate.kept_terms(["norms", "commerce"])
    _, gradient = calibrate.objective(settings, observations, kept, at)
    for index in range(0, calibrate.SIZE, 5):
        shift = np.zeros(calibrate.SIZE)
        shift[index] = 1e-6
        above, _ = calibrate.objective(settings, observations, kept, at + shift)
        below, _ = calibrate.objective(settings, observations, kept, at - shift)
        assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-5)


def test_the_likelihood_of_two_equal_options_is_a_coin() -> None:
    even = Observation(0, 1, np.zeros((2, len(TERMS))))
    found, gradient = calibrate.log_likelihood([even], np.zeros(calibrate.SIZE), EVERYTHING)
    assert found == pytest.approx(math.log(0.5))
    assert_allclose(gradient, 0.0)


def test_planted_weights_are_found_again() -> None:
    """Ten thousand decisions from known weights; a weak penalty must not hide them."""
    rng = np.random.default_rng(0)
    planted = np.log(rng.uniform(0.5, 2.0, calibrate.SIZE))
    planted[len(PRECISIONS) : len(PRECISIONS) + 8] = 0.0
    totals = calibrate.total_weights(planted, EVERYTHING)
    observations = []
    for _ in range(10_000):
        features = rng.normal(size=(6, len(TERMS)))
        utilities = np.exp(planted[0]) * (features @ totals) + rng.gumbel(size=6)
        observations.append(Observation(0, int(utilities.argmax()), features))
    from scipy.optimize import minimize

    weak = calibrate.Penalty(precision=100.0, group=0.01, term=100.0, precision_centre=1.0)
    found = minimize(
        lambda at: calibrate.objective(weak, observations, EVERYTHING, at),
        calibrate.centre(weak),
        jac=True,
        method="L-BFGS-B",
    )
    scaled = np.exp(planted[0]) * totals
    recovered = np.exp(found.x[0]) * calibrate.total_weights(found.x, EVERYTHING)
    assert_allclose(recovered, scaled, rtol=0.2)


def test_without_data_the_fit_stays_at_the_centre() -> None:
    settings = calibrate.Penalty(precision=1.0, group=0.5, term=0.5, precision_centre=6.0)
    value, gradient = calibrate.objective(settings, [], EVERYTHING, calibrate.centre(settings))
    assert value == 0.0
    assert_allclose(gradient, 0.0)


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_the_committed_weights_are_what_their_specification_gives(file: Path) -> None:
    specification = calibrate.read(file)
    again = calibrate.weight_file(
        specification, calibrate.fit(specification), file.name, "2026-01-01"
    )
    fitted = weights.parse(documents.parse(again.encode(), file.name))
    committed = weights.read_set(specification.name)
    assert committed.status == "calibrated"
    for part in ("precision", "groups", "terms", "dynamics"):
        for name, number in getattr(fitted, part).items():
            assert getattr(committed, part)[name].value == pytest.approx(number.value, rel=1e-3)


def test_a_single_group_silences_the_others() -> None:
    norms = weights.read("norms-only").weights
    assert norms.values > 0.0
    assert norms.inertia > 0.0
    assert norms.abandonment == norms.market == norms.supply_at_risk == norms.precedent == 0.0


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("fit_on: [crimea-2014]", "fit_on: []"), 5, "fit_on"),
        (("groups: [", "groups: [luck, "), 6, "one of"),
        (("term: 0.5", "term: -1"), 8, "greater than 0"),
        (("name: ", "nome: "), 2, "nome"),
    ],
)
def test_a_fault_in_a_specification_names_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, said: str
) -> None:
    text = SPECIFICATIONS[0].read_text()
    assert change[0] in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(*change))
    with pytest.raises(documents.DocumentError, match=rf"broken\.yaml:{line}: .*{said}"):
        calibrate.read(broken)
