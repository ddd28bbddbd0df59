"""What the organisation has already: its contacts and its documents, as far as they are needed to know one again.

A document of the archive is there if the organisation has one of its InvoiceID, for it may be the very organisation
that the archive came from; or a sales invoice of its number, which is nobody else's. Of other documents (a bill shares
its number) type, number, contact, date and total must be the same, and each that is there stands for one alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ...models import Contact, Invoice
from .contacts import Named, Way, make_contact
from .invoices import DEAD
from .shelf import folded, in_cents

__all__ = ["Books", "There"]

_SCHEMA: Final = """
CREATE TABLE contact_there (id TEXT PRIMARY KEY, number TEXT, name TEXT);
CREATE INDEX contact_by_number ON contact_there (number);
CREATE INDEX contact_by_name ON contact_there (name);
CREATE TABLE invoice_there (
    id TEXT PRIMARY KEY, type TEXT, number TEXT, contact TEXT, name TEXT, day TEXT, total TEXT, reference TEXT,
    status TEXT, is_taken INTEGER DEFAULT 0
);
CREATE INDEX invoice_by_number ON invoice_there (number);
CREATE INDEX invoice_by_day ON invoice_there (day);
"""
_COLUMNS: Final = "id, type, number, contact, name, day, total, reference, status"


class There(Struct, frozen=True):
    """A document that the organisation has."""

    id: str
    type: str
    number: str
    contact: str
    """The id of its contact."""
    name: str
    """The name of its contact."""
    day: str
    total: str
    reference: str
    status: str

    def differences(self, made: Invoice, total: Decimal | None) -> list[tuple[str, str, str]]:
        """Fields in which the document of the archive is another, with both values."""
        contact = made.contact or Contact()
        pairs = [
            ("InvoiceDate", str(made.date or ""), self.day),
            ("Total", in_cents(total), self.total),
            ("Contact", contact.contact_id or contact.name or "", self.contact if contact.contact_id else self.name),
        ]
        if self.status in DEAD:
            pairs.append(("InvoiceStatus", made.status or "", self.status))
        return [(field, ours, theirs) for field, ours, theirs in pairs if ours and folded(ours) != folded(theirs)]


class Books:
    """The contacts and documents of an organisation, in a database that is given."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.executescript(_SCHEMA)

    def note_contact(self, contact: Contact) -> None:
        """A contact that is there. One that is archived takes no documents, and does not count."""
        if contact.contact_id and (contact.contact_status or "ACTIVE") == "ACTIVE":
            row = contact.contact_id.lower(), folded(contact.contact_number), folded(contact.name)
            self._db.execute("INSERT OR REPLACE INTO contact_there VALUES (?, ?, ?)", row)

    def note_invoice(self, invoice: Invoice) -> None:
        """A document that is there."""
        contact = invoice.contact or Contact()
        row = (
            (invoice.invoice_id or "").lower(),
            invoice.type or "",
            folded(invoice.invoice_number),
            (contact.contact_id or "").lower(),
            folded(contact.name),
            str(invoice.date or ""),
            in_cents(invoice.total),
            folded(invoice.reference),
            invoice.status or "",
        )
        query = f"INSERT OR REPLACE INTO invoice_there ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._db.execute(query, row)

    def named(self, embedded: Contact | None, own: Contact | None) -> Named:
        """What the contact of an invoice is, given the record of the archive that counts for it."""
        said, best = embedded or Contact(), own or embedded or Contact()
        number, name = best.contact_number or said.contact_number, best.name or said.name
        way, found = self._contact(
            (said.contact_id, best.contact_id), (said.contact_number, best.contact_number), (best.name, said.name)
        )
        if found is None:
            way = "new" if folded(number) or folded(name) else "none"
        old_id = (best.contact_id or "").lower() or None
        return Named(way=way, contact_id=found, number=number, name=name, own=make_contact(best, ())[0], old_id=old_id)

    def _contact(
        self, ids: Sequence[str | None], numbers: Sequence[str | None], names: Sequence[str | None]
    ) -> tuple[Way, str | None]:
        ways: Sequence[tuple[Way, str, Sequence[str | None]]] = (
            ("id", "id", ids),
            ("number", "number", numbers),
            ("name", "name", names),
        )
        for way, column, values in ways:
            for value in filter(None, map(folded, values)):
                found = self._db.execute(f"SELECT id FROM contact_there WHERE {column} = ?", (value,)).fetchone()
                if found is not None:
                    return way, found[0]
        return "none", None

    def invoice(self, old: Invoice, made: Invoice, totals: Sequence[Decimal | None]) -> There | None:
        """The document that is there for one of the archive; `totals` are what it may come to."""
        type, number = (old.type or "").strip().upper(), folded(old.invoice_number)
        found = self._first("id = ?", old.invoice_id.lower()) if old.invoice_id else None
        if found is None and type == "ACCREC" and number:
            found = self._first("type = ? AND number = ? AND status <> 'DELETED'", type, number)
        elif found is None:
            found = self._alike(type, number, made, totals)
        if found is not None:
            self._db.execute("UPDATE invoice_there SET is_taken = 1 WHERE id = ?", (found.id,))
        return found

    def _alike(self, type: str, number: str, made: Invoice, totals: Sequence[Decimal | None]) -> There | None:
        """A document that is the same in all that can be compared, and stands for no other yet."""
        amounts = {in_cents(total) for total in totals if total is not None}
        if made.date is None or not amounts or made.contact is None:
            return None
        dead = ", ".join(f"'{status}'" for status in sorted(DEAD))
        condition = f"type = ? AND day = ? AND NOT is_taken AND status NOT IN ({dead})"
        values = [type, str(made.date)]
        # A sales invoice without a number was given one.
        field, text = ("reference", folded(made.reference)) if type == "ACCREC" else ("number", number)
        condition += f" AND {field} = ? AND total IN ({', '.join('?' * len(amounts))})"
        values += [text, *sorted(amounts)]
        if made.contact.contact_id:
            return self._first(f"{condition} AND contact = ?", *values, made.contact.contact_id.lower())
        return self._first(f"{condition} AND name = ?", *values, folded(made.contact.name))

    def _first(self, condition: str, *values: str) -> There | None:
        query = f"SELECT {_COLUMNS} FROM invoice_there WHERE {condition} ORDER BY id"
        row = self._db.execute(query, values).fetchone()
        return None if row is None else There(*row)
