"""The chart of accounts."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ._base import DateTime, Envelope, Model, Str10, Str150, Str4000
from .common import CurrencyCode, ValidationError

__all__ = [
    "Account",
    "AccountBankAccountType",
    "AccountClass",
    "AccountStatus",
    "AccountSystemAccount",
    "AccountType",
    "Accounts",
]

# A list of codes reads better in rows.
# fmt: off
AccountType: TypeAlias = (
    Literal[
        "BANK", "CURRENT", "CURRLIAB", "DEPRECIATN", "DIRECTCOSTS", "EQUITY", "EXPENSE", "FIXED", "INVENTORY",
        "LIABILITY", "NONCURRENT", "OTHERINCOME", "OVERHEADS", "PREPAYMENT", "REVENUE", "SALES", "TERMLIAB", "PAYG",
    ]
    | str
)
# fmt: on
AccountStatus: TypeAlias = Literal["ACTIVE", "ARCHIVED", "DELETED"] | str
AccountBankAccountType: TypeAlias = Literal["BANK", "CREDITCARD", "PAYPAL", "NONE", ""] | str
AccountClass: TypeAlias = Literal["ASSET", "EQUITY", "EXPENSE", "LIABILITY", "REVENUE"] | str
# A list of codes reads better in rows.
# fmt: off
AccountSystemAccount: TypeAlias = (
    Literal[
        "DEBTORS", "CREDITORS", "BANKCURRENCYGAIN", "GST", "GSTONIMPORTS", "HISTORICAL", "REALISEDCURRENCYGAIN",
        "RETAINEDEARNINGS", "ROUNDING", "TRACKINGTRANSFERS", "UNPAIDEXPCLM", "UNREALISEDCURRENCYGAIN", "WAGEPAYABLES",
        "CISASSETS", "CISASSET", "CISLABOUR", "CISLABOUREXPENSE", "CISLABOURINCOME", "CISLIABILITY", "CISMATERIALS", "",
    ]
    | str
)
# fmt: on


class Account(Model, kw_only=True):
    """An account of the chart of accounts."""

    code: Str10 | None = None
    """What lines refer to as `account_code`."""
    name: Str150 | None = None
    account_id: str | None = None
    type: AccountType | None = None
    bank_account_number: str | None = None
    status: AccountStatus | None = None
    description: Str4000 | None = None
    bank_account_type: AccountBankAccountType | None = None
    currency_code: CurrencyCode | None = None
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""
    enable_payments_to_account: bool | None = None
    """Whether payments can go to it."""
    show_in_expense_claims: bool | None = None
    """Whether claims can be booked to it."""
    class_: AccountClass | None = None
    """Where it stands in the balance sheet or the profit and loss. Read-only."""
    system_account: AccountSystemAccount | None = None
    """What Xero itself uses it for; empty for other accounts. Read-only."""
    reporting_code: str | None = None
    """Code for reporting, where the organisation uses them."""
    reporting_code_name: str | None = None
    """Read-only."""
    has_attachments: bool | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    add_to_watchlist: bool | None = None
    """Whether the dashboard shows it."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class Accounts(Envelope[Account], kw_only=True):
    """An envelope of accounts."""

    accounts: list[Account] | None = None
