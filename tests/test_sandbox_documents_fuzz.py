"""No input makes the documents engine fail: random requests all get an answer of Xero's shapes."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_engine import TENANT, Engine

from xero_async.sandbox.catalogue import ALL_RESOURCES
from xero_async.sandbox.documents import HANDLERS
from xero_async.sandbox.resources import ALLOCATIONS, HISTORY_RECORDS, INVOICES, Field, Resource
from xero_async.sandbox.resources_settings import TRACKING_CATEGORIES, TRACKING_OPTIONS

STATUSES = {200, 204, 400, 404, 413, 415}
SOME_ID = "11111111-2222-4333-8444-555555555555"
KNOWN = "an existing one"
PARAMETERS = [
    "where",
    "order",
    "page",
    "pagesize",
    "ids",
    "invoicenumbers",
    "contactids",
    "statuses",
    "searchterm",
    "summaryonly",
    "includearchived",
    "createdbymyapp",
    "unitdp",
    "summarizeerrors",
    "includeonline",
    "datefrom",
    "dateto",
    "expirydatefrom",
    "contactid",
    "status",
    "quotenumber",
    "sourcetransactionid",
    "offset",
    "date",
    "fromdate",
    "todate",
    "periods",
    "timeframe",
]
BASES: dict[str, dict[str, object]] = {
    "Invoices": {"Type": "ACCREC", "Contact": {"Name": "ABC"}, "DueDate": "2026-12-20"},
    "CreditNotes": {"Type": "ACCRECCREDIT", "Contact": {"Name": "ABC"}},
    "Contacts": {"Name": "ABC"},
    "Employees": {"FirstName": "A", "LastName": "B"},
    "ExpenseClaims": {"User": {"UserID": SOME_ID}, "Receipts": [{"Total": 5}]},
    "Allocations": {"Amount": 1, "Invoice": {"InvoiceNumber": "N"}},
    "Accounts": {"Code": "N", "Name": "N", "Type": "EXPENSE"},
    "TaxRates": {"Name": "N", "TaxComponents": [{"Name": "N", "Rate": 5}]},
    "TrackingCategories": {"Name": "N"},
    "Options": {"Name": "N"},
    "Items": {"Code": "N"},
    "PaymentServices": {"PaymentServiceName": "N", "PaymentServiceUrl": "https://n.example", "PayNowText": "N"},
    "Setup": {"Accounts": [{"Code": "N", "Name": "N", "Type": "EXPENSE"}]},
    "Quotes": {"Contact": {"Name": "ABC"}, "LineItems": [{"Description": "N", "UnitAmount": 1}]},
    "PurchaseOrders": {"Contact": {"Name": "ABC"}, "LineItems": [{"Description": "N", "UnitAmount": 1}]},
    "Receipts": {"Contact": {"Name": "ABC"}, "LineItems": [{"Description": "N", "UnitAmount": 1}]},
    "RepeatingInvoices": {
        "Type": "ACCREC",
        "Contact": {"Name": "ABC"},
        "LineItems": [{"Description": "N", "UnitAmount": 1}],
        "Schedule": {"Period": 1, "Unit": "MONTHLY", "DueDate": 20, "DueDateType": "OFFOLLOWINGMONTH"},
    },
}


class Request(NamedTuple):
    """One request to the engine; a path parameter of `KNOWN` stands for something that exists."""

    operation: str
    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    content_type: str


scraps = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "N", "ABC", SOME_ID, "/Date(0)/", "/Date(-99999999999999)/", "1e400", "-0.005", "99999999999", "x" * 300]
    ),
)


USUAL = {  # texts that must be known to the organisation
    "TaxType": st.sampled_from(["OUTPUT", "INPUT", "NONE", "N"]),
    "CurrencyCode": st.sampled_from(["NZD", "USD", "nzd", "N"]),
    "AccountCode": st.sampled_from(["200", "400", "N"]),
    "COGSAccountCode": st.sampled_from(["310", "N"]),
    "InventoryAssetAccountCode": st.sampled_from(["630", "N"]),
    "Code": st.sampled_from(["EUR", "090", "N"]) | st.text("NABC", min_size=1, max_size=9),
}


def sometimes(odd: st.SearchStrategy[Any], usual: st.SearchStrategy[Any], cases: int = 12) -> st.SearchStrategy[Any]:
    """The odd one in one of so many cases."""
    return st.sampled_from(range(cases)).flatmap(lambda drawn: odd if drawn == cases - 1 else usual)


def documents(fields: tuple[Field, ...]) -> st.SearchStrategy[Any]:  # Any: JSON of every shape
    """Documents with some of the fields, each with a fitting value or, sometimes, a scrap."""
    shapes = {field.name: sometimes(scraps, _fitting(field), 30) for field in fields}
    return st.fixed_dictionaries({}, optional=shapes)


def _fitting(field: Field) -> st.SearchStrategy[Any]:
    inner = documents(field.fields) if field.fields else scraps
    forms: dict[str, st.SearchStrategy[Any]] = {
        "choice": st.sampled_from(field.choices or ("",)),
        "list": st.lists(inner, max_size=3),
        "object": inner,
        "bool": st.booleans(),
        "date": st.dates().map(str),
        "guid": sometimes(st.sampled_from([SOME_ID, ""]), st.none(), 5),
        "integer": st.integers(-5, 5000),
        "text": USUAL.get(field.name, st.sampled_from(["N", "ABC", ""]) | st.text("NABC", min_size=1)),
    }
    return forms.get(field.kind, st.decimals(min_value=-1000, max_value=1000, places=3).map(str))


def _resource(operation: str) -> Resource:
    """The resource whose documents an operation takes, by its name."""
    if "History" in operation:
        return HISTORY_RECORDS
    if "Allocation" in operation:
        return ALLOCATIONS
    inner = operation.removeprefix("createContactGroup") or operation
    named = [each for each in (TRACKING_OPTIONS, *ALL_RESOURCES) if each.item in inner or each.name in inner]
    return max(named, key=lambda each: len(each.item), default=INVOICES)


def as_bytes(value: object) -> bytes:
    """A value as the body of a request."""
    return json.dumps(value).encode()


def _bodies(resource: Resource) -> st.SearchStrategy[bytes]:
    bases = st.sampled_from([{}, BASES.get(resource.name, {})])
    element: st.SearchStrategy[dict[str, object]] = st.tuples(bases, documents(resource.accepts)).map(_laid_over)
    lists = st.lists(element, max_size=4)
    wrapped = st.fixed_dictionaries({resource.name: lists})
    odd = st.one_of(scraps, st.lists(scraps, max_size=3)).map(as_bytes)
    return sometimes(st.binary(max_size=30) | odd, st.one_of(wrapped, lists, element).map(as_bytes))


def _laid_over(pair: tuple[dict[str, object], dict[str, object]]) -> dict[str, object]:
    return pair[0] | pair[1]


names = [
    *(each.id for each in (TRACKING_OPTIONS, *ALL_RESOURCES)),
    "FileName",
    "AttachmentID",
    "AllocationID",
    "ContactNumber",
    "PurchaseOrderNumber",
    "JournalID",
    "JournalNumber",
    "ReportID",
]
odd_paths = st.sampled_from(["N", SOME_ID, "CN-0001", "b.txt", "\udc80", ""]) | st.text(max_size=6)
paths = st.fixed_dictionaries({name: sometimes(odd_paths, st.just(KNOWN)) for name in names})
queries = st.dictionaries(
    st.sampled_from(PARAMETERS),
    st.sampled_from(
        [
            "1",
            "true",
            "False",
            "4",
            "-1",
            "2026-01-31",
            "MONTH",
            'Total>1 AND Contact.Name!="N"',
            "Name DESC",
            "N,DRAFT",
            SOME_ID,
        ]
    )
    | st.text(max_size=12),
    max_size=4,
)
headers = st.dictionaries(st.sampled_from(["If-Modified-Since", "Accept"]), st.text(max_size=20), max_size=2)
kinds = sometimes(st.sampled_from(["application/xml", "image/png", ""]), st.just("application/json"))
requests = st.sampled_from(sorted(HANDLERS)).flatmap(
    lambda name: st.builds(Request, st.just(name), paths, queries, headers, _bodies(_resource(name)), kinds)
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine with a few documents of each kind, among them some with known numbers and names."""
    return populated()


def populated() -> Engine:
    """That engine, for runs outside of pytest too."""
    engine = Engine(contacts=12, invoices=40)
    engine.invoice(InvoiceNumber="N", Status="AUTHORISED")
    engine.contact(Name="N", ContactNumber="N")
    return engine


def existing(engine: Engine) -> dict[str, str]:
    """An id of each resource that exists, by the name of its path parameter."""
    listed = [resource for resource in ALL_RESOURCES if f"get{resource.name}" in HANDLERS]
    lists = {resource: engine.good(f"get{resource.name}")[resource.name] for resource in listed}
    ids = {resource.id: items[-1][resource.id] for resource, items in lists.items() if items}
    options = lists[TRACKING_CATEGORIES][-1]["Options"]
    return {"FileName": "a.txt", "TrackingOptionID": options[-1]["TrackingOptionID"], **ids}


def check(engine: Engine, known: dict[str, str], request: Request) -> int:
    """Executes a request and checks the form of its answer; the status."""
    path = {name: known.get(name, SOME_ID) if value == KNOWN else value for name, value in request.path.items()}
    status, content, content_type, _ = engine.documents.execute(request.operation, TENANT, path, *request[2:])
    assert status in STATUSES
    is_file = request.operation.endswith(("AttachmentById", "AttachmentByFileName")) and request.operation.startswith(
        "get"
    )
    if content_type.startswith("application/json") and status != 204 and not is_file:
        told = json.loads(content)
        assert "Status" in told or "Type" in told or "IsDeleted" in told
    if status == 404:
        assert content_type.startswith("text/plain")
    return status


@pytest.fixture(scope="module")
def known(engine: Engine) -> dict[str, str]:
    """What exists in that engine."""
    return existing(engine)


@given(request_=requests)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_request_gets_a_decent_answer(engine: Engine, known: dict[str, str], request_: Request) -> None:
    """Whatever is sent, the answer has one of Xero's statuses, and is JSON where it says so."""
    check(engine, known, request_)


@given(sent=documents(INVOICES.accepts))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_saved_invoice_always_adds_up(engine: Engine, sent: dict[str, object]) -> None:
    """Whatever an invoice is made of, its totals are those of its lines, and it can be sent back."""
    reply = engine.call("createInvoices", BASES["Invoices"] | sent, unitdp=4)
    if reply.status != 200:
        return
    invoice = engine.get_invoice(reply.json["Invoices"][0]["InvoiceID"], unitdp=4)
    lines = sum(each["LineAmount"] for each in invoice["LineItems"])
    tax = sum(each["TaxAmount"] for each in invoice["LineItems"])
    assert invoice["TotalTax"] == tax
    assert invoice["Total"] == lines + (0 if invoice["LineAmountTypes"] == "Inclusive" else tax)
    assert invoice["AmountDue"] == invoice["Total"]
    again = engine.good("updateInvoice", invoice, path={"InvoiceID": invoice["InvoiceID"]}, unitdp=4)["Invoices"][0]
    assert again | {"UpdatedDateUTC": ""} == invoice | {"UpdatedDateUTC": ""}
