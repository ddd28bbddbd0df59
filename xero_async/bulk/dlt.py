"""A source for dlt, which brings records to PostgreSQL, DuckDB, BigQuery, Snowflake and the rest. Needs `[dlt]`.

    import dlt
    from xero_async import ClientCredentials, Xero
    from xero_async.bulk.dlt import source

    pipeline = dlt.pipeline("books", destination="duckdb", dataset_name="xero")
    pipeline.run(source(Xero(ClientCredentials(id, secret)), resources=["contacts", "invoices"]))

Lists are drawn as every export draws them. The checkpoint that comes with a page goes into the state that dlt keeps for
a resource, in the same load package as the page's rows, so that after a kill at any moment the destination and the
state tell the same; the next run takes what has changed since, by the server's clock. A cursor over `updated_date_utc`,
which dlt would offer, is not enough: rows are drawn by their ids, so one that was edited after its page went by may be
older than the newest that was seen. Each tenant has a checkpoint of its own.

Rows are merged by tenant and id. A row that changed meanwhile is drawn again, so one load may hold several of its
states: `drawn` counts pages, and dlt keeps the row of the highest. Short lists that come in one answer are replaced.

dlt pulls from one thread. The session lives in another, for all resources of a source, since they share its limits;
the tenants of a resource are drawn side by side, a page ahead each.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import AsyncGenerator, Collection, Coroutine, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from msgspec import to_builtins

from ..models import Model
from ..session import Xero
from ..wire.errors import DailyLimitReached, InvalidArgument, MissingScope
from ..wire.parameters import MAX_PAGE_SIZE
from .export.checkpoint import Checkpoint
from .export.crawl import Batch, Crawl, resume
from .export.sinks.base import SinkError
from .export.sources import Source, sources
from .export.tables import Kind, shape

if TYPE_CHECKING:
    from dlt.common.data_types import TDataType
    from dlt.common.schema.typing import TColumnSchema, TWriteDisposition
    from dlt.extract import DltResource, DltSource

__all__ = ["source"]

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]
_log = logging.getLogger(__name__)

# What dlt gives to decimal columns: https://dlthub.com/docs/general-usage/schema#data-types
PRECISION, SCALE = 38, 9
"""Digits of a decimal column, and how many of them are after the point."""


def source(
    xero: Xero,
    tenants: Sequence[str] | None = None,
    *,
    resources: Collection[str] | None = None,
    page_size: int = MAX_PAGE_SIZE,
    where: str | None = None,
    modified_since: datetime | None = None,
) -> DltSource:
    """Whole resources of one or several tenants as a dlt source, a dlt resource each.

    `xero` is a session that is not open: the source opens it in a thread of its own while it is drawn. `tenants` are
    ids; None means all that the app is connected to. `resources`, `page_size`, `where` and `modified_since` are those
    of `export`; without `resources`, one for which the token has no scope is left out, with a warning in the log. The
    first run draws everything, each later one what has changed; to begin anew, let dlt forget:
    `pipeline.run(source(...), refresh="drop_sources")`. Rows carry `tenant_id`, and lists become child tables.

    Raises `InvalidArgument` where the library `dlt` is not installed and for what cannot be right. Running it raises
    errors of the tree within dlt's own, and then nothing of the run is kept, as is dlt's way: for a first draw that
    takes hours, `source(...).add_limit(max_time=600)` makes runs of ten minutes, each of which goes on where the one
    before ended. So does the first run of the next day after the day's limit, which ends a run with a warning in the
    log and keeps what was drawn. A number with more digits than a column has raises `SinkError`.
    """
    try:
        import dlt
    except ImportError as error:
        raise InvalidArgument('a source for dlt needs an extra: pip install "xero_async[dlt]"') from error
    lists = sources(resources, page_size=page_size, where=where, modified_since=modified_since)
    line = _Line(xero, tenants, may_skip=resources is None)

    def all_resources() -> list[DltResource]:
        return [_resource(line, each) for each in lists]

    return dlt.source(all_resources, name="xero")()


def _resource(line: _Line, origin: Source) -> DltResource:
    import dlt

    # A list that comes in one answer is drawn whole each time, and what is gone from it is to go.
    disposition: TWriteDisposition = "replace" if origin.way == "single" else "merge"

    def rows() -> Iterator[object]:
        state = dlt.current.resource_state()
        # So that the table is there, and is emptied where it is replaced, even when there are no rows.
        yield dlt.mark.materialize_table_schema()
        with line.drawing(origin, dict(state)) as drawn:
            for number, (tenant_id, batch) in enumerate(drawn):
                # Before the rows, after which dlt may ask for no more: both are of one load package.
                state[tenant_id] = batch.checkpoint
                if batch.records:
                    yield [_row(tenant_id, number, record) for record in batch.records]

    return dlt.resource(
        rows,
        name=origin.name,
        write_disposition=disposition,
        primary_key=["tenant_id", origin.id_name] if origin.id_name else [],
        columns=_columns(origin.record),
    )


# -- rows -----------------------------------------------------------------------------------------------------------


def _row(tenant_id: str, drawn: int, record: Model) -> Row:
    """A record under Xero's names, which dlt writes in snake case, as Python does."""
    row: Row = to_builtins(record, builtin_types=(Decimal, datetime, date))
    _check(row, "")
    return {"tenant_id": tenant_id, "drawn": drawn, **row}


def _check(value: object, name: str) -> None:
    """Raise `SinkError` for a number with more digits than a column has, which a database would round in silence."""
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            _check(item, key)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _check(item, name)
    elif isinstance(value, Decimal) and not _fits(value):
        raise SinkError(f"{name} {value} has more digits than a column of {PRECISION}, {SCALE} after the point")


def _fits(value: Decimal) -> bool:
    _, digits, exponent = value.normalize().as_tuple()
    return isinstance(exponent, int) and exponent >= -SCALE and len(digits) + exponent <= PRECISION - SCALE


_TYPES: dict[Kind, TDataType] = {
    "text": "text",
    "integer": "bigint",
    "boolean": "bool",
    "decimal": "decimal",
    "day": "date",
    "moment": "timestamp",
}


def _columns(record: type[Model]) -> dict[str, TColumnSchema]:
    """The columns of a record's own table, so that they are there even where no record fills them."""
    columns: dict[str, TColumnSchema] = {
        "tenant_id": {"data_type": "text", "nullable": False},
        "drawn": {"data_type": "bigint", "dedup_sort": "desc"},
    }
    for field in shape(record):
        if field.kind in _TYPES:
            columns[field.wire] = {"data_type": _TYPES[field.kind], "nullable": True}
    return columns


# -- from the session's thread to dlt's -----------------------------------------------------------------------------


class _Line:
    """A session in a thread of its own, open while anything is drawn. The thread ends with whoever holds this."""

    def __init__(self, xero: Xero, tenants: Sequence[str] | None, *, may_skip: bool) -> None:
        self._xero, self._tenants, self._may_skip = xero, tenants, may_skip
        self._lock, self._drawing = threading.Lock(), 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def drawing(self, origin: Source, kept: Mapping[str, bytes]) -> Generator[Iterator[tuple[str, Batch]]]:
        """What is to be drawn of a list, by tenant, from the checkpoints on that were kept; leaving early ends it."""
        loop = self._enter()
        draws: dict[str, _Draw] = {}
        try:
            draws |= _run(self._draws(origin, kept), loop)
            yield _side_by_side(draws, loop, may_skip=self._may_skip)
        finally:
            for draw in draws.values():
                _run(draw.close(), loop)
            self._leave(loop)

    async def _draws(self, origin: Source, kept: Mapping[str, bytes]) -> dict[str, _Draw]:
        ids = self._tenants or [one.tenant_id or "" for one in await self._xero.connections()]
        draws: dict[str, _Draw] = {}
        for tenant_id in ids:
            tenant = self._xero.tenant(tenant_id, bulk=True)
            asked = origin.asked_by(tenant)
            place, why = resume(asked, Checkpoint.read(kept.get(tenant_id)))
            if why:
                _log.warning("all %s are drawn again, and rows of before stay: %s", origin.name, why)
            draws[tenant_id] = _Draw(Crawl(asked, tenant, place).batches())
        return draws

    def _enter(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(self._loop,), name="xero_async.dlt", daemon=True)
                thread.start()
                weakref.finalize(self, _stop, self._loop, thread)
            if not self._drawing:
                _run(self._xero.__aenter__(), self._loop)
            self._drawing += 1
            return self._loop

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._drawing -= 1
            if not self._drawing:
                _run(self._xero.__aexit__(None, None, None), loop)


class _Draw:
    """The batches of a tenant, which can be closed while one is awaited."""

    def __init__(self, batches: AsyncGenerator[Batch, None]) -> None:
        self._batches = batches
        self._task: asyncio.Task[Any] | None = None

    async def next(self) -> Batch | None:
        """The next batch; None after the last."""
        self._task = asyncio.current_task()
        return await anext(self._batches, None)

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        await self._batches.aclose()


def _side_by_side(
    draws: Mapping[str, _Draw], loop: asyncio.AbstractEventLoop, *, may_skip: bool
) -> Iterator[tuple[str, Batch]]:
    """Batches as they come; a tenant's next one is drawn while this one is used."""
    coming = {_start(draw.next(), loop): tenant_id for tenant_id, draw in draws.items()}
    while coming:
        for future in wait(coming, return_when=FIRST_COMPLETED).done:
            tenant_id = coming.pop(future)
            try:
                batch = future.result()
            except DailyLimitReached as error:
                # To raise would make dlt throw away what the day has brought.
                _log.warning("the day's calls of tenant %s are used up, run it again later: %s", tenant_id, error)
                continue
            except MissingScope as error:
                if not may_skip:
                    raise
                _log.warning("left out for tenant %s, since it was not named: %s", tenant_id, error)
                continue
            if batch is not None:
                coming[_start(draws[tenant_id].next(), loop)] = tenant_id
                yield tenant_id, batch


def _start(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> Future[T]:
    return asyncio.run_coroutine_threadsafe(coroutine, loop)


def _run(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return _start(coroutine, loop).result()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
