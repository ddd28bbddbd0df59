"""A list of all invoices, end to end: from the first request to the last record, as each client's user would draw it.

    python -m benchmarks.listing [--quick]

A sandbox in a process of its own, with no limits, has 20,000 invoices; every contestant asks for pages of one size,
1,000 or Xero's default of 100, and ends up with all records in one list. What is told: seconds on the wall, CPU of the
client's process for a record, and the most memory that it ever held.

- xero_async: `async for` over the list, which draws pages ahead, five at a time.
- xero-python and pyxero: a loop over the pages, one after the other, since that is what they offer.
- A thread pool of five around xero-python: what a user does for whom the loop is too slow.
- "One request at a time" is this package without drawing ahead, for a look at what that is worth.
- aiohttp draws the pages five at a time and decodes nothing: the sandbox is Python too, and needs its time for each
  page, which bounds what any client can reach.

The sandbox compresses pages for clients that take them so, as Xero does: all but xero-python do. Over loopback, where
bytes take no time, that only costs; both the sandbox and this package do it by the library of the extra `[speed]`, so
that the sandbox's part of it does not hide the clients. "xero_async, uncompressed" is given an aiohttp session that
asks for pages as they are, and so does what xero-python does.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any

import aiohttp

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.peers import PYXERO, XERO_PYTHON, Address, pyxero, xero_python
from benchmarks.serving import Options, sandbox_server
from xero_async import ClientCredentials, Limits, Xero

CONCURRENT = 5
"""Xero's limit on calls in flight, which all keep to."""
AS_THEY_ARE = {"Accept-Encoding": "identity"}
NO_LIMITS = Limits(concurrent=CONCURRENT, minute=1_000_000, day=100_000_000, app_minute=1_000_000_000)

Draw = Callable[[Address, int, int], Sequence[object]]
"""Draws so many records in pages of such a size."""


def by_session(compressed: bool, address: Address, count: int, size: int) -> Sequence[object]:
    """Through the session, pages drawn ahead."""

    async def draw() -> Sequence[object]:
        async with AsyncExitStack() as stack:
            http = None if compressed else await stack.enter_async_context(aiohttp.ClientSession(headers=AS_THEY_ARE))
            xero = await stack.enter_async_context(_xero(address, http))
            invoices = xero.tenant(address.tenants[0]).invoices.list(page_size=size)
            return [each async for each in invoices]

    return asyncio.run(draw())


def _xero(address: Address, http: aiohttp.ClientSession | None = None) -> Xero:
    auth = ClientCredentials(address.client_id, address.client_secret)
    return Xero(auth, base_url=address.base_url, identity_url=address.identity_url, limits=NO_LIMITS, http=http)


def one_by_one(address: Address, count: int, size: int) -> Sequence[object]:
    """Through the session, a page after the other."""

    async def draw() -> Sequence[object]:
        async with _xero(address) as xero:
            tenant = xero.tenant(address.tenants[0])
            found = [await tenant.invoices.list(page=page, page_size=size) for page in pages(count, size)]
            return [each for page in found for each in page]

    return asyncio.run(draw())


def by_aiohttp(address: Address, count: int, size: int) -> Sequence[object]:
    """With bare aiohttp, nothing decoded."""
    headers = {
        "Authorization": f"Bearer {address.token()['access_token']}",
        "Xero-Tenant-Id": address.tenants[0],
        "Accept": "application/json",
    }

    async def draw() -> Sequence[object]:
        slots = asyncio.Semaphore(CONCURRENT)
        async with aiohttp.ClientSession(headers=headers) as http:

            async def page(number: int) -> int:
                url = f"{address.base_url}/api.xro/2.0/Invoices?page={number}&pageSize={size}"
                async with slots, http.get(url) as answer:
                    return len(await answer.read())

            assert min(await asyncio.gather(*(page(number) for number in pages(count, size)))) > 0
        return range(count)

    return asyncio.run(draw())


def by_xero_python(address: Address, count: int, size: int) -> Sequence[object]:
    """With Xero's own client, a page after the other."""
    official = xero_python(address)
    found: list[Any] = []  # Any: the records have no types
    for page in pages(count, size):
        found += official.accounting.get_invoices(official.tenant, page=page, page_size=size).invoices
    return found


def by_threads(address: Address, count: int, size: int) -> Sequence[object]:
    """With Xero's own client in a pool of threads."""
    official = xero_python(address, connections=CONCURRENT)

    def draw(page: int) -> list[Any]:
        records: list[Any] = official.accounting.get_invoices(official.tenant, page=page, page_size=size).invoices
        return records

    with ThreadPoolExecutor(CONCURRENT) as pool:
        return [each for records in pool.map(draw, pages(count, size)) for each in records]


def by_pyxero(address: Address, count: int, size: int) -> Sequence[object]:
    """With pyxero, a page after the other."""
    client = pyxero(address)
    found: list[Any] = []
    for page in pages(count, size):
        found += client.invoices.filter(page=page, pageSize=size)
    return found


def pages(count: int, size: int) -> range:
    """The numbers of all pages."""
    return range(1, -(-count // size) + 1)


def _measured(draw: Draw, warm: Draw, size: int, setting: Setting) -> Told:
    address = Address.of(setting.at)
    warm(address, 100, 100)  # one page: imports and first connections are not what is measured
    cpu, start = time.process_time(), time.perf_counter()
    records = draw(address, setting.size, size)
    took, spent = time.perf_counter() - start, time.process_time() - cpu
    assert len(records) == setting.size, len(records)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Told({"wall": took, "cpu": spent / len(records), "peak": float(peak)})


DRAWS: tuple[tuple[str, Draw, Draw, tuple[str, ...]], ...] = (
    ("xero_async", partial(by_session, True), one_by_one, ()),
    ("xero_async, uncompressed", partial(by_session, False), one_by_one, ()),
    ("xero_async, one request at a time", one_by_one, one_by_one, ()),
    ("aiohttp, nothing decoded", by_aiohttp, by_aiohttp, ()),
    (XERO_PYTHON, by_xero_python, by_xero_python, (XERO_PYTHON,)),
    ("xero-python in 5 threads", by_threads, by_threads, (XERO_PYTHON,)),
    (PYXERO, by_pyxero, by_pyxero, (PYXERO,)),
)
"""Each with how it draws no more than one page: a list goes to its end."""


@contextmanager
def _stage(size: int, count: int) -> Generator[str]:
    with sandbox_server(Options(contacts=count // 10, invoices=count)) as line:
        # Once for all: whoever came first would find a sandbox that has made none of its pages yet.
        by_aiohttp(Address.of(line), count, size)
        yield line


def _case(name: str, size: int, rounds: int, quick: int) -> Case:
    contestants = (Contestant(label, partial(_measured, draw, warm, size), needs) for label, draw, warm, needs in DRAWS)
    return Case(name, tuple(contestants), Size(20_000, rounds), Size(4_000, quick), partial(_stage, size))


CASES = [_case("list", 1000, 5, 2), _case("list by 100", 100, 2, 1)]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
