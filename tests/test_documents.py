import errno
import os
import stat

import pytest

from alignsim import documents
from alignsim.documents import Document, DocumentError, Place


def fault(raw: bytes | str) -> str:
    content = raw.encode() if isinstance(raw, str) else raw
    with pytest.raises(DocumentError) as caught:
        documents.parse(content, "a.yaml")
    return str(caught.value)


def test_scalars_are_those_of_yaml_1_2():
    text = """
words: [NO, yes, on, 2014-03-18, 2014-03, 1_000, 0b1, 1:30, "true", '1', =, .5.]
bools: [true, True, FALSE]
nulls: [null, ~, ]
whole: [0, -7, +7, 007, 0o17, 0x1F]
broken: [.5, 1., 1e3, -2.5E-1, .inf, -.INF]
empty:
block: |
  two
  lines
"""
    data = documents.parse(text.encode(), "a.yaml").data
    assert data["words"] == (
        [
            "NO",
            "yes",
            "on",
            "2014-03-18",
            "2014-03",
            "1_000",
            "0b1",
            "1:30",
            "true",
            "1",
            "=",
            ".5.",
        ]
    )
    assert data["bools"] == [True, True, False]
    assert data["nulls"] == [None, None]
    assert data["whole"] == [0, -7, 7, 7, 15, 31]
    assert data["broken"] == [0.5, 1.0, 1000.0, -0.25, float("inf"), float("-inf")]
    assert data["empty"] is None
    assert data["block"] == "two\nlines\n"


def test_not_a_number_is_read_and_left_to_the_schema():
    value = documents.parse(b"a: .nan", "a.yaml").data["a"]
    assert value != value


def test_lines_of_keys_items_and_nearest_parents():
    document = documents.parse(b"a:\n  b: 1\n  c:\n    - x\n    - {y: 1,\n       z: 2}\n", "a.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 1)) == 5
    assert document.line(("a", "c", 1, "z")) == 6
    assert document.line(("a", "c", 1, "missing", 0)) == 5
    assert document.line(("nowhere",)) == 1
    assert str(document.error(("a", "c", 1, "z"), "no")) == "a.yaml:6: a.c.1.z: no"


@pytest.mark.parametrize("start", ["", "\ufeff", "# a comment\n", "%YAML 1.2\n---\n", "---\n"])
def test_what_may_stand_before_the_first_key(start):
    assert documents.parse(f"{start}a: 1\n".encode(), "a.yaml").data == {"a": 1}


FAULTS = {
    "duplicate key": ("a: 1\nb: 2\na: 3\n", "a.yaml:3: a: duplicate key"),
    "duplicate key below": ("a:\n  b: 1\n  b: 1\n", "a.yaml:3: a.b: duplicate key"),
    "duplicate key in flow": ("a: {b: 1, b: 2}", "a.yaml:1: a.b: duplicate key"),
    "duplicate after quoting": ("a: 1\n'a': 2\n", "a.yaml:2: a: duplicate key"),
    "anchor": ("a: 1\nb: &x 1\n", "a.yaml:2: b: anchors are not allowed"),
    "anchored key": ("a: 1\n&x b: 1\n", "a.yaml:2: anchors are not allowed"),
    "alias": ("a: 1\nb: *x\n", "a.yaml:2: b: aliases are not allowed"),
    "alias as key": ("a: 1\n*x : 1\n", "a.yaml:2: aliases are not allowed"),
    "merge key": ("a: 1\n<<: *x\n", "a.yaml:2: <<: aliases are not allowed"),
    "tag": ("a: 1\nb: !!str 1\n", "a.yaml:2: b: tags are not allowed"),
    "bare tag": ("a: ! 1\n", "a.yaml:1: a: tags are not allowed"),
    "tagged mapping": ("a: !!python/object:os.system {}\n", "a.yaml:1: a: tags are not allowed"),
    "tagged list": ("a:\n  - !x [1]\n", "a.yaml:2: a.0: tags are not allowed"),
    "number as key": ("a: 1\n2014: 1\n", "a.yaml:2: 2014: a key must be text; quote it"),
    "null as key": ("a: 1\n~: 1\n", "a.yaml:2: ~: a key must be text; quote it"),
    "bool as key": ("a:\n  true: 1\n", "a.yaml:2: a.true: a key must be text; quote it"),
    "list as key": ("a: 1\n? [b]\n: 1\n", "a.yaml:2: a key must be text"),
    "mapping as key": ("a: 1\n{b: 1}: 1\n", "a.yaml:2: a key must be text"),
    "huge whole number": (f"a: 1\nb: 1{'0' * 400}\n", "a.yaml:2: b: a number of more than 18"),
    "number beyond Python": (f"b: {'9' * 9000}\n", "a.yaml:1: b: a number of more than 18 digits"),
    "second document": ("a: 1\n---\nb: 1\n", "a.yaml:2: a second document; a file holds one"),
    "YAML 1.1": ("# old\n%YAML 1.1\n---\na: NO\n", "a.yaml:3: only YAML 1.2 is read"),
    "escape in text": ('a: 1\nb: "\\e[2J"\n', "a.yaml:2: b: the character U+001B is not allowed"),
    "surrogate": ('a: "\\ud800"\n', "a.yaml:1: a: the character U+D800 is not allowed"),
    "raw control": (b"a: 1\nb: \x1b\n", "a.yaml:2: the character U+001B is not allowed"),
    "line separator": ("a: 1\nb: x\u2028y\n", "a.yaml:2: the character U+2028 is not allowed"),
    "deep lists": ("a: 1\nb: " + "[" * 100_000, "a.yaml:2: b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"),
    "deep mappings": ("{a: " * 50 + "}" * 50, "nested too deeply"),
    "deep dashes": ("- " * 100_000, "nested too deeply"),
    "deep keys": ("? " * 100_000, "a.yaml:1: a key must be text"),
    "unclosed": ("a: 1\nb: [1,\n", "a.yaml:3: not valid YAML"),
    "tab indent": ("a:\n\tb: 1\n", "a.yaml:2: not valid YAML"),
    "bad escape": ('a: "\\q"\n', "a.yaml:1: not valid YAML"),
    "escape beyond Unicode": ('a: "\\UFFFFFFFF"\n', "a.yaml: not valid YAML"),
    "list on top": ("- a\n- b\n", "a.yaml:1: the top level must be a mapping"),
    "text on top": ("hello", "a.yaml:1: the top level must be a mapping"),
    "empty": ("", "a.yaml: the file is empty"),
    "only comments": ("# nothing\n", "a.yaml: the file is empty"),
    "only a marker": ("---\n", "a.yaml: the file is empty"),
    "latin-1": ("a: \xe9".encode("latin-1"), "a.yaml: not a UTF-8 text file"),
    "UTF-16": ("a: 1".encode("utf-16"), "a.yaml: not a UTF-8 text file"),
    "zero bytes": (b"a: 1\x00", "a.yaml: not a text file"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a.yaml: not a UTF-8 text file"),
    "huge": (b"#" * (documents.MAX_BYTES + 1), "a.yaml: larger than 2048 KiB"),
}


@pytest.mark.parametrize(("raw", "expected"), FAULTS.values(), ids=FAULTS)
def test_fault_is_one_line_with_file_line_and_path(raw, expected):
    message = fault(raw)
    assert expected in message
    assert message.startswith("a.yaml:")
    assert len(message.splitlines()) == 1
    assert len(message) < 400


@pytest.mark.slow
def test_largest_file_that_is_read():
    raw = b"a: 1\n" + b"#" * (documents.MAX_BYTES - 5)
    assert documents.parse(raw, "a.yaml").data == {"a": 1}


def test_long_and_strange_keys_are_shown_short_and_printable():
    key = "k" * 5000
    message = str(DocumentError("a\nb\x1b.yaml", 3, (key, 1, "a\u2028b"), "no\nway"))
    assert message == f"a b\N{REPLACEMENT CHARACTER}.yaml:3: {'k' * 77}....1.a b: no way"


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a.yaml/b.yaml", "x" * 300, "a\0b"])
def test_files_that_cannot_be_read(tmp_path, name):
    (tmp_path / "a.yaml").write_text("a: 1")
    file = f"{tmp_path}/{name}"
    with pytest.raises(DocumentError) as caught:
        documents.read(file)
    assert len(str(caught.value).splitlines()) == 1
    assert "cannot be read: " in str(caught.value) or "not a file name" in str(caught.value)


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DocumentError, match=r"a.yaml: cannot be read: Permission denied"):
        documents.read(tmp_path / "a.yaml")


def test_file_and_bytes_read_alike(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: {b: 1}\n")
    assert documents.read(file).data == documents.parse(b"a: {b: 1}\n", "x").data
    file.write_bytes(b"#" * (documents.MAX_BYTES + 1))
    with pytest.raises(DocumentError, match="larger than 2048 KiB"):
        documents.read(file)


def test_adopted_keys_are_found_in_the_other_file():
    base = documents.parse(b"x:\n  y: {value: 1, note: a}\nz: 1\n", "base.yaml")
    layer = documents.parse(b"set:\n  x.y:\n    value: 2\n", "layer.yaml")
    merged = base.copied()
    merged.adopt(("x", "y"), layer, ("set", "x.y"))
    assert merged.place(("x", "y", "value")) == Place("layer.yaml", 3, ("set", "x.y", "value"))
    assert merged.place(("x", "y", "note")) == Place("layer.yaml", 2, ("set", "x.y", "note"))
    assert merged.place(("z",)) == Place("base.yaml", 3, ("z",))
    assert base.place(("x", "y", "note")).file == "base.yaml"


def test_document_without_places_names_its_file():
    assert str(Document("a.yaml", {}).error(("b",), "no")) == "a.yaml:1: b: no"


# --- writing ------------------------------------------------------------------------------


def test_write_whole_writes_text_and_bytes_and_makes_folders(tmp_path):
    file = tmp_path / "deep" / "er" / "a.txt"
    documents.write_whole(file, "Ålesund\n")
    assert file.read_bytes() == "Ålesund\n".encode()
    documents.write_whole(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert os.listdir(file.parent) == ["a.txt"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
@pytest.mark.parametrize("before", [None, b"old"])
def test_write_whole_leaves_nothing_behind_when_it_fails(tmp_path, monkeypatch, step, before):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "a.txt"
    if before is not None:
        file.write_bytes(before)
    monkeypatch.setattr(step, full)
    with pytest.raises(OSError, match="No space left"):
        documents.write_whole(file, "new")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ([] if before is None else ["a.txt"])
    assert before is None or file.read_bytes() == before


def test_write_whole_leaves_nothing_behind_when_interrupted(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        documents.write_whole(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == []


def test_write_whole_does_not_replace_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        documents.write_whole(tmp_path / "a", "new")
    assert os.listdir(tmp_path) == ["a"]
