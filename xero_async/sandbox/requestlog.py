"""The log of requests and answers: the latest of them, bodies cut short and secrets covered.

What signs a request is covered before anything is kept: the `Authorization` header, and in all that passes through the
identity server every token, code and secret, in the address, the form and the answer alike. The keys of the Network API
v1 are covered in every address, whatever it leads to.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from xero_async.wire.errors import InvalidArgument

from .answers import Answer
from .network_keys import without_keys

__all__ = ["LOG_SIZE", "Entry", "RequestLog", "answered", "asked", "printable"]

LOG_SIZE = 200
"""Entries that are kept unless more or fewer are wanted."""
LARGEST_SIZE = 100_000
BODY_KEPT = 4096
"""Bytes of a body that are kept."""
COVER = "***"

SECRETS = "access_token|refresh_token|id_token|token|client_secret|client_assertion|code|code_verifier|state|assertion"
SECRET_IN_FORM = re.compile(rf"(?i)((?:^|[?&#])(?:{SECRETS})=)[^&#\s]*")
SECRET_IN_JSON = re.compile(rf'(?i)("(?:{SECRETS})"\s*:\s*)"[^"]*"?')
TEXTUAL = re.compile(r"(?i)application/(json|xml|x-www-form-urlencoded|problem\+json)|text/")

SHOWN = (
    "Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "If-Modified-Since", "Idempotency-Key",
    "User-Agent", "Xero-Tenant-Id",
)  # fmt: skip
"""Headers of a request that are kept as they are."""


class Entry(Struct, kw_only=True):
    """One request and its answer."""

    number: int = 0
    """Counts up by one from request to request, and never starts again but by a reset."""
    at: float
    """When it came, in seconds since 1970 by the sandbox's clock."""
    took: float = 0.0
    """Seconds of real time until the answer was ready to be sent."""
    method: str
    path: str
    """The address without the server's name, as it was sent but for keys."""
    operation: str
    tenant: str | None = None
    key: str | None = None
    """The idempotency key."""
    replayed: bool = False
    """Whether the answer is that of an earlier request with the key."""
    faults: list[str] = field(default_factory=list[str])
    """The kinds of faults that struck."""
    request_headers: dict[str, str] = field(default_factory=dict[str, str])
    request_body: str = ""
    request_bytes: int = 0
    status: int | None = None
    """None where no answer was sent."""
    correlation_id: str = ""
    """The answer's `Xero-Correlation-Id`."""
    answer_headers: dict[str, str] = field(default_factory=dict[str, str])
    answer_body: str = ""
    answer_bytes: int = 0
    """The length of the body before it is compressed."""


class RequestLog:
    """The latest entries, the oldest first."""

    def __init__(self, size: int = LOG_SIZE) -> None:
        """Keep at most `size` entries. Raises `InvalidArgument` for less than none and for far too many."""
        self._count = 0
        self._entries = _ring(size)

    @property
    def size(self) -> int:
        """Entries that are kept at most; setting it keeps the latest."""
        return self._entries.maxlen or 0

    @size.setter
    def size(self, size: int) -> None:
        self._entries = _ring(size, self._entries)

    def add(self, entry: Entry) -> None:
        """Keep an entry under the next number."""
        self._count += 1
        entry.number = self._count
        self._entries.append(entry)

    def entries(self, *, since: int = 0, limit: int | None = None) -> list[Entry]:
        """Entries with a number above `since`, the oldest first; with a limit, the latest of them."""
        found = [entry for entry in self._entries if entry.number > since]
        return found if limit is None else found[len(found) - min(limit, len(found)) :]

    def clear(self) -> None:
        """Forget all entries; numbers count on."""
        self._entries.clear()


def asked(entry: Entry, headers: Mapping[str, str], body: bytes, *, secret: bool) -> None:
    """Note what was sent; `secret` is true of the identity server's requests."""
    entry.request_headers = {name: printable(headers[name]) for name in SHOWN if name in headers}
    if signature := headers.get("Authorization"):
        entry.request_headers["Authorization"] = f"{printable(signature.partition(' ')[0][:20])} {COVER}"
    entry.path = without_keys(entry.path)
    entry.request_bytes = len(body)
    entry.request_body = _text(body, headers.get("Content-Type", ""), secret=secret)
    if secret:
        entry.path = covered(entry.path)


def answered(entry: Entry, answer: Answer, headers: Mapping[str, str], *, secret: bool) -> None:
    """Note what was answered."""
    entry.status = answer.status
    shown = {**answer.headers, **headers}
    entry.answer_headers = {name: covered(value) if secret else value for name, value in shown.items()}
    entry.answer_headers.pop("Set-Cookie", None)
    if answer.body:
        entry.answer_headers["Content-Type"] = answer.content_type
    entry.answer_bytes = len(answer.body)
    entry.answer_body = _text(answer.body, answer.content_type, secret=secret)


def covered(text: str) -> str:
    """A form, an address or JSON with its secrets covered."""
    return SECRET_IN_JSON.sub(rf'\1"{COVER}"', SECRET_IN_FORM.sub(rf"\1{COVER}", text))


def printable(text: str) -> str:
    """Text without the lone surrogates that undecodable bytes of a header leave behind."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(body: bytes, content_type: str, *, secret: bool) -> str:
    """The beginning of a body as text."""
    kept = body[:BODY_KEPT]
    if content_type and not TEXTUAL.match(content_type):
        return f"<{len(body)} bytes>" if body else ""
    text = kept.decode("utf-8", "replace")
    return covered(text) if secret else text


def _ring(size: int, entries: Iterable[Entry] = ()) -> deque[Entry]:
    if not 0 <= size <= LARGEST_SIZE:
        raise InvalidArgument(f"a log has from 0 to {LARGEST_SIZE} entries")
    return deque(entries, maxlen=size)
