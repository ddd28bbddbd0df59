"""Export over the real sandbox while it changes, is cut, and is run again: the result is what the sandbox holds."""

from __future__ import annotations

import asyncio
import gzip
import importlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from xero_async import ClientCredentials, DailyLimitReached, Invoice, Limits, Tenant, Xero
from xero_async.bulk import ExportProgress, JsonLines, Sink, export
from xero_async.bulk.export.sinks.base import Finished, Place, Table
from xero_async.models import Invoices, Item, Items, Model
from xero_async.sandbox import Fault, Sandbox, SandboxLimits
from xero_async.testing import StillClock
from xero_async.wire import decode, encode


@asynccontextmanager
async def standing(
    *, invoices: int = 300, tenants: int = 1, limits: SandboxLimits | None = None, still: bool = True, **settings: Any
) -> AsyncGenerator[tuple[Sandbox, list[Tenant]]]:
    """A sandbox whose time leaps, and its tenants as a client with these limits sees them."""
    kept = limits or SandboxLimits()
    with StillClock() as clock:
        async with Sandbox(
            contacts=20, invoices=invoices, tenants=tenants, limits=kept, clock=clock.now, **settings
        ) as sandbox:
            auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
            url, allowed = sandbox.base_url, Limits(minute=kept.minute, day=kept.day, window=kept.window)
            async with Xero(auth, base_url=url, identity_url=sandbox.identity_url, limits=allowed) as xero:
                yield sandbox, [xero.tenant(each, bulk=True) for each in sandbox.tenants]


class Clerk:
    """Somebody who works in the books: twenty times a second, an invoice is edited, added or voided."""

    def __init__(self, sandbox: Sandbox, tenant: str, seed: int = 0) -> None:
        self.sandbox, self.tenant, self.random = sandbox, tenant, Random(seed)
        self.done: dict[str, int] = {"edit": 0, "add": 0, "void": 0}
        found = decode(Invoices, self.say("getInvoices", query={"page": "1", "pagesize": "1000"})).invoices or []
        self.open = [each.invoice_id for each in found if each.status == "AUTHORISED" and each.amount_due == each.total]
        assert found[0].contact is not None
        self.contact = found[0].contact.contact_id

    # Any: what a client could send.
    def say(self, operation: str, body: Any = None, *, query: dict[str, str] | None = None, **path: str) -> bytes:
        """An operation, past limits and faults."""
        data = b"" if body is None else msgspec.json.encode(body)
        kind = "application/json"
        answer = self.sandbox.documents.execute(operation, self.tenant, path, query or {}, {}, data, kind)
        assert answer.status in (200, 204), answer.body[:1000]
        return answer.body

    def act(self) -> None:
        """One change."""
        deed = self.random.choice(["edit", "edit", "add", "void"])
        if deed == "add" or not self.open:
            deed = "add"
            line = {"Description": "Work", "Quantity": "1.0000", "UnitAmount": "12.3450", "AccountCode": "200"}
            invoice = {"Type": "ACCREC", "Contact": {"ContactID": self.contact}, "LineItems": [line]}
            self.say("createInvoices", {"Invoices": [invoice]})
        elif deed == "edit":
            change = {"InvoiceID": self.random.choice(self.open), "Reference": f"edit {self.random.random()}"}
            self.say("updateOrCreateInvoices", {"Invoices": [change]})
        else:
            change = {"InvoiceID": self.open.pop(self.random.randrange(len(self.open))), "Status": "VOIDED"}
            self.say("updateOrCreateInvoices", {"Invoices": [change]})
        self.done[deed] += 1

    async def work(self) -> None:
        """Twenty changes a second, until it is cancelled."""
        while True:
            self.act()
            await asyncio.sleep(0.05)

    def invoices(self) -> dict[str, bytes]:
        """The sandbox's own invoices, as the client would write them."""
        pages = range(1, 100)
        found: dict[str, bytes] = {}
        for page in pages:
            query = {"page": str(page), "pagesize": "1000", "includearchived": "true"}
            records = decode(Invoices, self.say("getInvoices", query=query), strict=True).invoices or []
            found |= {str(each.invoice_id): encode(each) for each in records}
            if len(records) < 1000:
                break
        return found


def rows(path: Path, kind: type[Model] = Invoice, id: str = "invoice_id") -> dict[str, bytes]:
    """The lines of a file by id; no id comes twice."""
    lines = path.read_bytes().splitlines()
    found = {getattr(decode(kind, line, strict=True), id): line for line in lines}
    assert len(found) == len(lines)
    return found


async def test_the_result_is_what_the_sandbox_holds_though_it_changes(tmp_path: Path) -> None:
    """Under 20 edits, additions and voids a second, the file equals the sandbox, row for row."""
    quick = SandboxLimits(window=10.0)
    async with standing(invoices=400, limits=quick, faults=(Fault(kind="slow", every=3, seconds=1.0),)) as (
        sandbox,
        (tenant,),
    ):
        clerk = Clerk(sandbox, tenant.id, seed=1)
        crawled: list[ExportProgress] = []
        work = asyncio.create_task(clerk.work())

        def look(progress: ExportProgress) -> None:
            crawled.append(progress)
            if progress.page == progress.page_count:  # the clerk goes home at the last page; the passes catch up
                work.cancel()

        summary = await export(tenant, tmp_path, resources=["invoices"], page_size=6, on_progress=look)
        with pytest.raises(asyncio.CancelledError):
            await work
        expected = clerk.invoices()
    assert rows(tmp_path / tenant.id / "invoices.jsonl") == expected
    assert min(clerk.done.values()) > 15
    assert sum(clerk.done.values()) > 150
    assert summary.files[0].records == len(expected)
    assert crawled[-1].changed > 50


async def test_work_that_never_ends_is_caught_up_with_by_the_next_run(tmp_path: Path) -> None:
    """Runs under constant change come to an end by themselves, and one after the work equals the sandbox."""
    async with standing(invoices=100) as (sandbox, (tenant,)):
        clerk = Clerk(sandbox, tenant.id)
        work = asyncio.create_task(clerk.work())
        for _ in range(2):
            await export(tenant, tmp_path, resources=["invoices"], page_size=10)
            await asyncio.sleep(3)
        work.cancel()
        summary = await export(tenant, tmp_path, resources=["invoices"], page_size=10)
        assert rows(tmp_path / tenant.id / "invoices.jsonl") == clerk.invoices()
    assert (summary.calls, summary.files[0].pages) == (1, 1)


async def test_what_is_deleted_is_gone_after_the_next_run(tmp_path: Path) -> None:
    """Items, which can be deleted without a trace, are drawn whole each time: the file equals the sandbox."""
    async with standing(invoices=0, latency=0.5) as (sandbox, (tenant,)):
        clerk = Clerk.__new__(Clerk)
        clerk.sandbox, clerk.tenant = sandbox, tenant.id
        body = {"Items": [{"Code": f"C{number}", "Name": "Thing"} for number in range(40)]}
        ids = [item.item_id for item in decode(Items, clerk.say("createItems", body)).items or []]

        async def delete() -> None:
            for id in ids[:20]:
                clerk.say("deleteItem", ItemID=str(id))
                await asyncio.sleep(0.05)

        await export(tenant, tmp_path, resources=["items"])
        working = asyncio.create_task(delete())
        await export(tenant, tmp_path, resources=["items"])
        await working
        summary = await export(tenant, tmp_path, resources=["items"])
        expected = {str(i.item_id): encode(i) for i in decode(Items, clerk.say("getItems")).items or []}
    found = rows(tmp_path / tenant.id / "items.jsonl", Item, "item_id")
    assert found == expected
    assert not set(ids[:20]) & set(found)
    assert summary.files[0].restarted == ""


async def test_the_next_run_takes_only_what_changed(tmp_path: Path) -> None:
    """After a full draw, a run costs one call and draws a few rows; `full` and another filter draw everything again."""
    async with standing(invoices=120) as (sandbox, (tenant,)):
        clerk = Clerk(sandbox, tenant.id)
        path = tmp_path / tenant.id / "invoices.jsonl"

        async def run(**how: Any) -> tuple[int, int, str]:
            (file,) = (await export(tenant, tmp_path, resources=["invoices"], page_size=50, **how)).files
            return file.pages, file.drawn, file.restarted

        assert await run() == (4, 120, "")
        sandbox.advance(3600)
        assert await run() == (1, 0, "")
        for _ in range(5):
            clerk.act()
        changed = await run()
        assert changed[0] == 1
        assert 1 <= changed[1] <= 5
        assert rows(path) == clerk.invoices()
        sandbox.advance(3600)
        assert await run(full=True) == (4, len(clerk.invoices()), "")
        assert (await run(where='Status=="PAID"'))[2] == "the filter is another one than before"
        assert {decode(Invoice, line).status for line in rows(path).values()} == {"PAID"}
        assert (await run())[2] == "the filter is another one than before"
        assert rows(path) == clerk.invoices()


class Cut(RuntimeError):
    """Something that breaks in mid-export."""


class Breaking:
    """A sink whose tables break at a certain moment: before or after a write, or at the end."""

    def __init__(self, sink: Sink, at: int, *, after: bool) -> None:
        self.sink, self.at, self.after = sink, at, after

    def table(self, place: Place) -> Table:
        """A table that breaks."""
        return BreakingTable(self.sink.table(place), self)

    def close(self) -> None:
        """Close the sink."""
        self.sink.close()

    def pass_by(self, work: Callable[[], Any]) -> Any:
        """Do a piece of work, or break."""
        self.at -= 1
        if self.at == 0 and not self.after:
            raise Cut
        done = work()
        if self.at == 0:
            raise Cut
        return done


class BreakingTable:
    """A table that breaks when its sink says so."""

    def __init__(self, table: Table, sink: Breaking) -> None:
        self.table, self.sink = table, sink

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Open the table."""
        return self.table.open(full=full, fresh=fresh)

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Write, or break."""
        self.sink.pass_by(lambda: self.table.write(records, checkpoint))

    def finish(self, checkpoint: bytes) -> Finished:
        """Finish, or break."""
        done: Finished = self.sink.pass_by(lambda: self.table.finish(checkpoint))
        return done

    def close(self) -> None:
        """Close the table."""
        self.table.close()


@pytest.mark.parametrize(("compress", "after"), [(None, False), (None, True), ("gzip", True)])
async def test_a_draw_that_breaks_anywhere_goes_on(tmp_path: Path, after: bool, compress: Any) -> None:
    """Broken at each write and at the end, the same call goes on: nothing is lost or doubled, 5 pages drawn twice."""
    async with standing(invoices=100, limits=SandboxLimits(minute=10_000, day=100_000)) as (sandbox, (tenant,)):
        clerk = Clerk(sandbox, tenant.id)
        for at in (1, 7, 11, 12):
            folder = tmp_path / str(at)
            before = sandbox.counters.calls
            sink = Breaking(JsonLines(folder, compress), at, after=after)
            with pytest.raises(Cut):
                await export(tenant, sink, resources=["invoices"], page_size=10)
            await export(tenant, JsonLines(folder, compress), resources=["invoices"], page_size=10)
            drawn = sandbox.counters.calls - before
            (path,) = [path for path in (folder / tenant.id).iterdir() if not path.name.startswith(".")]
            text = path.read_bytes() if compress is None else gzip.decompress(path.read_bytes())
            (folder / "plain").write_bytes(text)
            assert rows(folder / "plain") == clerk.invoices()
            assert drawn <= 11 + 5 + (at > 11)
            assert {each.name for each in path.parent.iterdir()} == {path.name, f".{path.name}.state"}


async def test_a_full_draw_that_breaks_leaves_the_old_result(tmp_path: Path) -> None:
    """A `full` draw is made beside the old result, goes on where it was broken, and takes the place at the end."""
    async with standing(invoices=100) as (sandbox, (tenant,)):
        clerk = Clerk(sandbox, tenant.id)
        path = tmp_path / tenant.id / "invoices.jsonl"
        await export(tenant, tmp_path, resources=["invoices"], page_size=10)
        old = path.read_bytes()
        for _ in range(40):
            clerk.act()
        sink = Breaking(JsonLines(tmp_path), 8, after=True)
        with pytest.raises(Cut):
            await export(tenant, sink, resources=["invoices"], page_size=10, full=True)
        assert path.read_bytes() == old
        before = sandbox.counters.calls
        await export(tenant, tmp_path, resources=["invoices"], page_size=10, full=True)
        assert sandbox.counters.calls - before < 8
        assert rows(path) == clerk.invoices()


async def test_a_result_that_somebody_has_changed_is_drawn_anew(tmp_path: Path) -> None:
    """Changes are not added to a file that is not as it was left: it is made again."""
    async with standing(invoices=30) as (sandbox, (tenant,)):
        path = tmp_path / tenant.id / "invoices.jsonl"
        for spoil in (lambda: None, path.unlink, lambda: path.write_bytes(b"{}\n")):
            spoil()
            await export(tenant, tmp_path, resources=["invoices"])
            assert rows(path) == Clerk(sandbox, tenant.id).invoices()


async def test_an_export_is_as_fast_as_the_limits_allow(tmp_path: Path) -> None:
    """At 0.3 s a call, at least 0.98 of the best for its calls (each page once, and a pass), and none is refused."""
    calls = 131
    pages = calls - 1
    async with standing(invoices=pages * 2, latency=0.3) as (sandbox, (tenant,)):
        loop = asyncio.get_running_loop()
        await tenant.organisations.list()  # signed in, and the tenant met
        sandbox.advance(61)
        await asyncio.sleep(61)
        began = loop.time()
        summary = await export(tenant, tmp_path, resources=["invoices"], page_size=2)
        took = loop.time() - began
        assert sandbox.counters.rejections == {}
        assert (summary.calls, sandbox.counters.calls) == (calls, calls + 1)
    best = (calls - 1) // 60 * 60 + -(-((calls - 1) % 60 + 1) // 5) * 0.3  # five at once, sixty in any minute
    assert best / took >= 0.98


async def test_tenants_side_by_side_take_as_long_as_one(tmp_path: Path) -> None:
    """Four tenants of 130 pages each are through when one would be."""
    async with standing(invoices=130, tenants=4, latency=0.3) as (_, tenants):
        loop = asyncio.get_running_loop()
        began = loop.time()
        summary = await export(tenants, tmp_path, resources=["invoices"], page_size=1)
        took = loop.time() - began
    assert [file.records for file in summary.files] == [130] * 4
    assert took < 130


async def test_a_day_limit_ends_one_tenant_and_says_when_to_go_on(tmp_path: Path) -> None:
    """The others come to their end; after that moment the same call goes on, and all is there."""
    day = Fault(kind="day", operation="getInvoices", at=(12,), seconds=40_000)
    async with standing(invoices=40, tenants=2, faults=[day]) as (sandbox, tenants):
        with pytest.raises(DailyLimitReached) as caught:
            await export(tenants, tmp_path, resources=["invoices"], page_size=2)
        assert caught.value.resets_at is not None
        (note,) = caught.value.__notes__
        files = {tenant.id: tmp_path / tenant.id / "invoices.jsonl" for tenant in tenants}
        assert [note] == [f"while exporting invoices of {id}" for id, file in files.items() if not file.exists()]
        before = sandbox.counters.calls
        await asyncio.sleep(40_001)
        await export(tenants, tmp_path, resources=["invoices"], page_size=2)
        assert sandbox.counters.calls - before < 21 + 1
        for id, file in files.items():
            assert rows(file) == Clerk(sandbox, id).invoices()


@pytest.mark.parametrize("compress", [None, "gzip", "zstd"])
async def test_money_keeps_its_digits(tmp_path: Path, compress: Any) -> None:
    """Amounts read back from the file are those of the wire, digit for digit, compressed or not."""
    if compress == "zstd":
        pytest.importorskip("zstandard", reason="the extra [zstd] is not installed")
    async with standing(invoices=30) as (sandbox, (tenant,)):
        clerk = Clerk(sandbox, tenant.id)
        for _ in range(2):  # the second run adds changes to the file
            (file,) = (await export(tenant, JsonLines(tmp_path, compress), resources=["invoices"])).files
            for _ in range(3):
                clerk.act()
        (file,) = (await export(tenant, JsonLines(tmp_path, compress), resources=["invoices"])).files
        expected = clerk.invoices()
        sent = decode(Invoices, clerk.say("getInvoices", query={"page": "1", "pagesize": "1000"})).invoices or []
    unpack: dict[Any, Callable[[bytes], bytes]] = {None: bytes, "gzip": gzip.decompress, "zstd": unzstd}
    (tmp_path / "plain").write_bytes(unpack[compress](file.path.read_bytes()))
    found = rows(tmp_path / "plain")
    assert found == expected
    first = {id: decode(Invoice, line) for id, line in found.items()}
    for each in sent:
        kept = first[str(each.invoice_id)]
        assert isinstance(kept.total, Decimal)
        for name in ("sub_total", "total_tax", "total", "currency_rate", "amount_due"):
            assert str(getattr(kept, name)) == str(getattr(each, name))


def unzstd(data: bytes) -> bytes:
    """What zstd frames hold."""
    zstandard = importlib.import_module("zstandard")
    found: bytes = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return found


async def test_batches_bring_records_and_a_place_to_go_on_from(tmp_path: Path) -> None:
    """Every record comes, at most a page at a time; from the last checkpoint on, what has changed."""
    async with standing(invoices=50) as (sandbox, (tenant,)):
        clerk, drawn, kept = Clerk(sandbox, tenant.id), dict[str, bytes](), b""
        async for batch in export.batches(tenant.invoices, page_size=20):
            assert len(batch.records) <= 20
            kept = batch.checkpoint
            drawn |= {str(getattr(each, "invoice_id")): encode(each) for each in batch.records}  # noqa: B009 - Model has none
        assert drawn == clerk.invoices()
        sandbox.advance(3600)
        clerk.act()
        (again,) = [batch async for batch in export.batches(tenant.invoices, after=kept)]
        assert len(again.records) == 1


async def test_a_full_disk_leaves_what_can_be_gone_on_with(tmp_path: Path) -> None:
    """A folder that cannot be written to any more is an `OSError`; once it can, the same call goes on."""
    async with standing(invoices=40) as (sandbox, (tenant,)):
        folder = tmp_path / tenant.id

        def fill(progress: ExportProgress) -> None:
            if progress.pages == 2:  # a directory stands where the next state would go: root may write anywhere
                (folder / ".invoices.jsonl.state.new").mkdir()

        with pytest.raises(OSError, match=r"state\.new"):
            await export(tenant, tmp_path, resources=["invoices"], page_size=10, on_progress=fill)
        (folder / ".invoices.jsonl.state.new").rmdir()
        before = sandbox.counters.calls
        summary = await export(tenant, tmp_path, resources=["invoices"], page_size=10)
        assert sandbox.counters.calls - before == summary.calls == 3
        assert rows(folder / "invoices.jsonl") == Clerk(sandbox, tenant.id).invoices()
