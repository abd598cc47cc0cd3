"""What the main job must show, read from the JSON it prints."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

ALLIES = ("JPN", "KOR")
EPISODES = ("crimea-2014", "rapprochement-2016", "ukraine-2022")
COMMAND = [sys.executable, "-c", "from alignsim.cli import main; main()", "reproduce", "--json"]
PATH_FIELDS = [
    "episode",
    "state",
    "decision",
    "toward",
    "date",
    "documented",
    "low",
    "high",
    "modal",
    "probabilities",
]
SCORE_FIELDS = {
    "episode",
    "state",
    "decision",
    "forecaster",
    "fit_on",
    "rps",
    "log_score",
    "p_documented_side",
    "share_exact",
    "share_within_one",
    "join_error_steps",
}

pytestmark = pytest.mark.slow


def reproduce() -> bytes:
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_DISABLE_JIT"}
    return subprocess.run(COMMAND, check=True, capture_output=True, env=environment).stdout


@pytest.fixture(scope="module")
def printed() -> bytes:
    return reproduce()


@pytest.fixture(scope="module")
def result(printed: bytes) -> dict[str, list[dict[str, Any]]]:
    return json.loads(printed)


def level_scores(result: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [
        row for row in result["scores"] if row["decision"] == "level" and row["state"] in ALLIES
    ]


def test_one_object_with_two_lists_of_flat_records(result: dict[str, Any]) -> None:
    assert list(result) == ["paths", "scores"]
    assert all(list(row) == PATH_FIELDS for row in result["paths"])
    assert all(set(row) >= SCORE_FIELDS for row in result["scores"])


def test_every_decision_of_every_step_has_a_path(result: dict[str, Any]) -> None:
    steps = {"crimea-2014": 10, "rapprochement-2016": 12, "ukraine-2022": 9}
    for episode, count in steps.items():
        rows = [row for row in result["paths"] if row["episode"] == episode]
        assert len(rows) == count * (1 + 2 + 2 + 2 * 2)
        assert all(sum(row["probabilities"]) == pytest.approx(1.0) for row in rows)


@pytest.mark.parametrize("ally", ALLIES)
@pytest.mark.parametrize("episode", EPISODES)
def test_the_documented_side_has_probability_of_at_least_080(
    result: dict[str, Any], episode: str, ally: str
) -> None:
    (row,) = [
        row
        for row in level_scores(result)
        if (row["episode"], row["state"], row["forecaster"]) == (episode, ally, "model")
        and row["fit_on"] == "all"
    ]
    assert row["p_documented_side"] >= 0.80


def test_the_modal_path_is_within_one_level_at_90_percent_of_steps(result: dict[str, Any]) -> None:
    rows = [row for row in result["paths"] if row["decision"] == "level" and row["state"] in ALLIES]
    near = [abs(row["modal"] - row["documented"]) <= 1 for row in rows]
    assert len(near) == 2 * (10 + 12 + 9)
    assert sum(near) / len(near) >= 0.90


@pytest.mark.parametrize(("field", "sign"), [("rps", 1), ("log_score", -1)])
def test_the_model_beats_every_baseline(result: dict[str, Any], field: str, sign: int) -> None:
    means = {}
    rows = [row for row in level_scores(result) if row["fit_on"] in ("all", "none")]
    for forecaster in {row["forecaster"] for row in rows}:
        values = [row[field] for row in rows if row["forecaster"] == forecaster]
        assert len(values) == len(ALLIES) * len(EPISODES)
        means[forecaster] = sum(values) / len(values)
    model = means.pop("model")
    assert {
        "uniform",
        "never join",
        "match the leader",
        "follow the leader",
        "stay as before",
        "base rate",
        "energy security only",
        "alliance dependence only",
        "regional threat only",
        "norms only",
        "commerce only",
    } <= set(means)
    assert all(sign * model < sign * other for other in means.values())


def test_engagement_and_the_great_powers_are_scored_too(result: dict[str, Any]) -> None:
    scored = {
        (row["state"], row["decision"]) for row in result["scores"] if row["forecaster"] == "model"
    }
    for key in (
        ("USA", "level"),
        ("USA", "stance"),
        ("RUS", "stance"),
        ("JPN", "engagement"),
        ("KOR", "engagement"),
    ):
        assert key in scored


def test_one_episode_forecasts_the_other(result: dict[str, Any]) -> None:
    rows = [row for row in level_scores(result) if row["fit_on"] not in ("all", "none")]
    assert {(row["fit_on"], row["episode"]) for row in rows} == {
        ("crimea-2014", "ukraine-2022"),
        ("ukraine-2022", "crimea-2014"),
    }


def test_the_same_seed_gives_the_same_bytes(printed: bytes) -> None:
    assert reproduce() == printed
