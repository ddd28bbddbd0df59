"""What Redis knows of tasks: each step is whole, and is refused to whoever has lost the tenant."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from servers import redis_server

from xero_async import InvalidArgument
from xero_async.bulk.export.formats import Format
from xero_async.bulk.queue import ExportTask, ledger
from xero_async.bulk.queue.ledger import Ledger, Run

TASK = ExportTask(tenant_id="T-1", name="Books", folder="/srv/books")


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    """A server."""
    with redis_server() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an entry that does not come."""
    monkeypatch.setattr(ledger, "PAUSE", 10)


@asynccontextmanager
async def ledgers(
    address: str, request: pytest.FixtureRequest, lease: float = 30.0
) -> AsyncGenerator[tuple[Ledger, Ledger, Any]]:
    """Two workers' views of a queue of their own, and the server."""
    name = request.node.name
    async with (
        Ledger(address, name=name, lease=lease) as one,
        Ledger(address, name=name, lease=lease) as other,
        Redis.from_url(address) as server,  # pyright: ignore[reportUnknownMemberType] - half typed there
    ):
        yield one, other, server


async def take(worker: Ledger, task: ExportTask = TASK) -> Run | None:
    """Begin the next task that comes; there is one, or one will be."""
    async with asyncio.timeout(10):
        while (found := await worker.next()) is None:
            pass
    entry, _ = found
    worker.came(task.id, entry)
    return await worker.begin(task.id, task.tenant_id)


async def state(worker: Ledger, task: ExportTask = TASK) -> str:
    """How a task stands."""
    (standing,) = await worker.standings([task.id])
    return standing.state


def test_a_task_is_one_for_each_tenant_and_target() -> None:
    """Options make no other task, the target and its format do; a tenant's case does not."""
    same = ExportTask(tenant_id="t-1", folder="/srv/books", full=True, resources=("invoices",))
    assert same.id == TASK.id
    others = [
        ExportTask(tenant_id="T-2", folder="/srv/books"),
        ExportTask(tenant_id="T-1", folder="/srv/others"),
        ExportTask(tenant_id="T-1", folder="/srv/books", format=Format.csv),
    ]
    assert len({TASK.id, *(each.id for each in others)}) == 4
    assert str(TASK.place) == "/srv/books/Books"


async def test_a_task_is_put_once_until_it_is_over(address: str, request: pytest.FixtureRequest) -> None:
    """Waiting, running or put off, it is not doubled; done or failed, it can be put anew."""
    async with ledgers(address, request) as (one, _, server):
        assert await one.put(TASK, b"m")
        assert not await one.put(TASK, b"m")
        run = await take(one)
        assert run is not None
        assert not await one.put(TASK, b"m")
        assert await one.finish(run, "later", due=9e9)
        assert not await one.put(TASK, b"m")
        await server.zadd(f"xero_async:{{{request.node.name}}}:later", {TASK.id: 0})
        run = await take(one)
        assert run is not None
        assert await one.finish(run, "done", records=7)
        assert await one.finish(run, "done", records=7)  # sent again after a lost answer
        assert await state(one) == "done"
        assert await one.is_empty(1e9)
        assert await one.put(TASK, b"m")
        assert await state(one) == "waiting"


async def test_a_task_with_nothing_behind_it_is_put_anew(address: str, request: pytest.FixtureRequest) -> None:
    """Where the stream or the moment is gone that its hash speaks of, it can be put; while it is drawn, it cannot."""
    async with ledgers(address, request) as (one, other, server):
        await one.put(TASK, b"m")
        await server.delete(one.stream)
        assert await one.put(TASK, b"m")
        assert not await one.put(TASK, b"m")
        assert await server.xlen(one.stream) == 1
        await server.delete(one.stream)
        assert await one.put(TASK, b"m")
        assert await one.next() is None  # which makes the group anew
        run = await take(one)
        assert run is not None
        await server.delete(one.stream)
        assert not await other.put(TASK, b"m")
        assert await one.hand_back(run)
        assert await other.put(TASK, b"m")
        assert await other.next() is None
        run = await take(other)
        assert run is not None
        assert await other.finish(run, "later", due=9e9)
        assert not await one.put(TASK, b"m")
        await server.delete(f"xero_async:{{{request.node.name}}}:later")
        assert await one.put(TASK, b"m")
        assert await take(one) is not None


async def test_a_task_that_came_back_from_later_is_not_doubled(address: str, request: pytest.FixtureRequest) -> None:
    """The entry that woke it is behind it, as is the one of whoever has it when another entry came and went."""
    async with ledgers(address, request, lease=0.3) as (one, other, server):
        await one.put(TASK, b"m")
        run = await take(one)
        assert run is not None
        assert await one.finish(run, "later", due=1.0)
        run = await take(one)
        assert run is not None
        assert await one.hand_back(run)
        assert not await one.put(TASK, b"m")
        run = await take(one)
        assert run is not None
        await server.xadd(one.stream, {"data": b"m"})
        assert await take(other) is None
        assert not await one.put(TASK, b"m")
        assert await one.renew(run, 1, has_got_on=False)
        assert not await one.put(TASK, b"m")
        assert await server.xlen(one.stream) == 1


async def test_one_tenant_is_begun_by_one(address: str, request: pytest.FixtureRequest) -> None:
    """Another task of the tenant is put off while one runs, and comes again when that has ended."""
    second = ExportTask(tenant_id="t-1", folder="/srv/others")
    async with ledgers(address, request, lease=0.3) as (one, other, _):
        await one.put(TASK, b"m")
        await one.put(second, b"m")
        run = await take(one)
        assert run is not None
        assert await take(other, second) is None
        assert await state(other, second) == "later"
        await one.finish(run, "done")
        assert await take(other, second) is not None


async def test_what_a_dead_worker_had_goes_to_another(address: str, request: pytest.FixtureRequest) -> None:
    """An entry that nobody renews is taken when the lease is over and not before; one that is renewed never is."""
    async with ledgers(address, request, lease=1.0) as (one, other, _):
        await one.put(TASK, b"m")
        run = await take(one)
        assert run is not None
        for _ in range(5):
            await asyncio.sleep(0.3)
            assert await one.renew(run, 5, has_got_on=False)
            assert await other.next() is None
        again = await take(other)
        assert again is not None
        assert again.attempts == 2
        # Whoever comes back from the dead changes nothing any more.
        assert not await one.renew(run, 9, has_got_on=True)
        assert not await one.hand_back(run)
        assert not await one.finish(run, "failed")
        assert await state(one) == "running"
        assert await other.finish(again, "done", records=3)
        assert not await one.finish(run, "failed")
        assert await state(one) == "done"


async def test_what_is_handed_back_is_anothers_at_once(address: str, request: pytest.FixtureRequest) -> None:
    """However long the lease, and without being counted as begun in vain, unless it is blamed."""
    async with ledgers(address, request) as (one, other, _):
        await one.put(TASK, b"m")
        for worker, blame, attempts in ((one, False, 1), (other, True, 1), (one, True, 2), (other, False, 3)):
            run = await take(worker)
            assert run is not None
            assert run.attempts == attempts
            assert await worker.hand_back(run, blame=blame)
        # What had come and was not begun goes back, too.
        assert await one.next() is not None
        assert await other.next() is None
        await one.give_up()
        run = await take(other)
        assert run is not None
        assert await other.renew(run, 1, has_got_on=True)
        assert await other.hand_back(run, blame=True)
        run = await take(one)
        assert run is not None
        assert run.attempts == 1  # it had got on


async def test_an_entry_that_comes_twice(address: str, request: pytest.FixtureRequest) -> None:
    """While its task runs it is put off, and when that is done it is dropped; so is one of a task that is over."""
    async with ledgers(address, request, lease=0.3) as (one, other, server):
        await one.put(TASK, b"m")
        run = await take(one)
        assert run is not None
        await server.xadd(one.stream, {"data": b"m"})
        assert await take(other) is None
        assert await one.renew(run, 1, has_got_on=False)
        assert await one.finish(run, "done")
        await asyncio.sleep(0.15)
        assert await other.next() is None
        await server.xadd(one.stream, {"data": b"m"})
        assert await take(other) is None
        assert await server.xlen(one.stream) == 0
        assert await state(one) == "done"


async def test_what_nothing_is_known_of(address: str, request: pytest.FixtureRequest) -> None:
    """A task that was forgotten, after a week or a flush, is told as failed."""
    async with ledgers(address, request) as (one, _, _server):
        (standing,) = await one.standings(["unknown"])
        assert (standing.state, standing.reason) == ("failed", "nothing is known of it any more")


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the engine, the extra is named."""
    monkeypatch.setitem(sys.modules, "taskiq_redis", None)
    with pytest.raises(InvalidArgument, match=r"xero_async\[queue\]"):
        Ledger("redis://localhost")


def test_what_is_no_address() -> None:
    """What is no address is refused at once, and not repeated."""
    with pytest.raises(InvalidArgument, match="redis://") as caught:
        Ledger("sw0rdfish")
    assert "sw0rdfish" not in str(caught.value) + repr(Ledger("redis://:sw0rdfish@localhost"))
