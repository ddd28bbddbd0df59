"""What the sandbox says of itself, and how it is steered, under `/sandbox/`. `GET /sandbox/` lists it all.

None of this exists at Xero: it needs no token, costs no call, and is neither counted nor logged. The counters are the
server's own view, there to be set against what a client believes.

Since it needs no token, it must not be steered by a page that happens to be open in a browser on this machine. Such a
page shows itself by an `Origin` of its own, or, where it has rebound its name to this address, by a `Host` that is a
name of the public DNS.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from xero_async.wire.errors import InvalidArgument

from .answers import TEXT, Answer
from .clock import SandboxClock
from .documents import Documents
from .faults import Fault, FaultTally
from .limits import SandboxLimits
from .requestlog import RequestLog

__all__ = ["BANNER", "Counters", "answer_control", "refuse_stranger"]

BANNER = "A simulation of Xero by xero_async: it holds invented data and is not connected to Xero.\n"
CONTROLS = """
GET    /sandbox/counters    what was called, rejected, replayed, and how many documents there are
GET    /sandbox/state       all documents for comparison; ?tenant= ?resource= narrow it, ?page= ?pageSize= cut it
GET    /sandbox/snapshot    everything as one file, secrets included
PUT    /sandbox/snapshot    that file: everything is again as it was
POST   /sandbox/reset       everything as after the start: documents, keys, tokens, connections, clock, counters, faults
POST   /sandbox/seed        {"contacts": 10, "invoices": 50, "seed": 1, "tenant": "..."}: these replace the documents
GET    /sandbox/faults      the fault plan, and how often each row was met and has struck
POST   /sandbox/faults      [{"kind": "503", "every": 7}], or {"faults": [...], "seed": 1}: a new plan
DELETE /sandbox/faults      no more faults
GET    /sandbox/limits      the limits on calls
POST   /sandbox/limits      {"minute": 60, "style": "rolling"}, or null for none: other limits, counted anew
GET    /sandbox/clock       what time it is here
POST   /sandbox/clock       {"advance": 60}, {"set": "2027-01-31T00:00:00Z"}, {"frozen": true}: keys, tokens and windows
                            grow older without a wait; the clock only moves forward
GET    /sandbox/log         requests and answers, the oldest first; ?since= a number, ?limit= the latest so many
POST   /sandbox/log         {"size": 1000}: how many are kept
DELETE /sandbox/log         forget them
"""
YEARS_20 = 20 * 365 * 86_400
LARGEST = 1_000_000
LOCAL_NAMES = (".localhost", ".local", ".internal")
"""Ends of names that the public DNS never resolves."""


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
    bytes_in: int = 0
    """Bytes of the requests' bodies, uncompressed."""
    bytes_out: int = 0
    """Bytes of the answers' bodies as they were sent, compressed or not."""
    documents: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """By tenant: documents of each resource, `duplicates`, and `duplicate_numbers` of invoices; see `Documents`."""
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


class ClockTurn(Struct, forbid_unknown_fields=True):
    """The body of `POST /sandbox/clock`: first it stands or runs, then it is set, then it advances."""

    frozen: bool | UnsetType = UNSET
    set: datetime | float | UnsetType = UNSET
    advance: Annotated[float, Meta(ge=0, le=YEARS_20)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.frozen is UNSET and self.set is UNSET and self.advance is UNSET:
            raise InvalidArgument("say what becomes of the clock: advance, set or frozen")


class Plan(Struct, forbid_unknown_fields=True):
    """The body of `POST /sandbox/faults`, in the form that has a seed."""

    faults: list[Fault]
    seed: int | None = None


class Seeding(Struct, forbid_unknown_fields=True):
    """The body of `POST /sandbox/seed`."""

    contacts: Annotated[int, Meta(ge=0, le=LARGEST)] = 0
    invoices: Annotated[int, Meta(ge=0, le=LARGEST)] = 0
    seed: int | None = None
    tenant: str | None = None


class LogSetting(Struct, forbid_unknown_fields=True):
    """The body of `POST /sandbox/log`."""

    size: int


class Limiting(SandboxLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /sandbox/limits`."""


class Controlled(Protocol):
    """What can be steered."""

    log: RequestLog
    documents: Documents

    @property
    def limits(self) -> SandboxLimits | None:
        """The limits that are kept."""
        ...

    @limits.setter
    def limits(self, limits: SandboxLimits | None) -> None: ...

    @property
    def counters(self) -> Counters:
        """The counters as they stand."""
        ...

    @property
    def faults(self) -> list[FaultTally]:
        """The fault plan with what came of it."""
        ...

    @property
    def clock(self) -> SandboxClock:
        """The clock."""
        ...

    def inject(self, faults: Iterable[Fault], *, seed: int | None = None) -> None:
        """Put a new fault plan in the place of the old one."""
        ...

    def reset(self) -> None:
        """Be as after the start."""
        ...

    def seed(self, *, contacts: int = 0, invoices: int = 0, seed: int | None = None, tenant: str | None = None) -> None:
        """Replace documents by invented ones."""
        ...

    def snapshot(self) -> bytes:
        """Everything as one value."""
        ...

    def restore(self, snapshot: bytes) -> None:
        """Be as in a snapshot."""
        ...


def answer_control(
    sandbox: Controlled, method: str, path: Sequence[str], query: Mapping[str, str], body: bytes
) -> Answer:
    """Answer a request for `path`, the lower-case parts of the path after `/sandbox/`."""
    try:
        answer = _told(sandbox, path, query) if method == "GET" else None
        if answer is None:
            answer = Answer(204, b"") if _steered(sandbox, method, path, body) else None
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidArgument) as error:
        return Answer(400, f"{error}\n".encode("utf-8", "replace"), TEXT)
    return answer or Answer(404, b"The sandbox has no such control; GET /sandbox/ lists them.\n", TEXT)


def refuse_stranger(host: str, headers: Mapping[str, str], own_host: str) -> Answer | None:
    """Refuse what a web page of another origin has sent; `host` as the request names it, `own_host` as it listens."""
    if not _is_local(host, own_host):
        return Answer(403, b"The sandbox is steered under a local name or an address, not under a public name.\n", TEXT)
    origin = headers.get("Origin")
    if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
        return Answer(403, b"The sandbox is not steered by pages of another origin.\n", TEXT)
    return None


def _told(sandbox: Controlled, path: Sequence[str], query: Mapping[str, str]) -> Answer | None:
    match path:
        case []:
            return Answer(200, (BANNER + CONTROLS).encode(), TEXT)
        case ["counters"]:
            return _json(sandbox.counters)
        case ["faults"]:
            return _json(sandbox.faults)
        case ["limits"]:
            return _json(sandbox.limits)
        case ["clock"]:
            return _json(_time(sandbox.clock))
        case ["log"]:
            since, limit = _whole(query, "since", 0), _whole(query, "limit", LARGEST)
            return _json({"size": sandbox.log.size, "entries": sandbox.log.entries(since=since, limit=limit)})
        case ["state"]:
            page, size = max(1, _whole(query, "page", 1)), _whole(query, "pagesize", -1)
            state = sandbox.documents.state(query.get("tenant"), query.get("resource"), page=page, size=size)
            return Answer(200, state)
        case ["snapshot"]:
            return Answer(200, sandbox.snapshot(), "application/msgpack")
        case _:
            return None


def _steered(sandbox: Controlled, method: str, path: Sequence[str], body: bytes) -> bool:
    """Do what is asked; False where there is no such control."""
    match [method, *path]:
        case ["POST", "reset"]:
            sandbox.reset()
        case ["POST", "seed"]:
            wanted = msgspec.json.decode(body or b"{}", type=Seeding)
            sandbox.seed(contacts=wanted.contacts, invoices=wanted.invoices, seed=wanted.seed, tenant=wanted.tenant)
        case ["POST", "faults"]:
            given: list[Fault] | Plan = msgspec.json.decode(body, type=list[Fault] | Plan)
            plan = Plan(given) if isinstance(given, list) else given
            sandbox.inject(plan.faults, seed=plan.seed)
        case ["DELETE", "faults"]:
            sandbox.inject([])
        case ["POST", "limits"]:
            sandbox.limits = msgspec.json.decode(body, type=Limiting | None)
        case ["POST", "clock"]:
            _turn(sandbox.clock, msgspec.json.decode(body, type=ClockTurn))
        case ["POST", "log"]:
            sandbox.log.size = msgspec.json.decode(body, type=LogSetting).size
        case ["DELETE", "log"]:
            sandbox.log.clear()
        case ["PUT", "snapshot"]:
            sandbox.restore(body)
        case _:
            return False
    return True


def _turn(clock: SandboxClock, turn: ClockTurn) -> None:
    if turn.frozen is not UNSET:
        clock.freeze() if turn.frozen else clock.thaw()
    if turn.set is not UNSET:
        clock.set(_moment(turn.set))
    if turn.advance is not UNSET:
        clock.advance(turn.advance)


def _moment(given: datetime | float) -> float:
    if not isinstance(given, datetime):
        return given
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()


def _time(clock: SandboxClock) -> dict[str, object]:
    now = clock.now()
    return {
        "now": now,
        "utc": datetime.fromtimestamp(now, UTC),
        "ahead": clock.state.ahead,
        "frozen": clock.state.frozen is not None,
    }


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        raise InvalidArgument(f"{name} is a whole number")
    return int(given)


def _is_local(host: str, own_host: str) -> bool:
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == own_host.lower() or "." not in name or name.endswith(LOCAL_NAMES)
    return True


def _json(value: object) -> Answer:
    return Answer(200, msgspec.json.encode(value))
