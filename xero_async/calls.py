"""The life of one call: attempts with the same request, until a value, an error, or no hope.

    request (made once) → turn → token → send → the limiter learns → decide → wait and again, or decode, or raise

The first attempt runs bare. Only when it fails does tenacity take over, with the waits that the retry decision names.
A call ends in a value, in an error of the tree, or in `OutcomeUnknown`, and never in silence: the deadline covers the
whole of it, waiting for turns included. Who cancels a write that may have been done finds an `OutcomeUnknown` as the
cause of the `CancelledError`.

Nothing here opens a socket: what a call needs of the world it asks of its `Line`, which the session is.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, cast

import aiohttp
from msgspec import Struct
from msgspec.structs import replace

from .auth import Auth
from .auth.base import Sealed, Signing
from .outcomes import (
    FAILURES,
    NEXT,
    Attempt,
    Meter,
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
    Outcome,
    PacedTurn,
    Pacer,
    Raise,
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
from .wire.errors import InvalidArgument, OutcomeUnknown, SessionClosed, XeroError
from .wire.operation import Answer, Operation, Request, Sink
from .wire.parameters import Parameters

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Call", "Caller", "Hook", "Line", "Telemetry", "raw_answers"]

R = TypeVar("R")
_log = logging.getLogger(__name__)

Hook = Callable[[Attempt], object]
"""Told of every attempt."""


_listener: ContextVar[list[Answer] | None] = ContextVar("xero_async_raw_answers", default=None)


@contextmanager
def raw_answers() -> Generator[list[Answer]]:
    """Keep each answer that Xero gives to calls made within the block, whole and as it came, whatever its status.

        with raw_answers() as answers:
            invoice = await tenant.invoices.get(invoice_id)
        answers[-1].body

    Calls of tasks that are started within it count, those of others do not.
    """
    answers: list[Answer] = []
    before = _listener.set(answers)
    try:
        yield answers
    finally:
        _listener.reset(before)


class Telemetry(Protocol):
    """Watches whole calls."""

    def call(self, operation: Operation[Any], tenant: str | None, base_url: str) -> AbstractContextManager[Hook]:
        """A context around one call, which the error of a call passes through; it gives a hook for the attempts."""
        ...


class Line(ABC):
    """The session as its calls see it: what they share, and their way to Xero."""

    def __init__(
        self,
        auth: Auth,
        limiter: Pacer,
        retry: RetryPolicy,
        *,
        base_url: str,
        unitdp: Literal[2, 4] | None,
        strict: bool,
        on_attempt: Hook | None,
        telemetry: Telemetry | None,
    ) -> None:
        self.auth, self.limiter, self.retry, self.base_url = auth, limiter, retry, base_url
        self.unitdp: Literal[2, 4] | None = unitdp
        self.strict, self.on_attempt, self.telemetry = strict, on_attempt, telemetry
        self.sign = auth.sign if isinstance(auth, Signing) else None
        self.meters: dict[str | None, Meter] = {}
        self.scopes: set[asyncio.Timeout] = set()
        """Of the calls under way: the end of the session is theirs."""
        self.idle = asyncio.Event()

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether calls can be made."""

    @abstractmethod
    def check_open(self) -> None:
        """Raises `SessionClosed` where no call can be made."""

    @abstractmethod
    async def exchange(
        self,
        request: Request[Any],
        target: str,
        headers: Sealed,
        timeouts: aiohttp.ClientTimeout | None,
        learn: Callable[[int, Mapping[str, str]], None],
        sent: Sent,
    ) -> Answer:
        """Send a request once, to a path and query, and return the answer, whatever its status.

        The `headers` are this attempt's alone and may be added to. `learn` is told status and headers as soon as they
        are there, and `sent` how many bytes were drawn, even where the body breaks off. Raises one of `FAILURES` where
        there is no whole answer.
        """

    @abstractmethod
    async def sign_in(self, path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
        """Post a form to the identity server, for the way to sign in."""

    def meter(self, tenant: str | None) -> Meter:
        """What has been sent and drawn for a tenant so far."""
        found = self.meters.get(tenant)
        if found is None:
            found = self.meters[tenant] = Meter()
        return found

    def left(self, scope: asyncio.Timeout) -> None:
        """A call has ended, whose scope the end of the session would have ended."""
        self.scopes.discard(scope)
        if not self.scopes:
            self.idle.set()


class Caller(Struct, frozen=True, eq=False):
    """A tenant as the tables see it: somebody who makes calls."""

    line: Line
    tenant: str | None
    bulk: bool = False
    timeout: aiohttp.ClientTimeout | None = None

    @property
    def unitdp(self) -> Literal[2, 4] | None:
        """The decimals of unit amounts that every operation is asked for that takes them."""
        return self.line.unitdp

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
        request = self.prepare(operation, ids, parameters, body)
        request.sink = sink
        return await self._run(Call(self, request))

    def prepare(
        self, operation: Operation[R], ids: Sequence[object], parameters: Parameters, body: object = None, /
    ) -> Request[R]:
        """The one request of a call, with its key, before it is sent."""
        request = operation.request(ids, self._completed(parameters), body)
        if operation.takes_key:
            request.with_key(new_key(self.tenant or "") if request.key is None else check_key(request.key))
        return request

    async def send(self, request: Request[R], age: float | None = None, /) -> R:
        """Send a request that was prepared; with its key's age in seconds, one that may have been sent before."""
        first_sent = None if age is None else datetime.now(UTC) - timedelta(seconds=age)
        return await self._run(Call(self, request, first_sent, age or 0.0))

    async def resend(self, error: OutcomeUnknown) -> Any:
        """Send a write that is in doubt once more, with its key. Raises `InvalidArgument` where that is not safe."""
        request, first_sent = error.request, error.first_sent
        if error.tenant != self.tenant:
            raise InvalidArgument("this write is of another tenant: send it again through that one")
        if request is None or request.key is None or first_sent is None:
            raise InvalidArgument("this write has no idempotency key: read back whether it happened")
        age = (datetime.now(UTC) - first_sent).total_seconds()
        if not 0 <= age < KEY_USE:
            raise InvalidArgument(
                f"the key was first used {age:.0f} s ago, and only within {KEY_USE:.0f} s is Xero sure to remember it: "
                "read back whether the write happened"
            )
        return await self._run(Call(self, request, first_sent, age))

    def _run(self, call: Call[R]) -> Coroutine[Any, Any, R]:
        return call.run() if self.line.telemetry is None else self._watched(call, self.line.telemetry)

    async def _watched(self, call: Call[R], telemetry: Telemetry) -> R:
        with telemetry.call(call.request.operation, self.tenant, self.line.base_url) as hook:
            call.hooks.append(hook)
            return await call.run()

    def _completed(self, parameters: Parameters) -> Parameters:
        unitdp = self.unitdp
        if unitdp is not None and getattr(parameters, "unitdp", unitdp) is None:
            return replace(parameters, unitdp=unitdp)
        return parameters


class _Value(Struct, Generic[R], frozen=True):
    """A call's value, told apart from a wait."""

    value: R


_NO_OUTCOME = Outcome()
"""Of what has not been sent yet."""


class Call(Generic[R]):
    """One call. With `first_sent` and its `age` in seconds, it carries on with a write that is in doubt."""

    def __init__(
        self, caller: Caller, request: Request[R], first_sent: datetime | None = None, age: float = 0.0
    ) -> None:
        self._caller, self._line, self.request = caller, caller.line, request
        self.hooks: list[Hook] = [] if caller.line.on_attempt is None else [caller.line.on_attempt]
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._attempts = 0
        self._first_sent, self._first_time = first_sent, self._began - age
        self._in_doubt = first_sent is not None
        """Whether a write may have been done by some attempt that brought no answer."""
        self._token, self._renewed = "", False
        self._phase: Literal["turn", "token", "read", "wait"] = "turn"
        self._sent = Sent(_NO_OUTCOME)
        self._started = self._began

    async def run(self) -> R:
        """The call's value. Raises an error of the tree."""
        try:
            async with asyncio.timeout(self._line.retry.deadline) as scope:
                self._line.scopes.add(scope)
                try:
                    verdict = await self._attempt()
                    if isinstance(verdict, Wait):
                        verdict = await self._persist(verdict)
                finally:
                    self._line.left(scope)
        except TimeoutError:
            raise self._cut_short() from None
        except asyncio.CancelledError as cancelled:
            self._cancelled(cancelled)
            # Without the frames within, whose variables hold the token: some reports of tracebacks print them.
            raise cancelled.with_traceback(None)  # noqa: B904 - it is the very same
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
        try:
            sent = await self._send()
        except XeroError as error:
            self._keep_in_doubt(error)
            raise
        answer, name = sent.answer, self.request.operation.id
        if answer is not None and (heard := _listener.get()) is not None:
            heard.append(answer)
        if answer is not None and answer.is_success and sent.outcome.failure is None:
            if self.hooks:
                self._report(sent, Return())
            # What went into a sink is not read again.
            read = self.request.operation.read if self.request.sink is None else read_nothing
            return _Value(cast("R", read(answer)))
        if answer is not None and is_expired_token(answer) and await self._has_renewed():
            self._report(sent, Wait(0.0))
            return Wait(0.0)
        decision = self._decide(sent.outcome)
        self._report(sent, decision)
        if isinstance(decision, Wait):
            return decision
        if isinstance(decision, Unknown):
            raise self._in_limbo(told(sent.outcome)) from cause_of(sent, name)
        now, scopes = datetime.now(UTC), self.request.operation.scopes
        raise error_of(sent, name, self._attempts, now, scopes) from sent.error

    def _keep_in_doubt(self, error: XeroError) -> None:
        """Nothing may have been sent this time, but an earlier attempt may have done the write."""
        if self._may_be_done:
            raise self._in_limbo(error.message) from error

    async def _has_renewed(self) -> bool:
        """Whether there is a new token to try; once in a call."""
        if self._renewed:
            return False
        self._renewed, self._phase = True, "token"
        try:
            return await self._line.auth.renew(self._token, self._line.sign_in)
        except XeroError as error:
            self._keep_in_doubt(error)
            raise

    async def _send(self) -> Sent:
        line, request, caller = self._line, self.request, self._caller
        line.check_open()
        self._phase = "turn"
        turn = await line.limiter.acquire(caller.tenant, bulk=caller.bulk)
        self._sent = sent = Sent(_NO_OUTCOME, waited=turn.waited)
        try:
            self._phase = "token"
            try:
                self._token = await line.auth.token(line.sign_in)
                target, headers = self._target(), self._headers()
            except BaseException:
                # Nothing was sent, so nothing is spent.
                turn.give_back()
                raise
            if self._in_doubt:
                self._check_key(turn)
            self._phase = "read"
            self._started = self._loop.time()
            if not self._in_doubt:
                # Xero has not looked at the key yet: it refuses for limits and tokens before it does.
                self._first_sent, self._first_time = datetime.now(UTC), self._started
            try:
                sent.answer = await line.exchange(request, target, headers, caller.timeout, turn.learn, sent)
                sent.outcome = outcome_of(request, sent.answer)
            except FAILURES as error:
                sent.outcome, sent.error = outcome_of_failure(error), scrubbed(error)
            finally:
                sent.seconds = self._loop.time() - self._started
                line.meter(caller.tenant).count(request, sent)
        finally:
            turn.release()
        return sent

    def _check_key(self, turn: PacedTurn) -> None:
        """Turn and token may have taken long: no write in doubt goes out with a key that Xero may have forgotten."""
        if self._may_be_done and self._loop.time() - self._first_time >= KEY_USE:
            turn.give_back()
            raise XeroError("the key became too old to be sent again")

    def _target(self) -> str:
        sign = self._line.sign
        return self.request.target if sign is None else sign(self.request.target, self._caller.tenant)

    def _headers(self) -> Sealed:
        headers = Sealed(self.request.headers)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self.request.operation.needs_tenant and self._caller.tenant is not None:
            headers["Xero-Tenant-Id"] = self._caller.tenant
        return headers

    def _decide(self, outcome: Outcome) -> Decision:
        now = self._loop.time()
        decision = decide(
            self._line.retry,
            method=self.request.method,
            has_key=self.request.key is not None,
            key_age=now - self._first_time,
            outcome=outcome,
            attempt=self._attempts,
            elapsed=now - self._began,
            jitter=random.random,
            ambiguous=self._in_doubt,
        )
        self._in_doubt = self._in_doubt or may_have_arrived(outcome)
        return decision

    # -- the ends that come from outside ----------------------------------------------------------------------------

    @property
    def _may_be_done(self) -> bool:
        return self._in_doubt and self.request.operation.is_write

    def _is_cut_in_doubt(self) -> bool:
        """Whether a write that is cut off now may have been done, by this attempt or by an earlier one."""
        return self._may_be_done or (self.request.operation.is_write and self._phase == "read")

    def _in_limbo(self, reason: str) -> OutcomeUnknown:
        return in_limbo(self.request, reason, self._first_sent, self._caller.tenant)

    def _cut_off(self, by: Literal["deadline", "closed", "cancelled"]) -> None:
        """Tell of the attempt that got no end of its own."""
        if self._phase == "read":
            self._sent.cut = by
            self._report(self._sent, Unknown() if self._is_cut_in_doubt() else Raise())

    def _cut_short(self) -> XeroError:
        """The error for a call that the deadline or the end of the session ended."""
        name, is_open = self.request.operation.id, self._line.is_open
        self._cut_off("deadline" if is_open else "closed")
        if self._is_cut_in_doubt():
            return self._in_limbo("the deadline passed" if is_open else "the session was closed")
        if not is_open:
            return SessionClosed(f"{name}: the session was closed before an answer came")
        phase = "turn" if self._phase == "turn" else "total"
        waiting = "waiting for the limits" if phase == "turn" else "waiting"
        deadline = self._line.retry.deadline
        return timed_out(f"{name}: still {waiting} after {deadline:g} s. Raise `RetryPolicy.deadline`.", phase)

    def _cancelled(self, cancelled: asyncio.CancelledError) -> None:
        """Let who cancels a write that may have been done learn so, and with which key."""
        self._cut_off("cancelled")
        if self._is_cut_in_doubt():
            doubt = self._in_limbo("the call was cancelled")
            cancelled.add_note(f"{doubt.message} Its key is {doubt.key}.")
            cancelled.__cause__ = doubt

    # -- telling ----------------------------------------------------------------------------------------------------

    def _report(self, sent: Sent, decision: Decision) -> None:
        if isinstance(decision, Wait):
            _log.info(
                "%s: %s; attempt %d follows in %.1f s",
                self.request.operation.id,
                told(sent.outcome),
                self._attempts + 1,
                decision.seconds,
            )
        if not self.hooks:
            return
        record = self._record(sent, decision)
        for hook in self.hooks:
            try:
                hook(record)
            except Exception:
                # A hook only looks on: what it does wrong must not cost a call that Xero has answered.
                _log.exception("the on_attempt hook raised")

    def _record(self, sent: Sent, decision: Decision) -> Attempt:
        tenant = self._caller.tenant
        return Attempt(
            operation=self.request.operation.id,
            tenant=tenant,
            number=self._attempts,
            status=sent.outcome.status,
            failure=sent.cut or sent.outcome.failure,
            waited=sent.waited,
            seconds=sent.seconds,
            sent=len(self.request.body or b""),
            received=sent.received,
            remaining=None if tenant is None else self._line.limiter.remaining(tenant),
            correlation_id=sent.answer.headers.get("Xero-Correlation-Id") if sent.answer else None,
            key=self.request.key,
            next=NEXT[type(decision)],
            wait=decision.seconds if isinstance(decision, Wait) else 0.0,
        )


def _is_wait(verdict: object) -> bool:
    return isinstance(verdict, Wait)


def _named_wait(state: RetryCallState) -> float:
    verdict = state.outcome.result() if state.outcome else None
    return verdict.seconds if isinstance(verdict, Wait) else 0.0
