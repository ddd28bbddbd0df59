"""The business rules of the Network API v1 at the sandbox, each by its number, and what both APIs see of each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from network_client import V1, contact, errors, invoice, line, running_v1, tracked, tree
from sandbox_client import invoices

from xero_async.network_v1 import decode_v1


@pytest_asyncio.fixture
async def v1() -> AsyncGenerator[V1]:
    """A v1 program at a sandbox with nothing in it."""
    async with running_v1() as v1:
        yield v1


ADDRESS = (
    "<Address><AddressType>POBOX</AddressType><AddressLine1>Level 1</AddressLine1><City>Wellington</City></Address>"
)
NOBODY = "2098fedd-9ae0-4f80-bd0c-3d96d893054d"
"""The id of no contact."""
PHONE = "<Phone><PhoneType>DDI</PhoneType><PhoneNumber>1234567</PhoneNumber></Phone>"


# -- one store --------------------------------------------------------------------------------------------------------


async def test_what_v1_inserts_v2_sees(v1: V1) -> None:
    """A draft of v1 is listed by v2 with its totals, its lines and its contact."""
    (made,) = await v1.insert(invoice("OIT00535", line(AccountCode="200", TaxType="OUTPUT"), Reference="PO 7"))
    (found,) = (await v1.today.call("GET", "/Invoices?page=1")).json()["Invoices"]
    assert found["InvoiceID"] == made.findtext("InvoiceID")
    assert (found["InvoiceNumber"], found["Reference"], found["Status"]) == ("OIT00535", "PO 7", "DRAFT")
    assert (found["SubTotal"], found["TotalTax"], found["Total"]) == (100.0, 15.0, 115.0)
    assert found["Contact"]["Name"] == "Red House"
    assert [each["AccountCode"] for each in found["LineItems"]] == ["200"]


async def test_what_v2_creates_v1_sees(v1: V1) -> None:
    """An approved invoice of v2 is seen by v1 under v1's names, by its id, by its number and in the list."""
    (made,) = (await v1.today.call("PUT", "/Invoices", invoices("A-1"))).json()["Invoices"]
    by_id = tree(await v1.call("GET /api.xro/1.0/invoice", invoiceID=made["InvoiceID"]), 200).find("Invoice")
    by_number = tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 200).find("Invoice")
    (listed,) = tree(await v1.call("GET /api.xro/1.0/invoices"), 200).findall("Invoices/Invoice")
    for found in (by_id, by_number, listed):
        assert found is not None
        told = {name: found.findtext(name) for name in ("InvoiceID", "InvoiceType", "InvoiceStatus", "InvoiceDate")}
        assert told == {
            "InvoiceID": made["InvoiceID"],
            "InvoiceType": "ACCREC",
            "InvoiceStatus": "AUTHORISED",
            "InvoiceDate": "2026-01-31T00:00:00",
        }
        assert [found.findtext(name) for name in ("SubTotal", "TotalTax", "Total")] == ["100.00", "15.00", "115.00"]
        assert found.findtext("LineItems/LineItem/AccountCode") == "200"


async def test_a_payment_made_with_v2_is_seen_by_v1(v1: V1) -> None:
    """v1 tells what was paid, and when an invoice was paid in full."""
    (made,) = (await v1.today.call("PUT", "/Invoices", invoices("A-1"))).json()["Invoices"]
    paid = {
        "Invoice": {"InvoiceID": made["InvoiceID"]},
        "Account": {"Code": "090"},
        "Amount": 115,
        "Date": "2026-03-01",
    }
    assert (await v1.today.call("PUT", "/Payments", {"Payments": [paid]})).status == 200
    found = tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 200)
    told = [found.findtext(f"Invoice/{name}") for name in ("InvoiceStatus", "AmountDue", "AmountPaid")]
    assert told == ["PAID", "0.00", "115.00"]
    assert found.findtext("Invoice/FullyPaidOnDate") == "2026-03-01T00:00:00"
    assert found.findtext("Invoice/Payments/Payment/Amount") == "115.00"


async def test_contacts_are_the_same_for_both(v1: V1) -> None:
    """A contact of v2 is found and changed by v1, and one of v1 by v2."""
    made = (await v1.today.call("PUT", "/Contacts", {"Contacts": [{"Name": "Ann", "ContactNumber": "C1"}]})).json()
    found = tree(await v1.call("GET /api.xro/1.0/contact", contactNumber="C1"), 200)
    assert found.findtext("Contact/ContactID") == made["Contacts"][0]["ContactID"]
    await v1.save(contact(ContactNumber="C1", Name="Ann & Co".replace("&", "&amp;"), EmailAddress="ann@example.com"))
    seen = await v1.contacts_today()
    assert [*seen] == ["Ann & Co"]
    assert seen["Ann & Co"]["EmailAddress"] == "ann@example.com"


async def test_a_contact_that_v2_archives_is_deleted_for_v1(v1: V1) -> None:
    """What v1 calls DELETED is ARCHIVED today, in both directions."""
    await v1.save(contact(Name="Ann"), contact(Name="Bob"))
    seen = await v1.contacts_today()
    archived = {"Contacts": [{"ContactID": seen["Ann"]["ContactID"], "ContactStatus": "ARCHIVED"}]}
    assert (await v1.today.call("POST", "/Contacts", archived)).status == 200
    await v1.save(contact(Name="Bob", ContactStatus="DELETED"))
    listed = tree(await v1.call("GET /api.xro/1.0/contacts"), 200).findall("Contacts/Contact")
    assert [each.findtext("ContactStatus") for each in listed] == ["DELETED", "DELETED"]
    assert {each["ContactStatus"] for each in (await v1.contacts_today()).values()} == {"ARCHIVED"}


# -- invoices ---------------------------------------------------------------------------------------------------------


async def test_invoice_1_a_contact_is_made_if_it_does_not_exist(v1: V1) -> None:
    """invoice 1: a name that is not known makes a contact of all that was sent, and its id comes back."""
    sent = "<Name>New House</Name><ContactNumber>N1</ContactNumber>"
    sent += f"<Addresses>{ADDRESS}</Addresses><Phones>{PHONE}</Phones>"
    (made,) = await v1.insert(invoice("A-1", contact=sent))
    assert errors(made) == []
    found = (await v1.contacts_today())["New House"]
    assert found["ContactID"] == made.findtext("Contact/ContactID")
    assert found["ContactNumber"] == "N1"
    addresses = {each["AddressType"]: each for each in found["Addresses"]}
    assert addresses["POBOX"]["City"] == "Wellington"
    assert addresses["STREET"]["City"] == "", "types that were not sent are there, and empty"
    assert {each["PhoneType"] for each in found["Phones"]} == {"DEFAULT", "DDI", "FAX", "MOBILE"}
    history = (await v1.today.call("GET", f"/Contacts/{found['ContactID']}/History")).json()["HistoryRecords"]
    assert [each["Changes"] for each in history] == ["Created"]


async def test_invoice_1_a_contact_that_exists_is_taken_as_it_is(v1: V1) -> None:
    """invoice 1: by its id, its number or its name a contact is found, and the invoice changes nothing of it."""
    (saved,) = await v1.save(contact(Name="Red House", ContactNumber="R1", EmailAddress="red@example.com"))
    contact_id = saved.findtext("ContactID")
    named = (f"<ContactID>{contact_id}</ContactID>", "<ContactNumber>R1</ContactNumber>", "<Name>red house</Name>")
    made = await v1.insert(
        *(invoice(contact=each + "<EmailAddress>other@example.com</EmailAddress>") for each in named)
    )
    assert [errors(each) for each in made] == [[], [], []]
    assert {each.findtext("Contact/ContactID") for each in made} == {contact_id}
    seen = await v1.contacts_today()
    assert [each["EmailAddress"] for each in seen.values()] == ["red@example.com"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "A Contact must be specified"),
        (f"<ContactID>{NOBODY}</ContactID><Name>Red House</Name>", "could not be found"),
        ("<ContactNumber>R1</ContactNumber>", "R1 could not be found"),
        ("<ContactID>R1</ContactID>", "is not a valid GUID"),
    ],
)
async def test_invoice_1_a_contact_that_cannot_be_meant_is_an_error(v1: V1, sent: str, told: str) -> None:
    """invoice 1: no contact, an id that does not exist, or a number that does not exist without a name."""
    (refused,) = await v1.insert(invoice("A-1", contact=sent))
    (message,) = errors(refused)
    assert told in message
    assert await v1.contacts_today() == {}


async def test_invoice_1_a_refused_invoice_leaves_no_contact(v1: V1) -> None:
    """invoice 1: the contact is made with the invoice or not at all."""
    (refused,) = await v1.insert(invoice("A-1", Total="1.00"))
    assert errors(refused)
    assert await v1.contacts_today() == {}


@pytest.mark.parametrize("kind", ["ACCREC", "ACCPAY", "ACCRECCREDIT", ""])
async def test_invoice_2_receivable_or_payable(v1: V1, kind: str) -> None:
    """invoice 2: an invoice is ACCREC or ACCPAY."""
    (made,) = await v1.insert(invoice("A-1", InvoiceType=kind))
    if kind in ("ACCREC", "ACCPAY"):
        assert errors(made) == []
        assert (await v1.seen_today("A-1"))["Type"] == kind
    else:
        assert len(errors(made)) == 1


@pytest.mark.parametrize(
    ("sums", "told"),
    [
        ({"SubTotal": "100.00", "TotalTax": "15.00", "Total": "115.00"}, ""),
        ({"Total": "115.00"}, ""),
        ({}, ""),
        ({"SubTotal": "100.00", "TotalTax": "15.00", "Total": "115.01"}, "sum of SubTotal 100.00 and TotalTax 15.00"),
        ({"SubTotal": "90.00", "TotalTax": "15.00", "Total": "105.00"}, "SubTotal 90.00 does not match"),
        ({"TotalTax": "12.50"}, "TotalTax 12.50 does not match the expected TotalTax 15.00"),
        ({"Total": "0.00"}, "Total 0.00 does not match the expected Total 115.00"),
    ],
)
async def test_invoice_3_totals_must_calculate(v1: V1, sums: dict[str, str], told: str) -> None:
    """invoice 3: the total is the sum of subtotal and tax, and what is given is what the lines come to."""
    (made,) = await v1.insert(invoice("A-1", **sums))
    found = errors(made)
    assert bool(found) == bool(told)
    assert told in "".join(found)
    assert v1.sandbox.counters.documents[v1.today.tenant]["Invoices"] == (0 if told else 1)


async def test_invoice_3_the_taxes_of_the_lines_count(v1: V1) -> None:
    """invoice 3: the tax that lines were sent with, at the rate of its day, is what the total is made of."""
    taxed = line(Quantity="10.0000", UnitAmount="39.95", TaxType="OUTPUT", TaxAmount="49.94", LineAmount="399.50")
    less = line(Quantity="1.0000", UnitAmount="-19.97", TaxType="OUTPUT", TaxAmount="-2.50", LineAmount="-19.97")
    (made,) = await v1.insert(
        invoice("OIT1", taxed, less, IncludesTax="true", SubTotal="379.53", TotalTax="47.44", Total="426.97")
    )
    assert errors(made) == []
    found = await v1.seen_today("OIT1")
    assert (found["SubTotal"], found["TotalTax"], found["Total"]) == (379.53, 47.44, 426.97)
    assert found["LineAmountTypes"] == "Exclusive"


@pytest.mark.parametrize(("amount", "good"), [("100.00", True), ("100.01", False), ("115.00", False)])
async def test_invoice_4_a_line_is_quantity_times_unit_amount(v1: V1, amount: str, good: bool) -> None:
    """invoice 4: a LineAmount is the product of Quantity and UnitAmount, without tax."""
    (made,) = await v1.insert(invoice("A-1", line(LineAmount=amount, TaxType="OUTPUT", AccountCode="200")))
    assert bool(errors(made)) != good
    if not good:
        assert f"The line total {amount} does not match the expected line total 100.00" in errors(made)[0]


async def test_invoice_4_there_are_no_lines_with_tax_in_them(v1: V1) -> None:
    """invoice 4: lines that add up to the total are taken without tax, so that the totals do not calculate."""
    (made,) = await v1.insert(
        invoice(
            "A-1",
            line(Quantity="1.0000", UnitAmount="115.00", LineAmount="115.00", TaxType="OUTPUT", TaxAmount="15.00"),
            IncludesTax="true",
            SubTotal="100.00",
            TotalTax="15.00",
            Total="115.00",
        )
    )
    assert errors(made) == [
        "The SubTotal 100.00 does not match the expected SubTotal 115.00",
        "The Total 115.00 does not match the expected Total 130.00",
    ]


async def test_invoice_4_lines_of_today_are_shown_without_their_tax(v1: V1) -> None:
    """invoice 4: an invoice of v2 whose lines hold their tax has for v1 the same totals, and lines without it."""
    lines = [
        {"Description": "a", "Quantity": 3, "UnitAmount": "11.50", "TaxType": "OUTPUT", "AccountCode": "200"},
        {"Description": "b", "Quantity": 1, "UnitAmount": "20", "TaxType": "NONE", "AccountCode": "200"},
        {"Description": "c"},
    ]
    sent = invoices("A-1")
    sent["Invoices"][0] |= {"LineAmountTypes": "Inclusive", "LineItems": lines, "Status": "DRAFT"}
    (made,) = (await v1.today.call("PUT", "/Invoices", sent)).json()["Invoices"]
    assert (made["LineAmountTypes"], made["Total"]) == ("Inclusive", 54.5)
    by_number = tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 200)
    listed = tree(await v1.call("GET /api.xro/1.0/invoices"), 200)
    for shown in (by_number.find("Invoice"), listed.find("Invoices/Invoice")):
        assert shown is not None
        told = [shown.findtext(name) for name in ("IncludesTax", "SubTotal", "TotalTax", "Total")]
        assert told == ["true", "50.00", "4.50", "54.50"]
        names = ("Quantity", "UnitAmount", "TaxAmount", "LineAmount")
        amounts = [[line.findtext(name) for name in names] for line in shown.iterfind("LineItems/LineItem")]
        assert amounts[0] == ["3.0000", "10.0000", "4.50", "30.00"]
        assert [row[3] for row in amounts[:2]] == ["30.00", "20.00"]
    assert decode_v1((await v1.call("GET /api.xro/1.0/invoices")).body).invoices[0].line_amount_types == "Exclusive"
    assert (await v1.seen_today("A-1"))["LineAmountTypes"] == "Inclusive"


@pytest.mark.parametrize("amount", ["12E999999", "-12E999999", "1E12"])
async def test_numbers_beyond_all_measure_are_refused(v1: V1, amount: str) -> None:
    """A number too large for decimals to compare is an error of its record, in v1 and in v2."""
    (made,) = await v1.insert(invoice("A-1", line(UnitAmount=amount, TaxType="OUTPUT", AccountCode="200")))
    assert len(errors(made)) == 1
    sent = msgspec.json.encode(invoices("A-1"))
    for text in (amount, f'"{amount}"'):
        body = sent.replace(b'"UnitAmount":100', f'"UnitAmount":{text}'.encode())
        reply = await v1.today.call("PUT", "/Invoices", body)
        assert (reply.status, b"UnitAmount is out of range" in reply.body) == (400, True)


async def test_invoice_4_an_invoice_may_bear_no_tax(v1: V1) -> None:
    """invoice 4: where nothing in an invoice speaks of tax and IncludesTax is false, its lines bear none."""
    (made,) = await v1.insert(invoice("A-1", line(AccountCode="200"), IncludesTax="false", Total="100.00"))
    assert errors(made) == []
    assert made.findtext("IncludesTax") == "false"
    assert (await v1.seen_today("A-1"))["LineAmountTypes"] == "NoTax"


async def test_invoice_5_a_negative_line_is_flipped(v1: V1) -> None:
    """invoice 5: sales of 100 less a fee of 10 debit the debtor 90 and the fee 10, and credit sales 100."""
    sales = line(Description="Sales", Quantity="1.0000", UnitAmount="100.00", AccountCode="200", TaxType="NONE")
    fee = line(Description="less Fee", Quantity="1.0000", UnitAmount="-10.00", AccountCode="404", TaxType="NONE")
    (made,) = await v1.insert(invoice("A-1", sales, fee, Total="90.00"))
    assert errors(made) == []
    approved = {"Invoices": [{"InvoiceID": made.findtext("InvoiceID"), "Status": "AUTHORISED"}]}
    assert (await v1.today.call("POST", "/Invoices", approved)).status == 200
    (journal,) = (await v1.today.call("GET", "/Journals")).json()["Journals"]
    booked = {each["AccountCode"]: each["NetAmount"] for each in journal["JournalLines"]}
    assert booked == {"610": 90.0, "404": 10.0, "200": -100.0}


@pytest.mark.parametrize("code", ["999", "090", "610", "200 "])
async def test_invoice_6_an_account_that_does_not_match_is_left_unassigned(v1: V1, code: str) -> None:
    """invoice 6: a code that no account for lines has is left out; the invoice is taken all the same."""
    (made,) = await v1.insert(invoice("A-1", line(AccountCode=code), line(AccountCode="200")))
    assert errors(made) == []
    assert [each.findtext("AccountCode") for each in made.iterfind("LineItems/LineItem")] == [None, "200"]
    first, second = (await v1.seen_today("A-1"))["LineItems"]
    assert "AccountCode" not in first
    assert (second["AccountCode"], "AccountID" in second) == ("200", True)


async def test_invoice_6_an_archived_account_does_not_match(v1: V1) -> None:
    """invoice 6: lines cannot stand on an account that was archived."""
    (account,) = (await v1.today.call("GET", "/Accounts?where=Code==%22260%22")).json()["Accounts"]
    archived = {"Accounts": [{"AccountID": account["AccountID"], "Status": "ARCHIVED"}]}
    assert (await v1.today.call("POST", f"/Accounts/{account['AccountID']}", archived)).status == 200
    (made,) = await v1.insert(invoice("A-1", line(AccountCode="260")))
    assert errors(made) == []
    assert made.findtext("LineItems/LineItem/AccountCode") is None


async def test_invoice_7_tracking_that_does_not_match_is_left_unassigned(v1: V1) -> None:
    """invoice 7: category and option are matched by name, in any case; what is not found is left out."""
    fitting, wrong_option = tracked("region", "NORTH"), tracked("Department", "Moon")
    unknown, empty = tracked("Planet", "North"), tracked("Region", "")
    (made,) = await v1.insert(invoice("A-1", line(Tracking=fitting + wrong_option), line(Tracking=unknown + empty)))
    assert errors(made) == []
    first, second = (await v1.seen_today("A-1"))["LineItems"]
    assert [(each["Name"], each["Option"]) for each in first["Tracking"]] == [("Region", "North")]
    assert "TrackingOptionID" in first["Tracking"][0]
    assert second["Tracking"] == []
    assert [each.findtext("Option") for each in made.iterfind("LineItems/LineItem/Tracking/TrackingCategory")] == [
        "North"
    ]


@pytest.mark.parametrize("status", ["", "DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"])
async def test_invoice_8_every_invoice_is_made_as_a_draft(v1: V1, status: str) -> None:
    """invoice 8: whatever status of the list an invoice is sent with, it is a draft."""
    (made,) = await v1.insert(invoice("A-1", InvoiceStatus=status))
    assert errors(made) == []
    assert made.findtext("InvoiceStatus") == "DRAFT"
    assert (await v1.seen_today("A-1"))["Status"] == "DRAFT"


async def test_invoice_8_a_status_that_is_not_listed_is_refused(v1: V1) -> None:
    """invoice 8: the list of statuses is complete."""
    (made,) = await v1.insert(invoice("A-1", InvoiceStatus="APPROVED"))
    assert "Status 'APPROVED' is not one of" in errors(made)[0]


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"])
async def test_invoice_8_statuses_that_came_later_are_shown(v1: V1, status: str) -> None:
    """invoice 8: what users made of an invoice since is what v1 shows."""
    (made,) = await v1.insert(invoice("A-1"))
    for each in ["AUTHORISED", status] if status == "VOIDED" else [status]:
        changed = {"Invoices": [{"InvoiceID": made.findtext("InvoiceID"), "Status": each}]}
        assert (await v1.today.call("POST", "/Invoices", changed)).status == 200
    found = tree(await v1.call("GET /api.xro/1.0/invoice", invoiceID=made.findtext("InvoiceID") or ""), 200)
    assert found.findtext("Invoice/InvoiceStatus") == status


async def test_invoice_9_only_inserts_are_allowed(v1: V1) -> None:
    """invoice 9: an invoice whose id or number is there, and a bill whose contact has the number, are refused."""
    (made, bill) = await v1.insert(invoice("A-1"), invoice("B-1", InvoiceType="ACCPAY"))
    again = await v1.insert(
        invoice("A-9", InvoiceID=made.findtext("InvoiceID") or ""),
        invoice("A-1", Reference="changed"),
        invoice("B-1", InvoiceType="ACCPAY", Reference="changed"),
        invoice("B-1", InvoiceType="ACCPAY", contact="<Name>Another supplier</Name>"),
        invoice("A-2", InvoiceID=str(uuid4())),
    )
    refused = [errors(each) for each in again]
    assert "Only inserts are allowed" in refused[0][0]
    assert again[0].findtext("InvoiceID") == made.findtext("InvoiceID"), "what was refused is shown as it was sent"
    assert refused[1] == ["Invoice # must be unique."]
    assert "Only inserts are allowed" in refused[2][0]
    assert refused[3:] == [[], []]
    assert (await v1.seen_today("A-1"))["Reference"] == ""
    assert v1.sandbox.counters.documents[v1.today.tenant]["Invoices"] == 4
    assert errors(bill) == []


@pytest.mark.parametrize(
    ("sent", "stored", "tax"),
    [
        ("OUTPUT", "OUTPUT", "15.00"),
        ("INPUT", "INPUT", "15.00"),
        ("ZERORATED", "ZERORATED", "0.00"),
        ("NONE", "NONE", "0.00"),
        ("RROUTPUT", "NONE", "0.00"),
        ("EXEMPTINPUT", "NONE", "0.00"),
        ("OUTPUT2", "NONE", "0.00"),
        ("NO SUCH", "NONE", "0.00"),
        ("", "OUTPUT", "15.00"),
    ],
)
async def test_invoice_10_tax_types(v1: V1, sent: str, stored: str, tax: str) -> None:
    """invoice 10: New Zealand's types are taken, others are left unassigned, and without one the account's is taken."""
    (made,) = await v1.insert(invoice("A-1", line(AccountCode="200", TaxType=sent)))
    assert errors(made) == []
    assert made.findtext("LineItems/LineItem/TaxType") == stored
    assert made.findtext("TotalTax") == tax
    (seen,) = (await v1.seen_today("A-1"))["LineItems"]
    assert (seen["TaxType"], Decimal(str(seen["TaxAmount"]))) == (stored, Decimal(tax))


async def test_invoice_10_without_an_account_there_is_no_default(v1: V1) -> None:
    """invoice 10: where neither a type nor an account that matches is given, there is no tax."""
    (made,) = await v1.insert(invoice("A-1", line(AccountCode="999"), line()))
    assert [each.findtext("TaxType") for each in made.iterfind("LineItems/LineItem")] == ["NONE", "NONE"]


async def test_a_batch_is_taken_invoice_by_invoice(v1: V1) -> None:
    """One invoice that is refused keeps none of the others out, and the answer is in the order of what was sent."""
    made = await v1.insert(invoice("A-1"), invoice("A-2", Total="1.00"), invoice("A-3"), invoice("A-1"))
    assert [bool(errors(each)) for each in made] == [False, True, False, True]
    assert [each.findtext("InvoiceNumber") for each in made] == ["A-1", "A-2", "A-3", "A-1"]


async def test_what_v1_did_not_have_is_left_out(v1: V1) -> None:
    """Fields of today's API in v1's XML do nothing: no discount, no item, no currency, no branding, no id of a line."""
    extra = line(AccountCode="200", TaxType="NONE", DiscountRate="50", LineItemID=str(uuid4()), ItemCode="BOOK")
    (made,) = await v1.insert(invoice("A-1", extra, CurrencyCode="USD", SentToContact="true"))
    assert errors(made) == []
    seen = await v1.seen_today("A-1")
    assert (seen["Total"], seen["CurrencyCode"], seen["SentToContact"]) == (100.0, "NZD", False)
    assert "DiscountRate" not in seen["LineItems"][0]
    assert "ItemCode" not in seen["LineItems"][0]


# -- contacts ---------------------------------------------------------------------------------------------------------


async def test_contact_1_the_number_is_the_identifier_of_the_source(v1: V1) -> None:
    """contact 1: a ContactNumber is text of any kind, finds the contact again, and is just a field of it."""
    (made,) = await v1.save(contact(ContactNumber="C 2008/12-34", Name="Ann"))
    (again,) = await v1.save(contact(ContactNumber="C 2008/12-34", Name="Ann Lee"))
    assert made.findtext("ContactID") == again.findtext("ContactID")
    assert again.findtext("Name") == "Ann Lee"
    (renumbered,) = await v1.save(contact(ContactID=made.findtext("ContactID") or "", ContactNumber="C2"))
    assert (renumbered.findtext("ContactNumber"), renumbered.findtext("Name")) == ("C2", "Ann Lee")


async def test_contact_1_a_number_alone_must_exist(v1: V1) -> None:
    """contact 1: a number that no contact has makes one only together with a name."""
    (refused,) = await v1.save(contact(ContactNumber="C1"))
    assert errors(refused) == ["The Contact with ContactNumber C1 could not be found."]
    (made,) = await v1.save(contact(ContactNumber="C1", Name="Ann"))
    assert errors(made) == []
    (found,) = await v1.save(contact(ContactNumber="C1", Name=" ", EmailAddress="ann@example.com"))
    assert (found.findtext("Name"), found.findtext("EmailAddress")) == ("Ann", "ann@example.com")


@pytest.mark.parametrize("contact_id", ["C1", "12345", "not-a-guid"])
async def test_contact_2_an_id_is_a_guid(v1: V1, contact_id: str) -> None:
    """contact 2: nothing but a GUID is a ContactID."""
    (refused,) = await v1.save(contact(ContactID=contact_id, Name="Ann"))
    assert errors(refused) == ["ContactID is not a valid GUID"]


async def test_contact_2_an_id_must_exist(v1: V1) -> None:
    """contact 2: Xero makes the ids: one that it has not made is an error, one that it has is matched in any case."""
    (refused,) = await v1.save(contact(ContactID=str(uuid4()), Name="Ann"))
    assert "could not be found" in errors(refused)[0]
    (made,) = await v1.save(contact(Name="Ann"))
    (again,) = await v1.save(contact(ContactID=(made.findtext("ContactID") or "").upper(), Name="Anna"))
    assert (errors(again), again.findtext("ContactID")) == ([], made.findtext("ContactID"))


@pytest.mark.parametrize(("status", "good"), [("ACTIVE", True), ("DELETED", True), ("ARCHIVED", False), ("X", False)])
async def test_contact_3_active_or_deleted(v1: V1, status: str, good: bool) -> None:
    """contact 3: a contact is ACTIVE or DELETED, and nothing else."""
    (made,) = await v1.save(contact(Name="Ann", ContactStatus=status))
    assert bool(errors(made)) != good
    if good:
        assert made.findtext("ContactStatus") == status


@pytest.mark.parametrize(("kind", "good"), [("STREET", True), ("POBOX", True), ("DELIVERY", False), ("HOME", False)])
async def test_contact_4_street_or_pobox(v1: V1, kind: str, good: bool) -> None:
    """contact 4: an address is STREET or POBOX, in a contact of an invoice too."""
    sent = f"<Address><AddressType>{kind}</AddressType><City>Wellington</City></Address>"
    (made,) = await v1.save(contact(Name="Ann", Addresses=sent))
    (with_it,) = await v1.insert(invoice("A-1", contact=f"<Name>Bob</Name><Addresses>{sent}</Addresses>"))
    assert [bool(errors(each)) for each in (made, with_it)] == [not good] * 2
    if good:
        found = {each.findtext("AddressType"): each.findtext("City") for each in made.iterfind("Addresses/Address")}
        assert found[kind] == "Wellington"
    else:
        assert errors(made) == [f"AddressType '{kind}' is not one of POBOX, STREET"]


@pytest.mark.parametrize("kind", ["DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE", "HOME"])
async def test_contact_5_phone_types(v1: V1, kind: str) -> None:
    """contact 5: a phone is DEFAULT, DDI, MOBILE or FAX; OFFICE came later."""
    sent = f"<Phone><PhoneType>{kind}</PhoneType><PhoneNumber>1234567</PhoneNumber></Phone>"
    (made,) = await v1.save(contact(Name="Ann", Phones=sent))
    if kind in ("OFFICE", "HOME"):
        assert errors(made) == [f"PhoneType '{kind}' is not one of DEFAULT, DDI, MOBILE, FAX"]
    else:
        found = {each.findtext("PhoneType"): each.findtext("PhoneNumber") for each in made.iterfind("Phones/Phone")}
        assert found[kind] == "1234567"


async def test_a_name_finds_an_active_contact(v1: V1) -> None:
    """A contact is updated where its name is known, and made where the one that had it is deleted."""
    (made,) = await v1.save(contact(Name="Ann", EmailAddress="one@example.com"))
    (again,) = await v1.save(contact(Name="ANN", ContactStatus="DELETED"))
    (new,) = await v1.save(contact(Name="Ann"))
    assert made.findtext("ContactID") == again.findtext("ContactID") != new.findtext("ContactID")
    state = msgspec.convert(v1.sandbox.state(resource="Contacts")[v1.today.tenant]["Contacts"], list[dict[str, object]])
    assert sorted(str(each["ContactStatus"]) for each in state) == ["ACTIVE", "ARCHIVED"]
