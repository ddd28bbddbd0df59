"""A sandbox in a process of its own, so that client and server each have a core."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import IO

import aiohttp
import msgspec
from msgspec import Struct

from ..sandbox import Counters
from .running import CommandError

__all__ = ["Announcement", "counters_of", "sandbox_process"]

PACKAGE = __name__.partition(".")[0]
PATIENCE = 5.0
"""Seconds that a sandbox has to stop by itself."""


class Announcement(Struct, frozen=True):
    """The line of JSON with which a sandbox says that it is ready."""

    base_url: str
    identity_url: str
    client_id: str
    client_secret: str
    tenants: list[str]


@asynccontextmanager
async def sandbox_process(*options: str) -> AsyncGenerator[Announcement]:
    """Run `xero-async sandbox` with options, and end it whatever happens. Raises `CommandError` where it fails."""
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", PACKAGE, "sandbox", "--attached", *options),
            stdin=PIPE,  # its end tells the sandbox that this process is gone, even when it was killed
            stdout=PIPE,
            stderr=said,
            start_new_session=True,  # a Ctrl-C in the terminal is for this process alone, which then ends the other
        )
        try:
            yield await _ready(process, said)
        finally:
            await _end(process)


async def _ready(process: Process, said: IO[bytes]) -> Announcement:
    assert process.stdout is not None
    line = await process.stdout.readline()
    try:
        return msgspec.json.decode(line, type=Announcement)
    except msgspec.DecodeError:
        said.seek(0)
        last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
        raise CommandError(f"the sandbox did not start: {last}") from None


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def counters_of(sandbox: Announcement) -> Counters:
    """What a sandbox has counted, asked of it over HTTP."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{sandbox.base_url}/sandbox/counters", raise_for_status=True) as answer,
    ):
        return msgspec.json.decode(await answer.read(), type=Counters)
