"""What is to be made of an archive: the new documents in their order, and what became of the records beside.

The plan is kept with the journals. A later run over the same archive makes what was decided at first, for by then the
organisation has half of it, and would be decided about otherwise. What the archive has more than before comes behind.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from ...models import Contact, Invoice
from ...preflight import Finding
from ...wire import decode, encode
from ...wire.errors import InvalidArgument
from ..create.journal import is_foreign
from .changes import Change, Place

__all__ = ["PHASES", "Document", "Phase", "Plan", "Told", "What"]

Phase: TypeAlias = Literal["contacts", "invoices"]
PHASES: Final[tuple[Phase, ...]] = ("contacts", "invoices")
"""In their order: a contact is there before the invoices that name it."""

What: TypeAlias = Literal["broken", "error", "there", "duplicate", "dead", "refused", "left"]
"""What became of a record of which nothing is made: it cannot be read or made, the organisation has it, another record
counts in its place, it was deleted or voided, v1 had refused it, or it is nothing that can be made."""

VERSION: Final = "1"
_OWN: Final = frozenset({"about", "document"})
"""The tables of a plan."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS {schema}.about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS {schema}.document (
    phase TEXT, position INTEGER, key TEXT, kind TEXT, number TEXT, place BLOB, record BLOB, changes BLOB, total TEXT,
    PRIMARY KEY (phase, position), UNIQUE (phase, key)
);
"""


class Document(Struct, frozen=True):
    """A contact, an invoice or a bill that is to be made."""

    key: str
    kind: str
    number: str
    place: Place
    record: Contact | Invoice
    changes: list[Change]
    total: Decimal | None = None
    """What it will come to; None where that is not known."""


class Told(Struct, frozen=True):
    """A record of which nothing is made."""

    what: What
    kind: str
    number: str
    place: Place
    changes: list[Change]
    """Why."""
    id: str = ""
    """That of the document that is there."""


class Plan:
    """A plan in a database that is given, and in a file once it is carried out."""

    def __init__(self, db: sqlite3.Connection, path: Path | None, about: Mapping[str, str]) -> None:
        self._db, self._path, self._about = db, path, {"version": VERSION, **about}
        self._db.executescript(_TABLES.format(schema="main"))
        self._db.execute("CREATE TABLE told (id INTEGER PRIMARY KEY, body BLOB)")
        self._db.execute("CREATE TABLE finding (phase TEXT, position INTEGER, body BLOB)")
        self._db.execute("CREATE INDEX finding_by_position ON finding (phase, position)")
        self.resumed = 0
        """Invoices and bills that an earlier run has planned."""

    def load(self) -> None:
        """Take up what an earlier run has planned. Raises `InvalidArgument` where that was for another purpose."""
        if self._path is None or not self._path.exists() or not self._path.stat().st_size:
            return
        with self._file():
            known = dict(self._db.execute("SELECT name, value FROM kept.about").fetchall())
            for name, value in self._about.items():
                if known and known.get(name) != value:
                    raise InvalidArgument(
                        f"the journal {self._path} is of another migration: its {name} is {known.get(name)}, and not "
                        f"{value}: name another with --journal"
                    )
            self._db.execute("INSERT INTO main.document SELECT * FROM kept.document")
        self.resumed = self.count("invoices")
        self._db.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")

    def keep(self) -> None:
        """Write it down, durably, before it is carried out. Raises `InvalidArgument`, `OSError`."""
        assert self._path is not None
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._file():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR IGNORE INTO kept.about VALUES (?, ?)", self._about.items())
            self._db.execute(
                "INSERT INTO kept.document SELECT * FROM main.document AS d WHERE NOT EXISTS "
                "(SELECT 1 FROM kept.document k WHERE k.phase = d.phase AND k.key = d.key)"
            )
            self._db.execute("COMMIT")

    @contextmanager
    def _file(self) -> Generator[None]:
        """The file beside the database, as the schema `kept`. Raises `InvalidArgument` for what is no plan."""
        try:
            self._db.execute("ATTACH ? AS kept", (str(self._path),))
            if is_foreign(self._db, _OWN, "kept"):
                raise InvalidArgument(
                    f"{self._path} is a database, and no journal of a migration: name another with --journal"
                )
            self._db.execute("PRAGMA kept.synchronous = FULL")
            self._db.executescript(_TABLES.format(schema="kept"))
            yield
        except sqlite3.Error as error:
            raise InvalidArgument(f"the journal {self._path} cannot be used: {error}") from None
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if any(name == "kept" for _, name, _ in self._db.execute("PRAGMA database_list")):
                self._db.execute("DETACH kept")

    # -- making it ------------------------------------------------------------------------------------------------

    def has(self, phase: Phase, key: str) -> bool:
        """Whether a record of the archive was planned before; it is noted that the archive still has it."""
        found = self._db.execute("SELECT 1 FROM document WHERE phase = ? AND key = ?", (phase, key)).fetchone()
        if found is not None and self.resumed:
            self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,))
        return found is not None

    def missing(self) -> int:
        """Invoices and bills of an earlier run that the archive has no more."""
        if not self.resumed:
            return 0
        query = "SELECT count(*) FROM document WHERE phase = 'invoices' AND position < ? AND key NOT IN seen"
        return int(self._db.execute(query, (self.resumed,)).fetchone()[0])

    def add(self, phase: Phase, document: Document) -> None:
        """A document that is to be made, behind all others."""
        row = (
            phase,
            self.count(phase),
            document.key,
            document.kind,
            document.number,
            msgspec.json.encode(document.place),
            encode(document.record),
            msgspec.json.encode(document.changes),
            None if document.total is None else str(document.total),
        )
        self._db.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def tell(self, told: Told) -> None:
        """A record of which nothing is made."""
        self._db.execute("INSERT INTO told (body) VALUES (?)", (msgspec.json.encode(told),))

    def note(self, phase: Phase, finding: Finding) -> None:
        """What the checks have found of a document."""
        row = phase, finding.row, msgspec.json.encode(finding)
        self._db.execute("INSERT INTO finding VALUES (?, ?, ?)", row)

    # -- going through it -----------------------------------------------------------------------------------------

    def count(self, phase: Phase) -> int:
        """Documents of a phase."""
        # The positions are without gaps.
        (last,) = self._db.execute("SELECT max(position) FROM document WHERE phase = ?", (phase,)).fetchone()
        return 0 if last is None else int(last) + 1

    def documents(self, phase: Phase) -> Iterator[Document]:
        """The documents of a phase, in their order."""
        query = "SELECT * FROM document WHERE phase = ? ORDER BY position"
        for row in self._db.execute(query, (phase,)):
            yield _document(row)

    def place(self, phase: Phase, position: int) -> Place:
        """Where the document at a position stands in the archive."""
        query = "SELECT place FROM document WHERE phase = ? AND position = ?"
        return msgspec.json.decode(self._db.execute(query, (phase, position)).fetchone()[0], type=Place)

    def findings(self, phase: Phase, position: int) -> list[Finding]:
        """What the checks have found of the document at a position."""
        query = "SELECT body FROM finding WHERE phase = ? AND position = ?"
        rows = self._db.execute(query, (phase, position)).fetchall()
        return [msgspec.json.decode(body, type=Finding) for (body,) in rows]

    def told(self) -> Iterator[Told]:
        """The records of which nothing is made, in the order in which they were told."""
        for (body,) in self._db.execute("SELECT body FROM told ORDER BY id"):
            yield msgspec.json.decode(body, type=Told)


def _document(row: tuple[str, int, str, str, str, bytes, bytes, bytes, str | None]) -> Document:
    phase, _, key, kind, number, place, record, changes, total = row
    return Document(
        key=key,
        kind=kind,
        number=number,
        place=msgspec.json.decode(place, type=Place),
        record=decode(Contact, record) if phase == "contacts" else decode(Invoice, record),
        changes=msgspec.json.decode(changes, type=list[Change]),
        total=None if total is None else Decimal(total),
    )
