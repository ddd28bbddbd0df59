"""One request for however many ask.

The request runs in a task of its own, so a waiter that is cancelled takes nobody with it, and what the request brings
home is kept even when nobody waits any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from ..wire.errors import SessionClosed

__all__ = ["SingleFlight"]

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs a coroutine, unless it is running already: then its result is waited for."""

    def __init__(self) -> None:
        self._flight: asyncio.Task[T] | None = None

    async def join(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the coroutine that is under way, or of the one that `start` makes. Raises what it raises."""
        flight = self._flight
        if flight is None or flight.get_loop() is not asyncio.get_running_loop():
            return await asyncio.shield(self._begin(start))
        try:
            return await asyncio.shield(flight)
        except SessionClosed:
            # The session whose request it was has been left; the one that asks here has not.
            return await asyncio.shield(self._begin(start) if self._flight in (None, flight) else self._flight)

    async def settle(self, seconds: float) -> None:
        """Give what is under way so many seconds to end. Raises nothing of it."""
        flight = self._flight
        if flight is not None and flight.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([flight], timeout=seconds)

    def _begin(self, start: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        self._flight = asyncio.create_task(start())
        self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[T]) -> None:
        if self._flight is flight:
            self._flight = None
        if not flight.cancelled():
            # Looked at, so that a failure nobody waits for any more is not reported as forgotten.
            flight.exception()
