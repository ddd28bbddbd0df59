"""Answers as Xero shapes them: the envelope, the errors, and the refusals that end a request early."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from .values import Document, dump_json, new_id

_PROVIDER: Final = "xero_async sandbox"
TEXT: Final = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What is sent back: a status, the bytes of the body, its content type, and headers of its own."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):
    """A request that is answered with an error as a whole; nothing of it was done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def envelope(name: str, items: Iterable[bytes], now: int, pagination: Mapping[str, int] | None = None) -> Answer:
    """A list of documents, already JSON, in Xero's envelope; `now` in milliseconds."""
    head = dump_json(_head(now) | ({"pagination": pagination} if pagination else {}))
    return Answer(200, head[:-1] + f',"{name}":['.encode() + b",".join(items) + b"]}")


def told(name: str, value: Document, now: int) -> Answer:
    """One object in Xero's envelope."""
    return Answer(200, dump_json(_head(now) | {name: value}))


def headed(value: Document, now: int) -> Answer:
    """One object that has the envelope's fields beside its own."""
    return Answer(200, dump_json(_head(now) | value))


def _head(now: int) -> Document:
    return {"Id": new_id(), "Status": "OK", "ProviderName": _PROVIDER, "DateTimeUTC": f"/Date({now})/"}


def not_found() -> Refused:
    """A record that is not there."""
    return Refused(Answer(404, b"The resource you're looking for cannot be found", TEXT))


def unsupported(message: str) -> Refused:
    """A body in a form that is not read."""
    return Refused(Answer(415, message.encode(), TEXT))


def too_large(message: str) -> Refused:
    """A body above the limit of its kind."""
    return Refused(_error(413, 14, "PostDataInvalidException", message))


def query_refused(message: str) -> Refused:
    """A filter, an order or a header that does not parse."""
    return Refused(_error(400, 16, "QueryParseException", message))


def data_refused(message: str) -> Refused:
    """A body that does not parse, or that is not of the form that the operation takes."""
    return Refused(_error(400, 14, "PostDataInvalidException", message))


def no_data(item: str) -> Refused:
    """A body without an element."""
    return Refused(
        _error(
            400,
            17,
            "NoDataProcessedException",
            "No data has been processed for this endpoint."
            f" This endpoint is expecting {item} data to be specified in the request body.",
        )
    )


def high_volume(count: int) -> Refused:
    """A list that is too long to be answered without pages."""
    return Refused(
        _error(
            400,
            51,
            "HighVolumeException",
            f"{count} records match. Use paging or an optimised filter instead.",
        )
    )


def not_valid(elements: Iterable[bytes]) -> Answer:
    """The elements, already JSON, that were not saved."""
    head = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"}
    return Answer(400, dump_json(head)[:-1] + b',"Elements":[' + b",".join(elements) + b"]}")


def rejected(messages: Iterable[str]) -> Refused:
    """A request, of one element or of none, that breaks a rule."""
    return Refused(not_valid([dump_json({"ValidationErrors": listed_messages(messages)})]))


def listed_messages(messages: Iterable[str]) -> list[Document]:
    """Messages as `ValidationErrors` and `Warnings` hold them."""
    return [{"Message": message} for message in messages]


def _error(status: int, number: int, kind: str, message: str) -> Answer:
    return Answer(status, dump_json({"ErrorNumber": number, "Type": kind, "Message": message}))


# https://developer.xero.com/documentation/api/http-response-codes
NOT_IMPLEMENTED: Final = _error(501, 20, "ApiMethodNotImplementedException", "The Api Method called is not implemented")
"""A path that there is, with a method that it does not take."""


def internal_error() -> Answer:
    """A failure of Xero's own."""
    told = {
        "Title": "An error occurred",
        "Detail": "An error occurred in Xero. Check the API Status page http://status.developer.xero.com "
        "for current service status.",
        "Status": 500,
        "Instance": new_id(),
    }
    return Answer(500, dump_json(told))
