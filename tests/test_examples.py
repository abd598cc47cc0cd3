"""Documentation examples run as tests: docstrings, and every block of the README."""

import contextlib
import doctest
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import alignsim
from alignsim import api, cli, evaluation, tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.M | re.S)
COMMANDS = [
    line
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.startswith("alignsim ")
]


@pytest.mark.slow
def test_docstring_examples() -> None:
    result = doctest.testmod(api)
    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_readme_commands_run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli.cli, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert result.stdout


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "console"])
def test_readme_output_is_what_the_command_prints(block: str) -> None:
    first, _, shown = block.partition("\n")
    result = CliRunner().invoke(cli.cli, shlex.split(first.removeprefix("$ "))[1:])
    assert result.stdout.strip() == shown.strip()


@pytest.mark.slow
@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "python"])
def test_readme_python_runs(block: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), {})
    assert "2014-03" in printed.getvalue()
    assert "misalignment" in printed.getvalue()


@pytest.mark.slow
def test_readme_scores_are_those_of_the_main_job() -> None:
    result = evaluation.evaluate()
    table = tables.score_means(evaluation.means(result.scores, {"JPN", "KOR"}))
    assert table in README


def test_the_package_offers_what_it_lists() -> None:
    for name in alignsim.__all__:
        assert callable(getattr(alignsim, name))
    with pytest.raises(AttributeError, match="no attribute 'moon'"):
        _ = alignsim.moon
