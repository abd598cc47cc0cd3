"""The pages Explore and Why? through their connection: what a reader does, and what is answered."""

import pytest

from alignsim import memberships
from alignsim.app import charts, controls, explore, forecasting, reasons, why, working
from alignsim.app import setting as settings
from alignsim.app.page import document
from alignsim.app.setting import PageSetting
from tests.markup import Checked
from tests.served import served
from tests.tab import Tab

pytestmark = pytest.mark.usefixtures("few_runs")

OUTPUTS = ("fault", "about", "sliders", "adder", "result", "numbers", "files")
G7 = {"states.KOR.g7": 1.0}


@pytest.fixture(scope="module")
def address():
    with served() as found:
        yield found


@pytest.fixture
def tab(address):
    made = opened(address)
    yield made
    made.close()


def opened(address, search="start=crimea-2014", page="explore", outputs=OUTPUTS):
    made = Tab(address, page, search, outputs)
    if page == "explore":
        made.fill(start=dict([search.split("=")])["start"], seed="0", **{"undo:shiny.action": 0})
        made.fill(narrow=False)
        made.see("result", "Japan")
    return made


def joined(changes):
    made = PageSetting().with_changes(changes)
    return charts.percent(forecasting.forecast(made).joined("KOR"))


def test_a_change_is_answered_with_its_result_and_address(tab):
    tab.fill(changes=G7)
    assert joined(G7) in tab.see("result", "member of the G7 (South Korea)")
    tab.see("files", "states.KOR.g7=1.0")
    assert tab.query == PageSetting().with_changes(G7).query()


def test_undo_takes_back_one_move_at_a_time(tab, monkeypatch):
    monkeypatch.setattr(explore, "ONE_MOVE", -1.0)
    tab.fill(changes={"weights.groups.norms": 1.0})
    tab.see("result", "norms weighing 1 ")
    tab.fill(changes={"weights.groups.norms": 2.0})
    tab.see("result", "norms weighing 2 ")
    tab.click("undo")
    tab.see("result", "norms weighing 1 ")
    tab.click("undo")
    tab.see("result", "nothing changed")
    tab.click("undo")
    tab.click("keep")
    tab.see("result", "The setting you kept")


def test_moves_of_one_slider_in_a_moment_are_one(tab, monkeypatch):
    monkeypatch.setattr(explore, "ONE_MOVE", 60.0)
    for value in (1.0, 2.0, 3.0):
        tab.fill(changes={"weights.groups.norms": value})
        tab.see("result", f"norms weighing {value:g} ")
    tab.click("undo")
    tab.see("result", "nothing changed")


def test_reset_keep_and_drop(tab):
    tab.fill(changes=G7)
    tab.see("result", "member of the G7")
    tab.click("keep")
    assert tab.see("result", "The setting you kept").count("<svg") > 5
    assert "kept=" in tab.query
    tab.click("reset")
    tab.see("result", "The model, told nothing of the outcome")
    tab.fill(**{"drop:shiny.action": 1})
    tab.see("result", "At the end, and how many steps")
    assert "kept=" not in tab.query


def test_another_start_seed_and_input(tab):
    tab.fill(start="us-lng")
    tab.see("about", "LNG")
    tab.see("result", "the what-if")
    tab.fill(seed="5")
    tab.see("result", "seed 5 instead of 0")
    tab.fill(add="states.JPN.us_troops")
    tab.see("sliders", 'data-path="states.JPN.us_troops"')
    assert "show=states.JPN.us_troops" in tab.query
    tab.fill(add="blocs.EU.level")
    tab.see("sliders", "Other inputs")


def test_numbers_are_made_when_they_are_unfolded(tab):
    tab.fill(numbers_open=True)
    tab.see("numbers", "share of the runs in each option")
    assert tab.values["numbers"].count("<table") == 5


def test_a_fault_is_told_and_mended(tab):
    tab.fill(changes={"weights.groups.norms": -1.0})
    tab.see("fault", "Norms must be between 0 and 10,000")
    tab.fill(changes=G7)
    tab.see("result", "member of the G7")
    assert tab.values["fault"] == ""


def test_a_file_is_read_or_refused(tab):
    made = PageSetting("ukraine-2022").with_changes({"states.KOR.norms_emphasis": 0.2})
    tab.fill(file={"text": settings.scenario_file(made, "t", "w")})
    tab.see("result", "weight of rules")
    tab.fill(file={"text": "name: ["})
    tab.see("fault", "your file")
    tab.fill(file=[1])
    tab.see("fault", "at most")


def test_a_bug_leaves_the_page_alive(tab, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(explore, "changed", broken)
        tab.fill(changes=G7)
        tab.see("fault", "Something went wrong")
    tab.fill(changes={"weights.groups.norms": 1.0})
    tab.see("result", "norms weighing 1 ")


def test_a_phone_gets_narrow_charts(tab):
    tab.fill(narrow=True)
    tab.see("result", 'width="348"')


# --- sliders --------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["crimea-2014", "timid-leader", "rapprochement-2016"])
def test_the_panel_has_a_control_for_whatever_is_changed(start):
    scenario = settings.base(start).scenario
    made = PageSetting(start).with_changes(
        {"states.JPN.us_troops": 60000.0, "world.severity": 0.8, "blocs.EU.level": 1.0}
    )
    shown = str(controls.panel(made, ["states.USA.ceiling"]))
    Checked(str(document("explore", made, controls.panel(made))))
    for path in (*made.changed, "states.USA.ceiling", "weights.groups.norms"):
        assert f'data-path="{path}"' in shown
    for ally in scenario.allies:
        levers = forecasting.levers(scenario.episode, ally)
        for path in memberships.possible_paths(scenario, levers)[: controls.SHOWN]:
            assert f'data-path="{path}"' in shown
    assert shown.count("control moved") == 3


def test_events_have_sliders_of_their_own():
    found = controls.events(PageSetting())
    assert found == [f"world.severity@2014-0{month}" for month in (3, 5, 7)]
    shown = str(controls.slider(PageSetting(), found[2]))
    assert "Flight MH17 shot down" in shown
    assert 'data-stated="0.75"' in shown


def test_a_slider_that_spans_far_more_than_the_evidence_is_stretched():
    assert 'data-power="3"' in str(controls.slider(PageSetting(), "states.JPN.russia_trade"))
    assert 'data-power="1"' in str(controls.slider(PageSetting(), "states.JPN.gas_share"))


def test_inputs_with_a_course_say_that_a_move_holds_throughout():
    setting = PageSetting("ukraine-2022")
    dated = [
        f"states.{code}.{name}"
        for code, table in setting.base.scenario.states.items()
        for name, quantity in table.items()
        if quantity.changes
    ]
    assert dated
    assert "holds it throughout" in controls.about(setting, dated[0])
    assert "posterior" in controls.about(setting, "weights.groups.norms")


# --- why ------------------------------------------------------------------------------------------


def test_the_red_line_follows_the_page(address):
    tab = opened(address, "state=KOR&date=2014-07", "why", ("redline",))
    assert "joins in" in tab.see("redline", "South Korea")
    tab.close()
    tab = opened(address, "which=JPN.engagement", "why", ("redline",))
    tab.see("redline", "sanctions levels of the United States and its allies only")
    tab.close()


def test_a_red_line_is_not_looked_for_where_too_many_wait(address, monkeypatch):
    monkeypatch.setattr(working, "_open", working.threading.BoundedSemaphore(1))
    with working._open:
        tab = opened(address, "state=JPN&date=2014-08", "why", ("redline",))
        tab.see("redline", "alignsim is busy")
        tab.close()


def test_lines_name_inputs_events_and_decisions():
    from alignsim.redline_tables import RedLine

    common = {"evidence": (0.1, 0.2), "bounds": (0.0, 1.0), "within_evidence": True}
    lines = [
        RedLine("states.KOR.gas_share", "input", "m", "share", 0.15, threshold=0.2, **common),
        RedLine("world.china_russia_alignment", "input", "m", "u", 0.1, threshold=0.2, **common),
        RedLine(
            "world.severity@2014-07", "event", "m", "u", 0.1, note="MH17", threshold=0.2, **common
        ),
        RedLine("decisions.USA.stance.KOR", "stance", "m", "option", "none", threshold="press"),
        RedLine("decisions.JPN.level", "decision", "m", "option", "free", threshold="4"),
    ]
    shown = [str(why.line(PageSetting(), one)) for one in lines]
    for text, told in zip(
        shown,
        (
            "South Korea: gas in the energy mix",
            "alignment of China with Russia",
            "severity of: MH17",
            "press, throughout",
            "4 broad, throughout",
        ),
        strict=True,
    ):
        assert told in text


def test_no_line_within_reach_is_said(monkeypatch):
    monkeypatch.setattr(reasons.redlines, "candidates", lambda base, state: [])
    reasons.red_lines.cache_clear()
    found = reasons.red_lines(PageSetting(), "JPN")
    reasons.red_lines.cache_clear()
    assert "No single input" in str(why.red_lines(PageSetting(), found))
