"""Files written whole or not at all: through links, to devices and pipes, with the mode of others.

A path may be ``-``, or stand for an open file of this process as ``/dev/stdout`` does: what is
written then goes there.
"""

import contextlib
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

STDOUT = Path("-")
"""Standard output, where a file is asked for."""

PRINTED = "standard output"
"""What errors call it."""

PART = ".alignsim-*.part"
"""Pattern of the temporary files; a process that is killed may leave one where the system has no
files without a name."""

_OPEN = re.compile(r"/(?:dev|proc/self)/fd/([0-9]+)")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file whole, or leave what was there; folders that are missing are made.

    A link stays, and the file that it leads to is replaced. An open file, a pipe or a device is
    written to as it is. A new file has the mode that the umask gives, an older one keeps its own.
    Raises OSError, which names the file.
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    if is_stdout(path) and sys.stdout is not None:
        sys.stdout.flush()
        with named(PRINTED):
            sys.stdout.buffer.write(raw)
            sys.stdout.buffer.flush()
        return
    with named(path):
        if is_stream(path):
            _send(path, raw)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, raw)


def is_stream(path: Path) -> bool:
    """Whether a path is standard output, an open file, a pipe or a device: nothing to replace."""
    if path == STDOUT or _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_stdout(path: Path | None) -> bool:
    """Whether what is written to a path goes where the program prints."""
    return path is not None and (path == STDOUT or _descriptor(path) == 1)


@contextlib.contextmanager
def named(path: Path | str) -> Iterator[None]:
    """Let each error of the system name a file, also where it was met at a number."""
    try:
        yield
    except OSError as error:
        if error.filename is None or isinstance(error.filename, int):
            error.filename = str(path)
        raise


def _descriptor(path: Path) -> int | None:
    """Number of the open file that a path such as ``/dev/stdout`` stands for."""
    at = os.path.abspath(path)
    for _ in range(40):  # as many links as the system follows
        if found := _OPEN.fullmatch(at):
            return int(found[1])
        if not os.path.islink(at):
            return None
        at = os.path.abspath(os.path.join(os.path.dirname(at), os.readlink(at)))
    return None


def _send(path: Path, raw: bytes) -> None:
    number = 1 if path == STDOUT else _descriptor(path)
    with open(path if number is None else os.dup(number), "wb", buffering=0) as stream:
        left = memoryview(raw)
        while left:
            left = left[stream.write(left) :]


def _replace(target: Path, raw: bytes) -> None:
    temporary = target.with_name(PART.replace("*", secrets.token_hex(8)))
    try:
        handle, is_named = _new(temporary)
        with os.fdopen(handle, "wb") as stream:
            with contextlib.suppress(FileNotFoundError, AttributeError):  # none on Windows
                os.fchmod(handle, stat.S_IMODE(target.stat().st_mode))
            stream.write(raw)
            stream.flush()
            os.fsync(handle)
            if not is_named:
                # A folder's number, whatever it is, makes Python follow the link in /proc.
                os.link(f"/proc/self/fd/{handle}", temporary, src_dir_fd=handle)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(target), None
        raise


def _new(temporary: Path) -> tuple[int, bool]:
    """An open file, and whether it has its name yet: without one, nothing stays of it if killed."""
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is not None and os.path.isdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            return os.open(temporary.parent, nameless | os.O_WRONLY, 0o666), False
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), True
