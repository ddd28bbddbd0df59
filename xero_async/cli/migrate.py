"""`xero-async migrate-v1`: an archive of the Xero Network API v1 into Xero, each document once.

The archive is read once, onto the disk (see `xero_async.bulk.migrate`). What the organisation has is asked for, all new
documents are decided on and checked, and only then the first is sent: the contacts, and after them the invoices and
bills that name them. What was decided is kept beside the journals, so that a later run goes on with the same.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, ParamSpec

import typer
from msgspec import Struct
from rich.console import Console

from ..apis.many import ManyWrite
from ..bulk.migrate import PHASES, Migration, Phase, Plan, Wish, check_paths
from ..session import Tenant
from ..wire.errors import InvalidArgument
from ..wire.xml import require_defused
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
from .migrating import Job, MigrationRow, ground_of
from .organisation import ask
from .reports import Report
from .running import MISUSED, CommandError, run
from .sending import Tally, follow, goes_on

__all__ = ["migrate_v1"]

P = ParamSpec("P")

SILENCE = 10.0
"""Seconds after which it is told how far it has come."""
PLACES: Final = 4
"""Decimals of unit amounts: v1 kept four."""


class Status(StrEnum):
    """What new invoices and bills can be."""

    draft = "DRAFT"
    submitted = "SUBMITTED"
    authorised = "AUTHORISED"


def migrate_v1(
    archive: Annotated[
        list[Path],
        typer.Argument(
            help="XML of the Xero Network API v1: saved answers, bodies of import.xro, single invoices and contacts; "
            "files, folders with all below them, .zip and .gz.",
            metavar="ARCHIVE",
        ),
    ],
    tenant: TenantName = None,
    check: Annotated[
        bool, typer.Option("--check", help="Tell what would be made, what would be changed and why, and stop.")
    ] = False,
    skip: Annotated[
        bool,
        typer.Option("--skip", help="Leave out files that cannot be read and records with errors, and make the rest."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="A file with a row for each change and for what became of each record, .csv or .jsonl.",
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            help="Where it is kept what was decided and sent, so that the same command goes on; ARCHIVE.migration "
            "unless it is named. Beside it are PATH.contacts and PATH.invoices.",
            metavar="PATH",
        ),
    ] = None,
    status: Annotated[
        Status | None,
        typer.Option(
            help="The status of the new invoices and bills. By default they are drafts, as all were that v1 made.",
            show_default=False,
        ),
    ] = None,
    keep_status: Annotated[
        bool,
        typer.Option(
            "--keep-status",
            help="The status is the one in the archive; what was PAID is AUTHORISED, since payments are not made.",
        ),
    ] = False,
    reserve_reference: Annotated[
        bool,
        typer.Option(
            "--reserve-reference",
            help="Give invoices and bills without a number a reference of their own, by which they are found again.",
        ),
    ] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Make an archive of the Xero Network API v1 into contacts, invoices and bills of today, each once.

    Everything is read and checked before the first record is sent; nothing is sent where there is an error, unless
    with --skip. Of a document that the archive has several times, the one that was saved last counts. What the
    organisation has already (by InvoiceID, by number, or the same in all) is not made again. Deleted and voided
    documents are left out, and payments are not made.

    Tax types, accounts and tracking that the organisation does not have are left empty, as v1 did, unless a tax type
    has a sure successor: one that comes to the very tax of the line. Every change is in the report, with its place,
    the old value, the reason, and the number of v1's rule. Documents that have lost something, or come to another
    amount than they state, stay drafts whatever status is asked for.

    Exit codes: 0 all are made, or there already; 1 an error, or errors were found and nothing was sent; 2 wrong usage;
    3 some records were refused; 4 of some it could not be told whether Xero has them; 75 the day's calls are used up;
    130 interrupted.
    """
    if check and skip:
        raise typer.BadParameter("either check, or skip what the checks find", param_hint="--skip")
    if status is not None and keep_status:
        raise typer.BadParameter("either one status for all, or the one that each had", param_hint="--keep-status")
    order = Order(
        archive=archive,
        tenant=tenant,
        only_check=check,
        skip=skip,
        report=report,
        journal=journal or Path(f"{archive[0]}.migration"),
        wish="keep" if keep_status else "DRAFT" if status is None else status.value,
        reserve_reference=reserve_reference,
    )
    run(_migrate(order, base_url, identity_url, client_id))


class Order(Struct, frozen=True, kw_only=True):
    """What is to be done."""

    archive: list[Path]
    tenant: str | None
    only_check: bool
    skip: bool
    report: Path | None
    journal: Path
    wish: Wish
    reserve_reference: bool

    def journal_of(self, phase: Phase) -> Path:
        """The journal of a creation."""
        return self.journal.with_name(f"{self.journal.name}.{phase}")


def _check(order: Order) -> None:
    """What can be told before anything is asked for. Raises `InvalidArgument`, `CommandError`."""
    check_paths(order.archive)
    try:
        require_defused()
    except ModuleNotFoundError as error:
        raise CommandError(str(error), MISUSED) from None


async def _migrate(order: Order, base_url: str, identity_url: str, client_id: str) -> None:
    report = Report(order.report, MigrationRow)
    _check(order)
    board = Board(Console(stderr=True))
    async with connect(base_url, identity_url, client_id, board.attempt, unitdp=PLACES) as xero:
        connections = await choose(xero, None if order.tenant is None else [order.tenant])
        if len(connections) > 1:
            raise CommandError("one organisation at a time: name it with --tenant", MISUSED)
        tenant, label = xero.tenant(connections[0], bulk=True), connections[0].tenant_name or connections[0].tenant_id
        organisation = await ask(tenant, PLACES)
        migration = Migration(order.archive, ground_of(organisation, order.wish))
        try:
            plan = Plan(migration.shelf.db, order.journal, {"tenant": tenant.id, "status": order.wish})
            await _planned(migration, plan, tenant)
            job = Job(plan, migration, organisation.known, report)
            await _in_thread(migration, job.check)
            if order.only_check or (job.errors and not order.skip):
                job.tell_planned()
                return
            began = time.monotonic()
            with report:
                if any(map(plan.count, PHASES)):
                    plan.keep()
                job.report_told()
                async with board:
                    board.follow(label or "", tenant)
                    tally = await _send(order, job, tenant, label or "", board)
                    board.finish()
            job.tell_sent(tally, time.monotonic() - began)
        finally:
            migration.shelf.close()


async def _planned(migration: Migration, plan: Plan, tenant: Tenant) -> None:
    """Read the archive, ask what the organisation has, and decide. Raises `InvalidArgument`."""
    plan.load()
    await _in_thread(migration, migration.read, plan)
    async for contact in tenant.contacts.list():
        migration.books.note_contact(contact)
    async for invoice in tenant.invoices.list(summary_only=True):
        migration.books.note_invoice(invoice)
    await _in_thread(migration, migration.plan, plan)
    if missing := plan.missing():
        raise InvalidArgument(
            f"the archive is not the one that the journal was begun with: it has {missing:,} documents no more, or "
            "saved anew: give it the same archive, or a journal of its own (what Xero has is not made again)"
        )


async def _in_thread(migration: Migration, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Work in a thread, which cannot be interrupted: so it is asked to end, and has ended when this returns."""
    work = asyncio.create_task(asyncio.to_thread(call, *args, **kwargs))
    try:
        while not (await asyncio.wait((work,), timeout=SILENCE))[0]:
            print(migration.progress, file=sys.stderr)
        await work
    except asyncio.CancelledError:
        migration.is_over = True
        await asyncio.wait((work,))
        work.exception()  # which is that it was stopped
        raise


async def _send(order: Order, job: Job, tenant: Tenant, label: str, board: Board) -> Tally:
    """Make everything: the contacts first, and the rest once it is known what became of them."""
    whole = Tally()
    for phase in PHASES:
        total = job.plan.count(phase)
        if not total:
            continue
        tally, journal = Tally(), order.journal_of(phase)
        write: ManyWrite[Any] = getattr(tenant, phase).create_many
        creation = write(
            (document.record for document in job.plan.documents(phase)),
            journal=journal,
            preflight="skip" if order.skip else None,
            known=job.known,
            reserve_reference=order.reserve_reference and phase == "invoices",
            on_progress=follow(board, tally, title=phase, label=label, total=total),
        )
        async with goes_on(creation, tally, tenant, journal) as outcomes:
            for position, document in enumerate(job.plan.documents(phase)):
                job.take(tally, phase, position, document, await anext(outcomes))
            async for _ in outcomes:
                pass
        whole.add(tally)
        if tally.is_day_over or tally.counts["unknown"]:
            # Invoices make the contacts that they name, if these are not there.
            break
    return whole
