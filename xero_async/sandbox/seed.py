"""Seeded organisations: realistic documents, the same for the same seed down to their ids.

Everything is drawn from one random generator in one fixed order, and dates hang on `EPOCH`, not on the
clock, so two sandboxes with the same numbers hold the same bytes. Amounts come from the very rules that the
engine applies to what clients send. Invoices stream into the store; only what is still to change (contacts,
which learn whether they were sold to, and credit notes) is kept in memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from .contacts import contact_shown, merge_typed, new_contact
from .draws import EPOCH, Draws
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
    STREETS,
)
from .resources import (
    CONTACT_GROUPS,
    CONTACTS,
    CREDIT_NOTES,
    EMPLOYEES,
    INVOICES,
)
from .rules import allocate, dated, settle_credit_note, settle_invoice
from .sales import CREDIT_NOTE_SALE, INVOICE_SALE, new_sale
from .seed_money import Till
from .seed_orders import Desk
from .seed_settings import Cabinet
from .store import Note, Store
from .values import (
    DAY,
    Document,
    child,
    documents_in,
    money_of,
    stored_ms,
    text_of,
    written_date,
)

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


def plant(store: Store, tenant: int, *, contacts: int, invoices: int, seed: int) -> None:
    """Fills an organisation with so many contacts and invoices, and with fewer of everything else."""
    garden = _Garden(random.Random(seed), contacts)
    till = Till(garden.rng, garden.shown)
    store.load(INVOICES, tenant, till.watch(garden.invoices(invoices)) if contacts else ())
    store.load(CREDIT_NOTES, tenant, garden.credit_notes)
    groups = garden.groups()
    store.load(CONTACT_GROUPS, tenant, groups)
    store.join(tenant, garden.memberships(groups))
    store.load(CONTACTS, tenant, garden.contacts)
    store.load(EMPLOYEES, tenant, garden.employees(5 + contacts // 500))
    Cabinet(garden.rng).plant(store, tenant)
    Desk(garden.rng, garden.shown).plant(store, tenant, invoices)
    till.plant(store, tenant, invoices)
    for document_id, note in garden.notes:
        store.note(tenant, document_id, [note])
    for sale, last in garden.numbers.items():
        store.set_number(tenant, sale, last)


class _Garden(Draws):
    """Documents drawn one after the other from one generator."""

    def __init__(self, rng: random.Random, contacts: int) -> None:
        super().__init__(rng)
        self.taken: set[str] = set()
        self.numbers = {INVOICE_SALE.prefix: 0, CREDIT_NOTE_SALE.prefix: 0}
        self.notes: list[tuple[str, Note]] = []
        self.credit_notes: list[Document] = []
        self.contacts = [self._contact(at) for at in range(contacts)]
        self.shown = [contact_shown(contact) for contact in self.contacts]

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
        self.fill(invoice, text_of(contact, "DefaultCurrency"), 1 + self.below(8), sold=sold)
        if status == "PAID":
            self._pay(invoice, day)
        settle_invoice(invoice, day)
        invoice["UpdatedDateUTC"] = self.changed(day)
        return invoice

    def _number(self, prefix: str) -> str:
        self.numbers[prefix] += 1
        return f"{prefix}{self.numbers[prefix]:04d}"

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
        self.fill(note, text_of(invoice, "CurrencyCode"), 1 + self.below(2), sold=sold)
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
