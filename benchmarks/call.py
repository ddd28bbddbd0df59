"""CPU of a call: through the session, beside bare aiohttp, httpx and requests with the same decoder.

    python -m benchmarks.call [--profile]

A server in a process of its own answers every call with a page of invoices; what counts is the CPU time of the
client's process, its threads included, and not the clock on the wall. Both are kept to one core, since they take turns
anyway: otherwise each call would wake up the other core, or not. Each call asks for another page, as calls do.
Of the blocks of calls in a process the best is taken, of the processes the median. `--profile` prints where the time
of a small call through the session goes.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from itertools import count
from typing import Any

import aiohttp

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.serving import page_server, pin
from xero_async import Limits, StaticToken, Xero, models
from xero_async.wire import decode

BLOCKS = 12
NO_LIMITS = Limits(concurrent=1000, minute=1_000_000, day=100_000_000, app_minute=1_000_000_000)
TENANT = "1a2b3c4d-0000-4000-8000-000000000000"
HEADERS = {"Authorization": "Bearer token", "Xero-Tenant-Id": TENANT, "Accept": "application/json"}

PAGES = count(1)
"""The number of the page that is asked for next."""


def _path(size: int) -> str:
    return f"/api.xro/2.0/Invoices?page={next(PAGES)}&pageSize={size}"


def _read(body: bytes) -> int:
    return len(decode(models.Invoices, body).invoices or ())


async def through_session(base_url: str, size: int, calls: int) -> Told:
    """Calls as a user of this package makes them."""
    async with Xero(StaticToken("token"), base_url=base_url, limits=NO_LIMITS) as xero:
        tenant = xero.tenant(TENANT)

        async def call() -> int:
            return len(await tenant.invoices.list(page=next(PAGES), page_size=size))

        return await _timed(call, size, calls)


async def by_aiohttp(base_url: str, size: int, calls: int) -> Told:
    """Calls with no more than aiohttp's session."""
    async with aiohttp.ClientSession() as http:

        async def call() -> int:
            async with http.get(base_url + _path(size), headers=HEADERS) as response:
                return _read(await response.read())

        return await _timed(call, size, calls)


async def by_httpx(base_url: str, size: int, calls: int) -> Told:
    """Calls with httpx's asynchronous client."""
    httpx: Any = import_module("httpx")  # Any: not installed where types are checked
    async with httpx.AsyncClient(headers=HEADERS) as http:

        async def call() -> int:
            return _read((await http.get(base_url + _path(size))).content)

        return await _timed(call, size, calls)


async def by_requests(base_url: str, size: int, calls: int) -> Told:
    """Calls with a session of requests, which blocks."""
    requests: Any = import_module("requests")  # Any: as above
    with requests.Session() as http:
        http.headers.update(HEADERS)

        async def call() -> int:
            return _read(http.get(base_url + _path(size)).content)

        return await _timed(call, size, calls)


async def _timed(call: Callable[[], Awaitable[int]], size: int, calls: int) -> Told:
    """CPU seconds of a call, of the best block."""
    best = float("inf")
    for block in range(BLOCKS + 1):
        start = time.process_time()
        for _ in range(calls):
            assert await call() == size
        if block:  # the first one imports, connects and fills the caches
            best = min(best, (time.process_time() - start) / calls)
    return Told({"cpu": best})


Way = Callable[[str, int, int], Awaitable[Told]]


def _measured(way: Way, size: int, setting: Setting) -> Told:
    pin()

    async def run() -> Told:
        return await way(setting.at, size, setting.size)

    return asyncio.run(run())


WAYS: tuple[tuple[str, Way, tuple[str, ...]], ...] = (
    ("xero_async", through_session, ()),
    ("aiohttp", by_aiohttp, ()),
    ("httpx", by_httpx, ("httpx",)),
    ("requests", by_requests, ("requests",)),
)


def _case(name: str, size: int, full: Size, quick: Size) -> Case:
    def stage(calls: int) -> AbstractContextManager[str]:
        return page_server()

    contestants = (Contestant(label, partial(_measured, way, size), needs) for label, way, needs in WAYS)
    return Case(name, tuple(contestants), full, quick, stage)


CASES = [
    _case("call", 1, Size(200, 7), Size(60, 2)),
    _case("call of 100", 100, Size(20, 7), Size(10, 2)),
]


def profile() -> None:
    """Print where the time of small calls goes."""
    with page_server() as base_url:
        profiler = cProfile.Profile()
        profiler.enable()
        asyncio.run(_profiled(base_url))
        profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


async def _profiled(base_url: str) -> None:
    await through_session(base_url, 1, 300)


if __name__ == "__main__":
    if "--profile" in sys.argv:
        profile()
    else:
        from benchmarks.alone import main

        main(CASES)
