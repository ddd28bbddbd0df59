"""Seeded organisations: the same for the same numbers, consistent in themselves, and quickly there."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import TENANT, Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine seeded with 200 contacts and 1,000 invoices."""
    return Engine(contacts=200, invoices=1000)


@pytest.fixture(scope="module")
def invoices(engine: Engine) -> list[dict[str, Any]]:
    """All of its invoices."""
    found: list[dict[str, Any]] = engine.good("getInvoices", page=1, pageSize=1000)["Invoices"]
    return found


LISTS = [
    "Invoices",
    "Contacts",
    "CreditNotes",
    "Employees",
    "ExpenseClaims",
    "Currencies",
    "ContactGroups",
    "Accounts",
    "TaxRates",
    "TrackingCategories",
    "Items",
    "Users",
    "BrandingThemes",
    "Budgets",
    "Quotes",
    "PurchaseOrders",
    "Receipts",
    "RepeatingInvoices",
    "LinkedTransactions",
]


def everything(engine: Engine) -> list[object]:
    """All documents of an engine."""
    return [engine.good(f"get{name}", page=1, pageSize=1000, includeArchived="true")[name] for name in LISTS]


def test_the_same_seed_gives_the_same_documents() -> None:
    """Two engines agree in every byte for the same seed, ids included, and differ for another."""
    first, again, other = (everything(Engine(contacts=30, invoices=80, seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_seeding_is_done_once() -> None:
    """An organisation that has documents is left as it is."""
    engine = Engine(contacts=5, invoices=5)
    engine.documents.seed(TENANT, contacts=50, invoices=50, seed=2)
    assert engine.documents.counts(TENANT)["Contacts"] == 5


def test_it_has_as_many_as_it_should(engine: Engine) -> None:
    """Contacts and invoices by the number, the rest in proportion, and no duplicates."""
    counts = engine.documents.counts(TENANT)
    assert (counts["Contacts"], counts["Invoices"], counts["duplicates"]) == (200, 1000, 0)
    assert all(counts[name] > 1 for name in LISTS)


@pytest.mark.parametrize("size", [(0, 0), (1, 0), (0, 5), (1, 1)])
def test_small_numbers_do(size: tuple[int, int]) -> None:
    """Few or none of either is no error; invoices need contacts."""
    engine = Engine()
    engine.documents.seed(TENANT, contacts=size[0], invoices=size[1], seed=1)
    counts = engine.documents.counts(TENANT)
    assert (counts["Contacts"], counts["Invoices"]) == (size[0], size[1] if size[0] else 0)


def test_the_amounts_of_invoices_add_up(invoices: list[dict[str, Any]]) -> None:
    """Lines make totals, and payments and credits make what is due."""
    for invoice in invoices:
        assert 1 <= len(invoice["LineItems"]) <= 8
        lines = sum(line["LineAmount"] for line in invoice["LineItems"])
        tax = sum(line["TaxAmount"] for line in invoice["LineItems"])
        assert invoice["Total"] == lines + (0 if invoice["LineAmountTypes"] == "Inclusive" else tax)
        assert invoice["AmountPaid"] == sum(payment["Amount"] for payment in invoice["Payments"])
        assert invoice["AmountCredited"] == sum(note["AppliedAmount"] for note in invoice["CreditNotes"])
        due = invoice["Total"] - invoice["AmountPaid"] - invoice["AmountCredited"]
        assert invoice["AmountDue"] == (0 if invoice["Status"] in ("VOIDED", "DELETED") else due)
        assert (invoice["Status"] == "PAID") == (due == 0)


def test_credit_notes_agree_with_the_invoices_they_were_given_to(engine: Engine) -> None:
    """Each allocation stands on both sides, and can be taken back."""
    notes = engine.good("getCreditNotes", page=1)["CreditNotes"]
    allocated = [note for note in notes if note["Allocations"]]
    assert allocated
    for note in allocated:
        allocation = note["Allocations"][0]
        invoice = engine.get_invoice(allocation["Invoice"]["InvoiceID"])
        assert invoice["CreditNotes"][0]["AppliedAmount"] == allocation["Amount"]
        assert note["RemainingCredit"] == note["Total"] - allocation["Amount"]
        assert invoice["Contact"]["ContactID"] == note["Contact"]["ContactID"]
    path = {
        "CreditNoteID": allocated[0]["CreditNoteID"],
        "AllocationID": allocated[0]["Allocations"][0]["AllocationID"],
    }
    assert engine.good("deleteCreditNoteAllocations", path=path)["IsDeleted"] is True


def test_it_is_varied(engine: Engine, invoices: list[dict[str, Any]]) -> None:
    """All statuses, both types, several currencies and years, and names in many scripts."""
    assert {each["Status"] for each in invoices} == {"DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"}
    assert {each["Type"] for each in invoices} == {"ACCREC", "ACCPAY"}
    assert len({each["CurrencyCode"] for each in invoices}) >= 4
    assert len({each["DateString"][:4] for each in invoices}) >= 4
    names = "".join(each["Name"] for each in engine.good("getContacts")["Contacts"])
    assert any(ord(sign) > 255 for sign in names)
    assert any(each["Total"] % 1 != 0 and isinstance(each["Total"], Decimal) for each in invoices)


def test_numbers_of_sales_are_unique_and_go_on(invoices: list[dict[str, Any]]) -> None:
    """A new sale takes the number after the seeded ones."""
    engine = Engine(contacts=20, invoices=50)
    numbers = [each["InvoiceNumber"] for each in invoices if each["Type"] == "ACCREC"]
    assert len(numbers) == len(set(numbers))
    sales = [each for each in engine.good("getInvoices")["Invoices"] if each["Type"] == "ACCREC"]
    assert engine.invoice()["InvoiceNumber"] == f"INV-{len(sales) + 1:04d}"


def test_contacts_know_their_groups_and_trade(engine: Engine, invoices: list[dict[str, Any]]) -> None:
    """Groups are shown on both sides; a contact with sales is a customer."""
    contacts = engine.good("getContacts", page=1, pageSize=1000, includeArchived="true")["Contacts"]
    sold_to = {each["Contact"]["ContactID"] for each in invoices if each["Type"] == "ACCREC"}
    assert {each["ContactID"] for each in contacts if each["IsCustomer"]} == sold_to
    member = next(each for each in contacts if each["ContactGroups"])
    path = {"ContactGroupID": member["ContactGroups"][0]["ContactGroupID"]}
    shown = engine.good("getContactGroup", path=path)["ContactGroups"][0]["Contacts"]
    assert member["ContactID"] in [each["ContactID"] for each in shown]
    gone = engine.call("deleteContactGroupContact", path=path | {"ContactID": member["ContactID"]})
    assert gone.status == 204


def test_it_is_quickly_there() -> None:
    """A tenth of 5,000 contacts and 20,000 invoices takes well under a tenth of four seconds twice over."""
    begun = time.process_time()
    Engine(contacts=500, invoices=2000)
    assert time.process_time() - begun < 0.8
