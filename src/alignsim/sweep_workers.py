"""Chunks of a sweep made one after another, by processes of this machine, or by a Dask cluster.

Here and by processes, anything else that a number names can be made the same way.

Each way gives the same set of chunks, in the order in which they are ready. Numbers are taken from
``indices`` only as there is room, so that it may be a generator of any length. To end the work at
once, close the generator.
"""

import asyncio
import contextlib
import importlib
import itertools
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from alignsim import endings, wholes
from alignsim.documents import DocumentError
from alignsim.sweep_store import Chunk

Made = TypeVar("Made")

Make = Callable[[int], Chunk]
"""Makes a chunk of its number, anywhere: it can be pickled, and depends on nothing else."""

Chunks = Generator[Chunk, None, None]

Client = Any
"""A ``distributed.Client``; most of it has no types, and it is imported only where it is used."""

SECONDS = 10
"""How long a cluster may take to answer."""

RESUME = "the same command goes on where it stopped"
"""What to do where work was lost of which the rest is kept."""

_UNHEARD = endings.known("SIGINT", "SIGHUP")
"""What a terminal sends to all that it started: for this process alone, which ends its workers."""


class _Raised(NamedTuple):
    """An exception on its way out of a worker; a DocumentError as text, for it does not pickle."""

    error: Exception | None
    text: str


def serial(make: Callable[[int], Made], indices: Iterable[int]) -> Generator[Made, None, None]:
    """Chunks made here, one after another."""
    yield from map(make, indices)


@wholes.taken(workers=wholes.ONE_UP)
def processes(
    make: Callable[[int], Made],
    indices: Iterable[int],
    workers: int,
    name: str = "sweep",
    advice: str = RESUME,
) -> Generator[Made, None, None]:
    """Chunks made by ``workers`` new processes, each with two numbers in hand at most.

    The processes end with the generator, whatever ends it, and with this process. Raises what
    ``make`` raises, DocumentError where a process dies, and ValueError for workers below 1. A
    process that dies is told under the ``name`` of the work, with ``advice``.
    """
    left = iter(indices)
    first = list(itertools.islice(left, workers))
    pool: dict[Connection, SpawnProcess] = {}
    try:
        with _unheard():
            for _ in first:
                pipe, process = _started(make)
                pool[pipe] = process
        try:
            yield from _handed_out(pool, itertools.chain(first, left))
        except _DiedError as died:
            raise DocumentError(name, None, "", f"{died}; {advice}") from None
    finally:
        with endings.held(endings.ENDING):  # a second Ctrl-C waits until nobody is left
            for process in pool.values():
                process.kill()
            for pipe, process in pool.items():
                process.join()
                pipe.close()


def _handed_out(
    pool: dict[Connection, SpawnProcess], left: Iterator[int]
) -> Generator[Any, None, None]:
    # Not an executor of the library: its one pipe for all results never ends when a worker is
    # killed while it sends, and everything waits for ever.
    waiting = 0
    for pipe, index in zip([*pool, *pool], left, strict=False):
        with _alive(pool[pipe]):
            pipe.send(index)
        waiting += 1
    while waiting:
        for ready in connection.wait(list(pool)):
            assert isinstance(ready, Connection)
            with _alive(pool[ready]):
                outcome = ready.recv()
                waiting -= 1
                for index in itertools.islice(left, 1):
                    ready.send(index)
                    waiting += 1
            yield _opened(outcome)


def _started(make: Callable[[int], Any]) -> tuple[Connection, SpawnProcess]:
    # Spawned: a fork would share the threads and the compiler of this process.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(make, theirs), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _serve(make: Callable[[int], Any], pipe: Connection) -> None:
    """A worker: numbers in, chunks out, until the other end is closed."""
    for one in _UNHEARD:
        signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send(_attempt(make, pipe.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _DiedError(Exception):
    """A worker died, and how."""


@contextlib.contextmanager
def _alive(process: SpawnProcess) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        process.join(SECONDS)
        code = process.exitcode
        how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        raise _DiedError(f"a worker process died ({how})") from None


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """What is started meanwhile does not hear Ctrl-C or the end of a terminal, from birth."""
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        with endings.held(_UNHEARD):
            resource_tracker.ensure_running()  # its start lifts the mask, for Ctrl-C
    with endings.held(_UNHEARD):
        yield


def _attempt(make: Callable[[int], Any], index: int) -> Any:
    try:
        return make(index)
    except DocumentError as error:
        return _Raised(None, str(error))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return _Raised(_portable(error), "")


def _portable(error: Exception) -> Exception:
    """The exception, if pickling gives it back; otherwise one with its text."""
    try:
        if type(pickle.loads(pickle.dumps(error))) is type(error):  # noqa: S301
            return error
    except Exception as fault:
        error.add_note(f"not to be pickled: {fault}")
    return RuntimeError("\n".join([f"{type(error).__name__}: {error}", *error.__notes__]))


def _opened(outcome: Any) -> Any:
    if isinstance(outcome, _Raised):
        raise outcome.error or DocumentError.__new__(DocumentError, outcome.text)
    return outcome


def dask(make: Make, indices: Iterable[int], client: Client) -> Chunks:
    """Chunks made by a Dask cluster, with two numbers in hand for each of its threads.

    The cluster may grow and shrink; a chunk whose worker dies is made again elsewhere. Raises what
    ``make`` raises, and DocumentError where the cluster is lost or a chunk kills its workers.
    """
    left = iter(indices)
    # A task, not scattered: it can be made again after the worker that held it.
    maker = client.submit(pickle.loads, pickle.dumps(make), pure=False)
    running: set[Any] = set()
    done = _distributed().as_completed(with_results=True, raise_errors=False, loop=client.loop)
    try:
        while True:
            for index in itertools.islice(left, max(0, _room(client) - len(running))):
                future = client.submit(_attempt, maker, index, pure=False)
                running.add(future)
                done.add(future)
            if not running:
                return
            future, outcome = next(done)
            running.remove(future)
            del future
            yield _opened(_arrived(client, outcome))
    finally:
        with contextlib.suppress(Exception):
            client.cancel([maker, *running])


def _room(client: Client) -> int:
    """How many chunks to have under way, at least 2: an empty cluster may still fill."""
    try:
        return 2 * max(1, sum(map(int, client.nthreads().values())))
    except OSError:
        raise _lost(client, "the scheduler does not answer") from None


def _arrived(client: Client, outcome: Any) -> Chunk | _Raised:
    if isinstance(outcome, Chunk | _Raised):
        return outcome
    if isinstance(outcome, BaseException):  # cancelled: the connection is lost
        raise _lost(client, "the scheduler does not answer")
    kind, error, _ = outcome  # of a task that failed outside ``make``
    raise _lost(client, f"{kind.__name__}: {error}"[:300])


def _lost(client: Client, reason: str) -> DocumentError:
    name = client.scheduler.address if client.scheduler else "dask"
    return DocumentError(name, None, "", f"the cluster failed: {reason}; {RESUME}")


@wholes.taken(workers=wholes.ONE_UP)
@contextlib.contextmanager
def local_cluster(workers: int) -> Iterator[Client]:
    """A Dask cluster of processes of this machine, which ends with the block."""
    distributed = _distributed()
    with endings.temporary_folder() as folder, _scratch(folder):
        with _unheard():
            client = distributed.Client(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                set_as_default=False,
            )
        with client:
            yield client


def _scratch(folder: Path) -> Any:
    """Scheduler and workers keep their files in a folder."""
    return importlib.import_module("dask").config.set({"temporary-directory": str(folder)})


def connect(address: str) -> Client:
    """A client of a running Dask scheduler. Raises DocumentError where none answers."""
    distributed = _distributed()

    async def greet() -> None:
        arguments = distributed.Security().get_connection_args("client")
        (await distributed.core.connect(address, timeout=SECONDS, **arguments)).abort()

    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)  # what is lost is told once, in one line
    try:
        # First without a client: one that fails to start lingers, and complains when collected.
        asyncio.run(greet())
        return distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except Exception as error:
        message = f"no Dask scheduler answers: {error or type(error).__name__}"
        raise DocumentError(address, None, "", message) from None


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        message = "not installed; install alignsim[cluster]"
        raise DocumentError("dask", None, "", message) from None
