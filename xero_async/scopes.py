"""What to ask a user for: the least scopes for some operations, or for a purpose.

Ask for what the program does and no more: users read the list, and Xero reviews it. Apps made since March 2026 can ask
for granular scopes alone; older ones may ask for the broad ones until September 2027, by `broad=True`.

    scopes.for_operations("getInvoices", "createInvoices")   # ('accounting.invoices',)
    scopes.for_operations(tenant.contacts.list)              # ('accounting.contacts.read',)
    scopes.for_purpose("export")                             # all that can be read
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args

from .apis.accounting import operations
from .apis.scopes import FAMILIES, scopes_of
from .wire.errors import InvalidArgument
from .wire.operation import Operation

__all__ = ["Purpose", "for_operations", "for_purpose"]

Purpose = Literal["everything", "export", "invoicing", "payments", "reports"]

_WRITTEN: dict[Purpose, tuple[str, ...]] = {
    "everything": tuple(family for family in FAMILIES if family != "paymentservices"),
    "export": (),
    "invoicing": ("invoices", "contacts", "attachments"),
    "payments": ("payments", "banktransactions"),
    "reports": (),
}
"""The families that a purpose writes."""
_BROAD = frozenset({"accounting.transactions", "accounting.transactions.read", "accounting.reports.read"})
"""Scopes that only apps made before March 2026 may have."""
_REPORTS = tuple(family for family, scopes in FAMILIES.items() if scopes[0].startswith("accounting.reports."))
_READ: dict[Purpose, tuple[str, ...]] = {
    "everything": (),
    # The list of published reports is one of tax reports; what the others tell is made of what is exported.
    "export": (*(family for family in FAMILIES if family not in {*_REPORTS, "paymentservices"}), "taxreports"),
    "invoicing": ("settings",),
    "payments": ("invoices", "contacts", "settings"),
    "reports": (*_REPORTS, "settings"),
}
"""The families that it reads besides."""


def for_operations(*wanted: str | Operation[Any] | Callable[..., object], broad: bool = False) -> tuple[str, ...]:
    """The least scopes that open some operations, in order of the alphabet.

    An operation is named by its id in Xero's description, by its row (`Invoices.list`) or by its coroutine
    (`tenant.invoices.list`). With `broad`, scopes are those of apps made before March 2026 where there are such.
    `offline_access` is not among them: the flows add it. Raises `InvalidArgument` for what is no operation.
    """
    known = {operation.id: operation for operation in operations()}
    return _least((_named(one, known).scopes for one in wanted), broad)


def for_purpose(purpose: Purpose, *, broad: bool = False) -> tuple[str, ...]:
    """The scopes for a usual purpose: `everything`, `export` (all that can be listed), `invoicing` (invoices and credit
    notes with their contacts and files), `payments`, `reports`. Raises `InvalidArgument` for another one.
    """
    if purpose not in _WRITTEN:
        raise InvalidArgument(f"{purpose!r} is none of the purposes: {', '.join(get_args(Purpose))}")
    written = (scopes_of(family, "POST") for family in _WRITTEN[purpose])
    read = (scopes_of(family, "GET") for family in _READ[purpose])
    return _least([*written, *read], broad)


def _named(one: str | Operation[Any] | Callable[..., object], known: dict[str, Operation[Any]]) -> Operation[Any]:
    id: object = one if isinstance(one, str) else getattr(getattr(one, "operation", one), "id", None)
    operation = known.get(id) if isinstance(id, str) else None
    if operation is None:
        raise InvalidArgument(f"{one!r} is no operation: see docs/operations.md")
    return operation


def _least(needs: Iterable[tuple[str, ...]], broad: bool) -> tuple[str, ...]:
    """One scope for each need, none of them needless."""
    # Needs with one answer come first, so that those with several can be met by what is asked for anyway.
    choices = sorted((_of_kind(need, broad) for need in needs if need), key=len)
    chosen: set[str] = set()
    for choice in choices:
        if not chosen.intersection(choice):
            chosen.add(choice[0])
    for scope in sorted(chosen, reverse=True):  # what reads goes before what writes
        others = chosen - {scope}
        if all(others.intersection(choice) for choice in choices):
            chosen = others
    return tuple(sorted(chosen))


def _of_kind(need: tuple[str, ...], broad: bool) -> tuple[str, ...]:
    """The scopes of a need that an app of this kind may have; families without broad scopes serve both kinds."""
    return tuple(scope for scope in need if (scope in _BROAD) == broad) or need
