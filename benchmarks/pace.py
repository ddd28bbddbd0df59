"""An export under Xero's limits: how near to the best possible time, and how many calls are rejected.

    python -m benchmarks.pace [--quick]

A sandbox that keeps 60 calls a minute, any minute, and 5 in flight, has pages for two minutes and 50 calls more. With
`--quick` its minute has 3 seconds, and everybody's pace and the time that a call takes are shortened alike. The
contestants each have a sandbox of their own and run at the same time, since they mostly wait.

The best possible time lets 60 calls go as fast as 5 at once can, and each further call a minute after the sixtieth
before it; nobody can be quicker without a rejection. `share` is that time over the time taken.

- xero_async: the list, as bulk work, with its limits.
- aiolimiter: aiohttp, a task for each page, `AsyncLimiter(60, 60)` around each call as its readme shows, and five
  at a time. A rejected page is asked for again after `Retry-After`; somebody has to.
- aiometer: the same with `aiometer.run_on_each`, one call a second (60 a minute) and five at most at once.
- xero-python: a loop over the pages. Its urllib3 sleeps `Retry-After` and repeats, three times, by default.

What a quick run cannot shorten: `Retry-After` has whole seconds, and the overhead of a call in both processes stays.
Who waits for the one or is held up by the other looks worse in it, xero_async included.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from importlib import import_module
from typing import Any

import aiohttp
from aiolimiter import AsyncLimiter

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.figures import best_end
from benchmarks.peers import XERO_PYTHON, Address, xero_python
from benchmarks.serving import Options, sandbox_server
from xero_async import ClientCredentials, Limits, Xero
from xero_async.sandbox import SandboxLimits

MINUTE, CONCURRENT = 60, 5
PAGE_SIZE = 10
"""Invoices a page: few, for this is about calls."""
FULL, REST = 2, 50
"""Minutes that are used up, and calls in the last one."""
LATENCY = 0.2 / 60
"""Time of a call at least, in minutes."""


class Job:
    """All pages, in minutes of so many seconds."""

    pages = FULL * MINUTE + REST

    def __init__(self, window: float) -> None:
        self.window = window
        self.latency = LATENCY * window

    @property
    def optimum(self) -> float:
        """Seconds that nobody can do better than."""
        ready = [0.0] * self.pages
        return best_end(ready, limit=MINUTE, window=self.window, slots=CONCURRENT, latency=self.latency)

    @property
    def options(self) -> Options:
        """The sandbox."""
        limits = SandboxLimits(minute=MINUTE, concurrent=CONCURRENT, window=self.window, style="rolling")
        return Options(
            contacts=20, invoices=self.pages * PAGE_SIZE, limits=limits, latency=self.latency, log_size=10_000
        )


Draw = Callable[[Address, Job], Awaitable[None]]


async def by_session(address: Address, job: Job) -> None:
    """Through the session."""
    auth = ClientCredentials(address.client_id, address.client_secret)
    limits = Limits(window=job.window)
    async with Xero(auth, base_url=address.base_url, identity_url=address.identity_url, limits=limits) as xero:
        invoices = xero.tenant(address.tenants[0], bulk=True).invoices.list(page_size=PAGE_SIZE)
        assert len([each async for each in invoices]) == job.pages * PAGE_SIZE


async def by_aiolimiter(address: Address, job: Job) -> None:
    """With aiohttp and a bucket."""
    limiter, slots = AsyncLimiter(MINUTE, job.window), asyncio.Semaphore(CONCURRENT)
    async with _http(address) as http:

        async def draw(page: int) -> None:
            async with slots, limiter:
                await _page(http, address, page)

        await asyncio.gather(*(draw(page + 1) for page in range(job.pages)))


async def by_aiometer(address: Address, job: Job) -> None:
    """With aiohttp and aiometer."""
    aiometer: Any = import_module("aiometer")  # Any: not installed where types are checked
    async with _http(address) as http:
        await aiometer.run_on_each(
            partial(_page, http, address),
            list(range(1, job.pages + 1)),
            max_at_once=CONCURRENT,
            max_per_second=MINUTE / job.window,
        )


async def by_xero_python(address: Address, job: Job) -> None:
    """With Xero's own client and its default retries."""
    official = xero_python(address)
    for page in range(1, job.pages + 1):
        official.accounting.get_invoices(official.tenant, page=page, page_size=PAGE_SIZE)


def _http(address: Address) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    headers = {
        "Authorization": f"Bearer {address.token()['access_token']}",
        "Xero-Tenant-Id": address.tenants[0],
        "Accept": "application/json",
    }
    return aiohttp.ClientSession(headers=headers)


async def _page(http: aiohttp.ClientSession, address: Address, page: int) -> None:
    url = f"{address.base_url}/api.xro/2.0/Invoices?page={page}&pageSize={PAGE_SIZE}"
    while True:
        async with http.get(url) as answer:
            await answer.read()
            if answer.status == 200:
                return
            assert answer.status == 429, answer.status
            wait = float(answer.headers.get("Retry-After", "1"))
        await asyncio.sleep(wait)


def _measured(draw: Draw, setting: Setting) -> Told:
    job = Job(setting.size)
    with sandbox_server(job.options) as line:
        address = Address.of(line)
        cpu, start = time.process_time(), time.perf_counter()
        asyncio.run(_drawn(draw, address, job))
        took, spent = time.perf_counter() - start, time.process_time() - cpu
        entries = [each for each in address.told("log")["entries"] if each["operation"] == "getInvoices"]
    rejected = [each for each in entries if each["status"] == 429]
    first = min(each["at"] for each in entries)
    # In minutes since the first call, so that all runs can be told alike.
    moments = {
        name: [round((each["at"] - first) / job.window, 4) for each in entries if (each["status"] == 429) == bad]
        for name, bad in (("answered", False), ("rejected", True))
    }
    return Told({"share": job.optimum / took, "rejected": float(len(rejected)), "cpu": spent}, moments)


async def _drawn(draw: Draw, address: Address, job: Job) -> None:
    await draw(address, job)


CONTESTANTS = (
    Contestant("xero_async", partial(_measured, by_session)),
    Contestant("aiolimiter", partial(_measured, by_aiolimiter)),
    Contestant("aiometer", partial(_measured, by_aiometer), ("aiometer",)),
    Contestant(XERO_PYTHON, partial(_measured, by_xero_python), (XERO_PYTHON,)),
)

CASES = [Case("export under the limits", CONTESTANTS, Size(60, 1), Size(3, 1), together=True)]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
