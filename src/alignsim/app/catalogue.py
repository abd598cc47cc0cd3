"""Claims as the page Evidence searches them: each with its article and all that carries it.

They come from the traceability matrix; names are put in words that need no code to be read.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from alignsim import documents, evidence, indicators, inputs, reading, traceability
from alignsim.app import setting as settings
from alignsim.app.rivals import episodes
from alignsim.app.texts import all_texts, t
from alignsim.evidence import Claim
from alignsim.plots import years
from alignsim.scenario import Scenario, role_table
from alignsim.traceability import Carrier

NAME = "evidence"
WORLD = "world"
"""What carries a claim by the inputs of worlds, which are alike for all states."""


class Article(NamedTuple):
    """One of the three articles."""

    author: str
    title: str
    year: int


class Source(NamedTuple):
    """Where a number comes from: a claim by its text, or a reference."""

    id: str
    is_claim: bool
    title: str
    by: str = ""
    licence: str = ""
    address: str = ""


class Carried(NamedTuple):
    """A part of the model that carries a claim, in words."""

    what: str
    text: str
    query: str = ""
    """What finds its numbers, where it has any."""
    start: str = ""
    """A what-if that a page can start from."""
    name: str = ""
    """Of a function of the theory."""


class ClaimRow(NamedTuple):
    """A claim, its article and what carries it; ``words`` is what a search looks at."""

    claim: Claim
    article: Article
    carried: tuple[Carried, ...]
    words: str


def found(rows: Iterable[Any], query: str) -> list[Any]:
    """Rows that hold every word of a query, whatever its capitals."""
    words = query.casefold().split()
    return [row for row in rows if all(word in row.words for word in words)]


# --- names ----------------------------------------------------------------------------------------


def label(code: str) -> str:
    """Name of a state or bloc for people; its code where it has none."""
    otherwise = all_texts().get(f"{NAME}.codes.{code}", code)
    return next((one.label(code) for one in episodes().values() if code in one.labels), otherwise)


def part_name(name: str) -> str:
    """Plain name of a term, feedback, index or record."""
    key = f"terms.{name}.name"
    return t(key) if key in all_texts() else t(f"{NAME}.parts.{name.removeprefix('dynamics.')}")


def owner_of(path: str) -> str:
    """Whom an input belongs to: a state, a bloc, a club or the world."""
    head, _, rest = path.partition(".")
    return t(f"{NAME}.world") if head == "world" else label(rest.partition(".")[0])


def meaning_of(scenario: Scenario, path: str) -> str:
    """What an input means, as its table says."""
    known = input_of(scenario, path)
    return known.meaning if known else t(f"{NAME}.members")


def input_of(scenario: Scenario, path: str) -> inputs.Input | None:
    """The row of an input's table; None for the members of a club or union."""
    head, *rest = path.split(".")
    if head in ("clubs", "unions"):
        return None
    if head == "world":
        return inputs.WORLD[rest[0]]
    return (inputs.BLOC if head == "blocs" else role_table(scenario, rest[0]))[rest[1]]


# --- sources ------------------------------------------------------------------------------------


@cache
def articles() -> dict[str, Article]:
    """The articles by the first part of their claims' ids."""
    made = {}
    for name in evidence.ARTICLES:
        head = documents.read(evidence.data_root() / "seeds" / f"{name}.yaml").data["article"]
        made[head["id"]] = Article(head["author"], head["title"], head["year"])
    return made


@cache
def source(name: str) -> Source:
    """A claim or reference by its id; what is neither stands for itself."""
    known = evidence.load()
    if name in known.claims:
        return Source(name, True, known.claims[name].claim)
    if name not in known.references:
        return Source(name, False, name)
    one = known.references[name]
    return Source(name, False, one.title, one.by, one.licence, one.address)


def sources(named: Any) -> tuple[Source, ...]:
    """Sources of a number, given by one id, a list of them, or none."""
    return tuple(source(str(one)) for one in ([named] if isinstance(named, str) else named or ()))


# --- claims ---------------------------------------------------------------------------------------


@cache
def claims() -> tuple[ClaimRow, ...]:
    """Every claim, in the order of the articles."""
    known = evidence.load().claims
    made = []
    for row in traceability.matrix():
        claim, article = known[row.claim], articles()[known[row.claim].article]
        carried = tuple(_carried(row.carriers))
        said = [claim.id, claim.claim, claim.place, claim.when, article.author, article.title]
        said += [str(article.year), *(label(who) for who in claim.who), *claim.who]
        said += [t(f"{NAME}.kinds.{kind}") for kind in claim.kind]
        said += [one.text for one in carried] + [carrier.name for carrier in row.carriers]
        made.append(ClaimRow(claim, article, carried, " ".join(said).casefold()))
    return tuple(made)


def _carried(carriers: Iterable[Carrier]) -> Iterator[Carried]:
    """Carriers in words; those that differ in episode or date alone stand together."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for carrier in carriers:
        head, _, name = carrier.name.rpartition(": ")
        if carrier.what == "what-if":
            places.setdefault((carrier.what, head or name), {})
        elif carrier.what == "input" and head not in episodes():
            places.setdefault((WORLD, name), {})[head] = None
        elif carrier.what in ("input", "history"):
            thing, _, _ = name.rpartition(" ") if " " in name else (name, "", "")
            places.setdefault((carrier.what, thing), {})[head] = None
        else:
            places.setdefault((carrier.what, name), {})
    for (what, name), where in places.items():
        yield _in_words(what, name, list(where))


def _in_words(what: str, name: str, where: list[str]) -> Carried:
    if what == "what-if":
        return Carried(what, settings.title(name), start=name)
    if what == WORLD:
        owner, meaning, times = _of_world(name, where)
        text = t(f"{NAME}.carried", owner=owner, meaning=meaning, years=times)
        return Carried("input", text, name=name)
    if what not in ("input", "history"):
        return Carried(what, part_name(name), name=name)
    times = ", ".join(years(episodes()[one].calendar) for one in where)
    if what == "input":
        text = t(
            f"{NAME}.carried",
            owner=owner_of(name),
            meaning=meaning_of(episodes()[where[0]], name),
            years=times,
        )
        return Carried(what, text, query=name)
    state, decision, *toward = name.split(" ")
    meaning = decision_name(decision, toward[-1] if toward else None)
    text = t(f"{NAME}.carried", owner=label(state), meaning=meaning, years=times)
    return Carried(what, text, query=".".join(("history", state, decision, *toward[1:])))


def _of_world(name: str, where: list[str]) -> tuple[str, str, str]:
    """Owner, meaning and years of an input of worlds, or of a column of their tables."""
    every = t(f"{NAME}.every_state")
    if where == [reading.TABLES]:
        years_told = ", ".join(map(str, indicators.years()))
        return every, indicators.columns()[name].meaning, years_told
    like = [documents.read(reading.find(one)).data["like"] for one in where]
    times = ", ".join(years(episodes()[one].calendar) for one in like)
    head, _, rest = name.partition(".")
    if head == "same":
        return every, inputs.ALLY[rest].meaning, times
    return label(rest), t(f"{NAME}.members"), times


def decision_name(decision: str, toward: str | None) -> str:
    """A decision in words: sanctions level, or stance toward Japan."""
    if toward:
        return t(f"{NAME}.stance", state=label(toward))
    return t(f"decisions.{decision}")
