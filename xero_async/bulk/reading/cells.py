"""What a cell holds: exact numbers, days that cannot be read another way, codes for names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct

from ...wire.errors import InvalidArgument
from .columns import Column, Named
from .shapes import Kind

__all__ = ["Cell", "Reading", "Unreadable", "read_cell"]


class Reading(Struct, frozen=True, kw_only=True):
    """What a file does not say of itself. Raises `InvalidArgument` for an encoding that there is not."""

    dates: Literal["iso", "dmy", "mdy"] = "iso"
    """How dates are written: `2026-01-31`, `31/01/2026` or `01/31/2026`. ISO is always read."""
    decimal_comma: bool = False
    """Whether numbers are written `1234,50`."""
    encoding: str = "utf-8"
    tax_types: Mapping[str, str] | None = None
    """Xero's codes of tax rates by the names that the templates have, such as `20% (VAT on Income)`."""
    branding_themes: Mapping[str, str] | None = None
    """Ids of branding themes by name."""
    batches: int = 500
    """Rows of a Parquet file that are in memory at a time."""

    def __post_init__(self) -> None:
        try:
            "".encode(self.encoding)
        except LookupError:
            raise InvalidArgument("there is no such encoding: utf-8 and cp1252 are the usual ones") from None


Cell: TypeAlias = str | Decimal | int | bool | date | datetime
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Unreadable(Exception):
    """What is wrong with a cell, and what to do."""


def read_cell(text: str, column: Column, reading: Reading) -> Cell:
    """The value of a cell that is not blank. Raises `Unreadable`."""
    if column.names is not None:
        return _named(text, column.names, reading)
    read = _READERS.get(column.kind)
    return text if read is None else read(text, reading)


def _number(text: str, reading: Reading) -> Decimal:
    plain = text.replace("\u2212", "-")
    if reading.decimal_comma:
        if "." in plain and "," not in plain:
            raise Unreadable("has a point, while the file is said to have decimal commas: write it like 1234,50")
        plain = plain.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not (plain.isascii() and _NUMBER.fullmatch(plain)):
        raise Unreadable(
            "a comma in a number may mean two things: write it like 1234.50, or say that commas are decimal"
            if "," in plain
            else "is no number: write it like 1234.50, without a currency"
        )
    return Decimal(plain)


def _day(text: str, reading: Reading) -> date:
    try:
        if match := _SLASHED.fullmatch(text):
            if reading.dates == "iso":
                raise Unreadable("day and month may be either way round: write 2026-01-31, or say which comes first")
            first, second, year = (int(part) for part in match.groups())
            return date(year, second, first) if reading.dates == "dmy" else date(year, first, second)
        return date.fromisoformat(text[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]00:00(:00)?", text) else text)
    except ValueError:
        raise Unreadable("is no date: write it like 2026-01-31") from None


def _moment(text: str, _: Reading) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("is no moment: write it like 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        raise Unreadable("has no time zone: write it like 2026-01-31T12:00:00Z")
    return moment


def _whole(text: str, _: Reading) -> int:
    if not (text.isascii() and re.fullmatch(r"-?\d{1,18}", text)):
        raise Unreadable("is no whole number")
    return int(text)


def _flag(text: str, _: Reading) -> bool:
    if text.casefold() not in _FLAGS:
        raise Unreadable("is neither true nor false")
    return _FLAGS[text.casefold()]


_READERS: dict[Kind, Callable[[str, Reading], Cell]] = {
    "number": _number,
    "day": _day,
    "moment": _moment,
    "whole": _whole,
    "flag": _flag,
}


def _named(text: str, names: Named, reading: Reading) -> str:
    """A code or an id, for what may be written as a name."""
    if names == "tax_types":
        # What is no name of a rate is taken for its code, which the checks know.
        return (reading.tax_types or {}).get(text, text)
    if _GUID.fullmatch(text):
        return text
    found = (reading.branding_themes or {}).get(text)
    if found is None:
        raise Unreadable("the organisation has no branding theme of this name: write its BrandingThemeID")
    return found
