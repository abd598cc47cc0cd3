"""Games: the model plays on with the same luck, in its order, and every choice is checked."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import reading
from alignsim import weights as weight_sets
from alignsim.app import debrief, forecasting, moves
from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.game import Game, GameError
from alignsim.app.setting import SettingError
from alignsim.model import AlignmentModel
from alignsim.variants import Base
from tests.strategies import examples, lasting, with_allies

EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
SEATS = ("JPN", "KOR", "USA", "RUS")
TINY = 1e-12


@pytest.fixture
def few_runs(monkeypatch):
    """Forecasts of a few runs: without the compiler each takes milliseconds."""
    monkeypatch.setattr(forecasting, "RUNS", 20)
    caches = (forecasting.forecast, debrief.courses)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def free_run(start, seed=0):
    """The model alone."""
    return AlignmentModel(settings.starts()[start], "calibrated", rng=seed).run_all()


def taken(decisions):
    return [(made.step, made.state, made.decision, made.toward, made.chosen) for made in decisions]


def chosen_by(model, seat, step):
    """What a run decided for a seat in a step, by decision."""
    return {
        (made.state, made.decision, made.toward): made.chosen
        for made in model.decisions
        if made.state == seat and made.step == step
    }


def played(game, choose):
    """Play a game to its end: ``choose`` gives the options of a seat at a position."""
    while not (now := games.position(game)).over:
        for seat in now.waiting:
            game = games.choose(game, seat, now.step, choose(now, seat))
    return game


def drawn_choice(chance):
    """Any options that are allowed."""
    return lambda now, seat: {
        offer.key: chance.randrange(len(offer.options)) for offer in now.offers(seat)
    }


# --- with the same luck -----------------------------------------------------------------------


@pytest.mark.parametrize("start", [*EPISODES, "shared-red-lines", "timid-leader"])
def test_a_game_without_players_is_the_free_run(start):
    now = games.position(Game(start, 5))
    assert now.over
    assert taken(now.past) == taken(free_run(start, 5).decisions)


@pytest.mark.parametrize("start", [*EPISODES, "shared-red-lines"])
@pytest.mark.parametrize("seats", [("KOR",), ("USA",), ("RUS",), SEATS])
def test_choices_that_are_the_models_own_change_nothing(start, seats):
    model = free_run(start, 11)
    game = played(Game(start, 11, seats), lambda now, seat: chosen_by(model, seat, now.step))
    assert taken(games.position(game).past) == taken(model.decisions)


def test_others_keep_their_luck():
    model = free_run("crimea-2014")

    def choose(now, seat):
        return {**chosen_by(model, seat, now.step), ("KOR", "engagement", None): 0}

    game = played(Game("crimea-2014", 0, ("KOR",)), choose)
    for mine, free in zip(games.replay(game).run_all().decisions, model.decisions, strict=True):
        assert (mine.state, mine.step) == (free.state, free.step)
        if mine.draw is not None:
            assert mine.draw == free.draw


def test_the_same_seed_and_choices_are_the_same_game():
    one, other = (
        played(Game("ukraine-2022", 3, ("JPN", "USA")), drawn_choice(random.Random(8)))
        for _ in range(2)
    )
    assert one == other
    assert games.position(one).past == games.position(other).past


# --- the order of a step ----------------------------------------------------------------------


def test_leader_then_target_then_allies_together():
    game = Game("crimea-2014", 0, SEATS)
    order = []
    while (now := games.position(game)).step < 2:
        order.append((now.step, now.waiting))
        seat = now.waiting[0]
        game = games.choose(game, seat, now.step, drawn_choice(random.Random(1))(now, seat))
    one_step = [("USA",), ("RUS",), ("JPN", "KOR"), ("KOR",)]
    assert order == [(step, waiting) for step in range(2) for waiting in one_step]


def test_what_is_visible_follows_the_order():
    game = Game("crimea-2014", 0, SEATS)
    seen = []
    for seat in ("USA", "RUS", "JPN", "KOR"):
        now = games.position(game)
        seen.append({made.state for made in now.visible})
        assert all(made.step == 0 for made in now.visible)
        assert not now.past
        game = games.choose(game, seat, 0, drawn_choice(random.Random(2))(now, seat))
    assert seen == [set(), {"USA"}, {"USA", "RUS"}, {"USA", "RUS"}]
    now = games.position(game)
    assert {made.state for made in now.past} == set(SEATS)
    assert not now.visible


def test_an_ally_is_shown_what_the_leader_has_just_chosen():
    game = Game("crimea-2014", 0, ("USA", "JPN"))
    now = games.position(game)
    assert now.waiting == ("USA",)
    options = {("USA", "level", None): 4, ("USA", "stance", "JPN"): 1, ("USA", "stance", "KOR"): 0}
    now = games.position(games.choose(game, "USA", 0, options))
    assert now.waiting == ("JPN",)
    assert {key: now.taken[key, 0] for key in options} == options
    assert (("KOR", "level", None), 0) not in now.taken


def test_options_before_the_first_step_are_those_of_the_scenario():
    now = games.position(Game("ukraine-2022", 0, SEATS))
    assert [offer.before for offer in now.offers("JPN")] == [3, 2]
    assert [offer.before for offer in now.offers("USA")] == [3, None, None]


# --- choices are checked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seat", "step", "options", "words"),
    [
        ("KOR", 0, {("KOR", "level", None): 6, ("KOR", "engagement", None): 0}, "options"),
        ("KOR", 0, {("KOR", "level", None): -1, ("KOR", "engagement", None): 0}, "options"),
        ("KOR", 0, {("KOR", "level", None): True, ("KOR", "engagement", None): 0}, "options"),
        ("KOR", 0, {("KOR", "level", None): 1, ("KOR", "engagement", None): 3}, "options"),
        ("KOR", 0, {("KOR", "level", None): 1}, "engagement"),
        ("KOR", 1, {("KOR", "level", None): 1, ("KOR", "engagement", None): 1}, "turn"),
        ("JPN", 0, {("JPN", "level", None): 1, ("JPN", "engagement", None): 1}, "turn"),
        ("EU", 0, {}, "turn"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused_in_a_sentence(seat, step, options, words):
    with pytest.raises(GameError, match=words) as fault:
        games.choose(Game("crimea-2014", 0, ("KOR",)), seat, step, options)
    assert "\n" not in str(fault.value)


def test_the_leader_does_not_go_beyond_its_ceiling():
    game = Game("timid-leader", 0, ("USA",))
    level, *stances = games.position(game).offers("USA")
    assert level.options == ("0", "1", "2")
    options = {offer.key: 0 for offer in stances}
    with pytest.raises(GameError, match="highest level is 2"):
        games.choose(game, "USA", 0, {**options, level.key: 3})
    assert games.choose(game, "USA", 0, {**options, level.key: 2}).made("USA") == ((2, 0, 0),)


def test_what_the_scenario_settles_is_not_chosen():
    game = Game("shared-red-lines", 0, ("USA",))
    level, *stances = games.position(game).offers("USA")
    assert level.settled is None
    assert [offer.settled for offer in stances] == [2, 2]
    game = games.choose(game, "USA", 0, {level.key: 4, stances[0].key: 0})
    assert game.made("USA") == ((4, 2, 2),)


def test_there_is_no_seat_for_others():
    with pytest.raises(GameError):
        games.fresh(settings.PageSetting(), "EU")


# --- seats change hands -----------------------------------------------------------------------


def test_a_seat_left_to_the_model_and_taken_back():
    chance = random.Random(4)
    game = Game("crimea-2014", 2, ("JPN", "KOR"))
    for seat in ("JPN", "KOR", "JPN"):
        now = games.position(game)
        game = games.choose(game, seat, now.step, drawn_choice(chance)(now, seat))
    assert games.position(game).waiting == ("KOR",)
    game = games.hand(game, "KOR")
    assert games.position(game).waiting == ("JPN",)
    assert games.position(game).step == 2
    back = games.take(game, "KOR")
    assert back.made("KOR")[1:] == (None,)
    assert games.position(back).waiting == ("JPN", "KOR")
    assert games.position(back).past == games.position(game).past


def test_a_seat_is_taken_from_its_next_choice():
    game = Game("crimea-2014", 0, ("JPN",))
    assert games.take(game, "USA").made("USA") == (None,)
    assert games.take(game, "KOR").made("KOR") == ()
    for joined in ("USA", "KOR", "RUS"):
        assert "JPN" in games.position(games.take(game, joined)).waiting


# --- any number of allies ---------------------------------------------------------------------


def test_nothing_is_written_for_two_allies(monkeypatch):
    scenario = lasting(with_allies(reading.read("crimea-2014"), 5), 3)
    made = Base.of(scenario, weight_sets.read_set("calibrated"))
    monkeypatch.setattr(settings, "base", lambda start: made)
    monkeypatch.setattr(settings, "checked", lambda setting: setting)
    allies = scenario.allies
    game = Game("five-allies", 1, (*allies[:3], "USA"))
    assert games.position(game).waiting == ("USA",)
    assert len(games.position(game).offers("USA")) == 6
    game = played(game, drawn_choice(random.Random(6)))
    free = AlignmentModel(scenario, "calibrated", rng=1).run_all()
    assert len(games.position(game).past) == len(free.decisions)
    held = [seat for seat in games.seats(scenario) if seat in game.seats]
    again = moves.from_text("five-allies", 1, moves.text_of(game), held)
    assert games.position(again).past == games.position(game).past


# --- the text of the moves --------------------------------------------------------------------


@examples(25)
@given(
    st.sampled_from([*EPISODES, "shared-red-lines", "timid-leader"]),
    st.integers(0, 2**64 - 1),
    st.sets(st.sampled_from(SEATS), min_size=1),
    st.integers(0, 40),
    st.integers(0, 999),
)
def test_moves_survive_their_text(start, seed, seats, count, number):
    chance = random.Random(number)
    game = Game(start, seed, tuple(seat for seat in SEATS if seat in seats))
    for _ in range(count):
        now = games.position(game)
        if now.over:
            break
        seat = chance.choice(now.waiting)
        game = games.choose(game, seat, now.step, drawn_choice(chance)(now, seat))
    for viewer in game.seats:
        again = moves.from_text(start, seed, moves.text_of(game, viewer), [viewer])
        assert again.seats == game.seats
        assert again.made(viewer) == game.made(viewer)
        assert games.position(again).past == games.position(game).past
        assert games.position(again).visible == games.position(game).visible


def test_the_text_for_one_ally_does_not_tell_the_others_choice_of_this_step():
    game = Game("crimea-2014", 0, ("JPN", "KOR"))
    options = {("JPN", "level", None): 4, ("JPN", "engagement", None): 1}
    game = games.choose(game, "JPN", 0, options)
    assert moves.text_of(game, "JPN") == "JPN-41_KOR-"
    assert moves.text_of(game, "KOR") == "JPN-_KOR-"


def test_a_seat_of_the_model_stays_one():
    game = games.hand(Game("crimea-2014", 0, ("JPN", "KOR")), "KOR")
    options = {("JPN", "level", None): 1, ("JPN", "engagement", None): 1}
    game = games.choose(game, "JPN", 0, options)
    text = moves.text_of(games.take(game, "KOR"), "JPN")
    assert text == "JPN-11_KOR-m"
    assert moves.from_text("crimea-2014", 0, text).seats == ("JPN",)
    assert moves.from_text("crimea-2014", 0, text, ["KOR"]).seats == ("JPN", "KOR")


FAULTY = [
    "JPN",
    "JPN-1",
    "JPN-111",
    "JPN-60",
    "JPN-13",
    "JPN-11.",
    "JPN-.11",
    "JPN-11..11",
    "JPN-11_JPN-11",
    "EU-1",
    "jpn-11",
    "JPN-１１",
    "JPN-11 ",
    "JPN-11_KOR-00.00.00",
    "JPN-11.11_USA-",
    "JPN-" + ".".join(["11"] * 11),
    "JPN-" + "1" * moves.MAX_TEXT,
    "../../etc/passwd",
    "__import__('os')",
]


@pytest.mark.parametrize("text", FAULTY)
def test_moves_that_do_not_fit_are_refused(text):
    with pytest.raises(GameError) as fault:
        moves.from_text("crimea-2014", 0, text)
    assert len(str(fault.value)) < 120


def test_a_leader_may_be_ahead_of_the_allies_by_its_move_only():
    assert moves.from_text("crimea-2014", 0, "JPN-_USA-200")
    with pytest.raises(GameError):
        moves.from_text("crimea-2014", 0, "JPN-_USA-200.200")


@examples(200)
@given(st.text(max_size=60))
def test_any_text_gives_a_game_or_a_sentence(text):
    made: Game | str
    try:
        made = moves.from_text("crimea-2014", 0, text)
    except GameError as fault:
        made = str(fault)
    assert made


def test_moves_of_an_unknown_start_are_refused():
    with pytest.raises(SettingError):
        moves.from_text("nowhere", 0, "JPN-11")
    with pytest.raises(SettingError):
        moves.from_text("crimea-2014", -1, "JPN-11")


# --- what it cost -----------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "seat"), list(itertools.product(EPISODES, SEATS)))
def test_costs_are_the_distance_to_the_best_option_term_by_term(start, seat):
    game = played(Game(start, 7, (seat,)), drawn_choice(random.Random(3)))
    found = debrief.costs(game, seat)
    steps = game.scenario.calendar.steps
    assert len(found) == steps * len(games.keys(game.scenario, seat))
    decisions = {
        (made.state, made.decision, made.toward, made.step): made
        for made in games.position(game).past
    }
    for cost in found:
        made = decisions[(*cost.key, cost.step)]
        assert cost.cost >= 0.0
        assert cost.cost == max(made.utilities) - made.utilities[cost.chosen]
        assert abs(sum(size for _, size in cost.terms) - cost.cost) < TINY
        sizes = [abs(size) for _, size in cost.terms]
        assert sizes == sorted(sizes, reverse=True)
        if cost.chosen == cost.best:
            assert cost.cost == 0.0
            assert all(size == 0.0 for size in sizes)


def test_the_best_option_costs_nothing():
    def best(now, seat):
        model = games.replay(games.hand(now.game, seat))
        while model.step_index < now.step:
            model.step()
        return {
            (made.state, made.decision, made.toward): made.utilities.index(max(made.utilities))
            for made in model.decisions
            if made.state == seat and made.step == now.step
        }

    game = played(Game("crimea-2014", 0, ("RUS",)), best)
    assert [cost.cost for cost in debrief.costs(game, "RUS")] == [0.0] * 20


def test_only_own_choices_cost():
    game = Game("shared-red-lines", 0, ("USA",))
    game = played(game, drawn_choice(random.Random(1)))
    found = debrief.costs(game, "USA")
    settled = [cost for cost in found if cost.key[1] == "stance" and cost.step < 5]
    assert not settled
    assert debrief.costs(game, "JPN") == ()


# --- beside history and the model -------------------------------------------------------------


def test_courses_stand_beside_one_another(few_runs):
    game = played(Game("crimea-2014", 0, ("KOR",)), drawn_choice(random.Random(5)))
    found = debrief.courses(game, ("KOR", "level", None))
    assert found.played == tuple(move[0] for move in game.made("KOR"))
    assert found.documented == (0,) * 10
    model = free_run("crimea-2014")
    alone = [chosen_by(model, "KOR", step)["KOR", "level", None] for step in range(10)]
    assert list(found.alone) == alone
    assert [mass for mass, _, _ in found.bands] == [0.9, 0.5]
    steps = debrief.apart(found.played, found.documented)
    assert steps == [step for step, level in enumerate(found.played) if level]
    assert debrief.compared(found.played, found.documented) == 10


def test_a_game_that_stopped_is_compared_as_far_as_it_went(few_runs):
    game = Game("crimea-2014", 0, ("KOR",))
    options = {("KOR", "level", None): 3, ("KOR", "engagement", None): 2}
    game = games.choose(game, "KOR", 0, options)
    found = debrief.courses(game, ("KOR", "level", None))
    assert found.played == (3, *[None] * 9)
    assert debrief.apart(found.played, found.documented) == [0]
    assert debrief.compared(found.played, found.documented) == 1


def test_predictions_are_scored_against_history(few_runs):
    said = Prediction((70, 20), (3, 0))
    japan, korea = debrief.verdicts(Game("crimea-2014"), said)
    assert (japan.joined, japan.documented) == (True, 3)
    assert (korea.joined, korea.documented) == (False, 0)
    assert japan.score == pytest.approx(0.09)
    assert korea.score == pytest.approx(0.04)
    joined = forecasting.forecast(settings.PageSetting("crimea-2014")).joined("JPN")
    assert japan.model == joined
    assert japan.model_score == pytest.approx((1.0 - joined) ** 2)


def test_a_whatif_has_no_history_to_score_against(few_runs):
    game = Game("seoul-isolated")
    assert not debrief.has_history(game)
    for verdict in debrief.verdicts(game, Prediction((70, 20), (3, 0))):
        assert verdict.joined is None
        assert verdict.documented is None
        assert verdict.score is None
        assert verdict.model_score is None
    found = debrief.courses(game, ("JPN", "level", None))
    assert found.documented == (None,) * 10
    assert found.ranges == ()
