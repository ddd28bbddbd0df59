"""Payments, prepayments, overpayments and batches of payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model, Str12, Str18, Str255
from .accounts import Account
from .common import Attachment, CurrencyCode, LineAmountTypes, LineItem, Pagination, ValidationError
from .contacts import Contact
from .credit_notes import Allocation, CreditNote
from .invoices import Invoice

__all__ = [
    "BatchPayment",
    "BatchPaymentDelete",
    "BatchPaymentDeleteByUrlParam",
    "BatchPaymentStatus",
    "BatchPaymentType",
    "BatchPayments",
    "Overpayment",
    "OverpaymentStatus",
    "OverpaymentType",
    "Overpayments",
    "Payment",
    "PaymentDelete",
    "PaymentStatus",
    "PaymentType",
    "Payments",
    "Prepayment",
    "PrepaymentStatus",
    "PrepaymentType",
    "Prepayments",
]

BatchPaymentType: TypeAlias = Literal["PAYBATCH", "RECBATCH"] | str
BatchPaymentStatus: TypeAlias = Literal["AUTHORISED", "DELETED"] | str
OverpaymentType: TypeAlias = Literal["RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT", "AROVERPAYMENT"] | str
OverpaymentStatus: TypeAlias = Literal["AUTHORISED", "PAID", "VOIDED"] | str
PaymentStatus: TypeAlias = Literal["AUTHORISED", "DELETED"] | str
# A list of codes reads better in rows.
# fmt: off
PaymentType: TypeAlias = (
    Literal[
        "ACCRECPAYMENT", "ACCPAYPAYMENT", "ARCREDITPAYMENT", "APCREDITPAYMENT", "AROVERPAYMENTPAYMENT",
        "ARPREPAYMENTPAYMENT", "APPREPAYMENTPAYMENT", "APOVERPAYMENTPAYMENT",
    ]
    | str
)
# fmt: on
PrepaymentType: TypeAlias = Literal["RECEIVE-PREPAYMENT", "SPEND-PREPAYMENT", "ARPREPAYMENT", "APPREPAYMENT"] | str
PrepaymentStatus: TypeAlias = Literal["AUTHORISED", "PAID", "VOIDED"] | str


class BatchPayment(Model, kw_only=True):
    """Many payments made as one line of a bank statement."""

    account: Account | None = None
    reference: Str255 | None = None
    """Shown on the bank statement."""
    particulars: Str12 | None = None
    """Shown on the bank statement (New Zealand)."""
    code: Str12 | None = None
    """Shown on the bank statement (New Zealand)."""
    details: str | None = None
    """Shown on the bank statement."""
    narrative: Str18 | None = None
    """Shown on the bank statement (Australia)."""
    batch_payment_id: str | None = None
    """Read-only."""
    date_string: str | None = None
    """`date` as text."""
    date: Date | None = None
    amount: Decimal | None = None
    payments: list[Payment] | None = None
    type: BatchPaymentType | None = None
    """Read-only."""
    status: BatchPaymentStatus | None = None
    """Read-only."""
    total_amount: Decimal | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    is_reconciled: bool | None = None
    """Whether it has been matched with a bank statement. Read-only."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class BatchPaymentDelete(Model, kw_only=True):
    """A request to delete a batch payment."""

    batch_payment_id: str | None = None
    status: str | None = None


class BatchPaymentDeleteByUrlParam(Model, kw_only=True):
    """A request to delete the batch payment that the URL names."""

    status: str | None = None


class Overpayment(Model, kw_only=True):
    """Money paid beyond what was due."""

    type: OverpaymentType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    date: Date | None = None
    status: OverpaymentStatus | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    updated_date_utc_string: str | None = None
    """`updated_date_utc` as text. Read-only."""
    currency_code: CurrencyCode | None = None
    overpayment_id: str | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    remaining_credit: Decimal | None = None
    """What is left to allocate."""
    allocations: list[Allocation] | None = None
    applied_amount: Decimal | None = None
    """What has been allocated."""
    payments: list[Payment] | None = None
    has_attachments: bool | None = None
    """Read-only."""
    reference: str | None = None
    attachments: list[Attachment] | None = None


class Payment(Model, kw_only=True):
    """Money paid against an invoice, credit note, prepayment or overpayment."""

    invoice: Invoice | None = None
    credit_note: CreditNote | None = None
    prepayment: Prepayment | None = None
    overpayment: Overpayment | None = None
    invoice_number: str | None = None
    credit_note_number: str | None = None
    batch_payment: BatchPayment | None = None
    account: Account | None = None
    code: str | None = None
    """Code of the account paid from or to."""
    date: Date | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    amount: Decimal | None = None
    """In the currency of the document."""
    bank_amount: Decimal | None = None
    """In the currency of the bank account."""
    reference: str | None = None
    is_reconciled: bool | None = None
    """Whether it has been matched with a bank statement."""
    status: PaymentStatus | None = None
    payment_type: PaymentType | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    updated_date_utc_string: str | None = None
    """`updated_date_utc` as text. Read-only."""
    payment_id: str | None = None
    batch_payment_id: str | None = None
    bank_account_number: str | None = None
    particulars: str | None = None
    """Shown on the bank statement (New Zealand)."""
    details: str | None = None
    has_account: bool | None = None
    has_validation_errors: bool | None = None
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""


class PaymentDelete(Model, kw_only=True):
    """A request to reverse a payment."""

    status: str | None = None


class Prepayment(Model, kw_only=True):
    """Money paid before there was an invoice."""

    type: PrepaymentType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    date: Date | None = None
    status: PrepaymentStatus | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    reference: str | None = None
    """Read-only."""
    invoice_number: str | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    updated_date_utc_string: str | None = None
    """`updated_date_utc` as text. Read-only."""
    currency_code: CurrencyCode | None = None
    prepayment_id: str | None = None
    branding_theme_id: str | None = None
    """Read-only."""
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    remaining_credit: Decimal | None = None
    """What is left to allocate."""
    allocations: list[Allocation] | None = None
    payments: list[Payment] | None = None
    applied_amount: Decimal | None = None
    """What has been allocated."""
    has_attachments: bool | None = None
    """Read-only."""
    attachments: list[Attachment] | None = None


class BatchPayments(Envelope[BatchPayment], kw_only=True):
    """An envelope of batch payments."""

    batch_payments: list[BatchPayment] | None = None


class Overpayments(Envelope[Overpayment], kw_only=True):
    """An envelope of overpayments."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    overpayments: list[Overpayment] | None = None


class Payments(Envelope[Payment], kw_only=True):
    """An envelope of payments."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    payments: list[Payment] | None = None


class Prepayments(Envelope[Prepayment], kw_only=True):
    """An envelope of prepayments."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    prepayments: list[Prepayment] | None = None
