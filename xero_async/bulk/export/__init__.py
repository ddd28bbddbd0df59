"""Export: whole resources of one or many tenants into files or a database, exactly, and again only what has changed.

    summary = await export(tenants, "folder")                    # JSON Lines: <folder>/<tenant>/<resource>.jsonl
    summary = await export(tenants, SQLite("xero.db"), resources=["invoices"])
    async for batch in export.batches(tenant.invoices): ...      # without any sink

Tenants are drawn side by side, each at its own pace; the resources of a tenant one after the other, because pages are
drawn ahead anyway. Archived records come too. Encoding and writing happen in a thread, a page at a time; with each page
the sink keeps a checkpoint, from which the same call goes on after whatever has ended it.

What is asked for is in `sources`, how a list is drawn in `crawl`, where records go in `sinks`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

from msgspec import Struct

from ...apis.rows import Resource
from ...ending import in_thread
from ...session import Tenant
from ...wire.errors import DailyLimitReached, Forbidden, InvalidArgument, MissingScope, NotFound, XeroError
from ...wire.parameters import MAX_PAGE_SIZE
from ..hooks import tell
from .checkpoint import Checkpoint
from .crawl import Batch, Crawl, resume
from .naming import folder_names
from .sinks.base import Finished, Place, Sink, Table
from .sinks.jsonl import JsonLines
from .sources import Source, listable, source_of, sources

__all__ = ["Batch", "Export", "ExportProgress", "Exported", "Skipped", "Summary", "export", "folder_names", "listable"]

T = TypeVar("T")


class ExportProgress(Struct, frozen=True, kw_only=True):
    """How far one resource has come: what the hook `on_progress` is called with, after each page and at the end."""

    tenant: str
    """Its name where one was given, else its id."""
    resource: str
    records: int
    """Records that the crawl has drawn, those of an earlier run that it goes on with included."""
    pages: int
    """Pages drawn by this run."""
    page_count: int | None
    """Pages in all of the step; None where Xero does not say."""
    item_count: int | None
    """Records in all of the step; None where Xero does not say."""
    done: bool = False
    """Whether the result is whole, and there under its name."""
    step: Literal["crawl", "changes"] = "crawl"
    """Whether everything is drawn, or what has changed since."""
    page: int = 0
    """The page of the step that was drawn last."""
    changed: int = 0
    """Records that were drawn because they had changed, or might have been missed."""


class Exported(Struct, frozen=True, kw_only=True):
    """One result."""

    tenant: str
    resource: str
    path: Path
    """The file; in a database, the database and the table."""
    records: int
    """Records in the whole result, those of earlier runs included."""
    pages: int
    """Pages drawn by this run."""
    drawn: int = 0
    """Records drawn by this run, repeated ones included."""
    restarted: str = ""
    """Why everything was drawn again, although an earlier run had left a result or a part; empty where it was not."""


class Skipped(Struct, frozen=True, kw_only=True):
    """A resource that Xero would not give, where none was named; what an earlier run left of it is as it was."""

    tenant: str
    resource: str
    reason: str
    """What Xero said, and what may help."""


class Summary(Struct, frozen=True, kw_only=True):
    """What an export has written."""

    files: tuple[Exported, ...]
    seconds: float
    calls: int = 0
    """Requests sent for these tenants meanwhile, repeated ones included."""
    received: int = 0
    """Bytes drawn for these tenants meanwhile, as they came over the wire: these are what Xero bills."""
    skipped: tuple[Skipped, ...] = ()
    """Resources that Xero would not give: a scope is missing, or the organisation has no such thing."""

    @property
    def records(self) -> int:
        """Records in all results."""
        return sum(file.records for file in self.files)

    @property
    def pages(self) -> int:
        """Pages drawn for all results."""
        return sum(file.pages for file in self.files)


class Export:
    """What `export` is: call it for whole results in a sink, or take its `batches`."""

    def __repr__(self) -> str:
        return "<export>"

    async def __call__(
        self,
        tenants: Tenant | Iterable[Tenant],
        to: Sink | str | os.PathLike[str],
        *,
        resources: Collection[str] | None = None,
        names: Mapping[str, str] | None = None,
        page_size: int = MAX_PAGE_SIZE,
        where: str | None = None,
        modified_since: datetime | None = None,
        full: bool = False,
        on_progress: Callable[[ExportProgress], object] | None = None,
    ) -> Summary:
        """Draw whole resources of one or several tenants into a sink; a folder stands for `JsonLines(folder)`.

        `resources` are names of `listable()`; None means all of them. `names` gives names to tenants by their ids;
        without one, the id names what it has. `where` needs `resources` that all take it; a record that has left the
        filter since it was drawn stays as it was. `modified_since` narrows what Xero can narrow so, and leaves the
        others whole. A run that follows another draws only what has changed, unless it asks for more than that did;
        `full` draws everything again, and what is gone at Xero is gone from the result. Lists whose records can be
        deleted are drawn whole each time.

        Where no resources are named, one that Xero refuses is left out and told of in `Summary.skipped`, unless all of
        a tenant are; a resource that was named raises.

        Raises `InvalidArgument` before the first call for what cannot be right, `DailyLimitReached` with the moment
        from which on the tenant has calls again, when the other tenants are through, other errors of the tree at once,
        `SinkError`, or `OSError`. The same call then goes on where this one ended. The sink is closed at the end.
        """
        began = time.monotonic()
        drawn = list({each.id: each for each in ([tenants] if isinstance(tenants, Tenant) else tenants)}.values())
        labels = folder_names({tenant.id: (names or {}).get(tenant.id, "") for tenant in drawn})
        asked = sources(resources, page_size=page_size, where=where, modified_since=modified_since)
        sink = JsonLines(to) if isinstance(to, (str, os.PathLike)) else to
        works = [
            [
                _Work(
                    tenant, (names or {}).get(tenant.id) or tenant.id, labels[tenant.id], each, sink, full, on_progress
                )
                for each in asked
            ]
            for tenant in drawn
        ]
        before = [tenant.usage for tenant in drawn]
        try:
            done = await _side_by_side([_in_turn(each, may_skip=resources is None) for each in works])
        finally:
            await in_thread(sink.close)
        after = [tenant.usage for tenant in drawn]
        return Summary(
            files=tuple(each for each in done if isinstance(each, Exported)),
            seconds=time.monotonic() - began,
            calls=sum(each.attempts for each in after) - sum(each.attempts for each in before),
            received=sum(each.received for each in after) - sum(each.received for each in before),
            skipped=tuple(each for each in done if isinstance(each, Skipped)),
        )

    def batches(
        self,
        resource: Resource,
        *,
        page_size: int = MAX_PAGE_SIZE,
        where: str | None = None,
        modified_since: datetime | None = None,
        after: bytes | None = None,
    ) -> AsyncGenerator[Batch, None]:
        """The batches of one resource, such as `tenant.invoices`: an asynchronous iterator, drawn ahead.

        A record comes again when it changes meanwhile: the last state counts. Whoever keeps a batch's `checkpoint` with
        its records can go on `after` it, and after that of the last batch with what has changed since. Raises
        `InvalidArgument` for what cannot be right, a checkpoint of another query included, and errors of the tree.
        """
        name = source_of(resource)
        (source,) = sources([name], page_size=page_size, where=where, modified_since=modified_since)
        source = source.asked_by(resource)
        found = Checkpoint.read(after)
        place, reason = resume(source, found)
        if after is not None and (found is None or reason):
            raise InvalidArgument(f"after: {reason or 'this is no checkpoint'}")
        return Crawl(source, SimpleNamespace(**{name: resource}), place).batches()


export = Export()
"""`await export(tenants, sink)` for whole results, `export.batches(tenant.invoices)` for records."""


# -- drawing --------------------------------------------------------------------------------------------------------


class _Work:
    """One result to be."""

    def __init__(
        self,
        tenant: Tenant,
        name: str,
        label: str,
        source: Source,
        sink: Sink,
        full: bool,
        on_progress: Callable[[ExportProgress], object] | None,
    ) -> None:
        self._tenant, self._name, self._source, self._sink = tenant, name, source.asked_by(tenant), sink
        # What is neither narrowed to changes nor goes on after an offset is drawn whole each time.
        self._full = full or not (source.is_dated or source.way == "offset")
        self._on_progress = on_progress
        self._place = Place(
            tenant_id=tenant.id, label=label, resource=source.name, record=source.record, id_name=source.id_name
        )
        self._restarted, self._pages, self._drawn = "", 0, 0

    async def do(self) -> Exported:
        """Draw the resource and leave the result."""
        table = self._sink.table(self._place)
        try:
            return await self._draw_into(table)
        except XeroError as error:
            error.add_note(f"while exporting {self._source.name} of {self._name}")
            raise
        finally:
            await in_thread(table.close)

    async def do_or_skip(self) -> Exported | Skipped:
        """The same, where a list that Xero refuses may be left out: not the whole tenant, nor a wrong address."""
        try:
            return await self.do()
        except (MissingScope, Forbidden, NotFound) as error:
            if not isinstance(error, MissingScope) and not await _is_open(self._tenant):
                raise
            return Skipped(tenant=self._name, resource=self._source.name, reason=error.message)

    async def _draw_into(self, table: Table) -> Exported:
        crawl = Crawl(self._source, self._tenant, await self._open(table))
        batch: Batch | None = None
        async with aclosing(crawl.batches()) as batches:
            async for batch in batches:
                await in_thread(table.write, batch.records, batch.checkpoint)
                self._pages, self._drawn = self._pages + 1, self._drawn + len(batch.records)
                self._tell(batch)
        finished: Finished = await in_thread(table.finish, crawl.place.to_bytes())
        self._tell(batch, done=True)
        return Exported(
            tenant=self._name,
            resource=self._source.name,
            path=Path(finished.path),
            records=finished.records,
            pages=self._pages,
            drawn=self._drawn,
            restarted=self._restarted,
        )

    async def _open(self, table: Table) -> Checkpoint | None:
        """Open the table, and find the place from which to go on."""
        found = await in_thread(lambda: table.open(full=self._full))
        place, reason = resume(self._source, Checkpoint.read(found))
        if found is not None and place is None:
            self._restarted = reason
            await in_thread(table.close)
            await in_thread(lambda: table.open(full=True, fresh=True))
        return place

    def _tell(self, batch: Batch | None, *, done: bool = False) -> None:
        tell(
            self._on_progress,
            ExportProgress(
                tenant=self._name,
                resource=self._source.name,
                records=batch.total if batch is not None else 0,
                pages=self._pages,
                page_count=batch.page_count if batch is not None else None,
                item_count=batch.item_count if batch is not None else None,
                done=done,
                step=batch.step if batch is not None else "crawl",
                page=batch.page if batch is not None else 0,
                changed=batch.changed if batch is not None else 0,
            ),
        )


async def _in_turn(works: Sequence[_Work], *, may_skip: bool) -> Sequence[Exported | Skipped]:
    if not may_skip:
        return [await work.do() for work in works]
    done = [await work.do_or_skip() for work in works]
    if not any(isinstance(each, Exported) for each in done):
        return [await works[0].do()]  # which says why
    return done


async def _is_open(tenant: Tenant) -> bool:
    """Whether a tenant can be reached at all."""
    try:
        await tenant.organisations.list()
    except XeroError:
        return False
    return True


async def _side_by_side(runs: Sequence[Coroutine[Any, Any, Sequence[T]]]) -> list[T]:
    """What all runs leave, in order. The first error ends the others and is raised as it is.

    Only a tenant that has no calls left today lets the others come to their end first.
    """
    tasks = [asyncio.create_task(run) for run in runs]
    pending = set(tasks)
    try:
        while pending:
            ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                if not isinstance(task.exception(), DailyLimitReached | None):
                    task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [file for task in tasks for file in task.result()]
