"""The scopes of the table's lines, against Xero's description and Xero's list of granular scopes."""

from __future__ import annotations

import pytest
from facts import OPERATIONS

import xero_async
from xero_async.apis.accounting import Accounting
from xero_async.apis.identity import Identity
from xero_async.apis.parameters import Plain
from xero_async.apis.rows import Resource, names_of, operations_of
from xero_async.apis.scopes import FAMILIES, KNOWN_SCOPES, SIGN_IN_SCOPES, scopes_of
from xero_async.apis.table import document, saved

ROWS = {row.id: row for row in xero_async.operations()}
BROAD = {"accounting.transactions", "accounting.reports.read"}
"""The scopes that newer apps cannot have."""
# https://developer.xero.com/documentation/guides/oauth2/scopes/
GRANULAR = {
    "accounting.attachments",
    "accounting.banktransactions",
    "accounting.budgets.read",
    "accounting.classicexpenses",
    "accounting.contacts",
    "accounting.invoices",
    "accounting.journals.read",
    "accounting.manualjournals",
    "accounting.payments",
    "accounting.reports.aged.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.banksummary.read",
    "accounting.reports.budgetsummary.read",
    "accounting.reports.executivesummary.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.taxreports.read",
    "accounting.reports.tenninetynine.read",
    "accounting.reports.trialbalance.read",
    "accounting.settings",
    "paymentservices",
}
READABLE = {scope for scope in GRANULAR if not scope.endswith(".read")} - {"paymentservices"}


@pytest.mark.parametrize("id", list(OPERATIONS))
def test_the_scopes_of_the_description_open_an_operation(id: str) -> None:
    """Each scope that Xero's description names for an operation is among those of its line."""
    assert set(OPERATIONS[id].scopes) <= set(ROWS[id].scopes)


def test_the_broad_scopes_are_those_of_the_description() -> None:
    """Beside the granular scopes, a line has the broad ones that the description names and no others."""
    for id, fact in OPERATIONS.items():
        described = {scope for scope in fact.scopes if scope.removesuffix(".read") not in GRANULAR} - GRANULAR
        newer = GRANULAR | {f"{scope}.read" for scope in READABLE}
        assert set(ROWS[id].scopes) - newer == described, id


def test_every_family_is_used_and_known() -> None:
    """The families are opened by the scopes that Xero lists, each is some line's, and no line is left out unnoticed."""
    named = {scope for family in FAMILIES.values() for scope in family}
    assert named == GRANULAR | BROAD
    used = {scope for row in ROWS.values() for scope in row.scopes}
    assert used == set(KNOWN_SCOPES) - set(SIGN_IN_SCOPES)
    bare = {id for id, row in ROWS.items() if not row.scopes}
    assert bare == {"getEmployees", "getEmployee", "createEmployees", "updateOrCreateEmployees"}


@pytest.mark.parametrize(
    ("id", "scopes"),
    [
        (
            "getInvoices",
            "accounting.invoices.read accounting.invoices accounting.transactions.read accounting.transactions",
        ),
        ("createInvoices", "accounting.invoices accounting.transactions"),
        ("createInvoiceHistory", "accounting.invoices accounting.transactions"),
        ("getInvoiceAttachments", "accounting.attachments.read accounting.attachments"),
        ("createPrepaymentAllocations", "accounting.payments accounting.transactions"),
        ("getReportBalanceSheet", "accounting.reports.balancesheet.read accounting.reports.read"),
        ("getReportTenNinetyNine", "accounting.reports.tenninetynine.read accounting.reports.read"),
        ("getContactCISSettings", "accounting.settings.read accounting.settings"),
        ("getBrandingThemePaymentServices", "paymentservices"),
        (
            "getItem",
            "accounting.settings.read accounting.settings accounting.invoices.read accounting.invoices",
        ),
    ],
)
def test_scopes_of_a_line(id: str, scopes: str) -> None:
    """The least scope comes first; a group that repeats is opened by its own family or by that of its owner."""
    assert " ".join(ROWS[id].scopes) == scopes


def test_a_line_has_the_scopes_of_its_operation_wherever_it_is_looked_at() -> None:
    """A variant of a line, and a line seen on its class, need the same scopes as the operation."""
    assert all(operation.scopes == ROWS[operation.id].scopes for _, operation in names_of(Accounting))
    kind = type(Accounting().invoices)
    assert kind.list.scopes == ROWS["getInvoices"].scopes
    assert kind.save_pdf.scopes == ROWS["getInvoiceAsPdf"].scopes


class Prints(Resource, path="/Prints", id_name="PrintID", scope="invoices"):
    """A resource with a line of another family, and a variant of it."""

    get = document("getPrint", Plain).under("contacts")
    save = saved(get)


def test_a_variant_keeps_the_family_of_its_line() -> None:
    """`under` holds for the other ways to call the operation too."""
    assert Prints.get.scopes == Prints.save.scopes == ("accounting.contacts.read", "accounting.contacts")


def test_connections_need_no_scope() -> None:
    """A token alone lists and ends connections."""
    assert [operation.scopes for operation in operations_of(Identity)] == [(), ()]


def test_only_reading_is_narrowed() -> None:
    """The `.read` twin opens a GET, and nothing that writes."""
    assert scopes_of("contacts", "GET") == ("accounting.contacts.read", "accounting.contacts")
    assert all(scopes_of("contacts", method) == ("accounting.contacts",) for method in ("PUT", "POST", "DELETE"))
