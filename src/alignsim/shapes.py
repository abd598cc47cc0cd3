"""The shape of a YAML file against a pydantic model: one DocumentError, in words of YAML."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from alignsim.documents import Document, DocumentError, Location

PLAIN = {
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "tuple_type": "should be a list",
    "string_type": "should be text; quote it",
}
"""What some of pydantic's errors mean in YAML."""

Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """Base of all models: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parsed(
    model: type[Model], document: Document, meanings: Mapping[str, str] | None = None
) -> Model:
    """Validate against a model; of several faults the first in the file is told.

    Missing keys come last: one is often the other side of a misspelt key. ``meanings`` says in
    words what a pattern asks for. A value that stands twice in a list is refused as well: no list
    of any file would mean anything by it. Raises DocumentError.
    """
    try:
        found = model.model_validate(document.data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    else:
        for path, fault in sorted(_doubles(found, ()), key=lambda one: document.line(one[0])):
            raise document.error(path, fault)
        return found

    def order(item: Any) -> tuple[bool, int]:
        return item["type"] == "missing", document.line(_path(item["loc"], document.data))

    raise _explained(min(faults, key=order), model, document, meanings or {})


def _doubles(node: Any, path: Location) -> Iterator[tuple[Location, str]]:
    """Where a value stands in a list for the second time, and what to say of it."""
    if isinstance(node, BaseModel):
        for name, key in _keys(type(node)):
            yield from _doubles(getattr(node, name), (*path, key))
    elif isinstance(node, dict):
        for key, below in node.items():
            yield from _doubles(below, (*path, key))
    elif isinstance(node, list | tuple) and node and isinstance(node[0], BaseModel):
        for index, item in enumerate(node):
            yield from _doubles(item, (*path, index))
    elif isinstance(node, list | tuple):
        rows = [frozenset(item.items()) if isinstance(item, dict) else item for item in node]
        for index in doubled(rows):
            named = "" if isinstance(node[index], dict) else f"{node[index]} "
            yield (*path, index), f"{named}stands twice"


def doubled(items: Iterable[Hashable]) -> Iterator[int]:
    """Index of every item that has stood before."""
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        if item in seen:
            yield index
        seen.add(item)


@cache
def _keys(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Fields of a model with their keys in a file, but for pairs and what has no shape yet."""
    fields = model.model_fields.items()
    return tuple((n, f.alias or n) for n, f in fields if not _is_free(f.annotation))


def _is_free(annotation: Any) -> bool:
    """Whether equal ends may stand there: in a pair, low and high, or in what is of any shape."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    inside = get_args(annotation)
    return Any in inside or (get_origin(annotation) is tuple and Ellipsis not in inside)


def _path(loc: tuple[Any, ...], data: Any) -> Location:
    """The part of a pydantic location that stands in the data."""
    node = data
    for depth, key in enumerate(loc):
        inside = key in node if isinstance(node, dict) else _is_index(key, node)
        if not inside:
            return loc[:depth]
        node = node[key]
    return loc


def _is_index(key: Any, node: Any) -> bool:
    return isinstance(node, list) and isinstance(key, int) and 0 <= key < len(node)


def _explained(
    item: Any, model: type[BaseModel], document: Document, meanings: Mapping[str, str]
) -> DocumentError:
    """The message for one of pydantic's errors."""
    path = _path(item["loc"], document.data)
    if item["type"] == "extra_forbidden":
        allowed = ", ".join(_allowed(model, item["loc"][:-1]))
        return document.error(path, f"unknown key; allowed: {allowed}")
    if item["type"] == "missing":
        key = item["loc"][-1]
        missing = f"missing key {key}" if isinstance(key, str) else "should have two: low and high"
        return document.error(path, missing)
    return document.error(path, _plain(item, meanings))


def _plain(item: Any, meanings: Mapping[str, str]) -> str:
    """One of pydantic's messages in words of YAML."""
    context = item.get("ctx", {})
    if item["type"] in PLAIN:
        return PLAIN[item["type"]]
    if item["type"] == "value_error":
        return str(context["error"])
    if context.get("pattern") in meanings:
        return meanings[context["pattern"]]
    message = re.sub("^(Input|Tuple|Dictionary) | after validation", "", item["msg"])
    return message[0].lower() + message[1:]


def _allowed(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Keys allowed at a pydantic location."""
    here: Any = model
    for key in loc:
        here = _below(here, key)
    return [field.alias or name for name, field in here.model_fields.items()]


def _below(annotation: Any, key: Any) -> Any:
    """Annotation of what stands under a key: of a model's field, a dict's value, an item."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        return next(fields[name].annotation for name in fields if key in (name, fields[name].alias))
    return get_args(annotation)[1 if get_origin(annotation) is dict else 0]
