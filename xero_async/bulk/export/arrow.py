"""Records as Arrow tables, with a schema that is known before the first record.

Arrow nests as Xero does, so lines stay with their invoice: `line_items` is a list of structs, `contact` a struct. The
branches are those of `tables`. Money is `decimal128(38, 18)`: 20 digits before the point and 18 behind, more than Xero
has anywhere; a number beyond that is refused, never rounded. Instants are `timestamp[us, UTC]`, days `date32`.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import accumulate, chain
from typing import Any, TypeAlias, cast

from msgspec.structs import astuple

from ...models import Model
from .sinks.base import SinkError
from .tables import Field, Kind, shape

__all__ = ["PRECISION", "SCALE", "ArrowSchema", "ArrowTable", "arrow_schema", "arrow_table", "need"]

PRECISION, SCALE = 38, 18

# pyarrow comes without types, so what it makes is Any here and wherever it goes.
ArrowSchema: TypeAlias = Any
ArrowTable: TypeAlias = Any
ArrowArray: TypeAlias = Any
ArrowType: TypeAlias = Any


@cache
def need(name: str) -> Any:
    """A module of pyarrow's, imported when it is needed. Raises `SinkError` that says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SinkError("Parquet and Arrow need pyarrow: pip install 'xero_async[parquet]'") from error


@cache
def arrow_schema(record: type[Model]) -> ArrowSchema:
    """The `pyarrow.Schema` of a record."""
    pa = need("pyarrow")
    return pa.schema([pa.field(field.name, _type(field)) for field in shape(record)])


def arrow_table(record: type[Model], records: Sequence[Model]) -> ArrowTable:
    """Records as a `pyarrow.Table`. Raises `SinkError` for a number that does not fit its column."""
    pa = need("pyarrow")
    # Tuples by the thousand and no cycle: the collector would walk them for longer than all the rest takes.
    was_on = gc.isenabled()
    gc.disable()
    try:
        return pa.Table.from_arrays(list(_arrays(shape(record), records)), schema=arrow_schema(record))
    except (pa.ArrowException, OverflowError):
        # Arrow's message would quote the value.
        raise SinkError(_misfit(records) or f"{record.__name__} holds a value that does not fit its column") from None
    finally:
        if was_on:
            gc.enable()


@cache
def _type(field: Field) -> ArrowType:
    pa = need("pyarrow")
    if field.kind:
        return _plain()[field.kind]
    inner = pa.struct([pa.field(part.name, _type(part)) for part in field.fields])
    return pa.list_(inner) if field.many else inner


@cache
def _plain() -> dict[Kind, ArrowType]:
    pa = need("pyarrow")
    return {
        "text": pa.string(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "decimal": pa.decimal128(PRECISION, SCALE),
        "day": pa.date32(),
        "moment": pa.timestamp("us", "UTC"),
        "texts": pa.list_(pa.string()),
    }


def _arrays(fields: tuple[Field, ...], records: Sequence[Model]) -> Iterator[ArrowArray]:
    if not records:
        return (_array(field, ()) for field in fields)
    columns = dict(zip(records[0].__struct_fields__, zip(*map(astuple, records), strict=True), strict=True))
    return (_array(field, columns[field.name]) for field in fields)


def _array(field: Field, values: Sequence[Any]) -> ArrowArray:
    pa = need("pyarrow")
    if not values or (values[0] is None and set(map(type, values)) == {type(None)}):
        return pa.nulls(len(values), _type(field))
    if field.kind:
        return pa.array(values, _type(field))
    is_missing = [value is None for value in values]
    mask = pa.array(is_missing, pa.bool_()) if any(is_missing) else None
    if field.many:
        return _lists(field, values, mask)
    return _structs(field, [_nothing(field) if value is None else value for value in values] if mask else values, mask)


def _lists(field: Field, values: Sequence[Sequence[Model] | None], mask: ArrowArray) -> ArrowArray:
    pa = need("pyarrow")
    offsets = pa.array(accumulate((len(value) if value else 0 for value in values), initial=0), pa.int32())
    items = list(chain.from_iterable(filter(None, values)))
    inner = _structs(field, items, None) if items else pa.nulls(0, _type(field).value_type)
    return pa.ListArray.from_arrays(offsets, inner, type=_type(field), mask=mask)


def _structs(field: Field, values: Sequence[Model], mask: ArrowArray) -> ArrowArray:
    names = [part.name for part in field.fields]
    return need("pyarrow").StructArray.from_arrays(list(_arrays(field.fields, values)), names=names, mask=mask)


@cache
def _nothing(field: Field) -> Model:
    return cast("type[Model]", field.record)()


def _misfit(records: Sequence[object]) -> str:
    """A sentence on the first number that is too long, without the number; empty where there is none."""
    for record in records:
        if isinstance(record, Model):
            for name in record.__struct_fields__:
                value: object = getattr(record, name)
                inner = cast("list[object]", value) if isinstance(value, list) else [value]
                if any(isinstance(part, Decimal) and not _fits(part) for part in inner):
                    return f"{type(record).__name__}.{name} does not fit into decimal128({PRECISION}, {SCALE})"
                if found := _misfit(inner):
                    return found
    return ""


def _fits(amount: Decimal) -> bool:
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        return False
    # Zeros at the end need no room; `normalize` would round to the precision of the thread.
    needed = "".join(map(str, digits)).rstrip("0")
    places = -exponent - (len(digits) - len(needed))
    return not needed or (places <= SCALE and amount.adjusted() < PRECISION - SCALE)
