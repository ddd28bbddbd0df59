"""The talk with the server of the shared limits: broken without a word, late, and on another event loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast
from urllib.parse import urlsplit

import pytest

from xero_async.pacing import Limits
from xero_async.pacing.exchange import Ask, Flags, Reply, Rules, given_back
from xero_async.pacing.link import Link
from xero_async.pacing.shared import RedisLimits
from xero_async.wire.errors import LimitsUnavailable


class Way:
    """A way to a server whose connections can fall silent, as behind a router that has forgotten them."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._host, self._port, self._rest = parts.hostname, parts.port, parts.path
        self.url = ""
        self.opened = 0
        self._heard: list[asyncio.Event] = []
        self._served: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Way]:
        """Let it be used."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with listener:
            self.url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}{self._rest}"
            yield self
            for task in self._served:
                task.cancel()
            await asyncio.gather(*self._served, return_exceptions=True)

    def fall_silent(self) -> None:
        """Nothing that is open now carries a byte any more."""
        for heard in self._heard:
            heard.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._served.add(cast("asyncio.Task[None]", asyncio.current_task()))
        heard = asyncio.Event()
        heard.set()
        self._heard.append(heard)
        self.opened += 1
        to_read, to_write = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(_carry(reader, to_write, heard), _carry(to_read, writer, heard))
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            for each in (writer, to_write):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            await heard.wait()
            writer.write(data)
    writer.close()


async def turn(limits: RedisLimits, tenant: str) -> None:
    """Take a turn, and end it."""
    (await limits.acquire(tenant)).release()


async def test_a_silent_break_costs_one_talk(shared_server: str, app: str) -> None:
    """Of all connections none is trusted any more once one has brought no answer: the next talk goes well."""
    async with Way(shared_server).open() as way, RedisLimits(way.url, app=app, timeout=0.3) as limits:
        await turn(limits, "a")
        await asyncio.gather(*(turn(limits, tenant) for tenant in "abc"))
        assert way.opened > 1
        way.fall_silent()
        with pytest.raises(LimitsUnavailable):
            await turn(limits, "a")
        await turn(limits, "a")
        await asyncio.gather(*(turn(limits, tenant) for tenant in "abc"))


async def test_a_question_that_comes_too_late_is_void(shared_server: str, app: str) -> None:
    """Calls that were given back, since nobody heard of a grant, are not granted when the question comes after all."""
    link, rules = Link(shared_server, 2.0, None), Rules(app, Limits(), "process", 60.0, 0)

    async def say(words: str) -> Reply:
        (raw,) = await link.run([(rules.keys("t"), rules.arguments("t", "", words))])
        return Reply.read(raw)

    await say(given_back("process:3", Flags()) + given_back("process:4", Flags()))
    late = await say(Ask(interactive=1, bulk=1, is_new=True, waiting=1, first=3).text)
    assert late.grants == ([], [])
    assert late.remaining.in_flight == 0
    asked = await say(Ask(interactive=1, bulk=0, is_new=True, waiting=0, first=5).text)
    assert [grant.id for grant in asked.grants[0]] == ["process:5"]
    taken_back = await say(given_back("process:5", Flags(probe=True)))
    assert taken_back.remaining.in_flight == 0
    again = await say(Ask(interactive=1, bulk=0, is_new=True, waiting=0, first=6).text)
    assert [grant.id for grant in again.grants[0]] == ["process:6"]
    await link.rest()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the connections that the first loop left open
def test_another_event_loop_hears_nothing_of_the_one_before(shared_server: str, app: str) -> None:
    """Limits whose loop was closed with connections open serve the next one, to whose program nothing is reported."""
    limits, reported = RedisLimits(shared_server, app=app), list[object]()

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
        await turn(limits, "t")
        gc.collect()

    asyncio.run(main())
    asyncio.run(main())
    assert reported == []

    async def end() -> None:
        await limits.acquire("t")
        await limits.aclose()

    asyncio.run(end())
    asyncio.run(end())
