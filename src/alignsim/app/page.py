"""The frame of every page: head, navigation, main part and foot; glossary words in texts.

Pages are given as tags. A link to another page carries the setting along, so that an address
always says what is shown. Texts may hold words in double brackets, ``[[ladder]]`` or
``[[ladder|shown so]]``: they are explained on hover, focus or tap.
"""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from htmltools import HTML, Tag, TagChild, TagList, tags
from shiny import Session, reactive
from starlette.requests import Request

from alignsim import __version__
from alignsim.app import setting as settings
from alignsim.app.lesson import PAGES
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import LANGUAGE, t

STATIC = Path(__file__).parent / "static"
MAIN = "main"
UP, HERE = "../", "./"
"""From a page to the root of the site, and to the page itself; no link begins with a slash."""

_GLOSS = re.compile(r"\[\[([a-z_]+)(?:\|([^\]]+))?\]\]")


def document(
    page: str,
    setting: PageSetting,
    *content: TagChild,
    pages: Sequence[str] = PAGES,
    up: str = UP,
    **more: str,
) -> Tag:
    """A whole page, whose address is ``/page/``.

    ``pages`` are those that the navigation leads to, ``up`` leads from the page to the root of the
    site, and ``more`` are attributes of the body.
    """
    title = t(f"{page}.title")
    return tags.html(
        tags.head(
            tags.meta(charset="utf-8"),
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.title(f"{title} - alignsim"),
            tags.link(rel="icon", href=f"{up}static/icon.svg", type="image/svg+xml"),
            tags.link(rel="stylesheet", href=f"{up}static/alignsim.css?{__version__}"),
            tags.script(src=f"{up}static/alignsim.js?{__version__}", defer=""),
        ),
        tags.body(
            tags.a(t("frame.skip"), href=f"#{MAIN}", class_="skip"),
            tags.header(
                tags.a(tags.strong("alignsim"), " ", t("frame.tagline"), href=f"{up}{pages[0]}/"),
                navigation(page, setting, pages, up),
            ),
            tags.noscript(alert(t("frame.no_script"))),
            tags.div(t("frame.lost"), id="lost", class_="alert", role="alert", hidden=""),
            tags.div(
                tags.p(t("frame.unreached")),
                tags.button(t("frame.again"), type="button", id="again"),
                id="unreached",
                class_="alert",
                role="alert",
                hidden="",
            ),
            tags.main(tags.h1(title), *content, id=MAIN, tabindex="-1"),
            tags.footer(tags.p(t("frame.foot", version=__version__))),
            data_page=page,
            data_sideways=t("frame.sideways"),
            **more,
        ),
        lang=LANGUAGE,
    )


def navigation(page: str, setting: PageSetting, pages: Sequence[str], up: str = UP) -> Tag:
    """Links to pages, with the setting."""
    links = [
        tags.li(
            tags.a(
                t(f"{name}.short"),
                href=address(name, setting, up),
                data_carry=f"{up}{name}/",
                aria_current="page" if name == page else None,
            )
        )
        for name in pages
    ]
    return tags.nav(tags.ul(*links), aria_label=t("frame.pages"))


def address(page: str, setting: PageSetting, up: str = UP, **more: str) -> str:
    """The address of a page with a setting, and further parts of its own, as other pages link it.

    It is relative, so that the site may lie below any path.
    """
    own = f"&{urlencode(more)}" if more else ""
    return f"{up}{page}/?{setting.query()}{own}"


def given(request: Request, *own: str) -> tuple[PageSetting, TagChild]:
    """The setting in a page's address, and an alert if it has a fault: then the default one.

    ``own`` are the keys of the query that the page reads itself.
    """
    try:
        return settings.from_query(request.query_params.multi_items(), own), None
    except SettingError as error:
        return PageSetting(), alert(t("frame.fault", fault=error))


def asked(session: Session) -> list[tuple[str, str]]:
    """The query of the address that an open page has, to its server."""
    with reactive.isolate():
        return parse_qsl(session.clientdata.url_search().removeprefix("?"))


def alert(text: str) -> Tag:
    """A sentence on what went wrong; the page goes on."""
    return tags.div(text, class_="alert", role="alert")


def table(head: list[TagChild], rows: list[list[TagChild]], caption: TagChild, **more: str) -> Tag:
    """A table whose first column names the row; it scrolls sideways where it must."""
    return tags.div(
        tags.table(
            tags.caption(caption),
            tags.thead(tags.tr(*(tags.th(cell, scope="col") for cell in head))),
            tags.tbody(
                *(
                    tags.tr(tags.th(row[0], scope="row"), *(tags.td(cell) for cell in row[1:]))
                    for row in rows
                )
            ),
            **more,
        ),
        class_="wide",
        tabindex="0",
        role="region",
        aria_label=_spoken(caption),
    )


def _spoken(caption: TagChild) -> str:
    return re.sub("<[^>]*>", "", str(caption))


# --- glossary -----------------------------------------------------------------------------------

_numbers = itertools.count()


def rich(text: str) -> TagList:
    """A text with its glossary words explained."""
    parts: list[TagChild] = []
    end = 0
    for found in _GLOSS.finditer(text):
        parts.append(text[end : found.start()])
        parts.append(gloss(found[1], found[2]))
        end = found.end()
    return TagList(*parts, text[end:])


def gloss(word: str, shown: str | None = None) -> Tag:
    """A word of the glossary, explained where it stands."""
    number = f"gloss-{next(_numbers)}"
    return tags.span(
        tags.button(
            shown or t(f"glossary.{word}.word"),
            type="button",
            class_="gloss",
            aria_describedby=number,
        ),
        tags.span(t(f"glossary.{word}.meaning"), role="tooltip", id=number),
        class_="glossed",
    )


def raw(markup: str) -> HTML:
    """Markup that this package made itself, taken as it is."""
    return HTML(markup)
