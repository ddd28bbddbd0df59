"""Idempotency keys as Xero keeps them.

A key belongs to the app, not the tenant, and lives six minutes from its *first* call; replays do not prolong it.
The same request gets the stored answer, whatever it was: a stored 500 stays a 500. Another URL, body or method
under the same key is refused. While the first call runs, a second one waits for it. After six minutes the key is
forgotten, and the same request runs again.

What a key answers can be kept on a disk: `Written` is how, and is told of each answer while the write that it answers
for is still open, so that the two are kept together or not at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from .answers import Answer
from .kept import Kept

__all__ = ["KEYED_METHODS", "KEY_LENGTH", "KEY_LIFE", "KeyReused", "KeyStore", "fingerprint"]

# https://developer.xero.com/documentation/guides/idempotent-requests/idempotency/
KEY_LIFE = 360.0
"""Seconds from the first call with a key until it is forgotten."""
KEY_LENGTH = 128
"""The longest key, in characters."""
KEYED_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""Methods on which a key has a meaning; on others it is ignored."""


class KeyReused(Exception):
    """A living key came back with another request."""


class Known(NamedTuple):
    """What is known of one key."""

    request: bytes
    first: float
    answer: asyncio.Future[Answer]


class Written(Struct, array_like=True):
    """What is kept of one key."""

    request: bytes
    first: float
    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]


Record = Callable[[Answer], None]
"""What a run calls with its answer while its write is open, if it has one."""


class KeyStore:
    """The living keys of one app, or of several that put their own name before each key."""

    def __init__(self, kept: Kept | None = None, life: float = KEY_LIFE) -> None:
        """Know the keys that `kept` holds; None keeps them in memory alone. `life` is in seconds."""
        self._life = life
        self._known: dict[str, Known] = {}
        self._kept = kept
        self._dropped: list[str] = []
        written = {} if kept is None else kept.all("keys")
        rows = {name: msgspec.msgpack.decode(row, type=Written) for name, row in written.items()}
        for name, row in sorted(rows.items(), key=lambda pair: pair[1].first):
            self._known[name] = Known(row.request, row.first, asyncio.get_running_loop().create_future())
            self._known[name].answer.set_result(Answer(row.status, row.body, row.content_type, row.headers))

    def __len__(self) -> int:
        return len(self._known)

    async def once(
        self, key: str, request: bytes, now: float, run: Callable[[Record], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """Run a request unless its key has an answer; return the answer and whether it is a replay.

        `request` is the fingerprint of what was asked; `now` is in seconds. Raises `KeyReused`.
        """
        self._forget(now)
        known = self._known.get(key)
        if known is None or self._dead(known, now):
            return await self._first(key, request, now, run), False
        if known.request != request:
            raise KeyReused
        return await asyncio.shield(known.answer), True  # one waiter's end must not end the others'

    async def _first(self, key: str, request: bytes, now: float, run: Callable[[Record], Awaitable[Answer]]) -> Answer:
        self._known.pop(key, None)  # so that the order of the keys stays the order of their first calls
        known = self._known[key] = Known(request, now, asyncio.get_running_loop().create_future())
        recorded: list[Answer] = []

        def record(answer: Answer) -> None:
            self._write(key, Written(request, now, *answer[:3], dict(answer.headers)))
            recorded.append(answer)

        try:
            answer = await run(record)
            if not any(answer is each for each in recorded):  # there was no write, or it was undone
                record(answer)
        except BaseException:
            self._known.pop(key, None)  # nothing was answered: the next call with this key is the first
            known.answer.cancel()
            raise
        known.answer.set_result(answer)
        return answer

    def _write(self, key: str, row: Written) -> None:
        if self._kept is None:
            return
        if self._dropped:
            self._kept.drop("keys", self._dropped)
            self._dropped.clear()
        self._kept.put("keys", key, msgspec.msgpack.encode(row))

    def _forget(self, now: float) -> None:
        while self._known:
            oldest = next(iter(self._known))
            if not self._dead(self._known[oldest], now):
                return
            del self._known[oldest]
            self._dropped.append(oldest)

    def _dead(self, known: Known, now: float) -> bool:
        return known.answer.done() and now - known.first >= self._life


def fingerprint(method: str, url: str, body: bytes) -> bytes:
    """What makes two requests the same one: the method, the URL as it was sent and the body's bytes."""
    digest = hashlib.blake2b(f"{method} {url}\n".encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update(body)
    return digest.digest()
