"""Lists that need more than pages: offsets, long lists of ids, filters that are built."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import msgspec
import pytest
from scripted import Reply, Scripted, Seen, scripted

from xero_async import DecodeError, F, InvalidArgument, Limits, Page, StaticToken, Tenant, Xero


@asynccontextmanager
async def client(server: Scripted) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server."""
    async with Xero(StaticToken("t"), base_url=server.base_url, limits=Limits(minute=1000)) as xero:
        yield xero.tenant("tenant")


def query(seen: Seen) -> dict[str, str]:
    """The query of a request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}


def envelope(name: str, records: Sequence[Mapping[str, object]]) -> Reply:
    """An answer with some records."""
    return Reply(body=msgspec.json.encode({name: records, "Status": "OK"}))


def journals(seen: Seen) -> Reply:
    """A ledger of 250 journals with gaps in their numbers, a hundred at a time after an offset."""
    offset = int(query(seen).get("offset", "0"))
    numbers = [number for number in range(3, 753, 3) if number > offset][:100]
    return envelope("Journals", [{"JournalNumber": number} for number in numbers])


async def test_journals_are_drawn_by_offset() -> None:
    """Iterating over journals goes on after the last number seen and yields each of 250 once, in three requests."""
    async with scripted(journals) as server, client(server) as tenant:
        numbers = [journal.journal_number async for journal in tenant.journals.list(payments_only=True)]
    assert numbers == list(range(3, 753, 3))
    assert [query(seen).get("offset") for seen in server.seen] == [None, "300", "600"]
    assert all(query(seen)["paymentsOnly"] == "true" for seen in server.seen)


async def test_journals_from_an_offset_of_the_callers() -> None:
    """Awaiting is one answer after the offset; iterating begins there."""
    async with scripted(journals) as server, client(server) as tenant:
        page = await tenant.journals.list(offset=600)
        numbers = [journal.journal_number async for journal in tenant.journals.list(offset=600)]
    assert [journal.journal_number for journal in page] == numbers == list(range(603, 753, 3))
    assert [query(seen)["offset"] for seen in server.seen] == ["600", "600"]


async def test_journals_that_never_advance_raise() -> None:
    """A server that ignores the offset does not make an endless list."""
    page = [{"JournalNumber": number} for number in range(1, 101)]
    async with scripted([envelope("Journals", page)]) as server, client(server) as tenant:
        with pytest.raises(DecodeError, match="beyond number 100"):
            _ = [journal async for journal in tenant.journals.list()]
    assert len(server.seen) == 2


async def test_quotes_are_drawn_by_page_alone() -> None:
    """Quotes take a page and no size, and end with the first page that is not full."""

    def script(seen: Seen) -> Reply:
        number = int(query(seen)["page"])
        return envelope("Quotes", [{"QuoteNumber": f"{number}-{row}"} for row in range(100 if number < 3 else 7)])

    async with scripted(script) as server, client(server) as tenant:
        drawn = [quote async for quote in tenant.quotes.list(status="SENT")]
    assert len(drawn) == 207
    assert [query(seen)["page"] for seen in server.seen] == ["1", "2", "3"]
    assert not any("pageSize" in seen.target for seen in server.seen)


def echo(seen: Seen) -> Reply:
    """The invoices that were asked for by id or number, in that order."""
    asked = query(seen)
    ids, numbers = asked.get("IDs", ""), asked.get("InvoiceNumbers", "")
    wanted = [("InvoiceID", value) for value in ids.split(",") if value]
    wanted += [("InvoiceNumber", value) for value in numbers.split(",") if value]
    return envelope("Invoices", [{name: value} for name, value in wanted])


async def test_500_ids_are_split_and_merged_in_order() -> None:
    """Five hundred ids go out in parts that fit a URL, and the records come back in the order of the ids."""
    ids = [str(UUID(int=number)) for number in range(500)]
    async with scripted(echo) as server, client(server) as tenant:
        page = await tenant.invoices.list(ids=ids)
        iterated = [invoice.invoice_id async for invoice in tenant.invoices.list(ids=ids)]
    assert [invoice.invoice_id for invoice in page] == iterated == ids
    assert page.item_count == 500
    assert len(server.seen) == 26
    assert max(len(seen.target) for seen in server.seen) <= 2000


async def test_long_numbers_make_shorter_parts() -> None:
    """It is the length of the URL that counts, percent-encoding included, and not the number of values."""
    numbers = [f"Rechnung für März/{number:05}/{'x' * 60}" for number in range(100)]
    async with scripted(echo) as server, client(server) as tenant:
        page = await tenant.invoices.list(invoice_numbers=numbers, statuses=["PAID"])
    assert [invoice.invoice_number for invoice in page] == numbers
    assert max(len(seen.target) for seen in server.seen) <= 2000
    assert all(query(seen)["Statuses"] == "PAID" for seen in server.seen)


async def test_what_cannot_be_split_is_refused() -> None:
    """A value that fills a URL by itself, and a page of a list that is drawn in parts, are refused unsent."""
    async with scripted(echo) as server, client(server) as tenant:
        with pytest.raises(InvalidArgument, match="too long"):
            await tenant.invoices.list(invoice_numbers=["x" * 2500, "y"])
        with pytest.raises(InvalidArgument, match="leave out the page"):
            await tenant.invoices.list(ids=[str(UUID(int=number)) for number in range(50)], page=2)
    assert server.seen == []


async def test_a_built_filter_goes_out_as_xeros_text() -> None:
    """A condition is sent as Xero's own words, a plain string as it is, and a name that no invoice has is refused."""
    guid = "0f5e4c4b-3a53-4c8e-9a52-7c1f1f7c5a10"
    condition = F.status.in_("DRAFT", "PAID") & (F.date >= date(2026, 1, 1)) & (F.contact.id == guid)
    async with scripted(echo) as server, client(server) as tenant:
        await tenant.invoices.list(where=condition)
        await tenant.invoices.list(where='Type=="ACCREC"')
        with pytest.raises(InvalidArgument, match="no field colour"):
            await tenant.invoices.list(where=F.colour == "red")
    first, second = (query(seen)["where"] for seen in server.seen)
    assert first == (
        f'(Status=="DRAFT" OR Status=="PAID") AND Date>=DateTime(2026, 01, 01) AND Contact.ContactID==Guid("{guid}")'
    )
    assert second == 'Type=="ACCREC"'
    assert "+" not in server.seen[0].target
    assert unquote(server.seen[1].target).endswith('where=Type=="ACCREC"&page=1')


async def test_a_journal_by_its_number() -> None:
    """A journal's number is an integer, and can be given as it is read."""
    async with scripted([envelope("Journals", [{"JournalNumber": 7}])]) as server, client(server) as tenant:
        journal = await tenant.journals.get_by_number(7)
        await tenant.journals.get_by_number("7")
        with pytest.raises(InvalidArgument):
            await tenant.journals.get_by_number(True)
    assert journal.journal_number == 7
    assert [seen.target.rpartition("/")[2] for seen in server.seen] == ["7", "7"]


async def test_a_list_as_a_task() -> None:
    """A list can be given to a task group, to `create_task` and to `gather` as it stands, and is one page there."""
    async with scripted(echo) as server, client(server) as tenant:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(tenant.invoices.list(page=1))
        second = await asyncio.create_task(tenant.invoices.list())
        (third,) = await asyncio.gather(tenant.invoices.list(page=2))
        cancelled = asyncio.create_task(tenant.invoices.list())
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        tenant.invoices.list().close()
    assert [type(each) for each in (first.result(), second, third)] == [Page] * 3
