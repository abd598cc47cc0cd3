"""The controls of a setting: which there are, and a slider with number box for each.

Limits, units, evidence ranges and sources are those of the input tables, the scenario and the
weight set; nothing is stated again here.
"""

from collections.abc import Iterable

from htmltools import Tag, TagList, tags

from alignsim import evidence, memberships, variant_paths
from alignsim.app import forecasting
from alignsim.app import setting as settings
from alignsim.app.naming import amount, exact, is_switch, name, number, owner, unit
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import GROUPS
from alignsim.variants import InputTarget

PLACES = 1000
"""Places of a slider."""
SHOWN = 6
"""Inputs that a state shows at first: those that move it most."""
STRETCH_BELOW, STRETCH = 0.05, 3
"""Where the evidence lies in this lowest part of the bounds, places follow the cube root."""
WEIGHT_SPAN = 2.0
"""Sliders of weights end at this multiple of the upper end of their posterior interval."""
WORLD = ("world.china_russia_alignment", "world.middle_east_turmoil")
"""Inputs of the world shown beside the severity of the events."""


def panel(setting: PageSetting, shown: Iterable[str] = ()) -> Tag:
    """All controls of a setting, those of changed and further ``shown`` paths among them."""
    scenario = setting.base.scenario
    more = list(dict.fromkeys([*shown, *setting.changed]))
    weights = [f"weights.groups.{name}" for name in GROUPS]
    world = _with([*events(setting), *WORLD], "world.", more)
    sections = [
        _section(t("explore.weights"), t("explore.weights_help"), setting, weights, opened=True),
        _section(t("explore.events"), "", setting, world),
    ]
    heads = ["weights.", "world."]
    for code in (*scenario.allies, scenario.leader):
        heads.append(f"states.{code}.")
        most = memberships.possible_paths(scenario, forecasting.levers(setting.episode, code))
        paths = _with(most[:SHOWN], heads[-1], more)
        sections.append(_section(scenario.label(code), t("explore.state_help"), setting, paths))
    rest = [path for path in more if not path.startswith(tuple(heads))]
    if rest:
        sections.append(_section(t("explore.others"), "", setting, rest, opened=True))
    return tags.div(*sections, class_="sliders")


def _with(paths: Iterable[str], head: str, more: Iterable[str]) -> list[str]:
    """The paths, and those of ``more`` that begin with ``head``, each once."""
    return list(dict.fromkeys([*paths, *(path for path in more if path.startswith(head))]))


def events(setting: PageSetting) -> list[str]:
    """Paths of the labelled severities of a start."""
    quantity = setting.base.scenario.world["severity"]
    calendar = setting.base.scenario.calendar
    return [
        f"world.severity@{change.date[:7]}"
        for change in quantity.changes
        if change.label and calendar.step_of(change.date) is not None
    ]


def others(setting: PageSetting) -> dict[str, dict[str, str]]:
    """Every input that can be added, by path, with its name, under the name of its owner."""
    scenario = setting.base.scenario
    found: dict[str, dict[str, str]] = {}
    for path in memberships.possible_paths(scenario, variant_paths.input_paths(scenario)):
        found.setdefault(owner(scenario, path) or t("explore.events"), {})[path] = name(path)
    return found


def label(setting: PageSetting, path: str) -> str:
    """Name of a control: of an event, what happened."""
    named = settings.target(setting.start, path)
    if isinstance(named, InputTarget) and named.month:
        changes = named.quantity(setting.base.scenario).changes
        known = [one.label for one in changes if one.date[:7] == named.month and one.label]
        return known[0] if known else f"{name(path)}, {named.month}"
    return name(path)


# --- one control ----------------------------------------------------------------------------------


def _section(
    title: str, help_: str, setting: PageSetting, paths: list[str], opened: bool = False
) -> Tag:
    moved = any(path in setting.changed for path in paths)
    return tags.details(
        tags.summary(title),
        tags.p(rich(help_), class_="note") if help_ else None,
        *(slider(setting, path) for path in paths),
        open="" if opened or moved else None,
    )


def slider(setting: PageSetting, path: str) -> Tag:
    """The control of one path: a switch for a yes or no, else a range and a number box."""
    named = settings.target(setting.start, path)
    is_flag = isinstance(named, InputTarget) and is_switch(named.row)
    stated, _ = settings.stated(setting.start, path)
    value = setting.changed.get(path, stated)
    shown = number(stated)
    if value != stated and exact(value) == shown:
        # What is shown must not be taken for the stated value, which it is not.
        shown = exact(stated)
    key = path.replace(".", "-").replace("@", "-")
    made = _switch(setting, path, key, value) if is_flag else _range(setting, path, key, value)
    back = amount(named.row, stated) if isinstance(named, InputTarget) else number(stated)
    return tags.div(
        *made,
        tags.button(
            "↺",
            type="button",
            data_restore="",
            aria_label=t("explore.restore", value=back),
            title=t("explore.restore", value=back),
        ),
        class_="control moved" if value != stated else "control",
        data_path=path,
        data_stated=repr(stated),
        data_shown=shown,
    )


def _switch(setting: PageSetting, path: str, key: str, value: float) -> list[Tag]:
    """A switch for a yes or no."""
    text = label(setting, path)
    return [
        tags.label(
            tags.input(
                id=f"switch-{key}", type="checkbox", role="switch", checked="" if value else None
            ),
            f" {text}",
            for_=f"switch-{key}",
        ),
        _info(setting, path, text, key),
    ]


def _range(setting: PageSetting, path: str, key: str, value: float) -> list[Tag]:
    """A range and a number box, with limits and unit for the script."""
    stated, evidence_range = settings.stated(setting.start, path)
    low, high, of, whole = bounds(setting, path)
    power = _power(low, high, max(evidence_range[1], stated))
    text, words = label(setting, path), unit(of)

    def place(number_: float) -> float:
        inside = min(max(number_, low), high)
        return float(((inside - low) / (high - low)) ** (1.0 / power))

    return [
        tags.label(text, for_=f"range-{key}"),
        _info(setting, path, text, key),
        tags.input(
            id=f"range-{key}",
            type="range",
            min="0",
            max=str(PLACES),
            value=str(round(place(value) * PLACES)),
            aria_valuetext=f"{number(value)} {words}",
            style=_marked(place(evidence_range[0]), place(evidence_range[1])),
            data_low=exact(low),
            data_high=exact(high),
            data_power=str(power),
            data_unit=words,
            data_whole="1" if whole else "0",
        ),
        tags.input(
            type="number",
            min=exact(low),
            max=exact(high),
            step="1" if whole else "any",
            value=number(value) if value == stated else exact(value),
            aria_label=t("explore.value", label=text),
        ),
        tags.span(words, class_="unit"),
    ]


def _marked(start: float, end: float) -> str:
    """Where the evidence range lies on a slider; at least as wide as can be seen."""
    return f"--from:{100 * start:.1f}%;--to:{max(100 * end, 100 * start + 1.5):.1f}%"


def bounds(setting: PageSetting, path: str) -> tuple[float, float, str, bool]:
    """Low, high, unit, and whether only whole numbers count."""
    named = settings.target(setting.start, path)
    if isinstance(named, InputTarget):
        return named.row.low, named.row.high, named.row.unit, named.row.whole
    high = WEIGHT_SPAN * settings.stated(setting.start, path)[1][1]
    return 0.0, float(f"{high:.2g}"), "", False


def _power(low: float, high: float, most: float) -> int:
    return STRETCH if most - low < STRETCH_BELOW * (high - low) else 1


def _info(setting: PageSetting, path: str, text: str, key: str) -> Tag:
    """What the input means and where its number comes from, on hover, focus or tap."""
    return tags.span(
        tags.button(
            "i",
            type="button",
            class_="gloss info",
            aria_label=t("explore.info", label=text),
            aria_describedby=f"info-{key}",
        ),
        tags.span(about(setting, path), role="tooltip", id=f"info-{key}"),
        class_="glossed",
    )


def about(setting: PageSetting, path: str) -> str:
    """Meaning, documented value, evidence range, kind and sources of a path in one text."""
    value, (low, high) = settings.stated(setting.start, path)
    numbers = {"value": number(value), "low": number(low), "high": number(high)}
    named = settings.target(setting.start, path)
    if not isinstance(named, InputTarget):
        return t(
            "explore.about_weight", meaning=_sentence(t(f"groups.{named.name}.meaning")), **numbers
        )
    quantity = named.quantity(setting.base.scenario)
    dated = [one for one in quantity.changes if not named.month or one.date[:7] == named.month]
    sources = dated[-1].source if dated else quantity.source
    which = "dated" if dated and not named.month else "input"
    if is_switch(named.row):
        which, numbers["value"] = "switch", amount(named.row, value)
    return t(
        f"explore.about_{which}",
        meaning=_sentence(named.row.meaning),
        year=f" ({quantity.year})" if quantity.year else "",
        kind=t(f"explore.{named.row.kind}"),
        sources="; ".join(source_title(source) for source in sources),
        **numbers,
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def source_title(source: str) -> str:
    """A source by its title; a claim by its id and text."""
    known = evidence.load()
    if source in known.claims:
        return f"{source}, {known.claims[source].claim.rstrip('.')}"
    reference = known.references.get(source)
    return f"{reference.title} ({reference.by})" if reference else source


def added(setting: PageSetting) -> TagList:
    """The choice of a further input to show."""
    groups = [
        tags.optgroup(*(tags.option(text, value=path) for path, text in inputs.items()), label=who)
        for who, inputs in others(setting).items()
    ]
    return TagList(
        tags.label(t("explore.add"), for_="add"),
        tags.select(tags.option(t("explore.add_none"), value=""), *groups, id="add"),
    )
