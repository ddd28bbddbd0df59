"""A line for records by the thousand: the batch create of a resource, in calls of fifty, each record exactly once.

The work is done by the room of large volumes, which stands above the tables. So the line only says what is to be
written and by whom, and finds out who does it when it is called.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, Protocol, TypeVar, cast, overload

from msgspec import Struct

from ..models import Model, envelope_of
from ..wire.answers import Page, Results
from ..wire.operation import Operation, Request
from ..wire.parameters import Parameters
from .pages import Pages
from .rows import Resource, Row

if TYPE_CHECKING:
    # For its type alone: nothing here needs it before it is called.
    from ..bulk.create import CreateProgress, Creation
    from ..preflight import Known

__all__ = ["Batch", "Many", "ManyWrite", "Sender", "many"]

M = TypeVar("M", bound=Model)
R = TypeVar("R")


class Sender(Protocol):
    """The session, as a batch knows it: requests are made first and sent later, perhaps more than once."""

    @property
    def tenant(self) -> str | None:
        """The tenant's id."""
        ...

    @property
    def unitdp(self) -> Literal[2, 4] | None:
        """The decimals of unit amounts that every operation is asked for that takes such a wish."""
        ...

    def prepare(
        self, operation: Operation[R], ids: Sequence[object], parameters: Parameters, body: object = None, /
    ) -> Request[R]:
        """The one request of a call, with its key, before it is sent."""
        ...

    async def send(self, request: Request[R], age: float | None = None, /) -> R:
        """Send a request that was prepared; with its key's age in seconds, one that may have been sent before."""
        ...


class Batch(Struct, Generic[M], frozen=True):
    """What is to be written: the operation, whoever sends it, and the list in which it can be looked up again."""

    operation: Operation[Results[M]]
    kind: type[M]
    sender: Sender
    listed: Operation[Page[M]] | None
    """The list of such records."""

    @property
    def is_separate(self) -> bool:
        """Whether an element that Xero refuses leaves the others alone, rather than making an error of the answer."""
        return "summarize_errors" in self.operation.parameters.__struct_fields__

    @property
    def unitdp(self) -> Literal[2, 4] | None:
        """The decimals of unit amounts that it is sent with; None for Xero's own."""
        return self.sender.unitdp if "unitdp" in self.operation.parameters.__struct_fields__ else None

    def request(self, records: Sequence[M]) -> Request[Results[M]]:
        """A call that writes these records, under a key of its own."""
        envelope = envelope_of(self.kind)
        body = envelope(**{envelope.records_field(): list(records)})
        return self.sender.prepare(self.operation, (), self.operation.parameters(), body)

    def pages(self, **query: Any) -> Pages[M]:  # Any: the keywords of whichever list it is
        """The list, for a query. Raises `LookupError` where there is none."""
        if self.listed is None:
            raise LookupError(f"{self.kind.__name__} has no list")
        # One session serves both: what sends a batch also calls.
        return Pages(cast("Any", self.sender), self.listed, (), self.listed.parameters(**query))


class ManyWrite(Generic[M]):
    """The batch create of a tenant's resource; call it with the records."""

    def __init__(self, batch: Batch[M]) -> None:
        self.batch = batch

    def __repr__(self) -> str:
        return f"<{self.batch.operation.id}, any number of records>"

    def __call__(
        self,
        records: Iterable[M] | AsyncIterable[M],
        *,
        journal: str | PathLike[str] | None = None,
        preflight: Literal["refuse", "skip"] | None = None,
        known: Known | None = None,
        reserve_reference: bool = False,
        chunk_size: int | None = None,
        max_bytes: int | None = None,
        in_flight: int = 5,
        on_progress: Callable[[CreateProgress], object] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Creation[M]:
        """Create any number of records, each exactly once. See `xero_async.bulk.create_many` for all of it."""
        creation: Creation[M] = import_module("xero_async.bulk.create").create_many(
            self,
            records,
            journal=journal,
            preflight=preflight,
            known=known,
            reserve_reference=reserve_reference,
            chunk_size=chunk_size,
            max_bytes=max_bytes,
            in_flight=in_flight,
            on_progress=on_progress,
            clock=clock,
        )
        return creation


class Many(Generic[M]):
    """The line itself: on a tenant's resource it is a `ManyWrite`."""

    def __init__(self, row: Row[Any, Awaitable[Results[M]]]) -> None:
        self._row = row

    @overload
    def __get__(self, part: None, kind: type[Resource]) -> Many[M]: ...
    @overload
    def __get__(self, part: Resource, kind: type[Resource]) -> ManyWrite[M]: ...
    def __get__(self, part: Resource | None, kind: type[Resource]) -> Many[M] | ManyWrite[M]:
        if part is None:
            return self
        operation = cast("Operation[Results[M]]", self._row.operation(part))
        lister = vars(kind).get("list")
        listed = cast("Row[..., Any]", lister).operation(part) if isinstance(lister, Row) else None
        record = cast("type[M]", operation.record)
        # The session is more to a batch than to the lines around it.
        sender = cast("Sender", part._caller)  # pyright: ignore[reportPrivateUsage] - lines and resources are one machine
        return ManyWrite(Batch(operation, record, sender, listed))


def many(row: Row[Concatenate[Sequence[M], ...], Awaitable[Results[M]]]) -> Many[M]:
    """Any number of records, by the line of a batch create."""
    return Many(row)
