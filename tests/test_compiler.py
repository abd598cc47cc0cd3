"""Where compiled code is kept, and what happens where it cannot be kept or is damaged."""

import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from alignsim import compiler, documents, kernel, situation, terms, weights
from tests.studies import full_disk

WHAT = (0.2, 0.6, 0.9)
RIGHT = terms.resistance(*WHAT)
NOBODY = 54321
"""A number that no user here has."""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of the test's own, and the compiler on, whatever the environment says."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def compiled(folder):
    """A small function of the theory, compiled anew or found; with what it was."""
    function = compiler.compiled(terms.resistance, (), folder)
    assert function(*WHAT) == RIGHT
    (found,) = [*function.stats.cache_hits.values(), 0][:1]
    return "found" if found else "compiled"


def kept(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


# --- kept and found again -----------------------------------------------------------------------


def test_compiled_code_is_kept_and_found_again(tmp_path):
    folder = tmp_path / "deep" / "folder"
    assert not compiler.is_kept(terms.resistance, folder)
    assert compiled(folder) == "compiled"
    (file,) = kept(folder)
    assert compiled(folder) == "found"
    assert kept(folder) == [file]
    assert compiler.is_kept(terms.resistance, folder)
    assert not compiler.is_kept(terms.rise, folder)


def test_each_signature_has_a_file(tmp_path):
    function = compiler.compiled(terms.resistance, (), tmp_path)
    assert function(*WHAT) == RIGHT
    assert function(0, 1, 1) == terms.resistance(0, 1, 1)
    assert len(kept(tmp_path)) == 2
    again = compiler.compiled(terms.resistance, (), tmp_path)
    assert again(0, 1, 1) == terms.resistance(0, 1, 1)
    assert again(*WHAT) == RIGHT
    assert sum(again.stats.cache_hits.values()) == 2


def test_what_is_kept_has_the_mode_of_other_files(tmp_path):
    before = os.umask(0o027)
    try:
        compiled(tmp_path)
    finally:
        os.umask(before)
    (file,) = kept(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o640


def test_compiled_code_is_kept_apart_by_source(cache, monkeypatch):
    folder = kernel.cache_folder()
    assert folder.parent == cache / "alignsim"
    assert not kernel.is_compiled()  # nothing there yet
    monkeypatch.setattr(compiler.sources, "digest", lambda *starts: "another")
    assert kernel.cache_folder() != folder


def test_code_that_calls_more_is_kept_apart_by_the_source_of_that_too(monkeypatch):
    folders = []
    monkeypatch.setattr(
        compiler, "compiled", lambda function, callees, folder: folders.append(folder)
    )
    kernel.compiled(situation.pressure, [weights.combine, documents.digest, weights.fault])
    kernel.compiled(situation.pressure)
    more = kernel.cache_folder("alignsim.weights", "alignsim.documents")
    assert folders == [more, kernel.cache_folder()]
    assert more != kernel.cache_folder()


# --- C3: damaged --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:7],
        lambda raw: raw[: compiler.HASH],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: raw[: len(raw) // 2] + bytes(len(raw) - len(raw) // 2),
        lambda raw: raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 255]) + raw[len(raw) // 2 :],
        lambda raw: raw + b"more",
        lambda raw: b"something else altogether" * 99,
    ],
    ids=["empty", "bytes", "hash", "half", "less", "zeros", "flipped", "more", "other"],
)
def test_c3_a_damaged_file_is_compiled_again_and_replaced(tmp_path, damage):
    compiled(tmp_path)
    (file,) = kept(tmp_path)
    raw = file.read_bytes()
    file.write_bytes(damage(raw))
    assert not compiler.is_kept(terms.resistance, tmp_path)
    assert compiled(tmp_path) == "compiled"
    assert kept(tmp_path) == [file]
    assert compiled(tmp_path) == "found"


def test_c3_whole_content_that_the_compiler_does_not_take_is_replaced(tmp_path):
    """The hash is right: another library may have written it."""
    compiled(tmp_path)
    (file,) = kept(tmp_path)
    content = b"no pickle"
    file.write_bytes(compiler.hashlib.sha256(content).digest() + content)
    assert compiled(tmp_path) == "compiled"
    assert compiled(tmp_path) == "found"


def test_c3_a_folder_in_the_place_of_a_file_is_no_error(tmp_path):
    compiled(tmp_path)
    (file,) = kept(tmp_path)
    file.unlink()
    file.mkdir()
    assert compiled(tmp_path) == "compiled"
    assert [*tmp_path.iterdir()] == [file]


# --- C4: not to be written ----------------------------------------------------------------------


def test_c4_on_a_full_disk_each_process_compiles_for_itself(tmp_path):
    """A limit to the size of files stands for the disk: it is met in the same place."""
    with full_disk():
        assert compiled(tmp_path) == "compiled"
    assert kept(tmp_path) == [], "nothing half-written"
    assert compiled(tmp_path) == "compiled"
    assert compiled(tmp_path) == "found"


@pytest.mark.parametrize("obstacle", ["a file", "a file above", "a device"])
def test_c4_where_no_folder_can_be_nothing_is_kept(tmp_path, obstacle):
    (tmp_path / "file").write_text("a file where a folder should be")
    folder = {
        "a file": tmp_path / "file",
        "a file above": tmp_path / "file" / "below",
        "a device": Path("/dev/null/cache"),
    }[obstacle]
    assert not compiler.is_kept(terms.resistance, folder)
    assert compiled(folder) == "compiled"
    assert compiled(folder) == "compiled"
    assert [file.name for file in kept(tmp_path)] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to the superuser")
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_c4_a_folder_that_is_closed_is_no_error(tmp_path, mode):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(mode)
    try:
        for folder in (closed, closed / "below"):
            assert not compiler.is_kept(terms.resistance, folder)
            assert compiled(folder) == "compiled"
    finally:
        closed.chmod(0o700)
    assert kept(tmp_path) == []


def test_c4_an_interrupt_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(compiler.os, "replace", stop)
    function = compiler.compiled(terms.resistance, (), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        function(*WHAT)
    assert kept(tmp_path) == []


# --- C5: where --------------------------------------------------------------------------------


def test_c5_the_folder_is_the_one_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "numba"))
    assert compiler.cache_folder("abc") == tmp_path / "numba" / "alignsim" / "abc"
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compiler.cache_folder("abc") == tmp_path / "cache" / "alignsim" / "abc"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unset in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert compiler.cache_folder("abc") == tmp_path / "home" / ".cache" / "alignsim" / "abc"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert compiler.cache_folder("abc") == tmp_path / "home" / ".cache" / "alignsim" / "abc"


def test_c5_a_relative_folder_is_one_of_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "here")
    assert compiler.cache_folder("abc") == tmp_path / "here" / "alignsim" / "abc"


def alone(code, folder, **environment):
    """A new process without a home, whose temporary folder is the one given: what it prints."""
    stated = {key: value for key, value in os.environ.items() if key != "NUMBA_DISABLE_JIT"}
    stated |= {"HOME": "/dev/null", "XDG_CACHE_HOME": "", "NUMBA_CACHE_DIR": ""}
    stated |= {"TMPDIR": str(folder)} | environment
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=stated)
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    assert ran.stderr == ""
    return ran.stdout.strip()


USE = f"""
import os, signal
from alignsim import compiler, terms
function = compiler.compiled(terms.resistance, (), compiler.cache_folder("0" * 64))
assert function{WHAT} == {RIGHT}
print(compiler.is_kept(terms.resistance, compiler.cache_folder("0" * 64)), flush=True)
"""


@pytest.mark.parametrize("variable", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_c5_with_a_home_that_cannot_be_written_the_stated_folder_is_used(tmp_path, variable):
    stated, temporary = tmp_path / "stated", tmp_path / "temporary"
    temporary.mkdir()
    assert alone(USE, temporary, **{variable: str(stated)}) == "True"
    assert len(kept(stated)) == 1
    assert kept(temporary) == []


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_c5_nothing_is_left_in_the_temporary_folder(tmp_path, end):
    """Whatever ends the process: where nothing can be kept, nothing is written."""
    assert alone(USE + end, tmp_path) == "False"
    assert [*tmp_path.iterdir()] == []


# --- C6: nobody ---------------------------------------------------------------------------------


def test_c6_without_home_and_with_an_unknown_user_nothing_is_kept(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os, "getuid", lambda: NOBODY)
    with pytest.raises(KeyError):
        pwd.getpwuid(NOBODY)
    assert compiler.cache_folder("abc") is None
    assert kernel.cache_folder() is None
    assert not kernel.is_compiled()
    assert compiled(compiler.cache_folder("abc")) == "compiled"


def test_c6_an_unknown_user_may_state_a_folder(monkeypatch, cache):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: NOBODY)
    assert compiler.cache_folder("abc") == cache / "alignsim" / "abc"
    assert compiled(compiler.cache_folder("abc")) == "compiled"
    assert compiled(compiler.cache_folder("abc")) == "found"


def test_with_the_compiler_off_a_function_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert compiler.compiled(terms.resistance, (), tmp_path) is terms.resistance
    assert kept(tmp_path) == []
