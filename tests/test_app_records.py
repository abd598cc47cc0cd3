"""Rooms over a lesson: who has moved, what stays on record, how a game ends, who gives way."""

import csv
import io
import itertools

import pytest

from alignsim.app import classbook, debrief, forecasting, moves, play_debrief, play_steps, rooms
from alignsim.app.debrief import Prediction
from alignsim.app.game import GameError
from alignsim.app.play_screens import screen_of
from alignsim.app.room import RoomError
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t

CRIMEA = PageSetting("crimea-2014", 0)
SEATS = ("JPN", "KOR", "USA", "RUS")
SAID, LATER = Prediction((70, 20), (3, 0)), Prediction((100, 0), (3, 0))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Few runs, and no ranking of inputs: without the compiler either takes long."""
    monkeypatch.setattr(forecasting, "RUNS", 20)
    monkeypatch.setattr(forecasting, "levers", lambda start, state: ())
    for cache in (forecasting.forecast, debrief.courses):
        cache.cache_clear()
    yield
    for cache in (forecasting.forecast, debrief.courses):
        cache.cache_clear()


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return Rooms(clock)


def gathered(store, seats, begin=True):
    """A shared game whose players have predicted: room, tokens by seat."""
    room, player = store.create(CRIMEA, seats[0], "Aiko", shared=True, browser="b0")
    tokens = {seats[0]: player.token}
    for number, seat in enumerate(seats[1:], 1):
        tokens[seat] = store.join(room.code, seat, f"P{number}", f"b{number}")[1].token
    for token in tokens.values():
        store.predict(room.code, token, SAID)
    if begin:
        store.begin(room.code, tokens[seats[-1]])
    return room, tokens


def decide(store, room, tokens):
    """Everyone for whom the game waits decides as before."""
    step = room.position.step
    while not room.over and room.position.step == step:
        seat = room.position.waiting[0]
        options = {offer.key: offer.before or 0 for offer in room.position.offers(seat)}
        store.choose(room.code, tokens[seat], step, options)


def rows(store):
    return list(csv.DictReader(io.StringIO(classbook.as_csv(store.kept()))))


# --- A1: nobody's step is taken before the game has begun ---------------------------------------


@pytest.mark.parametrize("seats", list(itertools.permutations(SEATS)), ids="-".join)
def test_a1_whoever_joins_before_it_begins_has_the_first_step(store, seats):
    room, tokens = gathered(store, seats)
    assert not any(made for _, made in room.game.moves)
    for waited in (("USA",), ("RUS",), ("JPN", "KOR")):
        assert room.position.step == 0
        assert room.position.waiting == waited
        for seat in waited:
            assert screen_of(room, seat).kind == "decide"
            options = {offer.key: 1 for offer in room.position.offers(seat)}
            store.choose(room.code, tokens[seat], 0, options)
    assert room.position.step == 1
    assert all(room.game.made(seat)[0] is not None for seat in SEATS)


def test_a1_who_leaves_and_comes_back_before_it_begins_has_the_first_step(store):
    room, tokens = gathered(store, ("JPN", "USA", "RUS"), begin=False)
    store.leave(room.code, tokens["USA"])
    store.leave(room.code, tokens["JPN"])
    _, player = store.join(room.code, "USA")
    store.predict(room.code, player.token, SAID)
    store.begin(room.code, player.token)
    assert room.position.waiting == ("USA",)
    assert room.position.step == 0


def test_a1_nothing_is_handed_over_before_it_begins(store):
    room, tokens = gathered(store, ("JPN", "USA"), begin=False)
    with pytest.raises(RoomError):
        store.hand(room.code, tokens["JPN"], "USA")
    with pytest.raises(RoomError):
        store.take_back(room.code, tokens["USA"])
    with pytest.raises(RoomError):
        store.stop(room.code, tokens["USA"])


def test_a1_a_game_that_had_not_begun_gathers_again_after_a_restart(store):
    room, _ = gathered(store, ("JPN", "KOR"), begin=False)
    text = moves.text_of(room.game, "JPN")
    anew = Rooms()
    again, tokyo = anew.resume(room.code, CRIMEA, "JPN", text, begun=False)
    assert not again.begun
    _, usa = anew.join(room.code, "USA")
    for player in (tokyo, usa):
        anew.predict(room.code, player.token, SAID)
    anew.begin(room.code, tokyo.token)
    assert again.position.waiting == ("USA",)


def test_a1_moves_say_that_a_game_has_begun(store):
    again, _ = Rooms().resume("BCDFG", CRIMEA, "JPN", "JPN-11", begun=False)
    assert again.begun


def test_a1_who_joins_after_the_model_moved_is_told_so(store):
    room, tokens = gathered(store, ("JPN",))
    _, player = store.join(room.code, "USA")
    store.predict(room.code, player.token, SAID)
    text = str(play_steps.waiting(room, "USA", "now"))
    assert t("play.step.wait_joined") in text
    assert t("play.step.wait_own") not in text
    decide(store, room, tokens)
    assert screen_of(room, "USA").kind == "decide"


def test_a1_nobody_who_was_left_out_lets_the_model_play_to_the_end(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    options = {offer.key: 1 for offer in room.position.offers("KOR")}
    store.choose(room.code, tokens["KOR"], 0, options)
    store.hand(room.code, tokens["KOR"], "JPN")
    with pytest.raises(RoomError):
        store.hand(room.code, tokens["JPN"], "KOR")
    assert not room.over


# --- A3: the record of who leaves ---------------------------------------------------------------


def test_a3_the_record_of_who_leaves_is_kept(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    before = rows(store)
    store.leave(room.code, tokens["JPN"])
    assert rows(store) == before
    assert len(classbook.sheets(store.kept())[0].entries) == 2
    store.leave(room.code, tokens["KOR"])
    assert store.find(room.code) is None
    assert rows(store) == before
    assert len(classbook.sheets(store.kept())[0].entries) == 2


def test_a3_whoever_takes_the_seat_does_not_take_the_record(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    store.leave(room.code, tokens["JPN"])
    _, other = store.join(room.code, "JPN", "Sora", "b9")
    store.predict(room.code, other.token, LATER)
    decide(store, room, tokens | {"JPN": other.token})
    told = [row for row in rows(store) if row["seat"] == "JPN"]
    assert [row["name"] for row in told if row["kind"] == "level"] == ["Aiko", "Sora"]
    said = {(row["name"], row["about"]): row["value"] for row in told if "cent" in row["kind"]}
    assert said[("Aiko", "JPN")] == "70"
    assert said[("Sora", "JPN")] == "100"


def test_a3_whoever_is_displaced_keeps_the_record(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    options = {offer.key: 1 for offer in room.position.offers("JPN")}
    store.choose(room.code, tokens["JPN"], 0, options)
    store.hand(room.code, tokens["JPN"], "KOR")
    store.join(room.code, "KOR", "Sora", "b9")
    assert {entry.name for entry in classbook.sheets(store.kept())[0].entries} == {"Aiko", "P1"}


def test_a3_who_comes_back_has_one_record(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    before = rows(store)
    text = moves.text_of(room.game, "JPN")
    store.leave(room.code, tokens["JPN"])
    _, player = store.resume(room.code, CRIMEA, "JPN", text, "Aiko", browser="b0")
    assert player.said == SAID
    assert rows(store) == before
    store.leave(room.code, player.token)
    store.leave(room.code, tokens["KOR"])
    again, player = store.resume(room.code, CRIMEA, "JPN", text, "Aiko", browser="b0")
    assert player.said == SAID
    assert rows(store) == before
    assert store.kept() == [again]


def test_a3_a_record_outlives_an_idle_room(store, clock):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    before = rows(store)
    clock.now += rooms.IDLE + 1
    assert store.all() == []
    assert rows(store) == before


def test_a3_rooms_without_a_word_leave_no_record_and_records_are_bounded(store, monkeypatch):
    monkeypatch.setattr(rooms, "MAX_RECORDS", 2)
    room, player = store.create(CRIMEA, "JPN")
    store.leave(room.code, player.token)
    assert store.kept() == []
    for _ in range(3):
        room, tokens = gathered(store, ("JPN",))
        store.leave(room.code, tokens["JPN"])
    assert len(store.kept()) == 2


def test_a3_who_leaves_after_the_end_changes_nothing_for_others(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    store.end(room.code)
    game = room.game
    store.leave(room.code, tokens["JPN"])
    assert room.game == game
    assert screen_of(room, "KOR").kind == "debrief"


# --- A4: a game that ends early -----------------------------------------------------------------


def test_a4_a_game_ends_when_all_who_decide_want_it(store):
    room, tokens = gathered(store, ("JPN", "KOR", "USA"))
    decide(store, room, tokens)
    store.stop(room.code, tokens["JPN"])
    store.stop(room.code, tokens["KOR"])
    store.stop(room.code, tokens["JPN"], wanted=False)
    store.stop(room.code, tokens["USA"])
    assert not room.over
    assert t("play.room.wish", seats="Seoul and Washington") in str(
        play_steps.room_bar(room, "JPN")
    )
    assert 'id="go_on"' in str(play_steps.room_bar(room, "KOR"))
    store.stop(room.code, tokens["JPN"])
    assert room.over
    assert {screen_of(room, seat).kind for seat in tokens} == {"debrief"}
    with pytest.raises(GameError):
        store.choose(room.code, tokens["USA"], 1, {})


def test_a4_who_is_away_is_not_waited_for(store):
    room, tokens = gathered(store, ("JPN", "KOR", "USA"))
    decide(store, room, tokens)
    store.stop(room.code, tokens["JPN"])
    store.leave(room.code, tokens["USA"])
    assert not room.over
    options = {offer.key: 1 for offer in room.position.offers("JPN")}
    store.choose(room.code, tokens["JPN"], 1, options)
    store.hand(room.code, tokens["JPN"], "KOR")
    assert room.over
    assert screen_of(room, "KOR").kind == "debrief"


@pytest.mark.parametrize(("begin", "steps"), [(False, 0), (True, 0), (True, 3)])
def test_a4_the_teacher_ends_a_game_with_the_debrief_so_far(store, begin, steps):
    room, tokens = gathered(store, SEATS, begin)
    for _ in range(steps):
        decide(store, room, tokens)
    if begin:
        options = {offer.key: 1 for offer in room.position.offers("USA")}
        store.choose(room.code, tokens["USA"], steps, options)
    store.end(room.code)
    for seat in SEATS:
        assert screen_of(room, seat).kind == "debrief"
        text = str(play_debrief.debriefing(room, seat, "now"))
        assert t("play.debrief.stopped", steps=steps, all=10) in text


def test_a4_a_game_that_was_ended_takes_no_new_players(store):
    room, _ = gathered(store, ("JPN",))
    store.end(room.code)
    with pytest.raises(RoomError):
        store.join(room.code, "KOR")


def test_a4_ending_a_finished_game_changes_nothing(store):
    room, tokens = gathered(store, ("JPN",))
    while not room.over:
        decide(store, room, tokens)
    store.end(room.code)
    assert not room.stopped


# --- A8: places ---------------------------------------------------------------------------------


def test_a8_games_that_have_ended_give_place_and_stay_on_record(store, clock, monkeypatch):
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    first, _ = gathered(store, ("JPN",))
    clock.now += 1
    second, _ = gathered(store, ("KOR",))
    with pytest.raises(RoomError, match="2 games"):
        store.create(CRIMEA, "JPN")
    store.end(second.code)
    assert store.find(second.code) is second
    third, _ = store.create(CRIMEA, "JPN")
    assert store.find(second.code) is None
    assert [one.code for one in store.all()] == [first.code, third.code]
    assert second in store.kept()


def test_a8_games_that_were_abandoned_give_place(store, clock, monkeypatch):
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    first, tokens = gathered(store, ("JPN",))
    decide(store, first, tokens)
    clock.now += rooms.ABANDONED - 1
    second, tokens = gathered(store, ("JPN",))
    decide(store, second, tokens)
    with pytest.raises(RoomError):
        store.create(CRIMEA, "JPN")
    clock.now += 2
    store.create(CRIMEA, "JPN")
    assert store.find(first.code) is None
    assert store.find(second.code) is second


def test_a8_a_room_that_the_teacher_closed_stays_closed(store):
    room, tokens = gathered(store, ("JPN", "KOR"))
    decide(store, room, tokens)
    before, text = rows(store), moves.text_of(room.game, "JPN")
    store.shut(room.code)
    assert store.find(room.code) is None
    assert store.is_shut(room.code.lower())
    assert screen_of(None, None, "JPN", shut=True).kind == "shut"
    assert rows(store) == before
    with pytest.raises(RoomError, match="Your teacher closed"):
        store.resume(room.code, CRIMEA, "JPN", text)
    with pytest.raises(RoomError):
        store.shut(room.code)


# --- A14: a student counts once -----------------------------------------------------------------


def predicted(store, clock, said, name="", browser="", start=CRIMEA):
    clock.now += 1
    room, player = store.create(start, "JPN", name, browser=browser)
    store.predict(room.code, player.token, said)
    return room


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        (("Aiko", "b1"), ("Aiko", "b1"), 1),
        (("Aiko", "b1"), ("aiko", "b1"), 1),
        (("", "b1"), ("", "b1"), 1),
        (("Aiko", "b1"), ("", "b1"), 1),
        (("Aiko", ""), ("Aiko", ""), 1),
        (("Aiko", "b1"), ("Aiko", ""), 1),
        (("Aiko", "b1"), ("Minjun", "b1"), 2),
        (("Aiko", "b1"), ("Aiko", "b2"), 2),
        (("", "b1"), ("", "b2"), 2),
        (("", ""), ("", ""), 2),
    ],
)
def test_a14_a_game_played_twice_counts_once(store, clock, first, second, counted):
    predicted(store, clock, SAID, *first)
    predicted(store, clock, LATER, *second)
    (sheet,) = classbook.sheets(store.kept())
    assert len(sheet.entries) == 2
    assert sheet.chances == ([70.0, 20.0] if counted == 1 else [85.0, 10.0])
    assert sheet.mean_score == pytest.approx(0.065 if counted == 1 else (0.15**2 + 0.01) / 2)
    marked = [row["again"] for row in rows(store) if row["kind"] == "predicted level"]
    assert marked == ["", "", *(["yes"] * 2 if counted == 1 else ["", ""])]


def test_a14_another_case_counts_too_and_the_first_prediction_counts(store, clock):
    last, token = store.create(CRIMEA, "JPN", "Aiko", browser="b1")
    predicted(store, clock, SAID, "Aiko", "b1")
    predicted(store, clock, LATER, "Aiko", "b1", PageSetting("ukraine-2022"))
    store.predict(last.code, token.token, LATER)
    crimea, ukraine = classbook.sheets(store.kept())
    assert crimea.chances == [70.0, 20.0]
    assert ukraine.chances == [100.0, 0.0]
