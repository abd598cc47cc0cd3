"""The page Weigh the explanations: its numbers are those of reproduce and of experiments/."""

import csv
import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim import evaluation, evidence, model_comparison, weights
from alignsim.app import explanations, forms, rivals, verdict
from alignsim.app.rivals import Case
from alignsim.app.texts import t
from alignsim.decision import ALLY_GROUPS, GROUPS
from alignsim.evaluation import MODEL
from tests import markup
from tests.markup import Checked

RUNS = 4


def opened(query: bytes = b"") -> str:
    return markup.opened(explanations.page, query)


@pytest.fixture(autouse=True)
def _few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "RUNS", RUNS)


def cases() -> Iterator[Case]:
    for episode, scenario in rivals.episodes().items():
        for ally in scenario.allies:
            for decision in ("level", "engagement"):
                yield Case(episode, ally, decision)


def committed(file: str) -> list[dict[str, str]]:
    with (evidence.data_root() / "experiments" / file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_scores_are_those_of_reproduce() -> None:
    expected = evaluation.evaluate(runs=RUNS, seed=0)
    in_sample = [row for row in expected.scores if row["fit_on"] in ("all", "none")]

    def order(row: dict[str, Any]) -> tuple[str, ...]:
        keys = ("episode", "forecaster", "state", "decision", "toward")
        return tuple(str(row[key]) for key in keys)

    assert sorted(rivals.weighed(RUNS).rows, key=order) == sorted(in_sample, key=order)
    for decision in ("level", "engagement"):
        means = evaluation.means(expected.scores, rivals.allies(), decision)
        assert list(rivals.weighed(RUNS).means(decision).values()) == [
            row for row in means if row["fit_on"] in ("all", "none")
        ]


def test_forecasts_are_those_of_the_evaluation_and_distributions() -> None:
    weighed, expected = rivals.weighed(RUNS), evaluation.evaluate(runs=RUNS, seed=0)
    for case in cases():
        own = expected.ensembles[case.episode].frequencies(case.key)
        assert np.array_equal(weighed.of(case, MODEL), own)
        for name in weighed.forecasters(case):
            assert weighed.of(case, name).sum(axis=1) == pytest.approx(1.0)


def test_every_explanation_speaks_of_levels_and_rules_of_levels_alone_not_of_engagement() -> None:
    weighed = rivals.weighed(RUNS)
    for case in cases():
        expected = {*rivals.THEORIES, *rivals.RULES}
        if case.decision == "engagement":
            expected -= {"never join", "match the leader", "follow the leader"}
        assert set(weighed.forecasters(case)) == expected


def test_modal_options_that_tie_are_not_drawn() -> None:
    assert rivals.modal(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])) == [1.0, None]


def test_a_part_of_the_theory_keeps_the_terms_that_its_weights_have() -> None:
    always = set(rivals.kept_by_all())
    for forecaster, name in rivals.THEORIES.items():
        hypothesis = rivals.hypothesis_of(forecaster)
        if hypothesis is None:
            assert forecaster == evaluation.NEUTRAL
            continue
        total = weights.read(name).weights
        own = {term for group in ALLY_GROUPS for term in GROUPS[group] if getattr(total, term)}
        assert own == set(rivals.terms_of(hypothesis)) | always


def test_decisions_are_counted() -> None:
    counts = rivals.decisions()
    judged = [record for case in cases() for record in rivals.of_case(case)]
    assert counts.judged == len(judged)
    assert counts.documented == sum(len(rivals.records(name)) for name in rivals.episodes())
    assert counts.documented == int(weights.read_set("calibrated").data.split()[0])
    assert 0 < counts.changes < counts.judged < counts.documented


# --- committed studies ----------------------------------------------------------------------------


def test_explanations_are_read_as_the_comparison_reads_them() -> None:
    read = model_comparison.read()
    assert rivals.hypotheses() == read.hypotheses
    assert rivals.kept_by_all() == read.always
    assert {one.name for one in rivals.verdicts()} == set(read.hypotheses)


def test_the_verdict_is_the_committed_one() -> None:
    said = (evidence.data_root() / "experiments/comparison/verdict.txt").read_text("utf-8")
    for one in rivals.verdicts():
        assert one.title == rivals.hypotheses()[one.name].title
        assert one.low <= one.factor <= one.high
        if not one.is_full:
            assert f"{one.title}: {one.standing} the theory in full" in said
            assert f"over priors and inputs {one.low:+z.1f} to {one.high:+z.1f}" in said
    assert [one.evidence for one in rivals.verdicts()] == sorted(
        (one.evidence for one in rivals.verdicts()), reverse=True
    )


@pytest.mark.parametrize("factor", [-80.0, -3.5, -2.0, 0.2, 2.0, 9.0])
def test_every_standing_has_a_text(factor: float) -> None:
    assert t(f"explanations.standing.{verdict.STANDINGS[model_comparison.standing(factor, 0.3)]}")


def test_the_best_explanation_cannot_be_told_apart_from_the_theory() -> None:
    """The page says so of whichever is first."""
    best = rivals.verdicts()[0]
    assert best.is_full or verdict.STANDINGS[best.standing] == "same"


def test_forecasts_of_the_unseen_are_counted_from_the_committed_tables() -> None:
    assert len(rivals.sides()) == len(committed("forecasts/sides.csv"))
    for one in rivals.sides():
        assert one.right == (one.probability > 0.5)
        assert t(f"explanations.forecasts.{one.forecast}")
    for decision in ("level", "engagement"):
        rows = [row for row in committed("forecasts/means.csv") if row["decision"] == decision]
        won = 0
        for forecast in {row["forecast"] for row in rows}:
            own = {r["forecaster"]: float(r["rps"]) for r in rows if r["forecast"] == forecast}
            model = own.pop(MODEL)
            won += model < min(own.values())
        count = len({row["forecast"] for row in rows})
        assert rivals.ahead_of_rules(decision) == (won, count)
    levels, engagement = rivals.ahead_of_rules("level"), rivals.ahead_of_rules("engagement")
    assert engagement < levels


def test_what_is_said_to_have_failed_did() -> None:
    missed = [r for r in committed("forecasts/diagnosis.csv") if r["forecast"] == "2014-to-2022"]
    for state in ("JPN", "KOR"):
        levels = [r for r in missed if (r["state"], r["decision"]) == (state, "level")]
        assert levels
        assert all(int(r["modal"]) > int(r["documented"]) for r in levels)
        ties = [r for r in missed if (r["state"], r["decision"]) == (state, "engagement")]
        assert {r["modal"] for r in ties} == {"0"}


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: "-".join(case))
def test_every_case_has_a_page_with_a_card_for_every_explanation(case: Case) -> None:
    text = opened("&".join(f"{k}={v}" for k, v in case._asdict().items()).encode())
    page = Checked(text)
    names = rivals.weighed(RUNS).forecasters(case)
    assert {verdict.anchor(name) for name in names} <= set(page.ids)
    assert text.count('<svg class="panel"') == len(names)
    assert explanations.case_name(case) in text
    assert page.alerts == 0
    counts = rivals.decisions()
    assert t("explanations.weak", **counts._asdict()) in text


def test_every_hypothesis_is_shown_with_its_claims() -> None:
    text = opened()
    for hypothesis in rivals.hypotheses().values():
        assert hypothesis.title in text.replace("&#x27;", "'").replace("&apos;", "'")
        for claim in hypothesis.claims:
            assert f"q={claim}" in text


def order_of(text: str) -> list[str]:
    body = text.partition('id="scores"')[2].partition("</section>")[0]
    return re.findall(r'href="#(rival-[^"]+)"', body)


@pytest.mark.parametrize("column", explanations.COLUMNS)
def test_a_column_sorts_best_first_and_backward(column: str) -> None:
    case = Case("ukraine-2022", "KOR", "level")
    weighed = rivals.weighed(RUNS)
    scores = weighed.means("level") if column.startswith("mean_") else weighed.scores(case)
    name = column.removeprefix("mean_")
    at = {verdict.anchor(one): scores[one][name] for one in weighed.forecasters(case)}
    query = f"episode={case.episode}&state={case.state}&sort="
    best, worst = (order_of(opened(f"{query}{sign}{column}".encode())) for sign in ("", "-"))
    values = [at[one] for one in best]
    assert values == sorted(at.values(), reverse=name != "rps")
    assert [at[one] for one in worst] == values[::-1]
    assert set(best) == set(at)


def test_what_has_no_score_stands_last() -> None:
    table = {"a": {"rps": None}, "b": {"rps": 0.2}, "c": {"rps": 0.1}}
    assert explanations._ordered(table, "rps") == ["c", "b", "a"]
    assert explanations._ordered(table, "-rps") == ["b", "c", "a"]


def test_a_changed_setting_is_told_not_to_enter_and_is_kept_in_links() -> None:
    text = opened(b"start=ukraine-2022&seed=3&states.KOR.norms_emphasis=0.2")
    assert t("explanations.documented_only") in text
    assert 'name="states.KOR.norms_emphasis" value="0.2"' in text
    assert explanations.case_name(Case("ukraine-2022", "JPN", "level")) in text
    assert t("explanations.documented_only") not in opened()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (b"episode=xx", "“xx”"),
        (b"state=CHN", "“CHN”"),
        (b"decision=stance", "“stance”"),
        (b"sort=--rps", "“--rps”"),
        (b"other=1", "other"),
        (b"start=nowhere", "nowhere"),
        (b"episode=%00%ff%3Cscript%3E", "&lt;script&gt;"),
        (b"episode=" + b"x" * 5000, "x" * forms.SHOWN),
    ],
)
def test_a_fault_in_the_address_is_told_in_a_sentence(query: bytes, told: str) -> None:
    text = opened(query)
    assert Checked(text).alerts == 1
    assert told in text
    assert "x" * (forms.SHOWN + 21) not in text


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["episode", "state", "decision", "sort", "start", "seed", "q"])
        | st.text(max_size=5),
        st.text(max_size=100) | st.sampled_from(["crimea-2014", "KOR", "level", "-rps"]),
    )
)
def test_no_address_breaks_the_page(query: dict[str, str]) -> None:
    Checked(opened(urlencode(query, errors="replace").encode()))


def test_bars_stay_within_their_cell() -> None:
    for one in rivals.verdicts():
        for number in re.findall(r'(?:x1|x2|cx)="([-0-9.]+)"', str(verdict._bar(one))):
            assert 0.0 <= float(number) <= verdict.WIDTH
            assert math.isfinite(float(number))
