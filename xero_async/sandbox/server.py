"""The sandbox itself: a server that behaves like Xero, its clock, its faults and what it counts.

What a request is for is found in `targets`, what happens to it on the way is in `stages`, how its answer leaves in
`replies`, and what is no part of Xero in `control`.

Everything that an answer has promised is in the store before the answer leaves: documents, the answers of idempotency
keys, tokens, connections and the clock. Counters, faults and the log are this process's own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from xero_async import operations
from xero_async.wire.errors import InvalidArgument

from .answers import TEXT, Answer, internal_error
from .apps import App
from .clock import ClockState, SandboxClock
from .control import Counters, answer_control, refuse_stranger
from .documents import Documents, Filling
from .faults import SIGN_IN_OPERATIONS, Fault, FaultPlan, FaultTally
from .idempotency import KeyStore
from .identity import TOKEN_LIFE, Identity, State
from .limits import Meters, SandboxLimits
from .network import NETWORK_OPERATIONS
from .network_keys import NetworkKeys
from .replies import sign
from .requestlog import LOG_SIZE, RequestLog
from .routing import Router
from .stages import Stages
from .targets import NOT_FOUND, Targets, read_address
from .whole import HIGH_VOLUME

__all__ = ["Sandbox"]

URL_LENGTH = 2091
"""The longest URL in characters; a longer one is not found, whatever it asks for."""
BODY_LENGTH = 32 * 2**20
"""The longest request body in bytes, above all that Xero takes."""
LINE_LENGTH = 2**17
"""The longest request line in bytes that is read at all, so that a URL far too long still gets its 404."""

GRACE = 1.0
"""Seconds that running calls have to end when the sandbox is left."""

logger = logging.getLogger("xero_async.sandbox")
HTTP_LOG = logging.getLogger("xero_async.sandbox.http")
"""Where aiohttp tells, with tracebacks, of clients that do not speak HTTP: their 400 is enough."""
HTTP_LOG.setLevel(logging.CRITICAL)

UNREADABLE = Answer(400, b"The body of the request could not be read", TEXT)
TOO_LARGE = Answer(413, b"The body of the request is too large", TEXT)


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
    apps: Sequence[App]
    """A custom connection, which is `client_id`; a web app; a native app without a secret; then those given."""
    api_key: str
    """The partner's key of the Network API v1."""
    xero_keys: Sequence[str]
    """The keys of the organisations in the Network API v1, in the order of `tenants`."""
    log: RequestLog
    """The latest requests and their answers."""

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
        apps: Iterable[App] = (),
        automatic_consent: bool = False,
        log_size: int = LOG_SIZE,
        high_volume: int = HIGH_VOLUME,
    ) -> None:
        """Describe a sandbox; entering it opens the store, seeds it and starts to listen.

        `host` and `port`: where to listen; port 0 takes any. `seed`: the same seed gives the same ids, secrets,
        documents and faults. `contacts`, `invoices`: how many of each a tenant has to begin with, unless the store
        is a file that knows the tenant already. `tenants`: how many organisations. `limits`: None turns nobody
        away. `faults`: rows, or a `FaultPlan`. `latency`: seconds that each call takes at least. `store`: a file's
        path, or `:memory:`. `clock`: seconds since 1970. `token_life`: seconds. `apps`: apps beside the three that
        there always are. `automatic_consent`: users let every app in at once, with no page between. `log_size`: how
        many requests the log keeps. `high_volume`: the most documents that a list may go through with neither pages
        nor a filter that is quick.

        Raises `InvalidArgument` for a negative number, for a fault that names an unknown operation, and for two apps
        with one id.
        """
        if tenants < 1 or min(contacts, invoices, latency, token_life, high_volume) < 0:
            raise InvalidArgument("a sandbox has at least one tenant, and no number is negative")
        self.host = host
        self.log = RequestLog(log_size)
        self._port = port
        self._seed = seed
        self._store = store
        self._high_volume = high_volume
        self._latency = latency
        self._limits = self._first_limits = limits
        self._clock = SandboxClock(clock, self._clock_turned)
        self._router = Router(operations())
        self._identity = Identity(
            tenants, seed=seed, clock=self.now, token_life=token_life, apps=apps, automatic=automatic_consent
        )
        self._fresh = self._identity.export()
        self._fillings = self._filled(contacts, invoices, seed)
        plan = self._checked(faults)
        self._planned = tuple(plan)
        self._stages = self._staged(plan, KeyStore())
        self._is_open = False
        self._running: set[asyncio.Task[object]] = set()
        self._stack = AsyncExitStack()
        self.client_id = self._identity.client_id
        self.client_secret = self._identity.client_secret
        self.apps = self._identity.apps
        self.tenants = [filling.id for filling in self._fillings]
        self._keys = NetworkKeys(self.tenants, seed)
        self.api_key, self.xero_keys = self._keys.api_key, self._keys.xero_keys

    async def __aenter__(self) -> Self:
        """Open the store, seed it and listen.

        Raises `OSError` where the port is taken, `InvalidArgument` for a store that another process holds or that is
        no sandbox's, `sqlite3.Error` for one that cannot be used.
        """
        async with AsyncExitStack() as stack:
            self.documents = Documents(
                self._store, now=lambda: datetime.fromtimestamp(self.now(), UTC), high_volume=self._high_volume
            )
            stack.callback(self.documents.close)
            await asyncio.to_thread(self._furnish)  # seconds for a large store
            self._targets = Targets(self._router, self._identity, self.documents, self._keys)
            self._recall()
            self._identity.on_change = self._identity_changed
            self._is_open = True
            stack.callback(self._closed)
            runner = self._runner()
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.push_async_callback(self._settle)
            await web.TCPSite(runner, self.host, self._port).start()
            host, port = runner.addresses[0][:2]
            self.base_url = self.identity_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            self._identity.url = self.identity_url
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
            "web_client_id": self.apps[1].client_id,
            "web_client_secret": self.apps[1].client_secret or "",
            "pkce_client_id": self.apps[2].client_id,
            "tenants": self.tenants,
            "api_key": self.api_key,
            "xero_keys": list(self.xero_keys),
        }

    # ------------------------------------------------------------------------------------------------ its clock

    def now(self) -> float:
        """Seconds since 1970 by the sandbox's own clock."""
        return self._clock.now()

    def advance(self, seconds: float) -> None:
        """Move the clock forward: keys, tokens and windows grow older without a wait."""
        self._clock.advance(seconds)

    @property
    def clock(self) -> SandboxClock:
        """The clock, to be set, frozen and thawed."""
        return self._clock

    # ------------------------------------------------------------------------------------- faults, limits, counts

    def inject(self, faults: Iterable[Fault], *, seed: int | None = None) -> None:
        """Put a new fault plan in the place of the old one. Raises `InvalidArgument` for an unknown operation.

        `seed` is for faults that strike with a probability, by default the sandbox's own.
        """
        self._stages.plan = self._checked(faults, seed)

    @property
    def faults(self) -> list[FaultTally]:
        """The rows of the fault plan, and how often each has struck."""
        return self._stages.plan.tallies

    @property
    def limits(self) -> SandboxLimits | None:
        """The limits that are kept; setting them counts anew, and None turns nobody away."""
        return self._limits

    @limits.setter
    def limits(self, limits: SandboxLimits | None) -> None:
        self._limits = limits
        self._stages.meters = Meters(limits)

    @property
    def counters(self) -> Counters:
        """A copy of the counters as they stand."""
        counted = deepcopy(self._stages.tally)
        counted.documents = {tenant: self.documents.counts(tenant) for tenant in self.tenants}
        counted.most_in_flight = self._stages.meters.most_in_flight
        counted.busiest_window = self._stages.meters.busiest_minute
        return counted

    # --------------------------------------------------------------------------------------------- what it holds

    def reset(self) -> None:
        """Be as a sandbox that was made just now: documents, keys, tokens, connections, clock, counters, faults, log.

        A file that held other documents holds the seeded ones from now on.
        """
        self.documents.renew(self._fillings)
        self._identity.restore(self._fresh)
        self._clock.restore(ClockState())
        self.log.clear()
        self._limits = self._first_limits
        self._stages = self._staged(FaultPlan(self._planned, seed=self._seed), KeyStore(self.documents.kept))

    def seed(self, *, contacts: int = 0, invoices: int = 0, seed: int | None = None, tenant: str | None = None) -> None:
        """Replace a tenant's documents, or everyone's, by invented ones, the same for the same seed.

        Raises `InvalidArgument` for a tenant that there is not, and for a negative number.
        """
        if min(contacts, invoices) < 0:
            raise InvalidArgument("no number is negative")
        if tenant not in (None, *self.tenants):
            raise InvalidArgument("there is no such tenant")
        filled = self._filled(contacts, invoices, self._seed if seed is None else seed)
        self.documents.refill(each for each in filled if tenant in (None, each.id))

    def state(self, tenant: str | None = None, resource: str | None = None) -> Mapping[str, Mapping[str, object]]:
        """What the tenants hold, or one of them, as JSON by tenant's id: documents by resource, notes, files, groups.

        Made to be compared: each list has a fixed order. Raises `InvalidArgument` for a tenant or a resource that
        there is not.
        """
        return msgspec.json.decode(self.documents.state(tenant, resource), type=dict[str, dict[str, object]])

    def snapshot(self) -> bytes:
        """Everything that `reset` would end but counters, faults and the log. It holds the sandbox's secrets."""
        return self.documents.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Be as `snapshot` found this sandbox, or one that had all its tenants.

        Raises `InvalidArgument` for what is no snapshot of such a one.
        """
        before = self.documents.snapshot()
        self.documents.restore(snapshot)
        try:
            if not set(self.tenants) <= set(self.documents.tenants):
                raise InvalidArgument("this snapshot is of a sandbox with other tenants")
            self._recall()
        except InvalidArgument:
            self.documents.restore(before)
            self._recall()
            raise

    # ----------------------------------------------------------------------------------------------- on its inside

    def _filled(self, contacts: int, invoices: int, seed: int) -> list[Filling]:
        """The tenants with their contents; each has a seed of its own."""
        return [
            Filling(each.tenant_id, each.name, contacts, invoices, seed + at)
            for at, each in enumerate(self._identity.organisations)
        ]

    def _checked(self, faults: Iterable[Fault], seed: int | None = None) -> FaultPlan:
        plan = faults if isinstance(faults, FaultPlan) else FaultPlan(faults, seed=self._seed if seed is None else seed)
        named = {fault.operation for fault in plan if fault.operation is not None}
        if unknown := sorted(named - self._router.operations - SIGN_IN_OPERATIONS - NETWORK_OPERATIONS):
            raise InvalidArgument(f"the fault plan names unknown operations: {', '.join(unknown)}")
        return plan

    def _furnish(self) -> None:
        """Make the tenants that the store does not know."""
        known = self.documents.tenants
        self.documents.refill(each for each in self._fillings if each.id not in known)

    def _recall(self) -> None:
        """Take up what the store keeps of keys, clock, tokens and connections. Raises `InvalidArgument`."""
        kept = self.documents.kept
        try:
            self._stages.keys = KeyStore(kept)
            if found := kept.all("clock"):
                self._clock.state = msgspec.msgpack.decode(found["clock"], type=ClockState)
            if found := kept.all("identity"):
                self._identity.restore(msgspec.msgpack.decode(found["identity"], type=State))
        except msgspec.DecodeError as error:
            raise InvalidArgument(f"what the store keeps is of another version of the sandbox: {error}") from None

    def _closed(self) -> None:
        self._is_open = False

    def _clock_turned(self) -> None:
        if self._is_open:
            self.documents.kept.put("clock", "clock", msgspec.msgpack.encode(self._clock.state))

    def _identity_changed(self) -> None:
        self.documents.kept.put("identity", "identity", msgspec.msgpack.encode(self._identity.export()))

    def _staged(self, plan: FaultPlan, keys: KeyStore) -> Stages:
        meters = Meters(self._limits)
        return Stages(self._identity, meters, keys, plan, self.log, latency=self._latency, now=self.now)

    def _runner(self) -> web.AppRunner:
        app = web.Application(client_max_size=BODY_LENGTH)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(sign)
        return web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            logger=HTTP_LOG,
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
        except Exception:
            logger.exception("the sandbox failed")
            return await self._stages.replies.send(request, internal_error())
        finally:
            self._running.discard(task)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        """Read a request whole, and send it to its room."""
        replies = self._stages.replies
        try:
            body = await request.read()
        except web.RequestPayloadError:
            return await replies.send(request, UNREADABLE)
        except web.HTTPRequestEntityTooLarge:
            return await replies.send(request, TOO_LARGE)
        address = read_address(request.raw_path)
        if address.lowered[:1] == ["sandbox"]:
            answer = refuse_stranger(request.host, request.headers, self.host) or answer_control(
                self, request.method, address.lowered[1:], address.query, body
            )
            return await replies.send(request, answer, counted=False)
        if len(f"{request.scheme}://{request.host}{request.raw_path}") > URL_LENGTH:
            return await replies.send(request, NOT_FOUND)
        target = self._targets.find(request, address, body)
        if target is None:
            return await replies.send(request, NOT_FOUND)
        return await self._stages.serve(request, target, body)
