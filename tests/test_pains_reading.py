"""What users of other clients suffer when they read, each shown not to happen: over sockets, a test for each pain."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from calling import named_coroutines
from leaping import leap
from recording import Organisation, Recorder
from scripted import Reply, Scripted, scripted

from xero_async import (
    Attempt,
    BadRequest,
    DailyLimitReached,
    DecodeError,
    F,
    Forbidden,
    InvalidArgument,
    Invoice,
    Limits,
    LineItem,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetryPolicy,
    ServerError,
    StaticToken,
    Tenant,
    Unauthorized,
    ValidationFailed,
    Xero,
    XeroTimeout,
)
from xero_async.bulk import create_many, export
from xero_async.calls import raw_answers
from xero_async.wire import encode

ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
QUICK = RetryPolicy(base=0.005, cap=0.02)
ONCE = RetryPolicy(attempts=1)


def holding(*records: str, more: str = "") -> Reply:
    """An answer with some invoices, as Xero writes them."""
    return Reply(body=f'{{"Status":"OK"{more},"Invoices":[{",".join(records)}]}}'.encode())


GOOD = holding(f'{{"InvoiceID":"{ID}"}}')


@asynccontextmanager
async def client(server: Scripted, **options: Any) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server."""
    options = {"retry": QUICK, **options}
    async with Xero(StaticToken("token"), base_url=server.base_url, **options) as xero:
        yield xero.tenant("tenant")


async def test_pain_02_an_unknown_enum_value_is_kept() -> None:
    """A status and a type that nobody knows decode, and go back unchanged."""
    async with scripted([holding('{"Status":"DREAMT","Type":"ACCNEW"}')]) as server, client(server) as tenant:
        (invoice,) = await tenant.invoices.list()
        await tenant.invoices.update(ID, invoice)
    assert (invoice.status, invoice.type) == ("DREAMT", "ACCNEW")
    assert b'"DREAMT"' in server.seen[-1].body
    assert b'"ACCNEW"' in server.seen[-1].body


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
async def test_pain_05_dates_do_not_shift(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same day comes of the same answer under any time zone of the process, before 1970 too."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    record = '{"Date":"/Date(1439424000000+0000)/","DueDate":"/Date(-86400000)/"}'
    try:
        async with scripted([holding(record)]) as server, client(server) as tenant:
            (invoice,) = await tenant.invoices.list()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (invoice.date, invoice.due_date) == (date(2015, 8, 13), date(1969, 12, 31))


async def test_pain_06_validation_text_is_shown() -> None:
    """Xero's own messages are the error's text, and a typed list with each element's position."""
    body = (
        b'{"Type":"ValidationException","Elements":['
        b'{"ValidationErrors":[{"Message":"Account code 999 is not valid."}]},'
        b'{"LineItems":[{"ValidationErrors":[{"Message":"Quantity is missing."}]}]}]}'
    )
    async with scripted([Reply(status=400, body=body)]) as server, client(server) as tenant:
        with pytest.raises(ValidationFailed, match=r"Account code 999 is not valid\.") as caught:
            await tenant.invoices.create([Invoice(), Invoice()])
    told = [(error.position, error.messages) for error in caught.value.errors]
    assert told == [(0, ("Account code 999 is not valid.",)), (1, ("Quantity is missing.",))]


async def test_pain_07_odd_fields_cost_no_page() -> None:
    """Null, absent, empty and mistyped fields decode, and an empty page is an empty page."""
    records = ('{"Total":null,"Contact":null}', "{}", '{"Date":"","Total":"12.50"}', '{"LineItems":"none","Total":3}')
    async with scripted([holding(*records), holding()]) as server, client(server) as tenant:
        page = await tenant.invoices.list()
        assert await tenant.invoices.list() == []
    assert [invoice.total for invoice in page] == [None, None, Decimal("12.50"), 3]
    assert len(server.seen) == 2


@pytest.mark.parametrize("body", [b"<html>oops</html>", b"", b'{"Message":"x'], ids=["html", "empty", "cut"])
@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (401, Unauthorized), (403, Forbidden), (404, NotFound), (502, ServerError)]
)
async def test_pain_09_no_body_masks_the_status(status: int, kind: type[BadRequest], body: bytes) -> None:
    """The class of an error comes from its status; status, headers and body ride along."""
    reply = Reply(status=status, body=body, headers={"X-Mine": "yes"}, content_type="text/html")
    async with scripted([reply]) as server, client(server, retry=ONCE) as tenant:
        with pytest.raises(kind) as caught:
            await tenant.invoices.get(ID)
    error = caught.value
    assert (type(error), error.status, error.body, error.headers["x-mine"]) == (kind, status, body, "yes")


async def test_pain_09_html_with_a_200_raises() -> None:
    """A page in place of an answer is no success."""
    async with scripted([Reply(body=b"<html>", content_type="text/html")]) as server, client(server) as tenant:
        with pytest.raises(DecodeError, match="200"):
            await tenant.invoices.get(ID)


async def test_pain_12_time_is_finite_and_its_phase_is_named() -> None:
    """Defaults end, at no less than a minute to read; the deadline covers retries and the queue; errors say where."""
    fields = inspect.signature(Xero).parameters
    assert 60 <= fields["timeout"].default < float("inf")
    assert RetryPolicy().deadline
    late = RetryPolicy(deadline=0.1)
    async with scripted([GOOD, Reply(stall=5)]) as server:
        async with client(server, retry=late, limits=Limits(minute=1)) as tenant:
            await tenant.invoices.get(ID)
            with pytest.raises(XeroTimeout) as turn:
                await tenant.invoices.get(ID)
        async with client(server, retry=ONCE, timeout=0.1) as tenant:
            with pytest.raises(XeroTimeout) as read:
                await tenant.invoices.get(ID)
        async with client(server, retry=late) as tenant:
            with pytest.raises(XeroTimeout) as total:
                await tenant.invoices.get(ID)
    assert [caught.value.phase for caught in (turn, read, total)] == ["turn", "read", "total"]


async def test_pain_12_one_call_may_have_a_time_of_its_own() -> None:
    """A call that is to be quick is given up sooner than the client's other calls, which wait as before."""
    async with (
        scripted([Reply(stall=0.3, body=GOOD.body)]) as server,
        Xero(StaticToken("token"), base_url=server.base_url, retry=ONCE) as xero,
    ):
        quick = xero.tenant("tenant", timeout=0.05).invoices.get(ID)
        ends = await asyncio.gather(quick, xero.tenant("tenant").invoices.get(ID), return_exceptions=True)
    assert [type(end) for end in ends] == [XeroTimeout, Invoice]


async def test_pain_13_no_success_is_silent() -> None:
    """A 2xx that does not decode raises, with the place in the document; a list never gives None."""
    replies = [Reply(body=b'{"Invoices":[{"Total":{}}]}'), Reply(body=b"{}")]
    async with scripted(replies) as server, client(server, strict=True) as tenant:
        with pytest.raises(DecodeError) as caught:
            await tenant.invoices.list()
        assert caught.value.path.startswith("$.Invoices[")
        with pytest.raises(DecodeError):
            await tenant.invoices.list()
    assert len(server.seen) == 2


async def test_pain_14_the_days_end_is_told_at_once() -> None:
    """A spent day raises within 100 ms, names its reset, and nothing more is sent."""
    reply = Reply(status=429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "66975"})
    async with scripted([reply]) as server, client(server) as tenant:
        with pytest.raises(DailyLimitReached) as caught:
            await tenant.invoices.get(ID)
        begun = time.perf_counter()
        with pytest.raises(DailyLimitReached):
            await tenant.invoices.get(ID)
        assert time.perf_counter() - begun < 0.1
    assert caught.value.resets_at is not None
    assert caught.value.resets_at - datetime.now(UTC) > timedelta(hours=18)
    assert len(server.seen) == 1


def test_pain_14_every_wait_is_logged_and_can_be_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """A turn, a pause and a backoff are each logged with their length and reason, and whoever waits can go."""
    refused = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "33"})
    awake: list[float] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with (
            scripted([GOOD, GOOD, refused, Reply(status=503), GOOD, refused]) as server,
            client(server, retry=RetryPolicy(), limits=Limits(minute=2)) as tenant,
        ):
            for _ in range(3):
                await tenant.invoices.get(ID)
            asleep = asyncio.create_task(call(tenant))
            await asyncio.sleep(70)
            asleep.cancel()
            began = loop.time()
            with pytest.raises(asyncio.CancelledError):
                await asleep
            awake.append(loop.time() - began)

    async def call(tenant: Tenant) -> None:
        await tenant.invoices.get(ID)

    with caplog.at_level(logging.INFO, "xero_async"):
        leap(scene())
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert re.search(r"waited 60\.1\d\d s for a turn \(minute\)", told)
    assert "getInvoice: Xero answered 429 (minute); attempt 2 follows in 33.0 s" in told
    assert "pauses for 33.0 s: Xero refused a call (minute)" in told
    assert re.search(r"Xero answered 503; attempt 3 follows in \d+\.\d s", told)
    assert awake == [0]


async def test_pain_15_money_keeps_its_digits() -> None:
    """What comes as 148062.76 is that Decimal and goes out with the same digits; NaN and infinity are refused."""
    record = '{"LineItems":[{"UnitAmount":148062.76,"Quantity":1.0000}]}'
    async with scripted([holding(record)]) as server, client(server) as tenant:
        (invoice,) = await tenant.invoices.list()
        await tenant.invoices.update(ID, invoice)
        for amount in ("NaN", "Infinity"):
            with pytest.raises(InvalidArgument, match="finite"):
                await tenant.invoices.create([Invoice(line_items=[LineItem(unit_amount=Decimal(amount))])])
    assert (invoice.line_items or [])[0].unit_amount == Decimal("148062.76")
    assert b'"UnitAmount":148062.76' in server.seen[1].body
    assert b'"Quantity":1.0000' in server.seen[1].body
    assert len(server.seen) == 2


async def test_pain_17_one_option_asks_for_four_decimals() -> None:
    """`unitdp=4` on the client reaches reads, lists and writes."""
    async with scripted([GOOD]) as server, client(server, unitdp=4) as tenant:
        await tenant.invoices.get(ID)
        await tenant.invoices.list()
        await tenant.invoices.create([Invoice()])
        await tenant.credit_notes.list()
    assert all("unitdp=4" in seen.target for seen in server.seen)


async def test_pain_17_bulk_work_has_four_decimals_too(tmp_path: Path) -> None:
    """What is created in chunks and what is exported asks for them as well."""
    async with scripted([GOOD]) as server, client(server, unitdp=4) as tenant:
        await create_many(tenant.invoices.create, [Invoice(), Invoice()], chunk_size=1)
        async for _ in tenant.invoices.list():
            pass
        await export(tenant, tmp_path, resources=["invoices", "items"])
    assert len(server.seen) == 5
    assert all("unitdp=4" in seen.target for seen in server.seen)


async def test_pain_18_limits_are_within_reach() -> None:
    """What remains is readable after each answer; errors carry problem and wait; the hook sees every attempt."""
    told: list[Attempt] = []
    good = Reply(body=GOOD.body, headers={"X-MinLimit-Remaining": "41", "X-DayLimit-Remaining": "4000"})
    refused = Reply(status=429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "0"})
    async with scripted([good, refused]) as server, client(server, on_attempt=told.append, retry=ONCE) as tenant:
        await tenant.invoices.get(ID)
        assert (tenant.limits.minute, tenant.limits.day) == (41, 4000)
        with pytest.raises(RateLimited) as caught:
            await tenant.invoices.get(ID)
    assert (caught.value.problem, caught.value.retry_after) == ("minute", 0)
    assert [(attempt.status, attempt.operation) for attempt in told] == [(200, "getInvoice"), (429, "getInvoice")]


async def test_pain_20_filters_are_built() -> None:
    """The builder writes Xero's dates, ids and lists, and refuses a double quote."""
    where = (F.date >= date(2026, 1, 31)) & (F.contact.id == ID) & F.status.in_("DRAFT", "PAID")
    text = f'Date>=DateTime(2026, 01, 31) AND Contact.ContactID==Guid("{ID}") AND (Status=="DRAFT" OR Status=="PAID")'
    async with scripted([GOOD]) as server, client(server) as tenant:
        assert where.text(Invoice) == text
        await tenant.invoices.list(where=where)
        with pytest.raises(InvalidArgument, match="double quote"):
            await tenant.invoices.list(where=F.reference == 'a "b"')
    assert len(server.seen) == 1


async def test_pain_21_if_modified_since_is_utc() -> None:
    """An aware moment goes out in UTC to the second, and a naive one is refused."""
    moment = datetime(2026, 1, 31, 12, 30, 15, 999, tzinfo=timezone(timedelta(hours=13)))
    async with scripted([GOOD]) as server, client(server) as tenant:
        await tenant.invoices.list(modified_since=moment)
        with pytest.raises(InvalidArgument, match="zone"):
            await tenant.invoices.list(modified_since=moment.replace(tzinfo=None))
    assert [seen.headers["if-modified-since"] for seen in server.seen] == ["2026-01-30T23:30:15"]


async def test_pain_24_connections_are_shared() -> None:
    """A hundred calls open at most five sockets, and leaving closes them."""
    async with scripted([GOOD]) as server, client(server, limits=Limits(minute=1000)) as tenant:
        await asyncio.gather(*(tenant.invoices.get(ID) for _ in range(100)))
    assert server.sockets <= 5


async def test_pain_24_leaving_closes_all() -> None:
    """The server sees each connection end when the session is left."""
    async with scripted([GOOD]) as server:
        async with client(server) as tenant:
            await asyncio.gather(*(tenant.invoices.get(ID) for _ in range(5)))
            assert len(server.tasks) == server.sockets > 0
        await asyncio.sleep(0.05)
        assert len(server.tasks) == 0


async def test_pain_24_the_aiohttp_session_can_be_your_own() -> None:
    """Calls go through the one that is given, with its proxy, headers and connections, and it stays open."""
    async with scripted([GOOD]) as server, ClientSession(headers={"X-Mine": "yes"}, trust_env=True) as http:
        for _ in range(3):
            async with client(server, http=http) as tenant:
                await tenant.invoices.get(ID)
            assert not http.closed
        assert server.sockets == 1
    assert [seen.headers["x-mine"] for seen in server.seen] == ["yes"] * 3


async def test_pain_25_lists_have_their_lines() -> None:
    """A list always asks for a page, which has line items; in a summary they are None rather than none."""
    async with scripted([holding('{"LineItems":[]}')]) as server, client(server) as tenant:
        (full,) = await tenant.invoices.list()
        (short,) = await tenant.invoices.list(summary_only=True)
    assert all("page=1" in seen.target for seen in server.seen)
    assert (full.line_items, short.line_items) == ([], None)


@pytest.mark.parametrize("fault", [*(Reply(status=status) for status in (502, 503, 504)), Reply(drop=True)], ids=str)
async def test_pain_26_transient_errors_pass(fault: Reply) -> None:
    """Reads, and writes with a live key, are repeated to an end; without a key, a write is not."""
    policy = RetryPolicy(base=0.0005, cap=0.01, attempts=3)
    async with scripted([fault, GOOD, fault, GOOD, fault]) as server, client(server, retry=policy) as tenant:
        await tenant.invoices.get(ID)
        await tenant.invoices.create([Invoice()])
        with pytest.raises(OutcomeUnknown):
            await tenant.contact_groups.remove_contact(ID, ID)
        assert len(server.seen) == 5
        with pytest.raises(Exception, match="getInvoice"):
            await tenant.invoices.get(ID)
    assert len(server.seen) == 8


async def test_pain_27_three_refusals_are_three_errors() -> None:
    """A bad token, a tenant out of reach and a missing scope differ."""
    scope = Reply(status=401, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    kinds: list[type] = []
    async with scripted([Reply(status=401), Reply(status=403), scope]) as server, client(server) as tenant:
        for _ in range(3):
            (error,) = await asyncio.gather(tenant.invoices.get(ID), return_exceptions=True)
            kinds.append(type(error))
    assert kinds == [Unauthorized, Forbidden, MissingScope]
    assert len(server.seen) == 3


async def test_pain_29_records_are_json() -> None:
    """What was read encodes to JSON again."""
    async with scripted([holding('{"Total":1.50,"Reference":"x"}')]) as server, client(server) as tenant:
        (invoice,) = await tenant.invoices.list()
    assert json.loads(encode(invoice)) == {"Reference": "x", "Total": 1.5}
    assert b'"Total":1.50' in encode(invoice)


async def test_pain_29_the_raw_answer_is_within_reach() -> None:
    """Whole and as it came, with its headers: of one call, of a list's every page, and of a call that failed."""
    one = holding('{"Total":1.50,"Nobody":"knows"}')
    pages = [holding("{}", more=f',"pagination":{{"page":{at},"pageSize":1,"pageCount":3}}') for at in (1, 2, 3)]
    missing = Reply(status=404, body=b"no" * 1000, headers={"X-Mine": "yes"})
    async with scripted([one, *pages, missing, GOOD]) as server, client(server) as tenant:
        with raw_answers() as answers:
            await tenant.invoices.get(ID)
        assert [(answer.status, answer.body) for answer in answers] == [(200, one.body)]
        with raw_answers() as drawn:
            assert len([row async for row in tenant.invoices.list(page_size=1)]) == 3
        assert sorted(answer.body for answer in drawn) == sorted(page.body for page in pages)
        with raw_answers() as failed, pytest.raises(NotFound):
            await tenant.invoices.get(ID)
        assert (failed[0].body, failed[0].headers["x-mine"]) == (missing.body, "yes")
        await tenant.invoices.get(ID)
    assert (len(answers), len(drawn), len(failed)) == (1, 3, 1)
    # Xero's data show up in no log by accident.
    assert repr(answers) == f"[<Answer 200, {len(one.body)} bytes>]"


def test_pain_30_options_of_every_verb_are_by_keyword() -> None:
    """In every row, what is optional is given by its name, and an id or a record by its place."""
    verbs = list(named_coroutines(Organisation(Recorder())))
    assert len(verbs) > 239
    for name, verb in verbs:
        shape = inspect.signature(verb).parameters.values()
        options = inspect.signature(verb.operation.parameters).parameters  # type: ignore[attr-defined]  # set at run time
        assert {each.kind for each in options.values()} <= {inspect.Parameter.KEYWORD_ONLY}, name
        for parameter in shape:
            is_option = parameter.name in options or parameter.default is not inspect.Parameter.empty
            kind = inspect.Parameter.KEYWORD_ONLY if is_option else inspect.Parameter.POSITIONAL_ONLY
            assert parameter.kind is kind, f"{name}: {parameter}"


async def test_pain_30_options_are_by_keyword() -> None:
    """No option of any verb can be given by position, so a new one breaks nobody."""
    async with scripted([GOOD]) as server, client(server) as tenant:
        for verb in (tenant.invoices.list, tenant.invoices.create, tenant.invoices.get):
            parameters = inspect.signature(verb).parameters.values()
            optional = [parameter for parameter in parameters if parameter.default is not inspect.Parameter.empty]
            assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in optional)
    assert server.seen == []
