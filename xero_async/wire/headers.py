"""What an answer's headers say of limits and of its body. A header that is missing or unreadable says nothing: None.

Headers come as a mapping that does not care about case, as aiohttp's, or as a dict with its names in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

__all__ = [
    "APP_MINUTE_LEFT",
    "DAY_LEFT",
    "MINUTE_LEFT",
    "calls_left",
    "charset_of",
    "rate_limit_problem",
    "retry_after",
]

# https://developer.xero.com/documentation/guides/oauth2/limits/
MINUTE_LEFT = "x-minlimit-remaining"
DAY_LEFT = "x-daylimit-remaining"
APP_MINUTE_LEFT = "x-appminlimit-remaining"
_PROBLEM = "x-rate-limit-problem"
_RETRY_AFTER = "retry-after"

LONGEST_WAIT = 172_800.0
"""Seconds beyond which no `Retry-After` is believed: no limit of Xero's lasts longer than a day."""


def calls_left(headers: Mapping[str, str], name: str) -> int | None:
    """Return the calls that the header `name` says are left."""
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def rate_limit_problem(headers: Mapping[str, str]) -> str | None:
    """Return which limit a 429 is about, in one spelling: `minute`, `day`, `concurrent`, `appminute` or a new word.

    Xero has written it in several ways (`app-minute`, `appminute`), so case and separators are dropped.
    """
    text = headers.get(_PROBLEM, "").strip().lower()
    return text.replace("-", "").replace("_", "").replace(" ", "") or None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Xero asks to wait. It sends a number; HTTP's other form, a date, is not read."""
    try:
        seconds = float(headers.get(_RETRY_AFTER, ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if isfinite(seconds) and seconds >= 0 else None


def charset_of(headers: Mapping[str, str]) -> str | None:
    """Return the encoding that `Content-Type` names, in lower case."""
    for parameter in headers.get("content-type", "").lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip(' "') or None
    return None
