"""What is bought and sold."""

from __future__ import annotations

from decimal import Decimal

from msgspec import field

from ._base import DateTime, Envelope, Model, Str30, Str50, Str4000
from .common import ValidationError

__all__ = ["Item", "Items", "Purchase"]


class Item(Model, kw_only=True):
    """Something that is bought or sold."""

    code: Str30 | None = None
    inventory_asset_account_code: str | None = None
    name: Str50 | None = None
    is_sold: bool | None = None
    is_purchased: bool | None = None
    description: Str4000 | None = None
    purchase_description: Str4000 | None = None
    purchase_details: Purchase | None = None
    sales_details: Purchase | None = None
    is_tracked_as_inventory: bool | None = None
    """Whether Xero counts the stock."""
    total_cost_pool: Decimal | None = None
    """Value of the stock."""
    quantity_on_hand: Decimal | None = None
    """Units in stock."""
    updated_date_utc: DateTime | None = None
    """Read-only."""
    item_id: str | None = None
    status_attribute_string: str | None = None
    """`OK`, `WARNING` (saved) or `ERROR` (not saved), in answers to batches."""
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    quantity_available: Decimal | None = None
    """Read-only."""
    quantity_on_back_order: Decimal | None = None
    """Read-only."""


class Purchase(Model, kw_only=True):
    """What an item costs, and how it is booked."""

    unit_price: Decimal | None = None
    """2 decimals, or 4 with `unitdp=4`."""
    account_code: str | None = None
    cogs_account_code: str | None = field(default=None, name="COGSAccountCode")
    """Account for the cost of goods sold."""
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""


class Items(Envelope[Item], kw_only=True):
    """An envelope of items."""

    items: list[Item] | None = None
