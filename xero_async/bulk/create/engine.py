"""The engine of a creation: what lets chunks go, and hands their outcomes over in the order of the input.

One task draws the records and lets chunks go; the caller takes the outcomes. Two semaphores hold the first back: one
counts chunks in flight, the other chunks whose outcomes nobody has taken yet. So an endless source runs in bounded
memory, and a chunk that has to be sent again holds up none of those after it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

from msgspec.structs import replace

from ...apis.many import ManyWrite
from ...apis.rows import Resource
from ...models import Model
from ...preflight import Checker, Known
from ...wire.errors import InvalidArgument
from ..hooks import tell
from .chunks import ENVELOPE, MAX_BYTES, MAX_CHUNK, Item, chunks_of
from .delivery import BareDelivery, BatchWrite, Delivery
from .exactly import ExactDelivery, wall_clock
from .outcomes import Created, CreateProgress, Failed, Outcome, Unknown

__all__ = ["Creation", "create_many"]

M = TypeVar("M", bound=Model)

AHEAD = 4
"""Chunks held for each one in flight: sent, and waiting for an earlier one's outcomes to be taken."""

MOST_SHOWN = 10
"""Findings in one message."""

_NOT_SENT = Failed(("not sent: the creation ended before",))

Preflight: TypeAlias = Literal["refuse", "skip"]


def create_many(
    into: Resource | ManyWrite[M] | BatchWrite[M],
    records: Iterable[M] | AsyncIterable[M],
    *,
    journal: str | PathLike[str] | None = None,
    preflight: Preflight | None = None,
    known: Known | None = None,
    reserve_reference: bool = False,
    chunk_size: int | None = None,
    max_bytes: int | None = None,
    in_flight: int = 5,
    on_progress: Callable[[CreateProgress], object] | None = None,
    clock: Callable[[], float] | None = None,
) -> Creation[M]:
    """Create any number of records, each exactly once: `create_many(tenant.invoices, records)`.

    `await` what comes back for the list of outcomes, or `async for` over it, which takes any number of records in
    bounded memory. There is one `Outcome` for each record, in the order of `records`; errors of the tree become
    outcomes and are not raised. An error that `records` raises is raised after the outcomes of all records drawn
    before it. Raises `InvalidArgument` at once for options that cannot be right.

    `journal` is a file in which the creation is kept, so that the same call goes on with it after whatever ended it:
    what was created is told again and not sent, what is in doubt is settled first, and what Xero has not been sent is
    sent. It holds to the input by position. A record that was sent and differs now raises `InvalidArgument`; one that
    Xero refused may be mended, and more may follow at the end. Without a file the journal is in memory.

    What is in doubt is sent again as long as its key is good, and read back by its number, its name or its reference
    after that. With `reserve_reference`, records that have none of these get a reference of their own: otherwise they
    stay `Unknown`. `clock` tells seconds since 1970, by which keys grow old.

    `preflight` looks for what Xero would refuse: "refuse" raises `InvalidArgument` before anything is sent, for which
    it keeps all records in memory; "skip" fails such records alone, and keeps their numbers and names, to notice the
    second of two. `known` is what they are checked against of the organisation: `Known(region="NZ", accounts=codes)`.

    Given a batch operation, such as `tenant.invoices.create`, or a function like one, each chunk is one call of it, and
    what may or may not have been done is told as `Unknown` and left at that.

    `max_bytes` is of encoded JSON; `in_flight` is in chunks. A chunk is 50 records, or one where Xero would not tell
    which of several it refused.

    Where it may end early, keep it and close it, and no outcome is lost:

        async with aclosing(create_many(tenant.invoices, records)) as creation:
            async for outcome in creation:
                ...
        creation.outcomes_left  # of what was sent, and not taken above
    """
    most = MAX_BYTES if max_bytes is None else max_bytes
    if chunk_size is not None and not 1 <= chunk_size <= MAX_CHUNK:
        raise InvalidArgument(f"chunk_size is from 1 to {MAX_CHUNK}")
    if not ENVELOPE < most <= MAX_BYTES:
        raise InvalidArgument(f"max_bytes is from {ENVELOPE + 1} to {MAX_BYTES}")
    if in_flight < 1:
        raise InvalidArgument("in_flight is at least 1")
    # The declared type says so too, but a single record is an easy slip.
    if not isinstance(records, Iterable | AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument("records is an iterable or an async iterable of records")
    if isinstance(into, Resource):
        into = _line_of(into)
    checker = None if preflight is None else Checker(_completed(known or Known(), into))
    if checker is not None and preflight == "refuse":
        records, checker = _checked(records, checker), None
    size, delivery = chunk_size or MAX_CHUNK, None
    if isinstance(into, ManyWrite):
        many = into
        size = chunk_size or (MAX_CHUNK if many.batch.is_separate else 1)
        path = None if journal is None else Path(journal)
        delivery = ExactDelivery(many.batch, path, clock or wall_clock, reserve_reference)
    elif journal is not None or reserve_reference:
        raise InvalidArgument("a journal is kept for a resource, such as tenant.invoices: give that")
    return Creation(
        delivery or BareDelivery(cast("BatchWrite[M]", into)),
        records,
        (size, most),
        in_flight,
        on_progress,
        checker=checker,
    )


def _line_of(resource: Resource) -> ManyWrite[Any]:
    """The line of a resource for any number of records. Raises `InvalidArgument` where it has none."""
    line: ManyWrite[Any] | None = getattr(resource, "create_many", None)
    if line is None:
        raise InvalidArgument(f"Xero takes no batches of {type(resource).__name__}")
    return line


def _completed(known: Known, into: ManyWrite[M] | BatchWrite[M]) -> Known:
    """With the decimals of unit amounts that the client sends, where the caller names none."""
    if known.unitdp is None and isinstance(into, ManyWrite):
        return replace(known, unitdp=into.batch.unitdp)
    return known


def _checked(records: Iterable[M] | AsyncIterable[M], checker: Checker) -> Iterable[M]:
    """Records of which none has an error. Raises `InvalidArgument` that names the first of those that have."""
    if isinstance(records, AsyncIterable):
        raise InvalidArgument("an async iterable cannot be looked through beforehand: preflight it by 'skip'")
    kept = list(records)
    found = (finding for row, record in enumerate(kept) for finding in checker.look(row, record))
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        shown = "; ".join(str(finding) for finding in errors[:MOST_SHOWN])
        more = f"; and {len(errors) - MOST_SHOWN} more" if len(errors) > MOST_SHOWN else ""
        raise InvalidArgument(f"Xero would refuse {len({error.row for error in errors})} records: {shown}{more}")
    return kept


def _skip(items: Sequence[Item[M]], checker: Checker) -> None:
    """Fail the records that Xero would refuse."""
    for item in items:
        if isinstance(item.outcome, Failed):
            continue
        # What an earlier run has sent is what it is, and is looked at for its number.
        errors = [found for found in checker.look(item.position, item.record) if found.severity == "error"]
        if errors and item.outcome is None:
            told = (f"{error.field}: {error.message} ({error.rule})" for error in errors)
            item.outcome = Failed(tuple(told))


class _Flight(Generic[M]):
    """Records that go together, and what has become of them."""

    def __init__(self, items: list[Item[M]]) -> None:
        self.items = items
        self.began: datetime | None = None
        """When it left; None before that."""
        self.taken = 0

    @property
    def outcomes(self) -> list[Outcome[M]]:
        """As far as they are known now."""
        fate = _NOT_SENT if self.began is None else Unknown(None, self.began)
        return [item.outcome or fate for item in self.items]

    @property
    def left(self) -> list[Outcome[M]]:
        """The outcomes that nobody has taken, as far as they are known now."""
        return self.outcomes[self.taken :]


class Creation(Generic[M]):
    """A creation that has not begun yet. It can be awaited or iterated over, once."""

    def __init__(
        self,
        delivery: Delivery[M],
        records: Iterable[M] | AsyncIterable[M],
        sizes: tuple[int, int],
        in_flight: int,
        on_progress: Callable[[CreateProgress], object] | None,
        *,
        checker: Checker | None = None,
    ) -> None:
        self._delivery, self._in_flight, self._on_progress, self._checker = delivery, in_flight, on_progress, checker
        size, most = sizes
        self._chunks = chunks_of(records, size, most, size, self._recall)
        self._drawn = 0
        self._tally: Counter[type] = Counter()
        self._resumed = 0
        self._done = 0
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
        await self._delivery.close()

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
        started: asyncio.Queue[tuple[_Flight[M], asyncio.Task[None]] | None] = asyncio.Queue()
        held = asyncio.Semaphore(self._in_flight * AHEAD)
        feeder = asyncio.create_task(self._feed(started, held))
        self._tasks.add(feeder)
        try:
            while (next_one := await started.get()) is not None:
                flight, task = next_one
                # Not awaited itself, or a cancellation would make room for another before the sending is stopped.
                await asyncio.wait((task,))
                task.result()
                self._tasks.discard(task)
                for outcome in flight.outcomes:
                    flight.taken += 1
                    yield outcome
                self._flights.popleft()
                held.release()
            await feeder
        finally:
            await _end(self._tasks)
            await self._delivery.close()

    async def _feed(
        self, started: asyncio.Queue[tuple[_Flight[M], asyncio.Task[None]] | None], held: asyncio.Semaphore
    ) -> None:
        """Let chunks go, as there is room for them."""
        slots = asyncio.Semaphore(self._in_flight)
        try:
            await self._delivery.open()
            async with aclosing(self._chunks) as chunks:
                async for items in chunks:
                    await held.acquire()
                    await slots.acquire()
                    flight = _Flight(items)
                    task = asyncio.create_task(self._fly(flight, slots))
                    self._flights.append(flight)
                    self._tasks.add(task)
                    started.put_nowait((flight, task))
                    self._drawn = items[-1].position + 1
            await self._delivery.finish(self._drawn)
        finally:
            started.put_nowait(None)

    async def _recall(self, items: Sequence[Item[M]]) -> None:
        await self._delivery.recall(items)
        if self._checker is not None:
            _skip(items, self._checker)

    async def _fly(self, flight: _Flight[M], slots: asyncio.Semaphore) -> None:
        fresh = [item for item in flight.items if item.outcome is None]
        try:
            if fresh:
                # What cannot be sent any more has not left.
                flight.began = datetime.now(UTC) if self._delivery.stopped is None else None
                await self._delivery.deliver(fresh)
        finally:
            slots.release()
        self._tally.update(type(item.outcome) for item in flight.items)
        self._resumed += sum(item.resumed for item in flight.items)
        self._done += 1
        tell(self._on_progress, self._progress())

    def _progress(self) -> CreateProgress:
        tally = self._tally
        return CreateProgress(
            created=tally[Created],
            failed=tally[Failed],
            unknown=tally[Unknown],
            chunks=self._done,
            resumed=self._resumed,
        )


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
