"""Processes that live on one stored sign-in, for tests that count their refreshes and kill them.

python refreshing.py crowd FILE URL CLIENT_ID COUNT     so many coroutines at once, when a line comes in
python refreshing.py forks FILE URL CLIENT_ID           for each line `after SECONDS` or `step NUMBER`: a process
                                                        that refreshes without end, killed at that moment
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn

from xero_async import PKCE, FileStore, Limits, Xero

STEPS = {"open", "write", "fsync", "close", "replace", "unlink", "mkdir", "flock", "send", "recv", "recv_into"}
"""Calls of the system that a refresh is made of."""


def session(path: str, url: str, client_id: str) -> Xero:
    """A session on the sign-in in a file."""
    auth = PKCE(client_id, redirect_uri="http://localhost", scopes=(), store=FileStore(path))
    # What is counted are refreshes: the calls beside them are not to wait for limits.
    return Xero(auth, base_url=url, identity_url=url, limits=Limits(concurrent=100, minute=5000))


def tell(what: object) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def crowd(path: str, url: str, client_id: str, count: str) -> int:
    """Make calls at once, when all processes are ready; gives how many went well."""
    async with session(path, url, client_id) as xero:
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)
        answers = await asyncio.gather(*(xero.connections() for _ in range(int(count))))
        return sum(bool(answer) for answer in answers)


async def refresh_without_end(path: str, url: str, client_id: str, bomb: Bomb) -> NoReturn:
    """Against a server whose tokens are old at once, each call begins with a refresh."""
    async with session(path, url, client_id) as xero:
        await xero.connections()
        bomb.is_armed = True
        while True:
            await xero.connections()


class Bomb:
    """Kills this process right before or right after a certain call of the system, in whichever thread."""

    def __init__(self, step: int) -> None:
        self.is_armed = False
        self._left = step
        if step:
            threading.setprofile(self._watch)
            sys.setprofile(self._watch)

    def _watch(self, frame: FrameType, event: str, argument: Any) -> None:  # Any: as `sys.setprofile` has it
        if self.is_armed and event in ("c_call", "c_return") and getattr(argument, "__name__", "") in STEPS:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def forks(path: str, url: str, client_id: str) -> None:
    """Start processes and see them die."""
    for line in sys.stdin:
        how, _, number = line.partition(" ")
        pid = os.fork()
        if pid == 0:
            asyncio.run(refresh_without_end(path, url, client_id, Bomb(int(number) if how == "step" else 0)))
        if how == "after":
            time.sleep(float(number))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        tell("killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "ended")


if __name__ == "__main__":
    if sys.argv[1] == "crowd":
        tell(asyncio.run(crowd(*sys.argv[2:6])))
    else:
        forks(*sys.argv[2:5])
