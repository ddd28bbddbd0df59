"""Reports as records."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from xero_async import ReportWithRow, report_records
from xero_async.wire import decode


def cell(value: str, account: str | None = None) -> dict[str, object]:
    """A cell, perhaps of an account."""
    return {"Value": value, "Attributes": [{"Id": "account", "Value": account}]} if account else {"Value": value}


def row(kind: str, *cells: dict[str, object]) -> dict[str, object]:
    """A row of cells."""
    return {"RowType": kind, "Cells": list(cells)}


def report(*rows: dict[str, object]) -> ReportWithRow:
    """A report as Xero sends it."""
    return decode(ReportWithRow, msgspec.json.encode({"Rows": list(rows)}))


TRIAL_BALANCE = report(
    row("Header", cell("Account"), cell("Debit"), cell("Credit"), cell("YTD Debit")),
    {
        "RowType": "Section",
        "Title": "Revenue",
        "Rows": [
            row("Row", cell("Sales (200)", "a-200"), cell("", "a-200"), cell("12,345.60", "a-200"), cell("-0.40"))
        ],
    },
    {"RowType": "Section", "Title": "", "Rows": [row("SummaryRow", cell("Total"), cell("5.00"), cell("5.00"))]},
)


def test_rows_become_records_with_the_same_keys() -> None:
    """A row is a dict of its section, its columns with exact numbers, and the account that its cells are about."""
    assert report_records(TRIAL_BALANCE) == [
        {
            "section": "Revenue",
            "Account": "Sales (200)",
            "Debit": None,
            "Credit": Decimal("12345.60"),
            "YTD Debit": Decimal("-0.40"),
            "account": "a-200",
        }
    ]


def test_sums_are_told_apart() -> None:
    """With sums, the summary rows come too, are marked, and have every key, with None for what they lack."""
    first, total = report_records(TRIAL_BALANCE, sums=True)
    assert (first["is_sum"], total["is_sum"]) == (False, True)
    assert list(first) == list(total)
    assert total == {
        "section": None,
        "is_sum": True,
        "Account": "Total",
        "Debit": Decimal("5.00"),
        "Credit": Decimal("5.00"),
        "YTD Debit": None,
        "account": None,
    }


def test_odd_reports_are_records_too() -> None:
    """No rows, no header, more cells than columns, columns of the same title and without one: nothing is lost."""
    assert report_records(report()) == []
    assert report_records(report(row("Row", cell("a"), cell("1")))) == [
        {"section": None, "column 1": "a", "column 2": Decimal(1)}
    ]
    odd = report(row("Header", cell(""), cell("2025"), cell("2025"), cell("")), row("Row", *map(cell, "abcde")))
    assert report_records(odd) == [
        {"section": None, "name": "a", "2025 (2)": "b", "2025 (3)": "c", "column 4": "d", "column 5": "e"}
    ]


def test_words_that_look_like_numbers_stay_exact() -> None:
    """Dates, percentages and codes stay text; numbers keep their digits."""
    values = ["31 Dec 2026", "12.5%", "1,23", "0.10", "1,000,000", "1e5", ""]
    (record,) = report_records(report(row("Row", *map(cell, values))))
    assert list(record.values())[1:] == [
        "31 Dec 2026",
        "12.5%",
        "1,23",
        Decimal("0.10"),
        Decimal(1000000),
        "1e5",
        None,
    ]
