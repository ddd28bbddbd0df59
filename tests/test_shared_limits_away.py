"""The shared limits while their server is away, or has lost what it knew: never too many calls, and back by itself.

Most of this is in virtual time, where a test can cut each process off from a real server at any moment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from pacings import Shared, Wire, plain_client
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError
from servers import free_port, program
from simulated_xero import CONVENTIONS, Answer, SimulatedXero, Stamp, Style, answered, call, met, now

from xero_async.pacing import Limits
from xero_async.pacing.link import Link
from xero_async.pacing.shared import RedisLimits
from xero_async.wire.errors import LimitsUnavailable

LONG = bool(os.environ.get("XERO_ASYNC_SHARED"))
"""Whether there is time for many runs, as in `nox -s shared`."""
SEEDS = range(20 if LONG else 1)
SOME = CONVENTIONS if LONG else [CONVENTIONS[0], CONVENTIONS[-1]]
every_convention = pytest.mark.parametrize(("style", "stamp"), SOME, ids=map("-".join, SOME))
REPLICAS = 4


def any_latency(random: Random) -> float:
    """Draw a latency from 0.1 to 10 seconds, the short ones more often."""
    return float(0.1 * 100 ** random.random())


def long_latency(random: Random) -> float:
    """Draw a latency from 0.1 to 300 seconds, which is longer than a minute often enough."""
    return float(0.1 * 3_000 ** random.random())


class Silent(SimulatedXero):
    """One whose headers say nothing, so that nobody learns from them what was lost."""

    async def call(self, tenant: str) -> Answer:
        """Take one call."""
        answer = await super().call(tenant)
        return answer if answer.status == 429 else Answer(answer.status, {})


class Fleet:
    """Processes that share a tenant, each of which calls all the time."""

    def __init__(self, shared: Shared, server: SimulatedXero, app: str, seed: int, **options: Any) -> None:
        self.server, self.app = server, app
        self.wires = [Wire(Random(seed * 100 + number)) for number in range(REPLICAS)]
        self.limiters = [shared.limiter(app=app, wire=wire, **options) for wire in self.wires]
        self.failures = 0
        self._is_over = False
        self._tasks = [asyncio.create_task(self._work(limiter)) for limiter in self.limiters for _ in range(3)]

    async def _work(self, limiter: RedisLimits) -> None:
        while not self._is_over:
            try:
                await call(limiter, self.server)
            except LimitsUnavailable:
                self.failures += 1
                await asyncio.sleep(1)

    async def stop(self) -> None:
        """End all calls."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, is_cut: bool) -> None:
        """Cut all of them off, or none."""
        for wire in self.wires:
            wire.is_cut = is_cut


def forget(url: str, app: str) -> None:
    """Delete all that a server knows of an app."""
    with plain_client(url) as client:
        for key in client.scan_iter(f"xero_async:{{{app}}}:*"):
            client.delete(key)


@every_convention
def test_a_server_that_comes_and_goes_lets_nothing_through(shared_server: str, style: Style, stamp: Stamp) -> None:
    """Four replicas go over to their parts and come back, at random, and are never refused; both ways work is done."""
    for seed in SEEDS:
        shared, random, served = Shared(shared_server), Random(seed), Counter[bool]()
        server = SimulatedXero(style=style, stamp=stamp, seed=seed, latency=any_latency)
        shared.run(_comes_and_goes(shared, server, f"comes-{style}-{stamp}-{seed}", random, served))
        assert not server.refused, f"seed {seed}"
        assert min(served[False], served[True]) > 60


async def _comes_and_goes(
    shared: Shared, server: SimulatedXero, app: str, random: Random, served: Counter[bool]
) -> None:
    fleet = Fleet(shared, server, app, random.randrange(1000), replicas=REPLICAS)
    for seconds in random.sample([(3, 70), (70, 200), (200, 3), (3, 3)], 4):
        for is_cut in (False, True):
            before = server.served["t"]
            fleet.cut(is_cut)
            await asyncio.sleep(seconds[is_cut])
            served[is_cut] += server.served["t"] - before
    await fleet.stop()


def test_what_was_done_alone_is_told_before_anything_goes(shared_server: str) -> None:
    """When the server is back, the calls that each process has just made by itself count for all of them."""

    async def main(seed: int) -> int:
        server = Silent(style="rolling", seed=seed, latency=lambda random: random.uniform(0.005, 0.02))
        fleet = Fleet(shared, server, f"alone-{seed}", seed, replicas=REPLICAS)
        await asyncio.sleep(5)
        fleet.cut(True)
        await asyncio.sleep(125)
        assert server.served["t"] == 60 + 60 + 60, "in common, alone, and a minute later alone again"
        fleet.wires[0].is_cut = False
        await asyncio.sleep(2)
        fleet.cut(False)
        await asyncio.sleep(200)
        await fleet.stop()
        assert not server.refused, f"seed {seed}"
        return server.served["t"]

    for seed in SEEDS:
        shared = Shared(shared_server)
        assert shared.run(main(seed)) >= 240


def test_processes_that_are_cut_off_one_by_one_never_hold_too_many_slots(shared_server: str) -> None:
    """Whoever is cut off and whoever is not, no more than five calls of the tenant are in flight."""

    async def main(seed: int) -> int:
        server = Silent(seed=seed, latency=long_latency, minute=10**6)
        most, random = 0, Random(seed)
        fleet = Fleet(shared, server, f"one-by-one-{seed}", seed, replicas=REPLICAS)
        for _ in range(30 if LONG else 15):
            await asyncio.sleep(random.random() * 300)
            for wire in random.sample(fleet.wires, 2):
                wire.is_cut = random.random() < 0.3
            most = max(most, server.in_flight["t"])
        await fleet.stop()
        assert not server.refused
        return most

    for seed in SEEDS:
        shared = Shared(shared_server)
        assert shared.run(main(seed)) <= 5


@every_convention
@pytest.mark.parametrize("lost", ["flushed", "restored"])
def test_counts_that_were_lost(shared_server: str, lost: str, style: Style, stamp: Stamp) -> None:
    """A flush, or the return of an old copy, stops all calls for a minute, and none is refused; then all goes on."""

    async def main(seed: int) -> float:
        server = Silent(style=style, stamp=stamp, seed=seed, latency=any_latency)
        app = f"lost-{lost}-{style}-{stamp}-{seed}"
        fleet = Fleet(shared, server, app, seed)
        random = Random(seed)
        await asyncio.sleep(random.random() * 20)
        with plain_client(shared_server) as client:
            old: dict[bytes, bytes] = {key: client.dump(key) for key in client.scan_iter(f"xero_async:{{{app}}}:*")}
            await asyncio.sleep(30 + random.random() * 60)
            forget(shared_server, app)
            for key, value in old.items() if lost == "restored" else ():
                client.restore(key, 0, value)
        began = now()
        await asyncio.sleep(200)
        await fleet.stop()
        assert not server.refused, f"seed {seed}"
        assert not fleet.failures
        later = [at - began for at, _ in server.served_at if at > began + 11]
        assert len(later) > 60
        return later[0]

    for seed in SEEDS:
        shared = Shared(shared_server)
        assert 55 < shared.run(main(seed)) < 75


def test_answers_that_are_lost_leak_no_slot(shared_server: str) -> None:
    """Where every third answer of the server is lost, calls fail but nothing is counted wrongly for long."""

    async def main(seed: int) -> None:
        server = SimulatedXero(seed=seed, latency=any_latency)
        fleet = Fleet(shared, server, f"answers-{seed}", seed)
        for wire in fleet.wires:
            wire.loses = 0.3
        await asyncio.sleep(150)
        assert fleet.failures > 5
        for wire in fleet.wires:
            wire.loses = 0.0
        await asyncio.sleep(150)
        await fleet.stop()
        assert not server.refused, f"seed {seed}"
        assert server.served["t"] > 150
        for limiter in fleet.limiters:
            await limiter.settle()
        turns = [await fleet.limiters[0].acquire("u") for _ in range(1)]
        assert fleet.limiters[0].remaining("u").in_flight == 1
        turns[0].release()
        await asyncio.sleep(61)
        # Were a slot lost, the five would not be had at once.
        turns = [await asyncio.wait_for(fleet.limiters[0].acquire("t"), 0.1) for _ in range(5)]
        for turn in turns:
            turn.release()

    for seed in SEEDS:
        shared = Shared(shared_server)
        shared.run(main(seed))


def test_fail_closed_and_back(shared_server: str) -> None:
    """Without replicas, who waits and who asks gets a clear error while the server is away; then calls go on."""
    shared = Shared(shared_server)

    async def main() -> None:
        wire = Wire()
        limiter = shared.limiter(wire=wire)
        await met(limiter, "t")
        flying = [await limiter.acquire("t") for _ in range(5)]
        waiting = [asyncio.create_task(limiter.acquire("t")) for _ in range(3)]
        await asyncio.sleep(0.5)
        wire.is_cut = True
        with pytest.raises(LimitsUnavailable, match="nothing was sent"):
            await limiter.acquire("t")
        for task in waiting:
            with pytest.raises(LimitsUnavailable):
                await task
        for turn in flying:
            turn.release()
        await asyncio.sleep(20)
        wire.is_cut = False
        await asyncio.sleep(1.5)
        assert limiter.remaining("t").in_flight == 0
        assert await answered(limiter) == now()

    shared.run(main())


# -- a real server, stopped, hung and started anew --------------------------------------------------------------------


class Server:
    """A Redis that a test may stop and start."""

    def __init__(self, folder: str) -> None:
        self._port, self._folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._path = program("redis-server", "valkey-server")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with nothing in it."""
        command = [self._path, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with plain_client(self.url) as client:
            for _ in range(500):
                with suppress(RedisError):
                    client.ping()
                    return
                sleep(0.02)
        raise TimeoutError("the server does not listen")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def servers() -> Generator[Server]:
    """A server that is stopped in the end."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            yield server
        finally:
            server.stop()


async def test_a_server_that_hangs_fails_in_time() -> None:
    """A server that takes connections and never answers costs its timeout, not the call's; then it goes on."""
    with servers() as server:
        server.start()
        async with RedisLimits(server.url, timeout=0.3) as limiter:
            (await limiter.acquire("t")).release()
            await limiter.settle()
            server.signal(signal.SIGSTOP)
            began = monotonic()
            with pytest.raises(LimitsUnavailable):
                await limiter.acquire("t")
            assert 0.25 < monotonic() - began < 2
            server.signal(signal.SIGCONT)
            (await limiter.acquire("t")).release()
            await limiter.settle()
            assert limiter.remaining("t").in_flight == 0


async def test_a_client_that_fails_in_its_own_way_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no Redis client should raise fails the call at once, and costs neither a slot nor what was to be told."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # which would log it

    async def fail(*arguments: object) -> None:
        raise TypeError("an option that nobody knows")

    with servers() as server:
        server.start()
        async with RedisLimits(server.url) as limiter, asyncio.timeout(20):
            turn = await limiter.acquire("t")
            with monkeypatch.context() as broken:
                broken.setattr(Link, "run", fail)
                turn.release()
                with pytest.raises(LimitsUnavailable, match="TypeError"):
                    await limiter.acquire("t")
            (await limiter.acquire("t")).release()
            await limiter.settle()
            assert limiter.remaining("t").in_flight == 0


async def test_a_cluster_that_is_away_is_told_at_once() -> None:
    """Its client has an error of its own, which is no other Redis error."""
    client: Any = RedisCluster.from_url(f"redis://127.0.0.1:{free_port()}")  # has what is needed of a client
    async with RedisLimits(client) as limiter, asyncio.timeout(20):
        with pytest.raises(LimitsUnavailable, match="RedisClusterException"):
            await limiter.acquire("t")
    await client.aclose()


async def test_a_server_that_restarts_with_nothing_is_waited_for() -> None:
    """A server that was stopped fails closed; started anew with nothing in it, it lets calls go after a minute."""
    with servers() as server:
        server.start()
        async with RedisLimits(server.url, Limits(window=0.8), timeout=1) as limiter:
            turn = await limiter.acquire("t")
            server.stop()
            with pytest.raises(LimitsUnavailable):
                await limiter.acquire("t")
            turn.release()
            server.start()
            began = monotonic()
            (await limiter.acquire("t")).release()
            assert 0.7 < monotonic() - began < 10


async def test_a_server_that_stops_leaves_each_its_part() -> None:
    """With replicas, calls go on while the server is stopped, after a minute and in a part of it; and come back."""
    with servers() as server:
        server.start()
        limits = Limits(window=0.5)
        async with RedisLimits(server.url, limits, timeout=0.3, replicas=4) as limiter:
            (await limiter.acquire("t")).release()
            server.stop()
            began = monotonic()
            for _ in range(16):
                (await limiter.acquire("t")).release()
            took = monotonic() - began
            assert took > 1, "nothing for a minute, 15 calls in it, and nothing more for another"
            server.start()
            until = monotonic() + 20
            while limiter.remaining("t").app_minute <= 2_500:
                (await limiter.acquire("t")).release()
                assert monotonic() < until
                await asyncio.sleep(0.05)
