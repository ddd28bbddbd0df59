"""A process's talk with the shared counts: what is said when, and who gets the turns that are granted.

There is one talk at a time, and one message in it may be about many tenants. What gathers meanwhile goes with the next
message, so that a busy process asks less often for each turn, and not more.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import aclosing, suppress
from typing import NamedTuple

from msgspec.structs import replace

from ..ending import ended
from ..wire.errors import LimitsUnavailable
from .alarm import Alarm
from .alone import Alone
from .exchange import LEAVING, OTHER_LIMITS, POLL, Ask, Flags, Known, News, Reply, Rules, given_back, kept, rejoining
from .lane import Deed, Lane, SharedTurn, Waiter
from .limits import Limits, Remaining
from .link import Link, Message
from .news import day_error, tell_day_over, tell_pause, tell_wait

__all__ = ["Desk"]

_log = logging.getLogger("xero_async.pacing")

_DAY_POLL = 60.0
_SOON = 0.01
_TENANTS = 100
"""The most tenants that one message is about."""
_TURNS = 20
"""The most turns of a tenant that one message asks for."""
_RING = 16
"""The most tenants that ask at once where all wait for the app's minute."""


_UNTOLD = 500
"""The most deeds of a tenant that are kept for a server that is away; the leases see to the rest."""


class _Parcel(NamedTuple):
    """What one message says for one tenant."""

    lane: Lane
    deeds: list[Deed]
    ask: Ask | None
    words: str
    held: int
    """Turns that are held here when it is sent."""


class _GoneOver(Exception):
    """The shared counts are away: this process goes on by itself."""


class Desk:
    """All tenants of a process, on one event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, rules: Rules, link: Link, part: Limits | None, timeout: float
    ) -> None:
        self.loop, self.rules, self.process = loop, rules, rules.process
        self._link, self._part, self._timeout = link, part, timeout
        self._lanes: dict[str | None, Lane] = {}
        self._dirty: dict[Lane, None] = {}
        self._talk: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._known = Known()
        self._named = 0
        self._app_left, self._app_heard = rules.limits.app_minute, loop.time()
        self._rings: tuple[OrderedDict[Lane, None], ...] = (OrderedDict(), OrderedDict())
        self._ring_alarm = Alarm(loop, self._go_round)
        self._heart = Alarm(loop, self._beat)
        self._late = Alarm(loop, self._begin)
        self._alone: Alone | None = None

    def _lane(self, tenant: str | None) -> Lane:
        lane = self._lanes.get(tenant)
        if lane is None:
            keys, minute = self.rules.keys(tenant), self.rules.limits.window
            lane = self._lanes[tenant] = Lane(tenant, keys, minute, self.loop, self._touch)
        return lane

    def remaining(self, tenant: str) -> Remaining:
        """What was left when the server last told; what was counted a minute ago counts no more."""
        limits, lane, old = self.rules.limits, self._lanes.get(tenant), self.loop.time() - self.rules.span
        app_minute = limits.app_minute if self._app_heard <= old else self._app_left
        if lane is None or lane.remaining is None:
            return Remaining(minute=limits.minute, day=limits.day, app_minute=app_minute, in_flight=0)
        left = lane.remaining
        minute = limits.minute - left.in_flight if lane.heard <= old else left.minute
        return replace(left, minute=minute, app_minute=app_minute)

    async def acquire(self, tenant: str | None, bulk: bool) -> SharedTurn:
        """Wait for a turn, wherever it is to be had."""
        asked, lane = self.loop.time(), self._lane(tenant)
        turn: SharedTurn | None = None
        while turn is None:
            turn = await (self._alone_turn(self._alone, lane, bulk) if self._alone else self._shared_turn(lane, bulk))
        turn.waited = self.loop.time() - asked
        return turn

    async def _shared_turn(self, lane: Lane, bulk: bool) -> SharedTurn | None:
        """A turn of the shared counts; None if they went away."""
        asked, waiter = self.loop.time(), Waiter(self.loop.create_future())
        lane.join(waiter, bulk)
        try:
            return await waiter.future
        except _GoneOver:
            return None
        except BaseException:  # whatever ends the wait, a cancellation or the coroutine's own end, no slot is lost
            lane.quit(waiter, bulk)
            raise
        finally:
            if waiter.hindrance:
                tell_wait(lane.tenant, self.loop.time() - asked, waiter.hindrance)

    async def _alone_turn(self, alone: Alone, lane: Lane, bulk: bool) -> SharedTurn | None:
        """A turn of this process's own part; None if the shared counts came back."""
        local = await alone.acquire(lane.tenant, bulk)
        self._heart.at(self.loop.time() + POLL)
        self._named += 1
        return None if local is None else SharedTurn(lane, self._name(self._named), None, local)

    def _name(self, number: int) -> str:
        return f"{self.process}:{number}"

    # -- talking ----------------------------------------------------------------------------------------------------

    def _touch(self, lane: Lane) -> None:
        """There is something to tell or to ask."""
        self._dirty[lane] = None
        task = asyncio.current_task(self.loop)
        if task is not None and task.cancelling():
            # Perhaps all tasks are being cancelled, because the loop ends: what is begun now would never end.
            self._late.at(self.loop.time() + _SOON)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._talk is None and self._dirty:
            self._talk = self.loop.create_task(self._talk_on())

    async def _talk_on(self) -> None:
        """Talk until there is nothing to say."""
        parcels: list[_Parcel] = []
        try:
            while parcels := self._parcels():
                try:
                    replies = await self._link.run([self._message(parcel) for parcel in parcels])
                except LimitsUnavailable as error:
                    self._failed(parcels, error)
                    return
                if self._alone is not None:
                    self._come_back(self._alone)
                has_changed = False
                for parcel, raw in zip(parcels, replies, strict=True):
                    has_changed = self._take_in(parcel, Reply.read(raw)) or has_changed
                if has_changed and (self._rings[0] or self._rings[1]):
                    self._go_round()
        except Exception as error:  # such as an option that the client does not know: nobody waits for ever
            self._failed(parcels, LimitsUnavailable(f"the shared limits cannot be asked ({type(error).__name__})"))
            raise
        finally:
            self._talk = None

    def _message(self, parcel: _Parcel) -> Message:
        rules, lane = self.rules, parcel.lane
        known = self._known.text(self.loop.time(), rules.span + rules.lease)
        return lane.keys, rules.arguments(lane.tenant, known, parcel.words)

    def _parcels(self) -> list[_Parcel]:
        parcels: list[_Parcel] = []
        while self._dirty and len(parcels) < _TENANTS:
            lane = next(iter(self._dirty))
            del self._dirty[lane]
            parcel = self._parcel(lane)
            if parcel.words:
                parcels.append(parcel)
        return parcels

    def _parcel(self, lane: Lane) -> _Parcel:
        now, deeds, lane.outbox = self.loop.time(), lane.outbox, []
        words = "".join(deed if isinstance(deed, str) else deed.text(now) for deed in deeds)
        if lane.is_kept:
            lane.is_kept = False
            words += "".join(map(kept, lane.open))
        if self._alone is not None:
            # All have noticed by then, and told: they ask every second, and wait so long for an answer.
            return _Parcel(lane, deeds, None, rejoining(2 * POLL + self._timeout) + words, len(lane.open))
        ask = self._ask(lane)
        if ask is not None:
            words += ask.text
        elif lane.is_in_line and lane.next_class() is None:
            lane.is_in_line = False
            words += LEAVING
        return _Parcel(lane, deeds, ask, words, len(lane.open))

    def _ask(self, lane: Lane) -> Ask | None:
        bulk = lane.next_class()
        if bulk is None:
            return None
        is_called, lane.is_called = lane.is_called, False
        if not is_called and (self._rings[0] or (bulk and self._rings[1])):
            self._line_up(lane, bulk, "app minute", None)
            return None
        interactive, calls = (min(len(queue), _TURNS) for queue in lane.queues)
        if is_called:
            interactive, calls = int(not bulk), int(bulk)
        is_new, lane.has_come = lane.has_come, False
        ask = Ask(interactive, calls, is_new, len(lane.queues[True]), self._named + 1)
        self._named += interactive + calls
        return ask

    def _take_in(self, parcel: _Parcel, reply: Reply) -> bool:
        """What the server has answered for one tenant. Return whether others may go for it, who wait for the app."""
        lane, now, ask = parcel.lane, self.loop.time(), parcel.ask
        self._known = Known(reply.epoch, reply.steps, now)
        lane.remaining, lane.resets, lane.heard = reply.remaining, reply.resets, now
        self._app_left, self._app_heard = reply.remaining.app_minute, now
        for news in reply.news:
            self._tell(lane, news)
        for bulk, grants in enumerate(reply.grants):
            for grant in grants:
                waiter = lane.next_waiter(bool(bulk))
                if waiter is None:  # cancelled since
                    lane.tell(given_back(grant.id, Flags(grant.probe, False, grant.app_probe, False)))
                else:
                    waiter.future.set_result(SharedTurn(lane, grant.id, grant))
        if lane.open:
            self._heart.at(now + self._pulse)
        if ask is not None:
            hindered = not (ask.interactive and len(reply.grants[0]) < ask.interactive)
            self._go_on(lane, reply, hindered if reply.hindrance else None)
        held = parcel.held + len(reply.grants[0]) + len(reply.grants[1])
        if reply.hindrance == "queue" or (reply.hindrance and reply.remaining.in_flight > held):
            self._listen()  # somebody else waits, or holds a turn
        return bool(parcel.deeds) or not reply.of_app

    def _go_on(self, lane: Lane, reply: Reply, hindered: bool | None) -> None:
        """See to it that those who still wait ask again when they should; `hindered` is the class that was."""
        if reply.hindrance.startswith(OTHER_LIMITS):
            theirs = reply.hindrance.removeprefix(OTHER_LIMITS)
            lane.fail(lambda: self._other_limits(theirs))
            return
        waits, now = lane.next_class(), self.loop.time()
        lane.is_in_line = hindered is not None and not reply.of_app
        lane.hindered = None
        if not reply.of_app and self._has_had_its_turn(lane, hindered, waits):
            return
        if waits is None or hindered is None or waits != hindered:
            if waits is not None or lane.is_in_line:
                self._touch(lane)
            return
        if reply.hindrance == "day" and reply.wait is not None and not self.rules.limits.wait_for_day:
            lane.hinder(hindered, reply.hindrance)
            lane.fail(lambda: day_error(lane.tenant, reply.resets))
            self._touch(lane)
        elif reply.of_app:
            self._line_up(lane, hindered, reply.hindrance, reply.wait)
        else:
            longest = _DAY_POLL if reply.hindrance == "day" else POLL
            lane.hinder(hindered, reply.hindrance)
            lane.alarm.at(now + min(longest, POLL if reply.wait is None else reply.wait))

    def _other_limits(self, theirs: str) -> LimitsUnavailable:
        rules = self.rules
        return LimitsUnavailable(
            f"other processes of this app keep other limits ({theirs}; here {rules.figures}), and nothing was sent: "
            f"give all processes the same Limits, or what is not to be shared another `app`. Where they were changed, "
            f"the new ones hold {rules.span + rules.lease:.0f} s after the last process with the old ones has stopped"
        )

    def _has_had_its_turn(self, lane: Lane, hindered: bool | None, waits: bool | None) -> bool:
        """Take a lane that has had its turn out of the ring, to its end, if it wants more. Return whether it does."""
        was_in = any(lane in ring for ring in self._rings)
        for ring in self._rings:
            ring.pop(lane, None)
        if was_in and hindered is None and waits is not None:
            self._line_up(lane, waits, lane.hindrance, None)
            return True
        return False

    def _tell(self, lane: Lane, news: News) -> None:
        if news.kind == "lost":
            _log.warning("the shared limits were lost: nobody calls for %.0f s", news.seconds)
        elif news.kind == "day":
            tell_day_over(lane.tenant, news.seconds)
        else:
            tell_pause(lane.tenant, lane.refusal)

    # -- the ring of tenants that only the app's minute holds back --------------------------------------------------

    def _line_up(self, lane: Lane, bulk: bool, hindrance: str, wait: float | None) -> None:
        lane.hinder(bulk, hindrance)
        self._rings[bulk].setdefault(lane)
        self._ring_alarm.at(self.loop.time() + min(POLL, POLL if wait is None else wait))

    def _go_round(self) -> None:
        """Let the next tenants ask, for one call each; who has had one goes to the ring's end."""
        calls = max(1, min(self._app_left, _RING))
        for bulk, ring in enumerate(self._rings):
            called: list[Lane] = []
            gone: list[Lane] = []
            for lane in ring:
                if len(called) == calls:
                    break
                (called if lane.queues[bulk] else gone).append(lane)
            for lane in gone:
                del ring[lane]
            for lane in called:
                lane.is_called, lane.hindered = True, None
                self._touch(lane)
            calls -= len(called)

    # -- waking -----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = self.loop.create_task(self._hear())

    async def _hear(self) -> None:
        """Ask again for a tenant when another process says that this one is next."""
        while True:
            with suppress(LimitsUnavailable):
                async with aclosing(self._link.listen(self.rules.channel + self.process)) as tenants:
                    async for tenant in tenants:
                        lane = self._lanes.get(tenant or None)
                        if lane is not None and lane.hindered is not None:
                            lane.hindered = None
                            self._touch(lane)
            await asyncio.sleep(POLL)

    # -- the server away --------------------------------------------------------------------------------------------

    def _failed(self, parcels: Iterable[_Parcel], error: LimitsUnavailable) -> None:
        """Nothing was heard. What was told is told again, and what may have been granted is given back."""
        for lane, deeds, ask, _, _ in parcels:
            lost = [] if ask is None else self._not_held(lane, ask.numbers)
            lane.outbox = [*deeds, *lost, *lane.outbox][-_UNTOLD:]
            lane.has_come = lane.has_come or (ask is not None and ask.is_new)
        if self._part is not None and self._alone is None:
            self._go_over(self._part, error)
        for ring in self._rings:
            ring.clear()
        for lane in self._lanes.values():
            lane.is_called = False
            lane.fail(_GoneOver if self._alone else lambda: LimitsUnavailable(error.message))
        self._dirty.clear()
        self._heart.at(self.loop.time() + POLL)

    def _not_held(self, lane: Lane, numbers: Iterable[int]) -> list[Deed]:
        """Gives back those turns that may have been granted and have come to nobody."""
        return [given_back(name, Flags()) for name in map(self._name, numbers) if name not in lane.open]

    def _go_over(self, part: Limits, error: LimitsUnavailable) -> None:
        _log.warning("%s: this process goes on with its part of the limits, in %.0f s", error.message, self.rules.span)
        self._alone = Alone(part, self.rules.span)
        for lane in self._lanes.values():
            for turn in lane.open.values():
                turn.local = self._alone.limiter.adopt(lane.tenant)

    def _come_back(self, alone: Alone) -> None:
        _log.warning("the shared limits are back")
        alone.end()
        self._alone = None
        self._beat()

    async def settle(self) -> None:
        """Say what is to be said; where nobody calls, rest."""
        for lane in self._lanes.values():
            if lane.outbox:
                self._touch(lane)
        self._begin()
        while self._talk is not None:
            await asyncio.wait([self._talk])
        if not any(lane.open or lane.queues[0] or lane.queues[1] for lane in self._lanes.values()):
            await self.close()

    async def close(self) -> None:
        """End what runs in the background, and the connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await ended([listener])
        for alarm in (self._heart, self._late, self._ring_alarm, *(lane.alarm for lane in self._lanes.values())):
            alarm.stop()
        await self._link.rest()

    def forget(self) -> None:
        """The event loop is closed: nothing can be ended in it any more."""
        self._link.forget()

    # -- leases -----------------------------------------------------------------------------------------------------

    @property
    def _pulse(self) -> float:
        """Seconds between two renewals: a few in a lease, and in a minute, so that lost counts are soon whole again."""
        return min(self.rules.lease, self.rules.span) / 4

    def _beat(self) -> None:
        for lane in self._lanes.values():
            lane.is_kept = bool(lane.open)
            if lane.open or lane.outbox:
                self._touch(lane)
        if self._alone is not None and not self._dirty:
            self._touch(self._lane(None))
