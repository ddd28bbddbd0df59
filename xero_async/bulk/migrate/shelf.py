"""The records of an archive, on the disk while it is gone through, and which of them count.

The same document may be in an archive many times: as it was sent, as it was answered, as it was saved again when it
was paid. It is one document if it has one InvoiceID; or one number (of bills, where one of the two has no id: number,
contact, date and total); or, where it has neither, if it is the same to the letter, once for each time that one file
has it. Of these the one that was saved last counts, by its UpdatedDateUTC, else by the moment of the answer, else by
the order of the files. Two sales invoices of one number, each with an id or a contact of its own, are an error: these
are two documents. Contacts are one by their ContactID, their number or their name, none of which the organisation may
have twice; a record of its own counts more than what invoices say. What becomes one without having one id, and is not
the same in all, is told, for somebody to look at.

The file is SQLite's own temporary one, which nobody else can open and which is gone when the process is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from ...models import Contact, Invoice
from ...preflight.numbers import money
from ...wire import decode, encode
from .changes import Place, Stray
from .invoices import DEAD
from .records import Record

__all__ = ["Shelf", "Shelved", "folded", "in_cents"]

_SCHEMA: Final = """
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT, saved REAL);
CREATE TABLE record (
    id INTEGER PRIMARY KEY, kind TEXT, own INTEGER, file INTEGER, position INTEGER, line INTEGER, col INTEGER,
    saved REAL, xero_id TEXT, type TEXT, status TEXT, number TEXT, folded TEXT, name TEXT, day TEXT, total TEXT,
    party INTEGER, digest BLOB, nth INTEGER, body BLOB, strays BLOB, state TEXT, after INTEGER
);
CREATE INDEX record_by_digest ON record (digest, file);
CREATE INDEX record_by_party ON record (party);
"""
_LAST: Final = "own DESC, saved IS NULL, saved DESC, id DESC"
"""Which of several that are one was saved last."""


class Shelved(Struct, frozen=True):
    """A record of the archive, and what is known of it among the others."""

    id: int
    place: Place
    kind: str
    """`invoice`, `bill` or `contact`."""
    own: bool
    """Whether it is a record, and not a part of one."""
    number: str
    state: str
    """Empty where it counts; `duplicate`, `clash`, `dead` or `refused` where it does not."""
    after: int | None
    """The record that counts in its place."""
    key: str
    """What tells it in every run over the same archive."""
    party: int | None
    """The record of its contact."""
    record: Invoice | Contact
    strays: list[Stray]


class Shelf:
    """Put records on it, then settle it, then go through it."""

    def __init__(self) -> None:
        # An empty name is a file of its own without one. One thread at a time is at work with it.
        self.db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = OFF")
        self.db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file, which is gone then."""
        self.db.close()

    # -- putting --------------------------------------------------------------------------------------------------

    def open_file(self, name: str) -> int:
        """A document whose records come now."""
        return self.db.execute("INSERT INTO file (name) VALUES (?)", (name,)).lastrowid or 0

    def close_file(self, file: int, saved: datetime | None) -> None:
        """All its records have come; `saved` is when it was answered."""
        self.db.execute("UPDATE file SET saved = ? WHERE id = ?", (_seconds(saved), file))

    def leave_out(self, file: int) -> None:
        """Take the records of a document away again."""
        self.db.execute("DELETE FROM record WHERE file = ?", (file,))

    def put(self, file: int, found: Record) -> None:
        """A record."""
        if isinstance(found.record, Contact):
            self._put_contact(file, found.record, found, own=True)
            return
        invoice, party = found.record, None
        contact = invoice.contact
        if contact is not None and any(map(folded, (contact.contact_id, contact.contact_number, contact.name))):
            party = self._put_contact(file, contact, found, own=False, saved=invoice.updated_date_utc)
        number = (invoice.invoice_number or "").strip()
        refused = bool(invoice.validation_errors) or invoice.status_attribute_string == "ERROR"
        self._insert(
            found,
            kind="invoice",
            file=file,
            saved=_seconds(invoice.updated_date_utc),
            xero_id=(invoice.invoice_id or "").lower(),
            type=(invoice.type or "").strip().upper(),
            status=(invoice.status or "").strip().upper(),
            number=number,
            folded=folded(number),
            name="",
            day=str(invoice.date or ""),
            total=in_cents(invoice.total),
            party=party,
            state="refused" if refused else "",
        )

    def _put_contact(
        self, file: int, contact: Contact, found: Record, *, own: bool, saved: datetime | None = None
    ) -> int:
        """A contact, by itself or as an invoice holds it; one that many invoices hold alike is put once."""
        body = found if own else Record(found.place, contact, [], blake2b(encode(contact), digest_size=16).digest())
        moment = _seconds(contact.updated_date_utc or saved)
        if not own:
            query = "SELECT id FROM record WHERE digest = ? AND kind = 'contact' AND NOT own AND file = ?"
            known = self.db.execute(query, (body.digest, file)).fetchone()
            if known is not None:
                query = "UPDATE record SET saved = max(coalesce(saved, ?), ?) WHERE id = ?"
                self.db.execute(query, (moment, moment, known[0]))
                return int(known[0])
        refused = own and bool(contact.validation_errors or contact.status_attribute_string == "ERROR")
        return self._insert(
            body,
            kind="contact",
            own=own,
            file=file,
            saved=moment,
            xero_id=(contact.contact_id or "").lower(),
            number=(contact.name or contact.contact_number or "").strip(),
            folded=folded(contact.contact_number),
            name=folded(contact.name),
            state="refused" if refused else "",
        )

    def _insert(self, found: Record, *, own: bool = True, **cells: object) -> int:
        place = found.place
        query = "SELECT count(*) FROM record WHERE digest = ? AND file = ?"
        (nth,) = self.db.execute(query, (found.digest, cells["file"])).fetchone()
        row = {
            "own": own,
            "position": place.position,
            "line": place.line,
            "col": place.column,
            "digest": found.digest,
            "nth": nth,
            "body": encode(found.record),
            "strays": msgspec.json.encode(found.strays),
            **cells,
        }
        query = f"INSERT INTO record ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        return self.db.execute(query, tuple(row.values())).lastrowid or 0

    # -- settling -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Find out which records are one, and which of them count."""
        self.db.execute("UPDATE record SET saved = (SELECT saved FROM file f WHERE f.id = file) WHERE saved IS NULL")
        for key in ("xero_id", "folded", "name"):
            self._part("contact", key, "'duplicate'")
        self._point_to_those_that_count()
        self._part("invoice", "xero_id", "'duplicate'")
        dead = ", ".join(f"'{status}'" for status in sorted(DEAD))
        self.db.execute(
            f"UPDATE record SET state = 'dead' WHERE kind = 'invoice' AND state = '' AND status IN ({dead})"
        )
        # A contact that is not named is null, and differs from none.
        clash = "(xero_id <> '' AND lead <> '' AND xero_id <> lead) OR party <> leader"
        clash = f"CASE WHEN {clash} THEN 'clash' ELSE 'duplicate' END"
        self._part("invoice", "CASE WHEN type = 'ACCREC' THEN folded ELSE '' END", clash)
        bill = "CASE WHEN type <> 'ACCREC' AND folded <> '' THEN folded || char(0) || coalesce(party, '') || char(0)"
        bill += " || day || char(0) || total ELSE '' END"
        self._part(
            "invoice", bill, "CASE WHEN xero_id = '' THEN 'duplicate' ELSE '' END", order=f"xero_id = '', {_LAST}"
        )
        unnamed = "CASE WHEN xero_id = '' AND folded = '' THEN hex(digest) || nth ELSE '' END"
        self._part("invoice", unnamed, "'duplicate'", order="id")

    def _part(self, kind: str, key: str, state: str, order: str = _LAST) -> None:
        """Of the records that still count and share a key, let only the first in an order count."""
        self.db.execute(
            f"""UPDATE record SET state = new.state, after = new.after FROM (
                SELECT id, {state} AS state, winner AS after FROM (
                    SELECT *, first_value(id) OVER same AS winner, first_value(xero_id) OVER same AS lead,
                        first_value(party) OVER same AS leader
                    FROM (SELECT *, {key} AS part FROM record WHERE kind = ? AND state = '')
                    WHERE part <> '' WINDOW same AS (PARTITION BY part ORDER BY {order})
                ) WHERE winner <> id
            ) AS new WHERE record.id = new.id AND new.state <> ''""",
            (kind,),
        )

    def _point_to_those_that_count(self) -> None:
        """Let invoices point to the contacts that count in the place of theirs."""
        moved = "UPDATE record SET party = (SELECT after FROM record c WHERE c.id = record.party) WHERE party IN"
        while self.db.execute(f"{moved} (SELECT id FROM record WHERE after IS NOT NULL)").rowcount > 0:
            pass

    # -- going through --------------------------------------------------------------------------------------------

    def invoices(self) -> Iterator[Shelved]:
        """All invoices and bills, in the order of the archive."""
        return self._all("r.kind = 'invoice'")

    def contacts(self) -> Iterator[Shelved]:
        """All contacts that are records of their own, and of those that invoices hold the ones that count."""
        return self._all("r.kind = 'contact' AND (r.own OR r.state = '')")

    def one(self, id: int) -> Shelved:
        """A record."""
        return next(self._all("r.id = ?", id))

    def _all(self, condition: str, *values: object) -> Iterator[Shelved]:
        query = f"""SELECT r.id, f.name, r.position, r.line, r.col, r.kind, r.own, r.type, r.number, r.state, r.after,
            r.digest, r.nth, r.party, r.body, r.strays FROM record r JOIN file f ON f.id = r.file
            WHERE {condition} ORDER BY r.id"""
        for row in self.db.execute(query, values):
            id, file, position, line, column, kind, own, type, number, *rest = row
            state, after, digest, nth, party, body, strays = rest
            yield Shelved(
                id=id,
                place=Place(file, position, line, column),
                kind="bill" if type == "ACCPAY" else kind,
                own=bool(own),
                number=number,
                state=state,
                after=after,
                key=f"{digest.hex()}:{nth}",
                party=party,
                record=decode(Contact, body) if kind == "contact" else decode(Invoice, body),
                strays=msgspec.json.decode(strays, type=list[Stray]),
            )


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def folded(text: str | None) -> str:
    """A name or a number in the one form in which two can be compared."""
    return " ".join((text or "").split()).casefold()


def in_cents(total: Decimal | None) -> str:
    """A total in the one form in which two can be compared; what is too large for Xero stays as it is."""
    if total is None:
        return ""
    amount = money(total)
    return str(total if amount is None else amount)
