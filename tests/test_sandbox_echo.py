"""What a client reads may be sent back as it is: nothing changes, and what it may not write is passed over."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest
from sandbox_engine import Engine

Json = dict[str, Any]  # Any: documents of every shape


class Kind(NamedTuple):
    """A resource that can be updated: how it is listed, fetched and updated."""

    name: str
    key: str
    fetch: str
    update: str
    upsert: str = ""

    @property
    def listing(self) -> str:
        """The operation that lists them."""
        return f"get{self.name}"


KINDS = (
    Kind("Invoices", "InvoiceID", "getInvoice", "updateInvoice", "updateOrCreateInvoices"),
    Kind("Contacts", "ContactID", "getContact", "updateContact", "updateOrCreateContacts"),
    Kind("CreditNotes", "CreditNoteID", "getCreditNote", "updateCreditNote", "updateOrCreateCreditNotes"),
    Kind("Items", "ItemID", "getItem", "updateItem", "updateOrCreateItems"),
    Kind("Quotes", "QuoteID", "getQuote", "updateQuote", "updateOrCreateQuotes"),
    Kind(
        "PurchaseOrders", "PurchaseOrderID", "getPurchaseOrder", "updatePurchaseOrder", "updateOrCreatePurchaseOrders"
    ),
    Kind("Receipts", "ReceiptID", "getReceipt", "updateReceipt"),
    Kind("ExpenseClaims", "ExpenseClaimID", "getExpenseClaim", "updateExpenseClaim"),
    Kind("Accounts", "AccountID", "getAccount", "updateAccount"),
    Kind("TrackingCategories", "TrackingCategoryID", "getTrackingCategory", "updateTrackingCategory"),
    Kind("LinkedTransactions", "LinkedTransactionID", "getLinkedTransaction", "updateLinkedTransaction"),
    Kind(
        "BankTransactions",
        "BankTransactionID",
        "getBankTransaction",
        "updateBankTransaction",
        "updateOrCreateBankTransactions",
    ),
    Kind(
        "ManualJournals", "ManualJournalID", "getManualJournal", "updateManualJournal", "updateOrCreateManualJournals"
    ),
    Kind(
        "RepeatingInvoices",
        "RepeatingInvoiceID",
        "getRepeatingInvoice",
        "updateRepeatingInvoice",
        "updateOrCreateRepeatingInvoices",
    ),
    Kind("ContactGroups", "ContactGroupID", "getContactGroup", "updateContactGroup"),
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine with documents of every resource and status."""
    return Engine(contacts=30, invoices=160, seed=3)


def same(document: Json) -> Json:
    """A document without what every change moves on, and without what only batches tell."""
    moved = ("UpdatedDateUTC", "StatusAttributeString", "Balances", "Contacts")
    return {name: value for name, value in document.items() if name not in moved}


def documents(engine: Engine, kind: Kind, most: int = 12) -> list[Json]:
    """The first documents of each status, in full."""
    found: dict[str, list[Json]] = {}
    for each in engine.good(kind.listing, includeArchived="true")[kind.name]:
        if str(each.get("Type")).endswith("TRANSFER"):
            continue  # the sides of a transfer are not to be written
        status = str(each.get("Status") or each.get("ContactStatus")) + str(each.get("Type"))
        found.setdefault(status, []).append(each)
    some = [each for group in found.values() for each in group[: -(-most // len(found))]]
    return [engine.good(kind.fetch, path={kind.key: each[kind.key]})[kind.name][0] for each in some]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_was_read_may_be_sent_back_and_changes_nothing(engine: Engine, kind: Kind) -> None:
    """A document of any resource and status, fetched and posted back whole, is accepted and stays what it was."""
    for document in documents(engine, kind):
        path = {kind.key: document[kind.key]}
        reply = engine.call(kind.update, {kind.name: [document]}, path=path)
        assert reply.status == 200, (document.get("Status"), reply.messages)
        assert same(engine.good(kind.fetch, path=path)[kind.name][0]) == same(document)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.upsert], ids=lambda kind: kind.name)
def test_what_was_read_may_be_sent_back_in_one_batch(engine: Engine, kind: Kind) -> None:
    """The same holds for a batch on the collection, and no document becomes two."""
    sent = documents(engine, kind)
    before = engine.documents.counts(engine.tenant)[kind.name]
    told = engine.good(kind.upsert, {kind.name: sent}, summarizeErrors="false")[kind.name]
    assert [each["StatusAttributeString"] for each in told] == ["OK"] * len(sent), told
    assert [same(each) for each in told] == [same(each) for each in sent]
    assert engine.documents.counts(engine.tenant)[kind.name] == before


READ_ONLY: dict[str, Json] = {
    "Invoices": {
        "AmountDue": 1,
        "AmountPaid": 5,
        "AmountCredited": 5,
        "SubTotal": 1,
        "TotalTax": 1,
        "Total": 1,
        "UpdatedDateUTC": "/Date(0)/",
        "HasAttachments": True,
        "FullyPaidOnDate": "2020-01-01",
        "Payments": [{"PaymentID": "00000000-0000-4000-8000-000000000001", "Amount": 3}],
        "CreditNotes": [{"CreditNoteID": "00000000-0000-4000-8000-000000000001"}],
        "HasErrors": True,
        "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": "x"}],
    },
    "Contacts": {"IsCustomer": True, "IsSupplier": True, "Balances": {"AccountsReceivable": {"Outstanding": 9}}},
    "CreditNotes": {"RemainingCredit": 1, "Total": 1, "Allocations": [{"Amount": 1}]},
    "Items": {"QuantityOnHand": 99, "TotalCostPool": 99, "IsTrackedAsInventory": True},
    "Accounts": {"Class": "EQUITY", "SystemAccount": "GST", "HasAttachments": True},
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_fields_that_differ_are_passed_over(engine: Engine, name: str) -> None:
    """What a client may not write has no effect and draws no refusal, whatever is sent for it."""
    kind = next(kind for kind in KINDS if kind.name == name)
    for document in documents(engine, kind, most=3):
        path = {kind.key: document[kind.key]}
        engine.good(kind.update, copy.deepcopy(document) | READ_ONLY[name], path=path)
        assert same(engine.good(kind.fetch, path=path)[kind.name][0]) == same(document)
