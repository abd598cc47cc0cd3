"""Rooms: who may do what, limits, expiry, and games that go on after everything was lost."""

import csv
import io

import pytest

from alignsim.app import classbook, debrief, forecasting, moves, rooms
from alignsim.app import room as room_
from alignsim.app.debrief import Prediction
from alignsim.app.game import GameError
from alignsim.app.room import RoomError
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting, SettingError

CRIMEA = PageSetting("crimea-2014", 0)
SAID = Prediction((70, 20), (3, 0))


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return Rooms(clock)


@pytest.fixture
def few_runs(monkeypatch):
    monkeypatch.setattr(forecasting, "RUNS", 20)
    for cache in (forecasting.forecast, debrief.courses):
        cache.cache_clear()
    yield
    for cache in (forecasting.forecast, debrief.courses):
        cache.cache_clear()


def levels(seat, level, engagement=1):
    return {(seat, "level", None): level, (seat, "engagement", None): engagement}


@pytest.fixture
def pair(store):
    """A begun game of Tokyo and Seoul, both with predictions: room, token, token."""
    room, tokyo = store.create(CRIMEA, "JPN", "Aiko", shared=True)
    _, seoul = store.join(room.code, "KOR", "Minjun")
    for player in (tokyo, seoul):
        store.predict(room.code, player.token, SAID)
    store.begin(room.code, tokyo.token)
    return room, tokyo.token, seoul.token


# --- opening and joining ----------------------------------------------------------------------


def test_a_code_has_five_letters_that_are_not_mistaken(store):
    codes = {store.create(CRIMEA, "JPN")[0].code for _ in range(50)}
    assert len(codes) == 50
    for code in codes:
        assert len(code) == room_.CODE_LENGTH
        assert set(code) <= set(room_.LETTERS)
    assert not set(room_.LETTERS) & set("AEIOULY0123456789")


def test_a_code_may_be_written_in_any_way(store):
    room, _ = store.create(CRIMEA, "JPN")
    spaced = " ".join(room.code.lower())
    assert store.find(spaced) is room
    assert store.find("") is None
    assert store.find("x" * 10_000) is None


def test_tokens_are_secret_and_differ(store, pair):
    room, tokyo, seoul = pair
    assert tokyo != seoul
    assert min(len(tokyo), len(seoul)) >= 16
    assert room.seat_of(tokyo) == "JPN"
    assert room.seat_of(seoul) == "KOR"
    for wrong in ("", "x", tokyo[:-1], tokyo + "x", "ü"):
        assert room.seat_of(wrong) is None
        with pytest.raises(RoomError, match="no longer yours"):
            store.choose(room.code, wrong, 0, levels("JPN", 1))


def test_a_seat_holds_one_player(store):
    room, _ = store.create(CRIMEA, "JPN")
    with pytest.raises(RoomError, match="Tokyo is taken"):
        store.join(room.code, "JPN")
    store.join(room.code, "USA")
    assert room.free == ["KOR", "RUS"]


def test_there_is_no_seat_for_others(store):
    with pytest.raises(GameError):
        store.create(CRIMEA, "EU")
    room, _ = store.create(CRIMEA, "JPN")
    with pytest.raises(GameError):
        store.join(room.code, "EU")
    assert len(store.all()) == 1


def test_an_unknown_code_or_start_is_refused(store):
    with pytest.raises(RoomError, match="BBBBB"):
        store.join("BBBBB", "JPN")
    with pytest.raises(SettingError):
        store.create(PageSetting("../../etc"), "JPN")
    assert store.all() == []


@pytest.mark.parametrize(
    "name", ["", "Aiko", "  Ai \t ko ", "a" * room_.MAX_NAME, "\x00\x1bx", "愛子"]
)
def test_names_are_tidied(store, name):
    _, player = store.create(CRIMEA, "JPN", name)
    assert player.name == " ".join(player.name.split())
    assert player.name.isprintable()


@pytest.mark.parametrize("size", [room_.MAX_NAME + 1, 100_000])
def test_long_names_are_refused(store, size):
    with pytest.raises(RoomError, match="40"):
        store.create(CRIMEA, "JPN", "a" * size)
    assert store.all() == []


# --- predicting and playing -------------------------------------------------------------------


def test_nobody_decides_before_predicting_and_beginning(store):
    room, tokyo = store.create(CRIMEA, "JPN", shared=True)
    with pytest.raises(GameError):
        store.choose(room.code, tokyo.token, 0, levels("JPN", 1))
    store.begin(room.code, tokyo.token)
    with pytest.raises(GameError):
        store.choose(room.code, tokyo.token, 0, levels("JPN", 1))
    store.predict(room.code, tokyo.token, SAID)
    store.choose(room.code, tokyo.token, 0, levels("JPN", 1))
    assert room.position.step == 1


def test_a_prediction_is_made_once(store):
    room, tokyo = store.create(CRIMEA, "JPN")
    store.predict(room.code, tokyo.token, SAID)
    with pytest.raises(RoomError):
        store.predict(room.code, tokyo.token, Prediction((1, 1), (1, 1)))
    assert room.players["JPN"].said == SAID


@pytest.mark.parametrize(
    ("chances", "final"),
    [
        ((70,), (3,)),
        ((70, 20, 1), (3, 0, 1)),
        ((101, 20), (3, 0)),
        ((-1, 20), (3, 0)),
        ((70.5, 20), (3, 0)),
        ((True, 20), (3, 0)),
        ((70, 20), (6, 0)),
        ((70, 20), (3, -1)),
    ],
)
def test_a_prediction_is_whole_and_complete(store, chances, final):
    room, tokyo = store.create(CRIMEA, "JPN")
    with pytest.raises(RoomError):
        store.predict(room.code, tokyo.token, Prediction(chances, final))
    assert room.players["JPN"].said is None


def test_two_players_decide_together(store, pair):
    room, tokyo, seoul = pair
    assert room.position.waiting == ("JPN", "KOR")
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    assert room.position.waiting == ("KOR",)
    with pytest.raises(GameError):
        store.choose(room.code, tokyo, 0, levels("JPN", 3))
    store.choose(room.code, seoul, 0, levels("KOR", 0))
    assert room.position.step == 1
    now = room.position
    assert now.taken[("JPN", "level", None), 0] == 2
    assert now.taken[("KOR", "level", None), 0] == 0


def test_a_player_decides_for_the_own_seat_only(store, pair):
    room, tokyo, _ = pair
    with pytest.raises(GameError):
        store.choose(room.code, tokyo, 0, levels("KOR", 2))
    assert room.game.made("KOR") == ()


def test_every_change_is_counted(store, pair):
    room, tokyo, _ = pair
    before, all_before = store.version_of(room.code), store.version
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    assert store.version_of(room.code) > before
    assert store.version > all_before
    before = store.version_of(room.code)
    with pytest.raises(GameError):
        store.choose(room.code, tokyo, 0, levels("JPN", 2))
    assert store.version_of(room.code) == before
    assert store.version_of("BBBBB") == -1


def test_an_absent_seat_is_left_to_the_model_and_taken_back(store, pair):
    room, tokyo, seoul = pair
    with pytest.raises(RoomError):
        store.hand(room.code, tokyo, "JPN")
    with pytest.raises(RoomError):
        store.hand(room.code, tokyo, "USA")
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    store.hand(room.code, tokyo, "KOR")
    assert room.position.step == 1
    assert room.position.waiting == ("JPN",)
    store.take_back(room.code, seoul)
    assert room.position.waiting == ("JPN", "KOR")
    store.choose(room.code, seoul, 1, levels("KOR", 1))
    assert room.game.made("KOR") == (None, (1, 1))


def test_a_seat_left_to_the_model_can_be_taken_by_another(store, pair):
    room, tokyo, seoul = pair
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    store.hand(room.code, tokyo, "KOR")
    _, other = store.join(room.code, "KOR", "Sora")
    assert room.seat_of(seoul) is None
    assert room.seat_of(other.token) == "KOR"


def test_who_leaves_gives_the_seat_to_the_model(store, pair):
    room, tokyo, seoul = pair
    store.leave(room.code, seoul)
    assert room.game.seats == ("JPN",)
    assert room.free == ["KOR", "USA", "RUS"]
    store.leave(room.code, tokyo)
    assert store.find(room.code) is None


def test_a_game_does_not_run_on_without_players(store, pair):
    room, tokyo, seoul = pair
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    store.hand(room.code, tokyo, "KOR")
    store.leave(room.code, tokyo)
    assert room.game.seats == ("KOR",)
    assert not room.over
    store.choose(room.code, seoul, 1, levels("KOR", 0))


def test_a_player_alone_may_stop(store, pair):
    room, tokyo, seoul = pair
    store.leave(room.code, seoul)
    store.stop(room.code, tokyo)
    assert room.over
    with pytest.raises(GameError):
        store.choose(room.code, tokyo, 0, levels("JPN", 2))


# --- limits -----------------------------------------------------------------------------------


def test_rooms_are_forgotten_when_nobody_plays(store, clock):
    room, tokyo = store.create(CRIMEA, "JPN")
    clock.now += rooms.IDLE - 1
    store.predict(room.code, tokyo.token, SAID)
    clock.now += rooms.IDLE - 1
    assert store.find(room.code) is room
    before = store.version
    clock.now += 2
    assert store.find(room.code) is None
    assert store.version > before
    assert store.version_of(room.code) == -1
    with pytest.raises(RoomError):
        store.seated(room.code, tokyo.token)


def test_there_are_only_so_many_rooms(store, clock, monkeypatch):
    monkeypatch.setattr(rooms, "MAX_ROOMS", 3)
    first, tokyo = store.create(CRIMEA, "JPN")
    store.predict(first.code, tokyo.token, SAID)
    store.choose(first.code, tokyo.token, 0, levels("JPN", 1))
    second, _ = store.create(CRIMEA, "JPN")
    clock.now += 1
    store.create(CRIMEA, "JPN")
    with pytest.raises(RoomError, match="3 games"):
        store.create(CRIMEA, "JPN")
    clock.now += rooms.UNPLAYED
    made, _ = store.create(CRIMEA, "JPN")
    assert store.find(second.code) is None
    assert store.find(first.code) is first
    assert store.find(made.code) is made
    assert len(store.all()) == 3


# --- after the server was started again -------------------------------------------------------


def test_a_game_goes_on_from_its_moves(store, pair):
    room, tokyo, seoul = pair
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    store.choose(room.code, seoul, 0, levels("KOR", 1))
    store.choose(room.code, tokyo, 1, levels("JPN", 3))
    texts = {seat: moves.text_of(room.game, seat) for seat in ("JPN", "KOR")}
    anew = Rooms()
    again, _ = anew.resume(room.code, CRIMEA, "JPN", texts["JPN"], "Aiko")
    assert again.code == room.code
    assert again.begun
    assert again.game == room.game
    assert again.position.waiting == ("KOR",)
    back, player = anew.resume(room.code, CRIMEA, "KOR", texts["KOR"], "Minjun")
    assert back is again
    anew.predict(room.code, player.token, SAID)
    anew.choose(room.code, player.token, 1, levels("KOR", 0))
    assert again.position.step == 2


def test_a_game_goes_on_once_only_for_each_seat(store):
    text = "JPN-11_KOR-00"
    room, _ = store.resume("BCDFG", CRIMEA, "JPN", text)
    assert room.code == "BCDFG"
    with pytest.raises(RoomError, match="taken"):
        store.resume("BCDFG", CRIMEA, "JPN", text)
    with pytest.raises(RoomError):
        store.resume("BCDFG", PageSetting("crimea-2014", 1), "KOR", text)


@pytest.mark.parametrize("code", ["", "AEIOU", "BCDF", "../..", "BCDFGH"])
def test_a_game_with_an_odd_code_gets_a_new_one(store, code):
    room, _ = store.resume(code, CRIMEA, "JPN", "JPN-11")
    assert len(room.code) == room_.CODE_LENGTH
    assert set(room.code) <= set(room_.LETTERS)


def test_moves_that_do_not_fit_open_no_room(store):
    for seat, text in (("JPN", "JPN-99"), ("EU", "JPN-11"), ("KOR", "JPN-11.11")):
        with pytest.raises(GameError):
            store.resume("BCDFG", CRIMEA, seat, text)
    with pytest.raises(SettingError):
        store.resume("BCDFG", PageSetting("nowhere"), "JPN", "JPN-11")
    assert store.all() == []


# --- what the teacher keeps -------------------------------------------------------------------


def test_the_file_has_every_prediction_and_choice(store, pair):
    room, tokyo, seoul = pair
    store.choose(room.code, tokyo, 0, levels("JPN", 2))
    store.choose(room.code, seoul, 0, levels("KOR", 0, 2))
    rows = list(csv.DictReader(io.StringIO(classbook.as_csv(store.all()))))
    assert tuple(rows[0]) == classbook.COLUMNS
    assert {row["room"] for row in rows} == {room.code}
    told = {(row["seat"], row["kind"], row["date"], row["about"]): row["value"] for row in rows}
    assert told == {
        ("JPN", "predicted per cent", "2014-12", "JPN"): "70",
        ("JPN", "predicted level", "2014-12", "JPN"): "3",
        ("JPN", "predicted per cent", "2014-12", "KOR"): "20",
        ("JPN", "predicted level", "2014-12", "KOR"): "0",
        ("JPN", "level", "2014-03", ""): "2",
        ("JPN", "engagement", "2014-03", ""): "1",
        ("KOR", "predicted per cent", "2014-12", "JPN"): "70",
        ("KOR", "predicted level", "2014-12", "JPN"): "3",
        ("KOR", "predicted per cent", "2014-12", "KOR"): "20",
        ("KOR", "predicted level", "2014-12", "KOR"): "0",
        ("KOR", "level", "2014-03", ""): "0",
        ("KOR", "engagement", "2014-03", ""): "2",
    }


def test_a_name_is_no_formula(store):
    room, tokyo = store.create(CRIMEA, "JPN", '=HYPERLINK("x")')
    store.predict(room.code, tokyo.token, SAID)
    rows = list(csv.DictReader(io.StringIO(classbook.as_csv(store.all()))))
    assert {row["name"] for row in rows} == {'\'=HYPERLINK("x")'}


def test_the_class_is_held_against_history(store, few_runs):
    for chances in ((80, 40), (60, 0)):
        room, player = store.create(CRIMEA, "JPN")
        store.predict(room.code, player.token, Prediction(chances, (3, 1)))
    room, player = store.create(PageSetting("seoul-isolated"), "KOR")
    store.predict(room.code, player.token, SAID)
    episode, whatif = classbook.sheets(store.all())
    assert episode.chances == [70.0, 20.0]
    assert episode.levels == [3.0, 1.0]
    assert episode.history == (3, 0)
    assert episode.mean_score == pytest.approx((0.09 + 0.04) / 2)
    assert episode.score(episode.entries[1].said) == pytest.approx(0.08)
    assert whatif.history is None
    assert whatif.mean_score is None
    assert whatif.model_score is None
