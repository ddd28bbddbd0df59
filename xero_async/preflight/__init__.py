"""What Xero would refuse, found before anything is sent.

    for finding in check(invoices, region="NZ"):
        print(finding)      # row 17, LineItems[2].LineAmount: the line comes to 100.00, not 90.00: ... (invoice 4)

The rules are rows of data, a sheet for each kind of record (`SHEETS`): the business rules of Xero with their numbers,
and what the models say of lengths, ids and values. Nothing is sent, so what only the organisation knows (which
contacts, items and numbers it has) stays open, unless it is given: its country, tax types, accounts, currencies and
tracking categories.

Records are looked at one by one as they come. Of those that have gone by only the numbers and names are kept, to
notice the second one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from functools import cache
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import fields

from ..models import Model
from .findings import Finding, Ground, Rule, Severity, Unique
from .leaves import LEAVES, is_guid, plain_guid
from .money import MONEY
from .sales import SALES
from .settings import SETTINGS
from .sheets import Breach, Sheet
from .tax_types import ANY_TAX_TYPE, NETWORK_TAX_TYPES, TAX_TYPES, region_of

__all__ = [
    "LEAVES",
    "NETWORK_TAX_TYPES",
    "SHEETS",
    "TAX_TYPES",
    "Checker",
    "Finding",
    "Known",
    "Rule",
    "Severity",
    "Sheet",
    "Unique",
    "check",
]

SHEETS: Final[Mapping[type[Model], Sheet]] = {sheet.model: sheet for sheet in (*SALES, *MONEY, *SETTINGS)}
"""What is checked of each kind of record. Of others, only lengths, ids, values, numbers and days are."""


class Known(Struct, frozen=True, kw_only=True):
    """What is known of the organisation that records are meant for; None where it is not."""

    region: str | None = None
    """Its country code."""
    unitdp: Literal[2, 4] | None = None
    """The decimals that unit amounts will be sent with; 2 by default."""
    tax_types: Collection[str] | None = None
    """All that it has."""
    accounts: Collection[str] | None = None
    """The codes of those that lines may stand on, and their ids where lines have ids."""
    currencies: Collection[str] | None = None
    """All that it has switched on."""
    tracking: Mapping[str, Collection[str]] | None = None
    """The options of all categories, by the category's name."""


class Checker:
    """Looks at records one by one, and remembers the numbers and names of those that it has seen."""

    def __init__(self, known: Known | None = None, *, network: bool = False) -> None:
        known = known or Known()
        region = region_of(known.region)
        documented = NETWORK_TAX_TYPES if network else TAX_TYPES
        given = None if known.tax_types is None else frozenset(known.tax_types)
        self._ground = Ground(
            region=region,
            places=known.unitdp or 2,
            tax_types=given,
            documented=documented.get(region, _any(network)) if given is None else given,
            accounts=None if known.accounts is None else frozenset(known.accounts),
            account_ids=frozenset(plain_guid(account) for account in known.accounts or () if is_guid(account)),
            currencies=None if known.currencies is None else frozenset(known.currencies),
            tracking=None if known.tracking is None else _folded(known.tracking),
            network=network,
        )
        self._seen: dict[Unique, dict[Hashable, int]] = {}

    def look(self, row: int, record: Model) -> list[Finding]:
        """What is wrong with a record, the one at `row` of the input."""
        sheet = _sheet_of(type(record))
        found = sheet.examine(record, self._ground)
        if sheet.unique:
            _compare(sheet, row, record, self._seen, found)
        return [Finding(row, *breach) for breach in found] if found else []


def check(
    records: Iterable[Model],
    *,
    region: str | None = None,
    unitdp: Literal[2, 4] | None = None,
    tax_types: Collection[str] | None = None,
    accounts: Collection[str] | None = None,
    currencies: Collection[str] | None = None,
    tracking: Mapping[str, Collection[str]] | None = None,
    network: bool = False,
) -> Iterator[Finding]:
    """What is wrong with records that are to be created, in their order, as they are read.

    `region` is the country code of the organisation; `unitdp` the decimals that unit amounts will be sent with, 2 by
    default; `tax_types`, `currencies`, `tracking` (options by category) and `accounts` (the codes of those that lines
    may stand on, and their ids where lines have ids) are all that the organisation has, where they are known. With
    `network` the records are those of the Xero Network API v1, which knows fewer statuses and types, and leaves empty
    what it cannot match.

    A finding of severity `error` is for what Xero is sure to refuse. Nothing is raised for the records themselves.
    """
    known = Known(
        region=region,
        unitdp=unitdp,
        tax_types=tax_types,
        accounts=accounts,
        currencies=currencies,
        tracking=tracking,
    )
    checker = Checker(known, network=network)
    return (finding for row, record in enumerate(records) for finding in checker.look(row, record))


def _compare(
    sheet: Sheet, row: int, record: Model, seen: dict[Unique, dict[Hashable, int]], found: list[Breach]
) -> None:
    """Looks for records that have been before; one that Xero will refuse takes no name or number from others."""
    keys = [(unique, unique.key(record)) for unique in sheet.unique]
    for unique, key in keys:
        before = seen.get(unique, {}).get(key) if key is not None else None
        if before is not None:
            name = unique.number or unique.name
            found.append(Breach(unique.field, name, unique.message.format(before), unique.severity))
    if any(breach.severity == "error" for breach in found):
        return
    for unique, key in keys:
        if key is not None and unique.keeps(record):
            seen.setdefault(unique, {}).setdefault(key, row)


@cache
def _sheet_of(model: type[Model]) -> Sheet:
    """The sheet of a model; one that has none of its own is looked at field by field."""
    for kind in model.__mro__:
        if kind in SHEETS:
            return SHEETS[kind]
    return Sheet(model, " ".join(field.name for field in fields(model)))


def _any(network: bool) -> frozenset[str]:
    return frozenset[str]().union(*NETWORK_TAX_TYPES.values()) if network else ANY_TAX_TYPE


def _folded(tracking: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    return {
        name.strip().lower(): frozenset(option.strip().lower() for option in options)
        for name, options in tracking.items()
    }
