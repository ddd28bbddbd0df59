"""Many tenants in one process: what a call costs with 10, 100 and 1,000 of them, and what the app-wide limit takes.

    python -m benchmarks.tenants [--quick]

A server in a process of its own answers at once; told is the CPU of the client's process.

- "n tenants": the same number of calls for small pages, spread over so many tenants, 50 at a time, with limits that
  are kept, but so wide that nobody waits. A flat cost means that the thousandth tenant costs what the tenth did.
- "a minute of the app": as many calls as Xero allows an app in a minute, 10,000 over 1,000 tenants, under Xero's own
  limits. `core` is the part of one core that they take of a minute: with pages of 100 invoices, Xero's default, and
  with pages of one.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from functools import partial
from itertools import count

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.serving import page_server, pin
from xero_async import Limits, StaticToken, Xero

AT_ONCE = 50
APP_MINUTE, MANY, MINUTE = 10_000, 1000, 60.0
WIDE = Limits(minute=100_000, day=10_000_000, app_minute=10_000_000)


async def _called(base_url: str, limits: Limits, tenants: int, calls: int, size: int) -> float:
    """CPU seconds of so many calls, for one tenant after the other, 50 at a time."""
    pin()
    async with Xero(StaticToken("token"), base_url=base_url, limits=limits) as xero:
        reached = [xero.tenant(f"1a2b3c4d-0000-4000-8000-{number:012x}") for number in range(tenants)]
        numbers = count()

        async def work(last: int) -> None:
            while (number := next(numbers)) < last:
                # Nothing is kept: fifty pages held at once would be measured as well.
                assert len(await reached[number % tenants].invoices.list(page=number + 1, page_size=size)) == size

        async def work_all(last: int) -> None:
            await asyncio.gather(*(work(last) for _ in range(AT_ONCE)))

        await work_all(tenants)  # a first call of each: imports, connections, lanes
        numbers = count()
        start = time.process_time()
        await work_all(calls)
        return time.process_time() - start


def _spread(tenants: int, setting: Setting) -> Told:
    spent = asyncio.run(_called(setting.at, WIDE, tenants, setting.size, 1))
    return Told({"cpu": spent / setting.size})


def _minute(size: int, setting: Setting) -> Told:
    calls = setting.size - MANY  # the first calls of all tenants count too, for Xero
    spent = asyncio.run(_called(setting.at, Limits(), MANY, calls, size))
    return Told({"cpu": spent / calls, "core": spent / calls * APP_MINUTE / MINUTE})


def _stage(calls: int) -> AbstractContextManager[str]:
    return page_server()


CASES = [
    Case(
        "tenants",
        tuple(Contestant(f"{tenants:,} tenants", partial(_spread, tenants)) for tenants in (10, 100, 1000)),
        Size(5000, 5),
        Size(2000, 2),
        _stage,
    ),
    Case(
        "a minute of the app",
        tuple(Contestant(f"pages of {size}", partial(_minute, size)) for size in (100, 1)),
        Size(APP_MINUTE, 1),
        Size(APP_MINUTE // 5, 1),
        _stage,
    ),
]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
