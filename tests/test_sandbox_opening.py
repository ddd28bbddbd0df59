"""What a sandbox's file is to be: its own, of its version, held by one process, whatever seed it is opened with."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import aiohttp
import pytest
from sandbox_client import Client, Reply, send_once

from xero_async.sandbox import Sandbox
from xero_async.wire.errors import InvalidArgument


async def reached(store: Path, *, seed: int = 1, tenants: int = 1, leave: int | None = None) -> list[tuple[int, int]]:
    """What the announced credentials reach on a file: for each announced tenant the call's status, its contacts.

    With `leave`, the connection to the tenant of that place is ended first.
    """
    async with (
        Sandbox(store=str(store), seed=seed, tenants=tenants, contacts=2 + seed, limits=None) as sandbox,
        aiohttp.ClientSession(middlewares=[send_once]) as http,
    ):
        client = Client(sandbox, http)
        await client.sign_in()
        if leave is not None:
            connections = (await client.send("GET", "/connections")).json()
            left = next(each["id"] for each in connections if each["tenantId"] == sandbox.tenants[leave])
            await client.send("DELETE", f"/connections/{left}")
        replies: list[Reply] = []
        for client.tenant in sandbox.tenants:
            replies.append(await client.call("GET", "/Contacts?page=1"))
        sandbox.restore(sandbox.snapshot())
        return [(each.status, len(each.json().get("Contacts", ()))) for each in replies]


async def test_what_is_announced_works_on_a_file_of_before(tmp_path: Path) -> None:
    """More tenants, fewer, or another seed on one file: the announced client reaches the announced tenants."""
    file = tmp_path / "store.db"
    assert await reached(file) == [(200, 3)]
    assert await reached(file, tenants=2) == [(200, 3), (200, 3)]
    assert await reached(file) == [(200, 3)]
    assert await reached(file, seed=2) == [(200, 4)]
    assert await reached(file) == [(200, 3)]


async def test_a_connection_that_was_ended_is_not_made_again(tmp_path: Path) -> None:
    """New tenants are connected from the start; one whose connection was ended is not, at the next start or later."""
    file = tmp_path / "store.db"
    assert await reached(file, leave=0) == [(403, 0)]
    for _ in range(2):
        assert await reached(file, tenants=2) == [(403, 0), (200, 3)]


async def test_a_file_is_held_by_one_sandbox(tmp_path: Path) -> None:
    """A second sandbox on a file is refused while the first one serves it, and let in afterwards."""
    file = str(tmp_path / "store.db")
    async with Sandbox(store=file):
        with pytest.raises(InvalidArgument, match=r"another process holds the store .*store\.db"):
            await Sandbox(store=file).__aenter__()
    async with Sandbox(store=file):
        pass


async def test_the_file_of_another_program(tmp_path: Path) -> None:
    """A database of something else is refused, and not a byte of it is changed."""
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE pictures (name TEXT)")
    db.close()
    before = file.read_bytes()
    with pytest.raises(InvalidArgument, match="a database of something else"):
        await Sandbox(store=str(file)).__aenter__()
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["other.db"]


async def test_the_file_of_another_version(tmp_path: Path) -> None:
    """A file with other tables, or whose kept values have another form, is refused with what to do."""
    file = tmp_path / "store.db"
    async with Sandbox(store=str(file)):
        pass
    for change, told in [
        ("INSERT INTO kept VALUES ('clock', 'clock', x'c0')", "is of another version"),
        ("PRAGMA user_version=7", "begin with a new file"),
    ]:
        db = sqlite3.connect(file, isolation_level=None)
        db.execute(change)
        db.close()
        with pytest.raises(InvalidArgument, match=told):
            await Sandbox(store=str(file)).__aenter__()


async def test_a_store_without_a_name() -> None:
    """SQLite would take an empty path for a file that vanishes; here it is refused."""
    with pytest.raises(InvalidArgument, match="the path of a file"):
        await Sandbox(store="").__aenter__()
