"""The report: self-contained, readable without sight, whole or not at all, the same every time."""

import base64
import errno
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from alignsim import evaluation, history, plots, plots_paths, report, report_tables
from alignsim.evaluation import Evaluation
from alignsim.model import AlignmentModel

RUNS = 20
ALLIES = ("JPN", "KOR")
LOADING = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}


class Page(HTMLParser):
    """Every tag of a page with its attributes, and the text in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def result() -> Evaluation:
    return evaluation.evaluate(runs=RUNS)


@pytest.fixture(scope="module")
def told() -> list[tuple[int, str]]:
    """What the module's report told of its progress."""
    return []


@pytest.fixture(scope="module")
def folder(
    result: Evaluation, told: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    where = tmp_path_factory.mktemp("report") / "deep" / "report"
    page = report.write(result, where, lambda done, note: told.append((done, note)))
    assert page == where / "index.html"
    return where


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def expected_figures(result: Evaluation) -> set[str]:
    names = {
        "overview",
        "scores",
        "pressure",
        "world-map-2022",
        "world-scores-2022",
        "world-dots-2022",
    }
    for episode in result.ensembles:
        names |= {f"paths-{episode}"} | {f"utilities-{episode}-{ally}" for ally in ALLIES}
    return names


# --- the folder ---------------------------------------------------------------------------


def test_every_file_is_there_and_nothing_else(folder: Path, result: Evaluation) -> None:
    figures = {f"figures/{n}.{form}" for n in expected_figures(result) for form in ("png", "svg")}
    tables = {"index.html", "paths.csv", "scores.csv", "reproduce.json"}
    assert set(files(folder)) == figures | tables


def test_the_tables_hold_the_result(folder: Path, result: Evaluation) -> None:
    assert json.loads((folder / "reproduce.json").read_text()) == result.record()
    for name, rows in result.record().items():
        lines = (folder / f"{name}.csv").read_text().splitlines()
        assert lines[0] == ",".join(rows[0])
        assert len(lines) == 1 + len(rows)


def test_figures_are_images_without_dates(folder: Path) -> None:
    for name, content in files(folder / "figures").items():
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG")
            assert b"Software" not in content
        else:
            assert ElementTree.fromstring(content).tag.endswith("svg")
            assert b"<dc:date>" not in content


def test_the_overview_is_1600_by_900(folder: Path) -> None:
    header = (folder / "figures" / "overview.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (1600, 900)


@pytest.mark.slow
def test_the_same_result_gives_the_same_bytes(
    folder: Path, result: Evaluation, tmp_path: Path
) -> None:
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none"}):
        report.write(result, tmp_path)
    assert files(tmp_path) == files(folder)


def test_progress_counts_the_files(folder: Path, told: list[tuple[int, str]]) -> None:
    assert [done for done, _ in told] == list(range(1, len(files(folder)) + 1))
    assert told[-1][1] == "index.html"


def full_disk(last: str) -> Callable[[object, object], None]:
    """A rename that fails, as on a full disk, for files of an ending."""
    rename = os.replace

    def replace(source: object, target: object) -> None:
        if str(target).endswith(last):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)  # type: ignore[arg-type]

    return replace


def test_a_full_disk_leaves_no_temporary_file_and_no_page(
    result: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.replace", full_disk(".svg"))
    with pytest.raises(OSError, match="No space left"):
        report.write(result, tmp_path)
    written = {"paths.csv", "scores.csv", "reproduce.json", "figures/overview.png"}
    assert set(files(tmp_path)) == written


def test_a_folder_that_cannot_be_made_is_an_oserror(result: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        report.write(result, tmp_path / "file" / "report")


# --- the page -----------------------------------------------------------------------------


def test_the_page_asks_nothing_of_the_network(page: Page, folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        assert not any(name.startswith("on") for name in attributes)
        for name in LOADING & set(attributes):
            assert attributes[name].startswith(("#", "data:image/svg+xml;base64,"))
    assert not re.search(r"@import|url\(|https?://", text)


def test_images_load_nothing_either(page: Page, folder: Path, result: Evaluation) -> None:
    images = [image["src"].partition(",")[2] for image in page.all("img")]
    vectors = {(folder / "figures" / f"{n}.svg").read_bytes() for n in expected_figures(result)}
    assert {base64.b64decode(image) for image in images} == vectors
    for vector in vectors:
        for element in ElementTree.fromstring(vector).iter():
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith(("#", "data:"))


def test_every_figure_is_described(page: Page, result: Evaluation) -> None:
    described = [image["alt"] for image in page.all("img")]
    assert len(described) == len(expected_figures(result)) == len(page.all("figcaption"))
    assert len(set(described)) == len(described)
    assert all(len(text) > 80 and "nan" not in text for text in described)


def test_tables_name_their_rows_and_columns(page: Page) -> None:
    assert len(page.all("caption")) == len(page.all("table"))
    assert {header["scope"] for header in page.all("th")} == {"col", "colgroup", "row"}


def test_the_page_has_a_language_and_anchors_that_lead_somewhere(page: Page) -> None:
    assert page.all("html") == [{"lang": "en"}]
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(names)) == len(names)
    targets = [link["href"].removeprefix("#") for link in page.all("a")]
    assert set(targets) <= set(names)
    assert {section["id"] for section in page.all("section")} <= set(targets)


def test_the_page_says_what_it_rests_on(page: Page, result: Evaluation) -> None:
    text = " ".join(" ".join(page.words).split())
    for forecast in result.ensembles.values():
        assert forecast.scenario.digest in text
    assert f"alignsim reproduce --runs {RUNS} --seed 0" in text
    assert "calibrated" in text
    assert "Out of sample: fitted on one episode, scored on another" in text
    for sentence in report.verdicts(result):
        assert sentence in text


def test_the_page_says_how_many_draws_the_bands_rest_on(page: Page, result: Evaluation) -> None:
    text = " ".join(" ".join(page.words).split())
    (count,) = {len(forecast.drawn) for forecast in result.ensembles.values()}
    assert count > 1
    assert f"the runs take {count} draws of these in turn" in text
    assert "under one set of weights" not in text
    blank = defaultdict(lambda: report.Picture("none", "none", "none", ""))
    one = report._page(evaluation.evaluate(runs=2, weights="neutral"), blank)
    assert "under one set of weights" in one
    assert "draws of these" not in one


def test_the_digest_of_the_weights_is_of_their_draws_too(result: Evaluation) -> None:
    first = next(iter(result.ensembles.values()))
    whole = report._digest(first.parameters, *first.drawn)
    assert whole != report._digest(first.parameters, *first.drawn[1:])
    assert whole != report._digest(first.drawn[0], *first.drawn[1:])


def test_weights_that_are_not_shipped_are_named_without_a_file(result: Evaluation) -> None:
    used = next(iter(result.ensembles.values())).parameters
    assert report.weight_set(used) is not None
    assert report.weight_set(used._replace(name="of-my-own")) is None
    changed = used.weights._replace(market=used.weights.market + 1.0)
    assert report.weight_set(used._replace(weights=changed)) is None


# --- the text -----------------------------------------------------------------------------


def test_the_text_fits_100_columns(result: Evaluation) -> None:
    text = report.as_text(result)
    assert max(len(line) for line in text.splitlines()) <= 100
    for name in (*result.ensembles, "history", "P(join)", "Out of sample", "never join"):
        assert name in text


def test_a_verdict_says_which_side_had_at_least_one_half(result: Evaluation) -> None:
    row = next(
        row
        for row in evaluation.out_of_sample(result.scores)
        if (row["episode"], row["state"], row["decision"]) == ("ukraine-2022", "JPN", "level")
    )
    right = report.verdict(result, {**row, "p_documented_side": 0.5, "log_score": -0.1})
    assert "documented joined" in right
    assert "P(joined) 0.50" in right
    assert "the right side" in right
    assert "is better than that of equal chances (-1.79)" in right
    wrong = report.verdict(result, {**row, "p_documented_side": 0.49, "log_score": -3.0})
    assert "below 0.5: the wrong side" in wrong
    assert "no better than" in wrong


def test_a_verdict_on_an_ally_that_stays_out(result: Evaluation) -> None:
    row = next(
        row
        for row in evaluation.out_of_sample(result.scores)
        if (row["episode"], row["state"], row["decision"]) == ("crimea-2014", "KOR", "level")
    )
    said = report.verdict(result, {**row, "p_documented_side": 0.9})
    assert "documented not joined (level 0 at the end); forecast P(joined) 0.10" in said


def test_the_ranking_tells_who_is_ahead() -> None:
    means = [
        {"forecaster": "base rate", "rps": 0.1, "log_score": -0.9},
        {"forecaster": "model", "rps": 0.2, "log_score": -0.5},
    ]
    assert report.ranking(means) == (
        "By mean ranked probability score the model is number 2 of 2 (0.200; best is 'base rate', "
        "0.100) and by mean log score the model is number 1 of 2 (-0.500; next is 'base rate', "
        "-0.900)."
    )


# --- figures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chances", "mass", "band"),
    [
        ([1.0, 0.0, 0.0], 0.5, (0, 0)),
        ([0.2, 0.6, 0.2], 0.5, (1, 1)),
        ([0.25, 0.5, 0.25], 0.5, (1, 1)),
        ([0.3, 0.4, 0.3], 0.5, (0, 2)),
        ([0.04, 0.9, 0.06], 0.9, (1, 2)),
        ([0.05, 0.9, 0.05], 0.9, (1, 1)),
        ([0.0, 0.0, 1.0], 0.9, (2, 2)),
    ],
)
def test_central_bands_by_hand(chances: list[float], mass: float, band: tuple[int, int]) -> None:
    low, high = plots_paths.central(np.array([chances]), mass)
    assert (low[0], high[0]) == band


@pytest.mark.parametrize("ally", ALLIES)
def test_differences_by_group_add_up_to_those_of_utilities(result: Evaluation, ally: str) -> None:
    forecast = result.ensembles["crimea-2014"]
    scenario, parameters = forecast.scenario, forecast.parameters
    parts = plots.differences(scenario, parameters, ally)
    replay = AlignmentModel(history.replayed(scenario), parameters, rng=0).run_all()
    seen = 0
    for made in replay.decisions:
        if (made.state, made.decision) == (ally, "level"):
            worth = made.utilities
            above, more = worth[max(made.chosen, 2)] - worth[0], worth[made.chosen + 1]
            assert parts[0, :, made.step].sum() == pytest.approx(above)
            assert parts[1, :, made.step].sum() == pytest.approx(more - worth[made.chosen])
        elif (made.state, made.decision) == (ally, "engagement"):
            assert parts[2, :, made.step].sum() == pytest.approx(
                made.utilities[max(made.chosen, 1)] - made.utilities[0]
            )
        else:
            continue
        seen += 1
    assert seen == 2 * scenario.calendar.steps


def test_nothing_lies_above_the_highest_level() -> None:
    pairs = {comparison.title[:3]: comparison.pair for comparison in plots.COMPARISONS}
    assert pairs["(b)"](5, 6) is None
    assert pairs["(b)"](4, 6) == (5, 4)
    assert pairs["(a)"](0, 6) == (2, 0)
    assert pairs["(c)"](0, 3) == (1, 0)


def test_a_balance_names_what_speaks_most_for_and_against() -> None:
    said = report.balance(np.array([-0.5, 2.0, 0.1, 0.0, 0.0, -0.2]))
    assert said == (
        "net +1.40, most for it alliance dependence (+2.00), most against it energy security "
        "(-0.50)."
    )
    assert report.balance(np.array([1.0, 2.0])) == (
        "net +3.00, most for it alliance dependence (+2.00)."
    )
    assert report.balance(np.array([-1.0, -2.0])) == (
        "net -3.00, most against it alliance dependence (-2.00)."
    )
    assert report.balance(np.array([np.nan, np.nan])) == "nothing to compare."


def test_a_comparison_without_an_option_says_so(
    result: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = plots.Comparison("(a) nothing", "level", lambda option, size: None)
    monkeypatch.setattr(plots, "COMPARISONS", (nothing,))
    forecast = result.ensembles["ukraine-2022"]
    figure = plots.stacked_utilities(forecast.scenario, forecast.parameters, "JPN")
    assert [text.get_text() for text in figure.axes[0].texts] == ["there is none"]


def test_figures_leave_the_users_settings_alone(result: Evaluation) -> None:
    before = dict(matplotlib.rcParams)
    figure = plots.pressure(result.ensembles)
    assert plots.rendered(figure, "png") == plots.rendered(figure, "png")
    assert dict(matplotlib.rcParams) == before


def test_undocumented_steps_show_a_dash(result: Evaluation) -> None:
    rows = [dict(row, documented=None, low=None, high=None) for row in result.paths]
    bare = Evaluation(
        result.runs, result.seed, result.ensembles, rows, result.scores, result.conclusions
    )
    scenario = result.ensembles["crimea-2014"].scenario
    for row in report_tables.paths(bare, scenario, stances=False).rows:
        assert row[1] == report_tables.DASH
