"""What users of other clients suffer with refresh tokens that change at each use: none is lost here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from test_auth_code import Balky, line, native, web

from xero_async import TokenStoreError
from xero_async.auth import CodeFlow
from xero_async.sandbox import Fault


@pytest.mark.parametrize("flow", [web, native])
async def test_pain_01_a_rotating_refresh_token_is_spent_once(flow: Callable[..., CodeFlow]) -> None:
    """Fifty calls meet an expired token: one refresh, whose new pair is in the store before any of them goes on."""
    store = Balky()
    async with line(flow, store=store) as made:
        before, saves = await store.load(), store.saves
        made.sandbox.advance(1800)
        assert await asyncio.gather(*(made.call() for _ in range(50))) == [3] * 50
        after = await store.load()
        assert before is not None
        assert after is not None
        assert (made.refreshes, store.saves - saves) == (1, 1)
        assert after.refresh_token != before.refresh_token
        # The pair that was kept is the one that is in use, and it lives.
        made.sandbox.advance(1800)
        assert await made.call() == 3
        assert made.refreshes == 2


async def test_pain_01_no_call_goes_on_before_the_new_pair_is_kept() -> None:
    """A store that fails fails the calls, and the pair that could not be kept is kept later, without a new refresh."""
    store = Balky()
    async with line(store=store) as made:
        made.sandbox.advance(1800)
        store.fails = True
        calls = made.sandbox.counters.calls
        ends = await asyncio.gather(*(made.call() for _ in range(10)), return_exceptions=True)
        assert {type(end) for end in ends} == {TokenStoreError}
        store.fails = False
        assert await made.call() == 3
        assert made.refreshes == 1
        # None of the ten went out with a token that nobody had kept.
        assert made.sandbox.counters.calls <= calls + 10 + 1


async def test_pain_01_a_cancelled_waiter_cancels_no_refresh() -> None:
    """Whoever began the refresh is cancelled amid it; the others have their answers, and the new pair is kept."""
    async with line(web, Fault(kind="slow", operation="token", seconds=5)) as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        first, *others = (asyncio.create_task(made.call()) for _ in range(5))
        await asyncio.sleep(1)
        first.cancel()
        assert await asyncio.gather(*others) == [3] * 4
        assert first.cancelled()
        assert made.refreshes == 1
        assert await made.store.load() != before


@pytest.mark.parametrize("kind", ["drop_after", "cut"])
async def test_pain_01_a_lost_answer_loses_no_sign_in(kind: str) -> None:
    """The answer with the new pair is lost, twice: the same old token brings another, and the next refresh works."""
    async with line() as made:
        for _ in range(3):
            made.sandbox.advance(1800)
            made.sandbox.inject([Fault(kind=kind, operation="token", times=2)])  # type: ignore[arg-type]  # one of them
            assert await made.call() == 3
        assert made.refreshes == 9
