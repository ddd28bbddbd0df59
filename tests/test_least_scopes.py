"""What to ask a user for: enough for the operations that are named, and nothing needless."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xero_async
import xero_async.bulk
from xero_async import Invoice, StaticToken, Xero, scopes
from xero_async.apis.accounting import Contacts, Invoices
from xero_async.wire.errors import InvalidArgument

ROWS = {row.id: row for row in xero_async.operations()}
BROAD = {"accounting.transactions", "accounting.transactions.read", "accounting.reports.read"}
TENANT = Xero(StaticToken("token")).tenant("tenant")


@pytest.mark.parametrize(
    ("wanted", "granular", "broad"),
    [
        (["getInvoices"], "accounting.invoices.read", "accounting.transactions.read"),
        (["getInvoices", "createInvoices"], "accounting.invoices", "accounting.transactions"),
        ([Contacts.list, "getInvoice"], "accounting.contacts.read accounting.invoices.read",
         "accounting.contacts.read accounting.transactions.read"),
        ([TENANT.payments.list, TENANT.bank_transactions.get],
         "accounting.banktransactions.read accounting.payments.read", "accounting.transactions.read"),
        ([Invoices.create, TENANT.items.list], "accounting.invoices",
         "accounting.settings.read accounting.transactions"),
        ([TENANT.invoices.attachments.upload], "accounting.attachments", "accounting.attachments"),
        (["getReportBalanceSheet"], "accounting.reports.balancesheet.read", "accounting.reports.read"),
        (["getEmployees"], "", ""),
        ([], "", ""),
    ],
)  # fmt: skip
def test_the_least_scopes(wanted: list[str], granular: str, broad: str) -> None:
    """Operations, named by id, by row or by coroutine, need these scopes of a new app and those of an old one."""
    assert " ".join(scopes.for_operations(*wanted)) == granular
    assert " ".join(scopes.for_operations(*wanted, broad=True)) == broad


@given(st.sets(st.sampled_from(sorted(ROWS))), st.booleans())
def test_enough_and_nothing_needless(wanted: set[str], broad: bool) -> None:
    """Whatever is named, each operation is opened, no scope could be left out, and none is of the wrong kind of app."""
    chosen = set(scopes.for_operations(*wanted, broad=broad))
    needs = [set(ROWS[id].scopes) for id in wanted if ROWS[id].scopes]
    assert all(chosen & need for need in needs)
    for scope in chosen:
        assert any(chosen & need == {scope} for need in needs)
    if not broad:
        assert not chosen & BROAD


@pytest.mark.parametrize("purpose", get_args(scopes.Purpose))
@pytest.mark.parametrize("broad", [False, True])
def test_purposes(purpose: scopes.Purpose, broad: bool) -> None:
    """Each purpose asks for something, of the right kind of app; only some of them write."""
    asked = set(scopes.for_purpose(purpose, broad=broad))
    assert asked
    assert bool(asked & BROAD) == broad
    writes = {scope for scope in asked if not scope.endswith(".read")}
    assert bool(writes) == (purpose in ("everything", "invoicing", "payments"))


@pytest.mark.parametrize("purpose", ["everything", "export"])
@pytest.mark.parametrize("broad", [False, True])
def test_everything_and_export(purpose: scopes.Purpose, broad: bool) -> None:
    """`everything` opens every operation but those of payment services; `export` opens every list that is no report."""
    asked = set(scopes.for_purpose(purpose, broad=broad))
    closed = {row.id for row in ROWS.values() if row.scopes and not asked & set(row.scopes)}
    if purpose == "everything":
        assert {scope for id in closed for scope in ROWS[id].scopes} == {"paymentservices"}
    else:
        lists = {operation.id for operation in xero_async.bulk.listable().values()}
        assert closed & lists == {"getPaymentServices"}


@pytest.mark.parametrize("wrong", ["getNothing", Invoice, print, 7])
def test_what_is_no_operation(wrong: str) -> None:
    """What is no operation is refused, and named."""
    with pytest.raises(InvalidArgument, match="is no operation"):
        scopes.for_operations(wrong)


def test_what_is_no_purpose() -> None:
    """Another purpose is refused, and those that there are are named."""
    with pytest.raises(InvalidArgument, match="everything, export, invoicing"):
        scopes.for_purpose("fun")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - that is the point
