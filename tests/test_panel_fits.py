"""Fits of the world panel: specifications, jobs, what draws say, and what is left out of them."""

import math
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from alignsim import chain, documents, jobs, priors, reading, situation, weights
from alignsim.decision import LEVELS, PRECISIONS
from alignsim.documents import DocumentError
from alignsim.jobs import Result
from alignsim.panel import baselines, energy, features, fits, forecasting, leaving, within
from alignsim.panel import specification as specifications
from alignsim.panel.fits import Fitted
from alignsim.panel.specification import Fit
from alignsim.panel.within import FLAT, FREE, THEORY, World
from alignsim.weights import RATES, TERMS
from tests import panels
from tests.panels import DRAWS, SPECIFICATION, STATES, UNION, UNITS
from tests.studies import EXPERIMENTS

EAST_ASIA = "East and South-East Asia"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of few states, whose folder has both worlds."""
    return specifications.read(panels.study(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def scenario(study):
    return reading.read(study.fit_on)


@pytest.fixture(scope="module")
def fitted(study, tmp_path_factory):
    """Every fit, with draws of the prior."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "run", panels.results)
        return fits.fit(study, tmp_path_factory.mktemp("fits"))


# --- specifications -------------------------------------------------------------------------


def test_the_shipped_study_is_one_of_2014_alone():
    found = specifications.read(EXPERIMENTS / "panel" / "panel.yaml")
    assert (found.fit_on, found.forecast, found.main) == ("world-2014", "world-2022", "four-agent")
    assert found.fits[found.main].episodes == ("crimea-2014",)
    assert found.fits[found.main].without == ("JPN", "KOR")
    assert found.fits["flat"] == Fit(title="Flat prior")


FIT_ON = "fit_on: world-2014.yaml"
FLAT_FIT = "  flat: {title: Flat prior}\n"
FAULTS = [
    ("kind: panel", "kind: sweep", 2, "kind: should be 'panel'"),
    ("draws: 8", "draws: 1", 15, "draws: should be greater than or equal to 2"),
    ("resamples: 20", "resample: 20", 17, "resample: unknown key; allowed: name, kind, note"),
    ("seed: 0", "seed: -1", 18, "seed: should be greater than or equal to 0"),
    ("main: four-agent", "main: best", 6, "main: one of four-agent, flat, joint, without-energy"),
    (FLAT_FIT, "  even: {title: Flat prior}\n", 7, "fits: missing key flat"),
    ("[crimea-2014]", "[moon-2030]", 8, "fits.four-agent.episodes.0: one of crimea-2014, rapp"),
    ("[crimea-2014]", "[world-2014]", 8, "fits.four-agent.episodes.0: one of crimea-2014, rapp"),
    ("Flat prior", "Flat prior, without: [KOR, ITA]", 9, "flat.without.1: ITA is no ally of world"),
    ("Flat prior", "Flat prior, leave: [luck]", 9, "flat.leave.0: one of abandonment, coalition"),
    ("Flat prior", "Flat prior, leave: [coherence]", 9, "flat.leave.0: one of abandonment"),
    (FIT_ON, "fit_on: world-2022", 4, "fit_on: of this world no ends are documented"),
    (FIT_ON, "fit_on: world-2044", 4, "fit_on: world-2044: no such scenario"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS)
def test_a_fault_names_file_line_key_and_what_is_allowed(tmp_path, old, new, line, said):
    assert SPECIFICATION.count(old) == 1
    file = panels.study(tmp_path, SPECIFICATION.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        specifications.read(file)
    told = str(caught.value)
    assert told.startswith(f"{file}:{line}: "), told
    assert said in told
    assert "\n" not in told


UNFIT = [
    ("name: crimea-2014", "name: mine-2014", "the leader's level is not documented throughout"),
    ("year: 2013", "year: 1999", "no table of indicators of 1999"),
    (", year: 2013", "", "no year of its indicators"),
]


@pytest.mark.parametrize(("old", "new", "said"), UNFIT)
def test_a_world_that_cannot_be_forecast_is_refused(tmp_path, short_episode, old, new, said):
    episode = re.sub(
        r"^( *capability: .*|name: .*)$",
        lambda line: line[0].replace(old, new),
        short_episode,
        flags=re.MULTILINE,
    )
    (tmp_path / "mine.yaml").write_text(episode)
    text = SPECIFICATION.replace("world-2022.yaml", str(tmp_path / "mine.yaml"))
    file = panels.study(tmp_path, text)
    with pytest.raises(DocumentError) as caught:
        specifications.read(file)
    assert str(caught.value).startswith(f"{file}:5: forecast: ")
    assert said in str(caught.value)


def test_unions_that_ended_apart_are_refused(tmp_path):
    file = panels.study(tmp_path)
    world = panels.world_file(tmp_path, "world-2014")
    world.write_text(world.read_text().replace('"DEU",', '"DEU", "MEX",', 1))
    with pytest.raises(DocumentError, match=r"panel\.yaml:4: fit_on: EU: members ended apart"):
        specifications.read(file)


def test_dynamics_that_are_not_there_are_told(tmp_path):
    file = panels.study(tmp_path, SPECIFICATION.replace("neutral", "nowhere"))
    with pytest.raises(DocumentError, match="nowhere: no such weights; shipped: "):
        specifications.read(file)


# --- fits and jobs --------------------------------------------------------------------------


def test_a_fit_on_the_world_alone_has_the_terms_that_bear_on_joining(study):
    flat = study.fits["flat"]
    assert set(TERMS) - set(flat.terms) == {
        "supply_lost", "restraint", "market_courted", "coherence", "leadership", "escalation",
        "outlets", "concession", "retaliation",
    }  # fmt: skip
    assert flat.precisions == ("level", "leader_stance")


def test_a_fit_on_episodes_has_all_terms_and_precisions(study):
    assert study.fits["joint"].terms == TERMS
    assert study.fits["joint"].precisions == PRECISIONS


def test_terms_that_are_left_have_no_weight(study, fitted):
    own = study.fits["without-energy"]
    assert set(study.fits["flat"].terms) - set(own.terms) == {"supply_at_risk", "diversification"}
    for one in fitted["without-energy"].drawn:
        assert one.weights.supply_at_risk == one.weights.diversification == 0.0
        assert one.weights.market > 0.0


def test_numbers_that_are_free_are_those_of_the_fit(study):
    space = fits.job(study, "without-energy").space()
    assert set(space.names) == {
        *study.fits["without-energy"].terms, "precision_level", "precision_leader_stance",
        "persistence", "attention", "abstention_premium",
    }  # fmt: skip


def counted(job):
    """Documented decisions and units that a job counts."""
    target = job.target()
    return sum(course.counted for course in target.courses), target.world.ends[:, 0] >= 0


def test_what_is_left_out_of_the_world_counts_no_more(study):
    decisions, units = counted(fits.job(study, "four-agent"))
    assert decisions == 90
    assert dict(zip(UNITS, units, strict=True)) == {
        unit: unit not in ("JPN", "KOR") for unit in UNITS
    }
    less = fits.job(study, "four-agent", ["MEX", "EU"])
    assert less.without == ("EU", "JPN", "KOR", "MEX")
    assert less.name == "four-agent without MEX, EU"
    decisions, units = counted(less)
    assert decisions == 90
    assert units.sum() == 7
    assert counted(fits.job(study, "flat"))[0] == 0
    assert counted(fits.job(study, "flat"))[1].all()


def test_an_episode_counts_by_the_allies_that_are_not_left_out(study):
    """The decisions of the other ally and the leader's level remain; of no ally, nothing does."""
    whole = fits.job(study, "four-agent", ["JPN"])
    korea = fits.job(study, "four-agent", ["JPN"], ("KOR",))
    japan = fits.job(study, "four-agent", ["KOR"], ("JPN",))
    none = fits.job(study, "four-agent", ["JPN", "KOR"], ())
    found = [counted(one)[0] for one in (whole, korea, japan, none)]
    assert found[0] == 90
    assert found[1] == found[2] == (90 + 10) / 2  # ten steps of the leader's level are in both
    assert found[3] == 0
    assert korea.judged.episodes == ("crimea-2014",)
    assert len({one.digest for one in (whole, korea, none)}) == 3


def test_a_job_is_another_when_the_world_is(study, tmp_path):
    """Its file may stand at the same place; what it says is hashed."""
    job = fits.job(study, "flat")
    assert job.digest == fits.job(study, "flat").digest
    assert job.digest == job.model_copy(update={"name": "another"}).digest
    world = panels.world_file(tmp_path, "world-2014")
    other = job.model_copy(update={"world": str(world)})
    before = other.digest
    for cached in (fits._scenario, fits._world_digest):
        cached.cache_clear()
    assert other.digest == before
    panels.world_file(tmp_path, "world-2014", STATES[1:])
    for cached in (fits._scenario, fits._world_digest):
        cached.cache_clear()
    assert other.digest != before


# --- what draws say of the world ------------------------------------------------------------


def test_draws_have_the_feedbacks_at_rest(fitted):
    """The likelihood knows none; those of the dynamics that the study names are not nothing."""
    assert all(weights.read_set("neutral").dynamics[rate].value > 0.0 for rate in RATES)
    for one in fitted.values():
        assert len(one.table) == len(one.drawn) == DRAWS
        assert (one.table[[f"dynamics.{rate}" for rate in RATES]] == 0.0).all(axis=None)
        assert {getattr(drawn.dynamics, rate) for drawn in one.drawn for rate in RATES} == {0.0}


@pytest.mark.parametrize("name", ["flat", "joint", "without-energy"])
def test_p_joined_is_that_of_the_chain_under_the_numbers_sampled(fitted, scenario, name):
    """Not by way of groups and terms, into which a table of draws splits the numbers."""
    world, one = chain.world(scenario), fitted[name]
    space = one.result.job.space()
    for draw, normals in enumerate(one.result.normals):
        found = priors.numbers(space, normals)
        still = priors.dynamics_of(found)._replace(**dict.fromkeys(RATES, 0.0))
        levels = chain.probabilities(priors.weights_of(found), still, world)
        assert one.levels[draw] == pytest.approx(levels, rel=1e-9, abs=1e-300)
    assert one.joined == pytest.approx(one.levels[:, :, 2:].sum(axis=2))
    assert one.levels.shape == (DRAWS, len(UNITS), LEVELS)


def test_logs_are_those_of_the_documented_ends(fitted, study, scenario):
    flat = fitted["flat"]
    for unit, (low, high) in {"CAN": (2, 5), "EU": (2, 5), "CHN": (0, 1), "CHE": (1, 3)}.items():
        place = UNITS.index(unit)
        mass = sum(flat.levels[:, place, level] for level in range(low, high + 1))
        assert flat.logs[:, place] == pytest.approx(np.log(np.maximum(mass, 1e-300)))
    less = Fitted("flat", flat.fit, flat.result, chain.world(scenario, without=("MEX",)))
    gone = np.isnan(less.logs).all(axis=0)
    assert [unit for unit, out in zip(UNITS, gone, strict=True) if out] == ["MEX"]
    assert less.logs[:, ~gone] == pytest.approx(flat.logs[:, ~gone])


def test_an_end_that_is_out_of_reach_has_a_finite_log(fitted):
    """Weights under which nobody could ever have come as far."""
    one = fitted["flat"]
    hopeless = Fitted("x", one.fit, one.result, one.world)
    hopeless.__dict__["levels"] = np.where(np.arange(LEVELS) == 0, 1.0, 0.0) + np.zeros_like(
        one.levels
    )
    assert hopeless.logs[0, UNITS.index("CAN")] == pytest.approx(math.log(1e-300))
    assert hopeless.logs[0, UNITS.index("MEX")] == 0.0


# --- what the world teaches -----------------------------------------------------------------


def drawn_as(one, normals):
    """A fit with other draws."""
    found = one.result
    same = (found.evidence, found.error, found.information, found.calls, found.effective)
    return Fitted(one.name, one.fit, Result(found.job, *same, np.asarray(normals)), one.world)


@pytest.fixture(scope="module")
def taught(study, fitted):
    """The flat fit has draws of the prior themselves, the main one the same draw throughout.

    Without a warning of terms that the flat fit does not know.
    """
    before = fits._prior_result(fitted["flat"].result.job).normals
    surely = np.tile(fitted["four-agent"].result.normals[:1], (DRAWS, 1))
    found = {
        "flat": drawn_as(fitted["flat"], before),
        "four-agent": drawn_as(fitted["four-agent"], surely),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fits.identified(study, found).set_index("term"), found


def test_draws_of_the_prior_identify_nothing_and_equal_draws_everything(study, taught):
    table, _ = taught
    assert tuple(table.index) == study.fits["flat"].terms
    assert table["world"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert table["both"].to_numpy() == pytest.approx(1.0, abs=1e-12)
    assert (table["two_allies"] < 1.0).all()


def test_strength_is_weight_times_precision(taught):
    table, found = taught
    weighed = found["four-agent"].drawn[0].weights
    for term, row in table.iterrows():
        strength = getattr(weighed, term) * weighed.precision_level
        assert row[["strength_low", "strength", "strength_high"]].tolist() == pytest.approx(
            [strength] * 3
        )


@pytest.mark.parametrize(
    ("episodes", "shipped"),
    [(("crimea-2014",), "fitted-2014"), (("crimea-2014", "ukraine-2022"), "calibrated")],
)
def test_the_two_allies_are_the_shipped_draws(study, fitted, taught, episodes, shipped):
    fit = study.fits["four-agent"].model_copy(update={"episodes": episodes})
    one = fitted["four-agent"]
    found = {**taught[1], "four-agent": Fitted(one.name, fit, one.result, one.world)}
    table = fits.identified(study, found).set_index("term")
    told = [math.log(one.weights.values * one.weights.precision_level)
            for one in weights.read_draws(shipped)]  # fmt: skip
    # of one term in its group: log-normal group, term and precision
    prior = 1.0**2 + 0.7**2 + 1.5**2
    assert table.loc["values", "two_allies"] == pytest.approx(1.0 - np.var(told) / prior, abs=0.05)


def test_a_term_without_a_weight_is_not_asked_after(study, fitted):
    found = {**fitted, "four-agent": fitted["without-energy"]}
    table = fits.identified(study, found)
    assert set(study.fits["flat"].terms) - set(table["term"]) == {
        "supply_at_risk", "diversification",
    }  # fmt: skip
    assert np.isfinite(table.drop(columns="term").to_numpy(dtype=float)).all()


def test_log_bayes_factors_are_differences_to_the_flat_fit(fitted):
    table = fits.groups(fitted).set_index("fit")
    assert list(table.index) == ["flat", "without-energy"]
    assert table["log_marginal_likelihood"].tolist() == [-11.0, -13.0]
    assert table["log_bayes_factor"].tolist() == [0.0, -2.0]
    assert table["error"].tolist() == [0.0, pytest.approx(math.sqrt(2.0) * 0.1)]
    assert table["left_out"].tolist() == ["", "supply_at_risk diversification"]


# --- weight files ---------------------------------------------------------------------------


def test_weight_files_are_read_back(study, fitted, tmp_path):
    one = fitted["joint"]
    file, beside = fits.weight_files(study, one, tmp_path / "mine.yaml", "2026-01-02")
    assert (file.name, beside.name) == ("mine.yaml", "mine-draws.csv")
    found = weights.read_set(file)
    assert (found.name, found.status, found.date) == ("mine", "calibrated", "2026-01-02")
    assert found.data == (
        "ends of 9 units of world-2014, decisions of crimea-2014, decisions of ukraine-2022"
    )
    assert "log marginal likelihood -12.00 +- 0.10" in found.method
    assert found.terms["market"].value == pytest.approx(
        math.exp(np.log(one.table["terms.market"]).mean()), rel=1e-4
    )
    assert [found.dynamics[rate].range for rate in RATES] == [(0.0, 0.0)] * 3
    assert found.dynamics["attention"].range != (0.0, 0.0)
    for read, drawn in zip(weights.read_draws(file), one.drawn, strict=True):
        assert read.weights == pytest.approx(drawn.weights, rel=1e-4)
        assert read.dynamics == pytest.approx(drawn.dynamics, rel=1e-4)


def test_files_are_named_after_the_world_wherever_it_stands(study):
    assert study.fit_on.startswith("/")
    assert fits.shipped_as(study) == {
        "four-agent": "world-2014.yaml",
        "joint": "world-2014-joint.yaml",
    }
    less = {name: fit for name, fit in study.fits.items() if name != "joint"}
    assert fits.shipped_as(study.model_copy(update={"fits": less})) == {
        "four-agent": "world-2014.yaml"
    }


def test_any_title_may_stand_in_a_weight_file(study, fitted, tmp_path):
    one = fitted["flat"]
    quoted = one.fit.model_copy(update={"title": 'A "flat" prior: \\ # none'})
    told = Fitted(one.name, quoted, one.result, one.world)
    file, _ = fits.weight_files(study, told, tmp_path / "quoted.yaml", "2026-01-02")
    assert weights.read_set(file).note.startswith('A "flat" prior: \\ # none. The yearly')
    assert weights.read_set(file).data == "ends of 11 units of world-2014"


def test_weights_that_would_not_be_read_are_not_written(study, fitted, tmp_path):
    with pytest.raises(DocumentError, match=r"My weights\.yaml:2: name: "):
        fits.weight_files(study, fitted["flat"], tmp_path / "My weights.yaml", "2026-01-02")
    with pytest.raises(DocumentError, match="date: "):
        fits.weight_files(study, fitted["flat"], tmp_path / "mine.yaml", "yesterday")
    assert not list(tmp_path.iterdir())


DAMAGES = [
    ("mine.yaml", "status: calibrated", "status: good", r"mine\.yaml:4: status: "),
    ("mine.yaml", "  market: {value: ", "  market: {value: -", r"mine\.yaml:\d+: terms\.market"),
    (
        "mine-draws.csv",
        "precision.level",
        "precision.levels",
        r"mine-draws\.csv:1: column precision",
    ),
    ("mine-draws.csv", "\n", "\nmuch", r"mine-draws\.csv:2: precision\.level|groups\.\w+: 'much"),
]


@pytest.mark.parametrize(("name", "old", "new", "said"), DAMAGES)
def test_damaged_weight_files_are_refused(study, fitted, tmp_path, name, old, new, said):
    file, _ = fits.weight_files(study, fitted["flat"], tmp_path / "mine.yaml", "2026-01-02")
    damaged = tmp_path / name
    text = damaged.read_text()
    assert old in text
    damaged.write_text(text.replace(old, new, 1))
    with pytest.raises(DocumentError, match=said):
        weights.check(documents.read(file))


# --- leaving out ----------------------------------------------------------------------------


@pytest.fixture
def unsmoothed(monkeypatch):
    """Weights are left as they are, with a shape that a test may set."""
    shape = SimpleNamespace(value=0.1)
    smoother = SimpleNamespace(psislw=lambda logs: (logs, shape.value))
    monkeypatch.setattr(leaving, "imported", lambda name: smoother)
    return shape


@pytest.fixture
def asked(monkeypatch):
    """Jobs that are asked for; draws of the prior are given."""
    found = []

    def noted(wanted, *more):
        found.extend(wanted)
        return panels.results(wanted, *more)

    monkeypatch.setattr(jobs, "run", noted)
    return found


def two(one):
    """The fit with its first two draws."""
    return drawn_as(one, one.result.normals[:2])


def by_group(parts):
    return {part.group: part for part in parts}


def left(study, scenario, fitted, labels, tmp_path, **more):
    return by_group(leaving.left_out(study, scenario, fitted, labels, tmp_path, **more))


def test_draws_weigh_as_the_inverse_of_the_likelihood_of_what_is_left_out(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    one = two(fitted["flat"])
    found = left(study, scenario, one, features.unit(scenario), tmp_path)
    assert tuple(found) == UNITS
    for unit, part in found.items():
        place = UNITS.index(unit)
        assert part.units == (place,)
        first, second = one.logs[:, place]
        # 1 / (1 + L1 / L2), the more the less probable the draw found it
        assert part.weights[0] == pytest.approx(1.0 / (1.0 + math.exp(first - second)))
        assert part.weights.sum() == pytest.approx(1.0)
        told = part.weights[0] * one.joined[0] + part.weights[1] * one.joined[1]
        assert part.mean(one.joined) == pytest.approx(told)
    assert asked == []


def test_a_region_weighs_by_all_its_units(study, scenario, fitted, unsmoothed, asked, tmp_path):
    one = two(fitted["flat"])
    labels = features.region(scenario, 2013)
    found = left(study, scenario, one, labels, tmp_path)
    assert set(found) == set(labels)
    part = found[EAST_ASIA]
    assert [UNITS[place] for place in part.units] == ["CHN", "JPN", "KOR"]
    first, second = one.logs[:, list(part.units)].sum(axis=1)
    assert part.weights[0] == pytest.approx(1.0 / (1.0 + math.exp(first - second)))
    assert found["European Union"].units == (UNITS.index("EU"),)


def test_a_unit_that_does_not_count_leaves_all_draws_alike(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    one = fitted["flat"]
    less = Fitted("flat", one.fit, one.result, chain.world(scenario, without=("MEX",)))
    unsmoothed.value = 9.0
    found = left(study, scenario, less, features.unit(scenario), tmp_path, resample=False)
    assert found["MEX"].weights.tolist() == [1.0 / DRAWS] * DRAWS
    assert found["MEX"].shape == -math.inf
    assert found["CAN"].shape == 9.0
    assert asked == []


def test_where_weights_are_not_reliable_they_are_sampled_again(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    unsmoothed.value = leaving.RELIABLE + 0.01
    one = fitted["flat"]
    found = left(study, scenario, one, features.unit(scenario), tmp_path)
    again = {unit for unit, part in found.items() if math.isnan(part.shape)}
    assert {job.without for job in asked} == {(unit,) for unit in again}
    inverse = np.exp(-one.logs - (-one.logs).max(axis=0))
    effective = inverse.sum(axis=0) ** 2 / np.square(inverse).sum(axis=0)
    assert again == {unit for unit, n in zip(UNITS, effective, strict=True) if n <= 0.9 * DRAWS}
    assert "EU" in again
    assert again < set(UNITS)
    part = found["EU"]
    fresh = next(job for job in asked if job.without == ("EU",))
    assert part.fitted.result.job == fresh
    assert part.weights.tolist() == [1.0 / DRAWS] * DRAWS
    assert part.mean(part.fitted.joined) == pytest.approx(part.fitted.joined.mean(axis=0))
    assert not np.array_equal(part.fitted.joined, one.joined)


def test_weights_that_are_even_need_no_shape(study, scenario, fitted, unsmoothed, asked, tmp_path):
    """All draws but for a trifle alike: the shape of the tail is that of nothing."""
    unsmoothed.value = math.inf
    one = drawn_as(fitted["flat"], np.tile(fitted["flat"].result.normals[:1], (DRAWS, 1)))
    one.logs[:, UNITS.index("CAN")] += np.linspace(0.0, 0.5, DRAWS)
    found = left(study, scenario, one, features.unit(scenario), tmp_path)
    assert asked == []
    assert found["CAN"].shape == math.inf
    assert found["CAN"].weights[0] > found["CAN"].weights[-1]


def test_decisions_of_a_state_that_is_left_out_are_left_out_as_well(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    one = fitted["four-agent"]
    labels = features.unit(scenario)
    found = left(study, scenario, one, labels, tmp_path, resample=False)
    judged = {job.without: job.judged for job in asked}
    assert set(judged) == {("JPN", "KOR")}, "neither counts by its end, whichever is left out"
    assert [job.judged.allies for job in asked] == [("KOR",), ("JPN",)]
    assert {job.judged.episodes for job in asked} == {("crimea-2014",)}
    assert math.isnan(found["JPN"].shape)
    assert math.isnan(found["KOR"].shape)
    assert found["CHN"].shape == 0.1
    asked.clear()
    found = left(study, scenario, one, features.region(scenario, 2013), tmp_path)
    assert [(job.without, job.judged.episodes) for job in asked] == [(("CHN", "JPN", "KOR"), ())]
    assert found[EAST_ASIA].fitted.result.job == asked[0]


def test_the_episode_stays_whole_where_its_allies_are_not_left_out(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    unsmoothed.value = math.inf
    left(study, scenario, fitted["four-agent"], features.unit(scenario), tmp_path)
    others = [job for job in asked if job.without != ("JPN", "KOR")]
    assert others
    for job in others:
        assert {"JPN", "KOR"} < set(job.without)
        assert job.judged.allies is None
        assert job.judged.episodes == ("crimea-2014",)


def test_p_joined_is_that_of_the_unit_for_each_member(
    study, scenario, fitted, unsmoothed, asked, tmp_path
):
    one = two(fitted["flat"])
    parts = leaving.left_out(study, scenario, one, features.unit(scenario), tmp_path)
    found = leaving.p_joined(scenario, parts, lambda fitted: fitted.joined)
    assert tuple(found.index) == STATES
    place = UNITS.index("EU")
    told = by_group(parts)["EU"].weights @ one.joined[:, place]
    assert found[list(UNION)].tolist() == [pytest.approx(told)] * 4
    assert found["MEX"] == pytest.approx(
        by_group(parts)["MEX"].weights @ one.joined[:, UNITS.index("MEX")]
    )


def test_p_joined_is_a_probability_however_sums_round(scenario, fitted):
    weights_ = np.full(3, 1.0 / 3.0)
    above = np.full((3, len(UNITS)), 1.0 + 4e-16)
    part = leaving.LeftOut("x", tuple(range(len(UNITS))), fitted["flat"], weights_, 0.1)
    assert part.mean(above).max() > 1.0
    assert set(leaving.p_joined(scenario, [part], lambda fitted: above)) == {1.0}


@pytest.mark.parametrize("shape", [0.2, 0.5, 1.0])
def test_the_shape_is_that_of_the_tail(shape):
    """exp(shape * E) of an exponential E is Pareto with that shape, by definition."""
    quantiles = (np.arange(4000) + 0.5) / 4000
    logs = np.random.default_rng(0).permutation(-shape * np.log1p(-quantiles))
    weights_, found = leaving._smoothed(logs)
    assert found == pytest.approx(shape, abs=0.05)
    assert weights_.sum() == pytest.approx(1.0)
    assert np.argsort(weights_).tolist() == np.argsort(logs).tolist()
    low = logs < np.median(logs)
    raw = np.exp(logs) / np.exp(logs[low]).sum()
    assert weights_[low] / weights_[low].sum() == pytest.approx(raw[low])


# --- within 2014 ----------------------------------------------------------------------------


def test_states_are_scored_all_without_the_union_and_new(scenario, study):
    world = World.of(study.fit_on)
    assert "CHE" not in world.joined.index, "it came some of the way"
    known = [state for state in STATES if state != "CHE"]
    assert world.subsets() == {
        "all states": known,
        "without the EU": [state for state in known if state not in UNION],
    }
    before = pd.Series({"CAN": 1.0, "AUS": 0.0, "MEX": np.nan})
    assert world.subsets(before)["not joined in 2014"] == [s for s in known if s != "CAN"]


PLAIN = baselines.PLAIN[:3]
"""The penalised logit takes its time."""


@pytest.fixture(scope="module")
def found(study, fitted, tmp_path_factory):
    """What is said within 2014, weights as they are wherever that is not impossible."""
    smoother = SimpleNamespace(psislw=lambda logs: (logs, 0.1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "run", panels.results)
        patch.setattr(leaving, "imported", lambda name: smoother)
        patch.setattr(baselines, "PLAIN", PLAIN)
        return within.within(study, fitted, tmp_path_factory.mktemp("within"))


def test_every_forecaster_speaks_of_every_state(found):
    names = [THEORY, FLAT, FREE, *(baseline.name for baseline in PLAIN)]
    for table in (found.by_unit, found.by_region):
        assert tuple(table.index) == STATES
        assert list(table.columns) == names
        told = table.drop(index="CHE")
        assert ((told >= 0.0) & (told <= 1.0)).all(axis=None)
        # A baseline says something of those alone that it can be scored on.
        assert table.loc["CHE"].notna().to_dict() == {
            name: name in (THEORY, FLAT, FREE) for name in names
        }
        for name in (THEORY, FLAT, FREE):
            assert table.loc[list(UNION), name].nunique() == 1
    assert not np.allclose(found.by_unit[THEORY], found.by_region[THEORY])


def test_baselines_are_left_out_alike(found):
    world = found.world
    for table, groups in ((found.by_unit, world.unit), (found.by_region, world.region)):
        told = baselines.leave_out(PLAIN[1], world.features, world.joined, world.unit, groups)
        assert table["ideal point"].dropna().to_dict() == told.to_dict()


def test_japan_and_korea_are_sampled_again_in_the_main_fit_alone(found):
    shapes = found.shapes
    again = shapes[shapes["shape"].isna()]
    assert again[["left_out", "forecaster", "group"]].to_numpy().tolist() == [
        ["unit", THEORY, "JPN"],
        ["unit", THEORY, "KOR"],
        ["region", THEORY, EAST_ASIA],
    ]
    assert len(shapes) == 2 * len(UNITS) + 2 * 7


def test_the_forecast_of_the_coalition_is_by_free_runs_with_the_same_weights(
    study, scenario, fitted, found, unsmoothed, asked, tmp_path
):
    one = fitted["four-agent"]
    runs = forecasting.counts(forecasting.measured(scenario), one.drawn, panels.RUNS, study.seed)
    parts = left(study, scenario, one, features.unit(scenario), tmp_path)
    chances = forecasting.shares(runs)
    for state in ("MEX", "NZL", "FRA"):
        unit = "EU" if state in UNION else state
        told = parts[unit].weights @ chances[:, STATES.index(state)]
        told = forecasting.smoothed(told, len(one.drawn) * panels.RUNS)
        assert found.by_unit.loc[state, FREE] == pytest.approx(told)


def test_scores_are_of_each_forecaster_subset_and_way_of_leaving_out(found):
    keys = found.scores[["left_out", "subset", "forecaster"]]
    assert len(keys) == len(keys.drop_duplicates()) == 2 * 2 * 6
    first = found.scores.iloc[0]
    assert (first["states"], first["units"]) == (13, 10)
    p, joined = found.by_unit[THEORY], found.world.joined
    union = sum((p[state] - 1.0) ** 2 / 4.0 for state in UNION)
    others = sum((p[s] - joined[s]) ** 2 for s in joined.index if s not in UNION)
    assert first["brier"] == pytest.approx((union + others) / 10.0)


def test_calibration_has_rows_of_each_forecaster_that_hold_all_units(found):
    table = found.calibration
    assert set(table["subset"]) == {"all states", "without the EU"}
    table = table[table["subset"] == "all states"]
    assert set(table["forecaster"]) == set(found.by_unit.columns)
    assert table.groupby("forecaster")["weight"].sum().to_numpy() == pytest.approx(10.0)
    rates = table[table["forecaster"] == "base rate"]
    assert (rates["weight"] * rates["observed"]).sum() == pytest.approx(6.0)  # of ten units


# --- energy ---------------------------------------------------------------------------------

PLANTED = 200


def planted(monkeypatch, joined, confounder):
    """States, each a unit, whose exposure and nearness are even, the rest at random."""
    rng = np.random.default_rng(0)
    states = [f"S{number:03}" for number in range(PLANTED)]
    names = (*energy.ENERGY, "nearness_russia", "eu", "nato", "g7", "eu_associate", "ideal_point")
    table = pd.DataFrame(rng.uniform(size=(PLANTED, len(names))), states, list(names))
    table["exposure"] = np.linspace(0.0, 1.0, PLANTED)
    table["nearness_russia"] = confounder(table)
    monkeypatch.setattr(energy, "_indices", lambda world: table)
    unit = pd.Series(states, states)
    return World(None, table, joined(table).astype(float), unit, unit)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_planted_effect_of_energy_is_found_under_all_controls(study, monkeypatch, sign):
    world = planted(
        monkeypatch,
        lambda table: sign * (table["exposure"] - 0.5) + 0.1 * (table["trade"] - 0.5) > 0.0,
        lambda table: table["diversification_need"],
    )
    found = energy.energy(study, world)
    assert len(found) == len(energy.ENERGY) * len(energy.CONTROLS)
    exposure = found[found["index"] == "exposure"]
    assert tuple(exposure["controls"]) == tuple(energy.CONTROLS)
    assert (sign * exposure[["effect", "effect_low", "effect_high"]] > 0.0).all(axis=None)
    assert (found["effect_low"] <= found["effect_high"]).all()
    other = found[found["index"] == "diversification_need"]
    assert (other["effect"].abs() < exposure["effect"].abs().min()).all()


def test_controls_absorb_what_only_seems_to_be_energy(study, monkeypatch):
    """Nearness decides, if not alone; exposure goes with it."""
    rng = np.random.default_rng(1)
    chance = rng.normal(0.0, 0.15, PLANTED)
    world = planted(
        monkeypatch,
        lambda table: table["nearness_russia"] + chance > 0.5,
        lambda table: np.clip(table["exposure"] + rng.normal(0.0, 0.25, PLANTED), 0.0, 1.0),
    )
    found = energy.energy(study, world).set_index(["index", "controls"])
    alone, controlled = (found.loc[("exposure", name)] for name in ("alone", "with proximity"))
    assert alone["effect_low"] > 3.0
    assert abs(controlled["effect"]) < alone["effect"] / 3.0
    assert controlled["effect_low"] < 0.0 < controlled["effect_high"]


def test_indices_of_energy_are_those_that_the_theory_takes(study, scenario):
    world = World.of(study.fit_on)
    table = energy._indices(world)
    line = forecasting.measured(scenario)[0]
    for name in energy.ENERGY:
        column = situation.ALLY_COLUMNS.index(name)
        assert table[name].tolist() == line.allies[0, :, column].tolist()
    near = np.exp(-world.features["distance_russia"] / 1000.0)
    assert table["nearness_russia"].tolist() == pytest.approx(near.tolist())
    assert table.loc["NOR", "nearness_russia"] == 1.0
    assert energy.energy(study, world)["effect"].notna().all()
