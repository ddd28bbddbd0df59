"""The two limiters, for one suite of tests: that of one process, and the one that processes share through Redis.

Both run in virtual time. The shared one talks to a real server, whose scripts are told the time; the clock stands still
while an answer is on its way. So what is shown of one is shown of the other, to the same moment.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from itertools import count
from random import Random
from typing import Any, Protocol, TypeVar

import redis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError
from virtual import VirtualLoop
from virtual import run as run_virtually

from xero_async.pacing import Limiter, Limits, Pacer
from xero_async.pacing.shared import RedisLimits

T = TypeVar("T")
_numbers = count()


class Pacing(Protocol):
    """A kind of limiter."""

    def limiter(self, limits: Limits | None = None) -> Pacer:
        """A new one, which shares nothing with those before."""
        ...

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that uses limiters, in virtual time."""
        ...

    def loop(self) -> VirtualLoop:
        """A loop of virtual time, for tests that run their own."""
        ...

    async def close(self) -> None:
        """Close what was used on it."""
        ...

    async def told(self, limiter: Pacer) -> None:
        """Wait until what has happened is counted."""
        ...

    def some(self, seeds: range) -> range:
        """As many of the seeds as take little time."""
        ...


class InProcess:
    """The limiter of one process."""

    def limiter(self, limits: Limits | None = None) -> Limiter:
        """A new one."""
        return Limiter(limits)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run in virtual time."""
        return run_virtually(main)

    def loop(self) -> VirtualLoop:
        """A loop of its own."""
        return VirtualLoop()

    async def close(self) -> None:
        """There is nothing to close."""

    async def told(self, limiter: Pacer) -> None:
        """It counts at once."""

    def some(self, seeds: range) -> range:
        """All of them."""
        return seeds


class Wire:
    """What a test may do to a client's connection: cut it, or let a share of the answers be lost."""

    def __init__(self, random: Random | None = None) -> None:
        self.is_cut = False
        self.loses = 0.0
        self._random = random or Random(0)

    async def carry(self, answer: Coroutine[Any, Any, T]) -> T:
        """Send a command and bring its answer."""
        if self.is_cut:
            answer.close()
            raise ConnectionError("cut by the test")
        value = await _counted(answer)
        if self._random.random() < self.loses:
            raise ConnectionError("lost by the test")
        return value


class _Awaited(Redis):
    """A client that counts the commands whose answers are on their way."""

    on_their_way = 0
    wire = Wire()
    ears: Redis
    """A client for what is not awaited: time goes on while it listens."""

    def pubsub(self, **options: Any) -> Any:
        """Listen."""
        ears: Any = self.ears
        return ears.pubsub(**options)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command."""
        send: Callable[..., Coroutine[Any, Any, Any]] = getattr(super(), "execute_command")  # noqa: B009 - half typed there
        return await self.wire.carry(send(*args, **options))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:
        """Several commands at once."""
        pipeline: Any = super().pipeline(transaction, shard_hint)
        execute: Callable[[], Coroutine[Any, Any, Any]] = pipeline.execute
        pipeline.execute = lambda: self.wire.carry(execute())
        return pipeline


async def _counted(answer: Coroutine[Any, Any, T]) -> T:
    _Awaited.on_their_way += 1
    try:
        return await answer
    finally:
        _Awaited.on_their_way -= 1


def plain_client(url: str) -> Any:
    """A client that waits for its answers, for what a test does to a server itself."""
    return getattr(redis.Redis, "from_url")(url)  # noqa: B009 - half typed there


def now_of_all() -> float:
    """Seconds that all limiters on one virtual loop agree on."""
    return 1e9 + asyncio.get_running_loop().time()


class Shared:
    """The limiter that processes share."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: list[tuple[RedisLimits, _Awaited]] = []

    def limiter(
        self, limits: Limits | None = None, app: str | None = None, wire: Wire | None = None, **options: Any
    ) -> RedisLimits:
        """A new one; with the `app` of another it shares the counts of that."""
        open_client: Callable[[str], Redis] = getattr(_Awaited, "from_url")  # noqa: B009 - half typed there
        client = open_client(self._url)
        assert isinstance(client, _Awaited)
        client.wire = wire or Wire()
        client.ears = Redis(host="127.0.0.1", port=client.connection_pool.connection_kwargs["port"])
        limiter = RedisLimits(client, limits, app=app or f"app-{next(_numbers)}", clock=now_of_all, **options)
        self._made.append((limiter, client))
        return limiter

    def run(self, main: Coroutine[Any, Any, T]) -> T:  # a coroutine's other two types are never used
        """Run in virtual time, and close what was used."""
        with asyncio.Runner(loop_factory=self.loop) as runner:
            return runner.run(self._closing(main))

    def loop(self) -> VirtualLoop:
        """A loop whose time stands still while the server is asked."""
        _Awaited.on_their_way = 0
        loop = VirtualLoop()
        loop.stand_still(lambda: _Awaited.on_their_way > 0)
        return loop

    async def _closing(self, main: Coroutine[Any, Any, T]) -> T:
        try:
            return await main
        finally:
            await self.close()

    async def close(self) -> None:
        """Close what was used, on the loop that used it."""
        made, self._made = self._made, []
        for limiter, client in made:
            await limiter.aclose()
            await client.ears.aclose()
            await client.aclose()

    async def told(self, limiter: Pacer) -> None:
        """Wait until the server has been told."""
        assert isinstance(limiter, RedisLimits)
        await limiter.settle()

    def some(self, seeds: range) -> range:
        """A few, or all in the session of nox that has the time."""
        return seeds if os.environ.get("XERO_ASYNC_SHARED") else seeds[: len(seeds) // 5]
