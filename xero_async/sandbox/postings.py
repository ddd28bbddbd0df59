"""The books: journals and their entries, in the store beside the documents.

A journal is never changed. When a document that has posted one comes to post another, or none, the first is
reversed by a journal of its own and the new one follows, so the numbers grow and every sum up to any number
is true for the books as they stood then. What a document posts is in `entries`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from .entries import Entry, Posting

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS journals (
    tenant INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, part TEXT NOT NULL, kind TEXT NOT NULL,
    day INTEGER NOT NULL, reference TEXT NOT NULL, created INTEGER NOT NULL, basis INTEGER NOT NULL,
    live INTEGER NOT NULL, PRIMARY KEY (tenant, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS journals_by_source ON journals (tenant, source, live);
CREATE TABLE IF NOT EXISTS entries (
    tenant INTEGER NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL, day INTEGER NOT NULL,
    account TEXT NOT NULL, amount INTEGER NOT NULL, basis INTEGER NOT NULL, tax INTEGER NOT NULL,
    tax_type TEXT NOT NULL, description TEXT NOT NULL, tracking TEXT NOT NULL,
    PRIMARY KEY (tenant, number, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS former_codes (
    tenant INTEGER NOT NULL, code TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (tenant, code));
"""

_FIELDS: Final = "account, amount, basis, tax, tax_type, description, tracking"


class Journal(NamedTuple):
    """A journal as it is kept; days and moments in milliseconds."""

    number: int
    source: str
    part: str
    kind: str
    day: int
    reference: str
    created: int
    basis: int


class Span(NamedTuple):
    """Days from the first to the last, both included, in milliseconds."""

    first: int
    last: int


class Postings:
    """The journals of all tenants."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def post(self, tenant: int, source: str, wanted: Sequence[Posting], at: int) -> bool:
        """Brings a document's journals to what it posts now; whether anything changed."""
        rows: list[tuple[object, ...]] = self._db.execute(
            "SELECT number, source, part, kind, day, reference, created, basis FROM journals"
            " WHERE tenant = ? AND source = ? AND live = 1",
            (tenant, source),
        ).fetchall()
        if not rows and not wanted:
            return False
        missing = list(wanted)
        stale: list[Journal] = []
        for row in rows:
            journal = Journal(*row)  # type: ignore[arg-type]  # the columns are of the schema above
            posting = self._posting(tenant, journal)
            if posting in missing:
                missing.remove(posting)
            else:
                stale.append(journal)
        for journal in stale:
            self._reverse(tenant, journal, at)
        self.add(tenant, ((source, posting, at) for posting in missing))
        return bool(stale or missing)

    def add(self, tenant: int, postings: Iterable[tuple[str, Posting, int]]) -> None:
        """Appends journals: for each its source, what is posted, and when."""
        first = number = self.last(tenant) + 1
        journals: list[tuple[object, ...]] = []
        entries: list[tuple[object, ...]] = []
        for source, (part, kind, day, reference, lines), at in postings:
            basis = 0
            for line, entry in enumerate(lines):
                basis |= entry.basis
                entries.append((tenant, number, line, day, *entry))
            journals.append((tenant, number, source, part, kind, day, reference, at, basis, 1))
            number += 1
        if number > first:
            self._db.executemany("INSERT INTO journals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", journals)
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)

    def _posting(self, tenant: int, journal: Journal) -> Posting:
        return Posting(
            journal.part, journal.kind, journal.day, journal.reference, tuple(self.entries(tenant, journal.number))
        )

    def _reverse(self, tenant: int, journal: Journal, at: int) -> None:
        number = self.last(tenant) + 1
        self._db.execute("UPDATE journals SET live = 0 WHERE tenant = ? AND number = ?", (tenant, journal.number))
        self._db.execute(
            "INSERT INTO journals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (tenant, number, *journal[1:6], at, journal.basis),
        )
        self._db.execute(
            "INSERT INTO entries SELECT tenant, ?, line, day, account, -amount, basis, -tax, tax_type, description,"
            " tracking FROM entries WHERE tenant = ? AND number = ?",
            (number, tenant, journal.number),
        )

    def last(self, tenant: int) -> int:
        """The number of the last journal, 0 before the first."""
        found: tuple[int | None] = self._db.execute(
            "SELECT max(number) FROM journals WHERE tenant = ?", (tenant,)
        ).fetchone()
        return found[0] or 0

    def entries(self, tenant: int, number: int) -> list[Entry]:
        """The entries of a journal, in order."""
        rows = self._db.execute(
            f"SELECT {_FIELDS} FROM entries WHERE tenant = ? AND number = ? ORDER BY line", (tenant, number)
        )
        return [Entry(*row) for row in rows]

    def after(self, tenant: int, number: int, most: int, *, basis: int, since: int) -> list[Journal]:
        """The journals of a basis above a number, created since a moment, the oldest first."""
        rows = self._db.execute(
            "SELECT number, source, part, kind, day, reference, created, basis FROM journals"
            " WHERE tenant = ? AND number > ? AND basis & ? AND created >= ? ORDER BY number LIMIT ?",
            (tenant, number, basis, since, most),
        )
        return [Journal(*row) for row in rows]

    def sums(
        self, tenant: int, spans: Sequence[Span], *, basis: int, tracked: Sequence[str] = ()
    ) -> dict[str, list[int]]:
        """For each account what its entries come to within each span, in cents, in one pass over the entries.

        `tracked` are ids of tracking options that an entry must carry.
        """
        columns = ", ".join(["coalesce(sum(CASE WHEN day BETWEEN ? AND ? THEN amount END), 0)"] * len(spans))
        marks = " AND instr(tracking, ?)" * len(tracked)
        rows: list[tuple[str, *tuple[int, ...]]] = self._db.execute(
            f"SELECT account, {columns} FROM entries WHERE tenant = ? AND basis & ?{marks} GROUP BY account",
            (*(end for span in spans for end in span), tenant, basis, *tracked),
        ).fetchall()
        return {account: list(found) for account, *found in rows}

    def moves(self, tenant: int, span: Span, *, basis: int) -> dict[str, tuple[int, int]]:
        """For each account its debits and its credits within a span, in cents and both above zero."""
        rows: list[tuple[str, int, int]] = self._db.execute(
            "SELECT account, sum(max(amount, 0)), -sum(min(amount, 0)) FROM entries"
            " WHERE tenant = ? AND day BETWEEN ? AND ? AND basis & ? GROUP BY account",
            (tenant, *span, basis),
        ).fetchall()
        return {account: (debit, credit) for account, debit, credit in rows}

    def issued(self, tenant: int, kind: str, span: Span, *, basis: int) -> tuple[int, int]:
        """How many journals of a kind stand within a span, and the debits of their first entries, in cents."""
        found: tuple[int, int] = self._db.execute(
            "SELECT count(*), coalesce(sum(amount), 0) FROM journals JOIN entries USING (tenant, number)"
            " WHERE tenant = ? AND kind = ? AND live = 1 AND line = 0 AND journals.day BETWEEN ? AND ?"
            " AND entries.basis & ?",
            (tenant, kind, *span, basis),
        ).fetchone()
        return found

    def rename(self, tenant: int, code: str, account_id: str) -> None:
        """Remembers a code that an account had, for the entries that were and will be made on it."""
        self._db.execute("INSERT OR REPLACE INTO former_codes VALUES (?, ?, ?)", (tenant, code, account_id))

    def former_codes(self, tenant: int) -> dict[str, str]:
        """The ids of accounts by the codes that they had."""
        rows: list[tuple[str, str]] = self._db.execute(
            "SELECT code, account FROM former_codes WHERE tenant = ?", (tenant,)
        ).fetchall()
        return dict(rows)
