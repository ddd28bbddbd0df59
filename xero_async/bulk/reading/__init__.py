"""Records out of files: JSON Lines, CSV and Parquet, one record at a time, whatever the length of the file.

    file ──> lines (or rows) ──> cells ──> one record, with the line on which it begins

Nothing is guessed, for these records become documents that somebody has to pay. A number keeps the digits that the
file has and never goes through a float, except where Parquet holds floats itself. A date is ISO 8601 unless the reader
is told which of day and month comes first. A field or a column that Xero does not know is refused and not left out,
for a due date under a misspelt name would be no due date at all. What is refused is told with file, line and column,
and with what to do; the value itself is not in the message.

A CSV file has the columns of Xero's own import template, or Xero's names of fields (`Contact.ContactID`,
`LineItems.UnitAmount`, `LineItems[1].Quantity`), or names as an export writes them (`due_date`); see `columns`.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Literal, TypeAlias, TypeVar, cast

from ...models import Model
from ...wire.errors import InvalidArgument
from .cells import Reading
from .lines import read_lines
from .located import Located, refuse
from .parquet import read_parquet
from .sheets import read_sheet

__all__ = ["Format", "Located", "Reading", "format_of", "locate", "read"]

M = TypeVar("M", bound=Model)

Format: TypeAlias = Literal["jsonl", "csv", "parquet"]

SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_GZIP = b"\x1f\x8b"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 begins."""


def read(
    path: str | os.PathLike[str], record: type[M], format: Format | None = None, *, reading: Reading | None = None
) -> Iterator[M]:
    """The records of a file, in its order, drawn from it as they are taken.

    `record` is what each of them is, such as `Invoice`. `format` is by default what the name ends with: `.jsonl`,
    `.csv`, `.parquet`, each of the first two also with `.gz`. `reading` says what a CSV file does not say of itself.
    Raises `InvalidArgument` at the first thing that cannot be read, with file, line and column, and `OSError`.
    """
    return (located.record for located in locate(path, record, format, reading=reading))


def locate(
    path: str | os.PathLike[str],
    record: type[M],
    format: Format | None = None,
    *,
    reading: Reading | None = None,
) -> Iterator[Located[M]]:
    """The same records, each with the line on which it begins; in a Parquet file with the number of its row."""
    return _located(Path(path), record, format or format_of(path), reading or Reading())


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format that a file's name tells. Raises `InvalidArgument` for a name that tells none."""
    name = Path(path).name.lower().removesuffix(".gz")
    for suffix, format in SUFFIXES.items():
        if name.endswith(suffix):
            return format
    hint = "write each record on a line of its own (.jsonl)" if name.endswith(".json") else "name its format"
    raise InvalidArgument(f"{Path(path).name}: the name does not end with .jsonl, .csv or .parquet: {hint}")


def _located(path: Path, record: type[M], format: Format, reading: Reading) -> Iterator[Located[M]]:
    if format == "parquet":
        yield from read_parquet(path, record, reading)
        return
    with _opened(path) as stream:
        lines = _numbered(path.name, stream)
        if format == "jsonl":
            yield from read_lines(path.name, lines, record)
        else:
            yield from read_sheet(path.name, lines, record, reading)


# -- bytes ----------------------------------------------------------------------------------------------------------

LONGEST = 16 << 20
"""Bytes of the longest line that is read: far more than Xero takes, far less than memory."""


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    """A file, unpacked where its bytes say that it is packed."""
    with path.open("rb") as raw:
        start = raw.peek(2)[:2]
        if start in _WIDE:
            raise refuse(path.name, 1, None, "the file is in UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)")
        if start != _GZIP:
            yield raw
            return
        with gzip.open(raw) as unpacked:
            yield BufferedReader(cast("BufferedReader", unpacked))


def _numbered(name: str, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers from 1, without the mark that some programs begin UTF-8 with."""
    number = 0
    try:
        while line := stream.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise refuse(name, number, None, "the line is longer than any record can be: one record is one line")
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refuse(name, number + 1, None, "the file is packed, and damaged or cut off: make it again") from None
