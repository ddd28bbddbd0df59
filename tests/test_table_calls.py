"""What each line of the table sends, byte for byte, and what it refuses to send."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from facts import OPERATIONS
from recording import Organisation, Recorder, Token

from xero_async.apis.accounting import Accounting
from xero_async.models import (
    Allocation,
    Attachment,
    CISSetting,
    Connection,
    Contact,
    CreditNote,
    Currency,
    Employee,
    ExpenseClaim,
    HistoryRecord,
    Invoice,
    InvoiceReminder,
    LineItem,
)
from xero_async.wire import Answer, Page, Results
from xero_async.wire.errors import InvalidArgument

ID = "243216c5-369e-4056-ac67-05388f86dc81"
PART = "025867f1-d741-4d6b-b1af-9ac774b59ba7"

Call = Callable[[Organisation], Awaitable[object]]
WrongCall = Callable[[Any], Awaitable[object]]
"""A call that the type checkers would refuse."""
JSON = {"Accept": "application/json"}
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


def attachment_calls(noun: str, path: str) -> list[tuple[str, Call, str, object, bytes | None, dict[str, str]]]:
    """The calls of a resource with attachments."""

    def files(organisation: Organisation) -> Any:  # Any: contacts' attachments or those of credit notes
        return getattr(organisation, path.lower().replace("notes", "_notes")).attachments

    below = f"/{path}/{ID}/Attachments"
    octets = {"Accept": "*/*", "contentType": "application/octet-stream"}
    pdf = JSON | {"Content-Type": "application/pdf"}
    text = JSON | {"Content-Type": "text/plain", "Idempotency-Key": "k"}
    return [
        call(f"get{noun}Attachments", lambda t: files(t).list(ID), below, Page([Attachment()])),
        call(f"get{noun}AttachmentById", lambda t: files(t).get(ID, PART), f"{below}/{PART}", b"%PDF", None, octets),
        call(
            f"get{noun}AttachmentByFileName",
            lambda t: files(t).get_by_name(ID, "a b.pdf", content_type="application/pdf"),
            f"{below}/a%20b.pdf",
            b"%PDF",
            None,
            octets | {"contentType": "application/pdf"},
        ),
        call(
            f"create{noun}AttachmentByFileName",
            lambda t: files(t).upload(ID, "é.pdf", b"\x00%PDF"),
            f"{below}/%C3%A9.pdf",
            Attachment(),
            b"\x00%PDF",
            pdf,
        ),
        call(
            f"update{noun}AttachmentByFileName",
            lambda t: files(t).replace(ID, "note", b"", content_type="text/plain", idempotency_key="k"),
            f"{below}/note",
            Attachment(),
            b"",
            text,
        ),
    ]


def history_calls(
    noun: str, path: str, resource: str
) -> list[tuple[str, Call, str, object, bytes | None, dict[str, str]]]:
    """The calls of a resource with a history."""

    def notes(organisation: Organisation) -> Any:  # Any: the history of any resource
        return getattr(organisation, resource).history

    target, body = f"/{path}/{ID}/History", b'{"HistoryRecords":[{"Details":"called"}]}'
    return [
        call(f"get{noun}History", lambda t: notes(t).list(ID), target, Page([HistoryRecord()])),
        call(f"create{noun}History", lambda t: notes(t).add(ID, "called"), target, HistoryRecord(), body),
    ]


INVOICE = Invoice(type="ACCREC", line_items=[LineItem(quantity=Decimal("1.00"))])
INVOICE_JSON = b'{"Invoices":[{"Type":"ACCREC","LineItems":[{"Quantity":1.00}]}]}'
CONTACT, CONTACT_JSON = Contact(name="Zoë"), '{"Contacts":[{"Name":"Zoë"}]}'.encode()
NOTE, NOTE_JSON = CreditNote(reference="r"), b'{"CreditNotes":[{"Reference":"r"}]}'
EMPLOYEE, EMPLOYEE_JSON = Employee(first_name="A"), b'{"Employees":[{"FirstName":"A"}]}'
CLAIM, CLAIM_JSON = ExpenseClaim(status="SUBMITTED"), b'{"ExpenseClaims":[{"Status":"SUBMITTED"}]}'
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
    *attachment_calls("Contact", "Contacts"),
    *history_calls("Contact", "Contacts", "contacts"),
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
        "updateOrCreateCreditNotes",
        lambda t: t.credit_notes.upsert((NOTE,)),
        f"/CreditNotes{BATCH}",
        Results([CreditNote()]),
        NOTE_JSON,
    ),
    call(
        "updateCreditNote",
        lambda t: t.credit_notes.update(ID, NOTE, unitdp=4),
        f"/CreditNotes/{ID}?unitdp=4",
        CreditNote(),
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
    *attachment_calls("CreditNote", "CreditNotes"),
    *history_calls("CreditNote", "CreditNotes", "credit_notes"),
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
        "getEmployees",
        lambda t: t.employees.list(modified_since=NOON),
        "/Employees",
        Page([Employee()]),
        None,
        JSON | {"If-Modified-Since": "2026-01-31T12:00:00"},
    ),
    call("getEmployee", lambda t: t.employees.get(ID), f"/Employees/{ID}", Employee()),
    call(
        "createEmployees",
        lambda t: t.employees.create([EMPLOYEE]),
        f"/Employees{BATCH}",
        Results([Employee()]),
        EMPLOYEE_JSON,
    ),
    call(
        "updateOrCreateEmployees",
        lambda t: t.employees.upsert([EMPLOYEE]),
        f"/Employees{BATCH}",
        Results([Employee()]),
        EMPLOYEE_JSON,
    ),
    call("getExpenseClaims", lambda t: t.expense_claims.list(), "/ExpenseClaims", Page([ExpenseClaim()])),
    call("getExpenseClaim", lambda t: t.expense_claims.get(ID), f"/ExpenseClaims/{ID}", ExpenseClaim()),
    call(
        "createExpenseClaims",
        lambda t: t.expense_claims.create([CLAIM]),
        "/ExpenseClaims",
        Results([ExpenseClaim()]),
        CLAIM_JSON,
    ),
    call(
        "updateExpenseClaim",
        lambda t: t.expense_claims.update(ID, CLAIM),
        f"/ExpenseClaims/{ID}",
        ExpenseClaim(),
        CLAIM_JSON,
    ),
    *history_calls("ExpenseClaim", "ExpenseClaims", "expense_claims"),
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
]


def test_every_operation_is_called_here() -> None:
    """The calls below are those of all fifty operations."""
    assert sorted(row[0] for row in CALLS) == sorted(OPERATIONS)


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


async def test_bytes_of_every_make() -> None:
    """A file's content may be bytes, a bytearray or a memoryview, and goes out unchanged."""
    recorder = Recorder()
    files = Organisation(recorder).contacts.attachments
    data = bytes(range(256))
    for content in (data, bytearray(data), memoryview(data)):
        await files.upload(ID, "a", content)  # type: ignore[arg-type]  # bytes-like will do at run time
    assert [request.body for request in recorder.requests] == [data] * 3


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
