"""Expense claims, receipts, and the people behind them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from ._base import Date, DateTime, Envelope, Model, Str255
from .common import Attachment, ExternalLink, LineAmountTypes, LineItem, ValidationError
from .contacts import Contact
from .payments import Payment

__all__ = [
    "Employee",
    "EmployeeStatus",
    "Employees",
    "ExpenseClaim",
    "ExpenseClaimStatus",
    "ExpenseClaims",
    "Receipt",
    "ReceiptStatus",
    "Receipts",
    "User",
    "UserOrganisationRole",
    "Users",
]

EmployeeStatus: TypeAlias = Literal["ACTIVE", "ARCHIVED", "GDPRREQUEST", "DELETED"] | str
ExpenseClaimStatus: TypeAlias = Literal["SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"] | str
ReceiptStatus: TypeAlias = Literal["DRAFT", "SUBMITTED", "AUTHORISED", "DECLINED", "VOIDED"] | str
# A list of codes reads better in rows.
# fmt: off
UserOrganisationRole: TypeAlias = (
    Literal[
        "READONLY", "INVOICEONLY", "STANDARD", "FINANCIALADVISER", "MANAGEDCLIENT", "CASHBOOKCLIENT", "UNKNOWN",
        "REMOVED",
    ]
    | str
)
# fmt: on


class Employee(Model, kw_only=True):
    """A person who can be paid."""

    employee_id: str | None = None
    status: EmployeeStatus | None = None
    first_name: Str255 | None = None
    last_name: Str255 | None = None
    external_link: ExternalLink | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class ExpenseClaim(Model, kw_only=True):
    """A user's claim for the money on receipts."""

    expense_claim_id: str | None = None
    status: ExpenseClaimStatus | None = None
    payments: list[Payment] | None = None
    user: User | None = None
    receipts: list[Receipt] | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    total: Decimal | None = None
    """Read-only."""
    amount_due: Decimal | None = None
    """What is left to pay. Read-only."""
    amount_paid: Decimal | None = None
    """Sum of the payments. Read-only."""
    payment_due_date: Date | None = None
    """Read-only."""
    reporting_date: Date | None = None
    """The day on which the claim was approved. Read-only."""
    receipt_id: str | None = None


class Receipt(Model, kw_only=True):
    """What a user spent, as a line of an expense claim."""

    date: Date | None = None
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    user: User | None = None
    """Who spent the money."""
    reference: str | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    sub_total: Decimal | None = None
    """Without tax."""
    total_tax: Decimal | None = None
    total: Decimal | None = None
    receipt_id: str | None = None
    status: ReceiptStatus | None = None
    receipt_number: str | None = None
    """Its place among the receipts of the user. Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    has_attachments: bool | None = None
    """Read-only."""
    url: str | None = None
    """Read-only."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    attachments: list[Attachment] | None = None


class User(Model, kw_only=True):
    """A person with a login to the organisation."""

    user_id: str | None = None
    email_address: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    is_subscriber: bool | None = None
    """Whether the user pays for the subscription."""
    organisation_role: UserOrganisationRole | None = None
    """What the user may do."""


class Employees(Envelope[Employee], kw_only=True):
    """An envelope of employees."""

    employees: list[Employee] | None = None


class ExpenseClaims(Envelope[ExpenseClaim], kw_only=True):
    """An envelope of expense claims."""

    expense_claims: list[ExpenseClaim] | None = None


class Receipts(Envelope[Receipt], kw_only=True):
    """An envelope of receipts."""

    receipts: list[Receipt] | None = None


class Users(Envelope[User], kw_only=True):
    """An envelope of users."""

    users: list[User] | None = None
