"""The session manager over real sockets: what it sends, what it sends again, and what it never does."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest
from scripted import Reply, Scripted, Seen, scripted

from xero_async import (
    Attempt,
    Contact,
    DailyLimitReached,
    DecodeError,
    Forbidden,
    InvalidArgument,
    Invoice,
    Limits,
    LineItem,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    ResponseError,
    RetryPolicy,
    ServerError,
    SessionClosed,
    SignInFailed,
    StaticToken,
    Tenant,
    TransportError,
    Unauthorized,
    Xero,
    XeroError,
    XeroTimeout,
)
from xero_async.auth import Sender

TENANT = "0f5e4c4b-3a53-4c8e-9a52-7c1f1f7c5a10"
ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
QUICK = RetryPolicy(base=0.005, cap=0.02)
INVOICE = Reply(body=b'{"Status":"OK","Invoices":[{"InvoiceID":"7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f","Total":1.50}]}')
EMPTY = Reply(body=b'{"Status":"OK","Invoices":[]}')
DROP = Reply(drop=True)
EXPIRED = Reply(status=401, body=b'{"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired"}')


def always_an_invoice(_: Seen) -> Reply:
    """The same answer, for ever."""
    return INVOICE


@asynccontextmanager
async def client(server: Scripted, **options: Any) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server."""
    options = {"retry": QUICK, **options}
    async with Xero(options.pop("auth", StaticToken("token-1")), base_url=server.base_url, **options) as xero:
        yield xero.tenant(TENANT)


# -- what is sent ---------------------------------------------------------------------------------------------------


async def test_a_read_carries_token_tenant_json_gzip_and_user_agent() -> None:
    """Every read names its tenant and token, asks for JSON and gzip, and says who is calling."""
    async with scripted([INVOICE]) as server, client(server) as tenant:
        await tenant.invoices.get(ID)
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("GET", f"/api.xro/2.0/Invoices/{ID}")
    assert seen.headers["authorization"] == "Bearer token-1"
    assert seen.headers["xero-tenant-id"] == TENANT
    assert seen.headers["accept"] == "application/json"
    assert "gzip" in seen.headers["accept-encoding"]
    assert seen.headers["user-agent"].startswith("xero_async/")
    assert "idempotency-key" not in seen.headers


async def test_a_gzipped_answer_is_read() -> None:
    """An answer that the server compressed decodes like any other."""
    reply = Reply(body=gzip.compress(INVOICE.body), headers={"Content-Encoding": "gzip"})
    async with scripted([reply]) as server, client(server) as tenant:
        assert (await tenant.invoices.get(ID)).total == Decimal("1.50")


async def test_a_write_carries_exact_json_and_a_key_of_the_tenant() -> None:
    """Money goes out with its digits, days as days, nothing that was not set, and a key that names the tenant."""
    invoice = Invoice(type="ACCREC", date=date(2026, 1, 31), line_items=[LineItem(unit_amount=Decimal("148062.760"))])
    async with scripted([INVOICE]) as server, client(server) as tenant:
        await tenant.invoices.create([invoice])
    (seen,) = server.seen
    line = '{"UnitAmount":148062.760}'
    assert seen.body.decode() == f'{{"Invoices":[{{"Type":"ACCREC","LineItems":[{line}],"Date":"2026-01-31"}}]}}'
    assert seen.target == "/api.xro/2.0/Invoices?summarizeErrors=false"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["idempotency-key"].startswith(f"{TENANT}:")
    assert len(seen.headers["idempotency-key"]) <= 128


async def test_unitdp_of_the_client_reaches_every_operation_that_takes_it() -> None:
    """One option on the client asks for four decimals on reads, lists and writes, and a call can differ."""
    async with scripted([INVOICE]) as server, client(server, unitdp=4) as tenant:
        await tenant.invoices.get(ID)
        await tenant.invoices.list()
        await tenant.invoices.create([Invoice(type="ACCREC")])
        await tenant.invoices.update(ID, Invoice(reference="x"), unitdp=2)
    assert ["unitdp=4" in seen.target for seen in server.seen] == [True, True, True, False]
    assert "unitdp=2" in server.seen[-1].target


async def test_a_hundred_calls_open_at_most_five_sockets() -> None:
    """Connections are pooled: a hundred calls at once share the five that may be in flight."""
    limits = Limits(minute=1000)
    async with scripted([INVOICE]) as server, client(server, limits=limits) as tenant:
        await asyncio.gather(*(tenant.invoices.get(ID) for _ in range(100)))
    assert len(server.seen) == 100
    assert server.sockets <= 5
    assert server.most_in_flight <= 5


async def test_headers_of_two_clients_never_cross() -> None:
    """Two hundred interleaved calls of two clients each carry the token and tenant of their own client."""
    limits = Limits(minute=1000)
    async with scripted(always_an_invoice) as server:
        async with (
            Xero(StaticToken("token-a"), base_url=server.base_url, limits=limits) as one,
            Xero(StaticToken("token-b"), base_url=server.base_url, limits=limits) as two,
        ):
            a, b = one.tenant("tenant-a"), two.tenant("tenant-b")
            await asyncio.gather(*(side.invoices.get(ID) for _ in range(100) for side in (a, b)))
        pairs = [(seen.headers["authorization"], seen.headers["xero-tenant-id"]) for seen in server.seen]
    assert sorted(set(pairs)) == [("Bearer token-a", "tenant-a"), ("Bearer token-b", "tenant-b")]
    assert len(pairs) == 200


# -- what is sent again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "0"}),
        Reply(status=500, body=b'{"Title":"An error occurred"}'),
        Reply(status=502),
        Reply(status=504),
        DROP,
        Reply(body=INVOICE.body, cut=20),
    ],
    ids=["429", "500", "502", "504", "dropped", "cut"],
)
async def test_a_read_is_sent_again_after(fault: Reply) -> None:
    """A read that met a passing fault is sent again, and its caller sees only the value."""
    async with scripted([fault, INVOICE]) as server, client(server) as tenant:
        assert (await tenant.invoices.get(ID)).total == Decimal("1.50")
    assert len(server.seen) == 2


@pytest.mark.parametrize("fault", [Reply(status=502), Reply(status=504), DROP, Reply(body=INVOICE.body, cut=20)])
async def test_a_write_is_sent_again_with_the_same_bytes_and_key(fault: Reply) -> None:
    """A write with a live key is repeated to the letter, so that Xero can answer it from its memory."""
    async with scripted([fault, fault, INVOICE]) as server, client(server) as tenant:
        await tenant.invoices.create([Invoice(type="ACCREC")])
    assert len(server.seen) == 3
    assert len({(seen.target, seen.body, seen.headers["idempotency-key"]) for seen in server.seen}) == 1


async def test_an_html_page_with_200_does_not_pass_for_a_write() -> None:
    """A page from a proxy in place of Xero's answer makes the write go out again with its key."""
    page = Reply(body=b"<html>maintenance</html>", content_type="text/html")
    async with scripted([page, INVOICE]) as server, client(server) as tenant:
        (created,) = await tenant.invoices.create([Invoice(type="ACCREC")])
    assert created.invoice_id == ID
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 1


async def test_each_call_has_a_key_of_its_own_and_the_caller_may_bring_one() -> None:
    """Two calls with equal content have different keys; a key that the caller brings is used as it is."""
    async with scripted([INVOICE]) as server, client(server) as tenant:
        for key in (None, None, "mine"):
            await tenant.invoices.create([Invoice(type="ACCREC")], idempotency_key=key)
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


async def test_a_500_on_a_write_is_unknown_at_once() -> None:
    """After a 500 the key can only replay it, so the write is reported unknown with all that is needed to settle it."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    async with scripted([Reply(status=500)]) as server, client(server) as tenant:
        with pytest.raises(OutcomeUnknown, match="may or may not have happened") as caught:
            await tenant.invoices.create([Invoice(type="ACCREC")])
    error = caught.value
    assert len(server.seen) == 1
    assert error.key == server.seen[0].headers["idempotency-key"]
    assert error.first_sent is not None
    assert before < error.first_sent <= datetime.now(UTC)
    assert error.request is not None
    assert error.request.body == server.seen[0].body
    assert isinstance(error.__cause__, ServerError)


class Failing:
    """A way to sign in that gives one token and can get no other."""

    async def token(self, send: Sender, /) -> str:
        """The one token."""
        return "token-0"

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Always fails."""
        raise SignInFailed("no more tokens")


async def test_a_write_in_doubt_stays_in_doubt_when_no_token_can_be_had() -> None:
    """A write was dropped, and its repetition met an expired token that cannot be renewed: unknown, not failed."""
    async with scripted([DROP, EXPIRED]) as server, client(server, auth=Failing()) as tenant:
        with pytest.raises(OutcomeUnknown) as caught:
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert isinstance(caught.value.__cause__, SignInFailed)
    assert len(server.seen) == 2


async def test_a_write_in_doubt_stays_in_doubt_when_no_turn_can_be_had() -> None:
    """A write that may have happened is unknown, even if the day's limit forbids to send it again."""
    async with scripted([DROP]) as server, client(server, limits=Limits(day=1)) as tenant:
        with pytest.raises(OutcomeUnknown) as caught:
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert isinstance(caught.value.__cause__, DailyLimitReached)
    assert len(server.seen) == 1


async def test_a_write_that_is_always_dropped_is_unknown_after_the_attempts() -> None:
    """A write without any answer ends as unknown, after exactly the attempts of the policy."""
    async with scripted([DROP]) as server, client(server) as tenant:
        with pytest.raises(OutcomeUnknown):
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert len(server.seen) == QUICK.attempts


async def test_a_delete_that_may_have_arrived_is_not_sent_again() -> None:
    """DELETE has no key, so a dropped one is unknown after a single attempt; aiohttp does not repeat it either."""
    async with scripted([EMPTY, DROP]) as server, client(server) as tenant:
        await tenant.invoices.list()
        with pytest.raises(OutcomeUnknown):
            await tenant.contact_groups.remove_contact(ID, ID)
    assert [seen.method for seen in server.seen] == ["GET", "DELETE"]


async def test_reads_end_with_the_error_of_the_last_answer() -> None:
    """A read that never succeeds raises what Xero said last, after exactly the attempts of the policy."""
    async with scripted([Reply(status=502, body=b"<html>")]) as server, client(server) as tenant:
        with pytest.raises(ServerError) as caught:
            await tenant.invoices.get(ID)
    assert caught.value.status == 502
    assert caught.value.operation == "getInvoice"
    assert len(server.seen) == QUICK.attempts


async def test_a_refused_connection_is_a_transport_error() -> None:
    """Where nobody listens, a write is safely known not to have happened."""
    async with scripted([EMPTY]) as server:
        base_url = server.base_url
    async with Xero(StaticToken("t"), base_url=base_url, retry=QUICK) as xero:
        with pytest.raises(TransportError, match="after 5 attempts"):
            await xero.tenant(TENANT).invoices.create([Invoice(type="ACCREC")])


# -- tokens ---------------------------------------------------------------------------------------------------------


class Renewable:
    """A way to sign in that counts how often it is asked for a new token."""

    def __init__(self) -> None:
        self.renewals = 0

    async def token(self, send: Sender, /) -> str:
        """The current token."""
        return f"token-{self.renewals}"

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """A new one each time."""
        self.renewals += 1
        return True


async def test_an_expired_token_is_renewed_once_and_the_call_repeated() -> None:
    """A write that met an expired token goes out again with the new one and the same key."""
    auth = Renewable()
    async with scripted([EXPIRED, INVOICE]) as server, client(server, auth=auth) as tenant:
        await tenant.invoices.create([Invoice(type="ACCREC")])
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer token-0", "Bearer token-1"]
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 1
    assert auth.renewals == 1


async def test_a_token_that_is_expired_again_is_an_error() -> None:
    """A call renews once; if Xero still says that the token has expired, it raises."""
    auth = Renewable()
    async with scripted([EXPIRED]) as server, client(server, auth=auth) as tenant:
        with pytest.raises(Unauthorized, match="TokenExpired"):
            await tenant.invoices.get(ID)
    assert (len(server.seen), auth.renewals) == (2, 1)


@pytest.mark.parametrize("spelling", ["insufficient_scope", "insufficent_scope"])
async def test_a_missing_scope_never_renews(spelling: str) -> None:
    """A token that lacks a scope is reported as such, in either of Xero's spellings, and nothing is repeated."""
    auth = Renewable()
    reply = Reply(status=401, headers={"WWW-Authenticate": f'Bearer error="{spelling}"'})
    async with scripted([reply]) as server, client(server, auth=auth) as tenant:
        with pytest.raises(MissingScope):
            await tenant.invoices.get(ID)
    assert (len(server.seen), auth.renewals) == (1, 0)


async def test_401_403_and_404_are_three_errors() -> None:
    """A bad token, a tenant out of reach and a missing record look different."""
    for status, kind in ((401, Unauthorized), (403, Forbidden), (404, NotFound)):
        async with scripted([Reply(status=status)]) as server, client(server) as tenant:
            with pytest.raises(kind) as caught:
                await tenant.invoices.get(ID)
        assert type(caught.value) is kind
        assert len(server.seen) == 1


async def test_a_redirect_is_an_error_that_keeps_the_token_home() -> None:
    """A redirect is not followed, since the token would go with it."""
    reply = Reply(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    async with scripted([reply]) as server, client(server) as tenant:
        with pytest.raises(ResponseError, match="redirect"):
            await tenant.invoices.get(ID)
    assert len(server.seen) == 1


# -- time -----------------------------------------------------------------------------------------------------------


async def test_a_stalled_answer_times_out_and_names_the_phase() -> None:
    """A server that takes the request and says nothing ends in a timeout of the reading phase."""
    once = RetryPolicy(attempts=1)
    async with scripted([Reply(stall=5)]) as server, client(server, timeout=0.1, retry=once) as tenant:
        with pytest.raises(XeroTimeout) as caught:
            await tenant.invoices.get(ID)
    assert caught.value.phase == "read"


async def test_a_timeout_for_one_part_of_the_program() -> None:
    """A tenant can be taken with a timeout of its own, and the client's stays as it was."""
    once = RetryPolicy(attempts=1)
    async with (
        scripted([Reply(stall=0.3, body=INVOICE.body)]) as server,
        Xero(StaticToken("t"), base_url=server.base_url, retry=once) as xero,
    ):
        with pytest.raises(XeroTimeout):
            await xero.tenant(TENANT, timeout=0.05).invoices.get(ID)
        await xero.tenant(TENANT).invoices.get(ID)


async def test_the_deadline_covers_waiting_for_a_turn() -> None:
    """A call that cannot get its turn in time says so, and was never sent."""
    limits, soon = Limits(minute=1), RetryPolicy(deadline=0.1)
    async with scripted([INVOICE]) as server, client(server, limits=limits, retry=soon) as tenant:
        await tenant.invoices.get(ID)
        with pytest.raises(XeroTimeout, match="limits") as caught:
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert caught.value.phase == "turn"
    assert len(server.seen) == 1


async def test_the_deadline_leaves_a_write_in_flight_unknown() -> None:
    """A write that the deadline cuts off may have happened, and is reported so."""
    soon = RetryPolicy(deadline=0.1)
    async with scripted([Reply(stall=5)]) as server, client(server, retry=soon) as tenant:
        with pytest.raises(OutcomeUnknown, match="deadline"):
            await tenant.invoices.create([Invoice(type="ACCREC")])


# -- opening and closing --------------------------------------------------------------------------------------------


async def test_a_session_that_is_not_open_refuses() -> None:
    """Before `async with` and after it, a call raises and tells what to do."""
    async with scripted([INVOICE]) as server:
        xero = Xero(StaticToken("t"), base_url=server.base_url)
        with pytest.raises(SessionClosed, match="async with"):
            await xero.tenant(TENANT).invoices.get(ID)
        async with xero:
            await xero.tenant(TENANT).invoices.get(ID)
        with pytest.raises(SessionClosed):
            await xero.tenant(TENANT).invoices.get(ID)
    assert len(server.seen) == 1


async def test_leaving_ends_calls_in_flight_and_waiting_ones() -> None:
    """Leaving with calls in flight, waiting for turns and waiting to retry ends them all, and leaves no task behind."""
    before = asyncio.all_tasks()
    async with scripted([Reply(stall=5)]) as server:
        async with Xero(StaticToken("t"), base_url=server.base_url) as xero:
            tenant = xero.tenant(TENANT)
            reads = [asyncio.create_task(tenant.invoices.get(ID)) for _ in range(20)]
            await asyncio.sleep(0.05)
            write = asyncio.create_task(xero.tenant("other").invoices.create([Invoice(type="ACCREC")]))
            await asyncio.sleep(0.05)
        results: list[object] = await asyncio.gather(*reads, write, return_exceptions=True)
        assert [type(result) for result in results] == [SessionClosed] * 20 + [OutcomeUnknown]
    assert asyncio.all_tasks() == before


async def test_cancelling_a_call_gives_its_turn_back() -> None:
    """A cancelled call leaves no slot taken: five of them, and the next call goes at once."""
    replies = [Reply(stall=5)] * 5 + [INVOICE]
    async with scripted(replies) as server, client(server, limits=Limits(minute=1000)) as tenant:
        tenant_calls = [asyncio.create_task(tenant.invoices.get(ID)) for _ in range(5)]
        await asyncio.sleep(0.1)
        for call in tenant_calls:
            call.cancel()
        await asyncio.gather(*tenant_calls, return_exceptions=True)
        assert tenant.limits.in_flight == 0
        async with asyncio.timeout(1):
            server.script = always_an_invoice
            await tenant.invoices.get(ID)


async def test_an_injected_session_is_used_and_left_open() -> None:
    """An aiohttp session of the caller's own is used, and is still open afterwards."""
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}) as http:
        async with scripted([INVOICE]) as server, client(server, http=http) as tenant:
            await tenant.invoices.get(ID)
        assert server.seen[0].headers["x-mine"] == "yes"
        assert not http.closed


# -- bad input ------------------------------------------------------------------------------------------------------


async def test_bad_input_is_refused_before_anything_is_sent() -> None:
    """What cannot be right raises an error of the tree that says why, and the server never hears of it."""
    endless, naive = Decimal("NaN"), datetime(2026, 1, 1)
    async with scripted([INVOICE]) as server, client(server) as tenant:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "128": lambda: tenant.invoices.create([Invoice()], idempotency_key="k" * 129),
            "header": lambda: tenant.invoices.create([Invoice()], idempotency_key="a\r\nX-Evil: 1"),
            "zone": lambda: tenant.invoices.list(modified_since=naive),
            "finite": lambda: tenant.invoices.create([Invoice(line_items=[LineItem(quantity=endless)])]),
            "page_size": lambda: tenant.invoices.list(page_size=1001),
            "page counts": lambda: tenant.invoices.list(page=0),
            "InvoiceID": lambda: tenant.invoices.get("../Contacts"),
            "empty": lambda: tenant.contacts.get(""),
            "at least one": lambda: tenant.contacts.create([]),
            "give a list": lambda: tenant.contacts.create(Contact(name="x")),  # type: ignore[arg-type]  # on purpose
            "unitdp": lambda: tenant.invoices.get(ID, unitdp=3),  # type: ignore[arg-type]  # on purpose
            "2500": lambda: tenant.contacts.history.add(ID, "x" * 2501),
        }
        for words, call in calls.items():
            with pytest.raises(InvalidArgument, match=words) as caught:
                await call()
            assert isinstance(caught.value, XeroError)
        with pytest.raises(InvalidArgument, match="tenant_id"):
            Xero(StaticToken("t")).tenant("")
    assert server.seen == []


@pytest.mark.parametrize(
    "options",
    [{"base_url": "api.xero.com"}, {"base_url": "https://x?y"}, {"timeout": 0}, {"unitdp": 3}, {"identity_url": ""}],
)
def test_options_that_cannot_be_right_are_refused(options: dict[str, Any]) -> None:
    """A client with options that cannot work is never made."""
    with pytest.raises(InvalidArgument):
        Xero(StaticToken("t"), **options)


# -- seen from outside ----------------------------------------------------------------------------------------------


async def test_the_hook_sees_every_attempt_and_cannot_do_harm(caplog: pytest.LogCaptureFixture) -> None:
    """A hook gets a record of each attempt with what follows; when it raises, the call still succeeds."""
    records: list[Attempt] = []

    def hook(record: Attempt) -> None:
        records.append(record)
        raise RuntimeError("a hook gone wrong")

    headers = {"X-MinLimit-Remaining": "58", "Xero-Correlation-Id": "c-1"}
    good = Reply(body=INVOICE.body, headers=headers)
    async with scripted([DROP, Reply(status=502), good]) as server, client(server, on_attempt=hook) as tenant:
        await tenant.invoices.get(ID)
        assert tenant.limits.minute <= 58
    told = [(record.number, record.status, record.failure, record.next) for record in records]
    assert told == [(1, None, "dropped", "wait"), (2, 502, None, "wait"), (3, 200, None, "value")]
    last = records[-1]
    assert (last.operation, last.tenant, last.correlation_id) == ("getInvoice", TENANT, "c-1")
    assert last.received == len(INVOICE.body)
    assert last.remaining is not None
    assert records[0].wait >= 0 == last.wait
    assert len(server.seen) == 3


async def test_the_wait_before_a_retry_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each sleep is logged with its reason and length."""
    with caplog.at_level(logging.INFO, "xero_async"):
        async with scripted([Reply(status=502), INVOICE]) as server, client(server) as tenant:
            await tenant.invoices.get(ID)
    assert len(server.seen) == 2
    assert any("answered 502; attempt 2 follows in" in record.getMessage() for record in caplog.records)


async def test_a_planted_secret_is_found_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """The token is in no message, repr or log record, whatever goes wrong."""
    secret = "s3cr3t-t0k3n"
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for reply in (Reply(status=400, body=b"{}"), Reply(status=500), DROP, EXPIRED, INVOICE):
            async with scripted([reply]) as server, client(server, auth=StaticToken(secret)) as tenant:
                told += [repr(tenant), repr(tenant.invoices.list())]
                try:
                    await tenant.invoices.create([Invoice(type="ACCREC")])
                except XeroError as error:
                    told += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
            assert secret in server.seen[0].headers["authorization"]
    told += [record.getMessage() for record in caplog.records]
    assert not [text for text in told if secret in text]


async def test_a_success_that_is_no_json_raises_on_reads() -> None:
    """HTML, an empty body and another document with status 200 raise, with the status in the message."""
    for body in (b"<html>", b"", b"[]", b"{}", b'{"Invoices": 5}'):
        async with scripted([Reply(body=body)]) as server, client(server) as tenant:
            with pytest.raises(DecodeError, match="200"):
                await tenant.invoices.list()
        assert len(server.seen) == 1


async def test_an_odd_field_costs_no_page() -> None:
    """A page in which one amount is a word keeps all its records, and that field is None."""
    body = msgspec.json.encode({"Invoices": [{"InvoiceID": str(n), "Total": n} for n in range(5)]})
    async with scripted([Reply(body=body.replace(b'"Total":3', b'"Total":"n/a"'))]) as server, client(server) as tenant:
        page = await tenant.invoices.list()
    assert [invoice.total for invoice in page] == [0, 1, 2, None, 4]
    assert len(server.seen) == 1
