"""The bytes of a file: from memory, from a path, from a stream, and what is no file at all."""

from __future__ import annotations

import array
import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path, PurePath
from typing import Any

import pytest
from recording import Organisation, Recorder

from xero_async.apis.content import MAX_FILE, Content, bytes_of
from xero_async.wire.errors import InvalidArgument

DATA = bytes(range(256)) * 100
ID = "243216c5-369e-4056-ac67-05388f86dc81"


async def stream(*chunks: bytes) -> AsyncGenerator[bytes]:
    """Chunks, one after the other."""
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


class Long:
    """A stream that is far too long, and counts what was taken from it."""

    taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """A mebibyte at a time."""
        for self.taken in range(1, 100):
            yield bytes(1 << 20)


@pytest.mark.parametrize(
    "content",
    [DATA, bytearray(DATA), memoryview(DATA), memoryview(DATA * 2)[: len(DATA)], memoryview(array.array("I", DATA))],
    ids=["bytes", "bytearray", "memoryview", "a part", "of numbers"],
)
async def test_bytes_of_every_make(content: Content) -> None:
    """Bytes, a bytearray and any memoryview give the bytes that they hold."""
    assert await bytes_of(content) == DATA


async def test_a_memoryview_of_every_other_byte() -> None:
    """A view with gaps gives what it shows."""
    assert await bytes_of(memoryview(DATA)[::2]) == DATA[::2]


async def test_bytes_are_kept_as_they_were() -> None:
    """What is changed while a call is under way does not change the call."""
    content = bytearray(DATA)
    data = await bytes_of(content)
    content[0] = 255
    assert data == DATA


async def test_a_path(tmp_path: Path) -> None:
    """A path gives the bytes of its file, whatever kind of path it is."""
    (tmp_path / "é #.pdf").write_bytes(DATA)
    assert await bytes_of(tmp_path / "é #.pdf") == DATA
    assert await bytes_of(PurePath(tmp_path, "é #.pdf")) == DATA


async def test_a_path_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    """While the disk is read, other coroutines run."""
    (tmp_path / "a").write_bytes(DATA)
    reading = asyncio.ensure_future(bytes_of(tmp_path / "a"))
    await asyncio.sleep(0)
    assert not reading.done()
    assert await reading == DATA


async def test_a_stream() -> None:
    """A stream is read to its end; empty chunks do no harm, and chunks may be views."""
    assert await bytes_of(stream(DATA[:1000], b"", DATA[1000:])) == DATA
    views: Any = (memoryview(DATA)[start : start + 7] for start in range(0, len(DATA), 7))
    assert await bytes_of(stream(*views)) == DATA
    reader = asyncio.StreamReader()
    reader.feed_data(DATA)
    reader.feed_eof()
    assert await bytes_of(reader) == DATA


async def test_an_error_in_a_stream_is_its_own() -> None:
    """What goes wrong while a stream is read reaches the caller as it is."""

    async def broken() -> AsyncGenerator[bytes]:
        yield DATA
        raise LookupError("the tape is torn")

    with pytest.raises(LookupError, match="the tape is torn"):
        await bytes_of(broken())


# -- sizes ----------------------------------------------------------------------------------------------------------


async def test_as_many_bytes_as_xero_takes(tmp_path: Path) -> None:
    """A file of the greatest size is one, from wherever it comes."""
    whole = bytes(MAX_FILE)
    (tmp_path / "whole").write_bytes(whole)
    assert MAX_FILE == 25 * 1024 * 1024
    for content in (whole, tmp_path / "whole", stream(whole[:-1], whole[:1])):
        assert len(await bytes_of(content)) == MAX_FILE


async def test_a_byte_more_is_refused(tmp_path: Path) -> None:
    """A file that is longer is refused, from wherever it comes."""
    longer = bytes(MAX_FILE + 1)
    (tmp_path / "longer").write_bytes(longer)
    for content in (longer, bytearray(longer), memoryview(longer), tmp_path / "longer", stream(longer)):
        with pytest.raises(InvalidArgument, match="at most 26214400 bytes"):
            await bytes_of(content)


async def test_what_is_far_too_long_is_not_read_whole(tmp_path: Path) -> None:
    """A stream and a file are left as soon as they are too long, so that none fills the memory."""
    long = Long()
    with pytest.raises(InvalidArgument, match="at most"):
        await bytes_of(long)
    assert long.taken == 26
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(8 * MAX_FILE)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidArgument, match="at most"):
            await bytes_of(tmp_path / "sparse")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * MAX_FILE


@pytest.mark.parametrize("content", [b"", bytearray(), memoryview(b""), stream(), stream(b"", b"")])
async def test_nothing_is_no_file(content: Content) -> None:
    """A file without a byte is refused: Xero takes none."""
    with pytest.raises(InvalidArgument, match="at least one byte"):
        await bytes_of(content)


async def test_an_empty_file_is_none(tmp_path: Path) -> None:
    """A path to an empty file is refused like any emptiness."""
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidArgument, match="at least one byte"):
        await bytes_of(tmp_path / "empty")


# -- what is no file ------------------------------------------------------------------------------------------------


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path to nothing, or to a folder, is refused with the system's word, without the path."""
    with pytest.raises(InvalidArgument, match="cannot be read: No such file") as caught:
        await bytes_of(tmp_path / "missing")
    assert str(tmp_path) not in str(caught.value)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(InvalidArgument, match="cannot be read: Is a directory"):
        await bytes_of(tmp_path)


@pytest.mark.parametrize(
    "content", ["a.pdf", None, 5, [b"x"], iter([b"x"]), object()], ids=lambda content: type(content).__name__
)
async def test_what_is_neither_bytes_nor_path_nor_stream(content: Any) -> None:
    """Text might be a path or a content, and is refused with all else that is neither."""
    with pytest.raises(InvalidArgument, match=f"not a {type(content).__name__}"):
        await bytes_of(content)


@pytest.mark.parametrize("chunk", ["text", 5, None, [1]], ids=repr)
async def test_a_stream_of_something_else(chunk: Any) -> None:
    """A stream of text, such as a file that was opened as text, is refused."""
    with pytest.raises(InvalidArgument, match=f"not of {type(chunk).__name__}"):
        await bytes_of(stream(b"x", chunk))


@pytest.mark.parametrize(
    "content", [b"", "text", stream(), Path("/nowhere/at/all")], ids=["empty", "text", "stream", "path"]
)
async def test_an_upload_without_content_is_not_sent(content: Any) -> None:
    """What is no file is refused before anything is sent."""
    recorder = Recorder()
    with pytest.raises(InvalidArgument):
        await Organisation(recorder).invoices.attachments.upload(ID, "a.pdf", content)
    assert recorder.requests == []


async def test_an_upload_from_everywhere(tmp_path: Path) -> None:
    """Every upload, from memory, disk or stream, sends the same bytes."""
    (tmp_path / "a.pdf").write_bytes(DATA)
    recorder = Recorder()
    files = Organisation(recorder).quotes.attachments
    for content in (DATA, memoryview(DATA), tmp_path / "a.pdf", stream(DATA[:9], DATA[9:])):
        await files.upload(ID, "a.pdf", content)
        await files.replace(ID, "a.pdf", DATA)
    assert [request.body for request in recorder.requests] == [DATA] * 8
