"""The crawl over a list that changes, in virtual time: whatever happens between two pages, no record is missed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from virtual import run

from xero_async import DecodeError, InvalidArgument, Invoice, Journal, StaticToken, Xero
from xero_async.bulk import Batch, export
from xero_async.bulk.export.checkpoint import Checkpoint
from xero_async.bulk.export.crawl import Crawl, resume
from xero_async.bulk.export.sources import Source, sources
from xero_async.wire import Page

SEEDS = int(os.environ.get("CRAWL_SEEDS", "2"))
"""How many lists are tried of each kind."""
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def by_sql_server(id: str) -> tuple[str, ...]:
    """Where SQL Server sorts an id: by its last group first."""
    return tuple(reversed(id.split("-")))


class Books:
    """A list of invoices at a server: pages by id, in the order of a SQL server, read at some moment of each call."""

    def __init__(self, seed: int, rows: int, size: int) -> None:
        self.random, self.size, self.calls = Random(seed), size, 0
        self.rows: dict[str, tuple[int, datetime]] = {}
        self.asked: list[dict[str, Any]] = []
        for _ in range(rows):
            self.add(BEGIN - timedelta(days=1))

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())

    def add(self, moment: datetime) -> None:
        """A new invoice."""
        self.rows[str(UUID(int=self.random.getrandbits(128)))] = (0, moment)

    def edit(self) -> None:
        """A change of an invoice."""
        id = self.random.choice(list(self.rows))
        self.rows[id] = (self.rows[id][0] + 1, self.now)

    def delete(self) -> None:
        """An invoice that goes without a trace, while there are some left."""
        if len(self.rows) > 100:
            del self.rows[self.random.choice(list(self.rows))]

    @property
    def state(self) -> dict[str, int]:
        """Each invoice's version."""
        return {id: version for id, (version, _) in self.rows.items()}

    # Any: the keywords of a list.
    def list(self, **asked: Any) -> Awaitable[Page[Invoice]]:
        """One page, as `tenant.invoices.list` gives it."""
        self.asked.append(asked)
        return self._page(**asked)

    async def _page(self, *, page: int, page_size: int, modified_since: datetime | None = None, **_: Any) -> Any:
        self.calls += 1
        await asyncio.sleep(self.random.uniform(0.05, 2))
        size = min(page_size, self.size)
        ids = sorted(
            (id for id, (_, at) in self.rows.items() if modified_since is None or at >= modified_since),
            key=by_sql_server,
        )
        found: Page[Invoice] = Page(
            Invoice(invoice_id=id, reference=str(self.rows[id][0])) for id in ids[(page - 1) * size : page * size]
        )
        found.page, found.page_size, found.item_count, found.page_count = page, size, len(ids), -(-len(ids) // size)
        await asyncio.sleep(self.random.uniform(0.05, 2))
        found.moment = self.now  # stamped when it is sent, seconds after the records were read
        return found


def tenant_of(books: Books) -> object:
    """A tenant that has these invoices."""
    return SimpleNamespace(invoices=books)


def invoices(page_size: int = 10) -> Source:
    """The list of invoices."""
    return sources(["invoices"], page_size=page_size)[0]


async def changing(books: Books, kinds: str, seconds: float, every: float = 0.05) -> None:
    """A change every so many seconds: edits, additions, deletions as `kinds` says."""
    deeds = {"e": books.edit, "a": lambda: books.add(books.now), "d": books.delete}
    for _ in range(int(seconds / every)):
        deeds[books.random.choice(kinds)]()
        await asyncio.sleep(every)


def keep(into: dict[str, int], batch: Batch) -> None:
    """What a sink does."""
    into.update({str(each.invoice_id): int(each.reference or 0) for each in cast("list[Invoice]", batch.records)})


async def draw(books: Books, into: dict[str, int], after: bytes | None = None) -> bytes | None:
    """Draw them all, or what changed after a checkpoint; return the last checkpoint."""
    place, _ = resume(invoices(), Checkpoint.read(after))
    async for batch in Crawl(invoices(), tenant_of(books), place).batches():
        keep(into, batch)
        after = batch.checkpoint
    return after


@pytest.mark.parametrize("kinds", ["e", "a", "ea", "eeea"])
@pytest.mark.parametrize("every", [0.05, 1.0])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_changes_meanwhile_is_there_in_its_last_state(kinds: str, seed: int, every: float) -> None:
    """Under edits and additions, many or few, the records are those of the server, each in its last state."""

    async def main() -> None:
        books, drawn = Books(seed, rows=600, size=1000), dict[str, int]()
        change = asyncio.create_task(changing(books, kinds, seconds=35, every=every))
        kept = await draw(books, drawn)
        await change
        # What changed after the draw was over is the next run's.
        await draw(books, drawn, kept)
        assert drawn == books.state

    run(main())


@pytest.mark.parametrize("every", [0.05, 1.0])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_goes_pulls_nothing_past_the_reader(seed: int, every: float) -> None:
    """Under edits and deletions, many or few, every record that is left was drawn in its last state."""

    async def main() -> None:
        books, drawn = Books(seed, rows=900, size=1000), dict[str, int]()
        change = asyncio.create_task(changing(books, "ed", seconds=25, every=every))
        kept = await draw(books, drawn)
        await change
        await draw(books, drawn, kept)
        assert {id: drawn.get(id) for id in books.state} == books.state

    run(main())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kinds", ["ea", "ed"])
def test_a_draw_goes_on_from_every_page(seed: int, kinds: str) -> None:
    """Cut after any batch, under changes and with other page sizes, it goes on: nothing is missed."""

    async def main() -> None:
        books, drawn, kept = Books(seed, rows=200, size=1000), dict[str, int](), None
        done = False
        runs = 0
        while not done:
            source = invoices(books.random.choice([7, 10, 16]))
            place, reason = resume(source, Checkpoint.read(kept))
            assert reason == ""
            crawl = Crawl(source, tenant_of(books), place)
            stop = books.random.randint(1, 4)
            batches = crawl.batches()
            async for batch in batches:
                keep(drawn, batch)
                kept, stop, done = batch.checkpoint, stop - 1, crawl.place.is_done
                if not stop:
                    break
            await batches.aclose()
            if not done:
                await changing(books, kinds, 2)
            runs += 1
        assert runs > 3
        assert {id: drawn.get(id) for id in books.state} == books.state

    run(main())


def test_a_list_at_rest_costs_its_pages_and_one() -> None:
    """Sixty pages of a list that does not change are drawn once each, and one pass finds nothing."""

    async def main() -> tuple[int, int]:
        books = Books(0, rows=600, size=1000)
        batches = [batch async for batch in Crawl(invoices(), tenant_of(books)).batches()]
        assert [batch.page for batch in batches] == [*range(1, 61), 1]
        assert sum(len(batch.records) for batch in batches) == 600
        return books.calls, len(batches)

    assert run(main()) == (61, 61)


def test_one_page_is_one_moment() -> None:
    """A list that fits into a page needs one call; the next run asks for what changed since, and a little before."""

    async def main() -> None:
        books = Books(0, rows=5, size=1000)
        (batch,) = [batch async for batch in Crawl(invoices(), tenant_of(books)).batches()]
        place, _ = resume(invoices(), Checkpoint.read(batch.checkpoint))
        await asyncio.sleep(3600)
        books.edit()
        (again,) = [batch async for batch in Crawl(invoices(), tenant_of(books), place).batches()]
        assert len(again.records) == 1
        assert books.calls == 2
        assert BEGIN - timedelta(seconds=15) <= books.asked[-1]["modified_since"] < BEGIN

    run(main())


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"page_count": 2}, "are not 2 pages"),
        ({"page_count": 300}, "are not 300 pages"),
        ({"page_count": 9, "item_count": None}, "page 3 of 9 holds 5 records instead of 10"),
        ({"page": 1}, "page 1 came instead of page 2"),
        ({"page_count": None}, "does not say how many"),
    ],
)
def test_a_server_that_lies_about_its_pages_is_found_out(lie: dict[str, Any], words: str) -> None:
    """Counts that cannot be are an error that says which; the last checkpoint is good to go on from."""

    async def main() -> None:
        books, drawn, kept = Books(0, rows=25, size=1000), dict[str, int](), None
        honest = books.list

        async def lying(**asked: Any) -> Any:
            page = await honest(**asked)
            if asked["page"] > 1:
                for name, value in lie.items():
                    setattr(page, name, value)
            return page

        with pytest.raises(DecodeError, match=words):  # noqa: PT012 - the last batch before it is kept
            async for batch in Crawl(invoices(), SimpleNamespace(invoices=SimpleNamespace(list=lying))).batches():
                keep(drawn, batch)
                kept = batch.checkpoint
        await draw(books, drawn, kept)
        assert drawn == books.state

    run(main())


def test_a_server_that_never_turns_the_page_is_found_out() -> None:
    """Where pages are not counted, the same page twice is an error, and not a loop for ever."""

    async def main() -> None:
        async def stuck(**asked: Any) -> Page[Invoice]:
            return Page(Invoice(invoice_id=str(number)) for number in range(100))

        (source,) = sources(["quotes"])
        with pytest.raises(DecodeError, match="does not turn pages"):
            _ = [batch async for batch in Crawl(source, SimpleNamespace(quotes=SimpleNamespace(list=stuck))).batches()]

    run(main())


def test_journals_go_by_their_numbers() -> None:
    """Each page of journals begins after the last number, and so does the next run."""

    async def main() -> None:
        (source,) = sources(["journals"])
        asked: list[int] = []

        async def journals(*, offset: int) -> Page[Journal]:
            asked.append(offset)
            return Page(Journal(journal_number=number) for number in range(offset + 1, min(offset + 100, 250) + 1))

        tenant = SimpleNamespace(journals=SimpleNamespace(list=journals))
        batches = [batch async for batch in Crawl(source, tenant).batches()]
        assert sum(len(batch.records) for batch in batches) == 250
        place, _ = resume(source, Checkpoint.read(batches[-1].checkpoint))
        assert [batch.records async for batch in Crawl(source, tenant, place).batches()] == [[]]
        assert asked == [0, 100, 200, 250]

    run(main())


async def test_batches_refuse_what_they_cannot_go_on_from() -> None:
    """A checkpoint of another filter, or what is none, and a resource that has no list, are refused at once."""
    async with Xero(StaticToken("t")) as xero:
        tenant = xero.tenant("t")
        other = Checkpoint(query="other").to_bytes()
        for after, words in ((other, "filter is another"), (b"{}", "no checkpoint"), (b"\xff", "no checkpoint")):
            with pytest.raises(InvalidArgument, match=words):
                export.batches(tenant.invoices, after=after)
        with pytest.raises(InvalidArgument, match="cannot be exported"):
            export.batches(tenant.invoices.attachments)
