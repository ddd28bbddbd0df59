"""Limits that several processes share through a Redis: what a turn costs, and who keeps to the limit.

    python -m benchmarks.shared [--quick]

Needs redis-server or valkey-server, which it starts on loopback. Every limiter is used as its own documents show.

"shared turn": one process takes turn after turn, with limits so wide that nobody waits. Told are the seconds and this
process's CPU for a turn.

"shared window": four processes of eight coroutines have 180 calls to make, with 60 allowed in any minute, which has
20 seconds here, or 3. Each process makes one call, has nothing to do for most of a minute, and then has much, as
programs are. A sandbox that allows all notes when each call came and how long it took: what counts is the most calls
that came within any minute, and the most that were in flight. Xero allows 5 in flight; of these limiters only
xero_async's knows of that, and the documents of the others add nothing for it. `share` is how near to the best possible
time all were done, for those that keep to the limits. The contestants run at the same time, each with servers of its
own, since they mostly wait.

- limits: the moving window, asked again when its window stats say so; and its fixed window.
- pyrate-limiter: `RedisBucket`, which waits by itself.
- aiolimiter: `AsyncLimiter(60, ...)` in each process, which is what there is without sharing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter
from msgspec import Struct

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.figures import best_end, most_at_once, most_within
from benchmarks.peers import Address
from benchmarks.serving import REDIS, Options, redis_server, sandbox_server
from xero_async import Limits
from xero_async.pacing.shared import RedisLimits

MINUTE, SLOTS = 60, 5
PROCESSES, COROUTINES, CALLS = 4, 8, 45
"""Calls are those of one process."""
PAUSE, LATENCY = 0.8, 0.2 / 60
"""In minutes: how long nothing is to do after the first call, and how long a call takes at least."""
WIDE = 10_000_000
FREE = Limits(concurrent=1000, minute=WIDE, day=WIDE, app_minute=WIDE)

Turn = Callable[[], AbstractAsyncContextManager[object]]
"""What is entered for the length of a call."""


def _waiting(wait: Callable[[], Awaitable[object]]) -> Turn:
    """A turn of a limiter that only waits."""

    @asynccontextmanager
    async def turn() -> AsyncGenerator[None]:
        await wait()
        yield

    return turn


@asynccontextmanager
async def by_ours(redis: str, minute: int, window: float) -> AsyncGenerator[Turn]:
    """`RedisLimits`, by itself."""
    async with RedisLimits(redis, Limits(window=window) if minute == MINUTE else FREE) as pacer:

        @asynccontextmanager
        async def turn() -> AsyncGenerator[None]:
            taken = await pacer.acquire("tenant")
            try:
                yield
            finally:
                taken.release()

        yield turn


@asynccontextmanager
async def by_limits(strategy: str, redis: str, minute: int, window: float) -> AsyncGenerator[Turn]:
    """A strategy of `limits`."""
    # Any: not installed where types are checked
    strategies: Any = import_module("limits.aio.strategies")
    storage: Any = import_module("limits.aio.storage").RedisStorage(f"async+{redis}", implementation="redispy")
    item: Any = import_module("limits").RateLimitItemPerSecond(minute, int(window))
    limiter: Any = getattr(strategies, strategy)(storage)

    async def wait() -> None:
        while not await limiter.hit(item, "tenant"):
            stats = await limiter.get_window_stats(item, "tenant")
            await asyncio.sleep(max(0.001, stats.reset_time - time.time()))

    yield _waiting(wait)


@asynccontextmanager
async def by_pyrate(redis: str, minute: int, window: float) -> AsyncGenerator[Turn]:
    """pyrate-limiter's bucket in Redis."""
    # Any: not installed where types are checked
    pyrate: Any = import_module("pyrate_limiter")
    client: Any = import_module("redis.asyncio").Redis.from_url(redis)
    bucket = await pyrate.RedisBucket.init([pyrate.Rate(minute, int(window * 1000))], client, "tenant")
    with pyrate.Limiter(bucket) as limiter:
        yield _waiting(lambda: limiter.try_acquire_async("tenant"))
    await client.aclose()


@asynccontextmanager
async def by_aiolimiter(redis: str, minute: int, window: float) -> AsyncGenerator[Turn]:
    """A bucket in each process."""
    yield lambda: AsyncLimiter(minute, window)


LIMITERS: dict[str, Callable[[str, int, float], AbstractAsyncContextManager[Turn]]] = {
    "xero_async": by_ours,
    "limits, moving window": partial(by_limits, "MovingWindowRateLimiter"),
    "limits, fixed window": partial(by_limits, "FixedWindowRateLimiter"),
    "pyrate-limiter": by_pyrate,
    "aiolimiter, each its own": by_aiolimiter,
}
NEEDS = {"limits, moving window": "limits", "limits, fixed window": "limits", "pyrate-limiter": "pyrate-limiter"}

# ---------------------------------------------------------------------------------------------- what a turn costs


def _turns(name: str, setting: Setting) -> Told:
    _flush(setting.at)
    return asyncio.run(_timed(name, setting))


async def _timed(name: str, setting: Setting) -> Told:
    async with LIMITERS[name](setting.at, WIDE, 60.0) as turn:
        best: dict[str, float] = {}
        for block in range(6):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(setting.size):
                async with turn():
                    pass
            taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
            if block:  # the first one connects and loads scripts
                best = {key: min(best.get(key, each), each) for key, each in taken.items()}
    return Told({key: each / setting.size for key, each in best.items()})


# ------------------------------------------------------------------------------------------------- who keeps to it


class Job(Struct, frozen=True):
    """What one of the processes has to do."""

    limiter: str
    redis: str
    url: str
    token: str
    tenant: str
    window: float


async def work(job: Job) -> None:
    """Make the calls of one process, from the moment at which a line comes."""
    headers = {"Authorization": f"Bearer {job.token}", "Xero-Tenant-Id": job.tenant, "Accept": "application/json"}
    limiter = LIMITERS[job.limiter](job.redis, MINUTE, job.window)
    async with limiter as turn, aiohttp.ClientSession(headers=headers) as http:

        async def call() -> None:
            async with turn(), http.get(f"{job.url}/api.xro/2.0/Organisation") as answer:
                assert answer.status == 200, answer.status
                await answer.read()

        async def call_all() -> None:
            for _ in numbers:
                await call()

        print("ready", flush=True)
        sys.stdin.readline()
        await call()
        await asyncio.sleep(PAUSE * job.window)
        numbers = iter(range(CALLS - 1))
        await asyncio.gather(*(call_all() for _ in range(COROUTINES)))


def _together(name: str, setting: Setting) -> Told:
    window = float(setting.size)
    with redis_server() as redis, sandbox_server(Options(latency=LATENCY * window, log_size=10_000)) as line:
        address = Address.of(line)
        token = str(address.token()["access_token"])
        took = _worked(Job(name, redis, address.base_url, token, address.tenants[0], window))
        calls = [each for each in address.told("log")["entries"] if each["operation"] == "getOrganisations"]
    began = [float(each["at"]) for each in calls]
    ended = [float(each["at"] + each["took"]) for each in calls]
    assert len(calls) == PROCESSES * CALLS
    first = min(began)
    ready = [0.0] * PROCESSES + [PAUSE * window] * (PROCESSES * (CALLS - 1))
    optimum = best_end(ready, limit=MINUTE, window=window, slots=SLOTS, latency=LATENCY * window)
    figures = {
        "in window": float(most_within(began, window)),
        "in flight": float(most_at_once(began, ended)),
        "share": optimum / took,
    }
    return Told(figures, {"answered": sorted(round((each - first) / window, 4) for each in began)})


def _worked(job: Job) -> float:
    """Seconds in which all processes have done their calls."""
    command = [sys.executable, "-m", "benchmarks.shared", msgspec.json.encode(job).decode()]
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    return time.perf_counter() - start


def _flush(redis: str) -> None:
    """Have the server forget whoever was there before."""
    client: Any = import_module("redis").Redis.from_url(redis)
    client.flushall()
    client.close()


def _stage(size: int) -> AbstractContextManager[str]:
    return redis_server()


def _contestants(measure: Callable[[str, Setting], Told], *leave: str) -> tuple[Contestant, ...]:
    return tuple(
        Contestant(name, partial(measure, name), ("redis", *filter(None, [NEEDS.get(name)])))
        for name in LIMITERS
        if name not in leave
    )


CASES = [
    Case("shared turn", _contestants(_turns, "aiolimiter, each its own"), Size(500, 7), Size(300, 3), _stage, REDIS),
    Case("shared window", _contestants(_together), Size(20, 1), Size(3, 1), programs=REDIS, together=True),
]

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("{"):
        asyncio.run(work(msgspec.json.decode(sys.argv[1], type=Job)))
    else:
        from benchmarks.alone import main

        main(CASES)
