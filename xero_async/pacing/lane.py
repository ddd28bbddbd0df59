"""One tenant in one process: who waits for a turn, what is in flight, and what has yet to be told of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ..wire.headers import APP_MINUTE_LEFT, DAY_LEFT, MINUTE_LEFT, calls_left
from .alarm import Alarm
from .exchange import Flags, Grant, given_back, learned, refused, released
from .limiter import Turn
from .limits import Remaining
from .news import Refusal, read_refusal

__all__ = ["Completed", "Deed", "Lane", "SharedTurn", "Waiter"]


class Completed(NamedTuple):
    """A completion that has to be told."""

    at: float
    """When, on the loop's clock."""
    id: str
    is_counted: bool
    """Whether its answer told of the day."""
    flags: Flags
    made_alone: bool
    """Whether the server has never heard of the call."""

    def text(self, now: float) -> str:
        """What to tell now."""
        return released(self.id, max(0.0, now - self.at), self.is_counted, self.flags)


Deed: TypeAlias = str | Completed


class SharedTurn:
    """The right to make one call, until it is released or given back."""

    __slots__ = ("_flags", "_grant", "_is_counted", "_is_open", "id", "lane", "local", "waited")

    def __init__(self, lane: Lane, id: str, grant: Grant | None, local: Turn | None = None) -> None:
        """Made where the server has granted it or, while that is away, the process itself."""
        self._grant = grant
        self._flags = Flags() if grant is None else Flags(probe=grant.probe, app_probe=grant.app_probe)
        self._is_open, self._is_counted = True, grant is None
        self.id, self.lane, self.local = id, lane, local
        self.waited = 0.0
        """Seconds spent waiting for the turn."""
        lane.open[id] = self

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says about the limits. `headers` must not care about case, as those of aiohttp."""
        if self.local is not None:
            self.local.learn(status, headers)
        if self._grant is not None:
            self.lane.tell(self._refused(headers) if status == 429 else self._learned(self._grant, headers))

    def _refused(self, headers: Mapping[str, str]) -> str:
        self.lane.refusal = refusal = read_refusal(headers, self.lane.minute)
        refuses_all = self._flags.app_refused or refusal.of == "app"
        self._flags = self._flags._replace(refused=True, app_refused=refuses_all)
        return refused(refusal)

    def _learned(self, grant: Grant, headers: Mapping[str, str]) -> str:
        of_tenant: Mapping[str, str] = {} if self.lane.tenant is None else headers
        day_left = None if self._is_counted else calls_left(of_tenant, DAY_LEFT)
        self._is_counted = self._is_counted or day_left is not None
        left, app_left = calls_left(of_tenant, MINUTE_LEFT), calls_left(headers, APP_MINUTE_LEFT)
        flags, self._flags = self._flags, Flags()
        return learned(grant, flags, left, day_left, app_left)

    def release(self) -> None:
        """The call is completed, whatever came of it. A second release does nothing."""
        if self._ends():
            if self.local is not None:
                self.local.release()
            at = self.lane.time()
            self.lane.tell(Completed(at, self.id, self._is_counted, self._flags, self._grant is None))

    def give_back(self) -> None:
        """The call was never sent: the turn counts for nothing, and the next in line has it."""
        if self._ends():
            if self.local is not None:
                self.local.give_back()
            self.lane.tell(given_back(self.id, self._flags))

    def _ends(self) -> bool:
        was_open, self._is_open = self._is_open, False
        self.lane.open.pop(self.id, None)
        return was_open


class Waiter:
    """A call that waits, and what first hindered it."""

    __slots__ = ("future", "hindrance")

    def __init__(self, future: asyncio.Future[SharedTurn]) -> None:
        self.future = future
        self.hindrance = ""


class Lane:
    """One tenant: interactive calls wait in `queues[False]`, bulk in `queues[True]`."""

    def __init__(
        self,
        tenant: str | None,
        keys: list[bytes],
        minute: float,
        loop: asyncio.AbstractEventLoop,
        touch: Callable[[Lane], None],
    ) -> None:
        self.tenant, self.keys, self.minute, self.time = tenant, keys, minute, loop.time
        self.queues: tuple[OrderedDict[Waiter, None], ...] = (OrderedDict(), OrderedDict())
        self.outbox: list[Deed] = []
        """What has yet to be told."""
        self.open: dict[str, SharedTurn] = {}
        """The turns that are held."""
        self.alarm = Alarm(loop, self._ring)
        self.hindered: bool | None = None
        """The class whose first waiter knows what it waits for, and until when."""
        self.hindrance = ""
        self.has_come = False
        """Whether interactive calls have come in that the server has not been told of."""
        self.is_kept = False
        """Whether leases are to be renewed."""
        self.is_in_line = False
        self.is_called = False
        """Whether it is this lane's turn in the ring of those that wait for the app's minute."""
        self.remaining: Remaining | None = None
        self.resets: float | None = None
        self.heard = 0.0
        self.refusal: Refusal
        """What the last 429 asked for; before the first, no pause is told of."""
        self._touch = touch
        self._loop = loop

    def _ring(self) -> None:
        self.hindered = None
        self._touch(self)

    def tell(self, deed: Deed) -> None:
        """Something has come of a call."""
        self.outbox.append(deed)
        if not self._loop.is_closed():
            self._touch(self)

    def next_class(self) -> bool | None:
        """Whether the next waiter is bulk work; None if nobody waits."""
        if self.queues[0]:
            return False
        return True if self.queues[1] else None

    def join(self, waiter: Waiter, bulk: bool) -> None:
        """Wait, and ask where nobody who goes before has done so."""
        self.queues[bulk][waiter] = None
        self.has_come = self.has_come or not bulk
        if self.hindered is None or self.hindered > bulk:
            self._touch(self)
        else:
            waiter.hindrance = self.hindrance

    def quit(self, waiter: Waiter, bulk: bool) -> None:
        """Wait no longer; a turn that has just been granted goes to the next."""
        self.queues[bulk].pop(waiter, None)
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().give_back()
        if self.next_class() is None:
            self.hindered = None
            if self.is_in_line and not self._loop.is_closed():
                self._touch(self)

    def next_waiter(self, bulk: bool) -> Waiter | None:
        """Take the first who still waits out of a queue, or else out of the other one."""
        for queue in (self.queues[bulk], self.queues[not bulk]):
            while queue:
                waiter, _ = queue.popitem(last=False)
                if not waiter.future.done():
                    return waiter
        return None

    def hinder(self, bulk: bool, hindrance: str) -> None:
        """Remember what holds a class back, and let those know who do not yet: they came last."""
        self.hindered, self.hindrance = bulk, hindrance
        for waiter in reversed(self.queues[bulk]):
            if waiter.hindrance:
                return
            waiter.hindrance = hindrance

    def fail(self, error: Callable[[], Exception]) -> None:
        """Give all who wait an error."""
        self.hindered = None
        while (waiter := self.next_waiter(False)) is not None:
            waiter.future.set_exception(error())
