"""A row of the table, the request that it makes, and the answer that it reads. No socket, no clock.

An `Operation` says what goes over the wire: method, path, parameters, what is sent, what comes back. From it and the
arguments of a call comes one `Request`, whose URL and bytes never change again: every attempt of a call sends the very
same, which is what an idempotency key asks for. What comes back is an `Answer`, which the operation's reader turns into
a value.
"""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ..models import Model, record_of
from .codec import encode
from .parameters import Parameters, render, segment

__all__ = ["ACCOUNTING", "Answer", "Operation", "Reader", "Request", "Sink"]

R = TypeVar("R", covariant=True)

# https://developer.xero.com/documentation/api/accounting/overview/
ACCOUNTING = "/api.xro/2.0"


class Answer(Struct, frozen=True):
    """What came back: any status, headers with names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    strict: bool = False
    """Whether a field that is not as documented is an error, rather than repaired or left None."""

    @property
    def is_success(self) -> bool:
        """Whether the status is one of the two hundreds."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"


Reader = Callable[[Answer], R]
"""Turns a successful answer into a value; raises `DecodeError` or `NotFound`."""


Sink = Callable[[AsyncIterable[bytes]], Awaitable[None]]
"""Takes the body of an answer as it comes, once for each attempt that gets as far."""


class Operation(Struct, Generic[R], frozen=True, kw_only=True, eq=False, dict=True):
    """One operation of Xero's API: a row of the table."""

    id: str
    """The id in Xero's API description."""
    method: str
    path: str
    """Below `root`, with its parameters in braces: `/Invoices/{InvoiceID}`."""
    parameters: type[Parameters]
    """The query and header parameters; their names are the keywords of the coroutine."""
    sends: type | None = None
    """The struct that is sent, or bytes, or None."""
    returns: type | None = None
    """The struct that comes back, or bytes, or None."""
    read: Reader[R]
    accept: str = "application/json"
    encode: Callable[[Any], bytes] = encode
    """Turns what is sent into bytes, unless it is bytes already."""
    content_type: str = "application/json"
    """What those are."""
    root: str = ACCOUNTING
    needs_tenant: bool = True
    scopes: tuple[str, ...] = ()
    """Each of these scopes alone opens the operation, the least first; none is needed where there is none."""

    # What follows from the row is worked out once: every call asks for it.

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @cached_property
    def record(self) -> type[Model] | None:
        """The model of the records that come back in an envelope; None for other answers."""
        return record_of(self.returns) if self.returns is not None else None

    @cached_property
    def is_write(self) -> bool:
        """Whether a call changes something at Xero."""
        return self.method != "GET"

    @cached_property
    def takes_key(self) -> bool:
        """Whether a call carries an idempotency key."""
        return "idempotency_key" in self.parameters.__struct_fields__

    def request(self, ids: Sequence[object], parameters: Parameters, body: object = None) -> Request[R]:
        """The one request of a call. Raises `InvalidArgument` for what should not be sent."""
        query, headers = render(parameters, self.record)
        path = self.root + (_fill(self.path, self.path_names, ids) if ids or self.path_names else self.path)
        headers["Accept"] = self.accept
        data = body if isinstance(body, bytes) else None if body is None else self.encode(body)
        if data is not None:
            headers.setdefault("Content-Type", _content_type(ids) if self.sends is bytes else self.content_type)
        return Request(self, self.method, f"{path}?{query}" if query else path, headers, data)


class Request(Struct, Generic[R], eq=False):
    """What a call sends: the same bytes to the same URL on every attempt."""

    operation: Operation[R]
    method: str
    target: str
    """Path and query, below the base URL."""
    headers: dict[str, str]
    """Without the token, which is added on the way out."""
    body: bytes | None = None
    sink: Sink | None = None
    """Where the body of a success goes, if not into memory."""

    @property
    def key(self) -> str | None:
        """The idempotency key."""
        return self.headers.get("Idempotency-Key")

    def with_key(self, key: str) -> None:
        """Give the request the key that all its attempts will carry."""
        self.headers["Idempotency-Key"] = key

    def __repr__(self) -> str:
        size = "no body" if self.body is None else f"{len(self.body)} bytes"
        return f"<Request {self.operation.id}: {self.method} {self.target.partition('?')[0]}, {size}>"


def _content_type(ids: Sequence[object]) -> str:
    """The content type of a file, guessed from its name, which is the last of the ids."""
    return mimetypes.guess_type(str(ids[-1]))[0] or "application/octet-stream"


def _fill(path: str, names: Sequence[str], ids: Sequence[object]) -> str:
    for name, value in zip(names, ids, strict=True):
        path = path.replace(f"{{{name}}}", segment(name, value), 1)
    return path
