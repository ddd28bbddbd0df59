"""A proxy between client and server that breaks connections at a chosen byte, and writes down all that it sees.

It reads a request whole, asks its plan what is to go wrong, passes on as much of the request and of the answer as the
plan leaves, and then ends both connections at once, in good order (FIN) or without (RST), or lets the client wait. It
knows neither of the two beyond HTTP's framing by `Content-Length`, so what it has written down is an observer's view.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal, NamedTuple, cast
from urllib.parse import urlsplit

from msgspec import Struct

__all__ = ["Cut", "CuttingProxy", "Exchange", "cutting"]

LIMIT = 1 << 22
"""The longest head or line that is read, in bytes."""

LINGER = struct.pack("ii", 1, 0)


class Cut(Struct, frozen=True, kw_only=True):
    """Where a message is broken, and how."""

    of: Literal["request", "answer"]
    at: int
    """Bytes of the message that still arrive; all of them where it has fewer."""
    how: Literal["fin", "rst", "stall", "dribble"] = "fin"
    seconds: float = 0.0
    """How long a stall lasts, after which the rest follows; or how long each byte of the rest takes to dribble."""


class Exchange(Struct, kw_only=True):
    """A request, and what became of it. Times are the loop's."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    arrived: float
    left: float | None = None
    """When the last byte of its answer went on, or the connection ended."""
    served: bool = False
    """Whether the whole request went on to the server."""
    status: int | None = None
    """The status that the server answered."""
    whole: bool = False
    """Whether the whole answer went on to the client."""
    cut: Cut | None = None
    request_bytes: int = 0
    answer_bytes: int = 0
    """Bytes that the server answered, which may itself have broken off."""
    answer: bytes = b""
    """The first bytes of the answer, head included."""

    @property
    def key(self) -> str | None:
        """Its idempotency key."""
        return self.headers.get("idempotency-key")

    @property
    def tenant(self) -> str | None:
        """The tenant that it names."""
        return self.headers.get("xero-tenant-id")


Plan = Callable[[Exchange], Cut | None]
"""Says of a request, before anything of it went on, what is to go wrong."""


class _End(NamedTuple):
    """One of the two connections that a proxy stands between."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class CuttingProxy:
    """The running proxy: where it is, and what it has seen."""

    def __init__(self, server: str, plan: Plan) -> None:
        parts = urlsplit(server)
        self._server = (parts.hostname or "", parts.port or 80)
        self.plan = plan
        self.seen: list[Exchange] = []
        self.base_url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client's, with one of its own to the server."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        client = _End(reader, writer)
        server = None
        try:
            alive = True
            while alive:
                head, body = await _message(reader)
                if server is None or server.reader.at_eof():
                    await _closed(server)
                    server = _End(*await asyncio.open_connection(*self._server, limit=LIMIT))
                alive = await self._pass_one(head, body, client, server)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # one of the two, or the test, has left
        finally:
            self._tasks.discard(task)
            await _closed(client, server)

    async def close(self) -> None:
        """End every connection, however long it was to stall."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def _pass_one(self, head: bytes, body: bytes, client: _End, server: _End) -> bool:
        """Pass on one request and its answer; return whether another may follow."""
        exchange = _exchange(head, body)
        self.seen.append(exchange)
        exchange.cut = cut = self.plan(exchange)
        try:
            exchange.served = await _pass_on(head + body, cut if cut and cut.of == "request" else None, server, client)
            if not exchange.served or (cut and cut.of == "request" and cut.how in ("fin", "rst")):
                _end(cut, client, server)
                return False
            try:
                head, body = await _message(server.reader)
            except asyncio.IncompleteReadError as error:
                _note(exchange, error.partial)
                client.writer.write(error.partial)
                await client.writer.drain()
                return False
            _note(exchange, head + body)
            exchange.whole = await _pass_on(head + body, cut if cut and cut.of == "answer" else None, client, client)
            if not exchange.whole or (cut and cut.of == "answer" and cut.how in ("fin", "rst")):
                _end(cut, client, server)
                return False
        finally:
            exchange.left = asyncio.get_running_loop().time()
        return b"\r\nconnection: close\r\n" not in head.lower()


def _note(exchange: Exchange, answer: bytes) -> None:
    exchange.answer_bytes, exchange.answer = len(answer), answer[:2048]
    if b"\r\n" in answer:
        exchange.status = int(answer.split(b" ", 2)[1])


def _exchange(head: bytes, body: bytes) -> Exchange:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Exchange(
        method=method,
        target=target,
        headers=headers,
        body=body,
        arrived=asyncio.get_running_loop().time(),
        request_bytes=len(head) + len(body),
    )


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read a head and a body. What there was of a broken message is in the error."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    try:
        return head, await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise asyncio.IncompleteReadError(head + error.partial, None) from error


async def _pass_on(message: bytes, cut: Cut | None, to: _End, client: _End) -> bool:
    """Write a message as far as the cut lets it; return whether all of it went."""
    to.writer.write(message[: cut.at] if cut else message)
    await to.writer.drain()
    rest = message[cut.at :] if cut else b""
    if cut is None or not rest:
        # Where nothing is left there is nothing to wait for: the client may already send its next request.
        return True
    if cut.how in ("fin", "rst"):
        return False
    for piece in [rest] if cut.how == "stall" else [rest[at : at + 1] for at in range(len(rest))]:
        if await _leaves(client, cut.seconds):
            return False
        to.writer.write(piece)
        await to.writer.drain()
    return True


async def _leaves(client: _End, seconds: float) -> bool:
    """Wait, and return whether the client has left meanwhile; it sends nothing while it waits for an answer."""
    try:
        return not await asyncio.wait_for(client.reader.read(1), seconds)
    except TimeoutError:
        return False


def _end(cut: Cut | None, *ends: _End) -> None:
    if cut is not None and cut.how == "rst":
        for end in ends:
            # A socket that does not linger sends RST when it is closed.
            end.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            end.writer.transport.abort()


async def _closed(*ends: _End | None) -> None:
    for end in filter(None, ends):
        end.writer.close()
    for end in filter(None, ends):
        with suppress(ConnectionError, asyncio.CancelledError):
            await end.writer.wait_closed()


@asynccontextmanager
async def cutting(server: str, plan: Plan = lambda _: None) -> AsyncGenerator[CuttingProxy]:
    """Stand before the server at a URL, on loopback."""
    proxy = CuttingProxy(server, plan)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=LIMIT)
    async with listener:
        proxy.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield proxy
        finally:
            await proxy.close()
