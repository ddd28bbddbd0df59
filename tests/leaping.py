"""A clock that leaps over the waits, with real sockets: for a client and a server that share a loop.

An hour of stalls, pauses and backoff, with the limits and timeouts of every day, then takes the time that its requests
take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from xero_async.sandbox.still import StillClock

T = TypeVar("T")


class _FromZero(asyncio.SelectorEventLoop):
    """An event loop whose time begins at 0, so that what is played twice goes the same way twice."""

    def time(self) -> float:
        """No time has passed; from there on the clock counts."""
        return 0.0


# A coroutine's other two types are never used here.
def leap(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result."""

    async def stand_still() -> T:
        with StillClock(silence=0):
            return await main

    with asyncio.Runner(loop_factory=_FromZero) as runner:
        return runner.run(stand_still())
