"""Idempotency keys as Xero keeps them.

A key belongs to the app, not the tenant, and lives six minutes from its *first* call; replays do not prolong it.
The same request gets the stored answer, whatever it was: a stored 500 stays a 500. Another URL, body or method
under the same key is refused. While the first call runs, a second one waits for it. After six minutes the key is
forgotten, and the same request runs again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .answers import Answer

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


class Kept(NamedTuple):
    """What is known of one key."""

    request: bytes
    first: float
    answer: asyncio.Future[Answer]


class KeyStore:
    """The living keys of one app."""

    def __init__(self, life: float = KEY_LIFE) -> None:
        self._life = life
        self._kept: dict[str, Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def once(
        self, key: str, request: bytes, now: float, run: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """Run a request unless its key has an answer; return the answer and whether it is a replay.

        `request` is the fingerprint of what was asked; `now` is in seconds. Raises `KeyReused`.
        """
        self._forget(now)
        kept = self._kept.get(key)
        if kept is None or self._dead(kept, now):
            return await self._first(key, request, now, run), False
        if kept.request != request:
            raise KeyReused
        return await asyncio.shield(kept.answer), True  # one waiter's end must not end the others'

    async def _first(self, key: str, request: bytes, now: float, run: Callable[[], Awaitable[Answer]]) -> Answer:
        self._kept.pop(key, None)  # so that the order of the keys stays the order of their first calls
        kept = self._kept[key] = Kept(request, now, asyncio.get_running_loop().create_future())
        try:
            answer = await run()
        except BaseException:
            self._kept.pop(key, None)  # nothing was answered: the next call with this key is the first
            kept.answer.cancel()
            raise
        kept.answer.set_result(answer)
        return answer

    def _forget(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if not self._dead(self._kept[oldest], now):
                return
            del self._kept[oldest]

    def _dead(self, kept: Kept, now: float) -> bool:
        return kept.answer.done() and now - kept.first >= self._life


def fingerprint(method: str, url: str, body: bytes) -> bytes:
    """What makes two requests the same one: the method, the URL as it was sent and the body's bytes."""
    digest = hashlib.blake2b(f"{method} {url}\n".encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update(body)
    return digest.digest()
