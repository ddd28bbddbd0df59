"""The Xero Network API v1 at a glance: its nouns as classes, its eleven interfaces as lines.

The nouns are those of v1's own paths, where one record and several have an address each. v1 knew no idempotency keys:
a write is never sent again once it may have arrived. Records are checked by v1's business rules before they are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, Final, Literal, ParamSpec, TypeAlias, TypeVar, cast

from msgspec import field
from msgspec.structs import replace

from .. import models as m
from ..apis.pages import Caller
from ..apis.parameters import Id, Plain
from ..apis.rows import Resource, Row, operations_of
from ..models import Model
from ..pacing import Remaining
from ..preflight import Finding, check
from ..wire.answers import Results
from ..wire.errors import DecodeError, InvalidArgument
from ..wire.operation import Operation, Reader
from ..wire.xml import require_defused
from .answers import read_many, read_one, read_some
from .codec import V1Document, encode_v1

if TYPE_CHECKING:
    # For their types alone: the session is made of the tables, not they of it.
    from ..calls import Caller as SessionCaller
    from ..outcomes import Usage

__all__ = ["Network", "operations"]

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)
D = TypeVar("D", m.Invoice, m.Contact)
"""What is written."""

Awaitable: TypeAlias = Coroutine[Any, Any, R]

# https://networkapi.xero.com/, as in http://blog.xero.com/developer/put-apixro10invoice/; its servers are gone.
ROOT: Final = "/api.xro/1.0"
XML: Final = "text/xml; charset=utf-8"
MOST_FINDINGS: Final = 3
"""Findings that a refusal tells of; the number of the others is told."""


# -- parameters -----------------------------------------------------------------------------------------------------


class ContactQuery(Plain, frozen=True, kw_only=True):
    """Which contact: one of the two."""

    contact_id: Id = field(default=None, name="contactID")
    contact_number: str | None = field(default=None, name="contactNumber")


class InvoiceQuery(Plain, frozen=True, kw_only=True):
    """Which invoice: one of the two."""

    invoice_id: Id = field(default=None, name="invoiceID")
    invoice_number: str | None = field(default=None, name="invoiceNumber")


# http://blog.xero.com/developer/get-apixro10contacts/
class ContactsQuery(Plain, frozen=True, kw_only=True):
    """Which contacts to list, and how."""

    updated_after: datetime | None = field(default=None, name="updatedAfter")
    """Only what was changed after that; aware, cut to whole seconds of UTC."""
    type: Literal["customers", "suppliers", "all"] | None = None
    sort_by: Literal["name", "emailaddress"] | None = field(default=None, name="sortBy")
    direction: Literal["asc", "desc"] | None = None


# http://blog.xero.com/developer/invoices-get/
class InvoicesQuery(Plain, frozen=True, kw_only=True):
    """Which invoices to list."""

    modified_since: datetime | None = field(default=None, name="modifiedSince")
    """Only what was made, changed or paid after that; aware, cut to whole seconds of UTC."""


# -- what a line can be -----------------------------------------------------------------------------------------------


class XmlRow(Row[P, R]):
    """A line whose operation speaks XML."""

    def operation(self, part: Resource) -> Operation[R]:
        """The row as an operation of a resource that is mounted somewhere."""
        return replace(super().operation(part), encode=encode_v1, content_type=XML)


def _row(
    id: str,
    method: str,
    call: Callable[Concatenate[Caller, Operation[Any], P], R],
    parameters: Callable[..., Plain],
    read: Reader[Any],
    sends: type | None = None,
) -> XmlRow[P, R]:
    takes = () if sends is None else ("records",) if sends is list else ("record",)
    return XmlRow(
        id,
        method,
        "",
        call,
        parameters=parameters,
        takes=takes,
        sends=sends,
        returns=V1Document,
        read=read,
        accept="text/xml",
    )


def listed(id: str, kind: type[M], noun: str, query: Callable[P, Plain]) -> XmlRow[P, Awaitable[Results[M]]]:
    """A list, in one answer."""

    async def call(caller: Caller, operation: Operation[Any], /, *args: P.args, **kwargs: P.kwargs) -> Results[M]:
        return cast("Results[M]", await caller.call(operation, (), query(*args, **kwargs)))

    return _row(id, "GET", call, query, read_many(kind, noun, id))


def fetched(id: str, kind: type[M], noun: str, query: Callable[P, Plain]) -> XmlRow[P, Awaitable[M]]:
    """One record, by its id or its number."""

    async def call(caller: Caller, operation: Operation[Any], /, *args: P.args, **kwargs: P.kwargs) -> M:
        return cast("M", await caller.call(operation, (), _single(query(*args, **kwargs))))

    return _row(id, "GET", call, query, read_one(kind, noun, id))


def written(id: str, method: str, kind: type[D], noun: str) -> XmlRow[[D], Awaitable[D]]:
    """Write one record."""

    async def call(caller: Caller, operation: Operation[Any], record: D, /) -> D:
        _refuse_broken([record])
        return cast("D", await caller.call(operation, (), Plain(), record))

    return _row(id, method, call, Plain, read_one(kind, noun, id, DecodeError), sends=kind)


def written_together(
    id: str, method: str, kind: type[D], noun: str, *, may_be_silent: bool = False
) -> XmlRow[[Sequence[D]], Awaitable[Results[D]]]:
    """Write several records."""

    async def call(caller: Caller, operation: Operation[Any], records: Sequence[D], /) -> Results[D]:
        if isinstance(records, Model) or not records:
            raise InvalidArgument("give a list of records with at least one in it")
        _refuse_broken(records)
        results = cast("Results[D]", await caller.call(operation, (), Plain(), records))
        if len(results) != len(records) and not (may_be_silent and not results):
            raise DecodeError(
                f"{id}: {len(records)} records were sent, and the answer tells of {len(results)}: read back which",
                operation=id,
            )
        return results

    read = read_some if may_be_silent else read_many
    return _row(id, method, call, Plain, read(kind, noun, id), sends=list)


def _single(query: Plain) -> Plain:
    given = [name for name in query.__struct_fields__ if getattr(query, name) is not None]
    if len(given) != 1 or not str(getattr(query, given[0])).strip():
        raise InvalidArgument(f"give one of {' and '.join(query.__struct_fields__)}")
    return query


# -- what is refused before it is sent --------------------------------------------------------------------------------


def _refuse_broken(records: Sequence[Model]) -> None:
    """Raise `InvalidArgument` for records that break v1's business rules, with the numbers of those."""
    found = [
        finding
        for finding in check(records, network=True)
        if finding.severity == "error" and not _is_an_update(records[finding.row], finding)
    ]
    found += [
        Finding(row, "LineAmountTypes", "invoice 4", "line amounts are without tax in v1: send them so")
        for row, record in enumerate(records)
        if isinstance(record, m.Invoice) and str(record.line_amount_types).lower() == "inclusive"
    ]
    if found:
        more = f"; and {len(found) - MOST_FINDINGS} more" if len(found) > MOST_FINDINGS else ""
        raise InvalidArgument("; ".join(str(finding) for finding in found[:MOST_FINDINGS]) + more)


# http://blog.xero.com/developer/change-log/: a contact that is told by its id or number has a name already.
def _is_an_update(record: Model, finding: Finding) -> bool:
    is_known = isinstance(record, m.Contact) and bool(record.contact_id or record.contact_number)
    return is_known and (finding.field, finding.rule) == ("Name", "required")


# -- the table --------------------------------------------------------------------------------------------------------


class V1Resource(Resource):
    """A noun of v1. The keys in the address tell the organisation."""

    root = ROOT
    needs_tenant = False


class Accounts(V1Resource, path="/accounts"):
    """The chart of accounts."""

    list = listed("v1.getAccounts", m.Account, "accounts", Plain)


class Imports(V1Resource, path="/import.xro"):
    """The import of draft invoices in bulk."""

    root = ""
    invoices = written_together("v1.import", "POST", m.Invoice, "invoices", may_be_silent=True)


class Contact(V1Resource, path="/contact"):
    """One customer or supplier."""

    get = fetched("v1.getContact", m.Contact, "contacts", ContactQuery)
    save = written("v1.saveContact", "POST", m.Contact, "contacts")


class Contacts(V1Resource, path="/contacts"):
    """Customers and suppliers."""

    list = listed("v1.getContacts", m.Contact, "contacts", ContactsQuery)
    save = written_together("v1.saveContacts", "POST", m.Contact, "contacts")


class Invoice(V1Resource, path="/invoice"):
    """One sales invoice or bill."""

    get = fetched("v1.getInvoice", m.Invoice, "invoices", InvoiceQuery)
    insert = written("v1.insertInvoice", "PUT", m.Invoice, "invoices")


class Invoices(V1Resource, path="/invoices"):
    """Sales invoices and bills."""

    list = listed("v1.getInvoices", m.Invoice, "invoices", InvoicesQuery)
    insert = written_together("v1.insertInvoices", "PUT", m.Invoice, "invoices")


class Tracking(V1Resource, path="/tracking"):
    """The tracking categories and their options."""

    list = listed("v1.getTracking", m.TrackingCategory, "tracking", Plain)


class Interfaces(V1Resource):
    """All that v1 offered for an organisation."""

    accounts = Accounts()
    imports = Imports()
    contact = Contact()
    contacts = Contacts()
    invoice = Invoice()
    invoices = Invoices()
    tracking = Tracking()


class Network(Interfaces):
    """An organisation behind v1: its nouns are attributes, their verbs coroutines.

    Raises `ModuleNotFoundError` where the extra `[xml]` is not installed: v1 answered in XML alone.
    """

    def __init__(self, caller: SessionCaller) -> None:
        super().__init__()
        require_defused()
        self._caller = caller
        self.id = caller.tenant or ""
        """What limits, hooks and errors know the organisation by: a digest of its key."""
        self._line = caller.line

    def __repr__(self) -> str:
        return f"<Network {self.id}>"

    @property
    def limits(self) -> Remaining:
        """What is left of the limits, as for a tenant."""
        return self._line.limiter.remaining(self.id)

    @property
    def usage(self) -> Usage:
        """What was sent and drawn for the organisation since the `Xero` was made."""
        return self._line.meter(self.id).read()


def operations() -> Iterator[Operation[Any]]:
    """Every operation of v1, in the order of the table."""
    return operations_of(Interfaces)
