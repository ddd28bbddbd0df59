"""One request for however many ask.

The request runs in a task of its own, so a waiter that is cancelled takes nobody with it, and what the request brings
home is kept even when nobody waits any more. It ends with the session through which it was sent, at the latest; whoever
waits in another session then asks anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from ..wire.errors import SessionClosed
from .base import Sender

__all__ = ["SingleFlight"]

PATIENCE = 2.0
"""Seconds that something which was cancelled may take to tidy up."""

T = TypeVar("T")
_Start = Callable[[Sender], Coroutine[Any, Any, T]]


class SingleFlight(Generic[T]):
    """Runs a coroutine, unless it is running already: then its result is waited for."""

    def __init__(self) -> None:
        self._flight: asyncio.Task[T] | None = None
        self._sender: Sender | None = None
        self._recalled: asyncio.Task[T] | None = None

    async def join(self, send: Sender, start: _Start[T]) -> T:
        """The result of the coroutine that is under way, or of the one that `start` makes. Raises what it raises."""
        flight = self._flight
        if flight is None or flight.get_loop() is not asyncio.get_running_loop():
            return await asyncio.shield(self._begin(send, start))
        try:
            return await asyncio.shield(flight)
        except SessionClosed:
            # The session whose request it was has been left; the one that asks here has not.
            return await asyncio.shield(self._begin(send, start) if self._flight in (None, flight) else self._flight)

    async def settle(self, send: Sender, seconds: float) -> None:
        """Give what a sender is used for so many seconds, and then end it. Raises nothing of it."""
        flight = self._flight
        if flight is None or self._sender != send or flight.get_loop() is not asyncio.get_running_loop():
            return
        try:
            if seconds:
                await asyncio.wait([flight], timeout=seconds)
        finally:
            self._recalled = flight
            while not flight.done():
                flight.cancel()
                # Again, should a store's clean-up hang.
                await asyncio.wait([flight], timeout=PATIENCE)

    def _begin(self, send: Sender, start: _Start[T]) -> asyncio.Task[T]:
        self._sender, self._flight = send, asyncio.create_task(self._fly(send, start))
        self._flight.add_done_callback(self._landed)
        return self._flight

    async def _fly(self, send: Sender, start: _Start[T]) -> T:
        try:
            return await start(send)
        except asyncio.CancelledError:
            if self._recalled is not asyncio.current_task():
                raise
            raise SessionClosed("the session was closed amid signing in") from None

    def _landed(self, flight: asyncio.Task[T]) -> None:
        if self._flight is flight:
            self._flight = self._sender = None
        if self._recalled is flight:
            self._recalled = None
        if not flight.cancelled():
            # Looked at, so that a failure nobody waits for any more is not reported as forgotten.
            flight.exception()
