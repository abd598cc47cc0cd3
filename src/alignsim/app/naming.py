"""Names, units and values of inputs and group weights in words; what is wrong with a number."""

from alignsim.app.texts import t
from alignsim.inputs import FLAG, RUBRIC, Input
from alignsim.scenario import Scenario
from alignsim.variants import InputTarget, WeightTarget
from alignsim.weights import MAX_NUMBER

DIGITS = 3
"""Digits of a number below a thousand; of a larger one the whole part."""
WHOLE = 1000.0


def owner(scenario: Scenario, path: str) -> str:
    """Name of the state or bloc that an input belongs to; empty for those of the world."""
    head, _, rest = path.partition(".")
    return scenario.label(rest.partition(".")[0]) if head in ("states", "blocs") else ""


def name(path: str) -> str:
    """Short name of an input or group weight."""
    last = path.partition("@")[0].rpartition(".")[2]
    return t(f"groups.{last}.name") if path.startswith("weights.") else t(f"inputs.{last}")


def owned(scenario: Scenario, path: str) -> str:
    """Name of an input or group weight with whose it is, as a sentence begins."""
    whose, own = owner(scenario, path), name(path)
    return t("words.of", owner=whose, name=own) if whose else own[:1].upper() + own[1:]


# --- numbers ------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number to three digits; a whole one, and one from a thousand up, without a fraction."""
    if value != int(value):
        value = float(f"{value:.{DIGITS}g}") if abs(value) < WHOLE else float(round(value))
    return exact(value)


def exact(value: float) -> str:
    """A number with all its digits."""
    return f"{value:.10g}"


def is_switch(row: Input) -> bool:
    """Whether an input is a yes or no, such as a membership."""
    return row.unit == FLAG


def amount(row: Input, value: float) -> str:
    """A value of an input: yes or no, or a number."""
    return t(f"units.{'yes' if value else 'no'}") if is_switch(row) else number(value)


def unit(text: str) -> str:
    """A unit in plain words."""
    return {FLAG: t("units.flag"), RUBRIC: t("units.judged")}.get(text, text)


def with_unit(text: str, of: str) -> str:
    """A value in words, with its unit in brackets; a yes or no has none."""
    return text if of == FLAG else t("units.bracketed", value=text, unit=unit(of))


# --- what is wrong ------------------------------------------------------------------------------


def fault(scenario: Scenario, named: InputTarget | WeightTarget, value: float) -> str:
    """What a number must be, in a sentence with the name that the page shows; empty if it is."""
    if not named.fault(value):
        return ""
    who = owned(scenario, named.path)
    if isinstance(named, WeightTarget):
        return t("faults.between", name=who, low="0", high=f"{MAX_NUMBER:,.0f}")
    row = named.row
    if is_switch(row):
        return t("faults.switch", name=who)
    which = "whole" if row.whole else "between"
    return t(f"faults.{which}", name=who, low=f"{row.low:,.10g}", high=f"{row.high:,.10g}")
