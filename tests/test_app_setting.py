"""Settings of a page: addresses, files, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim import documents, ensemble, reading, schema
from alignsim import weights as weight_sets
from alignsim.app import controls, forecasting, opening
from alignsim.app import setting as page_settings
from alignsim.app.setting import PageSetting, SettingError

pytestmark = pytest.mark.usefixtures("few_runs")

CHANGED = PageSetting().with_changes(
    {
        "states.KOR.gas_from_russia": 0.5,
        "world.severity@2014-07": 0.9,
        "blocs.EU.level": 3.0,
        "weights.groups.norms": 1.5,
    }
)


@st.composite
def any_setting(draw: st.DrawFn) -> PageSetting:
    start = draw(st.sampled_from(list(page_settings.starts())))
    made = PageSetting(start, draw(st.integers(0, 2**64 - 1)))
    known = [
        *(path for group in controls.others(made).values() for path in group),
        *controls.events(made),
        *(f"weights.groups.{name}" for name in ("norms", "target")),
    ]
    known = [path for path in known if not path.endswith("russia_trade_share")]
    numbers = {}
    for path in draw(st.lists(st.sampled_from(known), max_size=6, unique=True)):
        low, high, _, whole = controls.bounds(made, path)
        value = draw(st.floats(low, high))
        numbers[path] = float(round(value)) if whole else value
    return made.with_changes(numbers)


@given(made=any_setting())
@settings(max_examples=60, deadline=None)
def test_an_address_gives_the_setting_back(made: PageSetting) -> None:
    assert page_settings.from_query(parse_qsl(made.query())) == made


@pytest.mark.slow
@given(made=any_setting())
@settings(max_examples=40, deadline=None)
def test_files_play_the_same_scenario(made: PageSetting, tmp_path_factory: object) -> None:
    text = page_settings.scenario_file(made, "A title", "A reason: with a colon.")
    played = made.variant()
    if text != reading.find(made.start).read_text("utf-8"):
        document = documents.parse(text.encode(), "made.yaml")
        read = reading.resolve(document)
        assert read.episode == made.episode
        line = page_settings.Base.of(read, made.base.weights).line
        for name, values in played.line._asdict().items():
            assert np.array_equal(values, getattr(line, name)), name
        inputs = {path for path, _ in made.changes if not path.startswith("weights.")}
        again = opening.from_file(text, PageSetting(seed=made.seed))
        assert {path for path, _ in again.changes} == inputs
    assert weight_sets.parameters(page_settings.weights(made)).weights == played.parameters.weights


def test_an_unchanged_setting_offers_the_file_of_its_start() -> None:
    text = page_settings.scenario_file(PageSetting("us-lng"), "t", "w")
    assert text == reading.find("us-lng").read_text("utf-8")
    assert page_settings.weight_file(PageSetting()) is None


def test_a_file_says_what_is_made_up() -> None:
    data = documents.parse(page_settings.scenario_file(CHANGED, "t", "w").encode(), "x").data
    assert data["set"]["states.KOR.gas_from_russia"]["source"] == page_settings.SOURCE
    events = data["set"]["world.severity"]["changes"]
    assert events[0]["source"] == ["D14-11", "us-eo-13661"]
    assert events[2]["source"] == page_settings.SOURCE
    assert events[2]["label"] == "Flight MH17 shot down"


def test_a_file_meets_the_schema() -> None:
    import jsonschema

    data = documents.parse(page_settings.scenario_file(CHANGED, "t", "w").encode(), "x").data
    jsonschema.validate(data, schema.json_schema())


@pytest.mark.slow
def test_the_page_equals_the_command_to_the_digit(tmp_path: Path) -> None:
    made = PageSetting(seed=7).with_changes(dict(CHANGED.changes))
    (tmp_path / "s.yaml").write_text(page_settings.scenario_file(made, "t", "w"), "utf-8")
    (tmp_path / "w.yaml").write_text(str(page_settings.weight_file(made)), "utf-8")
    command = [str(Path(sys.executable).with_name("alignsim")), "run", "s.yaml", "--weights"]
    done = subprocess.run(
        [*command, "w.yaml", "--seed", "7", "--runs", str(forecasting.RUNS), "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)["paths"]
    shown = json.loads(json.dumps(forecasting.forecast(made).rows))
    assert told == shown


def test_the_forecast_is_that_of_free_runs() -> None:
    scenario, parameters, _ = CHANGED.variant()
    made = forecasting.forecast(CHANGED)
    expected = ensemble.free_runs(scenario, parameters, forecasting.RUNS, 0)
    for key in expected.decisions:
        assert np.array_equal(expected.chosen(key), made.ensemble.chosen(key)), key


# --- what is refused ----------------------------------------------------------------------------

HOSTILE = {
    "start=../../etc/passwd": "no scenario named",
    "start=configs/episodes/crimea-2014.yaml": "no scenario named",
    "seed=-1": "whole number",
    "seed=1e3": "whole number",
    "seed=99999999999999999999": "not in 0 to",
    "states.KOR.gas_from_russia=2": "South Korea: gas that comes from Russia must be between 0",
    "states.KOR.gas_from_russia=nan": "gas that comes from Russia must be a number",
    "states.KOR.gas_from_russia=1e999": "gas that comes from Russia must be a number",
    "states.KOR.gas_from_russia=__import__('os')": "must be a number",
    "states.KOR.g7=0.5": "South Korea: member of the G7 must be 1 for yes or 0 for no",
    "states.USA.ceiling=2.5": "whole number between 0 and 5",
    "states.KOR.nothing=1": "no nothing here",
    "states.PRK.gas_share=1": "no PRK here",
    "states.=1": "no such key here",
    "world.severity@2014-08=1": "no event in that month",
    "world.severity@1999-01=1": "is not in crimea-2014",
    "weights.groups.norms=-1": "Norms must be between 0 and 10,000",
    "weights.terms.values=1": "unknown part",
    "decisions.USA.level=1": "unknown part",
    "indices.KOR.exposure=1": "unknown part",
    "blocs.EU.russia_trade_share=0.99": "Share in Russia's trade of leader, allies and blocs",
    f"states.{'x' * 500}=1": "no such input",
    "page=1": "unknown part",
}


@pytest.mark.parametrize(("query", "told"), HOSTILE.items())
def test_an_address_with_a_fault_is_refused_in_one_sentence(query: str, told: str) -> None:
    with pytest.raises(SettingError, match=told) as caught:
        page_settings.from_query(parse_qsl(query))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(items=st.lists(st.tuples(st.text(max_size=90), st.text(max_size=90)), max_size=5))
@settings(max_examples=150, deadline=None)
def test_no_address_breaks_the_reading(items: list[tuple[str, str]]) -> None:
    try:
        made = page_settings.from_query(items)
    except SettingError as error:
        told = str(error)
    else:
        told = ""
        assert page_settings.from_query(parse_qsl(made.query())) == made
    assert "\n" not in told


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {"states.KOR.g7": True},
        {"states.KOR.g7": "1"},
        {"states.KOR.g7": None},
        {1: 2},
    ],
)
def test_what_a_page_never_sends_is_refused(sent: object) -> None:
    with pytest.raises(SettingError):
        page_settings.from_numbers(PageSetting(), sent)


def test_only_so_many_changes() -> None:
    many = {f"states.KOR.x{number}": 1.0 for number in range(page_settings.MAX_CHANGES + 1)}
    with pytest.raises(SettingError, match="At most"):
        page_settings.from_numbers(PageSetting(), many)


WHATIF = """
name: mine
kind: whatif
extends: crimea-2014
title: Mine
why: To see.
set:
  {entry}
"""
BAD_FILES = {
    "name: [": "your file:",
    "name: x\nkind: episode\n": "reads what-ifs",
    WHATIF.format(entry="states.KOR.gas_share: {value: 3, source: me}"): "not a share",
    WHATIF.format(entry="states.KOR.no: {value: 3, source: me}"): "no no here",
    WHATIF.format(entry="fixed: []"): "fix decisions",
    WHATIF.replace("crimea-2014", "../x").format(entry="a: {value: 1, source: me}"): "extends",
    WHATIF.replace("crimea-2014", "elsewhere").format(entry="a: {value: 1, source: me}"): "shipped",
    WHATIF.format(
        entry='world.severity: {value: 0.1, source: me, changes: [{date: "2014-04", value: 1, '
        "range: [1, 1], source: me}]}"
    ): "other dates",
    "x" * (page_settings.MAX_FILE + 1): "at most 64 KiB",
}


@pytest.mark.parametrize(("text", "told"), BAD_FILES.items(), ids=range(len(BAD_FILES)))
def test_a_file_with_a_fault_is_refused(text: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        opening.from_file(text, PageSetting())


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(SettingError):
        opening.from_file(None, PageSetting())
    with pytest.raises(SettingError):
        opening.from_file("\ud800", PageSetting())


def test_a_file_beside_the_server_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crimea-2014.yaml").write_text("kind: nothing")
    made = opening.from_file(
        WHATIF.format(entry="states.KOR.gas_share: {value: 0.3, source: me}"), PageSetting()
    )
    assert made.changed == {"states.KOR.gas_share": 0.3}


def test_moving_a_number_back_is_no_change() -> None:
    stated, _ = page_settings.stated("crimea-2014", "states.KOR.gas_share")
    assert PageSetting().with_changes({"states.KOR.gas_share": stated}).is_documented


# --- levers and controls ------------------------------------------------------------------------


def test_levers_are_inputs_of_the_state_that_move_it() -> None:
    found = forecasting.levers("crimea-2014", "KOR")
    assert found
    assert all(path.startswith("states.KOR.") for path in found)
    assert not any("initial_" in path for path in found)


def test_sliders_take_their_limits_from_the_tables() -> None:
    from alignsim import inputs

    for path in (one for group in controls.others(PageSetting()).values() for one in group):
        low, high, unit, whole = controls.bounds(PageSetting(), path)
        name = path.rpartition(".")[2]
        rows = [
            table[name]
            for table in (inputs.ALLY, inputs.LEADER, inputs.TARGET, inputs.WORLD, inputs.BLOC)
            if name in table
        ]
        assert (low, high, unit, whole) in [(r.low, r.high, r.unit, r.whole) for r in rows]


def test_a_slider_says_where_its_number_comes_from() -> None:
    text = controls.about(PageSetting(), "states.JPN.gas_from_russia")
    assert "0.098" in text
    assert "0.09 to 0.105" in text
    assert "International Energy Agency" in text
    assert "(2013)" in text
