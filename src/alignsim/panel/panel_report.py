"""What ``alignsim panel`` prints and writes: tables, figures, words."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from alignsim import documents, indicators, plots, tables
from alignsim.panel import features, plots_map, plots_panel
from alignsim.panel.registering import Forecasts, Scored
from alignsim.panel.within import ALL_STATES, THEORY, Within
from alignsim.scenario import Scenario

Frames = Mapping[str, pd.DataFrame]
MOST_MOVERS = 15
"""Movers that are printed; the table has all."""
WRAP = 96
NAME = 18
"""Letters of a name that a table of movers has room for."""
TIMES_SURE = 0.05
"""A state is said to be likely in, or out, where no more than this speaks against it."""


def csv(frame: pd.DataFrame) -> str:
    """A table as text of a CSV file, to six digits."""
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def records(frames: Frames) -> dict[str, list[dict[str, Any]]]:
    """Tables as plain records by name, for ``--json``; None where there is no number."""
    found = {}
    for name, frame in frames.items():
        clean = frame.astype(object).where(frame.notna() & ~frame.isin([INFINITE, -INFINITE]), None)
        found[name] = _records(clean)
    return found


INFINITE = float("inf")


def write(frames: Frames, figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write tables and figures, each whole."""
    files = []
    for name, frame in frames.items():
        documents.write_whole(folder / name, csv(frame))
        files.append(folder / name)
    for name, figure in figures.items():
        documents.write_whole(folder / name, plots.rendered(figure, "png"))
        files.append(folder / name)
    return files


# --- within 2014 ----------------------------------------------------------------------------


def within_frames(
    found: Within, energy: pd.DataFrame, identified: pd.DataFrame, groups: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Tables of a fit, by file name."""
    return {
        "left-out-2014.csv": _left_out(found),
        "reliability-2014.csv": found.shapes,
        "scores-2014.csv": found.scores,
        "calibration-2014.csv": found.calibration,
        "energy-2014.csv": energy,
        "identified.csv": identified,
        "groups.csv": groups,
    }


def _left_out(found: Within) -> pd.DataFrame:
    """A row a state and way of leaving out: its outcome and P(joined) of each forecaster."""
    world, parts = found.world, []
    for label, table in (("unit", found.by_unit), ("region", found.by_region)):
        part = table.reset_index(names="iso3")
        part.insert(1, "left_out", label)
        part.insert(2, "unit", world.unit.loc[table.index].to_numpy())
        part.insert(3, "region", world.region.loc[table.index].to_numpy())
        part.insert(4, "joined", world.joined.reindex(table.index).to_numpy())
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def within_figures(found: Within) -> dict[str, Figure]:
    """Figures of a fit, by file name."""
    joined = [str(state) for state, one in found.world.joined.items() if one == 1.0]
    forecast = pd.DataFrame(
        {"iso3": found.by_unit.index, "p_joined": found.by_unit[THEORY].to_numpy()}
    )
    forecast = forecast.assign(
        p_joined_low=forecast["p_joined"], p_joined_high=forecast["p_joined"]
    )
    scores = found.scores[found.scores["left_out"] == "unit"]
    return {
        "scores-2014.png": plots_panel.scores_plot(scores, THEORY),
        "calibration-2014.png": calibration_figure(found.calibration),
        "map-2014.png": plots_map.tile_map(
            forecast,
            joined,
            "2014: P(joined) by weights that have not seen the state; outlined: joined",
        ),
    }


def calibration_figure(table: pd.DataFrame) -> Figure:
    """Calibration curves on all states, of a table with a row a subset, forecaster and bin."""
    shown = table[table["subset"] == ALL_STATES].rename(columns={"forecast": "mean"})
    return plots_panel.calibration_plot(shown, THEORY)


def within_text(
    found: Within, energy: pd.DataFrame, identified: pd.DataFrame, groups: pd.DataFrame
) -> str:
    """What a fit found, for a terminal."""
    parts = []
    for label in ("unit", "region"):
        scores = found.scores[found.scores["left_out"] == label]
        parts.append(f"2014, each {label} left out in turn, the EU as one")
        parts.append(_scores(scores))
    parts.append("What each group of terms is worth to the world (log Bayes factor without it)")
    parts.append(_groups(groups))
    parts.append("What narrows each term: 1 less posterior over prior variance of its log strength")
    parts.append(_identified(identified))
    parts.append("Energy and joining in 2014 without the theory: log odds, index at 1 against 0")
    parts.append(_energy(energy))
    return "\n\n".join(parts)


def _scores(scores: pd.DataFrame) -> str:
    """A table a subset of the states."""
    parts = []
    for subset, own in scores.groupby("subset", sort=False):
        rows = [
            [
                str(row["forecaster"]),
                _interval(row, "brier", 4),
                _interval(row, "log_score", 3),
                tables.number(_none(row["auc"])),
            ]
            for row in _records(own)
        ]
        headers = [str(subset), "Brier [90 %]", "log score [90 %]", "AUC"]
        parts.append(tables.text(rows, headers, ("left", *["right"] * 3)))
    return "\n\n".join(parts)


def _interval(row: dict[str, Any], name: str, digits: int) -> str:
    low, high = (tables.number(row[f"{name}_{end}"], digits) for end in ("low", "high"))
    return f"{tables.number(row[name], digits)} [{low}, {high}]"


def _behind(scores: pd.DataFrame) -> str:
    """By how much each forecaster is behind the theory, paired over resamples of units."""
    rows = [
        [str(row["forecaster"]), _gap(row, "brier", 4, 1.0), _gap(row, "log_score", 3, -1.0)]
        for row in _records(scores)
        if row["forecaster"] != THEORY
    ]
    headers = ["behind the theory by", "Brier [90 %]", "log score [90 %]"]
    return tables.text(rows, headers, ("left", "right", "right"))


def _gap(row: dict[str, Any], name: str, digits: int, sign: float) -> str:
    value, *ends = (sign * row[f"{name}_difference{end}"] for end in ("", "_low", "_high"))
    low, high = sorted(ends)
    return f"{value:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _none(value: float) -> float | None:
    return None if pd.isna(value) else value


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    return rows


def _groups(groups: pd.DataFrame) -> str:
    rows = [
        [
            str(row["left_out"]).replace(" ", ", ").replace("_", " ") or "nothing",
            f"{row['log_bayes_factor']:+.1f} ± {row['error']:.1f}",
        ]
        for row in _records(groups)
    ]
    return tables.text(rows, ["left out", "log Bayes factor"], ("left", "right"))


def _identified(identified: pd.DataFrame) -> str:
    rows = [
        [
            str(row["term"]).replace("_", " "),
            *(tables.number(row[name]) for name in ("two_allies", "world", "both")),
            f"{row['strength']:.3g} [{row['strength_low']:.2g}, {row['strength_high']:.2g}]",
        ]
        for row in _records(identified)
    ]
    headers = ["term", "two allies", "world", "both", "weight × precision [90 %]"]
    return tables.text(rows, headers, ("left", *["right"] * 4))


def _energy(energy: pd.DataFrame) -> str:
    rows = [
        [
            str(row["index"]).replace("_", " "),
            str(row["controls"]),
            f"{row['effect']:+.1f} [{row['effect_low']:+.1f}, {row['effect_high']:+.1f}]",
        ]
        for row in _records(energy)
    ]
    return tables.text(rows, ["index", "controls", "effect [90 %]"], ("left", "left", "right"))


# --- the forecast ---------------------------------------------------------------------------


def forecast_figures(found: Forecasts) -> dict[str, Figure]:
    """Figures of a forecast, by file name."""
    year = found.scenario.calendar.start[:4]
    forecast = found.tables[THEORY]
    names = {state: found.scenario.label(state) for state in found.scenario.allies}
    return {
        f"dots-{year}.png": plots_panel.dot_plot(forecast, names, blocs(found.scenario)),
        f"map-{year}.png": plots_map.tile_map(
            forecast, (), f"{year}: P(joined), forecast from 2014"
        ),
    }


BLOCS = {
    "g7": "G7 or NATO",
    "nato": "G7 or NATO",
    "eu_associate": "EU associate",
    "us_defence_pact": "other ally of the US",
}
"""How figures group states outside the EU: by the first of these columns that they have."""


def blocs(scenario: Scenario) -> dict[str, str]:
    """Bloc of each state, as figures group them."""
    rows = indicators.read(features.year(scenario)).rows
    union_of = {m: u.name for u in scenario.unions.values() for m in u.members}
    groups = {}
    for state in scenario.allies:
        row = rows[state]
        named = next((name for column, name in BLOCS.items() if row[column]), "other")
        groups[state] = union_of.get(state, named)
    return groups


def forecast_text(found: Forecasts, movers: pd.DataFrame) -> str:
    """What is forecast, for a terminal."""
    forecast = found.tables[THEORY]
    parts = [
        textwrap.fill(_sides(found, forecast), WRAP),
        "Those that move most, and the terms that move them",
    ]
    rows = [
        [
            str(row["name"])[:NAME],
            f"{row['before']:.2f}",
            f"{row['after']:.2f}",
            str(row["moved_by"]),
        ]
        for row in _records(movers.head(MOST_MOVERS))
    ]
    parts.append(
        tables.text(rows, ["", "2014", "2022", "log odds"], ("left", "right", "right", "left"))
    )
    return "\n\n".join(parts)


def _sides(found: Forecasts, forecast: pd.DataFrame) -> str:
    p = forecast["p_joined"]
    return (
        f"{len(forecast)} states of {found.scenario.title}: {int((p > 0.5).sum())} more likely in"
        f" than out, {int((p > 1.0 - TIMES_SURE).sum())} of them almost surely;"
        f" {int((p < TIMES_SURE).sum())} almost surely out; expected number that join {p.sum():.0f}"
    )


# --- the scores of a forecast ---------------------------------------------------------------


def scored_text(found: Scored) -> str:
    """How forecasts did, for a terminal."""
    out = ", ".join(f"{count} {reason}" for reason, count in found.left_out.items()) or "none"
    said = f"{found.states} states in {found.units} units are scored; left out: {out}"
    parts = [textwrap.fill(said, WRAP), _scores(found.scores)]
    for subset, own in found.scores.groupby("subset", sort=False):
        parts.append(f"Scored on {subset}\n{_behind(own)}")
    return "\n\n".join(parts)
