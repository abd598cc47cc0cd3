"""The Mesa model: what a step does, in which order, and what it leaves on record."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import decision, draws, reading, weights
from alignsim.agents import Ally
from alignsim.documents import DocumentError
from alignsim.model import AlignmentModel
from tests.strategies import (
    EPISODES,
    changed,
    decided,
    decisions,
    examples,
    flat,
    lasting,
    parameter_sets,
    scenarios,
    with_allies,
    with_clubs,
)

CRIMEA = reading.read("crimea-2014")
COERCE, NEUTRAL, COURT = range(3)
NONE, PRESS, ASSURE = range(3)


def played(scenario, parameters="neutral", run=0, rng=0):
    """A model that has run to the end of its scenario."""
    return AlignmentModel(scenario, parameters, run, rng).run_all()


def taken(model):
    """Everything that was decided, in order."""
    return [
        (made.step, made.state, made.decision, made.toward, made.chosen) for made in model.decisions
    ]


def term(model, name, state, what, option, step, toward=None):
    """A recorded term of one option of one decision."""
    return decisions(model, state, what, toward)[step].terms[option][name]


# --- every agent decides every step -----------------------------------------------------------


@pytest.mark.parametrize("name", EPISODES)
def test_every_agent_decides_every_step(name):
    model = played(name)
    scenario = model.played
    one_step = [
        ("USA", "level", None),
        *[("USA", "stance", ally) for ally in scenario.allies],
        *[("RUS", "stance", ally) for ally in scenario.allies],
        *[(ally, what, None) for ally in scenario.allies for what in ("level", "engagement")],
    ]
    assert [made[:4] for made in taken(model)] == [
        (step, *who) for step in range(scenario.calendar.steps) for who in one_step
    ]
    assert [made.date for made in decisions(model, "USA", "level")] == scenario.calendar.dates


PRECISIONS = {
    ("USA", "level"): "precision_leader_level",
    ("USA", "stance"): "precision_leader_stance",
    ("RUS", "stance"): "precision_target_stance",
}


@examples(20, shrink=False)
@given(scenarios(most_allies=3, most_steps=4), parameter_sets(), st.integers(0, 99))
def test_a_record_says_all_there_is_to_say_of_a_decision(scenario, parameters, run):
    model = played(scenario, parameters, run, rng=7)
    codes = ["USA", "RUS", *scenario.allies]
    numbers = {"level": draws.LEVEL, "engagement": draws.ENGAGEMENT, "stance": draws.STANCE}
    for made in model.decisions:
        assert len(made.options) == len(made.terms) == len(made.utilities)
        for weighed, utility in zip(made.terms, made.utilities, strict=True):
            assert decision.total(tuple(weighed.values())) == utility
        kind = PRECISIONS.get((made.state, made.decision), f"precision_{made.decision}")
        precision = getattr(parameters.weights, kind)
        assert list(made.probabilities) == decision.probabilities(made.utilities, precision)
        assert sum(made.probabilities) == pytest.approx(1.0)
        if made.draw is not None:
            room = [0.0] * len(made.utilities)
            assert made.chosen == decision.choose(made.utilities, precision, made.draw, room)
            column = scenario.allies.index(made.toward) if made.toward else 0
            number = numbers[made.decision] + column
            agent = codes.index(made.state)
            assert made.draw == draws.uniform(*draws.key(7), run, made.step, agent, number)


@pytest.mark.parametrize("name", EPISODES)
def test_no_two_decisions_share_a_draw(name):
    drawn = [made.draw for made in played(name).decisions]
    assert None not in drawn
    assert len(set(drawn)) == len(drawn)


# --- fixed decisions and the ceiling ----------------------------------------------------------


def test_fixed_decisions_are_obeyed_and_the_rest_is_chosen():
    scenario = decided(CRIMEA, "JPN", "level", {"2014-03..2014-05": 5})
    scenario = decided(scenario, "JPN", "engagement", {"2014-04": 0})
    scenario = decided(scenario, "USA", "level", {"2014-12": 1})
    scenario = decided(scenario, "USA", "stance", {"2014-03..2014-12": "assure"}, toward="KOR")
    scenario = decided(scenario, "RUS", "stance", {"2014-03": "coerce"}, toward="JPN")
    for run in range(5):
        model = played(scenario, run=run)
        assert [made.chosen for made in decisions(model, "JPN", "level")][:3] == [5, 5, 5]
        assert decisions(model, "JPN", "engagement")[1].chosen == 0
        assert decisions(model, "USA", "level")[-1].chosen == 1
        assert {made.chosen for made in decisions(model, "USA", "stance", "KOR")} == {ASSURE}
        assert decisions(model, "RUS", "stance", "JPN")[0].chosen == COERCE
        undrawn = [made for made in model.decisions if made.draw is None]
        assert len(undrawn) == 3 + 1 + 1 + 10 + 1
        assert all(len(made.probabilities) == len(made.options) for made in undrawn)


@given(scenario=scenarios(most_allies=3, most_steps=6), run=st.integers(0, 99))
@examples(20, shrink=False)
def test_what_is_fixed_is_exactly_what_is_not_drawn(scenario, run):
    model = played(scenario, run=run)
    line = model.timeline
    for made in model.decisions:
        column = (
            scenario.allies.index(made.toward or made.state)
            if made.state != "USA" or made.toward
            else 0
        )
        table = {
            ("USA", "level"): line.fixed_leader_level[:, None],
            ("USA", "stance"): line.fixed_leader_stance,
            ("RUS", "stance"): line.fixed_target_stance,
        }.get(
            (made.state, made.decision),
            line.fixed_level if made.decision == "level" else line.fixed_engagement,
        )
        fixed = table[made.step, column]
        assert (made.draw is None) == (fixed >= 0)
        assert fixed in (-1, made.chosen)


def test_the_leader_does_not_go_beyond_its_ceiling():
    scenario = changed(CRIMEA, USA__ceiling=(2.0, {"2014-06": 4.0}))
    levels = []
    for run in range(30):
        made = decisions(played(scenario, flat(), run), "USA", "level")
        assert [len(record.options) for record in made] == [3] * 3 + [5] * 7
        levels.append([record.chosen for record in made])
    assert np.max(levels, axis=0)[:3].max() == 2
    assert np.max(levels, axis=0)[3:].max() == 4


def test_a_fixed_level_may_exceed_the_ceiling():
    scenario = decided(changed(CRIMEA, USA__ceiling=2.0), "USA", "level", {"2014-04": 4})
    made = decisions(played(scenario), "USA", "level")
    assert made[1].chosen == 4
    assert [len(record.options) for record in made[:3]] == [3, 5, 3]


# --- what happens within a step ---------------------------------------------------------------


def test_allies_perceive_the_event_with_a_lag_and_the_leader_at_once():
    scenario = changed(
        lasting(CRIMEA, 3),
        world__severity=(0.8, {"2014-04": 0.4}),
        world__initial_severity=0.2,
        JPN__norms_emphasis=1.0,
        USA__norms_emphasis=1.0,
    )
    model = played(scenario, flat(persistence=0.5))
    # (0.2 + 0.8) / 2, then (0.5 + 0.4) / 2, then (0.45 + 0.4) / 2
    perceived = [term(model, "values", "JPN", "level", 5, step) for step in range(3)]
    assert perceived == pytest.approx([0.5, 0.45, 0.425])
    frame = model.datacollector.get_agenttype_vars_dataframe(Ally)
    recorded = frame[frame["state"] == "JPN"]["perceived_severity"]
    assert recorded.tolist() == pytest.approx([0.5, 0.45, 0.425])
    felt = [term(model, "values", "USA", "level", 5, step) for step in range(3)]
    assert felt == pytest.approx([0.8, 0.4, 0.4])


def still(scenario=CRIMEA, **levels):
    """The scenario with every decision fixed, by name, month by month from March 2014."""
    months = scenario.calendar.ends
    fixed = {
        ("USA", "level", None): [3],
        ("JPN", "level", None): [2],
        ("KOR", "level", None): [0],
        ("JPN", "engagement", None): [1],
        ("KOR", "engagement", None): [2],
        ("USA", "stance", "JPN"): ["none"],
        ("USA", "stance", "KOR"): ["none"],
        ("RUS", "stance", "JPN"): ["neutral"],
        ("RUS", "stance", "KOR"): ["neutral"],
    }
    for name, course in levels.items():
        state, what, *toward = name.split("_")
        key = (state, what, toward[0] if toward else None)
        assert key in fixed
        fixed[key] = course
    for (state, what, toward), course in fixed.items():
        by_month = itertools.zip_longest(months, course, fillvalue=course[-1])
        scenario = decided(scenario, state, what, dict(by_month), toward)
    return scenario


def test_the_leader_is_seen_at_once_and_the_others_a_step_later():
    scenario = still(
        changed(with_clubs(CRIMEA, ("JPN", "KOR")), JPN__initial_level=1.0),
        USA_level=[1, 3, 3],
        JPN_level=[2, 4, 4],
    )
    model = played(scenario, flat())
    line = model.timeline
    dependence, membership = line.allies[:, 1, 0], line.allies[:, 1, 1]
    leader = [term(model, "abandonment", "KOR", "level", 0, step) for step in range(3)]
    assert leader == pytest.approx([-dependence[i] * x for i, x in enumerate((0.2, 0.6, 0.6))])
    club = [term(model, "coalition", "KOR", "level", 0, step) for step in range(3)]
    # Japan's level before: 1, then 2, then 4
    assert club == pytest.approx([-membership[i] * x for i, x in enumerate((0.2, 0.4, 0.8))])


def test_allies_see_the_leader_of_their_club_at_once_and_its_bloc_a_step_later():
    scenario = still(
        changed(with_clubs(CRIMEA, ("KOR", "USA", "EU")), EU__level=(0.0, {"2014-04": 5.0})),
        USA_level=[1, 4, 4],
    )
    model = played(scenario, flat())
    membership = model.timeline.allies[:, 1, 1]
    club = [term(model, "coalition", "KOR", "level", 0, step) for step in range(3)]
    # (leader now + EU before) / 2: (0.2 + 0) / 2, (0.8 + 0) / 2, (0.8 + 1) / 2
    assert club == pytest.approx([-membership[i] * x for i, x in enumerate((0.1, 0.4, 0.9))])


def test_engagement_follows_the_level_just_chosen():
    model = played(still(JPN_level=[1, 4, 5]), flat())
    coherence = [term(model, "coherence", "JPN", "engagement", 2, step) for step in range(3)]
    assert coherence == pytest.approx([-0.2, -0.8, -1.0])


def test_the_leaders_stance_answers_its_new_level_and_the_allys_old_one():
    scenario = still(
        changed(CRIMEA, KOR__initial_level=1.0), USA_level=[4, 2, 5], KOR_level=[3, 3, 3]
    )
    model = played(scenario, flat())
    row = {step: model.timeline.leader[step] for step in range(3)}
    gaps = (0.6, 0.0, 0.4)  # 4 - 1, 2 - 3 (none), 5 - 3
    for step, gap in enumerate(gaps):
        stakes, severity = row[step][1], model.timeline.world[step, 0]
        expected = stakes * severity * model.timeline.allies[step, 1, 0] * gap
        got = term(model, "coalition_gain", "USA", "stance", PRESS, step, "KOR")
        assert got == pytest.approx(expected)


def test_the_stances_of_a_step_work_on_the_allies_of_that_step():
    scenario = changed(CRIMEA, USA__assured_supply=0.5, JPN__russian_aims=0.4)
    scenario = still(
        scenario,
        USA_stance_JPN=["none", "press", "assure"],
        RUS_stance_JPN=["neutral", "court", "coerce"],
    )
    model = played(scenario, flat())
    # Japan is alike at all three steps but for the stances
    abandonment = [term(model, "abandonment", "JPN", "level", 0, step) for step in range(3)]
    assert abandonment == pytest.approx([abandonment[0], 2.0 * abandonment[0], abandonment[0]])
    supply = [term(model, "supply_at_risk", "JPN", "level", 5, step) for step in range(3)]
    assert supply == pytest.approx([supply[0], supply[0], supply[0] / 2.0])
    market = [term(model, "market_courted", "JPN", "engagement", 2, step) for step in range(3)]
    assert market == pytest.approx([market[0], 1.5 * market[0], 0.5 * market[0]])


def test_the_target_feels_the_leader_at_once_and_the_others_a_step_later():
    scenario = changed(
        CRIMEA,
        USA__russia_trade_share=0.1,
        EU__russia_trade_share=0.4,
        JPN__russia_trade_share=0.05,
        KOR__russia_trade_share=0.02,
        world__china_russia_alignment=0.5,
        EU__level=(0.0, {"2014-03": 2.0}),
    )
    scenario = still(scenario, USA_level=[5, 3], JPN_level=[4, 4], KOR_level=[5, 5])
    model = played(scenario, flat())
    # before: EU 0 and allies 0, then EU 0.4, Japan 0.8, Korea 1
    felt = (0.1 * 1.0, 0.1 * 0.6 + 0.4 * 0.4 + 0.05 * 0.8 + 0.02 * 1.0)
    for step, pressure in enumerate(felt):
        got = term(model, "outlets", "RUS", "stance", COURT, step, "JPN")
        assert got == pytest.approx(0.5 * 0.5 * (1.0 + pressure))  # o = 0.05 / 0.1
    # on record stands what the step ended with
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame["pressure"][0] == pytest.approx(0.1 + 0.4 * 0.4 + 0.05 * 0.8 + 0.02)
    assert frame["pressure"][1] == pytest.approx(felt[1])


# --- shocks open the status quo -----------------------------------------------------------

SHOCK = changed(CRIMEA, world__severity=(0.2, {"2014-04": 0.8}), world__initial_severity=0.2)
ATTENTIVE = flat(attention=2.0, persistence=0.5)
INERT = flat(persistence=0.5)
OPEN = {("USA", "level"): 4, ("JPN", "level"): 4, ("KOR", "engagement"): 0}
"""Decisions that are fixed elsewhere, and the option that is looked at."""


def inertia(model, state, what):
    """Inertia of the option looked at, by step, over what it is when nothing has happened."""
    made = decisions(model, state, what)
    before = [record.chosen for record in made]
    option, top = OPEN[state, what], len(made[0].options) - 1
    firm = [-abs(option - b) / top for b in before[:3]]
    return [term(model, "inertia", state, what, option, i + 1) / firm[i] for i in range(3)]


def test_a_shock_opens_the_status_quo_at_once_for_the_leader_and_late_for_an_ally():
    model = played(still(SHOCK), ATTENTIVE)
    # The leader sees 0.2, 0.8, 0.8: a rise of 0.6 once.
    assert inertia(model, "USA", "level") == pytest.approx([math.exp(-1.2), 1.0, 1.0])
    # Allies see 0.2, 0.5, 0.65, 0.725: rises of 0.3, 0.15, 0.075.
    late = [math.exp(-0.6), math.exp(-0.3), math.exp(-0.15)]
    assert inertia(model, "JPN", "level") == pytest.approx(late)
    assert inertia(model, "KOR", "engagement") == pytest.approx(late)


def test_a_shock_at_the_start_is_one_since_the_state_before():
    scenario = changed(CRIMEA, world__severity=0.5, world__initial_severity=0.1)
    model = played(still(scenario), ATTENTIVE)
    # 0.4 at once, and half of it for an ally; all levels are 0 a step before the start
    assert term(model, "inertia", "USA", "level", 5, 0) == pytest.approx(-math.exp(-0.8))
    assert term(model, "inertia", "JPN", "level", 5, 0) == pytest.approx(-math.exp(-0.4))


def test_who_is_shocked_is_likelier_to_move():
    attentive, inert = played(still(SHOCK), ATTENTIVE), played(still(SHOCK), INERT)
    for state, what in OPEN:
        pairs = zip(decisions(attentive, state, what), decisions(inert, state, what), strict=True)
        stay = [
            (one.probabilities[one.chosen], other.probabilities[one.chosen]) for one, other in pairs
        ]
        assert stay[1][0] < stay[1][1]
        moved = [one < other for one, other in stay[2:]]
        assert moved[0] == (state != "USA")  # allies are still taking it in


def test_an_attentive_leader_answers_a_shock_sooner():
    scenario = changed(lasting(CRIMEA, 2), world__severity=(0.0, {"2014-04": 1.0}))
    first, inertia_ = [], flat(3.0, precision=8.0)
    for attention in (0.0, 10.0):
        parameters = inertia_._replace(dynamics=inertia_.dynamics._replace(attention=attention))
        levels = [
            decisions(played(scenario, parameters, run), "USA", "level")[1].chosen
            for run in range(40)
        ]
        first.append(np.mean(levels))
    assert first[1] > first[0] + 1.0


CALM = (
    changed(CRIMEA, world__severity=0.5, world__initial_severity=0.5),
    changed(CRIMEA, world__severity=(0.5, {"2014-05": 0.1}), world__initial_severity=0.9),
)


@pytest.mark.parametrize("scenario", CALM, ids=["steady", "calming"])
def test_without_a_rise_attention_changes_nothing(scenario):
    one, other = played(scenario, ATTENTIVE, rng=4), played(scenario, INERT, rng=4)
    assert one.decisions == other.decisions
    assert played(SHOCK, ATTENTIVE, rng=4).decisions != played(SHOCK, INERT, rng=4).decisions


INATTENTIVE = {
    "crimea-2014": ("1333222222", "0222222222", "0000000001", "2221111111", "2222222222"),
    "rapprochement-2016": (
        "343322222222",
        "333332212211",
        "000000000000",
        "111111112222",
        "222222222222",
    ),
    "ukraine-2022": ("455544445", "355555545", "133444344", "100000000", "111100000"),
}
"""Levels of USA, JPN and KOR and engagement of JPN and KOR in run 3 of seed 11 under neutral
weights, as they were before there was attention."""


@pytest.mark.parametrize("name", EPISODES)
def test_without_attention_the_model_is_what_it_was(name):
    neutral = weights.read("neutral")
    inattentive = neutral._replace(dynamics=neutral.dynamics._replace(attention=0.0))
    model = played(name, inattentive, run=3, rng=11)
    whose = [("USA", "level"), ("JPN", "level"), ("KOR", "level")]
    whose += [("JPN", "engagement"), ("KOR", "engagement")]
    courses = ["".join(str(made.chosen) for made in decisions(model, *who)) for who in whose]
    assert tuple(courses) == INATTENTIVE[name]
    for who in whose:
        for made in decisions(model, *who):
            top = 2.0 if who[1] == "engagement" else 5.0
            costs = [weighed["inertia"] for weighed in made.terms]
            # |x - x_before| in full: neighbours differ by one option, whatever has happened
            assert np.abs(np.diff(costs)) == pytest.approx(np.full(len(costs) - 1, 1.0 / top))


# --- record -------------------------------------------------------------------------------


def test_misalignment_is_the_spread_of_leader_and_allies():
    model = played(still(USA_level=[3, 5], JPN_level=[2, 5], KOR_level=[0, 5]), flat())
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame["misalignment"].tolist()[:2] == pytest.approx([np.std([0.6, 0.4, 0.0]), 0.0])


def test_allies_decide_together_in_whatever_order_they_stand():
    scenario = still(JPN_level=[1, 4, 2], KOR_level=[2, 0, 5], USA_level=[2, 3, 5])
    turned = scenario.model_copy(update={"allies": ("KOR", "JPN")})
    one, other = played(scenario, flat()), played(turned, flat())
    for state, what in itertools.product(("JPN", "KOR"), ("level", "engagement")):
        for here, there in zip(
            decisions(one, state, what), decisions(other, state, what), strict=True
        ):
            assert here.utilities == pytest.approx(there.utilities)


# --- feedback ---------------------------------------------------------------------------------

FEEDBACKS = flat(energy_drift=0.12, alignment_rise=0.12, threat_rise=1.2)
"""Monthly: 0.01, 0.01 and 0.1."""


def test_engagement_raises_energy_dependence_from_the_next_step():
    model = played(still(KOR_engagement=[2, 2, 0], JPN_engagement=[1, 1, 1]), FEEDBACKS)
    frozen = [term(model, "supply_lost", "KOR", "engagement", 0, step) for step in range(4)]
    # 1.01 a step while expanded, 0.99 once frozen
    scales = (1.0, 1.01, 1.01**2, 1.01**2 * 0.99)
    assert frozen == pytest.approx([frozen[0] * scale for scale in scales])
    maintained = {term(model, "supply_lost", "JPN", "engagement", 0, step) for step in range(4)}
    assert len(maintained) == 1


def test_coercion_raises_the_targets_threat_to_the_ally_it_coerces():
    scenario = changed(
        CRIMEA, world__severity=0.5, world__initial_severity=0.5, world__china_russia_alignment=0.0
    )
    scenario = still(scenario, RUS_stance_JPN=["coerce", "coerce", "neutral"])
    model = played(
        scenario, FEEDBACKS._replace(dynamics=FEEDBACKS.dynamics._replace(alignment_rise=0.0))
    )
    theta = model.timeline.allies[0, 0, 8]
    # 0, then 0.1, then 0.1 + 0.1 (1 - 0.1) = 0.19, which stays
    expected = [theta + (1.0 - theta) * added for added in (0.0, 0.1, 0.19, 0.19)]
    got = [term(model, "precedent", "JPN", "level", 5, step) for step in range(4)]
    assert got == pytest.approx([0.5 * threat for threat in expected])
    unmoved = {term(model, "precedent", "KOR", "level", 5, step) for step in range(4)}
    assert len(unmoved) == 1


def test_pressure_drives_the_target_toward_china():
    scenario = changed(
        CRIMEA,
        USA__russia_trade_share=0.1,
        EU__russia_trade_share=0.4,
        JPN__russia_trade_share=0.05,
        KOR__russia_trade_share=0.05,
        EU__level=3.0,
        world__china_russia_alignment=0.3,
    )
    model = played(still(scenario, USA_level=[5], JPN_level=[5], KOR_level=[0]), FEEDBACKS)
    # P = 0.1 + 0.4 x 0.6 + 0.05 = 0.39; added 0.0039, then 0.0039 + 0.0039 (1 - 0.0039)
    added = (0.0, 0.0039, 0.0039 * (2.0 - 0.0039))
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame["pressure"].tolist() == pytest.approx([0.39] * 10)
    expected = [0.3 + 0.7 * more for more in added]
    assert frame["alignment"].tolist()[:3] == pytest.approx(expected)
    theta = model.timeline.allies[0, 0, 7]
    balancing = [term(model, "balancing", "JPN", "level", 5, step) for step in range(3)]
    assert balancing == pytest.approx([-(1.0 - c) * theta for c in expected])


def test_without_dynamics_nothing_moves_by_itself():
    scenario = changed(CRIMEA, world__severity=0.5, world__initial_severity=0.5, EU__level=2.0)
    scenario = still(scenario, RUS_stance_JPN=["coerce"], KOR_engagement=[2])
    model = played(scenario, flat())
    for state in ("JPN", "KOR"):
        utilities = {made.utilities for made in decisions(model, state, "level")[2:]}
        assert len(utilities) == 1


# --- course and end -----------------------------------------------------------------------


@pytest.mark.parametrize("name", EPISODES)
def test_a_scenario_ends_after_its_last_step(name):
    model = AlignmentModel(name, "neutral", rng=0)
    steps = model.played.calendar.steps
    for step in range(steps):
        assert model.running
        model.step()
        assert model.step_index == step
    assert not model.running
    before = list(model.decisions)
    with pytest.raises(RuntimeError, match=f"ended after step {steps - 1}"):
        model.step()
    assert model.decisions == before


def test_a_scenario_of_one_month_is_one_step():
    model = played(lasting(CRIMEA, 1))
    assert {made.step for made in model.decisions} == {0}


# --- runs and seeds ---------------------------------------------------------------------------


def test_the_same_seed_and_run_decide_the_same():
    assert played(CRIMEA, run=3, rng=5).decisions == played(CRIMEA, run=3, rng=5).decisions


@pytest.mark.parametrize(("run", "rng"), [(4, 5), (3, 6), (3, 2**32 + 5), (3, 0)])
def test_another_run_or_seed_decides_otherwise(run, rng):
    assert taken(played(CRIMEA, run=3, rng=5)) != taken(played(CRIMEA, run=run, rng=rng))


@pytest.mark.parametrize("rng", [0, 2**64 - 1, np.int64(9)])
def test_any_seed_of_64_bits_will_do(rng):
    model = played(lasting(CRIMEA, 1), rng=rng)
    assert model.draw_seed == int(rng)
    assert model.decisions[0].draw == draws.uniform(*draws.key(int(rng)), 0, 0, 0, draws.LEVEL)


def test_numpy_runs_count_like_plain_ones():
    runs = np.arange(3)
    assert taken(played(CRIMEA, run=runs[2])) == taken(played(CRIMEA, run=2))


def test_without_a_seed_one_is_drawn():
    models = [played(lasting(CRIMEA, 1), rng=None) for _ in range(2)]
    assert models[0].draw_seed != models[1].draw_seed
    again = played(lasting(CRIMEA, 1), rng=models[0].draw_seed)
    assert again.decisions == models[0].decisions


@pytest.mark.parametrize("rng", [-1, 2**64])
def test_seeds_out_of_range_are_refused(rng):
    with pytest.raises(ValueError, match="seed"):
        AlignmentModel(CRIMEA, "neutral", rng=rng)


@pytest.mark.parametrize("run", [-1, 2**32])
def test_runs_out_of_range_are_refused(run):
    with pytest.raises(ValueError, match="run"):
        AlignmentModel(CRIMEA, "neutral", run=run, rng=0)


def test_unknown_scenarios_and_weights_are_refused():
    with pytest.raises(DocumentError):
        AlignmentModel("nowhere-1914", "neutral")
    with pytest.raises(DocumentError):
        AlignmentModel(CRIMEA, "no-such-weights")


def test_scenario_and_weights_go_by_name_or_as_they_are():
    named = played("crimea-2014", "neutral")
    assert taken(named) == taken(played(CRIMEA, weights.read("neutral")))


# --- any number of allies -----------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 5, 40])
def test_any_number_of_allies(count):
    scenario = with_allies(lasting(CRIMEA, 3), count)
    for code in scenario.allies:
        scenario = decided(scenario, "USA", "stance", {"2014-03": "none"}, code)
    model = played(scenario)
    assert len(model.decisions) == 3 * (1 + 4 * count)
    assert len(model.agents) == 2 + count
    assert len(model.leader.stances) == len(model.target.stances) == count
    # nothing is written for two: those in the same place weigh the first step alike
    firsts = [decisions(model, code, "level")[0] for code in scenario.allies]
    for kind in (firsts[::2], firsts[1::2]):
        for made in kind:
            assert made.utilities == pytest.approx(kind[0].utilities)
    assert len({made.draw for made in firsts}) == count


def test_with_more_allies_the_first_keep_their_draws():
    few, many = played(with_allies(CRIMEA, 2)), played(with_allies(CRIMEA, 5))
    for state, what in itertools.product(("A000", "A001"), ("level", "engagement")):
        drawn = [[made.draw for made in decisions(model, state, what)] for model in (few, many)]
        assert drawn[0] == drawn[1]
