"""Xero's dates, read exactly.

A date comes as milliseconds since 1970 in UTC, `/Date(1439434356790+0000)/`; the offset, where there is one, tells in
which zone it was written and does not move the instant. Some fields carry ISO 8601 instead. A field that holds a day
holds midnight UTC of that day, so the day is read in UTC and never shifts with the zone of the process.

Values repeat a great deal within an export (due dates above all), so the parser sits behind a bounded memo.
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
_EPOCH_ORDINAL = _EPOCH.toordinal()
_DAY = 86_400_000
_MILLISECONDS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
MEMO = 1 << 16


def _parse(kind: type, raw: object) -> date | datetime:
    """A `date` or an aware `datetime` in UTC, as the marker type `kind` says; a ValueError for anything else.

    It has the shape of a msgspec `dec_hook`.
    """
    if not isinstance(raw, str):
        raise ValueError("a date is text")
    if match := _MILLISECONDS.fullmatch(raw):
        return _from_milliseconds(kind, int(match[1]))
    if _ISO.fullmatch(raw):
        return _from_iso(kind, raw)
    raise ValueError("not a date of Xero's")


# Typed as a plain function: msgspec calls it with values that are not known to be hashable, and refuses them itself.
parse_date: Callable[[type, Any], date | datetime] = lru_cache(MEMO)(_parse)


def _from_milliseconds(kind: type, milliseconds: int) -> date | datetime:
    days, rest = divmod(milliseconds, _DAY)
    try:
        if kind is Date:
            return date.fromordinal(_EPOCH_ORDINAL + days)
        return _EPOCH + timedelta(days, 0, rest * 1000)
    except OverflowError:
        raise ValueError("a date beyond the years 1 to 9999") from None


def _from_iso(kind: type, raw: str) -> date | datetime:
    if kind is Date:
        return date.fromisoformat(raw[:10])
    moment = datetime.fromisoformat(raw)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
