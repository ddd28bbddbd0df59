"""Sessions that are left amid a refresh: its answer is waited for, and not for ever, and no task is left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from test_auth_code import line, opened, web

from xero_async import ClientCredentials, SessionClosed
from xero_async.sandbox import Fault
from xero_async.wire import Answer


async def test_leaving_amid_a_refresh() -> None:
    """Leaving the session lets a refresh end, since its answer must not be lost: the store has the new pair."""
    async with line() as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        made.sandbox.inject([Fault(kind="slow", operation="token", seconds=3)])
        auth = web(made.sandbox, made.store)
        xero = opened(made.sandbox, auth)
        async with xero:
            call = asyncio.create_task(xero.connections())
            await asyncio.sleep(1.5)
        assert made.refreshes == 1
        assert await made.store.load() != before
        await asyncio.gather(call, return_exceptions=True)


async def test_leaving_amid_a_refresh_that_takes_too_long() -> None:
    """After ten seconds the session ends a refresh, whose task is gone then; the old token is kept, and works."""
    async with line() as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        made.sandbox.inject([Fault(kind="slow", operation="token", seconds=60.0)])
        loop = asyncio.get_running_loop()
        async with opened(made.sandbox, web(made.sandbox, made.store)) as xero:
            call = asyncio.create_task(xero.connections())
            await asyncio.sleep(1)
            left = loop.time()
        assert 9.9 < loop.time() - left < 10.5
        assert not [task for task in asyncio.all_tasks() if "SingleFlight" in repr(task)]
        (end,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(end, SessionClosed)
        assert await made.store.load() == before
        made.sandbox.inject([])
        assert await made.call() == 3


async def test_leaving_amid_the_refresh_of_another_session() -> None:
    """A session that is left waits for no refresh but its own; one that waited for its refresh asks again itself."""
    async with line() as made:
        made.sandbox.advance(1800)
        made.sandbox.inject([Fault(kind="slow", operation="token", seconds=30.0)])
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        auth = web(made.sandbox, made.store)
        async with opened(made.sandbox, auth) as one:
            first = asyncio.create_task(one.connections())
            await asyncio.sleep(1)
            async with opened(made.sandbox, auth) as other:
                await asyncio.sleep(1)
            assert loop.time() - began < 3
            other = opened(made.sandbox, auth)
            await other.__aenter__()
            second = asyncio.create_task(other.connections())
            await asyncio.sleep(1)
        ends = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(ends[0], SessionClosed)
        assert isinstance(ends[1], list)
        await other.__aexit__(None, None, None)


def test_a_program_that_just_ends_is_told_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """When the loop itself ends amid signing in, as after a KeyboardInterrupt, no report of a lost error follows."""

    async def send(_: str, __: Mapping[str, str], ___: Mapping[str, str], /) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    async def program() -> None:
        token = asyncio.create_task(ClientCredentials("app", "secret").token(send))
        await asyncio.sleep(0.01)
        assert not token.done()

    asyncio.run(program())
    assert caplog.records == []
