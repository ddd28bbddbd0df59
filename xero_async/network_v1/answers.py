"""Value or error out of an answer of v1.

v1 answered with 200 whatever became of the documents in it, so a reader looks for errors before it looks for values.
What is held against one of several records stays with it, as in `Results` of today's API; what is held against the only
one, or against the whole, is raised. Where there is both, the whole counts, for it may be that none of the records was
kept: the message holds all the words, and the error's `errors` those of the records.

An answer may repeat the keys of the address that it was asked at, so what is raised comes of an answer in which they
are covered. Values come of the answer as it is: what looks like a key in a document is the customer's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final, TypeVar, cast

from ..models import Model
from ..wire.answers import Results, without_keys
from ..wire.errors import DecodeError, ElementError, NotFound, ResponseError, ValidationFailed
from ..wire.headers import charset_of
from ..wire.operation import Answer, Reader
from .codec import V1Document, decode_v1

__all__ = ["read_many", "read_one", "read_some"]

M = TypeVar("M", bound=Model)
E = TypeVar("E", bound=ResponseError)
T = TypeVar("T")

# Readers are partials of functions, not closures: a request can then be pickled within an `OutcomeUnknown`.


def read_many(kind: type[M], field: str, operation: str) -> Reader[Results[M]]:
    """A reader of a list of records, which stands in `field` of a document."""
    return partial(_read, partial(_many, kind, field, operation))


def read_some(kind: type[M], field: str, operation: str) -> Reader[Results[M]]:
    """The same where an answer may also just say that all went well."""
    return partial(_read, partial(_some, kind, field, operation))


def read_one(kind: type[M], field: str, operation: str, missing: type[ResponseError] = NotFound) -> Reader[M]:
    """A reader of the only record of a document; `missing` is raised where there is none."""
    return partial(_read, partial(_one, kind, field, operation, missing))


def _read(read: Reader[T], answer: Answer) -> T:
    try:
        return read(answer)
    except ResponseError:
        # Read again outside of this block: an error holds the one before it, with its variables.
        answer = without_keys(answer)
    return read(answer)


def _many(kind: type[M], field: str, operation: str, answer: Answer) -> Results[M]:
    document = _document(operation, answer)
    records = _checked(kind, field, operation, document, answer)
    if field not in document.holds:
        raise _make(DecodeError, f"{operation}: the answer holds no {_NAMES.get(field, field)}", answer, operation)
    return records


def _some(kind: type[M], field: str, operation: str, answer: Answer) -> Results[M]:
    document = _document(operation, answer)
    if document.status is not None:
        return _checked(kind, field, operation, document, answer)
    return _many(kind, field, operation, answer)


def _one(kind: type[M], field: str, operation: str, missing: type[ResponseError], answer: Answer) -> M:
    document = _document(operation, answer)
    records = _checked(kind, field, operation, document, answer)
    if records.errors:
        raise _refused(operation, records.errors[0].messages, answer, records.errors)
    if not records:
        raise _make(missing, f"{operation}: the answer holds no {kind.__name__}", answer, operation)
    return records[0]


_NAMES: Final = {"tracking": "tracking categories"}


def _document(operation: str, answer: Answer) -> V1Document:
    try:
        return decode_v1(answer.body, charset=charset_of(answer.headers), strict=answer.strict)
    except DecodeError as error:
        told = _make(DecodeError, f"{operation}: {error.message} (status {answer.status})", answer, operation)
        told.path = error.path
        raise told from None


def _checked(kind: type[M], field: str, operation: str, document: V1Document, answer: Answer) -> Results[M]:
    """The records of a document. Raises `ValidationFailed` for what is held against the whole."""
    records = Results(cast("list[M]", getattr(document, field)))
    if document.errors and (document.says_why or not records.errors):
        words = [*document.errors, *(text for error in records.errors for text in error.messages)]
        raise _refused(operation, dict.fromkeys(words), answer, records.errors)
    return records


def _refused(
    operation: str, messages: Collection[str], answer: Answer, errors: Sequence[ElementError] = ()
) -> ValidationFailed:
    error = _make(ValidationFailed, f"{operation}: {' '.join(messages)}", answer, operation)
    error.errors = errors or [ElementError(position=0, messages=tuple(messages))]
    return error


def _make(kind: type[E], message: str, answer: Answer, operation: str) -> E:
    return kind(
        message,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        correlation_id=answer.headers.get("xero-correlation-id"),
        operation=operation,
    )
