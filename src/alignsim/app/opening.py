"""Files that a reader opens in a page: a scenario, or a weight set, as the page saves them.

A scenario file holds inputs and events, a weight file the weights: each changes its own part of the
setting and leaves the other as it is, so that both can be opened, in either order.
"""

import json
from typing import Any

from alignsim import checks, documents, reading
from alignsim import weights as weight_sets
from alignsim.app import setting as settings
from alignsim.app.setting import APART, MAX_FILE, PageSetting, SettingError
from alignsim.app.texts import t
from alignsim.documents import Document, DocumentError
from alignsim.scenario import Scenario
from alignsim.variants import InputTarget

GROUPS = "weights.groups."
NAME = "your file"
WEIGHTS = "weights"
"""Kind of a weight file."""


def from_file(text: Any, now: PageSetting) -> PageSetting:
    """The setting after a file was opened in another.

    A scenario file is a shipped one, or a what-if that sets numbers of a shipped one. Raises
    SettingError for a fault, with line and path as the command line does, and for a file that the
    page cannot show: fixed decisions, changes at other dates, other weights than those of groups.
    """
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > MAX_FILE:
        raise SettingError(f"A scenario file has at most {MAX_FILE // 1024} KiB.")
    weights = {path: value for path, value in now.changes if path.startswith(GROUPS)}
    shipped = _shipped(text)
    if shipped is not None:
        return PageSetting(shipped, now.seed).with_changes(weights)
    try:
        document = documents.parse(text.encode("utf-8", "replace"), NAME)
        if document.data.get("kind") == WEIGHTS:
            inputs = {path: value for path, value in now.changes if path not in weights}
            return now.with_changes(inputs | _weights(document))
        start, numbers = _scenario(document)
    except DocumentError as error:
        raise SettingError(f"{error}.") from None
    return PageSetting(start, now.seed).with_changes(numbers | weights)


def left_out(text: Any, made: PageSetting) -> str:
    """A sentence on weights that a scenario was saved with and that are not open; else empty."""
    first = text.partition("\n")[0] if isinstance(text, str) else ""
    if not first.startswith(APART) or any(path.startswith(GROUPS) for path, _ in made.changes):
        return ""
    return t("explore.weights_apart", file=first.removeprefix(APART).strip()[: settings.MAX_TEXT])


def _shipped(text: str) -> str | None:
    """Name of the shipped scenario whose file it is, below the line on weights; None for others."""
    bare = text.partition("\n")[2] if text.startswith(APART) else text
    for name in settings.starts():
        if documents.text(reading.find(name)) == bare:
            return name
    return None


# --- weights --------------------------------------------------------------------------------------


def _weights(document: Document) -> dict[str, float]:
    """Changes that a weight file comes to. Raises DocumentError."""
    sent, own = weight_sets.parse(document), weight_sets.read_set(settings.WEIGHTS)
    for part in weight_sets.PARTS:
        for name, number in getattr(sent, part).items():
            if part != "groups" and number.value != getattr(own, part)[name].value:
                raise document.error((part, name), "the page changes the weights of groups only")
    return {
        f"{GROUPS}{name}": number.value
        for name, number in sent.groups.items()
        if number.value != own.groups[name].value
    }


# --- scenarios ------------------------------------------------------------------------------------


def _scenario(document: Document) -> tuple[str, dict[str, float]]:
    """Start and changes of a what-if. Raises DocumentError, SettingError."""
    if document.data.get("kind") != "whatif":
        raise document.error(("kind",), "the page reads what-ifs; run others by alignsim run")
    sent = checks.whatif(document)
    if sent.extends not in settings.starts():
        raise document.error(("extends",), "the page knows shipped scenarios only")
    original = settings.base(sent.extends).scenario
    checks.episode(reading.apply(Document("", _plain(original)), document))
    numbers: dict[str, float] = {}
    for path, entry in sent.set.items():
        numbers |= _of_entry(sent.extends, path, entry)
    return sent.extends, numbers


def _of_entry(start: str, path: str, entry: Any) -> dict[str, float]:
    """Changes that one entry of a what-if comes to."""
    if path == "fixed":
        raise SettingError("The page cannot show what-ifs that fix decisions; use alignsim run.")
    named = settings.target(start, path)
    if not isinstance(named, InputTarget):
        raise SettingError(f"{path}: a what-if sets inputs only.")
    changes = entry.get("changes", [])
    if not changes:
        return {path: float(entry["value"])}
    now = named.quantity(settings.base(start).scenario)
    dates = [change["date"] for change in changes]
    if entry["value"] != now.value or dates != [change.date for change in now.changes]:
        raise SettingError(f"{path}: the page cannot move events to other dates; use alignsim run.")
    return {
        f"{path}@{known.date[:7]}": float(change["value"])
        for change, known in zip(changes, now.changes, strict=True)
        if change["value"] != known.value
    }


def _plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the plain data of its file."""
    data: dict[str, Any] = json.loads(scenario.model_dump_json(by_alias=True, exclude_none=True))
    return data
