"""The sandbox's clock: the world's time, or another source's, moved forward, frozen and thawed at will."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from xero_async.wire.errors import InvalidArgument

__all__ = ["ClockState", "SandboxClock"]

LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""As far as the clock goes: every date that follows from it can still be written."""


class ClockState(Struct, frozen=True):
    """All that tells a sandbox's clock from its source."""

    ahead: float = 0.0
    """Seconds by which it is ahead of its source."""
    frozen: float | None = None
    """The moment at which it stands; None while it runs."""


class SandboxClock:
    """Seconds since 1970, never running backwards but by `restore`; `changed` is called at every turn of its hands."""

    def __init__(self, source: Callable[[], float], changed: Callable[[], None]) -> None:
        self.state = ClockState()
        self._source = source
        self._changed = changed

    def now(self) -> float:
        """Seconds since 1970."""
        return self._source() + self.state.ahead if self.state.frozen is None else self.state.frozen

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds. Raises `InvalidArgument` for backwards, and for beyond the year 9000."""
        if not (seconds >= 0 and math.isfinite(seconds)):
            raise InvalidArgument("the clock only moves forward")
        if self.now() + seconds > LATEST:
            raise InvalidArgument("the clock ends with the year 9000")
        ahead, frozen = self.state.ahead, self.state.frozen
        self.restore(ClockState(ahead + seconds, None if frozen is None else frozen + seconds))

    def set(self, moment: float) -> None:
        """Move forward to a moment, in seconds since 1970. Raises `InvalidArgument` for one that is past."""
        if not moment >= self.now():
            raise InvalidArgument("the clock only moves forward: that moment is past")
        self.advance(moment - self.now())

    def freeze(self) -> None:
        """Stand still; `advance` and `set` still move the hands."""
        self.restore(ClockState(self.state.ahead, self.now()))

    def thaw(self) -> None:
        """Run on from the moment at which it stands."""
        if self.state.frozen is not None:
            self.restore(ClockState(self.state.frozen - self._source()))

    def restore(self, state: ClockState) -> None:
        """Be as it was when `state` was read."""
        self.state = state
        self._changed()
