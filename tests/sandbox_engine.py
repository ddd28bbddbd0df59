"""Calls the sandbox's documents engine as its server would, and reads the answers, for the engine's own tests."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from xero_async.sandbox.documents import Documents

TENANT = "6f1b6f0a-0000-4000-8000-000000000001"
START = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Reply(NamedTuple):
    """An answer of the engine."""

    status: int
    body: bytes
    content_type: str

    @property
    def json(self) -> Any:  # Any: tests look into JSON of every shape
        """The body, parsed, with fractions as Decimal."""
        return _decoder.decode(self.body)

    @property
    def messages(self) -> list[str]:
        """The validation messages of all elements, in order."""
        told: dict[str, Any] = self.json  # Any: as in `json`
        lists: list[list[dict[str, Any]]] = [each for each in told.values() if isinstance(each, list)]
        return [error["Message"] for element in lists[0] for error in element.get("ValidationErrors", [])]


class Engine:
    """One engine with one tenant and a clock that moves only when told."""

    tenant = TENANT

    def __init__(self, path: str = ":memory:", *, contacts: int = 0, invoices: int = 0, seed: int = 1) -> None:
        self.now = START
        self.documents = Documents(path, now=lambda: self.now)
        weakref.finalize(self, self.documents.close)
        self.documents.add_tenant(TENANT, "Demo Company")
        if contacts:
            self.documents.seed(TENANT, contacts=contacts, invoices=invoices, seed=seed)

    def advance(self, **time: float) -> None:
        """Moves the clock, by the arguments of `timedelta`."""
        self.now += timedelta(**time)

    def call(
        self,
        operation: str,
        body: object = None,
        *,
        path: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        **query: str | int,
    ) -> Reply:
        """Executes an operation; the body is sent as it is when it is bytes, else as JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else _encoder.encode(body)
        parameters = {name.lower(): str(value) for name, value in query.items()}
        answer = self.documents.execute(operation, TENANT, path or {}, parameters, headers or {}, data, content_type)
        return Reply(answer.status, answer.body, answer.content_type)

    def good(self, operation: str, body: object = None, **options: Any) -> Any:  # Any: as in Reply.json
        """The JSON of an answer that must be a 200."""
        reply = self.call(operation, body, **options)
        assert reply.status == 200, reply.body
        return reply.json

    def invoice(self, **fields: object) -> Any:  # Any: as in Reply.json
        """A new invoice: a draft sale of 2 x 50.00, taxed, to ABC, unless the fields say otherwise."""
        return self.good("createInvoices", {"Invoices": [sale(**fields)]})["Invoices"][0]

    def contact(self, **fields: object) -> Any:  # Any: as in Reply.json
        """A new contact."""
        return self.good("createContacts", {"Contacts": [fields]})["Contacts"][0]

    def get_invoice(self, invoice_id: str, **query: str | int) -> Any:  # Any: as in Reply.json
        """An invoice as it is now."""
        return self.good("getInvoice", path={"InvoiceID": invoice_id}, **query)["Invoices"][0]


def line(**fields: object) -> dict[str, object]:
    """A line of 2 x 50.00 with 15 % tax, unless the fields say otherwise."""
    return {"Description": "Work", "Quantity": 2, "UnitAmount": 50, "TaxType": "OUTPUT", "AccountCode": "200", **fields}


def sale(**fields: object) -> dict[str, object]:
    """What a client sends for a sale to ABC, unless the fields say otherwise."""
    return {"Type": "ACCREC", "Contact": {"Name": "ABC"}, "LineItems": [line()], "DueDate": "2026-12-20", **fields}
