"""How a chunk reaches Xero, by a bare batch operation: one call, and what it means for each record.

What is shared by every way of delivering stands here too: what an answer and what an error say of the records.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from ...models import Model
from ...wire import Results
from ...wire.errors import (
    DailyLimitReached,
    DecodeError,
    Forbidden,
    MissingScope,
    OutcomeUnknown,
    SessionClosed,
    Unauthorized,
    ValidationFailed,
    XeroError,
)
from .chunks import Item
from .matching import match
from .outcomes import Failed, Outcome, Unknown, created

__all__ = ["HOPELESS", "BareDelivery", "BatchWrite", "Delivery", "fates_by", "is_cancelled"]

M = TypeVar("M", bound=Model)
_log = logging.getLogger(__name__)

HOPELESS = (DailyLimitReached, SessionClosed, Unauthorized, MissingScope, Forbidden)
"""Errors that every further call would meet as well."""


class BatchWrite(Protocol[M]):
    """A batch operation of a tenant, such as `tenant.invoices.create`."""

    def __call__(self, records: Sequence[M], /) -> Awaitable[Results[M]]:
        """Write several records."""
        ...


class Delivery(ABC, Generic[M]):
    """A way to send chunks."""

    stopped: Failed | None = None
    """Why nothing more can be sent, once that is so."""

    async def open(self) -> None:
        """Before anything is drawn."""

    async def recall(self, items: Sequence[Item[M]]) -> None:
        """Fill in what is known of records, and make them ready to be sent."""

    @abstractmethod
    async def deliver(self, items: Sequence[Item[M]]) -> None:
        """Send records together, and give each its outcome."""

    async def finish(self, count: int) -> None:
        """After the last record was drawn. Raises `InvalidArgument` where there should have been more."""

    async def close(self) -> None:
        """At the end, whatever it is."""


class BareDelivery(Delivery[M]):
    """One call for a chunk: what may or may not have been done is told, and left at that."""

    def __init__(self, write: BatchWrite[M]) -> None:
        self._write = write

    async def deliver(self, items: Sequence[Item[M]]) -> None:
        """Send records together, and give each its outcome."""
        began = datetime.now(UTC)
        fates: Sequence[Outcome[M]] = [Unknown(None, began)] * len(items)
        try:
            if self.stopped is not None:
                fates = [self.stopped] * len(items)
            else:
                records = [item.record for item in items]
                fates = fates_by(records, await self._write(records), began)
        except XeroError as error:
            if isinstance(error, HOPELESS):
                self.stopped = Failed((error.message,))
            fates = _fates_under(error, len(items), began)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            _log.warning("a write was cancelled from within: what became of %d records is unknown", len(items))
        except Exception:
            _log.exception("a write raised what it never should: what became of %d records is unknown", len(items))
        for item, fate in zip(items, fates, strict=True):
            item.outcome = fate


def is_cancelled() -> bool:
    """Whether the running task itself has been cancelled, rather than something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


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


def fates_by(records: Sequence[M], results: Results[M], began: datetime) -> list[Outcome[M]]:
    """What Xero's answer means for each record."""
    refused = {error.position: Failed(error.messages) for error in results.errors}
    return [
        Unknown(None, began) if place is None else refused.get(place) or created(results[place])
        for place in match(records, results)
    ]
