"""`where`, `order`, pages and the other filters of list requests, against a plain reading of the same documents."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_engine import Engine, line

from xero_async.sandbox.query import QueryRefused, compile_order, compile_where
from xero_async.sandbox.resources import CONTACTS, INVOICES

Invoice = dict[str, Any]  # Any: a document as it is answered


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine with 60 contacts and 400 invoices."""
    return Engine(contacts=60, invoices=400)


@pytest.fixture(scope="module")
def invoices(engine: Engine) -> list[Invoice]:
    """All the invoices of that engine."""
    found: list[Invoice] = engine.good("getInvoices", page=1, pageSize=1000)["Invoices"]
    return found


def ids(engine: Engine, **query: str | int) -> list[str]:
    """The ids of the invoices that a list request gives."""
    return [each["InvoiceID"] for each in engine.good("getInvoices", page=1, pageSize=1000, **query)["Invoices"]]


def ms(document: Invoice, name: str) -> int | None:
    """The milliseconds of a date field."""
    matched = re.match(r"/Date\((-?\d+)", document.get(name, ""))
    return int(matched[1]) if matched else None


def day(year: int, month: int, date: int) -> int:
    """The milliseconds of a day's midnight UTC."""
    return int(datetime(year, month, date, tzinfo=UTC).timestamp()) * 1000


CASES: list[tuple[str, Callable[[Invoice], bool]]] = [
    ('Type=="ACCREC"', lambda i: i["Type"] == "ACCREC"),
    ('Type == "ACCREC" AND Status == "PAID"', lambda i: i["Type"] == "ACCREC" and i["Status"] == "PAID"),
    ('Type=="ACCREC"&&Status=="PAID"', lambda i: i["Type"] == "ACCREC" and i["Status"] == "PAID"),
    ('Status=="DRAFT" OR Status=="VOIDED"', lambda i: i["Status"] in ("DRAFT", "VOIDED")),
    ('status=="DRAFT"||STATUS=="VOIDED"', lambda i: i["Status"] in ("DRAFT", "VOIDED")),
    (
        'Status=="DRAFT" OR Status=="PAID" AND Type=="ACCPAY"',
        lambda i: i["Status"] == "DRAFT" or (i["Status"] == "PAID" and i["Type"] == "ACCPAY"),
    ),
    (
        '(Status=="DRAFT" or Status=="PAID") and Type=="ACCPAY"',
        lambda i: i["Status"] in ("DRAFT", "PAID") and i["Type"] == "ACCPAY",
    ),
    ('((Status!="PAID"))', lambda i: i["Status"] != "PAID"),
    ("Total > 1000.50", lambda i: i["Total"] > Decimal("1000.50")),
    ("1000.50<Total", lambda i: i["Total"] > Decimal("1000.50")),
    ("1000.50>=Total", lambda i: i["Total"] <= Decimal("1000.50")),
    ("DateTime(2024,1,31) > Date", lambda i: (ms(i, "Date") or 0) < day(2024, 1, 31)),
    ("Total >= 95 AND Total<=780.00", lambda i: Decimal(95) <= i["Total"] <= Decimal(780)),
    ("AmountDue < AmountCredited", lambda i: i["AmountDue"] < i["AmountCredited"]),
    ("AmountDue == 0", lambda i: i["AmountDue"] == 0),
    ("AmountPaid!=Total", lambda i: i["AmountPaid"] != i["Total"]),
    ("Total == 95.000000001", lambda i: False),
    ("Total != 95.000000001", lambda i: True),
    ("Total > -1", lambda i: True),
    ("Date >= DateTime(2024, 01, 31)", lambda i: (ms(i, "Date") or 0) >= day(2024, 1, 31)),
    ("Date<DateTime(2023,06,01,12,30,00)", lambda i: (ms(i, "Date") or 0) <= day(2023, 6, 1)),
    ("FullyPaidOnDate == null", lambda i: "FullyPaidOnDate" not in i),
    ("FullyPaidOnDate != null", lambda i: "FullyPaidOnDate" in i),
    ('Reference == ""', lambda i: not i["Reference"]),
    ("Reference == null", lambda i: not i["Reference"]),
    ('Reference != "PO 00001"', lambda i: i["Reference"] != "PO 00001"),
    ('Reference.StartsWith("PO 1")', lambda i: i["Reference"].startswith("PO 1")),
    ('Reference.endswith("7")', lambda i: i["Reference"].endswith("7")),
    ('InvoiceNumber.EndsWith("a much longer text than any number")', lambda i: False),
    ('Contact.Name.Contains("o")', lambda i: "o" in i["Contact"]["Name"]),
    ('Contact.Name.ToLower().Contains("é")', lambda i: "é" in i["Contact"]["Name"].lower()),
    ('Contact.Name.contains("é")', lambda i: "é" in i["Contact"]["Name"]),
    ('Contact . Name . ToUpper() == "NOBODY"', lambda i: False),
    ("Contact != null", lambda i: True),
    ("SentToContact", lambda i: i["SentToContact"]),
    ("SentToContact == false", lambda i: not i["SentToContact"]),
    ("true", lambda i: True),
    ("SentToContact == true AND false", lambda i: False),
    ('CurrencyCode=="EUR" AND CurrencyRate<1', lambda i: i["CurrencyCode"] == "EUR"),
]


@pytest.mark.parametrize(("where", "meant"), CASES, ids=[where for where, _ in CASES])
def test_where_selects_what_it_says(
    engine: Engine, invoices: list[Invoice], where: str, meant: Callable[[Invoice], bool]
) -> None:
    """Each filter gives the invoices that a plain reading of it gives."""
    assert ids(engine, where=where) == [each["InvoiceID"] for each in invoices if meant(each)]


def test_where_finds_by_guid(engine: Engine, invoices: list[Invoice]) -> None:
    """Ids are compared with `Guid("…")`, in either case."""
    wanted = invoices[17]
    assert ids(engine, where=f'InvoiceID==Guid("{wanted["InvoiceID"].upper()}")') == [wanted["InvoiceID"]]
    contact = wanted["Contact"]["ContactID"]
    theirs = [each["InvoiceID"] for each in invoices if each["Contact"]["ContactID"] == contact]
    assert ids(engine, where=f'Contact.ContactID == guid("{contact}")') == theirs


@pytest.mark.parametrize("sign", [">", ">=", "<", "<="])
@pytest.mark.parametrize("shift", ["0.0000001", "-0.0000001"])
def test_a_number_finer_than_any_amount_is_compared_exactly(
    engine: Engine, invoices: list[Invoice], sign: str, shift: str
) -> None:
    """A literal a ten-millionth beside an amount lies on its own side of it."""
    number = invoices[3]["Total"] + Decimal(shift)
    meant = [each["InvoiceID"] for each in invoices if SIGNS[sign](each["Total"], number)]
    assert ids(engine, where=f"Total{sign}{number}") == meant


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
COMPARISONS = st.one_of(
    st.tuples(
        st.sampled_from(["Total", "AmountDue", "TotalTax"]),
        st.sampled_from(sorted(SIGNS)),
        st.decimals(min_value=0, max_value=5000, places=3),
    ),
    st.tuples(
        st.sampled_from(["Status", "Type", "CurrencyCode"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(["PAID", "DRAFT", "ACCREC", "NZD", "EUR"]),
    ),
)
TREES: st.SearchStrategy[Any] = st.recursive(
    COMPARISONS, lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner), max_leaves=8
)


def written(tree: Any) -> str:  # Any: a comparison or a pair of trees
    """A tree as Xero's text."""
    left, sign, right = tree
    if sign in ("AND", "OR"):
        return f"({written(left)} {sign} {written(right)})"
    return f"{left} {sign} {right}" if isinstance(right, Decimal) else f'{left}{sign}"{right}"'


def holds(tree: Any, invoice: Invoice) -> bool:  # Any: as in `written`
    """Whether a tree is true of an invoice."""
    left, sign, right = tree
    if sign in ("AND", "OR"):
        return (all if sign == "AND" else any)([holds(left, invoice), holds(right, invoice)])
    return SIGNS[sign](invoice[left], right)


@given(tree=TREES)
@settings(max_examples=150, deadline=None)
def test_any_tree_of_comparisons_means_what_python_means(tree: Any, engine: Engine, invoices: list[Invoice]) -> None:
    """Random trees of comparisons select exactly what the same tree selects in Python, to the last decimal."""
    assert ids(engine, where=written(tree)) == [each["InvoiceID"] for each in invoices if holds(tree, each)]


@pytest.mark.parametrize(
    "where",
    [
        "Status",
        "Status==",
        '=="PAID"',
        'Status==="PAID"',
        "NOT Total",
        "Type.HasValue",
        'Date>DateTime.Parse("soon")',
        "Date==DateTime(2026,1,1,1,1)",
        'Status=="PAID',
        'Status=="PA"ID"',
        "Status=='PAID'",
        'Status=="PAID" AND',
        'Status=="PAID" Type=="ACCREC"',
        '(Status=="PAID"',
        'Status=="PAID")',
        'Nonsense=="PAID"',
        'Contact.Nonsense=="x"',
        'LineItems.Description=="x"',
        'Total=="100"',
        'InvoiceID=="65782a6e-8154-49d8-a0e9-af249ab3a560"',
        'InvoiceID==Guid("1")',
        'InvoiceID>Guid("65782a6e-8154-49d8-a0e9-af249ab3a560")',
        "Date==DateTime(2026,13,1)",
        "Date==DateTime(2026,1)",
        "Date==DateTime(2026,1,1,1)",
        'Date=="2026-01-01"',
        'Total.Contains("1")',
        "Reference.Contains(1)",
        "Reference.Frobs()",
        "Reference>null",
        "SentToContact>false",
        "Contact==Contact",
        "Total==1; DROP TABLE Invoices",
        "Total==1 -- x",
        "(" * 100 + "true" + ")" * 100,
        " AND ".join(["true"] * 2000),
        "true.Contains()",
        "\x00",
        "..",
        "5",
        "null",
    ],
)
def test_a_where_that_does_not_parse_is_refused(engine: Engine, where: str) -> None:
    """A filter outside the grammar, or on an unknown field, is a 400 of Xero's type 16."""
    reply = engine.call("getInvoices", page=1, where=where)
    assert (reply.status, reply.json["ErrorNumber"], reply.json["Type"]) == (400, 16, "QueryParseException")


SCRAPS = (
    *('"', "(", ")", "==", "AND", "OR", "Total", "Status", "Contact.Name", ".Contains(", "Guid(", "DateTime("),
    *("null", " ", ",", "1", "-2.5", "true", '"x"', ".", "<", "&&", "!", "\\", "é"),
)


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(SCRAPS), max_size=14).map("".join)))
@settings(max_examples=200)
def test_any_text_compiles_or_is_refused(where: str) -> None:
    """No text whatever makes the parser fail in another way."""
    try:
        condition = compile_where(where, INVOICES)
    except QueryRefused:
        return
    assert condition.sql.count("?") == len(condition.values)


ORDERS: list[tuple[str, Callable[[Invoice], Any], bool]] = [
    ("InvoiceID", lambda i: i["InvoiceID"], False),
    ("InvoiceID DESC", lambda i: i["InvoiceID"], True),
    ("Total ASC", lambda i: (i["Total"], i["InvoiceID"]), False),
    ("Contact.Name", lambda i: (i["Contact"]["Name"], i["InvoiceID"]), False),
    ("Type asc, Date ASC", lambda i: (i["Type"], ms(i, "Date"), i["InvoiceID"]), False),
]


@pytest.mark.parametrize(("order", "key", "backwards"), ORDERS, ids=[order for order, _, _ in ORDERS])
def test_order_sorts(
    engine: Engine, invoices: list[Invoice], order: str, key: Callable[[Invoice], Any], backwards: bool
) -> None:
    """An order sorts by each of its fields in turn, and by the id last."""
    expected = sorted(invoices, key=key, reverse=backwards)
    assert ids(engine, order=order) == [each["InvoiceID"] for each in expected]


def test_the_default_order_is_the_change_date(invoices: list[Invoice]) -> None:
    """Without an order the documents that changed last come last."""
    keys = [(ms(each, "UpdatedDateUTC") or 0, each["InvoiceID"]) for each in invoices]
    assert keys == sorted(keys)


@pytest.mark.parametrize("order", ["Nonsense", "Total DOWN", "Total,", "Total; --", "1", ",", '"Total"'])
def test_an_order_by_nonsense_is_refused(engine: Engine, order: str) -> None:
    """An unknown field or direction is a 400."""
    assert engine.call("getInvoices", page=1, order=order).json["Type"] == "QueryParseException"
    with pytest.raises(QueryRefused):
        compile_order(order, CONTACTS)


def test_pages_cover_everything_once(engine: Engine, invoices: list[Invoice]) -> None:
    """The pages of a list hold each document once, and `pagination` tells how many there are."""
    replies = [engine.good("getInvoices", page=page, pageSize=150) for page in (1, 2, 3, 4)]
    assert replies[0]["pagination"] == {"page": 1, "pageSize": 150, "pageCount": 3, "itemCount": 400}
    assert [len(reply["Invoices"]) for reply in replies] == [150, 150, 100, 0]
    assert [each for reply in replies for each in reply["Invoices"]] == invoices


@pytest.mark.parametrize(("size", "meant"), [("0", 1), ("-5", 1), ("1000", 1000), ("5000", 1000), ("", 100), ("7", 7)])
def test_page_sizes_are_clamped_in_silence(engine: Engine, size: str, meant: int) -> None:
    """A page size out of range is brought into it without an error; 100 is the default."""
    reply = engine.good("getInvoices", page=1, pageSize=size)
    assert (reply["pagination"]["pageSize"], len(reply["Invoices"])) == (meant, min(meant, 400))


@pytest.mark.parametrize("page", ["x", "1.5", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_a_page_that_is_no_number_is_refused(engine: Engine, page: str) -> None:
    """A page must be a whole number."""
    assert engine.call("getInvoices", page=page).status == 400


@pytest.mark.parametrize("page", ["-3", "0", "9999999999999999999"])
def test_a_page_far_off_is_still_a_page(engine: Engine, page: str) -> None:
    """Pages count from 1, and one beyond the last is empty."""
    assert engine.good("getInvoices", page=page)["pagination"]["itemCount"] == 400


def test_without_page_a_list_is_whole_and_in_summary_form(engine: Engine) -> None:
    """`pageSize` alone does nothing: all invoices come, without line items and without `pagination`."""
    reply = engine.good("getInvoices", pageSize=5)
    assert len(reply["Invoices"]) == 400
    assert "pagination" not in reply
    assert not any(each.get("LineItems") for each in reply["Invoices"])


def test_summary_only_forces_pages(engine: Engine) -> None:
    """`summaryOnly` drops the heavy fields and pages by itself."""
    reply = engine.good("getInvoices", summaryOnly="True")
    assert (len(reply["Invoices"]), reply["pagination"]["pageCount"]) == (100, 4)
    assert not reply["Invoices"][0].get("LineItems")
    assert "Total" in reply["Invoices"][0]


def test_lists_of_ids_numbers_contacts_and_statuses(engine: Engine, invoices: list[Invoice]) -> None:
    """The plain list parameters select what they list, and combine."""
    some = [each for each in invoices if each["Type"] == "ACCREC"][:5]
    assert set(ids(engine, IDs=",".join(each["InvoiceID"] for each in some))) == {each["InvoiceID"] for each in some}
    numbers = ",".join(each["InvoiceNumber"] for each in some)
    assert set(ids(engine, InvoiceNumbers=numbers)) == {each["InvoiceID"] for each in some}
    contact = some[0]["Contact"]["ContactID"]
    assert set(ids(engine, ContactIDs=contact.upper(), Statuses="paid, DRAFT")) == {
        each["InvoiceID"]
        for each in invoices
        if each["Contact"]["ContactID"] == contact and each["Status"] in ("PAID", "DRAFT")
    }
    assert engine.call("getInvoices", page=1, IDs="1,2").status == 400


def test_search_looks_through_names_without_regard_to_case(engine: Engine) -> None:
    """`searchTerm` finds a contact by any part of its names, in any case and any script."""
    for contact in engine.good("getContacts", page=1)["Contacts"][:10]:
        found = engine.good("getContacts", page=1, searchTerm=contact["Name"][1:].upper())["Contacts"]
        assert contact["ContactID"] in [each["ContactID"] for each in found]
    assert engine.good("getContacts", page=1, searchTerm="nobody by this name")["Contacts"] == []


def test_archived_contacts_are_hidden_until_asked_for() -> None:
    """`includeArchived` shows the archived ones as well."""
    engine = Engine()
    engine.contact(Name="Here")
    gone = engine.contact(Name="Gone")
    engine.good("updateContact", {"ContactStatus": "ARCHIVED"}, path={"ContactID": gone["ContactID"]})
    assert [each["Name"] for each in engine.good("getContacts", page=1)["Contacts"]] == ["Here"]
    assert len(engine.good("getContacts", page=1, includeArchived="true")["Contacts"]) == 2


def test_created_by_my_app_leaves_out_what_was_seeded() -> None:
    """`createdByMyApp` selects what came through the API."""
    engine = Engine(contacts=5, invoices=5)
    made = engine.invoice()
    assert ids(engine, createdByMyApp="true") == [made["InvoiceID"]]
    assert len(ids(engine, createdByMyApp="false")) == 6


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S GMT"])
def test_if_modified_since_in_both_forms(form: str) -> None:
    """Only what changed at or after the moment comes back, whichever way it is written."""
    engine = Engine()
    engine.invoice(Reference="old")
    engine.advance(hours=1)
    since = engine.now.strftime(form)
    engine.invoice(Reference="new")
    found = engine.good("getInvoices", page=1, headers={"If-Modified-Since": since})["Invoices"]
    assert [each["Reference"] for each in found] == ["new"]


def test_if_modified_since_must_be_a_date() -> None:
    """Anything else in the header is a 400."""
    assert Engine().call("getInvoices", page=1, headers={"if-modified-since": "last week"}).status == 400


def test_unit_amounts_have_two_decimals_or_four() -> None:
    """`unitdp=4` counts on writes and on reads; without it unit amounts are rounded to two."""
    engine = Engine()
    fine = {"LineItems": [line(UnitAmount="1.23456", Quantity=100)]}
    made = engine.good("createInvoices", {"Type": "ACCREC", "Contact": {"Name": "A"}, **fine}, unitdp=4)["Invoices"][0]
    assert made["LineItems"][0]["UnitAmount"] == Decimal("1.2346")
    assert made["SubTotal"] == Decimal("123.46")
    for query, unit in (({}, "1.23"), ({"unitdp": 4}, "1.2346"), ({"unitdp": 7}, "1.23")):
        assert engine.get_invoice(made["InvoiceID"], **query)["LineItems"][0]["UnitAmount"] == Decimal(unit)
        listed = engine.good("getInvoices", page=1, **query)["Invoices"][0]
        assert listed["LineItems"][0]["UnitAmount"] == Decimal(unit)
    rough = engine.invoice(**fine)
    assert rough["LineItems"][0]["UnitAmount"] == Decimal("1.23")
    assert rough["SubTotal"] == Decimal("123.00")


def test_filters_work_on_every_resource(engine: Engine) -> None:
    """Each list takes a `where` and an `order` on its own fields."""
    for operation, envelope, where, order in (
        ("getContacts", "Contacts", 'Name.Contains("a") AND IsCustomer==true', "Name DESC"),
        ("getCreditNotes", "CreditNotes", "RemainingCredit>0", "Date"),
        ("getCurrencies", "Currencies", 'Code=="NZD"', "Code"),
        ("getEmployees", "Employees", 'Status=="ACTIVE"', "LastName"),
        ("getExpenseClaims", "ExpenseClaims", "User.UserID != null", "UpdatedDateUTC DESC"),
        ("getContactGroups", "ContactGroups", 'Name.StartsWith("V")', "Name"),
    ):
        assert engine.good(operation, where=where, order=order)[envelope], operation
