"""Batch creation over the real sandbox, and its rules alone."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

import pytest
from create_stage import document, invoices
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import until

from xero_async import (
    BadRequest,
    ClientCredentials,
    Contact,
    DecodeError,
    ElementError,
    InvalidArgument,
    Invoice,
    OutcomeUnknown,
    Results,
    RetryPolicy,
    SignInFailed,
    Tenant,
    ValidationError,
    ValidationFailed,
    Xero,
    XeroError,
)
from xero_async.bulk import Created, CreateProgress, Creation, Failed, Outcome, Unknown, create_many
from xero_async.bulk.create import ENVELOPE, BatchWrite, match
from xero_async.sandbox import Fault, Sandbox, SandboxLimits
from xero_async.wire import encode


def invoice(number: str, unit_amount: str = "10.00") -> Invoice:
    """An invoice that the sandbox takes."""
    return document(number, amount=unit_amount)


def numbers(outcomes: Sequence[Outcome[Invoice]]) -> list[str | None]:
    """The number of each invoice that was created; None for the others."""
    return [outcome.record.invoice_number if isinstance(outcome, Created) else None for outcome in outcomes]


@asynccontextmanager
async def running(
    *,
    faults: Sequence[Fault] = (),
    limits: SandboxLimits | None = None,
    latency: float = 0.0,
    attempts: int = 5,
) -> AsyncGenerator[tuple[Sandbox, Tenant]]:
    """A sandbox and a tenant of it, with short waits between attempts."""
    async with Sandbox(faults=faults, limits=limits, latency=latency) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        retry = RetryPolicy(attempts=attempts, base=0.01, cap=0.05)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, retry=retry) as xero:
            yield sandbox, xero.tenant(sandbox.tenants[0], bulk=True)


def stored(sandbox: Sandbox) -> dict[str, int]:
    """How many documents there are."""
    return sandbox.documents.counts(sandbox.tenants[0])


def _with_elements(count: int) -> ValidationFailed:
    """A refusal that lists so many elements."""
    error = ValidationFailed("Wrong.")
    error.errors = [ElementError(position=index, messages=(f"Wrong {index}.",)) for index in range(count)]
    return error


# -- against the sandbox --------------------------------------------------------------------------------------------


async def test_each_record_is_created_once_while_the_network_fails() -> None:
    """With answers lost, connections dropped and gateways failing, 230 records exist once each, told in input order."""
    faults = [
        Fault(kind="drop_after", operation="createInvoices", every=2),
        Fault(kind="drop_before", operation="createInvoices", every=7),
        Fault(kind="502", operation="createInvoices", every=5),
    ]
    async with running(faults=faults, attempts=20) as (sandbox, tenant):
        outcomes = await create_many(tenant.invoices.create, invoices(230))
        assert numbers(outcomes) == [f"N-{number}" for number in range(230)]
        assert stored(sandbox)["Invoices"] == 230
        assert stored(sandbox)["duplicates"] == 0
        assert sandbox.counters.replays > 0


async def test_what_one_record_suffers_its_neighbours_do_not() -> None:
    """A number in use and an amount that cannot be sent fail alone, each with its reason."""
    records = [invoice("A"), invoice("A"), invoice("B", "NaN"), invoice("C")]
    async with running() as (sandbox, tenant):
        first, second, third, fourth = await create_many(tenant.invoices.create, records)
        assert isinstance(first, Created)
        assert second == Failed(("Invoice # must be unique.",))
        assert third == Failed(("$.LineItems[0].UnitAmount is not a finite number",))
        assert isinstance(fourth, Created)
        assert fourth.record.invoice_number == "C"
        assert stored(sandbox)["Invoices"] == 2


Kind = Literal["good", "taken", "unsendable"]


@settings(max_examples=15)
@given(
    kinds=st.lists(st.sampled_from(["good", "good", "good", "taken", "unsendable"]), max_size=40),
    chunk_size=st.integers(1, 12),
    in_flight=st.integers(1, 6),
    every=st.integers(1, 4),
)
async def test_there_is_one_true_outcome_for_each_input(
    kinds: list[Kind], chunk_size: int, in_flight: int, every: int
) -> None:
    """Whatever is mixed into whatever chunks, outcomes keep the order of the inputs and tell what the sandbox has."""
    records = [
        invoice("TAKEN" if kind == "taken" else f"N-{index}", "Infinity" if kind == "unsendable" else "1.00")
        for index, kind in enumerate(kinds)
    ]
    faults = [Fault(kind="drop_after", operation="createInvoices", every=every, times=2)]
    async with running(faults=faults) as (sandbox, tenant):
        await tenant.invoices.create([invoice("TAKEN")])
        outcomes = await create_many(tenant.invoices.create, records, chunk_size=chunk_size, in_flight=in_flight)
        expected = [f"N-{index}" if kind == "good" else None for index, kind in enumerate(kinds)]
        assert numbers(outcomes) == expected
        assert stored(sandbox)["Invoices"] == 1 + kinds.count("good")
        assert not any(isinstance(outcome, Unknown) for outcome in outcomes)


async def test_a_chunk_whose_outcome_is_unknown_loses_nothing_of_its_siblings() -> None:
    """A 500 on the second of three chunks makes its 50 records unknown, with their key; the others are created."""
    faults = [Fault(kind="500", operation="createInvoices", every=2, times=1)]
    async with running(faults=faults) as (sandbox, tenant):
        before = datetime.now(UTC)
        outcomes = await create_many(tenant.invoices.create, invoices(150))
    unknown = [outcome for outcome in outcomes if isinstance(outcome, Unknown)]
    assert len(unknown) == 50
    assert len(set(unknown)) == 1
    assert (unknown[0].key or "").startswith(sandbox.tenants[0])
    request = unknown[0].request
    assert request is not None
    assert request.key == unknown[0].key
    assert (request.body or b"").count(b"Harbour Books") == 50
    assert "Harbour Books" not in repr(unknown[0])
    assert before <= unknown[0].since <= datetime.now(UTC)
    assert sum(isinstance(outcome, Created) for outcome in outcomes) == 100


async def test_the_end_of_the_day_fails_the_rest_with_its_reason() -> None:
    """When the day's calls run out, what was created is told all the same, and no further call is made."""
    async with running(limits=SandboxLimits(day=3)) as (sandbox, tenant):
        outcomes = await create_many(tenant.invoices.create, invoices(400), in_flight=1)
        calls = sandbox.counters.calls
    assert numbers(outcomes)[:150] == [f"N-{number}" for number in range(150)]
    failed = outcomes[150:]
    assert len(failed) == 250
    assert {type(outcome) for outcome in failed} == {Failed}
    assert calls <= 4


async def test_a_closed_session_fails_everything() -> None:
    """On a session that was left, each record fails with a hint, and nothing raises."""
    async with running() as (_, tenant):
        pass
    outcomes = await create_many(tenant.invoices.create, invoices(60))
    assert len(outcomes) == 60
    assert set(outcomes) == {Failed(("the session is not open: call within `async with Xero(...) as xero:`",))}


async def test_an_endless_source_is_drawn_as_outcomes_are_taken() -> None:
    """From an endless source only as much is drawn as fits into the chunks in hand, and leaving ends all tasks."""
    drawn = 0

    async def endless() -> AsyncIterator[Invoice]:
        nonlocal drawn
        for number in itertools.count():
            drawn += 1
            yield invoice(f"E-{number}")

    async with running() as (_, tenant):
        outcomes = aiter(create_many(tenant.invoices.create, endless(), chunk_size=5, in_flight=2))
        taken = [await anext(outcomes) for _ in range(30)]
        await asyncio.sleep(0.1)
        assert numbers(taken) == [f"E-{number}" for number in range(30)]
        assert drawn <= 30 + 5 * (2 * 4 + 2)
        assert own_tasks()
        await outcomes.aclose()
        assert not own_tasks()


async def test_cancelling_leaves_no_task_behind() -> None:
    """A creation that is cancelled while its calls are in flight ends them."""
    async with running(latency=0.3) as (sandbox, tenant):
        task = asyncio.create_task(awaited(create_many(tenant.invoices.create, invoices(500))))
        await until(lambda: sandbox.counters.calls >= 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not own_tasks()


def own_tasks() -> list[str]:
    """The tasks of creations that are still running."""
    return [repr(task) for task in asyncio.all_tasks() if "Creation" in repr(task)]


async def awaited(creation: Creation[Invoice]) -> list[Outcome[Invoice]]:
    """A creation as a coroutine, for a task."""
    return await creation


# -- alone ----------------------------------------------------------------------------------------------------------


async def test_chunks_keep_to_the_sizes_and_the_flights_to_their_number() -> None:
    """No call carries more than 50 records or more bytes than allowed, and no more calls fly than allowed."""
    flying, most, chunks = 0, 0, list[int]()

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        chunks.append(len(records))
        assert len(encode({"Invoices": list(records)})) <= 10_000
        await asyncio.sleep(0.001)
        flying -= 1
        return Results(records)

    light = [Invoice(invoice_number=f"L-{number}") for number in range(120)]
    heavy = [Invoice(invoice_number=f"H-{number}", reference="x" * 3_000) for number in range(9)]
    giant = Invoice(invoice_number="G", reference="x" * 10_000)
    records = [*light, *heavy, giant, *light]
    outcomes = await create_many(write, records, max_bytes=10_000, in_flight=3)
    assert numbers(outcomes) == [record.invoice_number if record is not giant else None for record in records]
    assert chunks[:3] == [50, 50, 23]
    assert most == 3
    assert "and a call takes" in str(outcomes[129])


async def test_a_slow_chunk_holds_up_none_of_those_after_it() -> None:
    """While the first chunk hangs, others go and end; outcomes still come in input order."""
    gate, calls = asyncio.Event(), 0

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        nonlocal calls
        calls += 1
        if calls == 1:
            await gate.wait()
        elif calls == 8:
            gate.set()
        return Results(records)

    outcomes = await create_many(write, invoices(10), chunk_size=1, in_flight=2)
    assert numbers(outcomes) == [f"N-{number}" for number in range(10)]


async def test_answers_in_another_order_are_matched_by_number() -> None:
    """Xero promises no order: results that come backwards reach the records that they belong to."""

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        return Results(
            Invoice(
                invoice_number=record.invoice_number,
                status_attribute_string="ERROR" if record.invoice_number == "N-3" else "WARNING",
                validation_errors=[ValidationError(message="No.")] if record.invoice_number == "N-3" else None,
                warnings=[ValidationError(message="Careful.")],
            )
            for record in reversed(records)
        )

    outcomes = await create_many(write, invoices(7))
    assert numbers(outcomes) == [f"N-{number}" if number != 3 else None for number in range(7)]
    assert outcomes[3] == Failed(("No.",))
    assert isinstance(outcomes[4], Created)
    assert outcomes[4].warnings == ("Careful.",)


@given(st.data())
def test_matching_undoes_any_order(data: st.DataObject) -> None:
    """By numbers that differ every order is undone; records without one are matched by position among themselves."""
    count = data.draw(st.integers(0, 12))
    records = [Invoice(invoice_number=f"{index}") for index in range(count)]
    order = data.draw(st.permutations(range(count)))
    assert match(records, [records[index] for index in order]) == [order.index(index) for index in range(count)]
    nameless = [Invoice(invoice_number=data.draw(st.sampled_from(["same", None]))) for _ in range(count)]
    assert match(nameless, nameless) == list(range(count))


def test_a_contact_is_matched_by_its_number_before_its_name() -> None:
    """Two contacts of one name are told apart by their numbers, and one without a number by its name."""
    ann, other = Contact(name="Ann", contact_number="1"), Contact(name="Ann", contact_number="2")
    bob = Contact(name="Bob")
    assert match([ann, bob, other], [bob, other, ann]) == [2, 0, 1]


def test_what_an_answer_leaves_out_is_not_guessed() -> None:
    """A record that the answer does not name has no result, rather than somebody else's."""
    asked = [Invoice(invoice_number=number) for number in "ABC"]
    assert match(asked, [Invoice(invoice_number="C")]) == [None, None, 0]


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (BadRequest("No."), [Failed, Failed]),
        (_with_elements(2), [Failed, Failed]),
        (_with_elements(1), [Unknown, Unknown]),
        (OutcomeUnknown("?", key="k", first_sent=datetime(2026, 1, 1, tzinfo=UTC)), [Unknown, Unknown]),
        (DecodeError("?"), [Unknown, Unknown]),
        (SignInFailed("No token."), [Failed, Failed]),
    ],
)
async def test_an_error_says_what_became_of_its_chunk(error: XeroError, kinds: list[type]) -> None:
    """Errors that say that nothing was saved fail a chunk; those that leave it open make it unknown."""

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        raise error

    outcomes = await create_many(write, invoices(2))
    assert [type(outcome) for outcome in outcomes] == kinds
    if isinstance(error, OutcomeUnknown):
        assert outcomes[0] == Unknown("k", datetime(2026, 1, 1, tzinfo=UTC))
    if isinstance(error, ValidationFailed) and kinds[0] is Failed:
        assert outcomes[1] == Failed(("Wrong 1.",))


@pytest.mark.parametrize("error", [KeyError("n"), TimeoutError(), asyncio.CancelledError()])
async def test_an_error_that_no_write_should_raise_is_one_chunks_affair(error: BaseException) -> None:
    """Whatever a write raises, its chunk is unknown, and those beside and after it are created."""

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        await asyncio.sleep(0)
        if records[0].invoice_number == "N-2":
            raise error
        return Results(records)

    outcomes = await create_many(write, invoices(8), chunk_size=2, in_flight=2)
    assert numbers(outcomes) == ["N-0", "N-1", None, None, *(f"N-{number}" for number in range(4, 8))]
    assert isinstance(outcomes[2], Unknown)


def hanging_after(answered: int, hanging: asyncio.Event) -> BatchWrite[Invoice]:
    """A write whose first calls are answered; the others hang."""
    calls = 0

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        nonlocal calls
        calls += 1
        if calls > answered:
            hanging.set()
            await asyncio.Event().wait()
        return Results(records)

    return write


async def test_who_leaves_early_finds_the_outcomes_that_were_not_taken() -> None:
    """After a break the rest of a chunk, chunks answered and chunks cut off are told; then nothing more was sent."""
    hanging = asyncio.Event()
    async with aclosing(create_many(hanging_after(3, hanging), invoices(100), chunk_size=2, in_flight=2)) as creation:
        async for _ in creation:
            await hanging.wait()
            await asyncio.sleep(0.01)
            break
    left = creation.outcomes_left
    assert numbers(left)[:5] == ["N-1", "N-2", "N-3", "N-4", "N-5"]
    assert [type(outcome) for outcome in left[5:]] == [Unknown] * 4
    assert not own_tasks()
    with pytest.raises(InvalidArgument):
        await creation


async def test_a_chunk_that_never_left_is_no_unknown_one() -> None:
    """What was ended before its write was called has failed, for certain; a record that cannot be sent, as ever."""
    sent = list[Invoice]()

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        sent.extend(records)
        return Results(records)

    async def source() -> AsyncIterator[Invoice]:
        for record in [invoice("A", "NaN"), invoice("B")]:
            yield record
        closing.append(asyncio.create_task(creation.aclose()))

    closing = list[asyncio.Task[None]]()
    creation = create_many(write, source())
    task = asyncio.create_task(awaited(creation))
    await until(lambda: bool(closing))
    await asyncio.gather(task, *closing, return_exceptions=True)
    unsendable, ended = creation.outcomes_left
    assert "finite" in str(unsendable)
    assert ended == Failed(("not sent: the creation ended before",))
    assert sent == []
    assert not own_tasks()


async def test_a_creation_that_is_awaited_and_cancelled_keeps_all_outcomes() -> None:
    """What a cancelled task would have got is on the creation: what is known, and what was cut off as unknown."""
    hanging = asyncio.Event()
    creation = create_many(hanging_after(3, hanging), invoices(100), chunk_size=2, in_flight=2)
    task = asyncio.create_task(awaited(creation))
    await hanging.wait()
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert numbers(creation.outcomes_left) == [*(f"N-{number}" for number in range(6)), *[None] * 4]
    assert {type(outcome) for outcome in creation.outcomes_left[6:]} == {Unknown}
    assert not own_tasks()


async def test_a_creation_that_is_awaited_and_whose_source_fails_keeps_all_outcomes() -> None:
    """The error of the source is raised, and the outcomes of what it gave before are on the creation."""

    def failing() -> Iterator[Invoice]:
        yield from invoices(3)
        raise OSError("the disk is gone")

    creation = create_many(echo, failing(), chunk_size=2)
    with pytest.raises(OSError, match="the disk is gone"):
        await creation
    assert numbers(creation.outcomes_left) == ["N-0", "N-1", "N-2"]


@pytest.mark.parametrize(("error", "sent"), [(BadRequest("No."), 3), (SignInFailed("No token."), 1)])
async def test_what_no_call_can_survive_ends_the_sending(error: XeroError, sent: int) -> None:
    """After a failed sign-in no further chunk is sent, and each record fails with that reason; a 400 ends nothing."""
    calls = 0

    async def write(records: Sequence[Invoice], /) -> Results[Invoice]:
        nonlocal calls
        calls += 1
        raise error

    outcomes = await create_many(write, invoices(120), in_flight=1)
    assert outcomes == [Failed((error.message,))] * 120
    assert calls == sent


async def test_an_error_of_the_source_comes_after_what_it_gave() -> None:
    """When the source raises, records drawn before are sent, their outcomes told, and then it is raised."""

    def failing() -> Iterator[Invoice]:
        yield from invoices(70)
        raise OSError("the disk is gone")

    async with running() as (_, tenant):
        outcomes = aiter(create_many(tenant.invoices.create, failing()))
        taken = [await anext(outcomes) for _ in range(70)]
        with pytest.raises(OSError, match="the disk is gone"):
            await anext(outcomes)
    assert numbers(taken) == [f"N-{number}" for number in range(70)]


async def test_progress_counts_every_outcome_and_a_bad_hook_costs_nothing() -> None:
    """The hook sees totals after each chunk; one that raises is logged and ignored."""
    seen: list[CreateProgress] = []

    def hook(progress: CreateProgress) -> None:
        seen.append(progress)
        raise ValueError

    async with running() as (_, tenant):
        records = [*invoices(100), invoice("N-0")]
        await create_many(tenant.invoices.create, records, on_progress=hook, in_flight=1)
    assert seen[-1] == CreateProgress(created=100, failed=1, unknown=0, chunks=3)
    assert [progress.records for progress in seen] == [50, 100, 101]


@pytest.mark.parametrize(
    "sizes",
    [{"chunk_size": 0}, {"chunk_size": 51}, {"max_bytes": ENVELOPE}, {"max_bytes": 3_500_001}, {"in_flight": 0}],
)
def test_sizes_that_cannot_be_right_are_refused(sizes: dict[str, int]) -> None:
    """Sizes beyond what Xero takes, and none at all, raise at once."""
    with pytest.raises(InvalidArgument):
        create_many(echo, [], **sizes)  # type: ignore[arg-type]  # mypy takes the sizes for the hook as well


async def test_a_creation_runs_once_and_takes_an_iterable() -> None:
    """Neither a second run nor a single record is taken for what it is not."""
    creation = create_many(echo, invoices(1))
    assert len(await creation) == 1
    with pytest.raises(InvalidArgument):
        await creation
    with pytest.raises(InvalidArgument):
        create_many(echo, invoice("A"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the slip that is meant


async def echo(records: Sequence[Invoice], /) -> Results[Invoice]:
    """Answer as if all had been saved."""
    return Results(records)
