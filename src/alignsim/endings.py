"""How the program ends, whatever ends it, and the standard streams that it needs meanwhile."""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

from alignsim import files

STOPPED = 130
"""Exit code of a program that was told to end."""

_REMOVE = """\
import shutil, sys, time
sys.stdin.read()
for _ in range(100):
    try:
        shutil.rmtree(sys.argv[1])
    except FileNotFoundError:
        break
    except OSError:
        time.sleep(0.1)
"""
"""A program that waits for the end of its input, which is the end of who started it."""


def known(*names: str) -> set[signal.Signals]:
    """Those of the named signals that this system has."""
    return {getattr(signal, name) for name in names if hasattr(signal, name)}


ENDING = known("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a program: Ctrl-C, a request to end, a closed terminal."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """A request to end and a closed terminal are interruptions like Ctrl-C: nothing stays behind.

    What is ignored stays so, as ``nohup`` wants it.
    """
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for one in ENDING:
            if signal.getsignal(one) is signal.SIG_DFL:
                before[one] = signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def held(signals: set[signal.Signals]) -> Iterator[None]:
    """Signals wait until the block is left; what is started meanwhile never hears them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave(code: int) -> NoReturn:
    """End the process at once, with what is registered to be done then, though threads compute.

    The usual end would wait for some of them; others it would stop in the middle of compiled
    code, which ends the whole process by abort.
    """
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is removed at the end, also where this process is killed.

    A small process sees to that: nobody else is left to do it. Raises OSError.
    """
    folder = tempfile.mkdtemp(prefix="alignsim-")
    try:
        with held(ENDING):
            remover = subprocess.Popen(  # noqa: S603
                [sys.executable, "-ISc", _REMOVE, folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            yield Path(folder)
        finally:
            remover.communicate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- standard streams -----------------------------------------------------------------------


class _Stream:
    """A standard stream: what cannot be written names it, or is lost where the work must go on."""

    def __init__(self, stream: TextIO, name: str, is_lossy: bool) -> None:
        self._stream = stream
        self._name = name
        self._is_lossy = is_lossy

    def write(self, text: str) -> int:
        with self._told():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        with files.named(self._name):
            try:
                yield
            except OSError:
                if not self._is_lossy:
                    raise


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Streams that name themselves in errors; a standard error that never ends the work.

    That may be closed at the start, or later, when its reader or its terminal goes. The numbers
    0 to 2 are taken, so that no file and no pipe gets one of them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
            os.set_inheritable(null, True)
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        if sys.stdout is not None:
            sys.stdout = cast(TextIO, _Stream(sys.stdout, files.PRINTED, is_lossy=False))
        if sys.stderr is None:
            sys.stderr = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        sys.stderr = cast(TextIO, _Stream(sys.stderr, "standard error", is_lossy=True))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def drop_output() -> None:
    """Lose what is still to be printed, which cannot be: the end would try it again."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
