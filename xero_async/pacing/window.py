"""How many calls the server may have counted: the pure heart of the limiter, with no clock of its own.

**The rule.** A `Window` holds the times at which calls were *completed*, and the number of calls in flight. A call
may go while both together, over the last minute, stay below the limit. Xero counts a call at some moment between
its departure and its completion; which moment, and whether its minute is fixed or rolling, its documents leave
open. The rule needs neither: take any 60 seconds of the server's, and the call in it that left last. When that one
left, each other call of those 60 seconds was either still in flight, or completed less than 60 seconds before; so
the rule had counted it, and all of them together are within the limit. No latency is assumed.

**Others who spend.** An answer's header says how many calls were left when the server wrote it, at some moment
between the call's departure and now. By then the server can have counted, of this process's calls, at most those
that the window held when that call departed and those let go since: `ticket.mark + taken`. Only what the header shows
beyond them, and beyond the foreign calls known already, is certainly somebody else's; it enters as foreign calls
stamped now, which is no earlier than the server's own stamp. Calls that overlap with the answer may or may not be in
its figure. Taken as counted, they never make foreign calls out of nothing, so a process that is alone loses no speed;
and each of them brings a header of its own, so that a foreign call stays hidden for about one latency at most. The
other way round, the server's whole count bounds the foreign calls from before the call departed: those beyond it have
expired there, as when a fixed minute begins anew, and are forgotten here too.

When there are foreign calls and the header says that all is used but the reserve, nothing goes for a whole minute.
Otherwise each foreign call that expires here, perhaps long before the server forgets it, would let one call go to
find out. So several processes that know nothing of each other overrun their common `reserve` only by what all of them
have in flight: a reserve of that many calls keeps them from being refused.

**Long runs.** Bulk work that is alone may use everything, but what it uses at once comes back at once, a minute later;
an interactive call that then appears would wait for that moment. So a run of bulk work that will take many minutes
gets the calls that are kept for interactive ones not at once, but one by one, evenly over most of its first minute.
From then on they come back one by one too, minute after minute, at no cost to the run's speed but in its last minute.

**First answers.** A cold window lets one call go, a probe, and no other before that one is answered: what an earlier
process has spent, and whether a refusal is over, is then known at the price of one call.
"""

from __future__ import annotations

import sys
from collections import deque
from math import inf
from typing import Literal

from msgspec import Struct

__all__ = ["DAY", "DAY_RECHECK", "Day", "Hindrance", "Ticket", "Window"]

DAY = 86_400.0
DAY_RECHECK = 3_600.0
"""Seconds until one call asks again, where a day is used up and Xero has not said when the next begins."""

LONG_RUN = 8
"""Minutes from which bulk work is a long run, to which a minute more at its end is little."""
# The share of a minute over which a long run gets the calls held back; the more, the later it ends.
_MOST_OF = 0.7
# Past the moment at which the next held call is free, so that rounding does not ring a timer just before it.
_TICK = 1e-6

Hindrance = Literal["paused", "first answer", "concurrency", "minute"]


class Ticket(Struct, gc=False):
    """What a window remembers of one call."""

    granted: float
    """When the call was let go."""
    mark: int
    """Own calls the window knew when it let this one go, less all that it had ever let go: see `Window.learn`."""
    probe: bool
    """Whether the call went while the window was cold, to see how things stand."""
    refused: bool = False


class Window:
    """One limit on calls in a minute and in flight. All times are seconds of one clock that never goes back."""

    __slots__ = (
        "_ceilings",
        "_foreign",
        "_foreign_calls",
        "_full_until",
        "_log",
        "_run_since",
        "_run_until",
        "_slots",
        "_span",
        "_step",
        "_taken",
        "cold",
        "in_flight",
        "interactive_until",
        "limit",
        "paused_until",
        "probing",
    )

    def __init__(
        self,
        limit: int,
        span: float,
        *,
        concurrent: int = sys.maxsize,
        reserve: int = 0,
        bulk_reserve: int = 0,
        cold: bool = False,
    ) -> None:
        """Keep `limit` calls in any `span` seconds and `concurrent` in flight, less what is reserved."""
        self.limit = limit
        self._span = span
        # Each pair is indexed by whether a call has to give way to interactive ones. Bulk work always keeps a little.
        self._ceilings = (limit - reserve, max(1, limit - reserve - bulk_reserve))
        self._slots = (concurrent, max(1, concurrent - 1))
        self._log: deque[float] = deque()  # when each completed call stops counting, in order
        self._foreign: deque[tuple[float, int]] = deque()  # the same for other programs' calls, and how many
        self._foreign_calls = 0
        self._full_until = -inf
        self._step = _MOST_OF * span / (self._ceilings[0] - self._ceilings[1] + 1)
        self._run_since = self._run_until = -inf
        self._taken = 0
        self.in_flight = 0
        self.interactive_until = -inf
        self.paused_until = -inf
        self.cold = cold
        self.probing = False

    def _forget(self, now: float) -> None:
        log, foreign = self._log, self._foreign
        while log and log[0] <= now:
            log.popleft()
        while foreign and foreign[0][0] <= now:
            self._foreign_calls -= foreign.popleft()[1]

    def _known(self) -> int:
        return len(self._log) + self._foreign_calls + self.in_flight

    def left(self, now: float) -> int:
        """Return how many calls the server still grants at least, what is reserved included."""
        self._forget(now)
        return max(0, self.limit - self._known())

    def hindrance(self, now: float, bulk: bool) -> Hindrance | None:
        """Return what keeps a call from going now; None if it may go."""
        self._forget(now)
        if now < self.paused_until:
            return "paused"
        if self.cold and self.probing:
            return "first answer"
        yields = bulk and now < self.interactive_until
        if self.in_flight >= self._slots[yields]:
            return "concurrency"
        held = self._held(now) if bulk and not yields else 0
        full = now < self._full_until or self._known() >= self._ceilings[yields] - held
        return "minute" if full else None

    def _held(self, now: float) -> int:
        """Calls that a long run does not get yet."""
        passed = now - self._run_since
        if passed >= self._span:
            return 0
        reserve = self._ceilings[0] - self._ceilings[1]
        return max(0, reserve - int(passed / self._step))

    def opening(self, now: float, bulk: bool) -> float:
        """Return the earliest time at which a hindrance can end by itself; infinity if only an answer can end it."""
        hindrance = self.hindrance(now, bulk)
        if hindrance == "paused":
            return self.paused_until
        if hindrance != "minute":
            return inf
        if now < self._full_until:
            return self._full_until
        ends = [self._log[0]] if self._log else []
        if self._foreign:
            ends.append(self._foreign[0][0])
        if bulk and now < self.interactive_until:
            ends.append(self.interactive_until)
        elif bulk and (held := self._held(now)):
            reserve = self._ceilings[0] - self._ceilings[1]
            ends.append(self._run_since + (reserve + 1 - held) * self._step + _TICK)
        return min(ends, default=inf)

    def interactive(self, now: float) -> None:
        """Note that an interactive call has come in: bulk work gives way for the next minute."""
        self.interactive_until = now + self._span
        if now < self._run_until:
            self._run_since = self.interactive_until

    def bulk_waits(self, now: float, calls: int) -> None:
        """Note that so many bulk calls wait: if they are enough for many minutes, a long run begins."""
        if calls >= LONG_RUN * self.limit:
            if now >= self._run_until:
                self._run_since = max(now, self.interactive_until)
            self._run_until = now + calls / self.limit * self._span

    def take(self, now: float) -> Ticket:
        """Let one call go. Ask `hindrance` first."""
        self._taken += 1
        self.in_flight += 1
        self.probing = probe = self.cold
        return Ticket(now, len(self._log) + self.in_flight - self._taken, probe)

    def settle(self, ticket: Ticket, now: float) -> None:
        """A call is completed: it counts from now on for a whole span."""
        self.in_flight -= 1
        self._log.append(now + self._span)
        self._probed(ticket)

    def give_back(self, ticket: Ticket) -> None:
        """A call was let go and never sent: it has not happened."""
        self.in_flight -= 1
        self._taken -= 1
        ticket.refused = True  # it has shown nothing, so a cold window stays cold
        self._probed(ticket)

    def _probed(self, ticket: Ticket) -> None:
        if ticket.probe:
            ticket.probe = self.probing = False
            self.cold = ticket.refused

    def pause(self, ticket: Ticket, now: float, seconds: float, *, probe: bool) -> bool:
        """Let nothing go for so long, and with `probe` only one call after it. Return whether that is news."""
        until = now + seconds
        news = self.paused_until <= now or until > self.paused_until + 1
        self.paused_until = max(self.paused_until, until)
        self.cold |= probe
        ticket.refused = True
        return news

    def learn(self, ticket: Ticket, left: int | None, now: float) -> None:
        """A call was answered, not refused, and its header says that `left` calls remain; None if it says nothing."""
        self._probed(ticket)
        if left is None:
            return
        self._forget(now)
        counted = max(0, self.limit - left)
        unseen = counted - (ticket.mark + self._taken) - self._foreign_calls
        if unseen > 0:
            self._foreign.append((now + self._span, unseen))
            self._foreign_calls += unseen
        elif self._foreign_calls > counted:
            self._forget_foreign(counted, before=ticket.granted)
        if self._foreign_calls and counted >= self._ceilings[0]:
            self._full_until = now + self._span

    def _forget_foreign(self, counted: int, *, before: float) -> None:
        """Drop, oldest first, foreign calls met `before` a moment at which the server counted only so many in all."""
        foreign, limit = self._foreign, before + self._span
        excess = sum(calls for end, calls in foreign if end <= limit) - counted
        while excess > 0:
            end, calls = foreign.popleft()
            kept = max(0, calls - excess)
            if kept:
                foreign.appendleft((end, kept))
            self._foreign_calls -= calls - kept
            excess -= calls - kept


class Day:
    """One tenant's calls of the day: the lowest figure of its headers, less the calls that it may not include.

    Each answer counts its own call. So the lowest figure counts every call that has been answered, in whatever order
    the answers come; calls in flight may be missing from it, and are taken off. A figure that is higher comes from
    an answer that is merely old, unless its call left after the lowest one was known: then calls were freed.

    Xero says nowhere when a day begins; only a refusal's `Retry-After` tells when one ends. A day that ran out is
    held until then. Where that is not known it is held for an hour (a rolling day frees calls all the time, a fixed
    one at some moment), after which one call asks again; and where no header ever came, until a day after the first
    call.
    """

    __slots__ = ("_began", "_changed", "_floor", "_flying", "_since", "_told", "held_until", "limit", "reset_known")

    def __init__(self, limit: int) -> None:
        """Begin with `limit` calls."""
        self.limit = self._floor = limit
        self.held_until = self._began = self._changed = self._since = -inf
        self.reset_known = self._told = False
        self._flying = 0

    @property
    def left(self) -> int:
        """Calls that are left for certain; if not above zero, `over` tells whether an answer may still say more."""
        return self._floor - self._flying

    @property
    def over(self) -> bool:
        """Whether nothing is left for certain."""
        return self._floor <= 0

    def remaining(self, now: float) -> int:
        """Return how many calls are left, as a caller wants to know it."""
        return 0 if now < self.held_until else max(0, self.left)

    def take(self, now: float) -> None:
        """Let one call go. It must be followed by one of the next three."""
        if not self._told and now >= self._began + DAY:
            self._began, self._floor = now, self.limit
        self._flying += 1

    def learn(self, granted: float, left: int, now: float) -> None:
        """The answer of a call that left at `granted` says that `left` calls remain."""
        self._flying -= 1
        self._told = True
        if granted >= self._changed or (left <= self._floor and granted >= self._since):
            self._floor, self._changed = left, now

    def settle(self) -> None:
        """A call is completed and its answer, if there was one, said nothing of the day."""
        self._flying -= 1
        self._floor -= 1

    def give_back(self) -> None:
        """A call was never sent."""
        self._flying -= 1

    def hold(self, now: float, seconds: float | None) -> bool:
        """The day is over for `seconds`, None for a time unknown; then one begins. Return whether that is news."""
        news = now >= self.held_until or (seconds is not None and not self.reset_known)
        if seconds is not None:
            self.held_until = now + seconds
        elif news:
            self.held_until = now + DAY_RECHECK if self._told else self._began + DAY
        self.reset_known = seconds is not None or (self.reset_known and not news)
        self._floor = self.limit
        self._changed = self._since = self.held_until
        return news
