"""Parquet: a folder of part files for each resource of each tenant, records nested as they are at Xero.

    <folder>/<tenant>/invoices/part-00001-5f0c2a91.parquet

A page is a row group. A file of Parquet cannot be read before it is closed, nor a row be replaced in it, so there is a
workshop beside, `.invoices`: a SQLite file knows the checkpoint, the parts, and where the row of each id is. A page is
written as an Arrow file first and then noted in the same transaction as its checkpoint; after 32 of them a part is made
of them. A record that comes again leaves a *hole* where it was: a part with new holes is written anew at the end.

The end is a change of folders: the parts of the new state, most of them links to those that are there, are put together
in the workshop, and the folder takes the place of the old one. Readers see the old state or the new one and, for the
moment between two renames, none; when that is cut short, the next run goes on with it. The folder is the export's own:
other files in it do not outlive the change. A full draw has a workshop of its own, `.invoices.full`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from ....models import Model
from ..arrow import ArrowTable, arrow_schema, arrow_table, need
from ..tables import Field, shape
from .base import Finished, Place, SinkError
from .database import Database

__all__ = ["Parquet"]

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value)",
    "CREATE TABLE IF NOT EXISTS pages (page INTEGER PRIMARY KEY, rows INTEGER NOT NULL)",
    # `rows` counts holes too: a row keeps its number when those before it are taken out of the file.
    "CREATE TABLE IF NOT EXISTS parts"
    " (part INTEGER PRIMARY KEY, version INTEGER NOT NULL, pages INTEGER NOT NULL, rows INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ids (id TEXT PRIMARY KEY, part INTEGER NOT NULL, row INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS holes (part INTEGER, row INTEGER, is_out INTEGER NOT NULL, PRIMARY KEY (part, row))"
    " WITHOUT ROWID",
)
PAGES = 32
"""Row groups in a part."""
SMALL = 8
"""When there are more parts than this of less than half that, as many small increments leave them, they become one."""
_GROUP = 1000
"""The fewest rows in a row group when small parts become one."""


class Parquet:
    """A sink: a folder of Parquet files, made where there is none.

    Raises `SinkError` without pyarrow, the extra `[parquet]`.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        need("pyarrow.parquet")
        self.folder = Path(folder)

    def table(self, place: Place) -> ParquetTable:
        """The table of a place; nothing is opened or made yet."""
        return ParquetTable(self.folder, place)

    def close(self) -> None:
        """The tables share nothing."""


class ParquetTable:
    """The records of one resource of one tenant in Parquet files."""

    def __init__(self, folder: Path, place: Place) -> None:
        self._place, self._final = place, folder / place.label / place.resource
        self._workshop: _Workshop | None = None

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """End what was cut short, begin or go on, and return the checkpoint."""
        self._final.parent.mkdir(parents=True, exist_ok=True)
        self._recover()
        kept, anew = self._paths()
        if fresh or not full:
            _remove(anew)
        self._refuse_others_folder(kept)
        self._workshop = _Workshop(anew if full else kept, self._final, self._place)
        return self._workshop.begin()

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Add records, or replace those of the same ids, with the checkpoint in the same transaction."""
        self._opened().write(records, checkpoint)

    def finish(self, checkpoint: bytes) -> Finished:
        """Put the new state in the place of the old one."""
        records = self._opened().finish(checkpoint)
        self._workshop = self._install(self._opened())
        return Finished(str(self._final), records)

    def close(self) -> None:
        """Close the workshop; what it holds stays."""
        if self._workshop is not None:
            self._workshop.database.close()
            self._workshop = None

    def _opened(self) -> _Workshop:
        if self._workshop is None:
            raise SinkError(f"{self._final} is not open")
        return self._workshop

    def _paths(self) -> tuple[Path, Path]:
        name = self._final.name
        return self._final.with_name(f".{name}"), self._final.with_name(f".{name}.full")

    def _recover(self) -> None:
        kept, anew = self._paths()
        for path in (anew, kept):
            if (path / _Workshop.FILE).exists():
                workshop = _Workshop(path, self._final, self._place)
                try:
                    if workshop.is_ending() and workshop.is_whole():
                        workshop = self._install(workshop)
                finally:
                    workshop.database.close()

    def _install(self, workshop: _Workshop) -> _Workshop:
        """Change the folders and, after a full draw, the workshops. It can be cut short anywhere, and done again."""
        kept, anew = self._paths()
        workshop.publish()
        if workshop.path == anew:
            workshop.database.close()
            _remove(kept)
            anew.rename(kept)
            _sync(kept.parent)
            workshop = _Workshop(kept, self._final, self._place)
        workshop.ended()
        return workshop

    def _refuse_others_folder(self, kept: Path) -> None:
        if (kept / _Workshop.FILE).exists() or not self._final.exists():
            return
        if not self._final.is_dir() or not all(path.match("part-*.parquet") for path in self._final.iterdir()):
            raise SinkError(f"{self._final} is there, and not from an export")


class _Workshop:
    """Where parts are made of pages, and what is known about them."""

    FILE = "state.sqlite"

    def __init__(self, path: Path, final: Path, place: Place) -> None:
        self.path, self._final, self._record = path, final, place.record
        names = {field.wire: field.name for field in shape(place.record)}
        self._id, self._id_name = names.get(place.id_name, ""), place.id_name
        self.database = Database(path / self.FILE, *_SCHEMA)
        self._pages, self._parts = path / "pages", path / "parts"
        self._token = ""

    # -- drawing

    def begin(self) -> bytes | None:
        """The checkpoint, once all is as the database has it."""
        if (self.path / self.FILE).exists() and not self.is_whole():
            # Somebody took the files away; what is left of them is not worth a doubt.
            self.database.close()
            _remove(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        for folder in (self._pages, self._parts):
            folder.mkdir(exist_ok=True)
        with self.database.transaction() as connection:
            checkpoint: bytes | None = self._state(connection, "checkpoint")
            if not self._load_token(connection):
                self._token = uuid4().hex[:8]
                self._keep(connection, "token", self._token)
            pages = {self._page(page).name for page in _column(connection, "SELECT page FROM pages")}
            parts = self._names(connection)
        for folder, wanted in ((self._pages, pages), (self._parts, parts)):
            for path in folder.iterdir():
                if path.name not in wanted:
                    path.unlink()
        return checkpoint

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """A page and its checkpoint."""
        ids, latest = self._latest(records)
        self._seal(PAGES)
        with self.database.transaction() as connection:
            if latest:
                (page,) = _column(connection, "SELECT ifnull(max(page), 0) + 1 FROM pages")
                self._write_page(page, arrow_table(self._record, latest))
                self._note(connection, page, ids, len(latest))
            self._keep(connection, "checkpoint", checkpoint)

    def _latest(self, records: Sequence[Model]) -> tuple[list[str], list[Model]]:
        if not self._id:
            return [], list(records)
        latest: dict[Any, Model] = {getattr(record, self._id): record for record in records}
        if None in latest:
            raise SinkError(f"a record came without its {self._id_name}")
        return list(latest), list(latest.values())

    def _write_page(self, page: int, table: ArrowTable) -> None:
        pa = need("pyarrow")
        path = self._page(page)
        with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
            writer.write_table(table)
        _sync(path)

    def _note(self, connection: sqlite3.Connection, page: int, ids: Sequence[str], rows: int) -> None:
        """Where the rows of a page will be, and which rows they replace."""
        part = _next_part(connection)
        (first,) = connection.execute("SELECT ifnull(sum(rows), 0) FROM pages").fetchone()
        connection.execute("INSERT INTO pages VALUES (?, ?)", (page, rows))
        if ids:
            places = [(id, part, row) for row, id in enumerate(ids, first)]
            if connection.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", places).rowcount < len(ids):
                connection.execute(
                    "INSERT INTO holes SELECT part, row, 0 FROM ids "
                    "WHERE id IN (SELECT value FROM json_each(?)) AND NOT (part = ? AND row >= ?)",
                    (msgspec.json.encode(ids).decode(), part, first),
                )
                connection.executemany("REPLACE INTO ids VALUES (?, ?, ?)", places)

    def _seal(self, fewest: int = 1) -> None:
        """Make a part of the pages that wait for it, if they are so many."""
        with self.database.transaction() as connection:
            pages = connection.execute("SELECT page, rows FROM pages ORDER BY page").fetchall()
            if len(pages) < fewest:
                return
            part, rows = _next_part(connection), sum(rows for _, rows in pages)
            holes = {*_column(connection, "SELECT row FROM holes WHERE part = ?", part)}
            tables = (self._read_page(page) for page, _ in pages)
            self._write_part(self._name(part, 0), _without(tables, iter(range(rows)), holes))
            connection.execute("UPDATE holes SET is_out = 1 WHERE part = ?", (part,))
            self._add_part(connection, part, len(pages), rows)
            connection.execute("DELETE FROM pages")
        for page, _ in pages:
            self._page(page).unlink()

    def _read_page(self, page: int) -> ArrowTable:
        pa = need("pyarrow")
        with pa.memory_map(str(self._page(page))) as source:
            return pa.ipc.open_file(source).read_all()

    def _write_part(self, name: str, tables: Iterable[ArrowTable]) -> None:
        path = self._parts / name
        options = _options(self._record, self._id)
        with need("pyarrow.parquet").ParquetWriter(path, arrow_schema(self._record), **options) as writer:
            for table in tables:
                if table.num_rows:
                    writer.write_table(table, row_group_size=table.num_rows)
        _sync(path)

    # -- ending

    def finish(self, checkpoint: bytes) -> int:
        """Bring the parts to the last state of all records, and note that the folders are to change."""
        self._seal()
        with self.database.transaction() as connection:
            for part in _column(connection, "SELECT DISTINCT part FROM holes WHERE NOT is_out"):
                self._take_out(connection, part)
            small = _column(connection, "SELECT part FROM parts WHERE pages < ? ORDER BY part", PAGES // 2)
            if len(small) > SMALL:
                self._join(connection, small)
            connection.execute(
                "DELETE FROM parts WHERE rows = (SELECT count(*) FROM holes WHERE holes.part = parts.part)"
            )
            connection.execute("DELETE FROM holes WHERE part NOT IN (SELECT part FROM parts)")
            if not _column(connection, "SELECT part FROM parts"):
                # A resource without records is a file without rows.
                part = _next_part(connection)
                self._write_part(self._name(part, 0), [])
                self._add_part(connection, part, 0, 0)
            self._keep(connection, "checkpoint", checkpoint)
            self._keep(connection, "is_ending", 1)
            (records,) = connection.execute(
                "SELECT (SELECT sum(rows) FROM parts) - (SELECT count(*) FROM holes)"
            ).fetchone()
        return int(records)

    def _take_out(self, connection: sqlite3.Connection, part: int) -> None:
        """Write a part anew, without the rows that were replaced."""
        tables = self._read_part(connection, part)
        connection.execute("UPDATE parts SET version = version + 1 WHERE part = ?", (part,))
        (version,) = _column(connection, "SELECT version FROM parts WHERE part = ?", part)
        holes = {*_column(connection, "SELECT row FROM holes WHERE part = ? AND NOT is_out", part)}
        out = {*_column(connection, "SELECT row FROM holes WHERE part = ? AND is_out", part)}
        (rows,) = _column(connection, "SELECT rows FROM parts WHERE part = ?", part)
        live = iter([row for row in range(rows) if row not in out])
        self._write_part(self._name(part, version), _without(tables, live, holes))
        connection.execute("UPDATE holes SET is_out = 1 WHERE part = ?", (part,))

    def _join(self, connection: sqlite3.Connection, olds: Sequence[int]) -> None:
        """Make one part of some."""
        new, base = _next_part(connection), 0
        tables = [self._read_part(connection, old) for old in olds]
        for old in olds:
            for table in ("ids", "holes"):
                connection.execute(f"UPDATE {table} SET part = ?, row = row + ? WHERE part = ?", (new, base, old))
            (rows,) = _column(connection, "SELECT rows FROM parts WHERE part = ?", old)
            connection.execute("DELETE FROM parts WHERE part = ?", (old,))
            base += rows
        self._write_part(self._name(new, 0), _together(chain.from_iterable(tables)))
        self._add_part(connection, new, -(-base // _GROUP), base)

    def _add_part(self, connection: sqlite3.Connection, part: int, pages: int, rows: int) -> None:
        connection.execute("INSERT INTO parts VALUES (?, 0, ?, ?)", (part, pages, rows))
        self._keep(connection, "last_part", part)

    def _read_part(self, connection: sqlite3.Connection, part: int) -> Iterator[ArrowTable]:
        """The row groups of a part as it is now, read when they are needed."""
        (version,) = _column(connection, "SELECT version FROM parts WHERE part = ?", part)
        return _row_groups(self._find(self._name(part, version)))

    def is_ending(self) -> bool:
        """Whether the folders were about to change."""
        with self.database.transaction() as connection:
            return bool(self._state(connection, "is_ending"))

    def publish(self) -> None:
        """Put the folder of the new state in the place of the old one."""
        wanted = self._wanted()
        if not self._final.exists() or {path.name for path in self._final.iterdir()} != wanted:
            ahead, behind = self.path / "next", self.path / "old"
            if self._final.exists():
                _remove(behind)
            _remove(ahead)
            ahead.mkdir()
            for name in wanted:
                _link(self._find(name), ahead / name)
            _sync(ahead)
            if self._final.exists():
                self._final.rename(behind)
            ahead.rename(self._final)
            _sync(self._final.parent)

    def ended(self) -> None:
        """Take away what the change of folders has left."""
        _remove(self.path / "old")
        for path in self._parts.iterdir():
            path.unlink()
        with self.database.transaction() as connection:
            self._keep(connection, "is_ending", 0)

    # -- what is where

    def _wanted(self) -> set[str]:
        with self.database.transaction() as connection:
            self._load_token(connection)
            return self._names(connection)

    def is_whole(self) -> bool:
        with self.database.transaction() as connection:
            pages = _column(connection, "SELECT page FROM pages")
        return all(self._page(page).exists() for page in pages) and all(map(self._places, self._wanted()))

    def _find(self, name: str) -> Path:
        return self._places(name)[0]

    def _places(self, name: str) -> list[Path]:
        folders = (self._parts, self._final, self.path / "old")
        return [path for folder in folders if (path := folder / name).exists()]

    def _page(self, page: int) -> Path:
        return self._pages / f"{page}.arrow"

    def _names(self, connection: sqlite3.Connection) -> set[str]:
        return {self._name(part, version) for part, version in connection.execute("SELECT part, version FROM parts")}

    def _name(self, part: int, version: int) -> str:
        # Numbers and versions go up, and each draw has a token of its own: the name tells the content.
        return f"part-{part:05}-{version}-{self._token}.parquet"

    def _load_token(self, connection: sqlite3.Connection) -> str:
        self._token = self._state(connection, "token") or ""
        return self._token

    def _state(self, connection: sqlite3.Connection, name: str) -> Any:
        found = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def _keep(self, connection: sqlite3.Connection, name: str, value: object) -> None:
        connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def _column(connection: sqlite3.Connection, query: str, *values: object) -> list[Any]:
    return [row[0] for row in connection.execute(query, values)]


def _next_part(connection: sqlite3.Connection) -> int:
    """A number that no part has had yet. While pages wait, it is that of the part they will be."""
    (last,) = _column(connection, "SELECT ifnull(max(value), 0) FROM state WHERE name = 'last_part'")
    return int(last) + 1


def _without(tables: Iterable[ArrowTable], rows: Iterator[int], holes: set[int]) -> Iterator[ArrowTable]:
    """Tables without some of their rows, whose numbers are `rows`."""
    for table in tables:
        numbers = list(islice(rows, table.num_rows))
        yield table if holes.isdisjoint(numbers) else table.filter([row not in holes for row in numbers])


def _together(tables: Iterable[ArrowTable]) -> Iterator[ArrowTable]:
    """Small tables joined."""
    waiting: list[ArrowTable] = []
    for table in tables:
        waiting.append(table)
        if sum(each.num_rows for each in waiting) >= _GROUP:
            yield need("pyarrow").concat_tables(waiting)
            waiting = []
    if waiting:
        yield need("pyarrow").concat_tables(waiting)


def _row_groups(path: Path) -> Iterator[ArrowTable]:
    with need("pyarrow.parquet").ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, use_threads=False)


# -- files ----------------------------------------------------------------------------------------------------------


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
        _sync(target)


def _sync(path: Path) -> None:
    """Wait until a file or a folder's names are on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


# -- columns --------------------------------------------------------------------------------------------------------


@cache
def _options(record: type[Model], id: str) -> dict[str, object]:
    """How columns are written: dictionaries where values repeat, and statistics by which readers skip row groups."""
    found, leaves = [id] if id else [], list(_leaves(shape(record), ""))
    return {
        # Ids hold nothing to compress.
        "compression": {path: "none" if field.name.endswith("_id") else "snappy" for path, field in leaves},
        "use_dictionary": [path for path, field in leaves if _repeats(field)],
        "write_statistics": found + [field.name for field in shape(record) if field.kind in ("day", "moment")],
    }


def _leaves(fields: Iterable[Field], prefix: str) -> Iterator[tuple[str, Field]]:
    for field in fields:
        path = f"{prefix}{field.name}"
        if field.kind:
            yield path, field
        else:
            yield from _leaves(field.fields, f"{path}.list.element." if field.many else f"{path}.")


def _repeats(field: Field) -> bool:
    return field.kind == "text" and field.name.rpartition("_")[2] in _OF_FEW_VALUES


_OF_FEW_VALUES = {"type", "types", "status", "code", "currency", "option", "taxability", "country"}
