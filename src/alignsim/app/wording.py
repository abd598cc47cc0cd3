"""Names of seats, decisions, options and dates in words."""

from alignsim.app.texts import t
from alignsim.decision import ENGAGEMENTS, LEVELS
from alignsim.history import Key
from alignsim.plots import MONTHS
from alignsim.scenario import Scenario, options


def seat_name(scenario: Scenario, seat: str) -> str:
    """A seat by the city of its government, or by the state's name where the texts have none."""
    try:
        return t(f"states.{seat}.seat")
    except KeyError:
        return scenario.label(seat)


def role(scenario: Scenario, seat: str) -> str:
    """What a seat decides, in a line."""
    if seat == scenario.leader:
        return t("play.roles.leader")
    return t("play.roles.target" if seat == scenario.target else "play.roles.ally")


def date(scenario: Scenario, step: int) -> str:
    """A step in words."""
    return month_or_quarter(scenario.calendar.ends[step], scenario.calendar.step)


def month(text: str) -> str:
    """A month, or a day by its month, in words."""
    return month_or_quarter(text[:7], "month")


def month_or_quarter(end: str, step: str) -> str:
    """A step by its last month, in words that are short: Jul 2014, or Q3 2016."""
    number = int(end[5:])
    name = MONTHS[number - 1] if step == "month" else f"Q{(number + 2) // 3}"
    return f"{name} {end[:4]}"


def decision(scenario: Scenario, key: Key) -> str:
    """A decision of a seat in words."""
    if key[2] is None:
        return t(f"decisions.{key[1]}")
    return t("play.step.toward", ally=seat_name(scenario, key[2]))


def named(scenario: Scenario, key: Key) -> str:
    """A decision in words, with the state that takes it."""
    words = {"state": scenario.label(key[0]), "decision": t(f"decisions.{key[1]}")}
    if key[2] is None:
        return t("words.own", **words)
    return t("words.toward", state=words["state"], ally=scenario.label(key[2]))


def option(scenario: Scenario, key: Key, number: int) -> str:
    """An option in words, with its number where it has one."""
    if key[1] == "stance":
        return t(f"stances.{options(scenario, key[0], key[1])[number]}.name")
    return t("words.option", number=number, name=option_name(key[1], number))


def option_name(kind: str, number: int) -> str:
    """Name of a level or an engagement."""
    return t(f"{'levels' if kind == 'level' else 'engagements'}.{number}.name")


def ordered_options(kind: str) -> list[str]:
    """Names of the levels or engagements, lowest first."""
    return [
        option_name(kind, number) for number in range(LEVELS if kind == "level" else ENGAGEMENTS)
    ]


def option_meaning(scenario: Scenario, key: Key, number: int) -> str:
    """What an option means."""
    if key[1] == "stance":
        return t(f"stances.{options(scenario, key[0], key[1])[number]}.meaning")
    return t(f"{'levels' if key[1] == 'level' else 'engagements'}.{number}.meaning")


def option_list(scenario: Scenario, key: Key) -> list[str]:
    """Names of all options of a decision, lowest first."""
    names = options(scenario, key[0], key[1])
    if key[1] == "stance":
        return [t(f"stances.{name}.name") for name in names]
    return [option_name(key[1], number) for number in range(len(names))]


def listed(parts: list[str]) -> str:
    """Parts of a sentence, joined by commas and a last *and*."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + t("words.and") + parts[-1]
