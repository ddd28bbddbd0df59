"""Pacing: the limiters, the retry decision, and the life of idempotency keys. It knows no resource.

The one socket here is that of `link.py` (opened by `server.py`), to the server where processes keep what they share.
"""

from typing import TYPE_CHECKING

from .keys import KEY_LENGTH, KEY_LIFE, KEY_USE, check_key, new_key
from .limiter import Limiter, Turn
from .limits import Limits, Remaining
from .pacer import PacedTurn, Pacer, SharedPacer
from .retry import Decision, Outcome, Raise, RetryPolicy, Return, Unknown, Wait, decide, may_have_arrived

if TYPE_CHECKING:
    from .shared import RedisLimits

__all__ = [
    "KEY_LENGTH",
    "KEY_LIFE",
    "KEY_USE",
    "Decision",
    "Limiter",
    "Limits",
    "Outcome",
    "PacedTurn",
    "Pacer",
    "Raise",
    "RedisLimits",
    "Remaining",
    "RetryPolicy",
    "Return",
    "SharedPacer",
    "Turn",
    "Unknown",
    "Wait",
    "check_key",
    "decide",
    "may_have_arrived",
    "new_key",
]


def __getattr__(name: str) -> object:
    # Imported when it is asked for: most programs share their limits with no other.
    if name == "RedisLimits":
        from .shared import RedisLimits

        return RedisLimits
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
