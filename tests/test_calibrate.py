"""Calibration: its specifications, what becomes of a sample, and the weights that are committed."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from alignsim import calibrate, documents, evidence, hypotheses, jobs, nested, reading, weights
from alignsim.calibrate import ALWAYS, INTERVAL, Posterior
from alignsim.decision import ALLY_GROUPS, GROUPS
from alignsim.documents import DocumentError
from alignsim.hypotheses import OTHER_TERMS, Hypothesis, Judged
from alignsim.jobs import Result
from alignsim.nested import Settings
from alignsim.variants import Base
from alignsim.weights import PARTS
from tests.strategies import EPISODES
from tests.studies import CALIBRATION, EXPERIMENTS, prior_sample

SPECIFICATIONS = sorted((EXPERIMENTS / "calibration").glob("*.yaml"))
EPISODE_FOLDER = evidence.data_root() / "configs" / "episodes"
COLUMNS = [f"{part}.{name}" for part, names in PARTS.items() for name in names]


def spec(text=CALIBRATION, **changes):
    """A small specification with some keys changed, as YAML."""
    lines = text.splitlines()
    for key, value in changes.items():
        lines = [line for line in lines if not line.startswith(f"{key}:")] + [f"{key}: {value}"]
    return calibrate.parse(documents.parse("\n".join(lines).encode(), "tiny.yaml"))


@pytest.fixture
def stand_in(monkeypatch):
    """Samples are draws of the prior."""
    monkeypatch.setattr(nested, "sample", prior_sample)


@pytest.fixture
def posterior(stand_in, tmp_path):
    return calibrate.calibrate(spec(), tmp_path / "out")


# --- specifications -----------------------------------------------------------------------------


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_the_shipped_specifications_are_read(file):
    found = calibrate.read(file)
    assert set(found.fit_on) <= set(EPISODES)
    assert found.draws == 200
    assert all(job.episodes == EPISODES for job in found.jobs()), "one engine for all"


@pytest.mark.slow
def test_the_shipped_ones_tell_each_group_apart():
    found = {one.name: one for one in map(calibrate.read, SPECIFICATIONS)}
    for group in set(ALLY_GROUPS) - {"inertia"}:
        alone = found[f"{group.replace('_', '-')}-only"]
        assert alone.known() == {*GROUPS[group], *ALWAYS, *OTHER_TERMS}
    assert found["calibrated"].fit_on == EPISODES
    assert found["calibrated"].known() == set(weights.TERMS)
    assert found["fitted-2014"].fit_on == ("crimea-2014",)
    assert found["fitted-2022"].fit_on == ("ukraine-2022",)
    assert {one.prior for one in found.values()} == {found["calibrated"].prior}


FAULTS = [
    ("name: tiny", "nome: tiny", 1, "nome: unknown key; allowed: name, kind, note, fit_on"),
    ("name: tiny", "name: Tiny", 1, "name: string should match pattern"),
    ("kind: calibration", "kind: sweep", 2, "kind: should be 'calibration'"),
    ("[crimea-2014]", "[]", 4, "fit_on: should have at least 1 item"),
    ("[crimea-2014]", "[crimea-2015]", 4, "fit_on.0: crimea-2015: no such scenario; shipped"),
    ("[norms]", "[norms, luck]", 5, "groups.1: one of energy_security, alliance_dependence"),
    ("[norms]", "[leadership]", 5, "groups.0: one of energy_security, alliance_dependence"),
    ("[norms]", "[]", 5, "groups: should have at least 1 item"),
    ("term: 0.7", "term: -1", 6, "prior.term: should be greater than 0"),
    ("group: 1.0", "group: 0", 6, "prior.group: should be greater than 0"),
    ("precision: 1.5", "precision: wide", 6, "prior.precision: should be a valid number"),
    (", term: 0.7", "", 6, "prior: missing key term"),
    ("precision_centre: 6.0", "precision_centre: 1e9", 6, "should be less than or equal to 1000"),
    ("live_points: 20", "live_points: 2", 8, "live_points: should be greater than or equal to 20"),
    ("steps: 5", "steps: 5.5", 8, "sampler.steps: should be a valid integer"),
    ("remaining: 5", "remain: 5", 8, "remain: unknown key; allowed: live_points, steps, remaining"),
    ("draws: 12", "draws: 0", 9, "draws: should be greater than or equal to 1"),
    ("seed: 0", "seed: -1", 10, "seed: should be greater than or equal to 0"),
    ("seed: 0", "input_draws: 1", 10, "input_draws: should be greater than or equal to 2"),
    ("seed: 0", "allies: []", 10, "allies: should have at least 1 item"),
    ("seed: 0", "allies: [JPN, FRA]", 10, "allies.1: one of JPN, KOR"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS, ids=[f[3][:40] for f in FAULTS])
def test_a_fault_names_file_line_key_and_what_is_allowed(tmp_path, old, new, line, said):
    assert CALIBRATION.count(old) == 1
    broken = tmp_path / "broken.yaml"
    broken.write_text(CALIBRATION.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        calibrate.read(broken)
    told = str(caught.value)
    assert told.startswith(f"{broken}:{line}: ")
    assert said in told
    assert "\n" not in told


def test_dynamics_that_are_not_there_are_told():
    with pytest.raises(DocumentError, match=r"luck: no such weights; shipped: .*neutral"):
        spec(dynamics="luck")


def test_a_faulty_episode_is_told_where_its_fault_is(tmp_path):
    text = (EPISODE_FOLDER / "crimea-2014.yaml").read_text("utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("name: crimea-2014", "nome: crimea-2014", 1))
    with pytest.raises(DocumentError, match=r"mine\.yaml:\d+: nome: unknown key"):
        spec(fit_on=f"[{tmp_path / 'mine.yaml'}]")


def test_an_episode_without_history_is_refused(tmp_path):
    text = (EPISODE_FOLDER / "crimea-2014.yaml").read_text("utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("name: crimea-2014", "name: mine", 1))
    with pytest.raises(DocumentError, match=r"tiny\.yaml:10: .*has no documented decisions"):
        spec(fit_on=f"[{tmp_path / 'mine.yaml'}]")


def test_a_file_stands_for_the_shipped_episode_of_its_name(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text((EPISODE_FOLDER / "crimea-2014.yaml").read_text("utf-8"))
    found = spec(fit_on=f"[{file}]")
    assert found.episodes() == (str(file), *EPISODES[1:])
    (job,) = found.jobs()
    (shipped,) = spec().jobs()
    counted = [[c.counted for c in one.target().courses] for one in (job, shipped)]
    assert counted[0] == counted[1] == [90, 0, 0]


def test_a_whatif_is_fitted_with_the_history_of_its_episode():
    (job,) = spec(fit_on="[seoul-isolated]").jobs()
    assert job.episodes == (*EPISODES, "seoul-isolated")
    assert [course.counted for course in job.target().courses] == [0, 0, 0, 90]


def test_only_decisions_of_the_named_allies_count():
    (job,) = spec(allies="[KOR]").jobs()
    courses = job.target().courses
    assert [course.counted for course in courses] == [5 * 10, 0, 0]


# --- from samples to draws ----------------------------------------------------------------------


def test_draws_have_the_columns_of_weight_files(posterior):
    assert list(posterior.table) == COLUMNS
    assert len(posterior.table) == posterior.specification.draws
    silent = {g for g in ALLY_GROUPS if g not in ("norms", "inertia")}
    for group in silent:
        assert (posterior.table[f"groups.{group}"] == 0.0).all()
    assert (posterior.table[["groups.norms", "groups.inertia"]] > 0.0).all(axis=None)
    assert posterior.decisions == 90
    ally = posterior.table[["groups.norms", "groups.inertia"]].mean(axis=1)
    assert_allclose(ally, 1.0, rtol=1e-12)


def test_draws_are_those_of_the_sample(posterior):
    """Each row, put together again, is what the sampler's coordinates mean."""
    from alignsim import priors

    (result,) = posterior.results
    space = result.job.target().space
    for normals, row in zip(result.normals, posterior.table.to_dict("records"), strict=True):
        numbers = priors.numbers(space, normals)
        again = priors.of_parts(calibrate.by_part(row))
        scale = again[priors.NAMES.index("inertia")] / numbers[priors.NAMES.index("inertia")]
        totals = slice(0, len(weights.TERMS))
        assert_allclose(again[totals], scale * numbers[totals], rtol=1e-9)
        assert_allclose(again[-6:], numbers[-6:], rtol=1e-12)


def test_the_same_specification_gives_the_same_draws(stand_in, tmp_path):
    first, second = (calibrate.calibrate(spec(), tmp_path / name) for name in ("a", "b"))
    other = calibrate.calibrate(spec(seed=1), tmp_path / "a")
    pd.testing.assert_frame_equal(first.table, second.table)
    assert calibrate.draws_file(first) == calibrate.draws_file(second)
    assert not first.table.equals(other.table)


def test_progress_is_told(stand_in, tmp_path):
    told = []
    calibrate.calibrate(spec(input_draws=2), tmp_path, told=lambda *now: told.append(now))
    assert told == [(0, ""), (1, "tiny, inputs 1"), (2, "tiny, inputs 2")]


def test_draws_of_all_drawings_are_pooled_alike(stand_in, tmp_path):
    found = calibrate.calibrate(spec(input_draws=3, draws=60), tmp_path)
    assert [result.job.inputs for result in found.results] == [(0, 3), (1, 3), (2, 3)]
    assert len(found.table) == 60
    whole = [calibrate.draws(result) for result in found.results]
    own = [{tuple(row) for row in table.to_numpy().tolist()} for table in whole]
    rows = [tuple(row) for row in found.table.to_numpy().tolist()]
    shares = [sum(row in drawing for row in rows) for drawing in own]
    assert sum(shares) == 60, "every row is a draw of one sample, and stands once"
    assert len(set(rows)) == 60
    assert min(shares) >= 10
    logs = np.array([result.evidence for result in found.results])
    assert found.evidence == pytest.approx(math.log(np.exp(logs).mean()))
    assert found.error == pytest.approx(0.1)


def test_evidence_is_averaged_as_it_is_and_not_as_a_log():
    job = spec().jobs()[0]
    made = [
        Result(job, evidence, error, 0.0, 0, 0.0, np.empty((0, 0)))
        for evidence, error in ((-1000.0, 0.1), (-1000.0 + math.log(3.0), 0.3))
    ]
    found = Posterior(spec(), pd.DataFrame(), tuple(made), 0)
    assert found.evidence == pytest.approx(-1000.0 + math.log(2.0))
    assert found.error == pytest.approx(0.2)


# --- what is said of them -----------------------------------------------------------------------


def of_table(**columns):
    """A posterior of which some columns are given, the others constant."""
    size = len(next(iter(columns.values())))
    table = pd.DataFrame({name: np.ones(size) for name in COLUMNS})
    return Posterior(spec(), table.assign(**columns), (), 90)


def test_the_summary_by_hand():
    known = np.exp([0.0, 0.1, 0.2, 0.3])
    plain = np.array([0.1, 0.2, 0.3, 0.4])
    found = calibrate.summary(
        of_table(**{"groups.norms": known, "dynamics.persistence": plain})
    ).set_index("number")
    assert list(found.index) == ["groups.norms", "dynamics.persistence"], "constants are left out"
    norms, memory = found.loc["groups.norms"], found.loc["dynamics.persistence"]
    assert norms["mean"] == pytest.approx(math.exp(0.15))
    assert norms["sd"] == pytest.approx(np.std([0.0, 0.1, 0.2, 0.3]))
    assert norms["median"] == pytest.approx(np.median(known))
    assert (norms["low"], norms["high"]) == pytest.approx(tuple(np.quantile(known, INTERVAL)))
    assert memory["mean"] == pytest.approx(0.25)
    # Uniform over 0 to 0.9: variance 0.9^2 / 12.
    assert memory["contraction"] == pytest.approx(1.0 - plain.var() / (0.81 / 12.0), abs=0.03)
    before = np.log(calibrate.prior_draws(spec())["groups.norms"].to_numpy())
    expected = 1.0 - np.log(known).var() / before.var()
    assert norms["contraction"] == pytest.approx(expected)


def test_draws_of_the_prior_teach_nothing():
    before = calibrate.prior_draws(spec())
    assert len(before) == 4000
    found = calibrate.summary(Posterior(spec(), before, (), 0))
    assert_allclose(found["contraction"], 0.0, atol=1e-12)
    pd.testing.assert_frame_equal(before, calibrate.prior_draws(spec()))


def test_without_data_the_posterior_is_the_prior():
    neutral = weights.read_set("neutral")
    bases = [Base.of(reading.read(name), neutral) for name in EPISODES]
    judged = Judged(episodes=(), only_allies=True)
    known = Hypothesis(title="norms", terms=("values",))
    target = hypotheses.target(known, ALWAYS, spec().prior, neutral, bases, judged)
    with pytest.warns(UserWarning, match="plateau"), pytest.warns(RuntimeWarning, match="same"):
        found = nested.sample(target, Settings(live_points=200, steps=5), seed=0)
    assert found.evidence == pytest.approx(0.0, abs=0.05)
    assert found.information == pytest.approx(0.0, abs=0.05)
    for column in found.draws(200, 0).T:
        assert stats.kstest(column, "norm").pvalue > 0.001


def test_the_record_is_what_the_summary_says(posterior):
    found = calibrate.record(posterior)
    assert found["name"] == "tiny"
    assert found["fit_on"] == ["crimea-2014"]
    assert found["decisions"] == 90
    assert found["numbers"] == calibrate.summary(posterior).to_dict("records")
    assert found["calls"] == posterior.results[0].calls


# --- weight files -------------------------------------------------------------------------------


def test_a_weight_file_is_read_again_and_holds_its_mean(posterior, tmp_path):
    file = tmp_path / "mine.yaml"
    written = calibrate.install(posterior, file, "tiny.yaml", "2026-01-02")
    assert written == [file, tmp_path / "mine-draws.csv"]
    found = weights.parse(documents.read(file))
    assert (found.name, found.status, found.date) == ("tiny", "calibrated", "2026-01-02")
    assert found.note == "A test: few points"
    assert found.data == "90 documented decisions of crimea-2014"
    assert "from tiny.yaml; change that file" in file.read_text().splitlines()[0]
    for part in PARTS:
        for name, number in getattr(found, part).items():
            values = posterior.table[f"{part}.{name}"].to_numpy()
            low, high = np.quantile(values, INTERVAL)
            mean = values.mean() if part == "dynamics" else math.exp(mean_log(values))
            assert number.value == pytest.approx(mean, rel=1e-4)
            if number.source == ["calibration"]:
                assert number.range == pytest.approx((low, high), rel=6e-3)
            assert number.range[0] <= number.value <= number.range[1]


def mean_log(values):
    return np.log(values).mean() if values.min() > 0.0 else -math.inf


def test_what_was_not_free_stands_as_in_the_file_of_the_dynamics(posterior, tmp_path):
    file, _ = calibrate.install(posterior, tmp_path / "mine.yaml", "tiny.yaml", "2026-01-02")
    found, stated = weights.read_set(file), weights.read_set("neutral")
    for name in ("energy_drift", "alignment_rise", "threat_rise"):
        assert found.dynamics[name] == stated.dynamics[name]
    assert found.dynamics["persistence"].source == ["calibration"]


def test_draws_are_read_back_to_six_digits(posterior, tmp_path):
    file, _ = calibrate.install(posterior, tmp_path / "mine.yaml", "tiny.yaml", "2026-01-02")
    found = weights.read_draws(file)
    assert len(found) == len(posterior.table)
    for one, row in zip(found, posterior.table.to_dict("records"), strict=True):
        expected = weights.from_numbers("tiny", calibrate.by_part(row))
        assert_allclose(one.weights, expected.weights, rtol=2e-5)
        assert_allclose(one.dynamics, expected.dynamics, rtol=1e-5)
    weights.check(documents.read(file))


@pytest.mark.parametrize(
    ("name", "date"), [("my weights.yaml", "2026-01-02"), ("mine.yaml", "today")]
)
def test_a_file_that_would_not_be_read_is_not_written(posterior, tmp_path, name, date):
    folder = tmp_path / "weights"
    folder.mkdir()
    with pytest.raises(DocumentError):
        calibrate.install(posterior, folder / name, "tiny.yaml", date)
    assert list(folder.iterdir()) == []


def test_today_is_a_date_that_weight_files_take():
    assert pd.Timestamp(calibrate.today()).strftime("%Y-%m-%d") == calibrate.today()


# --- with the sampler itself --------------------------------------------------------------------


@pytest.mark.slow
def test_a_calibration_from_end_to_end(tmp_path):
    """Sampled twice, with the same result; decisions teach something of what they are about."""
    first, second = (calibrate.calibrate(spec(), tmp_path / name) for name in ("a", "b"))
    assert calibrate.draws_file(first) == calibrate.draws_file(second)
    assert first.evidence == second.evidence
    assert -60.0 < first.evidence < -10.0
    assert len(first.table) == 12
    summary = calibrate.summary(first).set_index("number")
    assert summary["contraction"]["precision.leader_level"] > 0.3
    text = calibrate.weight_file(first, "tiny.yaml", "2026-01-02", "tiny-draws.csv")
    assert weights.parse(documents.parse(text.encode(), "tiny.yaml")).status == "calibrated"


# --- the committed weights ----------------------------------------------------------------------


def weights_of(file):
    """A specification's weight file and the table of its draws."""
    chosen = calibrate.read(file)
    stored = evidence.data_root() / "configs" / "weights" / f"{chosen.name}.yaml"
    found = weights.read_set(chosen.name)
    return chosen, stored, found, pd.read_csv(stored.with_name(found.draws))


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_committed_weights_name_what_they_were_made_from(file):
    chosen, stored, found, _ = weights_of(file)
    assert f"from experiments/calibration/{file.name};" in stored.read_text("utf-8")
    assert (found.name, found.status, found.note) == (chosen.name, "calibrated", chosen.note)
    counted = sum(course.counted for course in chosen.jobs()[0].target().courses)
    assert found.data == f"{counted} documented decisions of {', '.join(chosen.fit_on)}"
    assert "posterior mean of the logs" in found.method


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_committed_weights_are_the_centre_of_their_draws(file):
    chosen, _, found, table = weights_of(file)
    assert list(table) == COLUMNS
    assert len(table) == chosen.draws == len(weights.read_draws(chosen.name))
    for part in PARTS:
        for name, number in getattr(found, part).items():
            values = table[f"{part}.{name}"].to_numpy()
            mean = values.mean() if part == "dynamics" else math.exp(mean_log(values))
            assert number.value == pytest.approx(mean, rel=1e-4), (part, name)


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_committed_weights_know_the_groups_of_their_specification(file):
    chosen, _, found, _ = weights_of(file)
    for group in ALLY_GROUPS:
        known = group in (*chosen.groups, "inertia")
        assert (found.groups[group].value > 0.0) == known


def test_committed_draws_are_not_all_alike():
    """What is not known of the weights is in the draws: precise numbers are few."""
    found = pd.read_csv(evidence.data_root() / "configs" / "weights" / "calibrated-draws.csv")
    spread = np.log(found[[c for c in COLUMNS if c.startswith("terms.")]]).std()
    assert (spread > 0.1).all()
    assert len(found.drop_duplicates()) > 190


def test_jobs_of_a_calibration_are_kept_beside_its_results(stand_in, tmp_path):
    calibrate.calibrate(spec(), tmp_path)
    (job,) = spec().jobs()
    assert (tmp_path / "samples" / f"{job.digest}.json").is_file()
    assert jobs.run([job], tmp_path / "samples")[0].job == job
