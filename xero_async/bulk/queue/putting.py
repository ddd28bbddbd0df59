"""The other end of a queue: putting tasks, and seeing how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from .ledger import Ledger, Standing
from .task import ExportTask

__all__ = ["ExportQueue"]


class ExportQueue:
    """A queue of exports in Redis or Valkey. Enter it, put tasks, and look how they stand.

    `server` is an address such as `redis://localhost:6379/0`; `name` tells queues apart. Methods raise `QueueError`.
    Raises `InvalidArgument` for what is no address, and where the libraries are not installed.
    """

    def __init__(self, server: str, *, name: str = "exports") -> None:
        self._server, self._ledger = server, Ledger(server, name=name)

    def __repr__(self) -> str:
        return "ExportQueue(...)"

    async def __aenter__(self) -> Self:
        """Connect to the server."""
        await self._ledger.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._ledger.__aexit__(kind, error, trace)

    async def put(self, tasks: Sequence[ExportTask]) -> list[bool]:
        """Queue tasks. False for each that is queued or under way already: it stays as it was put first."""
        from .broker import put  # which imports the engine

        return await put(self._server, self._ledger, list(tasks))

    async def standings(self, ids: Sequence[str]) -> list[Standing]:
        """How tasks stand, by their ids; what came of them is known for a week."""
        return await self._ledger.standings(ids)
