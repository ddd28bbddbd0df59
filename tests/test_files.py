"""Files that are streamed to the disk: attachments and PDFs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from scripted import Reply, Scripted, scripted

from xero_async import DecodeError, InvalidArgument, NotFound, RetryPolicy, StaticToken, Tenant, Xero

ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
CONTENT = bytes(range(256)) * 8192


@asynccontextmanager
async def client(server: Scripted) -> AsyncGenerator[Tenant]:
    """A tenant that calls the scripted server."""
    retry = RetryPolicy(base=0.005, cap=0.02)
    async with Xero(StaticToken("t"), base_url=server.base_url, retry=retry) as xero:
        yield xero.tenant("tenant")


async def test_an_attachment_is_saved_byte_for_byte(tmp_path: Path) -> None:
    """Two megabytes go to a file as they are, and the path comes back; by id and by an odd name."""
    name = "a #&%()é.pdf"
    async with scripted([Reply(body=CONTENT, content_type="application/pdf")]) as server, client(server) as tenant:
        saved = await tenant.invoices.attachments.save(tmp_path / "one.pdf", ID, ID)
        await tenant.contacts.attachments.save_by_name(str(tmp_path / "two.pdf"), ID, name)
        await tenant.quotes.save_pdf(tmp_path / "three.pdf", ID)
    assert saved == tmp_path / "one.pdf"
    assert {file.name: file.read_bytes() == CONTENT for file in tmp_path.iterdir()} == {
        "one.pdf": True,
        "two.pdf": True,
        "three.pdf": True,
    }
    assert [seen.target.rpartition("/")[2] for seen in server.seen] == [ID, "a%20%23%26%25%28%29%C3%A9.pdf", "pdf"]
    assert server.seen[2].headers["accept"] == "application/pdf"


async def test_a_cut_file_is_drawn_again_from_its_beginning(tmp_path: Path) -> None:
    """A connection that breaks in the middle costs an attempt and no byte."""
    replies = [Reply(body=CONTENT, cut=1_000_000), Reply(body=CONTENT)]
    async with scripted(replies) as server, client(server) as tenant:
        saved = await tenant.invoices.attachments.save(tmp_path / "file", ID, ID)
    assert saved.read_bytes() == CONTENT
    assert len(server.seen) == 2


async def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    """A 404 raises, and neither a file nor a part of one is left behind."""
    async with scripted([Reply(status=404, body=b"not here")]) as server, client(server) as tenant:
        with pytest.raises(NotFound):
            await tenant.invoices.attachments.save(tmp_path / "file", ID, ID)
    assert list(tmp_path.iterdir()) == []


async def test_an_interrupt_leaves_no_file(tmp_path: Path) -> None:
    """A download that is cancelled half-way leaves nothing under the final name, and no part."""
    async with scripted([Reply(body=CONTENT, stall=5)]) as server, client(server) as tenant:
        saving = asyncio.create_task(tenant.invoices.attachments.save(tmp_path / "file", ID, ID))
        await asyncio.sleep(0.05)
        saving.cancel()
        await asyncio.gather(saving, return_exceptions=True)
    assert list(tmp_path.iterdir()) == []
    assert len(server.seen) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
async def test_an_interrupt_while_the_file_is_opened_leaves_nothing_open(tmp_path: Path) -> None:
    """On a disk that takes its time, as a pipe without a reader does, who is cancelled waits, and leaves no part."""
    part = tmp_path / ".file.part"
    os.mkfifo(part)
    async with scripted([Reply(body=CONTENT)]) as server, client(server) as tenant:
        saving = asyncio.create_task(tenant.invoices.attachments.save(tmp_path / "file", ID, ID))
        await asyncio.sleep(0.1)
        saving.cancel()
        await asyncio.sleep(0.05)
        assert not saving.done()
        reader = await asyncio.to_thread(part.open, "rb")
        with pytest.raises(asyncio.CancelledError):
            await saving
        assert await asyncio.to_thread(reader.read) == b""  # whoever wrote has closed it
        reader.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_path_that_cannot_be_written_is_no_fault_of_the_connection(tmp_path: Path) -> None:
    """A folder that is not there raises once, with a clear word, and the call is not repeated."""
    async with scripted([Reply(body=CONTENT)]) as server, client(server) as tenant:
        with pytest.raises(InvalidArgument, match="cannot be written"):
            await tenant.invoices.attachments.save(tmp_path / "nowhere" / "file", ID, ID)
    assert len(server.seen) == 1


async def test_uploads_from_a_path_and_a_stream(tmp_path: Path) -> None:
    """A file and a stream of chunks go up as the same bytes, with the content type of the name."""
    (tmp_path / "x.png").write_bytes(CONTENT)

    async def stream() -> AsyncGenerator[bytes]:
        for start in range(0, len(CONTENT), 100_000):
            yield CONTENT[start : start + 100_000]

    reply = Reply(body=b'{"Attachments":[{"FileName":"x.png"}]}')
    async with scripted([reply]) as server, client(server) as tenant:
        for content in (CONTENT, tmp_path / "x.png", stream()):
            await tenant.invoices.attachments.upload(ID, "x.png", content, include_online=True)
    assert all(seen.body == CONTENT for seen in server.seen)
    assert {seen.headers["content-type"] for seen in server.seen} == {"image/png"}
    assert all(seen.target.endswith("/x.png?IncludeOnline=true") for seen in server.seen)


async def test_a_page_in_place_of_a_pdf_raises() -> None:
    """A login page or an empty body with status 200 does not pass for a document."""
    for body in (b"<html>Please sign in</html>", b""):
        async with scripted([Reply(body=body, content_type="text/html")]) as server, client(server) as tenant:
            with pytest.raises(DecodeError, match="not a PDF"):
                await tenant.invoices.pdf(ID)
        assert len(server.seen) == 1
