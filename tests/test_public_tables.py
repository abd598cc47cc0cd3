"""Every public table has one type a column, and goes to Arrow, Parquet, Polars and CSV."""

from functools import cache

import pandas as pd
import pytest

import alignsim
from alignsim import forecasts, indicators, recovery_tables
from alignsim.panel import features, shipped
from alignsim.reading import read
from tests import studies
from tests.studies import EXPERIMENTS


@cache
def reproduced():
    return alignsim.reproduce(runs=2)


RANKS = pd.DataFrame({"fault": "none", "replication": range(40), "a": range(40), "b": range(40)})
EXPLAINED = {"name": "crimea-2014", "state": "KOR", "date": "2014-07"}
TABLES = {
    "run": lambda: alignsim.run("crimea-2014", runs=3),
    "run of a what-if": lambda: alignsim.run("seoul-isolated", runs=3),
    "reproduce paths": lambda: reproduced()["paths"],
    "reproduce scores": lambda: reproduced()["scores"],
    "explain": lambda: alignsim.explain(**EXPLAINED),
    "explain a stance": lambda: alignsim.explain(
        "crimea-2014", "USA", "2014-07", decision="stance", toward="KOR"),
    "whatif": lambda: alignsim.whatif("crimea-2014", ["seoul-isolated"], runs=3),
    "evidence": alignsim.evidence_matrix,
    "validate": lambda: alignsim.validate(["none.yaml", EXPERIMENTS / "panel" / "panel.yaml"]),
    "steps of a model": lambda: alignsim.AlignmentModel(rng=0).run_all()
    .datacollector.get_model_vars_dataframe(),
    "forecasts": lambda: forecasts.reread(EXPERIMENTS / "forecasts"),
    "coverage": lambda: recovery_tables.coverage(RANKS, 99),
    "verdicts": lambda: recovery_tables.verdicts(RANKS, 99),
    "features": lambda: features.table(read("world-2014"), indicators.years()[0]),
    **{f"panel {name}": lambda name=name: shipped.table(name) for name in shipped.TABLES},
    **{
        f"{file.parent.name} {file.name}": lambda file=file: pd.read_csv(file)
        for file in sorted(EXPERIMENTS.rglob("*.csv"))
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_c9_every_public_table_goes_to_arrow_parquet_polars_and_csv(name, tmp_path):
    table = TABLES[name]()
    studies.goes_everywhere(table, tmp_path)


def test_c9_options_are_text_and_the_missing_is_missing():
    table = alignsim.run("crimea-2014", runs=3)
    levels = table.query("state == 'KOR' and decision == 'level'")
    assert set(levels.modal) <= set("012345")
    assert levels.toward.isna().all()
    stances = table.query("state == 'USA' and decision == 'stance'")
    assert set(stances.modal) <= {"none", "press", "assure"}
