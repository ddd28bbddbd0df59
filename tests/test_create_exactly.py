"""Batch creation by way of a journal: each record exactly once, whatever is cut, lost or forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from xero_async import (
    BankTransaction,
    ClientCredentials,
    Contact,
    ContactGroup,
    CreditNote,
    InvalidArgument,
    Invoice,
    Item,
    Limits,
    LineItem,
    ManualJournal,
    ManualJournalLine,
    PurchaseOrder,
    Quote,
    RetryPolicy,
    TaxComponent,
    TaxRate,
    Tenant,
    Xero,
)
from xero_async.bulk import Created, CreateProgress, Failed, Outcome, Unknown, create_many
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

FAULTS = [
    Fault(kind="drop_after", operation="createInvoices", probability=0.06),
    Fault(kind="drop_before", operation="createInvoices", probability=0.05),
    Fault(kind="502", operation="createInvoices", probability=0.05),
    Fault(kind="cut", operation="createInvoices", probability=0.02),
    Fault(kind="500", operation="createInvoices", probability=0.02),
]
"""A fifth of the calls."""


def document(number: str | None, kind: str = "ACCREC", amount: str = "10.00", **fields: Any) -> Invoice:
    """An invoice or a bill that the sandbox takes."""
    line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal(amount), account_code="200")
    return Invoice(
        type=kind,
        invoice_number=number,
        contact=Contact(name="Harbour Books"),
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        line_items=[line],
        status="AUTHORISED",
        **fields,
    )


def invoices(count: int) -> Iterator[Invoice]:
    """Invoices with numbers of their own."""
    return (document(f"N-{number}") for number in range(count))


def bills(count: int) -> Iterator[Invoice]:
    """Bills, of which each number is that of several, and some are the same in everything."""
    return (document(f"B-{number // 4}", "ACCPAY", f"{10 + number % 4 // 2}.00") for number in range(count))


class Stage(NamedTuple):
    """A sandbox, a tenant of it, and a wall clock that follows its clock."""

    sandbox: Sandbox
    tenant: Tenant
    clock: Callable[[], float]

    @property
    def stored(self) -> list[str]:
        """The numbers of the invoices that there are."""
        return sorted(record["InvoiceNumber"] for record in self.records())

    def records(self) -> list[dict[str, Any]]:
        """The invoices that there are."""
        state = msgspec.json.decode(self.sandbox.documents.state(self.sandbox.tenants[0], "Invoices", page=1, size=-1))
        return _leaves(state, "InvoiceID")


def _leaves(value: object, name: str) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if name in fields and "LineItems" in fields:
            return [fields]
        return [leaf for inner in fields.values() for leaf in _leaves(inner, name)]
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [leaf for inner in items for leaf in _leaves(inner, name)]


@asynccontextmanager
async def staged(
    faults: Sequence[Fault] = (), *, seed: int = 1, attempts: int = 3, limits: SandboxLimits | None = None, **more: Any
) -> AsyncGenerator[Stage]:
    """A sandbox and a tenant of it, with short waits between attempts."""
    async with Sandbox(limits=limits, **more) as sandbox:
        sandbox.inject(faults, seed=seed)
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        retry = RetryPolicy(attempts=attempts, base=0.01, cap=0.05)
        # The sandbox's limits are the test's own: by default there are none.
        free = Limits(minute=10**6, day=10**6, app_minute=10**6) if limits is None else None
        async with Xero(
            auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, retry=retry, limits=free
        ) as xero:
            yield Stage(sandbox, xero.tenant(sandbox.tenants[0], bulk=True), sandbox.clock.now)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xero_async.bulk.create.exactly.PAUSES", (0.01, 0.02, 0.05))
    monkeypatch.setattr("xero_async.bulk.create.exactly.CALM", 0.0)


# -- whatever fails -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [invoices, bills])
async def test_a_creation_that_is_cut_again_and_again_creates_each_once(
    tmp_path: Path, source: Callable[[int], Iterator[Invoice]]
) -> None:
    """With a fifth of the calls failing, cut at random, some pauses beyond the key's life: each exists exactly once."""
    count = int(os.environ.get("XERO_ASYNC_CREATE_RECORDS", "400"))
    cuts = int(os.environ.get("XERO_ASYNC_CREATE_CUTS", "12"))
    chance = random.Random(7)
    async with staged(FAULTS, latency=0.01) as stage:

        async def once() -> list[Outcome[Invoice]]:
            records = source(count)
            return await create_many(
                stage.tenant.invoices, records, journal=tmp_path / "j", clock=stage.clock, chunk_size=20
            )

        for _ in range(cuts):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(once(), chance.uniform(0.01, 0.25))
            if chance.random() < 0.3:
                stage.sandbox.clock.advance(chance.uniform(360, 1000))
        outcomes = await once()
        stored = stage.stored
        expected = sorted(record.invoice_number or "" for record in source(count))
        ids = [outcome.id for outcome in outcomes if isinstance(outcome, Created)]
        assert [type(outcome) for outcome in outcomes] == [Created] * count
        assert len(set(ids)) == count
        assert stored == expected
        assert {record["InvoiceID"] for record in stage.records()} == set(ids)


async def test_after_a_500_what_was_not_done_is_sent_anew() -> None:
    """A 500 is looked into at once, without a journal file too; endless 500s are told, and nothing is doubled."""
    faults = [Fault(kind="500", operation="createInvoices", at=(2,)), Fault(kind="500", method="PUT", at=(4,))]
    async with staged(faults) as stage:
        outcomes = await stage.tenant.invoices.create_many(invoices(150), in_flight=1)
        assert all(isinstance(outcome, Created) for outcome in outcomes)
        assert len(stage.stored) == 150
        stage.sandbox.inject([Fault(kind="500", operation="createInvoices")])
        (lost,) = await stage.tenant.invoices.create_many([document("LOST")])
        assert lost == Failed(("Xero did not save it, though it was sent 5 times",))


async def cut(stage: Stage, records: Sequence[Any], journal: Path, *, done: bool = True, **more: Any) -> None:
    """Send records and lose the process: the answer never comes, whether the work is done or not."""
    resource = stage.tenant.bank_transactions if isinstance(records[0], BankTransaction) else stage.tenant.invoices
    creation = create_many(resource, records, journal=journal, clock=stage.clock, **more)
    stage.sandbox.inject([Fault(kind="slow", seconds=5, method="PUT"), *([] if done else [Fault(kind="502")])])
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaited(creation), 0.15)
    stage.sandbox.inject([])


async def awaited(creation: Any) -> Any:
    """A creation as a coroutine."""
    return await creation


async def test_a_live_key_is_sent_again_and_a_dead_one_looked_up(tmp_path: Path) -> None:
    """Within 4 minutes the same bytes are replayed; 6 minutes on, the records are read back, and none is doubled."""
    for journal, pause in (("live", 0), ("dead", 400)):
        async with staged() as stage:
            records = [*bills(8), document("X", "ACCPAY"), document("X", "ACCPAY")]
            await cut(stage, records, tmp_path / journal)
            assert len(stage.stored) == 10
            stage.sandbox.clock.advance(pause)
            replays, calls = stage.sandbox.counters.replays, dict(stage.sandbox.counters.operations)
            seen: list[CreateProgress] = []
            outcomes = await create_many(
                stage.tenant.invoices, records, journal=tmp_path / journal, clock=stage.clock, on_progress=seen.append
            )
            assert all(isinstance(outcome, Created) for outcome in outcomes)
            assert len(stage.stored) == 10
            assert stage.sandbox.counters.replays - replays == (1 if pause == 0 else 0)
            assert stage.sandbox.counters.operations["createInvoices"] - calls["createInvoices"] == (pause == 0)
            assert seen[-1].resumed == 10


async def test_what_cannot_be_looked_up_stays_in_doubt_unless_a_reference_was_reserved(tmp_path: Path) -> None:
    """A bill without a number is unknown once its key is dead, and stays so; with a reserved number it is found."""
    async with staged() as stage:
        await cut(stage, [document(None, "ACCPAY")], tmp_path / "plain")
        stage.sandbox.clock.advance(400)
        for _ in range(2):
            (told,) = await create_many(
                stage.tenant.invoices, [document(None, "ACCPAY")], journal=tmp_path / "plain", clock=stage.clock
            )
            assert isinstance(told, Unknown)
            assert told.key is not None
        assert len(stage.records()) == 1
        bill = [document(None, "ACCPAY", "3.00")] * 2
        await cut(stage, bill, tmp_path / "reserved", reserve_reference=True)
        stage.sandbox.clock.advance(400)
        found = await create_many(
            stage.tenant.invoices, bill, journal=tmp_path / "reserved", clock=stage.clock, reserve_reference=True
        )
        assert [type(outcome) for outcome in found] == [Created, Created]
        assert len(stage.records()) == 3


async def test_what_a_lost_call_did_not_do_is_sent_under_a_new_key(tmp_path: Path) -> None:
    """When reading back finds nothing, the records go out again."""
    async with staged() as stage:
        await cut(stage, list(bills(6)), tmp_path / "j", done=False)
        assert stage.records() == []
        stage.sandbox.clock.advance(400)
        outcomes = await create_many(stage.tenant.invoices, bills(6), journal=tmp_path / "j", clock=stage.clock)
        assert [type(outcome) for outcome in outcomes] == [Created] * 6
        assert len(stage.records()) == 6


async def test_of_equal_bills_one_is_not_taken_for_another(tmp_path: Path) -> None:
    """When the second of two equal bills was lost, finding the first does not make it created."""
    async with staged() as stage:
        bill, journal = document("B", "ACCPAY"), tmp_path / "j"
        await stage.tenant.invoices.create_many([bill], journal=journal, clock=stage.clock)
        await cut(stage, [bill, bill], journal, done=False)
        stage.sandbox.clock.advance(400)
        outcomes = await stage.tenant.invoices.create_many([bill, bill], journal=journal, clock=stage.clock)
        assert len({outcome.id for outcome in outcomes if isinstance(outcome, Created)}) == 2
        assert stage.stored == ["B", "B"]


async def test_somebody_elses_document_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    """A bill of the same number that was edited meanwhile settles nothing; an invoice of old is Xero's to refuse."""
    async with staged() as stage:
        await stage.tenant.invoices.create([document("OLD")])
        stage.sandbox.clock.advance(3 * 86_400)
        await cut(stage, [document("OLD"), document("BILL", "ACCPAY")], tmp_path / "j", done=False)
        await stage.tenant.invoices.create([document("BILL", "ACCPAY", "77.00")])
        stage.sandbox.clock.advance(400)
        first, second = await create_many(
            stage.tenant.invoices,
            [document("OLD"), document("BILL", "ACCPAY")],
            journal=tmp_path / "j",
            clock=stage.clock,
        )
        assert first == Failed(("Invoice # must be unique.",))
        assert isinstance(second, Unknown)


RECORDS: dict[str, Callable[[], Any]] = {
    "invoices": lambda: document("I-1"),
    "contacts": lambda: Contact(name="Ann & Co", contact_number="C-1"),
    "credit_notes": lambda: CreditNote(
        type="ACCRECCREDIT", credit_note_number="CN-1", contact=Contact(name="A"), line_items=[line()]
    ),
    "purchase_orders": lambda: PurchaseOrder(
        purchase_order_number="PO-1", contact=Contact(name="A"), line_items=[line()], date=date(2026, 1, 31)
    ),
    "quotes": lambda: Quote(quote_number="Q-1", contact=Contact(name="A"), line_items=[line()], date=date(2026, 1, 31)),
    "items": lambda: Item(code="I-1", name="Thing"),
    "manual_journals": lambda: ManualJournal(
        narration="Rent, January",
        date=date(2026, 1, 31),
        journal_lines=[
            ManualJournalLine(line_amount=Decimal(5), account_code="200"),
            ManualJournalLine(line_amount=Decimal(-5), account_code="400"),
        ],
    ),
}
"""A record of each kind that the sandbox takes as it stands and that can be looked up."""


def line() -> LineItem:
    """A line of a document."""
    return LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal(10), account_code="200")


DATELESS: dict[str, Callable[[], Any]] = {
    "contact_groups": lambda: ContactGroup(name="Friends"),
    "tax_rates": lambda: TaxRate(
        name="A tax", tax_components=[TaxComponent(name="Tax", rate=Decimal("1.5"))], report_tax_type="OUTPUT"
    ),
}
"""Records of kinds that Xero does not date, so that one of old cannot be told from one's own."""


@pytest.mark.parametrize("name", [*RECORDS, *DATELESS])
async def test_every_kind_of_record_is_found_again(tmp_path: Path, name: str) -> None:
    """What a lost call had created is found once its key is dead, or left in doubt, and not sent again."""
    make = (RECORDS | DATELESS)[name]
    async with staged() as stage:
        resource: Any = getattr(stage.tenant, name)
        lost = create_many(resource, [make()], journal=tmp_path / "j", clock=stage.clock)
        stage.sandbox.inject([Fault(kind="drop_after", method="PUT"), Fault(kind="drop_after", method="PUT")])
        (first,) = await lost
        assert isinstance(first, Unknown)
        stage.sandbox.inject([])
        stage.sandbox.clock.advance(400)
        writes = sum(stage.sandbox.counters.operations.values())
        (found,) = await create_many(resource, [make()], journal=tmp_path / "j", clock=stage.clock)
        assert isinstance(found, Created if name in RECORDS else Unknown)
        assert sum(stage.sandbox.counters.operations.values()) == writes + 1


async def test_an_endless_source_runs_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal in memory forgets what was taken, and only so much is drawn ahead."""
    monkeypatch.setattr("xero_async.bulk.create.journal.REMEMBERED", 100)
    drawn = 0

    def endless() -> Iterator[Invoice]:
        nonlocal drawn
        while True:
            drawn += 1
            yield document(f"E-{drawn}")

    async with staged() as stage:
        creation = create_many(stage.tenant.invoices, endless(), chunk_size=5, in_flight=2)
        coming = aiter(creation)
        for _ in range(400):
            assert isinstance(await anext(coming), Created)
        await asyncio.sleep(0.05)
        assert drawn <= 400 + 5 * (2 * 4 + 2)
        await coming.aclose()


# -- the journal and the input --------------------------------------------------------------------------------------


async def test_a_second_run_sends_only_what_is_new(tmp_path: Path) -> None:
    """What was created is told from the journal; a refused record may be mended, and records may follow."""
    records = [document("A"), document("A"), document("B")]
    async with staged() as stage:
        first = await stage.tenant.invoices.create_many(records, journal=tmp_path / "j")
        calls = stage.sandbox.counters.calls
        again = await stage.tenant.invoices.create_many(records, journal=tmp_path / "j")
        assert again == first
        assert stage.sandbox.counters.calls == calls
        mended = [document("A"), document("C"), document("B"), document("D")]
        last = await stage.tenant.invoices.create_many(mended, journal=tmp_path / "j")
        assert [outcome.number for outcome in last if isinstance(outcome, Created)] == ["A", "C", "B", "D"]
        assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


async def test_another_input_tenant_or_process_is_refused(tmp_path: Path) -> None:
    """A record that was sent and differs, fewer records, another resource, a journal in use, a file that is none."""
    async with staged() as stage:
        write, journal = stage.tenant.invoices.create_many, tmp_path / "j"
        await write(invoices(3), journal=journal)
        with pytest.raises(InvalidArgument, match="record 2 is not the one"):
            await write([document("N-0"), document("other"), document("N-2")], journal=journal)
        with pytest.raises(InvalidArgument, match="knows 3 records, and the input now has 2"):
            await write(invoices(2), journal=journal)
        with pytest.raises(InvalidArgument, match="of another creation"):
            await stage.tenant.contacts.create_many([Contact(name="A")], journal=journal)
        held = aiter(write(invoices(4), journal=journal))
        await anext(held)
        with pytest.raises(InvalidArgument, match="another process is at work"):
            await write(invoices(4), journal=journal)
        await held.aclose()
        (tmp_path / "text").write_text("no journal at all, but a text that somebody wrote\n" * 100)
        with pytest.raises(InvalidArgument, match="cannot be used"):
            await write(invoices(1), journal=tmp_path / "text")
        with pytest.raises(InvalidArgument, match="give that"):
            create_many(stage.tenant.invoices.create, invoices(1), journal=journal)
        assert len(stage.stored) == 4


async def test_what_was_not_sent_is_sent_by_the_next_run(tmp_path: Path) -> None:
    """When the day is over, the rest fails with that reason; the next day the same call goes on."""
    async with staged(limits=SandboxLimits(day=2)) as stage:
        first = await stage.tenant.invoices.create_many(invoices(200), journal=tmp_path / "j", in_flight=1)
        assert [type(outcome) for outcome in first] == [Created] * 100 + [Failed] * 100
        stage.sandbox.limits = None
        auth = ClientCredentials(stage.sandbox.client_id, stage.sandbox.client_secret)
        async with Xero(auth, base_url=stage.sandbox.base_url, identity_url=stage.sandbox.identity_url) as xero:
            tenant = xero.tenant(stage.sandbox.tenants[0])
            second = await tenant.invoices.create_many(invoices(200), journal=tmp_path / "j")
        assert [type(outcome) for outcome in second] == [Created] * 200
        assert len(stage.stored) == 200


async def test_preflight_refuses_all_or_skips_one() -> None:
    """ "refuse" sends nothing and names the rows; "skip" fails the one record and sends the others."""
    records = [document("A"), document("x" * 300), document("B")]
    async with staged() as stage:
        with pytest.raises(InvalidArgument, match="row 1, InvoiceNumber"):
            stage.tenant.invoices.create_many(records, preflight="refuse")
        assert stage.sandbox.counters.calls == 0
        one, two, three = await stage.tenant.invoices.create_many(records, preflight="skip")
        assert isinstance(one, Created)
        assert isinstance(two, Failed)
        assert isinstance(three, Created)
        assert stage.stored == ["A", "B"]


async def test_the_pace_is_near_the_best_there_can_be() -> None:
    """60 calls a window, 140 calls: they take hardly longer than the limits themselves."""
    window, calls = 1.0, 140
    async with Sandbox(limits=SandboxLimits(window=window)) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        limits = Limits(window=window)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, limits=limits) as xero:
            began = time.perf_counter()
            outcomes = await xero.tenant(sandbox.tenants[0], bulk=True).invoices.create_many(
                invoices(calls), chunk_size=1
            )
            took = time.perf_counter() - began
        assert len(outcomes) == calls
        assert sandbox.counters.rejected == 0
    assert took < 2 * window + 1.0
