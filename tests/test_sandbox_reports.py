"""The documents engine's reports: computed from the documents, in Xero's shape, and always in balance."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_engine import TENANT, Engine, line, sale

Json = dict[str, Any]  # Any: tests look into JSON of every shape


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def report(engine: Engine, name: str, **query: Any) -> Json:
    """A report."""
    found: list[Json] = engine.good(f"getReport{name}", **query)["Reports"]
    assert len(found) == 1
    return found[0]


def rows_of(found: Json) -> list[tuple[str, list[str]]]:
    """The rows of all sections: their first cell, and the others."""
    cells = [
        [cell["Value"] for cell in row["Cells"]]
        for section in found["Rows"]
        if section["RowType"] == "Section"
        for row in section["Rows"]
    ]
    return [(first, rest) for first, *rest in cells]


def values(found: Json, column: int = 0) -> dict[str, Any]:  # Any: amounts, compared with whole numbers
    """One column of a report, by the first cell of its rows."""
    return {first: Decimal(rest[column] or 0) for first, rest in rows_of(found)}


def pay(engine: Engine, invoice: Json, amount: object, day: str = "2026-11-10") -> Json:
    """A payment of an invoice through account 090."""
    sent = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": amount, "Date": day}
    found: Json = engine.good("createPayments", sent)["Payments"][0]
    return found


def bill(engine: Engine, **fields: object) -> Json:
    """An approved bill of 23.00."""
    lines = [line(AccountCode="400", TaxType="INPUT", UnitAmount=10)]
    found: Json = engine.invoice(Type="ACCPAY", Status="AUTHORISED", LineItems=lines, **fields)
    return found


# ------------------------------------------------------------------------------------------ the three statements


def test_the_trial_balance(engine: Engine) -> None:
    """Debits and credits of the month and of the year, by class of account, with their sums."""
    pay(engine, engine.invoice(Status="AUTHORISED", Date="2026-10-05"), 15)
    bill(engine, Date="2026-11-02")
    found = report(engine, "TrialBalance", date="2026-11-30")
    assert found["ReportTitles"] == ["Trial Balance", "Demo Company", "As at 30 November 2026"]
    assert [cell["Value"] for cell in found["Rows"][0]["Cells"]] == [
        "Account",
        "Debit",
        "Credit",
        "YTD Debit",
        "YTD Credit",
    ]
    assert [section["Title"] for section in found["Rows"][1:]] == ["Revenue", "Expenses", "Assets", "Liabilities", ""]
    assert dict(rows_of(found)) == {
        "Sales (200)": ["", "", "", "100.00"],
        "Advertising (400)": ["20.00", "", "20.00", ""],
        "Business Bank Account (090)": ["15.00", "", "15.00", ""],
        "Accounts Receivable (610)": ["", "15.00", "100.00", ""],
        "Accounts Payable (800)": ["", "23.00", "", "23.00"],
        "GST (820)": ["3.00", "", "", "12.00"],
        "Total": ["38.00", "38.00", "135.00", "135.00"],
    }
    account = next(each for each in engine.good("getAccounts")["Accounts"] if each.get("Code") == "200")
    assert found["Rows"][1]["Rows"][0]["Cells"][0]["Attributes"] == [{"Id": "account", "Value": account["AccountID"]}]


def test_profits_of_earlier_years_are_retained(engine: Engine) -> None:
    """After the end of the financial year (31 March) a profit is in the retained earnings."""
    engine.invoice(Status="AUTHORISED", Date="2026-03-31")
    engine.invoice(Status="AUTHORISED", Date="2026-04-01")
    before, after = (values(report(engine, "BalanceSheet", date=day)) for day in ("2026-03-31", "2026-04-30"))
    assert (before["Current Year Earnings"], before.get("Retained Earnings")) == (100, None)
    assert (after["Current Year Earnings"], after["Retained Earnings"], after["Total Equity"]) == (100, 100, 200)
    trial = values(report(engine, "TrialBalance", date="2026-04-30"), 3)
    assert (trial["Sales (200)"], trial["Retained Earnings (960)"]) == (100, 100)


def test_profit_and_loss_by_month(engine: Engine) -> None:
    """Income, costs and profit of a month beside the months before it."""
    engine.invoice(Status="AUTHORISED", Date="2026-11-30")
    engine.invoice(Status="AUTHORISED", Date="2026-10-31", LineItems=[line(), line(AccountCode="270")])
    engine.invoice(Status="AUTHORISED", Date="2026-09-30", LineItems=[line(AccountCode="310", UnitAmount=-5), line()])
    bill(engine, Date="2026-10-01")
    found = report(engine, "ProfitAndLoss", fromDate="2026-11-01", toDate="2026-11-30", periods=2, timeframe="MONTH")
    assert [cell["Value"] for cell in found["Rows"][0]["Cells"]] == ["", "30 Nov 26", "31 Oct 26", "30 Sep 26"]
    assert dict(rows_of(found)) == {
        "Sales": ["100.00", "100.00", "100.00"],
        "Total Income": ["100.00", "100.00", "100.00"],
        "Cost of Goods Sold": ["0.00", "0.00", "10.00"],
        "Total Cost of Sales": ["0.00", "0.00", "10.00"],
        "Gross Profit": ["100.00", "100.00", "90.00"],
        "Interest Income": ["0.00", "100.00", "0.00"],
        "Total Other Income": ["0.00", "100.00", "0.00"],
        "Advertising": ["0.00", "20.00", "0.00"],
        "Total Operating Expenses": ["0.00", "20.00", "0.00"],
        "Net Profit": ["100.00", "180.00", "90.00"],
    }


def test_cash_and_accrual_differ_by_what_is_open(engine: Engine) -> None:
    """With paymentsOnly the profit counts what was paid, and the balance sheet still balances."""
    pay(engine, engine.invoice(Status="AUTHORISED", Date="2026-11-01"), 23)
    month = {"fromDate": "2026-11-01", "toDate": "2026-11-30"}
    assert values(report(engine, "ProfitAndLoss", **month))["Net Profit"] == 100
    assert values(report(engine, "ProfitAndLoss", **month, paymentsOnly="true"))["Net Profit"] == 20
    sheet = values(report(engine, "BalanceSheet", date="2026-11-30", paymentsOnly="true"))
    assert (sheet["Net Assets"], sheet["Total Equity"], sheet["GST"]) == (20, 20, 3)


def test_the_profit_of_a_tracking_option(engine: Engine) -> None:
    """A tracking option narrows the profit and loss to the lines that carry it."""
    option = "11111111-2222-4333-8444-555555555555"
    tracked = line(Tracking=[{"TrackingOptionID": option, "Name": "Region", "Option": "North"}])
    engine.invoice(Status="AUTHORISED", Date="2026-11-01", LineItems=[line(), tracked])
    month = {"fromDate": "2026-11-01", "toDate": "2026-11-30"}
    assert values(report(engine, "ProfitAndLoss", **month))["Net Profit"] == 200
    assert values(report(engine, "ProfitAndLoss", **month, trackingOptionID=option))["Net Profit"] == 100
    assert engine.call("getReportProfitAndLoss", trackingOptionID="x").status == 400


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("ProfitAndLoss", {"fromDate": "2026-02-01", "toDate": "2026-01-01"}),
        ("ProfitAndLoss", {"periods": "twelve"}),
        ("ProfitAndLoss", {"timeframe": "WEEK"}),
        ("BalanceSheet", {"periods": 12}),
        ("BalanceSheet", {"date": "yesterday"}),
        ("AgedPayablesByContact", {}),
        ("TenNinetyNine", {"reportYear": "last"}),
    ],
)
def test_what_cannot_be_reported_is_refused(
    engine: Engine, name: str, query: dict[str, Any]
) -> None:  # Any: a keyword of each type
    """A report that is asked for in a wrong way is a 400."""
    assert engine.call(f"getReport{name}", **query).status == 400


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2024-02-29"])
@pytest.mark.parametrize("name", ["TrialBalance", "BalanceSheet", "ProfitAndLoss", "ExecutiveSummary", "BudgetSummary"])
def test_the_ends_of_time_are_reported_on(engine: Engine, name: str, day: str) -> None:
    """The first and the last day that a date can be give a report as any other does."""
    report(engine, name, date=day, fromDate=day, toDate=day, periods=11, timeframe="YEAR")


# ---------------------------------------------------------------------------------------------- the other reports


def test_the_bank_summary(engine: Engine) -> None:
    """Each bank account opens, receives, spends and closes."""
    pay(engine, engine.invoice(Status="AUTHORISED"), 15, "2026-10-31")
    pay(engine, engine.invoice(Status="AUTHORISED"), 20, "2026-11-01")
    pay(engine, bill(engine), 3, "2026-11-30")
    found = report(engine, "BankSummary", fromDate="2026-11-01", toDate="2026-11-30")
    assert dict(rows_of(found))["Business Bank Account"] == ["15.00", "20.00", "3.00", "32.00"]
    assert dict(rows_of(found))["Total"] == ["15.00", "20.00", "3.00", "32.00"]


def test_what_a_contact_owes(engine: Engine) -> None:
    """The aged report lists what was open at a day: later payments do not count, paid invoices are gone."""
    one = engine.invoice(Status="AUTHORISED", Date="2026-10-01", DueDate="2026-10-20")
    pay(engine, one, 15, "2026-10-15")
    pay(engine, one, 20, "2026-11-15")
    two = engine.invoice(Status="AUTHORISED", Date="2026-10-02", DueDate="2026-12-20")
    pay(engine, two, 115, "2026-10-03")
    note = engine.good("createCreditNotes", sale(Type="ACCRECCREDIT", Status="AUTHORISED", Date="2026-10-05"))
    assert note["CreditNotes"][0]["RemainingCredit"] == 115
    contact = one["Contact"]["ContactID"]
    found = report(engine, "AgedReceivablesByContact", contactId=contact, date="2026-10-31")
    assert found["ReportTitles"][1] == "ABC"
    assert [rest[3:] for _, rest in rows_of(found)] == [
        ["115.00", "15.00", "0.00", "100.00"],
        ["-115.00", "0.00", "0.00", "-115.00"],
        ["0.00", "15.00", "0.00", "-15.00"],
    ]
    assert rows_of(found)[0][1][:3] == [one["InvoiceNumber"], "2026-10-20T00:00:00", "11 days overdue"]
    later = report(engine, "AgedReceivablesByContact", contactId=contact, date="2026-11-30", toDate="2026-10-01")
    assert [rest[-1] for _, rest in rows_of(later)] == ["80.00", "80.00"]
    assert len(rows_of(report(engine, "AgedPayablesByContact", contactId=contact))) == 1
    unknown = "11111111-2222-4333-8444-555555555555"
    assert engine.call("getReportAgedPayablesByContact", contactId=unknown).status == 404


def test_the_executive_summary(engine: Engine) -> None:
    """Cash, profit and position of a month beside the month before."""
    pay(engine, engine.invoice(Status="AUTHORISED", Date="2026-11-01"), 15)
    engine.invoice(Status="AUTHORISED", Date="2026-10-01", LineItems=[line(UnitAmount=25)])
    found = dict(rows_of(report(engine, "ExecutiveSummary", date="2026-11-21")))
    assert found["Cash received"] == ["15.00", "0.00", "0.0%"]
    assert found["Income"] == ["100.00", "50.00", "100.0%"]
    assert found["Number of invoices issued"] == ["1", "1", "0.0%"]
    assert found["Debtors"] == ["157.50", "57.50", "173.9%"]


def test_the_budget_summary() -> None:
    """The overall budget stands by month, with its profit."""
    engine = Engine(contacts=5, invoices=10)
    found = report(engine, "BudgetSummary", date="2025-07-01", periods=3)
    assert len(found["Rows"][0]["Cells"]) == 4
    assert "Net Profit" in dict(rows_of(found))


def test_contractors_of_a_year(engine: Engine) -> None:
    """A supplier with a tax number that was paid 600 or more is on the 1099; others are not."""
    for name, number, amount in (("Big", "12-345", 600), ("Small", "12-346", 599), ("Unknown", None, 900)):
        contact = engine.contact(Name=name, TaxNumber=number)
        lines = [line(Quantity=1, UnitAmount=amount, TaxType="NONE", AccountCode="400")]
        owed = engine.invoice(Type="ACCPAY", Status="AUTHORISED", Contact=contact, LineItems=lines)
        pay(engine, owed, amount, "2026-05-05")
    contacts = report(engine, "TenNinetyNine", reportYear=2026)["Contacts"]
    assert [(each["Name"], each["Box1"]) for each in contacts] == [("Big", 600)]
    assert report(engine, "TenNinetyNine", reportYear=2025)["Contacts"] == []


def test_the_list_and_its_ids(engine: Engine) -> None:
    """Each listed report is fetched by its id, and says the same as by its name."""
    listed = engine.good("getReportsList")["Reports"]
    assert len(listed) == 6
    for each in listed:
        by_id = engine.good("getReportFromId", path={"ReportID": each["ReportID"]})["Reports"][0]
        assert by_id["Rows"] == report(engine, each["ReportType"])["Rows"]
        assert by_id["ReportID"] == each["ReportID"]
    assert engine.call("getReportFromId", path={"ReportID": "x"}).status == 404


# ---------------------------------------------------------------------------------------------------- in balance

DAYS = st.integers(0, 500).map(lambda back: (date(2026, 11, 20) - timedelta(days=back)).isoformat())
AMOUNTS = st.decimals("0.01", "9999.99", places=2)
ACCOUNTS = st.sampled_from(["200", "260", "270", "310", "400", "710", "835", "960", "NOPE"])
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "Description": st.just("x"),
            "Quantity": st.sampled_from([1, 2, "0.5"]),
            "UnitAmount": AMOUNTS,
            "AccountCode": ACCOUNTS,
            "TaxType": st.sampled_from(["OUTPUT", "INPUT", "NONE", "OUTPUT2"]),
        }
    ),
    min_size=1,
    max_size=4,
)
COMMON = {"Contact": st.just({"Name": "ABC"}), "Date": DAYS, "LineItems": LINES}
TYPES = {"LineAmountTypes": st.sampled_from(["Exclusive", "Inclusive", "NoTax"])}
MONEYS = st.sampled_from([{}, {"CurrencyCode": "USD", "CurrencyRate": "0.61"}, {"CurrencyCode": "JPY"}])


def documents(operation: str, kinds: list[str], **more: Any) -> Any:
    """Bodies of documents of some kinds, for an operation that creates them."""
    fields = st.fixed_dictionaries({"Type": st.sampled_from(kinds), **COMMON, **TYPES, **more})
    return st.tuples(st.just(operation), fields)


STEPS = st.one_of(
    documents(
        "createInvoices",
        ["ACCREC", "ACCPAY"],
        Status=st.just("AUTHORISED"),
        DueDate=st.just("2026-12-20"),
        money=MONEYS,
    ),
    documents("createCreditNotes", ["ACCRECCREDIT", "ACCPAYCREDIT"], Status=st.just("AUTHORISED"), money=MONEYS),
    documents(
        "createBankTransactions",
        [f"{way}{kind}" for way in ("SPEND", "RECEIVE") for kind in ("", "-PREPAYMENT", "-OVERPAYMENT")],
        BankAccount=st.sampled_from([{"Code": "090"}, {"Code": "091"}]),
    ),
    st.tuples(st.just("pay"), st.tuples(st.integers(0, 9), st.integers(1, 4), DAYS)),
    st.tuples(st.just("allocate"), st.tuples(st.integers(0, 9), st.integers(0, 9), DAYS)),
    st.tuples(st.sampled_from(["unpay", "void", "delete"]), st.integers(0, 9)),
    st.tuples(st.just("transfer"), st.tuples(AMOUNTS, DAYS)),
    st.tuples(st.just("journal"), st.tuples(AMOUNTS, DAYS)),
)
PAYABLE = (
    ("Invoice", "AmountDue"),
    ("CreditNote", "RemainingCredit"),
    ("Prepayment", "RemainingCredit"),
    ("Overpayment", "RemainingCredit"),
)


def take(engine: Engine, step: tuple[str, Any]) -> None:
    """Takes a step; one that the rules refuse changes nothing, any other failure is an error."""
    name, given_ = step
    if name.startswith("create"):
        body = {field: value for field, value in given_.items() if field != "money"} | given_.get("money", {})
        _send(engine, name, body)
    elif name == "journal":
        amount, day = given_
        lines = [{"LineAmount": amount, "AccountCode": "400"}, {"LineAmount": -amount, "AccountCode": "710"}]
        _send(
            engine, "createManualJournals", {"Narration": "x", "Date": day, "Status": "POSTED", "JournalLines": lines}
        )
    elif name == "transfer":
        sides = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}}
        _send(engine, "createBankTransfer", {"BankTransfers": [{**sides, "Amount": given_[0], "Date": given_[1]}]})
    elif name == "pay":
        _pay_some(engine, *given_)
    elif name == "allocate":
        _allocate_some(engine, *given_)
    else:
        _undo_some(engine, name, given_)


def _send(engine: Engine, operation: str, body: object, **path: str) -> None:
    reply = engine.call(operation, body, path=path)
    assert reply.status in (200, 400), reply


def _pay_some(engine: Engine, at: int, part: int, day: str) -> None:
    """Pays a part of something that is open."""
    items = [(name, open_, each) for name, open_ in PAYABLE for each in engine.good(f"get{name}s", page=1)[f"{name}s"]]
    if items:
        name, open_, document = items[at % len(items)]
        amount = (document[open_] / part).quantize(Decimal("0.01"))
        sent = {name: {f"{name}ID": document[f"{name}ID"]}, "Account": {"Code": "090"}, "Amount": amount, "Date": day}
        _send(engine, "createPayments", sent)


def _allocate_some(engine: Engine, at: int, to: int, day: str) -> None:
    """Gives what is left of a credit to an invoice, as far as it goes."""
    invoices = engine.good("getInvoices", page=1)["Invoices"]
    credits_ = [(name, each) for name, _ in PAYABLE[1:] for each in engine.good(f"get{name}s", page=1)[f"{name}s"]]
    if invoices and credits_:
        (name, credit), invoice = credits_[at % len(credits_)], invoices[to % len(invoices)]
        amount = min(credit["RemainingCredit"], invoice["AmountDue"])
        body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": amount, "Date": day}
        operation = "createCreditNoteAllocation" if name == "CreditNote" else f"create{name}Allocations"
        _send(engine, operation, {"Allocations": [body]}, **{f"{name}ID": credit[f"{name}ID"]})


UNDOING = {
    "unpay": ("Payments", "PaymentID", "deletePayment", "DELETED"),
    "void": ("Invoices", "InvoiceID", "updateInvoice", "VOIDED"),
    "delete": ("BankTransactions", "BankTransactionID", "updateBankTransaction", "DELETED"),
}


def _undo_some(engine: Engine, name: str, at: int) -> None:
    """Deletes or voids a payment, an invoice or a bank transaction."""
    listing, own, operation, status = UNDOING[name]
    if items := engine.good(f"get{listing}", page=1)[listing]:
        _send(engine, operation, {"Status": status}, **{own: items[at % len(items)][own]})


@settings(max_examples=45, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=14))
def test_the_books_balance_whatever_is_done(steps: list[tuple[str, Any]]) -> None:
    """After any documents and payments, on both bases: debits are credits, and net assets are the equity."""
    engine = Engine()
    for step in steps:
        take(engine, step)
    for basis in ("false", "true"):
        for day in ("2026-03-31", "2026-11-21"):
            trial = rows_of(report(engine, "TrialBalance", date=day, paymentsOnly=basis))[-1][1]
            assert trial[0] == trial[1]
            assert trial[2] == trial[3]
            sheet = values(report(engine, "BalanceSheet", date=day, paymentsOnly=basis))
            assert sheet["Net Assets"] == sheet["Total Equity"]
            assert sheet["Net Assets"] == sheet["Total Assets"] - sheet["Total Liabilities"]
            year = {"fromDate": "2026-04-01" if day > "2026-04" else "2025-04-01", "toDate": day}
            profit = values(report(engine, "ProfitAndLoss", **year, paymentsOnly=basis))
            assert profit["Net Profit"] == sheet["Current Year Earnings"]
    sheet = values(report(engine, "BalanceSheet", date="2026-11-21"))
    banks = values(report(engine, "BankSummary", fromDate="2026-11-21", toDate="2026-11-21"), 3)
    assert banks["Total"] == sheet.get("Total Bank", 0)
    engine.documents.close()


HOME = st.one_of(
    documents("createInvoices", ["ACCREC", "ACCPAY"], Status=st.just("AUTHORISED"), DueDate=st.just("2026-12-20")),
    documents("createCreditNotes", ["ACCRECCREDIT", "ACCPAYCREDIT"], Status=st.just("AUTHORISED")),
    documents(
        "createBankTransactions",
        ["SPEND-OVERPAYMENT", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT"],
        BankAccount=st.just({"Code": "090"}),
    ),
    st.tuples(st.just("pay"), st.tuples(st.integers(0, 9), st.integers(1, 4), DAYS)),
    st.tuples(st.just("allocate"), st.tuples(st.integers(0, 9), st.integers(0, 9), DAYS)),
    st.tuples(st.sampled_from(["unpay", "void"]), st.integers(0, 9)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HOME, max_size=14))
def test_the_control_accounts_are_what_the_documents_say(steps: list[tuple[str, Any]]) -> None:
    """Receivables and payables in the books are the sums of what the documents show as due and as credit left."""
    engine = Engine()
    for step in steps:
        take(engine, step)
    due = {"Accounts Receivable (610)": Decimal(0), "Accounts Payable (800)": Decimal(0)}
    for name, open_, sign in (
        ("Invoices", "AmountDue", 1),
        ("CreditNotes", "RemainingCredit", -1),
        ("Overpayments", "RemainingCredit", -1),
    ):
        for each in engine.good(f"get{name}", page=1)[name]:
            ours = each["Type"].startswith(("ACCREC", "RECEIVE"))
            due["Accounts Receivable (610)" if ours else "Accounts Payable (800)"] += (sign if ours else -sign) * each[
                open_
            ]
    trial = report(engine, "TrialBalance", date="2026-12-31")
    debits, credits_ = values(trial, 2), values(trial, 3)
    assert {name: debits.get(name, Decimal(0)) - credits_.get(name, Decimal(0)) for name in due} == due
    engine.documents.close()


def test_a_seeded_organisation_is_in_balance() -> None:
    """Seeded documents are in the books too: they balance, and each paid invoice has its payment."""
    engine = Engine(contacts=40, invoices=400)
    trial = rows_of(report(engine, "TrialBalance", date="2025-06-30"))[-1][1]
    assert trial[2] == trial[3] != "0.00"
    sheet = values(report(engine, "BalanceSheet", date="2025-06-30"))
    assert sheet["Net Assets"] == sheet["Total Equity"]
    counts = engine.documents.counts(TENANT)
    paid = engine.good("getInvoices", page=1, where='Status == "PAID" AND AmountPaid > 0')["pagination"]["itemCount"]
    assert counts["Payments"] == paid > 100


def test_reports_on_many_documents_are_quick() -> None:
    """A report over 5,000 invoices takes less than a quarter of a second of work."""
    engine = Engine(contacts=200, invoices=5000)
    for name in ("TrialBalance", "ProfitAndLoss", "BalanceSheet", "ExecutiveSummary"):
        begun = time.process_time()
        report(engine, name, date="2025-06-30", fromDate="2025-06-01", toDate="2025-06-30", periods=11)
        assert time.process_time() - begun < 0.25
