"""What ``alignsim reproduce`` prints, and the report it writes: one page, figures and tables."""

import base64
import hashlib
import importlib.metadata
import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from matplotlib.figure import Figure

from alignsim import (
    documents,
    evaluation,
    history,
    plots,
    plots_paths,
    report_panel,
    report_tables,
    runs,
    tables,
)
from alignsim import weights as weight_sets
from alignsim.decision import ALLY_GROUPS, JOINED
from alignsim.documents import DocumentError
from alignsim.ensemble import Ensemble
from alignsim.evaluation import MODEL, Evaluation, Rows
from alignsim.weights import Parameters, WeightSet

TEMPLATES = Path(__file__).parent / "templates"
WRAP = 96

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Picture:
    """A figure of the page, as it is described to those who do not see it and as an image."""

    name: str
    alt: str
    caption: str
    image: str


# --- what is said of a result ---------------------------------------------------------------


def verdict(result: Evaluation, row: dict[str, Any]) -> str:
    """In plain words: whether a forecast of levels got the side right, and how good it was."""
    scenario = result.ensembles[row["episode"]].scenario
    level = report_tables.at_the_end(result, row)["documented"]
    chance = row["p_documented_side"]
    joined = chance if level >= JOINED else 1.0 - chance
    judged = "at least 0.5: the right side" if chance >= 0.5 else "below 0.5: the wrong side"
    uniform = _uniform(result, row)
    compared = "better" if row["log_score"] > uniform else "no better"
    return (
        f"{scenario.label(row['state'])} in {row['episode']}, fitted on {row['fit_on']} alone: "
        f"documented {report_tables.side(level)} (level {level} at the end); forecast P(joined) "
        f"{joined:.2f}, so the documented side had {chance:.2f}, {judged}. The most probable level "
        f"was exact at {row['share_exact']:.0%} of the steps and within one at "
        f"{row['share_within_one']:.0%}; the log score, {row['log_score']:.2f}, is {compared} than "
        f"that of equal chances ({uniform:.2f})."
    )


def _uniform(result: Evaluation, row: dict[str, Any]) -> float:
    """Log score of equal chances on the same decision."""
    same = ("episode", "state", "decision", "toward")
    (score,) = (
        other["log_score"]
        for other in result.scores
        if other["forecaster"] == "uniform" and all(other[key] == row[key] for key in same)
    )
    return float(score)


def verdicts(result: Evaluation) -> list[str]:
    """The sentences on every out-of-sample forecast of levels."""
    rows = evaluation.out_of_sample(result.scores)
    return [verdict(result, row) for row in rows if row["decision"] == "level"]


def ranking(means: Rows) -> str:
    """In a sentence: where the model stands among the forecasters."""
    parts = []
    for field, name, sign in (
        ("rps", "ranked probability score", 1),
        ("log_score", "log score", -1),
    ):
        ordered = sorted(means, key=lambda row: sign * row[field])
        names = [row["forecaster"] for row in ordered]
        place = names.index(MODEL)
        rival = ordered[1 if place == 0 else 0]
        parts.append(
            f"by mean {name} the model is number {place + 1} of {len(names)} "
            f"({ordered[place][field]:.3f}; {'next' if place == 0 else 'best'} is "
            f"{rival['forecaster']!r}, {rival[field]:.3f})"
        )
    text = " and ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def as_text(result: Evaluation) -> str:
    """What ``alignsim reproduce`` prints, at most 100 columns wide."""
    means = evaluation.means(result.scores, report_tables.allies(result))
    parts = [f"{result.runs} free runs an episode, seed {result.seed}; a dot is not documented."]
    for name, forecast in result.ensembles.items():
        rows = [row for row in result.paths if row["episode"] == name]
        parts += [_heading(f"{forecast.scenario.title} ({name})")]
        parts += [tables.paths(forecast.scenario, rows)]
    parts += [_heading("Mean scores of the allies' levels over all episodes, best first")]
    parts += [tables.score_means(means), textwrap.fill(ranking(means), WRAP)]
    parts += [_heading("Scores of the model, decision by decision")]
    parts += [tables.scores(report_tables.of_model(result))]
    parts += [_heading("Out of sample: fitted on one episode, scored on another")]
    parts += [tables.scores(evaluation.out_of_sample(result.scores))]
    parts += [textwrap.fill(sentence, WRAP) for sentence in verdicts(result)]
    parts += [
        _heading("What survives the coding of the inputs"),
        tables.conclusions(result.conclusions),
    ]
    return "\n\n".join(parts)


def _heading(text: str) -> str:
    return f"{text}\n{'=' * len(text)}"


# --- figures, with words for those who do not see them --------------------------------------

Drawn = tuple[str, Figure, str, str]
"""Name, figure, alternative text, caption."""


def _drawn(result: Evaluation) -> Iterator[Drawn]:
    """Every figure of the report, in the order of the page."""
    yield (
        "overview",
        plots_paths.overview(result),
        "Six panels of the allies' sanctions levels over time, shaded by the share of runs at each "
        f"level, the documented course drawn over them. {' '.join(_ends(result))}",
        "Every cell is a sanctions level at a step: the darker, the more of the model's free runs "
        "are there. The line with dots is what is documented.",
    )
    for forecast in result.ensembles.values():
        yield _paths_drawn(result, forecast)
    for forecast in result.ensembles.values():
        for ally in forecast.scenario.allies:
            yield _utilities_drawn(forecast, ally)
    means = evaluation.means(result.scores, report_tables.allies(result))
    yield (
        "scores",
        plots.score_bars(means),
        f"Bars of mean scores of {len(means)} forecasters, best first. {ranking(means)}",
        "Mean scores of the allies' levels over allies and episodes. The log score is negative; "
        "its bar shows its size.",
    )
    yield (
        "pressure",
        plots.pressure(result.ensembles),
        "Coalition pressure and misalignment over time, as forecast and as documented. "
        + " ".join(_pressure_ends(forecast) for forecast in result.ensembles.values()),
        "Coalition pressure: sanctions levels, as shares of the highest, weighted by each "
        "sanctioner's share in the target's trade. Misalignment: how far leader and allies stand "
        "apart. Documented values follow from the documented levels.",
    )
    yield from report_panel.drawn()


def _ends(result: Evaluation, episode: str | None = None) -> list[str]:
    """A sentence an ally and episode: how it ended, and what the model gave that."""
    sentences = []
    for row in report_tables.of_allies(result):
        if episode in (None, row["episode"]):
            last = report_tables.at_the_end(result, row)
            label = result.ensembles[row["episode"]].scenario.label(row["state"])
            sentences.append(
                f"{label}, {last['date']}: documented level {last['documented']} "
                f"({report_tables.side(last['documented'])}), most probable level "
                f"{last['modal']}, probability of the documented side "
                f"{row['p_documented_side']:.2f}."
            )
    return sentences


def _paths_drawn(result: Evaluation, forecast: Ensemble) -> Drawn:
    scenario = forecast.scenario
    return (
        f"paths-{scenario.name}",
        plots_paths.decision_paths(forecast, history.documented(scenario)),
        f"Sanctions levels and engagement over time in {scenario.title}: documented course, most "
        f"probable course and bands of the runs. {' '.join(_ends(result, scenario.name))}",
        f"{scenario.title}: decisions documented and forecast. The bands hold the central 50% and "
        "90% of the runs at each step; thin bars with caps show what careful coders could also "
        "have written; broken vertical lines mark events.",
    )


def _utilities_drawn(forecast: Ensemble, ally: str) -> Drawn:
    scenario = forecast.scenario
    label = scenario.label(ally)
    parts = plots.differences(scenario, forecast.parameters, ally, forecast.seed)
    words = " ".join(
        f"({letter}) {balance(parts[panel][:, -1])}" for panel, letter in enumerate("abc")
    )
    return (
        f"utilities-{scenario.name}-{ally}",
        plots.stacked_utilities(scenario, forecast.parameters, ally, forecast.seed),
        f"Stacked bars of differences in utility by weight group, {label}, {scenario.title}. At "
        f"the last step: {words}",
        f"{label}, {scenario.title}: what speaks for and against (a) the sanctions it took, or "
        "level 2 where it took less, over none; (b) one level more; (c) the engagement it kept "
        f"over frozen relations. In {scenario.calendar.dates[-1]}: {words}",
    )


def balance(parts: plots.Floats) -> str:
    """The net of differences by group, and the group that speaks most for it and against it."""
    if np.isnan(parts).any():
        return "nothing to compare."
    most, least = int(np.argmax(parts)), int(np.argmin(parts))
    groups = [group.replace("_", " ") for group in ALLY_GROUPS]
    said = f"net {parts.sum():+.2f}"
    if parts[most] > 0.0:
        said += f", most for it {groups[most]} ({parts[most]:+.2f})"
    if parts[least] < 0.0:
        said += f", most against it {groups[least]} ({parts[least]:+.2f})"
    return f"{said}."


def _pressure_ends(forecast: Ensemble) -> str:
    outcome = forecast.outcome
    return (
        f"{forecast.scenario.title}: at the end the mean pressure of the runs is "
        f"{outcome.pressure[:, -1].mean():.2f}, the mean misalignment "
        f"{outcome.misalignment[:, -1].mean():.2f}."
    )


# --- the folder -----------------------------------------------------------------------------


def write(result: Evaluation, folder: Path, progress: Progress = lambda done, note: None) -> Path:
    """Write the report into a folder and return its page, ``index.html``.

    Beside it ``paths.csv``, ``scores.csv``, ``reproduce.json`` (what ``--json`` prints) and every
    figure as PNG and SVG under ``figures``. Each file is written whole or not at all, the page
    last; the same result gives the same bytes. ``progress`` is told how many files there are and
    the name of the last. Raises OSError where the folder cannot be written.
    """
    written = 0

    def put(path: Path, content: bytes | str) -> None:
        nonlocal written
        documents.write_whole(path, content)
        written += 1
        progress(written, path.name)

    put(folder / "paths.csv", runs.as_csv(result.paths))
    put(folder / "scores.csv", runs.as_csv(result.scores))
    record = json.dumps(result.record(), ensure_ascii=False, indent=1, allow_nan=False)
    put(folder / "reproduce.json", f"{record}\n")
    pictures = {}
    for name, figure, alt, caption in _drawn(result):
        put(folder / "figures" / f"{name}.png", plots.rendered(figure, "png"))
        vector = plots.rendered(figure, "svg")
        put(folder / "figures" / f"{name}.svg", vector)
        image = f"data:image/svg+xml;base64,{base64.b64encode(vector).decode()}"
        pictures[name] = Picture(name, alt, caption, image)
    page = folder / "index.html"
    put(page, _page(result, pictures))
    return page


def _page(result: Evaluation, pictures: dict[str, Picture]) -> str:
    scenarios = [forecast.scenario for forecast in result.ensembles.values()]
    first = next(iter(result.ensembles.values()))
    parameters = first.parameters
    means = evaluation.means(result.scores, report_tables.allies(result))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2").render(
        result=result,
        scenarios=scenarios,
        pictures=pictures,
        glance=report_tables.glance(result),
        path_tables={
            one.name: [report_tables.paths(result, one, stances) for stances in (False, True)]
            for one in scenarios
        },
        ends={one.name: _ends(result, one.name) for one in scenarios},
        ranking=ranking(means),
        means=report_tables.means(means),
        scores=report_tables.scores(
            result, report_tables.of_model(result), "Scores of the model, decision by decision."
        ),
        out_of_sample=report_tables.scores(
            result,
            evaluation.out_of_sample(result.scores),
            "Scores of the model on an episode that its weights have not seen.",
        ),
        verdicts=verdicts(result),
        conclusions=report_tables.conclusions(result),
        world=report_panel.section(),
        weights=parameters.name,
        weight_set=weight_set(parameters),
        draws=len(first.drawn),
        digest=_digest(parameters, *first.drawn),
        version=importlib.metadata.version("alignsim"),
    )


def weight_set(parameters: Parameters) -> WeightSet | None:
    """The shipped weight file these parameters are from, if they are."""
    try:
        found = weight_sets.read_set(parameters.name)
    except DocumentError:
        return None
    return found if weight_sets.parameters(found) == parameters else None


def _digest(*sets: Parameters) -> str:
    """SHA-256 of total weights and dynamics, the draws included, whatever file they come from."""
    numbers = [{**each.weights._asdict(), **each.dynamics._asdict()} for each in sets]
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
