"""What a result rests on in the program itself: the source of modules, found by their imports.

The rule: of a module that computes, its own source counts, and that of every module of this
package that it imports, at the top or inside a function, and so on. Nothing is listed by hand. A
module that is imported counts even where it only reads files: a result made again costs time, a
stale one is wrong. What nothing on the way imports does not count: figures, reports, commands, the
browser app. Two kinds of import make no number and are left out: those for type checkers, and that
of the ``__init__`` of a package, unless something that stands there is imported by its name.

The same imports tell the libraries that count, but for those of :data:`NO_NUMBERS`.
"""

import ast
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGE = __name__.partition(".")[0]
NO_NUMBERS = frozenset({"filelock", "packaging", "pydantic", "ruamel"})
"""Libraries that lock folders, compare versions, or read and check files. What files say enters a
digest as data."""
ABSENT = "absent"
"""The version of a library that is not installed."""


def modules(*starts: str, root: Traversable | None = None) -> tuple[str, ...]:
    """Names of modules and of all modules of this package that they import, sorted.

    ``root`` is the folder of the package, the one that runs unless given. Raises ValueError for a
    start that is no module of the package, or a relative import.
    """
    return tuple(name for name in _reached(starts, root) if _is_ours(name))


def text(module: str, root: Traversable | None = None) -> str:
    """Source of a module of this package, its lines ended by a line feed. Raises ValueError."""
    file = _file(module, files(PACKAGE) if root is None else root)
    if file is None:
        raise ValueError(f"{module} is no module of {PACKAGE}")
    return file.read_text("utf-8")


def digest(*starts: str, root: Traversable | None = None) -> str:
    """SHA-256 of the names and sources of :func:`modules`."""
    found = [(name, text(name, root)) for name in modules(*starts, root=root)]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def versions(*starts: str) -> dict[str, str]:
    """Versions of the libraries that :func:`modules` import, by the name they are imported by."""
    named = [name for name in _reached(starts, None) if not _is_ours(name)]
    return {name: version(name) for name in named if name not in NO_NUMBERS}


@cache
def version(library: str) -> str:
    """Version of a library by the name it is imported by; :data:`ABSENT` without it."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        # Few are installed under another name; to find it, all that is installed is read.
        known = importlib.metadata.packages_distributions().get(library, ())
        return importlib.metadata.version(known[0]) if known else ABSENT


# --- what is imported -----------------------------------------------------------------------


def _reached(starts: Iterable[str], root: Traversable | None) -> list[str]:
    """Modules of this package and libraries that are imported on the way, sorted."""
    folder = files(PACKAGE) if root is None else root
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if _is_ours(name):
                waiting += _named(_imports(name, text(name, folder)), folder)
    return sorted(found)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == PACKAGE


def _named(imported: dict[str, tuple[str, ...]], root: Traversable) -> Iterator[str]:
    """Modules of this package, and libraries, that import statements name."""
    for module, items in imported.items():
        library = module.partition(".")[0]
        if not _is_ours(module):
            if library not in sys.stdlib_module_names:
                yield library
            continue
        file = _file(module, root)
        is_package = file is not None and file.name == "__init__.py"
        for item in items:
            below = f"{module}.{item}"
            yield below if is_package and item and _file(below, root) else module


def _file(module: str, root: Traversable) -> Traversable | None:
    """The file of a module or package of this package; None where there is none."""
    *above, last = module.split(".")[1:] or [""]
    for parts in ((*above, f"{last}.py"), (*above, last, "__init__.py")):
        place = root.joinpath(*parts)
        if place.is_file():
            return place
    return None


@cache
def _imports(module: str, source: str) -> dict[str, tuple[str, ...]]:
    """What a source imports of each module; an empty name where it is the module itself."""
    found: dict[str, tuple[str, ...]] = {}
    for node in _walked(ast.parse(source)):
        if isinstance(node, ast.Import):
            for one in node.names:
                found[one.name] = (*found.get(one.name, ()), "")
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{module}: imports are absolute in this package")
            origin = node.module or ""
            found[origin] = (*found.get(origin, ()), *(one.name for one in node.names))
    return found


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for what only type checkers read."""
    yield node
    below = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        below = iter(node.orelse)
    for child in below:
        yield from _walked(child)
