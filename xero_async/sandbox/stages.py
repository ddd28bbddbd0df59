"""A call's walk through the stages, in Xero's order, so that each refusal costs the caller what it costs at Xero.

    door     a fault plan may drop the connection or answer as a gateway would
    sign-in  401 without a good token, 403 without a connected tenant; nothing is counted yet
    limits   429; before the key, so that a replay costs a call and a rejected write is not done
    key      a living idempotency key answers in place of the engine
    engine   the work itself
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
import uuid
from collections.abc import Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from .answers import TEXT, Answer, internal_error, rejected
from .control import Counters
from .faults import Fault, FaultKind, FaultPlan, Stage
from .idempotency import KEY_LENGTH, KEYED_METHODS, KeyReused, KeyStore, Record, fingerprint
from .identity import Identity
from .limits import Meter, Meters, Rejection
from .replies import NO_HEADERS, Manner, Replies
from .requestlog import Entry, RequestLog, answered, asked, printable
from .targets import Target

__all__ = ["Stages"]

logger = logging.getLogger("xero_async.sandbox")

HTML = "text/html; charset=utf-8"
HTML_PAGE = b"<!DOCTYPE html>\n<html><head><title>Xero</title></head><body><h1>Maintenance</h1></body></html>\n"
GATEWAY: dict[FaultKind, Answer] = {
    "502": Answer(502, b""),
    "503": Answer(503, b"The Organisation is offline", TEXT),
    "504": Answer(504, b""),
    "html": Answer(502, HTML_PAGE, HTML),
}
"""What stands in for Xero when Xero is not reached."""

MANNERS: dict[FaultKind, Manner] = {"drop_after": "lost", "cut": "cut"}
"""How an answer arrives that a fault struck; as it is unless told otherwise."""

EXHAUSTED = {
    "minute": "X-MinLimit-Remaining",
    "day": "X-DayLimit-Remaining",
    "appminute": "X-AppMinLimit-Remaining",
}
"""The header that is 0 when a call is turned away for a problem."""


class Visit(NamedTuple):
    """A request on its way, and what is noted of it."""

    request: web.Request
    target: Target
    body: bytes
    app: str
    """The client that signed it; limits and keys are each app's own."""
    meter: Meter
    entry: Entry


class Outcome(NamedTuple):
    """What is to be sent."""

    answer: Answer
    headers: Mapping[str, str] = NO_HEADERS
    manner: Manner = "whole"


NOTHING = Outcome(Answer(500, b""), manner="lost")


class Stages:
    """What stands between a client and the work, with all that it counts and remembers."""

    def __init__(
        self,
        identity: Identity,
        meters: Meters,
        keys: KeyStore,
        plan: FaultPlan,
        log: RequestLog,
        *,
        latency: float,
        now: Callable[[], float],
    ) -> None:
        self.tally = Counters()
        self.meters = meters
        self.plan = plan
        self.replies = Replies(self.tally)
        self._identity = identity
        self.keys = keys
        self._log = log
        self._latency = latency
        self._now = now

    async def serve(self, request: web.Request, target: Target, body: bytes) -> web.StreamResponse:
        """Walk one request through the stages, and note it in the log."""
        entry = Entry(
            at=self._now(), method=request.method, path=printable(request.raw_path), operation=target.operation
        )
        asked(entry, request.headers, body, secret=not target.signed)
        app = self._app_of(request, target) if target.signed else ""
        started = asyncio.get_running_loop().time()
        outcome = await self._walk(Visit(request, target, body, app, self.meters.of(app), entry))
        entry.took = asyncio.get_running_loop().time() - started
        entry.correlation_id = outcome.answer.headers.get("Xero-Correlation-Id") or str(uuid.uuid4())
        if outcome.manner != "lost":
            answered(entry, outcome.answer, outcome.headers, secret=not target.signed)
        self._log.add(entry)
        headers = {**outcome.headers, "Xero-Correlation-Id": entry.correlation_id}
        return await self.replies.send(request, outcome.answer, headers, manner=outcome.manner)

    async def _walk(self, visit: Visit) -> Outcome:
        target = visit.target
        self._arrived(visit)
        if fault := self._strike("door", visit):
            return _at_the_door(fault)
        if target.signed and (refusal := self._refusal(visit)):
            return Outcome(refusal)
        if target.signed and (headers := self._turn_away(visit)) is not None:
            return Outcome(target.form(Answer(429, b"")), headers)
        try:
            answer = target.form(await self._work(visit))
            fault = self._strike("answer", visit)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.length)
        finally:
            self._left(visit)
        manner = MANNERS.get(fault.kind, "whole") if fault else "whole"
        if not target.signed:
            return Outcome(answer, {"Cache-Control": "no-store"}, manner)
        return Outcome(answer, visit.meter.headers(target.tenant, self._now()), manner)

    def _arrived(self, visit: Visit) -> None:
        target, tally = visit.target, self.tally
        tally.bytes_in += len(visit.body)
        if not target.signed:
            tally.tokens += target.operation == "token"
            return
        visit.entry.tenant = None if target.tenant is None else printable(target.tenant)
        tally.calls += 1
        tally.first_call = tally.first_call or self._now()
        _count(tally.operations, target.operation)

    def _left(self, visit: Visit) -> None:
        if visit.target.signed:
            self.tally.last_call = self._now()
            visit.meter.leave(visit.target.tenant, self._now())

    def _strike(self, stage: Stage, visit: Visit) -> Fault | None:
        fault = self.plan.strike(stage, visit.target.operation, visit.request.method)
        if fault is not None:
            _count(self.tally.injected, fault.kind)
            visit.entry.faults.append(fault.kind)
        return fault

    def _app_of(self, request: web.Request, target: Target) -> str:
        """The client that signed a request."""
        if target.keyed is not None:
            return target.keyed.app
        return self._identity.client_of(request.headers.get("Authorization", ""))

    def _refusal(self, visit: Visit) -> Answer | None:
        if visit.target.keyed is not None:
            return visit.target.keyed.refuse()
        headers = visit.request.headers
        tenant = headers.get("Xero-Tenant-Id")
        return self._identity.refuse(headers.get("Authorization", ""), tenant, visit.target.operation)

    def _turn_away(self, visit: Visit) -> dict[str, str] | None:
        """The headers of a 429 where a limit is reached or the fault plan pretends so; else the call is let in."""
        now, meter, tenant = self._now(), visit.meter, visit.target.tenant
        rejection: Rejection | None
        if fault := self._strike("limits", visit):
            rejection = _pretended(fault)
        elif rejection := meter.arrive(tenant, now):
            _count(self.tally.rejections, rejection.problem)
        else:
            return None
        headers = meter.headers(tenant, now)
        headers["X-Rate-Limit-Problem"] = rejection.problem
        if (exhausted := EXHAUSTED.get(rejection.problem)) in headers:
            headers[exhausted] = "0"
        if rejection.retry_after is not None:
            headers["Retry-After"] = str(rejection.retry_after)
        return headers

    async def _work(self, visit: Visit) -> Answer:
        """Have the work done, unless the request's idempotency key has an answer already."""
        request = visit.request
        key = request.headers.get("Idempotency-Key", "")
        if not key or not _takes_key(visit.target) or request.method not in KEYED_METHODS:
            return await self._execute(visit, None)
        key = visit.entry.key = printable(key)
        if len(key) > KEY_LENGTH:
            return rejected([f"The Idempotency-Key is longer than {KEY_LENGTH} characters"]).answer
        asked = fingerprint(request.method, request.raw_path, visit.body)
        try:
            answer, visit.entry.replayed = await self.keys.once(
                f"{visit.app} {key}", asked, self._now(), lambda record: self._execute(visit, record)
            )
        except KeyReused:
            return rejected(["The Idempotency-Key was used before with a different request"]).answer
        self.tally.replays += visit.entry.replayed
        return answer

    async def _execute(self, visit: Visit, record: Record | None) -> Answer:
        target = visit.target
        if self._latency and target.signed:
            await asyncio.sleep(self._latency)
        if self._strike("engine", visit):
            return internal_error()
        try:
            return target.run(record)
        except Exception:
            logger.exception("the engine failed at %s", target.operation)
            return internal_error()


def _takes_key(target: Target) -> bool:
    """Whether an idempotency key means something to a request."""
    return target.tenant is not None and target.keyed is None


def _at_the_door(fault: Fault) -> Outcome:
    if fault.kind == "drop_before":
        return NOTHING
    answer = GATEWAY[fault.kind]
    return Outcome(answer._replace(status=fault.status) if fault.kind == "html" else answer)


def _count(table: dict[str, int], name: str) -> None:
    table[name] = table.get(name, 0) + 1


def _pretended(fault: Fault) -> Rejection:
    assert fault.kind in ("minute", "concurrent", "day", "appminute")
    return Rejection(fault.kind, math.ceil(fault.length) if fault.length else None)
