"""Processes that share limits, for tests: they call as fast as they may, or hold turns until they are killed.

    python shared_process.py call URL WINDOW LATENCY SECONDS SKEW...
    python shared_process.py hold URL WINDOW LEASE

`call` forks into a process for each skew, by which all clocks that Python tells it are wrong, and writes when each of
their calls began and ended, on the system's own clock. `hold` takes all turns and writes `held`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import time

from xero_async.pacing import Limits
from xero_async.pacing.shared import RedisLimits

TASKS = 4
PREPARING = 1.0
"""Seconds in which all processes are there."""
right_time, right_monotonic = time.time, time.monotonic

Calls = list[tuple[float, float]]


async def work(limiter: RedisLimits, latency: float, ends: float, calls: Calls) -> None:
    """Call, one after the other."""
    while right_monotonic() < ends:
        turn = await limiter.acquire("t")
        began = right_monotonic()
        try:
            await asyncio.sleep(latency)
            turn.learn(200, {})
        finally:
            calls.append((began, right_monotonic()))
            turn.release()


async def call(url: str, limits: Limits, latency: float, begins: float, ends: float) -> Calls:
    """Let a few tasks call from one moment to another."""
    calls: Calls = []
    async with RedisLimits(url, limits) as limiter:
        await asyncio.sleep(begins - right_monotonic())
        tasks = [asyncio.create_task(work(limiter, latency, ends, calls)) for _ in range(TASKS)]
        await asyncio.wait(tasks, timeout=ends - right_monotonic())
        for task in tasks:
            task.cancel()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end
    return calls


def in_a_process(url: str, limits: Limits, latency: float, begins: float, ends: float, skew: float) -> int:
    """Call in a process of its own; give the end of a pipe from which its calls can be read."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return reading
    if skew:
        time.time = lambda: right_time() + skew
        time.monotonic = lambda: right_monotonic() + skew
    calls = asyncio.run(call(url, limits, latency, begins, ends))
    with os.fdopen(writing, "w") as pipe:
        json.dump(calls, pipe)
    os._exit(0)


async def hold(url: str, limits: Limits, lease: float) -> None:
    """Take all turns, tell, and let go of none."""
    async with RedisLimits(url, limits, lease=lease) as limiter:
        for _ in range(limits.concurrent):
            turn = await limiter.acquire("t")
            turn.learn(200, {})
        sys.stdout.write("held\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)


def main() -> None:
    """Do what the command line says."""
    mode, url, window, number, *numbers = sys.argv[1:]
    limits = Limits(window=float(window))
    if mode == "hold":
        asyncio.run(hold(url, limits, float(number)))
        return
    seconds, *skews = map(float, numbers)
    importlib.import_module("redis.asyncio")  # or each process would import it when its time runs
    begins = right_monotonic() + PREPARING
    pipes = [in_a_process(url, limits, float(number), begins, begins + seconds, skew) for skew in skews]
    shares: list[Calls] = []
    for pipe in pipes:
        with os.fdopen(pipe) as file:
            shares.append(json.load(file))
    sys.stdout.write(json.dumps(shares))


if __name__ == "__main__":
    main()
