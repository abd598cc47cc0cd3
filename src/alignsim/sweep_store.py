"""The folder of a sweep: a manifest, and one Parquet file per chunk, each whole or absent.

The name of a chunk's file holds its number and the hash of its content, so that a damaged file
shows, and is made again. ``chunks`` and ``failures`` hold Parquet files of one kind and nothing
else: any reader of Parquet takes the folder as it stands.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
from pathlib import Path
from typing import Any, NamedTuple

import filelock
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from alignsim import files
from alignsim.documents import DocumentError

MANIFEST = "manifest.json"
CHUNKS = "chunks"
FAILURES = "failures"
LINK = b"failures"
"""Key of a chunk's Parquet metadata: the name of its failures file, or empty."""

MAX_SHOWN = 40
"""Characters of a value that a message repeats."""

_LOCK, _TEMPORARIES, _PART = "lock", "tmp", ".part"
_NAME = re.compile(r"chunk-([0-9]{8,})-([0-9a-f]{16})\.parquet")


class Chunk(NamedTuple):
    """Results of one chunk: Parquet files as bytes, and how much they stand for."""

    index: int  # type: ignore[assignment]  # the method of tuples gives way
    rows: bytes
    failures: bytes  # empty where no point failed
    runs: int
    failed: int  # points


def chunk_name(index: int, raw: bytes) -> str:
    """File name of a chunk of this number and content."""
    return f"chunk-{index:08d}-{hashlib.sha256(raw).hexdigest()[:16]}.parquet"


def failures_name(index: int, raw: bytes) -> str:
    """File name of a chunk's failures, empty where there are none; ``rows`` must state it.

    Whoever makes the rows puts it under :data:`LINK` into their metadata: a chunk whose failures
    were lost is then known.
    """
    return chunk_name(index, raw) if raw else ""


class Store:
    """The folder while a sweep writes to it: a context, which one process at a time holds."""

    def __init__(self, folder: Path, manifest: dict[str, Any], total: int) -> None:
        """Name the folder, what the sweep is (JSON without NaN), and its number of chunks.

        The manifest states ``chunks`` as ``total``.
        """
        self.folder = folder
        self.total = total
        self.damaged = 0
        """Files that the last :meth:`done` found damaged or doubled, and removed."""
        self._text = json.dumps(
            {**manifest, "chunks": total}, ensure_ascii=False, indent=1, allow_nan=False
        )
        self._lock = filelock.FileLock(folder / _LOCK)

    def __enter__(self) -> "Store":
        """Take the folder, which is made where it is missing.

        Raises DocumentError where another process holds it, where it is another sweep's, or where
        it holds other files; OSError where it cannot be written.
        """
        names = set(_visible(self.folder))
        if MANIFEST not in names and (strangers := names - {_LOCK, _TEMPORARIES}):
            message = f"holds {min(strangers)!r} and no {MANIFEST}; choose an empty folder"
            raise _error(self.folder, message)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            raise _error(self.folder, f"in use by another process{self._holder()}") from None
        try:
            self._settle()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def done(self) -> set[int]:
        """Numbers of chunks that need not be made: rows and failures are as they were written.

        What is damaged, doubled or belongs to no chunk is removed. Raises DocumentError where a
        file of another name lies among the chunks.
        """
        self.damaged = 0
        linked: dict[int, str] = {}
        for name in _visible(self.folder / CHUNKS):
            if not _NAME.fullmatch(name):
                raise _error(self.folder / CHUNKS, f"{name!r} is no chunk; move it elsewhere")
        for index, found in _numbered(self.folder / CHUNKS).items():
            link = self._link(index, found[0]) if len(found) == 1 else None
            if link is not None:
                linked[index] = link
                continue
            for file in found:
                file.unlink()
            self.damaged += len(found)
        known = set(linked.values())
        for file in failure_files(self.folder):
            if file.name not in known:
                file.unlink()
        return set(linked)

    def write(self, chunk: Chunk) -> None:
        """Write a chunk, its failures first; each file is whole or absent.

        Raises OSError with the file name where the disk is full, ValueError where the rows do not
        state their failures.
        """
        failures = failures_name(chunk.index, chunk.failures)
        if _stated(pa.BufferReader(chunk.rows)) != failures:
            raise ValueError(f"chunk {chunk.index} does not state its failures")
        if failures:
            self._put(self.folder / FAILURES / failures, chunk.failures)
        self._put(self.folder / CHUNKS / chunk_name(chunk.index, chunk.rows), chunk.rows)

    @property
    def is_complete(self) -> bool:
        """Whether every chunk has a file."""
        return not chunk_files(self.folder)[1]

    def _holder(self) -> str:
        try:
            return f" ({(self.folder / _TEMPORARIES / 'process').read_text('utf-8')[:MAX_SHOWN]})"
        except (OSError, ValueError):
            return ""

    def _settle(self) -> None:
        temporaries = self.folder / _TEMPORARIES
        temporaries.mkdir(exist_ok=True)
        for left in temporaries.glob(f"chunk-*{_PART}"):
            left.unlink()
        # Not in the lock itself, which some systems truncate when another process tries it.
        with files.named(temporaries / "process"):
            (temporaries / "process").write_text(f"{os.getpid()} on {platform.node()}", "utf-8")
        if (self.folder / MANIFEST).exists():
            self._compare()
        else:
            self._put(self.folder / MANIFEST, f"{self._text}\n".encode())
        for name in (CHUNKS, FAILURES):
            (self.folder / name).mkdir(exist_ok=True)

    def _compare(self) -> None:
        there, here = _flat(read_manifest(self.folder), ""), _flat(json.loads(self._text), "")
        differences = [
            f"{path} is {there.get(path, 'absent')[:MAX_SHOWN]} there,"
            f" {here.get(path, 'absent')[:MAX_SHOWN]} here"
            for path in {**there, **here}
            if there.get(path) != here.get(path)
        ]
        if differences:
            message = f"made by another specification: {'; '.join(differences[:3])}"
            raise _error(self.folder, f"{message}; choose another folder")

    def _link(self, index: int, file: Path) -> str | None:
        """Failures file of a chunk, or empty; None where the chunk is not whole or not ours."""
        if index >= self.total or not _is_whole(file):
            return None
        try:
            link = _stated(file)
        except pa.ArrowException:
            return None
        named = _NAME.fullmatch(link)
        if named and int(named[1]) == index and _is_whole(self.folder / FAILURES / link):
            return link
        return None if link else link

    def _put(self, target: Path, raw: bytes) -> None:
        temporary = self.folder / _TEMPORARIES / f"{target.name}{_PART}"
        try:
            with open(temporary, "wb") as stream:
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except BaseException as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            if isinstance(error, OSError):
                # A full disk is met by a descriptor, which has no name.
                error.filename, error.filename2 = str(target), None
            raise


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the sweep of a folder is. Raises DocumentError where the folder is no sweep's."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise _error(folder, f"not the folder of a sweep: it has no {MANIFEST}") from None
    except (ValueError, RecursionError):
        manifest = None
    chunks = manifest.get("chunks") if isinstance(manifest, dict) else None
    if type(chunks) is not int or chunks < 0:
        raise _error(folder / MANIFEST, "not the manifest of a sweep")
    return dict(manifest)


def chunk_files(folder: Path) -> tuple[list[Path], int]:
    """Files of the chunks in order of number, and how many chunks are missing.

    Names are read, not contents. Raises DocumentError where the folder is no sweep's, or has a
    chunk twice.
    """
    total = read_manifest(folder)["chunks"]
    numbered = _numbered(folder / CHUNKS)
    missing = total - sum(index < total for index in numbered)
    return [_only(found) for found in numbered.values()], missing


def failure_files(folder: Path) -> list[Path]:
    """Files of the points that failed, in order of chunk; chunks without failures have none."""
    return [file for found in _numbered(folder / FAILURES).values() for file in found]


def chunk_file(folder: Path, index: int) -> Path | None:
    """File of one chunk, None where it is not made yet; DocumentError where it is there twice."""
    found = _numbered(folder / CHUNKS).get(index)
    return _only(found) if found else None


def failed_points(folder: Path) -> int:
    """Number of points that failed so far. Raises DocumentError where a file is damaged."""
    failed = 0
    for file in failure_files(folder):
        try:
            failed += pq.read_metadata(file).num_rows
        except (pa.ArrowException, OSError):
            raise _error(file, "is damaged; run the sweep again") from None
    return failed


def _only(found: list[Path]) -> Path:
    if len(found) > 1:
        raise _error(found[1], "a chunk that is there twice; run the same sweep again")
    return found[0]


def _visible(folder: Path) -> list[str]:
    """Names in a folder that do not start with a dot; none where there is no folder."""
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def _numbered(folder: Path) -> dict[int, list[Path]]:
    numbered: dict[int, list[Path]] = {}
    for name in sorted(_visible(folder)):
        if matched := _NAME.fullmatch(name):
            numbered.setdefault(int(matched[1]), []).append(folder / name)
    return dict(sorted(numbered.items()))


def _error(file: Path, message: str) -> DocumentError:
    return DocumentError(str(file), None, "", message)


def _is_whole(file: Path) -> bool:
    """Whether the content of a file has the hash that its name says."""
    try:
        with open(file, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return False
    return file.name.endswith(f"-{digest[:16]}.parquet")


def _stated(source: Any) -> str:
    """Failures file that a Parquet file states."""
    metadata: dict[bytes, bytes] = pq.read_metadata(source).metadata or {}
    return metadata.get(LINK, b"").decode("utf-8", "replace")


def _flat(value: Any, path: str) -> dict[str, str]:
    """Leaves of nested mappings and lists, as JSON by dotted path."""
    if not isinstance(value, dict | list) or not value:
        return {path: json.dumps(value, ensure_ascii=False)}
    leaves: dict[str, str] = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        leaves |= _flat(item, f"{path}.{key}" if path else str(key))
    return leaves
