"""Batch creation: any number of records in, one outcome for each of them out, in the same order.

    records ──> chunks (at most 50 records, 3.5 MB) ──> up to 5 calls in flight ──> outcomes, in input order

One task draws the records and lets chunks go; the caller takes the outcomes. Two semaphores hold the first back: one
counts chunks in flight, the other chunks whose outcomes nobody has taken yet. So an endless source runs in bounded
memory, and a chunk that has to be sent again holds up none of those after it.

Nothing that befalls one chunk is felt by its siblings. A record that cannot be sent at all fails alone, before its
chunk leaves. An error after which no call can succeed (the day's limit, a closed session, a sign-in that failed) is
the outcome of all that has not left yet. What Xero may or may not have done is told as `Unknown`, never guessed, and
so is a chunk whose write raises what no write should.

Whoever leaves early, by `break`, by an error or by cancellation, ends the drawing and the sending. Nothing runs on
behind them, and nothing known is lost: the outcomes that they have not taken are on the creation, `Unknown` for chunks
that were cut off in flight.

Xero does not promise the order of its answers, so they are matched by the natural key that Xero echoes, where it is
unique in the chunk, and what is left by position.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Sequence,
)
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from ..models import Model, ValidationError
from ..wire import Request, Results, encode
from ..wire.errors import (
    DailyLimitReached,
    DecodeError,
    Forbidden,
    InvalidArgument,
    MissingScope,
    OutcomeUnknown,
    SessionClosed,
    Unauthorized,
    ValidationFailed,
    XeroError,
)
from .hooks import tell

__all__ = [
    "MAX_BYTES",
    "MAX_CHUNK",
    "BatchWrite",
    "CreateProgress",
    "Created",
    "Creation",
    "Failed",
    "Outcome",
    "Unknown",
    "create_many",
    "match",
]

M = TypeVar("M", bound=Model)
_log = logging.getLogger(__name__)

# https://developer.xero.com/documentation/api/accounting/requests-and-responses/
MAX_CHUNK = 50
"""Records that Xero takes in one call."""
MAX_BYTES = 3_500_000
"""Bytes that Xero takes in one call."""
ENVELOPE = 64
"""Bytes that are more than enough for what goes around the records."""
AHEAD = 4
"""Chunks held for each one in flight: sent, and waiting for an earlier one's outcomes to be taken."""

NATURAL_KEYS = ("invoice_number", "credit_note_number", "contact_number", "name")
"""What names a record to its owner, the surest first."""


class Created(Struct, Generic[M], frozen=True):
    """Xero saved the record."""

    record: M
    """As Xero has it now, with its id."""
    warnings: tuple[str, ...] = ()


class Failed(Struct, frozen=True):
    """Xero did not save the record."""

    errors: tuple[str, ...]
    """Why, in Xero's own sentences where it said so."""


class Unknown(Struct, frozen=True):
    """Xero may or may not have saved the record: read back before you send it again.

    A key is good for identical bytes only. To send it again under its key therefore means `request`, whole and as it
    is: the same method, target, headers and body. The record written anew, alone or among others, is another request.
    """

    key: str | None
    """The idempotency key of the call; None where it is not known."""
    since: datetime
    """When the call was first sent, in UTC. Until the key is 6 minutes old, sending `request` again is safe."""
    request: Request[Any] | None = None
    """The call, with the key and all records of the chunk; None where it is not known: its answer could not be read,
    or nobody waited for it. Its repr shows none of them."""


Outcome: TypeAlias = Created[M] | Failed | Unknown


class CreateProgress(Struct, frozen=True, kw_only=True):
    """How far a creation has come: what the hook `on_progress` is called with, after each chunk."""

    created: int
    failed: int
    unknown: int
    chunks: int
    """Chunks whose outcome is known."""

    @property
    def records(self) -> int:
        """Records whose outcome is known."""
        return self.created + self.failed + self.unknown


class BatchWrite(Protocol[M]):
    """A batch operation of a tenant, such as `tenant.invoices.create`."""

    def __call__(self, records: Sequence[M], /) -> Awaitable[Results[M]]:
        """Write several records."""
        ...


def create_many(
    write: BatchWrite[M],
    records: Iterable[M] | AsyncIterable[M],
    *,
    chunk_size: int = MAX_CHUNK,
    max_bytes: int = MAX_BYTES,
    in_flight: int = 5,
    on_progress: Callable[[CreateProgress], object] | None = None,
) -> Creation[M]:
    """Write any number of records with a batch operation, such as `tenant.invoices.create`.

    `await` what comes back for the list of outcomes, or `async for` over it, which takes any number of records in
    bounded memory. There is one `Outcome` for each record, in the order of `records`; errors of the tree become
    outcomes and are not raised. `max_bytes` is of encoded JSON; `in_flight` is in chunks. An error that `records`
    raises is raised after the outcomes of all records drawn before it. Raises `InvalidArgument` at once for sizes that
    cannot be right.

    Where it may end early, keep it and close it, and no outcome is lost:

        async with aclosing(create_many(tenant.invoices.create, records)) as creation:
            async for outcome in creation:
                ...
        creation.outcomes_left  # of what was sent, and not taken above
    """
    if not 1 <= chunk_size <= MAX_CHUNK:
        raise InvalidArgument(f"chunk_size is from 1 to {MAX_CHUNK}")
    if not ENVELOPE < max_bytes <= MAX_BYTES:
        raise InvalidArgument(f"max_bytes is from {ENVELOPE + 1} to {MAX_BYTES}")
    if in_flight < 1:
        raise InvalidArgument("in_flight is at least 1")
    # The declared type says so too, but a single record is an easy slip.
    if not isinstance(records, Iterable | AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument("records is an iterable or an async iterable of records")
    return Creation(write, _chunks(records, chunk_size, max_bytes), in_flight, on_progress)


class _Flight(Generic[M]):
    """Records that go together, and what has become of them."""

    def __init__(self, items: list[M | Failed]) -> None:
        self.items = items
        self.began: datetime | None = None
        """When it left; None before that."""
        self.outcomes: list[Outcome[M]] | None = None
        self.taken = 0

    @property
    def records(self) -> list[M]:
        """Those that can be sent."""
        return [item for item in self.items if not isinstance(item, Failed)]

    def land(self, fates: Iterable[Outcome[M]]) -> list[Outcome[M]]:
        """Learn what became of the records that were sent."""
        fate = iter(fates)
        self.outcomes = [item if isinstance(item, Failed) else next(fate) for item in self.items]
        return self.outcomes

    @property
    def left(self) -> list[Outcome[M]]:
        """The outcomes that nobody has taken, as far as they are known now."""
        if self.outcomes is not None:
            return self.outcomes[self.taken :]
        fate = _NOT_SENT if self.began is None else Unknown(None, self.began)
        return [item if isinstance(item, Failed) else fate for item in self.items]


class Creation(Generic[M]):
    """A creation that has not begun yet. It can be awaited or iterated over, once."""

    def __init__(
        self,
        write: BatchWrite[M],
        chunks: AsyncGenerator[list[M | Failed], None],
        in_flight: int,
        on_progress: Callable[[CreateProgress], object] | None,
    ) -> None:
        self._write, self._chunks, self._in_flight, self._on_progress = write, chunks, in_flight, on_progress
        self._tally: Counter[type] = Counter()
        self._done = 0
        self._stopped: Failed | None = None
        self._begun = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._flights: deque[_Flight[M]] = deque()
        self._kept: list[Outcome[M]] = []

    def __repr__(self) -> str:
        return f"<Creation, {self._tally.total()} records so far>"

    @property
    def outcomes_left(self) -> list[Outcome[M]]:
        """The outcomes that nobody has taken, in the order of the records, from the one after the last that was taken.

        This is for a creation that ended early: once it is closed, or has raised, they are final. What Xero answered
        is told; what was cut off in flight is `Unknown`. Records after these have not been sent. Of a creation that
        was awaited and raised, these are all outcomes.
        """
        return [*self._kept, *(outcome for flight in self._flights for outcome in flight.left)]

    async def aclose(self) -> None:
        """End it: nothing more is drawn or sent, calls in flight are cut off, and no task is left when it returns.

        A loop over the creation that ends early does so as well, but Python may put it off for a moment.
        """
        self._begun = True
        await _end(self._tasks)
        await self._chunks.aclose()

    def __await__(self) -> Generator[Any, None, list[Outcome[M]]]:
        return self._all().__await__()

    async def _all(self) -> list[Outcome[M]]:
        outcomes: list[Outcome[M]] = []
        try:
            async with aclosing(aiter(self)) as coming:
                async for outcome in coming:
                    outcomes.append(outcome)
        except BaseException:
            self._kept = outcomes
            raise
        return outcomes

    async def __aiter__(self) -> AsyncGenerator[Outcome[M], None]:
        if self._begun:
            raise InvalidArgument("a creation runs once: call create_many again")
        self._begun = True
        started: asyncio.Queue[tuple[_Flight[M], asyncio.Task[list[Outcome[M]]]] | None] = asyncio.Queue()
        held = asyncio.Semaphore(self._in_flight * AHEAD)
        feeder = asyncio.create_task(self._feed(started, held))
        self._tasks.add(feeder)
        try:
            while (next_one := await started.get()) is not None:
                flight, task = next_one
                # Not awaited itself, or a cancellation would make room for another before the sending is stopped.
                await asyncio.wait((task,))
                outcomes = task.result()
                self._tasks.discard(task)
                for outcome in outcomes:
                    flight.taken += 1
                    yield outcome
                self._flights.popleft()
                held.release()
            await feeder
        finally:
            await _end(self._tasks)

    async def _feed(
        self,
        started: asyncio.Queue[tuple[_Flight[M], asyncio.Task[list[Outcome[M]]]] | None],
        held: asyncio.Semaphore,
    ) -> None:
        """Let chunks go, as there is room for them."""
        slots = asyncio.Semaphore(self._in_flight)
        try:
            async with aclosing(self._chunks) as chunks:
                async for items in chunks:
                    await held.acquire()
                    await slots.acquire()
                    flight = _Flight(items)
                    task = asyncio.create_task(self._fly(flight, slots))
                    self._flights.append(flight)
                    self._tasks.add(task)
                    started.put_nowait((flight, task))
        finally:
            started.put_nowait(None)

    async def _fly(self, flight: _Flight[M], slots: asyncio.Semaphore) -> list[Outcome[M]]:
        try:
            outcomes = flight.land(await self._fates(flight))
        finally:
            slots.release()
        self._tally.update(type(outcome) for outcome in outcomes)
        self._done += 1
        tell(self._on_progress, self._progress())
        return outcomes

    def _progress(self) -> CreateProgress:
        tally = self._tally
        return CreateProgress(created=tally[Created], failed=tally[Failed], unknown=tally[Unknown], chunks=self._done)

    async def _fates(self, flight: _Flight[M]) -> list[Outcome[M]]:
        """What becomes of records that are sent together."""
        records = flight.records
        if not records:
            return []
        if self._stopped is not None:
            return [self._stopped] * len(records)
        began = flight.began = datetime.now(UTC)
        try:
            return _fates_by(records, await self._write(records), began)
        except XeroError as error:
            if isinstance(error, _HOPELESS):
                self._stopped = Failed((error.message,))
            return list(_fates_under(error, len(records), began))
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            _log.warning("a write was cancelled from within: what became of %d records is unknown", len(records))
        except Exception:
            _log.exception("a write raised what it never should: what became of %d records is unknown", len(records))
        return [Unknown(None, began)] * len(records)


_NOT_SENT = Failed(("not sent: the creation ended before",))

_HOPELESS = (DailyLimitReached, SessionClosed, Unauthorized, MissingScope, Forbidden)
"""Errors that every further call would meet as well."""


def _is_cancelled() -> bool:
    """Whether the running task itself has been cancelled, rather than something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# -- chunks ---------------------------------------------------------------------------------------------------------


async def _chunks(
    records: Iterable[M] | AsyncIterable[M], size: int, max_bytes: int
) -> AsyncGenerator[list[M | Failed], None]:
    """Records that go together; in the place of one that cannot be sent, why."""
    items: list[M | Failed] = []
    room, failure = max_bytes - ENVELOPE, None
    try:
        async for record in _each(records):
            item, weight = _weighed(record, max_bytes - ENVELOPE)
            if items and weight > room:
                yield items
                items, room = [], max_bytes - ENVELOPE
            items.append(item)
            room -= weight
            if len(items) == size:
                yield items
                items, room = [], max_bytes - ENVELOPE
    except Exception as error:
        # What was drawn is still sent, and its outcomes are told first.
        failure = error
    if items:
        yield items
    if failure is not None:
        raise failure


async def _each(records: Iterable[M] | AsyncIterable[M]) -> AsyncIterator[M]:
    if isinstance(records, AsyncIterable):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record


def _weighed(record: M, most: int) -> tuple[M | Failed, int]:
    """A record with its weight in bytes, or why it cannot be sent."""
    try:
        weight = len(encode(record)) + 1
    except InvalidArgument as error:
        return Failed((error.message,)), 0
    if weight > most:
        return Failed((f"the record is {weight} bytes of JSON, and a call takes {most}",)), 0
    return record, weight


# -- outcomes -------------------------------------------------------------------------------------------------------


def _fates_under(error: XeroError, count: int, began: datetime) -> Sequence[Failed | Unknown]:
    """What an error means for each record of the call."""
    if isinstance(error, OutcomeUnknown):
        return [Unknown(error.key, error.first_sent or began, error.request)] * count
    if isinstance(error, DecodeError):
        # Xero said that it did something, and not what.
        return [Unknown(None, began)] * count
    if isinstance(error, ValidationFailed) and error.errors:
        # A refusal that lists all records saved none; one that lists some of them may have saved the others.
        if len(error.errors) < count:
            return [Unknown(None, began)] * count
        return [Failed(element.messages) for element in error.errors[:count]]
    return [Failed((error.message,))] * count


def _fates_by(records: Sequence[M], results: Results[M], began: datetime) -> list[Outcome[M]]:
    """What Xero's answer means for each record."""
    refused = {error.position: Failed(error.messages) for error in results.errors}
    fates: list[Outcome[M]] = []
    for place in match(records, results):
        if place is None:
            fates.append(Unknown(None, began))
        else:
            fates.append(refused.get(place) or Created(results[place], _warnings(results[place])))
    return fates


def match(records: Sequence[Model], results: Sequence[Model]) -> list[int | None]:
    """For each record the place of its result; None where it cannot be told, which is not so if each has one.

    By natural key where it is unique on both sides, then by position among those that are left.
    """
    places: list[int | None] = [None] * len(records)
    free = set(range(len(results)))
    for name in NATURAL_KEYS:
        asked = _unique(name, records, (index for index, place in enumerate(places) if place is None))
        answered = _unique(name, results, free)
        for key in asked.keys() & answered.keys():
            places[asked[key]] = answered[key]
            free.discard(answered[key])
    left = [index for index, place in enumerate(places) if place is None]
    if len(left) == len(free):
        for index, place in zip(left, sorted(free), strict=True):
            places[index] = place
    return places


def _unique(name: str, records: Sequence[Model], among: Iterable[int]) -> dict[object, int]:
    """The places of records by a field of theirs, where no two have the same in it."""
    found: dict[object, list[int]] = {}
    for index in among:
        if key := getattr(records[index], name, None):
            found.setdefault(key, []).append(index)
    return {key: indexes[0] for key, indexes in found.items() if len(indexes) == 1}


def _warnings(record: Model) -> tuple[str, ...]:
    warnings: Sequence[ValidationError] = getattr(record, "warnings", None) or ()
    return tuple(warning.message for warning in warnings if warning.message)
