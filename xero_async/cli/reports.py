"""What became of each record of a file: a row of a report, and of what is printed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, cast
from uuid import uuid4

import msgspec
from msgspec import Struct

from .. import bulk
from ..wire.errors import InvalidArgument

__all__ = ["Report", "Row", "row_of"]


class Row(Struct, frozen=True, kw_only=True):
    """What became of a record."""

    row: int
    """Its place in the file, from 1."""
    line: int
    """The line of the file on which it begins; of a Parquet file, the row."""
    outcome: str
    """`created`, `failed` or `unknown`."""
    id: str = ""
    """Xero's id."""
    number: str = ""
    key: str = ""
    """The idempotency key of the call, where the outcome is unknown."""
    errors: list[str] = []
    """Why it was not created, or what Xero did not like about it."""


def row_of(position: int, line: int, outcome: bulk.Outcome[Any]) -> Row:
    """An outcome as a row; `position` is from 0."""
    match outcome:
        case bulk.Created():
            return Row(
                row=position + 1,
                line=line,
                outcome="created",
                id=outcome.id or "",
                number=outcome.number or "",
                errors=[*outcome.warnings],
            )
        case bulk.Failed():
            return Row(row=position + 1, line=line, outcome="failed", errors=[*outcome.errors])
        case bulk.Unknown():
            told = f"first sent {outcome.since:%Y-%m-%d %H:%M:%S} UTC: whether Xero has it could not be told"
            return Row(row=position + 1, line=line, outcome="unknown", key=outcome.key or "", errors=[told])


class Report:
    """A file of rows, CSV or JSON Lines by its name, which has its name only once it is whole.

    A cell holds what the record holds, to the letter, as in exports. A spreadsheet may take one that begins with `=`,
    `+`, `-` or `@` for a formula; but so do negative amounts and the numbers of telephones, and with a mark before them
    neither these nor an old value could be compared, or read back. So import the columns as text.

    Without a path, nothing is written. Raises `InvalidArgument` at once for a name that is neither.
    """

    def __init__(self, path: Path | None, kind: type[Struct] = Row) -> None:
        self._path, self._columns = path, kind.__struct_fields__
        self._file: TextIO | None = None
        self._is_sheet = path is not None and path.suffix.lower() == ".csv"
        if path is not None and path.suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
            raise InvalidArgument("a report ends with .csv or .jsonl")

    def __enter__(self) -> Self:
        """Open it. Raises `OSError`."""
        if self._path is not None:
            self._part = self._path.with_name(f"{self._path.name}.{uuid4().hex[:8]}.part")
            self._file = self._part.open("x", encoding="utf-8", newline="")
            if self._is_sheet:
                self._file.write(_line(self._columns))
        return self

    def add(self, row: Struct) -> None:
        """Write a row, of the kind that was given."""
        if self._file is None:
            return
        if self._is_sheet:
            self._file.write(_line(_cell(getattr(row, name)) for name in self._columns))
        else:
            self._file.write(msgspec.json.encode(row).decode() + "\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it its name, or take it away where what it reports on did not end."""
        if self._file is None or self._path is None:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.unlink() if kind is not None else self._part.replace(self._path)


def _cell(value: object) -> object:
    return "; ".join(cast("list[str]", value)) if isinstance(value, list) else value


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
