"""Lists: awaited they are one page, iterated over they are every record.

Pages are drawn in order, the next ones while the caller works on this one, and never more than a handful ahead, so that
an export of any size runs in bounded memory. Nothing beyond the first page is drawn before its records are used up.
Xero's own count of pages is the truth; where it gives none, the first page that is not full is the last.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace

from ..models import Model
from ..wire.answers import Page
from ..wire.operation import Operation
from ..wire.parameters import MAX_PAGE_SIZE, Parameters

__all__ = ["PREFETCH", "Caller", "Pages"]

R = TypeVar("R")
M = TypeVar("M", bound=Model)

PREFETCH = 5
"""Pages drawn ahead: as many as Xero takes calls at a time."""

# https://developer.xero.com/documentation/api/accounting/requests-and-responses/#retrieving-a-page-of-resources
DEFAULT_PAGE_SIZE = 100


class Caller(Protocol):
    """The session, as the tables know it."""

    async def call(
        self, operation: Operation[R], ids: Sequence[object], parameters: Parameters, body: object = None, /
    ) -> R:
        """Make one call of an operation and return what it gives back."""
        ...


class Pages(Generic[M]):
    """A list that has not been drawn yet.

    `await` it for one page; `async for` goes over every record, and `pages()` over every page. Errors of the tree are
    raised as pages are drawn.
    """

    def __init__(self, caller: Caller, operation: Operation[Page[M]], ids: Sequence[object], query: Parameters) -> None:
        self._caller, self._operation, self._ids, self._query = caller, operation, ids, query
        names = query.__struct_fields__
        self._is_numbered, self._is_sized = "page" in names, "page_size" in names

    def __repr__(self) -> str:
        return f"<Pages of {self._operation.id}>"

    def __await__(self) -> Generator[Any, None, Page[M]]:
        return self._draw(self._first, None).__await__()

    async def __aiter__(self) -> AsyncIterator[M]:
        async with aclosing(self.pages()) as drawn:
            async for page in drawn:
                for record in page:
                    yield record

    async def pages(self) -> AsyncGenerator[Page[M], None]:
        """Every page, in order."""
        size: int | None = getattr(self._query, "page_size", None)
        if size is None:
            size = MAX_PAGE_SIZE if self._is_sized else DEFAULT_PAGE_SIZE
        page = await self._draw(self._first, size)
        yield page
        if not self._is_numbered:
            return
        following = self._counted if page.page_count is not None else self._uncounted
        async with aclosing(following(page, size)) as drawn:
            async for page in drawn:
                yield page

    async def _counted(self, page: Page[M], size: int) -> AsyncGenerator[Page[M], None]:
        """The pages after `page`, some of them drawn ahead."""
        ahead: deque[asyncio.Task[Page[M]]] = deque()
        number, last = self._first, page.page_count or 0
        try:
            while ahead or number < last:
                while len(ahead) < PREFETCH and number < last:
                    number += 1
                    ahead.append(asyncio.create_task(self._draw(number, size)))
                page = await ahead[0]
                ahead.popleft()
                last = last if page.page_count is None else page.page_count
                yield page
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _uncounted(self, page: Page[M], size: int) -> AsyncGenerator[Page[M], None]:
        """The pages after `page`, where Xero does not say how many there are."""
        number = self._first
        while len(page) >= size:
            number += 1
            page = await self._draw(number, size)
            if page:
                yield page

    @property
    def _first(self) -> int:
        page: int | None = getattr(self._query, "page", None)
        return 1 if page is None else page

    async def _draw(self, number: int, size: int | None) -> Page[M]:
        query = self._query
        if self._is_numbered:
            # Without a page, Xero answers with a summary of every record.
            query = replace(query, page=number)
        if self._is_sized and size is not None:
            query = replace(query, page_size=size)
        page = await self._caller.call(self._operation, self._ids, query)
        if getattr(query, "summary_only", False):
            _forget_lines(page)
        return page


def _forget_lines(page: Page[Any]) -> None:
    """Under a summary, "no lines" means that they were not given, so None tells the truth."""
    for record in page:
        if hasattr(record, "line_items"):
            record.line_items = None
