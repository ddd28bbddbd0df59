"""How printed documents look, and how they can be paid."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ._base import DateTime, Envelope, Model
from .common import ValidationError

__all__ = ["BrandingTheme", "BrandingThemeType", "BrandingThemes", "PaymentService", "PaymentServices"]

BrandingThemeType: TypeAlias = Literal["INVOICE"] | str


class BrandingTheme(Model, kw_only=True):
    """The look of a printed document."""

    branding_theme_id: str | None = None
    name: str | None = None
    logo_url: str | None = None
    type: BrandingThemeType | None = None
    sort_order: int | None = None
    created_date_utc: DateTime | None = None
    """Read-only."""


class PaymentService(Model, kw_only=True):
    """A way for customers to pay online."""

    payment_service_id: str | None = None
    payment_service_name: str | None = None
    payment_service_url: str | None = None
    pay_now_text: str | None = None
    """The words on the button."""
    payment_service_type: str | None = None
    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""


class BrandingThemes(Envelope[BrandingTheme], kw_only=True):
    """An envelope of branding themes."""

    branding_themes: list[BrandingTheme] | None = None


class PaymentServices(Envelope[PaymentService], kw_only=True):
    """An envelope of payment services."""

    payment_services: list[PaymentService] | None = None
