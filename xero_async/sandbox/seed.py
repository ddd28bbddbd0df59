"""Seeded organisations: realistic documents, the same for the same seed down to their ids.

Everything is drawn from one random generator in one fixed order, and dates hang on `EPOCH`, not on the
clock, so two sandboxes with the same numbers hold the same bytes. Amounts come from the very rules that the
engine applies to what clients send. Invoices stream into the store; only what is still to change (contacts,
which learn whether they were sold to, and credit notes) is kept in memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, TypeVar

from .contacts import contact_shown, merge_typed, new_contact
from .names import (
    CITIES,
    COMPANY_FORMS,
    COMPANY_TRADES,
    COMPANY_WORDS,
    COUNTRY_CURRENCIES,
    FIRST_NAMES,
    GROUPS,
    HOME_CITIES,
    LAST_NAMES,
    PRODUCTS,
    STREETS,
)
from .rates import BASE_CURRENCY, CURRENCY_NAMES, CURRENCY_RATES
from .resources import (
    CONTACT_GROUPS,
    CONTACTS,
    CREDIT_NOTES,
    CURRENCIES,
    EMPLOYEES,
    EXPENSE_CLAIMS,
    INVOICES,
)
from .rules import allocate, dated, line_amount, line_tax, settle_credit_note, settle_invoice, total_up
from .sales import CREDIT_NOTE_SALE, INVOICE_SALE, new_sale
from .store import Note, Store
from .values import (
    DAY,
    ZERO,
    Document,
    add_up,
    child,
    documents_in,
    money_of,
    ms_of_day,
    rounded,
    stored_ms,
    text_of,
    written_date,
)

T = TypeVar("T")

EPOCH: Final = ms_of_day(date(2025, 6, 30))
_YEARS: Final = 4
_USER: Final = "System Generated"

# Shares of statuses in percent: of what is older than two months, and of what is newer.
_OLD: Final = (("PAID", 80), ("AUTHORISED", 11), ("VOIDED", 6), ("DELETED", 3))
_NEW: Final = (
    ("AUTHORISED", 48),
    ("PAID", 20),
    ("DRAFT", 20),
    ("SUBMITTED", 8),
    ("VOIDED", 2),
    ("DELETED", 2),
)


def furnish(store: Store, tenant: int) -> None:
    """Gives a new organisation what it cannot do without: its currencies."""
    store.load(CURRENCIES, tenant, [{"Code": code, "Description": name} for code, name in CURRENCY_NAMES.items()])


def plant(store: Store, tenant: int, *, contacts: int, invoices: int, seed: int) -> None:
    """Fills an organisation with so many contacts and invoices, and with fewer of everything else."""
    garden = _Garden(random.Random(seed), contacts)
    store.load(INVOICES, tenant, garden.invoices(invoices) if contacts else ())
    store.load(CREDIT_NOTES, tenant, garden.credit_notes)
    groups = garden.groups()
    store.load(CONTACT_GROUPS, tenant, groups)
    store.join(tenant, garden.memberships(groups))
    store.load(CONTACTS, tenant, garden.contacts)
    store.load(EMPLOYEES, tenant, garden.employees(5 + contacts // 500))
    store.load(EXPENSE_CLAIMS, tenant, garden.claims(3 + invoices // 1000))
    for document_id, note in garden.notes:
        store.note(tenant, document_id, [note])
    for sale, last in garden.numbers.items():
        store.set_number(tenant, sale, last)


class _Garden:
    """Documents drawn one after the other from one generator."""

    def __init__(self, rng: random.Random, contacts: int) -> None:
        self.rng = rng
        self.taken: set[str] = set()
        self.numbers = {INVOICE_SALE.prefix: 0, CREDIT_NOTE_SALE.prefix: 0}
        self.notes: list[tuple[str, Note]] = []
        self.credit_notes: list[Document] = []
        self.contacts = [self._contact(at) for at in range(contacts)]
        self.shown = [contact_shown(contact) for contact in self.contacts]

    # ----------------------------------------------------------------------------------------- small draws

    def id(self) -> str:
        """A version 4 GUID."""
        digits = f"{self.rng.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def below(self, count: int) -> int:
        """A number from 0 to count - 1."""
        return int(self.rng.random() * count)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.rng.random() * len(items))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.rng.random() * 100 < percent

    def status(self, shares: tuple[tuple[str, int], ...]) -> str:
        """A status, by its share in percent."""
        left = self.rng.random() * 100
        for status, share in shares:
            left -= share
            if left < 0:
                return status
        return shares[0][0]

    def changed(self, day: int) -> str:
        """A change date within three weeks of a day."""
        return written_date(day + self.below(20 * DAY))

    # -------------------------------------------------------------------------------------------- contacts

    def _contact(self, at: int) -> Document:
        person = self.chance(35)
        first, last = self.pick(FIRST_NAMES), self.pick(LAST_NAMES)
        name = f"{first} {last}" if person else self._company()
        city, region, code, country, dial, area = self.pick(CITIES[:HOME_CITIES] if self.chance(75) else CITIES)
        contact = new_contact(self.id())
        contact["Name"] = self._unused(name)
        contact["FirstName"], contact["LastName"] = first, last
        if self.chance(85):
            domain = "".join(sign for sign in name.lower() if sign.isascii() and sign.isalnum()) or "kaimahi"
            contact["EmailAddress"] = f"{'info' if not person else 'hello'}.{at}@{domain[:40]}.example"
        if self.chance(60):
            contact["ContactNumber"] = f"C{at + 1:06d}"
        if self.chance(30):
            contact["AccountNumber"] = f"{self.below(10**7):07d}"
        if self.chance(40):
            contact["TaxNumber"] = f"{self.below(900) + 100}-{self.below(1000):03d}-{self.below(1000):03d}"
        if country != "New Zealand":
            contact["DefaultCurrency"] = COUNTRY_CURRENCIES[country]
        if self.chance(3):
            contact["ContactStatus"] = "ARCHIVED"
        street: Document = {
            "AddressType": "STREET",
            "AddressLine1": f"{self.below(400) + 1} {self.pick(STREETS)} Street",
            "City": city,
            "Region": region,
            "PostalCode": code,
            "Country": country,
            "AttentionTo": first if not person else "",
        }
        phone: Document = {
            "PhoneType": "DEFAULT",
            "PhoneNumber": f"{self.below(900) + 100} {self.below(10_000):04d}",
            "PhoneAreaCode": area,
            "PhoneCountryCode": dial,
        }
        contact["Addresses"] = merge_typed(documents_in(contact["Addresses"]), [street], "AddressType", "STREET")
        contact["Phones"] = merge_typed(documents_in(contact["Phones"]), [phone], "PhoneType", "DEFAULT")
        if not person and self.chance(25):
            contact["ContactPersons"] = [
                {"FirstName": first, "LastName": last, "EmailAddress": "", "IncludeInEmails": self.chance(50)}
            ]
        contact["UpdatedDateUTC"] = self.changed(EPOCH - self.below(_YEARS * 365) * DAY)
        return contact

    def _company(self) -> str:
        return f"{self.pick(COMPANY_WORDS)} {self.pick(COMPANY_TRADES)} {self.pick(COMPANY_FORMS)}"

    def _unused(self, name: str) -> str:
        found, count = name, 1
        while found.casefold() in self.taken:
            count += 1
            found = f"{name} {count}"
        self.taken.add(found.casefold())
        return found

    def groups(self) -> list[Document]:
        """The contact groups."""
        return [
            {"ContactGroupID": self.id(), "Name": name, "Status": "ACTIVE", "HasValidationErrors": False}
            for name in GROUPS
        ]

    def memberships(self, groups: list[Document]) -> list[tuple[str, str]]:
        """Puts every tenth contact into one or two groups; the pairs of ids."""
        pairs: list[tuple[str, str]] = []
        for contact in self.contacts:
            if contact["ContactStatus"] == "ACTIVE" and self.chance(10):
                own = {text_of(group, "ContactGroupID"): group for group in (self.pick(groups), self.pick(groups))}
                contact["ContactGroups"] = [
                    {name: group[name] for name in ("ContactGroupID", "Name", "Status")} for group in own.values()
                ]
                pairs += [(group, text_of(contact, "ContactID")) for group in own]
        return pairs

    # ------------------------------------------------------------------------------ invoices, credit notes

    def invoices(self, count: int) -> Iterator[Document]:
        """Invoices and bills in the order of their dates, most of them of the later years."""
        ages = sorted((int(self.rng.random() ** 1.5 * _YEARS * 365) for _ in range(count)), reverse=True)
        for at, age in enumerate(ages):
            invoice = self._invoice(EPOCH - age * DAY, self.status(_OLD if age > 60 else _NEW))
            if invoice["Status"] == "AUTHORISED" and self.chance(3):
                self._credit(invoice)
            elif self.chance(2):
                self._credit_note(invoice, self.status((("AUTHORISED", 60), ("DRAFT", 25), ("VOIDED", 15))))
            if at % 10 == 0:
                self._note(invoice, "InvoiceID", "InvoiceNumber")
            yield invoice

    def _invoice(self, day: int, status: str) -> Document:
        sold = self.chance(70)
        at = int(self.rng.random() ** 2 * len(self.contacts))
        contact = self.contacts[at]
        contact["IsCustomer" if sold else "IsSupplier"] = True
        invoice = new_sale(INVOICE_SALE, self.id(), day)
        invoice["Type"] = "ACCREC" if sold else "ACCPAY"
        invoice["InvoiceNumber"] = self._number(INVOICE_SALE.prefix) if sold else f"B-{self.below(10**6):06d}"
        if self.chance(60):
            invoice["Reference"] = f"{'PO' if sold else 'Ref'} {self.below(10**5):05d}"
        invoice["Contact"] = self.shown[at]
        invoice |= dated("DueDate", day + self.pick((7, 14, 20, 30, 60)) * DAY)
        invoice["Status"] = status
        invoice["SentToContact"] = sold and status in ("AUTHORISED", "PAID") and self.chance(80)
        self._fill(invoice, text_of(contact, "DefaultCurrency"), 1 + self.below(8), sold=sold)
        if status == "PAID":
            self._pay(invoice, day)
        settle_invoice(invoice, day)
        invoice["UpdatedDateUTC"] = self.changed(day)
        return invoice

    def _number(self, prefix: str) -> str:
        self.numbers[prefix] += 1
        return f"{prefix}{self.numbers[prefix]:04d}"

    def _fill(self, document: Document, currency: str, lines: int, *, sold: bool) -> None:
        """Gives a document its currency, lines and totals."""
        types = self.pick(("Exclusive",) * 8 + ("Inclusive", "NoTax"))
        code = currency or BASE_CURRENCY
        filled = [_line(self.below(len(PRODUCTS)), self._quantity(), types, sold) for _ in range(lines)]
        document["LineAmountTypes"] = types
        document["LineItems"] = [line | {"LineItemID": self.id()} for line in filled]
        totals = total_up(filled, types)
        document |= {"SubTotal": totals.sub_total, "TotalTax": totals.total_tax, "Total": totals.total}
        document |= {"CurrencyCode": code, "CurrencyRate": CURRENCY_RATES[code]}

    def _quantity(self) -> str:
        return self.pick(("1", "1", "1", "2", "3", "4", "5", "8", "10", "12", "24", "0.5", "1.5", "7.25"))

    def _pay(self, invoice: Document, day: int) -> None:
        paid = day + (1 + self.below(45)) * DAY
        invoice["AmountPaid"] = invoice["Total"]
        invoice["FullyPaidOnDate"] = written_date(paid)
        invoice["Payments"] = [
            {
                "PaymentID": self.id(),
                "Date": written_date(paid),
                "Amount": invoice["Total"],
                "Reference": "",
                "CurrencyRate": invoice["CurrencyRate"],
                "HasAccount": False,
                "HasValidationErrors": False,
            }
        ]

    def _credit_note(self, invoice: Document, status: str) -> Document:
        """A credit note to the contact of an invoice, some days after it."""
        sold = invoice["Type"] == "ACCREC"
        day = (stored_ms(invoice["Date"]) or 0) + (1 + self.below(30)) * DAY
        note = new_sale(CREDIT_NOTE_SALE, self.id(), day)
        note["Type"] = f"{invoice['Type']}CREDIT"
        note["CreditNoteNumber"] = self._number(CREDIT_NOTE_SALE.prefix) if sold else f"K-{self.below(10**6):06d}"
        note["Contact"] = invoice["Contact"]
        note["Status"] = status
        self._fill(note, text_of(invoice, "CurrencyCode"), 1 + self.below(2), sold=sold)
        settle_credit_note(note, day)
        note["UpdatedDateUTC"] = self.changed(day)
        self.credit_notes.append(note)
        return note

    def _credit(self, invoice: Document) -> None:
        """Allocates a credit note to an invoice that is still open."""
        note = self._credit_note(invoice, "AUTHORISED")
        day = stored_ms(note["Date"]) or 0
        amount = min(money_of(note, "RemainingCredit"), money_of(invoice, "AmountDue"))
        if amount > 0:
            allocate(note, invoice, amount, day, self.id())
            invoice["UpdatedDateUTC"] = note["UpdatedDateUTC"] = self.changed(day)
            self._note(note, "CreditNoteID", "CreditNoteNumber")

    def _note(self, document: Document, id_field: str, number: str) -> None:
        at = stored_ms(document["Date"]) or 0
        details = f"{document[number]} {child(document, 'Contact')['Name']} {document['Total']}"
        self.notes.append((text_of(document, id_field), Note(at, "Created", _USER, details)))

    # ---------------------------------------------------------------------------------------------- people

    def employees(self, count: int) -> Iterator[Document]:
        """So many employees."""
        for _ in range(count):
            employee: Document = {
                "EmployeeID": self.id(),
                "Status": "ACTIVE" if self.chance(90) else "ARCHIVED",
                "FirstName": self.pick(FIRST_NAMES),
                "LastName": self.pick(LAST_NAMES),
                "UpdatedDateUTC": self.changed(EPOCH - self.below(900) * DAY),
            }
            if self.chance(30):
                url = f"https://people.example/{employee['EmployeeID']}"
                employee["ExternalLink"] = {"LinkType": "Website", "Url": url, "Description": "Profile"}
            yield employee

    def claims(self, count: int) -> Iterator[Document]:
        """So many expense claims, each of one of three users, with one to three receipts."""
        users = [self._user() for _ in range(3)]
        for _ in range(count):
            day = EPOCH - self.below(700) * DAY
            user = self.pick(users)
            receipts = [self._receipt(day - self.below(20) * DAY, user) for _ in range(1 + self.below(3))]
            total = add_up(money_of(receipt, "Total") for receipt in receipts)
            status = self.status((("SUBMITTED", 30), ("AUTHORISED", 30), ("PAID", 40)))
            paid = total if status == "PAID" else ZERO
            claim: Document = {
                "ExpenseClaimID": self.id(),
                "Status": status,
                "User": user,
                "Receipts": receipts,
                "Payments": [],
                "Total": total,
                "AmountDue": total - paid,
                "AmountPaid": paid,
                "PaymentDueDate": written_date(day + 30 * DAY),
                "ReportingDate": written_date(day),
                "UpdatedDateUTC": self.changed(day),
            }
            self.notes.append((text_of(claim, "ExpenseClaimID"), Note(day, "Created", _USER, f"Claim of {total}")))
            yield claim

    def _user(self) -> Document:
        first, last = self.pick(FIRST_NAMES), self.pick(LAST_NAMES)
        user_id = self.id()
        return {
            "UserID": user_id,
            "EmailAddress": f"{user_id[:8]}@staff.example",
            "FirstName": first,
            "LastName": last,
        }

    def _receipt(self, day: int, user: Document) -> Document:
        receipt: Document = {
            "ReceiptID": self.id(),
            "Status": "SUBMITTED",
            **dated("Date", day),
            "User": user,
            "Reference": f"R{self.below(10**4):04d}",
        }
        self._fill(receipt, BASE_CURRENCY, 1 + self.below(2), sold=False)
        return receipt


@cache
def _line(product: int, quantity: str, types: str, sold: bool) -> Document:
    """A priced line of a product; the same object for the same line, never to be changed."""
    description, unit, account = PRODUCTS[product]
    tax_type = "NONE" if types == "NoTax" else "OUTPUT" if sold else "INPUT"
    amount = line_amount(Decimal(quantity), Decimal(unit))
    return {
        "Description": description,
        "UnitAmount": Decimal(unit),
        "TaxType": tax_type,
        "TaxAmount": line_tax(amount, tax_type, types),
        "LineAmount": amount,
        "AccountCode": account,
        "Quantity": rounded(Decimal(quantity), 4),
        "Tracking": [],
    }
