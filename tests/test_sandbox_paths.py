"""The paths, methods, queries and encodings that real clients send, beyond those of the table."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncGenerator, Callable

import pytest
import pytest_asyncio
from sandbox_client import Client, invoices, running

from xero_async import operations
from xero_async.sandbox.routing import Router

SPELLINGS = [
    "/api.xro/2.0/Organisation",
    "/api.xro/2.0/Organisations",
    "/api.xro/2.0/organisations/",
    "/API.XRO/2.0/ORGANISATION",
    "//api.xro//2.0//Organisation//",
    "/Api.Xro/2.0/%4Frganisation?",
]


@pytest_asyncio.fixture
async def client() -> AsyncGenerator[Client]:
    """A client of a sandbox with nothing in it."""
    async with running() as client:
        yield client


@pytest.fixture(scope="module")
def router() -> Router:
    """The routes of the whole table."""
    return Router(operations())


# -- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPELLINGS)
async def test_a_path_may_be_written_in_many_ways(client: Client, path: str) -> None:
    """Any case, slashes doubled and trailing, escapes, and the plural of the organisation."""
    reply = await client.send("GET", path)
    assert reply.status == 200
    assert len(reply.json()["Organisations"]) == 1


# The names that pyxero 0.9.5 gives to its resources: https://github.com/freakboy3742/pyxero
# fmt: off
PYXERO = [
    "Accounts", "BankTransactions", "BankTransfers", "BrandingThemes", "BatchPayments", "ContactGroups", "Contacts",
    "CreditNotes", "Currencies", "Employees", "ExpenseClaims", "Invoices", "Items", "Journals", "ManualJournals",
    "Organisations", "Overpayments", "PaymentServices", "Payments", "Prepayments", "PurchaseOrders", "Receipts",
    "RepeatingInvoices", "Reports", "TaxRates", "TrackingCategories", "Users", "Quotes",
]
# fmt: on


@pytest.mark.parametrize("name", PYXERO)
async def test_every_resource_of_pyxero_is_there(client: Client, name: str) -> None:
    """Each list that the client offers is answered under its name, with the status that it looks for."""
    reply = await client.call("GET", f"/{name}", headers={"Content-Type": "application/xml"})
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.json()["Status"] == "OK"


@pytest.mark.parametrize("tail", ["history/", "History", "HISTORY/", "Attachments/", "attachments", "onlineinvoice/"])
async def test_what_hangs_on_a_record_is_found_in_any_case(client: Client, tail: str) -> None:
    """History, attachments and the online invoice, with a slash behind them or not."""
    made = await client.call("PUT", "/Invoices", invoices("A-1"))
    reply = await client.call("GET", f"/invoices/{made.json()['Invoices'][0]['InvoiceID'].upper()}/{tail}")
    assert reply.status == 200


async def test_a_record_goes_by_its_number_as_well(client: Client) -> None:
    """`POST /Invoices/A-1` changes the invoice of that number."""
    await client.call("PUT", "/Invoices", invoices("A-1"))
    body = {"InvoiceNumber": "A-1", "Reference": "changed"}
    reply = await client.call("POST", "/Invoices/A-1", body)
    assert [each["Reference"] for each in reply.json()["Invoices"]] == ["changed"]


# -- methods ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/Organisation"),
        ("PUT", "/Organisations"),
        ("DELETE", "/Invoices"),
        ("PATCH", "/Contacts"),
        ("OPTIONS", "/Contacts"),
        ("POST", "/Currencies"),
        ("GET", "/Setup"),
        ("PUT", "/Invoices/0f6dd5bb-5f3c-4bd8-9c52-0d5f1f7a3c11"),
    ],
)
async def test_a_method_that_a_path_does_not_take_is_a_501(client: Client, method: str, path: str) -> None:
    """Xero says that the method is not implemented, in either form."""
    reply = await client.call(method, path)
    assert (reply.status, reply.json()["ErrorNumber"]) == (501, 20)
    assert reply.json()["Type"] == "ApiMethodNotImplementedException"
    shown = await client.call(method, path, headers={"Accept": "text/xml"})
    assert shown.body.startswith(b"<ApiException ")
    assert client.sandbox.counters.operations == {"unknown": 2}


async def test_head_is_a_method_like_any_other(client: Client) -> None:
    """No operation takes HEAD."""
    reply = await client.call("HEAD", "/Organisation")
    assert (reply.status, reply.body) == (501, b"")


@pytest.mark.parametrize(
    ("path", "id_name", "first", "change"),
    [
        ("/Accounts", "AccountID", {"Code": "901", "Name": "N", "Type": "EXPENSE"}, {"Name": "M"}),
        ("/TrackingCategories", "TrackingCategoryID", {"Name": "N"}, {"Name": "M"}),
        ("/ContactGroups", "ContactGroupID", {"Name": "N"}, {"Name": "M"}),
    ],
)
async def test_a_post_saves_where_put_makes_and_post_changes(
    client: Client, path: str, id_name: str, first: dict[str, str], change: dict[str, str]
) -> None:
    """Without an id it makes a record, with one it changes that record; bare, in a list or as XML."""
    name = path[1:]
    for each in (await client.call("GET", "/TrackingCategories")).json()["TrackingCategories"]:
        await client.call("DELETE", f"/TrackingCategories/{each['TrackingCategoryID']}")  # there may be two at most
    made = await client.call("POST", path, first)
    assert made.status == 200
    record = made.json()[name][0][id_name]
    changed = await client.call("POST", path, {name: [{id_name: record, **change}]})
    assert changed.status == 200
    assert (changed.json()[name][0][id_name], changed.json()[name][0]["Name"]) == (record, "M")
    listed = (await client.call("GET", path)).json()[name]
    assert [each["Name"] for each in listed if each["Name"] in "NM"] == ["M"]
    missing = await client.call("POST", path, {id_name: "0f6dd5bb-5f3c-4bd8-9c52-0d5f1f7a3c11", **change})
    assert missing.status == 404


def test_what_post_saves_is_known_from_the_table(router: Router) -> None:
    """These collections take a POST that the table does not list, and no others do."""
    paths = {row.path.strip("/") for row in operations() if "{" not in row.path}
    own = {row.path.strip("/") for row in operations() if row.method == "POST"}
    saving = {path for path in paths - own if router.find("POST", path.split("/"))}
    assert saving == {
        "Accounts",
        "ContactGroups",
        "ExpenseClaims",
        "LinkedTransactions",
        "Receipts",
        "TrackingCategories",
    }


# -- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "tRuE"])
@pytest.mark.parametrize("name", ["summaryOnly", "SummaryOnly", "SUMMARYONLY"])
async def test_a_flag_may_be_written_in_any_case(client: Client, name: str, word: str) -> None:
    """`summaryOnly=True` is what Python clients send."""
    await client.call("PUT", "/Invoices", invoices("A-1"))
    told = await client.call("GET", f"/Invoices?{name}={word}")
    whole = await client.call("GET", f"/Invoices?page=1&{name}={word.lower().replace('true', 'False')}")
    assert not told.json()["Invoices"][0].get("LineItems")
    assert whole.json()["Invoices"][0]["LineItems"]


async def test_archived_records_are_asked_for_in_any_case(client: Client) -> None:
    """`includeArchived=True` shows them, `False` does not."""
    made = await client.call("PUT", "/Contacts", {"Contacts": [{"Name": "N"}]})
    contact = {"ContactID": made.json()["Contacts"][0]["ContactID"], "ContactStatus": "ARCHIVED"}
    await client.call("POST", "/Contacts", contact)
    for word, count in [("True", 1), ("true", 1), ("False", 0), ("false", 0)]:
        reply = await client.call("GET", f"/Contacts?includeArchived={word}")
        assert len(reply.json()["Contacts"]) == count


@pytest.mark.parametrize("word", ["false", "False", "FALSE"])
async def test_errors_are_not_summarised_in_any_case(client: Client, word: str) -> None:
    """`summarizeErrors=False` is heard."""
    reply = await client.call("PUT", f"/Invoices?summarizeErrors={word}", {"Invoices": [{"Type": "ACCREC"}]})
    assert reply.status == 200


@pytest.mark.parametrize("query", ["IDs={0},{1}", "ids={0}&IDS={1}", "IDs={0}%2C{1}", "IDs={0},%20{1}"])
async def test_lists_of_ids_may_be_repeated_or_joined(client: Client, query: str) -> None:
    """Commas, escaped commas and repeated parameters are all one list."""
    made = await client.call("PUT", "/Invoices", invoices("A-1", "A-2", "A-3"))
    ids = [each["InvoiceID"] for each in made.json()["Invoices"]]
    reply = await client.call("GET", "/Invoices?" + query.format(ids[0], ids[2]))
    assert sorted(each["InvoiceID"] for each in reply.json()["Invoices"]) == sorted([ids[0], ids[2]])


@pytest.mark.parametrize("space", ["+", "%20"])
async def test_a_filter_may_be_escaped_either_way(client: Client, space: str) -> None:
    """A space is a plus or `%20`, quotes and signs are escaped or not."""
    await client.call("PUT", "/Invoices", invoices("A-1", "A-2"))
    for where in (
        f'InvoiceNumber=="A-2"{space}AND{space}Total>0',
        f"InvoiceNumber%3D%3D%22A-2%22{space}AND{space}Total%3E0",
    ):
        reply = await client.call("GET", f"/Invoices?page=1&where={where}")
        assert [each["InvoiceNumber"] for each in reply.json()["Invoices"]] == ["A-2"]


async def test_ids_days_and_moments_come_as_pyxero_writes_them(client: Client) -> None:
    """Ids without hyphens, days without zeros, and a day in quotes for `If-Modified-Since`."""
    made = await client.call("PUT", "/Invoices", invoices("A-1", "A-2"))
    first = made.json()["Invoices"][0]
    bare = await client.call("GET", f"/Invoices?IDs={first['InvoiceID'].replace('-', '')}")
    assert [each["InvoiceID"] for each in bare.json()["Invoices"]] == [first["InvoiceID"]]
    quote = {"Contact": {"Name": "N"}, "Date": "2026-01-05", "LineItems": [{"Description": "d"}]}
    await client.call("PUT", "/Quotes", {"Quotes": [quote]})
    for days, count in [("DateFrom=2026-1-5", 1), ("DateFrom=2026-1-6", 0), ("DateTo=2026-1-5", 1)]:
        reply = await client.call("GET", f"/Quotes?{days}")
        assert len(reply.json()["Quotes"]) == count
    for since, count in [('"2020-01-01"', 2), ('"2040-01-01"', 0), ('"2020-01-01 10:00:00"', 2)]:
        reply = await client.call("GET", "/Invoices?page=1", headers={"If-Modified-Since": since})
        assert len(reply.json()["Invoices"]) == count


# -- compression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip", True),
        ("GZIP, deflate", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("deflate, br", False),
        ("*;q=0", False),
        ("", False),
    ],
)
async def test_answers_are_compressed_for_those_who_take_it(client: Client, accepted: str, used: bool) -> None:
    """`gzip`, or anything, unless its quality is 0."""
    await client.call("PUT", "/Invoices", invoices(*(f"A-{number}" for number in range(9))))
    reply = await client.call("GET", "/Invoices?page=1", headers={"Accept-Encoding": accepted})
    assert (reply.headers.get("Content-Encoding") == "gzip") is used
    assert len(reply.json()["Invoices"]) == 9


async def test_short_answers_are_left_as_they_are(client: Client) -> None:
    """Compressing would make them longer."""
    reply = await client.call("GET", "/Invoices?page=1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in reply.headers


@pytest.mark.parametrize(("name", "squeeze"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_requests_may_be_compressed(client: Client, name: str, squeeze: Callable[[bytes], bytes]) -> None:
    """A body is unpacked before it is read."""
    body = squeeze(b'{"Contacts":[{"Name":"Packed"}]}')
    reply = await client.call("PUT", "/Contacts", body, headers={"Content-Encoding": name})
    assert [each["Name"] for each in reply.json()["Contacts"]] == ["Packed"]


@pytest.mark.parametrize(
    ("name", "body"),
    [("gzip", b"no gzip at all"), ("gzip", gzip.compress(b"x" * 9999, mtime=0)[:20]), ("deflate", b"\xff\xff")],
)
async def test_a_body_that_cannot_be_unpacked_is_a_400(client: Client, name: str, body: bytes) -> None:
    """Damaged compression is the client's fault."""
    reply = await client.call("PUT", "/Contacts", body, headers={"Content-Encoding": name})
    assert reply.status == 400


async def test_a_bomb_is_not_unpacked_to_its_end(client: Client) -> None:
    """A body that unpacks to more than any request may have is refused as too large, and the server goes on."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(bytes(2**20)) for _ in range(64)) + squeeze.flush()
    assert len(bomb) < 100_000
    reply = await client.call("PUT", "/Contacts", bomb, headers={"Content-Encoding": "gzip"})
    assert reply.status == 413
    assert (await client.call("GET", "/Organisation")).status == 200
