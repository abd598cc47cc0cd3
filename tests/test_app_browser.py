"""The pages in a real browser: nothing leaves the machine, nothing fails, all is accessible."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from alignsim.app import charts, forecasting, world
from alignsim.app import setting as settings
from alignsim.app.lesson import PAGES
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from tests.served import PHONE, PROJECTOR, Visitor, chromium, served
from tests.tab import ordered

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_runs")]

KEY = "a-key-for-the-tests"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(KEY, in_class=True) as found:
        ordered(found, KEY, ("open", t("teacher.lesson.pages_open")))
        yield found


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    made = Visitor(browser, address)
    yield made
    made.leave()


# --- every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, f"teacher/?key={KEY}"])
@pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
def test_a_page_opens_in_order(
    browser: Browser, address: str, page: str, size: dict[str, int]
) -> None:
    visitor = Visitor(browser, address, size)
    visitor.open(page if "?" in page else f"{page}/")
    expect(visitor.page.locator("h1")).to_be_visible()
    visitor.accessible()
    visitor.fits()
    name = page.partition("/")[0]
    visitor.picture(name if size is PROJECTOR else f"{name}-phone")
    visitor.leave()


def test_a_page_prints(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("svg.panel").first).to_be_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_words_are_explained_on_hover_and_focus(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    word = page.locator("button.gloss", has_text="joined").first
    meaning = page.get_by_role("tooltip").filter(has_text="At level 2 or more")
    expect(meaning).to_be_hidden()
    word.hover()
    expect(meaning).to_be_visible()
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    page.mouse.move(0, 700)
    word.focus()
    expect(meaning).to_be_visible()


# --- explore --------------------------------------------------------------------------------------


def _setting(url: str) -> PageSetting:
    return settings.from_query(parse_qsl(urlsplit(url).query), ("kept", "show"))


def test_a_slider_moves_by_keyboard_and_the_address_follows(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    page.locator("summary", has_text="South Korea").click()
    switch = page.get_by_role("switch", name="member of the G7")
    switch.focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("states.KOR.g7=1.0"))
    visitor.settled()
    expect(switch).to_be_checked()
    box = page.locator('[data-path="states.KOR.nuclear_electricity"]')
    box.locator("input[type=range]").focus()
    page.keyboard.press("End")
    page.wait_for_url(re.compile("states.KOR.nuclear_electricity=1.0"))
    visitor.settled()
    expect(box.locator("input[type=number]")).to_have_value("1")
    made = _setting(page.url)
    assert made.changed == {"states.KOR.g7": 1.0, "states.KOR.nuclear_electricity": 1.0}
    joined = forecasting.forecast(made).joined("KOR")
    expect(page.locator("[data-joined=KOR]")).to_have_text(charts.percent(joined))
    expect(page.get_by_role("status").first).to_contain_text("member of the G7 (South Korea)")


def test_a_link_reproduces_the_page(visitor: Visitor) -> None:
    made = PageSetting("ukraine-2022", 5).with_changes({"weights.groups.commerce": 1.5})
    page = visitor.open(
        f"explore/?{made.query()}&kept=start%3Dukraine-2022&show=states.JPN.us_troops"
    )
    expect(page.locator("#start")).to_have_value("ukraine-2022")
    expect(page.locator("#seed")).to_have_value("5")
    expect(page.locator('[data-path="weights.groups.commerce"] input[type=number]')).to_have_value(
        "1.5"
    )
    expect(page.locator('[data-path="states.JPN.us_troops"]')).to_have_count(1)
    expect(page.locator(".charts")).to_have_count(2)
    before = page.locator("#result").inner_text()
    assert page.locator("#link").input_value() == page.url
    page.reload()
    visitor.settled()
    assert page.locator("#result").inner_text() == before
    visitor.accessible()
    visitor.picture("explore-compared", whole=True)


def test_undo_reset_and_compare(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    number = page.locator('[data-path="weights.groups.norms"] input[type=number]')
    stated = number.input_value()
    for value in ("0.9", "1.1"):
        number.fill(value)
        page.wait_for_url(re.compile(f"norms={value}"))
        visitor.settled()
        page.wait_for_timeout(1600)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile("norms=0.9"))
    expect(number).to_have_value("0.9")
    page.get_by_role("button", name="Keep this to compare").click()
    expect(page.locator(".charts")).to_have_count(2)
    page.get_by_role("button", name="Reset").click()
    expect(number).to_have_value(stated)
    assert _setting(page.url) == PageSetting()
    page.get_by_role("button", name="Stop comparing").click()
    expect(page.locator(".charts")).to_have_count(1)
    number.fill("2")
    page.wait_for_url(re.compile("norms=2.0"))
    page.locator('[data-path="weights.groups.norms"]').get_by_role("button", name="Back to").click()
    visitor.settled()
    expect(number).to_have_value(stated)


def test_a_whatif_another_input_and_a_seed(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    page.locator("#start").select_option("us-lng")
    page.wait_for_url(re.compile("start=us-lng"))
    expect(page.get_by_role("status").first).to_contain_text("what-if")
    page.locator("#add").select_option("states.JPN.us_troops")
    expect(page.locator('[data-path="states.JPN.us_troops"]')).to_have_count(1)
    page.locator("#seed").fill("9")
    page.locator("#seed").press("Tab")
    page.wait_for_url(re.compile("seed=9"))
    page.locator("summary", has_text="numbers behind").click()
    expect(page.locator("#numbers table").first).to_be_visible()


def test_a_wrong_number_is_told_and_the_page_goes_on(visitor: Visitor) -> None:
    page = visitor.open("explore/")
    number = page.locator('[data-path="weights.groups.norms"] input[type=number]')
    number.fill("-3")
    expect(page.get_by_role("alert").filter(has_text="Norms must be")).to_be_visible()
    number.fill("1")
    page.wait_for_url(re.compile("norms=1.0"))
    expect(page.get_by_role("alert").filter(has_text="Norms must be")).to_have_count(0)


def test_files_taken_away_play_the_same(visitor: Visitor, tmp_path: Path) -> None:
    """What the page shows, the table, and the command with the files and seed are one."""
    made = PageSetting(seed=3).with_changes(
        {"states.KOR.g7": 1.0, "world.severity@2014-07": 0.9, "weights.groups.norms": 0.7}
    )
    page = visitor.open(f"explore/?{made.query()}")
    for kind in ("Scenario file", "Weight file", "Table (CSV)"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=kind).click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    command = page.locator("code").inner_text().split()
    assert command[:2] == ["alignsim", "run"]
    program = str(Path(sys.executable).with_name("alignsim"))
    runs = ["--runs", str(forecasting.RUNS), "--out", "out", "--json"]
    done = subprocess.run(
        [program, *command[1:], *runs], cwd=tmp_path, capture_output=True, check=True
    )
    rows = json.loads(done.stdout)["paths"]
    assert (tmp_path / "out" / "paths.csv").read_text() == (
        tmp_path / f"{made.name}.csv"
    ).read_text()
    for ally in ("JPN", "KOR"):
        last = [row for row in rows if (row["state"], row["decision"]) == (ally, "level")][-1]
        shown = page.locator(f"[data-joined={ally}]").get_attribute("data-value")
        assert float(str(shown)) == sum(last["probabilities"][2:])


def test_a_scenario_file_opens(visitor: Visitor, tmp_path: Path) -> None:
    made = PageSetting("ukraine-2022").with_changes({"states.KOR.norms_emphasis": 0.2})
    (tmp_path / "mine.yaml").write_text(settings.scenario_file(made, "t", "w"), "utf-8")
    (tmp_path / "bad.yaml").write_text("name: [", "utf-8")
    page = visitor.open("explore/")
    page.locator("#file").set_input_files(tmp_path / "mine.yaml")
    page.wait_for_url(re.compile("norms_emphasis=0.2"))
    assert _setting(page.url) == made
    page.locator("#file").set_input_files(tmp_path / "bad.yaml")
    expect(page.get_by_role("alert").filter(has_text="your file")).to_be_visible()


# --- why ------------------------------------------------------------------------------------------


def test_a_step_of_a_chart_leads_to_its_reasons(visitor: Visitor) -> None:
    page = visitor.open("explore/?states.KOR.g7=1.0")
    page.locator('a.why[aria-label^="South Korea, Jul 2014: sanctions level"]').click()
    expect(page.locator("h2").first).to_contain_text("South Korea: sanctions level, Jul 2014")
    assert "states.KOR.g7=1.0" in page.url
    expect(page.locator("#redline table, #redline p").first).to_be_visible(timeout=60_000)
    page.locator("details summary", has_text="Claims").first.click()
    page.locator("details[open] a").first.click()
    expect(page.locator("h1")).to_have_text("Evidence")


def test_a_decision_is_chosen_by_form(visitor: Visitor) -> None:
    page = visitor.open("why/")
    page.locator("#choose-which").select_option("RUS.stance.JPN")
    page.locator("#choose-date").select_option("2014-05")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h2").first).to_contain_text("Russia: stance toward Japan, May 2014")
    visitor.settled()
    visitor.accessible()


# --- the world ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
def test_a_square_of_the_map_leads_to_its_state(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    visitor = Visitor(browser, address, size)
    page = visitor.open("world/")
    panel = page.locator("#chosen")
    page.locator("a.tile[data-state=MEX]").click()
    page.wait_for_url(re.compile("year=2022&forecaster=theory&state=MEX"))
    expect(panel.get_by_role("heading", level=2)).to_have_text("Mexico")
    expect(panel).to_be_in_viewport()
    said = world.results().of("2022", "theory", "MEX")
    assert said is not None
    expect(panel.locator("tbody tr").nth(1)).to_contain_text(charts.percent(said.p))
    expect(page.locator("#reasons")).to_contain_text("Mexico: sanctions level", timeout=60_000)
    expect(page.locator("#reasons").get_by_role("heading").first).to_contain_text("Why not")
    visitor.settled()
    visitor.accessible()
    visitor.fits()
    visitor.leave()


def test_year_and_forecaster_of_the_map_are_chosen_by_form(visitor: Visitor) -> None:
    page = visitor.open("world/?state=CHE")
    page.locator("#choose-forecaster").select_option("ideal-point")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("forecaster=ideal-point"))
    expect(page.locator("h2").first).to_contain_text("UN votes alone")
    said = world.results().of("2022", "ideal point", "CHE")
    assert said is not None
    expect(page.locator("a.tile.chosen")).to_have_attribute(
        "aria-label", re.compile(re.escape(charts.percent(said.p)))
    )
    page.locator("#choose-year").select_option("2014")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("year=2014&forecaster=ideal-point&state=CHE|state=CHE"))
    expect(page.locator("h2").first).to_contain_text("2014, each state left out")
    expect(page.locator("a.tile.joined").first).to_be_visible()
    page.locator("#choose-forecaster").select_option("same-as-2014")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert").filter(has_text="says nothing of 2014")).to_be_visible()
    page.locator("summary", has_text="The same in numbers").click()
    visitor.settled()
    visitor.accessible()


def test_the_map_is_walked_by_keyboard(visitor: Visitor) -> None:
    page = visitor.open("world/?year=2014&state=CHE")
    assert page.locator("a.tile[tabindex='0']").count() == 1
    page.locator("a.tile.chosen").focus()
    number = page.locator("a.tile:focus .number")
    expect(number).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("a.tile[data-state=AUT]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("a.tile[data-state=CHE]")).not_to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#chosen"))
    assert "state=CHE" not in page.url
    expect(page.locator("a.tile.chosen")).to_have_attribute("tabindex", "0")
    page.emulate_media(media="print")
    expect(page.locator("svg.map")).to_be_visible()


# --- play -----------------------------------------------------------------------------------------


def _open_game(visitor: Visitor, seat: str, shared: bool, name: str = "") -> str:
    """Open a game in a seat; its code."""
    page = visitor.open("play/")
    page.locator("#scene fieldset").wait_for()
    page.get_by_role("radio", name=re.compile(f"^{seat}")).check()
    if shared:
        page.get_by_role("radio", name="Others join by a code").check()
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Open the game").click()
    expect(page.get_by_role("heading", name="Predict first")).to_be_visible()
    return dict(parse_qsl(urlsplit(page.url).query))["room"]


def _join_game(visitor: Visitor, code: str, seat: str, name: str = "") -> None:
    page = visitor.open("play/")
    page.locator("#code").fill(code)
    page.locator("#join_seat").get_by_role("radio", name=re.compile(f"^{seat}")).check()
    page.locator("#join_name").fill(name)
    page.get_by_role("button", name="Join the game").click()
    expect(page.get_by_role("heading", name="Predict first")).to_be_visible()


def _predict(visitor: Visitor, japan: int, korea: int) -> None:
    page = visitor.page
    page.locator("#chance_JPN").fill(str(japan))
    page.locator("#chance_KOR").fill(str(korea))
    page.locator("#final_JPN").get_by_role("radio").nth(3).check()
    page.locator("#final_KOR").get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Keep my prediction").click()


def _decide(visitor: Visitor, step: int, *options: int) -> None:
    page = visitor.page
    for number, option in enumerate(options):
        page.locator(f"#pick_{step}_{number}").get_by_role("radio").nth(option).check()
    page.get_by_role("button", name="Decide", exact=True).click()


def test_two_students_play_one_game(browser: Browser, address: str) -> None:
    """Tokyo and Seoul predict, play to the end, and see what their choices cost."""
    tokyo, seoul = Visitor(browser, address), Visitor(browser, address, PHONE)
    code = _open_game(tokyo, "Tokyo", shared=True, name="Aiko")
    _join_game(seoul, code, "Seoul")
    tokyo.accessible()
    tokyo.picture("play-predict")
    for one, (japan, korea) in ((tokyo, (80, 30)), (seoul, (60, 10))):
        _predict(one, japan, korea)
    tokyo.page.get_by_role("button", name="Begin the game").click()
    steps = PageSetting().base.scenario.calendar.steps
    for step in range(steps):
        for one in (tokyo, seoul):
            expect(one.page.locator("#now")).to_contain_text("you are")
        if step == 0:
            tokyo.accessible()
            tokyo.picture("play", whole=True)
            seoul.picture("play-phone", whole=True)
            seoul.fits()
        _decide(tokyo, step, min(step, 3), 1)
        if step == 1:
            expect(tokyo.page.get_by_text("Waiting for Seoul")).to_be_visible()
            tokyo.accessible()
        _decide(seoul, step, 0, 2)
    for one in (tokyo, seoul):
        expect(one.page.get_by_role("heading", name="Debrief")).to_be_visible()
        one.settled()
        one.accessible()
        one.fits()
    expect(tokyo.page.locator("svg.panel .mine").first).to_be_attached()
    tokyo.picture("play-debrief", whole=True)
    teacher = Visitor(browser, address)
    page = teacher.open(f"teacher/?key={KEY}")
    expect(page.locator("#rooms")).to_contain_text(code)
    expect(page.locator("#predictions")).to_contain_text("Aiko")
    teacher.settled()
    teacher.accessible()
    teacher.picture("teacher", whole=True)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save predictions and choices").click()
    kept = Path(waiting.value.path()).read_text("utf-8")
    assert code in kept
    assert "Aiko" in kept
    for one in (tokyo, seoul, teacher):
        one.leave()


def test_a_student_who_reloads_goes_on(visitor: Visitor) -> None:
    _open_game(visitor, "Washington", shared=False)
    _predict(visitor, 50, 50)
    page = visitor.page
    expect(page.locator("#now")).to_contain_text("Mar 2014")
    _decide(visitor, 0, 2, 1, 0)
    expect(page.locator("#now")).to_contain_text("Apr 2014")
    page.reload()
    expect(page.locator("#now")).to_contain_text("Apr 2014")
    visitor.settled()


def test_a_wrong_code_or_key_is_told(visitor: Visitor, address: str) -> None:
    page = visitor.open("play/?room=ZZZZZ&token=no")
    expect(
        page.get_by_role("alert").or_(page.get_by_role("heading", name="ended")).first
    ).to_be_visible()
    page = visitor.open("teacher/?key=wrong")
    expect(page.locator("#rooms")).to_have_count(0)


# --- the connection -------------------------------------------------------------------------------


class Command:
    """``alignsim app`` as a process, on one port."""

    def __init__(self) -> None:
        self.process = self._start(0)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.address = line.split()[-1]

    def _start(self, port: int) -> "subprocess.Popen[str]":
        program = str(Path(sys.executable).with_name("alignsim"))
        arguments = [program, "app", "--no-browser", "--port", str(port)]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def again(self) -> None:
        self.process = self._start(int(urlsplit(self.address).port or 0))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def _opened(visitor: Visitor, path: str) -> None:
    """Open once the server answers."""
    for _ in range(200):
        try:
            visitor.open(path)
            return
        except Exception:  # the server is still starting
            time.sleep(0.2)
    raise AssertionError("the server did not answer")


def test_the_page_comes_back_with_the_server(browser: Browser) -> None:
    command = Command()
    visitor = Visitor(browser, command.address)
    _opened(visitor, "explore/?weights.groups.norms=1.0")
    before = visitor.page.locator("#result").inner_text()
    visitor.faults.clear()
    command.kill()
    expect(visitor.page.locator("#lost")).to_be_visible()
    command.again()
    expect(visitor.page.locator("#lost")).to_be_hidden(timeout=60_000)
    visitor.settled()
    expect(visitor.page.locator("#result")).to_have_text(re.compile("South Korea"), timeout=20_000)
    assert visitor.page.locator("#result").inner_text() == before
    visitor.context.close()
    assert command.stop() == 130


def test_a_game_goes_on_after_the_server_was_killed(browser: Browser) -> None:
    command = Command()
    visitor = Visitor(browser, command.address)
    _opened(visitor, "play/")
    _open_game(visitor, "Seoul", shared=False)
    _predict(visitor, 90, 20)
    page = visitor.page
    for step, month in enumerate(("Mar", "Apr")):
        expect(page.locator("#now")).to_contain_text(f"{month} 2014")
        _decide(visitor, step, step, 2)
    expect(page.locator("#now")).to_contain_text("May 2014")
    visitor.faults.clear()
    command.kill()
    expect(page.locator("#lost")).to_be_visible()
    command.again()
    expect(page.get_by_role("heading", name="This game ended")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Go on from where it stopped").click()
    expect(page.locator("#now")).to_contain_text("May 2014")
    _decide(visitor, 2, 1, 2)
    expect(page.locator("#now")).to_contain_text("Jun 2014")
    visitor.context.close()
    assert command.stop() == 130
