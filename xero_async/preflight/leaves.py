"""What holds for a single field, whatever record it is in: lengths, GUIDs, listed values, numbers, days, currencies.

Which of these a field has follows from its type in the models: a mark of its length, the values that are listed for it,
a name that ends in `_id`. A check looks at one value and gives nothing, or the row that is broken and what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from ..models import CurrencyCode, Date, MaxLength
from .findings import Ground, Severity
from .numbers import number_of

__all__ = ["GUID", "LEAVES", "Check", "Leaf", "check_of", "is_guid", "plain_guid"]


class Leaf(NamedTuple):
    """A rule about single fields, as a row."""

    name: str
    condition: str
    message: str
    severity: Severity = "error"


LENGTH: Final = Leaf("length", "text is no longer than Xero keeps", "has more than {} characters: shorten it")
GUID: Final = Leaf(
    "guid", "ids are GUIDs", "is not a GUID such as 00000000-0000-0000-0000-000000000000: send Xero's own id, or none"
)
VALUE: Final = Leaf("value", "a field with listed values has one of them", "is none of {}: use one of these")
NUMBER: Final = Leaf(
    "number", "numbers are finite and below 10^12", "is not a number below 10^12: send a finite Decimal"
)
UNREAD: Final = NUMBER._replace(condition="totals, which Xero works out itself, are below 10^12", severity="warning")
DATE: Final = Leaf("date", "days are dates", "is not a day: send a date, such as moment.date()")
CURRENCY: Final = Leaf(
    "currency",
    "currencies have their code of ISO 4217",
    "is not the code of a currency, such as NZD: send its three letters",
)
SUBSCRIBED: Final = Leaf(
    "currency",
    "the organisation has switched on the currency",
    "is a currency that the organisation has not switched on: add it in Xero first",
)
LEAVES: Final = (LENGTH, GUID, VALUE, NUMBER, UNREAD, DATE, CURRENCY, SUBSCRIBED)

Check: TypeAlias = Callable[[Any, Ground], tuple[Leaf, str] | None]
"""Looks at a value that is there. Any: a field may hold what its type does not allow."""

# Also without its hyphens, as some clients send it.
_GUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}"
)
# What Xero reads as a day: ISO 8601, zeros or not, or milliseconds since 1970.
_DAY: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_MS: Final = re.compile(r"/Date\(-?\d{1,14}(?:[+-]\d{4})?\)/", re.ASCII)
CURRENCIES: Final = frozenset(cast("tuple[str, ...]", get_args(get_args(CurrencyCode)[0])))


def is_guid(value: object) -> bool:
    """Whether a value is a GUID that Xero can read."""
    return type(value) is str and _GUID.fullmatch(value) is not None


def plain_guid(guid: str) -> str:
    """A GUID in the one form in which two can be compared."""
    return guid.lower().replace("-", "")


def check_of(
    name: str, kind: Any, *, limit: int = 0, values: tuple[str, ...] = (), unread: bool = False
) -> Check | None:
    """The check of a field by its name and its type; None where it can hold nothing wrong.

    `limit` and `values` stand in for what the type says of its length and of its values; an `unread` field is one that
    Xero takes whatever it holds.
    """
    if name in ("currency_code", "default_currency"):
        return _currency if name == "currency_code" else _currency_text
    bare, marked, listed = _parts(kind)
    if bare is Decimal or bare is int:
        return _unread_number if unread else _number
    if bare is Date:
        return _day
    if bare is not str:
        return None
    if values or listed:
        return _listed(values or listed)
    if name.endswith("_id"):
        return _guid
    return _length(limit or marked) if limit or marked else None


def _parts(kind: Any) -> tuple[Any, int, tuple[str, ...]]:
    """A field's type without its wrapping, the length that is marked, and the values that are listed."""
    limit, listed, bare = 0, (), kind
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    for option in options:
        if get_origin(option) is Annotated:
            bare, *marks = get_args(option)
            limit = next((mark.characters for mark in marks if isinstance(mark, MaxLength)), limit)
        elif get_origin(option) is Literal:
            listed = get_args(option)
        elif option is not type(None):
            bare = option
    return bare, limit, listed


def _length(limit: int) -> Check:
    found = (LENGTH, str(limit))

    def check(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
        return found if type(value) is str and len(value) > limit else None

    return check


def _listed(values: tuple[str, ...]) -> Check:
    known = frozenset(values)
    folded = frozenset(value.lower() for value in values)
    found = (VALUE, ", ".join(value or '""' for value in values))

    def check(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
        # Xero does not mind the case.
        return None if value in known or str(value).lower() in folded else found

    return check


def _guid(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    return None if _GUID.fullmatch(value if type(value) is str else str(value)) else (GUID, "")


def _number(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    return (NUMBER, "") if number_of(value) is None else None


def _unread_number(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    if number_of(value) is not None:
        return None
    # Not even JSON could hold it.
    return (UNREAD if isinstance(value, Decimal) and value.is_finite() else NUMBER, "")


def _day(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    if type(value) is date or (type(value) is str and _is_day(value)):
        return None
    return None if isinstance(value, date) and not isinstance(value, datetime) else (DATE, "")


def _is_day(text: str) -> bool:
    if _MS.fullmatch(text):
        return True
    if not (found := _DAY.fullmatch(text)):
        return False
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def _currency(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    known = CURRENCIES if ground.currencies is None else ground.currencies
    if value in known or not value:
        return None
    code = str(value).upper()
    if code in known:
        return None
    return (SUBSCRIBED if code in CURRENCIES else CURRENCY, "")


def _currency_text(value: Any, ground: Ground) -> tuple[Leaf, str] | None:
    """The default currency of a contact: Xero looks at it only when it makes a document."""
    found = _currency(value, ground)
    return (found[0]._replace(severity="warning"), "") if found and len(str(value)) <= 3 else found
