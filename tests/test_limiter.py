"""Whose turn it is, and what cancellations do, in virtual time: the limiter of one process, and the shared one."""

from __future__ import annotations

import asyncio
import logging

import pytest
from pacings import Pacing
from simulated_xero import answered as call
from simulated_xero import met, now, refusal
from virtual import VirtualLoop, run

from xero_async.pacing import Limiter, Limits, PacedTurn, Pacer, Remaining
from xero_async.wire.errors import DailyLimitReached, InvalidArgument


def test_five_in_flight_and_sixty_a_minute(pacing: Pacing) -> None:
    """Five calls go at once, the next as soon as one is completed, and the 61st a minute after the first ended."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await met(limiter, "t")
        return await asyncio.gather(*(call(limiter, lasts=1) for _ in range(61)))

    granted = pacing.run(main())
    assert granted[:11] == [0] * 5 + [1] * 5 + [2]
    assert granted[58] == 11
    assert granted[59:] == [pytest.approx(60.1), pytest.approx(61.1)]


def test_turns_are_handed_on_in_order(pacing: Pacing) -> None:
    """Calls of one class get their turns in the order in which they asked."""
    order: list[int] = []

    async def one(limiter: Pacer, number: int) -> None:
        turn = await limiter.acquire("t", bulk=True)
        order.append(number)
        await asyncio.sleep(0.1)
        turn.release()

    async def main() -> None:
        limiter = pacing.limiter()
        await asyncio.gather(*(one(limiter, number) for number in range(130)))

    pacing.run(main())
    assert order == list(range(130))


@pytest.mark.parametrize("bulk", [False, True], ids=["interactive", "bulk"])
def test_a_newcomer_stands_in_line(pacing: Pacing, bulk: bool) -> None:
    """A call that asks when a turn is free, but before the timer that hands it on has rung, goes behind who waits."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        limiter = pacing.limiter(Limits(minute=1))
        await met(limiter, "t")
        waiting = asyncio.create_task(call(limiter, bulk=bulk))
        await asyncio.sleep(0)
        loop.pass_time(60.5)
        newcomer = await call(limiter, bulk=bulk)
        return await waiting, newcomer

    assert pacing.run(main()) == pytest.approx((60.5, 120.6))


def test_interactive_calls_pass_waiting_bulk_calls(pacing: Pacing) -> None:
    """The next free slot goes to the interactive call, though bulk calls have waited longer."""
    order: list[str] = []

    async def one(limiter: Pacer, name: str, bulk: bool) -> None:
        await call(limiter, bulk=bulk, lasts=1)
        order.append(name)

    async def main() -> None:
        limiter = pacing.limiter(Limits(concurrent=1))
        bulk = [asyncio.create_task(one(limiter, f"bulk {number}", True)) for number in range(3)]
        await asyncio.sleep(0.5)
        await asyncio.gather(one(limiter, "interactive", False), *bulk)

    pacing.run(main())
    assert order == ["bulk 0", "interactive", "bulk 1", "bulk 2"]


def test_bulk_leaves_calls_of_the_app_to_interactive_ones(pacing: Pacing) -> None:
    """Bulk work leaves the same share of the app's minute as of a tenant's, over all tenants."""

    async def main() -> tuple[list[float], float]:
        limiter = pacing.limiter(Limits(minute=6, bulk_reserve=3, app_minute=8))
        await met(limiter, "a", "b", "c")
        bulk = [asyncio.create_task(call(limiter, tenant, bulk=True)) for tenant in "abc"]
        await asyncio.sleep(10)
        interactive = await call(limiter, "c")
        return await asyncio.gather(*bulk), interactive

    bulk, interactive = pacing.run(main())
    assert interactive == 10
    assert bulk == [0, pytest.approx(60.1), pytest.approx(60.1)]


def test_no_call_before_the_first_answer(pacing: Pacing) -> None:
    """A tenant not met before has one call in flight until its headers arrive, which say what is left."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        first = await limiter.acquire("t")
        rest = [asyncio.create_task(call(limiter)) for _ in range(4)]
        await asyncio.sleep(3)
        first.learn(200, {"x-minlimit-remaining": "2"})
        await asyncio.sleep(1)
        first.release()
        return await asyncio.gather(*rest)

    assert pacing.run(main()) == [3, 3, pytest.approx(63.1), pytest.approx(63.1)]


def test_a_header_that_is_missing_is_not_zero(pacing: Pacing) -> None:
    """Headers that are absent or unreadable change nothing."""

    async def main() -> Remaining:
        limiter = pacing.limiter()
        for text in ("", "-1", "many", "9" * 5_000, "٣"):
            await call(limiter, headers={"x-minlimit-remaining": text, "x-daylimit-remaining": text})
        await call(limiter)
        await pacing.told(limiter)
        return limiter.remaining("t")

    assert pacing.run(main()) == Remaining(minute=54, day=4_994, app_minute=9_994, in_flight=0)


def test_what_remains_is_always_readable(pacing: Pacing) -> None:
    """What remains can be read before any call, in one, and outside the loop."""
    limiter = pacing.limiter(Limits(minute=10, day=100, app_minute=50))
    whole = Remaining(minute=10, day=100, app_minute=50, in_flight=0)
    assert limiter.remaining("t") == whole

    async def main() -> None:
        turn = await limiter.acquire("t")
        assert limiter.remaining("t") == Remaining(minute=9, day=99, app_minute=49, in_flight=1)
        assert limiter.remaining("other") == Remaining(minute=10, day=100, app_minute=49, in_flight=0)
        headers = {"x-minlimit-remaining": "5", "x-daylimit-remaining": "70", "x-appminlimit-remaining": "40"}
        turn.learn(200, headers)
        turn.release()

    pacing.run(main())
    assert limiter.remaining("t") == Remaining(minute=5, day=70, app_minute=40, in_flight=0)


def test_a_second_release_does_nothing(pacing: Pacing) -> None:
    """A turn is released or given back once, whatever is called after."""

    async def main() -> list[Remaining]:
        limiter = pacing.limiter()
        seen: list[Remaining] = []
        for end in ("release", "give_back"):
            turn = await limiter.acquire("t")
            getattr(turn, end)()
            turn.release()
            turn.give_back()
            await pacing.told(limiter)
            seen.append(limiter.remaining("t"))
        return seen

    assert pacing.run(main()) == [Remaining(minute=59, day=4_999, app_minute=9_999, in_flight=0)] * 2


def test_an_answered_call_that_is_given_back_counts_in_the_day_once(pacing: Pacing) -> None:
    """What an answer has said of the day stands, whatever becomes of its turn."""

    async def main() -> int:
        limiter = pacing.limiter()
        turn = await limiter.acquire("t")
        turn.learn(200, {"x-daylimit-remaining": "7"})
        turn.learn(200, {"x-daylimit-remaining": "7"})
        turn.give_back()
        await pacing.told(limiter)
        return limiter.remaining("t").day

    assert pacing.run(main()) == 7


def test_a_turn_says_how_long_it_took(pacing: Pacing) -> None:
    """`waited` is the time from asking to the turn, zero where there was no wait."""

    async def main() -> tuple[float, float]:
        limiter = pacing.limiter(Limits(concurrent=1))
        first = await limiter.acquire("t")
        second = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(2.5)
        first.release()
        return first.waited, (await second).waited

    assert pacing.run(main()) == (0, 2.5)


@pytest.mark.parametrize("granted", [False, True], ids=["while waiting", "as the turn is granted"])
def test_a_cancelled_waiter_leaks_no_slot(pacing: Pacing, granted: bool) -> None:
    """A waiter that is cancelled, even in the pass of the loop in which it gets its turn, leaves it to the next."""

    async def main() -> None:
        limiter = pacing.limiter(Limits(concurrent=1))
        first = await limiter.acquire("t")
        doomed = asyncio.create_task(limiter.acquire("t"))
        heir = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(0)
        if granted:
            first.release()
        doomed.cancel()
        first.release()
        with pytest.raises(asyncio.CancelledError):
            await doomed
        turn = await heir
        await pacing.told(limiter)
        assert limiter.remaining("t") == Remaining(minute=58, day=4_998, app_minute=9_998, in_flight=1)
        turn.release()
        await pacing.told(limiter)
        assert limiter.remaining("t").in_flight == 0

    pacing.run(main())


def test_many_cancelled_waiters_leave_the_rest_in_order(pacing: Pacing) -> None:
    """Half of a queue is cancelled at random moments; the other half is served, and every slot comes back."""

    async def main() -> None:
        limiter = pacing.limiter()
        tasks = [asyncio.create_task(call(limiter, lasts=0.3, bulk=number % 3 == 0)) for number in range(200)]
        for number, task in enumerate(tasks):
            if number % 2:
                asyncio.get_running_loop().call_at(number * 0.37 % 13, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not any(task.cancelled() for task in tasks[::2])
        assert sum(task.cancelled() for task in tasks) > 50
        await pacing.told(limiter)
        assert limiter.remaining("t").in_flight == 0
        await asyncio.sleep(60.1)
        await pacing.told(limiter)
        assert limiter.remaining("t").minute == 60

    pacing.run(main())


def test_a_waiting_coroutine_that_is_dropped_leaks_no_slot(pacing: Pacing) -> None:
    """A coroutine that is closed rather than cancelled leaves the queue as well."""

    async def main() -> None:
        limiter = pacing.limiter(Limits(concurrent=1))
        first = await limiter.acquire("t")
        waiting = limiter.acquire("t")
        waiting.send(None)
        waiting.close()
        first.release()
        await pacing.told(limiter)
        assert limiter.remaining("t").in_flight == 0
        await call(limiter)

    pacing.run(main())


def test_a_call_of_no_tenant_is_held_by_the_apps_limit_alone(pacing: Pacing) -> None:
    """Calls of no tenant have no day and no slots of their own, but count in the app's minute."""

    async def main() -> tuple[list[float], float]:
        limiter = pacing.limiter(Limits(minute=5, concurrent=1, day=1, app_minute=7))
        headers = {"x-minlimit-remaining": "0", "x-daylimit-remaining": "0", "x-appminlimit-remaining": "3"}
        granted = await asyncio.gather(*(call(limiter, None, lasts=1, headers=headers) for _ in range(4)))
        granted.append(await call(limiter, None))
        await asyncio.gather(*(call(limiter, tenant) for tenant in "ab"))
        return granted, await call(limiter, "d")

    granted, last = pacing.run(main())
    assert granted == [0, 0, 0, 0, 1]
    assert last == pytest.approx(61.1)


def test_the_apps_minute_goes_round_the_tenants(pacing: Pacing) -> None:
    """What the app's minute frees goes to the waiting tenants in turn, one call each, interactive ones first."""
    order: list[str] = []

    async def one(limiter: Pacer, tenant: str, bulk: bool) -> None:
        await call(limiter, tenant, bulk=bulk)
        order.append(tenant)

    async def main() -> None:
        limiter = pacing.limiter(Limits(app_minute=6, bulk_reserve=0))
        await met(limiter, *"abcdef")
        greedy = [one(limiter, tenant, True) for tenant in "aaabbb"]
        tasks = [asyncio.create_task(each) for each in (*greedy, one(limiter, "c", True), one(limiter, "d", False))]
        await asyncio.sleep(0)
        late = asyncio.create_task(one(limiter, "e", False))
        await asyncio.gather(*tasks, late)

    pacing.run(main())
    assert order == ["d", "e", "a", "b", "c", "a", "b", "a", "b"]


def test_a_tenant_whose_waiters_have_gone_drops_out_of_the_round(pacing: Pacing) -> None:
    """A cancelled waiter's place in the round is skipped, and so is that of a tenant that has been paused since."""

    async def main() -> list[float]:
        limiter = pacing.limiter(Limits(app_minute=3))
        await met(limiter, *"ab")
        flying = await limiter.acquire("b")
        gone = asyncio.create_task(call(limiter, "a"))
        paused = asyncio.create_task(call(limiter, "b"))
        other = asyncio.create_task(call(limiter, "c"))
        await asyncio.sleep(1)
        gone.cancel()
        flying.learn(429, refusal("minute", 90))
        flying.give_back()
        return list(await asyncio.gather(paused, other))

    assert pacing.run(main()) == [91, 1]


def test_the_round_waits_for_an_answer_where_only_that_can_help(pacing: Pacing) -> None:
    """Where the app's whole minute is in flight, the next call goes a minute after the first of them is completed."""

    async def main() -> float:
        limiter = pacing.limiter(Limits(app_minute=2))
        flying = [await limiter.acquire(tenant) for tenant in "ab"]
        waiting = asyncio.create_task(call(limiter, "c"))
        await asyncio.sleep(100)
        for turn in flying:
            turn.release()
        return await waiting

    assert pacing.run(main()) == pytest.approx(160.1)


async def test_the_real_clock_does_as_well() -> None:
    """On an ordinary event loop no short minute holds too many calls, and none of them is wasted."""
    limiter = Limiter(Limits(minute=10, window=0.25))
    begun = now()
    await met(limiter, "t")
    granted = sorted([begun, *await asyncio.gather(*(call(limiter) for _ in range(34)))])
    assert all(later - earlier >= 0.25 for earlier, later in zip(granted, granted[10:], strict=False))
    assert 0.75 < now() - begun < 1.5


def test_a_shorter_minute_has_a_shorter_margin(pacing: Pacing) -> None:
    """Against a stand-in server with a short minute, the margin shrinks with it, down to a few milliseconds."""

    async def main(window: float) -> float:
        limiter = pacing.limiter(Limits(minute=1, window=window))
        await met(limiter, "t")
        return await call(limiter)

    assert [pacing.run(main(window)) for window in (60, 2, 0.1)] == pytest.approx([60.1, 2.02, 0.105])


def test_each_wait_is_logged_with_its_reason_and_length(pacing: Pacing, caplog: pytest.LogCaptureFixture) -> None:
    """Short waits are logged as DEBUG, longer ones as INFO, pauses as WARNING, and each of them once."""
    caplog.set_level(logging.DEBUG, "xero_async.pacing")

    async def main() -> None:
        limiter = pacing.limiter(Limits(concurrent=1, minute=3))
        await asyncio.gather(call(limiter, lasts=0.5), call(limiter, lasts=2), call(limiter))
        await call(limiter)
        await call(limiter, status=429, headers=refusal("minute", 7))
        await call(limiter)
        await call(limiter, "u", status=429, headers=refusal("app-minute"))
        await call(limiter, "u", status=429, headers=refusal("day", 1_000))
        with pytest.raises(DailyLimitReached):
            await call(limiter, "u")

    pacing.run(main())
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "tenant t waited 0.500 s for a turn (first answer)"),
        ("INFO", "tenant t waited 2.500 s for a turn (first answer)"),
        ("INFO", "tenant t waited 58.100 s for a turn (minute)"),
        ("INFO", "tenant t waited 2.000 s for a turn (minute)"),
        ("WARNING", "tenant t pauses for 7.0 s: Xero refused a call (minute)"),
        ("INFO", "tenant t waited 7.000 s for a turn (paused)"),
        ("WARNING", "all tenants pause for 10.0 s: Xero refused a call (appminute)"),
        ("INFO", "tenant u waited 10.000 s for a turn (paused)"),
        ("WARNING", "tenant u has no calls left today: nothing is sent for 1000 s"),
        ("DEBUG", "tenant u waited 0.000 s for a turn (day)"),
    ]


def test_one_loop_at_a_time() -> None:
    """A limiter in use refuses another loop; once its own is closed it starts there as in a new process."""
    limiter = Limiter()
    old = VirtualLoop()
    turn = old.run_until_complete(limiter.acquire("t"))
    with pytest.raises(InvalidArgument, match="another event loop"):
        run(limiter.acquire("t"))
    old.close()

    async def main() -> None:
        first = await limiter.acquire("t")
        turn.release()
        assert limiter.remaining("t").in_flight == 1
        first.release()

    run(main())


def test_a_limiter_is_a_pacer(pacing: Pacing) -> None:
    """The limiter and its turns have the face that a session asks for."""

    async def main() -> float:
        pacer: Pacer = pacing.limiter()
        turn: PacedTurn = await pacer.acquire("t")
        turn.release()
        return turn.waited

    assert pacing.run(main()) == 0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"concurrent": 0}, "Limits.concurrent must be a whole number of at least 1, not 0."),
        ({"minute": -1}, "Limits.minute must be a whole number of at least 1, not -1."),
        ({"day": 2.5}, "Limits.day must be a whole number of at least 1, not 2.5."),
        ({"app_minute": "9"}, "Limits.app_minute must be a whole number of at least 1, not '9'."),
        ({"reserve": -1}, "Limits.reserve must be a whole number of at least 0, not -1."),
        ({"bulk_reserve": None}, "Limits.bulk_reserve must be a whole number of at least 0, not None."),
        ({"window": 0.0}, "Limits.window must be a number of seconds above 0, not 0.0."),
        ({"window": float("nan")}, "Limits.window must be a number of seconds above 0, not nan."),
        ({"reserve": 60}, "Limits.reserve must be below Limits.minute, or no call could ever go: 60 of 60."),
    ],
)
def test_limits_that_cannot_be_kept_are_refused(values: dict[str, int], sentence: str) -> None:
    """A limit that makes no sense is refused with a sentence that names it."""
    with pytest.raises(InvalidArgument) as caught:
        Limits(**values)  # type: ignore[arg-type]  # wrong types are what this is about
    assert str(caught.value) == sentence


def test_calls_of_no_tenant_are_kept_to_a_share(pacing: Pacing) -> None:
    """A program that asks for its connections in a loop gets as many calls a minute as a tenant, and no more."""

    async def main() -> float:
        limiter = pacing.limiter(Limits(minute=10, app_minute=1000, bulk_reserve=1))
        loop = asyncio.get_running_loop()
        for _ in range(20):
            (await limiter.acquire(None)).release()
        return loop.time()

    assert 59 <= pacing.run(main()) <= 61
