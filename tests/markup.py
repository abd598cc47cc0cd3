"""Pages as HTML, opened without a server, and what must hold of any of them."""

from collections.abc import Callable
from html.parser import HTMLParser

from htmltools import Tag
from starlette.requests import Request

HEADINGS = ("h1", "h2", "h3", "h4")
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}


class Checked(HTMLParser):
    """Ids, links, headings and alerts of a page; an AssertionError where it is not well made.

    Elements are closed in their order, ids used once, and what labels and links within the page
    refer to is there.
    """

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.alerts = 0
        self.referred: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))
        within = {link[1:] for link in self.links if link.startswith("#")}
        assert self.referred | within <= set(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names and refers to."""
        given = {key: value or "" for key, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.referred |= {given[key] for key in ("for", "aria-describedby") if key in given}
        self.headings += [int(tag[1])] if tag in HEADINGS else []
        shown = "hidden" not in given and "noscript" not in self.open
        self.alerts += given.get("role") == "alert" and shown

    def handle_endtag(self, tag: str) -> None:
        """The last that was opened."""
        assert self.open.pop() == tag


def opened(page: Callable[[Request], Tag], query: bytes = b"") -> str:
    """A page under a query, as text."""
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query}
    return str(page(Request(scope)))
