"""Many processes and one set of limits: a judge who knows nothing of limiters looks at when their calls took place."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from servers import redis_server

from xero_async.pacing.shared import RedisLimits

HERE = Path(__file__).parent
PROCESSES = 8
WINDOW = float(os.environ.get("XERO_ASYNC_SHARED", "2"))
"""Seconds of a minute; `nox -s shared` has real ones."""
LATENCY = WINDOW / 200

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills as POSIX has them")

Calls = list[tuple[float, float]]


@asynccontextmanager
async def process(mode: str, *arguments: object) -> AsyncGenerator[Process]:
    """A process of `shared_process.py`."""
    command = [str(HERE / "shared_process.py"), mode, *map(str, arguments)]
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def called(url: str, seconds: float, skews: list[float]) -> list[Calls]:
    """What processes have called in so many seconds, each with its own skew of the clock."""
    async with process("call", url, WINDOW, LATENCY, seconds, *skews) as parent:
        output, _ = await parent.communicate()
    return [[(began, ended) for began, ended in share] for share in json.loads(output)]


def most_in_flight(calls: Calls) -> int:
    """The most calls that were in flight at one moment."""
    changes = sorted([(ended, -1) for _, ended in calls] + [(began, 1) for began, _ in calls])
    most = flying = 0
    for _, change in changes:
        flying += change
        most = max(most, flying)
    return most


def most_in_a_window(calls: Calls, window: float) -> int:
    """The most calls that any window may have held, wherever in a call Xero counts it.

    Among the calls that a window holds let one be the last to have begun. The others were then in flight, or had ended
    less than a window before. A fixed window is one of those that roll.
    """
    ends = sorted(ended for _, ended in calls)
    return max(number + 1 - bisect_right(ends, began - window) for number, (began, _) in enumerate(sorted(calls)))


def fairness(shares: list[int]) -> float:
    """Jain's index: 1 where all have the same, 1/n where one has all."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


# Clocks that are off show all that true ones do, so that those wait for the long run.
@pytest.mark.parametrize("skewed", [True] if WINDOW < 60 else [True, False])
async def test_eight_processes_share_a_tenant(skewed: bool) -> None:
    """Eight processes never exceed 60 in any window nor 5 in flight, use nearly all of it, and fairly, at any clock."""
    skews = [(number % 3 - 1) * 2.0 * skewed for number in range(PROCESSES)]
    with redis_server() as url:
        shares = await called(url, 3.5 * WINDOW, skews)
    calls = [call for share in shares for call in share]
    assert most_in_flight(calls) <= 5
    assert most_in_a_window(calls, WINDOW) <= 60
    assert fairness([len(share) for share in shares]) >= 0.95
    # Four windows have begun. A busy machine may be late for a short one; for a real minute it must not be.
    assert len(calls) >= 4 * 60 * (0.97 if WINDOW >= 60 else 0.7)


async def test_a_killed_process_gives_its_slots_back() -> None:
    """When the process that holds all five slots is killed, another has one within the life of a lease and 0.5 s."""
    lease = 1.5
    with redis_server() as url:
        async with process("hold", url, 60, lease) as holder, RedisLimits(url, lease=lease) as limiter:
            assert holder.stdout is not None
            assert await holder.stdout.readline() == b"held\n"
            waiting = asyncio.create_task(limiter.acquire("t"))
            await asyncio.sleep(lease * 1.5)
            assert not waiting.done(), "a living process keeps its slots, however long it holds them"
            holder.kill()
            killed = monotonic()
            turns = [await waiting, *[await limiter.acquire("t") for _ in range(4)]]
            assert lease / 2 < monotonic() - killed < lease + 0.5
            for turn in turns:
                turn.release()
