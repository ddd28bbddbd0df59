"""The log of requests and answers: what it tells, what it covers, and how much it keeps."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sandbox_client import Client, invoices, running

from xero_async.sandbox import Fault, Sandbox
from xero_async.wire.errors import InvalidArgument


async def entries(client: Client, query: str = "") -> list[dict[str, Any]]:  # Any: JSON
    """The log as another process reads it."""
    told: list[dict[str, Any]] = (await client.send("GET", f"/sandbox/log{query}")).json()["entries"]
    return told


async def test_an_entry_tells_the_request_and_its_answer() -> None:
    """Method, path, operation, tenant, key, both bodies, status, and the correlation id that the client got."""
    async with running() as client:
        reply = await client.create("A-1", "key-1")
        entry = (await entries(client))[-1]
        assert (entry["method"], entry["path"]) == ("PUT", "/api.xro/2.0/Invoices")
        assert (entry["operation"], entry["tenant"], entry["key"]) == ("createInvoices", client.tenant, "key-1")
        assert '"A-1"' in entry["request_body"]
        assert entry["answer_body"] == reply.body.decode()[:4096]
        assert (entry["status"], entry["answer_bytes"], entry["replayed"]) == (200, len(reply.body), False)
        assert entry["correlation_id"] == reply.headers["Xero-Correlation-Id"]
        assert 0 <= entry["took"] < 5
        await client.create("A-1", "key-1")
        assert (await entries(client))[-1]["replayed"] is True


async def test_faults_are_told_with_the_requests_that_they_struck() -> None:
    """An answer that never left has no status; a replaced one has the status that was sent."""
    async with running() as client:
        client.sandbox.inject([Fault(kind="drop_after", at=(1,)), Fault(kind="503", at=(2,))])
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the client makes of a dropped connection
            await client.call("GET", "/Invoices")
        await client.call("GET", "/Invoices")
        assert [(each["faults"], each["status"]) for each in (await entries(client))[-2:]] == [
            (["drop_after"], None),
            (["503"], 503),
        ]


async def test_no_secret_is_in_the_log() -> None:
    """Neither the tokens nor the client's secret are, however they were sent, and what stands beside them still is."""
    async with running() as client:
        sandbox = client.sandbox
        secrets = [client.token, sandbox.client_secret]
        basic = base64.b64encode(f"{sandbox.client_id}:{sandbox.client_secret}".encode()).decode()
        form = b"grant_type=refresh_token&refresh_token=very-hidden&code=also-hidden"
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        await client.send("POST", "/connect/token", form, headers=headers)
        await client.send("GET", "/identity/connect/authorize?client_id=x&state=hidden-state&code=hidden-too")
        await client.send("POST", "/connect/revocation", b"token=revoked-token", headers=headers)
        await client.call("GET", "/Invoices")
        text = (await client.send("GET", "/sandbox/log")).body.decode()
        for secret in (*secrets, basic, "very-hidden", "also-hidden", "hidden-state", "hidden-too", "revoked-token"):
            assert secret not in text
        assert "grant_type=refresh_token&refresh_token=***" in text
        assert '"Authorization":"Bearer ***"' in text


async def test_the_log_is_bounded() -> None:
    """It keeps the latest so many, more or fewer when told, none at all if that is wanted; bodies are cut."""
    async with running() as client:
        await client.send("POST", "/sandbox/log", {"size": 3})
        for n in range(5):
            await client.call("GET", f"/Invoices?page={n + 1}")
        kept = await entries(client)
        assert [each["path"][-6:] for each in kept] == ["page=3", "page=4", "page=5"]
        client.sandbox.log.size = 2
        assert [each.number for each in client.sandbox.log.entries()] == [each["number"] for each in kept[1:]]
        await client.call("PUT", "/Invoices", invoices(*(f"A-{n}" for n in range(100))))
        entry = client.sandbox.log.entries()[-1]
        assert (len(entry.request_body), entry.request_bytes > 20_000) == (4096, True)
        client.sandbox.log.size = 0
        await client.call("GET", "/Invoices")
        assert client.sandbox.log.entries() == []


async def test_the_log_is_read_on_from_where_one_was() -> None:
    """`since` gives what came after a number, `limit` the latest so many; clearing forgets, and numbers count on."""
    async with running() as client:
        await client.call("GET", "/Invoices")
        last = (await entries(client))[-1]["number"]
        await client.call("GET", "/Contacts")
        await client.call("GET", "/Items")
        assert [each["operation"] for each in await entries(client, f"?since={last}")] == ["getContacts", "getItems"]
        assert [each["operation"] for each in await entries(client, "?limit=1")] == ["getItems"]
        assert (await client.send("DELETE", "/sandbox/log")).status == 204
        assert await entries(client) == []
        await client.call("GET", "/Items")
        assert (await entries(client))[0]["number"] == last + 3


async def test_odd_bytes_can_be_logged() -> None:
    """Bytes that are no text in a body, an address or a header leave a log that is still JSON."""
    async with running() as client:
        await client.call("PUT", "/Invoices?%ff=%fe", b"\xff\xfe", headers={"Idempotency-Key": "k\udcff"})
        await client.call("PUT", "/Invoices", b"\x00\x01", headers={"Content-Type": "image/png"})
        first, second = (await entries(client))[-2:]
        assert first["status"] == 400
        assert second["request_body"] == "<2 bytes>"


def test_a_log_has_a_size_that_fits() -> None:
    """Fewer than no entries, or millions, are refused before anything starts."""
    for size in (-1, 10_000_000):
        with pytest.raises(InvalidArgument):
            Sandbox(log_size=size)
