"""A bare client of the Network API v1: XML over HTTP with both keys in the query, with no help from ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from sandbox_client import Client, Reply, running
from yarl import URL

from xero_async.sandbox import Sandbox

ROOT = "/api.xro/1.0"
LINES: Mapping[str, tuple[str, str, str]] = {
    "GET /api.xro/1.0/accounts": ("v1.getAccounts", "", "Accounts"),
    "POST /import.xro": ("v1.import", "Invoices", "Invoices"),
    "GET /api.xro/1.0/contact": ("v1.getContact", "", "Contact"),
    "POST /api.xro/1.0/contact": ("v1.saveContact", "Contact", "Contact"),
    "GET /api.xro/1.0/contacts": ("v1.getContacts", "", "Contacts"),
    "POST /api.xro/1.0/contacts": ("v1.saveContacts", "Contacts", "Contacts"),
    "GET /api.xro/1.0/invoice": ("v1.getInvoice", "", "Invoice"),
    "GET /api.xro/1.0/invoices": ("v1.getInvoices", "", "Invoices"),
    "PUT /api.xro/1.0/invoice": ("v1.insertInvoice", "Invoice", "Invoice"),
    "PUT /api.xro/1.0/invoices": ("v1.insertInvoices", "Invoices", "Invoices"),
    "GET /api.xro/1.0/tracking": ("v1.getTracking", "", "Tracking"),
}
"""The lines of the document's table of interfaces: the operation, what is sent to it, and what its answer holds."""


class V1:
    """Calls one sandbox as a v1 program, and as a v2 program by `today`."""

    def __init__(self, today: Client) -> None:
        self.today = today
        self.sandbox: Sandbox = today.sandbox
        self.keys = {"apiKey": self.sandbox.api_key, "xeroKey": self.sandbox.xero_keys[0]}

    async def send(
        self, method: str, address: str, body: str | bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send to an address as it stands, with nothing added."""
        data = body.encode() if isinstance(body, str) else body
        sent = {"Content-Type": "text/xml"} | dict(headers or {})
        url = URL(self.sandbox.base_url + address, encoded=True)
        async with self.today.http.request(method, url, data=data or None, headers=sent) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def call(self, line: str, body: str | bytes = b"", **query: str) -> Reply:
        """Call an interface, `PUT /api.xro/1.0/invoice`, with both keys."""
        method, path = line.split()
        return await self.send(method, f"{path}?{urlencode(self.keys | query)}", body)

    async def insert(self, *invoices: str) -> list[ElementTree.Element]:
        """What became of invoices that are inserted together."""
        reply = await self.call("PUT /api.xro/1.0/invoices", f"<Invoices>{''.join(invoices)}</Invoices>")
        return tree(reply, 200).findall("Invoices/Invoice")

    async def save(self, *contacts: str) -> list[ElementTree.Element]:
        """What became of contacts that are saved together."""
        reply = await self.call("POST /api.xro/1.0/contacts", f"<Contacts>{''.join(contacts)}</Contacts>")
        return tree(reply, 200).findall("Contacts/Contact")

    async def seen_today(self, number: str) -> dict[str, Any]:
        """An invoice as a v2 program sees it."""
        (found,) = (await self.today.call("GET", f"/Invoices/{number}")).json()["Invoices"]
        return dict(found)

    async def contacts_today(self) -> dict[str, dict[str, Any]]:
        """The contacts that a v2 program sees, by name; deleted ones too."""
        found = (await self.today.call("GET", "/Contacts?page=1&includeArchived=true")).json()["Contacts"]
        return {each["Name"]: each for each in found}


@asynccontextmanager
async def running_v1(**options: Any) -> AsyncGenerator[V1]:  # Any: those of `running`
    """A sandbox with a v1 program and a v2 program at it."""
    async with running(**options) as client:
        yield V1(client)


def tree(reply: Reply, status: int) -> ElementTree.Element:
    """An answer's XML; every answer of v1 is XML, and says so."""
    assert reply.headers["Content-Type"].split(";")[0] == "text/xml"
    found = ElementTree.fromstring(reply.body)
    assert reply.status == status, reply.body
    return found


def errors(element: ElementTree.Element) -> list[str]:
    """The messages that stand in a record; a record without any was saved."""
    found = [each.text or "" for each in element.iterfind("ValidationErrors/ValidationError/Message")]
    assert element.get("status") == ("ERROR" if found else "OK")
    return found


def line(**fields: str) -> str:
    """A line of an invoice; None of v1's elements is left out by default but tracking."""
    return _element("LineItem", {"Description": "Copies", "Quantity": "2.0000", "UnitAmount": "50.00"} | fields)


def tracked(category: str, option: str) -> str:
    """What a line is tracked by."""
    return f"<TrackingCategory><Name>{category}</Name><Option>{option}</Option></TrackingCategory>"


def invoice(number: str = "", *lines: str, contact: str = "<Name>Red House</Name>", **fields: str) -> str:
    """An invoice of v1, of one line unless told otherwise; fields may hold elements."""
    own = {"InvoiceType": "ACCREC", "Contact": contact, "InvoiceDate": "2026-01-31T00:00:00"}
    own |= {"DueDate": "2026-02-28T00:00:00", "InvoiceNumber": number} | fields
    return _element("Invoice", own | {"LineItems": "".join(lines or (line(AccountCode="200", TaxType="OUTPUT"),))})


def contact(**fields: str) -> str:
    """A contact of v1."""
    return _element("Contact", fields)


def _element(name: str, fields: Mapping[str, str]) -> str:
    inner = "".join(f"<{field}>{value}</{field}>" for field, value in fields.items() if value)
    return f"<{name}>{inner}</{name}>"
