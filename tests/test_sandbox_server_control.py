"""The sandbox's control plane: counters, faults and the clock, as another process reaches them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from sandbox_client import STILL, running

from xero_async.sandbox import Counters, Fault, SandboxLimits


async def test_the_front_page_says_that_this_is_a_simulation() -> None:
    """`GET /sandbox/` needs no token and says what answers; so does the `Server` header of every answer."""
    async with running() as client:
        reply = await client.send("GET", "/sandbox/", headers={"Authorization": ""})
        assert (reply.status, b"simulation" in reply.body) == (200, True)
        assert "simulation" in (await client.call("GET", "/Invoices")).headers["Server"]


async def test_counters_tell_the_same_within_and_over_http() -> None:
    """What `/sandbox/counters` sends decodes to exactly what `sandbox.counters` gives in the process."""
    async with running(contacts=3, invoices=5) as client:
        await client.call("GET", "/Invoices?page=1")
        reply = await client.send("GET", "/sandbox/counters")
        assert msgspec.json.decode(reply.body, type=Counters) == client.sandbox.counters


async def test_counters_are_a_copy() -> None:
    """What was read once does not change with later calls."""
    async with running() as client:
        before = client.sandbox.counters
        await client.call("GET", "/Invoices")
        assert (before.calls, before.operations) == (0, {})


async def test_calls_are_counted_by_operation_and_size() -> None:
    """Each call counts once under its operation, tokens apart, and the bytes are those of the bodies sent."""
    async with running() as client:
        before = client.sandbox.counters.bytes_out
        replies = [
            await client.call("GET", "/Invoices", headers={"Accept-Encoding": "identity"}),
            await client.call("GET", "/Invoices", headers={"Accept-Encoding": "identity"}),
            await client.call("GET", "/Nothing"),
            await client.send("GET", "/connections", headers={"Accept-Encoding": "identity"}),
            await client.call("GET", "/Contacts", headers={"Authorization": "Bearer nobody"}),
        ]
        seen = client.sandbox.counters
        assert seen.operations == {"getInvoices": 2, "unknown": 1, "getConnections": 1, "getContacts": 1}
        assert (seen.calls, seen.tokens) == (5, 1)
        assert seen.bytes_out - before == sum(len(reply.body) for reply in replies)


async def test_rejections_and_injected_answers_are_counted_apart() -> None:
    """A 429 of the fault plan is not among the rejections, and a real one not among the injected."""
    async with running(limits=SandboxLimits(minute=2), faults=[Fault(kind="minute", times=1)]) as client:
        statuses = [(await client.call("GET", "/Invoices")).status for _ in range(4)]
        seen = client.sandbox.counters
        assert statuses == [429, 200, 200, 429]
        assert (seen.injected, seen.rejections, seen.rejected) == ({"minute": 1}, {"minute": 1}, 1)


async def test_the_most_calls_at_once_and_the_busiest_window_are_kept() -> None:
    """Seven at once against five allowed show as six (the first too many) and the calls let in as the busiest."""
    async with running(limits=SandboxLimits(), latency=0.1) as client:
        await asyncio.gather(*(client.call("GET", "/Invoices") for _ in range(7)))
        seen = client.sandbox.counters
        assert seen.most_in_flight == {client.tenant: 6}
        assert seen.busiest_window == {client.tenant: 5}
        assert seen.rejections == {"concurrent": 2}


async def test_first_and_last_call_are_told_by_the_sandboxs_clock() -> None:
    """The moments move with the clock; a token is not a call."""
    async with running() as client:
        assert client.sandbox.counters.first_call is None
        await client.call("GET", "/Invoices")
        await client.send("POST", "/sandbox/clock", {"advance": 90})
        await client.call("GET", "/Invoices")
        seen = client.sandbox.counters
        assert (seen.first_call, seen.last_call) == (STILL, STILL + 90)


async def test_faults_can_be_set_and_ended_over_http() -> None:
    """A posted plan takes the place of the old one, and an empty one ends all faults."""
    async with running(faults=[Fault(kind="503")]) as client:
        statuses = [(await client.call("GET", "/Invoices")).status]
        posted = await client.send("POST", "/sandbox/faults", [Fault(kind="502", every=2)])
        statuses += [(await client.call("GET", "/Invoices")).status for _ in range(2)]
        await client.send("POST", "/sandbox/faults", [])
        statuses += [(await client.call("GET", "/Invoices")).status for _ in range(2)]
        assert posted.status == 204
        assert statuses == [503, 200, 502, 200, 200]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("faults", b"[", "truncated"),
        ("faults", b'[{"kind": "earthquake"}]', "earthquake"),
        ("faults", b'[{"kind": "502", "evry": 3}]', "evry"),
        ("faults", b'[{"kind": "502", "every": 0}]', "n-th"),
        ("faults", b'[{"kind": "502", "operation": "makeTea"}]', "makeTea"),
        ("clock", b'{"advance": -1}', ">= 0"),
        ("clock", b'{"advance": 1e300}', "<="),
        ("clock", b"{}", "advance"),
    ],
)
async def test_controls_that_make_no_sense_are_refused_with_the_reason(path: str, body: bytes, says: str) -> None:
    """A misspelt or impossible control is a 400 that names what is wrong, and changes nothing."""
    async with running() as client:
        reply = await client.send("POST", f"/sandbox/{path}", body)
        assert reply.status == 400
        assert says in reply.body.decode()
        assert (await client.call("GET", "/Invoices")).status == 200


async def test_unknown_controls_are_not_found() -> None:
    """A path or a method that is no control is a 404."""
    async with running() as client:
        assert (await client.send("GET", "/sandbox/nothing")).status == 404
        assert (await client.send("DELETE", "/sandbox/counters")).status == 404
