"""Who may call now, and who is next: futures, timers and fairness around the counting of `window.py`.

Each tenant has a lane: a window for its minute and its calls in flight, a count of its day, and two queues, the
interactive one served before the bulk one. One more window counts the app's minute over all tenants.

    acquire ──> the lane's day ──> the lane's window ──> the app's window ──> Turn
                     any of them hinders: wait in the lane's queue

- **Hand-over.** Nobody polls. A turn passes to the head of a queue when something changes: a call is completed, an
  answer is learnt from, or the lane's one timer rings at the moment when the oldest completed call stops counting.
  Each grant costs the same however many wait.
- **Interactive before bulk.** While interactive calls have come in the last minute, bulk work leaves them
  `Limits.bulk_reserve` calls of the tenant's minute, the same share of the app's, and one slot. Alone, it uses all;
  a run of many minutes takes the reserve evenly over its first, so that a call which then appears waits for seconds.
- **Fair over tenants.** A lane that only the app's minute holds back joins the end of a ring; what the app's window
  frees goes round the ring, one call a lane. The app's minute is kept by the same rule as a tenant's, and not by a
  token bucket: one that can never exceed 10,000 calls in a minute hands out about 160 a second, which would make
  30,000 calls take three minutes where Xero lets them pass in two.
- **Calls of no tenant** (`/connections`) have no window at Xero but the app's. aiolimiter's bucket keeps them to what
  one tenant may have, so that a program that asks for its connections in a loop does not eat the app's minute.
- **Refusals (429).** `minute`, and any word not known here, pauses the lane for `Retry-After`, after which one call
  goes first; `concurrent` pauses it for a second; `appminute` pauses all lanes; `day` ends the lane's day.
- **A day that is over** raises `DailyLimitReached` at once, also in all who wait, unless `Limits.wait_for_day`.
- **One event loop.** A limiter belongs to the loop it is first used on. Once that loop is closed it may be used on
  another, where it starts as in a new process: each tenant's first answer tells what has been spent.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..wire.errors import DailyLimitReached, InvalidArgument
from ..wire.headers import APP_MINUTE_LEFT, DAY_LEFT, MINUTE_LEFT, calls_left
from .alarm import Alarm
from .limits import Limits, Remaining
from .news import day_error, read_refusal, span_of, tell_day_over, tell_pause, tell_wait
from .window import Day, Hindrance, Window

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

__all__ = ["Limiter", "Turn"]

_Reason: TypeAlias = Literal["day", "app minute", "queue"] | Hindrance
_Waiter: TypeAlias = "asyncio.Future[Turn]"


class Limiter:
    """Hands out turns so that no tenant, and not the app, ever exceeds what Xero allows.

    Made for one event loop at a time and not for several threads.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        """Keep `limits`, by default Xero's own. No loop need be running."""
        self.limits = limits or Limits()
        self._desk: _Desk | None = None

    async def acquire(self, tenant: str | None, *, bulk: bool = False) -> Turn:
        """Wait for the tenant's turn to make one call; None is a call that belongs to no tenant.

        `bulk` work lets other calls pass. The turn must be released, so use `try` and `finally`. Cancelling is safe
        at any moment. Raises `DailyLimitReached` when no calls are left today.
        """
        desk = self._desk
        loop = asyncio.get_running_loop()
        if desk is None or desk.loop is not loop:
            desk = self._move(loop)
        before = await desk.pass_bucket() if tenant is None else 0.0
        now = loop.time()
        lane = desk.lanes.get(tenant) or desk.meet(tenant)
        if not bulk:
            lane.window.interactive(now)
            desk.app.interactive(now)
        if lane.first_in_line(bulk) and desk.hindrance(lane, now, bulk) is None:
            turn = Turn(desk, lane, now)
        else:
            turn = await desk.queue(lane, now, bulk)
        turn.waited += before
        return turn

    def remaining(self, tenant: str) -> Remaining:
        """Return what is left for the tenant; for one not met yet, the whole limits."""
        limits, desk = self.limits, self._desk
        if desk is None:
            return Remaining(minute=limits.minute, day=limits.day, app_minute=limits.app_minute, in_flight=0)
        now = desk.loop.time()
        app_minute = desk.app.left(now)
        lane = desk.lanes.get(tenant)
        if lane is None:
            return Remaining(minute=limits.minute, day=limits.day, app_minute=app_minute, in_flight=0)
        return Remaining(
            minute=lane.window.left(now),
            day=lane.day.remaining(now),
            app_minute=app_minute,
            in_flight=lane.window.in_flight,
        )

    def adopt(self, tenant: str | None) -> Turn:
        """Count a call that is in flight already, because another limiter let it go."""
        desk = self._desk or self._move(asyncio.get_running_loop())
        return Turn(desk, desk.lanes.get(tenant) or desk.meet(tenant), desk.loop.time())

    def hold(self, seconds: float) -> None:
        """Let nothing go for so long."""
        desk = self._desk or self._move(asyncio.get_running_loop())
        desk.app.paused_until = max(desk.app.paused_until, desk.loop.time() + seconds)

    def _move(self, loop: asyncio.AbstractEventLoop) -> _Desk:
        if self._desk is not None and not self._desk.loop.is_closed():
            raise InvalidArgument("this Xero is in use on another event loop: give each loop one of its own")
        self._desk = _Desk(loop, self.limits)
        return self._desk


class Turn:
    """The right to make one call, until it is released or given back."""

    __slots__ = ("_app_ticket", "_desk", "_lane", "_open", "_ticket", "_uncounted", "waited")

    def __init__(self, desk: _Desk, lane: _Lane, now: float) -> None:
        """Made by the limiter alone, when nothing hinders."""
        self._desk = desk
        self._lane = lane
        self._ticket = lane.window.take(now)
        self._app_ticket = desk.app.take(now)
        lane.day.take(now)
        self._open = self._uncounted = True
        self.waited = 0.0
        """Seconds spent waiting for the turn."""

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says about the limits. `headers` must not care about case, as those of aiohttp."""
        desk, lane = self._desk, self._lane
        now = desk.loop.time()
        if status == 429:
            self._refused(headers, now)
        else:
            of_tenant: Mapping[str, str] = {} if lane.tenant is None else headers
            lane.window.learn(self._ticket, calls_left(of_tenant, MINUTE_LEFT), now)
            day_left = calls_left(of_tenant, DAY_LEFT)
            if day_left is not None and self._uncounted:
                self._uncounted = False
                lane.day.learn(self._ticket.granted, day_left, now)
            desk.app.learn(self._app_ticket, calls_left(headers, APP_MINUTE_LEFT), now)
        desk.wake(lane, now)

    def _refused(self, headers: Mapping[str, str], now: float) -> None:
        """A 429: nothing was done."""
        desk, lane = self._desk, self._lane
        refusal = read_refusal(headers, desk.limits.window)
        seconds = refusal.seconds
        if refusal.of == "day" or seconds is None:
            self._ticket.refused = True
            lane.end_day(now, seconds)
            return
        if refusal.of == "app":
            self._ticket.refused = True
            is_news = desk.app.pause(self._app_ticket, now, seconds, probe=True)
        else:
            is_news = lane.window.pause(self._ticket, now, seconds, probe=refusal.of != "concurrent")
        if is_news:
            tell_pause(lane.tenant, refusal)

    def release(self) -> None:
        """The call is completed, whatever came of it. A second release does nothing."""
        if self._open:
            self._open = False
            desk, lane = self._desk, self._lane
            now = desk.loop.time()
            lane.window.settle(self._ticket, now)
            desk.app.settle(self._app_ticket, now)
            if self._uncounted:
                lane.day.settle()
            desk.wake(lane, now)

    def give_back(self) -> None:
        """The call was never sent: the turn counts for nothing, and the next in line has it."""
        if self._open:
            self._open = False
            desk, lane = self._desk, self._lane
            lane.window.give_back(self._ticket)
            desk.app.give_back(self._app_ticket)
            if self._uncounted:
                lane.day.give_back()
            desk.wake(lane, desk.loop.time())


class _Lane:
    """One tenant: its counts, and those who wait, interactive ones in `queues[False]` and bulk in `queues[True]`."""

    __slots__ = ("alarm", "day", "in_ring", "queues", "tenant", "window")

    def __init__(self, tenant: str | None, window: Window, day: Day, alarm: Callable[[_Lane], Alarm]) -> None:
        self.tenant = tenant
        self.window = window
        self.day = day
        self.alarm = alarm(self)
        # Ordered dicts rather than deques: a waiter that is cancelled leaves at once, wherever it stands.
        self.queues: tuple[OrderedDict[_Waiter, None], ...] = (OrderedDict(), OrderedDict())
        self.in_ring = [False, False]

    def first_in_line(self, bulk: bool) -> bool:
        """Return whether nobody who waits goes before a newcomer."""
        return not self.queues[0] and not (bulk and self.queues[1])

    def next_class(self) -> bool | None:
        """Return whether the next waiter is bulk work; None if nobody waits."""
        if self.queues[0]:
            return False
        return True if self.queues[1] else None

    def hindrance(self, now: float, bulk: bool) -> _Reason | None:
        """Return what keeps this tenant from calling now."""
        return "day" if self._day_hinders(now) else self.window.hindrance(now, bulk)

    def opening(self, now: float, bulk: bool) -> float:
        """Return when its hindrance may end by itself; infinity if only an answer can end it."""
        if now < self.day.held_until:
            return self.day.held_until
        return inf if self._day_hinders(now) else self.window.opening(now, bulk)

    def _day_hinders(self, now: float) -> bool:
        """Return whether the day is over, or may be: then an answer on its way will tell."""
        day = self.day
        if day.over:
            self.end_day(now, None)
        return now < day.held_until or day.left <= 0

    def end_day(self, now: float, seconds: float | None) -> None:
        """No calls are left for so long, None for a time unknown; after it, one goes first."""
        self.window.cold = True
        if self.day.hold(now, seconds):
            tell_day_over(self.tenant, self.day.held_until - now)

    def day_error(self, now: float) -> DailyLimitReached:
        """Return the error that says that the day is over, and until when."""
        seconds = self.day.held_until - now if self.day.reset_known else None
        return day_error(self.tenant, seconds)


class _Desk:
    """All lanes, the app's window, and the rings of lanes that wait for it, on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.loop = loop
        self.limits = limits
        self.lanes: dict[str | None, _Lane] = {}
        self._span = span_of(limits)
        bulk_reserve = limits.app_minute * limits.bulk_reserve // limits.minute
        self.app = Window(limits.app_minute, self._span, bulk_reserve=bulk_reserve)
        self._bucket: AsyncLimiter | None = None
        self._rings: tuple[deque[_Lane], ...] = (deque(), deque())
        self._alarm = Alarm(loop, self._go_round)

    async def pass_bucket(self) -> float:
        """Wait until the bucket lets a call of no tenant pass, and return for how many seconds."""
        if self._bucket is None:
            # Imported when there is such a call: most programs make few or none.
            from aiolimiter import AsyncLimiter

            self._bucket = AsyncLimiter(self.limits.minute, self.limits.window)
        asked = self.loop.time()
        await self._bucket.acquire()
        waited = self.loop.time() - asked
        if waited:
            tell_wait(None, waited, "no tenant's minute")
        return waited

    def meet(self, tenant: str | None) -> _Lane:
        """Return a lane for a tenant not met before. Calls of no tenant have one too, without a window of its own."""
        limits = self.limits
        if tenant is None:
            window, day = Window(sys.maxsize, self._span), Day(sys.maxsize)
        else:
            window = Window(
                limits.minute,
                self._span,
                concurrent=limits.concurrent,
                reserve=limits.reserve,
                bulk_reserve=limits.bulk_reserve,
                cold=True,
            )
            day = Day(limits.day)
        lane = self.lanes[tenant] = _Lane(tenant, window, day, self._lane_alarm)
        return lane

    def _lane_alarm(self, lane: _Lane) -> Alarm:
        return Alarm(self.loop, partial(self._serve, lane))

    def hindrance(self, lane: _Lane, now: float, bulk: bool) -> _Reason | None:
        """Return what keeps the lane from calling now."""
        return lane.hindrance(now, bulk) or self._app_hindrance(now, bulk)

    def _app_hindrance(self, now: float, bulk: bool) -> _Reason | None:
        if self._rings[0] or (bulk and self._rings[1]):
            return "app minute"
        reason = self.app.hindrance(now, bulk)
        return "app minute" if reason == "minute" else reason

    async def queue(self, lane: _Lane, asked: float, bulk: bool) -> Turn:
        """Wait in the lane's queue."""
        reason = self.hindrance(lane, asked, bulk) or "queue"
        waiter: _Waiter = self.loop.create_future()
        queue = lane.queues[bulk]
        queue[waiter] = None
        if bulk:
            lane.window.bulk_waits(asked, len(queue))
        self._serve(lane)
        try:
            turn = await waiter
        except BaseException:  # whatever ends the wait, a cancellation or the coroutine's own end, no slot is lost
            queue.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                waiter.result().give_back()
            raise
        finally:
            waited = self.loop.time() - asked
            tell_wait(lane.tenant, waited, reason)
        turn.waited = waited
        return turn

    def wake(self, lane: _Lane, now: float) -> None:
        """Something has changed for the lane, and for the app: hand on what is free."""
        if self._rings[0] or self._rings[1]:
            self._go_round()
        if lane.queues[0] or lane.queues[1]:
            self._serve(lane)

    def _serve(self, lane: _Lane) -> None:
        """Hand turns to the lane's waiters until something hinders, and see to it that its end is noticed."""
        now = self.loop.time()
        while (bulk := lane.next_class()) is not None:
            if lane.hindrance(now, bulk) is not None:
                self._hindered(lane, now, bulk)
                return
            if self._app_hindrance(now, bulk) is not None:
                self._line_up(lane, now, bulk)
                return
            self._hand_over(lane, now, bulk)

    def _hindered(self, lane: _Lane, now: float, bulk: bool) -> None:
        if now >= lane.day.held_until or self.limits.wait_for_day:
            lane.alarm.at(lane.opening(now, bulk))
            return
        for queue in lane.queues:
            while queue:
                waiter, _ = queue.popitem(last=False)
                if not waiter.done():
                    waiter.set_exception(lane.day_error(now))

    def _line_up(self, lane: _Lane, now: float, bulk: bool) -> None:
        if not lane.in_ring[bulk]:
            lane.in_ring[bulk] = True
            self._rings[bulk].append(lane)
        self._alarm.at(self.app.opening(now, bulk))

    def _go_round(self) -> None:
        """Hand what is free of the app's minute to the lanes that wait for it, one call a lane and round."""
        now = self.loop.time()
        for bulk, ring in enumerate(self._rings):
            while ring:
                if self.app.hindrance(now, bool(bulk)) is not None:
                    self._alarm.at(self.app.opening(now, bool(bulk)))
                    return
                lane = ring.popleft()
                lane.in_ring[bulk] = False
                if lane.queues[bulk] and lane.hindrance(now, bool(bulk)) is None:
                    self._hand_over(lane, now, bool(bulk))
                self._serve(lane)

    def _hand_over(self, lane: _Lane, now: float, bulk: bool) -> None:
        waiter, _ = lane.queues[bulk].popitem(last=False)
        if not waiter.done():  # cancelled in this very pass of the loop
            waiter.set_result(Turn(self, lane, now))
