"""SQLite: one file, a table for each resource, child tables for what comes in lists, all tenants side by side.

Rows are told apart by `tenant_id` and the record's id. A page and its checkpoint are one transaction: rows that are
known are updated, and their child rows replaced. A full draw goes into tables of its own, `_full_invoices`, whose rows
take the place of the old ones in one transaction at the end. `_exports` holds the checkpoints. Columns that others
have added are left alone, and columns that are missing are added.

Money is TEXT, because it is the only type of SQLite's that keeps every digit: REAL and NUMERIC keep 15 and drop zeros
at the end. `sum(total)` works on it as it stands, in floating point; `decimal_sum(total)` of the `sqlite3` shell is
exact. To compare or to sort, cast: `WHERE CAST(total AS REAL) > 100`, since texts compare as texts. Days are
`2026-01-31` and instants `2026-01-31T09:30:00+00:00`, in UTC, as SQLite's own functions of dates take them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ....models import Model
from ..tables import AS_TEXT, ROW, Column, Flat, Key, Kind, explode, flat
from .base import Finished, Place, SinkError
from .database import Database

__all__ = ["SQLite"]

_TYPES: dict[Kind, str] = {
    "text": "TEXT",
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "decimal": "TEXT",
    "day": "TEXT",
    "moment": "TEXT",
    "texts": "TEXT",
}
_STATE = """CREATE TABLE IF NOT EXISTS "_exports" (
    tenant_id TEXT NOT NULL, resource TEXT NOT NULL, draw TEXT NOT NULL, tenant TEXT NOT NULL,
    checkpoint BLOB NOT NULL, drawn INTEGER NOT NULL, changes INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, resource, draw))"""
_FULL = "_full_"


class SQLite:
    """A sink: a SQLite file, made where there is none. See the module for the tables that come out."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.database = Database(Path(path), _STATE)

    def table(self, place: Place) -> SQLiteTable:
        """The table of a place; nothing is opened or made yet."""
        return SQLiteTable(self.database, place)

    def close(self) -> None:
        """Close the file."""
        self.database.close()


class SQLiteTable:
    """The records of one resource of one tenant in a SQLite file."""

    def __init__(self, database: Database, place: Place) -> None:
        self._database, self.place = database, place
        self.flat = flat(place.resource, place.record, place.id_name)
        self._prefix, self._drawn = "", 0

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Make the tables, and return the checkpoint that was kept with their rows."""
        self._prefix = _FULL if full else ""
        with self._database.transaction() as connection:
            if fresh or not full:
                self._forget_full(connection)
            for table in self.flat.tables():
                _prepare(connection, table.name, table)
                if full:
                    _prepare(connection, _FULL + table.name, table)
            kept: tuple[bytes, int] | None = connection.execute(
                'SELECT checkpoint, drawn FROM "_exports" WHERE (tenant_id, resource, draw) = (?, ?, ?)', self._whose()
            ).fetchone()
            if full and not kept:
                # Whoever else is done first then leaves the tables alone.
                self._keep(connection, b"", changed=False)
            self._drawn = kept[1] if kept else 0
            return (kept[0] or None) if kept else None

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Add records, or replace those of the same ids, with the checkpoint in the same transaction."""
        keys, latest = self._latest(records)
        with self._database.transaction() as connection:
            known = self._known(connection, keys)
            for table in self.flat.tables():
                if known and table is not self.flat:
                    connection.executemany(self._delete(table), [(self.place.tenant_id, *key) for key in known])
            for table, columns in explode(self.flat, keys, latest, AS_TEXT):
                connection.executemany(
                    self._insert(table), zip([self.place.tenant_id] * len(columns[0]), *columns, strict=True)
                )
            self._keep(connection, checkpoint, changed=bool(records))
            drawn = self._drawn + len(latest)
            self._count(connection, drawn)
        self._drawn = drawn

    def finish(self, checkpoint: bytes) -> Finished:
        """Put a full draw in the place of the old rows, and keep the checkpoint."""
        mine, was_full = (self.place.tenant_id,), bool(self._prefix)
        with self._database.transaction() as connection:
            if was_full:
                for table in self.flat.tables():
                    columns = ", ".join(_quoted("tenant_id", *(column.name for column in table.all)))
                    to, staged = _quoted(table.name, _FULL + table.name)
                    connection.execute(f"DELETE FROM {to} WHERE tenant_id = ?", mine)
                    connection.execute(
                        f"INSERT INTO {to} ({columns}) SELECT {columns} FROM {staged} WHERE tenant_id = ?", mine
                    )
                self._forget_full(connection)
                self._prefix = ""
            self._keep(connection, checkpoint, changed=was_full)
            self._count(connection, self._drawn)
            (name,) = _quoted(self.flat.name)
            (records,) = connection.execute(f"SELECT count(*) FROM {name} WHERE tenant_id = ?", mine).fetchone()
        return Finished(f"{self._database.path}, table {self.flat.name}", records)

    def close(self) -> None:
        """Nothing is held between transactions."""

    def _whose(self) -> tuple[str, str, str]:
        return self.place.tenant_id, self.place.resource, "full" if self._prefix else "kept"

    def _latest(self, records: Sequence[Model]) -> tuple[list[Key], list[Model]]:
        """The keys of the records and the records, the last one of each id."""
        (key,) = self.flat.keys
        if key.name == ROW:
            return [(self._drawn + index,) for index in range(len(records))], list(records)
        latest: dict[object, Model] = {getattr(record, key.name): record for record in records}
        if None in latest:
            raise SinkError(f"a record of {self.place.resource} came without its {self.place.id_name}")
        return [(id,) for id in latest], list(latest.values())

    def _known(self, connection: sqlite3.Connection, keys: Sequence[Key]) -> list[Key]:
        key, name = _quoted(self.flat.keys[0].name, self._prefix + self.flat.name)
        wanted = msgspec.json.encode([key for (key,) in keys]).decode()
        return connection.execute(
            f"SELECT {key} FROM {name} WHERE tenant_id = ? AND {key} IN (SELECT value FROM json_each(?))",
            (self.place.tenant_id, wanted),
        ).fetchall()

    def _delete(self, table: Flat) -> str:
        name, key = _quoted(self._prefix + table.name, self.flat.keys[0].name)
        return f"DELETE FROM {name} WHERE tenant_id = ? AND {key} = ?"

    def _insert(self, table: Flat) -> str:
        (name,) = _quoted(self._prefix + table.name)
        keys = ["tenant_id", *_quoted(*(column.name for column in table.keys))]
        rest = _quoted(*(column.name for column in table.columns))
        marks = ", ".join("?" * (len(keys) + len(rest)))
        changes = ", ".join(f"{column} = excluded.{column}" for column in rest)
        action = f"UPDATE SET {changes}" if changes else "NOTHING"
        return (
            f"INSERT INTO {name} ({', '.join(keys + rest)}) VALUES ({marks}) "
            f"ON CONFLICT ({', '.join(keys)}) DO {action}"
        )

    def _keep(self, connection: sqlite3.Connection, checkpoint: bytes, *, changed: bool) -> None:
        # `changes` tells those who write the rows elsewhere whether there is anything new.
        connection.execute(
            'INSERT INTO "_exports" VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO UPDATE '
            "SET tenant = excluded.tenant, checkpoint = excluded.checkpoint, changes = changes + excluded.changes",
            (*self._whose(), self.place.label, checkpoint, changed),
        )

    def _count(self, connection: sqlite3.Connection, drawn: int) -> None:
        connection.execute(
            'UPDATE "_exports" SET drawn = ? WHERE (tenant_id, resource, draw) = (?, ?, ?)', (drawn, *self._whose())
        )

    def _forget_full(self, connection: sqlite3.Connection) -> None:
        """Take away what a full draw has left, and its tables when no other tenant's rows are in them."""
        mine = (self.place.tenant_id, self.place.resource)
        connection.execute("DELETE FROM \"_exports\" WHERE (tenant_id, resource, draw) = (?, ?, 'full')", mine)
        others = connection.execute(
            "SELECT 1 FROM \"_exports\" WHERE (resource, draw) = (?, 'full')", (self.place.resource,)
        ).fetchone()
        for table in self.flat.tables():
            (name,) = _quoted(_FULL + table.name)
            if not others:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            else:
                connection.execute(f"DELETE FROM {name} WHERE tenant_id = ?", mine[:1])


def _prepare(connection: sqlite3.Connection, name: str, table: Flat) -> None:
    """Make a table, or fit it. Raises `SinkError` for a table of that name that is not ours."""
    (quoted,) = _quoted(name)
    found: dict[str, tuple[str, int]] = {
        column: (kind, key) for _, column, kind, _, _, key in connection.execute(f"PRAGMA table_info({quoted})")
    }
    keys = [Column("tenant_id", "text"), *table.keys]
    if not found:
        columns = [f"{_definition(column)} NOT NULL" for column in keys] + [*map(_definition, table.columns)]
        primary = ", ".join(_quoted(*(key.name for key in keys)))
        connection.execute(f"CREATE TABLE {quoted} ({', '.join(columns)}, PRIMARY KEY ({primary}))")
        return
    if [column for column, (_, key) in sorted(found.items(), key=lambda item: item[1][1]) if key] != [
        key.name for key in keys
    ]:
        raise SinkError(f"the table {name} is there with another primary key: it is not one of an export")
    for column in (*keys, *table.columns):
        if column.name not in found:
            connection.execute(f"ALTER TABLE {quoted} ADD COLUMN {_definition(column)}")
        elif found[column.name][0] != _TYPES[column.kind]:
            raise SinkError(f"the column {name}.{column.name} is {found[column.name][0]}, not {_TYPES[column.kind]}")


def _definition(column: Column) -> str:
    (name,) = _quoted(column.name)
    return f"{name} {_TYPES[column.kind]}"


def _quoted(*names: str) -> list[str]:
    # Names come from the models, where no quote is found.
    return [f'"{name}"' for name in names]
