"""Quotes and purchase orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model, Str100, Str255, Str3000, Str4000
from .common import Attachment, CurrencyCode, LineAmountTypes, LineItem, Pagination, ValidationError
from .contacts import Contact

__all__ = [
    "PurchaseOrder",
    "PurchaseOrderStatus",
    "PurchaseOrders",
    "Quote",
    "QuoteLineAmountTypes",
    "QuoteStatusCodes",
    "Quotes",
]

QuoteLineAmountTypes: TypeAlias = Literal["EXCLUSIVE", "INCLUSIVE", "NOTAX"] | str
QuoteStatusCodes: TypeAlias = Literal["DRAFT", "SENT", "DECLINED", "ACCEPTED", "INVOICED", "DELETED"] | str
PurchaseOrderStatus: TypeAlias = Literal["DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED"] | str


class PurchaseOrder(Model, kw_only=True):
    """An order to a supplier."""

    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    date: Date | None = None
    delivery_date: Date | None = None
    line_amount_types: LineAmountTypes | None = None
    """Whether line amounts include tax."""
    purchase_order_number: str | None = None
    reference: str | None = None
    branding_theme_id: str | None = None
    currency_code: CurrencyCode | None = None
    status: PurchaseOrderStatus | None = None
    sent_to_contact: bool | None = None
    """Whether it is marked as sent."""
    delivery_address: str | None = None
    attention_to: str | None = None
    """The person or department that the post is for."""
    telephone: str | None = None
    delivery_instructions: str | None = None
    expected_arrival_date: Date | None = None
    """When the supplier says that it will come."""
    purchase_order_id: str | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    sub_total: Decimal | None = None
    """Without tax. Read-only."""
    total_tax: Decimal | None = None
    """Read-only."""
    total: Decimal | None = None
    """Read-only."""
    total_discount: Decimal | None = None
    """Sum of the discounts of the lines. Read-only."""
    has_attachments: bool | None = None
    """Read-only."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    attachments: list[Attachment] | None = None


class Quote(Model, kw_only=True):
    """An offer to a customer."""

    quote_id: str | None = None
    quote_number: Str255 | None = None
    reference: Str4000 | None = None
    terms: Str4000 | None = None
    """Shown at the foot of the quote."""
    contact: Contact | None = None
    """On a new document `contact_id` is enough; a name that is not known yet makes a new contact."""
    line_items: list[LineItem] | None = None
    """None, not empty, where Xero gave a summary."""
    date: Date | None = None
    date_string: str | None = None
    """`date` as text."""
    expiry_date: Date | None = None
    expiry_date_string: str | None = None
    status: QuoteStatusCodes | None = None
    currency_code: CurrencyCode | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""
    sub_total: Decimal | None = None
    """Without tax. Read-only."""
    total_tax: Decimal | None = None
    """Read-only."""
    total: Decimal | None = None
    """Read-only."""
    total_discount: Decimal | None = None
    """Sum of the discounts of the lines. Read-only."""
    title: Str100 | None = None
    summary: Str3000 | None = None
    """Shown at the head of the quote."""
    branding_theme_id: str | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    line_amount_types: QuoteLineAmountTypes | None = None
    """Whether line amounts include tax."""
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class PurchaseOrders(Envelope[PurchaseOrder], kw_only=True):
    """An envelope of purchase orders."""

    pagination: Pagination | None = field(default=None, name="pagination")
    warnings: list[ValidationError] | None = None
    """What Xero did not like about a record that it saved."""
    purchase_orders: list[PurchaseOrder] | None = None


class Quotes(Envelope[Quote], kw_only=True):
    """An envelope of quotes."""

    quotes: list[Quote] | None = None
