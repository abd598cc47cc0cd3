"""Texts of the pages: complete, used, and with the fields that the code fills in."""

import re
from pathlib import Path

import pytest

from alignsim import inputs
from alignsim.app import texts
from alignsim.decision import GROUPS, LEADER_STANCES, LEVEL_NAMES, TARGET_STANCES
from alignsim.reading import read, shipped
from alignsim.weights import TERMS

CODE = Path(texts.__file__).parent
SOURCES = {file.name: file.read_text("utf-8") for file in sorted(CODE.glob("*.py"))}
LANGUAGES = sorted(folder.name for folder in texts.FOLDER.iterdir() if folder.is_dir())

KEY = re.compile(r'(?:\bt|\bgloss|\bbelow)\(\s*(f?)"([^"]+)"')
OTHER = re.compile(r'f?"([a-z_]+(?:\.[a-z_{}\[\]().0-9]+)+)"')
"""Keys that reach t() by a name, such as a choice between two."""


def used() -> set[str]:
    """Patterns of the keys that the code names; a field of an f-string stands for anything."""
    found = set()
    for source in SOURCES.values():
        found |= {match[2] for match in KEY.finditer(source)}
        found |= {match[1] for match in OTHER.finditer(source)}
        found |= {f"glossary.{match[1]}" for match in re.finditer(r'gloss\(\s*"([a-z_]+)"', source)}
    for text in texts.all_texts().values():
        found |= {f"glossary.{word}" for word in re.findall(r"\[\[([a-z_]+)", text)}
    return found


def pattern(key: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", key)
    return re.compile(".+".join(map(re.escape, parts)) + r"(\.(word|meaning))?")


def test_every_key_that_is_named_exists() -> None:
    known = texts.all_texts()
    for name, source in SOURCES.items():
        for literal in re.findall(r'\bt\(\s*"([^"]+)"', source):
            assert literal in known, f"{name}: {literal}"
        for key in re.findall(r'\bt\(\s*f"([^"]+)"', source):
            assert any(pattern(key).fullmatch(one) for one in known), f"{name}: {key}"


def test_every_text_is_used() -> None:
    patterns = [pattern(key) for key in used()]
    unused = [key for key in texts.all_texts() if not any(one.fullmatch(key) for one in patterns)]
    assert not unused


def test_glossary_words_in_texts_exist() -> None:
    known = texts.all_texts()
    for key, text in known.items():
        for word in re.findall(r"\[\[([a-z_]+)", text):
            assert f"glossary.{word}.meaning" in known, f"{key}: {word}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_keys_and_fields(language: str) -> None:
    english, other = texts.all_texts(), texts.all_texts(language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert texts.fields(text) == texts.fields(other[key]), key


def test_everything_of_the_model_has_a_name() -> None:
    known = texts.all_texts()
    names = {name for table in TABLES for name in table}
    wanted = [f"inputs.{name}" for name in names]
    wanted += [f"terms.{name}.name" for name in TERMS]
    wanted += [f"groups.{name}.name" for name in GROUPS]
    wanted += [f"levels.{name}.name" for name in LEVEL_NAMES]
    wanted += [f"stances.{name}.name" for name in (*LEADER_STANCES, *TARGET_STANCES)]
    for episode in shipped("episodes"):
        scenario = read(episode)
        states = (scenario.leader, scenario.target, *scenario.allies)
        wanted += [f"states.{state}.seat" for state in states]
    assert not [key for key in wanted if key not in known]


TABLES = (inputs.ALLY, inputs.LEADER, inputs.TARGET, inputs.WORLD, inputs.BLOC)
