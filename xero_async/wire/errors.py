"""Everything that this package raises, as one tree.

    XeroError
    ├── InvalidArgument            refused here, before anything was sent (also a ValueError)
    ├── SessionClosed              the Xero session was left, or never entered
    ├── TokenStoreError            the place where tokens are kept cannot be read or written
    ├── LimitsUnavailable          the limits that processes share cannot be asked
    ├── ResponseError              Xero answered, and the answer is not a result
    │   ├── BadRequest             400 and the other 4xx that have no class of their own
    │   │   ├── ValidationFailed   Xero's validation messages, element by element
    │   │   └── QueryRejected      `where` or `order` that Xero cannot read
    │   ├── Unauthorized           401
    │   │   └── SignInFailed       the identity server gave no token
    │   ├── MissingScope           401 or 403 for want of a scope: another token will not help
    │   ├── Forbidden              403
    │   ├── NotFound               404, or a list with no such record
    │   ├── RateLimited            429
    │   │   └── DailyLimitReached  no calls are left today
    │   ├── ServerError            5xx on a call that changed nothing
    │   └── DecodeError            a success whose body is not what it should be
    ├── OutcomeUnknown             a write that may or may not have happened
    └── TransportError             no answer: refused, reset, or cut off
        └── XeroTimeout            no answer in time

The class of a `ResponseError` depends on the status alone, so a body that is HTML, empty or cut never hides it.
Every argument after the message is optional and by keyword, which keeps the tree picklable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from typing import Any

    from .operation import Request

__all__ = [
    "BadRequest",
    "DailyLimitReached",
    "DecodeError",
    "ElementError",
    "Forbidden",
    "InvalidArgument",
    "LimitsUnavailable",
    "MissingScope",
    "NotFound",
    "OutcomeUnknown",
    "QueryRejected",
    "RateLimited",
    "ResponseError",
    "ServerError",
    "SessionClosed",
    "SignInFailed",
    "TokenStoreError",
    "TransportError",
    "Unauthorized",
    "ValidationFailed",
    "XeroError",
    "XeroTimeout",
]


class ElementError(Struct, frozen=True, kw_only=True):
    """What Xero holds against one element of a batch."""

    position: int
    """Place in Xero's answer, from 0; in a 400 that summarises, only the failed elements are counted."""
    messages: tuple[str, ...]
    """Xero's own sentences, those of nested objects included."""
    id: str | None = None
    """The element's id, where Xero gave one that is not all zeros."""

    def __str__(self) -> str:
        return f"element {self.position}: {' '.join(self.messages)}"


class XeroError(Exception):
    """Anything that this package raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class InvalidArgument(XeroError, ValueError):
    """An argument that cannot be right. Nothing was sent."""


class SessionClosed(XeroError):
    """A call on a `Xero` that is not open. Nothing was sent."""


class TokenStoreError(XeroError):
    """The place where tokens are kept cannot be read, written or locked."""


class LimitsUnavailable(XeroError):
    """The limits that processes share cannot be asked, or other processes keep others. Nothing was sent."""


class ResponseError(XeroError):
    """Xero answered with something that is not a result.

    `body` holds the first kilobyte of the answer and stays out of the message: it may hold customer data.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        correlation_id: str | None = None,
        operation: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status; 0 where the error was foreseen and nothing was sent."""
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        """The answer's headers, names in lower case."""
        self.body = body[:1024]
        self.correlation_id = correlation_id
        """What Xero's support asks for."""
        self.operation = operation
        """The operation's id in Xero's API description, such as `getInvoices`."""


class BadRequest(ResponseError):
    """Xero refused the request; sent again unchanged, it will be refused again."""


class ValidationFailed(BadRequest):
    """Elements broke Xero's rules. With `summarize_errors=True`, the elements not listed here were saved."""

    errors: Sequence[ElementError] = ()


class QueryRejected(BadRequest):
    """Xero could not read `where` or `order`."""


class Unauthorized(ResponseError):
    """Xero did not accept the token."""


class SignInFailed(Unauthorized):
    """The identity server gave no token."""

    error: str = ""
    """The identity server's code, such as `invalid_grant` or `invalid_client`."""


class MissingScope(ResponseError):
    """The token is good but lacks a scope that the operation needs."""


class Forbidden(ResponseError):
    """The token does not reach this tenant, or the user's role does not allow the call."""


class NotFound(ResponseError):
    """There is no such record, or the URL was too long."""


class RateLimited(ResponseError):
    """Xero counted too many calls. Nothing was done."""

    problem: str | None = None
    """Which limit: `minute`, `day`, `concurrent`, `appminute`, or a word that Xero has added since."""
    retry_after: float | None = None
    """Seconds until Xero takes calls again, where it said so."""


class DailyLimitReached(RateLimited):
    """No calls are left for this tenant today. Raised at once, without sending, until the day is over."""

    resets_at: datetime | None = None
    """When calls are free again, in UTC; None where Xero has not said."""


class ServerError(ResponseError):
    """Xero failed on a call that changes nothing, and went on failing."""


class DecodeError(ResponseError):
    """A success whose body could not be read."""

    path: str = ""
    """The place in the document, such as `$.Invoices[3].Total`."""


class OutcomeUnknown(XeroError):
    """A write that may or may not have happened: read back before you send it again.

    While `key` is less than 4 minutes old, `await tenant.resend(error)` sends the same request with the same key, which
    settles it: Xero does it at most once.
    """

    def __init__(
        self,
        message: str = "",
        *,
        key: str | None = None,
        first_sent: datetime | None = None,
        request: Request[Any] | None = None,
        tenant: str | None = None,
    ) -> None:
        super().__init__(message)
        self.key = key
        self.first_sent = first_sent
        """When the first attempt left, in UTC."""
        self.request = request
        """What was sent: method, URL and the exact bytes."""
        self.tenant = tenant
        """The tenant's id."""


class TransportError(XeroError):
    """The connection failed and there is no answer."""


class XeroTimeout(TransportError):
    """No answer in time."""

    phase: str = ""
    """Where the time went: `connect`, `read`, `turn` (waiting for the limits) or `total`."""
