"""The page The world: its numbers are the committed ones, the verdict on 2022 among them."""

import html
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pandas as pd
import pytest
from htmltools import TagList
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim import evidence, explanation, history, kernel, outcomes, reading, timeline, weights
from alignsim.app import charts, forms, working, world, world_map, world_page, world_state
from alignsim.app.page import STATIC
from alignsim.app.texts import all_texts, below, t
from alignsim.app.world import AFTER, BEFORE, YEARS, Chance
from alignsim.app.world_map import Square
from alignsim.documents import DocumentError
from alignsim.panel import registering, shipped, tiles, verdict
from alignsim.panel.forecasting import led
from alignsim.panel.within import THEORY
from tests import markup
from tests.markup import Checked
from tests.served import served
from tests.tab import Tab

pytestmark = pytest.mark.usefixtures("few_runs")

COMMITTED = evidence.data_root() / "experiments" / "panel"
STATES = ("CHE", "DEU", "GBR", "JPN", "MEX")
CACHES = (shipped.table, shipped.forecasts, world.results)


def opened(**query: str) -> str:
    return markup.opened(world_page.page, urlencode(query).encode())


def view(**query: str) -> world_state.View:
    found, faults = world_page._view(world_page.PageSetting(), query)
    assert not faults
    return found


def left_out() -> pd.DataFrame:
    table = pd.read_csv(COMMITTED / "left-out-2014.csv")
    return table[table["left_out"] == "unit"].set_index("iso3")


# --- numbers --------------------------------------------------------------------------------------


def test_forecasts_of_2022_are_the_registered_ones() -> None:
    tables = registering.reread(COMMITTED)
    assert world.results().forecasters(AFTER) == tuple(tables)
    for name, table in tables.items():
        own = world.results().chances[AFTER][name]
        assert set(own) == set(table["iso3"]) == set(world.allies())
        for row in table.itertuples():
            assert own[row.iso3] == (row.p_joined, row.p_joined_low, row.p_joined_high)


def test_chances_of_2014_come_from_weights_that_have_not_seen_the_state() -> None:
    table = left_out()
    for name in world.results().forecasters(BEFORE):
        known = table[name].dropna()
        own = world.results().chances[BEFORE][name]
        assert {state: chance.p for state, chance in own.items()} == known.to_dict()
        assert all(chance.low is None for chance in own.values())
    assert set(world.results().chances[BEFORE][THEORY]) == set(world.allies())


def test_records_are_those_of_the_tables_of_outcomes() -> None:
    tables = {
        BEFORE: history.ends(world.scenario(BEFORE)),
        AFTER: outcomes.shipped("outcomes-2022.csv"),
    }
    for year, ends in tables.items():
        known = {
            state: None if ends[state].joined is None else ends[state].joined == 1.0
            for state in world.allies()
            if ends[state].outcome != "exclude"
        }
        assert world.results().records[year] == known


@pytest.mark.parametrize("forecaster", [THEORY, "same as 2014"])
def test_a_forecast_is_a_hit_a_miss_or_stands_beside_a_doubtful_record(forecaster: str) -> None:
    found, ends = world.results(), outcomes.shipped("outcomes-2022.csv")
    for state in world.allies():
        chance = found.of(AFTER, forecaster, state)
        assert chance is not None
        right = (chance.p > 0.5) == (ends[state].outcome == "yes")
        expected = {"partial": "doubtful", "exclude": None}.get(
            ends[state].outcome, "hit" if right else "miss"
        )
        assert found.standing(AFTER, forecaster, state) == expected
    counts = found.standings(AFTER, forecaster)
    assert sum(counts.values()) == len(found.records[AFTER])


def test_the_verdict_is_that_of_the_command() -> None:
    states, scores, criteria = (shipped.table(name) for name in world.JUDGED)
    told = html.unescape(opened())
    (line,) = re.findall(r"<strong>(The theory was on the right side.*?)</strong>", told, re.DOTALL)
    numbers = [float(one.replace("−", "-")) for one in re.findall(r"−?\d+(?:\.\d+)?", line)]
    hits, misses = ((states["standing"] == one).sum() for one in ("hit", "miss"))
    known = scores[scores["subset"] == "all states"].set_index("forecaster")["log_score"].round(3)
    good, bad = verdict.tallies(criteria)
    assert numbers == [
        hits, hits + misses, known[THEORY], known["ideal point"],
        good.of, good.met, bad.of, bad.met,
    ]  # fmt: skip


def test_every_registered_sentence_says_whether_it_came_true() -> None:
    met = world.results().met
    for side in ("for", "against"):
        points = below(f"world.judged.points.{side}")
        assert [number for own, number in met if own == side] == list(range(1, len(points) + 1))
    shown = opened().partition('id="judged"')[2].partition("</section>")[0]
    words = [t(f"world.judged.held.{word.replace(' ', '_')}") for word in met.values()]
    assert re.findall(r"<strong>([^<]*)</strong>", shown) == words


def test_ranks_count_those_ahead() -> None:
    table = registering.reread(COMMITTED)[THEORY].set_index("iso3")["p_joined"]
    ranks = table.rank(ascending=False, method="min")
    for state in STATES:
        found = world.results().rank(AFTER, THEORY, state)
        assert found == (int(ranks[state]), len(table))


@pytest.mark.parametrize(
    ("chance", "standing"),
    [
        (Chance(0.9, 0.6, 1.0), "in"),
        (Chance(0.1, 0.0, 0.4), "out"),
        (Chance(0.5, 0.4, 0.6), "open"),
        (Chance(0.5, 0.1, 0.9), "wide"),
        (Chance(0.5), "unsaid"),
    ],
)
def test_how_sure_is_told_by_the_interval(chance: Chance, standing: str) -> None:
    assert chance.standing == standing
    assert t(f"world.standing.{standing}")
    assert chance.wide == (standing == "wide")


def test_what_moves_a_state_is_that_of_its_unit() -> None:
    table = pd.read_csv(COMMITTED / "movers.csv").set_index("unit")
    moved = world.results().moved
    assert list(moved) == list(table.index)
    for name, found in moved.items():
        assert (found.before, found.after) == tuple(table.loc[name, ["before", "after"]])
        own = {f"{term}_change": change for term, change in found.terms}
        assert own == table.loc[name, list(own)].to_dict()
        sizes = [abs(change) for _, change in found.terms]
        assert sizes == sorted(sizes, reverse=True)
    assert world.unit(AFTER, "DEU") == world.unit(BEFORE, "GBR") == "EU"
    assert world.unit(AFTER, "GBR") == "GBR"
    assert t("world.moves.none") in opened(state="GBR")
    first = world.results().first
    assert first == next(unit for unit in table.index if unit in world.allies())


def test_scores_are_those_of_all_states_each_left_out() -> None:
    table = pd.read_csv(COMMITTED / "scores-2014.csv")
    judged = pd.read_csv(COMMITTED / "verdict-2022" / "scores.csv")
    tables = {
        AFTER: judged[judged["subset"] == "all states"],
        "not joined in 2014": judged[judged["subset"] == "not joined in 2014"],
        BEFORE: table[(table["subset"] == "all states") & (table["left_out"] == "unit")],
    }
    found = world.results().scores
    assert set(found) == set(tables)
    for year, own in tables.items():
        assert [one.forecaster for one in found[year]] == list(own["forecaster"])
        for one, (_, row) in zip(found[year], own.iterrows(), strict=True):
            for name in ("brier", "log_score"):
                assert getattr(one, name) == (row[name], row[f"{name}_low"], row[f"{name}_high"])
    shown = opened().partition('id="scores"')[2].partition("</section>")[0]
    marked = re.findall(r'<tr class="marked">\s*<th scope="row">([^<]*)', shown)
    assert marked == [t("world.forecasters.theory.name")] * len(tables)
    for part, own in zip(shown.split("<table")[1:], tables.values(), strict=True):
        values = [float(one) for one in re.findall(r'class="number">([\d.]+) \[', part)]
        assert values == sorted(values)
        assert len(values) == len(own)


def test_every_forecaster_has_plain_words() -> None:
    for name in world.results().every:
        for part in name.split(world_state.MIXED):
            assert f"world.forecasters.{world.slug(part)}.name" in all_texts()
            assert f"world.forecasters.{world.slug(part)}.about" in all_texts()
        assert world_state.forecaster_about(name)
    assert world_state.forecaster_name("a new one") == "a new one"
    slugs = [world.slug(name) for name in world.results().every]
    assert len(slugs) == len(set(slugs))


# --- reasons --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["CHE", "MEX"])
def test_reasons_of_2014_are_those_of_explain(state: str) -> None:
    found = world.reasons(BEFORE, state)
    scenario = reading.read("world-2014")
    last = scenario.calendar.dates[-1]
    parameters = weights.read(world.WEIGHTS)
    assert found.found == explanation.explain(scenario, parameters, state, last)
    assert found.found.option == found.found.documented == history.ends(scenario)[state].level
    assert (found.run, found.key) == (None, (state, "level", None))


def test_reasons_of_2022_are_those_of_a_run_that_ends_as_most() -> None:
    found = world.reasons(AFTER, "JPN")
    scenario = led(reading.read("world-2022"))
    last = scenario.calendar.dates[-1]
    parameters = weights.read(world.WEIGHTS)
    again = explanation.explain(scenario, parameters, "JPN", last, run=found.run)
    assert found.found == again
    line = timeline.build(scenario)
    made = kernel.simulate(line, parameters.weights, parameters.dynamics, 0, 0, world.RUNS)
    ends = made.level[:, -1, world.allies().index("JPN")]
    assert found.found.option == np.bincount(ends).argmax() == ends[found.run]
    assert found.share == np.mean(ends == found.found.option)


def test_a_member_of_a_union_is_explained_by_what_the_union_decides() -> None:
    for year in YEARS:
        found = world.reasons(year, "DEU")
        assert found.key == ("EU", "level", None)
        assert found.found == world.reasons(year, "FRA").found
    ends = history.ends(world.scenario(BEFORE))
    assert world.reasons(BEFORE, "DEU").found.option == ends["DEU"].level


def test_reasons_are_computed_once_for_all_states_of_a_run() -> None:
    world.reasons(BEFORE, "CHE")
    before = world._decided.cache_info().misses
    for state in STATES:
        world.reasons(BEFORE, state)
    assert world._decided.cache_info().misses == before


@pytest.mark.parametrize(
    ("state", "record", "standing"),
    [("SGP", "joined", "miss"), ("ISR", "not_joined", "miss"), ("GEO", "unclear", "doubtful"),
     ("KOR", "joined", "hit"), ("BLR", "none", None)],
)  # fmt: skip
def test_forecast_stands_beside_outcome(state: str, record: str, standing: str | None) -> None:
    shown = html.unescape(opened(state=state))
    rows = re.findall(r"<tr>.*?</tr>", shown.partition('id="chosen"')[2], re.DOTALL)
    assert t(f"world.records.{record}") in rows[2]
    told = [
        one for one in ("hit", "miss", "doubtful") if t(f"world.beside.{one}", year=AFTER) in shown
    ]
    assert told == ([standing] if standing else [])


@pytest.mark.parametrize("state", ["JPN", "KOR", "CHE"])
def test_reasons_of_2022_are_those_of_free_runs_and_name_no_record(state: str) -> None:
    told = str(TagList(world_state.reasons(view(state=state), world.reasons(AFTER, state))))
    assert "ocumented" not in told


def test_without_weights_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "WEIGHTS", "nowhere")
    world._decided.cache_clear()
    with pytest.raises(DocumentError):
        world.reasons(BEFORE, "CHE")
    told = t("world.why.missing", name="nowhere")
    with served() as address:
        tab = Tab(address, "world", "year=2014&state=CHE", ("reasons",))
        assert told in tab.see("reasons", "nowhere")
        tab.close()


def test_where_too_many_wait_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_open", threading.Semaphore(0))
    with served() as address:
        tab = Tab(address, "world", "start=nowhere", ("reasons",))
        tab.see("reasons", t("frame.busy"))
        tab.close()


def test_the_first_reader_of_a_year_does_not_wait() -> None:
    world.warm()
    before = world._decided.cache_info()
    assert before.currsize >= len(YEARS)
    for year in YEARS:
        world.reasons(year, world.results().first)
    assert world._decided.cache_info().misses == before.misses


def test_reasons_follow_once_the_page_stands() -> None:
    with served() as address:
        tab = Tab(address, "world", "year=2014&state=CHE", ("reasons",))
        tab.see("reasons", "Switzerland: sanctions level, Dec 2014")
        assert t("world.why.along") in html.unescape(tab.values["reasons"])
        tab.close()


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("year", YEARS)
def test_a_page_is_well_made(year: str, state: str) -> None:
    text = opened(year=year, state=state)
    page = Checked(text)
    assert page.alerts == 0
    assert page.headings[0] == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)
    assert not [link for link in page.links if urlsplit(link).netloc]
    name = world.scenario(year).label(state)
    assert f"<h2>{name}</h2>" in text
    chance = world.results().of(year, THEORY, state)
    assert chance is not None
    assert charts.percent(chance.p) in html.unescape(text)


def squares(text: str) -> dict[str, str]:
    """Markup of every square that is a link, by state."""
    found = re.findall(r'<a class="tile.*?</a>', text)
    return {re.findall(r'data-state="(\w+)"', one)[0]: html.unescape(one) for one in found}


@pytest.mark.parametrize("year", YEARS)
def test_every_state_is_a_square_that_says_its_number(year: str) -> None:
    shown = squares(opened(year=year, state="MEX"))
    assert set(shown) == set(world.allies())
    records = world.results().records[year]
    for state, square in shown.items():
        chance = world.results().of(year, THEORY, state)
        assert chance is not None
        assert f"tile {world_map.shade(chance.p)}" in square
        assert f"{world.scenario(year).label(state)}: {charts.percent(chance.p)}" in square
        assert f">{100 * chance.p:.0f}</text>" in square
        styles = re.findall('class="([^"]*)"', square)[0].split()
        assert ("joined" in styles) == (records.get(state) is True)
        standing = world.results().standing(year, THEORY, state)
        marks = re.findall('class="mark ([^"]*)"', square)
        assert marks == ([standing] if standing in ("miss", "doubtful") else [])
        assert ("chosen" in styles) == ("aria-current" in square) == (state == "MEX")
        query = dict(parse_qsl(urlsplit(re.findall('href="([^"]*)"', square)[0]).query))
        assert (query["year"], query["forecaster"], query["state"]) == (year, "theory", state)
        if year == AFTER:
            assert world_state.interval(chance) in square
            assert ("L" in re.findall(' d="([^"]*)"', square)[0]) == chance.wide


def test_roles_have_squares_and_no_forecast() -> None:
    text = opened()
    assert set(world.roles().values()) == set(tiles.layout()) - set(world.allies())
    assert text.count('<g class="tile role"><title>') == 3
    assert "Ukraine: is attacked, no forecast" in text


def test_a_forecaster_that_is_silent_on_a_state_leaves_its_square_white() -> None:
    table = left_out()
    silent = table.index[table["ideal point"].isna()]
    assert len(silent)
    shown = squares(opened(year=BEFORE, forecaster="ideal-point", state=silent[0]))
    for state in world.allies():
        assert ("tile silent" in shown[state]) == (state in silent)
    text = opened(year=BEFORE, forecaster="ideal-point", state=silent[0])
    assert t("world.standing.silent") in text


def test_forecasters_differ_on_the_map_and_in_the_table() -> None:
    pages = {one: squares(opened(forecaster=one)) for one in ("theory", "ideal-point")}
    assert pages["theory"] != pages["ideal-point"]
    text = opened(state="CHE").partition('class="others"')[2].partition("</table>")[0]
    for name in world.results().every:
        assert html.escape(world_state.forecaster_name(name), quote=False) in text
        assert f"forecaster={world.slug(name)}&" in text.replace("&amp;", "&")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"year": "2016"}, "“2016”"),
        ({"forecaster": "<script>"}, "“&lt;script&gt;”"),
        ({"state": "USA"}, "“USA”"),
        ({"state": "x" * 5000}, "x" * forms.SHOWN),
        ({"other": "1"}, "other"),
        ({"start": "nowhere"}, "nowhere"),
        ({"year": "2014", "forecaster": "same-as-2014"}, "says nothing of 2014"),
    ],
)
def test_a_fault_in_the_address_is_told_in_a_sentence(query: dict[str, str], told: str) -> None:
    text = opened(**query)
    assert Checked(text).alerts == 1
    assert told in text
    assert "x" * (forms.SHOWN + 21) not in text
    assert "<script>alert" not in text


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["year", "forecaster", "state", "start", "seed"]) | st.text(max_size=5),
        st.text(max_size=100) | st.sampled_from(["2014", "2022", "ideal-point", "CHE"]),
    )
)
def test_no_address_breaks_the_page(query: dict[str, str]) -> None:
    Checked(markup.opened(world_page.page, urlencode(query, errors="replace").encode()))


def test_a_changed_setting_is_told_not_to_enter_and_is_kept_in_links() -> None:
    changed = {"start": "ukraine-2022", "states.KOR.norms_emphasis": "0.2"}
    text = opened(**changed)
    assert t("world.documented_only") in text
    assert 'name="states.KOR.norms_emphasis" value="0.2"' in text
    assert all("norms_emphasis=0.2" in one for one in squares(text).values())
    assert t("world.documented_only") not in opened()


def test_what_would_count_is_told_and_where_it_is_registered() -> None:
    text = html.unescape(opened())
    assert "experiments/panel/preregistration.md" in text
    assert (COMMITTED / "preregistration.md").is_file()
    for side in ("for", "against"):
        told = below(f"world.judged.points.{side}").values()
        assert all(one.partition("[[")[0] in text for one in told)


def test_letters_on_every_shade_can_be_read() -> None:
    style = (STATIC / "world.css").read_text("utf-8")
    shades = dict(re.findall(r"\.(p\d) path \{ fill: (#\w{6}); \}", style))
    assert set(shades) == {f"p{number}" for number in range(world_map.SHADES)}
    white = set(re.findall(r"\.(p\d) text", style))
    for name, shade in shades.items():
        letters = "#ffffff" if name in white else "#1b1b1b"
        assert contrast(shade, letters) >= 4.5


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2 defines it."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255.0
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_shades_go_from_none_to_all() -> None:
    assert [world_map.shade(p) for p in (0.0, 0.099, 0.1, 0.95, 1.0)] == [
        "p0", "p0", "p1", "p9", "p9",
    ]  # fmt: skip


def test_a_map_draws_what_it_is_given() -> None:
    drawn = world_map.world(
        {"CHE": Square("A & B", ("p1",), "?x=1&y=2", "9", True, True), "RUS": Square("<", ())}, "L"
    )
    assert 'href="?x=1&amp;y=2"' in drawn
    assert "A &amp; B" in drawn
    assert "<title>&lt;</title>" in drawn
    assert drawn.count("<a ") == 1


# --- results that are missing or damaged ----------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the committed results, which the page takes for them."""
    for file in (*COMMITTED.glob("*.csv"), COMMITTED / "manifest.json"):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    for one in CACHES:
        one.cache_clear()
    yield tmp_path
    for one in CACHES:
        one.cache_clear()


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), "utf-8")

    return spoil


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _impossible(folder: Path) -> None:
    table = pd.read_csv(folder / "movers.csv")
    table.loc[0, "after"] = 1.5
    table.to_csv(folder / "movers.csv", index=False)


@pytest.mark.parametrize(
    "spoil",
    [
        _remove("manifest.json"),
        _remove("forecast-2022.csv"),
        _remove("movers.csv"),
        _replace("forecast-2022.csv", "CHE", "CHX"),
        _replace("movers.csv", "before", "earlier"),
        _replace("movers.csv", ",", ";"),
        _replace("left-out-2014.csv", "joined", "outcome"),
        _replace("left-out-2014.csv", "theory", "hunch"),
        _replace("scores-2014.csv", "brier_low", "lowest"),
        _replace("scores-2014.csv", "all states", "some states"),
        _impossible,
        lambda folder: (folder / "scores-2014.csv").write_bytes(b"\xff\xfe\x00"),
        lambda folder: (folder / "left-out-2014.csv").write_text(""),
    ],
)
def test_results_that_are_missing_or_damaged_are_told_in_a_line(
    folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)
    text = opened()
    page = Checked(text)
    assert page.alerts == 1
    said = re.findall(r'role="alert">([^<]*)', text)
    assert [one for one in said if t("world.missing", fault="")[:30] in html.unescape(one)]
    assert str(folder) not in text
    assert t("world.limits.title") in text
