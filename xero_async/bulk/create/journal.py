"""The journal of a creation: what is about to be sent, durably before it is, and what became of it.

    chunk    a call: its key, its target, its bytes, and when it was first about to be sent (seconds since 1970)
    record   a record of the input by its position: its fingerprint, its chunk, and its outcome, once there is one

A record without an outcome whose chunk is in the journal is in doubt: its call may have been made. One that is not in
the journal has certainly not been sent. So whoever is killed, at whatever moment, leaves behind all that the next run
needs to find out the rest.

The file is SQLite, in WAL mode with synchronous FULL: a commit that has returned outlives the machine. It is opened
exclusively, since two runs of one creation would send everything twice, and readable by its owner alone, since it
holds customers' data. All of it happens in one thread of its own, so that no write to a disk holds up the event loop.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Struct

from ...ending import finished
from ...wire.errors import InvalidArgument

__all__ = ["Entry", "Intent", "Journal", "Line", "is_foreign"]

P = ParamSpec("P")
T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    target TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB,
    since REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS record (
    position INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    chunk INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT,
    detail BLOB,
    xero_id TEXT
);
CREATE INDEX IF NOT EXISTS record_by_chunk ON record (chunk) WHERE kind IS NULL;
CREATE INDEX IF NOT EXISTS record_by_id ON record (xero_id) WHERE xero_id IS NOT NULL;
"""
_OWN = frozenset({"about", "chunk", "record"})
"""The tables of a journal."""
VERSION = "1"

REMEMBERED = 50_000
"""Records that a journal in memory remembers, so that an endless source runs in bounded memory."""


class Intent(Struct):
    """A call that is about to be made, or has been."""

    id: int
    key: str
    target: str
    headers: dict[str, str]
    body: bytes
    since: float
    """When it was about to be sent for the first time, in seconds since 1970."""
    positions: dict[int, int]
    """Of the records that have no outcome yet: position in the input by place in the body."""


class Line(Struct, frozen=True):
    """What the journal has of one record of the input."""

    position: int
    fingerprint: bytes
    kind: str | None
    """`created` or `failed`; None while it is in doubt."""
    detail: bytes | None
    """The record as Xero saved it, or the errors; JSON."""
    chunk: int


class Entry(Struct, frozen=True):
    """The outcome of one record, as it goes into the journal."""

    position: int
    kind: str
    detail: bytes
    xero_id: str | None = None


class Journal:
    """A journal in a file, or in memory. Open it before all else, and close it at the end."""

    def __init__(self, path: str | Path | None) -> None:
        self._path = None if path is None else Path(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xero-journal")
        self._db: sqlite3.Connection | None = None
        self._closing: asyncio.Future[None] | None = None
        self.id = ""
        """Of this journal alone, from its making on."""
        self.length = 0
        """Beyond the last position of which it knows anything."""

    @property
    def is_durable(self) -> bool:
        """Whether it is in a file."""
        return self._path is not None

    # -- its life ---------------------------------------------------------------------------------------------------

    async def open(self, about: dict[str, str]) -> None:
        """Open it, or make it. Raises `InvalidArgument` where it is in use, damaged, or about something else."""
        await self._run(self._open, about)

    async def close(self) -> None:
        """Let go of the file, once all that was begun is written."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)
        # To the end even when cancelled, or the next to open the file would find it locked.
        await finished(self._closing)

    def _open(self, about: dict[str, str]) -> None:
        try:
            self._db = self._connect()
            self._read_about(self._db, about)
        except sqlite3.Error as error:
            self._close()
            reason = "another process is at work with it" if "locked" in str(error) else str(error)
            raise InvalidArgument(f"the journal {self._path} cannot be used: {reason}") from error
        except InvalidArgument:
            self._close()
            raise

    def _connect(self) -> sqlite3.Connection:
        if self._path is None:
            db = sqlite3.connect(":memory:", isolation_level=None)
        else:
            _make_private(self._path)
            db = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
            if is_foreign(db, _OWN):
                db.close()
                raise InvalidArgument(f"{self._path} is a database, and no journal of a creation: name another")
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
        # Taking the lock at once, rather than at the first write.
        db.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        db.execute("COMMIT")
        return db

    def _read_about(self, db: sqlite3.Connection, about: dict[str, str]) -> None:
        wanted = {"version": VERSION, **about}
        with _Transaction(db):
            known = dict(db.execute("SELECT name, value FROM about").fetchall())
            if not known:
                known = {**wanted, "id": uuid4().hex[:12]}
                db.executemany("INSERT INTO about VALUES (?, ?)", known.items())
        for name, value in wanted.items():
            if known.get(name) != value:
                raise InvalidArgument(
                    f"the journal {self._path} is of another creation: its {name} is {known.get(name)}, and not {value}"
                )
        self.id = known["id"]
        self.length = db.execute("SELECT coalesce(max(position) + 1, 0) FROM record").fetchone()[0]

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    # -- reading ----------------------------------------------------------------------------------------------------

    async def lines(self, start: int, stop: int) -> dict[int, Line]:
        """What it has of the records from one position to before another, by position."""
        if start >= self.length:
            return {}
        query = "SELECT position, fingerprint, kind, detail, chunk FROM record WHERE position >= ? AND position < ?"
        rows = await self._run(self._rows, query, (start, stop))
        return {row[0]: Line(*row) for row in rows}

    async def in_doubt(self) -> list[Intent]:
        """The calls with records that have no outcome, the oldest first."""
        return await self._run(self._in_doubt)

    def _in_doubt(self) -> list[Intent]:
        query = """SELECT c.id, c.key, c.target, c.headers, c.body, c.since, r.place, r.position
            FROM record r JOIN chunk c ON c.id = r.chunk WHERE r.kind IS NULL ORDER BY c.since, c.id, r.place"""
        intents: dict[int, Intent] = {}
        for id, key, target, headers, body, since, place, position in self._rows(query, ()):
            if id not in intents:
                intents[id] = Intent(id, key, target, msgspec.json.decode(headers), body, since, {})
            intents[id].positions[place] = position
        return list(intents.values())

    async def claimed(self, ids: Collection[str]) -> set[str]:
        """Those of Xero's ids that are of records with an outcome."""
        return await self._run(self._claimed, ids)

    def _claimed(self, ids: Collection[str]) -> set[str]:
        query = "SELECT 1 FROM record WHERE xero_id = ?"
        return {id for id in ids if self._rows(query, (id,))}

    # -- writing ----------------------------------------------------------------------------------------------------

    async def intend(
        self,
        key: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        now: float,
        records: Sequence[tuple[int, bytes]],
    ) -> Intent:
        """Note that a call is about to be made with these records: position and fingerprint of each."""
        return await self._run(self._intend, key, target, headers, body, now, records)

    def _intend(
        self,
        key: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        now: float,
        records: Sequence[tuple[int, bytes]],
    ) -> Intent:
        positions = {place: position for place, (position, _) in enumerate(records)}
        with self._transaction() as db:
            row = (key, target, msgspec.json.encode(headers), body, now)
            cursor = db.execute("INSERT INTO chunk (key, target, headers, body, since) VALUES (?, ?, ?, ?, ?)", row)
            id = cursor.lastrowid or 0
            db.executemany(
                "INSERT OR REPLACE INTO record (position, fingerprint, chunk, place) VALUES (?, ?, ?, ?)",
                [(position, fingerprint, id, place) for place, (position, fingerprint) in enumerate(records)],
            )
        return Intent(id, key, target, headers, body, now, positions)

    async def settle(self, intent: Intent, entries: Sequence[Entry], *, dropped: Iterable[int] = ()) -> None:
        """Note outcomes of records of a call; those at the positions `dropped` were certainly not sent."""
        # What is known is written down, even if whoever asked for it has left.
        await asyncio.shield(asyncio.create_task(self._run(self._settle, intent, entries, list(dropped))))

    def _settle(self, intent: Intent, entries: Sequence[Entry], dropped: list[int]) -> None:
        with self._transaction() as db:
            db.executemany(
                "UPDATE record SET kind = ?, detail = ?, xero_id = ? WHERE position = ?",
                [
                    (entry.kind, entry.detail if self.is_durable else None, entry.xero_id, entry.position)
                    for entry in entries
                ],
            )
            db.executemany("DELETE FROM record WHERE position = ?", [(position,) for position in dropped])
            settled = {entry.position for entry in entries} | set(dropped)
            if settled >= set(intent.positions.values()):
                # The bytes are needed no longer, and the file would hold everything twice.
                db.execute("UPDATE chunk SET body = NULL WHERE id = ?", (intent.id,))
            if not self.is_durable:
                self._forget(db, max(settled, default=0))
        intent.positions = {place: position for place, position in intent.positions.items() if position not in settled}

    def _forget(self, db: sqlite3.Connection, position: int) -> None:
        db.execute("DELETE FROM chunk WHERE body IS NULL")
        db.execute("DELETE FROM record WHERE kind IS NOT NULL AND position < ?", (position - REMEMBERED,))

    # -- its thread -------------------------------------------------------------------------------------------------

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # By way of the loop, so that a clock that stands still knows of it.
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *args, **kwargs))

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:  # Any: what SQLite gives back
        return self._opened.execute(query, values).fetchall()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._opened)

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise InvalidArgument("the journal is closed")
        return self._db


def is_foreign(db: sqlite3.Connection, own: Collection[str], schema: str = "main") -> bool:
    """Whether a database holds other tables than one's own: then it is somebody else's, and is left as it is."""
    names = db.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type IN ('table', 'view')")
    return any(name not in own and not name.startswith("sqlite_") for (name,) in names)


class _Transaction:
    """All of it or nothing; durable once it is left."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _make_private(path: Path) -> None:
    """See that a journal exists, and that its owner alone reads it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise InvalidArgument(f"the journal {path} cannot be opened: {error.strerror}") from error
