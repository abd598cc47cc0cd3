"""The generated parts of the documentation are current, whole, and made from what they describe."""

import dataclasses
import inspect
import math
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alignsim import decision, documentation, inputs, terms, traceability
from alignsim.documentation import END, SECTIONS, fill, render
from alignsim.documentation_theory import parts
from alignsim.documents import DocumentError

ROOT = Path(__file__).parents[1]
ODD = Path("docs/odd.md")


def marked(name: str, *lines: str) -> str:
    return "\n".join([f"<!-- generated: {name} -->", *lines, END]) + "\n"


# --- the committed files ------------------------------------------------------------------


def test_committed_files_are_current() -> None:
    for file, text in render().items():
        committed = (ROOT / file).read_text(encoding="utf-8")
        assert committed == text, f"{file} is out of date: run python -m alignsim.documentation"


def test_every_file_is_rendered() -> None:
    rendered = set(render())
    assert {ODD, Path("seeds/index.csv"), Path("configs/scenario.schema.json")} <= rendered
    for page in sorted((ROOT / "docs").glob("*.md")):
        has_parts = "<!-- generated:" in page.read_text(encoding="utf-8")
        assert (page.relative_to(ROOT) in rendered) == has_parts


WORLD = Path("docs/world.md")
"""The page of the world panel has the columns of its tables, that of the model all the rest."""


@pytest.mark.parametrize("page", [ODD, WORLD])
def test_each_page_has_every_part_of_its_own_once(page: Path) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    starts = [line for line in lines if line.startswith("<!-- generated:")]
    names = {"world-columns"} if page == WORLD else set(SECTIONS) - {"world-columns"}
    assert sorted(starts) == sorted(f"<!-- generated: {name} -->" for name in names)
    assert lines.count(END) == len(names)


@pytest.mark.parametrize("name", SECTIONS)
def test_no_part_is_empty(name: str) -> None:
    text = SECTIONS[name]()
    assert len(text) > 300
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    for block in text.split("\n\n"):
        rows = block.splitlines()
        if rows[0].startswith("|"):
            assert len(rows) > 2
            assert len({row.count("|") for row in rows}) == 1


@pytest.mark.slow
def test_rendering_is_idempotent() -> None:
    text = render()[ODD]
    assert fill(text, "odd.md") == text


# --- the index ----------------------------------------------------------------------------


def test_the_index_has_every_claim_and_carrier() -> None:
    lines = documentation.index().splitlines()
    assert lines[0] == "claim,kind,what,carrier"
    assert "C22-17,O,term,supply_lost" in lines
    assert "C22-13,X,," in lines
    carriers = [max(1, len(row.carriers)) for row in traceability.matrix()]
    assert len(lines) == 1 + sum(carriers)


# --- negative controls: what changes in the tables changes in the pages -------------------


@pytest.mark.slow
def test_a_changed_input_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render()[ODD]
    other = dataclasses.replace(inputs.ALLY["gas_share"], meaning="gas, in other words")
    monkeypatch.setitem(inputs.ALLY, "gas_share", other)
    after = render()[ODD]
    assert after != before
    assert "gas, in other words" in after


@pytest.mark.slow
def test_a_changed_constant_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "COURTING_SWING", 0.625)
    assert "| `COURTING_SWING` | 0.625 |" in render()[ODD]


def test_the_weights_are_shown_with_prior_draws_and_source() -> None:
    text = SECTIONS["weights"]()
    assert re.search(r"- prior: precision_centre \d[^\n]*, group [^\n]*, term [^\n]*\(`exper", text)
    (draws,) = re.findall(r"- draws: `(.*)`", text)
    assert (ROOT / draws).is_file()
    sources = dict(
        re.findall(r"^\| `(\w+)` .* \| ([^|]+) \|$", text.split("**Dynamics**")[1], re.M)
    )
    assert {name for name, source in sources.items() if source == "calibration"} == {
        "persistence",
        "attention",
        "abstention_premium",
    }


@pytest.mark.slow
def test_a_changed_carrier_changes_index_and_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render()
    rows = traceability.matrix()
    row = rows[0]._replace(carriers=(traceability.Carrier("term", "made_up"),))
    monkeypatch.setattr(traceability, "matrix", lambda: [row, *rows[1:]])
    after = render()
    changed = {file for file, text in after.items() if text != before[file]}
    assert changed == {ODD, documentation.INDEX}


def test_main_writes_only_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "same.md").write_text("same\n")
    monkeypatch.setattr(documentation.evidence, "data_root", lambda: tmp_path)
    pages = {Path("same.md"): "same\n", Path("docs/new.md"): "new\n"}
    monkeypatch.setattr(documentation, "render", lambda: pages)
    documentation.main()
    assert capsys.readouterr().out == "docs/new.md\n"
    assert (tmp_path / "docs/new.md").read_text() == "new\n"


def test_main_needs_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentation.evidence, "data_root", lambda: tmp_path)
    with pytest.raises(SystemExit, match="repository"):
        documentation.main()


# --- markers ------------------------------------------------------------------------------


def test_fill_replaces_what_stands_between_the_markers() -> None:
    text = "Before.\n" + marked("constants", "old") + "After.\n"
    filled = fill(text, "page.md")
    assert "old" not in filled
    assert SECTIONS["constants"]() in filled
    assert filled.startswith("Before.\n<!-- generated: constants -->\n\n| constant |")
    assert filled.endswith(f"{END}\nAfter.\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x\n<!-- generated: constants -->\ny\n", "page.md: constants has no end"),
        (f"x\n{END}\n", "page.md:2: an end without a start"),
        (marked("nonsense"), "page.md:1: no part nonsense; there are inputs, "),
        ("<!-- generated: terms -->\n" + marked("inputs"), "page.md:2: terms has no end"),
    ],
)
def test_unbalanced_markers_are_refused(text: str, fault: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(fault)):
        fill(text, "page.md")


# --- formulas in docstrings say what the code does ----------------------------------------

SYMBOLS = {
    "abandonment": "D p x_L x",
    "coalition": "K x_bar x",
    "independence": "q x_L x",
    "supply_at_risk": "eps r pi x",
    "diversification": "delta r x",
    "precedent": "s c theta_China theta_Russia x",
    "balancing": "c theta_China x",
    "peninsula": "s theta_NK b m x",
    "values": "n s x",
    "market": "k beta x_bar d x",
    "inertia": "x_before x R",
    "supply_lost": "eps r pi y",
    "restraint": "D p x_L y",
    "market_courted": "k beta x_bar d z y",
    "coherence": "x y",
    "leadership": "g s x",
    "escalation": "a x",
    "coalition_gain": "g s v gap",
    "stance_cost": "cost",
    "outlets": "o c P z",
    "concession": "kappa z",
    "retaliation": "s x z",
    "perceived_severity": "s event rho",
    "resistance": "s_before s alpha",
    "energy_drift": "scale y rate",
    "rise": "so_far cause rate",
    "compounded": "base added",
    "assured": "r a",
}
"""Symbols of each formula, in the order of its function's parameters."""

TOKEN = re.compile(r"\s*([A-Za-z_]+|\d+(?:\.\d+)?|\S)")
OPERAND = re.compile(r"[A-Za-z_0-9.]+|[)\]]")


def as_python(formula: str) -> str:
    """A formula as Python: names side by side are multiplied, bars are magnitudes."""
    formula = re.sub(r"\|([^|]*)\|", r"abs(\1)", formula)
    out: list[str] = []
    for token in TOKEN.findall(formula):
        called = bool(out) and out[-1] in ("max", "abs", "exp", "h")
        if out and OPERAND.fullmatch(out[-1]) and re.match(r"[A-Za-z_0-9(]", token) and not called:
            out.append("*")
        out.append("**" if token == "^" else token)
    return " ".join(out)


def evaluated(formula: str, values: dict[str, float]) -> float:
    known = {"max": max, "abs": abs, "exp": math.exp, "h": terms.supply_endangered}
    known["__builtins__"] = {}
    return float(eval(as_python(formula), known, values))  # our own docstrings


def agrees(function: Callable[..., float], formula: str) -> bool:
    names = SYMBOLS[function.__name__].split()
    assert len(names) == len(inspect.signature(function).parameters)
    chance = random.Random(1)
    for _ in range(200):
        values = {name: chance.uniform(-1 if name == "z" else 0, 1) for name in names}
        if not math.isclose(function(*values.values()), evaluated(formula, values), abs_tol=1e-12):
            return False
    return True


def test_every_term_and_feedback_has_a_formula_to_check() -> None:
    weighed = [name for names in decision.GROUPS.values() for name in names]
    assert set(SYMBOLS) == {*weighed, *traceability.FEEDBACKS}
    assert all(parts(getattr(terms, name))[1] for name in SYMBOLS)


@pytest.mark.parametrize("name", SYMBOLS)
def test_the_formula_is_what_the_function_computes(name: str) -> None:
    function = getattr(terms, name)
    assert agrees(function, parts(function)[1])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("inertia", "-R (x - x_before)^2"),
        ("inertia", "-|x - x_before|"),
        ("resistance", "exp(-alpha (s - s_before))"),
        ("resistance", "exp(-max(0, s - s_before))"),
        ("restraint", "-D (1 + p) x_L y"),
        ("market_courted", "+(k (1 + beta x_bar) + d) (1 + z) y"),
        ("coherence", "-x y"),
    ],
)
def test_a_wrong_formula_is_noticed(name: str, wrong: str) -> None:
    assert not agrees(getattr(terms, name), wrong)


# --- utilities as the page writes them out ------------------------------------------------

ALLY = {
    "D": "dependence",
    "K": "membership",
    "q": "independence",
    "eps": "exposure",
    "r": "replaceable",
    "pi": "price_advantage",
    "delta": "diversification_need",
    "s": "severity",
    "c": "alignment",
    "theta_China": "threat_china",
    "theta_Russia": "threat_russia",
    "theta_NK": "threat_north_korea",
    "b": "hoped_return",
    "m": "role_in_talks",
    "n": "norms",
    "k": "trade",
    "d": "aims",
    "beta": "abstention_premium",
    "p": "pressure",
    "x_L": "leader",
    "x_bar": "coalition",
    "z": "courting",
    "x_before": "level_before",
    "y_before": "engagement_before",
    "R": "resistance",
}
LEADER = {
    "s": "severity",
    "n": "norms",
    "g": "stakes",
    "eps": "exposure",
    "k": "trade",
    "d": "aims",
    "a": "escalation_risk",
    "x_before": "level_before",
    "R": "resistance",
}
TARGET = {
    "o": "outlet",
    "c": "alignment",
    "P": "coalition_pressure",
    "kappa": "concession_price",
    "s": "confrontation",
    "x": "level_before",
}
ONES = decision.Weights(*([1.0] * len(decision.Weights._fields)))
LEVEL, ENGAGEMENT, LEADER_LEVEL, LEADER_STANCE, TARGET_STANCE = range(5)


def utilities() -> list[dict[str, str]]:
    """Formula by term of each utility that the page writes out."""
    page = (ROOT / ODD).read_text(encoding="utf-8")
    blocks = re.findall(r"```text\nU(?:\(.\))? += (.*?)```", page, re.DOTALL)
    lines = [[re.split(r" {2,}", line.strip()) for line in b.splitlines()] for b in blocks]
    return [{name: formula for formula, name in block} for block in lines]


def same(formulas: dict[str, str], weighed: tuple[float, ...], values: dict[str, float]) -> None:
    computed = weighed._asdict()  # type: ignore[attr-defined]
    assert list(formulas) == list(computed)
    for name, formula in formulas.items():
        assert evaluated(formula, values) == pytest.approx(computed[name], abs=1e-12), name


def named(view: tuple[float, ...], symbols: dict[str, str]) -> dict[str, float]:
    return {symbol: getattr(view, field) for symbol, field in symbols.items()}


@pytest.mark.parametrize("seed", range(20))
def test_the_page_writes_the_utilities_as_the_code_computes_them(seed: int) -> None:
    chance = random.Random(seed)
    written = utilities()

    ally = decision.AllyView(*(chance.random() for _ in decision.AllyView._fields))
    level, engagement = chance.randrange(6), chance.randrange(3)
    values = named(ally, ALLY) | {"x": level / 5, "y": engagement / 2}
    same(written[LEVEL], decision.level_terms(ONES, ally, level), values)
    got = decision.engagement_terms(ONES, ally, level, engagement)
    same(written[ENGAGEMENT], got, values)

    leader = decision.LeaderView(*(chance.random() for _ in decision.LeaderView._fields))
    leader = leader._replace(replaceable=0.0)
    values = named(leader, LEADER) | {"x": level / 5}
    same(written[LEADER_LEVEL], decision.leader_terms(ONES, leader, level), values)

    stance = chance.randrange(3)
    one = decision.LeaderStanceView(0.7, 0.8, 0.5, 0.3, chance.uniform(-1, 1), 0.4, 0.6)
    values = {"s": 0.7, "g": 0.8, "v": (0.0, 0.5, 0.3)[stance], "cost": (0.0, 0.4, 0.6)[stance]}
    values |= {"x_L": 0.4, "x": 0.4 - one.gap}
    same(written[LEADER_STANCE], decision.leader_stance_terms(ONES, one, stance), values)

    target = decision.TargetView(*(chance.random() for _ in decision.TargetView._fields))
    values = named(target, TARGET) | {"z": stance - 1.0}
    same(written[TARGET_STANCE], decision.target_terms(ONES, target, stance), values)


def test_parts_take_claims_out_of_a_docstring() -> None:
    summary, formula, rest = parts(terms.market_courted)
    assert summary == "Openings and aims that engagement serves, wider when Russia courts."
    assert formula == "+(k (1 + beta x_bar) + d) (1 + z / 2) y"
    assert not re.search(r"[A-Z]\d\d-\d", rest)
