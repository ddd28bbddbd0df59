"""What type checkers make of calls: read by mypy and pyright, and never run.

The wrong calls below carry ignores. Both checkers report an ignore that is not needed, so each of these calls is known
to be refused by both.
"""
# mypy: warn-unused-ignores
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, assert_type
from uuid import UUID

from xero_async import (
    Account,
    Action,
    Allocation,
    Attachment,
    BankTransfer,
    BatchPayment,
    CISSetting,
    ClientCredentials,
    Connection,
    Contact,
    CreditNote,
    Currency,
    ElementError,
    Employee,
    ExpenseClaim,
    F,
    HistoryRecord,
    ImportSummaryObject,
    Invoice,
    InvoiceReminder,
    Invoices,
    Journal,
    LineItem,
    Organisation,
    Page,
    Pages,
    Payment,
    PaymentService,
    Quote,
    RateLimited,
    Remaining,
    Report,
    ReportRows,
    ReportWithRow,
    Results,
    Setup,
    StaticToken,
    TaxRate,
    Tenant,
    TrackingOption,
    ValidationFailed,
    Xero,
    operations,
)
from xero_async.apis.accounting import Invoices as InvoiceResource
from xero_async.wire import Operation, decode, encode
from xero_async.wire.where import Condition


async def reading(tenant: Tenant, invoice_id: str, contact_id: UUID) -> None:
    """One record, or the bytes of a file."""
    assert_type(await tenant.invoices.get(invoice_id), Invoice)
    assert_type(await tenant.invoices.get(UUID(invoice_id), unitdp=4), Invoice)
    assert_type(await tenant.contacts.get(contact_id), Contact)
    assert_type(await tenant.contacts.get_by_number("C-1"), Contact)
    assert_type(await tenant.contacts.cis_settings(contact_id), CISSetting)
    assert_type(await tenant.employees.get(invoice_id), Employee)
    assert_type(await tenant.expense_claims.get(invoice_id), ExpenseClaim)
    assert_type(await tenant.credit_notes.pdf(invoice_id), bytes)
    assert_type(await tenant.credit_notes.attachments.get(invoice_id, "attachment-id"), bytes)
    assert_type(await tenant.contacts.attachments.get_by_name(contact_id, "a.pdf", content_type="image/png"), bytes)


async def listing(tenant: Tenant, contact_id: str) -> None:
    """Lists: awaitable, iterable, and drawn page by page."""
    assert_type(tenant.invoices.list(), Pages[Invoice])
    assert_type(await tenant.invoices.list(statuses=["AUTHORISED", "SOMETHING_NEW"], page_size=1000), Page[Invoice])
    assert_type(tenant.contacts.list(ids=[contact_id, UUID(int=1)], summary_only=True), Pages[Contact])
    assert_type(tenant.credit_notes.list(modified_since=datetime.now(UTC)), Pages[CreditNote])
    assert_type(tenant.currencies.list(order="Code ASC"), Pages[Currency])
    assert_type(await tenant.invoice_reminders.list(), Page[InvoiceReminder])
    assert_type(tenant.invoices.attachments.list(contact_id), Pages[Attachment])
    assert_type(tenant.contacts.history.list(contact_id), Pages[HistoryRecord])
    async for invoice in tenant.invoices.list():
        assert_type(invoice, Invoice)
    async for page in tenant.invoices.list().pages():
        assert_type(page, Page[Invoice])
        assert_type(page[0], Invoice)
        assert_type(page.items, list[Invoice])
        assert_type(page.page_count, int | None)
    assert_type(tenant.invoices.list().pages(), AsyncGenerator[Page[Invoice], None])
    assert_type(aiter(tenant.invoices.list()), AsyncIterator[Invoice])


async def everything_else(tenant: Tenant, item_id: str, contact_id: UUID) -> None:
    """The resources beside sales and contacts."""
    assert_type(tenant.quotes.list(status="SENT", expiry_date_to=date(2026, 1, 31)), Pages[Quote])
    assert_type(tenant.journals.list(offset=100, payments_only=True), Pages[Journal])
    assert_type(await tenant.organisations.list(), Page[Organisation])
    assert_type(await tenant.organisations.actions(), Page[Action])
    assert_type(tenant.accounts.list(where=F.status == "ACTIVE", order="Code ASC"), Pages[Account])
    assert_type(await tenant.tax_rates.get("OUTPUT"), TaxRate)
    assert_type(await tenant.items.delete(item_id), None)
    assert_type(await tenant.accounts.delete(contact_id), Account)
    assert_type(await tenant.payments.delete(item_id, idempotency_key="k"), Payment)
    assert_type(await tenant.payments.create_one(Payment(date=date(2026, 1, 31))), Payment)
    assert_type(await tenant.bank_transfers.delete(item_id), BankTransfer)
    assert_type(await tenant.bank_transfers.delete_many([item_id, contact_id]), Results[BankTransfer])
    assert_type(await tenant.batch_payments.delete_in_body(item_id), BatchPayment)
    assert_type(await tenant.tracking_categories.options.update(item_id, contact_id, TrackingOption()), TrackingOption)
    assert_type(await tenant.branding_themes.payment_services.add(item_id, [PaymentService()]), Results[PaymentService])
    assert_type(await tenant.invoices.email(item_id), None)
    assert_type(await tenant.setup(Setup(accounts=[Account(code="200")])), ImportSummaryObject)
    assert_type(tenant.repeating_invoices.history.list(item_id), Pages[HistoryRecord])


async def reporting(tenant: Tenant, contact_id: UUID) -> None:
    """Reports: typed rows of typed cells."""
    sheet = await tenant.reports.balance_sheet(date=date(2026, 1, 31), periods=3, timeframe="MONTH")
    assert_type(sheet, ReportWithRow)
    assert_type(sheet.rows, list[ReportRows] | None)
    assert_type(await tenant.reports.aged_receivables_by_contact(contact_id=contact_id), ReportWithRow)
    assert_type(await tenant.reports.profit_and_loss(from_date=date(2026, 1, 1), standard_layout=True), ReportWithRow)
    assert_type(await tenant.reports.ten_ninety_nine(report_year=2025), Page[Report])


async def files(tenant: Tenant, path: Path, stream: AsyncIterator[bytes], reader: asyncio.StreamReader) -> None:
    """A file comes from memory, from the disk or from a stream, and goes to memory or to the disk."""
    attachments = tenant.invoices.attachments
    assert_type(await attachments.upload("id", "a.pdf", b"%PDF", include_online=True), Attachment)
    assert_type(await attachments.upload("id", "a.pdf", path), Attachment)
    assert_type(await attachments.upload("id", "a.pdf", stream), Attachment)
    assert_type(await attachments.upload("id", "a.pdf", reader), Attachment)
    assert_type(await tenant.quotes.attachments.replace("id", "a.pdf", memoryview(b"%PDF")), Attachment)
    assert_type(await attachments.save(path, "id", "attachment-id"), Path)
    assert_type(await attachments.save_by_name("a.pdf", "id", "a.pdf", content_type="application/pdf"), Path)
    assert_type(await tenant.quotes.save_pdf(path, "id"), Path)


def filters(contact_id: UUID) -> None:
    """Fields compared with values are conditions, and conditions joined are too."""
    assert_type(F.total > Decimal("1.50"), Condition)
    assert_type(F.contact.id == contact_id, Condition)
    assert_type((F.date >= date(2026, 1, 1)) & F.status.in_("DRAFT", "PAID") | (F.reference == None), Condition)  # noqa: E711 - the point of a builder
    assert_type(F.contact.name.starts_with("A"), Condition)


async def writing(tenant: Tenant, invoice: Invoice, contact: Contact, contact_id: str) -> None:
    """Batches give results, single writes give records, and deletes what Xero gives."""
    created = await tenant.invoices.create([invoice], idempotency_key="k", summarize_errors=True, unitdp=2)
    assert_type(created, Results[Invoice])
    assert_type(created[0], Invoice)
    assert_type(created.errors, list[ElementError])
    assert_type(created.raise_for_errors(), Results[Invoice])
    assert_type(await tenant.contacts.upsert((contact,)), Results[Contact])
    assert_type(await tenant.contact_groups.add_contacts(contact_id, [contact]), Results[Contact])
    assert_type(await tenant.invoices.update(contact_id, invoice), Invoice)
    assert_type(await tenant.currencies.create(Currency(code="EUR")), Currency)
    assert_type(await tenant.contacts.history.add(contact_id, "called"), HistoryRecord)
    assert_type(await tenant.contacts.attachments.upload(contact_id, "a.pdf", b"%PDF"), Attachment)
    assert_type(
        await tenant.credit_notes.attachments.upload(contact_id, "a.pdf", b"%PDF", include_online=True), Attachment
    )
    assert_type(await tenant.credit_notes.allocations.create(contact_id, [Allocation()]), Results[Allocation])
    assert_type(await tenant.credit_notes.allocations.delete(contact_id, "allocation-id"), Allocation)
    assert_type(await tenant.contact_groups.remove_contact(contact_id, contact_id), None)


async def session(client_id: str, secret: str) -> None:
    """The session manager and what it hands out."""
    async with Xero(ClientCredentials(client_id, secret, scopes=["accounting.contacts"]), unitdp=4) as xero:
        assert_type(xero, Xero)
        assert_type(await xero.connections(), list[Connection])
        assert_type(await xero.disconnect("connection-id"), None)
        tenant = xero.tenant("tenant-id", bulk=True, timeout=5)
        assert_type(tenant, Tenant)
        assert_type(tenant.limits, Remaining)
        assert_type(tenant.id, str)


def fields(invoice: Invoice, line: LineItem, contact: Contact) -> None:
    """Fields are optional; dates and money have their own types, and enums are open."""
    assert_type(invoice.invoice_id, str | None)
    assert_type(invoice.date, date | None)
    assert_type(invoice.updated_date_utc, datetime | None)
    assert_type(invoice.total, Decimal | None)
    assert_type(invoice.has_attachments, bool | None)
    assert_type(invoice.contact, Contact | None)
    assert_type(invoice.line_items, list[LineItem] | None)
    assert_type(line.unit_amount, Decimal | None)
    assert_type(contact.name, str | None)
    if invoice.date is not None:
        assert_type(invoice.date.year, int)
    invoice.status = "A_STATUS_OF_NEXT_YEAR"
    invoice.date = date(2026, 1, 31)
    Invoice(date=date(2026, 1, 31), total=Decimal("1.50"), line_items=[LineItem()], type="ACCREC")


def wire(data: bytes) -> None:
    """The codec gives what it is asked for, and rows are typed by what they give."""
    assert_type(decode(Invoices, data), Invoices)
    assert_type(decode(list[Connection], data, strict=True), list[Connection])
    assert_type(encode(Invoice()), bytes)
    assert_type(operations(), Iterator[Operation[Any]])
    assert_type(InvoiceResource.create.id, str)


def errors(failed: ValidationFailed, limited: RateLimited) -> None:
    """Errors carry typed facts."""
    assert_type(failed.errors, Sequence[ElementError])
    assert_type(limited.retry_after, float | None)


class Service:
    """A tenant may be kept wherever a program keeps things."""

    def __init__(self, tenant: Tenant) -> None:
        self.kept = tenant

    @property
    def tenant(self) -> Tenant:
        """As a property."""
        return self.kept


@dataclass
class Job:
    """As a field of a dataclass."""

    tenant: Tenant


class Pair(NamedTuple):
    """As an item of a tuple."""

    tenant: Tenant


async def keeping(service: Service, job: Job, pair: Pair) -> None:
    """Its resources are typed all the same."""
    assert_type(await service.kept.invoices.get("id"), Invoice)
    assert_type(await service.tenant.invoices.get("id"), Invoice)
    assert_type(await job.tenant.invoices.get("id"), Invoice)
    assert_type(await pair.tenant.invoices.get("id"), Invoice)


async def wrong(tenant: Tenant, invoice: Invoice, contact: Contact) -> None:
    """Calls that both checkers refuse."""
    await tenant.invoices.get()  # type: ignore[call-arg]
    await tenant.invoices.get(5)  # type: ignore[arg-type]
    await tenant.invoices.get("id", 4)  # type: ignore[call-arg]
    await tenant.invoices.get("id", unitdp=3)  # type: ignore[arg-type]
    await tenant.invoices.get("id", unit_dp=4)  # type: ignore[call-arg]
    await tenant.invoices.create(invoice)  # type: ignore[arg-type]
    await tenant.invoices.create([contact])  # type: ignore[list-item]
    await tenant.invoices.create([invoice], summary_only=True)  # type: ignore[call-arg]
    await tenant.invoices.list("AUTHORISED")  # type: ignore[call-arg]
    await tenant.invoices.list(page="1")  # type: ignore[arg-type]
    await tenant.invoices.list(modified_since="2026-01-31")  # type: ignore[arg-type]
    await tenant.currencies.list(page=2)  # type: ignore[call-arg]
    await tenant.contacts.attachments.upload("id", "a.pdf", "text")  # type: ignore[arg-type]
    await tenant.contacts.attachments.upload("id", "a.pdf", b"", include_online=True)  # type: ignore[call-arg]
    await tenant.contact_groups.remove_contact("id")  # type: ignore[call-arg]
    await tenant.invoices.delete("id")  # type: ignore[attr-defined]
    await tenant.reports.aged_payables_by_contact()  # type: ignore[call-arg]
    await tenant.reports.balance_sheet(date="2026-01-31")  # type: ignore[arg-type]
    await tenant.tracking_categories.options.update("id", TrackingOption())  # type: ignore[call-arg, arg-type]
    await tenant.bank_transfers.delete_many(UUID(int=1))  # type: ignore[arg-type]
    await tenant.quotes.list(page_size=5)  # type: ignore[call-arg]
    await tenant.invoices.attachments.save("id", "attachment-id")  # type: ignore[call-arg]
    await tenant.invoices.list(where=F.status)  # type: ignore[arg-type]
    print(F.total > 1.5)  # type: ignore[operator]  # noqa: T201 - money is no float
    print(F.status == "A" & F.type == "B")  # type: ignore[operator]  # noqa: T201 - each wants its brackets
    for _ in tenant.invoices.list():  # type: ignore[attr-defined]
        pass
    Invoice("ACCREC")  # type: ignore[call-arg]
    Invoice(total=1.5)  # type: ignore[arg-type]
    Invoice(date="2026-01-31")  # type: ignore[arg-type]
    Invoice(totl=Decimal(1))  # type: ignore[call-arg]
    Xero(StaticToken("t"), "https://example.com")  # type: ignore[call-arg]
    print(invoice.date.year)  # type: ignore[union-attr]  # noqa: T201 - it may be None
    print(invoice.totl)  # type: ignore[attr-defined]  # noqa: T201 - there is no such field
