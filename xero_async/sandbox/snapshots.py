"""The whole store as one value: taken, put back, or wiped.

A snapshot is MessagePack: for each table the names of its columns and its rows. It fits a store of the same version
alone, and is checked against it before anything is touched.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from xero_async.wire.errors import InvalidArgument

from .catalogue import ALL_RESOURCES

__all__ = ["Everything"]

# Any: a number, text, bytes or None; whatever else it is, SQLite refuses it.
Tables = dict[str, tuple[list[str], list[list[Any]]]]


class Everything:
    """All tables at once. What changes them is called within a transaction of the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def snapshot(self) -> bytes:
        """All rows of all tables."""
        tables: Tables = {}
        for name, columns in self._columns().items():
            rows: list[tuple[Any, ...]] = self._db.execute(f'SELECT * FROM "{name}"').fetchall()
            tables[name] = columns, [list(row) for row in rows]
        return msgspec.msgpack.encode(tables)

    def restore(self, snapshot: bytes) -> None:
        """Put a snapshot in the place of all that there is.

        Raises `InvalidArgument` for what is no snapshot of such a store.
        """
        try:
            tables = msgspec.msgpack.decode(snapshot, type=Tables)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidArgument(f"this is no snapshot of a sandbox: {error}") from None
        if {name: columns for name, (columns, _) in tables.items()} != self._columns():
            raise InvalidArgument("this snapshot is of a sandbox of another version")
        self.wipe()
        try:
            for name, (columns, rows) in tables.items():
                self._db.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(columns))})', rows)
        except (sqlite3.Error, OverflowError) as error:
            raise InvalidArgument(f"this snapshot contradicts itself: {error}") from None

    def wipe(self, tenant: int | None = None) -> None:
        """Delete all rows, or all documents of one tenant and what hangs on them."""
        tables = self._columns()
        if tenant is None:
            for name in tables:
                self._db.execute(f'DELETE FROM "{name}"')
            return
        for resource in ALL_RESOURCES:
            keys = f'SELECT key FROM "{resource.name}" WHERE tenant = ?'
            self._db.execute(f"DELETE FROM bodies WHERE key IN ({keys})", (tenant,))
        for name, columns in tables.items():
            if "tenant" in columns:
                self._db.execute(f'DELETE FROM "{name}" WHERE tenant = ?', (tenant,))

    def owners(self, table: str, tenant: int) -> list[str]:
        """The documents with a history or with attachments, or the groups with members, by id."""
        owner = "grp" if table == "members" else "owner"
        rows: list[tuple[str]] = self._db.execute(
            f'SELECT DISTINCT {owner} FROM "{table}" WHERE tenant = ? ORDER BY 1', (tenant,)
        ).fetchall()
        return [owner for (owner,) in rows]

    def _columns(self) -> dict[str, list[str]]:
        """The tables and the names of their columns; SQLite's own are left out."""
        names: list[tuple[str]] = self._db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        columns: dict[str, list[str]] = {}
        for (name,) in names:
            info: list[tuple[str]] = self._db.execute(
                "SELECT name FROM pragma_table_info(?) ORDER BY cid", (name,)
            ).fetchall()
            columns[name] = [column for (column,) in info]
        return columns
