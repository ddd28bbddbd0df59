"""How tasks are ended, where a library may lose a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

__all__ = ["ended"]


async def ended(tasks: Iterable[asyncio.Task[Any]], *, again: float = 2.0) -> None:
    """End tasks: cancel them, and again where a cancellation got lost, as it can in the client of Redis."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again)
