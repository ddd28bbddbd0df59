"""A model of Xero's limits in virtual time, which keeps them in each of the ways that its documents allow.

`SimulatedXero` counts calls in a fixed or a rolling minute, at their arrival or at their completion, and refuses as
Xero does. It shares no code with the limiter that it tests. For single moments, `answered` makes a call whose answer
is written down beforehand.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from math import ceil, floor
from random import Random
from typing import Literal, NamedTuple

from xero_async.pacing import Pacer

Style = Literal["fixed", "rolling"]
Stamp = Literal["arrival", "completion"]
CONVENTIONS: list[tuple[Style, Stamp]] = [
    ("fixed", "arrival"),
    ("fixed", "completion"),
    ("rolling", "arrival"),
    ("rolling", "completion"),
]


class Answer(NamedTuple):
    """What comes back."""

    status: int
    headers: dict[str, str]


class Minute:
    """One counter over a minute. A fixed minute begins anew at a moment that each counter has for itself."""

    def __init__(self, limit: int, length: float, style: Style, offset: float) -> None:
        """Allow `limit` calls in `length` seconds."""
        self.limit, self.length, self.style, self.offset = limit, length, style, offset
        self.stamps: deque[float] = deque()

    def _begin(self, now: float) -> float:
        if self.style == "rolling":
            return now - self.length
        return floor((now - self.offset) / self.length) * self.length + self.offset

    def left(self, now: float) -> int:
        """Return the calls left."""
        begin = self._begin(now)
        while self.stamps and self.stamps[0] < begin:
            self.stamps.popleft()
        return self.limit - len(self.stamps)

    def retry_after(self, now: float) -> int:
        """Return the whole seconds until a call is free."""
        freed = self.stamps[0] if self.style == "rolling" else self._begin(now)
        return max(1, ceil(freed + self.length - now))


class SimulatedXero:
    """Answers calls after a latency, of which some part is spent before, in and after the server."""

    def __init__(
        self,
        *,
        style: Style = "fixed",
        stamp: Stamp = "arrival",
        seed: int = 0,
        latency: Callable[[Random], float] = lambda random: 0.3,
        concurrent: int = 5,
        minute: int = 60,
        day: int = 5_000,
        app_minute: int = 10_000,
    ) -> None:
        """Keep the limits given; `latency` draws the seconds of a call."""
        self.random = Random(seed)
        self.style: Style = style
        self.stamp: Stamp = stamp
        self.latency = latency
        self.concurrent, self.minute, self.day = concurrent, minute, day
        self.app = self._counter(app_minute)
        self.minutes: dict[str, Minute] = {}
        self.days: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.served_at: list[tuple[float, str]] = []

    def _counter(self, limit: int) -> Minute:
        return Minute(limit, 60.0, self.style, self.random.uniform(0, 60))

    def spend(self, tenant: str, calls: int, ago: float = 0.0) -> None:
        """Count calls that somebody else has made."""
        now = asyncio.get_running_loop().time()
        for _ in range(calls):
            self._minute(tenant).stamps.append(now - ago)
        self.days[tenant] += calls

    def _minute(self, tenant: str) -> Minute:
        if tenant not in self.minutes:
            self.minutes[tenant] = self._counter(self.minute)
        return self.minutes[tenant]

    async def call(self, tenant: str) -> Answer:
        """Take one call."""
        cuts = sorted((self.random.random(), self.random.random()))
        latency = self.latency(self.random)
        before, within, after = cuts[0] * latency, (cuts[1] - cuts[0]) * latency, (1 - cuts[1]) * latency
        await asyncio.sleep(before)
        self.in_flight[tenant] += 1
        try:
            if self.in_flight[tenant] > self.concurrent:
                answer = self._refuse("concurrent", None)
            elif self.stamp == "arrival":
                answer = self._count(tenant)
                await asyncio.sleep(within)
            else:
                await asyncio.sleep(within)
                answer = self._count(tenant)
        finally:
            self.in_flight[tenant] -= 1
        await asyncio.sleep(after)
        return answer

    def _refuse(self, problem: str, seconds: int | None) -> Answer:
        self.refused[problem] += 1
        headers = {"x-rate-limit-problem": problem}
        return Answer(429, headers if seconds is None else headers | {"retry-after": str(seconds)})

    def _count(self, tenant: str) -> Answer:
        now = asyncio.get_running_loop().time()
        minute = self._minute(tenant)
        if self.days[tenant] >= self.day:
            return self._refuse("day", 40_000)
        if minute.left(now) < 1:
            return self._refuse("minute", minute.retry_after(now))
        if self.app.left(now) < 1:
            return self._refuse("appminute", None)
        minute.stamps.append(now)
        self.app.stamps.append(now)
        self.days[tenant] += 1
        self.served[tenant] += 1
        self.served_at.append((now, tenant))
        left = {"min": minute.left(now), "day": self.day - self.days[tenant], "appmin": self.app.left(now)}
        return Answer(200, {f"x-{name}limit-remaining": str(calls) for name, calls in left.items()})


async def call(limiter: Pacer, server: SimulatedXero, tenant: str = "t", *, bulk: bool = False) -> float:
    """Make one call in its turn, and again while it is refused; return the seconds that the first turn took."""
    first: float | None = None
    while True:
        turn = await limiter.acquire(tenant, bulk=bulk)
        first = turn.waited if first is None else first
        try:
            answer = await server.call(tenant)
            turn.learn(*answer)
        finally:
            turn.release()
        if answer.status == 200:
            return first


async def calls(limiter: Pacer, server: SimulatedXero, number: int, tenant: str = "t", *, bulk: bool = False) -> float:
    """Make so many calls, all asked for at once; return when the last was answered."""
    await asyncio.gather(*(call(limiter, server, tenant, bulk=bulk) for _ in range(number)))
    return asyncio.get_running_loop().time()


def now() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


def refusal(problem: str | None = None, seconds: float | None = None) -> dict[str, str]:
    """Return the headers of a 429."""
    headers = {"x-rate-limit-problem": problem, "retry-after": None if seconds is None else str(seconds)}
    return {name: value for name, value in headers.items() if value is not None}


async def met(limiter: Pacer, *tenants: str) -> None:
    """Make each tenant's first call, which takes no time and says nothing."""
    for tenant in tenants:
        (await limiter.acquire(tenant)).release()


async def answered(
    limiter: Pacer,
    tenant: str | None = "t",
    *,
    bulk: bool = False,
    lasts: float = 0.0,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> float:
    """Make one call whose answer is given; return when its turn came."""
    turn = await limiter.acquire(tenant, bulk=bulk)
    granted = now()
    try:
        await asyncio.sleep(lasts)
        turn.learn(status, headers or {})
    finally:
        turn.release()
    return granted
