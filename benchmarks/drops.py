"""500 invoices created over a line that drops answers: how many are there twice.

    python -m benchmarks.drops [--quick]

The sandbox does the work, and then closes every twentieth connection or so in place of an answer, drawn from a seed.
Each invoice is a call of its own and has a reference of its own, by which the sandbox counts those that it has twice.
There are no limits on calls.

- xero_async: `create` for each, five at a time; it sends again by itself, with the same idempotency key.
- xero-python: `create_invoices` for each; its urllib3 sends a PUT again by itself, and there is no key unless the user
  makes one.
- pyxero: `invoices.put` for each; it raises. "Sent again" is a user who repeats what has raised, "left" one who
  does not, and then knows nothing of these invoices; pyxero 0.9 has no way to give a key.

`duplicates` are invoices too many, `unknown` those whose fate the user was not told, `missing` those that are not
there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.peers import PYXERO, XERO_PYTHON, Address, pyxero, xero_python
from benchmarks.serving import Options, sandbox_server
from xero_async import ClientCredentials, Contact, Invoice, Limits, LineItem, OutcomeUnknown, Xero
from xero_async.sandbox import Fault

DROPPED = 0.05
CONCURRENT = 5
NO_LIMITS = Limits(concurrent=CONCURRENT, minute=1_000_000, day=100_000_000, app_minute=1_000_000_000)
DAY = date(2026, 3, 31)
CUSTOMER = "A customer"

Create = Callable[[Address, int], int]
"""Creates so many invoices, and tells of how many it does not know whether they are there."""


def by_session(address: Address, count: int) -> int:
    """Through the session."""
    return asyncio.run(_created(address, count))


async def _created(address: Address, count: int) -> int:
    auth = ClientCredentials(address.client_id, address.client_secret)
    async with Xero(auth, base_url=address.base_url, identity_url=address.identity_url, limits=NO_LIMITS) as xero:
        tenant = xero.tenant(address.tenants[0])

        async def create(reference: str) -> int:
            line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal("120.00"), account_code="200")
            invoice = Invoice(
                type="ACCREC", contact=Contact(name=CUSTOMER), date=DAY, reference=reference, line_items=[line]
            )
            try:
                (await tenant.invoices.create([invoice])).raise_for_errors()
            except OutcomeUnknown:
                return 1
            return 0

        return sum(await asyncio.gather(*(create(each) for each in references(count))))


def by_xero_python(address: Address, count: int) -> int:
    """With Xero's own client."""
    official, unknown = xero_python(address), 0
    models, failures = official.models, import_module("urllib3.exceptions").HTTPError
    for reference in references(count):
        line = models.LineItem(description="Work", quantity=1, unit_amount=Decimal("120.00"), account_code="200")
        invoice = models.Invoice(
            type="ACCREC", contact=models.Contact(name=CUSTOMER), date=DAY, reference=reference, line_items=[line]
        )
        try:
            official.accounting.create_invoices(official.tenant, models.Invoices(invoices=[invoice]))
        except failures:
            unknown += 1
    return unknown


def by_pyxero(again: bool, address: Address, count: int) -> int:
    """With pyxero, by a user who sends again what has failed, or does not."""
    client, unknown = pyxero(address), 0
    failures = import_module("requests").ConnectionError
    for reference in references(count):
        line = {"Description": "Work", "Quantity": 1, "UnitAmount": "120.00", "AccountCode": "200"}
        invoice: dict[str, Any] = {"Type": "ACCREC", "Contact": {"Name": CUSTOMER}, "Date": DAY, "LineItems": [line]}
        while True:
            try:
                client.invoices.put({**invoice, "Reference": reference})
            except failures:
                if again:
                    continue
                unknown += 1
            break
    return unknown


def references(count: int) -> list[str]:
    """What tells the invoices apart."""
    return [f"order {number}" for number in range(1, count + 1)]


def _measured(create: Create, setting: Setting) -> Told:
    drop = Fault(kind="drop_after", operation="createInvoices", probability=DROPPED)
    with sandbox_server(Options(contacts=1, faults=(drop,))) as line:
        address = Address.of(line)
        start = time.perf_counter()
        unknown = create(address, setting.size)
        took = time.perf_counter() - start
        counted = address.told("counters")
    (held,) = counted["documents"].values()
    duplicates = held["duplicates"]
    missing = setting.size - (held["Invoices"] - duplicates)
    figures = {"duplicates": duplicates, "unknown": unknown, "missing": missing, "dropped": counted["dropped"]}
    return Told({name: float(figure) for name, figure in figures.items()} | {"wall": took})


CONTESTANTS = (
    Contestant("xero_async", partial(_measured, by_session)),
    Contestant(XERO_PYTHON, partial(_measured, by_xero_python), (XERO_PYTHON,)),
    Contestant("pyxero, sent again", partial(_measured, partial(by_pyxero, True)), (PYXERO, "defusedxml")),
    Contestant("pyxero, left", partial(_measured, partial(by_pyxero, False)), (PYXERO, "defusedxml")),
)

CASES = [Case("create over a bad line", CONTESTANTS, Size(500, 1), Size(500, 1))]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
