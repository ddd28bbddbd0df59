"""The audit of a fault run: whether the client told the truth, and kept every promise on the way.

Pure: it compares what callers were told, what the proxy between client and server saw, and what the sandbox holds.
"""

from __future__ import annotations

import pickle
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from traceback import TracebackException
from typing import NamedTuple

from cutting_proxy import Exchange
from fault_deeds import Call, Claim
from msgspec import Struct, field

from xero_async import DailyLimitReached, OutcomeUnknown, RetryPolicy, XeroError
from xero_async.sandbox import SandboxLimits

__all__ = ["Run", "Verdict", "audit"]

KEY_USE = 240.0
"""Seconds for which the client says that it uses a key."""


class Run(Struct, kw_only=True):
    """All that is known of a run."""

    seed: int
    policy: RetryPolicy
    limits: SandboxLimits
    calls: list[Call]
    claims: list[Claim]
    seen: list[Exchange]
    held: dict[str, Counter[str]]
    """By tenant, how often each mark is in the sandbox."""
    rejections: dict[str, int]
    """Refusals for a limit that was truly reached."""
    injected: dict[str, int]
    replays: int
    left_over: dict[str, int]
    """By tenant, calls that the limiter believes to be in flight when all are over."""
    seconds: float
    """How long it took, by the leaping clock."""
    told: list[str]
    """All that was logged, and all that the hook was told."""
    secrets: set[str]


class Verdict(Struct):
    """What is wrong, and how much was looked at."""

    faults: list[str] = field(default_factory=list[str])
    figures: Counter[str] = field(default_factory=Counter[str])


def audit(run: Run) -> Verdict:
    """Look for everything that must not be."""
    by_mark = _by_mark(run)
    verdict = Verdict(figures=_figures(run))
    for look in (_truth, _unknowns, _attempts, _keys, _limits, _secrets):
        verdict.faults += look(run, by_mark)
    return verdict


Marked = dict[str, list[Exchange]]


def _by_mark(run: Run) -> Marked:
    """The requests of each call, in order, found by its mark."""
    marks = {call.mark for call in run.calls}
    found: Marked = defaultdict(list)
    for exchange in run.seen:
        text = f"{exchange.target} {exchange.body.decode('latin-1')}"
        for mark in _marks_in(text):
            if mark in marks:
                found[mark].append(exchange)
                break
    return found


def _marks_in(text: str) -> Iterator[str]:
    """Whatever may be a mark: the last one first, since a change names what it changes."""
    # A deletion's mark is an id, the end of its path.
    yield text.split(" ", 1)[0].rpartition("/")[2]
    at = len(text)
    while (at := text.rfind("x", 0, at)) >= 0:
        if text[at - 8 : at - 7] == "m":
            yield text[at - 8 : at + 1]


# -- nothing lost, nothing doubled -----------------------------------------------------------------------------------


def _truth(run: Run, _: Marked) -> Iterator[str]:
    # What was to be removed was there before.
    latest = {claim.mark: claim for claim in run.claims}
    for claim in latest.values():
        held = run.held[claim.tenant][claim.mark]
        if held > 1:
            yield f"doubled: {claim} is there {held} times"
        if claim.verdict == "done" and held != (0 if claim.removed else 1):
            yield f"lost: {claim} is there {held} times"
        if claim.verdict == "not done" and held != (1 if claim.removed else 0):
            yield f"told to be undone: {claim} is there {held} times"


def _unknowns(run: Run, by_mark: Marked) -> Iterator[str]:
    for call in run.calls:
        if isinstance(call.error, OutcomeUnknown) and not _justified(run, call, call.error, by_mark[call.mark]):
            yield f"unknown without need: {call}, {[_told(exchange) for exchange in by_mark[call.mark]]}"
        if not call.write and isinstance(call.error, OutcomeUnknown):
            yield f"a read is unknown: {call}"


def _justified(run: Run, call: Call, error: OutcomeUnknown, sent: Sequence[Exchange]) -> bool:
    """Whether no further attempt could have settled it."""
    if not sent:
        # The server closed the connection at the moment at which the request went into it: nobody saw it.
        return not call.keyed and call.attempts > 0
    last = sent[-1]
    if not any(_doubtful(exchange) for exchange in sent):
        return call.attempts > len(sent)
    if not call.keyed or _is_final(last):
        return True
    used_up = call.attempts >= run.policy.attempts
    longest = max(run.policy.cap, run.policy.retry_after_cap)
    key_too_old = (call.ended or 0.0) - _born(sent) + longest >= KEY_USE
    return used_up or key_too_old or _asks_for_too_much(run, last) or isinstance(error.__cause__, DailyLimitReached)


def _born(sent: Sequence[Exchange]) -> float:
    """When the server began to count the key's life; what it refuses for a limit, it refuses before."""
    return next((exchange.arrived for exchange in sent if exchange.status != 429), sent[-1].arrived)


def _doubtful(exchange: Exchange) -> bool:
    """Whether the client cannot know of this attempt that it was not done."""
    if not exchange.whole or exchange.status is None:
        return True
    return (exchange.status >= 500 and exchange.status != 501) or b"<html" in exchange.answer.lower()


def _is_final(exchange: Exchange) -> bool:
    """Whether the server has kept an answer that says nothing: the key can only replay it."""
    return exchange.status is not None and exchange.status == 500


def _asks_for_too_much(run: Run, exchange: Exchange) -> bool:
    headers = exchange.answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower().split("\r\n")
    seconds = next((float(line.partition(":")[2]) for line in headers if line.startswith("retry-after:")), 0.0)
    return seconds > run.policy.retry_after_cap


def _told(exchange: Exchange) -> str:
    return f"{exchange.arrived:.1f}-{exchange.left or 0:.1f} {exchange.method} {exchange.status} {exchange.cut}"


# -- attempts and keys -------------------------------------------------------------------------------------------------


def _attempts(run: Run, by_mark: Marked) -> Iterator[str]:
    for call in run.calls:
        sent = by_mark[call.mark]
        if len(sent) > run.policy.attempts:
            yield f"{len(sent)} attempts: {call}"
        if len(sent) > call.attempts:
            yield f"{len(sent)} attempts, of which the hook saw {call.attempts}: {call}"
        if call.write and not call.keyed and any(_doubtful(exchange) for exchange in sent[:-1]):
            yield f"sent again without a key: {call}, {[_told(exchange) for exchange in sent]}"
        if call.ended is None:
            yield f"never ended: {call}"
    strays = sum(1 for exchange in run.seen if exchange.tenant) - sum(len(sent) for sent in by_mark.values())
    if strays:
        yield f"{strays} requests belong to no call"


def _keys(run: Run, by_mark: Marked) -> Iterator[str]:
    by_key: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in run.seen:
        if exchange.key is not None:
            by_key[exchange.key].append(exchange)
    for key, sent in by_key.items():
        if len({(each.method, each.target, each.body, each.tenant) for each in sent}) > 1:
            yield f"other bytes with the key {key}"
        if len(key) > 128 or not key.startswith(f"{sent[0].tenant}:"):
            yield f"no key of the tenant: {key}"
        if sent[-1].arrived - _born(sent) >= KEY_USE:
            yield f"the key {key} was used for {sent[-1].arrived - _born(sent):.0f} s"
    for call in run.calls:
        keys = {exchange.key for exchange in by_mark[call.mark]}
        if len(keys) > 1 or (call.keyed and None in keys):
            yield f"keys {keys}: {call}"
    keyed = sum(1 for call in run.calls if call.keyed and by_mark[call.mark])
    if keyed != len(by_key):
        yield f"{keyed} calls with a key, and {len(by_key)} keys"


# -- limits ------------------------------------------------------------------------------------------------------------


class _Tenant(NamedTuple):
    arrivals: list[float]
    ends: list[float]


def _limits(run: Run, _: Marked) -> Iterator[str]:
    tenants: dict[str, _Tenant] = defaultdict(lambda: _Tenant([], []))
    everyone = _Tenant([], [])
    for exchange in run.seen:
        if exchange.tenant is None:
            continue  # a request for a token, which Xero does not count
        for each in (tenants[exchange.tenant], everyone):
            each.arrivals.append(exchange.arrived)
            each.ends.append(exchange.arrived if exchange.left is None else exchange.left)
    for tenant, times in tenants.items():
        if (most := _most_at_once(times)) > run.limits.concurrent:
            yield f"{most} calls at once for {tenant}"
        yield from _windows(times, run.limits.minute, run.limits.window, tenant)
    yield from _windows(everyone, run.limits.app_minute, run.limits.window, "the app")
    if run.rejections:
        yield f"rejected for true limits: {run.rejections}"
    if any(run.left_over.values()):
        yield f"turns that were never given back: {run.left_over}"


def _secrets(run: Run, _: Marked) -> Iterator[str]:
    errors = (call.error for call in run.calls if call.error is not None)
    shown = chain(run.told, chain.from_iterable(map(_shown, errors)))
    secrets = [*run.secrets, *(b64encode(secret.encode()).decode() for secret in run.secrets)]
    for text in shown:
        if any(secret in text for secret in secrets):
            yield f"a secret is in: {text[:200]}"


def _shown(error: XeroError) -> Iterator[str]:
    """All that an error shows of itself: in words, in a traceback with the variables of its frames, and pickled."""
    yield f"{error} {error!r} {vars(error)!r}"
    yield pickle.dumps(error).decode("latin-1")
    yield "".join(TracebackException.from_exception(error, capture_locals=True).format())


def _windows(times: _Tenant, limit: int, window: float, whose: str) -> Iterator[str]:
    """No window of a minute, wherever it lies, holds more calls than are allowed, by arrival and by end."""
    named: list[tuple[str, Callable[[], list[float]]]] = [
        ("arrivals", lambda: sorted(times.arrivals)), ("ends", lambda: sorted(times.ends))
    ]  # fmt: skip
    for name, moments in named:
        ordered = moments()
        for first, last in zip(ordered, ordered[limit:], strict=False):
            if last - first < window:
                yield f"over {limit} {name} in {last - first:.3f} s for {whose}"
                break


def _most_at_once(times: _Tenant) -> int:
    # At one moment, ends come before arrivals: the proxy sees an end no later than the client does.
    moments = sorted([(at, 1) for at in times.arrivals] + [(at, -1) for at in times.ends])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


def _figures(run: Run) -> Counter[str]:
    figures: Counter[str] = Counter()
    figures["calls"] = len(run.calls)
    figures["of them writes"] = sum(call.write for call in run.calls)
    figures["requests that the proxy saw"] = len(run.seen)
    figures["broken by the proxy"] = sum(exchange.cut is not None for exchange in run.seen)
    figures["done"] = sum(call.error is None for call in run.calls)
    for call in run.calls:
        if call.error is not None:
            figures[f"ended in {type(call.error).__name__}"] += 1
    figures["replays by key"] = run.replays
    figures["virtual seconds"] = int(run.seconds)
    for kind, number in run.injected.items():
        figures[f"injected {kind}"] += number
    return figures
