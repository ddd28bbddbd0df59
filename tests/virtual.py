"""An event loop whose time costs nothing: when nothing is ready, its clock jumps to the next timer.

A minute's limit is then tested in milliseconds, and to the same result each time. Nothing in it waits for the world
outside, so a coroutine that waits for something that can never come is an error here, and not a hang.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds in which a real server answers, however busy the machine is."""


class _Leaping(selectors.DefaultSelector):
    """A selector that, asked to wait, moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.is_awaited: Callable[[], bool] = lambda: False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready at once, having let `timeout` seconds pass on the clock."""
        if timeout != 0 and self.is_awaited():
            ready = super().select(PATIENCE)
            assert ready, "a server that was asked does not answer"
            return ready
        if timeout is None:
            raise RuntimeError("Nothing is ready and no timer is set: this would wait for ever.")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def stand_still(self, is_awaited: Callable[[], bool]) -> None:
        """Let no time pass while a real server has yet to answer."""
        self._leaping.is_awaited = is_awaited

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._leaping.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass within one step of a coroutine, as while it computes: timers that are due have not rung."""
        self._leaping.now += seconds


# A coroutine's other two types are never used here.
def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
