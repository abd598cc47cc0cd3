"""Fixtures and settings that all test files share."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import Phase, settings

from alignsim import evidence

# The same examples on every machine, whatever its speed.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# The same without a search for the simplest failing example: where tests are meant to fail.
settings.register_profile(
    "hasty", settings.get_profile("repeatable"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run, and are not counted where coverage is: tracing would double their time."""
    if config.pluginmanager.hasplugin("_cov"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker("no_cover")


@pytest.fixture(scope="session")
def short_episode() -> str:
    """Text of crimea-2014 without Japan: valid, and parsed in half the time."""
    file = evidence.data_root() / "configs" / "episodes" / "crimea-2014.yaml"
    text = re.sub(r"\n  JPN:\n.*?(?=\n  KOR:\n)", "", file.read_text("utf-8"), flags=re.DOTALL)
    text = text.replace("[JPN, KOR]", "[KOR]").replace("[USA, JPN, EU]", "[USA, KOR, EU]")
    return text.replace("JPN: Japan, ", "")


@pytest.fixture(scope="module")
def few_runs() -> Iterator[None]:
    """Few runs for the pages where the compiler is off: a run then takes some 500 times as long."""
    from alignsim import redlines
    from alignsim.app import forecasting, reasons, rivals, world

    caches = (
        forecasting.forecast,
        forecasting.levers,
        reasons.reasons,
        reasons.red_lines,
        rivals.weighed,
        world._ends,
        world._decided,
    )
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("NUMBA_DISABLE_JIT"):
            patch.setattr(forecasting, "RUNS", 12)
            patch.setattr(forecasting, "LEVER_RUNS", 1)
            patch.setattr(reasons, "RED_LINE_RUNS", 1)
            patch.setattr(rivals, "RUNS", 2)
            patch.setattr(world, "RUNS", 1)
            every = redlines.candidates
            patch.setattr(redlines, "candidates", lambda base, state: every(base, state)[::40])
        for one in caches:
            one.cache_clear()
        yield
    for one in caches:
        one.cache_clear()


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def last(self):
        """The last line on standard error."""
        return self.err.strip().splitlines()[-1]


@pytest.fixture
def commanded(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder, as the program itself does."""
    from alignsim import cli

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["alignsim", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Told(ended.value.code, *capsys.readouterr())

    return run
