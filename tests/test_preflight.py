"""The rules of the Xero Network API v1, each by its number, and what a check promises beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from xero_async.models import (
    Account,
    Address,
    Allocation,
    BankTransaction,
    Contact,
    CreditNote,
    Invoice,
    Journal,
    LineItem,
    LineItemTracking,
    ManualJournal,
    ManualJournalLine,
    Model,
    Payment,
    Phone,
    Prepayment,
    PurchaseOrder,
    Quote,
)
from xero_async.preflight import LEAVES, NETWORK_TAX_TYPES, SHEETS, TAX_TYPES, Finding, check

INVOICE_ID = "0f1b6f0a-0000-4000-8000-00000000000a"


def line(**fields: Any) -> LineItem:  # Any: of every field
    """A line of 2 × 50.00."""
    own: dict[str, Any] = {
        "description": "Work",
        "quantity": Decimal(2),
        "unit_amount": Decimal(50),
        "account_code": "200",
    }
    return LineItem(**{**own, **fields})


def sale(*lines: LineItem, **fields: Any) -> Invoice:  # Any: of every field
    """A draft of a sale with nothing wrong, unless the fields say otherwise."""
    own: dict[str, Any] = {"type": "ACCREC", "contact": Contact(name="ABC"), "line_items": list(lines) or [line()]}
    return Invoice(**{**own, **fields})


def told(*records: Model, **known: Any) -> list[tuple[str, str, str]]:  # Any: of every keyword
    """Field, rule and severity of each finding."""
    return [(found.field, found.rule, found.severity) for found in check(records, **known)]


# ------------------------------------------------------------------------------------------- invoices, by number


@pytest.mark.parametrize("contact", [None, Contact(), Contact(name="  "), Contact(email_address="a@b.example")])
def test_invoice_1(contact: Contact | None) -> None:
    """Invoice 1: an invoice has a contact; one that is named and not known yet is made by Xero, so a name will do."""
    assert told(sale(contact=contact)) == [("Contact", "invoice 1", "error")]
    for known in (Contact(name="New"), Contact(contact_number="7"), Contact(contact_id=INVOICE_ID)):
        assert told(sale(contact=known)) == []


@pytest.mark.parametrize("kind", [None, "", "ACCRECCREDIT", "SALE"])
def test_invoice_2(kind: str | None) -> None:
    """Invoice 2: an invoice is either receivable (ACCREC) or payable (ACCPAY)."""
    assert told(sale(type=kind)) == [("Type", "invoice 2", "error")]
    assert told(sale(type="ACCREC"), sale(type="ACCPAY")) == []


def test_invoice_3() -> None:
    """Invoice 3: Total is the sum of SubTotal and TotalTax, and SubTotal that of the lines."""
    right = sale(sub_total=Decimal("100.00"), total_tax=Decimal("15.00"), total=Decimal("115.00"))
    wrong = sale(sub_total=Decimal("100.00"), total_tax=Decimal("15.00"), total=Decimal("115.01"))
    other = sale(sub_total=Decimal("90.00"), total_tax=Decimal(0), total=Decimal("90.00"))
    assert told(right) == []
    assert told(sale(total=Decimal(10) ** 12)) == [("Total", "number", "warning")]
    assert told(wrong) == [("Total", "invoice 3", "warning")]
    assert told(other) == [("SubTotal", "invoice 3", "warning")]
    assert told(wrong, network=True) == [("Total", "invoice 3", "error")]
    assert told(other, network=True) == [("SubTotal", "invoice 3", "error")]
    included = line(tax_amount=Decimal("13.04"))
    inclusive = sale(included, line_amount_types="Inclusive", sub_total=Decimal("86.96"))
    assert told(inclusive) == []


@pytest.mark.parametrize(
    ("quantity", "unit", "discount", "amount"),
    [
        ("2", "50.00", {}, "100.00"),
        ("3", "0.335", {"unitdp": 4}, "1.01"),  # 1.005, half away from zero
        ("-3", "0.335", {"unitdp": 4}, "-1.01"),
        ("3", "0.335", {}, "1.02"),  # 0.34 in two decimals
        ("2", "50.00", {"discount_rate": "10"}, "90.00"),
        ("2", "50.00", {"discount_amount": "0.01"}, "99.99"),
        ("1", "99.99", {"discount_rate": "33.333333"}, "66.66"),
        (None, "50.00", {}, "50.00"),
    ],
)
def test_invoice_4(quantity: str | None, unit: str, discount: dict[str, Any], amount: str) -> None:
    """Invoice 4: LineAmount is Quantity × UnitAmount, less the discount, to the cent."""
    known = {"unitdp": discount["unitdp"]} if "unitdp" in discount else {}
    off = {name: Decimal(value) for name, value in discount.items() if name != "unitdp"}
    priced = {"quantity": None if quantity is None else Decimal(quantity), "unit_amount": Decimal(unit), **off}

    def found(given: Decimal) -> list[str]:
        document = sale(line(**priced, line_amount=given), line(unit_amount=Decimal(10**6)))
        return [rule for _, rule, severity in told(document, **known) if severity == "error"]

    assert found(Decimal(amount)) == []
    assert found(Decimal(amount) + Decimal("0.01")) == ["invoice 4"]
    assert found(Decimal(amount) - Decimal("0.01")) == ["invoice 4"]


def test_invoice_5() -> None:
    """Invoice 5: lines may be negative, as in 100 of sales less a fee of 10; the total may not."""
    fee = line(quantity=Decimal(1), unit_amount=Decimal(-10), account_code="404")
    assert told(sale(line(), fee)) == []
    assert told(sale(fee)) == [("Total", "invoice 5", "error")]
    assert told(sale(line(), line(unit_amount=Decimal(-60)))) == [("Total", "invoice 5", "warning")]
    assert told(sale(line(), line(unit_amount=Decimal(-60)), line_amount_types="NoTax")) == [
        ("Total", "invoice 5", "error")
    ]


def test_invoice_6() -> None:
    """Invoice 6: an account code that does not match is refused by today's API, and was left unassigned by v1."""
    unknown = sale(line(), line(account_code="999"))
    assert told(unknown) == []
    assert told(unknown, accounts=["200"]) == [("LineItems[1].AccountCode", "invoice 6", "error")]
    assert told(unknown, accounts=["200"], network=True) == [("LineItems[1].AccountCode", "invoice 6", "warning")]
    by_id = sale(line(account_id=INVOICE_ID.replace("-", "")))
    assert told(by_id, accounts=["999"]) == told(by_id, accounts=["999", INVOICE_ID.upper()]) == []
    other = "1f1b6f0a-0000-4000-8000-00000000000a"
    assert told(by_id, accounts=["200", other]) == [("LineItems[0].AccountCode", "invoice 6", "error")]
    approved = sale(line(account_code=None), status="AUTHORISED", due_date=date(2026, 1, 31))
    assert told(approved) == [("LineItems[0].AccountCode", "invoice 6", "error")]


def test_invoice_7() -> None:
    """Invoice 7: tracking that does not match a category and an option is left unassigned."""
    known = {"tracking": {"Region": ["North", "South"]}}

    def tracked(*tracking: LineItemTracking) -> list[tuple[str, str, str]]:
        return told(sale(line(tracking=list(tracking))), **known)

    north = LineItemTracking(name="region", option="north ")
    assert tracked(north) == []
    for wrong in (LineItemTracking(name="Region", option="West"), LineItemTracking(name="Area", option="North")):
        assert tracked(wrong) == [("LineItems[0].Tracking[0].Option", "invoice 7", "warning")]
    assert tracked(LineItemTracking(name="Region")) == [("LineItems[0].Tracking[0].Option", "invoice 7", "warning")]
    assert tracked(north, north, north) == [("LineItems[0].Tracking", "invoice 7", "warning")]


def test_invoice_8() -> None:
    """Invoice 8: v1 made every invoice a draft; today it may be submitted or approved at once, and nothing further."""
    due = {"due_date": date(2026, 1, 31)}
    for status in ("DRAFT", "SUBMITTED", "AUTHORISED", None):
        assert told(sale(status=status, **due)) == []
    for status in ("PAID", "VOIDED", "DELETED", "OPEN"):
        assert told(sale(status=status)) == [("Status", "invoice 8", "error")]
    for status in ("PAID", "AUTHORISED", "DELETED"):
        assert told(sale(status=status, **due), network=True) == [("Status", "invoice 8", "warning")]
    assert ("Status", "invoice 8", "error") in told(sale(status="OPEN"), network=True)


def test_invoice_9() -> None:
    """Invoice 9: creating inserts and never updates, so a new invoice has no id yet."""
    assert told(sale(invoice_id=INVOICE_ID)) == [("InvoiceID", "invoice 9", "warning")]


def test_invoice_10() -> None:
    """Invoice 10: a tax type is one of the region's, or of the organisation's; v1 left others unassigned."""
    field = "LineItems[0].TaxType"

    def found(tax_type: str, **known: Any) -> list[str]:  # Any: of every keyword
        findings = told(sale(line(tax_type=tax_type)), **known)
        assert all((where, rule) == (field, "invoice 10") for where, rule, _ in findings)
        return [severity for _, _, severity in findings]

    for region, alias in (("NZ", "nz"), ("GB", "UK")):
        for tax_type in NETWORK_TAX_TYPES[region]:
            assert found(tax_type, region=alias, network=True) == []
            assert found(tax_type, region=alias) == []
    assert found("RRINPUT", region="NZ", network=True) == ["warning"]
    assert found("RRINPUT", region="NZ") == ["warning"]
    assert found("RRINPUT", region="GB") == found("RRINPUT") == []
    assert found("CAN001", region="CA") == found("BASEXCLUDED", region="AU") == found("AVALARA", region="US") == []
    assert found("INPUT", region="NO") == []
    assert found("ZERORATED", region="NO") == ["warning"]
    assert found("TAX001", region="NZ") == []
    assert found("15% GST on Income") == ["error"]
    assert found("RRINPUT", tax_types=["OUTPUT"]) == ["error"]
    assert found("TAX007", tax_types=["OUTPUT", "TAX007"], region="NZ") == []


# ------------------------------------------------------------------------------------------- contacts, by number


def test_contact_1() -> None:
    """Contact 1: ContactNumber is the source's own id: text of any form, but no two contacts have the same."""
    one, other = Contact(name="A", contact_number="no GUID at all"), Contact(name="B", contact_number="no GUID at all")
    assert told(one) == []
    (found,) = check([one, Contact(name="C", contact_number="2"), other])
    assert (found.row, found.field, found.rule, found.severity) == (2, "ContactNumber", "contact 1", "error")
    assert "row 0" in found.message


@pytest.mark.parametrize("contact_id", ["42", "", "0f1b6f0a-0000-4000-8000-00000000000", "{" + INVOICE_ID + "}"])
def test_contact_2(contact_id: str) -> None:
    """Contact 2: a ContactID is a GUID, wherever it stands."""
    assert ("ContactID", "contact 2", "error") in told(Contact(name="A", contact_id=contact_id))
    assert ("Contact.ContactID", "contact 2", "error") in told(sale(contact=Contact(contact_id=contact_id)))
    for good in (INVOICE_ID, INVOICE_ID.upper(), INVOICE_ID.replace("-", "")):
        assert told(sale(contact=Contact(contact_id=good))) == []


def test_contact_3() -> None:
    """Contact 3: a contact of v1 is ACTIVE or DELETED; one of today ACTIVE, ARCHIVED or GDPRREQUEST."""
    for status, today, older in (("ACTIVE", True, True), ("DELETED", False, True), ("ARCHIVED", True, False)):
        contact = Contact(name="A", contact_status=status)
        broken = [("ContactStatus", "contact 3", "error")]
        assert told(contact) == ([] if today else broken)
        assert told(contact, network=True) == ([] if older else broken)


def test_contact_4() -> None:
    """Contact 4: an address is of type STREET or POBOX."""
    kinds = ["STREET", "POBOX", None, "DELIVERY", "HOME"]
    contact = Contact(name="A", addresses=[Address(address_type=kind) for kind in kinds])
    assert told(contact) == [(f"Addresses[{at}].AddressType", "contact 4", "error") for at in (3, 4)]


def test_contact_5() -> None:
    """Contact 5: a phone is of type DEFAULT, DDI, MOBILE or FAX; today OFFICE as well."""
    kinds = ["DEFAULT", "DDI", "MOBILE", "FAX", None, "OFFICE", "HOME"]
    contact = Contact(name="A", phones=[Phone(phone_type=kind) for kind in kinds])
    assert told(contact) == [("Phones[6].PhoneType", "contact 5", "error")]
    assert told(contact, network=True) == [(f"Phones[{at}].PhoneType", "contact 5", "error") for at in (5, 6)]


def test_every_number_has_its_row() -> None:
    """Each numbered rule of the Network API v1 stands in the tables: ten of invoices, five of contacts."""
    invoices = {rule.number for _, rule in SHEETS[Invoice].all_rules()}
    contacts = {rule.number for _, rule in SHEETS[Contact].all_rules()}
    assert {f"invoice {number}" for number in range(1, 11)} <= invoices
    assert {f"contact {number}" for number in range(1, 6)} <= contacts


# ---------------------------------------------------------------------------------------------- what is beside them


def test_numbers_are_for_invoices_and_contacts_alone() -> None:
    """Elsewhere the same rules go by their names."""
    note = CreditNote(type="ACCRECCREDIT", line_items=[line(line_amount=Decimal(1))])
    assert {rule for _, rule, _ in told(note)} == {"contact", "line amount"}


def test_lengths() -> None:
    """Text one character longer than a mark of the models is found, whatever stands in it."""
    assert told(sale(invoice_number="x" * 255)) == []
    assert told(sale(invoice_number="x" * 256)) == [("InvoiceNumber", "length", "error")]
    assert told(Contact(name="A", addresses=[Address(city="x" * 256)])) == [("Addresses[0].City", "length", "error")]


def test_read_only_fields_are_left_alone() -> None:
    """What Xero writes itself is not looked at: a record that was read can be sent again."""
    paid = Payment(payment_id="not an id", amount=Decimal(-1))
    read = sale(payments=[paid], amount_due=Decimal(10) ** 20, updated_date_utc=datetime(2026, 1, 1, tzinfo=UTC))
    assert told(read) == []


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+12", "-1E+12", "1E+400000", "1E-400000"])
@pytest.mark.parametrize("name", ["quantity", "unit_amount", "line_amount", "tax_amount", "discount_rate"])
def test_odd_numbers_never_raise(name: str, number: str) -> None:
    """Numbers that are none, or beyond all reason, are findings and never errors of the check itself."""
    found = told(sale(line(**{name: Decimal(number)})))
    assert number == "1E-400000" or any(rule == "number" for _, rule, _ in found)


def test_days() -> None:
    """A day is a date: a datetime would be sent with a time."""
    assert told(sale(date=date(2026, 1, 31), due_date=date(2026, 2, 28))) == []
    assert told(sale(date=datetime(2026, 1, 31))) == [("Date", "date", "error")]
    assert told(sale(date="2026-01-31", due_date="31/01/2026")) == [("DueDate", "date", "error")]
    assert told(sale(date="2026-02-30")) == [("Date", "date", "error")]
    assert told(sale(date=date(2026, 2, 1), due_date=date(2026, 1, 1))) == [("DueDate", "due date", "warning")]


def test_currencies() -> None:
    """A currency is one of ISO 4217, and one that the organisation has switched on where those are known."""
    assert told(sale(currency_code="GBP"), sale(currency_code="gbp")) == []
    assert told(sale(currency_code="POUND")) == [("CurrencyCode", "currency", "error")]
    assert told(sale(currency_code="GBP"), currencies=["NZD"]) == [("CurrencyCode", "currency", "error")]
    assert told(sale(currency_rate=Decimal(0))) == [("CurrencyRate", "currency rate", "error")]


def test_decimals_of_unit_amounts() -> None:
    """A unit amount with more decimals than will be kept is told of; zeros at the end do not count."""
    fine = sale(line(unit_amount=Decimal("0.1234")))
    assert told(fine) == told(fine, unitdp=2) == [("LineItems[0].UnitAmount", "places", "warning")]
    assert told(fine, unitdp=4) == []
    assert told(sale(line(unit_amount=Decimal("0.120000")))) == []


def test_duplicates_within_a_batch() -> None:
    """The second invoice of a number is found and names the first; a bill may repeat the number of another supplier."""
    numbers = [sale(invoice_number=number) for number in ("1", "2", "1", None, None, "1")]
    found = list(check(numbers))
    assert [(each.row, each.rule) for each in found] == [(2, "duplicate"), (5, "duplicate")]
    assert all("row 0" in each.message for each in found)
    bills = [sale(type="ACCPAY", invoice_number="1", contact=Contact(name=name)) for name in "ABA"]
    assert [(each.row, each.severity) for each in check(bills)] == [(2, "warning")]
    assert told(sale(invoice_number="1"), sale(type="ACCPAY", invoice_number="1")) == []


def test_a_refused_record_takes_no_number() -> None:
    """What Xero will refuse does not stand in the way of a good record of the same number."""
    assert told(sale(invoice_number="1", contact=None), sale(invoice_number="1")) == [("Contact", "invoice 1", "error")]


def test_names_of_contacts_and_items_are_compared_without_case() -> None:
    """Xero does not tell `ABC` from `abc `; an archived contact gives its name up."""
    assert told(Contact(name="ABC"), Contact(name="abc ")) == [("Name", "duplicate", "error")]
    assert told(Contact(name="ABC", contact_status="ARCHIVED"), Contact(name="ABC")) == []


def test_journals_balance() -> None:
    """The lines of a manual journal come to zero; where tax comes on top, only its rates would tell."""

    def journal(*amounts: str, **fields: Any) -> ManualJournal:  # Any: of every field
        lines = [ManualJournalLine(line_amount=Decimal(each), account_code="200") for each in amounts]
        return ManualJournal(narration="Why", journal_lines=lines, **fields)

    assert told(journal("50", "-30.01", "-19.99")) == []
    assert told(journal("50", "-49.99")) == [("JournalLines", "balance", "error")]
    assert told(journal("50")) == [("JournalLines", "lines", "error"), ("JournalLines", "balance", "error")]
    taxed = journal("50", "-57.50", line_amount_types="Exclusive")
    assert taxed.journal_lines is not None
    taxed.journal_lines[0].tax_type = "OUTPUT"
    assert told(taxed) == [("JournalLines", "balance", "warning")]


def test_payments_and_allocations() -> None:
    """A payment is against something, from somewhere, and above zero; so is an allocation."""
    nothing = told(Payment())
    assert [field for field, _, _ in nothing] == ["Invoice", "Account", "Amount"]
    bank = Account(code="090")
    assert told(Payment(invoice=Invoice(invoice_number="1"), account=bank, amount=Decimal(1))) == []
    assert told(Payment(prepayment=Prepayment(prepayment_id=INVOICE_ID), code="090", amount=Decimal(1))) == []
    assert told(Allocation(invoice=Invoice(invoice_id=INVOICE_ID), amount=Decimal("0.01"))) == []
    assert [field for field, _, _ in told(Allocation())] == ["Invoice", "Amount"]


def test_orders_quotes_and_bank_transactions() -> None:
    """Statuses are those in which a document of its kind can be made."""
    who: dict[str, Any] = {"contact": Contact(name="A")}  # Any: of every field
    what: dict[str, Any] = {"line_items": [line()]}  # Any: as above
    assert told(Quote(**who, **what, status="SENT"), PurchaseOrder(**who, status="DRAFT")) == []
    assert told(Quote(**who, **what, status="INVOICED")) == [("Status", "status", "error")]
    assert told(PurchaseOrder(**who, status="AUTHORISED")) == [("LineItems", "lines", "error")]
    spent = BankTransaction(**who, **what, type="SPEND-TRANSFER", bank_account=Account(code="090"))
    assert told(spent) == [("Type", "type", "error")]


def test_other_records_are_looked_at_field_by_field() -> None:
    """A record without a sheet has its ids, lengths and numbers checked."""
    assert told(Journal(journal_id="1"), Account(name="x" * 151)) == [
        ("JournalID", "guid", "error"),
        ("Name", "length", "error"),
    ]


def test_a_part_of_another_type_is_a_finding() -> None:
    """What is no record where one belongs is told of and does not raise."""
    odd: Any = {"Description": "Work"}  # Any: what no type checker would let pass
    assert told(sale(odd)) == [("LineItems[0]", "type", "error")]
    assert told(sale(contact=odd))[0] == ("Contact", "type", "error")


def test_records_are_read_as_they_are_asked_for() -> None:
    """An endless source is checked as it comes."""

    def endless() -> Iterator[Invoice]:
        while True:
            yield sale(type=None)

    findings = check(endless())
    assert [next(findings).row for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("amount", ["12E999999", "-12E999999", "1E12"])
def test_numbers_beyond_all_measure_are_found(amount: str) -> None:
    """A number too large for decimals to compare is a finding of its field, wherever it stands."""
    number = Decimal(amount)
    records = (sale(line(unit_amount=number)), sale(line(tax_amount=number)), sale(line(line_amount=number)))
    found = {(each.row, each.field) for each in check(records) if each.severity == "error"}
    fields = ("UnitAmount", "TaxAmount", "LineAmount")
    assert {(row, f"LineItems[0].{field}") for row, field in enumerate(fields)} <= found
    totals = sale(total=number, sub_total=number, total_tax=number)
    assert told(totals) == [(field, "number", "warning") for field in ("SubTotal", "TotalTax", "Total")]


def test_zero_is_zero_whatever_its_exponent() -> None:
    """A zero that is written with a large exponent is within all limits."""
    assert told(sale(line(tax_amount=Decimal("0E40")))) == []


def test_a_finding_reads_as_a_sentence() -> None:
    """Row, field, what is wrong and the rule stand in one line, without the words of the record."""
    (found,) = check([sale(line(description="Mr Secret", line_amount=Decimal(90)))])
    assert isinstance(found, Finding)
    assert str(found) == (
        "row 0, LineItems[0].LineAmount: the line comes to 100.00, not 90.00: correct it, or leave LineAmount to Xero"
        " (invoice 4)"
    )


def test_regions_have_what_every_region_has() -> None:
    """Each region knows untaxed lines, and the codes have the shape of codes."""
    assert {"AU", "GB", "GLOBAL", "NZ", "US"} <= set(TAX_TYPES)
    for region, names in TAX_TYPES.items():
        assert "NONE" in names, region
        assert all(name.isalnum() and name.isupper() for name in names)
    assert len({leaf.condition for leaf in LEAVES}) == len(LEAVES)


def test_an_invoice_of_five_lines_takes_microseconds() -> None:
    """A good invoice of 5 lines, tracking and totals included, is checked in well under 240 µs on a busy machine."""
    tracking = [LineItemTracking(name="Region", option="North")]
    priced = {"line_amount": Decimal("100.00"), "tax_type": "OUTPUT", "tax_amount": Decimal(15), "tracking": tracking}
    totals = {"sub_total": Decimal(500), "total_tax": Decimal(75), "total": Decimal(575)}
    records = [sale(*(line(**priced) for _ in range(5)), invoice_number=str(at), **totals) for at in range(500)]
    taken: list[float] = []
    for _ in range(7):
        start = time.process_time()
        assert list(check(records, region="NZ")) == []
        taken.append((time.process_time() - start) / len(records) * 1e6)
    assert min(taken) < 240
