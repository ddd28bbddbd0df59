"""What users of other clients suffer when they write, share tokens or meet errors, and what spares them here.

Each test is named after its line in the list of pains. All run over real sockets.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cutting_proxy import Cut, cutting
from leaping import leap
from scripted import Reply, Seen, scripted

from xero_async import (
    ClientCredentials,
    Contact,
    Invoice,
    Limits,
    LineItem,
    OutcomeUnknown,
    RetryPolicy,
    StaticToken,
    Tenant,
    Xero,
    XeroError,
)
from xero_async.apis.content import Content
from xero_async.sandbox import Fault, FaultPlan, Sandbox

EPOCH = 1_790_000_000.0
ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
GOOD = Reply(body=b'{"Status":"OK","Invoices":[{"InvoiceID":"%s"}]}' % ID.encode())
UNPACED = Limits(concurrent=1000, minute=1_000_000, day=1_000_000, app_minute=1_000_000)


@asynccontextmanager
async def client(sandbox: Sandbox, **options: Any) -> AsyncGenerator[Xero]:
    """A client of a sandbox."""
    auth = options.pop("auth", None) or ClientCredentials(sandbox.client_id, sandbox.client_secret)
    urls: dict[str, Any] = {"base_url": sandbox.base_url, "identity_url": sandbox.identity_url, **options}
    async with Xero(auth, **urls) as xero:
        yield xero


def bill(number: str, lines: int = 1) -> Invoice:
    """A bill, whose number need not be unique, so that a second write of it would show."""
    return Invoice(
        type="ACCPAY",
        invoice_number=number,
        contact=Contact(name="Acme"),
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        line_items=[
            LineItem(description=f"Work {at}", quantity=Decimal(1), unit_amount=Decimal("10.10"), account_code="200")
            for at in range(lines)
        ],
    )


async def numbers(tenant: Tenant) -> Counter[str | None]:
    """How often each bill is there."""
    return Counter([row.invoice_number async for row in tenant.invoices.list()])


# -- 1: tokens lost to races -------------------------------------------------------------------------------------------


def test_pain_01_many_coroutines_that_meet_an_expired_token_cause_one_refresh() -> None:
    """Fifty calls that find their token expired at Xero's ask for one new token between them, and all succeed."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with (
            Sandbox(tenants=10, limits=None, clock=lambda: EPOCH + loop.time()) as sandbox,
            client(sandbox, limits=UNPACED) as xero,
        ):
            tenants = [xero.tenant(id) for id in sandbox.tenants]
            await tenants[0].currencies.list()
            before = sandbox.counters.tokens
            # Xero's clock runs ahead of the client's: the client takes its token for good.
            sandbox.advance(3600)
            await asyncio.gather(*(tenants[at % 10].currencies.list() for at in range(50)))
            assert sandbox.counters.tokens == before + 1

    leap(scene())


def test_pain_01_a_cancelled_waiter_does_not_cancel_the_refresh() -> None:
    """The coroutine that began a refresh is cancelled; those who wait for it get their token and nobody asks again."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        faults = [Fault(kind="slow", operation="token", seconds=5.0)]
        async with (
            Sandbox(limits=None, faults=faults, clock=lambda: EPOCH + loop.time()) as sandbox,
            client(sandbox, limits=UNPACED) as xero,
        ):
            tenant = xero.tenant(sandbox.tenants[0])
            first, *others = (asyncio.ensure_future(call(tenant)) for _ in range(5))
            await asyncio.sleep(1)
            first.cancel()
            await asyncio.gather(*others)
            with pytest.raises(asyncio.CancelledError):
                await first
            assert sandbox.counters.tokens == 1

    async def call(tenant: Tenant) -> None:
        await tenant.currencies.list()

    leap(scene())


def test_pain_01_a_lost_token_answer_is_asked_for_again() -> None:
    """Where the identity server's answer is lost on the way, the same form goes out again, and no caller sees it."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        cuts = [Cut(of="answer", at=0, how="rst"), Cut(of="answer", at=150)]
        async with (
            Sandbox(limits=None, clock=lambda: EPOCH + loop.time()) as sandbox,
            cutting(sandbox.base_url, lambda _: cuts.pop() if cuts else None) as proxy,
            client(sandbox, identity_url=proxy.base_url) as xero,
        ):
            await xero.tenant(sandbox.tenants[0]).currencies.list()
        assert len({exchange.body for exchange in proxy.seen}) == 1
        assert len(proxy.seen) == 3

    leap(scene())


# -- 10: a shared token reaches the wrong company ----------------------------------------------------------------------


async def test_pain_10_ten_thousand_interleaved_calls_never_cross_headers() -> None:
    """Two clients with five tenants each: every request carries the token of the client whose tenant it names."""
    crossed: list[str] = []
    counted = Counter[str]()

    def check(seen: Seen) -> Reply:
        tenant, token = seen.headers["xero-tenant-id"], seen.headers["authorization"]
        # The marks of client and tenant are in the filter too.
        if f"where=Name%3D%3D%22{tenant}%22" not in seen.target or token != f"Bearer token-{tenant[0]}":
            crossed.append(f"{tenant}, {token}, {seen.target}")
        counted[tenant] += 1
        return Reply(body=b'{"Status":"OK","Currencies":[]}')

    async def worker(tenant: Tenant, calls: int) -> None:
        for _ in range(calls):
            await tenant.currencies.list(where=f'Name=="{tenant.id}"')

    async with (
        scripted(check) as server,
        Xero(StaticToken("token-a"), base_url=server.base_url, limits=UNPACED) as one,
        Xero(StaticToken("token-b"), base_url=server.base_url, limits=UNPACED) as other,
    ):
        tenants = [(one if name == "a" else other).tenant(f"{name}{number}") for name in "ab" for number in range(5)]
        await asyncio.gather(*(worker(tenant, 250) for tenant in tenants for _ in range(4)))
    assert crossed == []
    assert counted == {tenant.id: 1000 for tenant in tenants}


# -- 11: a retry creates twice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "cut", "502", "504"])
def test_pain_11_a_retried_write_is_done_once(kind: str) -> None:
    """A server that loses the answer to a write, before or after it is done, ends with one bill."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with (
            Sandbox(
                limits=None, faults=FaultPlan.parse(f"{kind}:times=2:method=PUT"), clock=lambda: EPOCH + loop.time()
            ) as sandbox,
            cutting(sandbox.base_url) as proxy,
            client(sandbox, base_url=proxy.base_url) as xero,
        ):
            tenant = xero.tenant(sandbox.tenants[0])
            (created,) = await tenant.invoices.create([bill("B-1")])
            (again,) = await tenant.invoices.create([bill("B-2")])
            assert created.invoice_id != again.invoice_id
            assert await numbers(tenant) == {"B-1": 1, "B-2": 1}
        keys = [exchange.key for exchange in proxy.seen if exchange.method == "PUT"]
        # The same key on every attempt of one call, and a new one for a new call.
        assert len(keys) == 4
        assert len(set(keys)) == 2
        assert len(set(keys[:3])) == 1

    leap(scene())


def test_pain_11_a_write_that_no_key_can_save_says_so() -> None:
    """A bill whose answers are lost on every attempt is there once, and the error brings what is needed to find it."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        faults = [Fault(kind="drop_after", method="PUT")]
        async with (
            Sandbox(limits=None, faults=faults, clock=lambda: EPOCH + loop.time()) as sandbox,
            client(sandbox) as xero,
        ):
            tenant = xero.tenant(sandbox.tenants[0])
            with pytest.raises(OutcomeUnknown) as caught:
                await tenant.invoices.create([bill("B-1")])
            sandbox.inject([])
            assert await numbers(tenant) == {"B-1": 1}
            assert sandbox.counters.replays == RetryPolicy().attempts - 1
        assert caught.value.key is not None
        assert caught.value.key.startswith(f"{tenant.id}:")
        assert caught.value.first_sent is not None

    leap(scene())


async def test_pain_09_a_page_in_place_of_an_answer_is_no_deletion() -> None:
    """An HTML page with status 200 in answer to a DELETE, which Xero answers with nothing, leaves it unknown."""
    async with scripted([HTML]) as server, Xero(StaticToken("token"), base_url=server.base_url) as xero:
        with pytest.raises(OutcomeUnknown):
            await xero.tenant("tenant").items.delete(ID)
    assert len(server.seen) == 1


# -- 16: secrets in errors and logs ------------------------------------------------------------------------------------

SECRET = "pl4nt3d-s3cr3t"
SECRETS = (SECRET, b64encode(f"id:{SECRET}".encode()).decode())
"""Global, since a traceback's variables are searched for them."""
HTML = Reply(status=200, body=b"<html>", content_type="text/html")
TROUBLE: dict[str, Reply | Cut] = {
    **{str(status): Reply(status=status, body=b'{"Detail":"no"}') for status in (400, 401, 403, 404, 412, 500, 501)},
    **{str(status): Reply(status=status) for status in (302, 502, 503, 504)},
    "html": HTML,
    "empty": Reply(body=b""),
    "expired": Reply(status=401, body=b'{"Detail":"TokenExpired: over"}'),
    "scope": Reply(status=401, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'}),
    "day": Reply(status=429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "9000"}),
    "minute": Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "1"}),
    "not gzip": Reply(body=b"no", headers={"Content-Encoding": "gzip"}),
    "bad head": Reply(body=b"", headers={"Content-Length": "banana"}),
    "dropped": Reply(drop=True),
    "cut": Reply(body=b'{"Status":', cut=3),
    "half a request": Cut(of="request", at=40, how="rst"),
    "half a head": Cut(of="answer", at=40),
    "stalled": Cut(of="answer", at=40, how="stall", seconds=1000.0),
    "stalled early": Cut(of="request", at=0, how="stall", seconds=1000.0),
}


def shown(value: object) -> list[str]:
    """All the ways in which something may come to be printed, stored or sent to those who watch errors."""
    texts = [str(value), repr(value)]
    if isinstance(value, BaseException):
        texts += [repr(vars(value)), pickle.dumps(value).decode("latin-1")]
        texts += traceback.TracebackException.from_exception(value, capture_locals=True).format()
    return texts


class Memory(logging.Handler):
    """Keeps each record in words, with its traceback and its arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.told.append(f"{self.format(record)} {record.args!r}")


@pytest.mark.parametrize("trouble", TROUBLE)
def test_pain_16_a_planted_secret_is_shown_nowhere(trouble: str) -> None:
    """Token and client secret are in no str, repr, pickle, traceback with its variables, or DEBUG record."""
    memory, told = Memory(), list[str]()
    root = logging.getLogger()
    level = root.level
    root.addHandler(memory)
    root.setLevel(logging.DEBUG)

    async def scene() -> None:
        fault = TROUBLE[trouble]
        replies = [fault] if isinstance(fault, Reply) else [GOOD]
        plan = fault if isinstance(fault, Cut) else None
        async with scripted(replies) as server, cutting(server.base_url, lambda _: plan) as proxy:
            for auth in (StaticToken(SECRET), ClientCredentials("id", SECRET)):
                async with Xero(
                    auth,
                    base_url=proxy.base_url,
                    identity_url=proxy.base_url,
                    on_attempt=lambda a: told.append(repr(a)),
                ) as xero:
                    tenant = xero.tenant("tenant")
                    told.extend(shown(xero) + shown(tenant) + shown(auth) + shown(tenant.invoices.list()))
                    for work in (tenant.invoices.get(ID), tenant.invoices.create([bill("B-1")]), xero.connections()):
                        try:
                            await work
                        except XeroError as error:
                            told.extend(shown(error))
                    told.extend(shown(xero) + shown(auth))
            authorizations = [exchange.headers.get("authorization", "") for exchange in proxy.seen]
            assert f"Bearer {SECRET}" in authorizations
            assert any(value.startswith("Basic ") for value in authorizations)

    try:
        leap(scene())
    finally:
        root.removeHandler(memory)
        root.setLevel(level)
    assert len(told) > 10
    for text in told + memory.told:
        assert not any(secret in text for secret in SECRETS), text[:500]


# -- 19: names and contents of attachments -----------------------------------------------------------------------------

NAMES = ["a #&%()é.pdf", "50% off.txt", "ünïcödé 文.png", "a+b=c;d,e@f!.csv", "'quoted' $~`^[]{}.bin", "dots...pdf"]


@pytest.mark.parametrize("name", NAMES)
async def test_pain_19_attachments_come_back_byte_for_byte(name: str, tmp_path: Path) -> None:
    """Bytes, a path and a stream go up under an odd name, are listed by it, and come down as they were."""
    content = bytes(range(256)) * 40
    (tmp_path / "file").write_bytes(content)

    async def stream() -> AsyncGenerator[bytes]:
        for at in range(0, len(content), 1000):
            yield content[at : at + 1000]

    async with Sandbox(contacts=1, limits=None) as sandbox, client(sandbox, limits=UNPACED) as xero:
        contacts = xero.tenant(sandbox.tenants[0]).contacts
        (contact,) = await contacts.create([Contact(name="Acme")])
        contents: list[Content] = [content, tmp_path / "file", stream()]
        for at, given in enumerate(contents):
            attached = await contacts.attachments.upload(contact.contact_id, f"{at}{name}", given)
            assert attached.file_name == f"{at}{name}"
            assert await contacts.attachments.get_by_name(contact.contact_id, f"{at}{name}") == content
            assert await contacts.attachments.get(contact.contact_id, attached.attachment_id) == content
        listed = [file.file_name for file in await contacts.attachments.list(contact.contact_id)]
        assert sorted(listed, key=str) == sorted(f"{at}{name}" for at in range(3))


# -- 23: updates rejected, or lines lost -------------------------------------------------------------------------------


async def test_pain_23_get_and_update_unchanged_changes_nothing() -> None:
    """A document that is read and sent back as it is is accepted, and keeps its lines, their ids and its amounts."""
    async with (
        Sandbox(contacts=3, invoices=6, limits=None) as sandbox,
        cutting(sandbox.base_url) as proxy,
        client(sandbox, base_url=proxy.base_url, limits=UNPACED) as xero,
    ):
        tenant = xero.tenant(sandbox.tenants[0])
        (created,) = await tenant.invoices.create([bill("B-1", lines=3)])
        read = await tenant.invoices.get(created.invoice_id)
        written = await tenant.invoices.update(created.invoice_id, read)
        again = await tenant.invoices.get(created.invoice_id)
        contact = await tenant.contacts.get(read.contact.contact_id if read.contact else "")
        kept = await tenant.contacts.update(contact.contact_id, contact)
    assert written.status == read.status
    assert [line.line_item_id for line in again.line_items or ()] == [
        line.line_item_id for line in read.line_items or ()
    ]
    assert len(again.line_items or ()) == 3
    assert (again.total, again.total_tax, again.sub_total) == (read.total, read.total_tax, read.sub_total)
    assert kept.name == contact.name


async def test_pain_23_what_was_not_set_is_not_sent() -> None:
    """An update names what it changes and nothing else, so all else keeps its value at Xero."""
    async with (
        Sandbox(limits=None) as sandbox,
        cutting(sandbox.base_url) as proxy,
        client(sandbox, base_url=proxy.base_url, limits=UNPACED) as xero,
    ):
        tenant = xero.tenant(sandbox.tenants[0])
        (created,) = await tenant.invoices.create([bill("B-1", lines=2)])
        await tenant.invoices.update(created.invoice_id, Invoice(reference="changed"))
        assert proxy.seen[-1].body == b'{"Invoices":[{"Reference":"changed"}]}'
        after = await tenant.invoices.get(created.invoice_id)
    assert after.reference == "changed"
    assert (after.total, len(after.line_items or ())) == (created.total, 2)
