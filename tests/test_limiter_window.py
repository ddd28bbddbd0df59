"""The limiter's pure core: what a window and a day let go, for any course of events."""

from __future__ import annotations

from itertools import accumulate
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_xero import CONVENTIONS, Minute, Stamp, Style

from xero_async.pacing.window import DAY, DAY_RECHECK, Day, Ticket, Window

SPAN = 60.1
REPEATABLE = settings(derandomize=True, deadline=None)


def spend(window: Window, calls: int, now: float) -> None:
    """Make calls that take no time."""
    for _ in range(calls):
        window.settle(window.take(now), now)


def probe(window: Window, left: int, now: float = 0.0) -> None:
    """Make one call that takes no time and says what is left."""
    ticket = window.take(now)
    window.learn(ticket, left, now)
    window.settle(ticket, now)


STEPS = st.lists(
    st.tuples(
        st.floats(0, 25),  # seconds since the step before
        st.integers(0, 7),  # calls let go, if they may
        st.integers(0, 7),  # calls completed
        st.floats(0, 1),  # where between its departure and now the server counted each of them
    ),
    max_size=60,
)


@REPEATABLE
@given(steps=STEPS, limit=st.integers(1, 12), concurrent=st.integers(1, 5))
def test_no_minute_holds_too_many(steps: list[tuple[float, int, int, float]], limit: int, concurrent: int) -> None:
    """Wherever in a call the server counts it, no 60 seconds hold more calls than the limit."""
    window = Window(limit, SPAN, concurrent=concurrent)
    flying: list[Ticket] = []
    stamps: list[float] = []
    for now, (_, going, coming, part) in zip(accumulate(step[0] for step in steps), steps, strict=True):
        for _ in range(going):
            if window.hindrance(now, False) is None:
                flying.append(window.take(now))
        assert len(flying) == window.in_flight <= concurrent
        for ticket in flying[:coming]:
            window.settle(ticket, now)
            stamps.append(ticket.granted + part * (now - ticket.granted))
        del flying[:coming]
    stamps.sort()
    for first, last in zip(stamps, stamps[limit:], strict=False):
        assert last - first >= 60


@REPEATABLE
@given(steps=STEPS, convention=st.sampled_from(CONVENTIONS), offset=st.floats(0, 60))
def test_alone_nothing_foreign_is_seen(
    steps: list[tuple[float, int, int, float]], convention: tuple[Style, Stamp], offset: float
) -> None:
    """Where nobody else calls, no header takes anything off, however the server counts and whatever overlaps."""
    style, stamp = convention
    window, server = Window(60, SPAN, concurrent=5), Minute(60, 60.0, style, offset)
    flying: list[tuple[Ticket, int]] = []
    own: list[float] = []
    for now, (_, going, coming, _) in zip(accumulate(step[0] for step in steps), steps, strict=True):
        for _ in range(going):
            if window.hindrance(now, False) is None:
                ticket = window.take(now)
                if stamp == "arrival":
                    server.stamps.append(now)
                flying.append((ticket, server.left(now)))
        for ticket, left in flying[:coming]:
            if stamp == "completion":
                server.stamps.append(now)
                left = server.left(now)
            window.learn(ticket, left, now)
            window.settle(ticket, now)
            own.append(now)
        del flying[:coming]
        known = sum(then + SPAN > now for then in own) + len(flying)
        assert window.left(now) == 60 - known


@REPEATABLE
@given(st.integers(0, 59), st.integers(0, 59))
def test_what_a_header_shows_is_counted(own: int, foreign: int) -> None:
    """After an answer the window holds at least what the server counted, and exactly that if it began with nothing."""
    window = Window(60, SPAN)
    spend(window, own, 0)
    probe(window, max(0, 60 - own - 1 - foreign), 1)
    assert window.left(1) == max(0, 60 - own - 1 - foreign)


def test_foreign_calls_expire() -> None:
    """What others spent holds calls back for one minute from the answer that showed it."""
    window = Window(60, SPAN)
    probe(window, 14)
    assert (window.left(0), window.left(60), window.left(SPAN)) == (14, 14, 60)
    assert window.opening(0, False) == inf
    first = window.take(100)
    window.learn(first, 14, 100)
    window.settle(first, 103)
    spend(window, 14, 104)
    assert (window.hindrance(104, False), window.opening(104, False)) == ("minute", 100 + SPAN)


def test_foreign_calls_are_forgotten_when_the_server_forgets_them() -> None:
    """An answer after the server's minute began anew gives back what others had spent in the old one, and no more."""
    window = Window(60, SPAN)
    probe(window, 50, 0)  # nine of others, then twelve more
    probe(window, 37, 1)
    assert window.left(2) == 37
    probe(window, 57, 10)  # the server knows three calls now: at most three of the old can be others'
    assert window.left(10) == 60 - 3 - 3


def test_an_old_answer_forgets_nothing_new() -> None:
    """An answer that was long on its way says nothing of what others spent since its call departed."""
    window = Window(60, SPAN)
    slow = window.take(0)
    probe(window, 28, 5)
    assert window.left(5) == 28
    window.learn(slow, 59, 9)
    assert window.left(9) == 28


def test_answers_that_overlap_hide_others_only_for_a_while() -> None:
    """Calls in flight may be what a header counts; when they are answered, what is left over is somebody else's."""
    window = Window(60, SPAN)
    tickets = [window.take(0) for _ in range(5)]
    for ticket, left in zip(tickets, (57, 56, 55, 54, 52), strict=True):  # counted at completion, with two of others
        window.learn(ticket, left, 1)
        window.settle(ticket, 1)
    assert window.left(1) == 60 - 5 - 3 == 52


def test_a_full_minute_that_others_share_closes_for_a_minute() -> None:
    """Where others spend and only the reserve is left, nothing goes for a minute, whatever expires meanwhile."""
    window = Window(60, SPAN, reserve=10)
    spend(window, 5, 0)
    probe(window, 40, 30)
    assert window.hindrance(30, False) is None
    probe(window, 10, 50)
    assert window.hindrance(SPAN + 1, False) == "minute"
    assert window.opening(SPAN + 1, False) == 50 + SPAN
    assert window.hindrance(50 + SPAN, False) is None


def test_the_reserve_is_left() -> None:
    """Calls in reserve are never let go, and are counted among those that remain."""
    window = Window(10, SPAN, reserve=4)
    spend(window, 6, 0)
    assert (window.hindrance(1, False), window.opening(1, False), window.left(1)) == ("minute", SPAN, 4)


def test_bulk_gives_way_while_interactive_calls_come() -> None:
    """Within a minute of an interactive call, bulk work leaves calls and one slot; after it, it uses all."""
    window = Window(10, SPAN, concurrent=2, bulk_reserve=4)
    window.interactive(0)
    ticket = window.take(0)
    assert (window.hindrance(0, True), window.hindrance(0, False)) == ("concurrency", None)
    window.settle(ticket, 0)
    spend(window, 5, 30)
    assert (window.hindrance(30, True), window.hindrance(30, False)) == ("minute", None)
    assert window.opening(30, True) == SPAN
    window.interactive(31)
    assert window.hindrance(SPAN, True) is None
    spend(window, 1, SPAN)
    assert window.opening(SPAN, True) == 30 + SPAN
    window.interactive(25)
    assert window.opening(SPAN, True) == 25 + SPAN
    assert window.hindrance(25 + SPAN, True) is None


def test_bulk_never_starves() -> None:
    """However small the limits, bulk work keeps one call and one slot."""
    window = Window(1, SPAN, concurrent=1, bulk_reserve=10)
    window.interactive(0)
    assert window.hindrance(0, True) is None


def test_a_cold_window_asks_first() -> None:
    """A cold window lets one call go until an answer comes; refused or not sent, the next is again the only one."""
    window = Window(60, SPAN, cold=True)
    first = window.take(0)
    assert (window.hindrance(0, False), window.opening(0, False)) == ("first answer", inf)
    window.give_back(first)
    second = window.take(1)
    assert window.hindrance(1, False) == "first answer"
    assert window.pause(second, 1, 5, probe=True)
    window.settle(second, 1)
    assert (window.hindrance(2, False), window.opening(2, False)) == ("paused", 6)
    third = window.take(6)
    assert window.hindrance(6, False) == "first answer"
    window.learn(third, None, 7)
    assert window.hindrance(7, False) is None


def test_a_longer_pause_wins() -> None:
    """Of several refusals the longest counts, and those that add less than a second are no news."""
    window = Window(60, SPAN)
    tickets = [window.take(0) for _ in range(4)]
    news = [window.pause(t, 0, s, probe=False) for t, s in zip(tickets, (10, 10.5, 20, 3), strict=True)]
    assert news == [True, False, True, False]
    assert window.opening(0, False) == 20


def test_a_call_given_back_never_was() -> None:
    """A call that was not sent takes nothing off the minute and hides nobody else's."""
    window = Window(60, SPAN)
    other = window.take(0)
    window.give_back(window.take(0))
    window.learn(other, 49, 1)
    window.settle(other, 1)
    assert window.left(1) == 49


def test_the_day_counts_down_between_answers() -> None:
    """The day is the lowest figure seen, less the calls in flight and those whose answer said nothing."""
    day = Day(5_000)
    for at in (0, 1, 2, 3):
        day.take(at)
    assert day.remaining(3) == 4_996
    day.learn(1, 100, 4)
    assert day.remaining(4) == 97
    day.learn(0, 101, 5)  # merely old
    assert day.remaining(5) == 98
    day.settle()
    assert day.remaining(6) == 98
    day.give_back()
    assert day.remaining(6) == 99


def test_a_higher_figure_counts_only_if_it_is_newer() -> None:
    """Calls were freed only if a call that left after the lowest figure was known brings a higher one."""
    day = Day(5_000)
    for granted, left, at, known in ((0, 50, 5, 50), (4, 60, 6, 50), (5, 49, 7, 49), (8, 70, 9, 70)):
        day.take(granted)
        day.learn(granted, left, at)
        assert day.remaining(at) == known


@REPEATABLE
@given(st.permutations(range(8)), st.integers(0, 5), st.booleans())
def test_the_day_is_exact_when_all_are_answered(order: list[int], left: int, at_arrival: bool) -> None:
    """In whatever order calls are counted and answered, none is too many, and in the end none is lost."""
    day = Day(5_000)
    counted: list[int] = []
    for _ in order:
        day.take(0)
    for position, number in enumerate(order):
        figure = left + 7 - (number if at_arrival else position)
        day.learn(0, figure, 1)
        counted.append(figure)
        assert day.left <= left
    assert (day.left, day.over) == (left, left == 0)


def test_how_long_a_day_is_held() -> None:
    """A day is held as Xero says; else for an hour, and where it never said anything, for a day from the first call."""
    silent = Day(1)
    silent.take(100)
    silent.settle()
    assert silent.over
    assert silent.hold(200, None)
    assert (silent.held_until, silent.reset_known, silent.over) == (100 + DAY, False, False)

    told = Day(1)
    for _ in range(3):
        told.take(100)
    told.learn(100, 0, 150)
    assert told.hold(200, None)
    assert not told.hold(210, None)
    assert (told.held_until, told.remaining(300)) == (200 + DAY_RECHECK, 0)
    assert told.hold(220, 50)
    assert not told.hold(221, 50)
    assert not told.hold(222, None)
    assert (told.held_until, told.reset_known) == (271, True)
    told.learn(100, 0, 230)  # of the day before
    told.learn(100, 0, 300)
    assert told.remaining(300) == 1


def test_an_own_count_begins_anew_after_a_day() -> None:
    """Where no header ever came, the count begins anew a day after its first call."""
    day = Day(2)
    for at in (0, DAY - 1):
        day.take(at)
        day.settle()
    assert day.remaining(DAY) == 0
    day.take(DAY)
    assert day.remaining(DAY) == 1


def test_a_long_run_gets_the_bulk_reserve_bit_by_bit() -> None:
    """Bulk work for eight minutes gets what is kept for others over its first minute, shorter work at once."""
    window = Window(20, 60, bulk_reserve=4)
    window.bulk_waits(0, 159)
    assert granted_at_once(window, 0.0) == 20
    window = Window(20, 60, bulk_reserve=4)
    window.bulk_waits(0, 160)
    assert granted_at_once(window, 0.0) == 16
    times: list[float] = []
    while (opens := window.opening(times[-1] if times else 0.0, True)) < 60:
        times.append(opens)
        assert granted_at_once(window, opens) == 1
    assert times == pytest.approx([8.4, 16.8, 25.2, 33.6])
    assert window.hindrance(40, False) == "minute"


def test_a_long_run_begins_anew_after_interactive_calls() -> None:
    """When interactive calls have ended, their reserve is given back to a long run bit by bit as well."""
    window = Window(20, 60, bulk_reserve=4)
    window.bulk_waits(0, 400)
    window.interactive(10)
    assert granted_at_once(window, 10.0) == 16
    assert granted_at_once(window, 70.0) == 16
    assert window.opening(70.0, True) == pytest.approx(78.4)


def granted_at_once(window: Window, now: float) -> int:
    """Make as many bulk calls as may go at a moment, each completed at once; return how many."""
    number = 0
    while window.hindrance(now, True) is None:
        window.settle(window.take(now), now)
        number += 1
    return number
