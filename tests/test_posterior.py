"""A posterior as an InferenceData, on disk and in figures."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from alignsim import (
    calibrate,
    documents,
    evidence,
    extras,
    history,
    jobs,
    nested,
    plots,
    plots_posterior,
    posterior,
    reading,
)
from alignsim.calibrate import Posterior
from alignsim.jobs import Result, Trace
from alignsim.model import AlignmentModel
from alignsim.nested import Sample, Settings

pytest.importorskip("arviz")

FOLDER = evidence.data_root() / "experiments" / "calibration"
SPECIFICATIONS = sorted(FOLDER.glob("*.yaml"))
DRAWS = 3


def made(name: str = "all", draws: int = DRAWS, inputs: int | None = None) -> Posterior:
    """A posterior as if sampled: draws near the prior's centre, none of them from a sampler."""
    specification = calibrate.read(FOLDER / f"{name}.yaml")
    specification = specification.model_copy(update={"draws": draws, "input_draws": inputs})
    results = []
    for number, job in enumerate(specification.jobs()):
        rng = np.random.default_rng(number)
        size = job.model_copy(update={"inputs": None}).target().size
        parts = (np.linspace(-0.1, -20.0, 40), np.linspace(-90.0, -20.0, 40))
        weights_ = np.exp(-0.5 * (np.arange(40) - 30.0) ** 2 / 9.0)
        trace = Trace(*parts, weights_ / weights_.sum(), rng.standard_normal((40, size)))
        normals = 0.3 * rng.standard_normal((draws, size))
        results.append(Result(job, -40.0 - number, 0.2, 16.0, 1000, 90.0, normals, trace))
    table = calibrate.pd.concat([calibrate.draws(result) for result in results])
    table = table.reset_index(drop=True)
    if inputs:
        table = table.iloc[::-1].reset_index(drop=True)
    counted = sum(course.counted for course in results[0].job.target().courses or ())
    return Posterior(specification, table, tuple(results), counted)


@pytest.fixture(scope="module")
def known() -> Posterior:
    return made()


@pytest.fixture(scope="module")
def idata(known: Posterior):
    return posterior.inference_data(known)


def test_groups_and_axes_are_named(idata, known):
    assert set(idata.groups()) == {
        "posterior", "prior", "log_likelihood", "observed_data", "posterior_predictive",
        "sample_stats",
    }  # fmt: skip
    assert dict(idata.posterior.sizes) == {
        "chain": 1, "draw": DRAWS, "group": 8, "term": 22, "kind": 5, "process": 6,
    }  # fmt: skip
    assert idata.posterior.group_weight.dims == ("chain", "draw", "group")
    assert idata.prior.sizes["draw"] > 1000
    norms = idata.posterior.group_weight.sel(group="norms", chain=0)
    assert_array_equal(norms, known.table["groups.norms"])
    total = idata.posterior.total_weight.sel(term="coalition", chain=0)
    product = known.table["groups.alliance_dependence"] * known.table["terms.coalition"]
    assert_array_equal(total, product)
    assert idata.posterior.group_of_term.sel(term="coalition") == "alliance_dependence"
    assert idata.attrs["log_evidence"] == known.evidence
    assert idata.attrs["seed"] == "0"


def test_every_record_is_what_is_documented(idata, known):
    seen = idata.observed_data
    assert seen.sizes["record"] == known.decisions
    assert len(set(seen.record.values)) == known.decisions
    found = {
        (str(one.episode.item()), str(one.state.item()), str(one.kind.item()),
         str(one.toward.item()), str(one.date.item())): int(one.decision)
        for one in (seen.isel(record=index) for index in range(known.decisions))
    }  # fmt: skip
    for name in known.specification.fit_on:
        for record in history.documented(reading.read(name)):
            kind = record.decision
            if kind == "stance":
                kind = "leader_stance" if record.state == "USA" else "target_stance"
            elif record.state == "USA":
                kind = "leader_level"
            key = (name, record.state, kind, record.toward or "", record.date)
            assert found[key] == record.value


def test_pointwise_log_likelihoods_are_the_mesa_models_own(idata, known):
    parameters = calibrate.parameters("draw", known.table)
    logs = idata.log_likelihood.decision.values[0]
    assert_allclose(idata.sample_stats.lp.values[0], logs.sum(axis=1), rtol=1e-12)
    records = posterior.records(known)
    index = {(one.episode, *one.key, one.step): i for i, one in enumerate(records)}
    for draw in (0, DRAWS - 1):
        for name in known.specification.fit_on:
            scenario = history.replayed(reading.read(name))
            for told in AlignmentModel(scenario, parameters[draw], rng=0).run_all().decisions:
                at = index.get((name, told.state, told.decision, told.toward, told.step))
                if at is not None:
                    one = records[at]
                    chance = sum(told.probabilities[one.low : one.high + 1])
                    assert logs[draw, at] == pytest.approx(math.log(chance), abs=1e-12)


def test_pointwise_log_likelihoods_sum_to_the_samplers(idata, known):
    (result,) = known.results
    target = result.job.target()
    expected = [nested.evaluate(target, normals) for normals in result.normals]
    assert_allclose(idata.sample_stats.lp.values[0], expected, rtol=1e-9)


def test_one_step_chances_are_probabilities_of_what_is_open(idata):
    chance = idata.posterior_predictive.chance.values
    assert_allclose(np.nansum(chance, axis=1), 1.0, atol=1e-9)
    kinds = idata.observed_data.kind.values
    open_ = (~np.isnan(chance)).sum(axis=1)
    assert set(open_[kinds == "level"]) == {6}
    assert set(open_[kinds == "engagement"]) == set(open_[kinds == "target_stance"]) == {3}
    low, high = (idata.observed_data[f"decision_{end}"].values for end in ("low", "high"))
    options = np.arange(6)
    inside = (options >= low[:, None]) & (options <= high[:, None])
    given = np.nansum(chance * inside, axis=1)
    expected = np.exp(idata.log_likelihood.decision.values[0]).mean(axis=0)
    assert_allclose(given, expected, atol=1e-9)


def test_predictions_are_free_runs_of_each_draw(idata, known):
    parameters = calibrate.parameters("draw", known.table)
    scenario = reading.read("ukraine-2022")
    run = AlignmentModel(scenario, parameters[1], run=1, rng=0).run_all()
    told = idata.posterior_predictive
    for made_ in run.decisions:
        own = (told.episode == "ukraine-2022") & (told.state == made_.state)
        own &= (told.toward == (made_.toward or "")) & (told.date == made_.date)
        values = told.decision.isel(record=np.flatnonzero(own)).sel(draw=1, chain=0)
        if made_.decision == "level" and made_.state == "JPN":
            assert int(values[values.kind == "level"].item()) == made_.chosen


def test_draws_over_inputs_are_judged_with_the_inputs_they_are_from():
    over = made(draws=1, inputs=2)
    parameters = calibrate.parameters("draw", over.table)
    found = posterior.pointwise(over, parameters).sum(axis=1)
    expected = [
        nested.evaluate(result.job.target(), result.normals[0]) for result in over.results[::-1]
    ]
    assert_allclose(found, expected, rtol=1e-9)


def test_a_file_gives_back_what_was_written(idata, tmp_path: Path):
    file = tmp_path / "posterior.nc"
    posterior.write(idata, file)
    assert [one.name for one in tmp_path.iterdir()] == ["posterior.nc"]
    again = posterior.read(file)
    for group in idata.groups():
        expected, found = idata[group], again[group]
        assert set(expected.variables) == set(found.variables)
        for name in expected.variables:
            assert_array_equal(found[name].values, expected[name].values)
    assert again.attrs["log_evidence"] == idata.attrs["log_evidence"]
    first = file.read_bytes()
    posterior.write(idata, file)
    assert file.read_bytes() == first


def test_a_damaged_file_is_told_in_a_line(tmp_path: Path):
    (tmp_path / "broken.nc").write_bytes(b"nothing")
    with pytest.raises(documents.DocumentError, match=r"broken\.nc: cannot be read"):
        posterior.read(tmp_path / "broken.nc")


def test_a_missing_library_is_told_in_a_line(known, monkeypatch):
    def missing(module: str, extra: str = "studies"):
        raise documents.DocumentError(module, None, "", f'needs pip install "alignsim[{extra}]"')

    monkeypatch.setattr(extras, "imported", missing)
    with pytest.raises(
        documents.DocumentError, match=r"arviz: needs pip install .alignsim.studies"
    ):
        posterior.inference_data(known)


# --- the course of a sample -----------------------------------------------------------------


def sampled(count: int, size: int = 2) -> Sample:
    rng = np.random.default_rng(0)
    mass = rng.random(count)
    return Sample(
        rng.standard_normal((count, size)), np.sort(rng.standard_normal(count)),
        mass / mass.sum(), 0.0, 0.1, 1.0, 10,
    )  # fmt: skip


@pytest.mark.parametrize("count", [30, 1000])
def test_a_course_is_thinned_and_keeps_all_weight(count):
    found = jobs.traced(sampled(count), live=20, points=100)
    assert len(found.logs) == min(count, 100)
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-4)
    assert found.normals.shape == (len(found.logs), 2)
    assert np.all(np.diff(found.volumes) < 0.0)
    assert found.logs[-1] == pytest.approx(sampled(count).logs[-1], rel=1e-5)


def test_volumes_are_those_of_dynesty():
    dynesty = pytest.importorskip("dynesty")
    sampler = dynesty.NestedSampler(
        lambda x: -2.0 * x @ x, lambda cube: 4.0 * cube - 2.0, 2, nlive=30,
        rstate=np.random.default_rng(0),
    )  # fmt: skip
    sampler.run_nested(print_progress=False, dlogz=0.5)
    expected = sampler.results.logvol
    assert_allclose(jobs._volumes(len(expected), 30), expected, atol=1e-9)


def test_a_kept_sample_has_its_course(tmp_path: Path):
    (job, *_) = made().specification.jobs()
    job = job.model_copy(update={"settings": Settings(live_points=20, steps=5), "draws": 4})
    content = jobs._as_text(job, sampled(70), sampled(70).draws(4, 0))
    (tmp_path / "a.json").write_text(content)
    again = jobs._read(job, tmp_path / "a.json")
    assert again.trace is not None
    assert again.trace.normals.shape == (70, 2)
    kept = json.loads(content)
    del kept["trace"]
    (tmp_path / "a.json").write_text(json.dumps(kept))
    old = jobs._read(job, tmp_path / "a.json")
    assert old.trace is None
    with pytest.raises(documents.DocumentError, match="before courses were kept"):
        plots_posterior.trace(old)


# --- figures --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    SPECIFICATIONS,
    ids=lambda file: file.stem,
)
def test_every_calibration_can_be_drawn(file: Path):
    found = made(file.stem, draws=40)
    for draw in (plots_posterior.intervals, lambda one: plots_posterior.trace(one.results[0])):
        figure = draw(found)
        assert plots.rendered(figure, "png").startswith(b"\x89PNG")


def test_pairs_are_drawn():
    pytest.importorskip("corner")
    figure = plots_posterior.corner(made("norms-only", draws=60))
    titles = [axis.get_title() for axis in figure.axes]
    assert "norms" in titles
    assert "leader\nstance,\nprecision" in titles


@pytest.mark.slow
def test_pairs_are_drawn_the_same_every_time():
    pytest.importorskip("corner")
    found = made("all", draws=200)
    first, second = (plots.rendered(plots_posterior.corner(found), "png") for _ in range(2))
    assert first == second


def test_intervals_show_the_most_learnt_first(known):
    figure = plots_posterior.intervals(made(draws=60))
    shown = [text.get_text() for text in figure.axes[0].texts if text.get_text() != "contraction"]
    values = [float(text) for text in shown]
    assert values == sorted(values, reverse=True)
    assert figure.axes[0].get_yticklabels()[0].get_text().endswith(")")


def test_predictions_are_drawn_beside_history(idata):
    figure = plots_posterior.predictive(idata)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert "JPN, crimea-2014" in titles
    assert "what is documented, by kind" in titles
    assert plots.rendered(figure, "png").startswith(b"\x89PNG")


def test_names_are_in_words():
    assert plots_posterior.label("groups.regional_threat") == "regional threat"
    assert plots_posterior.label("market_courted") == "market courted"
