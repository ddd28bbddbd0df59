"""One task: the export of one tenant. Plain data and a plain function, for whatever engine runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from ...models import Model
from ...session import Xero
from ...wire.parameters import MAX_PAGE_SIZE
from ..export import ExportProgress, Summary, export, folder_names
from ..export.formats import SINKS, Format
from ..export.sinks.base import Finished, Place, Sink, Table

__all__ = ["ExportTask", "export_tenant"]


class ExportTask(Struct, frozen=True, kw_only=True):
    """What is to be exported of one tenant, and where to. It holds no secret, and can be kept as JSON."""

    tenant_id: str
    folder: str
    """Where results go, on storage that all workers share: `<folder>/<name>/<resource>.jsonl`, or `<folder>/<name>.db`
    for SQLite, for each tenant has its own."""
    name: str = ""
    """The tenant's, for its files and for whoever reads along; its id where there is none."""
    format: Format = Format.jsonl
    resources: tuple[str, ...] | None = None
    where: str | None = None
    modified_since: datetime | None = None
    full: bool = False
    page_size: int = MAX_PAGE_SIZE

    @property
    def id(self) -> str:
        """One for each tenant and target, so that the same wish is not queued twice."""
        told = "\n".join((self.tenant_id.lower(), self.folder, self.format.value))
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def title(self) -> str:
        """What to call it by."""
        return self.name or self.tenant_id

    @property
    def place(self) -> Path:
        """The tenant's folder, or its database."""
        (label,) = folder_names({self.tenant_id.lower(): self.name}).values()
        return Path(self.folder) / (f"{label}.db" if self.format is Format.sqlite else label)


async def export_tenant(
    xero: Xero,
    task: ExportTask,
    *,
    on_progress: Callable[[ExportProgress], object] | None = None,
    check: Callable[[], object] | None = None,
) -> Summary:
    """Draw one tenant's resources into its place, from where an earlier run ended, whoever ran it and where.

    `xero` is an open session. `check` is called before anything is written; what it raises ends the export, which is
    how an engine's lease is kept: no page of a worker that has lost it is written. At most one process at a time may
    draw a tenant into a folder. Raises what `export` raises.
    """
    path = task.place if task.format is Format.sqlite else Path(task.folder)
    sink = SINKS[task.format](path)
    return await export(
        xero.tenant(task.tenant_id, bulk=True),
        sink if check is None else _Checked(sink, check),
        resources=task.resources,
        names={task.tenant_id.lower(): task.name},
        page_size=task.page_size,
        where=task.where,
        modified_since=task.modified_since,
        full=task.full,
        on_progress=on_progress,
    )


class _Checked:
    """A sink that asks before it writes."""

    def __init__(self, sink: Sink, check: Callable[[], object]) -> None:
        self._sink, self._check = sink, check

    def table(self, place: Place) -> Table:
        """The table of a place, which asks too."""
        return _CheckedTable(self._sink.table(place), self._check)

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()


class _CheckedTable:
    """A table that asks before it writes."""

    def __init__(self, table: Table, check: Callable[[], object]) -> None:
        self._table, self._check = table, check

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Opening may cut off what a page left that was not vouched for, which is writing too."""
        self._check()
        return self._table.open(full=full, fresh=fresh)

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Write a page."""
        self._check()
        self._table.write(records, checkpoint)

    def finish(self, checkpoint: bytes) -> Finished:
        """Make the result whole."""
        self._check()
        return self._table.finish(checkpoint)

    def close(self) -> None:
        """Let go, which changes nothing that counts."""
        self._table.close()
