"""The session manager: the only place that opens a socket to Xero.

It executes the rows of the tables and knows none of them. A call takes one way in and one way out:

    request (made once) → turn → token → send → the limiter learns → decide → wait and again, or decode, or raise

The first attempt runs bare. Only when it fails does tenacity take over, with the waits that the retry decision names.
A call ends in a value, in an error of the tree, or in `OutcomeUnknown`, and never in silence: the deadline covers the
whole of it, waiting for turns included.
"""

from __future__ import annotations

import asyncio
import io
import logging
import platform
import random
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import aiohttp
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ._version import __version__
from .apis.accounting import Accounting
from .apis.identity import Identity
from .apis.parameters import Id
from .auth import Auth
from .models import Connection
from .outcomes import (
    NEXT,
    Attempt,
    Sent,
    cause_of,
    error_of,
    in_limbo,
    outcome_of,
    outcome_of_failure,
    scrubbed,
    timed_out,
    told,
)
from .pacing import (
    KEY_USE,
    Decision,
    Limiter,
    Limits,
    Outcome,
    PacedTurn,
    Pacer,
    Remaining,
    RetryPolicy,
    Return,
    Unknown,
    Wait,
    check_key,
    decide,
    may_have_arrived,
    new_key,
)
from .wire.answers import is_expired_token, read_nothing
from .wire.errors import InvalidArgument, OutcomeUnknown, SessionClosed, TransportError, XeroError
from .wire.operation import Answer, Operation, Request, Sink
from .wire.parameters import Parameters

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Attempt", "Tenant", "Xero"]

R = TypeVar("R")
_log = logging.getLogger(__name__)

BASE_URL = "https://api.xero.com"
IDENTITY_URL = "https://identity.xero.com"
READ_TIMEOUT = 100.0
CONNECT_TIMEOUT = 15.0
USER_AGENT = f"xero_async/{__version__} (aiohttp {aiohttp.__version__}; Python {platform.python_version()})"

_FORM = "application/x-www-form-urlencoded"
_FORM_HEADERS = {"Accept": "application/json", "Content-Type": _FORM, "User-Agent": USER_AGENT}

CHUNK = 1 << 18
"""Bytes that are written to a file at a time."""

LARGE_BODY = 1 << 20
"""Bytes from which aiohttp wants a body as a file, lest writing it hold up the event loop."""


class Xero:
    """The session manager. Enter it, take tenants from it, await their operations.

        async with Xero(ClientCredentials(id, secret)) as xero:
            tenant = xero.tenant(tenant_id)
            invoice = await tenant.invoices.get(invoice_id)

    `limits` are what Xero allows, or a limiter of your own; `retry` is how often and how long a call is tried;
    `timeout` is seconds to wait for an answer, or an aiohttp `ClientTimeout`; `http` is an aiohttp session of your own,
    which stays open; `unitdp` goes to every operation that takes it; with `strict`, an answer with a field that
    is not as documented raises `DecodeError`; `on_attempt` is called after each attempt.
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
    ) -> None:
        self._session = _Session(
            auth,
            base_url,
            identity_url,
            limits,
            retry or RetryPolicy(),
            _client_timeout(timeout),
            http,
            unitdp,
            strict,
            on_attempt,
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
        return Tenant(_Caller(self._session, text, bulk, None if timeout is None else _client_timeout(timeout)))

    async def connections(self) -> list[Connection]:
        """The tenants that the token reaches."""
        return await _BoundIdentity(_Caller(self._session, None)).connections.list()

    async def disconnect(self, connection_id: Id) -> None:
        """Remove a connection, by its `id`. The app loses its access to the tenant."""
        await _BoundIdentity(_Caller(self._session, None)).connections.delete(connection_id)


class Tenant(Accounting):
    """An organisation: its resources are attributes, their verbs coroutines."""

    def __init__(self, caller: _Caller) -> None:
        super().__init__()
        self._caller = caller
        self.id = caller.tenant or ""
        self._pacer = caller.session.limiter

    def __repr__(self) -> str:
        return f"<Tenant {self.id}>"

    @property
    def limits(self) -> Remaining:
        """What is left of Xero's limits: calls of the minute, of the day and of the app's minute, and in flight."""
        return self._pacer.remaining(self.id)


class _BoundIdentity(Identity):
    def __init__(self, caller: _Caller) -> None:
        super().__init__()
        self._caller = caller


class _Session:
    """What all calls of a `Xero` share."""

    def __init__(
        self,
        auth: Auth,
        base_url: str,
        identity_url: str,
        limits: Limits | Pacer | None,
        retry: RetryPolicy,
        timeout: aiohttp.ClientTimeout,
        http: aiohttp.ClientSession | None,
        unitdp: Literal[2, 4] | None,
        strict: bool,
        on_attempt: Callable[[Attempt], object] | None,
    ) -> None:
        if unitdp not in (None, 2, 4):
            raise InvalidArgument("unitdp is 2 or 4")
        self.auth, self.retry, self.timeout, self.on_attempt = auth, retry, timeout, on_attempt
        self.unitdp, self.strict = unitdp, strict
        self.base_url, self.identity_url = _root(base_url, "base_url"), _root(identity_url, "identity_url")
        self.limiter: Pacer = Limiter(limits) if isinstance(limits, Limits | None) else limits
        self.http: aiohttp.ClientSession | None = None
        self._given_http = http
        self._retries = True
        self._scopes: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()

    def open(self) -> None:
        """Open the connection pool."""
        if self.http is not None:
            raise InvalidArgument("this Xero is open already: share it, or make another one")
        self.http = self._given_http or _new_http()
        self._retries = self.http._retry_connection  # pyright: ignore[reportPrivateUsage] - there is no public way
        # By itself, aiohttp repeats a PUT or DELETE when a connection drops: past the limits, and a DELETE has no key.
        self.http._retry_connection = False  # pyright: ignore[reportPrivateUsage] - as above

    async def close(self) -> None:
        """End the calls in flight, wait until they have left, and close what was opened here."""
        http, self.http = self.http, None
        try:
            self._idle.clear()
            for scope in self._scopes:
                if not scope.expired():
                    scope.reschedule(0)
            if self._scopes:
                await self._idle.wait()
        finally:
            if http is not None and http is self._given_http:
                http._retry_connection = self._retries  # pyright: ignore[reportPrivateUsage] - as it was
            elif http is not None:
                await http.close()

    @property
    def open_http(self) -> aiohttp.ClientSession:
        """The connection pool. Raises `SessionClosed`."""
        if self.http is None:
            raise SessionClosed("the session is not open: call within `async with Xero(...) as xero:`")
        if self.http.closed:
            raise SessionClosed("the aiohttp session that was given as `http` is closed")
        return self.http

    @contextmanager
    def until_closed(self, scope: asyncio.Timeout) -> Generator[None]:
        """Let the end of the session end what runs in a scope."""
        self._scopes.add(scope)
        try:
            yield
        finally:
            self._scopes.discard(scope)
            if not self._scopes:
                self._idle.set()

    async def sign_in(self, path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
        """Post a form to the identity server, for the way to sign in."""
        fields = {name: value for name, value in form.items() if value}
        try:
            async with self.open_http.post(
                URL(self.identity_url + path, encoded=True),
                data=urlencode(fields).encode(),
                headers={**headers, **_FORM_HEADERS},
                timeout=self.timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            cause = scrubbed(error)
        # Raised out here, so that the error keeps no hold of one that knows the credentials.
        raise TransportError(f"no answer from the identity server: {type(cause).__name__}") from cause


class _Caller(Struct, frozen=True, eq=False):
    """A tenant as the tables see it: somebody who makes calls."""

    session: _Session
    tenant: str | None
    bulk: bool = False
    timeout: aiohttp.ClientTimeout | None = None

    async def call(
        self,
        operation: Operation[R],
        ids: Sequence[object],
        parameters: Parameters,
        body: object = None,
        sink: Sink | None = None,
        /,
    ) -> R:
        """Make one call of an operation."""
        request = operation.request(ids, self._completed(parameters), body)
        request.sink = sink
        if operation.takes_key:
            request.with_key(new_key(self.tenant or "") if request.key is None else check_key(request.key))
        return await _Call(self, request).run()

    def _completed(self, parameters: Parameters) -> Parameters:
        unitdp = self.session.unitdp
        if unitdp is not None and getattr(parameters, "unitdp", unitdp) is None:
            return replace(parameters, unitdp=unitdp)
        return parameters


class _Value(Struct, Generic[R], frozen=True):
    """A call's value, told apart from a wait."""

    value: R


class _Call(Generic[R]):
    """One call: attempts with the same request, until a value, an error, or no hope."""

    def __init__(self, caller: _Caller, request: Request[R]) -> None:
        self._caller, self._session, self._request = caller, caller.session, request
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._attempts = 0
        self._first_sent: datetime | None = None
        self._first_time = 0.0
        self._in_doubt = False
        """Whether a write may have been done by some attempt that brought no answer."""
        self._token, self._renewed = "", False
        self._phase = "turn"

    async def run(self) -> R:
        """The call's value. Raises an error of the tree."""
        session = self._session
        try:
            async with asyncio.timeout(session.retry.deadline) as scope:
                with session.until_closed(scope):
                    verdict = await self._attempt()
                    if isinstance(verdict, Wait):
                        verdict = await self._persist(verdict)
        except TimeoutError:
            raise self._cut_short() from None
        return verdict.value

    async def _persist(self, first: Wait) -> _Value[R]:
        """Try again and again, as long as the retry decision says so; it alone says when to stop."""
        # Imported when it is needed: most programs start far more often than their calls fail.
        from tenacity import AsyncRetrying, retry_if_result, stop_never

        await self._sleep(first.seconds)
        retrying = AsyncRetrying(
            retry=retry_if_result(_is_wait), wait=_named_wait, stop=stop_never, sleep=self._sleep, reraise=True
        )
        # The loop ends on no wait, so what is left is a value.
        return cast("_Value[R]", await retrying(self._attempt))

    async def _sleep(self, seconds: float) -> None:
        self._phase = "wait"
        await asyncio.sleep(seconds)

    # -- one attempt ------------------------------------------------------------------------------------------------

    async def _attempt(self) -> _Value[R] | Wait:
        self._attempts += 1
        with self._kept_in_doubt():
            sent = await self._send()
        answer = sent.answer
        if answer is not None and answer.is_success and sent.outcome.failure is None:
            self._report(sent, Return())
            # What went into a sink is not read again.
            read = self._request.operation.read if self._request.sink is None else read_nothing
            return _Value(cast("R", read(answer)))
        if answer is not None and is_expired_token(answer) and await self._has_renewed():
            self._report(sent, Wait(0.0))
            return Wait(0.0)
        decision = self._decide(sent.outcome)
        self._report(sent, decision)
        if isinstance(decision, Wait):
            return decision
        if isinstance(decision, Unknown):
            raise self._in_limbo(told(sent.outcome)) from cause_of(sent, self._request.operation.id)
        raise error_of(sent, self._request.operation.id, self._attempts, datetime.now(UTC)) from sent.error

    @contextmanager
    def _kept_in_doubt(self) -> Generator[None]:
        """Nothing may have been sent this time, but an earlier attempt may have done the write."""
        try:
            yield
        except XeroError as error:
            if not self._may_be_done:
                raise
            raise self._in_limbo(error.message) from error

    async def _has_renewed(self) -> bool:
        """Whether there is a new token to try; once in a call."""
        if self._renewed:
            return False
        self._renewed, self._phase = True, "token"
        with self._kept_in_doubt():
            return await self._session.auth.renew(self._token, self._session.sign_in)

    async def _send(self) -> Sent:
        session, request, caller = self._session, self._request, self._caller
        http = session.open_http
        self._phase = "turn"
        turn = await session.limiter.acquire(caller.tenant, bulk=caller.bulk)
        started = self._loop.time()
        try:
            await self._take_token(turn)
            self._check_key(turn)
            self._phase = "read"
            started = self._loop.time()
            if self._first_sent is None:
                self._first_sent, self._first_time = datetime.now(UTC), started
            async with http.request(
                request.method,
                URL(session.base_url + request.target, encoded=True),
                data=_body(request.body),
                headers=self._headers(),
                timeout=caller.timeout or session.timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                turn.learn(response.status, response.headers)
                answer = Answer(response.status, response.headers, await self._body_of(response), session.strict)
            sent = Sent(outcome_of(request, answer), answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, aiohttp.InvalidURL):
                raise InvalidArgument("the base URL and the path make no URL") from error
            sent = Sent(outcome_of_failure(error), error=scrubbed(error))
        finally:
            turn.release()
        sent.waited, sent.seconds = turn.waited, self._loop.time() - started
        return sent

    async def _body_of(self, response: aiohttp.ClientResponse) -> bytes:
        sink = self._request.sink
        if not response.ok:
            return await _rest_of(response)
        if sink is None:
            return await response.read()
        await sink(response.content.iter_chunked(CHUNK))
        return b""

    async def _take_token(self, turn: PacedTurn) -> None:
        self._phase = "token"
        try:
            self._token = await self._session.auth.token(self._session.sign_in)
        except BaseException:
            # Nothing was sent, so nothing is spent.
            turn.give_back()
            raise

    def _check_key(self, turn: PacedTurn) -> None:
        """Turn and token may have taken long: no write in doubt goes out with a key that Xero may have forgotten."""
        if self._may_be_done and self._loop.time() - self._first_time >= KEY_USE:
            turn.give_back()
            raise XeroError("the key became too old to be sent again")

    def _headers(self) -> dict[str, str]:
        headers = {**self._request.headers, "Authorization": f"Bearer {self._token}", "User-Agent": USER_AGENT}
        if self._request.operation.needs_tenant and self._caller.tenant is not None:
            headers["Xero-Tenant-Id"] = self._caller.tenant
        return headers

    def _decide(self, outcome: Outcome) -> Decision:
        now = self._loop.time()
        decision = decide(
            self._session.retry,
            method=self._request.method,
            has_key=self._request.key is not None,
            key_age=now - self._first_time,
            outcome=outcome,
            attempt=self._attempts,
            elapsed=now - self._began,
            jitter=random.random,
            ambiguous=self._in_doubt,
        )
        self._in_doubt = self._in_doubt or may_have_arrived(outcome)
        return decision

    # -- telling ----------------------------------------------------------------------------------------------------

    def _report(self, sent: Sent, decision: Decision) -> None:
        if isinstance(decision, Wait):
            _log.info(
                "%s: %s; attempt %d follows in %.1f s",
                self._request.operation.id,
                told(sent.outcome),
                self._attempts + 1,
                decision.seconds,
            )
        if self._session.on_attempt is None:
            return
        try:
            self._session.on_attempt(self._record(sent, decision))
        except Exception:
            # A hook only looks on: what it does wrong must not cost a call that Xero has answered.
            _log.exception("the on_attempt hook raised")

    def _record(self, sent: Sent, decision: Decision) -> Attempt:
        tenant = self._caller.tenant
        return Attempt(
            operation=self._request.operation.id,
            tenant=tenant,
            number=self._attempts,
            status=sent.outcome.status,
            failure=sent.outcome.failure,
            waited=sent.waited,
            seconds=sent.seconds,
            received=len(sent.answer.body) if sent.answer else 0,
            remaining=None if tenant is None else self._session.limiter.remaining(tenant),
            correlation_id=sent.answer.headers.get("Xero-Correlation-Id") if sent.answer else None,
            next=NEXT[type(decision)],
            wait=decision.seconds if isinstance(decision, Wait) else 0.0,
        )

    @property
    def _may_be_done(self) -> bool:
        return self._in_doubt and self._request.operation.is_write

    def _in_limbo(self, reason: str) -> OutcomeUnknown:
        return in_limbo(self._request, reason, self._first_sent)

    def _cut_short(self) -> XeroError:
        """The error for a call that the deadline or the end of the session ended."""
        name = self._request.operation.id
        is_closed = self._session.http is None
        if self._may_be_done or (self._request.operation.is_write and self._phase == "read"):
            return self._in_limbo("the session was closed" if is_closed else "the deadline passed")
        if is_closed:
            return SessionClosed(f"{name}: the session was closed before an answer came")
        phase = "turn" if self._phase == "turn" else "total"
        waiting = "waiting for the limits" if phase == "turn" else "waiting"
        deadline = self._session.retry.deadline
        return timed_out(f"{name}: still {waiting} after {deadline:g} s. Raise `RetryPolicy.deadline`.", phase)


def _is_wait(verdict: object) -> bool:
    return isinstance(verdict, Wait)


def _named_wait(state: RetryCallState) -> float:
    verdict = state.outcome.result() if state.outcome else None
    return verdict.seconds if isinstance(verdict, Wait) else 0.0


async def _rest_of(response: aiohttp.ClientResponse) -> bytes:
    """The body of an error, as far as it can be read: the status says enough without it."""
    try:
        return await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return b""


def _body(data: bytes | None) -> bytes | io.BytesIO | None:
    return io.BytesIO(data) if data is not None and len(data) > LARGE_BODY else data


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


def _new_http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
