"""Corners of the shared limits that calls come to only by chance, each brought about on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, TypeVar, cast

import pytest
from pacings import Shared, Wire, plain_client
from servers import free_port
from simulated_xero import answered, met, now

from xero_async import pacing as room
from xero_async.pacing import Limits
from xero_async.pacing.lane import SharedTurn
from xero_async.pacing.shared import RedisLimits
from xero_async.wire.errors import LimitsUnavailable

T = TypeVar("T")


def test_the_shared_limits_are_imported_when_they_are_asked_for() -> None:
    """The room has `RedisLimits` without its being imported before, and nothing else that is not there."""
    assert getattr(room, "RedisLimits") is RedisLimits  # noqa: B009 - asked for as a program would
    with pytest.raises(AttributeError, match=r"'xero_async\.pacing' has no attribute 'MemcachedLimits'"):
        getattr(room, "MemcachedLimits")  # noqa: B009 - it is not there


async def test_limits_that_were_not_used_here_settle_without_a_server() -> None:
    """Nothing is asked of a server by limits that no call has used, or whose calls were another loop's."""
    limiter = RedisLimits(f"redis://127.0.0.1:{free_port()}")

    def refused() -> None:
        with pytest.raises(LimitsUnavailable):
            asyncio.run(answer_to_nobody(limiter))

    await limiter.settle()
    await asyncio.to_thread(refused)
    async with asyncio.timeout(5):
        await limiter.settle()


async def answer_to_nobody(limiter: RedisLimits) -> None:
    """Ask for a turn."""
    await limiter.acquire("t")


# -- who is cancelled at the very moment of a grant -------------------------------------------------------------------


class Meddling(Wire):
    """A connection that does something between an answer's arrival and its being read."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Callable[[], object] | None = None

    async def carry(self, answer: Coroutine[Any, Any, T]) -> T:
        """Send a command, bring its answer, and meddle once."""
        value = await super().carry(answer)
        then, self.then = self.then, None
        if then is not None:
            then()
        return value


def test_a_turn_whose_call_is_cancelled_after_the_grant_is_given_back(shared: Shared, app: str) -> None:
    """The first of two calls that are granted at once cancels the other, whose turn holds no slot and counts not."""

    async def main() -> None:
        limiter = shared.limiter(app=app)
        await met(limiter, "t")

        async def first() -> SharedTurn:
            turn = await limiter.acquire("t")
            second.cancel()
            return turn

        one, second = asyncio.create_task(first()), asyncio.create_task(limiter.acquire("t"))
        turn = await one
        with pytest.raises(asyncio.CancelledError):
            await second
        await asyncio.sleep(0.1)
        left = limiter.remaining("t")
        assert (left.in_flight, left.minute) == (1, 58), "the first call of all, and the one that is held"
        turn.release()

    shared.run(main())


def test_a_grant_passes_over_who_has_just_been_cancelled(shared: Shared, app: str) -> None:
    """Of two turns that are granted as the first in line is cancelled, one goes to the second, and one goes back."""

    async def main() -> None:
        wire = Meddling()
        limiter = shared.limiter(app=app, wire=wire)
        await met(limiter, "t")
        await limiter.settle()
        first, second = (asyncio.create_task(limiter.acquire("t")) for _ in range(2))
        wire.then = first.cancel
        turn = await second
        assert first.cancelled()
        assert now() == 0
        await asyncio.sleep(0.1)
        left = limiter.remaining("t")
        assert (left.in_flight, left.minute) == (1, 58)
        turn.release()

    shared.run(main())


def test_a_turn_may_outlast_its_loop(shared: Shared, app: str) -> None:
    """Released after its loop was closed it raises nothing, and its slot is free when its lease has ended."""
    limits = Limits(concurrent=1)
    turn = shared.run(shared.limiter(limits, app=app, lease=10.0).acquire("t"))
    turn.release()
    assert 10 <= shared.run(answered(shared.limiter(limits, app=app, lease=10.0))) <= 11


# -- the server away, and back ----------------------------------------------------------------------------------------


def test_who_waits_alone_asks_the_shared_counts_when_they_are_back(
    shared: Shared, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that waits through a process's minute of silence goes in common once all have had time to come back."""

    async def main() -> None:
        wire = Wire()
        wire.is_cut = True
        limiter = shared.limiter(app=app, wire=wire, replicas=2)
        waiting = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(10.5)
        wire.is_cut = False
        turn = await waiting
        # It notices within a second; the others have two, and the 2 s that an answer may take.
        assert 14.5 <= now() <= 16.6
        assert turn.waited == now()
        assert turn.local is None
        assert limiter.remaining("t").in_flight == 1
        turn.release()

    shared.run(main())
    assert "the shared limits are back" in caplog.messages


def test_a_process_that_has_nothing_to_tell_comes_back_too(
    shared: Shared, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that found the server away as it left a line asks on, though nobody calls, until the server is back."""

    async def main() -> None:
        wire, limits = Wire(), Limits(concurrent=2)
        holder = shared.limiter(limits, app=app, replicas=2)
        limiter = shared.limiter(limits, app=app, wire=wire, replicas=2)
        turn = await holder.acquire("t")
        waiting = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(0.5)
        wire.is_cut = True
        waiting.cancel()
        await asyncio.sleep(5)
        assert any("goes on with its part" in message for message in caplog.messages)
        assert "the shared limits are back" not in caplog.messages
        wire.is_cut = False
        await asyncio.sleep(1.5)
        assert "the shared limits are back" in caplog.messages
        turn.release()

    shared.run(main())


def test_a_turn_of_a_process_on_its_own_can_be_given_back(shared: Shared, app: str) -> None:
    """Then it holds none of the process's slots and counts in no minute, whoever granted it."""

    async def main() -> None:
        wire = Wire()
        limits = Limits(concurrent=4, minute=12, bulk_reserve=0)
        limiter = shared.limiter(limits, app=app, wire=wire, replicas=4)
        granted_in_common = await limiter.acquire("t")
        wire.is_cut = True
        waiting = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(70)
        assert not waiting.done(), "its part is one slot, which the first turn holds"
        granted_in_common.give_back()
        (await asyncio.wait_for(waiting, 1)).give_back()
        assert [await answered(limiter) for _ in range(3)] == [70] * 3, "its part of the minute is whole"
        assert await answered(limiter) == pytest.approx(130.1)

    shared.run(main())


def test_counts_that_are_gone_are_told_of(
    shared: Shared, shared_server: str, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who meets counts that begin anew says so, and lets a minute pass."""

    async def main() -> None:
        limiter = shared.limiter(app=app)
        await met(limiter, "t")
        await limiter.settle()
        with plain_client(shared_server) as client:
            client.delete(*client.scan_iter(f"xero_async:{{{app}}}:*"))
        assert await answered(limiter) == pytest.approx(60.1)

    shared.run(main())
    assert "the shared limits were lost: nobody calls for 60 s" in caplog.messages


class Garbling(Wire):
    """A connection that garbles the last of several replies, once."""

    _is_spent = False

    async def carry(self, answer: Coroutine[Any, Any, T]) -> T:
        """Send a command and bring its answer."""
        value = await super().carry(answer)
        replies = cast("Any", value)
        if not self._is_spent and str(replies).startswith("[["):  # of several messages
            self._is_spent = True
            replies[-1] = [1, b"no reply"]
        return value


def test_a_reply_that_cannot_be_read_loses_no_turn(shared: Shared, app: str) -> None:
    """Of two tenants in one message, one has its turn and keeps it; the other is told, and its turn is given back."""

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # which would log it
        limiter = shared.limiter(app=app, wire=Garbling())
        read, unread = (asyncio.create_task(limiter.acquire(tenant)) for tenant in ("read", "unread"))
        with pytest.raises(LimitsUnavailable, match=r"cannot be asked \(ValueError\)"):
            await unread
        turn = await read
        for tenant, flying in (("read", 1), ("unread", 0)):
            await asyncio.sleep(2)
            assert limiter.remaining(tenant).in_flight == flying
        assert limiter.remaining("read").app_minute == 9_999
        turn.release()

    shared.run(main())


def hears(client: Any, app: str) -> bool:
    """Whether a process of the app listens."""
    return bool(client.pubsub_channels(f"xero_async:{{{app}}}:wake:*"))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something, for no longer than a test may take."""
    end = monotonic() + 30
    while not is_so():
        assert monotonic() < end
        await asyncio.sleep(0.01)


async def test_who_listens_listens_again_when_the_connection_was_lost(shared_server: str, app: str) -> None:
    """A process whose ear the server has cut off opens another, as long as it may have to be woken."""
    limits = Limits(concurrent=1)
    async with RedisLimits(shared_server, limits, app=app) as one, RedisLimits(shared_server, limits, app=app) as other:
        turn = await one.acquire("t")
        waiting = asyncio.create_task(other.acquire("t"))
        with plain_client(shared_server) as client:
            await until(lambda: hears(client, app))
            client.client_kill_filter(_type="pubsub")
            lost = monotonic()
            assert not hears(client, app)
            await until(lambda: hears(client, app))
            assert monotonic() - lost > 0.9, "it does not knock all the time"
        turn.release()
        (await waiting).release()


async def test_what_the_server_refuses_is_told_and_not_asked_again(shared_server: str, app: str) -> None:
    """Where another program's data has the name of the counts, the call fails at once, with words for it."""
    async with RedisLimits(shared_server, app=app) as limiter:
        with plain_client(shared_server) as client:
            client.set(f"xero_async:{{{app}}}:app", "another program's", ex=60)
            client.config_resetstat()
            with pytest.raises(LimitsUnavailable, match=r"something else is kept.*nothing was sent"):
                await limiter.acquire("t")
            assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
            client.delete(f"xero_async:{{{app}}}:app")
        (await limiter.acquire("t")).release()
