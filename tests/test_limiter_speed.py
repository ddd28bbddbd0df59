"""What a turn costs. The bounds leave room for a busy machine."""

from __future__ import annotations

import asyncio
import gc
import sys
from statistics import median
from time import perf_counter

import pytest

from xero_async.pacing import Limiter, Limits, Turn

pytestmark = pytest.mark.skipif(sys.gettrace() is not None, reason="a traced run says nothing of speed")

PLENTY = Limits(concurrent=1, minute=10**9, day=10**9, app_minute=10**9)


async def test_a_turn_that_is_free_costs_microseconds() -> None:
    """Acquiring and releasing a turn that nobody contends costs at most 5 µs, in the best of many rounds."""
    limiter = Limiter(PLENTY)
    rounds: list[float] = []
    for _ in range(50):
        begun = perf_counter()
        for _ in range(200):
            (await limiter.acquire("t")).release()
        rounds.append((perf_counter() - begun) / 200)
    assert min(rounds) <= 5e-6


async def cost_of_a_grant(waiters: int) -> float:
    """Return the seconds from a release to the moment at which the next of so many waiters goes on."""
    limiter = Limiter(PLENTY)
    turns: asyncio.Queue[Turn] = asyncio.Queue()

    async def wait() -> None:
        turns.put_nowait(await limiter.acquire("t"))

    held = await limiter.acquire("t")
    tasks = [asyncio.create_task(wait()) for _ in range(waiters)]
    await asyncio.sleep(0)
    gc.collect()
    costs: list[float] = []
    for _ in range(waiters if waiters < 1_000 else 1_000):
        begun = perf_counter()
        held.release()
        held = await turns.get()
        costs.append(perf_counter() - begun)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return median(costs)


async def test_a_grant_costs_the_same_however_many_wait() -> None:
    """Handing a turn on costs with 100,000 waiters at most three times what it costs with 100."""
    few = min([await cost_of_a_grant(100) for _ in range(3)])
    assert await cost_of_a_grant(100_000) <= 3 * few
