"""Many tenants over many workers: each complete, once, whoever is killed, stopped or told to end meanwhile.

`XERO_ASYNC_QUEUE_TENANTS` is how many organisations the workers draw of which some are killed: 6 by three, of which one
is killed; 20 are drawn by four, of which two are. `XERO_SEED` makes the moments come again.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest
from commands import PATIENCE, Run, environment_of, refuses, runner, started, until
from msgspec.structs import replace
from pacings import plain_client
from redis.asyncio import Redis
from servers import free_port, redis_server, served
from test_export_kills import Content, content_of, in_lines

from xero_async import ClientCredentials, RetryPolicy, Xero
from xero_async.bulk.export.formats import Format
from xero_async.bulk.queue import Event, ExportQueue, ExportTask, QueueError, Worker, export_tenant, ledger
from xero_async.bulk.queue import worker as room
from xero_async.bulk.queue.broker import TASK
from xero_async.cli.queueing import address_of
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

TENANTS = int(os.environ.get("XERO_ASYNC_QUEUE_TENANTS", "6"))
SEED = int(os.environ.get("XERO_SEED", random.randrange(10**6)))
WORKERS, KILLED = (4, 2) if TENANTS >= 20 else (3, 1)
INVOICES, PAGE, LATENCY = 200, 10, 0.1
WHOLE = INVOICES // PAGE + 2
DRAWN_TWICE = 5
"""Pages that a kill may cost at most, for each tenant that was under way."""
AT_ONCE = 2
"""Tenants that a worker draws at once."""
ONLY = ("--resource", "invoices")

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A server of the test's own, which workers of this process ask ten times a second."""
    monkeypatch.setattr(ledger, "PAUSE", 100)
    with redis_server() as server:
        yield server


@asynccontextmanager
async def server_at(address: str) -> AsyncGenerator[Any]:
    """The server itself."""
    async with Redis.from_url(address) as server:  # pyright: ignore[reportUnknownMemberType] - half typed there
        yield server


def sandbox_of(
    tenants: int, *, invoices: int = INVOICES, latency: float = LATENCY, limits: SandboxLimits | None = None
) -> Sandbox:
    """Organisations that keep no limits of their own: the workers keep them."""
    return Sandbox(contacts=3, invoices=invoices, tenants=tenants, latency=latency, limits=limits)


def same(kept: Content, there: Content) -> bool:
    """Whether files hold what a sandbox does, row for row and each once; they name tenants by their names."""
    assert len(kept) == len(there)
    assert set(kept.values()) == {1}
    assert {key[1:] for key in kept} == {key[1:] for key in there}
    return True


# -- processes ------------------------------------------------------------------------------------------------------


class Workers:
    """Commands that draw from a queue, and what they say."""

    def __init__(self, folder: Path, address: str, sandbox: Sandbox, stack: ExitStack) -> None:
        self._folder, self._stack, self._environment = folder, stack, environment_of(sandbox)
        self._arguments = ["worker", "--queue", address, "--until-empty"]
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start another."""
        said: IO[str] = self._stack.enter_context((self._folder / f"said-{len(self.processes)}").open("w"))
        command = [sys.executable, "-W", "error", "-m", "xero_async", *self._arguments, *options]
        process = subprocess.Popen(command, stderr=said, env={**os.environ, **self._environment})
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self.processes.append(process)
        return process

    def has_begun(self, which: int) -> bool:
        """Whether one of them has a tenant."""
        return "begun" in self.said(which)

    def said(self, which: int | None = None) -> str:
        """What one of them, or all, have said."""
        numbers = range(len(self.processes)) if which is None else [which]
        return "".join((self._folder / f"said-{number}").read_text() for number in numbers)


def put(sandbox: Sandbox, address: str, folder: Path, *more: str) -> None:
    """Put a task for each organisation."""
    options = ["--all-tenants", *ONLY, "--page-size", str(PAGE), "--queue", address]
    with started("export", str(folder), *options, *more, environment=environment_of(sandbox)) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said


@POSIX
@pytest.mark.timeout(60 + 10 * TENANTS)
def test_killed_workers_lose_and_double_nothing(tmp_path: Path, address: str) -> None:
    """Some workers are killed amid their tenants; others go on from the last page, and each is done once."""
    moments = random.Random(SEED)
    with served(sandbox_of(TENANTS)) as sandbox, ExitStack() as stack:
        put(sandbox, address, tmp_path / "books")
        workers = Workers(tmp_path, address, sandbox, stack)
        for _ in range(WORKERS):
            workers.start("--concurrency", str(AT_ONCE), "--lease", "2", "--timeout", "1")
        for number in range(KILLED):
            until(partial(workers.has_begun, number))
            time.sleep(moments.uniform(0, 0.6))  # amid its draws, each of which takes about a second
            workers.processes[number].kill()
        for process in workers.processes[KILLED:]:
            assert process.wait(PATIENCE + 5 * TENANTS) == 0, workers.said()
        said = workers.said()
        assert len(re.findall(r": done, 200 records", said)) == TENANTS
        # The killed ones were at something, which others began again.
        assert len(re.findall(r": begun", said)) > TENANTS
        assert same(in_lines(tmp_path / "books"), content_of(sandbox)), f"seed {SEED}"
        drawn = sandbox.counters.operations["getInvoices"]
        assert drawn <= TENANTS * WHOLE + KILLED * AT_ONCE * DRAWN_TWICE
        stack.close()


@POSIX
def test_a_worker_that_is_told_to_end_hands_back_what_it_has(tmp_path: Path, address: str) -> None:
    """After SIGTERM its tenants are another's at once, long before the lease would be over, from the last page on."""
    with served(sandbox_of(2)) as sandbox, ExitStack() as stack:
        put(sandbox, address, tmp_path / "books")
        workers = Workers(tmp_path, address, sandbox, stack)
        first = workers.start("--lease", "300")
        until(lambda: sandbox.counters.operations.get("getInvoices", 0) > 15)
        first.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE) == 143
        assert workers.said(0).count("handed back") == 2
        assert (
            workers.said(0).splitlines()[-1]
            == "xero-async: terminated; the next worker goes on with what was under way"
        )
        second = workers.start("--lease", "300")
        assert second.wait(PATIENCE) == 0, workers.said(1)
        assert workers.said(1).count(": done, 200 records") == 2
        assert same(in_lines(tmp_path / "books"), content_of(sandbox))
        assert sandbox.counters.operations["getInvoices"] <= 2 * (WHOLE + DRAWN_TWICE)
        stack.close()


@POSIX
def test_a_worker_that_sleeps_past_its_lease_writes_nothing_more(tmp_path: Path, address: str) -> None:
    """While it is stopped it holds the folder; awake, it finds its lease over, and another draws the rest."""
    with served(sandbox_of(1)) as sandbox, ExitStack() as stack:
        put(sandbox, address, tmp_path / "books")
        workers = Workers(tmp_path, address, sandbox, stack)
        first = workers.start("--lease", "1")
        until(lambda: sandbox.counters.operations.get("getInvoices", 0) > 5)
        first.send_signal(signal.SIGSTOP)
        second = workers.start("--lease", "1")
        until(lambda: "another process is writing there" in workers.said(1))
        first.send_signal(signal.SIGCONT)
        assert second.wait(PATIENCE) == 0, workers.said(1)
        assert first.wait(PATIENCE) == 0, workers.said(0)
        assert ": lost, another worker goes on with it" in workers.said(0)
        assert workers.said().count(": done, 200 records") == 1
        assert same(in_lines(tmp_path / "books"), content_of(sandbox))
        stack.close()


def test_putting_waiting_and_the_summary(tmp_path: Path, address: str) -> None:
    """A second run doubles no task; with --wait the command ends when all are done, with a row for each."""
    with served(sandbox_of(3, invoices=10, latency=0)) as sandbox, ExitStack() as stack:
        command = runner(sandbox)
        folder = tmp_path / "books"
        put_all = ("export", str(folder), "--all-tenants", *ONLY, "--queue", address)
        assert "3 tasks put\n" in command(*put_all).stderr
        again = command("export", str(folder), "--tenant", "Sandbox Company 1", *ONLY, "--queue", address)
        assert "0 tasks put, 1 were queued already" in again.stderr
        Workers(tmp_path, address, sandbox, stack).start()
        result = command(*put_all, "--wait")
        assert result.code == 0, result.stderr
        places = {Path(line.split("\t")[1]) for line in result.stdout.splitlines()}
        assert places == {folder / f"Sandbox Company {number}" for number in (1, 2, 3)}
        assert "30 records of 3 organisations" in result.stderr
        # What is done can be put again, and then takes what has changed.
        assert "3 tasks put\n" in command(*put_all).stderr
        stack.close()


# -- in this process --------------------------------------------------------------------------------------------------


class Drawn:
    """What a worker in this process has told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def note(self, event: Event) -> None:
        """Take in an event."""
        self.events.append(event)
        self._news.set()

    async def told(self, kind: str, times: int = 1) -> None:
        """Wait until it has told of a kind so many times."""
        async with asyncio.timeout(PATIENCE):
            while len(self.words(kind)) < times:
                self._news.clear()
                await self._news.wait()

    def words(self, kind: str) -> list[str]:
        """What was told of one kind."""
        return [event.words for event in self.events if event.kind == kind]


@asynccontextmanager
async def session(sandbox: Sandbox, secret: str = "", retry: RetryPolicy | None = None) -> AsyncGenerator[Xero]:
    """A session on a sandbox."""
    auth = ClientCredentials(sandbox.client_id, secret or sandbox.client_secret)
    async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, retry=retry) as xero:
        yield xero


async def work(address: str, sandbox: Sandbox, secret: str = "", retry: RetryPolicy | None = None) -> Drawn:
    """Draw what is queued in this process, until nothing is left; without shared limits, which take two seconds."""
    drawn = Drawn()
    async with session(sandbox, secret, retry) as xero:
        worker = Worker(address, xero, lease=1.0, until_empty=True, on_event=drawn.note)
        await asyncio.wait_for(worker.run(), PATIENCE)
    return drawn


def wish(sandbox: Sandbox, folder: Path, number: int = 0) -> ExportTask:
    """The task of one organisation."""
    return ExportTask(
        tenant_id=sandbox.tenants[number], name=f"Nr {number}", folder=str(folder), resources=("invoices",)
    )


async def test_the_function_that_other_engines_call(tmp_path: Path) -> None:
    """`export_tenant` needs neither queue nor Redis, draws into the tenant's own place, and asks before it writes."""
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, session(sandbox) as xero:
        task = wish(sandbox, tmp_path)
        summary = await export_tenant(xero, task)
        assert summary.records == 5
        assert [file.path for file in summary.files] == [tmp_path / "Nr 0" / "invoices.jsonl"]
        await export_tenant(xero, replace(task, format=Format.sqlite))
        assert (tmp_path / "Nr 0.db").exists()

        def refuse() -> None:
            raise TimeoutError

        with pytest.raises(TimeoutError):
            await export_tenant(xero, replace(task, folder=str(tmp_path / "other")), check=refuse)
        assert not list(tmp_path.glob("other/**/*.*"))


def test_the_engine_is_imported_by_those_who_use_it() -> None:
    """Importing the function brings neither taskiq nor the client of Redis."""
    script = (
        "import sys, xero_async.bulk.queue; print([n for n in ('taskiq', 'redis', 'pydantic') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


async def test_an_organisation_that_refuses_is_told_and_not_tried_again(tmp_path: Path, address: str) -> None:
    """What fails for good is failed with Xero's reason after one try, the others are drawn, and the queue is empty."""
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        stranger = replace(wish(sandbox, tmp_path), tenant_id="11111111-2222-3333-4444-555555555555", name="Stranger")
        await queue.put([stranger, wish(sandbox, tmp_path)])
        drawn = await work(address, sandbox)
        assert len(drawn.words("done")) == 1
        (reason,) = drawn.words("failed")
        assert "while exporting invoices of Stranger" in reason
        failed, done = await queue.standings([stranger.id, wish(sandbox, tmp_path).id])
        assert (failed.state, done.state, done.records) == ("failed", "done", 5)
        assert failed.reason == reason
        async with server_at(address) as server:
            assert await server.xlen("xero_async:{exports}:stream") == 0


async def test_the_end_of_the_days_calls(tmp_path: Path, address: str) -> None:
    """A tenant without calls left waits until Xero gives it some, while others are drawn; the batch ends without it."""
    limits = SandboxLimits(day=3)
    async with sandbox_of(2, invoices=30, latency=0, limits=limits) as sandbox, ExportQueue(address) as queue:
        tasks = [replace(wish(sandbox, tmp_path, number), page_size=page) for number, page in ((0, 5), (1, 100))]
        await queue.put(tasks)
        before = time.time()
        drawn = await work(address, sandbox)
        (later,) = drawn.words("later")
        assert "the day's calls are used up, again after" in later
        waits, done = await queue.standings([task.id for task in tasks])
        assert (waits.state, done.state) == ("later", "done")
        assert before + 600 < waits.due <= before + 86_400 + 60
        assert await queue.put(tasks[:1]) == [False]


def test_the_exit_code_of_a_batch_without_calls(tmp_path: Path, address: str) -> None:
    """Where the day's calls are used up, a worker and a waiting command exit with 75, and tell until when."""
    limits = SandboxLimits(day=4)
    with served(sandbox_of(1, invoices=60, latency=0, limits=limits)) as sandbox:
        command = runner(sandbox)
        asked = ("export", str(tmp_path), *ONLY, "--page-size", "10", "--queue", address)
        assert command(*asked).code == 0
        assert refuses(command("worker", "--queue", address, "--until-empty"), 75, "1 organisations wait")
        assert refuses(command(*asked, "--wait"), 75, "1 of 1 organisations wait until", "UTC")
    # Whatever a worker signs in with, it counts with all others of the queue.
    with plain_client(address) as client:
        keys: list[bytes] = client.keys("*")
    assert {re.findall("{(.*)}", key.decode())[0] for key in keys} == {"exports", "xero"}


def test_the_exit_code_of_a_batch_that_fails(tmp_path: Path, address: str) -> None:
    """Where an organisation failed, a worker and a waiting command exit with 1, and the reason is told."""
    with served(sandbox_of(1, invoices=1, latency=0)) as sandbox, ExitStack() as stack:
        command = runner(sandbox)
        asked = ("export", str(tmp_path), *ONLY, "--where", "Foo ==", "--queue", address)
        assert command(*asked).code == 0
        assert refuses(command("worker", "--queue", address, "--until-empty"), 1, "1 organisations failed")
        worker = Workers(tmp_path, address, sandbox, stack).start()
        result = command(*asked, "--wait")
        assert refuses(result, 1, "1 of 1 organisations failed")
        assert "Sandbox Company 1: getInvoices" in result.stderr
        worker.wait(PATIENCE)


async def test_what_may_pass_is_tried_again(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant whose calls fail comes back after a pause, goes on, and is done."""
    monkeypatch.setattr(room, "BACKOFF", 0.1)
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        sandbox.inject([Fault(kind="500", times=2, operation="getInvoices")])
        await queue.put([wish(sandbox, tmp_path)])
        drawn = await work(address, sandbox, retry=RetryPolicy(attempts=1))
        assert len(drawn.words("later")) == 2
        assert len(drawn.words("done")) == 1


async def test_what_does_not_pass_fails_in_the_end(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries a tenant has failed, with the reason of the last."""
    monkeypatch.setattr(room, "BACKOFF", 0.01)
    monkeypatch.setattr(room, "MOST_TRIES", 2)
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        sandbox.inject([Fault(kind="500", every=1, operation="getInvoices")])
        await queue.put([wish(sandbox, tmp_path)])
        drawn = await work(address, sandbox, retry=RetryPolicy(attempts=1))
        assert len(drawn.words("later")) == 2
        assert "500" in drawn.words("failed")[0]


async def test_who_ends_its_workers_is_not_given_to_more(tmp_path: Path, address: str) -> None:
    """A task that was begun five times without getting on has failed, and says so."""
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        task = wish(sandbox, tmp_path)
        await queue.put([task])
        async with server_at(address) as server:
            await server.hset(f"xero_async:{{exports}}:task:{task.id}", "attempts", 5)
        drawn = await work(address, sandbox)
        assert drawn.words("failed") == ["it was begun 5 times, and its worker ended each time"]


async def test_a_task_of_another_version(tmp_path: Path, address: str) -> None:
    """What a worker does not understand has failed, rather than coming again for ever."""
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        task = wish(sandbox, tmp_path)
        message: dict[str, Any] = {
            "task_id": task.id,
            "task_name": TASK,
            "labels": {},
            "args": [task.id, {"a": 1}],
            "kwargs": {},
        }
        async with ledger.Ledger(address) as mine:
            await mine.put(task, msgspec.json.encode(message))
        await work(address, sandbox)
        (standing,) = await queue.standings([task.id])
        assert (standing.state, standing.reason) == ("failed", "another version has queued it, which says more")


async def test_a_slow_tenant_stays_with_its_worker(tmp_path: Path, address: str) -> None:
    """A draw that outlasts its lease several times is renewed, and not begun by a worker that has nothing to do."""
    async with sandbox_of(1, invoices=40, latency=0.3) as sandbox, ExportQueue(address) as queue:
        await queue.put([replace(wish(sandbox, tmp_path), page_size=2)])
        both = await asyncio.gather(*(work(address, sandbox) for _ in range(2)))
        events = [event.kind for drawn in both for event in drawn.events if event.kind != "drawn"]
        assert events == ["begun", "done"]


async def test_a_lease_that_cannot_be_renewed(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that hears nothing of the server until its lease is over writes no page more, and begins anew."""
    monkeypatch.setattr(room, "SILENCE", 0.0)
    async with (
        sandbox_of(1, invoices=40, latency=0.3) as sandbox,
        ExportQueue(address) as queue,
        server_at(address) as server,
        session(sandbox) as xero,
    ):
        drawn = Drawn()
        working = asyncio.create_task(Worker(address, xero, lease=1.0, on_event=drawn.note).run())
        await queue.put([replace(wish(sandbox, tmp_path), page_size=2)])
        await drawn.told("drawing")
        await server.client_pause(1500)
        await drawn.told("lost")
        part = tmp_path / "Nr 0" / ".invoices.jsonl.part"
        size = part.stat().st_size
        assert size > 0
        await asyncio.sleep(0.3)  # pages that were drawn ahead
        assert part.stat().st_size == size
        await drawn.told("done")
        assert [event.kind for event in drawn.events if event.kind in ("begun", "lost", "done")] == [
            "begun",
            "lost",
            "begun",
            "done",
        ]
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


@pytest.mark.parametrize("has_a_tenant", [True, False])
async def test_a_worker_ends_though_the_server_hangs(
    has_a_tenant: bool, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to end while the server answers nothing, it waits no longer than a moment, and says what becomes of it."""
    monkeypatch.setattr(ledger, "HURRIED", 0.1)
    async with sandbox_of(1, invoices=40, latency=0.3) as sandbox, ExportQueue(address) as queue:
        drawn = Drawn()
        async with session(sandbox) as xero:
            working = asyncio.create_task(Worker(address, xero, on_event=drawn.note).run())
            if has_a_tenant:
                await queue.put([replace(wish(sandbox, tmp_path), page_size=2)])
                await drawn.told("begun")
            else:
                await asyncio.sleep(0.2)
            async with server_at(address) as server:
                await server.client_pause(120_000)
            working.cancel()
            await asyncio.wait([working], timeout=PATIENCE / 2)
            assert working.cancelled()
        assert "when its lease is over" in drawn.words("trouble")[-1]


async def test_connections_that_are_cut(tmp_path: Path, address: str) -> None:
    """A worker whose connections to the queue are cut goes on, and so it does when the queue was flushed under it."""
    async with (
        sandbox_of(2, invoices=60, latency=0.05) as sandbox,
        ExportQueue(address) as queue,
        server_at(address) as server,
        session(sandbox) as xero,
    ):
        drawn = Drawn()
        working = asyncio.create_task(Worker(address, xero, lease=1.0, on_event=drawn.note).run())
        await queue.put([replace(wish(sandbox, tmp_path), page_size=5)])
        await drawn.told("begun")
        await server.execute_command("CLIENT", "KILL", "TYPE", "normal")
        await drawn.told("done")
        await queue.put([replace(wish(sandbox, tmp_path, 1), page_size=1)])
        await drawn.told("begun", 2)
        await server.execute_command("FLUSHALL")
        await drawn.told("lost")
        await queue.put([replace(wish(sandbox, tmp_path, 1), page_size=50)])
        await drawn.told("done", 2)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_a_worker_that_cannot_sign_in_leaves_the_tasks_to_others(tmp_path: Path, address: str) -> None:
    """It hands back what it took and ends with the reason; another draws it. No secret is in the queue."""
    async with sandbox_of(1, invoices=5, latency=0) as sandbox, ExportQueue(address) as queue:
        await queue.put([wish(sandbox, tmp_path)])
        with pytest.raises(Exception, match="invalid_client"):
            await work(address, sandbox, "planted-secret")
        assert [each.state for each in await queue.standings([wish(sandbox, tmp_path).id])] == ["waiting"]
        drawn = await work(address, sandbox)
        assert len(drawn.words("done")) == 1
        async with server_at(address) as server:
            dumps = [await server.dump(key) or b"" for key in await server.keys("*")]
        for secret in ("planted-secret", sandbox.client_secret):
            assert not any(secret.encode() in dump for dump in dumps)


async def test_two_targets_of_one_tenant_are_drawn_one_after_the_other(tmp_path: Path, address: str) -> None:
    """They are two tasks, but never under way at once, though a worker has room for both."""
    async with sandbox_of(1, invoices=60, latency=0.02) as sandbox, ExportQueue(address) as queue:
        tasks = [replace(wish(sandbox, tmp_path / name), page_size=10) for name in ("one", "two")]
        assert await queue.put(tasks) == [True, True]
        drawn = await work(address, sandbox)
        kinds = [event.kind for event in drawn.events if event.kind in ("begun", "done")]
        assert kinds == ["begun", "done", "begun", "done"]


async def test_a_server_that_is_away(tmp_path: Path) -> None:
    """Putting and working say so in a sentence, without the address."""
    away = f"redis://:planted-secret@127.0.0.1:{free_port()}/0"
    async with sandbox_of(1, invoices=1, latency=0) as sandbox:
        with pytest.raises(QueueError, match="the queue in Redis cannot be used") as caught:
            await work(away, sandbox)
        assert "planted" not in str(caught.value)
        with pytest.raises(QueueError):
            async with ExportQueue(away):
                pass


# -- what is typed wrong ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def command() -> Generator[Run]:
    """Commands against a sandbox with one organisation."""
    with served(sandbox_of(1, invoices=1, latency=0)) as sandbox:
        yield runner(sandbox)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["books.db", "--queue", "redis://localhost"], ["folder", "--format sqlite"]),
        (["--queue", "redis://localhost"], ["folder"]),
        (["books", "--queue", "localhost"], ["redis://host:6379/0"]),
        (["books", "--queue", "redis://[::1"], ["redis://host:6379/0"]),
        (["books", "--queue", "redis://localhost", "--resource", "bills"], ["'bills'"]),
    ],
)
def test_what_is_typed_wrong(command: Run, arguments: list[str], words: list[str], tmp_path: Path) -> None:
    """A target that cannot be shared, what is no address and what is no resource are told before a task is put."""
    assert refuses(command("export", *arguments), 2, *words)


@pytest.mark.parametrize(
    "queue",
    ["localhost", "http://localhost", "redis://:secret@[::1", "redis://:secret@host/nr", "redis://:secret@host?a=b"],
)
def test_a_worker_whose_queue_is_typed_wrong(command: Run, queue: str) -> None:
    """It is told in a sentence, as `export` does, which shows no password."""
    run = command("worker", "--queue", queue)
    assert refuses(run, 2, "such as redis://")
    assert "secret" not in run.stdout + run.stderr


def test_options_that_need_others(command: Run) -> None:
    """--wait needs --queue, and a worker needs a queue."""
    assert command("export", "books", "--wait").code == 2
    assert command("worker").code == 2


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes into the address where that has none, whatever letters it has."""
    assert address_of("redis://host:1/2") == "redis://host:1/2"
    monkeypatch.setenv("XERO_ASYNC_QUEUE_PASSWORD", "p@ss/word")
    assert address_of("redis://host:1/2") == "redis://:p%40ss%2Fword@host:1/2"
    assert address_of("rediss://me@host:1") == "rediss://me:p%40ss%2Fword@host:1"
    assert address_of("redis://m%40e@host:1") == "redis://m%40e:p%40ss%2Fword@host:1"
    assert address_of("redis://me:other@host:1") == "redis://me:other@host:1"
