"""What a sink is: where records go, and how they and the checkpoint become durable together.

The methods block; the core calls them in a thread, one at a time for each table. Tables of several tenants are written
side by side, so a sink locks what its tables share. A checkpoint is bytes that only the core reads; a table keeps the
one that came with the records it holds, so that after a kill at any moment both tell the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from ....models import Model
from ....wire.errors import XeroError

__all__ = ["Finished", "Place", "Sink", "SinkError", "Table"]


class SinkError(XeroError):
    """What is drawn does not fit into a sink, or not to what is there already; the checkpoint is as it was."""


class Place(Struct, frozen=True, kw_only=True):
    """Where records come from, which is what a sink names things by."""

    tenant_id: str
    label: str
    """The tenant's name, fit for a file's name, and no other tenant's."""
    resource: str
    """The resource's name in Python, such as `credit_notes`."""
    record: type[Model]
    id_name: str
    """The name of the records' id as Xero writes it, such as `InvoiceID`; empty where they have none."""


class Finished(NamedTuple):
    """A whole result."""

    path: str
    """Where it is: a file, or a table of a database."""
    records: int
    """How many records the whole result holds, those of earlier runs included."""


class Table(Protocol):
    """The records of one resource of one tenant, on their way into a sink."""

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Begin, or go on where an earlier run ended; return the checkpoint that was kept with the data, or None.

        With `full` what is drawn now is made beside the old result and takes its place at `finish`, so that records
        that are gone at Xero vanish; a full draw that was interrupted is gone on with and its checkpoint returned, or
        None where there is none. With `fresh`, which comes with `full` alone, what an interrupted draw has left is
        thrown away first, and None returned. A table may be closed and opened again. Raises `OSError`, `SinkError`.
        """
        ...

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Add records, or replace those of the same ids; the same id may come again, and the last state counts.

        The records and the checkpoint are both durable when it returns, and neither when it raises.
        """
        ...

    def finish(self, checkpoint: bytes) -> Finished:
        """Make the result whole, under its name, with this checkpoint."""
        ...

    def close(self) -> None:
        """Let go: always called, after errors too. What is needed to go on stays, and no litter."""
        ...


class Sink(Protocol):
    """A folder or a database that takes tables."""

    def table(self, place: Place) -> Table:
        """The table of a place; nothing is opened or made yet."""
        ...

    def close(self) -> None:
        """Let go of what the tables share."""
        ...
