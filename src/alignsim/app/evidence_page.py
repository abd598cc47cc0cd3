"""The page Evidence: the traceability matrix, searchable; number to source, claim to term."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from starlette.requests import Request

from alignsim.app import catalogue, forms, numbers
from alignsim.app import page as frame
from alignsim.app.catalogue import Carried, ClaimRow, Source
from alignsim.app.numbers import Number
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting
from alignsim.app.texts import below, t
from alignsim.traceability import WHAT

NAME = "evidence"
OWN = ("q", "kind", "page")
"""Parts of the address that are the page's own."""
KINDS = ("claims", "numbers")
MAX_QUERY = 80
"""Letters of a search."""
EACH = 50
"""Results a page."""


@dataclass(frozen=True)
class State:
    """All that the page shows: a search, one of the two lists, and a page of it."""

    setting: PageSetting
    query: str = ""
    kind: str = KINDS[0]
    number: int = 1

    @property
    def address(self) -> str:
        """Where this is shown."""
        own = {"q": self.query, "kind": self.kind}
        return f"{frame.address(NAME, self.setting, **own)}&page={self.number}"


def page(request: Request) -> Tag:
    """The page; it reads the search from the address and needs no script."""
    setting, fault = frame.given(request, *OWN)
    given = dict(request.query_params)
    query, faults = _query(given.get("q", ""))
    lists: dict[str, list[Any]] = {
        "claims": catalogue.found(catalogue.claims(), query),
        "numbers": catalogue.found(numbers.numbers(), query),
    }
    kind, wrong = _kind(given.get("kind"), lists)
    number, beyond = _number(given.get("page", "1"), len(lists[kind]))
    state = State(setting, query, kind, number)
    return frame.document(
        NAME,
        setting,
        forms.style(),
        fault,
        *(frame.alert(one) for one in (*faults, *wrong, *beyond)),
        tags.p(rich(t(f"{NAME}.lead")), class_="lead"),
        _form(state),
        tags.p(_status(query, lists), role="status"),
        _lists(state, lists) if any(lists.values()) else None,
        _results(state, lists[kind]) if any(lists.values()) else None,
    )


# --- what the address asks for ------------------------------------------------------------------


def _query(given: str) -> tuple[str, list[str]]:
    """The search, and a sentence if it was too long."""
    whole = forms.tidy(given, 2 * MAX_QUERY)
    faults = [t(f"{NAME}.fault.long", most=MAX_QUERY)] if len(whole) > MAX_QUERY else []
    return whole[:MAX_QUERY].strip(), faults


def _kind(given: str | None, lists: dict[str, list[Any]]) -> tuple[str, list[str]]:
    """The list that is asked for; if none is, the first that has results."""
    if given in KINDS:
        return str(given), []
    kind = next((one for one in KINDS if lists[one]), KINDS[0])
    if given is None:
        return kind, []
    return KINDS[0], [t(f"{NAME}.fault.kind", given=forms.tidy(given, MAX_QUERY))]


def _pages(count: int) -> int:
    return max(1, -(-count // EACH))


def _number(given: str, count: int) -> tuple[int, list[str]]:
    """The page of results that is asked for, or the nearest there is."""
    last = _pages(count)
    if given.isascii() and given.isdigit() and len(given) < 6 and 1 <= int(given) <= last:
        return int(given), []
    nearest = last if given.isascii() and given.isdigit() and given.strip("0") else 1
    return nearest, [t(f"{NAME}.fault.page", number=nearest)]


# --- parts of the page --------------------------------------------------------------------------


def _form(state: State) -> Tag:
    examples = [
        tags.a(text, href=frame.address(NAME, state.setting, q=query))
        for query, text in below(f"{NAME}.example").items()
    ]
    return tags.form(
        tags.div(
            tags.label(t(f"{NAME}.search"), for_="search"),
            tags.input(
                id="search",
                name="q",
                type="search",
                value=state.query,
                maxlength=str(MAX_QUERY),
                size="40",
                autocomplete="off",
                spellcheck="false",
                aria_describedby="search-help",
            ),
            forms.carried(state.setting),
            tags.button(t(f"{NAME}.find"), class_="main"),
            class_="row",
        ),
        tags.p(t(f"{NAME}.search_help"), id="search-help", class_="note"),
        tags.p(t(f"{NAME}.examples"), " ", _between(examples), class_="note"),
        method="get",
        action=frame.HERE,
        role="search",
        class_="controls",
    )


def _between(parts: Sequence[TagChild]) -> TagList:
    """Parts with a point between them."""
    joined: list[TagChild] = []
    for part in parts:
        joined += [part, " · "]
    return TagList(*joined[:-1])


def _status(query: str, lists: dict[str, list[Any]]) -> str:
    counts = {kind: len(rows) for kind, rows in lists.items()}
    if not query:
        return t(f"{NAME}.status.all", **counts)
    which = "found" if any(counts.values()) else "none"
    return t(f"{NAME}.status.{which}", query=query, **counts)


def _lists(state: State, lists: dict[str, list[Any]]) -> Tag:
    """Links to the two lists."""
    links = [
        tags.li(
            tags.a(
                t(f"{NAME}.{kind}", count=len(rows)),
                href=replace(state, kind=kind, number=1).address,
                aria_current="true" if kind == state.kind else None,
            )
        )
        for kind, rows in lists.items()
    ]
    return tags.nav(tags.ul(*links), aria_label=t(f"{NAME}.results"))


def _results(state: State, rows: list[Any]) -> TagChild:
    if not rows:
        return tags.p(t(f"{NAME}.status.none_here"))
    start = EACH * (state.number - 1)
    shown = rows[start : start + EACH]
    caption = t(
        f"{NAME}.{state.kind}_caption", first=start + 1, last=start + len(shown), count=len(rows)
    )
    cells: Callable[[State, Any], list[TagChild]]
    if state.kind == "claims":
        head, cells = ("claim", "says", "carries"), _claim
    else:
        head, cells = ("number", "value", "sources"), _of_number
    texts = [t(f"{NAME}.head.{word}") for word in head]
    return TagList(
        _table(state.kind, texts, [cells(state, row) for row in shown], caption),
        _pager(state, _pages(len(rows))),
    )


def _table(kind: str, head: list[str], rows: list[list[TagChild]], caption: str) -> Tag:
    """A table whose cells stand below each other on a phone.

    The roles are those the elements have anyway: with another layout a browser drops them.
    """
    body = [
        tags.tr(
            tags.th(row[0], scope="row", role="rowheader"),
            *(
                tags.td(cell, role="cell", data_head=text)
                for text, cell in zip(head[1:], row[1:], strict=True)
            ),
            role="row",
        )
        for row in rows
    ]
    columns = (tags.th(text, scope="col", role="columnheader") for text in head)
    return tags.table(
        tags.caption(caption),
        tags.thead(tags.tr(*columns, role="row"), role="rowgroup"),
        tags.tbody(*body, role="rowgroup"),
        role="table",
        class_=f"stack {kind}",
    )


def _pager(state: State, last: int) -> Tag | None:
    """Links to the pages of results."""
    if last == 1:
        return None

    def link(number: int, text: str, **more: str) -> Tag:
        return tags.li(tags.a(text, href=replace(state, number=number).address, **more))

    links = []
    if state.number > 1:
        links.append(link(state.number - 1, t(f"{NAME}.previous"), rel="prev"))
    for number in range(1, last + 1):
        here = {"aria_current": "page"} if number == state.number else {}
        links.append(link(number, str(number), aria_label=t(f"{NAME}.page", number=number), **here))
    if state.number < last:
        links.append(link(state.number + 1, t(f"{NAME}.next"), rel="next"))
    return tags.nav(tags.ul(*links), aria_label=t(f"{NAME}.pages"), class_="pager")


# --- claims -------------------------------------------------------------------------------------


def _claim(state: State, row: ClaimRow) -> list[TagChild]:
    claim, article = row.claim, row.article
    who = ", ".join(catalogue.label(one) for one in claim.who)
    return [
        TagList(
            _search(state, claim.id, claim.id, id=claim.id),
            tags.div(", ".join(t(f"{NAME}.kinds.{kind}") for kind in claim.kind), class_="note"),
            tags.div(t(f"{NAME}.article", **article._asdict()), class_="note"),
        ),
        TagList(
            claim.claim,
            tags.div(
                t(f"{NAME}.told", place=claim.place, who=who, when=claim.when.replace("..", "–")),
                class_="note",
            ),
        ),
        _carriers(state, row),
    ]


def _carriers(state: State, row: ClaimRow) -> TagChild:
    """What carries a claim, by kind."""
    if not row.carried:
        return t(f"{NAME}.uncarried")
    parts: list[TagChild] = []
    for what in WHAT:
        here = [one for one in row.carried if one.what == what]
        if here:
            parts.append(tags.dt(t(f"{NAME}.carriers.{what}")))
            parts += [tags.dd(_carrier(state, one)) for one in here]
    if row.claim.id not in numbers.named():
        return tags.dl(*parts)
    every = _search(state, row.claim.id, t(f"{NAME}.cited"), kind="numbers")
    return TagList(tags.dl(*parts), tags.div(every, class_="note"))


def _carrier(state: State, one: Carried) -> TagChild:
    if one.query:
        return _search(state, one.query, one.text, kind="numbers")
    if one.start:
        return tags.a(one.text, href=frame.address("explore", PageSetting(start=one.start)))
    return TagList(one.text, " ", tags.code(one.name))


def _search(state: State, query: str, text: str, kind: str = "", **more: str) -> Tag:
    """A link to a search."""
    own = {"q": query, "kind": kind} if kind else {"q": query}
    return tags.a(text, href=frame.address(NAME, state.setting, **own), **more)


# --- numbers ------------------------------------------------------------------------------------


def _of_number(state: State, row: Number) -> list[TagChild]:
    about = [t(f"{NAME}.number_kinds.{row.kind}"), row.how, row.note]
    value = [t(f"{NAME}.range", range=row.range) if row.range else "", row.unit, row.date]
    owner = f"{row.owner}: " if row.owner else ""
    return [
        TagList(
            f"{owner}{row.meaning}",
            tags.div(row.place, class_="note"),
            tags.div("; ".join(filter(None, about)), class_="note"),
            tags.code(row.path),
        ),
        TagList(
            tags.strong(row.value),
            *(tags.div(one, class_="note") for one in value if one),
        ),
        tags.ul(*(tags.li(_source(state, one)) for one in row.sources)),
    ]


def _source(state: State, one: Source) -> TagList:
    if one.is_claim:
        return TagList(_search(state, one.id, one.id), f" {one.title}")
    # A page of the source itself, where it has one; nothing is loaded from it here.
    where = one.address
    linked = tags.a(where, href=where, rel="noreferrer") if where.startswith("https://") else where
    return TagList(
        _search(state, one.id, one.title, kind="numbers"),
        f", {one.by}" if one.by else "",
        tags.div(linked, class_="note address"),
        tags.div(one.licence, class_="note"),
    )
