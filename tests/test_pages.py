"""Lists: one page when awaited, every record when iterated over, in order, few pages ahead, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording import Organisation, Recorder
from virtual import run

from xero_async.apis.accounting import Accounting
from xero_async.apis.pages import PREFETCH
from xero_async.models import Contact, Currency, Invoice
from xero_async.wire import Answer, Operation
from xero_async.wire.errors import InvalidArgument, NotFound, ServerError
from xero_async.wire.operation import Sink
from xero_async.wire.parameters import Parameters

R = TypeVar("R")


class Paged:
    """A session whose Xero has so many invoices, numbered from 0, and answers in pages."""

    def __init__(self, total: int, *, counted: bool = True, takes: Callable[[int], float] = lambda _: 0.0) -> None:
        self.rows = list(range(total))
        self.asked: list[int] = []
        """The pages that were asked for, in order."""
        self.sizes: set[str | None] = set()
        """The page sizes that were asked for."""
        self.in_flight = self.most_in_flight = 0
        self.broken: dict[int, Exception] = {}
        """Pages that cannot be had."""
        self._counted, self._takes = counted, takes

    @property
    def tenant(self) -> Accounting:
        """The organisation as the caller sees it."""
        organisation = Accounting()
        organisation._caller = self  # pyright: ignore[reportPrivateUsage] - as the session does it
        return organisation

    async def call(
        self,
        operation: Operation[R],
        ids: Sequence[object],
        parameters: Parameters,
        body: object = None,
        sink: Sink | None = None,
        /,
    ) -> R:
        """Answer with a page, after the time that it takes."""
        query = parse_qs(urlsplit(operation.request(ids, parameters, body).target).query)
        number = int(query["page"][0]) if "page" in query else 0
        self.asked.append(number)
        self.sizes.add(query.get("pageSize", [None])[0])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._takes(number))
        finally:
            self.in_flight -= 1
        if number in self.broken:
            raise self.broken[number]
        return operation.read(Answer(200, {}, self._page(number, int(query.get("pageSize", ["100"])[0]))))

    def _page(self, number: int, size: int) -> bytes:
        rows = self.rows[(number - 1) * size : number * size]
        document: dict[str, object] = {"Invoices": [{"Reference": str(row), "LineItems": []} for row in rows]}
        if self._counted:
            count = len(self.rows)
            pages = -(-count // size)
            document["pagination"] = {"page": number, "pageSize": size, "pageCount": pages, "itemCount": count}
        return json.dumps(document).encode()


def row(invoice: Invoice) -> int:
    """The number of an invoice."""
    return int(invoice.reference or -1)


async def rows_of(server: Paged, **options: Any) -> list[int]:
    """The numbers of all invoices that an iteration yields."""
    return [row(invoice) async for invoice in server.tenant.invoices.list(**options)]


def others() -> set[asyncio.Task[Any]]:
    """The tasks that run beside the test's own."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def let_go() -> None:
    """Let what has been let go of come to its end."""
    for _ in range(5):
        await asyncio.sleep(0)


# -- what is drawn --------------------------------------------------------------------------------------------------


async def test_all_rows_come_back() -> None:
    """2,345 rows come in 3 requests of 1,000, without a word about paging from the caller."""
    server = Paged(2345)
    assert await rows_of(server) == list(range(2345))
    assert (server.asked, server.sizes) == ([1, 2, 3], {"1000"})


async def test_one_page() -> None:
    """Awaited, a list is its first page, of the size that Xero gives by itself, and knows its place."""
    server = Paged(250)
    page = await server.tenant.invoices.list()
    assert [row(invoice) for invoice in page] == list(range(100))
    assert (page.page, page.page_size, page.page_count, page.item_count) == (1, 100, 3, 250)
    assert (server.asked, server.sizes) == ([1], {None})


async def test_another_page() -> None:
    """Awaited with a page and a size, a list is that page."""
    server = Paged(50)
    page = await server.tenant.invoices.list(page=3, page_size=20)
    assert [row(invoice) for invoice in page] == list(range(40, 50))
    assert (server.asked, server.sizes) == ([3], {"20"})


async def test_iterating_from_a_page() -> None:
    """Iterating starts at the page that was asked for, and keeps the size."""
    server = Paged(50)
    assert await rows_of(server, page=3, page_size=10) == list(range(20, 50))
    assert (server.asked, server.sizes) == ([3, 4, 5], {"10"})


async def test_pages_one_by_one() -> None:
    """`pages()` gives every page, each with its place."""
    server = Paged(25)
    drawn = [(page.page, len(page)) async for page in server.tenant.invoices.list(page_size=10).pages()]
    assert drawn == [(1, 10), (2, 10), (3, 5)]


async def test_a_list_that_is_not_paged() -> None:
    """A list that Xero gives in one answer is asked for once, without a page."""
    recorder = Recorder()
    currencies = Organisation(recorder).currencies.list(order="Code ASC")
    assert [currency async for currency in currencies] == await currencies == [Currency()]
    assert [request.target for request in recorder.requests] == ["/api.xro/2.0/Currencies?order=Code%20ASC"] * 2


def test_a_list_in_words() -> None:
    """A list that was forgotten to be awaited shows what it is."""
    assert repr(Paged(1).tenant.invoices.list()) == "<Pages of getInvoices>"


@pytest.mark.parametrize("counted", [True, False])
@settings(max_examples=40)
@given(total=st.integers(0, 60), size=st.integers(1, 20))
def test_any_number_of_rows(counted: bool, total: int, size: int) -> None:
    """However many rows and whatever the page size, each row comes once, in order, with no request too many."""
    server = Paged(total, counted=counted)
    assert run(rows_of(server, page_size=size)) == list(range(total))
    full, rest = divmod(total, size)
    # Without a count only a page that is not full is known to be the last.
    assert len(server.asked) == (max(1, full + bool(rest)) if counted else full + 1)
    assert server.asked == sorted(set(server.asked))


async def test_no_rows() -> None:
    """An empty list is one request and no rows."""
    for counted in (True, False):
        server = Paged(0, counted=counted)
        assert await rows_of(server) == []
        assert server.asked == [1]
        assert await server.tenant.invoices.list() == []


async def test_a_list_can_be_drawn_again() -> None:
    """Iterating twice over the same list asks twice, from the start."""
    server = Paged(30)
    invoices = server.tenant.invoices.list(page_size=10)
    for _ in range(2):
        assert [row(invoice) async for invoice in invoices] == list(range(30))
    assert server.asked == [1, 2, 3] * 2


@pytest.mark.parametrize("options", [{"page": 0}, {"page": -1}, {"page_size": 0}, {"page_size": 1001}])
async def test_pages_that_cannot_be(options: dict[str, int]) -> None:
    """A page or a size out of range is refused, awaited or iterated over, and nothing is sent."""
    server = Paged(5)
    with pytest.raises(InvalidArgument):
        await rows_of(server, **options)
    with pytest.raises(InvalidArgument):
        await server.tenant.invoices.list(**options)  # type: ignore[arg-type]  # the keyword varies
    assert server.asked == []


# -- ahead ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_drawn_before_it_is_wanted() -> None:
    """Until the first page is used up, no other is asked for."""
    server = Paged(30)
    async with aclosing(server.tenant.invoices.list(page_size=10).pages()) as pages:
        await anext(pages)
        await let_go()
        assert server.asked == [1]
        await anext(pages)
        assert server.asked == [1, 2, 3]


async def test_few_pages_are_ahead() -> None:
    """Never more than five pages are drawn beyond the one that the caller works on, however slow the caller is."""
    server = Paged(400)
    used = 0
    async for page in server.tenant.invoices.list(page_size=10).pages():
        await let_go()
        used += 1
        assert page.page == used
        assert max(server.asked) <= used + PREFETCH
    assert used == 40
    assert server.most_in_flight == PREFETCH


def test_pages_are_drawn_side_by_side() -> None:
    """Twenty-one pages of a second each take five seconds and not twenty-one."""

    async def main() -> float:
        await rows_of(Paged(210, takes=lambda _: 1.0), page_size=10)
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(5.0)


def test_order_is_kept() -> None:
    """Rows come in order even when later pages are answered first."""
    server = Paged(120, takes=lambda number: 20.0 - number)
    assert run(rows_of(server, page_size=10)) == list(range(120))
    assert server.most_in_flight == PREFETCH


# -- change ---------------------------------------------------------------------------------------------------------


async def test_rows_that_are_added() -> None:
    """Rows added at the end while iterating are drawn too: the newest count of pages holds."""
    server = Paged(30)
    seen: list[int] = []
    async for invoice in server.tenant.invoices.list(page_size=10):
        seen.append(row(invoice))
        if seen[-1] == 5:
            server.rows += range(30, 75)
    assert seen == list(range(75))
    assert server.asked == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_rows_that_are_taken_away() -> None:
    """When rows vanish while iterating, the end comes earlier, and pages drawn in vain do no harm."""
    server = Paged(200)
    seen: list[int] = []
    async for invoice in server.tenant.invoices.list(page_size=10):
        seen.append(row(invoice))
        if seen[-1] == 15:
            del server.rows[25:]
    assert seen[:20] == list(range(20))
    # Five pages may have been answered before the rows vanished; what they say of the end is all that is known.
    assert max(server.asked) <= 2 + 2 * PREFETCH


async def test_a_count_that_comes_and_goes() -> None:
    """A page without a count leaves the last one standing."""
    server = Paged(50)
    server_page = server._page  # pyright: ignore[reportPrivateUsage] - bent for this one test

    def forgetful(number: int, size: int) -> bytes:
        page: dict[str, object] = json.loads(server_page(number, size))
        return json.dumps({"Invoices": page["Invoices"]} if number == 3 else page).encode()

    server._page = forgetful  # type: ignore[method-assign]  # pyright: ignore[reportPrivateUsage] - as above
    assert await rows_of(server, page_size=10) == list(range(50))


# -- leaving early --------------------------------------------------------------------------------------------------


async def test_a_break_leaves_nothing() -> None:
    """Breaking off in the middle ends the calls that were ahead."""
    server = Paged(500, takes=lambda number: 0.0 if number < 3 else 3600.0)
    async for invoice in server.tenant.invoices.list(page_size=10):
        if row(invoice) == 15:
            assert others() != set()
            break
    await let_go()
    assert others() == set()
    assert server.in_flight == 0


async def test_an_error_of_the_caller_leaves_nothing() -> None:
    """An exception in the caller's loop ends the calls that were ahead."""
    server = Paged(500, takes=lambda number: 0.0 if number < 3 else 3600.0)

    async def stumble() -> None:
        async for invoice in server.tenant.invoices.list(page_size=10):
            if row(invoice) == 15:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    await let_go()
    assert (others(), server.in_flight) == (set(), 0)


async def test_a_cancellation_leaves_nothing() -> None:
    """Cancelling the task that iterates ends the calls that were ahead, before the task ends."""
    server = Paged(500, takes=lambda number: 0.0 if number == 1 else 3600.0)
    task = asyncio.create_task(rows_of(server, page_size=10))
    await let_go()
    assert server.in_flight == PREFETCH
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (others(), server.in_flight) == (set(), 0)


async def test_closing_leaves_nothing() -> None:
    """Closing `pages()` early ends the calls that were ahead, at once."""
    server = Paged(500, takes=lambda number: 0.0 if number < 3 else 3600.0)
    async with aclosing(server.tenant.invoices.list(page_size=10).pages()) as pages:
        await anext(pages)
        await anext(pages)
        assert len(others()) == PREFETCH - 1
    assert (others(), server.in_flight) == (set(), 0)


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counted", [True, False])
async def test_errors_come_in_order(counted: bool) -> None:
    """A page that fails ahead of its turn raises when its turn comes, after the rows of all pages before it."""
    server = Paged(100, counted=counted, takes=lambda number: 0.0 if number in (4, 6) else 0.002)
    server.broken = {4: ServerError("fourth"), 6: NotFound("sixth")}
    seen: list[int] = []

    async def see() -> None:
        async for invoice in server.tenant.invoices.list(page_size=10):
            seen.append(row(invoice))

    with pytest.raises(ServerError, match="fourth"):
        await see()
    assert seen == list(range(30))
    await let_go()
    assert (others(), server.in_flight) == (set(), 0)


async def test_an_error_on_the_first_page() -> None:
    """A first page that fails raises at once, awaited or iterated over."""
    server = Paged(100)
    server.broken = {1: ServerError("first")}
    with pytest.raises(ServerError, match="first"):
        await rows_of(server)
    with pytest.raises(ServerError, match="first"):
        await server.tenant.invoices.list()
    assert server.asked == [1, 1]


# -- summaries ------------------------------------------------------------------------------------------------------


async def test_a_summary_has_no_lines() -> None:
    """Under `summary_only` an empty list of lines only means that none were given: it is None, on every page."""
    tenant = Paged(25).tenant
    page = await tenant.invoices.list(summary_only=True)
    assert {invoice.line_items is None for invoice in page} == {True}
    summaries = [invoice.line_items async for invoice in tenant.invoices.list(summary_only=True, page_size=10)]
    assert summaries == [None] * 25


async def test_a_summary_of_what_has_no_lines() -> None:
    """A summary of records that never have lines, such as contacts, is left as it came."""
    recorder = Recorder()
    contacts = Organisation(recorder).contacts.list(summary_only=True)
    assert await contacts == [contact async for contact in contacts] == [Contact()]


async def test_no_lines_are_no_lines() -> None:
    """Without `summary_only`, an invoice without lines has an empty list of them."""
    tenant = Paged(5).tenant
    assert [invoice.line_items async for invoice in tenant.invoices.list()] == [[]] * 5
