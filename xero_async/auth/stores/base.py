"""What signing in asks of a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from ...wire.errors import TokenStoreError
from ..tokens import TokenSet

__all__ = ["LockLost", "Locking", "TokenStore"]


class LockLost(TokenStoreError):
    """The lock has passed on to another while its holder was stopped, so nothing was written: take it anew."""


class TokenStore(Protocol):
    """A place for the tokens of one sign-in. Yours needs no more than these two methods."""

    async def load(self) -> TokenSet | None:
        """The tokens that were saved last, or None."""
        ...

    async def save(self, tokens: TokenSet, /) -> None:
        """Keep tokens in the place of those before. They must be durable when this returns.

        A store whose lock passes on by itself raises `LockLost` for whoever has held it too long, and keeps what the
        next holder has saved; other stores need not know of it.
        """
        ...


@runtime_checkable
class Locking(Protocol):
    """A store that several processes share says with this who may refresh; without it, each believes to be alone."""

    def lock(self) -> AbstractAsyncContextManager[object]:
        """Held by one process at a time, around a refresh; let go when the process dies."""
        ...
