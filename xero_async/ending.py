"""How tasks are ended where a library may lose a cancellation, and how a cancellation waits for what must be done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

__all__ = ["ended", "finished"]

T = TypeVar("T")


async def ended(tasks: Iterable[asyncio.Task[Any]], *, again: float = 2.0) -> None:
    """End tasks: cancel them, and again where a cancellation got lost, as it can in the client of Redis."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again)


async def finished(doing: asyncio.Future[T]) -> T:
    """What comes of work that cannot be cancelled, as in a thread; who is cancelled meanwhile leaves after it."""
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
