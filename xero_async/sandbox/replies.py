"""From an answer to bytes on a connection: headers, compression, and the ways in which an answer fails to arrive."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from aiohttp import web

from ..wire.compression import packed
from .answers import Answer
from .control import Counters
from .formats import qualities

__all__ = ["NO_HEADERS", "Manner", "Replies", "sign"]

COMPRESSED_FROM = 1024
"""Bytes from which a body is worth compressing."""
COMPRESSED_ASIDE = 256 * 1024
"""Bytes from which compressing, at about 100 MB a second, is left to a thread."""


NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
Manner = Literal["whole", "cut", "lost"]
"""How an answer arrives: as it is, half of it before the connection closes, or not at all."""


class Replies:
    """Sends answers, and counts their bytes and the connections closed on purpose."""

    def __init__(self, tally: Counters) -> None:
        self._tally = tally

    async def send(
        self,
        request: web.Request,
        answer: Answer,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        manner: Manner = "whole",
        counted: bool = True,
    ) -> web.StreamResponse:
        """Send an answer, compressed where the client takes that, or send a part of it, or nothing at all."""
        if manner == "lost":
            return self._hang_up(request)
        sent = {**answer.headers, **headers}
        payload = answer.body
        if payload:
            sent["Content-Type"] = answer.content_type
        if _is_compressible(request, answer):
            sent["Content-Encoding"] = "gzip"
            aside = len(payload) >= COMPRESSED_ASIDE
            payload = await asyncio.to_thread(packed, payload) if aside else packed(payload)
        if manner == "cut":
            return await self._cut(request, answer.status, payload, sent)
        self._tally.bytes_out += len(payload) if counted else 0
        return web.Response(status=answer.status, body=payload, headers=sent)

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        """Close the connection; what is returned, for want of another way to end a handler, is never sent."""
        self._tally.dropped += 1
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    async def _cut(
        self, request: web.Request, status: int, payload: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(payload)
        half = payload[: len(payload) // 2]
        await response.prepare(request)
        await response.write(half)
        self._tally.bytes_out += len(half)
        self._hang_up(request)
        return response


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every answer what Xero puts on every answer, and the name of what it is that answers."""
    response.headers.setdefault("Xero-Correlation-Id", str(uuid.uuid4()))
    response.headers["Server"] = "xero_async sandbox (simulation)"


def _is_compressible(request: web.Request, answer: Answer) -> bool:
    return (
        len(answer.body) >= COMPRESSED_FROM
        and answer.content_type.startswith(("application/json", "text/"))
        and _takes_gzip(request.headers.get("Accept-Encoding", ""))
    )


def _takes_gzip(header: str) -> bool:
    """Whether gzip is named, or anything is taken, and not with a quality of 0."""
    wanted = dict(qualities(header))
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0
