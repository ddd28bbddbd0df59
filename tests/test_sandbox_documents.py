"""The documents engine: contacts, invoices, batches and errors, as Xero's clients see them."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandbox_engine import TENANT, Engine, line, sale

from xero_async.sandbox.documents import HANDLERS

ZERO_ID = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def update(engine: Engine, invoice: dict[str, Any], **fields: object) -> Any:  # Any: an answer's JSON
    """An invoice as it is after an update that must succeed."""
    return engine.good("updateInvoice", fields, path={"InvoiceID": invoice["InvoiceID"]})["Invoices"][0]


def refusal(engine: Engine, invoice: dict[str, Any], **fields: object) -> str:
    """The messages of an update that must fail."""
    reply = engine.call("updateInvoice", fields, path={"InvoiceID": invoice["InvoiceID"]})
    assert (reply.status, reply.json["Elements"][0]["InvoiceID"]) == (400, invoice["InvoiceID"])
    return " ".join(reply.messages)


# ------------------------------------------------------------------------------------------ envelopes and errors


def test_the_envelope(engine: Engine) -> None:
    """An answer has Xero's envelope around its documents."""
    reply = engine.call("getContacts", page=1)
    assert reply.content_type.startswith("application/json")
    assert set(reply.json) == {"Id", "Status", "ProviderName", "DateTimeUTC", "pagination", "Contacts"}
    assert reply.json["Status"] == "OK"
    assert re.fullmatch(r"/Date\(\d+\)/", reply.json["DateTimeUTC"])


@pytest.mark.parametrize("named", [UNKNOWN, "INV-9999", "", "not a guid", "%", "ABC\x00"])
def test_what_is_not_there_is_a_plain_404(engine: Engine, named: str) -> None:
    """An unknown record, by id or number, is a 404 in plain text."""
    for operation, parameter in (
        ("getInvoice", "InvoiceID"),
        ("getContact", "ContactID"),
        ("getEmployee", "EmployeeID"),
    ):
        reply = engine.call(operation, path={parameter: named})
        assert (reply.status, reply.content_type.split(";")[0]) == (404, "text/plain")
        assert reply.body == b"The resource you're looking for cannot be found"


def test_an_unknown_tenant_and_an_unknown_operation_have_answers(engine: Engine) -> None:
    """Neither a tenant that was never added nor an operation that is not served raises."""
    assert engine.documents.execute("getContacts", "nobody", {}, {}, {}, b"", "").status == 404
    assert engine.call("getNothing").status == 501
    with pytest.raises(KeyError):
        engine.documents.counts("nobody")
    with pytest.raises(KeyError):
        engine.documents.seed("nobody", contacts=1, invoices=1, seed=1)


def test_every_operation_of_the_api_is_served() -> None:
    """The handlers are those of Xero's own list of operations, no more and no fewer."""
    facts = Path(__file__).parent / "facts/operations.json"
    assert HANDLERS.keys() == json.loads(facts.read_bytes()).keys()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'"x"',
        b"5",
        b'{"Invoices":5}',
        b'{"Invoices":["x"]}',
        b"\xff\xfe",
        b"[" * 9999,
        b"NaN",
        b"[{}]" * 2,
        b'{"Invoices":[{"a":' + b"[" * 50 + b"]" * 50 + b"}]}",
    ],
)
def test_a_body_that_is_no_list_of_documents_is_a_400(engine: Engine, body: bytes) -> None:
    """What does not parse, or is of another form, is Xero's error 14."""
    reply = engine.call("createInvoices", body)
    assert (reply.status, reply.json["ErrorNumber"], reply.json["Type"]) == (400, 14, "PostDataInvalidException")


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"[]", b"null", b'{"Invoices":[]}', b'{"Invoices":null}'])
def test_a_body_without_documents_is_a_400(engine: Engine, body: bytes) -> None:
    """Nothing to process is Xero's error 17."""
    reply = engine.call("createInvoices", body)
    assert (reply.status, reply.json["ErrorNumber"], reply.json["Type"]) == (400, 17, "NoDataProcessedException")


@pytest.mark.parametrize("body", [{"Invoices": [sale()]}, {"Invoices": sale()}, [sale()], sale()])
def test_a_body_may_be_wrapped_or_bare(engine: Engine, body: object) -> None:
    """The envelope's name, a bare list and a bare object all do."""
    assert len(engine.good("createInvoices", body)["Invoices"]) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"<Invoices/>", "application/json"), (b"{}", "text/xml"), (b"xml=x", "application/x-www-form-urlencoded")],
)
def test_xml_is_refused_clearly(engine: Engine, body: bytes, kind: str) -> None:
    """XML is not read: 415, in words."""
    reply = engine.call("createInvoices", body, content_type=kind)
    assert reply.status == 415
    assert b"JSON" in reply.body


def test_a_batch_has_its_limits(engine: Engine) -> None:
    """More than 500 elements are a 400, more than 3.5 MB a 413, and nothing of them is saved; 51 are accepted."""
    assert engine.call("createInvoices", [sale()] * 501).status == 400
    assert engine.call("createInvoices", [sale(Reference="x" * 3_700_000)]).status == 413
    assert engine.documents.counts(TENANT)["Invoices"] == 0
    assert len(engine.good("createInvoices", [sale()] * 51)["Invoices"]) == 51


# ------------------------------------------------------------------------------------------ batches


def test_summarized_errors_list_the_failures_alone_while_the_good_are_saved(engine: Engine) -> None:
    """By default one bad element makes a 400 of the bad ones; the others are there all the same."""
    reply = engine.call("createInvoices", [sale(Reference="a"), sale(Reference="b", Type="X"), sale(Reference="c")])
    assert (reply.status, reply.json["ErrorNumber"], reply.json["Type"]) == (400, 10, "ValidationException")
    assert reply.json["Message"] == "A validation exception occurred"
    assert [(each["Reference"], each["InvoiceID"]) for each in reply.json["Elements"]] == [("b", ZERO_ID)]
    assert "Type 'X'" in reply.messages[0]
    saved = engine.good("getInvoices", page=1)["Invoices"]
    assert [each["Reference"] for each in saved] == ["a", "c"]


@pytest.mark.parametrize("flag", ["false", "False"])
def test_unsummarized_errors_give_every_element_back_in_order(engine: Engine, flag: str) -> None:
    """With `summarizeErrors=false` each element comes back, OK, WARNING or ERROR, with its own messages."""
    sent = [sale(Reference="a"), sale(Reference="b", Contact={}), sale(Reference="c", SentToContact=True)]
    elements = engine.good("createInvoices", sent, summarizeErrors=flag)["Invoices"]
    assert [(each["Reference"], each["StatusAttributeString"], each["HasErrors"]) for each in elements] == [
        ("a", "OK", False),
        ("b", "ERROR", True),
        ("c", "WARNING", False),
    ]
    assert elements[1]["InvoiceID"] == ZERO_ID
    assert elements[1]["ValidationErrors"] == [{"Message": "A Contact must be specified for this type of transaction"}]
    assert "SentToContact" in elements[2]["Warnings"][0]["Message"]
    assert engine.documents.counts(TENANT)["Invoices"] == 2


def test_a_failed_element_leaves_nothing_behind(engine: Engine) -> None:
    """The contact that a failing invoice would have made is not made either."""
    assert engine.call("createInvoices", sale(Contact={"Name": "Ghost"}, Status="PAID")).status == 400
    counts = engine.documents.counts(TENANT)
    assert (counts["Contacts"], counts["Invoices"]) == (0, 0)


def test_each_change_moves_the_change_date_on(engine: Engine) -> None:
    """Change dates rise strictly, also within one moment of the clock."""
    made = engine.good("createInvoices", [sale()] * 5)["Invoices"]
    dates = [each["UpdatedDateUTC"] for each in made]
    assert dates == sorted(set(dates))
    assert update(engine, made[0], Reference="x")["UpdatedDateUTC"] > dates[-1]


# ------------------------------------------------------------------------------------------ invoices


def test_an_invoice_has_what_xero_gives_it(engine: Engine) -> None:
    """A new invoice has its number, dates, contact, totals and status, in Xero's forms."""
    invoice = engine.invoice(Date="2026-11-01")
    assert invoice["InvoiceNumber"] == "INV-0001"
    assert (invoice["Status"], invoice["LineAmountTypes"], invoice["CurrencyCode"]) == ("DRAFT", "Exclusive", "NZD")
    assert (invoice["Date"], invoice["DateString"]) == ("/Date(1793491200000+0000)/", "2026-11-01T00:00:00")
    assert invoice["DueDateString"] == "2026-12-20T00:00:00"
    amounts = [invoice[name] for name in ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid", "AmountCredited")]
    assert list(map(str, amounts)) == ["100.00", "15.00", "115.00", "115.00", "0.00", "0.00"]
    assert invoice["Contact"]["Name"] == "ABC"
    assert invoice["LineItems"][0]["LineItemID"]
    assert str(invoice["LineItems"][0]["Quantity"]) == "2.0000"
    assert engine.get_invoice(invoice["InvoiceID"]) == invoice
    assert engine.good("getInvoices", page=1)["Invoices"] == [engine.get_invoice("INV-0001")]


def test_todays_date_is_the_default(engine: Engine) -> None:
    """An invoice without a date is of the clock's day."""
    assert engine.invoice()["DateString"] == "2026-11-21T00:00:00"


def test_numbers_are_assigned_in_order_around_those_taken(engine: Engine) -> None:
    """The next free number is given; numbers that a client brought are passed over."""
    engine.invoice(InvoiceNumber="INV-0002")
    assert [engine.invoice()["InvoiceNumber"] for _ in range(2)] == ["INV-0001", "INV-0003"]


def test_a_number_is_used_once_for_sales_and_freely_for_bills(engine: Engine) -> None:
    """PUT with a sale's number in use fails; bills may share theirs."""
    engine.invoice(InvoiceNumber="X-1")
    assert engine.call("createInvoices", sale(InvoiceNumber="X-1")).messages == ["Invoice # must be unique."]
    for _ in range(2):
        engine.invoice(Type="ACCPAY", InvoiceNumber="X-1")
    assert engine.documents.counts(TENANT)["Invoices"] == 3


def test_post_by_number_overwrites_and_put_does_not(engine: Engine) -> None:
    """POST without an id changes the sale of that number and makes a new one for a new number."""
    first = engine.invoice(InvoiceNumber="X-1", Reference="old")
    sent = [sale(InvoiceNumber="X-1", Reference="new"), sale(InvoiceNumber="X-2")]
    changed, made = engine.good("updateOrCreateInvoices", sent)["Invoices"]
    assert (changed["InvoiceID"], changed["Reference"]) == (first["InvoiceID"], "new")
    assert made["InvoiceID"] != first["InvoiceID"]
    bill = sale(Type="ACCPAY", InvoiceNumber="X-1")
    assert len({engine.good("updateOrCreateInvoices", bill)["Invoices"][0]["InvoiceID"] for _ in range(2)}) == 2


def test_post_by_id_updates_and_an_unknown_id_is_an_error(engine: Engine) -> None:
    """An element with an InvoiceID is that invoice; one that does not exist is refused, and its id echoed."""
    first = engine.invoice()
    sent = [{"InvoiceID": first["InvoiceID"], "Reference": "r"}, {"InvoiceID": UNKNOWN, "Reference": "s"}]
    good, bad = engine.good("updateOrCreateInvoices", sent, summarizeErrors="false")["Invoices"]
    assert (good["InvoiceID"], good["Reference"], good["Total"]) == (first["InvoiceID"], "r", first["Total"])
    assert (bad["InvoiceID"], bad["StatusAttributeString"]) == (UNKNOWN, "ERROR")


def test_a_number_given_up_may_be_used_again(engine: Engine) -> None:
    """The number of a deleted invoice is free."""
    update(engine, engine.invoice(InvoiceNumber="X-1"), Status="DELETED")
    assert engine.invoice(InvoiceNumber="X-1")["InvoiceNumber"] == "X-1"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Type": None}, "type must be specified"),
        ({"Type": "SALE"}, "Type 'SALE' is not one of ACCREC, ACCPAY"),
        ({"Contact": None}, "A Contact must be specified"),
        ({"Contact": {"ContactID": UNKNOWN}}, "could not be found"),
        ({"Contact": {"ContactID": "7"}}, "ContactID is not a valid GUID"),
        ({"Contact": "ABC"}, "Contact is not an object"),
        ({"Status": "PAID"}, "Invoice not of valid status for creation"),
        ({"Status": "AUTHORISED", "DueDate": None}, "The document DueDate field must be specified"),
        ({"Status": "AUTHORISED", "LineItems": None}, "One or more line items must be specified"),
        ({"Date": "garbage"}, "Date is not a valid date"),
        ({"DueDate": "2026-02-30"}, "DueDate"),
        ({"LineItems": [line(TaxType="FOO")]}, "TaxType code 'FOO'"),
        ({"LineItems": [line(LineAmount=99)]}, "does not match the expected line total 100.00"),
        ({"LineItems": [line(UnitAmount=-1)]}, "must not be negative"),
        ({"LineItems": {"Description": "x"}}, "LineItems is not a list"),
        ({"InvoiceNumber": "x" * 256}, "InvoiceNumber must not exceed 255"),
        ({"CurrencyCode": "XTS"}, "not subscribed to currency XTS"),
        ({"CurrencyCode": "USD", "CurrencyRate": 0}, "CurrencyRate must be greater than zero"),
        ({"LineAmountTypes": "Gross"}, "LineAmountTypes"),
    ],
)
def test_broken_invoices_are_refused_in_words(engine: Engine, fields: dict[str, object], message: str) -> None:
    """Each rule has its message."""
    reply = engine.call("createInvoices", sale(**fields))
    assert reply.status == 400
    assert message in " ".join(reply.messages)


def test_fields_left_out_keep_their_value_and_read_only_ones_are_ignored(engine: Engine) -> None:
    """An update changes what it sends, and echoed results of Xero's own work do not count."""
    invoice = engine.invoice(Reference="keep", Url="https://example.com")
    changed = update(engine, invoice, DueDate="2027-01-01", Total=1, AmountDue=2, AmountPaid=3, HasAttachments=True)
    assert (changed["Reference"], changed["Url"], changed["Total"]) == ("keep", "https://example.com", invoice["Total"])
    assert (changed["AmountDue"], changed["AmountPaid"]) == (invoice["Total"], 0)
    assert changed["HasAttachments"] is False
    assert changed["DueDateString"] == "2027-01-01T00:00:00"


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "AUTHORISED"])
def test_an_invoice_sent_back_as_it_was_read_is_accepted(engine: Engine, status: str) -> None:
    """Get, then update unchanged: nothing but the change date is another."""
    read = engine.get_invoice(engine.invoice(Status=status, CurrencyCode="USD")["InvoiceID"])
    assert update(engine, read, **read) | {"UpdatedDateUTC": ""} == read | {"UpdatedDateUTC": ""}


def test_seeded_invoices_of_every_status_may_be_sent_back() -> None:
    """Paid, voided and deleted ones too, as long as nothing changes."""
    engine = Engine(contacts=20, invoices=150)
    seen: set[str] = set()
    for read in engine.good("getInvoices", page=1, pageSize=150)["Invoices"]:
        again = engine.call("updateInvoice", read, path={"InvoiceID": read["InvoiceID"]})
        archived = again.status == 400 and "archived" in again.messages[0]
        assert archived or again.json["Invoices"][0] | {"UpdatedDateUTC": ""} == read | {"UpdatedDateUTC": ""}
        seen.add(read["Status"])
    assert seen == {"DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"}


def test_lines_not_sent_back_are_deleted(engine: Engine) -> None:
    """On update the lines sent are the lines there are; those with an id are changed, the others new."""
    first, second = engine.invoice(LineItems=[line(), line(UnitAmount=10)])["LineItems"]
    invoice = engine.get_invoice("INV-0001")
    changed = update(
        engine, invoice, LineItems=[{"LineItemID": second["LineItemID"], "Quantity": 3}, line(UnitAmount=1)]
    )
    assert [each["LineAmount"] for each in changed["LineItems"]] == [30, 2]
    assert changed["LineItems"][0]["LineItemID"] == second["LineItemID"]
    assert first["LineItemID"] not in str(changed)
    assert changed["Total"] == Decimal("36.80")


def test_changing_the_line_amount_types_works_the_tax_out_anew(engine: Engine) -> None:
    """The same lines, now inclusive, hold their tax."""
    changed = update(engine, engine.invoice(), LineAmountTypes="Inclusive")
    assert (changed["SubTotal"], changed["TotalTax"], changed["Total"]) == (Decimal("86.96"), Decimal("13.04"), 100)


def test_discounts_are_totalled(engine: Engine) -> None:
    """A discounted invoice says so, and by how much."""
    invoice = engine.invoice(LineItems=[line(DiscountRate=10), line(DiscountAmount=5)])
    assert [each["LineAmount"] for each in invoice["LineItems"]] == [90, 95]
    assert (invoice["IsDiscounted"], invoice["TotalDiscount"], invoice["SubTotal"]) == (True, 15, 185)


def test_statuses_follow_their_order(engine: Engine) -> None:
    """A draft is approved, then voided; there is no way back."""
    invoice = engine.invoice()
    assert update(engine, invoice, Status="AUTHORISED")["AmountDue"] == 115
    assert "not of valid status for modification" in refusal(engine, invoice, Status="DRAFT")
    assert update(engine, invoice, Status="VOIDED")["AmountDue"] == 0
    assert "not of valid status for modification" in refusal(engine, invoice, Reference="later")


def test_an_approved_invoice_of_nothing_is_paid(engine: Engine) -> None:
    """With nothing due an approved invoice is paid at once."""
    assert engine.invoice(Status="AUTHORISED", LineItems=[line(UnitAmount=0)])["Status"] == "PAID"


def test_the_type_of_an_invoice_stays(engine: Engine) -> None:
    """A sale does not become a bill."""
    assert "type cannot be changed" in refusal(engine, engine.invoice(), Type="ACCPAY")


def test_currencies_have_their_rate(engine: Engine) -> None:
    """The base currency has the rate 1; another one has the rate that is sent, or a default."""
    assert engine.invoice()["CurrencyRate"] == 1
    assert engine.invoice(CurrencyCode="usd", CurrencyRate="0.7")["CurrencyRate"] == Decimal("0.7")
    assert 0 < engine.invoice(CurrencyCode="USD")["CurrencyRate"] < 1


def test_an_update_by_id_takes_one_element(engine: Engine) -> None:
    """Two elements for one id are a 400."""
    invoice = engine.invoice()
    reply = engine.call("updateInvoice", [{"Reference": "a"}] * 2, path={"InvoiceID": invoice["InvoiceID"]})
    assert reply.status == 400


def test_a_number_in_the_path_means_the_sale_that_has_it(engine: Engine) -> None:
    """Neither a later bill nor a deleted sale of the same number comes between; alone, each is found."""
    update(engine, engine.invoice(InvoiceNumber="X-1"), Status="DELETED")
    assert engine.get_invoice("X-1")["Status"] == "DELETED"
    made = engine.invoice(InvoiceNumber="X-1")
    engine.invoice(InvoiceNumber="X-1", Type="ACCPAY")
    engine.invoice(InvoiceNumber="B-1", Type="ACCPAY")
    assert engine.get_invoice("X-1")["InvoiceID"] == made["InvoiceID"]
    assert engine.get_invoice("B-1")["Type"] == "ACCPAY"


def test_a_line_sent_back_twice_is_one_line_and_a_new_one(engine: Engine) -> None:
    """Two lines never share an id."""
    invoice = engine.invoice()
    (first,) = invoice["LineItems"]
    one, two = update(engine, invoice, LineItems=[first, first])["LineItems"]
    assert (one["LineItemID"] == first["LineItemID"], two["LineItemID"] == first["LineItemID"]) == (True, False)


def test_the_path_names_the_invoice_whatever_the_body_says(engine: Engine) -> None:
    """An id in the body does not lead elsewhere, and the number does for the path what the id does."""
    one, other = engine.invoice(), engine.invoice()
    body = {"InvoiceID": other["InvoiceID"], "Reference": "here"}
    engine.good("updateInvoice", body, path={"InvoiceID": one["InvoiceNumber"]})
    assert engine.get_invoice(one["InvoiceID"])["Reference"] == "here"
    assert engine.get_invoice(other["InvoiceID"])["Reference"] == ""


# ------------------------------------------------------------------------------------------ contacts


def test_a_contact_has_what_xero_gives_it(engine: Engine) -> None:
    """A new contact shows its two addresses and four phones, filled or not, and is found by id and number."""
    sent = {
        "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "1"}],
        "Addresses": [{"AddressType": "STREET", "City": "Ō"}],
    }
    contact = engine.contact(Name="  ABC  ", ContactNumber="C-1", **sent)
    assert (contact["Name"], contact["ContactStatus"]) == ("ABC", "ACTIVE")
    assert {each["PhoneType"]: each["PhoneNumber"] for each in contact["Phones"]} == {
        "DEFAULT": "",
        "DDI": "",
        "FAX": "",
        "MOBILE": "1",
    }
    assert {each["AddressType"]: each["City"] for each in contact["Addresses"]} == {"STREET": "Ō", "POBOX": ""}
    for path in ({"ContactID": contact["ContactID"]}, {"ContactNumber": "C-1"}, {"ContactID": "C-1"}):
        assert engine.good("getContact", path=path)["Contacts"] == [contact]


def test_contact_names_are_unique_among_the_active(engine: Engine) -> None:
    """PUT with a name in use fails, in any case; an archived contact's name is free."""
    first = engine.contact(Name="Ärzte GmbH")
    message = "The contact name {} is already assigned to another contact."
    assert message.format("ÄRZTE GMBH") in engine.call("createContacts", {"Name": "ÄRZTE GMBH"}).messages[0]
    engine.good("updateContact", {"ContactStatus": "ARCHIVED"}, path={"ContactID": first["ContactID"]})
    assert engine.contact(Name="Ärzte GmbH")["ContactID"] != first["ContactID"]
    back = engine.call("updateContact", {"ContactStatus": "ACTIVE"}, path={"ContactID": first["ContactID"]})
    assert message.format("Ärzte GmbH") in back.messages[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "name must be specified"),
        ({"Name": "   "}, "name must be specified"),
        ({"Name": "x" * 256}, "Name must not exceed 255"),
        ({"Name": "A", "EmailAddress": "nobody"}, "email address nobody is not valid"),
        ({"Name": "A", "ContactPersons": [{"FirstName": "B"}] * 6}, "at most 5 contact persons"),
        ({"Name": "A", "ContactNumber": "taken"}, "contact number taken is already assigned"),
        ({"Name": "A", "ContactStatus": "GONE"}, "ContactStatus 'GONE'"),
        ({"Name": "A", "Phones": [{"PhoneType": "PAGER"}]}, "PhoneType 'PAGER'"),
    ],
)
def test_broken_contacts_are_refused_in_words(engine: Engine, fields: dict[str, object], message: str) -> None:
    """Each rule has its message."""
    engine.contact(Name="Other", ContactNumber="taken")
    reply = engine.call("createContacts", [{"EmailAddress": "", **fields}], summarizeErrors="false")
    element = reply.json["Contacts"][0]
    assert (element["ContactID"], element["HasValidationErrors"]) == (ZERO_ID, True)
    assert message in " ".join(reply.messages)


def test_post_finds_a_contact_by_id_number_then_name(engine: Engine) -> None:
    """Each way leads to the contact, and what is not sent stays."""
    contact = engine.contact(Name="ABC", ContactNumber="C-1", FirstName="Ann")
    for way in ({"ContactID": contact["ContactID"]}, {"ContactNumber": "C-1"}, {"Name": "abc"}):
        changed = engine.good("updateOrCreateContacts", [way | {"LastName": str(way)}])["Contacts"][0]
        assert (changed["ContactID"], changed["FirstName"], changed["LastName"]) == (
            contact["ContactID"],
            "Ann",
            str(way),
        )
    assert engine.good("updateOrCreateContacts", {"Name": "New"})["Contacts"][0]["ContactID"] != contact["ContactID"]


def test_an_archived_contact_is_not_edited(engine: Engine) -> None:
    """It can neither be changed nor invoiced before it is active again."""
    contact = engine.contact(Name="Gone")
    path = {"ContactID": contact["ContactID"]}
    engine.good("updateContact", {"ContactStatus": "ARCHIVED"}, path=path)
    assert "matched an archived contact" in engine.call("updateContact", {"FirstName": "x"}, path=path).messages[0]
    assert "archived" in engine.call("createInvoices", sale(Contact=path)).messages[0]
    engine.good("updateContact", {"ContactStatus": "ACTIVE", "FirstName": "x"}, path=path)


def test_invoices_find_or_make_their_contact(engine: Engine) -> None:
    """A contact is found by id, number or name; a new name makes one, which then counts as a customer."""
    known = engine.contact(Name="Known", ContactNumber="K-1")
    for way in ({"ContactID": known["ContactID"]}, {"ContactNumber": "K-1"}, {"Name": "KNOWN"}):
        assert engine.invoice(Contact=way)["Contact"]["ContactID"] == known["ContactID"]
    made = engine.invoice(Type="ACCPAY", Contact={"Name": "Maker"})["Contact"]
    flags = {
        each["Name"]: (each["IsCustomer"], each["IsSupplier"])
        for each in engine.good("getContacts", page=1)["Contacts"]
    }
    assert flags == {"Known": (True, False), "Maker": (False, True)}
    assert engine.good("getContact", path={"ContactID": made["ContactID"]})["Contacts"][0]["Name"] == "Maker"


def test_a_new_name_shows_in_the_contacts_documents(engine: Engine) -> None:
    """Renaming a contact renames it in its invoices, whose change dates stay."""
    invoice = engine.invoice()
    engine.good("updateContact", {"Name": "XYZ"}, path={"ContactID": invoice["Contact"]["ContactID"]})
    read = engine.get_invoice(invoice["InvoiceID"])
    assert (read["Contact"]["Name"], read["UpdatedDateUTC"]) == ("XYZ", invoice["UpdatedDateUTC"])
    assert engine.good("getInvoices", page=1, where='Contact.Name=="XYZ"')["Invoices"]


def test_a_contacts_terms_and_currency_are_an_invoices_defaults(engine: Engine) -> None:
    """Where an invoice says nothing, its contact's payment terms and currency count."""
    engine.contact(Name="ABC", DefaultCurrency="EUR", PaymentTerms={"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}})
    invoice = engine.invoice(DueDate=None, Date="2026-11-01", Status="AUTHORISED")
    assert (invoice["DueDateString"], invoice["CurrencyCode"]) == ("2026-11-15T00:00:00", "EUR")


# ------------------------------------------------------------------------------------------ the smaller resources


def test_currencies_are_added_once(engine: Engine) -> None:
    """A currency is added by its code; the base currency is there from the start."""
    assert "NZD" in [each["Code"] for each in engine.good("getCurrencies")["Currencies"]]
    assert engine.good("createCurrency", {"Code": "sek"})["Currencies"] == [{"Code": "SEK", "Description": "SEK"}]
    assert engine.invoice(CurrencyCode="SEK")["CurrencyCode"] == "SEK"
    assert "already subscribed" in engine.call("createCurrency", {"Code": "SEK"}).messages[0]
    for unknown in ("Kronor", "ZZZ", ""):
        assert engine.call("createCurrency", {"Code": unknown}).status == 400


def test_employees_are_made_and_found_by_name(engine: Engine) -> None:
    """PUT makes an employee, POST changes the one of the same name or id."""
    made = engine.good("createEmployees", {"FirstName": "Ann", "LastName": "Lee"})["Employees"][0]
    changed = engine.good("updateOrCreateEmployees", [{"FirstName": "ANN", "LastName": "lee", "Status": "ARCHIVED"}])
    assert changed["Employees"][0]["EmployeeID"] == made["EmployeeID"]
    read = engine.good("getEmployee", path={"EmployeeID": made["EmployeeID"]})["Employees"][0]
    assert (read["Status"], read["LastName"]) == ("ARCHIVED", "lee")
    assert engine.call("createEmployees", {"FirstName": "Ann"}).messages == ["LastName must be specified."]
    assert len(engine.good("getEmployees")["Employees"]) == 1


def test_expense_claims_total_their_receipts(engine: Engine) -> None:
    """A claim's total is that of its receipts, and its status moves as it should."""
    receipts = [{"LineItems": [line()]}, {"ReceiptID": UNKNOWN, "Total": "10.50"}]
    claim = {"User": {"UserID": UNKNOWN}, "Receipts": receipts}
    made = engine.good("createExpenseClaims", {"ExpenseClaims": [claim]})["ExpenseClaims"][0]
    assert (made["Total"], made["AmountDue"], made["Status"]) == (Decimal("125.50"), Decimal("125.50"), "SUBMITTED")
    path = {"ExpenseClaimID": made["ExpenseClaimID"]}
    assert (
        engine.good("updateExpenseClaim", {"Status": "AUTHORISED"}, path=path)["ExpenseClaims"][0]["Total"]
        == made["Total"]
    )
    assert engine.call("updateExpenseClaim", {"Status": "DELETED"}, path=path).status == 400
    assert engine.good("getExpenseClaim", path=path)["ExpenseClaims"][0]["Status"] == "AUTHORISED"
    assert engine.call("createExpenseClaims", {"Receipts": receipts}).status == 400
    assert engine.call("createExpenseClaims", {"User": {"UserID": UNKNOWN}}).status == 400


def test_settings(engine: Engine) -> None:
    """Invoice reminders and CIS settings can be read; the latter of a contact that exists."""
    assert engine.good("getInvoiceReminders")["InvoiceReminders"] == [{"Enabled": True}]
    path = {"ContactID": engine.contact(Name="ABC")["ContactID"]}
    assert engine.good("getContactCISSettings", path=path)["CISSettings"][0]["CISEnabled"] is False
    assert engine.call("getContactCISSettings", path={"ContactID": UNKNOWN}).status == 404


# ------------------------------------------------------------------------------------------ counts


def test_duplicates_are_counted(engine: Engine) -> None:
    """The same sale twice is one duplicate; another reference, contact or amount is none, nor is a voided one."""
    for fields in ({"Reference": "a"}, {"Reference": "b"}, {"Reference": "a", "Contact": {"Name": "B"}}, {}, {}):
        engine.invoice(**fields)
    assert engine.documents.counts(TENANT)["duplicates"] == 0
    twice = [engine.invoice(Reference="a") for _ in range(2)]
    assert engine.documents.counts(TENANT)["duplicates"] == 2
    update(engine, twice[0], Status="DELETED")
    assert engine.documents.counts(TENANT)["duplicates"] == 1
    bill = sale(Type="ACCPAY", InvoiceNumber="B-1", Reference="r")
    engine.good("createInvoices", [bill, bill | {"InvoiceNumber": "B-2"}])
    assert engine.documents.counts(TENANT)["duplicates"] == 1
    engine.good("createInvoices", bill)
    assert engine.documents.counts(TENANT)["duplicates"] == 2


def test_what_was_seeded_is_no_duplicate() -> None:
    """Only documents made through the API are compared."""
    engine = Engine(contacts=3, invoices=30)
    seeded = next(each for each in engine.good("getInvoices", page=1)["Invoices"] if each["Type"] == "ACCPAY")
    again = {name: value for name, value in seeded.items() if name != "InvoiceID"} | {"Status": "DRAFT"}
    engine.good("createInvoices", again)
    assert engine.documents.counts(TENANT)["duplicates"] == 0
    engine.good("createInvoices", again)
    assert engine.documents.counts(TENANT)["duplicates"] == 1
