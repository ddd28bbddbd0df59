"""A SQLite file in which a sink keeps what has to be true together."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from .base import SinkError

__all__ = ["Database"]

_WAIT = 30.0
"""Seconds to wait for another process that writes into the same file."""
_CACHE = 16 << 10
"""KiB of pages that SQLite keeps in memory."""


class Database:
    """A SQLite file with some tables, opened when it is first needed. Its methods may be called from any thread."""

    def __init__(self, path: Path, *schema: str) -> None:
        self.path, self._schema, self._lock = path, schema, RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """What is done within is durable at the end, all of it, or undone. Raises `SinkError`, `OSError`."""
        with self._lock:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    # What a full disk broke has been rolled back already.
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OverflowError) as error:
                raise SinkError(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Close the file, after which nothing lies beside it."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
            try:
                # A write-ahead log lets others read meanwhile; FULL makes a commit outlive a loss of power.
                for pragma in ("journal_mode=WAL", "synchronous=FULL", f"cache_size=-{_CACHE}"):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                for statement in self._schema:
                    connection.execute(statement)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection
