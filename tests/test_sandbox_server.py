"""The sandbox's HTTP face: routes, names, compression, errors and headers, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from sandbox_client import Client, Dropped, invoices, running, until

from xero_async import operations
from xero_async.sandbox import Sandbox
from xero_async.sandbox.routing import Router
from xero_async.wire.errors import InvalidArgument

GUID = "0f6dd5bb-5f3c-4bd8-9c52-0d5f1f7a3c11"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of an empty sandbox without limits."""
    async with running() as client:
        yield client


@pytest.fixture(scope="module")
def router() -> Router:
    """The routes of the whole table."""
    return Router(operations())


def test_every_row_of_the_table_is_found_under_its_own_id(router: Router) -> None:
    """A path made from any row leads back to that row, ids being GUIDs and everything else being names."""
    for row in operations():
        parts = [
            (GUID if part.endswith("ID}") else "some name") if part.startswith("{") else part
            for part in row.path.strip("/").split("/")
        ]
        match = router.find(row.method, parts)
        assert match is not None
        assert match.operation == row.id


@pytest.mark.parametrize(
    ("method", "path", "operation", "values"),
    [
        ("GET", "invoices", "getInvoices", {}),
        ("GET", "INVOICES/INV-1", "getInvoice", {"InvoiceID": "INV-1"}),
        ("GET", "invoicereminders/settings", "getInvoiceReminders", {}),
        ("GET", f"Contacts/{GUID}", "getContact", {"ContactID": GUID, "ContactNumber": GUID}),
        ("GET", "Contacts/C-7", "getContactByContactNumber", {"ContactID": "C-7", "ContactNumber": "C-7"}),
        (
            "GET",
            f"Contacts/{GUID}/attachments/a.png",
            "getContactAttachmentByFileName",
            {"ContactID": GUID, "AttachmentID": "a.png", "FileName": "a.png"},
        ),
        (
            "GET",
            f"Contacts/{GUID}/Attachments/{GUID}",
            "getContactAttachmentById",
            {"ContactID": GUID, "AttachmentID": GUID, "FileName": GUID},
        ),
    ],
)
def test_paths_find_their_operation(
    router: Router, method: str, path: str, operation: str, values: dict[str, str]
) -> None:
    """Case does not matter, literals win over parameters, and a path that two rows share keeps both meanings."""
    match = router.find(method, path.split("/"))
    assert match is not None
    assert (match.operation, match.path) == (operation, values)


class Row(NamedTuple):
    """A row of a table made up for a test."""

    id: str
    method: str
    path: str


def test_a_literal_is_preferred_to_a_parameter() -> None:
    """Whichever row comes first, `/Items/Settings` is not the item called Settings."""
    rows = [Row("one", "GET", "/Items/{ItemID}"), Row("settings", "GET", "/Items/Settings")]
    for table in (rows, rows[::-1]):
        router = Router(table)
        assert router.find("GET", ["items", "settings"]) == ("settings", {}, None)
        assert router.find("GET", ["items", "7"]) == ("one", {"ItemID": "7"}, None)


def test_what_is_in_no_table_is_not_found(router: Router) -> None:
    """A method that a path does not take, a path too deep and an empty one lead nowhere."""
    assert router.find("PATCH", ["Invoices"]) is None
    assert router.find("GET", ["Invoices", GUID, "Attachments", "a", "b"]) is None
    assert router.find("GET", []) is None


async def test_paths_and_query_names_may_have_any_case_and_a_trailing_slash(client: Client) -> None:
    """`/api.XRO/2.0/invoices/?PAGE=1` is read like `/api.xro/2.0/Invoices?page=1`."""
    await client.call("PUT", "/Invoices", invoices("A-1"))
    plain = await client.call("GET", "/Invoices?page=1")
    odd = await client.send("GET", "/api.XRO/2.0/invoices/?PAGE=1")
    assert odd.status == plain.status == 200
    assert odd.json()["Invoices"] == plain.json()["Invoices"]
    assert client.sandbox.counters.operations == {"createInvoices": 1, "getInvoices": 2}


@pytest.mark.parametrize("name", ["a #&%()é.png", "plus+and space.png", "100%25.png", "ünï\u2028.png"])
async def test_attachment_names_survive_byte_for_byte(client: Client, name: str) -> None:
    """A file goes up, is listed and comes down under exactly the name that was sent, however odd."""
    contact = (await client.call("PUT", "/Contacts", {"Contacts": [{"Name": "Harbour Books"}]})).json()["Contacts"][0]
    folder = f"/Contacts/{contact['ContactID']}/Attachments"
    escaped = "".join(f"%{byte:02X}" for byte in name.encode())
    up = await client.call("PUT", f"{folder}/{escaped}", b"\x89PNG\x00", headers={"Content-Type": "image/png"})
    listed = await client.call("GET", folder)
    down = await client.call("GET", f"{folder}/{escaped}", headers={"contentType": "image/png", "Accept": "*/*"})
    assert up.status == 200
    assert [each["FileName"] for each in listed.json()["Attachments"]] == [name]
    assert (down.status, down.body) == (200, b"\x89PNG\x00")


async def test_accepting_a_pdf_makes_a_record_come_as_one(client: Client) -> None:
    """The record's own address serves the pdf operation to a client that accepts `application/pdf`."""
    contact = {"Contact": {"Name": "Harbour Books"}, "Type": "ACCRECCREDIT"}
    made = await client.call("PUT", "/CreditNotes", {"CreditNotes": [contact]})
    note = made.json()["CreditNotes"][0]["CreditNoteID"]
    as_pdf = await client.call("GET", f"/CreditNotes/{note}", headers={"Accept": "application/pdf"})
    as_json = await client.call("GET", f"/CreditNotes/{note}")
    assert as_pdf.body.startswith(b"%PDF")
    assert as_pdf.headers["Content-Type"].startswith("application/pdf")
    assert as_json.json()["CreditNotes"][0]["CreditNoteID"] == note
    assert client.sandbox.counters.operations["getCreditNoteAsPdf"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api.xro/2.0/Nothing"), ("PATCH", "/api.xro/2.0/Nothing"), ("GET", "/favicon.ico"), ("GET", "/")],
)
async def test_unknown_paths_are_404_in_plain_text(client: Client, method: str, path: str) -> None:
    """What exists nowhere is told so in plain text."""
    reply = await client.send(method, path)
    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("text/plain")


async def test_a_url_that_is_too_long_is_misleadingly_not_found(client: Client) -> None:
    """One character over 2,091 the answer is a 404; at 2,091 it is the list."""
    room = 2091 - len(f"{client.sandbox.base_url}/api.xro/2.0/Invoices?page=1&searchTerm=")
    fits = await client.call("GET", f"/Invoices?page=1&searchTerm={'x' * room}")
    over = await client.call("GET", f"/Invoices?page=1&searchTerm={'x' * (room + 1)}")
    far_over = await client.call("GET", f"/Invoices?page=1&searchTerm={'x' * 60_000}")
    assert [fits.status, over.status, far_over.status] == [200, 404, 404]


async def test_answers_are_compressed_for_clients_that_take_gzip(client: Client) -> None:
    """A long answer comes as gzip, or plain where the client does not accept that, and is the same document."""
    await client.call("PUT", "/Invoices", invoices(*(f"A-{n}" for n in range(20))))
    plain = await client.call("GET", "/Invoices?page=1", headers={"Accept-Encoding": "identity"})
    squeezed = await client.call("GET", "/Invoices?page=1", headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert plain.json()["Invoices"] == squeezed.json()["Invoices"]
    assert int(squeezed.headers["Content-Length"]) < len(plain.body) / 3


async def test_compressed_request_bodies_are_read(client: Client) -> None:
    """A body sent as gzip creates what the plain body would."""
    plain = b'{"Contacts": [{"Name": "Harbour Books"}]}'
    sent = await client.call("PUT", "/Contacts", gzip.compress(plain), headers={"Content-Encoding": "gzip"})
    assert sent.status == 200
    assert sent.json()["Contacts"][0]["Name"] == "Harbour Books"


async def test_a_body_that_cannot_be_unpacked_is_the_callers_fault(client: Client) -> None:
    """Bytes that are not gzip, but say so, get a 400."""
    reply = await client.call("PUT", "/Contacts", b"not gzip at all", headers={"Content-Encoding": "gzip"})
    assert reply.status == 400


async def test_every_answer_carries_a_correlation_id(client: Client) -> None:
    """Results, errors, connections and tokens all have an `Xero-Correlation-Id` of their own."""
    replies = [
        await client.call("GET", "/Invoices?page=1"),
        await client.call("GET", "/Nothing"),
        await client.send("GET", "/connections"),
        await client.sign_in(),
        await client.call("GET", "/Invoices", headers={"Authorization": "Bearer nobody"}),
    ]
    ids = {str(uuid.UUID(reply.headers["Xero-Correlation-Id"])) for reply in replies}
    assert len(ids) == len(replies)


async def test_a_failing_engine_is_xeros_500_and_is_logged(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the engine answers as Xero does, shows nothing of itself, and reaches the log."""

    def broken(*_: object) -> None:
        raise LookupError("the innards")

    monkeypatch.setattr(client.sandbox.documents, "execute", broken)
    with caplog.at_level(logging.ERROR, "xero_async.sandbox"):
        reply = await client.call("GET", "/Invoices")
    assert reply.status == 500
    assert reply.json()["Title"] == "An error occurred"
    assert reply.json()["Status"] == 500
    uuid.UUID(reply.json()["Instance"])
    assert b"innards" not in reply.body
    assert "getInvoices" in caplog.text


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /api.xro/2.0/Invoices/\xff\xfe HTTP/1.1",
        b"GET /api.xro/2.0/Invoices/%ff%00%zz HTTP/1.1",
        b"GET /api.xro/2.0/Invoices?%ff=%fe&\xc3\x28=1&page HTTP/1.1",
        b"GET //api.xro//2.0///../../Invoices HTTP/1.1",
        b"GET http://elsewhere/api.xro/2.0/Invoices HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ],
)
async def test_odd_request_lines_never_break_the_server(client: Client, request_line: bytes) -> None:
    """Bytes that no client should send get an answer of the 4xx kind or a result, never a 500."""
    host, port = client.sandbox.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = f"Authorization: Bearer {client.token}\r\nXero-Tenant-Id: {client.tenant}\r\n"
    writer.write(request_line + f"\r\nHost: x\r\n{token}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500


async def test_the_same_seed_is_the_same_sandbox() -> None:
    """Ids and secrets follow from the seed; another seed gives others."""
    told = [Sandbox(seed=seed, tenants=2).announcement() for seed in (1, 1, 2)]
    assert told[0] == told[1]
    assert told[0]["client_id"] != told[2]["client_id"]
    assert len(set(told[0]["tenants"])) == 2


async def test_the_same_seed_gives_the_same_documents_and_each_tenant_its_own() -> None:
    """Two sandboxes of one seed list the same invoices; two tenants of one sandbox do not."""

    async def ids(client: Client, tenant: str) -> set[str]:
        client.tenant = tenant
        return {each["InvoiceID"] for each in (await client.call("GET", "/Invoices?page=1")).json()["Invoices"]}

    async with running(contacts=2, invoices=5, tenants=2) as one, running(contacts=2, invoices=5, tenants=2) as other:
        first, second = one.sandbox.tenants
        assert len(await ids(one, first)) == 5
        assert await ids(one, first) == await ids(other, first)
        assert not await ids(one, first) & await ids(one, second)


async def test_a_file_keeps_its_documents_and_is_not_seeded_twice(tmp_path: Path) -> None:
    """A sandbox entered again on the same file has what the first one had, and no more."""
    counts = list[dict[str, int]]()
    for _ in range(2):
        async with Sandbox(store=str(tmp_path / "store.db"), contacts=2, invoices=5) as sandbox:
            counts.append(sandbox.counters.documents[sandbox.tenants[0]])
    assert counts[0] == counts[1]
    assert counts[0]["Invoices"] == 5


async def test_the_announcement_is_all_that_a_client_needs(client: Client) -> None:
    """It names the two roots, the client's credentials and the tenants, and the roots are on loopback."""
    told = client.sandbox.announcement()
    assert {"base_url", "client_id", "client_secret", "identity_url", "tenants"} <= set(told)
    assert told["tenants"] == client.sandbox.tenants
    assert str(told["base_url"]).startswith("http://127.0.0.1:")


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind(client: Client) -> None:
    """A second sandbox on the same port raises OSError, and the first goes on."""
    port = int(client.sandbox.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match=r"address already in use|\[Errno"):
        async with Sandbox(port=port):
            pytest.fail("two sandboxes on one port")
    assert (await client.call("GET", "/Invoices")).status == 200


@pytest.mark.parametrize(
    "make",
    [
        partial(Sandbox, tenants=0),
        partial(Sandbox, contacts=-1),
        partial(Sandbox, latency=-0.1),
        partial(Sandbox, token_life=-1),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make: Callable[[], Sandbox]) -> None:
    """No tenant at all, or a negative number, raises before anything starts."""
    with pytest.raises(InvalidArgument):
        make()


async def test_leaving_ends_the_calls_that_still_run() -> None:
    """A sandbox is gone about a second after it is left, with calls still running, their clients there or not."""
    async with aiohttp.ClientSession() as http:
        async with running(latency=60) as client:
            gone, waiting = (asyncio.create_task(client.call("GET", "/Invoices")) for _ in range(2))
            await until(lambda: client.sandbox.counters.calls == 2)
            gone.cancel()
            started = time.monotonic()
        assert time.monotonic() - started < 3
        with pytest.raises(Dropped):
            await waiting
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(client.sandbox.base_url)
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()]
