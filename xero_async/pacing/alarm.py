"""A timer that rings at the earliest moment that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

__all__ = ["Alarm"]


class Alarm:
    """A timer for the earliest moment that was asked for."""

    __slots__ = ("_loop", "_ring", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float) -> None:
        """Ring then, or earlier if that was asked for before; never, for infinity."""
        if when == inf or (self._timer is not None and self._timer.when() <= when):
            return
        self.stop()
        self._timer = self._loop.call_at(when, self._rung)

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rung(self) -> None:
        self._timer = None
        self._ring()
