"""The shape of Xero's reports: rows of cells under titles.

https://developer.xero.com/documentation/api/accounting/reports
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .books import Account, money
from .values import Document

Cells = Sequence[str]


def cell(value: str, **attributes: str) -> Document:
    """A cell; the attributes tell what it is about, as `account="…"`."""
    listed = [{"Value": text, "Id": name} for name, text in attributes.items()]
    return {"Value": value, **({"Attributes": listed} if listed else {})}


def row(values: Cells, kind: str = "Row", **attributes: str) -> Document:
    """A row of cells, all with the same attributes."""
    return {"RowType": kind, "Cells": [cell(value, **attributes) for value in values]}


def header(*values: str) -> Document:
    """The row that names the columns."""
    return row(values, "Header")


def summary(*values: str) -> Document:
    """The row that sums up what is above it."""
    return row(values, "SummaryRow")


def section(title: str, rows: Sequence[Document]) -> Document:
    """Rows under a title."""
    return {"RowType": "Section", "Title": title, "Rows": list(rows)}


def account_row(account: Account, amounts: Sequence[int], label: str = "") -> Document:
    """An account with an amount for each column, in cents."""
    attributes = {"account": account.id} if account.id else {}
    return row([label or account.name, *map(money, amounts)], **attributes)


def total(label: str, amounts: Sequence[int]) -> Document:
    """A sum for each column, in cents."""
    return summary(label, *map(money, amounts))


def long_day(day: date) -> str:
    """A day as titles have it: `3 March 2026`."""
    return f"{day.day} {day:%B} {day.year}"


def short_day(day: date) -> str:
    """A day as column heads have it: `03 Mar 26`."""
    return f"{day:%d %b} {day.year % 100:02d}"
