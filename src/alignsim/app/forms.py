"""Parts of pages that are asked by address alone and need no script."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from htmltools import Tag, TagList, tags

from alignsim import __version__
from alignsim.app.setting import PageSetting


def style() -> Tag:
    """The style sheet of these pages."""
    return tags.link(rel="stylesheet", href=f"/static/pages.css?{__version__}")


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
        ),
    )


def tidy(text: str, most: int) -> str:
    """A text from an address on one line, without what cannot be printed, of limited length."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    return " ".join(shown.split())[:most].strip()
