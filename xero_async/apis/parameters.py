"""Query and header parameters, as structs whose constructors are the keyword lists of the table's coroutines.

A struct can inherit fields from one other alone, so they form chains: what many operations share comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from msgspec import field

from ..models import InvoiceStatus, LinkedTransactionStatus, PurchaseOrderStatus, QuoteStatusCodes
from ..wire.parameters import Parameters
from ..wire.where import Condition

__all__ = [
    "AgedQuery",
    "BalanceSheetQuery",
    "BankTransferQuery",
    "Batch",
    "BudgetDates",
    "BudgetQuery",
    "BudgetSummaryQuery",
    "ContactQuery",
    "DateQuery",
    "Download",
    "Exact",
    "ExactBatch",
    "ExactKeyed",
    "ExactModifiedQuery",
    "ExactPagedQuery",
    "Id",
    "InvoiceQuery",
    "JournalQuery",
    "Keyed",
    "LinkedTransactionQuery",
    "ModifiedQuery",
    "OnlineUpload",
    "OverpaymentQuery",
    "PagedQuery",
    "PeriodQuery",
    "Plain",
    "PrepaymentQuery",
    "ProfitAndLossQuery",
    "PurchaseOrderQuery",
    "Query",
    "QuoteQuery",
    "TenNinetyNineQuery",
    "TrackingQuery",
    "TrialBalanceQuery",
    "Upload",
]

Id: TypeAlias = str | UUID | None
"""The id of a record; where Xero takes a number in its place, such as an invoice number, that too.

None is refused when it comes to a call. It is in the type because every field of a record may be None to a type
checker, and `get(invoice.invoice_id)` should not need a cast.
"""

UnitDp: TypeAlias = Literal[2, 4] | None
DayOf: TypeAlias = date | None


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

    where: str | Condition | None = None
    """Xero's filter language, such as `Status=="ACTIVE"`, or a condition built with `F`."""
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

    ids: Sequence[Id] | None = field(default=None, name="IDs")
    include_archived: bool | None = field(default=None, name="includeArchived")
    summary_only: bool = field(default=False, name="summaryOnly")
    """Only light fields: quicker, and fewer bytes to pay for."""
    search_term: str | None = field(default=None, name="searchTerm")
    """Found in names, number or email address, whatever the case."""


class ExactModifiedQuery(ModifiedQuery, frozen=True, kw_only=True):
    """A list of what has changed, with unit amounts."""

    unitdp: UnitDp = None


class ExactPagedQuery(PagedQuery, frozen=True, kw_only=True):
    """A list in pages, with unit amounts."""

    unitdp: UnitDp = None


class OverpaymentQuery(ExactPagedQuery, frozen=True, kw_only=True):
    """Which overpayments to list."""

    references: Sequence[str] | None = field(default=None, name="References")


class PrepaymentQuery(ExactPagedQuery, frozen=True, kw_only=True):
    """Which prepayments to list."""

    invoice_numbers: Sequence[str] | None = field(default=None, name="InvoiceNumbers")


class BankTransferQuery(ModifiedQuery, frozen=True, kw_only=True):
    """Which bank transfers to list."""

    include_deleted: bool | None = field(default=None, name="includeDeleted")


class TrackingQuery(Query, frozen=True, kw_only=True):
    """Which tracking categories to list."""

    include_archived: bool | None = field(default=None, name="includeArchived")


class JournalQuery(Plain, frozen=True, kw_only=True):
    """Which journals to list."""

    modified_since: datetime | None = field(default=None, name="If-Modified-Since")
    offset: int | None = None
    """The number after which to begin; iterating goes on from there."""
    payments_only: bool | None = field(default=None, name="paymentsOnly")
    """True for the journals of the cash basis."""


class LinkedTransactionQuery(Plain, frozen=True, kw_only=True):
    """Which linked transactions to list."""

    page: int | None = None
    linked_transaction_id: Id = field(default=None, name="LinkedTransactionID")
    source_transaction_id: Id = field(default=None, name="SourceTransactionID")
    contact_id: Id = field(default=None, name="ContactID")
    status: LinkedTransactionStatus | None = field(default=None, name="Status")
    target_transaction_id: Id = field(default=None, name="TargetTransactionID")


class PurchaseOrderQuery(Plain, frozen=True, kw_only=True):
    """Which purchase orders to list."""

    modified_since: datetime | None = field(default=None, name="If-Modified-Since")
    status: PurchaseOrderStatus | None = field(default=None, name="Status")
    date_from: date | None = field(default=None, name="DateFrom")
    date_to: date | None = field(default=None, name="DateTo")
    order: str | None = None
    page: int | None = None
    page_size: int | None = field(default=None, name="pageSize")


class QuoteQuery(Plain, frozen=True, kw_only=True):
    """Which quotes to list."""

    modified_since: datetime | None = field(default=None, name="If-Modified-Since")
    date_from: date | None = field(default=None, name="DateFrom")
    date_to: date | None = field(default=None, name="DateTo")
    expiry_date_from: date | None = field(default=None, name="ExpiryDateFrom")
    expiry_date_to: date | None = field(default=None, name="ExpiryDateTo")
    contact_id: Id = field(default=None, name="ContactID")
    status: QuoteStatusCodes | None = field(default=None, name="Status")
    page: int | None = None
    order: str | None = None
    quote_number: str | None = field(default=None, name="QuoteNumber")


class BudgetDates(Plain, frozen=True, kw_only=True):
    """Which months of a budget to show."""

    date_to: date | None = field(default=None, name="DateTo")
    date_from: date | None = field(default=None, name="DateFrom")


class BudgetQuery(BudgetDates, frozen=True, kw_only=True):
    """Which budgets to list."""

    ids: Sequence[Id] | None = field(default=None, name="IDs")


# -- reports --------------------------------------------------------------------------------------------------------

Timeframe: TypeAlias = Literal["MONTH", "QUARTER", "YEAR"] | str


class DateQuery(Plain, frozen=True, kw_only=True):
    """A report as of a day."""

    date: DayOf = None


class PeriodQuery(Plain, frozen=True, kw_only=True):
    """A report over a period."""

    from_date: DayOf = field(default=None, name="fromDate")
    to_date: DayOf = field(default=None, name="toDate")


class AgedQuery(PeriodQuery, frozen=True, kw_only=True):
    """What a contact owes or is owed, by age."""

    contact_id: Id = field(name="contactId")
    date: DayOf = None


class TrialBalanceQuery(DateQuery, frozen=True, kw_only=True):
    """A trial balance as of a day."""

    payments_only: bool | None = field(default=None, name="paymentsOnly")


class BalanceSheetQuery(TrialBalanceQuery, frozen=True, kw_only=True):
    """A balance sheet as of a day, beside earlier ones."""

    periods: int | None = None
    """How many earlier periods to compare with."""
    timeframe: Timeframe | None = None
    """How long those are."""
    tracking_option_id_1: str | None = field(default=None, name="trackingOptionID1")
    tracking_option_id_2: str | None = field(default=None, name="trackingOptionID2")
    standard_layout: bool | None = field(default=None, name="standardLayout")


class BudgetSummaryQuery(DateQuery, frozen=True, kw_only=True):
    """Budgets beside what happened."""

    periods: int | None = None
    timeframe: int | None = None
    """1 for months, 3 for quarters, 12 for years."""


class ProfitAndLossQuery(PeriodQuery, frozen=True, kw_only=True):
    """Profit and loss over a period, beside earlier ones."""

    periods: int | None = None
    timeframe: Timeframe | None = None
    tracking_category_id: str | None = field(default=None, name="trackingCategoryID")
    tracking_category_id_2: str | None = field(default=None, name="trackingCategoryID2")
    tracking_option_id: str | None = field(default=None, name="trackingOptionID")
    tracking_option_id_2: str | None = field(default=None, name="trackingOptionID2")
    standard_layout: bool | None = field(default=None, name="standardLayout")
    payments_only: bool | None = field(default=None, name="paymentsOnly")


class TenNinetyNineQuery(Plain, frozen=True, kw_only=True):
    """Payments of the 1099 kind in a year."""

    report_year: int | str | None = field(default=None, name="reportYear")


class InvoiceQuery(PagedQuery, frozen=True, kw_only=True):
    """Which invoices and bills to list."""

    ids: Sequence[Id] | None = field(default=None, name="IDs")
    invoice_numbers: Sequence[str] | None = field(default=None, name="InvoiceNumbers")
    contact_ids: Sequence[Id] | None = field(default=None, name="ContactIDs")
    statuses: Sequence[InvoiceStatus] | None = field(default=None, name="Statuses")
    include_archived: bool | None = field(default=None, name="includeArchived")
    created_by_my_app: bool | None = field(default=None, name="createdByMyApp")
    unitdp: UnitDp = None
    summary_only: bool = field(default=False, name="summaryOnly")
    """Only light fields: quicker, and fewer bytes to pay for."""
    search_term: str | None = field(default=None, name="searchTerm")
    """Found in numbers, references or contact names, whatever the case."""
