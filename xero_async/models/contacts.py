"""Customers, suppliers and their groups."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import DateTime, Envelope, Model, Str12, Str50, Str255
from .branding import BrandingTheme
from .common import Address, Attachment, CurrencyCode, Pagination, Phone, ValidationError

__all__ = [
    "AccountsPayable",
    "AccountsReceivable",
    "Balances",
    "BatchPaymentDetails",
    "Bill",
    "CISSetting",
    "CISSettings",
    "Contact",
    "ContactGroup",
    "ContactGroupStatus",
    "ContactGroups",
    "ContactPerson",
    "ContactPurchasesDefaultLineAmountType",
    "ContactSalesDefaultLineAmountType",
    "ContactStatus",
    "ContactTaxNumberType",
    "Contacts",
    "PaymentTerm",
    "PaymentTermType",
    "SalesTrackingCategory",
]

# A list of codes reads better in rows.
# fmt: off
PaymentTermType: TypeAlias = (
    Literal[
        "DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH",
    ]
    | str
)
# fmt: on
ContactStatus: TypeAlias = Literal["ACTIVE", "ARCHIVED", "GDPRREQUEST"] | str
ContactTaxNumberType: TypeAlias = Literal["SSN", "EIN", "ITIN", "ATIN"] | str
ContactSalesDefaultLineAmountType: TypeAlias = Literal["INCLUSIVE", "EXCLUSIVE", "NONE"] | str
ContactPurchasesDefaultLineAmountType: TypeAlias = Literal["INCLUSIVE", "EXCLUSIVE", "NONE"] | str
ContactGroupStatus: TypeAlias = Literal["ACTIVE", "DELETED"] | str


class AccountsPayable(Model, kw_only=True):
    """What is owed to the contact."""

    outstanding: Decimal | None = None
    """In the base currency."""
    overdue: Decimal | None = None
    """In the base currency."""


class AccountsReceivable(Model, kw_only=True):
    """What the contact owes."""

    outstanding: Decimal | None = None
    """In the base currency."""
    overdue: Decimal | None = None
    """In the base currency."""


class Balances(Model, kw_only=True):
    """What the contact owes and is owed."""

    accounts_receivable: AccountsReceivable | None = None
    accounts_payable: AccountsPayable | None = None


class BatchPaymentDetails(Model, kw_only=True):
    """Bank details for paying the contact in a batch."""

    bank_account_number: str | None = None
    bank_account_name: str | None = None
    details: str | None = None
    code: Str12 | None = None
    reference: Str12 | None = None


class Bill(Model, kw_only=True):
    """When a document is due."""

    day: int | None = None
    """A day of the month or a number of days, as `type` says."""
    type: PaymentTermType | None = None


class CISSetting(Model, kw_only=True):
    """Construction Industry Scheme settings of a contact (United Kingdom)."""

    cis_enabled: bool | None = None
    """Whether the contact is a subcontractor in the scheme."""
    rate: Decimal | None = None
    """Deduction, per cent. Read-only."""


class Contact(Model, kw_only=True):
    """A customer, a supplier, or both."""

    contact_id: str | None = None
    merged_to_contact_id: str | None = None
    """The contact that took this one in."""
    contact_number: Str50 | None = None
    """The contact's id in your own system."""
    account_number: Str50 | None = None
    """The contact's account number with you."""
    contact_status: ContactStatus | None = None
    name: Str255 | None = None
    first_name: Str255 | None = None
    last_name: Str255 | None = None
    company_number: Str50 | None = None
    email_address: Str255 | None = None
    contact_persons: list[ContactPerson] | None = None
    bank_account_details: str | None = None
    """The contact's bank account number."""
    tax_number: Str50 | None = None
    """ABN, GST, VAT or tax id number."""
    tax_number_type: ContactTaxNumberType | None = None
    """Kind of tax number (United States)."""
    accounts_receivable_tax_type: str | None = None
    """Default tax type of sales."""
    accounts_payable_tax_type: str | None = None
    """Default tax type of purchases."""
    addresses: list[Address] | None = None
    phones: list[Phone] | None = None
    is_supplier: bool | None = None
    """Set by Xero when there is a bill."""
    is_customer: bool | None = None
    """Set by Xero when there is a sales invoice."""
    sales_default_line_amount_type: ContactSalesDefaultLineAmountType | None = None
    purchases_default_line_amount_type: ContactPurchasesDefaultLineAmountType | None = None
    default_currency: CurrencyCode | None = None
    xero_network_key: str | None = None
    """Key for sending documents to the contact inside Xero."""
    sales_default_account_code: str | None = None
    purchases_default_account_code: str | None = None
    sales_tracking_categories: list[SalesTrackingCategory] | None = None
    purchases_tracking_categories: list[SalesTrackingCategory] | None = None
    tracking_category_name: str | None = None
    tracking_category_option: str | None = None
    payment_terms: PaymentTerm | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    contact_groups: list[ContactGroup] | None = None
    website: str | None = None
    """Read-only."""
    branding_theme: BrandingTheme | None = None
    batch_payments: BatchPaymentDetails | None = None
    """Bank details for paying the contact in a batch."""
    discount: Decimal | None = None
    """Default discount on sales invoices, per cent. Read-only."""
    balances: Balances | None = None
    attachments: list[Attachment] | None = None
    has_attachments: bool | None = None
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    has_validation_errors: bool | None = None
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""


class ContactGroup(Model, kw_only=True):
    """A named group of contacts."""

    name: str | None = None
    status: ContactGroupStatus | None = None
    contact_group_id: str | None = None
    contacts: list[Contact] | None = None


class ContactPerson(Model, kw_only=True):
    """A person at a contact, who may get copies of emails."""

    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    include_in_emails: bool | None = None
    """Whether the person gets copies of invoices."""


class PaymentTerm(Model, kw_only=True):
    """Default due dates for bills and for sales invoices."""

    bills: Bill | None = None
    sales: Bill | None = None


class SalesTrackingCategory(Model, kw_only=True):
    """A tracking option that new documents of a contact start with."""

    tracking_category_name: str | None = None
    tracking_option_name: str | None = None


class CISSettings(Envelope[CISSetting], kw_only=True):
    """An envelope of CIS settings."""

    cis_settings: list[CISSetting] | None = None


class ContactGroups(Envelope[ContactGroup], kw_only=True):
    """An envelope of contact groups."""

    contact_groups: list[ContactGroup] | None = None


class Contacts(Envelope[Contact], kw_only=True):
    """An envelope of contacts."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    contacts: list[Contact] | None = None
