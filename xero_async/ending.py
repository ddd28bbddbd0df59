"""How tasks are ended where a library may lose a cancellation, and how a cancellation waits for what must be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

__all__ = ["ended", "finished", "in_thread"]

P = ParamSpec("P")
T = TypeVar("T")


async def ended(tasks: Iterable[asyncio.Task[Any]], *, again: float = 2.0) -> None:
    """End tasks: cancel them, and again where a cancellation got lost, as it can in the client of Redis."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again)


async def finished(doing: asyncio.Future[T]) -> T:
    """What comes of work in a thread, which cannot be cancelled; who is cancelled meanwhile leaves after it.

    The work is a future, such as `run_in_executor` gives. A task would be cancelled when the loop cancels all tasks.
    """
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait((doing,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return doing.result()
    if not doing.cancelled():
        doing.exception()  # seen here, since nobody else will
    raise cancelled


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what blocks in a thread. Who is cancelled meanwhile leaves when it is done."""
    call = partial(copy_context().run, work, *args, **kwargs)
    return await finished(asyncio.get_running_loop().run_in_executor(None, call))
