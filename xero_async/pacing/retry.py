"""What to do after an attempt: a pure decision, made from rows.

    what came of the attempt       was it done?      read     write, live key   write without one
    -----------------------------------------------------------------------------------------------
    2xx, 3xx                       yes               Return   Return            Return
    429, not the day's             no                retry    retry             retry
    429 of the day                 no                Raise    Raise             Raise
    connection not made            no                retry    retry             retry
    dropped, timed out             perhaps           retry    retry             Unknown
    502, 503, 504                  perhaps           retry    retry             Unknown
    500                            perhaps           retry    Unknown           Unknown
    other 5xx                      perhaps           Raise    Unknown           Unknown
    501, 4xx                       no                Raise    Raise             Raise

A read is a GET. A write carries an idempotency key, save for DELETE, which Xero lets have none. A 500 is final for a
write, since its key can from then on only replay it. Retries end with the attempts, the deadline, the key's use, or
a `Retry-After` that is too long to sleep. What then is left depends on the write alone: if no attempt can have been
done, `Raise`; if one may have been, `Unknown`. That also holds when the last answer was a 401, 403 or 429, which Xero
gives before it looks at the key, so that they say nothing of an earlier attempt; a 400 or 404 is given after it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from ..wire.errors import InvalidArgument
from .keys import KEY_USE

__all__ = [
    "Decision",
    "Failure",
    "Outcome",
    "Raise",
    "RetryPolicy",
    "Return",
    "Unknown",
    "Wait",
    "decide",
    "may_have_arrived",
]

Failure: TypeAlias = Literal["dropped", "timeout", "connect"]

# After "the organisation is offline", which takes minutes to clear, waits are this many times longer.
_SLOWER = 16


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How often, and for how long, a call is tried. A value that makes no sense raises `InvalidArgument`."""

    attempts: int = 5
    """Times that a call is sent in all; 1 for no retry."""
    deadline: float | None = 900.0
    """Seconds for the whole call, waiting for turns included; None for no end. At 60 calls a minute, 900 calls that are
    asked for at once are done within it."""
    base: float = 0.5
    """Seconds that the first wait is at most; each further one is at most twice the one before."""
    cap: float = 30.0
    """Seconds that any such wait is at most."""
    retry_after_cap: float = 90.0
    """The longest `Retry-After`, in seconds, that is slept; beyond it the call raises."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.attempts < 1:
            raise InvalidArgument(f"RetryPolicy.attempts must be at least 1, not {self.attempts!r}.")
        for name in ("deadline", "base", "cap", "retry_after_cap"):
            value: float | None = getattr(self, name)
            if value is not None and not (isfinite(value) and value >= 0):
                raise InvalidArgument(f"RetryPolicy.{name} must be a number of seconds, not {value!r}.")


class Outcome(Struct, frozen=True):
    """What came of one attempt: an answer's status, or the failure that took its place."""

    status: int | None = None
    failure: Failure | None = None
    """A failure outweighs a status: an answer that was cut off is `dropped`."""
    problem: str | None = None
    """Which limit a 429 is about, as `rate_limit_problem` reads it."""
    retry_after: float | None = None
    """Seconds that the answer asks to wait."""


class Return(Struct, frozen=True):
    """Decode the answer and return it."""


class Raise(Struct, frozen=True):
    """Raise the error that the outcome stands for; a write was not done."""


class Unknown(Struct, frozen=True):
    """Raise `OutcomeUnknown`: the write may have been done."""


class Wait(Struct, frozen=True):
    """Wait, take a new turn, and send the same request again."""

    seconds: float


Decision: TypeAlias = Return | Raise | Unknown | Wait


class _Row(NamedTuple):
    """One line of the table: whether the call may have been done, and who may send it again."""

    done: bool
    read: bool
    write: bool


_REFUSED = _Row(done=False, read=True, write=True)
_LOST = _Row(done=True, read=True, write=True)
_BROKEN = _Row(done=True, read=True, write=False)
_ODD = _Row(done=True, read=False, write=False)
_REJECTED = _Row(done=False, read=False, write=False)

_BY_STATUS = {429: _REFUSED, 500: _BROKEN, 501: _REJECTED, 502: _LOST, 503: _LOST, 504: _LOST}
# Given before Xero looks at the key. (None is the status of no answer.)
_BEFORE_THE_KEY = frozenset({None, 401, 403, 429})


def _row(outcome: Outcome) -> _Row:
    if outcome.failure == "connect":
        return _REFUSED
    if outcome.failure is not None or outcome.status is None:
        return _LOST
    return _BY_STATUS.get(outcome.status, _ODD if outcome.status > 500 else _REJECTED)


def may_have_arrived(outcome: Outcome) -> bool:
    """Return whether a write with this outcome may have been done; the next `decide` of the call is told so."""
    return _row(outcome).done


def decide(
    policy: RetryPolicy,
    *,
    method: str,
    has_key: bool,
    key_age: float,
    outcome: Outcome,
    attempt: int,
    elapsed: float,
    jitter: Callable[[], float],
    ambiguous: bool = False,
) -> Decision:
    """Return what to do after an attempt.

    `attempt` counts those sent so far, from 1; `key_age` and `elapsed` are the seconds since the first was sent and
    since the call began; `jitter` returns a number from 0 to 1; `ambiguous` says whether some earlier attempt
    `may_have_arrived`.
    """
    if outcome.failure is None and outcome.status is not None and outcome.status < 400:
        return Return()
    row = _row(outcome)
    read = method in ("GET", "HEAD")
    perhaps_done = not read and (row.done or (ambiguous and _says_nothing_of_earlier(outcome)))
    sendable = row.read if read else row.write and (has_key or not perhaps_done)
    if sendable and attempt < policy.attempts:
        wait = _wait(policy, outcome, attempt, jitter)
        key_lives = wait is not None and (read or not has_key or key_age + wait < KEY_USE)
        if wait is not None and key_lives and (policy.deadline is None or elapsed + wait < policy.deadline):
            return Wait(wait)
    return Unknown() if perhaps_done else Raise()


def _says_nothing_of_earlier(outcome: Outcome) -> bool:
    return outcome.failure is not None or outcome.status in _BEFORE_THE_KEY


def _wait(policy: RetryPolicy, outcome: Outcome, attempt: int, jitter: Callable[[], float]) -> float | None:
    """Return the seconds to wait, None where they are too many: Xero's own figure, or backoff with full jitter."""
    if outcome.status == 429 and outcome.problem == "day":
        return None
    if outcome.retry_after is not None:
        return outcome.retry_after if outcome.retry_after <= policy.retry_after_cap else None
    slower = _SLOWER if outcome.status == 503 else 1
    return jitter() * min(policy.cap, policy.base * slower * 2.0 ** min(attempt - 1, 30))
