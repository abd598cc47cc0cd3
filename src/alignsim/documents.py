"""YAML files read strictly, with the line of every key; files written whole or not at all."""

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from alignsim.files import write_whole as write_whole

ENCODING = "utf-8-sig"
"""Encoding of every file read: UTF-8, of which a byte order mark is no part."""
MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 20
MAX_DIGITS = 18
MAX_SHOWN = 80
"""Characters of a key that a message repeats."""

Key = str | int
Location = tuple[Key, ...]

# Controls, surrogates and Unicode line separators: no text needs them, and they break one-line
# messages, tables and terminals.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# Plain scalars of the YAML 1.2 core schema: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGERS = {
    10: re.compile(r"[-+]?[0-9]+"),
    8: re.compile(r"0o[0-7]+"),
    16: re.compile(r"0x[0-9a-fA-F]+"),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class DocumentError(ValueError):
    """A fault in a file that its author can mend: ``file:line: path: what is allowed``."""

    def __init__(self, file: str, line: int | None, path: Location | str, message: str) -> None:
        """Name the file, the line (from 1, or None), the path of the key and what is allowed."""
        where = file if line is None else f"{file}:{line}"
        dotted = path if isinstance(path, str) else ".".join(_short(str(part)) for part in path)
        text = f"{where}: {dotted}: {message}" if dotted else f"{where}: {message}"
        one_line = " ".join(text.split())
        super().__init__(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one_line)
        )


class Place(NamedTuple):
    """Where a key stands: its file, line (None for a command line) and path in that file."""

    file: str
    line: int | None
    path: Location


class Document:
    """A file as plain data, which remembers where each key stands.

    After :meth:`adopt` some keys stand in another file than the rest.
    """

    def __init__(
        self, file: str, data: dict[str, Any], places: dict[Location, Place] | None = None
    ) -> None:
        """Hold plain ``data`` (dict, list, str, int, float, bool, None) and where it stands."""
        self.file = file
        self.data = data
        self.places = {(): Place(file, 1, ()), **(places or {})}

    def place(self, path: Location) -> Place:
        """Place of a path, or of its nearest parent that stands in a file."""
        known = next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.places)
        place = self.places[known]
        return place._replace(path=place.path + path[len(known) :])

    def line(self, path: Location) -> int:
        """Line of a path, or of its nearest parent that stands in a file."""
        return self.place(path).line or 1

    def error(self, path: Location, message: str) -> DocumentError:
        """An error at a path; it names the file, line and path where that stands."""
        return DocumentError(*self.place(path), message)

    def copied(self) -> "Document":
        """A copy that shares nothing that can change."""
        return Document(self.file, copy.deepcopy(self.data), dict(self.places))

    def adopt(self, path: Location, other: "Document", origin: Location) -> None:
        """Let what stands at ``path`` be found where ``other`` has ``origin``; data stays."""
        depth, skip = len(path), len(origin)
        kept = {at: place for at, place in self.places.items() if at[:depth] != path}
        taken = {
            path + at[skip:]: place for at, place in other.places.items() if at[:skip] == origin
        }
        self.places = kept | taken


def read(file: Path | str) -> Document:
    """Read one YAML 1.2 file whose top level is a mapping.

    Raises DocumentError where the file is missing, empty, binary, larger than 2048 KiB, not YAML,
    or holds what :func:`parse` refuses.
    """
    name = str(file)
    try:
        with open(file, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(name, None, "", f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise DocumentError(name, None, "", "not a file name") from None
    return parse(raw, name)


def text(file: Path) -> str:
    """The text of a table or record in UTF-8; a byte order mark is no part of it.

    Raises DocumentError where the file cannot be read or is not text.
    """
    try:
        return file.read_text(ENCODING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise DocumentError(str(file), None, "", f"cannot be read: {reason}") from None


def parse(raw: bytes, name: str) -> Document:
    """The same for the bytes of a file, under the name that messages give it.

    Refused are duplicate keys, keys that are not text, anchors, aliases, tags, a second document,
    unprintable characters, nesting deeper than 20 and whole numbers of more than 18 digits.
    """
    if len(raw) > MAX_BYTES:
        raise DocumentError(name, None, "", f"larger than {MAX_BYTES // 1024} KiB")
    try:
        text = raw.decode(ENCODING)
    except UnicodeDecodeError:
        raise DocumentError(name, None, "", "not a UTF-8 text file") from None
    if "\x00" in text:
        raise DocumentError(name, None, "", "not a text file")
    strange = _UNPRINTABLE.search(text)
    if strange is not None:
        line = text.count("\n", 0, strange.start()) + 1
        raise DocumentError(name, line, "", _unprintable(strange))
    return _Composer(name, text).document()


def _unprintable(found: re.Match[str]) -> str:
    return f"the character U+{ord(found[0]):04X} is not allowed"


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


class _Composer:
    """Builds plain data from the events of the parser, and refuses what this project does."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.events = _events(name, text)
        self.places: dict[Location, Place] = {}

    def document(self) -> Document:
        """The only document of the file."""
        next(self.events)
        start = next(self.events)
        if isinstance(start, StreamEndEvent):
            raise self._error(None, (), "the file is empty")
        if isinstance(start, DocumentStartEvent) and start.version not in (None, (1, 2)):
            raise self._error(start, (), "only YAML 1.2 is read")
        data = self._node(next(self.events), ())
        if data is None:
            raise self._error(None, (), "the file is empty")
        if not isinstance(data, dict):
            raise DocumentError(self.name, 1, "", "the top level must be a mapping of keys")
        after = next(event for event in self.events if not isinstance(event, DocumentEndEvent))
        if not isinstance(after, StreamEndEvent):
            raise self._error(after, (), "a second document; a file holds one")
        return Document(self.name, data, self.places)

    def _node(self, event: Any, path: Location) -> Any:
        self._refuse(event, path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path)

    def _refuse(self, event: Any, path: Location) -> None:
        if isinstance(event, AliasEvent):
            raise self._error(event, path, "aliases are not allowed")
        if event.anchor is not None:
            raise self._error(event, path, "anchors are not allowed")
        if event.tag is not None:
            raise self._error(event, path, "tags are not allowed")
        if len(path) > MAX_DEPTH:
            raise self._error(event, path, "nested too deeply")

    def _mapping(self, path: Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, path)
            below = (*path, key)
            if key in mapping:
                raise self._error(event, below, "duplicate key")
            self.places[below] = Place(self.name, _line(event), below)
            mapping[key] = self._node(next(self.events), below)
        return mapping

    def _key(self, event: Any, path: Location) -> str:
        if not isinstance(event, ScalarEvent):
            self._refuse(event, path)
            raise self._error(event, path, "a key must be text")
        key = self._node(event, path)
        if not isinstance(key, str):
            raise self._error(event, (*path, event.value), "a key must be text; quote it")
        return key

    def _sequence(self, path: Location) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            below = (*path, len(items))
            self.places[below] = Place(self.name, _line(event), below)
            items.append(self._node(event, below))
        return items

    def _scalar(self, event: ScalarEvent, path: Location) -> Any:
        text = str(event.value)
        strange = _UNPRINTABLE.search(text)
        if strange is not None:
            raise self._error(event, path, _unprintable(strange))
        plain = event.implicit[0]
        if not plain:
            return text
        if text in _WORDS:
            return _WORDS[text]
        for base, pattern in _INTEGERS.items():
            if pattern.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    raise self._error(event, path, f"a number of more than {MAX_DIGITS} digits")
                return int(text, base)
        if _NOT_FINITE.fullmatch(text):
            return float(text.replace(".", ""))
        return float(text) if _FLOAT.fullmatch(text) else text

    def _error(self, event: Any, path: Location, message: str) -> DocumentError:
        return DocumentError(self.name, _line(event) if event else None, path, message)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _events(name: str, text: str) -> Iterator[Any]:
    """Events of the YAML parser, one at a time: deep nesting is refused before it is all read."""
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise DocumentError(name, line, "", f"not valid YAML: {error.problem}") from None
    except Exception as error:
        # The parser leaks errors of many kinds on malformed input: none is a fault of this program.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DocumentError(name, None, "", f"not valid YAML: {reason}") from None


def digest(content: Any) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
