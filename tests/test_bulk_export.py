"""Export over the real sandbox: everything, exactly, in whole files or none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from xero_async import (
    ClientCredentials,
    Forbidden,
    InvalidArgument,
    Invoice,
    Limits,
    MissingScope,
    NotFound,
    RetryPolicy,
    StaticToken,
    Xero,
    scopes,
)
from xero_async.bulk import ExportProgress, export, listable
from xero_async.bulk.export import folder_names
from xero_async.sandbox import Fault, Sandbox, SandboxLimits
from xero_async.wire import decode, encode

DOCUMENTS = {
    "contacts": "Contacts",
    "credit_notes": "CreditNotes",
    "currencies": "Currencies",
    "employees": "Employees",
    "expense_claims": "ExpenseClaims",
    "invoices": "Invoices",
}
"""The sandbox's names of the resources that it counts."""


@asynccontextmanager
async def running(
    *, tenants: int = 1, faults: tuple[Fault, ...] = (), latency: float = 0.0
) -> AsyncGenerator[tuple[Sandbox, Xero]]:
    """A sandbox with 120 contacts and 450 invoices for each tenant, and a client with short waits."""
    async with Sandbox(
        contacts=120,
        invoices=450,
        tenants=tenants,
        limits=SandboxLimits(minute=1000),
        faults=faults,
        latency=latency,
    ) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        url, retry, limits = sandbox.base_url, RetryPolicy(base=0.01), Limits(minute=1000)
        async with Xero(auth, base_url=url, identity_url=sandbox.identity_url, retry=retry, limits=limits) as xero:
            yield sandbox, xero


def lines(path: Path) -> list[bytes]:
    """The lines of a file, each of which ends."""
    data = path.read_bytes()
    assert not data or data.endswith(b"\n")
    return data.splitlines()


def files_in(folder: Path) -> list[Path]:
    """Every file below a folder, but for those that wait there for the next run."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]


async def test_everything_is_exported_while_the_network_fails(tmp_path: Path) -> None:
    """Every resource that can be listed has its file, with as many rows as the sandbox counts, archived ones too."""
    faults = (Fault(kind="drop_after", every=3), Fault(kind="cut", every=5))
    async with running(faults=faults) as (sandbox, xero):
        tenant = xero.tenant(sandbox.tenants[0], bulk=True)
        summary = await export(tenant, tmp_path, page_size=100)
        counts = sandbox.documents.counts(tenant.id)
    rows = {path.stem: len(lines(path)) for path in files_in(tmp_path)}
    assert set(rows) == set(listable())
    assert {DOCUMENTS[name]: rows[name] for name in DOCUMENTS} == {name: counts[name] for name in DOCUMENTS.values()}
    assert rows == {file.resource: file.records for file in summary.files}
    assert summary.records == sum(rows.values())
    assert {file.path for file in summary.files} == set(files_in(tmp_path))


async def test_a_line_is_the_record_as_the_client_encodes_it(tmp_path: Path) -> None:
    """Each line reads as the record that was listed, and its money has every digit that the server sent."""
    async with running() as (sandbox, xero):
        tenant = xero.tenant(sandbox.tenants[0])
        await export(tenant, tmp_path, resources=["invoices"], page_size=200)
        listed = {invoice.invoice_id: invoice async for invoice in tenant.invoices.list()}
        query = {"page": "1", "pagesize": "1000"}
        answer = sandbox.documents.execute("getInvoices", tenant.id, {}, query, {}, b"", "")
    written = lines(tmp_path / tenant.id / "invoices.jsonl")
    assert len(written) == len(listed)
    for line in written:
        invoice = decode(Invoice, line, strict=True)
        assert invoice == listed[invoice.invoice_id]
        assert line == encode(invoice)
    sent = msgspec.json.decode(answer.body, type=_Sent).Invoices
    assert {digits(each) for each in map(msgspec.json.Decoder(Fields).decode, written)} == set(map(digits, sent))


Fields = dict[str, msgspec.Raw]
"""A record's fields, each as it stands in JSON."""


class _Sent(msgspec.Struct):
    """The sandbox's own answer."""

    Invoices: list[Fields]


def digits(invoice: Fields) -> tuple[bytes, ...]:
    """What tells an invoice, and its amounts, byte for byte."""
    return tuple(bytes(invoice[name]) for name in ("InvoiceID", "SubTotal", "TotalTax", "Total", "CurrencyRate"))


async def test_cancelling_leaves_what_was_there_before(tmp_path: Path) -> None:
    """An export that is cancelled in mid-file keeps the old file and what it drew, and leaves no task."""
    first_page = asyncio.Event()
    async with running(latency=0.05) as (sandbox, xero):
        tenant = xero.tenant(sandbox.tenants[0])
        path = tmp_path / tenant.id / "invoices.jsonl"
        path.parent.mkdir()
        path.write_text("old\n")
        task = asyncio.create_task(
            export(tenant, tmp_path, resources=["invoices"], page_size=10, on_progress=lambda _: first_page.set())
        )
        await asyncio.wait_for(first_page.wait(), 5)
        assert files_in(tmp_path) == [path]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert files_in(tmp_path) == [path]
        assert path.read_text() == "old\n"
        assert {each.name for each in path.parent.iterdir()} == {path.name, f".{path.name}.part", f".{path.name}.state"}
        assert not [each for each in asyncio.all_tasks() if "_Work" in repr(each) or "Pages" in repr(each)]


async def test_tenants_are_drawn_side_by_side_under_their_names(tmp_path: Path) -> None:
    """Two tenants advance together; each has a folder with its name, and one without a name has its id."""
    seen: list[ExportProgress] = []
    async with running(tenants=2, latency=0.02) as (sandbox, xero):
        tenants = [xero.tenant(tenant_id) for tenant_id in sandbox.tenants]
        names = {tenants[0].id: "Harbour/Books: Ltd."}
        await export(tenants, tmp_path, resources=["invoices"], names=names, page_size=50, on_progress=seen.append)
    assert {path.parent.name for path in files_in(tmp_path)} == {"Harbour_Books_ Ltd", tenants[1].id}
    order = [progress.tenant for progress in seen]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)


async def test_progress_tells_pages_and_the_end(tmp_path: Path) -> None:
    """After each page the hook gets the records so far and Xero's counts; then the changes, and that all is there."""
    seen: list[tuple[ExportProgress, bool]] = []
    async with running() as (sandbox, xero):
        tenant = xero.tenant(sandbox.tenants[0])
        path = tmp_path / tenant.id / "contacts.jsonl"
        await export(
            tenant,
            tmp_path,
            resources=["contacts"],
            page_size=50,
            on_progress=lambda progress: seen.append((progress, path.exists())),
        )
    told = [(each.step, each.records, each.pages, each.page, each.page_count, each.item_count) for each, _ in seen]
    assert told[:3] == [("crawl", 50, 1, 1, 3, 120), ("crawl", 100, 2, 2, 3, 120), ("crawl", 120, 3, 3, 3, 120)]
    assert told[3:] == [("changes", 120, 4, 1, 0, 0)] * 2
    assert [progress.done for progress, _ in seen] == [False] * 4 + [True]
    assert [exists for _, exists in seen] == [False] * 4 + [True]


async def test_filters_reach_what_takes_them(tmp_path: Path) -> None:
    """`where` narrows the resources named; `modified_since` narrows what Xero can narrow and leaves the rest whole."""
    async with running() as (sandbox, xero):
        tenant = xero.tenant(sandbox.tenants[0])
        await export(tenant, tmp_path / "a", resources=["invoices"], where='Status=="PAID"')
        await export(tenant, tmp_path / "b", modified_since=datetime(2100, 1, 1, tzinfo=UTC))
    paid = [decode(Invoice, line) for line in lines(tmp_path / "a" / tenant.id / "invoices.jsonl")]
    assert 0 < len(paid) < 450
    assert {invoice.status for invoice in paid} == {"PAID"}
    since = {path.stem: len(lines(path)) for path in files_in(tmp_path / "b")}
    assert since["invoices"] == since["contacts"] == 0
    assert since["currencies"] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"resources": ["invoices", "bills"]},
        {"resources": "invoices"},
        {"where": "x"},
        {"resources": ["invoice_reminders"], "where": "x"},
        {"page_size": 0},
        {"page_size": 1001},
        {"modified_since": datetime(2026, 1, 1)},
    ],
)
async def test_what_cannot_be_right_is_refused_before_the_first_call(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Unknown names, filters without a resource that takes them, odd sizes, naive moments: no call, no file."""
    async with running() as (sandbox, xero):
        with pytest.raises(InvalidArgument):
            await export(xero.tenant(sandbox.tenants[0]), tmp_path, **wrong)
        assert sandbox.counters.calls == 0
    assert os.listdir(tmp_path) == []


async def test_one_tenant_that_fails_ends_the_export(tmp_path: Path) -> None:
    """The error is raised as it is, with a note of where; nothing half-written stays, of no tenant."""
    async with running(latency=0.02) as (sandbox, xero):
        tenants = [xero.tenant(sandbox.tenants[0]), xero.tenant("stranger")]
        with pytest.raises(Forbidden) as caught:
            await export(tenants, tmp_path, resources=["invoices"], page_size=10)
    assert caught.value.__notes__ == ["while exporting invoices of stranger"]
    assert files_in(tmp_path) == []


async def test_a_folder_that_cannot_be_is_an_os_error(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the export says so, before the first call."""
    (tmp_path / "taken").write_text("")
    async with running() as (sandbox, xero):
        with pytest.raises(OSError, match="taken"):
            await export(xero.tenant(sandbox.tenants[0]), tmp_path / "taken")
        assert sandbox.counters.calls == 0


def client(sandbox: Sandbox, wanted: Iterable[str] = (), **options: Any) -> Xero:
    """A client whose token has some scopes alone."""
    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret, scopes=wanted)
    limits = Limits(minute=1000)
    return Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, limits=limits, **options)


async def test_what_the_token_may_not_read_is_left_out_unless_it_was_named(tmp_path: Path) -> None:
    """With the scopes for an export all is exported but the payment services, and the summary says which scope lacks.

    A resource that was named raises, and so does a tenant that the token does not reach.
    """
    async with running() as (sandbox, _), client(sandbox, scopes.for_purpose("export")) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        summary = await export(tenant, tmp_path)
        (skipped,) = summary.skipped
        assert (skipped.tenant, skipped.resource) == (tenant.id, "payment_services")
        assert "Grant the app the scope paymentservices" in skipped.reason
        assert {path.stem for path in files_in(tmp_path)} == set(listable()) - {"payment_services"}
        with pytest.raises(MissingScope, match="paymentservices"):
            await export(tenant, tmp_path, resources=["contacts", "payment_services"])
        with pytest.raises(Forbidden):
            await export(xero.tenant("stranger"), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists() or files_in(tmp_path / "nothing") == []


@pytest.mark.parametrize("status", [403, 404])
async def test_a_list_that_an_organisation_has_not_is_left_out(tmp_path: Path, status: int) -> None:
    """Where one list is refused and the organisation is not, the others are exported; a whole refusal raises."""
    closed = {"/api.xro/2.0/Budgets"}

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"Status": "OK"}, status=status if request.path in closed else 200)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        limits, retry = Limits(minute=1000), RetryPolicy(base=0.01)
        async with Xero(StaticToken("t"), base_url=str(server.make_url("")), limits=limits, retry=retry) as xero:
            summary = await export(xero.tenant("t"), tmp_path)
            assert [each.resource for each in summary.skipped] == ["budgets"]
            assert len(summary.files) == len(listable()) - 1
            closed.add("/api.xro/2.0/Organisation")
            with pytest.raises((Forbidden, NotFound)):
                await export(xero.tenant("t"), tmp_path)


async def test_decimals_are_not_mixed(tmp_path: Path) -> None:
    """With another `unitdp` than before everything is drawn again, and says so; with the same, what has changed."""
    async with running() as (sandbox, _):
        told: list[str] = []
        for unitdp in (None, 4, 4, 2):
            async with client(sandbox, unitdp=unitdp) as xero:
                tenant = xero.tenant(sandbox.tenants[0])
                summary = await export(tenant, tmp_path, resources=["invoices", "contacts"])
                told += [f"{file.resource} {file.pages}: {file.restarted}" for file in summary.files]
                if unitdp:
                    (first, *_) = [batch async for batch in export.batches(tenant.invoices)]
                    assert f'\\"unitdp\\":{unitdp}'.encode() in first.checkpoint
    others = "the decimals are others than before"
    assert told[::2] == ["invoices 1: ", f"invoices 1: {others}", "invoices 1: ", f"invoices 1: {others}"]
    assert told[1::2] == ["contacts 1: "] * 4


@given(
    st.dictionaries(st.uuids().map(str), st.text(max_size=120) | st.sampled_from(["Demo", "DEMO", "CON", "..", "a/b"]))
)
def test_folders_are_fit_for_any_file_system_and_differ(names: dict[str, str]) -> None:
    """Whatever tenants are called, their folders differ, even where case does not count, and none leads elsewhere."""
    folders = folder_names(names)
    assert folders.keys() == names.keys()
    assert len({folder.casefold() for folder in folders.values()}) == len(names)
    for folder in folders.values():
        assert folder == Path(folder).name
        assert folder.strip(" .") == folder
        assert folder.casefold() not in {"con", "..", "."}
    assert folder_names(folders) == folders
