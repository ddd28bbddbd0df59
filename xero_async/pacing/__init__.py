"""Pacing: the limiter, the retry decision, and the life of idempotency keys. It knows no resource and no socket."""

from .keys import KEY_LENGTH, KEY_LIFE, KEY_USE, check_key, new_key
from .limiter import Limiter, Turn
from .limits import Limits, Remaining
from .pacer import PacedTurn, Pacer
from .retry import Decision, Outcome, Raise, RetryPolicy, Return, Unknown, Wait, decide, may_have_arrived

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
    "Remaining",
    "RetryPolicy",
    "Return",
    "Turn",
    "Unknown",
    "Wait",
    "check_key",
    "decide",
    "may_have_arrived",
    "new_key",
]
