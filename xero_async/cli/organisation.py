"""What an organisation has, asked for before records are sent to it, so that the checks know it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Struct

from ..models import Model, TrackingCategory
from ..preflight import Known
from ..session import Tenant
from ..wire import Page
from ..wire.errors import Forbidden, MissingScope

__all__ = ["Organisation", "ask"]

M = TypeVar("M", bound=Model)


class Organisation(Struct, frozen=True, kw_only=True):
    """What is known of an organisation; None where the app may not ask."""

    known: Known = Known()
    """What the records are checked against."""
    tax_names: dict[str, str] | None = None
    themes: dict[str, str] | None = None
    rates: dict[str, Decimal | None] | None = None
    """The tax types that lines may have, each with its rate in per cent, where that is told."""
    accounts: frozenset[str] | None = None
    """The codes of the accounts that lines may stand on."""
    tracking: dict[str, frozenset[str]] | None = None
    """The options that lines may have, by the name of their category."""


async def ask(tenant: Tenant, unitdp: Literal[2, 4] | None) -> Organisation:
    """What the organisation has. What the app may not see of it is not checked."""
    organisations, rates, accounts, currencies, themes, categories = await asyncio.gather(
        _seen(tenant.organisations.list()),
        _seen(tenant.tax_rates.list()),
        _seen(tenant.accounts.list()),
        _seen(tenant.currencies.list()),
        _seen(tenant.branding_themes.list()),
        _seen(tenant.tracking_categories.list()),
    )
    # No line stands on a bank account.
    lined = [one for one in accounts or () if one.type != "BANK"]
    return Organisation(
        known=Known(
            region=organisations[0].country_code if organisations else None,
            unitdp=unitdp,
            tax_types=_texts(rate.tax_type for rate in rates) if rates else None,
            accounts=_texts(text for one in lined for text in (one.code, one.account_id)) if accounts else None,
            currencies=_texts(currency.code for currency in currencies) if currencies else None,
            tracking=None if categories is None else {one.name or "": _options(one) for one in categories},
        ),
        tax_names={rate.name: rate.tax_type for rate in rates or () if rate.name and rate.tax_type},
        themes={
            theme.name: theme.branding_theme_id for theme in themes or () if theme.name and theme.branding_theme_id
        },
        rates={one.tax_type: one.effective_rate for one in rates if one.tax_type and _is_in_use(one.status)}
        if rates
        else None,
        accounts=_texts(one.code for one in lined if _is_in_use(one.status)) if accounts else None,
        tracking=None
        if categories is None
        else {one.name or "": _options(one, in_use=True) for one in categories if _is_in_use(one.status)},
    )


def _options(category: TrackingCategory, *, in_use: bool = False) -> frozenset[str]:
    return _texts(option.name for option in category.options or () if not in_use or _is_in_use(option.status))


def _is_in_use(status: str | None) -> bool:
    return (status or "ACTIVE") == "ACTIVE"


async def _seen(asked: Awaitable[Page[M]]) -> list[M] | None:
    try:
        return (await asked).items
    except (MissingScope, Forbidden):
        return None


def _texts(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value)
