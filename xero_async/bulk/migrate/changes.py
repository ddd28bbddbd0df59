"""What became of the fields of a record: all that is not in the new one as it was in the old is a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec
from msgspec import Struct

from ...models import Model

__all__ = ["Change", "Place", "Stray", "Weight", "changed", "leaves"]

Weight: TypeAlias = Literal["plain", "look", "money"]
"""Whether a change goes without saying, is to be looked at, or is about amounts."""


class Place(Struct, frozen=True):
    """Where a record stands in an archive."""

    file: str
    position: int
    """Among the records of its file, from 1."""
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class Change(Struct, frozen=True):
    """A field that is not what it was."""

    field: str
    """v1's path of it, such as `LineItems[2].TaxType`."""
    was: str
    now: str
    """Empty where it is left out."""
    why: str
    rule: str = ""
    """The business rule of v1, such as `invoice 10`."""
    weight: Weight = "plain"


class Stray(Struct, frozen=True):
    """An element for which today's records have no field."""

    path: str
    text: str


def changed(field: str, was: object, now: object, why: str, rule: str = "", weight: Weight = "plain") -> Change:
    """A change of one value into another; None is nothing."""
    return Change(field, _shown(was), _shown(now), why, rule, weight)


def _shown(value: object) -> str:
    return "" if value is None else str(value)


_BY: Final = ("AddressType", "PhoneType")
"""What tells the items of a list apart, rather than their places."""


def leaves(record: Model | None, path: str = "") -> dict[str, str]:
    """The values of a record as text, by their paths; what is empty is left out."""
    # Numbers as text, so that none loses a digit.
    plain: object = None if record is None else msgspec.to_builtins(record)
    return {place: text for place, text in _leaves(plain, path) if text.strip()}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # Any: what JSON may hold
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        for name, part in fields.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from _items(cast("Iterable[Any]", value), path)
    elif value is not None:
        yield path, str(value)


def _items(items: Iterable[Any], path: str) -> Iterator[tuple[str, str]]:
    for at, item in enumerate(items):
        mapped: Mapping[str, Any] = cast("Mapping[str, Any]", item) if isinstance(item, Mapping) else {}
        named = next((str(mapped[name]) for name in _BY if mapped.get(name)), str(at))
        yield from _leaves(item, f"{path}[{named}]")
