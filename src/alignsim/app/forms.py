"""Parts of pages that are asked by address alone and need no script."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from htmltools import Tag, TagList, tags

from alignsim import __version__
from alignsim.app import page as frame
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t

SHOWN = 60
"""Most letters of an address that a sentence repeats."""


def style() -> Tag:
    """The style sheet of these pages."""
    return tags.link(rel="stylesheet", href=f"{frame.UP}static/pages.css?{__version__}")


def carried(setting: PageSetting, **more: str) -> TagList:
    """Hidden fields that keep the setting, and further parts of the address, as they are."""
    parts = [*parse_qsl(setting.query()), *more.items()]
    return TagList(*(tags.input(type="hidden", name=key, value=value) for key, value in parts))


def choice(name: str, label: str, options: Mapping[str, str], chosen: str) -> TagList:
    """A labelled choice; ``options`` are texts by value."""
    return TagList(
        tags.label(label, for_=f"choose-{name}"),
        tags.select(
            *(
                tags.option(text, value=value, selected="" if value == chosen else None)
                for value, text in options.items()
            ),
            id=f"choose-{name}",
            name=name,
            autocomplete="off",
        ),
    )


def tidy(text: str, most: int) -> str:
    """A text from an address on one line, without what cannot be printed, of limited length."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    return " ".join(shown.split())[:most].strip()


def known(
    page: str,
    given: Mapping[str, str],
    faults: list[str],
    name: str,
    options: Iterable[str],
    otherwise: str,
) -> str:
    """A part of an address that has a few values; of another a sentence is added to ``faults``."""
    asked = given.get(name, otherwise)
    if asked in options:
        return asked
    faults.append(t(f"{page}.fault.{name}", given=tidy(asked, SHOWN)))
    return otherwise
