"""A server of a few lines that does to each request what its script says: the faults that no well-bred server has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

from msgspec import Struct

JSON = "application/json; charset=utf-8"


class Seen(Struct, frozen=True):
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class Reply(Struct, frozen=True, kw_only=True):
    """What to do with a request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    content_type: str = JSON
    drop: bool = False
    """Close the connection without a word."""
    cut: int | None = None
    """Send only so many bytes of the body, then close."""
    stall: float = 0.0
    """Seconds before answering."""


Script = Callable[[Seen], Reply]


class Scripted:
    """The running server: where it is, and what it has seen."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.sockets = 0
        self.base_url = ""
        self.in_flight = 0
        self.most_in_flight = 0
        self.closing = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self.tasks.add(task)
        self.sockets += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client or the test has left
        finally:
            self.tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        """End every connection, however long it was to stall."""
        self.closing.set()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*list(self.tasks), return_exceptions=True)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = await _read(reader)
        self.seen.append(seen)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            reply = self.script(seen)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), reply.stall)
        finally:
            self.in_flight -= 1
        if reply.drop:
            return False
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(head.encode() + b"\r\n" + reply.body[: reply.cut])
        await writer.drain()
        return reply.cut is None


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body)


@asynccontextmanager
async def scripted(script: Script | Sequence[Reply]) -> AsyncGenerator[Scripted]:
    """Serve on loopback. A list of replies is used up one by one, the last one for ever."""
    server = Scripted(script if callable(script) else _one_by_one(script))
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listener:
        server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield server
        finally:
            await server.close()


def _one_by_one(replies: Sequence[Reply]) -> Script:
    left = list(replies)

    def next_reply(_: Seen) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return next_reply
