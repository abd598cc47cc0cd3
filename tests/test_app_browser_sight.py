"""What a reader must see, in a real browser: faults, explained words, wide tables, paper, Back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.served import PHONE, PROJECTOR, Visitor, chromium, served

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_runs")]

PORTRAIT, LANDSCAPE = {"width": 718, "height": 1047}, {"width": 1047, "height": 718}
"""A sheet of A4 between its margins, in pixels of 96 an inch."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture(params=[PROJECTOR, PHONE], ids=["projector", "phone"])
def visitor(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visitor]:
    made = Visitor(browser, address, request.param)
    yield made
    made.leave()


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Visitor]:
    made = Visitor(browser, address, PHONE)
    yield made
    made.leave()


def inside(page: Page, shown: Locator) -> bool:
    """Whether all of it stands in the window."""
    box, size = shown.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


# --- faults ---------------------------------------------------------------------------------------


def test_a5_a_button_pressed_too_early_says_so_in_sight_and_each_time(phone: Visitor) -> None:
    page = phone.open("play/")
    page.locator("#scene fieldset").wait_for()
    told = page.get_by_role("alert").filter(visible=True)

    def pressed(name: str, words: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()
        expect(told).to_contain_text(words)
        assert inside(page, told)
        page.evaluate("() => document.querySelector('#fault .alert').dataset.old = '1'")
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator("#fault .alert:not([data-old])")).to_contain_text(words)
        assert inside(page, told)

    pressed("Open the game", "Choose a seat first")
    page.get_by_role("radio", name=re.compile("^Tokyo")).check()
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Open the game").click()
    expect(page.get_by_role("heading", name="Predict first")).to_be_visible()
    pressed("Keep my prediction", "Give a probability")
    for ally in ("JPN", "KOR"):
        page.locator(f"#chance_{ally}").fill("50")
        page.locator(f"#final_{ally}").get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Keep my prediction").click()
    expect(page.locator("#now")).to_contain_text("you are Tokyo")
    pressed("Decide", "Choose first")
    phone.accessible()


def test_a5_a_wrong_number_far_down_is_told_in_sight(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    page.locator("summary", has_text="United States").click()
    box = page.locator('[data-path="states.USA.norms_emphasis"] input[type=number]')
    box.scroll_into_view_if_needed()
    box.fill("7")
    told = page.get_by_role("alert").filter(has_text="must be between 0 and 1")
    expect(told).to_be_visible()
    assert inside(page, told)


# --- explained words ------------------------------------------------------------------------------


def test_a6_an_explanation_is_whole_wherever_its_word_stands(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    for summary in page.locator(".sliders summary").all():
        if summary.evaluate("one => !one.parentElement.open"):
            summary.click()
    words = page.locator(".info:visible, main .gloss:visible").all()
    assert len(words) > 20
    for word in (*words[::7], words[-1]):
        word.scroll_into_view_if_needed()
        word.focus()
        shown = page.get_by_role("tooltip").filter(visible=True)
        expect(shown).to_have_count(1)
        assert inside(page, shown), word.inner_text()
        # Nothing cuts it off: its corners are its own.
        assert shown.evaluate(
            """one => {
              const { left, right, top, bottom } = one.getBoundingClientRect();
              const there = (x, y) => one.contains(document.elementFromPoint(x, y));
              return [left + 6, right - 6].every((x) => there(x, top + 6) && there(x, bottom - 6));
            }"""
        ), word.get_attribute("aria-label")
        page.keyboard.press("Escape")
        word.evaluate("one => one.blur()")
    visitor.fits()


# --- wide tables ----------------------------------------------------------------------------------


def test_a_table_that_is_cut_off_says_so(phone: Visitor) -> None:
    page = phone.open("world/?state=CHE")
    cut = page.locator(".wide").filter(visible=True).all()
    assert any(one.evaluate("one => one.scrollWidth > one.clientWidth + 1") for one in cut)
    for one in cut:
        wide = one.evaluate("one => one.scrollWidth > one.clientWidth + 1")
        hint = one.evaluate("one => one.previousElementSibling?.matches('.hint:not([hidden])')")
        assert bool(hint) == wide
    page.set_viewport_size(PROJECTOR)
    page.wait_for_timeout(200)
    assert page.locator(".facts").first.evaluate(
        "one => !one.closest('.wide').previousElementSibling.matches('.hint:not([hidden])')"
    )


# --- paper ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
def test_a12_explore_prints_as_a_handout(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    visitor = Visitor(browser, address, size)
    page = visitor.open("explore/?states.KOR.norms_emphasis=0.8")
    page.emulate_media(media="print")
    expect(page.get_by_text("Crimea and the Donbas, 2014 (Mar 2014 to Dec 2014)")).to_be_visible()
    figures = [one.bounding_box() for one in page.locator("#result figure").all()]
    widest = max(box["x"] + box["width"] for box in figures if box)
    assert widest > 0.9 * size["width"]
    assert figures[0] is not None
    assert figures[0]["y"] < size["height"]
    breaks = "one => getComputedStyle(one).breakInside"
    assert page.locator("main section").last.evaluate(breaks) == "auto"
    assert page.locator("#result figure").first.evaluate(breaks) == "avoid"
    paper = page.pdf(format="A4", landscape=size is LANDSCAPE)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= 2
    page = visitor.open("explore/?states.KOR.norms_emphasis=0.8&kept=start%3Dcrimea-2014")
    page.emulate_media(media="print")
    lefts = {one.bounding_box()["x"] for one in page.locator("#result figure").all()}
    assert len(lefts) == 2
    visitor.leave()


# --- the way back ---------------------------------------------------------------------------------


def test_a13_after_back_the_form_says_what_the_page_shows(phone: Visitor) -> None:
    page = phone.open("why/?state=KOR&decision=level&date=2014-05")
    page.locator("#choose-which").select_option("USA.level")
    page.locator("#choose-date").select_option("2014-07")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h2").first).to_contain_text("United States")
    page.go_back()
    expect(page.locator("h2").first).to_contain_text("South Korea")
    expect(page.locator("#choose-which")).to_have_value("KOR.level")
    expect(page.locator("#choose-date")).to_have_value("2014-05")
    phone.settled()
    page = phone.open("world/?state=CHE&year=2022")
    page.locator("#choose-state").select_option("MEX")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#chosen h2")).to_have_text("Mexico")
    page.go_back()
    expect(page.locator("#chosen h2")).to_have_text("Switzerland")
    expect(page.locator("#choose-state")).to_have_value("CHE")
    phone.settled()
    page = phone.open("explanations/?episode=crimea-2014&state=KOR")
    page.locator("#choose-state").select_option("JPN")
    page.get_by_role("button", name="Show").first.click()
    page.go_back()
    expect(page.locator("#choose-state")).to_have_value("KOR")


def test_a13_a_form_that_was_left_filled_in_is_reset_when_the_page_comes_back(
    phone: Visitor,
) -> None:
    """A browser may keep the whole page as it was left, and show it again."""
    page = phone.open("why/?state=KOR&decision=level&date=2014-05")
    page.locator("#choose-which").select_option("USA.level")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("#choose-which")).to_have_value("KOR.level")


# --- a step on a phone ----------------------------------------------------------------------------


def test_on_a_phone_the_brief_stands_above_the_decision(phone: Visitor) -> None:
    page = phone.open("play/")
    page.locator("#scene fieldset").wait_for()
    page.get_by_role("radio", name=re.compile("^Seoul")).check()
    page.get_by_role("button", name="Open the game").click()
    for ally in ("JPN", "KOR"):
        page.locator(f"#chance_{ally}").fill("50")
        page.locator(f"#final_{ally}").get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Keep my prediction").click()
    expect(page.locator("#now")).to_contain_text("you are Seoul")
    heads = [
        page.get_by_role("heading", name=name).bounding_box()
        for name in ("The situation", "Your brief", "Your decision", "What was decided")
    ]
    tops = [box["y"] for box in heads if box]
    assert len(tops) == 4
    assert tops == sorted(tops)
    phone.fits()
    phone.accessible()
