"""What a simulated Xero counts, and whom it turns away.

Xero allows an app so many calls at once, a minute and a day for each tenant, and so many a minute over all
tenants. Its documents call the windows fixed, each tenant with a reset moment of its own; older ones call
them rolling, and none says whether a call counts when it arrives or when it is answered. A client has to be
safe under each reading, so each can be had here: `style` and `stamp`.

Everything below takes `now`, in seconds of any steadily growing clock, and does nothing but count. A call that
is turned away is not counted: it leaves the window as it was. With completion stamps a call in flight already
holds its place, so that no window ever ends with more calls than the limit.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from xero_async.wire.errors import InvalidArgument

__all__ = ["Meter", "Meters", "Problem", "Rejection", "SandboxLimits"]

Problem = Literal["concurrent", "minute", "day", "appminute"]
"""The spelling of `X-Rate-Limit-Problem`."""

DAY = 86_400.0


# https://developer.xero.com/documentation/guides/oauth2/limits/
class SandboxLimits(Struct, frozen=True, kw_only=True):
    """How many calls are allowed, and how they are counted. Raises `InvalidArgument` for what cannot be."""

    concurrent: int = 5
    """Calls in flight for one tenant."""
    minute: int = 60
    """Calls of one tenant in one window."""
    day: int = 5000
    """Calls of one tenant in 24 hours."""
    app_minute: int = 10_000
    """Calls of all tenants in one window."""
    window: float = 60.0
    """The minute's length in seconds; shorter in tests."""
    style: Literal["fixed", "rolling"] = "fixed"
    """Whether windows follow each other or move along with the clock."""
    stamp: Literal["arrival", "completion"] = "arrival"
    """The moment at which a call is counted."""

    def __post_init__(self) -> None:
        if min(self.concurrent, self.minute, self.day, self.app_minute) < 1:
            raise InvalidArgument("every limit allows at least one call")
        if not 0 < self.window < math.inf:
            raise InvalidArgument("the window is a positive number of seconds")


class Rejection(NamedTuple):
    """Why a call is turned away."""

    problem: Problem
    retry_after: int | None
    """Whole seconds, rounded up; None where Xero sends none."""


class Window(Protocol):
    """Calls counted over some length of time."""

    busiest: int

    def stamp(self, now: float) -> None:
        """Count one call."""
        ...

    def count(self, now: float) -> int:
        """Calls that count at `now`."""
        ...

    def frees_in(self, now: float, limit: int) -> float:
        """Seconds until fewer than `limit` calls count."""
        ...


class FixedWindow:
    """Windows end to end; `phase`, a part of one from 0 to 1, sets the moment at which each starts."""

    def __init__(self, length: float, phase: float) -> None:
        self.busiest = 0
        self._length = length
        self._offset = phase * length
        self._start: float = -math.inf
        self._count = 0

    def stamp(self, now: float) -> None:
        """Count one call."""
        self._count = self.count(now) + 1
        self.busiest = max(self.busiest, self._count)

    def count(self, now: float) -> int:
        """Calls since the latest reset."""
        start = math.floor((now - self._offset) / self._length) * self._length + self._offset
        if start != self._start:
            self._start, self._count = start, 0
        return self._count

    def frees_in(self, now: float, limit: int) -> float:
        """Seconds until the next reset, if the window is full."""
        return 0.0 if self.count(now) < limit else self._start + self._length - now


class RollingWindow:
    """The latest `length` seconds, wherever the clock stands."""

    def __init__(self, length: float) -> None:
        self.busiest = 0
        self._length = length
        self._stamps: deque[float] = deque()

    def stamp(self, now: float) -> None:
        """Count one call."""
        self._stamps.append(now)
        self.busiest = max(self.busiest, self.count(now))

    def count(self, now: float) -> int:
        """Calls younger than the window."""
        while self._stamps and now - self._stamps[0] >= self._length:
            self._stamps.popleft()
        return len(self._stamps)

    def frees_in(self, now: float, limit: int) -> float:
        """Seconds until enough of the oldest calls have left."""
        return 0.0 if self.count(now) < limit else self._stamps[-limit] + self._length - now


class TenantMeter:
    """What is counted for one tenant."""

    def __init__(self, minute: Window, day: Window) -> None:
        self.minute = minute
        self.day = day
        self.in_flight = 0
        self.most_in_flight = 0


class Meter:
    """The counters of one app over all its tenants; `limits=None` counts and turns nobody away."""

    def __init__(self, limits: SandboxLimits | None) -> None:
        self._enforced = limits is not None
        self._limits = limits or SandboxLimits()
        self._tenants: dict[str, TenantMeter] = {}
        self._in_flight = 0
        self._app_minute = self._window(self._limits.window, "app")

    def arrive(self, tenant: str | None, now: float) -> Rejection | None:
        """Let a call in (None), or say why not; `tenant` is None for a call that belongs to no tenant."""
        seat = self._seat(tenant)
        if seat is not None:
            seat.most_in_flight = max(seat.most_in_flight, seat.in_flight + 1)
        if self._enforced and (rejection := self._rejection(seat, now)) is not None:
            return rejection
        self._in_flight += 1
        if seat is not None:
            seat.in_flight += 1
        if self._limits.stamp == "arrival":
            self._stamp(seat, now)
        return None

    def leave(self, tenant: str | None, now: float) -> None:
        """Take note that a call which was let in is over."""
        seat = self._seat(tenant)
        self._in_flight -= 1
        if seat is not None:
            seat.in_flight -= 1
        if self._limits.stamp == "completion":
            self._stamp(seat, now)

    def headers(self, tenant: str | None, now: float) -> dict[str, str]:
        """Name each count that remains; a call without a tenant has only the app's, and without limits there is none.

        A client believes what it is told: one that may make 10,000 calls a minute would slow down to the 60 it reads.
        """
        if not self._enforced:
            return {}
        limits, seat = self._limits, self._seat(tenant)
        left = {"X-AppMinLimit-Remaining": self._left(self._app_minute, limits.app_minute, self._in_flight, now)}
        if seat is not None:
            left["X-MinLimit-Remaining"] = self._left(seat.minute, limits.minute, seat.in_flight, now)
            left["X-DayLimit-Remaining"] = self._left(seat.day, limits.day, seat.in_flight, now)
        return {name: str(value) for name, value in left.items()}

    @property
    def most_in_flight(self) -> dict[str, int]:
        """The most calls that each tenant ever had in flight, one that was turned away for it included."""
        return {tenant: seat.most_in_flight for tenant, seat in self._tenants.items()}

    @property
    def busiest_minute(self) -> dict[str, int]:
        """The most calls of each tenant that ever counted in one window."""
        return {tenant: seat.minute.busiest for tenant, seat in self._tenants.items()}

    def _rejection(self, seat: TenantMeter | None, now: float) -> Rejection | None:
        limits = self._limits
        if seat is not None:
            if seat.in_flight >= limits.concurrent:
                return Rejection("concurrent", None)
            if self._full(seat.minute, limits.minute, seat.in_flight, now):
                return Rejection("minute", _whole(seat.minute.frees_in(now, limits.minute)))
            if self._full(seat.day, limits.day, seat.in_flight, now):
                return Rejection("day", _whole(seat.day.frees_in(now, limits.day)))
        if self._full(self._app_minute, limits.app_minute, self._in_flight, now):
            return Rejection("appminute", None)
        return None

    def _full(self, window: Window, limit: int, in_flight: int, now: float) -> bool:
        return self._counted(window, in_flight, now) >= limit

    def _left(self, window: Window, limit: int, in_flight: int, now: float) -> int:
        return max(0, limit - self._counted(window, in_flight, now))

    def _counted(self, window: Window, in_flight: int, now: float) -> int:
        held = in_flight if self._limits.stamp == "completion" else 0
        return window.count(now) + held

    def _stamp(self, seat: TenantMeter | None, now: float) -> None:
        self._app_minute.stamp(now)
        if seat is not None:
            seat.minute.stamp(now)
            seat.day.stamp(now)

    def _seat(self, tenant: str | None) -> TenantMeter | None:
        if tenant is None:
            return None
        if tenant not in self._tenants:
            minute, day = self._window(self._limits.window, tenant), self._window(DAY, tenant)
            self._tenants[tenant] = TenantMeter(minute, day)
        return self._tenants[tenant]

    def _window(self, length: float, owner: str) -> Window:
        return RollingWindow(length) if self._limits.style == "rolling" else FixedWindow(length, _phase(owner))


class Meters:
    """A meter for each app, all with the same limits."""

    def __init__(self, limits: SandboxLimits | None) -> None:
        self.limits = limits
        self._apps: dict[str, Meter] = {}

    def of(self, app: str) -> Meter:
        """The meter of an app."""
        if app not in self._apps:
            self._apps[app] = Meter(self.limits)
        return self._apps[app]

    @property
    def most_in_flight(self) -> dict[str, int]:
        """The most calls that any one app ever had in flight, by tenant."""
        return _most(meter.most_in_flight for meter in self._apps.values())

    @property
    def busiest_minute(self) -> dict[str, int]:
        """The most calls of any one app that ever counted in one window, by tenant."""
        return _most(meter.busiest_minute for meter in self._apps.values())


def _most(counted: Iterable[dict[str, int]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for counts in counted:
        most |= {tenant: max(count, most.get(tenant, 0)) for tenant, count in counts.items()}
    return most


def _phase(owner: str) -> float:
    """A part of a window, from 0 to 1, that is always the same for the same owner."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=4).digest(), "big") / 2**32


def _whole(seconds: float) -> int:
    """Seconds as `Retry-After` states them: rounded up, and never so few that the next call comes too soon."""
    return max(1, math.ceil(seconds))
