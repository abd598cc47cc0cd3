"""Planted truth: the test itself, on a small setting, and the results that are committed."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from alignsim import (
    coding,
    documents,
    evidence,
    kernel,
    likelihood,
    nested,
    plots,
    plots_recovery,
    priors,
    recovery,
    recovery_tables,
    weights,
)
from alignsim.likelihood import TABLES
from alignsim.nested import Settings
from alignsim.recovery import DOUBLED, FORGOTTEN, LIKELIHOOD, RIGHT, Plan, Replication

FOLDER = evidence.data_root() / "experiments" / "recovery"
SHIPPED = FOLDER / "recovery.yaml"
DRAWS = 59


def small(replications: int = 2, **changes: object) -> Plan:
    """Six free numbers, judged by one episode, sampled lightly."""
    plan = recovery.read(SHIPPED)
    specification = plan.specification.model_copy(
        update={
            "replications": replications,
            "draws": 19,
            "sampler": Settings(live_points=20, steps=5, remaining=5.0),
            "refresh": 0,
            "faults": (),
            **changes,
        }
    )
    return Plan(specification, plan.calibration.model_copy(update={"fit_on": ("crimea-2014",)}))


def shipped_courses() -> tuple[likelihood.Course, ...]:
    (job, *_) = recovery.read(SHIPPED).calibration.jobs()
    return job.target().courses or ()


COURSES = shipped_courses()
NEUTRAL = weights.read("neutral")


# --- histories ------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(len(COURSES)))
def test_a_planted_history_is_coded_as_the_documented_one(index):
    course = COURSES[index]
    seen = {table: set() for table in TABLES}
    for seed in range(6):
        made = coding.planted(course, NEUTRAL.weights, NEUTRAL.dynamics, seed)
        for table in TABLES:
            low, high = coding.bounds(course, table)
            new_low, new_high = coding.bounds(made, table)
            taken = getattr(made.line, f"fixed_{table}")
            documented = getattr(course.line, f"fixed_{table}")
            inside = (low <= taken) & (taken <= high)
            # The documented range and option where the coder cannot tell; exact elsewhere.
            assert_array_equal(new_low[inside], low[inside])
            assert_array_equal(new_high[inside], high[inside])
            assert_array_equal(taken[inside & (low < high)], documented[inside & (low < high)])
            outside = ~inside & (low >= 0)
            assert_array_equal(new_low[outside], taken[outside])
            assert_array_equal(new_high[outside], taken[outside])
            held = ~coding.informative(course, table)
            assert_array_equal(taken[held], documented[held])
            seen[table].add(taken.tobytes())
        assert made.counted == course.counted
    assert len(seen["level"]) > 1, "every seed gave the same history"


def test_a_planted_history_is_the_engines_where_nothing_is_vague():
    """With every decision told exactly it is a free run."""
    course = COURSES[0]
    ranges = {}
    for table in TABLES:
        taken = getattr(course.line, f"fixed_{table}")
        ranges[table] = np.ascontiguousarray(np.stack([taken, taken], axis=-1))
    exact = course._replace(ranges=kernel.Ranges(**ranges))
    made = coding.planted(exact, NEUTRAL.weights, NEUTRAL.dynamics, 5)
    free = {f"fixed_{table}": np.full_like(ranges[table][..., 0], -1) for table in TABLES}
    line = course.line._replace(**free)
    run = kernel.simulate(line, NEUTRAL.weights, NEUTRAL.dynamics, 5, 0, 1)
    for table in TABLES:
        assert_array_equal(getattr(made.line, f"fixed_{table}"), getattr(run, table)[0])


def test_the_likelihood_of_a_planted_history_is_its_frequency():
    """Of a two-step course with one vague decision: histories turn up as often as they should."""
    course = COURSES[2]
    chances: dict[bytes, float] = {}
    counts: dict[bytes, int] = {}
    judged = _only_japan_at_first(course)
    for seed in range(400):
        made = coding.planted(judged, NEUTRAL.weights, NEUTRAL.dynamics, seed)
        key = made.ranges.level.tobytes() + made.ranges.engagement.tobytes()
        counts[key] = counts.get(key, 0) + 1
        if key not in chances:
            (logs,) = likelihood.pointwise(NEUTRAL, [made])
            chances[key] = float(np.exp(logs.sum()))
    assert len(chances) > 2
    assert sum(chances.values()) == pytest.approx(1.0, abs=0.05)
    for key, chance in chances.items():
        error = np.sqrt(chance * (1.0 - chance) / 400)
        assert abs(counts[key] / 400 - chance) < 4.0 * error + 0.003


def _only_japan_at_first(course: likelihood.Course) -> likelihood.Course:
    """Two steps: Japan's first level, coded as a range, and engagement; all else is held."""
    steps = len(course.line.world)
    line = type(course.line)(
        *(
            part[:2] if isinstance(part, np.ndarray) and len(part) == steps else part
            for part in course.line
        )
    )
    ranges = {table: np.full_like(getattr(course.ranges, table)[:2], -1) for table in TABLES}
    ranges["level"][0, 0] = course.ranges.level[0, 0]
    ranges["engagement"][0, 0] = (1, 1)
    assert ranges["level"][0, 0, 0] < ranges["level"][0, 0, 1]
    logs = kernel.LogProbabilities(*(part[:2].copy() for part in course.logs))
    out = kernel.room(1, 2, 2)
    return likelihood.Course(line, kernel.Ranges(**ranges), logs, out, 2)


# --- replications ---------------------------------------------------------------------------


def test_each_replication_has_a_truth_of_its_own_and_faults_share_it():
    plan = small(replications=2, faults=(DOUBLED,))
    first, second, wrong, _ = plan.replications()
    normals, target = first.truth()
    again, same = wrong.truth()
    assert_array_equal(normals, again)
    assert_array_equal(target.courses[0].line.fixed_level, same.courses[0].line.fixed_level)
    assert not np.array_equal(normals, second.truth()[0])
    assert len({work.digest for work in plan.replications()}) == 4
    assert (first.name, wrong.name) == ("1", "1, precision doubled")
    assert first.digest != first.model_copy(update={"seed": 1}).digest


def test_episodes_of_a_replication_do_not_share_their_draws():
    """The first step of two courses alike would otherwise be decided by the same uniforms."""
    seeds = []
    (work, *_) = small(1).replications()
    real = coding.planted

    def spy(course, chosen, dynamics, seed):
        seeds.append(seed)
        return real(course, chosen, dynamics, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coding, "planted", spy)
        work.truth()
    assert len(set(seeds)) == len(COURSES)


def test_quantities_are_the_numbers_and_what_they_are_made_of():
    (job, *_) = recovery.read(SHIPPED).calibration.jobs()
    space = job.target().space
    points = np.random.default_rng(0).standard_normal((5, len(space.names)))
    found = recovery.quantities(space, job.prior, points)
    assert list(found)[: len(space.names)] == space.names
    assert found["precision_level"] == pytest.approx(
        [priors.weights_of(priors.numbers(space, point)).precision_level for point in points]
    )
    assert "groups.norms" not in found  # its only term says the same
    assert "groups.commerce" in found
    # A coordinate that a number rises with has the same ranks.
    assert "coordinates.supply_at_risk" not in found
    assert "coordinates.diversification" in found


@pytest.mark.parametrize("fault", [None, DOUBLED, FORGOTTEN])
def test_a_wrong_likelihood_is_wrong_as_it_says(fault):
    target = small().replications()[0].truth()[1]
    point = np.full(target.size, 0.1)
    before = nested.evaluate(target, point)
    after = nested.evaluate(recovery.misjudged(target, fault), point)
    if fault is None:
        assert after == before
    if fault == FORGOTTEN:
        assert after == 0.0
    if fault == DOUBLED:
        precise = [name.startswith("precision") for name in target.space.names]
        own = recovery.read(SHIPPED).calibration.prior.precision
        shifted = point + np.log(2.0) / own * np.array(precise)
        assert after == pytest.approx(nested.evaluate(target, shifted), abs=1e-9)
        assert after != before


def test_a_run_resumes_and_any_number_of_workers_gives_the_same(tmp_path: Path, monkeypatch):
    plan = small(replications=3)
    made = []

    def quick(self: Replication, checkpoint: Path) -> str:
        made.append(self.number)
        if len(made) == 3:
            raise KeyboardInterrupt
        return json.dumps({"ranks": {"a": self.number, LIKELIHOOD: 1}})

    monkeypatch.setattr(Replication, "made", quick)
    with pytest.raises(KeyboardInterrupt):
        recovery.run(plan, tmp_path)
    told = []
    ranks = recovery.run(plan, tmp_path, told=lambda done, name: told.append((done, name)))
    assert made == [0, 1, 2, 2]
    assert told == [(2, ""), (3, "3")]
    assert ranks.a.tolist() == [0, 1, 2]
    assert ranks.fault.tolist() == [RIGHT] * 3
    file = next((tmp_path / "replications").glob("*.json"))
    file.write_text(file.read_text(), "utf-8-sig")
    assert recovery.run(plan, tmp_path).equals(ranks)
    file.write_text("{")
    with pytest.raises(documents.DocumentError, match="damaged; delete it"):
        recovery.run(plan, tmp_path)


@pytest.mark.slow
def test_two_workers_give_what_one_gives(tmp_path: Path):
    plan = small(replications=2)
    one = recovery.run(plan, tmp_path / "one", 1)
    two = recovery.run(plan, tmp_path / "two", 2)
    pd.testing.assert_frame_equal(one, two)


def test_a_replication_ranks_every_number_among_its_draws(tmp_path: Path, monkeypatch):
    (work, *_) = small(1).replications()

    def sample(target, settings, seed, checkpoint):
        assert target.size == len(target.space.names)
        rng = np.random.default_rng(seed)
        return SimpleNamespace(
            normals=rng.standard_normal((80, target.size)), weights=np.full(80, 1 / 80),
            draws=lambda count, seed: rng.standard_normal((count, target.size)),
            information=0.0, calls=0, effective=0.0,
        )  # fmt: skip

    monkeypatch.setattr(nested, "sample", sample)
    kept = json.loads(work.made(tmp_path / "none"))
    assert set(kept["ranks"]) > {LIKELIHOOD, "values", "groups.commerce"}
    assert all(0 <= rank <= 19 for rank in kept["ranks"].values())


@pytest.mark.slow
def test_one_episode_recovers_its_truths_and_a_wrong_likelihood_is_caught(tmp_path: Path):
    """The same test in small; what it takes in full is among the committed results."""
    light = Settings(live_points=61, steps=15, remaining=1.0)
    plan = small(24, sampler=light, refresh=400, faults=(DOUBLED,))
    ranks = recovery.run(plan, tmp_path)
    right, wrong = recovery_tables.verdicts(ranks, 19).itertuples()
    assert not right.caught
    assert abs(right.covered_90 - 0.9) < 4.0 * right.error_90
    assert wrong.caught
    precise = [name for name in ranks if name.startswith("precision_")]
    means = ranks.set_index(["fault", "replication"])[precise].mean(axis=1) / 19
    # Halved in the posterior: on the same histories the truth is higher among its draws.
    gain = means[DOUBLED] - means[RIGHT]
    assert gain.mean() > 3.0 * gain.std() / math.sqrt(len(gain))
    assert means[RIGHT].mean() == pytest.approx(0.5, abs=0.1)


# --- what ranks tell ------------------------------------------------------------------------


def uniform(replications: int, seed: int = 0, numbers: int = 30, power: float = 1.0):
    """Ranks that are uniform, or pushed outward by a power below 1."""
    rng = np.random.default_rng(seed)
    away = 2.0 * rng.random((replications, numbers)) - 1.0
    share = 0.5 + 0.5 * np.sign(away) * np.abs(away) ** power
    ranks = np.minimum((share * (DRAWS + 1)).astype(int), DRAWS)
    names = [f"n{index}" for index in range(numbers - 1)]
    table = pd.DataFrame(ranks, columns=[*names, LIKELIHOOD])
    table.insert(0, "replication", range(replications))
    table.insert(0, "fault", RIGHT)
    return table


def test_uniform_ranks_pass_and_others_do_not():
    alarms = [recovery_tables.verdicts(uniform(200, s), DRAWS).caught.item() for s in range(40)]
    assert sum(alarms) <= 2
    (narrow,) = recovery_tables.verdicts(uniform(200, 0, power=0.8), DRAWS).itertuples()
    assert narrow.caught
    assert narrow.covered_90 < 0.9
    assert narrow.spread > 1.0
    one = uniform(200)
    one[LIKELIHOOD] = DRAWS
    (verdict,) = recovery_tables.verdicts(one, DRAWS).itertuples()
    assert verdict.caught
    assert verdict.number == LIKELIHOOD


def test_coverage_counts_the_central_ranks_exactly():
    table = pd.DataFrame({"fault": RIGHT, "replication": range(60), "a": range(60)})
    assert recovery_tables.covered(table, DRAWS, 0.9).a.sum() == 54
    assert recovery_tables.covered(table, DRAWS, 0.5).a.sum() == 30
    row = recovery_tables.coverage(table, DRAWS).iloc[0]
    assert (row.covered_50, row.covered_90, row.chi_square, row.p_value) == (0.5, 0.9, 0.0, 1.0)
    assert row.low < 0.9 < row.high
    assert recovery_tables.spread(uniform(4000), DRAWS)[0] == pytest.approx(1.0, abs=0.01)


def test_holm_is_as_worked_by_hand():
    found = recovery_tables.holm(np.array([0.04, 0.01, 0.03]))
    assert found == pytest.approx([0.06, 0.03, 0.06])


def test_wilson_holds_extreme_shares():
    low, high = recovery_tables.wilson(1.0, 10)
    assert low == pytest.approx(0.7225, abs=1e-3)
    assert high == pytest.approx(1.0)


def test_tables_and_figure_are_written(tmp_path: Path):
    plan = recovery.read(SHIPPED)
    wrong = uniform(60, 1, power=0.6)
    wrong["fault"] = DOUBLED
    table = pd.concat([uniform(60), wrong], ignore_index=True)
    files = recovery_tables.write(plan, table, tmp_path)
    assert [file.name for file in files] == ["ranks.csv", "coverage.csv", "summary.json"]
    pd.testing.assert_frame_equal(pd.read_csv(files[0], keep_default_na=False), table)
    kept = json.loads(files[2].read_text())
    assert kept["specification"] == plan.digest
    assert [row["fault"] for row in kept["verdicts"]] == [RIGHT, DOUBLED]
    text = recovery_tables.as_text(table, DRAWS)
    assert "right" in text
    assert "wrong" in text
    for own in (table, recovery_tables.right(table)):
        image = plots.rendered(plots_recovery.ranks(own, DRAWS), "png")
        assert image.startswith(b"\x89PNG")


# --- specifications -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("draws: 59", "draws: 60"), 9, "multiple of 20"),
        (("kind: recovery", "kind: sweep"), 3, "recovery"),
        (("calibration: ../", "calibrations: ../"), 6, "calibrations"),
        (("faults: [", "faults: [precision doubled, precision doubled, "), 15, "twice"),
        (("faults: [", "faults: [luck, "), 15, "precision doubled"),
    ],
)
def test_a_fault_in_a_specification_names_its_line(tmp_path: Path, change, line, said):
    text = SHIPPED.read_text("utf-8")
    assert change[0] in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(*change), "utf-8")
    with pytest.raises(documents.DocumentError, match=rf"broken\.yaml:{line}: .*{said}"):
        recovery.read(broken)


def test_a_calibration_over_inputs_is_refused(tmp_path: Path):
    text = (evidence.data_root() / "experiments" / "calibration" / "all.yaml").read_text("utf-8")
    (tmp_path / "own.yaml").write_text(f"{text}input_draws: 3\n", "utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(SHIPPED.read_text("utf-8").replace("../calibration/all", "own"), "utf-8")
    with pytest.raises(documents.DocumentError, match=r"broken\.yaml:6: calibration: .*as coded"):
        recovery.read(broken)


def test_what_moves_no_result_moves_no_digest():
    plan = recovery.read(SHIPPED)
    renamed = plan.specification.model_copy(update={"note": "another"})
    assert Plan(renamed, plan.calibration).digest == plan.digest
    seeded = plan.specification.model_copy(update={"seed": 1})
    assert Plan(seeded, plan.calibration).digest != plan.digest


# --- the committed results ------------------------------------------------------------------


def committed() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "ranks.csv", keep_default_na=False)


def test_the_committed_ranks_are_of_the_shipped_specification():
    plan = recovery.read(SHIPPED)
    summary = json.loads((FOLDER / "summary.json").read_text())
    assert summary["specification"] == plan.digest
    ranks = committed()
    counts = ranks.groupby("fault").replication.nunique()
    assert counts.to_dict() == dict.fromkeys(
        (RIGHT, *plan.specification.faults), plan.specification.replications
    )
    table = recovery_tables.coverage(ranks, plan.specification.draws)
    text = table.to_csv(index=False, float_format="%.4g", lineterminator="\n")
    assert (FOLDER / "coverage.csv").read_text() == text


def test_nine_in_ten_planted_numbers_are_covered():
    plan = recovery.read(SHIPPED)
    ranks = recovery_tables.right(committed())
    assert len(ranks) >= 200
    (verdict,) = recovery_tables.verdicts(ranks, plan.specification.draws).itertuples()
    assert 0.85 <= verdict.covered_90 <= 0.95
    assert 0.45 <= verdict.covered_50 <= 0.55
    assert not verdict.caught


def test_every_wrong_likelihood_is_caught_with_as_many_replications():
    plan = recovery.read(SHIPPED)
    found = recovery_tables.verdicts(committed(), plan.specification.draws).set_index("fault")
    assert found.replications.nunique() == 1
    for fault in plan.specification.faults:
        assert found.caught[fault], fault
