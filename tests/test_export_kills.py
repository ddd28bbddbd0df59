"""The real command, killed at random moments with no warning: the same command again loses and doubles nothing.

`XERO_KILLS` is how many kills each sink meets, Parquet too then; unless it is set, two sinks meet 3. `XERO_SEED` makes
their moments come again.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from commands import PATIENCE, environment_of, started
from servers import served

from xero_async.sandbox import Sandbox

KILLS = int(os.environ.get("XERO_KILLS", "3"))
SEED = int(os.environ.get("XERO_SEED", random.randrange(10**6)))
DRAWN_TWICE = 5
"""Pages that a kill may cost at most, for each tenant."""
LONGEST = 0.35
"""Seconds after the first call in which a kill comes: about as long as a whole draw takes."""
TENANTS, INVOICES, PAGE = 2, 400, 10
WHOLE = INVOICES // PAGE + 2
"""Pages of a whole draw of a tenant: one for what changed meanwhile, and one for what did so after the last kill."""
LATENCY = 0.02

Content = Counter[tuple[str, str, Decimal]]
"""Tenant, id and total of every invoice there is, and how often."""


def content_of(sandbox: Sandbox) -> Content:
    """The invoices that a sandbox holds."""
    state = json.loads(sandbox.documents.state(resource="Invoices"), parse_float=Decimal)
    return Content(
        (tenant, one["InvoiceID"], Decimal(one["Total"]))
        for tenant, resources in state.items()
        for one in resources["Invoices"]
    )


def calls_of(sandbox: Sandbox) -> int:
    """How often a page of invoices was drawn."""
    return sandbox.counters.operations.get("getInvoices", 0)


def in_sqlite(target: Path) -> Content:
    """The invoices in a database."""
    with sqlite3.connect(target) as database:
        rows = database.execute("select tenant_id, invoice_id, total from invoices").fetchall()
    database.close()
    return Content((tenant, id, Decimal(str(total))) for tenant, id, total in rows)


def in_lines(target: Path) -> Content:
    """The invoices in files of JSON Lines."""
    return Content(_lines(target))


def _lines(target: Path) -> Iterator[tuple[str, str, Decimal]]:
    for path in sorted(target.rglob("invoices.jsonl")):
        for line in path.read_text().splitlines():
            one = json.loads(line, parse_float=Decimal)
            yield path.parent.name, one["InvoiceID"], Decimal(one["Total"])


def in_parquet(target: Path) -> Content:
    """The invoices in Parquet files."""
    parquet = importlib.import_module("pyarrow.parquet")  # which has no types
    found = Content()
    for path in sorted(target.rglob("*.parquet")):
        for one in parquet.read_table(path).to_pylist():
            found[path.parent.name, one["invoice_id"], one["total"]] += 1
    return found


SINKS: dict[str, tuple[str, Callable[[Path], Content]]] = {
    "sqlite": ("books.db", in_sqlite),
    "jsonl": ("books", in_lines),
    "parquet": ("books", in_parquet),
}


def same(kept: Content, there: Content) -> bool:
    """Whether the content is that of the sandbox; files name tenants by their names."""
    assert len(kept) == len(there) == INVOICES * TENANTS
    assert set(kept.values()) == {1}
    assert {key[1:] for key in kept} == {key[1:] for key in there}
    return True


def draw(sandbox: Sandbox, target: Path, sink: str, after: float | None) -> bool:
    """Run the command; kill it so many seconds after its first call. Returns whether it came to its end."""
    before = calls_of(sandbox)
    arguments = ["export", str(target), "--format", sink, "--resource", "invoices", "--all-tenants"]
    with started(*arguments, "--page-size", f"{PAGE}", environment=environment_of(sandbox)) as process:
        if after is not None:
            end = time.monotonic() + PATIENCE
            while process.poll() is None and calls_of(sandbox) == before:
                assert time.monotonic() < end
                time.sleep(0.005)
            time.sleep(after)
            process.kill()
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -9), said
    return process.returncode == 0


@pytest.mark.timeout(60 + 20 * KILLS)
def test_killed_at_random_moments_it_goes_on_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """After each kill the same command goes on; whole, it is what the sandbox holds, and few pages came twice."""
    with ThreadPoolExecutor() as threads:  # most of it is waiting for processes
        list(threads.map(partial(goes_on, tmp_path), sinks()))


def sinks() -> list[str]:
    """The sinks to be tried."""
    return list(SINKS) if "XERO_KILLS" in os.environ and find_spec("pyarrow") else ["sqlite", "jsonl"]


def goes_on(folder: Path, sink: str) -> None:
    """Kill exports into a sink, and look at what is there in the end. Its sandbox is its own, for what it counts."""
    moments = random.Random(f"{SEED} {sink}")
    name, content = SINKS[sink]
    with served(Sandbox(contacts=5, invoices=INVOICES, tenants=TENANTS, latency=LATENCY, limits=None)) as sandbox:
        there = content_of(sandbox)
        kills = rounds = 0
        while kills < KILLS:
            rounds += 1
            before, killed = calls_of(sandbox), 0
            target = folder / sink / f"{rounds}-{name}"
            while kills + killed < KILLS and not draw(sandbox, target, sink, moments.uniform(0, LONGEST)):
                killed += 1
            assert draw(sandbox, target, sink, None)
            assert same(content(target), there), f"seed {SEED}"
            assert calls_of(sandbox) - before <= TENANTS * (WHOLE + killed * DRAWN_TWICE), f"seed {SEED}"
            kills += killed
