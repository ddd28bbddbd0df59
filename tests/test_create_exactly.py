"""Batch creation by way of a journal: each record exactly once, whatever is cut, lost or forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from create_stage import FAULTS, Stage, bills, document, invoices, staged
from leaping import leap
from scripted import Reply, Seen, scripted

from xero_async import (
    Account,
    BankTransaction,
    BankTransfer,
    BatchPayment,
    ClientCredentials,
    Contact,
    ContactGroup,
    CreditNote,
    InvalidArgument,
    Invoice,
    Item,
    LineItem,
    ManualJournal,
    ManualJournalLine,
    Payment,
    PurchaseOrder,
    Quote,
    Receipt,
    RepeatingInvoice,
    Schedule,
    StaticToken,
    TaxComponent,
    TaxRate,
    Tenant,
    User,
    Xero,
)
from xero_async.bulk import Created, CreateProgress, Failed, Outcome, Unknown, create_many
from xero_async.models import Model
from xero_async.pacing import KEY_LIFE, KEY_USE
from xero_async.preflight import Known
from xero_async.sandbox import Fault, Sandbox, SandboxLimits
from xero_async.wire import Results


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


class Border(NamedTuple):
    """Two calls in doubt whose bills share a number, and what can be told of them."""

    first: tuple[str, ...]
    """Amounts of the bills of the first call."""
    second: tuple[str, ...]
    done: tuple[bool, bool]
    """Whether Xero has done the first, and the second."""
    due: date = date(2026, 2, 28)
    """When those of the second are due; Xero's answer is not compared by it."""
    can_be_told: bool = True


TENANT = "70784a63-d24b-46a9-a4db-0e70a274b056"
LOST, REFUSED = Fault(kind="drop_after", method="PUT"), Fault(kind="502", method="PUT")
"""A call that is done and of which nothing is heard, and one of which only Xero knows that it was not done."""

BORDERS = {
    "first done": Border(("5.00", "6.00"), ("7.00", "8.00"), (True, False)),
    "second done": Border(("5.00", "6.00"), ("7.00", "8.00"), (False, True)),
    "both done": Border(("5.00", "6.00"), ("7.00", "8.00"), (True, True)),
    "equal, first done": Border(("5.00", "6.00"), ("5.00", "6.00"), (True, False)),
    "equal, both done": Border(("5.00", "5.00"), ("5.00", "6.00"), (True, True)),
    "looking equal": Border(("5.00",), ("5.00",), (True, False), due=date(2026, 3, 31), can_be_told=False),
}


@pytest.mark.parametrize("name", BORDERS)
async def test_two_calls_in_doubt_whose_bills_share_a_number(tmp_path: Path, name: str) -> None:
    """Each of two lost calls is told from what the other may have done; only what looks equal and is not stays open."""
    first, second, done, due, can_be_told = BORDERS[name]
    bills = [document("B", "ACCPAY", amount) for amount in first + second]
    for bill in bills[len(first) :]:
        bill.due_date = due
    async with staged(attempts=1) as stage:

        async def once(count: int) -> list[Outcome[Invoice]]:
            write = stage.tenant.invoices.create_many
            return await write(bills[:count], journal=tmp_path / "j", clock=stage.clock, chunk_size=len(first))

        stage.sandbox.inject([LOST if done[0] else REFUSED])
        assert {type(outcome) for outcome in await once(len(first))} == {Unknown}
        # The first is sent again before the second is: once, and after each pause.
        stage.sandbox.inject([LOST, msgspec.structs.replace(REFUSED, times=4 if done[1] else None)])
        assert {type(outcome) for outcome in await once(len(bills))} == {Unknown}
        assert len(stage.stored) == len(first) * done[0] + len(second) * done[1]
        stage.sandbox.inject([])
        stage.sandbox.clock.advance(400)
        outcomes = await once(len(bills))
        assert {type(outcome) for outcome in outcomes} == {Created if can_be_told else Unknown}
        assert len(stage.stored) == (len(bills) if can_be_told else len(first))
        created = {outcome.id: outcome.record for outcome in outcomes if isinstance(outcome, Created)}
        assert [f"{record.sub_total:.2f}" for record in created.values()] == [*(first + second) * can_be_told]


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


async def money(tenant: Tenant) -> dict[str, Model]:
    """Records of the kinds that move money, which need something that is there already."""
    invoice, *_ = await tenant.invoices.create([document("PAID")])
    user, *_ = (await tenant.users.list()).items
    common: dict[str, Any] = {"reference": "R-1", "date": date(2026, 1, 31)}
    documents: dict[str, Any] = {**common, "contact": Contact(name="A"), "line_items": [line()]}
    due = Invoice(invoice_id=invoice.invoice_id)
    bank, savings = Account(code="090"), Account(code="091")
    return {
        "bank_transactions": BankTransaction(type="SPEND", bank_account=bank, **documents),
        "bank_transfers": BankTransfer(from_bank_account=bank, to_bank_account=savings, amount=Decimal(3), **common),
        "payments": Payment(invoice=due, account=bank, amount=Decimal(1), **common),
        "batch_payments": BatchPayment(account=bank, payments=[Payment(invoice=due, amount=Decimal(1))], **common),
        "receipts": Receipt(user=User(user_id=user.user_id), **documents),
        "repeating_invoices": RepeatingInvoice(
            type="ACCREC",
            reference="R-1",
            contact=Contact(name="A"),
            line_items=[line()],
            schedule=Schedule(
                period=1, unit="MONTHLY", due_date=5, due_date_type="OFFOLLOWINGMONTH", start_date=date(2026, 1, 31)
            ),
        ),
    }


MONEY = ("bank_transactions", "bank_transfers", "payments", "batch_payments", "receipts", "repeating_invoices")
UNTELLABLE = {*DATELESS, "repeating_invoices"}
"""Kinds that Xero does not date."""


@pytest.mark.parametrize("name", [*RECORDS, *DATELESS, *MONEY])
async def test_every_kind_of_record_is_found_again(tmp_path: Path, name: str) -> None:
    """What a lost call had created is found once its key is dead, or left in doubt, and not sent again."""
    async with staged() as stage:
        record: Any = (await money(stage.tenant))[name] if name in MONEY else (RECORDS | DATELESS)[name]()
        resource: Any = getattr(stage.tenant, name)
        stage.sandbox.inject([LOST])
        (first,) = await create_many(resource, [record], journal=tmp_path / "j", clock=stage.clock)
        assert isinstance(first, Unknown)
        stage.sandbox.inject([])
        stage.sandbox.clock.advance(400)
        calls = sum(stage.sandbox.counters.operations.values())
        (found,) = await create_many(resource, [record], journal=tmp_path / "j", clock=stage.clock)
        assert isinstance(found, Unknown if name in UNTELLABLE else Created)
        assert sum(stage.sandbox.counters.operations.values()) == calls + 1


async def test_a_call_that_is_refused_for_one_record_is_parted_until_the_others_are_through() -> None:
    """A 400 for all 40 that names none of them: halves go out until the one stands alone."""
    sizes = list[int]()

    def script(seen: Seen) -> Reply:
        records: list[dict[str, Any]] = msgspec.json.decode(seen.body)["Invoices"]
        sizes.append(len(records))
        if any(record["InvoiceNumber"] == "N-17" for record in records):
            error = {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": "Something is wrong."}
            return Reply(status=400, body=msgspec.json.encode(error))
        return Reply(body=msgspec.json.encode({"Invoices": records}))

    async with scripted(script) as server, Xero(StaticToken("token"), base_url=server.base_url) as xero:
        outcomes = await xero.tenant(TENANT).invoices.create_many(invoices(40))
    assert [at for at, outcome in enumerate(outcomes) if not isinstance(outcome, Created)] == [17]
    assert "Something is wrong." in str(outcomes[17])
    assert sizes == [40, 20, 10, 10, 5, 5, 2, 3, 1, 2, 20]


async def test_looking_up_waits_for_calls_that_may_write_the_same() -> None:
    """Of two equal bills one is lost while the other is on its way: it does not take the other's for its own."""
    bill = document("B", "ACCPAY")
    async with staged(
        [Fault(kind="500", method="PUT", at=(1,)), Fault(kind="slow", method="PUT", seconds=0.4)]
    ) as stage:
        outcomes = await stage.tenant.invoices.create_many([bill, bill], chunk_size=1, in_flight=2)
        assert len({outcome.id for outcome in outcomes if isinstance(outcome, Created)}) == 2
        assert stage.stored == ["B", "B"]


async def test_under_a_wall_clock_that_steps_back_nothing_is_sent_again(tmp_path: Path) -> None:
    """A key from the future has no age: what it is about stays in doubt until the clock is past it."""
    async with staged() as stage:
        stage.sandbox.inject([LOST])
        ahead = 0.0

        async def once() -> Outcome[Invoice]:
            (outcome,) = await stage.tenant.invoices.create_many(
                [document("B", "ACCPAY")], journal=tmp_path / "j", clock=lambda: stage.clock() + ahead
            )
            return outcome

        first = await once()
        stage.sandbox.inject([])
        calls = stage.sandbox.counters.calls
        ahead = -3600.0
        second = await once()
        assert isinstance(first, Unknown)
        assert isinstance(second, Unknown)
        assert second.key == first.key
        assert stage.sandbox.counters.calls == calls
        ahead = 400.0
        assert isinstance(await once(), Created)
        assert stage.stored == ["B"]


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
        stage.sandbox.limits = SandboxLimits()
        auth = ClientCredentials(stage.sandbox.client_id, stage.sandbox.client_secret)
        async with Xero(auth, base_url=stage.sandbox.base_url, identity_url=stage.sandbox.identity_url) as xero:
            tenant = xero.tenant(stage.sandbox.tenants[0])
            second = await tenant.invoices.create_many(invoices(200), journal=tmp_path / "j")
        assert [type(outcome) for outcome in second] == [Created] * 200
        assert len(stage.stored) == 200


async def test_skipping_sees_the_whole_run_and_knows_the_organisation(tmp_path: Path) -> None:
    """The second of a number fails, chunks and runs apart; what the caller knows of accounts and decimals counts."""
    async with staged() as stage:
        write = stage.tenant.invoices.create_many
        records = [*invoices(150), document("N-0"), document("OTHER")]
        records[-1].line_items = [msgspec.structs.replace(line(), account_code="999")]
        for _ in range(2):
            outcomes = await write(
                records, preflight="skip", known=Known(accounts={"200", "400"}), journal=tmp_path / "j"
            )
            errors = {at: str(outcome) for at, outcome in enumerate(outcomes) if isinstance(outcome, Failed)}
            assert [*errors] == [150, 151]
            assert "row 0 has the same" in errors[150]
            assert "AccountCode" in errors[151]
        with pytest.raises(InvalidArgument, match="AccountCode"):
            write(records[-1:], preflight="refuse", known=Known(accounts={"200"}))
        assert len(stage.stored) == 150


async def test_preflight_counts_with_the_decimals_that_are_sent() -> None:
    """3 x 0.335 is 1.01 with four decimals and 1.02 with two: the client's own are taken, or those of the caller."""
    record = document("A")
    record.line_items = [
        msgspec.structs.replace(line(), quantity=Decimal(3), unit_amount=Decimal("0.335"), line_amount=Decimal("1.01"))
    ]
    async with staged(unitdp=4) as stage:
        (outcome,) = await stage.tenant.invoices.create_many([record], preflight="refuse")
        assert isinstance(outcome, Created)
    async with staged() as stage:
        with pytest.raises(InvalidArgument, match="LineAmount"):
            stage.tenant.invoices.create_many([record], preflight="refuse")
        assert create_many(echo, [record], preflight="refuse", known=Known(unitdp=4))


async def echo(records: Sequence[Invoice], /) -> Results[Invoice]:
    """Answer as if all had been saved."""
    return Results(records)


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


# -- by Xero's own limits and times ---------------------------------------------------------------------------------


def played(scene: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a scene with the waits as they are, on a clock that leaps over them."""
    monkeypatch.undo()
    leap(scene())


def by_the_loop() -> float:
    """A clock for the sandbox and for keys that goes with the loop's."""
    return 1_800_000_000 + asyncio.get_running_loop().time()


def test_the_pace_is_at_least_95_hundredths_of_the_best_there_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """600 calls at 60 a minute take 9 minutes at best, and hardly longer here; none is turned away."""
    calls, latency = 600, 0.3

    async def scene() -> None:
        async with Sandbox(latency=latency, clock=by_the_loop) as sandbox:
            auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
            async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
                tenant = xero.tenant(sandbox.tenants[0], bulk=True)
                began = by_the_loop()
                outcomes = await tenant.invoices.create_many(invoices(calls), chunk_size=1, clock=by_the_loop)
                took = by_the_loop() - began
            assert {type(outcome) for outcome in outcomes} == {Created}
            assert sandbox.counters.rejected == 0
        # 540 s for the windows, and the last of them 5 calls at a time.
        assert (540 + 60 * latency / 5) / took >= 0.95

    played(scene, monkeypatch)


def test_a_key_that_is_neither_good_nor_forgotten_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call lost 5 minutes ago is not sent again and not looked up yet: not before its key is 6 minutes old."""

    async def scene() -> None:
        async with Sandbox(clock=by_the_loop) as sandbox:
            auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
            async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
                write = xero.tenant(sandbox.tenants[0], bulk=True).invoices.create_many
                began = by_the_loop()
                sandbox.inject([LOST])
                (lost,) = await write([document("B", "ACCPAY")], journal=tmp_path / "j", clock=by_the_loop)
                sandbox.inject([])
                assert isinstance(lost, Unknown)
                assert by_the_loop() - began < KEY_USE
                await asyncio.sleep(began + 300 - by_the_loop())
                calls = sandbox.counters.operations["createInvoices"]
                (found,) = await write([document("B", "ACCPAY")], journal=tmp_path / "j", clock=by_the_loop)
                assert isinstance(found, Created)
                assert KEY_LIFE <= by_the_loop() - began < KEY_LIFE + 10
                assert sandbox.counters.operations["createInvoices"] == calls

    played(scene, monkeypatch)
