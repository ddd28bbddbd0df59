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
]

InvoiceType: TypeAlias = (
    Literal[
        "ACCPAY",
        "ACCPAYCREDIT",
        "APOVERPAYMENT",
        "APPREPAYMENT",
        "ACCREC",
        "ACCRECCREDIT",
        "AROVERPAYMENT",
        "ARPREPAYMENT",
    ]
    | str
)
InvoiceStatus: TypeAlias = Literal["DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"] | str
InvoiceAddressType: TypeAlias = Literal["FROM", "TO"] | str


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


class InvoiceReminders(Envelope[InvoiceReminder], kw_only=True):
    """An envelope of invoice reminders."""

    invoice_reminders: list[InvoiceReminder] | None = None


class Invoices(Envelope[Invoice], kw_only=True):
    """An envelope of invoices."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    invoices: list[Invoice] | None = None


from .payments import Overpayment, Payment, Prepayment  # noqa: E402 - refers back to this module
