"""Limits that many processes on many machines share, through Redis or Valkey. Needs the extra `[redis]`.

The rules are those of `window.py` and `limiter.py`; they run inside the server (`script/`), on its clock, so that
what is counted and what is granted is one step for everybody. Here is who asks, and when.

- **One asks for all.** Calls wait in two queues a tenant, as in `limiter.py`, and only for the first of them does the
  process ask. What has come of earlier calls goes in the same message as the question, and everything that gathers
  while one message is on its way goes with the next: busy processes ask seldom, not often.
- **Waking.** The script says when a hindrance ends by itself, and the process asks again at that moment. What only
  another process's answer can end it announces, to the one process whose place in the tenant's line comes next: by
  publish and subscribe, which leaves nothing behind, needs one connection for all tenants, and may lose a message, for
  who waits asks again every second anyway.
- **Fairness.** A process has one place in a tenant's line, and with every turn goes to its end.
- **Leases.** Each call in flight holds its slot until it says that it is completed, or until its lease ends, should the
  process have died. A lease is longer than any call lasts, because a session tells how long that may be; and the
  leases of calls that do last are renewed.
- **Lost counts.** The counts carry a name and the number of steps that were taken with them. A process that meets
  another name, or fewer steps than it knows of, has noticed a flush, a restart, or a fail-over to a copy that was
  behind. How many calls each window holds is written down beside it, so that the eviction of a key is noticed too; and
  counts that lie ahead of the server's clock, which was set back, are begun anew. Then nobody calls for a minute,
  within which all calls in flight are told anew.
- **One set of limits.** They are written down with the counts, and who comes with other ones gets `LimitsUnavailable`.
  They are forgotten when nobody has asked for a minute and a lease, so that a deployment can change them.
- **The server away.** No turn is handed out and `LimitsUnavailable` is raised; or, with `replicas`, each process goes
  on with its part of the limits (`alone.py`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from math import isfinite
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..wire.errors import InvalidArgument
from .desk import Desk
from .exchange import Rules, shared_out
from .lane import SharedTurn
from .limits import Limits, Remaining
from .link import Link

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["LEASE", "RedisLimits"]

LEASE = 305.0
"""Seconds of a lease where nobody has said how long a call may last."""
_TO_TELL = 5.0
"""Seconds between the end of a call and that of its lease, in which the completion can be told."""


class RedisLimits:
    """Limits that any number of processes share, for `Xero(..., limits=RedisLimits("redis://localhost:6379/0"))`.

    `server` is the address of a Redis or Valkey, or a `redis.asyncio.Redis` of your own, which you close; `app` tells
    the apps that share one server apart. `limits` and `app` must be the same in all processes.

    `replicas` is what happens while the server is away. With None no call is made, and `LimitsUnavailable` raised; with
    a number, each process goes on with that part of the limits, and nobody calls for the first minute of it. It must be
    no less than the number of processes. `timeout` is the seconds that the server has for an answer.

    `lease` is the seconds after which the slots of a process that died are free again. By default it is longer than any
    answer may be waited for (the session's `timeout`), so that no slot is given away under a call even if its process
    can no longer reach the server; and it is renewed while a call lasts. `clock`, in seconds, is for tests: it replaces
    the server's.

    Made for one event loop at a time; once that is closed it may be used on another. `aclose()` it, or use `async
    with`, when no `Xero` uses it any more; a `Xero` that is closed already lets go of connections that nobody uses.
    Raises `InvalidArgument` where the library `redis` is not installed, and for options that cannot be right.
    """

    def __init__(
        self,
        server: str | Redis,
        limits: Limits | None = None,
        *,
        app: str = "xero",
        replicas: int | None = None,
        timeout: float = 2.0,
        lease: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        for name, seconds in (("timeout", timeout), ("lease", lease)):
            if seconds is not None and not (isfinite(seconds) and seconds > 0):
                raise InvalidArgument(f"{name} must be a number of seconds above 0, not {seconds!r}")
        if not app or not app.isprintable() or "{" in app or "}" in app:
            raise InvalidArgument("app is a name, without curly brackets")
        if replicas is not None and replicas < 1:
            raise InvalidArgument(f"replicas must be at least 1, not {replicas!r}")
        self.limits = limits or Limits()
        self._app, self._replicas, self._timeout, self._clock = app, replicas, timeout, clock
        self._part = None if replicas is None else shared_out(self.limits, replicas)
        self._server, self._lease, self._longest = server, lease, 0.0
        Link(server, timeout, clock)  # what cannot work is refused now
        self._desk: Desk | None = None

    def __repr__(self) -> str:
        return f"RedisLimits(..., app={self._app!r})"

    async def acquire(self, tenant: str | None, *, bulk: bool = False) -> SharedTurn:
        """Wait for the tenant's turn to make one call; None is a call that belongs to no tenant.

        Raises `DailyLimitReached`, and `LimitsUnavailable` where the server does not answer. Cancelling is safe.
        """
        loop = asyncio.get_running_loop()
        desk = self._desk
        if desk is None or desk.loop is not loop:
            desk = self._move(loop)
        return await desk.acquire(tenant, bulk)

    def remaining(self, tenant: str) -> Remaining:
        """Return what was left for the tenant when the server last told; for one not met yet, the whole limits."""
        desk, limits = self._desk, self.limits
        if desk is None:
            return Remaining(minute=limits.minute, day=limits.day, app_minute=limits.app_minute, in_flight=0)
        return desk.remaining(tenant)

    def outlive(self, seconds: float | None) -> None:
        """Make the leases longer than this: no turn is held for longer. None if that is not known."""
        self._longest = max(self._longest, LEASE if seconds is None else seconds + _TO_TELL)
        if self._desk is not None:
            self._desk.rules = self._rules(self._desk.process)

    async def settle(self) -> None:
        """Tell the server what it has not been told yet; where nobody calls, let go of the connections."""
        if self._desk is not None and self._desk.loop is asyncio.get_running_loop():
            await self._desk.settle()

    async def aclose(self) -> None:
        """Settle, and end what runs in the background. The next call begins anew."""
        desk = self._desk
        if desk is not None and desk.loop is asyncio.get_running_loop():
            await desk.settle()
            await desk.close()

    async def __aenter__(self) -> Self:
        """Nothing is sent."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def _rules(self, process: str) -> Rules:
        lease = self._lease or self._longest or LEASE
        return Rules(self._app, self.limits, process, lease, self._replicas or 0)

    def _move(self, loop: asyncio.AbstractEventLoop) -> Desk:
        if self._desk is not None:
            if not self._desk.loop.is_closed():
                raise InvalidArgument("these limits are in use on another event loop: give each loop some of its own")
            self._desk.forget()
        rules = self._rules(secrets.token_hex(6))
        link = Link(self._server, self._timeout, self._clock)
        self._desk = Desk(loop, rules, link, self._part, self._timeout)
        return self._desk
