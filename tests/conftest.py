"""Fixtures and settings that all test files share."""

import re

import pytest
from hypothesis import settings

from alignsim import evidence

# The same examples on every machine, whatever its speed.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def short_episode() -> str:
    """Text of crimea-2014 without Japan: valid, and parsed in half the time."""
    file = evidence.data_root() / "configs" / "episodes" / "crimea-2014.yaml"
    text = re.sub(r"\n  JPN:\n.*?(?=\n  KOR:\n)", "", file.read_text("utf-8"), flags=re.DOTALL)
    text = text.replace("[JPN, KOR]", "[KOR]").replace("[USA, JPN, EU]", "[USA, KOR, EU]")
    return text.replace("JPN: Japan, ", "")
