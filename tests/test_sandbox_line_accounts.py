"""The accounts and the items of lines: which are refused, what a line takes from them, and what inventory does."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_engine import TENANT, Engine, line, sale

Json = dict[str, Any]  # Any: documents of every shape
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def account(engine: Engine, code: str) -> Json:
    """An account of the chart."""
    found: Json = engine.good("getAccounts", where=f'Code=="{code}"')["Accounts"][0]
    return found


def archive(engine: Engine, code: str) -> None:
    """Archives an account."""
    engine.good("updateAccount", {"Status": "ARCHIVED"}, path={"AccountID": account(engine, code)["AccountID"]})


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "AUTHORISED"])
@pytest.mark.parametrize(
    "fields",
    [
        {"AccountCode": "999"},
        {"AccountCode": "090"},
        {"AccountCode": "610"},
        {"AccountCode": None, "AccountID": UNKNOWN},
    ],
    ids=["unknown", "bank", "control", "unknown id"],
)
def test_a_line_on_no_account_of_its_kind_is_refused(engine: Engine, status: str, fields: Json) -> None:
    """Unknown accounts, bank accounts and the control accounts are refused on a sale of any status."""
    reply = engine.call("createInvoices", sale(Status=status, LineItems=[line(**fields)]))
    named = fields["AccountCode"] or UNKNOWN
    assert (reply.status, reply.messages) == (400, [f"Account code '{named}' is not a valid code for this document."])
    assert engine.documents.counts(TENANT)["Invoices"] == 0


def test_an_archived_account_takes_no_new_lines(engine: Engine) -> None:
    """What stands on an account that is archived later stays, and may be sent back; nothing new comes to it."""
    before = engine.invoice()
    archive(engine, "200")
    reply = engine.call("createInvoices", sale())
    assert reply.messages == [
        "Account code '200' has been archived, or has been deleted. Each line item must reference a valid account."
    ]
    path = {"InvoiceID": before["InvoiceID"]}
    assert engine.good("updateInvoice", before, path=path)["Invoices"][0]["Total"] == 115
    assert engine.call("updateInvoice", {"Status": "AUTHORISED"}, path=path).status == 400


@pytest.mark.parametrize(("status", "answer"), [("DRAFT", 200), ("SUBMITTED", 400), ("AUTHORISED", 400)])
@pytest.mark.parametrize("operation", ["createInvoices", "createCreditNotes"])
def test_only_a_draft_may_be_without_accounts(engine: Engine, operation: str, status: str, answer: int) -> None:
    """A line without an account is kept as a draft, and stops what goes further."""
    kind = "ACCREC" if operation == "createInvoices" else "ACCRECCREDIT"
    bare = line(AccountCode=None, TaxType=None)
    reply = engine.call(operation, sale(Type=kind, Status=status, LineItems=[bare]))
    assert reply.status == answer
    if answer == 400:
        assert reply.messages == ["Account code or ID must be specified", "The TaxType field is mandatory"]


def test_a_draft_without_accounts_cannot_be_approved(engine: Engine) -> None:
    """The check comes with the step, not only with the lines; with an account the step is taken."""
    path = {"InvoiceID": engine.invoice(LineItems=[line(AccountCode=None)])["InvoiceID"]}
    refused = engine.call("updateInvoice", {"Status": "AUTHORISED"}, path=path)
    assert refused.messages[0] == "Account code or ID must be specified"
    assert engine.good("updateInvoice", {"Status": "AUTHORISED", "LineItems": [line()]}, path=path)


def test_a_line_of_words_needs_no_account(engine: Engine) -> None:
    """A description alone, without an amount, stands on no account even in an approved sale."""
    invoice = engine.invoice(Status="AUTHORISED", LineItems=[line(), {"Description": "Thank you"}])
    assert invoice["Total"] == 115


def test_a_line_shows_its_account_under_both_names(engine: Engine) -> None:
    """Code and id belong together, whichever was sent."""
    own = account(engine, "260")["AccountID"]
    by_code, by_id = engine.invoice(LineItems=[line(AccountCode="260"), line(AccountCode=None, AccountID=own)])[
        "LineItems"
    ]
    for each in (by_code, by_id):
        assert (each["AccountCode"], each["AccountID"]) == ("260", own)


def test_the_account_that_changes_is_the_one_that_counts(engine: Engine) -> None:
    """A client that sends a line back with another code and the old id, or the other way round, moves it."""
    invoice = engine.invoice()
    path = {"InvoiceID": invoice["InvoiceID"]}
    kept, other = invoice["LineItems"][0], account(engine, "260")
    moved = engine.good("updateInvoice", {"LineItems": [kept | {"AccountCode": "260"}]}, path=path)["Invoices"][0]
    assert [moved["LineItems"][0][name] for name in ("AccountCode", "AccountID")] == ["260", other["AccountID"]]
    back = moved["LineItems"][0] | {"AccountID": kept["AccountID"]}
    again = engine.good("updateInvoice", {"LineItems": [back]}, path=path)["Invoices"][0]["LineItems"][0]
    assert (again["AccountCode"], again["AccountID"]) == ("200", kept["AccountID"])
    wrong = engine.call("updateInvoice", {"LineItems": [kept | {"AccountCode": "999"}]}, path=path)
    assert wrong.messages == ["Account code '999' is not a valid code for this document."]


def test_a_line_without_a_tax_type_has_its_accounts(engine: Engine) -> None:
    """An account's tax type is the line's unless the line names one or the document bears no tax."""
    bare = line(TaxType=None)
    assert engine.invoice(LineItems=[bare])["LineItems"][0]["TaxType"] == account(engine, "200")["TaxType"] == "OUTPUT"
    assert engine.invoice(LineItems=[line(TaxType="ZERORATED")])["TotalTax"] == 0
    assert engine.invoice(LineItems=[bare], LineAmountTypes="NoTax")["LineItems"][0]["TaxType"] == "NONE"


@pytest.mark.parametrize("item", ["Quote", "PurchaseOrder"])
def test_orders_need_no_account_but_a_true_one(engine: Engine, item: str) -> None:
    """An order may leave the account open; one that there is not is refused all the same."""
    sent: Json = {"Contact": {"Name": "ABC"}, "LineItems": [line(AccountCode=None)]}
    engine.good(f"create{item}s", sent)
    wrong = engine.call(f"create{item}s", sent | {"LineItems": [line(AccountCode="999")]})
    assert wrong.messages == ["Account code '999' is not a valid code for this document."]


def test_a_new_document_for_an_archived_contact_is_refused(engine: Engine) -> None:
    """An archived contact takes no new invoice; what it has may still be read and sent back."""
    invoice = engine.invoice()
    contact = {"ContactID": invoice["Contact"]["ContactID"]}
    engine.good("updateContact", {"ContactStatus": "ARCHIVED"}, path=contact)
    assert engine.call("createInvoices", sale(Contact=contact)).messages == [
        "The contact with the specified contact details has been archived."
        " The contact must be un-archived before creating new invoices or credit notes."
    ]
    assert engine.good("updateInvoice", invoice, path={"InvoiceID": invoice["InvoiceID"]})


# ------------------------------------------------------------------------------------------ inventory


def stock(engine: Engine) -> tuple[Any, Any]:  # Any: numbers of JSON
    """How many of the item are on hand, and what they cost."""
    item = engine.good("getItem", path={"ItemID": "BOLT"})["Items"][0]
    return item["QuantityOnHand"], item["TotalCostPool"]


def test_approved_documents_move_tracked_inventory(engine: Engine) -> None:
    """Bills bring in what sales take out at the average cost; drafts move nothing, and voiding takes it back."""
    details = {"COGSAccountCode": "310"}
    engine.good("createItems", {"Code": "BOLT", "InventoryAssetAccountCode": "630", "PurchaseDetails": details})
    bolts = {"ItemCode": "BOLT", "Description": "Bolts", "AccountCode": "630", "TaxType": "NONE"}
    engine.invoice(Type="ACCPAY", LineItems=[bolts | {"Quantity": 10, "UnitAmount": 2}])
    assert stock(engine) == (0, 0)
    bill = {"Type": "ACCPAY", "Status": "AUTHORISED"}
    engine.invoice(**bill, LineItems=[bolts | {"Quantity": 10, "UnitAmount": 2}])
    last = engine.invoice(**bill, LineItems=[bolts | {"Quantity": 10, "UnitAmount": 4}])
    assert stock(engine) == (20, 60)
    sold = engine.invoice(
        Status="AUTHORISED", LineItems=[bolts | {"Quantity": 5, "UnitAmount": 9, "AccountCode": "200"}]
    )
    assert stock(engine) == (15, 45)
    engine.good("updateInvoice", {"Reference": "unchanged"}, path={"InvoiceID": sold["InvoiceID"]})
    assert stock(engine) == (15, 45)
    for each in (sold, last):
        engine.good("updateInvoice", {"Status": "VOIDED"}, path={"InvoiceID": each["InvoiceID"]})
    assert stock(engine) == (10, 20)
