"""Tokens in Redis or Valkey, shared by the processes of many machines. Needs the extra `[redis]`.

How durable they are is the server's business: with its append-only file, a save returns when the file is flushed
(Redis 7.2 and later, Valkey). The lock is a lease, renewed as long as its holder lives, so that the death of one
machine holds up the others for no longer than the lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from ...wire.errors import InvalidArgument, TokenStoreError
from ..tokens import TokenSet
from .file import LOCK_WAIT

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

__all__ = ["RedisStore"]

LEASE = 30.0
"""Seconds after which a lock passes on whose holder has died."""
FLUSH = 2000
"""Milliseconds to wait for the flush of an append-only file."""


class RedisStore:
    """Keeps tokens under a key of a Redis or Valkey server.

    `server` is an address such as `redis://localhost:6379/0`, or a `redis.asyncio.Redis` of your own, which you close;
    `name` tells sign-ins apart. Methods raise `TokenStoreError`. Raises `InvalidArgument` where the library `redis` is
    not installed, and for what is no address.
    """

    def __init__(self, server: str | Redis, name: str) -> None:
        try:
            from redis import asyncio as redis
            from redis.exceptions import LockError, RedisError, ResponseError
        except ImportError as error:
            raise InvalidArgument('this store needs an extra: pip install "xero_async[redis]"') from error
        try:
            self._client: Any = redis.from_url(server) if isinstance(server, str) else server
        except ValueError:
            raise InvalidArgument("the server is an address such as redis://localhost:6379/0") from None
        self._failures, self._refusal, self._lock_error = (RedisError, OSError), ResponseError, LockError
        self._key = f"xero_async:{{{name}}}:tokens"

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
        """Keep tokens in the place of those before, as durably as the server can."""
        try:
            await self._client.set(self._key, tokens.dump())
            with suppress(self._refusal):  # an old server, or one without an append-only file
                await self._client.execute_command("WAITAOF", 1, 0, FLUSH)
        except self._failures as error:
            raise _unusable(error) from None

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._client.aclose()

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Held by one process at a time, on any machine. Raises `TokenStoreError` after two minutes in vain."""
        lock: Lock = self._client.lock(
            f"{self._key}:lock", timeout=LEASE, sleep=0.05, blocking_timeout=LOCK_WAIT, thread_local=False
        )
        try:
            is_held = await lock.acquire()
        except self._failures as error:
            raise _unusable(error) from None
        if not is_held:
            raise TokenStoreError(f"another process has held the lock of the tokens for {LOCK_WAIT:g} s")
        keeper = asyncio.create_task(self._keep(lock))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            with suppress(self._lock_error, *self._failures):  # it will pass on by itself
                await lock.release()

    async def _keep(self, lock: Lock) -> None:
        """Renew the lease, until it is let go of or lost."""
        with suppress(self._lock_error, *self._failures):
            while True:
                await asyncio.sleep(LEASE / 3)
                await lock.extend(LEASE, replace_ttl=True)


def _unusable(error: Exception) -> TokenStoreError:
    return TokenStoreError(f"the token store in Redis cannot be used ({type(error).__name__})")
