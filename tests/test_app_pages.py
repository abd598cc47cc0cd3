"""Pages as HTML, without a browser: what they show, say and link to."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from htmltools import TagList

from alignsim.app import charts, downloads, drawing, explore, forecasting, reasons, why
from alignsim.app import page as frame
from alignsim.app.explore import State
from alignsim.app.setting import PageSetting, SettingError
from alignsim.reading import shipped
from tests.markup import Checked, opened

pytestmark = pytest.mark.usefixtures("few_runs")

CHANGED = PageSetting().with_changes({"states.KOR.g7": 1.0})


def made_page(page: object, query: str) -> str:
    return opened(page.page, query.encode())


def html(content: object) -> str:
    return str(TagList(content).render()["html"])


@pytest.mark.parametrize("episode", shipped("episodes"))
@pytest.mark.parametrize("page", [explore, why], ids=["explore", "why"])
def test_a_page_is_well_made(page: object, episode: str) -> None:
    outline = Checked(made_page(page, f"start={episode}"))
    assert outline.headings[0] == 1
    assert all(
        after - before <= 1
        for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert not [link for link in outline.links if urlsplit(link).netloc]


@pytest.mark.parametrize("page", [explore, why], ids=["explore", "why"])
def test_a_fault_in_an_address_is_told_and_the_page_stands(page: object) -> None:
    shown = made_page(page, "states.KOR.g7=7&start=crimea-2014")
    assert "South Korea: member of the G7 must be 1 for yes or 0 for no" in shown
    assert "<h1>" in shown


def test_hostile_text_is_escaped() -> None:
    shown = made_page(explore, "%3Cscript%3Ealert(1)%3C/script%3E=1")
    assert "<script>alert" not in shown


def test_the_state_of_explore_is_in_its_address() -> None:
    state = State(CHANGED, PageSetting("ukraine-2022", 3), ("states.JPN.gas_share",))
    assert explore.from_query(parse_qsl(CHANGED.query() + state.own())) == state


@pytest.mark.parametrize("own", ["kept=start%3Dnowhere", "kept=x%3D1", "show=states.KOR.no"])
def test_the_own_part_of_an_address_is_checked(own: str) -> None:
    state, fault = explore.opened(parse_qsl(own))
    assert state == State()
    assert fault


def test_moves_of_explore_are_checked() -> None:
    now = State(CHANGED)
    assert explore.seeded(now, "") is now
    assert explore.seeded(now, "0") is now
    assert explore.seeded(now, f" {2**64 - 1}").setting.seed == 2**64 - 1
    assert explore.started(now, "crimea-2014") is now
    assert explore.started(now, "us-lng").setting == PageSetting("us-lng")
    assert explore.added(now, "") is now
    assert explore.added(now, "states.JPN.g7").shown == ("states.JPN.g7",)
    for wrong in ("-1", "1.5", "x", str(2**64)):
        with pytest.raises(SettingError):
            explore.seeded(now, wrong)
    with pytest.raises(SettingError):
        explore.added(now, "states.JPN.x")
    with pytest.raises(SettingError):
        explore.started(now, "x")


# --- what is shown --------------------------------------------------------------------------------


def test_the_result_shows_the_numbers_of_the_forecast() -> None:
    shown = html(explore.result_of(State(CHANGED), narrow=False))
    made = forecasting.forecast(CHANGED)
    for ally in ("JPN", "KOR"):
        rows = [
            row
            for row in made.rows
            if (row["state"], row["decision"], row["date"]) == (ally, "level", "2014-12")
        ]
        joined = sum(rows[0]["probabilities"][2:])
        assert f'data-joined="{ally}" data-value="{joined}"' in shown
        assert charts.percent(joined) in shown


def test_two_settings_stand_side_by_side() -> None:
    shown = html(explore.result_of(State(CHANGED, PageSetting()), narrow=True))
    assert shown.count('class="charts"') == 2


def test_every_step_links_to_its_reasons() -> None:
    made = forecasting.forecast(CHANGED)
    outline = Checked(html(charts.charts(made)))
    steps = made.ensemble.scenario.calendar.steps
    assert len(outline.links) == steps * len(charts.shown_decisions(made.ensemble.scenario))
    for link in outline.links[:: steps // 2]:
        setting, key, step, fault = why.opened(parse_qsl(urlsplit(link).query))
        assert (setting, fault) == (CHANGED, "")
        assert key in charts.shown_decisions(made.ensemble.scenario)
        assert 0 <= step < steps


def test_the_sentence_names_causes_and_effects() -> None:
    documented = forecasting.forecast(PageSetting())
    assert "nothing changed" in charts.sentence(documented, documented)
    told = charts.sentence(forecasting.forecast(CHANGED), documented)
    assert "member of the G7 (South Korea): yes instead of no" in told
    assert "Japan: no change; it joins in" in told
    assert "South Korea joins" in told


def test_the_sentence_counts_what_it_does_not_name() -> None:
    many = PageSetting("us-lng", 4).with_changes(
        {
            f"states.JPN.{name}": 0.5
            for name in ("gas_share", "oil_share", "coal_share", "capability")
        }
        | {"weights.groups.norms": 2.0}
    )
    told = charts.causes(many)
    assert "the what-if" in told
    assert told.endswith("and 4 more changes")


def test_numbers_are_exact() -> None:
    made = forecasting.forecast(PageSetting())
    shown = html(charts.numbers(made))
    assert shown.count("<table") == len(charts.shown_decisions(made.ensemble.scenario))
    first = made.ensemble.frequencies(("JPN", "level", None))[0]
    for chance in first:
        assert f"<td>{chance:.4f}</td>" in shown


def test_a_chart_draws_what_it_is_given() -> None:
    calendar = PageSetting().base.scenario.calendar
    drawn = drawing.panel(
        calendar,
        ["a", "b<"],
        "A & B",
        [drawing.Band([0] * 10, [1] * 10, "band90")],
        [drawing.Course([None, 0, 1, None, 1] + [0] * 5, "mine")],
        [(1, 0, 1)],
        [drawing.Mark("?x=1&y=2", "why?")],
        [2],
        0.5,
    )
    assert drawn.count("<circle") == 8
    assert "A &amp; B" in drawn
    assert "b&lt;" in drawn
    assert 'href="?x=1&amp;y=2"' in drawn
    for narrow in (True, False):
        assert str(drawing.panel(calendar, ["a"], "", narrow=narrow)).startswith("<svg")


def test_bars_point_where_the_sign_says() -> None:
    drawn = drawing.bars([("gain", 0.2), ("loss", -0.1), ("none", 0.0)], "x")
    assert drawn.count('class="gain"') == 2
    assert drawn.count('class="loss"') == 1
    assert ">0.000<" in drawn
    assert drawing.bars([], "none", narrow=True)


def test_glossary_words_are_explained_once_each() -> None:
    shown = html(frame.rich("the [[joined]] and [[joined|those who joined]]"))
    assert shown.count('role="tooltip"') == 2
    assert "those who joined" in shown


# --- why ------------------------------------------------------------------------------------------


def test_reasons_along_the_documented_course() -> None:
    found = reasons.reasons(PageSetting(), ("KOR", "level", None), 4)
    assert found.run is None
    assert found.found.documented == 0
    shown = made_page(why, "state=KOR&date=2014-07")
    assert "South Korea: sanctions level, Jul 2014: 0 none" in shown
    assert "Why not 1 diplomatic?" in shown
    assert "C22-16" in shown or "D14-06" in shown


def test_reasons_in_a_changed_setting_are_those_of_a_run_like_most() -> None:
    found = reasons.reasons(CHANGED, ("KOR", "level", None), 9)
    made = forecasting.forecast(CHANGED)
    assert found.run is not None
    assert found.found.option == made.modal(("KOR", "level", None), 9)
    taken = made.ensemble.chosen(("KOR", "level", None))[:, 9]
    assert taken[found.run] == found.found.option
    assert (taken[: found.run] != found.found.option).all()
    assert "run" in made_page(why, CHANGED.query() + "&state=KOR&date=2014-12")


@pytest.mark.parametrize(
    "query",
    [
        "which=USA.stance.KOR&date=2014-05",
        "which=RUS.stance.JPN&date=2014-05",
        "which=JPN.engagement&date=2014-12",
        "which=USA.level&date=2014-03",
    ],
)
def test_every_kind_of_decision_is_explained(query: str) -> None:
    assert "Why not" in made_page(why, query)


@pytest.mark.parametrize(
    "query",
    [
        "which=",
        "which=a.b.c.d.e",
        "state=PRK",
        "state=RUS&decision=level",
        "date=1999",
        "decision=x",
    ],
)
def test_a_decision_there_is_not_is_told(query: str) -> None:
    _, key, step, fault = why.opened(parse_qsl(query, keep_blank_values=True))
    assert fault
    assert (key, step) == (("JPN", "level", None), 0)


def test_words_say_gain_loss_and_neither() -> None:
    from alignsim.explanation import Difference

    gain, loss = Difference("values", 0.0, 0.3, ()), Difference("market", 0.0, -0.1, ())
    assert "worth more by 0.200" in why.words([gain, loss])
    assert "It gains in rules and values (0.300)." in why.words([gain, loss])
    assert "worth less" in why.words([loss])
    assert "worth the same" in why.words([])


@pytest.mark.parametrize(("state", "setting"), [("KOR", PageSetting()), ("JPN", PageSetting())])
def test_red_lines_lead_to_the_other_side(
    state: str, setting: PageSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "RED_LINE_RUNS", 2)
    reasons.red_lines.cache_clear()
    found = reasons.red_lines(setting, state)
    reasons.red_lines.cache_clear()
    joined = forecasting.forecast(setting).joined(state)
    assert found.to == ("not-joined" if joined >= 0.5 else "joined")
    assert "joins in" in html(why.red_lines(setting, found))


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_figures_are_those_of_the_report(kind: str) -> None:
    made = downloads.figure(PageSetting(), kind)
    assert made.startswith(b"\x89PNG" if kind == "png" else b"<?xml")


def test_links_offer_a_weight_file_only_where_weights_changed() -> None:
    weighted = PageSetting().with_changes({"weights.groups.norms": 1.0})
    assert "/download/weight?" in html(downloads.links(weighted))
    assert "/download/weight?" not in html(downloads.links(CHANGED))
    assert downloads.command(PageSetting(seed=3)) == "alignsim run crimea-2014 --seed 3"
    assert downloads.command(CHANGED) == "alignsim run crimea-2014-changed.yaml"
    assert "--weights crimea-2014-changed.weights.yaml" in downloads.command(weighted)
