"""What to do after an attempt: a pure decision, looked up in a table.

A read is a GET. A write carries an idempotency key, save for DELETE, which Xero lets have none. `RETRY` ends with the
attempts, the deadline, the key's use, or a `Retry-After` that is too long to sleep. What then is left depends on the
write alone: if no attempt can have been done, it raises; if one may have been, it is unknown.

A 500 is final for a write, since its key can from then on only replay it. Answers that Xero gives before it looks at
the key, and connections that were never made, are silent about an earlier attempt that may have been done: a write in
doubt then stays in doubt. A 400 or 404 is given after it, and ends the doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Final, Literal, NamedTuple, TypeAlias

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


_Verdict: TypeAlias = Literal["return", "retry", "raise", "unknown"]
_RETURN: Final = "return"
_RETRY: Final = "retry"
_RAISE: Final = "raise"
_UNKNOWN: Final = "unknown"
_SILENT: Final = True


class _Row(NamedTuple):
    """What each kind of call does after an outcome."""

    read: _Verdict
    keyed: _Verdict
    """A write with a live key."""
    bare: _Verdict
    """A write without one; where it is unknown, so is a keyed one whose retries have ended."""
    silent: bool = False
    """Whether the outcome says nothing of an earlier attempt."""


_TABLE: Final[dict[str, _Row]] = {
    # what came of it   a read   a write, key  a write, none
    "2xx":        _Row(_RETURN,  _RETURN,      _RETURN),
    "connect":    _Row(_RETRY,   _RETRY,       _RETRY,       _SILENT),
    "timeout":    _Row(_RETRY,   _RETRY,       _UNKNOWN),
    "dropped":    _Row(_RETRY,   _RETRY,       _UNKNOWN),
    "401":        _Row(_RAISE,   _RAISE,       _RAISE,       _SILENT),
    "403":        _Row(_RAISE,   _RAISE,       _RAISE,       _SILENT),
    "429":        _Row(_RETRY,   _RETRY,       _RETRY,       _SILENT),
    "429 day":    _Row(_RAISE,   _RAISE,       _RAISE,       _SILENT),
    "4xx":        _Row(_RAISE,   _RAISE,       _RAISE),
    "500":        _Row(_RETRY,   _UNKNOWN,     _UNKNOWN),
    "501":        _Row(_RAISE,   _RAISE,       _RAISE),
    "502":        _Row(_RETRY,   _RETRY,       _UNKNOWN),
    "503":        _Row(_RETRY,   _RETRY,       _UNKNOWN),
    "504":        _Row(_RETRY,   _RETRY,       _UNKNOWN),
    "5xx":        _Row(_RAISE,   _UNKNOWN,     _UNKNOWN),
}  # fmt: skip


def _row(outcome: Outcome) -> _Row:
    """The row of an outcome: its failure's, its status's own, or its hundred's, where a 3xx is as final as a 2xx."""
    if outcome.failure is not None or outcome.status is None:
        return _TABLE[outcome.failure or "dropped"]
    if outcome.status == 429 and outcome.problem == "day":
        return _TABLE["429 day"]
    hundred = 2 if outcome.status < 400 else min(outcome.status // 100, 5)
    return _TABLE.get(str(outcome.status)) or _TABLE[f"{hundred}xx"]


def may_have_arrived(outcome: Outcome) -> bool:
    """Return whether a write with this outcome may have been done; the next `decide` of the call is told so."""
    return _row(outcome).bare == _UNKNOWN


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

    `attempt` counts those sent so far, from 1; `key_age` is the seconds since the first that `may_have_arrived` was
    sent, or else the last, and `elapsed` those since the call began; `jitter` returns a number from 0 to 1;
    `ambiguous` says whether some earlier attempt `may_have_arrived`.
    """
    row = _row(outcome)
    read = method in ("GET", "HEAD")
    verdict = row.read if read else row.keyed if has_key else row.bare
    if verdict == _RETURN:
        return Return()
    perhaps_done = not read and (may_have_arrived(outcome) or (ambiguous and row.silent))
    if verdict == _RETRY and attempt < policy.attempts and (read or has_key or not perhaps_done):
        wait = _wait(policy, outcome, attempt, jitter)
        key_lives = wait is not None and (read or not has_key or key_age + wait < KEY_USE)
        if wait is not None and key_lives and (policy.deadline is None or elapsed + wait < policy.deadline):
            return Wait(wait)
    return Unknown() if perhaps_done else Raise()


def _wait(policy: RetryPolicy, outcome: Outcome, attempt: int, jitter: Callable[[], float]) -> float | None:
    """Return the seconds to wait, None where they are too many: Xero's own figure, or backoff with full jitter."""
    if outcome.retry_after is not None:
        return outcome.retry_after if outcome.retry_after <= policy.retry_after_cap else None
    slower = _SLOWER if outcome.status == 503 else 1
    return jitter() * min(policy.cap, policy.base * slower * 2.0 ** min(attempt - 1, 30))
