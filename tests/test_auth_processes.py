"""One sign-in and many processes: one refresh between them, and whoever is killed leaves a token that works."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from refreshing import session
from test_auth_code import HOME, SCOPES, browse, opened

from xero_async import PKCE, FileStore
from xero_async.sandbox import Sandbox

HERE = Path(__file__).parent
KILLS = int(os.environ.get("XERO_ASYNC_KILLS", "12"))
"""Random kills; `nox -s kills` has a thousand."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills as POSIX has them")


@asynccontextmanager
async def signed_in(path: Path, *, token_life: float = 1800.0) -> AsyncGenerator[Sandbox]:
    """A sandbox with a sign-in in a file."""
    async with Sandbox(limits=None, automatic_consent=True, token_life=token_life) as sandbox:
        auth = PKCE(sandbox.apps[2].client_id, redirect_uri=HOME, scopes=SCOPES, store=FileStore(path))
        async with opened(sandbox, auth) as xero:
            started = xero.start_sign_in()
            await xero.finish_sign_in(started, await browse(started.url))
        yield sandbox


@asynccontextmanager
async def process(mode: str, path: Path, sandbox: Sandbox, *more: str) -> AsyncGenerator[Process]:
    """A process of `refreshing.py`."""
    command = [str(HERE / "refreshing.py"), mode, str(path), sandbox.base_url, sandbox.apps[2].client_id, *more]
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def test_eight_processes_of_fifty(tmp_path: Path) -> None:
    """8 processes of 50 coroutines meet an expired token at once: one refresh, and all 400 calls go well."""
    path = tmp_path / "tokens.json"
    async with signed_in(path) as sandbox:
        processes = [process("crowd", path, sandbox, "50") for _ in range(8)]
        children = [await each.__aenter__() for each in processes]
        try:
            for child in children:
                assert child.stdout is not None
                assert await child.stdout.readline() == b"ready\n"
            sandbox.advance(1800)
            answers = await asyncio.gather(*(child.communicate(b"go\n") for child in children))
        finally:
            for each in processes:
                await each.__aexit__(None, None, None)
        assert [int(told) for told, _ in answers] == [50] * 8
        assert sandbox.counters.tokens == 2
        # Each call once, and once more at most, after the 401 of the old token.
        assert sandbox.counters.calls <= 2 * 400


async def works(path: Path, sandbox: Sandbox) -> bool:
    """Whether the token in the store can still be refreshed."""
    async with session(str(path), sandbox.base_url, sandbox.apps[2].client_id) as xero:
        return bool(await xero.connections())


async def killed(child: Process, how: str) -> bool:
    """Have a process killed; whether it was, rather than having ended by itself."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{how}\n".encode())
    return await child.stdout.readline() == b"killed\n"


async def test_killed_at_each_step(tmp_path: Path) -> None:
    """Whichever call of the system a refresh is killed before or after, the store holds a token that works."""
    path, step, refreshes = tmp_path / "tokens.json", 0, 0
    # Tokens are old to the client when they come, and good for a while to the server: each call begins with a refresh.
    async with signed_in(path, token_life=0.99) as sandbox, process("forks", path, sandbox) as child:
        while refreshes < 3:  # the first, the one that is killed, and another when all its steps are through
            step += 1 if KILLS > 12 else 4
            before = sandbox.counters.tokens
            assert await killed(child, f"step {step}")
            refreshes = sandbox.counters.tokens - before
            assert await works(path, sandbox)
    assert step > 30


async def test_killed_at_random(tmp_path: Path) -> None:
    """Whenever a process is killed amid refreshes, the store holds a token that works."""
    path, chance = tmp_path / "tokens.json", random.Random(7)
    async with signed_in(path, token_life=0.99) as sandbox, process("forks", path, sandbox) as child:
        for _ in range(KILLS):
            assert await killed(child, f"after {chance.uniform(0.1, 0.3)}")
            assert await works(path, sandbox)
        assert sandbox.counters.tokens > 1 + KILLS * 3 // 2
