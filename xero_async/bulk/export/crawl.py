"""The draw of one list: every record in its last state, though it changes meanwhile, and with a place to go on from.

Pages are positions and no snapshot, so a single crawl can miss records. It goes by the records' ids, whatever order the
server keeps them in: an edit then moves nothing. What is added pushes later records forward, which at worst repeats
some. What goes pulls them back, past the reader; and of two pages that are asked for at once the later may be read
first, past which an addition pushes records likewise. Either way the list is shorter on the later page than on the
earlier: then the pages on both sides of that seam are drawn again.

After the crawl come passes over what has changed since the step before began, by the server's clock and a little
earlier, for as long as a pass needs more than one page. One page is one moment: what it shows is how things stand. The
moment at which the last pass began is where the next run takes up.

At most `PREFETCH` pages are drawn and not yet written, so that is what a kill can cost.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ...apis.pages import PREFETCH
from ...models import Model
from ...wire import Page
from ...wire.errors import DecodeError
from .checkpoint import Checkpoint
from .sources import Source

__all__ = ["OVERLAP", "Batch", "Crawl", "resume"]

_log = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=15)
"""How far a pass reaches back before the step that it follows: the answer is stamped when it is made, not when its
records were read, and what changes is stamped before it can be seen."""

DOUBT = timedelta(minutes=5)
"""How much later than the server's this machine's clock may be, where the server does not tell its time."""

MOST_PASSES = 20
"""Passes after which an end is made, though each needed more than a page. The next run takes up from the last."""


class Batch(Struct, frozen=True, kw_only=True):
    """Some records, and how far the draw has come with them."""

    records: list[Model]
    """At most a page of them. A record comes again when it has changed, or might have been missed."""
    checkpoint: bytes
    """Kept with the records, it is what the next run goes on from; after the last batch, with what has changed."""
    record: type[Model]
    """The model of the records."""
    step: Literal["crawl", "changes"]
    """Whether the records come from the crawl, or from a pass over what has changed since."""
    total: int
    """Records that the crawl has drawn so far."""
    changed: int
    """Records that were drawn again so far."""
    page: int
    """The number of the page within its step."""
    page_count: int | None = None
    """Pages of this step; None where Xero does not say."""
    item_count: int | None = None
    """Records of this step; None where Xero does not say."""

    def to_arrow(self) -> Any:  # a pyarrow.Table, which has no types
        """The records as a `pyarrow.Table` with the schema of their model. Needs the extra `[parquet]`."""
        from .arrow import arrow_table  # only who asks for Arrow has it

        return arrow_table(self.record, self.records)


_UNITDP = re.compile(r'"unitdp":\d')


def resume(source: Source, found: Checkpoint | None) -> tuple[Checkpoint | None, str]:
    """The place to go on from, or None and the reason why all is drawn again (or "" where nothing was drawn yet)."""
    if found is None:
        return None, ""
    if found.query != source.fingerprint:
        is_about_decimals = _UNITDP.findall(found.query) != _UNITDP.findall(source.fingerprint)
        return None, f"the {'decimals are others' if is_about_decimals else 'filter is another one'} than before"
    earlier = found.wanted_since is not None and (source.since is None or source.since < found.wanted_since)
    if earlier:
        return None, "changes are wanted from an earlier moment on than before"
    if found.is_done:
        return _following(source, found), ""
    if found.step == "changes" or not source.page_size:
        return found, ""
    return replace(found, page=found.page * found.page_size // source.page_size, page_size=source.page_size), ""


def _following(source: Source, done: Checkpoint) -> Checkpoint | None:
    """The first step after a draw that is over; None where there is but to draw all again."""
    if source.way == "offset":
        return replace(done, step="crawl", records=0, page=0)
    if not source.is_dated:
        return None
    return replace(_next_pass(source, done), passes=1, records=0, changed=0)


def _next_pass(source: Source, ended: Checkpoint) -> Checkpoint:
    since = ended.began - OVERLAP if ended.began is not None else None
    if since is not None and source.since is not None:
        since = max(since, source.since)
    return replace(
        ended,
        step="changes",
        passes=ended.passes + 1,
        since=since,
        began=None,
        page=0,
        item_count=None,
        page_size=source.largest_page,
    )


class Crawl:
    """The draw of one list of one tenant, from a place on or from the beginning."""

    def __init__(self, source: Source, tenant: object, place: Checkpoint | None = None) -> None:
        self._source, self._tenant = source, tenant
        self.place = place or Checkpoint(
            query=source.fingerprint, wanted_since=source.since, since=source.since, page_size=source.page_size
        )

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Every batch, in order; the checkpoint of the last says that the draw is over. Raises errors of the tree."""
        while not self.place.is_done:
            async with aclosing(self._step()) as batches:
                async for batch in batches:
                    yield batch

    def _step(self) -> AsyncGenerator[Batch, None]:
        if self._source.way == "pages":
            return self._numbered()
        return self._by_offset() if self._source.way == "offset" else self._whole()

    # -- the ways -------------------------------------------------------------------------------------------------

    async def _whole(self) -> AsyncGenerator[Batch, None]:
        page = await self._draw(0)
        self._begin(page)
        yield self._batch(page, number=1, is_last=True, is_moment=True)

    async def _by_offset(self) -> AsyncGenerator[Batch, None]:
        size = self._source.largest_page
        is_last = False
        while not is_last:
            offset = self.place.offset
            page = await self._source.pages(self._tenant, since=self.place.since, offset=offset)
            self._begin(page)
            last: int = max((getattr(record, "journal_number", None) or 0 for record in page), default=offset)
            is_last = len(page) < size
            if not is_last and last <= offset:
                raise self._odd(f"a page does not go beyond number {offset}")
            self.place = replace(self.place, offset=max(last, offset))
            yield self._batch(page, number=self.place.page + 1, is_last=is_last, is_moment=True)

    async def _numbered(self) -> AsyncGenerator[Batch, None]:
        began_at = self.place.page + 1
        page = await self._draw(began_at)
        self._begin(page)
        following = self._uncounted(page) if page.page_count is None else self._counted(page)
        async with aclosing(following) as pages:
            async for batch in pages:
                yield batch

    async def _uncounted(self, page: Page[Model]) -> AsyncGenerator[Batch, None]:
        """This page and those after it, where the first that is not full is the last."""
        number, size = self.place.page + 1, self.place.page_size
        while True:
            is_last = len(page) < size
            yield self._batch(page, number=number, is_last=is_last, is_moment=number == 1)
            if is_last:
                return
            number, before = number + 1, page
            page = await self._draw(number)
            if page and page == before:
                raise self._odd(f"page {number} is the same as the one before: the server does not turn pages")

    async def _counted(self, page: Page[Model]) -> AsyncGenerator[Batch, None]:
        """This page and those after it, some of them drawn ahead."""
        ahead: deque[asyncio.Task[Page[Model]]] = deque()
        number = asked = self.place.page + 1
        last = self._last_of(page, number)
        try:
            while True:
                before = self.place.item_count
                if before is not None and (page.item_count or 0) < before:
                    async for batch in self._seam(number, before, page.item_count or 0):
                        yield batch
                is_last = number >= last
                yield self._batch(page, number=number, is_last=is_last, is_moment=number == 1 >= last)
                if is_last:
                    return
                while len(ahead) < PREFETCH and asked < last:
                    asked += 1
                    ahead.append(asyncio.create_task(self._draw(asked)))
                page = await ahead[0]
                ahead.popleft()
                number += 1
                last = self._last_of(page, number)
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _seam(self, number: int, before: int, after: int) -> AsyncGenerator[Batch, None]:
        """The pages on both sides of the seam before page `number`, between which the list became shorter."""
        size = self.place.page_size
        low, high, drawn = number - 1, number, set[int]()
        while missing := [each for each in range(max(1, low), high + 1) if each not in drawn]:
            page = await self._draw(missing[0])
            drawn.add(missing[0])
            count = page.item_count or 0
            low = min(low, number - 1 - max(0, before - count) // size)
            high = min(max(high, number + max(0, count - after) // size), max(number, page.page_count or 0))
            yield self._batch(page, number=None)

    # -- pages ----------------------------------------------------------------------------------------------------

    async def _draw(self, number: int) -> Page[Model]:
        place = {"page": number} if number else {}
        return await self._source.pages(self._tenant, size=self.place.page_size, since=self.place.since, **place)

    def _begin(self, page: Page[Model]) -> None:
        """Note when a step began, from its first page."""
        if self.place.began is None:
            self.place = replace(self.place, began=page.moment or datetime.now(UTC) - DOUBT)

    def _last_of(self, page: Page[Model], number: int) -> int:
        """The number of the last page, as this one tells. Raises `DecodeError` for counts that cannot be."""
        count, items, size = page.page_count, page.item_count, page.page_size or self.place.page_size
        if count is None:
            raise self._odd(f"page {number} does not say how many there are, as those before did")
        if page.page is not None and page.page != number:
            raise self._odd(f"page {page.page} came instead of page {number}")
        if items is not None and count != -(-items // size) and (items, count) != (0, 1):
            raise self._odd(f"{items} records in pages of {size} are not {count} pages, as the server says")
        if number < count and len(page) < size:
            raise self._odd(f"page {number} of {count} holds {len(page)} records instead of {size}")
        if size != self.place.page_size:  # Xero takes a size that it does not like for another, and says so
            self.place = replace(self.place, page_size=size)
        return count

    def _batch(self, page: Page[Model], *, number: int | None, is_last: bool = False, is_moment: bool = False) -> Batch:
        """A page's records, with the place after them; a page without a number leaves the place where it was."""
        place = self.place
        if place.step == "crawl" and number is not None:
            place = replace(place, records=place.records + len(page))
        else:
            place = replace(place, changed=place.changed + len(page))
        if number is not None:
            place = replace(place, page=number, item_count=page.item_count)
        self.place = self._after(place, is_moment) if is_last else place
        return Batch(
            records=page,
            checkpoint=self.place.to_bytes(),
            record=self._source.record,
            step="crawl" if place.step == "crawl" else "changes",
            total=place.records,
            changed=place.changed,
            page=place.page,
            page_count=page.page_count,
            item_count=page.item_count,
        )

    def _after(self, ended: Checkpoint, is_moment: bool) -> Checkpoint:
        """The place after the last page of a step; the draw is over when the step was a single moment."""
        if is_moment or not self._source.is_dated:
            return replace(ended, step="done")
        if ended.passes >= MOST_PASSES:
            _log.warning("%s changes faster than it can be drawn; the next run goes on", self._source.name)
            return replace(ended, step="done")
        return _next_pass(self._source, ended)

    def _odd(self, what: str) -> DecodeError:
        return DecodeError(f"{self._source.operation.id}: {what}")
