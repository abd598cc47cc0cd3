"""A held class: what a student can reach, and what the teacher opens."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from alignsim import history
from alignsim.app import (
    debrief,
    downloads,
    evidence_page,
    explanations,
    explore,
    forecasting,
    lesson,
    serving,
    why,
    world_page,
)
from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.lesson import PAGES, Lesson
from alignsim.app.play_screens import drawn, screen_of
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from tests.markup import Checked, opened
from tests.served import running, served
from tests.tab import Tab, ordered

KEY = "a-key-for-the-class"
TEACHER = ("fault", "lesson", "rooms", "predictions", "export")
SAID = Prediction((70, 20), (3, 0))
OTHERS = [page for page in PAGES if page != "play"]
ANSWER = re.compile(r"did not join|Brier|range of careful coding|most probable option")
"""What pages say only together with history or the model's answer."""


@pytest.fixture
def address(monkeypatch) -> Iterator[str]:
    monkeypatch.setattr(forecasting, "RUNS", 20)
    monkeypatch.setattr(forecasting, "levers", lambda start, state: ())
    caches = (forecasting.forecast, debrief.courses)
    for cache in caches:
        cache.cache_clear()
    with served(KEY, in_class=True) as found:
        yield found
    for cache in caches:
        cache.cache_clear()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def get(address, cookie="", stay=False, host=""):
    """Status, text and headers of an address; with ``stay`` redirects are not followed."""
    given = {"Cookie": cookie, "Host": host}
    headers = {name: text for name, text in given.items() if text}
    request = urllib.request.Request(address, headers=headers)
    opener = urllib.request.build_opener(*([_Stay] if stay else []))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace"), error.headers


def cookie_of(headers):
    found = SimpleCookie(headers["set-cookie"])
    return "; ".join(f"{name}={one.value}" for name, one in found.items())


@pytest.fixture
def teacher(address):
    """The cookie of the teacher's browser."""
    return cookie_of(get(f"{address}teacher/?key={KEY}")[2])


OPENED = ("open", t("teacher.lesson.pages_open"))
CLOSED = ("close", t("teacher.lesson.pages_closed"))


# --- a student in a held class ------------------------------------------------------------------


def test_a2_the_address_and_the_code_for_students_lead_to_play(address):
    place = serving.bind(0, in_class=True)
    with place.bound:
        assert urlsplit(place.students).path == "/play/"
    status, text, _ = get(address)
    assert status == 200
    assert t("play.title") in text
    assert get(f"{address}?start=ukraine-2022", stay=True)[2]["location"].startswith("play/")


def paths():
    """Addresses that a student may try, beside those that pages link to."""
    queries = ("", "?start=ukraine-2022", "?state=KOR&date=2014-07", "?q=D14-01", "?year=2014")
    found = [f"{page}/{query}" for page in OTHERS for query in queries]
    found += [f"download/{kind}?start=crimea-2014" for kind in downloads.FILES]
    found += [f"{page}/websocket/" for page in OTHERS]
    found += [f"{page}/session/x/download/export" for page in OTHERS]
    return [*found, "explore", "./explore/", "//explore/", "play/../explore/", "nowhere/at/all"]


def test_a2_a_student_in_a_held_class_reaches_no_other_page(address):
    """Every address is tried, and every link of every answer is followed."""
    waiting, seen = ["", "play/", "teacher/", "teacher/?key=wrong", *paths()], set()
    waiting = [address + path for path in waiting]
    pages = set()
    while waiting:
        asked = waiting.pop()
        if asked in seen or not asked.startswith(address):
            continue
        seen.add(asked)
        status, text, headers = get(asked)
        assert not ANSWER.search(text), asked
        if not headers["content-type"].startswith("text/html"):
            continue
        outline = Checked(text)
        if status == 200:
            pages.add(re.search(r'data-page="(\w+)"', text)[1])
            assert not [link for link in outline.links if "explore" in link], asked
        else:
            assert status == 403, asked
            assert t("closed.lead") in text
            assert len(re.sub("<[^>]*>", "", text.partition("<main")[2])) < 600
        waiting += [urljoin(asked, link).partition("#")[0] for link in outline.links]
    assert pages == {"play", "teacher"}
    assert len(seen) > 40


@pytest.mark.parametrize("page", OTHERS)
def test_a2_no_connection_to_another_page_is_taken(address, page):
    with pytest.raises(InvalidStatus):
        Tab(address, page)


def test_a2_nothing_of_history_is_looked_at_for_a_student(address, monkeypatch):
    """A whole game by its buttons, with history and forecasts out of reach."""

    def refused(*_):
        raise AssertionError("history was looked at")

    for module, name in ((history, "documented"), (history, "read"), (forecasting, "forecast")):
        monkeypatch.setattr(module, name, refused)
    tab = Tab(address, "play")
    told = tab.see("stage", "Open a game")
    assert re.findall(r'<option[^>]*value="([^"]*)"', told) == ["crimea-2014"]
    tab.fill(start="crimea-2014", seed="0", who="alone", seat="KOR", name="Aiko")
    tab.click("open")
    tab.see("stage", "Predict first")
    tab.fill(chance_JPN=70, chance_KOR=20, final_JPN="3", final_KOR="0")
    tab.click("predict")
    for step in range(10):
        tab.see("stage", f'id="pick_{step}_0"')
        tab.fill(**{f"pick_{step}_0": "0", f"pick_{step}_1": "2"})
        tab.click("decide")
    told = tab.see("stage", t("play.held.lead"))
    assert not ANSWER.search(told)
    assert "<svg" not in told
    assert "70 %" in told
    again = Tab(address, "play", tab.query)
    again.see("stage", t("play.held.lead"))
    elsewhere = Tab(address, "play", tab.query.replace(tab.part("room"), "BBBBB"))
    elsewhere.see("stage", "This game ended")
    elsewhere.click("resume")
    elsewhere.see("stage", t("play.held.lead"))
    for one in (tab, again, elsewhere):
        one.close()


@pytest.mark.parametrize("start", [one for one in settings.starts() if one != "crimea-2014"])
def test_a2_a_later_case_or_a_whatif_is_not_played_before_its_time(address, start):
    """A brief of 2022 tells how 2014 ended, and a what-if what was decisive."""
    tab = Tab(address, "play", f"start={start}")
    assert start not in tab.see("stage", "Open a game")
    tab.fill(start=start, seed="0", who="alone", seat="KOR")
    tab.click("open")
    tab.see("fault", t("play.faults.held"))
    tab.close()
    tab = Tab(
        address, "play", f"start={start}&seat=KOR&room=BCDFG&token=x&moves=KOR-&said=70-3.20-0"
    )
    tab.see("stage", "This game ended")
    tab.click("resume")
    tab.see("fault", t("play.faults.held"))
    tab.close()


@pytest.mark.parametrize("seat", games.seats(settings.starts()["crimea-2014"]))
def test_a2_what_is_shown_after_a_held_game_is_the_game_alone(seat):
    store = Rooms()
    room, player = store.create(PageSetting(), seat)
    store.predict(room.code, player.token, SAID)
    store.end(room.code)
    screen = screen_of(room, seat, shown=False)
    text = str(drawn(screen, room, seat))
    Checked(text)
    assert screen.kind == "held"
    assert not ANSWER.search(text)
    assert t("play.debrief.stopped", steps=0, all=10) in text


# --- what the teacher opens ---------------------------------------------------------------------


def played(address, cookie=""):
    """A page of a game that has ended, of Seoul."""
    tab = Tab(address, "play", cookie=cookie)
    tab.fill(start="crimea-2014", seed="0", who="alone", seat="KOR", name="Aiko")
    tab.click("open")
    tab.see("stage", "Predict first")
    tab.fill(chance_JPN=70, chance_KOR=20, final_JPN="3", final_KOR="0")
    tab.click("predict")
    tab.see("stage", 'id="pick_0_0"')
    tab.fill(pick_0_0="0", pick_0_1="2")
    tab.click("decide")
    tab.see("stage", 'id="pick_1_0"')
    return tab


def test_a2_a_debrief_is_completed_when_the_teacher_reveals(address):
    tab = played(address)
    ordered(address, KEY, (f"end {tab.part('room')}", "Crimea"))
    tab.see("stage", t("play.held.lead"))
    ordered(address, KEY, ("reveal crimea-2014", t("teacher.lesson.history_on")))
    told = tab.see("stage", "did not join")
    assert t("play.debrief.explore") not in told
    assert get(f"{address}explore/")[0] == 403
    assert "seoul-isolated" in Tab(address, "play").see("stage", "Open a game")
    ordered(address, KEY, ("hide crimea-2014", t("teacher.lesson.history_off")))
    assert not ANSWER.search(tab.see("stage", t("play.held.lead")))
    tab.close()


def test_a2_the_teacher_opens_a_case_and_the_other_pages(address):
    tab = Tab(address, "play")
    tab.see("stage", "Open a game")
    ordered(address, KEY, ("play ukraine-2022", t("teacher.lesson.games_on")))
    assert "us-lng" not in tab.see("stage", 'value="ukraine-2022"')
    ordered(address, KEY, OPENED)
    for page in ("explore", "evidence"):
        assert get(f"{address}{page}/")[0] == 200
    assert "us-lng" in tab.see("stage", "us-lng")
    reader = Tab(address, "explore", "start=crimea-2014", ("result",))
    ordered(address, KEY, CLOSED)
    reader.fill(seed="4")
    with pytest.raises(ConnectionClosed):
        reader.see("result", "what is never sent")
    assert get(f"{address}explore/")[0] == 403
    tab.close()


def test_a2_no_case_at_all_leaves_the_way_to_join(address):
    tab = Tab(address, "play")
    tab.see("stage", "Open a game")
    ordered(address, KEY, ("unplay crimea-2014", t("teacher.lesson.games_off")))
    assert 'id="code"' in tab.see("stage", t("play.setup.none"))
    tab.close()


def test_a2_the_teachers_key_opens_all_of_it(address, teacher):
    for page in OTHERS:
        assert get(f"{address}{page}/", teacher)[0] == 200
    assert get(f"{address}download/csv?start=crimea-2014", teacher)[0] == 200
    assert "explore" in get(f"{address}play/", teacher)[1]
    assert "us-lng" in Tab(address, "play", cookie=teacher).see("stage", "Open a game")
    for wrong in ("alignsim-teacher=", "alignsim-teacher=x", f"alignsim-teacher={KEY}"):
        assert get(f"{address}explore/", wrong)[0] == 403
    assert "set-cookie" not in get(f"{address}teacher/?key=wrong")[2]


@pytest.mark.parametrize(
    "order",
    [None, 3, "", "open the door", "reveal nowhere", "end", "end ZZZZZ", "shut x y z", "x" * 9999],
)
def test_a2_an_order_that_no_button_sends_changes_nothing(address, order):
    tab = Tab(address, "teacher", f"key={KEY}", TEACHER)
    tab.see("lesson", "Crimea")
    tab.fill(order=order)
    ordered(address, KEY, ("play ukraine-2022", t("teacher.lesson.games_on")))
    tab.see("lesson", t("teacher.lesson.games_on"))
    tab.close()


def test_a8_the_teacher_closes_a_room(address):
    tab = played(address)
    ordered(address, KEY, (f"shut {tab.part('room')}", "Crimea"))
    tab.see("stage", t("play.ended.shut_head"))
    tab.close()


def test_a14_a_students_browser_is_known_again(address):
    cookie = cookie_of(get(f"{address}play/")[2])
    assert "set-cookie" not in get(f"{address}play/", cookie)[2]
    for _ in range(2):
        played(address, cookie).close()
    tab = Tab(address, "teacher", f"key={KEY}", TEACHER)
    told = tab.see("predictions", t("teacher.mean", count=1))
    assert t("teacher.again_note") in told
    tab.close()


def test_alone_nothing_is_held_and_no_cookie_is_set():
    with served() as alone:
        for page in PAGES:
            status, _, headers = get(f"{alone}{page}/")
            assert status == 200
            assert "set-cookie" not in headers
        assert get(f"{alone}explore", stay=True)[2]["location"] == "explore/"


def test_a_lesson_that_is_not_held_cannot_be_closed():
    made = Lesson()
    made.open(False)
    assert made.opened
    assert lesson.OPEN.plays("us-lng")
    assert not lesson.OPEN.plays("nowhere")


# --- A17: the teacher's key ---------------------------------------------------------------------


def test_a17_the_teachers_key_can_be_kept():
    first, second = (serving.bind(0, in_class=True, key=key) for key in ("", KEY))
    with first.bound, second.bound:
        assert second.teacher.endswith(f"teacher/?key={KEY}")
        assert first.key not in ("", KEY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--class", "--teacher-key", "short"), "8 to 64"),
        (("--class", "--teacher-key", "a key with spaces"), "8 to 64"),
        (("--class", "--teacher-key", "x" * 65), "8 to 64"),
        (("--teacher-key", KEY), "needs --class"),
        (("--root-path", "proxy"), "such as /proxy/8000"),
        (("--root-path", "/a//b"), "such as /proxy/8000"),
        (("--root-path", "/a/../b"), "such as /proxy/8000"),
        (("--root-path", "/a?b"), "such as /proxy/8000"),
    ],
)
def test_a17_c16_a_key_or_a_path_that_is_none_is_refused(commanded, arguments, words):
    told = commanded("app", "--no-browser", "--port", "0", *arguments)
    assert told.code == 2
    assert words in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("environment", [False, True])
def test_a17_c16_the_command_passes_key_and_path_on(monkeypatch, commanded, environment):
    places = []
    monkeypatch.setattr(serving, "serve", lambda place, browser: places.append(place))
    if environment:
        monkeypatch.setenv("ALIGNSIM_TEACHER_KEY", KEY)
    own = () if environment else ("--teacher-key", KEY)
    told = commanded("app", "--class", "--port", "0", *own, "--root-path", "/hub/8000/")
    places[0].bound.close()
    assert told.code == 0
    assert f"/hub/8000/teacher/?key={KEY}" in told.out
    assert "/hub/8000/play/" in told.out
    if environment:
        commanded("app", "--port", "0")
        places[1].bound.close()
        assert not places[1].in_class


# --- C16: below a path --------------------------------------------------------------------------


def proxied(root, stripped):
    """A site below a path; ``stripped``, a proxy has taken the path away before the app sees it."""
    place = serving.bind(0, in_class=False, root="" if stripped == "untold" else root)
    server = serving.server(place)
    app = server.config.app

    async def proxy(scope, receive, send):
        if scope["type"] in ("http", "websocket") and stripped:
            assert scope["path"].startswith(f"{root}/")
            scope = {**scope, "path": scope["path"].removeprefix(root)}
        await app(scope, receive, send)

    server.config.app = proxy
    return server, place


@pytest.mark.parametrize("page", [explore, why, explanations, world_page, evidence_page])
def test_c16_no_link_of_a_page_begins_at_the_root(few_runs, page):
    text = opened(page.page, b"")
    assert not re.search(r'(?:href|src|action|data-carry)="/', text)


@pytest.mark.parametrize("stripped", ["", "told", "untold"])
def test_c16_every_link_and_file_is_found_below_a_path(stripped):
    root = "/user/ana/proxy/8000"
    server, place = proxied(root, stripped)
    with running(server, place.bound):
        base = f"http://127.0.0.1:{place.port}"
        assert get(f"{base}{root}/play")[0] == 200
        assert get(f"{base}{root}/", stay=True)[2]["location"] == "explore/"
        for page in ("play", "evidence"):
            status, text, _ = get(f"{base}{root}/{page}/")
            assert status == 200
            addresses = re.findall(r'(?:href|src|action|data-carry)="([^"#][^"]*)"', text)
            own = [one for one in addresses if not one.startswith(("http", "data:"))]
            files = [one for one in own if "static/" in one or "lib/" in one]
            assert len(files) > 3
            pages = [one for one in own if "play" in one or "q=" in one]
            for one in {*files, *pages[:4]}:
                whole = urljoin(f"{base}{root}/{page}/", one.replace("&amp;", "&"))
                assert whole.startswith(f"{base}{root}/"), one
                assert get(whole)[0] == 200, one
        tab = Tab(f"{base}{root}/", "play")
        tab.see("stage", "Open a game")
        tab.close()


@pytest.mark.parametrize(("root", "status"), [("/hub", 200), ("", 400)])
def test_c16_another_name_is_answered_only_behind_a_proxy(root, status):
    place = serving.bind(0, in_class=False, root=root)
    with running(serving.server(place), place.bound):
        assert get(f"{place.address}play/", host="hub.example")[0] == status


def test_c16_the_address_for_the_class_is_below_the_path(address):
    place = serving.bind(0, in_class=True, key=KEY, root="/hub")
    with running(serving.server(place), place.bound):
        base = f"http://127.0.0.1:{place.port}/hub/"
        text = get(f"{base}teacher/?key={KEY}", host="hub.example")[1]
        assert "http://hub.example/hub/play/" in text
        assert get(f"{base}explore/")[0] == 403
        closed = get(f"{base}a/b/c")[1]
        assert 'href="../../play/"' in closed
