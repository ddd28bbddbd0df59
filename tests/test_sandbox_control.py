"""The rest of the control plane: reset, seed, state, snapshots, limits, the clock, and who may steer at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sandbox_client import STILL, Client, invoices, running

from xero_async.sandbox import Fault, Sandbox, SandboxLimits
from xero_async.sandbox.control import refuse_stranger
from xero_async.wire.errors import InvalidArgument


async def numbers(client: Client) -> list[str]:
    """The numbers of the tenant's invoices."""
    told = await client.call("GET", "/Invoices?page=1&order=InvoiceNumber")
    return [each["InvoiceNumber"] for each in told.json()["Invoices"]]


# -- reset ----------------------------------------------------------------------------------------------------------


async def test_a_reset_leaves_nothing_of_what_has_happened() -> None:
    """Documents, keys, tokens, connections, clock, counters, faults, limits and log are again as at the start."""
    async with running(contacts=3, invoices=5, tenants=2, faults=[Fault(kind="500", at=(2,))]) as client:
        at_the_start = client.sandbox.state()
        first = await client.create("A-1", "key-1")
        (connection, *_) = (await client.send("GET", "/connections")).json()
        await client.send("DELETE", f"/connections/{connection['id']}")
        for path, body in (("faults", [Fault(kind="503")]), ("limits", {"minute": 1}), ("clock", {"advance": 60})):
            await client.send("POST", f"/sandbox/{path}", body)
        assert client.sandbox.state() != at_the_start

        assert (await client.send("POST", "/sandbox/reset")).status == 204
        sandbox = client.sandbox
        assert sandbox.state() == at_the_start
        assert (sandbox.now(), sandbox.limits, sandbox.counters.calls, sandbox.log.entries()) == (STILL, None, 0, [])
        assert [(row.fault, row.met) for row in sandbox.faults] == [(Fault(kind="500", at=(2,)), 0)]
        assert (await client.call("GET", "/Invoices")).status == 401
        await client.sign_in()
        assert len((await client.send("GET", "/connections")).json()) == 2
        again = await client.create("A-1", "key-1")
        assert (again.status, again.body == first.body, sandbox.counters.replays) == (200, False, 0)
        assert (await client.create("A-2")).status == 500


async def test_a_reset_file_stays_reset(tmp_path: Path) -> None:
    """What was reset is so on the disk too: another sandbox on the file finds the seeded documents alone."""
    file = str(tmp_path / "store.db")
    async with Sandbox(store=file, contacts=2, invoices=3) as sandbox:
        at_the_start = sandbox.state()
        sandbox.advance(3600)
        sandbox.seed(contacts=1)
        sandbox.reset()
    async with Sandbox(store=file, contacts=2, invoices=3) as sandbox:
        assert sandbox.state() == at_the_start
        assert sandbox.clock.state.ahead == 0


# -- seed, state, snapshot ------------------------------------------------------------------------------------------


async def test_seeding_replaces_the_documents_of_the_tenant_that_is_named() -> None:
    """The numbers asked for are there, what was there is gone, another tenant keeps its own; a seed repeats itself."""
    async with running(contacts=2, invoices=4, tenants=2) as client:
        one, other = client.sandbox.tenants
        kept = client.sandbox.state(other)
        seeding = {"contacts": 3, "invoices": 7, "seed": 5, "tenant": one}
        assert (await client.send("POST", "/sandbox/seed", seeding)).status == 204
        first = client.sandbox.state(one)
        counts = client.sandbox.counters.documents
        assert (counts[one]["Contacts"], counts[one]["Invoices"], counts[other]["Invoices"]) == (3, 7, 4)
        client.sandbox.seed(contacts=1)
        assert client.sandbox.state(one) != first
        client.sandbox.seed(contacts=3, invoices=7, seed=5, tenant=one)
        assert client.sandbox.state(one) == first
        assert client.sandbox.state(other) != kept


async def test_the_state_is_everything_that_a_test_compares() -> None:
    """Documents of each resource by tenant, with lines, history and attachments, and the same over HTTP."""
    async with running() as client:
        made = (await client.call("PUT", "/Invoices", invoices("A-1"))).json()["Invoices"][0]["InvoiceID"]
        await client.call("PUT", f"/Invoices/{made}/Attachments/a.txt", b"words")
        state = client.sandbox.state()[client.tenant]
        over_http = (await client.send("GET", "/sandbox/state")).json()[client.tenant]
        assert over_http == state
        (invoice,) = over_http["Invoices"]
        assert (invoice["InvoiceNumber"], invoice["LineItems"][0]["UnitAmount"]) == ("A-1", 100)
        (file,) = over_http["Attachments"][made]
        assert (file["FileName"], file["ContentLength"]) == ("a.txt", 5)
        assert over_http["History"][made][-1]["Changes"] == "Created"


async def test_the_state_can_be_narrowed_and_cut_into_pages() -> None:
    """One tenant and one resource alone, in any case of letters, and a page of it at a time."""
    async with running(contacts=2, invoices=5, tenants=2) as client:
        tenant = client.sandbox.tenants[1]
        whole = (await client.send("GET", f"/sandbox/state?tenant={tenant}&resource=invoices")).json()
        assert list(whole) == [tenant]
        assert sorted(whole[tenant]) == ["Invoices", "Name"]
        pages = [
            (await client.send("GET", f"/sandbox/state?tenant={tenant}&resource=Invoices&page={n}&pageSize=2")).json()
            for n in (1, 2, 3, 4)
        ]
        assert [len(page[tenant]["Invoices"]) for page in pages] == [2, 2, 1, 0]
        assert [each for page in pages for each in page[tenant]["Invoices"]] == whole[tenant]["Invoices"]


async def test_a_snapshot_brings_everything_back() -> None:
    """Documents, numbers that will be given next, living keys, tokens, connections and the clock are as they were."""
    async with running() as client:
        first = await client.create("", "key-1")
        client.sandbox.advance(5)
        taken = (await client.send("GET", "/sandbox/snapshot")).body
        before, token = client.sandbox.state(), client.token
        next_number = (await client.create("")).json()["Invoices"][0]["InvoiceNumber"]
        client.sandbox.advance(3600)
        (connection,) = (await client.sign_in() and await client.send("GET", "/connections")).json()
        await client.send("DELETE", f"/connections/{connection['id']}")

        assert (await client.send("PUT", "/sandbox/snapshot", taken)).status == 204
        client.token = token
        assert client.sandbox.state() == before
        assert client.sandbox.now() == STILL + 5
        assert (await client.create("", "key-1")).body == first.body
        assert (await client.create("")).json()["Invoices"][0]["InvoiceNumber"] == next_number
        assert (await client.call("GET", "/Journals")).status == 200


async def test_what_is_no_snapshot_changes_nothing() -> None:
    """Any bytes, half a snapshot and one of another sandbox are refused with a sentence, and nothing is lost."""
    async with running() as client, Sandbox(seed=9, clock=lambda: STILL) as other:
        await client.create("A-1")
        taken = client.sandbox.snapshot()
        tables = msgspec.msgpack.decode(taken)
        doubled = msgspec.msgpack.encode(tables | {"tenants": [tables["tenants"][0], tables["tenants"][1] * 2]})
        for wrong in (b"", b"\xff", b"{}", taken[:-9], msgspec.msgpack.encode({}), doubled, other.snapshot()):
            reply = await client.send("PUT", "/sandbox/snapshot", wrong)
            assert (reply.status, reply.body[:4]) == (400, b"this"), reply
        assert await numbers(client) == ["A-1"]
        assert (await client.create("A-2")).status == 200


# -- faults, limits, clock ------------------------------------------------------------------------------------------


async def test_faults_strike_at_the_calls_that_are_numbered() -> None:
    """`at` strikes the third and the seventh call exactly, and the plan tells how often it was met and has struck."""
    async with running() as client:
        plan = {"faults": [{"kind": "503", "at": [3, 7], "operation": "getInvoices"}], "seed": 1}
        await client.send("POST", "/sandbox/faults", plan)
        await client.call("GET", "/Contacts")
        statuses = [(await client.call("GET", "/Invoices")).status for _ in range(8)]
        assert [number for number, status in enumerate(statuses, 1) if status == 503] == [3, 7]
        (row,) = (await client.send("GET", "/sandbox/faults")).json()
        assert (row["met"], row["struck"], row["fault"]["at"]) == (8, 2, [3, 7])
        assert (await client.send("DELETE", "/sandbox/faults")).status == 204
        assert (await client.send("GET", "/sandbox/faults")).json() == []


async def test_chances_follow_from_the_seed() -> None:
    """The same plan with the same seed strikes the same calls; with another seed, others."""
    async with running() as client:

        async def struck(seed: int) -> list[bool]:
            plan = {"faults": [{"kind": "502", "probability": 0.5}], "seed": seed}
            await client.send("POST", "/sandbox/faults", plan)
            return [(await client.call("GET", "/Currencies")).status == 502 for _ in range(30)]

        assert await struck(1) == await struck(1)
        assert await struck(1) != await struck(2)


async def test_limits_can_be_changed_while_calls_run() -> None:
    """Other limits count anew, null turns nobody away, and what is in force is told."""
    async with running(limits=SandboxLimits(minute=1)) as client:
        assert [(await client.call("GET", "/Invoices")).status for _ in range(2)] == [200, 429]
        await client.send("POST", "/sandbox/limits", {"minute": 2, "style": "rolling"})
        assert (await client.send("GET", "/sandbox/limits")).json()["style"] == "rolling"
        assert [(await client.call("GET", "/Invoices")).status for _ in range(3)] == [200, 200, 429]
        await client.send("POST", "/sandbox/limits", b"null")
        assert (await client.send("GET", "/sandbox/limits")).json() is None
        assert [(await client.call("GET", "/Invoices")).status for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("style", ["fixed", "rolling"])
async def test_windows_pass_with_the_clock(style: str) -> None:
    """A minute that is used up is over when the clock has been moved by one, in both ways of counting."""
    async with running(limits=SandboxLimits(minute=1)) as client:
        await client.send("POST", "/sandbox/limits", {"minute": 1, "style": style})
        statuses = list[int]()
        for _ in range(2):
            statuses += [(await client.call("GET", "/Invoices")).status for _ in range(2)]
            await client.send("POST", "/sandbox/clock", {"advance": 60})
        assert statuses == [200, 429, 200, 429]


async def test_the_clock_tells_the_time_and_is_set_forward() -> None:
    """It is set to a moment, as text or in seconds, and never back."""
    async with running() as client:
        noon = datetime.fromtimestamp(STILL, UTC).replace(hour=12, minute=0, second=0)
        later = noon.replace(year=noon.year + 1)
        assert (await client.send("POST", "/sandbox/clock", {"set": later.isoformat()})).status == 204
        told = (await client.send("GET", "/sandbox/clock")).json()
        assert (told["now"], told["ahead"], told["frozen"]) == (later.timestamp(), later.timestamp() - STILL, False)
        await client.send("POST", "/sandbox/clock", {"set": later.timestamp() + 1.5})
        assert client.sandbox.now() == later.timestamp() + 1.5
        assert (await client.send("POST", "/sandbox/clock", {"set": noon.isoformat()})).status == 400


async def test_tokens_expire_with_the_clock() -> None:
    """A token is expired half an hour later, without a wait."""
    async with running() as client:
        await client.send("POST", "/sandbox/clock", {"advance": 1800})
        reply = await client.call("GET", "/Invoices")
        assert (reply.status, b"TokenExpired" in reply.body) == (401, True)


async def test_a_frozen_clock_stands_until_it_is_moved_or_thawed() -> None:
    """Frozen, it tells one moment, and moves by what it is moved; thawed, it runs on from there."""
    time = [100.0]
    async with Sandbox(clock=lambda: time[0]) as sandbox:
        sandbox.clock.freeze()
        time[0] += 50
        assert sandbox.now() == 100
        sandbox.advance(7)
        assert sandbox.now() == 107
        sandbox.clock.thaw()
        time[0] += 3
        assert sandbox.now() == 110


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e12])
async def test_the_clock_does_not_go_where_no_date_is(seconds: float) -> None:
    """Backwards, nowhere, or beyond the years that can be written: refused, and the clock stays."""
    async with Sandbox(clock=lambda: STILL) as sandbox:
        with pytest.raises(InvalidArgument):
            sandbox.advance(seconds)
        assert sandbox.now() == STILL


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "seed", b'{"contacts": -1}', ">= 0"),
        ("POST", "seed", b'{"tenant": "nobody"}', "no such tenant"),
        ("POST", "seed", b'{"contakts": 1}', "contakts"),
        ("POST", "seed", b'{"contacts": 1e9}', "Expected"),
        ("POST", "faults", b'[{"kind": "500", "at": [0]}]', "numbers"),
        ("POST", "faults", b'[{"kind": "500", "at": [1], "every": 2}]', "not both"),
        ("POST", "limits", b'{"minute": 0}', "at least one call"),
        ("POST", "limits", b'{"minutes": 5}', "minutes"),
        ("POST", "clock", b'{"advance": 1, "set": "x"}', "date"),
        ("POST", "clock", b'{"frozen": 1}', "bool"),
        ("POST", "log", b'{"size": -1}', "from 0"),
        ("POST", "log", b'{"size": 1e30}', "int"),
        ("GET", "log?since=x", None, "since"),
        ("GET", "log?limit=-1", None, "limit"),
        ("GET", "state?tenant=nobody", None, "no such tenant"),
        ("GET", "state?resource=Teapots", None, "Teapots"),
        ("GET", "state?resource=%ff", None, "no resource"),
        ("POST", "clock", b'\xff{"advance": 1}', ""),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence(
    method: str, path: str, body: bytes | None, says: str
) -> None:
    """A 400 in plain text that names what is wrong; the sandbox goes on as before."""
    async with running(contacts=1, invoices=1) as client:
        before = client.sandbox.state()
        reply = await client.send(method, f"/sandbox/{path}", body)
        assert reply.status == 400
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert says in reply.body.decode()
        assert client.sandbox.state() == before


# -- who may steer --------------------------------------------------------------------------------------------------


async def test_a_page_of_another_origin_cannot_steer() -> None:
    """What a browser sends for another site is refused and does nothing; for the sandbox's own page it is done."""
    async with running() as client:
        for origin in ("https://evil.example", "null", "http://localhost:1"):
            reply = await client.send("POST", "/sandbox/clock", {"advance": 60}, headers={"Origin": origin})
            assert reply.status == 403
        assert client.sandbox.now() == STILL
        own = {"Origin": client.sandbox.base_url}
        assert (await client.send("POST", "/sandbox/clock", {"advance": 60}, headers=own)).status == 204


async def test_a_name_that_was_rebound_to_this_machine_cannot_steer_or_read() -> None:
    """A request that comes under a public name, as after DNS rebinding, is refused, reads included."""
    async with running() as client:
        for method, path in (("GET", "log"), ("POST", "reset"), ("GET", "snapshot")):
            reply = await client.send(method, f"/sandbox/{path}", headers={"Host": "evil.example:8080"})
            assert reply.status == 403


@pytest.mark.parametrize(
    ("host", "own", "allowed"),
    [
        ("127.0.0.1:8080", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST.:80", "127.0.0.1", True),
        ("[::1]:80", "::1", True),
        ("192.168.7.4:80", "0.0.0.0", True),
        ("sandbox:8080", "0.0.0.0", True),
        ("host.docker.internal", "0.0.0.0", True),
        ("xero.test.example", "xero.test.example", True),
        ("evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("[evil.example]", "127.0.0.1", False),
    ],
)
def test_which_names_are_local(host: str, own: str, allowed: bool) -> None:
    """Addresses, names without a dot, names that no public DNS resolves, and the one that it was told to listen on."""
    assert (refuse_stranger(host, {}, own) is None) is allowed


async def test_the_front_page_lists_every_control() -> None:
    """What it lists is answered, by something other than a 404."""
    async with running() as client:
        text = (await client.send("GET", "/sandbox/")).body.decode()
        listed = [line.split()[:2] for line in text.splitlines() if line.startswith(("GET", "POST", "PUT", "DELETE"))]
        assert len(listed) > 12
        for method, path in listed:
            assert (await client.send(method, path)).status != 404
