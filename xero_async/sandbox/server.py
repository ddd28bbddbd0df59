"""The sandbox's server: HTTP in front of the documents, with everything Xero puts between a client and them.

A call walks through the stages in Xero's order, so that each refusal costs the caller what it costs at Xero:

    door     a fault plan may drop the connection or answer as a gateway would
    sign-in  401 without a good token, 403 without a connected tenant; nothing is counted yet
    limits   429; before the key, so that a replay costs a call and a rejected write is not done
    key      a living idempotency key answers in place of the engine
    engine   `Documents.execute`
    answer   the fault plan again: late, cut or lost, when the work is already done and kept

The call gives up its place among those in flight before the first byte of its answer leaves: a client that sends
the next call the moment it has read the last byte is never refused for the one before.

The engine runs in the event loop, not in a thread: its answers take a few milliseconds, a file's fsync included,
and one thread of control keeps its writes in the order in which they were let in.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, unquote

import msgspec
from aiohttp import web

from xero_async import operations
from xero_async.wire.errors import InvalidArgument

from .answers import TEXT, Answer, not_found, rejected
from .control import Counters, answer_control
from .documents import Documents
from .faults import SIGN_IN_OPERATIONS, Fault, FaultKind, FaultPlan, Stage
from .idempotency import KEY_LENGTH, KEYED_METHODS, KeyReused, KeyStore, fingerprint
from .identity import TOKEN_LIFE, Identity
from .limits import Meter, Rejection, SandboxLimits
from .routing import Router

__all__ = ["Sandbox"]

log = logging.getLogger("xero_async.sandbox")

URL_LENGTH = 2091
"""The longest URL in characters; a longer one is not found, whatever it asks for."""
BODY_LENGTH = 32 * 2**20
"""The longest request body in bytes, above all that Xero takes."""
LINE_LENGTH = 2**17
"""The longest request line in bytes that is read at all, so that a URL far too long still gets its 404."""
COMPRESSED_FROM = 1024
"""Bytes from which a body is worth compressing."""
COMPRESSED_ASIDE = 256 * 1024
"""Bytes from which compressing, at about 100 MB a second, is left to a thread."""

GRACE = 1.0
"""Seconds that running calls have to end when the sandbox is left."""

UNKNOWN = "unknown"

HTML = "text/html; charset=utf-8"
HTML_PAGE = b"<!DOCTYPE html>\n<html><head><title>Xero</title></head><body><h1>Maintenance</h1></body></html>\n"
GATEWAY: dict[FaultKind, Answer] = {
    "502": Answer(502, b""),
    "503": Answer(503, b"The Organisation is offline", TEXT),
    "504": Answer(504, b""),
    "html": Answer(502, HTML_PAGE, HTML),
}
"""What stands in for Xero when Xero is not reached."""
NOT_FOUND = not_found().answer
UNREADABLE = Answer(400, b"The body of the request could not be read", TEXT)

EXHAUSTED = {
    "minute": "X-MinLimit-Remaining",
    "day": "X-DayLimit-Remaining",
    "appminute": "X-AppMinLimit-Remaining",
}
"""The header that is 0 when a call is turned away for a problem."""


class Target(NamedTuple):
    """What a request is for."""

    operation: str
    run: Callable[[], Answer]
    tenant: str | None = None
    """The tenant that the request names; None where Xero asks for none."""
    signed: bool = True
    """Whether it needs a token, and is a call that limits count."""


class Sandbox:
    """A server that behaves like Xero, embedded in the running event loop.

    ```python
    async with Sandbox(contacts=100, invoices=500, limits=None) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero: ...
    ```
    """

    base_url: str = ""
    """The root under which `/api.xro/2.0` and `/connections` live, once the sandbox is entered."""
    identity_url: str = ""
    """The root under which `/connect/token` lives, once the sandbox is entered."""
    documents: Documents
    """The store, once the sandbox is entered."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        contacts: int = 0,
        invoices: int = 0,
        tenants: int = 1,
        limits: SandboxLimits | None = SandboxLimits(),  # noqa: B008 - a frozen value
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        store: str = ":memory:",
        clock: Callable[[], float] = time.time,
        token_life: float = TOKEN_LIFE,
    ) -> None:
        """Describe a sandbox; entering it opens the store, seeds it and starts to listen.

        `host` and `port`: where to listen; port 0 takes any. `seed`: the same seed gives the same ids, secrets,
        documents and faults. `contacts`, `invoices`: how many of each a tenant has to begin with, unless the store
        is a file that holds documents already. `tenants`: how many organisations. `limits`: None turns nobody
        away. `faults`: rows, or a `FaultPlan`. `latency`: seconds that each call takes at least. `store`: a file's
        path, or `:memory:`. `clock`: seconds since 1970. `token_life`: seconds.

        Raises `InvalidArgument` for a negative number, and for a fault that names an unknown operation.
        """
        if tenants < 1 or min(contacts, invoices, latency, token_life) < 0:
            raise InvalidArgument("a sandbox has at least one tenant, and no number is negative")
        self._listen = (host, port)
        self._contents = (contacts, invoices)
        self._seed = seed
        self._store = store
        self._latency = latency
        self._clock = clock
        self._ahead = 0.0
        self._router = Router(operations())
        self._meter = Meter(limits)
        self._keys = KeyStore()
        self._identity = Identity(tenants, seed=seed, clock=self.now, token_life=token_life)
        self._tally = Counters()
        self._plan = FaultPlan()
        self._running: set[asyncio.Task[object]] = set()
        self._stack = AsyncExitStack()
        self.inject(faults)
        self.client_id = self._identity.client_id
        self.client_secret = self._identity.client_secret
        self.tenants = [connection.tenant_id for connection in self._identity.connections]

    async def __aenter__(self) -> Self:
        """Open the store, seed it and listen. Raises `OSError` where the port is taken."""
        async with AsyncExitStack() as stack:
            self.documents = Documents(self._store, now=lambda: datetime.fromtimestamp(self.now(), UTC))
            stack.callback(self.documents.close)
            await asyncio.to_thread(self._furnish)  # seconds for a large store
            runner = self._runner()
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.push_async_callback(self._settle)
            await web.TCPSite(runner, *self._listen).start()
            host, port = runner.addresses[0][:2]
            self.base_url = self.identity_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, end calls that do not end by themselves within a second, and close the store."""
        await self._stack.aclose()

    def announcement(self) -> dict[str, str | list[str]]:
        """All that a client has to be told to use this sandbox."""
        return {
            "base_url": self.base_url,
            "identity_url": self.identity_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "tenants": self.tenants,
        }

    def now(self) -> float:
        """Seconds since 1970 by the sandbox's own clock."""
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward: keys, tokens and windows grow older without a wait."""
        if seconds < 0:
            raise InvalidArgument("the clock only moves forward")
        self._ahead += seconds

    def inject(self, faults: Iterable[Fault]) -> None:
        """Put a new fault plan in the place of the old one. Raises `InvalidArgument` for an unknown operation."""
        plan = faults if isinstance(faults, FaultPlan) else FaultPlan(faults, seed=self._seed)
        named = {fault.operation for fault in plan if fault.operation is not None}
        if unknown := sorted(named - self._router.operations - SIGN_IN_OPERATIONS):
            raise InvalidArgument(f"the fault plan names unknown operations: {', '.join(unknown)}")
        self._plan = plan

    @property
    def counters(self) -> Counters:
        """A copy of the counters as they stand."""
        counted = deepcopy(self._tally)
        counted.documents = {tenant: self.documents.counts(tenant) for tenant in self.tenants}
        counted.most_in_flight = self._meter.most_in_flight
        counted.busiest_window = self._meter.busiest_minute
        return counted

    def _furnish(self) -> None:
        contacts, invoices = self._contents
        for at, connection in enumerate(self._identity.connections):
            self.documents.add_tenant(connection.tenant_id, connection.tenant_name)
            self.documents.seed(connection.tenant_id, contacts=contacts, invoices=invoices, seed=self._seed + at)

    def _runner(self) -> web.AppRunner:
        app = web.Application(client_max_size=BODY_LENGTH)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(_sign)
        return web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=GRACE,
            max_line_size=LINE_LENGTH,
            max_field_size=LINE_LENGTH,
        )

    async def _settle(self) -> None:
        """Let running calls end, then end them, those included whose client has gone: aiohttp forgets these."""
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE)
        for task in self._running:
            task.cancel()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            return await self._dispatch(request)
        finally:
            self._running.discard(task)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        """Read a request whole, and send it to its room."""
        try:
            body = await request.read()
        except web.RequestPayloadError:
            return await self._reply(request, UNREADABLE)
        path, query = _address(request)
        lowered = [part.lower() for part in path]
        if lowered[:1] == ["sandbox"]:
            answer = answer_control(self, request.method, lowered[1:], body)
            return await self._reply(request, answer, counted=False)
        if len(f"{request.scheme}://{request.host}{request.raw_path}") > URL_LENGTH:
            return await self._reply(request, NOT_FOUND)
        target = self._target(request, lowered, path, query, body)
        return await self._reply(request, NOT_FOUND) if target is None else await self._serve(request, target, body)

    def _target(
        self, request: web.Request, lowered: list[str], path: list[str], query: dict[str, str], body: bytes
    ) -> Target | None:
        identity = self._identity
        match [request.method, *lowered]:
            case [_, "api.xro", "2.0", *_]:
                return self._operation(request, path[2:], query, body)
            case ["GET", "connections"]:
                return Target("getConnections", lambda: identity.list_connections(query))
            case ["DELETE", "connections", connection_id]:
                return Target("deleteConnection", lambda: identity.disconnect(connection_id))
            case ["POST", "connect", "token"]:
                return Target("token", lambda: identity.token(request.headers, body), signed=False)
            case _:
                return None

    def _operation(self, request: web.Request, path: list[str], query: dict[str, str], body: bytes) -> Target:
        tenant = request.headers.get("Xero-Tenant-Id", "")
        match = None
        if request.method == "GET" and request.headers.get("Accept", "").startswith("application/pdf"):
            match = self._router.find("GET", [*path, "pdf"])
        match = match or self._router.find(request.method, path)
        if match is None:
            return Target(UNKNOWN, lambda: NOT_FOUND, tenant)
        operation, values = match
        kind = request.headers.get("Content-Type", "")
        return Target(
            operation,
            lambda: self.documents.execute(operation, tenant, values, query, request.headers, body, kind),
            tenant,
        )

    async def _serve(self, request: web.Request, target: Target, body: bytes) -> web.StreamResponse:
        """Walk one request through the stages."""
        self._arrived(target)
        if fault := self._strike("door", target, request.method):
            return await self._at_the_door(request, fault)
        if target.signed and (answer := self._refusal(request, target)):
            return await self._reply(request, answer)
        if target.signed and (headers := self._turn_away(target, request.method)) is not None:
            return await self._reply(request, Answer(429, b""), headers)
        try:
            answer = await self._work(request, target, body)
            fault = self._strike("answer", target, request.method)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.length)
        finally:
            self._left(target)
        if fault and fault.kind == "drop_after":
            return self._hang_up(request)
        headers = self._meter.headers(target.tenant, self.now()) if target.signed else {"Cache-Control": "no-store"}
        return await self._reply(request, answer, headers, cut=fault is not None and fault.kind == "cut")

    def _arrived(self, target: Target) -> None:
        if not target.signed:
            self._tally.tokens += 1
            return
        self._tally.calls += 1
        self._tally.first_call = self._tally.first_call or self.now()
        _count(self._tally.operations, target.operation)

    def _left(self, target: Target) -> None:
        if target.signed:
            self._tally.last_call = self.now()
            self._meter.leave(target.tenant, self.now())

    def _strike(self, stage: Stage, target: Target, method: str) -> Fault | None:
        fault = self._plan.strike(stage, target.operation, method)
        if fault is not None:
            _count(self._tally.injected, fault.kind)
        return fault

    async def _at_the_door(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind == "drop_before":
            return self._hang_up(request)
        answer = GATEWAY[fault.kind]
        return await self._reply(request, answer._replace(status=fault.status) if fault.kind == "html" else answer)

    def _refusal(self, request: web.Request, target: Target) -> Answer | None:
        refusal = self._identity.refuse_token(request.headers.get("Authorization", ""))
        if refusal is None and target.tenant is not None:
            return self._identity.refuse_tenant(target.tenant)
        return refusal

    def _turn_away(self, target: Target, method: str) -> dict[str, str] | None:
        """The headers of a 429 where a limit is reached or the fault plan pretends so; else the call is let in."""
        now = self.now()
        rejection: Rejection | None
        if fault := self._strike("limits", target, method):
            rejection = _pretended(fault)
        elif rejection := self._meter.arrive(target.tenant, now):
            _count(self._tally.rejections, rejection.problem)
        else:
            return None
        headers = self._meter.headers(target.tenant, now)
        headers["X-Rate-Limit-Problem"] = rejection.problem
        if (exhausted := EXHAUSTED.get(rejection.problem)) in headers:
            headers[exhausted] = "0"
        if rejection.retry_after is not None:
            headers["Retry-After"] = str(rejection.retry_after)
        return headers

    async def _work(self, request: web.Request, target: Target, body: bytes) -> Answer:
        """Have the work done, unless the request's idempotency key has an answer already."""
        key = request.headers.get("Idempotency-Key", "")
        if not key or target.tenant is None or request.method not in KEYED_METHODS:
            return await self._execute(target, request.method)
        if len(key) > KEY_LENGTH:
            return rejected([f"The Idempotency-Key is longer than {KEY_LENGTH} characters"]).answer
        asked = fingerprint(request.method, request.raw_path, body)
        try:
            answer, replayed = await self._keys.once(
                key, asked, self.now(), lambda: self._execute(target, request.method)
            )
        except KeyReused:
            return rejected(["The Idempotency-Key was used before with a different request"]).answer
        self._tally.replays += replayed
        return answer

    async def _execute(self, target: Target, method: str) -> Answer:
        if self._latency and target.signed:
            await asyncio.sleep(self._latency)
        if self._strike("engine", target, method):
            return _internal_error()
        try:
            return target.run()
        except Exception:
            log.exception("the engine failed at %s", target.operation)
            return _internal_error()

    async def _reply(
        self,
        request: web.Request,
        answer: Answer,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
        counted: bool = True,
    ) -> web.StreamResponse:
        """Send an answer, compressed where the client takes that; `cut` sends half of the body and hangs up."""
        sent = {**answer.headers, **(headers or {})}
        payload = answer.body
        if payload:
            sent["Content-Type"] = answer.content_type
        if _is_compressible(request, answer):
            sent["Content-Encoding"] = "gzip"
            aside = len(payload) >= COMPRESSED_ASIDE
            payload = await asyncio.to_thread(_gzip, payload) if aside else _gzip(payload)
        if cut:
            return await self._cut(request, answer.status, payload, sent)
        self._tally.bytes_out += len(payload) if counted else 0
        return web.Response(status=answer.status, body=payload, headers=sent)

    async def _cut(
        self, request: web.Request, status: int, payload: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(payload)
        half = payload[: len(payload) // 2]
        await response.prepare(request)
        await response.write(half)
        self._tally.bytes_out += len(half)
        self._hang_up(request)
        return response

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        """Close the connection; what is returned, for want of another way to end a handler, is never sent."""
        self._tally.dropped += 1
        if request.transport is not None:
            request.transport.close()
        return web.Response()


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every answer what Xero puts on every answer, and the name of what it is that answers."""
    response.headers.setdefault("Xero-Correlation-Id", str(uuid.uuid4()))
    response.headers["Server"] = "xero_async sandbox (simulation)"


def _address(request: web.Request) -> tuple[list[str], dict[str, str]]:
    """The parts of the path, percent-decoded one by one, and the query by lower-case name.

    A repeated name gives its values joined by commas, as ASP.NET has it.
    """
    path, _, query = request.raw_path.partition("?")
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name.lower(), []).append(value)
    return [unquote(part) for part in path.split("/") if part], {name: ",".join(all) for name, all in found.items()}


def _count(table: dict[str, int], name: str) -> None:
    table[name] = table.get(name, 0) + 1


def _pretended(fault: Fault) -> Rejection:
    assert fault.kind in ("minute", "concurrent", "day", "appminute")
    return Rejection(fault.kind, math.ceil(fault.length) if fault.length else None)


def _is_compressible(request: web.Request, answer: Answer) -> bool:
    return (
        len(answer.body) >= COMPRESSED_FROM
        and answer.content_type.startswith(("application/json", "text/"))
        and "gzip" in request.headers.get("Accept-Encoding", "").lower()
    )


def _gzip(body: bytes) -> bytes:
    """Compress at the lowest level: within a third of the highest in size, several times as fast."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    return squeeze.compress(body) + squeeze.flush()


def _internal_error() -> Answer:
    told = {
        "Title": "An error occurred",
        "Detail": "An error occurred in Xero. Check the API Status page http://status.developer.xero.com "
        "for current service status.",
        "Status": 500,
        "Instance": str(uuid.uuid4()),
    }
    return Answer(500, msgspec.json.encode(told))
