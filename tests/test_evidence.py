"""The coded claims and references: complete, in their own words, and read strictly."""

import re
import shutil
from pathlib import Path

import pytest

from alignsim import evidence
from alignsim.documents import DocumentError

COUNTS = {"L17": 20, "D14": 30, "C22": 23}
MAX_WORDS = 60


def copy_of_seeds(folder: Path) -> Path:
    """A data root with the shipped seeds, for spoiling."""
    shutil.copytree(evidence.data_root() / "seeds", folder / "seeds")
    return folder


def spoiled(folder: Path, file: str, old: str, new: str) -> Path:
    """A data root in which one passage of one file is replaced."""
    root = copy_of_seeds(folder)
    path = root / "seeds" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return root


# --- what is shipped ----------------------------------------------------------------------


@pytest.mark.parametrize(("series", "count"), COUNTS.items())
def test_every_claim_of_an_article_is_there_in_order(series: str, count: int) -> None:
    found = [claim.id for claim in evidence.load().claims.values() if claim.article == series]
    assert found == [f"{series}-{number:02d}" for number in range(1, count + 1)]


def test_no_other_articles() -> None:
    assert len(evidence.load().claims) == sum(COUNTS.values())


def test_every_claim_says_what_who_when_and_where() -> None:
    for claim in evidence.load().claims.values():
        assert claim.kind, claim.id
        assert set(claim.kind) <= set(evidence.KINDS), claim.id
        assert len(set(claim.kind)) == len(claim.kind), claim.id
        assert claim.place, claim.id
        assert claim.when, claim.id
        assert claim.who, claim.id
        assert all(re.fullmatch(r"[A-Z]{2,3}", state) for state in claim.who), claim.id


def test_claims_are_short_and_in_whole_sentences() -> None:
    for claim in evidence.load().claims.values():
        assert 5 <= len(claim.claim.split()) <= MAX_WORDS, claim.id
        assert claim.claim[0].isupper(), claim.id
        assert claim.claim.endswith("."), claim.id


def test_no_claim_is_told_twice() -> None:
    texts = [claim.claim for claim in evidence.load().claims.values()]
    assert len(set(texts)) == len(texts)


def test_claims_quote_no_one() -> None:
    for claim in evidence.load().claims.values():
        assert not re.search(r"[\"“”‘]", claim.claim), claim.id


def test_references_are_complete() -> None:
    for name, reference in evidence.load().references.items():
        for field in ("title", "by", "address", "accessed", "licence"):
            assert getattr(reference, field).strip(), f"{name}: {field}"
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name), name


def test_every_article_is_a_reference() -> None:
    known = evidence.load()
    articles = {name for name, row in known.references.items() if row.kind == "article"}
    assert articles == set(COUNTS)


def test_no_reference_has_the_name_of_a_claim() -> None:
    known = evidence.load()
    assert not known.claims.keys() & known.references.keys()


def test_knows_claims_and_references_and_nothing_else() -> None:
    known = evidence.load()
    assert known.knows("D14-05")
    assert known.knows("iea-gas")
    assert not known.knows("D14-31")
    assert not known.knows("iea-gass")


# --- faults -------------------------------------------------------------------------------


def test_an_unspoiled_copy_is_read(tmp_path: Path) -> None:
    assert evidence.load(copy_of_seeds(tmp_path)) == evidence.load()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    when: general\n", "", "missing key when"),
        ("    place: paragraph 5\n", "    page: 5\n", "unknown key; allowed: id, kind"),
        ("kind: [O]", "kind: [Q]", "should be 'M', 'F', 'O', 'W' or 'X'"),
        ("- id: L17-02", "- id: L17-01", "an id of L17 that is used once"),
        ("- id: L17-02", "- id: D14-02", "an id of L17 that is used once"),
        ("  year: 2017\n", "", "missing key year"),
        ("  id: L17\n", "  id: L17\n  colour: blue\n", "unknown key"),
        ("claims:\n", "claim:\n", "unknown key; allowed: article, claims"),
    ],
)
def test_a_fault_of_an_article_names_file_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (evidence.data_root() / "seeds" / "lundstrom-2017.yaml").read_text(encoding="utf-8")
    if old not in text:
        old = old.replace("general", '"general"')
    root = spoiled(tmp_path, "lundstrom-2017.yaml", old, new)
    with pytest.raises(DocumentError, match=re.escape(message)) as fault:
        evidence.load(root)
    assert re.match(r".*lundstrom-2017\.yaml:\d+: ", str(fault.value))
    assert "\n" not in str(fault.value)


def test_the_line_is_that_of_the_fault(tmp_path: Path) -> None:
    root = spoiled(tmp_path, "lundstrom-2017.yaml", "- id: L17-02", "- id: L17-01")
    lines = (root / "seeds" / "lundstrom-2017.yaml").read_text(encoding="utf-8").splitlines()
    second = [number for number, line in enumerate(lines, 1) if "- id: L17-01" in line][1]
    with pytest.raises(DocumentError, match=rf"yaml:{second}: claims\.1\.id: "):
        evidence.load(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    kind: dataset\n", "    kind: hearsay\n", "should be 'dataset', 'official'"),
        ("    licence: ", "    license: ", "unknown key; allowed: title, by, kind"),
        ('    accessed: "2026-11"\n', "", "missing key accessed"),
        ("references:\n", "sources:\n", "unknown key; allowed: references"),
    ],
)
def test_a_fault_of_the_references_names_file_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    root = spoiled(tmp_path, "references.yaml", old, new)
    with pytest.raises(DocumentError, match=re.escape(message)) as fault:
        evidence.load(root)
    assert re.match(r".*references\.yaml:\d+: ", str(fault.value))


def test_a_reference_named_twice_is_refused(tmp_path: Path) -> None:
    root = spoiled(tmp_path, "references.yaml", "  iea-crude:\n", "  iea-gas:\n")
    with pytest.raises(DocumentError, match=r"references\.yaml:"):
        evidence.load(root)


@pytest.mark.parametrize(
    "file", ["references.yaml", *(f"{name}.yaml" for name in evidence.ARTICLES)]
)
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    root = copy_of_seeds(tmp_path)
    (root / "seeds" / file).unlink()
    with pytest.raises(DocumentError, match=rf"{re.escape(file)}: cannot be read"):
        evidence.load(root)
