"""What the server keeps in the same database as the documents: idempotency keys, tokens, the clock.

Rows are bytes by room and name. Being in one database with the documents, they can be written in one transaction
with them: an idempotency key's answer is on the disk exactly when the write is that it answers for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Final, Literal

__all__ = ["SCHEMA", "Kept", "Room"]

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS kept (
    room TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (room, name)) WITHOUT ROWID;
"""

Room = Literal["keys", "identity", "clock"]


class Kept:
    """Named bytes; within a transaction of the store a part of it, else each change is one by itself."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, room: Room, name: str, value: bytes) -> None:
        """Keep a value, in the place of one of the same name."""
        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (room, name, value))

    def drop(self, room: Room, names: Iterable[str]) -> None:
        """Forget values."""
        listed = json.dumps(list(names))
        self._db.execute("DELETE FROM kept WHERE room = ? AND name IN (SELECT value FROM json_each(?))", (room, listed))

    def all(self, room: Room) -> dict[str, bytes]:
        """The values of a room by name."""
        rows: list[tuple[str, bytes]] = self._db.execute(
            "SELECT name, value FROM kept WHERE room = ?", (room,)
        ).fetchall()
        return dict(rows)
