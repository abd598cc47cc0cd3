import copy
import pickle
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from alignsim import checks, documents, reading
from alignsim.documents import DocumentError
from alignsim.inputs import ALLY, LEADER, TARGET
from alignsim.scenario import Calendar, Fixed, Quantity, option_index, options, role_table

GAS = "gas_share: {value: 0.173, range: [0.155, 0.18]"
WHATIF = """name: mine
kind: whatif
extends: base
title: Mine
why: A test.
claims: [C22-19]
set:
  states.KOR.gas_share: {value: 0.5, source: me}
"""


def line_of(text: str, marker: str) -> int:
    assert marker in text
    return text[: text.index(marker)].count("\n") + 1


def replaced(text: str, old: str | re.Pattern[str], new: str) -> str:
    """The text with the first match replaced; fails where there is none."""
    pattern = old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
    result, times = pattern.subn(lambda _: new, text, count=1)
    assert times == 1
    return result


def fault(text: str, name: str = "a.yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        reading.resolve(documents.parse(text.encode(), name))
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def layered_fault(folder: Path, base: str, whatif: str) -> str:
    (folder / "base.yaml").write_text(base)
    (folder / "mine.yaml").write_text(whatif)
    with pytest.raises(DocumentError) as caught:
        reading.read(folder / "mine.yaml")
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value).replace(f"{folder}/", "")


# Each case: what to replace in the short episode, by what, a text on the line that the message
# must name, and what the message says after file and line, or the beginning of it.
EPISODE_FAULTS = {
    "unknown key on top": (
        "leader: USA",
        "leader: USA\nlaeder: USA",
        "laeder",
        "laeder: unknown key; allowed: name, kind, title, summary, calendar, leader, target,",
    ),
    "unknown key in calendar": (
        "step: month",
        "step: month, sep: 1",
        "sep",
        "calendar.sep: unknown key; allowed: start, step, steps",
    ),
    "unknown input": (
        "    eu: {",
        "    uno: {",
        "    uno",
        "states.KOR.uno: unknown key; allowed: us_defence_pact, us_troops, regional_isolation, g7,",
    ),
    "input of another role": (
        "    pressing_cost:",
        "    g7:",
        "    g7:",
        "states.USA.g7: unknown key; allowed: norms_emphasis, leadership_stakes, oil_from_russia,",
    ),
    "unknown key of a quantity": (
        "gas_share: {value: 0.173, range: [0.155, 0.18]",
        f"{GAS}, colour: red",
        "gas_share: {value: 0.173, range: [0.155, 0.18]",
        "states.KOR.gas_share.colour: unknown key; allowed: value, range, unit, source, year,",
    ),
    "unknown key of a change": (
        'date: "2014-05",',
        'date: "2014-05", day: 1,',
        '"2014-05"',
        "world.severity.changes.1.day: unknown key; allowed: date, value, range, source, label",
    ),
    "unknown key of a bloc": (
        "    name: European Union",
        "    name: European Union\n    nome: x",
        "nome",
        "blocs.EU.nome: unknown key; allowed: name, level, russia_trade_share",
    ),
    "unknown key of a club": (
        "G7: {",
        "G7: {x: 1, ",
        "G7: {",
        "clubs.G7.x: unknown key; allowed: members, source",
    ),
    "unknown input of the world": (
        "  initial_severity:",
        "  x:",
        "  x:",
        "world.x: unknown key; allowed: severity, initial_severity, china_russia_alignment,",
    ),
    "missing input": (re.compile(r"    g7: .*\n"), "", "\n  KOR:", "states.KOR: missing key g7"),
    "missing key on top": ("leader: USA\n", "", "# yaml", "missing key leader"),
    "missing unit": (
        ", unit: share of Russian trade,",
        ",",
        "    russia_trade_share",
        "blocs.EU.russia_trade_share: missing key unit",
    ),
    "missing source": (
        "unit: level 0-5, source: rubric}",
        "unit: level 0-5}",
        "    ceiling",
        "states.USA.ceiling: missing key source",
    ),
    "empty source": (
        "source: rubric}",
        "source: []}",
        "source: []",
        "world.initial_severity.source: should have at least 1 item, not 0",
    ),
    "blank source": (
        "source: rubric}",
        "source: ' '}",
        "source: ' '",
        "world.initial_severity.source: string should have at least 1 character",
    ),
    "source of the wrong type": (
        "source: rubric}",
        "source: 7}",
        "source: 7",
        "world.initial_severity.source: should be a list",
    ),
    "number among sources": (
        "source: rubric}",
        "source: [rubric, 7]}",
        "rubric, 7",
        "world.initial_severity.source.1: should be text; quote it",
    ),
    "source in two lines": (
        "source: rubric}",
        'source: "a\\nb"}',
        "a\\nb",
        "world.initial_severity.source: should be one line of text",
    ),
    "above its bound": (
        "value: 0.049",
        "value: 1.98",
        "1.98",
        "states.KOR.gas_from_russia.value: 1.98 is not a share (0 to 1)",
    ),
    "below its bound": (
        "value: 0.049",
        "value: -0.1",
        "-0.1",
        "states.KOR.gas_from_russia.value: -0.1 is not a share (0 to 1)",
    ),
    "rubric out of bounds": (
        "value: 0.15,",
        "value: 15,",
        "value: 15",
        "states.KOR.regional_isolation.value: 15 is not a rubric score (0 to 1)",
    ),
    "level out of bounds": (
        "{value: 5,",
        "{value: 6,",
        "{value: 6",
        "states.USA.ceiling.value: 6 is not a level (0 to 5)",
    ),
    "half a flag": (
        "g7: {value: 0",
        "g7: {value: 0.5",
        "g7:",
        "states.KOR.g7.value: 0.5 is not a whole number",
    ),
    "half a level in the range": (
        "[5, 5]",
        "[4.5, 5]",
        "4.5",
        "states.USA.ceiling.range: 4.5 is not a whole number",
    ),
    "range out of bounds": (
        "[0.155, 0.18]",
        "[0.155, 1.8]",
        "1.8]",
        "states.KOR.gas_share.range: 1.8 is not a share (0 to 1)",
    ),
    "range turned": (
        "[0.155, 0.18]",
        "[0.18, 0.155]",
        "[0.18,",
        "states.KOR.gas_share.range: does not hold the value 0.173",
    ),
    "range of one": (
        "[0.155, 0.18]",
        "[0.155]",
        "[0.155]",
        "states.KOR.gas_share.range: should have two: low and high",
    ),
    "range of three": (
        "[0.155, 0.18]",
        "[0, 0, 1]",
        "[0, 0, 1]",
        "states.KOR.gas_share.range: should have at most 2 items, not 3",
    ),
    "range as a number": (
        "[0.155, 0.18]",
        "0.2",
        "gas_share:",
        "states.KOR.gas_share.range: should be a list",
    ),
    "not a number": (
        "value: 0.173",
        "value: .nan",
        ".nan",
        "states.KOR.gas_share.value: should be a finite number",
    ),
    "infinite": (
        "value: 0.173",
        "value: .inf",
        ".inf",
        "states.KOR.gas_share.value: should be a finite number",
    ),
    "minus infinite": (
        "[0.155,",
        "[-.inf,",
        "-.inf",
        "states.KOR.gas_share.range.0: should be a finite number",
    ),
    "beyond a double": (
        "value: 0.173",
        "value: 1e999",
        "1e999",
        "states.KOR.gas_share.value: should be a finite number",
    ),
    "10 to the 400": (
        "value: 0.173",
        f"value: 1{'0' * 400}",
        "gas_share:",
        "states.KOR.gas_share.value: a number of more than 18 digits",
    ),
    "text as a number": (
        "value: 0.173",
        "value: '0.173'",
        "'0.173'",
        "states.KOR.gas_share.value: should be a valid number",
    ),
    "bool as a number": (
        "value: 0.173",
        "value: true",
        "true",
        "states.KOR.gas_share.value: should be a valid number",
    ),
    "null as a number": (
        "value: 0.173",
        "value: ~",
        "value: ~",
        "states.KOR.gas_share.value: should be a valid number",
    ),
    "list as a number": (
        "value: 0.173",
        "value: [0.1]",
        "[0.1]",
        "states.KOR.gas_share.value: should be a valid number",
    ),
    "year as text": (
        "year: 2013",
        'year: "2013"',
        'year: "2013"',
        "world.china_capability.year: should be a valid integer",
    ),
    "year as bool": (
        "year: 2013",
        "year: true",
        "year: true",
        "world.china_capability.year: should be a valid integer",
    ),
    "year out of bounds": (
        "year: 2013",
        "year: 20130",
        "20130",
        "world.china_capability.year: should be less than or equal to 2999",
    ),
    "wrong unit": (
        "unit: persons",
        "unit: people",
        "people",
        "states.KOR.us_troops.unit: should be persons",
    ),
    "unit of another input": (
        "unit: share of electricity",
        "unit: share of gas imports",
        "nuclear_electricity",
        "states.KOR.nuclear_electricity.unit: should be share of electricity",
    ),
    "list for a mapping": (
        re.compile(r"calendar: .*"),
        "calendar: [2014]",
        "calendar",
        "calendar: should be a mapping",
    ),
    "text for a quantity": (
        re.compile(r"eu: \{.*"),
        "eu: none",
        "eu: none",
        "states.KOR.eu: should be a mapping",
    ),
    "mapping for a list": (
        "allies: [KOR]",
        "allies: {KOR: 1}",
        "allies",
        "allies: should be a list",
    ),
    "states as a list": (
        re.compile(r"\nstates:(.|\n)*"),
        "\nstates: []",
        "\nstates",
        "states: should be a mapping",
    ),
    "no steps": (
        "steps: 10",
        "steps: 0",
        "steps: 0",
        "calendar.steps: should be greater than or equal to 1",
    ),
    "too many steps": (
        "steps: 10",
        "steps: 601",
        "601",
        "calendar.steps: should be less than or equal to 600",
    ),
    "steps as bool": (
        "steps: 10",
        "steps: true",
        "steps",
        "calendar.steps: should be a valid integer",
    ),
    "unknown step": (
        "step: month",
        "step: week",
        "week",
        "calendar.step: should be 'month' or 'quarter'",
    ),
    "month 13": (
        'start: "2014-03"',
        'start: "2014-13"',
        "2014-13",
        'calendar.start: should be a month such as "2014-03"',
    ),
    "month as a number": (
        'start: "2014-03"',
        "start: 2014",
        "start",
        "calendar.start: should be text; quote it",
    ),
    "quarter from February": (
        'start: "2014-03", step: month',
        'start: "2014-02", step: quarter',
        "2014-02",
        "calendar.start: a quarter starts in month 01, 04, 07 or 10",
    ),
    "change in month 13": (
        '"2014-05"',
        '"2014-13"',
        "2014-13",
        'world.severity.changes.1.date: should be a date such as "2014-03" or "2014-03-18"',
    ),
    "30 February": (
        '"2014-05"',
        '"2014-02-30"',
        "2014-02-30",
        "world.severity.changes.1.date: 2014-02-30 is not in the calendar",
    ),
    "digits of another script": (
        '"2014-05"',
        '"٢٠١٤-05"',
        "٢٠١٤",
        'world.severity.changes.1.date: should be a date such as "2014-03" or "2014-03-18"',
    ),
    "unsorted dates": (
        '"2014-05"',
        '"2014-02"',
        '"2014-02"',
        "world.severity.changes.1.date: 2014-02 is out of order; sort by month",
    ),
    "duplicate dates": (
        '"2014-05"',
        '"2014-03"',
        '{date: "2014-03",',
        "world.severity.changes.1.date: 2014-03 stands twice; sort by month",
    ),
    "change of a start after it": (
        re.compile(r"(?<=  initial_severity: ).*"),
        "{value: 0, range: [0, 1], unit: rubric, source: me, changes: ["
        '{date: "2014-02", value: 0.1, range: [0, 1], source: me}, '
        '{date: "2014-03", value: 0.2, range: [0, 1], source: me}]}',
        "initial_severity",
        "world.initial_severity.changes.1.date: 2014-03 is too late; initial_severity holds "
        "before the start",
    ),
    "change out of bounds": (
        'date: "2014-07-17", value: 0.75',
        'date: "2014-07-17", value: 7.5',
        "7.5",
        "world.severity.changes.2.value: 7.5 is not a rubric score (0 to 1)",
    ),
    "unknown ally": ("allies: [KOR]", "allies: [KOR, DEU]", "states:", "states: missing state DEU"),
    "unknown state": ("\n  RUS:", "\n  CHN:", "states:", "states: missing state RUS"),
    "state without a role": (
        "allies: [KOR]",
        "allies: [USA]",
        "allies",
        "allies.0: USA is the leader or the target",
    ),
    "ally twice": ("allies: [KOR]", "allies: [KOR, KOR]", "allies", "allies.1: KOR stands twice"),
    "no allies": (
        "allies: [KOR]",
        "allies: []",
        "allies",
        "allies: should have at least 1 item, not 0",
    ),
    "leader is target": ("target: RUS", "target: USA", "target: USA", "target: USA is the leader"),
    "code in small letters": (
        "leader: USA",
        "leader: usa",
        "usa",
        "leader: should be a code of 2 to 4 capital letters and digits, such as JPN",
    ),
    "code of a state": (
        "\n  RUS:\n",
        "\n  Rus:\n",
        "Rus:",
        "states.Rus: should be a code of 2 to 4 capital letters and digits, such as JPN",
    ),
    "unknown member": (
        "[USA, KOR, EU]",
        "[USA, KOR, CHN]",
        "CHN",
        "clubs.G7.members.2: unknown state CHN; allowed: USA, KOR, EU",
    ),
    "target as a member": (
        "[USA, KOR, EU]",
        "[USA, RUS]",
        "[USA, R",
        "clubs.G7.members.1: unknown state RUS; allowed: USA, KOR, EU",
    ),
    "member twice": (
        "[USA, KOR, EU]",
        "[USA, USA]",
        "[USA, U",
        "clubs.G7.members.1: USA stands twice",
    ),
    "club of one": (
        "[USA, KOR, EU]",
        "[USA]",
        "[USA]",
        "clubs.G7.members: should have at least 2 items, not 1",
    ),
    "bloc that is a state": (
        "blocs:\n  EU:",
        "blocs:\n  KOR:",
        "  KOR:",
        "blocs.KOR: a bloc cannot also be a state",
    ),
    "label of a stranger": (
        "RUS: Russia",
        "CHN: China",
        "labels",
        "labels.CHN: unknown state CHN; allowed: USA, RUS, KOR, EU",
    ),
    "label in two lines": (
        "RUS: Russia",
        'RUS: "a\\nb"',
        "labels",
        "labels.RUS: should be one line of text",
    ),
    "name with a blank": (
        "name: crimea-2014",
        "name: crimea 2014",
        "name",
        "name: should be a name of small letters, digits and dashes, such as crimea-2014",
    ),
    "wrong kind": (
        "kind: episode",
        "kind: episodes",
        "kind",
        "kind: should be one of episode, whatif, world",
    ),
    "kind as a list": (
        "kind: episode",
        "kind: [episode]",
        "kind",
        "kind: should be one of episode, whatif, world",
    ),
    "no kind": ("kind: episode\n", "", "# yaml", "kind: missing key kind: episode, whatif, world"),
    "kind of a weight file": (
        "kind: episode",
        "kind: weights",
        "kind",
        "kind: should be one of episode, whatif, world",
    ),
    "state that nobody is": (
        "\n  RUS:\n    capability",
        "\n  CHN: {}\n  RUS:\n    capability",
        "  CHN: {}",
        "states.CHN: unknown state CHN; allowed: USA, RUS, KOR",
    ),
    "input as a list": (
        re.compile(r"eu: \{.*"),
        "eu: [1]",
        "eu: [1]",
        "states.KOR.eu: should be a mapping",
    ),
    "changes as a mapping": (
        re.compile(r'      changes:\n        - (\{date: "2014-03-17".*)\n.*\n'),
        "      changes: {EU: 1}\n",
        "{EU: 1}",
        "blocs.EU.level.changes: should be a list",
    ),
}


@pytest.mark.parametrize("case", EPISODE_FAULTS.values(), ids=EPISODE_FAULTS)
def test_fault_in_an_episode_names_line_and_path(short_episode, case):
    old, new, marker, message = case
    text = replaced(short_episode, old, new)
    line = line_of(text, marker) + marker.startswith("\n")
    assert fault(text).startswith(f"a.yaml:{line}: {message}")


def test_example_of_the_issue():
    text = reading.find("crimea-2014").read_text()
    broken = text.replace("gas_from_russia: {value: 0.098", "gas_from_russia: {value: 1.98")
    line = line_of(broken, "1.98")
    assert fault(broken, "configs/episodes/crimea-2014.yaml") == (
        f"configs/episodes/crimea-2014.yaml:{line}: states.JPN.gas_from_russia.value: "
        "1.98 is not a share (0 to 1)"
    )


def test_first_fault_in_the_file_is_told(short_episode):
    text = short_episode.replace("leader: USA", "leader: usa").replace(
        "name: crimea", "nom: crimea"
    )
    assert fault(text).startswith("a.yaml:3: nom: unknown key")
    text = short_episode.replace("leader: USA", "leader: usa").replace("value: 0.173", "value: x")
    assert ": leader: " in fault(text)


FIXED = '{state: KOR, decision: level, from: "2014-04", to: "2014-05", option: 2, source: me}'
FIXED_FAULTS = {
    "unknown state": (
        "state: KOR",
        "state: DEU",
        "state",
        "unknown state DEU; allowed: USA, KOR, RUS",
    ),
    "unknown key": (
        "source: me",
        "source: me, x: 1",
        "x",
        "allowed: state, decision, toward, from, to",
    ),
    "missing key": ("state: KOR, ", "", "", "missing key state"),
    "unknown decision": ("level", "vote", "decision", "'level', 'engagement' or 'stance'"),
    "not this state's": (
        "state: KOR, decision: level",
        "state: RUS, decision: level",
        "decision",
        "RUS",
    ),
    "level 6": ("option: 2", "option: 6", "option", "should be one of 0, 1, 2, 3, 4, 5"),
    "bool": ("option: 2", "option: true", "option", "should be a number such as 3, or a name such"),
    "fraction": ("option: 2", "option: 2.0", "option", "should be a number such as 3"),
    "list": ("option: 2", "option: [2]", "option", "should be a number such as 3"),
    "toward without stance": ("level", "level, toward: KOR", "toward", "goes with a stance"),
    "stance without toward": ("level", "stance", "toward", "goes with a stance, and only with one"),
    "toward a stranger": (
        "state: KOR, decision: level",
        "state: USA, decision: stance, toward: JPN",
        "toward",
        "unknown state JPN; allowed: KOR",
    ),
    "stance of another": (
        "state: KOR, decision: level, ",
        "state: USA, decision: stance, toward: KOR, ",
        "option",
        "should be one of none, press, assure",
    ),
    "turned": ('to: "2014-05"', 'to: "2014-03-31"', "to", "2014-03-31 is before 2014-04"),
    "no such day": ('to: "2014-05"', 'to: "2014-05-32"', "to", "a date such as"),
    "no list": ("- {", "{", "", "should be a list"),
}


@pytest.mark.parametrize("case", FIXED_FAULTS.values(), ids=FIXED_FAULTS)
def test_fault_in_fixed_decisions(short_episode, tmp_path, case):
    old, new, key, words = case
    block = f"- {FIXED}".replace(old, new, 1)
    path = "fixed" if block.startswith("{") else f"fixed.0.{key}".rstrip(".")
    text = f"{short_episode}\nfixed:\n  {block}\n"
    here = line_of(text, "\nfixed:") + (1 if path == "fixed" else 2)
    message = fault(text)
    assert message.startswith(f"a.yaml:{here}: {path}: ")
    assert words in message
    base = f"{short_episode}\nfixed:\n  - {FIXED}\n"
    head = WHATIF[: WHATIF.index("  states.")]
    message = layered_fault(tmp_path, base, f"{head}  fixed:\n    {block}\n")
    assert message.startswith(f"mine.yaml:{8 if path == 'fixed' else 9}: set.{path}: ")
    assert words in message


def test_fixed_within_a_month_may_mix_days_and_months(short_episode):
    entry = FIXED.replace('"2014-04"', '"2014-05-09"')
    text = f"{short_episode}\nfixed:\n  - {entry}\n"
    scenario = reading.resolve(documents.parse(text.encode(), "a.yaml"))
    assert scenario.fixed[0].start == "2014-05-09"


# --- what-ifs -----------------------------------------------------------------------------

SETTING = "states.KOR.gas_share: {value: 0.5, source: me}"
WHATIF_FAULTS = {
    "unknown key on top": ("why:", "wy: x\nwhy:", 5, "wy: ", "unknown key; allowed: name, kind"),
    "missing title": ("title: Mine\n", "", 1, "", "missing key title"),
    "missing set": (re.compile(r"set:\n.*\n"), "", 1, "", "missing key set"),
    "empty set": (re.compile(r"set:\n.*\n"), "set: {}\n", 7, "set: ", "at least 1 item"),
    "set as a list": (re.compile(r"set:\n.*\n"), "set: [1]\n", 7, "set: ", "should be a mapping"),
    "set as null": (re.compile(r"set:\n.*\n"), "set:\n", 7, "set: ", "should be a mapping"),
    "claim": ("[C22-19]", "[C22-19, C22-1]", 6, "claims.1: ", "the id of a claim, such as C22-19"),
    "claims as text": ("[C22-19]", "C22-19", 6, "claims: ", "should be a list"),
    "extends nothing": (
        "extends: base",
        "extends: basis",
        3,
        "extends: ",
        "no scenario named basis",
    ),
    "extends a path": ("extends: base", "extends: ../base", 3, "extends: ", "small letters"),
    "extends a list": ("extends: base", "extends: [base]", 3, "extends: ", "should be text"),
    "extends itself": ("extends: base", "extends: mine", 3, "extends: ", "a cycle: mine -> mine"),
    "unknown state": (
        ".KOR.",
        ".JPN.",
        8,
        "set.states.JPN.gas_share: ",
        "no JPN here; allowed: USA, KO",
    ),
    "unknown input": (
        ".gas_share",
        ".gas",
        8,
        "set.states.KOR.gas: ",
        "no gas here; allowed: us_def",
    ),
    "unknown top": (
        "states.",
        "state.",
        8,
        "set.state.KOR.gas_share: ",
        "no state here; allowed: name",
    ),
    "empty path": ("states.KOR.gas_share", '""', 8, "set.: ", "no such key here"),
    "too deep a path": ("gas_share", "gas_share.value.x", 8, "set.states.KOR.", "no x here"),
    "not a quantity": (
        "states.KOR.gas_share",
        "states.KOR",
        8,
        "set.states.KOR: ",
        "not a quantity",
    ),
    "part of a quantity": (
        "gas_share",
        "gas_share.value",
        8,
        "set.states.KOR.",
        "not a quantity such",
    ),
    "the leader": ("states.KOR.gas_share", "leader", 8, "set.leader: ", "not a quantity such as"),
    "number": (
        SETTING,
        "states.KOR.g7: 1",
        8,
        "set.states.KOR.g7: ",
        "a mapping with value and source",
    ),
    "list": (
        SETTING,
        "states.KOR.g7: [1]",
        8,
        "set.states.KOR.g7: ",
        "a mapping with value and sourc",
    ),
    "null": (
        SETTING,
        "states.KOR.g7:",
        8,
        "set.states.KOR.g7: ",
        "a mapping with value and source",
    ),
    "no value": ("value: 0.5, ", "", 8, "set.states.KOR.gas_share: ", "missing key value"),
    "no source": (", source: me", "", 8, "set.states.KOR.gas_share: ", "missing key source"),
    "out of bounds": (
        "0.5",
        "1.98",
        8,
        "set.states.KOR.gas_share.value: ",
        "1.98 is not a share (0 to",
    ),
    "not finite": (
        "0.5",
        ".nan",
        8,
        "set.states.KOR.gas_share.value: ",
        "should be a finite number",
    ),
    "value as text": (
        "0.5",
        '"0.5"',
        8,
        "set.states.KOR.gas_share.value: ",
        "should be a valid number",
    ),
    "value as a mapping": (
        "0.5",
        "{a: 1}",
        8,
        "set.states.KOR.gas_share.value: ",
        "a valid number",
    ),
    "wrong unit": (
        "source: me",
        "source: me, unit: km",
        8,
        "set.states.KOR.gas_share.unit: ",
        "share o",
    ),
    "range": (
        "source: me",
        "source: me, range: [0, 0.1]",
        8,
        "set.states.KOR.gas_share.range: ",
        "hold",
    ),
    "unknown key": (
        "source: me",
        "source: me, x: 1",
        8,
        "set.states.KOR.gas_share.x: ",
        "unknown key",
    ),
    "on its own line": (
        "{value: 0.5, source: me}",
        "\n    source: me\n    value: 5",
        10,
        "set.states.KOR.gas_share.value: ",
        "5 is not a share (0 to 1)",
    ),
    "text on its own line": (
        "{value: 0.5, source: me}",
        "\n    source: me\n    value: x",
        10,
        "set.states.KOR.gas_share.value: ",
        "should be a valid number",
    ),
    "change": (
        "source: me}",
        'source: me, changes: [{date: "2014-02-30", value: 1, range: [1, 1], source: me}]}',
        8,
        "set.states.KOR.gas_share.changes.0.date: ",
        "2014-02-30 is not in the calendar",
    ),
    "duplicate path": (
        SETTING,
        f"{SETTING}\n  {SETTING}",
        9,
        "set.states.KOR.gas_share: ",
        "duplicate",
    ),
}


@pytest.mark.parametrize("case", WHATIF_FAULTS.values(), ids=WHATIF_FAULTS)
def test_fault_in_a_whatif_names_its_file_and_line(short_episode, tmp_path, case):
    old, new, line, path, words = case
    message = layered_fault(tmp_path, short_episode, replaced(WHATIF, old, new))
    assert message.startswith(f"mine.yaml:{line}: {path}")
    assert words in message


def test_fault_in_what_is_extended_names_that_file(short_episode, tmp_path):
    base = short_episode.replace(GAS, GAS.replace("0.173", "1.73"))
    message = layered_fault(tmp_path, base, WHATIF)
    assert message.startswith(f"base.yaml:{line_of(base, '1.73')}: states.KOR.gas_share.value: ")


def test_fault_in_the_middle_of_a_chain_is_not_hidden_by_what_extends_it(short_episode, tmp_path):
    middle = WHATIF.replace("name: mine", "name: middle").replace("0.5", "5")
    (tmp_path / "middle.yaml").write_text(middle)
    message = layered_fault(
        tmp_path, short_episode, WHATIF.replace("extends: base", "extends: middle")
    )
    assert message.startswith("middle.yaml:8: set.states.KOR.gas_share.value: 5 is not a share")


def test_cycle_of_two(short_episode, tmp_path):
    other = WHATIF.replace("name: mine", "name: other").replace("extends: base", "extends: mine")
    (tmp_path / "other.yaml").write_text(other)
    message = layered_fault(
        tmp_path, short_episode, WHATIF.replace("extends: base", "extends: other")
    )
    assert message == "other.yaml:3: extends: a cycle: mine -> other -> mine"


def test_chain_that_is_too_long(short_episode, tmp_path):
    for number in range(12):
        text = WHATIF.replace("name: mine", f"name: w{number}")
        (tmp_path / f"w{number}.yaml").write_text(text.replace(": base", f": w{number + 1}"))
    with pytest.raises(DocumentError, match=r"w8.yaml:3: extends: a chain of more than 8"):
        reading.read(tmp_path / "w0.yaml")


def test_extends_prefers_the_file_beside_and_falls_back_to_the_shipped(short_episode, tmp_path):
    text = WHATIF.replace("extends: base", "extends: crimea-2014")
    (tmp_path / "mine.yaml").write_text(text)
    assert reading.read(tmp_path / "mine.yaml").allies == ("JPN", "KOR")
    (tmp_path / "crimea-2014.yaml").write_text(short_episode)
    assert reading.read(tmp_path / "mine.yaml").allies == ("KOR",)


def test_chain_of_two_applies_the_nearest_last(short_episode, tmp_path):
    (tmp_path / "base.yaml").write_text(short_episode)
    first = WHATIF.replace("name: mine", "name: first") + (
        "  world.severity: {value: 0.9, range: [0.8, 1.0], source: [me, you], note: throughout}\n"
    )
    (tmp_path / "first.yaml").write_text(first)
    (tmp_path / "mine.yaml").write_text(
        WHATIF.replace("extends: base", "extends: first").replace("0.5", "0.6")
    )
    scenario = reading.read(tmp_path / "mine.yaml")
    assert (scenario.name, scenario.episode) == ("mine", "crimea-2014")
    assert scenario.states["KOR"]["gas_share"].value == 0.6
    assert scenario.world["severity"].at("2014-12") == 0.9
    assert scenario.world["severity"].range == (0.8, 1.0)


def test_set_quantity_keeps_the_unit_drops_the_changes_and_narrows_the_range(
    short_episode, tmp_path
):
    (tmp_path / "base.yaml").write_text(short_episode)
    (tmp_path / "mine.yaml").write_text(
        f"{WHATIF}  world.severity: {{value: 0.2, source: me}}\n"
        "  blocs.EU.level: {value: 5, range: [4, 5], unit: level 0-5, source: me}\n"
    )
    scenario = reading.read(tmp_path / "mine.yaml")
    severity = scenario.world["severity"]
    assert (severity.unit, severity.range, severity.changes) == ("rubric", (0.2, 0.2), ())
    assert severity.source == ("me",)
    assert scenario.blocs["EU"].level.range == (4.0, 5.0)
    assert scenario.states["KOR"]["gas_share"].year is None


def test_whatif_adds_to_fixed_decisions(short_episode, tmp_path):
    (tmp_path / "base.yaml").write_text(f"{short_episode}\nfixed:\n  - {FIXED}\n")
    later = FIXED.replace("option: 2", "option: 3")
    (tmp_path / "mine.yaml").write_text(f"{WHATIF}  fixed:\n    - {later}\n")
    assert [entry.option for entry in reading.read(tmp_path / "mine.yaml").fixed] == [2, 3]


def test_read_whatif_gives_the_whatif_unresolved():
    whatif, document = reading.read_whatif("us-lng")
    assert (whatif.name, whatif.extends) == ("us-lng", "ukraine-2022")
    assert document.data["set"] == whatif.set
    with pytest.raises(DocumentError, match=r"crimea-2014.yaml:4: kind: this is not a what-if"):
        reading.read_whatif("crimea-2014")


# --- settings -----------------------------------------------------------------------------


def test_with_settings_applies_whatifs_and_then_single_settings():
    scenario = reading.with_settings(
        "crimea-2014",
        ["no-fukushima", "yoon-line-2014"],
        [("states.JPN.gas_share", "0.3"), ("world.severity", "1")],
    )
    states = scenario.states
    assert states["JPN"]["nuclear_electricity"].value == 0.252
    assert states["KOR"]["norms_emphasis"].value == 0.75
    assert states["JPN"]["gas_share"].value == 0.3
    assert states["JPN"]["gas_share"].unit == "share of primary energy"
    assert states["JPN"]["gas_share"].range == (0.3, 0.3)
    assert scenario.world["severity"].at("2014-12") == 1.0
    assert scenario.episode == "crimea-2014"
    assert scenario.name == "no-fukushima+yoon-line-2014+states.JPN.gas_share=0.3+world.severity=1"


def test_with_settings_of_nothing_is_the_scenario_itself():
    assert reading.with_settings("crimea-2014", [], []) == reading.read("crimea-2014")
    assert reading.with_settings("us-lng", [], []) == reading.read("us-lng")


def test_with_settings_upon_a_whatif():
    scenario = reading.with_settings("us-lng", ["timid-leader"], [])
    assert scenario.name == "us-lng+timid-leader"
    assert scenario.episode == "ukraine-2022"
    assert scenario.states["JPN"]["gas_from_usa"].value == 0.35
    assert scenario.states["USA"]["ceiling"].value == 2


def test_whatif_is_applied_once(short_episode, tmp_path):
    (tmp_path / "base.yaml").write_text(short_episode)
    (tmp_path / "first.yaml").write_text(
        WHATIF.replace("name: mine", "name: first") + f"  fixed: [{FIXED}]\n"
    )
    (tmp_path / "mine.yaml").write_text(WHATIF.replace("extends: base", "extends: first"))
    files = [str(tmp_path / "first.yaml"), str(tmp_path / "mine.yaml")]
    assert len(reading.with_settings(tmp_path / "base.yaml", files, []).fixed) == 1


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("states.JPN.g7", "x", "--set: states.JPN.g7: 'x' is not a number"),
        ("states.JPN.g7", "2", "--set: states.JPN.g7.value: 2 is not 0 or 1"),
        ("states.JPN.g7", "nan", "--set: states.JPN.g7.value: should be a finite number"),
        ("states.JPN.g7", "1e999", "--set: states.JPN.g7.value: should be a finite number"),
        ("states.JPN.gas_share", "1.5", "--set: states.JPN.gas_share.value: 1.5 is not a share (0"),
        ("states.DEU.g7", "1", "--set: states.DEU.g7: no DEU here; allowed: USA, JPN, KOR, RUS"),
        ("states", "1", "--set: states: not a quantity such as states.JPN.gas_share"),
        ("", "1", "--set: no such key here"),
        ("states..g7", "1", "--set: states..g7: no such key here"),
        ("fixed", "1", "--set: fixed: not a quantity"),
    ],
)
def test_fault_in_a_setting(path, text, message):
    with pytest.raises(DocumentError) as caught:
        reading.with_settings("crimea-2014", [], [(path, text)])
    assert str(caught.value).startswith(message)


def test_whatif_of_another_episode():
    with pytest.raises(DocumentError, match=r"us-lng.yaml:4: extends: rests on ukraine-2022, not"):
        reading.with_settings("crimea-2014", ["us-lng"], [])


# --- names and files ----------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["episodes", "whatifs"])
def test_shipped_files_are_valid_and_named_after_their_file(folder):
    names = reading.shipped(folder)
    assert names == sorted(names)
    assert len(names) >= 3
    for name in names:
        assert reading.read(name).name == name
        assert reading.find(name).stem == name


@pytest.mark.parametrize("name", ["atlantis-1999", "", "..", "a\nb", "x" * 5000, "é", "a\0"])
def test_unknown_name(name):
    with pytest.raises(DocumentError, match=r"no such scenario; shipped episodes: crimea-2014"):
        reading.read(name)


def test_find_takes_paths_and_names():
    shipped = reading.find("crimea-2014")
    assert reading.find(str(shipped)) == shipped
    assert reading.find("mine.yml") == Path("mine.yml")
    assert reading.find(Path("crimea-2014")) == Path("crimea-2014")


# --- the models ---------------------------------------------------------------------------


def test_digest_does_not_depend_on_layout(short_episode):
    def digest(text):
        return reading.resolve(documents.parse(text.encode(), "a.yaml")).digest

    before = digest(short_episode)
    same = re.sub(r"#.*", "", short_episode)
    same = same.replace("source: rubric}", "source: [rubric]}").replace("value: 0,", "value: 0.0,")
    same = same.replace("summary: >-", "summary: >").replace("leader: USA\ntarget: RUS", "@")
    same = same.replace("@", "target: 'RUS'\nleader: \"USA\"")
    assert same != short_episode
    assert digest(same) == before
    assert digest(short_episode.replace("value: 0.173", "value: 0.174")) != before
    assert digest(short_episode.replace("RUS: Russia", "RUS: Russland")) != before


def test_digest_tells_whatifs_apart():
    digests = {reading.read(name).digest for name in reading.shipped("whatifs")}
    assert len(digests) == len(reading.shipped("whatifs"))


def test_loaded_scenario_is_frozen():
    scenario = reading.read("crimea-2014")
    quantity = scenario.states["JPN"]["gas_share"]
    with pytest.raises(ValidationError):
        scenario.title = "x"
    with pytest.raises(ValidationError):
        quantity.value = 1.0
    table = scenario.states["JPN"]
    for change in (
        lambda: scenario.world.update(severity=quantity),
        lambda: table.__setitem__("g7", quantity),
        lambda: table.__delitem__("g7"),
        lambda: table.pop("g7"),
        lambda: table.popitem(),
        lambda: table.setdefault("x", quantity),
        lambda: table.clear(),
        lambda: table.__ior__({}),
        lambda: scenario.blocs.clear(),
        lambda: scenario.clubs.clear(),
        lambda: scenario.labels.clear(),
    ):
        with pytest.raises(TypeError, match="does not change"):
            change()
    assert isinstance(quantity.source, tuple)
    assert isinstance(scenario.clubs["G7"].members, tuple)


def test_scenario_can_be_copied_and_sent_to_another_process():
    scenario = reading.read("us-lng")
    for twin in (copy.deepcopy(scenario), pickle.loads(pickle.dumps(scenario))):
        assert twin == scenario
        assert twin.digest == scenario.digest
        assert twin.episode == "ukraine-2022"
        with pytest.raises(TypeError):
            twin.states.clear()


def test_episode_is_remembered_through_names():
    scenario = reading.read("us-lng").derived("again")
    assert (scenario.name, scenario.episode) == ("again", "ukraine-2022")


def test_labels():
    scenario = reading.read("crimea-2014")
    assert scenario.label("KOR") == "South Korea"
    assert scenario.label("EU") == "European Union"
    assert scenario.label("CHN") == "CHN"


def test_labels_blocs_and_clubs_may_be_left_out(short_episode):
    text = re.sub(r"\n(labels|clubs):.*(\n  .*)*", "", short_episode)
    text = re.sub(r"\nblocs:\n(  .*\n)*", "\n", text)
    scenario = reading.resolve(documents.parse(text.encode(), "a.yaml"))
    assert (scenario.labels, scenario.blocs, scenario.clubs) == ({}, {}, {})


def test_quantity_at_a_date():
    quantity = Quantity.model_validate(
        {
            "value": 0.1,
            "range": [0, 1],
            "unit": "rubric",
            "source": "me",
            "changes": [
                {"date": "2014-03-18", "value": 0.2, "range": [0, 1], "source": "me"},
                {"date": "2014-07", "value": 0.3, "range": [0, 1], "source": "me"},
            ],
        }
    )
    months = ["2013-12", "2014-02", "2014-03", "2014-06", "2014-07", "2020-01"]
    assert [quantity.at(month) for month in months] == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]


def test_calendar_of_months():
    calendar = Calendar(start="2014-11", step="month", steps=3)
    assert calendar.months == 1
    assert calendar.ends == calendar.dates == ["2014-11", "2014-12", "2015-01"]
    dates = ["2014-10-31", "2014-11", "2014-11-01", "2014-12-31", "2015-01", "2015-02"]
    assert [calendar.step_of(date) for date in dates] == [None, 0, 0, 1, 2, None]


def test_calendar_of_quarters():
    calendar = Calendar(start="2015-10", step="quarter", steps=3)
    assert calendar.months == 3
    assert calendar.ends == ["2015-12", "2016-03", "2016-06"]
    assert calendar.dates == ["2015-Q4", "2016-Q1", "2016-Q2"]
    dates = ["2015-09", "2015-10", "2015-12-31", "2016-01", "2016-Q2", "2016-Q3", "2016-07"]
    assert [calendar.step_of(date) for date in dates] == [None, 0, 0, 1, 2, None, None]


@pytest.mark.parametrize("date", ["", "2015", "2014-13", "2014-00", "last week", "2014-12-99"])
def test_calendar_knows_no_step_of_what_is_no_date(date):
    assert Calendar(start="2014-11", step="month", steps=6).step_of(date) is None


def test_roles_and_options():
    scenario = reading.read("crimea-2014")
    assert role_table(scenario, "USA") is LEADER
    assert role_table(scenario, "RUS") is TARGET
    assert role_table(scenario, "KOR") is ALLY
    assert options(scenario, "KOR", "level") == ("0", "1", "2", "3", "4", "5")
    assert options(scenario, "KOR", "engagement") == ("0", "1", "2")
    assert options(scenario, "USA", "stance") == ("none", "press", "assure")
    assert options(scenario, "RUS", "stance") == ("coerce", "neutral", "court")
    for state, decision in (("RUS", "level"), ("USA", "engagement"), ("KOR", "stance")):
        assert options(scenario, state, decision) == ()


@pytest.mark.parametrize(("option", "index"), [(2, 2), ("2", 2), ("press", None), (6, None)])
def test_index_of_a_fixed_option(option, index):
    entry = {"state": "KOR", "decision": "level", "option": option, "source": "me"}
    fixed = Fixed.model_validate({**entry, "from": "2014-03", "to": "2014-04"})
    assert option_index(reading.read("crimea-2014"), fixed) == index


def test_two_hundred_allies_pass_the_checks(short_episode):
    data = documents.parse(short_episode.encode(), "a.yaml").data
    codes = [f"A{number:03d}" for number in range(200)]
    data["allies"] = ["KOR", *codes]
    share = {**data["states"]["KOR"]["russia_trade_share"], "value": 0.002, "range": [0.0, 0.01]}
    small = {**data["states"]["KOR"], "russia_trade_share": share}
    data["states"] |= dict.fromkeys(codes, small)
    assert len(checks.episode(documents.Document("a.yaml", data)).states) == 203


def test_trade_shares_are_parts_of_one_whole(short_episode):
    text = short_episode.replace(
        "value: 0.0261, range: [0.023, 0.030]", "value: 0.6, range: [0, 1]"
    )
    assert text != short_episode
    with pytest.raises(DocumentError, match=r"sums to 1\.12 in 2014-03; at most 1"):
        checks.episode(documents.parse(text.encode(), "a.yaml"))


@pytest.mark.parametrize("name", reading.shipped("whatifs"))
def test_a_shipped_whatif_comes_from_claims(name: str) -> None:
    whatif, _ = reading.read_whatif(name)
    assert whatif.claims
