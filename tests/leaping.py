"""An event loop whose clock leaps over the waits, with real sockets: for a client and a server that share the loop.

What is sent over loopback has arrived when `send` returns. So when no socket has anything to say and nothing is ready
to run, everybody waits for a timer, and the clock may move on to it. An hour of stalls, pauses and backoff, with the
limits and timeouts of every day, then takes the time that its requests take.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LOOKS = 3
"""Times that the sockets are asked before the clock moves: a busy kernel may deliver a moment later."""


class _Leaping(selectors.DefaultSelector):
    """A selector that moves the clock where it would wait for a timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; wait in earnest only where no timer is set, as while a thread works."""
        if timeout is None:
            return super().select(None)
        for _ in range(LOOKS if timeout > 0 else 1):
            if ready := super().select(0):
                return ready
        self.now += max(0.0, timeout)
        return []


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop with such a clock, which begins at 0."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """The seconds that have passed or been leapt over since the loop was made. Running code takes none."""
        return self._leaping.now


# A coroutine's other two types are never used here.
def leap(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(main)
