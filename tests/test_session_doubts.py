"""Writes in doubt, however they came to be so: who learns of them, and how they are settled."""

from __future__ import annotations

import asyncio
import gzip
import pickle
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from leaping import leap
from scripted import Reply, Scripted, scripted

from xero_async import (
    Attempt,
    ClientCredentials,
    Contact,
    InvalidArgument,
    Limits,
    OutcomeUnknown,
    RetryPolicy,
    ServerError,
    SessionClosed,
    SignInFailed,
    StaticToken,
    Tenant,
    Xero,
    XeroTimeout,
)
from xero_async.auth import Sender
from xero_async.outcomes import Usage
from xero_async.sandbox import Fault, Sandbox

ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
ONCE = RetryPolicy(attempts=1)
GOOD = Reply(body=b'{"Status":"OK","Contacts":[{"ContactID":"c"}]}')
STALL = Reply(stall=5)
DROP = Reply(drop=True)


@asynccontextmanager
async def client(server: Scripted, **options: Any) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server, once a call."""
    options = {"retry": ONCE, **options}
    async with Xero(StaticToken("token"), base_url=server.base_url, **options) as xero:
        yield xero.tenant("tenant")


def loop_time() -> float:
    """The time of the loop."""
    return asyncio.get_running_loop().time()


async def in_flight(server: Scripted, number: int = 1) -> None:
    """Wait until the server has had so many requests."""
    while len(server.seen) < number:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)


async def lost(tenant: Tenant) -> OutcomeUnknown:
    """The error of a write that is in doubt."""
    with pytest.raises(OutcomeUnknown) as caught:
        await tenant.contacts.create([Contact(name="Jane")])
    return caught.value


# -- cut off --------------------------------------------------------------------------------------------------------


async def test_a_cancelled_write_tells_its_key() -> None:
    """A cancelled write is a CancelledError with a note of its key, whose cause can be sent again, and a record."""
    records: list[Attempt] = []
    async with scripted([STALL, GOOD]) as server, client(server, on_attempt=records.append) as tenant:
        write = asyncio.create_task(tenant.contacts.create([Contact(name="Jane")]))
        await in_flight(server)
        write.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await write
        doubt = caught.value.__cause__
        assert isinstance(doubt, OutcomeUnknown)
        key = server.seen[0].headers["idempotency-key"]
        assert doubt.key == key
        assert any(key in note for note in caught.value.__notes__)
        assert len(await tenant.resend(doubt)) == 1
    assert [(record.failure, record.next, record.key) for record in records] == [
        ("cancelled", "unknown", doubt.key),
        (None, "value", doubt.key),
    ]
    assert [(seen.target, seen.body) for seen in server.seen[:1]] == [
        (seen.target, seen.body) for seen in server.seen[1:]
    ]


async def test_a_timeout_of_the_callers_own_leads_to_the_key() -> None:
    """Under `asyncio.timeout`, the TimeoutError's cause is the cancellation, and its cause the write in doubt."""
    async with scripted([STALL]) as server, client(server) as tenant:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await tenant.contacts.create([Contact(name="Jane")])
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert isinstance(caught.value.__cause__.__cause__, OutcomeUnknown)


async def test_a_cancelled_read_or_a_write_that_never_left_is_not_in_doubt() -> None:
    """What changes nothing, and what waited for its turn, is cancelled without more words."""
    async with scripted([STALL]) as server, client(server, limits=Limits(concurrent=1)) as tenant:
        read = asyncio.create_task(tenant.contacts.get(ID))
        await in_flight(server)
        write = asyncio.create_task(tenant.contacts.create([Contact(name="Jane")]))
        await asyncio.sleep(0.01)
        for call in (write, read):
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            assert caught.value.__cause__ is None
            assert not hasattr(caught.value, "__notes__")
    assert len(server.seen) == 1


async def test_the_hook_is_told_of_the_attempt_that_the_deadline_cuts_off() -> None:
    """An attempt that the deadline or the session's end cuts off has a record; one that never left has none."""
    records: list[Attempt] = []
    soon = RetryPolicy(deadline=0.15)
    # The minute has one call, so that the second one still waits for its turn when the first one's deadline passes.
    limits = Limits(minute=1)
    async with scripted([STALL]) as server:
        async with client(server, retry=soon, limits=limits, on_attempt=records.append) as tenant:
            calls = tenant.contacts.get(ID), tenant.contacts.get(ID)
            ends = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ends] == [XeroTimeout, XeroTimeout]
        async with client(server, on_attempt=records.append) as tenant:
            write = asyncio.create_task(tenant.contacts.create([Contact(name="Jane")]))
            await in_flight(server, 2)
        with pytest.raises(OutcomeUnknown):
            await write
    assert [(record.failure, record.next, record.status) for record in records] == [
        ("deadline", "error", None),
        ("closed", "unknown", None),
    ]
    assert records[0].seconds >= 0.1


async def test_leaving_waits_until_the_calls_have_left() -> None:
    """When the session has been left, its calls have ended, also where the aiohttp session is not its own."""
    async with scripted([STALL]) as server, ClientSession() as http:
        async with client(server, http=http) as tenant:
            call = asyncio.create_task(tenant.contacts.get(ID))
            await in_flight(server)
        assert tenant.limits.in_flight == 0
        assert call.done()
        with pytest.raises(SessionClosed):
            await call


async def test_a_call_that_got_no_token_costs_no_turn() -> None:
    """Nothing was sent, so that Xero has counted nothing, and neither has the limiter."""

    class Lost(StaticToken):
        async def token(self, send: Sender, /) -> str:
            raise SignInFailed("nobody is signed in")

    async with scripted([GOOD]) as server, Xero(Lost("token"), base_url=server.base_url) as xero:
        tenant = xero.tenant("tenant")
        for _ in range(3):
            with pytest.raises(SignInFailed):
                await tenant.contacts.get(ID)
        assert (tenant.limits.minute, tenant.limits.day) == (60, 5000)
    assert server.seen == []


# -- settled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "504"])
async def test_a_write_in_doubt_is_settled_by_sending_it_again(kind: str) -> None:
    """Whether or not the first attempt was done, sending it again ends with the one record, even after a pickle."""
    fault = Fault(kind=kind, method="PUT", times=1)  # type: ignore[arg-type]  # one of the kinds
    async with Sandbox(faults=[fault]) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, retry=ONCE) as xero:
            tenant = xero.tenant(sandbox.tenants[0])
            error: OutcomeUnknown = pickle.loads(pickle.dumps(await lost(tenant)))
            (created,) = await tenant.resend(error)
            (again,) = await tenant.resend(error)
            stored = [contact.contact_id async for contact in tenant.contacts.list() if contact.name == "Jane"]
    assert stored == [created.contact_id] == [again.contact_id]


async def test_sending_again_counts_attempts_anew_and_may_stay_in_doubt() -> None:
    """Each time there are as many attempts as the policy says; a write that meets nothing but drops stays unknown."""
    policy = RetryPolicy(attempts=3, base=0.001)
    async with scripted([DROP]) as server, client(server, retry=policy) as tenant:
        error = await lost(tenant)
        with pytest.raises(OutcomeUnknown) as caught:
            await tenant.resend(error)
    assert len(server.seen) == 6
    assert len({(seen.body, seen.headers["idempotency-key"]) for seen in server.seen}) == 1
    assert (caught.value.key, caught.value.first_sent) == (error.key, error.first_sent)


async def test_sending_again_into_a_refusal_stays_in_doubt() -> None:
    """A 429, which says nothing of the first attempt, leaves the doubt; a 400, which Xero looked at, ends it."""
    refusal = Reply(status=429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "9"})
    async with scripted([DROP, refusal]) as server, client(server) as tenant:
        error = await lost(tenant)
        with pytest.raises(OutcomeUnknown):
            await tenant.resend(error)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": 240}, "read back"),
        ({"age": -60}, "read back"),
        ({"key": None}, "no idempotency key"),
        ({"request": None}, "no idempotency key"),
        ({"first_sent": None}, "no idempotency key"),
        ({"tenant": "another"}, "another tenant"),
    ],
    ids=str,
)
async def test_what_is_not_safe_to_send_again_is_refused(changes: dict[str, Any], words: str) -> None:
    """An old key, a clock that went back, a write without a key and one of another tenant: nothing is sent."""
    async with scripted([DROP]) as server, client(server) as tenant:
        error = await lost(tenant)
        assert error.request is not None
        assert error.first_sent is not None
        if "key" in changes:
            del error.request.headers["Idempotency-Key"]
        elif "age" in changes:
            error.first_sent -= timedelta(seconds=changes["age"])
        else:
            vars(error).update(changes)
        with pytest.raises(InvalidArgument, match=words):
            await tenant.resend(error)
    assert len(server.seen) == 1


async def test_a_delete_in_doubt_cannot_be_sent_again() -> None:
    """Xero lets a DELETE have no key, so there is nothing that would keep it from being done twice."""
    async with scripted([DROP]) as server, client(server) as tenant:
        with pytest.raises(OutcomeUnknown) as caught:
            await tenant.contact_groups.remove_contact(ID, ID)
        with pytest.raises(InvalidArgument, match="no idempotency key"):
            await tenant.resend(caught.value)
    assert len(server.seen) == 1


def test_a_refusal_for_a_limit_does_not_age_the_key() -> None:
    """Xero looks at limits before it looks at the key: after four minutes of refusals, the key is as good as new."""
    refusal = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "85"})

    async def scene() -> None:
        async with (
            scripted([refusal, refusal, refusal, DROP, GOOD]) as server,
            client(server, retry=RetryPolicy()) as tenant,
        ):
            assert len(await tenant.contacts.create([Contact(name="Jane")])) == 1
            assert loop_time() > 240
        assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 1

    leap(scene())


def test_a_key_ages_from_the_first_attempt_that_may_have_arrived() -> None:
    """What comes after a lost answer, be it a refusal, does not make the key any younger."""
    refusal = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "85"})
    times: list[float] = []

    def note(_: Attempt) -> None:
        times.append(loop_time())

    async def scene() -> None:
        async with (
            scripted([DROP, refusal]) as server,
            client(server, retry=RetryPolicy(attempts=9), on_attempt=note) as tenant,
        ):
            await lost(tenant)
        assert len(server.seen) == 4

    leap(scene())
    assert 170 < times[-1] - times[0] < 240


def test_a_write_that_is_sent_again_has_the_age_of_its_key() -> None:
    """Where the key would be too old after the next wait, the write stays in doubt, however often it may be sent."""
    refusal = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "85"})
    told: list[Attempt] = []

    async def scene() -> None:
        async with (
            scripted([DROP, refusal, refusal, GOOD]) as server,
            client(server, on_attempt=told.append) as tenant,
        ):
            error = await lost(tenant)
            assert error.first_sent is not None
            error.first_sent -= timedelta(seconds=100)
            async with client(server, retry=RetryPolicy(), on_attempt=told.append) as other:
                with pytest.raises(OutcomeUnknown):
                    await other.resend(error)
            assert len(server.seen) == 3

    leap(scene())
    # 100 s and 85 s are within four minutes, twice 85 s are not.
    assert [(record.next, record.wait) for record in told] == [("unknown", 0), ("wait", 85), ("unknown", 0)]


async def test_a_write_in_doubt_is_as_old_as_its_key() -> None:
    """`first_sent` is when the first attempt was sent that Xero may have looked at, from which the key can be used."""
    refusal = Reply(status=429, stall=0.2, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "0"})
    async with scripted([refusal, DROP]) as server, client(server, retry=RetryPolicy(attempts=2)) as tenant:
        began = datetime.now(UTC)
        error = await lost(tenant)
    assert len(server.seen) == 2
    assert error.first_sent is not None
    assert error.first_sent - began > timedelta(seconds=0.2)


# -- counted --------------------------------------------------------------------------------------------------------


async def test_bytes_are_counted_for_each_tenant() -> None:
    """What was drawn counts as it came over the wire, packed, broken off or refused, for the tenant that drew it."""
    packed = gzip.compress(GOOD.body * 1)
    replies = [
        Reply(body=packed, headers={"Content-Encoding": "gzip"}),
        Reply(body=b"x" * 1000, cut=700),
        Reply(status=404, body=b"nothing here"),
    ]
    records: list[Attempt] = []
    async with (
        scripted([*replies, GOOD]) as server,
        Xero(StaticToken("t"), base_url=server.base_url, retry=ONCE, on_attempt=records.append) as xero,
    ):
        tenant, other = xero.tenant("tenant"), xero.tenant("other")
        for _ in replies:
            await asyncio.gather(tenant.contacts.get(ID), return_exceptions=True)
        await other.contacts.create([Contact(name="Jane")])
        sent = len(server.seen[-1].body)
        assert tenant.usage == Usage(attempts=3, sent=0, received=len(packed) + 700 + 12)
        assert other.usage == Usage(attempts=1, sent=sent, received=len(GOOD.body))
        assert xero.tenant("third").usage == Usage()
    assert [record.received for record in records] == [len(packed), 700, 12, len(GOOD.body)]
    assert records[-1].sent == sent


async def test_a_closed_session_sends_nothing_again() -> None:
    """After the session is left, a write in doubt stays so."""
    async with scripted([Reply(status=500)]) as server:
        async with client(server) as tenant:
            error = await lost(tenant)
            assert isinstance(error.__cause__, ServerError)
        with pytest.raises((SessionClosed, OutcomeUnknown)):
            await tenant.resend(error)
    assert len(server.seen) == 1
