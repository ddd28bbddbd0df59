"""Where documents rest: one SQLite database, in memory or in a file.

A document is stored as the bytes that answer for it, so that a page is read and joined, never built. The
bytes are cut in two: `head` (what the summary form shows, without its closing brace) and `tail` (the heavy
fields and the brace); `fine` is a second tail, kept only where unit amounts have more than two decimals.
Beside the bytes each resource has a narrow table of facts, one real column for each field that a query may
name, so that a filter over many documents never opens one. Text is stored as it is (empty text as null),
dates as milliseconds, truth as 0 or 1, numbers as whole millionths.

When `write()` has been left, its work is on the disk: see `opening`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Final, Literal, NamedTuple

from . import kept, postings
from .catalogue import ALL_RESOURCES
from .entries import Look, postings_of
from .kept import Kept
from .opening import marks, open_database
from .postings import Postings
from .query import Condition, SqlValue, scaled
from .resources import Column, Resource
from .snapshots import Everything
from .values import (
    ZERO,
    Document,
    as_document,
    as_list,
    dump_json,
    load_json,
    rounded,
    stored_ms,
)

Form = Literal["full", "fine", "summary"]  # with two decimals in unit amounts, with four, without the heavy fields

_TAILS: Final[dict[Form, str]] = {"full": "tail", "fine": "coalesce(fine, tail)", "summary": "x'7D'"}
_NO_LINES: Final = "x'" + b',"LineItems":[]}'.hex() + "'"  # the summary's end where there are lines: Xero shows none
_CHUNK: Final = 2000
_UNITS: Final = ("UnitAmount", "UnitPrice")
_COUNTS_KEPT: Final = 1000
_FEW: Final = 3  # a selection of less than this part of all is few

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tenants (ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bodies (
    key INTEGER PRIMARY KEY, head BLOB NOT NULL, tail BLOB NOT NULL, fine BLOB);
CREATE TABLE IF NOT EXISTS sequences (
    tenant INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (tenant, name));
CREATE TABLE IF NOT EXISTS members (
    tenant INTEGER NOT NULL, grp TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (tenant, grp, member));
CREATE TABLE IF NOT EXISTS history (
    key INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, owner TEXT NOT NULL, at INTEGER NOT NULL,
    changes TEXT NOT NULL, user TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_by_owner ON history (tenant, owner);
CREATE TABLE IF NOT EXISTS attachments (
    key INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL,
    name TEXT NOT NULL, mime TEXT NOT NULL, online INTEGER NOT NULL, content BLOB NOT NULL,
    UNIQUE (tenant, owner, name));
"""


class Body(NamedTuple):
    """The stored bytes of a document in one form."""

    head: bytes
    tail: bytes

    def whole(self, extra: bytes = b"") -> bytes:
        """The document's JSON, further fields (`,"Name":value`) between its light and its heavy ones."""
        return self.head + extra + self.tail


class Note(NamedTuple):
    """One record of a document's history; `at` in milliseconds."""

    at: int
    changes: str
    user: str
    details: str


class Attachment(NamedTuple):
    """What is known of an attached file; its content is read on its own."""

    id: str
    name: str
    mime: str
    size: int
    online: bool


class Selection(NamedTuple):
    """Which documents, in which order; `at` and `most` cut a page out of them (-1: all)."""

    where: Condition
    order: str = "updated, id"
    most: int = -1
    at: int = 0


class Store:
    """The documents of all tenants; a tenant is named by its ordinal."""

    def __init__(self, path: str) -> None:
        self._tables = {resource.name: _Table(resource) for resource in ALL_RESOURCES}
        schema = _SCHEMA + kept.SCHEMA + postings.SCHEMA + "".join(table.schema for table in self._tables.values())
        self._db = open_database(path, schema)
        self._db.create_function("lower_case", 1, _lower_case, deterministic=True)
        self._db.create_function("upper_case", 1, _upper_case, deterministic=True)
        # One wait for the disk, not one for each of the statements.
        self._db.executescript(f"BEGIN IMMEDIATE;{schema}{marks(schema)}COMMIT;")
        self._teach_planner()
        self.postings = Postings(self._db)
        self.kept = Kept(self._db)
        self.everything = Everything(self._db)
        self._counts: dict[tuple[str, tuple[SqlValue, ...]], int] = {}
        self._rough: dict[tuple[str, int], int] = {}  # how many documents there are, those removed included
        self._ticks: dict[int, int] = {}

    def _teach_planner(self) -> None:
        """Tells SQLite how selective its indexes are: without it, a tenant counts for ten rows and is scanned."""
        self._db.execute("ANALYZE sqlite_schema")
        wanted = [row for table in self._tables.values() for row in table.selectivity]
        if self._db.execute("SELECT * FROM sqlite_stat1").fetchall() == wanted:
            return
        with self._transaction():
            self._db.execute("DELETE FROM sqlite_stat1")
            self._db.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", wanted)
        self._db.execute("ANALYZE sqlite_schema")

    def close(self) -> None:
        """Closes the database; further use raises `sqlite3.ProgrammingError`."""
        self._db.close()

    # --------------------------------------------------------------------------------------- tenants, time

    def tenant(self, tenant_id: str) -> int | None:
        """The ordinal of a tenant."""
        found: tuple[int] | None = self._db.execute("SELECT ordinal FROM tenants WHERE id = ?", (tenant_id,)).fetchone()
        return found[0] if found else None

    def tenants(self) -> dict[str, tuple[int, str]]:
        """The ordinals and names of all tenants by id, in the order of their coming."""
        rows = self._db.execute("SELECT id, ordinal, name FROM tenants ORDER BY ordinal").fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    def add_tenant(self, tenant_id: str, name: str) -> int:
        """The ordinal of a tenant that is new from now on."""
        self._db.execute("INSERT INTO tenants (id, name) VALUES (?, ?)", (tenant_id, name))
        found: tuple[int] = self._db.execute("SELECT last_insert_rowid()").fetchone()
        return found[0]

    def tick(self, tenant: int, now: int) -> int:
        """A change's time in milliseconds: the clock's, or just after the tenant's last change if that is later."""
        last = self._ticks.get(tenant)
        if last is None:
            last = max(self._latest(table, tenant) for table in self._tables.values())
        self._ticks[tenant] = max(now, last + 1)
        return self._ticks[tenant]

    def _latest(self, table: _Table, tenant: int) -> int:
        found: tuple[int | None] = self._db.execute(
            f"SELECT max(updated) FROM {table.name} WHERE tenant = ?", (tenant,)
        ).fetchone()
        return found[0] or 0

    @contextmanager
    def write(self) -> Generator[None, None, None]:
        """One transaction: all of what is done inside, or nothing of it when that raises.

        Within another transaction it is a part of that, and on the disk when that is.
        """
        try:
            with self.attempt() if self._db.in_transaction else self._transaction():
                yield
        finally:
            self._counts.clear()
            self._ticks.clear()

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite itself ends it where the disk is full
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def attempt(self) -> Generator[None, None, None]:
        """A part of a transaction that is undone on its own when it raises."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def next_number(self, tenant: int, name: str) -> int:
        """The next value of a sequence, from 1."""
        self._db.execute(
            "INSERT INTO sequences VALUES (?, ?, 1) ON CONFLICT (tenant, name) DO UPDATE SET value = value + 1",
            (tenant, name),
        )
        found: tuple[int] = self._db.execute(
            "SELECT value FROM sequences WHERE tenant = ? AND name = ?", (tenant, name)
        ).fetchone()
        return found[0]

    def set_number(self, tenant: int, name: str, value: int) -> None:
        """Sets the last value that a sequence has given."""
        self._db.execute("INSERT OR REPLACE INTO sequences VALUES (?, ?, ?)", (tenant, name, value))

    # ------------------------------------------------------------------------------------------- documents

    def get(self, resource: Resource, tenant: int, document_id: str) -> Document | None:
        """A document by its id, with its finest unit amounts."""
        body = self.body(resource, tenant, document_id, "fine")
        return None if body is None else as_document(load_json(body.whole()))

    def body(self, resource: Resource, tenant: int, document_id: str, form: Form) -> Body | None:
        """The bytes of a document by its id."""
        found: tuple[bytes, bytes] | None = self._db.execute(
            f"SELECT head, {_TAILS[form]} FROM {self._tables[resource.name].name} JOIN bodies USING (key)"
            " WHERE tenant = ? AND id = ?",
            (tenant, document_id),
        ).fetchone()
        return Body(*found) if found else None

    def add(self, resource: Resource, tenant: int, document: Document) -> None:
        """Stores a new document that a client made."""
        self._insert(resource, tenant, [document], origin=1)

    def load(self, resource: Resource, tenant: int, documents: Iterable[Document], *, look: Look | None = None) -> None:
        """Stores many new documents that no client made, and posts them; `look` finds what they refer to."""

        def stored(other: Resource, document_id: str) -> Document | None:
            return self.get(other, tenant, document_id)

        remaining = iter(documents)
        while chunk := list(islice(remaining, _CHUNK)):
            self._insert(resource, tenant, chunk, origin=0)
            self.postings.add(
                tenant,
                (
                    (str(document[resource.id]), posting, stored_ms(document.get("UpdatedDateUTC")) or posting.day)
                    for document in chunk
                    for posting in postings_of(resource, document, look or stored)
                ),
            )

    def _insert(self, resource: Resource, tenant: int, documents: Sequence[Document], *, origin: int) -> None:
        table = self._tables[resource.name]
        if (resource.name, tenant) in self._rough:
            self._rough[resource.name, tenant] += len(documents)
        found: tuple[int] = self._db.execute("SELECT coalesce(max(key), 0) + 1 FROM bodies").fetchone()
        first = found[0]
        self._db.executemany(
            "INSERT INTO bodies VALUES (?, ?, ?, ?)",
            [(first + at, *_packed(resource, document)) for at, document in enumerate(documents)],
        )
        self._db.executemany(
            table.insert,
            [(first + at, tenant, origin, *table.facts(document)) for at, document in enumerate(documents)],
        )

    def replace(self, resource: Resource, tenant: int, document: Document) -> None:
        """Stores a document anew, under the id that it has."""
        table = self._tables[resource.name]
        found: tuple[int] = self._db.execute(
            f"SELECT key FROM {table.name} WHERE tenant = ? AND id = ?", (tenant, document[resource.id])
        ).fetchone()
        self._db.execute(
            "UPDATE bodies SET head = ?, tail = ?, fine = ? WHERE key = ?",
            (*_packed(resource, document), found[0]),
        )
        self._db.execute(table.update, (*table.facts(document), tenant, found[0]))

    def remove(self, resource: Resource, tenant: int, document_id: str) -> None:
        """Deletes a document, with its history and its files."""
        table = self._tables[resource.name].name
        self._db.execute(
            f"DELETE FROM bodies WHERE key = (SELECT key FROM {table} WHERE tenant = ? AND id = ?)",
            (tenant, document_id),
        )
        self._db.execute(f"DELETE FROM {table} WHERE tenant = ? AND id = ?", (tenant, document_id))
        for hanging in ("history", "attachments"):
            self._db.execute(f"DELETE FROM {hanging} WHERE tenant = ? AND owner = ?", (tenant, document_id))

    def mentions(self, resource: Resource, tenant: int, part: bytes) -> bool:
        """Whether the JSON of any document holds these bytes; reads them all, so for rare questions only."""
        found = self._db.execute(
            f"SELECT 1 FROM {self._tables[resource.name].name} JOIN bodies USING (key)"
            " WHERE tenant = ? AND (instr(head, ?) OR instr(tail, ?)) LIMIT 1",
            (tenant, part, part),
        ).fetchone()
        return found is not None

    def find(self, resource: Resource, tenant: int, where: str, *values: SqlValue) -> list[str]:
        """The ids of documents that fulfil an SQL condition, those changed last first."""
        rows: list[tuple[str]] = self._db.execute(
            f"SELECT id FROM {self._tables[resource.name].name} WHERE tenant = ? AND {where} ORDER BY updated DESC, id",
            (tenant, *values),
        ).fetchall()
        return [row[0] for row in rows]

    def count(self, resource: Resource, tenant: int, where: Condition) -> int:
        """How many documents fulfil a condition; remembered until the next write."""
        sql = f"SELECT count(*) FROM {self._tables[resource.name].name} WHERE tenant = ? AND {where.sql}"
        known = (sql, (tenant, *where.values))
        if known not in self._counts:
            if len(self._counts) >= _COUNTS_KEPT:
                self._counts.clear()
            found: tuple[int] = self._db.execute(*known).fetchone()
            self._counts[known] = found[0]
        return self._counts[known]

    def read(self, resource: Resource, tenant: int, selection: Selection, form: Form) -> list[bytes]:
        """The JSON of the selected documents, in order."""
        # A filter that few fulfil is quicker sorted than looked for along an index: the plus keeps SQLite off that.
        few = self.count(resource, tenant, selection.where) * _FEW < self._about(resource, tenant)
        keys: list[tuple[int]] = self._db.execute(
            f"SELECT key FROM {self._tables[resource.name].name} WHERE tenant = ? AND {selection.where.sql}"
            # Two whole numbers of ours, written out: SQLite plans badly around a limit that it does not see.
            f" ORDER BY {'+' * few}{selection.order} LIMIT {selection.most:d} OFFSET {selection.at:d}",
            (tenant, *selection.where.values),
        ).fetchall()
        fetch = self._db.cursor()
        ending = _NO_LINES if form == "summary" and "LineItems" in resource.heavy else _TAILS[form]
        sql = f"SELECT head, {ending} FROM bodies WHERE key = ?"
        parts: list[bytes] = []
        for key in keys:
            head, tail = fetch.execute(sql, key).fetchone()
            parts.append(head + tail)
        return parts

    def grouped(
        self, resource: Resource, tenant: int, by: Sequence[str], what: Sequence[str], where: str, *values: SqlValue
    ) -> list[tuple[SqlValue, ...]]:
        """For each group of documents alike in some columns: those columns, and then what SQL says of the group."""
        columns = ", ".join(f'"{column}"' for column in by)
        rows: list[tuple[SqlValue, ...]] = self._db.execute(
            f"SELECT {columns}, {', '.join(what)} FROM {self._tables[resource.name].name}"
            f" WHERE tenant = ? AND {where} GROUP BY {columns}",
            (tenant, *values),
        ).fetchall()
        return rows

    def _about(self, resource: Resource, tenant: int) -> int:
        """How many documents a tenant has of a resource, or had, without counting them after each write."""
        known = (resource.name, tenant)
        if known not in self._rough:
            self._rough[known] = self.size(resource, tenant)
        return self._rough[known]

    def size(self, resource: Resource, tenant: int) -> int:
        """How many documents a tenant has of a resource."""
        return self.count(resource, tenant, Condition("1"))

    def twins(self, resource: Resource, tenant: int) -> int:
        """How many live documents made by clients repeat another one; see `Documents.counts`."""
        alike = ", ".join(f'"{column}"' for column in resource.twin)
        number = f"""CASE WHEN "Reference" IS NULL OR "Type" LIKE 'ACCPAY%' THEN "{resource.number}" END"""
        found: tuple[int] = self._db.execute(
            f"""SELECT coalesce(sum(alike - 1), 0) FROM (
                SELECT count(*) AS alike FROM {self._tables[resource.name].name}
                WHERE tenant = ? AND origin = 1 AND "Status" NOT IN ('DELETED', 'VOIDED')
                GROUP BY {alike}, {number}
            )""",
            (tenant,),
        ).fetchone()
        return found[0]

    def repeats(self, resource: Resource, tenant: int) -> int:
        """How many live documents made by clients have the type and number of another one."""
        found: tuple[int] = self._db.execute(
            f"""SELECT coalesce(sum(alike - 1), 0) FROM (
                SELECT count(*) AS alike FROM {self._tables[resource.name].name}
                WHERE tenant = ? AND origin = 1 AND "Status" NOT IN ('DELETED', 'VOIDED') AND "{resource.number}" <> ''
                GROUP BY "Type", "{resource.number}"
            )""",
            (tenant,),
        ).fetchone()
        return found[0]

    # ---------------------------------------------------------------------------------- what hangs on them

    def note(self, tenant: int, owner: str, notes: Iterable[Note]) -> None:
        """Appends records to a document's history."""
        self._db.executemany(
            "INSERT INTO history (tenant, owner, at, changes, user, details) VALUES (?, ?, ?, ?, ?, ?)",
            [(tenant, owner, *note) for note in notes],
        )

    def notes(self, tenant: int, owner: str) -> list[Note]:
        """A document's history, the newest record first."""
        rows = self._db.execute(
            "SELECT at, changes, user, details FROM history WHERE tenant = ? AND owner = ? ORDER BY key DESC",
            (tenant, owner),
        )
        return [Note(*row) for row in rows]

    def attach(self, tenant: int, owner: str, attachment: Attachment, content: bytes) -> None:
        """Attaches a file; one of the same name is overwritten."""
        self._db.execute(
            "INSERT OR REPLACE INTO attachments (tenant, owner, id, name, mime, online, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (tenant, owner, attachment.id, attachment.name, attachment.mime, attachment.online, content),
        )

    def attachments(self, tenant: int, owner: str) -> list[Attachment]:
        """The files of a document, in the order of their coming."""
        rows: list[tuple[str, str, str, int, int]] = self._db.execute(
            "SELECT id, name, mime, length(content), online FROM attachments"
            " WHERE tenant = ? AND owner = ? ORDER BY key",
            (tenant, owner),
        ).fetchall()
        return [Attachment(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def content(self, tenant: int, owner: str, attachment_id: str) -> bytes:
        """The bytes of an attached file."""
        found: tuple[bytes] = self._db.execute(
            "SELECT content FROM attachments WHERE tenant = ? AND owner = ? AND id = ?",
            (tenant, owner, attachment_id),
        ).fetchone()
        return found[0]

    def join(self, tenant: int, memberships: Iterable[tuple[str, str]]) -> None:
        """Puts contacts into groups, or services to themes: pairs of a group's and a member's id."""
        self._db.executemany(
            "INSERT OR IGNORE INTO members VALUES (?, ?, ?)",
            [(tenant, group, member) for group, member in memberships],
        )

    def leave(self, tenant: int, group: str, member: str) -> None:
        """Takes a member out of a group."""
        self._db.execute("DELETE FROM members WHERE tenant = ? AND grp = ? AND member = ?", (tenant, group, member))

    def members_of(self, tenant: int, group: str) -> list[str]:
        """The ids of what is in a group."""
        rows: list[tuple[str]] = self._db.execute(
            "SELECT member FROM members WHERE tenant = ? AND grp = ? ORDER BY member", (tenant, group)
        ).fetchall()
        return [row[0] for row in rows]


class _Table:
    """The table of facts of one resource: its SQL, and how a document's facts are taken.

    Its rows lie by tenant (`WITHOUT ROWID`), so that a filter reads a tenant's rows one after the other.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.name = f'"{resource.name}"'
        kept = [
            column for column in resource.columns if column.kind != "object" and column.column not in ("id", "updated")
        ]
        kept.sort(key=lambda column: not _is_plain(column))
        self._texts = [column.path for column in kept if _is_plain(column)]
        others = kept[len(self._texts) :]
        self._readers = [(_READERS[column.kind], tuple(column.path.split("."))) for column in others]
        self._search = [tuple(path.split(".")) for path in resource.search]
        columns = ["id", "updated", "search", "handle", *(f'"{column.column}"' for column in kept)]
        self.insert = (
            f"INSERT INTO {self.name} (key, tenant, origin, {', '.join(columns)})"
            f" VALUES ({', '.join('?' * (len(columns) + 3))})"
        )
        changes = ", ".join(f"{column} = ?" for column in columns)
        self.update = f"UPDATE {self.name} SET {changes} WHERE tenant = ? AND key = ?"
        self.schema = (
            f"CREATE TABLE IF NOT EXISTS {self.name} (key INTEGER NOT NULL, tenant INTEGER NOT NULL,"
            f" origin INTEGER NOT NULL, {', '.join(columns)}, PRIMARY KEY (tenant, key)) WITHOUT ROWID;\n"
        )
        self.selectivity = [(resource.name, resource.name, "100000 50000 1")]  # the table itself, by tenant and key
        for at, (unique, fields, selectivity) in enumerate(_indexes(resource)):
            name = f"{resource.name} {at}"
            self.schema += f'CREATE {unique} INDEX IF NOT EXISTS "{name}" ON {self.name} (tenant, {fields});\n'
            self.selectivity.append((resource.name, name, f"100000 50000 {selectivity}"))

    def facts(self, document: Document) -> tuple[SqlValue, ...]:
        """The values of a document's columns, from `id` on."""
        resource = self.resource
        return (
            _read_text(document[resource.id]),
            stored_ms(document.get("UpdatedDateUTC")) or 0,
            "\n".join([str(_at(document, path) or "") for path in self._search]).casefold(),
            handle_of(resource, document),
            *[value if isinstance(value, str) and value else None for value in map(document.get, self._texts)],
            *[read(_at(document, path)) for read, path in self._readers],
        )


def _is_plain(column: Column) -> bool:
    """Whether a column is a text at the top of its document: most are, and are read without further ado."""
    return column.kind in ("text", "guid") and "." not in column.path


def handle_of(resource: Resource, document: Document) -> str:
    """What names a document to a human, for matching without regard to case."""
    return "\n".join(str(document.get(name) or "").strip() for name in resource.handle).casefold()


def _indexes(resource: Resource) -> list[tuple[str, str, str]]:
    """For each index beside the tenant: unique or not, its fields, and how many rows they narrow it down to."""
    by_handle = ["handle"] if resource.handle else []
    by_fields = [*by_handle, *(f'"{field}"' for field in resource.indexed)]
    # Where there is something to search, the index by time holds it too: such a search never opens the table.
    timed = ("", "updated, id, origin, search", "1 1 1 1") if resource.search else ("", "updated, id", "1 1")
    sorted_by = [("", f'"{field}", id', "200 1") for field in resource.ordered]
    grouped_by = [("", f'"{field}", updated, id', "10000 1 1") for field in resource.grouped]
    return [("UNIQUE", "id", "1"), timed, *(("", fields, "4") for fields in by_fields), *sorted_by, *grouped_by]


def _at(document: Document, path: tuple[str, ...]) -> object:
    value = document.get(path[0])
    for name in path[1:]:
        value = value.get(name) if (value := as_document(value)) else None
    return value


def _read_text(value: object) -> SqlValue:
    return value if isinstance(value, str) and value else None


def _read_number(value: object) -> SqlValue:
    return scaled(Decimal(value)) if isinstance(value, Decimal | int) else None


def _read_truth(value: object) -> SqlValue:
    return int(value is True)


_READERS: Final[dict[str, Callable[[object], SqlValue]]] = {
    "text": _read_text,
    "guid": _read_text,
    "date": stored_ms,
    "bool": _read_truth,
    "number": _read_number,
}


def _packed(resource: Resource, document: Document) -> tuple[bytes, bytes, bytes | None]:
    """A document as head, tail and, where its unit amounts need it, a finer tail."""
    apart = {name: document[name] for name in (*resource.heavy, *resource.priced) if name in document}
    if not apart:
        return dump_json(document)[:-1], b"}", None
    head = dump_json({name: value for name, value in document.items() if name not in apart})[:-1]
    coarse = apart | {name: _coarse(apart[name]) for name in resource.priced if name in apart}
    return head, _tail(coarse), None if coarse == apart else _tail(apart)


def _coarse(value: object) -> object:
    """Lines, or one object, with their unit amounts rounded to two decimals."""
    lines = as_list(value)
    if lines is not None:
        return [_coarse(line) for line in lines]
    line = as_document(value)
    if line is None:
        return value
    for name in _UNITS:
        unit = line.get(name)
        if isinstance(unit, Decimal) and not unit.same_quantum(ZERO):
            line = line | {name: rounded(unit)}
    return line


def _tail(heavy: Document) -> bytes:
    return b"," + dump_json(heavy)[1:] if heavy else b"}"


def _lower_case(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _upper_case(text: str | None) -> str | None:
    return None if text is None else text.upper()
