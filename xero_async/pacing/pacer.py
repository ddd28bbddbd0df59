"""The face of a limiter, for a session that does not care whether the counting is done here or in a shared store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from .limits import Remaining

__all__ = ["PacedTurn", "Pacer", "SharedPacer"]


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


@runtime_checkable
class SharedPacer(Pacer, Protocol):
    """One whose counts are kept elsewhere, for many processes: it wants to know how long a turn may be held."""

    def outlive(self, seconds: float | None) -> None:
        """No turn is held for longer than this; None if that is not known."""
        ...

    async def settle(self) -> None:
        """Tell what has not been told yet; where nobody calls, let go of the connections. Raises nothing."""
        ...
