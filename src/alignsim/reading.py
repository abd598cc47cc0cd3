"""Reading scenarios by name or file: extends, what-ifs and single settings applied."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from alignsim import checks, documents, evidence, shapes, worlds
from alignsim.documents import Document, DocumentError, Location, Place
from alignsim.scenario import NAME, Scenario, WhatIf

MAX_EXTENDS = 8
FOLDERS: tuple[Literal["episodes", "whatifs", "world"], ...] = ("episodes", "whatifs", "world")
TABLES = "columns"
"""File of the folder of worlds that describes their tables, and is none."""
COMMAND_LINE = "--set"


def read(name: str | Path) -> Scenario:
    """Read and check a scenario by shipped name (``crimea-2014``) or by file.

    A what-if comes back as the episode it extends with its settings applied.
    Raises DocumentError.
    """
    return resolve(documents.read(find(name)))


def named(document: Document, at: Location, name: str) -> Scenario:
    """Read a scenario that a document names; an unknown one is told at its place there.

    Raises DocumentError.
    """
    try:
        return read(name)
    except DocumentError as error:
        if "no such scenario" in str(error):
            raise document.error(at, str(error)) from None
        raise


def all_named(document: Document, key: str, names: Sequence[str]) -> list[Scenario]:
    """Read the scenarios that a list of a document names, none of them under two names.

    Raises DocumentError.
    """
    found: list[Scenario] = []
    for index, name in enumerate(names):
        scenario = named(document, (key, index), name)
        if scenario.name in [one.name for one in found]:
            raise document.error((key, index), f"{scenario.name} stands twice")
        found.append(scenario)
    return found


def resolve(document: Document) -> Scenario:
    """Check a document and apply it to what it extends. Raises DocumentError."""
    base, layers = _chain(document)
    scenario = _layered(base, layers)
    return scenario.derived(document.data["name"]) if layers else scenario


def read_whatif(name: str | Path) -> tuple[WhatIf, Document]:
    """Read a what-if by shipped name or by file, unresolved. Raises DocumentError."""
    document = documents.read(find(name))
    if checks.kind(document) != "whatif":
        raise document.error(("kind",), "this is not a what-if")
    return checks.whatif(document), document


def with_settings(
    scenario: str | Path, whatifs: list[str], settings: list[tuple[str, str]]
) -> Scenario:
    """An episode with what-ifs and then single ``path=value`` settings applied.

    Raises DocumentError where a what-if extends another episode, or a path does not exist or is
    set twice.
    """
    base, layers = _chain(documents.read(find(scenario)))
    names = [layers[-1].data["name"]] if layers else []
    for name in whatifs:
        _, document = read_whatif(name)
        root, chain = _chain(document)
        if root.data["name"] != base.data["name"]:
            raise document.error(
                ("extends",), f"rests on {root.data['name']}, not on {base.data['name']}"
            )
        applied = {_file(layer) for layer in layers}
        layers += [layer for layer in chain if _file(layer) not in applied]
        names.append(document.data["name"])
    for index in shapes.doubled(path for path, _ in settings):
        raise DocumentError(COMMAND_LINE, None, settings[index][0], "stands twice")
    layers += [_setting(path, text) for path, text in settings]
    names += [f"{path}={text}" for path, text in settings]
    result = _layered(base, layers)
    return result.derived("+".join(names)) if names else result


def shipped(folder: Literal["episodes", "whatifs", "world"]) -> list[str]:
    """Names of the shipped episodes, what-ifs or worlds, sorted."""
    files = (evidence.data_root() / "configs" / folder).glob("*.yaml")
    return sorted(file.stem for file in files if file.stem != TABLES)


def find(name: str | Path) -> Path:
    """File of a scenario given by shipped name or by path. Raises DocumentError."""
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name)
    file = _shipped_file(text)
    if file is None:
        known = ", ".join(shipped("episodes"))
        raise DocumentError(text[:80], None, "", f"no such scenario; shipped episodes: {known}")
    return file


def _shipped_file(name: str) -> Path | None:
    if name == TABLES or not re.fullmatch(NAME, name):
        return None
    files = (evidence.data_root() / "configs" / folder / f"{name}.yaml" for folder in FOLDERS)
    return next((file for file in files if file.is_file()), None)


def _chain(document: Document) -> tuple[Document, list[Document]]:
    """The episode, or world, at the root and the what-ifs upon it, in the order they apply."""
    layers: list[Document] = []
    seen: list[Path] = []
    while checks.kind(document) == "whatif":
        whatif = checks.whatif(document)
        layers.insert(0, document)
        seen.append(_file(document))
        file = _extended(document, whatif)
        if file.resolve() in seen:
            names = [layer.data["name"] for layer in reversed(layers)]
            raise document.error(("extends",), f"a cycle: {' -> '.join([*names, whatif.extends])}")
        if len(layers) > MAX_EXTENDS:
            raise document.error(("extends",), f"a chain of more than {MAX_EXTENDS} what-ifs")
        document = documents.read(file)
    if checks.kind(document) == "world":
        document = _world(document)
    return document, layers


def _world(document: Document) -> Document:
    """The episode that a world stands for, upon the episode that it is like."""
    like = worlds.like(document)
    file = _beside(document, like) or _shipped_file(like)
    if file is None:
        raise document.error(("like",), f"no episode named {like}")
    episode = documents.read(file)
    if checks.kind(episode) != "episode":
        raise document.error(("like",), f"{like} is not an episode")
    checks.episode(episode)
    return worlds.expanded(document, episode)


def _extended(document: Document, whatif: WhatIf) -> Path:
    """File that a what-if extends: beside it, or shipped."""
    file = _beside(document, whatif.extends) or _shipped_file(whatif.extends)
    if file is None:
        raise document.error(("extends",), f"no scenario named {whatif.extends}")
    return file


def _beside(document: Document, name: str) -> Path | None:
    file = Path(document.file).parent / f"{name}.yaml"
    return file if file.is_file() else None


def _file(document: Document) -> Path:
    return Path(document.file).resolve()


def _layered(document: Document, layers: list[Document]) -> Scenario:
    """An episode with layers applied; each is checked, so that none hides another's fault."""
    scenario = checks.episode(document)
    for layer in layers:
        document = apply(document, layer)
        scenario = checks.episode(document)
    return scenario


def _setting(path: str, text: str) -> Document:
    """A single setting as a layer. Raises DocumentError."""
    if path == "fixed":
        raise DocumentError(COMMAND_LINE, None, path, "not a quantity; a what-if can fix decisions")
    try:
        value = float(text)
    except ValueError:
        raise DocumentError(COMMAND_LINE, None, path, f"{text!r} is not a number") from None
    data = {"set": {path: {"value": value, "source": "command line"}}}
    return Document(COMMAND_LINE, data, {("set", path): Place(COMMAND_LINE, None, (path,))})


def apply(base: Document, layer: Document) -> Document:
    """A checked episode with the settings of one layer; the original stays as it is.

    A set quantity keeps the unit of the one it replaces unless it states its own. It drops the
    dated changes, so that the value holds throughout, and the range, which becomes the value
    alone unless one is stated. Fixed decisions are added to those there are.
    Raises DocumentError for a path that does not exist.
    """
    result = base.copied()
    for path, setting in layer.data["set"].items():
        if path == "fixed":
            _append(result, layer, setting)
        else:
            _replace(result, layer, path, setting)
    return result


def _append(result: Document, layer: Document, setting: list[Any]) -> None:
    fixed = result.data.setdefault("fixed", [])
    for index, entry in enumerate(setting):
        result.adopt(("fixed", len(fixed)), layer, ("set", "fixed", index))
        fixed.append(entry)


def _replace(result: Document, layer: Document, path: str, setting: dict[str, Any]) -> None:
    origin: Location = ("set", path)
    *parents, last = path.split(".")
    node: Any = result.data
    for key in (*parents, last):
        table = node
        node = table.get(key) if isinstance(table, dict) else None
        if node is None:
            allowed = f"; allowed: {checks.listed(table)}" if isinstance(table, dict) else ""
            raise layer.error(origin, f"no {key[:80] or 'such key'} here{allowed}")
    if not isinstance(node, dict) or "value" not in node:
        raise layer.error(origin, "not a quantity such as states.JPN.gas_share")
    value = setting["value"]
    table[last] = {"unit": node["unit"], "range": [value, value], **setting}
    target = (*parents, last)
    result.adopt(target, layer, origin)
    if "range" not in setting:
        result.adopt((*target, "range"), layer, (*origin, "value"))
