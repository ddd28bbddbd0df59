"""Which scopes open which operations.

Xero splits the Accounting API into families, and a line of the table belongs to one. A family is opened by a granular
scope, and most by an older, broad one as well, which apps made since March 2026 cannot have. For reading, the `.read`
twin of a scope is enough. Any one of the scopes that open an operation suffices alone.
"""

from __future__ import annotations

__all__ = ["FAMILIES", "KNOWN_SCOPES", "SIGN_IN_SCOPES", "scopes_of"]

# https://developer.xero.com/documentation/guides/oauth2/scopes/
FAMILIES: dict[str, tuple[str, ...]] = {
    "1099": ("accounting.reports.tenninetynine.read", "accounting.reports.read"),
    "aged": ("accounting.reports.aged.read", "accounting.reports.read"),
    "attachments": ("accounting.attachments",),
    "balancesheet": ("accounting.reports.balancesheet.read", "accounting.reports.read"),
    "banksummary": ("accounting.reports.banksummary.read", "accounting.reports.read"),
    "banktransactions": ("accounting.banktransactions", "accounting.transactions"),
    "budgets": ("accounting.budgets.read",),
    "budgetsummary": ("accounting.reports.budgetsummary.read", "accounting.reports.read"),
    "classicexpenses": ("accounting.classicexpenses", "accounting.transactions"),
    "contacts": ("accounting.contacts",),
    "executivesummary": ("accounting.reports.executivesummary.read", "accounting.reports.read"),
    "invoices": ("accounting.invoices", "accounting.transactions"),
    "items": ("accounting.settings", "accounting.invoices"),
    "journals": ("accounting.journals.read",),
    "manualjournals": ("accounting.manualjournals", "accounting.transactions"),
    "payments": ("accounting.payments", "accounting.transactions"),
    "paymentservices": ("paymentservices",),
    "profitandloss": ("accounting.reports.profitandloss.read", "accounting.reports.read"),
    "settings": ("accounting.settings",),
    "taxreports": ("accounting.reports.taxreports.read", "accounting.reports.read"),
    "trialbalance": ("accounting.reports.trialbalance.read", "accounting.reports.read"),
}
"""The scopes that open each family, the one to ask for first; they are spelt for writing where there is writing."""

WITHOUT_TWIN = frozenset({"paymentservices"})
"""Scopes for writing that have no `.read` twin."""

SIGN_IN_SCOPES = ("openid", "profile", "email", "offline_access")
"""Scopes that open no operation: they ask for who signs in, and for a refresh token."""


def scopes_of(family: str, method: str) -> tuple[str, ...]:
    """The scopes each of which alone opens an operation, the least first; none for a family without a name."""
    scopes = FAMILIES[family] if family else ()
    return tuple(each for scope in scopes for each in (_narrowed(scope) if method == "GET" else (scope,)))


def _narrowed(scope: str) -> tuple[str, ...]:
    """A scope for reading: its twin, and itself."""
    return (scope,) if scope.endswith(".read") or scope in WITHOUT_TWIN else (f"{scope}.read", scope)


KNOWN_SCOPES = (*SIGN_IN_SCOPES, *dict.fromkeys(each for family in FAMILIES for each in scopes_of(family, "GET")))
"""Every scope of the Accounting API and of sign-in, each once."""
