"""The sandbox's limits: the pure counters, and the 429s that come of them."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_client import running

from xero_async.sandbox import SandboxLimits
from xero_async.sandbox.limits import Meter, Rejection
from xero_async.wire.errors import InvalidArgument

Style = Literal["fixed", "rolling"]
Stamp = Literal["arrival", "completion"]

STYLES = pytest.mark.parametrize("style", ["fixed", "rolling"])
STAMPS = pytest.mark.parametrize("stamp", ["arrival", "completion"])


def call(meter: Meter, now: float, tenant: str | None = "t", lasts: float = 0.0) -> Rejection | None:
    """One call from its arrival to its end."""
    rejection = meter.arrive(tenant, now)
    if rejection is None:
        meter.leave(tenant, now + lasts)
    return rejection


def reset_of(meter: Meter, tenant: str) -> float:
    """The moment, from 0 on and to a hundredth, at which a full fixed window of `tenant` opens again."""
    while call(meter, 0.0, tenant) is None:
        pass
    return next(now / 100 for now in range(6001) if call(meter, now / 100, tenant) is None)


@STYLES
@STAMPS
def test_the_sixty_first_call_is_turned_away(style: Style, stamp: Stamp) -> None:
    """Sixty calls are let in and the next is refused for the minute, however windows and stamps are read."""
    meter = Meter(SandboxLimits(style=style, stamp=stamp))
    assert [call(meter, 30.0) for _ in range(60)] == [None] * 60
    rejection = call(meter, 30.0)
    assert rejection is not None
    assert rejection.problem == "minute"
    assert rejection.retry_after is not None
    assert 1 <= rejection.retry_after <= 60
    assert call(meter, 30.0 + rejection.retry_after) is None


def test_fixed_windows_reset_at_a_moment_of_the_tenants_own() -> None:
    """Tenants reset at different moments, and a reset makes room for a whole minute's calls at once."""
    meter = Meter(SandboxLimits())
    resets = [reset_of(meter, tenant) for tenant in ("one", "two", "three")]
    assert len(set(resets)) == 3
    assert [call(meter, resets[0] + 0.01, "one") for _ in range(59)] == [None] * 59
    assert call(meter, resets[0] + 0.01, "one") is not None


def test_a_rolling_window_lets_calls_in_one_by_one() -> None:
    """A call leaves the window 60 s after it came, to the instant, and makes room for one."""
    meter = Meter(SandboxLimits(style="rolling", minute=2))
    assert (call(meter, 0.0), call(meter, 10.0)) == (None, None)
    assert call(meter, 59.9) == Rejection("minute", 1)
    assert call(meter, 60.0) is None
    assert call(meter, 60.0) == Rejection("minute", 10)


def test_a_completion_stamp_counts_a_call_from_its_end() -> None:
    """A call of 50 s that ended at 50 still counts at 109.9; stamped at arrival it left at 60."""
    stamps: list[tuple[Stamp, Rejection | None]] = [("arrival", None), ("completion", Rejection("minute", 1))]
    for stamp, late in stamps:
        meter = Meter(SandboxLimits(style="rolling", minute=1, stamp=stamp))
        call(meter, 0.0, lasts=50.0)
        assert call(meter, 109.9) == late


def test_a_call_in_flight_holds_its_place_before_its_completion_is_stamped() -> None:
    """With completion stamps a window never ends with more calls than the limit, though all arrive at once."""
    meter = Meter(SandboxLimits(stamp="completion", minute=2))
    assert meter.arrive("t", 0.0) is None
    assert meter.arrive("t", 0.0) is None
    assert meter.arrive("t", 0.0) is not None
    assert meter.headers("t", 0.0)["X-MinLimit-Remaining"] == "0"


def test_the_sixth_call_at_once_is_turned_away_without_a_wait() -> None:
    """Five may be in flight; the sixth is refused with no Retry-After, and let in once one has left."""
    meter = Meter(SandboxLimits())
    assert [meter.arrive("t", 0.0) for _ in range(6)] == [None] * 5 + [Rejection("concurrent", None)]
    assert meter.arrive("other", 0.0) is None
    meter.leave("t", 0.0)
    assert meter.arrive("t", 0.0) is None


@STYLES
def test_the_day_is_counted_over_24_hours(style: Style) -> None:
    """The call after the day's last is refused until a day has passed, with the seconds until then."""
    meter = Meter(SandboxLimits(style=style, day=3))
    assert [call(meter, now) for now in (0.0, 1.0, 2.0)] == [None] * 3
    rejection = call(meter, 3.0)
    assert rejection is not None
    assert rejection.problem == "day"
    assert rejection.retry_after is not None
    assert call(meter, 3.0 + rejection.retry_after) is None


def test_the_apps_minute_is_counted_over_all_tenants_and_calls_without_one() -> None:
    """Three calls of two tenants and of none fill an app's minute of three for everyone."""
    meter = Meter(SandboxLimits(app_minute=3))
    assert [call(meter, 0.0, tenant) for tenant in ("a", "b", None)] == [None] * 3
    assert [call(meter, 0.0, tenant) for tenant in ("a", "c", None)] == [Rejection("appminute", None)] * 3
    assert meter.headers(None, 0.0) == {"X-AppMinLimit-Remaining": "0"}


def test_a_rejected_call_is_not_counted() -> None:
    """A hundred refused calls leave the windows as they were."""
    meter = Meter(SandboxLimits(style="rolling", minute=1))
    call(meter, 0.0)
    assert all(call(meter, 1.0 + n / 10) for n in range(100))
    assert call(meter, 60.0) is None
    assert meter.headers("t", 60.0)["X-DayLimit-Remaining"] == "4998"


def test_limits_that_are_off_still_count_what_comes() -> None:
    """Nobody is turned away, no header names a limit that is none, and the busiest window is known."""
    meter = Meter(None)
    assert [call(meter, 0.0) for _ in range(200)] == [None] * 200
    assert meter.busiest_minute == {"t": 200}
    assert meter.headers("t", 0.0) == {}


async def test_a_client_with_wider_limits_is_not_slowed_where_there_are_none() -> None:
    """With limits off, answers name none, so that a client that may call more often than Xero lets it does."""
    async with running(limits=None) as client:
        reply = await client.call("GET", "/Contacts")
        assert not [name for name in reply.headers if "Limit" in name]


@given(
    seed=st.integers(0, 2**32),
    style=st.sampled_from(["fixed", "rolling"]),
    stamp=st.sampled_from(["arrival", "completion"]),
)
def test_no_traffic_gets_more_than_the_limit_into_a_window(seed: int, style: Style, stamp: Stamp) -> None:
    """Whatever comes, no window of the chosen kind holds more stamps than allowed, and a Retry-After is enough."""
    chance = random.Random(seed)
    meter = Meter(SandboxLimits(style=style, stamp=stamp, minute=7, concurrent=3, window=10.0))
    stamps, ends, now = list[float](), list[float](), 0.0
    for _ in range(150):
        now += chance.expovariate(2.0)
        for end in sorted(end for end in ends if end <= now):
            meter.leave("t", end)
            ends.remove(end)
            stamps += [end] if stamp == "completion" else []
        rejection = meter.arrive("t", now)
        if rejection is None:
            ends.append(now + chance.uniform(0.01, 3.0))
            stamps += [now] if stamp == "arrival" else []
    stamps.sort()
    assert meter.busiest_minute["t"] <= 7
    if style == "rolling":
        assert all(later - earlier >= 10.0 for earlier, later in zip(stamps, stamps[7:], strict=False))
    assert all(a <= b for a, b in pairwise(stamps))


@pytest.mark.parametrize("field", ["concurrent", "minute", "day", "app_minute", "window"])
def test_limits_of_nothing_are_refused(field: str) -> None:
    """A limit that lets no call in, or a window of no length, is an error."""
    with pytest.raises(InvalidArgument):
        msgspec.structs.replace(SandboxLimits(), **{field: 0})


async def test_a_full_minute_is_a_429_with_its_headers_and_no_body() -> None:
    """The answer names the problem, the seconds to wait and what is left, and has an empty body."""
    async with running(limits=SandboxLimits()) as client:
        replies = [await client.call("GET", "/Contacts") for _ in range(61)]
        assert [reply.status for reply in replies] == [200] * 60 + [429]
        assert [int(reply.headers["X-MinLimit-Remaining"]) for reply in replies] == [*range(59, -1, -1), 0]
        last = replies[-1]
        assert last.body == b""
        assert last.headers["X-Rate-Limit-Problem"] == "minute"
        assert 1 <= int(last.headers["Retry-After"]) <= 60
        assert last.headers["X-DayLimit-Remaining"] == "4940"
        assert last.headers["X-AppMinLimit-Remaining"] == "9940"


async def test_a_429_ends_when_its_retry_after_is_over() -> None:
    """Once the clock has moved by the seconds of Retry-After the next call is let in."""
    async with running(limits=SandboxLimits(minute=1)) as client:
        await client.call("GET", "/Contacts")
        rejected = await client.call("GET", "/Contacts")
        client.sandbox.advance(int(rejected.headers["Retry-After"]))
        assert (rejected.status, (await client.call("GET", "/Contacts")).status) == (429, 200)


async def test_too_many_at_once_is_a_429_without_retry_after() -> None:
    """Eight calls at once are five answers and three refusals that name `concurrent`."""
    async with running(limits=SandboxLimits(), latency=0.1) as client:
        replies = await asyncio.gather(*(client.call("GET", "/Contacts") for _ in range(8)))
        refused = [reply for reply in replies if reply.status == 429]
        assert len(refused) == 3
        assert {reply.headers["X-Rate-Limit-Problem"] for reply in refused} == {"concurrent"}
        assert not any("Retry-After" in reply.headers for reply in refused)


async def test_a_client_that_holds_five_in_flight_is_never_refused_for_six() -> None:
    """A place is free again before the last byte of an answer arrives: 400 calls by five workers, no refusal."""
    limits = SandboxLimits(minute=10_000, day=10_000)
    async with running(limits=limits) as client:

        async def worker() -> set[int]:
            return {(await client.call("GET", "/Contacts")).status for _ in range(80)}

        assert set().union(*await asyncio.gather(*(worker() for _ in range(5)))) == {200}


async def test_a_spent_day_tells_when_it_ends() -> None:
    """The refusal for the day has its own name and a Retry-After of hours."""
    async with running(limits=SandboxLimits(day=1)) as client:
        await client.call("GET", "/Contacts")
        reply = await client.call("GET", "/Contacts")
        assert (reply.status, reply.headers["X-Rate-Limit-Problem"]) == (429, "day")
        assert 60 < int(reply.headers["Retry-After"]) <= 86_400


async def test_connections_cost_the_app_alone() -> None:
    """The list of connections carries the app's header only and takes nothing from a tenant."""
    async with running(limits=SandboxLimits()) as client:
        reply = await client.send("GET", "/connections")
        assert reply.headers["X-AppMinLimit-Remaining"] == "9999"
        assert "X-MinLimit-Remaining" not in reply.headers
        assert (await client.call("GET", "/Contacts")).headers["X-MinLimit-Remaining"] == "59"


async def test_tenants_have_minutes_of_their_own() -> None:
    """A tenant that has spent its minute takes nothing from the other."""
    async with running(limits=SandboxLimits(minute=1), tenants=2) as client:
        statuses = list[int]()
        for tenant in client.sandbox.tenants:
            client.tenant = tenant
            statuses += [(await client.call("GET", "/Contacts")).status for _ in range(2)]
        assert statuses == [200, 429, 200, 429]
