"""pyxero, which writes XML and reads JSON: signs in, writes and searches, as the programs of its users do."""

from __future__ import annotations

import gc
import socket
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import pytest

from .browser import consent
from .process import Process, running

xero = pytest.importorskip("xero", reason="pyxero is not installed: `nox -s peers` runs these")
# Any: the package has no types.
auth: Any = pytest.importorskip("xero.auth")
errors: Any = pytest.importorskip("xero.exceptions")

CALLBACK = "http://localhost:5000/callback"
DAY = date(2026, 3, 31)
FILE = b"%PDF-1.4 of an invented receipt"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Process]:
    """A sandbox that these tests have for themselves."""
    with running("--contacts", "10", "--invoices", "130", "--tenants", "2", "--limits", "off") as process:
        yield process


@pytest.fixture(scope="module", autouse=True)
def _addresses(sandbox: Process) -> Iterator[None]:
    """Put the sandbox's addresses in the place of Xero's, and let oauthlib speak to a server without TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        patch.setattr(auth, "XERO_BASE_URL", sandbox.base_url)
        patch.setattr(auth, "XERO_OAUTH2_AUTHORIZE_URL", f"{sandbox.identity_url}/identity/connect/authorize")
        patch.setattr(auth, "XERO_OAUTH2_TOKEN_URL", f"{sandbox.identity_url}/connect/token")
        yield


def scopes() -> list[str]:
    """What is asked for."""
    names = ("OFFLINE_ACCESS", "ACCOUNTING_TRANSACTIONS", "ACCOUNTING_CONTACTS", "ACCOUNTING_SETTINGS")
    more = ("ACCOUNTING_ATTACHMENTS", "ACCOUNTING_JOURNALS_READ", "ACCOUNTING_REPORTS_READ")
    return [getattr(auth.XeroScopes, name) for name in (*names, *more)]


def let_in(sandbox: Process) -> Any:
    """Credentials with a user's consent, by their authorise URL and the code that comes back."""
    credentials = auth.OAuth2Credentials(
        sandbox.web_client_id, sandbox.web_client_secret, callback_uri=CALLBACK, scope=scopes()
    )
    credentials.verify(consent(credentials.generate_url()))
    credentials.set_default_tenant()
    return credentials


@pytest.fixture(scope="module")
def client(sandbox: Process, _addresses: None) -> Any:
    """pyxero, signed in to the first organisation."""
    return xero.Xero(let_in(sandbox))


def sale(**more: object) -> dict[str, Any]:
    """An approved sale over 120.00 and tax."""
    line = {"Description": "Consulting", "Quantity": 1, "UnitAmount": "120.00", "AccountCode": "200"}
    return {
        "Type": "ACCREC",
        "Contact": {"Name": "Smith & Sons <Ltd>"},
        "LineItems": [line],
        "Date": DAY,
        "DueDate": DAY + timedelta(days=30),
        "Status": "AUTHORISED",
        **more,
    }


def bank(client: Any) -> str:
    """The id of a bank account in the organisation's currency."""
    accounts = client.accounts.filter(Type="BANK", Status="ACTIVE")
    return str(next(each["AccountID"] for each in accounts if each.get("CurrencyCode", "NZD") == "NZD"))


# -- signing in ----------------------------------------------------------------------------------------------------


def test_consent_tenants_and_refresh(sandbox: Process) -> None:
    """A code becomes a token, the token reaches both tenants, and it is refreshed."""
    credentials = let_in(sandbox)
    assert [each["tenantId"] for each in credentials.get_tenants()] == sandbox.tenants
    assert not credentials.expired()
    old = dict(credentials.token)
    new = credentials.refresh()
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert xero.Xero(credentials).organisations.all()[0]["Name"] == "Sandbox Company 1"
    credentials.tenant_id = sandbox.tenants[1]
    assert xero.Xero(credentials).organisations.all()[0]["Name"] == "Sandbox Company 2"


def test_a_state_is_carried_over(sandbox: Process) -> None:
    """Credentials that are made anew from their state work on."""
    state = let_in(sandbox).state
    assert xero.Xero(auth.OAuth2Credentials(**state)).organisations.all()


def test_a_code_works_once(sandbox: Process) -> None:
    """The second use of a code is refused."""
    credentials = auth.OAuth2Credentials(
        sandbox.web_client_id, sandbox.web_client_secret, callback_uri=CALLBACK, scope=scopes()
    )
    back = consent(credentials.generate_url())
    credentials.verify(back)
    with pytest.raises(errors.XeroAccessDenied, match="invalid_grant"):
        credentials.verify(back)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its socket open
def test_pkce(sandbox: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way of a desktop app: its own web server, a browser, S256, and no secret."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]

    def browse(url: str) -> bool:
        def user() -> None:
            back = f"http://localhost:{port}/callback?error=no+page"  # so that nothing waits for ever
            with suppress(OSError):
                back = consent(url)
            with suppress(OSError, HTTPException):  # its server closes without an answer
                urlopen(back, timeout=10).read()

        threading.Timer(0.3, user).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    credentials = auth.OAuth2PKCECredentials(sandbox.pkce_client_id, None, port=port, scope=scopes())
    credentials.logon()
    credentials.set_default_tenant()
    assert xero.Xero(credentials).organisations.all()[0]["Name"] == "Sandbox Company 1"
    gc.collect()  # here, and not in somebody else's test


def test_a_made_up_token(sandbox: Process) -> None:
    """An unknown token is pyxero's `XeroUnauthorized`, with the reason."""
    token = {"access_token": "made up", "token_type": "Bearer", "expires_at": 4e9}
    credentials = auth.OAuth2Credentials("id", "secret", token=token, tenant_id=sandbox.tenants[0])
    with pytest.raises(errors.XeroUnauthorized) as caught:
        xero.Xero(credentials).organisations.all()
    assert caught.value.problem == "AuthenticationUnsuccessful"


# -- contacts and invoices -----------------------------------------------------------------------------------------


def test_a_contact(client: Any) -> None:
    """A contact with all around it goes out as XML, and comes back the same."""
    (made,) = client.contacts.put(
        {
            "Name": "Käse & Co",
            "FirstName": "Ana",
            "EmailAddress": "ana@example.com",
            "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "555 1234"}],
            "Addresses": [{"AddressType": "POBOX", "City": "Wellington"}],
            "ContactPersons": [{"FirstName": "Bo", "IncludeInEmails": True}],
        }
    )
    (read,) = client.contacts.get(made["ContactID"])
    assert (read["Name"], read["FirstName"]) == ("Käse & Co", "Ana")
    assert [each["PhoneNumber"] for each in read["Phones"] if each["PhoneType"] == "MOBILE"] == ["555 1234"]
    assert [(each["FirstName"], each["IncludeInEmails"]) for each in read["ContactPersons"]] == [("Bo", True)]
    read["FirstName"] = "Anna"
    (saved,) = client.contacts.save(read)
    assert (saved["ContactID"], saved["FirstName"]) == (read["ContactID"], "Anna")


def test_an_invoice(client: Any) -> None:
    """An invoice has its totals, dates and numbers, and is read by id and by number."""
    (made,) = client.invoices.put(sale(Reference="A & B"))
    assert made["SubTotal"] == 120.0
    assert made["Total"] == made["AmountDue"] == made["SubTotal"] + made["TotalTax"]
    (by_id,) = client.invoices.get(made["InvoiceID"])
    (by_number,) = client.invoices.get(made["InvoiceNumber"])
    assert by_id["InvoiceID"] == by_number["InvoiceID"] == made["InvoiceID"]
    assert (by_id["Reference"], by_id["Contact"]["Name"]) == ("A & B", "Smith & Sons <Ltd>")
    assert by_id["Date"].date() == DAY
    by_id["Reference"] = "changed"
    (saved,) = client.invoices.save(by_id)
    assert (saved["InvoiceID"], saved["Reference"]) == (made["InvoiceID"], "changed")


def test_one_invalid_among_valid(client: Any) -> None:
    """With `summarize_errors=False` all come back, the invalid one with what is wrong."""
    wrong = sale(Reference="wrong", LineItems=[{"Description": "x", "UnitAmount": 1, "AccountCode": "no such"}])
    answered = client.invoices.put([sale(Reference="one"), wrong, sale(Reference="two")], summarize_errors=False)
    told = {each["Reference"]: each for each in answered}
    assert {name: each["StatusAttributeString"] for name, each in told.items()} == {
        "one": "OK",
        "wrong": "ERROR",
        "two": "OK",
    }
    assert "no such" in told["wrong"]["ValidationErrors"][0]["Message"]
    assert client.invoices.get(told["one"]["InvoiceID"])[0]["Status"] == "AUTHORISED"


def test_one_invalid_among_valid_as_a_whole(client: Any) -> None:
    """Otherwise it is pyxero's `XeroBadRequest` with Xero's words."""
    wrong = sale(LineItems=[{"Description": "x", "UnitAmount": 1, "AccountCode": "no such"}])
    with pytest.raises(errors.XeroBadRequest, match="ValidationException") as caught:
        client.invoices.put([sale(Reference="saved nevertheless"), wrong])
    assert "no such" in caught.value.problem
    assert len(client.invoices.filter(Reference="saved nevertheless")) == 1


def test_drafts_are_deleted_and_approved_ones_voided(client: Any) -> None:
    """Status changes go through, and illegal ones are refused."""
    draft, approved = client.invoices.put([sale(Status="DRAFT"), sale()])
    assert client.invoices.save({"InvoiceID": draft["InvoiceID"], "Status": "DELETED"})[0]["Status"] == "DELETED"
    assert client.invoices.save({"InvoiceID": approved["InvoiceID"], "Status": "VOIDED"})[0]["Status"] == "VOIDED"
    with pytest.raises(errors.XeroBadRequest):
        client.invoices.save({"InvoiceID": approved["InvoiceID"], "Status": "AUTHORISED"})


# -- lists ---------------------------------------------------------------------------------------------------------

ALL = (
    "accounts",
    "banktransactions",
    "banktransfers",
    "brandingthemes",
    "batchpayments",
    "contactgroups",
    "contacts",
    "creditnotes",
    "currencies",
    "expenseclaims",
    "invoices",
    "items",
    "journals",
    "manualjournals",
    "organisations",
    "overpayments",
    "payments",
    "prepayments",
    "purchaseorders",
    "receipts",
    "repeatinginvoices",
    "reports",
    "taxrates",
    "trackingcategories",
    "users",
    "quotes",
)


@pytest.mark.parametrize("name", ALL)
def test_all(client: Any, name: str) -> None:
    """Every list that there is at Xero today is read and holds something."""
    found = getattr(client, name).all()
    assert isinstance(found, list)
    assert found


def test_pages(client: Any) -> None:
    """Pages of 100 hold every invoice once, with its lines."""
    ids: list[str] = []
    for page in range(1, 9):
        found = client.invoices.filter(page=page, order="InvoiceID")
        assert all(each["LineItems"] for each in found)
        ids += [each["InvoiceID"] for each in found]
        if len(found) < 100:
            break
    assert len(ids) == len(set(ids)) >= 130


@pytest.mark.parametrize(
    "filters",
    [
        {"Status": "PAID", "Type": "ACCREC"},
        {"Contact_Name__contains": "e"},
        {"Contact_Name__startswith": "S"},
        {"Date__gte": date(2025, 1, 1), "Date__lt": date(2030, 1, 1)},
        {"AmountDue__gt": 0, "raw": "AmountDue>0"},
        {"Statuses": ["DRAFT", "PAID"]},
        {"summaryOnly": True},
        {"Reference__isnull": False},
        {"order": "Date DESC"},
        {"raw": 'Type=="ACCREC" && (Status=="PAID" || Status=="AUTHORISED")'},
    ],
    ids=lambda filters: next(iter(filters)),
)
def test_filters(client: Any, filters: dict[str, Any]) -> None:
    """pyxero's ways to filter are understood, and find something."""
    if "AmountDue__gt" in filters:
        filters = {"raw": filters["raw"]}  # pyxero puts numbers in quotes
    assert client.invoices.filter(**filters)


def test_lists_by_id_and_contact(client: Any) -> None:
    """Ids without dashes, as pyxero writes them, are ids."""
    one, two = client.invoices.put([sale(), sale()])
    found = client.invoices.filter(IDs=[one["InvoiceID"], two["InvoiceID"]])
    assert {each["InvoiceID"] for each in found} == {one["InvoiceID"], two["InvoiceID"]}
    contact = one["Contact"]["ContactID"]
    assert client.invoices.filter(ContactIDs=[contact])
    assert client.invoices.filter(Contact_ContactID=contact)
    assert client.invoices.filter(InvoiceNumbers=[one["InvoiceNumber"]])[0]["InvoiceID"] == one["InvoiceID"]


def test_only_what_has_changed(client: Any) -> None:
    """A moment in RFC 1123's form, as pyxero writes it, leaves out what is older."""
    client.invoices.put(sale())
    now = datetime.now(UTC)
    assert 0 < len(client.invoices.filter(since=now - timedelta(minutes=5))) < 130
    assert client.invoices.filter(since=now + timedelta(days=1)) == []


# -- files, notes, money -------------------------------------------------------------------------------------------


def test_files_and_notes(client: Any) -> None:
    """A file is attached and fetched, a note added and read, a PDF drawn."""
    (made,) = client.invoices.put(sale())
    owner = made["InvoiceID"]
    client.invoices.put_attachment(owner, "receipt.pdf", BytesIO(FILE), "application/pdf", include_online=True)
    (listed,) = client.invoices.get_attachments(owner)["Attachments"]
    assert (listed["FileName"], listed["ContentLength"], listed["IncludeOnline"]) == ("receipt.pdf", len(FILE), True)
    fetched = BytesIO()
    assert client.invoices.get_attachment(owner, "receipt.pdf", fetched) == len(FILE)
    assert fetched.getvalue() == FILE
    client.invoices.put_history(owner, "Called about it & agreed")
    notes = client.invoices.get_history(owner)["HistoryRecords"]
    assert "Called about it & agreed" in [each["Details"] for each in notes]
    assert client.invoices.get(owner, headers={"Accept": "application/pdf"}).startswith(b"%PDF")


def test_a_payment(client: Any) -> None:
    """A payment pays, and deleting it takes it back."""
    (made,) = client.invoices.put(sale())
    paid = {
        "Invoice": {"InvoiceID": made["InvoiceID"]},
        "Account": {"AccountID": bank(client)},
        "Date": DAY,
        "Amount": made["Total"],
    }
    (payment,) = client.payments.put(paid)
    assert client.invoices.get(made["InvoiceID"])[0]["Status"] == "PAID"
    client.payments.delete(payment["PaymentID"])
    assert client.invoices.get(made["InvoiceID"])[0]["Status"] == "AUTHORISED"


def test_a_credit_note(client: Any) -> None:
    """A credit note is allocated, and the allocation is taken back."""
    (made,) = client.invoices.put(sale())
    (note,) = client.creditnotes.put(sale(Type="ACCRECCREDIT", DueDate=DAY))
    against = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 20, "Date": DAY}
    client.creditnotes.put_allocation(note["CreditNoteID"], against)
    (after,) = client.invoices.get(made["InvoiceID"])
    assert after["AmountDue"] == made["Total"] - 20
    (read,) = client.creditnotes.get(note["CreditNoteID"])
    client.creditnotes.delete_allocation(note["CreditNoteID"], read["Allocations"][0]["AllocationID"])
    assert client.invoices.get(made["InvoiceID"])[0]["AmountDue"] == made["Total"]


def test_money_spent_and_moved(client: Any) -> None:
    """Bank transactions and manual journals go out as XML."""
    line = {"Description": "Paper", "Quantity": 2, "UnitAmount": 5, "AccountCode": "429"}
    (spent,) = client.banktransactions.put(
        {
            "Type": "SPEND",
            "Contact": {"Name": "Stationer"},
            "LineItems": [line],
            "BankAccount": {"AccountID": bank(client)},
            "Date": DAY,
        }
    )
    (read,) = client.banktransactions.get(spent["BankTransactionID"])
    assert (read["Type"], len(read["LineItems"])) == ("SPEND", 1)
    lines = [{"LineAmount": amount, "AccountCode": code} for amount, code in ((9.5, "400"), (-9.5, "404"))]
    (journal,) = client.manualjournals.put({"Narration": "Moved", "Date": DAY, "JournalLines": lines})
    assert len(client.manualjournals.get(journal["ManualJournalID"])[0]["JournalLines"]) == 2


def test_orders_items_and_quotes(client: Any) -> None:
    """Purchase orders, quotes and items are made, and an item is deleted."""
    plain = {name: value for name, value in sale().items() if name not in ("Type", "DueDate", "Status")}
    assert client.purchaseorders.put(plain)[0]["PurchaseOrderNumber"]
    assert client.quotes.put(plain | {"Status": "DRAFT"})[0]["QuoteNumber"]
    details = {"UnitPrice": "12.5", "AccountCode": "200"}
    (item,) = client.items.put({"Code": "PYX-1", "Name": "Peer", "IsSold": True, "SalesDetails": details})
    assert item["SalesDetails"]["UnitPrice"] == 12.5
    client.items.delete(item["ItemID"])
    with pytest.raises(errors.XeroNotFound):
        client.items.get(item["ItemID"])


def test_what_is_done_with_an_invoice(client: Any) -> None:
    """It is mailed and shown online, and the organisation says what may be done."""
    client.contacts.save({"Name": "Mailed", "EmailAddress": "mailed@example.com"})
    (made,) = client.invoices.put(sale(Contact={"Name": "Mailed"}))
    client.invoices.email(made["InvoiceID"])
    assert client.invoices.get(made["InvoiceID"])[0]["SentToContact"] is True
    (online,) = client.invoices.online_invoice(made["InvoiceID"])["OnlineInvoices"]
    assert online["OnlineInvoiceUrl"].startswith("http")
    assert client.organisations.actions()


def test_a_report(client: Any) -> None:
    """A report is fetched by its name."""
    (report,) = client.reports.get("BalanceSheet")
    assert report["Rows"]


def test_four_decimals(client: Any, sandbox: Process) -> None:
    """With four decimals asked for, unit amounts keep them."""
    four = xero.Xero(let_in(sandbox), unit_price_4dps=True)
    line = {"Description": "Bolt", "Quantity": 1000, "UnitAmount": "0.1234", "AccountCode": "200"}
    (made,) = four.invoices.put(sale(LineItems=[line]))
    assert four.invoices.get(made["InvoiceID"])[0]["LineItems"][0]["UnitAmount"] == 0.1234
    assert client.invoices.get(made["InvoiceID"])[0]["LineItems"][0]["UnitAmount"] == 0.12


def test_what_is_not_there(client: Any) -> None:
    """An id that is nobody's is pyxero's `XeroNotFound`."""
    with pytest.raises(errors.XeroNotFound):
        client.invoices.get("7e0a2d2e-0b3c-4d52-9a8f-2b9d0f6f3b11")


def test_too_many_calls(client: Any, sandbox: Process) -> None:
    """A 429 is pyxero's `XeroRateLimitExceeded`, with the limit's name."""
    sandbox.ask("faults", [{"kind": "minute", "times": 1, "seconds": 1}])
    with pytest.raises(errors.XeroRateLimitExceeded, match="minute"):
        client.organisations.all()


def test_xero_is_down(client: Any, sandbox: Process) -> None:
    """A 503 of an outage is pyxero's `XeroNotAvailable`, and a 500 its `XeroInternalError`."""
    sandbox.ask("faults", [{"kind": "503", "times": 1}])
    with pytest.raises(errors.XeroNotAvailable):
        client.organisations.all()
    sandbox.ask("faults", [{"kind": "500", "times": 1}])
    with pytest.raises(errors.XeroInternalError):
        client.organisations.all()
