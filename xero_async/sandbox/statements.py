"""The financial statements: trial balance, profit and loss, balance sheet, as rows of cells.

All three come from the same entries, so the trial balance comes to zero and the balance sheet balances
because each journal does, not because anything is forced here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from .books import Account, Books, money
from .postings import Span
from .sheets import account_row, header, row, section, short_day, summary, total
from .values import Document, ms_of_day

Columns = list[int]  # cents, one for each column of a report

_CLASSES: Final = (
    ("Revenue", "REVENUE"),
    ("Expenses", "EXPENSE"),
    ("Assets", "ASSET"),
    ("Liabilities", "LIABILITY"),
    ("Equity", "EQUITY"),
)
_ASSETS: Final = ("Bank", "Current Assets", "Fixed Assets", "Non-current Assets")
_LIABILITIES: Final = ("Current Liabilities", "Non-current Liabilities")


def trial_balance(books: Books, day: date, basis: int) -> list[Document]:
    """Debits and credits of the month so far, and of the year for profits or of all time for balances."""
    at, start = ms_of_day(day), ms_of_day(day.replace(day=1))
    balances = books.balances([at], basis=basis)
    month = books.sums([Span(start, at)], basis=basis)
    year = balances.sheet | balances.profit
    accounts = [account for account in books.accounts if _moved(account, month, year)]
    accounts += [account for account in (*month, *year) if account not in accounts and _moved(account, month, year)]
    rows: list[Document] = [header("Account", "Debit", "Credit", "YTD Debit", "YTD Credit")]
    sums = [0, 0, 0, 0]
    for title, klass in _CLASSES:
        listed: list[Document] = []
        for account in sorted(
            {each for each in accounts if each.klass == klass}, key=lambda each: (each.code, each.name)
        ):
            cells = [*_sides(month.get(account, [0])[0]), *_sides(year.get(account, [0])[0])]
            sums = [total + each for total, each in zip(sums, cells, strict=True)]
            attributes = {"account": account.id} if account.id else {}
            listed.append(row([account.label, *(money(each) if each else "" for each in cells)], **attributes))
        if listed:
            rows.append(section(title, listed))
    return [*rows, section("", [summary("Total", *map(money, sums))])]


def _moved(account: Account, *sums: Mapping[Account, Columns]) -> bool:
    return any(any(each.get(account, ())) for each in sums)


def _sides(amount: int) -> tuple[int, int]:
    """An amount as debit and credit."""
    return max(amount, 0), max(-amount, 0)


def profit_and_loss(
    books: Books, spans: Sequence[tuple[date, date]], basis: int, tracked: Sequence[str]
) -> list[Document]:
    """Income, costs and profit of each span of days."""
    found = books.sums([Span(ms_of_day(first), ms_of_day(last)) for first, last in spans], basis=basis, tracked=tracked)
    rows = [header("", *(short_day(last) for _, last in spans))]
    width = len(spans)
    income = _part(rows, found, width, "Income", -1)
    costs = _part(rows, found, width, "Less Cost of Sales", 1)
    gross = [a - b for a, b in zip(income, costs, strict=True)]
    rows.append(section("", [row(["Gross Profit", *map(money, gross)])]))
    other = _part(rows, found, width, "Plus Other Income", -1)
    expenses = _part(rows, found, width, "Less Operating Expenses", 1)
    net = [a + b - c for a, b, c in zip(gross, other, expenses, strict=True)]
    rows.append(section("", [row(["Net Profit", *map(money, net)])]))
    return rows


def _part(
    rows: list[Document],
    found: Mapping[Account, Columns],
    width: int,
    title: str,
    sign: int,
    extra: Sequence[Document] = (),
) -> Columns:
    """Adds one section with its total to the rows, unless it is empty; the totals."""
    own = {account: sums for account, sums in found.items() if account.section == title and any(sums)}
    sums = [sign * sum(column) for column in zip(*own.values(), strict=True)] or [0] * width
    if own or extra:
        listed = [account_row(account, [sign * each for each in amounts]) for account, amounts in own.items()]
        label = f"Total {title.removeprefix('Less ').removeprefix('Plus ')}"
        rows.append(section(title, [*listed, *extra, total(label, sums)]))
    return sums


def balance_sheet(books: Books, days: Sequence[date], basis: int, tracked: Sequence[str]) -> list[Document]:
    """Assets, liabilities, net assets and equity at the end of each day."""
    balances = books.balances([ms_of_day(day) for day in days], basis=basis, tracked=tracked)
    rows = [header("", *(short_day(day) for day in days)), section("Assets", [])]
    width = len(days)
    assets = _sum([_part(rows, balances.sheet, width, title, 1) for title in _ASSETS])
    rows += [section("", [total("Total Assets", assets)]), section("Liabilities", [])]
    liabilities = _sum([_part(rows, balances.sheet, width, title, -1) for title in _LIABILITIES])
    rows.append(section("", [total("Total Liabilities", liabilities)]))
    rows.append(section("", [row(["Net Assets", *(money(a - b) for a, b in zip(assets, liabilities, strict=True))])]))
    earned = [-each for each in balances.earnings]
    held = {account: sums for account, sums in balances.sheet.items() if account.section == "Equity" and any(sums)}
    listed = [account_row(account, [-each for each in sums]) for account, sums in held.items()]
    equity = _sum([earned, *([-each for each in sums] for sums in held.values())])
    current = row(["Current Year Earnings", *map(money, earned)])
    rows.append(section("Equity", [current, *listed, total("Total Equity", equity)]))
    return rows


def _sum(columns: Sequence[Columns]) -> Columns:
    return [sum(each) for each in zip(*columns, strict=True)]
