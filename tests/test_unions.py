"""Unions: allies that decide on sanctions as one."""

import json

import numpy as np
import pytest

from alignsim import (
    checks,
    decision,
    documents,
    draws,
    ensemble,
    kernel,
    reading,
    situation,
    timeline,
    variant_paths,
    variants,
    weights,
)
from alignsim.agents import Ally
from alignsim.documents import Document, DocumentError
from alignsim.model import AlignmentModel
from alignsim.variants import Base, PointError, Setting
from tests.strategies import (
    changed,
    decided,
    decisions,
    differences,
    flat,
    lasting,
    with_allies,
    with_clubs,
    with_union,
)

NEUTRAL = weights.read("neutral")
CRIMEA = with_clubs(reading.read("crimea-2014"))
FIVE = changed(with_allies(CRIMEA, 5), A002__norms_emphasis=1.0)
ONE, TWO, THREE, FOUR, LAST = FIVE.allies
UNITED = with_union(FIVE, "UNI", (THREE, ONE), associates=(FOUR,))
CLEAR = 1e4
"""A precision at which the best option is taken."""

WISHES = flat(0.0, precision=CLEAR)
WISHES = WISHES._replace(weights=WISHES.weights._replace(values=1.0, market=1.0))
"""Only values pull, by x, and only aims hold back, by x squared."""


def played(scenario, parameters=NEUTRAL, run=0):
    """A model that has run to the end of its scenario."""
    return AlignmentModel(scenario, parameters, run, rng=0).run_all()


def coalition(scenario, leader, levels):
    """Each ally's coalition level, by ally; blocs at 0."""
    line = timeline.build(scenario)
    blocs = [0.0] * len(scenario.blocs)
    chosen = [levels.get(ally, 0) for ally in scenario.allies]
    totals = [situation.circle_total(row, leader, blocs, chosen) for row in line.members.tolist()]
    own = [situation.own_level(chosen, line.union, a) for a in range(len(chosen))]
    rows = zip(line.looks_to.tolist(), own, strict=True)
    found = [situation.coalition_level(row, totals, line.others, level) for row, level in rows]
    return dict(zip(scenario.allies, found, strict=True))


# --- one level ------------------------------------------------------------------------------


def opposed(**settings):
    """The first wishes for level 5 and the second for none, when alone."""
    scenario = changed(lasting(FIVE, 1), world__severity=1.0, world__initial_severity=1.0)
    for ally, norms, aims in ((ONE, 1.0, 0.0), (TWO, 0.0, 0.8)):
        wishes = {"norms_emphasis": norms, "russian_aims": aims, "russia_trade": 0.0}
        scenario = changed(scenario, **{f"{ally}__{name}": v for name, v in wishes.items()})
    return changed(scenario, **settings)


def levels(scenario, parameters=WISHES):
    """Level of each of the first two at the end, which both engines agree on."""
    model = played(scenario, parameters)
    runs = ensemble.free_runs(scenario, parameters, 1, seed=0)
    assert differences(runs, 0) == []
    return [ally.level for ally in model.allies[:2]]


def test_opposite_wishes_meet_at_the_mean():
    """(x - 0.8 x^2) / 2 is greatest at level 3; x and -0.8 x^2 alone at 5 and at 0."""
    assert levels(opposed()) == [5, 0]
    assert levels(with_union(opposed(), "UNI", (ONE, TWO))) == [3, 3]


@pytest.mark.parametrize(
    ("capabilities", "level"),
    # 3/4 x - 1/4 0.8 x^2, 1/4 x - 3/4 0.8 x^2, (x - 0.8 x^2) / 2 twice
    [((0.03, 0.01), 5), ((0.01, 0.03), 1), ((0.02, 0.02), 3), ((0.0, 0.0), 3), ((0.02, 0.0), 5)],
)
def test_by_capability_the_greater_weighs_more(capabilities, level):
    first, second = capabilities
    scenario = opposed(**{f"{ONE}__capability": first, f"{TWO}__capability": second})
    assert levels(with_union(scenario, "UNI", (ONE, TWO), "capability")) == [level, level]


def test_voices_are_those_of_the_first_step_and_sum_to_one():
    scenario = changed(
        FIVE,
        **{
            f"{ONE}__capability": (0.01, {"2014-03": 0.03, "2014-04": 0.9}),
            f"{THREE}__capability": 0.01,
        },
    )
    assert timeline.build(scenario).voices.tolist() == [0.0] * 5
    assert timeline.build(scenario).union.tolist() == [-1] * 5
    line = timeline.build(with_union(scenario, "UNI", (THREE, ONE), "capability"))
    assert line.voices.tolist() == pytest.approx([0.75, 0.0, 0.25, 0.0, 0.0])
    line = timeline.build(with_union(UNITED, "DUO", (TWO, LAST)))
    assert line.voices.tolist() == [0.5, 0.5, 0.5, 0.0, 0.5]
    assert line.union.tolist() == [0, 1, 0, -1, 1]


def test_c1_voices_are_the_same_bits_on_every_python():
    """One after another these stay below 0.32, which the built-in sum gives from 3.12 on."""
    given = {ONE: 0.01, TWO: 0.02, THREE: 0.29}
    whole = given[ONE] + given[TWO] + given[THREE]
    assert whole < 0.32
    scenario = changed(FIVE, **{f"{ally}__capability": own for ally, own in given.items()})
    line = timeline.build(with_union(scenario, "UNI", tuple(given), "capability"))
    assert line.voices.tolist()[:3] == [own / whole for own in given.values()]


def test_identical_members_decide_as_one_of_them_would():
    scenario = lasting(with_clubs(with_allies(CRIMEA, 4)), 1)
    first, other, same, _ = scenario.allies  # in turn of two kinds
    two = scenario.model_copy(update={"allies": (first, other)})
    # the same parties: the union counts once
    united = with_union(
        scenario.model_copy(update={"allies": (first, same, other)}), "UNI", (first, same)
    )
    (made,) = decisions(played(united), "UNI", "level")
    (alone,) = decisions(played(two), first, "level")
    assert made.utilities == pytest.approx(alone.utilities)
    assert made.probabilities == pytest.approx(alone.probabilities)
    for mean, own in zip(made.terms, alone.terms, strict=True):
        assert mean == pytest.approx(own)


def test_the_records_say_who_chose_what():
    model = played(UNITED)
    for step, made in enumerate(decisions(model, "UNI", "level")):
        own = [decisions(model, ally, "level")[step] for ally in (ONE, THREE)]
        assert [one.chosen for one in own] == [made.chosen] * 2
        assert [one.draw for one in own] == [None, None]
        assert made.draw == draws.uniform(*model.draw_key, 0, step, 2 + 5, draws.LEVEL)
        for option in range(decision.LEVELS):
            utilities = [one.utilities[option] for one in own]
            assert made.utilities[option] == pytest.approx(sum(utilities) / 2)
            assert made.terms[option] == pytest.approx(
                {name: sum(one.terms[option][name] for one in own) / 2 for name in own[0].terms[0]}
            )
            assert sum(made.terms[option].values()) == pytest.approx(made.utilities[option])
        assert own[0].utilities != own[1].utilities
    engaged = [decisions(model, ally, "engagement") for ally in (ONE, THREE)]
    assert all(made.draw is not None for one in engaged for made in one)


# --- breaking ranks -------------------------------------------------------------------------


def test_who_breaks_ranks_holds_to_its_level_and_has_no_voice():
    three = with_union(FIVE, "UNI", (ONE, TWO, FOUR))
    broken = decided(three, ONE, "level", {"2014-04": 5})
    model = played(broken)
    assert differences(ensemble.free_runs(broken, NEUTRAL, 10, seed=0), 0) == []
    made = decisions(model, "UNI", "level")[1]
    own = [decisions(model, ally, "level")[1] for ally in (TWO, FOUR)]
    assert decisions(model, ONE, "level")[1].chosen == 5
    assert [one.chosen for one in own] == [made.chosen] * 2
    mean = [sum(pair) / 2 for pair in zip(*(one.utilities for one in own), strict=True)]
    assert made.utilities == pytest.approx(mean)
    # and it comes back
    assert decisions(model, ONE, "level")[2].chosen == decisions(model, "UNI", "level")[2].chosen


def test_where_all_break_ranks_the_union_draws_nothing():
    scenario = UNITED
    for ally, level in ((ONE, 4), (THREE, 1)):
        scenario = decided(scenario, ally, "level", {"2014-05": level})
    model = played(scenario)
    months = [made.date for made in decisions(model, "UNI", "level")]
    assert months == [date for date in scenario.calendar.dates if date != "2014-05"]
    assert [decisions(model, ally, "level")[2].chosen for ally in (ONE, THREE)] == [4, 1]
    assert differences(ensemble.free_runs(scenario, NEUTRAL, 10, seed=0), 0) == []


def test_the_mean_is_over_free_members_by_their_voices():
    assert situation.union_mean([1.0, 5.0], [0.25, 0.75]) == 4.0
    assert situation.union_mean([1.0, 5.0], [0.125, 0.375]) == 4.0
    assert situation.union_mean([1.0, 5.0], [0.0, 0.0]) == 3.0
    assert situation.union_mean([7.0], [0.1]) == pytest.approx(7.0)


# --- stances --------------------------------------------------------------------------------


def test_the_leader_takes_one_stance_toward_a_union():
    scenario = decided(UNITED, "USA", "stance", {"2014-06": "press"}, toward=THREE)
    model = played(scenario)
    assert differences(ensemble.free_runs(scenario, NEUTRAL, 10, seed=0), 0) == []
    for step, made in enumerate(decisions(model, "USA", "stance", "UNI")):
        own = [decisions(model, "USA", "stance", ally)[step] for ally in (ONE, THREE)]
        assert [one.draw for one in own] == [None, None]
        assert made.draw == draws.uniform(*model.draw_key, 0, step, 0, draws.STANCE + 5)
        assert own[0].chosen == made.chosen
        free = own[:1] if made.date == "2014-06" else own
        assert own[1].chosen == (1 if made.date == "2014-06" else made.chosen)
        for option in range(3):
            mean = sum(one.utilities[option] for one in free) / len(free)
            assert made.utilities[option] == pytest.approx(mean)
    toward_others = decisions(model, "USA", "stance", TWO)
    assert all(made.draw is not None for made in toward_others)


def test_a_stance_fixed_toward_all_members_is_not_drawn():
    scenario = UNITED
    for ally in (ONE, THREE):
        scenario = decided(scenario, "USA", "stance", {"2014-03..2014-12": "assure"}, toward=ally)
    assert decisions(played(scenario), "USA", "stance", "UNI") == []
    assert differences(ensemble.free_runs(scenario, NEUTRAL, 5, seed=0), 0) == []


def test_the_target_takes_a_stance_toward_each_member():
    model = played(UNITED)
    assert decisions(model, "RUS", "stance", "UNI") == []
    for ally in (ONE, THREE):
        assert all(made.draw is not None for made in decisions(model, "RUS", "stance", ally))


# --- draws ----------------------------------------------------------------------------------


def test_a_union_leaves_the_draws_of_all_others_as_they_are():
    def drawn(scenario):
        return {
            (made.state, made.decision, made.toward, made.step): made.draw
            for made in played(scenario).decisions
            if made.draw is not None
        }

    with_it, without = drawn(with_union(UNITED, "DUO", (TWO, LAST))), drawn(FIVE)
    shared = with_it.keys() & without.keys()
    assert {key: with_it[key] for key in shared} == {key: without[key] for key in shared}
    gone = {key[:3] for key in without.keys() - shared}
    united = (ONE, TWO, THREE, LAST)
    assert gone == {(ally, "level", None) for ally in united} | {
        ("USA", "stance", ally) for ally in united
    }
    come = {key[:3] for key in with_it.keys() - shared}
    assert come == {
        *((union, "level", None) for union in ("UNI", "DUO")),
        *(("USA", "stance", union) for union in ("UNI", "DUO")),
    }
    assert len(set(with_it.values())) == len(with_it)


# --- circles --------------------------------------------------------------------------------

SEEN = [({}, 0), ({ONE: 5}, 0), ({LAST: 4}, 2), ({ONE: 3, LAST: 1}, 5)]


@pytest.mark.parametrize(("chosen", "leader"), SEEN)
@pytest.mark.parametrize("clubs", [(), (("USA", ONE, LAST),), (("USA", ONE), (LAST, ONE))])
def test_a_union_counts_once_as_a_single_ally_in_its_place_would(clubs, chosen, leader):
    single = with_clubs(FIVE.model_copy(update={"allies": (ONE, LAST)}), *clubs)
    expected = coalition(single, leader, chosen)
    named = [tuple("UNI" if member == ONE else member for member in club) for club in clubs]
    union = with_clubs(FIVE.model_copy(update={"allies": (ONE, TWO, THREE, LAST)}), *named)
    union = with_union(union, "UNI", (ONE, TWO, THREE))
    got = coalition(union, leader, {**chosen, **dict.fromkeys((TWO, THREE), chosen.get(ONE, 0))})
    assert got[LAST] == pytest.approx(expected[LAST], abs=1e-12)
    for member in (ONE, TWO, THREE):  # which see neither themselves nor one another
        assert got[member] == pytest.approx(expected[ONE], abs=1e-12)


def test_a_union_apart_is_seen_at_its_mean():
    scenario = with_union(with_clubs(FIVE, ("UNI", LAST)), "UNI", (ONE, THREE))
    got = coalition(scenario, 0, {ONE: 5, THREE: 2})
    assert got[LAST] == pytest.approx(0.7)
    # its members leave out the union whole, not what they hold to alone
    assert coalition(scenario, 0, {ONE: 5, THREE: 2, LAST: 4})[ONE] == pytest.approx(0.8)
    assert situation.own_level([5, 1, 2], [0, -1, 0], 0) == 3.5
    assert situation.own_level([5, 1, 2], [0, -1, 0], 1) == 1.0


def test_an_associate_looks_to_its_union_as_to_a_club():
    in_no_club = with_union(FIVE, "UNI", (ONE, THREE), associates=(FOUR,))
    assert coalition(in_no_club, 5, {ONE: 2, THREE: 2})[FOUR] == pytest.approx(0.4)
    in_one = with_clubs(in_no_club, ("USA", FOUR))
    assert coalition(in_one, 5, {ONE: 2, THREE: 2})[FOUR] == pytest.approx((1.0 + 0.4) / 2)
    # the union does not look back
    in_one = with_clubs(in_no_club, ("USA", "UNI"))
    for member in (ONE, THREE):
        assert coalition(in_one, 5, {FOUR: 5})[member] == 1.0
        assert coalition(in_one, 0, {FOUR: 5})[member] == pytest.approx(0.0, abs=1e-12)
    before, after = (timeline.build(one) for one in (FIVE, in_no_club))
    assert (after.looks_to[[0, 1, 2, 4], -1] == 1.0).all()
    assert after.members.shape[0] == before.members.shape[0] + 1
    assert after.others.tolist() == pytest.approx([1.0, 5.0])  # USA, EU, three allies, one union


def test_who_leans_on_a_union_follows_it():
    """An associate that minds only the coalition takes the union's level of the step before."""
    parameters = flat(0.0, precision=CLEAR)
    parameters = parameters._replace(
        weights=parameters.weights._replace(coalition=1.0, inertia=0.01)
    )
    scenario = changed(UNITED, **{f"{FOUR}__initial_level": 0.0, f"{FOUR}__eu": 1.0})
    for ally in (ONE, THREE):
        scenario = decided(scenario, ally, "level", {"2014-03..2014-12": 4})
    chosen = [made.chosen for made in decisions(played(scenario, parameters), FOUR, "level")]
    assert chosen[1:] == [4] * 9
    alone = scenario.model_copy(update={"unions": FIVE.unions})
    chosen = [made.chosen for made in decisions(played(alone, parameters), FOUR, "level")]
    assert max(chosen) < 4


# --- both engines ---------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["mean", "capability"])
def test_the_engines_agree_on_a_large_union(rule):
    scenario = with_allies(reading.read("ukraine-2022"), 40)
    united = scenario.allies[5:33]
    circles = [
        tuple(dict.fromkeys("UNI" if member in united else member for member in club.members))
        for club in scenario.clubs.values()
    ]
    start = scenario.states[united[0]]["initial_level"].value
    scenario = changed(scenario, **{f"{one}__initial_level": start for one in united})
    scenario = with_union(with_clubs(scenario, *circles), "UNI", united, rule, scenario.allies[:2])
    scenario = decided(scenario, united[3], "level", {"2022-04..2022-06": 0})
    assert differences(ensemble.free_runs(scenario, NEUTRAL, 2, seed=1), 0) == []


def test_the_kernel_as_plain_python_does_what_it_does_compiled():
    line = timeline.build(UNITED)
    out = kernel.room(2, *line.allies.shape[:2])
    dynamics = situation.per_step(NEUTRAL.dynamics, line.months)
    kernel._simulate(line, NEUTRAL.weights, dynamics, *draws.key(3), 0, out, None, None)
    compiled = kernel.simulate(line, NEUTRAL.weights, NEUTRAL.dynamics, 3, 0, 2)
    for name, plain in out._asdict().items():
        assert plain.tobytes() == getattr(compiled, name).tobytes(), name
    assert (out.level[:, :, 0] == out.level[:, :, 2]).all()
    assert (out.level[:, :, 0] != out.level[:, :, 1]).any()


def test_the_model_collects_what_it_does_without_unions():
    model = played(UNITED)
    assert [union.code for union in model.unions] == ["UNI"]
    assert [ally.code for ally in model.unions[0].members] == [ONE, THREE]
    frame = model.datacollector.get_agenttype_vars_dataframe(Ally)
    by_state = frame.reset_index().pivot(index="Step", columns="state", values="level")
    assert (by_state[ONE] == by_state[THREE]).all()
    assert played(FIVE).unions == []


# --- variants -------------------------------------------------------------------------------


def varied(base, **values):
    settings = [Setting(variant_paths.target(base, path)) for path in values]
    return variants.vary(base, settings, list(values.values()))


def test_variants_keep_unions():
    base = Base.of(with_union(FIVE, "UNI", (ONE, TWO), "capability"), weights.read_set("neutral"))
    variant = varied(base, **{"world.severity": 0.9, f"states.{ONE}.norms_emphasis": 0.9})
    assert variant.scenario.unions == base.scenario.unions
    for name in ("union", "voices", "members", "looks_to"):
        assert getattr(variant.line, name).tolist() == getattr(base.line, name).tolist()
    capability = f"states.{ONE}.capability"
    own = base.scenario.states[TWO]["capability"].value
    variant = varied(base, **{capability: 3.0 * own})
    assert variant.line.voices.tolist() == pytest.approx([0.75, 0.25, 0.0, 0.0, 0.0])
    assert variant.line.voices.tolist() == timeline.build(variant.scenario).voices.tolist()


def test_variants_start_a_union_at_one_level():
    base = Base.of(UNITED, weights.read_set("neutral"))
    first, other = (f"states.{ally}.initial_level" for ally in (THREE, ONE))
    with pytest.raises(PointError) as caught:
        varied(base, **{first: 3.0})
    assert str(caught.value) == (
        f"unions.UNI.members: {THREE} starts at 3 and {ONE} at 0; give one initial_level"
    )
    both = varied(base, **{first: 3.0, other: 3.0})
    assert both.line.initial_levels.tolist() == [3, 0, 3, 0, 0]
    assert varied(base, **{f"states.{TWO}.initial_level": 3.0}).line.initial_levels[1] == 3


def test_a_what_if_keeps_unions(tmp_path):
    base = UNITED.model_copy(update={"name": "base"})
    (tmp_path / "base.yaml").write_text(json.dumps(without_none(stated(base))))
    (tmp_path / "mine.yaml").write_text(
        "{name: mine, kind: whatif, extends: base, title: Mine, why: A test.,"
        " set: {world.severity: {value: 0.5, source: me}}}"
    )
    mine = reading.read(tmp_path / "mine.yaml")
    assert mine.unions == UNITED.unions
    assert mine.world["severity"].value == 0.5
    both = reading.with_settings(
        tmp_path / "mine.yaml", [], [(f"states.{TWO}.norms_emphasis", "0.5")]
    )
    assert both.unions == UNITED.unions
    with pytest.raises(DocumentError, match="starts at 0 and A000 at 2; give one initial_level"):
        reading.with_settings(tmp_path / "base.yaml", [], [(f"states.{ONE}.initial_level", "2")])


# --- files ----------------------------------------------------------------------------------


def stated(scenario):
    return scenario.model_dump(mode="json", by_alias=True)


def without_none(data):
    """As a file has it: what is not given is left out."""
    if isinstance(data, dict):
        return {key: without_none(value) for key, value in data.items() if value is not None}
    return [without_none(value) for value in data] if isinstance(data, list) else data


def test_a_scenario_with_unions_is_read_as_it_was_written():
    scenario = with_union(with_clubs(UNITED, ("USA", "UNI")), "DUO", (TWO, LAST), "capability")
    assert checks.episode(Document("a.yaml", stated(scenario))) == scenario
    plain = {
        "UNI": {"name": "Union", "members": [ONE, THREE], "source": "design"},
    }
    read = checks.episode(
        Document("a.yaml", {**stated(FIVE), "unions": plain, "labels": {"UNI": "U"}})
    )
    assert (read.unions["UNI"].rule, read.unions["UNI"].associates) == ("mean", ())
    assert read.label("UNI") == "U"
    with pytest.raises(TypeError):
        read.unions.clear()


def test_without_unions_the_digest_is_what_it_was():
    data = stated(FIVE)
    assert not data.pop("unions")
    assert not data.pop("history")
    assert documents.digest(data) == FIVE.digest
    assert UNITED.digest != FIVE.digest


MEMBERS = ("unions", "UNI", "members")
FAULTS = {
    "unknown key": (("unions", "UNI", "seats"), 3, "unknown key; allowed: name, members, rule,"),
    "rule": (("unions", "UNI", "rule"), "veto", "should be 'mean' or 'capability'"),
    "union of one": (MEMBERS, [ONE], "should have at least 2 items, not 1"),
    "member twice": ((*MEMBERS, 1), THREE, f"{THREE} stands twice"),
    "leader": ((*MEMBERS, 0), "USA", "unknown state USA; allowed: A000, A001, A002, A003, A004"),
    "bloc": ((*MEMBERS, 1), "EU", "unknown state EU; allowed: A000, A001, A002, A003, A004"),
    "in two unions": (("unions", "DUO", "members", 1), ONE, f"{ONE} decides with UNI"),
    "stranger asked": (
        ("unions", "UNI", "associates", 0),
        "FRA",
        "unknown state FRA; allowed: A000, A001, A002, A003, A004",
    ),
    "asked twice": (("unions", "UNI", "associates"), [FOUR, FOUR], f"{FOUR} stands twice"),
    "member asked": (("unions", "UNI", "associates", 0), ONE, f"{ONE} decides with UNI"),
    "member of another asked": (("unions", "UNI", "associates", 0), TWO, f"{TWO} decides with DUO"),
    "starts apart": (
        ("states", ONE, "initial_level", "value"),
        1,
        f"{THREE} starts at 0 and {ONE} at 1; give one initial_level",
    ),
    "member in a club": (("clubs", "C00", "members", 0), ONE, f"{ONE} decides with UNI; name UNI"),
    "union twice in a club": (("clubs", "C00", "members", 0), "UNI", "UNI stands twice"),
    "stranger in a club": (
        ("clubs", "C00", "members", 0),
        "FRA",
        "unknown state FRA; allowed: USA, A000, A001, A002, A003, A004, EU, UNI, DUO",
    ),
    "label": (
        ("labels", "FRA"),
        "France",
        "unknown state FRA; allowed: USA, RUS, A000, A001, A002, A003, A004, EU, UNI, DUO",
    ),
}
ELSEWHERE = {
    "starts apart": "unions.UNI.members",
    "asked twice": "unions.UNI.associates.1",
    "union twice in a club": "clubs.C00.members.1",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_one_line(name):
    path, value, message = FAULTS[name]
    whole = with_union(with_clubs(UNITED, ("USA", "UNI")), "DUO", (TWO, LAST))
    data = stated(whole)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if name == "starts apart":
        place["range"] = [value, value]
    with pytest.raises(DocumentError) as caught:
        checks.episode(Document("a.yaml", data))
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    where = ELSEWHERE.get(name, ".".join(map(str, path)))
    assert f" {where}: {message}" in text


@pytest.mark.parametrize("code", ["USA", "RUS", "A001", "EU"])
def test_a_union_has_a_code_of_its_own(code):
    data = stated(with_union(FIVE, code, (ONE, THREE)))
    with pytest.raises(DocumentError, match=f" unions.{code}: a union cannot also be a state or a"):
        checks.episode(Document("a.yaml", data))


@pytest.mark.slow
def test_every_run_of_an_ensemble_keeps_a_union_together():
    level = ensemble.free_runs(UNITED, NEUTRAL, 200, seed=0).outcome.level
    assert np.array_equal(level[:, :, 0], level[:, :, 2])
    assert set(np.unique(level[:, :, 0])) >= set(range(5))
