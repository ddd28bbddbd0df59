"""The bytes of a file, wherever they come from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from os import PathLike
from pathlib import Path
from typing import TypeAlias, cast

from ..wire.errors import InvalidArgument

__all__ = ["MAX_FILE", "Content", "bytes_of"]

Content: TypeAlias = bytes | bytearray | memoryview | PathLike[str] | AsyncIterable[bytes]
"""Bytes, the path of a file, or a stream of bytes."""

# https://developer.xero.com/documentation/api/accounting/attachments/
MAX_FILE = 25 * 1024 * 1024
"""Bytes that Xero takes at most; 10 MB are safe everywhere."""


async def bytes_of(content: Content) -> bytes:
    """The bytes of some content. Raises `InvalidArgument` for none, too many, or a file that cannot be read."""
    data = await _read(content)
    if not 0 < len(data) <= MAX_FILE:
        raise InvalidArgument(f"a file has 1 to {MAX_FILE} bytes, not {len(data)}")
    return data


async def _read(content: object) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content))
    if isinstance(content, PathLike):
        try:
            return await asyncio.to_thread(Path(cast("PathLike[str]", content)).read_bytes)
        except OSError as error:
            raise InvalidArgument(f"the file cannot be read: {error.strerror}") from error
    if not isinstance(content, AsyncIterable):
        raise InvalidArgument(f"a file is bytes, a path or an async stream of bytes, not a {type(content).__name__}")
    data = bytearray()
    async for chunk in cast("AsyncIterable[bytes]", content):
        data += chunk
        if len(data) > MAX_FILE:
            break
    return bytes(data)
