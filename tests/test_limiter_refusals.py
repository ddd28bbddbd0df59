"""Both limiters, that of one process and the shared one, after a 429 and at the end of a day, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import logging
from datetime import UTC, datetime, timedelta

import pytest
from pacings import Pacing
from simulated_xero import answered as call
from simulated_xero import met, now, refusal

from xero_async.pacing import Limits
from xero_async.pacing.window import DAY, DAY_RECHECK
from xero_async.wire.errors import DailyLimitReached


def test_a_minutes_refusal_pauses_and_then_asks_once(pacing: Pacing) -> None:
    """After a 429 nothing goes for `Retry-After`; then one call does, and the others when it is answered."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await met(limiter, "t", "other")
        await call(limiter, status=429, headers=refusal("minute", 7))
        assert await call(limiter, "other") == 0
        return await asyncio.gather(*(call(limiter, lasts=2) for _ in range(3)))

    assert pacing.run(main()) == [7, 9, 9]


def test_a_refused_probe_pauses_again(pacing: Pacing) -> None:
    """Where the one call after a pause is refused too, the pause begins again, and again one call goes first."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await call(limiter, status=429, headers=refusal("minute", 7))
        rest = [asyncio.create_task(call(limiter, status=429, lasts=1, headers=refusal("minute", 10)))]
        rest += [asyncio.create_task(call(limiter, lasts=1)) for _ in range(2)]
        return await asyncio.gather(*rest)

    assert pacing.run(main()) == [7, 18, 19]


def test_a_refusal_for_concurrency_pauses_a_second(pacing: Pacing) -> None:
    """After a 429 for concurrency the tenant pauses for a second, and then goes on at full width."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await met(limiter, "t")
        await call(limiter, status=429, headers=refusal("concurrent"))
        return await asyncio.gather(*(call(limiter, lasts=2) for _ in range(3)))

    assert pacing.run(main()) == [1, 1, 1]


@pytest.mark.parametrize("problem", ["appminute", "app-minute", "AppMinute"])
def test_a_refusal_for_the_app_pauses_all_tenants(pacing: Pacing, problem: str) -> None:
    """After a 429 for the app's minute, however it is spelt, no tenant calls, and then one goes first."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await met(limiter, "a", "b", "c")
        await call(limiter, "a", status=429, headers=refusal(problem))
        return await asyncio.gather(*(call(limiter, tenant, lasts=2) for tenant in ("b", "c", None)))

    assert pacing.run(main()) == [10, 12, 12]


def test_a_tenant_refused_for_the_apps_sake_is_still_not_met(pacing: Pacing) -> None:
    """A first call that was refused for the app's minute has shown nothing of the tenant, so one goes first again."""

    async def main() -> list[float]:
        limiter = pacing.limiter()
        await call(limiter, "a", status=429, headers=refusal("appminute"))
        assert await call(limiter, "b", lasts=1) == 10
        return await asyncio.gather(*(call(limiter, "a", lasts=2) for _ in range(3)))

    assert pacing.run(main()) == [11, 13, 13]


def test_a_refusal_for_the_app_obeys_retry_after(pacing: Pacing) -> None:
    """Xero sends no `Retry-After` with it today; where it does, it counts."""

    async def main() -> float:
        limiter = pacing.limiter()
        await call(limiter, "a", status=429, headers=refusal("appminute", 3))
        return await call(limiter, "b")

    assert pacing.run(main()) == 3


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        (refusal("hour", 12), 12),
        (refusal(None, 12), 12),
        (refusal("minute"), 10),
        (refusal(), 10),
        (refusal("minute") | {"retry-after": "soon"}, 10),
        (refusal("minute") | {"retry-after": "nan"}, 10),
        (refusal("minute") | {"retry-after": "-5"}, 10),
    ],
)
def test_unknown_refusals_back_off_like_the_minutes(pacing: Pacing, headers: dict[str, str], pause: float) -> None:
    """A 429 with a new problem, with none, or with no length that can be read, pauses the tenant all the same."""

    async def main() -> float:
        limiter = pacing.limiter()
        await call(limiter, status=429, headers=headers)
        return await call(limiter)

    assert pacing.run(main()) == pause


@pytest.mark.parametrize("problem", ["day", "Day", "minute", "month"])
def test_a_refusal_for_the_day_raises_at_once(pacing: Pacing, problem: str) -> None:
    """After a 429 for the day, or for hours under any name, all who wait and all who ask get the error at once."""

    async def main() -> None:
        limiter = pacing.limiter()
        refused = await limiter.acquire("t")
        waiting = [asyncio.create_task(call(limiter, bulk=bulk)) for bulk in (False, True, False)]
        waiting[2].cancel()
        await asyncio.sleep(1)
        refused.learn(429, refusal(problem, 66_975))
        refused.release()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(DailyLimitReached) as caught:
            await limiter.acquire("t")
        assert now() == 1
        await pacing.told(limiter)
        assert limiter.remaining("t").day == 0
        assert await call(limiter, "other") == 1
        for error in (caught.value, *results[:2]):
            assert isinstance(error, DailyLimitReached)
            assert (error.problem, error.retry_after, error.status) == ("day", 66_975, 0)
            assert error.resets_at is not None
            assert abs(error.resets_at - datetime.now(UTC) - timedelta(seconds=66_975)) < timedelta(seconds=30)
            assert f"{error.resets_at:%Y-%m-%d}" in str(error)

    pacing.run(main())


def test_a_waiter_cancelled_as_the_day_ends_is_passed_over(pacing: Pacing) -> None:
    """A waiter that was cancelled in the pass of the loop in which the day ends is not given the error."""

    async def main() -> None:
        limiter = pacing.limiter()
        refused = await limiter.acquire("t")
        waiting = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(0)
        waiting.cancel()
        refused.learn(429, refusal("day", 100))
        with pytest.raises(asyncio.CancelledError):
            await waiting

    pacing.run(main())


def test_the_error_of_a_cancelled_waiter_is_no_noise(pacing: Pacing) -> None:
    """A waiter that is cancelled just after it was given the day's error leaves no unseen exception behind."""
    complaints: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        limiter = pacing.limiter()
        refused = await limiter.acquire("t")
        waiting = asyncio.create_task(limiter.acquire("t"))
        await asyncio.sleep(0)
        refused.learn(429, refusal("day", 100))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        del waiting
        gc.collect()

    pacing.run(main())
    assert complaints == []


def test_a_day_that_is_used_up_sends_nothing_more(pacing: Pacing) -> None:
    """When the header says that none is left, the next call raises without a turn; in an hour one call asks again."""

    async def main() -> None:
        limiter = pacing.limiter()
        await call(limiter, headers={"x-daylimit-remaining": "1"})
        await call(limiter, headers={"x-daylimit-remaining": "0"})
        with pytest.raises(DailyLimitReached, match="Xero has not said until when") as caught:
            await limiter.acquire("t")
        assert (caught.value.resets_at, caught.value.retry_after) == (None, None)
        await asyncio.sleep(DAY_RECHECK - 1)
        with pytest.raises(DailyLimitReached):
            await limiter.acquire("t")
        await asyncio.sleep(1)
        asked = asyncio.create_task(call(limiter, lasts=5, headers={"x-daylimit-remaining": "300"}))
        assert list(await asyncio.gather(asked, call(limiter))) == [DAY_RECHECK, DAY_RECHECK + 5]
        await pacing.told(limiter)
        assert limiter.remaining("t").day == 299

    pacing.run(main())


def test_the_last_calls_of_a_day_wait_for_each_other(pacing: Pacing) -> None:
    """Where answers on their way may still show that a call is left, a call waits for them rather than raise."""

    async def main() -> None:
        limiter = pacing.limiter()
        await call(limiter, headers={"x-daylimit-remaining": "3"})
        slow = asyncio.create_task(call(limiter, lasts=2, headers={"x-daylimit-remaining": "2"}))
        flying = [asyncio.create_task(call(limiter, lasts=4)) for _ in range(2)]
        await asyncio.sleep(1)
        assert await call(limiter, headers={"x-daylimit-remaining": "2"}) == 4
        await asyncio.gather(slow, *flying)

    with pytest.raises(DailyLimitReached):
        pacing.run(main())


def test_a_day_is_counted_without_headers_too(pacing: Pacing) -> None:
    """Where no header ever comes, the day ends by own count, and begins anew a day after its first call."""

    async def main() -> None:
        limiter = pacing.limiter(Limits(day=3))
        await asyncio.sleep(100)
        await asyncio.gather(*(call(limiter, lasts=1) for _ in range(3)))
        with pytest.raises(DailyLimitReached):
            await limiter.acquire("t")
        await asyncio.sleep(DAY)
        await call(limiter)

    pacing.run(main())


def test_waiting_for_the_day_is_opt_in(pacing: Pacing) -> None:
    """With `wait_for_day`, calls sleep until Xero's own moment, and then one goes first."""

    async def main() -> list[float]:
        limiter = pacing.limiter(Limits(wait_for_day=True))
        await call(limiter, status=429, headers=refusal("day", 66_975))
        return await asyncio.gather(*(call(limiter, lasts=1) for _ in range(3)))

    assert pacing.run(main()) == [66_975, 66_976, 66_976]


def test_news_of_an_earlier_day_wakes_those_who_wait(pacing: Pacing) -> None:
    """Who sleeps for a day of unknown length wakes earlier when a late answer says that it ends earlier."""

    async def main() -> float:
        limiter = pacing.limiter(Limits(wait_for_day=True))
        await met(limiter, "t")
        late = asyncio.create_task(call(limiter, lasts=20, status=429, headers=refusal("day", 50)))
        await call(limiter, lasts=1, headers={"x-daylimit-remaining": "0"})
        woken = await call(limiter)
        await late
        return woken

    assert pacing.run(main()) == 70


def test_several_refusals_at_once_are_one_pause(pacing: Pacing, caplog: pytest.LogCaptureFixture) -> None:
    """Five calls refused together make one pause and one line in the log."""
    caplog.set_level(logging.WARNING, "xero_async.pacing")

    async def main() -> None:
        limiter = pacing.limiter()
        await met(limiter, "t")
        headers = refusal("minute", 7)
        await asyncio.gather(*(call(limiter, lasts=1, status=429, headers=headers) for _ in range(5)))
        for problem in ("appminute", "day"):
            another = pacing.limiter()
            await met(another, "t")
            headers = refusal(problem, 20)
            await asyncio.gather(*(call(another, lasts=1, status=429, headers=headers) for _ in range(5)))

    pacing.run(main())
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "tenant t pauses for 7.0 s: Xero refused a call (minute)",
        "all tenants pause for 20.0 s: Xero refused a call (appminute)",
        "tenant t has no calls left today: nothing is sent for 20 s",
    ]
