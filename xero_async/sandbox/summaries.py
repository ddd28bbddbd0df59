"""The smaller reports: banks, what a contact owes, budgets, the executive summary, contractors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from .books import EVER, Account, Books, back, money, month_end
from .entries import ACCRUAL
from .postings import Span
from .resources import CONTACTS, CREDIT_NOTES, INVOICES, Resource
from .resources_money import OVERPAYMENTS, PAYMENTS, PREPAYMENTS
from .resources_settings import BUDGETS
from .sheets import account_row, header, row, section, summary, total
from .values import (
    DAY,
    ZERO,
    Document,
    add_up,
    child,
    documents_in,
    money_of,
    ms_of_day,
    stored_ms,
    text_of,
    written_day,
)
from .whole import Call

_CONTRACTOR: Final = Decimal(600)  # dollars a year; https://www.irs.gov/forms-pubs/about-form-1099-nec


# ------------------------------------------------------------------------------------------------------- banks


def bank_summary(books: Books, first: date, last: date) -> list[Document]:
    """For each bank account what it held, what came, what went, and what it holds."""
    span = Span(ms_of_day(first), ms_of_day(last))
    before, moves = books.sums([Span(EVER, span.first - DAY)]), books.moves(span)
    rows: list[Document] = []
    sums = [0, 0, 0, 0]
    for account in (account for account in books.accounts if account.type == "BANK"):
        opening, (received, spent) = before.get(account, [0])[0], moves.get(account, (0, 0))
        amounts = [opening, received, spent, opening + received - spent]
        sums = [a + b for a, b in zip(sums, amounts, strict=True)]
        rows.append(row([account.name, *map(money, amounts)], accountID=account.id))
    heads = header("Bank Accounts", "Opening Balance", "Cash Received", "Cash Spent", "Closing Balance")
    return [heads, section("", [*rows, total("Total", sums)])]


# --------------------------------------------------------------------------------------- what a contact owes


def aged(call: Call, contact: str, *, sold: bool, first: int | None, last: int, paid: int) -> list[Document]:
    """What was still open of a contact's invoices and credits at the end of a day, the oldest first.

    `first` and `last` limit the documents by their date, `paid` is the day up to which payments count.
    """
    found: list[tuple[int, list[str], list[Decimal]]] = []
    for resource, types, sign in (
        (INVOICES, ("ACCREC" if sold else "ACCPAY",), 1),
        (CREDIT_NOTES, ("ACCRECCREDIT" if sold else "ACCPAYCREDIT",), -1),
        (PREPAYMENTS, ("RECEIVE-PREPAYMENT" if sold else "SPEND-PREPAYMENT",), -1),
        (OVERPAYMENTS, ("RECEIVE-OVERPAYMENT" if sold else "SPEND-OVERPAYMENT",), -1),
    ):
        for document in _documents(
            call, resource, contact, types[0], -(2**62) if first is None else first, min(last, paid)
        ):
            amounts = [each if sign > 0 else ZERO - each for each in _open(document, paid)]
            if amounts[-1]:
                found.append((stored_ms(document["Date"]) or 0, _described(resource, document, paid), amounts))
    found.sort(key=lambda each: each[0])
    rows = [row([*texts, *map(str, amounts)]) for _, texts, amounts in found]
    sums = [add_up(column) for column in zip(*(amounts for _, _, amounts in found), strict=True)] or [ZERO] * 4
    heads = header("Date", "Reference", "Due Date", "", "Total", "Paid", "Credited", "Due")
    return [
        heads,
        section("", [*rows, summary("Total", "", "", "", *map(str, sums))]),
    ]


def _documents(call: Call, resource: Resource, contact: str, kind: str, first: int, last: int) -> list[Document]:
    where = (
        '"Contact.ContactID" = ? AND "Type" = ? AND "Date" BETWEEN ? AND ? AND "Status" IN (\'AUTHORISED\', \'PAID\')'
    )
    ids = call.store.find(resource, call.tenant, where, contact, kind, first, last)
    found = (call.store.get(resource, call.tenant, each) for each in ids)
    return [document for document in found if document is not None]


def _open(document: Document, day: int) -> list[Decimal]:
    """Total, paid, credited and due of a document at the end of a day."""
    paid = _applied(documents_in(document.get("Payments")), "Amount", day)
    credits = [
        each for name in ("CreditNotes", "Prepayments", "Overpayments") for each in documents_in(document.get(name))
    ]
    credited = _applied(credits, "AppliedAmount", day)
    credited += _applied(documents_in(document.get("Allocations")), "Amount", day)
    whole = money_of(document, "Total")
    return [whole, paid, credited, whole - paid - credited]


def _applied(items: Sequence[Document], amount: str, day: int) -> Decimal:
    return add_up(money_of(each, amount) for each in items if (stored_ms(each.get("Date")) or 0) <= day)


def _described(resource: Resource, document: Document, day: int) -> list[str]:
    number = text_of(document, resource.number) or text_of(document, "Reference") or resource.item
    due = stored_ms(document.get("DueDate"))
    late = "" if due is None or due >= day else f"{(day - due) // DAY} days overdue"
    return [written_day(stored_ms(document["Date"]) or 0), number, "" if due is None else written_day(due), late]


# ----------------------------------------------------------------------------------------------------- budgets


def budget_summary(call: Call, books: Books, starts: Sequence[date]) -> list[Document]:
    """The overall budget between each start and the next, by account and section."""
    bounds = [ms_of_day(start) for start in starts]
    found: dict[Account, list[int]] = {}
    for line in _budget_lines(call):
        sums = found.setdefault(
            books.account(text_of(line, "AccountID") or text_of(line, "AccountCode")), [0] * (len(bounds) - 1)
        )
        for balance in documents_in(line.get("BudgetBalances")):
            month = _month(balance)
            for at, (low, high) in enumerate(pairwise(bounds)):
                if month is not None and low <= month < high:
                    sums[at] += int(money_of(balance, "Amount").scaleb(2))
    rows = [header("Account", *(f"{start:%b-%y}" for start in starts[:-1]))]
    for title, sign in (
        ("Income", 1),
        ("Less Cost of Sales", 1),
        ("Plus Other Income", 1),
        ("Less Operating Expenses", 1),
    ):
        own = {account: sums for account, sums in found.items() if account.section == title}
        if own:
            sums = [sign * sum(column) for column in zip(*own.values(), strict=True)]
            label = f"Total {title.removeprefix('Less ').removeprefix('Plus ')}"
            rows.append(
                section(title, [*(account_row(account, each) for account, each in own.items()), total(label, sums)])
            )
    net = [
        sum(
            (1 if account.klass == "REVENUE" else -1) * sums[at]
            for account, sums in found.items()
            if account.counts_profit
        )
        for at in range(len(bounds) - 1)
    ]
    return [*rows, section("", [row(["Net Profit", *map(money, net)])])]


def _budget_lines(call: Call) -> list[Document]:
    budgets = (
        call.store.get(BUDGETS, call.tenant, each) or {}
        for each in call.store.find(BUDGETS, call.tenant, "\"Type\" = 'OVERALL'")
    )
    return [line for budget in budgets for line in documents_in(budget.get("BudgetLines"))]


def _month(balance: Document) -> int | None:
    """The month of a budget's balance, which is written as a date or as `2026-03`."""
    period = text_of(balance, "Period")
    if (stored := stored_ms(period)) is not None:
        return stored
    try:
        return ms_of_day(date.fromisoformat(f"{period[:7]}-01"))
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------- executive summary


def executive_summary(call: Call, books: Books, day: date) -> list[Document]:
    """Cash, profit, balances and ratios of a month beside those of the month before."""
    months = [month_end(day), month_end(back(day.replace(day=1), 1))]
    facts = [_facts(call, books, each) for each in months]
    rows = [header("", *(f"{each:%b %Y}" for each in months), "Variance")]
    for title, names in _EXECUTIVE:
        rows.append(section(title, [row([name, *_cells(facts[0][name], facts[1][name], name)]) for name in names]))
    return rows


_EXECUTIVE: Final = (
    ("Cash", ("Cash received", "Cash spent", "Cash surplus (deficit)", "Closing bank balance")),
    ("Profitability", ("Income", "Direct costs", "Gross profit (loss)", "Other Income", "Expenses", "Profit (loss)")),
    ("Balance Sheet", ("Debtors", "Creditors", "Net assets")),
    ("Income", ("Number of invoices issued", "Average value of invoices")),
    ("Performance", ("Gross profit margin", "Net profit margin", "Return on investment (p.a.)")),
    (
        "Position",
        (
            "Average debtors days",
            "Average creditors days",
            "Short term cash forecast",
            "Current assets to current liabilities",
            "Term assets to liabilities",
        ),
    ),
)
_COUNTS: Final = frozenset({"Number of invoices issued"})
_RATIOS: Final = frozenset(
    {
        "Current assets to current liabilities",
        "Term assets to liabilities",
        "Average debtors days",
        "Average creditors days",
    }
)


def _cells(now: Decimal, before: Decimal, name: str) -> list[str]:
    """The two values as the report writes them, and by how much of the second they differ."""
    change = (now - before) / abs(before) * 100 if before else ZERO
    places = "1" if name in _COUNTS else "0.01"
    mark = "%" if "margin" in name or "p.a." in name else ""
    return [
        *(f"{value.quantize(Decimal(places))}{mark}" for value in (now, before)),
        f"{change.quantize(Decimal('0.1'))}%",
    ]


def _facts(call: Call, books: Books, last: date) -> dict[str, Decimal]:
    first = last.replace(day=1)
    span = Span(ms_of_day(first), ms_of_day(last))
    profit = _sections(books.sums([span]))
    balances = books.balances([span.last])
    sheet = _sections(balances.sheet)
    banks = [moves for account, moves in books.moves(span).items() if account.type == "BANK"]
    received, spent = (_units(sum(moves[side] for moves in banks)) for side in (0, 1))
    income, direct, other, expenses = (
        -profit.get("Income", ZERO),
        profit.get("Less Cost of Sales", ZERO),
        -profit.get("Plus Other Income", ZERO),
        profit.get("Less Operating Expenses", ZERO),
    )
    debtors, creditors = (_units(balances.sheet.get(books.system(name), [0])[0]) for name in ("DEBTORS", "CREDITORS"))
    assets = add_up(sheet.get(name, ZERO) for name in ("Bank", "Current Assets", "Fixed Assets", "Non-current Assets"))
    owed, term = -sheet.get("Current Liabilities", ZERO), -sheet.get("Non-current Liabilities", ZERO)
    current, fixed = (
        sheet.get("Bank", ZERO) + sheet.get("Current Assets", ZERO),
        sheet.get("Fixed Assets", ZERO) + sheet.get("Non-current Assets", ZERO),
    )
    gross = income - direct
    net = gross + other - expenses
    count, value = _issued(call, span)
    return {
        "Cash received": received,
        "Cash spent": spent,
        "Cash surplus (deficit)": received - spent,
        "Closing bank balance": sheet.get("Bank", ZERO),
        "Income": income,
        "Direct costs": direct,
        "Gross profit (loss)": gross,
        "Other Income": other,
        "Expenses": expenses,
        "Profit (loss)": net,
        "Debtors": debtors,
        "Creditors": -creditors,
        "Net assets": assets - owed - term,
        "Number of invoices issued": Decimal(count),
        "Average value of invoices": _ratio(value, Decimal(count)),
        "Gross profit margin": _ratio(gross, income) * 100,
        "Net profit margin": _ratio(net, income) * 100,
        "Return on investment (p.a.)": _ratio(net * 12, assets - owed - term) * 100,
        "Average debtors days": _ratio(debtors, income) * last.day,
        "Average creditors days": _ratio(-creditors, direct + expenses) * last.day,
        "Short term cash forecast": debtors + creditors,
        "Current assets to current liabilities": _ratio(current, owed),
        "Term assets to liabilities": _ratio(fixed, term),
    }


def _sections(sums: dict[Account, list[int]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for account, amounts in sums.items():
        found[account.section] = found.get(account.section, ZERO) + _units(amounts[0])
    return found


def _units(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else ZERO


def _issued(call: Call, span: Span) -> tuple[int, Decimal]:
    """How many sales invoices were issued within a span, and what they come to in the base currency."""
    found = call.store.postings.issued(call.tenant, "ACCREC", span, basis=ACCRUAL)
    return found[0], _units(found[1])


# ------------------------------------------------------------------------------------------------- contractors


def contractors(call: Call, year: int) -> list[Document]:
    """The suppliers with a tax number that were paid enough in a year, with what they were paid (Box1)."""
    first, last = ms_of_day(date(year, 1, 1)), ms_of_day(date(year, 12, 31))
    where = '"Status" = \'AUTHORISED\' AND "PaymentType" = \'ACCPAYPAYMENT\' AND "Date" BETWEEN ? AND ?'
    paid: dict[str, Decimal] = {}
    for payment_id in call.store.find(PAYMENTS, call.tenant, where, first, last):
        payment = call.store.get(PAYMENTS, call.tenant, payment_id) or {}
        contact = text_of(child(child(payment, "Invoice"), "Contact"), "ContactID")
        paid[contact] = paid.get(contact, ZERO) + money_of(payment, "BankAmount")
    found = (
        (call.store.get(CONTACTS, call.tenant, each), amount) for each, amount in paid.items() if amount >= _CONTRACTOR
    )
    return [_contractor(contact, amount) for contact, amount in found if contact and text_of(contact, "TaxNumber")]


def _contractor(contact: Document, amount: Decimal) -> Document:
    streets = [each for each in documents_in(contact.get("Addresses")) if each.get("AddressType") == "STREET"]
    street: Document = streets[0] if streets else {}
    return {
        "Box1": amount,
        "Name": contact["Name"],
        "FederalTaxIDType": "EIN",
        "City": text_of(street, "City"),
        "Zip": text_of(street, "PostalCode"),
        "State": text_of(street, "Region"),
        "Email": text_of(contact, "EmailAddress"),
        "StreetAddress": text_of(street, "AddressLine1"),
        "TaxID": contact["TaxNumber"],
        "ContactId": contact["ContactID"],
    }
