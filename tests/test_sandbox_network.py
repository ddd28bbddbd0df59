"""The Network API v1 at the sandbox, over bare HTTP: its eleven interfaces, its keys, statuses, limits and faults."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network_client import LINES, V1, contact, errors, invoice, line, running_v1, tree
from sandbox_client import STILL, Client, Dropped, send_once

from xero_async.sandbox import Fault, FaultPlan, Sandbox, SandboxLimits
from xero_async.sandbox.documents import Documents
from xero_async.sandbox.network import NETWORK_OPERATIONS
from xero_async.sandbox.network_keys import NetworkKeys, without_keys
from xero_async.sandbox.network_rules import INTERFACES


@pytest_asyncio.fixture
async def v1() -> AsyncGenerator[V1]:
    """A v1 program at a sandbox with three contacts and six invoices."""
    async with running_v1(contacts=3, invoices=6, tenants=2) as v1:
        yield v1


def body_for(root: str) -> str:
    """What an interface that takes this outermost element is sent."""
    record = invoice("A-1") if root.startswith("Invoice") else contact(Name="Ann")
    return f"<{root}>{record}</{root}>" if root.endswith("s") else record if root else ""


async def asked_for(v1: V1, name: str) -> dict[str, str]:
    """The parameters of an interface: for one record its id."""
    if name not in ("v1.getContact", "v1.getInvoice"):
        return {}
    noun = name.removeprefix("v1.get")
    listed = tree(await v1.call(f"GET /api.xro/1.0/{noun.lower()}s"), 200)
    return {f"{noun.lower()}ID": listed.findtext(f"{noun}s/{noun}/{noun}ID") or ""}


# -- the interfaces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", LINES)
async def test_each_line_of_the_table_of_interfaces(v1: V1, named: str) -> None:
    """Each interface answers 200 with a whole response of XML, and is counted under its name."""
    operation, sent, shown = LINES[named]
    reply = await v1.call(named, body_for(sent), **await asked_for(v1, operation))
    response = tree(reply, 200)
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert response.tag == "Response"
    assert response.findtext("Status") == "OK"
    assert len(response.findtext("ID") or "") == 36
    assert response.findtext("ProviderName") == "xero_async sandbox"
    assert (response.findtext("DateTimeUTC") or "").startswith("2027-01-15T08:00:00")
    assert len(response.findall(shown)) == 1
    assert v1.sandbox.counters.operations[operation] >= 1


def test_the_sandbox_has_every_interface_of_the_document() -> None:
    """The table of interfaces has eleven lines, and the sandbox's names, at its door and in its engine, are those."""
    assert frozenset(operation for operation, _, _ in LINES.values()) == NETWORK_OPERATIONS
    assert frozenset(INTERFACES) == NETWORK_OPERATIONS
    assert len(NETWORK_OPERATIONS) == len(LINES) == 11


async def test_accounts_have_what_v1_told_of_them(v1: V1) -> None:
    """GET /api.xro/1.0/accounts: code, name, type and tax type of each account, and no id; `where` does nothing."""
    listed = tree(await v1.call("GET /api.xro/1.0/accounts", where='Code=="200"'), 200).findall("Accounts/Account")
    (sales,) = (each for each in listed if each.findtext("Code") == "200")
    assert {each.tag: each.text for each in sales} == {
        "Code": "200", "Name": "Sales", "Type": "REVENUE", "TaxType": "OUTPUT", "Description": None,
    }  # fmt: skip
    today = (await v1.today.call("GET", "/Accounts")).json()["Accounts"]
    assert len(listed) == len(today) > 50


async def test_tracking_has_categories_with_options(v1: V1) -> None:
    """GET /api.xro/1.0/tracking: the categories and the names of their options, as a v2 program sees them."""
    listed = tree(await v1.call("GET /api.xro/1.0/tracking"), 200).findall("Tracking/TrackingCategory")
    told = {each.findtext("Name"): [name.text for name in each.iterfind("Options/Option/Name")] for each in listed}
    today = (await v1.today.call("GET", "/TrackingCategories")).json()["TrackingCategories"]
    assert told == {each["Name"]: [option["Name"] for option in each["Options"]] for each in today}


async def test_an_import_takes_many_invoices(v1: V1) -> None:
    """POST /import.xro: drafts in bulk, each with what became of it; its path stands at the root, in any case."""
    sent = "".join(invoice(f"I-{number}") for number in range(30))
    response = tree(await v1.call("POST /Import.XRO", f"<Invoices>{sent}{invoice('I-0')}</Invoices>"), 200)
    made = response.findall("Invoices/Invoice")
    assert [bool(errors(each)) for each in made] == [False] * 30 + [True]
    assert v1.sandbox.counters.documents[v1.today.tenant]["Invoices"] == 36
    assert tree(await v1.call("POST /import.xro", invoice("I-30")), 200).find("Invoices/Invoice") is not None


async def test_one_record_by_id_or_by_number(v1: V1) -> None:
    """GET contact and GET invoice: the id counts more than the number; what is not there is a 404."""
    (made,) = await v1.save(contact(Name="Ann", ContactNumber="C 1"))
    await v1.save(contact(Name="Bob", ContactNumber="C 2"))
    own = made.findtext("ContactID") or ""
    for asked in ({"contactID": own}, {"contactNumber": "C 1"}, {"CONTACTID": own.upper(), "contactNumber": "C 2"}):
        found = tree(await v1.call("GET /api.xro/1.0/contact", **asked), 200)
        assert found.findtext("Contact/Name") == "Ann"
    for missing in ({"contactID": "C 1"}, {"contactNumber": "C 3"}, {"contactID": self_made(1)}):
        assert tree(await v1.call("GET /api.xro/1.0/contact", **missing), 404).tag == "ApiException"
    assert tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="nothing"), 404).tag == "ApiException"


def self_made(number: int) -> str:
    """An id that the sandbox has not made."""
    return f"00000000-0000-4000-8000-{number:012d}"


async def test_contacts_are_filtered_and_sorted(v1: V1) -> None:
    """GET contacts: customers, suppliers or all; by name or by email address, up or down; changed after a moment."""
    async with running_v1() as v1:
        names = ("Cid", "Ann", "Bob")
        await v1.save(*(contact(Name=name, EmailAddress=f"{9 - at}@example.com") for at, name in enumerate(names)))
        await v1.insert(invoice("A-1", contact="<Name>Ann</Name>"))
        await v1.insert(invoice("B-1", contact="<Name>Bob</Name>", InvoiceType="ACCPAY"))

        async def listed(**query: str) -> list[str | None]:
            found = tree(await v1.call("GET /api.xro/1.0/contacts", **query), 200)
            return [each.text for each in found.findall("Contacts/Contact/Name")]

        assert await listed() == ["Ann", "Bob", "Cid"]
        assert await listed(type="all", sortBy="NAME", direction="desc") == ["Cid", "Bob", "Ann"]
        assert await listed(sortBy="emailaddress") == ["Bob", "Ann", "Cid"]
        assert (await listed(type="customers"), await listed(type="suppliers")) == (["Ann"], ["Bob"])
        v1.sandbox.advance(60)
        await v1.save(contact(Name="Bob", EmailAddress="new@example.com"))
        assert await listed(updatedAfter="2027-01-15T08:00:30") == ["Bob"]
        assert await listed(updatedAfter="2027-01-15T08:00:30", type="customers") == []


async def test_invoices_after_a_moment(v1: V1) -> None:
    """GET invoices: all with their lines, or those that were made or paid after a moment in UTC."""
    v1.sandbox.advance(60)
    await v1.insert(invoice("A-1"))
    everything = tree(await v1.call("GET /api.xro/1.0/invoices"), 200).findall("Invoices/Invoice")
    assert len(everything) == 7
    assert all(each.find("LineItems/LineItem") is not None for each in everything)
    later = tree(await v1.call("GET /api.xro/1.0/invoices", modifiedSince="2027-01-15T08:00:30"), 200)
    assert [each.findtext("InvoiceNumber") for each in later.findall("Invoices/Invoice")] == ["A-1"]


@pytest.mark.parametrize(
    ("named", "query"),
    [
        ("contacts", {"type": "nobody"}),
        ("contacts", {"sortBy": "age"}),
        ("contacts", {"direction": "sideways"}),
        ("contacts", {"updatedAfter": "yesterday"}),
        ("invoices", {"modifiedSince": "yesterday"}),
        ("contact", {}),
        ("invoice", {"invoiceID": ""}),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_an_exception(v1: V1, named: str, query: dict[str, str]) -> None:
    """v1 knew 500 for what it could not make sense of."""
    assert tree(await v1.call(f"GET /api.xro/1.0/{named}", **query), 500).findtext("Message")


async def test_a_list_that_is_too_long_is_an_exception() -> None:
    """v1 has no pages, so that the sandbox's bound of a list without pages holds for it."""
    async with running_v1(contacts=3) as v1:
        v1.sandbox.documents._high_volume = 2  # pyright: ignore[reportPrivateUsage] - else a test needs 100,000
        assert tree(await v1.call("GET /api.xro/1.0/contacts"), 500).findtext("Type") == "HighVolumeException"


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"apiKey": "wrong"},
        {"xeroKey": "wrong"},
        {"apiKey": ""},
        {"xeroKey": ""},
        {"apiKey": None},
        {"xeroKey": None},
        {"apiKey": None, "xeroKey": None},
        {"apiKey": "\N{SNOWMAN}\udcff"},
    ],
)
async def test_without_both_keys_there_is_a_401_of_xml(v1: V1, changes: dict[str, str | None]) -> None:
    """A key that is wrong or missing is a 401 and costs no call of the limits; nothing is done."""
    before = v1.sandbox.counters.documents
    query = {name: value for name, value in (v1.keys | changes).items() if value is not None}
    encoded = urlencode(query, errors="surrogateescape")
    for path, body in (("/api.xro/1.0/invoice", invoice("A-1")), ("/api.xro/1.0/nothing", ""), ("/import.xro", "<")):
        reply = await v1.send("PUT", f"{path}?{encoded}", body)
        assert tree(reply, 401).tag == "ApiException"
        assert "X-MinLimit-Remaining" not in reply.headers
    assert v1.sandbox.counters.documents == before
    assert not v1.sandbox.counters.busiest_window


async def test_a_key_opens_its_organisation_alone(v1: V1) -> None:
    """Each organisation has a key, in the order of the tenants, and what is written goes there."""
    first, second = v1.sandbox.tenants
    v1.keys["xeroKey"] = v1.sandbox.xero_keys[1]
    await v1.insert(invoice("A-1"))
    documents = v1.sandbox.counters.documents
    assert (documents[first]["Invoices"], documents[second]["Invoices"]) == (6, 7)
    assert [entry.tenant for entry in v1.sandbox.log.entries() if entry.operation == "v1.insertInvoices"] == [second]


async def test_keys_and_tokens_do_not_open_each_others_doors(v1: V1) -> None:
    """A token is nothing to v1, and keys are nothing to today's API."""
    token = {"Authorization": f"Bearer {v1.today.token}", "Xero-Tenant-Id": v1.today.tenant}
    tree(await v1.send("GET", "/api.xro/1.0/contacts", headers=token), 401)
    reply = await v1.send("GET", f"/api.xro/2.0/Contacts?{urlencode(v1.keys)}")
    assert reply.status == 401


def test_keys_follow_from_the_seed() -> None:
    """The same seed gives the same keys, more tenants leave those of the first alone, and all differ."""
    one, same, other = NetworkKeys(["a"], 1), NetworkKeys(["a", "b"], 1), NetworkKeys(["a"], 2)
    assert (one.api_key, one.xero_keys) == (same.api_key, same.xero_keys[:1])
    assert len({one.api_key, other.api_key, *same.xero_keys, *other.xero_keys}) == 5


async def test_the_announcement_tells_the_keys(v1: V1) -> None:
    """What a process tells when it is ready is all that a v1 program needs."""
    told = v1.sandbox.announcement()
    assert (told["api_key"], told["xero_keys"]) == (v1.sandbox.api_key, list(v1.sandbox.xero_keys))
    assert len(v1.sandbox.xero_keys) == len(v1.sandbox.tenants) == 2


@pytest.mark.parametrize(
    "address",
    [
        "/api.xro/1.0/contacts?{}",
        "/api.xro/1.0/contacts?type=all&{}&sortBy=name",
        "/api.xro/1.0/nothing?{}",
        "/nothing/at/all?{}",
        "/api.xro/2.0/Contacts?{}",
        "/connect/token?{}",
        "/api.xro/1.0/contacts&{}",
    ],
)
async def test_keys_are_covered_in_the_log(v1: V1, address: str) -> None:
    """Wherever an address with keys leads to, the log has neither of them, however their names are written."""
    names = (("apiKey", "xeroKey"), ("APIKEY", "XeroKey"), ("api%4bey", "xero+Key".replace("+", "")))
    for one, two in names:
        await v1.send("GET", address.format(f"{one}={v1.sandbox.api_key}&{two}={v1.sandbox.xero_keys[0]}"))
    await v1.call("PUT /api.xro/1.0/invoice", invoice("A-1"))
    log = (await v1.today.send("GET", "/sandbox/log")).body + (await v1.today.send("GET", "/sandbox/counters")).body
    assert v1.sandbox.log.entries()
    for key in (v1.sandbox.api_key, v1.sandbox.xero_keys[0]):
        assert key.encode() not in log


@given(st.text(alphabet="aApPiIkKeExXrRoOyY&?=#%41/", max_size=60), st.sampled_from(["apiKey", "XEROKEY", "%61piKey"]))
def test_no_address_shows_a_key(before: str, name: str) -> None:
    """What a query gives as a key is covered whatever stands before it, and the rest stays as it is."""
    shown = without_keys(f"{before}?page=1&{name}=SECRET#KEY&type=all")
    assert "SECRET" not in shown
    assert shown.endswith("&type=all")
    assert without_keys(before + "?monkey=1&apiKeys=2").endswith("?monkey=1&apiKeys=2")


# -- statuses ---------------------------------------------------------------------------------------------------------

BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Invoice><Reference>&b;</Reference></Invoice>'
UNREADABLE = [
    "",
    "   ",
    "<Invo",
    "{}",
    "<Invoice>",
    "<Nothing/>",
    BOMB,
    "<Contacts><Contact><Name>Ann</Name></Contact></Contacts>",
    f"<Invoices>{invoice('A-1')}</Invoices>",
    f"<?xml version='1.0' encoding='no-such'?>{invoice('A-1')}",
    "<Invoice>" * 100 + "</Invoice>" * 100,
    invoice("A-1", Total="a lot"),
]


@pytest.mark.parametrize("body", UNREADABLE)
async def test_what_cannot_be_read_is_an_exception(v1: V1, body: str) -> None:
    """XML that is none, or is another, is a 500 of XML, and nothing is done."""
    before = v1.sandbox.counters.documents
    exception = tree(await v1.call("PUT /api.xro/1.0/invoice", body), 500)
    assert exception.tag == "ApiException"
    assert exception.findtext("Message")
    assert v1.sandbox.counters.documents == before


async def test_a_record_with_errors_is_a_200_with_errors_inside(v1: V1) -> None:
    """v1 answered 200 though a document was refused: the record shows why, and is in the answer as it was sent."""
    reply = await v1.call("PUT /api.xro/1.0/invoice", invoice("A-1", line(Quantity="1", LineAmount="7.00")))
    (refused,) = tree(reply, 200).findall("Invoice")
    assert errors(refused) == ["The line total 7.00 does not match the expected line total 50.00"]
    assert refused.findtext("InvoiceNumber") == "A-1"
    reply = await v1.call("POST /api.xro/1.0/contact", contact(Name="Ann", EmailAddress="nowhere"))
    (refused,) = tree(reply, 200).findall("Contact")
    assert errors(refused) == ["The email address nowhere is not valid."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
async def test_other_encodings_are_read(v1: V1, encoding: str) -> None:
    """What the XML says of its encoding counts, and answers are UTF-8."""
    sent = f'<?xml version="1.0" encoding="{encoding}"?>{contact(Name="Café")}'.encode(encoding)
    found = tree(await v1.call("POST /api.xro/1.0/contact", sent), 200)
    assert found.findtext("Contact/Name") == "Café"


async def test_the_encoding_of_the_content_type_counts_more(v1: V1) -> None:
    """Where the header names an encoding, the XML is read in it."""
    address, named = f"/api.xro/1.0/contact?{urlencode(v1.keys)}", {"Content-Type": "text/xml; charset=iso-8859-1"}
    reply = await v1.send("POST", address, contact(Name="Café").encode("iso-8859-1"), headers=named)
    assert tree(reply, 200).findtext("Contact/Name") == "Café"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/api.xro/1.0/invoice", 501),
        ("POST", "/api.xro/1.0/invoice", 501),
        ("POST", "/api.xro/1.0/invoices", 501),
        ("PUT", "/api.xro/1.0/contact", 501),
        ("PUT", "/api.xro/1.0/accounts", 501),
        ("GET", "/import.xro", 501),
        ("GET", "/api.xro/1.0", 404),
        ("GET", "/api.xro/1.0/payments", 404),
        ("GET", "/api.xro/1.0/invoice/1", 404),
        ("POST", "/api.xro/1.0/import.xro", 404),
        ("POST", "/import.xro/1", 404),
    ],
)
async def test_other_methods_and_paths_are_refused_in_xml(v1: V1, method: str, path: str, status: int) -> None:
    """A method that a path does not take is 501, a path that there is not 404; both count as calls."""
    reply = await v1.send(method, f"{path}?{urlencode(v1.keys)}", invoice("A-1"))
    assert tree(reply, status).tag == "ApiException"
    assert v1.sandbox.counters.operations["unknown"] == 1


async def test_whatever_is_asked_for_the_answer_is_xml(v1: V1) -> None:
    """Neither an Accept header nor a content type makes anything else of v1's answers."""
    for accept in ("application/json", "application/pdf", "*/*"):
        reply = await v1.send("GET", f"/api.xro/1.0/contacts?{urlencode(v1.keys)}", headers={"Accept": accept})
        tree(reply, 200)
    reply = await v1.send(
        "PUT", f"/api.xro/1.0/invoice?{urlencode(v1.keys)}", invoice("A-1"), headers={"Content-Type": "text/plain"}
    )
    assert errors(tree(reply, 200).findall("Invoice")[0]) == []


async def test_without_the_extra_v1_still_reads(v1: V1, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where defusedxml is missing, reading goes on and a write is refused with the words that help."""
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    tree(await v1.call("GET /api.xro/1.0/contacts"), 200)
    told = tree(await v1.call("PUT /api.xro/1.0/invoice", invoice("A-1")), 415)
    assert told.tag == "ApiException"


# -- limits, faults, the clock ----------------------------------------------------------------------------------------


async def test_limits_hold_for_each_organisation_and_apart_from_other_apps() -> None:
    """v1 counts as an app of its own: its minute is full for one key, and open for another and for today's API."""
    async with running_v1(tenants=2, limits=SandboxLimits(minute=3)) as v1:
        for left in ("2", "1", "0"):
            reply = await v1.call("GET /api.xro/1.0/tracking")
            assert (tree(reply, 200).tag, reply.headers["X-MinLimit-Remaining"]) == ("Response", left)
        refused = await v1.call("GET /api.xro/1.0/tracking")
        assert tree(refused, 429).tag == "ApiException"
        assert refused.headers["X-Rate-Limit-Problem"] == "minute"
        assert int(refused.headers["Retry-After"]) > 0
        assert (await v1.today.call("GET", "/Contacts")).status == 200
        v1.keys["xeroKey"] = v1.sandbox.xero_keys[1]
        tree(await v1.call("GET /api.xro/1.0/tracking"), 200)
        v1.keys["xeroKey"] = v1.sandbox.xero_keys[0]
        v1.sandbox.advance(60)
        tree(await v1.call("GET /api.xro/1.0/tracking"), 200)
        assert v1.sandbox.counters.rejections == {"minute": 1}


async def test_faults_strike_v1_by_its_operations(v1: V1) -> None:
    """A gateway's answer stays a gateway's, Xero's own error is a 500 of XML, and a pretended limit a 429."""
    v1.sandbox.inject([Fault(kind="503", operation="v1.getContacts", times=1)])
    tree(await v1.call("GET /api.xro/1.0/tracking"), 200)
    reply = await v1.call("GET /api.xro/1.0/contacts")
    assert (reply.status, reply.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    tree(await v1.call("GET /api.xro/1.0/contacts"), 200)
    v1.sandbox.inject([Fault(kind="500", operation="v1.insertInvoice"), Fault(kind="day", operation="v1.getTracking")])
    exception = tree(await v1.call("PUT /api.xro/1.0/invoice", invoice("A-1")), 500)
    assert "An error occurred in Xero" in (exception.findtext("Message") or "")
    assert (await v1.call("GET /api.xro/1.0/tracking")).headers["X-Rate-Limit-Problem"] == "day"
    assert v1.sandbox.counters.injected == {"503": 1, "500": 1, "day": 1}
    assert v1.sandbox.counters.documents[v1.today.tenant]["Invoices"] == 6


async def test_a_lost_answer_is_of_a_write_that_was_done(v1: V1) -> None:
    """The connection drops before the work, when nothing is done, or after it, when the invoice is there."""
    for fault, number in (("drop_before", "A-1"), ("drop_after", "A-2"), ("cut", "A-3")):
        v1.sandbox.inject(FaultPlan.parse(f"{fault}:times=1"))
        with pytest.raises((Dropped, aiohttp.ClientPayloadError)):
            await v1.insert(invoice(number))
    listed = tree(await v1.call("GET /api.xro/1.0/invoices"), 200)
    numbers = {each.text for each in listed.iterfind("Invoices/Invoice/InvoiceNumber")}
    assert numbers & {"A-1", "A-2", "A-3"} == {"A-2", "A-3"}


async def test_a_failing_engine_is_an_exception_of_xml(v1: V1, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the sandbox itself looks as it does at Xero."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Documents, "execute", fail)
    assert tree(await v1.call("GET /api.xro/1.0/contacts"), 500).tag == "ApiException"


async def test_v1_has_no_idempotency_keys(v1: V1) -> None:
    """A key of today's API means nothing: the second insert is done, and refused for its number."""
    address = f"/api.xro/1.0/invoice?{urlencode(v1.keys)}"
    for refused in (False, True):
        reply = await v1.send("PUT", address, invoice("A-1"), headers={"Idempotency-Key": "same"})
        assert bool(errors(tree(reply, 200).findall("Invoice")[0])) == refused
    assert v1.sandbox.counters.replays == 0


async def test_latency_holds_for_v1_and_calls_at_once_are_counted() -> None:
    """Calls take as long as the sandbox is told, and more at once than allowed are turned away."""
    async with running_v1(latency=0.5, limits=SandboxLimits(concurrent=2)) as v1:
        replies = await asyncio.gather(*(v1.call("GET /api.xro/1.0/tracking") for _ in range(4)))
        assert sorted(reply.status for reply in replies) == [200, 200, 429, 429]
        assert v1.sandbox.counters.rejections == {"concurrent": 2}


async def test_the_log_tells_of_v1_calls(v1: V1) -> None:
    """An entry has the interface, the organisation, what was sent and what was answered."""
    await v1.call("PUT /api.xro/1.0/invoice", invoice("A-1"))
    (entry,) = v1.sandbox.log.entries()[-1:]
    assert (entry.operation, entry.tenant, entry.status) == ("v1.insertInvoice", v1.today.tenant, 200)
    assert entry.path == "/api.xro/1.0/invoice?apiKey=***&xeroKey=***"
    assert "<InvoiceNumber>A-1</InvoiceNumber>" in entry.request_body
    assert "<InvoiceStatus>DRAFT</InvoiceStatus>" in entry.answer_body


# -- what lasts -------------------------------------------------------------------------------------------------------


async def test_snapshots_resets_and_seeds_hold_what_v1_wrote(v1: V1) -> None:
    """What v1 wrote is in a snapshot, gone after a reset, and back when the snapshot is; the keys stay good."""
    await v1.insert(invoice("A-1"))
    snapshot = v1.sandbox.snapshot()
    v1.sandbox.reset()
    tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 404)
    v1.sandbox.restore(snapshot)
    tree(await v1.call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 200)
    v1.sandbox.seed(contacts=1, invoices=1)
    assert len(tree(await v1.call("GET /api.xro/1.0/invoices"), 200).findall("Invoices/Invoice")) == 1


async def test_a_write_is_in_the_store_before_its_answer_leaves(tmp_path: Path) -> None:
    """The files as a kill would leave them the moment the answer is there hold the invoice and its contact."""
    async with (
        Sandbox(store=f"{tmp_path}/store.db", limits=None, clock=lambda: STILL) as sandbox,
        aiohttp.ClientSession(middlewares=[send_once]) as http,
    ):
        v1 = V1(Client(sandbox, http))
        (made,) = await v1.insert(invoice("A-1"))
        assert errors(made) == []
        for part in ("", "-wal"):
            shutil.copyfile(f"{tmp_path}/store.db{part}", f"{tmp_path}/killed.db{part}")
        tenant = sandbox.tenants[0]
    async with (
        Sandbox(store=f"{tmp_path}/killed.db", limits=None, clock=lambda: STILL) as sandbox,
        aiohttp.ClientSession(middlewares=[send_once]) as http,
    ):
        counted = sandbox.documents.counts(tenant)
        assert (counted["Invoices"], counted["Contacts"]) == (1, 1)
        tree(await V1(Client(sandbox, http)).call("GET /api.xro/1.0/invoice", invoiceNumber="A-1"), 200)


# -- whatever comes ---------------------------------------------------------------------------------------------------

ELEMENTS = """
    Invoice Invoices Contact Contacts InvoiceType InvoiceID InvoiceNumber LineItems LineItem Quantity UnitAmount Total
    LineAmount TaxType Tracking TrackingCategory Name Option ContactID ContactStatus Addresses Address Phones Phone
"""
NAMES = st.sampled_from(ELEMENTS.split())
TEXTS = st.sampled_from(
    ["", "ACCREC", "1", "-1", "1e99", "1e400", "NaN", "0.005", "ACTIVE", "2026-02-30", "Ann", "\x7f", "é"]
)


@st.composite
def trees(draw: st.DrawFn) -> ElementTree.Element:
    """XML of v1's names in no sensible order."""

    def grown(element: ElementTree.Element, depth: int) -> ElementTree.Element:
        element.text = draw(TEXTS)
        for name in draw(st.lists(NAMES, max_size=3 if depth < 4 else 0)):
            element.append(grown(ElementTree.Element(name), depth + 1))
        return element

    root = draw(st.sampled_from(["Invoice", "Invoices", "Contact", "Contacts"]))
    return grown(ElementTree.Element(root), 0)


async def test_whatever_is_sent_is_answered_in_xml_and_without_a_failure(
    v1: V1, caplog: pytest.LogCaptureFixture
) -> None:
    """XML of every shape is a 200 or a 500 that tells why, and never a failure of the sandbox."""
    writes = [named for named, (_, sent, _) in LINES.items() if sent]
    bodies: list[bytes] = []

    @given(trees())
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], database=None)
    def gather(found: ElementTree.Element) -> None:
        bodies.append(ElementTree.tostring(found))

    gather()
    for body in bodies:
        for named in writes:
            reply = await v1.call(named, body)
            assert reply.status in (200, 500)
            tree(reply, reply.status)
    assert not caplog.records, [record.exc_info for record in caplog.records]
