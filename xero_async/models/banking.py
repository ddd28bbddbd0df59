"""Money that moves through bank accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model
from .accounts import Account
from .common import CurrencyCode, LineAmountTypes, LineItem, Pagination, ValidationError
from .contacts import Contact
from .tracking import TrackingReference

__all__ = [
    "BankTransaction",
    "BankTransactionStatus",
    "BankTransactionType",
    "BankTransactions",
    "BankTransfer",
    "BankTransferDelete",
    "BankTransferDeleteByUrlParam",
    "BankTransferStatus",
    "BankTransfers",
    "BankTransfersDelete",
]

# A list of codes reads better in rows.
# fmt: off
BankTransactionType: TypeAlias = (
    Literal[
        "RECEIVE", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT", "SPEND", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT",
        "RECEIVE-TRANSFER", "SPEND-TRANSFER",
    ]
    | str
)
# fmt: on
BankTransactionStatus: TypeAlias = Literal["AUTHORISED", "DELETED", "VOIDED"] | str
BankTransferStatus: TypeAlias = Literal["AUTHORISED", "DELETED"] | str


class BankTransaction(Model, kw_only=True):
    """Money spent or received straight from a bank account."""

    type: BankTransactionType | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    bank_account: Account | None = None
    is_reconciled: bool | None = None
    """Whether it has been matched with a bank statement."""
    date: Date | None = None
    reference: str | None = None
    currency_code: CurrencyCode | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    url: str | None = None
    status: BankTransactionStatus | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    bank_transaction_id: str | None = None
    prepayment_id: str | None = None
    """Read-only."""
    overpayment_id: str | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    has_attachments: bool | None = None
    """Read-only."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class BankTransfer(Model, kw_only=True):
    """Money moved from one bank account to another."""

    from_bank_account: Account | None = None
    to_bank_account: Account | None = None
    amount: Decimal | None = None
    date: Date | None = None
    bank_transfer_id: str | None = None
    """Read-only."""
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency. Read-only."""
    from_bank_transaction_id: str | None = None
    """Read-only."""
    to_bank_transaction_id: str | None = None
    """Read-only."""
    from_is_reconciled: bool | None = None
    to_is_reconciled: bool | None = None
    reference: str | None = None
    has_attachments: bool | None = None
    """Read-only."""
    created_date_utc: DateTime | None = None
    """Read-only."""
    status: BankTransferStatus | None = None
    """Read-only."""
    from_tracking: list[TrackingReference] | None = None
    to_tracking: list[TrackingReference] | None = None
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class BankTransferDelete(Model, kw_only=True):
    """A request to delete a bank transfer."""

    bank_transfer_id: str | None = None
    status: str | None = None


class BankTransferDeleteByUrlParam(Model, kw_only=True):
    """A request to delete the bank transfer that the URL names."""

    status: str | None = None


class BankTransactions(Envelope[BankTransaction], kw_only=True):
    """An envelope of bank transactions."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    bank_transactions: list[BankTransaction] | None = None


class BankTransfers(Envelope[BankTransfer], kw_only=True):
    """An envelope of bank transfers."""

    bank_transfers: list[BankTransfer] | None = None


class BankTransfersDelete(Envelope[BankTransferDelete], kw_only=True):
    """An envelope of bank transfers delete."""

    bank_transfers: list[BankTransferDelete] | None = None
