"""YAML files read strictly, with the line of every key; files written whole or not at all."""

import contextlib
import datetime
import os
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MAX_BYTES = 256 * 1024

Key = str | int
Location = tuple[Key, ...]


class DocumentError(ValueError):
    """A fault in a file that its author can mend: ``file:line: path: what is allowed``."""

    def __init__(self, file: str, line: int | None, path: Location | str, message: str) -> None:
        """Name the file, the line (from 1, or None), the path of the key and what is allowed."""
        where = file if line is None else f"{file}:{line}"
        dotted = path if isinstance(path, str) else ".".join(str(part) for part in path)
        text = f"{where}: {dotted}: {message}" if dotted else f"{where}: {message}"
        super().__init__(" ".join(text.split()))


class Document:
    """A YAML 1.2 file as plain data, which remembers where each key stands."""

    def __init__(self, file: str, data: Any, lines: dict[Location, int]) -> None:
        """Hold plain ``data`` (dict, list, str, int, float, bool, None) and its line numbers."""
        self.file = file
        self.data = data
        self.lines = lines

    def line(self, path: Location) -> int:
        """Line of a path, or of its nearest parent that stands in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def error(self, path: Location, message: str) -> DocumentError:
        """An error at a path of this file."""
        return DocumentError(self.file, self.line(path), path, message)


def read(file: Path | str) -> Document:
    """Read one YAML 1.2 file whose top level is a mapping.

    Raises DocumentError where the file is missing, empty, binary, larger than 256 KiB or not
    YAML, repeats a key, or uses an alias.
    """
    name = str(file)
    try:
        with open(file, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(name, None, "", f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise DocumentError(name, None, "", f"larger than {MAX_BYTES // 1024} KiB")
    return parse(raw, name)


def parse(raw: bytes, name: str) -> Document:
    """The same for the bytes of a file, under the name that messages give it."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError(name, None, "", "not a UTF-8 text file") from None
    if "\x00" in text:
        raise DocumentError(name, None, "", "not a text file")
    if text.lstrip().startswith("%YAML") and not text.lstrip().startswith("%YAML 1.2"):
        raise DocumentError(name, 1, "", "only YAML 1.2 is read")
    yaml = YAML(typ="rt", pure=True)
    try:
        loaded = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise DocumentError(name, line, "", f"not valid YAML: {error.problem}") from None
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        # The parser leaks these on some malformed input; none of it is a fault of this program.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DocumentError(name, None, "", f"not valid YAML: {reason}") from None
    if loaded is None:
        raise DocumentError(name, None, "", "the file is empty")
    if not isinstance(loaded, CommentedMap):
        raise DocumentError(name, 1, "", "the top level must be a mapping of keys")
    lines: dict[Location, int] = {}
    try:
        data = _plain(loaded, (), lines, set(), name)
    except RecursionError:
        raise DocumentError(name, None, "", "nested too deeply") from None
    return Document(name, data, lines)


def _plain(node: Any, path: Location, lines: dict[Location, int], seen: set[int], name: str) -> Any:
    """Plain data of a parsed node; fills ``lines`` and refuses nodes that stand in two places."""
    if isinstance(node, CommentedMap | CommentedSeq):
        if id(node) in seen:
            raise DocumentError(name, lines.get(path), path, "aliases are not allowed")
        seen.add(id(node))
    if isinstance(node, CommentedMap):
        mapping = {}
        for key, value in node.items():
            if not isinstance(key, str):
                key = str(key.isoformat() if isinstance(key, datetime.date) else key)
            below = (*path, key)
            lines[below] = _line_of(node, key)
            mapping[key] = _plain(value, below, lines, seen, name)
        return mapping
    if isinstance(node, CommentedSeq):
        items = []
        for index, value in enumerate(node):
            below = (*path, index)
            lines[below] = _line_of(node, index)
            items.append(_plain(value, below, lines, seen, name))
        return items
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, datetime.date):
        return node.isoformat()[:10]
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    raise DocumentError(name, lines.get(path), path, "a tag that is not allowed")


def _line_of(node: Any, key: Any) -> int:
    try:
        return int(node.lc.data[key][0]) + 1
    except (KeyError, TypeError, IndexError, AttributeError):
        return int(getattr(node.lc, "line", 0) or 0) + 1


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name in its folder, then rename it into place.

    Nothing half-written is left behind: on any failure the temporary file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
