"""All texts of the pages, from one folder a language: ``texts/en``, a file a page.

A translation is a folder beside it with the same keys and the same fields in braces; a test
compares them. Texts of data (claims, what-ifs, events, sources) stay with the data.
"""

import string
from functools import cache
from pathlib import Path
from typing import Any

from alignsim import documents

FOLDER = Path(__file__).parent / "texts"
LANGUAGE = "en"


@cache
def all_texts(language: str = LANGUAGE) -> dict[str, str]:
    """Every text by its dotted key, such as ``explore.title``. Raises DocumentError."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / language).glob("*.yaml")):
        _collect(documents.read(file).data, "", found)
    return found


def t(key: str, **fields: Any) -> str:
    """The text under a key, its fields filled in. Raises KeyError for a key there is not."""
    return all_texts()[key].format(**fields)


def below(prefix: str) -> dict[str, str]:
    """Texts whose keys begin with ``prefix.``, by the rest of the key, in the file's order."""
    head = f"{prefix}."
    return {
        key.removeprefix(head): text for key, text in all_texts().items() if key.startswith(head)
    }


def fields(text: str) -> set[str]:
    """Names of the fields in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _collect(node: Any, prefix: str, found: dict[str, str]) -> None:
    for key, value in node.items():
        if isinstance(value, dict):
            _collect(value, f"{prefix}{key}.", found)
        else:
            found[f"{prefix}{key}"] = str(value)
