"""A class in real browsers: held and opened, two players at each pair of seats, lost and found."""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from alignsim.app import serving
from alignsim.app import site as sites
from alignsim.app.lesson import PAGES
from alignsim.app.texts import t
from tests.served import PHONE, Visitor, chromium, running, served

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_runs")]

KEY = "a-key-for-the-tests"
SEATS = {"Tokyo": 2, "Seoul": 2, "Washington": 3, "Moscow": 2}
"""Decisions that each seat takes in a step."""
SLOW = 30_000
"""Milliseconds to wait for what others have to do first, on a busy machine."""
TURN = ("Washington", "Moscow", "Tokyo", "Seoul")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    serving.warm()  # as a server does before it answers; the first brief would wait for it else
    with chromium() as found:
        yield found


@pytest.fixture
def address() -> Iterator[str]:
    with served(KEY, in_class=True) as found:
        yield found


def opened(visitor: Visitor, seat: str, shared: bool = True, name: str = "") -> str:
    """Open a game in a seat; its code."""
    page = visitor.open("play/")
    page.get_by_role("radio", name=re.compile(f"^{seat}")).check()
    if shared:
        page.get_by_role("radio", name="Others join by a code").check()
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Open the game").click()
    expect(page.get_by_role("heading", name="Predict first")).to_be_visible()
    found = re.search(r"room=([A-Z]+)", page.url)
    assert found
    return found[1]


def joined(visitor: Visitor, code: str, seat: str) -> None:
    page = visitor.open("play/")
    page.locator("#code").fill(code)
    page.locator("#join_seat").get_by_role("radio", name=re.compile(f"^{seat}")).check()
    page.get_by_role("button", name="Join the game").click()


def predict(page: Page) -> None:
    expect(page.get_by_role("heading", name="Predict first")).to_be_visible()
    for ally, chance in (("JPN", 80), ("KOR", 20)):
        page.locator(f"#chance_{ally}").fill(str(chance))
        page.locator(f"#final_{ally}").get_by_role("radio").nth(2).check()
    page.get_by_role("button", name="Keep my prediction").click()


def decide(page: Page, seat: str, step: int) -> None:
    expect(page.locator("#now")).to_contain_text(f"you are {seat}", timeout=SLOW)
    for number in range(SEATS[seat]):
        page.locator(f"#pick_{step}_{number}").get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Decide", exact=True).click()


def test_a1_two_browsers_play_each_seat_in_each_order(browser: Browser, address: str) -> None:
    """Whoever opens, whoever joins and whoever begins: both decide the first step."""
    opening, joining = Visitor(browser, address), Visitor(browser, address, PHONE)
    for first, second in itertools.permutations(SEATS, 2):
        joined(joining, opened(opening, first), second)
        for page in (joining.page, opening.page):
            predict(page)
        beginner = opening if TURN.index(first) < TURN.index(second) else joining
        beginner.page.get_by_role("button", name="Begin the game").click()
        pages = {first: opening.page, second: joining.page}
        earlier, later = sorted(pages, key=TURN.index)
        if {earlier, later} != {"Tokyo", "Seoul"}:
            expect(pages[later].get_by_text("Others move before you")).to_be_visible()
        for seat in (earlier, later):
            decide(pages[seat], seat, 0)
        for page in pages.values():
            expect(page.locator("#now")).to_contain_text("Apr 2014", timeout=SLOW)
    opening.leave()
    joining.leave()


def test_a2_a_held_page_opens_by_itself(browser: Browser, address: str) -> None:
    student, teacher = Visitor(browser, address, PHONE), Visitor(browser, address)
    page = student.open("play/")
    expect(page.locator("nav a")).to_have_count(1)
    page.goto(f"{address}explore/")
    expect(page.get_by_text(t("closed.lead"))).to_be_visible()
    student.accessible()
    student.fits()
    desk = teacher.open(f"teacher/?key={KEY}")
    desk.get_by_role("button", name=t("teacher.lesson.open")).click()
    expect(desk.get_by_text(t("teacher.lesson.pages_open"))).to_be_visible()
    expect(desk.get_by_role("button", name=t("teacher.lesson.close"))).to_be_focused()
    expect(page.locator("nav a")).to_have_count(len(PAGES))
    student.settled()
    student.faults = [fault for fault in student.faults if "403" not in fault]
    student.leave()
    teacher.leave()


def test_a2_a_debrief_waits_for_the_teacher(browser: Browser, address: str) -> None:
    student, teacher = Visitor(browser, address), Visitor(browser, address)
    code = opened(student, "Seoul", shared=False, name="Minjun")
    page = student.page
    predict(page)
    decide(page, "Seoul", 0)
    desk = teacher.open(f"teacher/?key={KEY}")
    desk.get_by_role("button", name=t("teacher.end_of", room=code)).click()
    desk.get_by_role("button", name=t("frame.no")).and_(desk.locator(":visible")).click()
    expect(page.locator("#now")).to_contain_text("Apr 2014")
    desk.get_by_role("button", name=t("teacher.end_of", room=code)).click()
    teacher.accessible()
    desk.get_by_role("button", name=t("teacher.ask.end_yes"), exact=True).click()
    expect(page.get_by_role("heading", name=t("play.held.head"))).to_be_visible()
    expect(page.locator("svg")).to_have_count(0)
    student.accessible()
    student.picture("play-held", whole=True)
    teacher.picture("teacher-held", whole=True)
    desk.get_by_role("button", name=re.compile("^Reveal history: Crimea")).click()
    expect(page.get_by_role("heading", name="Debrief")).to_be_focused()
    expect(page.get_by_text("did not join").first).to_be_visible()
    expect(page.get_by_role("link", name="Explore this scenario")).to_have_count(0)
    desk.get_by_role("button", name=t("teacher.lesson.open")).click()
    expect(page.get_by_role("link", name="Explore this scenario")).to_be_visible()
    expect(page.get_by_role("link", name="Evidence")).to_be_visible()
    student.settled()
    student.accessible()
    for one in (student, teacher):
        one.leave()


def test_a3_leaving_is_asked_for_and_the_record_stays(browser: Browser, address: str) -> None:
    student, teacher = Visitor(browser, address, PHONE), Visitor(browser, address)
    code = opened(student, "Tokyo", shared=False, name="Aiko")
    page = student.page
    predict(page)
    decide(page, "Tokyo", 0)
    page.get_by_role("button", name="Leave the game").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    student.accessible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#now")).to_contain_text("Apr 2014")
    page.get_by_role("button", name="Leave the game").click()
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("heading", name="Open a game")).to_be_visible()
    desk = teacher.open(f"teacher/?key={KEY}")
    expect(desk.locator("#predictions")).to_contain_text(f"Aiko, Tokyo ({code})")
    for one in (student, teacher):
        one.leave()


def test_a4_all_players_end_a_game(browser: Browser, address: str) -> None:
    tokyo, seoul = Visitor(browser, address), Visitor(browser, address)
    joined(seoul, opened(tokyo, "Tokyo"), "Seoul")
    for one in (tokyo, seoul):
        predict(one.page)
    tokyo.page.get_by_role("button", name="Begin the game").click()
    for seat, one in (("Tokyo", tokyo), ("Seoul", seoul)):
        decide(one.page, seat, 0)
    for one in (tokyo, seoul):
        one.page.get_by_role("button", name="End the game here").click()
        one.page.get_by_role("button", name="End it here").click()
        if one is tokyo:
            expect(seoul.page.get_by_text("Tokyo would end the game here")).to_be_visible()
            tokyo.page.get_by_role("button", name="Play on after all").click()
            expect(seoul.page.get_by_text("Tokyo would end the game here")).to_have_count(0)
            tokyo.page.get_by_role("button", name="End the game here").click()
            tokyo.page.get_by_role("button", name="End it here").click()
    for one in (tokyo, seoul):
        expect(one.page.get_by_role("heading", name=t("play.held.head"))).to_be_visible()
        one.leave()


def test_a7_a_page_without_a_connection_says_so_and_tries_again(
    browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = sites.MAX_SESSIONS
    monkeypatch.setattr(sites, "MAX_SESSIONS", 0)
    visitor = Visitor(browser, address, PHONE)
    page = visitor.page
    page.goto(f"{address}play/")
    expect(page.get_by_role("alert")).to_contain_text("no live connection", timeout=15_000)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    visitor.accessible()
    visitor.fits()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("no live connection", timeout=15_000)
    monkeypatch.setattr(sites, "MAX_SESSIONS", most)
    expect(page.get_by_role("heading", name="Open a game")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert all("WebSocket" in fault for fault in visitor.faults)
    visitor.context.close()


def test_a9_the_way_back_to_a_game(browser: Browser) -> None:
    with served() as address:
        visitor = Visitor(browser, address)
        opened(visitor, "Tokyo", shared=False)
        page = visitor.page
        predict(page)
        decide(page, "Tokyo", 0)
        expect(page.locator("#now")).to_contain_text("Apr 2014")
        page.get_by_role("link", name="Explore", exact=True).click()
        visitor.settled()
        page.locator("#seed").fill("9")
        page.locator("#seed").press("Tab")
        page.wait_for_url(re.compile("seed=9"))
        page.get_by_role("link", name="Play a seat").click()
        expect(page.locator("#now")).to_contain_text("Apr 2014: you are Tokyo")
        page.get_by_role("link", name="Play a seat").click()
        expect(page.get_by_role("heading", name="Open a game")).to_be_visible()
        visitor.accessible()
        page.get_by_role("link", name=t("play.room.back_link")).click()
        expect(page.locator("#now")).to_contain_text("Apr 2014: you are Tokyo")
        page.get_by_role("button", name="Leave the game").click()
        page.get_by_role("button", name="Leave", exact=True).click()
        expect(page.get_by_role("heading", name="Open a game")).to_be_visible()
        visitor.open("play/")
        expect(page.get_by_role("link", name=t("play.room.back_link"))).to_have_count(0)
        visitor.leave()


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_c16_the_app_works_below_a_path(browser: Browser, told: bool) -> None:
    """A proxy takes the path away, as that of JupyterHub does."""
    root = "/user/ana/proxy/8000"
    place = serving.bind(0, in_class=False, root=root if told else "")
    server = serving.server(place)
    app = server.config.app

    async def proxy(scope: dict[str, object], receive: object, send: object) -> None:
        path = str(scope.get("path", ""))
        if not path.startswith(root):
            beside.append(path)
        await app({**scope, "path": path.removeprefix(root)}, receive, send)  # type: ignore[operator,arg-type]

    server.config.app = proxy
    beside: list[str] = []
    with running(server, place.bound):
        visitor = Visitor(browser, f"http://127.0.0.1:{place.port}{root}/")
        page = visitor.open("")
        page.locator('a.why[aria-label^="South Korea, Jul 2014: sanctions level"]').click()
        expect(page.locator("h1")).to_have_text(t("why.title"))
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#redline table, #redline p").first).to_be_visible(timeout=60_000)
        page.get_by_role("link", name="Evidence").click()
        expect(page.locator("h1")).to_have_text("Evidence")
        opened(visitor, "Seoul", shared=False)
        predict(page)
        decide(page, "Seoul", 0)
        expect(page.locator("#now")).to_contain_text("Apr 2014")
        assert root in page.url
        visitor.leave()
    # A browser asks for an icon at the root of a host by itself.
    assert set(beside) <= {"/favicon.ico", "/static/icon.svg"}
