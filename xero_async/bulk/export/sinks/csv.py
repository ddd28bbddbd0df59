"""CSV: a file for each resource of each tenant, and one for each of its child tables.

    <folder>/<tenant>/invoices.csv
    <folder>/<tenant>/invoices_line_items.csv

A line of CSV cannot be replaced in its place, so the rows are kept in a SQLite file beside them, `.xero_async.sqlite`,
with the checkpoints; the files are written out of it at the end, each under another name and then renamed. When that is
cut short, the next run does it again. Without the SQLite file an export starts afresh.

UTF-8, a header, commas, lines that end in a line feed, rows in the order of their keys. None is nothing at all, and an
empty text is a pair of quotes, as PostgreSQL's `COPY` and DuckDB tell them apart. Values are written as they are: a
spreadsheet takes a text that begins with `=` for a formula, so import such columns as text.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ....models import Model
from ..tables import Flat, Kind
from .base import Finished, Place, SinkError
from .sqlite import SQLite

__all__ = ["CSV"]

_STORE = ".xero_async.sqlite"
_WRITTEN = """CREATE TABLE IF NOT EXISTS "_written" (
    tenant_id TEXT, resource TEXT, label TEXT, changes INTEGER, PRIMARY KEY (tenant_id, resource))"""
_NEEDS_QUOTES = re.compile('[",\r\n]').search
_ROWS = 2000
"""Rows that are in memory at once."""


class CSV:
    """A sink: a folder of CSV files, made where there is none."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.store = SQLite(self.folder / _STORE)

    def table(self, place: Place) -> CSVTable:
        """The table of a place; nothing is opened or made yet."""
        return CSVTable(self, place)

    def close(self) -> None:
        """Close the file that holds the rows."""
        self.store.close()


class CSVTable:
    """The records of one resource of one tenant in CSV files."""

    def __init__(self, sink: CSV, place: Place) -> None:
        self._store, self._place = sink.store.database, place
        self._rows = sink.store.table(place)
        self._folder = sink.folder / place.label

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Begin, and return the checkpoint that was kept with the rows."""
        checkpoint = self._rows.open(full=full, fresh=fresh)
        self._folder.mkdir(parents=True, exist_ok=True)
        return checkpoint

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Add records, or replace those of the same ids, with the checkpoint in the same transaction."""
        self._rows.write(records, checkpoint)

    def finish(self, checkpoint: bytes) -> Finished:
        """Write the files, unless there is nothing new in them."""
        _, records = self._rows.finish(checkpoint)
        whose = self._place.tenant_id, self._place.resource
        with self._store.transaction() as connection:
            connection.execute(_WRITTEN)
            query = "SELECT changes FROM \"_exports\" WHERE (tenant_id, resource, draw) = (?, ?, 'kept')"
            (changes,) = connection.execute(query, whose).fetchone()
            query = 'SELECT label, changes FROM "_written" WHERE (tenant_id, resource) = (?, ?)'
            written: tuple[str, int] | None = connection.execute(query, whose).fetchone()
        paths = {table.name: self._folder / f"{table.name}.csv" for table in self._rows.flat.tables()}
        now = self._place.label, changes
        if written != now or not all(path.exists() for path in paths.values()):
            self._write_files(paths)
            with self._store.transaction() as connection:
                connection.execute('INSERT OR REPLACE INTO "_written" VALUES (?, ?, ?, ?)', (*whose, *now))
        return Finished(str(paths[self._place.resource]), records)

    def close(self) -> None:
        """Nothing is held between transactions."""
        self._rows.close()

    def _write_files(self, paths: dict[str, Path]) -> None:
        # A connection of its own sees one state of all tables, and lets other tenants write meanwhile.
        beside = {path: path.with_name(f".{path.name}.part") for path in paths.values()}
        try:
            with closing(sqlite3.connect(self._store.path, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                for table in self._rows.flat.tables():
                    _write(beside[paths[table.name]], self._lines(connection, table))
            for path, unfinished in beside.items():
                unfinished.replace(path)
        except sqlite3.Error as error:
            raise SinkError(f"{self._store.path}: {error}") from error
        finally:
            for unfinished in beside.values():
                unfinished.unlink(missing_ok=True)

    def _lines(self, connection: sqlite3.Connection, table: Flat) -> Iterator[str]:
        names = [column.name for column in table.all]
        yield ",".join(names) + "\n"
        columns, keys = (", ".join(f'"{name}"' for name in some) for some in (names, names[: len(table.keys)]))
        rows = connection.execute(
            f'SELECT {columns} FROM "{table.name}" WHERE tenant_id = ? ORDER BY {keys}', (self._place.tenant_id,)
        )
        kinds: list[Kind] = [column.kind for column in table.all]
        while some := rows.fetchmany(_ROWS):
            cells = [_cells(kind, values) for kind, values in zip(kinds, zip(*some, strict=True), strict=True)]
            yield "\n".join(map(",".join, zip(*cells, strict=True))) + "\n"


def _write(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(parts)
        stream.flush()
        os.fsync(stream.fileno())


def _cells(kind: Kind, values: Sequence[object]) -> list[str]:
    if kind == "boolean":
        return ["" if value is None else "true" if value else "false" for value in values]
    if kind in ("text", "texts"):
        return ["" if value is None else _quoted(str(value)) for value in values]
    return ["" if value is None else str(value) for value in values]


def _quoted(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if not text or _NEEDS_QUOTES(text) else text
