"""Answers: values where there are some, and otherwise the error that the status stands for, with Xero's own words."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from xero_async.models import Connection, Contact, Employee, Invoice, InvoiceReminder, LineItem, ValidationError
from xero_async.wire import Answer, Page, Results
from xero_async.wire.answers import (
    NO_ID,
    error_from,
    is_expired_token,
    raw,
    read_list,
    read_nothing,
    read_one,
    read_page,
    read_record,
    read_results,
)
from xero_async.wire.errors import (
    BadRequest,
    DailyLimitReached,
    DecodeError,
    ElementError,
    Forbidden,
    MissingScope,
    NotFound,
    QueryRejected,
    RateLimited,
    ResponseError,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from xero_async.wire.headers import MINUTE_LEFT, calls_left, rate_limit_problem, retry_after

ID = "243216c5-369e-4056-ac67-05388f86dc81"


def answer(body: bytes | object = b"", status: int = 200, **headers: str) -> Answer:
    """An answer; a body that is not bytes is made JSON, and header names get their hyphens."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


# -- errors: the class ----------------------------------------------------------------------------------------------

PROBLEM = {"Type": None, "Title": "Unauthorized", "Status": 401, "Instance": "7f2f1f9a", "Detail": "Some detail."}

# As platforms, proxies and networks in between really answer.
BODIES = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"12",
    b"The Organisation is offline",
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    b'<?xml version="1.0"?><ApiException><ErrorNumber>10</ErrorNumber></ApiException>',
    json.dumps(PROBLEM).encode(),
    json.dumps(PROBLEM).encode()[:-9],
    b'{"Title": {"a": [1]}, "Detail": null, "Instance": 5}',
    b'{"Elements": "none", "Type": ["x"], "Message": {}}',
    b'{"error": "invalid_request", "error_description": "words"}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"Elements": [{"a":' + b"[" * 900 + b"]" * 900 + b"}]}",
]

STATUSES: list[tuple[int, type[ResponseError]]] = [
    (301, ResponseError),
    (302, ResponseError),
    (304, ResponseError),
    (400, BadRequest),
    (401, Unauthorized),
    (403, Forbidden),
    (404, NotFound),
    (405, BadRequest),
    (409, BadRequest),
    (412, BadRequest),
    (413, BadRequest),
    (414, BadRequest),
    (415, BadRequest),
    (418, BadRequest),
    (429, RateLimited),
    (500, ServerError),
    (501, ServerError),
    (502, ServerError),
    (503, ServerError),
    (504, ServerError),
    (599, ServerError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_the_status_alone_makes_the_class(status: int, kind: type[ResponseError], body: bytes) -> None:
    """Whatever the body is, or is cut to, the class of the error is that of its status, and the status is told."""
    error = error_from(answer(body, status, xero_correlation_id="c-1"), "getInvoices")
    assert type(error) is kind
    assert (error.status, error.operation, error.correlation_id) == (status, "getInvoices", "c-1")
    assert error.body == body[:1024]
    assert str(error).startswith(f"getInvoices answered {status}")


@given(st.integers(300, 599), st.binary(max_size=60))
def test_any_answer_is_an_error(status: int, body: bytes) -> None:
    """Any status without success and any bytes make an error of the tree."""
    assert error_from(answer(body, status)).status == status


def test_every_cut_of_a_validation_error_is_a_bad_request() -> None:
    """A 400 cut off anywhere is a `BadRequest`, and the whole of it a `ValidationFailed`."""
    body = json.dumps(VALIDATION).encode()
    assert {type(error_from(answer(body[:end], 400))) for end in range(len(body))} == {BadRequest}
    assert type(error_from(answer(body, 400))) is ValidationFailed


# -- errors: the words ----------------------------------------------------------------------------------------------

VALIDATION: dict[str, object] = {
    "ErrorNumber": 10,
    "Type": "ValidationException",
    "Message": "A validation exception occurred",
    "Elements": [
        {
            "InvoiceID": NO_ID,
            "InvoiceNumber": "INV-1",
            "Contact": {"Name": "A customer", "ValidationErrors": [{"Message": "The contact name is too long"}]},
            "LineItems": [
                {"Description": "a secret", "ValidationErrors": []},
                {"ValidationErrors": [{"Message": "Account code '999' is not valid."}, {"Description": "Tax?"}]},
            ],
            "ValidationErrors": [
                {"Message": "The contact name is too long"},
                {"Message": "Due date is before the date."},
            ],
        },
        {"InvoiceID": ID, "Payments": [{"ValidationErrors": [{"Message": "Payment exceeds the amount due"}]}]},
        {"InvoiceID": ID, "ValidationErrors": []},
    ],
}


def test_validation_messages() -> None:
    """`errors` tells each failed element's place, id and messages, nested ones included and each once."""
    error = error_from(answer(VALIDATION, 400), "createInvoices")
    assert isinstance(error, ValidationFailed)
    assert error.errors == [
        ElementError(
            position=0,
            messages=(
                "The contact name is too long",
                "Due date is before the date.",
                "Account code '999' is not valid.",
                "Tax?",
            ),
        ),
        ElementError(position=1, messages=("Payment exceeds the amount due",), id=ID),
    ]


def test_the_message_holds_xeros_own() -> None:
    """`str(error)` is what Xero says, element by element, and nothing else of the body."""
    text = str(error_from(answer(VALIDATION, 400), "createInvoices"))
    assert text == (
        "createInvoices answered 400: 2 elements failed; "
        "element 0: The contact name is too long Due date is before the date. Account code '999' is not valid. Tax?; "
        "element 1: Payment exceeds the amount due"
    )


def test_the_message_of_one_element() -> None:
    """One failed element needs no number."""
    body = VALIDATION | {"Elements": [{"ValidationErrors": [{"Message": "Email is not valid."}]}]}
    assert str(error_from(answer(body, 400))) == "Xero answered 400: Email is not valid."


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"Type": "ValidationException", "Message": "Words"}, ValidationFailed, "Words"),
        ({"Type": "ValidationException", "Message": "Words", "Elements": []}, ValidationFailed, "Words"),
        (
            {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No such field"},
            QueryRejected,
            "No such field",
        ),
        ({"ErrorNumber": 17, "Type": "NoDataProcessedException", "Message": "Empty"}, BadRequest, "Empty"),
        ({"Type": "HighVolumeException", "Message": "Too many rows"}, BadRequest, "Too many rows"),
        ({"Type": "AnExceptionOfNextYear", "Message": "New words"}, BadRequest, "New words"),
        ({"Title": "Bad Request", "Detail": "The key was used with another body"}, BadRequest, "The key was used"),
        ({"Elements": [{"ValidationErrors": [{"Message": "Words"}]}]}, BadRequest, "Words"),
        ({"Elements": [[{"ValidationErrors": [{"Message": "Words"}]}]]}, BadRequest, "Words"),
        ({"Elements": [None, 5, {"ValidationErrors": [None, 5, {}, {"Message": ""}]}]}, BadRequest, ""),
    ],
)
def test_kinds_of_bad_requests(body: object, kind: type[BadRequest], words: str) -> None:
    """The type that Xero names tells bad requests apart; all carry Xero's words."""
    error = error_from(answer(body, 400))
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            answer({"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: at noon.", "Instance": "i"}, 401),
            "Xero answered 401: Unauthorized. TokenExpired: at noon. Sign in again, or give a valid token.",
        ),
        (
            answer({"Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"}, 403),
            "Xero answered 403: Forbidden. AuthenticationUnsuccessful. "
            "Check that the tenant id is one of `await xero.connections()`.",
        ),
        (
            answer({"Title": "An error occurred", "Detail": "An error in Xero", "Status": 500, "Instance": "i"}, 500),
            "Xero answered 500: An error occurred. An error in Xero",
        ),
        (
            answer(b"The resource you're looking for cannot be found", 404),
            "Xero answered 404: Check the id; a URL with too many ids is answered so too.",
        ),
        (answer(b"The Organisation is offline", 503), "Xero answered 503"),
        (answer(b"", 502), "Xero answered 502"),
        (answer(b"", 429, x_rate_limit_problem="minute"), "Xero answered 429"),
        (
            answer(b"", 302, location="https://login.xero.com"),
            "Xero answered 302: Check the base URL: a redirect is not followed, because it would carry the token.",
        ),
    ],
)
def test_what_errors_say(given: Answer, text: str) -> None:
    """An error says what Xero says where it says something, and what to do where that is known."""
    assert str(error_from(given)) == text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412, 429, 500, 503])
@pytest.mark.parametrize(
    "body", [b"plain and secret", b"<p>secret</p>", b'{"Note": "secret"}', b'{"Title": "x", "a":"secret']
)
def test_bodies_stay_out_of_messages(status: int, body: bytes) -> None:
    """What is no message of a known form is kept in `body`, and shows in neither str nor repr."""
    error = error_from(answer(body, status, set_cookie="a secret"))
    assert "secret" not in f"{error} {error!r}"
    assert error.body == body


def test_the_correlation_id() -> None:
    """What Xero's support asks for comes from the header, or else from the body."""
    assert error_from(answer(PROBLEM, 500, xero_correlation_id="h")).correlation_id == "h"
    assert error_from(answer(PROBLEM, 500)).correlation_id == "7f2f1f9a"
    assert error_from(answer(b"", 500)).correlation_id is None


# -- errors: sign-in and limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("spelling", ["insufficient_scope", "insufficent_scope"])
def test_a_missing_scope(status: int, spelling: str) -> None:
    """A scope that is missing is an error of its own, in both of Xero's spellings, and no expired token."""
    given = answer(PROBLEM, status, www_authenticate=f'Bearer error="{spelling}"')
    error = error_from(given)
    assert type(error) is MissingScope
    assert "Grant the app the scope" in str(error)
    assert not is_expired_token(given)


def test_a_missing_scope_elsewhere() -> None:
    """The words alone do not make a missing scope of another status."""
    header = 'Bearer error="insufficient_scope"'
    assert type(error_from(answer(b"", 404, www_authenticate=header))) is NotFound


@pytest.mark.parametrize(
    ("given", "expired"),
    [
        (answer({"Detail": "TokenExpired: token expired at 01/31/2026 12:00:00"}, 401), True),
        (answer({"Detail": "TokenInvalidSignature"}, 401), False),
        (answer({"Detail": "AuthenticationUnsuccessful"}, 403), False),
        (answer({"Detail": "TokenExpired"}, 403), False),
        (answer({"Detail": None}, 401), False),
        (answer({"Detail": ["TokenExpired"]}, 401), False),
        (answer(b"TokenExpired", 401), False),
        (answer(b"", 401), False),
    ],
)
def test_an_expired_token(given: Answer, expired: bool) -> None:
    """Only a 401 that says so is worth a new token."""
    assert is_expired_token(given) is expired


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("minute", "minute"),
        ("Minute", "minute"),
        (" minute ", "minute"),
        ("CONCURRENT", "concurrent"),
        ("appminute", "appminute"),
        ("app-minute", "appminute"),
        ("App-Minute", "appminute"),
        ("AppMinute", "appminute"),
        ("app_minute", "appminute"),
        ("App Minute", "appminute"),
        ("something new", "somethingnew"),
        ("", None),
        (" ", None),
        (None, None),
    ],
)
def test_which_limit(header: str | None, problem: str | None) -> None:
    """The limit is named in one spelling whatever Xero's is; an unknown name is passed on, and none is None."""
    given = answer(b"", 429) if header is None else answer(b"", 429, x_rate_limit_problem=header)
    error = error_from(given)
    assert type(error) is RateLimited
    assert error.problem == rate_limit_problem(given.headers) == problem


@pytest.mark.parametrize("header", ["day", "Day", "DAY ", "daY"])
def test_the_daily_limit(header: str) -> None:
    """The day's limit is an error of its own, with the seconds until it ends."""
    error = error_from(answer(b"", 429, x_rate_limit_problem=header, retry_after="66975"))
    assert type(error) is DailyLimitReached
    assert (error.problem, error.retry_after, error.resets_at) == ("day", 66975.0, None)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("-3", None),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    """Seconds are read as seconds, never below 0; a date or a word is None."""
    assert retry_after(answer(b"", 429, retry_after=header).headers) == seconds
    assert retry_after(answer(b"", 429).headers) is None
    assert retry_after(answer(b"", 503, retry_after="Sat, 31 Jan 2026 12:00:00 GMT").headers) is None


@pytest.mark.parametrize(
    ("header", "calls"),
    [
        ("57", 57),
        ("0", 0),
        (" 7 ", 7),
        ("", None),
        ("-1", None),
        ("5.5", None),
        ("many", None),
        ("\u0665", None),
        ("9" * 20, None),
    ],
)
def test_calls_left(header: str, calls: int | None) -> None:
    """A count of calls is read where it is one; anything else, or no header at all, is not taken for zero."""
    assert calls_left({MINUTE_LEFT: header}, MINUTE_LEFT) == calls
    assert calls_left(CIMultiDict({"X-MinLimit-Remaining": header}), MINUTE_LEFT) == calls
    assert calls_left({}, MINUTE_LEFT) is None


# -- values ---------------------------------------------------------------------------------------------------------


def test_a_page() -> None:
    """A page is a list of records that knows its place among the pages."""
    pagination = {"page": 2, "pageSize": 2, "pageCount": 5, "itemCount": 9}
    page = read_page(Invoice)(answer({"pagination": pagination, "Invoices": [{"Total": 1.50}, {}]}))
    assert isinstance(page, Page)
    assert page == page.items == [Invoice(total=Decimal("1.5")), Invoice()]
    assert (page.page, page.page_size, page.page_count, page.item_count) == (2, 2, 5, 9)


def test_a_page_without_a_place() -> None:
    """A list that Xero does not page says nothing of its place."""
    page = read_page(Employee)(answer(b'{"Employees": [{}]}'))
    assert (len(page), page.page, page.page_size, page.page_count, page.item_count) == (1, None, None, None, None)


@pytest.mark.parametrize(
    "body",
    [
        {"Invoices": []},
        {"Invoices": None},
        {"Id": "i", "Status": "OK", "Invoices": None},
        {"Id": "i", "Status": "OK"},
        {"pagination": {"page": 3, "pageSize": 100, "pageCount": 2, "itemCount": 150}},
        {"pagination": None, "Invoices": []},
    ],
)
def test_an_empty_page(body: object) -> None:
    """No records, where the document is one of Xero's, are an empty page."""
    page = read_page(Invoice)(answer(body))
    assert page == []
    assert isinstance(page, Page)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"12",
        b"{}",
        b'{"Contacts": []}',
        b'{"Invoices": "none"}',
        b'{"Invoices": {}}',
        b'{"Invoices": {"Invoice": {}}}',
        b'{"Status": "OK", "Invoices": "none"}',
        b'{"Invoices": [{}',
        b"<html></html>",
        b"<ApiResponse><Invoices/></ApiResponse>",
        b"\xef\xbb\xbf{}",
        b'{"Invoices": ' + b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_page(body: bytes) -> None:
    """A success that holds no page raises, with its status, and is never taken for an empty page."""
    with pytest.raises(DecodeError, match=r"\(status 200\)") as caught:
        read_page(Invoice)(answer(body, xero_correlation_id="c"))
    error = caught.value
    assert (error.status, error.correlation_id, error.body) == (200, "c", body[:1024])
    assert error.path.startswith("$")


def test_an_odd_field_does_not_cost_a_page() -> None:
    """A page with one odd field is a page, with that field None."""
    page = read_page(Invoice)(answer({"Invoices": [{"Total": "x", "Reference": "r"}, {"Total": "1.50"}]}))
    assert page == [Invoice(reference="r"), Invoice(total=Decimal("1.5"))]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Invoices": null}', b'{"Status": "OK"}', b"[]", b"<html>"])
def test_a_batch_is_never_silent(body: bytes) -> None:
    """An answer to a batch that holds no elements raises: what became of them is not known."""
    with pytest.raises(DecodeError):
        read_results(Invoice)(answer(body))


def test_one_record() -> None:
    """The only record of an envelope comes without it."""
    assert read_one(Contact)(answer({"Contacts": [{"Name": "A"}]})) == Contact(name="A")


@pytest.mark.parametrize("body", [b"{}", b'{"Contacts": []}', b'{"Contacts": null}'])
def test_no_record(body: bytes) -> None:
    """An envelope without a record is `NotFound`, which says what was not found."""
    with pytest.raises(NotFound, match="no Contact"):
        read_one(Contact)(answer(body))


def test_other_values() -> None:
    """A bare record, a bare list, bytes and nothing are read as what they are."""
    assert read_record(InvoiceReminder)(answer({"Enabled": True})) == InvoiceReminder(enabled=True)
    assert read_list(Connection)(answer([{"id": "c"}, {}])) == [Connection(id="c"), Connection()]
    assert read_list(Connection)(answer(b" []")) == []
    assert raw(answer(b"\x00%PDF")) == b"\x00%PDF"
    assert read_nothing(answer(b"anything", 204)) is None  # type: ignore[func-returns-value]  # shown on purpose


@pytest.mark.parametrize("body", [b"{}", b'{"connections": []}', b"null", b"", b"<html>", b"[{]"])
def test_what_is_no_list(body: bytes) -> None:
    """A bare list that is none raises."""
    with pytest.raises(DecodeError):
        read_list(Connection)(answer(body))


@given(st.binary(max_size=80))
def test_any_success_is_a_value_or_an_error(body: bytes) -> None:
    """Any bytes with a 200 are a page or an error of the tree."""
    for read in (read_page(Invoice), read_results(Invoice), read_one(Invoice), read_list(Connection)):
        try:
            assert read(answer(body)) is not None
        except ResponseError:
            continue


@pytest.mark.parametrize(("status", "is_success"), [(200, True), (204, True), (299, True), (199, False), (300, False)])
def test_success(status: int, is_success: bool) -> None:
    """The two hundreds are successes."""
    assert answer(b"", status).is_success is is_success


# -- batches --------------------------------------------------------------------------------------------------------

MIXED = [
    Invoice(invoice_id=ID, status_attribute_string="OK"),
    Invoice(
        invoice_id=NO_ID,
        has_errors=True,
        status_attribute_string="ERROR",
        validation_errors=[ValidationError(message="Date is wrong.")],
        contact=Contact(validation_errors=[ValidationError(description="Name is empty.")]),
        line_items=[LineItem(line_item_id="l")],
    ),
    Invoice(invoice_id=ID, status_attribute_string="WARNING", warnings=[ValidationError(message="Odd, but saved.")]),
    Invoice(invoice_id=ID, has_errors=True),
]


def test_a_partly_failed_batch() -> None:
    """Results hold every element in order; `errors` names those that were refused, and a warning is no refusal."""
    body = json.dumps(
        {"Invoices": [{"StatusAttributeString": "OK", "InvoiceID": ID}, {"StatusAttributeString": "ERROR"}]}
    )
    results = read_results(Invoice)(answer(body.encode()))
    assert [record.invoice_id for record in results] == [ID, None]
    assert [error.position for error in results.errors] == [1]
    assert Results(MIXED).errors == [
        ElementError(position=1, messages=("Date is wrong.", "Name is empty.")),
        ElementError(position=3, messages=("Xero refused the element without saying why.",), id=ID),
    ]


def test_raise_for_errors() -> None:
    """A batch with a refusal raises on demand, with all that is known; without one it gives itself."""
    results = Results(MIXED)
    with pytest.raises(
        ValidationFailed, match=r"2 elements failed; element 1: Date is wrong\. Name is empty\."
    ) as caught:
        results.raise_for_errors()
    assert caught.value.errors == results.errors
    assert caught.value.status == 200
    good = Results(MIXED[:1])
    assert good.errors == []
    assert good.raise_for_errors() is good


@pytest.mark.parametrize("record", [Employee(employee_id=ID, status_attribute_string="ERROR"), MIXED[3]])
def test_the_id_of_a_refused_element(record: Employee | Invoice) -> None:
    """A refused element that exists at Xero is named by its id, whatever it is."""
    assert [error.id for error in Results([record]).errors] == [ID]
