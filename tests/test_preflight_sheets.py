"""Sheets against the rows of the sandbox: both name the same fields, with the same lengths and values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import fields

from xero_async import operations
from xero_async.models import MaxLength, Model
from xero_async.preflight import SHEETS, Sheet
from xero_async.preflight.findings import Ground
from xero_async.sandbox.catalogue import ALL_RESOURCES
from xero_async.sandbox.resources import ALLOCATIONS, Field
from xero_async.wire.operation import Operation

EMPTY = Ground()
ACCEPTED = {each.item: each.accepts for each in (*ALL_RESOURCES, ALLOCATIONS)}
OWN_RULES = {
    "Invoice": {"Type", "Status"},
    "CreditNote": {"Type", "Status"},
    "Quote": {"Status"},
    "PurchaseOrder": {"Status"},
    "RepeatingInvoice": {"Type", "Status"},
    "Receipt": {"Status"},
    "ExpenseClaim": {"Status"},
    "BankTransaction": {"Type", "Status"},
    "ManualJournal": {"Status"},
    "Contact": {"ContactStatus", "ContactID"},
    "Address": {"AddressType"},
    "Phone": {"PhoneType"},
}
"""Fields with listed values that a rule of their own looks at."""
NOT_MODELLED = {("RepeatingInvoice", "CurrencyRate")}
"""Fields that the sandbox takes and no model has."""
TOTALS = {"SubTotal", "TotalTax", "Total"}


def of_sheet(sheet: Sheet, path: str = "") -> Iterator[tuple[str, Sheet, set[str]]]:
    """Every sheet below one, with its path and the wire names of what it checks."""
    names = {field.name: field.encode_name for field in fields(sheet.model)}
    yield path, sheet, {leaf.wire for leaf in sheet.leaves}
    for part in sheet.parts:
        yield from of_sheet(part.sheet, f"{path}{names[part.attribute]}.")


def rows(found: tuple[Field, ...], path: str = "") -> Iterator[tuple[str, Field]]:
    """Every field that a row of the sandbox accepts, with its path."""
    for field in found:
        yield path + field.name, field
        yield from rows(field.fields, f"{path}{field.name}.")


def long_ones(model: type[Model]) -> dict[str, int]:
    """The lengths that a model marks, by wire name."""
    found: dict[str, int] = {}
    for field in fields(model):
        for option in getattr(field.type, "__args__", ()):
            for mark in getattr(option, "__metadata__", ()):
                if isinstance(mark, MaxLength):
                    found[field.encode_name] = mark.characters
    return found


@pytest.mark.parametrize("model", SHEETS, ids=lambda model: model.__name__)
def test_no_sheet_looks_at_what_nobody_reads(model: type[Model]) -> None:
    """Each field that is checked is one that a client writes, totals aside."""
    accepted = {path for path, _ in rows(ACCEPTED[model.__name__])}
    for path, _, wires in of_sheet(SHEETS[model]):
        assert {path + wire for wire in wires - TOTALS} - accepted == set()


@pytest.mark.parametrize("model", SHEETS, ids=lambda model: model.__name__)
def test_every_field_that_can_be_wrong_is_checked(model: type[Model]) -> None:
    """Each id, length, listed value, number and day of a row of the sandbox is on the sheet, or has a rule."""
    checked: set[str] = set()
    for path, sheet, wires in of_sheet(SHEETS[model]):
        own = OWN_RULES.get(sheet.model.__name__, set())
        checked |= {path + wire for wire in wires | own}
    for path, field in rows(ACCEPTED[model.__name__]):
        if field.kind in ("object", "list", "bool") or (field.kind == "text" and not field.limit):
            continue
        assert path in checked or (model.__name__, path) in NOT_MODELLED, path


@pytest.mark.parametrize("model", SHEETS, ids=lambda model: model.__name__)
def test_lengths_and_values_are_those_of_the_rows(model: type[Model]) -> None:
    """Text one longer than a row allows is found, and text of its length is not; so with listed values."""
    limits = dict(rows(ACCEPTED[model.__name__]))
    for path, sheet, _ in of_sheet(SHEETS[model]):
        for leaf in sheet.leaves:
            row = limits.get(path + leaf.wire)
            if row is None or row.kind not in ("text", "choice"):
                continue
            check: Any = leaf.check  # Any: of a value of any kind
            if row.kind == "choice":
                assert all(check(choice.lower(), EMPTY) is None for choice in row.choices)
                assert check("NO SUCH VALUE", EMPTY) is not None
            elif row.name not in ("CurrencyCode", "DefaultCurrency"):
                assert bool(row.limit) == (check("x" * 5000, EMPTY) is not None), path + leaf.wire
                assert not row.limit or check("x" * row.limit, EMPTY) is None
                assert not row.limit or check("x" * (row.limit + 1), EMPTY) is not None
    for path, sheet, wires in of_sheet(SHEETS[model]):
        marked = long_ones(sheet.model)
        for wire in wires:
            row = limits.get(path + wire)
            assert row is None or wire not in marked or not row.limit or row.limit == marked[wire]


def batches() -> set[str]:
    """The names of the records that are created in batches, of those that the table lists."""
    found: set[str] = set()
    for operation in operations():
        row: Operation[Any] = operation  # Any: of every operation
        if row.method == "PUT" and row.id.startswith("create") and "/" not in row.path.strip("/"):
            found.add(row.path.strip("/"))
    return found


def test_every_batch_has_a_sheet() -> None:
    """Each resource with a batch create has a sheet; accounts, currencies and the like are made one by one."""
    singles = {"Accounts", "Currencies", "LinkedTransactions", "TrackingCategories"}
    have = {each.name for each in ALL_RESOURCES if each.item in {model.__name__ for model in SHEETS}}
    assert batches() - singles <= have
