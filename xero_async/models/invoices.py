"""Sales invoices (ACCREC), bills (ACCPAY) and reminders."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model, Str255
from .common import Attachment, CurrencyCode, LineAmountTypes, LineItem, Pagination, ValidationError
from .contacts import Contact
from .credit_notes import CreditNote

__all__ = [
    "Invoice",
    "InvoiceAddress",
    "InvoiceAddressType",
    "InvoiceReminder",
    "InvoiceReminders",
    "InvoiceStatus",
    "InvoiceType",
    "Invoices",
    "LinkedTransaction",
    "LinkedTransactionSourceTransactionTypeCode",
    "LinkedTransactionStatus",
    "LinkedTransactionType",
    "LinkedTransactions",
    "OnlineInvoice",
    "OnlineInvoices",
    "RepeatingInvoice",
    "RepeatingInvoiceStatus",
    "RepeatingInvoiceType",
    "RepeatingInvoices",
    "RequestEmpty",
    "Schedule",
    "ScheduleDueDateType",
    "ScheduleUnit",
]

# A list of codes reads better in rows.
# fmt: off
InvoiceType: TypeAlias = (
    Literal[
        "ACCPAY", "ACCPAYCREDIT", "APOVERPAYMENT", "APPREPAYMENT", "ACCREC", "ACCRECCREDIT", "AROVERPAYMENT",
        "ARPREPAYMENT",
    ]
    | str
)
# fmt: on
InvoiceStatus: TypeAlias = Literal["DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"] | str
InvoiceAddressType: TypeAlias = Literal["FROM", "TO"] | str
LinkedTransactionStatus: TypeAlias = Literal["APPROVED", "DRAFT", "ONDRAFT", "BILLED", "VOIDED"] | str
LinkedTransactionType: TypeAlias = Literal["BILLABLEEXPENSE"] | str
LinkedTransactionSourceTransactionTypeCode: TypeAlias = Literal["ACCPAY", "SPEND"] | str
RepeatingInvoiceType: TypeAlias = Literal["ACCPAY", "ACCREC"] | str
RepeatingInvoiceStatus: TypeAlias = Literal["DRAFT", "AUTHORISED", "DELETED"] | str
ScheduleUnit: TypeAlias = Literal["WEEKLY", "MONTHLY"] | str
# A list of codes reads better in rows.
# fmt: off
ScheduleDueDateType: TypeAlias = (
    Literal[
        "DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "DAYSAFTERINVOICEDATE", "DAYSAFTERINVOICEMONTH", "OFCURRENTMONTH",
        "OFFOLLOWINGMONTH",
    ]
    | str
)
# fmt: on


class Invoice(Model, kw_only=True):
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""

    type: InvoiceType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    date: Date | None = None
    due_date: Date | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    invoice_number: Str255 | None = None
    """Unique among sales invoices; a bill may repeat it."""
    reference: str | None = None
    """Kept for sales invoices only."""
    branding_theme_id: str | None = None
    """The look of the printed document."""
    url: str | None = None
    """A link to the source document in your own system."""
    currency_code: CurrencyCode | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    status: InvoiceStatus | None = None
    sent_to_contact: bool | None = None
    """Whether it is marked as sent."""
    expected_payment_date: Date | None = None
    """When a customer is expected to pay (sales invoices)."""
    planned_payment_date: Date | None = None
    """When it is planned to be paid (bills)."""
    cis_deduction: Decimal | None = None
    """Withheld under the Construction Industry Scheme (United Kingdom). Read-only."""
    cis_rate: Decimal | None = None
    """Per cent withheld under the Construction Industry Scheme (United Kingdom). Read-only."""
    sub_total: Decimal | None = None
    """Without tax. Read-only."""
    total_tax: Decimal | None = None
    """Read-only."""
    total: Decimal | None = None
    """With tax: `sub_total` + `total_tax`. Read-only."""
    total_discount: Decimal | None = None
    """Sum of the discounts of the lines. Read-only."""
    invoice_id: str | None = None
    repeating_invoice_id: str | None = None
    """The template that it was made from."""
    has_attachments: bool | None = None
    """Read-only."""
    is_discounted: bool | None = None
    """Read-only."""
    payments: list[Payment] | None = None
    """Read-only."""
    prepayments: list[Prepayment] | None = None
    """Read-only."""
    overpayments: list[Overpayment] | None = None
    """Read-only."""
    amount_due: Decimal | None = None
    """What is left to pay. Read-only."""
    amount_paid: Decimal | None = None
    """Sum of the payments. Read-only."""
    fully_paid_on_date: Date | None = None
    """Read-only."""
    amount_credited: Decimal | None = None
    """Sum of credit notes, prepayments and overpayments. Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    updated_date_utc_string: str | None = None
    """`updated_date_utc` as text. Read-only."""
    credit_notes: list[CreditNote] | None = None
    """Read-only."""
    attachments: list[Attachment] | None = None
    has_errors: bool | None = None
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    invoice_addresses: list[InvoiceAddress] | None = None
    entered_total: Decimal | None = None
    """The total that the user typed."""
    rounding_amount: Decimal | None = None
    """What Xero rounded off. Read-only."""


class InvoiceAddress(Model, kw_only=True):
    """An address as it stood when the document was made."""

    invoice_address_type: InvoiceAddressType | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class InvoiceReminder(Model, kw_only=True):
    """Whether Xero reminds customers of unpaid invoices."""

    enabled: bool | None = None


class LinkedTransaction(Model, kw_only=True):
    """A billable expense: a line of a bill that a customer is to pay for."""

    source_transaction_id: str | None = None
    """The bill."""
    source_line_item_id: str | None = None
    """The line of the bill."""
    contact_id: str | None = None
    target_transaction_id: str | None = None
    """The sales invoice."""
    target_line_item_id: str | None = None
    """The line of the sales invoice."""
    linked_transaction_id: str | None = None
    status: LinkedTransactionStatus | None = None
    type: LinkedTransactionType | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    source_transaction_type_code: LinkedTransactionSourceTransactionTypeCode | None = None
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class OnlineInvoice(Model, kw_only=True):
    """Where a customer finds the invoice online."""

    online_invoice_url: str | None = None


class RepeatingInvoice(Model, kw_only=True):
    """A template from which invoices are made on a schedule."""

    type: RepeatingInvoiceType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    schedule: Schedule | None = None
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    reference: str | None = None
    branding_theme_id: str | None = None
    currency_code: CurrencyCode | None = None
    status: RepeatingInvoiceStatus | None = None
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    repeating_invoice_id: str | None = None
    """The template that it was made from."""
    id: str | None = None
    has_attachments: bool | None = None
    """Read-only."""
    attachments: list[Attachment] | None = None
    approved_for_sending: bool | None = None
    """Whether each invoice is emailed as it is made."""
    send_copy: bool | None = None
    """Whether the sender gets a copy."""
    mark_as_sent: bool | None = None
    include_pdf: bool | None = field(default=None, name="IncludePDF")


class RequestEmpty(Model, kw_only=True):
    """A request that says nothing."""

    status: str | None = None


class Schedule(Model, kw_only=True):
    """When a repeating invoice is made and due."""

    period: int | None = None
    """Every so many units."""
    unit: ScheduleUnit | None = None
    due_date: int | None = None
    """A day of the month or a number of days, as `due_date_type` says."""
    due_date_type: ScheduleDueDateType | None = None
    start_date: Date | None = None
    next_scheduled_date: Date | None = None
    end_date: Date | None = None


class InvoiceReminders(Envelope[InvoiceReminder], kw_only=True):
    """An envelope of invoice reminders."""

    invoice_reminders: list[InvoiceReminder] | None = None


class Invoices(Envelope[Invoice], kw_only=True):
    """An envelope of invoices."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    invoices: list[Invoice] | None = None


class LinkedTransactions(Envelope[LinkedTransaction], kw_only=True):
    """An envelope of linked transactions."""

    linked_transactions: list[LinkedTransaction] | None = None


class OnlineInvoices(Envelope[OnlineInvoice], kw_only=True):
    """An envelope of online invoices."""

    online_invoices: list[OnlineInvoice] | None = None


class RepeatingInvoices(Envelope[RepeatingInvoice], kw_only=True):
    """An envelope of repeating invoices."""

    repeating_invoices: list[RepeatingInvoice] | None = None


from .payments import Overpayment, Payment, Prepayment  # noqa: E402 - refers back to this module
