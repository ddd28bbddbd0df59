"""Lists: awaited they are one page, iterated over they are every record.

Pages are drawn in order, the next ones while the caller works on this one, and never more than a handful ahead, so that
an export of any size runs in bounded memory. Nothing beyond the first page is drawn before its records are used up.
Xero's own count of pages is the truth; where it gives none, the first page that is not full is the last. Journals have
no pages but an offset, the last number seen, which comes to the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Sequence
from contextlib import aclosing
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace

from ..models import Model
from ..wire.answers import Page
from ..wire.errors import DecodeError, InvalidArgument
from ..wire.operation import Operation, Sink
from ..wire.parameters import MAX_PAGE_SIZE, Parameters
from .split import MOST_IDS, split

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
        self,
        operation: Operation[R],
        ids: Sequence[object],
        parameters: Parameters,
        body: object = None,
        sink: Sink | None = None,
        /,
    ) -> R:
        """Make one call of an operation and return what it gives back; a sink takes the body of a success instead."""
        ...


class Pages(Coroutine[Any, Any, Page[M]], Generic[M]):
    """A list that has not been drawn yet.

    `await` it for one page, or give it to a task group; `async for` goes over every record, and `pages()` over every
    page. Errors of the tree are raised as pages are drawn. A list of ids that is too long for a URL is drawn in parts,
    one after the other.
    """

    def __init__(self, caller: Caller, operation: Operation[Page[M]], ids: Sequence[object], query: Parameters) -> None:
        self._caller, self._operation, self._ids, self._query = caller, operation, ids, query
        self._is_numbered, self._is_sized, self._has_offset = _ways(type(query))
        self._steps: Generator[Any, None, Page[M]] | None = None

    def __repr__(self) -> str:
        return f"<Pages of {self._operation.id}>"

    def __await__(self) -> Generator[Any, None, Page[M]]:
        parts = self._parts()
        drawn = self._draw(**self._numbered(self._first)) if len(parts) == 1 else self._merged()
        return drawn.__await__()

    # What follows is all that a task asks of a coroutine.

    def send(self, value: None) -> Any:
        """Take a step of drawing one page."""
        self._steps = self._steps or self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Take a step with an error, such as a cancellation."""
        self._steps = self._steps or self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        """End the drawing of one page, if it has begun."""
        if self._steps is not None:
            self._steps.close()

    async def __aiter__(self) -> AsyncIterator[M]:
        async with aclosing(self.pages()) as drawn:
            async for page in drawn:
                for record in page:
                    yield record

    async def pages(self) -> AsyncGenerator[Page[M], None]:
        """Every page, in order."""
        for part in self._parts():
            async with aclosing(part._every_page()) as drawn:
                async for page in drawn:
                    yield page

    def _parts(self) -> list[Pages[M]]:
        """The list in as many parts as its ids need; most often itself alone."""
        queries = split(self._operation, self._ids, self._query)
        if len(queries) == 1:
            return [self]
        return [Pages(self._caller, self._operation, self._ids, query) for query in queries]

    async def _merged(self) -> Page[M]:
        """The whole of a list that is drawn in parts, as one page."""
        if self._first != 1:
            raise InvalidArgument(f"a list of more than {MOST_IDS} ids is drawn as a whole: leave out the page")
        merged: Page[M] = Page([record async for record in self])
        merged.page, merged.page_count, merged.page_size, merged.item_count = 1, 1, len(merged), len(merged)
        return merged

    async def _every_page(self) -> AsyncGenerator[Page[M], None]:
        size: int | None = getattr(self._query, "page_size", None)
        if size is None:
            size = MAX_PAGE_SIZE if self._is_sized else DEFAULT_PAGE_SIZE
        page = await self._draw(**self._numbered(self._first, size))
        yield page
        async with aclosing(self._following(page, size)) as drawn:
            async for page in drawn:
                yield page

    def _following(self, page: Page[M], size: int) -> AsyncGenerator[Page[M], None]:
        """The pages after `page`."""
        if self._has_offset:
            return self._by_offset(page)
        if not self._is_numbered:
            return _nothing()
        return self._uncounted(page, size) if page.page_count is None else self._counted(page, size)

    async def _counted(self, page: Page[M], size: int) -> AsyncGenerator[Page[M], None]:
        """The pages after `page`, some of them drawn ahead."""
        ahead: deque[asyncio.Task[Page[M]]] = deque()
        number, last = self._first, page.page_count or 0
        try:
            while ahead or number < last:
                while len(ahead) < PREFETCH and number < last:
                    number += 1
                    ahead.append(asyncio.create_task(self._draw(**self._numbered(number, size))))
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
            page = await self._draw(**self._numbered(number, size))
            if page:
                yield page

    async def _by_offset(self, page: Page[M]) -> AsyncGenerator[Page[M], None]:
        """The pages after `page`, where each begins after the last number of the one before."""
        offset: int = getattr(self._query, "offset", None) or 0
        while len(page) >= DEFAULT_PAGE_SIZE:
            last: int = max(getattr(record, "journal_number", None) or 0 for record in page)
            if last <= offset:
                raise DecodeError(f"{self._operation.id}: a page does not go beyond number {offset}")
            offset = last
            page = await self._draw(offset=offset)
            if page:
                yield page

    @property
    def _first(self) -> int:
        page: int | None = getattr(self._query, "page", None)
        return 1 if page is None else page

    def _numbered(self, number: int, size: int | None = None) -> dict[str, int]:
        """What to change in the query for a page. Without a page, Xero answers with a summary of every record."""
        changes = {"page": number} if self._is_numbered else {}
        return changes | {"page_size": size} if self._is_sized and size is not None else changes

    async def _draw(self, **changes: int) -> Page[M]:
        query = replace(self._query, **changes) if changes else self._query
        page = await self._caller.call(self._operation, self._ids, query)
        if getattr(query, "summary_only", False):
            _forget_lines(page)
        return page


@cache
def _ways(query: type[Parameters]) -> tuple[bool, bool, bool]:
    """Whether a list has pages, of a size to be chosen, or an offset."""
    names = query.__struct_fields__
    return "page" in names, "page_size" in names, "offset" in names


async def _nothing() -> AsyncGenerator[Any, None]:
    return
    yield  # which makes this a generator


def _forget_lines(page: Page[Any]) -> None:
    """Under a summary, "no lines" means that they were not given, so None tells the truth."""
    for record in page:
        if hasattr(record, "line_items"):
            record.line_items = None
