"""Xero's filter language, built from Python.

    F.status.in_("DRAFT", "PAID") & (F.date >= date(2026, 1, 1)) & (F.contact.id == guid)

gives `(Status=="DRAFT" OR Status=="PAID") AND Date>=DateTime(2026, 01, 01) AND Contact.ContactID==Guid("…")`. `F` has
every name; which names a record really has is checked against its model when the filter is used, before anything is
sent. Xero documents no way to put a double quote into text, so one is refused. It knows no NOT, and neither does this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from msgspec import Struct
from msgspec.structs import fields

from ..models import Model, wire_name
from .errors import InvalidArgument

__all__ = ["Condition", "F", "Field", "Value"]

Value: TypeAlias = str | int | bool | Decimal | date | datetime | UUID | None
"""What a field can be compared with; datetimes must be aware, and are cut to whole seconds of UTC."""


class Condition:
    """A filter. `&` and `|` join two; `str` gives Xero's text."""

    def __init__(self, write: Callable[[type[Model] | None], str]) -> None:
        self._write = write

    def text(self, record: type[Model] | None = None) -> str:
        """Xero's text. With a model, names are checked against it: raises `InvalidArgument` for one that it lacks."""
        return self._write(record)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Condition {self}>"

    def __and__(self, other: Condition) -> Condition:
        return _Joined("AND", self, other)

    def __or__(self, other: Condition) -> Condition:
        return _Joined("OR", self, other)

    def __bool__(self) -> bool:
        raise InvalidArgument("join conditions with & and |, each in brackets; and, or and a < b < c cannot be sent")

    def parts(self, joint: str) -> list[Condition]:
        """The conditions that this one joins in a way; itself alone, if in none or another."""
        return [self]


class _Joined(Condition):
    """Conditions that are joined alike: a chain of any length is one list, and no deep nest of brackets."""

    def __init__(self, joint: str, *conditions: Condition) -> None:
        self._joint = joint
        self._parts = [part for condition in conditions for part in condition.parts(joint)]
        super().__init__(self._join)

    def _join(self, record: type[Model] | None) -> str:
        text = f" {self._joint} ".join(part.text(record) for part in self._parts)
        # AND binds tighter.
        return f"({text})" if self._joint == "OR" else text

    def parts(self, joint: str) -> list[Condition]:
        """The conditions that this one joins."""
        return self._parts if joint == self._joint else [self]


class Field:
    """A field of a record, or of a record in it: `F.contact.name`."""

    __hash__ = None  # type: ignore[assignment]  # equality makes a condition, so fields cannot be keys

    def __init__(self, *path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return Field(*self._path, name)

    def __repr__(self) -> str:
        return ".".join(("F", *self._path))

    def __eq__(self, value: Value) -> Condition:  # type: ignore[override]  # the point of a builder
        return self._compare("==", value)

    def __ne__(self, value: Value) -> Condition:  # type: ignore[override]  # likewise
        return self._compare("!=", value)

    def __lt__(self, value: Value) -> Condition:
        return self._compare("<", value)

    def __le__(self, value: Value) -> Condition:
        return self._compare("<=", value)

    def __gt__(self, value: Value) -> Condition:
        return self._compare(">", value)

    def __ge__(self, value: Value) -> Condition:
        return self._compare(">=", value)

    def in_(self, *values: Value) -> Condition:
        """Equal to one of some values. Raises `InvalidArgument` for none."""
        if not values:
            raise InvalidArgument(f"{self!r}.in_() wants at least one value")
        first, *others = (self == value for value in values)
        return _Joined("OR", first, *others) if others else first

    def contains(self, text: str) -> Condition:
        """Text with this in it."""
        return self._call("Contains", text)

    def starts_with(self, text: str) -> Condition:
        """Text that begins with this."""
        return self._call("StartsWith", text)

    def ends_with(self, text: str) -> Condition:
        """Text that ends with this."""
        return self._call("EndsWith", text)

    def _compare(self, sign: str, value: Value) -> Condition:
        shown = _shown(value)
        return Condition(lambda record: _comparison(_name(self._path, record), sign, value, shown))

    def _call(self, function: str, text: str) -> Condition:
        shown = _quoted(text)
        return Condition(lambda record: f"{_name(self._path, record)}.{function}({shown})")


F: Final = Field()
"""Where every filter begins."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _comparison(name: str, sign: str, value: Value, shown: str) -> str:
    # Ids are text in a record, but another type in the filter language.
    is_id = name.endswith("ID") and isinstance(value, str) and _GUID.fullmatch(value)
    return f"{name}{sign}Guid({shown})" if is_id else f"{name}{sign}{shown}"


def _shown(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return _date_time(*_utc(value).timetuple()[:6])
    if isinstance(value, date):
        return _date_time(value.year, value.month, value.day)
    if isinstance(value, UUID):
        return f'Guid("{value}")'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance] - programs without types
        raise InvalidArgument(f"a filter cannot compare with a {type(value).__name__}; numbers are int or Decimal")
    if value.is_finite():
        return f"{value:f}"
    raise InvalidArgument("a number in a filter is finite")


def _date_time(year: int, *rest: int) -> str:
    # strftime leaves the zeros out of early years.
    return f"DateTime({', '.join([f'{year:04}', *(f'{part:02}' for part in rest)])})"


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise InvalidArgument("a datetime in a filter has no time zone: give an aware one")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument("a datetime in a filter is within the years 1 to 9999 in UTC") from None


def _quoted(text: str) -> str:
    if '"' in text:
        raise InvalidArgument("Xero documents no way to put a double quote into a filter: search for a part without it")
    return f'"{text}"'


def _name(path: tuple[str, ...], record: type[Model] | None) -> str:
    if not path:
        raise InvalidArgument("F is no field by itself: name one, such as F.status")
    return ".".join(_named(path, record) if record else _guessed(path))


def _guessed(path: tuple[str, ...]) -> Iterator[str]:
    for before, name in zip(("", *path), path, strict=False):
        yield wire_name(f"{before}_id" if name == "id" and before else name)


def _named(path: tuple[str, ...], record: type[Model]) -> Iterator[str]:
    kind: Any = record
    for name in path:
        known = {field.name: field for field in fields(kind)} if _is_struct(kind) else {}
        field = known.get(name) or (known.get(_own_id(kind)) if name == "id" else None)
        if field is None:
            raise InvalidArgument(f"{record.__name__} has no field {'.'.join(path)} to filter by")
        yield field.encode_name
        kind = _inner(field.type)


def _own_id(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() + "_id"


def _inner(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(_inner(option) for option in get_args(kind) if option is not type(None))
    return kind


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
