"""What the sandbox says of itself, and how it is steered, under `/sandbox/`.

    GET  /sandbox/           a few words of text
    GET  /sandbox/counters   `Counters` as JSON
    POST /sandbox/faults     a JSON list of `Fault` that takes the place of the fault plan; `[]` ends all faults
    POST /sandbox/clock      {"advance": seconds}: keys, tokens and windows grow older by as much

None of this exists at Xero: it needs no token, costs no call and is not counted. The counters are the server's own
view, there to be set against what a client believes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct, field

from xero_async.wire.errors import InvalidArgument

from .answers import TEXT, Answer
from .faults import Fault

__all__ = ["BANNER", "Counters", "answer_control"]

BANNER = "A simulation of Xero by xero_async: it holds invented data and is not connected to Xero.\n"
YEARS_20 = 20 * 365 * 86_400


class Counters(Struct, kw_only=True):
    """What a sandbox has seen since it started. Moments are in seconds since 1970, by the sandbox's clock."""

    calls: int = 0
    """Calls of the API, those included that were rejected, dropped or answered with an error."""
    operations: dict[str, int] = field(default_factory=dict[str, int])
    """The same calls by operation; `unknown` are those whose path or method is in no table."""
    tokens: int = 0
    """Requests for a token; they are not among the calls."""
    rejections: dict[str, int] = field(default_factory=dict[str, int])
    """Calls turned away for a limit that was truly reached, by problem: a well-paced client has none."""
    injected: dict[str, int] = field(default_factory=dict[str, int])
    """Strikes of the fault plan by kind; its 429s are here and not among the rejections."""
    replays: int = 0
    """Writes answered from their idempotency key."""
    dropped: int = 0
    """Connections closed on purpose with no answer or half of one."""
    bytes_out: int = 0
    """Bytes of the answers' bodies as they were sent, compressed or not."""
    documents: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """By tenant: documents of each resource, and `duplicates`."""
    first_call: float | None = None
    """When the first call arrived."""
    last_call: float | None = None
    """When the latest answer to a call was ready."""
    most_in_flight: dict[str, int] = field(default_factory=dict[str, int])
    """By tenant: the most calls at once, one that was turned away for it included."""
    busiest_window: dict[str, int] = field(default_factory=dict[str, int])
    """By tenant: the most calls that counted in one minute's window."""

    @property
    def rejected(self) -> int:
        """Calls turned away for a limit, in all."""
        return sum(self.rejections.values())

    @property
    def duplicates(self) -> int:
        """Duplicate invoices, in all."""
        return sum(counts.get("duplicates", 0) for counts in self.documents.values())


class Clock(Struct, forbid_unknown_fields=True):
    """The body of `POST /sandbox/clock`."""

    advance: Annotated[float, Meta(ge=0, le=YEARS_20)]


class Controlled(Protocol):
    """What can be steered."""

    @property
    def counters(self) -> Counters:
        """The counters as they stand."""
        ...

    def inject(self, faults: Iterable[Fault]) -> None:
        """Put a new fault plan in the place of the old one."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        ...


def answer_control(sandbox: Controlled, method: str, path: Sequence[str], body: bytes) -> Answer:
    """Answer a request for `path`, the lower-case parts of the path after `/sandbox/`."""
    try:
        match method, *path:
            case ["GET"]:
                return Answer(200, BANNER.encode(), TEXT)
            case ["GET", "counters"]:
                return Answer(200, msgspec.json.encode(sandbox.counters))
            case ["POST", "faults"]:
                sandbox.inject(msgspec.json.decode(body, type=list[Fault]))
            case ["POST", "clock"]:
                sandbox.advance(msgspec.json.decode(body, type=Clock).advance)
            case _:
                return Answer(404, b"The sandbox has no such control.\n", TEXT)
    except (msgspec.DecodeError, InvalidArgument) as error:
        return Answer(400, f"{error}\n".encode(), TEXT)
    return Answer(204, b"")
