"""Limits that processes share: what one learns all know, leases, waking, and the way to the server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from random import Random
from statistics import quantiles
from time import monotonic
from typing import Any

import pytest
from aiohttp import ClientTimeout
from pacings import Shared, Wire, plain_client
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from simulated_xero import SimulatedXero, Style, answered, call, calls, met, now, refusal
from virtual import VirtualLoop

from xero_async import ClientCredentials, RetryPolicy, Xero
from xero_async.pacing import Limits, SharedPacer
from xero_async.pacing.shared import RedisLimits
from xero_async.sandbox import Sandbox, SandboxLimits
from xero_async.wire.errors import DailyLimitReached, InvalidArgument, LimitsUnavailable


def signed_in(sandbox: Sandbox, limits: RedisLimits, **options: Any) -> Xero:
    """A client of a sandbox."""
    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
    return Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, limits=limits, **options)


# -- what one process learns, all know --------------------------------------------------------------------------------


@pytest.mark.parametrize(("style", "bulk"), [("rolling", False), ("fixed", True)])
def test_processes_together_are_as_fast_as_one(shared: Shared, app: str, style: Style, bulk: bool) -> None:
    """Four processes make 300 calls of a tenant in 0.97 of the least time, none refused, whoever makes how many."""
    server = SimulatedXero(style=style)

    async def main() -> float:
        made = [(shared.limiter(app=app), number) for number in (150, 100, 40, 10)]
        return max(await asyncio.gather(*(calls(each, server, number, bulk=bulk) for each, number in made)))

    assert (4 * 60 + 60 / 5 * 0.3) / shared.run(main()) >= 0.97
    assert not server.refused


def test_processes_take_turns(shared: Shared, app: str) -> None:
    """Of what a tenant's minute frees, processes that always wait have the same, however many of their calls wait."""

    async def main() -> list[int]:
        limiters, server = [shared.limiter(app=app) for _ in range(5)], SimulatedXero(latency=any_latency)
        shares = [0] * len(limiters)

        async def work(number: int) -> None:
            while True:
                await call(limiters[number], server)
                shares[number] += 1

        tasks = [asyncio.create_task(work(number)) for number in range(5) for _ in range(3 * number + 2)]
        await asyncio.sleep(300)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not server.refused
        return shares

    shares = shared.run(main())
    assert sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)) >= 0.95


def any_latency(random: Random) -> float:
    """Draw a latency from 0.1 to 1 second."""
    return float(0.1 * 10 ** random.random())


def test_who_ends_a_call_does_not_go_again_before_who_waits(shared: Shared, app: str) -> None:
    """A process with a crowd of calls, and one that makes one after the other, have the one slot in turn."""

    async def main() -> list[int]:
        pair, shares = [shared.limiter(Limits(concurrent=1, minute=10**6), app=app) for _ in range(2)], [0, 0]

        async def work(number: int) -> None:
            while True:
                await answered(pair[number], lasts=0.5)
                shares[number] += 1

        tasks = [asyncio.create_task(work(number)) for number in (0, 0, 0, 0, 0, 0, 1, 1)]
        await asyncio.sleep(100)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return shares

    crowd, other = shared.run(main())
    assert abs(crowd - other) <= 5


def test_interactive_calls_of_one_process_beside_bulk_calls_of_another(shared: Shared, app: str) -> None:
    """Beside 600 bulk calls elsewhere, 95 of 100 interactive calls wait under 1 s."""

    async def main() -> list[float]:
        mine, others, server = shared.limiter(app=app), shared.limiter(app=app), SimulatedXero()
        bulk = asyncio.create_task(calls(others, server, 600, bulk=True))
        await asyncio.sleep(8)
        interactive: list[asyncio.Task[float]] = []
        while not bulk.done():
            interactive.append(asyncio.create_task(call(mine, server)))
            await asyncio.sleep(8)
        assert not server.refused
        return await asyncio.gather(*interactive)

    assert quantiles(shared.run(main()), n=20)[-1] < 1


def test_a_refusal_stops_all_processes(shared: Shared, app: str) -> None:
    """A 429 that one process meets pauses the others too, and when the day is over no process sends anything."""

    async def main() -> None:
        one, other = shared.limiter(app=app), shared.limiter(app=app)
        await met(one, "t")
        await answered(one, status=429, headers=refusal("minute", 7))
        assert await answered(other) == pytest.approx(7)
        await answered(one, status=429, headers=refusal("day", 1_000))
        with pytest.raises(DailyLimitReached) as caught:
            await other.acquire("t")
        assert caught.value.retry_after == pytest.approx(1_000, abs=1)

    shared.run(main())


def test_the_app_s_minute_and_calls_of_no_tenant_are_shared(shared: Shared, app: str) -> None:
    """The minute of the app over all tenants, and that of calls of no tenant, hold for all processes together."""

    async def main() -> tuple[list[float], list[float]]:
        limits = Limits(minute=4, app_minute=20, bulk_reserve=0)
        pair = [shared.limiter(limits, app=app) for _ in range(2)]
        lone = [await answered(pair[number % 2], None) for number in range(6)]
        await asyncio.sleep(200)
        tenants = [f"t{number}" for number in range(30)]
        return lone, await asyncio.gather(*(answered(each, tenant) for tenant in tenants for each in pair))

    lone, granted = shared.run(main())
    assert lone == [0, 0, 0, 0, pytest.approx(60.1), pytest.approx(60.1)]
    for first, last in zip(sorted(granted), sorted(granted)[20:], strict=False):
        assert last - first >= 60
    assert max(granted) - min(granted) == pytest.approx(120.2, abs=3)


def test_a_probe_whose_process_died_is_made_again(shared: Shared, app: str) -> None:
    """Where the first call of all never ends, another process makes it when the lease has ended."""

    async def main() -> float:
        wire = Wire()
        dead, alive = shared.limiter(app=app, wire=wire, lease=10.0), shared.limiter(app=app, lease=10.0)
        await dead.acquire("t")
        wire.is_cut = True
        return await answered(alive)

    assert 10 <= shared.run(main()) <= 11


# -- the way to the server --------------------------------------------------------------------------------------------


def test_all_keys_share_a_tag_and_end_by_themselves(shared: Shared, shared_server: str, app: str) -> None:
    """Every key of an app carries its tag, so that a cluster keeps them together, and has a time to live."""

    async def main() -> None:
        pair = [shared.limiter(Limits(concurrent=1), app=app) for _ in range(2)]
        turn = await pair[0].acquire("t")
        waiting = [asyncio.create_task(answered(pair[1], bulk=bulk)) for bulk in (True, False)]
        lone = await pair[1].acquire(None)
        await asyncio.sleep(0.5)
        turn.learn(200, {"x-minlimit-remaining": "20", "x-appminlimit-remaining": "900"})
        await asyncio.sleep(0.5)
        with plain_client(shared_server) as client:
            keys = [key.decode() for key in client.scan_iter(f"*{app}*")]
            assert len(keys) == 9, keys
            assert all(key.startswith(f"xero_async:{{{app}}}:") for key in keys)
            assert all(0 < client.ttl(key) <= 172_800 for key in keys)
        turn.release()
        lone.release()
        await asyncio.gather(*waiting)

    shared.run(main())


def test_only_the_first_of_a_crowd_asks(shared: Shared, shared_server: str, app: str) -> None:
    """With a thousand calls waiting for a minute, a process asks about once a second, and not for each of them."""

    async def main() -> int:
        limiter = shared.limiter(app=app)
        await met(limiter, "t")
        crowd = [asyncio.create_task(answered(limiter)) for _ in range(1_000)]
        await asyncio.sleep(5)
        with plain_client(shared_server) as client:
            client.config_resetstat()
            await asyncio.sleep(30)
            asked: int = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return asked

    assert 25 <= shared.run(main()) <= 35


async def test_a_release_wakes_another_process_at_once(shared_server: str, app: str) -> None:
    """Turns go back and forth between two processes faster than either would ask by itself."""
    limits = Limits(concurrent=1, minute=1_000)
    async with RedisLimits(shared_server, limits, app=app) as one, RedisLimits(shared_server, limits, app=app) as other:
        await met(one, "t")
        began = monotonic()

        async def work(limiter: RedisLimits) -> None:
            for _ in range(20):
                turn = await limiter.acquire("t")
                await asyncio.sleep(0.01)
                turn.release()

        await asyncio.gather(work(one), work(other))
        assert monotonic() - began < 12, "forty turns, for most of which somebody had to be woken"


async def test_a_script_that_the_server_has_forgotten_is_sent_again(shared_server: str, app: str) -> None:
    """A server that was restarted, or told to forget its scripts, is given the script anew."""
    async with RedisLimits(shared_server, app=app) as limiter:
        (await limiter.acquire("t")).release()
        with plain_client(shared_server) as client:
            client.script_flush()
        tenants = [await limiter.acquire(tenant) for tenant in "ab"]
        for turn in tenants:
            turn.release()


class Old(Redis):
    """A client of a server whose scripts may not ask for the time, as that of Redis before 5."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command."""
        if args[0] == "EVALSHA" and args[3 + args[2]] == "":
            raise ResponseError("Write commands not allowed after non deterministic commands.")
        send: Any = getattr(super(), "execute_command")  # noqa: B009 - half typed there
        return await send(*args, **options)


async def test_a_server_whose_scripts_may_not_ask_for_the_time_is_asked_itself(shared_server: str, app: str) -> None:
    """Then the client asks with a command, and counts on; its calls and those of others have one clock all the same."""
    client: Redis = getattr(Old, "from_url")(shared_server)  # noqa: B009 - half typed there
    limits = Limits(minute=2, window=0.5)
    async with RedisLimits(client, limits, app=app) as old, RedisLimits(shared_server, limits, app=app) as new:
        await met(old, "t")
        began = monotonic()
        await met(new, "t")
        await met(old, "t")
        assert 0.4 < monotonic() - began < 5
        await old.settle()
        assert old.remaining("t").in_flight == 0
    await client.aclose()


async def test_the_error_names_no_password() -> None:
    """What is told of a server that cannot be reached holds nothing of its address."""
    async with RedisLimits("redis://:secret@127.0.0.1:1/0") as limiter:
        with pytest.raises(LimitsUnavailable) as caught:
            await limiter.acquire("t")
    assert "secret" not in str(caught.value) + repr(limiter)
    assert "127.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"server": "no address"}, "an address such as redis"),
        ({"app": ""}, "app is a name"),
        ({"app": "a}b"}, "app is a name"),
        ({"replicas": 6}, "Limits.concurrent is 5, which leaves nothing for each of 6 replicas"),
        ({"replicas": 0}, "replicas must be at least 1"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"lease": float("inf")}, "lease must be a number of seconds above 0"),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], words: str) -> None:
    """Options that make no sense are refused with a sentence that names them."""
    with pytest.raises(InvalidArgument, match=words):
        RedisLimits(options.pop("server", "redis://localhost"), **options)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `redis` is not installed, the sentence says what to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InvalidArgument, match=r'pip install "xero_async\[redis\]"'):
        RedisLimits("redis://localhost")


# -- sessions, leases and loops ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["fixed", "rolling"])
async def test_two_clients_at_one_sandbox(shared_server: str, app: str, style: Style) -> None:
    """Two clients with 65 calls each at once, against 5 in flight and 60 a minute, are never refused."""
    sandbox = Sandbox(invoices=2, contacts=1, limits=SandboxLimits(window=1.0, style=style), latency=0.005)
    pair = [RedisLimits(shared_server, Limits(window=1.0), app=app) for _ in range(2)]
    async with sandbox, signed_in(sandbox, pair[0]) as one, signed_in(sandbox, pair[1]) as other:
        tenants = [xero.tenant(sandbox.tenants[0]) for xero in (one, other)]
        await asyncio.gather(*(tenant.invoices.list() for tenant in tenants for _ in range(65)))
        assert sum(sandbox.counters.rejections.values()) == 0
        assert sandbox.counters.calls == 130


async def test_a_lease_is_longer_than_any_call(shared_server: str, app: str) -> None:
    """A lease lasts longer than any answer may be waited for by the sessions and tenants that use the limits."""
    limiter = RedisLimits(shared_server, app=app)
    assert isinstance(limiter, SharedPacer)
    async with Sandbox() as sandbox:
        signed_in(sandbox, limiter, timeout=20)
        signed_in(sandbox, limiter, timeout=ClientTimeout(total=None), retry=RetryPolicy(deadline=40))
        signed_in(sandbox, limiter, timeout=ClientTimeout(total=50)).tenant(sandbox.tenants[0], timeout=55)
    async with limiter:
        turn = await limiter.acquire("t")
        with plain_client(shared_server) as client:
            ((_, ends),) = client.zrange(f"xero_async:{{{app}}}:tenant:t:calls", 0, -1, withscores=True)
            seconds, _ = client.time()
        assert 70 < ends / 1_000_000 - seconds <= 76
        turn.release()


def test_a_call_that_outlasts_its_lease_keeps_its_slot(shared: Shared, app: str) -> None:
    """Leases are renewed as long as a call lasts, so that one without a deadline holds its slot."""

    async def main() -> list[float]:
        pair = [shared.limiter(Limits(concurrent=1), app=app, lease=20.0) for _ in range(2)]
        first = asyncio.create_task(answered(pair[0], lasts=500))
        await asyncio.sleep(1)  # or either might be the first at the server
        return list(await asyncio.gather(first, answered(pair[1])))

    assert shared.run(main()) == pytest.approx([0, 500], abs=1.1)


async def test_a_client_that_is_closed_leaves_no_connection(shared_server: str, app: str) -> None:
    """Limits that were made for one client need no closing of their own, and can be used by the next one."""
    with plain_client(shared_server) as client:
        before = len(client.client_list())
        limiter = RedisLimits(shared_server, app=app)
        for _ in range(2):
            async with Sandbox(invoices=1) as sandbox, signed_in(sandbox, limiter) as xero:
                await xero.tenant(sandbox.tenants[0]).invoices.list()
            assert limiter.remaining(sandbox.tenants[0]).in_flight == 0
            deadline = monotonic() + 5
            while len(client.client_list()) > before:
                assert monotonic() < deadline
                await asyncio.sleep(0.01)


def test_one_loop_at_a_time(shared: Shared, shared_server: str, app: str) -> None:
    """Limits in use refuse another loop; once their own is closed they go on there."""
    limiter = RedisLimits(shared_server, app=app)

    def run(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner() as runner:
            runner.run(main)

    async def use() -> None:
        async with limiter:
            (await limiter.acquire("t")).release()

    async def meddle() -> None:
        async with limiter:
            await limiter.acquire("t")
            with pytest.raises(InvalidArgument, match="another event loop"):
                await asyncio.to_thread(run, use())

    run(use())
    run(meddle())
    run(use())


def test_virtual_time_is_that_of_the_limits(shared: Shared, app: str) -> None:
    """What remains is told as it was last heard, and what was counted a minute ago counts no more."""

    async def main() -> None:
        limiter = shared.limiter(app=app)
        assert isinstance(asyncio.get_running_loop(), VirtualLoop)
        await met(limiter, "t")
        await limiter.settle()
        assert limiter.remaining("t").minute == 59
        await asyncio.sleep(61)
        assert (limiter.remaining("t").minute, limiter.remaining("t").app_minute, now()) == (60, 10_000, 61)

    shared.run(main())
