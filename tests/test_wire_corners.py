"""Corners of the wire and of pacing that no everyday call comes to, each with what it is to do there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from xero_async import DecodeError, InvalidArgument
from xero_async.apis.parameters import AgedQuery, InvoiceQuery
from xero_async.models import Contact, Invoice, Invoices, Journals
from xero_async.pacing.window import Window
from xero_async.wire import Answer, Operation
from xero_async.wire.answers import raw, read_nothing, read_page, read_pdf
from xero_async.wire.headers import charset_of
from xero_async.wire.parameters import Parameters, render, segment
from xero_async.wire.xml import decode_xml, element

MADE = datetime(2026, 1, 31, 12, 30, 15, tzinfo=UTC)
SENT = "Sat, 31 Jan 2026 12:30:15 GMT"


@pytest.mark.parametrize(
    ("body", "headers", "moment"),
    [
        (b'{"DateTimeUTC":"/Date(1769862615123)/","Invoices":[]}', {"date": SENT}, MADE.replace(microsecond=123_000)),
        (b'{"Invoices":[]}', {"date": SENT}, MADE),
        (b'{"Invoices":[]}', {}, None),
        (b'{"Invoices":[]}', {"date": "yesterday"}, None),
        (b'{"DateTimeUTC":"yesterday","Invoices":[]}', {"date": SENT}, None),
    ],
)
def test_a_page_tells_when_it_was_made(body: bytes, headers: dict[str, str], moment: datetime | None) -> None:
    """By the envelope, whose milliseconds the header has not, or else by the header; a moment that is none is None."""
    page = read_page(Invoice)(Answer(200, headers, body))
    assert page.moment == moment


def test_a_file_is_its_bytes_and_a_pdf_is_one() -> None:
    """What is downloaded comes as it is; where a PDF was asked for, a page is refused."""
    answer = Answer(200, {}, b"\x00any")
    assert raw(answer) is answer.body
    assert read_pdf(Answer(200, {}, b"junk%PDF-1.7")) == b"junk%PDF-1.7"
    with pytest.raises(DecodeError, match="not a PDF"):
        read_pdf(Answer(200, {}, b"<html>"))


def test_an_operation_knows_its_record_and_shows_no_data() -> None:
    """One that returns nothing is about no record; requests and answers print no content."""
    fields: dict[str, Any] = {"id": "x", "method": "POST", "path": "/X", "parameters": Parameters, "read": read_nothing}
    operation: Operation[None] = Operation(**fields)
    assert operation.record is None
    assert operation.is_write
    assert not operation.takes_key
    assert Operation(**fields, returns=Invoices).record is Invoice
    request = operation.request([], Parameters(), Contact(name="Jane"))
    request.with_key("k")
    assert request.key == "k"
    assert repr(request) == "<Request x: POST /api.xro/2.0/X, 15 bytes>"
    assert repr(operation.request([], Parameters())) == "<Request x: POST /api.xro/2.0/X, no body>"
    assert repr(Answer(200, {}, b"Jane")) == "<Answer 200, 4 bytes>"


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml; boundary=x; Charset = UTF-16", "utf-16"),
        ('text/xml;charset="latin-1";charset=utf-8', "latin-1"),
        ("text/xml; boundary=x", None),
        ("text/xml; charset=", None),
        ("text/xml", None),
    ],
)
def test_an_encoding_is_found_among_other_parameters(content_type: str, charset: str | None) -> None:
    """The first `charset` counts, wherever it stands and however it is quoted; without one there is none."""
    assert charset_of({"content-type": content_type}) == charset
    assert charset_of({}) is None


def test_what_a_url_cannot_do_without_is_refused() -> None:
    """An empty parameter that Xero needs, a list that filters by nothing, and a place in the path that is no id."""
    with pytest.raises(InvalidArgument, match="contact_id cannot be empty"):
        render(AgedQuery(contact_id=""))
    with pytest.raises(InvalidArgument, match="filter by nothing"):
        render(InvoiceQuery(ids=[]))
    assert segment("ReportNumber", 7) == "7"
    assert segment("InvoiceID", UUID(int=1)) == str(UUID(int=1))
    with pytest.raises(InvalidArgument, match="text or a UUID, not a int"):
        segment("InvoiceID", 7)


def test_xml_of_every_shape() -> None:
    """A status that is an attribute, a whole number, an empty text and a date that is none."""
    assert decode_xml(b'<Invoices><Invoice status="ERROR"/></Invoices>', Invoices) == {
        "Invoices": [{"StatusAttributeString": "ERROR"}]
    }
    journals = b"<Journals><Journal><JournalNumber> 42 </JournalNumber></Journal></Journals>"
    assert decode_xml(journals, Journals) == {"Journals": [{"JournalNumber": 42}]}
    written = element("Response", {"Invoices": [{"Date": "/Date(soon)/", "Reference": ""}]}, Invoices)
    assert (
        written == "<Response><Invoices><Invoice><Date>/Date(soon)/</Date><Reference /></Invoice></Invoices></Response>"
    )


def test_a_long_run_that_grows_goes_on() -> None:
    """More bulk calls that come in amid a long run lengthen it, and do not begin it anew."""
    window, other = (Window(20, 60, bulk_reserve=4) for _ in range(2))
    for each in (window, other):
        each.bulk_waits(0, 400)
    assert [granted(each, 20.0) for each in (window, other)] == [18, 18]
    window.bulk_waits(20, 400)
    assert [granted(each, 40.0) for each in (window, other)] == [2, 2]


def granted(window: Window, now: float) -> int:
    """Make as many bulk calls as may go at a moment, each completed at once; return how many."""
    number = 0
    while window.hindrance(now, True) is None:
        window.settle(window.take(now), now)
        number += 1
    return number
