"""What a process may do by itself while the counts that it shares are away, and why that is never too much.

Each of `replicas` processes keeps its part of every limit, so all of them together keep the whole. What remains are
the moments of going over, in which some count in common and some by themselves.

- **The slots.** Calls that were let go in common may be in flight anywhere. So where replicas may go over, a process
  is granted no slot in common that would leave another one without its own part: at any moment, the slots that are
  held, or the part where that is more, sum up over all of them to the limit at most. From there each may go over when
  it likes, and come back when it likes.
- **The minute, going over.** What was completed in common may fill the minute, and nobody knows any more by whom. So
  nothing goes for a minute. What is still in flight then is counted by the process that holds it, in its own part.
- **The minute, coming back.** A process that comes back tells at once what it made by itself. Others may still be on
  their own, so nothing goes in common until each has had the time to notice and to tell.

A single machine that is cut off while the others are not cannot know that it is alone, and its part comes on top; the
others learn of it from Xero's headers, as of any program's calls.
"""

from __future__ import annotations

import asyncio

from .limiter import Limiter, Turn
from .limits import Limits

__all__ = ["Alone"]


class Alone:
    """A process on its own, with its part of the limits, from one moment to another."""

    def __init__(self, part: Limits, silence: float) -> None:
        """Keep a part of the limits, after so many seconds in which nothing goes."""
        self.limiter = Limiter(part)
        self.limiter.hold(silence)
        self._scopes: set[asyncio.Timeout] = set()

    async def acquire(self, tenant: str | None, bulk: bool) -> Turn | None:
        """A turn; None if it did not come before the shared counts were back."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scopes.add(scope)
                return await self.limiter.acquire(tenant, bulk=bulk)
        except TimeoutError:  # the scope's own, for the limiter knows none
            return None
        finally:
            self._scopes.discard(scope)

    def end(self) -> None:
        """The shared counts are back: who waits here asks them."""
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            scope.reschedule(now)
