"""Slow work, kept off the loop that serves the pages: few at a time, and only so many waiting."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

WORKERS = 2
"""Slow pieces of work at one time."""
WAITING = 12
"""Pieces that may wait; one more is refused."""

Result = TypeVar("Result")

_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="alignsim")
_open = threading.BoundedSemaphore(WORKERS + WAITING)


class BusyError(RuntimeError):
    """Too many are waiting already."""


async def off_loop(work: Callable[..., Result], *arguments: Any) -> Result:
    """The result of slow work, made in a thread. Raises BusyError, and whatever the work raises."""
    if not _open.acquire(blocking=False):
        raise BusyError
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work, *arguments)
    finally:
        _open.release()
