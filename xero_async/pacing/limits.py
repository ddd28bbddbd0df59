"""What Xero allows, and what is left of it: two small records, and no behaviour.

Xero counts calls in four ways, and each has its field in `Limits`: calls in flight, calls in a minute and calls
in a day for each tenant, and calls in a minute for the app over all of its tenants.
"""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from ..wire.errors import InvalidArgument

__all__ = ["Limits", "Remaining"]

_POSITIVE = ("concurrent", "minute", "day", "app_minute")
_NOT_NEGATIVE = ("reserve", "bulk_reserve")


# https://developer.xero.com/documentation/guides/oauth2/limits/
class Limits(Struct, frozen=True, kw_only=True):
    """The limits to keep, by default Xero's own. A value that cannot be kept raises `InvalidArgument`."""

    concurrent: int = 5
    """Calls in flight at once, for each tenant."""
    minute: int = 60
    """Calls in any minute, for each tenant."""
    day: int = 5_000
    """Calls in a day, for each tenant, until an answer's headers say what really remains."""
    app_minute: int = 10_000
    """Calls in any minute, over all tenants."""
    window: float = 60.0
    """Length of the minute in seconds. Shorter only against a stand-in server with an equally short minute."""
    reserve: int = 0
    """Calls of each minute left to other programs that share the app and the tenant and know nothing of this one.

    As many as they all can have in flight are enough; `concurrent` must be shared out among them too.
    """
    bulk_reserve: int = 10
    """Calls of each minute that bulk work leaves to interactive calls, while such calls come in."""
    wait_for_day: bool = False
    """Sleep until the day is over when its calls are used up, rather than raise `DailyLimitReached`. It takes a
    `RetryPolicy` without a deadline, which would otherwise end the sleep."""

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        for name in (*_POSITIVE, *_NOT_NEGATIVE):
            value: object = getattr(self, name)
            least = 1 if name in _POSITIVE else 0
            if not isinstance(value, int) or value < least:
                raise InvalidArgument(f"Limits.{name} must be a whole number of at least {least}, not {value!r}.")
        if not (isfinite(self.window) and self.window > 0):
            raise InvalidArgument(f"Limits.window must be a number of seconds above 0, not {self.window!r}.")
        if self.reserve >= self.minute:
            raise InvalidArgument(
                f"Limits.reserve must be below Limits.minute, or no call could ever go: "
                f"{self.reserve} of {self.minute}."
            )


class Remaining(Struct, frozen=True, kw_only=True):
    """What is left for one tenant, as far as this process knows: at least this, if nobody else is calling."""

    minute: int
    """Calls left of the tenant's minute, `Limits.reserve` included."""
    day: int
    """Calls left of the tenant's day."""
    app_minute: int
    """Calls left of the app's minute, over all tenants."""
    in_flight: int
    """The tenant's calls in flight now; they are already taken off the other figures."""
