"""What belongs to the organisation as a whole."""

from __future__ import annotations

from ._base import Envelope, Model
from .common import CurrencyCode

__all__ = ["Currencies", "Currency"]


class Currency(Model, kw_only=True):
    """A currency that the organisation has switched on."""

    code: CurrencyCode | None = None
    """ISO 4217."""
    description: str | None = None


class Currencies(Envelope[Currency], kw_only=True):
    """An envelope of currencies."""

    currencies: list[Currency] | None = None
