"""The fault plan: when rows strike, what they do over the wire, and what is left in the store."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_client import Client, Dropped, running, until

from xero_async.sandbox import Fault, FaultPlan, Sandbox, SandboxLimits
from xero_async.wire.errors import InvalidArgument


def strikes(plan: FaultPlan, calls: int, operation: str = "getInvoices", method: str = "GET") -> list[str]:
    """What a plan does to so many calls at the door."""
    struck = (plan.strike("door", operation, method) for _ in range(calls))
    return [fault.kind if fault else "" for fault in struck]


def invoice_count(client: Client) -> int:
    """Invoices in the store of the client's tenant."""
    return client.sandbox.counters.documents[client.tenant]["Invoices"]


def test_a_row_without_a_rhythm_strikes_each_time_up_to_its_times() -> None:
    """`times` ends it."""
    assert strikes(FaultPlan([Fault(kind="502", times=2)]), 4) == ["502", "502", "", ""]


def test_every_nth_call_is_struck() -> None:
    """`every=3` strikes the third, sixth and ninth."""
    assert strikes(FaultPlan([Fault(kind="502", every=3)]), 9) == ["", "", "502"] * 3


def test_a_row_counts_only_the_calls_that_it_is_meant_for() -> None:
    """Calls of another operation or method neither strike nor count."""
    plan = FaultPlan([Fault(kind="502", operation="createInvoices", method="put", every=2)])
    assert strikes(plan, 5) == [""] * 5
    assert strikes(plan, 2, "createInvoices", "PUT") == ["", "502"]


@given(seed=st.integers(0, 2**32), probability=st.floats(0.01, 0.99))
def test_chance_is_the_same_for_the_same_seed(seed: int, probability: float) -> None:
    """Two plans of one seed strike the same calls."""
    rows = [Fault(kind="502", probability=probability)]
    assert strikes(FaultPlan(rows, seed=seed), 50) == strikes(FaultPlan(rows, seed=seed), 50)


def test_chance_strikes_about_as_often_as_it_says() -> None:
    """A probability of 0.2 strikes 1,000 calls about 200 times."""
    assert 150 < strikes(FaultPlan([Fault(kind="502", probability=0.2)]), 1000).count("502") < 250


def test_two_rows_due_at_once_strike_one_after_the_other() -> None:
    """The later row is not lost: it strikes the next call."""
    plan = FaultPlan([Fault(kind="502", every=2), Fault(kind="503", every=4)])
    assert strikes(plan, 9) == ["", "502", "", "502", "503", "502", "", "502", "503"]


def test_no_strike_is_lost_behind_another_row() -> None:
    """A row kept waiting through four calls makes up for both of its strikes."""
    plan = FaultPlan([Fault(kind="502", times=4), Fault(kind="503", every=2)])
    assert strikes(plan, 9) == ["502"] * 4 + ["503"] * 4 + [""]


def test_a_plan_can_be_written_as_text() -> None:
    """Kinds and fields, short names too, read into the rows they stand for."""
    text = "drop_after:every=7,502:p=0.05, slow:op=getInvoices:s=2.5:times=3,html:status=200,minute"
    assert list(FaultPlan.parse(text)) == [
        Fault(kind="drop_after", every=7),
        Fault(kind="502", probability=0.05),
        Fault(kind="slow", operation="getInvoices", seconds=2.5, times=3),
        Fault(kind="html", status=200),
        Fault(kind="minute"),
    ]
    assert list(FaultPlan.parse("")) == []


@pytest.mark.parametrize(
    "text",
    ["earthquake", "502:every", "502:every=x", "502:every=0", "502:p=1.5", "502:evry=3", "502:p=0.5:n=2", "slow:s=-1"],
)
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    """An unknown kind or field, a bad number or a contradiction is an error that repeats the text."""
    with pytest.raises(InvalidArgument):
        FaultPlan.parse(text)


def test_an_unknown_kind_is_answered_with_those_there_are() -> None:
    """Who misspells a kind is told all of them."""
    with pytest.raises(InvalidArgument, match=r"no fault 'drop'; there are drop_before, 502, .*, slow"):
        FaultPlan.parse("502:p=0.5,drop")


def test_a_plan_for_an_operation_that_does_not_exist_is_refused() -> None:
    """A misspelt operation would never strike, so it is an error at once."""
    with pytest.raises(InvalidArgument, match="createInvoice"):
        Sandbox(faults=[Fault(kind="502", operation="createInvoice")])


@pytest.mark.parametrize(
    ("kind", "retry_after", "exhausted"),
    [
        ("minute", "1", "X-MinLimit-Remaining"),
        ("day", "3600", "X-DayLimit-Remaining"),
        ("appminute", None, "X-AppMinLimit-Remaining"),
        ("concurrent", None, None),
    ],
)
async def test_injected_429s_look_like_real_ones(kind: str, retry_after: str | None, exhausted: str | None) -> None:
    """Each kind has its problem, its Retry-After or none, nothing left of what it names, and is not done."""
    async with running(limits=SandboxLimits(), faults=FaultPlan.parse(f"{kind}:times=1")) as client:
        reply = await client.create("A-1", "key-1")
        assert (reply.status, reply.body) == (429, b"")
        assert reply.headers["X-Rate-Limit-Problem"] == kind
        assert reply.headers.get("Retry-After") == retry_after
        left = {name: reply.headers[name] for name in reply.headers if name.endswith("-Remaining")}
        assert [name for name, value in left.items() if value == "0"] == ([exhausted] if exhausted else [])
        assert invoice_count(client) == 0
        assert (await client.create("A-1", "key-1")).status == 200
        assert (client.sandbox.counters.injected, client.sandbox.counters.rejections) == ({kind: 1}, {})


@pytest.mark.parametrize(
    ("text", "status", "content_type", "body"),
    [
        ("502", 502, None, b""),
        ("503", 503, "text/plain", b"offline"),
        ("504", 504, None, b""),
        ("html", 502, "text/html", b"<html>"),
        ("html:status=200", 200, "text/html", b"<html>"),
    ],
)
async def test_a_gateway_may_answer_in_xeros_place(
    text: str, status: int, content_type: str | None, body: bytes
) -> None:
    """502 and 504 are empty, 503 is plain text, html is a page of either status; none does the write."""
    async with running(faults=FaultPlan.parse(f"{text}:times=1")) as client:
        reply = await client.create("A-1", "key-1")
        assert reply.status == status
        assert (reply.headers.get("Content-Type") or "").startswith(content_type or "")
        assert body in reply.body
        assert (invoice_count(client), (await client.create("A-1", "key-1")).status) == (0, 200)


async def test_a_500_has_xeros_shape_and_does_nothing() -> None:
    """The injected 500 looks like Xero's own, and the write is not done."""
    async with running(faults=[Fault(kind="500", method="PUT")]) as client:
        reply = await client.create("A-1")
        assert (reply.status, reply.json()["Status"], reply.json()["Title"]) == (500, 500, "An error occurred")
        assert invoice_count(client) == 0
        assert (await client.call("GET", "/Invoices")).status == 200


async def test_a_connection_dropped_before_the_write_leaves_nothing() -> None:
    """The client sees a closed connection; nothing was done, and no call was spent."""
    async with running(limits=SandboxLimits(), faults=[Fault(kind="drop_before", times=1)]) as client:
        with pytest.raises(Dropped):
            await client.create("A-1", "key-1")
        assert invoice_count(client) == 0
        assert (await client.create("A-1", "key-1")).headers["X-MinLimit-Remaining"] == "59"
        assert client.sandbox.counters.dropped == 1


async def test_a_connection_dropped_after_the_write_leaves_it_done_and_replayable() -> None:
    """The answer is lost, the invoice is there, and the same key gives the answer without a second invoice."""
    async with running(limits=SandboxLimits(), faults=[Fault(kind="drop_after", times=1)]) as client:
        with pytest.raises(Dropped):
            await client.create("A-1", "key-1")
        assert invoice_count(client) == 1
        again = await client.create("A-1", "key-1")
        assert (again.status, again.json()["Invoices"][0]["InvoiceNumber"]) == (200, "A-1")
        assert again.headers["X-MinLimit-Remaining"] == "58"
        seen = client.sandbox.counters
        assert (invoice_count(client), seen.replays, seen.duplicates, seen.dropped) == (1, 1, 0, 1)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_cut_body_is_announced_whole_and_ends_halfway(encoding: str) -> None:
    """The status and the full Content-Length arrive, half of the body, and then the connection closes."""
    async with running(invoices=20, contacts=5, faults=[Fault(kind="cut")]) as client:
        host, port = client.sandbox.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = {"Authorization": f"Bearer {client.token}", "Xero-Tenant-Id": client.tenant, "Accept-Encoding": encoding}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"GET /api.xro/2.0/Invoices?page=1 HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        received, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        length = int(received.lower().split(b"content-length: ")[1].split()[0])
        assert received.startswith(b"HTTP/1.1 200")
        assert len(body) == length // 2 > 100
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.call("GET", "/Invoices?page=1", headers={"Accept-Encoding": encoding})


async def test_a_slow_answer_comes_late_and_whole() -> None:
    """The answer takes the seconds of the row, holds its place among those in flight, and loop and store go on."""
    faults = [Fault(kind="slow", seconds=0.6, times=1)]
    async with running(limits=SandboxLimits(concurrent=2), faults=faults, stands=False) as client:
        started = time.monotonic()
        slow = asyncio.create_task(client.create("A-1"))
        await until(lambda: invoice_count(client) == 1)
        assert (await client.call("GET", "/Invoices")).status == 200
        assert time.monotonic() - started < 0.6
        assert (await slow).status == 200
        assert time.monotonic() - started >= 0.6


async def test_a_fault_waits_for_a_call_that_reaches_its_stage() -> None:
    """A row for the answer is not spent on a call that is turned away before."""
    async with running(faults=[Fault(kind="drop_after", times=1)]) as client:
        assert (await client.call("GET", "/Invoices", headers={"Authorization": ""})).status == 401
        assert client.sandbox.counters.injected == {}
        with pytest.raises(Dropped):
            await client.call("GET", "/Invoices")
        assert client.sandbox.counters.injected == {"drop_after": 1}
