"""How the database of a sandbox is opened: in memory, or in a file that is its own.

A file is written with WAL and `synchronous=FULL`: when a transaction has ended, its work is on the disk.

One process holds a file at a time, until it ends in whatever way: what a server remembers of tokens and keys it reads
once, and two of them would each write over what the other has promised. And a file is marked with what it is and which
tables it has, so that neither another program's database nor one of another version is written into.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Final

from xero_async.wire.errors import InvalidArgument

__all__ = ["marks", "open_database"]

_OURS: Final = 0x7865726F  # "xero"
_PATIENCE: Final = 2.0  # seconds that a process which is about to end has to let go of the file
_CACHE: Final = 64 * 2**20  # bytes of a file's pages kept in memory
_MAPPED: Final = 2**31  # bytes of a file that are read without a copy


def open_database(path: str, schema: str) -> sqlite3.Connection:
    """A connection to a new database, or to one that was made with this schema; `path` is a file or `:memory:`.

    Raises `InvalidArgument` for a file that another process holds or that is something else, `sqlite3.Error` for one
    that cannot be used.
    """
    if not path:
        raise InvalidArgument("the store is the path of a file, or `:memory:`")
    db = sqlite3.connect(path, _PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        if path != ":memory:":
            _prepare(db, path, schema)
    except BaseException:
        db.close()
        raise
    return db


def marks(schema: str) -> str:
    """The statements that mark a database as one of a sandbox, with this schema."""
    return f"PRAGMA application_id={_OURS};PRAGMA user_version={_version(schema)};"


def _prepare(db: sqlite3.Connection, path: str, schema: str) -> None:
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    try:
        _check(db, path, schema)
        db.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise InvalidArgument(f"another process holds the store {path}") from None
        raise
    db.execute("PRAGMA synchronous=FULL")
    db.execute(f"PRAGMA cache_size=-{_CACHE // 1024}")
    db.execute(f"PRAGMA mmap_size={_MAPPED}")


def _check(db: sqlite3.Connection, path: str, schema: str) -> None:
    if not _number(db, "SELECT count(*) FROM sqlite_schema"):
        return
    if _number(db, "PRAGMA application_id") != _OURS:
        raise InvalidArgument(f"{path} is a database of something else than a sandbox")
    if _number(db, "PRAGMA user_version") != _version(schema):
        raise InvalidArgument(f"{path} was made by another version of the sandbox: begin with a new file")


def _number(db: sqlite3.Connection, query: str) -> int:
    found: tuple[int] = db.execute(query).fetchone()
    return found[0]


def _version(schema: str) -> int:
    return zlib.crc32(schema.encode()) >> 1  # SQLite keeps 31 bits of it
