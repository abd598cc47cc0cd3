import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignsim import sweep_store
from alignsim.documents import DocumentError
from alignsim.sweep_store import Chunk, Store

TOTAL = 7
MANIFEST = {"specification": {"replications": 100, "axes": [{"path": "a.b"}, {"path": "c"}]}}


def parquet(columns: dict[str, list], link: str | None = None) -> bytes:
    table = pa.table(columns)
    if link is not None:
        table = table.replace_schema_metadata({sweep_store.LINK: link.encode()})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def chunk(index: int) -> Chunk:
    """Four rows; every third chunk has a failed point."""
    failures = parquet({"point": [index], "reason": ["no"]}) if index % 3 == 0 else b""
    columns = {"chunk": [index] * 4, "value": [index + row / 7 for row in range(4)]}
    rows = parquet(columns, sweep_store.failures_name(index, failures))
    return Chunk(index, rows, failures, 4, int(bool(failures)))


def opened(folder: Path) -> Store:
    return Store(folder, MANIFEST, TOTAL)


def fill(folder: Path, indices=range(TOTAL)) -> None:
    with opened(folder) as store:
        for index in indices:
            store.write(chunk(index))


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but those that say who holds it."""
    files = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {
        str(name): file.read_bytes()
        for name, file in files.items()
        if name.parts[0] not in ("tmp", "lock")
    }


def rows_of(folder: Path, index: int) -> Path:
    return folder / "chunks" / sweep_store.chunk_name(index, chunk(index).rows)


def failures_of(folder: Path, index: int) -> Path:
    return folder / "failures" / sweep_store.failures_name(index, chunk(index).failures)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    fill(tmp_path / "sweep")
    return tmp_path / "sweep"


def test_names_hold_the_number_and_the_hash():
    assert sweep_store.chunk_name(12, b"abc") == "chunk-00000012-ba7816bf8f01cfea.parquet"
    assert sweep_store.failures_name(12, b"abc") == "chunk-00000012-ba7816bf8f01cfea.parquet"
    assert sweep_store.failures_name(12, b"") == ""


def test_the_folder_holds_what_it_should(full: Path):
    assert sorted(os.listdir(full)) == ["chunks", "failures", "lock", "manifest.json", "tmp"]
    assert len(os.listdir(full / "chunks")) == TOTAL
    assert len(os.listdir(full / "failures")) == 3
    assert os.listdir(full / "tmp") == ["process"]
    assert json.loads((full / "manifest.json").read_text()) == {**MANIFEST, "chunks": TOTAL}


def test_every_common_reader_reads_the_folder_as_it_stands(full: Path):
    expected = sum(index + row / 7 for index in range(TOTAL) for row in range(4))
    frames = [
        pd.read_parquet(full / "chunks"),
        pl.read_parquet(full / "chunks").to_pandas(),
        duckdb.sql(f"SELECT * FROM '{full}/chunks/*.parquet'").df(),
    ]
    for frame in frames:
        assert list(frame.columns) == ["chunk", "value"]
        assert len(frame) == 4 * TOTAL
        assert frame["value"].sum() == pytest.approx(expected)
    assert sorted(pd.read_parquet(full / "failures")["point"]) == [0, 3, 6]


def test_a_resumed_sweep_is_an_uninterrupted_one(tmp_path: Path, full: Path):
    part = tmp_path / "part"
    fill(part, [5, 0])
    with opened(part) as store:
        assert store.done() == {0, 5}
        assert store.damaged == 0
        assert not store.is_complete
        for index in set(range(TOTAL)) - store.done():
            store.write(chunk(index))
        assert store.is_complete
        assert store.done() == set(range(TOTAL))
    assert content(part) == content(full)


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def flipped(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)


def doubled(file: Path) -> None:
    """The same chunk with other bytes, whole in itself."""
    raw = parquet({"chunk": [3] * 4, "value": [0.0] * 4})
    file.with_name(sweep_store.chunk_name(3, raw)).write_bytes(raw)


@pytest.mark.parametrize("harm", [truncated, emptied, flipped, Path.unlink])
@pytest.mark.parametrize("find", [rows_of, failures_of])
def test_what_was_harmed_is_made_again(tmp_path: Path, full: Path, find, harm):
    hurt = tmp_path / "hurt"
    fill(hurt)
    harm(find(hurt, 3))
    with opened(hurt) as store:
        assert store.done() == set(range(TOTAL)) - {3}
        assert store.damaged == (0 if (find, harm) == (rows_of, Path.unlink) else 1)
        assert not rows_of(hurt, 3).exists()
        assert not failures_of(hurt, 3).exists()
        store.write(chunk(3))
    assert content(hurt) == content(full)


def test_a_chunk_that_is_there_twice_is_made_again(tmp_path: Path, full: Path):
    hurt = tmp_path / "hurt"
    fill(hurt)
    doubled(rows_of(hurt, 3))
    with pytest.raises(DocumentError, match="there twice; run the same sweep again"):
        sweep_store.chunk_files(hurt)
    with opened(hurt) as store:
        assert store.done() == set(range(TOTAL)) - {3}
        assert store.damaged == 2
        store.write(chunk(3))
    assert content(hurt) == content(full)


@pytest.mark.parametrize(
    "link", ["../manifest.json", sweep_store.failures_name(3, chunk(3).failures)]
)
def test_a_chunk_with_the_failures_of_another_is_not_whole(full: Path, link: str):
    rows_of(full, 1).unlink()
    raw = parquet({"chunk": [1]}, link)
    (full / "chunks" / sweep_store.chunk_name(1, raw)).write_bytes(raw)
    with opened(full) as store:
        assert 1 not in store.done()
        assert store.damaged == 1


@pytest.mark.parametrize(("index", "raw"), [(TOTAL, chunk(1).rows), (1, b"not Parquet")])
def test_a_whole_file_that_is_no_chunk_is_removed(full: Path, index: int, raw: bytes):
    if index < TOTAL:
        rows_of(full, index).unlink()
    file = full / "chunks" / sweep_store.chunk_name(index, raw)
    file.write_bytes(raw)
    with opened(full) as store:
        assert store.done() == set(range(TOTAL)) - {index}
        assert store.damaged == 1
    assert not file.exists()


def test_leftovers_of_a_crash_go(full: Path):
    (full / "tmp" / "chunk-00000001-00.parquet.part").write_bytes(b"half")
    orphan = full / "failures" / sweep_store.failures_name(1, chunk(3).failures)
    orphan.write_bytes(chunk(3).failures)
    before = content(full)
    with opened(full) as store:
        assert os.listdir(full / "tmp") == ["process"]
        assert store.done() == set(range(TOTAL))
        assert store.damaged == 0
    assert not orphan.exists()
    assert before.keys() - content(full).keys() == {f"failures/{orphan.name}"}


def test_a_file_of_another_name_among_the_chunks_is_told_and_kept(full: Path):
    copy = full / "chunks" / "chunk-00000001 (copy).parquet"
    copy.write_bytes(b"mine")
    with opened(full) as store, pytest.raises(DocumentError, match=r"'chunk-00000001 \(copy\)"):
        store.done()
    assert copy.read_bytes() == b"mine"


def test_failures_are_written_before_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *pair: (order.append(pair[1]), replace(*pair)))
    fill(tmp_path, [3])
    assert [Path(file).parent.name for file in order[1:]] == ["failures", "chunks"]
    assert Path(order[0]).name == "manifest.json"


def test_rows_that_do_not_state_their_failures_are_a_fault_of_the_maker(tmp_path: Path):
    with opened(tmp_path) as store, pytest.raises(ValueError, match="state its failures"):
        store.write(chunk(3)._replace(rows=chunk(1).rows))
    assert os.listdir(tmp_path / "chunks") == os.listdir(tmp_path / "failures") == []


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_is_named_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
):
    calls = []
    original = getattr(os, name)

    def full_disk(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(*arguments)

    with opened(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full_disk)
            with pytest.raises(OSError, match="No space left") as caught:
                store.write(chunk(3))
        failed = rows_of(tmp_path, 3) if after else failures_of(tmp_path, 3)
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(failed)
        assert os.listdir(tmp_path / "tmp") == ["process"]
        assert os.listdir(tmp_path / "chunks") == []
        assert store.done() == set()
        assert os.listdir(tmp_path / "failures") == []
        store.write(chunk(3))
        assert store.done() == {3}


HOLD = """
import sys, time
from pathlib import Path
from alignsim.sweep_store import Store
with Store(Path(sys.argv[1]), {}, 1):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time_and_a_killed_one_lets_go(tmp_path: Path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for _ in range(2):
            message = rf"{tmp_path}: in use by another process \({holder.pid} on "
            with pytest.raises(DocumentError, match=message), Store(tmp_path, {}, 1):
                pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with Store(tmp_path, {}, 1) as store:
        assert store.done() == set()


def test_the_same_process_holds_a_folder_once(tmp_path: Path):
    with opened(tmp_path):
        (tmp_path / "tmp" / "process").unlink()
        with pytest.raises(DocumentError, match=r"in use by another process$"), opened(tmp_path):
            pass
    with opened(tmp_path):
        pass


def test_another_sweep_is_named_by_its_differences(full: Path):
    other = {"specification": {"replications": 200, "axes": [{"path": "a.b"}], "note": "x" * 99}}
    before = content(full)
    with pytest.raises(DocumentError) as caught, Store(full, other, TOTAL):
        pass
    assert str(caught.value) == (
        f"{full}: made by another specification: specification.replications is 100 there, 200 here;"
        ' specification.axes.1.path is "c" there, absent here;'
        f' specification.note is absent there, "{"x" * 39} here; choose another folder'
    )
    assert content(full) == before
    with opened(full):
        pass


def test_the_number_of_chunks_is_part_of_the_manifest(full: Path):
    with pytest.raises(DocumentError, match="chunks is 7 there, 8 here"), Store(full, MANIFEST, 8):
        pass


@pytest.mark.parametrize("name", ["thesis.txt", "chunks"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    (tmp_path / ".hidden").touch()
    message = f"holds '{name}' and no manifest.json"
    with pytest.raises(DocumentError, match=message), opened(tmp_path):
        pass
    assert sorted(os.listdir(tmp_path)) == [".hidden", name]
    (tmp_path / name).rmdir()
    with opened(tmp_path):
        assert (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"chunks": true}', b'{"chunks": -1}', b"\xff", b"[" * 10**5]
)
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, raw: bytes):
    (tmp_path / "manifest.json").write_bytes(raw)
    with pytest.raises(DocumentError, match="not the manifest of a sweep"), opened(tmp_path):
        pass
    with pytest.raises(DocumentError, match="not the manifest of a sweep"):
        sweep_store.read_manifest(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == raw


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match="file") as caught, opened(file):
        pass
    assert caught.value.filename == str(file)
    with pytest.raises(DocumentError, match=r"not the folder of a sweep: it has no manifest\.json"):
        sweep_store.read_manifest(file)


def test_files_stand_in_order_of_number_with_the_missing_counted(tmp_path: Path, full: Path):
    files, missing = sweep_store.chunk_files(full)
    assert files == [rows_of(full, index) for index in range(TOTAL)]
    assert missing == 0
    assert sweep_store.failure_files(full) == [failures_of(full, index) for index in (0, 3, 6)]
    for index in (0, 4):
        rows_of(full, index).unlink()
    assert sweep_store.chunk_files(full)[1] == 2
    with pytest.raises(DocumentError, match="not the folder of a sweep"):
        sweep_store.chunk_files(tmp_path)
    assert sweep_store.failure_files(tmp_path) == []
