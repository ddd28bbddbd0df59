"""What users of other clients suffer on real volumes, each shown not to happen against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from scripted import Reply, Seen, scripted

from xero_async import Attempt, ClientCredentials, Contact, Invoice, LineItem, RetryPolicy, StaticToken, Xero
from xero_async.bulk import Created, Failed, create_many
from xero_async.sandbox import Fault, Sandbox
from xero_async.sandbox.still import StillClock
from xero_async.wire import encode

pytest_plugins = ["pytester"]


@asynccontextmanager
async def client(sandbox: Sandbox, **options: Any) -> AsyncGenerator[Xero]:
    """A client that is signed in to a sandbox."""
    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
    settings: dict[str, Any] = {"retry": RetryPolicy(base=0.01, cap=0.05, attempts=8), **options}
    async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, **settings) as xero:
        yield xero


def invoice(number: int, **changes: Any) -> Invoice:
    """A sales invoice with a number of its own."""
    line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal("10.10"), account_code="200")
    fields: dict[str, Any] = {"contact": Contact(name="Acme"), "date": date(2026, 1, 31), "line_items": [line]}
    return Invoice(type="ACCREC", invoice_number=f"P-{number:04}", **fields | changes)


async def test_pain_03_calls_are_paced() -> None:
    """Two hundred gets at once meet no 429, and the tenant beside them is served as quickly."""
    with StillClock(silence=0) as clock:
        async with (
            Sandbox(invoices=3, contacts=2, tenants=2, clock=clock.now) as sandbox,
            client(sandbox) as xero,
        ):
            busy, idle = (xero.tenant(tenant) for tenant in sandbox.tenants)
            began = clock.now()
            crowd = asyncio.gather(*(busy.invoices.list() for _ in range(200)))
            await asyncio.sleep(0)
            await idle.invoices.list()
            assert clock.now() - began < 1
            await crowd
            assert 180 < clock.now() - began < 190
            assert sum(sandbox.counters.rejections.values()) == 0
            assert sandbox.counters.calls == 201


async def test_pain_04_all_pages_come_back() -> None:
    """`async for` yields all 2,345 rows in three requests of a thousand."""
    told: list[Attempt] = []
    async with Sandbox(invoices=2345, contacts=20) as sandbox, client(sandbox, on_attempt=told.append) as xero:
        ids = [row.invoice_id async for row in xero.tenant(sandbox.tenants[0]).invoices.list(order="InvoiceID")]
    assert len(ids) == len(set(ids)) == 2345
    assert len(told) == 3


async def test_pain_08_a_batch_keeps_every_outcome() -> None:
    """There is one outcome for each input, in order, though every third answer is lost; a bad row raises nothing."""
    records = [invoice(number) for number in range(30)]
    records[7] = Invoice(type="ACCREC")
    faults = [Fault(kind="drop_after", method="PUT", every=3)]
    async with Sandbox(faults=faults) as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        outcomes = await create_many(tenant.invoices.create, records, chunk_size=5)
        stored = [row.invoice_number async for row in tenant.invoices.list()]
    assert [type(outcome) for outcome in outcomes] == [Failed if place == 7 else Created for place in range(30)]
    assert sorted(str(number) for number in stored) == [f"P-{place:04}" for place in range(30) if place != 7]


async def test_pain_22_five_hundred_ids_are_split() -> None:
    """Five hundred ids come back whole, in URLs that the server takes."""
    async with Sandbox(invoices=500, contacts=5) as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        ids = [str(row.invoice_id) async for row in tenant.invoices.list()]
        found = [row.invoice_id async for row in tenant.invoices.list(ids=ids)]
    assert len(ids) == 500
    assert sorted(str(id) for id in found) == sorted(ids)


async def test_pain_22_the_order_of_the_ids_is_kept() -> None:
    """What comes in parts is put together in the order in which it was asked for, each id once, in short URLs."""

    def found(seen: Seen) -> Reply:
        asked = parse_qs(urlsplit(seen.target).query)["IDs"][0].split(",")
        return Reply(body=encode({"Invoices": [{"InvoiceID": id} for id in asked]}))

    ids = [str(UUID(int=number * 7919 % 503)) for number in range(500)]
    async with scripted(found) as server, Xero(StaticToken("t"), base_url=server.base_url) as xero:
        merged = await xero.tenant("tenant").invoices.list(ids=ids)
    assert [str(row.invoice_id) for row in merged] == ids
    assert len(server.seen) > 1
    assert max(len(seen.target) for seen in server.seen) < 2048


def test_pain_28_fixtures_come_with_the_package(pytester: pytest.Pytester) -> None:
    """A project that names the plugin has a sandbox and a client in its tests, with no line of its own for them."""
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest('pytest_plugins = ["xero_async.testing"]')
    pytester.makepyfile(
        """
        async def test_mine(xero_sandbox, xero_tenant):
            assert await xero_tenant.invoices.list() == []
            assert xero_sandbox.counters.calls == 1
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


async def test_pain_28_there_is_something_to_test_with() -> None:
    """A sandbox of the package's own keeps what is created, and is the same for the same seed."""
    names: list[list[str | None]] = []
    for _ in range(2):
        async with Sandbox(contacts=3, seed=7) as sandbox, client(sandbox) as xero:
            tenant = xero.tenant(sandbox.tenants[0])
            await tenant.contacts.create([Contact(name="Mine")])
            names.append([row.name async for row in tenant.contacts.list(order="Name")])
    assert names[0] == names[1]
    assert "Mine" in names[0]
