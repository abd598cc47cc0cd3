"""The page The world, what moves a state: one pair of numbers, and bars that add up."""

import html
import math
import re
from dataclasses import replace

import pytest

from alignsim.app import charts, world, world_state
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.app.world import AFTER, BEFORE, YEARS, Chance
from alignsim.panel.within import THEORY


def test_a11_what_moves_a_state_adds_up_to_the_difference_of_its_two_numbers() -> None:
    found = world.results()
    silent = []
    for state in world.allies():
        before, after = (found.of(year, THEORY, state) for year in YEARS)
        assert before is not None
        assert after is not None
        moves = world_state.moves(found, state)
        if moves is None:
            silent.append(state)
            continue
        assert (moves.before, moves.after) == (before.p, after.p), state
        odds = [math.log(p / (1.0 - p)) for p in (before.p, after.p)]
        total = sum(size for _, size in moves.bars)
        assert total == pytest.approx(odds[1] - odds[0], abs=1e-9), state
        assert (total > 0) == (after.p > before.p), state
        assert len(moves.bars) <= world_state.TERMS + 2
        assert [name for name, _ in moves.bars][-1] == t("world.moves.rest")
        terms = dict(found.moved[world.unit(AFTER, state)].terms)
        sizes = dict(moves.bars)
        shown = [one for one in terms if t(f"terms.{one}.name") in sizes]
        assert all(sizes[t(f"terms.{one}.name")] == terms[one] for one in shown), state
        assert shown == list(terms)[: len(shown)], state
    assert silent == ["GBR"]


def test_a11_table_and_text_of_a_state_take_the_same_numbers() -> None:
    for state in world.allies():
        for forecaster in (THEORY, "ideal point"):
            view = world_state.View(PageSetting(), world.results(), AFTER, forecaster, state)
            text = html.unescape(str(world_state.chosen(view)))
            table = {
                year: charts.percent(chance.p)
                for year in YEARS
                if (chance := view.chance(year, THEORY)) is not None
            }
            if forecaster == THEORY:
                assert all(f"<strong>{number}</strong>" in text for number in table.values()), state
            if state != "GBR":
                told = re.findall(r"The theory goes from ([<>\d.]+\W%) to ([<>\d.]+\W%)", text)
                assert told == [(table[BEFORE], table[AFTER])], state


def test_a11_a_certain_forecast_has_bars_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = world.results()
    sure = {year: {THEORY: dict(found.chances[year][THEORY])} for year in YEARS}
    sure[BEFORE][THEORY]["SRB"], sure[AFTER][THEORY]["SRB"] = Chance(0.0), Chance(1.0)
    moves = world_state.moves(replace(found, chances=sure), "SRB")
    assert moves is not None
    assert sum(size for _, size in moves.bars) == pytest.approx(moves.change)
    assert moves.change > 20
