"""Parameters: what is sent, how it is written, and what is refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import field

from xero_async.apis.accounting import Contacts, Invoices, operations
from xero_async.apis.parameters import (
    Batch,
    ContactQuery,
    Download,
    ExactBatch,
    InvoiceQuery,
    Keyed,
    OnlineUpload,
    Plain,
    Upload,
)
from xero_async.wire.errors import InvalidArgument
from xero_async.wire.parameters import MAX_PAGE_SIZE, Parameters, render, segment

UPLOAD = next(row for row in operations() if row.id == "createContactAttachmentByFileName")
ID = "243216c5-369e-4056-ac67-05388f86dc81"
NOON = datetime(2026, 1, 31, 12, 30, 15, 999_999, tzinfo=UTC)
AUCKLAND = timezone(timedelta(hours=13))


class Nowhere(tzinfo):
    """A zone that does not say where it is."""

    def utcoffset(self, moment: datetime | None, /) -> None:
        """Nothing."""

    dst = utcoffset

    def tzname(self, moment: datetime | None, /) -> str:
        """Its name."""
        return "nowhere"


class Odd(Parameters, frozen=True, kw_only=True):
    """A day and a float, which no operation takes so far."""

    day: date | None = field(default=None, name="Day")
    rate: float | None = None


def invoices(**values: Any) -> InvoiceQuery:  # Any: what the type checkers would refuse is the point here
    """A query with any values at all."""
    return InvoiceQuery(**values)


# -- what is sent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [Plain(), InvoiceQuery(), ContactQuery(), Keyed(), Upload(), OnlineUpload()])
def test_nothing_is_sent_at_default(parameters: Parameters) -> None:
    """Parameters left at their defaults send nothing."""
    assert render(parameters) == ("", {})


def test_what_is_always_sent() -> None:
    """A batch always says how errors are to come back, and a download which content type it wants."""
    assert render(Batch()) == ("summarizeErrors=false", {})
    assert render(Batch(summarize_errors=True)) == ("summarizeErrors=true", {})
    assert render(ExactBatch(unitdp=4)) == ("summarizeErrors=false&unitdp=4", {})
    assert render(Download()) == ("", {"contentType": "application/octet-stream"})
    assert render(Download(content_type="image/png")) == ("", {"contentType": "image/png"})


@pytest.mark.parametrize(
    ("values", "query"),
    [
        ({"page": 1}, "page=1"),
        ({"page": 2, "page_size": MAX_PAGE_SIZE}, "page=2&pageSize=1000"),
        ({"page_size": 1}, "pageSize=1"),
        ({"unitdp": 2}, "unitdp=2"),
        ({"unitdp": 4}, "unitdp=4"),
        ({"summary_only": True}, "summaryOnly=true"),
        ({"summary_only": False}, ""),
        ({"include_archived": False}, "includeArchived=false"),
        ({"include_archived": True, "created_by_my_app": True}, "includeArchived=true&createdByMyApp=true"),
        ({"order": "UpdatedDateUTC DESC"}, "order=UpdatedDateUTC%20DESC"),
        (
            {"where": 'Type=="ACCREC" AND Date>=DateTime(2026, 01, 31)&x=1#y+%'},
            "where=Type%3D%3D%22ACCREC%22%20AND%20Date%3E%3DDateTime%282026,%2001,%2031%29%26x%3D1%23y%2B%25",
        ),
        ({"where": ""}, ""),
        ({"search_term": "Zoë & Søn"}, "searchTerm=Zo%C3%AB%20%26%20S%C3%B8n"),
        ({"ids": [ID, UUID(int=1)]}, f"IDs={ID},00000000-0000-0000-0000-000000000001"),
        ({"ids": None}, ""),
        ({"statuses": ["AUTHORISED", "PAID"]}, "Statuses=AUTHORISED,PAID"),
        ({"statuses": "AUTHORISED"}, "Statuses=AUTHORISED"),
        ({"statuses": dict.fromkeys(("PAID",)).keys()}, "Statuses=PAID"),
        ({"invoice_numbers": ["INV 1&2", "é"]}, "InvoiceNumbers=INV%201%262,%C3%A9"),
        ({"contact_ids": {ID}, "where": "a", "page": 3}, f"where=a&page=3&ContactIDs={ID}"),
    ],
)
def test_the_query_string(values: dict[str, object], query: str) -> None:
    """Each parameter goes out under Xero's name, percent-encoded, with lists joined by commas, in a fixed order."""
    assert render(invoices(**values)) == (query, {})


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-01-31T12:30:15"),
        (datetime(2026, 1, 31, 1, tzinfo=AUCKLAND), "2026-01-30T12:00:00"),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "1969-12-31T23:59:59"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00"),
    ],
)
def test_modified_since(moment: datetime, text: str) -> None:
    """An aware datetime goes out as a header, in UTC and cut to whole seconds."""
    assert render(InvoiceQuery(modified_since=moment)) == ("", {"If-Modified-Since": text})


def test_headers() -> None:
    """A key and a content type of the caller's own go into headers, not into the URL."""
    assert render(Keyed(idempotency_key="my key/1")) == ("", {"Idempotency-Key": "my key/1"})
    sent = render(OnlineUpload(content_type="text/plain; charset=utf-8", include_online=True))
    assert sent == ("IncludeOnline=true", {"Content-Type": "text/plain; charset=utf-8"})


def test_a_day_in_a_query() -> None:
    """A day would go out as YYYY-MM-DD."""
    assert render(Odd(day=date(2026, 1, 31))) == ("Day=2026-01-31", {})


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        *(({"page": page}, "page counts from 1") for page in (0, -1, 1.0, "1", True, [1])),
        *(
            ({"page_size": size}, "page_size is from 1 to 1000")
            for size in (0, -1, MAX_PAGE_SIZE + 1, 100.0, "100", True)
        ),
        *(({"unitdp": places}, "unitdp is 2 or 4") for places in (0, 3, -4, "4", True)),
        ({"unitdp": 4.0}, "unitdp cannot be a float"),
        ({"modified_since": datetime(2026, 1, 31)}, "modified_since has no time zone"),
        ({"modified_since": datetime(2026, 1, 31, tzinfo=Nowhere())}, "modified_since has no time zone"),
        ({"modified_since": date(2026, 1, 31)}, "modified_since is an aware datetime"),
        ({"modified_since": "2026-01-31T00:00:00"}, "modified_since is an aware datetime"),
        ({"modified_since": 1_800_000_000}, "modified_since is an aware datetime"),
        ({"modified_since": datetime(1, 1, 1, tzinfo=AUCKLAND)}, "modified_since is beyond the years"),
        ({"ids": [""]}, "ids is a list of texts or UUIDs, none of them empty or with a comma"),
        ({"ids": [ID, None]}, "ids is a list"),
        ({"ids": [ID, 5]}, "ids is a list"),
        ({"ids": b"ids"}, "ids is a list"),
        ({"statuses": ["PAID,VOIDED"]}, "statuses is a list of texts or UUIDs, none of them empty or with a comma"),
        ({"invoice_numbers": ["INV-1", "a,b"]}, "invoice_numbers is a list"),
        ({"where": 1.5}, "where cannot be a float"),
        ({"order": object()}, "order cannot be a object"),
        ({"search_term": "half a pair: \ud83d"}, "search_term holds half of a character pair"),
        ({"ids": ["\ud83d"]}, "ids holds half of a character pair"),
    ],
)
def test_what_is_refused(values: dict[str, object], words: str) -> None:
    """What cannot be right is an `InvalidArgument`, which is a ValueError too, and names the parameter."""
    with pytest.raises(InvalidArgument) as caught:
        render(invoices(**values))
    assert str(caught.value).startswith(words)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00", "\x7f", "a\tb", "ключ", "\x85", "\ud83d"])
def test_nothing_is_smuggled_into_headers(text: str) -> None:
    """A line break, a control character or what is not ASCII is refused in every header that a caller can set."""
    for parameters in (Keyed(idempotency_key=text), Upload(content_type=text), Download(content_type=text)):
        with pytest.raises(InvalidArgument, match="printable ASCII"):
            render(parameters)


# -- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("report.pdf", "report.pdf"),
        (" #&%()é", "%20%23%26%25%28%29%C3%A9"),
        ("a b+c=d@e!f$g'h;i,j~k-l_m.n", "a%20b%2Bc%3Dd%40e%21f%24g%27h%3Bi%2Cj~k-l_m.n"),
        ("100%25.txt", "100%2525.txt"),
        ("résumé — 日本語 😀.pdf", "r%C3%A9sum%C3%A9%20%E2%80%94%20%E6%97%A5%E6%9C%AC%E8%AA%9E%20%F0%9F%98%80.pdf"),
        ("e\u0301", "e%CC%81"),
        ("...", "..."),
        (".hidden", ".hidden"),
        ("{FileName}[0]^`", "%7BFileName%7D%5B0%5D%5E%60"),
        ("'; DROP TABLE--", "%27%3B%20DROP%20TABLE--"),
    ],
)
def test_file_names(name: str, encoded: str) -> None:
    """A file name goes into the URL byte for byte, as UTF-8, with everything but letters, digits and -._~ encoded."""
    assert segment("FileName", name) == encoded
    request = UPLOAD.request((ID, name), Upload(), b"x")
    assert request.target == f"/api.xro/2.0/Contacts/{ID}/Attachments/{encoded}"
    assert unquote(encoded) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_file_name(name: str) -> None:
    """Any file name is either refused or is one segment of the path, from which it is read back unchanged."""
    try:
        encoded = segment("FileName", name)
    except InvalidArgument:
        return
    assert encoded.isascii()
    assert not set(encoded) & set("/?#&= ")
    assert encoded not in {"", ".", ".."}
    assert unquote(encoded, errors="strict") == name


@pytest.mark.parametrize("name", ["a<b", "a>b", "a:b", 'a"b', "a/b", "a\\b", "a|b", "a?b", "a*b", "a\nb", "a\x00b"])
def test_refused_file_names(name: str) -> None:
    """What Xero does not take in a file name is refused here, with the list of what that is."""
    with pytest.raises(InvalidArgument, match="FileName cannot be empty, a dot, or hold any of < > :"):
        segment("FileName", name)


@pytest.mark.parametrize("text", ["", " ", "\t", ".", "..", "\u2003"])
@pytest.mark.parametrize("name", ["InvoiceID", "FileName"])
def test_segments_that_lead_elsewhere(name: str, text: str) -> None:
    """Nothing, blanks and dots would be another URL, and are refused."""
    with pytest.raises(InvalidArgument, match="cannot be empty, a dot"):
        segment(name, text)


@pytest.mark.parametrize("text", ["../Invoices", "a/b", "a\\b", "a?b=1", "a#b", "50%", "%2e%2e", "a\nb", "\x7f"])
def test_refused_ids(text: str) -> None:
    """What would break a URL is refused in an id, with the way round it."""
    with pytest.raises(InvalidArgument, match="a number with such a character is found by a list filter"):
        segment("InvoiceID", text)


@pytest.mark.parametrize("value", [None, 5, 1.5, b"id", True, [ID], object()])
def test_ids_of_another_type(value: object) -> None:
    """An id is text or a UUID: None, which a missing id so easily is, never becomes a URL."""
    kind = type(value).__name__
    with pytest.raises(InvalidArgument, match=rf"ContactID is (missing|text or a UUID, not a {kind})"):
        segment("ContactID", value)


def test_ids() -> None:
    """Ids are taken as text or UUID, and numbers with blanks or letters of any script are encoded."""
    assert segment("InvoiceID", UUID(ID)) == ID
    assert segment("InvoiceID", "INV 0001-é") == "INV%200001-%C3%A9"
    assert Invoices.get.request(("{InvoiceID}",), Plain()).target == "/api.xro/2.0/Invoices/%7BInvoiceID%7D"
    with pytest.raises(InvalidArgument, match="InvoiceID holds half of a character pair"):
        segment("InvoiceID", "\ud83d")


def test_a_value_is_never_a_placeholder() -> None:
    """A value that looks like the placeholder of another parameter is a value all the same."""
    request = Contacts.get_by_number.request(("{ContactNumber}",), Plain())
    assert request.target == "/api.xro/2.0/Contacts/%7BContactNumber%7D"


def test_a_refusal_keeps_the_value_to_itself() -> None:
    """A refusal names the parameter and never repeats the value, which may be a secret or a customer's."""
    for call in (
        lambda: segment("InvoiceID", "secret/secret"),
        lambda: render(Keyed(idempotency_key="secret\n")),
        lambda: render(invoices(ids=["secret,secret"])),
        lambda: render(invoices(page="secret")),
    ):
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert "secret" not in str(caught.value)
