"""Tables for a terminal: of a scenario with many allies, where they are at the end."""

import pytest

from alignsim import reading, runs, tables

CRIMEA = reading.read("crimea-2014")
LAST = CRIMEA.calendar.dates[-1]


def row(state, probabilities, documented=None, date=LAST, decision="level"):
    modal = max(range(len(probabilities)), key=probabilities.__getitem__)
    return {
        "state": state,
        "decision": decision,
        "date": date,
        "documented": documented,
        "modal": modal,
        "probabilities": probabilities,
    }


def shown(rows):
    return tables.ends(CRIMEA, rows).splitlines()


def test_the_likeliest_to_have_joined_stands_first_and_the_leader_not_at_all():
    lines = shown(
        [
            row("USA", [0, 0, 0, 1, 0, 0], 3),
            row("KOR", [0.7, 0.2, 0.1, 0, 0, 0], 0),
            row("JPN", [0, 0.1, 0.2, 0.7, 0, 0], 3),
            row("KOR", [0, 0, 1, 0, 0, 0], date=CRIMEA.calendar.dates[0]),
            row("KOR", [0, 1, 0], decision="engagement"),
        ]
    )
    assert lines[0] == f"At the end, {LAST}:"
    assert lines[4].split() == ["JPN", "Japan", "3", "3", "0.90"]
    assert lines[5].split() == ["KOR", "South", "Korea", "0", "0", "0.10"]
    assert lines[-1] == "0 other states with P(join) below 0.01"


def test_a_state_that_hardly_ever_joins_is_counted_unless_it_did():
    hardly = [0.995, 0, 0.005, 0, 0, 0]
    lines = shown([row("JPN", hardly, 2), row("KOR", hardly)])
    assert [line.split()[0] for line in lines[4:-2]] == ["JPN"]
    assert lines[-1] == "1 other states with P(join) below 0.01"
    assert "." in shown([row("KOR", [0, 0, 1, 0, 0, 0])])[4].split()  # not documented


@pytest.mark.parametrize(("most", "start"), [(1, "At the end"), (2, "decision")])
def test_a_run_of_more_allies_than_fit_shows_where_they_end(monkeypatch, most, start):
    monkeypatch.setattr(tables, "MOST_ALLIES", most)
    _, text = runs.record("crimea-2014", 2, 0, "neutral")
    assert text.split("\n\n")[1].startswith(start)
