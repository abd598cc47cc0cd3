"""Samples as jobs: kept and found again, named by all that they rest on, and drawn inputs."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import numpy as np
import pytest

from alignsim import (
    drawn_inputs,
    history,
    hypotheses,
    indices,
    jobs,
    kernel,
    nested,
    reading,
    sources,
    variant_paths,
    weights,
)
from alignsim.documents import DocumentError
from alignsim.hypotheses import Hypothesis, Judged
from alignsim.jobs import Job
from alignsim.nested import Settings
from alignsim.priors import Prior
from alignsim.variants import Base, InputTarget
from tests.studies import full_disk

PRIOR = Prior(precision_centre=6.0, precision=1.5, group=1.0, term=0.7)
SETTINGS = Settings(live_points=20, steps=5, remaining=1.0)
JUDGED = Judged(episodes=("crimea-2014",), allies=("KOR",), only_allies=True)


def a_job(name="one", **changes):
    """A rule of two numbers, judged by twenty decisions: sampled in a moment."""
    return Job(
        **{
            "name": name,
            "hypothesis": Hypothesis(title="Persistence", rule="persistence"),
            "always": ("inertia", "coherence"),
            "prior": PRIOR,
            "dynamics": "neutral",
            "episodes": ("crimea-2014",),
            "judged": JUDGED,
            "settings": SETTINGS,
            "seed": 0,
            "draws": 10,
            **changes,
        }
    )


def several(count):
    return [a_job(f"job {seed}", seed=seed) for seed in range(count)]


def contents(folder):
    """All that is left in a folder, besides the file that says that somebody works there."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "lock"}


def only_file(folder):
    (name,) = contents(folder)
    return folder / name


# --- made once, kept, and found again -----------------------------------------------------------


def test_a_sample_is_made_once_and_found_again(tmp_path, monkeypatch):
    (made,) = jobs.run([a_job()], tmp_path)
    assert made.normals.shape == (10, 2)
    assert np.isfinite([made.evidence, made.error, made.information, made.effective]).all()
    assert made.calls > SETTINGS.live_points
    before = contents(tmp_path)
    assert list(before) == [f"{a_job().digest}.json"], "no checkpoint is left"
    monkeypatch.setattr(nested, "sample", None)
    (found,) = jobs.run([a_job("another name")], tmp_path)
    assert contents(tmp_path) == before
    assert found.normals.tolist() == made.normals.tolist()
    for field in ("evidence", "error", "information", "calls", "effective"):
        assert getattr(found, field) == getattr(made, field)
    assert found.job.name == "another name"


def test_a_sample_made_again_has_the_same_bytes(tmp_path):
    jobs.run(several(2), tmp_path / "one")
    jobs.run(several(2)[::-1], tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_results_stand_in_the_order_of_their_jobs(tmp_path):
    wanted = several(3)
    forth = jobs.run(wanted, tmp_path)
    back = jobs.run(wanted[::-1], tmp_path)
    assert [one.job.name for one in forth] == ["job 0", "job 1", "job 2"]
    assert [one.evidence for one in back] == [one.evidence for one in forth[::-1]]
    assert len({one.evidence for one in forth}) == 3


def test_without_draws_none_are_kept(tmp_path):
    (found,) = jobs.run([a_job(draws=0)], tmp_path)
    assert found.normals.size == 0
    assert found.trace is None


def test_evidence_and_draws_come_from_the_same_sample(tmp_path):
    """Asking for draws moves neither the walk's scale nor what is said of the evidence."""
    (found,) = jobs.run([a_job()], tmp_path)
    target = a_job().target()
    luck = jobs._seed(a_job())
    sample = nested.sample(target, SETTINGS, luck)
    assert (found.evidence, found.error) == (sample.evidence, sample.error)
    assert found.effective == sample.effective
    assert found.normals.tolist() == sample.draws(10, luck).tolist()


# --- what names it ------------------------------------------------------------------------------

CHANGES = {
    "seed": 1,
    "draws": 11,
    "refresh": 5,
    "settings": Settings(live_points=21, steps=5, remaining=1.0),
    "prior": PRIOR.scaled(0.5),
    "judged": Judged(episodes=("crimea-2014",), allies=("JPN",), only_allies=True),
    "hypothesis": Hypothesis(title="Persistence", rule="follow the leader"),
    "always": ("inertia",),
    "dynamics": "calibrated",
    "episodes": ("crimea-2014", "ukraine-2022"),
    "inputs": (0, 2),
}


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_job_is_another(key):
    assert a_job(**{key: CHANGES[key]}).digest != a_job().digest


def test_a_name_is_no_part_of_a_job():
    assert a_job("one").digest == a_job("two").digest
    assert jobs._seed(a_job("one")) == jobs._seed(a_job("two"))


def test_each_job_has_luck_of_its_own():
    assert len({jobs._seed(job) for job in several(20)}) == 20


@pytest.mark.parametrize(
    "module", ["designs", "drawn_inputs", "variants", "variant_paths", "timeline", "jobs"]
)
def test_c20_a_sample_of_another_source_is_not_found(module, monkeypatch):
    before, own = a_job().digest, sources.text
    monkeypatch.setattr(
        sources,
        "text",
        lambda name, root=None: own(name, root) + "# changed" * (name == f"alignsim.{module}"),
    )
    jobs.foundations.cache_clear()
    try:
        assert a_job().digest != before
    finally:
        jobs.foundations.cache_clear()


@pytest.mark.parametrize("changed", ["formula", "index", "history", "sampler"])
def test_a_sample_of_another_theory_is_not_found(changed, monkeypatch):
    """Whatever a sample rests on is in its name, so that a stale one is never taken for it."""
    before = a_job().digest
    luck = jobs._seed(a_job())
    if changed == "formula":
        monkeypatch.setattr(kernel, "digest", lambda *starts: "another")
    elif changed == "index":
        monkeypatch.setattr(indices, "outlet", lambda share: 0.5 * share)
    elif changed == "history":
        known = history.documented(reading.read("crimea-2014"))
        monkeypatch.setattr(history, "documented", lambda scenario: known[1:])
    else:
        monkeypatch.setattr(sources, "version", lambda name: "0")
    jobs.foundations.cache_clear()
    try:
        assert a_job().digest != before
        assert jobs._seed(a_job()) == luck, "the luck stays"
    finally:
        jobs.foundations.cache_clear()


def test_c11_a_kept_sample_is_read_with_a_byte_order_mark(tmp_path):
    (made,) = jobs.run([a_job()], tmp_path)
    file = only_file(tmp_path)
    file.write_text(file.read_text(), "utf-8-sig")
    (kept,) = jobs.run([a_job()], tmp_path)
    assert kept.evidence == made.evidence
    assert kept.normals.tobytes() == made.normals.tobytes()


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace('"evidence"', '"evident"'),
        lambda text: text.replace('"normals": [[', '"normals": [["x", '),
        lambda text: "\udcff".join(["", ""]),
    ],
)
def test_a_damaged_file_is_told_in_one_line(tmp_path, damage):
    jobs.run([a_job()], tmp_path)
    file = only_file(tmp_path)
    file.write_bytes(damage(file.read_text()).encode(errors="surrogateescape"))
    with pytest.raises(DocumentError) as caught:
        jobs.run([a_job()], tmp_path)
    assert str(caught.value) == f"{file}: is damaged; delete it"
    file.unlink()
    jobs.run([a_job()], tmp_path)


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path):
    wanted = several(4)
    told = []

    def stop(done, name):
        told.append((done, name))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run(wanted, tmp_path / "stopped", told=stop)
    assert told == [(0, ""), (1, "job 0"), (2, "job 1")]
    kept = contents(tmp_path / "stopped")
    assert set(kept) == {f"{job.digest}.json" for job in wanted[:2]}
    jobs.run(wanted, tmp_path / "stopped", told=lambda done, name: told.append((done, name)))
    assert told[3:] == [(2, ""), (3, "job 2"), (4, "job 3")]
    jobs.run(wanted, tmp_path / "whole")
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


def test_a_checkpoint_is_gone_on_from_and_removed(tmp_path):
    """A work finds what an earlier start left beside its file."""

    class Remembering:
        name, digest = "remembering", "0" * 64

        def made(self, checkpoint):
            if not checkpoint.exists():
                checkpoint.write_text("half")
                raise KeyboardInterrupt
            return checkpoint.read_text()

    with pytest.raises(KeyboardInterrupt):
        jobs.make([Remembering()], tmp_path)
    (file,) = jobs.make([Remembering()], tmp_path)
    assert file.read_text() == "half"
    assert only_file(tmp_path) == file


def test_two_studies_do_not_work_in_one_folder(tmp_path):
    """The second is told at once, unless all that it wants is there."""
    jobs.run(several(1), tmp_path)
    with filelock.FileLock(tmp_path / "lock"):
        jobs.run(several(1), tmp_path)
        with pytest.raises(DocumentError, match="in use by another process"):
            jobs.run(several(2), tmp_path)
    jobs.run(several(2), tmp_path)


def test_a_worker_of_another_version_makes_nothing(tmp_path):
    maker = jobs.Maker((a_job(),), (tmp_path / f"{'0' * 64}.json",))
    with pytest.raises(DocumentError, match="one: the program or a file changed while it ran"):
        maker(0)
    assert not list(tmp_path.iterdir())


def test_a_study_without_jobs_is_done(tmp_path):
    told = []
    assert jobs.run([], tmp_path, workers=4, told=lambda *now: told.append(now)) == []
    assert told == [(0, "")]


@pytest.mark.slow
def test_two_workers_make_the_same_bytes_as_one(tmp_path):
    wanted = several(5)
    told = []
    jobs.run(wanted, tmp_path / "one")
    jobs.run(wanted, tmp_path / "two", workers=2, told=lambda *now: told.append(now))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert [done for done, _ in told] == list(range(6))
    assert {name for _, name in told[1:]} == {job.name for job in wanted}


STUDY = """
import sys, time
from pathlib import Path
from tests.test_jobs import several
from alignsim import jobs
if __name__ == "__main__":
    jobs.run(several(6), Path(sys.argv[1]), told=lambda done, name: time.sleep(0.2))
"""


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_stopped(tmp_path):
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", STUDY, str(folder)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
    for _ in range(600):
        if folder.is_dir() and len(list(folder.glob("*.json"))) >= 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    kept = len(list(folder.glob("*.json")))
    assert 2 <= kept < 6
    told = []
    jobs.run(several(6), folder, told=lambda *now: told.append(now))
    assert told[0] == (kept, "")
    jobs.run(several(6), tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    assert {name: contents(folder)[name] for name in whole} == whole


def test_the_file_says_in_plain_words_what_was_found(tmp_path):
    jobs.run([a_job()], tmp_path)
    file = only_file(tmp_path)
    kept = json.loads(file.read_text())
    assert kept["name"] == "one"
    assert len(kept["normals"]) == 10


# --- faults of the system -----------------------------------------------------------------------


def test_c4_a_sample_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    """A full disk is met by a descriptor, which has no name; nothing half-written is left."""

    class Large:
        name, digest = "large", "0" * 64

        def made(self, checkpoint):
            return "x" * 100_000

    with full_disk(), pytest.raises(OSError, match="File too large") as caught:
        jobs.make([Large()], tmp_path)
    assert caught.value.filename == str(tmp_path / f"{Large.digest}.json")
    assert contents(tmp_path) == {}


def test_c4_a_folder_of_samples_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    for folder in (tmp_path / "file", tmp_path / "file" / "samples"):
        with pytest.raises(OSError, match=r"exists|Not a directory") as caught:
            jobs.run([a_job()], folder)
        assert str(caught.value.filename).startswith(str(folder))


def test_c5_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / f"{'0' * 64}.checkpoint.tmp").write_text("half")
    (tmp_path / ".alignsim-0123456789abcdef.part").write_text("half")
    (tmp_path / f"{'0' * 64}.checkpoint").write_text("whole, and of another sample")
    jobs.run([a_job()], tmp_path)
    assert set(contents(tmp_path)) == {f"{a_job().digest}.json", f"{'0' * 64}.checkpoint"}


# --- drawn inputs -------------------------------------------------------------------------------

KOREA = "states.KOR.norms_emphasis"


@pytest.fixture(scope="module")
def base():
    return Base.of(reading.read("crimea-2014"), weights.read_set("neutral"))


def quantities(base):
    """Every input by its path."""
    scenario = base.scenario
    return {
        path: variant_paths.target(base, path).quantity(scenario)
        for path in variant_paths.input_paths(scenario)
    }


def values(quantity):
    return [quantity.value, *(change.value for change in quantity.changes)]


def ranges(quantity):
    return [quantity.range, *(change.range for change in quantity.changes)]


def test_drawn_inputs_stay_within_their_evidence_ranges(base):
    coded = quantities(base)
    worlds = list(drawn_inputs.worlds(base, 8, seed=1))
    assert 1 <= len(worlds) <= 8
    moved = set()
    for world in worlds:
        for path, quantity in quantities(world).items():
            for value, (low, high) in zip(values(quantity), ranges(coded[path]), strict=True):
                assert low <= value <= high, path
            if values(quantity) != values(coded[path]):
                moved.add(path)
    wide = {path for path, one in coded.items() if any(a < b for a, b in ranges(one))}
    assert moved == wide, "every input whose evidence leaves room is drawn, and no other"


def test_drawings_fill_the_ranges_evenly(base):
    """A Latin hypercube: of eight drawings one falls into each eighth of a range."""
    coded = quantities(base)[KOREA]
    low, high = coded.range
    worlds = list(drawn_inputs.worlds(base, 8, seed=1))
    assert len(worlds) == 8, "none is refused"
    places = [(quantities(world)[KOREA].value - low) / (high - low) for world in worlds]
    assert sorted(int(8 * place) for place in places) == list(range(8))


def test_one_input_may_be_left_as_coded(base):
    for world in drawn_inputs.worlds(base, 3, seed=1, without=KOREA):
        assert quantities(world)[KOREA] == quantities(base)[KOREA]
        assert quantities(world) != quantities(base)


def test_a_drawing_that_the_model_refuses_is_left_out(base, monkeypatch):
    from alignsim import variants

    vary, asked = variants.vary, []

    def refusing(*arguments):
        asked.append(arguments)
        if len(asked) == 2:
            raise variants.PointError("too much")
        return vary(*arguments)

    monkeypatch.setattr(variants, "vary", refusing)
    assert len(list(drawn_inputs.worlds(base, 4, seed=1))) == 3
    assert len(asked) == 4


def with_inputs(number, **changes):
    return a_job(inputs=(number, 3), **changes)


def drawn(job):
    return [quantities(base) for base in job.bases()]


def test_drawings_differ_between_numbers_and_are_the_same_at_every_call():
    found = [drawn(with_inputs(number)) for number in range(3)]
    assert found[0] != found[1] != found[2] != found[0]
    assert found == [drawn(with_inputs(number)) for number in range(3)]
    assert drawn(with_inputs(0, seed=1)) != found[0]


def test_each_episode_is_drawn_by_itself():
    job = with_inputs(0, episodes=("crimea-2014", "ukraine-2022"))
    assert drawn(job)[0] == drawn(with_inputs(0))[0]
    places = []
    for name, inputs in zip(job.episodes, drawn(job), strict=True):
        low, high = quantities(Base.of(reading.read(name), weights.read_set("neutral")))[
            KOREA
        ].range
        places.append((inputs[KOREA].value - low) / (high - low))
    assert places[0] != pytest.approx(places[1])


@pytest.mark.parametrize("key", ["judged", "hypothesis", "prior", "settings", "draws"])
def test_decisions_never_move_inputs(key, monkeypatch):
    """Whatever judges, and however: the inputs are drawn before any decision is looked at."""
    expected = drawn(with_inputs(1))
    monkeypatch.setattr(history, "documented", None)
    monkeypatch.setattr(hypotheses, "target", None)
    assert drawn(with_inputs(1, **{key: CHANGES[key]})) == expected


def test_inputs_as_coded_are_those_of_the_file():
    (base,) = a_job().bases()
    assert base.scenario == reading.read("crimea-2014")
    assert isinstance(variant_paths.target(base, KOREA), InputTarget)
