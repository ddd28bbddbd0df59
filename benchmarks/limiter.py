"""What the limiter costs: a turn that is free, and a grant beside few and many waiters, in one run.

    python -m benchmarks.limiter

Both sizes take turns in rounds, so that a drifting machine drifts for both; the ratio is that of the medians.
"""

from __future__ import annotations

import asyncio
import gc
from statistics import median
from time import perf_counter

from xero_async.pacing import Limiter, Limits, Turn

PLENTY = Limits(concurrent=1, minute=10**9, day=10**9, app_minute=10**9)
FEW, MANY = 100, 100_000
ROUNDS, GRANTS = 5, 90


async def free_turn() -> float:
    """The median seconds to acquire and release a turn that nobody contends."""
    limiter = Limiter(PLENTY)
    rounds: list[float] = []
    for _ in range(100):
        begun = perf_counter()
        for _ in range(200):
            (await limiter.acquire("t")).release()
        rounds.append((perf_counter() - begun) / 200)
    return median(rounds)


class Line:
    """Waiters for the one slot of a tenant."""

    def __init__(self, waiters: int) -> None:
        self.waiters = waiters
        self.costs: list[float] = []
        self._limiter = Limiter(PLENTY)
        self._turns: asyncio.Queue[Turn] = asyncio.Queue()

    async def _wait(self) -> None:
        self._turns.put_nowait(await self._limiter.acquire("t"))

    async def measure(self) -> None:
        """Time grants, from a release to the moment at which the next waiter goes on."""
        held = await self._limiter.acquire("t")
        tasks = [asyncio.create_task(self._wait()) for _ in range(self.waiters)]
        await asyncio.sleep(0)
        gc.collect()
        gc.disable()
        for _ in range(GRANTS):
            begun = perf_counter()
            held.release()
            held = await self._turns.get()
            self.costs.append(perf_counter() - begun)
        gc.enable()
        held.release()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while not self._turns.empty():
            self._turns.get_nowait().release()


async def main() -> None:
    """Print what was measured."""
    print(f"a turn that is free, acquired and released: {await free_turn() * 1e6:.2f} µs (at most 5 wanted)")
    few, many = Line(FEW), Line(MANY)
    for _ in range(ROUNDS):
        await few.measure()
        await many.measure()
    ratio = median(many.costs) / median(few.costs)
    print(
        f"a grant beside {FEW:,} waiters: {median(few.costs) * 1e6:.1f} µs; beside {MANY:,}: "
        f"{median(many.costs) * 1e6:.1f} µs: {ratio:.2f} times that (at most 3 wanted)"
    )


if __name__ == "__main__":
    asyncio.run(main())
