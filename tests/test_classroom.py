"""The pages of docs/classroom: every number recomputed, every source known, nothing given away.

A number stands in a console block, which holds what its command prints, or in a table between
``<!-- computed: NAME -->`` and ``<!-- end computed -->``, which a function of this file makes;
prose repeats only what its section shows. Run as a program, this file writes blocks and tables
anew: ``python tests/test_classroom.py``.
"""

import itertools
import math
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from alignsim import api, cli, documents, ensemble, evidence, explanation, history, inputs, reading
from alignsim import weights as weight_sets
from alignsim.decision import JOINED
from alignsim.documentation_theory import as_table
from alignsim.history import Documented
from alignsim.scenario import Quantity, Scenario

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "classroom"
RESULTS = ROOT / "experiments"
PAGES = {file.stem: file for file in sorted(FOLDER.glob("*.md"))}
EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
NAMES = {"USA": "Washington", "JPN": "Tokyo", "KOR": "Seoul", "RUS": "Moscow"}
HANDOUTS = ("prediction-sheet", "role-cards", "role-cards-2022")
"""Pages that students hold before the reveal."""
TIMED = {"lesson-50": [50], "lesson-2x90": [90, 90]}
"""Lesson plans, and how long their timetables last."""

Row = tuple[str, ...]
Table = list[Row]
"""Head first."""


# --- numbers from the model ---------------------------------------------------------------


@cache
def read_scenario(name: str) -> Scenario:
    return reading.read(name)


@cache
def levels(
    episode: str,
    state: str,
    whatifs: Row = (),
    changes: tuple[tuple[str, str], ...] = (),
    weights: str = "calibrated",
) -> np.ndarray:
    """Levels of a state in 2,000 free runs with seed 0, as the commands do: (runs, steps)."""
    scenario = reading.with_settings(episode, list(whatifs), list(changes))
    runs = ensemble.free_runs(scenario, weight_sets.read(weights), 2000, 0)
    return runs.chosen((state, "level", None))


def joined(path: np.ndarray) -> float:
    """Share of runs at level 2 or more at the last step."""
    return float((path[:, -1] >= JOINED).mean())


def documented(episode: str, state: str, decision: str = "level") -> list[Documented]:
    records = history.documented(read_scenario(episode))
    return history.by_key(records)[(state, decision, None)]


def results(name: str) -> pd.DataFrame:
    """A committed table of results."""
    return pd.read_csv(RESULTS / name)


def signed(value: float, digits: int = 1) -> str:
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def brier(probability: float, happened: bool) -> float:
    return (probability - happened) ** 2


# --- the answer key -----------------------------------------------------------------------


def courses(episode: str) -> Table:
    """The documented course of levels and engagement, with coding ranges."""
    head = ("month", "United States", "Japan", "South Korea", "Japan's ties", "South Korea's ties")
    keys = [("USA", "level"), ("JPN", "level"), ("KOR", "level")]
    keys += [("JPN", "engagement"), ("KOR", "engagement")]
    columns = [[coded(record) for record in documented(episode, *key)] for key in keys]
    dates = read_scenario(episode).calendar.dates
    return [head, *zip(dates, *columns, strict=True)]


def coded(record: Documented) -> str:
    if record.low == record.high:
        return str(record.value)
    return f"{record.value} ({record.low} to {record.high})"


def changes_of_course() -> Table:
    """Each entry of the levels of 2014 and 2022, with its sources."""
    rows = [("from", "state", "level", "sources")]
    for episode in ("crimea-2014", "ukraine-2022"):
        labels = read_scenario(episode).labels
        for course in history.read()[episode]:
            if course.decision == "level":
                rows += [
                    (e.date, labels[course.state], str(e.value), ", ".join(e.source))
                    for e in course.course
                ]
    return rows


def yardstick() -> Table:
    """What the model said, in sample and out of sample, and its Brier scores."""
    sides = results("forecasts/sides.csv").set_index(["forecast", "state"]).p_documented_side
    head = ("ally", "joined", "in sample", "Brier", "out of sample", "Brier")
    rows = [head]
    for episode, forecast in (("crimea-2014", "2022-to-2014"), ("ukraine-2022", "2014-to-2022")):
        for state, label in (("JPN", "Japan"), ("KOR", "South Korea")):
            happened = documented(episode, state)[-1].value >= JOINED
            inside = joined(levels(episode, state))
            side = float(sides[forecast, state])
            outside = side if happened else 1 - side
            rows.append(
                (
                    f"{label}, {episode[-4:]}",
                    "yes" if happened else "no",
                    f"{inside:.2f}",
                    f"{brier(inside, happened):.3f}",
                    f"{outside:.2f}",
                    f"{brier(outside, happened):.3f}",
                )
            )
    return rows


# --- the prediction sheet -----------------------------------------------------------------


def brier_example() -> Table:
    """An invented sheet, scored."""
    stated = {"A": (70, True), "B": (40, False), "C": (80, False)}
    rows = [("ally", "stated, per cent", "happened", "difference", "squared")]
    scores = []
    for ally, (per_cent, happened) in stated.items():
        p = per_cent / 100
        scores.append(brier(p, happened))
        outcome = "1 (joined)" if happened else "0 (did not)"
        rows.append((ally, str(per_cent), outcome, f"{p - happened:+.2f}", f"{scores[-1]:.2f}"))
    mean = sum(scores) / len(scores)
    return [*rows, ("mean", "", "", "", f"{mean:.2f}")]


def brier_scale() -> Table:
    """What a stated probability scores if the ally joins, and if it does not."""
    rows = [("stated, per cent", "if it joins", "if it does not")]
    for per_cent in (0, 20, 50, 80, 100):
        p = per_cent / 100
        rows.append((str(per_cent), f"{brier(p, True):.2f}", f"{brier(p, False):.2f}"))
    return rows


# --- role cards ---------------------------------------------------------------------------

ENERGY = (
    "import_dependence",
    "oil_from_middle_east",
    "gas_from_russia",
    "oil_from_russia",
    "coal_from_russia",
    "gas_from_usa",
    "nuclear_electricity",
)
SHOWN = {
    "JPN": (
        *("states.JPN.us_troops", "states.JPN.g7", "states.JPN.regional_isolation"),
        *(f"states.JPN.{name}" for name in ENERGY),
        *(f"states.JPN.{name}" for name in ("strain_china", "strain_russia", "strain_north_korea")),
        *(f"states.JPN.{name}" for name in ("norms_emphasis", "russia_trade", "russian_aims")),
    ),
    "KOR": (
        *("states.KOR.us_troops", "states.KOR.g7", "states.KOR.regional_isolation"),
        "states.KOR.independence_wish",
        *(f"states.KOR.{name}" for name in ENERGY),
        *(f"states.KOR.{name}" for name in ("strain_china", "strain_russia", "strain_north_korea")),
        *(f"states.KOR.{name}" for name in ("hoped_return", "role_in_talks", "norms_emphasis")),
        *(f"states.KOR.{name}" for name in ("russia_trade", "russian_aims")),
    ),
    "USA": tuple(
        f"states.USA.{name}"
        for name in (
            *("leadership_stakes", "norms_emphasis", "escalation_risk", "pressing_cost"),
            *("assuring_cost", "assured_supply", "oil_from_russia", "russia_trade"),
        )
    ),
    "RUS": (
        *(f"states.{code}.russia_trade_share" for code in ("JPN", "KOR", "USA")),
        "blocs.EU.russia_trade_share",
        *("states.JPN.concession_price", "states.KOR.concession_price"),
        "world.china_russia_alignment",
    ),
}
"""Figures on each card, by path."""
MEANINGS = {
    row.name: row
    for table in (inputs.BLOC, inputs.LEADER, inputs.WORLD, inputs.ALLY)
    for row in table.values()
}
SPOILERS = {
    "2014": {claim.id for claim in evidence.load().claims.values() if "O" in claim.kind}
    | {"D14-16", "D14-17", "D14-19"},
    "2022": {
        claim.id
        for claim in evidence.load().claims.values()
        if "O" in claim.kind and claim.article == "C22"
    }
    | {"C22-16"},
}
"""Claims that tell, or give away, what was decided in a year."""


def figures(state: str) -> Table:
    """Figures of a card of 2014 that were known, but those that would give an outcome away."""
    rows = [("figure", "value", "range", "year", "sources")]
    for path in SHOWN[state]:
        found = quantity(read_scenario("crimea-2014"), path)
        if not SPOILERS["2014"] & set(found.source) and (found.year or 0) < 2014:
            values = (stated(path, found.value), ends(path, found), str(found.year or ""))
            rows.append((meaning(path), *values, ", ".join(found.source)))
    return rows


def figures_then_and_now(state: str) -> Table:
    """The same at the start of 2014 and of 2022, with the sources of 2022."""
    rows = [("figure", "2014", "2022", "sources for 2022")]
    for path in SHOWN[state]:
        then, now = (
            quantity(read_scenario(name), path) for name in ("crimea-2014", "ukraine-2022")
        )
        if not SPOILERS["2022"] & set(now.source):
            values = (stated(path, then.value), stated(path, now.value))
            rows.append((meaning(path), *values, ", ".join(now.source)))
    return rows


def quantity(scenario: Scenario, path: str) -> Quantity:
    head, code, *name = path.split(".")
    if head == "world":
        return scenario.world[code]
    if head == "blocs":
        return getattr(scenario.blocs[code], name[0])
    return scenario.states[code][name[0]]


def meaning(path: str) -> str:
    row = MEANINGS[path.split(".")[-1]]
    whose = {"JPN": "Japan: ", "KOR": "South Korea: ", "USA": "United States: ", "EU": "EU: "}
    outlet = row.name in ("russia_trade_share", "concession_price")
    text = (whose[path.split(".")[1]] if outlet else "") + row.meaning
    return f"{text} (judged)" if row.kind == "judged" else text


def stated(path: str, value: float) -> str:
    """A value in the unit that a reader expects."""
    row = MEANINGS[path.split(".")[-1]]
    if row.unit.startswith("share"):
        return f"{100 * value:.2g} %" if value < 0.1 else f"{100 * value:.0f} %"
    if row.unit == "0 or 1":
        return "yes" if value else "no"
    return f"{value:,.0f}" if row.unit == "persons" else f"{value:.2f}"


def ends(path: str, found: Quantity) -> str:
    """The range of an input, where it has one."""
    low, high = (stated(path, bound) for bound in found.range)
    return "" if low == high else f"{low.removesuffix(' %')} to {high}"


# --- rounds of the game on paper ----------------------------------------------------------

ROUNDS = {
    "crimea-2014": ("2014-03", "2014-05", "2014-07", "2014-10", "2014-12"),
    "ukraine-2022": ("2022-02", "2022-03", "2022-04", "2022-05", "2022-10"),
}
"""Last month of each round."""


def rounds(episode: str) -> Table:
    """What is read aloud in each round: the dated events of the episode."""
    rows = [("round", "months", "read aloud", "sources")]
    start = read_scenario(episode).calendar.start
    for number, end in enumerate(ROUNDS[episode], 1):
        read_out = [item for item in events(episode) if start <= item[0][:7] <= end]
        text = "; ".join(f"{date}: {label}" for date, label, _ in read_out)
        sources = dict.fromkeys(source for *_, named in read_out for source in named)
        months = end if start == end else f"{start} to {end}"
        rows.append((str(number), months, text or "nothing new", ", ".join(sources)))
        year, month = int(end[:4]), int(end[5:])
        start = f"{year:04d}-{month + 1:02d}"
    return rows


def events(episode: str) -> list[tuple[str, str, Row]]:
    """Dated events by name, in order."""
    scenario = read_scenario(episode)
    tables = [*scenario.states.values(), scenario.world]
    found = [one for table in tables for one in table.values()]
    found += [bloc.level for bloc in scenario.blocs.values()]
    named = [change for one in found for change in one.changes if change.label]
    return sorted((change.date, str(change.label), change.source) for change in named)


# --- worked solutions ---------------------------------------------------------------------


def weigh() -> Table:
    """From a difference in utility to odds: Japan, April 2014, at the mean and a low precision."""
    weights = weight_sets.read_set("calibrated")
    found = explanation.explain(
        read_scenario("crimea-2014"), weight_sets.read("calibrated"), "JPN", "2014-04"
    )
    kept = weights.precision["level"]
    precisions = (kept.value, kept.range[0])
    head = ("level instead of 2", "gain in utility")
    rows = [(*head, *(f"odds at precision {precision:.1f}" for precision in precisions))]
    for option, items in sorted(found.neighbours.items()):
        gain = sum(item.gain for item in items)
        shown = (f"{math.exp(precision * gain):.6f}" for precision in precisions)
        rows.append((str(option), f"{gain:+.3f}", *shown))
    return rows


def precision() -> Table:
    """The precision of levels, as the weight file has it."""
    found = weight_sets.read_set("calibrated").precision["level"]
    low, high = found.range
    return [
        ("precision of levels", "nine tenths of the posterior"),
        (f"{found.value:.1f}", f"{low:.1f} to {high:.0f}"),
    ]


def coded_inputs(*paths: str) -> Table:
    """Inputs of 2014 as coded, with range and sources."""
    rows = [("input", "2014", "range", "sources")]
    for path in paths:
        found = quantity(read_scenario("crimea-2014"), path)
        values = (stated(path, found.value), ends(path, found), ", ".join(found.source))
        rows.append((f"`{path}`", *values))
    return rows


def changed_inputs(whatif: str) -> Table:
    """What a what-if sets, beside its episode."""
    then, now = read_scenario(read_scenario(whatif).episode), read_scenario(whatif)
    rows = [("input", "episode", f"`{whatif}`")]
    for path in reading.read_whatif(whatif)[1].data["set"]:
        values = (stated(path, quantity(one, path).value) for one in (then, now))
        rows.append((f"`{path}`", *values))
    return rows


def paired() -> Table:
    """One difference under five seeds: with the same draws on both sides, and with others."""
    pairs = []
    for seed in range(5):
        table = api.whatif("crimea-2014", ["tokyo-reconciled"], runs=500, seed=seed)
        row = table.query("state == 'JPN' and measure == 'first joining'").iloc[0]
        pairs.append((float(row.base), float(row.changed)))
    rows = [("seed", "episode", "what-if", "same draws", "episode of the next seed instead")]
    for seed, (base, changed) in enumerate(pairs):
        other = pairs[(seed + 1) % len(pairs)][0]
        same, mixed = signed(changed - base, 2), signed(changed - other, 2)
        rows.append((str(seed), f"{base:.2f}", f"{changed:.2f}", same, mixed))
    return rows


SEOUL: dict[str, Row] = {
    "the episode": (),
    "`seoul-isolated`": ("seoul-isolated",),
    "`yoon-line-2014`": ("yoon-line-2014",),
    "`full-invasion-2014`": ("full-invasion-2014",),
    "`yoon-line-2014` and `seoul-isolated`": ("yoon-line-2014", "seoul-isolated"),
    "`yoon-line-2014` and `full-invasion-2014`": ("yoon-line-2014", "full-invasion-2014"),
}


def together() -> Table:
    """Seoul in 2014 under single what-ifs and under two at once."""
    rows = [("what is changed", "P(joined)", "mean level at the end")]
    for name, whatifs in SEOUL.items():
        path = levels("crimea-2014", "KOR", whatifs)
        rows.append((name, f"{joined(path):.2f}", f"{path[:, -1].mean():.2f}"))
    return rows


SETS = (
    "calibrated",
    "alliance-dependence-only",
    "regional-threat-only",
    "norms-only",
    "commerce-only",
    "energy-security-only",
)


def sides_by_explanation() -> Table:
    """P(joined) at the end under the whole theory and under each group alone."""
    rows = [("weights", "Japan 2014", "South Korea 2014", "Japan 2022", "South Korea 2022")]
    for name in SETS:
        shares = [
            joined(levels(episode, state, weights=name))
            for episode in ("crimea-2014", "ukraine-2022")
            for state in ("JPN", "KOR")
        ]
        rows.append((f"`{name}`", *(f"{share:.2f}" for share in shares)))
    return rows


def hypotheses() -> Table:
    """Rival explanations as one full run weighed them."""
    rows = [
        ("explanation", "log marginal likelihood", "log Bayes factor", "over priors and inputs")
    ]
    for row in results("comparison/comparison.csv").itertuples():
        least = min(row.priors_least, row.inputs_least)
        most = max(row.priors_most, row.inputs_most)
        own = row.hypothesis == "full"
        factor = "0" if own else f"{row.bayes_factor:+.1f} ± {row.bayes_factor_error:.1f}"
        spread = "" if own else f"{signed(least)} to {signed(most)}"
        rows.append((row.title, f"{row.evidence:.1f}", factor, spread))
    return rows


def odds() -> Table:
    """Two Bayes factors as odds for the theory in full."""
    found = results("comparison/comparison.csv").set_index("hypothesis")
    rows = [("rival", "log Bayes factor", "rival : full", "full : rival")]
    for name in ("energy-and-alliance", "alliance"):
        row = found.loc[name]
        for_it, against = math.exp(row.bayes_factor), math.exp(-row.bayes_factor)
        shown = (signed(row.bayes_factor, 2), ratio(for_it), ratio(against))
        rows.append((row.title, *shown))
    return rows


def ratio(value: float) -> str:
    return f"{value:,.0f} : 1" if value >= 10 else f"{value:.{2 if value > 0.01 else 4}f} : 1"


def moves() -> Table:
    """The largest moves of Japan's P(joined) in 2014 from one end of a range to the other."""
    table = results("sensitivity/tornado.csv").query("scenario == 'crimea-2014' and state == 'JPN'")
    table = table.assign(move=(table.p_joined_high - table.p_joined_low).abs())
    rows = [("kind", "what is varied alone", "P(joined) low", "now", "high")]
    for kind in ("input", "weight"):
        for row in table[table.kind == kind].nlargest(3, "move").itertuples():
            ends = (row.p_joined_low, row.p_joined_now, row.p_joined_high)
            rows.append((kind, f"`{row.factor}`", *(f"{p:.2f}" for p in ends)))
    return rows


def failures() -> Table:
    """How often forecasts of 0.8 fail if they are right."""
    rows = [("forecasts of 0.8", "all come true", "at least one fails", "expected failures")]
    for number in (1, 5, 10):
        rows.append(
            (str(number), f"{0.8**number:.2f}", f"{1 - 0.8**number:.2f}", f"{0.2 * number:.1f}")
        )
    return rows


def calibration() -> Table:
    """Probabilities given to single options out of sample, and how often these happened."""
    rows = [("stated between", "forecasts", "mean stated", "happened", "expected", "came true")]
    for index, row in enumerate(results("forecasts/calibration.csv").itertuples()):
        between = f"{index / 10:.1f} and {(index + 1) / 10:.1f}"
        counts = (round(row.forecasts * row.probability), round(row.forecasts * row.happened))
        rows.append(
            (
                between,
                str(row.forecasts),
                f"{row.probability:.2f}",
                f"{row.happened:.2f}",
                *(str(count) for count in counts),
            )
        )
    return rows


def out_of_sample() -> Table:
    """Sides of what the weights had not seen, with all draws and at their centre."""
    sides = results("forecasts/sides.csv").set_index(["forecast", "state"]).p_documented_side
    rows = [
        (
            "weights from",
            "forecast of",
            "documented side, all draws (`sides.csv`)",
            "at the posterior mean",
        )
    ]
    for seen, episode, forecast in (
        ("2014", "ukraine-2022", "2014-to-2022"),
        ("2022", "crimea-2014", "2022-to-2014"),
    ):
        for state, label in (("JPN", "Japan"), ("KOR", "South Korea")):
            share = joined(levels(episode, state, weights=f"fitted-{seen}"))
            if documented(episode, state)[-1].value < JOINED:
                share = 1 - share
            side = f"{sides[forecast, state]:.2f}"
            rows.append((seen, f"{label}, {episode[-4:]}", side, f"{share:.2f}"))
    return rows


def levels_out_of_sample() -> Table:
    """Scores of levels and engagement beside the best rule."""
    means = results("forecasts/means.csv")
    rows = [("forecast", "decision", "model", "best rule", "its score", "uniform")]
    for (forecast, decision), found in means.groupby(["forecast", "decision"], sort=False):
        if forecast in ("2014-to-2022", "2022-to-2014"):
            score = found.set_index("forecaster").rps
            best = score.drop("model").idxmin()
            shown = (score.model, score[best], score.uniform)
            model, rule, uniform = (f"{value:.3f}" for value in shown)
            rows.append((forecast, decision, model, best, rule, uniform))
    return [rows[0], *sorted(rows[1:])]


CLUB = (("states.JPN.g7", "0"),)
TOKYO = {
    "as it was": ((), ()),
    "`tokyo-reconciled`": (("tokyo-reconciled",), ()),
    "outside the G7": ((), CLUB),
    "both": (("tokyo-reconciled",), CLUB),
}


def club_or_isolation() -> Table:
    """Japan's P(joined) in 2014 under two explanations, for three sets of weights."""
    sets = ("calibrated", "fitted-2014", "fitted-2022")
    rows = [("Japan in 2014", *(f"`{name}`" for name in sets))]
    for name, (whatifs, changes) in TOKYO.items():
        paths = (levels("crimea-2014", "JPN", whatifs, changes, weights) for weights in sets)
        rows.append((name, *(f"{joined(path):.2f}" for path in paths)))
    return rows


# --- limits -------------------------------------------------------------------------------


def record() -> Table:
    """How much history there is."""
    scenarios = [read_scenario(name) for name in EPISODES]
    records = [history.documented(one) for one in scenarios]
    moved = [list(turns(one, found)) for one, found in zip(scenarios, records, strict=True)]
    silent = [
        one
        for found in records
        for one in found
        if one.state == "USA" and one.decision == "stance" and one.high - one.low == 2
    ]
    stances = sum(r.decision == "stance" and r.state == "USA" for found in records for r in found)
    allies = sum(state in ("JPN", "KOR") for found in moved for state in found)
    coded_inputs = [
        MEANINGS[name].kind
        for one in scenarios
        for table in (one.world, *one.states.values())
        for name in table
    ]
    return [
        ("what", "number"),
        ("episodes", str(len(EPISODES))),
        ("documented decisions", str(sum(len(found) for found in records))),
        ("changes of level or engagement among them", str(sum(len(found) for found in moved))),
        ("of these by the two allies", str(allies)),
        ("stances of the leader on record", str(stances)),
        ("of these with no source for one or the other", str(len(silent))),
        ("inputs of states and world in the three episodes", str(len(coded_inputs))),
        ("of these judged and not measured", str(coded_inputs.count("judged"))),
    ]


def turns(scenario: Scenario, records: list[Documented]) -> Iterator[str]:
    """The state of each change of level or engagement, the first step against the start."""
    for (state, decision, _), course in history.by_key(records).items():
        if decision != "stance":
            start = scenario.states[state][f"initial_{decision}"].value
            values = [start, *(record.value for record in course)]
            yield from (state for a, b in itertools.pairwise(values) if a != b)


def widths() -> Table:
    """What the decisions teach of some weights."""
    table = results("posterior/summary.csv").set_index("number")
    rows = [("number", "mean", "90 % interval", "contraction")]
    for name in (
        *("groups.energy_security", "groups.alliance_dependence", "groups.regional_threat"),
        *("groups.norms", "groups.commerce", "terms.peninsula", "terms.precedent"),
        "precision.level",
    ):
        row = table.loc[name]
        interval = f"{row.low:.3g} to {row.high:.3g}"
        rows.append((f"`{name}`", f"{row['mean']:.3g}", interval, f"{row.contraction:.2f}"))
    return rows


def spread() -> Table:
    """What-ifs at the posterior mean, and over all draws of the posterior."""
    rows = [("what-if", "ally", "at the mean", "mean over draws", "90 % of draws between")]
    for whatif, state in (
        ("seoul-isolated", "KOR"),
        ("yoon-line-2014", "KOR"),
        ("full-invasion-2014", "KOR"),
        ("tokyo-reconciled", "JPN"),
    ):
        scenario = read_scenario(whatif)
        centre, drawn = weight_sets.read("calibrated"), weight_sets.read_draws("calibrated")
        runs, each = ensemble.runs_of_draws(scenario, centre, drawn, 20, 0)
        last = runs.chosen((state, "level", None))[:, -1] >= JOINED
        shares = np.array([last[each == draw].mean() for draw in range(len(drawn))])
        low, high = np.quantile(shares, [0.05, 0.95])
        at_mean = joined(levels("crimea-2014", state, (whatif,)))
        band = f"{low:.2f} and {high:.2f}"
        label = "Japan" if state == "JPN" else "South Korea"
        rows.append((f"`{whatif}`", label, f"{at_mean:.2f}", f"{shares.mean():.2f}", band))
    return rows


def threshold() -> Table:
    """The first month at or above each level, as documented."""
    rows = [("if joined meant", "Japan 2014", "South Korea 2014", "Japan 2022", "South Korea 2022")]
    for bar in (1, 2, 3, 4):
        cells = []
        for episode in ("crimea-2014", "ukraine-2022"):
            for state in ("JPN", "KOR"):
                reached = [r.date for r in documented(episode, state) if r.value >= bar]
                cells.append(reached[0] if reached else "never")
        rows.append((f"level {bar} or more", *cells))
    return rows


def out_of_sample_in_short() -> Table:
    """Counts over all forecasts of what was not seen."""
    sides, means = results("forecasts/sides.csv"), results("forecasts/means.csv")
    rows = [("out of sample", "number", "of", "file")]
    right = int(sides.right.sum())
    rows.append(("sides of an ally that are right", str(right), str(len(sides)), "`sides.csv`"))
    for decision in ("level", "engagement"):
        found = means[means.decision == decision].pivot(
            index="forecast", columns="forecaster", values="rps"
        )
        better = int((found["model"] < found.drop(columns="model").min(axis=1)).sum())
        text = f"forecasts of {decision} that beat the best rule"
        rows.append((text, str(better), str(len(found)), "`means.csv`"))
    sure = results("forecasts/calibration.csv").iloc[6:]
    count = int(sure.forecasts.sum())
    true = round(float((sure.forecasts * sure.happened).sum()))
    text = "single options given more than 0.6 that happened"
    return [*rows, (text, str(true), str(count), "`calibration.csv`")]


def turning() -> Table:
    """Points of the study with everything varied at once at which the side is the other one."""
    table = results("sensitivity/boxes.csv").drop_duplicates(["scenario", "state"])
    labels = {"JPN": "Japan", "KOR": "South Korea"}
    rows = [("episode", "ally", "other side at", "of points")]
    for row in table.itertuples():
        rows.append((row.scenario, labels[row.state], f"{row.cases:,}", f"{row.points:,}"))
    return rows


def engagement_missed() -> Table:
    """Steps at which the most probable engagement is not the documented one."""
    rows = [("episode", "ally", "steps", "wrong at the mean", "wrong over draws")]
    weights = weight_sets.read("calibrated")
    for episode in EPISODES:
        scenario = read_scenario(episode)
        both = (
            ensemble.free_runs(scenario, weights, 2000, 0),
            ensemble.posterior_runs(scenario, "calibrated", 2000, 0),
        )
        for state, label in (("JPN", "Japan"), ("KOR", "South Korea")):
            known = [record.value for record in documented(episode, state, "engagement")]
            likeliest = [runs.counts((state, "engagement", None)).argmax(axis=1) for runs in both]
            wrong = (str(int((modal != known).sum())) for modal in likeliest)
            rows.append((episode, label, str(len(known)), *wrong))
    return rows


Maker = Callable[[], Table]
QUICK: dict[str, Maker] = {
    "key-2014": partial(courses, "crimea-2014"),
    "key-2022": partial(courses, "ukraine-2022"),
    "key-sources": changes_of_course,
    "brier-example": brier_example,
    "brier-scale": brier_scale,
    **{f"figures-{code}": partial(figures, code) for code in NAMES},
    **{f"figures-{code}-2022": partial(figures_then_and_now, code) for code in NAMES},
    **{f"rounds-{name[-4:]}": partial(rounds, name) for name in ROUNDS},
    "weigh": weigh,
    "precision": precision,
    "isolated": partial(changed_inputs, "seoul-isolated"),
    "turmoil": partial(coded_inputs, "world.middle_east_turmoil"),
    "hypotheses": hypotheses,
    "odds": odds,
    "moves": moves,
    "failures": failures,
    "calibration": calibration,
    "levels-out-of-sample": levels_out_of_sample,
    "record": record,
    "widths": widths,
    "threshold": threshold,
    "out-of-sample-in-short": out_of_sample_in_short,
    "turning": turning,
}
"""Tables that need no runs, by the name in the marker."""
RUN: dict[str, Maker] = {
    "yardstick": yardstick,
    "paired": paired,
    "together": together,
    "sides-by-explanation": sides_by_explanation,
    "out-of-sample": out_of_sample,
    "club-or-isolation": club_or_isolation,
    "spread": spread,
    "engagement-missed": engagement_missed,
}
"""Tables that rest on ensembles, and so need the compiler."""


@cache
def made(name: str) -> str:
    """A table as the pages show it."""
    head, *rows = (QUICK | RUN)[name]()
    return as_table(head, rows)


# --- pages --------------------------------------------------------------------------------

BLOCK = re.compile(r"^```console\n\$ (alignsim [^\n]*)\n(.*?)^```$", re.M | re.S)
COMPUTED = re.compile(
    r"^<!-- computed: ([\w-]+) -->\n\n(.*?)\n\n<!-- end computed -->$", re.M | re.S
)
NEEDS_RUNS = ("run", "whatif", "redlines")
"""Commands that play ensembles."""


def text(page: str) -> str:
    return PAGES[page].read_text(encoding="utf-8")


def printed(command: str) -> str:
    """What a command prints."""
    result = CliRunner().invoke(cli.cli, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def blocks() -> list[object]:
    found = []
    for page in PAGES:
        for command, shown in BLOCK.findall(text(page)):
            marks = pytest.mark.slow if command.split()[1] in NEEDS_RUNS else ()
            found.append(pytest.param(command, shown, id=f"{page}: {command[9:50]}", marks=marks))
    return found


@pytest.mark.parametrize(("command", "shown"), blocks())
def test_a_block_is_what_its_command_prints(command: str, shown: str) -> None:
    assert shown.strip() == printed(command)


def tables() -> list[object]:
    return [
        pytest.param(
            name, shown, id=f"{page}: {name}", marks=pytest.mark.slow if name in RUN else ()
        )
        for page in PAGES
        for name, shown in COMPUTED.findall(text(page))
    ]


@pytest.mark.parametrize(("name", "shown"), tables())
def test_a_table_is_as_computed(name: str, shown: str) -> None:
    assert shown == made(name)


def test_every_marker_is_read_and_every_table_shown() -> None:
    everything = "".join(text(page) for page in PAGES)
    shown = [name for name, _ in COMPUTED.findall(everything)]
    assert set(shown) == QUICK.keys() | RUN.keys()
    assert everything.count("<!-- computed:") == everything.count("<!-- end computed") == len(shown)
    assert everything.count("```console") == len(BLOCK.findall(everything))


NUMBER = re.compile(r"(?<![\w.,-])[-+±−]?(\d[\d,]*(?:\.\d+)?)(?![\w-]|\.\d)")
SMALL = 10
"""Whole numbers up to here are levels, counts and steps, and stand in prose unchecked."""


def numbers(passage: str) -> set[str]:
    return {found.rstrip(",") for found in NUMBER.findall(passage)}


def material(section: str) -> str:
    """What a section shows that is checked: blocks and computed tables."""
    shown = [f"{command}\n{output}" for command, output in BLOCK.findall(section)]
    return "\n".join(shown + [body for _, body in COMPUTED.findall(section)])


def prose(section: str) -> str:
    """The rest of a section, without code, headings and the addresses of links."""
    rest = COMPUTED.sub("", section)
    rest = re.sub(r"^```.*?^```$", "", rest, flags=re.M | re.S)
    rest = re.sub(r"^#.*$|`[^`]*`|\]\([^)]*\)|<[^>]*>", " ", rest, flags=re.M)
    return re.sub(r"^\| \d+ to \d+ \|", "|", rest, flags=re.M)


MONTH = re.compile(r"\b20\d\d-\d\d\b")
DATED = re.compile(r"\b\d+[- ]minutes?\b|\b\d x \d+ minutes|\b\d+ (February|March|April|July)\b")
"""Times and days of the month."""


def unbacked(page: str) -> list[str]:
    """Numbers of a page's prose that its section does not show; years and minutes pass."""
    found = []
    for section in re.split(r"^## ", page, flags=re.M):
        backed = numbers(material(section))
        said = DATED.sub(" ", prose(section))
        months = set(MONTH.findall(said)) - set(MONTH.findall(material(section)))
        found += [f"{section.splitlines()[0]}: {month}" for month in sorted(months)]
        for number in sorted(numbers(said) - backed):
            is_whole = re.fullmatch(r"\d+", number) is not None
            if not (is_whole and (int(number) <= SMALL or 1900 <= int(number) < 2100)):
                found.append(f"{section.splitlines()[0]}: {number}")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_prose_repeats_only_what_its_section_shows(page: str) -> None:
    assert unbacked(text(page)) == []


def test_a_number_from_elsewhere_is_noticed() -> None:
    page = "# A\n\n## B\n\n<!-- computed: x -->\n\n| 0.19 | 279 |\n\n<!-- end computed -->\n\n"
    assert unbacked(page + "It is 0.19 of 279 in 2014, at level 3 (D14-05).\n") == []
    assert unbacked(page + "It is +0.20.\n") == ["B: 0.20"]
    assert unbacked(page + "Of 280.\n") == ["B: 280"]
    assert unbacked(page + "In 2014-09.\n") == ["B: 2014-09"]
    assert unbacked(page + "## C\n\nIt is 0.19.\n") == ["C: 0.19"]


# --- sources ------------------------------------------------------------------------------

CLAIM = re.compile(r"\b[A-Z]\d\d-\d\d\b")


def spans(page: str) -> list[str]:
    """Code spans of a page, outside blocks."""
    rest = re.sub(r"^```.*?^```$", "", text(page), flags=re.M | re.S)
    return re.findall(r"`([^`]+)`", rest)


@pytest.mark.parametrize("page", PAGES)
def test_claims_exist(page: str) -> None:
    assert [
        found for found in CLAIM.findall(text(page)) if found not in evidence.load().claims
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_names_in_code_exist(page: str) -> None:
    """References, scenarios and weight sets; files; inputs."""
    known = {*evidence.load().references, *reading.shipped("episodes"), *reading.shipped("whatifs")}
    known |= {file.stem for file in (ROOT / "configs" / "weights").glob("*.yaml")}
    for span in spans(page):
        if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", span):
            assert span in known, span
        elif re.fullmatch(r"[\w./-]+\.(csv|md|yaml|ipynb|txt|py)|[\w-]+(/[\w-]+)*/", span):
            found = [ROOT / span, FOLDER / span, *RESULTS.glob(f"*/{span}")]
            assert any(file.exists() for file in found), span
        elif re.match(r"(states|world|blocs)\.", span):
            quantity(read_scenario("crimea-2014"), span.partition("=")[0])


@pytest.mark.parametrize("page", PAGES)
def test_sources_of_tables_exist(page: str) -> None:
    for _, body in COMPUTED.findall(text(page)):
        head, _, *rows = body.splitlines()
        if "sources" in head.split("|")[-2]:
            for row in rows:
                for source in filter(None, row.split("|")[-2].strip().split(", ")):
                    assert evidence.load().knows(source), source


def commands(page: str) -> list[str]:
    shell = re.findall(r"^```sh\n(.*?)^```$", text(page), flags=re.M | re.S)
    lines = [line for block in shell for line in block.splitlines()]
    return [line for line in [*lines, *spans(page)] if line.startswith("alignsim ")]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_ones_that_exist(page: str) -> None:
    for command in commands(page):
        name, *arguments = shlex.split(command)[1:]
        if name != "app":  # an extra of its own
            known = cli.cli.commands[name]
            if arguments:
                known.make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text(page)):
        assert (FOLDER / target).is_file(), target


def test_the_first_page_lists_all_others() -> None:
    listed = set(re.findall(r"\]\(([\w-]+)\.md\)", text("index")))
    assert listed == PAGES.keys() - {"index"}


# --- hand-outs give nothing away ----------------------------------------------------------

TOLD = re.compile(
    r"\b(joined the sanctions|did not join|stayed out|followed late|has joined"
    r"|MH17|imposed|refused|adopted|23 officials|five banks)\b",
    re.I,
)
LATER = {
    "2014": re.compile(
        r"April|June|July|August|September|October|November|December|2014-(0[4-9]|1)"
    ),
    "2022": re.compile(r"March|April|June|July|August|September|October|2022-(0[3-9]|1)|Yoon"),
}


IDS = re.compile(r"`[^`]*`|\b[a-z]+(-[a-z0-9]+)+\b")
"""Ids of references, which may hold a date."""


def gives_away(passage: str, year: str, start: dict[str, float]) -> list[str]:
    """What in a passage tells the outcome: claims, phrases, later dates, levels but the first."""
    found = [claim for claim in CLAIM.findall(passage) if claim in SPOILERS[year]]
    found += [match[0] for match in TOLD.finditer(passage)]
    found += [match[0] for match in LATER[year].finditer(IDS.sub("", passage))]
    named = re.findall(r"\b(level|engagement) ([0-5])\b(?! or more)", passage)
    return found + [f"{what} {n}" for what, n in named if start.get(what) != float(n)]


def cards(page: str) -> dict[str, str]:
    """Cards of a page by seat."""
    parts = re.split(r"^## (.*)$", text(page), flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {seat: found[seat] for seat in NAMES.values()}


def first_levels(episode: str, code: str) -> dict[str, float]:
    table = read_scenario(episode).states[code]
    keys = ("level", "engagement")
    return {key: table[f"initial_{key}"].value for key in keys if f"initial_{key}" in table}


@pytest.mark.parametrize("code", NAMES)
@pytest.mark.parametrize(
    ("page", "episode"), [("role-cards", "crimea-2014"), ("role-cards-2022", "ukraine-2022")]
)
def test_a_card_gives_no_outcome_away(page: str, episode: str, code: str) -> None:
    card = cards(page)[NAMES[code]]
    assert gives_away(card, episode[-4:], first_levels(episode, code)) == []


@pytest.mark.parametrize("code", ["USA", "JPN", "KOR"])
@pytest.mark.parametrize(
    ("page", "episode"), [("role-cards", "crimea-2014"), ("role-cards-2022", "ukraine-2022")]
)
def test_a_card_says_where_its_seat_starts(page: str, episode: str, code: str) -> None:
    card = cards(page)[NAMES[code]]
    for what, value in first_levels(episode, code).items():
        assert f"{what} {value:.0f}" in card


def test_a10_a_card_has_no_figure_of_a_year_that_was_not_over() -> None:
    for state, paths in SHOWN.items():
        assert all(int(year) < 2014 for _, _, _, year, _ in figures(state)[1:] if year), state
        for path in paths:
            assert (quantity(read_scenario("ukraine-2022"), path).year or 0) < 2022, path
    assert not [card for card in cards("role-cards-2022").values() if "a third" in card]


@pytest.mark.parametrize("page", ["role-cards", "role-cards-2022"])
def test_every_statement_of_a_card_has_a_source(page: str) -> None:
    for card in cards(page).values():
        stated_there = card.partition("**Each round you decide**")[0]
        bullets = re.findall(r"^- (.*)$", stated_there, flags=re.M)
        assert len(bullets) > 3
        for bullet in bullets:
            named = [*CLAIM.findall(bullet), *re.findall(r"`([^`]+)`", bullet)]
            assert any(evidence.load().knows(name) for name in named), bullet


def test_the_prediction_sheet_gives_no_outcome_away() -> None:
    sheet = text("prediction-sheet")
    assert [
        claim for claim in CLAIM.findall(sheet) if claim in SPOILERS["2014"] | SPOILERS["2022"]
    ] == []
    assert TOLD.findall(sheet) == []
    assert re.findall(r"\b(?:level|engagement) [0-5]\b(?! or more)", sheet) == []


def test_the_prediction_sheet_is_blank() -> None:
    """Of every table of the sheets the first column is filled, and nothing else."""
    sheets = text("prediction-sheet").partition("## How to score")[0]
    rows = [line for line in sheets.splitlines() if line.startswith("| ") and "---" not in line]
    bodies = [row for row in rows if "&nbsp;" in row]
    assert len(bodies) > 10
    for row in bodies:
        assert set(row.strip("|").split("|")[1:]) == {" &nbsp;<br>&nbsp; "}, row


@pytest.mark.parametrize(
    "told",
    [
        "Japan stands at level 3.",
        "You did not join.",
        "See D14-01.",
        "See D14-16.",
        "In July an airliner is shot down.",
        "engagement 1",
    ],
)
def test_a_spoiler_is_noticed(told: str) -> None:
    card = cards("role-cards")["Tokyo"]
    assert gives_away(card + told, "2014", first_levels("crimea-2014", "JPN"))


@pytest.mark.parametrize("page", ["answer-key", "solutions", "debrief"])
def test_what_tells_the_outcome_is_for_teachers_only(page: str) -> None:
    assert text(page).splitlines()[2].startswith("**Teacher only.**")


# --- form ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", TIMED)
def test_a_timetable_fills_its_time(page: str) -> None:
    slots = [
        (int(first), int(last))
        for first, last in re.findall(r"^\| (\d+) to (\d+) \|", text(page), flags=re.M)
    ]
    ends = []
    for (first, last), after in zip(slots, [*slots[1:], (0, 0)], strict=True):
        assert first < last
        assert after[0] in (last, 0)
        if after[0] == 0:
            ends.append(last)
    assert ends == TIMED[page]


def test_every_exercise_has_a_solution() -> None:
    exercises, solutions = (
        re.findall(r"^## (Exercise \d+: .*)$", text(page), flags=re.M)
        for page in ("exercises", "solutions")
    )
    assert exercises == solutions
    assert len(exercises) >= 8


@pytest.mark.parametrize("page", HANDOUTS)
def test_hand_outs_break_into_pages(page: str) -> None:
    breaks = text(page).count('<div style="page-break-after: always"></div>')
    assert breaks >= 2


def rewritten(page: str) -> str:
    """A page with its blocks and tables as they are made now."""
    page = BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{printed(found[1])}\n```", page)
    return re.sub(
        r"^<!-- computed: ([\w-]+) -->.*?<!-- end computed -->$",
        lambda found: f"<!-- computed: {found[1]} -->\n\n{made(found[1])}\n\n<!-- end computed -->",
        page,
        flags=re.M | re.S,
    )


if __name__ == "__main__":
    for file in PAGES.values():
        documents.write_whole(file, rewritten(file.read_text(encoding="utf-8")))
