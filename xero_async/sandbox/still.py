"""A clock that stands still while programs work and leaps over the time that they wait, for tests without waits.

Within `with StillClock() as clock:` the running event loop's time moves only when nothing is left to do but to wait:
then it leaps to the next timer, and the wait is over. A client that has used up its 60 calls waits for its minute and
has it at once; a sandbox that takes `clock.now` for its clock grows older by the same minute. Both being in one loop,
neither can tell that nobody waited.

When is nothing left to do? Sandbox and client talk over loopback within this process, so what one has sent the other
can read at once; a moment's silence on all sockets therefore means that nothing is on its way. What is on its way
elsewhere cannot be seen: while a thread of the loop's executor is at work, time runs as it does in the world, but a
database or a process that takes longer than that moment over its answer will see time leap.

The instance of the loop is altered, not its class and not its policy, so it does not matter who has made it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, cast

from xero_async.wire.errors import InvalidArgument

__all__ = ["StillClock"]

SILENCE = 0.005
"""Seconds without any traffic after which none is on its way: loopback hands over within microseconds, but a busy
machine may come late to it."""
LOOKS = 3
"""Times that the sockets are asked where no silence is waited for."""


class _Selector(Protocol):
    """What a loop asks for the sockets that are ready."""

    def select(self, timeout: float | None = None) -> list[object]:
        """Wait for them, at most so many seconds."""
        ...


class _Loop(Protocol):
    """What is altered in a loop: asyncio keeps these names in all its own loops, of every version and system."""

    _selector: _Selector
    time: Callable[[], float]
    run_in_executor: Callable[..., asyncio.Future[object]]


class StillClock:
    """Stop the running event loop's time, within a `with` block.

    ```python
    with StillClock() as clock:
        async with Sandbox(clock=clock.now) as sandbox: ...
    ```

    `silence` is how many seconds without traffic go before each leap. 0 is for client and server that share one loop:
    what one sends is there for the other when its `send` returns, and a thousand leaps take no time.
    """

    def __init__(self, *, silence: float = SILENCE) -> None:
        self._silence = silence
        self._since = time.time()
        self._leapt = 0.0
        self._at_work = 0

    def now(self) -> float:
        """Seconds since 1970: the moment at which the clock was made, and all leaps since."""
        return self._since + self._leapt

    def __enter__(self) -> Self:
        """Take hold of the running loop. Raises `InvalidArgument` for one that is not asyncio's own, such as uvloop."""
        running = asyncio.get_running_loop()
        if not hasattr(running, "_selector"):
            raise InvalidArgument(f"only asyncio's own event loops can stand still, not {type(running).__module__}'s")
        self._loop = loop = cast("_Loop", running)
        self._selector = loop._selector  # pyright: ignore[reportPrivateUsage] - no public way leads to it
        self._time, self._execute = loop.time, loop.run_in_executor
        began = loop.time()
        loop._selector = self._Leaping(self)  # pyright: ignore[reportPrivateUsage] - as above
        loop.time = lambda: began + self._leapt
        loop.run_in_executor = self._watch
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let time run again, from where it stands: it never goes back."""
        loop, as_before = self._loop, self._time
        ahead = loop.time() - as_before()
        loop._selector = self._selector  # pyright: ignore[reportPrivateUsage] - as above
        loop.time = lambda: as_before() + ahead
        loop.run_in_executor = self._execute

    class _Leaping:
        """A selector that leaps instead of waiting, and is otherwise the one in whose place it stands."""

        def __init__(self, clock: StillClock) -> None:
            self._clock = clock

        def __getattr__(self, name: str) -> object:
            return getattr(self._clock._selector, name)

        def select(self, timeout: float | None = None) -> list[object]:
            """Return what is ready; if nothing is, `timeout` seconds have passed."""
            return self._clock._select(timeout)

    def _select(self, timeout: float | None) -> list[object]:
        select = self._selector.select
        if not timeout:  # something is to be done at once, or there is no timer to leap to
            return select(timeout)
        if self._at_work:
            began = time.monotonic()
            ready = select(timeout)
            self._leapt += time.monotonic() - began
            return ready
        for _ in range(1 if self._silence else LOOKS):
            if ready := select(min(timeout, self._silence)):
                return ready
        self._leapt += timeout
        return []

    def _watch(self, *arguments: object) -> asyncio.Future[object]:
        future = self._execute(*arguments)
        self._at_work += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, future: asyncio.Future[object]) -> None:
        self._at_work -= 1
