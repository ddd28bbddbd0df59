"""What lines of every shape send, byte for byte, and what they refuse to send; `test_every_call` sends them all."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from calling import record_in, takes
from facts import OPERATIONS, OperationFact
from recording import Organisation, Recorder, Token

from xero_async.apis.accounting import Accounting
from xero_async.models import (
    Account,
    Action,
    Allocation,
    Attachment,
    BankTransfer,
    BatchPayment,
    CISSetting,
    Connection,
    Contact,
    CreditNote,
    Currency,
    HistoryRecord,
    ImportSummaryObject,
    Invoice,
    InvoiceReminder,
    Journal,
    LineItem,
    OnlineInvoice,
    Payment,
    PaymentService,
    Quote,
    Report,
    ReportWithRow,
    Setup,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from xero_async.wire import Answer, Page, Results
from xero_async.wire.errors import InvalidArgument

ID = "243216c5-369e-4056-ac67-05388f86dc81"
PART = "025867f1-d741-4d6b-b1af-9ac774b59ba7"

Call = Callable[[Organisation], Awaitable[object]]
WrongCall = Callable[[Any], Awaitable[object]]
"""A call that the type checkers would refuse."""
JSON = {"Accept": "application/json"}
OCTETS = {"Accept": "*/*", "contentType": "application/octet-stream"}
SENT = JSON | {"Content-Type": "application/json"}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BATCH = "?summarizeErrors=false"


def call(
    id: str,
    made: Call,
    target: str,
    gives: object,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[str, Call, str, object, bytes | None, dict[str, str]]:
    """One row of the table below; headers are those that JSON needs, unless others are given."""
    return id, made, target, gives, body, headers or (JSON if body is None else SENT)


INVOICE = Invoice(type="ACCREC", line_items=[LineItem(quantity=Decimal("1.00"))])
INVOICE_JSON = b'{"Invoices":[{"Type":"ACCREC","LineItems":[{"Quantity":1.00}]}]}'
CONTACT, CONTACT_JSON = Contact(name="Zoë"), '{"Contacts":[{"Name":"Zoë"}]}'.encode()
NOTE, NOTE_JSON = CreditNote(reference="r"), b'{"CreditNotes":[{"Reference":"r"}]}'
ALLOCATION_JSON = b'{"Allocations":[{"Amount":9.90}]}'

CALLS = [
    call(
        "createContactGroupContacts",
        lambda t: t.contact_groups.add_contacts(ID, [Contact(contact_id=PART)]),
        f"/ContactGroups/{ID}/Contacts",
        Results([Contact()]),
        f'{{"Contacts":[{{"ContactID":"{PART}"}}]}}'.encode(),
    ),
    call(
        "deleteContactGroupContact",
        lambda t: t.contact_groups.remove_contact(ID, PART),
        f"/ContactGroups/{ID}/Contacts/{PART}",
        None,
    ),
    call(
        "getContacts",
        lambda t: t.contacts.list(ids=[ID, UUID(PART)], search_term="A&B", include_archived=True, page_size=5),
        f"/Contacts?page=1&pageSize=5&IDs={ID},{PART}&includeArchived=true&searchTerm=A%26B",
        Page([Contact()]),
    ),
    call("getContact", lambda t: t.contacts.get(UUID(ID)), f"/Contacts/{ID}", Contact()),
    call(
        "getContactByContactNumber",
        lambda t: t.contacts.get_by_number("No 1"),
        "/Contacts/No%201",
        Contact(),
    ),
    call(
        "createContacts",
        lambda t: t.contacts.create([CONTACT]),
        f"/Contacts{BATCH}",
        Results([Contact()]),
        CONTACT_JSON,
    ),
    call(
        "updateOrCreateContacts",
        lambda t: t.contacts.upsert([CONTACT], summarize_errors=True, idempotency_key="k"),
        "/Contacts?summarizeErrors=true",
        Results([Contact()]),
        CONTACT_JSON,
        SENT | {"Idempotency-Key": "k"},
    ),
    call("updateContact", lambda t: t.contacts.update(ID, CONTACT), f"/Contacts/{ID}", Contact(), CONTACT_JSON),
    call("getContactCISSettings", lambda t: t.contacts.cis_settings(ID), f"/Contacts/{ID}/CISSettings", CISSetting()),
    call(
        "getContactAttachments",
        lambda t: t.contacts.attachments.list(ID),
        f"/Contacts/{ID}/Attachments",
        Page([Attachment()]),
    ),
    call(
        "getContactAttachmentById",
        lambda t: t.contacts.attachments.get(ID, PART),
        f"/Contacts/{ID}/Attachments/{PART}",
        b"%PDF",
        None,
        OCTETS,
    ),
    call(
        "getContactAttachmentByFileName",
        lambda t: t.contacts.attachments.get_by_name(ID, "a b.pdf", content_type="application/pdf"),
        f"/Contacts/{ID}/Attachments/a%20b.pdf",
        b"%PDF",
        None,
        OCTETS | {"contentType": "application/pdf"},
    ),
    call(
        "createContactAttachmentByFileName",
        lambda t: t.contacts.attachments.upload(ID, "é.pdf", b"\x00%PDF"),
        f"/Contacts/{ID}/Attachments/%C3%A9.pdf",
        Attachment(),
        b"\x00%PDF",
        JSON | {"Content-Type": "application/pdf"},
    ),
    call(
        "updateContactAttachmentByFileName",
        lambda t: t.contacts.attachments.replace(ID, "note", b"x", content_type="text/plain", idempotency_key="k"),
        f"/Contacts/{ID}/Attachments/note",
        Attachment(),
        b"x",
        JSON | {"Content-Type": "text/plain", "Idempotency-Key": "k"},
    ),
    call(
        "getContactHistory",
        lambda t: t.contacts.history.list(ID),
        f"/Contacts/{ID}/History",
        Page([HistoryRecord()]),
    ),
    call(
        "createContactHistory",
        lambda t: t.contacts.history.add(ID, "called"),
        f"/Contacts/{ID}/History",
        HistoryRecord(),
        b'{"HistoryRecords":[{"Details":"called"}]}',
    ),
    call(
        "getCreditNotes",
        lambda t: t.credit_notes.list(page=3, unitdp=4, where='Type=="ACCRECCREDIT"'),
        "/CreditNotes?where=Type%3D%3D%22ACCRECCREDIT%22&page=3&unitdp=4",
        Page([CreditNote()]),
    ),
    call("getCreditNote", lambda t: t.credit_notes.get(ID, unitdp=4), f"/CreditNotes/{ID}?unitdp=4", CreditNote()),
    call(
        "createCreditNotes",
        lambda t: t.credit_notes.create([NOTE], unitdp=2),
        f"/CreditNotes{BATCH}&unitdp=2",
        Results([CreditNote()]),
        NOTE_JSON,
    ),
    call(
        "getCreditNoteAsPdf",
        lambda t: t.credit_notes.pdf(ID),
        f"/CreditNotes/{ID}/pdf",
        b"%PDF",
        None,
        {"Accept": "application/pdf"},
    ),
    call(
        "createCreditNoteAllocation",
        lambda t: t.credit_notes.allocations.create(ID, [Allocation(amount=Decimal("9.90"))]),
        f"/CreditNotes/{ID}/Allocations{BATCH}",
        Results([Allocation()]),
        ALLOCATION_JSON,
    ),
    call(
        "deleteCreditNoteAllocations",
        lambda t: t.credit_notes.allocations.delete(ID, PART),
        f"/CreditNotes/{ID}/Allocations/{PART}",
        Allocation(),
    ),
    call(
        "getCurrencies",
        lambda t: t.currencies.list(order="Code ASC"),
        "/Currencies?order=Code%20ASC",
        Page([Currency()]),
    ),
    call(
        "createCurrency",
        lambda t: t.currencies.create(Currency(code="EUR")),
        "/Currencies",
        Currency(),
        b'{"Code":"EUR"}',
    ),
    call(
        "getInvoiceReminders",
        lambda t: t.invoice_reminders.list(),
        "/InvoiceReminders/Settings",
        Page([InvoiceReminder()]),
    ),
    call(
        "getInvoices",
        lambda t: t.invoices.list(
            modified_since=NOON,
            where="Total>1",
            order="InvoiceID ASC",
            page=2,
            page_size=1000,
            ids=[ID],
            invoice_numbers=["INV 1", "INV-2"],
            contact_ids=[PART],
            statuses=["AUTHORISED", "PAID"],
            include_archived=False,
            created_by_my_app=True,
            unitdp=4,
            summary_only=True,
            search_term="x",
        ),
        f"/Invoices?where=Total%3E1&order=InvoiceID%20ASC&page=2&pageSize=1000&IDs={ID}"
        f"&InvoiceNumbers=INV%201,INV-2&ContactIDs={PART}&Statuses=AUTHORISED,PAID&includeArchived=false"
        "&createdByMyApp=true&unitdp=4&summaryOnly=true&searchTerm=x",
        Page([Invoice()]),
        None,
        JSON | {"If-Modified-Since": "2026-01-31T12:00:00"},
    ),
    call("getInvoice", lambda t: t.invoices.get("INV 1"), "/Invoices/INV%201", Invoice()),
    call(
        "createInvoices",
        lambda t: t.invoices.create([INVOICE]),
        f"/Invoices{BATCH}",
        Results([Invoice()]),
        INVOICE_JSON,
    ),
    call(
        "updateOrCreateInvoices",
        lambda t: t.invoices.upsert([INVOICE], unitdp=4),
        f"/Invoices{BATCH}&unitdp=4",
        Results([Invoice()]),
        INVOICE_JSON,
    ),
    call("updateInvoice", lambda t: t.invoices.update(ID, INVOICE), f"/Invoices/{ID}", Invoice(), INVOICE_JSON),
    call(
        "getInvoiceAttachments",
        lambda t: t.invoices.attachments.list(ID),
        f"/Invoices/{ID}/Attachments",
        Page([Attachment()]),
    ),
    call("emailInvoice", lambda t: t.invoices.email(ID), f"/Invoices/{ID}/Email", None, b"{}"),
    call(
        "getOnlineInvoice",
        lambda t: t.invoices.online(ID),
        f"/Invoices/{ID}/OnlineInvoice",
        OnlineInvoice(),
    ),
    # -- deleting by POST, and by DELETE
    call(
        "deleteBankTransfer",
        lambda t: t.bank_transfers.delete(UUID(ID)),
        f"/BankTransfers/{ID}",
        BankTransfer(),
        b'{"Status":"DELETED"}',
    ),
    call(
        "deleteBankTransfers",
        lambda t: t.bank_transfers.delete_many([ID, UUID(PART)]),
        f"/BankTransfers{BATCH}",
        Results([BankTransfer()]),
        f'{{"BankTransfers":[{{"BankTransferID":"{ID}","Status":"DELETED"}},'
        f'{{"BankTransferID":"{PART}","Status":"DELETED"}}]}}'.encode(),
    ),
    call(
        "deleteBatchPayment",
        lambda t: t.batch_payments.delete_in_body(UUID(ID)),
        "/BatchPayments",
        BatchPayment(),
        f'{{"BatchPaymentID":"{ID}","Status":"DELETED"}}'.encode(),
    ),
    call(
        "deletePayment",
        lambda t: t.payments.delete(ID, idempotency_key="k"),
        f"/Payments/{ID}",
        Payment(),
        b'{"Status":"DELETED"}',
        SENT | {"Idempotency-Key": "k"},
    ),
    call("deleteAccount", lambda t: t.accounts.delete(ID), f"/Accounts/{ID}", Account()),
    call("deleteItem", lambda t: t.items.delete(UUID(ID)), f"/Items/{ID}", None),
    call(
        "deleteContactGroupContacts",
        lambda t: t.contact_groups.remove_all_contacts(ID),
        f"/ContactGroups/{ID}/Contacts",
        None,
    ),
    # -- with or without envelope
    call(
        "createPayment",
        lambda t: t.payments.create_one(Payment(date=date(2026, 1, 31))),
        "/Payments",
        Payment(),
        b'{"Date":"2026-01-31"}',
    ),
    call(
        "updateAccount",
        lambda t: t.accounts.update(ID, Account(name="Sales")),
        f"/Accounts/{ID}",
        Account(),
        b'{"Accounts":[{"Name":"Sales"}]}',
    ),
    call(
        "updateTaxRate",
        lambda t: t.tax_rates.update([TaxRate(name="Old", status="DELETED")]),
        "/TaxRates",
        Results([TaxRate()]),
        b'{"TaxRates":[{"Name":"Old","Status":"DELETED"}]}',
    ),
    call(
        "updateTrackingCategory",
        lambda t: t.tracking_categories.update(ID, TrackingCategory(name="Region")),
        f"/TrackingCategories/{ID}",
        TrackingCategory(),
        b'{"Name":"Region"}',
    ),
    call(
        "createTrackingOptions",
        lambda t: t.tracking_categories.options.create(ID, TrackingOption(name="North")),
        f"/TrackingCategories/{ID}/Options",
        TrackingOption(),
        b'{"Name":"North"}',
    ),
    call(
        "updateTrackingOptions",
        lambda t: t.tracking_categories.options.update(ID, PART, TrackingOption(status="ARCHIVED")),
        f"/TrackingCategories/{ID}/Options/{PART}",
        TrackingOption(),
        b'{"Status":"ARCHIVED"}',
    ),
    call(
        "deleteTrackingOptions",
        lambda t: t.tracking_categories.options.delete(ID, PART),
        f"/TrackingCategories/{ID}/Options/{PART}",
        TrackingOption(),
    ),
    call(
        "createBrandingThemePaymentServices",
        lambda t: t.branding_themes.payment_services.add(ID, [PaymentService(payment_service_id=PART)]),
        f"/BrandingThemes/{ID}/PaymentServices",
        Results([PaymentService()]),
        f'{{"PaymentServices":[{{"PaymentServiceID":"{PART}"}}]}}'.encode(),
    ),
    call(
        "postSetup",
        lambda t: t.setup(Setup(accounts=[Account(code="200")])),
        "/Setup",
        ImportSummaryObject(),
        b'{"Accounts":[{"Code":"200"}]}',
    ),
    # -- reports and other lists
    call(
        "getReportBalanceSheet",
        lambda t: t.reports.balance_sheet(date=date(2026, 1, 31), periods=3, timeframe="MONTH", payments_only=True),
        "/Reports/BalanceSheet?date=2026-01-31&paymentsOnly=true&periods=3&timeframe=MONTH",
        ReportWithRow(),
    ),
    call(
        "getReportAgedPayablesByContact",
        lambda t: t.reports.aged_payables_by_contact(contact_id=UUID(ID)),
        f"/Reports/AgedPayablesByContact?contactId={ID}",
        ReportWithRow(),
    ),
    call(
        "getReportTenNinetyNine",
        lambda t: t.reports.ten_ninety_nine(report_year=2025),
        "/Reports/TenNinetyNine?reportYear=2025",
        Page([Report()]),
    ),
    call(
        "getQuotes",
        lambda t: t.quotes.list(status="SENT", date_from=date(2026, 1, 1), quote_number="QU 1"),
        "/Quotes?DateFrom=2026-01-01&Status=SENT&page=1&QuoteNumber=QU%201",
        Page([Quote()]),
    ),
    call("getJournals", lambda t: t.journals.list(offset=100), "/Journals?offset=100", Page([Journal()])),
    call("getOrganisationActions", lambda t: t.organisations.actions(), "/Organisation/Actions", Page([Action()])),
    call(
        "getTaxRateByTaxType",
        lambda t: t.tax_rates.get("OUTPUT 2"),
        "/TaxRates/OUTPUT%202",
        TaxRate(),
    ),
]


def shape(fact: OperationFact) -> tuple[object, ...]:
    """What tells the lines of one kind from those of another."""
    sends, returns = (name and (name == "bytes" or record_in(name) is not None) for name in (fact.sends, fact.returns))
    return fact.method, len(fact.ids), tuple(takes(fact)), sends, returns, fact.path.endswith("}")


def test_every_shape_is_called_here() -> None:
    """Among the calls below, each operation finds its like."""
    here = {shape(OPERATIONS[row[0]]) for row in CALLS}
    assert [id for id, fact in OPERATIONS.items() if shape(fact) not in here] == []


@pytest.mark.parametrize(("id", "made", "target", "gives", "body", "headers"), CALLS, ids=[row[0] for row in CALLS])
async def test_a_call(
    id: str, made: Call, target: str, gives: object, body: bytes | None, headers: dict[str, str]
) -> None:
    """A call sends the method, URL, headers and bytes that Xero asks for, and gives what it promises."""
    recorder = Recorder()
    given = await made(Organisation(recorder))
    (request,) = recorder.requests
    assert request.operation.id == id
    assert (request.method, request.target) == (OPERATIONS[id].method, f"/api.xro/2.0{target}")
    assert request.headers == headers
    assert request.body == body
    assert (type(given), given) == (type(gives), gives)


async def test_an_upload_may_be_seen_online() -> None:
    """A credit note's file can be put beside the document that the customer sees; a contact's cannot."""
    recorder = Recorder()
    await Organisation(recorder).credit_notes.attachments.upload(ID, "a.pdf", b"x", include_online=True)
    assert recorder.requests[0].target.endswith("/Attachments/a.pdf?IncludeOnline=true")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("A.PNG", "image/png"),
        ("a.b.csv", "text/csv"),
        ("résumé.txt", "text/plain"),
        ("noextension", "application/octet-stream"),
        ("a.unheardof", "application/octet-stream"),
    ],
)
async def test_content_types_are_guessed(name: str, kind: str) -> None:
    """A file is sent with the content type that its name says, or as plain bytes."""
    recorder = Recorder()
    await Organisation(recorder).contacts.attachments.upload(ID, name, b"x")
    assert recorder.requests[0].headers["Content-Type"] == kind


async def test_connections() -> None:
    """The identity service is asked without tenant, under paths of its own, and a delete gives nothing."""
    recorder = Recorder()
    connections = Token(recorder).connections
    assert await connections.list() == [Connection()]
    await connections.delete(ID)
    first, second = recorder.requests
    assert (first.method, first.target) == ("GET", "/connections")
    assert (second.method, second.target, second.body) == ("DELETE", f"/connections/{ID}", None)
    assert not first.operation.needs_tenant
    assert not second.operation.takes_key


# -- what is refused ------------------------------------------------------------------------------------------------


BAD: list[WrongCall] = [
    lambda t: t.invoices.create([]),
    lambda t: t.invoices.create(()),
    lambda t: t.invoices.create(Invoice()),
    lambda t: t.contact_groups.add_contacts(ID, []),
    lambda t: t.bank_transfers.delete_many([]),
    lambda t: t.bank_transfers.delete_many(ID),
    lambda t: t.bank_transfers.delete_many([ID, None]),
    lambda t: t.bank_transfers.delete_many([""]),
    lambda t: t.batch_payments.delete_in_body(""),
    lambda t: t.batch_payments.delete_in_body(None),
    lambda t: t.batch_payments.delete(None),
    lambda t: t.tracking_categories.options.update(ID, None, TrackingOption()),
    lambda t: t.invoices.create([Invoice(total=Decimal("NaN"))]),
    lambda t: t.invoices.create([INVOICE], unitdp=3),
    lambda t: t.invoices.create([INVOICE], idempotency_key="a\nb"),
    lambda t: t.invoices.update("", INVOICE),
    lambda t: t.invoices.update(None, INVOICE),
    lambda t: t.invoices.get("a/b"),
    lambda t: t.invoices.get(5),
    lambda t: t.contact_groups.remove_contact(ID, ""),
    lambda t: t.contacts.attachments.upload(ID, "a/b.pdf", b"x"),
    lambda t: t.contacts.attachments.get_by_name(ID, ".."),
    lambda t: t.contacts.history.add(ID, ""),
    lambda t: t.contacts.history.add(ID, "x" * 2501),
    lambda t: t.invoices.list(page=0),
    lambda t: t.invoices.list(page_size=1001),
    lambda t: t.invoices.list(modified_since=datetime(2026, 1, 31)),
]


@pytest.mark.parametrize("made", BAD)
async def test_bad_input_is_refused_before_sending(made: WrongCall) -> None:
    """What cannot be right raises `InvalidArgument` and makes no request."""
    recorder = Recorder()
    with pytest.raises(InvalidArgument):
        await made(Organisation(recorder))
    assert recorder.requests == []


async def test_a_long_note() -> None:
    """2,500 characters are a note."""
    recorder = Recorder()
    await Organisation(recorder).contacts.history.add(ID, "é" * 2500)
    assert json.loads(recorder.requests[0].body or b"") == {"HistoryRecords": [{"Details": "é" * 2500}]}


UNKNOWN: list[WrongCall] = [
    lambda t: t.invoices.list(pageSize=5),
    lambda t: t.invoices.list("page"),
    lambda t: t.invoices.get(),
    lambda t: t.invoices.get(ID, 4),
    lambda t: t.contacts.attachments.upload(ID, "a.pdf", b"x", include_online=True),
    lambda t: t.invoices.create([INVOICE], summary_only=True),
    lambda t: t.reports.aged_payables_by_contact(),
    lambda t: t.reports.aged_payables_by_contact(ID),
    lambda t: t.tracking_categories.options.update(ID, TrackingOption()),
    lambda t: t.bank_transfers.delete(ID, summarize_errors=True),
]


@pytest.mark.parametrize("made", UNKNOWN)
async def test_unknown_keywords(made: WrongCall) -> None:
    """Options are by keyword alone, and one that an operation does not take is a TypeError."""
    recorder = Recorder()
    with pytest.raises(TypeError):
        await made(Organisation(recorder))
    assert recorder.requests == []


async def test_tenants_do_not_share() -> None:
    """Two tenants of two sessions never see each other's calls, though they share classes and rows."""
    one, two = Recorder(), Recorder(lambda _: Answer(200, {}, b'{"Invoices": [{"Reference": "two"}]}'))
    first, second = Organisation(one), Organisation(two)
    assert (await first.invoices.get(ID)).reference is None
    assert (await second.invoices.get(PART)).reference == "two"
    assert [request.target[-36:] for request in one.requests + two.requests] == [ID, PART]
    assert not hasattr(Accounting, "_caller")


async def test_a_tenant_may_be_kept_anywhere() -> None:
    """A tenant that a class of the caller's own keeps, even for all its instances, calls as before."""
    recorder = Recorder()

    class Service:
        shared = Organisation(recorder)

    assert Service.shared is Service().shared
    await Service().shared.invoices.get(ID)
    assert [request.target for request in recorder.requests] == [f"/api.xro/2.0/Invoices/{ID}"]
