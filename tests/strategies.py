"""Hypothesis strategies for records, built from the types of their fields."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from xero_async.models import Date, DateTime

__all__ = ["decimals", "records"]

FIELDS = 6
"""The most fields that are set in one record: examples stay small, and every field still gets its turn."""

# JSON writes a whole minus nothing as -0, which reads as 0; with a point behind it, its sign is kept.
decimals: st.SearchStrategy[Decimal] = (
    st.decimals(allow_nan=False, allow_infinity=False)
    | st.from_regex(r"-?(0|[1-9]\d{0,40})(\.\d{1,40})?", fullmatch=True).map(Decimal)
).filter(lambda amount: str(amount) != "-0")
"""Any finite Decimal, those with many digits or zeros at the end among them."""

_SIMPLE: dict[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Decimal: decimals,
    Date: st.dates(),
    DateTime: st.datetimes(timezones=st.just(UTC)),
}


@st.composite
def records(draw: st.DrawFn, kind: type[Struct], depth: int = 2) -> Struct:
    """A record with some of its fields set, and others nested in it down to a depth."""
    types = {field.name: field.type for field in fields(kind)}
    names = draw(st.sets(st.sampled_from(sorted(types)), max_size=FIELDS))
    return kind(**{name: draw(_values(types[name], depth)) for name in sorted(names)})


# A type as it stands in an annotation has itself no type that says more than Any.
def _values(kind: Any, depth: int) -> st.SearchStrategy[object]:
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin: Any = get_origin(kind)
    if origin is Annotated:
        return _values(get_args(kind)[0], depth)
    if origin is Literal:
        return st.sampled_from(get_args(kind))
    if origin in (Union, UnionType):
        return st.one_of([_values(option, depth) for option in get_args(kind) if option is not type(None)])
    if origin is list:
        return st.lists(_values(get_args(kind)[0], depth), max_size=2 if depth else 0)
    return records(cast("type[Struct]", kind), depth - 1) if depth else st.none()
