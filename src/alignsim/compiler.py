"""The compiler: numba, with a cache that knows all the source that compiled code rests on.

Compiled code is kept in a folder of the user, a file for each function and signature. A file that
is damaged is compiled again and replaced. Where nothing can be kept, since there is no such
folder, or it cannot be written, or the disk is full, each process compiles for itself, and leaves
no file anywhere.
"""

import contextlib
import hashlib
import inspect
import json
import os
import pickle
import sys
import uuid
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.extending import register_jitable

from alignsim import sources

OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True}
"""Of the compiler. Views of 25 floats are dear to pass on: inlined, the engine is a third faster.
No division of the theory is by zero, so none is checked."""

PYTHON = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}"
SUFFIX = ".compiled"
HASH = hashlib.sha256().digest_size
"""Bytes in front of what a file holds."""


def functions(module: ModuleType) -> list[FunctionType]:
    """Functions defined in a module."""
    return [
        item
        for _, item in inspect.getmembers(module, inspect.isfunction)
        if item.__module__ == module.__name__
    ]


def digest(*starts: str) -> str:
    """SHA-256 of the compiler, its options, and the source of modules and of all they import.

    Modules are named as in :func:`alignsim.sources.modules`, whose rule holds.
    """
    versions = [sources.version(name) for name in ("numba", "llvmlite")]
    own = [versions, OPTIONS, sources.digest(*starts)]
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


# --- where compiled code is kept ------------------------------------------------------------


def cache_folder(known: str) -> Path | None:
    """The folder for compiled code of a digest; None where the user has no place for any."""
    root = _root()
    return None if root is None else root / "alignsim" / known[:16]


def _root() -> Path | None:
    """What ``NUMBA_CACHE_DIR`` says, or ``XDG_CACHE_HOME``, or the folder ``.cache`` at home."""
    stated = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    if stated:
        return Path(stated).absolute()
    found = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if found.is_absolute():
        return found
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry of this user
        return None
    return home / ".cache" if home.is_absolute() else None


def is_kept(function: Callable[..., Any], folder: Path | None) -> bool:
    """Whether a folder holds compiled code of a function, for whatever signature."""
    if folder is None:
        return False
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return False
    own = [file for file in files if file.name.startswith(f"{_title(function)}-")]
    return any(_whole(file) for file in own if file.suffix == SUFFIX)


def _title(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}".replace("<locals>", "locals")


def _whole(file: Path) -> bytes | None:
    """What a file holds; None where it cannot be read, or is not as it was written."""
    try:
        raw = file.read_bytes()
    except OSError:
        return None
    known, content = raw[:HASH], raw[HASH:]
    return content if hashlib.sha256(content).digest() == known else None


def _put(file: Path, content: bytes) -> None:
    """Write a file whole, or leave it as it is; nothing else is left."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{uuid.uuid4().hex[:16]}")
    try:
        with open(temporary, "xb") as stream:
            stream.write(hashlib.sha256(content).digest() + content)
        os.replace(temporary, file)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


class _Kept(NullCache):
    """What was compiled of one function, as files of a folder; the compiler asks and tells.

    The compiler's own cache has one index for all signatures. It ends a run at a damaged file and
    at a full disk, runs code of which bytes have changed, and may mix up two signatures where two
    processes compile at once.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._title = _title(function)
        self._folder = folder

    @property
    def cache_path(self) -> str:
        """The folder, as the compiler's statistics tell it."""
        return str(self._folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code for a signature; None where it must be compiled."""
        target_context.refresh()
        content = _whole(self._file(sig, target_context.codegen()))
        if content is None:
            return None
        try:
            parts = pickle.loads(content)  # noqa: S301
            return CompileResult._rebuild(target_context, *parts)  # type: ignore[no-untyped-call]
        except Exception:  # whatever is the matter with it: compiled again, it is replaced
            return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep compiled code for a signature, if it can be kept: it is of use without."""
        if not cres.library.has_dynamic_globals:
            content = dumps(cres._reduce())  # type: ignore[no-untyped-call]
            with contextlib.suppress(OSError):
                _put(self._file(sig, cres.codegen), content)

    def _file(self, sig: Any, codegen: Any) -> Path:
        """One for each signature, kind of processor and version of Python."""
        for_whom = [str(sig), codegen.magic_tuple(), PYTHON]
        key = hashlib.sha256(repr(for_whom).encode()).hexdigest()
        return self._folder / f"{self._title}-{key[:16]}{SUFFIX}"


# --- compiled -------------------------------------------------------------------------------


@cache
def _register(function: Callable[..., Any]) -> None:
    """Let compiled code call a function as it is."""
    register_jitable(**OPTIONS)(function)


def compiled(
    function: Callable[..., Any], callees: Iterable[Callable[..., Any]], folder: Path | None
) -> Any:
    """Compile a function that may call ``callees``, and keep what is compiled in a folder.

    The folder is one for all the source that the function rests on; without one nothing is kept.
    It need not be there, and no fault of the disk is an error.
    """
    for callee in callees:
        _register(callee)
    made = numba.njit(**OPTIONS)(function)
    if folder is not None and not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        made._cache = _Kept(function, folder)
    return made
