"""The pages Play a seat and The class: every screen draws, and nothing is told too early."""

import re
import socket

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from shiny import App
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from alignsim import history
from alignsim.app import (
    briefs,
    classbook,
    debrief,
    forecasting,
    gate,
    play,
    play_address,
    play_screens,
    play_setup,
    play_steps,
    rooms,
    teacher,
    teacher_tables,
)
from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.lesson import OPEN, Lesson
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from tests.markup import Checked
from tests.served import running
from tests.strategies import examples
from tests.tab import Tab

STARTS = tuple(settings.starts())
SEATS = ("JPN", "KOR", "USA", "RUS")
SAID = Prediction((70, 20), (3, 0))
KEY = "a-key-of-some-length"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Few runs, and no ranking of inputs: without the compiler either takes long."""
    monkeypatch.setattr(forecasting, "RUNS", 20)
    monkeypatch.setattr(forecasting, "levers", lambda start, state: ())
    caches = (forecasting.forecast, debrief.courses, briefs.brief, play_steps.full_brief)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def asked(query="", host="192.0.2.7:8000"):
    """A request for a page."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": "/",
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", host.encode())],
        }
    )


def seated(start, seat, others=()):
    """A begun room with one player, or more: store, room, tokens by seat."""
    store = Rooms()
    room, player = store.create(PageSetting(start), seat, "<b>Aiko</b>", shared=True)
    tokens = {seat: player.token}
    for other in others:
        tokens[other] = store.join(room.code, other)[1].token
    for token in tokens.values():
        store.predict(room.code, token, SAID)
    store.begin(room.code, player.token)
    return store, room, tokens


def choose(store, room, tokens, seat):
    """The first option of everything, or the one of before."""
    now = room.position
    options = {offer.key: offer.before or 0 for offer in now.offers(seat)}
    store.choose(room.code, tokens[seat], now.step, options)


def shown(room, seat):
    """What a seat sees: kind of screen, and its HTML."""
    screen = play_screens.screen_of(room, seat)
    drawn = play_screens.drawn(screen, room, seat)
    return screen.kind, str(play_steps.room_bar(room, seat)) + str(drawn)


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", None),
        ("start=ukraine-2022&seed=7&seat=KOR", None),
        ("start=crimea-2014&states.KOR.g7=1", "unchanged scenario"),
        ("start=nowhere", "There is no scenario"),
        ("start=../../etc/passwd", "There is no scenario"),
        ("seed=many", "seed"),
        ("color=red", "unknown part"),
        ("room=BCDFG&token=x&seat=JPN&moves=JPN-11&said=70-3.20-0&name=Aiko", None),
        ("room=%3Cscript%3E&token=%00", None),
    ],
)
def test_any_address_opens_a_page(query, words):
    page = str(play.page(OPEN)(asked(query)))
    Checked(page)
    assert "<script>alert" not in page
    assert (words in page) if words else 'class="alert" role="alert">' not in page.split("<main")[1]


def test_changes_of_a_setting_are_not_played():
    found = play_address.opened([("start", "crimea-2014"), ("states.KOR.g7", "1")])
    assert found.had_changes
    assert found.setting == PageSetting("crimea-2014")


def test_a_prediction_survives_its_address():
    assert play_address.said_of(play_address.said_text(SAID)) == SAID
    assert play_address.said_text(None) == ""


@examples(200)
@given(st.text(max_size=30))
def test_any_prediction_of_an_address_is_one_or_none(text):
    said = play_address.said_of(text)
    assert said is None or play_address.said_text(said) or text


@pytest.mark.parametrize("text", ["", "70", "70-3.", "-1-3", "70-3,20-0", "1e2-3", "7" * 500])
def test_odd_predictions_of_an_address_are_none(text):
    assert play_address.said_of(text) is None


# --- every screen -----------------------------------------------------------------------------


@pytest.mark.parametrize("start", STARTS)
def test_setting_up_shows_seats_and_tells_no_outcome(start):
    parts = [play_setup.setup(PageSetting(start), STARTS), play_setup.scene(start, "KOR")]
    text = "".join(map(str, parts))
    Checked(text)
    scenario = settings.starts()[start]
    for seat in games.seats(scenario):
        assert t(f"states.{seat}.seat") in text
        assert scenario.summary[:60] not in text


def test_joining_shows_free_seats_only():
    store = Rooms()
    room, _ = store.create(PageSetting("crimea-2014"), "JPN")
    text = str(play_setup.places(room, room.code))
    Checked(text)
    assert re.findall(r'value="([A-Z]+)"', text) == ["KOR", "USA", "RUS"]
    assert "no game" in str(play_setup.places(None, "BCDFG"))
    assert "which seats" in str(play_setup.places(None, "BC"))


@pytest.mark.parametrize("start", ["crimea-2014", "rapprochement-2016", "shared-red-lines"])
@pytest.mark.parametrize("seat", SEATS)
def test_a_game_from_prediction_to_debrief(start, seat):
    store = Rooms()
    room, player = store.create(PageSetting(start), seat, "<b>Aiko</b>", shared=True)
    kinds, texts = [], []

    def look():
        kind, text = shown(room, seat)
        Checked(text)
        assert "<b>Aiko" not in text
        assert text.count("data-moment=") == 1
        kinds.append(kind)
        texts.append(text)

    look()
    store.predict(room.code, player.token, SAID)
    look()
    store.begin(room.code, player.token)
    while not room.over:
        look()
        choose(store, room, {seat: player.token}, seat)
    look()
    steps = room.game.scenario.calendar.steps
    assert kinds == ["predict", "lobby", *["decide"] * steps, "debrief"]
    assert all("Let the model" not in text for text in texts)


def test_a_player_waits_and_may_let_the_model_go_on():
    store, room, tokens = seated("crimea-2014", "JPN", ["KOR"])
    assert "Let the model" not in shown(room, "JPN")[1]
    choose(store, room, tokens, "JPN")
    kind, text = shown(room, "JPN")
    Checked(text)
    assert kind == "wait"
    assert "Waiting for Seoul." in text
    assert 'id="hand_KOR"' in text
    store.hand(room.code, tokens["JPN"], "KOR")
    kind, text = shown(room, "KOR")
    Checked(text)
    assert kind == "wait"
    assert 'id="take_back"' in text
    assert shown(room, "JPN")[0] == "decide"


def test_a_form_is_not_drawn_anew_while_others_come_and_go():
    store, room, tokens = seated("crimea-2014", "JPN", ["KOR"])
    before = play_screens.screen_of(room, "KOR")
    choose(store, room, tokens, "JPN")
    store.join(room.code, "USA")
    assert play_screens.screen_of(room, "KOR") == before


def test_lost_places_are_told_apart():
    store, room, tokens = seated("crimea-2014", "JPN", ["KOR"])
    assert play_screens.screen_of(None, None).kind == "ended"
    assert play_screens.screen_of(room, room.seat_of("x"), "KOR").kind == "displaced"
    store.leave(room.code, tokens["KOR"])
    assert play_screens.screen_of(room, room.seat_of(tokens["KOR"]), "KOR").kind == "returning"
    for part in (play_setup.ended(), play_setup.ended("A fault."), play_setup.displaced("BCDFG")):
        Checked(str(part))
    assert 'id="resume"' in str(play_setup.ended())
    assert 'id="resume"' not in str(play_setup.ended("A fault."))
    assert 'id="resume"' in str(play_setup.returning())


def test_a_game_that_stopped_says_so():
    store, room, tokens = seated("seoul-isolated", "USA")
    choose(store, room, tokens, "USA")
    store.stop(room.code, tokens["USA"])
    kind, text = shown(room, "USA")
    Checked(text)
    assert kind == "debrief"
    assert "ended after 1 of 10 steps" in text
    assert "no history" in text
    assert "Brier" not in text


def test_the_debrief_names_what_was_lost_and_where_the_paths_part():
    store, room, tokens = seated("crimea-2014", "KOR")
    while not room.over:
        options = {("KOR", "level", None): 5, ("KOR", "engagement", None): 2}
        store.choose(room.code, tokens["KOR"], room.position.step, options)
    _, text = shown(room, "KOR")
    assert "You part from history first in Mar 2014: you 5 energy, history 0 none." in text
    assert "Different in 10 of 10." in text
    found = debrief.costs(room.game, "KOR")
    dearest = max(found, key=lambda cost: cost.cost)
    assert f"cost {dearest.cost:.3f}" in text
    named = [name for name, size in dearest.terms if size >= 0.0005][:3]
    for name in named:
        assert t(f"terms.{name}.name") in text
    assert "0.040" in text  # 20 per cent said of South Korea, which did not join


def test_a_ceiling_and_settled_stances_are_shown():
    _, room, _ = seated("timid-leader", "USA")
    assert 'name="pick_0_0" value="2"' in shown(room, "USA")[1]
    assert 'name="pick_0_0" value="3"' not in shown(room, "USA")[1]
    _, room, _ = seated("shared-red-lines", "USA")
    text = shown(room, "USA")[1]
    assert text.count("This scenario sets it") == 2
    assert 'name="pick_0_1"' not in text


# --- nothing is told too early ----------------------------------------------------------------


@pytest.mark.parametrize("start", ["ukraine-2022", "seoul-isolated"])
@pytest.mark.parametrize("seat", SEATS)
def test_history_and_forecast_are_not_looked_at_before_the_debrief(monkeypatch, start, seat):
    def refused(*_):
        raise AssertionError("history was looked at")

    for module, name in ((history, "documented"), (history, "read"), (forecasting, "forecast")):
        monkeypatch.setattr(module, name, refused)
    other = next(one for one in ("JPN", "KOR") if one != seat)
    store, room, tokens = seated(start, seat, [other])
    room.begun = False
    kinds = {shown(room, seat)[0]}
    room.begun = True
    room.players[seat].said = None
    kinds.add(shown(room, seat)[0])
    room.players[seat].said = SAID
    while not room.position.over:
        kinds |= {shown(room, one)[0] for one in tokens}
        choose(store, room, tokens, room.position.waiting[0])
    assert kinds == {"predict", "lobby", "decide", "wait"}


# --- the teacher ------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "key=", "key=wrong", f"key={KEY}x", "key=%C3%BC"])
def test_without_the_key_the_page_says_one_sentence(query):
    page = str(teacher.page(KEY)(asked(query)))
    main = page.partition("<main")[2]
    assert t("teacher.refused") in main
    assert "<section" not in main
    assert "shiny-html-output" not in main


def test_no_key_opens_a_page_that_has_none():
    assert not gate.is_key("", "")
    assert t("teacher.refused") in str(teacher.page("")(asked("key=")))


def test_the_page_shows_the_address_for_the_class():
    page = str(teacher.page(KEY)(asked(f"key={KEY}")))
    assert "http://192.0.2.7:8000/play/" in page
    assert "<svg" in page
    assert KEY not in page.partition("<main")[2]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000"])
def test_an_address_that_others_cannot_reach_is_not_offered(host):
    page = str(teacher.page(KEY)(asked(f"key={KEY}", host)))
    assert "<svg" not in page
    assert "cannot reach" in page


def test_rooms_are_listed_with_who_plays():
    store, room, tokens = seated("crimea-2014", "JPN", ["KOR"])
    choose(store, room, tokens, "JPN")
    text = str(teacher_tables.room_table(store.all()))
    Checked(text)
    for part in (room.code, "&lt;b&gt;Aiko", "1 of 10", "model", ">Seoul</td>"):
        assert part in text
    assert "No game" in str(teacher_tables.room_table([]))


def test_history_is_hidden_until_it_is_revealed():
    store, _, _ = seated("crimea-2014", "JPN", ["KOR"])
    sheets = classbook.sheets(store.all())
    hidden, revealed = (
        str(teacher_tables.prediction_tables(sheets, one.shows))
        for one in (Lesson(held=True), OPEN)
    )
    Checked(hidden)
    Checked(revealed)
    assert "Mean of 2" in hidden
    assert "did not join" not in hidden
    assert "Brier" not in hidden
    assert "did not join" in revealed
    assert "0.065" in revealed
    assert "Nobody" in str(teacher_tables.prediction_tables([], OPEN.shows))


def test_a_whatif_reveals_the_model_only():
    store, _, _ = seated("seoul-isolated", "KOR")
    text = str(teacher_tables.prediction_tables(classbook.sheets(store.all()), OPEN.shows))
    assert "no history to reveal" in text
    assert "Brier" not in text


def test_seat_names_do_without_texts():
    scenario = settings.starts()["crimea-2014"]
    assert rooms.seat_name(scenario, "JPN") == "Tokyo"
    assert rooms.seat_name(scenario, "EU") == "European Union"


# --- connections ------------------------------------------------------------------------------


class Classroom:
    """A server of the two pages, whose rooms, lesson and clock the tests hold."""

    def __init__(self):
        self.now = 0.0
        self.store = Rooms(lambda: self.now)
        self.lesson = Lesson(held=True)
        self.app = Starlette(
            routes=[
                Mount("/play", App(play.page(self.lesson), play.server(self.store, self.lesson))),
                Mount(
                    "/teacher", App(teacher.page(KEY), teacher.server(self.store, self.lesson, KEY))
                ),
            ]
        )
        self.bound = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.bound.getsockname()[1]}/"

    def forget(self):
        """Lose all rooms, as a server does that is started again."""
        self.now += rooms.IDLE + 1.0


@pytest.fixture(scope="module")
def classroom():
    made = Classroom()
    server = uvicorn.Server(
        uvicorn.Config(made.app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
    )
    with running(server, made.bound):
        yield made


class Seat(Tab):
    """A player's page."""

    def predict(self):
        self.see("stage", "Predict first")
        self.fill(chance_JPN=70, chance_KOR=20, final_JPN="3", final_KOR="0")
        self.click("predict")

    def decide(self, step, *options):
        self.see("stage", f'id="pick_{step}_0"')
        self.fill(**{f"pick_{step}_{number}": str(one) for number, one in enumerate(options)})
        self.click("decide")


def opened_game(address, seat="JPN", who="shared"):
    tab = Seat(address, "play", "start=crimea-2014")
    tab.see("stage", "Open a game")
    tab.fill(**{"start": "crimea-2014", "seed": "0", "who": who, "seat": seat})
    tab.click("open")
    tab.see("room", "Room ")
    return tab


def test_two_players_and_rooms_that_were_lost(classroom):
    address = classroom.address
    tokyo = opened_game(address)
    tokyo.predict()
    tokyo.see("stage", "Waiting to begin")
    seoul = Seat(address, "play")
    seoul.fill(code=tokyo.part("room").lower())
    seoul.see("places", 'value="KOR"')
    seoul.fill(join_seat="KOR", join_name="Minjun")
    seoul.click("join")
    seoul.predict()
    tokyo.see("room", "Seoul: Minjun")
    tokyo.click("begin")
    tokyo.decide(0, 2, 1)
    tokyo.see("room", "Waiting for Seoul.")
    assert tokyo.part("moves") == "JPN-21_KOR-"
    assert "JPN-21" not in seoul.query
    seoul.decide(0, 0, 2)
    seoul.see("stage", "Apr 2014")
    tokyo.see("stage", "Apr 2014")
    tokyo.decide(1, 3, 1)
    tokyo.see("room", "Waiting for Seoul.")
    again = Seat(address, "play", seoul.query)
    assert "Apr 2014: you are Seoul" in again.see("stage", "Apr 2014")
    searches = tokyo.query, seoul.query
    for tab in (tokyo, seoul, again):
        tab.close()
    classroom.forget()
    tokyo, seoul = (Seat(address, "play", search) for search in searches)
    for tab in (tokyo, seoul):
        tab.see("stage", "This game ended")
    tokyo.click("resume")
    tokyo.see("stage", "Apr 2014: waiting")
    seoul.see("stage", "Your seat is free")
    seoul.click("resume")
    seoul.decide(1, 0, 2)
    tokyo.see("stage", "May 2014: you are Tokyo")
    assert tokyo.part("moves") == "JPN-21.31_KOR-02.02"
    assert "Seoul: Minjun" in tokyo.see("room", "Minjun")
    tokyo.close()
    seoul.close()


def test_a_page_stands_whatever_is_sent(classroom):
    tab = Seat(classroom.address, "play")
    tab.fill(code=["x"] * 100, name={"a": 1}, seat=7, start=None)
    tab.click("open")
    tab.see("fault", "alert")
    tab.fill(**{"start": "../../etc/passwd", "seed": "1e300", "seat": "JPN"})
    tab.click("open")
    tab.see("fault", "seed")
    tab.fill(**{"seed": "0"})
    tab.click("open")
    tab.see("fault", "There is no scenario")
    for button in ("decide", "begin", "leave", "take_back", "stop", "hand_JPN", "resume"):
        tab.click(button)
    tab.see("fault", "alert")
    tab.fill(**{"start": "crimea-2014", "name": "x" * 41})
    tab.click("open")
    tab.see("fault", "at most 40 letters")
    tab.fill(name="Aiko")
    tab.click("open")
    tab.see("stage", "Predict first")
    tab.fill(chance_JPN=1e300, chance_KOR=20, final_JPN="3", final_KOR="0")
    tab.click("predict")
    tab.see("fault", "whole number from 0 to 100")
    tab.predict()
    tab.decide(0, 9, "x")
    tab.see("fault", "not one of the options")
    tab.fill(pick_0_0="1")
    tab.click("decide")
    tab.see("fault", "Choose first: engagement")
    tab.decide(0, 1, 1)
    tab.see("stage", "Apr 2014")
    tab.click("decide")
    tab.click("stop")
    tab.see("stage", "ended after 1 of 10 steps")
    tab.close()


def test_only_so_many_games_a_page(classroom, monkeypatch):
    monkeypatch.setattr(play, "MAX_OPENED", 1)
    tab = opened_game(classroom.address, who="alone")
    tab.click("leave")
    tab.see("stage", "Open a game")
    tab.fill(seat="JPN")
    tab.click("open")
    tab.see("fault", "has opened 1 games")
    tab.close()


def test_the_teacher_sees_the_class_and_nobody_else_does(classroom):
    outputs = ("rooms", "lesson", "predictions", "export")
    classroom.forget()
    address = classroom.address
    stranger = Seat(address, "teacher", "key=wrong", outputs)
    tab = Seat(address, "teacher", f"key={KEY}", outputs)
    tab.see("rooms", "No game")
    player = opened_game(address, who="alone")
    player.predict()
    tab.see("rooms", player.part("room"))
    tab.see("predictions", f"({player.part('room')})")
    assert "did not join" not in tab.values["predictions"]
    tab.fill(order="reveal crimea-2014")
    tab.see("predictions", "did not join")
    stranger.fill(order="open")
    assert player.part("room") not in stranger.everything()
    assert not classroom.lesson.opened
    tab.fill(order="hide crimea-2014")
    tab.see("lesson", "hidden")
    for one in (stranger, tab, player):
        one.close()
