"""The session manager: `Xero`, the tenants that it hands out, and the only place that opens a socket to Xero.

It executes the rows of the tables and knows none of them. How a call walks, from its turn to its value or error, is
told in `calls.py`; here is what all calls share, the pool of connections, and its opening and closing.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import aiohttp
from yarl import URL

from ._version import __version__
from .apis.accounting import Accounting
from .apis.identity import Identity
from .apis.parameters import Id
from .auth import Auth, CodeFlow, Settling, SignIn, TokenSet
from .auth.base import Sealed
from .auth.id_tokens import KEYS_PATH, verify_id_token
from .calls import Caller, Hook, Line, Telemetry
from .models import Connection
from .outcomes import FAILURES, Attempt, Sent, Usage, scrubbed
from .pacing import Limiter, Limits, Pacer, Remaining, RetryPolicy
from .pacing.pacer import SharedPacer
from .wire.compression import ACCEPTED, Unpacker, is_packed, unpacked
from .wire.errors import InvalidArgument, OutcomeUnknown, SessionClosed, TransportError
from .wire.operation import Answer, Request

if TYPE_CHECKING:
    from .network_v1 import Network

__all__ = ["Attempt", "Tenant", "Xero"]

BASE_URL = "https://api.xero.com"
IDENTITY_URL = "https://identity.xero.com"
LOGIN_URL = "https://login.xero.com"
"""Where a user's browser goes, while the app itself goes to `IDENTITY_URL`; elsewhere both are one server."""
READ_TIMEOUT = 100.0
CONNECT_TIMEOUT = 15.0
USER_AGENT = f"xero_async/{__version__} (aiohttp {aiohttp.__version__}; Python {platform.python_version()})"

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

CHUNK = 1 << 18
"""Bytes that are written to a file at a time."""

LARGE_PACKED = 1 << 16
"""Bytes from which a compressed body is unpacked in a thread, which takes a tenth of a millisecond to be asked."""

LARGE_BODY = 1 << 20
"""Bytes from which aiohttp wants a body as a file, lest writing it hold up the event loop."""


class Xero:
    """The session manager. Enter it, take tenants from it, await their operations.

        async with Xero(ClientCredentials(id, secret)) as xero:
            tenant = xero.tenant(tenant_id)
            invoice = await tenant.invoices.get(invoice_id)

    `limits` are what Xero allows, or a limiter of your own; `retry` is how often and how long a call is tried;
    `timeout` is seconds to wait for an answer, or an aiohttp `ClientTimeout`; `http` is an aiohttp session of your own,
    which stays open, and is fastest with `auto_decompress=False`; `unitdp` goes to every operation that takes it; with
    `strict`, an answer with a field that is not as documented raises `DecodeError`; `on_attempt` is called after each
    attempt; `telemetry` watches whole calls, as `xero_async.telemetry.OpenTelemetry` does.
    Raises `InvalidArgument` for options that cannot be right.
    """

    def __init__(
        self,
        auth: Auth,
        *,
        base_url: str = BASE_URL,
        identity_url: str = IDENTITY_URL,
        limits: Limits | Pacer | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | aiohttp.ClientTimeout = READ_TIMEOUT,
        http: aiohttp.ClientSession | None = None,
        unitdp: Literal[2, 4] | None = None,
        strict: bool = False,
        on_attempt: Callable[[Attempt], object] | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._session = _Session(
            auth,
            Limiter(limits) if isinstance(limits, Limits | None) else limits,
            retry or RetryPolicy(),
            base_url=base_url,
            identity_url=identity_url,
            timeout=_client_timeout(timeout),
            http=http,
            unitdp=unitdp,
            strict=strict,
            on_attempt=on_attempt,
            telemetry=telemetry,
        )

    def __repr__(self) -> str:
        return f"<Xero at {self._session.base_url}, {'closed' if self._session.http is None else 'open'}>"

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what is in flight with `SessionClosed`, and close the connection pool unless it was given."""
        await self._session.close()

    def tenant(self, tenant_id: str | UUID | Connection, *, bulk: bool = False, timeout: float | None = None) -> Tenant:
        """An organisation, by its connection or the `tenant_id` of that. Nothing is sent.

        With `bulk`, its calls let those of other parts of the program pass. `timeout`, in seconds, replaces the
        client's. Raises `InvalidArgument` for what cannot be an id.
        """
        text = str(tenant_id.tenant_id or "") if isinstance(tenant_id, Connection) else str(tenant_id)
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise InvalidArgument("a tenant id is the tenant_id of a connection: see `await xero.connections()`")
        # Xero writes its ids in lower case; one tenant under two spellings would have two shares of its limits.
        text = text.lower()
        return Tenant(Caller(self._session, text, bulk, self._timeouts(timeout)))

    def network_v1(self, xero_key: str, *, bulk: bool = False, timeout: float | None = None) -> Network:
        """An organisation of the retired Xero Network API v1, by the key that its owner gave out. Nothing is sent.

        For a `Xero` that was given an `ApiKey` and the `base_url` of a server that speaks it, such as the sandbox;
        `bulk` and `timeout` as for a tenant. Raises `InvalidArgument` otherwise, and for what cannot be a key.
        """
        from .auth.api_key import ApiKey
        from .network_v1 import Network

        auth = self._session.auth
        if not isinstance(auth, ApiKey):
            raise InvalidArgument("the Network API v1 knows no tokens: give Xero an ApiKey of `xero_async.network_v1`")
        if self._session.base_url == BASE_URL:
            raise InvalidArgument(f"{BASE_URL} has retired the Network API v1: give Xero the base_url of who speaks it")
        return Network(Caller(self._session, auth.organisation(xero_key), bulk, self._timeouts(timeout)))

    async def connections(self) -> list[Connection]:
        """The tenants that the token reaches."""
        return await _BoundIdentity(Caller(self._session, None)).connections.list()

    async def disconnect(self, connection_id: Id) -> None:
        """Remove a connection, by its `id`. The app loses its access to the tenant."""
        await _BoundIdentity(Caller(self._session, None)).connections.delete(connection_id)

    def start_sign_in(self) -> SignIn:
        """Begin to sign in a user by `AuthorizationCode` or `PKCE`: send their browser to its `url`, and keep the rest.

        Nothing is sent. Raises `InvalidArgument` for another way to sign in.
        """
        session = self._session
        return self._flow.start(LOGIN_URL if session.identity_url == IDENTITY_URL else session.identity_url)

    async def finish_sign_in(self, started: SignIn, callback: str | Mapping[str, str]) -> TokenSet:
        """End a sign-in with the address that the browser came back to, or the query of that; keeps the tokens.

        Raises `SignInFailed` where the user refused or Xero does not take the code, `InvalidArgument` where this is
        not the answer to what was started, `TransportError`, `TokenStoreError`.
        """
        return await self._flow.finish(started, callback, self._session.sign_in)

    async def sign_out(self) -> None:
        """Have Xero revoke the user's sign-in, which disconnects its tenants, and forget the tokens.

        Raises `SignInFailed`, `TransportError`, `TokenStoreError`; the tokens are then kept.
        """
        await self._flow.sign_out(self._session.sign_in)

    async def verified_claims(self, tokens: TokenSet, started: SignIn | None = None) -> dict[str, Any]:
        """Who signed in, with the ID token's signature checked against the keys of the identity server.

        Needs the extra `[verify]`. Raises `SignInFailed` for a token that cannot be trusted, `TransportError`.
        """
        keys = await self._session.ask_identity("GET", KEYS_PATH, None, Sealed())
        root = self._session.identity_url
        nonce = started.nonce if started is not None else None
        return verify_id_token(tokens.id_token, keys.body, client_id=self._flow.client_id, nonce=nonce, issuer=root)

    def _timeouts(self, timeout: float | None) -> aiohttp.ClientTimeout | None:
        if timeout is None:
            return None
        timeouts = _client_timeout(timeout)
        self._session.outlive(timeouts)
        return timeouts

    @property
    def _flow(self) -> CodeFlow:
        auth = self._session.auth
        if not isinstance(auth, CodeFlow):
            raise InvalidArgument("a user signs in by AuthorizationCode or PKCE; this Xero was given another way")
        return auth


class Tenant(Accounting):
    """An organisation: its resources are attributes, their verbs coroutines."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self._caller = caller
        self.id = caller.tenant or ""
        self._line = caller.line
        self._resend = caller.resend

    def __repr__(self) -> str:
        return f"<Tenant {self.id}>"

    @property
    def limits(self) -> Remaining:
        """What is left of Xero's limits: calls of the minute, of the day and of the app's minute, and in flight."""
        return self._line.limiter.remaining(self.id)

    @property
    def usage(self) -> Usage:
        """What was sent and drawn for the tenant since the `Xero` was made: Xero bills the bytes that are drawn."""
        return self._line.meter(self.id).read()

    async def resend(self, error: OutcomeUnknown) -> Any:  # Any: what the write would have returned
        """Send a write whose outcome is unknown once more, to settle it; return what the write returns.

        The same bytes go to the same URL with the same key, so that Xero does it at most once. The attempts are
        counted anew, but the key's age is not. Raises `InvalidArgument`, with nothing sent, where that is not safe:
        the key was first used 4 minutes ago or more, there is none (DELETE), or the write is of another tenant.
        Raises `OutcomeUnknown` where it is still in doubt, as always after a 500, which Xero replays.
        """
        return await self._resend(error)


class _BoundIdentity(Identity):
    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self._caller = caller


class _Session(Line):
    """What all calls of a `Xero` share, and their way out."""

    def __init__(
        self,
        auth: Auth,
        limiter: Pacer,
        retry: RetryPolicy,
        *,
        base_url: str,
        identity_url: str,
        timeout: aiohttp.ClientTimeout,
        http: aiohttp.ClientSession | None,
        unitdp: Literal[2, 4] | None,
        strict: bool,
        on_attempt: Hook | None,
        telemetry: Telemetry | None,
    ) -> None:
        if unitdp not in (None, 2, 4):
            raise InvalidArgument("unitdp is 2 or 4")
        super().__init__(
            auth,
            limiter,
            retry,
            base_url=_root(base_url, "base_url"),
            unitdp=unitdp,
            strict=strict,
            on_attempt=on_attempt,
            telemetry=telemetry,
        )
        self.identity_url, self.timeout = _root(identity_url, "identity_url"), timeout
        self.outlive(timeout)
        self.http: aiohttp.ClientSession | None = None
        self._given_http = http
        self._retries, self._unpacks = True, True

    @property
    def is_open(self) -> bool:
        """Whether the connection pool is open."""
        return self.http is not None

    def check_open(self) -> None:
        """Raises `SessionClosed` where the pool is not open."""
        _ = self.open_http

    def open(self) -> None:
        """Open the connection pool."""
        if self.http is not None:
            raise InvalidArgument("this Xero is open already: share it, or make another one")
        self.http = self._given_http or _new_http()
        self._unpacks = not self.http.auto_decompress
        # A thread of its own, since a program may keep those of the loop busy, even with what waits for an answer.
        self._unpacking = ThreadPoolExecutor(1, thread_name_prefix="xero-unpack")
        self._retries = self.http._retry_connection  # pyright: ignore[reportPrivateUsage] - there is no public way
        # By itself, aiohttp repeats a PUT or DELETE when a connection drops: past the limits, and a DELETE has no key.
        self.http._retry_connection = False  # pyright: ignore[reportPrivateUsage] - as above

    def outlive(self, timeout: aiohttp.ClientTimeout) -> None:
        """Let limits that are shared know how long an attempt may last: a slot is not to pass on under it."""
        if isinstance(self.limiter, SharedPacer):
            self.limiter.outlive(_longest(timeout) or self.retry.deadline)

    async def close(self) -> None:
        """End the calls in flight, wait until they have left, and close what was opened here."""
        http, self.http = self.http, None
        try:
            self.idle.clear()
            for scope in self.scopes:
                if not scope.expired():
                    scope.reschedule(0)
            if self.scopes:
                await self.idle.wait()
            if isinstance(self.auth, Settling):
                await self.auth.settle(self.sign_in)
            if isinstance(self.limiter, SharedPacer):
                await self.limiter.settle()
        finally:
            if http is not None and http is self._given_http:
                http._retry_connection = self._retries  # pyright: ignore[reportPrivateUsage] - as it was
            elif http is not None:
                await http.close()
            # What aiohttp has given up ends a turn of the loop later: its sockets, and tasks that write a request.
            await asyncio.sleep(0)
            self._unpacking.shutdown(wait=False)

    @property
    def open_http(self) -> aiohttp.ClientSession:
        """The connection pool. Raises `SessionClosed`."""
        if self.http is None:
            raise SessionClosed("the session is not open: call within `async with Xero(...) as xero:`")
        if self.http.closed:
            raise SessionClosed("the aiohttp session that was given as `http` is closed")
        return self.http

    async def exchange(
        self,
        request: Request[Any],
        target: str,
        headers: Sealed,
        timeouts: aiohttp.ClientTimeout | None,
        learn: Callable[[int, Mapping[str, str]], None],
        sent: Sent,
    ) -> Answer:
        """Send a request once, to a path and query, and return the answer, whatever its status."""
        headers["User-Agent"] = USER_AGENT
        if self._unpacks:
            headers["Accept-Encoding"] = ACCEPTED
        try:
            async with self.open_http.request(
                request.method,
                URL(self.base_url + target, encoded=True),
                data=_body(request.body),
                headers=headers,
                timeout=timeouts or self.timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                learn(response.status, response.headers)
                try:
                    body = await self._body_of(response, request)
                finally:
                    sent.received = _drawn(response.content)
                return Answer(response.status, response.headers, body, self.strict)
        except aiohttp.InvalidURL as error:
            # What signs an address with a key keeps it out of tracebacks, too.
            raise InvalidArgument("the base URL and the path make no URL") from (None if self.sign else error)

    async def _body_of(self, response: aiohttp.ClientResponse, request: Request[Any]) -> bytes:
        """The body of an answer; that of a success goes into the request's sink, where it has one."""
        if not response.ok:
            # As far as it can be read: the status says enough without it.
            with suppress(*FAILURES):
                return await self._whole(response)
        elif request.sink is None:
            return await self._whole(response)
        else:
            async with aclosing(self._pieces(response)) as pieces:
                await request.sink(pieces)
        return b""

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        """A body, unpacked. Raises one of `FAILURES`."""
        body = await response.read()
        try:
            if not body or not self._is_packed(response):
                return body
            if len(body) < LARGE_PACKED:
                return unpacked(body)
            return await asyncio.get_running_loop().run_in_executor(self._unpacking, unpacked, body)
        except ValueError as error:
            raise aiohttp.ClientPayloadError(str(error)) from None

    async def _pieces(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
        """A body, unpacked, piece by piece. Raises one of `FAILURES`."""
        unpacker = Unpacker(CHUNK)
        try:
            is_packed = self._is_packed(response)
            async for piece in response.content.iter_chunked(CHUNK):
                for part in unpacker.feed(piece) if is_packed else (piece,):
                    yield part
            unpacker.end()
        except ValueError as error:
            raise aiohttp.ClientPayloadError(str(error)) from None

    def _is_packed(self, response: aiohttp.ClientResponse) -> bool:
        coding = response.headers.get("Content-Encoding") if self._unpacks else None
        return coding is not None and is_packed(coding)

    async def sign_in(self, path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
        """Post a form to the identity server, for the way to sign in."""
        data = BytesIO(urlencode({name: value for name, value in form.items() if value}).encode())
        return await self.ask_identity("POST", path, data, Sealed(headers, **_FORM))

    async def ask_identity(self, method: str, path: str, data: BytesIO | None, headers: Mapping[str, str]) -> Answer:
        """Ask the identity server once and return its answer, whatever the status. Raises `TransportError`."""
        coding = {"Accept-Encoding": ACCEPTED} if self._unpacks else {}
        try:
            async with self.open_http.request(
                method,
                URL(self.identity_url + path, encoded=True),
                data=data,
                headers={"Accept": "application/json", "User-Agent": USER_AGENT, **coding, **headers},
                timeout=self.timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                return Answer(response.status, response.headers, await self._whole(response))
        except FAILURES as error:
            cause = scrubbed(error)
        # Raised out here, so that the errors keep no hold of one that knows the credentials.
        self.check_open()
        raise TransportError(f"no answer from the identity server: {type(cause).__name__}") from cause


def _drawn(content: aiohttp.StreamReader) -> int:
    """Bytes of a body as they came over the wire; where aiohttp does not tell (before 3.14), as they were unpacked."""
    drawn: int = getattr(content, "total_raw_bytes", content.total_bytes)
    return drawn


def _body(data: bytes | None) -> bytes | BytesIO | None:
    return BytesIO(data) if data is not None and len(data) > LARGE_BODY else data


def _root(url: str, name: str) -> str:
    if not _is_root(url):
        raise InvalidArgument(
            f"{name} is a URL such as https://api.xero.com, without user, query, fragment, spaces, or a port over 65535"
        )
    return url.rstrip("/")


def _is_root(url: str) -> bool:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port out of range
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain and is_bare


def _client_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    if not 0 < timeout < float("inf"):
        raise InvalidArgument("timeout is a number of seconds above 0")
    return aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECT_TIMEOUT, timeout), sock_read=timeout)


def _longest(timeout: aiohttp.ClientTimeout) -> float | None:
    """Seconds that an answer may be waited for; None where nothing bounds them."""
    if timeout.total or not (timeout.sock_connect and timeout.sock_read):
        return timeout.total
    return timeout.sock_connect + timeout.sock_read


def _new_http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    )
