import contextlib
import importlib
import itertools
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from alignsim import sweep_workers
from alignsim.documents import DocumentError
from alignsim.sweep_store import Chunk

# Spawned children find functions by the name of their module, and test modules have none.
MAKERS = """
import os, signal, time
from pathlib import Path
from alignsim.documents import DocumentError
from alignsim.sweep_store import Chunk

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def make(index):
    return Chunk(index, str(index).encode(), b"", index, 0)

def faulty(index, kind):
    if index == 3:
        raise {
            "document": DocumentError("a.yaml", 7, ("x", "y"), "should be 1"),
            "disk": OSError(28, "No space left on device", "a.parquet"),
            "value": ValueError("no such thing"),
            "odd": Odd(1, 2),
        }[kind]
    return make(index)

def deadly(index, marker):
    if index == 3 and not (marker and Path(marker).exists()):
        if marker:
            Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return make(index)

def large(index):
    return Chunk(index, bytes(3_000_000), b"", index, os.getpid())

def masked(index):
    return Chunk(index, b"", b"", 0, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))

def slow(index, seconds):
    os.write(1, b"%d\\n" % os.getpid())  # at once: two workers share the pipe
    time.sleep(seconds)
    return make(index)
"""

PARENT = """
import sys
from functools import partial
import sweep_makers
from alignsim import sweep_workers
if __name__ == "__main__":
    list(sweep_workers.processes(partial(sweep_makers.slow, seconds=60), range(9), 2))
"""


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("makers")
    (folder / "sweep_makers.py").write_text(MAKERS)
    (folder / "parent.py").write_text(PARENT)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("sweep_makers")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def client(makers):
    with sweep_workers.local_cluster(2) as client:
        yield client
    assert not multiprocessing.active_children()


@pytest.fixture
def no_children():
    """Checked after a test that starts processes."""
    before = set(multiprocessing.active_children())
    yield
    assert set(multiprocessing.active_children()) == before


def expected(total: int) -> list[Chunk]:
    return [Chunk(index, str(index).encode(), b"", index, 0) for index in range(total)]


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_make_the_chunks_that_one_does(makers, no_children, workers: int):
    alone = list(sweep_workers.serial(makers.make, range(9)))
    assert alone == expected(9)
    assert sorted(sweep_workers.processes(makers.make, range(9), workers)) == alone


def test_a_cluster_makes_the_same_chunks_and_keeps_none(makers, client):
    assert sorted(sweep_workers.dask(makers.make, range(30), client)) == expected(30)
    deadline = time.monotonic() + 5
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_few_or_no_chunks_start_few_or_no_processes(makers, no_children, monkeypatch):
    started = []
    original = sweep_workers._started
    monkeypatch.setattr(
        sweep_workers, "_started", lambda make: (started.append(1), original(make))[1]
    )
    assert list(sweep_workers.processes(makers.make, [], 2)) == []
    assert not started
    assert list(sweep_workers.processes(makers.make, [0], 4)) == expected(1)
    assert len(started) == 1


def test_no_chunks_of_a_cluster(makers, client):
    assert list(sweep_workers.dask(makers.make, [], client)) == []


def test_workers_below_1_are_refused(makers):
    with pytest.raises(ValueError, match="workers 0 is not at least 1"):
        next(sweep_workers.processes(makers.make, range(3), 0))


def taken_of_endless(ways, count: int) -> int:
    """How many numbers are taken for so many chunks of an endless sweep."""
    taken = []
    endless = (taken.append(index) or index for index in itertools.count())
    with contextlib.closing(ways(endless)) as chunks:
        assert len({chunk.index for chunk in itertools.islice(chunks, count)}) == count
    return len(taken)


def test_numbers_are_taken_as_there_is_room(makers, no_children):
    assert taken_of_endless(lambda endless: sweep_workers.serial(makers.make, endless), 5) == 5
    two = partial(sweep_workers.processes, makers.make, workers=2)
    assert taken_of_endless(two, 10) <= 10 + 4


def test_a_cluster_has_two_numbers_per_thread(makers, client):
    two = partial(sweep_workers.dask, makers.make, client=client)
    assert taken_of_endless(two, 9) <= 9 + 4


def test_an_endless_sweep_ends_in_the_middle_of_chunks(makers, no_children):
    chunks = sweep_workers.processes(makers.large, itertools.count(), 2)
    next(chunks)
    start = time.monotonic()
    chunks.close()  # workers are at work, or wait to send megabytes
    assert time.monotonic() - start < 2


KINDS = {
    "document": (DocumentError, r"^a\.yaml:7: x\.y: should be 1$"),
    "disk": (OSError, "a.parquet"),
    "value": (ValueError, "^no such thing"),
    "odd": (RuntimeError, "^Odd: 1 and 2"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_exceptions_come_out_of_processes_as_they_are(makers, no_children, kind: str):
    error, text = KINDS[kind]
    with pytest.raises(error, match=text) as caught:
        list(sweep_workers.processes(partial(makers.faulty, kind=kind), range(9), 1))
    assert type(caught.value) is error
    if kind == "value":
        assert "in faulty" in caught.value.__notes__[0]


def carried(make, index: int) -> Chunk:
    """The way of a result out of a worker, without one."""
    return sweep_workers._opened(pickle.loads(pickle.dumps(sweep_workers._attempt(make, index))))


@pytest.mark.parametrize("kind", ["document", "disk", "value"])
def test_exceptions_survive_pickling(makers, kind: str):
    faulty = partial(makers.faulty, kind=kind)
    assert carried(faulty, 2) == expected(3)[2]
    error, text = KINDS[kind]
    with pytest.raises(error, match=text):
        carried(faulty, 3)


def test_an_exception_that_cannot_be_pickled_keeps_its_text():
    class LocalError(Exception):
        pass

    def make(index):
        raise LocalError("one and two")

    with pytest.raises(RuntimeError, match=r"^LocalError: one and two(?s:.)*not to be pickled"):
        carried(make, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_exceptions_come_out_of_a_cluster_as_they_are(makers, client, kind: str):
    error, text = KINDS[kind]
    with pytest.raises(error, match=text) as caught:
        list(sweep_workers.dask(partial(makers.faulty, kind=kind), range(9), client))
    assert type(caught.value) is error


def test_a_killed_worker_is_told_in_one_line(makers, no_children):
    deadly = partial(makers.deadly, marker="")
    with pytest.raises(DocumentError) as caught:
        list(sweep_workers.processes(deadly, range(9), 2))
    assert str(caught.value) == (
        "sweep: a worker process died (by signal 9); the same command goes on where it stopped"
    )


def test_a_worker_killed_while_it_sends_is_told_too(makers, no_children):
    chunks = sweep_workers.processes(makers.large, itertools.count(), 1)
    worker = next(chunks).failed
    time.sleep(0.3)  # the next chunk does not fit into the pipe
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(DocumentError, match="a worker process died"):
        list(chunks)


def test_a_chunk_that_kills_every_worker_of_a_cluster_is_told(makers, client):
    deadly = partial(makers.deadly, marker="")
    message = r"the cluster failed: KilledWorker: .*; the same command goes on where it stopped$"
    with pytest.raises(DocumentError, match=message):
        list(sweep_workers.dask(deadly, [3], client))


def test_a_killed_worker_of_a_cluster_costs_only_time(makers, client, tmp_path: Path):
    deadly = partial(makers.deadly, marker=str(tmp_path / "killed"))
    assert sorted(sweep_workers.dask(deadly, range(20), client)) == expected(20)
    assert (tmp_path / "killed").exists()


def started_parent(makers) -> tuple[subprocess.Popen, list[int]]:
    folder = Path(makers.__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, str(folder / "parent.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert parent.stdout is not None
    return parent, [int(parent.stdout.readline()) for _ in range(2)]


def test_workers_end_with_a_killed_parent(makers):
    parent, workers = started_parent(makers)
    assert len(set(workers)) == 2
    start = time.monotonic()
    parent.kill()
    parent.communicate(timeout=10)  # the end of the output: nobody is left to write
    assert time.monotonic() - start < 5


def test_ctrl_c_ends_parent_and_workers_at_once(makers):
    parent, _ = started_parent(makers)
    start = time.monotonic()
    os.killpg(parent.pid, signal.SIGINT)
    _, complaints = parent.communicate(timeout=10)
    assert time.monotonic() - start < 5
    assert parent.returncode != 0
    assert complaints.count("Traceback") == complaints.count("KeyboardInterrupt\n") == 1


def test_workers_never_hear_ctrl_c_not_even_while_they_start(makers, no_children, client):
    own = sweep_workers.processes(makers.masked, range(2), 1)
    assert [chunk.failed for chunk in own] == [True, True]
    theirs = sweep_workers.dask(makers.masked, range(4), client)
    assert all(chunk.failed for chunk in theirs)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_cluster_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(sweep_workers, "SECONDS", 0.3)
    with pytest.raises(DocumentError, match=r"^127\.0\.0\.1:9: no Dask scheduler answers: Timed"):
        sweep_workers.connect("127.0.0.1:9")
    with pytest.raises(DocumentError, match=r"^nowhere: no Dask scheduler answers: missing port"):
        sweep_workers.connect("nowhere")


def test_a_running_cluster_is_connected_to_and_its_loss_is_told(makers):
    script = (
        "import sys; from alignsim.sweep_workers import local_cluster\n"
        "if __name__ == '__main__':\n"
        "    with local_cluster(1) as client:\n"
        "        print(client.scheduler.address, flush=True)\n"
        "        sys.stdin.read()\n"
    )
    file = Path(makers.__file__).with_name("cluster.py")
    file.write_text(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    cluster = subprocess.Popen(
        [sys.executable, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        with sweep_workers.connect(address) as client:
            assert sorted(sweep_workers.dask(makers.make, range(5), client)) == expected(5)
            chunks = sweep_workers.dask(makers.make, itertools.count(), client)
            next(chunks)
            cluster.kill()
            message = f"^{address}: the cluster failed: the scheduler does not answer; the same"
            with pytest.raises(DocumentError, match=message):
                list(chunks)
    finally:
        cluster.kill()
        cluster.communicate(timeout=10)


@pytest.mark.parametrize(
    ("way", "to"), [(sweep_workers.connect, "127.0.0.1:9"), (sweep_workers.local_cluster, 1)]
)
def test_without_the_extra_its_name_is_given(monkeypatch, way, to):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DocumentError, match=r"install alignsim\[cluster\]"), way(to):
        pass
