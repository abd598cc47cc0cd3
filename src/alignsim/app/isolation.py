"""Lets Shiny forget what was read in isolation.

In Shiny for Python 1.8 each isolated reading of a value leaves a context among the dependents of
that value until it changes. The framework reads so whether each output is hidden, at every message:
values that never change, so that a page that stays open grows without end, by some 7 kB an update.
Shiny for R ends the context with the reading (``on.exit(ctx$invalidate())`` in its ``isolate``);
so does this.
"""

import contextlib
from collections.abc import Iterator

from shiny.reactive import _core


@contextlib.contextmanager
def _isolated() -> Iterator[None]:
    context = _core.Context()
    current = _core._reactive_environment._current_context
    token = current.set(context)
    try:
        yield
    finally:
        current.reset(token)
        context.invalidate()


def forget_isolated_readings() -> None:
    """From now on, in the whole process."""
    _core._reactive_environment.isolate = _isolated  # type: ignore[method-assign]
