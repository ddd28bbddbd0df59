"""Answers of v1, good and bad, from a server that says what it is told to: none of their errors is missed."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import quote

import pytest
from scripted import Reply, Script, Scripted, scripted

from xero_async import (
    BadRequest,
    DecodeError,
    Forbidden,
    InvalidArgument,
    Limits,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetryPolicy,
    ServerError,
    Unauthorized,
    ValidationFailed,
    Xero,
    XeroError,
    raw_answers,
)
from xero_async.models import Contact, Invoice, LineItem
from xero_async.network_v1 import ApiKey, Network, encode_response
from xero_async.session import Attempt

API_KEY, XERO_KEY = "PARTNERKEY/+=&e", "XEROKEY%20#?"
QUICK = RetryPolicy(attempts=3, base=0.0, cap=0.0)
CONTACT = Contact(name="Ada")
BILL = Invoice(type="ACCPAY", contact=CONTACT, line_items=[LineItem(description="x")])


def xml(body: str | bytes, status: int = 200, content_type: str = "text/xml; charset=utf-8") -> Reply:
    """An answer of v1."""
    return Reply(status=status, body=body if isinstance(body, bytes) else body.encode(), content_type=content_type)


def response(inner: str, status: str = "OK") -> Reply:
    """A document of v1 around something."""
    return xml(f"<Response><ID>1</ID><Status>{status}</Status><ProviderName>P</ProviderName>{inner}</Response>")


class Here(NamedTuple):
    """A scripted server, and v1 behind it."""

    server: Scripted
    xero: Xero
    v1: Network
    attempts: list[Attempt]


@asynccontextmanager
async def serving(script: Script | Sequence[Reply] | Reply, limits: Limits | None = None) -> AsyncGenerator[Here]:
    """v1 on a server that follows a script."""
    attempts: list[Attempt] = []
    replies = [script] if isinstance(script, Reply) else script
    async with (
        scripted(replies) as server,
        Xero(ApiKey(API_KEY), base_url=server.base_url, retry=QUICK, limits=limits, on_attempt=attempts.append) as xero,
    ):
        yield Here(server, xero, xero.network_v1(XERO_KEY), attempts)


# -- errors in a 200 --------------------------------------------------------------------------------------------------

REFUSED = {
    "today's list": '<Contact status="ERROR"><Name>Ada</Name><ValidationErrors><ValidationError><Message>Wrong.'
    "</Message></ValidationError></ValidationErrors></Contact>",
    "a list of errors": "<Contact><Name>Ada</Name><Errors><Error>Wrong.</Error></Errors></Contact>",
    "one error": "<Contact><Name>Ada</Name><Error><Message>Wrong.</Message></Error></Contact>",
    "bare text": "<Contact><Name>Ada</Name><ErrorMessage>Wrong.</ErrorMessage></Contact>",
    "an exception": "<Contact><Name>Ada</Name><Exception><Detail>Wrong.</Detail></Exception></Contact>",
    "deep within": "<Contact><Phones><Phone><Errors><Error><Message>Wrong.</Message></Error></Errors></Phone></Phones>"
    "</Contact>",
    "a status and text": "<Contact><Status>ERROR</Status><Errors>Wrong.</Errors></Contact>",
}


@pytest.mark.parametrize("element", REFUSED.values(), ids=REFUSED)
async def test_an_error_of_the_only_record_is_raised(element: str) -> None:
    """Wherever an answer of 200 holds its error, saving one contact raises it with Xero's words."""
    async with serving(response(element)) as here:
        with pytest.raises(ValidationFailed, match=r"v1\.saveContact: Wrong\.") as refusal:
            await here.v1.contact.save(CONTACT)
        assert [error.messages for error in refusal.value.errors] == [("Wrong.",)]
        assert refusal.value.status == 200
        with pytest.raises(ValidationFailed, match=r"Wrong\."):
            await here.v1.contact.get(contact_number="1")
        assert len(here.server.seen) == 2


@pytest.mark.parametrize("element", REFUSED.values(), ids=REFUSED)
async def test_an_error_of_one_of_several_stays_with_it(element: str) -> None:
    """In a batch the error is returned for its item, by its place, and the others are values."""
    good = "<Contact><ContactID>7</ContactID><Name>Good</Name></Contact>"
    async with serving(response(f"<Contacts>{good}{element}{good}</Contacts>")) as here:
        results = await here.v1.contacts.save([CONTACT, Contact(name="B"), Contact(name="C")])
        assert [(error.position, error.messages) for error in results.errors] == [(1, ("Wrong.",))]
        assert [each.name for each in results][::2] == ["Good", "Good"]
        assert [error.position for error in (await here.v1.contacts.list()).errors] == [1]


async def test_a_status_alone_is_an_error_too() -> None:
    """A record that is marked as refused is one, even where nothing says why."""
    for element in (
        '<Invoice status="ERROR"/>',
        "<Invoice><Status>ERROR</Status></Invoice>",
        "<Invoice><HasErrors>true</HasErrors></Invoice>",
        "<Invoice><Contact><ValidationErrors><ValidationError/></ValidationErrors></Contact><Status>error</Status></Invoice>",
    ):
        async with serving(response(f"<Invoices>{element}</Invoices>")) as here:
            results = await here.v1.invoices.insert([BILL])
            assert [error.position for error in results.errors] == [0]
            with pytest.raises(ValidationFailed, match="without saying why"):
                await here.v1.invoice.insert(BILL)


async def test_what_is_no_error_is_none() -> None:
    """Flags that say no, empty lists, warnings, and names that only look like errors raise nothing."""
    fine = (
        '<Contact status="OK"><Name>Error &amp; Sons</Name><HasErrors>false</HasErrors><ValidationErrors/>'
        "<Errors> </Errors><Warnings><Warning><Message>Odd.</Message></Warning></Warnings>"
        "<Terms><DefaultDay>3</DefaultDay></Terms></Contact>"
    )
    async with serving(response(fine)) as here:
        assert (await here.v1.contact.save(CONTACT)).name == "Error & Sons"
    async with serving(response(f"<Contacts>{fine}</Contacts>")) as here:
        assert (await here.v1.contacts.list()).errors == []


@pytest.mark.parametrize(
    "whole",
    [
        response("", "ERROR"),
        response("<Errors><Error><Message>Wrong.</Message></Error></Errors>"),
        response("<Message>Wrong.</Message>", "FAILED"),
        response("<Contacts/><Invoices/><Accounts/><Error>Wrong.</Error>", "ERROR"),
        xml("<ApiException><ErrorNumber>14</ErrorNumber><Message>Wrong.</Message></ApiException>"),
        xml("<Errors><Error>Wrong.</Error><Error>Worse.</Error></Errors>"),
        xml("<Error>Wrong.</Error>"),
    ],
    ids=["status", "list", "message", "beside lists", "exception", "errors", "text"],
)
async def test_an_error_of_the_whole_is_raised_by_every_interface(whole: Reply) -> None:
    """An answer that is an error as a whole is never taken for an empty list, nor for a record that was saved."""
    calls: list[Callable[[Network], Awaitable[object]]] = [
        lambda v1: v1.accounts.list(),
        lambda v1: v1.imports.invoices([BILL]),
        lambda v1: v1.contact.get(contact_number="1"),
        lambda v1: v1.contact.save(CONTACT),
        lambda v1: v1.contacts.list(),
        lambda v1: v1.contacts.save([CONTACT]),
        lambda v1: v1.invoice.get(invoice_number="1"),
        lambda v1: v1.invoice.insert(BILL),
        lambda v1: v1.invoices.list(),
        lambda v1: v1.invoices.insert([BILL]),
        lambda v1: v1.tracking.list(),
    ]
    async with serving(whole) as here:
        for call in calls:
            with pytest.raises(ValidationFailed):
                await call(here.v1)


async def test_errors_of_the_whole_and_of_records_at_once() -> None:
    """What is held against the whole is raised with all the words, and the records' errors ride along."""
    record = "<Contact><Name>B</Name><Errors><Error>Wrong.</Error></Errors></Contact>"
    good = "<Contact><ContactID>7</ContactID><Name>A</Name></Contact>"
    whole = "<Errors><Error>All was rolled back.</Error></Errors>"
    async with serving(response(f"{whole}<Contacts>{good}{record}</Contacts>", "ERROR")) as here:
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: here.v1.contacts.save([CONTACT, Contact(name="B")]),
            lambda: here.v1.contacts.list(),
        ]
        for call in calls:
            with pytest.raises(ValidationFailed, match=r": All was rolled back\. Wrong\.$") as refusal:
                await call()
            assert [(error.position, error.messages) for error in refusal.value.errors] == [(1, ("Wrong.",))]
    async with serving(response(whole + record, "ERROR")) as here:
        with pytest.raises(ValidationFailed, match=r": All was rolled back\. Wrong\.$") as refusal:
            await here.v1.contact.save(CONTACT)
        assert [(error.position, error.messages) for error in refusal.value.errors] == [(0, ("Wrong.",))]
    bill = "<Invoice><InvoiceID>7</InvoiceID><Errors><Error>Wrong.</Error></Errors></Invoice>"
    async with serving(response(f"{whole}<Invoices>{bill}</Invoices>", "ERROR")) as here:
        with pytest.raises(ValidationFailed, match=r": All was rolled back\. Wrong\.$"):
            await here.v1.imports.invoices([BILL])


async def test_a_status_of_the_whole_may_speak_of_its_records() -> None:
    """A status that is not OK, without a word of its own, takes nothing from the records that were saved."""
    record = "<Contact><Name>B</Name><Errors><Error>Wrong.</Error></Errors></Contact>"
    good = "<Contact><ContactID>7</ContactID><Name>A</Name></Contact>"
    async with serving(response(f"<Contacts>{good}{record}</Contacts>", "ERROR")) as here:
        results = await here.v1.contacts.save([CONTACT, Contact(name="B")])
        assert [(error.position, error.messages) for error in results.errors] == [(1, ("Wrong.",))]
    async with serving(response(f"<Contacts>{record}</Contacts><Invoices/>", "ERROR")) as here:
        with pytest.raises(ValidationFailed, match="the answer's status is ERROR"):
            await here.v1.invoices.insert([BILL])


async def test_errors_of_records_without_a_place_for_them_are_raised() -> None:
    """An account or a category that comes with an error says so, although its model has no field for one."""
    async with serving(
        response("<Tracking><TrackingCategory><Error>Wrong.</Error></TrackingCategory></Tracking>")
    ) as here:
        with pytest.raises(ValidationFailed, match=r"TrackingCategory 0: Wrong\."):
            await here.v1.tracking.list()


async def test_silence_is_no_success() -> None:
    """An answer without the list, or with fewer records than were sent, is an error; an import may just say OK."""
    async with serving(response("")) as here:
        for call in (here.v1.accounts.list(), here.v1.invoices.insert([BILL]), here.v1.invoice.insert(BILL)):
            with pytest.raises(DecodeError, match="the answer holds no"):
                await call
        with pytest.raises(NotFound):
            await here.v1.invoice.get(invoice_number="1")
        assert await here.v1.imports.invoices([BILL]) == []
    async with serving(response("<Invoices><Invoice/></Invoices>")) as here:
        for write in (here.v1.invoices.insert([BILL, BILL]), here.v1.imports.invoices([BILL, BILL])):
            with pytest.raises(DecodeError, match="2 records were sent, and the answer tells of 1"):
                await write
    async with serving(xml("<Response/>")) as here:
        with pytest.raises(DecodeError, match="the answer holds no invoices"):
            await here.v1.imports.invoices([BILL])


# -- statuses ---------------------------------------------------------------------------------------------------------

EXCEPTION = (
    "<ApiException><ErrorNumber>500</ErrorNumber><Type>X</Type><Message>The books are shut.</Message></ApiException>"
)


async def test_an_application_exception_is_a_server_error_with_its_words() -> None:
    """A 500 on a question is asked again, and then raised as ServerError with the document's words."""
    async with serving(xml(EXCEPTION, 500)) as here:
        with pytest.raises(ServerError, match=r"v1\.getAccounts answered 500: The books are shut") as error:
            await here.v1.accounts.list()
        assert error.value.status == 500
        assert len(here.server.seen) == QUICK.attempts


async def test_an_application_exception_on_a_write_leaves_it_in_doubt() -> None:
    """A 500 may come from half-way through: the write is not sent again, and the cause holds the words."""
    async with serving(xml(EXCEPTION, 500)) as here:
        with pytest.raises(OutcomeUnknown) as doubt:
            await here.v1.invoice.insert(BILL)
        assert isinstance(doubt.value.__cause__, ServerError)
        assert "The books are shut" in str(doubt.value.__cause__)
        assert len(here.server.seen) == 1
        assert doubt.value.key is None


async def test_errors_in_xml_are_read_whatever_the_status() -> None:
    """401, 400 and 404 have their class by the status, and their words out of the XML; a page says nothing."""
    refused = (
        "<ApiException><Type>ValidationException</Type><Message>A validation exception occurred</Message><Elements>"
        "<DataContractBase><ContactID>9</ContactID><ValidationErrors><ValidationError><Message>Too long.</Message>"
        "</ValidationError><ValidationError><Message>Too wide.</Message></ValidationError></ValidationErrors>"
        "</DataContractBase></Elements></ApiException>"
    )
    rows: list[tuple[Reply, type[XeroError], str]] = [
        (xml(EXCEPTION, 401), Unauthorized, r"answered 401: The books are shut\. Check the API key"),
        (xml("", 401), Unauthorized, "answered 401: Check the API key"),
        (xml("<html><Message>Hello</Message></html>", 401), Unauthorized, r"answered 401: Check the API key"),
        (xml(refused, 400), ValidationFailed, r"answered 400: Too long\. Too wide\."),
        (xml(EXCEPTION.encode("utf-16"), 404, "text/xml; charset=utf-16"), NotFound, "The books are shut"),
        (xml("<ApiException><Message>", 400), BadRequest, "answered 400$"),
        (xml("<Error>Shut.</Error>", 403), Forbidden, "answered 403: Shut"),
        (xml("<Response><Status>ERROR</Status><Errors>Shut.</Errors></Response>", 403), Forbidden, "403: Shut"),
    ]
    for reply, kind, words in rows:
        async with serving(reply) as here:
            with pytest.raises(kind, match=words):
                await here.v1.contact.save(CONTACT)
    async with serving(xml(refused, 400)) as here:
        with pytest.raises(ValidationFailed) as refusal:
            await here.v1.contacts.save([CONTACT])
        assert [(error.id, error.messages) for error in refusal.value.errors] == [("9", ("Too long.", "Too wide."))]


async def test_a_token_that_has_expired_is_none_of_these_keys() -> None:
    """A 401 that speaks of a token is not answered by asking again: there are no other keys."""
    body = b'{"Title":"Unauthorized","Detail":"TokenExpired: token expired at 2026-01-01"}'
    async with serving(Reply(status=401, body=body)) as here:
        with pytest.raises(Unauthorized, match="Check the API key"):
            await here.v1.accounts.list()
        assert len(here.server.seen) == 1


# -- what came in place of an answer ----------------------------------------------------------------------------------

WHOLE = encode_response(contacts=CONTACT)
PAGES = {
    "html": b"<html><body>Sign in to the wireless network</body></html>",
    "a page in capitals": b"<HTML></HTML>",
    "a doctype": b"<!DOCTYPE html><html></html>",
    "xhtml": b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"></html>',
    "xhtml without a type": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p/></html>',
    "nothing": b"",
    "text": b"upstream connect error",
    "json": b'{"ok":true}',
    "the half of it": WHOLE[: len(WHOLE) // 2],
    "all but its last character": WHOLE[:-1],
    "all but its last element": WHOLE.replace(b"</Response>", b""),
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
async def test_a_page_in_place_of_the_answer_to_a_write_leaves_it_in_doubt(body: bytes) -> None:
    """What is no whole document of v1 does not tell whether the write was done; v1 has no keys, so it is not resent."""
    async with serving(xml(body)) as here:
        for write in (
            here.v1.contact.save(CONTACT),
            here.v1.contacts.save([CONTACT]),
            here.v1.invoice.insert(BILL),
            here.v1.invoices.insert([BILL]),
            here.v1.imports.invoices([BILL]),
        ):
            with pytest.raises(OutcomeUnknown, match="Read back before you send it again"):
                await write
        assert len(here.server.seen) == 5


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
async def test_a_page_in_place_of_the_answer_to_a_question_is_refused(body: bytes) -> None:
    """A question changes nothing: what came cannot be read, and the error says so without quoting it."""
    async with serving(xml(body)) as here:
        with pytest.raises(DecodeError, match=r"v1\.getContact: .*\(status 200\)") as error:
            await here.v1.contact.get(contact_number="1")
        assert "wireless" not in str(error.value)


async def test_a_write_that_may_have_arrived_is_never_sent_again() -> None:
    """A connection that drops, breaks off or falls silent after a write leaves one request and a doubt."""
    for reply in (Reply(drop=True), Reply(body=WHOLE, cut=20), xml("", 502), xml("", 504)):
        async with serving(reply) as here:
            with pytest.raises(OutcomeUnknown):
                await here.v1.contact.save(CONTACT)
            assert len(here.server.seen) == 1


async def test_questions_are_asked_again() -> None:
    """A connection that drops, breaks off, or a 503 is made good for a question by asking again."""
    for reply in (Reply(drop=True), Reply(body=WHOLE, cut=20), xml("", 503)):
        async with serving([reply, reply, xml(WHOLE)]) as here:
            assert (await here.v1.contact.get(contact_number="1")).name == "Ada"
            assert len(here.server.seen) == 3
            assert [attempt.next for attempt in here.attempts] == ["wait", "wait", "value"]


# -- limits and hooks -------------------------------------------------------------------------------------------------


async def test_limits_work_as_for_todays_api() -> None:
    """A 429 is waited out, of a write too, as nothing was done; the day's end is raised; headers are learned from."""
    busy = Reply(status=429, headers={"Retry-After": "0", "X-Rate-Limit-Problem": "minute"})
    good = Reply(body=WHOLE, content_type="text/xml", headers={"X-MinLimit-Remaining": "7"})
    async with serving([busy, good]) as here:
        assert (await here.v1.contact.save(CONTACT)).name == "Ada"
        assert len(here.server.seen) == 2
        assert here.v1.limits.minute <= 7
    over = Reply(status=429, headers={"Retry-After": "3000", "X-Rate-Limit-Problem": "day"})
    async with serving(over) as here:
        with pytest.raises(RateLimited):
            await here.v1.accounts.list()
        with pytest.raises(RateLimited):
            await here.v1.accounts.list()
        assert len(here.server.seen) == 1


async def test_hooks_are_told_of_every_attempt() -> None:
    """A hook learns operation, organisation, status and sizes; the organisation goes by a digest."""
    async with serving(xml(WHOLE)) as here:
        await here.v1.contact.save(CONTACT)
        (attempt,) = here.attempts
        assert (attempt.operation, attempt.tenant, attempt.status) == ("v1.saveContact", here.v1.id, 200)
        assert (attempt.sent, attempt.received) == (len(here.server.seen[0].body), len(WHOLE))
        assert (attempt.key, attempt.next) == (None, "value")
        assert here.v1.id.startswith("network-")


# -- what goes over the wire ------------------------------------------------------------------------------------------


async def test_both_keys_ride_in_the_query_and_nothing_else_signs() -> None:
    """apiKey and xeroKey are added to the address as it goes out, escaped, behind what is asked for."""
    async with serving(xml(WHOLE)) as here:
        await here.v1.contact.get(contact_number="A&B 1")
        await here.v1.contact.save(CONTACT)
        asked, saved = here.server.seen
        keys = "apiKey=PARTNERKEY%2F%2B%3D%26e&xeroKey=XEROKEY%2520%23%3F"
        assert asked.target == f"/api.xro/1.0/contact?contactNumber=A%26B%201&{keys}"
        assert saved.target == f"/api.xro/1.0/contact?{keys}"
        assert (saved.method, saved.headers["content-type"]) == ("POST", "text/xml; charset=utf-8")
        assert saved.body == b'<?xml version="1.0" encoding="utf-8"?><Contact><Name>Ada</Name></Contact>'
        for seen in (asked, saved):
            assert seen.headers["accept"] == "text/xml"
            assert not seen.headers.keys() & {"authorization", "xero-tenant-id", "idempotency-key"}


async def test_what_looks_like_a_key_in_a_record_stays() -> None:
    """A customer's text comes as it is; in an error that is raised it is covered, for it may be the key of the call."""
    text = "https://shop.example/?apiKey=abc"
    inner = f"<Contact><Name>{text}</Name>{{}}</Contact>"
    async with serving(response(inner.format(""))) as here:
        assert (await here.v1.contact.get(contact_number="1")).name == text
        assert (await here.v1.contacts.list())[0].name == text
    error = f"<Errors><Error><Message>At {text}.</Message></Error></Errors>"
    for refused in (inner.format(error), error):
        async with serving(response(refused)) as here:
            with pytest.raises(ValidationFailed, match=r"apiKey=\*\*\*") as refusal:
                await here.v1.contact.save(CONTACT)
            assert "abc" not in f"{refusal.value} {refusal.value.errors} {refusal.value.body!r}"


async def test_the_charset_of_the_answer_counts() -> None:
    """The encoding that the content type names is the one that is read; one that it is not in is refused."""
    bare = "<Response><Contact><Name>Café</Name></Contact></Response>"
    for charset in ("utf-8", "utf-16", "iso-8859-1", '"Windows-1252"'):
        body = bare.encode(charset.strip('"'))
        async with serving(xml(body, content_type=f"text/xml; charset={charset}")) as here:
            assert (await here.v1.contact.get(contact_number="1")).name == "Café"
    for charset in ("utf-16", "nonsense", "us-ascii"):
        async with serving(xml(bare, content_type=f"text/xml; charset={charset}")) as here:
            with pytest.raises(DecodeError, match="the XML cannot be read"):
                await here.v1.contact.get(contact_number="1")


async def test_strict_raises_for_fields_that_are_not_as_documented() -> None:
    """A total that is no number is left out, and with `strict` an error with its place."""
    body = "<Response><Invoices><Invoice><Total>much</Total><Reference>R</Reference></Invoice></Invoices></Response>"
    async with scripted([xml(body)]) as server:
        for strict in (False, True):
            async with Xero(ApiKey(API_KEY), base_url=server.base_url, strict=strict) as xero:
                v1 = xero.network_v1(XERO_KEY)
                if strict:
                    with pytest.raises(DecodeError) as error:
                        await v1.invoices.list()
                    assert error.value.path.startswith("$.Invoices")
                else:
                    assert await v1.invoices.list() == [Invoice(reference="R")]


# -- secrets ----------------------------------------------------------------------------------------------------------


def secrets_in(text: str) -> list[str]:
    """The secrets that a text gives away, plain or escaped."""
    return [each for each in ("PARTNERKEY", "XEROKEY", "%2F%2B%3D") if each in text]


ECHO = "http://127.0.0.1:1/x?APIKEY=PARTNERKEY%2F%2B%3D%26e&amp;xeroKey=XEROKEY%2520%23%3F"
"""The address of a call, as a server may repeat it."""
LOGIN = f"http://127.0.0.1:1/login?return={quote(ECHO.replace('&amp;', '&'), safe='')}"
LEAKS = [
    Reply(status=302, headers={"Location": LOGIN}, body=f"<html>{quote(LOGIN, safe='')}</html>".encode()),
    xml("", 401),
    Reply(drop=True),
    xml("", 500),
    xml(f'<html>Object moved to <a href="{ECHO}">here</a></html>'),
    Reply(status=302, headers={"Location": ECHO.replace("&amp;", "&")}, body=f"<html>{ECHO}</html>".encode()),
    xml(f"<Error>{ECHO}</Error>", 401),
    response(f"<Errors><Error>{ECHO}</Error></Errors>"),
    response(f"<Contact>{ECHO}<Error>{ECHO}</Error></Contact>"),
    xml(WHOLE),
]


async def told_by(call: Awaitable[object]) -> list[str]:
    """Everything that a call tells: its value, or its error as text, as a traceback with variables, and as bytes."""
    try:
        return [repr(await call)]
    except XeroError as error:
        kept = pickle.loads(pickle.dumps(error))
        told = ["".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]
        told += [repr(error), repr(pickle.dumps(error)), repr(kept)]
        if isinstance(kept, OutcomeUnknown) and kept.request is not None:
            told += [repr(kept.request), kept.request.target, repr(kept.request.headers)]
        return told


@pytest.mark.parametrize("reply", LEAKS, ids=range(len(LEAKS)))
async def test_no_key_is_told_to_anybody(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key is in a repr, a log, a message, a traceback with its variables, or a pickled error."""
    caplog.set_level(logging.DEBUG)
    async with serving(reply) as here:
        auth = here.xero._session.auth  # pyright: ignore[reportPrivateUsage] - to look for what it gives away
        told = [repr(each) for each in (auth, vars(auth), here.xero, here.v1, here.v1.id, vars(here.v1))]
        with raw_answers() as answers:
            told += await told_by(here.v1.contact.save(CONTACT))
            told += await told_by(here.v1.contact.get(contact_number="1"))
        told += [repr(each) for each in (answers, here.attempts, *(record.getMessage() for record in caplog.records))]
    assert [each for each in told if secrets_in(each)] == []


@pytest.mark.parametrize("key", ["", " ", "a b", "schlüssel", "a\nb", "\x00"])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    """A key is printable ASCII without spaces; the refusal does not repeat it."""
    for make in (ApiKey, ApiKey("good").organisation):
        with pytest.raises(InvalidArgument) as refusal:
            make(key)
        assert key.strip() == "" or key not in str(refusal.value)
