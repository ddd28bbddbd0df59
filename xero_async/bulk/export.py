"""Export: whole resources into JSON Lines files, one line a record, with every digit of money kept.

    <folder>/<tenant>/<resource>.jsonl

Tenants are drawn side by side, each at its own pace; the resources of a tenant one after the other, because pages are
drawn ahead anyway. Archived records come too. Pages go by the records' ids, so that a record that is edited meanwhile
keeps its place. A file appears under its name when it is whole and never before: it is written beside it and renamed
at the end, and whatever ends the export early takes the unfinished one away. Encoding and writing happen in a thread,
a page at a time.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from io import BufferedWriter
from pathlib import Path
from threading import Lock
from typing import Any, cast
from uuid import uuid4

from msgspec import Struct

from ..apis.accounting import Accounting
from ..apis.pages import Pages
from ..apis.rows import Resource
from ..models import Model
from ..session import Tenant
from ..wire import Operation, Page, encode
from ..wire.errors import InvalidArgument, XeroError
from ..wire.parameters import MAX_PAGE_SIZE
from .hooks import tell

__all__ = ["ExportProgress", "Exported", "Summary", "export", "folder_names", "listable"]


class ExportProgress(Struct, frozen=True, kw_only=True):
    """How far one file has come: what the hook `on_progress` is called with, after each page and at the end."""

    tenant: str
    """Its name where one was given, else its id."""
    resource: str
    records: int
    pages: int
    page_count: int | None
    """Pages in all; None where Xero does not say."""
    item_count: int | None
    """Records in all; None where Xero does not say."""
    done: bool = False
    """Whether the file is whole, and there under its name."""


class Exported(Struct, frozen=True, kw_only=True):
    """One file."""

    tenant: str
    resource: str
    path: Path
    records: int
    pages: int


class Summary(Struct, frozen=True, kw_only=True):
    """What an export has written."""

    files: tuple[Exported, ...]
    seconds: float

    @property
    def records(self) -> int:
        """Records in all files."""
        return sum(file.records for file in self.files)

    @property
    def pages(self) -> int:
        """Pages drawn for all files."""
        return sum(file.pages for file in self.files)


def listable() -> dict[str, Operation[Any]]:
    """The resources that can be exported, by name, in the order of the table."""
    return {
        name: operation
        for name, member in vars(Accounting).items()
        if isinstance(member, Resource) and (operation := _listing(member)) is not None
    }


def _listing(resource: Resource) -> Operation[Any] | None:
    operation: Operation[Any] | None = getattr(type(resource), "list", None)
    if operation is not None and not operation.path_names:
        return operation
    return None


async def export(
    tenants: Tenant | Iterable[Tenant],
    folder: str | os.PathLike[str],
    *,
    resources: Collection[str] | None = None,
    names: Mapping[str, str] | None = None,
    page_size: int = MAX_PAGE_SIZE,
    where: str | None = None,
    modified_since: datetime | None = None,
    on_progress: Callable[[ExportProgress], object] | None = None,
) -> Summary:
    """Draw whole resources of one or several tenants into `<folder>/<tenant>/<resource>.jsonl`.

    `resources` are names of `listable()`; None means all of them. `names` gives names to tenants by their ids; without
    one, the id names the folder. `where` needs `resources` that all take it. `modified_since` narrows what Xero can
    narrow so, and leaves the others whole. Raises `InvalidArgument` before the first call for what cannot be right, an
    error of the tree, or `OSError`; the files that were whole by then stay.
    """
    began = time.monotonic()
    drawn = list({each.id: each for each in ([tenants] if isinstance(tenants, Tenant) else tenants)}.values())
    labels = folder_names({tenant.id: (names or {}).get(tenant.id, "") for tenant in drawn})
    queries = _queries(resources, page_size, where, modified_since)
    works = [
        [
            _Work(
                tenant,
                (names or {}).get(tenant.id) or tenant.id,
                name,
                query,
                Path(folder) / labels[tenant.id] / f"{name}.jsonl",
                on_progress,
            )
            for name, query in queries.items()
        ]
        for tenant in drawn
    ]
    files = await _side_by_side([_in_turn(each) for each in works])
    return Summary(files=tuple(files), seconds=time.monotonic() - began)


def _queries(
    resources: Collection[str] | None, page_size: int, where: str | None, modified_since: datetime | None
) -> dict[str, dict[str, object]]:
    """The keywords of each resource's list, tried out on a request that is not sent."""
    known = listable()
    if isinstance(resources, str):
        raise InvalidArgument("resources is a list of names, such as ['invoices']")
    if unknown := [name for name in resources or () if name not in known]:
        raise InvalidArgument(f"no resource is called {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    if where is not None and resources is None:
        raise InvalidArgument("where is about the fields of a resource: name the resources as well")
    wanted = {"page_size": page_size, "where": where, "modified_since": modified_since, "include_archived": True}
    queries: dict[str, dict[str, object]] = {}
    for name in known if resources is None else dict.fromkeys(resources):
        operation = known[name]
        taken = operation.parameters.__struct_fields__
        if where is not None and "where" not in taken:
            raise InvalidArgument(f"{name} cannot be filtered by where")
        queries[name] = {word: value for word, value in wanted.items() if word in taken and value is not None}
        if {"page", "order"} <= set(taken) and (id_name := _id_names()[name]):
            queries[name]["order"] = f"{id_name} ASC"
        operation.request((), operation.parameters(**queries[name]))
    return queries


def _id_names() -> dict[str, str]:
    return {name: member.id_name for name, member in vars(Accounting).items() if isinstance(member, Resource)}


# -- drawing --------------------------------------------------------------------------------------------------------


class _Work:
    """One file to be."""

    def __init__(
        self,
        tenant: Tenant,
        label: str,
        resource: str,
        query: dict[str, object],
        path: Path,
        on_progress: Callable[[ExportProgress], object] | None,
    ) -> None:
        self.tenant, self.label, self.resource, self.query = tenant, label, resource, query
        self.path, self.on_progress = path, on_progress

    async def do(self) -> Exported:
        """Draw the resource and leave the file."""
        records = pages = 0
        page: Page[Model] | None = None
        file = _File(self.path)
        try:
            await asyncio.to_thread(file.open)
            async with aclosing(self._pages()) as drawn:
                async for page in drawn:
                    await asyncio.to_thread(file.write, page)
                    records, pages = records + len(page), pages + 1
                    self._tell(records, pages, page)
            await asyncio.to_thread(file.finish)
        except XeroError as error:
            error.add_note(f"while exporting {self.resource} of {self.label}")
            raise
        finally:
            file.discard()
        self._tell(records, pages, page, done=True)
        return Exported(tenant=self.label, resource=self.resource, path=self.path, records=records, pages=pages)

    def _pages(self) -> AsyncGenerator[Page[Model], None]:
        # Which resources there are is known at run time alone.
        listing = cast("Callable[..., Pages[Model]]", getattr(self.tenant, self.resource).list)
        return listing(**self.query).pages()

    def _tell(self, records: int, pages: int, page: Page[Model] | None, *, done: bool = False) -> None:
        tell(
            self.on_progress,
            ExportProgress(
                tenant=self.label,
                resource=self.resource,
                records=records,
                pages=pages,
                page_count=page.page_count if page is not None else None,
                item_count=page.item_count if page is not None else None,
                done=done,
            ),
        )


async def _in_turn(works: Iterable[_Work]) -> list[Exported]:
    return [await work.do() for work in works]


async def _side_by_side(runs: Sequence[Any]) -> list[Exported]:
    """What all runs leave, in order. The first error ends the others and is raised as it is."""
    tasks: list[asyncio.Task[list[Exported]]] = [asyncio.create_task(run) for run in runs]
    try:
        done = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [file for files in done for file in files]


# -- files ----------------------------------------------------------------------------------------------------------


class _File:
    """A file that has its name only once it is whole.

    Its methods run in threads that cannot be interrupted; once it is discarded, those that come late do nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._beside = path, path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
        self._lock, self._is_over = Lock(), False
        self._stream: BufferedWriter | None = None

    def open(self) -> None:
        """Begin the file, in a folder that is made where there is none."""
        with self._lock:
            if not self._is_over:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self._beside.open("xb")

    def write(self, records: Iterable[Model]) -> None:
        """Append records, a line each."""
        lines = b"".join(part for record in records for part in (encode(record), b"\n"))
        with self._lock:
            if self._stream is not None:
                self._stream.write(lines)

    def finish(self) -> None:
        """Give the file its name."""
        with self._lock:
            if self._stream is not None:
                self._stream.flush()
                os.fsync(self._stream.fileno())
                self._stream.close()
                self._beside.replace(self._path)
                self._stream, self._is_over = None, True

    def discard(self) -> None:
        """Take the file away unless it is finished, as soon as no thread works on it."""
        with self._lock:
            self._is_over = True
            if self._stream is not None:
                with suppress(OSError):  # a full disk, met again by what was not written yet
                    self._stream.close()
                self._beside.unlink(missing_ok=True)
                self._stream = None


def folder_names(names: Mapping[str, str]) -> dict[str, str]:
    """A folder's name for each tenant, by its id: its name, made fit for any file system and for no other tenant."""
    fit = {id: _fit(name) or _fit(id) for id, name in names.items()}
    taken = [name.casefold() for name in fit.values()]
    return {id: name if taken.count(name.casefold()) == 1 else f"{name} {_fit(id)}" for id, name in fit.items()}


def _fit(name: str) -> str:
    text = _UNFIT.sub("_", name).strip(" .")[:_LONGEST].rstrip(" .")
    return f"{text}_" if _RESERVED.fullmatch(text) else text


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: what Windows refuses; others allow more.
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 100
