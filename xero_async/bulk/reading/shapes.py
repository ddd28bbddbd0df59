"""The models as a reader sees them: which names there are, and what each of them holds.

Types come from `msgspec.inspect`. A field is a scalar, a struct, or a list of structs; lists of anything else are not
found in what is created.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias, cast

from msgspec import Struct, inspect

from ...models import Date, DateTime, Model
from .located import did_you_mean

__all__ = ["Field", "Kind", "fields_of", "stranger"]

Kind: TypeAlias = Literal["text", "number", "whole", "flag", "day", "moment", "struct", "list", "other"]

_SCALARS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: "text",
    inspect.DecimalType: "number",
    inspect.FloatType: "number",
    inspect.IntType: "whole",
    inspect.BoolType: "flag",
    inspect.UUIDType: "text",
}


class Field(Struct, frozen=True):
    """What a name holds."""

    kind: Kind
    record: type[Model] | None = None
    """What a struct is, or each element of a list."""


@cache
def fields_of(record: type[Model]) -> Mapping[str, Field]:
    """The fields of a record by Xero's names."""
    info = cast("inspect.StructType", inspect.type_info(record))
    return {field.encode_name: _field(field.type) for field in info.fields}


def _field(info: inspect.Type) -> Field:
    for option in _options(info):
        if kind := _SCALARS.get(type(option)):
            return Field(kind)
        if isinstance(option, inspect.CustomType):
            return Field("day" if option.cls is Date else "moment" if option.cls is DateTime else "other")
        if isinstance(option, inspect.StructType):
            return Field("struct", cast("type[Model]", option.cls))
        if isinstance(option, inspect.ListType):
            inner = _field(option.item_type)
            return Field("list", inner.record) if inner.record is not None else Field("other")
    return Field("other")


def _options(info: inspect.Type) -> Iterator[inspect.Type]:
    """A type without marks and without None; of an open list of codes, the text."""
    if isinstance(info, inspect.Metadata):
        yield from _options(info.type)
    elif isinstance(info, inspect.UnionType):
        for option in info.types:
            yield from _options(option)
    elif not isinstance(info, inspect.NoneType | inspect.LiteralType):
        yield info


def stranger(raw: object, record: type[Model], path: str = "") -> str | None:
    """The first name in a document that the record does not have, with what may have been meant; None for none.

    Xero writes each date a second time as text (`DateString`), and such a name is no stranger.
    """
    if not isinstance(raw, dict):
        return None
    fields = fields_of(record)
    for name, value in cast("dict[str, object]", raw).items():
        place = f"{path}{name}"
        if (field := fields.get(name)) is None:
            if name.removesuffix("String") in fields:
                continue
            return f"there is no field {place}{did_you_mean(name, fields)}"
        if field.record is None:
            continue
        inner = cast("list[object]", value) if isinstance(value, list) else [value]
        for index, each in enumerate(inner):
            if found := stranger(each, field.record, f"{place}[{index}]." if field.kind == "list" else f"{place}."):
                return found
    return None
