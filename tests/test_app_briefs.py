"""Briefs of the page Play a seat: all that a government could know, and nothing later."""

import calendar
import re

import pytest

from alignsim import evidence, inputs
from alignsim.app import briefs, forecasting, play_steps
from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.texts import below

STARTS = tuple(settings.starts())
SEATS = ("JPN", "KOR", "USA", "RUS")
OFFICE = {
    "Abe": ("2012-12", "2020-09"),
    "Park": ("2013-02", "2017-03"),
    "Xi": ("2012-11", "9999-12"),
    "Trump": ("2017-01", "2021-01"),
    "Moon": ("2017-05", "2022-05"),
    "Kishida": ("2021-10", "2024-10"),
    "Yoon": ("2022-05", "2025-04"),
}
"""Months in which those who are named in briefs were in office."""
MONTHS = calendar.month_name[1:]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """No ranking of inputs: without the compiler it takes long."""
    monkeypatch.setattr(forecasting, "levers", lambda start, state: ())
    for cache in (briefs.brief, play_steps.full_brief):
        cache.cache_clear()
    yield
    for cache in (briefs.brief, play_steps.full_brief):
        cache.cache_clear()


def everything():
    """Every brief of every start, seat and step, with the month at whose end it stands."""
    for start in STARTS:
        for step, end in enumerate(settings.starts()[start].calendar.ends):
            for seat in SEATS:
                yield start, seat, end, briefs.brief(start, seat, step)


def claims_of(known):
    return [*known.interests, *(one for figure in known.figures for one in figure.claims)]


def test_a10_no_event_is_later_than_its_brief():
    for start, seat, end, known in everything():
        assert all(event.date[:7] <= end for event in known.events), (start, seat, end)
        assert set(known.news) <= set(known.events)


def test_a10_no_figure_is_of_a_year_that_was_not_over():
    for start, seat, end, known in everything():
        for figure in known.figures:
            where = (start, seat, end, figure.state, figure.name)
            assert figure.year is None or figure.year < int(end[:4]), where
            quantity = settings.starts()[start].states[figure.state][figure.name]
            later = {one.value for one in quantity.changes if one.date[:7] > end}
            earlier = {one.value for one in quantity.changes if one.date[:7] <= end}
            assert figure.value not in later - earlier - {quantity.value}, where
            if figure.row.kind == "measured" and figure.row.unit != "0 or 1" and quantity.changes:
                assert figure.year is not None, where


def test_a10_no_claim_is_later_than_its_brief():
    claims = evidence.load().claims
    for start, seat, end, known in everything():
        for one in claims_of(known):
            claim = claims[one.id]
            assert set(claim.kind) <= {"M", "F"}, (start, seat, end, one.id)
            assert briefs.period(claim)[0] <= end, (start, seat, end, one.id)
        assert all(seat in claims[one.id].who for one in known.interests)
        assert known.interests


def test_a10_no_sentence_speaks_of_a_later_time():
    for start, seat, end, known in everything():
        for one in claims_of(known):
            where = (start, seat, end, one.id, one.text)
            assert all(year <= end[:4] for year in re.findall(r"\b(?:19|20)\d\d\b", one.text)), (
                where
            )
            for number, month in enumerate(MONTHS, 1):
                if re.search(rf"\b{month}\b", one.text) and month != "May":
                    assert number <= int(end[5:]), where
            for name, (first, last) in OFFICE.items():
                if re.search(rf"\b{name}\b", one.text):
                    assert first <= end <= last, where


def test_a10_no_brief_of_the_time_tells_how_it_went_on():
    later = re.compile(
        r"end (its|the|their) sanctions|see the sanctions end|in earlier years", re.I
    )
    for start, seat, end, known in everything():
        if end[:4] == "2014":
            for one in claims_of(known):
                assert not later.search(one.text), (start, seat, end, one.id)
                assert one.id[0] != "C" or one.id == "C22-09", (start, seat, end, one.id)


def test_a10_tokyo_and_seoul_in_march_2014():
    tokyo, seoul = (
        {one.id: one.text for one in briefs.brief("crimea-2014", seat, 0).interests}
        for seat in ("JPN", "KOR")
    )
    assert "sanctions" not in tokyo["D14-07"]
    assert not {"D14-16", "D14-17", "D14-19"} & set(tokyo)
    assert seoul["C22-09"].startswith("Russia has a part in the talks")
    october = {one.id: one.text for one in briefs.brief("ukraine-2022", "JPN", 8).interests}
    september = {one.id: one.text for one in briefs.brief("ukraine-2022", "JPN", 7).interests}
    assert "October" in october["C22-11"]
    assert "October" not in september["C22-11"]


def test_a10_every_sentence_is_of_a_claim_that_may_be_shown_and_not_before_its_time():
    claims = evidence.load().claims
    for key in below("briefs"):
        claim, _, month = key.partition(".")
        assert set(claims[claim].kind) <= {"M", "F"}, key
        if month == briefs.ALWAYS:
            assert claims[claim].when == briefs.GENERAL, key
        else:
            assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month), key
    for claim in {key.partition(".")[0] for key in below("briefs")}:
        (first, text), *_ = briefs.sentences(claim)
        assert text, claim
        assert first >= briefs.period(claims[claim])[0] or not first, claim


def test_a10_a_measured_figure_is_known_when_its_year_is_over():
    scenario = settings.starts()["rapprochement-2016"]
    quantity = scenario.states["KOR"]["gas_from_usa"]
    row = inputs.ALLY["gas_from_usa"]
    assert briefs.known(quantity, row, "2014-12") is None
    assert briefs.known(quantity, row, "2015-01").year == 2014
    assert briefs.known(quantity, row, "2017-12").value == quantity.value
    assert briefs.known(quantity, row, "2018-01").value == quantity.changes[0].value
    assert briefs.known(quantity, row, "2018-01").year == 2017


def test_a10_what_a_brief_shows_is_what_it_holds():
    for start, seat, step in (("crimea-2014", "JPN", 0), ("ukraine-2022", "KOR", 3)):
        known = briefs.brief(start, seat, step)
        shown = str(play_steps.full_brief(start, seat, step)).replace("&#x27;", "'")
        for claim in evidence.load().claims.values():
            said = briefs.said(claim.id, settings.starts()[start].calendar.ends[step])
            if said is None or said.text != claim.claim:
                assert claim.claim not in shown, claim.id
        assert all(one.text in shown for one in known.interests)


def test_no_brief_of_a_breach_that_was_smaller_speaks_of_an_invasion():
    for step in range(9):
        for seat in games.seats(settings.starts()["annexation-only-2022"]):
            known = briefs.brief("annexation-only-2022", seat, step)
            assert not any("inva" in one.text for one in known.interests)


def test_events_come_in_their_step():
    news = [
        [event.label for event in briefs.brief("crimea-2014", "JPN", step).news]
        for step in range(5)
    ]
    assert news == [
        ["EU asset freezes", "Crimea annexed"],
        [],
        ["Proxy war in the Donbas"],
        [],
        ["Flight MH17 shot down", "EU sectoral sanctions"],
    ]


def test_a_brief_does_not_tell_what_moscow_did_to_tokyo():
    for step in range(9):
        labels = [event.label for event in briefs.brief("ukraine-2022", "JPN", step).events]
        assert not any("islands" in label for label in labels)


def test_headlines_are_not_shown():
    references = evidence.load().references.values()
    press = {one.title for one in references if one.kind not in briefs.TITLED}
    for start in STARTS:
        for seat in SEATS:
            for figure in briefs.brief(start, seat, 4).figures:
                assert not press & set(figure.titles)


def test_a_whatif_leaves_out_what_it_overturns():
    claims = {claim.id for claim in briefs.brief("crimea-2014", "KOR", 0).interests}
    changed = {claim.id for claim in briefs.brief("seoul-isolated", "KOR", 0).interests}
    assert {"D14-04", "D14-28"} <= claims
    assert not {"D14-04", "D14-28"} & changed
    figures = briefs.brief("seoul-isolated", "KOR", 0).figures
    assert {one.name for one in figures if one.is_changed} == {"regional_isolation", "strain_china"}


def test_inputs_that_move_a_seat_most_come_first(monkeypatch):
    order = ("states.KOR.russia_trade", "states.KOR.norms_emphasis")
    monkeypatch.setattr(forecasting, "levers", lambda start, state: order)
    briefs.brief.cache_clear()
    names = [figure.name for figure in briefs.brief("crimea-2014", "KOR", 0).figures]
    assert names[:2] == ["russia_trade", "norms_emphasis"]
    assert not set(names) & {"initial_level", "initial_engagement", "concession_price"}


def test_moscow_sees_its_side_of_each_ally():
    figures = briefs.brief("crimea-2014", "RUS", 0).figures
    assert [(one.state, one.name) for one in figures[:2]] == [
        ("JPN", "concession_price"),
        ("KOR", "concession_price"),
    ]


OUTCOME = re.compile(
    r"\b(joined the sanctions|did not join|stays out of|takes part in sanctions)\b"
)


def test_no_claim_that_is_shown_says_how_it_ended():
    for start, seat, end, known in everything():
        for one in known.interests:
            assert not OUTCOME.search(one.text), (start, seat, end, one.id)
