"""What a sandbox has answered outlives its process, however this ends, and nothing is done twice.

More kills than the few of the suite: `XERO_ASYNC_KILLS=100 pytest tests/test_sandbox_durable.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from sandbox_client import STILL, Client, invoices, send_once
from sandbox_engine import START, TENANT, sale

from xero_async.sandbox import Fault, Sandbox
from xero_async.sandbox.answers import Answer
from xero_async.sandbox.documents import Documents

KILLS = int(os.environ.get("XERO_ASYNC_KILLS", "3"))
WRITERS = 4
EMPTY: dict[str, list[dict[str, object]]] = {"Invoices": [{}]}
SERVE = [sys.executable, "-m", "xero_async", "sandbox", "--attached", "--limits", "off", "--seed", "1", "--store"]

needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


@asynccontextmanager
async def running_on(store: Path, token: str = "") -> AsyncGenerator[Client]:
    """A sandbox on a file, and a client of it with a token of before, or a new one; its clock stands."""
    async with (
        Sandbox(store=str(store), limits=None, clock=lambda: STILL, tenants=2) as sandbox,
        aiohttp.ClientSession(middlewares=[send_once]) as http,
    ):
        client = Client(sandbox, http)
        client.token = token
        if not token:
            await client.sign_in()
        yield client


async def test_keys_outlive_a_restart(tmp_path: Path) -> None:
    """The same key gives the same answer, good or bad, from the next process, and expires when it would have."""
    file = tmp_path / "store.db"
    async with running_on(file) as client:
        client.sandbox.inject([Fault(kind="500", at=(2,), method="PUT")])
        first = [await client.create("A-1", "good"), await client.create("A-2", "failed")]
        first.append(await client.call("PUT", "/Invoices", EMPTY, headers={"Idempotency-Key": "bad"}))
        assert [reply.status for reply in first] == [200, 500, 400]
    async with running_on(file) as client:
        again = [await client.create("A-1", "good"), await client.create("A-2", "failed")]
        again.append(await client.call("PUT", "/Invoices", EMPTY, headers={"Idempotency-Key": "bad"}))
        assert [reply[0:1] + reply[2:] for reply in again] == [reply[0:1] + reply[2:] for reply in first]
        assert (await client.create("A-9", "good")).status == 400
        assert client.sandbox.counters.documents[client.tenant]["Invoices"] == 1
        client.sandbox.advance(360)
        assert (await client.create("A-2", "failed")).status == 200
    async with running_on(file) as client:
        assert len(client.sandbox.documents.kept.all("keys")) == 1


async def test_tokens_connections_and_the_clock_outlive_a_restart(tmp_path: Path) -> None:
    """A token still works and still expires, a connection that was ended stays ended, and the clock is as far ahead."""
    file = tmp_path / "store.db"
    async with running_on(file) as client:
        connections = (await client.send("GET", "/connections")).json()
        await client.send("DELETE", f"/connections/{connections[1]['id']}")
        client.sandbox.advance(1000)
        token = client.token
    async with running_on(file, token) as client:
        assert client.sandbox.now() == STILL + 1000
        assert [each["id"] for each in (await client.send("GET", "/connections")).json()] == [connections[0]["id"]]
        client.sandbox.advance(800)
        assert (await client.call("GET", "/Invoices")).status == 401
        client.sandbox.clock.freeze()
    async with running_on(file, token) as client:
        assert client.sandbox.clock.state.frozen == STILL + 1800


def test_a_write_and_the_answer_of_its_key_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    """The files as a kill would leave them: just before the end of a write they hold neither, just after it both."""

    def kill(to: str) -> None:
        for part in ("", "-wal"):
            shutil.copyfile(f"{tmp_path}/store.db{part}", f"{tmp_path}/{to}.db{part}")

    def keep(answer: Answer) -> None:
        documents.kept.put("keys", "key", answer.body)
        kill("before")

    def kept_in(name: str) -> tuple[int, int]:
        found = Documents(f"{tmp_path}/{name}.db", now=lambda: START)
        try:
            return found.counts(TENANT)["Invoices"], len(found.kept.all("keys"))
        finally:
            found.close()

    documents = Documents(f"{tmp_path}/store.db", now=lambda: START)
    documents.add_tenant(TENANT, "Demo Company")
    body = msgspec.json.encode({"Invoices": [sale()]})
    answer = documents.execute("createInvoices", TENANT, {}, {}, {}, body, "application/json", keep)
    kill("after")
    documents.close()
    assert answer.status == 200
    assert (kept_in("before"), kept_in("after")) == ((0, 0), (1, 1))


class Writer:
    """Writes one bill after the other, each under a key of its own, and remembers what was answered."""

    def __init__(self, http: aiohttp.ClientSession, name: str) -> None:
        self.http = http
        self.name = name
        self.count = 0
        self.answers: dict[str, bytes] = {}
        """What was answered, by number of the bill, which is the key too."""
        self.open: str | None = None
        """The number of the bill that has been sent and not been answered."""

    async def write(self, told: dict[str, Any], number: str) -> None:
        """Send a bill, for the first time or again; an answer that differs from an earlier one is an error."""
        self.open = number
        (bill,) = invoices(number)["Invoices"]
        headers = {
            "Authorization": f"Bearer {told['token']}",
            "Xero-Tenant-Id": told["tenants"][0],
            "Idempotency-Key": number,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = msgspec.json.encode({"Invoices": [bill | {"Type": "ACCPAY"}]})
        async with self.http.put(f"{told['base_url']}/api.xro/2.0/Invoices", data=body, headers=headers) as answer:
            content = await answer.read()
            assert answer.status == 200, content
        assert self.answers.setdefault(number, content) == content
        self.open = None

    async def hammer(self, told: dict[str, Any]) -> None:
        """Write until the connection breaks."""
        try:
            while True:
                self.count += 1
                await self.write(told, f"{self.name}-{self.count}")
        except aiohttp.ClientError:
            pass

    async def settle(self, told: dict[str, Any]) -> None:
        """Send again what was not answered, and the last that was."""
        for number in [*([self.open] if self.open else []), *list(self.answers)[-2:]]:
            await self.write(told, number)


@asynccontextmanager
async def served(store: Path, http: aiohttp.ClientSession, token: str = "") -> AsyncGenerator[dict[str, Any]]:
    """A sandbox in a process of its own, killed at the end."""
    process = await asyncio.create_subprocess_exec(*SERVE, str(store), stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        told: dict[str, Any] = msgspec.json.decode(await process.stdout.readline())
        form = {"grant_type": "client_credentials", **{name: told[name] for name in ("client_id", "client_secret")}}
        if not token:
            async with http.post(f"{told['identity_url']}/connect/token", data=form) as answer:
                token = (await answer.json())["access_token"]
        yield told | {"token": token}
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()


@needs_kill
async def test_kills_lose_nothing_that_was_answered_and_double_nothing(tmp_path: Path) -> None:
    """Writers are cut off by SIGKILL at random moments; after a restart each repeats its open write with its key.

    In the end every bill that was ever answered or repeated is there, once. The token of the first process serves all.
    """
    chance, store, token, unanswered = random.Random(), tmp_path / "store.db", "", 0
    async with aiohttp.ClientSession(middlewares=[send_once]) as http:
        writers = [Writer(http, f"W{number}") for number in range(WRITERS)]
        for _ in range(KILLS):
            async with served(store, http, token) as told:
                token = told["token"]
                await asyncio.gather(*(writer.settle(told) for writer in writers))
                hammering = [asyncio.create_task(writer.hammer(told)) for writer in writers]
                await asyncio.sleep(chance.uniform(0.01, 0.25))
            await asyncio.gather(*hammering)
            unanswered += sum(writer.open is not None for writer in writers)
        async with served(store, http, token) as told:
            await asyncio.gather(*(writer.settle(told) for writer in writers))
            async with http.get(f"{told['base_url']}/sandbox/state?resource=Invoices") as answer:
                state = (await answer.json())[told["tenants"][0]]
    there = Counter(invoice["InvoiceNumber"] for invoice in state["Invoices"])
    wanted = {number for writer in writers for number in writer.answers}
    assert len(wanted) > KILLS
    assert unanswered > 0
    assert there == Counter(wanted)
