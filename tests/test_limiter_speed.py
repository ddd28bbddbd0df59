"""What a turn costs, in calls of functions rather than in time: `benchmarks/limiter.py` has the clock."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from statistics import median_low
from types import FrameType

import pytest

from xero_async.pacing import Limiter, Limits, Turn

pytestmark = pytest.mark.skipif(
    sys.gettrace() is not None or sys.getprofile() is not None, reason="a traced run counts its tracer as well"
)

PLENTY = Limits(concurrent=1, minute=10**9, day=10**9, app_minute=10**9)


class Counting:
    """Counts the functions that are called, Python's and C's alike, while it is entered."""

    def __init__(self) -> None:
        self.calls = 0

    def _event(self, frame: FrameType, event: str, argument: object) -> None:
        self.calls += event in ("call", "c_call")

    def __enter__(self) -> Counting:
        profile: Callable[[FrameType, str, object], None] = self._event
        sys.setprofile(profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


async def test_a_turn_that_is_free_takes_few_steps() -> None:
    """A turn that nobody contends takes some fifty calls of small functions, however many went before."""
    limiter = Limiter(PLENTY)
    counts: list[int] = []
    for _ in range(3_000):
        with Counting() as counting:
            (await limiter.acquire("t")).release()
        counts.append(counting.calls)
    assert median_low(counts) <= 60
    assert median_low(counts[2_000:]) == median_low(counts[:1_000])


async def steps_of_a_grant(waiters: int) -> int:
    """Return the usual calls of functions from a release to the next waiter's going on, with so many waiting."""
    limiter = Limiter(PLENTY)
    turns: asyncio.Queue[Turn] = asyncio.Queue()

    async def wait() -> None:
        turns.put_nowait(await limiter.acquire("t"))

    held = await limiter.acquire("t")
    tasks = [asyncio.create_task(wait()) for _ in range(waiters)]
    await asyncio.sleep(0)
    counts: list[int] = []
    for _ in range(90):
        with Counting() as counting:
            held.release()
            held = await turns.get()
        counts.append(counting.calls)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return median_low(counts)


async def test_a_grant_takes_the_same_steps_however_many_wait() -> None:
    """Handing a turn on takes no more steps with 20,000 waiters than with 100."""
    assert await steps_of_a_grant(20_000) == await steps_of_a_grant(100)
