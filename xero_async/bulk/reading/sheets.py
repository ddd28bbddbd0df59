"""CSV: commas, semicolons or tabs between cells, as the first line shows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TypeVar

from ...models import Model
from .cells import Reading, Unreadable, read_cell
from .columns import Column, columns_of
from .flat import Gathering
from .located import Located, refuse

__all__ = ["read_sheet"]

M = TypeVar("M", bound=Model)


def read_sheet(
    file: str, lines: Iterator[tuple[int, bytes]], record: type[M], reading: Reading
) -> Iterator[Located[M]]:
    """The records of a sheet; its first row holds the titles of the columns."""
    rows = _rows(file, lines, reading)
    titles = next((row for _, row in rows), [""])
    if not any(titles):
        raise refuse(file, 1, None, "the first line holds no titles of columns")
    while not titles[-1]:
        titles.pop()
    columns = columns_of(titles, record, file)
    yield from Gathering(file, columns, record).rows(_cells(file, rows, columns, reading))


def _cells(
    file: str, rows: Iterator[tuple[int, list[str]]], columns: list[Column], reading: Reading
) -> Iterator[tuple[int, dict[Column, object]]]:
    for number, row in rows:
        if len(row) > len(columns) and any(row[len(columns) :]):
            raise refuse(
                file, number, None, f"the row has {len(row)} cells for {len(columns)} columns: quote its texts"
            )
        cells: dict[Column, object] = {}
        for column, text in zip(columns, row, strict=False):
            if text:
                try:
                    cells[column] = read_cell(text, column, reading)
                except Unreadable as error:
                    raise refuse(file, number, f"column {column.title}", str(error)) from None
        yield number, cells


def _rows(file: str, lines: Iterator[tuple[int, bytes]], reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of their first line, cells without the spaces around them."""
    texts = _texts(file, lines, reading.encoding)
    first = next(texts, "")
    # In the titles, whatever stands between the cells stands most often.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(_chain(first, texts), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refuse(file, number, None, f"the quotes of the row do not match ({error})") from None
        yield number, [cell.strip() for cell in row]


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _texts(file: str, lines: Iterator[tuple[int, bytes]], encoding: str) -> Iterator[str]:
    for number, line in lines:
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError:
            raise refuse(
                file, number, None, f"is not {encoding}: save the file as UTF-8, or say its encoding, such as cp1252"
            ) from None
