"""The documents engine's books: manual journals, and the journals that documents post by themselves."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import Engine, line

Json = dict[str, Any]  # Any: tests look into JSON of every shape

MONEY = {"Account": {"Code": "090"}, "Date": "2026-11-05"}


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def manual(**fields: object) -> Json:
    """What a client sends for a posted journal of 100.00 from 400 to 200, unless the fields say otherwise."""
    lines = [
        {"LineAmount": 100, "AccountCode": "400", "Description": "In"},
        {"LineAmount": -100, "AccountCode": "200"},
    ]
    return {"Narration": "Moved", "Date": "2026-11-02", "Status": "POSTED", "JournalLines": lines, **fields}


def post(engine: Engine, **fields: object) -> Json:
    """A new manual journal."""
    found: Json = engine.good("createManualJournals", {"ManualJournals": [manual(**fields)]})["ManualJournals"][0]
    return found


def journals(engine: Engine, **options: Any) -> list[Json]:
    """The first journals of the books."""
    found: list[Json] = engine.good("getJournals", **options)["Journals"]
    return found


def booked(journal: Json) -> dict[str, Decimal]:
    """What a journal books, by account."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in journal["JournalLines"]:
        sums[each["AccountCode"]] += Decimal(each["NetAmount"])
    return dict(sums)


def held(engine: Engine, **options: Any) -> dict[str, Decimal]:
    """What all journals come to, by account, without the accounts at zero."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for journal in journals(engine, **options):
        for code, amount in booked(journal).items():
            sums[code] += amount
    return {code: amount for code, amount in sums.items() if amount}


# ---------------------------------------------------------------------------------------------- manual journals


def test_a_manual_journal_is_kept_posted_and_voided(engine: Engine) -> None:
    """A draft books nothing, a posted journal its lines, a voided one takes them back."""
    made = post(engine, Status="DRAFT")
    assert journals(engine) == []
    path = {"ManualJournalID": made["ManualJournalID"]}
    engine.good("updateManualJournal", {"Status": "POSTED"}, path=path)
    assert held(engine) == {"400": 100, "200": -100}
    engine.good("updateOrCreateManualJournals", {"ManualJournals": [{**path, "Status": "VOIDED"}]})
    assert held(engine) == {}
    assert [each["SourceType"] for each in journals(engine)] == ["MANJOURNAL"] * 2
    assert engine.good("getManualJournal", path=path)["ManualJournals"][0]["Status"] == "VOIDED"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Narration": " "}, "The Narration field is mandatory."),
        ({"JournalLines": manual()["JournalLines"][:1]}, "at least two journal lines"),
        (
            {"JournalLines": [{"LineAmount": 100, "AccountCode": "400"}, {"LineAmount": -90, "AccountCode": "200"}]},
            "The total debits (100.00) must equal total credits (-90.00)",
        ),
        (
            {"JournalLines": [{"LineAmount": 1, "AccountCode": "610"}, {"LineAmount": -1, "AccountCode": "200"}]},
            "Account code '610' is not a valid code for this document.",
        ),
        (
            {"JournalLines": [{"LineAmount": 1, "AccountCode": "x"}, {"LineAmount": -1, "AccountCode": "090"}]},
            "Account code '090'",
        ),
        ({"JournalLines": [{"LineAmount": 1, "TaxType": "NO"}] * 2}, "The TaxType code 'NO' does not exist"),
        ({"Status": "VOIDED"}, "ManualJournal not of valid status for creation"),
    ],
)
def test_a_journal_that_cannot_be_is_refused(engine: Engine, fields: Json, message: str) -> None:
    """Each wrong manual journal is refused with its message."""
    reply = engine.call("createManualJournals", {"ManualJournals": [manual(**fields)]})
    assert reply.status == 400
    assert message in " ".join(reply.messages)


def test_tax_on_journal_lines_is_booked(engine: Engine) -> None:
    """Tax on top of a line, or within it, goes to the tax account, and the journal balances with it."""
    lines = [{"LineAmount": 100, "AccountCode": "400", "TaxType": "INPUT"}, {"LineAmount": -115, "AccountCode": "880"}]
    post(engine, LineAmountTypes="Exclusive", JournalLines=lines)
    assert held(engine) == {"400": 100, "820": 15, "880": -115}
    lines[0]["LineAmount"] = 115
    post(engine, LineAmountTypes="Inclusive", JournalLines=lines)
    assert held(engine) == {"400": 200, "820": 30, "880": -230}


def test_manual_journals_are_searched(engine: Engine) -> None:
    """Manual journals are found by their narration and date; their lines come with a page."""
    post(engine)
    post(engine, Narration="Other")
    found = engine.good("getManualJournals", where='Narration == "Moved" AND Date == DateTime(2026, 11, 02)', page=1)
    assert [len(each["JournalLines"]) for each in found["ManualJournals"]] == [2]
    assert "JournalLines" not in engine.good("getManualJournals")["ManualJournals"][0]


# ------------------------------------------------------------------------------------------------- the journals


def test_an_invoice_books_its_lines_and_its_tax(engine: Engine) -> None:
    """A draft books nothing; approval books receivables, sales and tax; a bill the other way round."""
    invoice = engine.invoice(Date="2026-11-01")
    assert journals(engine) == []
    engine.good("updateInvoice", {"Status": "AUTHORISED"}, path={"InvoiceID": invoice["InvoiceID"]})
    (journal,) = journals(engine)
    assert booked(journal) == {"610": 115, "200": -100, "820": -15}
    assert (journal["SourceType"], journal["SourceID"]) == ("ACCREC", invoice["InvoiceID"])
    sold = next(each for each in journal["JournalLines"] if each["AccountCode"] == "200")
    assert (sold["GrossAmount"], sold["TaxAmount"], sold["TaxType"], sold["Description"]) == (
        -115,
        -15,
        "OUTPUT",
        "Work",
    )
    assert sold["AccountName"] == "Sales"
    engine.invoice(Type="ACCPAY", Status="AUTHORISED", LineItems=[line(AccountCode="400", TaxType="INPUT")])
    assert booked(journals(engine)[1]) == {"800": -115, "400": 100, "820": 15}


def test_inclusive_lines_are_booked_without_their_tax(engine: Engine) -> None:
    """An amount that holds its tax is split into the two."""
    engine.invoice(Status="AUTHORISED", LineAmountTypes="Inclusive", LineItems=[line(UnitAmount="57.50")])
    assert held(engine) == {"610": 115, "200": -100, "820": -15}


def test_a_change_reverses_and_books_anew(engine: Engine) -> None:
    """A journal never changes: an edit or a void adds a reversal, and the numbers grow without a gap."""
    invoice = engine.invoice(Status="AUTHORISED")
    path = {"InvoiceID": invoice["InvoiceID"]}
    engine.good("updateInvoice", {"LineItems": [line(AccountCode="260")]}, path=path)
    assert held(engine) == {"610": 115, "260": -100, "820": -15}
    engine.good("updateInvoice", {"Reference": "the same books"}, path=path)
    engine.good("updateInvoice", {"Status": "VOIDED"}, path=path)
    assert held(engine) == {}
    found = journals(engine)
    assert [each["JournalNumber"] for each in found] == list(range(1, len(found) + 1))
    assert booked(found[1]) == {code: -amount for code, amount in booked(found[0]).items()}


def test_money_moves_in_the_books(engine: Engine) -> None:
    """Payments, bank transactions and transfers book the bank; deletions take it back."""
    invoice = engine.invoice(Status="AUTHORISED")
    sent = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 115, **MONEY}
    payment = engine.good("createPayments", sent)["Payments"][0]
    assert held(engine) == {"090": 115, "200": -100, "820": -15}
    spent = {"Type": "SPEND", "Contact": {"Name": "ABC"}, "BankAccount": {"Code": "090"}}
    engine.good("createBankTransactions", {**spent, "LineItems": [line(AccountCode="400", TaxType="INPUT")]})
    assert held(engine) == {"200": -100, "400": 100}
    both = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 7}
    engine.good("createBankTransfer", {"BankTransfers": [both]})
    assert held(engine) == {"200": -100, "400": 100, "090": -7, "091": 7}
    engine.good("deletePayment", {"Status": "DELETED"}, path={"PaymentID": payment["PaymentID"]})
    assert held(engine)["610"] == 115
    kinds = {each["SourceType"] for each in journals(engine)}
    assert kinds == {"ACCREC", "ACCRECPAYMENT", "CASHPAID", "TRANSFER"}


def test_a_prepayment_waits_on_its_account_until_it_is_allocated(engine: Engine) -> None:
    """A prepayment books the account of its lines; an allocation moves it on to receivables."""
    lines = [line(AccountCode="835", TaxType="NONE")]
    sent = {
        "Type": "RECEIVE-PREPAYMENT",
        "Contact": {"Name": "ABC"},
        "BankAccount": {"Code": "090"},
        "LineItems": lines,
    }
    made = engine.good("createBankTransactions", sent)["BankTransactions"][0]
    assert held(engine) == {"090": 100, "835": -100}
    invoice = engine.invoice(Status="AUTHORISED")
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 40}]}
    engine.good("createPrepaymentAllocations", body, path={"PrepaymentID": made["PrepaymentID"]})
    assert held(engine) == {"090": 100, "835": -60, "610": 75, "200": -100, "820": -15}


def test_a_payment_at_another_rate_books_the_gain(engine: Engine) -> None:
    """An invoice of 115 USD at 0.50, paid at 0.46, is 230.00 receivable, 250.00 in the bank and 20.00 gained."""
    invoice = engine.invoice(Status="AUTHORISED", CurrencyCode="USD", CurrencyRate="0.5")
    assert held(engine) == {"610": 230, "200": -200, "820": -30}
    sent = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 115, "CurrencyRate": "0.46", **MONEY}
    assert engine.good("createPayments", sent)["Payments"][0]["BankAmount"] == 250
    assert held(engine) == {"090": 250, "200": -200, "820": -30, "499": -20}


def test_what_rounding_leaves_goes_to_its_account(engine: Engine) -> None:
    """Lines that round away from their total in the base currency leave a cent on the rounding account."""
    lines = [line(Quantity=1, UnitAmount="0.10", TaxType="NONE") for _ in range(3)]
    engine.invoice(Status="AUTHORISED", CurrencyCode="USD", CurrencyRate="0.6", LineItems=lines)
    assert held(engine) == {"610": Decimal("0.50"), "200": Decimal("-0.51"), "860": Decimal("0.01")}


def test_the_cash_basis_counts_what_was_paid(engine: Engine) -> None:
    """With paymentsOnly an invoice counts as far as it is paid, its lines and its tax in proportion."""
    lines = [line(UnitAmount=30), line(UnitAmount=20, AccountCode="260")]
    invoice = engine.invoice(Status="AUTHORISED", LineItems=lines)
    assert held(engine, paymentsOnly="true") == {}
    engine.good("createPayments", {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 23, **MONEY})
    assert held(engine, paymentsOnly="true") == {"090": 23, "200": -12, "260": -8, "820": -3}
    changed = [line(UnitAmount=30), line(UnitAmount=20, AccountCode="270")]
    engine.good("updateInvoice", {"LineItems": changed}, path={"InvoiceID": invoice["InvoiceID"]})
    assert held(engine, paymentsOnly="true") == {"090": 23, "200": -12, "270": -8, "820": -3}


def test_journals_come_by_the_hundred_after_an_offset() -> None:
    """Journals come oldest first, a hundred at a time after the number given, without a gap to the end."""
    engine = Engine(contacts=10, invoices=200)
    numbers: list[int] = []
    while found := journals(engine, offset=numbers[-1] if numbers else 0):
        assert all(sum(booked(each).values()) == 0 for each in found)
        assert len(found) <= 100
        numbers += [each["JournalNumber"] for each in found]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 200
    assert engine.call("getJournals", offset="x").status == 400


def test_a_journal_by_its_id_and_its_number(engine: Engine) -> None:
    """A journal is found by either name; an unknown one is a 404."""
    engine.invoice(Status="AUTHORISED")
    post(engine)
    second = journals(engine)[1]
    for operation, path in (
        ("getJournal", {"JournalID": second["JournalID"]}),
        ("getJournalByNumber", {"JournalNumber": "2"}),
    ):
        assert engine.good(operation, path=path)["Journals"] == [second]
    for named in ("3", "0", "x", "11111111-2222-4333-8444-555555555555", second["JournalID"][:-8] + "ffffffff"):
        assert engine.call("getJournal", path={"JournalID": named}).status == 404


def test_journals_since_a_moment(engine: Engine) -> None:
    """If-Modified-Since gives the journals made since then, whatever their date."""
    post(engine)
    engine.advance(hours=1)
    post(engine, Date="2020-01-01")
    since = {"If-Modified-Since": "2026-11-21T10:00:00"}
    assert [each["JournalNumber"] for each in journals(engine, headers=since)] == [2]
    assert engine.call("getJournals", headers={"If-Modified-Since": "soon"}).status == 400


def test_a_line_on_an_unknown_account_is_in_suspense(engine: Engine) -> None:
    """A line whose account is not in the chart, or that has none, is booked as suspense, not lost."""
    receipts = [{"LineItems": [line(AccountCode="NOPE")]}, {"LineItems": [line(AccountCode=None)]}]
    sent = {"User": {"UserID": "00000000-0000-4000-8000-000000000001"}, "Receipts": receipts}
    claim = engine.good("createExpenseClaims", sent)["ExpenseClaims"][0]
    engine.good("updateExpenseClaim", {"Status": "AUTHORISED"}, path={"ExpenseClaimID": claim["ExpenseClaimID"]})
    assert held(engine)["850"] == 200


def test_conversion_balances_are_booked(engine: Engine) -> None:
    """The balances with which the books start are dated before the conversion; the rest is historical."""
    balances = [{"AccountCode": "090", "Balance": 500}, {"AccountCode": "970", "Balance": -300}]
    start = {"Month": 4, "Year": 2025}
    engine.good("postSetup", {"ConversionDate": start, "ConversionBalances": balances})
    assert held(engine) == {"090": 500, "970": -300, "840": -200}


def test_an_account_keeps_its_entries_under_another_code(engine: Engine) -> None:
    """When accounts change their codes, a system account too, what was and what will be booked stays with them."""
    engine.invoice(Status="AUTHORISED")
    accounts = {each.get("Code"): each["AccountID"] for each in engine.good("getAccounts")["Accounts"]}
    for old, new in (("610", "R1"), ("200", "S1")):
        engine.good("updateAccount", {"Code": new}, path={"AccountID": accounts[old]})
    assert held(engine) == {"R1": 115, "S1": -100, "820": -15}
    engine.invoice(Status="AUTHORISED", LineItems=[line(AccountCode="S1")] * 2)
    assert held(engine) == {"R1": 345, "S1": -300, "820": -45}


def test_an_allocation_counts_on_the_cash_basis(engine: Engine) -> None:
    """A prepayment that is allocated turns, on the cash basis, into the lines of the invoice it pays."""
    lines = [line(AccountCode="835", TaxType="NONE")]
    money = {"Contact": {"Name": "ABC"}, "BankAccount": {"Code": "090"}, "LineItems": lines}
    made = engine.good("createBankTransactions", {"Type": "RECEIVE-PREPAYMENT", **money})["BankTransactions"][0]
    invoice = engine.invoice(Status="AUTHORISED")
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 23}]}
    engine.good("createPrepaymentAllocations", body, path={"PrepaymentID": made["PrepaymentID"]})
    assert held(engine, paymentsOnly="true") == {"090": 100, "835": -77, "200": -20, "820": -3}
