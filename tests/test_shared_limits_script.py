"""The script in the server against the limiter of one process: whatever is asked and told, both count alike."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from pacings import plain_client

from xero_async.pacing import Limits, Remaining
from xero_async.pacing.exchange import (
    SCRIPT,
    Ask,
    Flags,
    Grant,
    Reply,
    Rules,
    given_back,
    learned,
    micros,
    refused,
    released,
)
from xero_async.pacing.news import Refusal, span_of
from xero_async.pacing.window import Day, Ticket, Window

LIMITS = Limits(concurrent=3, minute=8, day=30, app_minute=11, reserve=1, bulk_reserve=2)
TENANTS = ("a", "b")
LEASE = 400.0
_numbers = count()


class Model:
    """One tenant as the limiter of one process sees it, without its queues."""

    def __init__(self, app: Window) -> None:
        span = span_of(LIMITS)
        self.app = app
        self.window = Window(
            LIMITS.minute,
            span,
            concurrent=LIMITS.concurrent,
            reserve=LIMITS.reserve,
            bulk_reserve=LIMITS.bulk_reserve,
            cold=True,
        )
        self.day = Day(LIMITS.day)

    def end_day(self, now: float, seconds: float | None) -> None:
        """No calls are left today."""
        self.window.cold = True
        self.day.hold(now, seconds)

    def hindrance(self, now: float, bulk: bool) -> str | None:
        """What keeps a call from going."""
        if self.day.over:
            self.end_day(now, None)
        if now < self.day.held_until or self.day.left <= 0:
            return "day"
        reason = self.window.hindrance(now, bulk)
        if reason is not None:
            return reason
        reason = self.app.hindrance(now, bulk)
        return "app minute" if reason == "minute" else reason

    def opening(self, now: float, bulk: bool, reason: str) -> float:
        """When that ends by itself."""
        if reason == "day":
            return self.day.held_until if now < self.day.held_until else float("inf")
        of_tenant = self.window.hindrance(now, bulk) is not None
        return (self.window if of_tenant else self.app).opening(now, bulk)


class Flying(Struct):
    """One call in both worlds."""

    tenant: str
    grant: Grant
    ticket: Ticket
    app_ticket: Ticket

    @property
    def flags(self) -> Flags:
        """What the script has to know of the tickets."""
        return Flags(self.ticket.probe, self.ticket.refused, self.app_ticket.probe, self.app_ticket.refused)


class Both:
    """The script and the model, told the same."""

    def __init__(self, server: Any) -> None:  # a client's commands have no types there
        self._rules = Rules(f"script-{next(_numbers)}", LIMITS, "p", LEASE, 0)
        self._evaluate: Callable[..., object] = server.eval
        span = span_of(LIMITS)
        self.app = Window(
            LIMITS.app_minute, span, bulk_reserve=LIMITS.app_minute * LIMITS.bulk_reserve // LIMITS.minute
        )
        self.models = {tenant: Model(self.app) for tenant in TENANTS}
        self.flying: list[Flying] = []
        self._named = 0
        self.now = 0.0

    def say(self, tenant: str, words: str) -> Reply:
        """One round trip."""
        keys = self._rules.keys(tenant)
        arguments = self._rules.arguments(tenant, "", words)
        return Reply.read(self._evaluate(SCRIPT, len(keys), *keys, str(micros(1e9 + self.now)), *arguments))

    def ask(self, tenant: str, bulk: bool) -> None:
        """Somebody wants a turn: both grant it, or both say what hinders it and for how long."""
        model, now = self.models[tenant], self.now
        self._named += 1
        reply = self.say(tenant, Ask(int(not bulk), int(bulk), not bulk, int(bulk), self._named).text)
        if not bulk:
            model.window.interactive(now)
            model.app.interactive(now)
        reason = model.hindrance(now, bulk)
        assert reply.hindrance == (reason or "")
        if reason is not None:
            opening = model.opening(now, bulk, reason)
            assert reply.wait == (None if opening == float("inf") else pytest.approx(opening - now, abs=2e-6))
            self.say(tenant, "go ")
            return
        ticket, app_ticket = model.window.take(now), self.app.take(now)
        model.day.take(now)
        grant = reply.grants[bulk][0]
        assert (grant.mark, grant.probe) == (ticket.mark, ticket.probe)
        self.flying.append(Flying(tenant, grant, ticket, app_ticket))

    def answer(self, call: Flying, left: int | None, day_left: int | None, app_left: int | None) -> None:
        """A call is answered, and ends."""
        model, now = self.models[call.tenant], self.now
        told = learned(call.grant, call.flags, left, day_left, app_left)
        model.window.learn(call.ticket, left, now)
        if day_left is not None:
            model.day.learn(call.ticket.granted, day_left, now)
        self.app.learn(call.app_ticket, app_left, now)
        self._end(call, told, is_counted=day_left is not None)

    def refuse(self, call: Flying, refusal: Refusal) -> None:
        """A call is refused, and ends."""
        model, now = self.models[call.tenant], self.now
        if refusal.of == "day" or refusal.seconds is None:
            call.ticket.refused = True
            model.end_day(now, refusal.seconds)
        elif refusal.of == "app":
            call.ticket.refused = True
            self.app.pause(call.app_ticket, now, refusal.seconds, probe=True)
        else:
            model.window.pause(call.ticket, now, refusal.seconds, probe=refusal.of == "minute")
        self._end(call, refused(refusal), is_counted=False)

    def _end(self, call: Flying, told: str, *, is_counted: bool) -> None:
        model, now = self.models[call.tenant], self.now
        self.say(call.tenant, told + released(call.grant.id, 0.0, is_counted, call.flags))
        model.window.settle(call.ticket, now)
        self.app.settle(call.app_ticket, now)
        if not is_counted:
            model.day.settle()

    def give_back(self, call: Flying) -> None:
        """A call was never sent."""
        model = self.models[call.tenant]
        self.say(call.tenant, given_back(call.grant.id, call.flags))
        model.window.give_back(call.ticket)
        self.app.give_back(call.app_ticket)
        model.day.give_back()

    def compare(self) -> None:
        """Both tell the same of what remains."""
        for tenant, model in self.models.items():
            assert self.say(tenant, "").remaining == Remaining(
                minute=model.window.left(self.now),
                day=model.day.remaining(self.now),
                app_minute=self.app.left(self.now),
                in_flight=model.window.in_flight,
            )


LEFT = st.none() | st.integers(0, 8)
DEEDS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(TENANTS), st.booleans()),
    st.tuples(st.just("ask"), st.just("a"), st.booleans()),
    st.tuples(st.just("answer"), st.integers(0, 9), st.tuples(LEFT, st.none() | st.integers(0, 30), LEFT)),
    st.tuples(st.just("answer"), st.integers(0, 9), st.just((None, None, None))),
    st.tuples(
        st.just("refuse"),
        st.integers(0, 9),
        st.sampled_from(
            [
                Refusal("minute", 7.0, "minute"),
                Refusal("concurrent", 1.0, "concurrent"),
                Refusal("app", 10.0, "appminute"),
                Refusal("day", 900.0, "day"),
                Refusal("day", None, "day"),
            ]
        ),
    ),
    st.tuples(st.just("back"), st.integers(0, 9), st.none()),
)
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.25, 3.0, 21.0]), DEEDS), max_size=60)


@pytest.fixture(scope="module")
def server(shared_server: str) -> Any:
    """A connection of the test's own."""
    with plain_client(shared_server) as client:
        yield client


@settings(derandomize=True, deadline=None, max_examples=150)
@given(steps=STEPS)
def test_the_script_counts_as_one_process_does(server: Any, steps: list[tuple[float, Any]]) -> None:
    """For any course of calls, answers and refusals, the script grants, hinders and reckons as the one process does."""
    both = Both(server)
    for both.now, (_, (deed, which, more)) in zip(accumulate(step[0] for step in steps), steps, strict=True):
        if deed == "ask":
            both.ask(which, more)
        elif both.flying:
            call = both.flying.pop(which % len(both.flying))
            if deed == "answer":
                both.answer(call, *more)
            elif deed == "refuse":
                both.refuse(call, more)
            else:
                both.give_back(call)
        both.compare()
