"""Whole numbers that callers give: of Python, NumPy or any other library, and nothing else."""

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Bounds = tuple[int, int | None]
"""Least and greatest; None where there is no greatest."""

MAX_SEED = 2**64 - 1
MAX_RUN = 2**32 - 1
SEED: Bounds = (0, MAX_SEED)
RUN: Bounds = (0, MAX_RUN)
ONE_UP: Bounds = (1, None)
ZERO_UP: Bounds = (0, None)

_SHOWN = {MAX_SEED: "2^64 - 1", MAX_RUN: "2^32 - 1"}
_MOST_SHOWN = 40


def whole(name: str, number: Any, bounds: Bounds) -> int:
    """The number as an ``int``.

    Raises TypeError for what is no whole number, booleans and 1.0 among them, and ValueError for
    one out of bounds. Both say ``name``.
    """
    try:
        found = operator.index(number) if not isinstance(number, bool) else None
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"{name} {repr(number)[:_MOST_SHOWN]} is not a whole number")
    low, high = bounds
    if found < low or (high is not None and found > high):
        shown = f"{found}" if abs(found) < 10**_MOST_SHOWN else f"{found:.3e}"
        allowed = f"at least {low}" if high is None else f"in {low} to {_SHOWN.get(high, high)}"
        raise ValueError(f"{name} {shown} is not {allowed}")
    return found


def taken(**bounds: Bounds) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take any whole numbers for the arguments named; None stays None.

    The function gets them as ``int``; the call raises as :func:`whole` does.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs)
            for name, limits in bounds.items():
                if given.arguments.get(name) is not None:
                    given.arguments[name] = whole(name, given.arguments[name], limits)
            return function(*given.args, **given.kwargs)

        return checked

    return decorate
