"""Tokens in Redis or Valkey, shared by the processes of many machines. Needs the extra `[redis]`.

How durable they are is the server's business: with its append-only file, a save returns when the file is flushed
(Redis 7.2 and later, Valkey). The lock is a lease, renewed as long as its holder lives, so that the death of one
machine holds up the others for no longer than the lease.

A lease alone is not enough. A process can be stopped for longer than its lease, by the system, a debugger or a machine
that sleeps, and wake up with the belief that the lock is still its own. So the lock hands out a number with each lease,
greater than all before, and a save carries the number of the lease it was made under:

    acquire      nobody holds the lock -> the number grows by one, and is the lock's value until the lease ends
    save         the number is the newest one -> the tokens are written; otherwise `LockLost`, and nothing is written
    renew, let go    the lock's value is the number; otherwise nothing happens

Each is one script, which the server runs alone. A save without the lock is somebody's own decision, such as putting in
tokens that come from elsewhere: it is done, and counts as a newer holder, so that a refresh that is under way does not
write over it. A server that has lost its memory begins its numbers with the clock, above those that it handed out
before; a holder that comes back to it with the only tokens left may save them as long as nobody else has held the lock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ...wire.errors import TokenStoreError
from ..tokens import TokenSet
from .base import LockLost
from .file import LOCK_WAIT

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisStore"]

LEASE = 30.0
"""Seconds after which a lock passes on whose holder has died."""
POLL = 0.05
"""Seconds between two looks at a lock that is held."""
FLUSH = 2000
"""Milliseconds to wait for the flush of an append-only file."""

# KEYS: the lock, the number. ARGV: the lease in milliseconds, the first number of all.
_ACQUIRE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SET', KEYS[2], ARGV[2]) end
local number = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], string.format('%d', number), 'PX', ARGV[1])
return number
"""
# KEYS: the lock. ARGV: the number, the lease in milliseconds.
_RENEW = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"
# KEYS: the tokens, the number. ARGV: the tokens, the holder's number or 0 for nobody's, the first number of all.
_SAVE = """
local newest = redis.call('GET', KEYS[2])
if ARGV[2] == '0' then
    if not newest then redis.call('SET', KEYS[2], ARGV[3]) end
    redis.call('INCR', KEYS[2])
elseif not newest then
    redis.call('SET', KEYS[2], ARGV[2])
elseif newest ~= ARGV[2] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""

_held: ContextVar[Mapping[RedisStore, int] | None] = ContextVar("xero_async_token_locks", default=None)
"""The locks that are held where this is read, with their numbers: each coroutine has its own."""


class RedisStore:
    """Keeps tokens under a key of a Redis or Valkey server.

    `server` is an address such as `redis://localhost:6379/0`, or a `redis.asyncio.Redis` of your own, which you close;
    `name` tells sign-ins apart. Methods raise `TokenStoreError`. Raises `InvalidArgument` where the library `redis` is
    not installed, and for what is no address.
    """

    def __init__(self, server: str | Redis, name: str) -> None:
        # Here, so that who signs in otherwise does not load the pacing for it.
        from ...pacing.server import RETRIES, failures, open_server

        self._failures = failures("this store needs", "redis")
        from redis.exceptions import ResponseError

        self._client: Any = open_server(server, retries=RETRIES) if isinstance(server, str) else server
        self._refusal = ResponseError
        # The braces keep the three keys on one node of a cluster, as scripts need it.
        self._key = f"xero_async:{{{name}}}:tokens"
        self._lock_key, self._number_key = f"{self._key}:lock", f"{self._key}:number"

    def __repr__(self) -> str:
        return "RedisStore(...)"

    async def load(self) -> TokenSet | None:
        """The tokens that were saved last, or None."""
        try:
            text: bytes | None = await self._client.get(self._key)
        except self._failures as error:
            raise _unusable(error) from None
        return None if text is None else TokenSet.parse(text)

    async def save(self, tokens: TokenSet, /) -> None:
        """Keep tokens in the place of those before, as durably as the server can.

        Raises `LockLost` within a lock that has passed on to another since it was taken; nothing is written then.
        """
        number = (_held.get() or {}).get(self, 0)
        keys = self._key, self._number_key
        if not await self._run(_SAVE, keys, tokens.dump(), number, _first()):
            raise LockLost("the lock of the tokens has passed on while its holder was stopped: nothing was written")
        try:
            with suppress(self._refusal):  # an old server, or one without an append-only file
                await self._client.execute_command("WAITAOF", 1, 0, FLUSH)
        except self._failures as error:
            raise _unusable(error) from None

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._client.aclose()

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[int]:
        """Held by one process at a time, on any machine; gives its number, which is greater than all before.

        Raises `TokenStoreError`, also after two minutes in vain.
        """
        number = await self._acquire()
        _held.set({**(_held.get() or {}), self: number})
        keeper = asyncio.create_task(self._keep(number))
        try:
            yield number
        finally:
            _held.set({store: each for store, each in (_held.get() or {}).items() if store is not self})
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            with suppress(TokenStoreError):  # it will pass on by itself
                await self._run(_RELEASE, (self._lock_key,), number)

    async def _acquire(self) -> int:
        end = time.monotonic() + LOCK_WAIT
        while not (number := await self._run(_ACQUIRE, (self._lock_key, self._number_key), _lease(), _first())):
            if time.monotonic() > end:
                raise TokenStoreError(f"another process has held the lock of the tokens for {LOCK_WAIT:g} s")
            await asyncio.sleep(POLL)
        return number

    async def _keep(self, number: int) -> None:
        """Renew the lease until it is lost. A server that does not answer for a while may be back before its end."""
        is_mine = 1
        while is_mine:
            await asyncio.sleep(LEASE / 3)
            with suppress(TokenStoreError):
                is_mine = await self._run(_RENEW, (self._lock_key,), number, _lease())

    async def _run(self, script: str, keys: tuple[str, ...], *arguments: object) -> int:
        try:
            found: int = await self._client.eval(script, len(keys), *keys, *arguments)
        except self._failures as error:
            del arguments  # tokens may be among them, which a report of a traceback's variables would show
            raise _unusable(error) from None
        return found


def _lease() -> int:
    return round(LEASE * 1000)


def _first() -> int:
    """What numbers begin with where a server knows none: above those that it may have handed out before."""
    return round(time.time() * 1000)


def _unusable(error: Exception) -> TokenStoreError:
    from ...pacing.server import what_is_wrong

    return TokenStoreError(f"the token store in Redis cannot be used: {what_is_wrong(error)}")
