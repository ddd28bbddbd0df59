"""The error tree: as it is drawn, and safe to copy, to pickle and to print."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from xero_async.apis.accounting import operations
from xero_async.models import Contact, Contacts
from xero_async.wire import errors
from xero_async.wire.errors import (
    DailyLimitReached,
    DecodeError,
    ElementError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    ResponseError,
    ServerError,
    SignInFailed,
    TransportError,
    ValidationFailed,
    XeroError,
    XeroTimeout,
)

E = TypeVar("E", bound=XeroError)

TREE: list[type[XeroError]] = [kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), XeroError)]
EVERY_ERROR = pytest.mark.parametrize("kind", TREE)


def by_pickle(error: XeroError) -> XeroError:
    """An error as another process gets it."""
    there: XeroError = pickle.loads(pickle.dumps(error))
    return there


EVERY_WAY = pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, by_pickle])


def with_fields(error: E, /, **values: object) -> E:
    """An error with attributes set, as those who raise it set them."""
    for name, value in values.items():
        assert hasattr(error, name)
        setattr(error, name, value)
    return error


def an_unknown_outcome() -> OutcomeUnknown:
    """An error with the request of a real operation, key and body included."""
    operation = next(row for row in operations() if row.id == "createContacts")
    request = operation.request((), operation.parameters(), Contacts(contacts=[Contact(name="A customer")]))
    request.with_key("a-key")
    return OutcomeUnknown("words", key="a-key", first_sent=datetime(2026, 1, 31, tzinfo=UTC), request=request)


def full(kind: type[XeroError]) -> XeroError:
    """An error with what all of its kind can carry."""
    if issubclass(kind, ResponseError):
        headers = {"Xero-Correlation-Id": "c"}
        return kind("words", status=418, headers=headers, body=b"body", correlation_id="c", operation="getInvoices")
    return an_unknown_outcome() if kind is OutcomeUnknown else kind("words")


def drawn(text: str) -> dict[str, str]:
    """The parent of each class in a drawing of the tree."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for found in re.finditer(r"^[ │├└─]{4,}([A-Z]\w+)", text, re.MULTILINE):
        column, name = found.end() - len(found[1]) - found.start(), found[1]
        path = [above for above in path if above[0] < column]
        parents[name] = path[-1][1] if path else "Exception"
        path.append((column, name))
    return parents


def test_the_tree_is_as_drawn() -> None:
    """The drawing in the module's docstring is the tree of the classes, whole."""
    assert drawn(errors.__doc__ or "") == {kind.__name__: kind.__bases__[0].__name__ for kind in TREE}


@EVERY_ERROR
def test_an_error_needs_nothing(kind: type[XeroError]) -> None:
    """Every error can be made of a message alone, or of nothing, and prints its message."""
    assert str(kind()) == ""
    assert str(kind("words")) == kind("words").message == "words"
    assert "words" in repr(kind("words"))


@EVERY_ERROR
@EVERY_WAY
def test_errors_travel(kind: type[XeroError], through: Callable[[XeroError], XeroError]) -> None:
    """Every error can be copied and pickled, with all that it carries."""
    error = full(kind)
    there = through(error)
    assert type(there) is kind
    assert (str(there), there.args) == (str(error), error.args)
    assert set(vars(there)) == set(vars(error))
    if not isinstance(error, OutcomeUnknown):
        assert vars(there) == vars(error)


@pytest.mark.parametrize(
    "error",
    [
        with_fields(ValidationFailed("w"), errors=[ElementError(position=2, messages=("One.", "Two."), id="i")]),
        with_fields(
            DailyLimitReached("w"), problem="day", retry_after=9.5, resets_at=datetime(2026, 1, 31, tzinfo=UTC)
        ),
        with_fields(SignInFailed("w"), error="invalid_client"),
        with_fields(DecodeError("w"), path="$.Invoices[3].Total"),
        with_fields(XeroTimeout("w"), phase="read"),
    ],
)
@EVERY_WAY
def test_what_was_added_travels_too(error: XeroError, through: Callable[[XeroError], XeroError]) -> None:
    """What those who raise an error add to it is not lost on the way."""
    assert vars(through(error)) == vars(error)


@EVERY_WAY
def test_an_unknown_outcome_travels(through: Callable[[XeroError], XeroError]) -> None:
    """The request that may have been done can be kept in another process and sent again as it was."""
    error, there = an_unknown_outcome(), through(an_unknown_outcome())
    assert isinstance(there, OutcomeUnknown)
    assert (there.key, there.first_sent) == (error.key, error.first_sent)
    assert error.request is not None
    assert there.request is not None
    assert (there.request.method, there.request.target) == (error.request.method, error.request.target)
    assert (there.request.headers, there.request.body) == (error.request.headers, error.request.body)
    assert there.request.operation.id == "createContacts"
    assert there.request.key == "a-key"


def test_every_operation_travels() -> None:
    """The row of every operation can be pickled, and reads answers as before."""
    for row in operations():
        there = pickle.loads(pickle.dumps(row))
        assert (there.id, there.method, there.path, there.parameters) == (row.id, row.method, row.path, row.parameters)
        assert callable(there.read)


def test_the_body_is_cut() -> None:
    """An error keeps the first kilobyte of the body, and no more."""
    assert ResponseError(body=b"x" * 5000).body == b"x" * 1024


def test_headers_are_found_in_lower_case() -> None:
    """An error's headers are a plain dict with names in lower case, whatever mapping they came in."""
    headers = CIMultiDictProxy(CIMultiDict({"Retry-After": "5", "X-Rate-Limit-Problem": "minute"}))
    assert ResponseError(headers=headers).headers == {"retry-after": "5", "x-rate-limit-problem": "minute"}


def test_nothing_leaks_when_an_error_is_shown() -> None:
    """What an error prints holds neither the body that came nor the body and the query that were sent."""
    error = NotFound("words", body=b"a secret", headers={"set-cookie": "a secret"})
    assert "secret" not in f"{error} {error!r}"
    unknown = an_unknown_outcome()
    assert "customer" not in f"{unknown} {unknown!r} {unknown.request!r}"
    assert repr(unknown.request) == "<Request createContacts: PUT /api.xro/2.0/Contacts, 36 bytes>"


def test_who_is_what() -> None:
    """Bad arguments are ValueErrors, a timeout is a failure of transport, and no answer's error is one of transport."""
    assert issubclass(InvalidArgument, ValueError)
    assert issubclass(XeroTimeout, TransportError)
    assert not issubclass(ServerError, TransportError)
    assert not issubclass(OutcomeUnknown, ResponseError)


def test_an_element_in_words() -> None:
    """An element's error names its place and repeats Xero's sentences."""
    error = ElementError(position=3, messages=("Name is empty.", "Date is wrong."))
    assert str(error) == "element 3: Name is empty. Date is wrong."
