"""What the tests of the world panel share: a world of few states, small studies, stand-in draws."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alignsim import documents, indicators
from alignsim.evidence import data_root
from alignsim.jobs import Job, Result

STATES = (
    "AUS", "CAN", "CHE", "CHN", "DEU", "FRA", "GBR", "JPN", "KOR", "MEX", "NOR", "NZL", "POL",
    "TUR",
)  # fmt: skip
"""Members and associates of the union, states of clubs and others, those that joined and others."""
UNION = ("DEU", "FRA", "GBR", "POL")
UNITS = ("AUS", "CAN", "CHE", "CHN", "EU", "JPN", "KOR", "MEX", "NOR", "NZL", "TUR")
DRAWS, RUNS = 8, 2

SPECIFICATION = """\
name: tiny
kind: panel
note: A test of few states and draws.
fit_on: world-2014.yaml
forecast: world-2022.yaml
main: four-agent
fits:
  four-agent: {title: Prior from the four agents, episodes: [crimea-2014], without: [JPN, KOR]}
  flat: {title: Flat prior}
  joint: {title: With all, episodes: [crimea-2014, ukraine-2022], without: [JPN, KOR]}
  without-energy: {title: Without energy, leave: [supply_at_risk, diversification]}
prior: {precision_centre: 6.0, precision: 1.5, group: 1.0, term: 0.7}
dynamics: neutral
sampler: {live_points: 20, steps: 5, remaining: 5}
draws: 8
runs_a_draw: 2
resamples: 20
seed: 0
"""


def world_file(folder: Path, name: str, states: Sequence[str] = STATES) -> Path:
    """A shipped world with these states alone, under the same name."""
    data = documents.read(data_root() / "configs" / "world" / f"{name}.yaml").data
    known = indicators.read(data["indicators"]).rows
    roles = {"USA", "RUS", *data["without"]}
    data["without"] = [*data["without"], *(s for s in known if s not in {*roles, *states})]
    for union in data["unions"].values():
        for key in ("members", "associates"):
            union[key] = [state for state in union[key] if state in states]
    for club in data["clubs"].values():
        kept = {*states, "USA", *data["unions"]}
        club["members"] = [state for state in club["members"] if state in kept]
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(data, indent=1))
    return file


def study(folder: Path, text: str = SPECIFICATION) -> Path:
    """A study of both worlds in a folder; what it names is found from everywhere."""
    for name in ("world-2014", "world-2022"):
        text = text.replace(f"{name}.yaml", str(world_file(folder, name)))
    file = folder / "panel.yaml"
    file.write_text(text)
    return file


# --- in place of the sampler ----------------------------------------------------------------


def result(job: Job, evidence: float = -10.0) -> Result:
    """Draws of the prior, other ones for each job, as if nothing were known."""
    told = {key: value for key, value in job.content.items() if key != "world"}  # where it stands
    seed = int(documents.digest(told)[:12], 16)
    normals = np.random.default_rng(seed).standard_normal((job.draws, len(job.space().place)))
    return Result(job, evidence, 0.1, 0.0, 100, float(job.draws), normals)


def results(
    wanted: Sequence[Job],
    folder: Path,
    workers: int = 1,
    told: Callable[[int, str], Any] = lambda done, name: None,
) -> list[Result]:
    """In place of ``jobs.run``: nothing is sampled and nothing written."""
    told(len(wanted), wanted[-1].name)
    return [result(one, evidence=-10.0 - place) for place, one in enumerate(wanted)]
