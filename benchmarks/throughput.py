"""CPU of a call: through the session, beside bare aiohttp with the same decoder, in one run.

    python -m benchmarks.throughput

A server in a process of its own answers every call with the same page of invoices. Both sides take turns in blocks of
calls, so that a drifting machine drifts for both; what counts is this process's CPU time, not the clock on the wall.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

import aiohttp

from benchmarks.samples import invoices_page
from xero_async import Limits, StaticToken, Xero, models
from xero_async.wire import decode

BLOCKS, CALLS = 15, 40
SIZES = (1, 100)
"""Invoices a page: a small answer, where the call itself counts, and Xero's default page."""

NO_LIMITS = Limits(concurrent=1000, minute=1_000_000, day=100_000_000, app_minute=1_000_000_000)
TENANT = "1a2b3c4d-0000-4000-8000-000000000000"


async def serve() -> None:
    """Answer on a free port, which is printed, until standard input ends."""
    pages = {f"pageSize={size}".encode(): _answer(invoices_page(size)) for size in SIZES}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                line = request.split(b"\r\n", 1)[0]
                writer.write(next(page for name, page in pages.items() if name + b" " in line))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 20)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _answer(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nX-MinLimit-Remaining: 999999\r\n"
        "X-DayLimit-Remaining: 99999999\r\nX-AppMinLimit-Remaining: 999999999\r\n"
        f"Xero-Correlation-Id: 6e5ac4b1-0f2d-4c54-9c4e-3d4a3e1fd3a7\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def measure(port: int) -> None:
    """Print the CPU of a call on both sides, and the ratio."""
    base_url = f"http://127.0.0.1:{port}"
    async with Xero(StaticToken("token"), base_url=base_url, limits=NO_LIMITS) as xero, aiohttp.ClientSession() as http:
        tenant = xero.tenant(TENANT)
        headers = {"Authorization": "Bearer token", "Xero-Tenant-Id": TENANT, "Accept": "application/json"}

        for size in SIZES:

            async def through_session(size: int = size) -> int:
                return len(await tenant.invoices.list(page_size=size))

            async def bare(size: int = size) -> int:
                url = f"{base_url}/api.xro/2.0/Invoices?page=1&pageSize={size}"
                async with http.get(url, headers=headers) as response:
                    return len(decode(models.Invoices, await response.read()).invoices or ())

            ours, theirs = await _alternate(through_session, bare)
            print(
                f"page of {size:3}: {ours * 1e6:7.0f} µs CPU a call through the session, "
                f"{theirs * 1e6:7.0f} µs by bare aiohttp: {ours / theirs:.2f} times that"
            )


async def _alternate(*calls: Callable[[], Awaitable[int]]) -> list[float]:
    """The median CPU seconds of a call, for each kind of call."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(BLOCKS):
        for call, taken in zip(calls, times, strict=True):
            start = time.process_time()
            for _ in range(CALLS):
                await call()
            taken.append((time.process_time() - start) / CALLS)
    return [median(taken) for taken in times]


async def main() -> None:
    """Start the server and measure against it."""
    command = (sys.executable, "-m", "benchmarks.throughput", "--serve")
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        await measure(int(await server.stdout.readline()))
    finally:
        server.stdin.close()
        await server.wait()


if __name__ == "__main__":
    asyncio.run(serve() if "--serve" in sys.argv else main())
