"""What ends the program leaves nothing behind: no process, no file, no traceback."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from alignsim import cli_common, endings

MAIN = "from alignsim.cli import main; main()"
STOPPED = "alignsim: stopped"
SWEEP = """\
name: long
kind: sweep
title: Long
note: A test.
scenarios: [crimea-2014]
factors:
  severity: {path: indices.JPN.exposure, from: 0, to: 1, steps: 6}
design: {kind: factorial}
replications: 1000000
keep: counts
"""
REDLINES = ["redlines", "crimea-2014", "--state", "KOR", "--to", "joined", "--runs", "20000"]


def started(folder, *arguments, script=MAIN, **more):
    """The program as a process of its own session, as a terminal starts it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more,
    )


def at_work(process, count):
    """Workers of a process, once so many have begun to compute."""
    for _ in range(600):
        found = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline()) and child.cpu_times().user > 1.0
        ]
        if len(found) >= count:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError("no workers")


def all_gone(processes):
    """Whether processes end, without being asked to."""
    return not psutil.wait_procs(processes, timeout=10)[1]


# --- workers ------------------------------------------------------------------------------------


def test_c7_workers_are_started_in_one_place():
    sources = Path(endings.__file__).parent
    starting = re.compile(r"ProcessPool|multiprocessing|joblib|os\.fork|subprocess|n_jobs")
    found = {
        file.relative_to(sources).as_posix()
        for file in sources.rglob("*.py")
        if starting.search(file.read_text("utf-8"))
    }
    assert found == {"sweep_workers.py", "endings.py"}


COMMANDS = {
    "redlines": [*REDLINES, "--workers", "2"],
    "sweep": ["sweep", "sweep.yaml", "--out", "out", "--workers", "2"],
    "dask": ["sweep", "sweep.yaml", "--out", "out", "--dask-local", "2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_c7_a_command_with_workers_ends_with_all_of_them(tmp_path, name, sent):
    if name != "redlines" and sent != "SIGINT":
        pytest.skip("the same path; one command has each signal")
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    process = started(tmp_path, *COMMANDS[name])
    workers = at_work(process, 2)
    # Ctrl-C and the end of a terminal are sent to all; a request to end to the first alone.
    (os.kill if sent == "SIGTERM" else os.killpg)(process.pid, getattr(signal, sent))
    said = process.communicate(timeout=30)[1].strip().splitlines()
    assert process.returncode == endings.STOPPED
    assert said[-1] == STOPPED
    assert not [line for line in said if "Traceback" in line or "Interrupt" in line]
    assert all_gone(workers)
    assert {one.name for one in tmp_path.iterdir()} <= {"sweep.yaml", "out"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["redlines", "dask"])
def test_c7_workers_end_when_the_command_is_killed(tmp_path, name):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    process = started(tmp_path, *COMMANDS[name])
    workers = [*at_work(process, 2), *psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.communicate(timeout=30)
    assert all_gone(workers)
    assert {one.name for one in tmp_path.iterdir()} <= {"sweep.yaml", "out"}


def test_red_lines_that_lose_a_worker_say_what_to_do(tmp_path):
    process = started(tmp_path, *REDLINES, "--workers", "2")
    at_work(process, 2)[0].kill()
    said = process.communicate(timeout=60)[1].strip().splitlines()
    assert process.returncode == 2
    assert said[-1] == (
        "alignsim: redlines: a worker process died (by signal 9); run the command again"
    )


# --- signals ------------------------------------------------------------------------------------


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with endings.stoppable():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_wait_until_a_block_is_left():
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with endings.held(endings.ENDING):
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            reached = True
        pytest.fail("the signal was lost")
    assert reached


def test_a_temporary_folder_goes_with_its_block():
    with endings.temporary_folder() as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
    assert not folder.exists()


HOLDER = """
from alignsim import endings
with endings.temporary_folder() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    input()
"""


def test_a_temporary_folder_goes_with_a_killed_process(tmp_path):
    process = started(tmp_path, script=HOLDER, stdin=subprocess.PIPE)
    folder = Path(process.stdout.readline().strip())
    assert (folder / "file").exists()
    process.kill()
    process.communicate(timeout=10)
    deadline = time.monotonic() + 10
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- threads ------------------------------------------------------------------------------------

APP = """
import io, sys, time
import pyarrow as pa
import pyarrow.parquet as pq
from alignsim.app import serving, working
from alignsim.cli import main

made = io.BytesIO()
pq.write_table(pa.table({"a": list(range(1000))}), made)

class Slow(io.BytesIO):
    def read(self, *size):
        time.sleep(0.001)
        return super().read(*size)

def compiled():
    while True:
        pq.read_table(Slow(made.getvalue()))

def interpreted():
    while True:
        sum(range(1000))

kind = sys.argv.pop()
serving.warm = lambda: None
serving.warm_rest = lambda: working._pool.submit(interpreted) if kind == "pool" else compiled()
sys.argv[1:] = ["app", "--no-browser", "--port", "0"]
main()
"""
"""The app with a thread that computes for ever: in compiled code that calls Python, which aborts a
process that leaves it; or in the pool for slow work, for which Python would wait."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["compiled", "pool"])
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_c21_the_app_ends_at_once_though_a_thread_computes(tmp_path, kind, sent):
    if kind == "pool" and sent != "SIGINT":
        pytest.skip("the same path")
    process = started(tmp_path, kind, script=APP)
    while "Ctrl-C" not in (line := process.stdout.readline()):
        assert line, process.communicate()
    time.sleep(1)  # the thread is at work, and the server listens
    process.send_signal(getattr(signal, sent))
    said = process.communicate(timeout=20)[1]
    assert process.returncode == endings.STOPPED, said[-500:]
    assert said.strip() == STOPPED


LEAVING = """
import atexit, threading
from alignsim import endings
atexit.register(print, "registered")
threading.Thread(target=threading.Event().wait).start()
print("said")
endings.leave(7)
"""


def test_c21_leaving_does_what_is_registered_and_waits_for_no_thread(tmp_path):
    process = started(tmp_path, script=LEAVING)
    assert process.communicate(timeout=10)[0].split() == ["said", "registered"]
    assert process.returncode == 7


# --- standard streams ---------------------------------------------------------------------------

BARS = """
import sys
from alignsim import cli_common, endings, sweeps
with endings.streams():
    cli_common.bar("one")(1)
    cli_common.samples_bar("two")(1, "a")
    cli_common.run_bar("three")(sweeps.Progress(0, 1, 2))
    sys.stderr.write("lost")
print(open("file", "w").fileno() > 2)
"""


def test_c15_a_closed_standard_error_means_no_bar_and_no_end(tmp_path):
    command = f'exec "{sys.executable}" -c "$0" 2>&-'
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        ["sh", "-c", command, BARS.replace('"', "'")],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert told.returncode == 0
    assert told.stdout == "True\n"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_c15_a_sweep_with_a_closed_standard_error_is_made_whole(tmp_path, workers):
    (tmp_path / "sweep.yaml").write_text(SWEEP.replace("1000000", "10"))
    arguments = f"sweep sweep.yaml --out out --workers {workers} --json"
    told = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -c "{MAIN}" {arguments} 2>&-'],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert told.returncode == 0
    assert '"runs": 60' in told.stdout


def test_c15_a_standard_error_that_goes_away_ends_nothing(tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    reader, writer = os.pipe()
    os.close(reader)
    process = started(tmp_path, "validate", "nowhere.yaml", "sweep.yaml", stderr=writer)
    os.close(writer)
    assert process.communicate(timeout=60)[0] == "sweep.yaml: ok\n"
    assert process.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no device that is full")
def test_a_standard_output_that_is_full_is_named(tmp_path):
    with open("/dev/full", "w") as full:
        process = started(tmp_path, "schema", stdout=full)
        said = process.communicate(timeout=60)[1]
    assert said == "alignsim: standard output: No space left on device\n"
    assert process.returncode == 2


def test_streams_are_given_back(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with endings.streams():
        print("lost", file=sys.stderr)
        cli_common.say_stopped()
    assert sys.stderr is None
    assert threading.active_count() >= 1
