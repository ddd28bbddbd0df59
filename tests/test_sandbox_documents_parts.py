"""What hangs on documents: attachments, history, PDFs, allocations, the members of contact groups."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import Engine, line, sale

UNKNOWN = "11111111-2222-4333-8444-555555555555"
OWNERS = {"Contact": "ContactID", "CreditNote": "CreditNoteID", "Invoice": "InvoiceID"}
NAMES = ("plain.txt", "a b #1 & 100% (é).pdf", "日本語.png", "+.=,;'!@$^~`[]{}")


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def credit_note(engine: Engine, **fields: object) -> Any:  # Any: an answer's JSON
    """A new approved credit note of 115.00 to ABC, unless the fields say otherwise."""
    sent = sale(Type="ACCRECCREDIT", Status="AUTHORISED", **fields)
    return engine.good("createCreditNotes", sent)["CreditNotes"][0]


def owner_of(engine: Engine, item: str) -> dict[str, str]:
    """The path of a new document of a kind."""
    if item == "Contact":
        return {"ContactID": engine.contact(Name="ABC")["ContactID"]}
    if item == "CreditNote":
        return {"CreditNoteID": credit_note(engine)["CreditNoteID"]}
    return {"InvoiceID": engine.invoice()["InvoiceID"]}


# ------------------------------------------------------------------------------------------ attachments


@pytest.mark.parametrize("item", sorted(OWNERS))
def test_attachments_keep_name_bytes_and_type(engine: Engine, item: str) -> None:
    """Files with all kinds of names go up, are listed and come down as they were, by name and by id."""
    path = owner_of(engine, item)
    for at, name in enumerate(NAMES):
        method = ("create", "update")[at % 2]
        operation = f"{method}{item}AttachmentByFileName"
        engine.good(operation, bytes([at]) * 10, path=path | {"FileName": name}, content_type=f"image/x-{at}")
    listed = engine.good(f"get{item}Attachments", path=path)["Attachments"]
    assert [(each["FileName"], each["MimeType"], each["ContentLength"]) for each in listed] == [
        (name, f"image/x-{at}", 10) for at, name in enumerate(NAMES)
    ]
    for at, each in enumerate(listed):
        by_name = engine.call(f"get{item}AttachmentByFileName", path=path | {"FileName": each["FileName"]})
        by_id = engine.call(f"get{item}AttachmentById", path=path | {"AttachmentID": each["AttachmentID"]})
        assert by_name == by_id == (200, bytes([at]) * 10, f"image/x-{at}")


def test_the_same_name_overwrites(engine: Engine) -> None:
    """A file under a name that is taken takes the other's place and id."""
    path = owner_of(engine, "Invoice") | {"FileName": "a.txt"}
    first = engine.good("createInvoiceAttachmentByFileName", b"one", path=path)["Attachments"][0]
    second = engine.good("updateInvoiceAttachmentByFileName", b"three", path=path)["Attachments"][0]
    assert (second["AttachmentID"], second["ContentLength"]) == (first["AttachmentID"], 5)
    assert engine.call("getInvoiceAttachmentByFileName", path=path).body == b"three"
    assert len(engine.good("getInvoiceAttachments", path=path)["Attachments"]) == 1


def test_a_document_says_that_it_has_attachments(engine: Engine) -> None:
    """`HasAttachments` turns true, can be asked for, and counts as a change."""
    invoice = engine.invoice()
    path = {"InvoiceID": invoice["InvoiceID"], "FileName": "a.txt"}
    shown = engine.good("createInvoiceAttachmentByFileName", b"x", path=path, IncludeOnline="true")["Attachments"][0]
    assert shown["IncludeOnline"] is True
    assert shown["Url"].endswith(f"/Invoices/{invoice['InvoiceID']}/Attachments/a.txt")
    (found,) = engine.good("getInvoices", page=1, where="HasAttachments==true")["Invoices"]
    assert found["HasAttachments"] is True
    assert found["UpdatedDateUTC"] > invoice["UpdatedDateUTC"]


@pytest.mark.parametrize("name", [*(f"a{sign}b" for sign in '<>:"/\\|?*'), "", "a\nb", "x" * 256])
def test_forbidden_names_are_refused(engine: Engine, name: str) -> None:
    """A name with a character that Xero forbids is a 400."""
    path = owner_of(engine, "Invoice") | {"FileName": name}
    assert engine.call("createInvoiceAttachmentByFileName", b"x", path=path).status == 400


def test_attachments_have_their_limits(engine: Engine) -> None:
    """Ten files a document, ten megabytes a file, and no empty ones."""
    path = owner_of(engine, "Invoice")
    for at in range(10):
        engine.good("createInvoiceAttachmentByFileName", b"x", path=path | {"FileName": f"{at}"})
    eleventh = engine.call("createInvoiceAttachmentByFileName", b"x", path=path | {"FileName": "10"})
    assert (eleventh.status, "at most 10 attachments" in eleventh.messages[0]) == (400, True)
    ten = path | {"FileName": "9"}
    engine.good("createInvoiceAttachmentByFileName", bytes(10 * 2**20), path=ten)
    assert engine.call("createInvoiceAttachmentByFileName", bytes(10 * 2**20 + 1), path=ten).status == 413
    assert engine.call("createInvoiceAttachmentByFileName", b"", path=ten).status == 400


def test_attachments_of_nothing_are_not_found(engine: Engine) -> None:
    """Neither an unknown document nor an unknown file is found."""
    path = {"InvoiceID": UNKNOWN, "FileName": "a"}
    for operation in ("getInvoiceAttachments", "getInvoiceAttachmentByFileName", "createInvoiceAttachmentByFileName"):
        assert engine.call(operation, b"x", path=path).status == 404
    path = owner_of(engine, "Invoice")
    assert engine.call("getInvoiceAttachmentById", path=path | {"AttachmentID": UNKNOWN}).status == 404


# ------------------------------------------------------------------------------------------ history, PDFs


@pytest.mark.parametrize("item", ["Contact", "CreditNote", "Invoice"])
def test_history_tells_what_happened_and_takes_notes(engine: Engine, item: str) -> None:
    """Creation and notes are told, the newest first, each with its date."""
    path = owner_of(engine, item)
    engine.advance(hours=1)
    sent = {"HistoryRecords": [{"Details": "Called them. ☎"}]}
    made = engine.good(f"create{item}History", sent, path=path)["HistoryRecords"][0]
    assert (made["Changes"], made["Details"], made["DateUTCString"]) == (
        "Note",
        "Called them. ☎",
        "2026-11-21T10:30:00",
    )
    told = engine.good(f"get{item}History", path=path)["HistoryRecords"]
    assert told[0] == made
    assert told[-1]["Changes"] == "Created"


def test_updates_are_told_in_the_history(engine: Engine) -> None:
    """Each update leaves a record."""
    path = {"InvoiceID": engine.invoice()["InvoiceID"]}
    engine.good("updateInvoice", {"Reference": "x"}, path=path)
    changes = [each["Changes"] for each in engine.good("getInvoiceHistory", path=path)["HistoryRecords"]]
    assert changes == ["Edited", "Created"]


@pytest.mark.parametrize("details", ["x" * 2501, "", "  ", None, 5.5e99])
def test_notes_have_their_length(engine: Engine, details: object) -> None:
    """A note needs words, at most 2,500 characters of them."""
    path = owner_of(engine, "Contact")
    assert engine.call("createContactHistory", {"HistoryRecords": [{"Details": details}]}, path=path).status == 400
    engine.good("createContactHistory", {"HistoryRecords": [{"Details": "x" * 2500}]}, path=path)


def test_expense_claims_have_a_history() -> None:
    """Seeded claims tell of their creation, and take notes."""
    engine = Engine(contacts=2, invoices=2)
    claim = engine.good("getExpenseClaims")["ExpenseClaims"][0]
    path = {"ExpenseClaimID": claim["ExpenseClaimID"]}
    engine.good("createExpenseClaimHistory", {"HistoryRecords": [{"Details": "Seen"}]}, path=path)
    told = engine.good("getExpenseClaimHistory", path=path)["HistoryRecords"]
    assert [each["Changes"] for each in told] == ["Note", "Created"]


@pytest.mark.parametrize("item", ["CreditNote", "Invoice"])
def test_a_pdf_is_one(engine: Engine, item: str) -> None:
    """The PDF has its header, a cross-reference table that points at its objects, and the text."""
    path = owner_of(engine, item)
    status, file, kind = engine.call(f"get{item}AsPdf", path=path)
    assert (status, kind) == (200, "application/pdf")
    assert file.startswith(b"%PDF-1.4\n")
    assert file.endswith(b"%%EOF\n")
    table = int(file.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert file[table:].startswith(b"xref\n0 6\n")
    offsets = [int(row[:10]) for row in file[table:].split(b"\n")[3:8]]
    assert [file[at:].split(b"\n")[0] for at in offsets] == [b"%d 0 obj" % number for number in range(1, 6)]
    assert b"Total NZD 115.00" in file
    length = int(re.findall(rb"/Length (\d+)", file)[0])
    assert file.split(b"stream\n")[1][length:] == b"\nend"


def test_a_pdf_escapes_what_it_shows(engine: Engine) -> None:
    """Brackets, backslashes and foreign signs do no harm."""
    invoice = engine.invoice(Contact={"Name": "A (B) \\ 日本"})
    file = engine.call("getInvoiceAsPdf", path={"InvoiceID": invoice["InvoiceID"]}).body
    assert b"A \\(B\\) \\\\ ??" in file


# ------------------------------------------------------------------------------------------ allocations


def allocate(engine: Engine, note: dict[str, Any], invoice: dict[str, Any], amount: object, **fields: object) -> Any:
    """The answer to one allocation."""
    sent = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": amount, **fields}]}
    return engine.call("createCreditNoteAllocation", sent, path={"CreditNoteID": note["CreditNoteID"]})


def read_note(engine: Engine, note: dict[str, Any]) -> Any:  # Any: an answer's JSON
    """A credit note as it is now."""
    return engine.good("getCreditNote", path={"CreditNoteID": note["CreditNoteID"]})["CreditNotes"][0]


def test_an_allocation_moves_credit_and_its_deletion_gives_it_back(engine: Engine) -> None:
    """Credit goes to the invoice, in part and then in full, and comes back."""
    note, invoice = credit_note(engine), engine.invoice(Status="AUTHORISED")
    assert (note["CreditNoteNumber"], note["RemainingCredit"]) == ("CN-0001", 115)
    part = allocate(engine, note, invoice, 15, Date="2026-11-05").json["Allocations"][0]
    assert (part["Amount"], part["Date"]) == (15, max(note["Date"], invoice["Date"]))  # whatever date is sent
    open_invoice = engine.get_invoice(invoice["InvoiceID"])
    assert (open_invoice["AmountDue"], open_invoice["AmountCredited"], open_invoice["Status"]) == (
        100,
        15,
        "AUTHORISED",
    )
    assert allocate(engine, note, invoice, "100.00").status == 200
    paid, used = engine.get_invoice(invoice["InvoiceID"]), read_note(engine, note)
    assert (paid["AmountDue"], paid["Status"], paid["CreditNotes"][0]["AppliedAmount"]) == (0, "PAID", 115)
    assert (used["RemainingCredit"], used["Status"], len(used["Allocations"])) == (0, "PAID", 2)
    assert used["UpdatedDateUTC"] != paid["UpdatedDateUTC"] > open_invoice["UpdatedDateUTC"]
    path = {"CreditNoteID": note["CreditNoteID"], "AllocationID": part["AllocationID"]}
    gone = engine.good("deleteCreditNoteAllocations", path=path)
    assert (gone["AllocationID"], gone["IsDeleted"]) == (part["AllocationID"], True)
    again, left = engine.get_invoice(invoice["InvoiceID"]), read_note(engine, note)
    assert (again["AmountDue"], again["Status"], "FullyPaidOnDate" in again) == (15, "AUTHORISED", False)
    assert (left["RemainingCredit"], left["Status"], len(left["Allocations"])) == (15, "AUTHORISED", 1)
    assert engine.call("deleteCreditNoteAllocations", path=path).status == 404


@pytest.mark.parametrize(
    ("amount", "fields", "message"),
    [
        (116, {}, "exceeds the remaining credit"),
        (0, {}, "greater than zero"),
        (-5, {}, "greater than zero"),
        (None, {}, "Amount must be specified"),
        ("x", {}, "Amount is not a number"),
        (5, {"Date": "soon"}, "Date is not a valid date"),
        (5, {"Invoice": {"InvoiceID": UNKNOWN}}, "could not be found"),
        (5, {"Invoice": {}}, "Invoice must be specified"),
    ],
)
def test_broken_allocations_are_refused_in_words(
    engine: Engine, amount: object, fields: dict[str, object], message: str
) -> None:
    """Each rule has its message, and nothing moves."""
    note, invoice = credit_note(engine), engine.invoice(Status="AUTHORISED", LineItems=[line(UnitAmount=500)])
    reply = allocate(engine, note, invoice, amount, **fields)
    assert reply.status == 400
    assert message in reply.messages[0]
    assert read_note(engine, note)["RemainingCredit"] == 115


def test_an_allocation_needs_two_documents_that_fit(engine: Engine) -> None:
    """Same kind, same contact, both approved, and no more than is due."""
    note = credit_note(engine)
    for fields, message in (
        ({"Contact": {"Name": "Other"}}, "same contact"),
        ({"Type": "ACCPAY"}, "same kind"),
        ({"Status": "DRAFT"}, "AUTHORISED documents"),
        ({"LineItems": [line(UnitAmount=1)]}, "outstanding on the invoice"),
    ):
        invoice = engine.invoice(**({"Status": "AUTHORISED"} | fields))
        assert message in allocate(engine, note, invoice, 100).messages[0]


def test_good_allocations_are_made_beside_bad_ones(engine: Engine) -> None:
    """Allocations are a batch like any other, each seeing what those before it did."""
    note = credit_note(engine)
    one, two = (engine.invoice(Status="AUTHORISED")["InvoiceNumber"] for _ in range(2))
    sent = [{"Invoice": {"InvoiceNumber": each}, "Amount": 60} for each in (one, two, one)]
    path = {"CreditNoteID": note["CreditNoteID"]}
    made = engine.good("createCreditNoteAllocation", sent, path=path, summarizeErrors="false")["Allocations"]
    assert ["ValidationErrors" in each for each in made] == [False, True, True]
    assert read_note(engine, note)["RemainingCredit"] == 55


def test_an_allocation_by_number_means_the_invoice_of_its_kind(engine: Engine) -> None:
    """A supplier's credit goes to the bill of a number, though a sale has the same one."""
    engine.invoice(InvoiceNumber="X", Status="AUTHORISED")
    bill = engine.invoice(InvoiceNumber="X", Status="AUTHORISED", Type="ACCPAY")
    engine.invoice(InvoiceNumber="X-2", Status="AUTHORISED")
    sent = sale(Type="ACCPAYCREDIT", Status="AUTHORISED")
    path = {"CreditNoteID": engine.good("createCreditNotes", sent)["CreditNotes"][0]["CreditNoteID"]}
    engine.good("updateInvoice", {"Reference": "later"}, path={"InvoiceID": "X"})
    engine.good("createCreditNoteAllocation", {"Invoice": {"InvoiceNumber": "X"}, "Amount": 15}, path=path)
    assert engine.get_invoice(bill["InvoiceID"])["AmountDue"] == 100


def test_applied_documents_are_locked(engine: Engine) -> None:
    """With credit applied neither side can be voided or come to another total; its reference may change."""
    note, invoice = credit_note(engine), engine.invoice(Status="AUTHORISED")
    allocate(engine, note, invoice, 15)
    path = {"InvoiceID": invoice["InvoiceID"]}
    for fields in ({"Status": "VOIDED"}, {"LineItems": [line(UnitAmount=70)]}, {"Contact": {"Name": "Other"}}):
        assert engine.call("updateInvoice", fields, path=path).status == 400
    assert engine.good("updateInvoice", {"Reference": "r"}, path=path)["Invoices"][0]["AmountDue"] == 100
    voided = engine.call("updateCreditNote", {"Status": "VOIDED"}, path={"CreditNoteID": note["CreditNoteID"]})
    assert "The status VOIDED cannot be applied to the credit note" in voided.messages[0]


def test_credit_notes_are_numbered_and_unique(engine: Engine) -> None:
    """Credit notes have a row of numbers of their own; POST by number overwrites."""
    note = credit_note(engine)
    assert note["Type"] == "ACCRECCREDIT"
    twin = sale(Type="ACCRECCREDIT", CreditNoteNumber="CN-0001", Reference="r")
    assert engine.call("createCreditNotes", twin).messages == ["Credit Note # must be unique."]
    changed = engine.good("updateOrCreateCreditNotes", twin | {"Status": "AUTHORISED"})["CreditNotes"][0]
    assert (changed["CreditNoteID"], changed["Reference"]) == (note["CreditNoteID"], "r")
    assert engine.good("getCreditNote", path={"CreditNoteID": "CN-0001"})["CreditNotes"] == [changed]
    assert credit_note(engine, LineItems=[line(UnitAmount="0.005")])["Total"] == Decimal("0.02")


# ------------------------------------------------------------------------------------------ contact groups


def test_contacts_join_and_leave_groups(engine: Engine) -> None:
    """A contact shows its groups and a group its contacts, until it leaves."""
    group = engine.good("createContactGroup", {"Name": "VIP"})["ContactGroups"][0]
    contacts = [engine.contact(Name=name) for name in ("A", "B")]
    path = {"ContactGroupID": group["ContactGroupID"]}
    sent = {"Contacts": [{"ContactID": each["ContactID"]} for each in contacts] * 2}
    joined = engine.good("createContactGroupContacts", sent, path=path)["Contacts"]
    assert [each["ContactGroups"][0]["Name"] for each in joined] == ["VIP"] * 4
    read = engine.good("getContact", path={"ContactID": contacts[0]["ContactID"]})["Contacts"][0]
    assert read["ContactGroups"] == [{"ContactGroupID": group["ContactGroupID"], "Name": "VIP", "Status": "ACTIVE"}]
    shown = engine.good("getContactGroup", path=path)["ContactGroups"][0]["Contacts"]
    assert {each["Name"] for each in shown} == {"A", "B"}
    out = path | {"ContactID": contacts[0]["ContactID"]}
    assert engine.call("deleteContactGroupContact", path=out)[:2] == (204, b"")
    assert engine.call("deleteContactGroupContact", path=out).status == 404
    assert engine.good("getContact", path={"ContactID": contacts[0]["ContactID"]})["Contacts"][0]["ContactGroups"] == []
    assert len(engine.good("getContactGroup", path=path)["ContactGroups"][0]["Contacts"]) == 1


def test_joining_a_group_needs_a_contact_and_a_group(engine: Engine) -> None:
    """An unknown contact is an error of its element, an unknown group a 404."""
    group = engine.good("createContactGroup", {"Name": "VIP"})["ContactGroups"][0]
    path = {"ContactGroupID": group["ContactGroupID"]}
    for contact in ({"ContactID": UNKNOWN}, {"Name": "A"}):
        assert engine.call("createContactGroupContacts", {"Contacts": [contact]}, path=path).status == 400
    gone = engine.call("createContactGroupContacts", {"Contacts": []}, path={"ContactGroupID": UNKNOWN})
    assert gone.status == 404
    assert engine.call("createContactGroup", {"Name": "vip"}).status == 400
