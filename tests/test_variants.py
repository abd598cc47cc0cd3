"""Variants of a scenario: what a path sets, how far that reaches, and what is refused."""

import functools
import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignsim import (
    documents,
    inputs,
    kernel,
    reading,
    timeline,
    variant_paths,
    variants,
    weights,
)
from alignsim.decision import GROUPS
from alignsim.documents import DocumentError
from alignsim.ensemble import Ensemble
from alignsim.model import AlignmentModel
from alignsim.scenario import Change, Table, role_table
from alignsim.situation import ALLY_COLUMNS
from alignsim.timeline import Timeline
from alignsim.variants import Base, InputTarget, PointError, Setting
from alignsim.weights import MAX_RATE, PARTS, RATES
from tests.strategies import EPISODES, changed, decided, examples, lasting, scenarios, seeds, unit

CALIBRATED = weights.read_set("calibrated")


def base_of(scenario):
    return Base.of(scenario, CALIBRATED)


BASES = {name: base_of(reading.read(name)) for name in EPISODES}
CRIMEA, QUARTERS, UKRAINE = BASES.values()
PATHS = variant_paths.input_paths(CRIMEA.scenario)  # the episodes have the same
WEIGHTS = [f"weights.{part}.{name}" for part, names in PARTS.items() for name in names]
SHARE = "russia_trade_share"
LITTLE = 0.02
"""A share in Russia's trade for which there is room in every scenario."""


class Set(NamedTuple):
    """A path, the value it is set to, and how the value acts."""

    path: str
    value: float
    how: variants.How = "value"


def named(base, path):
    return variant_paths.target(base, path)


def vary(base, *made):
    settings = [Setting(named(base, each.path), each.how) for each in made]
    return variants.vary(base, settings, [each.value for each in made])


def quantity(base_or_variant, path):
    """The quantity of an input in a scenario."""
    owner, *rest = path.partition("@")[0].split(".")
    scenario = base_or_variant.scenario
    if owner == "blocs":
        return getattr(scenario.blocs[rest[0]], rest[1])
    table = scenario.world if owner == "world" else scenario.states[rest[0]]
    return table[rest[-1]]


def dated(base_or_variant, path):
    """Every dated value of an input, the first first."""
    found = quantity(base_or_variant, path)
    return [found.value, *(change.value for change in found.changes)]


def ranges(base, path):
    found = quantity(base, path)
    return [found.range, *(change.range for change in found.changes)]


def content(scenario):
    """All that a scenario says, besides its name and where its numbers come from."""

    def plain(node):
        if isinstance(node, dict):
            unwanted = ("source", "year", "note")
            return {key: plain(below) for key, below in node.items() if key not in unwanted}
        return [plain(below) for below in node] if isinstance(node, list | tuple) else node

    stated = plain(scenario.model_dump())
    del stated["name"]
    return stated


def bits(line):
    """What a timeline holds, to the bit: type, shape and bytes of every field."""

    def of(field):
        array = np.asarray(field)
        return type(field), array.dtype, array.shape, array.tobytes()

    return {name: of(field) for name, field in line._asdict().items()}


def differing(one, other):
    """Fields of two timelines that are not the same to the bit."""
    return {name for name in Timeline._fields if bits(one)[name] != bits(other)[name]}


@pytest.fixture
def _files_read_once(monkeypatch):
    """Episodes are parsed once, not once a setting."""
    monkeypatch.setattr(documents, "read", functools.cache(documents.read))


# --- random settings ------------------------------------------------------------------------


def numbers(low, high):
    return st.one_of(st.just(low), st.just(high), st.floats(low, high))


@st.composite
def of_inputs(draw, base, most=5, whole_inputs=False):
    """Settings of some inputs and events, each path once; the shares in Russia's trade stay few."""
    paths = st.sampled_from(variant_paths.input_paths(base.scenario))
    made = []
    for path in draw(st.lists(paths, max_size=most, unique=True)):
        row = named(base, path).row
        how = "value" if whole_inputs else draw(st.sampled_from(["value", "shift", "range"]))
        high = LITTLE if row.name == SHARE else row.high
        value = {
            "value": st.integers(int(row.low), int(high)).map(float)
            if row.whole
            else numbers(row.low, high),
            "shift": numbers(row.low - row.high, 0.0 if row.name == SHARE else row.high - row.low),
            "range": numbers(0.0, 1.0),
        }[how]
        event = not whole_inputs and draw(st.booleans())
        month = f"@{draw(st.sampled_from(base.scenario.calendar.ends))}" if event else ""
        made.append(Set(path + month, draw(value), how))
    return made


@st.composite
def of_indices(draw, base):
    """Settings of some indices; the shares in Russia's trade stay few."""
    made = []
    for ally in base.scenario.allies:
        for column in draw(st.lists(st.sampled_from(ALLY_COLUMNS), max_size=3, unique=True)):
            shares = column == "trade_share"
            how = draw(st.sampled_from(["value", "shift"]))
            value = st.floats(-1.0, 0.0 if shares else 1.0)
            if how == "value":
                value = st.floats(0.0, LITTLE if shares else 1.0)
            made.append(Set(f"indices.{ally}.{column}", draw(value), how))
    return made


@st.composite
def of_decisions(draw, base):
    """Some decisions set or freed, for the whole time or some of it."""
    scenario = base.scenario
    made = []
    paths = variant_paths.decision_paths(scenario)
    for path in draw(st.lists(st.sampled_from(paths), max_size=4, unique=True)):
        option = draw(st.integers(-1, len(named(base, path).names) - 1))
        dates = st.sampled_from(scenario.calendar.dates)
        first, last = sorted(draw(st.tuples(dates, dates)))
        window = draw(st.sampled_from(["", f"@{first}", f"@{first}..{last}"]))
        made.append(Set(path + window, float(option)))
    return made


@st.composite
def of_weights(draw):
    made = []
    for path in draw(st.lists(st.sampled_from(WEIGHTS), max_size=6, unique=True)):
        _, part, name = path.split(".")
        low, high = (0.1, 10.0) if part == "precision" else (0.0, 2.0)
        value = st.floats(low, 0.9 if name == "persistence" else high)
        how = draw(st.sampled_from(["value", "range"]))
        made.append(Set(path, draw(unit if how == "range" else value), how))
    return made


@st.composite
def with_inputs(draw):
    """A base of any kind, and settings of its inputs."""
    shipped = st.sampled_from(list(BASES.values()))
    base = draw(st.one_of(shipped, scenarios(most_allies=4, most_steps=8).map(base_of)))
    return base, draw(of_inputs(base))


# --- an input set throughout: the same as by the command line -------------------------------


@pytest.mark.usefixtures("_files_read_once")
@pytest.mark.parametrize("place", [0.3, 1.0])
@pytest.mark.parametrize("name", EPISODES)
def test_every_input_is_set_as_by_the_command_line(name, place):
    """At a bound and inside; what the settings do not take, variants do not take."""
    base, refused = BASES[name], set()
    for path in PATHS:
        row = named(base, path).row
        value = row.low + place * (row.high - row.low)
        value = float(round(value)) if row.whole else value
        try:
            full = reading.with_settings(name, [], [(path, repr(value))])
        except DocumentError as error:
            refused.add(path)
            told = str(error).rpartition(": ")[2]
            with pytest.raises(PointError, match=re.escape(told)):
                vary(base, Set(path, value))
            continue
        variant = vary(base, Set(path, value))
        assert content(variant.scenario) == content(full), path
        assert differing(variant.line, timeline.build(full)) == set(), path
    assert {path.rpartition(".")[2] for path in refused} == ({SHARE} if place == 1.0 else set())


@pytest.mark.usefixtures("_files_read_once")
@examples(40)
@given(st.sampled_from(EPISODES), st.data())
def test_several_inputs_are_set_as_by_the_command_line(name, data):
    made = data.draw(of_inputs(BASES[name], most=8, whole_inputs=True))
    full = reading.with_settings(name, [], [(each.path, repr(each.value)) for each in made])
    variant = vary(BASES[name], *made)
    assert content(variant.scenario) == content(full)
    assert differing(variant.line, timeline.build(full)) == set()


# --- the arrays: rebuilt in part, and apart from the base -----------------------------------


@pytest.mark.parametrize("how", ["shift", "range"])
@pytest.mark.parametrize("name", EPISODES)
def test_each_input_moved_rebuilds_all_that_depends_on_it(name, how):
    base = BASES[name]
    for path in [*PATHS, *variant_paths.event_paths(base)]:
        value = 0.7 if how == "range" else -0.4 * named(base, path).row.high
        variant = vary(base, Set(path, value, how))
        assert differing(variant.line, timeline.build(variant.scenario)) == set(), path


@examples(100)
@given(with_inputs())
def test_arrays_rebuilt_in_part_are_those_built_whole(drawn):
    base, made = drawn
    variant = vary(base, *made)
    assert differing(variant.line, timeline.build(variant.scenario)) == set()


def unlike_alone(variant, step):
    """Arrays that are not at a step as they would be if the scenario were that step alone."""
    calendar, line = variant.scenario.calendar, variant.line
    alone = calendar.model_copy(update={"start": calendar.ends[step], "step": "month", "steps": 1})
    one = timeline.build(variant.scenario.model_copy(update={"calendar": alone}))
    return [
        name
        for name in ("allies", "leader", "world", "bloc_levels_now", "bloc_shares")
        if getattr(line, name)[step].tobytes() != getattr(one, name)[0].tobytes()
    ]


@examples(40)
@given(with_inputs())
def test_every_step_is_as_if_the_scenario_were_that_step_alone(drawn):
    base, made = drawn
    variant = vary(base, *made)
    for step in range(variant.scenario.calendar.steps):
        assert unlike_alone(variant, step) == []


@pytest.mark.parametrize("name", EPISODES)
def test_a_change_of_any_input_in_a_month_without_others_is_seen(name):
    base = BASES[name]
    for path in PATHS:
        row = named(base, path).row
        other = row.high if quantity(base, path).at("2999") == row.low else row.low
        other = LITTLE if row.name == SHARE else other
        variant = vary(base, Set(f"{path}@{base.scenario.calendar.ends[-1]}", other))
        assert unlike_alone(variant, -1) == [], path


@examples(40)
@given(with_inputs(), st.data())
def test_the_base_never_changes(drawn, data):
    base, made = drawn
    scenario, line = base.scenario.digest, bits(base.line)
    number = base.weights.model_dump()
    others = st.tuples(of_indices(base), of_decisions(base), of_weights())
    indices, decisions, weighed = data.draw(others)
    variant = vary(base, *made, *indices, *decisions, *weighed)
    for name in differing(base.line, variant.line):
        field = getattr(variant.line, name)
        if isinstance(field, np.ndarray):
            assert not np.shares_memory(field, getattr(base.line, name))
            field += 1  # a variant may be written to where it differs
    assert base.scenario.digest == scenario
    assert bits(base.line) == line
    assert base.weights.model_dump() == number


def test_nothing_set_is_the_base_itself():
    variant = variants.vary(CRIMEA, [], [])
    assert variant == (CRIMEA.scenario, weights.read("calibrated"), CRIMEA.line)


def test_two_variants_share_nothing_that_is_set():
    made = (
        Set("states.KOR.gas_share", 0.5),
        Set("indices.JPN.norms", 0.5),
        Set("decisions.USA.level", 5.0),
    )
    one, other = vary(CRIMEA, *made), vary(CRIMEA, *made)
    assert differing(one.line, other.line) == set()
    assert differing(one.line, CRIMEA.line) == {"allies", "fixed_leader_level"}
    for name in ("allies", "fixed_leader_level"):
        assert not np.shares_memory(getattr(one.line, name), getattr(other.line, name))


# --- later ones win, and others stand -------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (Set("world.severity", 0.1), Set("world.severity", 0.9)),
        (Set("world.severity", 0.1), Set("world.severity", 0.5, "range")),
        (Set("world.severity", 0.3, "shift"), Set("world.severity", 0.1, "shift")),
        (Set("world.severity@2014-05", 0.1), Set("world.severity@2014-05", 0.9)),
        (Set("indices.KOR.norms", 0.1), Set("indices.KOR.norms", 0.9)),
        (Set("decisions.KOR.level", 1.0), Set("decisions.KOR.level", 3.0)),
        (Set("decisions.KOR.level@2014-05", 1.0), Set("decisions.KOR.level", -1.0)),
        (Set("weights.groups.norms", 0.1), Set("weights.groups.norms", 0.9)),
    ],
)
def test_of_two_settings_of_one_path_the_later_wins(first, later):
    both, alone = vary(CRIMEA, first, later), vary(CRIMEA, later)
    assert both.scenario == alone.scenario
    assert both.parameters == alone.parameters
    assert differing(both.line, alone.line) == set()


@pytest.mark.parametrize("order", [1, -1])
def test_events_of_one_input_stand_side_by_side(order):
    made = [Set("world.severity@2014-05", 0.1), Set("world.severity@2014-10", 0.2)][::order]
    assert vary(CRIMEA, *made).line.world[:, 0].tolist() == pytest.approx(
        [0.45, 0.45, 0.1, 0.1, 0.75, 0.75, 0.75, 0.2, 0.2, 0.2]
    )


def test_an_event_stands_upon_an_input_that_is_set_or_moved():
    event = Set("world.severity@2014-07", 0.2)
    shifted = vary(CRIMEA, Set("world.severity", 0.1, "shift"), event)
    assert dated(shifted, "world.severity") == pytest.approx([0.55, 0.55, 0.7, 0.2])
    flat = vary(CRIMEA, Set("world.severity", 0.5), event)
    assert flat.line.world[:, 0].tolist() == [0.5] * 4 + [0.2] * 6


# --- shift ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "severity"),
    [
        (0.0, [0.45, 0.45, 0.6, 0.75]),
        (0.1, [0.55, 0.55, 0.7, 0.85]),
        (-0.5, [0.0, 0.0, 0.1, 0.25]),
        (0.5, [0.95, 0.95, 1.0, 1.0]),
        (-9.0, [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_a_shift_moves_every_dated_value_within_the_bounds(shift, severity):
    variant = vary(CRIMEA, Set("world.severity", shift, "shift"))
    assert dated(variant, "world.severity") == pytest.approx(severity)
    assert ranges(variant, "world.severity") == ranges(CRIMEA, "world.severity")
    dates = [0, 0, 1, 1, 2, 2, 2, 2, 2, 2]
    course = [severity[1:][index] for index in dates]
    assert variant.line.world[:, 0].tolist() == pytest.approx(course)


@pytest.mark.parametrize(
    ("shift", "levels"), [(0.4, [0, 2, 3]), (1.0, [1, 3, 4]), (3.2, [3, 5, 5]), (-2.0, [0, 0, 1])]
)
def test_a_shift_of_a_whole_input_leaves_it_whole(shift, levels):
    assert dated(vary(CRIMEA, Set("blocs.EU.level", shift, "shift")), "blocs.EU.level") == levels


@examples(100)
@given(st.sampled_from(EPISODES), st.sampled_from(PATHS), st.floats(-1.0, 1.0))
def test_a_shift_reaches_the_dated_values_of_its_input_and_no_others(name, path, place):
    base = BASES[name]
    row = named(base, path).row
    shift = place * (row.high - row.low)
    expected = [
        min(max(round(value + shift) if row.whole else value + shift, row.low), row.high)
        for value in dated(base, path)
    ]
    if row.name == SHARE and shift > 0.0:
        return  # refused where the parts then exceed the whole
    variant = vary(base, Set(path, shift, "shift"))
    assert dated(variant, path) == expected
    for other in PATHS:
        assert other == path or quantity(variant, other) == quantity(base, other)


# --- range ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EPISODES)
def test_the_ends_of_the_range_are_the_low_and_high_of_every_dated_value(name):
    base = BASES[name]
    for path in PATHS:
        for end in (0, 1):
            expected = [bounds[end] for bounds in ranges(base, path)]
            assert dated(vary(base, Set(path, float(end), "range")), path) == expected, path


@examples(100)
@given(st.sampled_from(EPISODES), st.sampled_from(PATHS), unit)
def test_a_place_in_the_range_is_as_far_from_low_in_every_dated_value(name, path, place):
    base = BASES[name]
    row = named(base, path).row
    variant = vary(base, Set(path, place, "range"))
    for value, (low, high) in zip(dated(variant, path), ranges(base, path), strict=True):
        assert low <= value <= high
        assert row.fault(value) == ""
        assert row.whole or value == pytest.approx(low + place * (high - low))
    assert ranges(variant, path) == ranges(base, path)


def test_the_middle_of_the_range_by_hand():
    variant = vary(CRIMEA, Set("world.severity", 0.5, "range"))
    assert dated(variant, "world.severity") == pytest.approx([0.475, 0.475, 0.575, 0.725])


@pytest.fixture(scope="module")
def wide():
    """Crimea with an EU whose level is anything from 1 to 4, and from 3 to 5 after July."""
    scenario = CRIMEA.scenario
    changes = (Change(date="2014-07", value=4.0, range=(3.0, 5.0), source=("design",)),)
    level = scenario.blocs["EU"].level.model_copy(
        update={"value": 2.0, "range": (1.0, 4.0), "changes": changes}
    )
    blocs = Table({"EU": scenario.blocs["EU"].model_copy(update={"level": level})})
    return base_of(scenario.model_copy(update={"blocs": blocs}))


def test_whole_inputs_take_each_whole_number_of_the_range_equally_often(wide):
    places = [(index + 0.5) / 1200.0 for index in range(1200)]
    made = [dated(vary(wide, Set("blocs.EU.level", p, "range")), "blocs.EU.level") for p in places]
    before, after = zip(*made, strict=True)
    assert Counter(before) == dict.fromkeys((1.0, 2.0, 3.0, 4.0), 300)
    assert Counter(after) == dict.fromkeys((3.0, 4.0, 5.0), 400)
    at_end = vary(wide, Set("blocs.EU.level", 1.0, "range"))
    assert dated(at_end, "blocs.EU.level") == [4.0, 5.0]


# --- events ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "severity"),
    [
        ("2014-03", [0.1] * 2 + [0.6] * 2 + [0.75] * 6),
        ("2014-05", [0.45] * 2 + [0.1] * 2 + [0.75] * 6),
        ("2014-05-09", [0.45] * 2 + [0.1] * 2 + [0.75] * 6),
        ("2014-07", [0.45] * 2 + [0.6] * 2 + [0.1] * 6),
        ("2014-06", [0.45] * 2 + [0.6] + [0.1] + [0.75] * 6),
        ("2014-11", [0.45] * 2 + [0.6] * 2 + [0.75] * 4 + [0.1] * 2),
    ],
)
def test_an_event_holds_from_its_month_to_the_next_change(month, severity):
    variant = vary(CRIMEA, Set(f"world.severity@{month}", 0.1))
    assert variant.line.world[:, 0].tolist() == severity
    before = quantity(CRIMEA, "world.severity")
    after = quantity(variant, "world.severity")
    assert (after.value, after.range) == (before.value, before.range)
    others = [change for change in after.changes if change.date[:7] != month[:7]]
    assert others == [change for change in before.changes if change.date[:7] != month[:7]]
    dates = [change.date[:7] for change in after.changes]
    assert dates == sorted({*dates, month[:7]})


def test_an_event_keeps_the_label_range_and_source_of_the_change_it_sets():
    before = quantity(CRIMEA, "world.severity").changes[2]
    after = quantity(vary(CRIMEA, Set("world.severity@2014-07", 0.1)), "world.severity").changes[2]
    assert after == before.model_copy(update={"value": 0.1})


def test_an_event_where_there_was_none_has_no_label():
    added = quantity(vary(CRIMEA, Set("world.severity@2014-06", 0.1)), "world.severity").changes[2]
    assert (added.date, added.value, added.label) == ("2014-06", 0.1, None)


@pytest.mark.parametrize(
    ("path", "value", "how", "expected"),
    [
        ("world.severity@2014-05", 0.1, "shift", [0.45, 0.45, 0.7, 0.75]),
        ("world.severity@2014-05", 0.9, "shift", [0.45, 0.45, 1.0, 0.75]),
        ("world.severity@2014-05", 0.0, "range", [0.45, 0.45, 0.5, 0.75]),
        ("world.severity@2014-05", 1.0, "range", [0.45, 0.45, 0.65, 0.75]),
        ("world.severity@2014-06", 0.1, "shift", [0.45, 0.45, 0.6, 0.7, 0.75]),
        ("world.severity@2014-06", 0.3, "range", [0.45, 0.45, 0.6, 0.6, 0.75]),
        ("blocs.EU.level@2014-03", 1.0, "shift", [0, 3, 3]),
        ("states.KOR.norms_emphasis@2014-03", 1.0, "value", None),
    ],
)
def test_an_event_is_moved_or_placed_alone(path, value, how, expected):
    if expected is None:
        expected = [*dated(CRIMEA, path), value]
    assert dated(vary(CRIMEA, Set(path, value, how)), path) == pytest.approx(expected)


@examples(60)
@given(with_inputs(), st.data())
def test_an_event_changes_no_step_before_its_own(drawn, data):
    base, _ = drawn
    path = data.draw(st.sampled_from(variant_paths.input_paths(base.scenario)))
    step = data.draw(st.integers(0, base.scenario.calendar.steps - 1))
    row = named(base, path).row
    end = base.scenario.calendar.ends[step]
    variant = vary(base, Set(f"{path}@{end}", row.low))
    assert quantity(variant, path).at(end) == row.low
    for name in ("allies", "leader", "world", "bloc_levels_now", "bloc_shares"):
        before, after = getattr(base.line, name)[:step], getattr(variant.line, name)[:step]
        assert before.tobytes() == after.tobytes()
    assert variant.line.initial_severity == base.line.initial_severity


def test_an_event_of_a_quarter_is_dated_by_month_or_by_label():
    by_month = vary(QUARTERS, Set("world.severity@2015-12", 0.2))
    assert by_month.line.world[3, 0] == 0.2
    by_label = vary(QUARTERS, Set("world.severity@2015-Q4", 0.2))
    assert differing(by_label.line, by_month.line) == set()


# --- indices --------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ALLY_COLUMNS)
@pytest.mark.parametrize(("position", "ally"), [(0, "JPN"), (1, "KOR")])
def test_an_index_is_set_at_all_steps_for_one_ally(position, ally, column):
    value = LITTLE if column == "trade_share" else 0.123
    for base in BASES.values():
        variant = vary(base, Set(f"indices.{ally}.{column}", value))
        expected = base.line.allies.copy()
        expected[:, position, ALLY_COLUMNS.index(column)] = value
        assert variant.line.allies.tobytes() == expected.tobytes()
        assert variant.scenario is base.scenario
        assert differing(variant.line, base.line) == {"allies"}


@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.2, 1.0])
def test_an_index_is_shifted_within_its_bounds(shift):
    variant = vary(QUARTERS, Set("indices.KOR.independence", shift, "shift"))
    before = QUARTERS.line.allies[:, 1, ALLY_COLUMNS.index("independence")]
    after = variant.line.allies[:, 1, ALLY_COLUMNS.index("independence")]
    assert len(set(before)) > 1
    assert after.tolist() == [min(max(value + shift, 0.0), 1.0) for value in before]


def test_an_index_holds_whatever_its_inputs_are_in_either_order():
    made = [Set("indices.KOR.norms", 0.3), Set("states.KOR.norms_emphasis", 0.9)]
    for order in (1, -1):
        variant = vary(CRIMEA, *made[::order])
        assert set(variant.line.allies[:, 1, ALLY_COLUMNS.index("norms")]) == {0.3}
        assert quantity(variant, "states.KOR.norms_emphasis").value == 0.9


# --- decisions ------------------------------------------------------------------------------

FIXED = {
    "decisions.USA.level": ("fixed_leader_level", None),
    "decisions.JPN.level": ("fixed_level", 0),
    "decisions.KOR.level": ("fixed_level", 1),
    "decisions.JPN.engagement": ("fixed_engagement", 0),
    "decisions.KOR.engagement": ("fixed_engagement", 1),
    "decisions.USA.stance.JPN": ("fixed_leader_stance", 0),
    "decisions.USA.stance.KOR": ("fixed_leader_stance", 1),
    "decisions.RUS.stance.JPN": ("fixed_target_stance", 0),
    "decisions.RUS.stance.KOR": ("fixed_target_stance", 1),
}
"""Field of the timeline, and the ally, of every decision."""


def fixed(line, path):
    """Options fixed for a decision, step by step, and whether all others are as in Crimea."""
    name, ally = FIXED[path]
    field = getattr(line, name)
    expected = getattr(CRIMEA.line, name).copy()
    where = slice(None) if ally is None else (slice(None), ally)
    expected[where] = field[where]
    return field[where].tolist(), expected.tobytes() == field.tobytes()


@pytest.mark.parametrize("path", FIXED)
def test_a_decision_is_set_at_all_steps_and_no_other_is(path):
    for option in range(len(named(CRIMEA, path).names)):
        variant = vary(CRIMEA, Set(path, float(option)))
        assert fixed(variant.line, path) == ([option] * 10, True)
        assert differing(variant.line, CRIMEA.line) == {FIXED[path][0]}
        assert variant.scenario is CRIMEA.scenario


@pytest.mark.parametrize("path", FIXED)
@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ("2014-03", 0, 0),
        ("2014-12", 9, 9),
        ("2014-05..2014-08", 2, 5),
        ("2014-05-20..2014-06-01", 2, 3),
        ("2014-03..2014-12", 0, 9),
    ],
)
def test_a_decision_is_set_within_a_window_only(path, window, first, last):
    variant = vary(CRIMEA, Set(f"{path}@{window}", 2.0))
    steps = [2 if first <= step <= last else -1 for step in range(10)]
    assert fixed(variant.line, path) == (steps, True)


def test_a_window_of_quarters_goes_by_label_or_by_month():
    for window in ("2015-Q2..2016-Q1", "2015-05..2016-01", "2015-04-01..2016-03-31"):
        variant = vary(QUARTERS, Set(f"decisions.JPN.level@{window}", 1.0))
        assert variant.line.fixed_level[:, 0].tolist() == [-1] + [1] * 4 + [-1] * 7


@pytest.mark.parametrize("path", FIXED)
def test_a_decision_is_left_free_even_where_the_scenario_fixes_it(path):
    _, state, decision, *toward = path.split(".")
    scenario = decided(
        CRIMEA.scenario,
        state,
        decision,
        {"2014-04..2014-08": named(CRIMEA, path).names[1]},
        *toward,
    )
    base = base_of(scenario)
    assert fixed(base.line, path) == ([-1] + [1] * 5 + [-1] * 4, True)
    assert fixed(vary(base, Set(path, -1.0)).line, path) == ([-1] * 10, True)
    some = vary(base, Set(f"{path}@2014-05..2014-06", -1.0))
    assert fixed(some.line, path) == ([-1, 1, -1, -1, 1, 1] + [-1] * 4, True)


def test_windows_of_one_decision_stand_side_by_side():
    variant = vary(
        CRIMEA,
        Set("decisions.KOR.level", 1.0),
        Set("decisions.KOR.level@2014-04..2014-05", 3.0),
        Set("decisions.KOR.level@2014-05..2014-06", -1.0),
    )
    assert variant.line.fixed_level[:, 1].tolist() == [1, 3, -1, -1] + [1] * 6


# --- weights --------------------------------------------------------------------------------


def parameters_with(part, name, value):
    """Parameters of the weight file with one number in it replaced."""
    number = getattr(CALIBRATED, part)[name].model_copy(update={"value": value})
    table = {**getattr(CALIBRATED, part), name: number}
    return weights.parameters(CALIBRATED.model_copy(update={part: table}))


@pytest.mark.parametrize("path", WEIGHTS)
def test_a_weight_is_set_shifted_or_placed_in_its_range(path):
    _, part, name = path.split(".")
    number = getattr(CALIBRATED, part)[name]
    low, high = number.range
    for made, value in (
        (Set(path, 0.4), 0.4),
        (Set(path, 0.1, "shift"), number.value + 0.1),
        (Set(path, -0.01, "shift"), number.value - 0.01),
        (Set(path, 0.0, "shift"), number.value),
        (Set(path, 0.0, "range"), low),
        (Set(path, 0.25, "range"), low + 0.25 * (high - low)),
        (Set(path, 1.0, "range"), high),
    ):
        variant = vary(CRIMEA, made)
        assert variant.parameters == parameters_with(part, name, value), made
        assert variant.scenario is CRIMEA.scenario
        assert differing(variant.line, CRIMEA.line) == set()


def test_a_group_weight_multiplies_its_terms():
    total = vary(CRIMEA, Set("weights.groups.commerce", 2.0), Set("weights.terms.market", 0.5))
    before = weights.read("calibrated").weights
    assert total.parameters.weights.market == 1.0
    courted = CALIBRATED.terms["market_courted"].value
    assert total.parameters.weights.market_courted == 2.0 * courted
    others = set(before._fields) - set(GROUPS["commerce"])
    for name in others:
        assert getattr(total.parameters.weights, name) == getattr(before, name)


def test_a_weight_is_not_shifted_below_zero():
    variant = vary(CRIMEA, Set("weights.terms.market", -99.0, "shift"))
    assert variant.parameters == parameters_with("terms", "market", 0.0)


@examples(60)
@given(of_weights())
def test_several_weights_are_set_at_once(made):
    stated = {part: dict(getattr(CALIBRATED, part)) for part in PARTS}
    for path, value, how in made:
        _, part, name = path.split(".")
        number = stated[part][name]
        if how == "range":
            value = number.range[0] + value * (number.range[1] - number.range[0])
        stated[part][name] = number.model_copy(update={"value": value})
    expected = weights.parameters(CALIBRATED.model_copy(update=stated))
    got = vary(CRIMEA, *made).parameters
    assert got.name == "calibrated"
    assert got.weights == pytest.approx(expected.weights)
    assert got.dynamics == pytest.approx(expected.dynamics)


def test_whole_numbers_and_those_of_arrays_are_taken_as_floats():
    """Otherwise the engine is compiled anew for them."""
    made = [
        Set("world.initial_severity", 1),
        Set("weights.groups.norms", 1),
        Set("weights.dynamics.energy_drift", 1),
        Set("weights.precision.level", 1),
    ]
    for kind in (int, np.int64, np.float64):
        variant = vary(CRIMEA, *(each._replace(value=kind(each.value)) for each in made))
        assert type(variant.line.initial_severity) is float
        numbers = (*variant.parameters.weights, *variant.parameters.dynamics)
        assert {type(number) for number in numbers} == {float}


# --- what is refused ------------------------------------------------------------------------

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("path", "value", "how", "reason"),
    [
        ("world.severity", 1.5, "value", "1.5 is not a rubric score (0 to 1)"),
        ("world.severity", -0.1, "value", "-0.1 is not a rubric score (0 to 1)"),
        ("world.severity", NAN, "value", "nan is not a"),
        ("world.severity", INFINITE, "value", "inf is not a"),
        ("world.severity@2014-07", 1.5, "value", "1.5 is not a rubric score (0 to 1)"),
        ("world.severity@2014-06", 1.5, "value", "1.5 is not a rubric score (0 to 1)"),
        ("states.KOR.gas_share", 1.01, "value", "1.01 is not a share (0 to 1)"),
        ("states.KOR.us_troops", 1e7, "value", "1e+07 is not a number of persons (0 to 1000000)"),
        ("states.KOR.g7", 0.5, "value", "0.5 is not a whole number"),
        ("states.KOR.g7", 2.0, "value", "2 is not 0 or 1"),
        ("states.USA.ceiling", 5.5, "value", "5.5 is not a level (0 to 5)"),
        ("blocs.EU.level", 2.5, "value", "2.5 is not a whole number"),
        ("blocs.EU.level@2014-07", 2.5, "value", "2.5 is not a whole number"),
        ("blocs.EU.level", 6.0, "value", "6 is not a level (0 to 5)"),
        ("indices.KOR.exposure", 1.01, "value", "1.01 is not an index (0 to 1)"),
        ("indices.KOR.exposure", -0.01, "value", "-0.01 is not an index (0 to 1)"),
        ("indices.KOR.exposure", NAN, "value", "nan is not a"),
        ("decisions.KOR.level", 6.0, "value", "should be one of 0, 1, 2, 3, 4, 5, free"),
        ("decisions.KOR.level", 1.5, "value", "should be one of 0, 1, 2, 3, 4, 5, free"),
        ("decisions.KOR.engagement", 3.0, "value", "should be one of 0, 1, 2, free"),
        ("decisions.USA.stance.KOR", 3.0, "value", "should be one of none, press, assure, free"),
        (
            "decisions.RUS.stance.KOR",
            -2.0,
            "value",
            "should be one of coerce, neutral, court, free",
        ),
        ("decisions.KOR.level", NAN, "value", ""),
        ("weights.groups.norms", -0.1, "value", "-0.1 should be 0 to 10000"),
        ("weights.groups.norms", 10001.0, "value", "10001 should be 0 to 10000"),
        ("weights.groups.norms", 10000.0, "shift", "should be 0 to 10000"),
        ("weights.terms.market", NAN, "value", "nan"),
        ("weights.precision.level", 0.0, "value", "0 should be above 0"),
        ("weights.precision.level", -99.0, "shift", "0 should be above 0"),
        ("weights.dynamics.persistence", 1.0, "value", "1 should be below 1"),
        ("weights.dynamics.persistence", 1.0, "shift", "should be below 1"),
        ("weights.dynamics.attention", -0.5, "value", "-0.5 should be 0 to 10000"),
        ("weights.dynamics.attention", NAN, "value", "nan"),
        *(
            (f"weights.dynamics.{name}", MAX_RATE + 0.5, "value", "2.5 should be at most 2")
            for name in RATES
        ),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_one_line(path, value, how, reason):
    with pytest.raises(PointError) as caught:
        vary(CRIMEA, Set(path, value, how))
    told = str(caught.value)
    assert told.startswith(f"{path}: ")
    assert reason in told
    assert "\n" not in told


@pytest.mark.parametrize("how", ["shift", "range"])
@pytest.mark.parametrize(
    "path",
    [
        "world.severity",
        "blocs.EU.level",
        "world.severity@2014-07",
        "states.KOR.g7",
        "weights.groups.norms",
    ],
)
def test_what_is_no_number_is_refused_however_it_acts(path, how):
    with pytest.raises(PointError, match=f"^{path}: "):
        vary(CRIMEA, Set(path, NAN, how))


@pytest.mark.parametrize("place", [-0.01, 1.01])
@pytest.mark.parametrize("path", ["world.severity", "blocs.EU.level", "weights.groups.norms"])
def test_a_place_beyond_the_range_is_refused(path, place):
    with pytest.raises(PointError, match=f"^{path}: "):
        vary(CRIMEA, Set(path, place, "range"))


@pytest.mark.parametrize(
    "made",
    [
        [Set(f"states.KOR.{SHARE}", 0.9)],
        [Set(f"states.USA.{SHARE}", 0.9)],
        [Set(f"blocs.EU.{SHARE}", 1.0)],
        [Set(f"states.JPN.{SHARE}", 1.0, "shift")],
        [Set(f"states.JPN.{SHARE}@2014-12", 0.9)],
        [Set(f"states.JPN.{SHARE}", 0.3), Set(f"states.KOR.{SHARE}", 0.3)],
        [Set("indices.KOR.trade_share", 0.9)],
        [Set("indices.JPN.trade_share", 0.5, "shift")],
        [Set("indices.JPN.trade_share", 0.3), Set(f"states.KOR.{SHARE}", 0.3)],
    ],
    ids=str,
)
def test_trade_shares_above_the_whole_are_refused_in_one_line(made):
    """Pressure on the target, which they make up, would leave its bounds."""
    with pytest.raises(PointError) as caught:
        vary(CRIMEA, *made)
    assert SHARE in str(caught.value)
    assert "at most 1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_trade_shares_that_make_room_for_one_another_are_taken():
    variant = vary(CRIMEA, Set(f"states.KOR.{SHARE}", 0.6), Set(f"blocs.EU.{SHARE}", 0.1))
    assert quantity(variant, f"states.KOR.{SHARE}").value == 0.6
    variant = vary(CRIMEA, Set("indices.KOR.trade_share", 0.6), Set(f"blocs.EU.{SHARE}", 0.1))
    assert variant.line.allies[0, 1, ALLY_COLUMNS.index("trade_share")] == 0.6


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", "no such key here; allowed: states, world, blocs, indices, decisions, weights"),
        ("worlds.severity", "no worlds here; allowed: states, world, blocs"),
        ("world", "no such key here; allowed: severity, initial_severity"),
        ("world.", "no such key here; allowed: severity, initial_severity"),
        ("world.gas_share", "no gas_share here; allowed: severity, initial_severity"),
        ("world.severity.value", "no severity.value here; allowed: severity"),
        ("states", "no such key here; allowed: USA, JPN, KOR, RUS"),
        ("states.DEU.gas_share", "no DEU here; allowed: USA, JPN, KOR, RUS"),
        ("states.EU.level", "no EU here; allowed: USA, JPN, KOR, RUS"),
        ("states.KOR", "no such key here; allowed: us_defence_pact, us_troops"),
        ("states.KOR.ceiling", "no ceiling here; allowed: us_defence_pact"),
        ("states.USA.gas_share", "no gas_share here; allowed: norms_emphasis"),
        ("states.RUS.gas_share", "no gas_share here; allowed: capability"),
        ("states.KOR.gas_share.value", "no gas_share.value here; allowed: us_defence_pact"),
        ("blocs.USA.level", "no USA here; allowed: EU"),
        ("blocs.EU.name", "no name here; allowed: level, russia_trade_share"),
        ("indices.USA.norms", "no USA here; allowed: JPN, KOR"),
        ("indices.KOR.gas_share", "no gas_share here; allowed: dependence, membership"),
        ("indices.KOR", "no such key here; allowed: dependence, membership"),
        ("indices.KOR.norms@2014-05", "no norms@2014-05 here; allowed: dependence"),
        ("weights.norms", "no norms here; allowed: groups, terms, dynamics, precision"),
        ("weights.groups.values", "no values here; allowed: energy_security"),
        ("weights.precision", "no such key here; allowed: level, engagement"),
        ("decisions.EU.level", "no EU here; allowed: USA, JPN, KOR, RUS"),
        ("decisions.USA.engagement", "no engagement here; allowed: level, stance"),
        ("decisions.RUS.level", "no level here; allowed: stance"),
        ("decisions.KOR.stance.JPN", "no stance here; allowed: level, engagement"),
        ("decisions.USA.stance", "no such key here; allowed: JPN, KOR"),
        ("decisions.USA.stance.RUS", "no RUS here; allowed: JPN, KOR"),
        ("world.severity@2014-02", "2014-02 is not in crimea-2014, 2014-03 to 2014-12"),
        ("world.severity@2015-01", "2015-01 is not in crimea-2014, 2014-03 to 2014-12"),
        ("world.severity@2014-13", "2014-13 is not in crimea-2014, 2014-03 to 2014-12"),
        ("world.severity@May", "May is not in crimea-2014, 2014-03 to 2014-12"),
        ("world.severity@2014-Q2", "2014-Q2 is not in crimea-2014, 2014-03 to 2014-12"),
        ("world.severity@2014-03..2014-05", "is not in crimea-2014, 2014-03 to 2014-12"),
        ("decisions.KOR.level@2014-02", "2014-02 is not in crimea-2014"),
        ("decisions.KOR.level@2014-05..2015-01", "2015-01 is not in crimea-2014"),
        ("decisions.KOR.level@2014-01..2014-05", "2014-01 is not in crimea-2014"),
        ("decisions.KOR.level@..2014-05", "is not in crimea-2014"),
    ],
)
def test_a_wrong_path_is_told_what_is_allowed(path, allowed):
    with pytest.raises(ValueError, match=re.escape(allowed)) as caught:
        variant_paths.target(CRIMEA, path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "decisions.KOR.level.JPN",
        "decisions.KOR.engagement.x.y",
        "decisions.USA.stance.KOR.x",
        "decisions.KOR.level@2014-06..2014-03",
        "decisions.KOR.level@2014-03..",
        "decisions.KOR.level@",
        "world.severity@",
    ],
)
def test_no_part_of_a_path_is_ignored(path):
    with pytest.raises(ValueError, match=r"^.+$"):
        variant_paths.target(CRIMEA, path)


def test_a_long_wrong_name_is_told_cut():
    with pytest.raises(ValueError, match=r"no x{60} here") as caught:
        variant_paths.target(CRIMEA, f"world.{'x' * 5000}")
    assert len(str(caught.value)) < 300


def test_values_must_be_as_many_as_settings():
    setting = Setting(named(CRIMEA, "world.severity"))
    with pytest.raises(ValueError, match="shorter"):
        variants.vary(CRIMEA, [setting], [])


# --- both engines ---------------------------------------------------------------------------

SHORT = [base_of(lasting(base.scenario, 5)) for base in BASES.values()]


def played_apart(variant, seed, run):
    """Where the two engines differ on a variant: in a choice, or in what is recorded."""
    scenario, parameters = variant.scenario, variant.parameters
    outcome = kernel.simulate(
        variant.line, parameters.weights, parameters.dynamics, seed, run, runs=1
    )
    compiled = Ensemble(scenario, parameters, seed, outcome)
    model = AlignmentModel(scenario, parameters, run, rng=seed, line=variant.line).run_all()
    chosen = {key: compiled.chosen(key)[0].tolist() for key in compiled.decisions}
    assert len(model.decisions) == len(chosen) * scenario.calendar.steps
    found = [
        (made.date, made.state, made.decision, made.toward)
        for made in model.decisions
        if chosen[made.state, made.decision, made.toward][made.step] != made.chosen
    ]
    for name in ("pressure", "misalignment"):
        recorded = np.array(model.datacollector.model_vars[name])
        if recorded.tobytes() != getattr(outcome, name)[0].tobytes():
            found.append(name)
    return found


@examples(60, shrink=False)
@given(st.data(), st.sampled_from(SHORT), seeds, st.integers(0, 2**32 - 1))
def test_the_engines_agree_on_any_variant(data, base, seed, run):
    parts = (of_inputs(base), of_indices(base), of_decisions(base), of_weights())
    made = [each for part in parts for each in data.draw(part)]
    assert played_apart(vary(base, *made), seed, run) == []


@examples(40, shrink=False)
@given(st.data(), scenarios(most_allies=4, most_steps=5).map(base_of), seeds)
def test_the_engines_agree_on_variants_of_any_scenario(data, base, seed):
    parts = (of_inputs(base), of_indices(base), of_decisions(base), of_weights())
    made = [each for part in parts for each in data.draw(part)]
    assert played_apart(vary(base, *made), seed, 0) == []


def test_both_engines_play_the_arrays_of_the_variant_not_those_of_its_scenario():
    """Negative control: with the scenario alone they would differ."""
    made = [Set(f"indices.{ally}.norms", 1.0) for ally in CRIMEA.scenario.allies]
    made += [Set("weights.groups.norms", 50.0), Set("decisions.KOR.engagement", 2.0)]
    variant = vary(CRIMEA, *made)
    assert played_apart(variant, 0, 0) == []
    line = vary(CRIMEA, *made[:-1], Set("decisions.KOR.engagement", 1.0)).line
    assert line.allies.tobytes() == variant.line.allies.tobytes()
    scenario, parameters, _ = variant
    with_line = AlignmentModel(scenario, parameters, 0, rng=0, line=variant.line).run_all()
    without = AlignmentModel(scenario, parameters, 0, rng=0).run_all()
    assert [ally.engagement for ally in with_line.allies][1] == 2
    assert [made.utilities for made in with_line.decisions] != [
        made.utilities for made in without.decisions
    ]


@pytest.mark.parametrize("path", FIXED)
def test_a_decision_that_is_set_is_taken_by_both_engines(path):
    variant = vary(CRIMEA, Set(f"{path}@2014-04..2014-06", 2.0))
    assert played_apart(variant, 3, 1) == []
    model = AlignmentModel(variant.scenario, variant.parameters, 1, 3, variant.line).run_all()
    _, state, decision, *toward = path.split(".")
    key = (state, decision, toward[0] if toward else None)
    made = [each for each in model.decisions if (each.state, each.decision, each.toward) == key]
    assert [each.chosen for each in made[1:4]] == [2, 2, 2]
    assert [each.draw is None for each in made] == [False] + [True] * 3 + [False] * 6


# --- which paths there are ------------------------------------------------------------------


@examples(20)
@given(scenarios())
def test_input_paths_list_every_input_once(scenario):
    base = base_of(scenario)
    expected = {f"world.{name}" for name in inputs.WORLD}
    expected |= {f"blocs.{bloc}.{name}" for bloc in scenario.blocs for name in inputs.BLOC}
    for state in scenario.states:
        expected |= {f"states.{state}.{name}" for name in role_table(scenario, state)}
    paths = variant_paths.input_paths(scenario)
    assert len(paths) == len(set(paths))
    assert set(paths) == expected
    for path in paths:
        target = named(base, path)
        assert (target.path, ".".join(target.place), target.month) == (path, path, None)
        assert target.quantity(scenario) is quantity(base, path)
        assert target.row.unit == quantity(base, path).unit


@pytest.mark.parametrize("name", EPISODES)
def test_input_paths_of_an_episode_are_those_of_its_file(name):
    """In the order of the file, too."""
    data = documents.read(reading.find(name)).data

    def paths(node, *at):
        if "value" in node:
            return [".".join(at)]
        below = [paths(item, *at, key) for key, item in node.items() if isinstance(item, dict)]
        return [path for part in below for path in part]

    expected = [path for key in ("world", "blocs", "states") for path in paths(data[key], key)]
    assert variant_paths.input_paths(BASES[name].scenario) == expected


@examples(20)
@given(scenarios())
def test_event_paths_list_every_change_within_the_scenario(scenario):
    base = base_of(scenario)
    first, last = scenario.calendar.start, scenario.calendar.ends[-1]
    expected = [
        f"{path}@{change.date[:7]}"
        for path in variant_paths.input_paths(scenario)
        for change in quantity(base, path).changes
        if first <= change.date[:7] <= last
    ]
    assert variant_paths.event_paths(base) == expected
    for path in expected:
        target = named(base, path)
        assert isinstance(target, InputTarget)
        assert f"{'.'.join(target.place)}@{target.month}" == path
        assert target.stated(base) is not None


def test_event_paths_of_crimea():
    assert variant_paths.event_paths(CRIMEA) == [
        "world.severity@2014-03",
        "world.severity@2014-05",
        "world.severity@2014-07",
        "blocs.EU.level@2014-03",
        "blocs.EU.level@2014-07",
    ]


def test_decision_paths_list_every_decision_once():
    assert sorted(variant_paths.decision_paths(CRIMEA.scenario)) == sorted(FIXED)
    for path, (table, ally) in FIXED.items():
        target = named(CRIMEA, path)
        assert (target.table, target.ally) == (table, ally)


@examples(20)
@given(scenarios())
def test_decision_paths_parse_in_any_scenario(scenario):
    base = base_of(scenario)
    targets = [named(base, path) for path in variant_paths.decision_paths(scenario)]
    places = {(target.table, target.ally) for target in targets}
    assert len(places) == len(targets) == 1 + 4 * len(scenario.allies)


# --- what is stated and shown ---------------------------------------------------------------


def test_stated_is_the_value_and_range_at_the_last_step():
    scenario = changed(
        lasting(CRIMEA.scenario, 5),
        KOR__norms_emphasis=(0.1, {"2014-01": 0.2, "2014-07-31": 0.3, "2014-08": 0.4}),
    )
    base = base_of(scenario)
    assert named(base, "states.KOR.norms_emphasis").stated(base) == (0.3, (0.3, 0.3))
    assert named(base, "world.severity").stated(base) == (0.75, (0.65, 0.8))
    assert named(base, "blocs.EU.level").stated(base) == (3.0, (3.0, 3.0))
    assert named(base, "world.initial_severity").stated(base) == (0.0, (0.0, 0.2))


def test_stated_of_an_event_is_that_of_its_change():
    def stated(path):
        return named(CRIMEA, path).stated(CRIMEA)

    assert stated("world.severity@2014-05") == (0.6, (0.5, 0.65))
    assert stated("world.severity@2014-07-01") == (0.75, (0.65, 0.8))
    assert stated("world.severity@2014-06") is None


def test_stated_of_a_weight_is_that_of_its_file():
    for path in WEIGHTS:
        _, part, name = path.split(".")
        number = getattr(CALIBRATED, part)[name]
        assert named(CRIMEA, path).stated(CRIMEA) == (number.value, number.range)


@pytest.mark.parametrize("path", ["indices.KOR.exposure", *FIXED])
def test_no_file_states_an_index_or_a_decision(path):
    assert named(CRIMEA, path).stated(CRIMEA) is None


@examples(150)
@given(st.sampled_from(list(BASES.values())), st.data(), unit)
def test_a_place_in_a_range_is_shown_as_the_number_in_force_at_the_end(base, data, place):
    path = data.draw(st.sampled_from([*PATHS, *variant_paths.event_paths(base)]))
    target = named(base, path)
    variant = vary(base, Set(path, place, "range"))
    end = target.month or base.scenario.calendar.ends[-1]
    assert target.shown(base, place, "range") == quantity(variant, path).at(end)


def test_a_place_in_the_range_of_a_whole_input_is_shown_whole(wide):
    target = named(wide, "blocs.EU.level")
    shown = [target.shown(wide, place, "range") for place in (0.0, 0.3, 0.34, 0.67, 1.0)]
    assert shown == [3.0, 3.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("path", WEIGHTS)
def test_a_place_in_the_range_of_a_weight_is_shown_as_what_is_set(path):
    target = named(CRIMEA, path)
    low, high = target.stated(CRIMEA)[1]
    assert target.shown(CRIMEA, 0.0, "range") == low
    assert target.shown(CRIMEA, 0.5, "range") == pytest.approx((low + high) / 2.0)
    assert target.shown(CRIMEA, 1.0, "range") == high


@pytest.mark.parametrize(
    "path",
    ["world.severity", "world.severity@2014-05", "indices.KOR.norms", "weights.terms.market"],
)
@pytest.mark.parametrize("how", ["value", "shift"])
def test_values_and_shifts_are_shown_as_they_are(path, how):
    assert named(CRIMEA, path).shown(CRIMEA, 0.25, how) == 0.25


@pytest.mark.parametrize("path", FIXED)
def test_options_are_shown_by_name_and_found_by_it(path):
    target = named(CRIMEA, path)
    options = range(-1, len(target.names))
    shown = [target.shown(CRIMEA, float(option), "value") for option in options]
    assert shown == ["free", *target.names]
    assert [target.option(name) for name in shown] == list(options)


def test_options_are_found_by_number_where_that_is_their_name():
    assert named(CRIMEA, "decisions.KOR.level").option(5) == 5.0
    assert named(CRIMEA, "decisions.USA.stance.KOR").option("assure") == 2.0


@pytest.mark.parametrize("name", [6, -1, 1.5, True, None, "", "press", "Free"])
def test_an_unknown_option_is_told_the_known_ones(name):
    with pytest.raises(ValueError, match=r"^should be one of 0, 1, 2, 3, 4, 5, free$"):
        named(CRIMEA, "decisions.KOR.level").option(name)
