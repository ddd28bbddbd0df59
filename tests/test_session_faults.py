"""The session manager where things go wrong together: doubts, cut errors, odd sessions, secrets in exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from scripted import Reply, Scripted, scripted

from xero_async import (
    Attempt,
    BadRequest,
    ClientCredentials,
    DailyLimitReached,
    InvalidArgument,
    Invoice,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetryPolicy,
    ServerError,
    SessionClosed,
    StaticToken,
    Tenant,
    TransportError,
    Unauthorized,
    Xero,
    XeroError,
    calls,
)
from xero_async.auth import Sender

ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
QUICK = RetryPolicy(base=0.005, cap=0.02)
GOOD = Reply(body=b'{"Status":"OK","Invoices":[{"InvoiceID":"7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"}]}')
DROP = Reply(drop=True)


@asynccontextmanager
async def client(server: Scripted, **options: Any) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server."""
    options = {"retry": QUICK, **options}
    async with Xero(options.pop("auth", StaticToken("s3cr3t")), base_url=server.base_url, **options) as xero:
        yield xero.tenant("tenant")


class Slow:
    """A way to sign in whose second token takes long."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.asked = seconds, 0

    async def token(self, send: Sender, /) -> str:
        """A token, late from the second time on."""
        self.asked += 1
        await asyncio.sleep(self.seconds if self.asked > 1 else 0)
        return "token"

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Never."""
        return False


async def test_a_write_in_doubt_never_goes_out_with_an_old_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the turn or the token took longer than a key is used, the write is unknown and is not sent again."""
    monkeypatch.setattr(calls, "KEY_USE", 0.1)
    async with scripted([DROP, GOOD]) as server, client(server, auth=Slow(0.2)) as tenant:
        with pytest.raises(OutcomeUnknown, match="too old"):
            await tenant.invoices.create([Invoice(type="ACCREC")])
        assert tenant.limits.in_flight == 0
    assert len(server.seen) == 1


async def test_a_write_that_was_only_refused_may_go_out_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that Xero refused with a 429 was not done, so its key is fresh however late it goes out."""
    monkeypatch.setattr(calls, "KEY_USE", 0.1)
    refused = Reply(status=429, headers={"X-Rate-Limit-Problem": "concurrent", "Retry-After": "0"})
    async with scripted([refused, GOOD]) as server, client(server, auth=Slow(0.2)) as tenant:
        await tenant.invoices.create([Invoice(type="ACCREC")])
    assert len(server.seen) == 2


async def test_a_write_in_doubt_that_meets_a_429_at_the_end_is_unknown() -> None:
    """A 429 says nothing of an earlier attempt that was dropped, so the doubt of that one stays."""
    refused = Reply(status=429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "60"})
    async with scripted([DROP, refused]) as server, client(server) as tenant:
        with pytest.raises(OutcomeUnknown) as caught:
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert isinstance(caught.value.__cause__, DailyLimitReached)
    assert len(server.seen) == 2


async def test_the_deadline_leaves_a_write_in_doubt_unknown() -> None:
    """A write that was dropped and is waiting for its repetition when the deadline comes is unknown."""
    policy = RetryPolicy(base=0.005, cap=0.02, deadline=0.15)
    async with scripted([DROP, GOOD]) as server, client(server, auth=Slow(5), retry=policy) as tenant:
        with pytest.raises(OutcomeUnknown, match="deadline"):
            await tenant.invoices.create([Invoice(type="ACCREC")])
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (401, Unauthorized), (404, NotFound), (503, ServerError)]
)
async def test_a_cut_error_keeps_its_status(status: int, kind: type[XeroError]) -> None:
    """An error whose body breaks off is the error of its status, and a refused write is not in doubt."""
    cut = Reply(status=status, body=b'{"Message":"' + b"x" * 500, cut=100)
    once = RetryPolicy(attempts=1)
    async with scripted([cut]) as server, client(server, retry=once) as tenant:
        with pytest.raises(kind) as caught:
            await tenant.invoices.get(ID)
        assert type(caught.value) is kind
        if status < 500:
            with pytest.raises(kind):
                await tenant.contact_groups.remove_contact(ID, ID)
    assert len(server.seen) == (2 if status < 500 else 1)


async def test_a_garbled_error_keeps_its_status() -> None:
    """A body that claims to be compressed and is not does not turn a 404 into a lost connection."""
    reply = Reply(status=404, body=b"not gzip at all", headers={"Content-Encoding": "gzip"})
    async with scripted([reply]) as server, client(server) as tenant:
        with pytest.raises(NotFound):
            await tenant.invoices.get(ID)
    assert len(server.seen) == 1


async def test_the_first_error_of_a_spent_day_names_its_end() -> None:
    """The call that meets the day's limit already tells when calls are free again, in words and as a moment."""
    reply = Reply(status=429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "3600"})
    async with scripted([reply]) as server, client(server) as tenant:
        with pytest.raises(DailyLimitReached, match=r"back at \d{4}-") as caught:
            await tenant.invoices.get(ID)
    assert caught.value.resets_at is not None
    assert timedelta(minutes=59) < caught.value.resets_at - datetime.now(UTC) <= timedelta(hours=1)
    assert len(server.seen) == 1


@pytest.mark.parametrize("seconds", ["999999999999", "1e308", "66975"])
async def test_an_absurd_wait_stays_in_the_tree(seconds: str) -> None:
    """Whatever Retry-After says, this call and the ones after it raise an error of the tree."""
    reply = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": seconds})
    async with scripted([reply]) as server, client(server) as tenant:
        for _ in range(3):
            with pytest.raises(RateLimited):
                await tenant.invoices.get(ID)
    assert len(server.seen) == 1


async def test_a_given_session_repeats_nothing_by_itself_and_raises_nothing_by_itself() -> None:
    """A DELETE goes out once through a session of the caller's, even one that raises for statuses, which stays so."""
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        async with scripted([GOOD, DROP]) as server, client(server, http=http) as tenant:
            await tenant.invoices.list()
            with pytest.raises(OutcomeUnknown):
                await tenant.contact_groups.remove_contact(ID, ID)
        assert [seen.method for seen in server.seen] == ["GET", "DELETE"]
        async with scripted([Reply(status=404)]) as server, client(server, http=http) as tenant:
            with pytest.raises(NotFound):
                await tenant.invoices.get(ID)
        assert len(server.seen) == 1
        assert http._retry_connection  # pyright: ignore[reportPrivateUsage] - given back as it was
    async with client(server, http=http) as tenant:
        with pytest.raises(SessionClosed, match="http"):
            await tenant.invoices.get(ID)


async def test_no_exception_holds_the_token() -> None:
    """An answer that is no HTTP leaves no token in the error, its cause, or what that was raised from."""

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 banana\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        for auth in (StaticToken("s3cr3t"), ClientCredentials("id", "s3cr3t")):
            async with Xero(auth, base_url=url, identity_url=url, retry=RetryPolicy(attempts=1)) as xero:
                with pytest.raises(TransportError) as caught:
                    await xero.tenant("tenant").invoices.get(ID)
            chain: list[BaseException | None] = [caught.value, caught.value.__cause__, caught.value.__context__]
            assert all("s3cr3t" not in repr(error) and "aWQ6" not in repr(error) for error in chain)


async def test_what_filters_by_nothing_is_refused() -> None:
    """An empty list of ids, and a generator that the first page uses up, would draw everything: both are refused."""
    async with scripted([GOOD]) as server, client(server) as tenant:
        empties: list[Any] = [[], (), (value for value in [ID])]
        for ids in empties:
            with pytest.raises(InvalidArgument, match="ids"):
                await tenant.invoices.list(ids=ids)
        with pytest.raises(InvalidArgument, match="contact_id"):
            await tenant.reports.aged_payables_by_contact(contact_id=None)
    assert server.seen == []


async def test_two_spellings_of_a_tenant_are_one() -> None:
    """Upper and lower case of an id share the limits of the one tenant that they name."""
    async with scripted([GOOD]) as server, Xero(StaticToken("t"), base_url=server.base_url) as xero:
        await xero.tenant("ABC").invoices.list()
        assert xero.tenant("abc").limits == xero.tenant("ABC").limits
        assert xero.tenant("abc").limits.minute == 59


@pytest.mark.parametrize("url", ["http://h:99999", "http://[::1", "http://h h", "https://u:p@h", "http://h/\r\nx"])
def test_urls_that_are_none(url: str) -> None:
    """A base URL that cannot work, or that would show a password, is refused at once."""
    with pytest.raises(InvalidArgument, match="base_url") as caught:
        Xero(StaticToken("t"), base_url=url)
    assert "u:p" not in str(caught.value)


async def test_a_sign_in_outlives_the_session_that_began_it() -> None:
    """Two clients share credentials; the one that was asking is left, and the other still gets its token."""
    token = Reply(body=b'{"access_token":"t","expires_in":1800}')
    records: list[Attempt] = []
    async with scripted([Reply(stall=5), token, GOOD]) as server:
        auth, url = ClientCredentials("id", "secret"), server.base_url
        one = Xero(auth, base_url=url, identity_url=url)
        async with Xero(auth, base_url=url, identity_url=url, on_attempt=records.append) as two:
            async with one:
                first = asyncio.ensure_future(one.tenant("a").invoices.list())
                await asyncio.sleep(0.05)
                second = asyncio.ensure_future(two.tenant("b").invoices.list())
                await asyncio.sleep(0.05)
            assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], SessionClosed)
            assert len(await second) == 1
    assert [record.status for record in records] == [200]
