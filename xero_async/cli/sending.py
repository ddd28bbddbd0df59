"""Records on their way: what the checks found of them, what became of each, and how both are told."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import typer
from msgspec import Struct, field

from .. import bulk
from ..preflight import Finding
from ..session import Tenant
from ..wire.errors import InvalidArgument
from .board import Board, clock_face
from .running import FAILED, LATER, CommandError, printable
from .tables import show

__all__ = ["SHOWN", "SOME_FAILED", "SOME_UNKNOWN", "Found", "Tally", "follow", "goes_on", "tell"]

SOME_FAILED, SOME_UNKNOWN = 3, 4
"""Exit codes: Xero refused some records; of some it could not be told whether Xero has them."""
SHOWN = 1000
"""Rows that are printed at most; a report holds all."""

_ROW = re.compile(r"^row (\d+)\b")
"""How a finding names the record that it clashes with."""


class Lines(Protocol):
    """Where records begin, by their position."""

    def __getitem__(self, position: int, /) -> object:
        """The place as it is told, such as a line of the file."""
        ...


class Found(Struct):
    """What the checks have found."""

    title: str
    records: int = 0
    errors: int = 0
    warnings: int = 0
    rows: list[tuple[object, ...]] = []

    def add(self, finding: Finding, lines: Lines, *, of: str = "line ") -> None:
        """Count a finding, and keep it for printing: with lines of the file in the place of positions."""
        if finding.severity == "error":
            self.errors += 1
        else:
            self.warnings += 1
        if len(self.rows) < SHOWN:
            message = _ROW.sub(lambda row: f"{of}{lines[int(row[1])]}", finding.message)
            self.rows.append((lines[finding.row], finding.field, finding.severity, finding.rule, message))

    def tell(self) -> None:
        """Print what was found. Raises `CommandError` where there is an error among it."""
        show(("line", "field", "severity", "rule", "what to do"), self.rows)
        if len(self.rows) < self.errors + self.warnings:
            print(f"and {self.errors + self.warnings - len(self.rows):,} more", file=sys.stderr)
        told = f"{self.records:,} {self.title} checked: {self.errors:,} errors, {self.warnings:,} warnings"
        if self.errors:
            raise CommandError(f"{told}; nothing was sent", FAILED)
        print(told, file=sys.stderr)


class Tally(Struct):
    """What became of the records."""

    counts: Counter[str] = field(default_factory=Counter[str])
    resumed: int = 0
    is_day_over: bool = False
    rows: list[tuple[object, ...]] = []

    def count(self, outcome: str, *cells: object) -> None:
        """Count a record; one that was not created is kept for printing, with its cells."""
        self.counts[outcome] += 1
        if outcome != "created" and len(self.rows) < SHOWN:
            self.rows.append(cells)

    def add(self, other: Tally) -> None:
        """Count what another has counted."""
        self.counts += other.counts
        self.resumed += other.resumed
        self.is_day_over |= other.is_day_over
        self.rows += other.rows[: SHOWN - len(self.rows)]


def follow(board: Board, tally: Tally, *, title: str, label: str, total: int) -> Callable[[bulk.CreateProgress], None]:
    """The hook by which a creation tells the board how far it has come."""
    calls = ceil(total / bulk.MAX_CHUNK)

    def progressed(progress: bulk.CreateProgress) -> None:
        tally.resumed = progress.resumed
        board.update(
            f"create {title}",
            tenant=label,
            done=progress.records,
            total=total,
            calls=progress.chunks,
            calls_total=max(calls, progress.chunks),
            finished=progress.records == total,
        )

    return progressed


@asynccontextmanager
async def goes_on(
    creation: bulk.Creation[Any], tally: Tally, tenant: Tenant, journal: Path
) -> AsyncGenerator[AsyncIterator[bulk.Outcome[Any]]]:
    """A creation, whose outcomes are to be taken; whoever ends it early is told how to go on."""
    try:
        async with aclosing(creation):
            yield aiter(creation)
        tally.is_day_over = tenant.limits.day <= 0
    except InvalidArgument:
        raise
    except BaseException:
        if journal.exists():  # noqa: ASYNC240 - a look at the disk, at the end
            told = f"what was sent is kept in {journal}: the same command goes on with the rest"
            print(f"xero-async: {printable(told)}", file=sys.stderr)
        raise


def tell(tally: Tally, title: str, seconds: float, *, columns: Sequence[str]) -> None:
    """Print what was not created, and the sum. Raises `typer.Exit` with the code that tells the worst of it."""
    show(columns, tally.rows)
    counts = tally.counts
    if more := counts["failed"] + counts["unknown"] - len(tally.rows):
        print(f"and {more:,} more: --report names them all", file=sys.stderr)
    told = f"created {counts['created']:,} {title}, failed {counts['failed']:,}, unknown {counts['unknown']:,}"
    if tally.resumed:
        told += f"; {tally.resumed:,} of them in earlier runs"
    print(f"{told}; in {clock_face(seconds)}", file=sys.stderr)
    if tally.is_day_over and counts["failed"]:
        raise CommandError("the day's calls are used up: run the same command tomorrow to go on with the rest", LATER)
    if counts["unknown"]:
        raise typer.Exit(SOME_UNKNOWN)
    if counts["failed"]:
        raise typer.Exit(SOME_FAILED)
