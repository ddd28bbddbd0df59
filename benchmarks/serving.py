"""Servers for the benchmarks, each a process of its own, so that what is measured is the client alone.

    python -m benchmarks.serving            answers every call with an invented page of invoices
    python -m benchmarks.serving JSON       this project's stand-in for Xero, with these options

The first answers at once and with prepared bytes: nothing of it is worth measuring. A Redis is that of the system.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress

import msgspec
from msgspec import Struct

from benchmarks.samples import invoices_page
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

SIZE = re.compile(rb"[?&]pageSize=(\d+)[& ]")


class Options(Struct, frozen=True, kw_only=True):
    """What a sandbox is told."""

    contacts: int = 0
    invoices: int = 0
    limits: SandboxLimits | None = None
    faults: tuple[Fault, ...] = ()
    latency: float = 0.0
    log_size: int = 0
    seed: int = 1


def page_server() -> AbstractContextManager[str]:
    """Gives the address of a server that answers with invoices, `pageSize` of them; it stays where `pin` keeps it."""
    return _child()


def pin() -> None:
    """Keep this process to one core, the same for all that ask, where the system can.

    A client and a server that answer each other in turn lose nothing by it. On two cores each call wakes up the other
    one, which costs as much as half a small call, and whether it does depends on where the processes happen to be.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def sandbox_server(options: Options) -> AbstractContextManager[str]:
    """Gives the line by which a sandbox tells where it is."""
    return _child(msgspec.json.encode(options).decode())


@contextmanager
def _child(*arguments: str) -> Generator[str]:
    """A server that tells something in its first line and ends with its input."""
    command, pipe = [sys.executable, "-m", "benchmarks.serving", *arguments], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


REDIS = ("redis-server", "valkey-server")
"""Programs that will do."""


@contextmanager
def redis_server() -> Generator[str]:
    """Gives the address of a Redis that keeps nothing; one of the programs must be installed."""
    path = next(found for name in REDIS if (found := shutil.which(name)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _await_port(port)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.kill()


def _await_port(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")


async def serve_pages() -> None:
    """Answer on a free port, which is printed, until standard input ends."""
    pin()
    pages: dict[int, bytes] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                found = SIZE.search(request.split(b"\r\n", 1)[0])
                size = int(found[1]) if found else 1
                if size not in pages:
                    pages[size] = _answer(invoices_page(size))
                writer.write(pages[size])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 20)
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await _end_of_input()


def _answer(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nX-MinLimit-Remaining: 999999\r\n"
        "X-DayLimit-Remaining: 99999999\r\nX-AppMinLimit-Remaining: 999999999\r\n"
        f"Xero-Correlation-Id: 6e5ac4b1-0f2d-4c54-9c4e-3d4a3e1fd3a7\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def serve_sandbox(options: Options) -> None:
    """Run a sandbox, print where it is, and end with standard input."""
    async with Sandbox(**msgspec.structs.asdict(options)) as sandbox:
        print(msgspec.json.encode(sandbox.announcement()).decode(), flush=True)
        await _end_of_input()


async def _end_of_input() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve_sandbox(msgspec.json.decode(sys.argv[1], type=Options)))
    else:
        asyncio.run(serve_pages())
