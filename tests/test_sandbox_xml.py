"""XML at the sandbox: old clients send it, and who does not ask for JSON gets it."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_client import Client, Reply, invoices, running

from xero_async import operations
from xero_async.models import Invoices, Organisations, ReportWithRows
from xero_async.sandbox import Fault
from xero_async.sandbox.answers import Refused
from xero_async.sandbox.formats import id_in, in_json, preferred
from xero_async.wire import decode
from xero_async.wire.xml import decode_xml, element

XML = {"Accept": "application/xml"}
SENT = {"Content-Type": "application/xml"}
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

INVOICE = (
    "<Invoice><Type>ACCREC</Type><InvoiceNumber>{}</InvoiceNumber><Contact><Name>Harbour &amp; Books</Name></Contact>"
    "<Date>2026-01-31T00:00:00</Date><DueDate>2026-02-28</DueDate><LineAmountTypes>Inclusive</LineAmountTypes>"
    "<LineItems><LineItem><Description>Consulting</Description><Quantity>2.0000</Quantity><UnitAmount>11.50</UnitAmount>"
    "<AccountCode>200</AccountCode></LineItem></LineItems><Status>AUTHORISED</Status></Invoice>"
)
BROKEN = "<Invoice><Type>ACCREC</Type><InvoiceNumber>{}</InvoiceNumber></Invoice>"


@pytest_asyncio.fixture
async def client() -> AsyncGenerator[Client]:
    """A client of a sandbox with nothing in it."""
    async with running() as client:
        yield client


def tree(reply: Reply) -> ElementTree.Element:
    """An answer's XML, which must say that it is XML."""
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    return ElementTree.fromstring(reply.body)


def texts(found: ElementTree.Element, path: str) -> list[str | None]:
    """The texts of all elements at a path."""
    return [each.text for each in found.findall(path)]


# -- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/xml", f"<Invoices>{INVOICE}</Invoices>"),
        ("application/xml; charset=utf-8", INVOICE),
        ("text/xml", f'<?xml version="1.0"?>\n<Invoices>\n  {INVOICE}\n</Invoices>\n'),
        ("Application/XML", f"\ufeff<Invoices>{INVOICE}</Invoices>"),
        ("", INVOICE),
        ("text/plain", f" {INVOICE}"),
        ("application/x-www-form-urlencoded", INVOICE),
        ("application/x-www-form-urlencoded; charset=utf-8", f"<Invoices>{INVOICE}</Invoices>"),
    ],
)
async def test_xml_makes_what_json_makes(client: Client, kind: str, body: str) -> None:
    """A list or one invoice, by whatever content type, with a JSON answer for who asks for JSON."""
    body = body.format("A-1")
    sent = urlencode({"xml": body}) if "form" in kind and "charset" in kind else body
    reply = await client.call("PUT", "/Invoices", sent.encode(), headers={"Content-Type": kind})
    assert reply.status == 200
    (made,) = reply.json()["Invoices"]
    assert (made["InvoiceNumber"], made["Contact"]["Name"], made["Total"]) == ("A-1", "Harbour & Books", 23.0)
    assert made["DateString"] == "2026-01-31T00:00:00"
    assert [line["AccountCode"] for line in made["LineItems"]] == ["200"]


async def test_a_form_may_be_in_another_encoding(client: Client) -> None:
    """The content type's charset tells how a form, or bare XML, is to be read."""
    xml = "<Contact><Name>Café</Name></Contact>"
    form = urlencode({"xml": xml}, encoding="iso-8859-1").encode()
    for kind, body in [("application/x-www-form-urlencoded", form), ("text/xml", xml.encode("iso-8859-1"))]:
        headers = {"Content-Type": f"{kind}; charset=ISO-8859-1"}
        reply = await client.call("POST", "/Contacts", body, headers=headers)
        assert [each["Name"] for each in reply.json()["Contacts"]] == ["Café"]


async def test_notes_allocations_and_deletions_come_as_single_elements(client: Client) -> None:
    """What clients send without a list: a history note, a payment to delete, an allocation, an empty email."""
    contact = b"<Contact><Name>Harbour &amp; Books</Name><EmailAddress>harbour@example.com</EmailAddress></Contact>"
    await client.call("PUT", "/Contacts", contact, headers=SENT)
    made = await client.call("PUT", "/Invoices", INVOICE.format("A-1").encode(), headers=SENT)
    invoice = made.json()["Invoices"][0]["InvoiceID"]
    note = b"<HistoryRecord><Details>Called</Details></HistoryRecord>"
    noted = await client.call("PUT", f"/Invoices/{invoice}/history", note, headers=SENT)
    assert noted.json()["HistoryRecords"][0]["Details"] == "Called"
    emailed = await client.call("POST", f"/Invoices/{invoice}/Email", headers=SENT)
    assert emailed.status == 204
    paid = await client.call(
        "PUT",
        "/Payments",
        f"<Payment><Invoice><InvoiceID>{invoice}</InvoiceID></Invoice><Account><Code>090</Code></Account>"
        "<Date>2026-02-01</Date><Amount>3.00</Amount></Payment>".encode(),
        headers=SENT,
    )
    payment = paid.json()["Payments"][0]["PaymentID"]
    deletion = b"<Payment><Status>DELETED</Status></Payment>"
    gone = await client.call("POST", f"/Payments/{payment}", deletion, headers=SENT)
    assert gone.json()["Payments"][0]["Status"] == "DELETED"
    credit = INVOICE.replace("Invoice>", "CreditNote>").replace("InvoiceNumber>", "CreditNoteNumber>")
    credit = credit.replace("ACCREC", "ACCRECCREDIT").format("C-1")
    credited = await client.call("PUT", "/CreditNotes", credit.encode(), headers=SENT)
    owed = f"<Invoice><InvoiceID>{invoice}</InvoiceID></Invoice>"
    allocation = f"<Allocation><AppliedAmount>2</AppliedAmount>{owed}</Allocation>"
    folder = f"/CreditNotes/{credited.json()['CreditNotes'][0]['CreditNoteID']}/Allocations"
    allocated = await client.call("PUT", folder, allocation.encode(), headers=SENT)
    assert allocated.json()["Allocations"][0]["Amount"] == 2


BAD = [
    b"<Invoices><Invoice>",
    b"<Contacts><Contact/></Contacts>",
    b"not XML at all",
    b"{}",
    b'<!DOCTYPE x [<!ENTITY a "b">]><Invoices>&a;</Invoices>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Invoices/>',
    b'<?xml version="1.0" encoding="klingon"?><Invoices/>',
    b"\xff\xfe<\x00",
    b"<Invoices>" * 1000,
]


@pytest.mark.parametrize("body", BAD)
async def test_xml_that_cannot_be_read_is_refused_in_xeros_words(client: Client, body: bytes) -> None:
    """Bombs, foreign entities, cut documents: a 400 of the right type, in the form that the client asks for."""
    told = await client.call("PUT", "/Invoices", body, headers=SENT)
    assert (told.status, told.json()["ErrorNumber"], told.json()["Type"]) == (400, 14, "PostDataInvalidException")
    shown = await client.call("PUT", "/Invoices", body, headers=SENT | XML)
    assert shown.status == 400
    assert tree(shown).tag == "ApiException"
    assert texts(tree(shown), "ErrorNumber") == ["14"]
    assert client.sandbox.counters.documents[client.tenant]["Invoices"] == 0


@pytest.mark.parametrize("body", [b"xml=", b"xml=%3C", b"xml=%ff%3C", b"xml=" + b"&" * 100, b"other=1", b""])
async def test_a_bad_form_is_a_400(client: Client, body: bytes) -> None:
    """A form without XML in it is refused as a body that does not parse, or that has nothing in it."""
    reply = await client.call("PUT", "/Invoices", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status == 400
    assert reply.json()["ErrorNumber"] in (14, 17)


def test_too_much_xml_is_refused_before_it_is_read() -> None:
    """3.5 MB is the limit of a body, in this form as in the other."""
    row = next(row for row in operations() if row.id == "createInvoices")
    with pytest.raises(Refused) as refusal:
        in_json(row, b"<Invoices>" + b" " * 3_700_000 + b"</Invoices>", "text/xml")
    assert refusal.value.answer.status == 400
    assert b"PostDataInvalidException" in refusal.value.answer.body


async def test_xml_that_calls_itself_json_is_refused(client: Client) -> None:
    """A content type that names JSON is believed."""
    reply = await client.call("PUT", "/Invoices", INVOICE.encode(), headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json()["ErrorNumber"]) == (400, 14)


async def test_empty_xml_is_no_data(client: Client) -> None:
    """Error 17, as for empty JSON."""
    for body in (b"<Invoices/>", b"<Invoices></Invoices>", b"<Response/>", b"", b"  "):
        reply = await client.call("POST", "/Invoices", body, headers=SENT)
        assert (reply.status, reply.json()["ErrorNumber"]) == (400, 17)


async def test_without_defusedxml_a_415_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is needed for reading alone: answers still come as XML."""
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    reply = await client.call("PUT", "/Invoices", INVOICE.encode(), headers=SENT)
    assert reply.status == 415
    assert b"pip install 'xero_async[xml]'" in reply.body
    assert tree(await client.call("GET", "/Invoices", headers=XML)).tag == "Response"


async def test_a_file_of_xml_stays_as_it_is(client: Client) -> None:
    """An attachment is bytes, whatever they look like, on the way in and out."""
    made = await client.call("PUT", "/Contacts", b"<Contact><Name>N</Name></Contact>", headers=SENT)
    path = f"/Contacts/{made.json()['Contacts'][0]['ContactID']}/Attachments/a.xml"
    up = await client.call("PUT", path, b"<Invoices/>", headers={"Content-Type": "application/xml"})
    down = await client.call("GET", path, headers={"Accept": "*/*"})
    assert (up.status, down.body, down.headers["Content-Type"]) == (200, b"<Invoices/>", "application/xml")


# -- what comes back --------------------------------------------------------------------------------------------------


async def test_a_page_is_the_same_in_both_forms(client: Client) -> None:
    """XML decodes to the records that JSON decodes to, page numbers included."""
    await client.call("PUT", "/Invoices", invoices("A-1", "A-2"))
    told = await client.call("GET", "/Invoices?page=1")
    shown = await client.call("GET", "/Invoices?page=1", headers=XML)
    found = tree(shown)
    assert found.tag == "Response"
    assert [each.tag for each in found][:4] == ["Id", "Status", "ProviderName", "DateTimeUTC"]
    assert texts(found, "Status") == ["OK"]
    assert texts(found, "Invoices/Invoice/Date") == ["2026-01-31T00:00:00"] * 2
    assert not found.findall(".//DateString")
    assert texts(found, "Invoices/Invoice/LineItems/LineItem/Quantity") == ["1.0000"] * 2
    again = element_of(shown)
    assert decode(Invoices, again).records == decode(Invoices, told.body).records
    assert decode(Invoices, again).pagination == decode(Invoices, told.body).pagination


def element_of(reply: Reply) -> bytes:
    """The JSON that an XML answer stands for."""
    return msgspec.json.Encoder(decimal_format="number").encode(decode_xml(reply.body, Invoices))


async def test_a_failed_batch_lists_its_elements_by_kind(client: Client) -> None:
    """The summary of errors is an ApiException whose elements are DataContractBases of type Invoice."""
    body = f"<Invoices>{INVOICE.format('A-1')}{BROKEN.format('A-2')}</Invoices>".encode()
    found = tree(reply := await client.call("PUT", "/Invoices", body, headers=SENT | XML))
    assert reply.status == 400
    assert (found.tag, texts(found, "Type")) == ("ApiException", ["ValidationException"])
    (failed,) = found.findall("Elements/DataContractBase")
    assert failed.get(TYPE) == "Invoice"
    assert texts(failed, "InvoiceNumber") == ["A-2"]
    assert all(texts(failed, "ValidationErrors/ValidationError/Message"))
    assert client.sandbox.counters.documents[client.tenant]["Invoices"] == 1


async def test_an_unsummarised_batch_has_the_status_as_an_attribute(client: Client) -> None:
    """With `summarizeErrors=False` each element says what became of it, where XML says such things."""
    body = f"<Invoices>{INVOICE.format('A-1')}{BROKEN.format('A-2')}</Invoices>".encode()
    found = tree(await client.call("POST", "/Invoices?summarizeErrors=False", body, headers=SENT | XML))
    assert [each.get("status") for each in found.findall("Invoices/Invoice")] == ["OK", "ERROR"]
    assert not found.findall(".//StatusAttributeString")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("application/json, */*", "json"),
        ("application/json, text/plain, */*", "json"),
        ("*/*, application/json", "json"),
        ("application/json;q=0.5, application/xml;q=0.4", "json"),
        ("application/vnd.api+json", "json"),
        ("application/json, application/xml", "json"),
        ("application/json;q=nonsense", "json"),
        ("application/xml, application/json", "xml"),
        ("application/json;q=0.4, text/xml;q=0.5", "xml"),
        ("application/json;q=0.1, */*", "xml"),
        ("application/json;q=0", "xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("*/*", "xml"),
        ("application/*", "xml"),
        ("", "xml"),
        ("text/csv", "xml"),
        (",;,q=1;", "xml"),
    ],
)
def test_json_is_what_has_to_be_asked_for(accept: str, form: str) -> None:
    """XML is Xero's own form: JSON comes when it is named and XML is not liked better."""
    assert preferred(accept) == form


async def test_no_accept_header_means_xml(client: Client) -> None:
    """A client that forgets the header gets here what it would get at Xero."""
    headers = {"Authorization": f"Bearer {client.token}", "Xero-Tenant-Id": client.tenant}
    async with client.http.get(
        f"{client.sandbox.base_url}/api.xro/2.0/Organisation", headers=headers, skip_auto_headers=["Accept"]
    ) as answer:
        found = tree(Reply(answer.status, answer.headers, await answer.read()))
    assert len(texts(found, "Organisations/Organisation/Name")) == 1


async def test_reports_come_as_xml_too(client: Client) -> None:
    """Rows within rows, and lists of bare text."""
    shown = await client.call("GET", "/Reports/TrialBalance", headers=XML)
    told = await client.call("GET", "/Reports/TrialBalance")
    titles = texts(tree(shown), "Reports/Report/ReportTitles/ReportTitle")
    assert titles == told.json()["Reports"][0]["ReportTitles"]
    assert decode_xml(shown.body, ReportWithRows)["Reports"] == [
        {name: value for name, value in report.items() if name != "UpdatedDateUTC"}
        | ({"UpdatedDateUTC": _iso(shown)} if "UpdatedDateUTC" in report else {})
        for report in told.json()["Reports"]
    ]


def _iso(reply: Reply) -> str | None:
    return tree(reply).findtext("Reports/Report/UpdatedDateUTC")


async def test_what_is_no_document_keeps_its_form(client: Client) -> None:
    """404s stay plain text, refusals of the gateway and of the identity server stay JSON, and PDFs PDFs."""
    missing = await client.call("GET", "/Invoices/none", headers=XML)
    assert (missing.status, missing.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    made = await client.call("PUT", "/Invoices", invoices("A-1"))
    pdf = await client.call("GET", f"/Invoices/{made.json()['Invoices'][0]['InvoiceID']}/pdf", headers=XML)
    assert pdf.headers["Content-Type"] == "application/pdf"
    connections = await client.send("GET", "/connections", headers=XML)
    assert connections.headers["Content-Type"].startswith("application/json")
    client.token = "wrong"
    refused = await client.call("GET", "/Invoices", headers=XML)
    assert (refused.status, refused.json()["Title"]) == (401, "Unauthorized")


async def test_a_replay_comes_in_the_form_that_is_asked_for(client: Client) -> None:
    """The stored answer is the same, whichever form it is read in, and so are errors of the keys themselves."""
    headers = SENT | {"Idempotency-Key": "k"}
    body = INVOICE.format("A-1").encode()
    first = await client.call("PUT", "/Invoices", body, headers=headers)
    second = await client.call("PUT", "/Invoices", body, headers=headers | XML)
    assert texts(tree(second), "Invoices/Invoice/InvoiceID") == [first.json()["Invoices"][0]["InvoiceID"]]
    assert client.sandbox.counters.documents[client.tenant]["Invoices"] == 1
    other = await client.call("PUT", "/Invoices", BROKEN.encode(), headers=headers | XML)
    assert (other.status, tree(other).tag) == (400, "ApiException")


async def test_internal_errors_stay_what_they_are() -> None:
    """A 500 of the fault plan is JSON for everyone."""
    async with running(faults=[Fault(kind="500")]) as client:
        reply = await client.call("GET", "/Invoices", headers=XML)
        assert (reply.status, reply.json()["Status"]) == (500, 500)


async def test_xml_is_compressed_like_json(client: Client) -> None:
    """A long answer comes compressed."""
    await client.call("PUT", "/Invoices", invoices(*(f"A-{number}" for number in range(9))))
    reply = await client.call("GET", "/Invoices?page=1", headers=XML | {"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(texts(tree(reply), "Invoices/Invoice")) == 9


def test_an_organisation_survives_the_way_through_xml() -> None:
    """What the codec writes for an answer, it reads as the same document."""
    document: dict[str, Any] = {"Organisations": [{"Name": "A", "PaysTax": True, "Addresses": [{"City": "B"}]}]}
    assert decode_xml(element("Response", document, Organisations).encode(), Organisations) == document


def test_the_id_of_the_one_record_that_is_sent() -> None:
    """An id counts where there is one record, bare or in a list."""
    assert id_in(b'{"AccountID":"a"}', "AccountID") == "a"
    assert id_in(b'{"Accounts":[{"AccountID":"a"}]}', "AccountID") == "a"
    for body in (b"", b"[]", b"{}", b"{", b'{"AccountID":1}', b'{"Accounts":[{"AccountID":"a"},{"AccountID":"b"}]}'):
        assert id_in(body, "AccountID") == ""


# -- anything at all --------------------------------------------------------------------------------------------------

PATHS = ["/Invoices", "/Contacts", "/Payments", "/Setup", "/Accounts", "/TrackingCategories", "/BatchPayments"]
NAMES = st.sampled_from(
    ["Invoices", "Invoice", "Contact", "Payment", "Accounts", "Account", "Response", "LineItems", "LineItem", "Total"]
)
ELEMENTS = st.recursive(
    st.sampled_from(["", "1", "x", "true", "2026-01-01", "9" * 50, "&amp;", " ", "1E+9999"]),
    lambda inner: st.lists(st.tuples(NAMES, inner), max_size=3).map(
        lambda parts: "".join(f"<{name}>{part}</{name}>" for name, part in parts)
    ),
    max_leaves=8,
)
BODIES = st.tuples(NAMES, ELEMENTS).map(lambda part: f"<{part[0]}>{part[1]}</{part[0]}>".encode()) | st.binary(
    max_size=60
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(st.sampled_from(["PUT", "POST"]), st.sampled_from(PATHS), BODIES), max_size=6))
async def test_no_xml_makes_the_sandbox_stumble(client: Client, calls: list[tuple[str, str, bytes]]) -> None:
    """Whatever is sent as XML, the answer is a document or a refusal in XML, or plain text; never a 500."""
    for method, path, body in calls:
        try:
            reply = await client.call(method, path, body, headers=SENT | XML)
        except aiohttp.ClientError:  # pragma: no cover - it would be a failure of the server
            pytest.fail("the connection broke")
        assert reply.status in (200, 400, 404, 501)
        if not reply.headers["Content-Type"].startswith("text/plain"):
            assert tree(reply).tag in ("Response", "ApiException")
