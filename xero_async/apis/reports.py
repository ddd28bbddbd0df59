"""Reports as records, ready for a data frame.

Xero sends a report as a page is printed: a header row, sections with titles, rows of text in cells, and sums between
them. `report_records` turns that around: one dict for each row, keyed by the header, with the section that it is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

from ..models import ReportCell, ReportRow, ReportRows, ReportWithRow

__all__ = ["Record", "report_records"]

Value: TypeAlias = str | Decimal | bool | None
Record: TypeAlias = dict[str, Value]

_NUMBER = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")


def report_records(report: ReportWithRow, *, sums: bool = False) -> list[Record]:
    """The rows of a report as dicts with the same keys in each.

    `section` is the title of the section, None outside of one. Then come the columns of the header, the first of which
    is `name` where it has no title; numbers are `Decimal`, other texts stay, and empty cells are None. A cell's
    attributes, such as the id of its account, are columns of their own, named for the attribute: `account`. With
    `sums`, the summary rows are in the list too, and `is_sum` tells them apart.
    """
    rows = report.rows or []
    headers = [row.cells for row in rows if row.row_type == "Header" and row.cells]
    columns = _columns(headers[0]) if headers else []
    records = [
        _record(columns, section, row, sums)
        for section, row in _flat(rows)
        if row.row_type == "Row" or (sums and row.row_type == "SummaryRow")
    ]
    keys = dict.fromkeys(key for record in records for key in record)
    return [{key: record.get(key) for key in keys} for record in records]


def _flat(rows: Sequence[ReportRows]) -> Iterator[tuple[str | None, ReportRow | ReportRows]]:
    for row in rows:
        yield None, row
        for inner in row.rows or ():
            yield row.title or None, inner


def _columns(header: Sequence[ReportCell]) -> list[str]:
    titles = [cell.value or ("name" if index == 0 else f"column {index + 1}") for index, cell in enumerate(header)]
    return [title if titles.count(title) == 1 else f"{title} ({index + 1})" for index, title in enumerate(titles)]


def _record(columns: Sequence[str], section: str | None, row: ReportRow | ReportRows, sums: bool) -> Record:
    record: Record = {"section": section}
    if sums:
        record["is_sum"] = row.row_type == "SummaryRow"
    for index, cell in enumerate(row.cells or ()):
        record[columns[index] if index < len(columns) else f"column {index + 1}"] = _value(cell.value)
    for cell in row.cells or ():
        for attribute in cell.attributes or ():
            if attribute.id:
                record.setdefault(attribute.id, attribute.value)
    return record


def _value(text: str | None) -> Value:
    if not text:
        return None
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else text
