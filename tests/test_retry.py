"""The retry decision: each row of its table is a test."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xero_async.pacing import (
    KEY_USE,
    Decision,
    Outcome,
    Raise,
    RetryPolicy,
    Return,
    Unknown,
    Wait,
    decide,
    may_have_arrived,
)
from xero_async.wire.errors import InvalidArgument

POLICY = RetryPolicy(deadline=300)
DROPPED, TIMEOUT, CONNECT = (Outcome(failure=failure) for failure in ("dropped", "timeout", "connect"))
RETURN, RAISE, UNKNOWN = Return(), Raise(), Unknown()


def after(
    method: str,
    outcome: Outcome,
    *,
    key: bool | None = None,
    age: float = 0.0,
    attempt: int = 1,
    elapsed: float = 0.0,
    ambiguous: bool = False,
    policy: RetryPolicy = POLICY,
    jitter: float = 1.0,
) -> Decision:
    """Decide, for a call that is otherwise as new as can be; PUT and POST have a key unless told otherwise."""
    return decide(
        policy,
        method=method,
        has_key=method in ("PUT", "POST") if key is None else key,
        key_age=age,
        outcome=outcome,
        attempt=attempt,
        elapsed=elapsed,
        jitter=lambda: jitter,
        ambiguous=ambiguous,
    )


def status(code: int, problem: str | None = None, retry_after: float | None = None) -> Outcome:
    """Return the outcome of an answer."""
    return Outcome(status=code, problem=problem, retry_after=retry_after)


W = Wait(0.5)
"""The first wait, with all of its jitter."""

TABLE: list[tuple[Outcome, Decision, Decision, Decision]] = [
    # what came of it, and what a read, a write with a live key, and a write without a key do after it
    (status(200), RETURN, RETURN, RETURN),
    (status(204), RETURN, RETURN, RETURN),
    (status(304), RETURN, RETURN, RETURN),
    (status(400), RAISE, RAISE, RAISE),
    (status(401), RAISE, RAISE, RAISE),
    (status(403), RAISE, RAISE, RAISE),
    (status(404), RAISE, RAISE, RAISE),
    (status(412), RAISE, RAISE, RAISE),
    (status(414), RAISE, RAISE, RAISE),
    (status(415), RAISE, RAISE, RAISE),
    (status(429), W, W, W),
    (status(429, "minute", 20), Wait(20), Wait(20), Wait(20)),
    (status(429, "minute", 90), Wait(90), Wait(90), Wait(90)),
    (status(429, "minute", 91), RAISE, RAISE, RAISE),
    (status(429, "minute", 0), Wait(0), Wait(0), Wait(0)),
    (status(429, "concurrent"), W, W, W),
    (status(429, "appminute"), W, W, W),
    (status(429, "month", 7), Wait(7), Wait(7), Wait(7)),
    (status(429, "day"), RAISE, RAISE, RAISE),
    (status(429, "day", 5), RAISE, RAISE, RAISE),
    (status(500), W, UNKNOWN, UNKNOWN),
    (status(501), RAISE, RAISE, RAISE),
    (status(502), W, W, UNKNOWN),
    (status(503), Wait(8), Wait(8), UNKNOWN),
    (status(503, None, 40), Wait(40), Wait(40), UNKNOWN),
    (status(504), W, W, UNKNOWN),
    (status(504, None, 91), RAISE, UNKNOWN, UNKNOWN),
    (status(507), RAISE, UNKNOWN, UNKNOWN),
    (status(520), RAISE, UNKNOWN, UNKNOWN),
    (DROPPED, W, W, UNKNOWN),
    (TIMEOUT, W, W, UNKNOWN),
    (CONNECT, W, W, W),
    (Outcome(), W, W, UNKNOWN),
    (Outcome(status=200, failure="dropped"), W, W, UNKNOWN),
]


def name(value: object) -> str:
    """Return a short id for a row."""
    if isinstance(value, Outcome):
        said = (value.status, value.failure, value.problem, value.retry_after)
        return " ".join(str(part) for part in said if part is not None) or "nothing"
    return ""


@pytest.mark.parametrize(("outcome", "read", "write", "keyless"), TABLE, ids=name)
def test_after_a_first_attempt(outcome: Outcome, read: Decision, write: Decision, keyless: Decision) -> None:
    """A row of the table: reads, writes with a live key and writes without one, after one attempt."""
    assert after("GET", outcome) == after("HEAD", outcome) == read
    assert after("PUT", outcome) == after("POST", outcome) == write
    assert after("DELETE", outcome) == after("POST", outcome, key=False) == keyless


@pytest.mark.parametrize(("outcome", "read", "write", "keyless"), TABLE, ids=name)
def test_after_the_last_attempt(outcome: Outcome, read: Decision, write: Decision, keyless: Decision) -> None:
    """When attempts are used up nothing waits: what may have been done is unknown, all else raises."""
    spent = UNKNOWN if may_have_arrived(outcome) else RAISE
    assert after("GET", outcome, attempt=5) == (RAISE if isinstance(read, Wait) else read)
    assert after("PUT", outcome, attempt=5) == (spent if isinstance(write, Wait) else write)
    assert after("DELETE", outcome, attempt=5) == (spent if isinstance(keyless, Wait) else keyless)


AMBIGUOUS: list[tuple[str, Outcome, dict[str, float], Decision]] = [
    # an earlier attempt may have arrived
    ("PUT", status(200), {}, RETURN),
    ("PUT", status(429, "minute", 20), {}, Wait(20)),
    ("PUT", status(429, "minute", 20), {"attempt": 5}, UNKNOWN),
    ("PUT", status(429, "minute", 91), {}, UNKNOWN),
    ("PUT", status(429, "day"), {}, UNKNOWN),
    ("PUT", status(429), {"age": KEY_USE}, UNKNOWN),
    ("PUT", CONNECT, {}, W),
    ("PUT", CONNECT, {"attempt": 5}, UNKNOWN),
    ("PUT", CONNECT, {"elapsed": 300}, UNKNOWN),
    ("PUT", DROPPED, {"attempt": 5}, UNKNOWN),
    ("PUT", status(400), {}, RAISE),
    ("PUT", status(401), {}, UNKNOWN),
    ("PUT", status(403), {}, UNKNOWN),
    ("PUT", status(404), {}, RAISE),
    ("PUT", status(500), {}, UNKNOWN),
    ("PUT", status(501), {}, RAISE),
    ("DELETE", status(429), {}, UNKNOWN),
    ("DELETE", CONNECT, {}, UNKNOWN),
    ("DELETE", status(404), {}, RAISE),
    ("GET", status(401), {}, RAISE),
    ("GET", status(429), {"attempt": 5}, RAISE),
    ("GET", CONNECT, {}, W),
]


@pytest.mark.parametrize(("method", "outcome", "state", "decision"), AMBIGUOUS, ids=name)
def test_after_an_attempt_that_may_have_arrived(
    method: str, outcome: Outcome, state: dict[str, float], decision: Decision
) -> None:
    """A row of the table: an answer given before Xero looks at the key leaves an earlier attempt unknown."""
    attempt = int(state.get("attempt", 2))
    found = after(
        method,
        outcome,
        attempt=attempt,
        elapsed=state.get("elapsed", 0),
        age=state.get("age", 0),
        ambiguous=True,
        policy=RetryPolicy(base=0.25, deadline=300),
    )
    assert found == decision


@pytest.mark.parametrize(
    ("method", "outcome", "age", "decision"),
    [
        ("PUT", DROPPED, KEY_USE - 0.6, W),
        ("PUT", DROPPED, KEY_USE - 0.5, UNKNOWN),
        ("PUT", status(503), KEY_USE - 8, UNKNOWN),
        ("PUT", status(429, "minute", 30), KEY_USE - 31, Wait(30)),
        ("PUT", status(429, "minute", 30), KEY_USE - 30, RAISE),
        ("PUT", CONNECT, KEY_USE, RAISE),
        ("GET", DROPPED, KEY_USE, W),
        ("DELETE", CONNECT, KEY_USE, W),
    ],
    ids=name,
)
def test_a_key_ends_the_retries(method: str, outcome: Outcome, age: float, decision: Decision) -> None:
    """A write is sent again only if the wait ends before its key is four minutes old; other calls have no such end."""
    assert after(method, outcome, age=age) == decision


@pytest.mark.parametrize(
    ("method", "outcome", "elapsed", "decision"),
    [
        ("GET", DROPPED, 299.4, W),
        ("GET", DROPPED, 299.5, RAISE),
        ("PUT", DROPPED, 299.5, UNKNOWN),
        ("PUT", CONNECT, 299.5, RAISE),
        ("GET", status(429, "minute", 60), 240, RAISE),
    ],
    ids=name,
)
def test_the_deadline_ends_the_retries(method: str, outcome: Outcome, elapsed: float, decision: Decision) -> None:
    """No wait begins that would not end before the deadline; without one, only the attempts count."""
    assert after(method, outcome, elapsed=elapsed) == decision
    endless = after(method, outcome, elapsed=elapsed, policy=RetryPolicy(deadline=None))
    assert isinstance(endless, Wait)


def test_backoff_doubles_to_a_cap_with_full_jitter() -> None:
    """Waits double from half a second to thirty, after a 503 from eight; jitter scales the whole of them."""
    policy = RetryPolicy(attempts=2_000, deadline=300)

    def waits(outcome: Outcome, jitter: float) -> list[Decision]:
        return [
            after("GET", outcome, attempt=attempt, policy=policy, jitter=jitter) for attempt in (1, 2, 3, 6, 7, 1_999)
        ]

    assert waits(DROPPED, 1) == [Wait(seconds) for seconds in (0.5, 1, 2, 16, 30, 30)]
    assert waits(DROPPED, 0.5) == [Wait(seconds) for seconds in (0.25, 0.5, 1, 8, 15, 15)]
    assert waits(status(503), 1) == [Wait(seconds) for seconds in (8, 16, 30, 30, 30, 30)]
    assert waits(DROPPED, 0) == [Wait(0)] * 6


def test_a_policy_of_one_attempt_never_waits() -> None:
    """With one attempt nothing is sent again."""
    assert after("GET", DROPPED, policy=RetryPolicy(attempts=1)) == RAISE


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    has_key=st.booleans(),
    outcomes=st.lists(
        st.builds(
            Outcome,
            status=st.sampled_from([200, 400, 401, 404, 429, 500, 501, 502, 503, 504, 520, None]),
            failure=st.sampled_from([None, None, "dropped", "timeout", "connect"]),
            problem=st.sampled_from([None, "minute", "day", "concurrent"]),
            retry_after=st.none() | st.floats(0, 200),
        ),
        min_size=10,
        max_size=10,
    ),
    lasts=st.floats(0, 100),
    jitter=st.floats(0, 1),
)
def test_no_call_goes_on_for_ever_or_tells_a_lie(
    method: str, has_key: bool, outcomes: list[Outcome], lasts: float, jitter: float
) -> None:
    """Whatever comes, attempts, deadline and key are kept, and a write that may have been done never just raises."""
    has_key = has_key and method in ("PUT", "POST")
    elapsed, ambiguous = 0.0, False
    for attempt, outcome in enumerate(outcomes, start=1):
        assert attempt <= POLICY.attempts
        assert elapsed < 300
        if has_key:
            assert elapsed < KEY_USE
        elapsed += lasts
        decision = after(
            method,
            outcome,
            key=has_key,
            age=elapsed,
            attempt=attempt,
            elapsed=elapsed,
            ambiguous=ambiguous,
            jitter=jitter,
        )
        ambiguous |= may_have_arrived(outcome)
        if isinstance(decision, Wait):
            assert 0 <= decision.seconds <= POLICY.retry_after_cap
            assert method == "GET" or has_key or not ambiguous
            assert outcome.status != 500 or outcome.failure is not None or method == "GET"
            elapsed += decision.seconds
            continue
        if isinstance(decision, Unknown):
            assert method != "GET"
            assert ambiguous
        elif isinstance(decision, Raise) and method != "GET":
            settled = outcome.failure is None and outcome.status in (400, 404, 501)
            assert settled or not ambiguous
        return
    pytest.fail("The call went on for ever.")


# -- the whole space, against statements that know nothing of the table ----------------------------------------------

STATUSES = st.none() | st.integers(200, 599) | st.sampled_from([401, 403, 404, 429, 500, 501, 502, 503, 504])
SECONDS = st.floats(0, 400) | st.sampled_from([0.0, KEY_USE - 0.5, KEY_USE, 299.5, 300.0])


@st.composite
def moments(draw: st.DrawFn) -> dict[str, Any]:
    """Any arguments of a decision."""
    method = draw(st.sampled_from(["GET", "PUT", "POST", "DELETE"]))
    return {
        "method": method,
        "outcome": Outcome(
            status=draw(STATUSES),
            failure=draw(st.sampled_from([None, None, None, "dropped", "timeout", "connect"])),
            problem=draw(st.sampled_from([None, "minute", "day", "concurrent", "appminute", "month"])),
            retry_after=draw(st.none() | st.floats(0, 200)),
        ),
        "key": method in ("PUT", "POST") and draw(st.booleans()),
        "age": draw(SECONDS),
        "attempt": draw(st.integers(1, 6)),
        "elapsed": draw(SECONDS),
        "ambiguous": draw(st.booleans()),
        "jitter": draw(st.floats(0, 1)),
    }


ANY = settings(derandomize=True, deadline=None, max_examples=500)


def is_answered(outcome: Outcome, *codes: int) -> bool:
    """Whether Xero answered with one of some statuses."""
    return outcome.failure is None and outcome.status in codes


def is_refused_unseen(outcome: Outcome) -> bool:
    """Whether the attempt certainly did nothing, and Xero said so without a look at the key."""
    return outcome.failure == "connect" or is_answered(outcome, 401, 403, 429)


def may_be_done(outcome: Outcome) -> bool:
    """Whether the attempt itself may have done a write."""
    if outcome.failure is not None or outcome.status is None:
        return outcome.failure != "connect"
    return outcome.status >= 500 and outcome.status != 501


@ANY
@given(moments())
def test_a_wait_is_within_every_bound(moment: dict[str, Any]) -> None:
    """Attempts, deadline, the key's use and the cap of a wait hold wherever a wait is the decision."""
    decision, outcome = after(**moment), moment["outcome"]
    if isinstance(decision, Wait):
        assert moment["attempt"] < POLICY.attempts
        assert moment["elapsed"] + decision.seconds < 300
        assert not moment["key"] or moment["age"] + decision.seconds < KEY_USE
        assert 0 <= decision.seconds <= max(POLICY.cap, POLICY.retry_after_cap)
        assert outcome.retry_after is None or decision.seconds == outcome.retry_after


@ANY
@given(moments())
def test_nothing_is_sent_again_that_could_be_done_twice(moment: dict[str, Any]) -> None:
    """A write without a key never waits once it may have arrived, nor any write after Xero's own 500."""
    decision, outcome = after(**moment), moment["outcome"]
    if isinstance(decision, Wait) and moment["method"] != "GET":
        assert not is_answered(outcome, 500)
        assert moment["key"] or not (may_be_done(outcome) or moment["ambiguous"])


@ANY
@given(moments())
def test_what_xero_refused_is_never_sent_again(moment: dict[str, Any]) -> None:
    """No answer in the four hundreds is retried but a 429, and of those not the day's."""
    decision, outcome = after(**moment), moment["outcome"]
    if outcome.failure is None and outcome.status is not None and 400 <= outcome.status < 500:
        assert not isinstance(decision, Return)
        if outcome.status != 429 or outcome.problem == "day":
            assert not isinstance(decision, Wait)


@ANY
@given(moments())
def test_an_end_tells_the_truth(moment: dict[str, Any]) -> None:
    """A value comes of a success alone; a write that may have been done is unknown; all other ends raise."""
    decision, outcome = after(**moment), moment["outcome"]
    is_success = outcome.failure is None and outcome.status is not None and outcome.status < 400
    assert isinstance(decision, Return) == is_success
    in_doubt = may_be_done(outcome) or (moment["ambiguous"] and is_refused_unseen(outcome))
    if isinstance(decision, Raise):
        assert moment["method"] == "GET" or not in_doubt
    if isinstance(decision, Unknown):
        assert moment["method"] != "GET"
        assert in_doubt


@ANY
@given(moments())
def test_no_doubt_is_left_that_a_live_key_could_settle(moment: dict[str, Any]) -> None:
    """With attempts, time and key left, a write that met a passing fault is sent again, and so is a read."""
    outcome = moment["outcome"]
    passing = outcome.failure is not None or outcome.status is None or is_answered(outcome, 429, 502, 503, 504)
    if not passing or (is_answered(outcome, 429) and outcome.problem == "day"):
        return
    longest = 30 if outcome.retry_after is None else outcome.retry_after
    has_time = longest <= 90 and moment["elapsed"] + longest < 300 and moment["age"] + longest < KEY_USE
    if moment["attempt"] < 5 and has_time and (moment["key"] or moment["method"] == "GET"):
        assert isinstance(after(**moment), Wait)


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 0},
        {"deadline": -1.0},
        {"base": float("nan")},
        {"cap": float("inf")},
        {"retry_after_cap": -0.1},
    ],
    ids=str,
)
def test_policies_that_make_no_sense_are_refused(values: dict[str, int]) -> None:
    """A policy that could never be kept is refused with a sentence that names the field."""
    with pytest.raises(InvalidArgument, match=rf"RetryPolicy\.{next(iter(values))} must be"):
        RetryPolicy(**values)
