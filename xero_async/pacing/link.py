"""The way to a Redis or Valkey server: one script, sent for several tenants at once, in a time of its own.

The server's clock is the only one that counts. Where a script may not ask for it (Redis before 5), the client asks with
a command now and then, and carries on from there with its own clock, which only has to run as fast.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..wire.errors import LimitsUnavailable
from .exchange import SCRIPT, micros
from .server import failures, open_server, what_is_wrong

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["Link", "Message"]

Message = tuple[list[bytes], list[bytes]]
"""Keys and arguments of one run of the script."""

AFRESH = 60.0
"""Seconds for which the client's clock carries on from the server's."""
_MAY_NOT_ASK = ("non deterministic", "run this command")
_SERVER_ASKS = ""


class Link:
    """Speaks with a server. `server` is an address, or a client that its owner closes."""

    def __init__(self, server: str | Redis, timeout: float, clock: Callable[[], float] | None) -> None:
        self._failures = failures("shared limits need", "redis")
        from redis import exceptions

        self._server, self._timeout, self._clock = server, timeout, clock
        self._refusal, self._unknown, self._dropped = (
            exceptions.ResponseError,
            exceptions.NoScriptError,
            exceptions.ConnectionError,
        )
        self._digest = ""
        self._asked: float | None = None
        self._offset = 0.0
        self._may_ask = True
        self._own: Any = None
        if isinstance(server, str):
            self._open()  # an address that is none is refused here

    def _open(self) -> Any:
        """The client. Its own tries again by no means: that is decided here, where it is known what may be repeated."""
        if not isinstance(self._server, str):
            return self._server
        if self._own is None:
            self._own = open_server(self._server, retries=0, is_talk=True)
        return self._own

    async def run(self, messages: Sequence[Message]) -> list[object]:
        """Run the script once for each message, in one round trip, and return the replies.

        Raises `LimitsUnavailable` where the server does not answer in time, or does not do it. It may have done some.
        """
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    return await self._run(messages)
                except self._dropped:
                    # A connection that has rested may be dead without the server being so.
                    return await self._run(messages)
        except self._failures as error:
            await self._begin_anew()
            raise _unavailable(error) from None

    async def _begin_anew(self) -> None:
        """Trust no connection that there is: of several, each may have been broken without a word."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self.rest()

    async def _run(self, messages: Sequence[Message]) -> list[object]:
        try:
            return await self._send(messages)
        except self._unknown:
            self._digest = ""
        except self._refusal as error:
            if not self._may_ask or not any(words in str(error) for words in _MAY_NOT_ASK):
                raise
            self._may_ask = False
        return await self._send(messages)

    async def _send(self, messages: Sequence[Message]) -> list[object]:
        client, now = self._open(), await self._now()
        if not self._digest:
            self._digest = await client.script_load(SCRIPT)
        if len(messages) == 1:
            keys, arguments = messages[0]
            return [await client.execute_command("EVALSHA", self._digest, len(keys), *keys, now, *arguments)]
        pipeline = client.pipeline(transaction=False)
        for keys, arguments in messages:
            pipeline.execute_command("EVALSHA", self._digest, len(keys), *keys, now, *arguments)
        replies: list[object] = await pipeline.execute()
        return replies

    async def _now(self) -> str:
        """The moment, for the script; empty where it asks by itself."""
        if self._clock is not None:
            return str(micros(self._clock()))
        if self._may_ask:
            return _SERVER_ASKS
        loop = asyncio.get_running_loop()
        if self._asked is None or loop.time() - self._asked > AFRESH:
            seconds, micro = await self._open().time()
            self._asked = loop.time()
            self._offset = seconds + micro / 1_000_000 - self._asked
        return str(micros(loop.time() + self._offset))

    async def listen(self, channel: str) -> AsyncGenerator[str, None]:
        """The messages of a channel, for ever. Raises `LimitsUnavailable`."""
        pubsub = self._open().pubsub(ignore_subscribe_messages=True)
        try:
            async with asyncio.timeout(self._timeout):
                await pubsub.subscribe(channel)
            while True:
                message = await pubsub.get_message(timeout=AFRESH)
                if message is not None:
                    data = message["data"]
                    yield data.decode() if isinstance(data, bytes) else data
        except self._failures as error:
            raise _unavailable(error) from None
        finally:
            with suppress(*self._failures):
                await pubsub.aclose()

    async def rest(self) -> None:
        """Close the connections that were opened here; the next message opens another."""
        client, self._own = self._own, None
        if client is not None:
            with suppress(*self._failures):
                await client.aclose()

    def forget(self) -> None:
        """Let go of connections whose event loop is closed, so that nothing can close them any more."""
        client, self._own = self._own, None
        if client is not None:
            client.connection = None


def _unavailable(error: BaseException) -> LimitsUnavailable:
    return LimitsUnavailable(f"the shared limits cannot be asked: {what_is_wrong(error)}; nothing was sent")
