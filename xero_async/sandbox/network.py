"""The Network API v1 at its door: addresses and keys, and XML on both sides of the documents.

    /api.xro/1.0                           ten interfaces; what is asked for is in the query
    /import.xro                            invoices in bulk

v1 knew three answers, each of XML: 200, also where records in it were refused; 401 for a wrong key; 500 for everything
that it could not make sense of. 404 for what there is not and 501 for a method that a path does not take are as today;
v1's documents are silent there, and on the form of its errors.

v1 knew no amounts with tax in them (rule 4). Of an invoice of today whose lines hold their tax it shows each line
without: what it comes to less its tax, and the unit amount that goes with that, to the four decimals that v1 kept. The
totals are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from xero_async.models import (
    Accounts,
    Contact,
    Contacts,
    Envelope,
    Invoice,
    Invoices,
    LineItem,
    Model,
    TrackingCategories,
)
from xero_async.network_v1 import decode_v1, encode_response, operations
from xero_async.wire.codec import decode, encode
from xero_async.wire.errors import DecodeError, InvalidArgument
from xero_async.wire.xml import NAMESPACES, element

from .answers import NOT_IMPLEMENTED, Answer, Refused, data_refused, no_data, not_found, unsupported
from .documents import Documents
from .network_keys import NetworkKeys
from .network_rules import DELETED
from .routing import Router
from .values import Document, as_document, load_json, rounded, stored_ms, text_of

__all__ = ["NETWORK_OPERATIONS", "Network", "Visitor", "in_v1"]

# http://blog.xero.com/developer/api/api10reference/
XML: Final = "text/xml; charset=utf-8"
JSON: Final = "application/json"


class _Line(NamedTuple):
    """An interface, as its row tells of it: the whole path counts here."""

    id: str
    method: str
    path: str


class _Noun(NamedTuple):
    """What an interface deals in."""

    envelope: type[Envelope[Any]]  # Any: records of every kind
    keyword: str
    """What `encode_response` calls the records."""
    alone: bool = False
    """Whether it answers with one record and not with a list."""
    takes: tuple[str, ...] = ()
    """The outermost elements of what is sent to it; none where nothing is."""


_NOUNS: Final[Mapping[str, _Noun]] = {
    "v1.getAccounts": _Noun(Accounts, "accounts"),
    "v1.import": _Noun(Invoices, "invoices", takes=("Invoices", "Invoice")),
    "v1.getContact": _Noun(Contacts, "contacts", alone=True),
    "v1.saveContact": _Noun(Contacts, "contacts", alone=True, takes=("Contact",)),
    "v1.getContacts": _Noun(Contacts, "contacts"),
    "v1.saveContacts": _Noun(Contacts, "contacts", takes=("Contacts",)),
    "v1.getInvoice": _Noun(Invoices, "invoices", alone=True),
    "v1.getInvoices": _Noun(Invoices, "invoices"),
    "v1.insertInvoice": _Noun(Invoices, "invoices", alone=True, takes=("Invoice",)),
    "v1.insertInvoices": _Noun(Invoices, "invoices", takes=("Invoices",)),
    "v1.getTracking": _Noun(TrackingCategories, "tracking"),
}
NETWORK_OPERATIONS: Final = frozenset(_NOUNS)
"""The operations of v1, by the names that fault rows and counters use."""


class Visitor(NamedTuple):
    """A request as v1 needs it."""

    method: str
    path: Sequence[str]
    query: Mapping[str, str]
    body: bytes
    charset: str | None
    """As the content type named it."""


class Network:
    """Answers v1 out of today's documents."""

    def __init__(self, documents: Documents, keys: NetworkKeys) -> None:
        self._documents = documents
        self._keys = keys
        self._router = Router(_Line(row.id, row.method, row.root + row.path) for row in operations())

    def find(self, visitor: Visitor) -> tuple[str | None, Callable[[], Answer]]:
        """The operation of a request, None where there is none, and the work."""
        match = self._router.find(visitor.method, visitor.path)
        if match is not None:
            return match.operation, partial(self._run, match.operation, visitor)
        return None, _not_implemented if self._router.knows(visitor.path) else _not_found

    def tenant_of(self, visitor: Visitor) -> str | None:
        """The tenant that a request is for, by its key."""
        return self._keys.tenant_of(visitor.query)

    def refuse(self, visitor: Visitor) -> Answer | None:
        """Refuse a request with a 401, or let it in."""
        return None if self._keys.are_good(visitor.query) else _failed(Answer(401, b""))

    def _run(self, operation: str, visitor: Visitor) -> Answer:
        tenant, noun = self._keys.tenant_of(visitor.query), _NOUNS[operation]
        assert tenant is not None
        try:
            body = _in_json(noun, visitor) if noun.takes else b""
        except Refused as refused:
            return refused.answer
        query: Mapping[str, str] = {} if noun.keyword in ("accounts", "tracking") else visitor.query
        return self._documents.execute(operation, tenant, {}, query, {}, body, JSON)


# -- what is sent -----------------------------------------------------------------------------------------------------


def _in_json(noun: _Noun, visitor: Visitor) -> bytes:
    """The records that are sent, as JSON. Raises `Refused`."""
    item = noun.takes[-1].removesuffix("s")
    if not visitor.body.strip():
        raise no_data(item)
    try:
        document = decode_v1(visitor.body, charset=visitor.charset, strict=True)
        if document.root not in noun.takes:
            raise data_refused(f"XML for post data was invalid, its outermost element should be {noun.takes[0]}.")
        records = document.contacts if noun.keyword == "contacts" else document.invoices
        return encode({noun.envelope.__name__: records})
    except (DecodeError, InvalidArgument) as error:
        raise data_refused(f"XML for post data was invalid, {error}.") from None
    except ModuleNotFoundError:
        raise unsupported("This sandbox reads XML once it has defusedxml: pip install 'xero_async[xml]'") from None


# -- what comes back --------------------------------------------------------------------------------------------------


class _Head(Struct, rename="pascal"):
    """What an answer says of itself."""

    id: str
    provider_name: str
    date_time: str = msgspec.field(name="DateTimeUTC")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_PLACES: Final = 4
"""Decimals of unit amounts in v1."""


def in_v1(operation: str | None, answer: Answer) -> Answer:
    """An answer of the engine, of the limits or of the faults as v1 gave it: XML whatever it is."""
    if operation is None or answer.status != 200:
        return _failed(answer)
    noun, head = _NOUNS[operation], msgspec.json.decode(answer.body, type=_Head)
    records: list[Model] = decode(noun.envelope, answer.body).records or []
    for each in records:
        _show_in_v1(each)
    shown: dict[str, Any] = {noun.keyword: records[0] if noun.alone else records}  # Any: one record or a list
    moment = _EPOCH + timedelta(milliseconds=stored_ms(head.date_time) or 0)
    text = encode_response(id=head.id, provider_name=head.provider_name, moment=moment, **shown)
    return answer._replace(body=text, content_type=XML)


def _show_in_v1(record: Model) -> None:
    if isinstance(record, Contact) and record.contact_status == "ARCHIVED":
        record.contact_status = DELETED  # contact 3
    if isinstance(record, Invoice) and record.line_amount_types == "Inclusive":
        record.line_amount_types = "Exclusive"  # invoice 4
        for line in record.line_items or ():
            _take_tax_out(line)


def _take_tax_out(line: LineItem) -> None:
    if line.line_amount is None or not line.tax_amount:
        return
    line.line_amount -= line.tax_amount
    if line.quantity:
        line.unit_amount = rounded(line.line_amount / line.quantity, _UNIT_PLACES)


_FAILURES: Final[Mapping[int, str]] = {
    401: "The API key or the Xero key is wrong",
    404: "The resource you're looking for cannot be found",
    415: "The request cannot be read",
    429: "Too many requests were sent",
    501: "The Api Method called is not implemented",
}
"""The statuses of errors that stay as they are. The others are an application exception, which was a 500."""


def _failed(answer: Answer) -> Answer:
    """An error as XML; v1's documents do not show one, so it is as today's API had it when it was new."""
    status = answer.status if answer.status in _FAILURES else 500
    told = (as_document(load_json(answer.body)) if answer.content_type.startswith(JSON) and answer.body else None) or {}
    exception: Document = {
        "ErrorNumber": told.get("ErrorNumber", status),
        "Type": text_of(told, "Type") or HTTPStatus(status).phrase.title().replace(" ", ""),
        "Message": text_of(told, "Message") or text_of(told, "Detail") or _FAILURES.get(status, "An error occurred"),
    }
    text = element("ApiException", exception, None, NAMESPACES)
    return answer._replace(status=status, body=text.encode(), content_type=XML)


def _not_found() -> Answer:
    return not_found().answer


def _not_implemented() -> Answer:
    return NOT_IMPLEMENTED
