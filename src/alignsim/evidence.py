"""The coded claims of the three articles and the references, read strictly from ``seeds/``."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alignsim import documents

ARTICLES = ("lundstrom-2017", "divergence-2014", "coalition-2022")
KINDS = {
    "M": "mechanism",
    "F": "figure or fact",
    "O": "outcome",
    "W": "what-if",
    "X": "context",
}
REFERENCE_KINDS = frozenset({"dataset", "official", "press", "literature", "article", "project"})


@dataclass(frozen=True)
class Claim:
    """One claim of an article, in the project's own words."""

    id: str
    article: str
    kind: tuple[str, ...]
    place: str
    claim: str
    who: tuple[str, ...]
    when: str


@dataclass(frozen=True)
class Reference:
    """A dataset, official text, press report, article or work of literature."""

    id: str
    title: str
    by: str
    kind: str
    address: str
    accessed: str
    licence: str
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """All claims and references by id."""

    claims: dict[str, Claim]
    references: dict[str, Reference]

    def knows(self, source: str) -> bool:
        """Whether a source is a claim or a reference."""
        return source in self.claims or source in self.references


@cache
def data_root() -> Path:
    """The folder that holds ``seeds`` and ``configs``: in the package, or the repository's root."""
    packaged = Path(__file__).parent / "data"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


@cache
def load(root: Path | None = None) -> Evidence:
    """Read claims and references from ``root/seeds`` (default: the shipped ones).

    Raises DocumentError on an unknown or missing key, kind or id, or an id used twice.
    """
    seeds = (root or data_root()) / "seeds"
    claims: dict[str, Claim] = {}
    for name in ARTICLES:
        _read_article(documents.read(seeds / f"{name}.yaml"), claims)
    return Evidence(claims, _read_references(documents.read(seeds / "references.yaml")))


def _read_article(document: documents.Document, claims: dict[str, Claim]) -> None:
    _check_keys(document, (), document.data, {"article", "claims"}, set())
    about = document.data["article"]
    _check_keys(
        document,
        ("article",),
        about,
        {"id", "author", "title", "publication", "year"},
        {"note"},
    )
    _check_types(document, ("article",), about, {"id"}, set())
    for index, row in enumerate(_list_at(document, ("claims",), document.data["claims"])):
        path = ("claims", index)
        _check_keys(document, path, row, {"id", "kind", "place", "claim", "who", "when"}, set())
        _check_types(document, path, row, {"id", "place", "claim", "when"}, {"kind", "who"})
        if row["id"] in claims or not row["id"].startswith(about["id"] + "-"):
            raise document.error((*path, "id"), f"an id of {about['id']} that is used once")
        for kind in row["kind"]:
            if kind not in KINDS:
                raise document.error((*path, "kind"), f"one of {', '.join(KINDS)}")
        claims[row["id"]] = Claim(
            id=row["id"],
            article=about["id"],
            kind=tuple(row["kind"]),
            place=row["place"],
            claim=" ".join(row["claim"].split()),
            who=tuple(row["who"]),
            when=row["when"],
        )


def _read_references(document: documents.Document) -> dict[str, Reference]:
    _check_keys(document, (), document.data, {"references"}, set())
    references = {}
    required = {"title", "by", "kind", "address", "accessed", "licence"}
    for name, row in document.data["references"].items():
        path = ("references", name)
        _check_keys(document, path, row, required, {"note"})
        if row["kind"] not in REFERENCE_KINDS:
            raise document.error((*path, "kind"), f"one of {', '.join(sorted(REFERENCE_KINDS))}")
        references[name] = Reference(id=name, **{key: str(value) for key, value in row.items()})
    return references


def _check_keys(
    document: documents.Document,
    path: documents.Location,
    row: Any,
    required: set[str],
    optional: set[str],
) -> None:
    if not isinstance(row, dict):
        raise document.error(path, f"a mapping of {', '.join(sorted(required))}")
    for key in row:
        if key not in required | optional:
            raise document.error(
                (*path, key), f"unknown key; allowed: {_list(required | optional)}"
            )
    for key in sorted(required):
        if key not in row:
            raise document.error(path, f"missing key {key}")


def _check_types(
    document: documents.Document,
    path: documents.Location,
    row: dict[str, Any],
    texts: set[str],
    lists: set[str],
) -> None:
    """Texts must be texts, and lists lists of at least one text."""
    for key in sorted(texts):
        if not isinstance(row[key], str) or not row[key]:
            raise document.error((*path, key), "a text")
    for key in sorted(lists):
        items = _list_at(document, (*path, key), row[key])
        if not items or not all(isinstance(item, str) for item in items):
            raise document.error((*path, key), "a list of texts")


def _list_at(document: documents.Document, path: documents.Location, node: Any) -> list[Any]:
    if not isinstance(node, list):
        raise document.error(path, "a list")
    return node


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
