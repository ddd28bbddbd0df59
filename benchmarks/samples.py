"""Answers of Xero's shape and size, made from a seed: what a page of invoices or contacts looks like on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

__all__ = ["contacts_page", "invoices_page"]

_WORDS = ["Consulting", "Hosting", "Freight", "Design", "Support", "Licence", "Repair", "Audit", "for", "the", "month"]
_NUMBER = re.compile(r'"#(-?[\d.]+)"')


def invoices_page(count: int = 1000, lines: int = 5, seed: int = 1) -> bytes:
    """A page of `count` invoices with `lines` lines each, as `GET /Invoices?page=1` gives it."""
    make = _Maker(seed)
    return _page("Invoices", [make.invoice(number, lines) for number in range(count)])


def contacts_page(count: int = 1000, seed: int = 2) -> bytes:
    """A page of `count` contacts, as `GET /Contacts?page=1` gives it."""
    make = _Maker(seed)
    return _page("Contacts", [make.contact(number) for number in range(count)])


def _page(name: str, records: list[dict[str, Any]]) -> bytes:
    document = {
        "Id": "6e5ac4b1-0f2d-4c54-9c4e-3d4a3e1fd3a7",
        "Status": "OK",
        "ProviderName": "benchmark",
        "DateTimeUTC": "/Date(1792000000000)/",
        "pagination": {"page": 1, "pageSize": len(records), "pageCount": 1, "itemCount": len(records)},
        name: records,
    }
    # Numbers are marked, so that they keep their trailing zeros as Xero's do.
    return _NUMBER.sub(r"\1", json.dumps(document)).encode()


class _Maker:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        # The documents of a page were made within a quarter, as they are where pages follow one another in time.
        self._first_day = 18_000 + 90 * (seed % 30)

    def guid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def money(self, top: int = 1_000_000, places: int = 2) -> str:
        return f"#{self._random.randrange(top) / 100:.{places}f}"

    def day(self) -> tuple[str, str]:
        days = self._first_day + self._random.randrange(90)
        return f"/Date({days * 86_400_000}+0000)/", "2026-01-31T00:00:00"

    def moment(self) -> str:
        return f"/Date({self._first_day * 86_400_000 + self._random.randrange(90 * 86_400_000)}+0000)/"

    def words(self, count: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=count))

    def few(self, chance: float, make: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        return [make()] if self._random.random() < chance else []

    def tracking(self) -> dict[str, Any]:
        return {
            "Name": "Region",
            "Option": self._random.choice(["North", "South", "Eastside"]),
            "TrackingCategoryID": self.guid(),
            "TrackingOptionID": self.guid(),
        }

    def line(self) -> dict[str, Any]:
        code = f"ITEM-{self._random.randrange(400)}"
        return {
            "ItemCode": code,
            "Description": self.words(8),
            "UnitAmount": self.money(),
            "TaxType": "OUTPUT2",
            "TaxAmount": self.money(100_000),
            "LineAmount": self.money(),
            "AccountCode": "200",
            "Item": {"ItemID": self.guid(), "Name": self.words(2), "Code": code},
            "Tracking": self.few(0.5, self.tracking),
            "Quantity": self.money(10_000, 4),
            "LineItemID": self.guid(),
            "AccountID": self.guid(),
        }

    def invoice(self, number: int, lines: int) -> dict[str, Any]:
        day, day_string = self.day()
        due, due_string = self.day()
        return {
            "Type": "ACCREC",
            "InvoiceID": self.guid(),
            "InvoiceNumber": f"INV-{number:05}",
            "Reference": self.words(2),
            "Payments": self.few(0.4, self.payment),
            "CreditNotes": [],
            "Prepayments": [],
            "Overpayments": [],
            "AmountDue": self.money(),
            "AmountPaid": self.money(),
            "AmountCredited": "#0.00",
            "SentToContact": True,
            "CurrencyRate": "#1.0000000000",
            "IsDiscounted": False,
            "HasAttachments": False,
            "InvoiceAddresses": [],
            "HasErrors": False,
            "InvoicePaymentServices": [],
            "Contact": {
                "ContactID": self.guid(),
                "Name": self.words(3),
                "Addresses": [],
                "Phones": [],
                "ContactGroups": [],
                "ContactPersons": [],
                "HasValidationErrors": False,
            },
            "DateString": day_string,
            "Date": day,
            "DueDateString": due_string,
            "DueDate": due,
            "BrandingThemeID": self.guid(),
            "Status": self._random.choice(["AUTHORISED", "PAID", "DRAFT"]),
            "LineAmountTypes": "Exclusive",
            "LineItems": [self.line() for _ in range(lines)],
            "SubTotal": self.money(),
            "TotalTax": self.money(),
            "Total": self.money(),
            "UpdatedDateUTC": self.moment(),
            "CurrencyCode": "NZD",
        }

    def payment(self) -> dict[str, Any]:
        return {
            "PaymentID": self.guid(),
            "Date": self.day()[0],
            "Amount": self.money(),
            "Reference": self.words(1),
            "CurrencyRate": "#1.0000000000",
            "HasAccount": False,
            "HasValidationErrors": False,
        }

    def address(self, kind: str) -> dict[str, Any]:
        return {
            "AddressType": kind,
            "AddressLine1": self.words(3),
            "City": "Wellington",
            "Region": "",
            "PostalCode": "6011",
            "Country": "New Zealand",
            "AttentionTo": "",
        }

    def phone(self, kind: str) -> dict[str, Any]:
        return {"PhoneType": kind, "PhoneNumber": "5551234", "PhoneAreaCode": "04", "PhoneCountryCode": "64"}

    def contact(self, number: int) -> dict[str, Any]:
        return {
            "ContactID": self.guid(),
            "ContactNumber": f"C-{number}",
            "AccountNumber": "",
            "ContactStatus": "ACTIVE",
            "Name": self.words(3),
            "FirstName": self.words(1),
            "LastName": self.words(1),
            "EmailAddress": f"someone{number}@example.com",
            "BankAccountDetails": "",
            "Addresses": [self.address("STREET"), self.address("POBOX")],
            "Phones": [self.phone(kind) for kind in ("DEFAULT", "DDI", "MOBILE", "FAX")],
            "UpdatedDateUTC": self.moment(),
            "ContactGroups": [],
            "IsSupplier": False,
            "IsCustomer": True,
            "DefaultCurrency": "NZD",
            "Balances": {
                "AccountsReceivable": {"Outstanding": self.money(), "Overdue": self.money()},
                "AccountsPayable": {"Outstanding": "#0.00", "Overdue": "#0.00"},
            },
            "ContactPersons": [],
            "HasAttachments": False,
            "HasValidationErrors": False,
        }
