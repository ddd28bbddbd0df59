"""taskiq's Redis stream broker, with other rules of putting and of taking what others have left.

As it is (taskiq-redis 1.2.4), it looks for what dead workers have left only after a new entry has come, so that the
last tasks of a batch stay where they died; it takes entries from living workers when a task has run for longer than a
fixed time, ten minutes unless told otherwise, while a tenant may take hours; it reads a hundred entries at once for
whoever is first; and what is finished stays in the stream. Here an entry is another's as long as that one renews it,
entries are taken one at a time, and finished ones go. The messages, the receiver and its concurrency are taskiq's.

Imported by those who put tasks or run them, for this is where taskiq is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

import msgspec
from taskiq import AckableMessage, AsyncTaskiqDecoratedTask, BrokerMessage
from taskiq.exceptions import SendTaskError
from taskiq_redis import RedisStreamBroker

from ...wire.errors import XeroError
from .ledger import GROUP, Ledger, QueueError
from .task import ExportTask

__all__ = ["TASK", "TenantBroker", "put", "register"]

TASK = "xero_async.export_tenant"
"""The name by which workers know what to do."""
Deed: TypeAlias = Callable[[str, Any], Awaitable[None]]
PATIENCE = 2.0
"""Seconds until the server is asked again, when it was away."""


class TenantBroker(RedisStreamBroker):
    """A broker on a ledger; `on_trouble` hears that the server is away."""

    def __init__(
        self, server: str, ledger: Ledger, *, on_trouble: Callable[[QueueError], object] | None = None
    ) -> None:
        super().__init__(
            server, queue_name=ledger.stream, consumer_group_name=GROUP, consumer_name=ledger.consumer, consumer_id="0"
        )
        self.ledger, self._on_trouble = ledger, on_trouble
        self._is_stopped = asyncio.Event()
        self.queued: dict[str, bool] = {}
        """Whether a task that was put is a new one, by its id."""

    def stop(self) -> None:
        """Take no further entries, and wait no longer for a server that is away."""
        self._is_stopped.set()
        self.ledger.hurry()

    async def kick(self, message: BrokerMessage) -> None:
        """Put a message, unless its task is queued already."""
        task = msgspec.convert(self.formatter.loads(message.message).args[1], ExportTask)
        self.queued[message.task_id] = await self.ledger.put(task, message.message)

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Entries for this worker, one at a time, until it is to stop. A run renews and finishes what it was begun for.

        It looks whether it is to stop, since a cancellation can get lost in the client of Redis.
        """
        while not self._is_stopped.is_set():
            try:
                found = await self.ledger.next()
            except QueueError as error:
                if self._on_trouble is not None:
                    self._on_trouble(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._is_stopped.wait(), PATIENCE)
                continue
            if found is not None:
                entry, message = found
                self.ledger.came(self.formatter.loads(message).task_id, entry)
                yield AckableMessage(data=message, ack=self._dropping(entry))

    def _dropping(self, entry: str) -> Callable[[], Awaitable[None]]:
        async def drop() -> None:
            await self.ledger.drop(entry)

        return drop


def register(broker: TenantBroker, deed: Deed) -> AsyncTaskiqDecoratedTask[[str, Any], Coroutine[Any, Any, None]]:
    """Tell the engine what is to be done with an id and a task, as plain data; who only puts does nothing."""

    async def export_tenant(id: str, task: Any) -> None:
        await deed(id, task)

    return broker.register_task(export_tenant, task_name=TASK)


async def put(server: str, ledger: Ledger, tasks: list[ExportTask]) -> list[bool]:
    """Queue tasks; False for each that is queued already."""
    broker = TenantBroker(server, ledger)
    task = register(broker, _nothing)
    try:
        for each in tasks:
            await task.kicker().with_task_id(each.id).kiq(each.id, msgspec.to_builtins(each))
    except SendTaskError as error:
        if isinstance(error.__cause__, XeroError):
            raise error.__cause__ from None
        raise
    finally:
        await broker.shutdown()
    return [broker.queued[each.id] for each in tasks]


async def _nothing(id: str, task: object) -> None:
    """What is put is done by workers."""
