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
SHELL = [
    [line for line in block.splitlines() if line.startswith("alignsim ")]
    for language, block in BLOCKS
    if language == "sh"
]
COMMANDS = [block for block in SHELL if block]
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHOWN = {
    "read_parquet": ("press", "ukraine-2022"),
    "batch_run": ("JPN", "KOR", "2014-12", "ukraine-2022"),
    "AlignmentModel": ("2014-03", "misalignment"),
}
"""What a block of Python must print, by a word in it."""


@pytest.mark.slow
def test_docstring_examples() -> None:
    result = doctest.testmod(api)
    assert result.attempted > 10
    assert result.failed == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user's clone: commands may write into it, and read what others wrote."""
    found = tmp_path_factory.mktemp("clone")
    for name in ("configs", "experiments", "seeds"):
        (found / name).symlink_to(ROOT / name)
    return found


def run(commands: list[str]) -> None:
    for command in commands:
        result = CliRunner().invoke(cli.cli, shlex.split(command)[1:])
        assert result.exit_code == 0, result.output
        assert result.output


@pytest.mark.slow
@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block[0][:40])
def test_readme_commands_run(
    block: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    run(block)


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "console"])
def test_readme_output_is_what_the_command_prints(block: str) -> None:
    first, _, shown = block.partition("\n")
    result = CliRunner().invoke(cli.cli, shlex.split(first.removeprefix("$ "))[1:])
    assert result.stdout.strip() == shown.strip()


@pytest.mark.slow
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.split()[1])
def test_readme_python_runs(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if "build/pressure" in block and not (folder / "build").exists():
        run(next(commands for commands in COMMANDS if "build/pressure" in commands[0]))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), {})
    expected = next(words for word, words in SHOWN.items() if word in block)
    for word in expected:
        assert word in printed.getvalue()


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
