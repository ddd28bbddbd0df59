"""How tasks are ended, and how a cancellation waits for what must be done."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from xero_async.bulk.create.journal import Journal
from xero_async.ending import finished, in_thread


async def _is_waiting() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_comes_of_the_work_is_given_or_raised() -> None:
    """Nobody cancels: the result is returned and the error is raised."""
    assert await finished(asyncio.ensure_future(asyncio.to_thread(int, "7"))) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        await finished(asyncio.ensure_future(asyncio.to_thread(int, "x")))


@pytest.mark.parametrize("error", [None, ValueError("lost")])
async def test_who_is_cancelled_leaves_when_the_work_is_done(error: Exception | None) -> None:
    """However often it is cancelled it waits, and is cancelled then, whatever came of the work."""
    work: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(finished(work))
    for _ in range(3):
        await _is_waiting()
        waiting.cancel()
    await _is_waiting()
    assert not waiting.done()
    work.set_result(None) if error is None else work.set_exception(error)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_work_that_is_cancelled_itself() -> None:
    """A cancellation of the work is one of who waits for it."""
    work: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finished(work)


def test_a_loop_that_ends_waits_for_its_threads() -> None:
    """When all tasks are cancelled, as at the end of a program, who waits for a thread leaves after it, too."""
    order: list[str] = []

    async def main() -> None:
        begun = threading.Event()

        def work() -> None:
            begun.set()
            time.sleep(0.1)
            order.append("thread")

        async def caller() -> None:
            try:
                await in_thread(work)
            finally:
                order.append("caller")

        task = asyncio.create_task(caller())
        await asyncio.to_thread(begun.wait)
        assert not task.done()

    asyncio.run(main())
    assert order == ["thread", "caller"]


async def test_a_journal_is_free_once_its_closing_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is cancelled while closing leaves no lock behind, for a slow disk too."""
    journal = Journal(tmp_path / "j")
    await journal.open({"target": "T"})
    close = journal._close  # pyright: ignore[reportPrivateUsage] # the disk is slow in here
    monkeypatch.setattr(journal, "_close", partial(_slowly, close))
    closing = asyncio.create_task(journal.close())
    await _is_waiting()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with sqlite3.connect(tmp_path / "j", timeout=0.0) as db:
        db.execute("BEGIN IMMEDIATE")
    db.close()


def _slowly(close: Callable[[], None]) -> None:
    time.sleep(0.2)
    close()
