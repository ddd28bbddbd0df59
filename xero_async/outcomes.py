"""What came of sending a request once, told to everybody who asks: the retry decision, the hook, the log, the caller.

Pure: answers and exceptions in, records and errors out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import aiohttp
from msgspec import Struct

from .pacing import Outcome, Raise, Remaining, Return, Unknown, Wait
from .wire.answers import error_from
from .wire.errors import DailyLimitReached, OutcomeUnknown, TransportError, XeroError, XeroTimeout
from .wire.headers import charset_of, rate_limit_problem, retry_after
from .wire.operation import Answer, Request

__all__ = [
    "FAILURES",
    "NEXT",
    "Attempt",
    "Meter",
    "Sent",
    "Usage",
    "cause_of",
    "error_of",
    "in_limbo",
    "outcome_of",
    "outcome_of_failure",
    "scrubbed",
    "timed_out",
    "told",
]


class Attempt(Struct, frozen=True, kw_only=True):
    """What came of sending a request once: what the hook `on_attempt` is called with."""

    operation: str
    """The operation's id, such as `getInvoices`."""
    tenant: str | None
    number: int
    """From 1, within the call."""
    status: int | None
    """None where there was no answer."""
    failure: str | None
    """Where there was no whole answer: `connect`, `timeout` or `dropped`; `deadline`, `closed` or `cancelled` where the
    call was cut off."""
    waited: float
    """Seconds spent waiting for the turn."""
    seconds: float
    """Seconds from sending to the end of the answer."""
    received: int
    """Bytes of the answer's body as they came over the wire."""
    sent: int = 0
    """Bytes of the request's body."""
    remaining: Remaining | None
    """What is left of the tenant's limits."""
    correlation_id: str | None
    key: str | None = None
    """The idempotency key of a write."""
    next: Literal["value", "error", "unknown", "wait"]
    """What the call does now."""
    wait: float
    """Seconds until the next attempt, when there is one."""


class Usage(Struct, frozen=True, kw_only=True):
    """What has gone to Xero for one tenant, and come from it: bodies, without the headers of HTTP."""

    attempts: int = 0
    """Times that a request was sent."""
    sent: int = 0
    """Bytes."""
    received: int = 0
    """Bytes as they came over the wire, those of answers that broke off included."""


class Sent(Struct):
    """What came of sending once: an answer, or the error in its place."""

    outcome: Outcome
    answer: Answer | None = None
    error: Exception | None = None
    waited: float = 0.0
    seconds: float = 0.0
    received: int = 0
    cut: Literal["deadline", "closed", "cancelled"] | None = None
    """What cut the attempt off before it came to any outcome."""


class Meter(Struct):
    """Counts what is sent and drawn."""

    attempts: int = 0
    sent: int = 0
    received: int = 0

    def count(self, request: Request[Any], sent: Sent) -> None:
        """Add one attempt."""
        self.attempts += 1
        self.sent += len(request.body or b"")
        self.received += sent.received

    def read(self) -> Usage:
        """What was counted so far."""
        return Usage(attempts=self.attempts, sent=self.sent, received=self.received)


FAILURES = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises in place of an answer."""

NEXT: Final[dict[type, Literal["value", "error", "unknown", "wait"]]] = {
    Return: "value",
    Raise: "error",
    Unknown: "unknown",
    Wait: "wait",
}
"""What a call does after a decision, in the words of `Attempt.next`."""


def outcome_of(request: Request[Any], answer: Answer) -> Outcome:
    """What an answer means for the retry decision."""
    if answer.is_success and request.operation.is_write and _is_garbled(request, answer):
        # Something between here and Xero answered in its place; the key tells Xero's own answer.
        return Outcome(answer.status, "dropped")
    if answer.status != 429:
        return Outcome(answer.status)
    return Outcome(answer.status, problem=rate_limit_problem(answer.headers), retry_after=retry_after(answer.headers))


def _is_garbled(request: Request[Any], answer: Answer) -> bool:
    operation, start = request.operation, answer.body.lstrip()[:1]
    if start == b"":
        # What returns nothing is answered with nothing, and still not with a page.
        return operation.returns is not None
    if "xml" in operation.accept:
        # Imported when it is needed: most programs read no XML.
        from .wire.xml import outermost

        # A page in HTML may be good XML too.
        return (outermost(answer.body, charset=charset_of(answer.headers)) or "html").lower() == "html"
    return start not in (b"{", b"[")


def outcome_of_failure(error: Exception) -> Outcome:
    """What an exception of aiohttp, in place of an answer, means for the retry decision."""
    never_sent = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientProxyConnectionError)
    if isinstance(error, never_sent):
        return Outcome(failure="connect")
    return Outcome(failure="timeout" if isinstance(error, TimeoutError) else "dropped")


def told(outcome: Outcome) -> str:
    """An outcome in words, for messages."""
    if outcome.status is not None and outcome.failure is None:
        return f"Xero answered {outcome.status}" + (f" ({outcome.problem})" if outcome.problem else "")
    if outcome.status is not None:
        return "something between here and Xero answered in its place"
    return {
        "connect": "no connection could be made",
        "timeout": "no answer came in time",
        "dropped": "the connection was lost before the whole answer came",
    }[outcome.failure or "dropped"]


def timed_out(message: str, phase: str) -> XeroTimeout:
    """A timeout that names its phase."""
    error = XeroTimeout(message)
    error.phase = phase
    return error


def scrubbed(error: Exception) -> Exception:
    """An exception of aiohttp without the request that it may hold, and without frames whose variables hold it.

    A request's headers carry the token, and some reports of tracebacks print variables.
    """
    if isinstance(error, aiohttp.ClientResponseError):
        return aiohttp.ClientPayloadError(f"{type(error).__name__}: {error.message}")
    chain: list[BaseException] = [error]
    for link in chain:
        link.with_traceback(None)
        # Each once: chains of exceptions may run in circles.
        chain += [inner for inner in (link.__cause__, link.__context__) if inner is not None and inner not in chain]
    return error


def error_of(sent: Sent, operation: str, attempts: int, now: datetime, scopes: Sequence[str] = ()) -> XeroError:
    """The error for an outcome that certainly changed nothing."""
    if sent.answer is not None:
        error = error_from(sent.answer, operation, scopes)
        return _dated(error, now) if isinstance(error, DailyLimitReached) else error
    times = f"after {attempts} attempt{'s' * (attempts > 1)}"
    if isinstance(sent.error, TimeoutError):
        phase = "connect" if sent.outcome.failure == "connect" else "read"
        words = "no connection" if phase == "connect" else "no answer"
        return timed_out(f"{operation}: {words} in time, {times}. Raise `timeout`, or try later.", phase)
    return TransportError(f"{operation}: the connection failed ({type(sent.error).__name__}), {times}")


def _dated(error: DailyLimitReached, now: datetime) -> DailyLimitReached:
    """The error with the moment at which the day is over, where Xero told how long it takes."""
    if error.retry_after is not None:
        error.resets_at = now + timedelta(seconds=error.retry_after)
        error.message = f"{error.message} They are back at {error.resets_at:%Y-%m-%d %H:%M:%S} UTC."
        error.args = (error.message,)
    return error


def cause_of(sent: Sent, operation: str) -> Exception | None:
    """What stands behind an unknown outcome: the error of the answer, or that of the connection."""
    return sent.error if sent.answer is None else error_from(sent.answer, operation)


def in_limbo(
    request: Request[Any], reason: str, first_sent: datetime | None, tenant: str | None = None
) -> OutcomeUnknown:
    """The error for a write that may or may not have happened."""
    message = (
        f"{request.operation.id}: {reason.rstrip('.')}, so the write may or may not have happened. "
        "Read back before you send it again."
    )
    return OutcomeUnknown(message, key=request.key, first_sent=first_sent, request=request, tenant=tenant)
