"""Processes that live on one sign-in kept in Redis, for tests that count their refreshes and stop them.

python fencing.py crowd ADDRESS NAME URL CLIENT_ID LEASE    calls at once, when a line comes in
python fencing.py MOMENT ADDRESS NAME URL CLIENT_ID LEASE   a call with a refresh, stopped under the lock: `asking`
                                                            before Xero is asked, `answered` before the answer is kept
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from xero_async import PKCE, Limits, RedisStore, TokenSet, Xero
from xero_async.auth.stores import redis as room

CALLS = 10


def session(store: RedisStore, url: str, client_id: str) -> Xero:
    """A session on the sign-in in a store."""
    auth = PKCE(client_id, redirect_uri="http://localhost", scopes=(), store=store)
    return Xero(auth, base_url=url, identity_url=url, limits=Limits(concurrent=100, minute=5000))


def tell(what: object) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class Sleeper(RedisStore):
    """A store whose process is stopped once, under its lock."""

    def __init__(self, address: str, name: str, moment: str) -> None:
        super().__init__(address, name)
        self._moment, self._loads = moment, 0

    def _sleep(self) -> None:
        if self._moment:
            self._moment = ""
            tell("asleep")
            os.kill(os.getpid(), signal.SIGSTOP)

    async def load(self) -> TokenSet | None:
        """The second look at the store is the one under the lock, right before Xero is asked."""
        tokens = await super().load()
        self._loads += 1
        if self._moment == "asking" and self._loads == 2:
            self._sleep()
        return tokens

    async def save(self, tokens: TokenSet, /) -> None:
        """What Xero has answered is to be kept."""
        self._sleep()
        await super().save(tokens)


async def call(how: str, address: str, name: str, url: str, client_id: str) -> int:
    """Make calls; gives how many went well."""
    store = RedisStore(address, name) if how == "crowd" else Sleeper(address, name, how)
    async with session(store, url, client_id) as xero:
        if how == "crowd":
            tell("ready")
            await asyncio.to_thread(sys.stdin.readline)
        answers = await asyncio.gather(*(xero.connections() for _ in range(CALLS)))
    await store.aclose()
    return sum(bool(answer) for answer in answers)


if __name__ == "__main__":
    room.LEASE = float(sys.argv[6])
    tell(asyncio.run(call(*sys.argv[1:6])))
