"""Query and header parameters, as structs whose constructors are the keyword lists of the table's coroutines.

A struct can inherit fields from one other alone, so they form chains: what many operations share comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from msgspec import field

from ..models import InvoiceStatus
from ..wire.parameters import Parameters

__all__ = [
    "Batch",
    "ContactQuery",
    "CreditNoteQuery",
    "Download",
    "Exact",
    "ExactBatch",
    "ExactKeyed",
    "Id",
    "InvoiceQuery",
    "Keyed",
    "ModifiedQuery",
    "OnlineUpload",
    "PagedQuery",
    "Plain",
    "Query",
    "Upload",
]

Id: TypeAlias = str | UUID | None
"""The id of a record; where Xero takes a number in its place, such as an invoice number, that too.

None is refused when it comes to a call. It is in the type because every field of a record may be None to a type
checker, and `get(invoice.invoice_id)` should not need a cast.
"""

UnitDp: TypeAlias = Literal[2, 4] | None


class Plain(Parameters, frozen=True, kw_only=True):
    """No parameters."""


class Exact(Plain, frozen=True, kw_only=True):
    """Reading a record with unit amounts."""

    unitdp: UnitDp = None
    """Decimals of unit amounts: 2, or 4. None takes the client's."""


class Keyed(Plain, frozen=True, kw_only=True):
    """A write."""

    idempotency_key: str | None = field(default=None, name="Idempotency-Key")
    """Your own key, at most 128 characters; None makes one for the call."""


class ExactKeyed(Keyed, frozen=True, kw_only=True):
    """Writing a record with unit amounts."""

    unitdp: UnitDp = None


class Batch(Keyed, frozen=True, kw_only=True):
    """Writing several records."""

    always: ClassVar[frozenset[str]] = frozenset({"summarizeErrors"})
    summarize_errors: bool = field(default=False, name="summarizeErrors")
    """With True, one bad element makes Xero raise for the whole, although it saved the good ones."""


class ExactBatch(Batch, frozen=True, kw_only=True):
    """Writing several records with unit amounts."""

    unitdp: UnitDp = None


class Download(Plain, frozen=True, kw_only=True):
    """Fetching the bytes of an attachment."""

    always: ClassVar[frozenset[str]] = frozenset({"contentType"})
    content_type: str = field(default="application/octet-stream", name="contentType")


class Upload(Keyed, frozen=True, kw_only=True):
    """Sending the bytes of an attachment."""

    content_type: str | None = field(default=None, name="Content-Type")
    """None guesses it from the file's name."""


class OnlineUpload(Upload, frozen=True, kw_only=True):
    """Sending an attachment that the customer may see."""

    include_online: bool = field(default=False, name="IncludeOnline")


class Query(Plain, frozen=True, kw_only=True):
    """A list, filtered and ordered."""

    where: str | None = None
    """Xero's filter language, such as `Status=="ACTIVE"`."""
    order: str | None = None
    """A field and a direction, such as `Name ASC`."""


class ModifiedQuery(Query, frozen=True, kw_only=True):
    """A list of what has changed."""

    modified_since: datetime | None = field(default=None, name="If-Modified-Since")
    """Only what was created or changed since; aware, cut to whole seconds of UTC."""


class PagedQuery(ModifiedQuery, frozen=True, kw_only=True):
    """A list in pages."""

    page: int | None = None
    """From 1; iterating starts there."""
    page_size: int | None = field(default=None, name="pageSize")
    """From 1 to 1,000. None is 100 for a single page, and 1,000 when iterating."""


class ContactQuery(PagedQuery, frozen=True, kw_only=True):
    """Which contacts to list."""

    ids: Sequence[Id] = field(default=(), name="IDs")
    include_archived: bool | None = field(default=None, name="includeArchived")
    summary_only: bool = field(default=False, name="summaryOnly")
    """Only light fields: quicker, and fewer bytes to pay for."""
    search_term: str | None = field(default=None, name="searchTerm")
    """Found in names, number or email address, whatever the case."""


class CreditNoteQuery(PagedQuery, frozen=True, kw_only=True):
    """Which credit notes to list."""

    unitdp: UnitDp = None


class InvoiceQuery(PagedQuery, frozen=True, kw_only=True):
    """Which invoices and bills to list."""

    ids: Sequence[Id] = field(default=(), name="IDs")
    invoice_numbers: Sequence[str] = field(default=(), name="InvoiceNumbers")
    contact_ids: Sequence[Id] = field(default=(), name="ContactIDs")
    statuses: Sequence[InvoiceStatus] = field(default=(), name="Statuses")
    include_archived: bool | None = field(default=None, name="includeArchived")
    created_by_my_app: bool | None = field(default=None, name="createdByMyApp")
    unitdp: UnitDp = None
    summary_only: bool = field(default=False, name="summaryOnly")
    """Only light fields: quicker, and fewer bytes to pay for."""
    search_term: str | None = field(default=None, name="searchTerm")
    """Found in numbers, references or contact names, whatever the case."""
