"""The page Evidence: every claim and every number can be found, whatever is asked."""

import html
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim import evidence, history, reading, traceability, weights
from alignsim.app import catalogue, evidence_page, naming, numbers
from alignsim.app.setting import starts
from alignsim.app.texts import t
from alignsim.scenario import Scenario
from tests import markup
from tests.markup import Checked


def opened(**query: str) -> str:
    return markup.opened(evidence_page.page, urlencode(query).encode())


def shown(text: str) -> list[str]:
    """Ids of the claims on a page."""
    return re.findall(r' id="([A-Z]\d\d-\d\d)"', text)


# --- what there is to find ------------------------------------------------------------------------


def test_every_claim_has_its_row_with_all_that_carries_it() -> None:
    rows = {row.claim.id: row for row in catalogue.claims()}
    assert list(rows) == [row.claim for row in traceability.matrix()]
    for row in traceability.matrix():
        found = rows[row.claim].carried
        assert {one.what for one in found} == {carrier.what for carrier in row.carriers}
        assert len(set(found)) == len(found)
        for carrier in row.carriers:
            assert catalogue.found([rows[row.claim]], carrier.name.replace(": ", " "))


def test_what_worlds_and_their_tables_carry_is_told_in_words() -> None:
    carried = {row.claim.id: [one.text for one in row.carried] for row in catalogue.claims()}
    every = "Every state of the world"
    assert f"{every}: US share of crude oil imports (2014, 2022)" in carried["L17-17"]
    assert f"{every}: party to the six-party talks on North Korea (2013, 2021)" in carried["D14-23"]
    assert "G7: who decides together (2014, 2022)" in carried["D14-06"]


def test_every_claim_is_reached_from_the_pages_of_the_list() -> None:
    first = opened()
    last = opened(kind="claims", page="2")
    assert shown(first) + shown(last) == [row.claim for row in traceability.matrix()]
    assert len(shown(first)) == evidence_page.EACH


@pytest.mark.parametrize("claim", ["L17-01", "D14-05", "C22-19"])
def test_a_claim_is_found_by_its_id_with_source_and_terms(claim: str) -> None:
    text = opened(q=claim)
    assert shown(text) == [claim]
    known = evidence.load().claims[claim]
    article = catalogue.articles()[known.article]
    for said in (known.claim, article.title, article.author, str(article.year)):
        assert said in html.unescape(text)


def test_a_term_is_found_by_its_plain_name_and_by_its_function() -> None:
    for words in (t("terms.abandonment.name"), "abandonment"):
        claims = {row.claim.id for row in catalogue.found(catalogue.claims(), words)}
        assert set(traceability.claims_in(traceability.terms.abandonment)) <= claims


def test_every_input_of_every_episode_is_a_number_with_its_sources() -> None:
    rows = [row for row in numbers.numbers() if row.kind == "input"]
    stated = {(row.place, row.path): row for row in rows}
    assert len(stated) == len(rows)
    count = 0
    for name in reading.shipped("episodes"):
        scenario = reading.read(name)
        for path, quantity in _all_quantities(scenario):
            row = stated[scenario.title, path]
            assert float(row.value) == quantity.value
            assert [one.id for one in row.sources] == list(quantity.source)
            assert row.unit == naming.unit(quantity.unit)
            for change in quantity.changes:
                row = stated[scenario.title, f"{path} {change.date}"]
                assert float(row.value) == change.value
                assert [one.id for one in row.sources] == list(change.source)
            count += 1 + len(quantity.changes)
        count += len(scenario.clubs)
    assert count == len(rows)


def _all_quantities(scenario: Scenario) -> list[tuple[str, object]]:
    document = scenario.model_dump()
    found = [
        (".".join(map(str, path)), node)
        for path, node in traceability._mappings(document)
        if "value" in node and "unit" in node
    ]
    quantities = []
    for path, _ in found:
        node: object = scenario
        for key in path.split("."):
            node = node[key] if isinstance(node, dict) else getattr(node, key)
        quantities.append((path, node))
    return quantities


def test_members_of_unions_are_listed_as_those_of_clubs_are() -> None:
    world = reading.read("world-2014")
    rows = {row.path: row for row in numbers._of_members(world)}
    assert set(rows) == {f"clubs.{code}" for code in world.clubs} | {"unions.EU"}
    assert rows["unions.EU"].owner == "European Union"
    assert rows["unions.EU"].value.count(",") == len(world.unions["EU"].members) - 1
    assert [one.id for one in rows["unions.EU"].sources] == list(world.unions["EU"].source)


def test_history_whatifs_and_weights_are_numbers_too() -> None:
    counts = {
        kind: sum(row.kind == kind for row in numbers.numbers())
        for kind in ("history", "what-if", "weight")
    }
    courses = [course for known in history.read().values() for course in known]
    assert counts["history"] == sum(len(course.course) for course in courses)
    sets = sorted((evidence.data_root() / "configs" / "weights").glob("*.yaml"))
    assert counts["weight"] == len(sets) * sum(map(len, weights.PARTS.values()))
    whatifs = [name for name, one in starts().items() if one.episode != name]
    titles = {row.place for row in numbers.numbers() if row.kind == "what-if"}
    assert titles == {reading.read_whatif(name)[0].title for name in whatifs}


def test_every_source_is_resolved_and_every_number_has_one() -> None:
    known = evidence.load()
    for row in numbers.numbers():
        assert row.sources
        for one in row.sources:
            assert known.knows(one.id)
            assert one.is_claim == (one.id in known.claims)
            assert one.is_claim or (one.title and one.by and one.licence and one.address)
    assert catalogue.source("no-such") == catalogue.Source("no-such", False, "no-such")


def test_a_number_is_shown_with_all_that_a_referee_asks() -> None:
    text = html.unescape(opened(q="crimea-2014 states.JPN.gas_from_russia", kind="numbers"))
    reference = evidence.load().references["iea-gas"]
    said = ("0.098", "0.09 to 0.105", "share of gas imports", "2013", "measured")
    for one in (*said, reference.title, reference.by, reference.licence, reference.address):
        assert one in text


def test_sources_with_an_address_of_their_own_are_links() -> None:
    links = Checked(opened(q="mofa-jp-2014-04-29", kind="numbers")).links
    assert [link for link in links if link.startswith("https://")]


def test_codes_have_names() -> None:
    for claim in evidence.load().claims.values():
        for code in claim.who:
            assert catalogue.label(code) != code
    assert catalogue.label("XX") == "XX"


# --- searching ------------------------------------------------------------------------------------


def test_all_words_must_match_in_any_case() -> None:
    rows = numbers.numbers()
    both = catalogue.found(rows, "GAS japan")
    assert both == [
        row for row in catalogue.found(rows, "gas") if row in catalogue.found(rows, "Japan")
    ]
    assert both == catalogue.found(rows, "japan gas")
    assert 0 < len(both) < len(catalogue.found(rows, "gas")) < len(rows)


def test_a_source_finds_the_numbers_that_name_it() -> None:
    for row in catalogue.found(numbers.numbers(), "iea-gas"):
        assert "iea-gas" in {one.id for one in row.sources}


@pytest.mark.parametrize("kind", evidence_page.KINDS)
def test_links_of_a_page_lead_to_results(kind: str) -> None:
    for link in Checked(opened(q="C22", kind=kind)).links:
        query = dict(parse_qsl(urlsplit(link).query))
        if link.startswith("/evidence/") and "q" in query:
            rows = catalogue.claims() if query.get("kind") != "numbers" else numbers.numbers()
            own = catalogue.found(rows, query["q"]) or catalogue.found(
                numbers.numbers(), query["q"]
            )
            assert own or query["q"] == "C22", link


def test_examples_find_something() -> None:
    text = opened()
    asked = [link for link in Checked(text).links if "&q=" in link and "kind" not in link]
    assert len(asked) > 4
    for link in asked:
        words = dict(parse_qsl(urlsplit(link).query))["q"]
        rows = [*catalogue.claims(), *numbers.numbers()]
        assert catalogue.found(rows, words), words


def test_a_search_that_only_numbers_answer_shows_them() -> None:
    text = opened(q="coal-from-nowhere")
    assert t("evidence.status.none", query="coal-from-nowhere") in html.unescape(text)
    assert "<table" not in text
    text = opened(q="iea-gas")
    assert "numbers" in re.findall(r'<table[^>]*class="([^"]*)"', text)[0]
    text = opened(q="iea-gas", kind="claims")
    assert t("evidence.status.none_here") in text


def test_an_empty_search_says_so() -> None:
    assert t("evidence.status.all", claims=73, numbers=len(numbers.numbers())) in opened(q=" ")


def test_results_come_by_pages() -> None:
    count = len(numbers.numbers())
    last = -(-count // evidence_page.EACH)
    text = opened(kind="numbers", page=str(last))
    first = evidence_page.EACH * (last - 1) + 1
    assert t("evidence.numbers_caption", first=first, last=count, count=count) in text
    assert t("evidence.next") not in text
    assert Checked(text).alerts == 0


@pytest.mark.parametrize(
    ("page", "nearest"),
    [("0", 1), ("-1", 1), ("x", 1), ("", 1), ("99", 2), ("9" * 4000, 2), ("1.5", 1), ("²", 1)],
)
def test_a_page_that_there_is_not_is_told(page: str, nearest: int) -> None:
    text = opened(kind="claims", page=page)
    assert Checked(text).alerts == 1
    assert t("evidence.fault.page", number=nearest) in text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"q": "x" * 5000}, t("evidence.fault.long", most=evidence_page.MAX_QUERY)),
        ({"kind": "<script>"}, "&lt;script&gt;"),
        ({"unknown": "1"}, "unknown"),
        ({"start": "nowhere"}, "nowhere"),
    ],
)
def test_a_fault_in_the_address_is_told_in_a_sentence(query: dict[str, str], told: str) -> None:
    text = opened(**query)
    assert Checked(text).alerts == 1
    assert told in text
    assert "x" * (evidence_page.MAX_QUERY + 1) not in text


def test_the_setting_is_carried_along() -> None:
    text = opened(start="ukraine-2022", seed="3", q="D14-05")
    assert 'name="start" value="ukraine-2022"' in text
    for link in Checked(text).links:
        if link.startswith("/evidence/"):
            assert "start=ukraine-2022&seed=3" in link


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["q", "kind", "page", "start", "seed"]) | st.text(max_size=5),
        st.text(max_size=120) | st.sampled_from(["numbers", "2", "gas", "D14-05"]),
    )
)
def test_no_address_breaks_the_page(query: dict[str, str]) -> None:
    sent = urlencode(query, errors="replace").encode()
    Checked(markup.opened(evidence_page.page, sent))


def test_nothing_of_a_search_is_taken_for_markup() -> None:
    for hostile in ('"><script>alert(1)</script>', "{0.__class__}", "%s %n", "../../etc/passwd"):
        text = opened(q=hostile)
        Checked(text)
        assert "<script>alert" not in text
        assert hostile in html.unescape(text)
