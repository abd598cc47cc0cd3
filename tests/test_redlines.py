"""Red lines: the search on plain functions, thresholds by hand, and what is told of them."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import (
    ensemble,
    indices,
    plots,
    plots_redlines,
    reading,
    redline_tables,
    redlines,
    weights,
)
from alignsim.redlines import Goal
from alignsim.scenario import Calendar, Table
from alignsim.variants import Base
from alignsim.weights import PARTS
from tests.strategies import examples

CRIMEA = reading.read("crimea-2014")
CALIBRATED = weights.read_set("calibrated")


def cut(scenario, steps):
    """The scenario's first steps; a calendar made anew remembers nothing of the longer one."""
    whole = scenario.calendar
    calendar = Calendar(start=whole.start, step=whole.step, steps=steps)
    return scenario.model_copy(update={"calendar": calendar})


SHORT = cut(CRIMEA, 2)
"""March and April 2014, with one event: severity 0.45."""

VALUES, PRECISION = 3.0, 1000.0


def only(numbers):
    """The calibrated set with these numbers, 1 for precisions and 0 for the rest."""
    parts = {}
    for part in PARTS:
        stated = getattr(CALIBRATED, part)
        parts[part] = {
            name: number.model_copy(
                update={"value": numbers.get(f"{part}.{name}", 1.0 if part == "precision" else 0.0)}
            )
            for name, number in stated.items()
        }
    return CALIBRATED.model_copy(update=parts)


# Two terms of an ally's level x are left, VALUES n s x and -(k + d) x^2, and the choice is all but
# sure. Level 2 beats level 1 where VALUES n s > 0.6 (k + d), and level 1 beats level 0 where it is
# more than 0.2 (k + d); n is 0.2, s 0.45, d 0.6.
SIMPLE = only(
    {
        "groups.norms": 1.0,
        "groups.commerce": 1.0,
        "terms.values": VALUES,
        "terms.market": 1.0,
        "precision.level": PRECISION,
    }
)
TRADE = indices.trade_exposure(0.0159)


def simple(to="joined", paths=None, draws=0, **options):
    numbers = {"runs": 20, "draw_runs": 5, **options}
    return redlines.find(SHORT, SIMPLE, "KOR", to, draws=draws, paths=paths, **numbers)


def line(result, path):
    return next(one for one in result.lines if one.path == path)


@pytest.fixture(scope="module")
def told():
    """Lines of every kind: with and without a threshold, a unit or an effect."""
    paths = [
        "world.severity",
        "world.severity@2014-03",
        "world.middle_east_turmoil",
        "states.KOR.norms_emphasis",
        "states.KOR.initial_level",
        "states.KOR.russia_trade",
        "states.JPN.russia_trade_share",
        "decisions.USA.level",
        "decisions.JPN.level",
    ]
    return simple(paths=paths, draws=2, runs=10, draw_runs=3)


@pytest.fixture(scope="module")
def followed():
    """An ally that minds only lagging behind, and moving; the leader stays at level 0."""
    following = only(
        {
            "groups.alliance_dependence": 1.0,
            "groups.inertia": 1.0,
            "groups.leadership": 1.0,
            "terms.abandonment": 1.0,
            "terms.inertia": 0.1,
            "terms.escalation": 1.0,
            "precision.level": PRECISION,
            "precision.leader_level": PRECISION,
        }
    )
    paths = [
        "states.KOR.initial_level",
        "decisions.USA.level",
        "decisions.USA.stance.KOR",
        "decisions.JPN.level",
    ]
    scenario = cut(reading.read("shared-red-lines"), 2)
    return redlines.find(scenario, following, "KOR", "3", 10, draws=2, draw_runs=5, paths=paths)


@pytest.fixture(scope="module")
def close():
    """Trade with Russia matters, and not enough: without any, level 2 is worth 0.018 less than 1.

    Level 1 has the greater odds, by exp(60 * 0.018); as things are they are exp(60 * 0.056).
    """
    precision = SIMPLE.precision["level"].model_copy(update={"value": 60.0})
    mild = SIMPLE.model_copy(update={"precision": {**SIMPLE.precision, "level": precision}})
    path = "states.KOR.russia_trade"
    return redlines.find(SHORT, mild, "KOR", "joined", 80, draws=1, draw_runs=5, paths=[path])


# --- the search ---------------------------------------------------------------------------------


def test_steps_go_out_to_the_bound():
    steps = redlines.steps_to(-8.0, 1.0)
    assert len(steps) == redlines.GRID
    assert steps[0] == -1.0
    assert steps[-1] == -8.0
    ratios = [after / before for before, after in itertools.pairwise(steps)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))


@pytest.mark.parametrize(
    ("bound", "first", "whole", "steps"),
    [
        (0.0, 0.1, False, []),
        (0.05, 0.1, False, [0.05]),
        (-0.1, 0.1, False, [-0.1]),
        (1.0, 0.015, True, [1.0]),
        (-5.0, 0.1, True, [-1.0, -2.0, -3.0, -4.0, -5.0]),
        (0.0, 1.0, True, []),
    ],
)
def test_steps_by_hand(bound, first, whole, steps):
    assert redlines.steps_to(bound, first, whole) == steps


@given(
    st.floats(1e-6, 1.0),
    st.floats(1e-3, 1e4),
    st.floats(1e-3, 1.0),
    st.sampled_from([-1.0, 1.0]),
)
@examples(200)
def test_a_monotone_threshold_is_found(place, size, first, sign):
    threshold = place * size
    found = redlines.nearest(lambda one: sign * one >= threshold, sign * size, first * size)
    assert found is not None
    assert threshold <= sign * found <= threshold + size / 2**redlines.HALVINGS


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([-1.0, 1.0]))
@examples(200)
def test_a_whole_threshold_is_found_exactly(threshold, beyond, sign):
    found = redlines.nearest(
        lambda one: sign * one >= threshold, sign * (threshold + beyond), 0.3, whole=True
    )
    assert found == sign * threshold


def test_the_nearest_of_two_stretches_is_found_and_a_narrow_one_can_be_missed():
    found = redlines.nearest(lambda one: 0.3 <= one <= 0.4 or one >= 0.8, 1.0, 0.05)
    assert found == pytest.approx(0.3, abs=1e-4)
    assert redlines.nearest(lambda one: 0.30 <= one <= 0.31, 1.0, 0.05) is None


def test_nothing_is_asked_about_no_change_or_beyond_the_bound():
    asked = []
    assert redlines.smallest(lambda one: bool(asked.append(one)), (-0.5, 0.0), 0.1) is None
    assert asked
    assert min(asked) == -0.5
    assert max(asked) == -0.1


@pytest.mark.parametrize(
    ("up", "down", "found"),
    [(0.3, 0.2, -0.2), (0.2, 0.3, 0.2), (9.0, 0.3, -0.3), (0.3, 9.0, 0.3), (9.0, 9.0, None)],
)
def test_the_smaller_of_both_directions(up, down, found):
    change = redlines.smallest(lambda one: one >= up or one <= -down, (-1.0, 1.0), 0.1)
    assert change == (found if found is None else pytest.approx(found, abs=1e-4))


# --- what is wanted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "counts", "share", "margin"),
    [
        ("joined", [3, 2, 4, 0, 0, 1], 0.5, 0.0),
        ("not-joined", [3, 2, 4, 0, 0, 1], 0.5, 0.0),
        ("joined", [5, 1, 4, 0, 0, 0], 0.4, -0.2),
        ("0", [5, 1, 4, 0, 0, 0], 0.5, 0.1),
        ("2", [5, 1, 4, 0, 0, 0], 0.4, -0.1),
        ("2", [4, 2, 4, 0, 0, 0], 0.4, 0.0),
    ],
)
def test_outcomes_by_hand(to, counts, share, margin):
    goal = Goal.of(CRIMEA, "KOR", to)
    assert goal.ally == 1
    assert goal.share(np.array(counts)) == share
    assert goal.margin(np.array(counts)) == pytest.approx(margin, abs=1e-15)


def test_the_leader_has_red_lines_too():
    assert Goal.of(CRIMEA, "USA", "3") == Goal(None, (3,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "RUS"}, "no state RUS that decides; allowed: USA, JPN, KOR"),
        (
            {"to": "perhaps"},
            "no outcome perhaps; allowed: joined, not-joined, 0, 1, 2, 3, 4, 5",
        ),
        ({"to": "6"}, "no outcome 6; allowed: joined, not-joined, 0, 1, 2, 3, 4, 5"),
        ({"runs": 0}, "runs 0 is not at least 1"),
        ({"draws": -1}, "draws -1 is not at least 0"),
        ({"draw_runs": 0}, "draw_runs 0 is not at least 1"),
        ({"workers": 0}, "workers 0 is not at least 1"),
        ({"seed": -1}, "seed -1 is not in 0 to 2^64 - 1"),
        ({"runs": 2**32 + 1}, "run 4294967296 is not in 0 to 2^32 - 1"),
        (
            {"paths": ["decisions.KOR.level"]},
            "no candidate decisions.KOR.level; they are such as world.severity",
        ),
    ],
)
def test_what_is_refused(change, message):
    asked = {"state": "KOR", "to": "joined", **change}
    with pytest.raises(ValueError, match=r"\S") as error:
        redlines.find(SHORT, SIMPLE, **asked)
    assert str(error.value) == message


# --- thresholds by hand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "path", "threshold"),
    [
        ("joined", "states.KOR.norms_emphasis", 0.6 * (TRADE + 0.6) / (VALUES * 0.45)),
        ("joined", "world.severity", 0.6 * (TRADE + 0.6) / (VALUES * 0.2)),
        ("joined", "world.severity@2014-03", 0.6 * (TRADE + 0.6) / (VALUES * 0.2)),
        ("joined", "states.KOR.russian_aims", VALUES * 0.2 * 0.45 / 0.6 - TRADE),
        ("0", "states.KOR.norms_emphasis", 0.2 * (TRADE + 0.6) / (VALUES * 0.45)),
    ],
)
def test_thresholds_are_those_of_the_utilities(to, path, threshold):
    result = simple(to, [path])
    (found,) = result.lines
    assert result.modal == 1
    assert found.threshold == pytest.approx(threshold, abs=0.015)
    assert found.change == pytest.approx(found.threshold - found.present)
    assert found.units == pytest.approx(found.change / (found.evidence[1] - found.evidence[0]))
    assert found.probability >= 0.5
    assert (found.low, found.high, found.share) == (None, None, None)
    assert found.within_evidence == (found.evidence[0] <= found.threshold <= found.evidence[1])
    assert found.sources


def test_the_interval_is_that_of_the_other_inputs():
    (found,) = simple(paths=["states.KOR.norms_emphasis"], draws=6).lines
    trade = [indices.trade_exposure(share) for share in (0.0145, 0.0170)]
    assert 0.6 * (trade[0] + 0.45) / (VALUES * 0.55) - 0.02 <= found.low
    assert found.high <= 0.6 * (trade[1] + 0.75) / (VALUES * 0.40) + 0.02
    assert found.low < found.threshold < found.high
    assert found.share == 1.0


def test_the_input_asked_about_is_not_drawn():
    # The threshold of level 0 lies below the norms, which stay as they are: no higher line.
    result = simple("0", ["states.KOR.norms_emphasis"], draws=4)
    low = 0.2 * (indices.trade_exposure(0.0145) + 0.45) / (VALUES * 0.55)
    assert result.lines[0].low >= low - 0.02
    assert result.lines[0].high <= 0.2


def test_draws_that_are_beyond_the_line_need_no_change():
    # Norms of 0.40 lie just below their threshold of 0.408: other inputs carry some draws over.
    states = CRIMEA.states
    norms = states["KOR"]["norms_emphasis"].model_copy(update={"value": 0.40})
    korea = Table({**states["KOR"], "norms_emphasis": norms})
    near = SHORT.model_copy(update={"states": Table({**states, "KOR": korea})})
    result = redlines.find(
        near, SIMPLE, "KOR", "joined", 20, draws=8, draw_runs=5, paths=["states.KOR.norms_emphasis"]
    )
    assert result.lines[0].low == 0.40
    assert result.lines[0].share == 1.0


def test_draws_that_the_model_refuses_are_left_out():
    bloc = CRIMEA.blocs["EU"]
    share = bloc.russia_trade_share.model_copy(update={"range": (0.4, 1.0)})
    blocs = Table({"EU": bloc.model_copy(update={"russia_trade_share": share})})
    base = Base.of(SHORT.model_copy(update={"blocs": blocs}), SIMPLE)
    goal = Goal.of(SHORT, "KOR", "joined")
    study = redlines._Study(base, goal, 5, 0, 10, 5)
    kept = [one.scenario.blocs["EU"].russia_trade_share.value for one in study.worlds()]
    assert 0 < len(kept) < 10
    assert max(kept) < 0.95


def test_none_within_range(told):
    missed = line(told, "world.middle_east_turmoil")
    assert missed.threshold is missed.change is missed.units is missed.within_evidence is None
    assert missed.closest is missed.probability is None
    assert missed.share == 0.0
    refused = line(told, "states.JPN.russia_trade_share")  # shares beyond the whole do not hold
    assert refused.threshold is None


def test_decisions_have_options_and_no_size(followed):
    level = line(followed, "decisions.USA.level")
    assert (level.present, level.threshold, level.kind) == ("free", "3", "decision")
    assert level.change is level.units is level.low is None
    assert level.probability > 0.5
    assert level.share == 1.0
    stance = line(followed, "decisions.USA.stance.KOR")
    assert (stance.present, stance.kind) == ("assure", "stance")
    assert stance.threshold is None
    assert stance.closest in ("none", "press", "assure")
    assert stance.share == 0.0


def test_whole_numbers_without_an_evidence_range(followed):
    start = line(followed, "states.KOR.initial_level")
    assert (start.threshold, start.change, start.units) == (3.0, 3.0, None)
    assert (start.low, start.high, start.share) == (3.0, 3.0, 1.0)
    assert not start.within_evidence
    assert start.rank == (1, 0.6)


def test_what_comes_closest_where_nothing_is_enough(close):
    (missed,) = close.lines
    assert missed.threshold is None
    assert missed.closest < missed.present
    assert 0.5 > missed.probability >= close.present + redline_tables.NEARER
    assert "closest" in redline_tables.as_text(close)
    figure = plots_redlines.figure(close)
    assert [axis.get_title("left") for axis in figure.axes] == ["No red line: the closest values"]


def test_each_kind_has_a_panel(followed):
    figure = plots_redlines.figure(followed)
    titles = [axis.get_title("left") for axis in figure.axes]
    assert titles == ["Inputs and events without one", "Decisions, taken throughout"]
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["USA: level"]
    assert len(plots.rendered(figure, "png")) > 10_000
    assert max(map(len, redline_tables.as_text(followed).splitlines())) <= 100


def test_a_decision_set_in_part_is_told():
    scenario = cut(reading.read("shared-red-lines"), 3)
    path = "decisions.USA.stance.KOR"
    result = redlines.find(scenario, SIMPLE, "KOR", "5", 5, draws=0, paths=[path])
    assert result.lines[0].present == "set in part"


def test_every_candidate_is_another_decision_than_ones_own():
    paths = redlines.candidates(Base.of(CRIMEA, SIMPLE), "KOR")
    # Two memberships of each ally, in the EU and in NATO, are open to European states alone.
    assert len(paths) == len(set(paths)) == 106 - 4 + 5 + 7
    assert not [path for path in paths if path.startswith("decisions.KOR")]
    assert "decisions.USA.stance.KOR" in paths


def test_lines_are_ordered_by_size(told):
    assert [one.rank for one in told.lines] == sorted(one.rank for one in told.lines)
    names = [one.path for one in told.lines]
    assert names[0] == "states.KOR.norms_emphasis"
    assert [one.path for one in told.lines if one.threshold is None] == names[len(told.found) :]


def test_progress_counts_the_candidates():
    heard = []
    paths = ["world.severity", "world.middle_east_turmoil"]
    simple(paths=paths, runs=2, progress=lambda count, path: heard.append((count, path)))
    assert heard == [(1, paths[0]), (2, "world.middle_east_turmoil")]


# --- what is told -------------------------------------------------------------------------------


def test_already_so():
    result = simple("not-joined", draws=2)
    assert result.already
    assert result.lines == ()
    assert result.rows() == []
    text = redline_tables.as_text(result)
    assert "South Korea already stays out; ask --to joined." in " ".join(text.split())
    assert "ask --to another level" in " ".join(redline_tables.as_text(simple("1")).split())
    figure = plots_redlines.figure(result)
    assert figure.axes == []
    assert len(plots.rendered(figure, "png")) > 1000


@pytest.mark.parametrize("top", [None, 1, 0])
def test_the_text_fits_100_columns(told, top):
    text = redline_tables.as_text(told, top)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("South Korea, crimea-2014: level 1 at the end, P(joined) 0.00.")
    assert "states.KOR.norms_emphasis from 0.2 to 0.4" in " ".join(text.split())
    assert "None within range, up to the bounds:" in text
    assert ("more, further off, are not shown" in text) == (top is not None)


def test_a_text_without_any_red_line():
    result = simple("5", ["world.middle_east_turmoil"])
    text = " ".join(redline_tables.as_text(result).split())
    assert "No single change within its bounds makes it end at level 5." in text
    assert "None makes the outcome clearly likelier." in text
    assert plots_redlines.figure(result).axes == []


@pytest.mark.parametrize(
    ("value", "present", "said"),
    [
        (0.3305, 0.7, "0.33"),
        (0.77151, 0.2, "0.772"),
        (0.77, 0.2, "0.77"),
        (26449.0, 20000.0, "26.5k"),
        (14170.0, 26400.0, "14.1k"),
        (0.0, 0.2, "0"),
        (0.2329, 0.2329, "0.2329"),
        (1.0, 5.0, "1"),
        ("press", "free", "press"),
        (None, 0.2, "-"),
    ],
)
def test_a_red_line_is_rounded_to_beyond_it(value, present, said):
    assert redline_tables.shown(value, present) == said


@given(st.floats(1e-6, 1e6), st.floats(0.0, 1e6))
@examples(200)
def test_rounding_never_turns_back(value, present):
    said = redline_tables.shown(value, present)
    shown = float(said.rstrip("k")) * (1000.0 if said.endswith("k") else 1.0)
    tiny = 1e-9 * value
    assert shown >= value - tiny if value > present else True
    assert shown <= value + tiny if value < present else True
    assert shown == pytest.approx(value, rel=0.0101)


def test_rows_are_plain(told):
    rows = json.loads(json.dumps(told.rows(), allow_nan=False))
    assert len(rows) == len(told.lines)
    assert {(row["scenario"], row["state"], row["to"]) for row in rows} == {
        ("crimea-2014", "KOR", "joined")
    }
    assert all(set(row) == set(rows[0]) for row in rows)
    norms = next(row for row in rows if row["path"] == "states.KOR.norms_emphasis")
    assert norms["sources"] == ["L17-19", "rubric"]
    assert (norms["evidence_low"], norms["evidence_high"]) == (0.10, 0.35)
    event = next(row for row in rows if row["kind"] == "event")
    assert event["note"] == "Crimea annexed"
    assert event["sources"] == ["D14-11", "us-eo-13661"]


def test_the_figure_shows_the_red_lines(told):
    figure = plots_redlines.figure(told)
    names = [label.get_text() for axis in figure.axes for label in axis.get_yticklabels()]
    assert " ".join(names[0].split()) == (
        "KOR: weight of democracy and rules in the government's line"
    )
    assert len(names) == min(len(told.found) + len(redline_tables.misses(told)), 15)
    drawn = plots.rendered(figure, "png")
    assert len(drawn) > 10_000
    assert drawn == plots.rendered(plots_redlines.figure(told), "png")


# --- with the weights that ship -----------------------------------------------------------------


@pytest.mark.slow
def test_a_red_line_is_crossed_at_its_value_and_not_before():
    path, episode = "states.USA.leadership_stakes", "rapprochement-2016"
    # Neutral weights are never calibrated again, so that there always is a line.
    scenario, neutral = reading.read(episode), weights.read_set("neutral")
    result = redlines.find(scenario, neutral, "JPN", "not-joined", 400, draws=0, paths=[path])
    (found,) = result.lines
    parameters = weights.read("neutral")

    def out(value):
        made = reading.with_settings(episode, [], [(path, repr(value))])
        runs = ensemble.free_runs(made, parameters, 400, 0)
        return runs.frequencies(("JPN", "level", None))[-1, :2].sum()

    assert out(found.threshold) == found.probability >= 0.5
    assert out(float(redline_tables.shown(found.threshold, found.present))) >= 0.5
    assert out(found.present + found.change * 0.998) < 0.5
    assert result.joined == pytest.approx(1.0 - out(found.present))


@pytest.mark.slow
def test_sparing_runs_changes_no_threshold(monkeypatch):
    paths = ["states.KOR.russian_aims", "states.KOR.russia_trade", "world.severity"]
    scenario, neutral = reading.read("ukraine-2022"), weights.read_set("neutral")
    spared = redlines.find(scenario, neutral, "KOR", "3", 600, draws=0, paths=paths)
    monkeypatch.setattr(redlines, "CLEAR", 1.0)
    whole = redlines.find(scenario, neutral, "KOR", "3", 600, draws=0, paths=paths)
    assert spared == whole
    assert len(spared.found) == len(paths)


@pytest.mark.slow
def test_more_processes_make_the_same_bytes():
    paths = ["states.USA.leadership_stakes", "world.severity", "decisions.USA.level"]
    one, two = (
        redlines.find(
            CRIMEA, CALIBRATED, "JPN", "not-joined", 100, 0, 3, 50, paths=paths, workers=workers
        )
        for workers in (1, 2)
    )
    assert one == two
    assert json.dumps(one.rows()) == json.dumps(two.rows())
    assert redline_tables.as_text(one) == redline_tables.as_text(two)
    assert not math.isnan(one.lines[0].threshold)
