"""What Redis knows of the tasks: how each stands, which entry of the stream is whose, and who has which tenant.

    stream           the entries that workers take, each until it is finished with (taskiq's, in its format)
    task:<id>        a hash: how a task stands, what it is, what came of it
    later            ids of tasks that wait for a moment, by that moment
    lease:<tenant>   the token of whoever draws the tenant, as long as they renew it

A task is waiting, running, later, done or failed. Each step between them is one script, which the server runs alone, so
that a worker can be killed between any two steps and nothing is lost, doubled or forgotten; and each step of a run asks
first whether the lease is the run's own, so that one that was stopped for too long changes nothing when it wakes up.

All keys carry the same braces, which keeps them on one node of a cluster.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, cast

import msgspec
from msgspec import Struct

from ...pacing.server import RETRIES, failures, open_server, what_is_wrong
from ...wire.errors import InvalidArgument, XeroError
from .task import ExportTask

__all__ = ["GROUP", "Ledger", "QueueError", "Run", "Standing", "State"]

GROUP = "workers"
KEPT = 7 * 86_400
"""Seconds for which it is told what came of a task."""
PAUSE = 1000
"""Milliseconds that a worker waits for an entry before it looks for what dead workers have left."""
ANSWER, HURRIED = 5.0, 1.0
"""Seconds that the server has for an answer, beside such a pause; and those that it has when the worker is to end."""

State = Literal["waiting", "running", "later", "done", "failed"]


class QueueError(XeroError):
    """The queue in Redis cannot be used."""


class Standing(Struct, frozen=True, kw_only=True):
    """How a task stands."""

    id: str
    title: str
    """The tenant's name, or its id."""
    state: State
    records: int = 0
    """Records in all results when it is done; drawn so far while it runs."""
    reason: str = ""
    """Why it failed, or waits."""
    due: float = 0.0
    """When it is to go on, in seconds since 1970, where it waits for a moment."""
    place: str = ""
    """Where the results are."""
    worker: str = ""
    """Who has it, or had it last."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in ("done", "failed")


class Run(NamedTuple):
    """A task that this worker has begun."""

    task_id: str
    tenant_id: str
    entry: str
    """The entry of the stream that brought it."""
    token: str
    """What shows that the lease is this run's."""
    attempts: int
    """How often it was begun without getting on, this time included."""
    tries: int
    """How often it has failed in a way that may pass."""


# KEYS: stream, task, later, lease. ARGV: message, task, id. A task is queued where something is behind what its hash
# says: an entry, a moment, or whoever draws it. What was deleted or evicted is put anew.
_PUT = """
local known = redis.call('HMGET', KEYS[2], 'state', 'entry', 'token')
local state, entry, token = known[1], known[2], known[3]
if state == 'later' and redis.call('ZSCORE', KEYS[3], ARGV[3]) then return 0 end
if state == 'waiting' or state == 'running' then
    if entry and #redis.call('XRANGE', KEYS[1], entry, entry) > 0 then return 0 end
    if token and redis.call('GET', KEYS[4]) == token then return 0 end
end
redis.call('DEL', KEYS[2])
entry = redis.call('XADD', KEYS[1], '*', 'data', ARGV[1])
redis.call('HSET', KEYS[2], 'state', 'waiting', 'task', ARGV[2], 'message', ARGV[1], 'entry', entry)
return 1
"""
# KEYS: stream, task, later. ARGV: id. What is due goes back into the stream.
_WAKE = """
if redis.call('ZREM', KEYS[3], ARGV[1]) == 0 then return 0 end
if redis.call('HGET', KEYS[2], 'state') ~= 'later' then return 0 end
local entry = redis.call('XADD', KEYS[1], '*', 'data', redis.call('HGET', KEYS[2], 'message'))
redis.call('HSET', KEYS[2], 'state', 'waiting', 'entry', entry)
return 1
"""
# KEYS: task, lease. ARGV: token, lease in ms, worker. Gives attempts and tries; 0 attempts: over, -1: somebody has it.
_BEGIN = """
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'done' or state == 'failed' then return {0, 0} end
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return {-1, 0} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[1], 'state', 'running', 'worker', ARGV[3], 'token', ARGV[1])
return {redis.call('HINCRBY', KEYS[1], 'attempts', 1), redis.call('HINCRBY', KEYS[1], 'tries', 0)}
"""
_MINE = """
local function mine(stream, group, consumer, entry)
    local found = redis.pcall('XPENDING', stream, group, entry, entry, 1, consumer)
    return #found == 1
end
"""
# KEYS: task, lease, stream. ARGV: token, lease in ms, group, consumer, entry, records, whether it has got on.
_RENEW = (
    _MINE
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[1], 'state', 'running', 'records', ARGV[6], 'entry', ARGV[5])
if ARGV[7] == '1' then redis.call('HSET', KEYS[1], 'attempts', 0, 'tries', 0) end
if mine(KEYS[3], ARGV[3], ARGV[4], ARGV[5]) then
    redis.call('XCLAIM', KEYS[3], ARGV[3], ARGV[4], 0, ARGV[5], 'JUSTID')
end
return 1
"""
)
# KEYS: task, lease, stream, later. ARGV: token, group, entry, id, state, records, reason, due, tries, seconds to keep.
_FINISH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return redis.call('HGET', KEYS[1], 'ended_by') == ARGV[1] and 1 or 0
end
redis.call('HSET', KEYS[1], 'state', ARGV[5], 'records', ARGV[6], 'reason', ARGV[7], 'due', ARGV[8], 'tries', ARGV[9],
    'attempts', 0, 'ended_by', ARGV[1])
redis.call('XACK', KEYS[3], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[3], ARGV[3])
if ARGV[5] == 'later' then
    redis.call('ZADD', KEYS[4], ARGV[8], ARGV[4])
else
    redis.call('ZREM', KEYS[4], ARGV[4])
    redis.call('EXPIRE', KEYS[1], ARGV[10])
end
redis.call('DEL', KEYS[2])
return 1
"""
# KEYS: task, lease, stream. ARGV: token, group, consumer, entry, idle, whether the run may be held against the task.
_HAND_BACK = (
    _MINE
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'waiting')
local attempts = tonumber(redis.call('HGET', KEYS[1], 'attempts') or '0')
if ARGV[6] == '0' and attempts > 0 then redis.call('HSET', KEYS[1], 'attempts', attempts - 1) end
if mine(KEYS[3], ARGV[2], ARGV[3], ARGV[4]) then
    redis.call('XCLAIM', KEYS[3], ARGV[2], ARGV[3], 0, ARGV[4], 'IDLE', ARGV[5], 'JUSTID')
end
redis.call('DEL', KEYS[2])
return 1
"""
)
# KEYS: task, stream, later. ARGV: group, consumer, entry, id, due, reason. The tenant is somebody else's just now.
_POSTPONE = (
    _MINE
    + """
if not mine(KEYS[2], ARGV[1], ARGV[2], ARGV[3]) then return 0 end
redis.call('XACK', KEYS[2], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'done' or state == 'failed' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'later', 'due', ARGV[5], 'reason', ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
return 1
"""
)
# KEYS: stream. ARGV: group, entry.
_DROP = "redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) return redis.call('XDEL', KEYS[1], ARGV[2])"

_FIELDS = ("state", "task", "records", "reason", "due", "worker")


class Ledger:
    """The tasks of one queue in Redis or Valkey, as one process sees and changes them. Methods raise `QueueError`.

    `server` is an address such as `redis://localhost:6379/0`; `lease` are the seconds after which what a dead worker
    had goes to others. Raises `InvalidArgument` for what is no address, and where the libraries are not installed.
    """

    def __init__(self, server: str, *, name: str = "exports", lease: float = 30.0) -> None:
        self._failures = failures("a queue needs", "queue")
        try:
            from redis.exceptions import ResponseError

            import_module("taskiq_redis")  # the engine, which those who put and those who work use
        except ImportError as error:
            raise InvalidArgument('a queue needs an extra: pip install "xero_async[queue]"') from error
        # A step that is sent again after a lost answer finds that it has been taken.
        self._client: Any = open_server(server, retries=RETRIES)
        self._refusal = ResponseError
        self._answer, self._asking = ANSWER, set[asyncio.Timeout]()
        self._prefix = f"xero_async:{{{name}}}"
        self.stream, self._later = f"{self._prefix}:stream", f"{self._prefix}:later"
        self.lease = lease
        self.consumer = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._entries: defaultdict[str, deque[str]] = defaultdict(deque)
        """Entries that came for a task and were not begun yet."""

    def __repr__(self) -> str:
        return "Ledger(...)"

    async def __aenter__(self) -> Self:
        """Make the group of workers, unless it is there."""
        try:
            await self._declare()
        except BaseException:
            await self._client.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    # -- putting and looking ----------------------------------------------------------------------------------------

    async def put(self, task: ExportTask, message: bytes) -> bool:
        """Queue a task by its message; False where it is queued already, and then stays as it was put first."""
        keys = self.stream, self._task(task.id), self._later, self._lease(task.tenant_id)
        return bool(await self._run(_PUT, keys, message, msgspec.json.encode(task), task.id))

    async def standings(self, ids: Sequence[str]) -> list[Standing]:
        """How tasks stand, in order; one that nothing is known of any more has failed."""
        pipe = self._client.pipeline(transaction=False)
        for id in ids:
            pipe.hmget(self._task(id), *_FIELDS)
        rows: list[list[bytes | None]] = await self._ask(pipe.execute())
        return [_standing(id, row) for id, row in zip(ids, rows, strict=True)]

    async def is_empty(self, within: float) -> bool:
        """Whether nothing waits, runs, or is due within so many seconds."""
        both = self._client.pipeline(transaction=True)  # lest a task that goes from one to the other is in neither
        both.xlen(self.stream)
        both.zcount(self._later, "-inf", time.time() + within)
        return not any(await self._ask(both.execute()))

    async def put_off(self) -> int:
        """How many tasks wait for a moment."""
        return int(await self._ask(self._client.zcard(self._later)))

    # -- entries of the stream --------------------------------------------------------------------------------------

    async def next(self) -> tuple[str, bytes] | None:
        """The next entry for this worker, with its message: one that a dead worker had goes first. None for a while."""
        await self._wake()
        try:
            found = await self._orphan() or await self._fresh()
        except _NoGroup:  # the server has lost its memory
            await self._declare()
            return None
        return found

    def came(self, task_id: str, entry: str) -> None:
        """Take note of the entry that brought a task."""
        self._entries[task_id].append(entry)

    async def drop(self, entry: str) -> None:
        """Be done with an entry."""
        await self._run(_DROP, (self.stream,), GROUP, entry)

    async def give_up(self) -> None:
        """Let others have at once whatever came to this worker and was not finished."""
        mine = await self._ask(self._client.xpending_range(self.stream, GROUP, "-", "+", 1000, self.consumer))
        for each in mine:
            await self._claim(each["message_id"], least=0, idle=self._orphaned + 1)

    async def _wake(self) -> None:
        due: list[bytes] = await self._ask(
            self._client.zrange(self._later, "-inf", time.time(), byscore=True, offset=0, num=10)
        )
        for each in due:
            id = each.decode()
            await self._run(_WAKE, (self.stream, self._task(id), self._later), id)

    async def _orphan(self) -> tuple[str, bytes] | None:
        """An entry whose worker has not renewed it for as long as a lease."""
        found = await self._ask(self._client.xpending_range(self.stream, GROUP, "-", "+", 1, idle=self._orphaned))
        for each in found:
            # Only one of those who have seen it gets it, since a claim makes it young again.
            for entry, fields in await self._claim(each["message_id"], least=self._orphaned):
                return entry.decode(), fields[b"data"]
        return None

    async def _fresh(self) -> tuple[str, bytes] | None:
        reading = self._client.xreadgroup(GROUP, self.consumer, {self.stream: ">"}, count=1, block=PAUSE)
        found = await self._ask(reading, PAUSE / 1000)
        for _, entries in found or ():
            for entry, fields in entries:
                return entry.decode(), fields[b"data"]
        return None

    async def _claim(
        self, entry: bytes, *, least: int, idle: int | None = None
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        claimed = await self._ask(self._client.xclaim(self.stream, GROUP, self.consumer, least, [entry], idle=idle))
        return cast("list[tuple[bytes, dict[bytes, bytes]]]", claimed)

    async def _declare(self) -> None:
        try:
            async with self._in_time():
                await self._client.xgroup_create(self.stream, GROUP, id="0", mkstream=True)
        except self._failures as error:
            if not str(error).startswith("BUSYGROUP"):  # which says that it is there
                raise _unusable(error) from None

    # -- runs -------------------------------------------------------------------------------------------------------

    async def begin(self, task_id: str, tenant_id: str) -> Run | None:
        """Begin a task that came, with the lease of its tenant; None where it is over, or somebody else has the tenant.

        What is over is dropped, and what cannot begin comes again a little later.
        """
        entry, token = self._entries[task_id].popleft(), secrets.token_hex(16)
        keys = self._task(task_id), self._lease(tenant_id)
        attempts, tries = cast("list[int]", await self._run(_BEGIN, keys, token, self._idle, self.consumer))
        if attempts > 0:
            return Run(task_id, tenant_id, entry, token, attempts, tries)
        if attempts == 0:
            await self.drop(entry)
        else:
            await self._postpone(task_id, entry)
        return None

    async def _postpone(self, task_id: str, entry: str) -> None:
        keys = self._task(task_id), self.stream, self._later
        due = time.time() + self.lease / 3
        await self._run(_POSTPONE, keys, GROUP, self.consumer, entry, task_id, due, "another worker draws the tenant")

    async def renew(self, run: Run, records: int, *, has_got_on: bool) -> bool:
        """Say that a run goes on; False where its lease has passed on to somebody else."""
        keys = self._task(run.task_id), self._lease(run.tenant_id), self.stream
        told = run.token, self._idle, GROUP, self.consumer, run.entry, records, int(has_got_on)
        return bool(await self._run(_RENEW, keys, *told))

    async def finish(
        self, run: Run, state: State, *, records: int = 0, reason: str = "", due: float = 0.0, tries: int = 0
    ) -> bool:
        """Say what came of a run, and let go of tenant and entry; False where somebody else has them by now."""
        keys = self._task(run.task_id), self._lease(run.tenant_id), self.stream, self._later
        told = run.token, GROUP, run.entry, run.task_id, state, records, reason, due, tries, KEPT
        return bool(await self._run(_FINISH, keys, *told))

    async def hand_back(self, run: Run, *, blame: bool = False) -> bool:
        """Let the next worker have a task at once. With `blame`, it counts as begun in vain."""
        keys = self._task(run.task_id), self._lease(run.tenant_id), self.stream
        told = run.token, GROUP, self.consumer, run.entry, self._orphaned + 1, int(blame)
        return bool(await self._run(_HAND_BACK, keys, *told))

    # -- the server -------------------------------------------------------------------------------------------------

    @property
    def _idle(self) -> int:
        return round(self.lease * 1000)

    @property
    def _orphaned(self) -> int:
        # A little longer than the lease, so that the tenant is free when the entry is.
        return self._idle + 250

    def _task(self, id: str) -> str:
        return f"{self._prefix}:task:{id}"

    def _lease(self, tenant_id: str) -> str:
        return f"{self._prefix}:lease:{tenant_id.lower()}"

    async def _run(self, script: str, keys: tuple[str, ...], *arguments: object) -> object:
        return await self._ask(self._client.eval(script, len(keys), *keys, *arguments))

    def hurry(self) -> None:
        """The worker is to end: a server that does not answer now is not waited for much longer."""
        self._answer = HURRIED
        for scope in self._asking:
            if not scope.expired():
                scope.reschedule(asyncio.get_running_loop().time() + PAUSE / 1000 + HURRIED)

    @asynccontextmanager
    async def _in_time(self, pause: float = 0.0) -> AsyncGenerator[None]:
        """A server that hangs costs no more than a few seconds, however often the client tries again by itself."""
        async with asyncio.timeout(pause + self._answer) as scope:
            self._asking.add(scope)
            try:
                yield
            finally:
                self._asking.discard(scope)

    async def _ask(self, command: Any, pause: float = 0.0) -> Any:  # Any: the client's commands have no types that hold
        try:
            async with self._in_time(pause):
                return await command
        except self._refusal as error:
            if str(error).startswith("NOGROUP"):
                raise _NoGroup("the group of workers is gone") from None
            raise _unusable(error) from None
        except self._failures as error:
            raise _unusable(error) from None


class _NoGroup(QueueError):
    """The stream has no group."""


def _unusable(error: Exception) -> QueueError:
    return QueueError(f"the queue in Redis cannot be used: {what_is_wrong(error)}")


def _standing(id: str, row: Sequence[bytes | None]) -> Standing:
    state, task, records, reason, due, worker = (each.decode() if each is not None else "" for each in row)
    if not state:
        return Standing(id=id, title=id, state="failed", reason="nothing is known of it any more")
    wish = msgspec.json.decode(task, type=ExportTask)
    return Standing(
        id=id,
        title=wish.title,
        state=cast("State", state),
        records=int(records or 0),
        reason=reason,
        due=float(due or 0),
        place=str(wish.place),
        worker=worker,
    )
