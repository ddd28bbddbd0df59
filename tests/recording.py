"""A session that sends nothing: it makes requests as the real one does, keeps them, and has them answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, TypeVar

from xero_async.apis.accounting import Accounting
from xero_async.apis.identity import Identity
from xero_async.models import Envelope
from xero_async.wire import Answer, Operation, Request
from xero_async.wire.operation import Sink
from xero_async.wire.parameters import Parameters

__all__ = ["Organisation", "Recorder", "Server", "Token", "empty_answer"]

R = TypeVar("R")

Server = Callable[[Request[Any]], Answer]
"""Answers a request; what it reads of it, it reads as Xero would."""


def empty_answer(request: Request[Any]) -> Answer:
    """The least that an operation can be answered with: one empty record, or no bytes."""
    kind = request.operation.returns
    if kind is None:
        return Answer(204, {}, b"")
    if kind is bytes:
        return Answer(200, {}, b"%PDF")
    if kind is list:
        return Answer(200, {}, b"[{}]")
    if issubclass(kind, Envelope):
        name = kind.__struct_encode_fields__[kind.__struct_fields__.index(kind.records_field())]
        return Answer(200, {}, b'{"%s": [{}]}' % name.encode())
    return Answer(200, {}, b"{}")


class Recorder:
    """What the tables take for the session."""

    def __init__(self, server: Server = empty_answer) -> None:
        self.requests: list[Request[Any]] = []
        self._server = server

    async def call(
        self,
        operation: Operation[R],
        ids: Sequence[object],
        parameters: Parameters,
        body: object = None,
        sink: Sink | None = None,
        /,
    ) -> R:
        """Make the request and read the answer to it."""
        request = operation.request(ids, parameters, body)
        self.requests.append(request)
        await asyncio.sleep(0)
        answer = self._server(request)
        if sink is not None:
            await sink(_in_chunks(answer.body))
        return operation.read(answer)


async def _in_chunks(data: bytes) -> AsyncGenerator[bytes]:
    for at in range(0, len(data), 3):
        yield data[at : at + 3]


class Organisation(Accounting):
    """A tenant of a recorder."""

    def __init__(self, caller: Recorder) -> None:
        super().__init__()
        self._caller = caller


class Token(Identity):
    """What can be asked of a recorder with a token alone."""

    def __init__(self, caller: Recorder) -> None:
        super().__init__()
        self._caller = caller
