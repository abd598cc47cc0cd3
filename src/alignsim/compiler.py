"""The compiler: numba, with a cache that knows all the source that compiled code rests on."""

import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
from numba.extending import register_jitable

OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True}
"""Of the compiler. Views of 25 floats are dear to pass on: inlined, the engine is a third faster.
No division of the theory is by zero, so none is checked."""


def functions(module: ModuleType) -> list[FunctionType]:
    """Functions defined in a module."""
    return [
        item
        for _, item in inspect.getmembers(module, inspect.isfunction)
        if item.__module__ == module.__name__
    ]


def digest(modules: Iterable[ModuleType]) -> str:
    """SHA-256 of the compiler's version and the source of modules."""
    found = hashlib.sha256(numba.__version__.encode())
    for module in modules:
        found.update(inspect.getsource(module).encode())
    return found.hexdigest()


def cache_folder(known: str) -> Path:
    """A cache folder for the source with a digest: the compiler's own key sees one file only."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alignsim"
    return root / known[:16]


def usable(folder: Path) -> str:
    """A cache folder; where it cannot be written, one for this process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return tempfile.mkdtemp(prefix="alignsim-")
    return str(folder)


@cache
def _register(function: Callable[..., Any]) -> None:
    """Let compiled code call a function as it is."""
    register_jitable(**OPTIONS)(function)


def compiled(
    function: Callable[..., Any], callees: Iterable[Callable[..., Any]], folder: Path
) -> Any:
    """Compile a function that may call ``callees``, with its cache in a folder.

    The folder is set for this function only.
    """
    for callee in callees:
        _register(callee)
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = usable(folder)  # type: ignore[attr-defined]
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]
