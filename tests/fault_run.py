"""The fault run: reads and writes of many tenants through everything that can go wrong, and then an audit.

    python tests/fault_run.py --calls 20000 --seeds 100

The calls are shared out over the seeds. Each seed is a sandbox of 50 tenants with limits, faults and a proxy of its
own, and one client with its everyday settings: the clock leaps over all waits. The audit then compares three views
that know nothing of each other: what the client reported, what the proxy saw go by, and what the sandbox holds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter, deque
from typing import Literal

from cutting_proxy import Cut, Exchange
from fault_audit import Run, audit
from fault_deeds import DEEDS, Deed, Doer
from fault_stage import staged
from leaping import leap

from xero_async import DailyLimitReached
from xero_async.sandbox import Fault, SandboxLimits
from xero_async.sandbox.faults import FaultKind

TENANTS = 50
WORKERS = 8
"""Coroutines that call for one tenant at once, more than may be in flight."""
HOWS: list[Literal["fin", "rst", "stall", "dribble"]] = ["fin", "rst", "fin", "rst", "stall", "dribble"]
PAST_THE_END = 1 << 30
DAY_KINDS: dict[FaultKind, int] = {"day": 2}
"""How often a kind strikes at most in one seed: a day that is over takes all of a tenant's calls."""
KINDS: list[FaultKind] = [
    "drop_before", "drop_after", "cut", "500", "502", "503", "504", "html", "slow",
    "minute", "concurrent", "appminute", "day",
]  # fmt: skip


def faults(chance: random.Random) -> list[Fault]:
    """A plan in which everything goes wrong at times, and some things often."""
    rows = [
        Fault(kind=kind, probability=_share(chance), seconds=_seconds(kind, chance), times=DAY_KINDS.get(kind))
        for kind in KINDS
    ]
    return [*rows, Fault(kind="html", status=200, probability=_share(chance))]


def _share(chance: random.Random) -> float:
    return chance.choice((0.005, 0.01, 0.02, 0.08))


def _seconds(kind: FaultKind, chance: random.Random) -> float | None:
    lengths = {"slow": (1.0, 30.0), "minute": (1.0, 100.0), "day": (3600.0, 60_000.0)}
    return round(chance.uniform(*lengths[kind])) if kind in lengths else None


def cuts(chance: random.Random) -> Cut | None:
    """What the proxy does to one request: mostly nothing."""
    if chance.random() > 0.1:
        return None
    of: Literal["request", "answer"] = "request" if chance.random() < 0.5 else "answer"
    how: Literal["fin", "rst", "stall", "dribble"] = chance.choice(HOWS)
    at = chance.choice((0, chance.randrange(1200), PAST_THE_END))
    if of == "request" and at == PAST_THE_END and how in ("fin", "rst"):
        # The server would go on with what its client takes to be over, and no client could then keep its limits.
        of, at = "answer", 0
    return Cut(of=of, at=at, how=how, seconds=chance.choice((5.0, 90.0, 500.0)) if how == "stall" else 0.02)


def limits(chance: random.Random) -> SandboxLimits:
    """Xero's limits, or tighter ones, counted in one of the ways in which Xero may count."""
    return SandboxLimits(
        concurrent=chance.choice((5, 5, 2)),
        minute=chance.choice((60, 60, 15)),
        app_minute=chance.choice((10_000, 300)),
        style=chance.choice(("fixed", "rolling")),
        stamp=chance.choice(("arrival", "completion")),
    )


async def run_seed(seed: int, calls: int) -> Run:
    """Make so many calls, and some more that follow from them, and gather all that is known of them."""
    chance = random.Random(seed)
    random.seed(seed)  # the jitter of the client
    async with staged(limits(chance), tenants=TENANTS, seed=seed) as stage:
        stage.sandbox.inject(faults(chance))

        def plan(exchange: Exchange) -> Cut | None:
            return None if exchange.tenant is None else cuts(chance)

        stage.proxy.plan = plan
        shares = _shares(chance, calls, stage.sandbox.tenants)
        await asyncio.gather(
            *(
                _work(stage.doer(tenant, bulk=worker % 2 > 0), deeds)
                for tenant, deeds in shares.items()
                for worker in range(WORKERS)
            )
        )
        return stage.run(seed)


def _shares(chance: random.Random, calls: int, tenants: list[str]) -> dict[str, deque[Deed]]:
    """What is to be done for each tenant: much for a few, and little for most."""
    shares: dict[str, deque[Deed]] = {tenant: deque() for tenant in tenants}
    for number in range(calls):
        # Each tenant once, and then by lot.
        at = number if number < len(tenants) else int(len(tenants) * chance.random() ** 3)
        shares[tenants[at]].append(chance.choice(DEEDS))
    return shares


async def _work(doer: Doer, deeds: deque[Deed]) -> None:
    while deeds:
        await deeds.popleft()(doer)
        error = doer.book.calls[-1].error
        if isinstance(error, DailyLimitReached) and error.retry_after is not None:
            await asyncio.sleep(error.retry_after)


def main(arguments: list[str] | None = None) -> int:
    """Run it, tell what came of it, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000, help="calls in all")
    parser.add_argument("--seeds", type=int, default=100, help="seeds that share them")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args(arguments)
    began, wrong, totals = time.perf_counter(), 0, Counter[str]()
    for seed in range(options.first, options.first + options.seeds):
        run = leap(run_seed(seed, -(-options.calls // options.seeds)))
        verdict = audit(run)
        totals.update(verdict.figures)
        for fault in verdict.faults:
            wrong += 1
            print(f"seed {seed}: {fault}", flush=True)  # noqa: T201 - a command's output
    print(f"{options.seeds} seeds in {time.perf_counter() - began:.0f} s, {wrong} faults")  # noqa: T201 - likewise
    for name, figure in totals.items():
        print(f"  {name}: {figure:,.0f}")  # noqa: T201 - likewise
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
