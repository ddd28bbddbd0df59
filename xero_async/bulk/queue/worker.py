"""A worker: takes tasks from a queue, several at once, and draws their tenants until it is told to stop.

What may come of a run, and what becomes of its task:

    it is drawn                             done
    the day's calls are used up             later, at the moment that Xero has told
    what may pass: no connection, 5xx       later, after pauses that double; failed after some
    Xero refuses, or the sink               failed: it would fail again, so it is told and not tried for ever
    the worker is told to stop              handed back at once, and another goes on from the last page
    the worker cannot sign in or write      handed back, and the worker ends: others may be better off
    the worker is killed, or stopped        another's when the lease is over; begun so often in vain, it has failed
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ...ending import ended
from ...session import Xero
from ...wire.errors import (
    DailyLimitReached,
    LimitsUnavailable,
    RateLimited,
    ServerError,
    SessionClosed,
    TokenStoreError,
    TransportError,
    Unauthorized,
    XeroError,
)
from ..export import ExportProgress
from ..export.formats import Format
from ..export.sinks.base import SinkError
from .ledger import Ledger, QueueError, Run
from .task import ExportTask, export_tenant

if sys.platform != "win32":
    import fcntl

__all__ = ["Event", "Worker"]

_log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
"""Times that a task is begun without getting on: whoever ends that many workers is not given to more."""
MOST_TRIES = 6
BACKOFF = 30.0
"""Seconds until a failure that may pass is tried again; twice as many each time."""
LONGEST = 3600.0
SOON = 600.0
"""Seconds within which a task that waits for a moment is still of this batch."""
DAY_IN_DOUBT = 3600.0
"""Seconds after which to ask again, where Xero has not said when the day's calls are back."""

SILENCE = 30.0
"""Seconds after which it is said that a draw goes on."""
MERGE = 300.0
"""Seconds that a run which was cancelled may take to end the write that is under way, before it is cancelled again."""

MAY_PASS = (TransportError, ServerError, RateLimited, LimitsUnavailable, SinkError)
OF_THE_WORKER = (Unauthorized, TokenStoreError, SessionClosed, QueueError, OSError)
"""What is wrong with the worker and not with the tenant."""

Kind = Literal["begun", "drawing", "drawn", "done", "later", "failed", "handed back", "lost", "trouble"]


class Event(Struct, frozen=True, kw_only=True):
    """Something that a worker tells while it works."""

    kind: Kind
    title: str = ""
    """The tenant's name."""
    words: str = ""
    """What is to be said of it."""


class _LeaseLost(XeroError):
    """The tenant is somebody else's by now."""


class _Busy(XeroError):
    """The place of the results is held by another process."""


class Worker:
    """Draws tenants from a queue with one session.

    `server` is the queue's address and `xero` an open session, which all of them share; `concurrency` is how many are
    drawn at once; `lease` are the seconds after which others take over from it when it has died; with `until_empty` it
    ends when nothing is left to do but what waits for the day's limit. `on_event` hears how it goes. Raises
    `InvalidArgument`.
    """

    def __init__(
        self,
        server: str,
        xero: Xero,
        *,
        name: str = "exports",
        concurrency: int = 8,
        lease: float = 30.0,
        until_empty: bool = False,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self._server, self._xero, self._concurrency, self._until_empty = server, xero, concurrency, until_empty
        self._ledger = Ledger(server, name=name, lease=lease)
        self._on_event = on_event
        self._runs: set[_Running] = set()
        self._trouble: asyncio.Future[None] | None = None
        self._is_ending = False

    async def run(self) -> int:
        """Work until it is cancelled, or until nothing is left. What it has is handed back then.

        Gives the number of tasks that wait for a moment: those that wait for the day's limit.

        Raises `QueueError` where the server is away at the beginning, and what keeps the worker from working:
        `SignInFailed`, `TokenStoreError`, `OSError`.
        """
        # The engine is imported when it is used: `export_tenant` does without.
        from taskiq.acks import AcknowledgeType
        from taskiq.receiver import Receiver

        from .broker import TenantBroker, register

        self._trouble, self._is_ending = asyncio.get_running_loop().create_future(), False
        async with self._ledger as ledger:
            broker = TenantBroker(self._server, ledger, on_trouble=self._tell_trouble)
            broker.is_worker_process = True
            register(broker, self._do)
            receiver = Receiver(
                broker,
                max_async_tasks=self._concurrency,
                run_startup=False,
                validate_params=False,
                ack_type=AcknowledgeType.MANUAL,
            )
            finish = asyncio.Event()

            def stop() -> None:
                broker.stop()
                finish.set()

            listening = asyncio.create_task(receiver.listen(finish))
            watching = asyncio.create_task(self._watch(stop))
            try:
                await asyncio.wait({listening, self._trouble}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._is_ending = True
                stop()
                await ended([watching])
                await ended([running.task for running in self._runs], again=MERGE)
                await asyncio.wait([listening])
                await self._give_up()
                await broker.shutdown()
            if self._trouble.done():
                self._trouble.result()
            listening.result()
            return await ledger.put_off()

    async def _do(self, id: str, task: Any) -> None:
        """What taskiq calls: a task from its beginning to one of its ends. Raises nothing."""
        try:
            wish = msgspec.convert(task, ExportTask)
        except msgspec.ValidationError:
            wish = None
        try:
            asked = _clock()
            run = await self._ledger.begin(id, wish.tenant_id if wish else id)
            if run is None:
                return
            if wish is None:
                await self._ledger.finish(run, "failed", reason="another version has queued it, which says more")
                return
            running = _Running(self._ledger, run, wish, asked)
            self._runs.add(running)
            try:
                await self._draw(running)
            finally:
                self._runs.discard(running)
        except asyncio.CancelledError:
            return  # the worker stops; what was not handed back is another's when the lease is over
        except QueueError as error:
            self._tell_trouble(error)  # likewise

    async def _draw(self, running: _Running) -> None:
        run, wish = running.run, running.wish
        if run.attempts > MOST_ATTEMPTS:
            reason = f"it was begun {run.attempts - 1} times, and its worker ended each time"
            await self._end(running, "failed", reason)
            return
        self._tell("begun", wish)
        began = time.monotonic()
        try:
            with _alone_in(wish):
                async with running.kept():
                    summary = await export_tenant(
                        self._xero, wish, on_progress=lambda each: self._progress(running, each), check=running.check
                    )
        except asyncio.CancelledError:
            await self._cancelled(running)
        except _LeaseLost:
            self._tell("lost", wish, "another worker goes on with it")
        except _Busy as error:
            await self._end(running, "later", error.message, due=time.time() + self._ledger.lease / 3)
        except Exception as error:  # each of them is looked at
            await self._failed(running, error)
        else:
            running.records = summary.records
            await self._end(
                running,
                "done",
                "; ".join(f"{each.resource} was left out, since {each.reason}" for each in summary.skipped),
                words=f"{summary.records:,} records in {time.monotonic() - began:,.1f} s",
            )

    async def _cancelled(self, running: _Running) -> None:
        """The worker stops, or the lease was lost. The task of taskiq's ends here by itself."""
        if running.is_lost:
            self._tell("lost", running.wish, "another worker goes on with it")
            return
        await self._ledger.hand_back(running.run)
        self._tell("handed back", running.wish)

    async def _failed(self, running: _Running, error: Exception) -> None:
        reason = _words_of(error)
        if isinstance(error, DailyLimitReached):
            due = error.resets_at.timestamp() if error.resets_at else time.time() + DAY_IN_DOUBT
            await self._end(running, "later", "the day's calls are used up", due=due)
        elif isinstance(error, OF_THE_WORKER) and not isinstance(error, MAY_PASS):
            await self._ledger.hand_back(running.run, blame=True)
            self._tell("handed back", running.wish, reason)
            if self._trouble is not None and not self._trouble.done():
                self._trouble.set_exception(error)
        elif isinstance(error, MAY_PASS) and running.tries < MOST_TRIES:
            pause = max(min(BACKOFF * 2**running.tries, LONGEST), getattr(error, "retry_after", None) or 0.0)
            await self._end(running, "later", reason, due=time.time() + pause, tries=running.tries + 1)
        else:
            await self._end(running, "failed", reason)

    async def _end(
        self,
        running: _Running,
        state: Literal["done", "failed", "later"],
        reason: str = "",
        *,
        due: float = 0.0,
        tries: int = 0,
        words: str = "",
    ) -> None:
        is_mine = await self._ledger.finish(
            running.run, state, records=running.records, reason=reason, due=due, tries=tries
        )
        if not is_mine:
            self._tell("lost", running.wish, "another worker goes on with it")
            return
        when = f", again after {datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S} UTC" if due else ""
        self._tell(state, running.wish, "; ".join(filter(None, (words, f"{reason}{when}"))))

    # -- stopping ---------------------------------------------------------------------------------------------------

    async def _watch(self, stop: Callable[[], None]) -> None:
        """Stop when nothing is left, if that was asked for."""
        while self._until_empty:
            await asyncio.sleep(0.2)
            try:
                if not self._runs and await self._ledger.is_empty(SOON):
                    stop()
                    return
            except QueueError:
                continue

    async def _give_up(self) -> None:
        try:
            await self._ledger.give_up()
        except QueueError as error:
            self._tell("trouble", None, f"{error.message}; what is not handed back passes on when its lease is over")

    # -- telling ----------------------------------------------------------------------------------------------------

    def _progress(self, running: _Running, progress: ExportProgress) -> None:
        running.note(progress)
        words = f"{progress.resource}, {progress.records + progress.changed:,} records"
        if progress.done:
            self._tell("drawn", running.wish, words)
        elif running.is_long_silent():
            self._tell("drawing", running.wish, f"{words} so far")

    def _tell_trouble(self, error: QueueError) -> None:
        if not self._is_ending:
            self._tell("trouble", None, f"{error.message}; asking again")

    def _tell(self, kind: Kind, wish: ExportTask | None, words: str = "") -> None:
        if self._on_event is not None:
            self._on_event(Event(kind=kind, title=wish.title if wish else "", words=words))


class _Running:
    """A run under way, and its lease."""

    def __init__(self, ledger: Ledger, run: Run, wish: ExportTask, asked: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task, self.run, self.wish = task, run, wish
        self.records, self.tries, self.is_lost = 0, run.tries, False
        self._ledger, self._until = ledger, asked + ledger.lease
        self._drawn: dict[str, int] = {}
        self._has_got_on = False
        self._told = asked

    def note(self, progress: ExportProgress) -> None:
        """A page has been written."""
        self._drawn[progress.resource] = progress.records
        self.records = sum(self._drawn.values())
        if progress.pages:
            self._has_got_on, self.tries = True, 0

    def is_long_silent(self) -> bool:
        """Whether it is time to say that it goes on."""
        now = _clock()
        is_time = now - self._told > SILENCE
        if is_time:
            self._told = now
        return is_time

    def check(self) -> None:
        """Raise `_LeaseLost` where the lease may be somebody else's. Called from the threads that write."""
        if self.is_lost or _clock() > self._until:
            raise _LeaseLost("the lease is over")

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """While this is entered, the lease is renewed; who loses it is cancelled."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            await ended([keeper])

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._ledger.lease / 3)
            asked = _clock()
            try:
                is_mine = await self._ledger.renew(self.run, self.records, has_got_on=self._has_got_on)
            except QueueError:
                continue  # `check` ends it when it lasts
            if not is_mine:
                self.is_lost = True
                self.task.cancel()
                return
            self._until = asked + self._ledger.lease


def _words_of(error: Exception) -> str:
    """What went wrong, without what somebody else's error may hold."""
    if isinstance(error, XeroError):
        return "; ".join([str(error), *getattr(error, "__notes__", ())])
    name = type(error).__name__
    return f"{error.strerror} ({name})" if isinstance(error, OSError) and error.strerror else name


@contextmanager
def _alone_in(wish: ExportTask) -> Generator[None]:
    """Hold the tenant's folder, so that a process that was stopped amid a page has it still. Raises `_Busy`.

    Storage that has no locks is held by the lease alone; SQLite has locks of its own.
    """
    if sys.platform == "win32" or wish.format is Format.sqlite:
        yield
        return
    wish.place.mkdir(parents=True, exist_ok=True)
    folder = os.open(wish.place, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _Busy("another process is writing there") from None
        except OSError as error:
            _log.debug("%s cannot be locked: %s", wish.place, error)
        yield
    finally:
        os.close(folder)


def _clock() -> float:
    """Seconds that pass while the machine sleeps, too, where the system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
