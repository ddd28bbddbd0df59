"""How a chunk reaches Xero exactly once, whatever fails.

    intend (durably) → send → settle (durably)
                         └─ in doubt ─→ while the key lives: the same bytes again, which Xero does at most once
                                     └→ once nothing can arrive any more: read back; what is missing goes out anew,
                                        under a new key; what cannot be told stays in doubt

A key is good for re-sending until it is 4 minutes old, counted from the intent. No attempt leaves after that, so by
the time when Xero forgets the key, 6 minutes after, nothing is under way, and what reading back finds is all there
is. In between, one waits. An answer of 500 ends the wait at once: the call is over, and its key can only say so again.

Records of different calls may look alike (bills with one number). So reading back for one waits until no other call is
in the air that could write something with the same mark, and leaves in doubt what another open doubt may claim.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from ...apis.many import Batch
from ...models import Model, envelope_of
from ...pacing import KEY_LIFE, KEY_USE
from ...wire import Request, Results, decode, encode
from ...wire.errors import (
    BadRequest,
    DecodeError,
    InvalidArgument,
    OutcomeUnknown,
    ServerError,
    ValidationFailed,
    XeroError,
    XeroTimeout,
)
from .chunks import Item
from .delivery import HOPELESS, Delivery, fates_by, is_cancelled
from .journal import Entry, Intent, Journal, Line
from .outcomes import Created, Failed, Outcome, Unknown, created, id_of
from .reconcile import Findings, Mark, judge, look_up, mark_of, reserve

__all__ = ["ExactDelivery", "wall_clock"]

M = TypeVar("M", bound=Model)
_log = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each time that a call in doubt is sent again, beyond what the call itself has tried."""
CALM = 1.0
"""Seconds after a 500 before its records are looked up."""
ROUNDS = 5
"""Times that what was not there is sent under a new key."""


def wall_clock() -> float:
    """Seconds since 1970, by which keys grow old."""
    return time.time()


class _Refused(Struct, frozen=True):
    """Nothing of the call was done."""

    error: XeroError


class _Doubt(Struct, frozen=True):
    """The call may have been done."""

    is_over: bool = False
    """Whether it has certainly ended, one way or the other."""


_Verdict: TypeAlias = Results[M] | _Refused | _Doubt


class _Aloft(Struct, eq=False):
    """A call that may still write something."""

    marks: frozenset[Mark]
    over: asyncio.Event
    records: list[Any]
    """Those of which nobody knows yet what became; none once they have been looked up. Any: of the batch's kind."""


class ExactDelivery(Delivery[M], Generic[M]):
    """Chunks by way of a journal."""

    def __init__(
        self, batch: Batch[M], journal: Path | None, clock: Callable[[], float], reserve_reference: bool
    ) -> None:
        self._batch, self._journal, self._clock = batch, Journal(journal), clock
        self._path, self._reserves = journal, reserve_reference
        self._known = 0
        self._open: dict[int, Unknown] = {}
        """Calls of earlier runs that could not be settled, by their chunk."""
        self._aloft: list[_Aloft] = []
        self._left_open: set[Mark] = set()
        """Marks of records that stay in doubt."""
        self._reading = asyncio.Lock()

    # -- its life ---------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the journal, and find out what became of what an earlier run left in doubt."""
        about = {"tenant": self._batch.sender.tenant or "", "operation": self._batch.operation.id}
        await self._journal.open(about)
        self._known = self._journal.length
        intents = await self._journal.in_doubt()
        # All of them are in the air before the first is looked into.
        await asyncio.gather(*(self._recover(intent) for intent in intents))

    async def close(self) -> None:
        """Let go of the journal."""
        await self._journal.close()

    async def finish(self, count: int) -> None:
        """Raises `InvalidArgument` where the journal knows of more records than there were."""
        if count < self._known:
            raise InvalidArgument(
                f"the journal {self._path} knows {self._known} records, and the input now has {count}: "
                "give it the same input, or a journal of its own"
            )

    async def _recover(self, intent: Intent) -> None:
        """Settle what an earlier run left in doubt; what turns out to be missing is drawn and sent like all else."""
        records = decode(envelope_of(self._batch.kind), intent.body).records or []
        items = {place: Item(position, records[place]) for place, position in intent.positions.items()}
        operation = self._batch.operation
        request = Request(operation, operation.method, intent.target, intent.headers, intent.body)
        async with self._in_the_air(items.values()) as aloft:
            await self._settle(intent, request, items, aloft, _Doubt(), (0.0, *PAUSES))
        if any(isinstance(item.outcome, Unknown) for item in items.values()):
            self._open[intent.id] = _unknown(intent, request)

    # -- before it is sent ------------------------------------------------------------------------------------------

    async def recall(self, items: Sequence[Item[M]]) -> None:
        """Fill in what the journal knows, and reserve references. Raises `InvalidArgument` for a changed input."""
        for item in items:
            item.fingerprint = _fingerprint(item.record)
        lines = await self._journal.lines(items[0].position, items[-1].position + 1)
        for item in items:
            line = lines.get(item.position)
            if line is not None and line.position < self._known:
                item.outcome = self._told(item, line)
                item.resumed = item.outcome is not None
            if item.outcome is None and self._reserves:
                item.record = reserve(item.record, f"{self._journal.id}-{item.position + 1}")

    def _told(self, item: Item[M], line: Line) -> Outcome[M] | None:
        """What the journal says of a record; None where it is to be sent."""
        if line.fingerprint != item.fingerprint:
            if line.kind == "failed":
                return None
            raise InvalidArgument(
                f"record {item.position + 1} is not the one that the journal {self._path} knows, and that one was "
                "sent: give it the same input, or a journal of its own"
            )
        if line.kind is None:
            return self._open.get(line.chunk)
        if line.kind == "failed":
            return Failed(tuple(msgspec.json.decode(line.detail or b"[]", type=list[str])))
        return created(decode(self._batch.kind, line.detail or b"{}"))

    # -- sending ----------------------------------------------------------------------------------------------------

    async def deliver(self, items: Sequence[Item[M]], rounds: int = ROUNDS) -> None:
        """Send records together, and give each its outcome."""
        todo = [item for item in items if item.outcome is None]
        if not todo:
            return
        if self.stopped is not None:
            _give(todo, self.stopped)
        elif not rounds:
            _give(todo, Failed((f"Xero did not save it, though it was sent {ROUNDS} times",)))
        elif await self._send(todo):
            # Something in one of them makes Xero refuse all: the others must not suffer for it.
            middle = len(todo) // 2
            await self.deliver(todo[:middle], rounds)
            await self.deliver(todo[middle:], rounds)
        else:
            await self.deliver(todo, rounds - 1)

    async def _send(self, items: Sequence[Item[M]]) -> bool:
        """One call with all of them; whether it was refused for the sake of one of them."""
        request = self._batch.request([item.record for item in items])
        async with self._in_the_air(items) as aloft:
            intent = await self._journal.intend(
                request.key or "",
                request.target,
                request.headers,
                request.body or b"",
                self._clock(),
                [(item.position, item.fingerprint) for item in items],
            )
            try:
                verdict = await self._call(intent, request, None)
                return await self._settle(intent, request, dict(enumerate(items)), aloft, verdict, PAUSES)
            except Exception:
                _log.exception("what became of %d records is unknown", len(items))
                self._leave(intent, request, items)
                return False

    async def _call(self, intent: Intent, request: Request[Results[M]], age: float | None) -> _Verdict[M]:
        """Make the call, for the first time or, with the key's age, once more."""
        scope = asyncio.timeout(KEY_USE - (age or 0.0))
        try:
            # No attempt leaves later than this, wherever the call may be waiting.
            async with scope:
                return await self._batch.sender.send(request, age)
        except XeroError as error:
            return _verdict_under(error, len(intent.positions), is_first=age is None)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
        except TimeoutError as error:
            if scope.expired() and age is None and not _tells_doubt(error):
                return _Refused(XeroTimeout(f"{request.operation.id}: no turn came in time"))
        except Exception:
            _log.exception("a write raised what it never should")
        return _Doubt()

    async def _settle(
        self,
        intent: Intent,
        request: Request[Results[M]],
        items: dict[int, Item[M]],
        aloft: _Aloft,
        verdict: _Verdict[M],
        pauses: Iterable[float],
    ) -> bool:
        """Follow a call to its end. Items by their places in it get outcomes; those that are to be sent anew, none.

        Whether it was refused for the sake of one of them.
        """
        for pause in pauses:
            age = self._clock() - intent.since
            if not isinstance(verdict, _Doubt) or verdict.is_over or not 0 <= age < KEY_USE - pause - 1:
                break
            await asyncio.sleep(pause)
            verdict = await self._call(intent, request, age + pause)
        if isinstance(verdict, _Refused):
            return await self._refused(intent, items, verdict.error)
        if isinstance(verdict, Results):
            records = decode(envelope_of(self._batch.kind), intent.body).records or []
            fates = fates_by(records, verdict, datetime.fromtimestamp(intent.since, UTC))
            await self._note(intent, items, {place: fates[place] for place in items})
        left = {place: item for place, item in items.items() if item.outcome is None}
        if left:
            is_over = not isinstance(verdict, _Doubt) or verdict.is_over
            await self._reconcile(intent, request, left, aloft, is_over)
        return False

    async def _note(
        self, intent: Intent, items: Mapping[int, Item[M]], fates: Mapping[int, Outcome[M]], missing: Iterable[int] = ()
    ) -> None:
        """Write outcomes down, and only then tell them."""
        entries = [
            entry
            for place, fate in fates.items()
            if (entry := _entry(items[place].position, fate, self._journal.is_durable)) is not None
        ]
        await self._journal.settle(intent, entries, dropped=[items[place].position for place in missing])
        for place, fate in fates.items():
            if not isinstance(fate, Unknown):
                items[place].outcome = fate

    # -- what did not go well ---------------------------------------------------------------------------------------

    async def _refused(self, intent: Intent, items: dict[int, Item[M]], error: XeroError) -> bool:
        """Nothing was done: tell why, and what Xero would refuse again, write down. Whether they are to be parted."""
        if isinstance(error, ValidationFailed) and len(error.errors) > max(items):
            await self._note(intent, items, {place: Failed(error.errors[place].messages) for place in items})
        elif isinstance(error, BadRequest) and len(items) == 1:
            await self._note(intent, items, {place: Failed((error.message,)) for place in items})
        else:
            await self._journal.settle(intent, [], dropped=[item.position for item in items.values()])
            if isinstance(error, BadRequest):
                return True
            if isinstance(error, HOPELESS):
                self.stopped = Failed((error.message,))
            _give(items.values(), Failed((error.message,)))
        return False

    async def _reconcile(
        self,
        intent: Intent,
        request: Request[Results[M]],
        items: dict[int, Item[M]],
        aloft: _Aloft,
        is_over: bool,
    ) -> None:
        """Read back what can be read back; the rest stays in doubt."""
        findings = await self._findings(intent, items, aloft, is_over)
        if findings is not None:
            fates: dict[int, Outcome[M]] = {place: created(record) for place, record in findings.found.items()}
            await self._note(intent, items, fates, findings.missing)
            items = {place: items[place] for place in findings.unclear}
        self._leave(intent, request, items.values())

    def _leave(self, intent: Intent, request: Request[Any], items: Iterable[Item[M]]) -> None:
        """Leave those that have no outcome in doubt."""
        left = [item for item in items if item.outcome is None]
        _give(left, _unknown(intent, request))
        self._left_open |= _marks(item.record for item in left)

    async def _findings(
        self, intent: Intent, items: dict[int, Item[M]], aloft: _Aloft, is_over: bool
    ) -> Findings[M] | None:
        """What reading back says; None where it cannot be done now."""
        age = self._clock() - intent.since
        if is_over:
            await asyncio.sleep(CALM)
        elif age < KEY_USE - max(PAUSES) - 1:
            # The key lives: a later run sends it again.
            return None
        else:
            await asyncio.sleep(max(0.0, KEY_LIFE - age))
        aloft.over.set()
        records = {place: item.record for place, item in items.items()}
        try:
            async with self._reading:
                candidates = await self._candidates(list(records.values()), intent.since, aloft)
                # Nobody else judges before this has, for that is done while reading.
                beside = self._beside(aloft)
                ids = [id for candidate in candidates if (id := id_of(candidate)) is not None]
                claimed = await self._journal.claimed(ids)
        except XeroError as error:
            _log.warning("what became of %d records could not be looked up: %s", len(items), error.message)
            return None
        findings = judge(records, candidates, intent.since, claimed, beside)
        for place in [*findings.found, *findings.missing]:
            if mark_of(records[place]) in self._left_open:
                findings.forget(place)
        self._left_open |= _marks(records[place] for place in findings.unclear)
        aloft.records = []
        return findings

    async def _candidates(self, records: Sequence[M], since: float, aloft: _Aloft) -> list[M]:
        """What is there under the marks of records, read while no other call could add to it."""
        while True:
            await self._alone(aloft)
            candidates = await look_up(self._batch, records, since)
            if not self._others(aloft):
                return candidates

    async def _alone(self, aloft: _Aloft) -> None:
        while others := self._others(aloft):
            await others[0].over.wait()

    def _beside(self, aloft: _Aloft) -> list[M]:
        """What other calls may have written under the same marks."""
        return [
            record
            for other in self._aloft
            if other is not aloft
            for record in other.records
            if mark_of(record) in aloft.marks
        ]

    def _others(self, aloft: _Aloft) -> list[_Aloft]:
        return [
            other
            for other in self._aloft
            if other is not aloft and not other.over.is_set() and other.marks & aloft.marks
        ]

    @asynccontextmanager
    async def _in_the_air(self, items: Iterable[Item[M]]) -> AsyncGenerator[_Aloft]:
        """While this lasts, a call may write records with these marks."""
        records = [item.record for item in items]
        aloft = _Aloft(_marks(records), asyncio.Event(), records)
        self._aloft.append(aloft)
        try:
            yield aloft
        finally:
            self._aloft.remove(aloft)
            aloft.over.set()


def _marks(records: Iterable[Model]) -> frozenset[Mark]:
    return frozenset(mark for record in records if (mark := mark_of(record)) is not None)


def _verdict_under(error: XeroError, count: int, *, is_first: bool) -> _Refused | _Doubt:
    """What an error says of the call."""
    if isinstance(error, OutcomeUnknown):
        cause = error.__cause__
        return _Doubt(is_over=isinstance(cause, ServerError) and cause.status == 500)
    if isinstance(error, DecodeError):
        # Xero said that it did something, and not what.
        return _Doubt(is_over=True)
    if isinstance(error, ValidationFailed) and 0 < len(error.errors) < count:
        # A refusal that lists all records saved none; one that lists some of them may have saved the others.
        return _Doubt(is_over=True)
    # After a call in doubt only Xero's own verdict on its bytes says that nothing was done.
    return _Refused(error) if is_first or isinstance(error, BadRequest) else _Doubt()


def _tells_doubt(error: BaseException) -> bool:
    """Whether a call that was cut off may have been done."""
    cancelled = error.__cause__
    return cancelled is not None and isinstance(cancelled.__cause__, OutcomeUnknown)


def _give(items: Iterable[Item[Any]], outcome: Failed | Unknown) -> None:
    """Give several records one outcome."""
    for item in items:
        item.outcome = outcome


def _unknown(intent: Intent, request: Request[Any]) -> Unknown:
    return Unknown(intent.key, datetime.fromtimestamp(intent.since, UTC), request)


def _entry(position: int, fate: Outcome[Any], is_durable: bool) -> Entry | None:
    if isinstance(fate, Created):
        return Entry(position, "created", encode(fate.record) if is_durable else b"", id_of(fate.record))
    if isinstance(fate, Failed):
        return Entry(position, "failed", msgspec.json.encode(fate.errors))
    return None


def _fingerprint(record: Model) -> bytes:
    """What tells a record from every other; of one that cannot be sent, nothing."""
    try:
        return blake2b(encode(record), digest_size=16).digest()
    except InvalidArgument:
        return b""
