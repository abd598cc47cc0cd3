"""The coded claims of the three articles and the references, read strictly from ``seeds/``."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from alignsim import documents, shapes
from alignsim.shapes import Frozen

ARTICLES = ("lundstrom-2017", "divergence-2014", "coalition-2022")
KINDS = {
    "M": "mechanism",
    "F": "figure or fact",
    "O": "outcome",
    "W": "what-if",
    "X": "context",
}

Text = Annotated[str, Field(min_length=1)]
ClaimKind = Literal["M", "F", "O", "W", "X"]
ReferenceKind = Literal["dataset", "official", "press", "literature", "article", "project"]


class _Article(Frozen):
    id: Text
    author: Text
    title: Text
    publication: Text
    year: int
    note: Text | None = None


class Claim(Frozen):
    """One claim of an article, in the project's own words."""

    id: Text
    kind: Annotated[tuple[ClaimKind, ...], Field(min_length=1)]
    place: Text
    claim: Text
    who: Annotated[tuple[Text, ...], Field(min_length=1)]
    when: Text

    @property
    def article(self) -> str:
        """Id of the article: L17 of L17-05."""
        return self.id.partition("-")[0]


class Reference(Frozen):
    """A dataset, official text, press report, article or work of literature."""

    title: Text
    by: Text
    kind: ReferenceKind
    address: Text
    accessed: Text
    licence: Text
    note: str = ""


class _Claims(Frozen):
    article: _Article
    claims: tuple[Claim, ...]


class _References(Frozen):
    references: dict[str, Reference]


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
    references = documents.read(seeds / "references.yaml")
    return Evidence(claims, shapes.parsed(_References, references).references)


def _read_article(document: documents.Document, claims: dict[str, Claim]) -> None:
    article = shapes.parsed(_Claims, document)
    for index, claim in enumerate(article.claims):
        if claim.id in claims or not claim.id.startswith(f"{article.article.id}-"):
            message = f"should be an id of {article.article.id} that is used once"
            raise document.error(("claims", index, "id"), message)
        claims[claim.id] = claim.model_copy(update={"claim": " ".join(claim.claim.split())})
