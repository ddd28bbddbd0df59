"""Shared counts of which a part was lost, or that other limits hold for: noticed, and never too many calls."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest
from pacings import Shared, plain_client
from simulated_xero import answered, met

from xero_async.ending import ended
from xero_async.pacing import Limits
from xero_async.pacing.shared import RedisLimits
from xero_async.wire.errors import LimitsUnavailable


@pytest.mark.parametrize(
    "evicted", [["tenant:a:calls"], ["tenant:a"], ["tenant:a", "tenant:a:calls"], ["app:calls"], ["app"]], ids="+".join
)
@pytest.mark.parametrize("by", ["who knew", "who is new"])
def test_an_eviction_is_noticed(shared: Shared, shared_server: str, app: str, evicted: list[str], by: str) -> None:
    """Whichever keys a server's memory policy takes, no more calls go for a minute, whoever asks next."""

    async def main() -> float:
        limiters = [shared.limiter(app=app) for _ in range(2)]
        await met(limiters[0], *["a"] * 30)
        await limiters[0].settle()
        with plain_client(shared_server) as client:
            for name in evicted:
                assert client.delete(f"xero_async:{{{app}}}:{name}") == 1
        return await answered(limiters[by == "who is new"], "a")

    assert shared.run(main()) == pytest.approx(60.1, abs=1.1)


def test_the_eviction_of_other_programs_calls_is_noticed(shared: Shared, shared_server: str, app: str) -> None:
    """What other programs made, as the headers told, is no more known when its key is evicted: a minute is quiet."""

    async def main() -> tuple[float, int]:
        limiter = shared.limiter(app=app)
        await answered(limiter, "a", headers={"x-minlimit-remaining": "20"})
        await limiter.settle()
        with plain_client(shared_server) as client:
            assert client.delete(f"xero_async:{{{app}}}:tenant:a:others") == 1
        at = await answered(limiter, "a")
        await limiter.settle()
        return at, limiter.remaining("a").minute

    at, left = shared.run(main())
    assert at == pytest.approx(60.1, abs=1.1)
    assert left == 59, "and what nobody knows of any more holds nothing back for ever"


def test_what_is_kept_of_a_day_outlives_it(shared: Shared, shared_server: str, app: str) -> None:
    """The app's key and the tenant's live for a day beyond the last call: told anew each hour, and to a new key."""

    async def main() -> None:
        limiter, keys = shared.limiter(app=app), [f"xero_async:{{{app}}}:{name}" for name in ("app", "tenant:a")]
        with plain_client(shared_server) as client:
            for seconds in (5000, 50):
                await answered(limiter, "a")
                await limiter.settle()
                assert all(86_400 <= client.ttl(key) <= 90_000 for key in keys)
                assert all(client.expire(key, seconds) for key in keys)
                await asyncio.sleep(3600)
            for _ in range(2):
                await answered(limiter, "a")
                await limiter.settle()
                assert 86_400 <= client.ttl(keys[1]) <= 90_000
                client.delete(keys[1])

    shared.run(main())


def test_counts_that_are_of_no_matter_any_more_may_go(shared: Shared, shared_server: str, app: str) -> None:
    """An eviction after a minute and a lease without calls costs nobody anything."""

    async def main() -> float:
        limiter = shared.limiter(app=app, lease=5.0)
        await met(limiter, "a")
        await limiter.settle()
        await asyncio.sleep(70)
        with plain_client(shared_server) as client:
            client.delete(*[f"xero_async:{{{app}}}:{name}" for name in ("tenant:a:calls", "tenant:a")])
        return await answered(limiter, "a")

    assert shared.run(main()) == 70


def test_what_is_remembered_of_tenants_is_dropped(shared: Shared, shared_server: str, app: str) -> None:
    """Tenants that make no calls any more are swept out of the app's own record."""

    async def main() -> None:
        limiter, key = shared.limiter(app=app, lease=5.0), f"xero_async:{{{app}}}:app"
        await met(limiter, "a")
        await limiter.settle()
        await asyncio.sleep(70)
        with plain_client(shared_server) as client:
            client.hset(key, "steps", 9_999)
            await met(limiter, "b")
            await limiter.settle()
            assert (client.hexists(key, ":a"), client.hexists(key, ":b")) == (0, 1)

    shared.run(main())


def test_other_limits_are_refused_until_nobody_uses_the_first(shared: Shared, app: str) -> None:
    """A process with other limits makes no call, and is told why; it does when the others have long stopped."""

    async def main() -> None:
        first = shared.limiter(app=app, lease=5.0)
        other = shared.limiter(Limits(minute=100), app=app, lease=5.0, replicas=2)
        await met(first, "t")
        await first.settle()
        for tenant in ("t", None):
            with pytest.raises(LimitsUnavailable, match=r"minute=60.*here .*minute=100.*another `app`.* 65 s after"):
                await other.acquire(tenant)
        await asyncio.sleep(66)
        assert await answered(other) == 66
        with pytest.raises(LimitsUnavailable, match="give all processes the same Limits"):
            await first.acquire("t")

    shared.run(main())


async def test_a_clock_that_was_set_back(shared_server: str, app: str) -> None:
    """Counts of an hour ahead are begun anew after a quiet minute; pauses of that time are no more."""
    limits, root = Limits(window=0.5), f"xero_async:{{{app}}}:"
    hour = 3_600_000_000
    async with RedisLimits(shared_server, limits, app=app) as limiter:
        for tenant in "tu":
            (await limiter.acquire(tenant)).release()
        await limiter.settle()
        with plain_client(shared_server) as client:
            ahead = int(client.hget(root + "app", "clock")) + hour
            client.hset(root + "app", mapping={"clock": ahead, "paused": ahead + hour})
            for tenant in "tu":
                client.hset(root + "app", f":{tenant}", f"1 {ahead} 1000000")
                client.hset(root + f"tenant:{tenant}", "paused", ahead + hour)
                client.zadd(root + f"tenant:{tenant}:calls", {f"gone:{n}": ahead + hour for n in range(60)})
        began = monotonic()
        async with asyncio.timeout(30):
            for tenant in "tu":
                (await limiter.acquire(tenant)).release()
        assert monotonic() - began > 0.45


async def test_a_cancellation_that_gets_lost_is_repeated() -> None:
    """A task that loses its first cancellation, as some do in the client of Redis, is ended all the same."""
    lost: list[int] = []

    async def deaf() -> None:
        while not lost:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost.append(1)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await ended([task], again=0.01)
    assert task.cancelled()
    assert lost == [1]
