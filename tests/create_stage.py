"""What tests of batch creation stand on: a sandbox, a tenant of it, invoices and bills."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast

import msgspec

from xero_async import (
    ClientCredentials,
    Contact,
    Invoice,
    Limits,
    LineItem,
    RetryPolicy,
    Tenant,
    Xero,
)
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

FAULTS = [
    Fault(kind="drop_after", operation="createInvoices", probability=0.06),
    Fault(kind="drop_before", operation="createInvoices", probability=0.05),
    Fault(kind="502", operation="createInvoices", probability=0.05),
    Fault(kind="cut", operation="createInvoices", probability=0.02),
    Fault(kind="500", operation="createInvoices", probability=0.02),
]
"""A fifth of the calls."""


def document(number: str | None, kind: str = "ACCREC", amount: str = "10.00", **fields: Any) -> Invoice:
    """An invoice or a bill that the sandbox takes."""
    line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal(amount), account_code="200")
    return Invoice(
        type=kind,
        invoice_number=number,
        contact=Contact(name="Harbour Books"),
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        line_items=[line],
        status="AUTHORISED",
        **fields,
    )


def invoices(count: int) -> Iterator[Invoice]:
    """Invoices with numbers of their own."""
    return (document(f"N-{number}") for number in range(count))


def bills(count: int) -> Iterator[Invoice]:
    """Bills, of which each number is that of several, and some are the same in everything."""
    return (document(f"B-{number // 4}", "ACCPAY", f"{10 + number % 4 // 2}.00") for number in range(count))


class Stage(NamedTuple):
    """A sandbox, a tenant of it, and a wall clock that follows its clock."""

    sandbox: Sandbox
    tenant: Tenant
    clock: Callable[[], float]

    @property
    def stored(self) -> list[str]:
        """The numbers of the invoices that there are."""
        return sorted(record["InvoiceNumber"] for record in self.records())

    def records(self) -> list[dict[str, Any]]:
        """The invoices that there are."""
        state = msgspec.json.decode(self.sandbox.documents.state(self.sandbox.tenants[0], "Invoices", page=1, size=-1))
        return _leaves(state, "InvoiceID")


def _leaves(value: object, name: str) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if name in fields and "LineItems" in fields:
            return [fields]
        return [leaf for inner in fields.values() for leaf in _leaves(inner, name)]
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [leaf for inner in items for leaf in _leaves(inner, name)]


@asynccontextmanager
async def staged(
    faults: Sequence[Fault] = (),
    *,
    seed: int = 1,
    attempts: int = 3,
    limits: SandboxLimits | None = None,
    unitdp: Literal[2, 4] | None = None,
    **more: Any,
) -> AsyncGenerator[Stage]:
    """A sandbox and a tenant of it, with short waits between attempts."""
    async with Sandbox(limits=limits or SandboxLimits(minute=10**6, day=10**6, app_minute=10**6), **more) as sandbox:
        sandbox.inject(faults, seed=seed)
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        retry = RetryPolicy(attempts=attempts, base=0.01, cap=0.05)
        # By default neither side holds anything back.
        free = Limits(minute=10**6, day=10**6, app_minute=10**6) if limits is None else None
        async with Xero(
            auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, retry=retry, limits=free, unitdp=unitdp
        ) as xero:
            yield Stage(sandbox, xero.tenant(sandbox.tenants[0], bulk=True), sandbox.clock.now)
