"""Which status may follow which: every pair of statuses of every document that has one, tried through the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sandbox_engine import Engine, line, sale

Json = dict[str, Any]  # Any: documents of every shape
Steps = Mapping[str, str]  # the statuses that may follow one, in words; "" is a document yet to be made

DEAD: Steps = {"VOIDED": "VOIDED", "DELETED": "DELETED"}
SALE: Steps = {
    "": "DRAFT SUBMITTED AUTHORISED",
    "DRAFT": "DRAFT SUBMITTED AUTHORISED DELETED",
    "SUBMITTED": "DRAFT SUBMITTED AUTHORISED DELETED",
    "AUTHORISED": "AUTHORISED VOIDED",
    **DEAD,
}
PURCHASE: Steps = {
    "": "DRAFT SUBMITTED AUTHORISED",
    "DRAFT": "DRAFT SUBMITTED AUTHORISED DELETED",
    "SUBMITTED": "DRAFT SUBMITTED AUTHORISED DELETED",
    "AUTHORISED": "AUTHORISED BILLED DELETED",
    "BILLED": "BILLED AUTHORISED DELETED",
    "DELETED": "DELETED",
}
QUOTE: Steps = {
    "": "DRAFT SENT ACCEPTED DECLINED",
    "DRAFT": "DRAFT SENT DELETED",
    "SENT": "SENT DRAFT ACCEPTED DECLINED INVOICED DELETED",
    "ACCEPTED": "ACCEPTED DRAFT SENT DECLINED INVOICED DELETED",
    "DECLINED": "DECLINED DRAFT SENT ACCEPTED DELETED",
    "INVOICED": "INVOICED SENT ACCEPTED",
    "DELETED": "DELETED",
}
MANUAL: Steps = {
    "": "DRAFT POSTED",
    "DRAFT": "DRAFT POSTED DELETED",
    "POSTED": "POSTED DRAFT VOIDED ARCHIVED",
    "ARCHIVED": "ARCHIVED POSTED",
}
# A reconciled or dead transaction stays; see the tests of money.
BANK: Steps = {"": "AUTHORISED", "AUTHORISED": "AUTHORISED DELETED VOIDED", **DEAD}
REPEATING: Steps = {
    "": "DRAFT AUTHORISED",
    "DRAFT": "DRAFT AUTHORISED DELETED",
    "AUTHORISED": "AUTHORISED DRAFT DELETED",
    "DELETED": "DELETED",
}
ROUTES = {  # how a new document gets to a status
    "SUBMITTED": ("SUBMITTED",),
    "VOIDED": ("AUTHORISED", "VOIDED"),
    "BILLED": ("AUTHORISED", "BILLED"),
    "INVOICED": ("SENT", "INVOICED"),
    "DELETED": ("DRAFT", "DELETED"),
    "ARCHIVED": ("POSTED", "ARCHIVED"),
}

JOURNAL_LINES = [{"LineAmount": 100, "AccountCode": "400"}, {"LineAmount": -100, "AccountCode": "200"}]
SCHEDULE = {"Period": 1, "Unit": "MONTHLY", "DueDate": 20, "DueDateType": "OFFOLLOWINGMONTH"}
BASE: Json = {"Contact": {"Name": "ABC"}, "LineItems": [line()]}
FAMILIES: dict[str, tuple[str, Json, Steps]] = {  # what a client sends for a new one, and the steps
    "sales": ("Invoice", sale(), SALE),
    "bills": ("Invoice", sale(Type="ACCPAY", InvoiceNumber="B-1"), SALE),
    "credit notes": ("CreditNote", {**BASE, "Type": "ACCRECCREDIT"}, SALE),
    "supplier credits": ("CreditNote", {**BASE, "Type": "ACCPAYCREDIT"}, SALE),
    "purchase orders": ("PurchaseOrder", BASE, PURCHASE),
    "quotes": ("Quote", BASE, QUOTE),
    "manual journals": ("ManualJournal", {"Narration": "n", "JournalLines": JOURNAL_LINES}, MANUAL),
    "bank transactions": ("BankTransaction", {**BASE, "Type": "SPEND", "BankAccount": {"Code": "090"}}, BANK),
    "repeating invoices": ("RepeatingInvoice", {**BASE, "Type": "ACCREC", "Schedule": SCHEDULE}, REPEATING),
}
STATUSES = {  # all that the wire knows of each
    name: sorted({each for words in steps.values() for each in words.split()} | ({"PAID"} if steps is SALE else set()))
    for name, (_, _, steps) in FAMILIES.items()
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine to make documents in."""
    return Engine()


def made(engine: Engine, name: str, status: str) -> Json:
    """A new document that has come to a status."""
    item, body, _ = FAMILIES[name]
    route = ROUTES.get(status, (status,))
    if name == "bank transactions" and status == "DELETED":
        route = ("AUTHORISED", "DELETED")
    document: Json = engine.good(f"create{item}s", body | {"Status": route[0]})[f"{item}s"][0]
    for each in route[1:]:
        document = move(engine, name, document, each).json[f"{item}s"][0]
    assert document["Status"] == status
    return document


def move(engine: Engine, name: str, document: Json, status: str) -> Any:  # Any: a reply
    """The answer to an update of the status alone."""
    item = FAMILIES[name][0]
    return engine.call(f"update{item}", {"Status": status}, path={f"{item}ID": document[f"{item}ID"]})


@pytest.mark.parametrize("name", FAMILIES)
def test_a_document_begins_with_a_legal_status_alone(engine: Engine, name: str) -> None:
    """Of all statuses a new document takes those of its table; the others are refused in Xero's words."""
    item, body, steps = FAMILIES[name]
    for status in STATUSES[name]:
        reply = engine.call(f"create{item}s", body | {"Status": status})
        assert reply.status == (200 if status in steps[""].split() else 400), (status, reply.body)
        if reply.status == 400:
            assert reply.messages[0].endswith("not of valid status for creation")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_document_takes_legal_steps_alone(engine: Engine, name: str) -> None:
    """From each status each other one is tried: what the table has is done, and nothing else moves."""
    item, _, steps = FAMILIES[name]
    for now in (status for status in steps if status):
        for wanted in STATUSES[name]:
            document = made(engine, name, now)
            reply = move(engine, name, document, wanted)
            assert reply.status == (200 if wanted in steps[now].split() else 400), (now, wanted, reply.body)
            after = engine.good(f"get{item}", path={f"{item}ID": document[f"{item}ID"]})[f"{item}s"][0]
            assert after["Status"] == (wanted if reply.status == 200 else now)
            if reply.status == 400:
                assert reply.messages[0].endswith("not of valid status for modification"), (now, wanted)


@pytest.mark.parametrize("name", ["sales", "bills", "credit notes", "supplier credits"])
def test_what_is_paid_stays_so_until_its_payment_is_gone(engine: Engine, name: str) -> None:
    """PAID comes and goes with payments alone; while one is there, nothing voids the document."""
    item = FAMILIES[name][0]
    document = made(engine, name, "AUTHORISED")
    key = {f"{item}ID": document[f"{item}ID"]}
    sent = {item: key, "Account": {"Code": "090"}, "Amount": 115}
    payment = engine.good("createPayments", sent)["Payments"][0]
    assert engine.good(f"get{item}", path=key)[f"{item}s"][0]["Status"] == "PAID"
    for status in STATUSES[name]:
        assert move(engine, name, document, status).status == (200 if status == "PAID" else 400)
    engine.good("deletePayment", {"Status": "DELETED"}, path={"PaymentID": payment["PaymentID"]})
    assert move(engine, name, document, "VOIDED").json[f"{item}s"][0]["Status"] == "VOIDED"


def test_a_part_payment_keeps_a_document_from_being_voided(engine: Engine) -> None:
    """With a payment on it an approved invoice is not voided, and the refusal says why."""
    document = made(engine, "sales", "AUTHORISED")
    engine.good("createPayments", {"Invoice": document, "Account": {"Code": "090"}, "Amount": 5})
    assert move(engine, "sales", document, "VOIDED").messages == [
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it."
    ]


@pytest.mark.parametrize("status", ["VOIDED", "DELETED"])
def test_the_dead_stay_as_they_are(engine: Engine, status: str) -> None:
    """Nothing of a voided or deleted invoice can be changed, and nothing is due of it."""
    document = made(engine, "sales", status)
    path = {"InvoiceID": document["InvoiceID"]}
    assert document["AmountDue"] == 0
    for fields in ({"Reference": "x"}, {"LineItems": [line(UnitAmount=1)]}, {"Contact": {"Name": "Other"}}):
        assert engine.call("updateInvoice", fields, path=path).messages == [
            "Invoice not of valid status for modification"
        ]
