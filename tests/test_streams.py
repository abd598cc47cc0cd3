"""All output survives every encoding that a terminal or a redirected stream may have."""

import io
import json
import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from alignsim import cli, indicators, streams

ENCODINGS = ("cp949", "cp932", "cp1252", "latin-1", "ascii", "utf-8")
COMMANDS = {
    "run": ["run", "ukraine-2022", "--runs", "1"],
    "json": ["run", "crimea-2014", "--runs", "1", "--json"],
    "explain": ["explain", "crimea-2014", "--state", "KOR", "--date", "2014-07"],
    "evidence": ["evidence"],
    "schema": ["schema"],
    "help": ["--help"],
    "help of panel": ["panel", "--help"],
    "help of reproduce": ["reproduce", "--help"],
}


class Done(NamedTuple):
    """What a command wrote, in bytes."""

    stdout: bytes
    stderr: bytes


def ran(encoding, *arguments, code=0):
    """What a command prints, through the program's own door, under an encoding."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, "strict") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["alignsim", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        for stream in (out, err):
            stream.flush()
    assert ended.value.code == code
    return Done(out.buffer.getvalue(), err.buffer.getvalue())


def decoded(content, encoding):
    """Text of an encoding; click writes UTF-8 to a stream that says it takes ASCII alone."""
    return content.decode("utf-8" if encoding == "ascii" else encoding)


@pytest.mark.parametrize("encoding", ["cp949", "latin-1", "ascii"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_c8_every_command_prints_under_an_old_encoding(command, encoding):
    shown = decoded(ran(encoding, *command).stdout, encoding)
    assert shown.strip()
    if "--json" in command:
        assert json.loads(shown) == json.loads(ran("utf-8", *command).stdout.decode())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_c8_names_of_all_states_are_told_in_letters(encoding):
    streams.make_safe()
    names = [row.name for row in indicators.read(2021).rows.values()]
    told = [name.encode(encoding, streams.HANDLER).decode(encoding) for name in names]
    assert not any("\\" in name for name in told)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_c8_text_of_a_user_is_told_under_any_encoding(encoding, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("kind: \N{HANGUL SYLLABLE HAN}\N{MINUS SIGN}\xe9\n", "utf-8")
    done = ran(encoding, "validate", "a.yaml", code=2)
    assert b"a.yaml:1: kind: should be one of episode" in done.stderr
    done = ran(encoding, "run", "\N{MINUS SIGN}\xe9\N{HANGUL SYLLABLE HAN}", code=2)
    told = decoded(done.stderr, encoding)
    assert told.startswith("alignsim: ")
    assert "no such scenario" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
def test_c8_a_progress_bar_and_a_print_survive(encoding):
    script = (
        "import sys, tqdm; from alignsim import streams; streams.make_safe();"
        "bar = tqdm.tqdm(total=3, desc='\\u2212\\u2588\\ud55c', file=sys.stderr, ascii=False);"
        "bar.update(2); bar.close(); print('\\u2212 \\u2580\\xe9')"
    )
    surroundings = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=surroundings, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"2/3" in done.stderr
    assert done.stdout.decode(encoding).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\N{MINUS SIGN}0.5 \N{PLUS-MINUS SIGN} 1", "-0.5 +- 1"),
        ("C\xf4te d\N{RIGHT SINGLE QUOTATION MARK}Ivoire, T\xfcrkiye", "Cote d'Ivoire, Turkiye"),
        ("a\N{HORIZONTAL ELLIPSIS} \N{EN DASH} \xbd", "a... - 1/2"),
        ("\N{HANGUL SYLLABLE HAN}", "\\ud55c"),
        ("plain", "plain"),
    ],
)
def test_c8_what_an_encoding_lacks_reads_as_near_as_may_be(text, expected):
    assert streams.plain(text) == expected


class Stream:
    encoding = "cp949"


def test_c8_a_qr_code_is_left_out_where_it_cannot_be_shown():
    assert not streams.shows("\N{UPPER HALF BLOCK}", Stream())
    assert streams.shows("\N{HANGUL SYLLABLE HAN}", Stream())
