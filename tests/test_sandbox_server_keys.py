"""Idempotency keys as the sandbox keeps them: six minutes, one request, one answer."""

from __future__ import annotations

import asyncio

import pytest
from sandbox_client import Client, invoices, running

from xero_async.sandbox import Fault, SandboxLimits
from xero_async.sandbox.answers import Answer
from xero_async.sandbox.idempotency import KeyReused, KeyStore, fingerprint


async def answer_of(counter: list[int]) -> Answer:
    """An answer that tells how many runs there have been."""
    counter.append(len(counter) + 1)
    return Answer(200, str(len(counter)).encode())


async def test_a_key_lives_six_minutes_from_its_first_call() -> None:
    """Replays up to 359.9 s give the first answer and do not prolong the key; at 360 s the request runs again."""
    store, runs = KeyStore(), list[int]()
    told = [await store.once("k", b"r", now, lambda _: answer_of(runs)) for now in (0.0, 200.0, 359.9, 360.0, 700.0)]
    assert [(answer.body, replayed) for answer, replayed in told] == [
        (b"1", False),
        (b"1", True),
        (b"1", True),
        (b"2", False),
        (b"2", True),
    ]


async def test_dead_keys_are_forgotten() -> None:
    """A store that has seen many keys holds only those that still live."""
    store, runs = KeyStore(), list[int]()
    for number in range(1000):
        await store.once(f"k{number}", b"r", float(number), lambda _: answer_of(runs))
    assert len(store) == 360


async def test_another_request_under_a_living_key_is_refused() -> None:
    """The method, the URL and the body all make the request; a dead key is free again."""
    store, runs = KeyStore(), list[int]()
    first = fingerprint("PUT", "/Invoices", b"{}")
    await store.once("k", first, 0.0, lambda _: answer_of(runs))
    for other in [("POST", "/Invoices", b"{}"), ("PUT", "/invoices", b"{}"), ("PUT", "/Invoices", b"{ }")]:
        with pytest.raises(KeyReused):
            await store.once("k", fingerprint(*other), 1.0, lambda _: answer_of(runs))
    assert (await store.once("k", b"other", 360.0, lambda _: answer_of(runs)))[1] is False


async def test_a_first_call_that_breaks_off_leaves_its_key_free() -> None:
    """When the first run is cancelled nothing is kept, and the next call with the key runs."""
    store, runs = KeyStore(), list[int]()

    async def never(_: object) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    first = asyncio.create_task(store.once("k", b"r", 0.0, never))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await store.once("k", b"r", 1.0, lambda _: answer_of(runs)))[1] is False


def invoice_count(client: Client) -> int:
    """Invoices in the store of the client's tenant."""
    return client.sandbox.counters.documents[client.tenant]["Invoices"]


async def test_a_replayed_write_is_done_once() -> None:
    """The same PUT with the same key three times leaves one invoice, gives one answer, and is counted as replays."""
    async with running() as client:
        replies = [await client.create("A-1", "key-1") for _ in range(3)]
        assert {reply.body for reply in replies} == {replies[0].body}
        assert invoice_count(client) == 1
        assert client.sandbox.counters.replays == 2


async def test_without_a_key_a_repeated_write_is_done_twice() -> None:
    """Two bills of the same number, sent with no key, are two documents and count as duplicates."""
    bill = invoices("A-1")["Invoices"]
    async with running() as client:
        for _ in range(2):
            await client.call("PUT", "/Invoices", {"Invoices": [each | {"Type": "ACCPAY"} for each in bill]})
        assert invoice_count(client) == 2
        assert client.sandbox.counters.duplicates > 0


async def test_a_key_expires_with_the_clock() -> None:
    """After six minutes by the sandbox's clock the same key does the write again."""
    async with running() as client:
        await client.create("", "key-1")
        client.sandbox.advance(360)
        await client.create("", "key-1")
        assert invoice_count(client) == 2
        assert client.sandbox.counters.replays == 0


async def test_a_key_with_another_body_is_a_400_of_xeros_shape() -> None:
    """Another body under a living key is refused in Xero's shape, and nothing is done."""
    async with running() as client:
        await client.create("A-1", "key-1")
        reply = await client.create("A-2", "key-1")
        assert reply.status == 400
        assert reply.json()["Type"] == "ValidationException"
        assert b"Idempotency-Key" in reply.body
        assert invoice_count(client) == 1


async def test_a_key_of_129_characters_is_refused_and_one_of_128_is_taken() -> None:
    """The longest key has 128 characters."""
    async with running() as client:
        assert (await client.create("A-1", "k" * 128)).status == 200
        assert (await client.create("A-2", "k" * 129)).status == 400
        assert invoice_count(client) == 1


async def test_keys_mean_nothing_on_reads() -> None:
    """A GET with a key is no replay, and may share the key of a write."""
    async with running() as client:
        await client.create("A-1", "key-1")
        for _ in range(2):
            reply = await client.call("GET", "/Invoices?page=1", headers={"Idempotency-Key": "key-1"})
            assert reply.status == 200
        assert client.sandbox.counters.replays == 0


async def test_keys_belong_to_the_app() -> None:
    """The same key and request for another tenant replays the first tenant's answer: a key must name its tenant."""
    async with running(tenants=2) as client:
        first = await client.create("A-1", "key-1")
        client.tenant = client.sandbox.tenants[1]
        assert (await client.create("A-1", "key-1")).body == first.body
        assert invoice_count(client) == 0


async def test_a_stored_500_is_replayed() -> None:
    """Once a write with a key has failed inside, the key can only give that failure again."""
    async with running(faults=[Fault(kind="500", times=1)]) as client:
        first = await client.create("A-1", "key-1")
        again = await client.create("A-1", "key-1")
        fresh = await client.create("A-1", "key-2")
        assert [first.status, again.status, fresh.status] == [500, 500, 200]
        assert first.body == again.body
        assert invoice_count(client) == 1


async def test_a_second_call_waits_for_a_first_that_is_still_running() -> None:
    """Five at once with one key all get the one answer, and one invoice is made."""
    async with running(latency=0.1) as client:
        replies = await asyncio.gather(*(client.create("A-1", "key-1") for _ in range(5)))
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1
        assert invoice_count(client) == 1
        assert client.sandbox.counters.replays == 4


async def test_a_replay_costs_a_call_and_a_rejected_write_leaves_no_trace() -> None:
    """The limits come before the key: a replay is counted, and beyond the limit even a replay is a 429."""
    async with running(limits=SandboxLimits(minute=2)) as client:
        replies = [await client.create("A-1", "key-1") for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert [reply.headers["X-MinLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
        rejected = await client.create("A-2", "key-2")
        client.sandbox.advance(60)
        assert (rejected.status, (await client.create("A-2", "key-2")).status) == (429, 200)
        assert client.sandbox.counters.replays == 1


async def test_a_stored_400_is_replayed() -> None:
    """A write that was refused stays refused under its key, though it would be good by now."""
    payment = {"Payments": [{"Invoice": {"InvoiceNumber": "A-1"}, "Account": {"Code": "090"}, "Amount": 1}]}
    async with running() as client:
        replies = [await client.call("PUT", "/Payments", payment, headers={"Idempotency-Key": "key-1"})]
        await client.create("A-1")
        replies.append(await client.call("PUT", "/Payments", payment, headers={"Idempotency-Key": "key-1"}))
        assert [reply.status for reply in replies] == [400, 400]
        assert replies[0].body == replies[1].body
        assert (await client.call("PUT", "/Payments", payment)).status == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/Invoices"), ("PUT", "/Invoices?unitdp=4"), ("PUT", "/Quotes")])
async def test_a_key_with_another_url_or_method_is_a_400(method: str, path: str) -> None:
    """The same body under a living key, but sent elsewhere or otherwise, is refused, and nothing is done."""
    async with running() as client:
        await client.create("A-1", "key-1")
        reply = await client.call(method, path, invoices("A-1"), headers={"Idempotency-Key": "key-1"})
        assert (reply.status, b"Idempotency-Key" in reply.body) == (400, True)
        assert invoice_count(client) == 1


async def test_what_was_turned_away_at_the_door_is_not_stored() -> None:
    """After a 401, a 403, a 429 and a 503 the same key does the write."""
    async with running(limits=SandboxLimits(minute=2)) as client:
        client.sandbox.inject([Fault(kind="503", times=1), Fault(kind="minute", times=1)])
        headers = {"Idempotency-Key": "key-1"}
        refused = [
            await client.create("A-1", "key-1"),
            await client.create("A-1", "key-1"),
            await client.call("PUT", "/Invoices", invoices("A-1"), headers=headers | {"Authorization": "Bearer x"}),
            await client.call("PUT", "/Invoices", invoices("A-1"), headers=headers | {"Xero-Tenant-Id": "nobody"}),
        ]
        done = await client.create("A-1", "key-1")
        assert [reply.status for reply in (*refused, done)] == [503, 429, 401, 403, 200]
        assert (invoice_count(client), client.sandbox.counters.replays) == (1, 0)


async def test_a_key_can_be_any_bytes_that_a_header_can() -> None:
    """A key beyond ASCII, or one that is no text at all, is a key as any other."""
    async with running() as client:
        for key in ("Schlüssel", "k\udcff"):
            first = await client.create("", key)
            assert (await client.create("", key)).body == first.body
        assert invoice_count(client) == 2
