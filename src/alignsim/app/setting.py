"""A setting of the model, as a page holds it and an address carries it.

A setting is a shipped episode or what-if to start from, a seed, and changes of single inputs,
events and group weights by the paths of :mod:`alignsim.variant_paths`. Whatever comes from an
address, a page or a file is checked here as a scenario file is, and bounded; nothing in it is
evaluated or taken for a path of a file.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from alignsim import documents, reading, variant_paths, variants, wholes
from alignsim import weights as weight_sets
from alignsim.app import naming
from alignsim.app.texts import t
from alignsim.scenario import Change, Quantity, Scenario, WhatIf
from alignsim.variants import Base, InputTarget, PointError, Setting, Variant, WeightTarget
from alignsim.weights import WeightSet

WEIGHTS = "calibrated"
DEFAULT = "crimea-2014"
MAX_CHANGES = 60
MAX_TEXT = 80
"""Letters of a path or number."""
MAX_FILE = 64 * 1024
"""Bytes of a scenario file that a page reads."""
HEADS = ("states.", "world.", "blocs.", "weights.groups.")
SOURCE = "set in the app"
APART = "# Its weights are changed as well, in a file of their own:"
"""How a scenario file names the file of its weights."""


class SettingError(ValueError):
    """What is wrong with a setting, in one sentence for the page."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence on one line, whatever it repeats of what was given."""
        shown = "".join(letter if letter.isprintable() else " " for letter in sentence)
        super().__init__(" ".join(shown.split()))


@dataclass(frozen=True)
class PageSetting:
    """Where to start, the seed, and changed numbers by path, sorted."""

    start: str = DEFAULT
    seed: int = 0
    changes: tuple[tuple[str, float], ...] = ()

    @property
    def base(self) -> Base:
        """The scenario and weights that the changes act on."""
        return base(self.start)

    @property
    def episode(self) -> str:
        """The documented episode it belongs to."""
        return self.base.scenario.episode

    @property
    def changed(self) -> dict[str, float]:
        """Changes by path."""
        return dict(self.changes)

    @property
    def documented(self) -> "PageSetting":
        """The documented case of its episode, under seed 0: what it is compared with."""
        return PageSetting(self.episode)

    @property
    def is_documented(self) -> bool:
        """Whether it is an episode as it was."""
        return not self.changes and self.start == self.episode

    def query(self) -> str:
        """The setting as the query of an address."""
        numbers = [(path, repr(value)) for path, value in self.changes]
        return urlencode([("start", self.start), ("seed", str(self.seed)), *numbers])

    def with_changes(self, numbers: Mapping[str, float]) -> "PageSetting":
        """The same start and seed with these changes only. Raises SettingError."""
        return checked(replace(self, changes=_canonical(self.base, numbers)))

    def variant(self) -> Variant:
        """What both engines need; raises SettingError where the numbers do not go together."""
        made = _vary(self)
        if self.is_documented:
            return made
        scenario = made.scenario.derived(self.name)
        return made._replace(scenario=scenario)

    @property
    def name(self) -> str:
        """A name for files and tables."""
        return f"{self.start[:50]}-changed" if self.changes else self.start


@cache
def starts() -> dict[str, Scenario]:
    """Every shipped episode and what-if by name, an episode before its what-ifs."""
    episodes = reading.shipped("episodes")
    whatifs = {name: reading.read(name) for name in reading.shipped("whatifs")}
    found: dict[str, Scenario] = {}
    for episode in episodes:
        found[episode] = reading.read(episode)
        found |= {name: one for name, one in whatifs.items() if one.episode == episode}
    return found


@cache
def whatif(start: str) -> WhatIf:
    """A shipped what-if as its file states it."""
    found, _ = reading.read_whatif(start)
    return found


def title(start: str) -> str:
    """Title of a start."""
    scenario = starts()[start]
    return scenario.title if scenario.episode == start else whatif(start).title


@cache
def base(start: str) -> Base:
    """The base of a shipped scenario. Raises SettingError for another name."""
    if start not in starts():
        raise SettingError(f"There is no scenario named {start[:MAX_TEXT]}.")
    return Base.of(starts()[start], weight_sets.read_set(WEIGHTS))


@cache
def target(start: str, path: str) -> InputTarget | WeightTarget:
    """What a path names in a start. Raises SettingError for what pages do not change."""
    try:
        if len(path) > MAX_TEXT or not path.startswith(HEADS):
            raise ValueError("no such input")
        found = variant_paths.target(base(start), path)
    except (ValueError, IndexError) as error:
        reason = str(error).partition(";")[0]
        raise SettingError(f"{path[:MAX_TEXT]}: {reason}.") from None
    assert isinstance(found, InputTarget | WeightTarget)
    if isinstance(found, InputTarget) and found.month and found.stated(base(start)) is None:
        raise SettingError(f"{path}: there is no event in that month.")
    return found


def stated(start: str, path: str) -> tuple[float, tuple[float, float]]:
    """Value and evidence range of a path as its file states them, at the last step."""
    found = target(start, path).stated(base(start))
    assert found is not None
    return found


def from_query(items: Iterable[tuple[str, str]], ignored: Iterable[str] = ()) -> PageSetting:
    """The setting of an address's query; keys in ``ignored`` belong to the page.

    Raises SettingError with one sentence.
    """
    known = set(ignored)
    start, seed = DEFAULT, 0
    texts: dict[str, str] = {}
    for key, text in items:
        if key == "start":
            start = text[:MAX_TEXT]
        elif key == "seed":
            seed = _whole(text)
        elif key.startswith(HEADS):
            texts[key] = text
        elif key not in known:
            raise SettingError(f"The address has an unknown part: {key[:MAX_TEXT]}.")
    numbers = {key: _number(start, key, text) for key, text in texts.items()}
    return PageSetting(start, seed).with_changes(numbers)


def from_numbers(setting: PageSetting, sent: Any) -> PageSetting:
    """The setting with the changes that a page sent, a mapping of path to number.

    Raises SettingError.
    """
    if not isinstance(sent, Mapping) or len(sent) > MAX_CHANGES:
        raise SettingError(f"At most {MAX_CHANGES} numbers can be changed.")
    numbers = {str(path): _float(setting.base, str(path), value) for path, value in sent.items()}
    return setting.with_changes(numbers)


def checked(setting: PageSetting) -> PageSetting:
    """The setting itself. Raises SettingError."""
    base(setting.start)
    try:
        wholes.whole("seed", setting.seed, wholes.SEED)
    except ValueError as error:
        raise SettingError(f"{error}.") from None
    if len(setting.changes) > MAX_CHANGES:
        raise SettingError(f"At most {MAX_CHANGES} numbers can be changed.")
    _vary(setting)
    return setting


# --- files ------------------------------------------------------------------------------------


def scenario_file(setting: PageSetting, title: str, why: str) -> str:
    """A scenario file with which ``alignsim run`` plays the same.

    It is a what-if upon the start, or the file of the start where no input is changed. Changed
    weights have a file of their own, which a line of comment names.
    """
    made = setting.variant().scenario
    lines = []
    apart = [] if weight_file(setting) is None else [f"{APART} {setting.name}.weights.yaml"]
    for path in dict.fromkeys(path.partition("@")[0] for path, _ in setting.changes):
        named = target(setting.start, path)
        if isinstance(named, InputTarget):
            before = named.quantity(setting.base.scenario)
            entry = json.dumps(_entry(named.quantity(made), before), ensure_ascii=False)
            lines.append(f"  {path}: {entry}")
    if not lines:
        kept = [f"{line}\n" for line in apart]
        return "".join([*kept, documents.text(reading.find(setting.start))])
    head = {
        "name": made.name,
        "kind": "whatif",
        "extends": setting.start,
        "title": title,
        "why": why,
    }
    text = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    return "\n".join([*apart, *text, "set:", *lines, ""])


def weight_file(setting: PageSetting) -> str | None:
    """A weight file for ``alignsim run --weights``; None where no weight is changed."""
    changed = {
        named.name: value
        for path, value in setting.changes
        if isinstance(named := target(setting.start, path), WeightTarget)
    }
    if not changed:
        return None
    data = setting.base.weights.model_dump(mode="json", exclude={"draws"})
    data |= {
        "name": f"{WEIGHTS}-changed",
        "status": "illustrative",
        "note": f"The weights {WEIGHTS} with group weights changed in the app.",
    }
    for name, value in changed.items():
        low, high = data["groups"][name]["range"]
        data["groups"][name] = {
            "value": value,
            "range": [min(low, value), max(high, value)],
            "source": [SOURCE],
        }
    return "\n".join([*_weight_lines(data), ""])


def weights(setting: PageSetting) -> WeightSet:
    """The weight set with the changes of its groups."""
    text = weight_file(setting)
    if text is None:
        return setting.base.weights
    return weight_sets.parse(documents.parse(text.encode(), "weights"))


def _weight_lines(data: dict[str, Any]) -> Iterable[str]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield f"{key}:"
            yield from (f"  {name}: {json.dumps(number)}" for name, number in value.items())
        else:
            yield f"{key}: {json.dumps(value)}"


def _entry(quantity: Quantity, before: Quantity) -> dict[str, Any]:
    """A quantity as a what-if sets it; what is not changed keeps its sources."""
    entry = _dated(quantity, before)
    if quantity.changes:
        entry["changes"] = [
            {"date": change.date, **_dated(change, known), "label": change.label}
            for change, known in zip(quantity.changes, before.changes, strict=True)
        ]
    return entry


def _dated(now: Quantity | Change, before: Quantity | Change) -> dict[str, Any]:
    low, high = now.range
    return {
        "value": now.value,
        "range": [min(low, now.value), max(high, now.value)],
        "source": list(before.source) if now.value == before.value else SOURCE,
    }


# --- checks -------------------------------------------------------------------------------------


def _canonical(start: Base, numbers: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Changes that change something, sorted by path. Raises SettingError."""
    kept = []
    for path, value in sorted(numbers.items()):
        named = target(start.scenario.name, path)
        if not math.isfinite(value):
            raise SettingError(t("faults.number", name=naming.owned(start.scenario, path)))
        if fault := naming.fault(start.scenario, named, value):
            raise SettingError(fault)
        if value != stated(start.scenario.name, path)[0]:
            kept.append((path, value))
    return tuple(kept)


def _vary(setting: PageSetting) -> Variant:
    made = setting.base
    paths = [path for path, _ in setting.changes]
    settings = [Setting(target(setting.start, path)) for path in paths]
    try:
        return variants.vary(made, settings, [value for _, value in setting.changes])
    except PointError as error:
        # Each number by itself is right: what is left is what they come to together.
        share = naming.owned(setting.base.scenario, "world.russia_trade_share")
        raise SettingError(f"{error}.".replace("russia_trade_share", share)) from None


def _number(start: str, key: str, text: str) -> float:
    try:
        return float(text[:MAX_TEXT])
    except ValueError:
        raise _no_number(base(start), key) from None


def _float(start: Base, path: str, value: Any) -> float:
    """A number of a page or file. Raises SettingError for text, and for what is too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _no_number(start, path)
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _no_number(start: Base, path: str) -> SettingError:
    """That a number is none, by the name that the page shows, where there is one."""
    target(start.scenario.name, path)
    return SettingError(t("faults.number", name=naming.owned(start.scenario, path)))


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise SettingError("The seed should be a whole number from 0 to 2^64 - 1.")
    return int(text)
