"""What confused readers of the pages, put in plain words: names, units, numbers, faults, files."""

import html
import re
from dataclasses import replace

import pytest

from alignsim import indicators, inputs, memberships, reading
from alignsim.app import (
    charts,
    controls,
    debrief,
    forecasting,
    naming,
    numbers,
    opening,
    play_debrief,
    play_setup,
    play_steps,
    setting,
    why,
)
from alignsim.app import game as games
from alignsim.app.game import Game
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import all_texts, t
from alignsim.documents import DocumentError
from alignsim.redline_tables import RedLine

pytestmark = pytest.mark.usefixtures("few_runs")

STARTS = tuple(setting.starts())
HUGE = 10**400


# --- how it ended ---------------------------------------------------------------------------------


@pytest.mark.parametrize("start", STARTS)
def test_the_question_of_a_prediction_names_the_case_and_the_date(start: str) -> None:
    room, _ = Rooms().create(PageSetting(start), "JPN", "", shared=False)
    shown = html.unescape(str(play_setup.predict(room)))
    assert f"“{setting.title(start)}”" in shown
    scenario = setting.base(start).scenario
    lead = shown.partition('class="lead"')[2].partition("</p>")[0]
    assert scenario.calendar.ends[-1][:4] in lead


# --- shares of runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "percent", "words"),
    [
        (0.0, "0.0", "in no run"),
        (0.0004, "<0.1", "in <0.1"),
        (0.25, "25.0", "in 25.0"),
        (0.9999, ">99.9", "in >99.9"),
        (1.0, "100.0", "in every run"),
    ],
)
def test_none_and_all_are_told_apart_from_hardly_any(
    share: float, percent: str, words: str
) -> None:
    assert charts.percent(share) == f"{percent}\N{NO-BREAK SPACE}%"
    assert charts.in_runs(share).startswith(words)


def test_no_change_is_called_none() -> None:
    documented = forecasting.forecast(PageSetting())
    # A membership that is stated already, and a number that nobody decides by in this case.
    made = forecasting.forecast(PageSetting().with_changes({"states.USA.assured_supply": 0.06}))
    told = charts.sentence(made, documented)
    assert "South Korea: no change; it joins in no run" in told
    assert "as before" not in told
    nothing = [key for key, text in all_texts().items() if "in {share} of runs" in text]
    assert nothing == ["runs.some"]


# --- names of columns -----------------------------------------------------------------------------


def test_history_and_the_unchanged_model_are_called_so() -> None:
    made = forecasting.forecast(PageSetting())
    shown = str(charts.summary(made, made)) + str(charts.legend()) + str(charts.numbers(made))
    assert "Model, unchanged" in shown
    assert ">History<" in shown
    assert "ocumented" not in re.sub("<[^>]*>", "", shown)
    for key, text in all_texts().items():
        if key.split(".")[0] in ("explore", "why", "frame", "play", "world"):
            said = re.sub(r"\{[a-z]+\}", "", text)
            assert not re.search(r"\b[Dd]ocumented\b", said) or key == "frame.foot", key


# --- units and switches ---------------------------------------------------------------------------


def test_units_are_plain_words_wherever_they_are_shown() -> None:
    assert {row.unit for row in numbers.numbers()} & {"0 or 1", "rubric"} == set()
    for start in ("crimea-2014", "us-lng"):
        shown = html.unescape(str(controls.panel(PageSetting(start))))
        assert not re.search(r"\brubric\b(?! \()|0 or 1", re.sub(r"Source: [^<]*", "", shown))
        assert "judged, 0 to 1" in shown
    assert inputs.plain_unit("rubric") == "judged, 0 to 1"
    assert inputs.plain_unit("km") == "km"


def test_a_membership_is_a_switch() -> None:
    shown = str(controls.slider(PageSetting(), "states.KOR.g7"))
    assert 'role="switch"' in shown
    assert "checked" not in shown
    assert 'type="range"' not in shown
    assert "Back to no" in shown
    assert "In the documents: no." in html.unescape(shown)
    made = PageSetting().with_changes({"states.KOR.g7": 1.0})
    assert "checked" in str(controls.slider(made, "states.KOR.g7"))


def _line(**more: object) -> RedLine:
    line = RedLine("states.KOR.g7", "input", "member", inputs.FLAG, 0.0, (0.0, 0.0), (0.0, 1.0))
    return replace(line, threshold=1.0, within_evidence=False, **more)  # type: ignore[arg-type]


def test_a_red_line_of_a_membership_is_yes_or_no() -> None:
    cells = [str(cell) for cell in why.line(PageSetting(), _line())]
    assert cells == [
        "South Korea: member of the G7", "no", "yes", "no (beyond the evidence)",
    ]  # fmt: skip
    judged = _line(path="states.KOR.norms_emphasis", unit=inputs.RUBRIC, present=0.2)
    judged = replace(judged, threshold=0.6, evidence=(0.1, 0.3))
    cells = [str(cell) for cell in why.line(PageSetting(), judged)]
    assert cells[1:] == ["0.2", "0.6 (judged, 0 to 1)", "0.1 to 0.3 (beyond the evidence)"]


# --- impossible memberships -----------------------------------------------------------------------


def test_a_club_of_europe_is_not_offered_in_asia() -> None:
    for start in STARTS:
        made = PageSetting(start)
        offered = [path for group in controls.others(made).values() for path in group]
        for ally in made.base.scenario.allies:
            assert not {f"states.{ally}.{name}" for name in memberships.EUROPEAN} & set(offered)
            assert f"states.{ally}.g7" in offered
    assert 'data-path="states.KOR.eu"' not in str(controls.panel(PageSetting()))
    assert 'data-path="states.KOR.eu"' in str(controls.panel(PageSetting(), ["states.KOR.eu"]))


def test_what_a_state_is_and_what_is_near_europe_stays_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crimea, world = reading.read("crimea-2014"), reading.read("world-2014")
    assert not memberships.is_possible(crimea, "states.JPN.nato")
    assert memberships.is_possible(crimea, "states.JPN.gas_share")
    assert memberships.is_possible(crimea, "world.severity")
    for state in ("SRB", "TUR", "GEO"):
        assert memberships.is_possible(world, f"states.{state}.eu"), state
    own = crimea.states["KOR"]
    inside = own | {"eu": own["eu"].model_copy(update={"value": 1.0})}
    member = crimea.model_copy(update={"states": {**crimea.states, "KOR": inside}})
    assert memberships.is_possible(member, "states.KOR.eu")
    assert set(memberships.ELSEWHERE) <= {row.region for row in indicators.read(2021).rows.values()}

    def missing(year: int) -> None:
        raise DocumentError("indicators", None, "", "cannot be read")

    monkeypatch.setattr(indicators, "read", missing)
    memberships.region.cache_clear()
    assert memberships.region("KOR") == ""
    memberships.region.cache_clear()


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.1899, "2.19"), (0.54926, "0.549"), (3.0, "3"), (0.0071, "0.0071"), (57101.0, "57101"),
        (1234.5, "1234"), (0.0, "0"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert naming.number(value) == shown


def test_a_rounded_number_still_stands_for_the_stated_one() -> None:
    path = "weights.groups.norms"
    stated, _ = setting.stated("crimea-2014", path)
    shown = naming.number(stated)
    assert f'value="{shown}"' in str(controls.slider(PageSetting(), path))
    assert f'data-shown="{shown}"' in str(controls.slider(PageSetting(), path))
    # A change that prints as the stated value does must not be taken for it.
    near = PageSetting().with_changes({path: float(shown)})
    assert f'data-shown="{naming.exact(stated)}"' in str(controls.slider(near, path))
    assert naming.exact(stated) in html.unescape(str(controls.slider(near, path)))
    told = charts.causes(near)
    assert told == f"norms weighing {shown} instead of {shown}"


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"weights.groups.norms": -1}, "Norms must be between 0 and 10,000."),
        ({"weights.groups.norms": HUGE}, "Norms must be a number."),
        ({"weights.groups.norms": -HUGE}, "Norms must be a number."),
        ({"weights.groups.energy_security": 1e9}, "Energy security must be between 0 and 10,000."),
        ({"world.severity": 2}, "Severity of the breach must be between 0 and 1."),
        ({"states.JPN.us_troops": "many"}, "Japan: US troops in the country must be a number."),
        ({"states.JPN.g7": True}, "Japan: member of the G7 must be a number."),
    ],
)
def test_a16_a_number_is_refused_in_a_sentence_by_its_name(
    sent: dict[str, object], told: str
) -> None:
    with pytest.raises(SettingError) as refused:
        setting.from_numbers(PageSetting(), sent)
    assert str(refused.value) == told


def test_a16_a_file_with_a_number_of_400_digits_is_refused_in_a_sentence() -> None:
    for entry in (
        f"states.KOR.gas_share: {{value: {HUGE}, source: me}}",
        f"states.KOR.gas_share: {{value: 0.3, range: [0, {HUGE}], source: me}}",
    ):
        text = f"name: x\nkind: whatif\nextends: crimea-2014\ntitle: t\nwhy: w\nset:\n  {entry}\n"
        with pytest.raises(SettingError) as refused:
            opening.from_file(text, PageSetting())
        assert "\n" not in str(refused.value)
    weights = setting.weight_file(PageSetting().with_changes({"weights.groups.norms": 1.0}))
    assert weights is not None
    broken = re.sub(r'norms: {"value": 1.0', f'norms: {{"value": {HUGE}', weights)
    assert broken != weights
    with pytest.raises(SettingError):
        opening.from_file(broken, PageSetting())


# --- saved files ----------------------------------------------------------------------------------

SAVED = PageSetting(seed=3).with_changes(
    {"states.KOR.norms_emphasis": 0.4, "weights.groups.norms": 1.5, "weights.groups.inertia": 0.2}
)


def test_a15_both_saved_files_open_again_in_either_order() -> None:
    scenario, weights = setting.scenario_file(SAVED, "t", "w"), setting.weight_file(SAVED)
    fresh = PageSetting(seed=3)
    one = opening.from_file(weights, opening.from_file(scenario, fresh))
    other = opening.from_file(scenario, opening.from_file(weights, fresh))
    assert one == other == SAVED


def test_a15_weights_that_are_not_in_the_file_are_said() -> None:
    scenario = setting.scenario_file(SAVED, "t", "w")
    made = opening.from_file(scenario, PageSetting())
    told = opening.left_out(scenario, made)
    assert f"{SAVED.name}.weights.yaml" in told
    assert "open that file as well" in told
    assert not opening.left_out(scenario, SAVED)
    bare = setting.scenario_file(PageSetting().with_changes(dict(SAVED.changes[:1])), "t", "w")
    assert not opening.left_out(bare, PageSetting())
    assert not opening.left_out(None, PageSetting())


def test_a15_a_case_with_weights_alone_opens_again() -> None:
    made = PageSetting("us-lng").with_changes({"weights.groups.norms": 1.5})
    scenario, weights = setting.scenario_file(made, "t", "w"), setting.weight_file(made)
    again = opening.from_file(scenario, PageSetting())
    assert again == PageSetting("us-lng")
    assert opening.left_out(scenario, again)
    assert opening.from_file(weights, again) == made
    for start in STARTS:
        text = setting.scenario_file(PageSetting(start), "t", "w")
        assert opening.from_file(text, PageSetting()) == PageSetting(start)


def test_a15_weights_that_a_page_cannot_show_are_refused() -> None:
    weights = setting.weight_file(SAVED)
    assert weights is not None
    stated = setting.base("crimea-2014").weights.terms["values"]
    other = weights.replace(
        f'  values: {{"value": {stated.value}', f'  values: {{"value": {stated.range[1]}'
    )
    assert other != weights
    with pytest.raises(SettingError, match="the page changes the weights of groups only"):
        opening.from_file(other, PageSetting())
    with pytest.raises(SettingError, match="your file"):
        opening.from_file("kind: weights\n", PageSetting())


# --- a dear choice that history made --------------------------------------------------------------


def _played(level: int) -> Game:
    """Japan at a level and engagement 1 all through 2014."""
    game = games.fresh(PageSetting(), "JPN")
    steps = game.scenario.calendar.steps
    return games.with_moves(game, "JPN", ((level, 1),) * steps)


def test_a_dear_choice_of_history_is_called_so() -> None:
    game = _played(1)
    found = debrief.costs(game, "JPN")
    first = next(cost for cost in found if cost.as_history and cost.cost > 0.01)
    assert first.documented == first.chosen
    assert "In history, Tokyo took this option as well." in play_debrief.told(game, [first])
    later = next(cost for cost in found if not cost.as_history and cost.cost > 0.01)
    assert "In history" not in play_debrief.told(game, [later])
    table = str(play_debrief.cost_table(game, [first, later]))
    assert f">{t('play.debrief.history')}<" in table


def test_a_whatif_has_no_history_beside_its_costs() -> None:
    game = games.fresh(PageSetting("seoul-isolated"), "JPN")
    game = games.with_moves(game, "JPN", ((1, 1),) * game.scenario.calendar.steps)
    found = debrief.costs(game, "JPN")
    assert all(cost.documented is None and not cost.as_history for cost in found)
    assert f">{t('play.debrief.history')}<" not in str(play_debrief.cost_table(game, found[:2]))


# --- the order of a step --------------------------------------------------------------------------


def test_the_brief_stands_before_the_decision() -> None:
    room, player = Rooms().create(PageSetting(), "JPN", "", shared=False)
    shown = str(play_steps.deciding(room, "JPN", "now"))
    places = [shown.index(t(f"play.{key}")) for key in ("brief.head", "step.decide", "step.so_far")]
    assert places == sorted(places)
    assert player.token
