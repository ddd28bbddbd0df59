"""What a long job shows, and how it reckons its end."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from xero_async import Attempt, Limits, StaticToken, Xero
from xero_async.cli.board import Board, Forecast, clock_face


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def attempt(number: int, *, status: int | None = 200, failure: str | None = None) -> Attempt:
    """One attempt of a call, as the session reports it."""
    return Attempt(
        operation="getInvoices",
        tenant="t",
        number=number,
        status=status,
        failure=failure,
        waited=0.0,
        seconds=0.1,
        received=0,
        remaining=None,
        correlation_id=None,
        next="value" if status == 200 else "wait",
        wait=0.0,
    )


def board(width: int | None = None) -> tuple[Board, Clock, Callable[[], str]]:
    """A board that follows a tenant, on a terminal of a width or on none, its clock, and what it has written."""
    clock, written = Clock(), io.StringIO()
    console = Console(file=written, force_terminal=width is not None, width=width, color_system=None)
    made = Board(console, clock)
    made.follow("Acme", Xero(StaticToken("x")).tenant("t"))
    return made, clock, written.getvalue


def test_plain_lines_come_every_few_seconds_and_at_the_end() -> None:
    """Without a terminal a work has a line every two seconds at most, and one when it is done."""
    shown, clock, written = board()
    for page in range(1, 9):
        clock.now += 0.5
        shown.update(
            "invoices", tenant="Acme", done=page * 100, total=800, calls=page, calls_total=8, finished=page == 8
        )
    assert written().splitlines() == [
        "invoices: 400 of 800 records, call 4 of 8, 200/s; elapsed 0:02, expected 0:04, 60 calls left in the minute",
        "invoices: 800 of 800 records, call 8 of 8, 200/s; elapsed 0:04, expected 0:04, 60 calls left in the minute",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_bars_fit_the_terminal(width: int) -> None:
    """On a terminal every line fits into it, with counts, rate, calls left, retries, and what is to come."""
    shown, clock, _ = board(width)
    shown.update("export invoices", tenant="Acme", total=20_500, calls_total=21)
    shown.update("create invoices", tenant="Acme", done=50, total=500, calls=1, calls_total=10)
    shown.attempt(attempt(1, status=None, failure="dropped"))
    shown.attempt(attempt(2, status=502))
    clock.now += 2
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(shown.shown())
    lines = text.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "0 of 20,500" in lines[0]
    assert "21 calls" in lines[0]
    assert "50 of 500" in lines[1]
    assert "25/s" in lines[1]
    assert lines[2:] == [
        "elapsed 0:02, expected 1:02, 60 calls left in the minute",
        "2 retries: 1 × connection lost, 1 × 502",
    ]


def test_nothing_is_expected_before_the_first_call() -> None:
    """A board without a call does not pretend to know the end."""
    shown, clock, _ = board()
    shown.update("invoices", tenant="Acme", total=100, calls_total=3)
    assert shown.expected(clock.now) is None


def test_what_a_terminal_would_obey_is_not_written() -> None:
    """A tenant's name with control characters cannot steer the terminal, nor markup the output."""
    shown, _, written = board()
    shown.follow("Evil \x1b[2J[bold]", Xero(StaticToken("x")).tenant("u"))
    shown.update("invoices", tenant="Evil \x1b[2J[bold]", done=1, total=1, calls=1, calls_total=1, finished=True)
    assert written().startswith("Evil  [2J[bold], invoices: 1 of 1")


@given(st.integers(0, 60), st.integers(0, 300), st.floats(0, 5))
def test_the_forecast_keeps_to_the_windows(made: int, calls: int, pace: float) -> None:
    """Calls beyond what the minute has left take a minute for each sixty, counted from the calls that fill it."""
    forecast, now = Forecast(Limits()), 100.0
    for _ in range(made):
        forecast.note(now)
    seconds = forecast.seconds_for(calls, 60 - made, pace, now + 10)
    waiting = max(0, calls - (60 - made))
    windows = -(-waiting // 60)
    assert seconds >= calls * pace
    assert seconds <= calls * pace + windows * 60
    if waiting and made == 60:
        assert seconds >= windows * 60 - 10


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_a_clock_face_reads_as_people_write_it(seconds: float, shown: str) -> None:
    """Seconds have two digits, and hours appear only where there are any."""
    assert clock_face(seconds) == shown
