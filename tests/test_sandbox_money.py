"""The documents engine's money: payments and batches, bank transactions and transfers, prepayments, overpayments."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from facts import OPERATIONS
from sandbox_engine import Engine, line, sale

from xero_async.sandbox.money import HANDLERS

Json = dict[str, Any]  # Any: tests look into JSON of every shape


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def approved(engine: Engine, **fields: object) -> Json:
    """An approved sale of 115.00."""
    found: Json = engine.invoice(Status="AUTHORISED", **fields)
    return found


def pay(engine: Engine, amount: object = 115, **fields: object) -> Json:
    """A payment through the bank account 090."""
    sent = {"Account": {"Code": "090"}, "Amount": amount, "Date": "2026-11-05", **fields}
    found: Json = engine.good("createPayments", {"Payments": [sent]})["Payments"][0]
    return found


def refused(engine: Engine, operation: str, body: object, **options: Any) -> str:
    """The messages of a request that must fail."""
    reply = engine.call(operation, body, **options)
    assert reply.status == 400, reply.body
    return " ".join(reply.messages)


def spend(**fields: object) -> Json:
    """What a client sends for 115.00 spent from account 090, unless the fields say otherwise."""
    return {
        "Type": "SPEND",
        "Contact": {"Name": "ABC"},
        "BankAccount": {"Code": "090"},
        "Date": "2026-11-03",
        "LineItems": [line(AccountCode="400", TaxType="INPUT")],
        **fields,
    }


def transact(engine: Engine, **fields: object) -> Json:
    """A new bank transaction."""
    found: Json = engine.good("createBankTransactions", {"BankTransactions": [spend(**fields)]})["BankTransactions"][0]
    return found


def get(engine: Engine, name: str, item: str, document: Json) -> Json:
    """A document as it is now."""
    found: Json = engine.good(f"get{item}", path={f"{item}ID": document[f"{item}ID"]})[name][0]
    return found


def transfer(engine: Engine, **fields: object) -> Json:
    """A new transfer of 100.00 from 090 to 091."""
    sent = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 100, **fields}
    found: Json = engine.good("createBankTransfer", {"BankTransfers": [sent]})["BankTransfers"][0]
    return found


def test_every_operation_on_money_is_served() -> None:
    """Each operation under the paths of money has a handler."""
    paths = r"/(Bank|Batch|Pre|Over)?(Transactions|Transfers|[Pp]ayments)\b|/(Manual)?Journals\b|/Reports\b"
    wanted = {name for name, operation in OPERATIONS.items() if re.match(paths, operation.path)}
    assert len(wanted) > 70
    assert wanted == set(HANDLERS)


# ------------------------------------------------------------------------------------------------------ payments


def test_a_payment_changes_what_it_pays_and_gives_it_back(engine: Engine) -> None:
    """Amounts and status of an invoice follow its payments, and a deleted payment gives all of it back."""
    invoice = approved(engine)
    first = pay(engine, 15, Invoice={"InvoiceID": invoice["InvoiceID"]}, Reference="one")
    now = engine.get_invoice(invoice["InvoiceID"])
    assert (now["AmountPaid"], now["AmountDue"], now["Status"]) == (15, 100, "AUTHORISED")
    second = pay(engine, "100.00", InvoiceNumber=invoice["InvoiceNumber"])
    now = engine.get_invoice(invoice["InvoiceID"])
    assert (now["AmountPaid"], now["AmountDue"], now["Status"]) == (115, 0, "PAID")
    assert [each["PaymentID"] for each in now["Payments"]] == [first["PaymentID"], second["PaymentID"]]
    assert second["PaymentType"] == "ACCRECPAYMENT"
    assert second["Account"]["Code"] == "090"
    assert second["Invoice"]["InvoiceNumber"] == invoice["InvoiceNumber"]
    gone = engine.good("deletePayment", {"Status": "DELETED"}, path={"PaymentID": first["PaymentID"]})["Payments"][0]
    assert (gone["Status"], gone["Amount"]) == ("DELETED", 15)
    now = engine.get_invoice(invoice["InvoiceID"])
    assert (now["AmountPaid"], now["AmountDue"], now["Status"]) == (100, 15, "AUTHORISED")
    assert [each["PaymentID"] for each in now["Payments"]] == [second["PaymentID"]]


def test_a_document_is_fully_paid_on_the_day_of_its_last_payment(engine: Engine) -> None:
    """Neither the day on which a payment is made known nor the order of payments tells when a document was paid."""
    invoice = approved(engine)
    for amount, day in ((100, "2026-10-09"), (15, "2026-10-02")):
        pay(engine, amount, Invoice={"InvoiceID": invoice["InvoiceID"]}, Date=day)
    paid = get(engine, "Invoices", "Invoice", invoice)
    assert (paid["Status"], paid["FullyPaidOnDate"]) == ("PAID", "/Date(1791504000000+0000)/")


def test_a_deleted_payment_stays_deleted(engine: Engine) -> None:
    """A second deletion is refused and gives nothing back twice; nothing but the status may change."""
    invoice = approved(engine)
    payment = pay(engine, 15, Invoice={"InvoiceID": invoice["InvoiceID"]})
    path = {"PaymentID": payment["PaymentID"]}
    assert "only be changed" in refused(engine, "deletePayment", {"Amount": 10}, path=path)
    engine.good("deletePayment", {"Payments": [{"Status": "DELETED"}]}, path=path)
    assert "not of valid status" in refused(engine, "deletePayment", {"Status": "DELETED"}, path=path)
    assert engine.get_invoice(invoice["InvoiceID"])["AmountDue"] == 115


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Amount": "115.01"}, "Payment amount exceeds the amount outstanding on this document"),
        ({"Amount": 0}, "The payment amount must be greater than zero."),
        ({"Amount": -1}, "The payment amount must be greater than zero."),
        ({"Account": {"Code": "999"}}, "Account could not be found"),
        ({"Account": {"Code": "200"}}, "not a valid account for payments"),
        ({"Invoice": {"InvoiceID": "11111111-2222-4333-8444-555555555555"}}, "could not be found"),
        ({"Invoice": None, "InvoiceNumber": "INV-9999"}, "Invoice could not be found."),
        ({"Invoice": None}, "must be against"),
        ({"CurrencyRate": 0, "Invoice": {"InvoiceNumber": "USD-1"}}, "CurrencyRate must be greater than zero."),
    ],
)
def test_a_payment_that_cannot_be_is_refused(engine: Engine, fields: Json, message: str) -> None:
    """Each wrong payment is refused with its message and leaves the invoice alone."""
    invoice = approved(engine)
    approved(engine, CurrencyCode="USD", InvoiceNumber="USD-1")
    sent = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 15} | fields
    assert message in refused(engine, "createPayments", {"Payments": [sent]})
    assert engine.get_invoice(invoice["InvoiceID"])["AmountDue"] == 115
    assert engine.good("getPayments")["Payments"] == []


def test_only_approved_documents_are_paid(engine: Engine) -> None:
    """A draft takes no payment."""
    draft = engine.invoice()
    sent = {"Invoice": {"InvoiceID": draft["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 15}
    assert refused(engine, "createPayment", sent) == "Payments can only be made against Authorised documents"


def test_a_paid_invoice_cannot_be_voided(engine: Engine) -> None:
    """What has a payment is voided only after the payment is gone."""
    invoice = approved(engine)
    path = {"InvoiceID": invoice["InvoiceID"]}
    payment = pay(engine, 15, Invoice=path)
    words = refused(engine, "updateInvoice", {"Status": "VOIDED"}, path=path)
    assert "The status VOIDED cannot be applied to the invoice" in words
    engine.good("deletePayment", {"Status": "DELETED"}, path={"PaymentID": payment["PaymentID"]})
    assert engine.good("updateInvoice", {"Status": "VOIDED"}, path=path)["Invoices"][0]["Status"] == "VOIDED"


def test_a_credit_note_is_refunded(engine: Engine) -> None:
    """A payment against a credit note uses up its credit."""
    note = sale(Type="ACCRECCREDIT", Status="AUTHORISED")
    note = engine.good("createCreditNotes", {"CreditNotes": [note]})["CreditNotes"][0]
    payment = pay(engine, 115, CreditNoteNumber=note["CreditNoteNumber"])
    assert payment["PaymentType"] == "ARCREDITPAYMENT"
    now = get(engine, "CreditNotes", "CreditNote", note)
    assert (now["RemainingCredit"], now["Status"]) == (0, "PAID")


def test_payments_are_searched(engine: Engine) -> None:
    """Payments are found by their invoice, their status and their date, in pages."""
    one, two = approved(engine), approved(engine)
    wanted = pay(engine, 15, Invoice={"InvoiceID": one["InvoiceID"]})
    pay(engine, 15, Invoice={"InvoiceID": two["InvoiceID"]}, Date="2026-12-01")
    for where in (
        f'Invoice.InvoiceID == Guid("{one["InvoiceID"]}")',
        'Status == "AUTHORISED" AND Date < DateTime(2026, 12, 1)',
    ):
        found = engine.good("getPayments", where=where, page=1)
        assert [each["PaymentID"] for each in found["Payments"]] == [wanted["PaymentID"]]
        assert found["pagination"]["itemCount"] == 1


def test_a_batch_of_payments_saves_the_good_ones(engine: Engine) -> None:
    """Of several payments the good ones are saved, and two that together pay too much are one good, one bad."""
    invoice = approved(engine)
    sent = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 60}
    found = engine.good("createPayments", {"Payments": [sent, sent]}, summarizeErrors="false")["Payments"]
    assert [each["StatusAttributeString"] for each in found] == ["OK", "ERROR"]
    assert engine.get_invoice(invoice["InvoiceID"])["AmountDue"] == 55


# ------------------------------------------------------------------------------------------------ batch payments


def batch(engine: Engine, *invoices: Json, **fields: object) -> Json:
    """A batch that pays invoices."""
    payments = [{"Invoice": {"InvoiceID": each["InvoiceID"]}, "Amount": each["AmountDue"]} for each in invoices]
    sent = {"Account": {"Code": "090"}, "Date": "2026-11-06", "Reference": "Run 1", "Payments": payments, **fields}
    found: Json = engine.good("createBatchPayment", {"BatchPayments": [sent]})["BatchPayments"][0]
    return found


def bill(engine: Engine) -> Json:
    """An approved bill of 115.00."""
    return approved(engine, Type="ACCPAY", LineItems=[line(AccountCode="400", TaxType="INPUT")])


@pytest.mark.parametrize("operation", ["deleteBatchPayment", "deleteBatchPaymentByUrlParam"])
def test_a_batch_pays_all_and_its_deletion_gives_all_back(engine: Engine, operation: str) -> None:
    """A batch makes one payment for each of its bills; deleting it, either way, deletes them."""
    bills = [bill(engine), bill(engine)]
    made = batch(engine, *bills)
    assert (made["Type"], made["TotalAmount"], made["Status"]) == ("PAYBATCH", 230, "AUTHORISED")
    assert {engine.get_invoice(each["InvoiceID"])["Status"] for each in bills} == {"PAID"}
    payments = engine.good("getPayments", page=1)["Payments"]
    assert {each["BatchPayment"]["BatchPaymentID"] for each in payments} == {made["BatchPaymentID"]}
    alone = {"PaymentID": payments[0]["PaymentID"]}
    assert "part of a batch" in refused(engine, "deletePayment", {"Status": "DELETED"}, path=alone)
    named = {"BatchPaymentID": made["BatchPaymentID"]}
    sent = {**named, "Status": "DELETED"} if operation == "deleteBatchPayment" else {"Status": "DELETED"}
    engine.good(operation, sent, path=named)
    assert get(engine, "BatchPayments", "BatchPayment", made)["Status"] == "DELETED"
    assert {engine.get_invoice(each["InvoiceID"])["AmountDue"] for each in bills} == {Decimal(115)}
    assert {each["Status"] for each in engine.good("getPayments", page=1)["Payments"]} == {"DELETED"}
    assert "not of valid status" in refused(engine, operation, sent, path=named)


def test_a_batch_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    """A batch with one payment too high, with sales and bills, or with none, changes nothing at all."""
    one, two = bill(engine), approved(engine)
    over = one | {"AmountDue": 500}
    for payments, message in (
        ([one, over], "exceeds the amount"),
        ([one, two], "of the same type"),
        ([], "at least one"),
    ):
        listed = [{"Invoice": {"InvoiceID": each["InvoiceID"]}, "Amount": each["AmountDue"]} for each in payments]
        sent = {"Account": {"Code": "090"}, "Payments": listed}
        assert message in refused(engine, "createBatchPayment", {"BatchPayments": [sent]})
    assert engine.get_invoice(one["InvoiceID"])["AmountDue"] == 115
    assert engine.good("getPayments")["Payments"] == engine.good("getBatchPayments")["BatchPayments"] == []
    assert "must be specified" in refused(engine, "deleteBatchPayment", {"Status": "DELETED"})


# --------------------------------------------------------------------------------------------- bank transactions


def test_a_bank_transaction_is_made_changed_and_deleted(engine: Engine) -> None:
    """Money spent has totals and tax, its lines may change, and it is deleted by its status."""
    made = transact(engine, Reference="Adverts")
    assert (made["SubTotal"], made["TotalTax"], made["Total"], made["Status"]) == (100, 15, 115, "AUTHORISED")
    assert made["BankAccount"]["Name"] == "Business Bank Account"
    path = {"BankTransactionID": made["BankTransactionID"]}
    lines = [line(AccountCode="400", TaxType="NONE", UnitAmount=20)]
    now = engine.good("updateBankTransaction", {"LineItems": lines}, path=path)["BankTransactions"][0]
    assert (now["Total"], now["Reference"], len(now["LineItems"])) == (40, "Adverts", 1)
    now = engine.good("updateOrCreateBankTransactions", {**path, "Status": "DELETED"})["BankTransactions"][0]
    assert now["Status"] == "DELETED"
    assert "not of valid status" in refused(engine, "updateBankTransaction", {"Status": "AUTHORISED"}, path=path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Type": None}, "type must be specified"),
        ({"BankAccount": None}, "BankAccount could not be found"),
        ({"BankAccount": {"Code": "200"}}, "is not an active bank account"),
        ({"Contact": None}, "A Contact must be specified"),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"LineItems": [line(AccountCode="998")]}, "Account code '998' is not a valid code for this document."),
        ({"LineItems": [line(AccountCode=None)]}, "Account code or ID must be specified"),
        ({"LineItems": [line(UnitAmount=-5)]}, "must not be negative"),
        ({"Type": "SPEND-TRANSFER"}, "BankTransfers endpoint"),
        ({"Status": "DELETED"}, "not of valid status for creation"),
        ({"CurrencyCode": "ZZZ"}, "not subscribed to currency ZZZ"),
    ],
)
def test_a_bank_transaction_that_cannot_be_is_refused(engine: Engine, fields: Json, message: str) -> None:
    """Each wrong bank transaction is refused with its message."""
    assert message in refused(engine, "createBankTransactions", {"BankTransactions": [spend(**fields)]})


def test_a_reconciled_transaction_is_not_deleted(engine: Engine) -> None:
    """What is reconciled stays."""
    made = transact(engine, IsReconciled=True)
    path = {"BankTransactionID": made["BankTransactionID"]}
    assert "reconciled" in refused(engine, "updateBankTransaction", {"Status": "DELETED"}, path=path)


def test_bank_transactions_come_in_summary_without_a_page(engine: Engine) -> None:
    """Without a page there are no lines, with one there are."""
    transact(engine)
    assert not engine.good("getBankTransactions")["BankTransactions"][0].get("LineItems")
    found = engine.good("getBankTransactions", page=1, where='BankAccount.Code == "090" AND Type == "SPEND"')
    assert len(found["BankTransactions"][0]["LineItems"]) == 1


# ------------------------------------------------------------------------------------ prepayments, overpayments

CREDITS = [("Prepayment", "RECEIVE"), ("Prepayment", "SPEND"), ("Overpayment", "RECEIVE"), ("Overpayment", "SPEND")]


def credit_of(engine: Engine, item: str, way: str) -> Json:
    """The prepayment or overpayment of 100.00 that a bank transaction has made."""
    lines = [line(AccountCode="620", TaxType="NONE")]
    made = transact(engine, Type=f"{way}-{item.upper()}", LineItems=lines)
    return get(engine, f"{item}s", item, made)


@pytest.mark.parametrize(("item", "way"), CREDITS)
def test_a_credit_is_allocated_and_taken_back(engine: Engine, item: str, way: str) -> None:
    """An allocation moves money from a prepayment or overpayment to an invoice; its deletion moves it back."""
    credit = credit_of(engine, item, way)
    assert (credit["RemainingCredit"], credit["Status"]) == (100, "AUTHORISED")
    assert len(engine.good(f"get{item}s", page=1)[f"{item}s"]) == 1
    invoice = approved(engine) if way == "RECEIVE" else bill(engine)
    path = {f"{item}ID": credit[f"{item}ID"]}
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 100, "Date": "2026-11-10"}]}
    allocation = engine.good(f"create{item}Allocations", body, path=path)["Allocations"][0]
    now = engine.get_invoice(invoice["InvoiceID"])
    assert (now["AmountDue"], now["AmountCredited"]) == (15, 100)
    assert [each[f"{item}ID"] for each in now[f"{item}s"]] == [credit[f"{item}ID"]]
    now = get(engine, f"{item}s", item, credit)
    assert (now["RemainingCredit"], now["Status"]) == (0, "PAID")
    assert refused(engine, f"create{item}Allocations", body, path=path)
    path["AllocationID"] = allocation["AllocationID"]
    assert engine.good(f"delete{item}Allocations", path=path)["IsDeleted"] is True
    assert engine.get_invoice(invoice["InvoiceID"])["AmountDue"] == 115
    assert get(engine, f"{item}s", item, credit)["RemainingCredit"] == 100
    assert engine.call(f"delete{item}Allocations", path=path).status == 404


@pytest.mark.parametrize(("item", "way"), CREDITS)
def test_a_credit_goes_to_its_own_contact_and_side_alone(engine: Engine, item: str, way: str) -> None:
    """An invoice of another contact, or of the other side, gets nothing."""
    credit = credit_of(engine, item, way)
    own, other = (approved, bill) if way == "RECEIVE" else (bill, approved)
    for invoice, message in (
        (own(engine) | approved(engine, Type=own(engine)["Type"], Contact={"Name": "Other"}), "the same contact"),
        (other(engine), "of the same kind"),
    ):
        body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 1}]}
        path = {f"{item}ID": credit[f"{item}ID"]}
        assert message in refused(engine, f"create{item}Allocations", body, path=path)


@pytest.mark.parametrize(("item", "way"), CREDITS)
def test_a_credit_is_paid_back(engine: Engine, item: str, way: str) -> None:
    """A payment against a prepayment or overpayment uses up its credit, and keeps its transaction from deletion."""
    credit = credit_of(engine, item, way)
    payment = pay(engine, 40, **{item: {f"{item}ID": credit[f"{item}ID"]}})
    assert payment["PaymentType"] == f"{'AR' if way == 'RECEIVE' else 'AP'}{item.upper()}PAYMENT"
    assert get(engine, f"{item}s", item, credit)["RemainingCredit"] == 60
    made = engine.good("getBankTransactions", page=1)["BankTransactions"][0]
    path = {"BankTransactionID": made["BankTransactionID"]}
    assert "cannot be edited" in refused(engine, "updateBankTransaction", {"Status": "DELETED"}, path=path)
    engine.good("deletePayment", {"Status": "DELETED"}, path={"PaymentID": payment["PaymentID"]})
    engine.good("updateBankTransaction", {"Status": "DELETED"}, path=path)
    assert get(engine, f"{item}s", item, credit)["Status"] == "VOIDED"


def test_an_overpayment_stands_on_the_control_account(engine: Engine) -> None:
    """Whatever account and tax are sent, an overpayment's lines are on accounts receivable, untaxed."""
    made = transact(engine, Type="RECEIVE-OVERPAYMENT", LineItems=[line()])
    assert (made["LineItems"][0]["AccountCode"], made["Total"], made["TotalTax"]) == ("610", 100, 0)


def test_a_prepayment_follows_its_transaction(engine: Engine) -> None:
    """A change of the bank transaction shows in the prepayment that it made."""
    made = transact(engine, Type="RECEIVE-PREPAYMENT", LineItems=[line(AccountCode="835", TaxType="NONE")])
    lines = [line(AccountCode="835", TaxType="NONE", UnitAmount=75)]
    engine.good("updateBankTransaction", {"LineItems": lines}, path={"BankTransactionID": made["BankTransactionID"]})
    now = get(engine, "Prepayments", "Prepayment", made)
    assert (now["Total"], now["RemainingCredit"]) == (150, 150)


# ---------------------------------------------------------------------------------------------------- transfers


@pytest.mark.parametrize("operation", ["deleteBankTransfer", "deleteBankTransfers"])
def test_a_transfer_makes_two_transactions_and_deletes_them(engine: Engine, operation: str) -> None:
    """A transfer shows as spent here and received there; deleting it, either way, deletes both."""
    made = transfer(engine, Date="2026-11-02", Reference="Savings")
    ids = {made["FromBankTransactionID"]: "SPEND-TRANSFER", made["ToBankTransactionID"]: "RECEIVE-TRANSFER"}
    sides = engine.good("getBankTransactions", page=1)["BankTransactions"]
    assert {each["BankTransactionID"]: each["Type"] for each in sides} == ids
    named = {"BankTransferID": made["BankTransferID"]}
    sent = {"BankTransfers": [{**named, "Status": "DELETED"}]}
    engine.good(operation, sent if operation.endswith("s") else {"Status": "DELETED"}, path=named)
    assert engine.good("getBankTransfers")["BankTransfers"] == []
    kept = engine.good("getBankTransfers", includeDeleted="True")["BankTransfers"]
    assert [each["Status"] for each in kept] == ["DELETED"]
    sides = engine.good("getBankTransactions", page=1)["BankTransactions"]
    assert {each["Status"] for each in sides} == {"DELETED"}
    assert "not of valid status" in refused(engine, operation, sent, path=named)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ToBankAccount": {"Code": "090"}}, "must be different accounts"),
        ({"ToBankAccount": {"Code": "200"}}, "is not an active bank account"),
        ({"FromBankAccount": None}, "FromBankAccount could not be found"),
        ({"Amount": 0}, "must be greater than zero"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(engine: Engine, fields: Json, message: str) -> None:
    """Each wrong transfer is refused with its message, and leaves no transaction behind."""
    sent = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 100} | fields
    assert message in refused(engine, "createBankTransfer", {"BankTransfers": [sent]})
    assert engine.good("getBankTransactions")["BankTransactions"] == []


# ---------------------------------------------------------------------------------------------- what hangs on it


def test_files_and_history_hang_on_all_of_it() -> None:
    """Each kind of document has a history, and each that takes files gives back the bytes it was given."""
    engine = Engine(contacts=20, invoices=150)
    histories = {name for name in HANDLERS if name.startswith("get") and name.endswith("History")}
    assert len(histories) == 7
    for name in histories:
        item = name.removeprefix("get").removesuffix("History").removesuffix("s")
        document = engine.good(f"get{item}s")[f"{item}s"][0]
        path = {f"{item}ID": document[f"{item}ID"]}
        noting = next(each for each in HANDLERS if each.startswith(f"create{item}History"))
        engine.good(noting, {"HistoryRecords": [{"Details": "Seen"}]}, path=path)
        assert engine.good(name, path=path)["HistoryRecords"][0]["Details"] == "Seen"
        if f"get{item}Attachments" in HANDLERS:
            file = path | {"FileName": "é.txt"}
            engine.good(f"create{item}AttachmentByFileName", b"bytes", path=file, content_type="text/plain")
            assert engine.call(f"get{item}AttachmentByFileName", path=file).body == b"bytes"
            assert len(engine.good(f"get{item}Attachments", path=path)["Attachments"]) == 1
