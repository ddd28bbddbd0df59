"""Calls through a proxy that breaks the connection at each byte of their requests and answers in turn.

    python tests/cut_sweep.py [--step 1]

A read, a write with a key and a DELETE are each made once for every place and manner of the break; then the audit of
the fault run compares what the client said with what the sandbox holds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from cutting_proxy import Cut, Exchange
from fault_audit import audit
from fault_deeds import Deed, add_note, delete_item, read_invoices
from fault_stage import Stage, staged
from leaping import leap

from xero_async import OutcomeUnknown
from xero_async.sandbox import SandboxLimits

__all__ = ["DEEDS", "sweep"]

DEEDS: dict[str, Deed] = {"GET": read_invoices, "PUT": add_note, "DELETE": delete_item}
SIDES: tuple[Literal["request", "answer"], ...] = ("request", "answer")


def places(sizes: dict[str, int], step: int) -> Iterator[Cut]:
    """Every place and manner of a break, or each `step`-th, and always those around the ends of the message."""
    for of in SIDES:
        size = sizes[of]
        for at in sorted({*range(0, size, step), 1, size - 1, size}):
            # By turns where some are left out.
            for how in ("fin", "rst") if step == 1 or at >= size - 1 else ("fin",) if at // step % 2 else ("rst",):
                yield Cut(of=of, at=at, how="fin" if how == "fin" else "rst")
        for at in (0, 1, size // 2, size - 1):
            yield Cut(of=of, at=at, how="stall", seconds=5.0)
            yield Cut(of=of, at=at, how="stall", seconds=500.0)
        yield Cut(of=of, at=size - 40, how="dribble", seconds=1.0)


async def sweep(method: str, step: int) -> tuple[list[str], Counter[str]]:
    """Make the call of a method once for each place; return what is wrong, and how the calls ended."""
    # More calls than Xero's day has.
    async with staged(SandboxLimits(day=1_000_000)) as stage:
        doer = stage.doer(stage.sandbox.tenants[0])
        await DEEDS[method](doer)
        whole = next(exchange for exchange in stage.proxy.seen if exchange.method == method)
        sizes = {"request": whole.request_bytes, "answer": whole.answer_bytes}
        wrong: list[str] = []
        for cut in places(sizes, step):
            await _once(stage, method, cut)
            error = stage.book.calls[-1].error
            # What a key or a repetition can settle is settled, by everyday settings, after a single break.
            if error is not None and not (method == "DELETE" and isinstance(error, OutcomeUnknown)):
                wrong.append(f"{method} with {cut} ended in {error!r}")
            if method == "DELETE" and error is None and not _may_succeed(cut, sizes):
                wrong.append(f"{method} with {cut} is said to be done")
        ends = Counter("done" if call.error is None else type(call.error).__name__ for call in stage.book.calls)
        return wrong + audit(stage.run()).faults, ends


async def _once(stage: Stage, method: str, cut: Cut) -> None:
    left = [cut]

    def plan(exchange: Exchange) -> Cut | None:
        return left.pop() if left and exchange.method == method else None

    stage.proxy.plan = plan
    await DEEDS[method](stage.doer(stage.sandbox.tenants[0]))


def _may_succeed(cut: Cut, sizes: dict[str, int]) -> bool:
    """Whether the whole answer came, in time, to a call that is sent once."""
    if cut.how == "stall":
        return cut.seconds < 100
    return cut.how == "dribble" or (cut.of == "answer" and cut.at >= sizes["answer"] - 1)


def main(arguments: list[str] | None = None) -> int:
    """Sweep over all three, tell what came of it, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="bytes from one place to the next")
    options = parser.parse_args(arguments)
    found = 0
    for method in DEEDS:
        wrong, ends = leap(sweep(method, options.step))
        print(f"{method}: {dict(ends)}", *wrong, sep="\n  ", flush=True)  # noqa: T201 - a command's output
        found += len(wrong)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
