"""Connections that break at a chosen byte, and the proxy that breaks them."""

from __future__ import annotations

import asyncio

import pytest
from cut_sweep import DEEDS, sweep
from cutting_proxy import Cut, cutting
from leaping import leap
from scripted import Reply, scripted

STEP = 7
"""Bytes from one break to the next; `python tests/cut_sweep.py` takes each byte."""


@pytest.mark.parametrize("method", DEEDS)
def test_a_break_at_any_byte_loses_and_doubles_nothing(method: str) -> None:
    """Reads and keyed writes are done once, and a DELETE is unknown only when its answer did not come."""
    wrong, ends = leap(sweep(method, STEP))
    assert wrong == []
    assert ends["done"] > 100
    assert set(ends) <= ({"done", "OutcomeUnknown"} if method == "DELETE" else {"done"})


async def _ask(url: str, request: bytes) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


REQUEST = b"GET / HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
ANSWER = Reply(body=b"answer", headers={"Connection": "close"})


async def test_the_proxy_passes_on_what_it_does_not_break() -> None:
    """Without a plan, request and answer go by unchanged and are written down."""
    async with scripted([ANSWER]) as server, cutting(server.base_url) as proxy:
        answer = await _ask(proxy.base_url, REQUEST)
    assert answer.endswith(b"\r\n\r\nanswer")
    assert server.seen[0].body == b"body"
    (exchange,) = proxy.seen
    assert (exchange.method, exchange.body, exchange.status) == ("GET", b"body", 200)
    assert exchange.served
    assert exchange.whole
    assert exchange.answer == answer


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("at", [0, 20, len(REQUEST) - 1])
async def test_a_broken_request_never_gets_there(how: str, at: int) -> None:
    """The server sees no request of which a byte is missing, and the client sees FIN or RST."""
    cut = Cut(of="request", at=at, how="rst" if how == "rst" else "fin")
    async with scripted([ANSWER]) as server, cutting(server.base_url, lambda _: cut) as proxy:
        if how == "rst":
            with pytest.raises(ConnectionResetError):
                await _ask(proxy.base_url, REQUEST)
        else:
            assert await _ask(proxy.base_url, REQUEST) == b""
    assert server.seen == []
    assert not proxy.seen[0].served


@pytest.mark.parametrize("at", [0, 5, 30])
async def test_a_broken_answer_is_as_long_as_asked_for(at: int) -> None:
    """The server does its work, and the client gets so many bytes of the answer."""
    async with scripted([ANSWER]) as server, cutting(server.base_url, lambda _: Cut(of="answer", at=at)) as proxy:
        assert len(await _ask(proxy.base_url, REQUEST)) == at
    assert len(server.seen) == 1
    assert proxy.seen[0].served
    assert not proxy.seen[0].whole


@pytest.mark.parametrize("how", ["stall", "dribble"])
async def test_a_late_answer_comes_whole(how: str) -> None:
    """After a stall, or byte by byte, all of the answer comes."""
    cut = Cut(of="answer", at=10, how="stall" if how == "stall" else "dribble", seconds=0.001)
    async with scripted([ANSWER]) as server, cutting(server.base_url, lambda _: cut) as proxy:
        assert (await _ask(proxy.base_url, REQUEST)).endswith(b"\r\n\r\nanswer")
    assert proxy.seen[0].whole
