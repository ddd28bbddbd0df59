"""No input makes the documents engine fail: random requests all get an answer of Xero's shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_engine import TENANT, Engine

from xero_async.sandbox.documents import HANDLERS
from xero_async.sandbox.resources import RESOURCES, Field

STATUSES = {200, 204, 400, 404, 413, 415}
SOME_ID = "11111111-2222-4333-8444-555555555555"
KNOWN = "an existing one"
PARAMETERS = ["where", "order", "page", "pagesize", "ids", "invoicenumbers", "contactids", "statuses", "searchterm"] + [
    "summaryonly",
    "includearchived",
    "createdbymyapp",
    "unitdp",
    "summarizeerrors",
    "includeonline",
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine with a few documents of each kind, among them those with known numbers."""
    engine = Engine(contacts=12, invoices=40)
    engine.invoice(InvoiceNumber="N", Status="AUTHORISED")
    engine.contact(Name="N", ContactNumber="N")
    return engine


@pytest.fixture(scope="module")
def known(engine: Engine) -> dict[str, str]:
    """An existing id of each resource, by the name of its path parameter."""
    lists = {resource: engine.good(f"get{resource.name}")[resource.name] for resource in RESOURCES}
    return {resource.id: items[-1][resource.id] for resource, items in lists.items()}


scraps = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "N", "ABC", SOME_ID, "2026-01-31", "/Date(0)/", "/Date(-99999999999999)/", "1e400", "-0.005", "99999999999"]
        + ["ACCREC", "ACCPAY", "ACCRECCREDIT", "DRAFT", "AUTHORISED", "VOIDED", "Inclusive", "USD", "OUTPUT", "x" * 300]
    ),
)


def documents(fields: tuple[Field, ...]) -> st.SearchStrategy[Any]:  # Any: JSON of every shape
    """Documents with some of the fields, each with a fitting value or a scrap."""
    shapes = {field.name: st.one_of(_fitting(field), _fitting(field), scraps) for field in fields}
    return st.fixed_dictionaries({}, optional=shapes)


def _fitting(field: Field) -> st.SearchStrategy[Any]:
    inner = documents(field.fields) if field.fields else scraps
    forms: dict[str, st.SearchStrategy[Any]] = {
        "choice": st.sampled_from(field.choices or ("",)),
        "list": st.lists(inner, max_size=3),
        "object": inner,
        "bool": st.booleans(),
        "date": st.dates().map(str),
        "guid": st.sampled_from([SOME_ID, "", "x"]),
        "integer": st.integers(-5, 5000),
        "text": st.sampled_from(["N", "ABC", "OUTPUT", "NZD", ""]),
    }
    return forms.get(field.kind, st.decimals(min_value=-1000, max_value=1000, places=3).map(str))


elements = st.one_of([documents(resource.accepts) for resource in RESOURCES])
bodies = st.one_of(
    st.lists(elements, max_size=4),
    st.builds(
        lambda name, items: {name: items},
        st.sampled_from([resource.name for resource in RESOURCES] + ["Allocations", "HistoryRecords"]),
        st.lists(st.one_of(elements, scraps), max_size=3) | scraps,
    ),
    elements,
    scraps,
).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)
paths = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([KNOWN, KNOWN, "N", SOME_ID, "CN-0001", "a.txt", "\udc80"]) | st.text(max_size=6)
        for name in [resource.id for resource in RESOURCES] + ["FileName", "AttachmentID", "AllocationID", "ContactNumber"]
    },
)
queries = st.dictionaries(
    st.sampled_from(PARAMETERS),
    st.sampled_from(["1", "true", "False", "4", "0", "-1", 'Total>1 AND Contact.Name!="N"', "Name DESC", "N,DRAFT", SOME_ID])
    | st.text(max_size=12),
    max_size=4,
)
headers = st.dictionaries(st.sampled_from(["If-Modified-Since", "Accept"]), st.text(max_size=20), max_size=2)


@given(
    operation=st.sampled_from(sorted(HANDLERS)),
    path=paths,
    query=queries,
    header=headers,
    body=bodies,
    kind=st.sampled_from(["application/json", "", "text/plain", "application/xml", "image/png"]),
)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_request_gets_a_decent_answer(
    engine: Engine,
    known: dict[str, str],
    operation: str,
    path: dict[str, str],
    query: dict[str, str],
    header: dict[str, str],
    body: bytes,
    kind: str,
) -> None:
    """Whatever is sent, the answer has one of Xero's statuses, and is JSON where it says so."""
    path = {name: known.get(name, "a.txt") if value == KNOWN else value for name, value in path.items()}
    status, content, content_type = engine.documents.execute(operation, TENANT, path, query, header, body, kind)
    assert status in STATUSES
    if status in (400, 413) or (status == 200 and content_type.startswith("application/json")):
        told = json.loads(content)
        assert "Status" in told or "Type" in told or "IsDeleted" in told or content == body
    if status == 404:
        assert content_type.startswith("text/plain")


@given(sent=documents(next(each.accepts for each in RESOURCES if each.name == "Invoices")))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_saved_invoice_always_adds_up(engine: Engine, sent: dict[str, object]) -> None:
    """Whatever an invoice is made of, its totals are those of its lines, and it can be sent back."""
    base = {"Type": "ACCREC", "Contact": {"Name": "ABC"}}
    reply = engine.call("createInvoices", base | sent, unitdp=4)
    if reply.status != 200:
        return
    (invoice,) = reply.json["Invoices"]
    lines = sum(each["LineAmount"] for each in invoice["LineItems"])
    tax = sum(each["TaxAmount"] for each in invoice["LineItems"])
    assert invoice["TotalTax"] == tax
    assert invoice["Total"] == lines + (0 if invoice["LineAmountTypes"] == "Inclusive" else tax)
    assert invoice["AmountDue"] == invoice["Total"]
    again = engine.good("updateInvoice", invoice, path={"InvoiceID": invoice["InvoiceID"]}, unitdp=4)["Invoices"][0]
    assert again | {"UpdatedDateUTC": ""} == invoice | {"UpdatedDateUTC": ""}
