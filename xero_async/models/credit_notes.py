"""Credit notes and how they are allocated to invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model
from .common import CurrencyCode, LineAmountTypes, LineItem, Pagination, ValidationError
from .contacts import Contact

__all__ = ["Allocation", "Allocations", "CreditNote", "CreditNoteStatus", "CreditNoteType", "CreditNotes"]

CreditNoteType: TypeAlias = Literal["ACCPAYCREDIT", "ACCRECCREDIT"] | str
CreditNoteStatus: TypeAlias = Literal["DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"] | str


class Allocation(Model, kw_only=True):
    """The part of a credit note, prepayment or overpayment that is set against an invoice."""

    allocation_id: str | None = None
    invoice: Invoice | None = None
    overpayment: Overpayment | None = None
    prepayment: Prepayment | None = None
    credit_note: CreditNote | None = None
    amount: Decimal | None = None
    date: Date | None = None
    """When it was allocated."""
    is_deleted: bool | None = None
    """Read-only."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class CreditNote(Model, kw_only=True):
    """Credit given to a customer (ACCRECCREDIT) or by a supplier (ACCPAYCREDIT)."""

    type: CreditNoteType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    date: Date | None = None
    due_date: Date | None = None
    status: CreditNoteStatus | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    cis_deduction: Decimal | None = None
    """Withheld under the Construction Industry Scheme (United Kingdom). Read-only."""
    cis_rate: Decimal | None = None
    """Per cent withheld under the Construction Industry Scheme (United Kingdom). Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    updated_date_utc_string: str | None = None
    """`updated_date_utc` as text. Read-only."""
    currency_code: CurrencyCode | None = None
    fully_paid_on_date: Date | None = None
    credit_note_id: str | None = None
    credit_note_number: str | None = None
    reference: str | None = None
    sent_to_contact: bool | None = None
    """Whether it is marked as sent. Read-only."""
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    remaining_credit: Decimal | None = None
    """What is left to allocate."""
    allocations: list[Allocation] | None = None
    applied_amount: Decimal | None = None
    """What has been allocated."""
    payments: list[Payment] | None = None
    branding_theme_id: str | None = None
    """The look of the printed document."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    has_attachments: bool | None = None
    has_errors: bool | None = None
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    invoice_addresses: list[InvoiceAddress] | None = None


class Allocations(Envelope[Allocation], kw_only=True):
    """An envelope of allocations."""

    allocations: list[Allocation] | None = None


class CreditNotes(Envelope[CreditNote], kw_only=True):
    """An envelope of credit notes."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    credit_notes: list[CreditNote] | None = None


from .invoices import Invoice, InvoiceAddress  # noqa: E402 - refers back to this module
from .payments import Overpayment, Payment, Prepayment  # noqa: E402 - refers back to this module
