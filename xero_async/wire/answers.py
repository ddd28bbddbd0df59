"""Value or error out of an answer.

The error's class comes from the status alone; the body is then read for Xero's words, by looking at it rather than by
its content type, and whatever it is, it never hides the status. Readers turn successful answers into values, and raise
where a success holds none: silence is never taken for an empty result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct, to_builtins

from ..models import Element, Envelope, Model, Pagination, envelope_of, wire_name
from .codec import UNREADABLE, decode
from .complaints import complaints
from .dates import parse_date
from .errors import (
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
from .headers import charset_of, rate_limit_problem, retry_after
from .operation import Answer, Reader

__all__ = [
    "NO_ID",
    "Page",
    "Results",
    "error_from",
    "is_expired_token",
    "raw",
    "read_list",
    "read_nothing",
    "read_one",
    "read_page",
    "read_pdf",
    "read_record",
    "read_results",
    "without_keys",
]

M = TypeVar("M", bound=Model)
T = TypeVar("T")
E = TypeVar("E", bound=ResponseError)

NO_ID = "00000000-0000-0000-0000-000000000000"
"""The id that Xero gives an element that it did not save."""


# -- values ---------------------------------------------------------------------------------------------------------


class Page(list[M]):
    """The records of one page. A list, with what Xero says of its place among the pages."""

    page: int | None = None
    page_size: int | None = None
    page_count: int | None = None
    """Pages in all; None where Xero did not say."""
    item_count: int | None = None
    """Records in all; None where Xero did not say."""
    _stamps: tuple[bytes, str] = (b"", "")
    """The beginning of the body and the `Date` header, as they came: most callers never ask for the moment."""

    @cached_property
    def moment(self) -> datetime | None:
        """When it was answered, by Xero's clock; None where Xero did not say."""
        return _moment(*self._stamps)

    @property
    def items(self) -> list[M]:
        """The records."""
        return self

    def place(self, pagination: Pagination | None, answer: Answer) -> None:
        """Note what Xero says of the page's place, and when it said so."""
        self._stamps = (answer.body[:_HEAD], answer.headers.get("date", ""))
        if pagination is not None:
            self.page, self.page_size = pagination.page, pagination.page_size
            self.page_count, self.item_count = pagination.page_count, pagination.item_count


class Results(list[M]):
    """What became of the elements of a batch, in Xero's order: a list of the records as Xero now has them.

    An element that Xero refused is among them, with `status_attribute_string` `ERROR` and its `validation_errors`.
    """

    @property
    def errors(self) -> list[ElementError]:
        """What Xero held against elements that it did not save; empty when all were."""
        return [error for index, record in enumerate(self) if (error := _refused(index, record))]

    def raise_for_errors(self) -> Results[M]:
        """The results themselves when all elements were saved; else raises `ValidationFailed`.

        Its `errors` name the elements by position. The others were saved, and stay here to be read.
        """
        if errors := self.errors:
            error = ValidationFailed(_validation_words(errors), status=200)
            error.errors = errors
            raise error
        return self


# Readers are partials of functions, not closures: a request can then be pickled within an `OutcomeUnknown`.


def read_page(kind: type[M]) -> Reader[Page[M]]:
    """A reader of one page of records."""
    return partial(_page, envelope_of(kind))


def read_results(kind: type[M]) -> Reader[Results[M]]:
    """A reader of what became of the elements of a batch."""
    return partial(_results, envelope_of(kind))


def read_one(kind: type[M]) -> Reader[M]:
    """A reader of the only record in an envelope."""
    return partial(_one, kind, envelope_of(kind))


def read_record(kind: type[M]) -> Reader[M]:
    """A reader of a record that travels without an envelope."""
    return partial(_decode, kind)


def read_list(kind: type[M]) -> Reader[list[M]]:
    """A reader of records that travel as a bare list."""
    return partial(_decode, list[kind], opening=b"[")  # type: ignore[valid-type]  # made at run time


def _page(envelope_type: type[Envelope[M]], answer: Answer) -> Page[M]:
    envelope = _decode(envelope_type, answer)
    records = envelope.records
    if records is None and not _says_empty(answer, wire_name(envelope_type.records_field())):
        raise _no_value(f"the answer holds no {wire_name(envelope_type.records_field())}", answer)
    page = Page(records or ())
    page.place(getattr(envelope, "pagination", None), answer)
    return page


def _moment(head: bytes, date: str) -> datetime | None:
    """When an answer was made: as its envelope says, whose milliseconds HTTP's own date has not, else as that says."""
    try:
        if match := _STAMP.search(head):
            return cast("datetime", parse_date(datetime, match[1].decode()))
        return parsedate_to_datetime(date).astimezone(UTC)
    except (LookupError, ValueError):
        return None


# https://developer.xero.com/documentation/api/accounting/requests-and-responses/: it stands before the records.
_STAMP = re.compile(rb'"DateTimeUTC"\s*:\s*"([^"]+)"')
_HEAD = 1024


def _results(envelope_type: type[Envelope[M]], answer: Answer) -> Results[M]:
    records = _decode(envelope_type, answer).records
    if records is None:
        raise _no_value(f"the answer holds no {wire_name(envelope_type.records_field())}", answer)
    return Results(records)


def _one(kind: type[M], envelope_type: type[Envelope[M]], answer: Answer) -> M:
    records = _decode(envelope_type, answer).records
    if not records:
        raise _make(NotFound, f"Xero answered with no {kind.__name__}", answer)
    return records[0]


def raw(answer: Answer) -> bytes:
    """The bytes of a file."""
    return answer.body


def read_pdf(answer: Answer) -> bytes:
    """The bytes of a PDF; a page in its place, such as that of a proxy, raises `DecodeError`."""
    if b"%PDF" not in answer.body[:1024]:
        raise _no_value("the answer is not a PDF", answer)
    return answer.body


def read_nothing(answer: Answer) -> None:
    """Nothing: the status says it all."""


def _decode(kind: type[T], answer: Answer, opening: bytes = b"{") -> T:
    if answer.body.lstrip()[:1] != opening:
        raise _no_value("the answer is not JSON", answer)
    try:
        return decode(kind, answer.body, strict=answer.strict)
    except DecodeError as error:
        raise _no_value(error.message, answer, error.path) from error


def _says_empty(answer: Answer, key: str) -> bool:
    """Whether an answer without records is an empty page, rather than another document."""
    document = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
    if key in document:
        return bytes(document[key]) == b"null"
    return "pagination" in document or "Status" in document


def _no_value(message: str, answer: Answer, path: str = "$") -> DecodeError:
    error = _make(DecodeError, f"{message} (status {answer.status})", answer)
    error.path = path
    return error


# -- errors ---------------------------------------------------------------------------------------------------------


class _Problem(Struct):
    """The body of a 401, 403 or 500."""

    title: str
    detail: str
    instance: str


def error_from(answer: Answer, operation: str | None = None, scopes: Sequence[str] = ()) -> ResponseError:
    """The error that an answer without success stands for; any one of `scopes` would open the operation."""
    is_keyed = operation is not None and operation.startswith(KEYED)
    if is_keyed:
        answer = without_keys(answer)
    kind, hint = _CLASSES.get(answer.status, (ServerError if answer.status >= 500 else BadRequest, ""))
    if answer.status < 400:
        kind, hint = ResponseError, "Check the base URL: a redirect is not followed, because it would carry the token."
    if answer.status in (401, 403) and _lacks_scope(answer):
        scope = f"the scope {scopes[0]}" if scopes else "the scope that the operation needs"
        kind, hint = MissingScope, f"Grant the app {scope}, and sign in again."
    if answer.status == 429 and rate_limit_problem(answer.headers) == "day":
        kind, hint = DailyLimitReached, "The tenant has no calls left today."
    if answer.status == 400:
        return _bad_request(answer, operation)
    if answer.status in (401, 403) and is_keyed:
        hint = "Check the API key and the key of the organisation: they are taken as Xero gave them out."
    words = ". ".join(part for part in (_words(answer), hint) if part)
    title = _title(answer, operation)
    error = _make(kind, f"{title}: {words}" if words else title, answer, operation)
    if isinstance(error, RateLimited):
        error.problem, error.retry_after = rate_limit_problem(answer.headers), retry_after(answer.headers)
    return error


_CLASSES: dict[int, tuple[type[ResponseError], str]] = {
    401: (Unauthorized, "Sign in again, or give a valid token."),
    403: (Forbidden, "Check that the tenant id is one of `await xero.connections()`."),
    404: (NotFound, "Check the id; a URL with too many ids is answered so too."),
    429: (RateLimited, ""),
}


KEYED = "v1."
"""How the ids of operations begin that are signed with keys, and not with a token."""


# However often the address was percent-encoded on its way into another.
_PAIR = re.compile(r"(apikey|xerokey)(=|%(?:25)*3D)(?:(?!%(?:25)*26)[^&\"'\s<>#])*", re.IGNORECASE)
_PAIR_IN_BODY = re.compile(_PAIR.pattern.encode(), re.IGNORECASE)


def without_keys(answer: Answer) -> Answer:
    """An answer that does not repeat the keys of the address that it was asked at, as redirects and their pages do."""
    return Answer(
        answer.status,
        {name.lower(): _PAIR.sub(r"\1\2***", value) for name, value in answer.headers.items()},
        _PAIR_IN_BODY.sub(rb"\1\2***", answer.body),
        answer.strict,
    )


def is_expired_token(answer: Answer) -> bool:
    """Whether a 401 says that the token was good once: a new one will do."""
    return answer.status == 401 and "TokenExpired" in _problem(answer).detail


def _lacks_scope(answer: Answer) -> bool:
    # Xero spells it both ways.
    challenge = answer.headers.get("www-authenticate", "")
    return "insufficient_scope" in challenge or "insufficent_scope" in challenge


def _title(answer: Answer, operation: str | None) -> str:
    return f"{operation or 'Xero'} answered {answer.status}"


def _make(kind: type[E], message: str, answer: Answer, operation: str | None = None) -> E:
    return kind(
        message,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        correlation_id=answer.headers.get("xero-correlation-id") or _problem(answer).instance or None,
        operation=operation,
    )


def _words(answer: Answer) -> str:
    """Xero's own words, where the body has some in a known form; other bodies stay out of messages."""
    problem = _problem(answer)
    words = [word for word in (problem.title, problem.detail) if word] or _words_of_xml(answer)
    return ". ".join(word.rstrip(".") for word in words)


def _words_of_xml(answer: Answer) -> list[str]:
    document = _xml_document(answer)
    return complaints({"Errors": document} if "Message" in document else document)


def _problem(answer: Answer) -> _Problem:
    document = _document(answer)
    return _Problem(*(_text(document.get(name)) for name in ("Title", "Detail", "Instance")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _document(answer: Answer) -> dict[str, object]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except UNREADABLE:
        return _xml_document(answer)


_MARKS = (b"<", b"\xff\xfe", b"\xfe\xff")
"""How XML begins, after what may stand before it."""
_ROOTS = frozenset({"ApiException", "Error", "Errors", "Exception", "Response"})
"""What Xero's errors are called in XML; pages are XML too, at times."""


def _xml_document(answer: Answer) -> dict[str, object]:
    if not answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_MARKS):
        return {}
    # Imported when it is needed: most programs read no XML.
    from .xml import decode_any

    try:
        root, document = decode_any(answer.body, charset=charset_of(answer.headers))
    except (DecodeError, ModuleNotFoundError):
        return {}
    return document if root in _ROOTS else {}


def _bad_request(answer: Answer, operation: str | None) -> BadRequest:
    body = _ErrorBody.of(answer)
    errors = [
        ElementError(position=index, messages=messages, id=_id_of(element))
        for index, element in enumerate(body.elements)
        if (messages := _messages(element))
    ]
    words = _validation_words(errors) if errors else body.message or _words(answer)
    title = _title(answer, operation)
    error = _make(_KINDS.get(body.type, BadRequest), f"{title}: {words}" if words else title, answer, operation)
    if isinstance(error, ValidationFailed):
        error.errors = errors
    return error


_KINDS: dict[str, type[BadRequest]] = {
    "ValidationException": ValidationFailed,
    "QueryParseException": QueryRejected,
}


class _ErrorBody(Struct):
    """The body of a 400, read with a light hand."""

    type: str
    message: str
    elements: list[object]

    @classmethod
    def of(cls, answer: Answer) -> _ErrorBody:
        document = _document(answer)
        elements = document.get("Elements")
        return cls(
            _text(document.get("Type")),
            _text(document.get("Message")) or _text(document.get("Detail")),
            cast("list[object]", elements) if isinstance(elements, list) else [],
        )


def _messages(element: object) -> tuple[str, ...]:
    """Every validation message in an element, nested objects included, each once; the element's own come first."""
    seen: dict[str, None] = {}
    # A stack of its own: a body may nest deeper than functions may.
    pending = [element]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            errors = fields.get("ValidationErrors")
            if isinstance(errors, list):
                seen.update((text, None) for entry in cast("list[object]", errors) if (text := _sentence(entry)))
            pending.extend(reversed(fields.values()))
        elif isinstance(value, list):
            pending.extend(reversed(cast("list[object]", value)))
    return tuple(seen)


def _sentence(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    fields = cast("dict[str, object]", entry)
    return _text(fields.get("Message")) or _text(fields.get("Description"))


def _id_of(element: object) -> str | None:
    if not isinstance(element, dict):
        return None
    ids = (value for key, value in cast("dict[str, object]", element).items() if key in _IDS)
    return next((str(value) for value in ids if value and value != NO_ID), None)


_IDS = frozenset(name for name in Element.__struct_encode_fields__ if name.endswith("ID")) | {
    # Xero's description of an element leaves out these, which travel in batches too.
    "AllocationID",
    "EmployeeID",
    "ExpenseClaimID",
}


def _validation_words(errors: list[ElementError]) -> str:
    if len(errors) == 1:
        return " ".join(errors[0].messages)
    return f"{len(errors)} elements failed; " + "; ".join(str(error) for error in errors)


def _refused(position: int, record: Model) -> ElementError | None:
    if getattr(record, "status_attribute_string", None) != "ERROR" and not getattr(record, "has_errors", None):
        return None
    document = to_builtins(record)
    messages = _messages(document) or ("Xero refused the element without saying why.",)
    return ElementError(position=position, messages=messages, id=_id_of(document))
