"""What Xero's API description says of its 239 operations and 140 schemas: names and numbers.

The package is held against these tables; nothing here is made from the package. `uuid`, `msdate` and `msdate-time` are
the description's own words: an id, a day, and an instant in Xero's notation of milliseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
from msgspec import Struct

__all__ = ["ENUMS", "OPERATIONS", "SCHEMAS", "OperationFact", "Property"]


class OperationFact(Struct, frozen=True):
    """One operation; its parameters as name and type, by where they go."""

    method: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    sends: str | None
    """The schema of the body, `bytes`, or None."""
    returns: str | None
    scopes: tuple[str, ...]
    """Xero's older, broad scopes; for a few reports a newer one as well."""


class Property(Struct, frozen=True, rename="camel"):
    """One property of a schema."""

    type: str
    enum: tuple[str, ...] = ()
    max: int | None = None
    read_only: bool = False


def _read(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def _property(fact: object) -> Property:
    return Property(fact) if isinstance(fact, str) else msgspec.convert(fact, Property)


_SCHEMAS: dict[str, object] = msgspec.json.decode(_read("schemas.json"))

OPERATIONS = msgspec.json.decode(_read("operations.json"), type=dict[str, OperationFact])
"""By their ids."""

ENUMS = {name: tuple(cast("list[str]", fact)) for name, fact in _SCHEMAS.items() if isinstance(fact, list)}
"""The values of the enums that have a name."""

SCHEMAS = {
    name: {wire: _property(of) for wire, of in cast("dict[str, object]", fact).items()}
    for name, fact in _SCHEMAS.items()
    if isinstance(fact, dict)
}
"""The properties of each schema, by Xero's names."""
