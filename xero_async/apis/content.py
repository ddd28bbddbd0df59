"""The bytes of a file, wherever they come from and wherever they go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from os import PathLike
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar, cast

from ..ending import in_thread
from ..wire.errors import InvalidArgument

__all__ = ["MAX_FILE", "Content", "FilePath", "FileSink", "bytes_of"]

Content: TypeAlias = bytes | bytearray | memoryview | PathLike[str] | AsyncIterable[bytes]
"""Bytes, the path of a file, or a stream of bytes."""

A = TypeVar("A")
T = TypeVar("T")

FilePath: TypeAlias = str | PathLike[str]

# https://developer.xero.com/documentation/api/accounting/attachments/
MAX_FILE = 25 * 1024 * 1024
"""Bytes that Xero takes at most; 10 MB are safe everywhere."""


async def bytes_of(content: Content) -> bytes:
    """The bytes of some content. Raises `InvalidArgument` for none, too many, or a file that cannot be read."""
    data = await _read(content)
    if not data:
        raise InvalidArgument("a file has at least one byte")
    if len(data) > MAX_FILE:
        raise InvalidArgument(f"a file has at most {MAX_FILE} bytes")
    return data


async def _read(content: object) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content))
    if isinstance(content, PathLike):
        try:
            return await asyncio.to_thread(_head, Path(cast("PathLike[str]", content)))
        except OSError as error:
            raise InvalidArgument(f"the file cannot be read: {error.strerror}") from error
    if not isinstance(content, AsyncIterable):
        raise InvalidArgument(f"a file is bytes, a path or an async stream of bytes, not a {type(content).__name__}")
    data = bytearray()
    async for chunk in cast("AsyncIterable[object]", content):
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise InvalidArgument(f"a stream is of bytes, not of {type(chunk).__name__}")
        data += cast("bytes", chunk)
        if len(data) > MAX_FILE:
            break
    return bytes(data)


def _head(path: Path) -> bytes:
    """A file, of which no more is read than it takes to see that it is too long."""
    with path.open("rb") as file:
        return file.read(MAX_FILE + 1)


class FileSink:
    """Takes the bytes of an answer into a file, which has its name only once it is whole."""

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._file: BinaryIO | None = None

    async def __call__(self, chunks: AsyncIterable[bytes], /) -> None:
        """Write the chunks. Another attempt begins anew. Raises `InvalidArgument` for a file that cannot be written."""
        try:
            await in_thread(_disk, self._begin, self._part)
            async for chunk in chunks:
                await in_thread(_disk, self._write, chunk)
        finally:
            if self._file is not None:
                _disk(type(self._file).close, self._file)

    def _begin(self, path: Path) -> None:
        self._file = path.open("wb")

    def _write(self, chunk: bytes) -> None:
        assert self._file is not None  # it has begun
        self._file.write(chunk)

    async def finish(self) -> Path:
        """Give the file its name."""
        await in_thread(_disk, self._part.replace, self.path)
        return self.path

    def discard(self) -> None:
        """Remove what was written so far."""
        self._part.unlink(missing_ok=True)


def _disk(do: Callable[[A], T], argument: A) -> T:
    # An error of the disk must not pass for one of the connection, after which the call would be repeated.
    try:
        return do(argument)
    except OSError as error:
        raise InvalidArgument(f"the file cannot be written: {error.strerror}") from error
