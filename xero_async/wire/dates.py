"""Xero's dates, read exactly.

A date comes as milliseconds since 1970 in UTC, `/Date(1439434356790+0000)/`; the offset, where there is one, tells in
which zone it was written and does not move the instant. Some fields carry ISO 8601 instead. A field that holds a day
holds midnight UTC of that day, so the day is read in UTC and never shifts with the zone of the process.

Days repeat a great deal within an export, so they sit behind a bounded memo; instants hardly ever do. Both have a fast
path for the common form, and leave all others to one careful reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from ..models import Date

__all__ = ["parse_date"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_from_timestamp = datetime.fromtimestamp
_MILLISECONDS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_MEMO = 1 << 14


def parse_date(kind: type, raw: Any) -> date | datetime:
    """A `date` or an aware `datetime` in UTC, as the marker type `kind` says; a ValueError for anything else.

    It has the shape of a msgspec `dec_hook`.
    """
    try:
        if kind is Date:
            return _day(raw)
        # 13 digits below 4 are the years 2001 to 2096, in which a float tells milliseconds apart without fail.
        if raw[:6] == "/Date(" and raw[19:] == "+0000)/":
            digits = raw[6:19]
            if digits < "4" and digits.isdecimal():
                return _from_timestamp(int(digits) / 1000, UTC)
        return _read(raw)
    except (TypeError, LookupError):
        raise ValueError("a date is text") from None


def _read_day(raw: str) -> date:
    # ISO names its day outright, whatever zone is written behind it.
    return date.fromisoformat(raw[:10]) if _ISO.fullmatch(raw) else _read(raw).date()


_day: Callable[[str], date] = lru_cache(_MEMO)(_read_day)


def _read(raw: str) -> datetime:
    """Any form of Xero's, as an instant in UTC; ISO without a zone is UTC."""
    try:
        if match := _MILLISECONDS.fullmatch(raw):
            days, rest = divmod(int(match[1]), _DAY)
            return _EPOCH + timedelta(days, 0, rest * 1000)
        if not _ISO.fullmatch(raw):
            raise ValueError("not a date of Xero's")
        moment = datetime.fromisoformat(raw)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date beyond the years 1 to 9999") from None
