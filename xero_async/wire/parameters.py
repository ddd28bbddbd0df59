"""Parameters of an operation: a struct in, a query string and headers out.

The constructor of a parameter struct is the keyword list of a coroutine. Its field names are Python's, its encoded
names Xero's. What cannot be right is refused here, before anything is sent. Parameters left at their default are not
sent, unless the struct says that they always are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import ClassVar, cast
from urllib.parse import quote
from uuid import UUID

from msgspec import NODEFAULT, Struct
from msgspec.structs import astuple, fields

from ..models import Model
from .errors import InvalidArgument
from .where import Condition

__all__ = ["MAX_PAGE_SIZE", "Parameters", "render", "segment"]

# https://developer.xero.com/documentation/api/accounting/requests-and-responses/#retrieving-a-page-of-resources
MAX_PAGE_SIZE = 1000

HEADERS = frozenset({"If-Modified-Since", "Idempotency-Key", "contentType", "Content-Type"})


class Parameters(Struct, frozen=True, kw_only=True):
    """The query and header parameters of an operation."""

    always: ClassVar[frozenset[str]] = frozenset()
    """Xero's names of parameters that are sent at their default as well."""


def render(parameters: Parameters, record: type[Model] | None = None) -> tuple[str, dict[str, str]]:
    """The query string, without its question mark, and the headers. Raises `InvalidArgument`.

    A filter that was built is checked against the model of the records that it is about.
    """
    query: list[str] = []
    headers: dict[str, str] = {}
    for value, (name, wire, default) in zip(astuple(parameters), _fields(type(parameters)), strict=True):
        if value is None and default is None:
            continue
        if default is NODEFAULT and not value:
            raise InvalidArgument(f"{name} cannot be empty")
        if value is None or (value == default and wire not in parameters.always):
            continue
        text = value.text(record) if isinstance(value, Condition) else _text(name, value)
        if wire in HEADERS:
            headers[wire] = _header(name, text)
        elif text:
            query.append(f"{wire}={_quote(name, text, safe=',')}")
    return "&".join(query), headers


@lru_cache(256)
def _fields(kind: type[Parameters]) -> list[tuple[str, str, object]]:
    return [(field.name, field.encode_name, field.default) for field in fields(kind)]


def segment(name: str, value: object) -> str:
    """A value of a path parameter, percent-encoded.

    Raises `InvalidArgument` for what would lead to another URL or to none. File names take more characters than ids do.
    """
    if value is None:
        raise InvalidArgument(f"{name} is missing: the record that it was taken from has none")
    if type(value) is int and name.endswith("Number"):
        return str(value)
    if not isinstance(value, (str, UUID)):
        raise InvalidArgument(f"{name} is text or a UUID, not a {type(value).__name__}")
    text = str(value)
    refused = _NOT_IN_FILE_NAMES if name == "FileName" else _NOT_IN_IDS
    if not text.strip() or text in {".", ".."} or refused.search(text):
        raise InvalidArgument(f"{name} cannot be empty, a dot, or hold any of {_SHOWN[refused]}")
    return _quote(name, text)


# https://developer.xero.com/documentation/api/accounting/attachments/ names what a file name may not hold.
_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_NOT_IN_IDS = re.compile(r"[/\\?#%\x00-\x1f\x7f]")
_SHOWN = {
    _NOT_IN_FILE_NAMES: '< > : " / \\ | ? * and control characters',
    _NOT_IN_IDS: "/ \\ ? # % and control characters; a number with such a character is found by a list filter",
}


def _text(name: str, value: object) -> str:
    if check := _CHECKS.get(name):
        check(value)
    if type(value) is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _utc(name, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (str, int, UUID)):
        return str(value)
    if isinstance(value, Collection):
        if not value:
            raise InvalidArgument(f"{name} is empty, and would filter by nothing: leave it out if that is meant")
        return ",".join(_item(name, item) for item in cast("Collection[object]", value))
    raise InvalidArgument(f"{name} cannot be a {type(value).__name__}")


def _quote(name: str, text: str, safe: str = "") -> str:
    if text.isalnum() and text.isascii():
        return text
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name} holds half of a character pair, which is no text") from None


def _header(name: str, text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise InvalidArgument(f"{name} goes into a header and takes printable ASCII characters alone")
    return text


def _item(name: str, item: object) -> str:
    text = str(item)
    if not isinstance(item, (str, UUID)) or not text or "," in text:
        raise InvalidArgument(f"{name} is a list of texts or UUIDs, none of them empty or with a comma")
    return text


def _utc(name: str, moment: datetime) -> str:
    """Whole seconds of UTC, as Xero reads `If-Modified-Since`."""
    if moment.utcoffset() is None:
        raise InvalidArgument(f"{name} has no time zone: give an aware datetime, such as datetime.now(UTC)")
    try:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except OverflowError:
        raise InvalidArgument(f"{name} is beyond the years 1 to 9999 in UTC") from None


def _check_page(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidArgument("page counts from 1")


def _check_page_size(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PAGE_SIZE:
        raise InvalidArgument(f"page_size is from 1 to {MAX_PAGE_SIZE}")


def _check_unitdp(value: object) -> None:
    if value not in (2, 4):
        raise InvalidArgument("unitdp is 2 or 4")


def _check_modified_since(value: object) -> None:
    if not isinstance(value, datetime):
        raise InvalidArgument("modified_since is an aware datetime")


_CHECKS = {
    "page": _check_page,
    "page_size": _check_page_size,
    "unitdp": _check_unitdp,
    "modified_since": _check_modified_since,
}
