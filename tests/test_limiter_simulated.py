"""The limiters against a model of Xero that counts in each way that its documents allow: never refused, and fast.

Of the runs with the limiter that processes share, a sample is made; `nox -s shared` makes them all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from statistics import quantiles

import pytest
from pacings import Pacing
from simulated_xero import CONVENTIONS, SimulatedXero, Stamp, Style, call, calls
from virtual import run

from xero_async.pacing import Limiter, Limits
from xero_async.wire.errors import DailyLimitReached

pytestmark = pytest.mark.one_in(9)

every_convention = pytest.mark.parametrize(("style", "stamp"), CONVENTIONS, ids=map("-".join, CONVENTIONS))


def even_latency(random: Random) -> float:
    """Return the same latency for each call."""
    return 0.3


def any_latency(random: Random) -> float:
    """Draw a latency from 0.1 to 10 seconds, the short ones more often."""
    return float(0.1 * 100 ** random.random())


@every_convention
@pytest.mark.parametrize("seeds", [range(50), range(50, 100)], ids=["seeds 0-49", "seeds 50-99"])
def test_nothing_is_refused(pacing: Pacing, style: Style, stamp: Stamp, seeds: range) -> None:
    """Over a hundred seeds, with latencies of 0.1 to 10 s, no call is refused and none is lost."""
    for seed in pacing.some(seeds):
        server = SimulatedXero(style=style, stamp=stamp, seed=seed, latency=any_latency)
        pacing.run(calls(pacing.limiter(), server, 150))
        assert not server.refused, f"seed {seed}"
        assert server.served == {"t": 150}


@every_convention
@pytest.mark.parametrize("bulk", [False, True], ids=["interactive", "bulk"])
@pytest.mark.parametrize("number", [300, 3_000])
def test_speed_is_near_the_best_possible(pacing: Pacing, number: int, bulk: bool, style: Style, stamp: Stamp) -> None:
    """At 0.3 s a call: 0.98 of the best, which is sixty as fast as five at once go, and each next a minute later."""
    server = SimulatedXero(style=style, stamp=stamp)
    ended = pacing.run(calls(pacing.limiter(), server, number, bulk=bulk))
    least = (number // 60 - 1) * 60 + 60 // 5 * 0.3
    assert least / ended >= 0.98
    assert not server.refused


@every_convention
def test_workers_are_as_fast_as_a_crowd(pacing: Pacing, style: Style, stamp: Stamp) -> None:
    """Five workers that each ask when they are ready get through as fast as 300 calls that ask at once."""

    async def main() -> float:
        limiter, server = pacing.limiter(), SimulatedXero(style=style, stamp=stamp)

        async def worker() -> None:
            for _ in range(60):
                await call(limiter, server)

        await asyncio.gather(*(worker() for _ in range(5)))
        return asyncio.get_running_loop().time()

    assert (240 + 3.6) / pacing.run(main()) >= 0.98


def test_tenants_do_not_slow_each_other(pacing: Pacing) -> None:
    """Two hundred calls of each of ten tenants take as long as those of one."""

    async def main() -> list[float]:
        limiter, server = pacing.limiter(), SimulatedXero()
        return await asyncio.gather(*(calls(limiter, server, 200, f"t{number}") for number in range(10)))

    alone = pacing.run(calls(pacing.limiter(), SimulatedXero(), 200))
    assert pacing.run(main()) == pytest.approx([alone] * 10)


@pytest.mark.parametrize(("style", "stamp"), [("fixed", "arrival"), ("rolling", "completion")])
def test_a_thousand_tenants_share_the_apps_minute(style: Style, stamp: Stamp) -> None:
    """A thousand tenants make 30 calls each in 125 s, none refused, each with half to twice its share at any time."""

    async def main() -> tuple[SimulatedXero, list[float]]:
        limiter = Limiter()
        server = SimulatedXero(style=style, stamp=stamp, latency=lambda random: random.uniform(0.1, 0.5))
        ended = await asyncio.gather(*(calls(limiter, server, 30, f"t{number}") for number in range(1_000)))
        return server, ended

    server, ended = run(main())
    assert not server.refused
    assert max(ended) <= 125
    assert max(ended) - min(ended) < 2
    # At no moment is any tenant half of its calls ahead of another.
    progress = Counter({f"t{number}": 0 for number in range(1_000)})
    for number, (_, tenant) in enumerate(server.served_at):
        progress[tenant] += 1
        if number % 500 == 0:
            assert max(progress.values()) - min(progress.values()) <= 15
    for minutes in (1, 2):
        shares = Counter(tenant for at, tenant in server.served_at if at < minutes * 60)
        assert len(shares) == 1_000
        assert min(shares.values()) * 2 > minutes * 10 > max(shares.values()) / 2


@every_convention
@pytest.mark.parametrize("begin", [0, 3, 8, 45, 70, 100, 130])
def test_interactive_beside_bulk(pacing: Pacing, begin: int, style: Style, stamp: Stamp) -> None:
    """Beside 600 bulk calls, 95 of 100 interactive calls, one every 8 s, wait under 1 s, whenever the first comes."""

    async def main() -> tuple[list[float], float]:
        limiter, server = pacing.limiter(), SimulatedXero(style=style, stamp=stamp)
        bulk = asyncio.create_task(calls(limiter, server, 600, bulk=True))
        await asyncio.sleep(begin)
        interactive: list[asyncio.Task[float]] = []
        while not bulk.done():
            interactive.append(asyncio.create_task(call(limiter, server)))
            await asyncio.sleep(8)
        assert not server.refused
        return await asyncio.gather(*interactive), bulk.result()

    waits, ended = pacing.run(main())
    assert len(waits) > 75
    assert quantiles(waits, n=20)[-1] < 1
    assert max(waits) < 25
    assert ended < 600 / 50 * 60.5 + 65


@pytest.mark.parametrize(("number", "cost"), [(60, 0), (120, 0), (420, 0), (540, 40), (600, 40), (3_000, 40)])
def test_what_a_long_run_pays_for_that(pacing: Pacing, number: int, cost: float) -> None:
    """Bulk work that is alone ends as soon as any; a run of eight minutes or more, at most 40 s later, once."""
    alone = pacing.run(calls(pacing.limiter(), SimulatedXero(), number))
    assert pacing.run(calls(pacing.limiter(), SimulatedXero(), number, bulk=True)) <= alone + cost


@every_convention
@pytest.mark.parametrize("ago", [0.0, 5.0, 30.0, 55.0])
@pytest.mark.parametrize("used", [45, 60])
def test_a_restart_is_refused_once_at_most(pacing: Pacing, used: int, ago: float, style: Style, stamp: Stamp) -> None:
    """A process that starts where an earlier one has used 45 or all 60 calls learns it at the price of one refusal."""
    for seed in pacing.some(range(5)):
        server = SimulatedXero(style=style, stamp=stamp, seed=seed)

        async def main(server: SimulatedXero = server) -> float:
            await asyncio.sleep(100)
            server.spend("t", used, ago)
            return await calls(pacing.limiter(), server, 100)

        assert pacing.run(main()) < 100 + 125
        assert server.refused.total() <= (used == 60)


@every_convention
@pytest.mark.parametrize(
    ("each", "server_slots"),
    [(Limits(concurrent=1, reserve=5), 5), (Limits(concurrent=1, reserve=10), 5), (Limits(reserve=20), 20)],
    ids=["1 slot, 5 in reserve", "1 slot, 10 in reserve", "5 slots, 20 in reserve"],
)
def test_processes_unaware_of_each_other(
    pacing: Pacing, each: Limits, server_slots: int, style: Style, stamp: Stamp
) -> None:
    """Four processes that share a tenant and know nothing of each other are not refused, given a reserve."""
    for seed in pacing.some(range(10)):
        latency = any_latency if seed % 2 else even_latency
        server = SimulatedXero(style=style, stamp=stamp, seed=seed, latency=latency, concurrent=server_slots)

        async def process(delay: float, server: SimulatedXero = server) -> float:
            await asyncio.sleep(delay)
            return await calls(pacing.limiter(each), server, 75)

        async def main(seed: int = seed) -> float:
            return max(await asyncio.gather(*(process(number * seed * 0.7) for number in range(4))))

        ended = pacing.run(main())
        assert not server.refused, f"seed {seed}"
        assert ended < 2 * 300 / (60 - each.reserve) * 60


@every_convention
def test_the_last_calls_of_a_day_are_all_used(pacing: Pacing, style: Style, stamp: Stamp) -> None:
    """Of a day's last 23 calls all are made, none is refused, and the next raises at once."""

    async def main() -> tuple[list[float | BaseException], float]:
        limiter = pacing.limiter()
        server.spend("t", 77, 1_000)
        made = await asyncio.gather(*(call(limiter, server) for _ in range(40)), return_exceptions=True)
        return made, asyncio.get_running_loop().time()

    server = SimulatedXero(style=style, stamp=stamp, day=100)
    made, ended = pacing.run(main())
    errors = [result for result in made if isinstance(result, BaseException)]
    assert len(errors) == 17
    assert all(isinstance(error, DailyLimitReached) for error in errors)
    assert server.served == {"t": 23}
    assert not server.refused
    assert ended < 10
