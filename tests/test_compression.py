"""Answers that come compressed: unpacked whole or in pieces, by either library, and refused where they are damaged."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Reply, Scripted, scripted

from xero_async import NotFound, RetryPolicy, StaticToken, Tenant, TransportError, Xero
from xero_async.wire import compression
from xero_async.wire.compression import Unpacker, packed, unpacked

ENGINES = ["zlib", *(["isal.isal_zlib"] if find_spec("isal") else [])]
MANY = [{"InvoiceNumber": f"N-{number}", "Reference": Random(number).randbytes(30).hex()} for number in range(3000)]
LARGE = msgspec.json.encode({"Invoices": MANY})
SMALL = b'{"Invoices": [{"InvoiceNumber": "N-1"}]}'
DAMAGED = r"not packed as it says|the end is missing"
ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"


@pytest.fixture(params=ENGINES)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "engine", import_module(request.param))


def reply(body: bytes, coding: str = "gzip", status: int = 200) -> Reply:
    """An answer of that coding."""
    return Reply(status=status, body=body, headers={"Content-Encoding": coding})


@asynccontextmanager
async def client(server: Scripted, http: aiohttp.ClientSession | None = None) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server and tries twice."""
    retry = RetryPolicy(attempts=2, base=0.005, cap=0.02)
    async with Xero(StaticToken("t"), base_url=server.base_url, retry=retry, http=http) as xero:
        yield xero.tenant("tenant")


def in_pieces(body: bytes, piece: int, most: int) -> list[bytes]:
    """Unpacked in pieces of so many bytes."""
    unpacker = Unpacker(most)
    found = [part for start in range(0, len(body), piece) for part in unpacker.feed(body[start : start + piece])]
    unpacker.end()
    return found


# -- the coding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@given(
    bodies=st.lists(st.binary(max_size=300), max_size=3), piece=st.integers(1, 40), most=st.sampled_from([0, 1, 7, 999])
)
def test_whatever_was_packed_comes_back(engine: str, bodies: list[bytes], piece: int, most: int) -> None:
    """Any bodies, packed one after another by either library: whole, or in pieces no larger than was asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "engine", import_module(engine))
        sent = b"".join(packed(body) if number % 2 else gzip.compress(body) for number, body in enumerate(bodies))
        assert unpacked(sent) == b"".join(bodies)
        found = in_pieces(sent, piece, most)
        assert b"".join(found) == b"".join(bodies)
        assert not most or max(map(len, found), default=0) <= most


@pytest.mark.usefixtures("_engine")
def test_nothing_that_is_cut_off_or_damaged_passes_for_whole() -> None:
    """Each end that is missing, a byte that was changed, and what is no gzip at all raise."""
    sent = packed(SMALL)
    for length in range(1, len(sent)):
        with pytest.raises(ValueError, match=DAMAGED):
            unpacked(sent[:length])
        with pytest.raises(ValueError, match=DAMAGED):
            in_pieces(sent[:length], 5, 8)
    for damaged in (sent[:-6] + bytes([sent[-6] ^ 1]) + sent[-5:], sent + b"rest", SMALL):
        with pytest.raises(ValueError, match=DAMAGED):
            unpacked(damaged)


# -- over the wire ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_engine")
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("coding", ["gzip", "identity, GZIP", "x-gzip", "deflate", "identity", "", "utf-8", None])
async def test_an_answer_is_read_however_it_was_packed(body: bytes, coding: str | None) -> None:
    """gzip is asked for and unpacked, large answers too; what was not packed is read as it is, and all is counted."""
    is_gzip = coding is not None and "gzip" in coding.lower()
    sent = packed(body) if is_gzip else zlib.compress(body) if coding == "deflate" else body
    answer = Reply(body=sent) if coding is None else reply(sent, coding)
    async with scripted([answer]) as server, client(server) as tenant:
        page = await tenant.invoices.list()
        assert len(page) == len(msgspec.json.decode(body)["Invoices"])
        assert tenant.usage.received == len(sent)
    assert server.seen[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("takes_over", [True, False])
async def test_a_session_of_the_users_own_unpacks_as_it_was_made_to(takes_over: bool) -> None:
    """One that unpacks by itself asks as its owner says; for one that does not, it is done here."""
    async with (
        aiohttp.ClientSession(auto_decompress=not takes_over, headers={"Accept-Encoding": "deflate"}) as http,
        scripted([reply(packed(SMALL))]) as server,
        client(server, http) as tenant,
    ):
        assert len(await tenant.invoices.list()) == 1
    assert server.seen[0].headers["accept-encoding"] == ("gzip" if takes_over else "deflate")


@pytest.mark.parametrize(
    "answer",
    [
        reply(packed(SMALL)[:-4]),
        reply(packed(LARGE)[:-4]),
        reply(SMALL),
        reply(SMALL, "br"),
        reply(packed(packed(SMALL)), "gzip, gzip"),
    ],
    ids=["cut off", "large, cut off", "no gzip", "another coding", "two codings"],
)
async def test_a_damaged_answer_is_a_lost_one(answer: Reply) -> None:
    """It is drawn again, and told as no answer when it comes so twice."""
    async with scripted([answer, reply(packed(SMALL))]) as server, client(server) as tenant:
        assert len(await tenant.invoices.list()) == 1
        assert len(server.seen) == 2
    async with scripted([answer]) as server, client(server) as tenant:
        with pytest.raises(TransportError):
            await tenant.invoices.list()


async def test_an_error_is_told_by_its_status_whatever_its_body_is() -> None:
    """A 404 is one with a packed body, whose words are read, and with one that cannot be unpacked."""
    words = packed(b'{"Title": "Gone", "Detail": "no such invoice"}')
    async with scripted([reply(words, status=404), reply(b"no", status=404)]) as server, client(server) as tenant:
        with pytest.raises(NotFound, match="no such invoice"):
            await tenant.invoices.get(ID)
        with pytest.raises(NotFound):
            await tenant.invoices.get(ID)


@pytest.mark.parametrize("coding", ["gzip", "br"])
async def test_an_empty_body_is_empty(coding: str) -> None:
    """An answer without a body may say how it would be packed, and is one without a body."""
    async with scripted([reply(b"", coding, 204)]) as server, client(server) as tenant:
        await tenant.items.delete(ID)


async def test_no_thread_of_the_programs_is_waited_for() -> None:
    """A large answer is unpacked while the loop's own threads are all taken, and once they are there no more."""
    async with scripted([reply(packed(LARGE))]) as server, client(server) as tenant:
        loop, pool, free = asyncio.get_running_loop(), ThreadPoolExecutor(1), threading.Event()
        loop.set_default_executor(pool)
        taken = loop.run_in_executor(None, free.wait)
        assert len(await tenant.invoices.list()) == len(MANY)
        free.set()
        await taken
        pool.shutdown()
        assert len(await tenant.invoices.list()) == len(MANY)


async def test_one_that_was_closed_and_is_opened_again_unpacks_as_before() -> None:
    """A `Xero` may be entered twice."""
    async with scripted([reply(packed(LARGE))]) as server:
        xero = Xero(StaticToken("t"), base_url=server.base_url)
        for _ in range(2):
            async with xero:
                assert len(await xero.tenant("tenant").invoices.list()) == len(MANY)


def test_a_library_that_cannot_be_imported_is_not_used(tmp_path: Path) -> None:
    """A package that only has its name, or is broken, does no harm."""
    (tmp_path / "isal").mkdir()
    (tmp_path / "isal" / "__init__.py").touch()
    code = "from xero_async.wire.compression import engine; print(engine.__name__)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert told.stdout == "zlib\n"


@pytest.mark.usefixtures("_engine")
async def test_a_packed_file_is_saved_unpacked_and_a_damaged_one_drawn_again(tmp_path: Path) -> None:
    """A file goes to the disk as it was before it was packed, in pieces; one that was cut off costs an attempt."""
    content = bytes(range(256)) * 8192 + Random(1).randbytes(600_000)
    replies = [reply(packed(content)[:-9]), reply(b"no gzip"), reply(packed(content)), Reply(body=content)]
    async with scripted(replies) as server, client(server) as tenant:
        save = tenant.invoices.attachments.save
        with pytest.raises(TransportError):
            await save(tmp_path / "never", ID, ID)
        for name in ("packed", "plain"):
            assert (await save(tmp_path / name, ID, ID)).read_bytes() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["packed", "plain"]
