"""`xero-async create`: every record of a file into Xero, each exactly once.

The file is read twice. The first time its records are checked, all of them before the first is sent; the second time
they are sent. What the organisation has of accounts, tax rates and currencies is asked before, where the app may, so
that the checks know it. A few hundred records are in memory at a time, and no more.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from msgspec import Struct
from rich.console import Console

from ..apis.accounting import Accounting
from ..apis.many import ManyWrite
from ..apis.rows import Resource
from ..bulk.reading import Located, Reading, locate
from ..models import Invoice, Model
from ..preflight import Checker
from ..session import Tenant
from ..wire.errors import InvalidArgument
from ..wire.operation import Operation
from .board import Board
from .connecting import (
    DEFAULT_BASE_URL,
    DEFAULT_IDENTITY_URL,
    BaseUrl,
    ClientId,
    IdentityUrl,
    TenantName,
    choose,
    connect,
)
from .organisation import Organisation, ask
from .reports import Report, row_of
from .running import MISUSED, CommandError, run
from .sending import SOME_FAILED, SOME_UNKNOWN, Found, Tally, follow, goes_on, tell

__all__ = ["SOME_FAILED", "SOME_UNKNOWN", "creatable", "create"]

STDIN = "-"
BILLS = "bills"
TYPES = {"invoices": "ACCREC", BILLS: "ACCPAY"}
"""What an invoice is that does not say so itself."""


class Format(StrEnum):
    """What a file is."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


class Dates(StrEnum):
    """How dates are written."""

    iso = "iso"
    dmy = "dmy"
    mdy = "mdy"


class Places(StrEnum):
    """Decimals of unit amounts."""

    two = "2"
    four = "4"


def creatable() -> dict[str, type[Model]]:
    """What can be created by the batch, with the type of its records; bills are invoices of another type."""
    resources = {name: member for name, member in vars(Accounting).items() if isinstance(member, Resource)}
    found = {name: _record(type(one)) for name, one in resources.items() if "create_many" in vars(type(one))}
    return {BILLS: Invoice, **found}


def _record(kind: type[Resource]) -> type[Model]:
    operation: Operation[Any] | None = getattr(kind, "create", None)
    record: type[Model] | None = None if operation is None else operation.record
    assert record is not None
    return record


def create(
    resource: Annotated[
        str,
        typer.Argument(
            help=f"What the file holds: {', '.join(sorted(name.replace('_', '-') for name in creatable()))}.",
            metavar="RESOURCE",
        ),
    ],
    file: Annotated[
        str,
        typer.Argument(
            help="JSON Lines, CSV with the columns of Xero's import template, or Parquet; - reads JSON Lines from "
            "standard input.",
            metavar="FILE",
        ),
    ],
    tenant: TenantName = None,
    check: Annotated[bool, typer.Option("--check", help="Check the records, print what is found, and stop.")] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="Create the records that pass the checks, and report the others as failed.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            help="Where it is kept what was sent, so that the same command goes on; FILE.journal unless it is named.",
            metavar="PATH",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="A file with a row for each record, .csv or .jsonl.", metavar="PATH", show_default=False),
    ] = None,
    reserve_reference: Annotated[
        bool,
        typer.Option(
            "--reserve-reference",
            help="Give records without a number a reference of their own, by which they are found again.",
        ),
    ] = False,
    status: Annotated[
        str | None,
        typer.Option(
            help="The status of records that name none, such as AUTHORISED; Xero's own is DRAFT.", metavar="STATUS"
        ),
    ] = None,
    format: Annotated[
        Format | None, typer.Option(help="What the file is, where its name does not tell.", show_default=False)
    ] = None,
    dates: Annotated[
        Dates, typer.Option(help="How dates are written in a CSV file: 2026-01-31, 31/01/2026 or 01/31/2026.")
    ] = Dates.iso,
    decimal_comma: Annotated[
        bool, typer.Option("--decimal-comma", help="Numbers in a CSV file are written 1234,50.")
    ] = False,
    encoding: Annotated[str, typer.Option(help="How a CSV file is encoded: utf-8, cp1252.", metavar="NAME")] = "utf-8",
    unitdp: Annotated[
        Places | None, typer.Option(help="Decimals of unit amounts; Xero's own are 2.", show_default=False)
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Create every record of a file in Xero, each exactly once, whatever fails.

    All records are checked before the first is sent; what is found is printed, and nothing is sent where it is an
    error. What is sent is kept in a journal: after a Ctrl-C, a lost network or a crash, the same command goes on with
    the rest, and once all is done it sends nothing any more. Printed are the records that were not created: row, line,
    outcome, number, errors.

    Exit codes: 0 all are created, 1 an error or an error found by the checks, 2 wrong usage or a file that cannot be
    read, 3 some records were refused, 4 of some it could not be told whether Xero has them, 75 the day's calls are
    used up, 130 interrupted.
    """
    name = resource.lower().replace("-", "_")
    kinds = creatable()
    if name not in kinds:
        raise typer.BadParameter(f"one of {', '.join(sorted(kinds))}", param_hint="RESOURCE")
    if file == STDIN and journal is None and not check:
        raise typer.BadParameter("name one, or nothing is known after an interruption", param_hint="--journal")
    if check and skip:
        raise typer.BadParameter("either check, or skip what the checks find", param_hint="--skip")
    order = Order(
        name=name,
        record=kinds[name],
        file=file,
        tenant=tenant,
        only_check=check,
        skip=skip,
        journal=journal or Path(f"{file}.journal"),
        report=report,
        reserve_reference=reserve_reference,
        status=status,
        format=None if format is None else format.value,
        dates=dates.value,
        decimal_comma=decimal_comma,
        encoding=encoding,
        unitdp=None if unitdp is None else 4 if unitdp is Places.four else 2,
    )
    run(_create(order, base_url, identity_url, client_id))


class Order(Struct, frozen=True, kw_only=True):
    """What is to be done."""

    name: str
    record: type[Model]
    file: str
    tenant: str | None
    only_check: bool
    skip: bool
    journal: Path
    report: Path | None
    reserve_reference: bool
    status: str | None
    format: Literal["jsonl", "csv", "parquet"] | None
    dates: Literal["iso", "dmy", "mdy"]
    decimal_comma: bool
    encoding: str
    unitdp: Literal[2, 4] | None

    @property
    def resource(self) -> str:
        """The resource's name in Python."""
        return "invoices" if self.name == BILLS else self.name

    @property
    def title(self) -> str:
        """What is created, for people."""
        return self.name.replace("_", " ")

    def filled(self, located: Located[Any], file: str) -> Model:
        """A record with what holds for all that do not say so themselves. Raises `InvalidArgument`."""
        record = located.record
        if (type := TYPES.get(self.name)) is not None:
            record.type = record.type or type
            if self.name == BILLS and record.type != type:
                raise InvalidArgument(f"{file}, line {located.line}, Type: this is no bill: create it as an invoice")
        if self.status is not None:
            if "status" not in record.__struct_fields__:
                raise InvalidArgument(f"{self.title} have no status")
            record.status = record.status or self.status
        return cast("Model", record)


async def _create(order: Order, base_url: str, identity_url: str, client_id: str) -> None:
    console = Console(stderr=True)
    report = Report(order.report)
    board = Board(console)
    with _source(order) as path:
        async with connect(base_url, identity_url, client_id, board.attempt, unitdp=order.unitdp) as xero:
            connections = await choose(xero, None if order.tenant is None else [order.tenant])
            if len(connections) > 1:
                raise CommandError("one organisation at a time: name it with --tenant", MISUSED)
            tenant = xero.tenant(connections[0], bulk=True)
            label = connections[0].tenant_name or tenant.id
            source = _Source(order, path, await ask(tenant, order.unitdp))
            found = await source.check()
            if (found.errors and not order.skip) or order.only_check:
                found.tell()
                return
            if found.warnings:
                print(f"{found.warnings:,} warnings: --check shows them", file=sys.stderr)
            began = time.monotonic()
            with report:
                async with board:
                    board.follow(label, tenant)
                    tally = await _send(order, source, tenant, label, board, report)
                    board.finish()
    columns = ("row", "line", "outcome", "number", "errors")
    tell(tally, order.title, time.monotonic() - began, columns=columns)


@contextmanager
def _source(order: Order) -> Generator[Path]:
    """The file; what comes by standard input is put into one, since it is read twice."""
    if order.file != STDIN:
        yield Path(order.file)
        return
    with tempfile.TemporaryDirectory(prefix="xero-async-") as folder:
        path = Path(folder) / f"stdin.{order.format or 'jsonl'}"
        with path.open("wb") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
        yield path


class _Source:
    """The records of a file, drawn from it as often as they are needed."""

    def __init__(self, order: Order, path: Path, known: Organisation) -> None:
        self._order, self._path = order, path
        self.known = known.known
        self._is_over = False
        self.lines = array("Q")
        """The line on which each record begins."""
        self._reading = Reading(
            dates=order.dates,
            decimal_comma=order.decimal_comma,
            encoding=order.encoding,
            tax_types=known.tax_names,
            branding_themes=known.themes,
        )

    async def check(self) -> Found:
        """Draw all records once and check them. Raises `InvalidArgument` for a file that cannot be read, `OSError`."""
        try:
            return await asyncio.to_thread(self._checked)
        finally:
            self._is_over = True  # the thread cannot be interrupted, so it asks

    def _checked(self) -> Found:
        found, checker = Found(self._order.title), Checker(self.known)
        for row, record in enumerate(self._counted()):
            for finding in checker.look(row, record):
                found.add(finding, self.lines)
        found.records = len(self.lines)
        return found

    def _counted(self) -> Iterator[Model]:
        for located in self._located():
            if self._is_over:
                return
            self.lines.append(located.line)
            yield self._order.filled(located, self._path.name)

    def records(self) -> Iterator[Model]:
        """The records again. Raises `InvalidArgument` where the file is not what was checked."""
        for position, located in enumerate(self._located()):
            if position >= len(self.lines) or located.line != self.lines[position]:
                raise InvalidArgument(f"{self._path.name} has changed since it was checked: run the command again")
            yield self._order.filled(located, self._path.name)

    def _located(self) -> Iterator[Located[Any]]:
        return locate(self._path, self._order.record, self._order.format, reading=self._reading)


async def _send(order: Order, source: _Source, tenant: Tenant, label: str, board: Board, report: Report) -> Tally:
    tally = Tally()
    write: ManyWrite[Any] = getattr(tenant, order.resource).create_many
    creation = write(
        source.records(),
        journal=order.journal,
        preflight="skip" if order.skip else None,
        known=source.known,
        reserve_reference=order.reserve_reference,
        on_progress=follow(board, tally, title=order.title, label=label, total=len(source.lines)),
    )
    async with goes_on(creation, tally, tenant, order.journal) as outcomes:
        position = 0
        async for outcome in outcomes:
            row = row_of(position, source.lines[position], outcome)
            report.add(row)
            tally.count(row.outcome, row.row, row.line, row.outcome, row.number, "; ".join(row.errors))
            position += 1
    return tally
