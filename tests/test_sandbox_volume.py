"""Lists: the operators of `where` beyond the plain ones, what is too much at once, and moments in every form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sandbox_engine import START, TENANT, Engine, sale

from xero_async.sandbox.documents import Documents

Json = dict[str, Any]  # Any: documents of every shape


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine with a hundred invoices."""
    return Engine(contacts=20, invoices=100, seed=5)


def found(engine: Engine, **query: str) -> list[str]:
    """The ids of the invoices that a list request finds."""
    return [each["InvoiceID"] for each in engine.good("getInvoices", page=1, **query)["Invoices"]]


# ------------------------------------------------------------------------------------------ the grammar


@pytest.mark.parametrize(
    ("where", "alike"),
    [
        ('Status="PAID"', 'Status=="PAID"'),
        ('Status<>"PAID"', 'Status!="PAID"'),
        ('!(Status=="PAID")', 'Status!="PAID"'),
        ('not (Status=="PAID" or Type=="ACCREC")', 'Status!="PAID" AND Type!="ACCREC"'),
        ("!SentToContact", "SentToContact==false"),
        ("SentToContact", "SentToContact==true"),
        ("!!SentToContact", "SentToContact==true"),
        ("!(FullyPaidOnDate>DateTime(1900,1,1))", "FullyPaidOnDate==null"),
        ("FullyPaidOnDate.HasValue", "FullyPaidOnDate!=null"),
        ("!FullyPaidOnDate.HasValue", "FullyPaidOnDate==null"),
        ("Total.Value>500", "Total>500"),
        ('Date>=DateTime.Parse("2025-01-01")', "Date>=DateTime(2025,1,1)"),
        ("Date>=DateTime(2025,1,1,0,0,0)", "Date>=DateTime(2025,1,1)"),
        ("DateTime(2025,1,1)<=Date", "Date>=DateTime(2025,1,1)"),
        (
            "date>=datetime(2025,01,01)&&total>100||amountdue>0",
            "(Date>=DateTime(2025,1,1) AND Total>100) OR AmountDue>0",
        ),
        ('Reference.ToLower().StartsWith("po")', 'Reference.StartsWith("PO")'),
        ('Contact.Name.ToUpper().Contains("OR")', 'Contact.Name.ToLower().Contains("or")'),
    ],
)
def test_one_meaning_has_several_spellings(engine: Engine, where: str, alike: str) -> None:
    """Each way to say it finds the same, which is neither nothing nor everything."""
    wanted = found(engine, where=alike)
    assert found(engine, where=where) == wanted
    assert 0 < len(wanted) < 100


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ('Date>"2025-01-01"', "Operator '>' incompatible with operand types 'DateTime?' and 'String'"),
        ('InvoiceID=="x"', "Operator '==' incompatible with operand types 'Guid' and 'String'"),
        ("Type==5", "Operator '==' incompatible with operand types 'String' and 'Decimal?'"),
        ('Nope=="x"', "No property or field 'Nope' exists in type 'Invoice'"),
        ("Total", "Expression of type 'Boolean' expected"),
    ],
)
def test_refusals_are_worded_as_xeros(engine: Engine, where: str, message: str) -> None:
    """Types are named as the real service names them."""
    assert engine.call("getInvoices", page=1, where=where).json["Message"] == message


def test_several_orders_with_directions_and_nested_fields(engine: Engine) -> None:
    """Each field sorts within the one before it."""
    listed = engine.good("getInvoices", page=1, order="Contact.Name DESC, type asc,Total DESC")["Invoices"]
    keys = [(each["Contact"]["Name"], each["Type"], each["Total"]) for each in listed]
    assert keys == sorted(
        sorted(sorted(keys, key=lambda key: -key[2]), key=lambda key: key[1]), key=lambda key: key[0], reverse=True
    )


@pytest.mark.parametrize("operation", ["getContacts", "getInvoices"])
def test_a_search_finds_in_every_field_it_looks_through(operation: str) -> None:
    """Contacts by their names, numbers and address; invoices by number, reference and contact."""
    engine = Engine()
    contact = {
        "Name": "Alpha",
        "FirstName": "Bea",
        "LastName": "Cid",
        "ContactNumber": "D-4",
        "EmailAddress": "e@f.example",
    }
    invoice = engine.invoice(Contact=engine.contact(**contact), InvoiceNumber="N-77", Reference="Ref 88")
    engine.invoice(Contact={"Name": "Other"})
    terms = ["ALPH", "bea", "cid", "d-4", "E@F"] if operation == "getContacts" else ["ALPH", "n-77", "ref 88"]
    for term in terms:
        (own,) = engine.good(operation, page=1, searchTerm=term)[operation.removeprefix("get")]
        assert own["ContactID" if operation == "getContacts" else "InvoiceID"] in (
            invoice["Contact"]["ContactID"],
            invoice["InvoiceID"],
        )
    assert not engine.good(operation, page=1, searchTerm="nothing like it")[operation.removeprefix("get")]


# ------------------------------------------------------------------------------------------ too much


@pytest.fixture(scope="module")
def small() -> Any:  # Any: a generator fixture
    """Documents that answer with at most 50 at once, and hold 100 invoices."""
    documents = Documents(now=lambda: START, high_volume=50)
    documents.add_tenant(TENANT, "Small")
    documents.seed(TENANT, contacts=20, invoices=100, seed=5)
    yield documents
    documents.close()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"page": "1"}, 200),
        ({"statuses": "DRAFT"}, 200),
        ({"where": 'Status=="DRAFT"'}, 200),
        ({"page": "1", "where": 'Status=="PAID" AND Type=="ACCREC" AND Date>DateTime(2020,1,1)'}, 200),
        ({"page": "1", "where": 'Status!="PAID"'}, 400),
        ({"page": "1", "where": 'Status=="PAID" OR Type=="ACCREC"'}, 400),
        ({"page": "1", "where": 'InvoiceNumber.StartsWith("INV")'}, 400),
        ({"page": "1", "where": "UpdatedDateUTC>DateTime(2020,1,1)"}, 400),
        ({"page": "1", "where": "!SentToContact"}, 400),
        ({"page": "1", "where": 'Status!="PAID"', "statuses": "DRAFT"}, 200),
    ],
)
def test_what_goes_through_too_much_is_refused(small: Documents, query: dict[str, str], status: int) -> None:
    """Above the threshold neither a whole list nor a filter that is not optimised is answered; pages and lists are."""
    answer = small.execute("getInvoices", TENANT, {}, query, {}, b"", "")
    assert answer.status == status
    assert (b'"Type":"HighVolumeException"' in answer.body and b'"ErrorNumber":51' in answer.body) == (status == 400)


# ------------------------------------------------------------------------------------------ moments


@pytest.mark.parametrize(
    "form",
    [
        "2026-11-21T09:30:00",
        "2026-11-21T09:30:00Z",
        "2026-11-21T09:30:00.000000+00:00",
        "2026-11-21T22:30:00+13:00",
        "2026-11-21T01:30:00.123-08:00",
        "2026-11-21 09:30:00 UTC",
        "2026-11-21 09:30:00",
        "Sat, 21 Nov 2026 09:30:00 GMT",
    ],
)
def test_if_modified_since_is_read_as_clients_write_it(form: str) -> None:
    """Whatever form and offset a client's date library writes, the moment is the same."""
    engine = Engine()
    engine.now = datetime(2026, 11, 21, 9, 29, 59, tzinfo=UTC)
    engine.good("createInvoices", sale())
    engine.advance(seconds=2)
    late = engine.good("createInvoices", sale())["Invoices"][0]["InvoiceID"]
    changed = engine.good("getInvoices", page=1, headers={"If-Modified-Since": form})["Invoices"]
    assert [each["InvoiceID"] for each in changed] == [late]
