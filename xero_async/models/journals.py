"""Journals, those that Xero keeps and those that users write."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model
from .accounts import AccountType
from .common import Attachment, LineAmountTypes, Pagination, ValidationError
from .tracking import TrackingCategory

__all__ = [
    "Journal",
    "JournalLine",
    "JournalSourceType",
    "Journals",
    "ManualJournal",
    "ManualJournalLine",
    "ManualJournalStatus",
    "ManualJournals",
]

# A list of codes reads better in rows.
# fmt: off
JournalSourceType: TypeAlias = (
    Literal[
        "ACCREC", "ACCPAY", "ACCRECCREDIT", "ACCPAYCREDIT", "ACCRECPAYMENT", "ACCPAYPAYMENT", "ARCREDITPAYMENT",
        "APCREDITPAYMENT", "CASHREC", "CASHPAID", "TRANSFER", "ARPREPAYMENT", "APPREPAYMENT", "AROVERPAYMENT",
        "APOVERPAYMENT", "EXPCLAIM", "EXPPAYMENT", "MANJOURNAL", "PAYSLIP", "WAGEPAYABLE", "INTEGRATEDPAYROLLPE",
        "INTEGRATEDPAYROLLPT", "EXTERNALSPENDMONEY", "INTEGRATEDPAYROLLPTPAYMENT", "INTEGRATEDPAYROLLCN",
    ]
    | str
)
# fmt: on
ManualJournalStatus: TypeAlias = Literal["DRAFT", "POSTED", "DELETED", "VOIDED", "ARCHIVED"] | str


class Journal(Model, kw_only=True):
    """An entry of the general ledger, as Xero keeps it."""

    journal_id: str | None = None
    journal_date: Date | None = None
    journal_number: int | None = None
    """Its place in the ledger; grows."""
    created_date_utc: DateTime | None = None
    """Read-only."""
    reference: str | None = None
    source_id: str | None = None
    """The id of the document that it comes from."""
    source_type: JournalSourceType | None = None
    """The kind of document that it comes from."""
    journal_lines: list[JournalLine] | None = None


class JournalLine(Model, kw_only=True):
    """One side of a journal."""

    journal_line_id: str | None = None
    account_id: str | None = None
    account_code: str | None = None
    account_type: AccountType | None = None
    account_name: str | None = None
    description: str | None = None
    net_amount: Decimal | None = None
    """Positive is a debit, negative a credit."""
    gross_amount: Decimal | None = None
    """With tax."""
    tax_amount: Decimal | None = None
    """Read-only."""
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""
    tax_name: str | None = None
    tracking_categories: list[TrackingCategory] | None = None


class ManualJournal(Model, kw_only=True):
    """A journal that a user writes."""

    narration: str | None = None
    journal_lines: list[ManualJournalLine] | None = None
    date: Date | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    status: ManualJournalStatus | None = None
    url: str | None = None
    show_on_cash_basis_reports: bool | None = None
    has_attachments: bool | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    manual_journal_id: str | None = None
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    attachments: list[Attachment] | None = None


class ManualJournalLine(Model, kw_only=True):
    """One side of a manual journal: positive is a debit, negative a credit."""

    line_amount: Decimal | None = None
    """Quantity × unit amount, less the discount."""
    account_code: str | None = None
    account_id: str | None = None
    description: str | None = None
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""
    tracking: list[TrackingCategory] | None = None
    tax_amount: Decimal | None = None
    is_blank: bool | None = None


class Journals(Envelope[Journal], kw_only=True):
    """An envelope of journals."""

    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    journals: list[Journal] | None = None


class ManualJournals(Envelope[ManualJournal], kw_only=True):
    """An envelope of manual journals."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    manual_journals: list[ManualJournal] | None = None
