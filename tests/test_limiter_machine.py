"""The limiters under any sequence of calls, ends and cancellations: no slot leaks, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pacings import InProcess, Pacing, Shared

from xero_async.pacing import Limits, PacedTurn, Pacer

TENANTS = ("a", "b")
LIMITS = Limits(concurrent=2, minute=7, app_minute=12, bulk_reserve=2)


class Call:
    """One call: it waits for its turn, holds it until it is told to end, and releases it."""

    def __init__(self, limiter: Pacer, tenant: str, *, bulk: bool, answers: bool) -> None:
        self.tenant, self.answers = tenant, answers
        self.turn: PacedTurn | None = None
        self.may_end = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._run(limiter, bulk))

    async def _run(self, limiter: Pacer, bulk: bool) -> None:
        self.turn = await limiter.acquire(self.tenant, bulk=bulk)
        try:
            await self.may_end.wait()
            if self.answers:
                self.turn.learn(200, {})
            else:
                self.turn.give_back()
        finally:
            self.turn.release()
            self.turn = None


class Calls(RuleBasedStateMachine):
    """Calls of two tenants, which begin, end and are cancelled at any moment."""

    def __init__(self, pacing: Pacing | None = None) -> None:
        super().__init__()
        self.pacing = pacing or InProcess()
        self.loop = self.pacing.loop()
        self.limiter = self.pacing.limiter(LIMITS)
        self.calls: list[Call] = []

    def do(self, main: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in virtual time."""
        self.loop.run_until_complete(main)

    def pick(self, data: st.DataObject) -> Call:
        """Draw one of the calls that have not ended."""
        return data.draw(st.sampled_from(self.calls))

    @rule(tenant=st.sampled_from(TENANTS), bulk=st.booleans(), answers=st.booleans(), number=st.integers(1, 9))
    def begin(self, tenant: str, bulk: bool, answers: bool, number: int) -> None:
        """Some calls ask for their turns."""

        async def main() -> None:
            self.calls += [Call(self.limiter, tenant, bulk=bulk, answers=answers) for _ in range(number)]

        self.do(main())

    @precondition(lambda self: bool(self.calls))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A call may end as soon as it has had its turn."""
        self.pick(data).may_end.set()

    @precondition(lambda self: bool(self.calls))
    @rule(data=st.data(), ends=st.booleans())
    def cancel(self, data: st.DataObject, ends: bool) -> None:
        """A call is cancelled: waiting, as it is granted, in its turn, or in the very step in which it ends."""
        call = self.pick(data)
        if ends:
            call.may_end.set()
        call.task.cancel()

    @rule()
    def step(self) -> None:
        """The loop goes round once."""
        self.do(asyncio.sleep(0))
        self.calls = [call for call in self.calls if not call.task.done()]

    @rule(seconds=st.sampled_from([0.5, 8.0, 60.1]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.do(asyncio.sleep(seconds))
        self.step()

    @invariant()
    def slots_are_those_of_calls(self) -> None:
        """What the limiter holds to be in flight is in flight, or granted and not yet awake."""
        self.do(self.pacing.told(self.limiter))
        held = Counter(call.tenant for call in self.calls if call.turn is not None)
        for tenant in TENANTS:
            in_flight = self.limiter.remaining(tenant).in_flight
            assert held[tenant] <= in_flight <= LIMITS.concurrent

    def teardown(self) -> None:
        """All who wait are served, or the virtual loop finds that nothing will ever happen; then all is free again."""

        async def main() -> None:
            for call in self.calls:
                call.may_end.set()
            ends = await asyncio.gather(*(call.task for call in self.calls), return_exceptions=True)
            assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends)
            await self.pacing.told(self.limiter)
            await asyncio.sleep(60.2)
            for tenant in TENANTS:
                left = self.limiter.remaining(tenant)
                assert (left.minute, left.app_minute, left.in_flight) == (7, 12, 0)
            for tenant in TENANTS:
                (await asyncio.wait_for(self.limiter.acquire(tenant), 0.1)).release()
            await self.pacing.close()

        try:
            self.do(main())
        finally:
            self.loop.close()


def test_calls_through_a_server(shared_server: str) -> None:
    """The limiter that processes share keeps to the same, whatever is on its way to the server and back."""
    few = settings(max_examples=20, stateful_step_count=30, deadline=None, derandomize=True)

    class Through(Calls):
        def __init__(self) -> None:
            super().__init__(Shared(shared_server))

    run_state_machine_as_test(Through, settings=few)


TestCalls = pytest.mark.filterwarnings("error")(Calls.TestCase)
TestCalls.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
