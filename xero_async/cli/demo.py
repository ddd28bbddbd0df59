"""`xero-async demo`: the main job on real volumes, against a simulation that fails as networks do.

Invoices and bills are created in concurrent batches while connections drop and gateways fail; then all contacts and
invoices are exported. Xero refuses a second invoice of the same number, but takes a second bill: a client that sent a
batch of bills twice would have duplicates to show. What the table at the end says comes from the sandbox's own counters
and from the files: see `proof.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from rich.console import Console

from .. import bulk
from ..auth import ClientCredentials
from ..models import Contact, Invoice, LineItem
from ..session import Attempt, Tenant, Xero
from ..wire.parameters import MAX_PAGE_SIZE
from .board import Board
from .child import Announcement, counters_of, sandbox_process
from .proof import Proof, invoice_number, is_bill
from .running import CommandError, run

__all__ = ["demo"]

LATENCY = 0.15
"""Seconds that Xero takes for a small call."""
LATE = 1.0
"""Seconds by which an answer is late where the plan wants it so."""
FAULTS = (
    # The write is done and its answer lost: only the idempotency key keeps the bills from being doubled.
    "drop_after:op=createInvoices:every=2:times=2",
    "drop_before:op=createInvoices:every=5:times=1",
    "502:op=createInvoices:every=7:times=1",
    "minute:op=createInvoices:every=9:times=1:seconds=1",
    f"slow:op=getInvoices:every=4:times=1:seconds={LATE}",
    "502:op=getInvoices:every=6:times=1",
    "drop_after:op=getInvoices:every=9:times=1",
    "cut:op=getInvoices:every=13:times=1",
)
COMPANY = "Simulated Company"
CUSTOMERS = 100


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done."""

    invoices: int
    contacts: int
    create: int
    seed: int
    page_size: int
    faults: tuple[str, ...]

    @property
    def options(self) -> list[str]:
        """Options of the sandbox."""
        numbers = {"contacts": self.contacts, "invoices": self.invoices, "seed": self.seed, "latency": LATENCY}
        words = [word for name, number in numbers.items() for word in (f"--{name}", f"{number}")]
        return [*words, *(("--faults", ",".join(self.faults)) if self.faults else ())]

    def calls(self, records: int) -> int:
        """Calls that draw so many records."""
        return max(1, ceil(records / self.page_size))

    @property
    def batches(self) -> int:
        """Calls that create the invoices."""
        return ceil(self.create / bulk.MAX_CHUNK)


def demo(
    invoices: Annotated[int, typer.Option(min=0, help="Invoices that are there from the start.")] = 20_000,
    contacts: Annotated[int, typer.Option(min=1, help="Contacts that are there from the start.")] = 5_000,
    create: Annotated[int, typer.Option(min=1, help="Invoices to create.")] = 500,
    folder: Annotated[
        Path | None, typer.Option(help="Where the export goes; a new temporary folder if none is named.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 0,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Records of a page.")] = MAX_PAGE_SIZE,
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Let nothing go wrong.")] = False,
) -> None:
    """Create invoices and export everything, against a simulation that keeps Xero's limits and fails on purpose.

    Nothing has to be set up, and nothing leaves this machine. Exits with 1 where anything was lost or doubled.
    """
    plan = Plan(
        invoices=invoices,
        contacts=contacts,
        create=create,
        seed=seed,
        page_size=page_size,
        faults=() if no_faults else FAULTS,
    )
    run(_demo(plan, folder))


async def _demo(plan: Plan, folder: Path | None) -> None:
    target = folder or Path(tempfile.mkdtemp(prefix="xero-demo-"))
    try:
        proof = await _run(plan, target, Console(stderr=True))
    except BaseException:
        if folder is None:  # nobody would ever hear of it
            shutil.rmtree(target, ignore_errors=True)
        raise
    wrong = await asyncio.to_thread(lambda: list(proof.mismatches()))
    Console().print(proof.table())
    if wrong:
        raise CommandError(f"the demo went wrong: {'; '.join(wrong)}")


async def _run(plan: Plan, folder: Path, console: Console) -> Proof:
    words = f"Starting a simulation of Xero with {plan.contacts:,} contacts and {plan.invoices:,} invoices"
    waiting = console.status(words)
    if console.is_terminal:
        waiting.start()
    else:
        console.print(words)
    try:
        async with sandbox_process(*plan.options) as sandbox:
            waiting.stop()
            return await _work(plan, sandbox, folder, Board(console))
    finally:
        waiting.stop()


async def _work(plan: Plan, sandbox: Announcement, folder: Path, board: Board) -> Proof:
    latencies: list[float] = []

    def attempted(attempt: Attempt) -> None:
        board.attempt(attempt)
        if attempt.next == "value":
            latencies.append(attempt.seconds)

    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
    async with (
        Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, on_attempt=attempted) as xero,
        board,
    ):
        tenant = xero.tenant(sandbox.tenants[0], bulk=True)
        board.follow(COMPANY, tenant)
        _announce(plan, board)
        began = time.monotonic()
        outcomes = await _create(plan, tenant, board)
        summary = await bulk.export(
            tenant,
            folder,
            resources=["contacts", "invoices"],
            names={tenant.id: COMPANY},
            page_size=plan.page_size,
            on_progress=lambda progress: board.exported(progress, "export "),
        )
        seconds = time.monotonic() - began
        board.finish()
    counters = await counters_of(sandbox)
    late = counters.injected.get("slow", 0) * LATE
    documents = counters.documents[tenant.id]
    return Proof(
        outcomes=outcomes,
        exported=summary,
        counters=counters,
        documents=documents,
        expected_invoices=plan.invoices + plan.create,
        planned=1 + plan.batches + summary.pages,
        seconds=seconds,
        latency=(sum(latencies) - late) / len(latencies),
        folder=folder,
    )


def _announce(plan: Plan, board: Board) -> None:
    """Say in advance what is to come, so that the end can be reckoned from the start."""
    invoices = plan.invoices + plan.create
    board.update("create invoices", tenant=COMPANY, total=plan.create, calls_total=plan.batches)
    board.update("export contacts", tenant=COMPANY, total=plan.contacts, calls_total=plan.calls(plan.contacts))
    board.update("export invoices", tenant=COMPANY, total=invoices, calls_total=plan.calls(invoices))


async def _create(plan: Plan, tenant: Tenant, board: Board) -> list[bulk.Outcome[Invoice]]:
    customers = await tenant.contacts.list(page_size=CUSTOMERS)

    def show(progress: bulk.CreateProgress) -> None:
        board.update(
            "create invoices",
            tenant=COMPANY,
            done=progress.records,
            calls=progress.chunks,
            finished=progress.chunks == plan.batches,
        )

    return await bulk.create_many(tenant.invoices.create, _invoices(plan.create, customers), on_progress=show)


def _invoices(count: int, customers: Sequence[Contact]) -> Iterator[Invoice]:
    today = datetime.now(UTC).date()
    for number in range(count):
        yield Invoice(
            type="ACCPAY" if is_bill(number) else "ACCREC",
            invoice_number=invoice_number(number),
            reference=f"Order {number + 1}",
            contact=Contact(contact_id=customers[number % len(customers)].contact_id),
            date=today,
            due_date=today + timedelta(days=30),
            line_items=[
                LineItem(
                    description="Consulting",
                    quantity=Decimal(1 + number % 8),
                    unit_amount=Decimal("148.50"),
                    account_code="400" if is_bill(number) else "200",
                )
            ],
            status="AUTHORISED",
        )
