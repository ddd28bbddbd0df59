"""What an answer's refusal means for the pacing, and what is told of waits and pauses: the same in every limiter."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from ..wire.errors import DailyLimitReached
from ..wire.headers import rate_limit_problem, retry_after
from .limits import Limits

__all__ = ["Refusal", "day_error", "read_refusal", "span_of", "tell_day_over", "tell_pause", "tell_wait"]

_log = logging.getLogger("xero_async.pacing")

# Added to the minute, for clocks that differ in speed and timers that ring early: 60.1 s for 60 s.
_MARGIN = 0.1
_LEAST_MARGIN = 0.005
# Shares of the minute: what a refusal for concurrency pauses (1 s), and one that does not say for how long (10 s).
_MOMENT = 1 / 60
_WHILE = 1 / 6
# A pause of more seconds than these is no minute's limit, whatever it is called: it is treated as the day's.
_LONGEST_PAUSE = 600.0


def span_of(limits: Limits) -> float:
    """Seconds for which a call counts."""
    return limits.window + max(_LEAST_MARGIN, min(_MARGIN, limits.window / 100))


class Refusal(Struct, frozen=True):
    """What a 429 asks for. Its figures are not counted with, for the pause says it all."""

    of: Literal["day", "app", "concurrent", "minute"]
    """What is over; any word that is not known here is taken for the minute's."""
    seconds: float | None
    """How long; None only for a day of unknown length."""
    problem: str | None
    """Xero's own word."""


def read_refusal(headers: Mapping[str, str], minute: float) -> Refusal:
    """Read a 429, where a minute lasts so many seconds."""
    problem, seconds = rate_limit_problem(headers), retry_after(headers)
    if problem == "day" or (seconds or 0) > _LONGEST_PAUSE:
        return Refusal("day", seconds, problem)
    if problem == "concurrent":
        return Refusal("concurrent", minute * _MOMENT if seconds is None else seconds, problem)
    seconds = minute * _WHILE if seconds is None else seconds
    return Refusal("app" if problem == "appminute" else "minute", seconds, problem)


def day_error(tenant: str | None, seconds: float | None) -> DailyLimitReached:
    """The error that says that the day is over, and for how long if that is known."""
    resets_at = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    when = f"they are back at {resets_at:%Y-%m-%d %H:%M:%S} UTC" if resets_at else "Xero has not said until when"
    error = DailyLimitReached(f"No calls are left today for tenant {tenant}; {when}. Nothing was sent.")
    error.problem, error.retry_after, error.resets_at = "day", seconds, resets_at
    return error


def tell_wait(tenant: str | None, waited: float, reason: str) -> None:
    """Log a wait: short ones are everyday."""
    level = logging.INFO if waited > 1 else logging.DEBUG
    _log.log(level, "tenant %s waited %.3f s for a turn (%s)", tenant, waited, reason)


def tell_pause(tenant: str | None, refusal: Refusal) -> None:
    """Log that a refusal begins a pause, of one tenant or, where the app was refused, of all."""
    if refusal.of == "app":
        _log.warning("all tenants pause for %.1f s: Xero refused a call (%s)", refusal.seconds, refusal.problem)
    else:
        _log.warning("tenant %s pauses for %.1f s: Xero refused a call (%s)", tenant, refusal.seconds, refusal.problem)


def tell_day_over(tenant: str | None, seconds: float) -> None:
    """Log that a tenant's day is over."""
    _log.warning("tenant %s has no calls left today: nothing is sent for %.0f s", tenant, seconds)
