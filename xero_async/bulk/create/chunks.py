"""Records that go together: at most so many, and at most so many bytes.

A source is drawn in small runs, so that what is known of its records from an earlier time can be looked up for many
at once. What needs no sending (a record that cannot be sent, one whose outcome is known) keeps its place among those
that do, and weighs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from ...models import Model
from ...wire import encode
from ...wire.errors import InvalidArgument
from .outcomes import Failed, Outcome

__all__ = ["ENVELOPE", "MAX_BYTES", "MAX_CHUNK", "Item", "Recall", "chunks_of"]

M = TypeVar("M", bound=Model)

# https://developer.xero.com/documentation/api/accounting/requests-and-responses/
MAX_CHUNK = 50
"""Records that Xero takes in one call."""
MAX_BYTES = 3_500_000
"""Bytes that Xero takes in one call."""
ENVELOPE = 64
"""Bytes that are more than enough for what goes around the records."""


class Item(Struct, Generic[M]):
    """A record on its way."""

    position: int
    """Its place in the input, from 0."""
    record: M
    """As it is to be sent."""
    weight: int = 0
    """Bytes."""
    fingerprint: bytes = b""
    """What tells it, as the caller gave it, from every other."""
    outcome: Outcome[M] | None = None
    """What is known of it before anything is sent; None for one that is to be sent."""
    resumed: bool = False
    """Whether the outcome comes from an earlier run."""


Recall = Callable[[Sequence[Item[M]]], Awaitable[None]]
"""Fills in what is known of records before they are sent."""


async def chunks_of(
    records: Iterable[M] | AsyncIterable[M], size: int, max_bytes: int, run: int, recall: Recall[M]
) -> AsyncGenerator[list[Item[M]], None]:
    """Records that go together, with those around them that need no sending.

    Of `run` records at a time, `recall` is asked. An error that the source raises is raised after all that it gave.
    """
    items: list[Item[M]] = []
    count, room, failure = 0, max_bytes - ENVELOPE, None
    try:
        async for drawn in _runs(records, run):
            await recall(drawn)
            for item in drawn:
                _weigh(item, max_bytes - ENVELOPE)
                if items and item.weight > room:
                    yield items
                    items, count, room = [], 0, max_bytes - ENVELOPE
                items.append(item)
                count, room = count + (item.outcome is None), room - item.weight
                if count == size or len(items) >= size * MOST_KNOWN:
                    yield items
                    items, count, room = [], 0, max_bytes - ENVELOPE
    except Exception as error:
        # What was drawn is still sent, and its outcomes are told first.
        failure = error
    if items:
        yield items
    if failure is not None:
        raise failure


MOST_KNOWN = 4
"""Times the size of a chunk that its items may come to, with those that need no sending."""


async def _runs(records: Iterable[M] | AsyncIterable[M], run: int) -> AsyncGenerator[list[Item[M]], None]:
    """Records with their positions, so many at a time."""
    drawn: list[Item[M]] = []
    position, failure = 0, None
    try:
        async for record in _each(records):
            drawn.append(Item(position, record))
            position += 1
            if len(drawn) == run:
                yield drawn
                drawn = []
    except Exception as error:
        failure = error
    if drawn:
        yield drawn
    if failure is not None:
        raise failure


async def _each(records: Iterable[M] | AsyncIterable[M]) -> AsyncIterator[M]:
    if isinstance(records, AsyncIterable):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record


def _weigh(item: Item[M], most: int) -> None:
    """Note the weight of a record that is to be sent, or why it cannot be."""
    if item.outcome is not None:
        return
    try:
        weight = len(encode(item.record)) + 1
    except InvalidArgument as error:
        item.outcome = Failed((error.message,))
        return
    if weight > most:
        item.outcome = Failed((f"the record is {weight} bytes of JSON, and a call takes {most}",))
    else:
        item.weight = weight
