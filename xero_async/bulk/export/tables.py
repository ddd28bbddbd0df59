"""Flat tables out of the models: columns with types, and child tables for what comes in lists.

A record of Xero's is a tree. What becomes of its branches is decided here once, for each sink that is not made of JSON:

- A plain field is a column of its Python name.
- A *value*, such as the balances of a contact, is spread over columns: `balances_accounts_payable_overdue`.
- A *reference*, which is another record with a table of its own, keeps what names it: its id, number, code and name
  (`contact_id`, `contact_name`). All else about it is in its own table.
- A list is a child table: `invoices_line_items`, and `invoices_line_items_tracking` under it. Its rows are found by the
  parent's id and their `position`, from 0. References in a list keep all their fields but their own lists.

`warnings` and `validation_errors` speak of writes, and are left out. None is told apart from an empty text, but not
from an empty list, which has no rows either. Of two columns that would share a name, the later one gets a double
underline: `batch_payment__batch_payment_id`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

import msgspec

from ...models import Date, DateTime, Model
from ...models._base import envelope_of

__all__ = ["AS_TEXT", "ROW", "Column", "Field", "Flat", "Key", "Kind", "explode", "flat", "plain_digits", "shape"]

Kind: TypeAlias = Literal["text", "integer", "boolean", "decimal", "day", "moment", "texts"]

_KINDS: dict[object, Kind] = {
    str: "text",
    int: "integer",
    bool: "boolean",
    Decimal: "decimal",
    Date: "day",
    DateTime: "moment",
    list[str]: "texts",
}
_OF_WRITES = {"warnings", "validation_errors"}
_NAMING = {"name", "code"}
_NAMES_OF_PEOPLE = {"first_name", "last_name"}


class Field(NamedTuple):
    """A branch of a record: plain, a struct (with `fields`), or a list of structs (`many`)."""

    name: str
    wire: str
    kind: Kind | None = None
    fields: tuple[Field, ...] = ()
    many: bool = False
    record: type[Model] | None = None


@cache
def shape(record: type[Model]) -> tuple[Field, ...]:
    """The branches of a record that are exported."""
    return tuple(_fields(record, (record,), lists=True))


def _fields(record: type[Model], inside: tuple[type[Model], ...], *, lists: bool) -> Iterator[Field]:
    for field in msgspec.structs.fields(record):
        name, wire = field.name, field.encode_name
        kind, many = _bare(field.type)
        if name in _OF_WRITES:
            continue
        if kind in _KINDS:
            yield Field(name, wire, _KINDS[kind])
        elif many:
            if lists and kind not in inside:
                parts = tuple(_fields(kind, (*inside, kind), lists=not _own_id(kind)))
                yield Field(name, wire, None, parts, True, kind)
        elif own_id := _own_id(kind):
            yield Field(name, wire, None, tuple(_naming(kind, own_id)), False, kind)
        elif kind not in inside:
            parts = tuple(_fields(kind, (*inside, kind), lists=lists))
            yield Field(name, wire, None, parts, False, kind)


def _naming(record: type[Model], own_id: str) -> Iterator[Field]:
    names = {own_id, f"{own_id.removesuffix('_id')}_number"} | _NAMING
    if "name" not in record.__struct_fields__:
        names |= _NAMES_OF_PEOPLE
    return (field for field in _fields(record, (record,), lists=False) if field.kind and field.name in names)


@cache
def _own_id(record: type[Model]) -> str:
    """The name of the id of a record that is more than a part of others; empty for parts."""
    try:
        envelope_of(record)
    except LookupError:
        return ""
    names = {field.encode_name: field.name for field in msgspec.structs.fields(record)}
    return names.get(f"{record.__name__}ID", "")


# A type as it stands in an annotation has itself no type that says more than Any.
def _bare(kind: Any) -> tuple[Any, bool]:
    """A type without `Annotated` and None, and whether it comes in a list of structs; open enums are plain text."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return (str, False) if str in options else _bare(options[0])
    if get_origin(kind) is list and kind not in _KINDS:
        return _bare(get_args(kind)[0])[0], True
    return kind, False


# -- flat tables ----------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column."""

    name: str
    kind: Kind


class Flat(NamedTuple):
    """A table of plain columns: a resource, or what comes in a list of its records."""

    name: str
    keys: tuple[Column, ...]
    """What tells its rows apart: the record's id, then a position for each list on the way."""
    columns: tuple[Column, ...]
    """All others, in the order in which `explode` gives them."""
    fields: tuple[Field, ...]
    children: tuple[tuple[tuple[str, ...], Flat], ...]
    """The tables below, each with the names of the fields that lead to its list."""

    @property
    def all(self) -> tuple[Column, ...]:
        """The columns of a row."""
        return self.keys + self.columns

    def tables(self) -> Iterator[Flat]:
        """This table and all below it."""
        yield self
        for _, child in self.children:
            yield from child.tables()


ROW = "row"
"""The key of records that have no id: their place in the draw, from 0."""


@cache
def flat(resource: str, record: type[Model], id_name: str) -> Flat:
    """The table of a resource, with its child tables. `id_name` is the wire name of its id; without one rows count."""
    fields = shape(record)
    ids = [field for field in fields if field.wire == id_name]
    key = Column(ids[0].name, "text") if ids else Column(ROW, "integer")
    return _flat(resource, "", (key,), tuple(field for field in fields if field not in ids))


def _flat(resource: str, inside: str, keys: tuple[Column, ...], fields: tuple[Field, ...]) -> Flat:
    taken = {"tenant_id", *(key.name for key in keys)}
    columns: list[Column] = []
    # Plain fields of the record itself have the first claim on their names.
    for prefix, field in _in_row(fields, ""):
        full = _unique(prefix, field.name, taken, inside)
        taken.add(full)
        columns.append(Column(full, cast("Kind", field.kind)))
    children: list[tuple[tuple[str, ...], Flat]] = []
    for path, field in _lists(fields, ()):
        below = "_".join((inside, *path) if inside else path)
        above = (*keys[:-1], Column(f"{inside}_position", "integer")) if inside else keys
        children.append((path, _flat(resource, below, (*above, Column("position", "integer")), field.fields)))
    return Flat(f"{resource}_{inside}" if inside else resource, keys, tuple(columns), fields, tuple(children))


def _in_row(fields: tuple[Field, ...], prefix: str) -> Iterator[tuple[str, Field]]:
    yield from ((prefix, field) for field in fields if field.kind)
    for field in fields:
        if not field.kind and not field.many:
            yield from _in_row(field.fields, f"{prefix}_{field.name}" if prefix else field.name)


def _lists(fields: tuple[Field, ...], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Field]]:
    for field in fields:
        if field.many:
            yield (*path, field.name), field
        elif not field.kind:
            yield from _lists(field.fields, (*path, field.name))


def _unique(prefix: str, name: str, taken: set[str], inside: str) -> str:
    full = name if not prefix or name.startswith(f"{prefix}_") else f"{prefix}_{name}"
    return full if full not in taken else f"{prefix or inside}__{name}"


Key: TypeAlias = tuple[object, ...]
Values: TypeAlias = Sequence[object]


def explode(
    table: Flat, keys: Sequence[Key], records: Sequence[Model], as_kind: Mapping[Kind, Callable[[Any], object]]
) -> Iterator[tuple[Flat, list[Values]]]:
    """The columns of a table and of all below it, each as the values of all rows; `as_kind` turns values of a kind.

    `keys` holds each record's own, without which its children could not be found.
    """
    if records:
        values = _columns(table.fields, records)
        turned = [
            [None if value is None else turn(value) for value in column] if (turn := as_kind.get(kind)) else column
            for (_, kind), column in zip(table.columns, values, strict=True)
        ]
        yield table, [*zip(*keys, strict=True), *turned]
    for path, child in table.children:
        inner_keys: list[Key] = []
        items: list[Model] = []
        for key, record in zip(keys, records, strict=True):
            if found := _reach(record, path):
                items += found
                inner_keys += [(*key, position) for position in range(len(found))]
        if items:
            yield from explode(child, inner_keys, items, as_kind)


def _reach(record: object, path: tuple[str, ...]) -> list[Model] | None:
    for name in path:
        record = getattr(record, name, None)
    return cast("list[Model] | None", record)


def _columns(fields: tuple[Field, ...], records: Sequence[Model]) -> Iterator[Values]:
    """The columns of what is in the row, in the order of `_in_row`."""
    # A column at a time: a tuple for each record would keep the garbage collector busy.
    yield from (list(map(attrgetter(field.name), records)) for field in fields if field.kind)
    for field in fields:
        if not field.kind and not field.many:
            nothing = cast("type[Model]", field.record)()
            inner = [getattr(record, field.name) or nothing for record in records]
            yield from _columns(field.fields, inner)


# -- values as text -------------------------------------------------------------------------------------------------


def plain_digits(amount: Decimal) -> str:
    """All digits of an amount, those at the end too, without an exponent where it would be short: `0.0000000000`."""
    text = str(amount)
    return text if "E-" not in text or len(text) > _LONG or amount.adjusted() < -_LONG else format(amount, "f")


_LONG = 60


def _iso(value: date | datetime) -> str:
    return value.isoformat()


def _json(value: Iterable[str]) -> str:
    return msgspec.json.encode(value).decode()


# Instants keep their +00:00: the texts of instants with and without a fraction then sort as the instants do.
AS_TEXT: dict[Kind, Callable[[Any], object]] = {"decimal": plain_digits, "day": _iso, "moment": _iso, "texts": _json}
"""How values become text where a sink has no type for them."""
