import csv
import itertools
import math
import warnings

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest

from alignsim import plots
from alignsim.documents import DocumentError
from alignsim.evidence import data_root
from alignsim.panel import plots_map, plots_panel, tiles
from alignsim.panel.tiles import Tile

WORLD = data_root() / "configs" / "world"
STATES = [state for state in tiles.layout() if state not in plots_map.ROLES]
FORECASTERS = ["theory", "base rate", "ideal point", "ideal point, mixed with same as 2014"]
SUBSETS = ["all states", "outside the EU", "not joined in 2014"]


@pytest.fixture
def forecast():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.0, 1.0, len(STATES))
    half = rng.uniform(0.02, 0.4, len(STATES))
    return pd.DataFrame(
        {
            "iso3": STATES,
            "p_joined": p,
            "p_joined_low": np.clip(p - half, 0.0, 1.0),
            "p_joined_high": np.clip(p + half, 0.0, 1.0),
            "modal_level": np.where(p > 0.5, 2, 0),
        }
    )


@pytest.fixture
def scores():
    rng = np.random.default_rng(1)
    rows = []
    for forecaster in FORECASTERS:
        for subset in SUBSETS:
            brier, logs = rng.uniform(0.05, 0.15), -rng.uniform(0.2, 0.4)
            rows.append((forecaster, subset, brier, brier - 0.02, brier + 0.03))
            rows[-1] += (logs, logs - 0.1, logs + 0.1)
    names = [f"{score}{end}" for score in ("brier", "log_score") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["forecaster", "subset", *names])


def curves(forecasters):
    rng = np.random.default_rng(2)
    means = (0.1, 0.3, 0.5, 0.7, 0.9)
    rows = [
        (name, mean, mean, mean - 0.1, mean + 0.1, rng.uniform(1.0, 50.0))
        for name in forecasters
        for mean in means
    ]
    columns = ["forecaster", "mean", "observed", "low", "high", "weight"]
    return pd.DataFrame(rows, columns=columns)


def small(figure):
    """The figure in few points, where nothing may be warned of."""
    figure.set_dpi(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return plots.rendered(figure, "png")


def squares(figure):
    return {patch.get_gid(): patch for patch in figure.axes[0].patches}


def letters(figure):
    return {text.get_text(): text for text in figure.axes[0].texts}


def keys(figure):
    return [text.get_text().replace("\n", " ") for text in figure.axes[0].get_legend().get_texts()]


# --- the layout -----------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2013, 2021])
def test_every_state_of_the_evidence_has_a_square(year):
    with (WORLD / f"indicators-{year}.csv").open(encoding="utf-8", newline="") as stream:
        states = [row["iso3"] for row in csv.DictReader(stream)]
    assert sorted(tiles.layout()) == sorted(states)


def test_every_square_is_one_state_s_and_the_grid_is_compact():
    places = list(tiles.layout().values())
    assert len(places) == len(set(places)) == 195
    for axis, most in ((0, 26), (1, 28)):
        taken = {place[axis] for place in places}
        assert taken == set(range(max(taken) + 1))  # nothing empty around or between
        assert len(taken) <= most


NORTH_TO_SOUTH = (
    "CAN USA MEX GTM PAN COL ECU BOL CHL, NOR DNK DEU AUT ITA TUN NGA AGO ZAF, FIN EST LVA LTU, "
    "SWE POL HUN GRC EGY ETH KEN MOZ MDG, NOR ESP MAR, RUS UKR TUR IRQ SAU YEM, JPN PHL AUS NZL, "
    "MNG CHN LAO THA SGP, KAZ TKM PAK IND LKA, CUB TTO URY"
)
WEST_TO_EAST = (
    "USA IRL GBR NLD DEU POL BLR, PRT ESP ITA SRB BGR GEO UZB, MAR DZA TUN LBY EGY SAU ARE IND, "
    "CHN KOR JPN, MMR LAO VNM PHL KIR, SEN MLI NER TCD SDN, ECU BRA GAB UGA KEN MDV IDN FSM, "
    "CHL ARG URY NAM MUS AUS VUT FJI TON, MEX CUB HTI DOM CPV, TUR IRN AFG NPL BTN, AUS NZL"
)


@pytest.mark.parametrize(
    ("axis", "chains"), [("row", NORTH_TO_SOUTH), ("column", WEST_TO_EAST)], ids=["row", "column"]
)
def test_neighbours_are_in_order(axis, chains):
    places = tiles.layout()
    for chain in chains.split(", "):
        found = [getattr(places[state], axis) for state in chain.split()]
        assert found == sorted(set(found)), chain


def test_who_shares_a_border_is_near():
    places = tiles.layout()
    borders = "USA CAN, PRT ESP, FRA ESP, DEU POL, NOR SWE, RUS UKR, BLR UKR, GRC TUR, IND PAK, "
    borders += "CHN MNG, PRK KOR, BRA ARG, EGY SDN, ZAF LSO, COD AGO, SRB XKX, SYR IRQ, LAO VNM"
    for pair in borders.split(", "):
        one, other = (places[state] for state in pair.split())
        assert math.dist(one, other) < 2.9, pair


def test_a_layout_is_the_caller_s_own():
    tiles.layout().clear()
    assert tiles.parsed("iso3,row,column\nCAN,0,1\n") == {"CAN": Tile(0, 1)}
    assert len(tiles.layout()) == 195


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns should be iso3, row, column"),
        ("iso3,column,row\n", r"tiles.csv:1: columns should be"),
        ("iso3,row,column\nCAN,0,1\nUSA,0,1\n", "tiles.csv:3: USA: stands where CAN does"),
        ("iso3,row,column\nCAN,0,1\nCAN,0,2\n", "tiles.csv:3: CAN: stands twice"),
        ("iso3,row,column\nCAN,0,-1\n", "tiles.csv:2: should be a state, a row and a column"),
        ("iso3,row,column\nCAN,0\n", "tiles.csv:2: should be a state, a row and a column"),
    ],
)
def test_a_faulty_layout_is_refused(text, message):
    with pytest.raises(DocumentError, match=message):
        tiles.parsed(text)


# --- the map --------------------------------------------------------------------------------


def test_the_map_names_every_state_and_is_the_same_twice(forecast):
    figure = plots_map.tile_map(forecast, {"NOR"}, "The world in 2014")
    assert set(tiles.layout()) | {"The world in 2014"} == set(letters(figure))
    assert set(squares(figure)) == set(tiles.layout())
    assert small(figure) == small(plots_map.tile_map(forecast, {"NOR"}, "The world in 2014"))


def test_colours_follow_the_forecast(forecast):
    drawn = squares(plots_map.tile_map(forecast))
    shades = matplotlib.colormaps[plots_map.COLOURS]
    for state, p in zip(forecast["iso3"], forecast["p_joined"], strict=True):
        assert drawn[state].get_facecolor() == pytest.approx(shades(p), abs=0.003)
    colours = [plots_map.colour_of(p) for p in np.linspace(0.0, 1.0, 21)]
    brightness = [plots_map.luminance(colour) for colour in colours]
    assert brightness == sorted(brightness, reverse=True)  # readable in grey


def test_letters_stand_out(forecast):
    figure = plots_map.tile_map(forecast)
    words = letters(figure)
    for state, square in squares(figure).items():
        ink, paper = (
            plots_map.luminance(matplotlib.colors.to_hex(colour))
            for colour in (words[state].get_color(), square.get_facecolor())
        )
        assert abs(ink - paper) >= 0.4, state


def test_wide_intervals_and_outcomes_are_marked(forecast):
    drawn = squares(plots_map.tile_map(forecast, {"NOR", "JPN"}))
    wide = forecast["p_joined_high"] - forecast["p_joined_low"] > plots_map.WIDE
    assert 10 < wide.sum() < len(wide) - 10
    for state, cut in zip(forecast["iso3"], wide, strict=True):
        assert len(drawn[state].get_xy()) == (6 if cut else 5)  # the first corner ends it too
    outlined = {s for s, square in drawn.items() if square.get_linewidth() > 1.0}
    assert outlined == {"NOR", "JPN"}


def test_those_without_a_forecast_are_grey(forecast):
    figure = plots_map.tile_map(forecast[forecast["iso3"] != "PRK"])
    grey = {
        state: matplotlib.colors.to_hex(square.get_facecolor())
        for state, square in squares(figure).items()
        if len(set(square.get_facecolor()[:3])) == 1
    }
    roles = dict.fromkeys(plots_map.ROLES, plots_map.ROLE)
    assert grey == {**roles, "PRK": plots_map.ABSENT}
    assert keys(figure) == [
        "90 % interval wider than 0.5",
        "no forecast: RUS\xa0target, UKR\xa0attacked, USA\xa0leader",
        "left out",
    ]


def test_the_legend_has_what_is_drawn(forecast):
    assert keys(plots_map.tile_map(forecast))[1:] == [
        "no forecast: RUS\xa0target, UKR\xa0attacked, USA\xa0leader"
    ]
    more = forecast.copy()
    more.loc[0, "iso3"] = "UKR"
    found = keys(plots_map.tile_map(more, {"NOR"}))
    assert found[1:] == [
        "documented: joined",
        "no forecast: RUS\xa0target, USA\xa0leader",
        "left out",
    ]


def test_a_state_without_a_place_is_refused(forecast):
    forecast.loc[0, "iso3"] = "ATA"
    with pytest.raises(ValueError, match="no place on the map: ATA"):
        plots_map.tile_map(forecast)


# --- the other figures ----------------------------------------------------------------------


def test_dots_are_ordered_and_all_named(forecast):
    names = {state: f"State {state}" for state in STATES}
    figure = plots_panel.dot_plot(forecast, names)
    shown = [tick.get_text() for axis in figure.axes for tick in axis.get_yticklabels()]
    ordered = forecast.sort_values("p_joined", ascending=False)
    assert shown == [names[state] for state in ordered["iso3"]]
    for place, axis in enumerate(figure.axes):
        dots = [line for line in axis.lines if line.get_marker() == "o"]
        assert dots[0].get_xdata().tolist() == list(ordered["p_joined"])[64 * place :][:64]
        bars = [ends.tolist() for ends in axis.collections[1].get_segments()]
        assert bars[0] == [[ordered["p_joined_low"].iloc[64 * place], 0.0],
                           [ordered["p_joined_high"].iloc[64 * place], 0.0]]  # fmt: skip


def test_groups_differ_in_colour_and_marker(forecast):
    names = dict(zip(STATES, STATES, strict=True))
    groups = {state: f"group {place % 11:02}" for place, state in enumerate(STATES[:-1])}
    figure = plots_panel.dot_plot(forecast, names, groups)
    handles = figure.legends[0].legend_handles
    labels = [handle.get_label() for handle in handles]
    assert labels == [f"group {place:02}" for place in range(11)] + ["other", "90 % interval"]
    styles = [(handle.get_color(), handle.get_marker()) for handle in handles[:-1]]
    assert len(set(styles)) == 12
    assert small(figure)


def test_no_name_is_cut_off_or_beneath_another(forecast):
    names = dict.fromkeys(STATES, "St Vincent and the Grenadines")
    figure = plots_panel.dot_plot(forecast, names, dict.fromkeys(STATES, "one"))
    plots.rendered(figure, "png")
    for axis in figure.axes:
        boxes = [tick.get_window_extent() for tick in axis.get_yticklabels()]
        assert min(box.x0 for box in boxes) >= 0.0
        assert all(above.y0 >= below.y1 - 1.0 for above, below in itertools.pairwise(boxes))


@pytest.mark.parametrize("count", [1, 4, 9])
def test_calibration_is_a_panel_a_forecaster(count):
    names = [*FORECASTERS, "a", "b", "c", "d", "e"][:count]
    figure = plots_panel.calibration_plot(curves(names))
    shown = [axis for axis in figure.axes if axis.get_visible()]
    found = [axis.get_title(loc="left").replace("\n", " ") for axis in shown]
    assert found == names
    assert shown[0].collections[1].get_offsets().tolist()[0] == [0.1, 0.1]
    assert small(figure)


def test_scores_are_shown_by_subset_and_the_theory_stands_out(scores):
    figure = plots_panel.scores_plot(scores)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [*SUBSETS, "", "", ""]
    ticks = figure.axes[3].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == FORECASTERS
    assert [tick.get_fontweight() for tick in ticks] == ["bold", *["normal"] * 3]
    points = [line for line in figure.axes[0].lines if line.get_marker() in "Do"]
    own = scores[scores["subset"] == SUBSETS[0]]
    assert [float(point.get_xdata()[0]) for point in points] == own["log_score"].tolist()
    assert small(figure)


def test_scores_out_of_bounds_are_an_arrow_and_a_number(scores):
    worst = ["log_score", "log_score_low", "log_score_high"]
    scores.loc[scores["forecaster"] == "base rate", worst] = -math.inf
    scores.loc[scores["forecaster"] == "ideal point", worst] = (-9.0, -12.0, -0.4)
    figure = plots_panel.scores_plot(scores)
    for axis in figure.axes[:3]:
        assert [text.get_text() for text in axis.texts] == ["−∞", "−9.0"]
        assert axis.get_xlim()[0] > -5.0
    assert not figure.axes[3].texts
    assert small(figure)


def test_a_theory_that_is_far_off_is_drawn_all_the_same(scores):
    worst = ["log_score", "log_score_low", "log_score_high"]
    scores.loc[scores["forecaster"] == "theory", worst] = -math.inf
    assert small(plots_panel.scores_plot(scores))
