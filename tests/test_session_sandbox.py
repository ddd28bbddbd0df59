"""The whole client against the sandbox: its limits, its faults, its memory of keys."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

import pytest

from xero_async import (
    Attempt,
    ClientCredentials,
    Contact,
    DailyLimitReached,
    Invoice,
    Limits,
    LineItem,
    RetryPolicy,
    SignInFailed,
    Tenant,
    ValidationFailed,
    Xero,
)
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

WINDOW = 1.0


@asynccontextmanager
async def client(sandbox: Sandbox, **options: object) -> AsyncGenerator[Xero]:
    """A client that is signed in to a sandbox."""
    settings: dict[str, object] = {"retry": RetryPolicy(base=0.01, cap=0.05), **options}
    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
    async with Xero(
        auth,
        base_url=sandbox.base_url,
        identity_url=sandbox.identity_url,
        **settings,  # type: ignore[arg-type]  # options of many types
    ) as xero:
        yield xero


def invoice(number: int) -> Invoice:
    """A sales invoice with a number of its own."""
    line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal("10.10"), account_code="200")
    return Invoice(
        type="ACCREC",
        invoice_number=f"T-{number:04}",
        contact=Contact(name="Acme"),
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        line_items=[line],
    )


@pytest.mark.parametrize("style", ["fixed", "rolling"])
async def test_200_concurrent_gets_meet_no_429(style: str) -> None:
    """Two hundred calls at once, against 5 in flight and 60 a minute, are never rejected under either window."""
    limits = SandboxLimits(window=WINDOW, style="fixed" if style == "fixed" else "rolling")
    async with (
        Sandbox(invoices=3, contacts=2, limits=limits, latency=0.01) as sandbox,
        client(sandbox, limits=Limits(window=WINDOW)) as xero,
    ):
        tenant = xero.tenant(sandbox.tenants[0])
        await asyncio.gather(*(tenant.invoices.list() for _ in range(200)))
        counters = sandbox.counters
    assert sum(counters.rejections.values()) == 0
    assert counters.calls == 200


async def test_async_for_draws_all_rows_in_the_fewest_requests() -> None:
    """Iterating yields all 2,345 rows, each once, in three requests of a thousand."""
    attempts: list[Attempt] = []
    async with Sandbox(invoices=2345, contacts=20) as sandbox, client(sandbox, on_attempt=attempts.append) as xero:
        ids = [row.invoice_id async for row in xero.tenant(sandbox.tenants[0]).invoices.list(order="InvoiceID")]
    assert len(ids) == len(set(ids)) == 2345
    assert len(attempts) == 3


async def test_writes_happen_once_under_faults() -> None:
    """With answers dropped before and after the write, failing gateways and 429s, each invoice exists once."""
    faults = [
        Fault(kind="drop_after", method="PUT", every=3),
        Fault(kind="drop_before", method="PUT", every=4),
        Fault(kind="502", every=5),
        Fault(kind="concurrent", every=11),
    ]
    limits = SandboxLimits(window=WINDOW)
    async with (
        Sandbox(limits=limits, faults=faults) as sandbox,
        client(sandbox, limits=Limits(window=WINDOW), retry=RetryPolicy(base=0.01, cap=0.05, attempts=12)) as xero,
    ):
        tenant = xero.tenant(sandbox.tenants[0])
        results = await asyncio.gather(*(tenant.invoices.create([invoice(number)]) for number in range(40)))
        stored = Counter([row.invoice_number async for row in tenant.invoices.list()])
        assert sum(sandbox.counters.injected.values()) > 10
        assert sum(sandbox.counters.rejections.values()) == 0
    assert stored == {f"T-{number:04}": 1 for number in range(40)}
    assert all(not result.errors for result in results)


async def test_the_day_limit_raises_at_once_and_sends_nothing_more() -> None:
    """When the day is used up the next call raises, names the problem, and the one after is not even sent."""
    async with Sandbox(limits=SandboxLimits(day=3)) as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        for _ in range(3):
            await tenant.currencies.list()
        calls = sandbox.counters.calls
        async with asyncio.timeout(0.5):
            for _ in range(2):
                with pytest.raises(DailyLimitReached):
                    await tenant.currencies.list()
        assert sandbox.counters.calls == calls


async def test_tenants_do_not_slow_each_other() -> None:
    """While one tenant has used up its minute, another is served at once."""
    limits = SandboxLimits(window=30.0)
    async with Sandbox(tenants=2, limits=limits) as sandbox, client(sandbox, limits=Limits(window=30.0)) as xero:
        busy, idle = (xero.tenant(tenant) for tenant in sandbox.tenants)
        await asyncio.gather(*(busy.currencies.list() for _ in range(60)))
        waiting = asyncio.ensure_future(busy.currencies.list())
        async with asyncio.timeout(2):
            await idle.currencies.list()
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_batch_tells_the_good_from_the_bad() -> None:
    """Of three invoices one is invalid: the others are saved with their ids, and the error names its position."""
    async with Sandbox() as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        results = await tenant.invoices.create([invoice(1), Invoice(type="ACCREC"), invoice(2)])
        assert [error.position for error in results.errors] == [1]
        with pytest.raises(ValidationFailed) as caught:
            results.raise_for_errors()
        assert results.errors[0].messages[0] in str(caught.value)
        assert (await tenant.invoices.get(results[2].invoice_id)).invoice_number == "T-0002"


async def test_reading_and_sending_back_unchanged_is_accepted() -> None:
    """An invoice read and sent back as it is keeps its lines and its total."""
    async with Sandbox(invoices=5, contacts=2) as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        (created,) = await tenant.invoices.create([invoice(1)])
        read = await tenant.invoices.get(created.invoice_id)
        written = await tenant.invoices.update(created.invoice_id, read)
    assert written.total == read.total == Decimal("10.10") + (read.total_tax or 0)
    assert [line.line_item_id for line in written.line_items or ()] == [
        line.line_item_id for line in read.line_items or ()
    ]


async def test_attachments_history_and_settings() -> None:
    """Files come back byte for byte under odd names; notes, groups, allocations and settings do their work."""
    name, content = "a #&%()é.pdf", bytes(range(256)) * 8
    async with Sandbox(invoices=20, contacts=10) as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        (contact,) = await tenant.contacts.create([Contact(name="Zoë & Co", contact_number="Z-1")])
        contact_id = contact.contact_id
        attached = await tenant.contacts.attachments.upload(contact_id, name, content)
        assert (attached.file_name, attached.mime_type) == (name, "application/pdf")
        assert [file.file_name for file in await tenant.contacts.attachments.list(contact_id)] == [name]
        assert await tenant.contacts.attachments.get_by_name(contact_id, name) == content
        assert await tenant.contacts.attachments.get(contact_id, attached.attachment_id) == content
        await tenant.contacts.history.add(contact_id, "called")
        assert "called" in [note.details for note in await tenant.contacts.history.list(contact_id)]
        assert (await tenant.contacts.get_by_number("Z-1")).name == "Zoë & Co"
        assert await tenant.invoice_reminders.list()


async def test_wrong_credentials_end_in_one_clear_error() -> None:
    """A wrong secret raises an error that names the cause and the remedy, and not the secret."""
    async with Sandbox() as sandbox:
        auth = ClientCredentials(sandbox.client_id, "wrong-secret")
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
            with pytest.raises(SignInFailed, match="Check the client id") as caught:
                await xero.connections()
    assert "wrong-secret" not in str(caught.value)


async def test_connections_name_the_tenants() -> None:
    """The connections of a token are the sandbox's tenants, and one can be removed."""
    async with Sandbox(tenants=2) as sandbox, client(sandbox) as xero:
        connections = await xero.connections()
        assert [connection.tenant_id for connection in connections] == sandbox.tenants
        await xero.disconnect(connections[0].id)
        assert [connection.tenant_id for connection in await xero.connections()] == sandbox.tenants[1:]


async def test_a_tenant_is_a_tenant() -> None:
    """Taking a tenant sends nothing, and its repr shows the id alone."""
    async with Sandbox() as sandbox, client(sandbox) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        assert isinstance(tenant, Tenant)
        assert repr(tenant) == f"<Tenant {sandbox.tenants[0]}>"
        assert sandbox.counters.calls == 0
