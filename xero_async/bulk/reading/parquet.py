"""Parquet: columns of scalars, as in a CSV file, or lists and structs as a record nests them.

`pyarrow` is imported when the first such file is read. Rows are drawn a few hundred at a time. Numbers should be
decimals; a float is taken for the shortest number that it may stand for, which is the one that programs print.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar, cast

from ...models import Model
from ...wire.errors import InvalidArgument
from .cells import Reading, Unreadable, read_cell
from .columns import Column, Step, columns_of
from .flat import Gathering
from .located import Located, refuse
from .shapes import Kind, fields_of

__all__ = ["read_parquet"]

M = TypeVar("M", bound=Model)


class _Batch(Protocol):
    def to_pylist(self) -> list[dict[str, object]]: ...


class _Schema(Protocol):
    names: Sequence[str]


class _File(Protocol):
    """The part of `pyarrow.parquet.ParquetFile` that is used; the package has no types of its own."""

    schema_arrow: _Schema

    def iter_batches(self, *, batch_size: int) -> Iterable[_Batch]: ...
    def close(self) -> None: ...


def read_parquet(path: Path, record: type[M], reading: Reading) -> Iterator[Located[M]]:
    """The records of a file, with the numbers of their rows. Needs the extra `[parquet]`."""
    file = _opened(path)
    try:
        titles, fields = [*file.schema_arrow.names], fields_of(record)
        nested = {
            each: Column(each, (Step(each),), "other") for each in titles if each in fields and fields[each].record
        }
        flat = [title for title in titles if title not in nested]
        columns = {**nested, **dict(zip(flat, columns_of(flat, record, path.name), strict=True))}
        rows = _rows(path.name, file.iter_batches(batch_size=reading.batches), columns, reading)
        yield from Gathering(path.name, [*columns.values()], record, of="row").rows(rows)
    finally:
        file.close()


def _opened(path: Path) -> _File:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidArgument('Parquet needs an extra of the package: pip install "xero_async[parquet]"') from None
    path.stat()  # an OSError as for every other file
    try:
        return cast("_File", parquet.ParquetFile(path))
    except (OSError, ValueError):
        raise InvalidArgument(f"{path.name}: this is no Parquet file, or not the whole of one") from None


def _rows(
    file: str, batches: Iterable[_Batch], columns: Mapping[str, Column], reading: Reading
) -> Iterator[tuple[int, dict[Column, object]]]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            cells: dict[Column, object] = {}
            for title, value in row.items():
                column, plain = columns[title], _plain(value)
                if plain is None or plain == "":
                    continue
                try:
                    cells[column] = _cell(plain, column, reading)
                except Unreadable as error:
                    raise refuse(file, number, f"column {title}", str(error), of="row") from None
            yield number, cells


def _plain(value: object) -> object:
    """A value without what stands for none, and without floats."""
    if isinstance(value, float):
        return None if math.isnan(value) else Decimal(repr(value))
    if isinstance(value, dict):
        inner = {name: _plain(each) for name, each in cast("dict[str, object]", value).items()}
        return {name: each for name, each in inner.items() if each is not None} or None
    if isinstance(value, list):
        return [each for each in map(_plain, cast("list[object]", value)) if each is not None] or None
    return value.strip() if isinstance(value, str) else value


_FITTING: dict[Kind, tuple[type, ...]] = {
    "number": (Decimal, int),
    "whole": (int,),
    "flag": (bool,),
}


def _cell(value: object, column: Column, reading: Reading) -> object:
    if isinstance(value, str):
        return read_cell(value, column, reading)
    if column.kind == "text" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _as_text(value)
    if column.kind == "day" and isinstance(value, date):
        return _as_day(value)
    if column.kind == "moment" and isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if column.kind == "whole" and isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if column.kind == "other" or (
        isinstance(value, _FITTING.get(column.kind, ())) and isinstance(value, bool) == (column.kind == "flag")
    ):
        return value
    raise Unreadable(f"holds a {type(value).__name__}, which does not fit")


def _as_text(value: int | Decimal) -> str:
    """A code such as 200, which some programs keep as a number."""
    return str(int(value)) if value == int(value) else str(value)


def _as_day(value: date) -> date:
    if not isinstance(value, datetime):
        return value
    if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
        raise Unreadable("holds a time of day, and Xero keeps days: make it a date")
    return value.date()
