"""The face of a limiter, for a session that does not care whether the counting is done here or in a shared store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .limits import Remaining

__all__ = ["PacedTurn", "Pacer"]


class PacedTurn(Protocol):
    """The right to make one call."""

    @property
    def waited(self) -> float:
        """Seconds spent waiting for it."""
        ...

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what the answer says about the limits."""
        ...

    def release(self) -> None:
        """The call is completed. After that, or after `give_back`, it does nothing."""
        ...

    def give_back(self) -> None:
        """The call was never sent."""
        ...


class Pacer(Protocol):
    """Whoever hands out turns."""

    async def acquire(self, tenant: str | None, *, bulk: bool = False) -> PacedTurn:
        """Wait for the tenant's turn to make one call."""
        ...

    def remaining(self, tenant: str) -> Remaining:
        """Return what is left for the tenant."""
        ...
