"""Files are written whole, through links and to devices, with the mode that the umask gives."""

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from alignsim import cli, cli_common, files

WRITER = """
import sys
from pathlib import Path
from alignsim.files import write_whole
write_whole(Path(sys.argv[1]), "made\\n")
"""


@pytest.fixture
def umask():
    """Sets the umask; what it was comes back."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.fixture
def small_files():
    """No file may grow beyond 10 bytes: the system's own error, in place of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=["nameless", "named"])
def each_way(request, monkeypatch):
    """With files that have no name until they are whole, and on systems without these."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def mode(file):
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_c13_a_new_file_has_the_mode_that_the_umask_gives(tmp_path, umask, each_way, mask):
    umask(mask)
    files.write_whole(tmp_path / "sub" / "new", "x")
    assert mode(tmp_path / "sub" / "new") == 0o666 & ~mask


def test_c13_a_file_that_was_there_keeps_its_mode(tmp_path, each_way):
    file = tmp_path / "old"
    file.write_text("old")
    file.chmod(0o600)
    files.write_whole(file, b"new")
    assert file.read_text() == "new"
    assert mode(file) == 0o600


@pytest.mark.parametrize("there", [True, False])
def test_c13_a_link_stays_and_leads_to_what_was_written(tmp_path, each_way, there):
    target, link, other = tmp_path / "sub" / "target", tmp_path / "link", tmp_path / "other"
    link.symlink_to("other")
    other.symlink_to("sub/target")
    if there:
        target.parent.mkdir()
        target.write_text("old")
    files.write_whole(link, "new")
    assert link.is_symlink()
    assert other.is_symlink()
    assert target.read_text() == "new"
    assert [one.name for one in target.parent.iterdir()] == ["target"]


def test_c13_a_pipe_takes_what_is_written_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    files.write_whole(pipe, "x" * 100_000)  # more than a pipe holds
    reader.join(10)
    assert found == [b"x" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_c13_a_device_stays_one():
    files.write_whole(Path(os.devnull), "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "link"])
def test_c13_what_is_written_to_standard_output_comes_after_what_is_there(tmp_path, name):
    (tmp_path / "link").symlink_to("/dev/stdout")
    shown = tmp_path / "shown"
    shown.write_text("before\n")
    before = shown.stat().st_ino
    with shown.open("a") as stream:
        command = [sys.executable, "-c", WRITER, name]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(command, stdout=stream, cwd=tmp_path, env=environment, check=True)
    assert shown.read_text() == "before\nmade\n"
    assert shown.stat().st_ino == before
    assert {one.name for one in tmp_path.iterdir()} == {"link", "shown"}


def test_c13_another_open_file_is_written_to_by_its_number(tmp_path):
    with (tmp_path / "file").open("w") as stream:
        files.write_whole(Path(f"/dev/fd/{stream.fileno()}"), "x")
    assert (tmp_path / "file").read_text() == "x"


def test_a_disk_that_is_full_is_told_with_the_file_and_leaves_what_was(
    tmp_path, each_way, small_files
):
    old = tmp_path / "old"
    old.write_text("old")
    for file in (old, tmp_path / "new"):
        with pytest.raises(OSError, match="too large") as caught:
            files.write_whole(file, "x" * 10_000)
        assert caught.value.errno == errno.EFBIG
        assert caught.value.filename == str(file)
    assert old.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("name", "number"),
    [("file/below", errno.ENOTDIR), ("folder", errno.EISDIR), ("round", errno.ELOOP)],
)
def test_what_cannot_be_written_is_named(tmp_path, each_way, name, number):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError, match=name.partition("/")[0]) as caught:
        files.write_whole(tmp_path / name, "x")
    assert caught.value.errno in (number, errno.EEXIST)
    assert str(tmp_path / name).startswith(str(caught.value.filename))
    assert {one.name for one in tmp_path.iterdir()} == {"file", "folder", "round"}


def test_a_device_that_is_full_is_named():
    if not os.path.exists("/dev/full"):
        pytest.skip("has no device that is full")
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_whole(Path("/dev/full"), "x")
    assert caught.value.filename == "/dev/full"


# --- options ------------------------------------------------------------------------------------


def options(group, path=""):
    """Every option of every command that takes a path."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from options(command, f"{path}{name} ")
            continue
        for one in command.params:
            if isinstance(one, click.Option) and isinstance(one.type, click.Path):
                yield f"{path}{name} {one.opts[0]}", one


READ = {"panel verdict --without"}
WRITTEN = {"tabulate --csv", "plot --out", "redlines --figure", "calibrate --weights"}


def test_c13_every_option_that_takes_a_file_to_write_knows_standard_output():
    found = dict(options(cli.cli))
    knowing = {name for name, one in found.items() if isinstance(one.type, cli_common.OutputFile)}
    assert knowing == WRITTEN
    for name in found.keys() - WRITTEN - READ:
        assert "folder" in (found[name].help or "").lower(), name


def test_c13_only_a_dash_by_itself_is_standard_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    convert = cli_common.FILE.convert
    assert convert("-", None, None) == files.STDOUT
    assert convert("./-", None, None) == tmp_path / "-"
    assert not files.is_stdout(convert("./-", None, None))
    assert cli_common.form(convert("-", None, None)) == "png"
    assert cli_common.form(Path("/dev/stdout")) == "png"


def test_c13_the_file_for_a_weight_set_cannot_be_standard_output(commanded):
    told = commanded("calibrate", "nowhere.yaml", "--weights", "-")
    assert told.code == 2
    assert told.last == "alignsim: --weights: name a file; the draws are written beside it"


def test_a_figure_of_another_form_is_refused_before_any_work(commanded):
    for command in (["plot", "nowhere", "--out"], ["redlines", "x", "--state", "KOR", "--figure"]):
        told = commanded(*command, "figure.pdf", *(["--to", "1"] if "x" in command else []))
        assert told.code == 2
        assert "figure.pdf: should end in .png or .svg" in told.last
